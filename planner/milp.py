"""The siting problem as a mixed-integer program in PuLP, solved by HiGHS: the only room that knows either."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pulp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from planner.reduce import MergedCommunities, Reduced
    from planner.siting import Instance

MIN_SECONDS = 1.0
"""A solve gets at least this long, in seconds."""

FEASIBILITY_TOLERANCE = 1e-9
"""How far HiGHS may be off a row or a whole number: among ten million people, a hundredth of one."""

BOUND_TOLERANCE = 1e-6
BOUND_RELATIVE = 1e-10
"""What is taken off the solver's bound before it is rounded up: so much, or so large a part of it.

Objectives are whole numbers below about 1e9, of which a double holds 1e-7."""


@dataclass(frozen=True, eq=False)
class Model:
    """A PuLP problem and the handles that solves need.

    Attributes
    ----------
    problem
        The problem; cuts are added to it as a search goes on.
    opened
        One variable for each new option, in the order of `Reduced.options`.
    uncovered
        For each goal, people first, the people or communities that the options could cover and do not.
    shortfalls, excesses
        By how much each goal and each count is missed: held at zero unless elastic.
    """

    problem: pulp.LpProblem
    opened: list[pulp.LpVariable]
    uncovered: list[pulp.LpAffineExpression]
    shortfalls: list[pulp.LpVariable]
    excesses: list[pulp.LpVariable]


@dataclass(frozen=True, eq=False)
class Answer:
    """What the solver said: opened options (None: no plan found), proven bound (None: none), proven infeasible."""

    opened: NDArray[np.bool_] | None
    bound: float | None
    infeasible: bool


def total(
    variables: Sequence[Any], weights: Sequence[int] | NDArray[np.int64] | None = None
) -> pulp.LpAffineExpression:
    """Weighted sum; a variable that stands twice counts twice (PuLP's own constructor would keep the last)."""
    factors = [1] * len(variables) if weights is None else [int(weight) for weight in weights]
    summed: dict[Any, int] = {}
    for variable, factor in zip(variables, factors, strict=True):
        summed[variable] = summed.get(variable, 0) + factor
    return pulp.LpAffineExpression(summed)


def step_of(instance: Instance, reduced: Reduced) -> int:
    """Largest amount that divides every cost, in yuan: costs count in steps of it, which keeps the numbers small."""
    return int(np.gcd.reduce(instance.cost_yuan[reduced.options], initial=0)) or 1


def rounded_bound(bound: float | None) -> int | None:
    """Round a proven bound on a whole number up to the next one."""
    if bound is None:
        return None
    return max(0, math.ceil(bound - max(BOUND_TOLERANCE, BOUND_RELATIVE * abs(bound))))


def proven(objective: int, bound: float | None) -> bool:
    """Tell whether a bound shows that nothing is below a whole-number objective."""
    rounded = rounded_bound(bound)
    return rounded is not None and objective <= rounded


def value_of(variable: pulp.LpVariable) -> int:
    """Whole value in the answer; a variable that stands in no row and no objective has none, and stays at zero."""
    return round(variable.value() or 0.0)


def _short_communities(
    problem: pulp.LpProblem, name: str, goal: MergedCommunities, uncovered: Sequence[pulp.LpVariable]
) -> pulp.LpAffineExpression:
    """Count the communities of a goal that fall short."""
    entries: dict[int, list[int]] = {}
    for entry, unit in enumerate(goal.unit.tolist()):
        entries.setdefault(unit, []).append(entry)
    short = []
    for unit, held in entries.items():
        if len(held) == 1:  # all of it hangs on one row: short exactly when that row is uncovered
            short.append(uncovered[goal.rows[held[0]]])
            continue
        flag = problem.add_variable(f"{name}_{unit}", cat=pulp.LpBinary)
        left = total([uncovered[goal.rows[e]] for e in held], goal.people[held])
        allowed, whole = int(goal.unit_allowed[unit]), int(goal.unit_people[unit])
        problem += left - (whole - allowed) * flag <= allowed
        short.append(flag)
    return total(short)


def _add_counts(
    problem: pulp.LpProblem, instance: Instance, reduced: Reduced, opened: Sequence[Any], *, elastic: bool
) -> list[pulp.LpVariable]:
    """Hold the counts; when elastic, each may be broken at the price of its own variable."""
    position = {int(option): k for k, option in enumerate(reduced.options)}
    excesses = []
    for number, rule in enumerate(instance.counts):
        today = int(instance.fixed[rule.options].sum())
        new = total([opened[position[int(o)]] for o in rule.options if int(o) in position])
        slack = problem.add_variable(f"excess_{number}", lowBound=0, upBound=None if elastic else 0)
        excesses.append(slack)
        if rule.minimum > today:
            problem += new + slack >= rule.minimum - today
        if rule.maximum is not None:
            problem += new - slack <= rule.maximum - today
    return excesses


def build(instance: Instance, reduced: Reduced, *, elastic_goals: bool = False, elastic_counts: bool = False) -> Model:
    """Write the problem; an elastic goal or count may be missed at the price of its own variable.

    Variables (design, section 9): x_k opens option k; u_r in [0, 1] leaves merged row r uncovered; v_q lets a
    community of several rows fall short.
    """
    problem = pulp.LpProblem("siting", pulp.LpMinimize)
    opened = [problem.add_variable(f"x_{k}", cat=pulp.LpBinary) for k in range(len(reduced.options))]
    uncovered = [problem.add_variable(f"u_{r}", lowBound=0, upBound=1) for r in range(len(reduced.row_options))]
    for row, options in zip(uncovered, reduced.row_options, strict=True):
        problem += total([opened[k] for k in options]) + row >= 1
    left = [total([uncovered[r] for r in goal.rows], goal.people) for goal in reduced.goals]
    left += [_short_communities(problem, f"v_{g}", goal, uncovered) for g, goal in enumerate(reduced.communities)]
    allowed = [*(goal.allowed for goal in reduced.goals), *(goal.allowed for goal in reduced.communities)]
    most = None if elastic_goals else 0
    shortfalls = [problem.add_variable(f"short_{g}", lowBound=0, upBound=most) for g in range(len(left))]
    for expression, limit, shortfall in zip(left, allowed, shortfalls, strict=True):
        problem += expression - shortfall <= limit
    excesses = _add_counts(problem, instance, reduced, opened, elastic=elastic_counts)
    if instance.budget_yuan is not None:
        step = step_of(instance, reduced)
        problem += total(opened, instance.cost_yuan[reduced.options] // step) <= instance.budget_yuan // step
    return Model(problem, opened, left, shortfalls, excesses)


def broken_counts(model: Model, instance: Instance) -> list[pulp.LpVariable]:
    """Flag the counts that give way, in an elastic model: minimise the flags to blame as few as possible."""
    problem = model.problem
    flags = []
    for number, (rule, excess) in enumerate(zip(instance.counts, model.excesses, strict=True)):
        flag = problem.add_variable(f"broken_{number}", cat=pulp.LpBinary)
        problem += excess - max(rule.minimum, len(rule.options)) * flag <= 0
        flags.append(flag)
    return flags


def require_another(model: Model, opened: NDArray[np.bool_]) -> None:
    """Leave one plan out of what follows."""
    problem = model.problem
    problem += total(model.opened, np.where(opened, 1, -1)) <= int(opened.sum()) - 1


def require_more(model: Model, opened: NDArray[np.bool_]) -> None:
    """Ask for at least one option beyond these: what they leave uncovered, no part of them covers."""
    problem = model.problem
    problem += total([x for x, is_open in zip(model.opened, opened, strict=True) if not is_open]) >= 1


def run(model: Model, objective: Any, *, gap: float, seconds: float) -> Answer:
    """Minimise an objective of whole numbers; an absolute gap below 1 then proves the optimum."""
    problem = model.problem
    problem.setObjective(objective)
    solver = pulp.HiGHS(
        msg=False,
        gapRel=gap,
        gapAbs=0.99,
        threads=1,
        timeLimit=max(seconds, MIN_SECONDS),
        random_seed=0,
        mip_feasibility_tolerance=FEASIBILITY_TOLERANCE,
        primal_feasibility_tolerance=FEASIBILITY_TOLERANCE,
    )
    problem.solve(solver)
    if problem.sol_status == pulp.LpSolutionInfeasible:
        return Answer(None, None, infeasible=True)
    bound = float(problem.solverModel.getInfo().mip_dual_bound)
    known = bound if math.isfinite(bound) else None
    if problem.sol_status not in (pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible):
        return Answer(None, known, infeasible=False)
    return Answer(np.array([value_of(x) == 1 for x in model.opened], dtype=bool), known, infeasible=False)
