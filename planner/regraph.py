"""Ways between feet for `verify`: a networkx graph in whole numbers, cut where feet stand, and Dijkstra's searches.

A weight holds three figures in one whole number, so that one search decides by the first, then by the number of the
site, then by the second: ``first x 2**64 + site x 2**44 + second``. On foot the first is millimetres; on a drive
judged by time it is milliseconds and the second millimetres, else the other way round.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import networkx as nx

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
    from fractions import Fraction

    from planner.reroads import Segment, Streets
    from planner.resnap import Foot

FIRST, SITE = 1 << 64, 1 << 44
"""What the first figure and the number of the site are multiplied by in a weight."""

_ALL_SITES = "all sites"


class Reached(NamedTuple):
    """The way to a site: what decides, whole millimetres or milliseconds, and both figures as they are written."""

    site: str
    decides: int
    mm: int
    ms: int


@dataclass(frozen=True, eq=False)
class Ways:
    """A network cut at the feet of points and sites, seen from the sites; see the module for the weights.

    Attributes
    ----------
    graph
        networkx graph; on a drive its arcs run from the end of a street to its beginning. Edges have `cost` and
        `segment`, the number of the segment that they are a part of.
    streets, points, sites
        The network, and the feet by id.
    timed
        Whether time decides: by car, minutes.
    walk_kph
        The speed of access legs, and of those who walk, in km/h.
    """

    graph: Any
    streets: Streets
    points: Mapping[str, Foot]
    sites: Mapping[str, Foot]
    timed: bool
    walk_kph: Fraction

    def leg(self, foot: Foot) -> tuple[int, int]:
        """Return the deciding and the other figure of an access leg, which is walked."""
        ms = self.walked_ms(foot.leg_mm)
        return (ms, foot.leg_mm) if self.timed else (foot.leg_mm, 0 if self.streets.mode == "walk" else ms)

    def walked_ms(self, mm: int) -> int:
        """Whole milliseconds to walk some millimetres."""
        return round(mm * 3.6 / float(self.walk_kph))

    def _reached(self, site: str, first: int, second: int) -> Reached:
        if self.streets.mode == "walk":
            return Reached(site, first, first, self.walked_ms(first))
        return Reached(site, first, second, first) if self.timed else Reached(site, first, first, second)

    def nearest(self, sites: Iterable[str]) -> dict[str, Reached]:
        """Find the nearest of some sites for every point that a road leads to; of equal ones the lowest id."""
        ordered = sorted(site for site in sites if site in self.sites)
        for number, site in enumerate(ordered):
            foot = self.sites[site]
            first, second = self.leg(foot)
            cost = first * FIRST + number * SITE + second
            held = self.graph.get_edge_data(_ALL_SITES, foot.place, {"cost": cost})["cost"]
            self.graph.add_edge(_ALL_SITES, foot.place, cost=min(cost, held))
        if not ordered:
            return {}
        try:
            costs = nx.single_source_dijkstra_path_length(self.graph, _ALL_SITES, weight="cost")
        finally:
            self.graph.remove_node(_ALL_SITES)
        found = {}
        for point, foot in self.points.items():
            if foot.place in costs:
                first, second = self.leg(foot)
                cost = costs[foot.place] + first * FIRST + second
                found[point] = self._reached(ordered[cost % FIRST // SITE], cost // FIRST, cost % SITE)
        return found

    def within(self, site: str, limit: int) -> Iterator[tuple[str, Reached]]:
        """Find the points from which a site is reached within a limit in millimetres or milliseconds, and how."""
        foot = self.sites.get(site)
        if foot is None:
            return
        first, second = self.leg(foot)
        bound = (limit - first + 1) * FIRST
        if bound <= 0:
            return
        costs = nx.single_source_dijkstra_path_length(self.graph, foot.place, cutoff=bound, weight="cost")
        for place, cost in costs.items():
            for point in self._at.get(place, ()):
                near, other = self.leg(self.points[point])
                decides = cost // FIRST + first + near
                if decides <= limit:
                    yield point, self._reached(site, decides, cost % FIRST + second + other)

    @property
    def _at(self) -> Mapping[Hashable, Sequence[str]]:
        at: Mapping[Hashable, Sequence[str]] = self.graph.graph["points"]
        return at

    def route(self, point: str, site: str) -> list[tuple[Segment, int]]:
        """Return the way from a point to a site: each segment, or part of one, and its whole millimetres."""
        start, end = self.points[point].place, self.sites[site].place
        places = nx.dijkstra_path(self.graph, end, start, weight="cost")[::-1]
        steps = [self.graph.edges[later, earlier] for earlier, later in pairwise(places)]
        return [(self.streets.segments[step["segment"]], step["mm"]) for step in steps]


def _time_at(segment: Segment, at_mm: int) -> int:
    """Milliseconds from the beginning of a segment to a place on it: its part of the segment's, rounded half up."""
    return (2 * segment.ms * at_mm + segment.mm) // (2 * segment.mm) if segment.mm else 0


def _join(graph: Any, start: Hashable, end: Hashable, cost: int, segment: int, mm: int) -> None:
    """Add an arc; of parallel ones the least is kept."""
    held = graph.get_edge_data(start, end)
    if held is None or cost < held["cost"]:
        graph.add_edge(start, end, cost=cost, segment=segment, mm=mm)


def ways_of(
    streets: Streets, points: Mapping[str, Foot], sites: Mapping[str, Foot], *, timed: bool, walk_kph: Fraction
) -> Ways:
    """Cut a network at feet and weigh its parts; `timed` says that milliseconds of a drive decide."""
    cuts: dict[int, set[int]] = defaultdict(set)
    at: dict[Hashable, list[str]] = defaultdict(list)
    for foot in (*points.values(), *sites.values()):
        if isinstance(foot.place, tuple):
            cuts[foot.segment].add(foot.at_mm)
    for point, foot in points.items():
        at[foot.place].append(point)
    driven = streets.mode == "drive"
    graph: Any = nx.DiGraph(points=dict(at)) if driven else nx.Graph(points=dict(at))
    for number, segment in enumerate(streets.segments):
        marks = [0, *sorted(cuts.get(number, ())), segment.mm]
        places = [segment.a, *((number, mark) for mark in marks[1:-1]), segment.b]
        times = [0, *(_time_at(segment, mark) for mark in marks[1:-1]), segment.ms]
        for k, (start, end) in enumerate(pairwise(places)):
            mm, ms = marks[k + 1] - marks[k], times[k + 1] - times[k]
            cost = ms * FIRST + mm if timed else mm * FIRST + (ms if driven else 0)
            if not driven or segment.along:
                _join(graph, end, start, cost, number, mm)
            if driven and segment.against:
                _join(graph, start, end, cost, number, mm)
    graph.add_nodes_from(foot.place for foot in (*points.values(), *sites.values()))
    return Ways(graph, streets, points, sites, timed, walk_kph)
