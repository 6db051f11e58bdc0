"""The road network's figures: the travel table, and the nearest site of every point.

Everything is counted in whole millimetres and milliseconds (design, section 5). Searches start at the sites, of which
there are fewer than people points, and follow the arcs backwards, so that a driving time is the one from the demand
point to the site.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planner._search import FAR, reach, spread
from planner.arcs import arcs_of, direct_of, effective, seeds_of, stops_of, walk_ms
from planner.osmfile import read_roads
from planner.snapping import snap, snap_table
from planner.standards import walk_limit_mm

if TYPE_CHECKING:
    from decimal import Decimal

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from planner.roads import Feet, Roads
    from planner.terms import Measure

    Whole = NDArray[np.int64]

__all__ = ["nearest", "read_roads", "snap", "snap_table", "travel"]

TRAVEL_COLUMNS = ["demand_id", "site_id", "mode", "measure", "metres", "seconds"]


def _by_id(ids: pd.Series) -> tuple[NDArray[np.object_], Whole]:
    """Ids in ascending order, and the rank of each row's id."""
    order, rank = np.unique(ids.to_numpy(dtype=object), return_inverse=True)
    return order, rank.astype(np.int64)


def _tabulate(
    roads: Roads,
    ids: tuple[NDArray[np.object_], NDArray[np.object_]],
    costs: tuple[Whole, Whole],
    measure: Measure,
    walk_kph: float,
) -> pd.DataFrame:
    first, second = costs
    mm, ms = (first, second) if effective(roads, measure) == "distance" else (second, first)
    if roads.mode == "walk":
        ms = walk_ms(mm, walk_kph)
    columns = (ids[0], ids[1], roads.mode, measure, mm / 1000, ms / 1000)
    return pd.DataFrame(dict(zip(TRAVEL_COLUMNS, columns, strict=True)), columns=TRAVEL_COLUMNS)


def travel(
    roads: Roads,
    demand: GeoDataFrame,
    sites: GeoDataFrame,
    *,
    cutoff_m: float | Decimal | None = None,
    cutoff_s: float | Decimal | None = None,
    walk_kph: float = 4.0,
    snap_max_m: float = 500.0,
    demand_feet: Feet | None = None,
    site_feet: Feet | None = None,
) -> pd.DataFrame:
    """Measure every pair of demand point and site within a cutoff, access legs included.

    Parameters
    ----------
    roads
        The network; its mode is the mode of travel.
    demand, sites
        Tables with ``demand_id`` and ``site_id`` and points in EPSG:4326 (None: without a place).
    cutoff_m, cutoff_s
        One of the two: the largest distance in metres (shortest paths) or time in seconds (quickest paths).
    walk_kph
        Walking speed in km/h, also of the access legs of a drive.
    snap_max_m
        Points farther than this from every edge, in metres, are off the network.
    demand_feet, site_feet
        Feet found before on these roads, to save snapping again.

    Returns
    -------
    travel
        Columns demand_id, site_id, mode, measure (``distance`` or ``time``), metres, seconds (3 decimals, exact): of
        the one best path from the demand point to the site. Sorted by demand_id and site_id.

    Raises
    ------
    ValueError
        Unless exactly one cutoff is given.
    """
    if (cutoff_m is None) == (cutoff_s is None):
        raise ValueError("give cutoff_m or cutoff_s")
    measure: Measure = "distance" if cutoff_m is not None else "time"
    if cutoff_m is not None:
        limit = int(Fraction(str(cutoff_m)) * 1000)
    elif roads.mode == "walk":
        limit = walk_limit_mm(cutoff_s or 0, walk_kph)
    else:
        limit = int(Fraction(str(cutoff_s)) * 1000)
    demand_feet = snap_table(roads, demand, snap_max_m=snap_max_m) if demand_feet is None else demand_feet
    site_feet = snap_table(roads, sites, snap_max_m=snap_max_m) if site_feet is None else site_feet
    site, point, first, second = reach(
        *arcs_of(roads, effective(roads, measure), reverse=True).flat,
        *seeds_of(roads, site_feet, measure, walk_kph, arriving=True).table.flat,
        *stops_of(roads, demand_feet, measure, walk_kph).flat,
        *direct_of(roads, demand_feet, site_feet, measure, walk_kph).flat,
        len(demand),
        limit,
    )
    demand_ids, demand_rank = _by_id(demand["demand_id"])
    site_ids, site_rank = _by_id(sites["site_id"])
    order = np.lexsort((site_rank[site], demand_rank[point]))
    ids = demand_ids[demand_rank[point[order]]], site_ids[site_rank[site[order]]]
    return _tabulate(roads, ids, (first[order], second[order]), measure, walk_kph)


def _best(point: Whole, costs: tuple[Whole, Whole, Whole]) -> tuple[Whole, Whole]:
    """Choose each point's least entry by first cost, label, second cost; returns points and entry numbers."""
    first, label, second = costs
    order = np.lexsort((second, label, first, point))
    points, at = np.unique(point[order], return_index=True)
    return points, order[at]


def nearest(
    roads: Roads,
    demand: GeoDataFrame,
    sites: GeoDataFrame,
    *,
    measure: Measure = "distance",
    walk_kph: float = 4.0,
    snap_max_m: float = 500.0,
    demand_feet: Feet | None = None,
    site_feet: Feet | None = None,
) -> pd.DataFrame:
    """Find the nearest site of every demand point, however far, in one search from all sites.

    Parameters
    ----------
    roads, demand, sites, walk_kph, snap_max_m, demand_feet, site_feet
        As in `travel`.
    measure
        Whether the shortest or the quickest path decides.

    Returns
    -------
    nearest
        The columns of `travel`, one row for each demand point that reaches any site; ties go to the lowest site_id.
        Sorted by demand_id.
    """
    demand_feet = snap_table(roads, demand, snap_max_m=snap_max_m) if demand_feet is None else demand_feet
    site_feet = snap_table(roads, sites, snap_max_m=snap_max_m) if site_feet is None else site_feet
    demand_ids, demand_rank = _by_id(demand["demand_id"])
    site_ids, site_rank = _by_id(sites["site_id"])
    arcs = arcs_of(roads, effective(roads, measure), reverse=True)
    seeds = seeds_of(roads, site_feet, measure, walk_kph, arriving=True).table
    stops = stops_of(roads, demand_feet, measure, walk_kph)
    direct = direct_of(roads, demand_feet, site_feet, measure, walk_kph)
    first, second, label = spread(*arcs.flat, seeds.payload, seeds.first, seeds.second, site_rank[seeds.keys], FAR - 1)
    reached = np.flatnonzero(label[stops.keys] >= 0)
    node = stops.keys[reached]
    point = np.concatenate([stops.payload[reached], direct.payload])
    total = np.concatenate([first[node] + stops.first[reached], direct.first])
    other = np.concatenate([second[node] + stops.second[reached], direct.second])
    mark = np.concatenate([label[node], site_rank[direct.keys]])
    points, best = _best(point, (total, mark, other))
    order = np.argsort(demand_rank[points], kind="stable")
    points, best = points[order], best[order]
    ids = demand_ids[demand_rank[points]], site_ids[mark[best]]
    return _tabulate(roads, ids, (total[best], other[best]), measure, walk_kph)
