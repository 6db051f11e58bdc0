"""Compiled kernels of the median problem: bounds by Lagrange multipliers, and plans by interchange.

Every kernel reads the costs as ladders: for each demand point the options that are nearer than what it has anyway, by
rising cost. With p of n options open, only about the first n / p rungs are ever looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from planner._compiled import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Flags = NDArray[np.bool_]

PATIENCE = 20
"""Steps without a better bound after which steps become shorter."""

SHORTER, LONGER = 0.66, 1.5
"""Factors of the step's length after a run of failures, and after a success that pointed the right way."""

LONGEST = 2.0
"""Longest step, as a multiple of Polyak's."""


@kernel
def best_choice(rho: Floats, least: int, most: int) -> tuple[Whole, int, float]:
    """Choose between `least` and `most` options of least total `rho`.

    Returns
    -------
    order, count, total
        Options by rising `rho`; how many of the first are chosen; the sum of their `rho`.
    """
    order = np.argsort(rho)
    count = 0
    total = 0.0
    while count < most and (count < least or rho[order[count]] < 0.0):
        total += rho[order[count]]
        count += 1
    return order, count, total


@kernel
def reduced_prices(start: Whole, option: Whole, cost: Whole, price: Whole, v: Floats) -> Floats:
    """Price of each option less what it saves at the multipliers: price_j + sum_i min(0, cost_ij - v_i)."""
    rho = price.astype(np.float64)
    for i in range(len(v)):
        for k in range(start[i], start[i + 1]):
            if cost[k] >= v[i]:
                break
            rho[option[k]] += cost[k] - v[i]
    return rho


@kernel
def _excess(start: Whole, option: Whole, cost: Whole, v: Floats, chosen: Flags) -> Floats:
    """One less the number of chosen options that serve each demand point: the subgradient at `v`."""
    out = np.ones(len(v))
    for i in range(len(v)):
        for k in range(start[i], start[i + 1]):
            if cost[k] >= v[i]:
                break
            if chosen[option[k]]:
                out[i] -= 1.0
    return out


@kernel
def _note_bounds(
    rho: Floats, order: Whole, count: int, least: int, most: int, bound: float, if_open: Floats, if_closed: Floats
) -> None:
    """Raise the bounds that hold when an option must open and when it must not, in `if_open` and `if_closed`.

    An option outside the best choice comes in beside the others, or in place of the worst of them where no more may
    open or the worst was only there to make up the least number. One that must go is replaced by the next best where
    the least number asks for it or the next best pays.
    """
    n = len(rho)
    worst = rho[order[count - 1]] if count > 0 else 0.0
    spared = worst if count == most else max(worst, 0.0)
    following = rho[order[count]] if count < n else np.inf
    replaced = following if count == least else min(following, 0.0)
    for k in range(n):
        j = order[k]
        if k < count:
            if_open[j] = max(if_open[j], bound)
            if_closed[j] = max(if_closed[j], bound - rho[j] + replaced)
        else:
            if_closed[j] = max(if_closed[j], bound)
            if_open[j] = max(if_open[j], bound + rho[j] - spared)


@kernel
def ascend(
    start: Whole,
    option: Whole,
    cost: Whole,
    outside: Whole,
    price: Whole,
    least: int,
    most: int,
    target: float,
    steps: int,
    v: Floats,
    bound: float,
    direction: Floats,
    share: Floats,
    scale: float,
    blend: float,
    if_open: Floats,
    if_closed: Floats,
):  # type: ignore[no-untyped-def]
    v, direction, share = v.copy(), direction.copy(), share.copy()
    if_open, if_closed = if_open.copy(), if_closed.copy()
    n_demand, n_options = len(v), len(price)
    chosen = np.zeros(n_options, dtype=np.bool_)
    latest = chosen
    failures = 0
    begun = bound
    for _ in range(steps):
        norm = np.sum(direction * direction)
        if norm < 1e-9 or bound >= target:
            break
        length = scale * (target - bound) / norm
        trial = v + length * direction
        for i in range(n_demand):
            if start[i + 1] > start[i]:
                trial[i] = min(max(trial[i], float(cost[start[i]])), float(outside[i]))
            else:
                trial[i] = float(outside[i])
        rho = reduced_prices(start, option, cost, price, trial)
        order, count, total = best_choice(rho, least, most)
        value = total + np.sum(trial)
        chosen[:] = False
        chosen[order[:count]] = True
        gradient = _excess(start, option, cost, trial, chosen)
        _note_bounds(rho, order, count, least, most, value, if_open, if_closed)
        turn = gradient - direction
        square = np.sum(turn * turn)
        best_blend = -np.sum(turn * direction) / square if square > 0 else 1.0
        use = min(max(best_blend, blend / 10), blend)
        agree = np.sum(gradient * direction)
        direction = direction + use * turn
        share = share + use * (chosen - share)
        if value > bound:
            bound, v = value, trial
            failures = 0
            if agree > 0:
                scale = min(scale * LONGER, LONGEST)
        else:
            failures += 1
            if failures >= PATIENCE:
                scale = max(scale * SHORTER, 1e-4)
                failures = 0
    return v, bound, direction, share, scale, if_open, if_closed, chosen


@kernel
def nearest_two(
    start: Whole, option: Whole, cost: Whole, outside: Whole, is_open: Flags
) -> tuple[Whole, Whole, Whole]:
    """Find the open option that serves each demand point (-1: none), its cost, and the cost without it."""
    n = len(outside)
    first = np.full(n, -1, dtype=np.int64)
    near, second = outside.copy(), outside.copy()
    for i in range(n):
        for k in range(start[i], start[i + 1]):
            j = option[k]
            if not is_open[j]:
                continue
            if first[i] >= 0:
                second[i] = cost[k]
                break
            first[i], near[i] = j, cost[k]
    return first, near, second


@kernel
def _best_move(
    start: Whole, option: Whole, cost: Whole, outside: Whole, price: Whole, least: int, most: int, is_open: Flags
) -> tuple[int, int, int]:
    """Find the best option to open, to close, or to open in place of another (-1: none), and what it changes.

    What a swap changes is loss of the one, gain of the other, and a correction for the points that both touch
    (Resende & Werneck 2007).
    """
    n_options = len(price)
    held = np.flatnonzero(is_open)
    place = np.full(n_options, -1, dtype=np.int64)
    place[held] = np.arange(len(held))
    first, near, second = nearest_two(start, option, cost, outside, is_open)
    change_in, change_out = price.copy(), -price[held]
    both = np.zeros((n_options, len(held)), dtype=np.int64)
    for i in range(len(outside)):
        out = place[first[i]] if first[i] >= 0 else -1
        if out >= 0:
            change_out[out] += second[i] - near[i]
        for k in range(start[i], start[i + 1]):
            if cost[k] >= second[i]:
                break
            if cost[k] < near[i]:
                change_in[option[k]] -= near[i] - cost[k]
            if out >= 0:
                both[option[k], out] -= second[i] - max(cost[k], near[i])
    best, best_in, best_out = 0, -1, -1
    forced = len(held) < least
    if forced:
        best = np.iinfo(np.int64).max
    for j in range(n_options):
        if is_open[j]:
            if len(held) > least and change_out[place[j]] < best:
                best, best_in, best_out = change_out[place[j]], -1, j
            continue
        if len(held) < most and change_in[j] < best:
            best, best_in, best_out = change_in[j], j, -1
        if forced:
            continue
        for out in range(len(held)):
            change = change_in[j] + change_out[out] + both[j, out]
            if change < best:
                best, best_in, best_out = change, j, held[out]
    return best, best_in, best_out


@kernel
def interchange(
    start: Whole, option: Whole, cost: Whole, outside: Whole, price: Whole, least: int, most: int, is_open: Flags
) -> tuple[Flags, int]:
    """Improve a choice by the best of all openings, closings and swaps until there is none; options are added first
    where there are fewer than `least`."""
    is_open = is_open.copy()
    while True:
        _, option_in, option_out = _best_move(start, option, cost, outside, price, least, most, is_open)
        if option_in < 0 and option_out < 0:
            break
        if option_in >= 0:
            is_open[option_in] = True
        if option_out >= 0:
            is_open[option_out] = False
    _, near, _ = nearest_two(start, option, cost, outside, is_open)
    return is_open, near.sum() + price[is_open].sum()
