"""The roads we keep against OSMnx's own filter text and OSMnx's own graph; no internet."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import osmium
import osmnx
import pytest
from osmnx import _overpass

from planner import network
from shared_data import roads_file

if TYPE_CHECKING:
    from collections.abc import Container, Mapping
    from pathlib import Path

    from planner.terms import Mode

MODES: tuple[Mode, ...] = ("walk", "drive")


class Way(NamedTuple):
    id: int
    tags: Mapping[str, str]
    refs: tuple[int, ...]


@cache
def ways_of(path: Path) -> tuple[Mapping[int, tuple[float, float]], tuple[Way, ...]]:
    """The places of the nodes by id, and all ways, of a road file."""
    nodes, ways = {}, []
    for item in osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY):
        if item.is_node():
            nodes[item.id] = (item.location.lon, item.location.lat)
        else:
            ways.append(Way(item.id, {tag.k: tag.v for tag in item.tags}, tuple(n.ref for n in item.nodes)))
    return nodes, tuple(ways)


@cache
def clauses_of(mode: Mode) -> tuple[tuple[str, str], ...]:
    """Key and forbidden pattern of each clause of OSMnx's own filter text; a key alone must be there."""
    text = _overpass._get_network_filter(mode)
    assert re.sub(r'\["([^"]+)"(?:!~"([^"]*)")?\]', "", text) == "", "the filter has a clause of another form"
    return tuple(re.findall(r'\["([^"]+)"(?:!~"([^"]*)")?\]', text))


def osmnx_takes(tags: Mapping[str, str], mode: Mode) -> bool:
    """Whether OSMnx's own filter text takes a way: every clause, with the search semantics of Overpass."""
    return all(
        (re.search(pattern, tags[key]) is None if key in tags else True) if pattern else key in tags
        for key, pattern in clauses_of(mode)
    )


def drawn(way: Way, nodes: Container[int]) -> bool:
    """Whether a way has a segment: two different nodes in a row, both in the file."""
    return any(a != b and a in nodes and b in nodes for a, b in pairwise(way.refs))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["coquimbo", "liechtenstein", "jinan"])
def test_our_filter_equals_the_text_of_osmnx_on_every_way(name: str, mode: Mode) -> None:
    path = roads_file(name)
    nodes, ways = ways_of(path)
    roads = network.read_roads(path, mode=mode, island_min_m=0)
    taken = {way.id for way in ways if osmnx_takes(way.tags, mode)}
    assert set(roads.way_id.tolist()) == {way.id for way in ways if way.id in taken and drawn(way, nodes)}
    assert roads.report.ways_kept == len(taken)
    assert roads.report.ways_other_mode == sum("highway" in way.tags for way in ways) - len(taken)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("tags", "walk", "drive"),
    [
        ({"highway": "residential"}, True, True),
        ({"highway": "motorway"}, False, True),  # the pattern "motor" finds it
        ({"highway": "motorway_link"}, False, True),
        ({"highway": "footway"}, True, False),
        ({"highway": "service"}, True, False),
        ({"highway": "cycleway"}, False, False),
        ({"highway": "unknown"}, False, False),  # the pattern "no" finds "unknown"
        ({"highway": "residential", "access": "private"}, False, False),
        ({"highway": "residential", "access": "private;customers"}, False, False),
        ({"highway": "residential", "area": "yes"}, False, False),
        ({"highway": "residential", "foot": "no"}, False, True),
        ({"highway": "residential", "motor_vehicle": "no"}, True, False),
        ({"highway": "residential", "motorcar": "no"}, True, False),
        ({"highway": "residential", "sidewalk": "separate"}, False, True),
        ({"highway": "residential", "sidewalk:left": "separate"}, False, True),
        ({"highway": "residential", "service": "alley"}, True, False),
        ({"highway": "", "name": "x"}, True, True),
        ({"railway": "rail"}, False, False),
    ],
)
def test_filter_by_hand(tags: Mapping[str, str], walk: bool, drive: bool, mode: Mode, tmp_path: Path) -> None:  # noqa: FBT001
    expected = walk if mode == "walk" else drive
    assert osmnx_takes(tags, mode) == expected
    file = tmp_path / "roads.osm"
    write_osm(file, {1: (9.5, 47.2), 2: (9.51, 47.2)}, [Way(1, {"highway": "primary_x"}, (1, 2)), Way(2, tags, (1, 2))])
    roads = network.read_roads(file, mode=mode, island_min_m=0)
    assert (2 in roads.way_id.tolist()) == expected


def write_osm(file: Path, places: Mapping[int, tuple[float, float]], ways: list[Way]) -> None:
    """Write an .osm file of some nodes and ways."""
    with osmium.SimpleWriter(str(file), overwrite=True) as writer:
        for id_, place in sorted(places.items()):
            writer.add_node(osmium.osm.mutable.Node(id=id_, location=place, version=1))
        for way in ways:
            writer.add_way(osmium.osm.mutable.Way(id=way.id, nodes=way.refs, tags=dict(way.tags), version=1))


def filtered_copy(path: Path, mode: Mode, file: Path) -> set[int]:
    """Write the ways that OSMnx takes, with their nodes, as .osm; returns the ids of the ways."""
    nodes, ways = ways_of(path)
    kept = [way for way in ways if osmnx_takes(way.tags, mode) and drawn(way, nodes)]
    kept = [way._replace(refs=tuple(ref for ref in way.refs if ref in nodes)) for way in kept]
    used = {ref for way in kept for ref in way.refs}
    write_osm(file, {ref: nodes[ref] for ref in used}, kept)
    return {way.id for way in kept}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["liechtenstein", "coquimbo"])
def test_ways_nodes_and_length_agree_with_the_graph_of_osmnx(name: str, mode: Mode, tmp_path: Path) -> None:
    path = roads_file(name)
    ids = filtered_copy(path, mode, tmp_path / "filtered.osm")
    graph: Any = osmnx.graph_from_xml(
        tmp_path / "filtered.osm", bidirectional=mode == "walk", simplify=False, retain_all=True
    )
    roads = network.read_roads(path, mode=mode, island_min_m=0)
    directions = roads.forward.astype(int) + roads.backward.astype(int)
    assert set(roads.way_id.tolist()) == ids == {way for *_, way in graph.edges(data="osmid")}
    assert roads.n_nodes == len(graph)
    assert set(roads.node_id.tolist()) == set(graph)
    assert int(directions.sum()) == graph.number_of_edges()
    theirs_m = sum(length for *_, length in graph.edges(data="length"))
    ours_m = int((roads.length_mm * directions).sum()) / 1000
    assert ours_m == pytest.approx(theirs_m, rel=1e-6)  # promised: within 0.1 %
    assert directed_pairs(roads) == {(u, v) for u, v in graph.edges() if u != v}


def directed_pairs(roads: Any) -> set[tuple[int, int]]:
    """Node ids of every direction that is open."""
    u, v = roads.node_id[roads.u], roads.node_id[roads.v]
    ahead = zip(u[roads.forward].tolist(), v[roads.forward].tolist(), strict=True)
    back = zip(v[roads.backward].tolist(), u[roads.backward].tolist(), strict=True)
    return {*ahead, *back}
