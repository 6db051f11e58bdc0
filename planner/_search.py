"""Compiled kernels: bounded shortest-path search over whole numbers.

The bounded searches know one cost, a natural number of 32 or 64 bits. A pair of costs of which the first decides, and
the second where the first are equal, is one such number too: the first before the second's bits. So the metres of the
quickest path are exact and the same every time.

The queue is one of buckets (Dial 1969; Denardo & Fox 1979): nodes wait by cost in buckets 2^shift wide. Within a bucket
they come in any order, and a node that is improved waits again, so the result is exact whatever the width.

Tables of variable row length are held as `start` offsets (shape n + 1) into rows of (key, cost). Numbers are without a
sign: numba asks every index that has one whether it counts from the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from planner._compiled import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Whole = NDArray[np.int64]
    Natural = NDArray[np.unsignedinteger[Any]]
    Count = Any  # np.uintp to numba, which keeps its sign off; NumPy's types would not

FAR = int(np.iinfo(np.int64).max)
"""Cost of what is not reached."""

ROOM = 4096
"""Rows that the queue and the results have room for to begin with."""

EMPTY = 0xFFFFFFFF
"""Mark of a bucket in which nothing waits."""

NONE: Count = np.uintp(0)
ONE: Count = np.uintp(1)
"""Counts without a sign: added to one that has a sign, a number would become a float."""


@kernel
def _longer(rows: NDArray[Any], used: Count, wanted: Count) -> NDArray[Any]:
    """Give rows at least twice the room."""
    size: Any = max(2 * len(rows), np.int64(wanted))
    width = rows.shape[1]
    longer = np.empty((size, width), dtype=rows.dtype)
    for row in range(np.int64(used)):  # a slice would take seconds more to compile
        for column in range(width):
            longer[row, column] = rows[row, column]
    return longer


@kernel
def _settle(
    start: Natural, arcs: Natural, cost: Natural, seeds: Natural, limit: Count, shift: Count, far: Count,
    bucket: Natural, entry: Natural, met: Natural,
) -> tuple[Count, Natural]:  # fmt: skip
    """Search from some seeds: fills `cost` for what is within the limit, and lists it in `met`.

    `cost` is all `far` and `bucket` all `EMPTY` before; the caller puts `cost` back. `met` has room for one more than
    there are nodes. Returns how many nodes were met, and the queue's rows, which may have grown.
    """
    n_met, used, room = NONE, NONE, np.uintp(len(entry))
    for k in range(len(seeds)):
        node, a = np.uintp(seeds[k, 0]), seeds[k, 1]
        if a <= limit and a < cost[node]:
            if cost[node] == far:
                met[n_met] = node
                n_met += ONE
            cost[node] = a
            at = np.uintp(a >> shift)
            entry[used, 0], entry[used, 1], entry[used, 2] = node, a, bucket[at]
            bucket[at] = used
            used += ONE
    now, end = NONE, np.uintp(len(bucket))
    while now < end:
        top = np.uintp(bucket[now])
        if top == EMPTY:
            now += ONE
            continue
        node, a = np.uintp(entry[top, 0]), np.uintp(entry[top, 1])
        bucket[now] = entry[top, 2]
        if a != cost[node]:
            continue  # a better way was found after this one was noted
        low, high = np.uintp(start[node]), np.uintp(start[node + ONE])
        if used + high - low > room:
            entry = _longer(entry, used, used + high - low)
            room = np.uintp(len(entry))
        for j in range(low, high):
            # without branches: whether a way is better is a toss-up, and to guess wrong costs more than all this
            to_a, code = a + arcs[j, 1], np.uintp(arcs[j, 0])
            head = code >> ONE
            held = np.uintp(cost[head])
            better = np.uintp((to_a <= limit) & (to_a < held))
            cost[head] = to_a if better else held
            met[n_met] = head
            n_met += better & np.uintp(held == far)
            on = better & code  # not into a dead end: there one has nowhere to go on to
            at = np.uintp(min(to_a, limit) >> shift)
            before = np.uintp(bucket[at])
            entry[used, 0], entry[used, 1], entry[used, 2] = head, to_a, before
            bucket[at] = used if on else before
            used += on
    return n_met, entry


@kernel
def reach_nodes(
    start: Natural,
    arcs: Natural,
    seed_start: Whole,
    seeds: Natural,
    cost: Natural,
    limit: Count,
    shift: Count,
    far: Count,
) -> tuple[Whole, Natural]:
    """Search from each source up to `limit` and list every node reached.

    Parameters
    ----------
    start, arcs
        Arcs by tail node: twice the head plus one if the way goes on from there, and the cost.
    seed_start, seeds
        By source: the nodes where it enters the network, and the costs to get there.
    cost
        Room for the cost of every node: all `far`, and left so.
    limit
        Largest cost that counts as reached.
    shift
        Width of the queue's buckets as a power of two.
    far
        A cost above every other.

    Returns
    -------
    start, found
        Offsets by source into rows of node and cost; in no order within a source.
    """
    n_sources = len(seed_start) - 1
    bucket = np.full((limit >> shift) + ONE, EMPTY, dtype=np.uint32)
    entry = np.empty((ROOM, 3), dtype=arcs.dtype)
    met = np.empty(len(cost) + 1, dtype=np.uint32)
    found = np.empty((ROOM, 2), dtype=arcs.dtype)
    found_start = np.zeros(n_sources + 1, dtype=np.int64)
    count = NONE
    for source in range(n_sources):
        mine = seeds[seed_start[source] : seed_start[source + 1]]
        if len(mine) > len(entry):
            entry = _longer(entry, 0, len(mine))
        n_met, entry = _settle(start, arcs, cost, mine, limit, shift, far, bucket, entry, met)
        if count + n_met > np.uintp(len(found)):
            found = _longer(found, count, count + n_met)
        for k in range(n_met):
            node = np.uintp(met[k])
            found[count, 0], found[count, 1] = node, cost[node]
            cost[node] = far
            count += ONE
        found_start[source + 1] = count
    return found_start, found[:count]


@kernel
def _offer(cost: Natural, item: Count, a: Count, far: Count, met: Natural, n_met: Count) -> Count:
    """Note a cost of an item if it is better than the one held; lists what is met for the first time."""
    held = cost[item]
    if held == far:
        met[n_met] = item
        n_met += ONE
    if a < held:
        cost[item] = a
    return n_met


@kernel
def reach_items(
    start: Natural, arcs: Natural, seed_start: Whole, seeds: Natural, stop_start: Natural, stops: Natural,
    direct_start: Whole, directs: Natural, cost: Natural, item_cost: Natural, limit: Count, shift: Count, far: Count,
) -> tuple[Whole, Natural]:  # fmt: skip
    """Search from each source up to `limit` and list every item reached.

    Parameters
    ----------
    start, arcs, seed_start, seeds, cost, limit, shift, far
        As in `reach_nodes`.
    stop_start, stops
        By node: the items that may be reached from it, and the remaining costs.
    direct_start, directs
        By source: items on the source's own chain, and the whole costs along it.
    item_cost
        Room for the cost of every item: all `far`, and left so.

    Returns
    -------
    start, found
        Offsets by source into rows of item and cost; in no order within a source.
    """
    n_sources = len(seed_start) - 1
    bucket = np.full((limit >> shift) + ONE, EMPTY, dtype=np.uint32)
    entry = np.empty((ROOM, 3), dtype=arcs.dtype)
    met, met_items = np.empty(len(cost) + 1, dtype=np.uint32), np.empty(len(item_cost), dtype=np.uint32)
    found = np.empty((ROOM, 2), dtype=arcs.dtype)
    found_start = np.zeros(n_sources + 1, dtype=np.int64)
    count = NONE
    for source in range(n_sources):
        mine = seeds[seed_start[source] : seed_start[source + 1]]
        if len(mine) > len(entry):
            entry = _longer(entry, 0, len(mine))
        n_met, entry = _settle(start, arcs, cost, mine, limit, shift, far, bucket, entry, met)
        n_items = NONE
        for k in range(direct_start[source], direct_start[source + 1]):
            if directs[k, 1] <= limit:
                n_items = _offer(item_cost, np.uintp(directs[k, 0]), directs[k, 1], far, met_items, n_items)
        for m in range(n_met):
            node = np.uintp(met[m])
            a = cost[node]
            cost[node] = far
            for k in range(np.uintp(stop_start[node]), np.uintp(stop_start[node + ONE])):
                if a + stops[k, 1] <= limit:
                    n_items = _offer(item_cost, np.uintp(stops[k, 0]), a + stops[k, 1], far, met_items, n_items)
        if count + n_items > np.uintp(len(found)):
            found = _longer(found, count, count + n_items)
        for m in range(n_items):
            item = np.uintp(met_items[m])
            found[count, 0], found[count, 1] = item, item_cost[item]
            item_cost[item] = far
            count += ONE
        found_start[source + 1] = count
    return found_start, found[:count]


@kernel
def _rank(best: Whole, node: int, a: int, label: int, b: int) -> bool:
    """Insert (a, label, b) among a node's best, ascending and of different labels; tells whether it belongs there."""
    slots = best.shape[1]
    at = slots - 1
    for k in range(slots):
        if best[node, k, 1] == label:
            if a > best[node, k, 0] or (a == best[node, k, 0] and b >= best[node, k, 2]):
                return False
            at = k
            break
    last = best[node, at, 0]
    if best[node, at, 1] != label and (a > last or (a == last and label >= best[node, at, 1])):
        return False
    while at > 0 and (a < best[node, at - 1, 0] or (a == best[node, at - 1, 0] and label < best[node, at - 1, 1])):
        for column in range(3):
            best[node, at, column] = best[node, at - 1, column]
        at -= 1
    best[node, at, 0], best[node, at, 1], best[node, at, 2] = a, label, b
    return True


@kernel
def spread(start: Whole, arcs: Whole, seeds: Whole, label: Whole, slots: int, shift: int, window: int) -> Whole:
    """Search from all seeds at once, without a limit: the nearest labels of every node, `slots` of them.

    Costs come as pairs here, with the label between: paths are compared by first cost, then label, then second cost,
    so that the lowest label wins a tie. A node passes on only what is among its own best: whatever is best farther on
    is among the best all along the way.

    Parameters
    ----------
    start, arcs
        Arcs by tail node as in `reach_nodes`, with both costs.
    seeds, label
        Rows of node, first, second, and the label that each carries.
    slots
        Number of different labels to find for each node.
    shift
        Width of the queue's buckets as a power of two.
    window
        Number of buckets, used in turn: more than the dearest arc, and the dearest seed less the cheapest, fill.

    Returns
    -------
    best
        Shape (n_nodes, slots, 3): first cost, label, second cost, ascending; `FAR`, `FAR`, `FAR` where there is none.
    """
    n_nodes = len(start) - 1
    best = np.full((n_nodes, slots, 3), FAR, dtype=np.int64)
    bucket = np.full(window, -1, dtype=np.int64)
    entry = np.empty((max(ROOM, len(seeds)), 5), dtype=np.int64)
    used = waiting = 0
    now = FAR
    for k in range(len(seeds)):
        now = min(now, seeds[k, 1] >> shift)
    for k in range(len(seeds)):
        node, a, b = seeds[k, 0], seeds[k, 1], seeds[k, 2]
        if _rank(best, node, a, label[k], b):
            at = (a >> shift) % window
            entry[used, 0], entry[used, 1], entry[used, 2] = node, a, label[k]
            entry[used, 3], entry[used, 4] = b, bucket[at]
            bucket[at] = used
            used += 1
            waiting += 1
    while waiting > 0:
        k = bucket[now % window]
        if k < 0:
            now += 1
            continue
        node, a, mark, b = entry[k, 0], entry[k, 1], entry[k, 2], entry[k, 3]
        bucket[now % window] = entry[k, 4]
        waiting -= 1
        current = False
        for slot in range(slots):
            if best[node, slot, 0] == a and best[node, slot, 1] == mark and best[node, slot, 2] == b:
                current = True
        if not current:
            continue
        low, high = start[node], start[node + 1]
        if used + high - low > len(entry):
            entry = _longer(entry, used, used + high - low)
        for j in range(low, high):
            head, to_a, to_b = arcs[j, 0] >> 1, a + arcs[j, 1], b + arcs[j, 2]
            if _rank(best, head, to_a, mark, to_b) and arcs[j, 0] & 1:
                at = (to_a >> shift) % window
                entry[used, 0], entry[used, 1], entry[used, 2] = head, to_a, mark
                entry[used, 3], entry[used, 4] = to_b, bucket[at]
                bucket[at] = used
                used += 1
                waiting += 1
    return best
