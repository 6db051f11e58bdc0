"""Cost against coverage: for budgets from none to enough for all, the most people that a plan can cover, and where.

Budgets are solved from the dearest down: what it cannot cover, no smaller one can. Each is solved on its own (see
`planner.budget`), but for large problems of covering alone: there one LP serves all budgets (see `planner.sweep`).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from planner import sweep
from planner.budget import Found, Task, at_hand, cheapest_lawful, cost_in, most_people, people_of, task_of, within
from planner.check import check, failed
from planner.siting import NO_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal

    from numpy.typing import NDArray

    from planner.budget import Best
    from planner.check import Checked
    from planner.covering import Covering
    from planner.siting import Instance

    Whole = NDArray[np.int64]

GAP = 0.001
"""Part of the people newly covered, and of the cost, that a point may fall short of the best by.

Of large problems only the people are searched for so far; by what part the cost can be less is stated as it is known.
"""

STEPS = 9
"""Points of a frontier."""


@dataclass(frozen=True)
class Point:
    """The plan that covers most people within a budget, and of those that cover as many the cheapest.

    Attributes
    ----------
    budget_yuan, cost_yuan
        What may be spent within the horizon, and what the plan costs.
    chosen
        Numbers of its open new columns, ascending.
    options
        Which rows of the options table these are, ascending, each once.
    added
        Those of them that the point before does not have.
    people, newly
        Whom it covers, and how many more than today.
    most
        Proven: no plan within the budget covers more people than this.
    gap
        (most - people) / (most - today); 0 where they are equal.
    cost_gap
        By what part of its cost a plan that covers as many can be cheaper at most; 0 where none is cheaper.
    """

    budget_yuan: int
    cost_yuan: int
    chosen: tuple[int, ...]
    options: tuple[int, ...]
    added: tuple[int, ...]
    people: int
    newly: int
    most: int
    gap: float
    cost_gap: float

    @property
    def status(self) -> Literal["optimal", "gap"]:
        """Whether nothing within the budget is better, or perhaps something is."""
        return "optimal" if self.gap == self.cost_gap == 0 else "gap"


@dataclass(frozen=True)
class Frontier:
    """Cost against coverage.

    Attributes
    ----------
    status
        ``infeasible``: no plan keeps the rules. ``unknown``: none was found in the time. ``optimal``: every point is.
    whole, today
        All people that are counted, and those covered today.
    points
        By rising budget; none covers less than the one before.
    seconds
        Time spent, in seconds.
    """

    status: Literal["optimal", "gap", "infeasible", "unknown"]
    whole: int
    today: int
    points: tuple[Point, ...]
    seconds: float


def _points(task: Task, budgets: Sequence[int], found: Sequence[Found]) -> tuple[Point, ...]:
    """State what was found, by rising budget; where a cheaper plan covers as many, it takes the place of a dearer."""
    points: list[Point] = []
    option = task.problem.instance.option
    best = found[0]
    for budget, mine in zip(budgets, found, strict=True):
        better = people_of(mine.plan) > people_of(best.plan)
        best = replace(mine if better else best, most=mine.most)
        chosen = task.problem.chosen(best.plan.opened)
        options = tuple(int(k) for k in np.unique(option[chosen]))
        people, cost = people_of(best.plan), cost_in(task, best.plan)
        points.append(
            Point(
                budget_yuan=budget,
                cost_yuan=cost,
                chosen=tuple(int(k) for k in chosen),
                options=options,
                added=tuple(sorted(set(options) - set(points[-1].options if points else ()))),
                people=people,
                newly=people - task.today,
                most=best.most,
                gap=(best.most - people) / (best.most - task.today) if best.most > people else 0.0,
                cost_gap=(cost - best.least_yuan) / cost if cost > best.least_yuan else 0.0,
            )
        )
    return tuple(points)


def _budgets(low: int, high: int, steps: int) -> list[int]:
    """Space budgets evenly, each once."""
    return sorted({low + (high - low) * k // (steps - 1) for k in range(steps)})


def _one_by_one(task: Task, cheapest: Checked, *, steps: int, gap: float, end: float) -> tuple[list[int], list[Found]]:
    """Solve every budget on its own, from the dearest down."""

    def solved(budget: int, near: Checked, left: int) -> Found:
        known, now = at_hand(task, near, cheapest, budget), time.monotonic()
        return most_people(task, budget, known, gap=gap, deadline=now + (end - now) / left)

    found = [solved(NO_LIMIT, cheapest, steps)]
    budgets = _budgets(cost_in(task, cheapest), cost_in(task, found[0].plan), steps)
    for left in range(len(budgets) - 1, 0, -1):
        above = found[-1]
        enough = cost_in(task, above.plan) <= budgets[left - 1]
        mine = above if enough else solved(budgets[left - 1], above.plan, left)
        found.append(replace(mine, most=min(mine.most, above.most)))
    return budgets, found[::-1]


def _swept(
    task: Task, covering: Covering, cheapest: Best, floor: Checked, *, steps: int, gap: float, end: float
) -> tuple[list[int], list[Found]]:
    """Solve all budgets with one LP, from the dearest down; its lines then say what their plans cost at least.

    Budgets whose share of the time was too short get what is left of it.
    """
    known = sweep.begun(covering)

    def until(left: int) -> float:
        return time.perf_counter() + (end - time.monotonic()) / left

    known, best = sweep.bought(known, NO_LIMIT, floor.opened, floor.opened, gap=gap, deadline=until(steps + 1))
    known, opened = sweep.spared(known, best.plan, gap=gap, deadline=until(steps))
    found = [Found(_lawful(task, NO_LIMIT, opened), task.today + best.most, 0)]
    budgets = _budgets(cost_in(task, floor), cost_in(task, found[0].plan), steps)[::-1]
    for k, budget in enumerate(budgets[1:], 1):
        above, deadline = found[-1], until(len(budgets) - k)
        mine = above
        if cost_in(task, above.plan) > budget:
            known, best = sweep.bought(known, budget, above.plan.opened, floor.opened, gap=gap, deadline=deadline)
            mine = Found(_lawful(task, budget, best.plan), task.today + best.most, 0)
        found.append(mine)
    late = [k for k, mine in enumerate(found) if mine.most - people_of(mine.plan) > gap * (mine.most - task.today)]
    for done, k in enumerate(late):
        if time.monotonic() > end:
            break
        near, deadline = found[k].plan.opened, until(len(late) - done)
        known, best = sweep.bought(known, budgets[k], near, floor.opened, gap=gap, deadline=deadline)
        found[k] = Found(_lawful(task, budgets[k], best.plan), min(task.today + best.most, found[k].most), 0)
    return budgets[::-1], _priced(task, known, cheapest, found)[::-1]


def _priced(task: Task, known: sweep.Sweep, cheapest: Best, found: Sequence[Found]) -> list[Found]:
    """Say what plans cost at least that cover as many as those found, the dearest first."""
    priced, most = [], task.whole
    for mine in found:
        people, yuan, most = people_of(mine.plan), cost_in(task, mine.plan), min(mine.most, most)
        least_yuan = max(cheapest.bound or 0, sweep.least_cost(known, people - task.today))
        if people > most or yuan < least_yuan:
            raise failed(f"{people} > {most} or {yuan} < {least_yuan}")
        priced.append(replace(mine, most=most, least_yuan=least_yuan))
    return priced


def _lawful(task: Task, budget: int, opened: NDArray[np.bool_]) -> Checked:
    """Recompute a plan on the original rows; stops if it breaks a rule or the budget."""
    plan = check(within(task, budget=budget, people=0)[0], opened)
    if not plan.good:
        raise failed(", ".join([*plan.broken, *plan.missed]))
    return plan


def frontier(
    instance: Instance,
    weight: Whole,
    *,
    steps: int = STEPS,
    gap: float | Decimal = GAP,
    time_limit_s: float | Decimal = 60.0,
    report: Callable[[str], None] | None = None,
) -> Frontier:
    """Find for evenly spaced budgets the most people that a plan can cover.

    Budgets run from the least that any plan costs which keeps the rules (0, unless today breaks one) to the least cost
    found at which as many are covered as any plan within the rules can cover.

    Parameters
    ----------
    instance
        The problem. Its rules are kept, other budgets included; its goals and its objective are left out of account.
    weight
        People of each row that counts, 0 elsewhere: those of one standard, in the last year where there are several;
        under capacity all people of its rows; shape (n_rows,).
    steps
        How many budgets, 2 at least; fewer points where some are equal.
    gap
        Relative gap that a point may leave open in people newly covered, and in cost (see `GAP`); 0 asks for proven
        optima.
    time_limit_s
        Time for all points together, in seconds.
    report
        Called with the name of each step as it begins.

    Returns
    -------
    frontier
        The points; none where no plan keeps the rules, or none was found in the time.

    Raises
    ------
    PlanError
        If what the solver says contradicts the check on the original rows.
    """
    started = time.monotonic()
    end = started + float(time_limit_s)
    say = report or (lambda _step: None)
    say("reduce")
    task = task_of(instance, weight)
    say("frontier")
    floor = cheapest_lawful(task, end)
    if floor.plan is None:
        status: Literal["infeasible", "unknown"] = "infeasible" if floor.infeasible else "unknown"
        return Frontier(status, task.whole, task.today, (), time.monotonic() - started)
    if task.covering is None or gap == 0:  # the least cost is proven by a search of its own
        budgets, found = _one_by_one(task, floor.plan, steps=steps, gap=float(gap), end=end)
    else:
        budgets, found = _swept(task, task.covering, floor, floor.plan, steps=steps, gap=float(gap), end=end)
    points = _points(task, budgets, found)
    proven = all(point.status == "optimal" for point in points)
    return Frontier("optimal" if proven else "gap", task.whole, task.today, points, time.monotonic() - started)
