"""Joins a table of places to the rows of demand that have none, one to one, by unit code or by name."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from planner.errors import Fault
from planner.grammar import plain, quoted
from planner.tablefaults import LeftOut

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    import pandas as pd
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

_CODE = re.compile("[0-9]{12}")

GRAVE = frozenset({"place_contradicts"})
"""Doubts about places by which people may stand where others live."""

PAIRS_QUOTED = 5
"""Places that one sentence names."""


@dataclass(frozen=True, eq=False)
class Joined:
    """Which places belong to which rows of demand.

    Attributes
    ----------
    points
        Number of the row of demand -> its place.
    faults
        Names and codes that fit several rows, and rows that several places fit.
    doubts
        Places that fit no row, or one that has coordinates of its own; those whose code fits a row of another name.
    left_out
        Places that are not used.
    """

    points: Mapping[int, Any]
    faults: tuple[Fault, ...]
    doubts: tuple[Fault, ...]
    left_out: tuple[LeftOut, ...]


def has_code(unit: str) -> bool:
    """Whether a unit goes by a 12-digit code."""
    return _CODE.fullmatch(unit) is not None


def join(demand: GeoDataFrame, origin: pd.DataFrame, places: GeoDataFrame, lines: pd.DataFrame) -> Joined:
    """Find the row of demand of every place.

    Unit codes decide where both have one; else the names do, inside the town and district as far as both name them.
    Rows of one unit in different layers are one: its place is that of all of them that have none.
    For names all rows count, also those that have coordinates: two villages of one name are not told apart by that.

    Parameters
    ----------
    demand, origin
        The demand table, and file and line of its rows.
    places, lines
        Columns of `PLACE_COLUMNS` with geometry, and file and line of its rows.
    """
    bare = demand.geometry.isna().to_numpy()
    by_code, by_name = indexed(demand)
    points: dict[int, int] = {}
    faults: list[Fault] = []
    doubts: list[Fault] = []
    left_out: list[LeftOut] = []
    for at, place in enumerate(places.itertuples(index=False)):
        file, line = str(lines["file"].iloc[at]), int(lines["row"].iloc[at])
        told = {"name": quoted(place.name)}
        fitting = _coded(place, by_code, bare) or list(named(demand, place, by_name))
        free = [row for row in fitting if bare[row]]
        reason = ""
        if place.geometry is None:
            reason = "place_empty"
        elif not fitting:
            reason = "place_unknown"
        elif not _one_unit(demand.iloc[fitting]):
            rows = " / ".join(f"{origin['file'].iloc[row]}:{origin['row'].iloc[row]}" for row in fitting[:5])
            faults.append(Fault("place_two_rows", file, row=line, values={**told, "rows": rows}))
        elif not free:
            reason = "place_known"
        elif taken := [row for row in free if row in points]:
            values = {**told, "row": int(lines["row"].iloc[points[taken[0]]])}
            faults.append(Fault("two_places", file, row=line, values=values))
        else:
            points |= dict.fromkeys(free, at)
        if reason:
            code = "" if place.unit_id == place.place_id else place.unit_id
            left_out.append(LeftOut(file, line, code, place.name, reason))
        if reason in {"place_unknown", "place_known"}:
            doubts.append(Fault(reason, file, row=line, values=told))
    doubts += _misnamed(demand, places, lines, points, by_name)
    found = {row: places.geometry.iloc[at] for row, at in points.items()}
    return Joined(found, tuple(faults), tuple(doubts), tuple(left_out))


def _one_unit(rows: pd.DataFrame) -> bool:
    """Whether rows are one unit, in as many layers."""
    return len(set(rows["unit_id"])) == 1 and rows["layer"].is_unique


def one_name(name: str) -> str:
    """Return a name as names are compared: half-width, without spaces, in lower case."""
    return plain(name).casefold()


def indexed(demand: GeoDataFrame) -> tuple[Mapping[str, list[int]], Mapping[str, list[int]]]:
    """Rows by their 12-digit code, and by their name as names are compared."""
    by_code, by_name = defaultdict(list), defaultdict(list)
    for row, (unit, name) in enumerate(zip(demand["unit_id"], demand["name"], strict=True)):
        if has_code(unit):
            by_code[unit].append(row)
        by_name[one_name(name)].append(row)
    return by_code, by_name


def _coded(place: Any, by_code: Mapping[str, list[int]], bare: NDArray[np.bool_]) -> list[int]:
    """Rows of a place's unit: those without coordinates; where all have some, the first one."""
    rows = by_code.get(place.unit_id, []) if has_code(place.unit_id) else []
    return [row for row in rows if bare[row]] or rows[:1]


def named(demand: GeoDataFrame, place: Any, by_name: Mapping[str, list[int]]) -> Iterator[int]:
    """Rows of a place's name, inside the same town and district as far as both name them, but not of another code."""
    for row in _alike(demand, place, by_name):
        if not (has_code(place.unit_id) and has_code(demand["unit_id"].iloc[row])):
            yield row


def _alike(demand: GeoDataFrame, place: Any, by_name: Mapping[str, list[int]]) -> Iterator[int]:
    """Rows of a place's name, inside the same town and district as far as both name them."""
    for row in by_name.get(one_name(place.name), []):
        areas = ((getattr(place, key), demand[key].iloc[row]) for key in ("town", "district"))
        if all(one == other or not (one and other) for one, other in areas):
            yield row


def _misnamed(
    demand: GeoDataFrame,
    places: GeoDataFrame,
    lines: pd.DataFrame,
    points: Mapping[int, int],
    by_name: Mapping[str, list[int]],
) -> Iterator[Fault]:
    """Doubt places that were joined by code to rows of another name: one doubt, and one where that is another row's."""
    pairs: dict[str, dict[int, str]] = {"place_contradicts": {}, "place_misnamed": {}}
    for row, at in points.items():
        called, name = str(places["name"].iloc[at]), str(demand["name"].iloc[row])
        same = one_name(called) == one_name(name) or called == places["place_id"].iloc[at]
        if not same and name != demand["demand_id"].iloc[row]:
            place = next(places.iloc[[at]].itertuples(index=False))
            code = "place_contradicts" if list(_alike(demand, place, by_name)) else "place_misnamed"
            pairs[code][at] = f"{lines['row'].iloc[at]} {quoted(called)} / {quoted(name)}"
    for code, found in pairs.items():
        if found:
            first, examples = min(found), [found[at] for at in sorted(found)[:PAIRS_QUOTED]]
            file, line = str(lines["file"].iloc[first]), int(lines["row"].iloc[first])
            values = {
                "count": len(found),
                "examples": "; ".join(examples) + ("; …" if len(found) > len(examples) else ""),
            }
            yield Fault(code, file, row=line, values=values)
