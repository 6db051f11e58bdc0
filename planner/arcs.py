"""A road network as the search kernels take it: arcs, and the ways between feet and nodes, with whole-number costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.roads import Feet, Roads
    from planner.terms import Measure

    Whole = NDArray[np.int64]


def walk_ms(length_mm: Whole, walk_kph: float) -> Whole:
    """Return the walking time in whole milliseconds of lengths in whole millimetres."""
    return np.asarray(np.rint(length_mm * 3.6 / walk_kph), dtype=np.int64)


def position_ms(roads: Roads, feet: Feet) -> Whole:
    """Driving time from node u to the foot: the position's share of the segment's time, rounded half up."""
    total, length = roads.drive_ms[feet.edge], roads.length_mm[feet.edge]
    return np.asarray((2 * total * feet.position_mm + length) // np.maximum(2 * length, 1), dtype=np.int64)


def effective(roads: Roads, measure: Measure) -> Measure:
    """Return what a search goes by: walking time follows distance, so a walk network is searched by distance."""
    return "distance" if roads.mode == "walk" else measure


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of variable length: offsets by key (shape n + 1) into a payload and two costs."""

    start: Whole
    payload: Whole
    first: Whole
    second: Whole

    @property
    def flat(self) -> tuple[Whole, Whole, Whole, Whole]:
        """The four arrays, as the kernels take them."""
        return self.start, self.payload, self.first, self.second

    @property
    def keys(self) -> Whole:
        """Key of each row."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))


def _table(key: Whole, n_keys: int, payload: Whole, costs: tuple[Whole, Whole]) -> Table:
    order = np.argsort(key, kind="stable")
    start = np.zeros(n_keys + 1, dtype=np.int64)
    np.cumsum(np.bincount(key, minlength=n_keys), out=start[1:])
    return Table(start, payload[order], costs[0][order], costs[1][order])


def _ordered(mm: Whole, ms: Whole, measure: Measure) -> tuple[Whole, Whole]:
    """Put the cost that decides first."""
    return (mm, ms) if measure == "distance" else (ms, mm)


def arcs_of(roads: Roads, measure: Measure, *, reverse: bool) -> Table:
    """Arcs by tail node, with the head as payload; reversed for searches that start at the sites."""
    tails, heads = (roads.v, roads.u) if reverse else (roads.u, roads.v)
    forward, backward = roads.forward, roads.backward
    tail = np.concatenate([tails[forward], heads[backward]]).astype(np.int64)
    head = np.concatenate([heads[forward], tails[backward]]).astype(np.int64)
    mm = np.concatenate([roads.length_mm[forward], roads.length_mm[backward]])
    ms = np.concatenate([roads.drive_ms[forward], roads.drive_ms[backward]])
    return _table(tail, roads.n_nodes, head, _ordered(mm, ms, measure))


@dataclass(frozen=True, eq=False)
class _Ends:
    """Ways between feet and nodes: item number, node, and the costs in millimetres and milliseconds."""

    item: Whole
    node: Whole
    mm: Whole
    ms: Whole


def _ends(roads: Roads, feet: Feet, *, leaving: bool) -> _Ends:
    """List how the feet leave for the nodes of their edge, or are arrived at from them."""
    to_u, to_v = (roads.backward, roads.forward) if leaving else (roads.forward, roads.backward)
    edge = feet.edge
    here_ms = position_ms(roads, feet)
    inside = (edge >= 0) & (feet.node < 0)
    on_node = np.flatnonzero((edge >= 0) & (feet.node >= 0))
    by_u = np.flatnonzero(inside & to_u[edge])
    by_v = np.flatnonzero(inside & to_v[edge])
    nothing = np.zeros(len(on_node), dtype=np.int64)
    beyond_mm = roads.length_mm[edge] - feet.position_mm
    beyond_ms = roads.drive_ms[edge] - here_ms
    return _Ends(
        item=np.concatenate([on_node, by_u, by_v]),
        node=np.concatenate([feet.node[on_node], roads.u[edge[by_u]], roads.v[edge[by_v]]]).astype(np.int64),
        mm=np.concatenate([nothing, feet.position_mm[by_u], beyond_mm[by_v]]),
        ms=np.concatenate([nothing, here_ms[by_u], beyond_ms[by_v]]),
    )


def _costs_at(ends: _Ends, feet: Feet, measure: Measure, walk_kph: float) -> tuple[Whole, Whole]:
    """Costs of ends with the access legs, which are walked, added."""
    legs_mm = feet.access_mm[ends.item]
    legs_ms = walk_ms(feet.access_mm, walk_kph)[ends.item]
    return _ordered(ends.mm + legs_mm, ends.ms + legs_ms, measure)


@dataclass(frozen=True, eq=False)
class Seeds:
    """Where searches from feet enter the network: nodes by foot, and the first cost of each access leg alone."""

    table: Table
    access: Whole


def seeds_of(roads: Roads, feet: Feet, measure: Measure, walk_kph: float, *, arriving: bool) -> Seeds:
    """Seeds of searches that run towards the feet (`arriving`, on reversed arcs) or away from them."""
    deciding = effective(roads, measure)
    ends = _ends(roads, feet, leaving=not arriving)
    table = _table(ends.item, len(feet), ends.node, _costs_at(ends, feet, deciding, walk_kph))
    return Seeds(table, _ordered(feet.access_mm, walk_ms(feet.access_mm, walk_kph), deciding)[0])


def stops_of(roads: Roads, feet: Feet, measure: Measure, walk_kph: float) -> Table:
    """Feet that may be left for each node, by node, with the costs from the point to the node."""
    ends = _ends(roads, feet, leaving=True)
    return _table(ends.node, roads.n_nodes, ends.item, _costs_at(ends, feet, effective(roads, measure), walk_kph))


def direct_of(roads: Roads, demand: Feet, sites: Feet, measure: Measure, walk_kph: float) -> Table:
    """Direct ways along an edge that holds a demand point's and a site's foot, by site, in the allowed direction."""
    d_inside = np.flatnonzero((demand.edge >= 0) & (demand.node < 0))
    s_inside = np.flatnonzero((sites.edge >= 0) & (sites.node < 0))
    by_edge = d_inside[np.argsort(demand.edge[d_inside], kind="stable")]
    left = np.searchsorted(demand.edge[by_edge], sites.edge[s_inside], side="left")
    count = np.searchsorted(demand.edge[by_edge], sites.edge[s_inside], side="right") - left
    site = np.repeat(s_inside, count)
    within = np.arange(len(site)) - np.repeat(np.cumsum(count) - count, count)
    point = by_edge[np.repeat(left, count) + within]
    ahead_mm = sites.position_mm[site] - demand.position_mm[point]
    ahead_ms = position_ms(roads, sites)[site] - position_ms(roads, demand)[point]
    edge = demand.edge[point]
    may = (ahead_mm == 0) | np.where(ahead_mm > 0, roads.forward[edge], roads.backward[edge])
    site, point = site[may], point[may]
    mm = np.abs(ahead_mm[may]) + sites.access_mm[site] + demand.access_mm[point]
    legs_ms = walk_ms(sites.access_mm[site], walk_kph) + walk_ms(demand.access_mm[point], walk_kph)
    costs = _ordered(mm, np.abs(ahead_ms[may]) + legs_ms, effective(roads, measure))
    return _table(site, len(sites), point, costs)
