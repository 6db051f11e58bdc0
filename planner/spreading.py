"""Finds the points along streets that people are spread over, and how much of an area has none."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import shapely

from planner.geodesy import EARTH_RADIUS_M, project, utm_epsg
from planner.snapping import snap

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from numpy.typing import NDArray

    from planner.roads import Roads

STREETS = ("residential", "living_street", "unclassified")
"""Classes of road along which people live."""

CELL_M = 1000.0
"""How dense it is at a point is told by its square cell of this side, as in Eurostat's degree of urbanisation."""


FAR_M = 2000.0
"""Farther than this from any road nobody is thought to live: a town whose roads are all drawn has next to no such
place (of 历下区 in Jinan none), while where an extract ends, or lacks lanes, whole villages lie farther off."""

BESIDE_M = 500.0
"""Nor so far outside the box of all roads: the outermost street of a town is no farther from its border."""

_SAMPLES, _MOST_STEPS = 2000, 500


@dataclass(frozen=True, eq=False)
class Spots:
    """Points to spread people over, in a fixed order.

    Attributes
    ----------
    lon, lat
        WGS-84 degrees.
    weight
        Whole numbers that people are shared out by: millimetres of street, or millionths of a person of a raster.
    """

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    weight: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.weight)

    def take(self, rows: NDArray[np.int64]) -> Spots:
        """Return some of the points."""
        return Spots(self.lon[rows], self.lat[rows], self.weight[rows])


def along_streets(roads: Roads, ways: NDArray[np.int64], spacing_m: float) -> Spots:
    """Put points along the streets of a network, each in the middle of its piece of street.

    Parameters
    ----------
    roads
        The network to walk on.
    ways
        Ways that are streets.
    spacing_m
        About how long a piece is: every street is cut into as many equal pieces as come nearest to it, one at least.

    Returns
    -------
    spots
        By way and the place along it; the weight is the millimetres of the piece, so that all weights together are the
        length of all streets.
    """
    mine = np.flatnonzero(np.isin(roads.way_id, ways))
    length = roads.length_mm[mine]
    way, first = np.unique(roads.way_id[mine], return_index=True)
    end = np.append(first[1:], len(mine))
    before = np.append(0, np.cumsum(length))
    start_mm, whole_mm = before[first], before[end] - before[first]
    pieces = np.where(whole_mm > 0, np.maximum(np.rint(whole_mm / (spacing_m * 1000)), 1), 0).astype(np.int64)
    street = np.repeat(np.arange(len(way)), pieces)
    number = np.arange(len(street)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    cuts = (whole_mm[street] * number // pieces[street], whole_mm[street] * (number + 1) // pieces[street])
    middle = start_mm[street] + (cuts[0] + cuts[1]) // 2
    at = np.clip(np.searchsorted(before, middle, side="right") - 1, 0, max(0, len(mine) - 1))
    edge, along = mine[at], (middle - before[at]) / np.maximum(length[at], 1)
    lon, lat = (
        values[roads.u[edge]] + along * (values[roads.v[edge]] - values[roads.u[edge]])
        for values in (roads.lon, roads.lat)
    )
    return Spots(lon, lat, cuts[1] - cuts[0])


def roadless_share(roads: Roads, area: shapely.Geometry) -> float:
    """Measure how much of an area has no roads, so that nobody is put there.

    Parameters
    ----------
    roads
        The network of a road file.
    area
        Polygons in WGS-84 degrees.

    Returns
    -------
    share
        Part of a square grid of some 2,000 places within the area (fewer where it fills less than a hundredth of its
        box) that lie farther than `FAR_M` from any road, or more than `BESIDE_M` outside the box of all roads.
    """
    west, south, east, north = shapely.bounds(area)
    narrow = np.cos(np.deg2rad((south + north) / 2))
    # islets far apart, or a sliver, fill next to nothing of their box: its sides bound the grid
    step = max(np.sqrt(area.area * narrow / _SAMPLES), max((east - west) * narrow, north - south) / _MOST_STEPS)
    x, y = np.meshgrid(np.arange(west, east, step / narrow), np.arange(south, north, step))
    within = shapely.contains_xy(area, x, y)
    middle = shapely.point_on_surface(area)  # a place at least, in however narrow an area
    lon, lat = np.append(x[within], middle.x), np.append(y[within], middle.y)
    beside = np.rad2deg(BESIDE_M / EARTH_RADIUS_M)
    low_lon, low_lat, high_lon, high_lat = roads.bounds
    off_lon = np.maximum(low_lon - lon, lon - high_lon) * narrow
    outside = np.maximum(off_lon, np.maximum(low_lat - lat, lat - high_lat)) > beside
    return float(np.mean(outside | (snap(roads, lon, lat, snap_max_m=FAR_M).edge < 0)))


def inside(spots: Spots, areas: Mapping[str, shapely.Geometry]) -> dict[str, Spots]:
    """Tell which points lie in which area; one on the border of two belongs to the area whose name comes first.

    Parameters
    ----------
    spots
        Points.
    areas
        Name -> polygons in WGS-84 degrees.

    Returns
    -------
    found
        Name -> its points, in their order.
    """
    free = np.ones(len(spots), dtype=bool)
    found = {}
    for name in sorted(areas):
        shapely.prepare(areas[name])
        rows = np.flatnonzero(free)
        rows = rows[shapely.intersects_xy(areas[name], spots.lon[rows], spots.lat[rows])]
        free[rows] = False
        found[name] = spots.take(rows)
    return found


def densest(spots: Spots, share: Decimal) -> NDArray[np.bool_]:
    """Tell which points are urban where only the urban share of an area is known: those in its densest cells.

    Parameters
    ----------
    spots
        All points of the area.
    share
        Urban share of its people.

    Returns
    -------
    urban
        The points of the cells (`CELL_M`, in the UTM zone of the points) with most weight, until they hold the share of
        all weight. Of points as dense as each other the first goes first. Where the share is above 0 and below 1 and
        there are two points at least, one at least is urban and one is not.
    """
    urban = np.full(len(spots), share == 1)
    if not len(spots) or share in {0, 1}:
        return urban
    x, y = project(spots.lon, spots.lat, utm_epsg(float(spots.lon[0]), float(spots.lat[0])))
    cells = np.column_stack([np.floor(x / CELL_M), np.floor(y / CELL_M)])
    _, cell = np.unique(cells, axis=0, return_inverse=True)
    dense = np.zeros(len(spots), dtype=np.int64)
    np.add.at(dense, cell, spots.weight)
    order = np.argsort(-dense[cell], kind="stable")
    held, needed = np.cumsum(spots.weight[order]), Fraction(share) * int(spots.weight.sum())
    count = 1 + next(at for at, sum_ in enumerate(held.tolist()) if sum_ >= needed)
    urban[order[: max(1, min(count, len(spots) - 1))]] = True
    return urban
