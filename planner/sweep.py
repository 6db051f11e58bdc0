"""One large covering problem within many budgets: a single LP keeps its cuts while the budget falls.

The cuts are of rows and options alone, so they hold for every budget, and each LP begins where the last one ended.
What the LP covers is concave in the budget: its optimum at one budget, with the dual of the budget's row, is a line
that no plan of any cost lies above (Geoffrion & Nauss 1977, Management Science 23). Read the other way, the lines say
what it costs at least to cover so much.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csc_array, csr_array

from planner import start
from planner.bounds import Master, Root, cut_root, limited, master_of
from planner.branching import dive, fixed_by, rounded, step_of
from planner.covering import NO_LIMIT, Covering, merge, objective_of, restricted, uncovered_by
from planner.cuts import solve_covering

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Flags = NDArray[np.bool_]

CLOSE = 0.1
"""An LP is cut until its bound is known to this part of the gap that is allowed."""

PATIENCE = 12
"""Shakes in a row that may bring nothing better."""

LOOSE = 1e-7
"""How far an LP's duals may be off, for each unit that its columns can move: what a line gives away to be sure."""

HALF = 0.5
"""Options that the LP opens by more are open in the plan that a search begins from."""

LOWER = 7 / 8
"""Where a budget is more than enough for what is to be covered, the next one tried is this part of it."""


@dataclass(frozen=True, eq=False)
class Line:
    """No plan that costs ``c`` covers more than ``most + rate * (c - budget)``; `rate` is at least 0."""

    budget: int
    most: float
    rate: float


@dataclass(frozen=True, eq=False)
class Sweep:
    """A covering problem whose options have a price, and what is known of it from one budget to the next.

    Attributes
    ----------
    master, given
        The LP that leaves least uncovered, and the same problem for the searches. Its last rule is the budget.
    price, step
        Of each option; what divides every price.
    whole
        What there is to cover, of what some option covers.
    lines
        One for every LP that was solved.
    """

    master: Master
    given: start.Ready
    price: Whole
    step: int
    whole: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, eq=False)
class Bought:
    """What a budget buys: the best plan found, and the most that any plan covers."""

    plan: Flags
    most: int


def begun(problem: Covering) -> Sweep:
    """Write the LP once for all budgets.

    Parameters
    ----------
    problem
        What is lost on rows is what there is to cover. The last rule is the cost of the options at their price. Goals
        are left out of account.
    """
    rows, options = problem.covers.shape
    merged = merge(
        replace(
            problem,
            price=np.zeros(options, dtype=np.int64),
            goals=csr_array((0, rows), dtype=np.int64),
            allowed=np.zeros(0, dtype=np.int64),
        )
    ).problem
    master = master_of(merged)
    return Sweep(
        master=master,
        given=start.ready(merged),
        price=problem.price,
        step=int(np.gcd.reduce(problem.price, initial=0)) or 1,
        whole=int(merged.loss.sum()),
        lines=(),
    )


def cost(sweep: Sweep, plan: Flags) -> int:
    """Add up the prices of a plan."""
    return int(sweep.price[plan].sum())


def covered(sweep: Sweep, plan: Flags) -> int:
    """Add up what a plan covers."""
    problem = sweep.given.problem
    return sweep.whole - int(problem.loss[uncovered_by(problem, plan)].sum())


def least_cost(sweep: Sweep, amount: int) -> int:
    """Compute what every plan costs at least that covers so much: the highest that a line says, in whole steps."""
    least = 0.0
    for line in sweep.lines:
        if line.rate > 0:
            least = max(least, line.budget - (line.most - amount) / line.rate)
    return int(rounded(least, sweep.step))


def _at(sweep: Sweep, budget: int) -> Sweep:
    """Change the budget."""
    master = limited(sweep.master, len(sweep.given.high) - 1, budget)
    high = np.append(sweep.given.high[:-1], budget if budget < NO_LIMIT else np.inf)
    return replace(sweep, master=master, given=replace(sweep.given, problem=master.problem, high=high))


def _cut(sweep: Sweep, near: Flags, *, deadline: float, close: float = -math.inf) -> tuple[Sweep, Root]:
    """Solve the LP at the budget in force, led by a plan; the line that it gives is kept."""
    master = sweep.master
    root = cut_root(master, near.astype(np.float64), enough=math.inf, deadline=deadline, close=close)
    if not len(root.of_cuts):  # the time was up before there were multipliers
        return sweep, root
    most = sweep.whole - root.bound + LOOSE * (sweep.whole + len(near))
    line = Line(int(master.problem.maximum[-1]), most, max(0.0, -float(root.duals.rules[-1])))
    return replace(sweep, lines=(*sweep.lines, line)), root


def _led(sweep: Sweep, plan: Flags, amount: int) -> Flags | None:
    """Lead a plan to cover so much, close what it does not need for it, exchange options for cheaper ones.

    Returns
    -------
    plan
        It keeps all rules but the budget; None where it does not come to cover so much.
    """
    problem, weights = sweep.given.problem, csr_array(sweep.given.problem.loss[None, :])
    asked = replace(
        problem,
        price=sweep.price,
        loss=np.zeros_like(problem.loss),
        goals=weights,
        allowed=np.array([sweep.whole - amount]),
        maximum=np.append(problem.maximum[:-1], NO_LIMIT),
    )
    high = np.append(sweep.given.high[:-1], np.inf)
    return start.mended(replace(sweep.given, problem=asked, goals=csc_array(weights), high=high), plan, np.ones(1))


def _trimmed(sweep: Sweep, plan: Flags) -> Flags:
    """Make a plan cheaper that still covers as much, unless that is known to be in vain."""
    amount = covered(sweep, plan)
    if cost(sweep, plan) <= least_cost(sweep, amount):
        return plan
    return _cheapest(sweep, plan, _led(sweep, plan, amount))


def _cheapest(sweep: Sweep, plan: Flags, other: Flags | None) -> Flags:
    """Take the cheaper of two plans, the first where the other is none."""
    return other if other is not None and cost(sweep, other) < cost(sweep, plan) else plan


def _best(sweep: Sweep, plans: Iterable[Flags | None]) -> Flags:
    """Take the plan that covers most of those that keep the rules (one does at least), and of equals the cheapest."""
    known = [(objective_of(sweep.given.problem, plan), plan) for plan in plans if plan is not None]
    ranked = [(left, cost(sweep, plan), plan) for left, plan in known if left is not None]
    return min(ranked, key=lambda entry: entry[:2])[2]


def _around(sweep: Sweep, root: Root, plans: Iterable[Flags], deadline: float) -> Flags | None:
    """Lead plans of any cost to keep the rules, and look around the best of them."""
    nothing = np.zeros(0)
    held = [plan for plan in (start.held(sweep.given, plan, nothing) for plan in plans) if plan is not None]
    if not held:
        return None
    return start.around(
        sweep.given,
        _best(sweep, held),
        root.values,
        nothing,
        patience=PATIENCE,
        enough=rounded(root.bound, step_of(sweep.given.problem)),
        deadline=deadline,
    )


def _settled(sweep: Sweep, root: Root, plan: Flags, slack: int, deadline: float) -> Bought:
    """Solve what is left when every option is held that no plan moves which is better by more than the slack."""
    problem, n = sweep.given.problem, len(root.values)
    enough = sweep.whole - covered(sweep, plan) - slack
    low, high = fixed_by(root.reduced_cost, root.bound, float(enough), np.zeros(n), np.ones(n))
    free, held = low < high, low == 1
    rest = restricted(problem, held, free)
    answer = solve_covering(rest.problem, gap=slack / max(1, enough + slack - rest.constant), deadline=deadline)
    bound = rounded(root.bound, step_of(problem))
    if answer.infeasible:  # nothing is better by more than the slack
        bound = max(bound, float(enough))
    elif answer.bound is not None:  # plans that move a held option leave more than enough
        bound = min(max(bound, answer.bound + rest.constant), float(enough))
    found = held.copy()
    if answer.opened is not None:
        found[free] = answer.opened
    return Bought(_best(sweep, (plan, found)), sweep.whole - int(bound))


def bought(
    sweep: Sweep, budget: int, near: Flags, floor: Flags, *, gap: float, deadline: float
) -> tuple[Sweep, Bought]:
    """Find what a budget buys: search around the LP's point, and where that leaves too much open dive, and then branch.

    Parameters
    ----------
    sweep
        What is known so far.
    budget
        What may be spent.
    near, floor
        A plan of any cost to begin from, and one that keeps the budget and all rules.
    gap
        Part of what a plan covers that may stay unproven.
    deadline
        `time.perf_counter` at which to stop.

    Returns
    -------
    sweep, bought
        What is known now; the same for the same input unless the deadline cut the search short.
    """
    sweep = _at(sweep, budget)
    fit = _best(sweep, (start.held(sweep.given, near, np.zeros(0)), floor))
    sweep, root = _cut(sweep, fit, deadline=deadline, close=CLOSE * gap * covered(sweep, fit))
    most = sweep.whole - int(rounded(root.bound, step_of(sweep.given.problem)))

    def short(plan: Flags) -> bool:
        return most - covered(sweep, plan) > int(gap * covered(sweep, plan))

    plan = _best(sweep, (fit, _around(sweep, root, (root.values > HALF, fit), deadline)))
    if short(plan):
        dived = dive(sweep.master, root.values, deadline=deadline)
        rough = root.values > HALF if dived is None else dived
        plan = _best(sweep, (plan, _around(sweep, root, (rough,), deadline)))
    best = Bought(plan, most)
    if short(plan) and time.perf_counter() < deadline:
        best = _settled(sweep, root, plan, int(gap * covered(sweep, plan)), deadline)
    return sweep, replace(best, plan=_trimmed(sweep, best.plan))


def spared(sweep: Sweep, plan: Flags, *, gap: float, deadline: float) -> tuple[Sweep, Flags]:
    """Look for the cheapest plan that covers as much, by Newton's steps on what the LP covers within budgets.

    Parameters
    ----------
    sweep
        What is known so far.
    plan
        A plan that keeps the rules.
    gap
        Part of the cost that may stay unproven.
    deadline
        `time.perf_counter` at which to stop.

    Returns
    -------
    sweep, plan
        What is known now, and the plan, or a cheaper one.
    """
    amount, best, low = covered(sweep, plan), plan, 0
    # where all is covered a little less money mostly covers it too: nothing is learnt there
    budget = int(LOWER * cost(sweep, best)) if amount == sweep.whole else cost(sweep, best) - sweep.step
    while budget > 0 and cost(sweep, best) - low > gap * cost(sweep, best) and time.perf_counter() < deadline:
        sweep, root = _cut(_at(sweep, budget), best, deadline=deadline)
        best = _cheapest(sweep, best, _led(sweep, root.values > HALF, amount))
        known, low = low, least_cost(sweep, amount)
        if low > 0 and low - known <= gap * low:
            break
        budget = low or int(LOWER * budget)
    return sweep, best
