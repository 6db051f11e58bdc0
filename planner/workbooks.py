"""Reads a sheet of an Excel workbook into lines of text, with what the library below passes over in silence.

python-calamine gives error cells and formulas without a value as empty cells. They are found in the sheet's own XML
and put into the lines as Excel shows them: ``#REF!``, and ``=A1+B1`` for a formula that was never calculated.
"""

from __future__ import annotations

import datetime as dt
import html
import io
import posixpath
import re
import struct
import zipfile
import zlib
from decimal import Decimal
from typing import TYPE_CHECKING

import python_calamine

from planner.errors import Fault, TableError
from planner.sources import Merged, Sheet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from planner.sources import TableSource

_MIB = 2**20
_LARGEST_INFLATED = 512 * _MIB
_MOST_CELLS = 50_000_000
_NARROW = 26
_TAG = 200
# Excel keeps 15 digits of a number: a longer one has lost its end.
_EXCEL_EXACT = 10**15
_FAR_CELL = re.compile(rb'<c r="([A-Z]{2,3})[0-9]+"[^>/]*>')
_ROW = re.compile(rb'<row [^>]*?r="([0-9]{1,7})"')
_BROKEN_WORKBOOK = (
    python_calamine.CalamineError, zipfile.BadZipFile, zlib.error, struct.error, EOFError, LookupError, RuntimeError,
    ValueError,
)  # fmt: skip

# Tags of a workbook, with or without a prefix; an attribute may stand in either kind of quotes.
_SHEET = re.compile(rb"<(?:\w+:)?sheet\s([^>]*)>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\s([^>]*)>")
_ATTRIBUTE = re.compile(rb"""([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_SHEET_END = re.compile(rb"</(?:\w+:)?sheetData>")
_CELL = re.compile(rb"<(?:\w+:)?c(?:\s([^>]*?))?(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_VALUE = re.compile(rb"<(?:\w+:)?v(?:\s[^>]*)?>([^<]+)<")
_FORMULA = re.compile(rb"<(?:\w+:)?f(?:\s[^>]*?)?(?:/>|>([^<]*)<)")
_UNCALCULATED = re.compile(rb"""<(?:\w+:)?calcPr\s[^>]*fullCalcOnLoad\s*=\s*["'](?:1|true)["']""")
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


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
        rows = sheet.to_python(skip_empty_area=False)
        ranges = sheet.merged_cell_ranges or []
        unseen = list(_unseen(data, name))
    except _BROKEN_WORKBOOK as error:
        raise TableError(Fault("table_workbook", source.shown)) from error
    cut = tuple(
        (y, x)
        for y, row in enumerate(rows)
        for x, cell in enumerate(row)
        if isinstance(cell, float) and abs(cell) >= _EXCEL_EXACT
    )
    texts = _texts(source, rows, ranges, unseen)
    uncalculated = frozenset((y, x) for y, x, text in unseen if text.startswith("="))
    others = [other for other in _visible(book) if other != name]
    doubts = (Fault("first_sheet", source.shown, name, values={"sheets": " / ".join(others)}),)
    merged = tuple(Merged(*first, *last) for first, last in ranges)
    return Sheet(
        name=name,
        rows=texts,
        lines=range(1, len(texts) + 1),
        merged=merged,
        cut=cut,
        uncalculated=uncalculated,
        doubts=doubts if others and source.sheet is None else (),
    )


def _texts(
    source: TableSource,
    rows: Sequence[Sequence[object]],
    ranges: Sequence[tuple[tuple[int, int], tuple[int, int]]],
    unseen: Sequence[tuple[int, int, str]],
) -> list[list[str]]:
    """Return all cells as text, the unseen ones among them, where they are not too many."""
    height = max([len(rows), *(y + 1 for y, _, _ in unseen)])
    width = max([0, *map(len, rows), *(x + 1 for _, x, _ in unseen)])
    if height * width > _MOST_CELLS:
        raise TableError(Fault("table_too_large", source.shown))
    if not _disjoint(ranges, height, width):
        raise TableError(Fault("table_workbook", source.shown))
    texts = [[_cell_text(cell) for cell in row] for row in rows]
    for y, x, text in unseen:
        texts.extend([] for _ in range(len(texts), y + 1))
        texts[y].extend([""] * (x + 1 - len(texts[y])))
        texts[y][x] = text
    return texts


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
    names = [sheet.name for sheet in book.sheets_metadata if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet]
    name = names[0] if source.sheet is None else source.sheet
    if name not in names:
        values = {"sheet": name, "sheets": " / ".join(names)}
        raise TableError(Fault("absent_sheet", source.shown, values=values))
    if visible and name not in visible:
        raise TableError(Fault("hidden_sheet", source.shown, name, values={"sheets": " / ".join(visible)}))
    return name


def _visible(book: python_calamine.CalamineWorkbook) -> list[str]:
    """Names of the sheets that a user sees."""
    kind, seen = python_calamine.SheetTypeEnum.WorkSheet, python_calamine.SheetVisibleEnum.Visible
    return [sheet.name for sheet in book.sheets_metadata if sheet.typ == kind and sheet.visible == seen]


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


# --- what the library does not tell ------------------------------------------------------------------------------


def _attributes(tag: bytes) -> dict[str, str]:
    """Attributes of a tag, names without their prefix."""
    return {
        name.decode().rpartition(":")[2]: html.unescape((double or single).decode())
        for name, double, single in _ATTRIBUTE.findall(tag)
    }


def _unseen(data: bytes, name: str) -> Iterator[tuple[int, int, str]]:
    """Row, column and text of the error cells of a sheet, and of its formulas that hold no calculated value."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        book = archive.read("xl/workbook.xml")
        links = {entry["Id"]: entry["Target"] for entry in _tags(_RELATION, archive.read("xl/_rels/workbook.xml.rels"))}
        link = next(entry["id"] for entry in _tags(_SHEET, book) if entry.get("name") == name)
        xml = _SHEET_END.split(archive.read(posixpath.normpath(posixpath.join("/xl", links[link])).lstrip("/")), 1)[0]
    # A program that writes a formula without calculating it asks Excel to calculate all when the file is opened.
    stale = _UNCALCULATED.search(book) is not None
    for match in _CELL.finditer(xml) if re.search(rb"""\bt=["']e["']|<(?:\w+:)?f[\s>/]""", xml) else ():
        cell, content = _attributes(match[1] or b""), match[2] or b""
        value, formula = _VALUE.search(content), _FORMULA.search(content)
        place = _REFERENCE.fullmatch(cell.get("r", ""))
        if cell.get("t") == "e":
            text = value[1].decode() if value else "#N/A"
        elif formula and (stale or (value is None and cell.get("t") != "str")):
            text = "=" + html.unescape((formula[1] or b"").decode())
        else:
            continue
        if place is None:
            raise ValueError(text)
        yield int(place[2]) - 1, _letters_value(place[1].encode()) - 1, text


def _tags(pattern: re.Pattern[bytes], xml: bytes) -> Iterator[dict[str, str]]:
    return map(_attributes, pattern.findall(xml))
