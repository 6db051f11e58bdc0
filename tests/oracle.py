"""Travel by networkx: a second, slow and plain count of every figure of the road engine.

Written from the design alone: it shares no code with the engine, only the `Roads` record. Every edge that carries
feet is cut at them; a path is then an ordinary path between nodes of a graph with whole-number weights. A weight
holds two figures, the deciding one above the other: ``first * 2**40 + second``.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import networkx as nx
import numpy as np
import pyproj
import shapely

from planner.roads import ReadingReport, Roads

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    import geopandas as gpd

    from planner.terms import Measure, Mode

EARTH_RADIUS_M = 6_371_009.0
SECOND = 1 << 40
"""Above any figure of a path: 2**40 mm are a million km, 2**40 ms are 34 years."""


class Cost(NamedTuple):
    """What one way costs: whole millimetres and whole milliseconds."""

    mm: int
    ms: int


@dataclass(frozen=True)
class Foot:
    """Where a point touches the network; `place` names the node of the cut graph."""

    edge: int
    position_mm: int
    node: int
    access_mm: int

    @property
    def place(self) -> Hashable:
        """The node of the cut graph: a road node, or a cut of an edge."""
        return self.node if self.node >= 0 else (self.edge, self.position_mm)


def great_circle_mm(lon1: float, lat1: float, lon2: float, lat2: float) -> int:
    """Haversine distance in whole millimetres."""
    phi1, phi2 = math.radians(lat1), math.radians(lat2)
    half_lambda = (math.radians(lon2) - math.radians(lon1)) / 2
    haversine = math.sin((phi2 - phi1) / 2) ** 2 + math.cos(phi1) * math.cos(phi2) * math.sin(half_lambda) ** 2
    return round(2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, haversine))) * 1000)


def walk_ms(mm: int, walk_kph: float) -> int:
    """Milliseconds to walk some millimetres."""
    return round(mm * 3.6 / walk_kph)


def time_position(drive_ms: int, position_mm: int, length_mm: int) -> int:
    """Milliseconds from node u to a position on its edge: its share of the edge's time, half up."""
    return (2 * drive_ms * position_mm + length_mm) // (2 * length_mm) if length_mm else 0


@cache
def utm(lon: float, lat: float) -> Any:
    """Transformer from WGS-84 degrees to the UTM zone of a place."""
    zone = int((lon + 180) // 6) % 60 + 1
    return pyproj.Transformer.from_crs(4326, (32600 if lat >= 0 else 32700) + zone, always_xy=True)


class Snapper:
    """Nearest edges by looking at every edge around, in the UTM zone of the centre of the roads' box."""

    def __init__(self, roads: Roads) -> None:
        self.roads = roads
        self.utm = utm((roads.lon.min() + roads.lon.max()) / 2, (roads.lat.min() + roads.lat.max()) / 2)
        xy = np.column_stack(self.utm.transform(roads.lon, roads.lat))
        self.lines = shapely.linestrings(np.stack([xy[roads.u], xy[roads.v]], axis=1))
        self.boxes = shapely.bounds(self.lines)

    def _around(self, x: float, y: float, reach_m: float) -> Any:
        """Edges whose box comes within a reach of a place."""
        west, south, east, north = self.boxes.T
        across = (west <= x + reach_m) & (x - reach_m <= east)
        return np.flatnonzero(across & (south <= y + reach_m) & (y - reach_m <= north))

    def foot(self, lon: float, lat: float, snap_max_m: float) -> Foot | None:
        """Return the foot of a point, None where it is off the network."""
        x, y = self.utm.transform(lon, lat)
        point = shapely.Point(x, y)
        around = self._around(x, y, 1.1 * snap_max_m + 1)  # the plane and the globe differ by less than a tenth
        if not len(around):
            return None
        distance = shapely.distance(self.lines[around], point)
        tied = around[distance <= distance.min() + 0.001]
        edge = min(tied.tolist(), key=lambda e: (int(self.roads.way_id[e]), int(self.roads.segment[e])))
        line = self.lines[edge]
        along = shapely.line_locate_point(line, point)
        fraction = min(1.0, along / line.length) if line.length > 0 else 0.0
        on_line = shapely.line_interpolate_point(line, along)
        access = great_circle_mm(lon, lat, *self.utm.transform(on_line.x, on_line.y, direction="INVERSE"))
        if access > snap_max_m * 1000:
            return None
        length = int(self.roads.length_mm[edge])
        position = round(fraction * length)
        return Foot(edge, position, self._node(edge, position, length), access)

    def _node(self, edge: int, position: int, length: int) -> int:
        to_start, to_end = position, length - position
        if min(to_start, to_end) > 1:
            return -1
        return int(self.roads.u[edge] if to_start <= to_end else self.roads.v[edge])


def feet_of(roads: Roads, table: gpd.GeoDataFrame, key: str, snap_max_m: float) -> dict[str, Foot]:
    """Feet by id of the points of a table that are on the network."""
    snapper = Snapper(roads)
    points = zip(table[key].tolist(), table.geometry.tolist(), strict=True)
    found = {i: snapper.foot(p.x, p.y, snap_max_m) for i, p in points if p is not None}
    return {i: foot for i, foot in found.items() if foot is not None}


def cut_graph(roads: Roads, feet: Iterable[Foot]) -> Any:
    """Return the network with every edge cut at its feet; weights `distance` and `time` as the module says.

    Of parallel streets each weight is the least one.
    """
    cuts: dict[int, set[int]] = defaultdict(set)
    for foot in feet:
        if foot.node < 0:
            cuts[foot.edge].add(foot.position_mm)
    graph: Any = nx.Graph() if roads.mode == "walk" else nx.DiGraph()
    graph.add_nodes_from(range(roads.n_nodes))

    def join(start: Hashable, end: Hashable, mm: int, ms: int) -> None:
        held = graph.get_edge_data(start, end, default={})
        new = {"distance": mm * SECOND + ms, "time": ms * SECOND + mm}
        graph.add_edge(start, end, **{name: min(weight, held.get(name, weight)) for name, weight in new.items()})

    columns = zip(
        *(a.tolist() for a in (roads.u, roads.v, roads.length_mm, roads.drive_ms, roads.forward, roads.backward)),
        strict=True,
    )
    for edge, (u, v, length, drive_ms, forward, backward) in enumerate(columns):
        at = [0, *sorted(cuts.get(edge, ())), length]
        places = [u, *((edge, position) for position in at[1:-1]), v]
        times = [0, *(time_position(drive_ms, position, length) for position in at[1:-1]), drive_ms]
        for k, (start, end) in enumerate(pairwise(places)):
            mm, ms = at[k + 1] - at[k], times[k + 1] - times[k]
            if roads.mode == "walk" or forward:
                join(start, end, mm, ms)
            if roads.mode == "drive" and backward:
                join(end, start, mm, ms)
    return graph


class Oracle:
    """Every figure between some demand points and some sites on one network."""

    def __init__(
        self,
        roads: Roads,
        demand: gpd.GeoDataFrame | dict[str, Foot],
        sites: gpd.GeoDataFrame | dict[str, Foot],
        *,
        walk_kph: float = 4.0,
        snap_max_m: float = 500.0,
    ) -> None:
        """Take tables of points, or feet by id that are given, not found."""
        self.mode: Mode = roads.mode
        self.walk_kph = walk_kph
        self.demand, self.sites = (
            points if isinstance(points, dict) else feet_of(roads, points, key, snap_max_m)
            for key, points in (("demand_id", demand), ("site_id", sites))
        )
        self.graph = cut_graph(roads, [*self.demand.values(), *self.sites.values()])

    def pairs(self, measure: Measure, cutoff: float | None = None) -> dict[tuple[str, str], Cost]:
        """Cost of every pair that a road joins, within `cutoff` metres or seconds when given."""
        found = {}
        for demand_id, start in self.demand.items():
            reached = self._search(start, measure, cutoff)
            for site_id, end in self.sites.items():
                if end.place in reached:
                    found[demand_id, site_id] = self._cost(start, end, measure, reached[end.place])
        return found if cutoff is None else self.within(found, measure, cutoff)

    def within(
        self, pairs: Mapping[tuple[str, str], Cost], measure: Measure, cutoff: float
    ) -> dict[tuple[str, str], Cost]:
        """Those of some pairs that are within `cutoff` metres or seconds."""
        limit = self._limit(measure, cutoff)
        return {pair: cost for pair, cost in pairs.items() if self.decides(cost, measure) <= limit}

    def ranked(self, measure: Measure) -> dict[str, list[tuple[str, Cost]]]:
        """Sites that each demand point reaches, by deciding cost, then id."""
        order: dict[str, list[tuple[str, Cost]]] = defaultdict(list)
        by_rank = sorted(self.pairs(measure).items(), key=lambda row: (self.decides(row[1], measure), row[0]))
        for (demand_id, site_id), cost in by_rank:
            order[demand_id].append((site_id, cost))
        return dict(order)

    def nearest(self, measure: Measure) -> dict[str, tuple[str, Cost]]:
        """Site of least cost of every demand point that reaches any; the lowest id among equals."""
        return {demand_id: sites[0] for demand_id, sites in self.ranked(measure).items()}

    @cached_property
    def _arrivals(self) -> Any:
        """The network with every street turned round, and one node from which all sites are reached."""
        graph: Any = self.graph.copy()
        for foot in self.sites.values():
            graph.add_edge(foot.place, foot, distance=0, time=0)
            graph.add_edge(foot, "sites", distance=foot.access_mm * SECOND, time=self._leg_ms(foot) * SECOND)
        return graph.reverse(copy=False) if self.mode == "drive" else graph

    def least(self, measure: Measure) -> dict[str, int]:
        """Least deciding cost of every demand point to any site, by one search from all sites at once."""
        weight = "time" if self._timed(measure) else "distance"
        reached = nx.single_source_dijkstra_path_length(self._arrivals, "sites", weight=weight)
        return {
            i: reached[foot.place] // SECOND + self.leg(foot, measure)
            for i, foot in self.demand.items()
            if foot.place in reached
        }

    def _leg_ms(self, foot: Foot) -> int:
        return walk_ms(foot.access_mm, self.walk_kph)

    def leg(self, foot: Foot, measure: Measure) -> int:
        """Whole millimetres or milliseconds of an access leg, as costs are compared."""
        return self._leg_ms(foot) if self._timed(measure) else foot.access_mm

    def _timed(self, measure: Measure) -> bool:
        """Whether milliseconds decide: walking decides by millimetres even where minutes are asked."""
        return measure == "time" and self.mode == "drive"

    def decides(self, cost: Cost, measure: Measure) -> int:
        """Whole millimetres or milliseconds by which a cost is compared."""
        return cost.ms if self._timed(measure) else cost.mm

    def _search(self, start: Foot, measure: Measure, cutoff: float | None) -> dict[Hashable, int]:
        weight = "time" if self._timed(measure) else "distance"
        bound = None if cutoff is None else (math.floor(self._limit(measure, cutoff)) + 1) * SECOND
        lengths: dict[Hashable, int] = nx.single_source_dijkstra_path_length(
            self.graph, start.place, cutoff=bound, weight=weight
        )
        return lengths

    def _cost(self, start: Foot, end: Foot, measure: Measure, path: int) -> Cost:
        first, second = divmod(path, SECOND)
        mm = start.access_mm + end.access_mm + (second if self._timed(measure) else first)
        if self.mode == "walk":
            return Cost(mm, walk_ms(mm, self.walk_kph))
        leg_ms = self._leg_ms(start) + self._leg_ms(end)
        return Cost(mm, leg_ms + (first if self._timed(measure) else second))

    def _limit(self, measure: Measure, cutoff: float) -> Fraction:
        """Largest deciding cost within a cutoff in metres or seconds; decimals mean what they say."""
        exact = Fraction(str(cutoff)) * 1000
        if measure == "time" and self.mode == "walk":
            return exact * Fraction(str(self.walk_kph)) * 10 / 36
        return exact


class Segment(NamedTuple):
    """One edge of a hand-made network; `length_mm` None means the great circle's."""

    way_id: int
    u: int
    v: int
    forward: bool = True
    backward: bool = True
    kph: float = 36.0
    length_mm: int | None = None


def make_roads(mode: Mode, places: Sequence[tuple[float, float]], segments: Sequence[Segment]) -> Roads:
    """Build a network of a few nodes (lon, lat) and segments; nodes that no segment touches are left out."""
    used = sorted({n for s in segments for n in (s.u, s.v)})
    number = {n: k for k, n in enumerate(used)}
    count: dict[int, int] = defaultdict(int)
    rows = []
    for s in sorted(segments, key=lambda s: s.way_id):
        length = s.length_mm
        if length is None:
            same = places[s.u] == places[s.v]
            length = 0 if same else max(1, great_circle_mm(*places[s.u], *places[s.v]))
        drive_ms = round(length * 3.6 / s.kph) if mode == "drive" else 0
        both = mode == "walk"
        rows.append(
            (
                s.way_id,
                count[s.way_id],
                number[s.u],
                number[s.v],
                length,
                drive_ms,
                both or s.forward,
                both or s.backward,
            )
        )
        count[s.way_id] += 1
    way_id, segment, u, v, length_mm, drive, forward, backward = zip(*rows, strict=True)
    return Roads(
        mode=mode,
        node_id=np.array([n + 1 for n in used], dtype=np.int64),
        lon=np.array([places[n][0] for n in used]),
        lat=np.array([places[n][1] for n in used]),
        way_id=np.array(way_id, dtype=np.int64),
        segment=np.array(segment, dtype=np.int32),
        u=np.array(u, dtype=np.int32),
        v=np.array(v, dtype=np.int32),
        length_mm=np.array(length_mm, dtype=np.int64),
        drive_ms=np.array(drive, dtype=np.int64),
        forward=np.array(forward, dtype=np.bool_),
        backward=np.array(backward, dtype=np.bool_),
        kind=np.zeros(len(rows), dtype=np.uint8),
        report=ReadingReport(),
    )
