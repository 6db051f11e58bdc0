"""Picks new facilities: at least cost for the goals, for most people within a budget, or for least travel.

Model: partial set covering with people and community goals (LSCP, Toregas et al. 1971; MCLP, Church & ReVelle 1974;
p-median, Hakimi 1964; design, section 9). The solver's word is never taken as it stands: every plan is rounded, its
goals, rules and objective are recomputed on the original rows, and it is called optimal only when the proven bound
reaches its objective.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from planner import large, milp
from planner.check import Checked, check, failed
from planner.cuts import solve_covering
from planner.large import LARGE, covering_of
from planner.plansearch import Answer, best_plan
from planner.problem import Problem, opened_by, problem_of
from planner.program import row_of
from planner.proof import multipliers_of, relaxation_of
from planner.recount import goals_reached, objective_of, rules_broken
from planner.reduce import Reduced, reduce
from planner.sharing import miss_weights
from planner.siting import Instance, Plan, Reached
from planner.ties import break_ties

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from planner.covering import Covering
    from planner.program import Relaxed
    from planner.siting import Multipliers


RELAX_PART = 0.25
"""Part of the time limit after which the search goes on without the program's relaxation, and so without a proof that
can be checked."""

EFFORT_GAP = 1e-4
"""Relative gap of the plan that falls least short; no figure rests on it."""


def _least_short(problem: Problem, deadline: float) -> Checked | None:
    """Return the lawful plan that falls least short of the goals, of least objective among those; None for none."""
    model = problem.elastic
    program, misses = model.program, model.columns["miss"]
    objective = np.zeros(len(program.objective), dtype=np.int64)
    objective[misses] = miss_weights(problem)
    half = (deadline - time.monotonic()) / 2
    outcome = milp.minimise(replace(program, objective=objective), gap=EFFORT_GAP, seconds=half)
    if outcome.values is None:
        return None
    upper = program.upper.copy()
    upper[misses] = np.ceil(outcome.values[misses] - 1e-6)
    least = milp.minimise(replace(program, upper=upper), gap=EFFORT_GAP, seconds=deadline - time.monotonic())
    found = [values for values in (least.values, outcome.values) if values is not None]
    plans = [check(problem, opened_by(problem, values)) for values in found]
    lawful = [plan for plan in plans if not plan.broken]
    if not lawful:
        raise failed(", ".join(plans[0].broken))
    return lawful[0]


def most_reachable(instance: Instance, *, time_limit_s: float) -> tuple[Reached, ...]:
    """Find, for each goal on its own, the most that any plan within the rules can reach.

    Parameters
    ----------
    instance
        The problem.
    time_limit_s
        Time for all goals together, in seconds.

    Returns
    -------
    reached
        One entry for each goal, people first, then communities. `Reached.proven` is false where the time did not
        suffice: that much can be reached, and perhaps more.
    """
    problem = problem_of(instance)
    program, rows = problem.elastic.program, problem.elastic.rows["goal"]
    found = []
    for number, goal in enumerate(goals_reached(instance, np.empty(0, dtype=np.int64))):
        columns, factors = row_of(program, rows.start + number)
        objective = np.zeros(len(program.objective), dtype=np.int64)
        objective[columns] = factors
        objective[problem.elastic.columns["miss"]] = 0
        seconds = time_limit_s / len(problem.reduced.goals)
        outcome = milp.minimise(replace(program, objective=objective), gap=0.0, seconds=seconds)
        plan = None if outcome.values is None else check(problem, opened_by(problem, outcome.values), number)
        if plan is None or plan.broken or outcome.values is None:
            found.append(replace(goal, proven=False))
            continue
        merged, reached = problem.reduced.goals[number], plan.reached[number]
        beside = merged.allowed - program.row_upper[rows.start + number]
        left = goal.needed + merged.allowed - reached.reached
        bound = None if outcome.bound is None else outcome.bound + float(beside)
        found.append(replace(reached, proven=plan.sure and milp.proven(left, bound)))
    return tuple(found)


def _asks_nothing(instance: Instance) -> bool:
    """Whether today already does all that is asked, for nothing is."""
    asked = instance.all_goals or instance.loss.any() or instance.travel is not None
    nothing = np.empty(0, dtype=np.int64)
    # a rule that today already breaks asks for an answer, even if nothing else does
    wanted = bool((instance.rules.minimum > 0).any()) or bool(rules_broken(instance, nothing))
    return not asked and not wanted


def solve(
    instance: Instance,
    *,
    gap: float | Decimal = 0.0,
    time_limit_s: float | Decimal = 60.0,
    ties: bool = True,
    report: Callable[[str], None] | None = None,
) -> Plan:
    """Find the plan of least objective that meets every goal and keeps every rule.

    Parameters
    ----------
    instance
        The problem.
    gap
        Relative gap at which the search may stop; 0 asks for a proven optimum.
    time_limit_s
        Time for the search, in seconds; ties are broken in what is left of it. A plan that falls short is looked for
        in as much time again.
    ties
        Whether plans of equal objective are told apart by the rule; else any one of them is given.
    report
        Called with the name of each step as it begins.

    Returns
    -------
    plan
        With its status, objective, proven bound and gap. When no plan meets the goals, or none was found in the time,
        the plan that falls least short of them (`best_effort`).

    Raises
    ------
    PlanError
        If what the solver says contradicts the check on the original rows.
    """
    started = time.monotonic()
    say = report or (lambda _step: None)
    if _asks_nothing(instance):
        return Plan("none", None, None, None, (), 0.0)
    say("reduce")
    reduced = reduce(instance)
    deadline = started + float(time_limit_s)
    covering = covering_of(instance, reduced) if reduced.covers.nnz >= LARGE else None
    found = None
    if covering is not None:
        say("solve")
        found = _by_cuts(instance, reduced, covering, gap=float(gap), deadline=deadline)
    if found is not None and (found.status != "optimal" or not ties):
        return replace(found, seconds=time.monotonic() - started)
    say("relax")
    problem = problem_of(instance, reduced)
    relaxation = relaxation_of(instance, reduced, problem.model)
    relaxed = milp.relax(relaxation.program, seconds=RELAX_PART * float(time_limit_s))
    if found is None:
        say("solve")
        answer = best_plan(problem, problem.model.program, gap=float(gap), deadline=deadline)
        if answer.plan is None:
            say("best_effort")
        found = _stated(problem, answer, float(time_limit_s))
    if found.status == "optimal" and ties:
        say("ties")
        found = _with_ties(problem, found, relaxed if instance.capacity is None else None, deadline)
    if found.multipliers is None and relaxed is not None:
        found = replace(found, multipliers=multipliers_of(instance, relaxation, relaxed))
    return replace(found, seconds=time.monotonic() - started)


def proof_of(instance: Instance, *, seconds: float) -> Multipliers | None:
    """Find multipliers that prove what every plan of an instance that meets its goals comes to at least.

    Parameters
    ----------
    instance
        The problem.
    seconds
        Time for its program without whole numbers.

    Returns
    -------
    multipliers
        None where that program has no optimum (no plan can meet the goals), or none was found in the time.
    """
    reduced = reduce(instance)
    relaxation = relaxation_of(instance, reduced, problem_of(instance, reduced).model)
    relaxed = milp.relax(relaxation.program, seconds=seconds)
    return None if relaxed is None else multipliers_of(instance, relaxation, relaxed)


def _stated(problem: Problem, answer: Answer, seconds: float) -> Plan:
    """State what the search found: a plan that meets the goals, or the one that falls least short of them."""
    if answer.plan is None:
        return _fallen_short(problem, answer, seconds)
    return _found(problem, answer.plan, answer.bound)


def _with_ties(problem: Problem, plan: Plan, relaxed: Relaxed | None, deadline: float) -> Plan:
    """Take the plan that the rule prefers among those of equal objective."""
    opened = np.isin(problem.reduced.columns, plan.chosen)
    best, broken = break_ties(problem, check(problem, opened), relaxed, deadline)
    return replace(plan, chosen=_numbers(problem, best), flows=best.flows, ties_broken=broken)


def _by_cuts(instance: Instance, reduced: Reduced, covering: Covering, *, gap: float, deadline: float) -> Plan | None:
    """Solve a large covering problem without writing its rows; None where no plan was found."""
    seconds = deadline - time.monotonic()
    answer = solve_covering(covering, gap=gap, deadline=time.perf_counter() + seconds)
    if answer.opened is None:
        return None
    chosen = reduced.columns[answer.opened]
    wrong = [*rules_broken(instance, chosen), *(g.id for g in goals_reached(instance, chosen) if not g.met)]
    objective = objective_of(instance, chosen)
    bound = None if answer.bound is None else milp.rounded_bound(answer.bound + reduced.lost)
    if wrong or (bound is not None and bound > objective):
        raise failed(", ".join(wrong) or f"bound {bound} > {objective}")
    known = max(0, bound or 0)
    return Plan(
        status="optimal" if known == objective else "gap",
        objective=objective,
        bound=known,
        gap=relative_gap(objective, known),
        chosen=tuple(chosen.tolist()),
        seconds=0.0,
        ties_broken=False,
        multipliers=None if answer.duals is None else large.multipliers_of(instance, reduced, answer.duals),
    )


def _numbers(problem: Problem, plan: Checked) -> tuple[int, ...]:
    return tuple(int(k) for k in problem.chosen(plan.opened))


def relative_gap(objective: int, bound: int) -> float:
    """How far a bound is below an objective, as a part of the objective."""
    return (objective - bound) / objective if objective > bound else 0.0


def _found(problem: Problem, best: Checked, solver_bound: float | None) -> Plan:
    """State a plan that meets the goals, with what is proven of it."""
    rounded = milp.rounded_bound(solver_bound)
    bound = 0 if rounded is None else max(0, rounded)
    step = step_of(problem)
    offset = problem.model.constant
    bound = offset + -(-(bound - offset) // step) * step if bound > offset else bound
    if bound > best.objective:
        raise failed(f"bound {bound} > {best.objective}")
    return Plan(
        status="optimal" if bound == best.objective else "gap",
        objective=best.objective,
        bound=bound,
        gap=relative_gap(best.objective, bound),
        chosen=_numbers(problem, best),
        seconds=0.0,
        ties_broken=False,
        flows=best.flows,
    )


def step_of(problem: Problem) -> int:
    """Largest number that divides every change of the objective."""
    return int(np.gcd.reduce(problem.model.program.objective, initial=0)) or 1


def _fallen_short(problem: Problem, answer: Answer, seconds: float) -> Plan:
    """State the plan that falls least short, where none meets the goals or none was found in the time."""
    plan = _least_short(problem, time.monotonic() + seconds)
    if plan is not None and not plan.missed:
        if answer.infeasible:
            raise failed("infeasible")
        return _found(problem, plan, answer.bound)
    bound = None if answer.infeasible else milp.rounded_bound(answer.bound)
    return Plan(
        status="infeasible" if answer.infeasible else "unknown",
        objective=None if plan is None else plan.objective,
        bound=bound,
        gap=None,
        chosen=() if plan is None else _numbers(problem, plan),
        seconds=0.0,
        best_effort=True,
        ties_broken=False,
        flows=None if plan is None else plan.flows,
    )
