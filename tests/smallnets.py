"""Small random networks with feet on them, and the engine's tables as whole figures.

Streets are drawn from corner to corner, so that what a search has to get right is common: chains of nodes that only
bend a street, rings, loops, parallel streets, dead ends, islands, segments of no length or of no time, one-way streets
and streets that change their directions on the way.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
from hypothesis import strategies as st
from shapely import Point

from oracle import Cost, Foot, Oracle, Segment, make_roads
from planner import network
from planner.roads import Feet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from decimal import Decimal

    import pandas as pd

    from planner.roads import Roads
    from planner.terms import Measure, Mode

WGS84 = "EPSG:4326"
TRAVEL_COLUMNS = ["demand_id", "site_id", "mode", "measure", "metres", "seconds"]
MEASURES: tuple[Measure, Measure] = ("distance", "time")
MODES: tuple[Mode, Mode] = ("walk", "drive")

# a lattice that is bent, so that every node has a place of its own
PLACES = [(9.51 + 0.0011 * (k % 7) + 0.0002 * (k % 5), 47.2 + 0.0008 * (k // 7) + 0.0001 * (k % 3)) for k in range(80)]
KPH = (7.0, 21.0, 36.0, 63.7, 144.0)
OFF_NETWORK = Foot(edge=-1, position_mm=0, node=-1, access_mm=700_000)


class Scale(NamedTuple):
    """Millimetres that segments and access legs may have."""

    lengths_mm: tuple[int, ...]
    legs_mm: tuple[int, ...]


USUAL = Scale((0, 1, 2, 3, 4, 7, 40_000, 100_000, 100_000, 250_000, 333_333), (0, 0, 1, 350, 20_000, 123_456))
TINY = Scale((0, 1, 2, 3, 4, 7, 10, 25, 60, 60), (0, 0, 1, 2, 5))
"""32 bits hold both costs of a drive."""
HUGE = Scale((0, 3, 700_000_000, 1_000_000_000, 1_000_000_000, 3_333_333_333), (0, 350, 123_456_789, 2_500_000_000))
"""32 bits hold the costs of no walk."""


class Piece(NamedTuple):
    """A segment of a street."""

    length_mm: int
    kph: float
    reversed: bool
    odd: bool


class Street(NamedTuple):
    """Segments in a row between two corners, and the directions in which they may be travelled."""

    start: int
    end: int
    ahead: bool
    back: bool
    pieces: list[Piece]


class Case(NamedTuple):
    """A network, and feet of demand and sites on it."""

    roads: Roads
    demand: list[Foot]
    sites: list[Foot]

    def oracle(self, walk_kph: float = 4.0) -> Oracle:
        """The figures by networkx."""
        return Oracle(self.roads, on_network("d", self.demand), on_network("s", self.sites), walk_kph=walk_kph)


def on_network(letter: str, feet: Sequence[Foot]) -> dict[str, Foot]:
    """Feet by id; those off the network have none."""
    return {f"{letter}{k:02d}": foot for k, foot in enumerate(feet) if foot.edge >= 0}


def record(feet: Sequence[Foot]) -> Feet:
    """Feet as the engine takes them."""
    edge, position_mm, node, access_mm = (
        np.array([getattr(foot, name) for foot in feet], dtype=np.int64)
        for name in ("edge", "position_mm", "node", "access_mm")
    )
    return Feet(edge, position_mm, node, access_mm, np.zeros(len(feet)), np.zeros(len(feet)))


def _segments(streets: Sequence[Street]) -> list[Segment]:
    """Segments of streets; the corners are the nodes 0 to 4, and the bends have the numbers above."""
    rows: list[Segment] = []
    bends = 5
    for street in streets:
        at = street.start
        for k, piece in enumerate(street.pieces):
            to = street.end if k == len(street.pieces) - 1 else bends
            bends += to == bends
            ways = [street.back, street.ahead] if piece.odd else [street.ahead, street.back]
            u, v = (to, at) if piece.reversed else (at, to)
            forward, backward = ways[::-1] if piece.reversed else ways
            rows.append(Segment(len(rows), u, v, forward, backward, piece.kph, piece.length_mm))
            at = to
    return rows


rarely = st.integers(0, 9).map(lambda k: k == 9)
corner = st.integers(0, 4)


@cache
def streets(lengths_mm: tuple[int, ...]) -> st.SearchStrategy[list[Street]]:
    """One to seven streets, each of one to four segments."""
    piece = st.builds(Piece, st.sampled_from(lengths_mm), st.sampled_from(KPH), st.booleans(), rarely)
    street = st.builds(
        lambda start, end, ways, pieces: Street(start, end, ways[0], ways[1], pieces),
        corner,
        corner,
        st.sampled_from([(True, True), (True, True), (True, False), (False, True)]),
        st.lists(piece, min_size=1, max_size=4),
    )
    return st.lists(street, min_size=1, max_size=7)


def twin(street: Street, *, as_quick: bool) -> Street:
    """A street beside another one: as long and not as quick, or as quick and not as long."""
    if as_quick:
        pieces = [p._replace(length_mm=2 * p.length_mm, kph=2 * p.kph) for p in street.pieces]
    else:
        pieces = [p._replace(kph=p.kph / 2) for p in street.pieces]
    return street._replace(pieces=pieces)


@st.composite
def networks(draw: st.DrawFn, *, modes: Sequence[Mode] = MODES, scale: Scale = USUAL) -> Roads:
    """A network of up to seven streets, and streets beside some; its nodes and segments are numbered in any order."""
    drawn = draw(streets(scale.lengths_mm))
    twins = [twin(street, as_quick=draw(st.booleans())) for street in drawn if draw(rarely)]
    rows = _segments([*drawn, *twins])
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    node, way = rng.permutation(len(PLACES)), rng.permutation(len(rows))
    shuffled = [row._replace(way_id=int(way[k]), u=int(node[row.u]), v=int(node[row.v])) for k, row in enumerate(rows)]
    return make_roads(draw(st.sampled_from(modes)), PLACES, shuffled)


def foot_at(roads: Roads, edge: int, position_mm: int, access_mm: int) -> Foot:
    """The foot at a place of a segment, as snapping puts it: on the node where one is within 1 mm."""
    length = int(roads.length_mm[edge])
    if position_mm <= min(1, length - position_mm):
        return Foot(edge, 0, int(roads.u[edge]), access_mm)
    if length - position_mm <= 1:
        return Foot(edge, length, int(roads.v[edge]), access_mm)
    return Foot(edge, position_mm, -1, access_mm)


@st.composite
def feet_on(draw: st.DrawFn, roads: Roads, *, scale: Scale = USUAL) -> list[Foot]:
    """Feet on a network: at nodes, near them, inside segments, several in one place; some off the network."""
    feet = []
    for _ in range(draw(st.integers(1, 5))):
        edge = draw(st.integers(-1 if draw(rarely) else 0, roads.n_edges - 1))
        length = int(roads.length_mm[edge])
        near = draw(st.sampled_from([0, 2, 3, 5, *(length * permille // 1000 for permille in (123, 400, 500, 871))]))
        position = min(near, length)
        if draw(st.booleans()):
            position = length - position
        leg = draw(st.sampled_from(scale.legs_mm))
        feet.append(foot_at(roads, edge, position, leg) if edge >= 0 else OFF_NETWORK)
    return feet


@st.composite
def cases(draw: st.DrawFn, *, modes: Sequence[Mode] = MODES, scale: Scale = USUAL) -> Case:
    """A network with feet of demand and sites."""
    roads = draw(networks(modes=modes, scale=scale))
    return Case(roads, draw(feet_on(roads, scale=scale)), draw(feet_on(roads, scale=scale)))


# --- Tables of the engine ------------------------------------------------------------------------------------


def at(start: tuple[float, float], end: tuple[float, float], fraction: float) -> Point:
    """A point along a straight street."""
    return Point(*(s + (e - s) * fraction for s, e in zip(start, end, strict=True)))


def table(key: str, points: Iterable[Any]) -> gpd.GeoDataFrame:
    """A table of points with ids d00, d01, … or s00, s01, …."""
    geometry = list(points)
    ids = [f"{key[0]}{k:02d}" for k in range(len(geometry))]
    return gpd.GeoDataFrame({key: ids}, geometry=geometry, crs=WGS84)


_ALL_DEMAND = table("demand_id", (Point(place) for place in PLACES[:5]))
_ALL_SITES = table("site_id", (Point(place) for place in PLACES[7:12]))


def tables(case: Case) -> dict[str, Any]:
    """The arguments by which the engine takes a case; its points are anywhere, for the feet are given."""
    return {
        "demand": _ALL_DEMAND.iloc[: len(case.demand)],
        "sites": _ALL_SITES.iloc[: len(case.sites)],
        "demand_feet": record(case.demand),
        "site_feet": record(case.sites),
    }


def costs(found: pd.DataFrame, mode: Mode, measure: Measure) -> dict[tuple[str, str], Cost]:
    """The rows of a travel table as whole figures, once their form is checked."""
    assert list(found.columns[: len(TRAVEL_COLUMNS)]) == TRAVEL_COLUMNS
    assert (found["mode"] == mode).all()
    assert (found["measure"] == measure).all()
    rows = {}
    columns = (found[name].tolist() for name in ("demand_id", "site_id", "metres", "seconds"))
    for demand_id, site_id, metres, seconds in zip(*columns, strict=True):
        cost = Cost(round(metres * 1000), round(seconds * 1000))
        assert (metres, seconds) == (cost.mm / 1000, cost.ms / 1000), "three decimals, exact"
        assert (demand_id, site_id) not in rows, "one row a pair"
        rows[demand_id, site_id] = cost
    return rows


def limit(measure: Measure, cutoff: Any) -> dict[str, Any]:
    """The cutoff as the engine takes it."""
    return {"cutoff_m" if measure == "distance" else "cutoff_s": cutoff}


def travel(roads: Roads, measure: Measure, cutoff: float | Decimal, **options: Any) -> dict[tuple[str, str], Cost]:
    """The travel table as whole figures."""
    return costs(network.travel(roads, **limit(measure, cutoff), **options), roads.mode, measure)


def ranking(roads: Roads, measure: Measure, count: int, **options: Any) -> dict[str, list[tuple[str, Cost]]]:
    """The nearest sites of every point, from the nearest on."""
    found = network.nearest(roads, measure=measure, count=count, **options)
    order: dict[str, list[tuple[str, Cost]]] = {}
    for (demand_id, site_id), cost in costs(found, roads.mode, measure).items():
        order.setdefault(demand_id, []).append((site_id, cost))
    if count > 1:
        assert found["rank"].tolist() == [k + 1 for sites in order.values() for k in range(len(sites))]
    assert list(order) == sorted(order), "sorted by demand_id"
    return order


def first(order: Mapping[str, list[tuple[str, Cost]]], count: int) -> dict[str, list[tuple[str, Cost]]]:
    """The first sites of every point."""
    return {demand_id: sites[:count] for demand_id, sites in order.items()}
