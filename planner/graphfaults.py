"""A street graph as it stands: places of its nodes, lines of its edges, and everything that can be wrong with them.

Nothing is guessed: a GraphML file that was not read by OSMnx has text where numbers belong, and is refused.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyproj
import shapely

from planner.errors import Fault
from planner.geodesy import great_circle_m
from planner.speeds import SLOWEST_KPH

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import networkx as nx

    from planner.terms import Mode

LENGTH_SLACK = 0.01
LENGTH_SLACK_M = 1.0
"""How far an edge's ``length`` may be from that of its line: by this share of it and these metres.

Ellipsoids, projections and rounding stay within them; a line without its bends, or a length set by hand, does not.
"""

JOINT_DEG = 1e-5
"""A line ends at a node when it is no more than this many degrees off, about a metre."""

NAMED = 5
"""Nodes or edges that a fault names; the rest are counted."""

_LARGEST_ID = 1 << 62
_LARGEST = 1e9
_WHOLE = (int, np.integer)
_NUMBERS = (int, float, np.integer, np.floating)

Place = tuple[float, float]
"""Longitude and latitude in WGS-84 degrees."""

Line = tuple[Place, ...]


class Edge(NamedTuple):
    """An edge as the graph has it.

    Attributes
    ----------
    u, v, key, data
        As networkx gives them.
    line
        Places of its nodes with the vertices between them; None where the graph holds no such line.
    """

    u: Any
    v: Any
    key: Any
    data: Mapping[str, Any]
    line: Line | None

    @property
    def name(self) -> str:
        """The edge as one asks the graph for it."""
        return f"({self.u!r}, {self.v!r}, {self.key!r})"


def each(value: Any) -> tuple[Any, ...]:
    """Values of an attribute: an edge of a simplified graph may have a list of them."""
    return tuple(value) if isinstance(value, (list, tuple, set)) else (value,)


def is_whole(value: Any) -> bool:
    """Whether a value is a whole number that fits an id."""
    return isinstance(value, _WHOLE) and not isinstance(value, bool) and abs(int(value)) <= _LARGEST_ID


def _is_number(value: Any) -> bool:
    return isinstance(value, _NUMBERS) and not isinstance(value, bool)


def _is_place(lon: Any, lat: Any) -> bool:
    return _is_number(lon) and _is_number(lat) and -180 <= lon <= 180 and -90 <= lat <= 90  # noqa: PLR2004  (degrees)


def _is_amount(value: Any, least: float = 0.0) -> bool:
    """Whether a value is a number of metres or km/h that whole millimetres and milliseconds can hold."""
    return _is_number(value) and least <= value <= _LARGEST


def _is_wgs84(crs: Any) -> bool:
    try:
        return bool(pyproj.CRS.from_user_input(crs).equals(pyproj.CRS.from_epsg(4326), ignore_axis_order=True))
    except pyproj.exceptions.CRSError:
        return False


def places_of(graph: nx.MultiDiGraph) -> dict[Any, Place]:
    """Places of the nodes that have one."""
    return {
        node: (float(data["x"]), float(data["y"]))
        for node, data in graph.nodes(data=True)
        if _is_place(data.get("x"), data.get("y"))
    }


def edges_of(graph: nx.MultiDiGraph, places: Mapping[Any, Place]) -> list[Edge]:
    """All edges with their lines."""
    return [
        Edge(u, v, key, data, _line(data.get("geometry"), places.get(u), places.get(v)))
        for u, v, key, data in graph.edges(keys=True, data=True)
    ]


def _line(geometry: Any, start: Place | None, end: Place | None) -> Line | None:
    """Vertices from node to node; a line drawn the other way is turned round."""
    if start is None or end is None:
        return None
    if geometry is None:
        return start, end
    if getattr(geometry, "geom_type", "") != "LineString":
        return None
    vertices: list[Place] = [(x, y) for x, y in shapely.get_coordinates(geometry).tolist()]
    if not vertices or not all(_is_place(*vertex) for vertex in vertices):
        return None
    for drawn in (vertices, vertices[::-1]):
        if _meet(drawn[0], start) and _meet(drawn[-1], end):
            return start, *drawn[1:-1], end
    return None


def _meet(one: Place, other: Place) -> bool:
    return abs(one[0] - other[0]) <= JOINT_DEG and abs(one[1] - other[1]) <= JOINT_DEG


def kind_faults(graph: Any) -> list[Fault]:
    """Whether something is no multigraph of networkx, told by its methods; if so, nothing else can be asked of it."""
    if hasattr(type(graph), "is_multigraph") and graph.is_multigraph():
        return []
    return [Fault("graph_kind", values={"kind": type(graph).__name__})]


def graph_faults(graph: nx.MultiDiGraph, places: Mapping[Any, Place], edges: Sequence[Edge], mode: Mode) -> list[Fault]:
    """Everything wrong with a multigraph; places in another reference system mean nothing, and are not judged.

    Parameters
    ----------
    graph
        The graph.
    places, edges
        What `places_of` and `edges_of` found in it.
    mode
        ``drive`` asks which way a one-way street runs, which an undirected graph does not tell.
    """
    crs = graph.graph.get("crs")
    found = [] if _is_wgs84(crs) else [Fault("graph_crs", values={"crs": crs})]
    if not edges:
        found.append(Fault("graph_empty"))
    found += _named("graph_node_id", [repr(node) for node in graph.nodes if not is_whole(node)])
    if _is_wgs84(crs):
        lost = [edge.name for edge in edges if edge.line is None and edge.u in places and edge.v in places]
        found += _named("graph_place", [repr(node) for node in graph.nodes if node not in places])
        found += _named("graph_line", lost)
        found += _named("graph_length", _misfits(edges))
    rules = dict(_RULES)
    if mode == "walk" or graph.is_directed():
        del rules["graph_undirected"]
    for code, holds in rules.items():
        found += _named(code, [edge.name for edge in edges if not holds(edge.data)])
    return found


def _has_ways(data: Mapping[str, Any]) -> bool:
    return data.get("osmid") is None or all(is_whole(way) for way in each(data["osmid"]))


def _has_flags(data: Mapping[str, Any]) -> bool:
    return all(flag is None or isinstance(flag, (bool, np.bool_)) for flag in each(data.get("reversed")))


def _has_amounts(data: Mapping[str, Any]) -> bool:
    speeds = (kph is None or _is_amount(kph, SLOWEST_KPH) for kph in each(data.get("speed_kph")))
    return all(speeds) and (data.get("length") is None or _is_amount(data["length"]))


def _is_two_way(data: Mapping[str, Any]) -> bool:
    return not any(each(data.get("oneway")))


_RULES: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "graph_way": _has_ways,
    "graph_reversed": _has_flags,
    "graph_amount": _has_amounts,
    "graph_undirected": _is_two_way,
}


def _named(code: str, names: Sequence[str]) -> list[Fault]:
    """One fault for all that are wrong in one way, with the names of the first."""
    return [Fault(code, values={"count": len(names), "names": ", ".join(names[:NAMED])})] if names else []


def _misfits(edges: Sequence[Edge]) -> list[str]:
    """Name the edges whose ``length`` is not that of their line, with both."""
    told = [(edge, edge.line) for edge in edges if edge.line and _is_amount(edge.data.get("length"))]
    if not told:
        return []
    lon, lat = np.array(list(chain.from_iterable(line for _, line in told))).T
    steps_m = great_circle_m(lon[:-1], lat[:-1], lon[1:], lat[1:])
    ends = np.cumsum([len(line) for _, line in told])
    steps_m[ends[:-1] - 1] = 0.0  # from the end of one line to the start of the next
    line_m = np.add.reduceat(steps_m, np.concatenate([[0], ends[:-1]]))
    length_m = np.array([edge.data["length"] for edge, _ in told], dtype=np.float64)
    wrong = np.flatnonzero(np.abs(length_m - line_m) > LENGTH_SLACK_M + LENGTH_SLACK * line_m)
    return [f"{told[k][0].name}: {length_m[k]:.1f} m, {line_m[k]:.1f} m" for k in wrong.tolist()]
