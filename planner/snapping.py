"""Snaps points to the nearest edge of a road network.

The nearest edge is found in the plane of the UTM zone of the centre of the roads' box; the access leg is a great
circle. Every foot is rounded once to a whole millimetre along its edge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from planner.geodesy import great_circle_mm, project, to_mm, unproject, utm_epsg
from planner.roads import Feet, Roads

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import ArrayLike, NDArray

TIE_M = 0.001
"""Edges within this of the nearest are as near (metres)."""

ON_NODE_MM = 1
"""A foot within this of an end of its edge is on that node (millimetres)."""


def plane_epsg(roads: Roads) -> int:
    """EPSG code of the UTM zone of the centre of the roads' box."""
    west, south, east, north = roads.bounds
    return utm_epsg((west + east) / 2, (south + north) / 2)


def _along(
    px: NDArray[np.float64],
    py: NDArray[np.float64],
    ends: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fraction along each segment of the foot of each point's perpendicular, and the distance to it in metres."""
    ux, uy, vx, vy = ends
    dx, dy = vx - ux, vy - uy
    square = dx * dx + dy * dy
    dot = (px - ux) * dx + (py - uy) * dy
    fraction = np.clip(np.divide(dot, square, out=np.zeros_like(dot), where=square > 0), 0.0, 1.0)
    return fraction, np.hypot(px - (ux + fraction * dx), py - (uy + fraction * dy))


def _nearest(
    roads: Roads, px: NDArray[np.float64], py: NDArray[np.float64], epsg: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Nearest edge of each point, fraction along it, and the foot's x and y."""
    x, y = project(roads.lon, roads.lat, epsg)
    u, v = roads.u, roads.v
    corners = np.stack([np.stack([x[u], y[u]], axis=1), np.stack([x[v], y[v]], axis=1)], axis=1)
    tree = shapely.STRtree(shapely.linestrings(corners))
    points = shapely.points(px, py)
    (first, _), least = tree.query_nearest(points, return_distance=True, all_matches=False)
    within = np.empty(len(points))
    within[first] = least + TIE_M
    point, edge = tree.query(points, predicate="dwithin", distance=within)
    fraction, distance = _along(px[point], py[point], (x[u[edge]], y[u[edge]], x[v[edge]], y[v[edge]]))
    near = distance <= within[point]
    point, edge, fraction = point[near], edge[near], fraction[near]
    # edges are ascending by way id and segment, so the lowest edge number breaks the tie
    order = np.lexsort((edge, point))
    chosen = order[np.unique(point[order], return_index=True)[1]]
    edge, fraction = edge[chosen], fraction[chosen]
    foot_x = x[u[edge]] + fraction * (x[v[edge]] - x[u[edge]])
    foot_y = y[u[edge]] + fraction * (y[v[edge]] - y[u[edge]])
    return edge.astype(np.int64), fraction, foot_x, foot_y


def snap(roads: Roads, lon: ArrayLike, lat: ArrayLike, *, snap_max_m: float = 500.0) -> Feet:
    """Find the foot of each point on the network.

    Parameters
    ----------
    roads
        The network.
    lon, lat
        WGS-84 degrees, shape (n,); NaN for a point without a place.
    snap_max_m
        Points whose access leg is longer than this, in metres, are off the network.

    Returns
    -------
    feet
        One foot a point, in the order of the points.
    """
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    has_place = np.isfinite(lon) & np.isfinite(lat)
    epsg = plane_epsg(roads) if roads.n_edges else 4326
    x, y = project(np.where(has_place, lon, np.nan), np.where(has_place, lat, np.nan), epsg)
    # a point beyond the zone's reach (swapped axes, the other side of the globe) has no place in the plane
    placed = np.flatnonzero(has_place & np.isfinite(x) & np.isfinite(y))
    edge = np.full(len(lon), -1, dtype=np.int64)
    position_mm = np.zeros(len(lon), dtype=np.int64)
    node = np.full(len(lon), -1, dtype=np.int64)
    access_mm = np.full(len(lon), -1, dtype=np.int64)
    foot_lon, foot_lat = np.full(len(lon), np.nan), np.full(len(lon), np.nan)
    if len(placed) and roads.n_edges:
        near, fraction, foot_x, foot_y = _nearest(roads, x[placed], y[placed], epsg)
        foot_lon[placed], foot_lat[placed] = unproject(foot_x, foot_y, epsg)
        access_mm[placed] = great_circle_mm(lon[placed], lat[placed], foot_lon[placed], foot_lat[placed])
        on = access_mm[placed] <= to_mm(snap_max_m)
        at, near, fraction = placed[on], near[on], fraction[on]
        length_mm = roads.length_mm[near]
        along_mm = np.rint(fraction * length_mm).astype(np.int64)
        at_u = (along_mm <= ON_NODE_MM) & (along_mm <= length_mm - along_mm)
        at_v = ~at_u & (length_mm - along_mm <= ON_NODE_MM)
        edge[at] = near
        position_mm[at] = np.select([at_u, at_v], [0, length_mm], along_mm)
        node[at] = np.select([at_u, at_v], [roads.u[near], roads.v[near]], -1)
    return Feet(edge, position_mm, node, access_mm, foot_lon, foot_lat)


def snap_table(roads: Roads, table: GeoDataFrame, *, snap_max_m: float = 500.0) -> Feet:
    """Snap the points of a demand or site table; rows without a geometry stay off the network."""
    return snap(roads, table.geometry.x.to_numpy(), table.geometry.y.to_numpy(), snap_max_m=snap_max_m)
