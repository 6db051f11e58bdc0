"""Groups of goals: every goal in one of them, and what a group costs alone holds for every plan."""

from __future__ import annotations

import itertools
import math
import time
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.bounds import cut_root, master_of
from planner.branching import step_of
from planner.bygoal import add_least, alone, borders, groups_of, price_of, reach_of, shared_price
from planner.covering import merge, objective_of
from planner.cuts import solve_covering
from test_covering import FOREVER_S, drawn, least

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 5))
def test_every_goal_is_in_one_group_of_goals_that_meet(seed: int, most: int) -> None:
    generator = np.random.default_rng(seed)
    count = int(generator.integers(0, 9))
    half = np.triu(generator.integers(0, 4, (count, count)), 1)
    ties = (half + half.T).astype(float)
    before = ties.copy()
    groups = groups_of(ties, most)
    assert sorted(itertools.chain(*groups)) == list(range(count))
    assert groups == sorted(tuple(sorted(group)) for group in groups)
    assert max(map(len, groups), default=0) <= most
    for a, b in itertools.combinations(groups, 2):
        assert len(a) + len(b) > most or not ties[np.ix_(a, b)].any()
    assert (ties == before).all()


def test_those_with_most_in_common_come_together() -> None:
    ties = np.array([[0, 1, 5, 0], [1, 0, 0, 4], [5, 0, 0, 2], [0, 4, 2, 0]])
    assert groups_of(ties.astype(float), 2) == [(0, 2), (1, 3)]
    assert groups_of(ties.astype(float), 1) == [(0,), (1,), (2,), (3,)]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**9))
def test_what_groups_cost_alone_holds_for_every_plan(seed: int) -> None:
    problem = merge(drawn(seed)).problem
    if (problem.allowed < 0).any() or not len(problem.allowed):
        return
    n, deadline = len(problem.price), time.perf_counter() + FOREVER_S
    plans = [np.array(plan, dtype=bool) for plan in itertools.product((False, True), repeat=n)]
    lawful = [plan for plan in plans if objective_of(problem, plan) is not None]
    master = master_of(problem)
    known: list[csr_array] = []
    root = cut_root(master, np.full(n, 0.5), enough=math.inf, deadline=deadline)
    ties = borders(reach_of(problem))
    for most in (1, 2, 3):
        if root.infeasible:
            break
        before = root.bound
        price = shared_price(master, root, known, step_of(problem))
        assert (price >= 0).all()
        for goals in groups_of(ties.astype(float), most):
            group = alone(problem, goals, price)
            answer = solve_covering(group.problem, gap=0.0, deadline=deadline)
            assert answer.objective == least(group.problem)
            if answer.infeasible:
                assert not lawful
            elif answer.bound:
                assert all(price[list(goals)].sum(axis=0)[plan].sum() >= answer.bound for plan in lawful)
                known.append(price_of(group, price))
                add_least(master, group, answer.bound, len(known) - 1)
        root = cut_root(master, np.full(n, 0.5), enough=math.inf, deadline=deadline)
        best = least(problem)
        assert root.infeasible or root.bound >= before - 1e-6
        assert best is None or root.bound <= best + 1e-6
