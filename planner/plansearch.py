"""Searches the plan of least objective, and takes no plan that fails the check on the original rows."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from planner import milp
from planner.check import REPAIRS_MAX, Checked, check, failed
from planner.problem import opened_by, with_more, without_plan
from planner.program import with_constant

if TYPE_CHECKING:
    from planner.problem import Problem
    from planner.program import Program


@dataclass(frozen=True, eq=False)
class Answer:
    """The best plan found (None: none), a proven bound of the objective (None: none), proven infeasible."""

    plan: Checked | None
    bound: float | None
    infeasible: bool


def best_plan(problem: Problem, program: Program, *, gap: float, deadline: float) -> Answer:
    """Find the plan of least objective that passes the check on the original rows.

    Parameters
    ----------
    problem, program
        The problem, and its program or a stricter one.
    gap
        Relative gap at which the search may stop.
    deadline
        On the clock of `time.monotonic`.

    Notes
    -----
    A solver takes 0.999999 for 1, and may so miss a goal by one person in a million. Such a plan is left out, with all
    its parts where a goal is missed, and the search goes on: the bound stays valid. A plan that only an unproven
    sharing out condemns is left out as well, but then nothing above the bound until there is proven.

    Raises
    ------
    PlanError
        If plan after plan fails the check.
    """
    wrong: object = ""
    if gap:
        program = with_constant(program, problem.model.constant)
    most: float | None = math.inf
    for _ in range(REPAIRS_MAX):
        outcome = milp.minimise(program, gap=gap, seconds=deadline - time.monotonic())
        beside = 0 if gap else problem.model.constant
        bound = None if outcome.bound is None else outcome.bound + beside
        if outcome.values is None:
            doubtful = most is None or most < math.inf
            return Answer(None, _lower(bound, most), outcome.infeasible and not doubtful)
        plan = check(problem, opened_by(problem, outcome.values))
        if plan.good:
            return Answer(plan, _lower(bound, most), infeasible=False)
        wrong = ", ".join([*plan.broken, *plan.missed])
        if not plan.sure:
            most = _lower(bound, most)
        program = with_more(program, plan.opened) if plan.missed and plan.sure else without_plan(program, plan.opened)
    raise failed(wrong)


def _lower(bound: float | None, most: float | None) -> float | None:
    return None if bound is None or most is None else min(bound, most)
