"""Street graphs in and out: nothing is lost on the way, and OSMnx's own graphs give the figures of the road file."""

from __future__ import annotations

import math
import sys
from dataclasses import fields
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import networkx as nx
import numpy as np
import osmium
import osmnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, Point

from planner import network
from planner.errors import PlannerError, RoadError
from planner.geodesy import great_circle_mm, unproject, utm_epsg
from planner.graphs import from_graph, to_graph
from planner.osmways import takes
from planner.roads import ROAD_KINDS, ReadingReport, Roads
from planner.snapping import snap
from planner.words import LANGUAGES, tell
from shared_data import roads_file

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from planner.terms import Mode

LONGEST_ONLY = 1e9

MODES: tuple[Mode, ...] = ("walk", "drive")


@cache
def read(name: str, mode: Mode) -> Roads:
    return network.read_roads(roads_file(name), mode=mode)


def arrays(roads: Roads) -> dict[str, Any]:
    return {item.name: getattr(roads, item.name) for item in fields(roads) if item.name not in ("mode", "report")}


def assert_same(roads: Roads, other: Roads) -> None:
    assert roads.mode == other.mode
    for name, array in arrays(roads).items():
        assert array.dtype == arrays(other)[name].dtype, name
        np.testing.assert_array_equal(array, arrays(other)[name], err_msg=name)


# --- There and back ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "mode"),
    [("coquimbo", "walk"), ("coquimbo", "drive"), ("jinan", "drive"), ("liechtenstein", "drive")],
)
def test_real_roads_come_back_as_they_went(name: str, mode: Mode) -> None:
    roads = read(name, mode)
    back = from_graph(to_graph(roads), mode)
    assert_same(roads, back)
    assert back.report == ReadingReport(ways_kept=len(np.unique(roads.way_id)))


NODE_IDS = st.integers(-5, 1 << 40)
KPH = st.floats(1, 200)
LON, LAT = 9.5, 47.2


@st.composite
def networks(draw: st.DrawFn) -> Roads:
    """Small multigraphs: nodes at one place, parallel segments, loops, islands, one-way streets, gaps in a way."""
    mode = draw(st.sampled_from(MODES))
    ids = sorted(draw(st.sets(NODE_IDS, min_size=1, max_size=7)))
    spots = st.tuples(st.integers(0, 3), st.integers(0, 3))
    lon, lat = np.array([(LON + x * 0.0013, LAT + y * 0.0007) for x, y in (draw(spots) for _ in ids)]).T
    node = st.integers(0, len(ids) - 1)
    ends = draw(st.lists(st.tuples(node, node), min_size=1, max_size=9))
    used, numbers = np.unique(np.array(ends), return_inverse=True)
    u, v = numbers.reshape(-1, 2).T.astype(np.int32)
    lon, lat = lon[used], lat[used]
    names = sorted(draw(st.sets(st.tuples(st.integers(1, 3), st.integers(0, 9)), min_size=len(u), max_size=len(u))))
    way_id, segment = np.array(names, dtype=np.int64).T
    length_mm = np.maximum(great_circle_mm(lon[u], lat[u], lon[v], lat[v]), (lon[u] != lon[v]) | (lat[u] != lat[v]))
    open_ = [(True, True)] if mode == "walk" else [(True, True), (True, False), (False, True)]
    forward, backward = np.array([draw(st.sampled_from(open_)) for _ in u]).T
    kph = np.array([draw(KPH) for _ in u])
    drive_ms = np.rint(length_mm * 3.6 / kph) if mode == "drive" else np.zeros(len(u))
    kind = np.array([draw(st.integers(0, len(ROAD_KINDS) - 1)) for _ in u], dtype=np.uint8)
    return Roads(
        mode,
        np.array(ids)[used],
        lon,
        lat,
        way_id,
        segment.astype(np.int32),
        u,
        v,
        length_mm,
        drive_ms.astype(np.int64),
        forward,
        backward,
        kind,
        ReadingReport(),
    )


def test_the_slowest_road_comes_back() -> None:
    """A millisecond rounded up made it slower than any road may be, and its own graph was refused."""
    graph = hand((1, 2, {"osmid": 1, "speed_kph": 1.0}))
    roads = from_graph(graph, "drive", island_min_m=0, drive_factor=1)
    assert roads.length_mm[0] * 3.6 / roads.drive_ms[0] < 1
    assert_same(roads, from_graph(to_graph(roads, drive_factor=1), "drive", island_min_m=0, drive_factor=1))


@given(networks(), st.floats(0.1, 1), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=75)
def test_any_network_comes_back_whatever_the_order_in_the_graph(
    roads: Roads, drive_factor: float, chance: random.Random
) -> None:
    graph = to_graph(roads, drive_factor=drive_factor)
    assert_same(roads, from_graph(graph, roads.mode, island_min_m=0, drive_factor=drive_factor))
    shuffled = nx.MultiDiGraph(**graph.graph)
    nodes, edges = list(graph.nodes(data=True)), list(graph.edges(data=True))
    chance.shuffle(nodes)
    chance.shuffle(edges)
    shuffled.add_nodes_from(nodes)
    shuffled.add_edges_from(edges)
    assert_same(roads, from_graph(shuffled, roads.mode, island_min_m=0, drive_factor=drive_factor))


ONLY_OURS = [("segment",), ("segment", "reversed"), ("segment", "reversed", "osmid", "length", "kind")]


@given(networks(), st.sampled_from(ONLY_OURS))
@settings(deadline=None, max_examples=70)
def test_no_path_is_lost_without_what_other_graphs_may_lack(roads: Roads, absent: tuple[str, ...]) -> None:
    graph = to_graph(roads)
    for name in absent:
        for *_, data in graph.edges(data=True):
            del data[name]
    back = from_graph(graph, roads.mode, island_min_m=0)
    # a two-way loop of no length looks like two one-way ones where nothing tells its directions apart
    assert (back.u != back.v).sum() <= (roads.u != roads.v).sum()
    assert paths_mm(back) == paths_mm(roads)


def paths_mm(roads: Roads) -> dict[int, dict[int, int]]:
    """Millimetres between any two nodes, by id, by a plain graph of the open directions."""
    graph: Any = nx.MultiDiGraph()
    u, v = roads.node_id[roads.u], roads.node_id[roads.v]
    for tail, head, may in ((u, v, roads.forward), (v, u, roads.backward)):
        lengths = roads.length_mm[may].tolist()
        graph.add_weighted_edges_from(zip(tail[may].tolist(), head[may].tolist(), lengths, strict=True))
    return dict(nx.all_pairs_dijkstra_path_length(graph))


@given(networks(), st.integers(0, 400))
@settings(deadline=None, max_examples=50)
def test_islands_are_left_out_as_from_a_file(roads: Roads, island_min_m: int) -> None:
    graph = to_graph(roads)
    pieces = [graph.subgraph(nodes) for nodes in nx.weakly_connected_components(graph)]
    total = {
        piece: sum({(d["osmid"], d["segment"]): d["length"] for *_, d in piece.edges(data=True)}.values())
        for piece in pieces
    }
    longest = max(total.values())
    back = from_graph(graph, roads.mode, island_min_m=island_min_m)
    kept = {node for piece, length in total.items() if length >= island_min_m for node in piece}
    assert kept <= set(back.node_id.tolist())
    assert back.length_m == pytest.approx(sum(m for m in total.values() if m >= island_min_m) or longest)
    assert back.report.islands_m == pytest.approx(roads.length_m - back.length_m)


# --- The figures of networkx on our graph are ours -----------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "weight", "cutoff"),
    [("walk", "length", "cutoff_m"), ("drive", "travel_time", "cutoff_s")],
)
def test_paths_of_networkx_on_our_graph_are_the_travel_table(mode: Mode, weight: str, cutoff: str) -> None:
    roads = read("coquimbo", mode)
    rng = np.random.default_rng(3)
    starts, ends = rng.choice(roads.n_nodes, 2000, replace=False), rng.choice(roads.n_nodes, 12, replace=False)
    limit: Any = {cutoff: 600}
    table = network.travel(roads, points("demand_id", roads, starts), points("site_id", roads, ends), **limit)
    cost = table["metres" if weight == "length" else "seconds"].tolist()
    ours = dict(zip(zip(table.demand_id.astype(int), table.site_id.astype(int), strict=True), cost, strict=True))
    graph = to_graph(roads).reverse(copy=False)
    wanted = set(roads.node_id[starts].tolist())
    theirs: dict[tuple[int, int], float] = {}
    for end in roads.node_id[ends].tolist():
        found = nx.single_source_dijkstra_path_length(graph, end, cutoff=600, weight=weight)
        theirs |= {(start, end): round(length, 3) for start, length in found.items() if start in wanted}
    assert len(theirs) > 50
    assert ours == theirs


def points(key: str, roads: Roads, nodes: Any) -> Any:
    ids = [str(node) for node in roads.node_id[nodes]]
    return gpd.GeoDataFrame({key: ids}, geometry=gpd.points_from_xy(roads.lon[nodes], roads.lat[nodes]), crs=4326)


# --- OSMnx's own graphs --------------------------------------------------------------------------------------

BOXES = {"coquimbo": (-71.256, -29.910, -71.244, -29.900), "liechtenstein": (9.512, 47.132, 9.528, 47.145)}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


def clip(name: str, mode: Mode, folder: Path) -> Path:
    """Write the ways of a mode that touch a box, whole, as OSMnx wants them: no way with absent nodes."""
    file = folder / f"{name}-{mode}.osm"
    if file.exists():
        return file
    west, south, east, north = BOXES[name]
    places, ways = {}, []
    for item in osmium.FileProcessor(str(roads_file(name)), osmium.osm.NODE | osmium.osm.WAY):
        if item.is_node():
            places[item.id] = (item.location.lon, item.location.lat)
        elif takes(tags := {tag.k: tag.v for tag in item.tags}, mode):
            refs = [node.ref for node in item.nodes if node.ref in places]
            if any(west < places[ref][0] < east and south < places[ref][1] < north for ref in refs):
                ways.append((item.id, refs, tags))
    with osmium.SimpleWriter(str(file)) as writer:
        for ref in sorted({ref for _, refs, _ in ways for ref in refs}):
            writer.add_node(osmium.osm.mutable.Node(id=ref, location=places[ref], version=1))
        for way_id, refs, tags in ways:
            writer.add_way(osmium.osm.mutable.Way(id=way_id, nodes=refs, tags=tags, version=1))
    return file


@cache
def graph_of(file: Path, mode: Mode) -> Any:
    """Return what OSMnx makes of a file, every node of it."""
    return osmnx.graph_from_xml(file, bidirectional=mode == "walk", simplify=False, retain_all=True)


def streets(roads: Roads) -> list[tuple[Any, ...]]:
    """Every street without its number along the way: one that is open only against the way stands turned round."""
    u, v = roads.node_id[roads.u].tolist(), roads.node_id[roads.v].tolist()
    columns = (roads.way_id, roads.length_mm, roads.drive_ms, roads.kind, roads.forward, roads.backward)
    rows = zip(u, v, *(column.tolist() for column in columns), strict=True)
    return sorted(
        (*((b, a) if back and not ahead else (a, b)), *rest, ahead and back) for a, b, *rest, ahead, back in rows
    )


def numbered(roads: Roads) -> dict[int, list[tuple[int, ...]]]:
    """Number, ends and directions of the segments of every way whose order a graph tells.

    OSMnx does not tell where a ring starts, nor that a one-way street runs against its way.
    """
    ways = {way: list(group) for way, group in groupby(rows(roads), key=itemgetter(0))}
    return {
        way: group
        for way, group in ways.items()
        if all(ahead for *_, ahead, _ in group) and len({u for _, _, u, *_ in group} | {group[-1][3]}) == len(group) + 1
    }


def some_places(roads: Roads, key: str, seed: int, count: int = 60) -> Any:
    """Places in the middle of the box, most of them beside roads."""
    rng = np.random.default_rng(seed)
    west, south, east, north = roads.bounds
    lon = rng.uniform(west * 0.7 + east * 0.3, west * 0.3 + east * 0.7, count)
    lat = rng.uniform(south * 0.7 + north * 0.3, south * 0.3 + north * 0.7, count)
    names = [f"{k:03}" for k in range(count)]
    return gpd.GeoDataFrame({key: names}, geometry=gpd.points_from_xy(lon, lat), crs=4326)


def travelled(roads: Roads, **cutoff: Any) -> Any:
    table = network.travel(roads, some_places(roads, "demand_id", 1), some_places(roads, "site_id", 2), **cutoff)
    return table.drop(columns="seconds") if "cutoff_m" in cutoff else table


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["coquimbo", "liechtenstein"])
def test_the_graph_of_osmnx_gives_the_figures_of_the_file(name: str, mode: Mode, clips: Path) -> None:
    file = clip(name, mode, clips)
    roads = network.read_roads(file, mode=mode)
    found = from_graph(graph_of(file, mode), mode)
    assert streets(found) == streets(roads)
    for column in ("node_id", "lon", "lat"):
        assert getattr(found, column).tolist() == getattr(roads, column).tolist()
    assert found.report == roads.report
    assert numbered(roads).items() <= numbered(found).items()
    for cutoff in [{"cutoff_m": 2_000}, {"cutoff_s": 300}]:
        expected = travelled(roads, **cutoff)
        assert len(expected) > 50
        assert travelled(found, **cutoff).equals(expected)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["coquimbo", "liechtenstein"])
def test_a_simplified_graph_gives_the_distances_of_the_file(name: str, mode: Mode, clips: Path) -> None:
    file = clip(name, mode, clips)
    roads = network.read_roads(file, mode=mode)
    graph = osmnx.simplify_graph(graph_of(file, mode))
    found = from_graph(graph, mode)
    assert len(graph) < 0.9 * roads.n_nodes
    assert (found.n_nodes, found.n_edges, found.length_m) == (roads.n_nodes, roads.n_edges, roads.length_m)
    assert travelled(found, cutoff_m=2_000).equals(travelled(roads, cutoff_m=2_000))


@pytest.mark.parametrize("simplify", [False, True])
def test_graphml_of_osmnx_changes_nothing(simplify: bool, clips: Path, tmp_path: Path) -> None:  # noqa: FBT001
    roads = network.read_roads(clip("liechtenstein", "drive", clips), mode="drive")
    graph = to_graph(roads)
    if simplify:
        graph = osmnx.simplify_graph(graph)
    osmnx.save_graphml(graph, tmp_path / "roads.graphml")
    loaded = osmnx.load_graphml(tmp_path / "roads.graphml")
    assert_same(from_graph(graph, "drive"), from_graph(loaded, "drive"))
    if not simplify:
        assert_same(roads, from_graph(loaded, "drive"))


@pytest.mark.parametrize("mode", MODES)
def test_the_functions_of_osmnx_run_on_our_graph(mode: Mode, clips: Path) -> None:
    roads = network.read_roads(clip("coquimbo", mode, clips), mode=mode, island_min_m=LONGEST_ONLY)
    graph = to_graph(roads)
    osmnx.convert.validate_graph(graph)
    assert osmnx.stats.count_streets_per_node(graph) == dict(graph.nodes(data="street_count"))
    lengths = {(u, v, k): length for u, v, k, length in graph.edges(keys=True, data="length")}
    measured = osmnx.distance.add_edge_lengths(graph.copy()).edges(keys=True, data="length")
    assert lengths == pytest.approx({(u, v, k): length for u, v, k, length in measured}, abs=0.0015)
    nodes, edges = osmnx.convert.graph_to_gdfs(graph)
    assert (len(nodes), len(edges)) == (roads.n_nodes, int(roads.forward.sum() + roads.backward.sum()))
    assert_same(roads, from_graph(osmnx.convert.graph_from_gdfs(nodes, edges), mode))
    middle = int(roads.node_id[roads.n_nodes // 2])
    near = osmnx.truncate.truncate_graph_dist(graph, middle, 500)
    assert 10 < len(near) < len(graph)
    path = osmnx.routing.shortest_path(near, middle, max(nx.descendants(near, middle)), weight="length")
    assert path[0] == middle
    assert from_graph(near, mode, island_min_m=0).n_nodes == len(near)
    assert osmnx.stats.basic_stats(graph)["street_length_total"] == pytest.approx(roads.length_m)


def test_the_nearest_edges_of_osmnx_are_ours(clips: Path) -> None:
    roads = network.read_roads(clip("coquimbo", "walk", clips), island_min_m=LONGEST_ONLY)
    epsg = utm_epsg(*np.mean([roads.bounds[:2], roads.bounds[2:]], axis=0))
    projected = osmnx.project_graph(to_graph(roads), to_crs=epsg)
    rng = np.random.default_rng(5)
    edge = rng.choice(roads.n_edges, 50)
    x, y = np.array([[projected.nodes[i][axis] for i in roads.node_id[roads.u[edge]].tolist()] for axis in "xy"])
    x, y = x + rng.uniform(-30, 30, len(x)), y + rng.uniform(-30, 30, len(y))
    theirs = osmnx.distance.nearest_edges(projected, x, y)
    feet = snap(roads, *unproject(x, y, epsg))
    inside = feet.node < 0
    assert inside.sum() > 20
    for (u, v, _), ours in zip(np.array(theirs)[inside], feet.edge[inside], strict=True):
        assert {u, v} == {roads.node_id[roads.u[ours]], roads.node_id[roads.v[ours]]}


def test_osmnx_finds_the_times_of_our_speeds(clips: Path) -> None:
    roads = network.read_roads(clip("liechtenstein", "drive", clips), mode="drive", drive_factor=1.0)
    graph = to_graph(roads, drive_factor=1.0)
    counted = [seconds for *_, seconds in graph.edges(data="travel_time")]
    timed = osmnx.routing.add_edge_travel_times(graph)
    assert [seconds for *_, seconds in timed.edges(data="travel_time")] == pytest.approx(counted, abs=0.0005)


# --- By hand -------------------------------------------------------------------------------------------------

PLACES = {k: (LON + k * 0.001, LAT) for k in range(1, 8)}  # about 76 m apart along a parallel


def hand(*edges: tuple[int, int, dict[str, Any]], kind: Any = nx.MultiDiGraph, **attributes: Any) -> Any:
    graph = kind(**{"crs": "epsg:4326", **attributes})
    for node in sorted({node for u, v, _ in edges for node in (u, v)}):
        graph.add_node(node, x=PLACES[node][0], y=PLACES[node][1])
    graph.add_edges_from(edges)
    return graph


def rows(roads: Roads) -> list[tuple[int, ...]]:
    """Way, segment, node ids of both ends, directions."""
    u, v = roads.node_id[roads.u].tolist(), roads.node_id[roads.v].tolist()
    flags = zip(roads.forward.astype(int).tolist(), roads.backward.astype(int).tolist(), strict=True)
    columns = zip(roads.way_id.tolist(), roads.segment.tolist(), u, v, flags, strict=True)
    return [(way, segment, u, v, *flag) for way, segment, u, v, flag in columns]


def bent(*nodes: int) -> LineString:
    """Line over the places of some nodes, those between the ends moved north."""
    return LineString([(PLACES[n][0], LAT + (0.0005 if 0 < k < len(nodes) - 1 else 0)) for k, n in enumerate(nodes)])


def test_vertices_become_nodes_below_zero_and_pairs_one_edge() -> None:
    line = bent(1, 2, 3, 4)
    graph = hand(
        (4, 1, {"osmid": [12, 11], "geometry": line.reverse(), "reversed": True, "length": 263}),
        (1, 4, {"osmid": [11, 12], "geometry": line, "reversed": False}),
        (4, 5, {"osmid": 10, "reversed": False, "oneway": True}),
        (5, 5, {"osmid": 13, "geometry": LineString([PLACES[5], PLACES[6], PLACES[7], PLACES[5]]), "reversed": False}),
    )
    roads = from_graph(graph, "drive")
    assert rows(roads) == [
        (10, 0, 4, 5, 1, 0),
        (11, 0, 1, -1, 1, 1),
        (11, 1, -1, -2, 1, 1),
        (11, 2, -2, 4, 1, 1),
        (13, 0, 5, -3, 1, 0),
        (13, 1, -3, -4, 1, 0),
        (13, 2, -4, 5, 1, 0),
    ]
    assert roads.node_id.tolist() == [-4, -3, -2, -1, 1, 4, 5]
    assert list(zip(roads.lon, roads.lat, strict=True))[2:4] == [line.coords[2], line.coords[1]]
    assert roads.report.ways_kept == 4
    foot = snap(roads, [line.coords[1][0]], [line.coords[1][1] + 0.0001])
    assert roads.node_id[foot.node].tolist() == [-1]
    assert rows(from_graph(graph, "walk")) == [(*row[:4], 1, 1) for row in rows(roads)]


def test_vertices_lie_below_ids_that_are_negative_already() -> None:
    graph = nx.relabel_nodes(hand((1, 3, {"osmid": 1, "geometry": bent(1, 2, 3)})), {1: -7})
    assert from_graph(graph, "walk").node_id.tolist() == [-8, -7, 3]


def test_mixed_directions_of_ways_still_make_one_street() -> None:
    # OSMnx merges a way along the street with one against it: both directions then have both flags
    both = {"osmid": [1, 2], "reversed": [True, False]}
    line = bent(4, 3, 2, 1)
    graph = hand((4, 1, {**both, "geometry": line}), (1, 4, {**both, "geometry": line.reverse()}))
    assert rows(from_graph(graph, "drive")) == [
        (1, 0, 1, -1, 1, 1),
        (1, 1, -1, -2, 1, 1),
        (1, 2, -2, 4, 1, 1),
    ]


def test_parallel_streets_and_loops_stay() -> None:
    way = {"osmid": 1, "reversed": False}
    graph = hand((1, 2, way), (1, 2, way), (2, 1, {**way, "reversed": True}), (2, 1, way), (1, 1, way))
    found = rows(from_graph(graph, "drive"))
    assert found == [(1, 0, 1, 1, 1, 0), (1, 1, 1, 2, 1, 1), (1, 2, 2, 1, 1, 0), (1, 3, 1, 2, 1, 0)]


def test_segments_keep_their_numbers_only_where_all_of_a_way_have_one() -> None:
    graph = hand(
        (1, 2, {"osmid": 1, "segment": 7}),
        (2, 3, {"osmid": 1, "segment": "3"}),
        (3, 4, {"osmid": 2, "segment": 7}),
        (4, 5, {"osmid": 2}),
        (5, 6, {"osmid": 3, "segment": 4}),
        (6, 7, {"osmid": 3, "segment": 4}),
    )
    assert [row[:4] for row in rows(from_graph(graph, "walk"))] == [
        (1, 3, 2, 3),
        (1, 7, 1, 2),
        (2, 0, 3, 4),
        (2, 1, 4, 5),
        (3, 0, 5, 6),
        (3, 1, 6, 7),
    ]


@pytest.mark.parametrize(
    ("ends", "order"),
    [
        ([(2, 3), (1, 2), (4, 1)], [(4, 1), (1, 2), (2, 3)]),  # a way, listed in any order
        ([(5, 3), (3, 4), (4, 5)], [(3, 4), (4, 5), (5, 3)]),  # a ring starts at its lowest node
        ([(1, 2), (2, 3), (3, 4), (4, 2)], [(1, 2), (2, 3), (3, 4), (4, 2)]),  # into a ring
        ([(2, 1), (2, 3), (3, 4), (4, 2)], [(2, 3), (3, 4), (4, 2), (2, 1)]),  # out of one
        ([(1, 2), (2, 3), (3, 2), (2, 4)], [(1, 2), (2, 3), (3, 2), (2, 4)]),  # forth and back
        ([(6, 7), (5, 6), (1, 2), (3, 4), (2, 3)], [(1, 2), (2, 3), (3, 4), (5, 6), (6, 7)]),  # two pieces
        ([(3, 1), (3, 2), (3, 4)], [(3, 4), (3, 2), (3, 1)]),  # no way at all
    ],
)
def test_segments_are_numbered_along_the_way(ends: list[tuple[int, int]], order: list[tuple[int, int]]) -> None:
    graph = hand(*((u, v, {"osmid": 1, "reversed": False}) for u, v in ends))
    found = rows(from_graph(graph, "drive", island_min_m=0))
    assert [row[1:4] for row in found] == [(k, u, v) for k, (u, v) in enumerate(order)]


def test_an_edge_drawn_by_hand_needs_nothing_but_its_ends() -> None:
    assert rows(from_graph(hand((1, 2, {"osmid": 5}), (3, 2, {})), "drive", island_min_m=0)) == [
        (0, 0, 2, 3, 0, 1),
        (5, 0, 1, 2, 1, 0),
    ]


@pytest.mark.parametrize(
    ("data", "kph"),
    [
        ({"highway": "primary"}, 60),
        ({}, 30),
        ({"highway": "primary", "maxspeed": "50"}, 50),
        ({"highway": ["primary", "residential"]}, 30),
        ({"highway": ["primary", "residential"], "maxspeed": ["50", "70"]}, 50),
        ({"highway": ["primary", "residential"], "maxspeed": ["50", "signals"]}, 30),
        ({"highway": "primary", "maxspeed": 50}, 50),
        ({"highway": "primary", "maxspeed": "50", "speed_kph": 20}, 20),
        ({"speed_kph": [80.5, np.float64(40)]}, 40),
    ],
)
def test_speeds_of_edges(data: dict[str, Any], kph: float) -> None:
    roads = from_graph(hand((1, 2, data)), "drive", drive_factor=0.5)
    assert roads.drive_ms.tolist() == np.rint(roads.length_mm * 3.6 / (kph * 0.5)).tolist()


def test_speeds_by_class_may_be_set_and_are_counted_by_way() -> None:
    graph = hand(
        (1, 2, {"osmid": 1, "highway": "primary"}),
        (2, 3, {"osmid": 1, "highway": "primary"}),
        (3, 4, {"osmid": 2, "maxspeed": "0"}),
        (4, 5, {"osmid": 3, "maxspeed": "50", "speed_kph": 40.0}),
    )
    roads = from_graph(graph, "drive", drive_factor=1, class_kph={"primary": 36.0})
    assert roads.drive_ms[:2].tolist() == np.rint(roads.length_mm[:2] / 10).tolist()
    assert roads.report == ReadingReport(ways_kept=3, speed_class=1, speed_not_positive=1)
    assert from_graph(graph, "walk").report == ReadingReport(ways_kept=3)
    with pytest.raises(ValueError, match="boulevard"):
        from_graph(graph, "drive", class_kph={"boulevard": 36.0})


def test_the_slower_direction_counts_for_both() -> None:
    graph = hand((1, 2, {"osmid": 1, "speed_kph": 60.0}), (2, 1, {"osmid": 1, "speed_kph": 30.0}))
    roads = from_graph(graph, "drive", drive_factor=1)
    assert rows(roads) == [(1, 0, 1, 2, 1, 1)]
    assert roads.drive_ms.tolist() == np.rint(roads.length_mm * 0.12).tolist()


def test_undirected_graphs_are_two_way() -> None:
    line = bent(1, 2, 3)
    graph = hand((3, 1, {"osmid": 1, "geometry": line, "reversed": False}), (3, 4, {"osmid": 2}), kind=nx.MultiGraph)
    for mode in MODES:
        assert [row[2:] for row in rows(from_graph(graph, mode))] == [(1, -1, 1, 1), (-1, 3, 1, 1), (3, 4, 1, 1)]
    graph.edges[3, 4, 0]["oneway"] = [False, True]
    assert from_graph(graph, "walk").n_edges == 3
    assert codes(graph, "drive") == ["graph_undirected"]


def test_kinds_come_from_classes() -> None:
    tags: list[dict[str, Any]] = [
        {"highway": ["residential", "trunk"]},
        {"highway": "tertiary"},
        {"highway": "steps"},
        {},
        {"kind": "path"},
    ]
    graph = hand(*((k, k + 1, {"osmid": k, **tag}) for k, tag in enumerate(tags, start=1)))
    assert [ROAD_KINDS[kind] for kind in from_graph(graph, "walk").kind] == ["major", "medium", "path", "minor", "path"]


def test_no_graph_is_changed() -> None:
    graph = hand((1, 3, {"osmid": [2, 1], "geometry": bent(1, 2, 3)}), (3, 1, {"osmid": 1}))
    before = graph.copy()
    from_graph(graph, "drive")
    assert nx.utils.graphs_equal(graph, before)


# --- What is refused -----------------------------------------------------------------------------------------


def codes(graph: Any, mode: Mode = "drive") -> list[str]:
    """Codes of the faults of a graph; all can be told in both languages."""
    with pytest.raises(RoadError) as caught:
        from_graph(graph, mode)
    for fault in caught.value.faults:
        assert all(all(tell(fault, language)[1:]) for language in LANGUAGES)
    return [fault.code for fault in caught.value.faults]


@pytest.mark.parametrize("graph", [None, nx.Graph(), nx.DiGraph(), [(1, 2)], nx.MultiGraph])
def test_what_is_no_multigraph_is_refused(graph: Any) -> None:
    assert codes(graph) == ["graph_kind"]


@pytest.mark.parametrize("crs", [None, "epsg:3857", 32632, "no such system", ""])
def test_degrees_are_asked_for(crs: Any) -> None:
    assert codes(hand((1, 2, {}), crs=crs)) == ["graph_crs"]


@pytest.mark.parametrize("crs", ["EPSG:4326", 4326, "WGS84", "OGC:CRS84", gpd.GeoSeries(crs=4326).crs])
def test_degrees_may_be_named_in_other_ways(crs: Any) -> None:
    assert from_graph(hand((1, 2, {}), crs=crs), "walk").n_edges == 1


@pytest.mark.parametrize("x", [None, math.nan, math.inf, 180.5, "9.5", True, 1e999])
def test_nodes_without_a_place_are_named(x: Any) -> None:
    graph = hand((1, 2, {"length": 5.0}), (2, 3, {}))
    graph.nodes[2]["x"] = x
    assert codes(graph) == ["graph_place"]
    if x is None:
        del graph.nodes[2]["x"]
        assert codes(graph) == ["graph_place"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"osmid": "77"}, "graph_way"),
        ({"osmid": [1, 2.5]}, "graph_way"),
        ({"osmid": 1 << 63}, "graph_way"),
        ({"osmid": True}, "graph_way"),
        ({"reversed": "False"}, "graph_reversed"),
        ({"reversed": 0}, "graph_reversed"),
        ({"speed_kph": 0}, "graph_amount"),
        ({"speed_kph": [50, math.nan]}, "graph_amount"),
        ({"speed_kph": "50"}, "graph_amount"),
        ({"speed_kph": 1e-300}, "graph_amount"),
        ({"speed_kph": 10**400}, "graph_amount"),
        ({"length": math.inf}, "graph_amount"),
        ({"length": "80"}, "graph_amount"),
        ({"length": -1.0}, "graph_amount"),
        ({"length": 90.0}, "graph_length"),
        ({"length": 0}, "graph_length"),
        ({"geometry": "LINESTRING (9.501 47.2, 9.502 47.2)"}, "graph_line"),
        ({"geometry": LineString()}, "graph_line"),
        ({"geometry": Point(9.501, 47.2)}, "graph_line"),
        ({"geometry": MultiLineString([bent(1, 2)])}, "graph_line"),
        ({"geometry": bent(1, 3)}, "graph_line"),
        ({"geometry": LineString([PLACES[1], (math.inf, LAT), PLACES[2]])}, "graph_line"),
        ({"geometry": LineString([PLACES[1], (9.5, 147.2), PLACES[2]])}, "graph_line"),
    ],
)
def test_edges_with_impossible_values_are_named(data: dict[str, Any], code: str) -> None:
    graph = hand((1, 2, data), (2, 3, {}))
    assert codes(graph) == [code]
    with pytest.raises(RoadError, match=r"\(1, 2, 0\)"):
        from_graph(graph, "drive")


def test_lengths_of_other_earths_and_rounded_ones_are_taken() -> None:
    (length,) = from_graph(hand((1, 2, {})), "walk").length_mm.tolist()
    for told in (length / 1000 * 1.0067, length / 1000 * 0.9933, round(length / 1000)):
        assert from_graph(hand((1, 2, {"length": told})), "walk").length_mm.tolist() == [length]


def test_lines_near_their_nodes_are_joined_and_turned_ones_turned() -> None:
    line = LineString([(PLACES[3][0] + 5e-6, LAT), (PLACES[2][0], LAT + 0.0005), (PLACES[1][0], LAT - 5e-6)])
    roads = from_graph(hand((1, 3, {"geometry": line})), "drive")
    assert [row[2:] for row in rows(roads)] == [(1, -1, 1, 0), (-1, 3, 1, 0)]
    assert roads.lat.tolist() == [LAT + 0.0005, LAT, LAT]


def test_an_empty_graph_is_refused() -> None:
    assert codes(nx.MultiDiGraph(crs="epsg:4326")) == ["graph_empty"]


def test_ids_must_be_whole_numbers() -> None:
    for name in ("1", 1.5, True, (1, 2), 1 << 63):
        assert codes(nx.relabel_nodes(hand((2, 3, {})), {2: name})) == ["graph_node_id"]


def test_all_faults_are_told_at_once() -> None:
    graph = hand(
        (1, 2, {"osmid": "x", "speed_kph": -1}),
        (2, 3, {"length": 1e6, "reversed": "no"}),
        (3, 4, {"geometry": Point(0, 0)}),
        (5, 6, {}),
    )
    graph.nodes[6]["y"] = None
    graph.add_node("seven", x=9.5, y=47.2)
    assert codes(graph) == [
        "graph_node_id",
        "graph_place",
        "graph_line",
        "graph_length",
        "graph_way",
        "graph_reversed",
        "graph_amount",
    ]
    graph.graph["crs"] = "epsg:3857"
    assert codes(graph) == ["graph_crs", "graph_node_id", "graph_way", "graph_reversed", "graph_amount"]


def test_many_faults_of_one_kind_are_counted() -> None:
    graph = hand(*((k, k + 1, {"osmid": str(k)}) for k in range(1, 7)))
    with pytest.raises(RoadError) as caught:
        from_graph(graph, "walk")
    (fault,) = caught.value.faults
    assert fault.values["count"] == 6
    assert "(5, 6, 0)" in tell(fault, "en")[1]
    assert "(6, 7, 0)" not in tell(fault, "en")[1]


def test_graphml_that_osmnx_did_not_read_is_refused_with_a_cure(clips: Path, tmp_path: Path) -> None:
    roads = network.read_roads(clip("liechtenstein", "drive", clips), mode="drive")
    osmnx.save_graphml(to_graph(roads), tmp_path / "roads.graphml")
    graph = nx.read_graphml(tmp_path / "roads.graphml", force_multigraph=True)
    with pytest.raises(RoadError) as caught:
        from_graph(graph, "drive")
    assert "osmnx.load_graphml" in tell(caught.value.faults[0], "zh")[2]


def test_only_two_modes_are_known() -> None:
    bike: Any = "bike"
    with pytest.raises(ValueError, match="bike"):
        from_graph(hand((1, 2, {})), bike)


def test_a_missing_networkx_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "networkx", None)
    with pytest.raises(PlannerError) as caught:
        to_graph(read("coquimbo", "walk"))
    assert "[osmnx]" in tell(caught.value.faults[0], "en")[2]
