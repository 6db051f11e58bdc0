"""Branch and cut over the master LP of a covering problem: best bound first, cuts at every node."""

from __future__ import annotations

import heapq
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from planner import lp, start
from planner.bounds import Master, left_at, separate
from planner.covering import Covering, objective_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

WHOLE = 1e-6
"""A value so near to a whole number counts as one, until the plan is recomputed."""

TOLERANCE = 1e-6
RELATIVE = 1e-10
"""What is taken off a bound in floats before it is rounded up: so much, or so large a part of it."""

CANDIDATES = 6
"""Options that are tried on both sides before one is branched on."""

ROUNDS = 4
"""Most rounds of cuts at a node that is then branched on."""

PLANS_EVERY = 20
"""Every so many nodes a plan is searched for around the LP's point."""


@dataclass(frozen=True, eq=False)
class Searched:
    """Where the search ended: the best plan (None: none found) with its objective, and a bound in whole steps."""

    plan: Flags | None
    objective: float
    bound: float


def step_of(problem: Covering) -> int:
    """Largest number that divides every price and loss: objectives differ by multiples of it."""
    return math.gcd(int(np.gcd.reduce(problem.price, initial=0)), int(np.gcd.reduce(problem.loss, initial=0))) or 1


def rounded(bound: float, step: int) -> float:
    """Round a bound in floats up to the next objective that can be."""
    if not math.isfinite(bound):
        return bound
    return float(math.ceil((bound - max(TOLERANCE * step, RELATIVE * abs(bound))) / step) * step)


def fixed_by(reduced_cost: Floats, bound: float, best: float, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Fix options whose reduced cost would lift the bound to the best objective known, or above."""
    room = best - bound + max(TOLERANCE, RELATIVE * abs(best))
    return np.where(reduced_cost < -room, high, low), np.where(reduced_cost > room, low, high)


@dataclass(frozen=True, eq=False)
class _Node:
    bound: float
    low: Floats
    high: Floats


def _solved(
    master: Master, node: _Node, step: int, best: float, deadline: float
) -> tuple[lp.Vertex | None, Floats, bool]:
    """Solve a node with its cuts; returns its vertex (None: nothing below `best` there), its x, whether in time."""
    n = len(node.low)
    lp.set_bounds(master.lp, np.arange(n), node.low, node.high)
    last = -np.inf
    rounds = 0
    while True:
        vertex, infeasible = lp.solve(master.lp, seconds=deadline - time.perf_counter())
        if vertex is None or rounded(vertex.objective, step) >= best:
            return None, node.low, infeasible or vertex is not None
        x = np.clip(vertex.values[:n], node.low, node.high)
        broken = np.abs(x - np.rint(x)).max(initial=0.0) > WHOLE
        slow = vertex.objective - last < 0.02 * (best - vertex.objective)
        if broken and (rounds >= ROUNDS or slow):
            return vertex, x, True
        x = x if broken else np.rint(x)
        last, rounds = vertex.objective, rounds + 1
        at = np.concatenate([x, vertex.values[n:]])
        if not separate(master, left_at(master, x)[0], at):
            return vertex, x, True


def _branched(
    master: Master, node: _Node, vertex: lp.Vertex, x: Floats, step: int, best: float, deadline: float
) -> list[_Node]:
    """Try some broken options on both sides and branch on the one that lifts the bound most on its weaker side."""
    n = len(x)
    low, high = fixed_by(vertex.reduced_cost[:n], vertex.objective, best, node.low, node.high)
    away = np.where(low < high, np.abs(x - np.rint(x)), -1.0)
    if away.max(initial=-1.0) <= WHOLE:  # all whole, but no plan: any option that is free
        away = np.where(low < high, 1.0, -1.0)
        candidates = np.flatnonzero(away > 0)[:1]
    else:
        order = np.argsort(-away, kind="stable")[:CANDIDATES]
        candidates = order[away[order] > WHOLE]
    chosen: list[_Node] = []
    most = -1.0
    for k in candidates:
        sides = []
        for value in (0.0, 1.0):
            to_low, to_high = low.copy(), high.copy()
            to_low[k] = to_high[k] = value
            lp.set_bounds(master.lp, np.arange(n), to_low, to_high)
            tried, infeasible = lp.solve(master.lp, seconds=deadline - time.perf_counter())
            lift = vertex.objective if tried is None else max(vertex.objective, tried.objective)
            if not infeasible and rounded(lift, step) < best:
                sides.append(_Node(lift, to_low, to_high))
        if len(sides) < 2:  # noqa: PLR2004  (one side is out: nothing can be better)
            return sides
        lifts = sorted(side.bound - vertex.objective for side in sides)
        score = max(lifts[0], TOLERANCE) * max(lifts[1], TOLERANCE)
        if score > most:
            most, chosen = score, sides
    return chosen


def dive(master: Master, values: Floats, *, deadline: float) -> Flags | None:
    """Open what the LP likes best, a few options at a time, solving and cutting anew each time.

    Parameters
    ----------
    master
        An LP with the cuts of its root; it grows.
    values
        The LP's x, shape (options,).
    deadline
        `time.perf_counter` at which to stop.

    Returns
    -------
    plan
        What is open when all is whole; it need not hold every goal. None where the LP finds no way on.
    """
    n = len(values)
    low, high = np.zeros(n), np.ones(n)
    x = values
    while True:
        low[x > 1.0 - WHOLE] = 1.0
        broken = np.where((x > WHOLE) & (x < 1.0 - WHOLE), x, 0.0)
        if not broken.any():
            return x > 1.0 - WHOLE
        liked = np.argsort(-broken, kind="stable")[: max(1, int((broken > 0).sum()) // 10)]
        low[liked[broken[liked] > 0]] = 1.0
        vertex, x, _ = _solved(master, _Node(0.0, low, high), 1, math.inf, deadline)
        if vertex is None:
            return None


def branch_and_cut(
    master: Master,
    node: tuple[float, Floats, Floats],
    plan: Flags | None,
    worth: Floats,
    *,
    slack: float,
    deadline: float,
) -> Searched:
    """Search the options that are still free.

    Parameters
    ----------
    master
        The LP with the cuts of the root; it grows.
    node
        Bound of the root, and the bounds of x that hold everywhere below the best plan.
    plan
        The best plan known, or None.
    worth
        See `start.searched`.
    slack
        So far the bound may stay below the best objective.
    deadline
        `time.perf_counter` at which to stop.

    Returns
    -------
    searched
        Its bound holds for all plans, and equals the objective where the search was carried through.
    """
    problem, given = master.problem, start.ready(master.problem)
    step = step_of(problem)
    known = None if plan is None else objective_of(problem, plan)
    best = math.inf if known is None else float(known)
    waiting = [(node[0], 0, _Node(*node))]
    number = visited = 0
    lowest = node[0]
    while waiting:
        lowest = waiting[0][0]
        if rounded(lowest, step) >= best - slack or time.perf_counter() > deadline:
            break
        held = heapq.heappop(waiting)
        vertex, x, in_time = _solved(master, held[2], step, best, deadline)
        if not in_time:
            heapq.heappush(waiting, held)
            break
        visited += 1
        if vertex is None:
            continue
        whole = x > 1.0 - WHOLE
        trial: Flags | None = whole
        if np.abs(x - np.rint(x)).max(initial=0.0) > WHOLE:
            trial = start.held(given, x > 0.5, worth) if visited % PLANS_EVERY == 1 else None  # noqa: PLR2004
        value = None if trial is None else objective_of(problem, trial)
        if trial is not None and value is not None and value < best:
            best, plan = float(value), trial
        solved = trial is whole and value is not None and value <= rounded(vertex.objective, step)
        for child in () if solved else _branched(master, held[2], vertex, x, step, best, deadline):
            number += 1
            heapq.heappush(waiting, (child.bound, number, child))
    else:
        lowest = best
    return Searched(plan, best, min(rounded(lowest, step), best))
