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
    from collections.abc import Iterable, Iterator, Mapping, Sequence
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


@dataclass(frozen=True)
class Wanted:
    """What a table must have, known by its key (the file without its ending, the sheet by its title).

    Attributes
    ----------
    rows
        What its rows are called, each once.
    columns
        Headers.
    """

    rows: frozenset[str]
    columns: frozenset[str]


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
    wanted
        Tables that must be there, by key.
    """

    language: Language
    units: Mapping[str, Mapping[str, Any]]
    scopes: Mapping[tuple[str, str], Mapping[str, Any]]
    figures: Mapping[tuple[str, str, str, str], Mapping[str, Any]]
    pages: Sequence[Page] = field(default=())
    place: str = ""
    wanted: Mapping[str, Wanted] = field(default_factory=dict)


def word(key: str, language: Language) -> str:
    """Header of a column of the ledger."""
    return say(f"ledger.column.{key}", language)


def csv_figures(path: Path, found: Found) -> Iterator[Figure]:
    """Yield the figures of a CSV of the ledger: that it is there, its header known, where rows of it are wanted."""
    rows = rows_of(path) if path.exists() else []
    header = [*rows[0]] if rows else []
    if rows:
        yield from _table(path.name, path.stem, header, [[*row.values()] for row in rows], found)
    known = bool(rows) and bool(_page(header, found) or _kind(header, found))
    if path.stem in found.wanted:
        yield Figure(path.name, "", "", str(int(known)), "1", same=known)


def book_figures(path: Path, found: Found) -> Iterator[Figure]:
    """Yield the figures of every sheet of the ledger whose header is known, and that no table is absent."""
    keys = {say(f"ledger.sheet.{key}", found.language): key for key in found.wanted}
    seen: set[str] = set()
    pages: list[Page] = []
    sheets = {}
    if path.exists():
        with CalamineWorkbook.from_path(str(path)) as book:
            sheets = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}
    for name, rows in sheets.items():
        headers = [[*map(str, row)] for row in rows[:_HEADER_LINES]]
        at = next((at for at, one in enumerate(headers) if _page(one, found) or _kind(one, found)), None)
        if at is not None:
            seen.add(name)
            pages += filter(None, [_page(headers[at], found)])
            yield from _table(f"{path.name} {name}", keys.get(name, ""), headers[at], rows[at + 1 :], found)
    for name in keys:
        yield Figure(path.name, name, "", str(int(name in seen)), "1", same=name in seen)
    for page in found.pages:
        if page.rows and not page.some:
            there = any(one is page for one in pages)
            yield Figure(path.name, " ".join(sorted(page.marks)), "", str(int(there)), "1", same=there)


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
    yield from _headers(file, header, {name for row in page.rows.values() for name in _told(row)})
    for key in sorted(page.rows.keys() if page.more else seen.keys() | page.rows.keys()):
        wanted = min(seen[key], 1) if page.some and key in page.rows else int(key in page.rows)
        yield Figure(file, " ".join(filter(None, key)), "", str(seen[key]), str(wanted), same=seen[key] == wanted)


def _text(written: Any) -> str:
    """Text of a cell; of a workbook whole numbers without decimals, and days."""
    if isinstance(written, dt.datetime):
        return written.date().isoformat()
    whole = isinstance(written, float) and written.is_integer()
    return "" if written is None else str(int(written) if whole else written)


def _told(row: Mapping[str, Any]) -> Iterator[str]:
    """Yield the headers under which a row says something."""
    return (name for name, value in row.items() if value not in {None, ""})


def _headers(file: str, header: Sequence[str], wanted: Iterable[str]) -> Iterator[Figure]:
    """Yield the headers that a table must have, and those that it has twice."""
    counts = Counter(filter(None, header))
    for name in sorted({*wanted} | {name for name, number in counts.items() if number > 1}):
        yield Figure(file, name, "", str(counts[name]), "1", same=counts[name] == 1)


def _table(file: str, key: str, header: Sequence[str], rows: Sequence[Sequence[Any]], found: Found) -> Iterator[Figure]:
    if (page := _page(header, found)) is not None:
        yield from _page_figures(file, page, header, rows)
        return
    kind, wanted = _kind(header, found), found.wanted.get(key)
    seen = Counter[str]()
    for row in rows:
        cells = dict(zip(header, row, strict=False))
        name, values = _expected(kind, cells, found)
        seen[name] += values is not None or kind != "figures"
        for column in header:
            if values is not None and column in values:
                yield _figure(file, name, column, cells[column], values[column])
    yield from _headers(file, header, wanted.columns if wanted else ())
    for name in sorted(filter(None, seen.keys() | wanted.rows)) if wanted else ():
        asked = int(name in wanted.rows) if wanted else 0
        yield Figure(file, name, "", str(seen[name]), str(asked), same=seen[name] == asked)


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
