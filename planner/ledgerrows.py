"""Reads a ledger of the bureau, and finds the community or outlet of each of its rows, one to one."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from planner.bureaucolumns import (
    columns_of,
    contract_of,
    is_answered,
    is_found,
    is_serial,
    own_name,
    read_value,
    taken_titles,
)
from planner.columns import DEMAND_COLUMNS
from planner.errors import Fault
from planner.grammar import Wrong, quoted
from planner.headings import ROW_IDS
from planner.matching import standing_for
from planner.places import has_code, indexed, named, one_name
from planner.sourcelist import shown_path
from planner.sources import TableSource, first_of
from planner.tablefaults import LeftOut, text_faults
from planner.tables import operating_on, read_parts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from planner.auditschema import LedgerTableSection
    from planner.bureaucolumns import Of
    from planner.columns import Column
    from planner.inputs import Inputs
    from planner.tablefaults import Part

_PHONES = {"personal_phone", "phone_like"}

_KEYS = ("name", "town", "district")

_BARE_CODES = ("代码", "编码")

_OFFICE = re.compile("(?:居民委员会|居委会|村民委员会|村委会)$")

_TOWN_DIGITS = 9
"""Of the 12 digits of a community's code those of its town."""


@dataclass(frozen=True)
class Said:
    """What a row of a file says of a unit under a header of the ledger, and where it does."""

    unit: str
    header: str
    value: str | int
    file: str
    sheet: str
    row: int
    column: str

    def fault(self, code: str, **values: object) -> Fault:
        """Say something of this cell."""
        return Fault(code, self.file, self.sheet, self.row, self.column, values)


@dataclass(frozen=True, eq=False)
class Gathered:
    """What one source says, at most once of each unit and header, and what is wrong with it.

    `headers` are those that it has a column for, also where every cell of it is blank; `again` tells that its rows are
    those of a table of people or sites, which counts them.
    """

    said: tuple[Said, ...] = ()
    faults: tuple[Fault, ...] = ()
    doubts: tuple[Fault, ...] = ()
    headers: tuple[str, ...] = ()
    again: bool = False


class _Key(NamedTuple):
    """What a row of a ledger is joined by, as written; empty where it says nothing."""

    unit_id: str
    name: str
    town: str
    district: str


def read_ledger(
    inputs: Inputs, section: LedgerTableSection, people: pd.DataFrame, columns: Sequence[Column]
) -> tuple[Part, Gathered]:
    """Read a table of the bureau's own columns, and join it.

    Parameters
    ----------
    inputs
        The checked inputs.
    section
        Which file it is, and what of.
    people
        Rows of the tables of people, residents.
    columns
        Columns of the ledger.

    Returns
    -------
    part, gathered
        The table as read, and what its rows say of their units; with every fault of it. The id of a unit decides where
        the row has one that there is; else its name does, inside the town and district as far as both name them.
    """
    shown = shown_path(section.file, inputs.loaded.folder)
    source = TableSource(
        Path(section.file), shown, id=ROW_IDS, columns=section.columns, sheet=section.sheet, keep=section.keep
    )
    contract = contract_of(section.of, columns)
    part = read_parts([source], contract)[0]
    # 代码 and 编码 say of what they are the codes only where nothing else does
    codes = [header for header in _BARE_CODES if header in part.matching.rest]
    if section.of == "communities" and codes and "unit_id" not in part.matching.place:
        part = read_parts([replace(source, columns={**section.columns, "unit_id": codes[0]})], contract)[0]
    faults = list(part.faults)
    if section.of == "communities":
        units = people[["unit_id", *_KEYS]]
        personal = text_faults(part, contract, refuse_phones=True)
        faults += [fault for fault in personal if fault.code in _PHONES]
    else:
        units = inputs.sites.frame[["site_id", *_KEYS]].rename(columns={"site_id": "unit_id"})
    keyed = {"unit_id" if section.of == "communities" else "site_id", "name"} & set(part.matching.place)
    if part.grid.headers and not keyed:
        code = f"ledger_no_{section.of}"
        faults.append(Fault(code, shown, part.grid.sheet, values={"headers": " / ".join(part.grid.headers)}))
    if not keyed:
        return part, Gathered(faults=tuple(faults))
    of_row, wrong, doubts, outside = _joined(part, pd.DataFrame(units), people, section.of)
    read = {**inputs.sites.headers, **inputs.demand.headers}.get((shown, part.grid.sheet))
    headers = _headers(part, section.of, columns, read or frozenset())
    if section.of == "communities":
        titles = taken_titles(inputs.scenario, people.columns)
        headers = {at: told for at, told in headers.items() if not {told[0], part.grid.headers[at]} & titles}
    said, unread = _said(part, of_row, headers, {*outside})
    faults += [*wrong, *unread]
    if section.of == "outlets":
        faults += _against_sites(part, of_row, inputs)
    taken = {part.grid.headers[place] for place in headers}
    spare = [part.grid.headers[place] for place in part.matching.rest.values()]
    found = [] if read else [header for header in spare if header not in taken and not is_serial(header)]
    unknown = {part.grid.headers[place] for place, (_, column) in headers.items() if column is None}
    ticked = {part.grid.headers[place] for place, (_, column) in headers.items() if is_answered(column)}
    part = replace(
        part,
        left_out=(*part.left_out, *outside.values()),
        doubts=tuple(doubt for doubt in part.doubts if not _is_idle(doubt, unknown, ticked, inputs)),
    )
    doubts = [*doubts, *not_taken(found, shown, part.grid.sheet)]
    told = tuple(name for name, _ in headers.values())
    return part, Gathered(tuple(said), tuple(faults), tuple(doubts), told, again=read is not None)


def _is_idle(doubt: Fault, unknown: Collection[str], ticked: Collection[str], inputs: Inputs) -> bool:
    """Whether a doubt of a ledger is none.

    That is one of a header that is no `unknown` one, of boxes that are `ticked`, which a workbook holds as truth
    values, or one that was told of the same table before.
    """
    of_header = doubt.code.startswith("header_near") and doubt.column not in unknown
    of_header = of_header or (doubt.code == "cell_converted" and doubt.column in ticked)
    same = {(one.code, one.file, one.row, one.column) for one in (*inputs.demand.doubts, *inputs.sites.doubts)}
    return of_header or (doubt.code, doubt.file, doubt.row, doubt.column) in same


def _texts(part: Part, name: str) -> list[str]:
    """Cells of a column of the contract as they are written; empty ones where the ledger has none."""
    place = part.matching.place.get(name)
    return [""] * len(part.used) if place is None else [part.grid.cells[place][row] for row in part.used]


# --- whose row it is ---------------------------------------------------------------------------------------------


def _joined(
    part: Part, units: pd.DataFrame, people: pd.DataFrame, of: Of
) -> tuple[dict[int, str], list[Fault], list[Fault], dict[int, LeftOut]]:
    """Find the unit of every row in use.

    Returns
    -------
    of_row
        Row -> unit.
    faults, doubts
        Of rows that fit no unit, or several, or one of another name.
    outside
        Rows of towns or districts that the tables of people do not have, where others of the table fit: whoever audits
        one street may hand in the ledger of the whole city (J2), and rows of the others are no slip. Left out they are
        listed and told, so that a misspelt town does not vanish in silence; and a row that may be of the streets that
        are there (its name or the town of its code is known) stays a fault, whatever town it names.
    """
    by_code, by_name = indexed(units)
    names: dict[str, set[str]] = {}
    for unit, name in zip(units["unit_id"], units["name"], strict=True):
        names.setdefault(unit, set()).add(one_name(name))
    ids = _texts(part, "unit_id" if of == "communities" else "site_id")
    keys = [_Key(*cells) for cells in zip(ids, *(_texts(part, name) for name in _KEYS), strict=True)]
    of_row: dict[int, str] = {}
    first: dict[str, int] = {}
    faults: list[Fault] = []
    strange: dict[int, str] = {}
    strangers: dict[int, tuple[str, Fault]] = {}
    area = _Area.of(people)
    for at, key in enumerate(keys):
        fitting = {key.unit_id} if key.unit_id in names else _namesakes(units, key, by_name)
        told = {"name": quoted(key.name or key.unit_id), "id": quoted(key.unit_id)}
        column = "name" if key.name else "unit_id" if of == "communities" else "site_id"
        if len(fitting) != 1:
            code = f"ledger_unknown_{of}" if not fitting else f"ledger_several_{of}"
            near = "" if fitting else _meant(units, key, by_name)
            code = f"ledger_near_{of}" if near else code
            values = {**told, "row": _shown(*key[1:]), "units": near or first_of(sorted(fitting), " / ")}
            faults.append(part.fault(Wrong(code, values), column, at))
            if not fitting and (place := area.lacks(key)) and one_name(key.name) not in by_name:
                strangers[at] = (place, faults[-1])
            continue
        unit = fitting.pop()
        before = first.setdefault(unit, at)
        if before != at:
            faults.append(part.fault(Wrong("ledger_twice", {**told, "row": part.line(before)}), column, at))
            continue
        of_row[at] = unit
        if key.name and one_name(key.name) not in names[unit]:
            known = units.iloc[by_code[unit][0]]["name"] if unit in by_code else unit
            strange[at] = f"{part.line(at)} {quoted(key.name)} / {quoted(known)}"
    if not of_row:
        strangers = {}
    idle = [fault for _, fault in strangers.values()]
    outside = {
        at: LeftOut(
            part.source.shown, part.line(at), keys[at].unit_id, keys[at].name, "ledger_outside", {"place": place}
        )
        for at, (place, _) in strangers.items()
    }
    doubts = [*_misnamed(part, strange), *_strangers(part, {at: place for at, (place, _) in strangers.items()})]
    return of_row, [fault for fault in faults if fault not in idle], doubts, outside


@dataclass(frozen=True)
class _Area:
    """Districts and towns of the tables of people, as names are compared, and the towns of their codes."""

    districts: frozenset[str]
    towns: frozenset[str]
    codes: frozenset[str]

    @classmethod
    def of(cls, people: pd.DataFrame) -> _Area:
        """Take them from the rows of the tables."""
        named = {name: frozenset(map(one_name, {*people[name]} - {""})) for name in ("district", "town")}
        codes = {unit[:_TOWN_DIGITS] for unit in people["unit_id"] if has_code(unit)}
        return cls(named["district"], named["town"], frozenset(codes))

    def lacks(self, key: _Key) -> str:
        """Return the district or town that a row names and that is not there; empty where it may be inside."""
        if has_code(key.unit_id) and key.unit_id[:_TOWN_DIGITS] in self.codes:
            return ""
        for name, known in ((key.district, self.districts), (key.town, self.towns)):
            if name and known and one_name(name) not in known:
                return name
        return ""


def _strangers(part: Part, places: Mapping[int, str]) -> Iterator[Fault]:
    """Doubt rows of districts and towns that the tables of people do not have, all of a table together."""
    if places:
        named = first_of([*dict.fromkeys(map(quoted, places.values()))], " / ")
        values = {"count": len(places), "places": named}
        yield Fault("ledger_outside", part.source.shown, part.grid.sheet, part.line(min(places)), values=values)


def _namesakes(units: pd.DataFrame, key: _Key, by_name: Mapping[str, list[int]]) -> set[str]:
    """Units of a row's name, inside the same town and district as far as both name them, but not of another code."""
    if not key.name:
        return set()
    return {str(units["unit_id"].iloc[row]) for row in named(units, key, by_name)}


def _meant(units: pd.DataFrame, key: _Key, by_name: Mapping[str, list[int]]) -> str:
    """Name the units that a row may mean, with code, town and district: of its name, with or without 居委会."""
    names = dict.fromkeys((one_name(key.name), _OFFICE.sub("", one_name(key.name))))
    rows = dict.fromkeys(row for name in names if name for row in by_name.get(name, ()))
    ids = (str(units["unit_id"].iloc[row]) for row in rows)
    areas = (_shown(*(str(units[name].iloc[row]) for name in _KEYS)) for row in rows)
    return first_of([*dict.fromkeys(f"{area} {unit}" for area, unit in zip(areas, ids, strict=True))], " / ")


def _shown(name: str, town: str, district: str) -> str:
    """Put the name of a unit and where it lies into one text."""
    return quoted(" ".join(filter(None, (district, town, name))))


def _misnamed(part: Part, strange: Mapping[int, str]) -> Iterator[Fault]:
    """Doubt rows whose id is that of a unit of another name, all of a table together."""
    if strange:
        values = {"count": len(strange), "examples": first_of([strange[at] for at in sorted(strange)])}
        yield part.fault(Wrong("ledger_misnamed", values), "name", min(strange))


# --- what it says ------------------------------------------------------------------------------------------------


def _headers(
    part: Part, of: Of, columns: Sequence[Column], read: Collection[str]
) -> dict[int, tuple[str, Column | None]]:
    """Choose the columns that are the bureau's own: number -> header of the ledger, and what it is.

    What the audit finds, what the tables of people and sites say (`read` are the headers that they took from this very
    sheet), and numbers of rows are not: the ledger would say them twice.
    """
    known = {column.name: column for column in columns}
    placed = {name: part.matching.place[name] for name in known if name in part.matching.place}
    found: dict[int, tuple[str, Column | None]] = {place: (name, known[name]) for name, place in placed.items()}
    rest = {place: (name, part.grid.headers[place]) for name, place in part.matching.rest.items()}
    named = columns_of([header for _, header in rest.values()], columns, placed)
    for place, (name, header) in rest.items():
        column = named.get(header)
        of_people = of == "communities" and standing_for(header.replace(" ", ""), DEMAND_COLUMNS) is not None
        if column is not None:
            found[place] = (column.name, column)
        elif not (of_people or header in read or is_serial(header) or is_found(header, of, columns)):
            found[place] = (own_name(name), None)
    return found


def _said(
    part: Part, of_row: Mapping[int, str], headers: Mapping[int, tuple[str, Column | None]], outside: Collection[int]
) -> tuple[list[Said], list[Fault]]:
    """List what the rows say under the ledger's headers, and cells that are no answer."""
    said: list[Said] = []
    faults: list[Fault] = []
    file, sheet = part.source.shown, part.grid.sheet
    for place, (name, column) in headers.items():
        header = part.grid.headers[place]
        # what is wrong with counts and dates of the contract is told already, and stands as a blank
        told = column is not None and column.kind in {"whole", "date"} and part.matching.place.get(name) == place
        cells = [part.grid.cells[place][row] for row in part.used]
        read = {cell: read_value(column, cell) for cell in set(cells)}
        for at, cell in enumerate(cells):
            value = read[cell]
            if isinstance(value, Wrong):
                if not told and at not in outside:
                    faults.append(Fault(value.code, file, sheet, part.line(at), header, value.values))
            elif value != "" and at in of_row:
                said.append(Said(of_row[at], name, value, file, sheet, part.line(at), header))
    return said, faults


def not_taken(headers: Sequence[str], file: str, sheet: str = "") -> Iterator[Fault]:
    """Tell of the columns of a file that the audit finds itself: what it says there is not taken."""
    if headers:
        values = {"columns": first_of([*map(quoted, headers)], " / "), "count": len(headers)}
        yield Fault("ledger_calculated", file, sheet, values=values)


def _against_sites(part: Part, of_row: Mapping[int, str], inputs: Inputs) -> Iterator[Fault]:
    """Find outlets that stand by the ledger and not by the table of sites, or the other way round.

    Only outlets in operation on the day of the audit count, and the table of sites says which these are: a ledger that
    says otherwise would be passed over in silence.
    """
    names = [name for name in ("operating", "opened_on", "closed_on") if name in part.matching.place]
    rows = {unit: at for at, unit in of_row.items()}
    sites = inputs.sites.frame
    mine = pd.DataFrame(sites[sites["site_id"].isin(rows) & (sites["status"] == "existing")])
    if not names or mine.empty:
        return
    given: dict[str, Sequence[Any]] = {name: part.values[name] for name in names}
    changed = {}
    for name in names:
        pairs = zip((given[name][rows[site]] for site in mine["site_id"]), mine[name], strict=True)
        changed[name] = [old if new in {"", None} else new for new, old in pairs]
    if any(isinstance(value, Wrong) for values in changed.values() for value in values):
        return  # told already
    date = inputs.scenario.data_date
    by_ledger = mine.assign(**{name: pd.Series(v, index=mine.index, dtype=object) for name, v in changed.items()})
    said = operating_on(by_ledger, date)
    for site, name, stands, today in zip(mine["site_id"], mine["name"], said, mine["open_today"], strict=True):
        if stands != today:
            code = "ledger_open" if stands else "ledger_shut"
            yield part.fault(Wrong(code, {"name": quoted(name), "date": date.isoformat()}), names[0], rows[site])
