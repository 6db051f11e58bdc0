"""Picks the cheapest new facilities that meet the goals: the only room that knows PuLP.

Model: partial set covering with people and community goals (LSCP, Toregas et al. 1971; MCLP, Church & ReVelle 1974;
design, section 9). The solver is HiGHS. Its word is never taken as it stands: the plan is rounded, its goals, rules and
cost are recomputed on the original rows, and it is called optimal only when the proven bound reaches its cost.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pulp

from planner.errors import Fault, PlanError
from planner.reduce import MergedCommunities, Reduced, reduce
from planner.siting import Instance, Plan, Reached, goals_reached, rules_broken

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal

    from numpy.typing import NDArray

TIES_MAX = 50
"""Plans of equal cost and equal tie value that are compared by id before the search for more is given up."""

BOUND_TOLERANCE = 1e-6
BOUND_RELATIVE = 1e-10
"""What is taken off the solver's bound before it is rounded up: so much, or so large a part of it.

Objectives are whole numbers below about 1e9, of which a double holds 1e-7."""

MIN_SECONDS = 1.0
"""A follow-up solve gets at least this long, in seconds."""


@dataclass(frozen=True, eq=False)
class _Model:
    """A PuLP problem and the handles that later solves need."""

    problem: pulp.LpProblem
    opened: list[pulp.LpVariable]
    uncovered: list[pulp.LpAffineExpression]
    shortfalls: list[pulp.LpVariable]
    excesses: list[pulp.LpVariable]


@dataclass(frozen=True, eq=False)
class _Answer:
    """What the solver said: plan positions (None: none found), proven bound (None: none), proven infeasible."""

    opened: NDArray[np.bool_] | None
    bound: float | None
    infeasible: bool


def _sum(variables: Sequence[Any], weights: Sequence[int] | NDArray[np.int64] | None = None) -> pulp.LpAffineExpression:
    """Weighted sum; a variable that stands twice counts twice (PuLP's own constructor would keep the last)."""
    factors = [1] * len(variables) if weights is None else [int(weight) for weight in weights]
    total: dict[Any, int] = {}
    for variable, factor in zip(variables, factors, strict=True):
        total[variable] = total.get(variable, 0) + factor
    return pulp.LpAffineExpression(total)


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
        left = _sum([uncovered[goal.rows[e]] for e in held], goal.people[held])
        allowed, whole = int(goal.unit_allowed[unit]), int(goal.unit_people[unit])
        problem += left - (whole - allowed) * flag <= allowed
        short.append(flag)
    return _sum(short)


def _add_counts(
    problem: pulp.LpProblem, instance: Instance, reduced: Reduced, opened: Sequence[Any], *, elastic: bool
) -> list[pulp.LpVariable]:
    """Hold the counts; when elastic, each may be broken at the price of its own variable."""
    position = {int(option): k for k, option in enumerate(reduced.options)}
    excesses = []
    for number, rule in enumerate(instance.counts):
        today = int(instance.fixed[rule.options].sum())
        new = _sum([opened[position[int(o)]] for o in rule.options if int(o) in position])
        slack = problem.add_variable(f"excess_{number}", lowBound=0, upBound=None if elastic else 0)
        excesses.append(slack)
        if rule.minimum > today:
            problem += new + slack >= rule.minimum - today
        if rule.maximum is not None:
            problem += new - slack <= rule.maximum - today
    return excesses


def _model(instance: Instance, reduced: Reduced, *, elastic_goals: bool, elastic_counts: bool = False) -> _Model:
    """Write the problem; an elastic goal or count may be missed at the price of its own variable."""
    problem = pulp.LpProblem("siting", pulp.LpMinimize)
    opened = [problem.add_variable(f"x_{k}", cat=pulp.LpBinary) for k in range(len(reduced.options))]
    uncovered = [problem.add_variable(f"u_{r}", lowBound=0, upBound=1) for r in range(len(reduced.row_options))]
    for row, options in zip(uncovered, reduced.row_options, strict=True):
        problem += _sum([opened[k] for k in options]) + row >= 1
    left = [_sum([uncovered[r] for r in goal.rows], goal.people) for goal in reduced.goals]
    left += [_short_communities(problem, f"v_{g}", goal, uncovered) for g, goal in enumerate(reduced.communities)]
    allowed = [*(goal.allowed for goal in reduced.goals), *(goal.allowed for goal in reduced.communities)]
    shortfalls = [
        problem.add_variable(f"short_{g}", lowBound=0, upBound=None if elastic_goals else 0) for g in range(len(left))
    ]
    for expression, limit, shortfall in zip(left, allowed, shortfalls, strict=True):
        problem += expression - shortfall <= limit
    excesses = _add_counts(problem, instance, reduced, opened, elastic=elastic_counts)
    if instance.budget_yuan is not None:
        step = _step(instance, reduced)
        problem += _sum(opened, instance.cost_yuan[reduced.options] // step) <= instance.budget_yuan // step
    return _Model(problem, opened, left, shortfalls, excesses)


def _step(instance: Instance, reduced: Reduced) -> int:
    """Largest amount that divides every cost: costs count in steps of it, which keeps the numbers small."""
    return int(np.gcd.reduce(instance.cost_yuan[reduced.options], initial=0)) or 1


def _value(variable: pulp.LpVariable) -> float:
    """Value in the answer; a variable that stands in no row and no objective has none, and stays at zero."""
    return float(variable.value() or 0.0)


def _is_one(variable: pulp.LpVariable) -> bool:
    return _value(variable) > 0.5  # noqa: PLR2004  (halfway between the two values it may take)


def _run(model: _Model, objective: Any, *, gap: float, seconds: float) -> _Answer:
    """Solve once with whole-number objective coefficients; an absolute gap below 1 then proves the optimum."""
    problem = model.problem
    problem.setObjective(objective)
    solver = pulp.HiGHS(
        msg=False, gapRel=gap, gapAbs=0.99, threads=1, timeLimit=max(seconds, MIN_SECONDS), random_seed=0
    )
    problem.solve(solver)
    if problem.sol_status == pulp.LpSolutionInfeasible:
        return _Answer(None, None, infeasible=True)
    bound = float(problem.solverModel.getInfo().mip_dual_bound)
    known = bound if math.isfinite(bound) else None
    if problem.sol_status not in (pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible):
        return _Answer(None, known, infeasible=False)
    return _Answer(np.array([_is_one(x) for x in model.opened], dtype=bool), known, infeasible=False)


def _checked(instance: Instance, chosen: NDArray[np.int64], *, goals: bool) -> None:
    """Recompute goals and rules on the original rows; a plan that fails was never a plan."""
    missed = [f"{g.id}:{g.scope}" for g in goals_reached(instance, chosen) if goals and not g.met]
    broken = [*rules_broken(instance, chosen), *missed]
    if broken:
        raise PlanError(Fault("plan_check_failed", values={"broken": ", ".join(broken)}))


def _cost(instance: Instance, chosen: NDArray[np.int64]) -> int:
    return int(instance.cost_yuan[chosen].sum())


def _ids(instance: Instance, chosen: NDArray[np.int64]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((str(instance.site_id[k]), str(instance.type[k])) for k in chosen))


def _break_ties(
    instance: Instance, reduced: Reduced, first: NDArray[np.bool_], deadline: float
) -> tuple[NDArray[np.bool_], bool]:
    """Among plans of the least cost take the one of least tie value, then of lowest ids.

    Returns the plan, and whether the rule was carried through in the time.
    """
    options = reduced.options
    step = _step(instance, reduced)
    costs = instance.cost_yuan[options] // step
    tie = instance.tie[options]
    model = _model(instance, reduced, elastic_goals=False)
    problem = model.problem
    problem += _sum(model.opened, costs) <= int(costs[first].sum())
    best, found = first, 0
    while found < TIES_MAX:
        if time.monotonic() > deadline:
            return best, False
        answer = _run(model, _sum(model.opened, tie), gap=0.0, seconds=deadline - time.monotonic())
        if answer.infeasible:
            return best, True
        if answer.opened is None or not _proven(int(tie[answer.opened].sum()), answer.bound, 1):
            return best, False
        value, least = int(tie[answer.opened].sum()), int(tie[best].sum())
        if found and value > least:
            return best, True
        lower = _ids(instance, options[answer.opened]) < _ids(instance, options[best])
        if not found or value < least or lower:
            best = answer.opened
        # leave this plan out and ask again: one of equal cost and tie value may have lower ids
        signs = np.where(answer.opened, 1, -1)
        problem += _sum(model.opened, signs) <= int(answer.opened.sum()) - 1
        found += 1
    return best, False


def _rounded_bound(bound: float | None, step: int) -> int | None:
    """Round a proven bound, counted in steps, up to the next whole step; in yuan."""
    return (
        None if bound is None else max(0, math.ceil(bound - max(BOUND_TOLERANCE, BOUND_RELATIVE * abs(bound)))) * step
    )


def _proven(objective: int, bound: float | None, step: int) -> bool:
    rounded = _rounded_bound(bound, step)
    return rounded is not None and objective <= rounded


def _best_effort(
    instance: Instance, reduced: Reduced, seconds: float
) -> tuple[NDArray[np.bool_] | None, tuple[str, ...]]:
    """Return the lawful plan that falls least short of the goals, cheapest among those; or the counts that conflict."""
    needed = [*(goal.needed for goal in instance.goals), *(goal.needed for goal in instance.communities)]
    model = _model(instance, reduced, elastic_goals=True)
    # shortfalls are weighed by what each goal asks, so that a city-wide goal does not drown a district's
    weights = np.array([max(1, round(1_000_000 / max(1, n))) for n in needed], dtype=np.int64)
    answer = _run(model, _sum(model.shortfalls, weights), gap=1e-4, seconds=seconds)
    if answer.opened is None:
        return None, _conflict(instance, reduced, seconds) if answer.infeasible else ()
    for shortfall in model.shortfalls:
        shortfall.upBound = round(_value(shortfall))
    step = _step(instance, reduced)
    cheapest = _run(model, _sum(model.opened, instance.cost_yuan[reduced.options] // step), gap=1e-4, seconds=seconds)
    return (answer.opened if cheapest.opened is None else cheapest.opened), ()


def _conflict(instance: Instance, reduced: Reduced, seconds: float) -> tuple[str, ...]:
    """Name counts that cannot be held together: a least set of them that must give way."""
    model = _model(instance, reduced, elastic_goals=True, elastic_counts=True)
    answer = _run(model, _sum(model.excesses), gap=0.0, seconds=seconds)
    if answer.opened is None:
        return ("siting.budget_yuan",)
    named = [rule.label for rule, excess in zip(instance.counts, model.excesses, strict=True) if _is_one(excess)]
    return tuple(named)


def most_reachable(instance: Instance, *, time_limit_s: float) -> tuple[Reached, ...]:
    """Find, for each goal on its own, the most that any plan within the hard rules can reach.

    Parameters
    ----------
    instance
        The problem.
    time_limit_s
        Time for all goals together, in seconds; a goal that it does not suffice for gets the best plan found.

    Returns
    -------
    reached
        One entry for each goal, people first, then communities.
    """
    reduced = reduce(instance)
    asked = goals_reached(instance, np.empty(0, dtype=np.int64))
    model = _model(instance, reduced, elastic_goals=True)
    found = []
    for number, goal in enumerate(asked):
        answer = _run(model, model.uncovered[number], gap=0.0, seconds=time_limit_s / len(asked))
        chosen = reduced.options[answer.opened] if answer.opened is not None else np.empty(0, dtype=np.int64)
        found.append(replace(goal, reached=goals_reached(instance, chosen)[number].reached))
    return tuple(found)


def solve(
    instance: Instance,
    *,
    gap: float | Decimal = 0.0,
    time_limit_s: float | Decimal = 60.0,
    report: Callable[[str], None] | None = None,
) -> Plan:
    """Find the cheapest plan that meets every goal, count and limit.

    Parameters
    ----------
    instance
        The problem.
    gap
        Relative gap at which the search may stop; 0 asks for a proven optimum.
    time_limit_s
        Time for the main search, in seconds.
    report
        Called with the name of each step as it begins.

    Returns
    -------
    plan
        With its status, cost, proven bound and gap. When no plan meets the goals, or none was found in the time, the
        plan that falls least short of them (`best_effort`).

    Raises
    ------
    PlanError
        If the solver's plan fails the check on the original rows.
    """
    started = time.monotonic()
    say = report or (lambda _step: None)
    if not instance.goals and not instance.communities and not any(c.minimum for c in instance.counts):
        return Plan("none", None, None, None, (), 0.0)
    say("reduce")
    reduced = reduce(instance)
    step = _step(instance, reduced)
    say("solve")
    model = _model(instance, reduced, elastic_goals=False)
    costs = _sum(model.opened, instance.cost_yuan[reduced.options] // step)
    answer = _run(model, costs, gap=float(gap), seconds=float(time_limit_s))
    if answer.opened is None:
        say("best_effort")
        return _fallen_short(instance, reduced, answer, started, float(time_limit_s))
    objective = _cost(instance, reduced.options[answer.opened])
    bound = min(_rounded_bound(answer.bound, step) or 0, objective)
    opened, broken = answer.opened, True
    if objective == bound:
        say("ties")
        deadline = started + float(time_limit_s)
        opened, broken = _break_ties(instance, reduced, answer.opened, deadline)
    chosen = reduced.options[opened]
    _checked(instance, chosen, goals=True)
    return Plan(
        status="optimal" if objective == bound else "gap",
        objective=objective,
        bound=bound,
        gap=(objective - bound) / objective if objective else 0.0,
        chosen=tuple(int(k) for k in chosen),
        seconds=time.monotonic() - started,
        ties_broken=broken,
    )


def _fallen_short(instance: Instance, reduced: Reduced, answer: _Answer, started: float, seconds: float) -> Plan:
    opened, conflict = _best_effort(instance, reduced, seconds)
    chosen = reduced.options[opened] if opened is not None else np.empty(0, dtype=np.int64)
    if opened is not None:
        _checked(instance, chosen, goals=False)
    step = _step(instance, reduced)
    return Plan(
        status="infeasible" if answer.infeasible else "unknown",
        objective=_cost(instance, chosen) if opened is not None else None,
        bound=None if answer.infeasible else _rounded_bound(answer.bound, step),
        gap=None,
        chosen=tuple(int(k) for k in chosen),
        seconds=time.monotonic() - started,
        best_effort=True,
        ties_broken=False,
        conflict=conflict,
    )
