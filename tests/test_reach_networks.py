"""Reach on real roads against networkx: 50 and more positions a network, walked and driven, to the last digit."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely import Point

from oracle import SECOND, Oracle, feet_of
from planner import network
from planner._search import FAR
from planner.geodesy import great_circle_mm
from planner.searches import edges_within, junctions_within
from planner.skeleton import skeleton_of
from shared_data import roads_file
from smallnets import MEASURES, MODES, at, first, foot_at, limit, on_network, ranking, record, table, travel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oracle import Cost
    from planner.roads import Roads
    from planner.terms import Measure, Mode

    Pairs = dict[tuple[str, str], Cost]

NETWORKS = [(name, mode) for name in ("coquimbo", "liechtenstein", "jinan") for mode in MODES]
CUTOFFS: dict[tuple[Mode, Measure], float] = {
    ("walk", "distance"): 5000,
    ("walk", "time"): 2700,
    ("drive", "distance"): 5000,
    ("drive", "time"): 600,
}


@cache
def read(name: str, mode: Mode) -> Roads:
    return network.read_roads(roads_file(name), mode=mode, island_min_m=0)


# --- Positions -----------------------------------------------------------------------------------------------


def hard_points(roads: Roads, rng: np.random.Generator) -> tuple[list[Any], list[Any]]:
    """Points that break careless engines; the first list for demand, the second for sites."""

    def node(k: np.int64) -> Point:
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
    ties = coo_array((np.ones(roads.n_edges), (roads.u, roads.v)), shape=(roads.n_nodes,) * 2)
    piece = connected_components(ties, directed=False)[1]
    island = np.flatnonzero(piece == np.argmin(np.bincount(piece)))
    demand.append(node(island[0]))
    sites.append(node(island[-1]))
    exits = np.bincount(roads.u, roads.forward, roads.n_nodes) + np.bincount(roads.v, roads.backward, roads.n_nodes)
    for trap in np.flatnonzero(exits == 0)[:1]:  # a dead end of a one-way street: in, but not out
        demand.append(node(trap))
        sites.append(node(trap))
    west, south, _, _ = roads.bounds
    far = [Point(west - 3, south - 2), Point(west + 180 if west < 0 else west - 180, -south), None]
    return demand + far, sites + far


def real_points(roads: Roads, seed: int, n_demand: int, n_sites: int) -> tuple[Any, Any]:
    """Seeded points: hard ones, and others near roads, most of them within a few km of one town."""
    rng = np.random.default_rng(seed)
    demand, sites = hard_points(roads, rng)
    centre = int(rng.integers(roads.n_nodes))
    town = np.flatnonzero(np.hypot(roads.lat - roads.lat[centre], roads.lon - roads.lon[centre]) < 0.04)
    for points, total in ((demand, n_demand), (sites, n_sites)):
        while len(points) < total:
            k = int(rng.choice(town) if rng.random() < 0.8 else rng.integers(roads.n_nodes))
            shift = rng.normal(0, 0.0015, 2) if rng.random() < 0.85 else (0.0, 0.0)
            points.append(Point(roads.lon[k] + shift[0], roads.lat[k] + shift[1]))
    return table("demand_id", demand), table("site_id", sites)


class Real(NamedTuple):
    """A real network with points, and what networkx says of them within the cutoffs."""

    roads: Roads
    points: dict[str, Any]
    oracle: Oracle
    pairs: dict[Measure, Pairs]
    least: dict[Measure, dict[str, int]]


@pytest.fixture(scope="module", params=NETWORKS, ids="-".join)
def real(request: pytest.FixtureRequest) -> Real:
    name, mode = request.param
    roads = read(name, mode)
    demand, sites = real_points(roads, seed=20260630, n_demand=60, n_sites=40)
    oracle = Oracle(roads, demand, sites)
    measures = MEASURES if mode == "drive" else MEASURES[:1]
    pairs = {measure: oracle.pairs(measure, CUTOFFS[mode, measure]) for measure in measures}
    least = {measure: oracle.least(measure) for measure in measures}
    if mode == "walk":  # millimetres decide all the same, and 45 minutes are less than 5 km
        pairs["time"] = oracle.within(pairs["distance"], "time", CUTOFFS["walk", "time"])
        least["time"] = least["distance"]
    return Real(roads, {"demand": demand, "sites": sites}, oracle, pairs, least)


# --- Against networkx ----------------------------------------------------------------------------------------


def test_feet_equal_the_oracles(real: Real) -> None:
    for (key, points), expected in zip(
        (("demand_id", real.points["demand"]), ("site_id", real.points["sites"])),
        (real.oracle.demand, real.oracle.sites),
        strict=True,
    ):
        feet = network.snap_table(real.roads, points, snap_max_m=500.0)
        for k, i in enumerate(points[key]):
            foot = expected.get(i)
            assert (feet.edge[k] >= 0) == (foot is not None), i
            if foot is not None:
                assert (feet.edge[k], feet.node[k], feet.access_mm[k]) == (foot.edge, foot.node, foot.access_mm), i
                assert abs(int(feet.position_mm[k]) - foot.position_mm) <= (1 if foot.node >= 0 else 0), i


@pytest.mark.parametrize("measure", MEASURES)
def test_travel_equals_networkx(real: Real, measure: Measure) -> None:
    assert len({demand_id for demand_id, _ in real.pairs[measure]}) > 20
    assert travel(real.roads, measure, CUTOFFS[real.roads.mode, measure], **real.points) == real.pairs[measure]


@pytest.mark.parametrize("measure", MEASURES)
def test_nearest_equals_networkx(real: Real, measure: Measure) -> None:
    def deciding(order: Sequence[tuple[str, Cost]]) -> int:
        return real.oracle.decides(order[0][1], measure)

    nearest = ranking(real.roads, measure, 1, **real.points)
    assert {demand_id: deciding(order) for demand_id, order in nearest.items()} == real.least[measure]
    three = ranking(real.roads, measure, 3, **real.points)
    assert first(three, 1) == nearest
    within: dict[str, list[tuple[str, Cost]]] = {}
    by_rank = sorted(real.pairs[measure].items(), key=lambda row: (real.oracle.decides(row[1], measure), row[0]))
    for (demand_id, site_id), cost in by_rank:
        within.setdefault(demand_id, []).append((site_id, cost))
    for demand_id, order in within.items():
        assert three[demand_id][: len(order)] == order[:3]


@pytest.mark.parametrize("measure", MEASURES)
def test_several_cutoffs_in_one_search_equal_networkx(real: Real, measure: Measure) -> None:
    most = CUTOFFS[real.roads.mode, measure]
    name, cutoffs = "cutoff_m" if measure == "distance" else "cutoff_s", [most, most / 8, most / 2]
    found = network.travel(real.roads, **limit(measure, cutoffs), **real.points)
    ids = list(zip(found["demand_id"], found["site_id"], strict=True))
    for cutoff in cutoffs:
        expected = set(real.oracle.within(real.pairs[measure], measure, cutoff))
        assert {pair for pair, step in zip(ids, found[name], strict=True) if step <= cutoff} == expected


def reached(real: Real, start: Any, measure: Measure, within: int, *, towards: bool) -> dict[Any, tuple[int, int]]:
    """Deciding and other cost of every node of the oracle's graph within a limit of one node."""
    graph = real.oracle.graph
    if towards and real.roads.mode == "drive":
        graph = graph.reverse(copy=False)
    weight = measure if real.roads.mode == "drive" else "distance"
    found = nx.single_source_dijkstra_path_length(graph, start, cutoff=within * SECOND + SECOND - 1, weight=weight)
    return {node: divmod(cost, SECOND) for node, cost in found.items()}


@pytest.mark.parametrize(("measure", "towards"), [("distance", False), ("time", True)])
def test_junctions_are_as_far_as_networkx_says(real: Real, measure: Measure, towards: bool) -> None:  # noqa: FBT001
    skeleton, within = skeleton_of(real.roads), 600_000
    sources = np.random.default_rng(3).choice(skeleton.n_junctions, 3, replace=False)
    found = junctions_within(real.roads, sources, measure=measure, limit=within, reverse=towards)
    deciding, other = found.take(np.arange(len(found.item)))
    for k, source in enumerate(sources.tolist()):
        nodes = reached(real, int(skeleton.node[source]), measure, within, towards=towards)
        rows = slice(found.start[k], found.start[k + 1])
        ours = dict(zip(skeleton.node[found.item[rows]].tolist(), deciding[rows].tolist(), strict=True))
        # the oracle's graph also has nodes where feet cut a segment
        expected = {
            node: cost for node, cost in nodes.items() if isinstance(node, int) and skeleton.junction[node] >= 0
        }
        assert ours == {node: a for node, (a, _) in expected.items()}
        if real.roads.mode == "drive":
            seconds = dict(zip(ours, other[rows].tolist(), strict=True))
            assert seconds == {node: b for node, (_, b) in expected.items()}


@pytest.mark.parametrize(("measure", "towards"), [("distance", False), ("time", True)])
def test_segment_ends_are_as_far_as_networkx_says(real: Real, measure: Measure, towards: bool) -> None:  # noqa: FBT001
    roads, within = real.roads, 600_000
    rows = np.flatnonzero(np.isin(real.points["sites"]["site_id"], list(real.oracle.sites)))[::9]
    feet = network.snap_table(roads, real.points["sites"].iloc[rows])
    found = edges_within(roads, feet, measure=measure, walk_kph=4.0, limit=within, arriving=towards)
    for row, ends in zip(rows, found, strict=True):
        foot = real.oracle.sites[real.points["sites"]["site_id"].iloc[row]]
        leg = real.oracle.leg(foot, measure)
        cost = np.full(roads.n_nodes, FAR)
        for node, (a, _) in reached(real, foot.place, measure, within - leg, towards=towards).items():
            if isinstance(node, int):
                cost[node] = a + leg
        u_cost, v_cost = cost[roads.u], cost[roads.v]
        expected = np.flatnonzero((np.minimum(u_cost, v_cost) < FAR) | (np.arange(roads.n_edges) == foot.edge))
        np.testing.assert_array_equal(ends.edge, expected)
        np.testing.assert_array_equal(ends.u_cost, u_cost[expected])
        np.testing.assert_array_equal(ends.v_cost, v_cost[expected])


# --- Large searches ------------------------------------------------------------------------------------------


def test_a_search_over_a_whole_city_equals_networkx() -> None:
    # the queue, and the rows of the result, outgrow the room that they are given at first
    roads = read("coquimbo", "walk")
    skeleton, city = skeleton_of(roads), Real(roads, {}, Oracle(roads, {}, {}), {}, {})
    sources = np.array([5, skeleton.n_junctions // 2])
    found = junctions_within(roads, sources, measure="distance", limit=100_000_000)
    assert len(found.item) > 10_000
    for k, source in enumerate(sources.tolist()):
        nodes = reached(city, int(skeleton.node[source]), "distance", 100_000_000, towards=False)
        rows = slice(found.start[k], found.start[k + 1])
        ours = dict(zip(skeleton.node[found.item[rows]].tolist(), found.first[rows].tolist(), strict=True))
        assert ours == {node: a for node, (a, _) in nodes.items() if skeleton.junction[node] >= 0}


def test_nearest_of_five_thousand_sites_equals_networkx() -> None:
    roads = read("coquimbo", "drive")
    rng = np.random.default_rng(8)
    feet = [
        foot_at(roads, int(edge), int(share * roads.length_mm[edge]), int(leg))
        for edge, share, leg in zip(
            rng.integers(roads.n_edges, size=5_000), rng.random(5_000), rng.integers(500_000, size=5_000), strict=True
        )
    ]
    sites = table("site_id", [None] * len(feet))
    demand, _ = real_points(roads, seed=9, n_demand=60, n_sites=10)
    found = ranking(roads, "time", 1, demand=demand, sites=sites, site_feet=record(feet))
    expected = Oracle(roads, feet_of(roads, demand, "demand_id", 500.0), on_network("s", feet)).least("time")
    assert {demand_id: order[0][1].ms for demand_id, order in found.items()} == expected


# --- Laws on a town ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=[("walk", "time"), ("drive", "distance"), ("drive", "time")], ids="-".join)
def town(request: pytest.FixtureRequest) -> tuple[Roads, dict[str, Any], Measure]:
    """Enough sites for several blocks of the search."""
    mode, measure = request.param
    roads = read("coquimbo", mode)
    demand, sites = real_points(roads, seed=4, n_demand=150, n_sites=200)
    return roads, {"demand": demand, "sites": sites}, measure


def test_one_more_origin_changes_no_other_figure(town: Any) -> None:
    roads, points, measure = town
    every = travel(roads, measure, 900, **points)
    fewer = travel(roads, measure, 900, **points | {"demand": points["demand"].iloc[1:].reset_index(drop=True)})
    assert fewer == {pair: cost for pair, cost in every.items() if pair[0] != "d00"}
    fewer = travel(roads, measure, 900, **points | {"sites": points["sites"].iloc[:-1]})
    assert fewer == {pair: cost for pair, cost in every.items() if pair[1] != points["sites"]["site_id"].iloc[-1]}


def test_the_order_of_rows_and_the_number_of_threads_change_nothing(town: Any) -> None:
    roads, points, measure = town
    shuffled = {k: rows.sample(frac=1, random_state=7).reset_index(drop=True) for k, rows in points.items()}
    options = limit(measure, 1800)
    whole = network.travel(roads, threads=1, **points, **options)
    assert whole["site_id"].nunique() > 128, "three blocks of the search"
    for threads in (2, 3, None):
        pd.testing.assert_frame_equal(network.travel(roads, threads=threads, **points, **options), whole)
    pd.testing.assert_frame_equal(network.travel(roads, **shuffled, **options), whole)
    nearest = network.nearest(roads, measure=measure, count=2, **points)
    pd.testing.assert_frame_equal(network.nearest(roads, measure=measure, count=2, **shuffled), nearest)
    parts = pd.concat(network.travel_blocks(roads, sites_per_block=77, threads=2, **points, **options))
    pd.testing.assert_frame_equal(parts.sort_values(["demand_id", "site_id"], ignore_index=True), whole)


def test_a_longer_cutoff_keeps_every_row(town: Any) -> None:
    roads, points, measure = town
    tables = [travel(roads, measure, cutoff, **points) for cutoff in (0, 600, 1200, 5000)]
    for shorter, longer in pairwise(tables):
        assert shorter.items() <= longer.items()
    assert len(tables[-1]) > len(tables[1])


def test_back_on_streets_turned_round_costs_what_the_way_there_costs(town: Any) -> None:
    roads, points, measure = town
    turned = replace(roads, forward=roads.backward, backward=roads.forward)
    there = travel(roads, measure, 900, **points)
    swapped = {
        "demand": points["sites"].rename(columns={"site_id": "demand_id"}),
        "sites": points["demand"].rename(columns={"demand_id": "site_id"}),
    }
    assert {(d, s): cost for (s, d), cost in travel(turned, measure, 900, **swapped).items()} == there


def test_straight_metres_are_great_circles(town: Any) -> None:
    roads, points, measure = town
    found = network.travel(roads, straight=True, **points, **limit(measure, 600))
    starts, ends = (
        points[name].set_index(key).geometry[found[key]]
        for name, key in (("demand", "demand_id"), ("sites", "site_id"))
    )
    expected = great_circle_mm(*(along.to_numpy() for along in (starts.x, starts.y, ends.x, ends.y)))
    np.testing.assert_array_equal(found["straight_m"], expected / 1000)
