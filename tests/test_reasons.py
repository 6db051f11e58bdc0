"""Why each option is in a plan, against all drops and swaps tried one by one."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import assume, given, settings

from brute import (
    Case,
    Choice,
    Column,
    Communities,
    People,
    Row,
    Rule,
    broken,
    choices,
    instance_of,
    mask_of,
    opened_by,
    served_in,
)
from drawn import QUICK, cases
from planner.check import check
from planner.optimize import solve
from planner.reasons import Reason, reasons

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from planner.check import Checked
    from planner.problem import Problem
    from planner.siting import Plan

    Mask = NDArray[np.bool_]

SECONDS = 60.0


def reasons_of(case: Case, plan: Plan) -> tuple[Reason, ...]:
    return reasons(instance_of(case), plan, deadline=time.monotonic() + SECONDS)


def labels(case: Case) -> list[str]:
    people = [(f"g{n}", goal.year) for n, goal in enumerate(case.goals)]
    communities = [(f"c{n}", goal.year) for n, goal in enumerate(case.communities)]
    return [name + (f"@{year}" if year else "") for name, year in (*people, *communities)]


Place = tuple[str, str, str]


def place(case: Case, k: int) -> Place:
    column = case.columns[k]
    return column.site, column.type, column.size


def at(case: Case, where: Place, years: Sequence[int]) -> list[int]:
    """Columns of an option in some years."""
    return [k for k, c in enumerate(case.columns) if place(case, k) == where and c.year in years]


def last_year(case: Case) -> int:
    return max(column.year for column in case.columns)


def rows_in_the_end(case: Case, chosen: Sequence[int]) -> set[int]:
    """Rows that the columns of the last year serve."""
    last = mask_of([k for k, column in enumerate(case.columns) if column.year == last_year(case)])
    opened = opened_by(case, chosen) & last
    return {r for r, row in enumerate(case.rows) if mask_of(tuple(row.reach)) & opened}


class Outcome(NamedTuple):
    """What a drop or a swap leads to, without capacity."""

    lawful: bool
    missed: tuple[str, ...]
    objective: int
    yuan: int
    lost: int


def outcome(case: Case, all_choices: dict[tuple[int, ...], Choice], plan: Plan, chosen: Sequence[int]) -> Outcome:
    new, old = all_choices[tuple(sorted(chosen))], all_choices[plan.chosen]
    least = [min(goal.needed, got) for goal, got in zip(case.asked, old.reached[0], strict=True)]
    missed = tuple(n for n, r, m in zip(labels(case), new.reached[0], least, strict=True) if r < m)
    gone = rows_in_the_end(case, plan.chosen) - rows_in_the_end(case, chosen)
    lost = sum(case.rows[r].people for r in gone)
    yuan = sum(case.columns[k].cost for k in chosen) - sum(case.columns[k].cost for k in plan.chosen)
    return Outcome(new.lawful, missed, new.objective[0] - old.objective[0], yuan, lost)


def swaps(case: Case, plan: Plan, column: int) -> dict[int, tuple[int, ...]]:
    """All closed options in the place of a chosen one: what is open then, by their column in the last year."""
    here = place(case, column)
    years = [case.columns[k].year for k in plan.chosen if place(case, k) == here]
    kept = [k for k in plan.chosen if place(case, k) != here]
    used = {place(case, k) for k, c in enumerate(case.columns) if c.fixed or k in plan.chosen}
    closed = {place(case, k) for k in case.free} - used
    return {at(case, p, [last_year(case)])[0]: tuple(sorted([*kept, *at(case, p, years)])) for p in closed}


@settings(QUICK, max_examples=70)
@given(cases(most=8, off=["capacity"]))
def test_drops_and_runners_up_are_those_of_all_swaps(case: Case) -> None:
    check_all(case)


@settings(QUICK, max_examples=80)
@given(cases(most=8, always=["backup", "goals", "communities"], off=["capacity", "years"]))
def test_they_are_so_with_backup_goals(case: Case) -> None:
    check_all(case)


def check_all(case: Case) -> None:
    plan = solve(instance_of(case))
    assume(plan.chosen)
    all_choices = {choice.chosen: choice for choice in choices(case)}
    assume(all_choices[plan.chosen].lawful)
    found = reasons_of(case, plan)
    assert {place(case, reason.column) for reason in found} == {place(case, k) for k in plan.chosen}
    for reason in found:
        here = place(case, reason.column)
        left = [k for k in plan.chosen if place(case, k) != here]
        dropped = outcome(case, all_choices, plan, left)
        assert reason.rules_broken == broken(case, left)
        assert (reason.lost_people, reason.goals_missed) == (dropped.lost, dropped.missed)
        last = [k for k in plan.chosen if case.columns[k].year == last_year(case)]
        before, after = rows_in_the_end(case, last), rows_in_the_end(case, [k for k in last if k != reason.column])
        assert reason.rows.tolist() == sorted(before - after)
        others = {j: outcome(case, all_choices, plan, chosen) for j, chosen in swaps(case, plan, reason.column).items()}
        lawful = {j: one for j, one in others.items() if one.lawful}
        keeping = {j: one for j, one in lawful.items() if not one.missed}
        helping = {j: one for j, one in lawful.items() if one.lost < dropped.lost}
        assert reason.in_time
        if keeping:
            best = min(keeping, key=lambda j: (keeping[j].objective, keeping[j].yuan, place(case, j)))
        elif helping:
            best = min(helping, key=lambda j: (helping[j].lost, helping[j].objective, helping[j].yuan, place(case, j)))
        else:
            assert reason.runner_up is None
            assert (reason.more_objective, reason.more_yuan, reason.runner_up_lost_people) == (0, 0, 0)
            continue
        assert reason.runner_up == best
        assert reason.keeps_goals == bool(keeping)
        told = reason.more_objective, reason.more_yuan, reason.runner_up_lost_people
        assert told == (lawful[best].objective, lawful[best].yuan, lawful[best].lost)


@settings(QUICK, max_examples=40)
@given(cases(most=6, off=["years"]))
def test_under_capacity_the_runner_up_is_lawful_and_its_figures_hold(case: Case) -> None:
    assume(case.shared is not None)
    plan = solve(instance_of(case))
    assume(plan.chosen)
    all_choices = {choice.chosen: choice for choice in choices(case)}
    assume(all_choices[plan.chosen].lawful)
    served_in(case, plan)
    for reason in reasons_of(case, plan):
        assert reason.in_time
        if reason.runner_up is None:
            continue
        assert reason.keeps_goals or reason.runner_up_lost_people < reason.lost_people
        new = all_choices[swaps(case, plan, reason.column)[reason.runner_up]]
        assert new.lawful
        met = [all(r >= g.needed for r, g in zip(got, case.asked, strict=True)) for got in new.reached]
        if reason.keeps_goals and not plan.best_effort:
            assert any(met)
            values = [value for value, fits in zip(new.objective, met, strict=True) if fits]
            assert plan.objective is not None
            assert plan.objective + reason.more_objective in values


def row_of_sites(prices: Sequence[int]) -> tuple[Column, ...]:
    return tuple(Column(f"s{k}", cost=price, price=price) for k, price in enumerate(prices))


def test_the_neighbour_is_the_runner_up_and_costs_more() -> None:
    rows = (Row(9, frozenset({0, 1})), Row(4, frozenset({0, 2})), Row(3, frozenset({3})))
    goal = People((0, 1, 2), (9, 4, 3), 12)
    two = Rule(tuple((k, 1) for k in range(4)), 2, None, "stations")
    case = Case(row_of_sites((10, 15, 12, 1)), rows, (goal,), (), (two,))
    plan = solve(instance_of(case))
    assert plan.chosen == (0, 3)
    first, last = reasons_of(case, plan)
    assert (first.rows.tolist(), first.lost_people, first.goals_missed) == ([0, 1], 13, ("g0",))
    assert (first.runner_up, first.keeps_goals, first.more_yuan, first.runner_up_lost_people) == (1, True, 5, 4)
    assert (last.rows.tolist(), last.lost_people, last.goals_missed) == ([2], 3, ())
    assert first.in_time
    assert (last.rules_broken, last.runner_up, last.more_yuan) == (("stations",), 2, 11)


def test_backup_is_kept_only_by_what_serves_the_same_rows() -> None:
    """Rows that two must serve: one that nothing serves yet wins nothing by one more, one that lacks one does."""
    rows = (Row(9, frozenset({0, 1, 2})), Row(7, frozenset({2, 3})), Row(5, frozenset({0, 3})))
    goals = (People((0, 1, 2), (9, 7, 5), 9, times=2),)
    communities = (Communities((0, 1, 2), (9, 7, 5), (0, 0, 1), (9, 5), 1, times=2),)
    case = Case(row_of_sites((10, 10, 15, 1)), rows, goals, communities)
    plan = solve(instance_of(case))
    assert plan.chosen == (0, 1)
    for reason in reasons_of(case, plan):
        assert reason.goals_missed == ("g0", "c0")
        assert (reason.runner_up, reason.keeps_goals, reason.more_yuan) == (2, True, 5)


def test_a_backup_that_leaves_its_own_row_wins_nothing_there() -> None:
    """The second community has one server, which leaves as another comes: one again, not two."""
    rows = (Row(9, frozenset({0, 1})), Row(7, frozenset({0, 2})))
    communities = (Communities((0, 1), (9, 7), (0, 1), (9, 7), 1, times=2),)
    case = Case(row_of_sites((10, 10, 15)), rows, (), communities)
    plan = solve(instance_of(case))
    assert plan.chosen == (0, 1)
    first, _ = reasons_of(case, plan)
    assert (first.runner_up, first.keeps_goals, first.goals_missed) == (2, False, ("c0",))


def test_where_no_option_keeps_the_goals_fewest_people_lose_cover() -> None:
    rows = (Row(9, frozenset({0, 1})), Row(4, frozenset({0, 2})))
    communities = (Communities((0, 1), (9, 4), (0, 1), (9, 4), 2),)
    case = Case(row_of_sites((10, 15, 12)), rows, (), communities)
    (reason,) = reasons_of(case, solve(instance_of(case)))
    assert (reason.runner_up, reason.keeps_goals, reason.more_yuan, reason.runner_up_lost_people) == (1, False, 5, 4)


def test_an_option_that_keeps_no_goal_and_helps_nobody_is_no_runner_up() -> None:
    """The cheapest lawful option would win people elsewhere, but none of those who lose cover, and no goal."""
    rows = (Row(9, frozenset({0, 1})), Row(4, frozenset({0})), Row(2, frozenset({2})))
    case = Case(row_of_sites((10, 15, 1)), rows, (People((0, 1), (9, 4), 13),))
    (reason,) = reasons_of(case, solve(instance_of(case)))
    assert (reason.runner_up, reason.keeps_goals, reason.runner_up_lost_people) == (1, False, 4)
    closed = Rule(((1, 1),), 0, 0, "rules.force_closed:s1")
    case = replace(case, rules=(closed,))
    (reason,) = reasons_of(case, solve(instance_of(case)))
    assert (reason.runner_up, reason.lost_people, reason.goals_missed) == (None, 13, ("g0",))


def test_rules_forbid_every_other_option() -> None:
    rows, only = (Row(9, frozenset({0, 1})),), Rule(((0, 1),), 1, None, "rules.force_open:s0")
    case = Case(row_of_sites((10, 15)), rows, (People((0,), (9,), 9),), (), (only,))
    (reason,) = reasons_of(case, solve(instance_of(case)))
    assert reason.runner_up is None
    assert not reason.keeps_goals


@pytest.mark.parametrize("seconds", [0.0, SECONDS])
def test_under_capacity_people_are_shared_out_anew(seconds: float) -> None:
    columns = (
        Column("s0", cost=10, price=10, limit=9),
        Column("s1", cost=11, price=11, limit=5),
        Column("s2", cost=12, price=12, limit=9),
    )
    rows = (Row(9, frozenset({0, 1, 2})),)
    case = Case(columns, rows, (People((0,), (9,), 9),), (), (), shared=(0,))
    plan = solve(instance_of(case))
    (reason,) = reasons(instance_of(case), plan, deadline=time.monotonic() + seconds)
    assert reason.in_time == bool(seconds)
    assert reason.runner_up == (2 if seconds else 1)
    assert reason.lost_people == 9
    assert reason.goals_missed == ("g0",)


LIMITED = Case(
    columns=(
        Column("s0", cost=10, price=10, limit=9),
        Column("s1", cost=11, price=11, limit=5),
        Column("s2", cost=12, price=12, limit=9),
        Column("s3", cost=5, price=5),
        Column("s4", cost=6, price=6),
    ),
    rows=(Row(9, frozenset({0, 1, 2})), Row(4, frozenset({3, 4})), Row(3, frozenset({3}))),
    goals=(People((0,), (9,), 9), People((1, 2), (4, 3), 7)),
    shared=(0,),
)
"""s0 to s2 share out the people of the first row; the others are counted by reach."""


def test_people_are_shared_out_only_where_capacity_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    plan, shared = solve(instance_of(LIMITED)), list[list[int]]()
    assert plan.chosen == (0, 3)

    def counted(problem: Problem, opened: Mask, *, seconds: float) -> Checked:
        shared.append(problem.chosen(opened).tolist())
        return check(problem, opened, seconds=seconds)

    monkeypatch.setattr("planner.reasons.check", counted)
    first, last = reasons_of(LIMITED, plan)
    assert (first.runner_up, first.more_yuan, first.lost_people, first.runner_up_lost_people) == (2, 2, 9, 0)
    assert (last.runner_up, last.keeps_goals, last.lost_people, last.runner_up_lost_people) == (4, False, 7, 3)
    assert shared == [[3], [1, 3], [2, 3]]


def test_what_was_not_worked_out_in_time_is_told_one_by_one() -> None:
    """The second reason touches no capacity, so that it is whole without any time."""
    plan = solve(instance_of(LIMITED))
    first, last = reasons(instance_of(LIMITED), plan, deadline=time.monotonic())
    assert (first.in_time, first.runner_up) == (False, 1)
    assert (last.in_time, last.runner_up) == (True, 4)


def test_a_sharing_out_that_the_time_cuts_short_is_not_told_as_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = solve(instance_of(LIMITED))
    monkeypatch.setattr("planner.reasons.check", lambda *given, **more: replace(check(*given, **more), sure=False))
    first, last = reasons_of(LIMITED, plan)
    assert (first.in_time, last.in_time) == (False, True)
