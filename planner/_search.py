"""Compiled kernels: bounded shortest-path search over whole numbers.

Costs come in pairs (first, second): paths are compared by the first and, where equal, by the second. With the driving
time as the first and the length as the second, the metres of the quickest path are exact and the same every time.

Tables of variable row length are held as `start` offsets (shape n + 1) into flat arrays.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Whole = NDArray[np.int64]

FAR = int(np.iinfo(np.int64).max)
"""Cost of what is not reached."""


@njit(cache=True)
def _wider(array: Whole) -> Whole:
    wider = np.empty((array.shape[0], 2 * array.shape[1]), dtype=np.int64)
    wider[:, : array.shape[1]] = array
    return wider


@njit(cache=True)
def _improve(costs: tuple[Whole, Whole], at: int, a: int, b: int, met: list[int]) -> bool:
    """Note the pair (a, b) if it is better than the one held; lists what is met for the first time."""
    first, second = costs
    if first[at] == FAR:
        met.append(at)
    better = bool(a < first[at] or (a == first[at] and b < second[at]))
    if better:
        first[at], second[at] = a, b
    return better


@njit(cache=True)
def _forget(costs: tuple[Whole, Whole], met: list[int]) -> None:
    for at in met:
        costs[0][at], costs[1][at] = FAR, FAR


@njit(cache=True)
def reach(
    arc_start: Whole,
    arc_head: Whole,
    arc_first: Whole,
    arc_second: Whole,
    seed_start: Whole,
    seed_node: Whole,
    seed_first: Whole,
    seed_second: Whole,
    stop_start: Whole,
    stop_item: Whole,
    stop_first: Whole,
    stop_second: Whole,
    direct_start: Whole,
    direct_item: Whole,
    direct_first: Whole,
    direct_second: Whole,
    n_items: int,
    limit: int,
) -> tuple[Whole, Whole, Whole, Whole]:
    """Search from each source up to `limit` and list every item reached.

    Parameters
    ----------
    arc_start, arc_head, arc_first, arc_second
        Arcs by tail node: head and costs.
    seed_start, seed_node, seed_first, seed_second
        By source: the nodes where it enters the network, and the costs to get there.
    stop_start, stop_item, stop_first, stop_second
        By node: the items that may be reached from it, and the remaining costs.
    direct_start, direct_item, direct_first, direct_second
        By source: items on the source's own edge, and the whole costs along it.
    n_items
        Number of items.
    limit
        Largest first cost that counts as reached.

    Returns
    -------
    source, item, first, second
        One entry for each source and item within the limit.
    """
    n_nodes = len(arc_start) - 1
    node_costs = np.full(n_nodes, FAR, dtype=np.int64), np.full(n_nodes, FAR, dtype=np.int64)
    item_costs = np.full(n_items, FAR, dtype=np.int64), np.full(n_items, FAR, dtype=np.int64)
    out = np.empty((4, 1024), dtype=np.int64)
    count = 0
    for source in range(len(seed_start) - 1):
        touched = [np.int64(0) for _ in range(0)]
        found = [np.int64(0) for _ in range(0)]
        heap = [(np.int64(0), np.int64(0), np.int64(0)) for _ in range(0)]
        for k in range(direct_start[source], direct_start[source + 1]):
            if direct_first[k] <= limit:
                _improve(item_costs, direct_item[k], direct_first[k], direct_second[k], found)
        for k in range(seed_start[source], seed_start[source + 1]):
            a, b, node = seed_first[k], seed_second[k], seed_node[k]
            if a <= limit and _improve(node_costs, node, a, b, touched):
                heappush(heap, (a, b, node))
        while len(heap) > 0:
            a, b, node = heappop(heap)
            if a != node_costs[0][node] or b != node_costs[1][node]:
                continue  # a better way was found after this one was noted
            for k in range(stop_start[node], stop_start[node + 1]):
                if a + stop_first[k] <= limit:
                    _improve(item_costs, stop_item[k], a + stop_first[k], b + stop_second[k], found)
            for k in range(arc_start[node], arc_start[node + 1]):
                to_a, to_b, head = a + arc_first[k], b + arc_second[k], arc_head[k]
                if to_a <= limit and _improve(node_costs, head, to_a, to_b, touched):
                    heappush(heap, (to_a, to_b, head))
        while count + len(found) > out.shape[1]:
            out = _wider(out)
        for item in found:
            out[0, count], out[1, count] = source, item
            out[2, count], out[3, count] = item_costs[0][item], item_costs[1][item]
            count += 1
        _forget(item_costs, found)
        _forget(node_costs, touched)
    return out[0, :count], out[1, :count], out[2, :count], out[3, :count]


@njit(cache=True)
def spread(
    arc_start: Whole,
    arc_head: Whole,
    arc_first: Whole,
    arc_second: Whole,
    seed_node: Whole,
    seed_first: Whole,
    seed_second: Whole,
    seed_label: Whole,
    limit: int,
) -> tuple[Whole, Whole, Whole]:
    """Search from all seeds at once: the nearest seed's label and costs for every node.

    Paths are compared by first cost, then label, then second cost, so that the lowest label wins a tie.

    Returns
    -------
    first, second, label
        By node; `FAR`, `FAR` and -1 where no seed reaches within `limit`.
    """
    n_nodes = len(arc_start) - 1
    first = np.full(n_nodes, FAR, dtype=np.int64)
    second = np.full(n_nodes, FAR, dtype=np.int64)
    label = np.full(n_nodes, FAR, dtype=np.int64)
    heap = [(np.int64(0), np.int64(0), np.int64(0), np.int64(0)) for _ in range(0)]
    for k in range(len(seed_node)):
        if seed_first[k] <= limit:
            heappush(heap, (seed_first[k], seed_label[k], seed_second[k], seed_node[k]))
    while len(heap) > 0:
        a, mark, b, node = heappop(heap)
        if first[node] != FAR:
            continue
        first[node], label[node], second[node] = a, mark, b
        for k in range(arc_start[node], arc_start[node + 1]):
            head = arc_head[k]
            to_a = a + arc_first[k]
            if first[head] == FAR and to_a <= limit:
                heappush(heap, (to_a, mark, b + arc_second[k], head))
    label[first == FAR] = -1
    return first, second, label
