"""What the bureau says of its communities and outlets, for `verify`: as the ledger prints it, and in its own tables.

A column is found again where a table has it under the very header that is printed, and its rows are joined by code;
the others are taken as printed, and counted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from planner.recomputed import figure
from planner.reinputs import id_again, point_again, tables_again
from planner.rereading import NOTHING, Unread, column_of, known_words, read_joined
from planner.words import say, sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from planner.recomputed import Figure
    from planner.reinputs import Read
    from planner.rereading import RawRow
    from planner.reresult import Point, Result
    from planner.terms import Language

    Cells = Mapping[str, Mapping[str, str]]
    Row = tuple[str, Mapping[str, str]]

YES, NO = "是", "否"
_ANSWERS = {
    **dict.fromkeys(("是", "有", "√", "☑", "1", "已有", "具备", "符合"), YES),
    **dict.fromkeys(("否", "无", "没有", "×", "☐", "0", "不具备", "不符合"), NO),
}
_JOINT = "；"
_ENDS = ("", "数", "人数", "人员", "人员数", "（人）", "人数（人）", "人员数（人）")
"""What a header of a table may have behind that of the ledger."""


@dataclass(frozen=True, eq=False)
class Own:
    """The bureau's own columns of communities, or of outlets.

    Attributes
    ----------
    headers
        As the ledger prints them.
    printed
        Unit -> header -> text, as printed.
    known
        Header -> unit -> text, as the bureau's tables say; of the headers that were found again.
    whole
        Whether every table was read, so that what none of them says must be blank.
    """

    headers: Sequence[str]
    printed: Cells
    known: Cells
    whole: bool

    def cell(self, unit: str, header: str) -> str:
        """Return what is said of a unit: as printed, else by the tables."""
        row = self.printed.get(unit)
        return self.known.get(header, {}).get(unit, "") if row is None else row.get(header, "")


def units_of(read: Read) -> dict[str, Point]:
    """Return every community, also those without people, with its first point in the order of the tables."""
    units: dict[str, Point] = {}
    for point in read.points.values():
        if point.layer == "residents" and not point.made:
            units.setdefault(point.unit, point)
    return units


def counts_in(scenario: Mapping[str, Any]) -> set[str]:
    """Columns of communities that hold whole numbers."""
    asked = {one[key] for one in scenario.get("checklist", ()) for key in ("part", "whole") if one.get(key)}
    return {*known_words()["reported"]["counts"], *asked}


def communities_said(result: Result, read: Read) -> Own:
    """Return what the bureau says of communities."""
    language, scenario = result.run["language"], read.scenario
    rows = result.rows("communities.csv")
    headers = [name for name in next(iter(rows), {}) if not _of_planner(name, scenario, language)]
    code = say("ledger.column.unit_id", language)
    return _own(result, "communities", headers, {row.get(code, ""): row for row in rows}, {*units_of(read)}, scenario)


def outlets_said(result: Result, read: Read) -> Own:
    """Return what the bureau says of outlets."""
    language, rows = result.run["language"], result.rows("outlets.csv")
    own = {text[language] for key, text in sentences().items() if key.startswith("ledger.outlet.")}
    headers = [name for name in next(iter(rows), {}) if name not in own]
    code = say("ledger.outlet.site_id", language)
    return _own(result, "outlets", headers, {row.get(code, ""): row for row in rows}, {*read.sites}, read.scenario)


def _of_planner(header: str, scenario: Mapping[str, Any], language: Language) -> bool:
    """Whether a column of communities.csv is the planner's own."""
    lists, grants, groups = (scenario.get(key, ()) for key in ("checklist", "grant", "group"))
    named = {item for one in lists for item in (*one.get("items", ()), one.get("part"), one.get("whole"))}
    if header in named | {one["column"] for one in grants}:
        return False
    words = {key: text[language] for key, text in sentences().items() if key.startswith("ledger.column.")}
    starts = tuple(text.partition("{")[0] for key, text in words.items() if key.endswith("_of"))
    kinds = ("states", "lacking", "unsaid")
    whole = {say(f"ledger.checklist.{kind}", language, name=one["name"]) for one in lists for kind in kinds}
    whole |= {one[key] for one in groups for key in ("id", "name")}
    return header in {*words.values(), *whole} or header.startswith(tuple(filter(None, starts)))


# --- its own tables ----------------------------------------------------------------------------------------------


def _own(
    result: Result, of: str, headers: Sequence[str], printed: Cells, units: set[str], scenario: Mapping[str, Any]
) -> Own:
    read_as, add = _reader(scenario, of), counts_in(scenario)
    sources: list[Cells] = []
    whole = True
    for source in _sources(result, of, scenario):
        rows = [] if source is None else list(source)
        whole = whole and source is not None and all(unit in units for unit, _ in rows)
        sources.append(_columns(rows, headers, read_as, add))
    known: dict[str, dict[str, str]] = {}
    sure = _sure(scenario, of)
    for header in headers:
        held = [source[header] for source in sources if header in source]
        if held:
            known[header] = {
                unit: _among([one[unit] for one in held if unit in one], header in sure)
                for unit in dict.fromkeys(unit for one in held for unit in one)
            }
    return Own(headers, printed, known, whole)


def _sources(result: Result, of: str, scenario: Mapping[str, Any]) -> Iterator[list[Row] | None]:
    """Yield the rows of each table by their unit, people or sites, then ledgers; None of one that is not plain."""
    kind, key = ("demand", "unit_id") if of == "communities" else ("sites", "site_id")
    section = scenario.get(kind, {})
    shared = section.get("totals") or any("hierarchy" in table for table in section.get("table", ()))
    try:
        yield None if shared else [row for table in tables_again(result, kind) for row in _passing(kind, *table[:3])]
    except (Unread, OSError):
        yield None
    for table in scenario.get("audit", {}).get("ledger", ()):
        if table.get("of", "communities") == of:
            named = table.get("columns", {}).get(key)
            words = [named] if named else [key, *known_words()[kind][key], *known_words()["reported"]["code"]]
            try:
                rows = read_joined(result.folder / table["file"], table, words)
                called = {header: name for name, header in table.get("columns", {}).items()}
                yield [(row.cells["code"], {called.get(k, k): text for k, text in row.headers.items()}) for row in rows]
            except (Unread, OSError):
                yield None


def _passing(kind: str, table: Mapping[str, Any], rows: Sequence[RawRow], stem: str) -> Iterator[Row]:
    """Yield rows of people or sites with what passes through: columns that the planner does not read itself."""
    for row in rows:
        texts = {header: text for header, text in row.headers.items() if column_of(header, kind) is None}
        if kind == "sites":
            yield id_again(row, "site_id", table, stem), texts
        elif (point := point_again(row, table, stem)).layer == "residents":
            yield point.unit, texts


def _columns(
    rows: Iterable[Row], headers: Sequence[str], read_as: Callable[[str, str], str | None], add: set[str]
) -> dict[str, dict[str, str]]:
    """Read the columns of a table that are printed; one with a cell that is not plain is not there."""
    texts: dict[str, dict[str, list[str | None]]] = {}
    for unit, cells in rows:
        for header in headers:
            named = next((header + end for end in _ENDS if header + end in cells), None)
            if named is not None:
                held = texts.setdefault(header, {})
                if cells[named]:
                    held.setdefault(unit, []).append(read_as(header, cells[named]))
    found = {}
    for header, units in texts.items():
        if all(None not in said for said in units.values()):
            found[header] = {
                unit: _together([text or "" for text in said], header in add) for unit, said in units.items()
            }
    return found


def _among(said: Sequence[str], sure: bool) -> str:  # noqa: FBT001
    """Put what several tables say into one: counts, answers, grades and dates agree, other texts are joined."""
    return said[0] if sure else _JOINT.join(dict.fromkeys(filter(None, said)))


def _together(said: Sequence[str], counted: bool) -> str:  # noqa: FBT001
    """Put what the points of a community say into one: counts are added up, other values stand beside each other."""
    return str(sum(map(int, filter(None, said)))) if counted else _JOINT.join(dict.fromkeys(filter(None, said)))


def _answers(scenario: Mapping[str, Any]) -> set[str]:
    """Columns of communities that hold 是 and 否."""
    items = {item for one in scenario.get("checklist", ()) for item in one.get("items", ())}
    grants = {one["column"] for one in scenario.get("grant", ()) if not one.get("grades")}
    return {*known_words()["reported"]["answers"], *items, *grants}


def _sure(scenario: Mapping[str, Any], of: str) -> set[str]:
    """Columns of which two tables may not say two things: counts, answers, grades and dates."""
    words = known_words()["reported"]
    if of == "outlets":
        return {*words["outlet_counts"]}
    grants = {one["column"] for one in scenario.get("grant", ())}
    return counts_in(scenario) | _answers(scenario) | grants | {*words["dates"]}


def _reader(scenario: Mapping[str, Any], of: str) -> Callable[[str, str], str | None]:
    """Return what reads a cell under a header: its text as the ledger prints it; None where it is not plain."""
    words, grants, answers = known_words()["reported"], scenario.get("grant", ()), _answers(scenario)
    grades = {one["column"]: {entry["grade"] for entry in one["grades"]} for one in grants if one.get("grades")}
    counts = counts_in(scenario) if of == "communities" else {*words["outlet_counts"]}

    def read_as(header: str, text: str) -> str | None:
        if header in counts:
            return str(int(text.partition(".")[0])) if re.fullmatch(r"[0-9]+(\.0+)?", text) else None
        if header in grades:
            return next(
                (one for one in grades[header] if text in {one, f"{one}级", f"{one.removesuffix('级')}级"}), None
            )
        if header in answers and of == "communities":
            return _ANSWERS.get(text, "" if NOTHING.fullmatch(text) else None)
        return None if header in words["dates"] or NOTHING.fullmatch(text) else text

    return read_as


# --- beside what is printed --------------------------------------------------------------------------------------


def said_figures(own: Own, file: str) -> Iterator[Figure]:
    """Yield every cell of the bureau's columns that was found again beside the one that is printed."""
    for header, values in own.known.items():
        for unit, row in own.printed.items():
            if own.whole or unit in values:
                yield figure(file, unit, header, row.get(header, ""), values.get(unit, ""))


def speaks_of_all(own: Own, read: Read) -> bool:
    """Whether all is known of every community: those without people are not printed, and stand in the tables alone."""
    return (own.whole and not not_found(own)) or units_of(read).keys() <= own.printed.keys()


def not_found(own: Own) -> int:
    """How many of the bureau's columns were not found again."""
    given = (header for header in own.headers if any(row.get(header) for row in own.printed.values()))
    return sum(header not in own.known for header in given)


def reported_taken(result: Result, read: Read) -> Iterator[tuple[str, str, int]]:
    """Yield what was taken from the ledger as it is printed: (word, file, count)."""
    communities, outlets = communities_said(result, read), outlets_said(result, read)
    for own, file in ((communities, "communities.csv"), (outlets, "outlets.csv")):
        if not_found(own):
            yield "reported", file, not_found(own)
    if not speaks_of_all(communities, read):
        yield "reported_partly", "communities.csv", len(units_of(read).keys() - communities.printed.keys())
