"""The nearest sites of every point, by one search from all sites at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from planner._search import FAR, spread
from planner.arcs import arcs_of, buckets_for, directs_of, effective, seeds_of, stops_of
from planner.skeleton import spots_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.roads import Feet, Roads
    from planner.terms import Measure

    Whole = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Near:
    """The nearest sites of points, by point and then from the nearest on.

    Attributes
    ----------
    point, label
        Number of the point, and the label of the site.
    first, second
        Deciding and other cost.
    rank
        1 for the nearest site of the point, 2 for the next one.
    """

    point: Whole
    label: Whole
    first: Whole
    second: Whole
    rank: Whole


def nearest_labels(
    roads: Roads, demand: Feet, sites: Feet, label: Whole, *, measure: Measure, walk_kph: float, count: int
) -> Near:
    """Find the `count` nearest sites of every demand point, however far, in one search from all sites.

    Parameters
    ----------
    roads, demand, sites
        The network, and the feet of points and sites on it.
    measure
        Whether the shortest or the quickest path decides.
    walk_kph
        Speed at which access legs are walked, in km/h.
    label
        By site: a whole number; among sites of equal cost the lowest comes first.
    count
        Number of sites to find for each point.

    Returns
    -------
    near
        Up to `count` rows for each demand point.

    Raises
    ------
    ValueError
        If `count` is below 1.
    """
    if count < 1:
        raise ValueError("count cannot be below 1")
    measure = effective(roads, measure)
    d_spots, s_spots = spots_of(roads, demand), spots_of(roads, sites)
    arcs = arcs_of(roads, measure, reverse=True)
    seeds = seeds_of(roads, s_spots, measure, walk_kph, arriving=True)
    stops = stops_of(roads, d_spots, measure, walk_kph)
    directs = directs_of(roads, d_spots, s_spots, measure, walk_kph, None)
    dearest = max(arcs.table.dearest[0], seeds.dearest[0])
    shift = buckets_for(arcs, dearest)
    network = arcs.table.start, arcs.table.rows
    slots = max(min(count, len(s_spots)), 1)
    best = spread(*network, seeds.rows, label[seeds.keys], slots, shift, (dearest >> shift) + 2)
    there = best[stops.keys]  # by stop: the labels that the junction knows
    row, slot = np.nonzero(there[:, :, 1] != FAR)
    via, along = there[row, slot], directs.rows
    return _best(
        np.concatenate([stops.rows[row, 0], along[:, 0]]),
        np.concatenate([via[:, 0] + stops.rows[row, 1], along[:, 1]]),
        np.concatenate([via[:, 1], label[directs.keys]]),
        np.concatenate([via[:, 2] + stops.rows[row, 2], along[:, 2]]),
        count,
    )


def _best(point: Whole, first: Whole, label: Whole, second: Whole, count: int) -> Near:
    """Choose each point's least entries by first cost, label, second cost, one for each label."""
    order = np.lexsort((second, first, label, point))
    again = np.zeros(len(order), dtype=np.bool_)
    again[1:] = (point[order[1:]] == point[order[:-1]]) & (label[order[1:]] == label[order[:-1]])
    order = order[~again]
    order = order[np.lexsort((label[order], first[order], point[order]))]
    at = point[order]
    rank = np.arange(len(order)) - np.searchsorted(at, at, side="left") + 1
    order, rank = order[rank <= count], rank[rank <= count]
    return Near(point[order], label[order], first[order], second[order], rank)
