"""Says why no plan meets all goals: the smallest set of rules and goals that cannot hold together, the least budget.

Rules and goals go by name. What is named alike gives way together.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, hstack

from planner import milp
from planner.check import check
from planner.plansearch import best_plan
from planner.problem import opened_by, problem_of
from planner.program import Program, with_row
from planner.recount import goals_reached, rules_broken
from planner.siting import CommunityGoal, Flows, Instance, PeopleGoal, Rules

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from planner.check import Checked
    from planner.problem import Problem

    Whole = NDArray[np.int64]
    Mask = NDArray[np.bool_]

Names = frozenset[str]

STRUCTURAL = ("phase.order", "size", "standing")
"""Rules that say what a plan is; they never give way."""

GOAL = "goal:"
"""Stands before the label of a goal, to tell it from a rule."""

BUDGET = "siting.budget_yuan"
"""Rules whose names begin so bound the cost within the horizon."""

GROW_GAP = 0.9
"""Relative gap at which the search for a plan that keeps the most names stops: any good one will do."""

GROW_SECONDS = 5.0
"""Time for one such search; when it is up, the best plan so far serves."""

SEARCH_PART = 0.6
"""Part of the time for the proof that a conflict is the smallest; the rest makes any conflict smaller."""


@dataclass(frozen=True)
class Conflict:
    """Rules and goals that cannot hold together.

    Attributes
    ----------
    names
        Names of rules, and labels of goals after ``goal:``: goals first, in the order of the instance. Empty where
        already what never gives way (`STRUCTURAL`, and capacity) cannot hold.
    proven
        Whether no smaller set conflicts. If not, the time was up: the set conflicts as far as could be told, and where
        even that could not, it holds all names.
    """

    names: tuple[str, ...]
    proven: bool


@dataclass(frozen=True)
class LeastBudget:
    """What it costs at least to meet all goals.

    Attributes
    ----------
    yuan
        Cost within the horizon of the cheapest plan found; None for none.
    proven
        Whether no plan costs less, or, without a plan, whether there is none.
    """

    yuan: int | None
    proven: bool


@dataclass(frozen=True, eq=False)
class _Answer:
    """A plan that passed the check and its columns (None: none), a bound of its objective, and whether none exists."""

    plan: Checked | None
    chosen: Whole
    bound: float | None
    infeasible: bool


def names_of(instance: Instance) -> tuple[str, ...]:
    """Names of all goals, then of all rules that can give way, each once."""
    goals = [GOAL + goal.label for goal in instance.all_goals]
    rules = [name for name in instance.rules.names if not _structural(name)]
    return tuple(dict.fromkeys([*goals, *rules]))


def _structural(rule: str) -> bool:
    return rule.partition(":")[0] in STRUCTURAL


def _with_rules(rules: Rules, kept: Mask) -> Rules:
    names = tuple(name for name, keep in zip(rules.names, kept, strict=True) if keep)
    return Rules(names, csr_array(rules.matrix[np.flatnonzero(kept)]), rules.minimum[kept], rules.maximum[kept])


def holding(instance: Instance, names: Names) -> Instance:
    """Leave only these goals and rules (and what never gives way) in a problem, and nothing to be best at."""
    rules = instance.rules
    kept = np.array([name in names or _structural(name) for name in rules.names], dtype=bool)

    def asked(goal: PeopleGoal | CommunityGoal) -> bool:
        return GOAL + goal.label in names

    nothing = np.zeros(instance.n_columns, dtype=np.int64)
    return replace(
        instance,
        goals=tuple(filter(asked, instance.goals)),
        communities=tuple(filter(asked, instance.communities)),
        rules=_with_rules(rules, kept),
        price=nothing,
        tie=nothing,
        loss=np.zeros(instance.n_rows, dtype=np.int64),
        travel=None,
    )


def _solve(instance: Instance, deadline: float) -> _Answer:
    """Find the plan of least objective, and the columns that it opens."""
    problem = problem_of(instance)
    found = best_plan(problem, problem.model.program, gap=0.0, deadline=deadline)
    chosen = np.empty(0, dtype=np.int64) if found.plan is None else problem.chosen(found.plan.opened)
    return _Answer(found.plan, chosen, found.bound, found.infeasible)


def _held(instance: Instance, chosen: Whole, flows: Flows | None) -> Names:
    """Names that a choice of columns keeps, recomputed on the original rows."""
    reached = goals_reached(instance, chosen, flows)
    missed = {GOAL + goal.label for goal, got in zip(instance.all_goals, reached, strict=True) if not got.met}
    return frozenset(names_of(instance)) - missed - set(rules_broken(instance, chosen))


# --- A plan that keeps as many names as can be ---------------------------------------------------------------


def _owners(problem: Problem, number: dict[str, int]) -> Whole:
    """Give each row of the program the number of its name; -1 for a row that never gives way."""
    model, instance = problem.model, problem.instance
    owner = np.full(model.program.matrix.shape[0], -1, dtype=np.int64)
    owner[model.rows["goal"]] = [number[GOAL + goal.label] for goal in instance.all_goals]
    owner[model.rows["rule"]] = [number.get(name, -1) for name in instance.rules.names]
    return owner


def _giving_way(problem: Problem, names: Sequence[str]) -> Program:
    """Program that minimises how many names give way: a column for each, that frees its rows when it is 1.

    A row ``a x <= b`` becomes ``a x - (largest a x - b) y <= b``; what it asks from below, likewise.
    """
    program = problem.model.program
    matrix, owner = program.matrix, _owners(problem, {name: n for n, name in enumerate(names)})
    most = matrix.maximum(0) @ program.upper + matrix.minimum(0) @ program.lower
    least = matrix.minimum(0) @ program.upper + matrix.maximum(0) @ program.lower
    firm = np.flatnonzero(owner < 0)
    under = np.flatnonzero((owner >= 0) & np.isfinite(program.row_upper))
    above = np.flatnonzero((owner >= 0) & np.isfinite(program.row_lower))
    rows = np.concatenate([firm, under, above])
    excess = np.maximum(0, most[under] - program.row_upper[under])
    lack = np.maximum(0, program.row_lower[above] - least[above])
    freed = (np.concatenate([-excess, lack]), (np.arange(len(firm), len(rows)), owner[rows[len(firm) :]]))
    none_below, none_above = np.full(len(under), -np.inf), np.full(len(above), np.inf)
    count = len(names)
    return Program(
        objective=np.concatenate([np.zeros_like(program.objective), np.ones(count, dtype=np.int64)]),
        matrix=csr_array(hstack([matrix[rows], csr_array(freed, shape=(len(rows), count))])),
        row_lower=np.concatenate([program.row_lower[firm], none_below, program.row_lower[above]]),
        row_upper=np.concatenate([program.row_upper[firm], program.row_upper[under], none_above]),
        lower=np.concatenate([program.lower, np.zeros(count)]),
        upper=np.concatenate([program.upper, np.ones(count)]),
        integer=np.concatenate([program.integer, np.ones(count, dtype=bool)]),
    )


def _grower(instance: Instance, names: tuple[str, ...], deadline: float) -> Callable[[Names, _Answer], Names]:
    """Prepare to extend a set of names that a plan keeps to a larger one that some plan keeps."""
    problem = problem_of(holding(instance, frozenset(names)))
    program = _giving_way(problem, names)
    start = len(program.upper) - len(names)
    flags = np.arange(start, len(program.upper), dtype=np.int64)
    # all names together conflict: one at least gives way, which spares the solver the proof
    program = with_row(program, flags, np.ones(len(names), dtype=np.int64), lower=1, upper=np.inf)

    def grow(inside: Names, known: _Answer) -> Names:
        best = _held(instance, known.chosen, None if known.plan is None else known.plan.flows)
        upper = program.upper.copy()
        upper[start:] = [name not in inside for name in names]
        seconds = min(GROW_SECONDS, deadline - time.monotonic())
        outcome = milp.minimise(replace(program, upper=upper), gap=GROW_GAP, seconds=seconds)
        if outcome.values is None:
            return best
        plan = check(problem, opened_by(problem, outcome.values))
        held = _held(instance, problem.chosen(plan.opened), plan.flows)
        # rounding, or sharing people out for goals outside the set, may have lost a goal inside
        return max(best, held, key=len) if inside <= held else best

    return grow


# --- The smallest conflict -----------------------------------------------------------------------------------


def _hitting(sets: Sequence[Names], names: Sequence[str], deadline: float) -> Names | None:
    """Smallest set of names that has one in common with each of some sets; None where the time is up."""
    number = {name: n for n, name in enumerate(names)}
    row = [r for r, members in enumerate(sets) for _ in members]
    column = [number[name] for members in sets for name in sorted(members)]
    count = len(names)
    program = Program(
        objective=np.ones(count, dtype=np.int64),
        matrix=csr_array((np.ones(len(row), dtype=np.int64), (row, column)), shape=(len(sets), count)),
        row_lower=np.ones(len(sets)),
        row_upper=np.full(len(sets), np.inf),
        lower=np.zeros(count),
        upper=np.ones(count),
        integer=np.ones(count, dtype=bool),
    )
    outcome = milp.minimise(program, gap=0.0, seconds=deadline - time.monotonic())
    if outcome.values is None or not milp.proven(int(outcome.values.sum()), outcome.bound):
        return None
    found = frozenset(name for name, value in zip(names, outcome.values, strict=True) if value == 1)
    return found if all(found & members for members in sets) else None


def _shrunk(instance: Instance, found: tuple[str, ...], deadline: float) -> tuple[str, ...]:
    """Leave names out of a conflict, in ever smaller parts, as long as what is left still conflicts."""
    part = len(found)
    while part > 1 and time.monotonic() < deadline:
        part = -(-part // 2)
        place = 0
        while place < len(found) and time.monotonic() < deadline:
            left = found[:place] + found[place + part :]
            if _solve(holding(instance, frozenset(left)), deadline).infeasible:
                found = left
            else:
                place += part
    return found


def smallest_conflict(instance: Instance, *, deadline: float) -> Conflict:
    """Find the smallest set of named rules and goals that cannot hold together.

    By implicit hitting sets (smallest minimal unsatisfiable subset: Ignatiev, Previti, Liffiton & Marques-Silva 2015):
    what a plan does not keep is a correction set, and every conflict has a name in each of those. The smallest set with
    a name in each found so far is no larger than any conflict; so if it conflicts, it is the smallest. If not, a plan
    that keeps it gives a new correction set.

    Parameters
    ----------
    instance
        A problem that is known to have no plan that meets all goals.
    deadline
        On the clock of `time.monotonic`.

    Returns
    -------
    conflict
        Of several smallest sets, one; which, may depend on how far each search comes in `GROW_SECONDS`.

    Raises
    ------
    ValueError
        If all goals and rules turn out to hold together.
    PlanError
        If what the solver says contradicts the check on the original rows.
    """
    names = names_of(instance)
    begun = time.monotonic()
    half = begun + SEARCH_PART * (deadline - begun)
    grow, sets = _grower(instance, names, half), list[Names]()
    while time.monotonic() < half:
        smallest = _hitting(sets, names, half)
        if smallest is None:
            break
        answer = _solve(holding(instance, smallest), half)
        if answer.infeasible:
            return Conflict(_in_order(names, smallest), proven=True)
        if answer.plan is None:
            break
        missing = frozenset(names) - grow(smallest, answer)
        if not missing:
            raise ValueError("all goals and rules can hold together")
        sets.append(missing)
    # every name of a smallest conflict is in some smallest correction set: most likely those found hold one
    likely = _in_order(names, frozenset().union(*sets))
    if not _solve(holding(instance, frozenset(likely)), deadline).infeasible:
        likely = names
    return Conflict(_shrunk(instance, likely, deadline), proven=False)


def _in_order(names: Sequence[str], members: Names) -> tuple[str, ...]:
    return tuple(name for name in names if name in members)


def least_budget(instance: Instance, *, deadline: float) -> LeastBudget:
    """Find the least cost within the horizon at which all goals are met, keeping all rules but those of the budget.

    Parameters
    ----------
    instance
        The problem.
    deadline
        On the clock of `time.monotonic`.

    Returns
    -------
    least
        What must be spent. Budgets of a source, a year, or of building alone (other names than `BUDGET`) are kept.

    Raises
    ------
    PlanError
        If what the solver says contradicts the check on the original rows.
    """
    kept = frozenset(name for name in names_of(instance) if not name.startswith(BUDGET))
    answer = _solve(replace(holding(instance, kept), price=instance.cost_yuan), deadline)
    if answer.plan is None:
        return LeastBudget(None, answer.infeasible)
    yuan = int(instance.cost_yuan[answer.chosen].sum())
    return LeastBudget(yuan, milp.proven(yuan, answer.bound))
