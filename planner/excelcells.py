"""Workbooks and their cells, written as what they are: a text is never a formula, a link or a piece of XML."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import xlsxwriter

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

CELL_MOST = 32_767
"""UTF-16 units that a cell of Excel holds."""

NAME_MOST = 31
"""UTF-16 units that the name of a sheet holds."""

_PLAIN = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
_UNDATED = dt.date(2000, 1, 1)
_NOT_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\'\x00-\x1f]+")
_KEPT_BY_EXCEL = "history"
_WIDE = re.compile("[\u2e81-\U0010ffff]")
_CUT = "…"


def new_book(path: Path, date: dt.date | None, **options: Any) -> Workbook:
    """Begin a workbook whose bytes depend on its content alone.

    Parameters
    ----------
    path
        The .xlsx to write.
    date
        Date that the file carries as its date of making; none is given where the data have none.
    **options
        Further options of xlsxwriter.
    """
    book = xlsxwriter.Workbook(str(path), {**_PLAIN, **options})
    book.set_properties({"created": dt.datetime.combine(date or _UNDATED, dt.time(), tzinfo=None)})
    return book


def clean(text: str) -> str:
    """Return a text as a cell can hold it.

    What XML cannot hold (control characters, halves of surrogate pairs) becomes U+FFFD, line ends become line feeds,
    and what is longer than a cell is cut, with a mark. One that looks like xlsxwriter's own rich text, which is written
    without any escape, gets a blank at its end.
    """
    if not text.isprintable():  # nearly all are
        text = _NOT_TEXT.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _cut(text, CELL_MOST)
    return f"{text} " if text.startswith("<r>") and text.endswith("</r>") else text


def _cut(text: str, most: int) -> str:
    """Cut a text to a number of UTF-16 units, the last of which is a mark."""
    if len(text) <= most // 2 or len(text.encode("utf-16-le")) // 2 <= most:
        return text
    return text.encode("utf-16-le")[: 2 * (most - 1)].decode("utf-16-le", errors="ignore") + _CUT


def sheet_name(wanted: str, taken: Collection[str]) -> str:
    """Return a name for a sheet that Excel takes, and that is none of `taken`; upper and lower case do not count."""
    plain = _NOT_IN_NAMES.sub("_", _NOT_TEXT.sub("_", wanted)).strip("_ ")
    plain = _first_units(plain, NAME_MOST) or "_"
    used = {name.casefold() for name in taken} | {_KEPT_BY_EXCEL}
    number, free = 1, plain
    while free.casefold() in used:
        number += 1
        free = f"{_first_units(plain, NAME_MOST - len(str(number)) - 1)}_{number}"
    return free


def _first_units(text: str, most: int) -> str:
    return text.encode("utf-16-le")[: 2 * most].decode("utf-16-le", errors="ignore")


def places(text: str) -> int:
    """Return how many places the longest line of a text takes; a Chinese character takes two."""
    if text.isascii() and "\n" not in text:
        return len(text)
    return max((len(line) + len(_WIDE.findall(line)) for line in text.split("\n")), default=0)


def write_cell(sheet: Worksheet, row: int, column: int, value: str | float | dt.date | None, style: Format) -> None:
    """Write a cell as what it is: a blank, a text, a date or a number."""
    if value is None or value == "":
        sheet.write_blank(row, column, None, style)
    elif isinstance(value, str):
        sheet.write_string(row, column, clean(value), style)
    elif isinstance(value, dt.date):
        sheet.write_datetime(row, column, value, style)
    else:
        sheet.write_number(row, column, value, style)
