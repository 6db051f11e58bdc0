"""What a budget buys: the most people that a plan can cover within it, and the least cost of so many.

Two problems in turn, over one reduction and one program: most people (MCLP, Church & ReVelle 1974, under all rules of
the instance), then least cost for as many. No plan beats their solutions in both (epsilon constraints, Haimes, Lasdon
& Wismer 1971, IEEE Trans. Systems, Man, and Cybernetics SMC-1).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, vstack

from planner import milp
from planner.check import REPAIRS_MAX, Checked, check, failed
from planner.core import least
from planner.cuts import solve_covering
from planner.large import LARGE, covering_of
from planner.problem import Problem, opened_by, problem_of, without_plan
from planner.program import with_constant, with_row
from planner.recount import cost_of, goals_reached, rules_broken
from planner.siting import NO_LIMIT, Instance, PeopleGoal, Rules
from planner.thinning import fitted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.covering import Covering
    from planner.program import Program

    Whole = NDArray[np.int64]
    Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Task:
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
class Best:
    """The best plan found and its x (None: none), and a proven bound of its objective (None: none)."""

    plan: Checked | None
    values: Floats | None
    bound: int | None
    infeasible: bool = False


@dataclass(frozen=True, eq=False)
class Found:
    """What was found for a budget: a plan, and proven of all plans: the most people, and the least cost of so many."""

    plan: Checked
    most: int
    least_yuan: int


def task_of(instance: Instance, weight: Whole) -> Task:
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
    return Task(budgeted, program, _today(base), int(weight.sum()), covering)


def _today(base: Instance) -> int:
    """Count the people covered today, whether or not today keeps the rules."""
    nothing = np.empty(0, dtype=np.int64)
    if base.capacity is None:
        return goals_reached(base, nothing)[0].reached
    none, rules = slice(0, 0), base.rules
    free = Rules((), csr_array(rules.matrix[none]), rules.minimum[none], rules.maximum[none])
    problem = problem_of(replace(base, rules=free))
    return people_of(check(problem, np.zeros(len(problem.reduced.columns), dtype=bool)))


def within(task: Task, *, budget: int, people: int) -> tuple[Problem, Program]:
    """Ask for so many people within a budget."""
    instance = task.problem.instance
    goal = replace(instance.goals[0], needed=people)
    rules = replace(instance.rules, maximum=np.append(instance.rules.maximum[:-1], budget))
    upper = task.program.row_upper.copy()
    upper[-1] = budget if budget < NO_LIMIT else np.inf
    upper[task.problem.model.rows["goal"]] -= people
    problem = replace(task.problem, instance=replace(instance, goals=(goal,), rules=rules))
    return problem, replace(task.program, row_upper=upper)


def _fewest_left(task: Task, program: Program) -> Program:
    """Make most people the objective: less the people newly covered.

    A column that is always 1 carries today's people, so that a gap is a part of those newly covered.
    """
    model = task.problem.model
    objective = program.objective.copy()
    objective[model.columns["open"]] = 0
    return with_constant(replace(program, objective=objective), model.constant - (task.whole - task.today))


def _cheapest(task: Task, program: Program) -> Program:
    """Make least cost the objective."""
    objective = program.objective.copy()
    objective[task.problem.model.columns["open"].stop :] = 0
    return replace(program, objective=objective)


def _best(problem: Problem, program: Program, *, gap: float, deadline: float, start: Floats | None = None) -> Best:
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
            return Best(None, None, bound, outcome.infeasible)
        plan = check(problem, opened_by(problem, outcome.values))
        if plan.good:
            return Best(plan, outcome.values, bound)
        wrong = ", ".join([*plan.broken, *plan.missed])
        if not plan.sure:  # perhaps it is good after all: nothing is proven of what is left
            return Best(None, None, bound)
        program, start = without_plan(program, plan.opened), None
    raise failed(wrong)


def _by_cuts(task: Task, problem: Problem, *, cheapest: bool, gap: float, deadline: float) -> Best | None:
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
        return Best(None, None, known, answer.infeasible)
    plan = check(problem, answer.opened)
    if not plan.good:
        raise failed(", ".join([*plan.broken, *plan.missed]))
    return Best(plan, None, known)


def people_of(plan: Checked) -> int:
    """Count the people whom a plan covers."""
    return plan.reached[0].reached


def cost_in(task: Task, plan: Checked) -> int:
    """Add up what a plan costs, in yuan."""
    return cost_of(task.problem.instance, task.problem.chosen(plan.opened))


def cheapest_lawful(task: Task, deadline: float) -> Best:
    """Find the plan of least cost that keeps the rules: nothing, wherever today keeps them."""
    nothing = np.zeros(len(task.problem.reduced.columns), dtype=bool)
    if not rules_broken(task.problem.instance, task.problem.chosen(nothing)):
        return Best(check(task.problem, nothing), None, 0)
    return _best(task.problem, _cheapest(task, task.program), gap=0.0, deadline=deadline)


def at_hand(task: Task, near: Checked, floor: Checked, budget: int) -> Checked:
    """Fit two plans to a budget without a search, and take the better; `floor` costs no more than any budget."""
    best = floor
    for plan in (near, floor):
        opened = fitted(task.problem, plan.opened, budget)
        made = None if opened is None else check(task.problem, opened)
        if made is not None and made.good and people_of(made) > people_of(best):
            best = made
    return best


def most_people(task: Task, budget: int, known: Checked, *, gap: float, deadline: float) -> Found:
    """Find the plan that covers most people within a budget, and of those that cover as many the cheapest.

    Where no better plan is found in the time it is the one that is known.
    """
    problem, program = within(task, budget=budget, people=0)
    # the engine's gap is a part of the people left out
    part = gap * (people_of(known) - task.today) / max(1, task.whole - people_of(known))
    first = _by_cuts(task, problem, cheapest=False, gap=part, deadline=deadline)
    if first is None:
        first = _best(problem, _fewest_left(task, program), gap=gap, deadline=deadline)
    most = task.whole if first.bound is None else task.today - first.bound
    plan, start = known, None
    if first.plan is not None and people_of(first.plan) >= people_of(known):
        plan, start = first.plan, None if first.values is None else first.values[:-1]
    cost, people = cost_in(task, plan), people_of(plan)
    if people > most:
        raise failed(f"most {most} < {people}")
    problem, program = within(task, budget=cost, people=people)
    second = _by_cuts(task, problem, cheapest=True, gap=gap, deadline=deadline)
    if second is None:
        second = _best(problem, _cheapest(task, program), gap=gap, deadline=deadline, start=start)
    plan, bound = plan if second.plan is None else second.plan, second.bound or 0
    if bound > cost_in(task, plan):
        raise failed(f"bound {bound} > {cost_in(task, plan)}")
    return Found(plan, most, bound)
