"""Holds what a plan says of itself against brute force; small cases by hand."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from brute import (
    Case,
    Choice,
    Column,
    People,
    Row,
    Rule,
    broken,
    choices,
    instance_of,
    objective_of,
    opened_by,
    rank_of,
    reached_by,
    served_in,
    short_of,
    whole_numbers,
)
from planner import optimize, recount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planner.siting import Plan


def check_optimal(case: Case, plan: Plan, good: dict[tuple[int, ...], int]) -> None:
    """The plan is one of the best, and of those the one that the tie rule takes."""
    least = min(good.values())
    best = min((value, *rank_of(case, chosen)) for chosen, value in good.items() if value == least)
    assert (plan.status, plan.best_effort) == ("optimal", False)
    assert (plan.objective, plan.bound, plan.gap) == (best[0], best[0], 0.0)
    assert plan.ties_broken
    assert (good[plan.chosen], *rank_of(case, plan.chosen)) == best


def check_best_effort(case: Case, plan: Plan, lawful: list[Choice]) -> None:
    """The plan is lawful, least short by the stated weights, and none as little short everywhere is better."""
    assert (plan.status, plan.best_effort, plan.gap) == ("infeasible", True, None)
    mine = short_of(case, reached_by(case, opened_by(case, plan.chosen), served_in(case, plan)))
    assert any(mine)

    def missed(short: Sequence[int]) -> Fraction:
        """The parts of what the goals ask that are missing, added up."""
        return sum((Fraction(s, max(1, g.needed)) for s, g in zip(short, case.asked, strict=True)), Fraction(0))

    least = min(missed(short_of(case, reached)) for choice in lawful for reached in choice.reached)
    assert missed(mine) <= least * Fraction(10_002, 10_000)
    rivals = [
        value
        for choice in lawful
        for reached, value in zip(choice.reached, choice.objective, strict=True)
        if all(s <= m for s, m in zip(short_of(case, reached), mine, strict=True))
    ]
    assert plan.objective is not None
    assert plan.objective <= min(rivals) * (1 + 1e-4) + 1


def check_plan(case: Case, plan: Plan) -> None:
    """Whatever a plan is called: its columns are new and lawful, its flows possible, its figures its own."""
    assert plan.chosen == tuple(sorted(set(plan.chosen)))
    assert set(plan.chosen) <= set(case.free)
    if plan.objective is None:
        assert plan.chosen == ()
        return
    assert broken(case, plan.chosen) == ()
    served = served_in(case, plan)
    assert plan.objective == objective_of(case, plan.chosen, served)
    reached = reached_by(case, opened_by(case, plan.chosen), served)
    assert plan.best_effort == any(short_of(case, reached))
    said = recount.goals_reached(instance_of(case), whole_numbers(plan.chosen), plan.flows)
    assert tuple(goal.reached for goal in said) == reached


def check(case: Case) -> str:
    """Solve a case and hold everything said against brute force; returns what it was."""
    plan = optimize.solve(instance_of(case))
    found = list(choices(case))
    values = {choice.chosen: choice.best(case) for choice in found}
    good = {chosen: value for chosen, value in values.items() if value is not None}
    if plan.status == "none":
        assert plan.chosen == ()
        assert not case.asked
        assert good[()] == min(good.values()) == 0
        return "none"
    check_plan(case, plan)
    if good:
        check_optimal(case, plan, good)
        return "optimal"
    lawful = [choice for choice in found if choice.lawful]
    if lawful:
        check_best_effort(case, plan, lawful)
        return "short"
    assert (plan.status, plan.best_effort, plan.chosen) == ("infeasible", True, ())
    assert (plan.objective, plan.bound, plan.gap, plan.flows) == (None, None, None, None)
    return "unlawful"


# --- By hand -------------------------------------------------------------------------------------------------


def option(site: str, price: int = 10, *, kind: str = "a", tie: int = 0, limit: int | None = None) -> Column:
    return Column(site, kind, cost=price, price=price, tie=tie, limit=limit)


def rows_of(*rows: tuple[int, str]) -> tuple[Row, ...]:
    """Rows of people and column numbers, written "013"."""
    return tuple((Row(people, frozenset(int(k) for k in reach))) for people, reach in rows)


def goal(
    rows: Sequence[Row], needed: int, inside: Sequence[int] | None = None, times: int = 1, year: int = 0
) -> People:
    numbers = tuple(range(len(rows))) if inside is None else tuple(inside)
    return People(numbers, tuple(rows[r].people for r in numbers), needed, times, year)


def count(columns: Sequence[int], minimum: int | None = None, maximum: int | None = None) -> Rule:
    return Rule(tuple((k, 1) for k in columns), minimum, maximum)


def everyone(*prices: int, tie: Sequence[int] = (), people: int = 10) -> Case:
    """One row that every option reaches, and that must be covered."""
    ties = list(tie) or [0] * len(prices)
    columns = tuple(option(f"s{k}", p, tie=t) for k, (p, t) in enumerate(zip(prices, ties, strict=True)))
    rows = (Row(people, frozenset(range(len(prices)))),)
    return Case(columns, rows, (goal(rows, people),))


def middling(n_columns: int, n_rows: int, share: float) -> Case:
    """A seeded case too large for brute force, with costs of a few yuan."""
    rng = np.random.default_rng(3)
    columns = tuple(option(f"s{k:03d}", int(c), tie=k) for k, c in enumerate(rng.integers(3, 10, n_columns)))
    rows = tuple(
        Row(int(p), frozenset(np.flatnonzero(rng.random(n_columns) < 0.1).tolist())) for p in rng.integers(1, 9, n_rows)
    )
    return Case(columns, rows, (goal(rows, int(share * sum(row.people for row in rows))),))
