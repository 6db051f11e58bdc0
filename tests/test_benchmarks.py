"""The benchmark's input is what it says, it stops where results differ, its command line answers; nothing is timed."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

import peers
import published
import siting_runs
import tiles
from measure import Target
from planner import claims, optimize
from planner.covering import NO_LIMIT, Covering
from planner.geodesy import great_circle_mm, utm_epsg
from planner.skeleton import skeleton_of
from shared_data import ROOT

PARTS = {"towns": tiles.TOWNS, "city": tiles.CITY}
LIMIT_MM = 1_200_000


@cache
def tiling(part: str, side: int) -> tiles.Tiling:
    return tiles.mirror_tiled(tiles.cut_out(tiles.sample(), PARTS[part]), side)


def on_borders(tile: tiles.Tile) -> list[int]:
    """How many nodes lie on the west, east, south and north border."""
    return [int((tile.side == border).sum()) for border in (tiles.WEST, tiles.EAST, tiles.SOUTH, tiles.NORTH)]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("side", [1, 2, 3])
def test_tiles_make_one_network_of_the_right_size(part: str, side: int) -> None:
    built = tiling(part, side)
    roads, tile = built.roads, built.tile
    west, east, south, north = on_borders(tile)
    assert min(west, east, south, north) > 0
    inner = int((tile.side < 0).sum())
    # along an axis the low border of an odd tile is that of the next one, and the high border of an even one
    lows, highs = 1 + side // 2, (side + 1) // 2
    assert roads.n_nodes == side**2 * inner + side * (lows * (west + south) + highs * (east + north))
    assert roads.n_edges == side**2 * tile.roads.n_edges
    ties = coo_array((np.ones(roads.n_edges), (roads.u, roads.v)), shape=(roads.n_nodes,) * 2)
    assert connected_components(ties, directed=False)[0] == 1


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("side", [1, 2, 3])
def test_streets_go_on_across_borders_without_a_junction(part: str, side: int) -> None:
    built = tiling(part, side)
    west, east, south, north = on_borders(built.tile)
    inner = skeleton_of(tiling(part, 1).roads).n_junctions - (west + east + south + north)
    rim = west + south + (east + north if side % 2 else west + south)  # dead ends where the network ends
    assert skeleton_of(built.roads).n_junctions == side**2 * inner + side * rim


@pytest.mark.parametrize("part", PARTS)
def test_every_tile_has_the_lengths_of_the_sample_and_lies_as_a_mirror_image(part: str) -> None:
    built = tiling(part, 3)
    roads, base = built.roads, built.tile.roads
    assert (roads.length_mm.reshape(9, -1) == base.length_mm).all()
    assert roads.length_m == pytest.approx(9 * base.length_m)
    lon, lat = roads.lon[built.node], roads.lat[built.node]
    west, south, east, north = built.tile.box
    assert lon[1] == pytest.approx(2 * east - lon[0], abs=1e-12)
    assert lat[3] == pytest.approx(2 * north - lat[0], abs=1e-12)
    assert lon[2] - lon[0] == pytest.approx(2 * (east - west), abs=1e-12)
    assert lat[6] - lat[0] == pytest.approx(2 * (north - south), abs=1e-12)
    drawn_mm = great_circle_mm(roads.lon[roads.u], roads.lat[roads.u], roads.lon[roads.v], roads.lat[roads.v])
    long = roads.length_mm > 10_000
    assert drawn_mm[long] / roads.length_mm[long] == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("part", PARTS)
def test_tiles_keep_the_order_that_networks_have(part: str) -> None:
    roads = tiling(part, 2).roads
    assert (np.diff(roads.node_id) > 0).all()
    assert (np.lexsort((roads.segment, roads.way_id)) == np.arange(roads.n_edges)).all()
    assert (roads.length_mm > 0).all()
    assert set(np.concatenate([roads.u, roads.v]).tolist()) == set(range(roads.n_nodes))


@pytest.mark.parametrize("name", tiles.INPUTS)
def test_every_input_lies_in_one_utm_zone(name: str) -> None:
    part, side = tiles.INPUTS[name]
    west, south, east, north = part.box
    corners = [(west, south), (west + side * part.scale * (east - west), south + side * part.scale * (north - south))]
    assert len({utm_epsg(*corner) for corner in corners}) == 1


def test_sources_are_the_same_junctions_of_the_tile_for_every_number_of_tiles() -> None:
    for side in (1, 3):
        built = tiling("city", side)
        node = skeleton_of(built.roads).node[tiles.some_junctions(built, 50, seed=1)]
        of_tile = [int(np.flatnonzero(built.node == k)[0]) % built.tile.roads.n_nodes for k in node.tolist()]
        assert len(set(of_tile)) == 50
        assert of_tile == [int(np.flatnonzero(tiling("city", 1).node[0] == k)[0]) for k in of_tile]
        assert sorted(of_tile) == sorted(chosen_of_one())


@cache
def chosen_of_one() -> tuple[int, ...]:
    alone = tiling("city", 1)
    return tuple(skeleton_of(alone.roads).node[tiles.some_junctions(alone, 50, seed=1)].tolist())


def test_peers_agree_and_the_benchmark_stops_when_one_does_not() -> None:
    built = tiling("city", 2)
    sources = tiles.some_junctions(built, 8, seed=2)
    peers.check_uncontracted(built.roads, sources, LIMIT_MM)
    graph = peers.contracted(built.roads)
    scipy, networkx = peers.scipy_peer(graph), peers.networkx_peers(peers.installed("networkx"), graph)
    for name, peer in {"scipy": scipy, **networkx}.items():
        peers.check_peer(name, peer, built.roads, sources, LIMIT_MM)

    def a_millimetre_more(found: object, chosen: object) -> peers.Reached:
        return [(junction, mm + (mm > 0)) for junction, mm in scipy.reached(found, chosen)]  # type: ignore[arg-type]

    wrong = peers.Peer(scipy.search, a_millimetre_more)
    with pytest.raises(SystemExit, match="by up to 1 mm"):
        peers.check_peer("wrong", wrong, built.roads, sources, LIMIT_MM)


def test_a_peer_that_is_missing_is_left_out_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "installed", lambda _: None)
    found, missing = peers.all_peers(peers.contracted(tiling("city", 1).roads))
    assert list(found) == ["scipy, batches of 32"]
    assert missing == ["networkx", "pandana"]


def test_a_target_says_whether_it_is_met() -> None:
    assert str(Target("x", 2.0, "s", 4.0, wished=1.0)) == "x: 2 s (at most 4, reaching for 1): met"
    assert str(Target("x", 5.0, "s", 4.0)) == "x: 5 s (at most 4): missed by 25.0%"
    assert str(Target("x", 50.0, "times", 40.0, at_least=True)) == "x: 50 times (at least 40): met"
    assert str(Target("x", 32.0, "times", 40.0, at_least=True)) == "x: 32 times (at least 40): missed by 20.0%"
    assert str(Target("x", 5.0, "s", 4.0, why="y")) == "x: 5 s (at most 4): missed by 25.0%: y"
    assert str(Target("x", 2.0, "s", 4.0, why="y")) == "x: 2 s (at most 4): met"
    assert str(Target("x", float("inf"), "s", 4.0, why="y")) == "x: not reached (at most 4): missed: y"


def published_case(*, confirmed: bool, upwards: bool, certified: float) -> published.Case:
    """Make an instance with a published value of 100, which our plan reaches, and a bound that is certified."""
    found = published.Found([0], 100.0, True, lambda: certified)
    return published.Case("case", 100.0, confirmed, lambda: (lambda _: found, lambda _: 100.0), upwards)


@pytest.mark.parametrize(("upwards", "certified"), [(False, 101.0), (True, 99.0)])
def test_a_certified_bound_that_contradicts_a_plan_stops_the_benchmark(*, upwards: bool, certified: float) -> None:
    with pytest.raises(SystemExit, match="certified bound is"):
        published.run(published_case(confirmed=True, upwards=upwards, certified=certified), 1.0)
    row = published.run(published_case(confirmed=True, upwards=upwards, certified=200.0 - certified), 1.0)
    assert (row.status, row.certified) == ("equal", 200.0 - certified)


def test_a_certified_bound_refutes_a_published_value_only_where_it_is_not_confirmed() -> None:
    def case(*, confirmed: bool) -> published.Case:
        found = published.Found([0], 103.0, True, lambda: 102.0)
        return published.Case("case", 100.0, confirmed, lambda: (lambda _: found, lambda _: 103.0))

    assert published.run(case(confirmed=False), 1.0).status == "published refuted"
    with pytest.raises(SystemExit, match="the confirmed optimum 100"):
        published.run(case(confirmed=True), 1.0)


def test_two_types_are_stated_with_a_goal_for_each_district_and_a_rule_for_each_site_and_type() -> None:
    problem = Covering(
        covers=csr_array(np.array([[1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]], dtype=np.int8)),
        loss=np.zeros(3, dtype=np.int64),
        price=np.array([30, 31, 8, 9]),
        goals=csr_array(np.array([[5, 7, 0], [0, 0, 9]])),
        allowed=np.array([5, 0]),
        rules=csr_array(np.array([[1, 0, 1, 0], [0, 1, 0, 1], [1, 1, 0, 0], [0, 0, 1, 1]])),
        minimum=np.array([-NO_LIMIT, -NO_LIMIT, 0, 0]),
        maximum=np.array([1, 2, 2, 2]),
    )
    instance = siting_runs.as_instance(problem)
    assert [(goal.label, goal.needed) for goal in instance.goals] == [("people:0", 7), ("people:1", 9)]
    assert instance.rules.names == ("rules.types_per_site:0", "rules.types_per_site:1", "stations", "kiosks")
    plan = optimize.solve(instance, ties=False)
    assert (plan.chosen, plan.objective) == ((1, 3), 40)
    assert plan.multipliers is not None
    assert claims.check(instance, plan, claims.certify(instance, plan.multipliers)) == ()


def test_the_command_line_answers() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "reach.py")]
    told = subprocess.run([*command, "--help"], check=True, capture_output=True, text=True).stdout
    assert "--section" in told
    assert "search-city" in told
    unknown = subprocess.run([*command, "--section", "nothing"], check=False, capture_output=True, text=True)
    assert unknown.returncode == 1
    assert "no such section" in unknown.stderr
