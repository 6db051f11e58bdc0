"""Where people gather, and road positions for a site there: near dense or clustered demand (H3), or evenly spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import KDTree

from planner.geodesy import great_circle_mm, project, to_mm
from planner.snapping import plane_epsg, snap
from planner.vicinity import chord, sphere, sums_near

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from planner.roads import Roads

    Degrees = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Places = tuple[Degrees, Degrees]


@dataclass(frozen=True, eq=False)
class Gatherings:
    """Road positions in WGS-84 degrees, those with the most around them first, and how much lies around each."""

    lon: Degrees
    lat: Degrees
    amount: Whole


def around(lon: Degrees, lat: Degrees, at_lon: Degrees, at_lat: Degrees, within_m: float) -> list[Whole]:
    """Numbers of the points at most so far from each of some places.

    Parameters
    ----------
    lon, lat
        WGS-84 degrees of points, shape (n,); one without a place (not a number) is near nothing.
    at_lon, at_lat
        Places, shape (m,), none without a place.
    within_m
        Largest great-circle distance in metres, compared in whole millimetres.

    Returns
    -------
    numbers
        For each place, ascending.
    """
    rows, points = sphere(lon, lat)
    _, centres = sphere(at_lon, at_lat)
    if not len(rows) or not len(centres):
        return [np.empty(0, dtype=np.int64) for _ in at_lon]
    found = KDTree(points).query_ball_point(centres, chord(within_m), return_sorted=True)
    limit, near = to_mm(within_m), [rows[np.asarray(some, dtype=np.int64)] for some in found]
    return [
        some[great_circle_mm(lon[some], lat[some], at_lon[place], at_lat[place]) <= limit]
        for place, some in enumerate(near)
    ]


def nearest_of(lon: Degrees, lat: Degrees, at_lon: Degrees, at_lat: Degrees) -> tuple[Whole, Whole]:
    """Find the point nearest to each of some places.

    Parameters
    ----------
    lon, lat
        WGS-84 degrees of points, shape (n,), at least one with a place.
    at_lon, at_lat
        Places, shape (m,).

    Returns
    -------
    number, distance_mm
        The point, and how far it is, great circle in whole millimetres.
    """
    rows, points = sphere(lon, lat)
    _, centres = sphere(at_lon, at_lat)
    number = rows[KDTree(points).query(centres)[1]] if len(centres) else np.empty(0, dtype=np.int64)
    return number, great_circle_mm(lon[number], lat[number], at_lon, at_lat)


def spaced(
    lon: Degrees,
    lat: Degrees,
    order: Whole,
    apart_m: float,
    *,
    taken: Places | None = None,
    most: int | None = None,
) -> Whole:
    """Choose places one after the other, each farther than `apart_m` from all chosen before it and from what is there.

    Parameters
    ----------
    lon, lat
        WGS-84 degrees of the places, shape (n,).
    order
        Their numbers, the one to be chosen first first; places that it leaves out are not chosen.
    apart_m
        Great-circle distance in metres.
    taken
        Longitudes and latitudes of what is there already.
    most
        How many to choose at most; None for all that fit.

    Returns
    -------
    chosen
        Their numbers, in the order chosen. Without `most` every place of `order` is within `apart_m` of one of them,
        or of what is there.
    """
    free = np.zeros(len(lon), dtype=bool)
    free[order] = True
    for near in around(lon, lat, *taken, apart_m) if taken else ():
        free[near] = False
    _, points = sphere(lon, lat)
    tree = KDTree(points) if len(points) else None
    limit, reach = to_mm(apart_m), chord(apart_m)
    chosen: list[int] = []
    for row in order.tolist():
        if tree is None or len(chosen) == most:
            break
        if free[row]:
            chosen.append(row)
            near = np.array(tree.query_ball_point(points[row], reach), dtype=np.int64)
            free[near[great_circle_mm(lon[near], lat[near], lon[row], lat[row]) <= limit]] = False
    return np.array(chosen, dtype=np.int64)


def densest(
    roads: Roads,
    lon: Degrees,
    lat: Degrees,
    amount: Whole,
    *,
    within_m: float,
    most: int,
    snap_max_m: float,
    barred: Callable[[Degrees, Degrees], NDArray[np.bool_]],
) -> Gatherings:
    """Find road positions with the most demand around them (H3: 零工聚集在哪里、驿站建设到哪里).

    Every demand point's foot on the roads is a position; the one with the most demand within `within_m` is taken, then
    the best of those farther than `within_m` from it, and so on. Demand around two positions may be the same.

    Parameters
    ----------
    roads
        The walk network.
    lon, lat, amount
        WGS-84 degrees of the demand points of one layer, and their people, shape (n,).
    within_m
        Radius, great circle, in metres.
    most
        How many positions to find at most.
    snap_max_m
        Points farther than this from every road, in metres, give no position; what is around others counts them.
    barred
        Tells of positions in WGS-84 degrees which may not be taken.

    Returns
    -------
    gatherings
        Of equal ones the southernmost, then westernmost first. Positions with nothing around them are none.
    """
    feet = snap(roads, lon, lat, snap_max_m=snap_max_m)
    own = feet.take((feet.edge >= 0) & (amount > 0) & ~barred(feet.lon, feet.lat))
    sums = sums_near(lon, lat, amount, own.lon, own.lat, int(to_mm(within_m)))
    order = np.lexsort((own.lon, own.lat, -sums))
    chosen = spaced(own.lon, own.lat, order, within_m, most=most)
    return Gatherings(own.lon[chosen], own.lat[chosen], sums[chosen])


def evenly(roads: Roads, usable: NDArray[np.bool_], apart_m: float, taken: Places) -> Whole:
    """Choose road nodes evenly where nothing else is.

    Nodes near the middle of a square of a fixed grid go first, so that the choice here does not hang on what is far
    off, and is the same next year.

    Parameters
    ----------
    roads
        The walk network.
    usable
        Which of its nodes may be chosen.
    apart_m
        Side of a square, and how far each is from every other and from what is there, in metres.
    taken
        Longitudes and latitudes of what is there.

    Returns
    -------
    nodes
        Node numbers, by place from south to north. Every usable node is within `apart_m` of one of them or of what is
        there.
    """
    x, y = project(roads.lon, roads.lat, plane_epsg(roads))
    middle = apart_m / 2
    off_m = np.rint(np.hypot(x % apart_m - middle, y % apart_m - middle))
    order = np.lexsort((roads.node_id, off_m))
    chosen = spaced(roads.lon, roads.lat, order[usable[order]], apart_m, taken=taken)
    return chosen[np.lexsort((roads.lon[chosen], roads.lat[chosen]))]
