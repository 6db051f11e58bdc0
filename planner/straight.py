"""Straight-line reach: great-circle distances between points, found without looking at every pair."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.spatial import KDTree

from planner.geodesy import EARTH_RADIUS_M, great_circle_mm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

SLACK_M = 0.01
"""Search radius added to absorb rounding; every candidate is then measured exactly (metres)."""


def _sphere(table: GeoDataFrame) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rows that have a place, and their points on the unit sphere."""
    lon, lat = table.geometry.x.to_numpy(), table.geometry.y.to_numpy()
    rows = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
    lam, phi = np.deg2rad(lon[rows]), np.deg2rad(lat[rows])
    return rows, np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=1)


def _chord(metres: Any) -> Any:
    return 2 * np.sin(np.minimum(metres / (2 * EARTH_RADIUS_M), np.pi / 2))


def _pairs(
    demand: GeoDataFrame, sites: GeoDataFrame, d_rows: NDArray[np.int64], found: Sequence[Sequence[int]]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Rows of demand and sites, and millimetres, of the pairs that a tree search found."""
    d = np.repeat(d_rows, [len(near) for near in found])
    s = np.fromiter((row for near in found for row in near), dtype=np.int64, count=len(d))
    dx, dy = demand.geometry.x.to_numpy(), demand.geometry.y.to_numpy()
    sx, sy = sites.geometry.x.to_numpy(), sites.geometry.y.to_numpy()
    return d, s, great_circle_mm(dx[d], dy[d], sx[s], sy[s])


def _table(
    demand: GeoDataFrame, sites: GeoDataFrame, d: NDArray[np.int64], s: NDArray[np.int64], mm: NDArray[np.int64],
    walk_kph: float,
) -> pd.DataFrame:  # fmt: skip
    table = pd.DataFrame(
        {
            "demand_id": demand["demand_id"].to_numpy()[d],
            "site_id": sites["site_id"].to_numpy()[s],
            "mode": "straight",
            "measure": "distance",
            "metres": mm / 1000,
            "seconds": np.rint(mm * 3.6 / walk_kph) / 1000,
        }
    )
    return table.sort_values(["demand_id", "site_id"], ignore_index=True)


def within(demand: GeoDataFrame, sites: GeoDataFrame, *, cutoff_m: float, walk_kph: float = 4.0) -> pd.DataFrame:
    """List every pair of demand point and site at most `cutoff_m` metres apart, as the crow flies.

    Parameters
    ----------
    demand, sites
        Tables with ``demand_id`` and ``site_id`` and points in EPSG:4326 (None: without a place).
    cutoff_m
        Largest great-circle distance in metres.
    walk_kph
        Walking speed for the column seconds, in km/h.

    Returns
    -------
    travel
        The columns of the travel table, with mode ``straight``; sorted by demand_id and site_id.
    """
    (d_rows, d_points), (s_rows, s_points) = _sphere(demand), _sphere(sites)
    if not len(d_rows) or not len(s_rows):
        nothing = np.empty(0, dtype=np.int64)
        return _table(demand, sites, nothing, nothing, nothing, walk_kph)
    found = KDTree(s_points).query_ball_point(d_points, _chord(cutoff_m + SLACK_M))
    d, s, mm = _pairs(demand, sites, d_rows, [s_rows[near] for near in found])
    keep = mm <= int(Fraction(str(cutoff_m)) * 1000)  # as written: 1.001 m is 1001 mm, not one less
    return _table(demand, sites, d[keep], s[keep], mm[keep], walk_kph)


def nearest(demand: GeoDataFrame, sites: GeoDataFrame, *, walk_kph: float = 4.0) -> pd.DataFrame:
    """Find the nearest site of every demand point as the crow flies; ties go to the lowest site_id.

    Parameters
    ----------
    demand, sites, walk_kph
        As in `within`.

    Returns
    -------
    nearest
        The columns of the travel table, one row for each demand point that has a place, if any site has one.
    """
    (d_rows, d_points), (s_rows, s_points) = _sphere(demand), _sphere(sites)
    if not len(d_rows) or not len(s_rows):
        return within(demand, sites, cutoff_m=0.0, walk_kph=walk_kph)
    tree = KDTree(s_points)
    chord, _ = tree.query(d_points)
    found = tree.query_ball_point(d_points, np.asarray(chord) + SLACK_M / EARTH_RADIUS_M)
    d, s, mm = _pairs(demand, sites, d_rows, [s_rows[near] for near in found])
    table = _table(demand, sites, d, s, mm, walk_kph)
    best = table.sort_values(["demand_id", "metres", "site_id"], kind="stable")
    return best.drop_duplicates("demand_id").reset_index(drop=True)
