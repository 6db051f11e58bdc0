"""Places as a page carries them: whole cells of 1e-5 degrees, as running differences, a few characters each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from planner.roads import ROAD_KINDS
from planner.workers import in_threads, workers_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from planner.roads import Roads

SIMPLIFY_M = 8.0
"""Tolerance to which lines are simplified, in metres."""

_CELLS_PER_DEGREE = 100_000  # five decimals, about a metre
_METRES_PER_DEGREE = 111_195.0


def bounds(places: NDArray[np.float64], roads: Roads) -> tuple[list[float], list[float]]:
    """South-west and north-east corners (latitude, longitude) of the places; of the roads where there are none."""
    if len(places):
        (west, south), (east, north) = places.min(axis=0), places.max(axis=0)
    else:
        west, south, east, north = roads.bounds if roads.n_nodes else (-180.0, -60.0, 180.0, 75.0)
    return [round(float(south), 5), round(float(west), 5)], [round(float(north), 5), round(float(east), 5)]


def _packed(coordinates: NDArray[np.float64], counts: NDArray[np.int64]) -> dict[str, list[int]]:
    """Vertices per line, and all vertices as running differences: a few characters each."""
    cells = np.rint(coordinates * _CELLS_PER_DEGREE).astype(np.int64)
    return {"n": counts.tolist(), "d": np.diff(cells, axis=0, prepend=0).ravel().tolist()}


def packed_points(points: Any) -> dict[str, list[int]]:
    """Pack a series of points."""
    coordinates = shapely.get_coordinates(points.to_numpy())
    return _packed(coordinates, np.array([len(coordinates)]))


def packed_lines(lines: NDArray[np.object_]) -> dict[str, list[int]]:
    """Simplify in a local plane (degrees of latitude both ways), then pack."""
    if not len(lines):
        return {"n": [], "d": []}
    latitude = float(shapely.get_coordinates(lines)[:, 1].mean())
    scale = np.array([max(0.01, math.cos(math.radians(latitude))), 1.0])
    plane = shapely.transform(lines, lambda xy: xy * scale)
    slim = shapely.simplify(plane, SIMPLIFY_M / _METRES_PER_DEGREE, preserve_topology=False)
    coordinates, line = shapely.get_coordinates(slim, return_index=True)
    return _packed(coordinates / scale, np.bincount(line, minlength=len(lines)))


def road_layer(roads: Roads) -> dict[str, dict[str, list[int]]]:
    """Pack the roads by class: runs of segments of a way, cut where another road meets them.

    Without the cut, simplifying would move crossings and side roads would end beside their road.
    """
    if not roads.n_edges:
        return {}
    meets = np.bincount(np.concatenate([roads.u, roads.v]), minlength=roads.n_nodes) > 2  # noqa: PLR2004
    begins = np.ones(roads.n_edges, dtype=bool)
    begins[1:] = (
        (np.diff(roads.way_id) != 0)
        | (np.diff(roads.segment) != 1)
        | (roads.kind[1:] != roads.kind[:-1])
        | (roads.u[1:] != roads.v[:-1])
        | meets[roads.u[1:]]
    )
    run = np.cumsum(begins) - 1
    first = np.flatnonzero(begins)
    last = np.append(first[1:], roads.n_edges) - 1
    node = np.empty(roads.n_edges + len(first), dtype=np.int64)
    node[np.arange(roads.n_edges) + run] = roads.u
    node[last + np.arange(len(first)) + 1] = roads.v[last]
    vertices = np.column_stack([roads.lon[node], roads.lat[node]])
    lines = shapely.linestrings(vertices, indices=np.repeat(np.arange(len(first)), last - first + 2))
    kind = roads.kind[first]
    return {name: packed_lines(lines[kind == number]) for number, name in enumerate(ROAD_KINDS)}


def area_layers(areas: GeoDataFrame, standards: Sequence[str], states: Sequence[str]) -> list[dict[str, Any]]:
    """Pack service areas (columns standard, state, geometry), each standard and state made one."""
    shapes = areas[areas.geometry.notna() & ~areas.geometry.is_empty]

    def of_standard(number: int) -> list[dict[str, Any]]:
        mine = shapes[shapes["standard"] == standards[number]]
        found = _joined([mine.geometry[mine["state"] == state].to_numpy() for state in states])
        return [
            {"standard": number, "state": state, "lines": packed_lines(shapely.get_parts(shapely.boundary(whole)))}
            for state, whole in zip(states, found, strict=True)
            if len(whole)
        ]

    threads = workers_for(len(standards), None)
    return [layer for layers in in_threads(of_standard, range(len(standards)), threads) for layer in layers]


def _joined(states: Sequence[NDArray[np.object_]]) -> Iterator[NDArray[np.object_]]:
    """Join the areas of each state; what a state shares with all of the one before it is not joined again."""
    before, whole = frozenset[bytes](), np.empty(0, dtype=object)
    for shapes in states:
        slim = shapely.make_valid(shapely.simplify(shapes, SIMPLIFY_M / 2 / _METRES_PER_DEGREE))
        found = dict(zip(shapely.to_wkb(shapes), slim, strict=True))
        kept = before if before <= set(found) else frozenset[bytes]()
        parts = [shape for key, shape in found.items() if key not in kept]
        joined = shapely.get_parts(shapely.union_all([*parts, *(whole if kept else [])]))
        whole = joined[shapely.get_dimensions(joined) == 2]  # noqa: PLR2004  what shrank to a line is no area
        before = frozenset(found)
        yield whole


def spacing(points: Any) -> int:
    """Return how far a point usually lies from the next one: the median, in cells; 0 where there is no other."""
    coordinates = shapely.get_coordinates(points.to_numpy()) * _CELLS_PER_DEGREE
    if len(np.unique(coordinates, axis=0)) < 2:  # noqa: PLR2004
        return 0
    latitude = math.radians(coordinates[:, 1].mean() / _CELLS_PER_DEGREE)
    plane = shapely.points(coordinates * [math.cos(latitude), 1.0])
    tree = shapely.STRtree(plane)
    pairs, apart = tree.query_nearest(plane, exclusive=True, return_distance=True)
    return int(np.median(apart[np.unique(pairs[0], return_index=True)[1]]))
