"""Shares people out among the open facilities of a plan, whole person by whole person, under capacity."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from planner import milp
from planner.problem import fixed_at
from planner.siting import Flows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.problem import Problem

    Whole = NDArray[np.int64]

SECONDS = 30.0
"""Time for one sharing out; a transport problem with few goals takes far less."""


def _weights(problem: Problem, focus: int | None) -> Whole:
    """Price of missing each goal by one: a goal's one person weighs more than all that could be served besides."""
    whole = 1 + sum(int(problem.instance.people[rows].sum()) for rows in _rows(problem))
    weights = np.full(len(problem.reduced.goals), whole, dtype=np.int64)
    if focus is not None:
        weights[:] = 0
        weights[focus] = whole
    return weights


def _rows(problem: Problem) -> list[Whole]:
    capacity = problem.instance.capacity
    return [] if capacity is None else [capacity.rows]


def share_out(problem: Problem, opened: NDArray[np.bool_], focus: int | None = None) -> Flows | None:
    """Share people out so that the goals are missed by as little as can be, then as many are served as can be.

    Where the objective counts some of them, as many of those as can be.

    Parameters
    ----------
    problem
        The problem.
    opened
        The open options, a mask of `Reduced.columns`.
    focus
        Number of the one goal to serve; None serves all alike.

    Returns
    -------
    flows
        People of each row at each column; None without capacity.
    """
    model, sinks = problem.elastic, problem.reduced.sinks
    if sinks is None:
        return None
    program = fixed_at(model.program, opened)
    objective = np.zeros(len(program.objective), dtype=np.int64)
    counted = problem.model.program.objective[model.columns["flow"]]
    objective[model.columns["flow"]] = counted if counted.any() else -1
    objective[model.columns["miss"]] = _weights(problem, focus)
    integer = program.integer.copy()
    integer[model.columns["flow"]] = True
    outcome = milp.minimise(replace(program, objective=objective, integer=integer), gap=0.0, seconds=SECONDS)
    sink, column = model.flows
    if outcome.values is None:
        return Flows(*(np.empty(0, dtype=np.int64) for _ in range(3)))
    people = outcome.values[model.columns["flow"]].astype(np.int64)
    used = people > 0
    return _by_row(problem, sink[used], column[used], people[used])


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
