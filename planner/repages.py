"""Tables of the ledger beside what `verify` found: CSV files and sheets of ledger.xlsx, known by their headers.

What a table holds is told by its header alone: communities, districts or towns, figures by scope and standard. So the
same comparison reads them all, in the words of their language; columns that nobody found again are passed over.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from python_calamine import CalamineWorkbook

from planner.recomputed import Figure
from planner.reresult import rows_of
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from planner.terms import Language

_HEADER_LINES = 6
_TENTH_MM = 100
_DEGREES = 1e-6


@dataclass(frozen=True)
class Length:
    """Whole millimetres, written in metres: with 3 decimals in a CSV, to a tenth in the workbook."""

    mm: int


@dataclass(frozen=True)
class Degrees:
    """A longitude or latitude, written with 7 decimals."""

    value: float


@dataclass(frozen=True, eq=False)
class Page:
    """A table of which every row is known.

    Attributes
    ----------
    marks
        Headers by which it is told from others.
    keys
        Headers of which the texts tell its rows apart.
    rows
        Texts of the keys -> header -> value, as in `Found`.
    alone
        Whether it has no header but these.
    some, more
        Whether it may leave out rows, and whether it may have others.
    """

    marks: frozenset[str]
    keys: tuple[str, ...]
    rows: Mapping[tuple[str, ...], Mapping[str, Any]]
    alone: bool = False
    some: bool = False
    more: bool = False


@dataclass(frozen=True, eq=False)
class Found:
    """What tables of the ledger should say, under their headers.

    Attributes
    ----------
    language
        Language of the headers.
    units
        Community -> header -> text, whole number, `Length`, exact share, or None for a blank.
    scopes
        Level and scope -> the same.
    figures
        Texts of scope, standard, way of counting and group (empty where a table has no such column) -> the same.
    pages
        Further tables.
    place
        What the whole is called; empty for the whole city.
    """

    language: Language
    units: Mapping[str, Mapping[str, Any]]
    scopes: Mapping[tuple[str, str], Mapping[str, Any]]
    figures: Mapping[tuple[str, str, str, str], Mapping[str, Any]]
    pages: Sequence[Page] = field(default=())
    place: str = ""


def word(key: str, language: Language) -> str:
    """Header of a column of the ledger."""
    return say(f"ledger.column.{key}", language)


def csv_figures(path: Path, found: Found) -> Iterator[Figure]:
    """Yield the figures of a CSV of the ledger; nothing where it is not there."""
    rows = rows_of(path) if path.exists() else []
    if rows:
        yield from _table(path.name, [*rows[0]], [[*row.values()] for row in rows], found)


def book_figures(path: Path, found: Found) -> Iterator[Figure]:
    """Yield the figures of every sheet of the ledger whose header is known."""
    if not path.exists():
        return
    with CalamineWorkbook.from_path(str(path)) as book:
        for name in book.sheet_names:
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            headers = [[*map(str, row)] for row in rows[:_HEADER_LINES]]
            at = next((at for at, one in enumerate(headers) if _page(one, found) or _kind(one, found)), None)
            if at is not None:
                yield from _table(f"{path.name} {name}", [*map(str, rows[at])], rows[at + 1 :], found)


def _kind(header: Sequence[str], found: Found) -> str:
    """Return what the rows below a header are: communities, scopes or figures; empty for anything else."""
    marks = {
        "units": ("unit_id", "verdict"),
        "figures": ("scope", "standard", "people"),
        "scopes": ("district", "communities"),
    }
    kinds = (kind for kind, keys in marks.items() if {word(key, found.language) for key in keys} <= {*header})
    return next(kinds, "")


def _page(header: Sequence[str], found: Found) -> Page | None:
    """Return the page that a header is of."""
    held = {*filter(None, header)}
    return next((page for page in found.pages if (page.marks == held if page.alone else page.marks <= held)), None)


def _page_figures(file: str, page: Page, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[Figure]:
    """Yield every cell of a page that is known, and rows that one side has and the other has not."""
    seen = Counter[tuple[str, ...]]()
    for row in rows:
        cells = dict(zip(header, row, strict=False))
        key = tuple(_text(cells.get(name)) for name in page.keys)
        if any(key):
            seen[key] += 1
            for column, value in page.rows.get(key, {}).items():
                if column in cells:
                    yield _figure(file, " ".join(filter(None, key)), column, cells[column], value)
    for key in sorted(page.rows.keys() if page.more else seen.keys() | page.rows.keys()):
        wanted = min(seen[key], 1) if page.some and key in page.rows else int(key in page.rows)
        yield Figure(file, " ".join(filter(None, key)), "", str(seen[key]), str(wanted), same=seen[key] == wanted)


def _text(written: Any) -> str:
    """Text of a cell; of a workbook whole numbers without decimals, and days."""
    if isinstance(written, dt.datetime):
        return written.date().isoformat()
    whole = isinstance(written, float) and written.is_integer()
    return "" if written is None else str(int(written) if whole else written)


def _table(file: str, header: Sequence[str], rows: Sequence[Sequence[Any]], found: Found) -> Iterator[Figure]:
    if (page := _page(header, found)) is not None:
        yield from _page_figures(file, page, header, rows)
        return
    kind = _kind(header, found)
    seen = Counter[str]()
    for row in rows:
        cells = dict(zip(header, row, strict=False))
        name, values = _expected(kind, cells, found)
        if values is None:
            continue
        seen[name] += 1
        for column in header:
            if column in values:
                yield _figure(file, name, column, cells[column], values[column])
    if kind == "units" and word("points", found.language) in header:
        for unit in found.units:
            yield Figure(file, unit, "", str(seen[unit]), "1", same=seen[unit] == 1)


def _expected(kind: str, cells: Mapping[str, Any], found: Found) -> tuple[str, Mapping[str, Any] | None]:
    """Return what a row is called, and what it should say; None for one that nothing is known of."""

    def text(key: str) -> str:
        return str(cells.get(word(key, found.language)) or "")

    if kind == "units":
        return text("unit_id"), found.units.get(text("unit_id"))
    if kind == "figures":
        key = (text("scope"), text("standard"), text("variant"), text("group"))
        return " ".join(filter(None, key)), found.figures.get(key)
    district, town = text("district"), text("town")
    if district == (found.place or say("ledger.whole_city", found.language)) and not town:
        return district, found.scopes.get(("city", ""))
    if word("town", found.language) in cells:
        name = f"{district}/{town}".removeprefix("/")
        return name, found.scopes.get(("town", name))
    return district, found.scopes.get(("district", district))


def _figure(file: str, row: str, column: str, written: Any, value: Any) -> Figure:
    """Set a cell beside its value, in the form of the file."""
    text = _text(written)
    if value is None or isinstance(value, str):
        return Figure(file, row, column, text, value or "", same=text == (value or ""))
    try:
        number = Fraction(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        return Figure(file, row, column, text, str(value), same=False)
    if isinstance(value, Length):
        slack = 0 if file.endswith(".csv") else _TENTH_MM
        shown = f"{value.mm // 1000}.{value.mm % 1000:03d}"
        return Figure(file, row, column, text, shown, same=abs(number * 1000 - value.mm) <= slack)
    if isinstance(value, Degrees):
        return Figure(file, row, column, text, f"{value.value:.7f}", same=abs(float(number) - value.value) <= _DEGREES)
    if isinstance(value, Fraction):  # shares are rounded down to a tenth of a percent
        tenths = math.floor(value * 1000)
        return Figure(file, row, column, text, f"{tenths / 10:g}%", same=round(number * 1000) == tenths)
    return Figure(file, row, column, text, str(value), same=number == value)
