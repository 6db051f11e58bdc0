"""Reads a sheet of an Excel workbook into lines of text, with what the library below passes over in silence.

python-calamine gives error cells and formulas without a value as empty cells. They are found in the sheet's own XML
and put into the lines as Excel shows them: ``#REF!``, and ``=A1+B1`` for a formula that was never calculated.
"""

from __future__ import annotations

import datetime as dt
import io
import math
import struct
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import python_calamine

from planner.errors import Fault, TableError
from planner.sheetxml import MIB, count_shared, extent, is_ordinary, read_marks, shared_bytes, string_sizes
from planner.sources import Merged, Sheet

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from planner.sheetxml import Runs
    from planner.sources import TableSource

_LARGEST_INFLATED = 512 * MIB
_MOST_CELLS = 50_000_000
# Excel keeps 15 digits of a number: a longer one has lost its end.
_EXCEL_EXACT = 10**15
_PLAIN = {str, float, int}
_Places: TypeAlias = "tuple[tuple[int, int], ...]"
_BROKEN_WORKBOOK = (
    python_calamine.CalamineError, zipfile.BadZipFile, zlib.error, struct.error, EOFError, LookupError, RuntimeError,
    ValueError,
)  # fmt: skip


def read_workbook(source: TableSource, data: bytes) -> Sheet:
    """Read the sheet that a source names, else the first one.

    Parameters
    ----------
    source
        The table; faults name its file.
    data
        The file, .xlsx or .xlsm.

    Raises
    ------
    TableError
        If the workbook is broken or too large, or the sheet absent or hidden.
    """
    try:
        _refuse_bomb(source, data)
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        name = _chosen(source, book)
        sheet = book.get_sheet_by_name(name)
        ranges = sheet.merged_cell_ranges or []
        marks = read_marks(data, name)
        texts, cut, converted = _texts(source, sheet, ranges, marks.unseen)
    except _BROKEN_WORKBOOK as error:
        raise TableError(Fault("table_workbook", source.shown)) from error
    visible = _visible(book)
    others = [other for other in visible if other != name] if source.sheet is None else []
    unseen = [other for other in _worksheets(book) if other not in visible and other != name]
    doubts = [
        Fault(code, source.shown, name, values={"sheets": " / ".join(sheets)})
        for code, sheets in (("first_sheet", others), ("hidden_sheets", unseen))
        if sheets
    ]
    return Sheet(
        name=name,
        rows=texts,
        lines=range(1, len(texts) + 1),
        merged=tuple(Merged(*first, *last) for first, last in ranges),
        cut=cut,
        uncalculated=frozenset((y, x) for y, x, text in marks.unseen if text.startswith("=")),
        hidden_rows=marks.hidden_rows,
        hidden_columns=marks.hidden_columns,
        converted=converted,
        doubts=tuple(doubts),
    )


@dataclass(frozen=True, eq=False)
class Cells:
    """A sheet of a workbook as its cells hold it.

    Attributes
    ----------
    name, visible
        Name of the sheet, and whether a user sees it.
    rows
        Texts, numbers, truth values and dates, of every row from the first one; an empty cell is an empty text.
    merged
        Cells that are one.
    spoilt
        Row and column -> error that Excel shows there, or the formula that it has not calculated.
    hidden_rows, hidden_columns
        First and last of each run of rows, or columns, that a user does not see.
    """

    name: str
    visible: bool
    rows: Sequence[Sequence[object]]
    merged: tuple[Merged, ...]
    spoilt: Mapping[tuple[int, int], str]
    hidden_rows: Runs
    hidden_columns: Runs


def read_cells(source: TableSource, data: bytes) -> tuple[Cells, ...]:
    """Read all sheets of a small workbook, hidden ones too, without turning cells into text.

    Raises
    ------
    TableError
        If the workbook is broken or too large.
    """
    try:
        _refuse_bomb(source, data)
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        visible = _visible(book)
        return tuple(
            _cells(data, book, sheet.name, visible=sheet.name in visible)
            for sheet in book.sheets_metadata
            if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
        )
    except _BROKEN_WORKBOOK as error:
        raise TableError(Fault("table_workbook", source.shown)) from error


def _cells(data: bytes, book: python_calamine.CalamineWorkbook, name: str, *, visible: bool) -> Cells:
    sheet = book.get_sheet_by_name(name)
    merged = tuple(Merged(*first, *last) for first, last in sheet.merged_cell_ranges or [])
    marks = read_marks(data, name)
    spoilt = {(y, x): text for y, x, text in marks.unseen}
    _, left = sheet.start or (0, 0)
    rows: list[Sequence[object]] = []
    for y, row in enumerate(sheet.iter_rows()):
        if any(not isinstance(cell, str) or cell.strip() for cell in row):  # a space far down makes a million rows
            rows += [()] * (y - len(rows))
            rows.append([*[""] * left, *row])
    return Cells(name, visible, rows, merged, spoilt, marks.hidden_rows, marks.hidden_columns)


def _texts(
    source: TableSource,
    sheet: python_calamine.CalamineSheet,
    ranges: Sequence[tuple[tuple[int, int], tuple[int, int]]],
    unseen: Sequence[tuple[int, int, str]],
) -> tuple[list[list[str]], _Places, _Places]:
    """Return all cells as text, the unseen ones among them, where they are not too many.

    Beside them the places of numbers that are cut off, and of dates, times and truth values.
    """
    (_, left), (bottom, right) = (sheet.start, sheet.end) if sheet.start and sheet.end else ((0, 0), (-1, -1))
    height = max([bottom + 1, *(y + 1 for y, _, _ in unseen)])
    width = max([right + 1, *(x + 1 for _, x, _ in unseen)])
    if height * width > _MOST_CELLS:
        raise TableError(Fault("table_too_large", source.shown))
    if not _disjoint(ranges, height, width):
        raise TableError(Fault("table_workbook", source.shown))
    texts: list[list[str]] = []
    cut: list[tuple[int, int]] = []
    converted: list[tuple[int, int]] = []
    for y, row in enumerate(sheet.iter_rows() if height else ()):  # all rows, but the columns in use only
        if row.count("") == len(row):  # a space far down makes a million of them
            texts.append([])
            continue
        texts.append([*[""] * left, *[cell if type(cell) is str else _cell_text(cell) for cell in row]])
        if any([type(cell) is float and not -_EXCEL_EXACT < cell < _EXCEL_EXACT for cell in row]):  # noqa: C419  (quicker)
            cut += [(y, x) for x, cell in enumerate(row, left) if type(cell) is float and abs(cell) >= _EXCEL_EXACT]
        if not _PLAIN.issuperset(map(type, row)):
            converted += [(y, x) for x, cell in enumerate(row, left) if type(cell) not in _PLAIN]
    for y, x, text in unseen:
        texts.extend([] for _ in range(len(texts), y + 1))
        texts[y].extend([""] * (x + 1 - len(texts[y])))
        texts[y][x] = text
    return texts, tuple(cut), tuple(converted)


def _disjoint(ranges: Sequence[tuple[tuple[int, int], tuple[int, int]]], height: int, width: int) -> bool:
    """Whether merged cells can lie side by side on a sheet, as Excel has them: many over one another cost hours."""
    area = sum(
        (min(bottom + 1, height) - top) * (min(right + 1, width) - left)
        for (top, left), (bottom, right) in ranges
        if top < height and left < width
    )
    return area <= height * width


def _chosen(source: TableSource, book: python_calamine.CalamineWorkbook) -> str:
    """Name of the sheet to read."""
    visible = _visible(book)
    names = _worksheets(book)
    name = names[0] if source.sheet is None else source.sheet
    if name not in names:
        values = {"sheet": name, "sheets": " / ".join(names)}
        raise TableError(Fault("absent_sheet", source.shown, values=values))
    if visible and name not in visible:
        raise TableError(Fault("hidden_sheet", source.shown, name, values={"sheets": " / ".join(visible)}))
    return name


def _worksheets(book: python_calamine.CalamineWorkbook) -> list[str]:
    """Names of the sheets that hold cells."""
    return [sheet.name for sheet in book.sheets_metadata if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet]


def _visible(book: python_calamine.CalamineWorkbook) -> list[str]:
    """Names of the sheets that a user sees."""
    kind, seen = python_calamine.SheetTypeEnum.WorkSheet, python_calamine.SheetVisibleEnum.Visible
    return [sheet.name for sheet in book.sheets_metadata if sheet.typ == kind and sheet.visible == seen]


def _refuse_bomb(source: TableSource, data: bytes) -> None:
    """Refuse a workbook that needs more memory than an office PC has, before anything unpacks it whole."""
    inflated, strings, shared = 0, set(), Counter[str]()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in archive.infolist():
            sheet, ordinary, tag = False, True, b""
            with archive.open(member) as stream:
                while chunk := stream.read(MIB):
                    inflated += len(chunk)
                    if inflated > _LARGEST_INFLATED:
                        raise TableError(Fault("table_too_large", source.shown))
                    text, (_, bracket, rest) = tag + chunk, chunk.rpartition(b"<")
                    sheet = sheet or b"sheetData" in text
                    tag = bracket + rest if bracket else b""
                    whole = text[: len(text) - len(tag)]
                    ordinary = ordinary and (not sheet or is_ordinary(whole))
                    if sheet:
                        shared[member.filename] += count_shared(whole)
                    elif b"</si>" in text or b":si>" in text:
                        strings.add(member.filename)
            with archive.open(member) as stream:
                if not ordinary and math.prod(extent(stream)) > _MOST_CELLS:
                    raise TableError(Fault("table_too_large", source.shown))
        if _text_bytes(archive, shared, strings, inflated) > _LARGEST_INFLATED:
            raise TableError(Fault("table_too_large", source.shown))


def _text_bytes(archive: zipfile.ZipFile, shared: Mapping[str, int], strings: Collection[str], inflated: int) -> int:
    """Return how many bytes of text the cells hold, at most, that refer to shared strings.

    One long string costs little in the file, however many cells refer to it; each of them holds a copy once it is read.

    Parameters
    ----------
    archive
        The workbook.
    shared
        Name of a sheet's file -> cells that refer to a shared string.
    strings
        Names of the files that may hold these strings.
    inflated
        Bytes of the whole workbook: no string is longer.
    """
    sizes = np.empty(0, dtype=np.int64)
    if len(strings) == 1:
        with archive.open(next(iter(strings))) as stream:
            sizes = string_sizes(stream)
    longest, found = int(sizes.max()) if len(sizes) else inflated, 0
    if longest * sum(shared.values()) <= _LARGEST_INFLATED:  # it is quick to see that most workbooks are harmless
        return 0
    for name, count in shared.items():
        with archive.open(name) as stream:
            cells, size = shared_bytes(stream, sizes)
        found += size + longest * max(count - cells, 0)
    return found


def _cell_text(cell: object) -> str:
    """Return the value of a cell that holds no text as it would be typed."""
    if isinstance(cell, float):
        if cell.is_integer():
            return str(int(cell))
        text = repr(cell)
        return format(Decimal(text), "f") if "e" in text else text
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date().isoformat()
    return str(cell)
