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
from planner.check import Checked, check
from planner.problem import Problem, opened_by, without_plan
from planner.program import Program, with_row

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.program import Relaxed

    Whole = NDArray[np.int64]

TIES_MAX = 50
"""Plans that nothing but their ids tells apart, compared before the search for more is given up."""

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


def _least(
    problem: Problem, program: Program, objective: Whole, best: Checked, deadline: float
) -> tuple[Checked, Program, bool]:
    """Take the plan of least `objective` among the best plan's equals, with the program of its equals; is it proven."""
    size = len(best.opened)
    padded = np.zeros(len(program.objective), dtype=np.int64)
    padded[:size] = objective
    found = best
    while time.monotonic() < deadline:
        outcome = milp.minimise(replace(program, objective=padded), gap=0.0, seconds=deadline - time.monotonic())
        if outcome.values is None:
            return found, program, False
        plan = check(problem, opened_by(problem, outcome.values))
        if not plan.good or plan.objective != best.objective:
            program = without_plan(program, plan.opened)
            continue
        value = int(objective[plan.opened].sum())
        found = plan if value < int(objective[found.opened].sum()) else found
        return found, _held(program, padded, value), milp.proven(value, outcome.bound)
    return found, program, False


def _another(problem: Problem, program: Program, best: Checked, deadline: float) -> tuple[Checked | None, bool]:
    """Look for a plan beside the best one in the program of its equals; without one, say whether that is proven."""
    nothing = np.zeros(len(program.objective), dtype=np.int64)
    program = replace(without_plan(program, best.opened), objective=nothing)
    for _ in range(TIES_MAX):
        if time.monotonic() > deadline:
            return None, False
        outcome = milp.minimise(program, gap=0.0, seconds=deadline - time.monotonic())
        if outcome.values is None:
            return None, outcome.infeasible
        plan = check(problem, opened_by(problem, outcome.values))
        if plan.good and plan.objective == best.objective:
            return plan, True
        program = without_plan(program, plan.opened)
    return None, False


def _lowest_ids(problem: Problem, program: Program, best: Checked, deadline: float) -> tuple[Checked, bool]:
    """Compare all plans that are left by their ids."""
    for _ in range(TIES_MAX):
        plan, sure = _another(problem, program, best, deadline)
        if plan is None:
            return best, sure
        dearer = best
        if _tie(problem, plan) == _tie(problem, best):
            best, dearer = sorted((best, plan), key=lambda one: problem.ids(one.opened))
        else:
            dearer = plan
        program = without_plan(program, dearer.opened)
    return best, False


def _tie(problem: Problem, plan: Checked) -> tuple[int, int]:
    tie = problem.instance.tie[problem.chosen(plan.opened)]
    return int(tie.sum()), int((tie == 0).sum())


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
    if tie.any():
        best, program, proven = _least(problem, program, tie, best, deadline)
        if not proven:
            return best, False
    other, sure = _another(problem, program, best, deadline)
    if other is None:
        return best, sure
    useless = (raw == 0).astype(np.int64)
    if useless.any():
        best, program, proven = _least(problem, program, useless, best, deadline)
        if not proven:
            return best, False
    return _lowest_ids(problem, program, best, deadline)
