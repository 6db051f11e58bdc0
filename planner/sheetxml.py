"""Finds in the XML of a workbook's sheet what python-calamine does not tell: errors, stale formulas, what is hidden.

Also how far its cells reach, before calamine makes room for all of them. A sheet is read piece by piece: its XML may
be hundreds of times as large as its file.
"""

from __future__ import annotations

import html
import io
import posixpath
import re
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import IO

    from numpy.typing import NDArray

    Runs = tuple[tuple[int, int], ...]

MIB = 2**20
_LONGEST_CELL = 8 * MIB
_LONGEST_PREFIX = 64
_MOST_STRINGS = 20_000_000
ORDINARY = (47, 1_049_999)
"""Columns and rows that a sheet is taken to have where no cell lies beyond them."""

# Tags of a workbook, with or without a prefix; an attribute may stand in either kind of quotes.
_INSIDE = rb"""(?:[^<>"']|"[^"<]*"|'[^'<]*')"""
_SHEET = re.compile(rb"<(?:\w+:)?sheet\s(" + _INSIDE + rb"*)>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\s(" + _INSIDE + rb"*)>")
_ATTRIBUTE = re.compile(rb"""([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_SHEET_END = re.compile(rb"</(?:\w+:)?sheetData>")
_CELL = re.compile(rb"<(?:\w+:)?c(?:\s([^>]*?))?(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_VALUE = re.compile(rb"<(?:\w+:)?v(?:\s[^>]*)?>([^<]+)<")
_FORMULA = re.compile(rb"<(?:\w+:)?f(?:\s[^>]*?)?(?:/>|>([^<]*)<)")
_UNCALCULATED = re.compile(rb"""<(?:\w+:)?calcPr\s[^>]*fullCalcOnLoad\s*=\s*["'](?:1|true)["']""")
_HIDDEN = re.compile(rb"""<(?:\w+:)?(row|col)\s([^>]*?\bhidden\s*=\s*["'](?:1|true)["'][^>]*)>""")
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
# What may reach farther than `ORDINARY` columns and rows: cells far out, and any that are not written as Excel does.
_FAR = re.compile(
    rb'<c(?:[>/]|\s(?:(?!r=")|r="(?:A[V-Z]|[B-Z][A-Z]|[A-Z]{3}|[A-Z]{0,2}(?:[0-9]{8}|(?!10[0-4])[0-9]{7})|[^A-Z])))'
)
# The ends of shared strings, and what Excel writes into none of them.
_STRING_END = re.compile(rb"</(?:\w+:)?si\s*>|<(?:\w+:)?si(?:\s[^>]*)?/>")
_UNUSUAL = re.compile(rb"<!")
_SHARED = re.compile(
    rb"""<(?:\w+:)?c\s(?:[^>]*?\s)?t\s*=\s*["']s["'][^>]*>\s*<(?:\w+:)?v(?:\s[^>]*)?>\s*([0-9]{1,9})\s*<"""
)
_PREFIXED = re.compile(rb":c[\s>/]")
_PLACED = re.compile(rb"<(?:\w+:)?(c|row)(?=[\s>/])(?:" + _INSIDE + rb"""*?\sr\s*=\s*["']\s*([A-Za-z]*)([0-9]*))?""")
# One of these stands in every piece that holds an error or a formula; looking for them is quick.
_SIGNS = (b't="e"', b"t='e'", b"<f", b":f")


@dataclass(frozen=True, eq=False)
class Marks:
    """What a sheet's own XML says; rows and columns count from 0.

    Attributes
    ----------
    unseen
        Row, column and text of the error cells, ``#REF!``, and of the formulas that hold no calculated value,
        ``=A1+B1``.
    hidden_rows, hidden_columns
        First and last of each run of rows, or columns, that Excel does not show: hidden, filtered out or folded up.
    """

    unseen: tuple[tuple[int, int, str], ...]
    hidden_rows: Runs
    hidden_columns: Runs


def read_marks(data: bytes, name: str) -> Marks:
    """Read what calamine does not tell of a sheet.

    Parameters
    ----------
    data
        The workbook.
    name
        Name of the sheet.

    Raises
    ------
    KeyError, ValueError, zipfile.BadZipFile
        Among others, where the workbook is broken.
    """
    unseen: list[tuple[int, int, str]] = []
    rows: list[int] = []
    columns: list[tuple[int, int]] = []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        book = archive.read("xl/workbook.xml")
        # A program that writes a formula without calculating it asks Excel to calculate all when the file is opened,
        # and writes 0, or nothing, as its value; other values were calculated by who asks for it all the same.
        stale = _UNCALCULATED.search(book) is not None
        with archive.open(file_of(archive, book, name)) as stream:
            for piece in _pieces(stream):
                if any(sign in piece for sign in _SIGNS):
                    unseen += _unseen(piece, stale=stale)
                for kind, text in _HIDDEN.findall(piece) if b"hidden" in piece else ():
                    tag = _attributes(text)
                    if kind == b"row" and "r" in tag:
                        rows.append(int(tag["r"]) - 1)
                    elif kind == b"col":
                        columns.append((int(tag["min"]) - 1, int(tag["max"]) - 1))
    return Marks(tuple(unseen), _runs((row, row) for row in rows), _runs(columns))


def is_ordinary(piece: bytes) -> bool:
    """Whether no cell in a piece of XML can lie beyond the `ORDINARY` columns and rows."""
    return _FAR.search(piece) is None and _PREFIXED.search(piece) is None


def extent(stream: IO[bytes]) -> tuple[int, int]:
    """Columns and rows that the cells of a sheet reach, wherever and however they are written."""
    widest = tallest = row = column = 0
    for piece in _pieces(stream):
        for kind, letters, digits in _PLACED.findall(piece):
            if kind == b"row":
                row, column = int(digits or row + 1), 0
            else:
                column = column_number(letters.decode().upper()) if letters else column + 1
                widest, tallest = max(widest, column), max(tallest, int(digits or row))
    return widest, tallest


def count_shared(piece: bytes) -> int:
    """Return how many cells in a piece of XML refer to a shared string, at most."""
    return piece.count(b'"s"') + piece.count(b"'s'")


def string_sizes(stream: IO[bytes]) -> NDArray[np.int64]:
    """Return how many bytes of XML each shared string takes, by its number; none where that is not plain.

    Raises
    ------
    ValueError
        If there are more strings than any workbook has.
    """
    sizes: list[int] = []
    size, rest = 0, b""
    while chunk := stream.read(MIB):
        text, at = rest + chunk, 0
        if _UNUSUAL.search(text):  # comments and the like hide where a string ends
            return np.empty(0, dtype=np.int64)
        for end in _STRING_END.finditer(text):
            sizes.append(size + end.end() - at)
            size, at = 0, end.end()
        kept = max(text.rfind(b"<", at), at, len(text) - _LONGEST_PREFIX)
        size, rest = size + kept - at, text[kept:]
        if len(sizes) > _MOST_STRINGS:
            raise ValueError(len(sizes))
    return np.array(sizes, dtype=np.int64)


def shared_bytes(stream: IO[bytes], sizes: NDArray[np.int64]) -> tuple[int, int]:
    """Return how many cells of a sheet show a shared string of those sizes, and its bytes once for each of them."""
    cells = found = 0
    for piece in _pieces(stream):
        numbers = np.array(_SHARED.findall(piece), dtype="S9").astype(np.int64)
        known = numbers[numbers < len(sizes)]
        cells += len(known)
        found += int(sizes[known].sum())
    return cells, found


def file_of(archive: zipfile.ZipFile, book: bytes, name: str) -> str:
    """Return the name of the file that holds a sheet."""
    links = {entry["Id"]: entry["Target"] for entry in _tags(_RELATION, archive.read("xl/_rels/workbook.xml.rels"))}
    link = next((entry["id"] for entry in _tags(_SHEET, book) if entry.get("name") == name), "")
    return posixpath.normpath(posixpath.join("/xl", links[link])).lstrip("/")


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the XML of a sheet up to the end of its rows in pieces of whole cells."""
    rest = b""
    while chunk := stream.read(MIB):
        text = rest + chunk
        near = text.rfind(b"sheetData>")
        if near >= 0 and (end := _SHEET_END.search(text, max(near - _LONGEST_PREFIX, 0))):
            yield text[: end.start()]
            return
        last = max(text.rfind(mark) for mark in (b"</row>", b":row>", b"<c ", b":c "))
        cut = text.rfind(b"<", 0, last + 1)
        if cut < 0 and len(text) > _LONGEST_CELL:
            raise ValueError(len(text))
        if cut >= 0:
            yield text[:cut]
        rest = text[max(cut, 0) :]
    yield rest


def _attributes(tag: bytes) -> dict[str, str]:
    """Attributes of a tag, names without their prefix."""
    return {
        name.decode().rpartition(":")[2]: html.unescape((double or single).decode())
        for name, double, single in _ATTRIBUTE.findall(tag)
    }


def _tags(pattern: re.Pattern[bytes], xml: bytes) -> Iterator[dict[str, str]]:
    return map(_attributes, pattern.findall(xml))


def _unseen(piece: bytes, *, stale: bool) -> Iterator[tuple[int, int, str]]:
    """Row, column and text of the error cells of a piece, and of its formulas that hold no calculated value."""
    for match in _CELL.finditer(piece):
        cell, content = _attributes(match[1] or b""), match[2] or b""
        value, formula = _VALUE.search(content), _FORMULA.search(content)
        place = _REFERENCE.fullmatch(cell.get("r", ""))
        if cell.get("t") == "e":
            text = value[1].decode() if value else "#N/A"
        elif formula and (
            (value is None and (stale or cell.get("t") != "str"))
            or (stale and value is not None and value[1].strip() == b"0" and cell.get("t", "n") == "n")
        ):
            text = "=" + html.unescape((formula[1] or b"").decode())
        else:
            continue
        if place is None:
            raise ValueError(text)
        yield int(place[2]) - 1, column_number(place[1]) - 1, text


def column_number(letters: str) -> int:
    """Return the number of a column, A is 1."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _runs(spans: Iterable[tuple[int, int]]) -> Runs:
    """Join spans that touch or overlap."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(found[-1][1], last)
        else:
            found.append((first, last))
    return tuple(found)
