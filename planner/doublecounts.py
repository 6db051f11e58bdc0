"""Rows that count people of other rows of their table once more: unlabelled sums, and units above others in use."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from planner import columns as col
from planner.errors import Fault
from planner.grammar import Wrong, quoted, read_cell
from planner.sources import in_runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from planner.tablefaults import LeftOut, Part

_PEOPLE = next(column for column in col.DEMAND_COLUMNS if column.name == "people")
_COLUMNS = {column.name for column in col.DEMAND_COLUMNS}
_UNIT_DIGITS, _TOWN_END = 12, "000"
_SHOWN = 5

GRAVE = frozenset({"rows_nameless", "units_without_rows"})
"""Doubts of these that may make figures void: people who count twice, or not at all."""


def faults(part: Part) -> Iterator[Fault]:
    """Find rows in use whose people count twice, or whose community nobody can tell.

    Parameters
    ----------
    part
        A table with its values; one that is none of people has no such rows.

    Yields
    ------
    fault
        For a row without a place, a code of a community or a name of its own (none, or that of its town or district)
        whose people are exactly those of all other such rows of its town, of its district, of the table, or of those
        right above it; for a row without place, code, name or id; and for a row above another one, by the codes of the
        table's hierarchy, where both are in use and count people.
    """
    if part.values.keys() >= _COLUMNS:
        sums = dict(_sums(part))
        for at in _nameless(part):
            if at not in sums and not _is_placed(part, at):
                yield part.fault(Wrong("row_nameless"), "name", at)
        for at, parts in sums.items():
            names = " / ".join(quoted(_label(part, one)) for one in parts[:_SHOWN])
            more = " …" if len(parts) > _SHOWN else ""
            values = {"people": part.values["people"][at], "parts": names + more, "count": len(parts)}
            yield part.fault(Wrong("row_is_sum", values), "people", at)
        yield from _above_others(part)


def doubts(part: Part) -> Iterator[Fault]:
    """Doubt rows that count with neither name nor code, and units left out for being above others that are not there.

    Parameters
    ----------
    part
        A table with its values; one that is none of people has no such rows.

    Yields
    ------
    fault
        One of each kind for a table.
    """
    if not part.values.keys() >= _COLUMNS:
        return
    nameless = [at for at in _nameless(part) if _is_placed(part, at) and _people(part, at)]
    if nameless:
        lines = in_runs([(part.line(at), part.line(at)) for at in nameless])
        values = {"count": len(nameless), "people": sum(_people(part, at) for at in nameless), "lines": lines}
        yield part.fault(Wrong("rows_nameless", values), "name", nameless[0])
    alone = _alone(part)
    if alone:
        people = sum(figure for _, figure in alone)
        names = " / ".join(quoted(row.name or row.id) for row, _ in alone[:_SHOWN])
        more = " …" if len(alone) > _SHOWN else ""
        values = {"count": len(alone), "people": people, "names": names + more}
        yield Fault("units_without_rows", part.source.shown, part.grid.sheet, alone[0][0].row, "people", values)


def _alone(part: Part) -> list[tuple[LeftOut, int]]:
    """Units left out with nothing below them and their people; where one lies above another, the upper one only."""
    rows = [row for row in part.left_out if row.reason == "unit_alone"]
    tree, headers = part.source.hierarchy, part.grid.headers
    if tree is None or not rows:
        return []
    names = (headers.index(tree.code), headers.index(tree.parent), part.matching.place["people"])
    cells = dict(zip(part.grid.lines, zip(*(part.grid.cells[at] for at in names), strict=True), strict=True))
    codes = {cells[row.row][0] for row in rows}
    figures = [(row, read_cell(_PEOPLE, cells[row.row][2])) for row in rows if cells[row.row][1] not in codes]
    return [(row, figure) for row, figure in figures if isinstance(figure, int)]


def _cell(part: Part, name: str, at: int) -> str:
    place = part.matching.place.get(name)
    return "" if place is None else part.grid.cells[place][part.used[at]]


def _people(part: Part, at: int) -> int:
    people = part.values["people"][at]
    return people if isinstance(people, int) else 0


def _is_placed(part: Part, at: int) -> bool:
    return all(isinstance(part.values[name][at], float) for name in ("lon", "lat"))


def _label(part: Part, at: int) -> str:
    return str(part.values["name"][at])


def _has_code(part: Part, at: int) -> bool:
    """Whether a row names a community by its code; codes of towns and districts end with zeros."""
    code = _cell(part, "unit_id", at)
    return bool(code) and not (len(code) == _UNIT_DIGITS and code.endswith(_TOWN_END))


def _nameless(part: Part) -> list[int]:
    """Rows in use without name and code where the table has names, and its ids are but the lines."""
    if "name" not in part.matching.place or "demand_id" in part.matching.place:
        return []
    names, ids = part.values["name"], part.values["demand_id"]
    empty = [
        at for at, (name, own) in enumerate(zip(names, ids, strict=True)) if name == own != _cell(part, "name", at)
    ]
    return [at for at in empty if not _cell(part, "unit_id", at)] if len(empty) < len(names) else []


def _sums(part: Part) -> Iterator[tuple[int, list[int]]]:
    """Rows that may be sums, with those that they are the sum of."""
    may = _may_be_sums(part)
    if not may:
        return
    towns, districts, layers, names = (_texts(part, name) for name in ("town", "district", "layer", "name"))
    areas = {*towns, *districts}
    of_town, of_district, of_layer = (defaultdict[Any, list[int]](list) for _ in range(3))
    for at in range(len(names)):
        if at not in may and _people(part, at):
            of_town[layers[at], districts[at], towns[at]].append(at)
            of_town[layers[at], None, towns[at]].append(at)
            of_district[layers[at], districts[at]].append(at)
            of_layer[layers[at]].append(at)
    last = -1
    for at in sorted(may):
        name, layer = names[at] if names[at] in areas else "", layers[at]
        town, district = towns[at] or name, districts[at] or name
        groups = (
            of_town[layer, districts[at] or None, town] if town else [],
            of_district[layer, district] if district else [],
            of_layer[layer],
            [unit for unit in range(last + 1, at) if layers[unit] == layer],
        )
        own, last = _people(part, at), at
        found = next((group for group in groups if group and sum(_people(part, one) for one in group) == own), [])
        if len(found) > 1 or found is groups[0] != []:
            yield at, found


def _may_be_sums(part: Part) -> set[int]:
    """Rows with people and without a place, a code, and a name of their own: none, or that of a town or district."""
    if "name" not in part.matching.place:
        return set()
    names, ids = _texts(part, "name"), _texts(part, "demand_id")
    areas = {*_texts(part, "town"), *_texts(part, "district")} - {""}
    return {
        at
        for at, name in enumerate(names)
        if (name in areas or name == ids[at] != _cell(part, "name", at))
        and _people(part, at)
        and not _is_placed(part, at)
        and not _has_code(part, at)
    }


def _texts(part: Part, name: str) -> list[str]:
    return [value if isinstance(value, str) else "" for value in part.values[name]]


def _above_others(part: Part) -> Iterator[Fault]:
    """Find rows in use that lie above another one in use, once each."""
    tree, headers = part.source.hierarchy, part.grid.headers
    if tree is None or not {tree.code, tree.parent} <= set(headers):
        return
    code, parent = (part.grid.cells[headers.index(name)] for name in (tree.code, tree.parent))
    at_code = {code[row]: at for at, row in enumerate(part.used) if code[row]}
    told: set[int] = set()
    for at, row in enumerate(part.used):
        up = at_code.get(parent[row])
        if up is not None and up not in {at, *told} and _people(part, up) and _people(part, at):
            told.add(up)
            values = {"below": quoted(_label(part, at)), "row": part.line(at)}
            yield part.fault(Wrong("unit_over_units", values), tree.level, up)
