"""The sheets of a scenario workbook: which there are, where their keys and values stand, and what nobody can mean."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from planner.bookkeys import GUIDE, OTHER, folded, pages, sheet_name, sheet_names
from planner.columns import nearest
from planner.errors import Fault
from planner.sources import strip
from planner.tomlfile import Line
from planner.words import LANGUAGES, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planner.bookcells import Cell
    from planner.workbooks import Cells

KEY_COLUMN = 0
_HEADERS = (("key", "value", "note"), ("path", "toml"))
"""Headers of a sheet with a line for each key, and of that of the keys that the models do not know."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """A sheet with its cells as they are read: texts stripped, blank ones None."""

    shown: str
    name: str
    rows: Sequence[Sequence[Cell | None]]
    spoilt: Mapping[tuple[int, int], str]

    def fault(self, code: str, row: int, column: int, key: str = "", **values: object) -> Fault:
        """Make a fault that stands in a cell."""
        cell = cell_name(row, column)
        return Fault(code, self.shown, sheet=self.name, row=row + 1, column=key, values=values, cell=cell)

    def cell(self, row: int, column: int) -> Cell | None:
        """Return a cell; None where it is blank."""
        cells = self.rows[row]
        return cells[column] if column < len(cells) else None

    def filled(self, row: int, column: int | None = None) -> bool:
        """Whether a cell, or any cell of a row, holds anything."""
        if column is None:
            return any(cell is not None for cell in self.rows[row]) or any(y == row for y, _ in self.spoilt)
        return self.cell(row, column) is not None or (row, column) in self.spoilt

    def line(self, table: str, key: str, row: int, column: int, *, entry: int = 0, written: bool = True) -> Line:
        """Return where a key stands."""
        return Line(table, entry, key, row + 1, self.name, cell_name(row, column), written)


def cell_name(row: int, column: int) -> str:
    """Name of a cell, such as ``D5``, of its row and column counted from 0."""
    letters = ""
    number = column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row + 1}"


def _blank(cells: Cells) -> bool:
    return not cells.spoilt and all(cell is None for row in cells.rows for cell in map(_stripped, row))


def _stripped(cell: object) -> Cell | None:
    if isinstance(cell, str):
        return strip(cell) or None
    if isinstance(cell, bool | float | dt.date):
        return cell
    return float(cell) if isinstance(cell, int) else str(cell)


def known_sheets(shown: str, cells: Sequence[Cells]) -> tuple[dict[str, Sheet], list[Fault]]:
    """Find the sheets of the scenario by their names among the words. The guide is not read."""
    found: dict[str, Sheet] = {}
    faults: list[Fault] = []
    for sheet in cells:
        name = sheet_names().get(folded(sheet.name))
        if name == GUIDE or _blank(sheet):
            continue
        if not sheet.visible:
            faults.append(Fault("book_hidden", shown, sheet.name))
        elif name is None:
            faults.append(_unknown_sheet(shown, sheet.name))
        elif name in found:
            faults.append(Fault("book_sheet_twice", shown, sheet.name, values={"first": found[name].name}))
        else:
            height = max([len(sheet.rows), *(row + 1 for row, _ in sheet.spoilt)])
            rows = [[_stripped(cell) for cell in row] for row in sheet.rows] + [[]] * (height - len(sheet.rows))
            found[name] = Sheet(shown, sheet.name, rows, sheet.spoilt)
            faults += _layout_faults(found[name], sheet, name)
    return found, faults


def _unknown_sheet(shown: str, name: str) -> Fault:
    known = [sheet_name(known, language) for language in LANGUAGES for known in sheet_names().values()]
    near = nearest(name, known)
    listed = " / ".join(dict.fromkeys(sheet_name(known, "zh") for known in sheet_names().values()))
    code = "book_sheet_near" if near else "book_sheet"
    return Fault(code, shown, name, values={"name": name, "near": near, "known": listed})


def _layout_faults(sheet: Sheet, cells: Cells, name: str) -> Iterator[Fault]:
    """Find merged cells where values stand (which key is meant is not clear), and values that nobody sees."""
    entries = any(page.entries and page.name == name for page in pages())
    width = max([0, *map(len, sheet.rows)]) if entries else heads_of(sheet, other=name == OTHER).value + 1
    for merged in cells.merged:
        if merged.left < width:
            rows, columns = merged.bottom - merged.top + 1, merged.right - merged.left + 1
            yield sheet.fault("book_merged", merged.top, merged.left, rows=rows, columns=columns)
    filled = [(row, column) for row in range(len(sheet.rows)) for column in range(width) if sheet.filled(row, column)]
    for first, last in cells.hidden_rows:
        if where := next((place for place in filled if first <= place[0] <= last), None):
            yield sheet.fault("book_hidden_row", *where)
    for first, last in cells.hidden_columns:
        if where := next((place for place in filled if first <= place[1] <= last), None):
            yield sheet.fault("book_hidden_column", *where)


@dataclass(frozen=True)
class Heads:
    """The line above the keys: its row (None without one), the columns of values and notes, and what is wrong."""

    row: int | None
    value: int = 1
    note: int | None = 2
    faults: tuple[Fault, ...] = ()


def heads_of(sheet: Sheet, *, other: bool) -> Heads:
    """Find the column of the values by its header: users put columns of their own beside it.

    A sheet without a line of headers has its values next to the keys.
    """
    names = {word: [say(f"book.head.{word}", language) for language in LANGUAGES] for word in _HEADERS[other]}
    key, value, *note = ({*map(folded, texts)} for texts in names.values())
    texts = [[folded(cell) if isinstance(cell, str) else "" for cell in row] for row in sheet.rows]
    head = next((at for at, row in enumerate(texts) if row and row[KEY_COLUMN] in key), None)
    if head is None:
        return Heads(None)
    found = [column for column, text in enumerate(texts[head]) if text in value]
    notes = [column for column, text in enumerate(texts[head]) if note and text in note[0]]
    wrong = [sheet.fault("book_twice", head, column, first=cell_name(head, found[0])) for column in found[1:]]
    if not found:
        name = " / ".join(names[_HEADERS[other][1]])
        wrong = [sheet.fault("book_value_head", head, KEY_COLUMN + 1, name=name)]
    return Heads(head, next(iter(found), KEY_COLUMN + 1), next(iter(notes), None), tuple(wrong))


def beside(sheet: Sheet, heads: Heads, row: int) -> Iterator[Fault]:
    """Find what stands beside an empty value, in a column that is neither the notes' nor has a header of its own."""
    for column in range(KEY_COLUMN + 1, len(sheet.rows[row])):
        named = heads.row is not None and sheet.filled(heads.row, column)
        if sheet.filled(row, column) and column not in (heads.value, heads.note) and not named:
            yield sheet.fault("book_beside", row, column, value=cell_name(row, heads.value))
