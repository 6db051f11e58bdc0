"""Reads a scenario from a workbook: the same data as from a TOML file, with the cells that its keys stand in."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from planner import bookcells
from planner.bookcells import NO_ENTRIES
from planner.bookkeys import GUIDE, OTHER, TOP, Key, Page, folded, label, labels, pages, sheet_name, sheet_names
from planner.columns import nearest
from planner.errors import Fault, PlannerError, ScenarioError
from planner.grammar import Wrong, quoted
from planner.pathfaults import is_file, path_fault, too_long, unreadable
from planner.sources import TableSource, one_line, strip
from planner.tomlfile import Line, TomlFile
from planner.words import LANGUAGES, say
from planner.workbooks import Cells, read_cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from planner.bookcells import Cell

ENDINGS = (".xlsx", ".xlsm")
_OTHER_BOOKS = (".xls", ".xlsb", ".ods", ".et")
_KEY_COLUMN = 0
_HEADERS = (("key", "value", "note"), ("path", "toml"))
"""Headers of a sheet with a line for each key, and of that of the keys that the models do not know."""


_Item: TypeAlias = "Line | Fault | _Written"


class _TakenError(Exception):
    """Two values for one key."""


@dataclass(frozen=True, eq=False)
class _Written:
    """A value, the path of its key, and the fault that it is where the key has another one already."""

    path: tuple[str, ...]
    value: Any
    taken: Fault


@dataclass(frozen=True, eq=False)
class _Sheet:
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


def is_book(path: Path) -> bool:
    """Whether a scenario's file is a workbook, by its ending."""
    return path.suffix.lower() in (*ENDINGS, *_OTHER_BOOKS)


def read_book(path: Path) -> TomlFile:
    """Read a scenario workbook.

    Parameters
    ----------
    path
        The workbook, as `planner.bookwriter` writes it and a user fills it in; sheets, columns and lines may stand in
        any order, and be absent.

    Returns
    -------
    file
        The data as of a TOML file of the same content, and the cells of its keys.

    Raises
    ------
    ScenarioError
        If the file is not there or no scenario workbook, or cells cannot be read; all of them are told.
    """
    shown = str(path)
    if path.suffix.lower() in _OTHER_BOOKS:
        raise ScenarioError(Fault("book_format", shown, values={"ending": path.suffix}))
    if fault := unreadable(path, shown):
        raise ScenarioError(fault)
    try:
        return read_book_bytes(path, path.read_bytes())
    except (FileNotFoundError, ValueError) as error:  # a path with a NUL is a ValueError
        raise ScenarioError(path_fault(path) if too_long(path) else Fault("file_missing", shown)) from error
    except OSError as error:
        raise ScenarioError(path_fault(path, error)) from error


def read_book_bytes(path: Path, content: bytes) -> TomlFile:
    """Read a workbook that is in memory, as `read_book` does; `path` is only named."""
    shown = str(path)
    try:
        cells = read_cells(TableSource(file=path, shown=shown), content)
    except PlannerError as error:
        raise ScenarioError(*error.faults) from error
    sheets, faults = _known_sheets(shown, cells)
    if not sheets and not faults:
        faults = [Fault("book_foreign", shown)]
    items = [item for page in pages() if page.name in sheets for item in _read_page(sheets[page.name], page)]
    items += _read_other(sheets[OTHER]) if OTHER in sheets else ()
    faults += [item for item in items if isinstance(item, Fault)]
    data: dict[str, Any] = {}
    for item in items:
        if isinstance(item, _Written):
            try:
                data = _joined(data, _nested(item.path, item.value))
            except _TakenError:
                faults.append(item.taken)
    if faults:
        raise ScenarioError(*faults)
    return TomlFile(path, data, tuple(item for item in items if isinstance(item, Line)))


def glance(path: Path, key: str) -> str:
    """Text that a workbook gives a key of its first sheet, as far as a glance tells; empty where it gives none."""
    if not is_file(path):
        return ""
    try:
        cells = read_cells(TableSource(file=path, shown=str(path)), path.read_bytes())
    except (PlannerError, OSError, ValueError):
        return ""
    top = _known_sheets(str(path), cells)[0].get(TOP)
    items = _read_page(top, pages()[0]) if top else ()
    return next((str(item.value) for item in items if isinstance(item, _Written) and item.path == (key,)), "")


# --- sheets ----------------------------------------------------------------------------------------------------


def _blank(cells: Cells) -> bool:
    return not cells.spoilt and all(cell is None for row in cells.rows for cell in map(_stripped, row))


def _stripped(cell: object) -> Cell | None:
    if isinstance(cell, str):
        return strip(cell) or None
    if isinstance(cell, bool | float | dt.date):
        return cell
    return float(cell) if isinstance(cell, int) else str(cell)


def _known_sheets(shown: str, cells: Sequence[Cells]) -> tuple[dict[str, _Sheet], list[Fault]]:
    """Find the sheets of the scenario by their names among the words. The guide is not read."""
    found: dict[str, _Sheet] = {}
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
            found[name] = _Sheet(shown, sheet.name, rows, sheet.spoilt)
            faults += _layout_faults(found[name], sheet, name)
    return found, faults


def _unknown_sheet(shown: str, name: str) -> Fault:
    known = [sheet_name(known, language) for language in LANGUAGES for known in sheet_names().values()]
    near = nearest(name, known)
    listed = " / ".join(dict.fromkeys(sheet_name(known, "zh") for known in sheet_names().values()))
    code = "book_sheet_near" if near else "book_sheet"
    return Fault(code, shown, name, values={"name": name, "near": near, "known": listed})


def _layout_faults(sheet: _Sheet, cells: Cells, name: str) -> Iterator[Fault]:
    """Find merged cells where values stand (which key is meant is not clear), and values that nobody sees."""
    entries = any(page.entries and page.name == name for page in pages())
    width = max([0, *map(len, sheet.rows)]) if entries else _headers(sheet, other=name == OTHER).value + 1
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


# --- keys ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Headers:
    """The line above the keys: its row (None without one), the columns of values and notes, and what is wrong."""

    row: int | None
    value: int = 1
    note: int | None = 2
    faults: tuple[Fault, ...] = ()


def _headers(sheet: _Sheet, *, other: bool) -> _Headers:
    """Find the column of the values by its header: users put columns of their own beside it.

    A sheet without a line of headers has its values next to the keys.
    """
    names = {word: [say(f"book.head.{word}", language) for language in LANGUAGES] for word in _HEADERS[other]}
    key, value, *note = ({*map(folded, texts)} for texts in names.values())
    texts = [[folded(cell) if isinstance(cell, str) else "" for cell in row] for row in sheet.rows]
    head = next((at for at, row in enumerate(texts) if row and row[_KEY_COLUMN] in key), None)
    if head is None:
        return _Headers(None)
    found = [column for column, text in enumerate(texts[head]) if text in value]
    notes = [column for column, text in enumerate(texts[head]) if note and text in note[0]]
    wrong = [sheet.fault("book_twice", head, column, first=cell_name(head, found[0])) for column in found[1:]]
    if not found:
        name = " / ".join(names[_HEADERS[other][1]])
        wrong = [sheet.fault("book_value_head", head, _KEY_COLUMN + 1, name=name)]
    return _Headers(head, next(iter(found), _KEY_COLUMN + 1), next(iter(notes), None), tuple(wrong))


def _beside(sheet: _Sheet, heads: _Headers, row: int) -> Iterator[Fault]:
    """Find what stands beside an empty value, in a column that is neither the notes' nor has a header of its own."""
    for column in range(_KEY_COLUMN + 1, len(sheet.rows[row])):
        named = heads.row is not None and sheet.filled(heads.row, column)
        if sheet.filled(row, column) and column not in (heads.value, heads.note) and not named:
            yield sheet.fault("book_beside", row, column, value=cell_name(row, heads.value))


def _nested(path: Sequence[str], value: Any) -> Any:
    """Return the tables down to a key with its value; an empty table is the last of them."""
    if value is bookcells.EMPTY_TABLE:
        return _nested(path[:-1], {})
    return {path[0]: _nested(path[1:], value)} if path else value


def _joined(before: Any, value: Any) -> Any:
    """Join what two places give one key: tables grow into each other, entries follow each other.

    Raises
    ------
    _TakenError
        If both give a value.
    """
    if before is None:
        return value
    if isinstance(before, dict) and isinstance(value, dict):
        return {**before, **{name: _joined(before.get(name), inner) for name, inner in value.items()}}
    if isinstance(before, list) and isinstance(value, list):
        return [*before, *value]
    raise _TakenError


def _value(sheet: _Sheet, key: Key, row: int, column: int, named: str) -> Any:
    """Value of a cell; None where it is blank, its fault where it is wrong."""
    if (text := sheet.spoilt.get((row, column))) is not None:
        code = "cell_error" if text.startswith("#") else "cell_formula"
        return sheet.fault(code, row, column, named, text=text)
    cell = sheet.cell(row, column)
    value = None if cell is None else bookcells.read_value(key, cell)
    return sheet.fault(value.code, row, column, named, **value.values) if isinstance(value, Wrong) else value


def _lines(sheet: _Sheet, page: Page, key: Key, row: int, column: int, value: Any, entry: int = 0) -> Iterator[Line]:
    """Yield the line of a key, and those of the keys within a map."""
    table = ".".join((*page.section, *key.path[:-1]))
    yield sheet.line(table, key.path[-1], row, column, entry=entry, written=value is not None)
    for name in value if isinstance(value, dict) else ():
        yield sheet.line(f"{table}.{key.path[-1]}".strip("."), name, row, column, entry=entry)


def _unknown_key(sheet: _Sheet, page: Page, row: int, column: int, text: str) -> Fault:
    """Say that a label is none of the sheet, and which one is near."""
    known = [label(page, key, language) for language in LANGUAGES for key in page.keys]
    near = nearest(text, known)
    chinese = " / ".join(label(page, key, "zh") for key in page.keys)
    code = "book_label_near" if near else "book_label"
    return sheet.fault(code, row, column, name=quoted(text), near=near, known=chinese)


def _read_page(sheet: _Sheet, page: Page) -> Iterator[_Item]:
    return _read_entries(sheet, page) if page.entries else _read_keys(sheet, page)


def _read_keys(sheet: _Sheet, page: Page) -> Iterator[_Item]:
    """Read a sheet with a line for each key: its label, its value; columns of notes are not read."""
    heads = _headers(sheet, other=False)
    yield from heads.faults
    seen: dict[Key, int] = {}
    for row in range(len(sheet.rows)):
        text = sheet.cell(row, _KEY_COLUMN)
        if text is None:
            if sheet.filled(row, heads.value):
                yield sheet.fault("book_nameless", row, heads.value)
            continue
        named = one_line(bookcells.shown(text))
        key = labels(page).get(folded(named))
        if key is None and row != heads.row:
            yield _unknown_key(sheet, page, row, _KEY_COLUMN, named)
        elif key in seen:
            yield sheet.fault("book_twice", row, _KEY_COLUMN, named, first=cell_name(seen[key], 0))
        elif key is not None:
            seen[key] = row
            value = _value(sheet, key, row, heads.value, named)
            if value is None and not heads.faults:
                yield from _beside(sheet, heads, row)
            yield from _lines(sheet, page, key, row, heads.value, value)
            yield from _written(sheet, (*page.section, *key.path), value, row, heads.value)
    yield sheet.line(".".join(page.section), "", 0, 0)


def _written(sheet: _Sheet, path: tuple[str, ...], value: Any, row: int, column: int) -> Iterator[_Item]:
    """Yield a value that is there, or its fault."""
    if isinstance(value, Fault):
        yield value
    elif value is not None:
        name = ".".join(path)
        yield _Written(path, value, sheet.fault("book_taken", row, column, name, name=name))


# --- entries ---------------------------------------------------------------------------------------------------


def _read_entries(sheet: _Sheet, page: Page) -> Iterator[_Item]:
    """Read a sheet with a row for each entry, below a line with the labels; a row ``[]`` says that there are none."""
    filled = [row for row in range(len(sheet.rows)) if sheet.filled(row)]
    if not filled:
        return
    head, *rows = filled
    columns, faults = _columns(sheet, page, head)
    yield from faults
    entries: list[dict[str, Any]] = []
    empty = [(page.keys[0], NO_ENTRIES)]
    for row in rows:
        if [(columns.get(at), cell) for at, cell in enumerate(sheet.rows[row]) if cell is not None] == empty:
            continue
        entry: dict[str, Any] = {}
        yield sheet.line(".".join(page.section), "", row, 0, entry=len(entries))
        for column, key in columns.items():
            value = _value(sheet, key, row, column, label(page, key, "zh"))
            yield from _lines(sheet, page, key, row, column, value, len(entries))
            if isinstance(value, Fault):
                yield value
            elif value is not None:
                entry = _joined(entry, _nested(key.path, value))
        for column in range(len(sheet.rows[row])):
            if sheet.filled(row, column) and not sheet.filled(head, column):
                yield sheet.fault("book_headless", row, column)
        entries.append(entry)
    if rows:
        yield from _written(sheet, page.section, entries, head, 0)


def _columns(sheet: _Sheet, page: Page, head: int) -> tuple[dict[int, Key], list[Fault]]:
    """Find the key of each column."""
    columns: dict[int, Key] = {}
    faults = []
    for column, cell in enumerate(sheet.rows[head]):
        if cell is None:
            continue
        named = one_line(bookcells.shown(cell))
        key = labels(page).get(folded(named))
        first = next((at for at, known in columns.items() if known == key), None)
        if key is None:
            faults.append(_unknown_key(sheet, page, head, column, named))
        elif first is not None:
            faults.append(sheet.fault("book_twice", head, column, named, first=cell_name(head, first)))
        else:
            columns[column] = key
    return columns, faults


# --- what the models do not know -------------------------------------------------------------------------------


def _read_other(sheet: _Sheet) -> Iterator[_Item]:
    """Read keys with their values as in TOML: ``policy``, ``siting.new``, or ``[[clause]]`` for one entry."""
    heads = _headers(sheet, other=True)
    yield from heads.faults
    for row in range(len(sheet.rows)):
        text = sheet.cell(row, _KEY_COLUMN)
        named = bookcells.shown(text) if text is not None else ""
        if row == heads.row or not sheet.filled(row):
            continue
        value, path = _value(sheet, Key(("x",), "toml"), row, heads.value, named), _path(named)
        if path is None or value is None:
            yield sheet.fault("book_path", row, _KEY_COLUMN, text=quoted(named))
            continue
        entry = named.startswith("[[") and not isinstance(value, Fault)
        yield from _written(sheet, path, [value] if entry else value, row, heads.value)
        yield sheet.line(".".join(path[:-1]), path[-1], row, heads.value)
        yield sheet.line(".".join(path), "", row, heads.value)


def _path(text: str) -> tuple[str, ...] | None:
    """Return the parts of a dotted key of TOML; None where it is none."""
    keys = bookcells.from_toml(f"{{ {text.removeprefix('[[').removesuffix(']]')} = 0 }}")
    path = []
    while isinstance(keys, dict) and len(keys) == 1:
        name, keys = next(iter(keys.items()))
        path.append(name)
    return tuple(path) if path and keys == 0 else None
