"""The road engine against networkx: every pair to the millimetre and the millisecond, on real and on random roads."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import Point

from oracle import Cost, Oracle, Segment, Snapper, make_roads
from planner import network
from shared_data import roads_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from planner.roads import Roads
    from planner.terms import Measure, Mode

WGS84 = "EPSG:4326"
TRAVEL_COLUMNS = ["demand_id", "site_id", "mode", "measure", "metres", "seconds"]
NETWORKS = [(name, mode) for name in ("coquimbo", "liechtenstein", "jinan") for mode in ("walk", "drive")]
CUTOFFS: dict[tuple[Mode, Measure], float] = {
    ("walk", "distance"): 5000,
    ("walk", "time"): 2700,
    ("drive", "distance"): 5000,
    ("drive", "time"): 900,
}


def table(key: str, points: Iterable[Any]) -> gpd.GeoDataFrame:
    """A table of points with ids d00, d01, … or s00, s01, …."""
    geometry = list(points)
    ids = [f"{key[0]}{k:02d}" for k in range(len(geometry))]
    return gpd.GeoDataFrame({key: ids}, geometry=geometry, crs=WGS84)


def costs(found: pd.DataFrame, mode: Mode, measure: Measure) -> dict[tuple[str, str], Cost]:
    """The rows of a travel table as whole figures, once their form is checked."""
    assert list(found.columns) == TRAVEL_COLUMNS
    assert (found["mode"] == mode).all()
    assert (found["measure"] == measure).all()
    rows = {}
    columns = (found[name].tolist() for name in ("demand_id", "site_id", "metres", "seconds"))
    for demand_id, site_id, metres, seconds in zip(*columns, strict=True):
        cost = Cost(round(metres * 1000), round(seconds * 1000))
        assert (metres, seconds) == (cost.mm / 1000, cost.ms / 1000), "three decimals, exact"
        assert (demand_id, site_id) not in rows, "one row a pair"
        rows[demand_id, site_id] = cost
    return rows


def travel(roads: Roads, demand: Any, sites: Any, measure: Measure, cutoff: float, **options: Any) -> Any:
    limit: dict[str, Any] = {"cutoff_m": cutoff} if measure == "distance" else {"cutoff_s": cutoff}
    return costs(network.travel(roads, demand, sites, **limit, **options), roads.mode, measure)


def nearest(roads: Roads, demand: Any, sites: Any, measure: Measure, **options: Any) -> Any:
    found = costs(network.nearest(roads, demand, sites, measure=measure, **options), roads.mode, measure)
    assert len({demand_id for demand_id, _ in found}) == len(found), "one row a demand point"
    return {demand_id: (site_id, cost) for (demand_id, site_id), cost in found.items()}


# --- The oracle itself, on figures worked out by hand --------------------------------------------------------

A, B, C = (9.51, 47.2), (9.512, 47.2), (9.513, 47.2007)


def at(start: tuple[float, float], end: tuple[float, float], fraction: float) -> Point:
    return Point(*(s + (e - s) * fraction for s, e in zip(start, end, strict=True)))


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


# --- Real roads ----------------------------------------------------------------------------------------------


@cache
def read(name: str, mode: Mode) -> Roads:
    return network.read_roads(roads_file(name), mode=mode, island_min_m=0)


def directed(roads: Roads) -> Any:
    graph: Any = nx.DiGraph()
    graph.add_nodes_from(range(roads.n_nodes))
    u, v = roads.u.tolist(), roads.v.tolist()
    graph.add_edges_from((a, b) for a, b, open_ in zip(u, v, roads.forward.tolist(), strict=True) if open_)
    graph.add_edges_from((b, a) for a, b, open_ in zip(u, v, roads.backward.tolist(), strict=True) if open_)
    return graph


def hard_points(roads: Roads, rng: np.random.Generator) -> tuple[list[Any], list[Any]]:
    """Points that break careless engines; the first list for demand, the second for sites."""

    def node(k: int) -> Point:
        return Point(roads.lon[k], roads.lat[k])

    def on_edge(e: int, fraction: float) -> Point:
        u, v = roads.u[e], roads.v[e]
        return at((roads.lon[u], roads.lat[u]), (roads.lon[v], roads.lat[v]), fraction)

    long = roads.length_mm > 20_000
    oneway = np.flatnonzero(long & (roads.forward != roads.backward))
    two_way = np.flatnonzero(long & roads.forward & roads.backward)
    edges = [int(rng.choice(kind)) for kind in (oneway, two_way) if len(kind)]
    demand = [on_edge(e, f) for e in edges for f in (0.21, 0.83)]
    sites = [on_edge(e, f) for e in edges for f in (0.52,)]
    graph = directed(roads)
    islands = [sorted(piece) for piece in nx.weakly_connected_components(graph)]
    island = min(islands, key=lambda piece: (len(piece), piece))
    demand.append(node(island[0]))
    sites.append(node(island[-1]))
    exits = dict(graph.out_degree())
    trap = next((k for k, n in exits.items() if n == 0), None)
    if trap is not None:  # a dead end of a one-way street: in, but not out
        demand.append(node(trap))
        sites.append(node(trap))
    west, south, _, _ = roads.bounds
    far = [Point(west - 3, south - 2), Point(west + 180 if west < 0 else west - 180, -south), None]
    return demand + far, sites + far


def real_points(roads: Roads, seed: int, n_demand: int = 36, n_sites: int = 25) -> tuple[Any, Any]:
    """Seeded points: hard ones, and others near roads, most of them within a few km of one town."""
    rng = np.random.default_rng(seed)
    demand, sites = hard_points(roads, rng)
    centre = int(rng.integers(roads.n_nodes))
    town = np.hypot(roads.lat - roads.lat[centre], roads.lon - roads.lon[centre]) < 0.04
    for points, total in ((demand, n_demand), (sites, n_sites)):
        while len(points) < total:
            k = int(rng.choice(np.flatnonzero(town)) if rng.random() < 0.8 else rng.integers(roads.n_nodes))
            shift = rng.normal(0, 0.0015, 2) if rng.random() < 0.85 else (0.0, 0.0)
            points.append(Point(roads.lon[k] + shift[0], roads.lat[k] + shift[1]))
    return table("demand_id", demand), table("site_id", sites)


@pytest.fixture(scope="module", params=NETWORKS, ids=lambda p: f"{p[0]}-{p[1]}")
def real(request: pytest.FixtureRequest) -> tuple[Roads, Any, Any, Oracle]:
    name, mode = request.param
    roads = read(name, mode)
    demand, sites = real_points(roads, seed=20260630)
    return roads, demand, sites, Oracle(roads, demand, sites)


@pytest.mark.parametrize("measure", ["distance", "time"])
def test_travel_on_real_roads_equals_the_oracle(real: Any, measure: Measure) -> None:
    roads, demand, sites, oracle = real
    cutoff = CUTOFFS[roads.mode, measure]
    expected = oracle.pairs(measure, cutoff)
    assert len(expected) > 20
    assert travel(roads, demand, sites, measure, cutoff) == expected


@pytest.mark.parametrize("measure", ["distance", "time"])
def test_nearest_on_real_roads_equals_the_oracle(real: Any, measure: Measure) -> None:
    roads, demand, sites, oracle = real
    found = nearest(roads, demand, sites, measure)
    figure = "ms" if (roads.mode, measure) == ("drive", "time") else "mm"
    assert {demand_id: getattr(cost, figure) for demand_id, (_, cost) in found.items()} == oracle.least(measure)


def test_feet_on_real_roads_equal_the_oracle(real: Any) -> None:
    roads, demand, sites, oracle = real
    points = {
        **dict(zip(demand["demand_id"], demand.geometry, strict=True)),
        **dict(zip(sites["site_id"], sites.geometry, strict=True)),
    }
    points = {i: p for i, p in points.items() if p is not None}
    lon, lat = np.array([p.x for p in points.values()]), np.array([p.y for p in points.values()])
    feet = network.snap(roads, lon, lat, snap_max_m=500.0)
    expected = {**oracle.demand, **oracle.sites}
    for k, i in enumerate(points):
        foot = expected.get(i)
        assert (feet.edge[k] >= 0) == (foot is not None), i
        if foot is not None:
            assert (feet.edge[k], feet.node[k], feet.access_mm[k]) == (foot.edge, foot.node, foot.access_mm), i
            assert abs(int(feet.position_mm[k]) - foot.position_mm) <= (1 if foot.node >= 0 else 0), i


# --- Random small roads --------------------------------------------------------------------------------------

_RNG = np.random.default_rng(7)
# A crooked grid: no two distances are equal by design, so that a tie is always a meant one.
PLACES = [
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
    places = [PLACES[draw(st.integers(0, 11))] for _ in range(8)]
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


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
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


# --- Laws ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=[("walk", "time"), ("drive", "distance"), ("drive", "time")], ids="-".join)
def town(request: pytest.FixtureRequest) -> tuple[Roads, Any, Any, Measure]:
    mode, measure = request.param
    roads = read("coquimbo", mode)
    return roads, *real_points(roads, seed=4, n_demand=60, n_sites=40), measure


def test_one_more_origin_changes_no_other_figure(town: Any) -> None:
    roads, demand, sites, measure = town
    every = travel(roads, demand, sites, measure, 900)
    fewer = travel(roads, demand.iloc[1:].reset_index(drop=True), sites, measure, 900)
    assert fewer == {pair: cost for pair, cost in every.items() if pair[0] != "d00"}
    fewer = travel(roads, demand, sites.iloc[:-1], measure, 900)
    assert fewer == {pair: cost for pair, cost in every.items() if pair[1] != sites["site_id"].iloc[-1]}


def test_the_order_of_rows_changes_nothing(town: Any) -> None:
    roads, demand, sites, measure = town

    def shuffled(rows: Any, seed: int) -> Any:
        return rows.sample(frac=1, random_state=seed).reset_index(drop=True)

    def run(demand: Any, sites: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
        limit: dict[str, Any] = {"cutoff_m" if measure == "distance" else "cutoff_s": 1800}
        return (
            network.travel(roads, demand, sites, **limit).sort_values(["demand_id", "site_id"], ignore_index=True),
            network.nearest(roads, demand, sites, measure=measure).sort_values("demand_id", ignore_index=True),
        )

    for first, second in zip(run(demand, sites), run(shuffled(demand, 1), shuffled(sites, 2)), strict=True):
        pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_a_longer_cutoff_keeps_every_row(town: Any) -> None:
    roads, demand, sites, measure = town
    steps: Sequence[float] = (0, 600, 1200, 5000)
    tables = [travel(roads, demand, sites, measure, cutoff) for cutoff in steps]
    for shorter, longer in pairwise(tables):
        assert shorter.items() <= longer.items()
    assert len(tables[-1]) > len(tables[1])


def test_walking_back_is_as_far() -> None:
    roads = read("coquimbo", "walk")
    demand, sites = real_points(roads, seed=5, n_demand=50, n_sites=50)
    there = travel(roads, demand, sites, "distance", 4000)
    back = travel(
        roads,
        sites.rename(columns={"site_id": "demand_id"}),
        demand.rename(columns={"demand_id": "site_id"}),
        "distance",
        4000,
    )
    assert {(d, s): cost for (s, d), cost in back.items()} == there


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
