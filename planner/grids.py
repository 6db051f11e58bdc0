"""Reads a CSV file or an Excel sheet into a grid of text; what the cells mean is not looked at here."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
import zlib
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

import python_calamine

from planner.errors import Fault, TableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from planner.coordinates import System

_MIB = 2**20
_LARGEST_INFLATED = 512 * _MIB
_MOST_CELLS = 50_000_000
_NARROW = 26
_TAG = 200
# Excel keeps 15 digits of a number: a longer one has lost its end.
_EXCEL_EXACT = 10**15
_FAR_CELL = re.compile(rb'<c r="([A-Z]{2,3})[0-9]+"[^>/]*>')
_ROW = re.compile(rb'<row [^>]*?r="([0-9]{1,7})"')
_BROKEN_WORKBOOK = (python_calamine.CalamineError, zipfile.BadZipFile, zlib.error, EOFError, IndexError, RuntimeError)
_INVISIBLE = "\ufeff\u200b"


@dataclass(frozen=True)
class TableSource:
    """A table to read, and what its columns mean.

    Attributes
    ----------
    file
        Absolute path.
    shown
        Path as the user wrote it; faults name this one.
    coordinates
        ``wgs84``, ``gcj02``, ``bd09`` or ``cgcs2000``; None is a fault when a point lies in China's box.
    id
        Header of the column with the ids, or ``row``: the ids are then the file's stem, a hyphen and the line.
    columns
        Contract name -> header in the file.
    defaults
        Contract name -> value where the table has no such column, or an empty cell.
    keep
        Header -> text that a row must have; the other rows are left out and listed.
    layer
        Demand only: layer of the rows that name none.
    sheet
        Excel only: name of the sheet; None is the first one.
    """

    file: Path
    shown: str
    coordinates: System | None = None
    id: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, object] = field(default_factory=dict)
    keep: Mapping[str, str] = field(default_factory=dict)
    layer: str | None = None
    sheet: str | None = None


@dataclass(frozen=True, eq=False)
class Grid:
    """A file as text.

    Attributes
    ----------
    sheet
        Name of the sheet, empty for CSV.
    headers
        First line.
    cells
        Columns of stripped cells below it.
    lines
        Line of the file of each row.
    faults
        Rows and columns that do not fit.
    """

    sheet: str
    headers: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    faults: tuple[Fault, ...] = ()


def read_grid(source: TableSource) -> Grid:
    """Read the file of a source.

    Raises
    ------
    TableError
        If it is not there, or cannot be read at all.
    """
    readers = {".csv": _read_csv, ".xlsx": _read_xlsx}
    ending = source.file.suffix.lower()
    if ending not in readers:
        raise TableError(Fault("table_format", source.shown, values={"ending": ending}))
    try:
        return readers[ending](source, source.file.read_bytes())
    except FileNotFoundError:
        raise TableError(Fault("table_absent", source.shown)) from None
    except OSError as error:
        raise TableError(Fault("table_closed", source.shown, values={"reason": error.strerror or ""})) from error


def _read_csv(source: TableSource, data: bytes) -> Grid:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise TableError(Fault("table_encoding", source.shown))
    # Strict: a quote that never closes would swallow the rest of the file without a word.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows, lines, last = [], [], 0
    try:
        for row in reader:
            rows.append(row)
            lines.append(last + 1)
            last = reader.line_num
    except csv.Error as error:
        raise TableError(Fault("table_quotes", source.shown, row=last + 1, values={"reason": error})) from error
    return _grid(source, "", rows, lines)


def _read_xlsx(source: TableSource, data: bytes) -> Grid:
    try:
        _refuse_bomb(source, data)
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        name = book.sheet_names[0] if source.sheet is None else source.sheet
        if name not in book.sheet_names:
            values = {"sheet": name, "sheets": " / ".join(book.sheet_names)}
            raise TableError(Fault("absent_sheet", source.shown, values=values))
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except _BROKEN_WORKBOOK as error:
        raise TableError(Fault("table_workbook", source.shown)) from error
    cut = [
        Fault("code_cut", source.shown, name, row=line, column=str(rows[0][place]).strip())
        for line, row in enumerate(rows, 1)
        for place, cell in enumerate(row)
        if isinstance(cell, float) and abs(cell) >= _EXCEL_EXACT
    ]
    grid = _grid(source, name, [[_cell_text(cell) for cell in row] for row in rows], range(1, len(rows) + 1))
    return replace(grid, faults=(*grid.faults, *cut))


def _refuse_bomb(source: TableSource, data: bytes) -> None:
    """Refuse a workbook that needs more memory than an office PC has, before anything unpacks it whole."""
    inflated = 0
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in archive.infolist():
            widest, tallest, tail = _NARROW, 1, b""
            with archive.open(member) as stream:
                while chunk := stream.read(_MIB):
                    inflated += len(chunk)
                    text, tail = tail + chunk, chunk[-_TAG:]
                    widest = max(widest, *map(_letters_value, set(_FAR_CELL.findall(text))), 0)
                    tallest = max(tallest, *map(int, _ROW.findall(text)[-1:]), 0)
                    if inflated > _LARGEST_INFLATED or widest * tallest > _MOST_CELLS:
                        raise TableError(Fault("table_too_large", source.shown))


def _letters_value(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _cell_text(cell: object) -> str:
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else format(Decimal(repr(cell)), "f")
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date().isoformat()
    return str(cell)


def _grid(source: TableSource, sheet: str, rows: Sequence[Sequence[str]], lines: Sequence[int]) -> Grid:
    headers = tuple(strip(cell) for cell in rows[0]) if rows else ()
    if rows and not any(headers):
        return Grid(sheet, (), (), (), (Fault("table_headless", source.shown, sheet, row=1),))
    width = len(headers)
    body = [row if len(row) == width else [*row, *[""] * (width - len(row))][:width] for row in rows[1:]]
    faults = [
        Fault("row_too_long", source.shown, sheet, row=line, values={"cells": len(row), "headers": width})
        for line, row in zip(lines, rows, strict=True)
        if any(map(strip, row[width:]))
    ]
    cells = tuple(map(_strip_all, zip(*body, strict=True))) or ((),) * width
    nameless = [place + 1 for place, header in enumerate(headers) if not header and any(cells[place])]
    faults += [Fault("nameless_column", source.shown, sheet, row=1, values={"number": n}) for n in nameless]
    if not body:
        faults.append(Fault("table_empty", source.shown, sheet))
    return Grid(sheet, headers, cells, tuple(lines[1:]), tuple(faults))


def _strip_all(cells: Iterable[str]) -> tuple[str, ...]:
    stripped = tuple(map(str.strip, cells))
    return tuple(map(strip, stripped)) if any(mark in "".join(stripped) for mark in _INVISIBLE) else stripped


def strip(text: str) -> str:
    """Take white space and invisible marks off both ends."""
    return text.strip().strip(_INVISIBLE).strip()
