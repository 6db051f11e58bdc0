"""Picks the cheapest new facilities that meet the goals.

Model: partial set covering with people and community goals (LSCP, Toregas et al. 1971; MCLP, Church & ReVelle 1974;
design, section 9). The solver's word is never taken as it stands: every plan is rounded, its goals, rules and cost are
recomputed on the original rows, and it is called optimal only when the proven bound reaches its cost.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from planner import milp
from planner.errors import Fault, PlanError
from planner.reduce import Reduced, reduce
from planner.siting import Instance, Plan, Reached, goals_reached, rules_broken

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from numpy.typing import NDArray

TIES_MAX = 50
"""Plans of equal cost and equal tie value that are compared by id before the search for more is given up."""

REPAIRS_MAX = 20
"""Plans in a row that may fail the check by a rounding of the solver before it is given up."""

EFFORT_GAP = 1e-4
"""Relative gap of the plan that falls least short; no figure rests on it."""


@dataclass(frozen=True, eq=False)
class _Problem:
    """An instance with its reduction, and the costs of its new options in whole steps of yuan."""

    instance: Instance
    reduced: Reduced
    step: int
    costs: NDArray[np.int64]

    def options(self, opened: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Option numbers of a plan."""
        return self.reduced.options[opened]

    def missed(self, opened: NDArray[np.bool_]) -> list[str]:
        """Goals that a plan misses, recomputed on the original rows."""
        return [f"{g.id}:{g.scope}" for g in goals_reached(self.instance, self.options(opened)) if not g.met]

    def broken(self, opened: NDArray[np.bool_]) -> tuple[str, ...]:
        """Hard rules that a plan breaks, recomputed."""
        return rules_broken(self.instance, self.options(opened))

    def ids(self, opened: NDArray[np.bool_]) -> list[tuple[str, str]]:
        """Sites and types of a plan, in order."""
        chosen = self.options(opened)
        return sorted((str(self.instance.site_id[k]), str(self.instance.type[k])) for k in chosen)


def _problem(instance: Instance) -> _Problem:
    reduced = reduce(instance)
    step = milp.step_of(instance, reduced)
    return _Problem(instance, reduced, step, instance.cost_yuan[reduced.options] // step)


def _failed(what: object) -> PlanError:
    return PlanError(Fault("plan_check_failed", values={"broken": what}))


def _cheapest(problem: _Problem, *, gap: float, deadline: float) -> milp.Answer:
    """Find the cheapest plan that passes the check on the original rows.

    A solver takes 0.999999 for 1, and may so miss a goal by one person in a million. Such a plan is left out, with all
    its parts where a goal is missed, and the search goes on: the bound stays valid.
    """
    model = milp.build(problem.instance, problem.reduced)
    objective = milp.total(model.opened, problem.costs)
    wrong: object = ""
    for _ in range(REPAIRS_MAX):
        answer = milp.run(model, objective, gap=gap, seconds=deadline - time.monotonic())
        if answer.opened is None:
            return answer
        missed, broken = problem.missed(answer.opened), problem.broken(answer.opened)
        if not missed and not broken:
            return answer
        wrong = ", ".join([*broken, *missed])
        (milp.require_more if missed else milp.require_another)(model, answer.opened)
    raise _failed(wrong)


def _break_ties(problem: _Problem, first: NDArray[np.bool_], deadline: float) -> tuple[NDArray[np.bool_], bool]:
    """Among plans of the least cost take the one of least tie value, then of lowest ids.

    Returns the plan, and whether the rule was carried through in the time.
    """
    least = int(problem.costs[first].sum())
    raw = problem.instance.tie[problem.reduced.options]
    tie = raw // (int(np.gcd.reduce(raw, initial=0)) or 1)
    model = milp.build(problem.instance, problem.reduced)
    program = model.problem
    program += milp.total(model.opened, problem.costs) <= least
    objective = milp.total(model.opened, tie)
    found: list[NDArray[np.bool_]] = []

    def rank(opened: NDArray[np.bool_]) -> tuple[int, list[tuple[str, str]]]:
        return int(tie[opened].sum()), problem.ids(opened)

    for _ in range(TIES_MAX):
        if time.monotonic() > deadline:
            break
        answer = milp.run(model, objective, gap=0.0, seconds=deadline - time.monotonic())
        lowest = min((int(tie[plan].sum()) for plan in found), default=None)
        bound = milp.rounded_bound(answer.bound)
        if found and (answer.infeasible or (bound is not None and lowest is not None and bound > lowest)):
            return min(found, key=rank), True
        if answer.opened is None:
            break
        # the next plan is asked for even when this one fails the check: only its like is left out
        milp.require_another(model, answer.opened)
        lawful = not problem.missed(answer.opened) and not problem.broken(answer.opened)
        if lawful and int(problem.costs[answer.opened].sum()) == least:
            found.append(answer.opened)
        if not milp.proven(int(tie[answer.opened].sum()), answer.bound):
            break
    return min([first, *found], key=rank), False


def _least_short(problem: _Problem, deadline: float) -> tuple[NDArray[np.bool_] | None, tuple[str, ...]]:
    """Return the lawful plan that falls least short of the goals, cheapest among those; or the counts that conflict.

    Shortfalls are weighed by what each goal asks, so that a city-wide goal does not drown a district's.
    """
    instance = problem.instance
    needed = [*(goal.needed for goal in instance.goals), *(goal.needed for goal in instance.communities)]
    model = milp.build(instance, problem.reduced, elastic_goals=True)
    weights = np.array([max(1, 1_000_000_000 // max(1, n)) for n in needed], dtype=np.int64)
    half = (deadline - time.monotonic()) / 2
    answer = milp.run(model, milp.total(model.shortfalls, weights), gap=EFFORT_GAP, seconds=half)
    if answer.opened is None:
        return None, _conflict(problem, deadline - time.monotonic()) if answer.infeasible else ()
    for shortfall in model.shortfalls:
        shortfall.upBound = milp.value_of(shortfall)
    cheapest = milp.run(
        model, milp.total(model.opened, problem.costs), gap=EFFORT_GAP, seconds=deadline - time.monotonic()
    )
    plans = [plan for plan in (cheapest.opened, answer.opened) if plan is not None]
    lawful = [plan for plan in plans if not problem.broken(plan)]
    if not lawful:
        raise _failed(", ".join(problem.broken(plans[0])))
    return lawful[0], ()


def _conflict(problem: _Problem, seconds: float) -> tuple[str, ...]:
    """Name what cannot be held with the rest: the fewest counts that must give way, and the budget if it hinders."""
    model = milp.build(problem.instance, problem.reduced, elastic_goals=True, elastic_counts=True)
    flags = milp.broken_counts(model, problem.instance)
    answer = milp.run(model, milp.total(flags), gap=0.0, seconds=seconds)
    if answer.opened is None:
        return ()
    rules = zip(problem.instance.counts, flags, strict=True)
    blamed = tuple(rule.label for rule, flag in rules if milp.value_of(flag))
    if problem.instance.budget_yuan is None:
        return blamed
    without = milp.build(replace(problem.instance, budget_yuan=None), problem.reduced, elastic_goals=True)
    lawful = milp.run(without, milp.total(without.opened), gap=EFFORT_GAP, seconds=seconds).opened is not None
    return ("siting.budget_yuan", *blamed) if lawful else blamed


def most_reachable(instance: Instance, *, time_limit_s: float) -> tuple[Reached, ...]:
    """Find, for each goal on its own, the most that any plan within the hard rules can reach.

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
    problem = _problem(instance)
    asked = goals_reached(instance, np.empty(0, dtype=np.int64))
    model = milp.build(instance, problem.reduced, elastic_goals=True)
    found = []
    for number, goal in enumerate(asked):
        answer = milp.run(model, model.uncovered[number], gap=0.0, seconds=time_limit_s / len(asked))
        if answer.opened is None or problem.broken(answer.opened):
            found.append(replace(goal, proven=False))
            continue
        reached = goals_reached(instance, problem.options(answer.opened))[number].reached
        left = round(model.uncovered[number].value() or 0.0)
        found.append(replace(goal, reached=reached, proven=milp.proven(left, answer.bound)))
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
        Time for the search, in seconds; ties are broken in what is left of it. A plan that falls short is looked for
        in as much time again.
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
        If what the solver says contradicts the check on the original rows.
    """
    started = time.monotonic()
    say = report or (lambda _step: None)
    # a count that today already breaks asks for an answer, even if nothing else does
    least = any(rule.minimum for rule in instance.counts) or rules_broken(instance, np.empty(0, dtype=np.int64))
    if not instance.goals and not instance.communities and not least:
        return Plan("none", None, None, None, (), 0.0)
    say("reduce")
    problem = _problem(instance)
    deadline = started + float(time_limit_s)
    say("solve")
    answer = _cheapest(problem, gap=float(gap), deadline=deadline)
    if answer.opened is None:
        say("best_effort")
        plan = _fallen_short(problem, answer, float(time_limit_s))
    else:
        plan = _found(problem, answer.opened, answer.bound)
        if plan.status == "optimal":
            say("ties")
            opened, broken = _break_ties(problem, answer.opened, deadline)
            plan = replace(plan, chosen=_numbers(problem, opened), ties_broken=broken)
    return replace(plan, seconds=time.monotonic() - started)


def _numbers(problem: _Problem, opened: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(k) for k in problem.options(opened))


def _found(problem: _Problem, opened: NDArray[np.bool_], solver_bound: float | None) -> Plan:
    """State a plan that meets the goals, with what is proven of it."""
    steps, bound = int(problem.costs[opened].sum()), milp.rounded_bound(solver_bound) or 0
    if bound > steps:
        raise _failed(f"bound {bound * problem.step} > {steps * problem.step}")
    return Plan(
        status="optimal" if bound == steps else "gap",
        objective=steps * problem.step,
        bound=bound * problem.step,
        gap=(steps - bound) / steps if steps else 0.0,
        chosen=_numbers(problem, opened),
        seconds=0.0,
        ties_broken=False,
    )


def _fallen_short(problem: _Problem, answer: milp.Answer, seconds: float) -> Plan:
    """State the plan that falls least short, where none meets the goals or none was found in the time."""
    opened, conflict = _least_short(problem, time.monotonic() + seconds)
    if opened is not None and not problem.missed(opened):
        if answer.infeasible:
            raise _failed("infeasible")
        return _found(problem, opened, answer.bound)
    bound = None if answer.infeasible else milp.rounded_bound(answer.bound)
    return Plan(
        status="infeasible" if answer.infeasible else "unknown",
        objective=None if opened is None else int(problem.costs[opened].sum()) * problem.step,
        bound=None if bound is None else bound * problem.step,
        gap=None,
        chosen=() if opened is None else _numbers(problem, opened),
        seconds=0.0,
        best_effort=True,
        ties_broken=False,
        conflict=conflict,
    )
