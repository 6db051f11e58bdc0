"""Which segments of a network a line means that was drawn along a road.

The rule, in the plane of the UTM zone of the roads' box: a segment runs along the line if both its ends and its middle
lie within `NEAR_M` of it, its middle beside the line and not beyond its ends, and the two run less than 40 degrees
apart there. Of segments side by side the nearest is meant, and any that is no more than `BESIDE_M` farther: a line on
one carriageway means that one, a line between two means both. A segment shorter than `NEAR_M` may run askew where a way
bends: it is meant if it lies between others of its way that are, or next to one and within `ON_M` of the line. Segments
are taken whole; those of no length are never meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from planner.geodesy import project, utm_epsg
from planner.snapping import plane_epsg

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.roads import Roads

    Whole = NDArray[np.int64]
    Flags = NDArray[np.bool_]

NEAR_M = 15.0
"""How far a line may be drawn from the road that it means, in metres."""

BESIDE_M = 5.0
"""How much farther than the nearest a segment beside it may be, in metres."""

ON_M = 0.1
"""How far from a road a line may be that was drawn onto it, in metres."""

_ALONG = np.cos(np.deg2rad(40))
_ROUNDING_M = 0.1


@dataclass(frozen=True, eq=False)
class Plane:
    """A network in the plane.

    Attributes
    ----------
    epsg
        Code of the plane.
    x, y
        Metres, by node.
    edges
        Straight line of each segment.
    tree
        The same, to be searched.
    """

    epsg: int
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    edges: NDArray[np.object_]
    tree: shapely.STRtree


def in_plane(roads: Roads) -> Plane:
    """Put a network into the plane in which points are snapped to it."""
    epsg = plane_epsg(roads)
    x, y = project(roads.lon, roads.lat, epsg)
    ends = np.stack([np.column_stack([x[end], y[end]]) for end in (roads.u, roads.v)], axis=1)
    edges = shapely.linestrings(ends)
    return Plane(epsg, x, y, edges, shapely.STRtree(edges))


def along(
    roads: Roads, plane: Plane, lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Find the segments that a drawn line means.

    Parameters
    ----------
    roads, plane
        The network, and the same in the plane.
    lon, lat
        Vertices of the line in WGS-84 degrees, two at least.

    Returns
    -------
    edges
        Numbers of the segments, ascending.
    forward
        Whether the line runs from u to v of each.
    """
    line = shapely.LineString(np.column_stack(project(lon, lat, plane.epsg)))
    near = np.sort(plane.tree.query(line, predicate="dwithin", distance=NEAR_M))
    near = near[roads.length_mm[near] > 0]
    ends = [shapely.points(plane.x[node[near]], plane.y[node[near]]) for node in (roads.u, roads.v)]
    middle = shapely.line_interpolate_point(plane.edges[near], 0.5, normalized=True)
    off_m = np.max([shapely.distance(points, line) for points in (*ends, middle)], axis=0)
    at = shapely.line_locate_point(line, middle)
    beside = shapely.is_closed(line) | ((at > 0) & (at < line.length))
    length_m = shapely.length(plane.edges[near])
    half = np.maximum(length_m / 2, NEAR_M)  # a hand trembles: short segments are not asked alone
    behind, ahead = (
        shapely.get_coordinates(shapely.line_interpolate_point(line, np.clip(at + step, 0, line.length)))
        for step in (-half, half)
    )
    course, street = ahead - behind, shapely.get_coordinates(ends[1]) - shapely.get_coordinates(ends[0])
    product = (course * street).sum(axis=1)
    runs = np.abs(product) >= _ALONG * np.hypot(*course.T) * np.hypot(*street.T)
    close = beside & (off_m <= NEAR_M)
    meant = np.flatnonzero(close & runs & (product != 0))
    meant = meant[_nearest(plane.edges[near[meant]], shapely.line_interpolate_point(line, at[meant]))]
    runs_of = np.zeros(len(near), dtype=np.int64)
    runs_of[meant] = np.sign(product[meant])
    follows = (np.diff(roads.way_id[near]) == 0) & (roads.u[near][1:] == roads.v[near][:-1])
    runs_of = _with_short(runs_of, close & (length_m < NEAR_M), off_m <= ON_M, follows)
    meant = np.flatnonzero(runs_of)
    return near[meant].astype(np.int64), runs_of[meant] > 0


def left_of(lon: NDArray[np.float64], lat: NDArray[np.float64], meant: NDArray[np.object_]) -> NDArray[np.float64]:
    """Measure the parts of a drawn line along which no segment was meant.

    Parameters
    ----------
    lon, lat
        Vertices of the line in WGS-84 degrees, two at least.
    meant
        Segments that it means, one at least, as lines in WGS-84 degrees; of several networks, those of all.

    Returns
    -------
    shares
        Of the line's length, one for each part: such as beside a long segment that is not meant because the line ends
        before it does.
    """
    epsg = utm_epsg(float(lon.mean()), float(lat.mean()))
    line = shapely.LineString(np.column_stack(project(lon, lat, epsg)))
    roads = shapely.transform(shapely.union_all(meant), lambda xy: np.column_stack(project(xy[:, 0], xy[:, 1], epsg)))
    # flat ends: nothing beyond the last segment counts; merged, so that no wedge is open where a road bends
    beside = shapely.buffer(shapely.line_merge(roads), NEAR_M + _ROUNDING_M, cap_style="flat")
    return np.asarray(shapely.length(shapely.get_parts(shapely.difference(line, beside))) / line.length)


def _with_short(runs: Whole, short: Flags, on: Flags, follows: Flags) -> Whole:
    """Let short segments run as the nearest others of their way do.

    Parameters
    ----------
    runs
        How each segment that is meant runs: 1 along the line, -1 against it; 0 is not meant.
    short, on
        Which are short and near, and which lie on the line.
    follows
        Whether each segment but the first follows the one before it in the same way.
    """
    before, after = runs.copy(), runs.copy()
    for k in range(1, len(runs)):
        if short[k] and follows[k - 1] and not runs[k]:
            before[k] = before[k - 1]
    for k in range(len(runs) - 2, -1, -1):
        if short[k] and follows[k] and not runs[k]:
            after[k] = after[k + 1]
    between = before == after
    return np.where(between, before, np.where(on, before + after, 0))


def _nearest(segments: NDArray[np.object_], places: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Tell which of some segments are the nearest to their places on the line, or hardly farther."""
    if not len(segments):
        return np.zeros(0, dtype=bool)
    (place, _), least = shapely.STRtree(segments).query_nearest(places, return_distance=True, all_matches=False)
    nearest = np.empty(len(segments))
    nearest[place] = least
    return np.asarray(shapely.distance(segments, places) <= nearest + BESIDE_M)
