"""Reads a scenario from a workbook: the same data as from a TOML file, with the cells that its keys stand in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from planner import bookcells
from planner.bookcells import NO_ENTRIES
from planner.bookkeys import OTHER, TOP, Key, Page, folded, label, labels, pages
from planner.booksheets import KEY_COLUMN, Sheet, beside, cell_name, heads_of, known_sheets
from planner.columns import nearest
from planner.errors import Fault, PlannerError, ScenarioError
from planner.grammar import Wrong, quoted
from planner.pathfaults import is_file, path_fault, too_long, unreadable
from planner.sources import TableSource, one_line
from planner.tomlfile import UNREAD, Line, TomlFile
from planner.words import LANGUAGES
from planner.workbooks import read_cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


ENDINGS = (".xlsx", ".xlsm")
_OTHER_BOOKS = (".xls", ".xlsb", ".ods", ".et")
_Item: TypeAlias = "Line | Fault | _Written"


class _TakenError(Exception):
    """Two values for one key."""


@dataclass(frozen=True, eq=False)
class _Written:
    """A value, the path of its key, and the fault that it is where the key has another one already."""

    path: tuple[str, ...]
    value: Any
    taken: Fault


def is_book(path: Path) -> bool:
    """Whether a scenario's file is a workbook, by its ending."""
    return path.suffix.lower() in (*ENDINGS, *_OTHER_BOOKS)


def read_book(path: Path) -> TomlFile:
    """Read a scenario workbook of which every cell can be read; see `read_as_far`.

    Raises
    ------
    ScenarioError
        As `read_as_far` does, and for the faults that it finds.
    """
    file = read_as_far(path)
    if file.faults:
        raise ScenarioError(*file.faults)
    return file


def read_as_far(path: Path) -> TomlFile:
    """Read a scenario workbook as far as its cells can be read.

    Parameters
    ----------
    path
        The workbook, as `planner.bookwriter` writes it and a user fills it in; sheets, columns and lines may stand in
        any order, and be absent.

    Returns
    -------
    file
        The data as of a TOML file of the same content, the cells of its keys, and the faults of all cells.

    Raises
    ------
    ScenarioError
        If the file is not there or no scenario workbook.
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
    """Read a workbook that is in memory, as `read_as_far` does; `path` is only named."""
    shown = str(path)
    try:
        cells = read_cells(TableSource(file=path, shown=shown), content)
    except PlannerError as error:
        raise ScenarioError(*error.faults) from error
    sheets, faults = known_sheets(shown, cells)
    if not sheets:
        strange = all(fault.code == "book_sheet" for fault in faults)  # a table given in place of the scenario
        raise ScenarioError(*([Fault("book_foreign", shown)] if strange else faults))
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
    return TomlFile(path, data, tuple(item for item in items if isinstance(item, Line)), tuple(faults))


def glance(path: Path, key: str) -> str:
    """Text that a workbook gives a key of its first sheet, as far as a glance tells; empty where it gives none."""
    if not is_file(path):
        return ""
    try:
        cells = read_cells(TableSource(file=path, shown=str(path)), path.read_bytes())
    except (PlannerError, OSError, ValueError):
        return ""
    top = known_sheets(str(path), cells)[0].get(TOP)
    items = _read_page(top, pages()[0]) if top else ()
    found = (item.value for item in items if isinstance(item, _Written) and item.path == (key,))
    return next((value for value in found if isinstance(value, str)), "")


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


def _value(sheet: Sheet, key: Key, row: int, column: int, named: str) -> Any:
    """Value of a cell; None where it is blank, its fault where it is wrong."""
    if (text := sheet.spoilt.get((row, column))) is not None:
        code = "cell_error" if text.startswith("#") else "cell_formula"
        return sheet.fault(code, row, column, named, text=text)
    cell = sheet.cell(row, column)
    value = None if cell is None else bookcells.read_value(key, cell)
    return sheet.fault(value.code, row, column, named, **value.values) if isinstance(value, Wrong) else value


def _lines(sheet: Sheet, page: Page, key: Key, row: int, column: int, value: Any, entry: int = 0) -> Iterator[Line]:
    """Yield the line of a key, and those of the keys within a map."""
    table = ".".join((*page.section, *key.path[:-1]))
    yield sheet.line(table, key.path[-1], row, column, entry=entry, written=value is not None)
    for name in value if isinstance(value, dict) else ():
        yield sheet.line(f"{table}.{key.path[-1]}".strip("."), name, row, column, entry=entry)


def _unknown_key(sheet: Sheet, page: Page, row: int, column: int, text: str) -> Fault:
    """Say that a label is none of the sheet, and which one is near."""
    known = [label(page, key, language) for language in LANGUAGES for key in page.keys]
    near = nearest(text, known)
    chinese = " / ".join(label(page, key, "zh") for key in page.keys)
    code = "book_label_near" if near else "book_label"
    return sheet.fault(code, row, column, name=quoted(text), near=near, known=chinese)


def _read_page(sheet: Sheet, page: Page) -> Iterator[_Item]:
    return _read_entries(sheet, page) if page.entries else _read_keys(sheet, page)


def _read_keys(sheet: Sheet, page: Page) -> Iterator[_Item]:
    """Read a sheet with a line for each key: its label, its value; columns of notes are not read."""
    heads = heads_of(sheet, other=False)
    yield from heads.faults
    seen: dict[Key, int] = {}
    for row in range(len(sheet.rows)):
        text = sheet.cell(row, KEY_COLUMN)
        if text is None:
            if sheet.filled(row, heads.value):
                yield sheet.fault("book_nameless", row, heads.value)
            continue
        named = one_line(bookcells.shown(text))
        key = labels(page).get(folded(named))
        if key is None and row != heads.row:
            yield _unknown_key(sheet, page, row, KEY_COLUMN, named)
        elif key in seen:
            yield sheet.fault("book_twice", row, KEY_COLUMN, named, first=cell_name(seen[key], 0))
        elif key is not None:
            seen[key] = row
            value = _value(sheet, key, row, heads.value, named)
            if value is None and not heads.faults:
                yield from beside(sheet, heads, row)
            yield from _lines(sheet, page, key, row, heads.value, value)
            yield from _written(sheet, (*page.section, *key.path), value, row, heads.value)
    yield sheet.line(".".join(page.section), "", 0, 0)


def _written(sheet: Sheet, path: tuple[str, ...], value: Any, row: int, column: int) -> Iterator[_Item]:
    """Yield a value that is there, or its fault and that it could not be read."""
    if isinstance(value, Fault):
        yield value
        value = UNREAD
    if value is not None:
        name = ".".join(path)
        yield _Written(path, value, sheet.fault("book_taken", row, column, name, name=name))


# --- entries ---------------------------------------------------------------------------------------------------


def _read_entries(sheet: Sheet, page: Page) -> Iterator[_Item]:
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
                value = UNREAD
            if value is not None:
                entry = _joined(entry, _nested(key.path, value))
        for column in range(len(sheet.rows[row])):
            if sheet.filled(row, column) and not sheet.filled(head, column):
                yield sheet.fault("book_headless", row, column)
        entries.append(entry)
    if rows:
        # under a header that is not known may stand what the entries cannot do without
        yield from _written(sheet, page.section, UNREAD if faults else entries, head, 0)


def _columns(sheet: Sheet, page: Page, head: int) -> tuple[dict[int, Key], list[Fault]]:
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


def _read_other(sheet: Sheet) -> Iterator[_Item]:
    """Read keys with their values as in TOML: ``policy``, ``siting.new``, or ``[[clause]]`` for one entry."""
    heads = heads_of(sheet, other=True)
    yield from heads.faults
    for row in range(len(sheet.rows)):
        text = sheet.cell(row, KEY_COLUMN)
        named = bookcells.shown(text) if text is not None else ""
        if row == heads.row or not sheet.filled(row):
            continue
        value, path = _value(sheet, Key(("x",), "toml"), row, heads.value, named), _path(named)
        if path is None or value is None:
            yield sheet.fault("book_path", row, KEY_COLUMN, text=quoted(named))
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
