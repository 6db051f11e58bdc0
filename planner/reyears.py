"""A year against the year before for `verify`: both recomputed from their own inputs, and which community is which.

The change of every figure follows from the two years; how it is shared out among causes does not, and is not found
again: only that the causes add up to it (B4, B5).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from planner.reaudit import DECIDED, WAYS, audit_figures, deciding_standards, sights, whole_states
from planner.recomputed import Figure, cells, figure, missing
from planner.repages import Page
from planner.replan import MOBILE
from planner.rereading import Unread, known_words, read_links
from planner.reresult import AUDIT, Result, sha256_of
from planner.words import listed, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from planner.recomputed import Recomputed
    from planner.reinputs import Read
    from planner.reresult import Point
    from planner.terms import Language

CHANGES = "changes.csv"
LAST, CHANGE, NOW = "last", "change", "now"
_COUNTS = ("communities", "assessable", "met", "unmet", "unassessable", "people", "covered", "unjudged")
_SHARES = {"rate_tenths": ("met", "assessable"), "share_tenths": ("covered", "people")}
_KINDS = ("merged", "split", "recoded", "new", "gone")

Counts = dict[str, int]
Scope = tuple[str, str, str]
"""Level, scope and standard."""


@dataclass(frozen=True, eq=False)
class Known:
    """Which community is which: codes of last year by those of this year, and the other way round."""

    old_of: Mapping[str, tuple[str, ...]]
    new_of: Mapping[str, tuple[str, ...]]

    def kind(self, unit: str) -> str:
        """Say what became of a community of this year."""
        olds = self.old_of[unit]
        if len(olds) != 1:
            return "merged" if olds else "new"
        if len(self.new_of[olds[0]]) > 1:
            return "split"
        return "same" if olds[0] == unit else "recoded"


@dataclass(frozen=True, eq=False)
class Years:
    """Both years.

    Attributes
    ----------
    then, now
        Figures as decided, by scope and standard.
    states_then, states_now
        State of each community under the deciding standards together.
    units_then, units_now
        Name, district, town and setting of each community.
    known
        Which community is which; None where that does not follow from plain codes.
    """

    then: Mapping[Scope, Counts]
    now: Mapping[Scope, Counts]
    states_then: Mapping[str, str]
    states_now: Mapping[str, str]
    units_then: Mapping[str, Mapping[str, str]]
    units_now: Mapping[str, Mapping[str, str]]
    known: Known | None


def years_of(again: Recomputed, result: Result) -> Years | None:
    """Return both years; None where last year was not recomputed."""
    before = again.before
    if before is None or before.measured is None or again.measured is None:
        return None
    return Years(
        _counted(before),
        _counted(again),
        _states(before),
        _states(again),
        _about(before.read),
        _about(again.read),
        _known(before.read, again.read, result),
    )


def _counted(again: Recomputed) -> dict[Scope, Counts]:
    rows = audit_figures(again.read, sights(again), deciding_standards(again.read), WAYS[:1])
    return {key[:3]: {name: row[name] or 0 for name in _COUNTS} for key, row in rows if not key[4]}


def _states(again: Recomputed) -> dict[str, str]:
    whole = whole_states(again.read, sights(again), deciding_standards(again.read))
    return {unit: state for unit, (state, _, _) in whole.items()}


def _about(read: Read) -> dict[str, dict[str, str]]:
    """Name, district and town of each community, of its first point by id, and its setting: mixed where it has both."""
    found: dict[str, dict[str, str]] = {}
    settings: dict[str, set[str]] = defaultdict(set)
    for point in sorted(_residents(read), key=lambda point: point.id):
        found.setdefault(point.unit, {"name": point.name, "district": point.district, "town": point.town})
        settings[point.unit].add(point.setting)
    return {
        unit: row | {"setting": next(iter(settings[unit])) if len(settings[unit]) == 1 else "mixed"}
        for unit, row in found.items()
    }


def _residents(read: Read) -> list[Point]:
    return [point for point in read.points.values() if point.layer == "residents" and not point.made]


# --- which community is which ------------------------------------------------------------------------------------


def _known(before: Read, after: Read, result: Result) -> Known | None:
    """Follow codes from year to year; None where codes are made of lines, or the crosswalk is no plain table."""
    olds, news = ({point.unit for point in read.points.values()} for read in (before, after))
    stems = {table["file"].rpartition("/")[2].rpartition(".")[0] for read in (before, after) for table in _tables(read)}
    if any(re.fullmatch(r"(.+)-[0-9]+", unit) and unit.rpartition("-")[0] in stems for unit in olds | news):
        return None
    try:
        links = _links(before, after, result)
    except (Unread, OSError, ValueError):
        return None
    sources, targets = {old for old, _ in links}, {new for _, new in links}
    pairs = {(old, new) for old, new in links if old and new}
    pairs |= {(unit, unit) for unit in olds & news if not (unit in sources and unit in targets)}
    old_of, new_of = {unit: list[str]() for unit in sorted(news)}, {unit: list[str]() for unit in sorted(olds)}
    for old, new in sorted(pairs):
        old_of[new].append(old)
        new_of[old].append(new)
    both = ({unit: tuple(found) for unit, found in side.items()} for side in (old_of, new_of))
    return Known(*both)


def _tables(read: Read) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = read.scenario["demand"].get("table", ())
    return found


def _links(before: Read, after: Read, result: Result) -> list[tuple[str, str]]:
    """Codes of both years by the crosswalk, of lines of this year."""
    section = after.scenario.get("audit", {}).get("crosswalk")
    if section is None:
        return []
    since, until = (read.scenario["data_date"].isoformat() for read in (before, after))
    rows = read_links(result.folder / section["file"], section, known_words()["crosswalk"])
    return [(old, new) for old, new, day in rows if not day or since < day <= until]


# --- figures -----------------------------------------------------------------------------------------------------


def _tenths(row: Mapping[str, int], part: str, whole: str) -> int | None:
    return row[part] * 1000 // row[whole] if row[whole] else None


def _three(years: Years) -> Iterator[tuple[Scope, dict[str, dict[str, int | None]]]]:
    """Yield each figure of last year, its change and that of now; printed rates where both years have one."""
    none = dict.fromkeys(_COUNTS, 0)
    for key in sorted(years.then.keys() | years.now.keys()):
        then, now = years.then.get(key, none), years.now.get(key, none)
        rows: dict[str, dict[str, int | None]] = {LAST: {**then}, NOW: {**now}}
        rows[CHANGE] = {name: now[name] - then[name] for name in _COUNTS}
        for name, parts in _SHARES.items():
            first, last = _tenths(then, *parts), _tenths(now, *parts)
            known = first is not None and last is not None
            rows[LAST][name], rows[NOW][name] = (first, last) if known else (None, None)
            rows[CHANGE][name] = last - first if first is not None and last is not None else None
        yield key, rows


def change_figures(years: Years, again: Recomputed, result: Result) -> Iterator[Figure]:
    """Yield what an audit says of last year, beside what was found: its record, changes.csv, and the files kept."""
    changes = result.run["changes"]
    written: dict[Scope, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for row in changes["figures"]:
        written[row["level"], row["scope"], row["standard"]][row["cause"]] = row
    found = {key: rows for key, rows in _three(years) if key[0] != "town"}
    yield from missing(f"{AUDIT} changes", map(" ".join, written), map(" ".join, found))
    for key, rows in found.items():
        name = f"changes {' '.join(filter(None, key))}"
        for cause, row in rows.items():
            yield from cells(AUDIT, f"{name} {cause}", written[key].get(cause, {}), row)
        for column, value in rows[CHANGE].items():
            parts = [written[key].get(cause, {}).get(column) for cause in changes["causes"]]
            total = None if None in parts else sum(part for part in parts if part is not None)
            yield figure(AUDIT, f"{name} causes", column, total, value)
    yield from _record(years, again, result)
    yield from _communities(years, result)


def _record(years: Years, again: Recomputed, result: Result) -> Iterator[Figure]:
    """Yield who last year was, its years before, and the kinds of communities and outlets."""
    changes, before = result.run["changes"], again.before
    if before is None or changes["last"] is None:
        return
    folder = result.folder / again.read.scenario["audit"]["previous"]["result"]
    before_run = Result(folder).run
    head = {"scenario": before.read.scenario["name"], "data_date": before.read.scenario["data_date"].isoformat()}
    yield from cells(AUDIT, "changes.last", changes["last"], head | {"sha256": sha256_of(folder / AUDIT)})
    if years.known is not None:
        kinds = Counter(years.known.kind(unit) for unit in years.units_now)
        kinds["gone"] = len(_gone(years, years.known))
        yield from cells(AUDIT, "changes.communities", changes["communities"], {kind: kinds[kind] for kind in _KINDS})
    earlier = [row for row in before_run["trend"] if row["data_date"] != result.run["data_date"]]
    written = [row for row in result.run["trend"] if row["data_date"] != result.run["data_date"]]
    yield figure(AUDIT, "trend", "data_date", written, earlier)
    yield figure(AUDIT, "changes", "differs", changes["differs"], list(_differs(years, before_run)))
    sites = {"last": before.read.sites.values(), "now": again.read.sites.values()}
    standing = {key: sum(site.today and site.types != MOBILE for site in held) for key, held in sites.items()}
    yield from cells(AUDIT, "changes.outlets", changes["outlets"], standing)


def _differs(years: Years, before_run: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield figures of last year's record that are others now: communities of the city that met, of those judged."""
    for row in before_run["figures"]:
        if not row["variant"] and not row["group"]:
            now = years.then.get(("city", "", row["standard"]), {"met": 0, "assessable": 0})
            said, again = ([one[key] for key in ("met", "assessable")] for one in (row, now))
            if said != again:
                names = ("met", "assessable", "met_again", "assessable_again")
                yield {"standard": row["standard"], **dict(zip(names, (*said, *again), strict=True))}


def _gone(years: Years, known: Known) -> list[str]:
    return [old for old, news in known.new_of.items() if not news and old in years.units_then]


def _one(values: Iterable[str]) -> str:
    """Return the different ones of some values, joined as the tables do."""
    return ";".join(sorted({*values}))


def _communities(years: Years, result: Result) -> Iterator[Figure]:
    """Yield every community of both years in changes.csv; which is which by codes, else as the table says."""
    rows, known = result.rows(CHANGES), years.known
    if known is not None:
        wanted = [" ".join((unit, ";".join(_olds(years, known, unit)))) for unit in years.units_now]
        wanted += [f" {unit}" for unit in _gone(years, known)]
        yield from missing(CHANGES, [f"{row['unit_id']} {row['old_codes']}" for row in rows], wanted)
    for row in rows:
        unit, olds = row["unit_id"], [code for code in row["old_codes"].split(";") if code]
        about = years.units_now.get(unit) or years.units_then.get(olds[0] if olds else "", {})
        found = {key: about.get(key, "") for key in ("name", "district", "town")}
        found["setting"] = about.get("setting", "") if unit else ""
        found["setting_before"] = _one(years.units_then.get(old, {}).get("setting", "") for old in olds)
        found["state_before"] = _one(years.states_then.get(old, "") for old in olds)
        found["state"] = years.states_now.get(unit, "") if unit else ""
        found |= {"kind": known.kind(unit) if unit else "gone"} if known and unit in {"", *known.old_of} else {}
        yield from cells(CHANGES, unit or row["old_codes"], row, found)


def _olds(years: Years, known: Known, unit: str) -> list[str]:
    return [old for old in known.old_of.get(unit, ()) if old in years.units_then]


# --- the ledger --------------------------------------------------------------------------------------------------


def unit_columns(years: Years, result: Result, language: Language) -> dict[str, dict[str, Any]]:
    """Return what the ledger of communities says of last year: 上年结果, by the codes that changes.csv gives."""
    title, codes = (say(f"ledger.column.{key}", language) for key in ("last_verdict", "old_codes"))
    found = {}
    for row in result.rows(CHANGES):
        olds = [code for code in row["old_codes"].split(";") if code]
        states = _one(years.states_then.get(old, "") for old in olds).split(";")
        words = listed([say(f"changes.state.{state or 'absent'}", language) for state in states], language)
        found[row["unit_id"]] = {title: words if olds else "", codes: row["old_codes"]}
    return found


def scope_columns(years: Years, language: Language) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what tables of districts and towns say of last year: its rate, and the change in points."""
    titles = [say(f"ledger.column.{key}", language) for key in ("rate_last", "change")]
    found = {}
    for (level, scope, standard), rows in _three(years):
        if standard == DECIDED:
            met, able = rows[LAST]["met"] or 0, rows[LAST]["assessable"] or 0
            change = rows[CHANGE]["rate_tenths"]
            points = None if change is None else Decimal(change) / 10
            found[level, scope] = dict(zip(titles, (Fraction(met, able) if able else None, points), strict=True))
    return found


def no_columns(scopes: Iterable[Any], language: Language) -> dict[Any, dict[str, None]]:
    """Return what tables of districts and towns say of last year where none is named: nothing."""
    blank = dict.fromkeys(say(f"ledger.column.{key}", language) for key in ("rate_last", "change"))
    return {scope: dict(blank) for scope in scopes}


def pages(years: Years, result: Result, titles: Mapping[str, str], place: str, language: Language) -> list[Page]:
    """Return the sheet 变化分解: last year, the change and now; of causes that they are there."""
    words = {LAST: "last", CHANGE: "change", NOW: "now"}
    heads = tuple(say(f"ledger.column.{key}", language) for key in ("scope", "standard", "cause_of"))
    kept = ("assessable", "met", "unassessable", "people", "covered")
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    for (level, scope, standard), three in _three(years):
        if level == "town" or (level == "district" and place):
            continue
        named = say("ledger.decided", language) if standard == DECIDED else titles.get(standard, standard)
        about = (scope or place or say("ledger.whole_city", language), named)
        for cause in result.run["changes"]["causes"]:
            rows[*about, say(f"changes.cause.{cause}", language)] = {}
        for cause, key in words.items():
            sums: dict[str, Any] = {say(f"ledger.column.{name}", language): three[cause][name] for name in kept}
            for name in ("rate", "share"):
                tenths = three[cause][f"{name}_tenths"]
                year = None if tenths is None or cause == CHANGE else Fraction(tenths, 1000)
                more = None if tenths is None or cause != CHANGE else Decimal(tenths) / 10
                sums |= {say(f"ledger.column.{name}", language): year}
                sums |= {say(f"ledger.column.{name}_change", language): more}
            rows[*about, say(f"ledger.cause.{key}", language)] = sums
    return [Page(frozenset(heads), heads, rows)]


def turned_page(years: Years | None, result: Result, language: Language) -> Page:
    """Return the sheet of communities that are others than last year, as far as it lists them."""

    def words(states: str) -> str:
        return listed([say(f"changes.state.{one or 'absent'}", language) for one in states.split(";")], language)

    keys = ("unit_id", "old_codes", "name", "district", "town", "last_verdict", "verdict", "cause")
    heads = [say(f"ledger.column.{key}", language) for key in keys]
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in result.rows(CHANGES):
        olds = [code for code in row["old_codes"].split(";") if code]
        states: tuple[str, ...] = ()
        if years is not None:
            before = words(_one(years.states_then.get(old, "") for old in olds))
            states = before, words(years.states_now.get(row["unit_id"], "") if row["unit_id"] else "")
        rows[row["unit_id"], row["old_codes"]] = dict(zip(heads[5:7], states, strict=False))
    return Page(frozenset(heads), (heads[0], heads[1]), rows, alone=True, some=True)
