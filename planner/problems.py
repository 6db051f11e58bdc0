"""Faults and doubts of a scenario, each with its place in the file and the text that was read there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from planner.errors import Fault, PlannerError
from planner.faultplaces import header_of
from planner.grammar import quoted
from planner.grids import read_lines
from planner.pathfaults import is_file
from planner.scenariobook import is_book
from planner.sheetxml import column_number
from planner.sources import LAT_OF_PLACE, LON_OF_PLACE, TableSource
from planner.words import column_name, tell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from planner.doubts import Doubt, Kind, Points
    from planner.scenario import Loaded
    from planner.tablefaults import Part
    from planner.terms import Language

Weight: TypeAlias = Literal["fault", "doubt"]
"""A fault stops a run, a doubt does not."""

Parts: TypeAlias = "Mapping[str, Sequence[Part]]"
"""The tables of people and sites one by one; see `planner.inputs.Gathered`."""


@dataclass(frozen=True)
class Problem:
    """A fault or a doubt, and the text of the cell or line that it speaks of (may be empty)."""

    weight: Weight
    fault: Fault
    read: str = ""


def listed(faults: Iterable[Fault]) -> list[Fault]:
    """List all of the faults or doubts that were shortened to a few for the terminal."""
    return [one for fault in faults for one in fault.rest or (fault,)]


def located(doubts: Iterable[Doubt], points: Mapping[Kind, Points], parts: Parts) -> Iterator[Fault]:
    """Give doubts about rows of the tables their place in the files, under the files' own headers.

    Parameters
    ----------
    doubts
        What is odd about rows in use.
    points
        The rows in use.
    parts
        The tables one by one.
    """
    lines = {kind: [(part, _numbers(part)) for part in found] for kind, found in parts.items()}
    for doubt in doubts:
        of = points[doubt.kind]
        file, line, row_id = of.file[doubt.row], int(of.line[doubt.row]), of.id_of(doubt.row)
        sheet, column = "", doubt.column
        for part, numbers in lines.get(doubt.kind, ()):
            at = numbers.get(line)
            if part.source.shown == file and at is not None and _id_at(part, at) == row_id:
                sheet, column = part.grid.sheet, header_of(part, doubt.column)
        yield Fault(doubt.code, file, sheet, line, column, doubt.values)


def _numbers(part: Part) -> dict[int, int]:
    return {part.line(at): at for at in range(len(part.used))}


def _id_at(part: Part, at: int) -> object:
    ids = part.values.get("demand_id") or part.values.get("site_id") or ()
    return ids[at] if at < len(ids) else None


def part_of(fault: Fault, parts: Parts) -> Part | None:
    """Return the table that a fault speaks of; one that names no sheet may mean the only one of its file."""
    of_file = [part for found in parts.values() for part in found if part.source.shown == fault.file]
    named = [part for part in of_file if part.grid.sheet == fault.sheet]
    if named:
        return named[0]
    return of_file[0] if len(of_file) == 1 and not fault.sheet else None


def cells_of(part: Part, fault: Fault) -> list[int]:
    """Numbers of the columns of a table that a fault speaks of; none where it speaks of no cell."""
    headers = {name: at for at, name in reversed(list(enumerate(part.grid.headers)))}
    names = [fault.column] if fault.column in headers else fault.column.split(" / ")
    if fault.column == "lon" and LON_OF_PLACE in headers:
        names = [LON_OF_PLACE, LAT_OF_PLACE]
    places = (headers.get(name, part.matching.place.get(name)) for name in names)
    return [at for at in places if at is not None]


def problems_of(loaded: Loaded, faults: Iterable[Fault], doubts: Iterable[Fault], parts: Parts) -> list[Problem]:
    """Put faults and doubts together with what was read, by file, sheet and row."""
    rows = {part: {line: at for at, line in enumerate(part.grid.lines)} for found in parts.values() for part in found}
    texts = {str(file.path): _lines(file.path) for file in loaded.files if not is_book(file.path)}

    def read(fault: Fault) -> str:
        if fault.row is None:
            return ""
        part = part_of(fault, parts)
        if part is not None and (at := rows[part].get(fault.row)) is not None:
            return " / ".join(quoted(part.grid.cells[column][at]) for column in cells_of(part, fault))
        if fault.cell:
            return quoted(_cell(fault))
        lines = texts.get(fault.file, ())
        return quoted(lines[fault.row - 1].strip()) if fault.row <= len(lines) else ""

    weighed: list[tuple[Weight, Fault]] = [*(("fault", f) for f in faults), *(("doubt", d) for d in doubts)]
    found = [Problem(weight, fault, read(fault)) for weight, fault in weighed]
    return sorted(found, key=lambda one: (one.fault.file, one.fault.sheet, one.fault.row or 0, one.weight != "fault"))


def _cell(fault: Fault) -> str:
    """Text of a cell of a scenario's workbook; empty where it cannot be read."""
    letters = fault.cell.rstrip("0123456789")
    column = column_number(letters) - 1
    try:
        sheet = read_lines(TableSource(Path(fault.file), fault.file, sheet=fault.sheet))
    except PlannerError:
        return ""
    rows = dict(zip(sheet.lines, sheet.rows, strict=True))
    cells = rows.get(fault.row or 0, ())
    return cells[column] if column < len(cells) else ""


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace").splitlines() if is_file(path) else []
    except OSError:
        return []


def record_of(problem: Problem, language: Language) -> dict[str, Any]:
    """Return a problem in words, as JSON takes it."""
    fault = problem.fault
    return {
        **dict(zip(("place", "what", "cure"), tell(fault, language), strict=True)),
        "weight": problem.weight,
        "code": fault.code,
        "file": fault.file,
        "sheet": fault.sheet,
        "row": fault.row,
        "column": column_name(fault, language),
        "cell": fault.cell,
        "read": problem.read,
    }
