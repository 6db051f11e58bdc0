"""A solver that lies: what it says is recomputed, and a lie is found out or put right, never believed.

`milp.minimise` is the one door to the solver; the stubs here stand in it.
"""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from brute import Case, Column, Point, Row, Rule, instance_of, objective_of, opened_by, reached_by, served_in, short_of
from brute import broken as broken_rules
from judge import check, count, goal, middling, option, rows_of
from planner import milp, optimize, recount
from planner.check import REPAIRS_MAX
from planner.errors import PlanError
from planner.program import Outcome, Program
from planner.siting import Flows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from planner.siting import Plan

    Said = tuple[Sequence[int] | None, float | None, bool]

ROWS = rows_of((6, "02"), (4, "12"))
TRIO = Case(
    (option("s0", 10), option("s1", 20), option("s2", 50)),
    ROWS,
    (goal(ROWS, 10),),
    rules=(count((0, 1, 2), None, 2), Rule(((0, 10), (1, 20), (2, 50)), None, 60)),
)
"""The best plan is s0 and s1 for 30 yuan; s2 alone costs 50."""

SHARED = dataclasses.replace(
    TRIO,
    columns=tuple(
        dataclasses.replace(column, limit=limit) for column, limit in zip(TRIO.columns, (6, 4, 7), strict=True)
    ),
    shared=(0, 1),
)
"""The same under capacity: s2 alone can take 7 of the 10."""


def answering(monkeypatch: pytest.MonkeyPatch, *answers: Said | None) -> None:
    """Let the solver give these answers in turn (None: an honest one), then honest ones."""
    honest, queue = milp.minimise, list(answers)

    def minimise(program: Program, **options: Any) -> Outcome:
        said = queue.pop(0) if queue else None
        if said is None:
            return honest(program, **options)
        opened, bound, infeasible = said
        if opened is None:
            return Outcome(None, bound, infeasible)
        values = np.zeros(len(program.objective))
        values[list(opened)] = 1
        return Outcome(values, bound, infeasible)

    monkeypatch.setattr(milp, "minimise", minimise)


def falsified(monkeypatch: pytest.MonkeyPatch, lie: Callable[[Program, Outcome], Outcome]) -> None:
    """Let the solver work honestly, and falsify every answer."""
    honest = milp.minimise
    monkeypatch.setattr(milp, "minimise", lambda program, **options: lie(program, honest(program, **options)))


def solved(case: Case) -> Plan | None:
    """The plan, or None where the lie was found out."""
    try:
        return optimize.solve(instance_of(case))
    except PlanError:
        return None


def honest_about_itself(case: Case, plan: Plan) -> None:
    """The plan meets the goals, keeps the rules and is worth what it says."""
    served = served_in(case, plan)
    assert broken_rules(case, plan.chosen) == ()
    assert not any(short_of(case, reached_by(case, opened_by(case, plan.chosen), served)))
    assert plan.objective == objective_of(case, plan.chosen, served)


def test_the_examples_are_what_they_say() -> None:
    for case in (TRIO, SHARED):
        assert check(case) == "optimal"
        assert optimize.solve(instance_of(case)).chosen == (0, 1)


# --- Plans that are none -------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", [TRIO, SHARED], ids=["plain", "capacity"])
@pytest.mark.parametrize("opened", [(), (0,), (1,), (0, 1, 2)], ids=["nothing", "one", "other", "too many"])
@pytest.mark.parametrize("bound", [None, 0.0, 10.0, 80.0])
def test_a_plan_that_misses_a_goal_or_breaks_a_rule_is_refused(
    monkeypatch: pytest.MonkeyPatch, case: Case, opened: tuple[int, ...], bound: float | None
) -> None:
    answering(monkeypatch, *[(opened, bound, False)] * (2 * REPAIRS_MAX))
    with pytest.raises(PlanError):
        optimize.solve(instance_of(case))


@pytest.mark.parametrize("opened", [(), (0,), (0, 1, 2), (1, 2)])
def test_a_single_wrong_plan_is_passed_over(monkeypatch: pytest.MonkeyPatch, opened: tuple[int, ...]) -> None:
    answering(monkeypatch, (opened, 10.0, False))
    plan = optimize.solve(instance_of(TRIO))
    assert (plan.status, plan.objective, plan.chosen) == ("optimal", 30, (0, 1))


def test_a_plan_over_the_budget_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    over = dataclasses.replace(TRIO, rules=(Rule(((0, 10), (1, 20), (2, 50)), None, 40),))
    answering(monkeypatch, ((2,), 50.0, False))
    assert optimize.solve(instance_of(over)).chosen == (0, 1)
    answering(monkeypatch, *[((2,), 50.0, False)] * REPAIRS_MAX)
    with pytest.raises(PlanError):
        optimize.solve(instance_of(over))


def test_a_goal_missed_by_one_person_in_a_million_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = rows_of((999_999, "0"), (1, "1"))
    case = Case((option("s0"), option("s1")), rows, (goal(rows, 1_000_000),))
    answering(monkeypatch, ((0,), 10.0, False))
    plan = optimize.solve(instance_of(case))
    assert (plan.status, plan.objective, plan.chosen) == ("optimal", 20, (0, 1))
    answering(monkeypatch, *[((0,), 10.0, False)] * REPAIRS_MAX)
    with pytest.raises(PlanError):
        optimize.solve(instance_of(case))


@pytest.mark.parametrize("one", [0.9999994, 1.0000006, 0.5, -1.0, 2.0, np.nan])
@pytest.mark.parametrize("zero", [0.0, 1e-7, -1e-7, 0.4])
def test_values_that_are_not_whole_are_no_plan_by_themselves(
    monkeypatch: pytest.MonkeyPatch, one: float, zero: float
) -> None:
    def blur(_: Program, outcome: Outcome) -> Outcome:
        values = None if outcome.values is None else np.where(outcome.values > 0.5, one, zero)
        return Outcome(values, outcome.bound, outcome.infeasible)

    falsified(monkeypatch, blur)
    plan = solved(TRIO)
    if plan is not None:
        honest_about_itself(TRIO, plan)
        assert plan.status != "optimal" or plan.objective == 30


# --- Bounds that are none ------------------------------------------------------------------------------------


@pytest.mark.parametrize("bound", [None, -1e9, 0.0, 20.0])
def test_a_plan_without_its_proof_is_not_called_optimal(monkeypatch: pytest.MonkeyPatch, bound: float | None) -> None:
    """So a time limit looks: the plan is the best, and the bound below it, or missing."""
    answering(monkeypatch, ((0, 1), bound, False))
    plan = optimize.solve(instance_of(TRIO))
    assert plan.status == "gap"
    assert (plan.objective, plan.chosen) == (30, (0, 1))
    assert plan.bound == (20 if bound == 20.0 else 0)
    assert plan.gap == pytest.approx((30 - plan.bound) / 30)


@pytest.mark.parametrize("bound", [30.1, 40.0, 1e18])
def test_a_bound_above_the_objective_of_a_plan_is_no_proof(monkeypatch: pytest.MonkeyPatch, bound: float) -> None:
    answering(monkeypatch, ((0, 1), bound, False))
    plan = solved(TRIO)
    assert plan is None or (plan.status == "gap" and (plan.bound or 0) <= 30)


def test_a_better_plan_that_comes_to_light_disproves_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """The solver sells s2 as the optimum; the search among its equals then meets s0 and s1 for less."""
    far = tuple(dataclasses.replace(column, tie=tie) for column, tie in zip(TRIO.columns, (1, 1, 9), strict=True))
    answering(monkeypatch, ((2,), 50.0, False))
    with pytest.raises(PlanError):
        optimize.solve(instance_of(dataclasses.replace(TRIO, columns=far)))


def test_a_gap_that_the_solver_allows_itself_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    """HiGHS stops at 1e-4 of its own accord and calls it optimal; here it stops at 0.3."""
    case = middling(50, 70, 0.8)
    best = optimize.solve(instance_of(case)).objective
    honest = milp.minimise
    monkeypatch.setattr(milp, "minimise", lambda program, **options: honest(program, **{**options, "gap": 0.3}))
    plan = optimize.solve(instance_of(case))
    assert plan.objective is not None
    assert plan.bound is not None
    assert best is not None
    assert plan.bound <= best <= plan.objective
    assert (plan.status == "optimal") == (plan.objective == plan.bound)


@pytest.mark.parametrize("before", [1, 2, 3])
@pytest.mark.parametrize("bound", [None, 0.0, 1.0])
def test_a_dearer_plan_of_the_tie_search_is_not_sold_at_the_old_price(
    monkeypatch: pytest.MonkeyPatch, before: int, bound: float | None
) -> None:
    """s2 has the lowest tie value of all, and costs 20 more."""
    columns = tuple(dataclasses.replace(c, tie=tie) for c, tie in zip(TRIO.columns, (5, 5, 1), strict=True))
    answering(monkeypatch, *[None] * before, ((2,), bound, False))
    plan = solved(dataclasses.replace(TRIO, columns=columns))
    assert plan is None or (plan.objective, plan.chosen) == (30, (0, 1))


def test_ties_that_were_not_all_compared_are_not_called_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = (Row(10, frozenset(range(8))),)
    many = Case(tuple(option(f"s{k}") for k in range(8)), rows, (goal(rows, 10),))
    plan = optimize.solve(instance_of(many))
    assert (plan.status, plan.objective, plan.chosen, plan.ties_broken) == ("optimal", 10, (0,), True)
    answering(monkeypatch, None, (None, None, False))
    assert not optimize.solve(instance_of(many)).ties_broken


# --- No plan, so it says -------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", [TRIO, SHARED], ids=["plain", "capacity"])
def test_a_plan_that_meets_the_goals_disproves_that_there_is_none(monkeypatch: pytest.MonkeyPatch, case: Case) -> None:
    answering(monkeypatch, (None, None, True))
    plan = solved(case)
    assert plan is None or plan.status not in {"infeasible", "optimal"}


def test_a_plan_found_late_that_meets_the_goals_is_a_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """No plan in the time, but the search for the least shortfall finds one without any."""
    answering(monkeypatch, (None, 10.0, False))
    plan = optimize.solve(instance_of(TRIO))
    honest_about_itself(TRIO, plan)
    assert (plan.status, plan.best_effort, plan.bound) == ("gap", False, 10)


def test_no_plan_in_the_time_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, *[(None, None, False)] * 9)
    plan = optimize.solve(instance_of(TRIO))
    assert (plan.status, plan.best_effort, plan.chosen, plan.objective, plan.bound) == ("unknown", True, (), None, None)


@pytest.mark.parametrize("opened", [(0, 1, 2), (1, 2)])
def test_a_best_effort_that_breaks_a_rule_is_refused(monkeypatch: pytest.MonkeyPatch, opened: tuple[int, ...]) -> None:
    short = dataclasses.replace(TRIO, goals=(dataclasses.replace(TRIO.goals[0], needed=11),))
    answering(monkeypatch, (None, None, True), *[(opened, 0.0, False)] * 2)
    plan = solved(short)
    assert plan is None or broken_rules(short, plan.chosen) == ()


# --- Who is served where -------------------------------------------------------------------------------------


def flows_of(program: Program) -> Any:
    """Mask of the columns that carry people."""
    return (program.upper > 1) & np.isfinite(program.upper)


@pytest.mark.parametrize("factor", [2.0, -1.0, 0.0, 0.5, 1.0000004, 1e12])
def test_people_that_are_not_there_are_not_served(monkeypatch: pytest.MonkeyPatch, factor: float) -> None:
    def falsify(program: Program, outcome: Outcome) -> Outcome:
        if outcome.values is None:
            return outcome
        return dataclasses.replace(outcome, values=np.where(flows_of(program), outcome.values * factor, outcome.values))

    falsified(monkeypatch, falsify)
    plan = solved(SHARED)
    if plan is not None and not plan.best_effort:
        honest_about_itself(SHARED, plan)
    assert plan is None or plan.status != "infeasible"


def test_more_than_a_facility_can_take_is_not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """s2 reaches all ten and can take seven: the solver sends it all."""

    def flood(program: Program, _: Outcome) -> Outcome:
        values = np.zeros(len(program.objective))
        values[2] = 1
        return Outcome(np.where(flows_of(program), program.upper, values), 50.0, infeasible=False)

    falsified(monkeypatch, flood)
    with pytest.raises(PlanError):
        optimize.solve(instance_of(SHARED))


@pytest.mark.parametrize(
    ("flows", "wrong"),
    [
        ([(0, 0, 6), (1, 1, 4)], ()),
        ([(0, 0, 7), (1, 1, 4)], ("capacity.people", "capacity.limit")),
        ([(0, 0, 4), (0, 0, 3)], ("capacity.people", "capacity.limit")),
        ([(0, 2, 6)], ("capacity.reach",)),
        ([(1, 0, 4)], ("capacity.reach",)),
        ([(0, 0, -1)], ("capacity.reach",)),
        ([(1, 1, 4), (2, 1, 1)], ("capacity.people", "capacity.limit")),
        ([], ()),
    ],
    ids=[
        "right",
        "too many",
        "in two parts",
        "closed",
        "out of reach",
        "negative",
        "another standard",
        "none",
    ],
)
def test_a_sharing_out_is_judged_from_scratch(flows: list[tuple[int, int, int]], wrong: tuple[str, ...]) -> None:
    """With s0 and s1 open; a third row, near s1, is not under capacity."""
    case = dataclasses.replace(SHARED, rows=(*ROWS, *rows_of((5, "1"))))
    row, column, people = np.array(flows, dtype=np.int64).reshape(-1, 3).T
    chosen = np.array([0, 1], dtype=np.int64)
    assert recount.flows_broken(instance_of(case), chosen, Flows(row, column, people)) == wrong


def test_a_sharing_out_that_ran_out_of_time_does_not_make_a_plan_impossible(monkeypatch: pytest.MonkeyPatch) -> None:
    """The best plan is found, but not who is served where: the dearer plan that follows is not the optimum."""
    answering(monkeypatch, None, (None, None, False))
    plan = solved(SHARED)
    assert plan is None or plan.objective == 30 or plan.status != "optimal"


# --- Most that can be reached --------------------------------------------------------------------------------


def test_the_most_of_a_goal_is_recomputed_and_proven_only_by_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = instance_of(TRIO)
    for said, reached, proven in (
        (((2,), 0.0, False), 10, True),
        (((0,), None, False), 6, False),
        (((0,), -5.0, False), 6, False),
        (((0, 1, 2), 0.0, False), 0, False),
        ((None, None, True), 0, False),
    ):
        with monkeypatch.context() as patch:
            answering(patch, said)
            found = optimize.most_reachable(instance, time_limit_s=9)
        assert [(goal.reached, goal.proven) for goal in found] == [(reached, proven)], said


def test_less_than_the_most_is_not_proven_to_be_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The values say that nothing is left uncovered; the plan leaves four people."""
    answering(monkeypatch, ((0,), 0.0, False))
    found = optimize.most_reachable(instance_of(TRIO), time_limit_s=9)
    assert [(goal.reached, goal.proven) for goal in found] == [(6, False)]


# --- Time ----------------------------------------------------------------------------------------------------


def large(*, travel: bool) -> Case:
    """A seeded case that no solver proves in a few milliseconds."""
    rng = np.random.default_rng(1)
    prices = rng.integers(100, 999, 200).tolist()
    rows = tuple(
        Row(int(p), frozenset(np.flatnonzero(rng.random(200) < 0.03).tolist())) for p in rng.integers(1, 500, 300)
    )
    if not travel:
        columns = tuple(option(f"s{k:03d}", price, tie=price % 7) for k, price in enumerate(prices))
        return Case(columns, rows, (goal(rows, int(0.7 * sum(row.people for row in rows))),))
    columns = tuple(Column(f"s{k:03d}") for k in range(60))
    points = tuple(
        Point(row.people, tuple((int(metres), k) for k, metres in enumerate(rng.integers(1, 999, 60))))
        for row in rows[:90]
    )
    return Case(columns, (), rules=(count(range(60), None, 9),), points=points, far_m=999)


@pytest.mark.parametrize("limit", [1e-9, 0.02, 0.2])
@pytest.mark.parametrize("travel", [False, True], ids=["cover", "travel"])
def test_a_real_time_limit_is_never_an_optimum(monkeypatch: pytest.MonkeyPatch, limit: float, *, travel: bool) -> None:
    monkeypatch.setattr(milp, "MIN_SECONDS", 0.0)
    case = large(travel=travel)
    began = time.monotonic()
    plan = optimize.solve(instance_of(case), time_limit_s=limit)
    assert time.monotonic() - began < 10
    if plan.status == "unknown":
        assert plan.best_effort
        assert broken_rules(case, plan.chosen) == () or plan.objective is None
    else:
        honest_about_itself(case, plan)
        assert plan.status in {"gap", "optimal"}
        assert plan.bound is not None
        assert plan.objective is not None
        assert (plan.status == "optimal") == (plan.bound == plan.objective)
