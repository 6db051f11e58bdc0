"""The bound of a covering problem: a linear program over the options alone, cut from below by what stays uncovered."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.sparse import csc_array, csr_array

from planner import _cover, lp
from planner.covering import NO_LIMIT, Covering

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Flags = NDArray[np.bool_]

CLUSTERS = 100
"""Most groups of rows that get a cut of their own: few make many rounds, many make a large LP."""

STEP = 0.5
"""Cuts touch this far from the core towards the LP's point (in-out: Ben-Ameur & Neto 2007)."""

VIOLATED = 1e-7
"""A cut is added if it is violated by more than this part of the scale of the objective or goal."""

IDLE_ROUNDS = 8
"""A cut that did not matter in so many rounds is taken away."""


@dataclass(frozen=True, eq=False)
class Parts:
    """Weights of rows, in parts that get cuts of their own.

    Attributes
    ----------
    start, row, weight
        Rows and weights of each part, CSR.
    goal
        Goal of each part; -1: the objective.
    """

    start: Whole
    row: NDArray[np.int32]
    weight: Floats
    goal: Whole


class Cut(NamedTuple):
    """A cut of the LP: its part, and which entries of the part it holds.

    A row that somebody else added has the part -1 and a number of theirs; it stays.
    """

    part: int
    entries: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Duals:
    """Multipliers of an LP, for a checker of its own: rows and goals at least 0, rules of either sign."""

    rows: Floats
    goals: Floats
    rules: Floats


@dataclass(frozen=True, eq=False)
class Root:
    """Where the cutting ended.

    Attributes
    ----------
    bound
        Lower bound of the objective.
    values, reduced_cost
        By option.
    duals
        Multipliers of rows, goals and rules of the problem.
    infeasible
        No x at all holds goals and rules; the arrays are then of no meaning.
    done
        Whether the bound is that of the whole LP.
    of_cuts
        Multipliers of the master's cuts, as they stood then.
    """

    bound: float
    values: Floats
    reduced_cost: Floats
    duals: Duals
    of_cuts: Floats
    infeasible: bool
    done: bool


@dataclass(frozen=True, eq=False)
class Master:
    """The LP and what its cuts are made of: columns are the options, then a theta for each part.

    Attributes
    ----------
    lp, problem, parts
        The LP, the merged problem and its parts.
    columns
        Rows by option.
    tolerance
        By part: a cut must be violated by more.
    fixed_rows
        Rows of the LP that are no cuts: goals, then rules.
    cuts
        The others, in the order of their rows; they come and go with them.
    """

    lp: lp.Lp
    problem: Covering
    parts: Parts
    columns: csc_array
    tolerance: Floats
    fixed_rows: int
    cuts: list[Cut]


def parts_of(problem: Covering) -> Parts:
    """Cut the objective's losses and every goal into clusters of neighbouring rows."""
    columns = csc_array(problem.covers)
    weight = problem.loss / max(1, int(problem.loss.sum()))
    for number in range(problem.goals.shape[0]):
        inside = slice(problem.goals.indptr[number], problem.goals.indptr[number + 1])
        held = problem.goals.data[inside]
        weight[problem.goals.indices[inside]] += held / max(1, int(held.sum()))
    cluster, count = _cover.clusters(
        problem.covers.indptr, problem.covers.indices, columns.indptr, columns.indices, weight, CLUSTERS
    )
    lossy = np.flatnonzero(problem.loss)
    rows = np.concatenate([lossy, problem.goals.indices]).astype(np.int32)
    numbers = np.arange(problem.goals.shape[0])
    goal = np.concatenate([np.full(len(lossy), -1), np.repeat(numbers, np.diff(problem.goals.indptr))]).astype(np.int64)
    weights = np.concatenate([problem.loss[lossy], problem.goals.data]).astype(np.float64)
    key = (goal + 1) * max(count, 1) + cluster[rows]
    order = np.argsort(key, kind="stable")
    found, sizes = np.unique(key, return_counts=True)
    start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return Parts(start, rows[order], weights[order], (found // max(count, 1) - 1).astype(np.int64))


def master_of(problem: Covering) -> Master:
    """Write the LP without any cut."""
    parts = parts_of(problem)
    n, n_parts = len(problem.price), len(parts.goal)
    part = np.repeat(np.arange(n_parts), np.diff(parts.start))
    most = np.bincount(part, weights=parts.weight, minlength=n_parts)
    cost = np.concatenate([problem.price, parts.goal < 0]).astype(np.float64)
    growing = lp.new_lp(cost, np.concatenate([np.ones(n), most]))
    thetas = np.flatnonzero(parts.goal >= 0)
    goals = csr_array(
        (np.ones(len(thetas)), (parts.goal[thetas], thetas + n)), shape=(problem.goals.shape[0], n + n_parts)
    )
    rules = csr_array(problem.rules).astype(np.float64)
    low = np.where(problem.minimum > -NO_LIMIT, problem.minimum.astype(np.float64), -np.inf)
    high = np.where(problem.maximum < NO_LIMIT, problem.maximum.astype(np.float64), np.inf)
    none = np.full(goals.shape[0], -np.inf)
    lp.add_rows(
        growing, none, problem.allowed.astype(np.float64), goals.indptr.astype(np.int64), goals.indices, goals.data
    )
    lp.add_rows(growing, low, high, rules.indptr.astype(np.int64), rules.indices, rules.data)
    whole = np.bincount(parts.goal + 1, weights=most, minlength=goals.shape[0] + 1)
    return Master(
        lp=growing,
        problem=problem,
        parts=parts,
        columns=csc_array(problem.covers),
        tolerance=VIOLATED * whole[parts.goal + 1] / max(1, n_parts) ** 0.5,
        fixed_rows=goals.shape[0] + rules.shape[0],
        cuts=[],
    )


def limited(master: Master, rule: int, maximum: int) -> Master:
    """Change the maximum of a rule that has no minimum; the cuts stay, and so does where the LP begins."""
    problem = master.problem
    factors = problem.rules[[rule]].data
    most = float(np.maximum(factors, 0).sum())  # more than it can come to says nothing
    lp.limit_row(master.lp, len(problem.allowed) + rule, min(float(maximum), most))
    changed = problem.maximum.copy()
    changed[rule] = maximum
    return replace(master, problem=replace(problem, maximum=changed))


def left_at(master: Master, point: Floats) -> tuple[Floats, float]:
    """Return by how much each row is covered at a point, and the objective there."""
    rows = len(master.problem.loss)
    covered = _cover.covered_by(master.columns.indptr, master.columns.indices, point, rows)
    left = float(master.problem.loss @ np.maximum(0.0, 1.0 - covered))
    return covered, left + float(master.problem.price @ point)


def separate(master: Master, covered: Floats, values: Floats) -> list[Cut]:
    """Add the cuts that touch where rows are so far covered and cut off the LP's point.

    Returns
    -------
    cuts
        Part and entries of each cut, in the order of the LP's rows.
    """
    n, parts = len(master.problem.price), master.parts
    part, constant, start, column, factor, set_start, entries = _cover.cuts_at(
        parts.start,
        parts.row,
        parts.weight,
        master.problem.covers.indptr,
        master.problem.covers.indices,
        covered,
        values[:n],
        values[n:] + master.tolerance,
    )
    lp.add_rows(master.lp, constant, np.full(len(part), np.inf), start, column, factor)
    added = [Cut(int(p), entries[set_start[c] : set_start[c + 1]].copy()) for c, p in enumerate(part)]
    master.cuts.extend(added)
    return added


def _duals(master: Master, dual: Floats) -> Duals:
    """Multipliers of the rows: each cut's multiplier times the weights that it holds."""
    problem, parts = master.problem, master.parts
    goals = problem.goals.shape[0]
    by_row = np.zeros(len(problem.loss))
    for (part, entries), multiplier in zip(master.cuts, dual[master.fixed_rows :], strict=True):
        if multiplier > 0 and part >= 0:
            by_row[parts.row[entries]] += multiplier * parts.weight[entries]
    of_goals = np.maximum(0.0, -dual[:goals])
    most = problem.loss + (problem.goals.T @ of_goals if goals else 0.0)
    return Duals(np.minimum(by_row, most), of_goals, dual[goals : master.fixed_rows])


def _without_idle(master: Master, idle: Whole) -> Whole:
    """Take away cuts that have not mattered for long."""
    old = np.flatnonzero((idle >= IDLE_ROUNDS) & np.array([cut.part >= 0 for cut in master.cuts]))
    if len(old) < max(50, len(idle) // 5):
        return idle
    lp.drop_rows(master.lp, old + master.fixed_rows)
    gone = set(old.tolist())
    master.cuts[:] = [cut for c, cut in enumerate(master.cuts) if c not in gone]
    return np.delete(idle, old)


def cut_root(master: Master, core: Floats, *, enough: float, deadline: float, close: float = -np.inf) -> Root:
    """Cut until the LP holds what the whole covering LP holds.

    Parameters
    ----------
    master
        An LP with or without cuts; it grows.
    core
        A point inside the box that the cuts are led away from, such as a plan, shape (options,).
    enough
        A bound that need not be bettered.
    deadline
        `time.perf_counter` at which to stop with the bound so far.
    close
        Without goals: how far below the bound of the whole LP the one found may stay.

    Returns
    -------
    root
        The bound and its multipliers.
    """
    n, n_parts = len(master.problem.price), len(master.parts.goal)
    lp.set_bounds(master.lp, np.arange(n), np.zeros(n), np.ones(n))  # who had it before may have held some
    if not master.cuts:
        below = np.concatenate([np.zeros(n), np.full(n_parts, -1.0) - master.tolerance])
        separate(master, np.zeros(len(master.problem.loss)), below)
        separate(master, left_at(master, core)[0], below)
    idle, best, risen = np.zeros(len(master.cuts), dtype=np.int64), np.inf, -np.inf
    counts = (len(master.problem.loss), len(master.problem.allowed), len(master.problem.minimum))
    nothing = Duals(*(np.zeros(count) for count in counts))
    root = Root(0.0, core, np.zeros(n), nothing, np.zeros(0), infeasible=False, done=False)
    while True:
        vertex, infeasible = lp.solve(master.lp, seconds=deadline - time.perf_counter())
        if vertex is None:
            return replace(root, infeasible=infeasible, done=False)
        x = np.clip(vertex.values[:n], 0.0, 1.0)
        at = np.concatenate([x, vertex.values[n:]])
        idle = np.where(vertex.dual[master.fixed_rows :] > 0, 0, idle + 1)
        late = time.perf_counter() > deadline or vertex.objective >= enough or best - vertex.objective <= close
        added = []
        for step in () if late else (STEP, 1.0):
            point = step * x + (1.0 - step) * core
            covered, value = left_at(master, point)
            if value < best or master.problem.goals.shape[0]:
                best, core = value, point
            added = separate(master, covered, at)
            if added:
                break
        root = replace(root, bound=vertex.objective, values=x, reduced_cost=vertex.reduced_cost[:n])
        if not added:
            of_cuts = vertex.dual[master.fixed_rows :]
            return replace(root, duals=_duals(master, vertex.dual), of_cuts=of_cuts, done=not late)
        idle = np.concatenate([idle, np.zeros(len(added), dtype=np.int64)])
        if vertex.objective > risen:  # else the same cuts might come and go for ever
            idle, risen = _without_idle(master, idle), vertex.objective
