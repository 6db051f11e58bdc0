"""The classic models against all choices, their plans against the certificate, and what they refuse."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from planner import claims, classic, medians, optimize

if TYPE_CHECKING:
    from collections.abc import Iterator

QUICK = settings(max_examples=60, deadline=None, derandomize=True, database=None)


@st.composite
def covers(draw: st.DrawFn) -> Any:
    """Rows x options, weights, costs, and options that stand."""
    rows, columns = draw(st.integers(1, 9)), draw(st.integers(1, 7))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    matrix = (rng.random((rows, columns)) < draw(st.sampled_from([0.15, 0.3, 0.6]))).astype(np.int64)
    fixed = [k for k in range(columns) if rng.random() < 0.2]
    return matrix, rng.integers(0, 20, rows), rng.integers(0, 9, columns), fixed


def choices(columns: int, fixed: list[int]) -> Iterator[list[int]]:
    free = [k for k in range(columns) if k not in fixed]
    for size in range(len(free) + 1):
        for chosen in combinations(free, size):
            yield list(chosen)


def got(matrix: Any, weight: Any, opened: list[int]) -> int:
    """Weight covered by these options."""
    return int(weight[matrix[:, opened].any(axis=1)].sum())


@QUICK
@given(covers(), st.integers(0, 4))
def test_most_is_covered_by_so_many(case: Any, p: int) -> None:
    matrix, weight, _, fixed = case
    plan = optimize.mclp(csr_array(matrix), weight=weight, p=p, fixed=fixed)
    best = max(got(matrix, weight, [*c, *fixed]) for c in choices(matrix.shape[1], fixed) if len(c) <= p)
    assert (plan.status, plan.objective, plan.bound, plan.gap) == ("optimal", best, best, 0.0)
    assert got(matrix, weight, [*plan.chosen, *fixed]) == best
    assert len(plan.chosen) <= p
    assert not set(plan.chosen) & set(fixed)


@QUICK
@given(covers(), st.integers(0, 25))
def test_most_is_covered_within_a_budget(case: Any, budget: int) -> None:
    matrix, weight, cost, fixed = case
    plan = optimize.mclp(csr_array(matrix), weight=weight, cost=cost, budget=budget, fixed=fixed)
    lawful = [c for c in choices(matrix.shape[1], fixed) if cost[c].sum() <= budget]
    assert plan.objective == max(got(matrix, weight, [*c, *fixed]) for c in lawful)
    assert cost[list(plan.chosen)].sum() <= budget


@QUICK
@given(covers(), st.sampled_from([0.3, Fraction(1, 3), 0.7, 1]))
def test_a_share_is_covered_at_least_cost(case: Any, share: Any) -> None:
    matrix, weight, cost, fixed = case
    plan = optimize.partial_cover(csr_array(matrix), weight=weight, cost=cost, share=share, fixed=fixed)
    exact = Fraction(str(share)) if isinstance(share, float) else Fraction(share)
    asked = exact * int(weight.sum())
    met = [c for c in choices(matrix.shape[1], fixed) if got(matrix, weight, [*c, *fixed]) >= asked]
    if not met:
        assert plan.status == "infeasible"
        return
    assert plan.objective == min(int(cost[c].sum()) for c in met)
    assert got(matrix, weight, [*plan.chosen, *fixed]) >= asked


@QUICK
@given(covers())
def test_everything_is_covered_at_least_cost(case: Any) -> None:
    matrix, _, cost, fixed = case
    plan = optimize.lscp(csr_array(matrix), cost=cost, fixed=fixed)
    met = [c for c in choices(matrix.shape[1], fixed) if matrix[:, [*c, *fixed]].any(axis=1).all()]
    if not met:
        assert (plan.status, plan.best_effort) == ("infeasible", True)
        coverable = matrix.any(axis=1)
        assert matrix[coverable][:, [*plan.chosen, *fixed]].any(axis=1).all()
        return
    assert plan.objective == min(int(cost[c].sum()) for c in met)


@st.composite
def distances(draw: st.DrawFn) -> Any:
    rows, columns = draw(st.integers(1, 8)), draw(st.integers(1, 7))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    table = rng.integers(0, draw(st.sampled_from([3, 50])), (rows, columns))
    fixed = [k for k in range(columns) if rng.random() < 0.2]
    halves = draw(st.booleans())
    return table / 2 if halves else table, rng.integers(0, 9, rows), rng.integers(0, 60, columns), fixed


def travelled(table: Any, weight: Any, opened: list[int]) -> float:
    return float((table[:, opened].min(axis=1) * weight).sum())


@QUICK
@given(distances(), st.integers(0, 7))
def test_travel_is_least_with_exactly_so_many(case: Any, p: int) -> None:
    table, weight, _, fixed = case
    columns = table.shape[1]
    if p > columns - len(fixed) or (p == 0 and not fixed):
        with pytest.raises(ValueError, match="may open"):
            optimize.p_median(table, weight=weight, p=p, fixed=fixed)
        return
    plan = optimize.p_median(table, weight=weight, p=p, fixed=fixed)
    best = min(travelled(table, weight, [*c, *fixed]) for c in choices(columns, fixed) if len(c) == p)
    assert (plan.status, plan.objective, plan.bound) == ("optimal", best, best)
    assert travelled(table, weight, [*plan.chosen, *fixed]) == best
    assert len(plan.chosen) == p


@QUICK
@given(distances())
def test_cost_and_travel_are_least_with_any_number(case: Any) -> None:
    table, weight, cost, fixed = case
    plan = optimize.facility_location(table, weight=weight, cost=cost, fixed=fixed)
    lawful = [c for c in choices(table.shape[1], fixed) if c or fixed]
    best = min(float(cost[c].sum()) + travelled(table, weight, [*c, *fixed]) for c in lawful)
    assert (plan.status, plan.objective, plan.bound) == ("optimal", best, best)


@QUICK
@given(distances())
def test_the_certificate_confirms_least_travel(case: Any) -> None:
    table, weight, cost, fixed = case
    whole = np.rint(table * 2).astype(np.int64)
    plan = optimize.facility_location(whole, weight=weight, cost=cost, fixed=fixed)
    least = 0 if fixed else 1
    most = whole.shape[1] - len(fixed)
    instance = medians.travel_instance(whole, weight=weight, price=cost, least=least, most=most, fixed=fixed)
    assert plan.multipliers is not None
    proof = claims.certify(instance, plan.multipliers)
    assert claims.check(instance, plan, proof) == ()
    assert plan.objective is not None
    assert claims.check(instance, replace(plan, objective=plan.objective + 1), proof) != ()


def test_distances_that_no_step_holds_leave_an_honest_gap() -> None:
    rng = np.random.default_rng(3)
    table, weight = rng.random((30, 6)) * 40_000, rng.integers(1, 10_000, 30)
    plan = optimize.p_median(table, weight=weight, p=2)
    best = min(travelled(table, weight, list(c)) for c in combinations(range(6), 2))
    assert plan.objective == pytest.approx(best, rel=1e-12)
    assert plan.bound is not None
    assert plan.bound <= best
    assert plan.gap is not None
    assert plan.gap < 1e-7


@pytest.mark.parametrize(
    ("table", "weight", "chosen", "objective"),
    [
        ([[1000.4, 1000.0], [1000.4, 1001.3]], 10**9, (0,), 2_000_800_000_000.0),
        ([[3e-7, 4e-7], [4e-7, 1e-7]], 1, (1,), 5e-7),
    ],
)
def test_small_differences_of_distance_are_not_lost(table: Any, weight: int, chosen: Any, objective: float) -> None:
    plan = optimize.p_median(table, weight=[weight, weight], p=1)
    assert plan.objective == pytest.approx(objective, rel=1e-12)
    assert plan.chosen == chosen or plan.status == "gap"


def test_weights_that_leave_no_room_are_refused() -> None:
    with pytest.raises(ValueError, match="larger units"):
        optimize.facility_location([[4e5, 4e5], [4e5, 3e5]], weight=[10**12] * 2, cost=[1, 1])
    with pytest.raises(ValueError, match="larger units"):
        optimize.lscp(csr_array(np.eye(2)), cost=[2**62] * 2)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda m: optimize.mclp(m, weight=[1, 2], p=1), "weight has shape"),
        (lambda m: optimize.mclp(m, weight=[1, 2, 0.5], p=1), "whole numbers"),
        (lambda m: optimize.mclp(m, weight=[1, 2, -1], p=1), "at least 0"),
        (lambda m: optimize.mclp(m, weight=[1, 2, 3]), "either p"),
        (lambda m: optimize.mclp(m, weight=[1, 2, 3], p=1, budget=2), "either p"),
        (lambda m: optimize.mclp(m, weight=[1, 2, 3], p=1, fixed=[2]), "fixed names a column"),
        (lambda m: optimize.lscp(m, cost=[1, 2, 3]), "cost has shape"),
        (lambda m: optimize.partial_cover(m, weight=[1, 2, 3], share=1.5), "between 0 and 1"),
        (lambda _: optimize.p_median([[1.0, float("nan")]], weight=[1], p=1), "full table"),
        (lambda _: optimize.p_median([[1.0, -2.0]], weight=[1], p=1), "full table"),
        (lambda _: optimize.p_median([1.0, 2.0], weight=[1, 1], p=1), "full table"),
        (lambda _: optimize.facility_location(np.zeros((2, 0)), weight=[1, 1], cost=[]), "no option"),
    ],
)
def test_what_makes_no_sense_is_refused(call: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call(csr_array(np.array([[1, 0], [0, 1], [1, 1]])))


def test_stored_zeros_cover_nobody() -> None:
    matrix = csr_array((np.array([0, 1]), np.array([0, 1]), np.array([0, 1, 2])), shape=(2, 2))
    plan = classic.mclp(matrix, weight=[5, 3], p=2)
    assert plan.objective == 3


def test_what_is_given_is_not_changed() -> None:
    matrix = csr_array((np.array([1, 0, 1]), np.array([1, 0, 0]), np.array([0, 2, 3])), shape=(2, 2))
    before = (matrix.data.copy(), matrix.indices.copy(), matrix.indptr.copy())
    classic.lscp(matrix)
    assert all((a == b).all() for a, b in zip(before, (matrix.data, matrix.indices, matrix.indptr), strict=True))
