"""Solves large covering problems: merge, search, bound, fix, merge again, branch and cut.

The cuts are those of Cordeau, Furini & Ljubic (2019), one for each cluster of rows.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from planner import lp, start
from planner.bounds import Duals, Master, Root, cut_root, master_of
from planner.branching import branch_and_cut, dive, fixed_by, rounded, step_of
from planner.bygoal import alone, shared_price
from planner.covering import Covering, Merged, merge, objective_of, restricted

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

PATIENCE = 12
PATIENCE_WITH_GOALS = 60
"""Shakes in a row that may bring nothing better; with goals, bounds are farther off and plans harder to find."""

WORTH_IT = 0.8
FEW_OPTIONS = 150
"""The problem is written anew over the free options when no more than this part is left, and more than so many."""


GOALS_SHARE = 0.6
"""Part of the time left that the goals one by one may take."""


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
        The same for the same problem, unless the deadline cut the search short.
    """
    merged = merge(problem)
    if _never(merged.problem):
        return Answer(None, None, None, infeasible=True, duals=None)
    n = len(problem.price)
    rest = _Rest(merged.problem, np.arange(n), np.zeros(n, dtype=bool), merged.constant)
    step = step_of(merged.problem)
    worth = start.first_worth(rest.problem)
    plan = start.held(start.ready(rest.problem), np.zeros(n, dtype=bool), worth)
    best, bound, duals = math.inf, 0.0, None
    while True:
        value = None if plan is None else objective_of(rest.problem, plan)
        best = math.inf if value is None else float(value)
        master = master_of(rest.problem)
        core = np.full(len(rest.options), 0.5) if plan is None else plan.astype(np.float64)
        root = cut_root(master, core, enough=best, deadline=deadline)
        if root.infeasible:
            # below a best plan that is fixed by its bound there may be nothing: then that plan is the optimum
            return Answer(None, None, None, infeasible=True, duals=None)
        if duals is None:
            duals = given_duals(problem, merged, root.duals)
        bound = max(bound, root.bound + rest.constant)
        plan = _better(rest, master, root, plan, worth, step, deadline)
        value = None if plan is None else objective_of(rest.problem, plan)
        best = math.inf if value is None else float(value)
        if report:
            report(f"root over {len(rest.options)} options", best + rest.constant, bound)
        worth = np.where(root.duals.goals > 0, root.duals.goals, worth) if root.done else worth
        low, high = fixed_by(
            root.reduced_cost, root.bound, best, np.zeros(len(rest.options)), np.ones(len(rest.options))
        )
        slack = gap * (best + rest.constant) if best < math.inf else 0.0
        if not root.done or rounded(root.bound, step) >= best - slack:
            break
        free = low < high
        if plan is None or free.sum() <= FEW_OPTIONS or free.mean() > WORTH_IT:
            plan = _goals_apart(rest, master, root, plan, step, deadline)
            found = branch_and_cut(master, (root.bound, low, high), plan, worth, slack=slack, deadline=deadline)
            plan, best = found.plan, found.objective
            bound = max(bound, found.bound + rest.constant)
            break
        # the best plan need not lie among the free options: it is kept, and only better ones are looked for
        kept, rest = rest, _smaller(rest, low, high)
        opened = kept.whole(plan)
        plan = opened[rest.options]
    if plan is None:
        done = bound == math.inf
        return Answer(None, None, None if done else bound, infeasible=done, duals=duals)
    opened = rest.whole(plan)
    objective = objective_of(problem, opened)
    rest_bound = min(max(bound, rounded(bound - merged.constant, step) + merged.constant), float(objective or 0))
    return Answer(opened, objective, rest_bound, infeasible=False, duals=duals)


def _goals_apart(
    rest: _Rest, master: Master, root: Root, plan: Flags | None, step: int, deadline: float
) -> Flags | None:
    """Add what each goal costs alone to the LP, and look for a better plan made of the plans of the goals."""
    problem = rest.problem
    count = len(problem.allowed)
    if count < 2 or not problem.price.any():  # noqa: PLR2004  (one goal alone is the problem itself)
        return plan
    price = shared_price(problem, root.duals, step)
    together = np.zeros(len(rest.options), dtype=bool)
    for goal in range(count):
        now = time.perf_counter()
        until = now + GOALS_SHARE * max(0.0, deadline - now) / (count - goal)
        part = alone(problem, goal, price[goal])
        answer = solve_covering(part.problem, gap=0.0, deadline=until)
        if answer.opened is not None:
            together[part.options[answer.opened]] = True
        if answer.bound:
            index = part.options[part.problem.price > 0]
            factors, start_of = price[goal][index].astype(np.float64), np.array([0, len(index)])
            lp.add_rows(master.lp, np.array([answer.bound]), np.array([np.inf]), start_of, index, factors)
    given = start.ready(problem)
    made = start.mended(given, together, root.duals.goals)
    plans = [(objective_of(problem, p), i, p) for i, p in enumerate((plan, made)) if p is not None]
    known = [(value, i, p) for value, i, p in plans if value is not None]
    return min(known, key=lambda entry: entry[:2])[2] if known else plan


def _better(
    rest: _Rest, master: Master, root: Root, plan: Flags | None, worth: Floats, step: int, deadline: float
) -> Flags | None:
    """Look for plans around the LP's point and around the best plan."""
    priced = np.where(root.duals.goals > 0, root.duals.goals, worth) if root.done else worth
    given = start.ready(rest.problem)
    dived = dive(master, root.values, deadline=deadline)
    rough = root.values > 0.5 if dived is None else dived  # noqa: PLR2004
    near = start.mended(given, rough, priced) if len(worth) else start.held(given, rough, priced)
    values = [(objective_of(rest.problem, p), i, p) for i, p in enumerate((plan, near)) if p is not None]
    known = [(value, i, p) for value, i, p in values if value is not None]
    if not known:
        return None
    plan = min(known, key=lambda entry: entry[:2])[2]
    enough = rounded(root.bound, step)
    patience = PATIENCE_WITH_GOALS if len(worth) else PATIENCE
    return start.around(given, plan, root.values, priced, patience=patience, enough=enough, deadline=deadline)
