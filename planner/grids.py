"""Reads the file of a table into lines of text; what the cells mean is not looked at here."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from planner.errors import Fault, TableError
from planner.sources import Sheet
from planner.vectors import read_layer
from planner.workbooks import read_workbook

if TYPE_CHECKING:
    from planner.sources import TableSource


def read_lines(source: TableSource) -> Sheet:
    """Read the file of a source.

    Raises
    ------
    TableError
        If it is not there, or cannot be read at all.
    """
    ending = source.file.suffix.lower()
    if ending not in _READERS:
        raise TableError(Fault("table_format", source.shown, values={"ending": ending}))
    try:
        return _READERS[ending](source, source.file.read_bytes())
    except FileNotFoundError:
        raise TableError(Fault("table_absent", source.shown)) from None
    except OSError as error:
        raise TableError(Fault("table_closed", source.shown, values={"reason": error.strerror or ""})) from error


def _read_csv(source: TableSource, data: bytes) -> Sheet:
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
    return Sheet("", rows, lines)


_READERS = {
    ".csv": _read_csv,
    **dict.fromkeys((".xlsx", ".xlsm"), read_workbook),
    **dict.fromkeys((".gpkg", ".geojson", ".shp"), read_layer),
}
