"""Chooses among plans of equal objective by a stated rule, so that the same inputs always give one plan.

Least sum over the opened options of metres x people that each would newly cover; then fewest options that newly cover
nobody; then the lowest ids (design, section 5).
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from planner import milp
from planner.check import REPAIRS_MAX, Checked, check, failed
from planner.problem import Problem, opened_by, without_plan
from planner.program import Program, with_row

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.program import Relaxed

    Whole = NDArray[np.int64]

BLOCK = 20
"""Options whose ids are compared at once: their weights are powers of two, of which a solver holds so many apart."""

PIN_MARGIN = 0.5
"""By how much of a step of the objective an option must miss every plan of that objective to be pinned."""

PIN_RELATIVE = 1e-9
"""The same as a part of the objective: far more than a linear program's duals are off."""


def _pinned(problem: Problem, best: Checked, relaxed: Relaxed | None) -> Program:
    """Fix the options that no plan of this objective can open, or leave closed: their reduced costs say so."""
    program = problem.model.program
    if relaxed is None:
        return program
    step = int(np.gcd.reduce(program.objective, initial=0)) or 1
    value = best.objective - problem.model.constant
    slack = value - relaxed.objective + max(PIN_MARGIN * step, PIN_RELATIVE * abs(value))
    options = np.arange(len(program.objective)) < problem.model.columns["open"].stop
    lower, upper = program.lower.copy(), program.upper.copy()
    upper[options & (relaxed.reduced_cost > slack)] = 0
    lower[options & (relaxed.reduced_cost < -slack)] = 1
    return replace(program, lower=lower, upper=upper)


def _held(program: Program, objective: Whole, most: int) -> Program:
    """Keep to plans whose objective is at most this."""
    columns = np.flatnonzero(objective)
    if not len(columns):
        return program
    return with_row(program, columns, objective[columns], lower=-np.inf, upper=most)


def _least_of(
    problem: Problem, program: Program, objective: Whole, best: Checked, deadline: float
) -> tuple[Checked, Program] | None:
    """Take the plan of least `objective` in the program of the best plan's equals, and the program of its own equals.

    None where that is not proven in the time.
    """
    size = len(best.opened)
    for _ in range(REPAIRS_MAX):
        if time.monotonic() > deadline:
            return None
        outcome = milp.minimise(replace(program, objective=objective), gap=0.0, seconds=deadline - time.monotonic())
        if outcome.values is None:
            return None
        plan = _equal(problem, outcome.values, best)
        if plan is None:
            program = without_plan(program, outcome.values[:size] == 1)
            continue
        value = int(objective[:size][plan.opened].sum())
        if value > int(objective[:size][best.opened].sum()) or not milp.proven(value, outcome.bound):
            return None
        return plan, _held(program, objective, value)
    return None


def _equal(problem: Problem, values: NDArray[np.float64], best: Checked) -> Checked | None:
    """Check a plan that the search found; None where it is not lawful or not of the best plan's objective.

    Raises
    ------
    PlanError
        If it is better: then what was said to be the least is not.
    """
    plan = check(problem, opened_by(problem, values))
    if plan.good and plan.objective < best.objective:
        raise failed(f"{plan.objective} < {best.objective}")
    return plan if plan.good and plan.objective == best.objective else None


def _lowest_ids(problem: Problem, program: Program, best: Checked, deadline: float) -> tuple[Checked, bool]:
    """Take the plan of lowest ids in the program of the best plan's equals.

    No plan there holds another, or its tie value would be larger. So the sorted ids that come first are those of the
    plan that opens the first option if any does, then the second, and so on: as many of them at once as a solver can
    weigh by powers of two.
    """
    order = np.argsort(_ranks(problem), kind="stable")
    for start in range(0, len(order), BLOCK):
        free = program.upper[order[start : start + BLOCK]] > program.lower[order[start : start + BLOCK]]
        block = order[start : start + BLOCK][free]
        if not len(block):
            continue
        objective = np.zeros(len(program.objective), dtype=np.int64)
        objective[block] = -(2 ** np.arange(len(block) - 1, -1, -1, dtype=np.int64))
        found = _least_of(problem, program, objective, best, deadline)
        if found is None:
            return best, False
        best, program = found
        lower, upper = program.lower.copy(), program.upper.copy()
        lower[block] = upper[block] = best.opened[block]
        program = replace(program, lower=lower, upper=upper)
    return best, True


def _ranks(problem: Problem) -> Whole:
    """Place of each option in the order of site, type, size and year."""
    of, columns = problem.instance, problem.reduced.columns
    keys = [(str(of.site_id[k]), str(of.type[k]), str(of.size[k]), int(of.year[k])) for k in columns]
    place = {key: rank for rank, key in enumerate(sorted(set(keys)))}
    return np.array([place[key] for key in keys], dtype=np.int64)


def break_ties(problem: Problem, best: Checked, relaxed: Relaxed | None, deadline: float) -> tuple[Checked, bool]:
    """Among plans of the best plan's objective take the one that the rule prefers.

    Parameters
    ----------
    problem
        The problem.
    best
        A plan of least objective.
    relaxed
        Optimum of the problem's program without whole numbers, where it is known: it narrows the search.
    deadline
        On the clock of `time.monotonic`.

    Returns
    -------
    plan, carried_through
        The plan, and whether the rule was carried through in the time.
    """
    program = _pinned(problem, best, relaxed)
    columns = np.flatnonzero(program.objective)
    least = best.objective - problem.model.constant
    if len(columns):
        program = with_row(program, columns, program.objective[columns], lower=-np.inf, upper=least)
    raw = problem.instance.tie[problem.reduced.columns]
    tie = raw // (int(np.gcd.reduce(raw, initial=0)) or 1)
    last = problem.instance.year[problem.reduced.columns] == problem.instance.year.max(initial=0)
    for values in (tie, ((raw == 0) & last).astype(np.int64)):
        objective = np.zeros(len(program.objective), dtype=np.int64)
        objective[: len(values)] = values
        if not values.any():
            continue
        found = _least_of(problem, program, objective, best, deadline)
        if found is None:
            return best, False
        best, program = found
        if _alone(problem, program, best, deadline):
            return best, True
    return _lowest_ids(problem, program, best, deadline)


def _alone(problem: Problem, program: Program, best: Checked, deadline: float) -> bool:
    """Whether no other plan is left in the program of the best plan's equals."""
    nothing = np.zeros(len(program.objective), dtype=np.int64)
    program = replace(without_plan(program, best.opened), objective=nothing)
    outcome = milp.minimise(program, gap=0.0, seconds=deadline - time.monotonic())
    if outcome.values is not None:
        _equal(problem, outcome.values, best)
    return outcome.infeasible
