"""Says why each chosen option is in a plan: whom only it covers, what dropping it does, and what comes second."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csc_array

from planner.check import Checked, check
from planner.problem import problem_of
from planner.recount import goals_reached, objective_of, open_columns, rules_broken, times_covered
from planner.swaps import judge, swaps_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from planner.problem import Problem
    from planner.siting import Flows, Instance, Plan
    from planner.swaps import Judged, Swaps

    Whole = NDArray[np.int64]

TRIED = 3
"""Swaps for each option for which people are shared out anew under capacity."""


@dataclass(frozen=True, eq=False)
class Reason:
    """Why one chosen option is in a plan.

    Attributes
    ----------
    column
        Its column in the last year.
    rows
        Rows of the last year that no other open column serves; `Instance.people` of them are whom only it covers.
    lost_people
        People of the last year who lose cover when it is dropped, added up over the standards; under capacity, how
        many fewer are served.
    goals_missed, rules_broken
        Labels of the goals that then reach less than they must, and names of the rules that it then breaks.
    runner_up
        The best option in its place: its column in the last year; None where no other may open. It may open under all
        rules, and every goal reaches what it must; of such options it is the one of least objective, then of least
        cost, then of the lowest id. Where no option does that, it is the one with which the fewest people lose cover.
    keeps_goals
        Whether all goals reach what they must with the runner-up.
    more_yuan, more_objective
        How much more the plan costs within the horizon with the runner-up, and how much its objective rises.
    runner_up_lost_people
        As `lost_people`, when the runner-up opens instead.
    by_reach
        Whether all this is counted by reach alone: always without capacity, and under it where the time was up.
    """

    column: int
    rows: Whole
    lost_people: int
    goals_missed: tuple[str, ...]
    rules_broken: tuple[str, ...]
    runner_up: int | None
    keeps_goals: bool
    more_yuan: int
    more_objective: int
    runner_up_lost_people: int
    by_reach: bool = True


@dataclass(frozen=True, eq=False)
class _Basis:
    """A plan, what each goal must reach, its objective, and how many people are served in the last year."""

    instance: Instance
    chosen: Whole
    least: list[int]
    objective: int
    served: int


def _served(instance: Instance, chosen: Whole, flows: Flows | None) -> int:
    """People of the last year who are served, added up over the standards."""
    last = instance.year == instance.year.max()
    opened = (open_columns(instance, chosen) & last).astype(np.int64)
    within = (instance.covers @ opened) > 0
    if instance.capacity is None or flows is None:
        return int(instance.people[within].sum())
    within[instance.capacity.rows] = False
    return int(instance.people[within].sum()) + int(flows.people[last[flows.column]].sum())


def _columns(of: csr_array, option: int) -> Whole:
    """Columns of an option."""
    held = of.tocoo()
    return np.asarray(held.row[held.col == option], dtype=np.int64)


def _ranked(instance: Instance, swaps: Swaps, judged: Judged, k: int) -> list[int]:
    """Lawful swaps of an option, the best first: only those that keep the goals, where any does."""
    lawful, keeps = judged.lawful[k] & (swaps.last_entering >= 0), judged.keeps[k]
    kept = bool((lawful & keeps).any())

    def rank(j: int) -> tuple[int, int, int, tuple[str, ...]]:
        at = swaps.last_entering[j]
        ids = tuple(str(of[at]) for of in (instance.site_id, instance.type, instance.size))
        return 0 if kept else int(judged.lost[k, j]), int(judged.objective[k, j]), int(judged.yuan[k, j]), ids

    return sorted(np.flatnonzero(lawful & keeps if kept else lawful).tolist(), key=rank)


def _by_reach(basis: _Basis, swaps: Swaps, judged: Judged, k: int, ranked: list[int], rows: Whole) -> Reason:
    """Reason of one option, people counted by reach alone."""
    goals = basis.instance.all_goals
    j = ranked[0] if ranked else 0
    left = np.setdiff1d(basis.chosen, _columns(swaps.leaving, k))
    return Reason(
        column=int(swaps.last_leaving[k]),
        rows=rows,
        lost_people=int(judged.lost[k, 0]),
        goals_missed=tuple(g.label for g, missed in zip(goals, judged.missed, strict=True) if missed[k, 0]),
        rules_broken=rules_broken(basis.instance, left),
        runner_up=int(swaps.last_entering[j]) if ranked else None,
        keeps_goals=bool(ranked) and bool(judged.keeps[k, j]),
        more_yuan=int(judged.yuan[k, j]) if ranked else 0,
        more_objective=int(judged.objective[k, j]) if ranked else 0,
        runner_up_lost_people=int(judged.lost[k, j]) if ranked else 0,
    )


def _after(basis: _Basis, problem: Problem, swaps: Swaps, k: int, j: int) -> Checked:
    """Share people out after one swap; under capacity the reduction leaves no column out."""
    left = np.setdiff1d(basis.chosen, _columns(swaps.leaving, k))
    chosen = np.union1d(left, _columns(swaps.entering, j))
    return check(problem, np.isin(problem.reduced.columns, chosen))


def _shared(
    basis: _Basis, problem: Problem, swaps: Swaps, judged: Judged, k: int, ranked: list[int], known: Reason
) -> Reason:
    """Correct a reason by sharing people out anew, after the drop and after the first few swaps."""
    goals = basis.instance.all_goals

    def missed(plan: Checked) -> tuple[str, ...]:
        reached = zip(goals, plan.reached, basis.least, strict=True)
        return tuple(goal.label for goal, got, needed in reached if got.reached < needed)

    def lost(plan: Checked) -> int:
        return basis.served - _served(basis.instance, problem.chosen(plan.opened), plan.flows)

    dropped = _after(basis, problem, swaps, k, 0)
    found = replace(known, lost_people=lost(dropped), goals_missed=missed(dropped), by_reach=False)
    tried = [(j, _after(basis, problem, swaps, k, j)) for j in ranked[:TRIED]]
    kept = [(plan.objective, n) for n, (_, plan) in enumerate(tried) if not missed(plan)]
    if not tried:
        return found
    best = min(kept)[1] if kept else min((lost(plan), n) for n, (_, plan) in enumerate(tried))[1]
    j, plan = tried[best]
    return replace(
        found,
        runner_up=int(swaps.last_entering[j]),
        keeps_goals=bool(kept),
        more_yuan=int(judged.yuan[k, j]),
        more_objective=plan.objective - basis.objective,
        runner_up_lost_people=lost(plan),
    )


def reasons(instance: Instance, plan: Plan, *, deadline: float) -> tuple[Reason, ...]:
    """Say why each chosen option is in a plan.

    A goal must reach what it needs, or what it reaches now where the plan falls short of it. An option is swapped in
    the years in which it is open, for one that is closed in all years; all such swaps are compared. Under capacity they
    are compared by reach, which can only say more than is true, and people are shared out anew for the `TRIED` best.

    Parameters
    ----------
    instance
        The problem.
    plan
        A plan of it that keeps all rules.
    deadline
        Under capacity, when to stop sharing people out, on the clock of `time.monotonic`.

    Returns
    -------
    reasons
        One for each chosen option, in the order of their columns in the last year.
    """
    chosen = np.array(plan.chosen, dtype=np.int64)
    reached = goals_reached(instance, chosen, plan.flows)
    least = [min(got.needed, got.reached) for got in reached]
    objective = objective_of(instance, chosen, plan.flows)
    basis = _Basis(instance, chosen, least, objective, _served(instance, chosen, plan.flows))
    problem = None if instance.capacity is None else problem_of(instance)
    times, covers, found = times_covered(instance, chosen), csc_array(instance.covers), list[Reason]()
    for swaps in swaps_of(instance, chosen):
        judged = judge(instance, swaps, chosen, least)
        for k, column in enumerate(swaps.last_leaving.tolist()):
            ranked = _ranked(instance, swaps, judged, k)
            rows = covers.indices[covers.indptr[column] : covers.indptr[column + 1]].astype(np.int64)
            reason = _by_reach(basis, swaps, judged, k, ranked, np.sort(rows[times[rows] == 1]))
            if problem is not None and time.monotonic() < deadline:
                reason = _shared(basis, problem, swaps, judged, k, ranked, reason)
            found.append(reason)
    return tuple(sorted(found, key=lambda reason: reason.column))
