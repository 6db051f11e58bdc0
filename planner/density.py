"""How densely people live around a place, and how dense the roads are that a community can use.

OpenStreetMap lacks many lanes within Chinese compounds and villages. Reach is understated there, and what shows it
is few kilometres of road around people, or many roads that end after a few metres.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from scipy.spatial import KDTree

from planner.geodesy import project, unproject, utm_epsg
from planner.roadends import dead_ends
from planner.snapping import lonlat, plane_epsg
from planner.vicinity import sums_near

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from planner.roads import Roads

    Flags = NDArray[np.bool_]

AROUND_M = 1000
"""People are counted within so many metres of a point."""

DENSE_PER_KM2, SPARSE_PER_KM2 = 1500, 300
"""People per km² of an urban centre, and of an urban cluster, at least: the degree of urbanisation, a method that the
UN Statistical Commission endorsed in 2020 (Eurostat, ILO, FAO, OECD, UN-Habitat, World Bank), which the Global Human
Settlement Layer follows."""

LEAST_PEOPLE = 5000
"""People of an urban cluster at least, by the same method: a table of fewer shows no settlement to compare with."""

LEAST_POINTS = 3
"""Points within `AROUND_M` without which nothing is called dense: a lone point may stand for any area."""

ROADS_WITHIN_M = 500.0
"""Roads are counted within so many metres of a community's points."""

_STEP_M = 25.0
_CELL_M = 100.0


def settings_in_doubt(demand: GeoDataFrame, own: Flags) -> tuple[NDArray[np.int64], Flags, Flags]:
    """Compare the setting of residents' points with how densely people live around them.

    Parameters
    ----------
    demand
        Columns unit_id, layer, setting, people, district, town, geometry.
    own
        Which rows have a place of their own.

    Returns
    -------
    per_km2
        People per km² within `AROUND_M` of each row, whole, down; -1 where it is not looked at.
    dense_rural, sparse_urban
        Rural rows in at least `DENSE_PER_KM2`; urban rows in less than `SPARSE_PER_KM2`, but for those of a town of
        which other rows have no place, for nobody knows how many live around them. Only of communities of which such
        rows hold most people of that setting: at the edge of a town a few points of any village look into the town.
    """
    residents = (demand["layer"] == "residents").to_numpy()
    rows = np.flatnonzero(own & residents)
    people = demand["people"].to_numpy(dtype=np.int64)
    per_km2, none = np.full(len(demand), -1, dtype=np.int64), np.zeros(len(demand), dtype=bool)
    points = np.zeros(len(demand), dtype=np.int64)
    if people[rows].sum() < LEAST_PEOPLE:
        return per_km2, none, none
    lon, lat = lonlat(demand)
    per_km2[rows], points[rows] = _around(lon[rows], lat[rows], people[rows])
    places = demand["district"] + "\n" + demand["town"]
    unknown = places.isin(set(places[residents & ~own])).to_numpy()
    setting = demand["setting"].to_numpy()
    dense = (setting == "rural") & (per_km2 >= DENSE_PER_KM2) & (points >= LEAST_POINTS)
    sparse = (setting == "urban") & (per_km2 >= 0) & (per_km2 < SPARSE_PER_KM2) & ~unknown
    judged = per_km2 >= 0
    return per_km2, _most_of(demand, dense, judged), _most_of(demand, sparse, judged)


def _around(
    lon: NDArray[np.float64], lat: NDArray[np.float64], people: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """People per km² within `AROUND_M` of places, whole, down, and how many of the places lie there.

    Counted by cells, so that the work grows with the area and not with the square of the places.
    """
    epsg = utm_epsg(float(lon.mean()), float(lat.mean()))
    plane = np.rint(np.column_stack(project(lon, lat, epsg)) / _CELL_M).astype(np.int64)
    cells, of_cell = np.unique(plane, axis=0, return_inverse=True)
    at = unproject(cells[:, 0] * _CELL_M, cells[:, 1] * _CELL_M, epsg)
    amounts = np.stack([np.zeros(len(cells), dtype=np.int64)] * 2)
    np.add.at(amounts[0], of_cell, people)
    np.add.at(amounts[1], of_cell, 1)
    inside, count = (sums_near(*at, amount, *at, AROUND_M * 1000)[of_cell] for amount in amounts)
    return np.floor(inside / (np.pi * (AROUND_M / 1000) ** 2)).astype(np.int64), count


def _most_of(demand: GeoDataFrame, rows: Flags, judged: Flags) -> Flags:
    """Keep the rows of the communities of which they hold most people, of those of one setting that were looked at."""
    people, by = demand["people"], [demand["unit_id"], demand["setting"]]
    of_rows, whole = (people.where(mask, 0).groupby(by).transform("sum") for mask in (rows, judged))
    return np.asarray(rows & (2 * of_rows > whole).to_numpy())


def roads_near(roads: Roads, demand: GeoDataFrame, own: Flags) -> pd.DataFrame:
    """Measure the walkable roads around each community.

    Parameters
    ----------
    roads
        The walk network.
    demand
        Columns unit_id, name, district, town, layer, setting, people, geometry.
    own
        Which rows have a place of their own; the others count for nothing here.

    Returns
    -------
    table
        For each unit_id with residents that have a place: name, district and town of its first point, points, people,
        road_km and dead_ends within `ROADS_WITHIN_M` of any of them, area_km2, km_per_km2, dead_ends_per_km (not a
        number without roads). Ascending by km_per_km2, then by unit_id.
    """
    rows = demand[own & (demand["layer"] == "residents").to_numpy()]
    found = pd.DataFrame(list(_communities(roads, rows)), columns=_COLUMNS)
    return found.sort_values(["km_per_km2", "unit_id"], kind="stable", ignore_index=True)


_COLUMNS = [
    "unit_id", "name", "district", "town", "points", "people", "road_km", "area_km2", "km_per_km2", "dead_ends",
    "dead_ends_per_km",
]  # fmt: skip


def _communities(roads: Roads, rows: GeoDataFrame) -> Iterator[tuple[object, ...]]:
    epsg = plane_epsg(roads)
    place, length_mm = _pieces(roads, epsg)
    x, y = project(roads.lon, roads.lat, epsg)
    ends = dead_ends(roads)
    pieces, closed = KDTree(place), KDTree(np.column_stack([x[ends], y[ends]])) if ends.any() else None
    at = np.column_stack(project(*lonlat(rows), epsg))
    people, names = rows["people"].to_numpy(), rows[["name", "district", "town"]].to_numpy()
    for unit, members in sorted(rows.groupby("unit_id", sort=False).indices.items()):
        points = at[members]
        points = points[np.isfinite(points).all(axis=1)]
        if not len(points):
            continue
        near = np.unique(np.concatenate(pieces.query_ball_point(points, ROADS_WITHIN_M)).astype(np.int64))
        dead = closed.query_ball_point(points, ROADS_WITHIN_M) if closed else [[]]
        circles = shapely.union_all(shapely.buffer(shapely.points(points), ROADS_WITHIN_M, quad_segs=32))
        km, area = int(length_mm[near].sum()) / 1e6, float(shapely.area(circles)) / 1e6
        count = len(set().union(*dead))
        per_km = count / km if km else np.nan
        yield (unit, *names[members[0]], len(members), int(people[members].sum()), km, area, km / area, count, per_km)


def _pieces(roads: Roads, epsg: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Cut the roads into pieces of `_STEP_M` at most: the middle of each in the plane, and its millimetres."""
    x, y = project(roads.lon, roads.lat, epsg)
    parts = np.maximum(np.ceil(roads.length_mm / (_STEP_M * 1000)).astype(np.int64), 1)
    edge = np.repeat(np.arange(roads.n_edges), parts)
    number = np.arange(len(edge)) - np.repeat(np.cumsum(parts) - parts, parts)
    share = (number + 0.5) / parts[edge]
    u, v = roads.u[edge], roads.v[edge]
    middle = np.column_stack([x[u] + share * (x[v] - x[u]), y[u] + share * (y[v] - y[u])])
    return middle, roads.length_mm[edge] // parts[edge]
