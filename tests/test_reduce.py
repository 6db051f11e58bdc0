"""The reductions, without a solver: the small problem has the plans of the great one at the same objective."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings

from brute import Case, Column, Communities, People, Row, Rule, choices, instance_of, rank_of, sharings
from drawn import QUICK, cases
from planner.reduce import reduce

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planner.reduce import MergedGoal, Reduced


def met(goal: MergedGoal, left: Sequence[int]) -> bool:
    """Whether a goal is met when so much of each of its merged rows (0 or 1), or of each sink (people), is left out."""
    weight = [1] * len(goal.rows) if goal.limited else goal.weight.tolist()
    lost = [w * left[r] for w, r in zip(weight, goal.rows.tolist(), strict=True)]
    if goal.unit is None or goal.unit_allowed is None:
        return bool(sum(lost) <= goal.allowed)
    short = 0
    for unit, allowed in enumerate(goal.unit_allowed.tolist()):
        short += sum(n for n, u in zip(lost, goal.unit.tolist(), strict=True) if u == unit) > allowed
    return bool(short <= goal.allowed)


def ways_to_leave(case: Case, reduced: Reduced, chosen: Sequence[int]) -> list[list[int]]:
    """People of each sink that are left out, for each way to serve as many as can be; one empty way without sinks."""
    if reduced.sinks is None:
        return [[]]
    people = reduced.sinks.people.tolist()
    opened = [k for k, column in enumerate(case.columns) if column.fixed or k in chosen]
    reach = [{k for k in opened if held[k]} for held in reduced.sinks.covers.toarray()]
    room = []
    for s in range(1 << len(people)):
        limits = [case.columns[k].limit for k in set().union(*(reach[i] for i in range(len(people)) if s >> i & 1))]
        room.append(10**9 if None in limits else sum(limit for limit in limits if limit is not None))
    ways = sharings(tuple(people), tuple(room))
    return [[p - s for p, s in zip(people, served, strict=True)] for served in ways]


def least_objective(case: Case, reduced: Reduced, chosen: Sequence[int]) -> int | None:
    """Objective of a choice of columns, read from the reduced problem alone; None where it misses a goal."""
    place = {k: i for i, k in enumerate(reduced.columns.tolist())}
    flags = np.zeros(len(place), dtype=np.int64)
    flags[[place[k] for k in chosen]] = 1
    asked = np.where(reduced.twice, 2, 1)
    left = (reduced.covers @ flags < asked).astype(int).tolist()
    found = []
    for people in ways_to_leave(case, reduced, chosen):
        if all(met(goal, people if goal.limited else left) for goal in reduced.goals):
            value = reduced.lost + sum(n * loss for n, loss in zip(left, reduced.loss.tolist(), strict=True))
            if reduced.sinks is not None:
                value += sum(n * loss for n, loss in zip(people, reduced.sinks.loss.tolist(), strict=True))
            found.append(value + sum(case.columns[k].price for k in chosen))
    return min(found, default=None)


@settings(QUICK, max_examples=200)
@given(cases(off=["travel"], most=7))
def test_the_reduced_problem_has_the_same_plans(case: Case) -> None:
    reduced = reduce(instance_of(case))
    kept = reduced.columns.tolist()
    assert kept == sorted(set(kept))
    assert set(kept) <= set(case.free)
    for choice in choices(case):
        if choice.lawful and set(choice.chosen) <= set(kept):
            assert least_objective(case, reduced, choice.chosen) == choice.best(case), choice.chosen


@settings(QUICK, max_examples=200)
@given(cases(most=7))
def test_the_best_plan_is_among_the_columns_that_are_left(case: Case) -> None:
    """The very plan that the tie rule takes, not only one as good."""
    kept = set(reduce(instance_of(case)).columns.tolist())
    found = [(c.best(case), rank_of(case, c.chosen), c.chosen) for c in choices(case)]
    good = [f for f in found if f[0] is not None]
    if good:
        assert set(min(good)[-1]) <= kept


@settings(QUICK, max_examples=100)
@given(cases(most=6))
def test_alike_rows_are_one_and_what_nothing_reaches_is_none(case: Case) -> None:
    instance = instance_of(case)
    reduced = reduce(instance)
    rows = zip(reduced.covers.toarray().tolist(), reduced.twice.tolist(), strict=True)
    assert all(sum(members) >= 1 + twice for members, twice in rows)
    if reduced.sinks is not None:
        assert sum(reduced.sinks.people.tolist()) == sum(case.rows[r].people for r in case.shared or ())


# --- By hand -------------------------------------------------------------------------------------------------

TODAY, NEW, OTHER = Column("s0", fixed=True), Column("s1", price=10), Column("s2", price=10)


def rows_of(*rows: tuple[int, str]) -> tuple[Row, ...]:
    return tuple(Row(people, frozenset(int(k) for k in reach)) for people, reach in rows)


def all_of(rows: Sequence[Row], times: int = 1) -> People:
    weight = tuple(row.people for row in rows)
    return People(tuple(range(len(rows))), weight, sum(weight), times)


def test_rows_of_one_set_are_one_row_with_their_people_added_up() -> None:
    rows = rows_of((4, "12"), (5, "12"), (6, "2"), (7, "01"), (8, ""))
    reduced = reduce(instance_of(Case((TODAY, NEW, OTHER), rows, (all_of(rows),), rules=(Rule(((1, 1), (2, 1)), 1),))))
    assert reduced.columns.tolist() == [1, 2]
    assert reduced.covers.toarray().tolist() == [[1, 1], [0, 1]]
    goal = reduced.goals[0]
    assert (goal.rows.tolist(), goal.weight.tolist(), goal.allowed) == ([0, 1], [9, 6], -8)


def test_a_dominated_column_is_left_out_unless_it_has_the_lower_id() -> None:
    """Where either would do, the lower id is what the tie rule takes."""
    rows, columns = rows_of((4, "01"), (6, "1")), (Column("s1", price=10), Column("s0", price=10))
    assert reduce(instance_of(Case(columns, rows, (all_of(rows),)))).columns.tolist() == [1]
    kept = reduce(instance_of(Case((Column("s0", price=10), Column("s1", price=10)), rows, (all_of(rows),))))
    assert kept.columns.tolist() == [0, 1]


@pytest.mark.parametrize(
    "rule",
    [Rule(((0, 1),), 1), Rule(((0, 1), (1, 1)), 2), Rule(((1, 1),), None, 0), Rule(((0, -1), (1, 1)), None, 0)],
    ids=["forced", "count", "closed", "order"],
)
def test_a_column_that_a_rule_needs_is_not_left_out(rule: Rule) -> None:
    rows = rows_of((4, "01"), (6, "1"))
    columns = (Column("s1", price=10), Column("s0", price=10))
    assert reduce(instance_of(Case(columns, rows, (all_of(rows),), rules=(rule,)))).columns.tolist() == [0, 1]


def test_a_row_that_two_must_serve_is_not_covered_by_one() -> None:
    """With one standing today one more is needed; without any, both."""
    rows = rows_of((4, "12"), (5, "012"), (6, "1"))
    reduced = reduce(instance_of(Case((TODAY, NEW, OTHER), rows, (all_of(rows, times=2),))))
    pairs = zip(reduced.covers.toarray().tolist(), reduced.twice.tolist(), strict=True)
    assert sorted(pairs) == [([1, 1], False), ([1, 1], True)]
    assert reduced.goals[0].allowed == -6
    assert sorted(reduced.goals[0].weight.tolist()) == [4, 5]


def test_communities_that_are_decided_are_taken_out() -> None:
    """The first counts today, the second never will, the third is open."""
    rows = rows_of((10, "0"), (5, "1"), (9, ""), (1, "1"), (3, "12"), (3, "2"))
    units = Communities((0, 1, 2, 3, 4, 5), (10, 5, 9, 1, 3, 3), (0, 0, 1, 1, 2, 2), (8, 5, 4), 2)
    goal = reduce(instance_of(Case((TODAY, NEW, OTHER), rows, communities=(units,)))).goals[0]
    assert goal.allowed == 0
    assert goal.unit_allowed is not None
    assert goal.unit_allowed.tolist() == [2]
