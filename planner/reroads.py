"""Roads for `verify`: an OpenStreetMap file read object by object into plain segments, whole millimetres each.

Nothing here is the engine's: osmium reads the file, networkx finds the pieces, the rest is Python (design.md 5).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import networkx as nx
import osmium

from planner.redegrees import metres_mm
from planner.respeeds import class_speeds, kph_of, takes, ways_open

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_UNITS = 10_000_000


class Segment(NamedTuple):
    """A piece of a way between two nodes; `number` is its place in the way, `ms` how long a drive takes."""

    way: int
    number: int
    a: int
    b: int
    mm: int
    ms: int
    along: bool
    against: bool


@dataclass(frozen=True, eq=False)
class Streets:
    """The network of a mode.

    Attributes
    ----------
    mode
        ``walk`` or ``drive``.
    segments, nodes
        What is left when islands are out; node -> longitude, latitude in degrees.
    names
        Way -> its name, where it has one.
    counts
        What run.json says of a network: nodes, edges, length_m, islands_dropped, islands_m, ways_kept.
    """

    mode: str
    segments: Sequence[Segment]
    nodes: Mapping[int, tuple[float, float]]
    names: Mapping[int, str]
    counts: Mapping[str, float]


class _Way(NamedTuple):
    refs: tuple[int, ...]
    along: bool
    against: bool
    kph: float
    name: str


def _kind(path: Path) -> str:
    name = path.name.lower()
    ends = {".osm.gz": "osm.gz", ".osm.bz2": "osm.bz2", ".osm": "osm", ".pbf": "pbf"}
    return next((kind for end, kind in ends.items() if name.endswith(end)), "pbf")


def _ways(source: Any, mode: str, by_class: Mapping[str, float]) -> dict[int, _Way]:
    found: dict[int, _Way] = {}
    marked = osmium.filter.KeyFilter("highway")
    for way in osmium.FileProcessor(source, osmium.osm.WAY).with_filter(marked):
        tags = {tag.k: tag.v for tag in way.tags}
        if not way.deleted and way.id not in found and takes(tags, mode):
            refs = tuple(node.ref for node in way.nodes)
            found[way.id] = _Way(refs, *ways_open(tags, mode), kph_of(tags, by_class), tags.get("name", ""))
    return found


def _places(source: Any, wanted: set[int]) -> dict[int, tuple[float, float]]:
    found = {}
    for node in osmium.FileProcessor(source, osmium.osm.NODE):
        if node.id in wanted and not node.deleted and node.location.valid():
            found[node.id] = (node.location.x / _UNITS, node.location.y / _UNITS)
    return found


def _segments(
    ways: Mapping[int, _Way], nodes: Mapping[int, tuple[float, float]], mode: str, factor: float
) -> list[Segment]:
    """Cut ways into segments between nodes that have a place; a zero length is two nodes at one place."""
    found = []
    for way, facts in sorted(ways.items()):
        for number, (a, b) in enumerate(pairwise(facts.refs)):
            if a == b or a not in nodes or b not in nodes:
                continue
            mm = 0 if nodes[a] == nodes[b] else max(1, metres_mm(*nodes[a], *nodes[b]))
            ms = round(mm * 3.6 / (facts.kph * factor)) if mode == "drive" else 0
            found.append(Segment(way, number, a, b, mm, ms, facts.along, facts.against))
    return found


def _mainland(segments: Sequence[Segment], island_mm: int) -> tuple[list[Segment], list[int]]:
    """Leave out the pieces shorter than a limit, but never the longest; the lengths of those left out come second."""
    ties: Any = nx.Graph()
    ties.add_edges_from((segment.a, segment.b) for segment in segments)
    piece = {node: number for number, nodes in enumerate(nx.connected_components(ties)) for node in nodes}
    total: dict[int, int] = {}
    for segment in segments:
        total[piece[segment.a]] = total.get(piece[segment.a], 0) + segment.mm
    longest = max(total, key=lambda number: total[number])
    out = {number for number, mm in total.items() if mm < island_mm and number != longest}
    return [segment for segment in segments if piece[segment.a] not in out], [total[number] for number in sorted(out)]


def read_streets(path: Path, mode: str, roads: Mapping[str, Any]) -> Streets:
    """Read the network of a mode.

    Parameters
    ----------
    path
        The road file.
    mode
        ``walk`` or ``drive``.
    roads
        The section ``[roads]`` of the scenario.

    Raises
    ------
    OSError, RuntimeError
        If the file cannot be read.
    ValueError
        If it holds no road of the mode.
    """
    source = osmium.io.File(str(path), _kind(path))
    ways = _ways(source, mode, class_speeds(roads.get("class_kph", {})))
    nodes = _places(source, {ref for way in ways.values() for ref in way.refs})
    factor = float(roads.get("drive_factor", 0.7))
    every = _segments(ways, nodes, mode, factor)
    if not every:
        raise ValueError(f"no roads to {mode} on in {path.name}")
    kept, left = _mainland(every, round(float(roads.get("island_min_m", 1000)) * 1000))
    used = {node for segment in kept for node in (segment.a, segment.b)}
    counts = {
        "nodes": len(used),
        "edges": len(kept),
        "length_m": sum(segment.mm for segment in kept) / 1000,
        "islands_dropped": len(left),
        "islands_m": sum(left) / 1000,
        "ways_kept": len(ways),
    }
    names = {way: facts.name for way, facts in ways.items() if facts.name}
    return Streets(mode, kept, {node: nodes[node] for node in used}, names, counts)
