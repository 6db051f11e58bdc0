"""The workbook of results side by side: figures, communities won and lost, and how and from what they were made."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from planner import comparelines
from planner.excelcells import clean
from planner.figures import ABSENT
from planner.ledgercells import cell_of
from planner.ledgerpages import MOST_ROWS, Shelf, width_of
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from planner.comparison import Comparison
    from planner.ledgercells import Cell
    from planner.ledgerpages import Page
    from planner.terms import Language

COLUMNS = (
    "scenario_n", "title", "standard", "people", "covered_today", "share_today", "covered", "share", "newly",
    "yuan_per_newly", "communities", "communities_today", "communities_covered", "new_sites", "cost_once_yuan",
    "cost_yearly_yuan", "cost_yuan", "horizon_years", "frontier_people", "goals_met", "goals", "status", "gap",
    "certified_gap", "state", "data_date", "standard_id", "scenario", "path",
)  # fmt: skip
"""Columns of the sheet of figures: one row for each result and standard."""

CHANGES = (
    "scenario_n", "before", "change", "standard", "district", "town", "name", "unit_id", "people", "points",
)  # fmt: skip
"""Columns of the sheet of communities."""

_OF_PLANS = ("new_sites", "cost_once_yuan", "cost_yearly_yuan", "cost_yuan", "newly")
"""Figures that a result without a plan does not have."""


def write_book(found: Comparison, path: Path) -> None:
    """Write the workbook; the same results give the same bytes. No cell is a formula or a link.

    Sheets: figures, one row for each result and standard; communities won and lost; method, what to mind, parameters
    and sources.
    """
    language = comparelines.language_of(found)
    date = max(dt.date.fromisoformat(result.record["data_date"]) for result in found.results)
    shelf = Shelf(path, say("compare.heading", language), date, language, {})
    with shelf.library:
        titles = {result.number: _title(result.record) for result in found.results}
        _sheet(shelf, "figures", COLUMNS, list(_figure_rows(found)), comparelines.verdict_lines(found))
        named = [say("compare.named", language, n=number, title=title) for number, title in titles.items()]
        _sheet(shelf, "changes", CHANGES, list(_change_rows(found)), named)
        _sources(shelf, found)


def _title(record: Mapping[str, Any]) -> str:
    return str(record["title"] or record["scenario"])


def _sheet(
    shelf: Shelf, key: str, columns: Sequence[str], rows: Sequence[Mapping[str, Cell]], above: Iterable[str]
) -> None:
    """Write a table with sentences above it."""
    heads = [say(f"compare.column.{column}", shelf.language) for column in columns]
    cells = {column: [row[column] for row in rows] for column in columns}
    widths = [
        width_of(head, column, cells[column], shelf.language) for head, column in zip(heads, columns, strict=True)
    ]
    name = say(f"compare.sheet.{key}", shelf.language)
    page = shelf.page(name, widths, 3)
    told = list(above)
    title = say("compare.heading", shelf.language) if key == "figures" else name
    top = page.sentences(page.title(title), told)
    at = page.heads(top, heads)
    for row in rows[: MOST_ROWS - at]:
        at = page.row(at, [row[column] for column in columns], columns)
    page.keep_in_sight(top, at, sum(map(page.high, told)))


def _percent(text: str) -> float | None:
    """Return a gap as the table prints it, as a number of per cent."""
    return None if text == ABSENT else float(text.removesuffix("%"))


def _figure_rows(found: Comparison) -> Iterator[dict[str, Cell]]:
    """Yield the rows of figures: what compare.csv says, with shares and gaps as numbers."""
    language = comparelines.language_of(found)
    names = {(number, block.standard_id): block.name for block in comparelines.blocks(found) for number in block.rows}
    results = {result.number: result for result in found.results}
    for row in map(comparelines.plain, found.table.to_dict("records")):
        result, people = results[row["result"]], row["people"]
        blank = dict.fromkeys(_OF_PLANS) if row["state"] == "today" else {}
        more = {
            "scenario_n": say("compare.one", language, n=row["result"]),
            "title": _title(result.record),
            "standard": names[row["result"], row["standard_id"]],
            "share_today": Fraction(row["covered_today"], people) if people else None,
            "share": Fraction(row["covered"], people) if people else None,
            "status": comparelines.status_text(result, language),
            "gap": _percent(row["gap"]),
            "certified_gap": _percent(row["certified_gap"]),
            "state": say(f"compare.state_{row['state']}", language),
            "path": row["path"].rsplit("/", 1)[-1],
            "data_date": dt.date.fromisoformat(row["data_date"]),
        }
        yield {key: value if isinstance(value, Fraction | dt.date) else cell_of(value)
               for key, value in (row | more | blank).items()}  # fmt: skip


def _change_rows(found: Comparison) -> Iterator[dict[str, Cell]]:
    """Yield the communities won and lost: what communities.csv says."""
    language = comparelines.language_of(found)
    for row in map(comparelines.plain, found.communities.to_dict("records")):
        more = {
            "scenario_n": say("compare.one", language, n=row["after"]),
            "before": say("compare.one", language, n=row["before"]),
            "change": say(f"compare.change.{row['change']}", language),
            "standard": comparelines.name_in(found, row["standard_id"]),
        }
        yield {key: cell_of(value) for key, value in (row | more).items()}


def _sources(shelf: Shelf, found: Comparison) -> None:
    """Write how figures are counted, what to mind, the parameters, the files, and whose data they are."""
    language, count = shelf.language, len(found.results)
    name = say("compare.sheet.sources", language)
    page = shelf.page(name, (44, 68, *[24] * max(2, count - 1)))
    row = page.title(name)
    parts = {
        "method": [say("compare.method", language), say("compare.certified_note", language)],
        "warnings": list(comparelines.warning_lines(found)) or [say("compare.warning.clean", language)],
    }
    for key, lines in parts.items():
        row = page.sentences(_part(page, row, key), lines)
    numbers = [say("compare.one", language, n=result.number) for result in found.results]
    rows: list[Sequence[Any]] = [(label, *cells) for label, cells in comparelines.parameter_rows(found)]
    row = _list(page, _part(page, row, "parameters"), [_column("parameter", language), *numbers], rows)
    heads = [_column(key, language) for key in ("file", "sha256", "rows_used", "used_by")]
    row = _list(page, _part(page, row, "sources"), heads, list(comparelines.source_rows(found)))
    makers = dict.fromkeys(result.record["planner"] for result in found.results)
    page.sentences(
        row + 1,
        [*comparelines.attributions(found), *(say("note.planner", language, version=version) for version in makers)],
    )


def _column(key: str, language: Language) -> str:
    return say(f"compare.column.{key}", language)


def _part(page: Page, row: int, key: str) -> int:
    return page.part(row + 1, say(f"compare.part.{key}", page.shelf.language))


def _list(page: Page, row: int, heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> int:
    """Write a list of the program's own."""
    row = page.heads(row, [clean(head) for head in heads])
    for values in rows:
        row = page.row(row, [cell_of(value) for value in values], [""] * len(heads))
    return row
