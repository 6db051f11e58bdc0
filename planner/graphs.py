"""OSMnx's street graphs into `Roads`, and `Roads` into street graphs, for users who live there.

A graph that comes in is counted by the same rules as a road file: great-circle lengths between vertices, driving times
of whole milliseconds, islands left out. One that goes out has what OSMnx 2.1 expects of an unsimplified street graph,
and comes back as the same `Roads`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from itertools import accumulate, groupby, product, zip_longest
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np

from planner.errors import Fault, PlannerError, RoadError
from planner.geodesy import segment_mm
from planner.graphfaults import Edge, Line, Place, each, edges_of, graph_faults, is_whole, kind_faults, places_of
from planner.osmfile import without_islands
from planner.osmways import kind_of
from planner.roads import ROAD_KINDS, ReadingReport, Roads
from planner.speeds import CLASS_KPH, OTHER, SLOWEST_KPH, drive_ms, way_kph, with_overrides
from planner.terms import Mode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import networkx as nx
    from numpy.typing import NDArray

    from planner.speeds import SpeedSource

_SEGMENT = re.compile(r"\d{1,9}", re.ASCII)


# --- Roads to graph ------------------------------------------------------------------------------------------


def to_graph(roads: Roads, *, drive_factor: float = 0.7) -> nx.MultiDiGraph:
    """Give a network as an unsimplified street graph, on which OSMnx's own functions run.

    Parameters
    ----------
    roads
        The network.
    drive_factor
        Share of the free-flow speed that traffic leaves, as it was when the roads were read.

    Returns
    -------
    graph
        Nodes by OSM id with ``x``, ``y`` and ``street_count``. One edge for each direction in which a segment may be
        travelled, with ``osmid`` (the way), ``segment`` (its number along the way), ``length`` in metres, ``oneway``,
        ``reversed`` (against the order of the way) and ``kind`` (one of `ROAD_KINDS`); on a drive network also
        ``travel_time``, the counted seconds, and ``speed_kph``, the free-flow speed that gives them.

    Raises
    ------
    PlannerError
        If networkx is not installed.
    """
    try:
        import networkx as nx  # noqa: PLC0415  (an extra: only who wants graphs needs it)
    except ImportError as error:
        raise PlannerError(Fault("graph_needs_networkx")) from error
    graph = nx.MultiDiGraph(crs="epsg:4326", simplified=False)
    graph.add_nodes_from(_graph_nodes(roads))
    graph.add_edges_from(_graph_edges(roads, drive_factor))
    return graph


def _graph_nodes(roads: Roads) -> Iterator[tuple[int, dict[str, Any]]]:
    streets = np.bincount(np.concatenate([roads.u, roads.v]), minlength=roads.n_nodes)
    columns = (roads.node_id, roads.lon, roads.lat, streets)
    for node, lon, lat, count in zip(*(column.tolist() for column in columns), strict=True):
        yield node, {"y": lat, "x": lon, "street_count": count}


def _graph_edges(roads: Roads, drive_factor: float) -> Iterator[tuple[int, int, dict[str, Any]]]:
    ends = zip(roads.node_id[roads.u].tolist(), roads.node_id[roads.v].tolist(), strict=True)
    columns = {
        "osmid": roads.way_id,
        "segment": roads.segment,
        "length": roads.length_mm / 1000,
        "oneway": roads.forward != roads.backward,
        "kind": np.array(ROAD_KINDS, dtype=object)[roads.kind],
    }
    if roads.mode == "drive":
        columns["speed_kph"] = _free_flow_kph(roads, drive_factor)
        columns["travel_time"] = roads.drive_ms / 1000
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    ways = zip(ends, rows, roads.forward.tolist(), roads.backward.tolist(), strict=True)
    for (u, v), row, forward, backward in ways:
        shared = dict(zip(columns, row, strict=True))
        if forward:
            yield u, v, {**shared, "reversed": False}
        if backward:
            yield v, u, {**shared, "reversed": True}


def _free_flow_kph(roads: Roads, drive_factor: float) -> NDArray[np.float64]:
    """Speeds that give the driving times back; one that was rounded to none stands for a quarter of a millisecond.

    A time that was rounded up may seem slower than the slowest road is driven, which gives the same time.
    """
    ms = np.where(roads.drive_ms > 0, roads.drive_ms, 0.25)
    kph = np.maximum(roads.length_mm * 3.6 / (ms * drive_factor), SLOWEST_KPH)
    return np.where(roads.length_mm > 0, kph, CLASS_KPH[OTHER])


# --- Graph to Roads ------------------------------------------------------------------------------------------


def from_graph(
    graph: nx.MultiDiGraph,
    mode: Mode,
    *,
    island_min_m: float = 1000.0,
    drive_factor: float = 0.7,
    class_kph: Mapping[str, float] | None = None,
) -> Roads:
    """Take a street graph of OSMnx, simplified or not, as a network of one mode. All its edges are taken.

    The vertices of an edge's ``geometry`` become nodes again, so that points find the true line. They get the ids below
    0 (below the graph's lowest, if that is negative): -1, -2, … in the order of the edges and along each, which no
    node of OpenStreetMap has. The two directions of a street become one edge. The segments of a way keep the numbers of
    the attribute ``segment`` where all have one, else they are numbered along the way; a ring starts at its lowest node
    id, for OSMnx does not tell where it did. Of the several ways of a simplified edge the lowest id counts, 0 where it
    has none. The order of the graph changes nothing.

    Lengths are great circles between vertices. A ``length`` that says otherwise is a fault: either it or the line is
    wrong, and figures would not tell which.

    Parameters
    ----------
    graph
        A ``MultiDiGraph`` in EPSG:4326, or an undirected ``MultiGraph`` without one-way streets.
    mode
        ``walk`` (two-way everywhere) or ``drive`` (directions as the graph has them).
    island_min_m, drive_factor, class_kph
        As in `planner.osmfile.read_roads`. Free-flow speeds are the edges' ``speed_kph``, where there is none those of
        ``maxspeed`` and ``highway``; where there are several, in a list or for the two directions, the slowest counts.
        A simplified edge does not tell which stretch a tag belongs to: its times may differ from the file's, its
        distances do not.

    Returns
    -------
    roads
        The network; `Roads.report` counts the ways, those with speeds by tags, and the islands left out.

    Raises
    ------
    RoadError
        If the graph is not of networkx's multigraphs, not in EPSG:4326, without edges, holds ids, places, lines,
        lengths, speeds or flags that are none, or is undirected with one-way streets where these matter.
    ValueError
        If the mode is neither of the two, or `class_kph` names no class, or a speed that is not believed.
    """
    if mode not in get_args(Mode):
        raise ValueError(f"mode is {mode!r}, not one of {get_args(Mode)}")
    if faults := kind_faults(graph):
        raise RoadError(*faults)
    places = places_of(graph)
    edges = edges_of(graph, places)
    if faults := graph_faults(graph, places, edges, mode):
        raise RoadError(*faults)
    speeds = with_overrides(class_kph or {})
    arcs = [arc for edge in edges for arc in _arcs(edge, speeds, graph.is_directed())]
    roads = _assemble(_in_order(_merged(arcs)), places, mode, drive_factor, _report(edges, arcs, mode))
    return without_islands(roads, island_min_m)


# --- Streets from directed edges -----------------------------------------------------------------------------


class _Street(NamedTuple):
    """What the two directions of a street have in common."""

    way_id: int
    segment: int
    u: int
    v: int
    inner: Line


class _Arc(NamedTuple):
    """One direction of a street, along the order of the way or against it; kind, and speed with its source."""

    street: _Street
    against: bool
    kind: int
    kph: float
    kph_from: SpeedSource | Literal["edge"]


class _Merged(NamedTuple):
    """A street with the directions in which it may be travelled."""

    street: _Street
    forward: bool
    backward: bool
    kind: int
    kph: float


def _ways(data: Mapping[str, Any]) -> tuple[int, ...]:
    """Ids of the ways behind an edge, none for one drawn by hand."""
    return () if data.get("osmid") is None else tuple(int(way) for way in each(data["osmid"]))


def _segment(data: Mapping[str, Any]) -> int:
    """Read the number of a segment along its way, -1 where the graph does not tell; OSMnx loads it as text."""
    value = data.get("segment")
    told = _SEGMENT.fullmatch(str(value)) if isinstance(value, str) or is_whole(value) else None
    return int(told[0]) if told else -1


def _texts(data: Mapping[str, Any], name: str) -> list[str]:
    """List the values of an attribute that holds an OpenStreetMap tag, as text."""
    return [str(value) for value in each(data.get(name)) if value is not None]


def _kind(data: Mapping[str, Any]) -> int:
    """Class of the drawn base map, the largest of several."""
    named = [kind for kind in _texts(data, "kind") if kind in ROAD_KINDS]
    kinds = named or [kind_of(highway) for highway in _texts(data, "highway")] or ["minor"]
    return min(ROAD_KINDS.index(kind) for kind in kinds)


def _kph(data: Mapping[str, Any], class_kph: Mapping[str, float]) -> tuple[float, SpeedSource | Literal["edge"]]:
    """Free-flow speed of an edge, the slowest that its attributes allow, and where it comes from."""
    given = [float(kph) for kph in each(data.get("speed_kph")) if kph is not None]
    if given:
        return min(given), "edge"
    limits: list[str] | list[None] = _texts(data, "maxspeed") or [None]
    tags = product(_texts(data, "highway") or [OTHER], limits)
    return min(way_kph(highway, maxspeed, class_kph) for highway, maxspeed in tags)


def _arcs(edge: Edge, class_kph: Mapping[str, float], directed: bool) -> Iterator[_Arc]:  # noqa: FBT001
    """Directions of travel of an edge.

    Where the graph does not tell the order of the way (an undirected graph, a simplified edge of ways that run in
    different directions), a street runs from the lower node id to the higher, and a ring along the line that sorts
    first.
    """
    u, v, line = int(edge.u), int(edge.v), edge.line or ()
    flags = set(each(edge.data.get("reversed")))
    if directed and len(flags) == 1 and None not in flags:
        against = bool(flags.pop())
    else:
        against = (v, u, line[::-1]) < (u, v, line)
    if against:
        u, v, line = v, u, line[::-1]
    street = _Street(min(_ways(edge.data), default=0), _segment(edge.data), u, v, line[1:-1])
    for direction in [against] if directed else [against, not against]:
        yield _Arc(street, direction, _kind(edge.data), *_kph(edge.data, class_kph))


def _report(edges: Sequence[Edge], arcs: Sequence[_Arc], mode: Mode) -> ReadingReport:
    """Count the ways, and on a drive network where their speeds come from, unless the edges have their own."""
    ways = {way for edge in edges for way in _ways(edge.data)}
    sources = {(arc.street.way_id, arc.kph_from) for arc in arcs if mode == "drive" and arc.kph_from != "edge"}
    counts = Counter(f"speed_{source}" for _, source in sources)
    return ReadingReport(ways_kept=len(ways), **counts)


def _merged(arcs: Iterable[_Arc]) -> list[_Merged]:
    """Put the two directions of every street together; of several alike, the first with the first."""
    directions: dict[_Street, tuple[list[_Arc], list[_Arc]]] = defaultdict(lambda: ([], []))
    for arc in arcs:
        directions[arc.street][arc.against].append(arc)
    merged = []
    for street, (aheads, backs) in sorted(directions.items()):
        for ahead, back in zip_longest(sorted(aheads), sorted(backs)):
            pair = [arc for arc in (ahead, back) if arc is not None]
            kind, kph = min(arc.kind for arc in pair), min(arc.kph for arc in pair)
            merged.append(_Merged(street, ahead is not None, back is not None, kind, kph))
    return merged


def _in_order(streets: Iterable[_Merged]) -> list[_Merged]:
    """Order streets by way, and within it by their numbers where all have one of their own, else along it.

    Those numbers stay unless vertices cut a street of the way; else each street gets that of its first piece, from 0.
    """
    ordered = []
    for _, group in groupby(streets, key=lambda row: row.street.way_id):
        way = list(group)
        numbers = {row.street.segment for row in way}
        told = len(numbers) == len(way) and min(numbers) >= 0
        if not told:
            way = _along(way)
        if not told or any(row.street.inner for row in way):
            first = accumulate((len(row.street.inner) + 1 for row in way[:-1]), initial=0)
            way = [row._replace(street=row.street._replace(segment=k)) for row, k in zip(way, first, strict=True)]
        ordered += way
    return ordered


def _along(way: Sequence[_Merged]) -> list[_Merged]:
    """Order the streets of a way as one walk over all of them, as long as there is one (Hierholzer's algorithm).

    It starts where more streets leave than arrive, in a ring at the lowest node id.
    """
    leaving: dict[int, list[_Merged]] = defaultdict(list)
    surplus: Counter[int] = Counter()
    for row in reversed(way):
        leaving[row.street.u].append(row)
        surplus.update({row.street.u: 1})
        surplus.subtract({row.street.v: 1})
    ordered = []
    for start in sorted(leaving, key=lambda node: (-surplus[node], node)):
        backwards, at = [], [(start, way[0])]
        while at:
            node, row = at[-1]
            if leaving[node]:
                ahead = leaving[node].pop()
                at.append((ahead.street.v, ahead))
            else:
                at.pop()
                backwards.append(row)
        ordered += backwards[-2::-1]  # the last one only stands for the start
    return ordered


def _assemble(
    streets: Sequence[_Merged],
    places: Mapping[int, Place],
    mode: Mode,
    drive_factor: float,
    report: ReadingReport,
) -> Roads:
    inner = np.array([len(row.street.inner) for row in streets])
    node_id, lon, lat = _nodes(streets, places)
    u, v = _pieces(streets, node_id, inner)
    of_street = np.repeat(np.arange(len(streets)), inner + 1)
    length_mm = segment_mm(lon[u], lat[u], lon[v], lat[v])
    kph = np.array([row.kph for row in streets])[of_street]
    first_piece = np.cumsum(inner + 1) - inner - 1
    first_segment = np.array([row.street.segment for row in streets])
    segment = (first_segment - first_piece)[of_street] + np.arange(len(u))
    return Roads(
        mode=mode,
        node_id=node_id,
        lon=lon,
        lat=lat,
        way_id=np.array([row.street.way_id for row in streets], dtype=np.int64)[of_street],
        segment=segment.astype(np.int32),
        u=u.astype(np.int32),
        v=v.astype(np.int32),
        length_mm=length_mm,
        drive_ms=drive_ms(length_mm, kph * drive_factor) if mode == "drive" else np.zeros_like(length_mm),
        forward=np.array([mode == "walk" or row.forward for row in streets])[of_street],
        backward=np.array([mode == "walk" or row.backward for row in streets])[of_street],
        kind=np.array([row.kind for row in streets], dtype=np.uint8)[of_street],
        report=report,
    )


def _nodes(
    streets: Sequence[_Merged], places: Mapping[int, Place]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Ids and places of all nodes by ascending id: vertices from the last to the first, then the graph's own."""
    ids = sorted(int(node) for node in places)
    vertices = [place for row in reversed(streets) for place in reversed(row.street.inner)]
    below = min(0, ids[0]) - np.arange(len(vertices), 0, -1)
    lon, lat = np.array([*vertices, *(places[node] for node in ids)]).T
    return np.concatenate([below, np.array(ids, dtype=np.int64)]), lon, lat


def _pieces(
    streets: Sequence[_Merged], node_id: NDArray[np.int64], inner: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Node numbers of both ends of every piece between vertices, in the order of the streets and along each."""
    last = np.cumsum(inner + 2) - 1
    first = last - inner - 1
    along = np.zeros(last[-1] + 1, dtype=np.int64)
    is_vertex = np.ones(len(along), dtype=bool)
    is_vertex[first] = is_vertex[last] = False
    along[is_vertex] = np.arange(inner.sum())[::-1]
    along[first] = np.searchsorted(node_id, [row.street.u for row in streets])
    along[last] = np.searchsorted(node_id, [row.street.v for row in streets])
    leaving = np.ones(len(along), dtype=bool)
    leaving[last] = False
    at = np.flatnonzero(leaving)
    return along[at], along[at + 1]
