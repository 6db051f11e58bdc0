"""Compiled kernels of the median problem: bounds by Lagrange multipliers, and plans by interchange.

Every kernel reads the costs as ladders: for each demand point, by rising cost, the options that are cheaper than what
the point has anyway. With p of n options open only about the first n / p rungs are looked at. All amounts are whole
numbers, so that no bound rests on rounding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from planner._compiled import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Flags = NDArray[np.bool_]

NEVER = 1 << 62
"""Bound of what cannot be; more than any amount."""

KEEP = 0.7
"""How much of the last direction goes into the next (Camerini, Fratta & Maffioli 1975)."""

SHORTER = 0.7
"""Factor of the step's length where no better bound has come for some steps (Held, Wolfe & Crowder 1974)."""

FORGET = 0.05
"""Weight of the newest choice in the running share of choices in which an option is."""


class Ladders(NamedTuple):
    """A median problem: choose `least` to `most` options, serve each demand point by the cheapest of them.

    Attributes
    ----------
    start
        Offsets of the demand points into `option` and `cost`, shape (demand + 1,).
    option, cost
        Options by rising cost, and what the point costs when served by them: all below its `outside`.
    outside
        What each demand point costs when no option of its ladder opens.
    price
        What each option costs when it opens.
    least, most
        How many options open; most >= 1, least <= number of options.
    """

    start: Whole
    option: Whole
    cost: Whole
    outside: Whole
    price: Whole
    least: int
    most: int


class Ascent(NamedTuple):
    """How far an ascent of the multipliers has come.

    Attributes
    ----------
    v, direction
        Multipliers of the demand points, where the ascent stands, and the direction of its last step.
    scale, failures
        Length of steps as a part of Polyak's, and steps since the last better bound.
    bound, best_v
        Best bound so far and its multipliers.
    if_open, if_closed
        Best bounds when an option must open and when it must not.
    chosen, share
        Options of the last best choice, and the part of the recent ones in which each option was.
    """

    v: Whole
    direction: Floats
    scale: float
    failures: int
    bound: int
    best_v: Whole
    if_open: Whole
    if_closed: Whole
    chosen: Flags
    share: Floats


@kernel
def reduced_prices(ladders: Ladders, v: Whole) -> Whole:
    """Price of each option less what it saves at the multipliers: price_j + sum_i min(0, cost_ij - v_i)."""
    start, option, cost = ladders.start, ladders.option, ladders.cost
    rho = ladders.price.copy()
    for i in range(len(v)):
        for k in range(start[i], start[i + 1]):
            if cost[k] >= v[i]:
                break
            rho[option[k]] += cost[k] - v[i]
    return rho


@kernel
def _excess(ladders: Ladders, v: Whole, chosen: Flags) -> Floats:
    """One less the number of chosen options that serve each demand point, the subgradient at `v`; 0 at a hard end.

    No multiplier is worth having below the point's cheapest option nor above its `outside`.
    """
    start, option, cost, outside = ladders.start, ladders.option, ladders.cost, ladders.outside
    out = np.zeros(len(v))
    for i in range(len(v)):
        if start[i] == start[i + 1]:
            continue
        out[i] = 1.0
        for k in range(start[i], start[i + 1]):
            if cost[k] >= v[i]:
                break
            if chosen[option[k]]:
                out[i] -= 1.0
        if (out[i] > 0.0 and v[i] >= outside[i]) or (out[i] < 0.0 and v[i] <= cost[start[i]]):
            out[i] = 0.0
    return out


@kernel
def _note_bounds(
    rho: Whole, order: Whole, count: int, ladders: Ladders, bound: int, if_open: Whole, if_closed: Whole
) -> None:
    """Raise the bounds that hold when an option must open, and when it must not, in `if_open` and `if_closed`.

    An option that is not in the best choice comes in beside the others, or in place of the worst of them where no more
    may open or the worst was only there to make up the least number. One that must go is replaced by the next best
    where the least number asks for it or the next best pays.
    """
    worst = rho[order[count - 1]] if count > 0 else 0
    spared = worst if count == ladders.most else max(worst, 0)
    none_left = count == len(rho)
    following = 0 if none_left else rho[order[count]]
    replaced = following if count == ladders.least else min(following, 0)
    for k in range(len(rho)):
        j = order[k]
        opened = bound if k < count else bound + rho[j] - spared
        closed = bound - rho[j] + replaced if k < count else bound
        if k < count and none_left and count == ladders.least:
            closed = NEVER
        if_open[j] = max(if_open[j], opened)
        if_closed[j] = max(if_closed[j], closed)


@kernel
def _choose(rho: Whole, ladders: Ladders) -> tuple[Whole, int, int]:
    """Options by rising `rho`, how many of them are the best choice, and the sum of their `rho`."""
    order = np.argsort(rho, kind="mergesort")
    count = total = 0
    while count < ladders.most and count < len(rho) and (count < ladders.least or rho[order[count]] < 0):
        total += rho[order[count]]
        count += 1
    return order, count, total


@kernel
def _step(ladders: Ladders, v: Whole, direction: Floats, length: float) -> Whole:
    """Go along the direction, and no farther than the hard ends of each multiplier."""
    out = v.copy()
    for i in range(len(v)):
        first = ladders.start[i]
        if first < ladders.start[i + 1]:
            moved = v[i] + np.int64(np.rint(length * direction[i]))
            out[i] = min(max(moved, ladders.cost[first]), ladders.outside[i])
    return out


@kernel
def ascend(ladders: Ladders, ascent: Ascent, target: int, limit: int, steps: int, patience: int) -> Ascent:
    """Raise the Lagrangian bound of the assignment rows by deflected subgradient steps.

    For any multipliers v, no choice costs less than sum_i min(v_i, outside_i) + the least sum over `least` to `most`
    options of rho_j = price_j + sum_i min(0, cost_ij - v_i) (Cornuejols, Fisher & Nemhauser 1977). Steps are Polyak's
    towards `target`; after `patience` steps without a better bound they become shorter.

    Parameters
    ----------
    ladders
        The problem.
    ascent
        Where to go on from; its multipliers lie between the cheapest option and `outside` of each demand point.
    target
        Cost of the best known choice.
    limit
        The ascent ends as soon as the bound is above it.
    steps, patience
        Steps to take.

    Returns
    -------
    ascent
        Where it stands.
    """
    v, direction, scale, failures, bound, best_v, if_open, if_closed, chosen, share = ascent
    if_open, if_closed, chosen, share = if_open.copy(), if_closed.copy(), chosen.copy(), share.copy()
    for _ in range(steps):
        rho = reduced_prices(ladders, v)
        order, count, total = _choose(rho, ladders)
        value = v.sum() + total
        chosen[:] = False
        chosen[order[:count]] = True
        share += FORGET * (chosen - share)
        _note_bounds(rho, order, count, ladders, value, if_open, if_closed)
        failures += 1
        if value > bound:
            bound, best_v, failures = value, v, 0
        elif failures >= patience:
            scale, failures = scale * SHORTER, 0
        direction = _excess(ladders, v, chosen) + KEEP * direction
        norm = np.sum(direction * direction)
        if bound > limit or norm == 0.0:
            break
        v = _step(ladders, v, direction, scale * (target - value) / norm)
    return Ascent(v, direction, scale, failures, bound, best_v, if_open, if_closed, chosen, share)


@kernel
def nearest_two(ladders: Ladders, is_open: Flags) -> tuple[Whole, Whole, Whole]:
    """Find the open option that serves each demand point (-1: none), its cost, and the cost without that option."""
    start, option, cost = ladders.start, ladders.option, ladders.cost
    near, second = ladders.outside.copy(), ladders.outside.copy()
    first = np.full(len(near), -1, dtype=np.int64)
    for i in range(len(near)):
        for k in range(start[i], start[i + 1]):
            if not is_open[option[k]]:
                continue
            if first[i] >= 0:
                second[i] = cost[k]
                break
            first[i], near[i] = option[k], cost[k]
    return first, near, second


@kernel
def _changes(ladders: Ladders, is_open: Flags, held: Whole) -> tuple[Whole, Whole, Whole]:
    """Say what it changes to open each option, to close each of `held`, and what a swap of two changes beyond both.

    The third is empty where fewer than `least` are open (gain, loss and extra of Resende & Werneck 2007).
    """
    swaps = len(held) >= ladders.least
    start, option, cost = ladders.start, ladders.option, ladders.cost
    place = np.full(len(is_open), -1, dtype=np.int64)
    place[held] = np.arange(len(held))
    first, near, second = nearest_two(ladders, is_open)
    opening, closing = ladders.price.copy(), -ladders.price[held]
    both = np.zeros((len(is_open), len(held)) if swaps else (0, 0), dtype=np.int64)
    for i in range(len(near)):
        out = place[first[i]] if first[i] >= 0 else -1
        if out >= 0:
            closing[out] += second[i] - near[i]
        reach = second[i] if swaps else near[i]
        for k in range(start[i], start[i + 1]):
            if cost[k] >= reach:
                break
            opening[option[k]] -= max(near[i] - cost[k], 0)
            if swaps and out >= 0:
                both[option[k], out] -= second[i] - max(cost[k], near[i])
    return opening, closing, both


@kernel
def _best_move(ladders: Ladders, is_open: Flags) -> tuple[int, int]:
    """Find what to open and what to close (-1: nothing) so that the cost falls most.

    Where fewer than `least` are open, the best to open is told even if the cost rises.
    """
    held = np.flatnonzero(is_open)
    short = len(held) < ladders.least
    opening, closing, both = _changes(ladders, is_open, held)
    best, best_in, best_out = NEVER if short else 0, -1, -1
    if len(held) > ladders.least:
        for out in range(len(held)):
            if closing[out] < best:
                best, best_out = closing[out], held[out]
    for j in range(len(is_open)):
        if is_open[j]:
            continue
        if len(held) < ladders.most and opening[j] < best:
            best, best_in, best_out = opening[j], j, -1
        if short:
            continue
        for out in range(len(held)):
            change = opening[j] + closing[out] + both[j, out]
            if change < best:
                best, best_in, best_out = change, j, held[out]
    return best_in, best_out


@kernel
def interchange(ladders: Ladders, is_open: Flags) -> tuple[Flags, int]:
    """Improve a choice by the best opening, closing or swap until none helps (Teitz & Bart 1968).

    Parameters
    ----------
    ladders
        The problem.
    is_open
        A choice of at most `most` options; one of fewer than `least` is filled up greedily.

    Returns
    -------
    is_open, cost
        The better choice, and its exact cost.
    """
    is_open = is_open.copy()
    while True:
        option_in, option_out = _best_move(ladders, is_open)
        if option_in < 0 and option_out < 0:
            break
        if option_in >= 0:
            is_open[option_in] = True
        if option_out >= 0:
            is_open[option_out] = False
    _, near, _ = nearest_two(ladders, is_open)
    return is_open, near.sum() + ladders.price[is_open].sum()
