"""Finds other plans that are almost as good: each as different as can be from the plans before it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, hstack, vstack

from planner import milp
from planner.check import REPAIRS_MAX, Checked, check, failed
from planner.problem import fixed_at, opened_by, problem_of, with_more, without_plan
from planner.program import Program, with_row
from planner.recount import objective_of
from planner.siting import NO_LIMIT, Instance, Plan, Rules
from planner.walk import walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from planner.problem import Problem

    Mask = NDArray[np.bool_]

WALK_PART = 0.5
"""Part of the time of each search that goes to the walk."""

WITHIN = Decimal("0.01")
"""By what part of the best objective another plan's may be higher."""


@dataclass(frozen=True, eq=False)
class Alternative:
    """Another plan that keeps all rules and meets all goals.

    Attributes
    ----------
    plan
        The plan; its bound is that of the best plan, its status `gap` where it is not as good.
    differs
        In how many columns it differs at least from the best plan and every alternative before it.
    farthest
        Whether it is proven that no plan differs in more.
    """

    plan: Plan
    differs: int
    farthest: bool


@dataclass(frozen=True, eq=False)
class Alternatives:
    """Other plans; `no_more` where it is proven that there are no further ones within the limit."""

    found: tuple[Alternative, ...]
    no_more: bool


def _with_every_column(instance: Instance) -> Instance:
    """Add a rule that says nothing, but holds every column: the reduction then leaves none out.

    A dominated option is never needed in a best plan; in another one it may be the neighbour that is asked for.
    """
    rules, new = instance.rules, (~instance.fixed).astype(np.int64)
    row = csr_array(new[None, :])
    held = Rules(
        names=(*rules.names, "alternatives"),
        matrix=csr_array(vstack([rules.matrix, row])),
        minimum=np.append(rules.minimum, 0),
        maximum=np.append(rules.maximum, NO_LIMIT),
    )
    return replace(instance, rules=held)


def _limited(problem: Problem, most: int) -> Program:
    """Keep to plans whose objective is at most this."""
    program = problem.model.program
    columns = np.flatnonzero(program.objective)
    if not len(columns):
        return program
    upper = most - problem.model.constant
    return with_row(program, columns, program.objective[columns], lower=-np.inf, upper=upper)


def _farthest(program: Program, before: Sequence[Mask]) -> Program:
    """Make the least difference d from the plans before the most.

    For each plan p of them: ``d <= sum of x outside p + sum of (1 - x) inside p``.
    """
    n, size = len(program.objective), len(before[0])
    signs = np.array([np.where(opened, -1, 1) for opened in before], dtype=np.int64)
    padded = np.hstack([signs, np.zeros((len(before), n - size), dtype=np.int64), -np.ones((len(before), 1), np.int64)])
    empty = csr_array((program.matrix.shape[0], 1), dtype=np.int64)
    return Program(
        objective=np.append(np.zeros(n, dtype=np.int64), -1),
        matrix=csr_array(vstack([hstack([program.matrix, empty]), csr_array(padded)])),
        row_lower=np.concatenate([program.row_lower, [-float(opened.sum()) for opened in before]]),
        row_upper=np.concatenate([program.row_upper, np.full(len(before), np.inf)]),
        lower=np.append(program.lower, 1.0),
        upper=np.append(program.upper, float(size)),
        integer=np.append(program.integer, True),
    )


def _apart(plan: Checked, before: Sequence[Mask]) -> int:
    """In how many columns a plan differs at least from one of those before."""
    return min(int((plan.opened != opened).sum()) for opened in before)


def _walked(problem: Problem, before: Sequence[Mask], most: int, deadline: float) -> Checked | None:
    """Walk from the best plan away from all before, for a part of the time; None where that leads to none."""
    if problem.instance.capacity is not None:
        return None  # swaps are judged by reach alone
    until = time.monotonic() + WALK_PART * (deadline - time.monotonic())
    others = [problem.chosen(opened) for opened in before]
    found = walk(problem.instance, others[0], others, most=most, deadline=until)
    plan = check(problem, np.isin(problem.reduced.columns, found))
    return plan if plan.good and plan.objective <= most and _apart(plan, before) else None


def _start(program: Program, opened: Mask, deadline: float) -> NDArray[np.float64] | None:
    """All values of the program at a plan."""
    nothing = np.zeros(len(program.objective), dtype=np.int64)
    seconds = deadline - time.monotonic()
    return milp.minimise(replace(fixed_at(program, opened), objective=nothing), gap=0.0, seconds=seconds).values


def _next(
    problem: Problem, program: Program, before: Sequence[Mask], most: int, deadline: float
) -> tuple[Checked | None, int, bool]:
    """Find the plan farthest from those before, by how much it differs, and whether that, or that none is, is sure.

    A walk of swaps gives the solver a plan to begin from, and the answer where it finds none better in the time.
    """
    program = _farthest(program, before)
    known = _walked(problem, before, most, deadline)
    start, sure = None if known is None else _start(program, known.opened, deadline), True
    for _ in range(REPAIRS_MAX):
        outcome = milp.minimise(program, gap=0.0, seconds=deadline - time.monotonic(), start=start)
        if outcome.values is None:
            none = outcome.infeasible and known is None and sure
            return known, 0 if known is None else _apart(known, before), none
        plan = check(problem, opened_by(problem, outcome.values))
        if plan.good and plan.objective <= most:
            plan = plan if known is None or _apart(plan, before) >= _apart(known, before) else known
            return plan, _apart(plan, before), sure and milp.proven(-_apart(plan, before), outcome.bound)
        sure = sure and plan.sure
        program = with_more(program, plan.opened) if plan.missed and plan.sure else without_plan(program, plan.opened)
    raise failed(", ".join([*plan.broken, *plan.missed]))


def _as_plan(problem: Problem, found: Checked, best: Plan, seconds: float) -> Plan:
    gap = None
    if best.bound is not None:
        gap = (found.objective - best.bound) / found.objective if found.objective > best.bound else 0.0
    return Plan(
        status="optimal" if found.objective == best.bound else "gap",
        objective=found.objective,
        bound=best.bound,
        gap=gap,
        chosen=tuple(int(k) for k in problem.chosen(found.opened)),
        seconds=seconds,
        ties_broken=False,
        flows=found.flows,
    )


def alternatives(
    instance: Instance, best: Plan, count: int, *, deadline: float, within: Decimal = WITHIN
) -> Alternatives:
    """Find other plans that keep all rules and meet all goals at an objective close to the best plan's.

    Each differs as much as can be from all before it: the least number of columns in which it differs from one of them
    is made the most (in a problem of several years a column is an option in a year).

    Parameters
    ----------
    instance
        The problem.
    best
        A plan of it that meets all goals.
    count
        How many are wanted.
    deadline
        On the clock of `time.monotonic`; each search gets half of what is left, the last one all.
    within
        Their objective is at most ``(1 + within) x`` that of the best plan.

    Returns
    -------
    alternatives
        At most `count` plans. Fewer where there are no more, or where the time was up: see `Alternatives.no_more`.

    Raises
    ------
    ValueError
        If the best plan falls short of the goals.
    PlanError
        If what the solver says contradicts the check on the original rows.
    """
    if best.best_effort:
        raise ValueError("a plan that falls short of the goals has no alternatives")
    problem = problem_of(_with_every_column(instance))
    chosen = np.array(best.chosen, dtype=np.int64)
    value = objective_of(instance, chosen, best.flows)
    most = value + int(Fraction(within) * value)
    program = _limited(problem, most)
    before = [np.isin(problem.reduced.columns, chosen)]
    found: list[Alternative] = []
    for left in range(count, 0, -1):
        begun = time.monotonic()
        plan, differs, proven = _next(problem, program, before, most, begun + (deadline - begun) / min(left, 2))
        if plan is None:
            return Alternatives(tuple(found), proven)
        before.append(plan.opened)
        found.append(Alternative(_as_plan(problem, plan, best, time.monotonic() - begun), differs, proven))
    return Alternatives(tuple(found), no_more=False)
