"""Cost against coverage: for budgets from none to enough for all, the most people that a plan can cover, and where.

Two problems in turn for each budget, over one reduction and one program: most people within it (MCLP, Church & ReVelle
1974, under all rules of the instance), then least cost for so many. Their solutions are the points that no plan beats
in both (epsilon constraints, Haimes, Lasdon & Wismer 1971, IEEE Trans. Systems, Man, and Cybernetics SMC-1). Budgets
are solved from the dearest down: what it cannot cover, no smaller one can.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.sparse import csr_array, vstack

from planner import milp
from planner.check import Checked, check, failed
from planner.core import least
from planner.cuts import solve_covering
from planner.large import LARGE, covering_of
from planner.problem import Problem, opened_by, problem_of, without_plan
from planner.program import Program, with_row
from planner.recount import cost_of, goals_reached, rules_broken
from planner.siting import NO_LIMIT, Instance, PeopleGoal, Rules
from planner.thinning import fitted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal

    from numpy.typing import NDArray

    from planner.covering import Covering

    Whole = NDArray[np.int64]
    Floats = NDArray[np.float64]

GAP = 0.001
"""Part of the people newly covered, and of the cost, that a point may fall short of the best by."""

STEPS = 9
"""Points of a frontier."""

REPAIRS_MAX = 20
"""Plans in a row that may fail the check by a rounding of the solver before it is given up."""


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


@dataclass(frozen=True, eq=False)
class _Task:
    """A problem without its goals, whose program has a row for the people and, as its last, one for the cost.

    `today` are the people covered today, `whole` all of them. `covering` is the same for the engine of large problems:
    none where there is more to it than covering, or it is small.
    """

    problem: Problem
    program: Program
    today: int
    whole: int
    covering: Covering | None


@dataclass(frozen=True, eq=False)
class _Best:
    """The best plan found and its x (None: none), and a proven bound of its objective (None: none)."""

    plan: Checked | None
    values: Floats | None
    bound: int | None
    infeasible: bool = False


@dataclass(frozen=True, eq=False)
class _Found:
    """What was found for a budget: a plan, and proven of all plans: the most people, and the least cost of so many."""

    plan: Checked
    most: int
    least_yuan: int


def _task(instance: Instance, weight: Whole) -> _Task:
    """Ask for people and for cost alike; the reduction then keeps the best plans of any budget."""
    rows, capacity = np.flatnonzero(weight > 0), instance.capacity
    bears = capacity is not None and bool(weight[capacity.rows].any())
    base = replace(
        instance,
        price=instance.cost_yuan,
        loss=weight,
        tie=np.zeros(instance.n_columns, dtype=np.int64),
        goals=(PeopleGoal("", "", rows, weight[rows], 0),),
        communities=(),
        capacity=capacity if bears else None,
        travel=None,
    )
    problem = problem_of(base)
    rules = base.rules
    with_budget = Rules(
        (*rules.names, "budget"),
        csr_array(vstack([rules.matrix, csr_array(instance.cost_yuan[None, :])])),
        np.append(rules.minimum, -NO_LIMIT),
        np.append(rules.maximum, NO_LIMIT),
    )
    open_at = np.arange(problem.model.columns["open"].stop, dtype=np.int64)
    cost = instance.cost_yuan[problem.reduced.columns]
    program = with_row(problem.model.program, open_at, cost, lower=-np.inf, upper=np.inf)
    budgeted = replace(problem, instance=replace(base, rules=with_budget))
    large = problem.reduced.covers.nnz >= LARGE
    covering = covering_of(budgeted.instance, problem.reduced) if large else None
    return _Task(budgeted, program, _today(base), int(weight.sum()), covering)


def _today(base: Instance) -> int:
    """Count the people covered today, whether or not today keeps the rules."""
    nothing = np.empty(0, dtype=np.int64)
    if base.capacity is None:
        return goals_reached(base, nothing)[0].reached
    none, rules = slice(0, 0), base.rules
    free = Rules((), csr_array(rules.matrix[none]), rules.minimum[none], rules.maximum[none])
    problem = problem_of(replace(base, rules=free))
    return _people(check(problem, np.zeros(len(problem.reduced.columns), dtype=bool)))


def _within(task: _Task, *, budget: int, people: int) -> tuple[Problem, Program]:
    """Ask for so many people within a budget."""
    instance = task.problem.instance
    goal = replace(instance.goals[0], needed=people)
    rules = replace(instance.rules, maximum=np.append(instance.rules.maximum[:-1], budget))
    upper = task.program.row_upper.copy()
    upper[-1] = budget if budget < NO_LIMIT else np.inf
    upper[task.problem.model.rows["goal"]] -= people
    problem = replace(task.problem, instance=replace(instance, goals=(goal,), rules=rules))
    return problem, replace(task.program, row_upper=upper)


def _fewest_left(task: _Task, program: Program) -> Program:
    """Make most people the objective: less the people newly covered.

    A column that is always 1 carries today's people, so that a gap is a part of those newly covered.
    """
    model = task.problem.model
    objective = np.append(program.objective, model.constant - (task.whole - task.today))
    objective[model.columns["open"]] = 0
    matrix, n = program.matrix, len(program.objective)
    return Program(
        objective=objective,
        matrix=csr_array((matrix.data, matrix.indices, matrix.indptr), shape=(matrix.shape[0], n + 1)),
        row_lower=program.row_lower,
        row_upper=program.row_upper,
        lower=np.append(program.lower, 1.0),
        upper=np.append(program.upper, 1.0),
        integer=np.append(program.integer, False),
    )


def _cheapest(task: _Task, program: Program) -> Program:
    """Make least cost the objective."""
    objective = program.objective.copy()
    objective[task.problem.model.columns["open"].stop :] = 0
    return replace(program, objective=objective)


def _best(problem: Problem, program: Program, *, gap: float, deadline: float, start: Floats | None = None) -> _Best:
    """Find the plan of least objective that passes the check on the original rows.

    A plan that a rounding of the solver spoils is left out, and the search goes on: the bound stays valid.
    """
    step = int(np.gcd.reduce(program.objective, initial=0)) or 1
    wrong: object = ""
    for _ in range(REPAIRS_MAX):
        outcome = least(program, gap=gap, deadline=deadline, start=start)
        bound = milp.rounded_bound(outcome.bound)
        bound = None if bound is None else -(-bound // step) * step
        if outcome.values is None:
            return _Best(None, None, bound, outcome.infeasible)
        plan = check(problem, opened_by(problem, outcome.values))
        if plan.good:
            return _Best(plan, outcome.values, bound)
        wrong = ", ".join([*plan.broken, *plan.missed])
        if not plan.sure:  # perhaps it is good after all: nothing is proven of what is left
            return _Best(None, None, bound)
        program, start = without_plan(program, plan.opened), None
    raise failed(wrong)


def _by_cuts(task: _Task, problem: Problem, *, cheapest: bool, gap: float, deadline: float) -> _Best | None:
    """Solve a large problem without writing its rows: most people, or the cheapest; None where that is not to be done.

    For most people the objective is told as less the people newly covered, as in the program.
    """
    covering, instance = task.covering, problem.instance
    if covering is None:
        return None
    lost = task.problem.model.constant
    maximum = np.append(covering.maximum[:-1], instance.rules.maximum[-1])
    nothing, needed = np.zeros_like(covering.price), instance.goals[0].needed
    asked = replace(
        covering,
        price=covering.price if cheapest else nothing,
        loss=np.zeros_like(covering.loss) if cheapest else covering.loss,
        goals=covering.goals if cheapest else csr_array((0, covering.goals.shape[1]), dtype=np.int64),
        allowed=covering.allowed - needed if cheapest else covering.allowed[:0],
        maximum=maximum,
    )
    seconds = deadline - time.monotonic()
    answer = solve_covering(asked, gap=gap, deadline=time.perf_counter() + seconds)
    shift = 0 if cheapest else lost - (task.whole - task.today)
    bound = None if answer.bound is None else milp.rounded_bound(answer.bound)
    known = None if bound is None else bound + shift
    if answer.opened is None:
        return _Best(None, None, known, answer.infeasible)
    plan = check(problem, answer.opened)
    if not plan.good:
        raise failed(", ".join([*plan.broken, *plan.missed]))
    return _Best(plan, None, known)


def _people(plan: Checked) -> int:
    return plan.reached[0].reached


def _cost(task: _Task, plan: Checked) -> int:
    return cost_of(task.problem.instance, task.problem.chosen(plan.opened))


def _cheapest_lawful(task: _Task, deadline: float) -> _Best:
    """Find the plan of least cost that keeps the rules: nothing, wherever today keeps them."""
    nothing = np.zeros(len(task.problem.reduced.columns), dtype=bool)
    if not rules_broken(task.problem.instance, task.problem.chosen(nothing)):
        return _Best(check(task.problem, nothing), None, 0)
    return _best(task.problem, _cheapest(task, task.program), gap=0.0, deadline=deadline)


def _at_hand(task: _Task, near: Checked, floor: Checked, budget: int) -> Checked:
    """Fit two plans to a budget without a search, and take the better; `floor` costs no more than any budget."""
    best = floor
    for plan in (near, floor):
        opened = fitted(task.problem, plan.opened, budget)
        made = None if opened is None else check(task.problem, opened)
        if made is not None and made.good and _people(made) > _people(best):
            best = made
    return best


def _most_people(task: _Task, budget: int, at_hand: Checked, *, gap: float, deadline: float) -> _Found:
    """Find the plan that covers most people within a budget, and of those that cover as many the cheapest.

    Where no better plan is found in the time it is the one at hand.
    """
    problem, program = _within(task, budget=budget, people=0)
    # the engine's gap is a part of the people left out
    part = gap * (_people(at_hand) - task.today) / max(1, task.whole - _people(at_hand))
    first = _by_cuts(task, problem, cheapest=False, gap=part, deadline=deadline)
    if first is None:
        first = _best(problem, _fewest_left(task, program), gap=gap, deadline=deadline)
    most = task.whole if first.bound is None else task.today - first.bound
    plan, start = at_hand, None
    if first.plan is not None and _people(first.plan) >= _people(at_hand):
        plan, start = first.plan, None if first.values is None else first.values[:-1]
    cost, people = _cost(task, plan), _people(plan)
    if people > most:
        raise failed(f"most {most} < {people}")
    problem, program = _within(task, budget=cost, people=people)
    second = _by_cuts(task, problem, cheapest=True, gap=gap, deadline=deadline)
    if second is None:
        second = _best(problem, _cheapest(task, program), gap=gap, deadline=deadline, start=start)
    plan, bound = plan if second.plan is None else second.plan, second.bound or 0
    if bound > _cost(task, plan):
        raise failed(f"bound {bound} > {_cost(task, plan)}")
    return _Found(plan, most, bound)


def _points(task: _Task, budgets: Sequence[int], found: Sequence[_Found]) -> tuple[Point, ...]:
    """State what was found, by rising budget; where a cheaper plan covers as many, it takes the place of a dearer."""
    points: list[Point] = []
    option = task.problem.instance.option
    best = found[0]
    for budget, mine in zip(budgets, found, strict=True):
        better = _people(mine.plan) > _people(best.plan)
        best = replace(mine if better else best, most=mine.most)
        chosen = task.problem.chosen(best.plan.opened)
        options = tuple(int(k) for k in np.unique(option[chosen]))
        people, cost = _people(best.plan), _cost(task, best.plan)
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
    at which as many are covered as any plan within the rules can cover.

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
        Relative gap that a point may leave open in people newly covered, and in cost; 0 asks for proven optima.
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
    task = _task(instance, weight)
    say("frontier")
    floor = _cheapest_lawful(task, end)
    if floor.plan is None:
        status: Literal["infeasible", "unknown"] = "infeasible" if floor.infeasible else "unknown"
        return Frontier(status, task.whole, task.today, (), time.monotonic() - started)
    cheapest = floor.plan

    def solved(budget: int, near: Checked, left: int) -> _Found:
        at_hand, now = _at_hand(task, near, cheapest, budget), time.monotonic()
        return _most_people(task, budget, at_hand, gap=float(gap), deadline=now + (end - now) / left)

    dearest = solved(NO_LIMIT, cheapest, steps)
    low, high = _cost(task, cheapest), _cost(task, dearest.plan)
    budgets = sorted({low + (high - low) * k // (steps - 1) for k in range(steps)})
    found = [dearest]
    for left in range(len(budgets) - 1, 0, -1):
        above = found[-1]
        within = _cost(task, above.plan) <= budgets[left - 1]
        mine = above if within else solved(budgets[left - 1], above.plan, left)
        found.append(replace(mine, most=min(mine.most, above.most)))
    points = _points(task, budgets, found[::-1])
    proven = all(point.status == "optimal" for point in points)
    return Frontier("optimal" if proven else "gap", task.whole, task.today, points, time.monotonic() - started)
