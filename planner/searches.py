"""Searches over a network: what some feet reach, in whole numbers, without a row for what is not reached."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import numpy as np

from planner._search import FAR, reach_items, reach_nodes
from planner.arcs import arcs_of, buckets_for, directs_of, effective, seeds_of, stops_of, walk_ms
from planner.groups import place_within, rows_of
from planner.keys import Keys, keyed, keys_for
from planner.skeleton import Spots, skeleton_of, spots_of
from planner.workers import blocks_of, in_threads, workers_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from planner.arcs import Arcs, Table
    from planner.roads import Feet, Roads
    from planner.skeleton import Skeleton
    from planner.terms import Measure

    Whole = NDArray[np.int64]

BLOCK = 32
"""Sources that one call of a kernel searches from."""

BLOCK_OF_AREAS = 4
"""The same where each source's results are used up before the next: few of them wait in memory, however large."""


@dataclass(frozen=True, eq=False)
class Found:
    """What some sources reach.

    Attributes
    ----------
    start
        Offsets by source (n + 1) into the other arrays.
    rows
        Number of the point or junction that is reached, and costs of the best path as `keys` packs them; in no
        order within a source.
    keys
        Gives the deciding and the other cost, in millimetres and milliseconds; the other is 0 on a walk network.
    """

    start: Whole
    rows: NDArray[np.unsignedinteger[Any]]
    keys: Keys

    @property
    def item(self) -> NDArray[np.unsignedinteger[Any]]:
        """Numbers of what is reached."""
        return self.rows[:, 0]

    @property
    def first(self) -> Whole:
        """Deciding costs."""
        return self.keys.costs(self.rows[:, 1])[0]

    def take(self, rows: NDArray[np.integer[Any]]) -> tuple[Whole, Whole]:
        """Deciding and other costs of some rows."""
        return self.keys.costs(self.rows[rows, 1])


@dataclass(frozen=True, eq=False)
class _Targets:
    """Items to be reached: by way of junctions, or along a source's own chain."""

    stops: Table
    directs: Table
    count: int


@dataclass(frozen=True, eq=False)
class _Search:
    """A search from each key of `seeds`, for junctions, or for `targets`."""

    arcs: Arcs
    seeds: Table
    limit: int
    keys: Keys
    targets: _Targets | None = None


def _work(search: _Search) -> Callable[[tuple[int, int], NDArray[Any], NDArray[Any]], Found]:
    """Return what searches from a block of sources, in some room for the costs of junctions and items."""
    keys, targets = search.keys, search.targets
    start, rows = keyed(search.arcs, keys)
    top = np.uintp(((search.limit + 1) << keys.bits) - 1)
    shift, far = np.uintp(keys.bits + buckets_for(search.arcs, search.limit)), np.uintp(keys.far)

    def junctions(block: tuple[int, int], nodes: NDArray[Any], _items: NDArray[Any]) -> Found:
        mine = search.seeds.part(*block)
        found_start, found = reach_nodes(start, rows, mine.start, keys.rows(mine.rows), nodes, top, shift, far)
        return Found(found_start, found, keys)

    if targets is None:
        return junctions
    directs, stop_start, stops = targets.directs, targets.stops.start.astype(np.uint32), keys.rows(targets.stops.rows)

    def items(block: tuple[int, int], nodes: NDArray[Any], items: NDArray[Any]) -> Found:
        mine, direct = search.seeds.part(*block), directs.part(*block)
        sources = mine.start, keys.rows(mine.rows)
        along = direct.start, keys.rows(direct.rows)
        found_start, found = reach_items(
            start, rows, *sources, stop_start, stops, *along, nodes, items, top, shift, far
        )
        return Found(found_start, found, keys)

    return items


def _found(search: _Search, threads: int | None, size: int) -> Iterator[Found]:
    """Search block by block, in the order of the sources."""
    blocks = blocks_of(len(search.seeds.start) - 1, size)
    workers = workers_for(len(blocks), threads)
    sizes = len(search.arcs.table.start) - 1, search.targets.count if search.targets else 0
    rooms: SimpleQueue[list[NDArray[Any]]] = SimpleQueue()
    for _ in range(workers):
        rooms.put([np.full(size, search.keys.far, dtype=search.keys.dtype) for size in sizes])
    work = _work(search)

    def in_a_room(block: tuple[int, int]) -> Found:
        room = rooms.get()
        try:
            return work(block, *room)
        finally:  # after an error a room is left in a mess, but then whatever is found in it is not asked for
            rooms.put(room)

    return in_threads(in_a_room, blocks, workers)


def _all_found(search: _Search, order: Whole, threads: int | None, name: Whole | None = None) -> Found:
    """Search from all sources, which are sorted by `order`, and put what they find in the order before that.

    `name` gives what is found another number.
    """
    parts = list(_found(search, threads, BLOCK))
    counts = np.concatenate([np.empty(0, dtype=np.int64), *(np.diff(part.start) for part in parts)])
    start = np.zeros(len(order) + 1, dtype=np.int64)
    start[order + 1] = counts
    np.cumsum(start, out=start)
    rows = np.empty((start[-1], 2), dtype=search.keys.dtype)

    def put(job: tuple[Found, tuple[int, int]]) -> None:
        part, block = job
        for source, (low, high) in zip(order[slice(*block)].tolist(), pairwise(part.start.tolist()), strict=True):
            mine = rows[start[source] : start[source + 1]]
            mine[:] = part.rows[low:high]
            if name is not None:
                mine[:, 0] = name[part.rows[low:high, 0]]

    jobs = list(zip(parts, blocks_of(len(order), BLOCK), strict=True))
    for _ in in_threads(put, jobs, workers_for(len(jobs), threads)):
        pass
    return Found(start, rows, search.keys)


def _search(roads: Roads, arcs: Arcs, seeds: Table, limit: int, targets: _Targets | None = None) -> _Search:
    tables = (arcs.table, seeds, *((targets.stops, targets.directs) if targets else ()))
    # no way is longer than all arcs together: beyond that a limit only makes the queue longer
    limit = min(limit, arcs.table.total + sum(table.dearest[0] for table in tables))
    return _Search(arcs, seeds, limit, keys_for(roads, arcs, limit, tables), targets)


def _along_the_curve(skeleton: Skeleton, spots: Spots) -> Whole:
    """Order of spots in which neighbours follow each other, so that searches find what they need close in memory."""
    off = skeleton.n_junctions
    by_chain = np.where(spots.chain >= 0, skeleton.u[spots.chain], off) if skeleton.n_chains else spots.chain
    return np.argsort(np.where(spots.junction >= 0, spots.junction, by_chain), kind="stable")


def junctions_within(
    roads: Roads, junctions: Whole, *, measure: Measure, limit: int, reverse: bool = False, threads: int | None = None
) -> Found:
    """Search from junctions of a network's skeleton to all junctions within a limit.

    Parameters
    ----------
    roads
        The network.
    junctions
        Numbers of the sources in `skeleton_of(roads)`.
    measure, limit
        What decides, and the largest deciding cost in millimetres or milliseconds.
    reverse
        Whether costs are those of travel towards the sources.
    threads
        Number of threads; None: one for each processor, up to `MOST_THREADS`.

    Returns
    -------
    found
        By source, in the order given.
    """
    nothing, order = np.zeros(len(junctions), dtype=np.int64), np.argsort(junctions, kind="stable")
    spots = Spots(chain=nothing - 1, mm=nothing, ms=nothing, junction=junctions[order], access_mm=nothing)
    measure = effective(roads, measure)
    seeds = seeds_of(roads, spots, measure, 1.0, arriving=reverse)
    search = _search(roads, arcs_of(roads, measure, reverse=reverse), seeds, limit)
    return _all_found(search, order, threads)


def pairs_within(
    roads: Roads, demand: Feet, sites: Feet, *, measure: Measure, walk_kph: float, limit: int,
    threads: int | None = None,
) -> Found:  # fmt: skip
    """Find every pair of a site and a demand point that reaches it within a limit, access legs included.

    Parameters
    ----------
    roads
        The network.
    demand, sites
        Feet on it.
    measure, limit
        What decides, and the largest deciding cost in millimetres or milliseconds.
    walk_kph
        Speed at which access legs are walked, in km/h.
    threads
        As in `junctions_within`.

    Returns
    -------
    found
        By site: numbers of demand points, and the costs of the best path from the point to the site.
    """
    measure, skeleton = effective(roads, measure), skeleton_of(roads)
    d_spots, s_spots = spots_of(roads, demand), spots_of(roads, sites)
    d_order, s_order = _along_the_curve(skeleton, d_spots), _along_the_curve(skeleton, s_spots)
    d_spots, s_spots = d_spots.take(d_order), s_spots.take(s_order)
    targets = _Targets(
        stops_of(roads, d_spots, measure, walk_kph),
        directs_of(roads, d_spots, s_spots, measure, walk_kph, limit),
        len(d_spots),
    )
    seeds = seeds_of(roads, s_spots, measure, walk_kph, arriving=True)
    search = _search(roads, arcs_of(roads, measure, reverse=True), seeds, limit, targets)
    return _all_found(search, s_order, threads, d_order)


@dataclass(frozen=True, eq=False)
class Reached:
    """Segments that a search from one foot reaches, and what it costs to be at either end.

    Attributes
    ----------
    edge
        Segments with an end within the limit, and the foot's own; ascending.
    u_cost, v_cost
        Deciding cost at each end, in millimetres or milliseconds; `FAR` where it is above the limit.
    """

    edge: Whole
    u_cost: Whole
    v_cost: Whole


@dataclass(frozen=True)
class _Own:
    """Where a foot lies inside a chain (-1: on a junction): millimetres and cost from its u; its access leg."""

    chain: int
    mm: int
    at: int
    access: int


@dataclass(frozen=True, eq=False)
class _Places:
    """Places on chains: millimetres and deciding cost from the chain's u, and whether they are its end at u or at v."""

    chain: Whole
    mm: Whole
    at: Whole
    is_u: NDArray[np.bool_]
    is_v: NDArray[np.bool_]


def edges_within(
    roads: Roads, feet: Feet, *, measure: Measure, walk_kph: float, limit: int, arriving: bool,
    threads: int | None = None,
) -> Iterator[Reached]:  # fmt: skip
    """Find the segments that each foot reaches within a limit, its access leg included.

    Parameters
    ----------
    roads, measure, walk_kph, limit, threads
        As in `pairs_within`.
    feet
        Feet on the network, each searched from on its own.
    arriving
        Whether costs are those of travel towards the foot, or away from it.

    Yields
    ------
    reached
        One for each foot, in order; empty for a foot off the network.
    """
    measure, skeleton, spots = effective(roads, measure), skeleton_of(roads), spots_of(roads, feet)
    seeds = seeds_of(roads, spots, measure, walk_kph, arriving=arriving)
    spot_at = spots.mm if measure == "distance" else spots.ms
    access = spots.access_mm if measure == "distance" else walk_ms(spots.access_mm, walk_kph)
    columns = (spots.chain, spots.mm, spot_at, access, feet.edge)
    places = zip(*(column.tolist() for column in columns), strict=True)
    cost = np.full(skeleton.n_junctions, FAR, dtype=np.int64)
    search = _search(roads, arcs_of(roads, measure, reverse=arriving), seeds, limit)
    for found in _found(search, threads, BLOCK_OF_AREAS):
        first = found.first
        for low, high in pairwise(found.start.tolist()):
            chain, mm, at, leg, edge = next(places)
            if edge < 0 or leg > limit:
                yield Reached(*(np.empty(0, dtype=np.int64) for _ in range(3)))
                continue
            met = found.item[low:high]
            cost[met] = first[low:high]
            yield _edges_reached(
                roads, cost, skeleton.chains_at(met), _Own(chain, mm, at, leg), edge, limit, measure, arriving=arriving
            )
            cost[met] = FAR


def _edges_reached(
    roads: Roads, cost: Whole, chains: Whole, own: _Own, own_edge: int, limit: int, measure: Measure, *, arriving: bool
) -> Reached:
    """Segments of some chains and the foot's own, with the costs at their ends, from the costs at junctions."""
    skeleton = skeleton_of(roads)
    chains = np.unique(np.append(chains, own.chain if own.chain >= 0 else skeleton.chain[own_edge]))
    counts = skeleton.start[chains + 1] - skeleton.start[chains]
    edge, rows = skeleton.edge[rows_of(skeleton.start[chains], counts)], place_within(counts)
    whole, offset, length = _costs_along(roads, skeleton, measure)
    chain, near_mm, near = skeleton.chain[edge], skeleton.offset_mm[edge], offset[edge]
    first, last, no = rows == 0, rows == np.repeat(counts, counts) - 1, np.zeros(len(rows), dtype=np.bool_)
    near_end = _Places(chain, near_mm, near, first, no)
    far_end = _Places(chain, near_mm + roads.length_mm[edge], near + whole[edge], no, last)
    near_cost, far_cost = (
        _cost_on_chain(skeleton, cost, places, length, own, limit, arriving=arriving) for places in (near_end, far_end)
    )
    back = skeleton.flipped[edge]
    u_cost, v_cost = np.where(back, far_cost, near_cost), np.where(back, near_cost, far_cost)
    keep = np.flatnonzero((u_cost < FAR) | (v_cost < FAR) | (edge == own_edge))
    keep = keep[np.argsort(edge[keep])]
    return Reached(edge[keep], u_cost[keep], v_cost[keep])


def _costs_along(roads: Roads, skeleton: Skeleton, measure: Measure) -> tuple[Whole, Whole, Whole]:
    """Deciding costs of segments, from a chain's u to each segment, and of chains."""
    if measure == "distance":
        return roads.length_mm, skeleton.offset_mm, skeleton.length_mm
    return roads.drive_ms, skeleton.offset_ms, skeleton.drive_ms


def _cost_on_chain(
    skeleton: Skeleton, cost: Whole, places: _Places, length: Whole, own: _Own, limit: int, *, arriving: bool
) -> Whole:
    """Least cost at places: by the chain's u, by its v, or straight along the foot's own chain."""
    chain, at = places.chain, places.at
    to_u, to_v = skeleton.backward[chain], skeleton.forward[chain]
    by_u, by_v = (to_u, to_v) if arriving else (to_v, to_u)
    from_u, from_v = cost[skeleton.u[chain]], cost[skeleton.v[chain]]
    # at an end one need not go along the chain at all
    ways = [
        np.where((by_u | places.is_u) & (from_u < FAR), np.minimum(from_u, limit) + at, FAR),
        np.where((by_v | places.is_v) & (from_v < FAR), np.minimum(from_v, limit) + length[chain] - at, FAR),
    ]
    if own.chain >= 0:
        beyond_mm = places.mm - own.mm  # towards the foot one goes back from beyond it
        open_to = np.where(beyond_mm > 0, by_u, by_v) | (beyond_mm == 0)
        ways.append(np.where((chain == own.chain) & open_to, np.abs(at - own.at) + own.access, FAR))
    least = np.minimum.reduce(ways)
    return np.asarray(np.where(least <= limit, least, FAR), dtype=np.int64)
