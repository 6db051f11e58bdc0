"""The network drawn together: nothing lost, nothing twice, every place where it was."""

from __future__ import annotations

import gc
from dataclasses import fields, replace
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING
from weakref import ref

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oracle import Segment, make_roads
from planner import network
from planner._curve import curve_order
from planner.skeleton import position_ms, skeleton_of, spots_of
from shared_data import roads_file
from smallnets import MODES, OFF_NETWORK, PLACES, Case, cases, networks, record

if TYPE_CHECKING:
    from planner.roads import Roads
    from planner.skeleton import Skeleton
    from planner.terms import Mode

NETWORKS = [(name, mode) for name in ("coquimbo", "liechtenstein", "jinan") for mode in MODES]
law = settings(max_examples=75, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def ends_along(roads: Roads, skeleton: Skeleton, chain: int) -> tuple[list[int], list[int]]:
    """Segments of a chain, and the nodes that they join, in order from the chain's u."""
    edges = skeleton.edge[skeleton.start[chain] : skeleton.start[chain + 1]].tolist()
    nodes = [int(skeleton.node[skeleton.u[chain]])]
    for edge in edges:
        ends = int(roads.u[edge]), int(roads.v[edge])
        near, far = ends[::-1] if skeleton.flipped[edge] else ends
        assert near == nodes[-1], "segments follow each other"
        nodes.append(far)
    return edges, nodes


def check_chain(roads: Roads, skeleton: Skeleton, chain: int) -> list[int]:
    """Hold a chain against its segments, walked one by one; gives the nodes inside of it."""
    edges, nodes = ends_along(roads, skeleton, chain)
    assert edges
    assert nodes[-1] == skeleton.node[skeleton.v[chain]]
    mm = ms = 0
    for edge, (near, far) in zip(edges, pairwise(nodes), strict=True):
        assert skeleton.chain[edge] == chain
        assert (skeleton.offset_mm[edge], skeleton.offset_ms[edge]) == (mm, ms)
        if near != nodes[0]:
            assert (skeleton.at_chain[near], skeleton.at_mm[near], skeleton.at_ms[near]) == (chain, mm, ms)
        mm, ms = mm + int(roads.length_mm[edge]), ms + int(roads.drive_ms[edge])
        flags = bool(roads.forward[edge]), bool(roads.backward[edge])
        ahead, back = flags[::-1] if skeleton.flipped[edge] else flags
        assert (ahead, back) == (skeleton.forward[chain], skeleton.backward[chain]), "travelled alike all along"
        assert far == nodes[-1] or skeleton.junction[far] == -1
    assert (skeleton.length_mm[chain], skeleton.drive_ms[chain]) == (mm, ms)
    return nodes[1:-1]


def reason(roads: Roads, skeleton: Skeleton, node: int) -> str:
    """Why a node is a junction."""
    ends = [(int(e), True) for e in np.flatnonzero(roads.u == node)]
    ends += [(int(e), False) for e in np.flatnonzero(roads.v == node)]
    if len(ends) != 2:
        return "a street ends or forks"
    a, b = (edge for edge, _ in ends)
    if a == b:
        return "a segment from the node to itself"
    if 0 in (roads.length_mm[a], roads.length_mm[b]):
        return "a segment of no length"
    leave, arrive = zip(
        *((roads.forward[e], roads.backward[e])[:: 1 if begins else -1] for e, begins in ends), strict=True
    )
    if (leave[0], arrive[0]) != (arrive[1], leave[1]):
        return "the directions change"
    chain = int(skeleton.chain[a])
    _, nodes = ends_along(roads, skeleton, chain)
    if chain == skeleton.chain[b] and nodes[0] == nodes[-1] == node == min(nodes):
        return "a ring begins somewhere"
    return ""


def check_whole(roads: Roads, skeleton: Skeleton) -> None:
    """Hold what can be said of the arrays as a whole."""
    np.testing.assert_array_equal(np.sort(skeleton.edge), np.arange(roads.n_edges), "every segment in one chain")
    assert skeleton.start[0] == 0
    assert skeleton.start[-1] == roads.n_edges
    assert (skeleton.length_mm.sum(), skeleton.drive_ms.sum()) == (roads.length_mm.sum(), roads.drive_ms.sum())
    np.testing.assert_array_equal(skeleton.junction[skeleton.node], np.arange(skeleton.n_junctions))
    assert np.count_nonzero(skeleton.junction >= 0) == skeleton.n_junctions
    np.testing.assert_array_equal(skeleton.junction >= 0, skeleton.at_chain < 0, "a junction, or inside a chain")
    assert not any(getattr(skeleton, item.name).flags.writeable for item in fields(skeleton))


# --- Laws on random networks ---------------------------------------------------------------------------------


@law
@given(networks())
def test_chains_hold_every_segment_once_and_every_place(roads: Roads) -> None:
    skeleton = skeleton_of(roads)
    check_whole(roads, skeleton)
    inside = [node for chain in range(skeleton.n_chains) for node in check_chain(roads, skeleton, chain)]
    assert sorted(inside) == np.flatnonzero(skeleton.junction < 0).tolist()


@law
@given(networks())
def test_every_junction_has_a_reason(roads: Roads) -> None:
    skeleton = skeleton_of(roads)
    for node in skeleton.node.tolist():
        assert reason(roads, skeleton, node), node


@law
@given(cases())
def test_spots_are_where_the_feet_are(case: Case) -> None:
    roads, feet = case.roads, record(case.demand)
    skeleton, spots, here_ms = skeleton_of(roads), spots_of(roads, feet), position_ms(roads, feet)
    np.testing.assert_array_equal(spots.access_mm, feet.access_mm)
    for k, foot in enumerate(case.demand):
        place = int(spots.chain[k]), int(spots.mm[k]), int(spots.ms[k])
        if foot.edge < 0:
            assert (spots.junction[k], place[0]) == (-1, -1)
        elif foot.node >= 0:
            at = [int(column[foot.node]) for column in (skeleton.at_chain, skeleton.at_mm, skeleton.at_ms)]
            assert spots.junction[k] == skeleton.junction[foot.node]
            assert place == tuple(at)
        else:
            length, total = int(roads.length_mm[foot.edge]), int(roads.drive_ms[foot.edge])
            rest = [length - foot.position_mm, total - int(here_ms[k])]
            if not skeleton.flipped[foot.edge]:
                rest = [foot.position_mm, int(here_ms[k])]
            offset = int(skeleton.offset_mm[foot.edge]), int(skeleton.offset_ms[foot.edge])
            assert spots.junction[k] == -1
            assert place == (skeleton.chain[foot.edge], offset[0] + rest[0], offset[1] + rest[1])


@law
@given(cases(modes=["drive"]))
def test_time_to_a_foot_is_its_share_rounded_half_up(case: Case) -> None:
    feet = [foot for foot in case.demand if foot.edge >= 0]
    for foot, ms in zip(feet, position_ms(case.roads, record(feet)).tolist(), strict=True):
        length, total = (int(column[foot.edge]) for column in (case.roads.length_mm, case.roads.drive_ms))
        share = Fraction(foot.position_mm, length) * total if length else Fraction(0)
        assert ms == (share + Fraction(1, 2)).__floor__()
        assert 0 <= ms <= total


@law
@given(networks(), st.integers(0, 2**12 - 1))
def test_chains_at_junctions(roads: Roads, chosen: int) -> None:
    skeleton = skeleton_of(roads)
    junctions = np.array([k for k in range(skeleton.n_junctions) if chosen >> (k % 12) & 1], dtype=np.int64)
    ends = np.concatenate([skeleton.u, skeleton.v])
    expected = np.tile(np.arange(skeleton.n_chains), 2)[np.isin(ends, junctions)]
    np.testing.assert_array_equal(np.sort(skeleton.chains_at(junctions)), np.sort(expected))


# --- By hand -------------------------------------------------------------------------------------------------


def counts(*segments: Segment) -> tuple[int, int]:
    skeleton = skeleton_of(make_roads("drive", PLACES, segments))
    return skeleton.n_junctions, skeleton.n_chains


def test_by_hand() -> None:
    line, ring = [Segment(1, k, k + 1) for k in range(4)], [Segment(1, k, (k + 1) % 4) for k in range(4)]
    assert counts(*line) == (2, 1)
    assert counts(*line[:2], *(s._replace(backward=False) for s in line[2:])) == (3, 2)
    assert counts(*line[:2], line[2]._replace(length_mm=0), line[3]) == (4, 3)
    assert counts(*ring) == (1, 1)
    assert counts(*ring, Segment(2, 0, 5)) == (2, 2)
    assert counts(Segment(1, 0, 1), Segment(2, 1, 0)) == (1, 1)  # two parallel streets are a ring
    assert counts(Segment(1, 0, 0, length_mm=100)) == (1, 1)
    # two one-way streets that meet head on
    assert counts(Segment(1, 0, 1, backward=False), Segment(2, 2, 1, backward=False)) == (3, 2)
    assert counts(Segment(1, 0, 1, backward=False), Segment(2, 2, 1, forward=False)) == (2, 1)


def test_a_ring_begins_at_its_lowest_node() -> None:
    roads = make_roads("walk", PLACES, [Segment(1, 9, 4), Segment(1, 4, 7), Segment(1, 7, 9)])
    assert roads.node_id[skeleton_of(roads).node].tolist() == [5]  # ids are places + 1


def test_feet_off_the_network_have_no_spot() -> None:
    spots = spots_of(make_roads("walk", PLACES, [Segment(1, 0, 1)]), record([OFF_NETWORK]))
    assert (spots.chain.tolist(), spots.junction.tolist()) == ([-1], [-1])
    assert len(spots_of(make_roads("walk", PLACES, [Segment(1, 0, 1)]), record([]))) == 0


def test_a_skeleton_is_made_once_and_goes_with_its_network() -> None:
    roads = make_roads("walk", PLACES, [Segment(1, 0, 1)])
    made = skeleton_of(roads)
    assert skeleton_of(roads) is made
    assert skeleton_of(replace(roads)) is not made
    gone = ref(roads)
    del roads, made
    gc.collect()
    assert gone() is None


# --- Real networks -------------------------------------------------------------------------------------------


@cache
def read(name: str, mode: Mode) -> Roads:
    return network.read_roads(roads_file(name), mode=mode, island_min_m=0)


@pytest.mark.parametrize(("name", "mode"), NETWORKS)
def test_real_networks_lose_nothing(name: str, mode: Mode) -> None:
    roads = read(name, mode)
    skeleton = skeleton_of(roads)
    check_whole(roads, skeleton)
    assert skeleton.n_junctions < roads.n_nodes / 2
    for chain in range(0, skeleton.n_chains, 23):
        check_chain(roads, skeleton, chain)
    for node in skeleton.node[::97].tolist():
        assert reason(roads, skeleton, node), node


# --- The curve -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [1, 2, 4, 16, 64])
def test_the_curve_steps_from_each_place_of_a_grid_to_one_beside_it(side: int) -> None:
    x, y = (at.ravel().astype(np.float64) for at in np.meshgrid(np.arange(side), np.arange(side)))
    shuffled = np.random.default_rng(side).permutation(side * side)
    order = shuffled[curve_order(x[shuffled] * 3 - 7, y[shuffled] * 3 + 2)]
    assert sorted(order.tolist()) == list(range(side * side))
    steps = np.abs(np.diff(x[order])) + np.abs(np.diff(y[order]))
    assert (steps == 1).all()


@pytest.mark.parametrize("n", [0, 1, 5])
def test_the_curve_holds_points_that_lie_in_one_place_or_on_one_line(n: int) -> None:
    along, still = np.arange(n) / 7, np.full(n, 3.0)
    assert curve_order(still, still).tolist() == list(range(n))
    assert curve_order(along, still).tolist() in (list(range(n)), list(range(n))[::-1])
    assert curve_order(still, along).tolist() in (list(range(n)), list(range(n))[::-1])
