"""From tables, goals and rules to the siting problem: hand-made tables, and rules written out a second time."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from math import ceil
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner import recount
from planner.geodesy import great_circle_mm
from planner.instance import Reach, asked, build, weight_scale, weighted_people
from planner.limits import Aim, Group, Limits, NearPeople, Phase, Spacing
from planner.siting import NO_LIMIT, Instance
from planner.standards import Count, Goal, Standard

if TYPE_CHECKING:
    from collections.abc import Sequence

QUICK = {
    "deadline": None,
    "derandomize": True,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.filter_too_much],
}


def standard(key: str, *served_by: str) -> Standard:
    return Standard(key, "", "walk", "road", "distance", 5_000_000, None, Decimal(5), None, "residents", served_by)


def options_table(*rows: tuple[str, str, str, str, int, int], **columns: Sequence[Any]) -> pd.DataFrame:
    """Rows of site, type, today|new, district, cost once and yearly; the rest by column."""
    names = ["site_id", "type", "state", "district", "cost_once_yuan", "cost_yearly_yuan"]
    n = len(rows)
    rest: dict[str, Any] = {
        "tier": "",
        "town": "x",
        "size": "",
        "funding": "",
        "lon": 0.0,
        "lat": 0.0,
        "capacity_own": False,
    }
    table = pd.DataFrame(rows, columns=names).assign(**rest)
    table["capacity_people"] = pd.array([None] * n, dtype="Int64")
    for name, values in columns.items():
        table[name] = pd.array(values, dtype="Int64") if name == "capacity_people" else list(values)
    return table


def people_table(*rows: tuple[str, str, str, int], **groups: Sequence[int]) -> pd.DataFrame:
    """Rows of demand, community, district, people; people of groups by column."""
    table = pd.DataFrame(rows, columns=["demand_id", "unit_id", "district", "people"])
    return table.assign(town="x", **groups)


def travel_table(*rows: tuple[str, str, float]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["demand_id", "site_id", "metres"])
    return table.astype({"demand_id": "str", "site_id": "str", "metres": "float64"})


def residents(*rows: tuple[float, float, int]) -> Any:
    """Rows of longitude, latitude and people."""
    lon, lat, people = ([row[k] for row in rows] for k in range(3))
    return gpd.GeoDataFrame(
        {"people": np.array(people, dtype=np.int64)}, geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326"
    )


OPTIONS = options_table(
    ("s0", "a", "today", "A", 0, 0),
    ("s1", "a", "new", "A", 100, 10),
    ("s1", "b", "new", "A", 50, 0),
    ("s2", "b", "new", "B", 70, 7),
    funding=["", "f", "g", "g"],
)
PEOPLE = people_table(
    ("d0", "u", "A", 10), ("d1", "u", "A", 5), ("d2", "v", "B", 7), ("d3", "w", "C", 0),
    people_old=[2, 5, 0, 0], people_young=[1, 0, 7, 0],
)  # fmt: skip
NEAR = travel_table(("d0", "s0", 100), ("d0", "s1", 40.4), ("d1", "s1", 30.5), ("d2", "s2", 20.499), ("d2", "s1", 9))
FAR = travel_table(("d1", "s2", 900), ("d1", "s0", 700.5), ("d3", "s2", 1000))
TRAVEL = pd.concat([NEAR, FAR], ignore_index=True)
REACHES = {
    "all": Reach(standard("all", "a", "b"), PEOPLE, NEAR, TRAVEL, 1000),
    "onlya": Reach(standard("onlya", "a"), PEOPLE.iloc[:2], NEAR, TRAVEL, 1000),
    "unused": Reach(standard("unused", "a"), PEOPLE, NEAR, TRAVEL, 1000),
}


def goal(key: str, of: Any = "people", each: Any = "city", share: str = "0.5", **more: Any) -> Goal:
    place = {"district": None, "town": None, **more}
    return Goal(f"{key}-{of}", key, Decimal(share), of, each, **place)


def count(key: str = "n", kind: str = "a", least: int = 0, most: int | None = None, **how: Any) -> Count:
    place = {"tier": None, "each": "city", "district": None, "town": None, "new_only": False, **how}
    return Count(id=key, types=(kind,), minimum=least, maximum=most, **place)


def built(
    goals: Sequence[Goal] = (), counts: Sequence[Count] = (), *, options: pd.DataFrame = OPTIONS,
    near: Any = None, aim: Aim | None = None, **limits: Any,
) -> Instance:  # fmt: skip
    return build(
        options,
        PEOPLE,
        REACHES,
        goals,
        counts,
        community_rule=Decimal("0.5"),
        residents=residents() if near is None else near,
        limits=Limits(**limits),
        aim=aim or Aim(),
    )


def said(instance: Instance) -> list[tuple[str, dict[int, int], int | None, int | None]]:
    """Name, factor by column, and bounds of every rule, the open ones as None."""
    rules, found = instance.rules, []
    for number, name in enumerate(rules.names):
        here = slice(rules.matrix.indptr[number], rules.matrix.indptr[number + 1])
        factors = dict(zip(rules.matrix.indices[here].tolist(), rules.matrix.data[here].tolist(), strict=True))
        least, most = int(rules.minimum[number]), int(rules.maximum[number])
        found.append((name, factors, None if least == -NO_LIMIT else least, None if most == NO_LIMIT else most))
    return found


def ones(*columns: int) -> dict[int, int]:
    return dict.fromkeys(columns, 1)


YEARS = (Phase(2026), Phase(2028))


# --- Rows and columns ----------------------------------------------------------------------------------------


def test_rows_are_the_standards_with_goals_and_columns_the_options_that_serve_them() -> None:
    made = built([goal("all"), goal("onlya")], horizon_years=3)
    assert made.covers.toarray().tolist() == [
        [1, 1, 1, 0], [0, 1, 1, 0], [0, 1, 1, 1], [0, 0, 0, 0], [1, 1, 0, 0], [0, 1, 0, 0],
    ]  # fmt: skip
    assert made.people.tolist() == [10, 5, 7, 0, 10, 5]
    assert made.fixed.tolist() == [True, False, False, False]
    assert made.cost_yuan.tolist() == made.price.tolist() == [0, 130, 50, 91]
    assert made.loss.tolist() == [0] * 6
    assert (made.option.tolist(), made.year.tolist()) == ([0, 1, 2, 3], [0] * 4)
    assert (made.capacity, made.travel) == (None, None)
    # d0 stands covered today; d1 hangs on s1 under both standards and counts once, in whole metres, half up
    assert made.tie.tolist()[1:] == [31 * 5 + 9 * 7, 31 * 5 + 9 * 7, 20 * 7]
    assert [(g.id, g.rows.tolist(), g.weight.tolist(), g.needed, g.times, g.year) for g in made.goals] == [
        ("all-people", [0, 1, 2, 3], [10, 5, 7, 0], 11, 1, 0),
        ("onlya-people", [4, 5], [10, 5], 8, 1, 0),
    ]


def test_every_year_has_a_copy_of_rows_and_columns() -> None:
    one, two = built([goal("all")]), built([goal("all")], phases=YEARS)
    assert (two.n_rows, two.n_columns) == (2 * one.n_rows, 2 * one.n_columns)
    blocks = two.covers.toarray()
    assert (blocks[:4, :4] == one.covers.toarray()).all()
    assert (blocks[4:, 4:] == one.covers.toarray()).all()
    assert blocks.sum() == 2 * one.covers.sum()
    assert two.year.tolist() == [2026] * 4 + [2028] * 4
    assert two.option.tolist() == [0, 1, 2, 3] * 2
    assert two.site_id.tolist() == ["s0", "s1", "s1", "s2"] * 2
    assert two.fixed.tolist() == one.fixed.tolist() * 2
    assert two.tie.tolist() == [0] * 4 + one.tie.tolist()
    assert [(g.year, g.rows.tolist()) for g in two.goals] == [(2026, [0, 1, 2, 3]), (2028, [4, 5, 6, 7])]


def test_without_options_or_goals_there_is_a_problem_all_the_same() -> None:
    bare = built([goal("all")], options=OPTIONS.iloc[:0], max_sites=3, phases=YEARS)
    assert bare.covers.shape == (8, 0)
    assert said(bare) == [("siting.max_sites", {}, None, 3)]
    idle = built()
    assert (idle.covers.shape, idle.all_goals) == ((0, 4), ())


def test_sizes_are_columns_that_exclude_each_other() -> None:
    rows = [(site, kind, state, "A", 10, 1) for site, kind, state in
            (("s1", "a", "new"), ("s1", "a", "new"), ("s1", "b", "new"), ("s2", "a", "new"))]  # fmt: skip
    options = options_table(*rows, size=["big", "small", "", ""])
    assert said(built(options=options, types_per_site=2)) == [("size", ones(0, 1), None, 1)]
    assert said(built(options=options)) == [
        ("rules.types_per_site:s1", ones(0, 1, 2), None, 1),
        ("size", ones(0, 1), None, 1),
    ]
    assert built(options=options).size.tolist() == ["big", "small", "", ""]


# --- Goals ---------------------------------------------------------------------------------------------------


def test_goals_are_asked_in_each_scope() -> None:
    made = built(
        [goal("onlya", each="district"), goal("all", "communities", each="district"), goal("all", district="B")]
    )
    assert [(g.id, g.scope, g.rows.tolist(), g.whole, g.needed) for g in made.goals] == [
        ("onlya-people", "A", [4, 5], 15, 8),
        ("all-people", "B", [2], 7, 4),
    ]
    assert [
        (g.scope, g.rows.tolist(), g.unit.tolist(), g.weight.tolist(), g.unit_needed.tolist(), g.needed)
        for g in made.communities
    ] == [("A", [0, 1], [0, 0], [10, 5], [8], 1), ("B", [2], [0], [7], [4], 1), ("C", [], [], [], [], 0)]


def test_a_goal_on_a_group_asks_for_a_share_of_the_group() -> None:
    made = built([goal("all", group="young"), goal("all", "communities", group="old", backup=True)])
    (people,), (units,) = made.goals, made.communities
    assert (people.weight.tolist(), people.needed, people.times) == ([1, 0, 7, 0], 4, 1)
    # only community u has any of the group
    assert (units.rows.tolist(), units.weight.tolist(), units.unit_needed.tolist()) == ([0, 1], [2, 5], [4])
    assert (units.needed, units.times) == (1, 2)
    assert made.people.tolist() == [10, 5, 7, 0]


def test_shares_of_a_phase_hold_from_their_year_on() -> None:
    phases = [
        Phase(2026, shares={"all-people": Decimal("0.1")}),
        Phase(2027),
        Phase(2028, shares={"all-people": Decimal(1), "onlya-people": Decimal("0.2")}),
    ]
    made = built([goal("all"), goal("onlya")], phases=phases)
    asked_for = [(g.label, g.needed) for g in made.goals]
    assert asked_for == [
        ("all-people@2026", 3), ("onlya-people@2026", 8), ("all-people@2027", 3), ("onlya-people@2027", 8),
        ("all-people@2028", 22), ("onlya-people@2028", 3),
    ]  # fmt: skip


# --- Objectives ----------------------------------------------------------------------------------------------


def test_weights_are_whole_parts_of_a_person() -> None:
    groups = [Group("old", Decimal("1.5")), Group("young", Decimal("2.333"))]
    assert (weight_scale([]), weight_scale(groups[:1]), weight_scale(groups)) == (1, 2, 1000)
    assert weighted_people(PEOPLE, groups).tolist() == [
        10_000 + 500 * 2 + 1333 * 1, 5000 + 500 * 5, 7000 + 1333 * 7, 0,
    ]  # fmt: skip
    # a group that counts like everybody needs no column
    assert weighted_people(PEOPLE.iloc[:1], [Group("none", Decimal(1))]).tolist() == [10]


def test_most_coverage_loses_the_weight_of_the_uncovered_in_every_year() -> None:
    aim = Aim("max_coverage", "onlya", (Group("old", Decimal(3)),))
    made = built([goal("all")], aim=aim, phases=YEARS, budget_yuan=1)
    assert made.people.tolist() == [10, 5, 7, 0, 10, 5] * 2
    assert made.loss.tolist() == [0, 0, 0, 0, 10 + 4, 5 + 10] * 2
    assert made.price.tolist() == [0] * 8
    assert made.cost_yuan.sum() > 0
    assert [r.standard.id for r in asked(REACHES, [goal("all")], aim, Limits())] == ["all", "onlya"]


def test_least_travel_sees_what_was_measured_beyond_the_cutoff() -> None:
    made = built(aim=Aim("min_travel", "all", (Group("old", Decimal("1.5")),)), phases=YEARS)
    travel = made.travel
    assert travel is not None
    assert made.covers.shape == (0, 8), "no goal, no rows"
    assert travel.start.tolist() == [0, 3, 7, 10, 11, 14, 18, 21, 22]
    near = [(1, 40), (2, 40), (0, 100), (1, 31), (2, 31), (0, 701), (3, 900), (1, 9), (2, 9), (3, 20), (3, 1000)]
    assert list(zip(travel.column[:11].tolist(), travel.metres[:11].tolist(), strict=True)) == near
    assert travel.column[11:].tolist() == [k + 4 for k, _ in near]
    assert travel.weight.tolist() == [22, 15, 14, 0] * 2
    assert travel.far_m == 1000
    opened = recount.open_columns(made, np.array([7], dtype=np.int64))
    both = 22 * 100 + 15 * 701
    assert recount.travel_cost(travel, opened) == 2 * both + 14 * 1000 + 14 * 20


def test_capacity_is_asked_of_every_year_and_of_a_site_once() -> None:
    options = options_table(
        ("s0", "a", "today", "A", 0, 0), ("s0", "b", "today", "A", 0, 0), ("s0", "c", "today", "A", 0, 0),
        ("s1", "a", "new", "A", 1, 1), ("s1", "b", "new", "A", 1, 1), ("s3", "a", "today", "A", 0, 0),
        ("s3", "b", "today", "A", 0, 0),
        capacity_people=[9, 9, 9, 5, None, 7, 7], capacity_own=[True, True, True, True, False, False, False],
    )  # fmt: skip
    made = built([goal("onlya")], options=options, capacity_standard="all", phases=YEARS)
    assert made.capacity is not None
    assert made.capacity.rows.tolist() == [0, 1, 2, 3, 6, 7, 8, 9]
    # c does not serve the standard; what the types of s3 give is theirs
    assert made.capacity.limit.tolist() == [9, 0, 9, 5, NO_LIMIT, 7, 7] * 2


# --- Rules ---------------------------------------------------------------------------------------------------


def test_counts_speak_of_what_stands_and_what_may_be_built() -> None:
    counts = [
        count("all", "a", 1, 2),
        count("new", "a", 0, 1, new_only=True),
        count("each", "b", 0, 1, each="district"),
    ]
    assert said(built(counts=counts)) == [
        ("all", ones(0, 1), 1, 2),
        ("new", ones(1), 0, 1),
        ("each:A", ones(2), 0, 1),
        ("each:B", ones(3), 0, 1),
        ("each:C", {}, 0, 1),
        ("rules.types_per_site:s1", ones(1, 2), None, 1),
    ]


def test_a_count_of_one_tier_counts_that_tier() -> None:
    tiered = OPTIONS.assign(tier=["town", "", "town", ""])
    assert said(built(counts=[count(kind="b", tier="town")], options=tiered, types_per_site=2)) == [
        ("n", ones(2), 0, None)
    ]


def test_forced_sites_and_numbers_are_rules_of_the_last_year() -> None:
    made = built(force_open=("s1",), force_closed=("s2", "s0"), max_sites=1, types_per_site=2, phases=YEARS)
    assert said(made) == [
        ("rules.force_open:s1", ones(5, 6), 1, None),
        ("rules.force_closed:s2", ones(7), None, 0),
        ("siting.max_sites", ones(5, 6, 7), None, 1),
        ("phase.order", {1: 1, 5: -1}, None, 0),
        ("phase.order", {2: 1, 6: -1}, None, 0),
        ("phase.order", {3: 1, 7: -1}, None, 0),
    ]


def test_budgets_speak_of_the_horizon_of_the_last_year_and_of_sources() -> None:
    made = built(
        budget_yuan=9, budget_once_yuan=8, budget_yearly_yuan=7, budgets={"g": 6, "f": 5}, horizon_years=3,
        types_per_site=2,
    )  # fmt: skip
    assert said(made) == [
        ("siting.budget_once_yuan", {1: 100, 2: 50, 3: 70}, None, 8),
        ("siting.budget_yearly_yuan", {1: 10, 3: 7}, None, 7),
        ("siting.budget_yuan", {1: 130, 2: 50, 3: 91}, None, 9),
        ("siting.budgets:f", {1: 130}, None, 5),
        ("siting.budgets:g", {2: 50, 3: 91}, None, 6),
    ]


def test_budgets_of_phases_speak_of_what_opens_and_of_what_runs() -> None:
    phases = [Phase(2026, budget_yuan=4), Phase(2027, budget_yuan=3, budgets={"g": 2})]
    rules = {name: rest for name, *rest in said(built(phases=phases)) if name.startswith("phase.budget")}
    assert rules == {
        "phase.budget_yuan:2026": [{1: 110, 2: 50, 3: 77}, None, 4],
        "phase.budget_yuan:2027": [{1: -100, 2: -50, 3: -70, 5: 110, 6: 50, 7: 77}, None, 3],
        "phase.budgets:2027:g": [{2: -50, 3: -70, 6: 50, 7: 77}, None, 2],
    }


def along(*metres: float) -> dict[str, list[float]]:
    """Places on the equator, so many metres east."""
    return {"lon": [float(np.rad2deg(m / 6_371_009)) for m in metres], "lat": [0.0] * len(metres)}


def test_what_is_exactly_so_far_apart_is_not_too_near() -> None:
    rows = [(f"s{k}", "a", "new", "A", 1, 1) for k in range(3)]
    options = options_table(*rows, **along(0, 500, 999.999))
    assert said(built(options=options, spacing=(Spacing("a", Decimal(500)),))) == [
        ("rules.spacing:a", ones(1, 2), None, 1)
    ]
    assert said(built(options=options, spacing=(Spacing("a", Decimal("499.999")),))) == []
    assert len(said(built(options=options, spacing=(Spacing("a", Decimal("500.0001")),)))) == 2


def test_what_is_too_near_to_what_stands_is_closed_and_what_stands_is_left_alone() -> None:
    rows = [(site, "a", state, "A", 1, 1) for site, state in
            (("s0", "today"), ("s1", "today"), ("s2", "new"), ("s2", "new"), ("s3", "new"))]  # fmt: skip
    options = options_table(*rows, ("s4", "b", "new", "A", 1, 1), size=["", "", "x", "y", "", ""],
                            **along(0, 10, 60, 60, 300, 61))  # fmt: skip
    rule = (Spacing("a", Decimal(250)),)
    assert said(built(options=options, spacing=rule, types_per_site=2))[1:] == [
        ("rules.spacing:a", ones(2, 3), None, 0),
        ("rules.spacing:a", ones(2, 3, 4), None, 1),
    ]
    # in the end: s2 may not open in any year, by the order of years
    made = said(built(options=options, spacing=rule, phases=YEARS))
    assert ("rules.spacing:a", ones(8, 9), None, 0) in made


def test_enough_residents_within_exactly_so_many_metres() -> None:
    rows = [(f"s{k}", "a", "new", "A", 1, 1) for k in range(3)]
    options = options_table(*rows, ("s2", "b", "new", "A", 1, 1), ("s9", "a", "today", "A", 0, 0),
                            **along(0, 100, 10_000, 10_000, 10_000))  # fmt: skip
    east = along(300, 5000)["lon"]
    near = residents((east[0], 0.0, 7), (east[1], 0.0, 100), (0.0, 0.0, 3))

    def closed(people: int, within: str) -> list[int]:
        rule = (NearPeople("a", people, Decimal(within)),)
        made = said(built(options=options, near=near, near_people=rule, types_per_site=2))
        assert all((name, least, most) == ("rules.near_people", None, 0) for name, _, least, most in made)
        return [column for _, factors, _, _ in made for column in factors]

    assert closed(10, "300") == [2]
    assert closed(10, "299.999") == [0, 2]
    assert closed(11, "300") == [0, 1, 2]
    assert closed(0, "1") == []
    assert said(built(options=options, near_people=(NearPeople("b", 1, Decimal(9)),), types_per_site=2)) == [
        ("rules.near_people", ones(3), None, 0)
    ]


place = st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda p: (117 + p[0] / 10_000, 36.6 + p[1] / 10_000))


@settings(max_examples=70, **QUICK)  # type: ignore[arg-type]
@given(st.lists(st.tuples(place, st.booleans()), max_size=9), st.lists(st.tuples(place, st.integers(0, 9)), max_size=9),
       st.integers(1, 400), st.integers(0, 20))  # fmt: skip
def test_rules_of_place_are_those_of_every_pair(sites: Any, people: Any, metres: int, least: int) -> None:
    rows = [(f"s{k}", "a", "today" if today else "new", "A", 1, 1) for k, (_, today) in enumerate(sites)]
    options = options_table(*rows, lon=[p[0] for p, _ in sites], lat=[p[1] for p, _ in sites])
    near = residents(*((*p, number) for p, number in people))
    rules: dict[str, Any] = {
        "spacing": (Spacing("a", Decimal(metres)),),
        "near_people": (NearPeople("a", least, Decimal(metres)),),
    }
    made = said(built(options=options, near=near, **rules))

    def mm(one: Any, other: Any) -> int:
        return int(great_circle_mm(*one, *other))

    close = [(i, k) for i, k in combinations(range(len(sites)), 2) if mm(sites[i][0], sites[k][0]) < metres * 1000]
    expected = [("rules.spacing:a", ones(i, k), None, 1) for i, k in close if not sites[i][1] and not sites[k][1]]
    shut = {i if sites[k][1] else k for i, k in close if sites[i][1] != sites[k][1]}
    expected += [("rules.spacing:a", ones(k), None, 0) for k in shut]
    for k, (where, today) in enumerate(sites):
        held = sum(number for p, number in people if mm(where, p) <= metres * 1000)
        expected += [("rules.near_people", ones(k), None, 0)] * (not today and held < least)
    assert sorted(map(repr, made)) == sorted(map(repr, expected))


def test_a_site_without_a_place_is_near_nothing() -> None:
    options = options_table(("s0", "a", "new", "A", 1, 1), ("s1", "a", "new", "A", 1, 1), lon=[np.nan] * 2)
    rules: dict[str, Any] = {"spacing": (Spacing("a", Decimal(9)),), "near_people": (NearPeople("a", 1, Decimal(9)),)}
    found = [name for name, *_ in said(built(options=options, near=residents((0, 0, 5)), **rules))]
    assert found == ["rules.near_people"] * 2


# --- Years ---------------------------------------------------------------------------------------------------


@settings(max_examples=70, **QUICK)  # type: ignore[arg-type]
@given(st.data())
def test_what_a_build_order_costs_is_what_a_ledger_adds_up(data: st.DataObject) -> None:
    """Cost within the horizon and what each year and source may cost, for random orders of opening."""
    draw = data.draw
    small = st.integers(0, 5)
    table = options_table(
        *((f"s{k}", "a", "new", "A", draw(small), draw(small)) for k in range(3)),
        ("e", "a", "today", "A", 0, 0),
        funding=[draw(st.sampled_from("fg")) for _ in range(3)] + ["f"],
    )
    years = sorted(draw(st.sets(st.integers(2026, 2030), min_size=1, max_size=3)))
    money = st.none() | st.integers(0, 25)
    phases = [Phase(year, draw(money), {s: most for s in "fg" if (most := draw(money)) is not None}) for year in years]
    horizon = draw(st.integers(1, 4))
    total, once_most, yearly_most = draw(money), draw(money), draw(money)
    made = built(
        options=table, phases=phases, horizon_years=horizon, budget_yuan=total, budget_once_yuan=once_most,
        budget_yearly_yuan=yearly_most, budgets={"f": 9},
    )  # fmt: skip
    opens = [draw(st.sampled_from([*range(len(years)), None])) for _ in range(3)]
    chosen = [p * 4 + k for k, first in enumerate(opens) if first is not None for p in range(first, len(years))]

    records = table.to_dict("records")
    cost = {
        k: records[k]["cost_once_yuan"]
        + sum(years[first] <= y < years[0] + horizon for y in range(2026, 2040)) * records[k]["cost_yearly_yuan"]
        for k, first in enumerate(opens)
        if first is not None
    }
    assert made.cost_yuan[chosen].sum() == sum(cost.values())
    assert (made.cost_yuan >= 0).all()
    broken = {
        "siting.budget_yuan": total is not None and sum(cost.values()) > total,
        "siting.budget_once_yuan": once_most is not None
        and sum(records[k]["cost_once_yuan"] for k in cost) > once_most,
        "siting.budget_yearly_yuan": yearly_most is not None
        and sum(records[k]["cost_yearly_yuan"] for k in cost) > yearly_most,
        "siting.budgets:f": sum(v for k, v in cost.items() if records[k]["funding"] == "f") > 9,
    }
    for p, phase in enumerate(phases):
        spent = {
            k: (records[k]["cost_once_yuan"] if first == p else 0) + records[k]["cost_yearly_yuan"]
            for k, first in enumerate(opens)
            if first is not None and first <= p
        }
        most = phase.budget_yuan
        broken[f"phase.budget_yuan:{phase.year}"] = most is not None and sum(spent.values()) > most
        for source, some in phase.budgets.items():
            paid = sum(v for k, v in spent.items() if records[k]["funding"] == source)
            broken[f"phase.budgets:{phase.year}:{source}"] = paid > some
    assert set(recount.rules_broken(made, np.array(sorted(chosen), dtype=np.int64))) == {
        name for name, is_broken in broken.items() if is_broken
    }


def test_what_closes_again_breaks_the_order_of_years() -> None:
    made = built(phases=YEARS)
    assert recount.rules_broken(made, np.array([3])) == ("phase.order",)
    assert recount.rules_broken(made, np.array([3, 7])) == ()


# --- Against tables ------------------------------------------------------------------------------------------


@settings(max_examples=70, **QUICK)  # type: ignore[arg-type]
@given(st.data())
def test_a_built_problem_says_of_any_plan_what_the_tables_say(data: st.DataObject) -> None:
    """Goals of two standards, groups and backup included, straight from random tables, for random plans."""
    draw = data.draw
    demand = [
        (f"d{k}", draw(st.sampled_from("uvw")), draw(st.sampled_from(["A", "B", ""])), draw(st.integers(0, 4)))
        for k in range(draw(st.integers(0, 6)))
    ]
    old = {d[0]: draw(st.integers(0, d[3])) for d in demand}
    near = {(d[0], s): draw(st.integers(0, 9)) for d in demand for s in ("s0", "s1", "s2") if draw(st.booleans())}
    table = people_table(*demand, people_old=list(old.values()))
    table = table.astype({"demand_id": "str", "unit_id": "str", "district": "str", "people": "int64"})
    table = table.astype({"people_old": "int64"})
    pairs = travel_table(*((d, s, float(m)) for (d, s), m in near.items()))
    served = {"p": {"a", "b"}, "q": {"b"}}
    goals = [
        goal(key, of, each, draw(st.sampled_from(["0.5", "0.9", "1"])), group=group, backup=draw(st.booleans()))
        for key in served for of in ("people", "communities") for each in ("city", "district")
        for group in (None, "old")
    ]  # fmt: skip
    goals = [dataclasses.replace(g, id=f"g{k}") for k, g in enumerate(goals)]
    reaches = {key: Reach(standard(key, *types), table, pairs, pairs, 9) for key, types in served.items()}
    made = build(
        OPTIONS, table, reaches, goals, [], community_rule=Decimal("0.5"), residents=residents(), limits=Limits(),
        aim=Aim(),
    )  # fmt: skip
    chosen = [k for k in (1, 2, 3) if draw(st.booleans())]
    there = [(OPTIONS["site_id"][k], OPTIONS["type"][k]) for k in [0, *chosen]]
    found = {(g.id, g.scope): (g.needed, g.reached) for g in recount.goals_reached(made, np.array(chosen, np.int64))}
    expected = {}
    for g in goals:
        counted = old if g.group else {d[0]: d[3] for d in demand}
        times = {d[0]: sum(t in served[g.standard] and (d[0], s) in near for s, t in there) for d in demand}
        got = {d for d, number in times.items() if number >= (2 if g.backup else 1)}
        districts = sorted({d[2] for d in demand} - {""}) if g.each == "district" else [""]
        for name in districts:
            part = [d for d in demand if g.each == "city" or d[2] == name]
            if g.of == "people":
                whole = sum(counted[d[0]] for d in part)
                reach = sum(counted[d[0]] for d in part if d[0] in got)
            else:
                units = [[d[0] for d in part if d[1] == u] for u in sorted({d[1] for d in part})]
                held = [(sum(counted[d] for d in u), sum(counted[d] for d in u if d in got)) for u in units]
                whole, reach = sum(w > 0 for w, _ in held), sum(w > 0 and 2 * c >= w for w, c in held)
            expected[g.id, name] = (ceil(Fraction(str(g.share)) * whole), reach)
    assert found == expected
    for k, option in enumerate(OPTIONS.to_dict("records")):
        if option["state"] == "new":
            fresh = {
                d[0]: near[d[0], option["site_id"]] * d[3]
                for types in served.values() for d in demand
                if option["type"] in types and (d[0], option["site_id"]) in near
                and not ("a" in types and (d[0], "s0") in near)
            }  # fmt: skip
            assert made.tie[k] == sum(fresh.values())


def test_the_order_of_the_tables_changes_only_numbers() -> None:
    rows = PEOPLE.iloc[::-1].reset_index(drop=True)
    turned = {"all": Reach(standard("all", "a", "b"), rows, NEAR.iloc[::-1], TRAVEL.iloc[::-1], 1000)}
    aim = Aim("min_travel", "all")
    made = build(
        OPTIONS, PEOPLE, turned, [goal("all")], [], community_rule=Decimal(1), residents=residents(), limits=Limits(),
        aim=aim,
    )  # fmt: skip
    first = built([goal("all")], aim=aim)
    assert made.covers.toarray().tolist() == first.covers.toarray()[::-1].tolist()
    assert made.tie.tolist() == first.tie.tolist()
    assert made.travel is not None
    assert first.travel is not None
    for opened in ([1], [3], [2, 3]):
        mask = recount.open_columns(first, np.array(opened))
        assert recount.travel_cost(made.travel, mask) == recount.travel_cost(first.travel, mask)


@pytest.mark.parametrize("objective", ["min_cost", "max_coverage", "min_travel"])
def test_only_the_least_cost_counts_money(objective: Any) -> None:
    made = built([goal("all")], aim=Aim(objective, "all"))
    assert (made.price.sum() > 0) == (objective == "min_cost")
    assert (made.loss.sum() > 0) == (objective == "max_coverage")
    assert (made.travel is not None) == (objective == "min_travel")
