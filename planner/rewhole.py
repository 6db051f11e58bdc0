"""Whether anything is missing from an audit, for `verify`: its files, the sheets of its ledger, headers and rows.

Tables whose rows are found again are wanted row by row; of the others the workbook's own lists are held against them:
the sheets with their rows in 概况, and the headers in 字段说明.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from python_calamine import CalamineWorkbook

from planner.reaudit import DECIDED, MET
from planner.reclocks import CLOCKS
from planner.recomputed import Figure, figure, missing
from planner.repages import Wanted, word
from planner.reresult import AUDIT
from planner.words import say, sentences

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from planner.reresult import Result
    from planner.terms import Language

    Key = tuple[str, str, str, str, str]
    Sheets = Mapping[str, Sequence[Sequence[Any]]]

BOOK = "ledger.xlsx"
_TABLES = ("demand.csv", "sites.csv", "coverage.csv")
_OF_AUDITS = (BOOK, "figures.csv", *_TABLES)
_OF_RUNS = (*_TABLES, "closing.csv", "left_out.csv", "map.html", "plan.gpkg", "field_check.xlsx")
_MAY_BE_EMPTY = ("closing.csv", "left_out.csv", "changes.csv", "duties.csv")
_LEFT_OUT = (
    "district", "town", "name", "unit_id", "setting", "all_people", "nearest", "metres", "straight_m", "minutes",
    "verdict", "near_limit", "reason",
)  # fmt: skip
_PEOPLE = ("people", "unjudged", "covered", "share")
_FIGURES = ("assessable", "met", "rate", *_PEOPLE)
_HEADER_LINES = 6


def file_figures(result: Result) -> Iterator[Figure]:
    """Yield the files that are always written, or whenever the scenario asks, and headers that stand twice."""
    audit = result.mark == AUDIT
    asked = result.scenario.get("audit", {}) if audit else {}
    names = [*(_OF_AUDITS if audit else _OF_RUNS)]
    names += ["changes.csv"] if "previous" in asked else []
    names += ["duties.csv", "notices.html"] if "officers" in asked else []
    for name in names:
        there = (result.folder / name).exists() and (result.folder / name).stat().st_size > 0
        if name.endswith(".csv") and name not in _MAY_BE_EMPTY:
            there = there and bool(result.rows(name))
        yield Figure(name, "", "", str(int(there)), "1", same=there)
    for path in sorted(result.folder.glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as stream:
            counts = Counter(next(csv.reader(stream), []))
        for header, number in counts.items():
            if number > 1:
                yield Figure(path.name, header, "", str(number), "1", same=False)


# --- tables whose rows are found again ---------------------------------------------------------------------------


def wanted(
    counts: Mapping[Key, Mapping[str, int | None]],
    units: Mapping[str, Mapping[str, Any]],
    scopes: Mapping[tuple[str, str], Mapping[str, Any]],
    titles: Mapping[str, str],
    states: Mapping[str, str],
    place: str,
    language: Language,
) -> dict[str, Wanted]:
    """Return the tables that must be there, with their rows and headers.

    Parameters
    ----------
    counts
        The figures of the audit by level, scope, standard, variant and group.
    units, scopes
        What tables of communities, and of districts and towns, should say.
    titles
        What each standard for residents is called.
    states
        State of each community under the deciding standards together.
    place
        What the whole is called; empty for the whole city.
    language
        Of the headers.
    """
    told = _told(units.values())
    left = {unit for unit, state in states.items() if state != MET}
    found = {
        "communities": Wanted(frozenset(units), frozenset(told)),
        "left_out": Wanted(frozenset(left), frozenset(word(key, language) for key in _LEFT_OUT) & told),
    }
    for level in ("district", "town"):
        rows = _scope_rows(scopes, level, place, language)
        said = _told(row for (at, _), row in scopes.items() if at in {level, "city"})
        found[f"{level}s"] = Wanted(rows, said - {word("unmet", language)})
    rows_by = _figure_rows(counts, titles, place, language)
    for key, names in rows_by.items():
        columns = _PEOPLE if key == "groups" else _FIGURES
        found[key] = Wanted(frozenset(names), frozenset(word(one, language) for one in columns))
    return {key: one for key, one in found.items() if one.rows}


def _told(rows: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Headers under which any row says something."""
    return frozenset(name for row in rows for name, value in row.items() if value not in {None, ""})


def _scope_rows(
    scopes: Mapping[tuple[str, str], Mapping[str, Any]], level: str, place: str, language: Language
) -> frozenset[str]:
    """Name the rows of districts or towns: one place has no line of its own beside the whole."""
    named = [name for at, name in scopes if at == level]
    whole = place or say("ledger.whole_city", language)
    if ("city", "") not in scopes:
        return frozenset()
    if place and level == "district":
        return frozenset([whole])
    number = word("communities", language)
    one_town = place and [scopes[level, name].get(number) for name in named] == [scopes["city", ""].get(number)]
    return frozenset(named if one_town else [*named, whole])


def _figure_rows(
    counts: Collection[Key], titles: Mapping[str, str], place: str, language: Language
) -> dict[str, set[str]]:
    """Name the rows of 口径对照, 分人群可达 and 分时段可达: the city and its districts, one place alone."""
    named = {**titles, DECIDED: say("ledger.decided", language)}
    whole, everybody = place or say("ledger.whole_city", language), say("ledger.everybody", language)
    found: dict[str, set[str]] = defaultdict(set)
    for level, scope, standard, way, group in counts:
        if standard in named and level in (("city",) if place else ("city", "district")):
            about = f"{scope or whole} {named[standard]}"
            if not group:
                found["hours" if way in CLOCKS else "beside"].add(f"{about} {say(f'ledger.variant.{way}', language)}")
            if not way:
                found["groups"].add(f"{about} {group or everybody}")
    return found


# --- the workbook's own lists ------------------------------------------------------------------------------------


def book_lists(result: Result, language: Language) -> Iterator[Figure]:
    """Yield the sheets of the ledger beside those that 概况 lists, with their rows and the headers of 字段说明."""
    path = result.folder / BOOK
    if not path.exists():
        return
    with CalamineWorkbook.from_path(str(path)) as book:
        sheets = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}
    own = {key: say(f"ledgerbook.sheet.{key}", language) for key in ("overview", "sources", "left_out", "fields")}
    rows = _listed(sheets.get(own["overview"], ()), language)
    heads = _fields(sheets.get(own["fields"], ()))
    yield from missing(BOOK, sheets, {*rows, *(own[key] for key in ("overview", "sources", "fields"))})
    known = {*own.values()}
    known |= {text[language] for key, text in sentences().items() if key.startswith("ledger.sheet.")}
    for name in sheets.keys() - known:
        yield Figure(BOOK, name, "", "1", "0", same=False)
    for name in rows.keys() - {*own.values()} | heads.keys():
        page, headers = sheets.get(name, ()), heads.get(name, [])
        lines = [[str(cell) for cell in row if cell not in {"", None}] for row in page]
        at = next((at for at, line in enumerate(lines[:_HEADER_LINES]) if Counter(line) == Counter(headers)), None)
        yield Figure(BOOK, name, say("ledgerbook.head.header", language), str(int(at is not None)), "1", at is not None)
        below = 0 if at is None else sum(bool(line) for line in lines[at + 1 :])
        yield figure(BOOK, name, say("ledgerbook.head.rows", language), below, rows.get(name))


def _listed(page: Sequence[Sequence[Any]], language: Language) -> dict[str, int | None]:
    """Return the sheets that the overview lists, with their rows."""
    head = [say(f"ledgerbook.head.{key}", language) for key in ("sheet", "rows", "holds")]
    at = next((at for at, row in enumerate(page) if [*row[:3]] == head), len(page))
    return {str(row[0]): int(row[1]) if isinstance(row[1], float | int) else None for row in page[at + 1 :] if row[0]}


def _fields(page: Sequence[Sequence[Any]]) -> dict[str, list[str]]:
    """Return the headers of each sheet that the list of fields names."""
    found: dict[str, list[str]] = defaultdict(list)
    for row in page[1:]:
        if row[0]:
            found[str(row[0])].append(str(row[1]))
    return found
