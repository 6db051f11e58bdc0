"""Shares people out among the open facilities of a plan, whole person by whole person, under capacity."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from planner import milp
from planner.errors import Fault, PlanError
from planner.problem import fixed_at, problem_of
from planner.siting import Flows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.problem import Problem
    from planner.program import Outcome
    from planner.siting import Instance

    Whole = NDArray[np.int64]

SECONDS = 30.0
"""Usual time for one program of a sharing out; a transport problem with few goals takes far less."""

MISS_SCALE = 1_000_000
"""Misses of goals are weighed by what each asks for, in so many parts."""


@dataclass(frozen=True, eq=False)
class Shared:
    """A sharing out, and whether it is proven that none misses less, or serves more."""

    flows: Flows
    sure: bool


def miss_weights(problem: Problem) -> Whole:
    """Weigh misses by what each goal asks for, so that a city-wide goal does not drown a district's."""
    needed = [max(1, goal.needed) for goal in problem.instance.all_goals]
    return np.array([max(1, MISS_SCALE // asked) for asked in needed], dtype=np.int64)


def share_out(
    problem: Problem, opened: NDArray[np.bool_], focus: int | None = None, *, seconds: float = SECONDS
) -> Shared | None:
    """Share people out so that all goals are met, or missed by as little as can be; then serve as many as can be.

    Where the objective counts some of them, as many of those as can be.

    Parameters
    ----------
    problem
        The problem.
    opened
        The open options, a mask of `Reduced.columns`.
    focus
        Number of the one goal to serve; None serves all alike.
    seconds
        Time for each of its programs, three at most.

    Returns
    -------
    shared
        People of each row at each column; None without capacity.
    """
    if problem.reduced.sinks is None:
        return None
    model = problem.elastic
    program = fixed_at(model.program, opened)
    integer = program.integer.copy()
    integer[model.columns["flow"]] = True
    row_lower, row_upper = program.row_lower.copy(), program.row_upper.copy()
    row_lower[model.rows["rule"]], row_upper[model.rows["rule"]] = -np.inf, np.inf  # what is open is open
    program = replace(program, integer=integer, row_lower=row_lower, row_upper=row_upper)
    misses = model.columns["miss"]
    served = np.zeros(len(program.objective), dtype=np.int64)
    counted = problem.model.program.objective[model.columns["flow"]]
    served[model.columns["flow"]] = counted if counted.any() else -1
    upper = program.upper.copy()
    if focus is None:
        upper[misses] = 0
        outcome = milp.minimise(replace(program, objective=served, upper=upper), gap=0.0, seconds=seconds)
        if outcome.values is not None:
            return _shared(problem, outcome, served, sure=True)
    weights = np.zeros(len(program.objective), dtype=np.int64)
    weights[misses] = miss_weights(problem) if focus is None else np.arange(len(problem.reduced.goals)) == focus
    missing = milp.minimise(replace(program, objective=weights), gap=0.0, seconds=seconds)
    if missing.values is None:
        return Shared(_no_flows(), sure=False)
    least = round(float(weights @ missing.values))
    upper[misses] = np.where(weights[misses] > 0, np.rint(missing.values[misses]), np.inf)
    outcome = milp.minimise(replace(program, objective=served, upper=upper), gap=0.0, seconds=seconds)
    found = missing if outcome.values is None else outcome
    return _shared(problem, found, served, sure=milp.proven(least, missing.bound) and found is outcome)


def share_today(instance: Instance) -> Flows | None:
    """Share people out among what stands today, in every year, as `share_out` does for a plan; None without capacity.

    Raises
    ------
    PlanError
        If no sharing out was found in time.
    """
    if instance.capacity is None:
        return None
    problem = problem_of(instance)
    shared = share_out(problem, np.zeros(len(problem.reduced.columns), dtype=np.bool_))
    if shared is None or (not shared.sure and not len(shared.flows.row)):
        raise PlanError(Fault("plan_check_failed", values={"broken": "capacity.people"}))
    return shared.flows


def _no_flows() -> Flows:
    return Flows(*(np.empty(0, dtype=np.int64) for _ in range(3)))


def _shared(problem: Problem, outcome: Outcome, objective: Whole, *, sure: bool) -> Shared:
    """Read flows off a program's answer; refuse what is no sharing out of these people."""
    values, sinks, model = outcome.values, problem.reduced.sinks, problem.elastic
    if values is None or sinks is None:
        raise TypeError("no answer to read flows from")
    sink, column = model.flows
    people = np.rint(values[model.columns["flow"]])
    if (people < 0).any() or (np.bincount(sink, people, minlength=len(sinks.people)) > sinks.people).any():
        raise PlanError(Fault("plan_check_failed", values={"broken": "capacity.people"}))
    number = people.astype(np.int64)
    used = number > 0
    served = int(objective[model.columns["flow"]] @ number)
    flows = _by_row(problem, sink[used], column[used], number[used])
    return Shared(flows, sure and milp.proven(served, outcome.bound))


def _by_row(problem: Problem, sink: Whole, column: Whole, people: Whole) -> Flows:
    """Divide what a sink sends among its rows, in their order: both are laid out on one line and cut at every mark."""
    sinks, instance = problem.reduced.sinks, problem.instance
    if sinks is None or instance.capacity is None:
        raise TypeError("a problem without capacity has no flows")
    rows = instance.capacity.rows
    rows = rows[np.lexsort((rows, sinks.of_row[rows]))]
    ends = np.cumsum(instance.people[rows])
    base = np.concatenate([[0], np.cumsum(sinks.people)])  # where each sink begins on the line of people
    order = np.lexsort((column, sink))
    sink, column, people = sink[order], column[order], people[order]
    before = np.cumsum(people) - people
    first = np.searchsorted(sink, sink, side="left")
    start = base[sink] + before - before[first]
    found: list[tuple[int, int, int]] = []
    for begin, count, at in zip(start.tolist(), people.tolist(), column.tolist(), strict=True):
        row = int(np.searchsorted(ends, begin, side="right"))
        left, here = count, begin
        while left > 0:
            part = min(left, int(ends[row]) - here)
            if part > 0:
                found.append((int(rows[row]), at, part))
            left, here, row = left - part, here + part, row + 1
    table = np.array(found, dtype=np.int64).reshape(-1, 3)
    return Flows(table[:, 0], table[:, 1], table[:, 2])
