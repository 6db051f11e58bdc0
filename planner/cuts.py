"""Solves large covering problems: merge, search, bound, fix, merge again, branch and cut.

The cuts are those of Cordeau, Furini & Ljubic (2019), one for each cluster of rows.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from planner import start
from planner.bounds import Duals, Master, Root, cut_root, master_of
from planner.branching import branch_and_cut, dive, fixed_by, rounded, step_of
from planner.bygoal import Group, add_least, alone, borders, groups_of, price_of, reach_of, shared_price
from planner.covering import Covering, Merged, merge, objective_of, restricted
from planner.errors import Fault, PlanError
from planner.workers import MOST_THREADS, in_threads, workers_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Whole = NDArray[np.int64]

PATIENCE = 12
PATIENCE_WITH_GOALS = 40
"""Shakes in a row that may bring nothing better; with goals, bounds are farther off and plans harder to find."""

WORTH_IT = 0.8
FEW_OPTIONS = 150
"""The problem is written anew over the free options when no more than this part is left, and more than so many."""


GOALS_SHARE, WINDOWS_SHARE = 0.95, 0.1
"""Part of the time left that groups of goals may take, and part of that for plans rather than bounds."""

GROUP_SIZES = (1, 2, 3)
"""Goals that are looked at together, round by round; each round puts other neighbours together."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What is known of a covering problem when the search ends.

    Attributes
    ----------
    opened
        The best plan, shape (options,); None: none was found.
    objective
        Of that plan, recomputed on the given rows.
    bound
        No plan is below it; None: not known.
    infeasible
        No plan holds all goals and rules.
    duals
        Multipliers of the first LP, for the rows, goals and rules as given; None where there was none.
    """

    opened: Flags | None
    objective: int | None
    bound: float | None
    infeasible: bool
    duals: Duals | None


NO_PLAN = Answer(None, None, None, infeasible=True, duals=None)


@dataclass(frozen=True)
class _Effort:
    """How hard a problem is tried: gap, deadline, goals looked at apart, threads; whether it is all of it."""

    gap: float
    deadline: float
    sizes: tuple[int, ...]
    threads: int
    whole: bool


@dataclass(frozen=True, eq=False)
class _Rest:
    """A smaller problem, and what it is in the merged one: its options, those held open, and its constant."""

    problem: Covering
    options: NDArray[np.int64]
    held: Flags
    constant: int

    def whole(self, plan: Flags) -> Flags:
        """Return the plan over all options."""
        opened = self.held.copy()
        opened[self.options] = plan
        return opened


def given_duals(problem: Covering, merged: Merged, duals: Duals) -> Duals:
    """Share the multiplier of a merged row among its rows by what each may bear: loss + goals' multipliers x weights.

    Parameters
    ----------
    problem, merged
        The problem as given, and merged.
    duals
        Multipliers of the merged problem.

    Returns
    -------
    duals
        Multipliers of the given problem that prove the same bound.
    """
    of_goals = problem.goals.T @ duals.goals if len(duals.goals) else 0.0
    most = problem.loss.astype(np.float64) + of_goals
    inside = merged.group >= 0
    whole = np.bincount(merged.group[inside], weights=most[inside], minlength=len(duals.rows)).astype(np.float64)
    share = np.divide(duals.rows, whole, out=np.zeros_like(whole), where=whole > 0)
    # a row without options is uncovered come what may: its multiplier is all that it may bear
    rows = np.where(np.diff(problem.covers.indptr) == 0, most, 0.0)
    rows[inside] = most[inside] * np.minimum(share[merged.group[inside]], 1.0)
    return Duals(rows, duals.goals, duals.rules)


def _smaller(rest: _Rest, low: Floats, high: Floats) -> _Rest:
    """Write the problem over the free options alone."""
    free, opened = low < high, low > 0
    part = restricted(rest.problem, opened, free)
    held = rest.held.copy()
    held[rest.options[opened & ~free]] = True
    return _Rest(part.problem, rest.options[free], held, rest.constant + part.constant)


def _never(problem: Covering) -> bool:
    """Tell whether a goal is missed with everything open."""
    return bool((problem.allowed < 0).any())


def solve_covering(
    problem: Covering, *, gap: float, deadline: float, report: Callable[[str, float, float], None] | None = None
) -> Answer:
    """Find a plan of least objective, and prove it as far as time allows.

    Parameters
    ----------
    problem
        The problem.
    gap
        Part of the objective that may stay unproven.
    deadline
        `time.perf_counter` at which to stop.
    report
        Told the stage, the best objective (infinite: none) and the bound.

    Returns
    -------
    answer
        The same for the same problem, unless the deadline cut the search short, or the part of the time that a group of
        goals may take did (then the plan or the bound may differ with the machine; both stay true).
    """
    effort = _Effort(gap, deadline, GROUP_SIZES, workers_for(MOST_THREADS, None), whole=True)
    return _solved(problem, effort, report)


def _solved(problem: Covering, effort: _Effort, report: Callable[[str, float, float], None] | None = None) -> Answer:
    """Solve with so much effort."""
    merged = merge(problem)
    if _never(merged.problem):
        return NO_PLAN
    n = len(problem.price)
    rest = _Rest(merged.problem, np.arange(n), np.zeros(n, dtype=bool), merged.constant)
    step = step_of(merged.problem)
    worth = start.first_worth(rest.problem)
    plan = start.held(start.ready(rest.problem), np.zeros(n, dtype=bool), worth)
    bound, duals = 0.0, None
    while True:
        master = master_of(rest.problem)
        root = _root_of(master, plan, effort.deadline)
        if root.infeasible:
            return NO_PLAN
        duals = duals or given_duals(problem, merged, root.duals)
        bound = max(bound, root.bound + rest.constant)
        plan = _better(rest, master, root, plan, worth, step, effort)
        best = _value(rest.problem, plan)
        if report:
            report(f"root over {len(rest.options)} options", best + rest.constant, bound)
        worth = np.where(root.duals.goals > 0, root.duals.goals, worth) if root.done else worth
        low, high = _fixed(root, best)
        slack = effort.gap * (best + rest.constant) if best < math.inf else 0.0
        if not root.done or rounded(root.bound, step) >= best - slack:
            break
        free = low < high
        if plan is None or free.sum() <= FEW_OPTIONS or free.mean() > WORTH_IT:
            plan, lower = _branched(master, root, (low, high), plan, worth, slack, effort)
            bound = max(bound, lower + rest.constant)
            break
        # no option that the best plan moves is fixed: what is as good as the best known is never fixed away
        opened, rest = rest.whole(plan), _smaller(rest, low, high)
        plan = opened[rest.options]
    none = plan is None and bound == math.inf
    bound = rounded(bound - merged.constant, step) + merged.constant
    if plan is None:
        return Answer(None, None, None if none else bound, infeasible=none, duals=duals)
    return _stated(problem, rest.whole(plan), bound, duals)


def _root_of(master: Master, plan: Flags | None, deadline: float) -> Root:
    """Cut the LP, away from the best plan."""
    core = np.full(len(master.problem.price), 0.5) if plan is None else plan.astype(np.float64)
    root = cut_root(master, core, enough=_value(master.problem, plan), deadline=deadline)
    if root.infeasible and plan is not None:
        raise PlanError(Fault("plan_check_failed", values={"broken": "no x keeps what a plan keeps"}))
    return root


def _branched(
    master: Master,
    root: Root,
    box: tuple[Floats, Floats],
    plan: Flags | None,
    worth: Floats,
    slack: float,
    effort: _Effort,
) -> tuple[Flags | None, float]:
    """Look at groups of goals apart, then branch within a box; returns the best plan and the bound."""
    plan, root = _goals_apart(master, root, plan, effort)
    node = (root.bound, *fixed_by(root.reduced_cost, root.bound, _value(master.problem, plan), *box))
    found = branch_and_cut(master, node, plan, worth, slack=slack, deadline=effort.deadline)
    return found.plan, found.bound


def _stated(problem: Covering, opened: Flags, bound: float, duals: Duals | None) -> Answer:
    """State a plan by its objective on the rows as given."""
    objective = objective_of(problem, opened)
    if objective is None or bound > objective:
        raise PlanError(Fault("plan_check_failed", values={"broken": f"bound {bound}, plan {objective}"}))
    return Answer(opened, objective, bound, infeasible=False, duals=duals)


def _fixed(root: Root, best: float) -> tuple[Floats, Floats]:
    """Return the bounds of the options in every plan that is better than the best."""
    n = len(root.values)
    return fixed_by(root.reduced_cost, root.bound, best, np.zeros(n), np.ones(n))


def _few(free: Flags) -> bool:
    """Tell whether fixing leaves so few options that branching is sooner done than a search for better plans."""
    return bool(free.sum() <= FEW_OPTIONS and free.mean() <= WORTH_IT)


def _value(problem: Covering, plan: Flags | None) -> float:
    """Objective of a plan; infinite where it is none, or keeps not all."""
    value = None if plan is None else objective_of(problem, plan)
    return math.inf if value is None else float(value)


def _goals_apart(master: Master, root: Root, plan: Flags | None, effort: _Effort) -> tuple[Flags | None, Root]:
    """Look at groups of neighbouring goals apart from the others, for better plans and for cuts of the LP.

    Groups grow from round to round, and each round puts other neighbours together.
    """
    problem = master.problem
    if len(problem.allowed) < 2 or not problem.price.any():  # noqa: PLR2004  (one goal alone is the problem itself)
        return plan, root
    now = time.perf_counter()
    until = now + GOALS_SHARE * max(0.0, effort.deadline - now)
    reach = reach_of(problem)
    ties = borders(reach)
    met = np.zeros(ties.shape)
    known: list[csr_array] = []
    for place, most in enumerate(effort.sizes):
        groups = groups_of(ties / (1.0 + met), most)
        if effort.whole and place == 0:
            plan = _by_windows(problem, plan, groups, reach, until)
        price = shared_price(master, root, known, step_of(problem))
        inside = _Effort(0.0, until, effort.sizes[: min(place, 1)], 1, whole=False)
        for group, answer in _grouped(problem, groups, price, inside, effort.threads):
            met[np.ix_(group.goals, group.goals)] += 1
            if answer.bound:
                add_least(master, group, answer.bound, len(known))
                known.append(price_of(group, price))
        core = root.values if plan is None else plan.astype(np.float64)
        again = cut_root(master, core, enough=math.inf, deadline=effort.deadline)
        root = again if again.done else root
        if not again.done or time.perf_counter() > until:
            break
    return plan, root


def _grouped(
    problem: Covering, groups: list[tuple[int, ...]], price: Whole, effort: _Effort, threads: int
) -> list[tuple[Group, Answer]]:
    """Solve groups of goals alone at these prices, within the deadline in all."""
    left = np.cumsum([len(goals) for goals in groups][::-1])[::-1].tolist()
    workers = workers_for(len(groups), threads)

    def work(place: int) -> tuple[Group, Answer]:
        group = alone(problem, groups[place], price)
        now = time.perf_counter()
        until = now + (effort.deadline - now) * min(1.0, workers * len(group.goals) / left[place])
        return group, _solved(group.problem, replace(effort, deadline=until))

    return list(in_threads(work, range(len(groups)), workers))


def _by_windows(
    problem: Covering, plan: Flags | None, groups: list[tuple[int, ...]], reach: csr_array, deadline: float
) -> Flags | None:
    """Decide anew what reaches the goals of one group after the other, all else as in the best plan so far."""
    objective = _value(problem, plan)
    if plan is None or objective == math.inf:
        return None
    for number, goals in enumerate(groups):
        now = time.perf_counter()
        until = now + WINDOWS_SHARE * (deadline - now) / (len(groups) - number)
        free = np.asarray(reach[list(goals)].sum(axis=0)).ravel() > 0
        answer = _solved(restricted(problem, plan, free).problem, _Effort(0.0, until, (), 1, whole=False))
        if answer.opened is not None:
            made = plan.copy()
            made[free] = answer.opened
            if _value(problem, made) <= objective:  # another plan of the same cost leads on as well
                plan, objective = made, _value(problem, made)
    return plan


def _better(
    rest: _Rest, master: Master, root: Root, plan: Flags | None, worth: Floats, step: int, effort: _Effort
) -> Flags | None:
    """Look for plans around the LP's point, and around the best plan unless few options are left to branch on."""
    priced = np.where(root.duals.goals > 0, root.duals.goals, worth) if root.done else worth
    given = start.ready(rest.problem)
    dived = dive(master, root.values, deadline=effort.deadline)
    rough = root.values > 0.5 if dived is None else dived  # noqa: PLR2004
    near = start.mended(given, rough, priced) if len(worth) else start.held(given, rough, priced)
    values = [(objective_of(rest.problem, p), i, p) for i, p in enumerate((plan, near)) if p is not None]
    known = [(value, i, p) for value, i, p in values if value is not None]
    if not known:
        return None
    objective, _, plan = min(known, key=lambda entry: entry[:2])
    if root.done and _few(np.less(*_fixed(root, objective))):
        return plan
    enough = rounded(root.bound, step)
    patience = PATIENCE_WITH_GOALS if effort.whole and len(worth) else PATIENCE
    return start.around(given, plan, root.values, priced, patience=patience, enough=enough, deadline=effort.deadline)
