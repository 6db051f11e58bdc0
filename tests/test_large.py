"""The way of large problems gives the same plans as all choices, on small ones sent that way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.sparse import csr_array

from brute import Case, choices, instance_of
from drawn import QUICK, cases
from planner import claims, classic, medians, optimize, solving
from planner.frontier import frontier
from planner.large import covering_of
from planner.reduce import reduce
from planner.siting import Capacity, CommunityGoal, PeopleGoal


@pytest.fixture(autouse=True)
def _everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solving, "LARGE", 0)
    monkeypatch.setattr("planner.budget.LARGE", 0)


def best_of(case: Case) -> int | None:
    return min((value for choice in choices(case) if (value := choice.best(case)) is not None), default=None)


@settings(QUICK, max_examples=80)
@given(cases(most=7, off=["capacity", "travel", "backup"]))
def test_plans_are_the_best_of_all_choices(case: Case) -> None:
    instance, best = instance_of(case), best_of(case)
    plan = optimize.solve(instance)
    if best is None:
        assert plan.status == "infeasible"
        return
    if plan.status == "none":
        return
    assert (plan.status, plan.objective, plan.bound) == ("optimal", best, best)
    assert plan.ties_broken
    assert plan.multipliers is not None
    assert claims.check(instance, plan, claims.certify(instance, plan.multipliers)) == ()


def test_what_is_more_than_covering_goes_the_other_way() -> None:
    """Backup, capacity, travel, and communities of several rows need the explicit program."""
    rng = np.random.default_rng(0)
    instance = classic.mclp_instance(csr_array(rng.random((9, 5)) < 0.4), weight=np.ones(9, dtype=np.int64), p=2)
    rows, ones = np.arange(9), np.ones(9, dtype=np.int64)
    twice = PeopleGoal("twice", "", rows, ones, 2, times=2)
    together = CommunityGoal("together", "", rows, rows // 3, ones, np.array([2, 2, 2]), 1)
    full = Capacity(rows, np.full(5, 3))
    whole = medians.travel_instance(rng.integers(0, 9, (9, 5)), weight=ones, price=ones[:5], least=1, most=5)
    assert covering_of(instance, reduce(instance)) is not None
    for more in (
        replace(instance, goals=(twice,)),
        replace(instance, communities=(together,)),
        replace(instance, capacity=full),
        replace(instance, travel=whole.travel),
    ):
        assert covering_of(more, reduce(more)) is None


@pytest.mark.parametrize("seed", range(6))
def test_large_frontiers_agree_with_small_ones(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    rng = np.random.default_rng(seed)
    covers, weight = csr_array(rng.random((25, 8)) < 0.25), rng.integers(1, 30, 25)
    instance = classic.mclp_instance(covers, weight=weight, cost=rng.integers(3, 9, 8), budget=60)
    ours = frontier(instance, weight, steps=6, gap=0.0)
    monkeypatch.setattr("planner.budget.LARGE", 10**9)
    theirs = frontier(instance, weight, steps=6, gap=0.0)
    assert ours.status == theirs.status == "optimal"
    assert [(p.budget_yuan, p.cost_yuan, p.people) for p in ours.points] == [
        (p.budget_yuan, p.cost_yuan, p.people) for p in theirs.points
    ]


def test_a_time_limit_gives_a_gap_and_never_an_optimum() -> None:
    rng = np.random.default_rng(1)
    covers = csr_array(rng.random((4000, 300)) < 0.05)
    plan = optimize.mclp(covers, weight=rng.integers(1, 50, 4000), p=20, time_limit_s=0.5)
    assert plan.status == "gap"
    assert plan.objective is not None
    assert plan.bound is not None
    assert plan.objective < plan.bound
    assert plan.seconds < 20


def test_claims_of_what_is_impossible_or_of_another_gap_are_refused() -> None:
    rng = np.random.default_rng(5)
    covers, weight = csr_array(rng.random((30, 8)) < 0.3), rng.integers(1, 9, 30)
    instance = classic.mclp_instance(covers, weight=weight, p=3)
    plan = optimize.solve(instance)
    assert plan.multipliers is not None
    proof = claims.certify(instance, plan.multipliers)
    assert claims.check(instance, plan, proof) == ()
    for forged in (
        replace(plan, gap=0.5),
        replace(plan, gap=-1.0),
        replace(plan, status="infeasible"),
        replace(plan, status="infeasible", best_effort=True),
        replace(plan, status="none"),
    ):
        assert claims.check(instance, forged, proof) != ()
