"""Snaps points to the nearest edge of a road network.

The nearest edge is found in the plane of the UTM zone of the centre of the roads' box; the access leg is a great
circle. Every foot is rounded once to a whole millimetre along its edge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from planner._plane import EdgeTree, edge_tree, nearest_edges
from planner.geodesy import great_circle_mm, project, to_mm, unproject, utm_epsg
from planner.roads import Feet, Roads

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import ArrayLike, NDArray

TIE_M = 0.001
"""Edges within this of the nearest are as near (metres)."""

ON_NODE_MM = 1
"""A foot within this of an end of its edge is on that node (millimetres)."""

FARTHEST_M = 1e8
"""More than any two places on the globe are apart, in metres: a limit above it limits nothing."""

# a network's arrays are frozen, so its tree is built once, for demand and sites, and goes when the network goes
_trees: WeakKeyDictionary[Roads, EdgeTree | None] = WeakKeyDictionary()


def plane_epsg(roads: Roads) -> int:
    """EPSG code of the UTM zone of the centre of the roads' box."""
    west, south, east, north = roads.bounds
    return utm_epsg((west + east) / 2, (south + north) / 2)


def _tree(roads: Roads) -> EdgeTree | None:
    """Return the roads' edges in the plane; None where none has a place there."""
    if roads not in _trees:
        tree = None
        if roads.n_edges:
            x, y = project(roads.lon, roads.lat, plane_epsg(roads))
            tree = edge_tree(np.column_stack([x[roads.u], y[roads.u], x[roads.v], y[roads.v]]))
        _trees[roads] = tree
    return _trees[roads]


def _positions(
    roads: Roads, edge: NDArray[np.int64], fraction: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Millimetres along each edge, and the node that the foot is on (-1 where none)."""
    length_mm = roads.length_mm[edge]
    along_mm = np.rint(fraction * length_mm).astype(np.int64)
    at_u = (along_mm <= ON_NODE_MM) & (along_mm <= length_mm - along_mm)
    at_v = ~at_u & (length_mm - along_mm <= ON_NODE_MM)
    position_mm = np.select([at_u, at_v], [0, length_mm], along_mm)
    return position_mm, np.select([at_u, at_v], [roads.u[edge], roads.v[edge]], -1)


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

    Raises
    ------
    ValueError
        If `snap_max_m` is below zero or no number.
    """
    if not snap_max_m >= 0:
        raise ValueError(f"snap_max_m cannot be {snap_max_m}")
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    edge, node, access_mm = (np.full(len(lon), -1, dtype=np.int64) for _ in range(3))
    position_mm = np.zeros(len(lon), dtype=np.int64)
    foot_lon, foot_lat = np.full(len(lon), np.nan), np.full(len(lon), np.nan)
    tree = _tree(roads)
    if tree is not None:
        epsg = plane_epsg(roads)
        has_place = np.isfinite(lon) & np.isfinite(lat)
        x, y = project(np.where(has_place, lon, np.nan), np.where(has_place, lat, np.nan), epsg)
        # a point beyond the zone's reach (swapped axes, the other side of the globe) has no place in the plane
        placed = np.flatnonzero(has_place & np.isfinite(x) & np.isfinite(y))
        near, fraction, foot_x, foot_y = nearest_edges(tree, x[placed], y[placed], TIE_M)
        foot_lon[placed], foot_lat[placed] = unproject(foot_x, foot_y, epsg)
        access_mm[placed] = great_circle_mm(lon[placed], lat[placed], foot_lon[placed], foot_lat[placed])
        on = access_mm[placed] <= to_mm(min(snap_max_m, FARTHEST_M))
        at, near = placed[on], near[on]
        edge[at] = near
        position_mm[at], node[at] = _positions(roads, near, fraction[on])
    return Feet(edge, position_mm, node, access_mm, foot_lon, foot_lat)


def snap_table(roads: Roads, table: GeoDataFrame, *, snap_max_m: float = 500.0) -> Feet:
    """Snap the points of a demand or site table; rows without a geometry stay off the network."""
    return snap(roads, *lonlat(table), snap_max_m=snap_max_m)


def lonlat(table: GeoDataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the WGS-84 degrees of a table's points; a table that names no reference system is in them already."""
    points = table.geometry if table.crs is None else table.geometry.to_crs(4326)
    return points.x.to_numpy(), points.y.to_numpy()
