"""A road network as the search kernels take it: arcs between junctions, and the ways between spots and junctions.

All costs are whole numbers in pairs: the deciding one first.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from planner.groups import offsets, rows_of
from planner.skeleton import skeleton_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.roads import Roads
    from planner.skeleton import Skeleton, Spots
    from planner.terms import Measure

    Whole = NDArray[np.int64]

BUCKETS_PER_ARC = 2
"""The queue's buckets are about this many times narrower than the median arc is dear."""

MOST_BUCKETS = 1 << 16
"""Buckets are made wider where more than this many would be needed."""


def walk_ms(length_mm: Whole, walk_kph: float) -> Whole:
    """Return the walking time in whole milliseconds of lengths in whole millimetres.

    Raises
    ------
    ValueError
        If the speed is not above zero.
    """
    if not walk_kph > 0:
        raise ValueError(f"a walking speed is above zero, not {walk_kph}")
    return np.asarray(np.rint(length_mm * 3.6 / walk_kph), dtype=np.int64)


def effective(roads: Roads, measure: Measure) -> Measure:
    """Return what a search goes by: walking time follows distance, so a walk network is searched by distance.

    Raises
    ------
    ValueError
        If the measure is none.
    """
    if measure not in ("distance", "time"):
        raise ValueError(f"what is measured is distance or time, not {measure!r}")
    return "distance" if roads.mode == "walk" else measure


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of variable number: offsets by key (shape n + 1) into rows of payload, first and second cost."""

    start: Whole
    rows: Whole

    @cached_property
    def dearest(self) -> tuple[int, int]:
        """Largest first and second cost."""
        return int(self.rows[:, 1].max(initial=0)), int(self.rows[:, 2].max(initial=0))

    @cached_property
    def total(self) -> int:
        """Sum of all first costs."""
        return int(self.rows[:, 1].sum())

    @cached_property
    def largest(self) -> int:
        """Largest payload."""
        return int(self.rows[:, 0].max(initial=0))

    def part(self, low: int, high: int) -> Table:
        """Rows of the keys from `low` to `high`, exclusive."""
        start = self.start[low : high + 1]
        return Table(start - start[0], self.rows[start[0] : start[-1]])

    @property
    def keys(self) -> Whole:
        """Key of each row."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))


def _table(key: Whole, n_keys: int, payload: Whole, costs: tuple[Whole, Whole]) -> Table:
    order = np.argsort(key, kind="stable")
    return Table(offsets(key, n_keys), np.stack([payload, *costs], axis=1)[order])


def _ordered(mm: Whole, ms: Whole, measure: Measure) -> tuple[Whole, Whole]:
    return (mm, ms) if measure == "distance" else (ms, mm)


@dataclass(frozen=True, eq=False)
class Arcs:
    """Arcs of a network in one direction of search and one measure.

    Attributes
    ----------
    table
        By tail junction: twice the head plus one if the way goes on from there, and the costs; of parallel arcs only
        the best.
    shift
        Width of the buckets that suits the arcs, as a power of two.
    steepest, level
        No path of first cost `a` has a second cost above ``a * steepest + level``.
    """

    table: Table
    shift: int
    steepest: int
    level: int


_made: WeakKeyDictionary[Roads, dict[tuple[Measure, bool], Arcs]] = WeakKeyDictionary()


def arcs_of(roads: Roads, measure: Measure, *, reverse: bool) -> Arcs:
    """Arcs of a network; reversed for searches that start at the sites. Made once, and kept as long as the network."""
    made = _made.setdefault(roads, {})
    key = (measure, reverse)
    if key not in made:
        made[key] = _arcs(skeleton_of(roads), measure, reverse=reverse)
    return made[key]


def _arcs(skeleton: Skeleton, measure: Measure, *, reverse: bool) -> Arcs:
    tails, heads = (skeleton.v, skeleton.u) if reverse else (skeleton.u, skeleton.v)
    between = skeleton.u != skeleton.v
    ahead, back = skeleton.forward & between, skeleton.backward & between
    tail, head = np.concatenate([tails[ahead], heads[back]]), np.concatenate([heads[ahead], tails[back]])
    mm = np.concatenate([skeleton.length_mm[ahead], skeleton.length_mm[back]])
    ms = np.concatenate([skeleton.drive_ms[ahead], skeleton.drive_ms[back]])
    first, second = _ordered(mm, ms, measure)
    order = np.lexsort((second, first, head, tail))
    tail, head, first, second = tail[order], head[order], first[order], second[order]
    best = np.ones(len(tail), dtype=np.bool_)
    best[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    tail, head, first, second = tail[best], head[best], first[best], second[best]
    start = offsets(tail, skeleton.n_junctions)
    rows = np.stack([2 * head + _goes_on(start, tail, head), first, second], axis=1)
    typical = int(np.median(first)) if len(first) else 0
    costly = first > 0
    return Arcs(
        table=Table(start, rows),
        shift=max((typical // BUCKETS_PER_ARC).bit_length() - 1, 0),
        steepest=int(np.max(-(-second[costly] // first[costly]), initial=0)),
        level=int(second[~costly].sum()),
    )


def _goes_on(start: Whole, tail: Whole, head: Whole) -> Whole:
    """Whether an arc's head leads anywhere but back to its tail."""
    out = np.diff(start)
    only = np.full(len(out), -1, dtype=np.int64)
    single = np.flatnonzero(out == 1)
    only[single] = head[start[single]]
    on = (out[head] > 1) | ((out[head] == 1) & (only[head] != tail))
    return np.asarray(on, dtype=np.int64)


def buckets_for(arcs: Arcs, span: int) -> int:
    """Width of buckets, as a power of two, of which a reasonable number covers a span of costs."""
    return max(arcs.shift, (span // MOST_BUCKETS).bit_length())


def _ends(
    skeleton: Skeleton, spots: Spots, measure: Measure, walk_kph: float, *, leaving: bool
) -> tuple[Whole, Whole, tuple[Whole, Whole]]:
    """How spots leave for the junctions at the ends of their chain, or are arrived at from them.

    Returns
    -------
    spot, junction, costs
        Access legs, which are walked, included.
    """
    to_u, to_v = (skeleton.backward, skeleton.forward) if leaving else (skeleton.forward, skeleton.backward)
    on = np.flatnonzero(spots.junction >= 0)
    inside = np.flatnonzero(spots.chain >= 0)
    by_u, by_v = (inside[to[spots.chain[inside]]] for to in (to_u, to_v))
    chain = spots.chain[by_v]
    spot = np.concatenate([on, by_u, by_v])
    nothing = np.zeros(len(on), dtype=np.int64)
    mm = np.concatenate([nothing, spots.mm[by_u], skeleton.length_mm[chain] - spots.mm[by_v]])
    ms = np.concatenate([nothing, spots.ms[by_u], skeleton.drive_ms[chain] - spots.ms[by_v]])
    mm, ms = mm + spots.access_mm[spot], ms + walk_ms(spots.access_mm[spot], walk_kph)
    junction = np.concatenate([spots.junction[on], skeleton.u[spots.chain[by_u]], skeleton.v[chain]])
    return spot, junction, _ordered(mm, ms, measure)


def seeds_of(roads: Roads, spots: Spots, measure: Measure, walk_kph: float, *, arriving: bool) -> Table:
    """By spot: junctions where searches towards it (`arriving`, on reversed arcs) or away from it enter the network."""
    spot, junction, costs = _ends(skeleton_of(roads), spots, measure, walk_kph, leaving=not arriving)
    return _table(spot, len(spots), junction, costs)


def stops_of(roads: Roads, spots: Spots, measure: Measure, walk_kph: float) -> Table:
    """By junction: spots that may be left for it, with the costs from the spot to the junction."""
    skeleton = skeleton_of(roads)
    spot, junction, costs = _ends(skeleton, spots, measure, walk_kph, leaving=True)
    return _table(junction, skeleton.n_junctions, spot, costs)


def directs_of(
    roads: Roads, demand: Spots, sites: Spots, measure: Measure, walk_kph: float, limit: int | None
) -> Table:
    """By site: demand spots inside its own chain, and the costs straight along it in the allowed direction.

    With a limit only those are looked at that lie no farther along the chain than it reaches.
    """
    skeleton = skeleton_of(roads)
    along = _ordered(demand.mm, demand.ms, measure)[0]
    d_inside, s_inside = np.flatnonzero(demand.chain >= 0), np.flatnonzero(sites.chain >= 0)
    by_place = d_inside[np.lexsort((along[d_inside], demand.chain[d_inside]))]
    whole = int(_ordered(skeleton.length_mm, skeleton.drive_ms, measure)[0].max(initial=0)) + 1
    reach = whole if limit is None else min(max(limit, 0), whole)
    # one number tells chain and place, with room for a reach to either side
    place = demand.chain[by_place] * (3 * whole) + whole + along[by_place]
    here = sites.chain[s_inside] * (3 * whole) + whole + _ordered(sites.mm, sites.ms, measure)[0][s_inside]
    low = np.searchsorted(place, here - reach, side="left")
    count = np.searchsorted(place, here + reach, side="right") - low
    site = np.repeat(s_inside, count)
    spot = by_place[rows_of(low, count)]
    ahead_mm, ahead_ms = sites.mm[site] - demand.mm[spot], sites.ms[site] - demand.ms[spot]
    chain = demand.chain[spot]
    may = (ahead_mm == 0) | np.where(ahead_mm > 0, skeleton.forward[chain], skeleton.backward[chain])
    site, spot = site[may], spot[may]
    mm = np.abs(ahead_mm[may]) + sites.access_mm[site] + demand.access_mm[spot]
    legs_ms = walk_ms(sites.access_mm[site], walk_kph) + walk_ms(demand.access_mm[spot], walk_kph)
    return _table(site, len(sites), spot, _ordered(mm, np.abs(ahead_ms[may]) + legs_ms, measure))
