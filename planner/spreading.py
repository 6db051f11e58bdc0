"""Shares whole people out exactly, and finds the points along streets that they are spread over."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import shapely

from planner.geodesy import project, utm_epsg

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from numpy.typing import NDArray

    from planner.roads import Roads

STREETS = ("residential", "living_street", "unclassified")
"""Classes of road along which people live."""

CELL_M = 1000.0
"""How dense it is at a point is told by its square cell of this side, as in Eurostat's degree of urbanisation."""


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


def share_out(total: int, weights: Sequence[int], ids: Sequence[str]) -> list[int]:
    """Share a whole number out in proportion to weights, by the largest remainder.

    Parameters
    ----------
    total
        What is shared out, 0 or more.
    weights
        Whole numbers, 0 or more; where all are 0, each part counts alike.
    ids
        Of equal remainders the part with the lower id goes first.

    Returns
    -------
    parts
        Whole numbers, each less than 1 from its exact share, whose sum is `total`; the same for every part in whatever
        order they are given.

    Raises
    ------
    ValueError
        If there is something to share out, and nobody to take it.
    """
    if not any(weights):
        weights = [1] * len(weights)
    whole = sum(weights)
    if not whole:
        if total:
            raise ValueError(f"nothing takes {total}")
        return []
    shares = [divmod(total * weight, whole) for weight in weights]
    parts = [part for part, _ in shares]
    first = sorted(range(len(parts)), key=lambda at: (-shares[at][1], ids[at]))
    for at in first[: total - sum(parts)]:
        parts[at] += 1
    return parts


def share_within(total: int, weights: Sequence[int], limits: Sequence[int], ids: Sequence[str]) -> list[int]:
    """Share a whole number out as `share_out` does, where no part may exceed its limit.

    Parameters
    ----------
    total
        What is shared out, no more than all limits together.
    weights, ids
        As of `share_out`; where nobody who has room left weighs anything, parts go by their limits.
    limits
        The most that each part may be. What a part cannot take is handed on to those that have room, by their weights.

    Returns
    -------
    parts
        Whole numbers whose sum is `total`; those of `share_out` where these keep all limits.

    Raises
    ------
    ValueError
        If there is more to share out than all limits together.
    """
    if total > sum(limits):
        raise ValueError(f"{total} are more than may be taken")
    parts, free = [0] * len(weights), list(range(len(weights)))
    while free:
        by = weights if any(weights[at] for at in free) else limits
        shared = share_out(total - sum(parts), [by[at] for at in free], [ids[at] for at in free])
        full = {at for at, part in zip(free, shared, strict=True) if part > limits[at]}
        for at, part in zip(free, shared, strict=True):
            if at in full or not full:
                parts[at] = min(part, limits[at])
        free = [at for at in free if full and at not in full]
    return parts


def urban_part(total: int, share: Decimal) -> int:
    """Return how many of `total` people are urban: the nearest whole number to the exact share, a half goes up."""
    return int(Fraction(share) * total + Fraction(1, 2))


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
