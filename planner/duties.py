"""Areas of responsibility: the outlets of each town shared out among its officers (clause H8).

「建立县域分片包干服务机制」; 「对辖区内重点企业至少每月上门联系一次」.

An outlet's load is half its part of the town's people (those whose nearest outlet it is) and half its part of the
town's key firms to visit each month; where a town has none of the one, the other alone counts. The clause gives no such
rule: it is the planner's, and the notices say so. Officers are alike; where outlets lie to one another is not looked
at, and neither is who had which outlet last year.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.balance import balanced
from planner.columns import SITE_COLUMNS, Column, nearest
from planner.errors import Fault, TableError
from planner.figures import percent
from planner.grammar import plain, quoted
from planner.report import write_csv
from planner.sources import TableSource, first_of
from planner.tablefaults import followable, shortened
from planner.tables import read_parts
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planner.auditschema import OfficersSection
    from planner.terms import Language

    Town = tuple[str, str]

_TAKEN = {column.name: column for column in SITE_COLUMNS}

OFFICER_COLUMNS: tuple[Column, ...] = (
    Column("officer", "text", "name of the officer",
           ("专员", "专员姓名", "姓名", "服务专员", "就业专员", "责任人", "包干人", "包片人员", "name"),
           required=True, filled=True),
    Column("number", "text", "number of the officer", ("专员编号", "工号", "编号", "officer_id", "id")),
    replace(_TAKEN["town"], required=True, filled=True),
    _TAKEN["district"],
    Column("phone", "text", "how to reach the officer, for the notice",
           ("联系电话", "电话", "电话号码", "手机", "手机号", "手机/电话", "办公电话", "联系方式")),
)  # fmt: skip
"""Columns of a table of officers. Phone numbers are meant: they hang on the wall."""

COLUMNS = (
    "district", "town", "officer", "number", "phone", "site_id", "outlet", "people", "firms", "visits_monthly",
    "outlet_share", "officer_share", "note",
)  # fmt: skip
"""Columns of the table of duties."""


@dataclass(frozen=True, eq=False)
class Officers:
    """A table of officers.

    Attributes
    ----------
    frame
        Columns officer, number, district, town, phone (texts, empty where not given), file and row (where each stands).
    doubts
        What is to be looked at.
    """

    frame: pd.DataFrame
    doubts: tuple[Fault, ...]


@dataclass(frozen=True, eq=False)
class Duties:
    """Who is responsible for which outlet.

    Attributes
    ----------
    table
        A row for every outlet, and one for every officer without any, with the columns `COLUMNS`: people and firms of
        the outlet (firms empty where no layer of firms is given), visits_monthly (each firm once at least), the
        outlet's share of the load of its town and the officer's (exact fractions), and note: ``no_town`` (the outlet
        has none, or one of several districts), ``no_officer`` (nobody in its town), ``no_outlet`` (the officer's town
        has none), ``spare`` (it has more officers than outlets); else empty.
    towns
        A row for every town with both: district, town, outlets, officers, largest and bound (the largest load of an
        officer, and what it cannot be below, as exact shares of the town's load), proven (no way is more even).
    doubts
        Towns with outlets and no officer, and officers without an outlet.
    """

    table: pd.DataFrame
    towns: pd.DataFrame
    doubts: tuple[Fault, ...]


# --- the officers ------------------------------------------------------------------------------------------------


def officers_source(section: OfficersSection, shown: str) -> TableSource:
    """Say how the table of officers is read; `shown` is its path as the user wrote it."""
    return TableSource(Path(section.file), shown, columns=section.columns, sheet=section.sheet)


def read_officers(source: TableSource) -> Officers:
    """Read a table of officers.

    Raises
    ------
    TableError
        With every fault: those of any table (ID-card numbers among them), an officer who stands twice in a town, a
        number that two names bear.
    """
    part = read_parts([source], OFFICER_COLUMNS)[0]
    faults = followable(part.faults, columns=True)
    if faults:
        raise TableError(*shortened(faults))
    names = [column.name for column in OFFICER_COLUMNS]
    lines = [part.line(at) for at in range(len(part.used))]
    frame = pd.DataFrame({name: pd.Series(part.values[name], dtype=str) for name in names})
    frame = frame.assign(file=source.shown, row=lines)
    wrong, doubts = _repeated(frame)
    if wrong:
        raise TableError(*shortened(wrong))
    return Officers(frame, (*part.doubts, *doubts))


def _repeated(frame: pd.DataFrame) -> tuple[list[Fault], list[Fault]]:
    """Find officers who stand twice: in one town a fault, in two a doubt, for a load in each is not seen as one."""
    faults, doubts = [], []
    person: dict[str, Any] = {}
    placed: dict[tuple[str, str, str], Any] = {}
    for line in _tuples(frame):
        key = line.number or line.officer
        values = {"name": quoted(line.officer), "number": quoted(line.number)}
        other = person.setdefault(key, line)
        before = placed.setdefault((key, plain(line.district), plain(line.town)), line)
        if before is not line:
            faults.append(Fault("officer_twice", line.file, row=line.row, values={**values, "row": before.row}))
        elif line.number and other.officer != line.officer:
            told = {**values, "other": quoted(other.officer), "row": other.row}
            faults.append(Fault("officer_number", line.file, row=line.row, values=told))
        elif other is not line:
            doubts.append(Fault("officer_towns", line.file, row=line.row, values={**values, "row": other.row}))
    return faults, doubts


# --- sharing out -------------------------------------------------------------------------------------------------


def assign(outlets: pd.DataFrame, officers: Officers) -> Duties:
    """Share out the outlets of each town among its officers.

    Parameters
    ----------
    outlets
        Columns site_id, name, district, town, people and firms (whole; firms all missing where no layer of firms is
        given); one row for each outlet.
    officers
        As `read_officers` reads them.

    Returns
    -------
    duties
        Every outlet has exactly one officer of its own town, where the town has any. The largest load is least, then
        the next largest, and so on; of equal loads, the number of outlets; see `planner.balance.balanced`. Officers
        stand in the order of their numbers and names: the first has the heaviest outlet, of equal ones that of the
        first id.

    Raises
    ------
    TableError
        For every officer of a town that is in several districts, where the table does not say in which.
    """
    people = officers.frame.sort_values(["number", "officer", "row"]).reset_index(drop=True)
    sites = outlets.sort_values("site_id").reset_index(drop=True)
    known = {_town(line) for frame in (sites, people) for line in _tuples(frame)}
    of_site = [_found(_town(line), known) for line in _tuples(sites)]
    of_officer = [_found(_town(line), known) for line in _tuples(people)]
    lost = [line for line, town in zip(_tuples(people), of_officer, strict=True) if town is None]
    if lost:
        faults = [Fault("officer_district", o.file, row=o.row, values={"town": quoted(o.town)}) for o in lost]
        raise TableError(*shortened(faults))
    rows: list[dict[str, Any]] = []
    towns: list[dict[str, Any]] = []
    for town in sorted({town for town in (*of_site, *of_officer) if town is not None}):
        mine = sites[[found == town for found in of_site]]
        theirs = people[[found == town for found in of_officer]]
        shared, told = _of_town(mine, theirs)
        rows += shared
        towns += told
    rows += [_row(site, None, "no_town") for site in rows_of(sites[[town is None for town in of_site]])]
    told_of = ["district", "town", "outlets", "officers", "largest", "bound", "proven"]
    whole = dict.fromkeys(("people", "firms", "visits_monthly"), "Int64")
    found = pd.DataFrame(rows, columns=list(COLUMNS)).astype(whole)
    return Duties(found, pd.DataFrame(towns, columns=told_of), tuple(_doubts(found, officers.frame)))


def _tuples(frame: pd.DataFrame) -> list[Any]:
    return list(frame.itertuples(index=False))


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as mappings from its columns."""
    return [dict(zip(frame.columns, line, strict=True)) for line in frame.itertuples(index=False, name=None)]


def _town(line: Any) -> Town:
    return plain(line.district), plain(line.town)


def _found(town: Town, known: set[Town]) -> Town | None:
    """Return the town that is meant; without a district the only one of its name. None where that cannot be told."""
    district, name = town
    if not name:
        return None
    same = {other for other in known if other[1] == name and other[0]}
    if district or not same:
        return town
    return next(iter(same)) if len(same) == 1 else None


def _of_town(sites: pd.DataFrame, officers: pd.DataFrame) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Share out the outlets of one town; returns the rows of duties, and what is told of the town where it has both."""
    mine, theirs = rows_of(sites), rows_of(officers)
    if not theirs:
        return [_row(site, None, "no_officer") for site in mine], []
    if not mine:
        return [_row(None, officer, "no_outlet") for officer in theirs], []
    loads = loads_of([site["people"] for site in mine], [site["firms"] for site in mine])
    total = sum(loads) or 1
    # of equal loads the number of outlets decides: it is worth less than one unit of load
    steps = len(loads) + 1
    found = balanced([load * steps + 1 for load in loads], len(theirs))
    sums = [0] * len(theirs)
    for load, taker in zip(loads, found.taker, strict=True):
        sums[taker] += load
    rows = []
    for number, officer in enumerate(theirs):
        has = [at for at, taker in enumerate(found.taker) if taker == number]
        share = Fraction(sums[number], total)
        rows += [_row(mine[at], officer, "", Fraction(loads[at], total), share) for at in has]
        rows += [] if has else [_row(None, officer, "spare", None, share)]
    told = {"district": mine[0]["district"], "town": mine[0]["town"], "outlets": len(mine), "officers": len(theirs)}
    told |= {"largest": Fraction(max(sums), total), "bound": Fraction(found.bound // steps, total)}
    return rows, [{**told, "proven": found.proven}]


def loads_of(people: Sequence[int], firms: Sequence[Any]) -> list[int]:
    """Return the load of each outlet of a town, in whole units: half its part of the people, half that of the firms."""
    visits = [0 if pd.isna(number) else int(number) for number in firms]
    all_people, all_visits = sum(map(int, people)), sum(visits)
    loads = [int(one) * (all_visits or 1) + many * (all_people or 1) for one, many in zip(people, visits, strict=True)]
    step = gcd(*loads) or 1
    return [load // step for load in loads]


def _row(
    site: Mapping[str, Any] | None,
    officer: Mapping[str, Any] | None,
    note: str,
    outlet_share: Fraction | None = None,
    officer_share: Fraction | None = None,
) -> dict[str, Any]:
    """Return a row of duties; what it is not about stays empty."""
    place = site or officer or {}
    of_officer = {name: officer[name] if officer else "" for name in ("officer", "number", "phone")}
    of_site = {
        "site_id": site["site_id"] if site else "",
        "outlet": site["name"] if site else "",
        "people": site["people"] if site else pd.NA,
        "firms": site["firms"] if site else pd.NA,
        "visits_monthly": site["firms"] if site else pd.NA,
    }
    shares = {"outlet_share": outlet_share, "officer_share": officer_share, "note": note}
    return {"district": place["district"], "town": place["town"], **of_officer, **of_site, **shares}


def _doubts(table: pd.DataFrame, officers: pd.DataFrame) -> Iterator[Fault]:
    """Doubt outlets and officers that nothing was given to."""
    file = str(officers["file"].iloc[0]) if len(officers) else ""
    bare = table[table["note"].isin(["no_officer", "no_town"])]
    if len(bare):
        towns = [quoted(f"{line.district}{line.town}") for line in _tuples(bare)]
        yield Fault("duties_no_officer", file, values={"count": len(bare), "towns": first_of([*dict.fromkeys(towns)])})
    idle = table[table["note"].isin(["no_outlet", "spare"])]
    if len(idle):
        have = sorted({line.district + line.town for line in _tuples(table[table["site_id"] != ""])})
        named = [_idle(line, have) for line in _tuples(idle)]
        yield Fault("duties_no_outlet", file, values={"count": len(idle), "officers": first_of(named)})


def _idle(line: Any, towns: Sequence[str]) -> str:
    """Name an officer without outlets, and the town that may be meant."""
    town = line.district + line.town
    near = nearest(town, towns) if line.note == "no_outlet" else ""
    return quoted(f"{line.officer}（{town}{f' → {near}？' if near else ''}）")


# --- the table ---------------------------------------------------------------------------------------------------


def table(duties: Duties, language: Language) -> pd.DataFrame:
    """Return the table of duties under headers in words; shares in per cent, rounded down."""
    shown = duties.table.assign(
        outlet_share=[_percent(share) for share in duties.table["outlet_share"]],
        officer_share=[_percent(share) for share in duties.table["officer_share"]],
        note=[say(f"duties.why.{note}", language) if note else "" for note in duties.table["note"]],
    )
    return shown.rename(columns={name: say(f"duties.{name}", language) for name in COLUMNS})


def write_duties(duties: Duties, path: Path, language: Language) -> None:
    """Write the table of duties as CSV."""
    write_csv(table(duties, language), path)


def _percent(share: Fraction | None) -> str:
    return "" if share is None else percent(share.numerator, share.denominator)
