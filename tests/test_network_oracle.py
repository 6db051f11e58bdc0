"""The road engine by hand: the oracle on figures worked out, points snapped onto random roads, cases worth a name."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import Point

from oracle import Cost, Foot, Oracle, Segment, Snapper, make_roads
from planner import network
from smallnets import MEASURES, PLACES, WGS84, at, record, table
from smallnets import ranking as ranking_of
from smallnets import travel as travel_of

if TYPE_CHECKING:
    from planner.roads import Roads
    from planner.terms import Measure, Mode


def travel(roads: Roads, demand: Any, sites: Any, measure: Measure, cutoff: float, **options: Any) -> Any:
    return travel_of(roads, measure, cutoff, demand=demand, sites=sites, **options)


def nearest(roads: Roads, demand: Any, sites: Any, measure: Measure, **options: Any) -> Any:
    order = ranking_of(roads, measure, 1, demand=demand, sites=sites, **options)
    return {demand_id: site for demand_id, (site,) in order.items()}


# --- The oracle itself, on figures worked out by hand --------------------------------------------------------

A, B, C = (9.51, 47.2), (9.512, 47.2), (9.513, 47.2007)


def test_oracle_by_hand_along_one_oneway_edge() -> None:
    roads = make_roads("drive", [A, B], [Segment(1, 0, 1, backward=False, kph=36.0, length_mm=100_000)])
    ahead = Oracle(roads, table("demand_id", [at(A, B, 0.2)]), table("site_id", [at(A, B, 0.7)]))
    behind = Oracle(roads, table("demand_id", [at(A, B, 0.7)]), table("site_id", [at(A, B, 0.2)]))
    (cost,) = ahead.pairs("distance").values()
    legs = ahead.demand["d00"].access_mm + ahead.sites["s00"].access_mm
    assert legs <= 2
    assert cost.mm - legs == pytest.approx(50_000, abs=1)
    assert cost.ms == pytest.approx(5_000, abs=3)  # 36 km/h are 10 m/s
    assert behind.pairs("distance") == {}


def test_oracle_by_hand_takes_the_quick_way_by_time_and_the_short_one_by_distance() -> None:
    segments = [Segment(1, 0, 1, kph=18.0, length_mm=100_000), Segment(2, 0, 1, kph=72.0, length_mm=150_000)]
    oracle = Oracle(make_roads("drive", [A, B], segments), table("demand_id", [Point(A)]), table("site_id", [Point(B)]))
    assert oracle.pairs("distance") == {("d00", "s00"): Cost(100_000, 20_000)}
    assert oracle.pairs("time") == {("d00", "s00"): Cost(150_000, 7_500)}
    assert oracle.pairs("time", 7.5) == oracle.pairs("time")
    assert oracle.pairs("time", 7.499) == {}
    assert oracle.least("time") == {"d00": 7_500}


def test_oracle_by_hand_on_a_triangle_with_a_site_off_the_network() -> None:
    lengths = [Segment(1, 0, 1, length_mm=1_000), Segment(1, 1, 2, length_mm=2_000), Segment(1, 2, 0, length_mm=5_000)]
    roads = make_roads("walk", [A, B, C], lengths)
    oracle = Oracle(
        roads, table("demand_id", [Point(A)]), table("site_id", [Point(C), Point(9.6, 47.2), None, Point(A)])
    )
    assert oracle.pairs("distance") == {("d00", "s00"): Cost(3_000, 2_700), ("d00", "s03"): Cost(0, 0)}
    assert oracle.nearest("time") == {"d00": ("s03", Cost(0, 0))}


# --- Random small roads --------------------------------------------------------------------------------------

_RNG = np.random.default_rng(7)
# A crooked grid: no two distances are equal by design, so that a tie is always a meant one.
CROOKED = [
    (round(float(9.51 + 0.0011 * (k % 4) + dx), 7), round(float(47.2 + 0.0008 * (k // 4) + dy), 7))
    for k, (dx, dy) in enumerate(_RNG.uniform(-0.0003, 0.0003, (12, 2)))
]
FRACTIONS = (0.0, 0.00003, 0.0131, 0.1237, 0.3719, 0.5031, 0.6173, 0.8111, 0.99998, 1.0)
SHIFTS = ((0.0, 0.0), (0.0000317, -0.0000211), (-0.000113, 0.000271), (0.0009173, 0.0013119))

segments_st = st.lists(
    st.builds(
        Segment,
        way_id=st.integers(1, 4),
        u=st.integers(0, 7),
        v=st.integers(0, 7),
        forward=st.booleans(),
        kph=st.sampled_from([7.0, 21.0, 36.0, 63.7]),
        length_mm=st.sampled_from([None, None, 1, 2, 3, 5, 100_000, 250_000]),  # equal ones: ties
    ).filter(lambda s: s.u != s.v),
    min_size=1,
    max_size=12,
)


@st.composite
def random_roads(draw: st.DrawFn) -> tuple[list[tuple[float, float]], list[Segment]]:
    """Nodes (some at one place: zero-length segments) and segments (parallel, one-way, in loops and islands)."""
    places = [CROOKED[draw(st.integers(0, 11))] for _ in range(8)]
    segments = [s._replace(backward=not s.forward or draw(st.booleans())) for s in draw(segments_st)]
    if draw(st.booleans()):  # a closed way and a parallel way
        segments += [Segment(5, 0, 1), Segment(5, 1, 2), Segment(5, 2, 0), Segment(6, 1, 0, backward=False)]
    return places, segments


@st.composite
def random_case(draw: st.DrawFn) -> tuple[list[Any], list[Segment], list[Any], list[Any]]:
    places, segments = draw(random_roads())

    def point() -> Any:
        s = segments[draw(st.integers(0, len(segments) - 1))]
        on_line = at(places[s.u], places[s.v], draw(st.sampled_from(FRACTIONS)))
        dx, dy = draw(st.sampled_from(SHIFTS))
        return draw(st.sampled_from([Point(on_line.x + dx, on_line.y + dy)] * 12 + [None, Point(30.0, 5.0)]))

    demand = [point() for _ in range(draw(st.integers(1, 5)))]
    sites = [point() for _ in range(draw(st.integers(1, 4)))]
    return places, segments, demand, sites


@settings(max_examples=70, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    case=random_case(),
    mode=st.sampled_from(["walk", "drive"]),
    measure=st.sampled_from(["distance", "time"]),
    cutoff=st.sampled_from([0, 60, 350.5, 5000]),
    options=st.sampled_from([{}, {"walk_kph": 4.8}, {"snap_max_m": 20.0}, {"walk_kph": 5.5, "snap_max_m": 0.0}]),
)
def test_travel_on_random_roads_equals_the_oracle(
    case: Any, mode: Mode, measure: Measure, cutoff: float, options: dict[str, float]
) -> None:
    places, segments, *points = case
    roads = make_roads(mode, places, segments)
    demand, sites = table("demand_id", points[0]), table("site_id", points[1])
    oracle = Oracle(roads, demand, sites, **options)
    assert travel(roads, demand, sites, measure, cutoff, **options) == oracle.pairs(measure, cutoff)
    assert nearest(roads, demand, sites, measure, **options) == oracle.nearest(measure)


# --- Cases worth a name --------------------------------------------------------------------------------------

LINE = [(9.51 + 0.001 * k, 47.2 + 0.00007 * k) for k in range(5)]


def test_a_foot_on_a_node_is_open_to_every_edge_there() -> None:
    # The lowest way at the shared node is a one-way that leads away from it; the site lies up the other street.
    segments = [Segment(1, 1, 2, backward=False), Segment(2, 1, 0, backward=False)]
    roads = make_roads("drive", LINE, segments)
    demand, sites = table("demand_id", [Point(LINE[1])]), table("site_id", [Point(LINE[0]), Point(LINE[2])])
    assert set(travel(roads, demand, sites, "distance", 5000)) == {("d00", "s00"), ("d00", "s01")}


def test_a_site_behind_on_a_oneway_is_reached_around_the_block() -> None:
    around = [Segment(1, 0, 1, backward=False), Segment(2, 1, 3), Segment(3, 3, 0)]
    roads = make_roads("drive", LINE, around)
    demand, sites = table("demand_id", [at(LINE[0], LINE[1], 0.8)]), table("site_id", [at(LINE[0], LINE[1], 0.3)])
    found = travel(roads, demand, sites, "distance", 5000)
    assert found == Oracle(roads, demand, sites).pairs("distance", 5000)
    (cost,) = found.values()
    assert cost.mm > int(roads.length_mm[1:].sum())


def test_a_dead_end_oneway_keeps_its_demand_in() -> None:
    roads = make_roads("drive", LINE, [Segment(1, 0, 1), Segment(2, 1, 2, backward=False)])
    demand, sites = (
        table("demand_id", [at(LINE[1], LINE[2], 0.5), Point(LINE[0])]),
        table("site_id", [Point(LINE[2]), Point(LINE[0])]),
    )
    assert set(travel(roads, demand, sites, "time", 900)) == {("d00", "s00"), ("d01", "s00"), ("d01", "s01")}


@pytest.mark.parametrize(("cutoff_m", "reached"), [(1200, True), (1199.999, False), (1200.001, True)])
def test_distance_cutoff_is_exact(cutoff_m: float, reached: bool) -> None:  # noqa: FBT001
    roads = make_roads("walk", LINE, [Segment(1, 0, 1, length_mm=1_200_000)])
    found = network.travel(
        roads, table("demand_id", [Point(LINE[0])]), table("site_id", [Point(LINE[1])]), cutoff_m=cutoff_m
    )
    assert len(found) == reached


@pytest.mark.parametrize("walk_kph", [3.6, 4.0, 4.2, 4.8, 5.1, 5.5])
@pytest.mark.parametrize("over_mm", [0, 1])
def test_walk_minutes_are_exact(walk_kph: float, over_mm: int) -> None:
    # 15 minutes at 4.8 km/h are 1,200 m; to the millimetre in, one more out.
    limit_mm = round(walk_kph * 10) * 100_000 * 900 // 3600
    roads = make_roads("walk", LINE, [Segment(1, 0, 1, length_mm=limit_mm + over_mm)])
    demand, sites = table("demand_id", [Point(LINE[0])]), table("site_id", [Point(LINE[1])])
    found = network.travel(roads, demand, sites, cutoff_s=900, walk_kph=walk_kph)
    assert len(found) == 1 - over_mm


def test_ties_go_to_the_better_other_figure() -> None:
    # Equal times: fewer metres. Equal metres: less time. In either order of the ways.
    for ways in ((1, 2), (2, 1)):
        equal_time = [
            Segment(ways[0], 0, 1, kph=36.0, length_mm=100_000),
            Segment(ways[1], 0, 1, kph=72.0, length_mm=200_000),
        ]
        equal_way = [
            Segment(ways[0], 1, 2, kph=18.0, length_mm=100_000),
            Segment(ways[1], 1, 2, kph=36.0, length_mm=100_000),
        ]
        roads = make_roads("drive", LINE, equal_time + equal_way)
        demand, sites = table("demand_id", [Point(LINE[0])]), table("site_id", [Point(LINE[1]), Point(LINE[2])])
        expected = {("d00", "s00"): Cost(100_000, 10_000), ("d00", "s01"): Cost(200_000, 20_000)}
        assert travel(roads, demand, sites, "time", 900) == expected
        assert travel(roads, demand, sites, "distance", 900) == expected


@pytest.mark.parametrize("better", [1, 2])
def test_ties_of_ways_over_other_junctions_go_to_the_better_other_figure(better: int) -> None:
    # Two ways from 0 to 3, over 1 or 2; a dead end at every node makes it a junction.
    def streets(good: tuple[float, int], other: tuple[float, int]) -> Roads:
        ways = {better: good, 3 - better: other}
        sides = [Segment(1, n, m, kph=ways[m][0], length_mm=ways[m][1]) for n, m in ((0, 1), (0, 2))]
        sides += [Segment(2, n, 3, kph=ways[n][0], length_mm=ways[n][1]) for n in (1, 2)]
        return make_roads("drive", PLACES, sides + [Segment(3, n, n + 4, length_mm=7) for n in range(4)])

    for roads in (
        streets((36.0, 100_000), (72.0, 200_000)),  # as quick
        streets((72.0, 100_000), (36.0, 100_000)),  # as far
    ):
        demand, sites = table("demand_id", [Point(PLACES[0])]), table("site_id", [Point(PLACES[3])])
        oracle = Oracle(roads, demand, sites)
        for measure in MEASURES:
            assert travel(roads, demand, sites, measure, 900) == oracle.pairs(measure)
            assert nearest(roads, demand, sites, measure) == oracle.nearest(measure)


def test_nothing_in_gives_an_empty_table() -> None:
    roads = make_roads("walk", LINE, [Segment(1, 0, 1)])
    some, sites = table("demand_id", [Point(LINE[0])]), table("site_id", [Point(LINE[1])])
    for demand, targets in ((some, sites.iloc[:0]), (some.iloc[:0], sites), (table("demand_id", [None]), sites)):
        assert travel(roads, demand, targets, "distance", 5000) == {}
        assert nearest(roads, demand, targets, "time") == {}


def test_equal_sites_go_to_the_lowest_id() -> None:
    roads = make_roads("walk", LINE, [Segment(1, 0, 1)])
    sites = gpd.GeoDataFrame({"site_id": ["s9", "s10", "s2"]}, geometry=[Point(LINE[1])] * 3, crs=WGS84)
    found = nearest(roads, table("demand_id", [Point(LINE[0])]), sites, "distance")
    assert found["d00"][0] == "s10"  # ids are text
    equal_time = [Segment(1, 0, 1, kph=36.0, length_mm=100_000), Segment(2, 0, 2, kph=72.0, length_mm=200_000)]
    drive = make_roads("drive", LINE, equal_time)
    sites = gpd.GeoDataFrame({"site_id": ["near", "far"]}, geometry=[Point(LINE[1]), Point(LINE[2])], crs=WGS84)
    found = nearest(drive, table("demand_id", [Point(LINE[0])]), sites, "time")
    assert found["d00"] == ("far", Cost(200_000, 10_000))  # only the asked measure decides


def comb(mode: Mode, teeth: int, length_mm: int, kph: float) -> Roads:
    """A street of equal segments with a dead end at every node, so that a search meets all of them."""
    back = [Segment(1, k, k + 1, kph=kph, length_mm=length_mm) for k in range(teeth)]
    return make_roads(mode, PLACES, back + [Segment(2, k, k + 40, kph=kph, length_mm=1) for k in range(teeth + 1)])


@pytest.mark.parametrize(
    ("mode", "teeth", "length_mm", "kph"),
    [
        ("drive", 36, 4, 144.0),  # metres without a millisecond
        ("drive", 36, 15, 6.75),  # 15 mm in 8 ms
        ("drive", 36, 8, 3.6),  # 8 mm in 8 ms
        ("drive", 36, 2, 0.5),  # 2 mm in 14 ms
        *(("walk", 3, (1 << bits) // 3 + k, 1.0) for bits in (31, 32, 33) for k in (0, 1)),
    ],
)
@pytest.mark.parametrize("measure", MEASURES)
def test_costs_that_just_fit_into_a_number(
    mode: Mode, teeth: int, length_mm: int, kph: float, measure: Measure
) -> None:
    roads = comb(mode, teeth, length_mm, kph)
    feet = {"d00": Foot(0, 0, int(roads.u[0]), 0)}, {"s00": Foot(teeth - 1, length_mm, int(roads.v[teeth - 1]), 0)}
    oracle = Oracle(roads, *feet)
    ((pair, cost),) = oracle.pairs(measure).items()
    just = Fraction(oracle.decides(cost, measure), 1000)
    if mode == "walk" and measure == "time":
        just = just * Fraction(36, 40)  # seconds at 4 km/h
    points = {"demand": table("demand_id", [None]), "sites": table("site_id", [None])}
    demand_feet, site_feet = (record(list(some.values())) for some in feet)
    for cutoff in (Decimal(just.numerator) / just.denominator, 3 * 10**7 if mode == "walk" else 86_400):
        found = travel_of(roads, measure, cutoff, **points, demand_feet=demand_feet, site_feet=site_feet)
        assert found == {pair: cost}


@pytest.mark.parametrize("kph", [0.7, 200.0])
def test_cutoffs_of_200_km_and_of_a_day_hold_at_any_legal_speed(kph: float) -> None:
    lengths = [1, 82, 100_000_000, 49_000_000]
    roads = make_roads("drive", LINE, [Segment(1, k, k + 1, kph=kph, length_mm=mm) for k, mm in enumerate(lengths)])
    demand, sites = table("demand_id", map(Point, LINE)), table("site_id", map(Point, LINE))
    for measure, most in zip(MEASURES, (200_000, 86_400), strict=True):
        oracle = Oracle(roads, demand, sites)
        assert travel(roads, demand, sites, measure, most) == oracle.pairs(measure, most)
        with pytest.raises(ValueError, match="below zero"):
            travel(roads, demand, sites, measure, -0.001)


@pytest.mark.parametrize("measure", MEASURES)
def test_a_cutoff_beyond_everything_finds_every_pair(measure: Measure) -> None:
    roads = make_roads("drive", LINE, [Segment(1, k, k + 1, kph=200.0, length_mm=10**8) for k in range(4)])
    demand, sites = table("demand_id", map(Point, LINE)), table("site_id", map(Point, LINE))
    assert travel(roads, demand, sites, measure, 10**9) == Oracle(roads, demand, sites).pairs(measure, 10**9)


def test_what_no_number_could_hold_is_refused() -> None:
    roads = make_roads("drive", LINE, [Segment(1, k, k + 1, kph=0.001, length_mm=10**9) for k in range(4)])
    demand, sites = table("demand_id", map(Point, LINE)), table("site_id", map(Point, LINE))
    with pytest.raises(ValueError, match="too large"):
        travel(roads, demand, sites, "distance", 10**9)


def test_access_legs_much_longer_than_any_street() -> None:
    roads = make_roads("drive", LINE, [Segment(1, k, k + 1, length_mm=10 + k) for k in range(4)])
    feet = [Foot(0, 0, 0, leg) for leg in (3_000_000_000, 0, 700_000_000)] + [Foot(3, 13, 4, 5_000_000)]
    sites, demand = table("site_id", [None] * 4), table("demand_id", [None])
    oracle = Oracle(roads, {"d00": Foot(2, 0, 2, 0)}, {f"s{k:02d}": foot for k, foot in enumerate(feet)})
    found = ranking_of(
        roads,
        "distance",
        4,
        demand=demand,
        sites=sites,
        demand_feet=record([Foot(2, 0, 2, 0)]),
        site_feet=record(feet),
    )
    assert found == oracle.ranked("distance")


def test_snapping_by_hand() -> None:
    roads = make_roads("walk", LINE, [Segment(2, 0, 1), Segment(1, 1, 2), Segment(3, 2, 3)])
    on_node = network.snap(
        roads, np.array([LINE[1][0], LINE[3][0]]), np.array([LINE[1][1], LINE[3][1]]), snap_max_m=500.0
    )
    assert on_node.edge.tolist() == [0, 2]  # the lowest way of the two that meet there
    assert on_node.node.tolist() == [roads.u[0], roads.v[2]]
    assert on_node.access_mm.tolist() == [0, 0]
    off = network.snap(roads, np.array([9.6, np.nan]), np.array([47.2, np.nan]), snap_max_m=500.0)
    assert off.edge.tolist() == [-1, -1]
    assert off.access_mm[0] > 500_000
    assert off.access_mm[1] == -1
    assert np.isnan(off.lon[1])
    assert Snapper(roads).foot(9.6, 47.2, 500.0) is None


# Swapped axes, and places where the plane of a UTM zone has no point.
@pytest.mark.parametrize(
    "place", [(47.2, 109.51), (9.51, 90.001), (-90.0, 0.0), (99.0, 0.0), (9.51, -90.0), (0.0, 0.0)]
)
def test_points_outside_the_plane_are_off_the_network(place: tuple[float, float]) -> None:
    roads = make_roads("walk", LINE, [Segment(1, 0, 1)])
    feet = network.snap(roads, np.array([place[0], LINE[0][0]]), np.array([place[1], LINE[0][1]]), snap_max_m=500.0)
    assert feet.edge.tolist() == [-1, 0]
    demand, sites = table("demand_id", [Point(place), Point(LINE[1])]), table("site_id", [Point(LINE[0])])
    assert set(travel(roads, demand, sites, "distance", 5000)) == {("d01", "s00")}
    assert set(nearest(roads, demand, sites, "distance")) == {"d01"}
