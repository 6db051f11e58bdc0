"""Tables for `verify`: a plain reader of CSV, Excel and GeoJSON, with a list of headers of its own.

It reads what a table says where it says it plainly. What it cannot read is not guessed: `Unread` is raised, and the
report says that the result's own table was taken.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from python_calamine import CalamineWorkbook

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

_ASKED = {"demand": ("people", "setting", "lon", "lat"), "sites": ("name", "type", "status", "lon", "lat")}
_UNITS = re.compile(r"\((?:人|元|度|°|°e|°n|e|n|元/年|元/个|元/处|元/个/年|元/年/个)\)$")
_HEADER_LINES = 10
NOTHING = re.compile(
    r"[-—–_/\\|.。、*·~?×]+|无|没有|暂无|暂缺|否|未定|待定|不详|未知|n/a|none|null|nan|nil", re.IGNORECASE
)
"""Cells that say nothing."""


@cache
def known_words() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Headers of ``demand`` and ``sites`` by column; words of ``settings``, ``statuses``… by what they stand for."""
    file = files("planner") / "assets" / "verify" / "headers.toml"
    found: Mapping[str, Mapping[str, Sequence[str]]] = tomllib.loads(file.read_text(encoding="utf-8"))
    return found


class Unread(Exception):  # noqa: N818  (no error: the report says what was taken in its place)
    """A table that a plain reader cannot read; the argument is the word of the reason in ``verify.taken.*``."""


@dataclass(frozen=True)
class RawRow:
    """A row below the header.

    Attributes
    ----------
    line
        Line of the file.
    cells
        Column of the contract, or header as it stands -> text.
    headers
        Header as it stands -> text, for `keep`.
    """

    line: int
    cells: Mapping[str, str]
    headers: Mapping[str, str]


def _text(value: Any) -> str:
    """Cell of a workbook as its reader sees it: whole numbers without decimals, days as 2026-06-30."""
    if isinstance(value, bool) or value is None:
        return "" if value is None else str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**15:
        return str(int(value))
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _csv_lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030")
    reader = csv.reader(io.StringIO(text, newline=""))
    last = 0
    for cells in reader:
        yield last + 1, cells
        last = reader.line_num


def _sheet_lines(path: Path, sheet: str | None) -> Iterator[tuple[int, list[str]]]:
    with CalamineWorkbook.from_path(str(path)) as book:
        page = book.get_sheet_by_name(sheet or book.sheet_names[0])
        if page.merged_cell_ranges:
            raise Unread("merged")
        for number, row in enumerate(page.to_python(skip_empty_area=False), start=1):
            yield number, [_text(value) for value in row]


def _feature_lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Features of a GeoJSON file of points: a header, then a line for each; the place goes before columns of it."""
    features = json.loads(path.read_text(encoding="utf-8-sig"))["features"]
    names = list(dict.fromkeys(name for one in features for name in one["properties"] if name not in ("lon", "lat")))
    yield 0, [*names, "lon", "lat"]
    for number, one in enumerate(features, start=1):
        place = one["geometry"]
        if place is not None and place["type"] != "Point":
            raise Unread("format")
        spot = ["", ""] if place is None else [repr(float(part)) for part in place["coordinates"][:2]]
        yield number, [*(_text(one["properties"].get(name)) for name in names), *spot]


def _lines(path: Path, sheet: str | None) -> Iterator[tuple[int, list[str]]]:
    ending = path.suffix.lower()
    if ending == ".csv":
        return _csv_lines(path)
    if ending in {".xlsx", ".xlsm"}:
        return _sheet_lines(path, sheet)
    if ending == ".geojson":
        return _feature_lines(path)
    raise Unread("format")


def _folded(header: str) -> str:
    return _UNITS.sub("", "".join(unicodedata.normalize("NFKC", header).split()).casefold())


def column_of(header: str, kind: str) -> str | None:
    """Return which column of the contract a header stands for, ``demand`` or ``sites``; None where no one does."""
    folded = _folded(header)
    if kind == "demand" and re.fullmatch("people_.+", header):
        return header
    return next((name for name, words in known_words()[kind].items() if folded in {name, *map(_folded, words)}), None)


def _named(cells: Sequence[str], kind: str, columns: Mapping[str, str]) -> dict[str, int] | None:
    """Columns of a header line by the contract; None where one stands for what another one does."""
    headers = [cell.strip() for cell in cells]
    given = {name: headers.index(header.strip()) for name, header in columns.items() if header.strip() in headers}
    found: dict[str, int] = {}
    for place, header in enumerate(headers):
        name = column_of(header, kind) if header and place not in given.values() else None
        if name and name not in columns:
            if name in found:
                return None
            found[name] = place
    return {**found, **given} if len(given) == len(columns) else None


def read_rows(path: Path, kind: str, table: Mapping[str, Any], *, uncounted: Collection[str] = ()) -> list[RawRow]:
    """Read the rows below the header of a table; blank lines are not there.

    Parameters
    ----------
    path
        The file.
    kind
        ``demand`` or ``sites``.
    table
        What the scenario says of it.
    uncounted
        Columns that the table need not have.

    Raises
    ------
    Unread
        If the header is not one plain line that holds every column that is asked for, or the file is of another kind.
    """
    lines = [(line, cells) for line, cells in _lines(path, table.get("sheet")) if any(cell.strip() for cell in cells)]
    asked = {*_ASKED[kind]} - {*table.get("defaults", {})} - {*uncounted}
    for at, (_, cells) in enumerate(lines[:_HEADER_LINES]):
        place = _named(cells, kind, table.get("columns", {}))
        if place is not None and asked <= {*place}:
            headers = [cell.strip() for cell in cells]
            return [_row(line, below, place, headers) for line, below in lines[at + 1 :]]
    raise Unread("header")


def read_joined(path: Path, table: Mapping[str, Any], words: Collection[str]) -> list[RawRow]:
    """Read a table whose rows are known by a code: `cells` holds it, ``code``, and `headers` all of the row.

    Parameters
    ----------
    path
        The file.
    table
        What the scenario says of it; rows that `keep` does not name are not there.
    words
        Headers of the code, one of which must stand in one plain line.

    Raises
    ------
    Unread
        If there is no such line, or the file is of another kind.
    """
    lines = [(line, cells) for line, cells in _lines(path, table.get("sheet")) if any(cell.strip() for cell in cells)]
    known = {*map(_folded, words)}
    for at, (_, cells) in enumerate(lines[:_HEADER_LINES]):
        headers = [cell.strip() for cell in cells]
        places = [place for place, header in enumerate(headers) if _folded(header) in known]
        if len(places) == 1:
            rows = [_row(line, below, {"code": places[0]}, headers) for line, below in lines[at + 1 :]]
            kept = table.get("keep", {}).items()
            return [row for row in rows if all(row.headers.get(header) == text for header, text in kept)]
    raise Unread("header")


def read_links(path: Path, table: Mapping[str, Any], words: Mapping[str, Sequence[str]]) -> list[tuple[str, str, str]]:
    """Read a crosswalk: the code before, the code after, and the day, each empty where the line says nothing.

    Raises
    ------
    Unread
        If there is no plain line of headers with both codes, or a day that is not written as 2026-01-31.
    """
    lines = [cells for _, cells in _lines(path, table.get("sheet")) if any(cell.strip() for cell in cells)]
    columns = table.get("columns", {})
    known = {name: {*map(_folded, [columns[name]] if name in columns else [name, *words[name]])} for name in words}
    for at, cells in enumerate(lines[:_HEADER_LINES]):
        place = {name: [k for k, cell in enumerate(cells) if _folded(cell) in known[name]] for name in words}
        if len(place["old"]) == len(place["new"]) == 1 and len(place["date"]) <= 1:
            return [_link(below, {name: at[0] for name, at in place.items() if at}) for below in lines[at + 1 :]]
    raise Unread("header")


def _link(cells: Sequence[str], place: Mapping[str, int]) -> tuple[str, str, str]:
    old, new, day = (cells[place[name]].strip() if name in place else "" for name in ("old", "new", "date"))
    if day and not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", day):
        raise Unread("cell")
    return "" if NOTHING.fullmatch(old) else old, "" if NOTHING.fullmatch(new) else new, day


def _row(line: int, cells: Sequence[str], place: Mapping[str, int], headers: Sequence[str]) -> RawRow:
    texts = [cell.strip() for cell in cells] + [""] * (len(headers) - len(cells))
    return RawRow(line, {name: texts[at] for name, at in place.items()}, dict(zip(headers, texts, strict=False)))
