"""The siting model against brute force: every choice of columns, judged by rules written out a second time."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brute import (
    Case,
    Column,
    Communities,
    People,
    Point,
    Rule,
    broken,
    choices,
    cost_of,
    ids_of,
    instance_of,
    whole_numbers,
)
from drawn import QUICK, cases, shuffled
from judge import check, check_plan, count, everyone, goal, middling, option, rows_of
from planner import optimize, plansearch, recount


def tallied(strategy: st.SearchStrategy[Case], examples: int) -> Counter[str]:
    """Check many cases; what they were."""
    seen = Counter[str]()

    @settings(QUICK, max_examples=examples)
    @given(strategy)
    def every(case: Case) -> None:
        seen[check(case)] += 1

    every()
    return seen


@pytest.fixture
def _no_repair(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no repair hide a fault: the model itself must be right."""
    monkeypatch.setattr(plansearch, "REPAIRS_MAX", 1)


RARE = ("years", "capacity", "travel", "backup")
FLOW, TRAVEL, YEARS = (tuple(feature for feature in RARE if feature != one) for one in ("capacity", "travel", "years"))


@pytest.mark.usefixtures("_no_repair")
@pytest.mark.parametrize(
    ("strategy", "examples", "least"),
    [
        (cases(), 350, {"optimal": 170, "short": 14, "unlawful": 3}),
        (cases(off=RARE), 180, {"optimal": 90, "short": 4}),
        (cases(always=["communities"], off=["goals", "loss", "travel", "capacity"]), 120, {"optimal": 60}),
        (cases(always=["years", "goals", "budget"], off=YEARS), 100, {"optimal": 53}),
        (cases(always=["backup", "goals"], off=["capacity", "travel"]), 100, {"optimal": 53}),
        (cases(always=["capacity", "goals"], off=FLOW), 120, {"optimal": 60}),
        (cases(always=["loss", "budget"], off=["price", "goals", "communities"]), 100, {"optimal": 53}),
        (cases(always=["travel", "counts"], off=TRAVEL), 100, {"optimal": 53}),
        (cases(tight=True, most=6), 100, {"optimal": 5, "short": 1, "unlawful": 3}),
    ],
    ids=["all", "plain", "communities", "years", "backup", "capacity", "coverage", "travel", "tight"],
)
def test_plans_are_the_best_of_all_choices(
    strategy: st.SearchStrategy[Case], examples: int, least: dict[str, int]
) -> None:
    seen = tallied(strategy, examples)
    assert {what: number for what, number in least.items() if seen[what] < number} == {}, seen


@settings(QUICK, max_examples=70)
@given(cases(most=6), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_columns_changes_nothing(case: Case, rng: Any) -> None:
    turned = shuffled(case, rng)
    first, second = optimize.solve(instance_of(case)), optimize.solve(instance_of(turned))
    assert (first.status, first.ties_broken) == (second.status, second.ties_broken)
    if first.status == "optimal" and first.ties_broken:
        assert (first.objective, first.bound) == (second.objective, second.bound)
        assert ids_of(case, first.chosen) == ids_of(turned, second.chosen)


@settings(QUICK, max_examples=80)
@given(st.one_of(cases(most=6), cases(tight=True, most=6)))
def test_most_reachable_is_the_most_of_all_lawful_plans(case: Case) -> None:
    found = optimize.most_reachable(instance_of(case), time_limit_s=30)
    assert [goal.needed for goal in found] == [goal.needed for goal in case.asked]
    assert [goal.year for goal in found] == [goal.year for goal in case.asked]
    ways = [reached for choice in choices(case) if choice.lawful for reached in choice.reached]
    if ways:
        assert [goal.reached for goal in found] == [max(got) for got in zip(*ways, strict=True)]
        assert all(goal.proven for goal in found)


@settings(QUICK, max_examples=70)
@given(cases(most=7), st.sampled_from([0.05, 0.3, 0.9]))
def test_a_gap_that_is_allowed_is_an_honest_gap(case: Case, gap: float) -> None:
    plan = optimize.solve(instance_of(case), gap=gap)
    best = min((value for choice in choices(case) if (value := choice.best(case)) is not None), default=None)
    if plan.status == "none":
        return
    check_plan(case, plan)
    if best is None:
        assert plan.status == "infeasible"
        return
    assert plan.bound is not None
    assert plan.objective is not None
    assert plan.bound <= best <= plan.objective
    assert plan.status == ("optimal" if plan.bound == plan.objective else "gap")
    assert plan.objective - plan.bound <= gap * plan.objective + 1e-6
    assert plan.gap == pytest.approx((plan.objective - plan.bound) / max(1, plan.objective))


@settings(QUICK, max_examples=50)
@given(cases(off=["capacity"], most=6))
def test_the_recount_says_of_every_choice_what_brute_force_says(case: Case) -> None:
    instance = instance_of(case)
    for choice in choices(case):
        chosen = whole_numbers(choice.chosen)
        assert recount.rules_broken(instance, chosen) == broken(case, choice.chosen)
        assert tuple(goal.reached for goal in recount.goals_reached(instance, chosen)) == choice.reached[0]
        assert recount.objective_of(instance, chosen) == choice.objective[0]
        assert recount.cost_of(instance, chosen) == cost_of(case, choice.chosen)


# --- By hand -------------------------------------------------------------------------------------------------


def chosen(case: Case) -> tuple[int, ...]:
    """The plan, of which brute force says that it is the best."""
    assert check(case) == "optimal"
    return optimize.solve(instance_of(case)).chosen


TODAY = Column("s0", fixed=True)


def test_two_communities_on_one_merged_row_count_as_two() -> None:
    """Rows 0 and 1 are merged; without option 0 both communities fall short, and only one may."""
    units = Communities((0, 1, 2), (4, 5, 6), (0, 1, 2), (2, 3, 3), 2)
    rows = rows_of((4, "0"), (5, "0"), (6, "1"))
    assert chosen(Case((option("s0", 50), option("s1")), rows, communities=(units,))) == (0,)


def test_a_community_that_counts_already_asks_for_nothing() -> None:
    """Ten of its fifteen people are covered today; the others may stay as they are."""
    units = Communities((0, 1), (10, 5), (0, 0), (8,), 1)
    assert chosen(Case((TODAY, option("s1")), rows_of((10, "0"), (5, "1")), communities=(units,))) == ()


def test_nothing_is_opened_for_goals_that_today_meets() -> None:
    rows = rows_of((9, "01"), (1, "1"))
    assert chosen(Case((TODAY, option("s1")), rows, (goal(rows, 9),))) == ()


def test_without_new_options_the_answer_is_still_exact() -> None:
    rows, nobody = rows_of((9, "0"), (1, "")), rows_of((9, ""))
    assert check(Case((TODAY,), rows, (goal(rows, 9),))) == "optimal"
    assert check(Case((TODAY,), rows, (goal(rows, 10),))) == "short"
    assert check(Case((), nobody, (goal(nobody, 9),))) == "short"
    assert check(Case((), nobody, (goal(nobody, 0),))) == "optimal"


def test_a_count_over_no_option_cannot_be_held() -> None:
    assert check(dataclasses.replace(everyone(10), rules=(count((), 1), count((0,), 0, 1)))) == "unlawful"


def test_more_standing_today_than_a_count_allows_cannot_be_held() -> None:
    columns, rows = (TODAY, Column("s1", fixed=True), option("s2")), rows_of((5, "2"))
    case = Case(columns, rows, (goal(rows, 5),))
    assert check(dataclasses.replace(case, rules=(count((0, 1, 2), 0, 1),))) == "unlawful"
    assert check(dataclasses.replace(case, rules=(count((0, 1, 2), 0, 2),))) == "short"
    assert check(dataclasses.replace(case, rules=(count((0, 1, 2), 0, 3),))) == "optimal"


def test_a_budget_hit_exactly_is_kept() -> None:
    rows = rows_of((5, "0"), (5, "1"))
    case = Case((option("s0", 7), option("s1", 8)), rows, (goal(rows, 10),))
    for budget, what in ((15, "optimal"), (14, "short")):
        assert check(dataclasses.replace(case, rules=(Rule(((0, 7), (1, 8)), None, budget),))) == what


def test_a_count_that_the_budget_forbids_cannot_be_held() -> None:
    both = (count((0, 1), 2), Rule(((0, 10), (1, 10)), None, 15))
    assert check(dataclasses.replace(everyone(10, 10), rules=both)) == "unlawful"


def test_equal_plans_are_told_apart_by_tie_value_and_then_by_site_type_and_size() -> None:
    assert chosen(everyone(10, 10, 10, tie=[3, 2, 2])) == (1,)
    named = [("s1", "a", ""), ("s0", "b", ""), ("s0", "a", "L"), ("s0", "a", "")]
    rows = rows_of((5, "0123"))
    columns = tuple(Column(*place, price=10) for place in named)
    assert chosen(Case(columns, rows, (goal(rows, 5),))) == (3,)
    assert chosen(Case(columns[:3], rows_of((5, "012")), (goal(rows, 5),))) == (2,)


def test_what_may_open_in_either_year_at_one_price_opens_in_the_first() -> None:
    """Columns of the years before the last count for nothing: the lowest ids take the year."""
    rows = rows_of((5, ""), (5, "1"))
    columns = (Column("s0", year=2026), Column("s0", year=2027, price=10))
    order = Rule(((0, 1), (1, -1)), None, 0, "phase.order")
    asked = People((1,), (5,), 5, year=2027)
    assert chosen(Case(columns, rows, (asked,), rules=(order,))) == (0, 1)


def test_cheaper_goes_before_nearer() -> None:
    assert chosen(everyone(10, 11, tie=[1000, 0])) == (0,)


@pytest.mark.parametrize("price", [0, 10])
def test_many_equal_plans_have_one_winner(price: int) -> None:
    """Three of eight alike sites must open: 56 plans of one price and one tie value."""
    case = dataclasses.replace(everyone(*[price] * 8), rules=(count(range(8), 3, 3),))
    assert chosen(case) == (0, 1, 2)


@pytest.mark.parametrize("size", [1, 10**3, 10**5, 10**7])
def test_great_costs_are_proven_to_the_yuan(size: int) -> None:
    """Costs without a common divisor, as figures of single rows are."""
    assert chosen(everyone(10 * size + 3, 10 * size + 4, 10 * size + 7)) == (0,)


@pytest.mark.parametrize("size", [1, 10**3, 10**6, 10**9])
def test_great_tie_values_are_told_apart_to_the_last_unit(size: int) -> None:
    """Kilometres to many thousands of people: metres x people soon pass a thousand million."""
    assert chosen(everyone(10, 10, 10, tie=[3 * size + 2, 3 * size + 1, 3 * size + 1])) == (1,)


@pytest.mark.parametrize("people", [10**3, 10**5, 10**6, 10**7, 10**8])
def test_one_person_among_many_millions_still_counts(people: int) -> None:
    """A solver takes 0.999999 for 1: of a million people it may lose one."""
    columns = (option("s0", 10), option("s1", 20), option("s2", 30))
    rows = rows_of((people, "02"), (people, "12"), (people, "01"))
    assert check(Case(columns, rows, (goal(rows, 2 * people + 1),))) == "optimal"
    first = rows_of((people, "0"), (7, "1"))
    assert check(Case(columns[:2], first, (goal(first, 1),))) == "optimal"


RIVAL_ROWS = rows_of((30, "0"), (970, ""), (10, "1"))
RIVALS = Case(
    (option("s0"), option("s1")),
    RIVAL_ROWS,
    (goal(RIVAL_ROWS, 1000, (0, 1)), goal(RIVAL_ROWS, 10, (2,))),
    rules=(count((0, 1), 0, 1),),
)
"""Only one may open: s0 brings the first goal 30 of its 1000 people, s1 the second one all of its 10."""


def test_a_small_goal_is_not_drowned_by_a_great_one() -> None:
    assert check(RIVALS) == "short"
    assert optimize.solve(instance_of(RIVALS)).chosen == (1,)


def test_each_goal_has_its_own_most() -> None:
    found = optimize.most_reachable(instance_of(RIVALS), time_limit_s=9)
    assert [(goal.needed, goal.reached) for goal in found] == [(1000, 30), (10, 10)]


def test_no_gap_is_left_where_none_is_allowed() -> None:
    """Large enough that HiGHS stops early wherever it is let."""
    plan = optimize.solve(instance_of(middling(50, 70, 0.8)))
    assert (plan.status, plan.gap) == ("optimal", 0.0)
    assert plan.objective == plan.bound


def test_nothing_asked_is_nothing_planned() -> None:
    case = Case((option("s0"),), rows_of((5, "0")))
    assert check(case) == "none"
    assert check(dataclasses.replace(case, rules=(count((0,), 0, 1),))) == "none"


def test_a_goal_on_a_group_counts_the_group() -> None:
    """The first row has more people, the second more graduates."""
    graduates = People((0, 1), (1, 8), 8)
    assert chosen(Case((option("s0", 10), option("s1", 20)), rows_of((90, "0"), (9, "1")), (graduates,))) == (1,)


def test_backup_asks_for_two_and_counts_what_stands() -> None:
    rows = rows_of((5, "012"), (5, "12"))
    columns = (TODAY, option("s1", 10), option("s2", 20))
    assert chosen(Case(columns, rows, (goal(rows, 5, times=2),))) == (1,)
    assert chosen(Case(columns, rows, (goal(rows, 10, times=2),))) == (1, 2)
    assert chosen(Case(columns, rows, (goal(rows, 10),))) == (1,)
    assert chosen(Case(columns, rows, communities=(Communities((0, 1), (5, 5), (0, 0), (6,), 1, 2),))) == (1, 2)


def test_what_opens_stays_open_and_the_share_grows() -> None:
    """Two years: one row this year, both the next; the site that serves both is dearer than the two one by one."""
    rows = rows_of((5, "0"), (5, "1"), (5, "2"), (5, "3"))
    columns = tuple(Column(f"s{k}", year=year, price=price) for year, price in ((1, 2), (2, 10)) for k in (0, 1))
    order = tuple(Rule(((k, 1), (k + 2, -1)), None, 0, "phase.order") for k in (0, 1))
    goals = (goal(rows, 5, (0, 1), year=1), goal(rows, 10, (2, 3), year=2))
    assert chosen(Case(columns, rows, goals, rules=order)) == (0, 2, 3)


def test_what_a_facility_can_take_bounds_what_it_serves() -> None:
    rows = rows_of((6, "01"), (6, "12"))
    columns = (option("s0", 10, limit=3), option("s1", 30, limit=8), option("s2", 20))
    for needed, plan in ((3, (0,)), (6, (2,)), (9, (0, 2)), (12, (1, 2))):
        assert chosen(Case(columns, rows, (goal(rows, needed),), shared=(0, 1))) == plan


def test_most_people_within_a_number_of_sites() -> None:
    """Church & ReVelle's model: what is left uncovered is the objective."""
    rows = tuple(dataclasses.replace(row, loss=row.people) for row in rows_of((9, "01"), (8, "12"), (5, "2"), (4, "")))
    columns = tuple(Column(f"s{k}") for k in range(3))
    for most, left, plan in ((0, 26, ()), (1, 9, (1,)), (2, 4, (0, 2))):
        case = Case(columns, rows, rules=(count(range(3), None, most),))
        assert chosen(case) == plan
        assert optimize.solve(instance_of(case)).objective == left


def test_least_travel_goes_to_the_nearest_of_what_is_open() -> None:
    """Who reaches nothing is charged the farthest; what stands today serves as well."""
    points = (Point(3, ((9, 0), (2, 1))), Point(2, ((4, 2), (7, 0))), Point(1, ()))
    columns = (TODAY, Column("s1"), Column("s2"))
    case = Case(columns, (), rules=(count((1, 2), None, 1),), points=points, far_m=20)
    assert chosen(case) == (1,)
    assert optimize.solve(instance_of(case)).objective == 3 * 2 + 2 * 7 + 20
