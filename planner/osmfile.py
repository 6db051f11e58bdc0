"""Reads an OpenStreetMap file into `Roads`.

The ways of a mode are those of OSMnx 2.1's ``walk`` and ``drive`` network types, so that anyone who knows OSMnx knows
what is in and what is out. Whatever is left out is counted in the `ReadingReport`.
"""

from __future__ import annotations

import bz2
import gzip
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import osmium
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from planner.errors import Fault, RoadError
from planner.geodesy import great_circle_mm, to_mm
from planner.roads import ROAD_KINDS, ReadingReport, Roads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import IO

    from numpy.typing import NDArray

    from planner.terms import Mode

ENDINGS = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2")

_SIDEWALKS = ("sidewalk", "sidewalk:both", "sidewalk:left", "sidewalk:right")
_NEVER = "abandoned bus_guideway construction cycleway no planned platform proposed raceway razed rest_area services"
_NOT_DRIVEN = f"{_NEVER} bridleway corridor elevator escalator footway path pedestrian service steps track"

# tag -> words that shut a way out when they occur anywhere in its value (Overpass searches, it does not match whole)
_SHUT_OUT: Mapping[Mode, Mapping[str, str]] = {
    "walk": {
        "area": "yes",
        "access": "private",
        "highway": f"{_NEVER} motor",
        "foot": "no",
        "service": "private",
        **dict.fromkeys(_SIDEWALKS, "separate"),
    },
    "drive": {
        "area": "yes",
        "access": "private",
        "highway": _NOT_DRIVEN,
        "motor_vehicle": "no",
        "motorcar": "no",
        "service": "alley driveway emergency_access parking parking_aisle private",
    },
}
_PATTERNS = {
    mode: [(key, re.compile("|".join(words.split()))) for key, words in rules.items()]
    for mode, rules in _SHUT_OUT.items()
}

CLASS_KPH: Mapping[str, float] = {
    "motorway": 100,
    "motorway_link": 60,
    "trunk": 80,
    "trunk_link": 50,
    "primary": 60,
    "primary_link": 40,
    "secondary": 50,
    "secondary_link": 40,
    "tertiary": 40,
    "tertiary_link": 30,
    "unclassified": 30,
    "residential": 30,
    "living_street": 20,
}
"""Free-flow speed by road class, in km/h, where a way has no usable ``maxspeed``."""

OTHER_KPH = 30.0
"""Free-flow speed of every other class, in km/h."""

_MAXSPEED = re.compile(r"(\d{1,3}(?:\.\d{1,3})?)(?: ?(km/h|kmh|kph|mph))?", re.ASCII)
_KPH_PER_MPH = 1.609344
_ONE_WAY = {"yes", "true", "1", "-1", "reverse", "T", "F"}
_AGAINST = {"-1", "reverse", "T"}
_KINDS = {
    **dict.fromkeys(("motorway", "trunk", "primary", "motorway_link", "trunk_link", "primary_link"), "major"),
    **dict.fromkeys(("secondary", "tertiary", "secondary_link", "tertiary_link"), "medium"),
    **dict.fromkeys(("footway", "path", "steps", "pedestrian", "track", "bridleway", "corridor"), "path"),
}


@dataclass(frozen=True)
class _Way:
    way_id: int
    refs: tuple[int, ...]
    forward: bool
    backward: bool
    kph: float
    kind: int


def takes(tags: Mapping[str, str], mode: Mode) -> bool:
    """Tell whether the network of `mode` takes a way with these tags (OSMnx 2.1's network types)."""
    if "highway" not in tags:
        return False
    return not any((value := tags.get(key)) is not None and pattern.search(value) for key, pattern in _PATTERNS[mode])


def free_flow_kph(tags: Mapping[str, str]) -> float:
    """Free-flow speed of a way in km/h: its ``maxspeed`` when it is a plain number above 0, else its class's."""
    found = _MAXSPEED.fullmatch(tags.get("maxspeed", ""))
    if found:
        kph = float(found[1]) * (_KPH_PER_MPH if found[2] == "mph" else 1.0)
        if kph > 0:
            return kph
    return CLASS_KPH.get(tags["highway"], OTHER_KPH)


def directions(tags: Mapping[str, str], mode: Mode) -> tuple[bool, bool]:
    """Whether a way may be travelled along its nodes, and against them; walking is always two-way."""
    if mode == "walk":
        return True, True
    if tags.get("oneway") in _AGAINST:
        return False, True
    one_way = tags.get("oneway") in _ONE_WAY or tags.get("junction") == "roundabout"
    return True, not one_way


_OPENERS: Mapping[str, Callable[..., IO[Any]]] = {".osm": open, ".osm.gz": gzip.open, ".osm.bz2": bz2.open}
_CHUNK = 1 << 20
_OVERLAP = 256
_LARGEST_INFLATED = 8 << 30
# What OpenStreetMap's own reader would take without a word: document types, whose entities could swell to any size;
# coordinates such as 1e999, which it reads as 0; objects that an editor has marked deleted.
_REFUSED = {
    "road_doctype": re.compile(rb"<!DOCTYPE"),
    "road_coordinate": re.compile(rb"""\s(?:lat|lon)\s*=\s*(?:"(?!-?\d+(?:\.\d+)?")|'(?!-?\d+(?:\.\d+)?'))"""),
    "road_draft": re.compile(rb"""\saction\s*=\s*["']delete["']"""),
}


def _ending(path: Path) -> str:
    """Return the format of a file by its name, in lower case; raises when it is not there or of no known kind."""
    if not path.is_file():
        raise RoadError(Fault("file_missing", str(path)))
    name = path.name.lower()
    for ending in sorted(ENDINGS, key=len, reverse=True):
        if name.endswith(ending):
            return ending
    raise RoadError(Fault("road_ending", str(path), values={"endings": " ".join(ENDINGS)}))


def _gate_text(path: Path, ending: str) -> None:
    """Refuse XML that holds what must not be read; see `_REFUSED`."""
    read, tail = 0, b""
    try:
        with _OPENERS[ending](path, "rb") as stream:
            while chunk := stream.read(_CHUNK):
                read += len(chunk)
                text, tail = tail + chunk, chunk[-_OVERLAP:]
                code = next((code for code, pattern in _REFUSED.items() if pattern.search(text)), None)
                if code or read > _LARGEST_INFLATED:
                    raise RoadError(Fault(code or "road_too_large", str(path)))
    except (OSError, EOFError) as error:
        raise RoadError(Fault("road_unreadable", str(path), values={"reason": error})) from error


def _source(path: Path) -> osmium.io.File:
    """Check a road file and name its format, which its reader would not find in upper case."""
    ending = _ending(path)
    if ending in _OPENERS:
        _gate_text(path, ending)
    return osmium.io.File(str(path), ending.removeprefix(".").replace("osm.pbf", "pbf"))


def _read_ways(source: osmium.io.File, path: Path, mode: Mode) -> tuple[list[_Way], ReadingReport]:
    ways: dict[int, _Way] = {}
    other = deleted = repeated = 0
    moved: list[int] = []
    for way in osmium.FileProcessor(source, osmium.osm.WAY).with_filter(osmium.filter.KeyFilter("highway")):
        if way.deleted or not way.visible:
            deleted += 1
            continue
        tags = dict(way.tags)
        if not takes(tags, mode):
            other += 1
            continue
        refs = tuple(node.ref for node in way.nodes)
        if way.id in ways:
            repeated += 1
            if ways[way.id].refs != refs:
                moved.append(way.id)
        else:
            kind = ROAD_KINDS.index(_KINDS.get(tags["highway"], "minor"))
            ways[way.id] = _Way(way.id, refs, *directions(tags, mode), free_flow_kph(tags), kind)
    if moved:
        values = {"count": len(moved), "ids": ", ".join(map(str, moved[:5]))}
        raise RoadError(Fault("road_way_twice", str(path), values=values))
    ordered = [ways[way_id] for way_id in sorted(ways)]
    report = ReadingReport(ways_kept=len(ways), ways_other_mode=other, ways_deleted=deleted, ways_repeated=repeated)
    return ordered, report


@dataclass(frozen=True, eq=False)
class _Nodes:
    """Usable nodes by ascending id, ids of nodes without a place, and how many copies were passed over."""

    node_id: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    without_place: NDArray[np.int64]
    repeated: int


def _wanted_nodes(source: osmium.io.File, wanted: NDArray[np.int64]) -> Iterator[Any]:
    """Nodes of the file that some way asks for."""
    reader = osmium.FileProcessor(source, osmium.osm.NODE)
    if len(wanted) and wanted[0] >= 0:
        yield from reader.with_filter(osmium.filter.IdFilter(wanted.tolist()))
    else:  # drafts of an editor have negative ids, which the filter does not take
        ids = set(wanted.tolist())
        yield from (node for node in reader if node.id in ids)


def _read_nodes(source: osmium.io.File, path: Path, wanted: NDArray[np.int64]) -> _Nodes:
    found: list[tuple[int, float, float]] = []
    without_place: set[int] = set()
    for node in _wanted_nodes(source, wanted):
        if node.location.valid() and not node.deleted:
            found.append((node.id, node.location.lon, node.location.lat))
        else:
            without_place.add(node.id)
    found.sort()
    node_id = np.array([row[0] for row in found], dtype=np.int64)
    lon = np.array([row[1] for row in found], dtype=np.float64)
    lat = np.array([row[2] for row in found], dtype=np.float64)
    again = np.flatnonzero(node_id[1:] == node_id[:-1]) + 1
    moved = again[(lon[again] != lon[again - 1]) | (lat[again] != lat[again - 1])]
    if len(moved):
        ids = ", ".join(str(number) for number in node_id[moved[:5]])
        raise RoadError(Fault("road_node_twice", str(path), values={"count": len(moved), "ids": ids}))
    keep = np.ones(len(node_id), dtype=bool)
    keep[again] = False
    nowhere = np.array(sorted(without_place), dtype=np.int64)
    return _Nodes(node_id[keep], lon[keep], lat[keep], nowhere, len(again))


@dataclass(frozen=True, eq=False)
class _Segments:
    """Way segments with both ends present, by number of way and of node."""

    way: NDArray[np.int64]
    segment: NDArray[np.int32]
    u: NDArray[np.int64]
    v: NDArray[np.int64]


def _cut(ways: Sequence[_Way], nodes: _Nodes) -> tuple[_Segments, int, int]:
    """Cut ways into segments; also count references to absent nodes and segments from a node to itself."""
    node_id = nodes.node_id
    sizes = np.array([len(way.refs) for way in ways], dtype=np.int64)
    refs = np.fromiter((ref for way in ways for ref in way.refs), dtype=np.int64, count=int(sizes.sum()))
    way = np.repeat(np.arange(len(ways)), sizes)
    order = np.arange(len(refs)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    number = np.minimum(np.searchsorted(node_id, refs), max(len(node_id) - 1, 0))
    present = node_id[number] == refs if len(node_id) else np.zeros(len(refs), dtype=bool)
    joined = (way[1:] == way[:-1]) & present[1:] & present[:-1]
    still = joined & (refs[1:] == refs[:-1])
    start = np.flatnonzero(joined & ~still)
    segments = _Segments(way[start], order[start].astype(np.int32), number[start], number[start + 1])
    absent = ~present & ~np.isin(refs, nodes.without_place)
    return segments, int(absent.sum()), int(still.sum())


def _pieces(roads: Roads) -> NDArray[np.int64]:
    """Label of the weakly connected piece that each edge belongs to."""
    ties = coo_array((np.ones(roads.n_edges, dtype=np.int8), (roads.u, roads.v)), shape=(roads.n_nodes,) * 2)
    _, label = connected_components(ties, directed=False)
    return np.asarray(label, dtype=np.int64)[roads.u]


def _without_islands(roads: Roads, island_min_m: float) -> Roads:
    """Leave out pieces shorter than `island_min_m`; the longest one always stays."""
    labels, inverse = np.unique(_pieces(roads), return_inverse=True)
    total_mm = np.zeros(len(labels), dtype=np.int64)
    np.add.at(total_mm, inverse, roads.length_mm)
    stays = total_mm >= to_mm(island_min_m)
    stays[np.argmax(total_mm)] = True
    report = replace(roads.report, islands_dropped=int((~stays).sum()), islands_m=int(total_mm[~stays].sum()) / 1000)
    return _subset(roads, stays[inverse], report)


def _subset(roads: Roads, keep: NDArray[np.bool_], report: ReadingReport) -> Roads:
    """Keep some edges and the nodes that they use, renumbered."""
    used, inverse = np.unique(np.concatenate([roads.u[keep], roads.v[keep]]), return_inverse=True)
    ends: NDArray[np.int32] = inverse.astype(np.int32)
    count = int(keep.sum())
    return Roads(
        mode=roads.mode,
        node_id=roads.node_id[used],
        lon=roads.lon[used],
        lat=roads.lat[used],
        way_id=roads.way_id[keep],
        segment=roads.segment[keep],
        u=ends[:count],
        v=ends[count:],
        length_mm=roads.length_mm[keep],
        drive_ms=roads.drive_ms[keep],
        forward=roads.forward[keep],
        backward=roads.backward[keep],
        kind=roads.kind[keep],
        report=report,
    )


def _assemble(ways: Sequence[_Way], nodes: _Nodes, mode: Mode, drive_factor: float, report: ReadingReport) -> Roads:
    segments, missing, still = _cut(ways, nodes)
    u, v = segments.u, segments.v
    length_mm = great_circle_mm(nodes.lon[u], nodes.lat[u], nodes.lon[v], nodes.lat[v])
    apart = (nodes.lon[u] != nodes.lon[v]) | (nodes.lat[u] != nodes.lat[v])
    length_mm = np.where(apart, np.maximum(length_mm, 1), 0)
    of_way = segments.way
    kph = np.array([way.kph for way in ways])[of_way]
    if mode == "drive":
        drive_ms = np.rint(length_mm * 3.6 / (kph * drive_factor)).astype(np.int64)
    else:
        drive_ms = np.zeros(len(u), dtype=np.int64)
    report = replace(
        report,
        ways_too_short=len(ways) - len(np.unique(of_way)),
        nodes_missing=missing,
        nodes_without_place=len(nodes.without_place),
        nodes_repeated=nodes.repeated,
        segments_repeated_node=still,
    )
    return Roads(
        mode=mode,
        node_id=nodes.node_id,
        lon=nodes.lon,
        lat=nodes.lat,
        way_id=np.array([way.way_id for way in ways], dtype=np.int64)[of_way],
        segment=segments.segment,
        u=np.asarray(u, dtype=np.int32),
        v=np.asarray(v, dtype=np.int32),
        length_mm=length_mm,
        drive_ms=drive_ms,
        forward=np.array([way.forward for way in ways])[of_way],
        backward=np.array([way.backward for way in ways])[of_way],
        kind=np.array([way.kind for way in ways], dtype=np.uint8)[of_way],
        report=report,
    )


def read_roads(
    path: str | Path, mode: Mode = "walk", *, island_min_m: float = 1000.0, drive_factor: float = 0.7
) -> Roads:
    """Read the network of one mode from an OpenStreetMap file.

    Parameters
    ----------
    path
        ``.osm.pbf``, ``.osm``, ``.osm.gz`` or ``.osm.bz2``.
    mode
        ``walk`` (two-way everywhere) or ``drive`` (oneway respected).
    island_min_m
        Pieces that no road ties to the rest and that are shorter than this, in metres, are left out and counted.
    drive_factor
        Share of the free-flow speed that traffic leaves; driving times are divided by it.

    Returns
    -------
    roads
        The network; `Roads.report` counts what was left out.

    Raises
    ------
    RoadError
        If the file is missing, has an unknown ending, cannot be read to its end, declares a document type, holds a
        node twice at different places, or holds no road of the mode.
    """
    source = _source(Path(path))
    try:
        ways, report = _read_ways(source, Path(path), mode)
        wanted = np.unique(np.fromiter((ref for way in ways for ref in way.refs), dtype=np.int64))
        nodes = _read_nodes(source, Path(path), wanted)
    except (RuntimeError, OSError, ValueError, osmium.InvalidLocationError) as error:
        raise RoadError(Fault("road_unreadable", str(path), values={"reason": error})) from error
    roads = _assemble(ways, nodes, mode, drive_factor, report) if ways else None
    if roads is None or roads.n_edges == 0:
        raise RoadError(Fault("road_none", str(path), values={"mode": mode, "ways": report.ways_other_mode}))
    return _without_islands(roads, island_min_m)
