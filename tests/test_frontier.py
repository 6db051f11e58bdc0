"""The frontier: against brute force point by point, and what the verb writes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brute import Case, People, choices, cost_of, instance_of, whole_numbers
from drawn import QUICK, cases
from planner import recount
from planner.frontier import frontier

if TYPE_CHECKING:
    from planner.frontier import Frontier


def counted(case: Case, *, under: bool) -> list[int]:
    """Rows of the last year: those under capacity, or the others."""
    last = max((c.year for c in case.columns), default=0)
    years = sorted({c.year for c in case.columns}) or [0]
    a_year = len(case.rows) // len(years)
    place = years.index(last)
    return [r for r in range(place * a_year, (place + 1) * a_year) if (r in (case.shared or ())) == under]


def asked_of(case: Case, rows: list[int]) -> Case:
    """The same problem whose one goal, met by anything, counts the people of the frontier."""
    return dataclasses.replace(
        case,
        goals=(People(tuple(rows), tuple(case.rows[r].people for r in rows), 0),),
        communities=(),
        points=None,
    )


def worth(case: Case) -> tuple[list[tuple[int, int]], int]:
    """Cost and people of every lawful choice; people covered today."""
    found, today = [], 0
    for choice in choices(case):
        people = max(reached[0] for reached in choice.reached)
        today = people if choice.chosen == () else today
        if choice.lawful:
            found.append((cost_of(case, choice.chosen), people))
    return found, today


def solved(case: Case, rows: list[int], **options: Any) -> Frontier:
    weight = np.zeros(len(case.rows), dtype=np.int64)
    weight[rows] = [case.rows[r].people for r in rows]
    return frontier(instance_of(case), weight, **options)


def check_points(case: Case, found: Frontier, lawful: list[tuple[int, int]]) -> None:
    """Budgets run evenly over the whole range, and what each point says of its plan is so."""
    budgets = [point.budget_yuan for point in found.points]
    assert budgets == sorted(set(budgets))
    assert budgets[0] == min(cost for cost, _ in lawful)
    instance = instance_of(case)
    before: set[int] = set()
    for point in found.points:
        assert point.cost_yuan == cost_of(case, point.chosen) <= point.budget_yuan
        assert recount.rules_broken(instance, whole_numbers(point.chosen)) == ()
        assert point.newly == point.people - found.today
        assert point.options == tuple(sorted({int(instance.option[k]) for k in point.chosen}))
        assert set(point.added) == set(point.options) - before
        before = set(point.options)
    for less, more in zip(found.points, found.points[1:], strict=False):
        assert less.people <= more.people


@settings(QUICK, max_examples=400)
@given(cases(most=7), st.booleans(), st.sampled_from([2, 3, 5, 9]))
def test_every_point_is_the_best_of_all_choices_within_its_budget(case: Case, under: bool, steps: int) -> None:  # noqa: FBT001
    rows = counted(case, under=under)
    found = solved(case, rows, steps=steps, gap=0)
    lawful, today = worth(asked_of(case, rows))
    assert (found.whole, found.today) == (sum(case.rows[r].people for r in rows), today)
    if not lawful:
        assert (found.status, found.points) == ("infeasible", ())
        return
    check_points(case, found, lawful)
    assert found.status == "optimal"
    most = max(people for _, people in lawful)
    assert found.points[-1].budget_yuan == min(cost for cost, people in lawful if people == most)
    for point in found.points:
        best = max(people for cost, people in lawful if cost <= point.budget_yuan)
        assert (point.people, point.most, point.gap, point.status) == (best, best, 0.0, "optimal")
        assert point.cost_yuan == min(cost for cost, people in lawful if people >= best)


@settings(QUICK, max_examples=150)
@given(cases(most=7), st.sampled_from([0.05, 0.3, 0.9]))
def test_a_gap_that_is_allowed_is_an_honest_gap(case: Case, gap: float) -> None:
    rows = counted(case, under=False)
    found = solved(case, rows, steps=5, gap=gap)
    lawful, today = worth(asked_of(case, rows))
    if not lawful:
        return
    check_points(case, found, lawful)
    for point in found.points:
        best = max(people for cost, people in lawful if cost <= point.budget_yuan)
        cheapest = min(cost for cost, people in lawful if people >= point.people)
        assert point.people <= best <= point.most
        assert best - point.people <= gap * (best - today) + 1e-6
        assert point.gap == pytest.approx((point.most - point.people) / max(1, point.most - today))
        assert point.cost_yuan - cheapest <= point.cost_gap * point.cost_yuan + 1e-6
        assert point.cost_gap <= gap + 1e-9
