"""The smallest conflict and the least budget, against all choices and all sets of names."""

from __future__ import annotations

import time
from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given, settings

from brute import Case, Column, Communities, People, Row, Rule, broken, choices, cost_of, instance_of
from drawn import QUICK, cases
from planner import conflict
from planner.conflict import Conflict, LeastBudget, least_budget, smallest_conflict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from brute import Choice

Names = frozenset[str]


def soon(seconds: float = 60.0) -> float:
    return time.monotonic() + seconds


def goal_names(case: Case) -> list[str]:
    people = [(f"goal:g{n}", goal.year) for n, goal in enumerate(case.goals)]
    communities = [(f"goal:c{n}", goal.year) for n, goal in enumerate(case.communities)]
    return [name + (f"@{year}" if year else "") for name, year in (*people, *communities)]


def every_name(case: Case) -> Names:
    return frozenset(goal_names(case)) | {rule.name for rule in case.rules if rule.name != "phase.order"}


def kept(case: Case, choice: Choice) -> Iterator[Names]:
    """Names that a choice keeps, for each way to share people out."""
    wrong = set(broken(case, choice.chosen))
    if "phase.order" in wrong:
        return
    for reached in choice.reached:
        met = zip(goal_names(case), case.asked, reached, strict=True)
        yield every_name(case) - wrong - {name for name, goal, got in met if got < goal.needed}


def largest(case: Case) -> list[Names]:
    """All sets of names that some choice keeps, without those within another."""
    found = {names for choice in choices(case) for names in kept(case, choice)}
    return [names for names in found if not any(names < other for other in found)]


def holds(names: Names, sets: list[Names]) -> bool:
    return any(names <= other for other in sets)


@settings(QUICK, max_examples=80)
@given(cases(most=6, tight=True))
def test_no_smaller_set_conflicts(case: Case) -> None:
    sets = largest(case)
    if holds(every_name(case), sets):
        with pytest.raises(ValueError, match="hold together"):
            smallest_conflict(instance_of(case), deadline=soon())
        return
    found = smallest_conflict(instance_of(case), deadline=soon())
    names = frozenset(found.names)
    assert found.proven
    assert not holds(names, sets)
    assert all(holds(names - {name}, sets) for name in names)
    assert all(holds(frozenset(some), sets) for some in combinations(sorted(every_name(case)), len(names) - 1))


@settings(QUICK, max_examples=40)
@given(cases(most=6, tight=True))
def test_without_time_the_set_conflicts_all_the_same(case: Case) -> None:
    sets = largest(case)
    assume(not holds(every_name(case), sets))
    whole = tuple(n for n in conflict.names_of(instance_of(case)))
    shrunk = conflict._shrunk(instance_of(case), whole, soon())
    assert not holds(frozenset(shrunk), sets)
    assert len(shrunk) == 1 or all(holds(frozenset(shrunk) - {name}, sets) for name in shrunk)
    found = smallest_conflict(instance_of(case), deadline=time.monotonic())
    assert not found.proven
    assert not holds(frozenset(found.names), sets)


@settings(QUICK, max_examples=60)
@given(cases(most=6))
def test_no_plan_costs_less(case: Case) -> None:
    costs = []
    for choice in choices(case):
        wanted = frozenset(name for name in every_name(case) if not name.startswith("siting.budget_yuan"))
        if any(wanted <= names for names in kept(case, choice)):
            costs.append(cost_of(case, choice.chosen))
    expected = LeastBudget(min(costs, default=None), proven=True)
    assert least_budget(instance_of(case), deadline=soon()) == expected


def town(*rules: Rule, goals: tuple[People, ...], communities: tuple[Communities, ...] = ()) -> Case:
    """Three sites, each with its own people."""
    columns = tuple(Column(f"s{k}", cost=10, price=10) for k in range(3))
    rows = tuple(Row(people, frozenset({k})) for k, people in enumerate((5, 3, 2)))
    return Case(columns, (*rows, Row(7, frozenset())), goals, communities, rules)


BUDGET = Rule(tuple((k, 10) for k in range(3)), None, 20, "siting.budget_yuan")
COUNT = Rule(tuple((k, 1) for k in range(3)), None, 2, "stations")
CLOSED = Rule(((0, 1),), 0, 0, "rules.force_closed:s0")


def test_a_goal_that_nothing_can_reach_conflicts_alone() -> None:
    case = town(BUDGET, COUNT, goals=(People((0, 3), (5, 7), 6), People((0, 1), (5, 3), 8)))
    assert smallest_conflict(instance_of(case), deadline=soon()) == Conflict(("goal:g0",), proven=True)
    assert least_budget(instance_of(case), deadline=soon()) == LeastBudget(None, proven=True)


def test_two_rules_that_each_stand_in_the_way() -> None:
    case = town(BUDGET, CLOSED, goals=(People((0, 1, 2), (5, 3, 2), 10),))
    found = smallest_conflict(instance_of(case), deadline=soon())
    assert found.names in {("goal:g0", "siting.budget_yuan"), ("goal:g0", "rules.force_closed:s0")}
    assert found.proven


def test_the_budget_stands_in_the_way_and_what_would_do() -> None:
    case = town(BUDGET, goals=(People((0, 1, 2), (5, 3, 2), 10),))
    expected = Conflict(("goal:g0", "siting.budget_yuan"), proven=True)
    assert smallest_conflict(instance_of(case), deadline=soon()) == expected
    assert least_budget(instance_of(case), deadline=soon()) == LeastBudget(30, proven=True)


def test_two_goals_within_one_budget() -> None:
    budget = Rule(tuple((k, 10) for k in range(3)), None, 10, "siting.budget_yuan")
    communities = (Communities((1,), (3,), (0,), (3,), 1),)
    case = town(budget, COUNT, goals=(People((0,), (5,), 5),), communities=communities)
    expected = Conflict(("goal:g0", "goal:c0", "siting.budget_yuan"), proven=True)
    assert smallest_conflict(instance_of(case), deadline=soon()) == expected


def test_rules_of_one_name_give_way_together() -> None:
    apart = [Rule(((k, 1), (m, 1)), None, 1, "rules.spacing:a") for k, m in ((0, 1), (1, 2))]
    case = town(*apart, goals=(People((0, 1), (5, 3), 8), People((1, 2), (3, 2), 5)))
    found = smallest_conflict(instance_of(case), deadline=soon())
    assert found.names in {("goal:g0", "rules.spacing:a"), ("goal:g1", "rules.spacing:a")}


def test_what_never_gives_way_is_no_part_of_a_conflict() -> None:
    order = Rule(((0, 1), (1, 1), (2, 1)), None, 1, "size")
    case = town(order, goals=(People((0, 1), (5, 3), 8),))
    assert smallest_conflict(instance_of(case), deadline=soon()).names == ("goal:g0",)
    impossible = Rule(((0, 1),), 2, None, "standing")
    case = town(impossible, goals=(People((0,), (5,), 5),))
    assert smallest_conflict(instance_of(case), deadline=soon()) == Conflict((), proven=True)
