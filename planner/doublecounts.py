"""Rows that count people of other rows of their table once more: unlabelled sums, and units above others in use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from planner import columns as col
from planner.errors import Fault
from planner.grammar import Wrong, quoted, read_cell
from planner.sources import first_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from planner.tablefaults import LeftOut, Part

_PEOPLE = next(column for column in col.DEMAND_COLUMNS if column.name == "people")
_COLUMNS = {column.name for column in col.DEMAND_COLUMNS}
_UNIT_DIGITS, _TOWN_DIGITS, _DISTRICT_DIGITS, _TOWN_END = 12, 9, 6, "000"

GRAVE = frozenset({"rows_nameless", "towns_among_units", "units_without_rows"})
"""Doubts of these that may make figures void: people who count twice, or not at all."""


@dataclass(frozen=True, eq=False)
class Sums:
    """Rows of a table that may count the people of others.

    Attributes
    ----------
    may
        Rows that say of themselves that they may be sums, in their order.
    parts
        Those that are, each with the rows that it is exactly the sum of.
    people
        People of what a row may be the sum of, by the keys of `_areas`.
    """

    may: tuple[int, ...]
    parts: Mapping[int, list[int]]
    people: Mapping[tuple[str, ...], int]


def sums_of(part: Part) -> Sums:
    """Find the rows of a table that may be sums of others; a table that is none of people has none."""
    if not part.values.keys() >= _COLUMNS:
        return Sums((), {}, {})
    may = _may_be_sums(part)
    below = _below(part, may)
    people = {key: sum(_people(part, at) for at in rows) for key, rows in below.items()}
    return Sums(tuple(sorted(may)), dict(_parts(part, may, below, people)), people)


def faults(part: Part, sums: Sums) -> Iterator[Fault]:
    """Find rows in use whose people count twice, or whose community nobody can tell.

    Parameters
    ----------
    part, sums
        A table with its values, and its `sums_of`; one that is none of people has no such rows.

    Yields
    ------
    fault
        For a row whose people are exactly those of all other rows of its town, of its district, of a table without
        either, or of those right above it, if it is named like its own town or district, has the code of one with rows
        of its own, or has neither a place nor a name of its own, and no code of a community; for a row without place,
        code, name or id; and for a row above another one, by the codes of the table's hierarchy, where both are in use
        and count people.
    """
    if not part.values.keys() >= _COLUMNS:
        return
    certain = {at: parts for at, parts in sums.parts.items() if _is_certain(part, at, parts)}
    over = list(_above_others(part))
    told = {fault.row for fault in over}
    for at in _nameless(part):
        if at not in certain and not _is_placed(part, at):
            yield part.fault(Wrong("row_nameless"), "name", at)
    for at, parts in certain.items():
        if part.line(at) not in told:
            names = first_of([quoted(_label(part, one)) for one in parts], " / ")
            values = {"people": part.values["people"][at], "parts": names, "count": len(parts)}
            yield part.fault(Wrong("row_is_sum", values), "people", at)
    yield from over


def doubts(part: Part, sums: Sums) -> Iterator[Fault]:
    """Doubt rows that count with neither name nor code, towns among their communities, and units left out for nothing.

    Parameters
    ----------
    part, sums
        As in `faults`.

    Yields
    ------
    fault
        One of each kind for a table: for rows that have a place, but no name and code; for rows named like a town or a
        district that count half as many people as its other rows at least, or have its code and count as many (a sum
        counts no fewer than its parts, so a smaller one is a community), as far as they are no faults; and for units
        left out that nothing is below.
    """
    if not part.values.keys() >= _COLUMNS:
        return
    nameless = [at for at in _nameless(part) if _is_placed(part, at) and _people(part, at)]
    if nameless:
        people = sum(_people(part, at) for at in nameless)
        values = {"count": len(nameless), "people": people, "lines": part.lines(nameless)}
        yield part.fault(Wrong("rows_nameless", values), "name", nameless[0])
    towns = list(_towns_among_units(part, sums))
    if towns:
        shown = [f"{quoted(_label(part, at))} {_people(part, at)} / {others}" for at, others in towns]
        lines = part.lines([at for at, _ in towns])
        values = {"count": len(towns), "examples": first_of(shown), "lines": lines}
        yield part.fault(Wrong("towns_among_units", values), "name", towns[0][0])
    alone = _alone(part)
    if alone:
        people = sum(figure for _, figure in alone)
        names = first_of([quoted(row.name or row.id) for row, _ in alone], " / ")
        values = {"count": len(alone), "people": people, "names": names}
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


def _code(part: Part, at: int) -> str:
    """Code of the unit of a row; an id is one where it has 12 digits."""
    own = _cell(part, "demand_id", at)
    return _cell(part, "unit_id", at) or (own if len(own) == _UNIT_DIGITS and own.isdecimal() else "")


def _codes(part: Part) -> list[str]:
    return [_code(part, at) for at in range(len(part.used))]


def _area_of(code: str) -> str:
    """Return what the codes of all units of a town or district begin with, by its own; empty for a community's."""
    if len(code) != _UNIT_DIGITS or not code.endswith(_TOWN_END):
        return ""
    return code[: _TOWN_DIGITS if code[_DISTRICT_DIGITS:_TOWN_DIGITS].strip("0") else _DISTRICT_DIGITS]


def _has_code(part: Part, at: int) -> bool:
    """Whether a row names a community by its code; codes of towns and districts end with zeros."""
    code = _code(part, at)
    return bool(code) and not _area_of(code)


def _nameless(part: Part) -> list[int]:
    """Rows in use without name and code where the table has names, and its ids are but the lines."""
    if "name" not in part.matching.place or "demand_id" in part.matching.place:
        return []
    names, ids = part.values["name"], part.values["demand_id"]
    empty = [
        at for at, (name, own) in enumerate(zip(names, ids, strict=True)) if name == own != _cell(part, "name", at)
    ]
    return [at for at in empty if not _cell(part, "unit_id", at)] if len(empty) < len(names) else []


def _parts(
    part: Part,
    may: set[int],
    below: Mapping[tuple[str, ...], list[int]],
    people: Mapping[tuple[str, ...], int],
) -> Iterator[tuple[int, list[int]]]:
    """Rows that may be sums and count as many people as others, with these."""
    layers, last = _texts(part, "layer"), -1
    for at in sorted(may):
        keys, own = list(_areas(part, at)), _people(part, at)
        since = [unit for unit in range(last + 1, at) if layers[unit] == layers[at]]
        last = at
        found = next((below[key] for key in keys if people.get(key) == own), [])
        if not found and sum(_people(part, unit) for unit in since) == own:
            found = since
        # a town with one other row has one community, and its total is as large
        if len(found) > 1 or (len(keys) > 1 and found and found is below.get(keys[0])):
            yield at, found


def _is_certain(part: Part, at: int, parts: list[int]) -> bool:
    """Whether a row that counts as many people as others is no community: nothing says that it is one.

    A code of a community says so, and a place, unless the row is named like its town. Of two rows as large as each
    other one alone is a sum only where it has no place either, and no name of its own.
    """
    placed, like_area = _is_placed(part, at), _is_like_area(part, at)
    if _has_code(part, at):
        return False
    if len(parts) == 1:
        return not placed and (like_area or _text(part, "name", at) != _cell(part, "name", at))
    return not placed or like_area


def _is_like_area(part: Part, at: int) -> bool:
    """Whether a row is named like its own town or district."""
    return _text(part, "name", at) in {_text(part, "town", at), _text(part, "district", at)}


def _towns_among_units(part: Part, sums: Sums) -> Iterator[tuple[int, int]]:
    """Rows that may be the sum of a town or a district that they name, and the people of its other rows."""
    for at in sums.may:
        own = _people(part, at)
        if at in sums.parts:
            if not _is_certain(part, at, sums.parts[at]):
                yield at, own
            continue
        named = {_text(part, "name", at), _area_of(_code(part, at))}
        others = next((sums.people[key] for key in _areas(part, at) if key[-1] in named and key in sums.people), None)
        most = 2 * own if _is_like_area(part, at) else own
        if others is not None and not _has_code(part, at) and most >= others:
            yield at, others


def _below(part: Part, may: set[int]) -> dict[tuple[str, ...], list[int]]:
    """Rows with people that are no sums, by each of `_areas` of those that may be: its layer, its town, its code."""
    wanted = {key for at in may for key in _areas(part, at)}
    found: dict[tuple[str, ...], list[int]] = {key: [] for key in wanted}
    named = zip(*(_texts(part, name) for name in ("layer", "district", "town")), _codes(part), strict=True)
    for at, (layer, district, town, code) in enumerate(named if may else ()):
        if at not in may and _people(part, at):
            keys = {(layer,), (layer, "district", district), (layer, "town", district, town), (layer, "town", "", town)}
            keys |= {(layer, "code", code[:digits]) for digits in (_DISTRICT_DIGITS, _TOWN_DIGITS) if code}
            for key in keys & wanted:
                found[key].append(at)
    return {key: rows for key, rows in found.items() if rows}


def _areas(part: Part, at: int) -> Iterator[tuple[str, ...]]:
    """Keys of `_below` of what a row may be the sum of: what its code or name says first, its whole layer last."""
    layer, district, town, name = (_text(part, key, at) for key in ("layer", "district", "town", "name"))
    if area := _area_of(_code(part, at)):
        yield layer, "code", area
    if name and name == district:
        yield layer, "district", district
    if town or name:
        yield layer, "town", district, town or name
    if district or name:
        yield layer, "district", district or name
    if not (town or district):
        yield (layer,)


def _may_be_sums(part: Part) -> set[int]:
    """Rows with people that are named like their town or district, have the code of one with rows, or say nothing.

    What says nothing has neither a place nor the code of a community, and no name but that of any town or district.
    """
    is_named = "name" in part.matching.place
    names, ids, towns, districts = (_texts(part, name) for name in ("name", "demand_id", "town", "district"))
    areas = {*towns, *districts} - {""}
    codes = _codes(part)
    units = {code[:_TOWN_DIGITS] for code in codes if code and not _area_of(code)}
    units |= {code[:_DISTRICT_DIGITS] for code in units}
    found = set()
    for at, (name, code) in enumerate(zip(names, codes, strict=True)):
        named_so = is_named and name != "" and name in {towns[at], districts[at]}
        says_nothing = is_named and (name in areas or name == ids[at] != _cell(part, "name", at))
        silent = says_nothing and not _is_placed(part, at) and (not code or _area_of(code) != "")
        if (named_so or silent or _area_of(code) in units) and _people(part, at):
            found.add(at)
    return found


def _text(part: Part, name: str, at: int) -> str:
    value = part.values[name][at]
    return value if isinstance(value, str) else ""


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
        if up is not None and up != at and up not in told and _people(part, up) and _people(part, at):
            told.add(up)
            values = {"below": quoted(_label(part, at)), "row": part.line(at)}
            yield part.fault(Wrong("unit_over_units", values), tree.level, up)
