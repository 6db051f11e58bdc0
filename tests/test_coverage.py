"""Who is covered and why not, shares, communities and goals: by hand, on small roads, and against plain loops."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import Point

from oracle import Segment, great_circle_mm, make_roads
from planner import coverage, network, straight
from planner.errors import PlanError
from planner.record import share
from planner.standards import Goal, Standard

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HALF = Decimal("0.5")
KM = Standard("s", "", "walk", "road", "distance", 1_000_000, None, Decimal(1), None, "residents", ("a",))
BASE = {
    "name": "",
    "unit_id": "u",
    "town": "",
    "district": "",
    "setting": "urban",
    "layer": "residents",
    "people": 1,
    "placed": "own",
}


def people(*rows: dict[str, Any]) -> Any:
    """Demand rows d0, d1, …; each is changed where the row says so."""
    full = [{**BASE, "demand_id": f"d{k}", "geometry": Point(117, 36), **row} for k, row in enumerate(rows)]
    table = pd.DataFrame(full, columns=["demand_id", *BASE, "geometry"])
    kinds = {name: "int64" if name == "people" else "str" for name in ["demand_id", *BASE]}
    return gpd.GeoDataFrame(table.astype(kinds), geometry="geometry", crs="EPSG:4326")


def travel_rows(rows: Sequence[tuple[str, str, int | None, int | None]]) -> pd.DataFrame:
    """A travel table of (demand, site, mm, ms)."""
    columns = ["demand_id", "site_id", "metres", "seconds"]
    table = pd.DataFrame([(d, s, (mm or 0) / 1000, (ms or 0) / 1000) for d, s, mm, ms in rows], columns=columns)
    return table.astype({"demand_id": "str", "site_id": "str", "metres": float, "seconds": float})


def assess(demand: Any, standard: Standard, nearness: coverage.Nearness) -> dict[str, dict[str, Any]]:
    table = coverage.assess(demand, standard, nearness, state="plan", year=2027)
    assert list(table.columns) == coverage.COLUMNS
    assert list(table.index) == list(range(len(table)))
    assert set(table["state"]) <= {"plan"}
    assert set(table["year"]) <= {2027}
    assert set(table["standard"]) <= {standard.id}
    assert table["demand_id"].is_unique
    assert ((table["reason"] == "") == table["covered"]).all()
    return {str(row["demand_id"]): {str(k): v for k, v in row.items()} for row in table.to_dict("records")}


def one_at_each(sites: Iterable[str]) -> pd.Series:
    """One serving facility at each of some sites."""
    ids = sorted(sites)
    return pd.Series([1] * len(ids), index=ids, dtype="int64")


def nearness(
    standard: Standard,
    costs: dict[tuple[str, str], tuple[int, int]],
    crow: dict[tuple[str, str], int],
    *,
    off: Sequence[str] = (),
    beyond: int = 0,
) -> coverage.Nearness:
    """Hand-made reach; `costs` are mm and ms, the travel table ends `beyond` the cutoff."""
    figure = 0 if standard.measure == "distance" else 1
    best: dict[str, tuple[int, str, int, int]] = {}
    for (d, s), cost in sorted(costs.items()):
        best[d] = min(best.get(d, (cost[figure], s, *cost)), (cost[figure], s, *cost))
    least: dict[str, tuple[int, str]] = {}
    for (d, s), mm in crow.items():
        least[d] = min(least.get(d, (mm, s)), (mm, s))
    return coverage.Nearness(
        travel_rows([(d, s, *cost) for (d, s), cost in costs.items() if cost[figure] <= standard.limit + beyond]),
        one_at_each({s for _, s in costs}),
        travel_rows([(d, s, mm, ms) for d, (_, s, mm, ms) in best.items()]),
        travel_rows([(d, s, mm, 0) for d, (mm, s) in least.items()]),
        frozenset(off),
    )


# --- Covered means at most the cutoff ------------------------------------------------------------------------


@pytest.mark.parametrize(("mm", "covered"), [(999_999, True), (1_000_000, True), (1_000_001, False)])
def test_a_cutoff_hit_exactly_is_covered_and_a_millimetre_more_is_not(mm: int, *, covered: bool) -> None:
    found = assess(people({}), KM, nearness(KM, {("d0", "s"): (mm, 5)}, {("d0", "s"): 7}, beyond=10))["d0"]
    assert found["covered"] is covered
    assert found["reason"] == ("" if covered else "beyond")
    assert (found["site_id"], found["metres"], found["seconds"]) == ("s", mm / 1000, 0.005)
    assert (found["straight_site_id"], found["straight_m"]) == ("s", 0.007)


@pytest.mark.parametrize(("ms", "covered"), [(600_000, True), (600_001, False)])
def test_a_driving_time_decides_whatever_the_distance(ms: int, *, covered: bool) -> None:
    drive = replace(KM, mode="drive", measure="time", limit=600_000)
    found = assess(people({}), drive, nearness(drive, {("d0", "s"): (10**9, ms)}, {("d0", "s"): 1}, beyond=10))["d0"]
    assert found["covered"] is covered


def test_one_kilometre_is_hit_exactly_at_every_way_of_writing_it() -> None:
    """Millimetres that are no binary fraction: each is compared as the whole number that it stands for."""
    for limit in (1_000_001, 1_001, 4_350_001, 5_000_003, 29, 2_675_001):
        standard = replace(KM, limit=limit)
        for mm in (limit - 1, limit, limit + 1):
            table = travel_rows([("d0", "s", mm, 0)])
            assert coverage.reached(table, standard).tolist() == [mm <= limit]


def test_each_reason() -> None:
    demand = people({}, {}, {}, {"placed": "town"}, {"geometry": None}, {"placed": "spread"})
    costs = {("d0", "s"): (2_000_000, 1), ("d3", "s"): (5, 5), ("d5", "s"): (1_000_000, 1)}
    crow = {(f"d{k}", "s"): 3 for k in (0, 1, 2, 3, 5)}
    found = assess(demand, KM, nearness(KM, costs, crow, off=["d1"]))
    assert [found[f"d{k}"]["reason"] for k in range(6)] == [
        "beyond", "demand_off_network", "no_route", "not_assessable", "not_assessable", "",
    ]  # fmt: skip
    for k in (3, 4):
        row = found[f"d{k}"]
        assert (row["site_id"], row["straight_site_id"], row["covered"]) == ("", "", False)
        assert pd.isna([row["metres"], row["seconds"], row["straight_m"]]).all()
    assert found["d1"]["straight_m"] == 0.003
    assert found["d1"]["site_id"] == ""


def test_without_a_site_nobody_is_covered() -> None:
    found = assess(people({}, {"placed": "town"}, {}), KM, nearness(KM, {}, {}, off=["d2"]))
    assert [found[f"d{k}"]["reason"] for k in range(3)] == ["no_site", "not_assessable", "no_site"]
    assert not any(row["covered"] for row in found.values())
    assert {row["site_id"] for row in found.values()} == {""}


def test_a_standard_that_speaks_of_nobody_has_no_rows() -> None:
    rural = replace(KM, setting="rural")
    demand = people({}, {})
    assert assess(demand, rural, nearness(rural, {}, {})) == {}
    counted = coverage.tally(
        demand, coverage.assess(demand, rural, nearness(rural, {}, {}), state="today", year=1), HALF
    )
    assert counted == coverage.Tally(0, 0, 0, 0, 0)


def test_a_standard_speaks_of_one_layer_and_its_setting() -> None:
    rows = [{"setting": a, "layer": b} for a in ("urban", "rural") for b in ("residents", "workers")]
    demand = people(*rows)
    assert coverage.applies(demand, KM).tolist() == [True, False, True, False]
    assert coverage.applies(demand, replace(KM, setting="rural")).tolist() == [False, False, True, False]
    assert coverage.applies(demand, replace(KM, layer="workers", setting="urban")).tolist() == [
        False,
        True,
        False,
        False,
    ]


def test_one_type_of_several_is_enough_and_names_are_whole() -> None:
    served = replace(KM, served_by=("a", "bb"))
    assert coverage.serves(["a", "b", "c;bb", "aa", "", "b;c", "a;a"], served).tolist() == [
        True, False, True, False, False, False, True,
    ]  # fmt: skip
    assert coverage.serves([], served).tolist() == []


def test_two_counts_that_disagree_stop_the_run() -> None:
    honest = nearness(KM, {("d0", "s"): (5, 5)}, {("d0", "s"): 5})
    empty = travel_rows([])
    for lie in (replace(honest, near=empty), replace(honest, travel=empty)):
        with pytest.raises(PlanError):
            coverage.assess(people({}), KM, lie, state="today", year=2026)


rows_st = st.fixed_dictionaries(
    {
        "people": st.sampled_from([0, 1, 2, 3, 7, 100]),
        "unit_id": st.sampled_from(["u", "v", "w"]),
        "district": st.sampled_from(["A", "B", ""]),
        "town": st.just("x"),
        "setting": st.sampled_from(["urban", "rural"]),
        "layer": st.sampled_from(["residents", "residents", "workers"]),
        "placed": st.sampled_from(["own", "own", "spread", "town"]),
        "geometry": st.sampled_from([Point(117, 36), Point(117, 36), None]),
    }
)


@st.composite
def judged_case(draw: st.DrawFn) -> tuple[Any, Standard, coverage.Nearness, dict[str, tuple[str, str, str]]]:
    """Demand, standard, reach; and by plain loops each point's reason, nearest and straight site."""
    timed = draw(st.booleans())
    standard = replace(
        KM, measure="time" if timed else "distance", mode="drive" if timed else "walk", limit=5,
        setting=draw(st.sampled_from([None, "urban", "rural"])),
    )  # fmt: skip
    demand = people(*draw(st.lists(rows_st, max_size=6)))
    sites = draw(st.sampled_from([[], ["s1"], ["s2", "s1", "s3"]]))
    costs: dict[tuple[str, str], tuple[int, int]] = {}
    crow: dict[tuple[str, str], int] = {}
    off, expected = [], {}
    for row in demand.to_dict("records"):
        d = str(row["demand_id"])
        placed = row["geometry"] is not None
        if placed and draw(st.sampled_from([False, False, True])):
            off.append(d)
        for s in sites if placed else []:
            crow[d, s] = draw(st.integers(0, 3))
            if d not in off and draw(st.booleans()):
                costs[d, s] = (draw(st.integers(3, 8)), draw(st.integers(3, 8)))
        if row["layer"] != "residents" or standard.setting not in (None, row["setting"]):
            continue
        mine = sorted((costs[d, s][int(timed)], s) for s in sites if (d, s) in costs)
        if not placed or row["placed"] == "town":
            expected[d] = ("not_assessable", "", "")
            continue
        reason = (
            "" if mine and mine[0][0] <= 5 else "beyond" if mine else "demand_off_network" if d in off else "no_route"
        )
        straight_site = min((crow[d, s], s) for s in sites)[1] if sites else ""
        expected[d] = (reason if sites else "no_site", mine[0][1] if mine else "", straight_site)
    if not crow:  # nobody has a place: then there is nobody to judge either
        expected = {d: (e[0], "", "") for d, e in expected.items()}
    beyond = draw(st.sampled_from([0, 2]))
    return demand, standard, nearness(standard, costs, crow, off=off, beyond=beyond), expected


@settings(max_examples=70, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(judged_case(), st.randoms(use_true_random=False))
def test_everyone_is_judged_as_by_plain_loops(case: Any, rng: Any) -> None:
    demand, standard, near, expected = case
    found = assess(demand, standard, near)
    assert {d: (r["reason"], r["site_id"], r["straight_site_id"]) for d, r in found.items()} == expected
    order = rng.sample(range(len(demand)), len(demand))
    turned = replace(near, travel=near.travel.iloc[::-1], near=near.near.iloc[::-1], straight=near.straight.iloc[::-1])
    again = assess(demand.iloc[order].reset_index(drop=True), standard, turned)
    assert {d: str(r) for d, r in again.items()} == {d: str(r) for d, r in found.items()}, "order changes nothing"


# --- Shares --------------------------------------------------------------------------------------------------


def judged(*rows: tuple[str, int, bool | None], **columns: Sequence[str]) -> tuple[Any, pd.DataFrame]:
    """Demand and coverage of (unit, people, covered; None: not assessable)."""
    demand = people(*({"unit_id": u, "people": n} for u, n, _ in rows))
    for name, values in columns.items():
        demand[name] = pd.Series(list(values), dtype="str")
    reasons = ["not_assessable" if c is None else "" if c else "beyond" for *_, c in rows]
    flags = pd.Series([bool(c) for *_, c in rows], dtype=bool)
    table = pd.DataFrame(
        {
            "demand_id": demand["demand_id"],
            "covered": flags,
            "facilities": flags.astype("int64"),
            "reason": pd.Series(reasons, dtype="str"),
        }
    )
    return demand, table


def goal(share_: str, of: Any = "people", each: Any = "city", district: str | None = None) -> Goal:
    return Goal("g", "s", Decimal(share_), of, each, district, None)


def measured(
    case: tuple[Any, pd.DataFrame], wanted: Goal, rule: Decimal = HALF
) -> list[tuple[str, int, int, int, bool]]:
    found = coverage.measure_goal(*case, wanted, rule)
    return [(t.scope, t.whole, t.needed, t.reached, t.met) for t in found]


def test_people_off_the_network_stay_in_the_denominator_and_unplaced_ones_do_not() -> None:
    demand, table = judged(("u", 10, True), ("u", 7, False), ("v", 5, None), ("w", 3, True))
    table.loc[1, "reason"] = "demand_off_network"
    assert coverage.tally(demand, table, HALF) == coverage.Tally(20, 13, 5, 2, 2)
    assert measured((demand, table), goal("0.65")) == [("", 20, 13, 13, True)]


@pytest.mark.parametrize(("covered", "met"), [(8, False), (9, True), (10, True)])
def test_a_goal_met_exactly_is_met(covered: int, *, met: bool) -> None:
    case = judged(*(("u", 1, k < covered) for k in range(10)))
    assert measured(case, goal("0.90")) == [("", 10, 9, covered, met)]


def test_seven_of_a_hundred_are_seven_per_cent() -> None:
    """In floats 0.07 x 100 asks for eight."""
    assert measured(judged(("u", 7, True), ("u", 93, False)), goal("0.07")) == [("", 100, 7, 7, True)]


@pytest.mark.parametrize(
    ("whole", "covered", "rule", "counts"),
    [
        (7, 3, "0.5", False), (7, 4, "0.5", True), (8, 4, "0.5", True), (8, 3, "0.5", False), (1, 0, "0.5", False),
        (1, 1, "0.5", True), (100, 7, "0.07", True), (100, 6, "0.07", False), (3, 2, "1", False), (3, 3, "1", True),
        (1001, 500, "0.5", False), (1001, 501, "0.5", True),
    ],
)  # fmt: skip
def test_the_community_rule_is_exact(whole: int, covered: int, rule: str, *, counts: bool) -> None:
    case = judged(("u", covered, True), ("u", whole - covered, False), ("nobody", 0, True))
    assert coverage.tally(*case, Decimal(rule)).communities_covered == int(counts)
    assert coverage.tally(*case, Decimal(rule)).communities == 1, "a community without people is left out"
    assert measured(case, goal("1", "communities"), Decimal(rule)) == [("", 1, 1, int(counts), counts)]


def test_an_empty_scope_counts_as_met_and_has_no_share() -> None:
    case = judged(("u", 0, False), ("v", 4, True), district=["A", "B"])
    assert measured(case, goal("1", each="district")) == [("A", 0, 0, 0, True), ("B", 4, 4, 4, True)]
    assert measured(case, goal("1", "communities", each="district")) == [("A", 0, 0, 0, True), ("B", 1, 1, 1, True)]
    assert measured(case, goal("1", district="C")) == [("C", 0, 0, 0, True)]
    assert share(0, 0) is None
    assert share(0, 4) == 0.0


def test_a_community_across_two_districts_is_counted_in_each_by_the_people_there() -> None:
    case = judged(("u", 3, True), ("u", 5, False), district=["A", "B"])
    assert measured(case, goal("1", "communities", each="district")) == [("A", 1, 1, 1, True), ("B", 1, 1, 0, False)]
    assert measured(case, goal("1", "communities")) == [("", 1, 1, 0, False)]


entries_st = st.lists(
    st.tuples(
        st.sampled_from("uvwx"),
        st.integers(0, 5),
        st.sampled_from([True, False, None]),
        st.sampled_from(["A", "B", ""]),
    ),
    max_size=9,
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(entries_st, st.integers(1, 100), st.integers(1, 100), st.sampled_from(["city", "district"]))
def test_tallies_and_goals_equal_plain_loops(entries: Any, percent: int, rule_percent: int, each: str) -> None:
    demand, table = judged(*((u, n, c) for u, n, c, _ in entries), district=[d for *_, d in entries])
    rule = Decimal(rule_percent) / 100
    able = [(u, n, c, d) for u, n, c, d in entries if c is not None]

    def units(part: Any) -> tuple[int, int]:
        whole: dict[str, int] = {}
        got: dict[str, int] = {}
        for u, n, c, _ in part:
            whole[u] = whole.get(u, 0) + n
            got[u] = got.get(u, 0) + n * c
        held = [u for u in whole if whole[u]]
        return len(held), sum(Fraction(got[u], whole[u]) >= Fraction(rule_percent, 100) for u in held)

    counted = coverage.tally(demand, table, rule)
    assert counted.people == sum(n for _, n, _, _ in able)
    assert counted.covered == sum(n for _, n, c, _ in able if c)
    assert counted.not_assessable == sum(n for _, n, c, _ in entries if c is None)
    assert (counted.communities, counted.communities_covered) == units(able)
    names = [""] if each == "city" else sorted({d for *_, d in entries} - {""})
    for of in ("people", "communities"):
        expected = []
        for name in names:
            part = [e for e in able if each == "city" or e[3] == name]
            whole, got = units(part)
            if of == "people":
                whole, got = sum(n for _, n, _, _ in part), sum(n for _, n, c, _ in part if c)
            needed = ceil(Fraction(percent, 100) * whole)
            expected.append((name, whole, needed, got, got >= needed))
        asked = goal(str(Decimal(percent) / 100), of, each)
        assert measured((demand, table), asked, rule) == expected
        left = {t.scope: t.left for t in coverage.measure_goal(demand, table, asked, rule)}
        for name in names:
            here = [(k, e) for k, e in enumerate(entries) if each == "city" or e[3] == name]
            counts: set[str] = set()
            if of == "communities":  # whoever lives in one that counts is not left behind
                counts = {u for u in "uvwx" if units([e for _, e in here if e[0] == u and e in able])[1]}
            assert left[name].keys() == {f"d{k}" for k, e in here if e[2] is False and e[0] not in counts}


# --- On roads ------------------------------------------------------------------------------------------------

START = (117.0, 36.6)
PLACES = [(START[0] + 0.001 * k, START[1]) for k in range(6)]
FAR_AWAY = (117.3, 36.6)


def points(key: str, where: Sequence[tuple[float, float] | None]) -> Any:
    geometry = [None if p is None else Point(p) for p in where]
    ids = pd.Series([f"{key[0]}{k}" for k in range(len(where))], dtype="str")
    return gpd.GeoDataFrame({key: ids}, geometry=geometry, crs="EPSG:4326")


def on_roads(roads: Any, where: Sequence[Any], sites: Any, standard: Standard) -> dict[str, dict[str, Any]]:
    """Judge people at some places by the engine's own tables."""
    demand = people(*({"geometry": None if p is None else Point(p)} for p in where))
    travel = network.travel(roads, demand, sites, cutoff_m=Decimal(standard.limit) / 1000)
    feet = network.snap_table(roads, demand, snap_max_m=500.0)
    found = coverage.Nearness(
        travel,
        one_at_each(sites["site_id"]),
        network.nearest(roads, demand, sites),
        straight.nearest(demand, sites),
        frozenset(demand["demand_id"][feet.edge < 0]),
    )
    return assess(demand, standard, found)


def test_on_a_street_of_three_metres_the_third_is_reached_at_three_and_not_before() -> None:
    roads = make_roads("walk", PLACES, [Segment(1, 0, 1, length_mm=1_000), Segment(1, 1, 2, length_mm=2_001)])
    apart = make_roads("walk", [*PLACES, FAR_AWAY, (117.301, 36.6)], [Segment(1, 0, 1, length_mm=1), Segment(2, 6, 7)])
    sites = points("site_id", [PLACES[0], None])
    for limit, reason in ((3_001, ""), (3_002, ""), (3_000, "beyond")):
        found = on_roads(roads, [PLACES[2], PLACES[0], FAR_AWAY, None], sites, replace(KM, limit=limit))
        assert [found[f"d{k}"]["reason"] for k in range(4)] == [reason, "", "demand_off_network", "not_assessable"]
        assert found["d0"]["metres"] == 3.001
        assert found["d0"]["straight_m"] == great_circle_mm(*PLACES[2], *PLACES[0]) / 1000
    assert on_roads(apart, [FAR_AWAY], sites, KM)["d0"]["reason"] == "no_route"
    assert on_roads(roads, PLACES[:3], sites.iloc[:0], KM)["d1"]["reason"] == "no_site"


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda e: e[0] != e[1]), min_size=1, max_size=7),
    st.lists(st.sampled_from(PLACES), max_size=3),
    st.integers(0, 400_000),
)
def test_another_site_road_or_metre_never_uncovers_anyone(edges: Any, sites: Any, limit: int) -> None:
    """Everyone stands on a node, and every node keeps its foot: no law needs more."""
    spurs = [Segment(9, k, k + 6, length_mm=1) for k in range(6)]  # holds each foot to its node
    nodes = [*PLACES, *((x, y + 1e-6) for x, y in PLACES)]
    segments = [Segment(k, u, v) for k, (u, v) in enumerate(edges)]

    def covered(roads: list[Segment], where: Any, mm: int) -> set[str]:
        made = make_roads("walk", nodes, [*roads, *spurs])
        found = on_roads(made, PLACES, points("site_id", where), replace(KM, limit=mm))
        return {d for d, row in found.items() if row["covered"]}

    base = covered(segments, sites, limit)
    assert base <= covered(segments, [*sites, PLACES[3]], limit)
    assert base <= covered(segments, sites, limit + 1)
    assert base <= covered([*segments, Segment(8, 0, 5, length_mm=50_000)], sites, limit)
    if not sites:
        assert base == set()
