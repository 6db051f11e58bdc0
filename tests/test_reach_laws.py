"""The laws of reach on small random networks: every pair, every option, to the millimetre and the millisecond."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import Point

from oracle import SECOND, Foot, Oracle, Segment, make_roads
from planner import network, searches
from planner._search import FAR
from planner.geodesy import great_circle_mm
from planner.searches import edges_within, junctions_within, pairs_within
from planner.skeleton import skeleton_of
from shared_data import ROOT
from smallnets import (
    HUGE,
    MEASURES,
    OFF_NETWORK,
    PLACES,
    TINY,
    Case,
    cases,
    first,
    limit,
    networks,
    ranking,
    record,
    table,
    tables,
    travel,
)

if TYPE_CHECKING:
    from planner.roads import Roads
    from planner.searches import Reached
    from planner.terms import Measure

    Pairs = dict[tuple[str, str], Any]

KPH = st.sampled_from([4.0, 4.8, 5.5])
MEASURE = st.sampled_from(MEASURES)
LIMITS = st.sampled_from([0, 1, 350, 20_000, 60_000, 100_000, 200_000, 360_000, 700_000, 2_000_000])


def law(examples: int) -> settings:
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=quiet)


def hard_cutoffs(oracle: Oracle, measure: Measure, every: Pairs) -> list[float]:
    """Cutoffs in metres or seconds that are just enough for some pair, and ones a thousandth too small."""
    decided = {oracle.decides(cost, measure) for cost in every.values()} - {0}
    thousandths = decided | {mm - 1 for mm in decided} | {0, 1, 60_000, 10_000_000}
    return [k / 1000 for k in sorted(thousandths)]


# --- Figures -------------------------------------------------------------------------------------------------


@law(200)
@given(cases(), MEASURE, KPH, st.data())
def test_every_pair_within_a_cutoff_equals_the_oracle(
    case: Case, measure: Measure, walk_kph: float, data: st.DataObject
) -> None:
    oracle = case.oracle(walk_kph)
    every = oracle.pairs(measure)
    cutoff = data.draw(st.sampled_from(hard_cutoffs(oracle, measure, every)))
    found = travel(case.roads, measure, cutoff, walk_kph=walk_kph, **tables(case))
    assert found == oracle.within(every, measure, cutoff)


@law(120)
@given(st.one_of(cases(scale=TINY), cases(modes=["walk"], scale=HUGE)), MEASURE, st.data())
def test_costs_that_32_bits_hold_easily_or_not_at_all_equal_the_oracle(
    case: Case, measure: Measure, data: st.DataObject
) -> None:
    oracle = case.oracle()
    every = oracle.pairs(measure)
    rims = [((1 << bits) + k) / 1000 for bits in (31, 32) for k in (-2, -1, 0, 1)] if case.roads.mode == "walk" else []
    cutoff = data.draw(st.sampled_from([*hard_cutoffs(oracle, measure, every), *rims]))
    assert travel(case.roads, measure, cutoff, **tables(case)) == oracle.within(every, measure, cutoff)
    assert ranking(case.roads, measure, 2, **tables(case)) == first(oracle.ranked(measure), 2)


@law(150)
@given(cases(), MEASURE, KPH)
def test_the_nearest_sites_are_the_first_of_all_pairs(case: Case, measure: Measure, walk_kph: float) -> None:
    ranked = case.oracle(walk_kph).ranked(measure)
    for count in (1, 2, 3, len(case.sites) + 1):
        assert ranking(case.roads, measure, count, walk_kph=walk_kph, **tables(case)) == first(ranked, count)


@law(60)
@given(cases(), MEASURE)
def test_the_second_nearest_is_the_nearest_once_the_nearest_is_closed(case: Case, measure: Measure) -> None:
    given_tables = tables(case)
    both = ranking(case.roads, measure, 2, **given_tables)
    for closed in range(len(case.sites)):
        site_id = f"s{closed:02d}"
        rows = np.delete(np.arange(len(case.sites)), closed)
        fewer = {"sites": given_tables["sites"].iloc[rows], "site_feet": given_tables["site_feet"].take(rows)}
        left = ranking(case.roads, measure, 1, **given_tables | fewer)
        for demand_id, order in both.items():
            if order[0][0] == site_id:
                assert left.get(demand_id, []) == order[1:]


@law(60)
@given(cases(), MEASURE, st.data())
def test_straight_metres_stand_beside_every_pair(case: Case, measure: Measure, data: st.DataObject) -> None:
    cutoff = data.draw(st.sampled_from([0, 60, 500]))
    given_tables = tables(case)
    found = network.travel(case.roads, **limit(measure, cutoff), straight=True, **given_tables)
    plain = network.travel(case.roads, **limit(measure, cutoff), **given_tables)
    pd.testing.assert_frame_equal(found.drop(columns="straight_m"), plain)
    demand, sites = (
        given_tables[name].set_index(key).geometry for name, key in (("demand", "demand_id"), ("sites", "site_id"))
    )
    starts, ends = demand[found["demand_id"]], sites[found["site_id"]]
    expected = great_circle_mm(*(at.to_numpy() for at in (starts.x, starts.y, ends.x, ends.y)))
    np.testing.assert_array_equal(found["straight_m"].to_numpy() * 1000, expected)


# --- Laws ----------------------------------------------------------------------------------------------------


@law(80)
@given(cases(), MEASURE, st.data())
def test_several_cutoffs_in_one_search_equal_searches_of_their_own(
    case: Case, measure: Measure, data: st.DataObject
) -> None:
    oracle = case.oracle()
    some = hard_cutoffs(oracle, measure, oracle.pairs(measure))
    cutoffs = data.draw(st.lists(st.sampled_from(some), min_size=2, max_size=4))
    together = network.travel(case.roads, **limit(measure, cutoffs), **tables(case))
    name = "cutoff_m" if measure == "distance" else "cutoff_s"
    for cutoff in cutoffs:
        own = network.travel(case.roads, **limit(measure, cutoff), **tables(case))
        within = together[together[name] <= cutoff].drop(columns=name).reset_index(drop=True)
        pd.testing.assert_frame_equal(within, own, check_exact=True)


def turned_round(roads: Roads) -> Roads:
    """The network with every one-way street turned round."""
    return replace(roads, forward=roads.backward, backward=roads.forward)


@law(80)
@given(cases(), MEASURE)
def test_back_on_streets_turned_round_costs_what_the_way_there_costs(case: Case, measure: Measure) -> None:
    back = Case(turned_round(case.roads), case.sites, case.demand)
    there = travel(case.roads, measure, 10_000, **tables(case))
    again = travel(back.roads, measure, 10_000, **tables(back))
    assert {(f"d{site[1:]}", f"s{demand[1:]}"): cost for (demand, site), cost in again.items()} == there


@law(60)
@given(cases(), MEASURE, st.sampled_from([1, 60, 10_000]), st.integers(0, 999))
def test_company_and_order_change_nothing(case: Case, measure: Measure, cutoff: float, seed: int) -> None:
    given_tables, rng = tables(case), np.random.default_rng(seed)
    every = network.travel(case.roads, **limit(measure, cutoff), **given_tables)
    nearest = network.nearest(case.roads, measure=measure, count=2, **given_tables)

    def some(name: str, feet: str, rows: Any) -> dict[str, Any]:
        return {name: given_tables[name].iloc[rows], feet: given_tables[feet].take(rows)}

    demand, sites = (rng.permutation(len(feet)) for feet in (case.demand, case.sites))
    shuffled = some("demand", "demand_feet", demand) | some("sites", "site_feet", sites)
    pd.testing.assert_frame_equal(network.travel(case.roads, **limit(measure, cutoff), **shuffled), every)
    pd.testing.assert_frame_equal(network.nearest(case.roads, measure=measure, count=2, **shuffled), nearest)
    for name, feet, key, rows in (
        ("demand", "demand_feet", "demand_id", demand[1:]),
        ("sites", "site_feet", "site_id", sites[1:]),
    ):
        fewer = given_tables | some(name, feet, rows)
        left = every[every[key].isin(fewer[name][key])].reset_index(drop=True)
        pd.testing.assert_frame_equal(network.travel(case.roads, **limit(measure, cutoff), **fewer), left)


@law(60)
@given(cases(), MEASURE, st.sampled_from([0, 60, 10_000]), st.integers(1, 3))
def test_blocks_and_threads_change_nothing(case: Case, measure: Measure, cutoff: float, sites_per_block: int) -> None:
    options = limit(measure, cutoff) | tables(case)
    whole = network.travel(case.roads, threads=1, **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(searches, "BLOCK", 2)
        for threads in (1, 2, 3, None):
            pd.testing.assert_frame_equal(network.travel(case.roads, threads=threads, **options), whole)
    parts = list(network.travel_blocks(case.roads, sites_per_block=sites_per_block, **options))
    assert len(parts) == -(-len(case.sites) // sites_per_block)
    together = pd.concat(parts).sort_values(["demand_id", "site_id"], ignore_index=True)
    pd.testing.assert_frame_equal(together, whole)
    for part in parts:
        assert part["site_id"].nunique() <= sites_per_block


# --- Junctions and segments ----------------------------------------------------------------------------------


def paths(roads: Roads, graph: Any, start: Any, measure: Measure, *, towards: bool) -> dict[Any, tuple[int, int]]:
    """Deciding and other cost of every node of a graph of the oracle, away from one node or towards it."""
    directed = graph.reverse() if towards and roads.mode == "drive" else graph
    weight = measure if roads.mode == "drive" else "distance"
    found = nx.single_source_dijkstra_path_length(directed, start, weight=weight)
    return {node: divmod(weight, SECOND) for node, weight in found.items()}


@law(100)
@given(networks(), MEASURE, LIMITS, st.booleans())
def test_junctions_are_as_far_as_on_the_whole_network(
    roads: Roads,
    measure: Measure,
    within: int,
    towards: bool,  # noqa: FBT001
) -> None:
    skeleton, graph = skeleton_of(roads), Oracle(roads, {}, {}).graph
    sources = np.arange(skeleton.n_junctions)[::-1].copy()
    found = junctions_within(roads, sources, measure=measure, limit=within, reverse=towards)
    deciding, other = found.take(np.arange(len(found.item)))
    for k, source in enumerate(sources):
        nodes = paths(roads, graph, int(skeleton.node[source]), measure, towards=towards)
        expected = {int(skeleton.junction[node]): cost for node, cost in nodes.items() if cost[0] <= within}
        expected.pop(-1, None)  # nodes that only bend a street
        rows = range(found.start[k], found.start[k + 1])
        assert {int(found.item[row]): int(deciding[row]) for row in rows} == {j: a for j, (a, _) in expected.items()}
        if roads.mode == "drive":
            assert {int(found.item[row]): int(other[row]) for row in rows} == {j: b for j, (_, b) in expected.items()}


def segment_ends(
    roads: Roads, oracle: Oracle, foot: Any, measure: Measure, within: int, *, towards: bool
) -> dict[int, tuple[int, int]]:
    """By segment with an end within a limit, and the foot's own: the cost at either end, `FAR` above the limit."""
    leg = oracle.leg(foot, measure)
    if foot.edge < 0 or leg > within:
        return {}
    nodes = paths(roads, oracle.graph, foot.place, measure, towards=towards)
    at = {node: a + leg for node, (a, _) in nodes.items() if a + leg <= within}
    ends = zip(roads.u.tolist(), roads.v.tolist(), strict=True)
    reached = {edge: (at.get(u, FAR), at.get(v, FAR)) for edge, (u, v) in enumerate(ends)}
    return {edge: ends for edge, ends in reached.items() if min(ends) < FAR or edge == foot.edge}


def whole(reached: Reached) -> dict[int, tuple[int, int]]:
    assert (np.diff(reached.edge) > 0).all(), "ascending"
    rows = zip(*(column.tolist() for column in (reached.edge, reached.u_cost, reached.v_cost)), strict=True)
    return {edge: (u, v) for edge, u, v in rows}


@law(150)
@given(cases(), MEASURE, LIMITS, KPH, st.booleans())
def test_segment_ends_are_as_far_as_on_the_whole_network(
    case: Case,
    measure: Measure,
    within: int,
    walk_kph: float,
    towards: bool,  # noqa: FBT001
) -> None:
    oracle, feet = case.oracle(walk_kph), [*case.sites, *case.demand]
    found = list(
        edges_within(case.roads, record(feet), measure=measure, walk_kph=walk_kph, limit=within, arriving=towards)
    )
    for foot, reached in zip(feet, found, strict=True):
        assert whole(reached) == segment_ends(case.roads, oracle, foot, measure, within, towards=towards)


# --- By hand -------------------------------------------------------------------------------------------------


def test_what_is_asked_for_is_left_as_it_was() -> None:
    roads, sources = make_roads("walk", PLACES, [Segment(1, 0, 1)]), np.array([1, 0])
    found = junctions_within(roads, sources, measure="distance", limit=1_000_000)
    assert found.start.tolist() == [0, 2, 4]
    assert sources.flags.writeable
    assert sources.tolist() == [1, 0]


def test_a_network_without_streets_joins_nothing() -> None:
    street = make_roads("walk", PLACES, [Segment(1, 0, 1)])
    names = ("way_id", "segment", "u", "v", "length_mm", "drive_ms", "forward", "backward", "kind")
    roads = replace(street, **{name: getattr(street, name)[:0] for name in names})
    demand, sites = table("demand_id", [Point(PLACES[0])]), table("site_id", [Point(PLACES[1])])
    assert travel(roads, "distance", 5000, demand=demand, sites=sites) == {}
    assert ranking(roads, "distance", 1, demand=demand, sites=sites) == {}


def test_what_goes_wrong_in_a_thread_is_told_and_not_waited_for() -> None:
    code = """
import numpy as np
from oracle import Segment, make_roads
from planner import searches

def no_memory(*_):
    raise MemoryError

searches.reach_nodes, searches.BLOCK = no_memory, 1
roads = make_roads("walk", [(9.51, 47.2), (9.52, 47.2)], [Segment(1, 0, 1)])
try:
    searches.junctions_within(roads, np.zeros(20, dtype=np.int64), measure="distance", limit=1, threads=2)
except MemoryError:
    print("told")
"""
    path = os.pathsep.join(str(folder) for folder in (ROOT / "tests", ROOT))
    command = [sys.executable, "-c", code]
    try:
        done = subprocess.run(
            command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, timeout=15, check=True
        )
    except subprocess.TimeoutExpired:
        pytest.fail("still waiting")
    assert done.stdout == "told\n"


def test_no_sources_reach_nothing() -> None:
    roads, nobody = make_roads("drive", PLACES, [Segment(1, 0, 1)]), record([])
    nothing = junctions_within(roads, np.empty(0, dtype=np.int64), measure="time", limit=1_000_000)
    assert (nothing.start.tolist(), len(nothing.item)) == ([0], 0)
    options: dict[str, Any] = {"measure": "time", "walk_kph": 4.0, "limit": 1_000_000}
    assert list(edges_within(roads, nobody, arriving=True, **options)) == []
    (off,) = edges_within(roads, record([OFF_NETWORK]), arriving=True, **options)
    assert off.edge.tolist() == []
    for demand, sites in (([OFF_NETWORK], [Foot(0, 0, 0, 0)]), ([Foot(0, 0, 0, 0)], [OFF_NETWORK])):
        assert pairs_within(roads, record(demand), record(sites), **options).item.tolist() == []


@pytest.mark.parametrize("count", [0, -1])
def test_no_sites_can_be_asked_for(count: int) -> None:
    roads = make_roads("walk", PLACES, [Segment(1, 0, 1)])
    demand, sites = table("demand_id", [Point(PLACES[0])]), table("site_id", [Point(PLACES[1])])
    with pytest.raises(ValueError, match="count"):
        network.nearest(roads, demand, sites, count=count)


def ends_from(roads: Roads, foot: Foot, measure: Measure, within: int) -> dict[int, list[int]]:
    """Segments reached from a foot, with the costs at their ends; -1 above the limit."""
    (found,) = edges_within(
        roads, record([foot]), measure=measure, walk_kph=4.0, limit=within, arriving=False, threads=1
    )
    costs = (np.where(cost < FAR, cost, -1).tolist() for cost in (found.u_cost, found.v_cost))
    return {edge: ends for edge, *ends in zip(found.edge.tolist(), *costs, strict=True)}


def test_the_end_of_a_oneway_that_leads_here_is_reached_though_the_street_is_not() -> None:
    segments = [Segment(1, 0, 1, length_mm=100_000), Segment(2, 2, 1, backward=False, length_mm=100_000)]
    roads = make_roads("drive", PLACES, segments)
    assert ends_from(roads, Foot(0, 0, 0, 0), "distance", 200_000) == {0: [0, 100_000], 1: [-1, 100_000]}


def test_a_oneway_too_short_for_a_millisecond_leads_one_way() -> None:
    # the foot lies 4 mm beyond the bend: no whole millisecond, and yet the bend is behind it
    segments = [Segment(1, k, k + 1, backward=False, length_mm=100_000) for k in range(2)]
    roads = make_roads("drive", PLACES, segments)
    assert ends_from(roads, Foot(1, 4, -1, 0), "time", 60_000) == {1: [-1, 10_000]}
