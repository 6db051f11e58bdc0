"""Large covering problems against brute force on small ones."""

from __future__ import annotations

import itertools
import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from planner.bounds import Duals, cut_root, master_of
from planner.covering import NO_LIMIT, Covering, merge, objective_of, restricted
from planner.cuts import Answer, given_duals, solve_covering

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOREVER_S = 60.0


def drawn(seed: int) -> Covering:
    """A small problem: some with prices, some with losses, some with goals, rules of all kinds."""
    generator = np.random.default_rng(seed)
    options, rows = int(generator.integers(1, 8)), int(generator.integers(1, 15))
    covers = generator.random((rows, options)) < generator.uniform(0.1, 0.6)
    covers[generator.random(rows) < 0.3] = covers[0]
    n_goals, n_rules = int(generator.integers(0, 6)), int(generator.integers(0, 3))
    weights = generator.integers(0, 20, (n_goals, rows)) * (generator.random((n_goals, rows)) < 0.7)
    rules = generator.integers(-2, 3, (n_rules, options))
    counts = np.ones((1, options), dtype=np.int64)
    if generator.random() < 0.6:
        rules = np.concatenate([rules, counts])
    minimum = np.where(generator.random(len(rules)) < 0.3, generator.integers(-2, 2, len(rules)), -NO_LIMIT)
    maximum = np.where(generator.random(len(rules)) < 0.8, generator.integers(0, 4, len(rules)), NO_LIMIT)
    return Covering(
        covers=csr_array(covers.astype(np.int8)),
        loss=generator.integers(0, 30, rows) * int(generator.random() < 0.7),
        price=generator.integers(0, 25, options) * int(generator.random() < 0.7),
        goals=csr_array(weights.astype(np.int64)),
        allowed=(weights.sum(axis=1) * generator.random(n_goals)).astype(np.int64),
        rules=csr_array(rules.astype(np.int64)),
        minimum=minimum.astype(np.int64),
        maximum=np.maximum(minimum, maximum).astype(np.int64),
    )


def least(problem: Covering) -> int | None:
    """The optimum by trying every plan, in plain Python."""
    covers, rules = problem.covers.toarray().tolist(), problem.rules.toarray().tolist()
    goals = problem.goals.toarray().tolist()
    best: int | None = None
    for plan in itertools.product((0, 1), repeat=len(problem.price)):
        left = [not any(c and x for c, x in zip(row, plan, strict=True)) for row in covers]
        missed = [sum(w for w, u in zip(goal, left, strict=True) if u) for goal in goals]
        totals = [sum(f * x for f, x in zip(rule, plan, strict=True)) for rule in rules]
        if any(m > a for m, a in zip(missed, problem.allowed.tolist(), strict=True)):
            continue
        limits = zip(problem.minimum.tolist(), totals, problem.maximum.tolist(), strict=True)
        if not all(low <= total <= high for low, total, high in limits):
            continue
        cost = sum(c for c, x in zip(problem.price.tolist(), plan, strict=True) if x)
        cost += sum(w for w, u in zip(problem.loss.tolist(), left, strict=True) if u)
        best = cost if best is None else min(best, cost)
    return best


def bound_of(problem: Covering, duals: Duals) -> float:
    """The bound that multipliers prove, in plain Python on the rows as given."""
    covers, rules = problem.covers.toarray(), problem.rules.toarray()
    goals = problem.goals.toarray()
    y, m, v = duals.rows.tolist(), duals.goals.tolist(), duals.rules.tolist()
    assert min([*y, *m, 0.0]) >= 0.0
    bound = sum(y) - sum(a * b for a, b in zip(m, problem.allowed.tolist(), strict=True))
    for multiplier, low, high in zip(v, problem.minimum.tolist(), problem.maximum.tolist(), strict=True):
        side = low if multiplier > 0 else high
        assert multiplier == 0 or abs(side) < NO_LIMIT
        bound += multiplier * side if multiplier else 0.0
    for k, price in enumerate(problem.price.tolist()):
        cost = price - sum(y[r] for r in range(len(y)) if covers[r, k])
        cost -= sum(v[i] * rules[i, k] for i in range(len(v)))
        bound += min(0.0, cost)
    for r, loss in enumerate(problem.loss.tolist()):
        cost = loss - y[r] + sum(m[g] * goals[g, r] for g in range(len(m)))
        bound += min(0.0, cost)
    return float(bound)


def solved(problem: Covering, gap: float = 0.0) -> Answer:
    return solve_covering(problem, gap=gap, deadline=time.perf_counter() + FOREVER_S)


@settings(max_examples=70, deadline=None)
@given(st.integers(0, 10**9))
def test_equals_brute_force(seed: int) -> None:
    problem = drawn(seed)
    best, answer = least(problem), solved(problem)
    assert answer.infeasible == (best is None)
    assert answer.objective == best
    if best is not None:
        assert answer.opened is not None
        assert objective_of(problem, answer.opened) == best
        assert answer.bound == best
    if answer.duals is not None and best is not None:
        assert bound_of(problem, answer.duals) <= best + 1e-6


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**9))
def test_multipliers_prove_what_the_lp_holds(seed: int) -> None:
    problem = drawn(seed)
    merged = merge(problem)
    if (merged.problem.allowed < 0).any():
        return
    core = np.full(len(problem.price), 0.5)
    root = cut_root(master_of(merged.problem), core, enough=math.inf, deadline=time.perf_counter() + FOREVER_S)
    if root.infeasible:
        assert least(problem) is None
        return
    assert root.done
    proven = bound_of(problem, given_duals(problem, merged, root.duals))
    assert proven == pytest.approx(root.bound + merged.constant, abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9))
def test_merging_and_fixing_leave_the_optimum(seed: int) -> None:
    problem = drawn(seed)
    merged = merge(problem)
    best, of_merged = least(problem), least(merged.problem)
    assert best == (None if of_merged is None else of_merged + merged.constant)
    sets = {tuple(row) for row in merged.problem.covers.toarray().tolist()}
    assert len(sets) == merged.problem.covers.shape[0]
    generator = np.random.default_rng(seed)
    free, opened = generator.random(len(problem.price)) < 0.6, generator.random(len(problem.price)) < 0.5
    part = restricted(problem, opened, free)
    for plan in itertools.product((False, True), repeat=int(free.sum())):
        whole = opened & ~free
        whole[free] = plan
        value = objective_of(part.problem, np.array(plan, dtype=bool))
        assert objective_of(problem, whole) == (None if value is None else value + part.constant)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9))
def test_order_of_rows_and_columns_does_not_matter(seed: int) -> None:
    problem = drawn(seed)
    generator = np.random.default_rng(seed)
    rows, columns = generator.permutation(len(problem.loss)), generator.permutation(len(problem.price))
    shuffled = replace(
        problem,
        covers=csr_array(problem.covers[rows][:, columns]),
        loss=problem.loss[rows],
        price=problem.price[columns],
        goals=csr_array(problem.goals[:, rows]),
        rules=csr_array(problem.rules[:, columns]),
    )
    assert solved(shuffled).objective == solved(problem).objective


@pytest.mark.parametrize("seed", range(12))
def test_a_gap_is_kept_and_bounds_hold(seed: int) -> None:
    problem = town(seed)
    exact, rough = solved(problem), solved(problem, gap=0.05)
    assert exact.objective is not None
    assert rough.objective is not None
    assert rough.bound is not None
    assert exact.bound == exact.objective
    assert rough.bound <= exact.objective <= rough.objective
    assert rough.objective - rough.bound <= 0.05 * rough.objective


def town(seed: int) -> Covering:
    """A problem too large for brute force: points and sites in a square, a price for each site, two goals."""
    generator = np.random.default_rng(seed)
    points, sites = generator.random((300, 2)), generator.random((40, 2))
    covers = ((points[:, None] - sites[None]) ** 2).sum(axis=2) < 0.15**2
    people: NDArray[np.int64] = generator.integers(1, 50, 300)
    west = points[:, 0] < 0.5
    goals = np.stack([people * west, people * ~west]) * covers.any(axis=1)
    return Covering(
        covers=csr_array(covers.astype(np.int8)),
        loss=np.zeros(300, dtype=np.int64),
        price=generator.integers(1, 5, 40) * 10,
        goals=csr_array(goals),
        allowed=(goals.sum(axis=1) * 0.3).astype(np.int64),
        rules=csr_array(np.ones((1, 40), dtype=np.int64)),
        minimum=np.array([3]),
        maximum=np.array([30]),
    )


def test_at_the_deadline_the_bound_holds_and_nothing_is_called_optimal() -> None:
    problem = town(3)
    exact = solved(problem)
    early = solve_covering(problem, gap=0.0, deadline=time.perf_counter())
    assert exact.objective is not None
    assert not early.infeasible
    assert early.objective is None or early.objective >= exact.objective
    assert early.bound is None or early.bound <= exact.objective


def test_many_rows_are_merged_in_blocks() -> None:
    generator = np.random.default_rng(0)
    count = 2_300_000
    indptr = np.arange(0, 2 * count + 1, 2, dtype=np.int32)
    first = generator.integers(0, 9, count, dtype=np.int32)
    second = generator.integers(first + 1, 10, dtype=np.int32)
    covers = csr_array((np.ones(2 * count, dtype=np.int8), np.stack([first, second], 1).ravel(), indptr), (count, 10))
    none = csr_array((0, count), dtype=np.int64)
    rules = csr_array(np.ones((1, 10), dtype=np.int64))
    loss = generator.integers(1, 100, count)
    price, nothing = np.zeros(10, dtype=np.int64), np.zeros(0, dtype=np.int64)
    problem = Covering(covers, loss, price, none, nothing, rules, np.array([-NO_LIMIT]), np.array([2]))
    merged = merge(problem)
    assert merged.problem.covers.shape == (45, 10)
    assert merged.problem.loss.sum() == loss.sum()
    assert (merged.problem.covers[merged.group[:1000]].toarray() == covers[:1000].toarray()).all()
    answer = solved(problem)
    assert answer.bound == answer.objective


def many_people(seed: int) -> Covering:
    """A small problem whose goals count up to a thousand million people a row, just met by a plan at hand."""
    generator = np.random.default_rng(seed)
    options, rows, goals = int(generator.integers(4, 10)), int(generator.integers(8, 40)), int(generator.integers(1, 6))
    covers = (generator.random((rows, options)) < generator.choice([0.1, 0.2, 0.3])).astype(np.int8)
    weights = np.zeros((goals, rows), dtype=np.int64)
    weights[generator.integers(0, goals, rows), np.arange(rows)] = generator.integers(1, 10**9, rows)
    left = covers @ (generator.random(options) < 0.5) == 0
    return Covering(
        covers=csr_array(covers),
        loss=np.zeros(rows, dtype=np.int64),
        price=generator.integers(0, 2, options),
        goals=csr_array(weights),
        allowed=weights @ left.astype(np.int64),
        rules=csr_array((0, options), dtype=np.int64),
        minimum=np.zeros(0, dtype=np.int64),
        maximum=np.zeros(0, dtype=np.int64),
    )


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**9))
def test_bounds_hold_where_people_are_counted_in_thousands_of_millions(seed: int) -> None:
    """A solver's tolerance of 1e-7 is hundreds of people there, and a price is one."""
    problem = many_people(seed)
    best, merged = least(problem), merge(problem)
    assert best is not None
    if len(merged.problem.loss):
        core = np.full(len(problem.price), 0.5)
        deadline = time.perf_counter() + FOREVER_S
        root = cut_root(master_of(merged.problem), core, enough=math.inf, deadline=deadline)
        assert not root.infeasible
        assert root.bound <= best - merged.constant + 1e-6
    answer = solved(problem)
    assert (answer.objective, answer.bound) == (best, best)
