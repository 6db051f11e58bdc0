"""Opens a superior's form and finds the cells that are to be filled."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from planner.cellformats import CellFormat, read_formats, takes_percent
from planner.columns import nearest
from planner.crossings import crossing, texts_of
from planner.errors import Fault, TableError
from planner.grammar import Wrong, quoted
from planner.pathfaults import unreadable
from planner.sheetsplice import calculated_on_load, may_calculate, place_of, read_layout, reference_of
from planner.sheetxml import file_of
from planner.tablefaults import shortened
from planner.workbooks import Cells, read_cells

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from planner.formmap import CellWish
    from planner.sheetsplice import Layout, Place
    from planner.sources import TableSource

ENDINGS = (".xlsx", ".xlsm")
"""Files that a form may be."""

BOOK, STYLES = "xl/workbook.xml", "xl/styles.xml"
"""Parts about the workbook, and the styles of its cells."""

_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_LOCKED = "EncryptedPackage".encode("utf-16-le")
_FROM_1904 = re.compile(rb"""<(?:\w+:)?workbookPr\s[^>]*date1904\s*=\s*["'](?:1|true)["']""")


@dataclass(frozen=True)
class Target:
    """A cell that a wish means.

    Attributes
    ----------
    wish
        The wish.
    sheet, place
        Where the cell is.
    style, format
        Number of its style, and what its number format shows.
    before
        What it holds in the template, as text.
    """

    wish: CellWish
    sheet: str
    place: Place
    style: int
    format: CellFormat
    before: str


@dataclass(frozen=True, eq=False)
class Form:
    """A template with the cells that are to be filled.

    Attributes
    ----------
    source
        The template.
    data
        Its bytes.
    targets
        One for each wish, in their order.
    parts
        Name of a sheet -> name of its part in the file.
    book
        The part about the workbook as it is to be written: where there are formulas, it asks for their values.
    first_day
        Day of the number 0 of dates in its cells.
    """

    source: TableSource
    data: bytes
    targets: tuple[Target, ...]
    parts: Mapping[str, str]
    book: bytes
    first_day: dt.date


def open_form(source: TableSource, wishes: Sequence[CellWish]) -> Form:
    """Read a template and find the cell of every wish; figures are not asked for yet.

    Parameters
    ----------
    source
        The template; `sheet` is that of wishes that name none, else the first one that a user sees.
    wishes
        As `planner.formmap.read_map` reads them.

    Raises
    ------
    TableError
        With every fault: the file is not there, is an old .xls, has a password, or is broken; of each wish a sheet, row
        or column that is not there or stands twice, a cell that is none, lies within a merged one, holds a formula, or
        is wished for twice.
    """
    data = _bytes(source)
    cells = {sheet.name: sheet for sheet in read_cells(source, data)}
    spare = source.sheet or next((name for name, sheet in cells.items() if sheet.visible), "")
    wanted = {wish.sheet or spare for wish in wishes} & set(cells)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            book = archive.read(BOOK)
            parts = {name: file_of(archive, book, name) for name in cells}
            sheets = {name: archive.read(part) for name, part in parts.items()}
            calculating = {name for name, xml in sheets.items() if may_calculate(xml)}
            layouts = {name: read_layout(sheets[name]) for name in sorted(wanted | calculating)}
            styles = archive.read(STYLES) if STYLES in names else b""
            formats = _formats(styles) if styles else ()
            asking = calculated_on_load(book) if calculating else book
    except (LookupError, ValueError) as error:
        raise TableError(Fault("table_workbook", source.shown)) from error
    if len(set(names)) < len(names):  # which of two parts of one name counts, is not guessed
        raise TableError(Fault("table_workbook", source.shown))
    targets, faults = _targets(source.shown, wishes, spare, cells, layouts, formats)
    if faults:
        raise TableError(*shortened(faults))
    first_day = dt.date(1904, 1, 1) if _FROM_1904.search(book) else dt.date(1899, 12, 30)
    return Form(source, data, tuple(targets), parts, asking, first_day)


def _bytes(source: TableSource) -> bytes:
    ending = source.file.suffix.lower()
    if fault := unreadable(source.file, source.shown):
        raise TableError(fault)
    try:
        data = source.file.read_bytes()
    except FileNotFoundError:
        raise TableError(Fault("table_absent", source.shown)) from None
    except OSError as error:
        raise TableError(Fault("table_closed", source.shown, values={"reason": error.strerror or ""})) from error
    if data.startswith(_OLE):
        locked = _LOCKED in data
        raise TableError(Fault("form_locked", source.shown) if locked else Fault("form_old", source.shown))
    if ending not in ENDINGS:
        raise TableError(Fault("form_ending", source.shown, values={"ending": ending}))
    return data


def _formats(styles: bytes) -> tuple[CellFormat, ...]:
    """Return what each style shows; where no style can be added, cells of no format take shares as texts."""
    found = read_formats(styles)
    if takes_percent(styles):
        return found
    return tuple(CellFormat("text") if one.shows == "general" else one for one in found)


def _targets(
    shown: str,
    wishes: Sequence[CellWish],
    spare: str,
    cells: Mapping[str, Cells],
    layouts: Mapping[str, Layout],
    formats: Sequence[CellFormat],
) -> tuple[list[Target], list[Fault]]:
    """Find the cell of every wish, and what is wrong with the others."""
    texts = {name: texts_of(cells[name]) for name in {wish.sheet or spare for wish in wishes} & set(cells)}
    found: list[Target] = []
    faults: list[Fault] = []
    first: dict[tuple[str, Place], CellWish] = {}
    for wish in wishes:
        name = wish.sheet or spare
        if name not in cells:
            near = nearest(name, cells) or " / ".join(cells)
            faults.append(wish.fault("form_no_sheet", sheet=quoted(name), file=shown, sheets=near))
            continue
        place = _cell_of(wish) if wish.cell else crossing(texts[name], wish.row, wish.column)
        place = place if isinstance(place, Wrong) else _fillable(place, cells[name], layouts[name])
        if isinstance(place, Wrong):
            faults.append(wish.fault(place.code, sheet=quoted(name), **place.values))
            continue
        other = first.setdefault((name, place), wish)
        if other is not wish:
            told = {"sheet": quoted(name), "cell": reference_of(place), "line": other.line}
            faults.append(wish.fault("form_cell_twice", **told))
            continue
        style = layouts[name].style(place)
        number = int(style or 0)
        form = formats[number] if number < len(formats) else CellFormat("text")
        found.append(Target(wish, name, place, number, form, _before(cells[name], place)))
    return found, faults


def _cell_of(wish: CellWish) -> Place | Wrong:
    place = place_of(wish.cell)
    return Wrong("form_no_cell", {"cell": quoted(wish.cell)}) if place is None else place


def _fillable(place: Place, cells: Cells, layout: Layout) -> Place | Wrong:
    """Return a cell that may be filled, else what is in its way."""
    row, column = place[0] - 1, place[1] - 1
    for one in cells.merged:
        inside = one.top <= row <= one.bottom and one.left <= column <= one.right
        if inside and (row, column) != (one.top, one.left):
            first = reference_of((one.top + 1, one.left + 1))
            return Wrong("form_inside_merged", {"cell": reference_of(place), "first": first})
    return Wrong("form_formula", {"cell": reference_of(place)}) if layout.has_formula(place) else place


def _before(cells: Cells, place: Place) -> str:
    row = cells.rows[place[0] - 1] if place[0] <= len(cells.rows) else ()
    cell = row[place[1] - 1] if place[1] <= len(row) else ""
    return cell.strip() if isinstance(cell, str) else str(cell)
