"""Other plans that are almost as good, against all choices."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from brute import (
    Case,
    Choice,
    Column,
    People,
    Row,
    Rule,
    choices,
    instance_of,
    objective_of,
    opened_by,
    reached_by,
    served_in,
)
from drawn import QUICK, cases
from planner.alternatives import alternatives
from planner.optimize import solve
from planner.walk import walk

if TYPE_CHECKING:
    from collections.abc import Sequence


def soon(seconds: float = 60.0) -> float:
    return time.monotonic() + seconds


def least_difference(chosen: Sequence[int], before: Sequence[Sequence[int]]) -> int:
    return min(len(set(chosen) ^ set(other)) for other in before)


@settings(QUICK, max_examples=80)
@given(cases(most=6), st.sampled_from([Decimal("0.01"), Decimal("0.5"), Decimal(3)]))
def test_each_is_the_farthest_from_all_before(case: Case, within: Decimal) -> None:
    instance = instance_of(case)
    best = solve(instance)
    assume(best.status == "optimal")
    found = alternatives(instance, best, 3, deadline=soon(), within=within)
    all_choices = {choice.chosen: choice for choice in choices(case)}
    best_objective = all_choices[best.chosen].best(case)
    assert best_objective is not None
    near = [c.chosen for c in all_choices.values() if _near(c, case, best_objective, within)]
    before = [best.chosen]
    for one in found.found:
        plan = one.plan
        assert plan.chosen in near
        served = served_in(case, plan)
        assert plan.objective == objective_of(case, plan.chosen, served)
        reached = reached_by(case, opened_by(case, plan.chosen), served)
        assert all(got >= goal.needed for got, goal in zip(reached, case.asked, strict=True))
        assert one.differs == least_difference(plan.chosen, before) > 0
        assert one.farthest
        assert one.differs == max(least_difference(chosen, before) for chosen in near)
        before.append(plan.chosen)
    assert len(found.found) == min(3, len(near) - 1)
    assert found.no_more == (len(found.found) < 3)


@settings(QUICK, max_examples=80)
@given(cases(most=8, off=["capacity"]), st.sampled_from([Decimal("0.01"), Decimal("0.5"), Decimal(3)]))
def test_a_walk_ends_at_a_lawful_plan_within_the_limit(case: Case, within: Decimal) -> None:
    instance = instance_of(case)
    best = solve(instance)
    assume(best.status == "optimal")
    value = objective_of(case, best.chosen, ())
    most = value + int(within * value)
    start = np.array(best.chosen, dtype=np.int64)
    found = tuple(walk(instance, start, [start], most=most, deadline=soon()).tolist())
    reached = next(choice for choice in choices(case) if choice.chosen == found)
    assert _near(reached, case, value, within)
    assert walk(instance, start, [start], most=most, deadline=0.0).tolist() == list(best.chosen)


def _near(choice: Choice, case: Case, best: int, within: Decimal) -> bool:
    value = choice.best(case)
    return value is not None and value - best <= within * best


def test_a_neighbour_that_is_never_better_is_found() -> None:
    """The reduction leaves it out of the search for the best plan: it serves no more and costs the same."""
    columns = (Column("s0", cost=100, price=100), Column("s1", cost=100, price=100), Column("s2", cost=102, price=102))
    rows = (Row(9, frozenset({0, 1, 2})), Row(1, frozenset({0})))
    case = Case(columns, rows, (People((0, 1), (9, 1), 9),))
    instance = instance_of(case)
    best = solve(instance)
    assert best.chosen == (0,)
    found = alternatives(instance, best, 5, deadline=soon())
    assert [one.plan.chosen for one in found.found] == [(1,)]
    assert [one.plan.status for one in found.found] == ["optimal"]
    assert found.no_more
    wider = alternatives(instance, best, 1, deadline=soon(), within=Decimal("0.02"))
    assert not wider.no_more
    assert wider.found[0].plan.objective in (100, 102)


def test_a_plan_that_falls_short_has_none() -> None:
    case = Case((Column("s0", price=1),), (Row(9, frozenset()),), (People((0,), (9,), 9),))
    best = solve(instance_of(case))
    assert best.status == "infeasible"
    with pytest.raises(ValueError, match="falls short"):
        alternatives(instance_of(case), best, 1, deadline=soon())


def test_rules_hold_for_every_one() -> None:
    columns = tuple(Column(f"s{k}", cost=10, price=10) for k in range(4))
    rows = (Row(5, frozenset(range(4))),)
    closed = Rule(((3, 1),), 0, 0, "rules.force_closed:s3")
    case = Case(columns, rows, (People((0,), (5,), 5),), (), (closed,))
    instance = instance_of(case)
    found = alternatives(instance, solve(instance), 9, deadline=soon())
    assert sorted(one.plan.chosen for one in found.found) == [(1,), (2,)]
    assert found.no_more
