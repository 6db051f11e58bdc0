"""Least travel: the engine against all choices there are, its bounds, and its multipliers."""

from __future__ import annotations

import itertools
import math
import time
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import published
from planner.median import Answer, Median, solve_median

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from numpy.typing import NDArray

PAST = 0.0
"""A deadline that is over: the first ascent is cut short and nothing is searched."""


def solved(problem: Median, *, gap: float = 0.0, seconds: float = 60.0) -> Answer:
    return solve_median(problem, gap=gap, deadline=time.monotonic() + seconds)


def cost_of(problem: Median, chosen: tuple[int, ...] | list[int]) -> int | None:
    """Cost of a choice by definition; None where a point is left without any service."""
    total = sum(int(problem.price[j]) for j in chosen)
    for i, row in enumerate(problem.cost.tolist()):
        ways = [row[j] for j in chosen]
        if problem.outside is not None:
            ways.append(int(problem.outside[i]))
        if not ways:
            return None
        total += min(ways)
    return total


def cheapest(problem: Median) -> int | None:
    """Go through all choices."""
    n = len(problem.price)
    counts = range(problem.least, min(problem.most, n) + 1)
    costs = [cost_of(problem, chosen) for count in counts for chosen in itertools.combinations(range(n), count)]
    return min((cost for cost in costs if cost is not None), default=None)


def bound_of(problem: Median, multipliers: NDArray[np.float64]) -> Fraction:
    """Work out the bound that multipliers prove, in fractions."""
    v = [Fraction(value) for value in multipliers.tolist()]
    if problem.outside is not None:
        v = [min(value, Fraction(int(most))) for value, most in zip(v, problem.outside, strict=True)]
    rho = sorted(
        int(problem.price[j]) + sum(min(Fraction(0), int(problem.cost[i, j]) - v[i]) for i in range(len(v)))
        for j in range(len(problem.price))
    )
    least = problem.least if problem.outside is not None or not v else max(problem.least, 1)
    choices = [sum(rho[:count], Fraction(0)) for count in range(least, min(problem.most, len(rho)) + 1)]
    return sum(v, Fraction(0)) + min(choices)


@st.composite
def problems(draw: st.DrawFn) -> Median:
    """Small problems: few different costs (ties), points without weight, prices, counts, and what stands today."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n_demand, n_options = draw(st.integers(0, 9)), draw(st.integers(1, 8))
    top = draw(st.sampled_from([1, 3, 20, 10**6, 10**12]))
    cost = rng.integers(0, top + 1, (n_demand, n_options))
    cost *= rng.integers(0, 3, n_demand)[:, np.newaxis]
    if draw(st.booleans()):  # distances in the plane have narrower gaps than anyhow drawn ones
        a, b = rng.integers(0, 30, (n_demand, 2)), rng.integers(0, 30, (n_options, 2))
        cost = np.abs(a[:, np.newaxis] - b).sum(axis=2)
    priced = draw(st.booleans())
    price = rng.integers(0, top + 1, n_options) if priced else np.zeros(n_options, dtype=np.int64)
    least = draw(st.integers(0, n_options))
    most = draw(st.integers(least, n_options + 1))
    outside = rng.integers(0, 2 * top + 1, n_demand) if draw(st.booleans()) else None
    return Median(cost, price, least, most, outside)


@settings(max_examples=150, deadline=None)
@given(problems())
def test_best_of_all_choices(problem: Median) -> None:
    answer = solved(problem)
    best = cheapest(problem)
    assert answer.infeasible == (best is None)
    if best is None:
        assert answer.opened is None
        assert answer.objective is None
        return
    assert answer.opened is not None
    assert answer.objective == best
    assert answer.bound == best
    assert cost_of(problem, np.flatnonzero(answer.opened).tolist()) == best
    assert problem.least <= answer.opened.sum() <= problem.most


@settings(max_examples=75, deadline=None)
@given(problems())
def test_bounds_and_multipliers_are_never_above_the_optimum(problem: Median) -> None:
    best = cheapest(problem)
    for answer in (solve_median(problem, gap=0.0, deadline=PAST), solved(problem)):
        if best is None:
            assert answer.infeasible
            continue
        assert answer.bound is not None
        assert answer.objective is not None
        assert answer.multipliers is not None
        assert answer.bound <= best <= answer.objective
        proven = bound_of(problem, answer.multipliers)
        assert proven <= best
        if answer.bound < answer.objective:  # nothing was searched: the bound is that of the multipliers
            assert math.ceil(proven) == answer.bound


@settings(max_examples=70, deadline=None)
@given(problems(), st.sampled_from([0.01, 0.1, 0.5]))
def test_gap_is_kept(problem: Median, gap: float) -> None:
    answer = solved(problem, gap=gap)
    if answer.infeasible:
        return
    assert answer.bound is not None
    assert answer.objective is not None
    best = cheapest(problem)
    assert best is not None
    assert answer.bound <= best <= answer.objective
    assert answer.objective - answer.bound <= gap * answer.objective


@settings(max_examples=70, deadline=None)
@given(problems(), st.randoms(use_true_random=False))
def test_order_of_rows_and_columns_changes_no_objective(problem: Median, random: Random) -> None:
    rows, columns = list(range(len(problem.cost))), list(range(len(problem.price)))
    random.shuffle(rows)
    random.shuffle(columns)
    outside = None if problem.outside is None else problem.outside[rows]
    shuffled = replace(problem, cost=problem.cost[rows][:, columns], price=problem.price[columns], outside=outside)
    assert solved(shuffled).objective == solved(problem).objective


def plane(n_demand: int, n_options: int, seed: int, top: int = 10**6) -> NDArray[np.int64]:
    """Weight x distance between points of a square."""
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, top, (n_demand, 2)), rng.integers(0, top, (n_options, 2))
    return np.asarray(np.abs(a[:, np.newaxis] - b).sum(axis=2) * rng.integers(1, 100, n_demand)[:, np.newaxis])


@pytest.mark.parametrize(("p", "seed"), [(3, 0), (4, 1), (5, 2)])
def test_search_is_carried_through(p: int, seed: int) -> None:
    """Large enough that the first bound does not prove it."""
    cost = plane(60, 18, seed)
    problem = Median(cost, np.zeros(18, dtype=np.int64), p, p, None)
    best = min(int(cost[:, list(chosen)].min(axis=1).sum()) for chosen in itertools.combinations(range(18), p))
    answer = solved(problem)
    assert (answer.objective, answer.bound) == (best, best)


def test_random_costs_leave_a_wide_gap_and_are_searched() -> None:
    rng = np.random.default_rng(5)
    cost = rng.integers(0, 1000, (80, 22))
    problem = Median(cost, np.zeros(22, dtype=np.int64), 5, 5, None)
    first = solve_median(problem, gap=0.0, deadline=PAST)
    assert first.bound is not None
    assert first.objective is not None
    assert first.bound < first.objective
    best = min(int(cost[:, list(chosen)].min(axis=1).sum()) for chosen in itertools.combinations(range(22), 5))
    answer = solved(problem)
    assert (answer.objective, answer.bound) == (best, best)


def test_same_inputs_same_answer() -> None:
    problem = Median(plane(80, 40, 3), np.zeros(40, dtype=np.int64), 6, 6, None)
    one, other = solved(problem), solved(problem)
    assert one.opened is not None
    assert other.opened is not None
    assert one.multipliers is not None
    assert other.multipliers is not None
    assert one.opened.tobytes() == other.opened.tobytes()
    assert one.multipliers.tobytes() == other.multipliers.tobytes()


def test_people_times_millimetres_are_exact() -> None:
    """Ten million people some kilometres away: a bound in doubles could not tell one unit from the next."""
    cost = plane(40, 12, 4, top=10**12)
    problem = Median(cost, np.zeros(12, dtype=np.int64), 3, 3, None)
    answer = solved(problem)
    best = min(int(cost[:, list(chosen)].min(axis=1).sum()) for chosen in itertools.combinations(range(12), 3))
    assert best > 10**14
    assert answer.objective == best
    assert answer.bound == best


def test_the_root_bound_of_distances_is_near_the_optimum() -> None:
    """The bound of the multipliers is that of the linear program, within 1 % for distances."""
    problem = Median(plane(80, 40, 3), np.zeros(40, dtype=np.int64), 6, 6, None)
    answer = solved(problem)
    assert answer.multipliers is not None
    assert answer.objective is not None
    assert bound_of(problem, answer.multipliers) >= Fraction(99, 100) * answer.objective


def test_more_options_than_there_are() -> None:
    problem = Median(plane(5, 4, 0), np.zeros(4, dtype=np.int64), 5, 6, None)
    assert solved(problem).infeasible


def test_nothing_may_open() -> None:
    outside = np.array([3, 4, 5])
    assert solved(Median(plane(3, 4, 0), np.zeros(4, dtype=np.int64), 0, 0, outside)).objective == 12
    assert solved(Median(plane(3, 4, 0), np.zeros(4, dtype=np.int64), 0, 0, None)).infeasible


def test_amounts_beyond_all_bounds_are_refused() -> None:
    cost = np.full((4, 3), 2**60)
    with pytest.raises(OverflowError):
        solved(Median(cost, np.zeros(3, dtype=np.int64), 1, 1, None))


def test_a_later_length_of_a_street_replaces_an_earlier_one() -> None:
    distance, p = published.graph_distances("3 4 1\n1 2 9\n2 3 1\n1 3 5\n2 1 2\n")
    assert p == 1
    assert distance.tolist() == [[0, 2, 3], [2, 0, 1], [3, 1, 0]]


def test_facility_costs_are_read_to_the_last_decimal() -> None:
    cost, price = published.facility_costs("2 1\n capacity 7500.\n 58268 12.5\n 146\n 6739.72500 10355.05000\n")
    assert cost.tolist() == [[673972500, 1035505000]]
    assert price.tolist() == [750000000, 1250000]


@pytest.mark.parametrize(
    ("ours", "bound", "optimal", "confirmed", "said"),
    [
        (100.0004, 100.0, True, True, "equal"),
        (100.0, 99.0, False, True, "equal, not proven"),
        (101.0, 99.0, False, True, "within the gap"),
        (99.0, 101.0, False, True, "within the gap"),
        (101.0, 100.5, False, True, "MISMATCH"),
        (99.0, 99.0, True, True, "MISMATCH"),
        (99.0, 99.0, True, False, "differs, unconfirmed"),
        (None, 99.0, False, False, "no plan"),
    ],
)
def test_verdicts(ours: float | None, bound: float, said: str, *, optimal: bool, confirmed: bool) -> None:
    case = published.Case("case", 100.0, confirmed, lambda: pytest.fail("nothing is loaded"))
    assert published.verdict(case, ours, published.Found([], bound, optimal)) == said


def test_benchmark_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no published instances"):
        published.main([str(tmp_path)])
