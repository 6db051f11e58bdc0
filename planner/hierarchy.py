"""Tables that hold districts, towns and villages in one: the rows above a village give it town and district.

Which unit lies above which is said by codes, a unit's own and that of its parent. The climb from a row ends at its
district; what lies above districts need not be in the file.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from planner import columns as col
from planner import grammar
from planner.coordinates import to_wgs84
from planner.errors import Fault
from planner.grammar import Wrong
from planner.matching import absent_header
from planner.tablefaults import Part, degrees, place_faults

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planner.sources import Grid, Hierarchy, TableSource

_DEGREES = tuple(column for column in col.DEMAND_COLUMNS if column.name in {"lon", "lat"})


@dataclass(frozen=True, eq=False)
class Climbed:
    """What the rows above those in use say of them.

    Attributes
    ----------
    town, district
        Names for each row in use, empty where no such unit lies above it.
    town_points
        Point of each row's town in WGS-84, None where the town's row has no coordinates.
    faults
        What is wrong with codes, levels and the places of towns.
    """

    town: tuple[str, ...]
    district: tuple[str, ...]
    town_points: tuple[Any, ...]
    faults: tuple[Fault, ...]


def upper_rows(source: TableSource, grid: Grid) -> frozenset[int]:
    """Numbers of a table's rows that are towns, districts or above these: they are no demand of their own."""
    tree = source.hierarchy
    if tree is None or tree.level not in grid.headers:
        return frozenset()
    level = _cells(grid, tree.level)
    upper = {row for row, text in enumerate(level) if text in {tree.town, tree.district}}
    if not {tree.code, tree.parent} <= set(grid.headers):
        return frozenset(upper)
    code, parent = _cells(grid, tree.code), _cells(grid, tree.parent)
    units, above = _first_rows(code), [row for row in upper if level[row] == tree.district]
    while above:
        found = {units[parent[row]] for row in above if parent[row] in units} - upper
        upper |= found
        above = list(found)
    return frozenset(upper)


def told_apart(part: Part) -> Part:
    """Return a table whose towns and districts that count people and have no row below them say so.

    One that ``keep`` would leave out besides, and a row that is no demand for another reason, stay as they are.
    """
    tree, grid, people = part.source.hierarchy, part.grid, part.matching.place.get("people")
    if tree is None or people is None or not {tree.code, tree.parent} <= set(grid.headers):
        return part
    code, parent = _cells(grid, tree.code), _cells(grid, tree.parent)
    units, upper = _first_rows(code), {row.row for row in part.left_out if row.reason == "unit_above"}
    above = {row for row in range(len(code)) if code[row] and grid.lines[row] not in upper}
    climbing = above
    while climbing:
        climbing = {units[parent[row]] for row in climbing if parent[row] in units} - above
        above = above | climbing
    kept = [(_cells(grid, header), text.strip()) for header, text in part.source.keep.items() if header in grid.headers]
    alone = {
        line
        for row, line in enumerate(grid.lines)
        if line in upper and row not in above and grid.cells[people][row].strip("0.,")
        and all(cells[row] == text for cells, text in kept)
    }  # fmt: skip
    told = (replace(row, reason="unit_alone") if row.row in alone else row for row in part.left_out)
    return replace(part, left_out=tuple(told))


def climb(part: Part, tree: Hierarchy) -> Climbed:
    """Follow the codes from every row in use up to its district.

    Parameters
    ----------
    part
        A table whose rows in use are chosen; its own column ``name`` names the units.
    tree
        The columns that say which unit lies above which.

    Returns
    -------
    climbed
        With a fault for every header or level that the file has not, every code that stands twice, every parent that
        is not in the file, every loop, and every town whose coordinates cannot be read.
    """
    nothing = ("",) * len(part.used)
    missing = tuple(_missing(part, tree))
    if missing:
        return Climbed(nothing, nothing, (None,) * len(part.used), missing)
    grid = part.grid
    code, parent, level = (_cells(grid, header) for header in (tree.code, tree.parent, tree.level))
    name = grid.cells[part.matching.place["name"]]
    units = _first_rows(code)
    broken: dict[int, Fault] = {}
    above = [_above(part, tree, row, units, (parent, level), broken) for row in part.used]
    towns = sorted({town for town, _ in above if town is not None})
    points, wrong_places = _points(part, towns)
    return Climbed(
        tuple("" if town is None else name[town] for town, _ in above),
        tuple("" if district is None else name[district] for _, district in above),
        tuple(None if town is None else points.get(town) for town, _ in above),
        (*_twice(part, tree, units), *(broken[row] for row in sorted(broken)), *wrong_places),
    )


def names(climbed: Climbed, values: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """Towns and districts of the rows in use: the table's own cell, and where it is empty the unit above."""
    found = {"town": climbed.town, "district": climbed.district}
    return {
        name: [own or above for own, above in zip(values[name], uppers, strict=True)] for name, uppers in found.items()
    }


def _cells(grid: Grid, header: str) -> tuple[str, ...]:
    return grid.cells[grid.headers.index(header)]


def _first_rows(code: Sequence[str]) -> dict[str, int]:
    """First row of every code."""
    units: dict[str, int] = {}
    for row, text in enumerate(code):
        units.setdefault(text, row)
    units.pop("", None)
    return units


def _missing(part: Part, tree: Hierarchy) -> Iterator[Fault]:
    """Find headers and levels that the file has not, and a table that does not name its units."""
    grid, shown = part.grid, part.source.shown
    for key, header in (("code", tree.code), ("parent", tree.parent), ("level", tree.level)):
        if header not in grid.headers:
            wrong = absent_header(header, grid.headers)
            yield Fault(wrong.code, shown, grid.sheet, None, f"hierarchy.{key}", wrong.values)
    if "name" not in part.matching.place:
        yield Fault("hierarchy_no_name", shown, grid.sheet, None, "name")
    if tree.level in grid.headers:
        known = dict.fromkeys(filter(None, _cells(grid, tree.level)))
        levels = " / ".join(grammar.quoted(text) for text in list(known)[:10])
        for key, text in (("town", tree.town), ("district", tree.district)):
            if text not in known:
                values = {"text": grammar.quoted(text), "key": key, "levels": levels}
                yield Fault("hierarchy_level", shown, grid.sheet, None, tree.level, values)


def _above(
    part: Part,
    tree: Hierarchy,
    row: int,
    units: Mapping[str, int],
    cells: tuple[Sequence[str], Sequence[str]],
    broken: dict[int, Fault],
) -> tuple[int | None, int | None]:
    """Rows of the town and the district above a row; where the climb breaks off, the fault goes to `broken`."""
    (parent, level), grid = cells, part.grid
    path, town = [row], None
    while level[path[-1]] != tree.district:
        at = path[-1]
        if town is None and level[at] == tree.town:
            town = at
        up = units.get(parent[at])
        if up is None:
            values = {"parent": grammar.quoted(parent[at])}
            code = "hierarchy_orphan" if parent[at] else "hierarchy_no_parent"
            broken[at] = Fault(code, part.source.shown, grid.sheet, grid.lines[at], tree.parent, values)
            return town, None
        if up in path:
            ring = path[path.index(up) :]
            values = {"rows": " → ".join(str(grid.lines[i]) for i in [*ring, up])}
            first = min(ring)
            broken[first] = Fault(
                "hierarchy_loop", part.source.shown, grid.sheet, grid.lines[first], tree.parent, values
            )
            return town, None
        path.append(up)
    return town, path[-1]


def _twice(part: Part, tree: Hierarchy, units: Mapping[str, int]) -> Iterator[Fault]:
    """Find codes that stand twice, whether their rows are in use or not."""
    grid = part.grid
    for row, text in enumerate(_cells(grid, tree.code)):
        first = units.get(text, row)
        if first != row:
            values = {"code": grammar.quoted(text), "row": grid.lines[first]}
            yield Fault("hierarchy_twice", part.source.shown, grid.sheet, grid.lines[row], tree.code, values)


def _points(part: Part, towns: Sequence[int]) -> tuple[dict[int, Any], list[Fault]]:
    """Points of the rows of towns in WGS-84, by row, and what is wrong with their coordinates."""
    place = part.matching.place
    if not {"lon", "lat"} <= set(place):
        return {}, []
    read = {
        column.name: [grammar.read_cell(column, part.grid.cells[place[column.name]][row]) for row in towns]
        for column in _DEGREES
    }
    upper = replace(part, used=tuple(towns), values=read)
    faults = [
        upper.fault(value, name, at)
        for name, values in read.items()
        for at, value in enumerate(values)
        if isinstance(value, Wrong)
    ]
    faults += place_faults(upper, required=False)
    lon, lat = to_wgs84(degrees(read["lon"]), degrees(read["lat"]), part.source.coordinates or "wgs84")
    whole = np.flatnonzero(~np.isnan(lon) & ~np.isnan(lat)).tolist()
    return {towns[at]: shapely.Point(lon[at], lat[at]) for at in whole}, faults
