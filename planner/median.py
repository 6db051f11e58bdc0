"""Least travel: the p-median problem and uncapacitated facility location, solved to the proof.

Hakimi (1964), Balinski (1965). Multipliers of the assignment rows give the bound (Cornuejols, Fisher & Nemhauser 1977;
Christofides & Beasley 1982), their best choices are improved by interchange (Resende & Werneck 2007), what the bound
rules out is fixed, and the rest is searched by branch and bound over the same multipliers, warm from node to node.

Amounts are whole numbers from end to end: costs are scaled by a power of two, and multipliers are whole numbers of that
fine unit. A bound is therefore exact, and rounding can prove nothing wrong.
"""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from planner._median import NEVER, Ascent, Ladders, ascend, interchange, nearest_two

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Whole = NDArray[np.int64]
    Flags = NDArray[np.bool_]

FINE_BITS = 20
"""The fine unit is at most so many halvings of a whole one."""

ROOM_BITS = 61
"""No sum of a problem may need more bits in the fine unit; int64 holds two more."""

CHUNK = 50
"""Steps of the first ascent between two looks at the clock and two plans."""

ROOT_SCALE = 0.005
"""The first ascent ends when steps have become shorter than this part of Polyak's."""

ROOT_PATIENCE = 10
"""Steps of the first ascent that may fail before steps become shorter."""

NODE_STEPS, NODE_PATIENCE, NODE_SCALE = 60, 4, 0.5
"""Steps at a node of the search, those that may fail in between, and how long the first is."""

AGAIN = 0.1
"""A node whose bound settles at least this part of its options is taken up again at once."""


@dataclass(frozen=True, eq=False)
class Median:
    """Open options so that opening them and serving each demand point by its cheapest costs least.

    Attributes
    ----------
    cost
        What each demand point costs with each option (weight x distance), whole, at least 0, shape (demand, options).
    price
        What each option costs when it opens, whole, at least 0; all 0 in a p-median problem.
    least, most
        How many options open, both included: p and p in a p-median problem, 0 and all in facility location.
    outside
        What each demand point costs at most, since it may stay with what stands today; None where each must be served
        by an option that opens.
    """

    cost: Whole
    price: Whole
    least: int
    most: int
    outside: Whole | None


@dataclass(frozen=True, eq=False)
class Answer:
    """The best plan, and what is proven of it.

    Attributes
    ----------
    opened, objective
        Options that open, and their exact cost; None where nothing is feasible.
    bound
        No plan costs less: a whole number, and the objective itself when that is proven optimal.
    infeasible
        No number of options is allowed.
    multipliers
        One for each demand point, with a bound that holds by itself: sum_i min(v_i, outside_i) + the least sum over
        `least` to `most` options of rho_j = price_j + sum_i min(0, cost_ij - v_i).
    """

    opened: Flags | None
    objective: int | None
    bound: float | None
    infeasible: bool
    multipliers: NDArray[np.float64] | None


@dataclass(frozen=True, eq=False)
class _Plan:
    """A choice over all options of the problem, and its cost in the fine unit."""

    opened: Flags
    cost: int


@dataclass(frozen=True, eq=False)
class _Node:
    """A part of the search: options that are settled, multipliers to begin with, and a bound in the fine unit."""

    opened: Flags
    closed: Flags
    v: Whole
    bound: int


def _limit(plan: _Plan, bits: int) -> int:
    """Whatever bound is above this leaves no room for a better plan, which is cheaper by a whole unit."""
    return plan.cost - (1 << bits)


def _ladders(problem: Median, least: int) -> tuple[Ladders, int]:
    """Write a problem as ladders in a fine unit, and tell its bits.

    A point that must be served costs at most what its dearest option does. Where at least `least` of n options open,
    it costs at most what the one at place n - least + 1 of its row does: fewer than `least` are dearer. That is its
    `outside`, and what lies above drops out.
    """
    order = np.argsort(problem.cost, axis=1, kind="stable")
    cost = np.take_along_axis(problem.cost, order, axis=1)
    outside = cost.max(axis=1) if problem.outside is None else problem.outside
    if least > 0:
        outside = np.minimum(outside, cost[:, len(problem.price) - least])
    # in doubles: a sum in int64 might overflow unseen
    largest = int(outside.sum(dtype=np.float64) + problem.price.sum(dtype=np.float64)) * (problem.most + 1)
    bits = min(FINE_BITS, ROOM_BITS - largest.bit_length())
    if bits < 0:
        raise OverflowError("costs are too large: count in a larger unit")
    kept = cost < outside[:, np.newaxis]
    start = np.zeros(len(cost) + 1, dtype=np.int64)
    np.cumsum(kept.sum(axis=1), out=start[1:])
    ladders = Ladders(
        start, order[kept], cost[kept] << bits, outside << bits, problem.price << bits, least, problem.most
    )
    return ladders, bits


def _settle(ladders: Ladders, opened: Flags, closed: Flags) -> tuple[Ladders, int]:
    """Leave the problem of the free options, and what the opened ones cost.

    What an opened option offers, a point has anyway: it lowers the point's `outside`, and rungs above that drop out.
    """
    rows = np.repeat(np.arange(len(ladders.outside)), np.diff(ladders.start))
    outside = ladders.outside.copy()
    served = opened[ladders.option]
    np.minimum.at(outside, rows[served], ladders.cost[served])
    free = ~(opened | closed)
    kept = free[ladders.option] & (ladders.cost < outside[rows])
    start = np.zeros(len(ladders.start), dtype=np.int64)
    np.cumsum(np.bincount(rows[kept], minlength=len(outside)), out=start[1:])
    number = np.cumsum(free) - 1
    count = int(opened.sum())
    left = Ladders(
        start,
        number[ladders.option[kept]],
        ladders.cost[kept],
        outside,
        ladders.price[free],
        max(ladders.least - count, 0),
        min(ladders.most - count, int(free.sum())),
    )
    return left, int(ladders.price[opened].sum())


def _with(flags: Flags, numbers: Whole) -> Flags:
    """Set some more flags."""
    out = flags.copy()
    out[numbers] = True
    return out


def _begin(ladders: Ladders, v: Whole, scale: float) -> Ascent:
    """Stand at some multipliers, brought between each point's cheapest option and its `outside`."""
    n_options = len(ladders.price)
    lowest = ladders.outside.copy()
    filled = np.flatnonzero(np.diff(ladders.start))
    lowest[filled] = ladders.cost[ladders.start[filled]]
    v = np.clip(v, lowest, ladders.outside)
    nothing = np.full(n_options, -NEVER)
    return Ascent(
        v=v,
        direction=np.zeros(len(v)),
        scale=scale,
        failures=0,
        bound=-NEVER,
        best_v=v,
        if_open=nothing,
        if_closed=nothing,
        chosen=np.zeros(n_options, dtype=np.bool_),
        share=np.zeros(n_options),
    )


def _root(ladders: Ladders, bits: int, gap: float, deadline: float) -> tuple[_Plan, Ascent]:
    """Find a plan and the bound of the whole problem."""
    plan = _Plan(*interchange(ladders, np.zeros(len(ladders.price), dtype=np.bool_)))
    _, near, second = nearest_two(ladders, plan.opened)
    ascent = _begin(ladders, (near + second) // 2, 1.0)
    while True:
        ascent = ascend(ladders, ascent, plan.cost, _limit(plan, bits), CHUNK, ROOT_PATIENCE)
        other = _Plan(*interchange(ladders, ascent.chosen))
        plan = other if other.cost < plan.cost else plan
        if ascent.scale < ROOT_SCALE or not ascent.direction.any() or time.monotonic() > deadline:
            return plan, ascent
        if ascent.bound > _limit(plan, bits) or plan.cost - ascent.bound <= gap * plan.cost:
            return plan, ascent


def _visit(ladders: Ladders, node: _Node, plan: _Plan, bits: int) -> tuple[_Plan, list[_Node]]:
    """Bound a node and settle options; returns the best plan, and the two parts that are left, or none."""
    while True:
        left, paid = _settle(ladders, node.opened, node.closed)
        if left.most < 0 or left.least > len(left.price):
            return plan, []
        if left.most == 0:
            cost = int(left.outside.sum()) + paid
            return (_Plan(node.opened, cost) if cost < plan.cost else plan), []
        free = np.flatnonzero(~(node.opened | node.closed))
        ascent = _begin(left, node.v, NODE_SCALE)
        ascent = ascend(left, ascent, plan.cost - paid, _limit(plan, bits) - paid, NODE_STEPS, NODE_PATIENCE)
        chosen, cost = interchange(left, ascent.chosen)
        if cost + paid < plan.cost:
            plan = _Plan(_with(node.opened, free[chosen]), cost + paid)
        limit = _limit(plan, bits) - paid
        opens, closes = ascent.if_closed > limit, ascent.if_open > limit
        if ascent.bound > limit or (opens & closes).any():
            return plan, []
        node = _Node(
            _with(node.opened, free[opens]),
            _with(node.closed, free[closes]),
            ascent.best_v,
            max(node.bound, ascent.bound + paid),
        )
        settled = opens | closes
        if settled.sum() < max(AGAIN * len(free), 1):
            k = int(np.argmin(np.where(settled, 1.0, np.abs(ascent.share - 0.5))))
            if_closed, if_open = int(ascent.if_closed[k]) + paid, int(ascent.if_open[k]) + paid
            closed = _Node(node.opened, _with(node.closed, free[k]), node.v, max(node.bound, if_closed))
            opened = _Node(_with(node.opened, free[k]), node.closed, node.v, max(node.bound, if_open))
            return plan, [closed, opened]


def _search(ladders: Ladders, node: _Node, plan: _Plan, bits: int, gap: float, deadline: float) -> tuple[_Plan, int]:
    """Branch on options, least bound first; returns the best plan and a bound, its own cost where that is proven."""
    heap = [(node.bound, 0, node)]
    count = 0
    while heap and heap[0][0] <= _limit(plan, bits):
        if plan.cost - heap[0][0] <= gap * plan.cost or time.monotonic() > deadline:
            return plan, heap[0][0]
        plan, parts = _visit(ladders, heapq.heappop(heap)[2], plan, bits)
        for part in parts:
            count += 1  # of equal bounds the latest comes first: the search goes down
            heapq.heappush(heap, (part.bound, -count, part))
    return plan, plan.cost


def solve_median(problem: Median, *, gap: float, deadline: float) -> Answer:
    """Find the cheapest choice of options.

    Parameters
    ----------
    problem
        Whole numbers.
    gap
        The search may stop when objective - bound <= gap x objective.
    deadline
        Moment of `time.monotonic` at which it stops with what it has.

    Returns
    -------
    answer
        Optimal where bound equals objective.

    Raises
    ------
    OverflowError
        If sums of costs have more than 61 bits.
    """
    n_options = len(problem.price)
    must_open = problem.outside is None and len(problem.cost) > 0
    least, most = max(problem.least, int(must_open)), min(problem.most, n_options)
    if least > most:
        return Answer(None, None, None, infeasible=True, multipliers=None)
    if most == 0:
        outside = np.zeros(0, dtype=np.int64) if problem.outside is None else problem.outside
        total = int(outside.sum())
        nothing = np.zeros(n_options, dtype=np.bool_)
        return Answer(nothing, total, float(total), infeasible=False, multipliers=outside.astype(np.float64))
    ladders, bits = _ladders(replace(problem, most=most), least)
    plan, ascent = _root(ladders, bits, gap, deadline)
    opens, closes = ascent.if_closed > _limit(plan, bits), ascent.if_open > _limit(plan, bits)
    root = _Node(opens, closes, ascent.best_v, ascent.bound)
    plan, bound = _search(ladders, root, plan, bits, gap, deadline)
    # the objective is a whole number: so is the least bound that it can have
    return Answer(
        opened=plan.opened,
        objective=plan.cost >> bits,
        bound=float(-(-bound >> bits)),
        infeasible=False,
        multipliers=ascent.best_v / (1 << bits),
    )
