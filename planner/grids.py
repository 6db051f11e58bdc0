"""Reads the file of a table into lines of text; what the cells mean is not looked at here."""

from __future__ import annotations

import codecs
import csv
import io
import re
from typing import TYPE_CHECKING

from planner.errors import Fault, TableError
from planner.pathfaults import too_long, unreadable
from planner.sources import Sheet
from planner.vectors import read_layer
from planner.workbooks import read_workbook

if TYPE_CHECKING:
    from planner.sources import TableSource


_PIECE = 2**20
_LARGEST = 512 * 2**20
_MOST_LINES, _MOST_CELLS = 5_000_000, 50_000_000
# As many as Excel has.
_MOST_COLUMNS = 16_384
_ENCODINGS = ("utf-8-sig", "gb18030")
_CHINESE = re.compile("[\u4e00-\u9fff]")
# So many signs tell one encoding from the other.
_ENOUGH = 10_000


def read_lines(source: TableSource) -> Sheet:
    """Read the file of a source.

    Raises
    ------
    TableError
        If it is not there, larger than an office PC can hold, or cannot be read at all.
    """
    ending = source.file.suffix.lower()
    if ending not in _READERS:
        raise TableError(Fault("table_format", source.shown, values={"ending": ending}))
    if fault := unreadable(source.file, source.shown):
        raise TableError(fault)
    try:
        if source.file.stat().st_size > _LARGEST:
            raise TableError(Fault("table_file_large", source.shown))
        return _READERS[ending](source, source.file.read_bytes())
    except OSError as error:
        if isinstance(error, FileNotFoundError) or too_long(source.file):
            raise TableError(Fault("table_absent", source.shown)) from None
        raise TableError(Fault("table_closed", source.shown, values={"reason": error.strerror or ""})) from error


def _read_csv(source: TableSource, data: bytes) -> Sheet:
    line_ends = data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")
    if line_ends > _MOST_LINES or data.count(b",") > _MOST_CELLS:
        raise TableError(Fault("table_file_large", source.shown))
    if _is_utf16(data):
        raise TableError(Fault("table_utf16", source.shown))
    encoding = next((encoding for encoding in _ENCODINGS if _is_text(data, encoding)), None)
    if encoding is None or (encoding == "gb18030" and _is_damaged_utf8(data)):
        raise TableError(Fault("table_encoding", source.shown))
    # Strict: a quote that never closes would swallow the rest of the file without a word.
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(data), encoding, newline=""), strict=True)
    rows, lines, last, widest = [], [], 0, 0
    try:
        for row in reader:
            rows.append(row)
            lines.append(last + 1)
            last, widest = reader.line_num, max(widest, len(row))
            if widest > _MOST_COLUMNS or widest * len(rows) > _MOST_CELLS:  # each line is made as long as the header
                raise TableError(Fault("table_too_large", source.shown))
    except csv.Error as error:
        raise TableError(Fault("table_quotes", source.shown, row=last + 1, values={"reason": error})) from error
    return Sheet("", rows, lines)


def _is_utf16(data: bytes) -> bool:
    """Whether data begin with a mark of UTF-16, or their commas and line ends have the zero of its ASCII signs.

    A quarter of them is enough: the halves of Chinese characters look like some more, and no other text holds zeros.
    """
    start = data[:_PIECE]
    marks = start.count(b",") + start.count(b"\n")
    little, big = start.count(b",\0") + start.count(b"\n\0"), start.count(b"\0,") + start.count(b"\0\n")
    return data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or 4 * max(little, big) > marks


def _is_text(data: bytes, encoding: str) -> bool:
    """Whether data are text of an encoding, all of them; they are never decoded at once."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for start in range(0, len(data), _PIECE):
            decoder.decode(data[start : start + _PIECE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _is_damaged_utf8(data: bytes) -> bool:
    """Whether data that are no UTF-8 were meant to be: read as GB18030 they would be other characters, all of them."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    chinese = lost = 0
    for start in range(0, len(data), _PIECE):
        text = decoder.decode(data[start : start + _PIECE])
        lost += text.count("\ufffd")
        chinese += len(_CHINESE.findall(text))
        if chinese + lost > _ENOUGH:
            break
    return data.startswith(codecs.BOM_UTF8) or chinese > lost


_READERS = {
    ".csv": _read_csv,
    **dict.fromkeys((".xlsx", ".xlsm"), read_workbook),
    **dict.fromkeys((".gpkg", ".geojson", ".shp"), read_layer),
}
