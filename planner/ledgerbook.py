"""The workbook of the ledger: plain sentences, its tables, what they were made from, and what each column says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from planner import __version__
from planner.excelcells import clean, sheet_name
from planner.grammar import masked
from planner.ledgercells import columns_of, kind_of
from planner.ledgerpages import MOST_ROWS, Shelf, width_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from planner.ledgercells import Cell
    from planner.ledgerpages import Page, Verdict
    from planner.ledgersheets import LedgerSheet
    from planner.terms import Language

    Columns = Mapping[str, Sequence[Cell]]

_OVERVIEW = "overview"
_OWN = ("sources", "left_out", "fields")
_NAMES = ("name", "town")
"""Columns that tell whose row it is: the first of them that a table has, with those before it."""


@dataclass(frozen=True, eq=False)
class LedgerBook:
    """What the workbook of a ledger holds.

    Attributes
    ----------
    title
        Title of the ledger.
    language
        Of headers and the program's own lines.
    data_date
        Date of the figures, and the date that the file carries.
    summary
        Plain sentences of the first sheet.
    sheets
        The tables, in their order.
    titles
        Key of each table -> its title, which names its sheet.
    verdicts
        Text of a cell -> the verdict that it says, by which the cell is coloured; 临界 is told by its column,
        ``near_limit``.
    parameters
        Names and values, in words.
    sources
        The files read, as `planner.provenance.input_records` has them: path, sha256, rows_read, rows_used; and
        ``coordinates``, the system of each one that has places.
    left_out
        Rows counted nowhere: file, row, rows, id, name, reason (in words).
    doubts
        What is in doubt, a sentence each.
    attribution
        Whose data the roads are.
    """

    title: str
    language: Language
    data_date: dt.date
    summary: Sequence[str]
    sheets: Sequence[LedgerSheet]
    titles: Mapping[str, str]
    verdicts: Mapping[str, Verdict]
    parameters: Sequence[tuple[str, str]]
    sources: Sequence[Mapping[str, Any]]
    left_out: Sequence[Mapping[str, Any]]
    doubts: Sequence[str]
    attribution: str


def write(book: LedgerBook, path: Path) -> None:
    """Write a ledger as a workbook; the same content gives the same bytes.

    Sheets in their order: the overview, the tables, parameters and sources, the rows left out where there are any, and
    the meanings of all columns. No cell is a formula or a link.
    """
    shelf = Shelf(path, book.title, book.data_date, book.language, book.verdicts)
    with shelf.library:
        names = _sheet_names(shelf, book)
        _overview(shelf, book, names)
        columns = {one.key: dict(columns_of(one)) for one in book.sheets}
        for one in book.sheets:
            _table(shelf, one, columns[one.key], (names[one.key], book.titles[one.key]))
        _sources(shelf, book, names[".sources"])
        if book.left_out:
            _left_out(shelf, book, names[".left_out"])
        _fields(shelf, book, columns, names)


def _sheet_names(shelf: Shelf, book: LedgerBook) -> dict[str, str]:
    """Name every sheet: those of the tables by their keys, the program's own by theirs after a full stop."""
    wanted = {f".{_OVERVIEW}": shelf.word(f"sheet.{_OVERVIEW}")}
    wanted |= {one.key: book.titles[one.key] for one in book.sheets}
    wanted |= {f".{key}": shelf.word(f"sheet.{key}") for key in _OWN}
    names: dict[str, str] = {}
    for key, name in wanted.items():
        names[key] = sheet_name(name, names.values())
    return names


# --- the tables --------------------------------------------------------------------------------------------------


def _table(shelf: Shelf, sheet: LedgerSheet, columns: Columns, called: tuple[str, str]) -> None:
    """Write a table of the ledger: its title, how it was counted, its header and its rows."""
    name, title = called
    names = list(columns)
    heads = [clean(sheet.titles[column]) for column in names]
    widths = [width_of(head, *column, shelf.language) for head, column in zip(heads, columns.items(), strict=True)]
    naming = next((names.index(one) + 1 for one in _NAMES if one in names), 1)
    page = shelf.page(name, widths, naming)
    above = _above(shelf, sheet)
    top = page.sentences(page.title(title), above)
    row = page.heads(top, heads)
    for cells in zip(*(cells[: MOST_ROWS - row] for cells in columns.values()), strict=True):
        row = page.row(row, cells, names)
    page.keep_in_sight(top, row, sum(map(page.high, above)))


def _above(shelf: Shelf, sheet: LedgerSheet) -> list[str]:
    """Return the line above a header: how the table was counted, that it is empty, or not all of it is there.

    One line, however many sentences it has: a reader of this workbook looks for the header in its first lines.
    """
    count, room = len(sheet.frame), MOST_ROWS - 3
    told = list(sheet.notes)
    if not count:
        told.append(shelf.word("empty"))
    elif count > room:
        told.append(shelf.word("cut", count=count, shown=room))
    if len(told) <= 1:
        return [shelf.word("note", text=text) for text in told]
    return ["\n".join([shelf.word("notes"), *(f"{at}. {text}" for at, text in enumerate(told, start=1))])]


# --- the program's own sheets ------------------------------------------------------------------------------------


def _overview(shelf: Shelf, book: LedgerBook, names: Mapping[str, str]) -> None:
    """Write the first sheet: the sentences, and what each sheet holds."""
    page = shelf.page(names[f".{_OVERVIEW}"], (28, 12, 100))
    date = shelf.word("date", date=book.data_date.isoformat())
    row = page.sentences(page.title(book.title), [date, *book.summary])
    of_all = set.intersection(*(set(one.notes) for one in book.sheets)) if len(book.sheets) > 1 else set()
    tables = [
        (names[one.key], len(one.frame), next((note for note in one.notes if note not in of_all), None))
        for one in book.sheets
    ]
    counts = {"left_out": len(book.left_out)}
    own = [
        (names[f".{key}"], counts.get(key), shelf.word(f"holds.{key}"))
        for key in _OWN if counts.get(key) != 0
    ]  # fmt: skip
    page.listing(page.part(row + 1, shelf.word("part.sheets")), ("sheet", "rows", "holds"), [*tables, *own])


def _sources(shelf: Shelf, book: LedgerBook, name: str) -> None:
    """Write the parameters, the files, what is in doubt, and whose data they are."""
    page = shelf.page(name, (40, 70, 12, 12, 16))
    row = page.title(shelf.word("sheet.sources"))
    keys = ("path", "sha256", "rows_read", "rows_used", "coordinates")
    files = ([one.get(key) for key in keys] for one in book.sources)
    row = page.part(row + 1, shelf.word("part.parameters"))
    row = page.listing(row, ("parameter", "value"), book.parameters)
    row = page.part(row + 1, shelf.word("part.files"))
    row = page.listing(row, ("file", *keys[1:]), files)
    if book.doubts:
        row = page.part(row + 1, shelf.word("part.doubts"))
        row = page.sentences(row, book.doubts)
    row = page.part(row + 1, shelf.word("part.rights"))
    page.sentences(row, (book.attribution, shelf.word("maker", version=__version__)))


def _left_out(shelf: Shelf, book: LedgerBook, name: str) -> None:
    """Write the rows that are counted nowhere, without anything that looks like personal data."""
    keys = ("file", "row", "rows", "id", "name", "reason")
    listed = ([one[key] for key in keys] for one in book.left_out)
    rows = ([masked(cell) if isinstance(cell, str) else cell for cell in cells] for cells in listed)
    _whole_page(shelf.page(name, (32, 8, 8, 20, 36, 60)), keys, rows)


def _fields(shelf: Shelf, book: LedgerBook, columns: Mapping[str, Columns], names: Mapping[str, str]) -> None:
    """Write what each column of each table says."""
    rows = (
        (names[sheet.key], sheet.titles[column], column, _meaning(shelf, sheet, column, cells))
        for sheet in book.sheets for column, cells in columns[sheet.key].items()
    )  # fmt: skip
    page = shelf.page(names[".fields"], (24, 26, 24, 90))
    _whole_page(page, ("sheet", "header", "field", "meaning"), rows)


def _meaning(shelf: Shelf, sheet: LedgerSheet, column: str, cells: Sequence[Cell]) -> str:
    """Return what a column says, and how its lengths and times are rounded."""
    rounded = any(kind_of(cell, column) == "tenths" for cell in cells)
    said = [sheet.meanings.get(column, ""), shelf.word("rounded") if rounded else ""]
    return " ".join(part for part in said if part)


def _whole_page(page: Page, keys: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a list that has a page to itself."""
    page.keep_in_sight(0, page.listing(0, keys, rows), 0)
