"""Which value of a scenario stands in which cell of a workbook, and what has no place there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from planner.bookcells import NO_ENTRIES, NO_KEYS, Cell, cell_of, to_toml, toml_key
from planner.bookkeys import Key, Page, pages
from planner.errors import Fault
from planner.grammar import quoted
from planner.tomlfile import line_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from planner.terms import Language
    from planner.tomlfile import TomlFile

Row: TypeAlias = Mapping[Key, Cell]
"""Cells of one entry."""

_TOML = Key(("x",), "toml")


def _at(data: Any, path: Sequence[str]) -> Any:
    """Return the value at a path; None where there is none."""
    for name in path:
        data = data.get(name) if isinstance(data, Mapping) else None
    return data


def key_values(page: Page, data: Mapping[str, Any], language: Language) -> dict[Key, Cell]:
    """Return the cells of a sheet with a line for each key, as far as values fit into them."""
    found = {}
    for key in page.keys:
        value = _at(data, (*page.section, *key.path))
        cell = None if value is None else cell_of(key, value, language)
        if cell is not None:
            found[key] = cell
    return found


def entry_rows(page: Page, data: Mapping[str, Any], language: Language) -> list[Row]:
    """Return the rows of a sheet with a row for each entry; one that says so where the list is empty."""
    entries = _at(data, page.section)
    if entries == []:
        return [{page.keys[0]: NO_ENTRIES}]
    return [dict(_cells(page, entry, language)) for entry in entries] if are_entries(entries) else []


def are_entries(value: Any) -> bool:
    """Whether a value is a list of tables that each hold something."""
    return isinstance(value, list) and all(isinstance(entry, dict) and entry for entry in value)


def _cells(page: Page, entry: Mapping[str, Any], language: Language) -> Iterator[tuple[Key, Cell]]:
    """Cells of an entry; an empty table is told in the cell of its first key."""
    told = set()
    for key in page.keys:
        group = key.path[:-1]
        value = _at(entry, key.path)
        cell = None if value is None else cell_of(key, value, language)
        if cell is not None:
            yield key, cell
        elif group and key.kind != "map" and group not in told and _at(entry, group) == {}:
            told.add(group)
            yield key, NO_KEYS


def other_rows(data: Mapping[str, Any], language: Language) -> dict[str, list[Cell]]:
    """Return what no sheet of the models has, by its key as in TOML: its values, one a row.

    Keys that the models do not know, values of another kind than their key's, and tables with nothing in them. An entry
    of a list of tables has a row of its own, ``[[clause]]``. A value that does not fit into a cell has none.
    """
    found: dict[str, list[Cell]] = {}
    for path, value in _others(data, (), language):
        name = ".".join(map(toml_key, path))
        parts, name = (value, f"[[{name}]]") if value and are_entries(value) else ([value], name)
        found[name] = [cell for part in parts if (cell := cell_of(_TOML, part, language)) is not None]
    return found


def _others(
    data: Mapping[str, Any], path: tuple[str, ...], language: Language
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Walk through tables that sheets spread out, and yield what is on none."""
    keys = {(*page.section, *key.path): key for page in pages() if not page.entries for key in page.keys}
    lists = {page.section for page in pages() if page.entries}
    for name, value in data.items():
        where = (*path, name)
        known = keys.get(where)
        spread = any(longer[: len(where)] == where != longer for longer in (*keys, *lists))
        if (known and cell_of(known, value, language) is not None) or (where in lists and are_entries(value)):
            continue
        if spread and isinstance(value, dict) and value:
            yield from _others(value, where, language)
        else:
            yield where, value


def unfit(file: TomlFile, language: Language) -> Iterator[Fault]:
    """Find what has no place in a workbook: in entries what no key of theirs can be, elsewhere what is too long."""
    for page in pages():
        entries = _at(file.data, page.section)
        for number, entry in enumerate(entries if page.entries and are_entries(entries) else ()):
            cells = dict(_cells(page, entry, language))
            kept = {key.path for key in cells} | {key.path[:-1] for key in cells if _at(entry, key.path[:-1]) == {}}
            for path, value in _leaves(entry, kept):
                yield _unfit(file, (*page.section, *path), number, value)
    for path, value in _others(file.data, (), language):
        parts = value if value and are_entries(value) else [value]
        if any(cell_of(_TOML, part, language) is None for part in parts):
            yield _unfit(file, path, 0, value)


def _leaves(data: Mapping[str, Any], kept: set[tuple[str, ...]]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Values of an entry at none of the paths that are kept."""
    for name, value in data.items():
        inner = {path[1:] for path in kept if path[0] == name and len(path) > 1}
        if (name,) in kept:
            continue
        if inner and isinstance(value, dict):
            yield from (((name, *path), leaf) for path, leaf in _leaves(value, inner))
        else:
            yield (name,), value


def _unfit(file: TomlFile, path: Sequence[str], number: int, value: Any) -> Fault:
    _, line = line_of([file], ".".join(path[:-1]), path[-1], [number])
    row = line.number if line else None
    return Fault("book_unfit", str(file.path), row=row, column=".".join(path), values={"text": quoted(to_toml(value))})
