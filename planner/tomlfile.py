"""A TOML file with the lines that its keys stand on, so that a fault can name them."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from planner.errors import Fault, ScenarioError
from planner.grammar import quoted
from planner.pathfaults import path_fault, too_long, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_HEADER = re.compile(r"\s*(\[\[?)\s*([\w.\-]+)\s*\]")
_KEY = re.compile(r"\s*((?:[\w\-]+\.)*)([\w\-]+|\"[^\"]+\")\s*=\s*(\{.*)?")
_LONG_QUOTES = re.compile(r"\"\"\"|'''")
_INLINE_KEY = re.compile(r"[{,]\s*([\w\-]+)\s*=")

_BARE_WORD = re.compile(r"[^\s=,.{}\[\]\"'#]+")
_WIDE_SIGNS = dict(zip("“”＂‘’＇＝，：｛｝［］【】", '"' * 3 + "'" * 3 + "=,={}[][]", strict=True))
"""Signs of Chinese type -> the plain ones that TOML wants."""

LARGEST = 4 << 20
"""Bytes of a scenario that are read: thousands of rules, which take seconds."""


@dataclass(frozen=True)
class Line:
    """Where a key is written: its table, the number of the entry in an array of tables, the key and the line.

    The line of a table's header has the key ``""``. In a workbook it is a cell of a sheet, which is there for every
    key: `written` tells whether it holds anything.
    """

    table: str
    entry: int
    key: str
    number: int
    sheet: str = ""
    cell: str = ""
    written: bool = True


class _Unread:
    def __repr__(self) -> str:
        return "?"


UNREAD = _Unread()
"""Stands in the data for what a cell of a workbook holds that cannot be read: no key takes it; its fault is told."""


@dataclass(frozen=True, eq=False)
class TomlFile:
    """A scenario file: its path as the user wrote it, its data (numbers as Decimal) and its lines.

    A workbook may hold cells that cannot be read (`UNREAD`); their faults are with it.
    """

    path: Path
    data: Mapping[str, Any]
    lines: tuple[Line, ...]
    faults: tuple[Fault, ...] = ()


def _lines(text: str) -> Iterator[Line]:
    table, entry = "", 0
    seen: dict[str, int] = {}
    in_text = False
    for number, line in enumerate(text.splitlines(), start=1):
        was_in_text, quotes = in_text, len(_LONG_QUOTES.findall(line))
        in_text = was_in_text ^ (quotes % 2 == 1)
        if was_in_text:
            continue
        if header := _HEADER.match(line):
            table = header[2]
            seen[table] = seen.get(table, -1) + 1
            entry = seen[table] if header[1] == "[[" else 0
            yield Line(table, entry, "", number)
        elif written := _KEY.match(line):
            key = written[2].strip('"')
            holder = f"{table}.{written[1]}".strip(".")
            yield Line(holder, entry, key, number)
            inner = f"{holder}.{key}" if holder else key
            for found in _INLINE_KEY.finditer(written[3] or ""):
                yield Line(inner, entry, found[1], number)


def read_toml(path: Path) -> TomlFile:
    """Read a TOML file in UTF-8, with or without a byte order mark.

    Raises
    ------
    ScenarioError
        If it is not there, no file, larger than any scenario, not UTF-8 or not TOML.
    """
    if fault := unreadable(path, str(path)):
        raise ScenarioError(fault)
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise ScenarioError(Fault("scenario_too_large", str(path), values={"mib": LARGEST >> 20}))
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ScenarioError(Fault("scenario_encoding", str(path))) from error
    except (OSError, ValueError) as error:  # a path with a NUL is a ValueError
        raise ScenarioError(path_fault(path) if too_long(path) else Fault("file_missing", str(path))) from error
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except RecursionError as error:
        raise ScenarioError(Fault("toml_deep", str(path))) from error
    except (tomllib.TOMLDecodeError, ValueError) as error:
        raise ScenarioError(_wrong(text, str(error), str(path))) from error
    return TomlFile(path, data, tuple(_lines(text)))


def _wrong(text: str, reason: str, shown: str) -> Fault:
    """Say what is wrong with a text that is no TOML: of Chinese words without quotes, or Chinese signs, what to do."""
    place = re.search(r"line (\d+)(?:, column (\d+))?", reason)
    if place is None:
        return Fault("toml_syntax", shown, values={"reason": reason})
    row, values = int(place[1]), {"reason": reason}
    line = text.replace("\r\n", "\n").split("\n")[row - 1]
    at = int(place[2] or 1) - 1
    if line[at : at + 1] in _WIDE_SIGNS:
        sign = line[at : at + 1]
        return Fault("toml_wide", shown, row=row, values={"sign": sign, "plain": _WIDE_SIGNS[sign]})
    for word in _BARE_WORD.finditer(line):
        if word.start() <= at < word.end() and not word[0].isascii():
            code = "toml_bare_text" if reason.startswith("Invalid value") else "toml_bare_key"
            return Fault(code, shown, row=row, values={"word": quoted(word[0])})
    return Fault("toml_syntax", shown, row=row, values=values)


def line_of(files: Sequence[TomlFile], table: str, key: str, entries: Sequence[int | None]) -> tuple[Path, Line | None]:
    """Find the line of a key; where it is not written its empty cell, or its table's header.

    Parameters
    ----------
    files
        Files in the order of their priority.
    table, key
        Dotted name of the table, and the key in it.
    entries
        For each file the number of the entry in the array of tables; None where the file does not have it.
    """
    for wanted, written in ((key, True), (key, False), ("", True)):
        for file, entry in zip(files, entries, strict=True):
            for line in file.lines:
                if (line.table, line.entry, line.key, line.written) == (table, entry, wanted, written):
                    return file.path, line
    return files[0].path, None


def place_of(line: Line | None) -> dict[str, Any]:
    """Return a line as a fault names it: of a workbook by sheet and cell."""
    return {"sheet": line.sheet, "row": line.number, "cell": line.cell} if line else {}
