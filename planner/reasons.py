"""Says why each chosen option is in a plan: whom only it covers, what dropping it does, and what comes second."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csc_array, csr_array

from planner.check import check
from planner.problem import problem_of
from planner.recount import goals_reached, objective_of, open_columns, rules_broken, times_covered
from planner.siting import Rules
from planner.swaps import judge, swaps_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.problem import Problem
    from planner.siting import Capacity, Flows, Goal, Instance, Plan
    from planner.swaps import Judged, Swaps

    Whole = NDArray[np.int64]
    Mask = NDArray[np.bool_]

TRIED = 3
"""Options of each kind (that keep the goals by reach, or do not) for which people are shared out anew."""

PROGRAMS = 3
"""Programs of one sharing out, at most."""


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
        The best option in its place: its column in the last year. It may open under all rules, and every goal reaches
        what it must; of such options it is the one of least objective, then of least cost, then of the lowest id. Where
        no option does that, it is the one with which the fewest people lose cover; None where all of them do with any.
    keeps_goals
        Whether all goals reach what they must with the runner-up.
    more_yuan, more_objective
        How much more the plan costs within the horizon with the runner-up, and how much its objective rises.
    runner_up_lost_people
        As `lost_people`, when the runner-up opens instead.
    in_time
        Whether all of this was worked out in the time. Where it was not, people are counted by reach alone, as if
        capacity had no bounds.
    """

    column: int
    rows: Whole
    lost_people: int
    goals_missed: tuple[str, ...]
    rules_broken: tuple[str, ...]
    runner_up: int | None = None
    keeps_goals: bool = False
    more_yuan: int = 0
    more_objective: int = 0
    runner_up_lost_people: int = 0
    in_time: bool = True


@dataclass(frozen=True, eq=False)
class _Basis:
    """A plan, who is served where, what each goal must reach, its objective, how many are served in the last year.

    `people` are those whose loss is told. `broken` are rules that it breaks itself, as one may that was given; `second`
    is whether runners-up are looked for.
    """

    instance: Instance
    chosen: Whole
    flows: Flows | None
    least: list[int]
    objective: int
    served: int
    people: Whole
    broken: tuple[str, ...] = ()
    second: bool = True


@dataclass(frozen=True, eq=False)
class _Span:
    """Swaps with what they lead to by reach, and which options serve rows under capacity."""

    swaps: Swaps
    judged: Judged
    leaver_limited: Mask
    entrant_limited: Mask


@dataclass(frozen=True, eq=False)
class _After:
    """What a drop or swap leads to: goals that reach less than they must, how much the objective rises, who is lost."""

    missed: tuple[str, ...]
    objective: int
    lost: int


def _served(instance: Instance, chosen: Whole, flows: Flows | None, people: Whole) -> int:
    """People of the last year who are served, added up over the standards; rows with none of `people` are not told."""
    last = instance.year == instance.year.max()
    opened = (open_columns(instance, chosen) & last).astype(np.int64)
    within = (instance.covers @ opened) > 0
    if instance.capacity is None or flows is None:
        return int(people[within].sum())
    within[instance.capacity.rows] = False
    shared = last[flows.column] & (people[flows.row] > 0)
    return int(people[within].sum()) + int(flows.people[shared].sum())


def _columns(of: csr_array, option: int) -> Whole:
    """Columns of an option."""
    held = of.tocoo()
    return np.asarray(held.row[held.col == option], dtype=np.int64)


def _limited(instance: Instance, serves: csr_array) -> Mask:
    """Which options serve a row under capacity."""
    if instance.capacity is None:
        return np.zeros(serves.shape[1], dtype=bool)
    return np.asarray(csr_array(serves[instance.capacity.rows]).sum(axis=0) > 0)


def _shared_only(instance: Instance, capacity: Capacity) -> Instance:
    """Leave what tells how people are best shared out: the rows under capacity and the goals on them."""

    def counts(goal: Goal) -> bool:
        return bool(np.isin(goal.rows, capacity.rows).any())

    rules, none = instance.rules, slice(0, 0)
    loss = np.zeros(instance.n_rows, dtype=np.int64)
    loss[capacity.rows] = instance.loss[capacity.rows]
    return replace(
        instance,
        goals=tuple(filter(counts, instance.goals)),
        communities=tuple(filter(counts, instance.communities)),
        rules=Rules((), csr_array(rules.matrix[none]), rules.minimum[none], rules.maximum[none]),
        loss=loss,
        travel=None,
    )


def _ranked(instance: Instance, span: _Span, k: int) -> tuple[list[int], list[int]]:
    """Lawful swaps of an option, the best first: those that keep all goals, and of the others those that may help.

    One helps that serves somebody whom the drop leaves without cover, or may take people under capacity.
    """
    swaps, judged = span.swaps, span.judged
    lawful, keeps = judged.lawful[k] & (swaps.last_entering >= 0), judged.keeps[k]
    helps = (judged.lost[k] < judged.lost[k, 0]) | (span.leaver_limited[k] & span.entrant_limited)

    def rank(j: int) -> tuple[int, int, tuple[str, ...]]:
        at = swaps.last_entering[j]
        ids = tuple(str(of[at]) for of in (instance.site_id, instance.type, instance.size))
        return int(judged.objective[k, j]), int(judged.yuan[k, j]), ids

    keeping, others = np.flatnonzero(lawful & keeps).tolist(), np.flatnonzero(lawful & ~keeps & helps).tolist()
    return sorted(keeping, key=rank), sorted(others, key=lambda j: (int(judged.lost[k, j]), *rank(j)))


def _with_runner_up(reason: Reason, span: _Span, k: int, j: int, after: _After) -> Reason:
    """Add the runner-up to a reason."""
    return replace(
        reason,
        runner_up=int(span.swaps.last_entering[j]),
        keeps_goals=not after.missed,
        more_yuan=int(span.judged.yuan[k, j]),
        more_objective=after.objective,
        runner_up_lost_people=after.lost,
    )


def _by_reach(basis: _Basis, span: _Span, k: int, ranked: tuple[list[int], list[int]], rows: Whole) -> Reason:
    """Reason of one option, people counted by reach alone."""
    goals, judged = basis.instance.all_goals, span.judged

    def after(j: int) -> _After:
        missed = tuple(goal.label for goal, short in zip(goals, judged.missed, strict=True) if short[k, j])
        return _After(missed, int(judged.objective[k, j]), int(judged.lost[k, j]))

    dropped = after(0)
    left = np.setdiff1d(basis.chosen, _columns(span.swaps.leaving, k))
    broken = tuple(name for name in rules_broken(basis.instance, left) if name not in basis.broken)
    found = Reason(int(span.swaps.last_leaving[k]), rows, dropped.lost, dropped.missed, broken)
    helping = [j for j in ranked[1] if judged.lost[k, j] < dropped.lost]
    best = [*ranked[0], *helping][:1]
    return _with_runner_up(found, span, k, best[0], after(best[0])) if best else found


def _after(basis: _Basis, problem: Problem, span: _Span, k: int, j: int, deadline: float) -> _After:
    """Judge a plan after one swap; people are shared out anew where an option of it serves rows under capacity.

    Raises
    ------
    TimeoutError
        If the time is up.
    """
    instance = basis.instance
    left = np.setdiff1d(basis.chosen, _columns(span.swaps.leaving, k))
    chosen, flows = np.union1d(left, _columns(span.swaps.entering, j)), basis.flows
    if span.leaver_limited[k] or span.entrant_limited[j]:
        seconds = (deadline - time.monotonic()) / PROGRAMS
        # under capacity the reduction leaves no column out
        plan = check(problem, np.isin(problem.reduced.columns, chosen), seconds=seconds) if seconds > 0 else None
        if plan is None or not plan.sure:
            raise TimeoutError
        flows = plan.flows
    reached = zip(instance.all_goals, goals_reached(instance, chosen, flows), basis.least, strict=True)
    missed = tuple(goal.label for goal, got, needed in reached if got.reached < needed)
    objective = objective_of(instance, chosen, flows) - basis.objective
    return _After(missed, objective, basis.served - _served(instance, chosen, flows, basis.people))


def _shared(
    basis: _Basis,
    problem: Problem,
    span: _Span,
    k: int,
    ranked: tuple[list[int], list[int]],
    known: Reason,
    until: float,
) -> Reason:
    """Correct a reason by sharing people out anew, after the drop and after the first few swaps.

    Raises
    ------
    TimeoutError
        If the time is up before all are tried.
    """
    keeping, others = (of[:TRIED] for of in ranked)
    dropped = _after(basis, problem, span, k, 0, until)
    found = Reason(known.column, known.rows, dropped.lost, dropped.missed, known.rules_broken)
    tried = [(j, _after(basis, problem, span, k, j, until)) for j in keeping]
    kept = [(after.objective, n) for n, (_, after) in enumerate(tried) if not after.missed]
    if kept:
        return _with_runner_up(found, span, k, *tried[min(kept)[1]])
    tried += [(j, _after(basis, problem, span, k, j, until)) for j in others]
    helping = [(after.lost, n) for n, (_, after) in enumerate(tried) if after.lost < dropped.lost]
    return _with_runner_up(found, span, k, *tried[min(helping)[1]]) if helping else found


def _reason(basis: _Basis, problem: Problem | None, span: _Span, k: int, rows: Whole, deadline: float) -> Reason:
    """Reason of one option: under capacity with people shared out anew, as far as the time goes."""
    ranked = _ranked(basis.instance, span, k) if basis.second else ([], [])
    known = _by_reach(basis, span, k, ranked, rows)
    if problem is None:
        return known
    try:
        return _shared(basis, problem, span, k, ranked, known, deadline)
    except TimeoutError:
        return replace(known, in_time=False)


def reasons(
    instance: Instance, plan: Plan, *, deadline: float, people: Whole | None = None, second: bool = True
) -> tuple[Reason, ...]:
    """Say why each chosen option is in a plan.

    A goal must reach what it needs, or what it reaches now where the plan falls short of it. An option is swapped in
    the years in which it is open, for one that is closed in all years; all such swaps are compared. Under capacity they
    are compared by reach, which can only say more than is true, and people are shared out anew for the `TRIED` best.

    Parameters
    ----------
    instance
        The problem.
    plan
        A plan of it that keeps all rules, or one that was given: rules that it breaks itself are not told again.
    deadline
        Under capacity, when to stop sharing people out, on the clock of `time.monotonic`.
    people
        Whose loss is told: people of each row, 0 where they are of another layer; None tells of all.
    second
        Whether the best option in the place of each is looked for.

    Returns
    -------
    reasons
        One for each chosen option, in the order of their columns in the last year.
    """
    chosen = np.array(plan.chosen, dtype=np.int64)
    reached = goals_reached(instance, chosen, plan.flows)
    least = [min(got.needed, got.reached) for got in reached]
    objective = objective_of(instance, chosen, plan.flows)
    told = instance.people if people is None else people
    served = _served(instance, chosen, plan.flows, told)
    broken = rules_broken(instance, chosen)
    basis = _Basis(instance, chosen, plan.flows, least, objective, served, told, broken, second)
    problem = None if instance.capacity is None else problem_of(_shared_only(instance, instance.capacity))
    times, covers, found = times_covered(instance, chosen), csc_array(instance.covers), list[Reason]()
    for swaps in swaps_of(instance, chosen):
        limited = _limited(instance, swaps.leaves), _limited(instance, swaps.enters)
        span = _Span(swaps, judge(replace(instance, people=told), swaps, chosen, least), *limited)
        for k, column in enumerate(swaps.last_leaving.tolist()):
            rows = covers.indices[covers.indptr[column] : covers.indptr[column + 1]].astype(np.int64)
            found.append(_reason(basis, problem, span, k, np.sort(rows[times[rows] == 1]), deadline))
    return tuple(sorted(found, key=lambda reason: reason.column))
