"""Pages of the ledger's workbook: how titles, sentences, headers and rows of cells look, on screen and on paper."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from planner.excelcells import clean, new_book, places, write_cell
from planner.ledgercells import cell_of, kind_of, read_as, shown
from planner.words import say

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from planner.ledgercells import Cell, Kind
    from planner.terms import Language

Verdict = Literal["met", "unmet", "unassessable", "near"]
"""达标, 不达标, 无法评定, 临界."""

MOST_ROWS = 1_048_576
"""Lines of a sheet of Excel."""

_COLOURS: Mapping[Verdict, tuple[str, str]] = {
    "met": ("#C6EFCE", "#006100"),
    "unmet": ("#FFC7CE", "#9C0006"),
    "unassessable": ("#D9D9D9", "#404040"),
    "near": ("#FFEB9C", "#7F6000"),
}
"""Fill and letters; the text of the cell says the same."""

_FONTS: Mapping[Language, str] = {"zh": "宋体", "en": "Calibri"}
_NUMBERS: Mapping[Kind, str] = {
    "whole": "#,##0", "plain": "0", "tenths": "#,##0.0", "change": "+0.0;-0.0;0.0", "degrees": "0.000000",
    "share": "0.0%", "date": "yyyy-mm-dd", "number": "General", "text": "@", "long": "General",
}  # fmt: skip
_TEXTS = ("text", "long")
_WORD = re.compile("[!-~]+")
_NARROWEST, _WIDEST, _BUTTON, _MARGIN = 6, 36, 3, 2
_HEADER_LINES = 2
_BEYOND = 9
"""Width of a column beyond a table."""

_LINE_POINTS, _MARGIN_POINTS, _TITLE_POINTS, _MOST_POINTS = 13.5, 4, 24, 409
_HEAD_SEEN_POINTS = 200
"""Lines above a header stay in sight with it up to this height; higher ones would leave no room for rows."""

_SEEN_MOST = 100
"""Width of the columns that may stay in sight."""

_PAPER = 149
"""Width of A4 across in full size."""

_SMALLEST = 0.7
"""A table whose print would be smaller than this is spread over several pages, side by side."""

_SENTENCE_LEAST = 40
"""Width over which sentences can be read."""

_TOP_MOST = 80
"""Letters of the title that the top of a page holds."""

_NEAR = "near_limit"
"""Column that says whether a verdict is 临界."""


class Shelf:
    """A workbook that is being written, its formats, and what stands at the top and the foot of its pages.

    Rows go to the disk as they are written, so that the memory does not grow with the workbook: each page must be
    written from its top to its end before the next one is begun.
    """

    def __init__(
        self, path: Path, title: str, date: dt.date, language: Language, verdicts: Mapping[str, Verdict]
    ) -> None:
        self.library = new_book(path, date, constant_memory=True)
        self.language = language
        self._verdicts = verdicts
        self._yes = self.word("yes")
        self._top = f"&C{clean(title)[:_TOP_MOST].replace('&', '&&')}"
        self._foot = f"&C{self.word('footer')}&R{self.word('date', date=date.isoformat())}"
        self.title = self._format(bold=True, font_size=14)
        self.plain = self._format(text_wrap=True)
        self.part = self._format(bold=True, font_size=11)
        self.head = self._format(bold=True, bg_color="#DDE6F0", border=1, text_wrap=True, align="center")
        self._cells: dict[tuple[Kind, Verdict | None], Format] = {}

    def _format(self, **about: Any) -> Format:
        font = {"font_name": _FONTS[self.language], "font_size": 10, "valign": "vcenter"}
        return self.library.add_format({**font, **about})

    def word(self, key: str, **values: object) -> str:
        """Return a sentence of this workbook."""
        return say(f"ledgerbook.{key}", self.language, **values)

    def look(self, kind: Kind, verdict: Verdict | None) -> Format:
        """Return the format of a cell of a table."""
        found = self._cells.get((kind, verdict))
        if found is None:
            about: dict[str, Any] = {"border": 1, "border_color": "#A6A6A6", "num_format": _NUMBERS[kind]}
            if kind in _TEXTS:
                about["text_wrap"] = True
            else:
                about |= {"align": "center"} if kind == "date" else {"align": "right", "indent": 1}
            if verdict:
                about |= dict(zip(("bg_color", "font_color"), _COLOURS[verdict], strict=True))
            found = self._cells[kind, verdict] = self._format(**about)
        return found

    def verdict(self, cell: Cell, column: str) -> Verdict | None:
        """Return the verdict that a cell of a table says, for its colour."""
        if column == _NEAR:
            return "near" if cell is True or cell == self._yes else None
        return self._verdicts.get(cell) if isinstance(cell, str) and column else None

    def page(self, name: str, widths: Sequence[int], naming: int = 1) -> Page:
        """Add a sheet that prints on A4 across, with the title at its top, the page and the date at its foot.

        Parameters
        ----------
        name
            Name of the sheet.
        widths
            Widths of its columns.
        naming
            How many of its first columns tell which row it is.
        """
        sheet = self.library.add_worksheet(name)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{MOST_ROWS}"})
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.set_margins(left=0.4, right=0.4, top=0.75, bottom=0.7)
        sheet.set_header(self._top)
        sheet.set_footer(self._foot)
        kept = naming if sum(widths[:naming]) <= _SEEN_MOST else 1
        room, again = _PAPER / _SMALLEST, sum(widths[:kept])
        pages = 1 if sum(widths) <= room else math.ceil((sum(widths) - again) / (room - again))
        sheet.fit_to_pages(pages, 0)
        return Page(self, sheet, tuple(widths), kept, pages)


@dataclass(frozen=True, eq=False)
class Page:
    """A sheet that is being written from its top downwards; whatever writes a line returns the number of the next one.

    Attributes
    ----------
    shelf
        The workbook.
    sheet
        The library's own sheet.
    widths
        Widths of the columns.
    kept
        How many of the first columns stay in sight, on the screen and on paper.
    pages
        On how many pages, side by side, it prints.
    """

    shelf: Shelf
    sheet: Worksheet
    widths: tuple[int, ...]
    kept: int
    pages: int

    def title(self, text: str) -> int:
        """Write the title of the page in its first line."""
        self.sheet.set_row(0, _TITLE_POINTS)
        self._over(0, text, self.shelf.title)
        return 1

    def part(self, row: int, text: str) -> int:
        """Write the heading of a part of the page."""
        write_cell(self.sheet, row, 0, text, self.shelf.part)
        return row + 1

    def sentences(self, row: int, texts: Iterable[str]) -> int:
        """Write texts over the first columns, each in a line as high as it needs."""
        for text in texts:
            self.sheet.set_row(row, self.high(text))
            self._over(row, text, self.shelf.plain)
            row += 1
        return row

    def high(self, text: str) -> float:
        """Height of a line that holds a text over the first columns."""
        return _points(_lines(clean(text), self._across()[1]))

    def heads(self, row: int, heads: Sequence[str]) -> int:
        """Write headers; programs that do not find the height of a line themselves must be told it."""
        lines = max(_lines(head, width - _BUTTON + 1) for head, width in zip(heads, self.widths, strict=False))
        self.sheet.set_row(row, _points(lines))
        for column, head in enumerate(heads):
            write_cell(self.sheet, row, column, head, self.shelf.head)
        return row + 1

    def row(self, row: int, cells: Sequence[Cell], names: Sequence[str]) -> int:
        """Write a row of cells, with the names of their columns; those that say a verdict have its colour."""
        texts = [cell if isinstance(cell, str) else "" for cell in cells]
        lines = max(map(_lines, texts, self.widths))
        if lines > 1:
            self.sheet.set_row(row, _points(lines))
        for column, (cell, name) in enumerate(zip(cells, names, strict=True)):
            look = self.shelf.look(kind_of(cell, name), self.shelf.verdict(cell, name))
            write_cell(self.sheet, row, column, shown(cell, name, self.shelf.language), look)
        return row + 1

    def listing(self, row: int, keys: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Write one of the program's own lists, its headers told by their words."""
        row = self.heads(row, [self.shelf.word(f"head.{key}") for key in keys])
        for values in rows:
            row = self.row(row, [cell_of(value) for value in values], [""] * len(keys))
        return row

    def keep_in_sight(self, top: int, end: int, above: float) -> None:
        """Keep a header and the first columns in sight, and let the rows be filtered.

        Parameters
        ----------
        top, end
            Line of the header, and the one after the last row.
        above
            Height of the lines above the header.
        """
        self.sheet.autofilter(top, 0, max(end - 1, top + 1), len(self.widths) - 1)
        self.sheet.freeze_panes(top + 1 if above <= _HEAD_SEEN_POINTS else 0, self.kept)
        self.sheet.repeat_rows(top)
        if self.pages > 1:
            self.sheet.repeat_columns(0, self.kept - 1)
            self.sheet.print_across()

    def _over(self, row: int, text: str, look: Format) -> None:
        """Write a text over the first columns."""
        columns, _ = self._across()
        if columns > 1:
            self.sheet.merge_range(row, 0, row, columns - 1, "", look)
        write_cell(self.sheet, row, 0, text, look)

    def _across(self) -> tuple[int, int]:
        """Return over how many columns texts stand, and how wide these are.

        They are read without scrolling; what prints on several pages side by side has them on each, if there is room.
        """
        again = sum(self.widths[: self.kept])
        if self.pages > 1 and again >= _SENTENCE_LEAST:
            return self.kept, again
        taken, columns = 0, 0
        while taken < (_PAPER - _WIDEST if columns < len(self.widths) else _PAPER // 2):
            taken += self.widths[columns] if columns < len(self.widths) else _BEYOND
            columns += 1
        return columns, taken


def width_of(head: str, column: str, cells: Iterable[Cell], language: Language) -> int:
    """Width of a column: of its longest cell, and of its header on two lines with the button of the filter."""
    longest = max((places(read_as(cell, column, language)) for cell in cells), default=0)
    word = max((len(word) for word in _WORD.findall(head)), default=0)
    header = max(math.ceil(places(head) / _HEADER_LINES), word) + _BUTTON
    return max(_NARROWEST, min(longest, _WIDEST), min(header, _WIDEST)) + _MARGIN


def _lines(text: str, width: int) -> int:
    """Lines that a text takes in a column."""
    if 2 * len(text) < width and "\n" not in text:  # two places are the most that a letter takes
        return 1
    return sum(max(1, math.ceil(places(line) / (width - 1))) for line in text.split("\n"))


def _points(lines: int) -> float:
    return min(_LINE_POINTS * lines + _MARGIN_POINTS, _MOST_POINTS)
