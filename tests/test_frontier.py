"""The frontier: against brute force point by point, and what the verb writes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brute import Case, Column, People, Row, Rule, choices, cost_of, instance_of, whole_numbers
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


# --- By hand -------------------------------------------------------------------------------------------------


def plain(*sites: tuple[int, int], rules: tuple[Rule, ...] = ()) -> Case:
    """Sites of some cost that each alone cover a row of some people."""
    columns = tuple(Column(f"s{k}", cost=cost, price=cost) for k, (cost, _) in enumerate(sites))
    return Case(columns, tuple(Row(people, frozenset({k})) for k, (_, people) in enumerate(sites)), rules=rules)


def test_budgets_run_evenly_to_the_least_cost_of_all_that_can_be_covered() -> None:
    case = plain((10, 100), (10, 50), (20, 30), (7, 0))
    found = solved(case, [0, 1, 2, 3], steps=5, gap=0)
    assert (found.status, found.whole, found.today) == ("optimal", 180, 0)
    assert [(p.budget_yuan, p.cost_yuan, p.people, p.options, p.added) for p in found.points] == [
        (0, 0, 0, (), ()),
        (10, 10, 100, (0,), (0,)),
        (20, 20, 150, (0, 1), (1,)),
        (30, 20, 150, (0, 1), ()),
        (40, 40, 180, (0, 1, 2), (2,)),
    ]


def test_what_rules_ask_for_is_where_the_budgets_begin() -> None:
    case = plain((10, 100), (50, 1), rules=(Rule(((1, 1),), 1, None, "rules.force_open:s1"),))
    found = solved(case, [0, 1], steps=2)
    assert [(p.budget_yuan, p.options) for p in found.points] == [(50, (1,)), (60, (0, 1))]


def test_where_nothing_can_be_bought_there_is_one_point() -> None:
    assert [p.options for p in solved(plain((10, 0)), [0]).points] == [()]
    assert solved(plain(), []).points[0].people == 0


def test_points_that_the_time_cuts_short_are_honest() -> None:
    """No time at all: whatever is found is lawful, within its budget, and its bound holds."""
    rng = np.random.default_rng(5)
    reach = rng.random((200, 40)) < 0.08
    columns = tuple(Column(f"s{k}", cost=int(c)) for k, c in enumerate(rng.integers(50, 99, 40)))
    rows = tuple(
        Row(int(p), frozenset(np.flatnonzero(r).tolist())) for p, r in zip(rng.integers(1, 99, 200), reach, strict=True)
    )
    case = Case(columns, rows)
    exact, hasty = (solved(case, list(range(200)), gap=0, time_limit_s=limit) for limit in (60, 0.001))
    assert exact.status == "optimal"
    best = [(p.cost_yuan, p.people) for p in exact.points]
    for point in hasty.points:
        assert point.cost_yuan <= point.budget_yuan
        assert point.people <= point.most
        assert point.most >= max(people for cost, people in best if cost <= point.budget_yuan)
