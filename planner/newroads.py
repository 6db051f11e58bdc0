"""New roads in a network: drawn lines, and where they are joined to what is there.

An end of a line is joined to the nearest road within `END_M`, an inner vertex to the nearest within `VERTEX_M`; of the
other new lines to each within the same distance. Where the nearest road is an island, and the end is not drawn onto it,
the end is also joined to the nearest road that is none: a scrap of footway by the street does not end the way. Where
lines only cross, without a vertex on the other one, the one passes over the other. A single point is a gate: it is
joined to every road within `END_M`, to each part of it that hangs together within this distance.

A join is a segment of its own, straight from the vertex to its foot, at which the road is cut; a cut road is as long as
it was, to the millimetre.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from planner.alongside import in_plane
from planner.geodesy import project, segment_mm, unproject
from planner.groups import place_within
from planner.snapping import ON_NODE_MM, TIE_M
from planner.speeds import drive_ms

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from planner.alongside import Plane
    from planner.roads import Roads

    Whole = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

END_M = 20.0
"""How far an end of a new road may be from the road that it is joined to, in metres."""

VERTEX_M = 1.0
"""How far an inner vertex may be from a road that it lies on, in metres."""


@dataclass(frozen=True, eq=False)
class NewRoad:
    """A line, or a single point, that becomes part of a network.

    Attributes
    ----------
    lon, lat
        Vertices in WGS-84 degrees.
    kph
        Speed in km/h that counts, what traffic leaves of it; 0 on a network to walk on.
    kind
        Index into `planner.roads.ROAD_KINDS`.
    """

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    kph: float
    kind: int


class Join(NamedTuple):
    """Where a vertex of a new road is joined: the line and the vertex, the segment and its foot there."""

    line: int
    vertex: int
    edge: int
    position_mm: int
    lon: float
    lat: float


@dataclass(frozen=True, eq=False)
class Joined:
    """A network with new roads.

    Attributes
    ----------
    roads
        The network; each new road is a way of its own, with the ids above all others, its joins last.
    way_id
        Way of each new road.
    joins
        All joins; their segments are numbered on the network with the lines before it was cut.
    """

    roads: Roads
    way_id: Whole
    joins: tuple[Join, ...]


def with_new_roads(roads: Roads, island: Flags, lines: Sequence[NewRoad]) -> Joined:
    """Add new roads to a network; those that are there stay as long, and as quick, as they are.

    Parameters
    ----------
    roads
        The network, of one segment at least.
    island
        Whether each segment belongs to a piece that no road ties to the rest, too short to stay by itself.
    lines
        The new roads. The result is the same in any order of them, but for the ids of ways, nodes and segments.
    """
    whole, first_node, of_line = _with_lines(roads, lines)
    owner = np.append(np.full(roads.n_edges, -1), of_line)
    island = np.append(island, np.zeros(len(of_line), dtype=bool))
    joins = tuple(_joins(whole, owner, island, lines))
    cut, node = _cut(whole, joins)
    way_id = roads.way_id.max(initial=0) + 1 + np.arange(len(lines))
    return Joined(_with_connections(cut, way_id, lines, joins, first_node, node), way_id, joins)


def _with_lines(roads: Roads, lines: Sequence[NewRoad]) -> tuple[Roads, list[Whole], Whole]:
    """Add lines without joins; also return the node of each vertex of each line, and the line of each new segment.

    Vertices of one line at one place are one node: a ring is closed.
    """
    nodes, lon, lat, parts = [], [roads.lon], [roads.lat], []
    count = roads.n_nodes
    for line in lines:
        places, number = np.unique(np.column_stack([line.lon, line.lat]), axis=0, return_inverse=True)
        nodes.append(count + number.reshape(-1))
        lon.append(places[:, 0])
        lat.append(places[:, 1])
        count += len(places)
    for at, number in enumerate(nodes):
        parts.append(
            np.column_stack([np.full(len(number) - 1, at), np.arange(len(number) - 1), number[:-1], number[1:]])
        )
    of_line, segment, u, v = np.concatenate([np.empty((0, 4), dtype=np.int64), *parts]).T
    ids = roads.node_id.max(initial=0) + 1 + np.arange(count - roads.n_nodes)
    bare = replace(roads, node_id=np.append(roads.node_id, ids), lon=np.concatenate(lon), lat=np.concatenate(lat))
    way_id = roads.way_id.max(initial=0) + 1 + of_line
    return _appended(bare, lines, of_line, way_id, segment, u, v), nodes, of_line


def _appended(
    roads: Roads, lines: Sequence[NewRoad], of_line: Whole, way_id: Whole, segment: Whole, u: Whole, v: Whole
) -> Roads:
    """Append two-way segments, which have the speed and the kind of their line."""
    length_mm = segment_mm(roads.lon[u], roads.lat[u], roads.lon[v], roads.lat[v])
    kph = np.array([line.kph for line in lines], dtype=np.float64)[of_line]
    time_ms = drive_ms(length_mm, kph) if roads.mode == "drive" else np.zeros_like(length_mm)
    kind = np.array([line.kind for line in lines], dtype=np.uint8)[of_line]
    both = np.ones(len(u), dtype=bool)
    return replace(
        roads,
        way_id=np.append(roads.way_id, way_id),
        segment=np.append(roads.segment, segment.astype(np.int32)),
        u=np.append(roads.u, u.astype(np.int32)),
        v=np.append(roads.v, v.astype(np.int32)),
        length_mm=np.append(roads.length_mm, length_mm),
        drive_ms=np.append(roads.drive_ms, time_ms),
        forward=np.append(roads.forward, both),
        backward=np.append(roads.backward, both),
        kind=np.append(roads.kind, kind),
    )


# --- joins -------------------------------------------------------------------------------------------------------


def _joins(roads: Roads, owner: Whole, island: Flags, lines: Sequence[NewRoad]) -> Iterator[Join]:
    """Find where each vertex of each line is joined; the owner of a segment is its line, -1 in the file's roads."""
    plane = in_plane(roads)
    sizes = np.array([len(item.lon) for item in lines])
    line, vertex = np.repeat(np.arange(len(lines)), sizes), place_within(sizes)
    lon, lat = (np.concatenate([getattr(item, name) for item in lines]) for name in ("lon", "lat"))
    end = (vertex == 0) | np.append(line[1:] != line[:-1], True)
    points = shapely.points(*project(lon, lat, plane.epsg))
    which, edge = plane.tree.query(points, predicate="dwithin", distance=np.where(end, END_M, VERTEX_M))
    others = owner[edge] != line[which]
    which, edge = which[others], edge[others]
    apart = shapely.distance(points[which], plane.edges[edge])
    gate = sizes[line[which]] == 1
    # a vertex takes one join to all the file's roads together and one to each other line; a gate one to each part
    group = owner[edge] + 1
    group[gate] = _parts(roads, plane, points, which[gate], edge[gate])
    nearest = _nearest(which, group, edge, apart)
    astray = nearest[island[edge[nearest]] & (apart[nearest] > VERTEX_M) & ~gate[nearest]]
    stays = np.flatnonzero(np.isin(which, which[astray]) & (group == 0) & ~island[edge])
    chosen = np.append(nearest, stays[_nearest(which[stays], group[stays], edge[stays], apart[stays])])
    for at in chosen[np.lexsort((edge[chosen], which[chosen]))].tolist():
        of = int(which[at])
        yield _join(roads, plane, int(line[of]), int(vertex[of]), int(edge[at]), points[of])


def _nearest(which: Whole, group: Whole, edge: Whole, apart: Floats) -> Whole:
    """Find the nearest pair of each vertex and group; of several as near that of the first segment."""
    order = np.lexsort((edge, group, which))
    first = (np.diff(which[order], prepend=-1) != 0) | (np.diff(group[order], prepend=-1) != 0)
    number = np.cumsum(first) - 1
    least = np.minimum.reduceat(apart[order], np.flatnonzero(first))
    tied = np.flatnonzero(apart[order] <= least[number] + TIE_M)
    return order[tied[np.unique(number[tied], return_index=True)[1]]]


def _parts(roads: Roads, plane: Plane, points: NDArray[np.object_], which: Whole, edge: Whole) -> Whole:
    """Find which part of its way each segment near a gate belongs to, as a number.

    Segments of a way hang together at nodes within `END_M` of the gate: two arms of one that turns farther away do not.
    """
    pair, node = np.tile(np.arange(len(edge)), 2), np.append(roads.u[edge], roads.v[edge])
    near = shapely.distance(shapely.points(plane.x[node], plane.y[node]), points[which[pair]]) <= END_M
    pair, node = pair[near], node[near]
    meetings = np.column_stack([which[pair], roads.way_id[edge[pair]], node])
    _, number = np.unique(meetings, axis=0, return_inverse=True)
    ties = (np.ones(len(pair), dtype=np.int8), (pair, len(edge) + number.reshape(-1)))
    _, part = connected_components(coo_array(ties, shape=(len(edge) + len(pair),) * 2), directed=False)
    return part[: len(edge)].astype(np.int64)


def _join(roads: Roads, plane: Plane, line: int, vertex: int, edge: int, point: shapely.Point) -> Join:
    """Put the foot of a vertex on a segment, at the whole millimetre, or on the node within a millimetre of it."""
    street, length_mm = plane.edges[edge], int(roads.length_mm[edge])
    fraction = float(shapely.line_locate_point(street, point)) / street.length if street.length else 0.0
    position_mm = round(min(1.0, fraction) * length_mm)
    if min(position_mm, length_mm - position_mm) <= ON_NODE_MM:
        at_u = position_mm <= length_mm - position_mm
        node = (roads.u if at_u else roads.v)[edge]
        return Join(line, vertex, edge, 0 if at_u else length_mm, float(roads.lon[node]), float(roads.lat[node]))
    foot = shapely.line_interpolate_point(street, fraction, normalized=True)
    lon, lat = unproject([foot.x], [foot.y], plane.epsg)
    return Join(line, vertex, edge, position_mm, float(lon[0]), float(lat[0]))


# --- cuts --------------------------------------------------------------------------------------------------------


def _cut(roads: Roads, joins: Sequence[Join]) -> tuple[Roads, Mapping[tuple[int, int], int]]:
    """Cut segments where something is joined inside; also return the node at each segment and position."""
    node = {(j.edge, 0): int(roads.u[j.edge]) for j in joins}
    node |= {(j.edge, int(roads.length_mm[j.edge])): int(roads.v[j.edge]) for j in joins}
    inside: dict[tuple[int, int], tuple[float, float]] = {}
    for join in sorted(joins, key=lambda j: (j.lon, j.lat), reverse=True):  # of several in one place the westernmost
        if 0 < join.position_mm < roads.length_mm[join.edge]:
            inside[join.edge, join.position_mm] = join.lon, join.lat
    cuts = sorted(inside)
    node |= {cut: roads.n_nodes + number for number, cut in enumerate(cuts)}
    places = np.array([inside[cut] for cut in cuts], dtype=np.float64).reshape(-1, 2)
    edge, position_mm = np.array(cuts, dtype=np.int64).reshape(-1, 2).T
    return _pieces(roads, edge, position_mm, places), node


def _pieces(roads: Roads, edge: Whole, position_mm: Whole, places: Floats) -> Roads:
    """Cut segments at positions, which ascend; times are shared out by length, each position's rounded half up."""
    pieces = np.ones(roads.n_edges, dtype=np.int64)
    np.add.at(pieces, edge, 1)
    of = np.repeat(np.arange(roads.n_edges), pieces)
    piece = place_within(pieces)
    length, time_ms = roads.length_mm[edge], roads.drive_ms[edge]
    reached_ms = (2 * time_ms * position_mm + length) // (2 * length)
    inner = np.flatnonzero(piece > 0)  # the pieces that begin at a cut, in the order of the cuts
    cut_node = roads.n_nodes + np.arange(len(edge))
    start_mm, start_ms, u = np.zeros(len(of), np.int64), np.zeros(len(of), np.int64), roads.u[of].astype(np.int64)
    start_mm[inner], start_ms[inner], u[inner] = position_mm, reached_ms, cut_node
    end_mm, end_ms, v = roads.length_mm[of], roads.drive_ms[of], roads.v[of].astype(np.int64)
    end_mm[inner - 1], end_ms[inner - 1], v[inner - 1] = position_mm, reached_ms, cut_node
    before = np.cumsum(pieces - 1) - (pieces - 1)
    first = np.searchsorted(roads.way_id, roads.way_id)  # the first segment of each one's way
    ids = roads.node_id.max(initial=0) + 1 + np.arange(len(edge))
    return replace(
        roads,
        node_id=np.append(roads.node_id, ids),
        lon=np.append(roads.lon, places[:, 0]),
        lat=np.append(roads.lat, places[:, 1]),
        way_id=roads.way_id[of],
        segment=(roads.segment[of] + (before - before[first])[of] + piece).astype(np.int32),
        u=u.astype(np.int32),
        v=v.astype(np.int32),
        length_mm=end_mm - start_mm,
        drive_ms=end_ms - start_ms,
        forward=roads.forward[of],
        backward=roads.backward[of],
        kind=roads.kind[of],
    )


def _with_connections(
    roads: Roads,
    way_id: Whole,
    lines: Sequence[NewRoad],
    joins: Sequence[Join],
    vertex_node: Sequence[Whole],
    foot_node: Mapping[tuple[int, int], int],
) -> Roads:
    """Add the segment of every join, after the others of its way."""
    line = np.array([join.line for join in joins], dtype=np.int64)
    u = np.array([vertex_node[join.line][join.vertex] for join in joins], dtype=np.int64)
    v = np.array([foot_node[join.edge, join.position_mm] for join in joins], dtype=np.int64)
    last = {int(way): int(segment) for way, segment in zip(roads.way_id, roads.segment, strict=True)}
    taken = np.array([last.get(int(way), -1) + 1 for way in way_id[line]], dtype=np.int64)
    sizes = np.bincount(line, minlength=len(lines))
    segment = taken + place_within(sizes[sizes > 0]) if len(joins) else taken
    whole = _appended(roads, lines, line, way_id[line], segment, u, v)
    order = np.lexsort((whole.segment, whole.way_id))
    names = ("way_id", "segment", "u", "v", "length_mm", "drive_ms", "forward", "backward", "kind")
    return replace(whole, **{name: getattr(whole, name)[order] for name in names})
