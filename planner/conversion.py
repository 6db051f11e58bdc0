"""Turns a scenario from a TOML file into a workbook, and back: the same data, or nothing."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from planner.bookcells import same, to_toml, toml_key
from planner.booklayout import are_entries
from planner.bookwriter import write_book
from planner.errors import BlockedError, Fault, ScenarioError
from planner.pathfaults import path_fault
from planner.scenario import read_written
from planner.scenariobook import ENDINGS, read_book_bytes
from planner.tomlfile import line_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from planner.terms import Language
    from planner.tomlfile import TomlFile

_TOML, _BOOK = ".toml", ".xlsx"


def convert(source: Path, target: Path, language: Language) -> None:
    """Write a scenario in the other form, beside the old one.

    The data stay as they are written, `extends` and what this version does not act on included. Comments are not kept.
    A file that is there is never overwritten: it may hold what somebody filled in since.

    Parameters
    ----------
    source, target
        One of them ends in .toml, the other in .xlsx.
    language
        Of the labels of a workbook.

    Raises
    ------
    ScenarioError
        If the source cannot be read or holds what a workbook has no place for, if the target is there, in another
        folder (paths in a scenario start from its folder) or of the same form.
    BlockedError
        If the target cannot be written, or what was made does not read as the same data.
    """
    kinds = (source.suffix.lower(), target.suffix.lower())
    if kinds != (_TOML, _BOOK) and (kinds[0] not in ENDINGS or kinds[1] != _TOML):
        raise ScenarioError(Fault("convert_kinds", values={"source": source.name, "target": target.name}))
    if source.resolve().parent != target.resolve().parent:
        raise ScenarioError(Fault("convert_folder", str(target)))
    if target.exists():
        raise ScenarioError(Fault("convert_exists", str(target)))
    file = read_written(source)
    content = write_book(file, language) if kinds[1] == _BOOK else _toml(file)
    if not same(made := _data(target, content), file.data):
        raise BlockedError(_changed(file, made))
    try:
        write_new_file(target, content)
    except OSError as error:
        raise BlockedError(path_fault(target, error)) from error


def _toml(file: TomlFile) -> bytes:
    return ("\n".join(_toml_lines(file.data)).strip() + "\n").encode()


def _toml_lines(table: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Write a table: its own keys, then the tables and lists of tables in it, each below a header of its own."""
    inner = {key: value for key, value in table.items() if isinstance(value, dict) or (value and are_entries(value))}
    yield from (f"{toml_key(key)} = {to_toml(value)}" for key, value in table.items() if key not in inner)
    for key, value in inner.items():
        name = path + toml_key(key)
        if isinstance(value, dict):
            lines = list(_toml_lines(value, f"{name}."))
            yield from lines if lines[:1] == [""] else ("", f"[{name}]", *lines)
        else:
            for entry in value:
                yield from ("", f"[[{name}]]", *(f"{toml_key(part)} = {to_toml(held)}" for part, held in entry.items()))


def _data(target: Path, content: bytes) -> object:
    """Read what is to be written."""
    if target.suffix.lower() == _BOOK:
        return read_book_bytes(target, content).data
    return tomllib.loads(content.decode(), parse_float=Decimal)


def _changed(file: TomlFile, made: object) -> Fault:
    """Say which key does not read as it was written."""
    path: tuple[str, ...] = ()
    before: Any = file.data
    after: Any = made
    while isinstance(before, Mapping) and isinstance(after, Mapping):
        names = [name for name in (*before, *after) if not same(before.get(name), after.get(name))]
        path, before, after = (*path, names[0]), before.get(names[0]), after.get(names[0])
    _, line = line_of([file], ".".join(path[:-1]), path[-1], [0])
    return Fault("convert_changed", str(file.path), row=line.number if line else None, column=".".join(path))


def write_new_file(target: Path, content: bytes) -> None:
    """Write a new file whole or not at all, whatever ends the program or the machine meanwhile.

    Raises
    ------
    OSError
        If it cannot be written, or is there by now.
    """
    made = target.with_name(f".planner-{os.getpid()}.writing")
    try:
        with made.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(made, target)  # unlike a rename it never takes the place of a file
        except FileExistsError:
            raise
        except OSError as error:  # a disk without hard links
            if target.exists():
                raise FileExistsError(target) from error
            made.rename(target)
    finally:
        made.unlink(missing_ok=True)
