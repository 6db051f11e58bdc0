"""The road network's figures: the travel table, and the nearest sites of every point.

Everything is counted in whole millimetres and milliseconds (design, section 5). Searches start at the sites, of which
there are fewer than people points, and follow the arcs backwards, so that a driving time is the one from the demand
point to the site.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from planner.arcs import effective, walk_ms
from planner.geodesy import great_circle_mm
from planner.graphs import from_graph, to_graph
from planner.nearest import nearest_labels
from planner.osmfile import read_roads
from planner.searches import pairs_within
from planner.snapping import lonlat, snap, snap_table
from planner.standards import as_cutoffs, cutoff_limit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from planner.roads import Feet, Roads
    from planner.searches import Found
    from planner.terms import Measure

    Whole = NDArray[np.int64]
    Cutoff = float | Decimal

__all__ = ["from_graph", "nearest", "read_roads", "snap", "snap_table", "to_graph", "travel", "travel_blocks"]

TRAVEL_COLUMNS = ["demand_id", "site_id", "mode", "measure", "metres", "seconds"]


def _order_by_id(ids: pd.Series) -> tuple[Whole, NDArray[np.int32]]:
    """Rows in ascending order of their ids, and the place of each row in it."""
    order = np.argsort(ids.to_numpy(dtype=object), kind="stable")
    place = np.empty(len(order), dtype=np.int32)
    place[order] = np.arange(len(order))
    return order, place


def _texts(ids: pd.Series, rows: NDArray[np.integer]) -> pd.api.extensions.ExtensionArray:
    return pd.array(ids.to_numpy(dtype=object), dtype="str").take(rows)


def _tabulate(
    roads: Roads,
    ids: tuple[pd.api.extensions.ExtensionArray, pd.api.extensions.ExtensionArray],
    costs: tuple[Whole, Whole],
    measure: Measure,
    walk_kph: float,
) -> pd.DataFrame:
    mm, ms = costs if effective(roads, measure) == "distance" else costs[::-1]
    if roads.mode == "walk":
        ms = walk_ms(mm, walk_kph)
    columns = (*ids, roads.mode, measure, mm / 1000, ms / 1000)
    return pd.DataFrame(dict(zip(TRAVEL_COLUMNS, columns, strict=True)), columns=TRAVEL_COLUMNS)


def travel(
    roads: Roads,
    demand: GeoDataFrame,
    sites: GeoDataFrame,
    *,
    cutoff_m: Cutoff | Sequence[Cutoff] | NDArray[Any] | None = None,
    cutoff_s: Cutoff | Sequence[Cutoff] | NDArray[Any] | None = None,
    walk_kph: float = 4.0,
    snap_max_m: float = 500.0,
    straight: bool = False,
    threads: int | None = None,
    demand_feet: Feet | None = None,
    site_feet: Feet | None = None,
) -> pd.DataFrame:
    """Measure every pair of demand point and site within a cutoff, access legs included.

    Parameters
    ----------
    roads
        The network; its mode is the mode of travel.
    demand, sites
        Tables with ``demand_id`` and ``site_id`` and points (None: without a place), in EPSG:4326 or with another
        reference system that says so.
    cutoff_m, cutoff_s
        One of the two: the largest distance in metres (shortest paths) or time in seconds (quickest paths). With
        several, one search finds the pairs of all.
    walk_kph
        Walking speed in km/h, also of the access legs of a drive.
    snap_max_m
        Points farther than this from every edge, in metres, are off the network.
    straight
        Whether to put the great-circle distance of every pair beside its way.
    threads
        Number of threads; None: one for each processor, up to 8. The figures are the same for any number.
    demand_feet, site_feet
        Feet found before on these roads, to save snapping again.

    Returns
    -------
    travel
        Columns demand_id, site_id, mode, measure (``distance`` or ``time``), metres, seconds (3 decimals, exact): of
        the one best path from the demand point to the site. With several cutoffs also ``cutoff_m`` or ``cutoff_s``: the
        smallest that the pair is within. With `straight` also straight_m. Sorted by demand_id and site_id.

    Raises
    ------
    ValueError
        Unless exactly one kind of cutoff is given; for one below zero, or above what `planner.keys.keys_for` can hold.
    """
    in_m, in_s = sorted(as_cutoffs(cutoff_m)), sorted(as_cutoffs(cutoff_s))
    if bool(in_m) == bool(in_s):
        raise ValueError("give cutoff_m or cutoff_s")
    measure: Measure = "distance" if in_m else "time"
    limits = [cutoff_limit(roads.mode, measure, cutoff, walk_kph) for cutoff in in_m or in_s]
    demand_feet = snap_table(roads, demand, snap_max_m=snap_max_m) if demand_feet is None else demand_feet
    site_feet = snap_table(roads, sites, snap_max_m=snap_max_m) if site_feet is None else site_feet
    found = pairs_within(
        roads, demand_feet, site_feet, measure=measure, walk_kph=walk_kph, limit=limits[-1], threads=threads
    )
    point, site, row = _sorted_pairs(found, demand["demand_id"], sites["site_id"])
    first, second = found.take(row)
    ids = _texts(demand["demand_id"], point), _texts(sites["site_id"], site)
    table = _tabulate(roads, ids, (first, second), measure, walk_kph)
    if len(limits) > 1:
        name = "cutoff_m" if in_m else "cutoff_s"
        table[name] = np.array([float(cutoff) for cutoff in in_m or in_s])[np.searchsorted(limits, first)]
    if straight:
        (d_lon, d_lat), (s_lon, s_lat) = lonlat(demand), lonlat(sites)
        table["straight_m"] = great_circle_mm(d_lon[point], d_lat[point], s_lon[site], s_lat[site]) / 1000
    return table


def _sorted_pairs(
    found: Found, demand_ids: pd.Series, site_ids: pd.Series
) -> tuple[Whole, Whole, NDArray[np.signedinteger]]:
    """Rows of demand and sites of each pair, and its row in `found`, sorted by demand_id and site_id.

    Turning a sparse matrix round counts where a sort would compare.
    """
    d_order, d_place = _order_by_id(demand_ids)
    s_order, _ = _order_by_id(site_ids)
    shape = len(site_ids), len(demand_ids)
    number = np.arange(len(found.item), dtype=np.min_scalar_type(-max(len(found.item), 1)))
    by_site = csr_array((number, d_place[found.item], found.start), shape=shape)
    by_demand = by_site[s_order].tocsc()
    point = np.repeat(d_order, np.diff(by_demand.indptr))
    return point, s_order[by_demand.indices], by_demand.data


def travel_blocks(
    roads: Roads,
    demand: GeoDataFrame,
    sites: GeoDataFrame,
    *,
    sites_per_block: int = 500,
    snap_max_m: float = 500.0,
    demand_feet: Feet | None = None,
    site_feet: Feet | None = None,
    **options: Any,
) -> Iterator[pd.DataFrame]:
    """Measure the travel table some sites at a time, for tables that memory cannot hold at once.

    Parameters
    ----------
    roads, demand, sites, snap_max_m, demand_feet, site_feet
        As in `travel`.
    sites_per_block
        Number of sites of each part.
    options
        The other options of `travel`.

    Yields
    ------
    travel
        The travel table of the next sites in order of site_id; together they hold the rows of the whole table.

    Raises
    ------
    ValueError
        If a block has no site, and as in `travel`.
    """
    if sites_per_block < 1:
        raise ValueError("sites_per_block cannot be below 1")
    demand_feet = snap_table(roads, demand, snap_max_m=snap_max_m) if demand_feet is None else demand_feet
    site_feet = snap_table(roads, sites, snap_max_m=snap_max_m) if site_feet is None else site_feet
    order, _ = _order_by_id(sites["site_id"])
    for low in range(0, len(order), sites_per_block):
        rows = order[low : low + sites_per_block]
        part, feet = sites.iloc[rows], site_feet.take(rows)
        yield travel(roads, demand, part, demand_feet=demand_feet, site_feet=feet, **options)


def nearest(
    roads: Roads,
    demand: GeoDataFrame,
    sites: GeoDataFrame,
    *,
    measure: Measure = "distance",
    count: int = 1,
    walk_kph: float = 4.0,
    snap_max_m: float = 500.0,
    demand_feet: Feet | None = None,
    site_feet: Feet | None = None,
) -> pd.DataFrame:
    """Find the nearest sites of every demand point, however far, in one search from all sites.

    Parameters
    ----------
    roads, demand, sites, walk_kph, snap_max_m, demand_feet, site_feet
        As in `travel`.
    measure
        Whether the shortest or the quickest path decides.
    count
        Number of sites to find for each point: with 2 also the next one, should the nearest close.

    Returns
    -------
    nearest
        The columns of `travel`, and with `count` above 1 also rank (1 is the nearest): up to `count` rows for each
        demand point, as many as sites that it reaches. Ties go to the lowest site_id. Sorted by demand_id and rank.

    Raises
    ------
    ValueError
        If `count` is below 1.
    """
    demand_feet = snap_table(roads, demand, snap_max_m=snap_max_m) if demand_feet is None else demand_feet
    site_feet = snap_table(roads, sites, snap_max_m=snap_max_m) if site_feet is None else site_feet
    _, d_place = _order_by_id(demand["demand_id"])
    s_order, s_place = _order_by_id(sites["site_id"])
    label = s_place.astype(np.int64)
    near = nearest_labels(roads, demand_feet, site_feet, label, measure=measure, walk_kph=walk_kph, count=count)
    order = np.argsort(d_place[near.point], kind="stable")
    point, site = near.point[order], s_order[near.label[order]]
    ids = _texts(demand["demand_id"], point), _texts(sites["site_id"], site)
    table = _tabulate(roads, ids, (near.first[order], near.second[order]), measure, walk_kph)
    if count > 1:
        table["rank"] = near.rank[order]
    return table
