"""One LP for many budgets: against every choice on small problems, and the exact engine on towns."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from drawn import QUICK, cases
from planner import sweep
from planner.classic import mclp_instance
from planner.covering import NO_LIMIT, Covering
from planner.cuts import solve_covering
from planner.frontier import Frontier, frontier
from test_frontier import asked_of, check_points, counted, solved, worth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from brute import Case

GAP = 0.001
FOREVER_S = 60.0


def later() -> float:
    return time.perf_counter() + FOREVER_S


# --- Against every choice ----------------------------------------------------------------------------------------


def small(seed: int) -> Covering:
    """A small problem; its rules are a count with bounds, now and then another one, and the cost."""
    generator = np.random.default_rng(seed)
    options, rows = int(generator.integers(2, 9)), int(generator.integers(1, 16))
    covers = generator.random((rows, options)) < generator.uniform(0.1, 0.5)
    price = generator.integers(0, 9, options) * int(generator.choice([1, 10, 10_000]))
    more = generator.integers(-1, 2, (int(generator.integers(0, 2)), options))
    rules = np.concatenate([np.ones((1, options), dtype=np.int64), more, price[None, :]])
    free = [-NO_LIMIT] * (len(rules) - 1)
    few, many = int(generator.integers(0, 3)), int(generator.integers(2, options + 1))
    return Covering(
        covers=csr_array(covers.astype(np.int8)),
        loss=generator.integers(0, 30, rows),
        price=price,
        goals=csr_array((0, rows), dtype=np.int64),
        allowed=np.zeros(0, dtype=np.int64),
        rules=csr_array(rules),
        minimum=np.array([min(few, many), *free]),
        maximum=np.array([many, *[int(generator.integers(0, 3)) for _ in more], NO_LIMIT]),
    )


def plans_of(problem: Covering) -> list[tuple[int, int, NDArray[np.bool_]]]:
    """Cost, people and options of every plan that keeps the rules, the cheapest first."""
    choices = np.array(list(itertools.product((False, True), repeat=len(problem.price))))
    counted = choices @ problem.rules.toarray().T
    lawful = ((counted >= problem.minimum) & (counted <= problem.maximum)).all(axis=1)
    cost, people = choices @ problem.price, (choices @ problem.covers.toarray().T > 0) @ problem.loss
    found = zip(cost[lawful].tolist(), people[lawful].tolist(), choices[lawful], strict=True)
    return sorted(found, key=lambda entry: entry[:2])


def never(problem: Covering) -> int:
    """People whom no option covers."""
    return int(problem.loss[np.diff(problem.covers.indptr) == 0].sum())


@settings(QUICK, max_examples=50)
@given(st.integers(0, 10**6), st.sampled_from([GAP, 0.05, 0.4]))
def test_bounds_hold_and_gaps_are_kept_at_any_budget(seed: int, gap: float) -> None:
    problem = small(seed)
    plans = plans_of(problem)
    if not plans:
        return
    known, floor = sweep.begun(problem), plans[0][2]
    assert known.whole == int(problem.loss.sum()) - never(problem)
    near, generator = floor, np.random.default_rng(seed)
    costs = sorted({cost for cost, _, _ in plans}, reverse=True)
    for budget in (NO_LIMIT, *generator.permutation(costs)[:4].tolist()):
        known, best = sweep.bought(known, budget, near, floor, gap=gap, deadline=later())
        near, people = best.plan, sweep.covered(known, best.plan)
        most = max(people for cost, people, _ in plans if cost <= budget)
        assert any((near == plan).all() for cost, _, plan in plans if cost <= budget)
        assert people <= most <= best.most
        assert best.most - people <= gap * people
    for _, people, _ in plans:
        assert sweep.least_cost(known, people) <= min(cost for cost, covered, _ in plans if covered >= people)


def test_that_nothing_is_better_by_more_than_the_slack_is_a_proof() -> None:
    """At one of these budgets the exact engine finds that what is left has no plan at all."""
    problem, gap = small(387), 0.05
    plans = plans_of(problem)
    known, floor = sweep.begun(problem), plans[0][2]
    for budget in sorted({cost for cost, _, _ in plans}, reverse=True)[:6]:
        known, best = sweep.bought(known, budget, floor, floor, gap=gap, deadline=later())
        people = sweep.covered(known, best.plan)
        assert best.most - people <= gap * people


@settings(QUICK, max_examples=50)
@given(st.integers(0, 10**6))
def test_what_is_spared_covers_as_much_for_no_more(seed: int) -> None:
    problem = small(seed)
    plans = plans_of(problem)
    if not plans:
        return
    cost, people, plan = plans[np.random.default_rng(seed).integers(len(plans))]
    known, cheaper = sweep.spared(sweep.begun(problem), plan, gap=GAP, deadline=later())
    least = min(cost for cost, covered, _ in plans if covered >= people)
    assert sweep.least_cost(known, people) <= least <= sweep.cost(known, cheaper) <= cost
    assert sweep.covered(known, cheaper) >= people
    assert any((cheaper == plan).all() for _, _, plan in plans)


@settings(QUICK, max_examples=50)
@given(
    cases(most=7, off=["capacity", "travel", "backup"]), st.sampled_from([2, 5, 9]), st.sampled_from([GAP, 0.05, 0.9])
)
def test_a_swept_frontier_is_honest_under_all_rules(case: Case, steps: int, gap: float) -> None:
    rows = counted(case, under=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("planner.budget.LARGE", 0)
        found = solved(case, rows, steps=steps, gap=gap)
    lawful, today = worth(asked_of(case, rows))
    if not lawful:
        assert (found.status, found.points) == ("infeasible", ())
        return
    check_points(case, found, lawful)
    for point in found.points:
        best = max(people for cost, people in lawful if cost <= point.budget_yuan)
        cheapest = min(cost for cost, people in lawful if people >= point.people)
        assert point.people <= best <= point.most
        assert point.most - point.people <= gap * (point.most - today) + 1e-6
        assert point.cost_yuan - cheapest <= point.cost_gap * point.cost_yuan + 1e-6


# --- Against the exact engine ------------------------------------------------------------------------------------


@cache
def town(seed: int) -> tuple[csr_array, NDArray[np.int64], NDArray[np.int64]]:
    """100 to 300 sites among points that crowd together: who is covered, how many people, and the cost of sites."""
    generator = np.random.default_rng(seed)
    sites, points = int(generator.integers(100, 300)), 6_000
    centre = generator.uniform(0, 20, (30, 2))
    place = centre[generator.integers(0, 30, points)] + generator.normal(0, 0.8, (points, 2))
    site = place[generator.integers(0, points, sites)] + generator.normal(0, 0.2, (sites, 2))
    away = ((place[:, None, :] - site[None]) ** 2).sum(axis=2)
    cost = generator.integers(5, 11, sites) if seed % 2 else generator.integers(50_000, 110_000, sites)
    return csr_array(away < 1.0), np.maximum(1, generator.lognormal(3, 1, points)).astype(np.int64), cost


def swept(seed: int, *, time_limit_s: float = FOREVER_S) -> Frontier:
    covers, people, cost = town(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("planner.budget.LARGE", 0)
        instance = mclp_instance(covers, weight=people, cost=cost, budget=int(cost.sum()))
        return frontier(instance, people, steps=5, gap=GAP, time_limit_s=time_limit_s)


@cache
def exact(seed: int, *, budget: int = NO_LIMIT, needed: int | None = None) -> int:
    """The most people within a budget, or the least cost for so many."""
    covers, people, cost = town(seed)
    rows, nothing = csr_array(people[None, :]), np.zeros(0, dtype=np.int64)
    problem = Covering(
        covers=covers.astype(np.int8),
        loss=people if needed is None else np.zeros_like(people),
        price=np.zeros_like(cost) if needed is None else cost,
        goals=rows[:0] if needed is None else rows,
        allowed=nothing if needed is None else np.array([int(people.sum()) - needed]),
        rules=csr_array(cost[None, :]),
        minimum=np.array([-NO_LIMIT]),
        maximum=np.array([budget]),
    )
    answer = solve_covering(problem, gap=0.0, deadline=later())
    assert answer.objective is not None
    assert answer.objective == answer.bound
    return int(people.sum()) - answer.objective if needed is None else answer.objective


@pytest.mark.parametrize("seed", range(4))
def test_points_agree_with_what_each_budget_gives_on_its_own(seed: int) -> None:
    found = swept(seed)
    assert [point.budget_yuan for point in found.points] == sorted({point.budget_yuan for point in found.points})
    for point in found.points:
        best = exact(seed, budget=point.budget_yuan)
        assert point.people <= best <= point.most
        assert point.most - point.people <= GAP * point.most
        cheapest = exact(seed, needed=point.people)
        assert (1 - point.cost_gap) * point.cost_yuan - 1e-6 <= cheapest <= point.cost_yuan <= point.budget_yuan
    whole = exact(seed)
    assert found.points[-1].most == whole
    assert found.points[-1].budget_yuan <= 1.02 * exact(seed, needed=found.points[-1].people)


def test_the_same_twice() -> None:
    first, second = (swept(1) for _ in range(2))
    assert replace(first, seconds=0.0) == replace(second, seconds=0.0)


def test_without_time_points_are_honest() -> None:
    for point in swept(0, time_limit_s=0.001).points:
        assert point.cost_yuan <= point.budget_yuan
        assert point.people <= exact(0, budget=point.budget_yuan) <= point.most
        assert (1 - point.cost_gap) * point.cost_yuan - 1e-6 <= exact(0, needed=point.people) <= point.cost_yuan
