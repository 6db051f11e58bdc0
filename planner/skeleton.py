"""A road network drawn together: chains of segments between junctions, for the searches, with every place kept exactly.

Two of three nodes of a street network only bend a street. A search over junctions alone finds the same costs in a
third of the steps; where a node or a foot lies on its chain is kept in whole millimetres and milliseconds, so nothing
is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from planner._chains import trace
from planner._curve import curve_order
from planner.groups import offsets, rows_of
from planner.roads import freeze

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.roads import Feet, Roads

    Whole = NDArray[np.int64]
    Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Skeleton:
    """Junctions and chains of a road network.

    A junction is a node where a street ends, forks, or changes the directions in which it may be travelled; of a ring
    without one, its lowest node. Junctions are numbered along a Hilbert curve: what is near on the ground is near in
    memory.

    Attributes
    ----------
    node
        Number of each junction in `Roads`, shape (n_junctions,).
    u, v
        Junctions at the ends of each chain, shape (n_chains,).
    length_mm, drive_ms
        Sums over the chain's segments.
    forward, backward
        Whether the chain may be travelled from u to v, and from v to u.
    start, edge
        Offsets by chain (n_chains + 1) into the segments of `Roads` in order from u.
    chain, flipped, offset_mm, offset_ms
        By segment of `Roads`: its chain, whether it points from v to u, and the costs from the chain's u to its nearer
        end.
    junction, at_chain, at_mm, at_ms
        By node of `Roads`: its junction number, or -1 and the chain and costs from the chain's u.
    """

    node: Whole
    u: Whole
    v: Whole
    length_mm: Whole
    drive_ms: Whole
    forward: Flags
    backward: Flags
    start: Whole
    edge: Whole
    chain: Whole
    flipped: Flags
    offset_mm: Whole
    offset_ms: Whole
    junction: Whole
    at_chain: Whole
    at_mm: Whole
    at_ms: Whole

    def __post_init__(self) -> None:
        freeze(self)

    @property
    def n_junctions(self) -> int:
        """Number of junctions."""
        return len(self.node)

    @property
    def n_chains(self) -> int:
        """Number of chains."""
        return len(self.u)

    @cached_property
    def _incident(self) -> tuple[Whole, Whole]:
        """Offsets by junction into the chains that begin or end there."""
        ends = np.concatenate([self.u, self.v])
        return offsets(ends, self.n_junctions), np.argsort(ends, kind="stable") % max(self.n_chains, 1)

    def chains_at(self, junctions: NDArray[Any]) -> Whole:
        """Chains that begin or end at any of some junctions; twice where they do both."""
        start, chains = self._incident
        rows = rows_of(start[junctions], start[junctions + 1] - start[junctions])
        return np.asarray(chains[rows], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Spots:
    """Places of feet on a skeleton.

    Attributes
    ----------
    chain
        Chain that the foot lies inside of; -1 on a junction or off the network.
    mm, ms
        Costs from the chain's u.
    junction
        Junction that the foot is on, else -1.
    access_mm
        Access leg in millimetres.
    """

    chain: Whole
    mm: Whole
    ms: Whole
    junction: Whole
    access_mm: Whole

    def __post_init__(self) -> None:
        freeze(self)

    def __len__(self) -> int:
        return len(self.chain)

    def take(self, rows: Whole) -> Spots:
        """Spots of some rows."""
        return Spots(self.chain[rows], self.mm[rows], self.ms[rows], self.junction[rows], self.access_mm[rows])


_made: WeakKeyDictionary[Roads, Skeleton] = WeakKeyDictionary()


def skeleton_of(roads: Roads) -> Skeleton:
    """Return the skeleton of a network; made once, and kept as long as the network."""
    found = _made.get(roads)
    if found is None:
        found = _made[roads] = _draw_together(roads)
    return found


def _ends_by_node(roads: Roads) -> tuple[Whole, Whole]:
    """Offsets by node into the segment ends there: twice the segment's number, plus one for its v end."""
    nodes = np.concatenate([roads.u, roads.v])
    order = np.argsort(nodes, kind="stable")
    return offsets(nodes, roads.n_nodes), np.where(order < roads.n_edges, 2 * order, 2 * (order - roads.n_edges) + 1)


def _passed_through(roads: Roads, start: Whole, ends: Whole) -> Flags:
    """Nodes that only join two segments of positive length which may be travelled alike."""
    two = np.flatnonzero(np.diff(start) == 2)  # noqa: PLR2004
    a, b = ends[start[two]], ends[start[two] + 1]

    def may(end: Whole, *, arrive: bool) -> Flags:
        at_v = (end & 1).astype(bool)
        ahead, back = roads.forward[end >> 1], roads.backward[end >> 1]
        return np.asarray(np.where(at_v == arrive, ahead, back), dtype=np.bool_)

    alike = (may(a, arrive=True) == may(b, arrive=False)) & (may(b, arrive=True) == may(a, arrive=False))
    # along a segment of length zero nobody could tell on which side of it a foot lies
    long = (roads.length_mm[a >> 1] > 0) & (roads.length_mm[b >> 1] > 0)
    passed = np.zeros(roads.n_nodes, dtype=np.bool_)
    passed[two] = (a >> 1 != b >> 1) & alike & long
    return passed


def _before(values: Whole, start: Whole) -> Whole:
    """Sum of the values that stand before each one in its group."""
    total = np.cumsum(values) - values
    return np.asarray(total - np.repeat(total[start[:-1]], np.diff(start)), dtype=np.int64)


def _draw_together(roads: Roads) -> Skeleton:
    node_start, ends = _ends_by_node(roads)
    start, begin, end, edge, flipped, inside = trace(
        roads.u, roads.v, node_start, ends, _passed_through(roads, node_start, ends)
    )
    junctions = np.flatnonzero(~inside)
    junctions = junctions[curve_order(roads.lon[junctions], roads.lat[junctions])]
    junction = np.full(roads.n_nodes, -1, dtype=np.int64)
    junction[junctions] = np.arange(len(junctions))
    before_mm, before_ms = _before(roads.length_mm[edge], start), _before(roads.drive_ms[edge], start)
    chain = np.repeat(np.arange(len(begin)), np.diff(start))
    by_edge = np.empty(len(edge), dtype=np.int64)
    by_edge[edge] = np.arange(len(edge))
    first, last = edge[start[:-1]], start[1:] - 1
    turned = flipped[start[:-1]]
    # every node passed through is where some segment that is not the first of its chain begins
    later = np.flatnonzero(before_mm > 0)
    met = np.where(flipped[later], roads.v[edge[later]], roads.u[edge[later]])
    at_chain, at_mm, at_ms = np.full(roads.n_nodes, -1), np.zeros(roads.n_nodes, int), np.zeros(roads.n_nodes, int)
    at_chain[met], at_mm[met], at_ms[met] = chain[later], before_mm[later], before_ms[later]
    return Skeleton(
        node=junctions,
        u=junction[begin],
        v=junction[end],
        length_mm=before_mm[last] + roads.length_mm[edge[last]],
        drive_ms=before_ms[last] + roads.drive_ms[edge[last]],
        forward=np.where(turned, roads.backward[first], roads.forward[first]),
        backward=np.where(turned, roads.forward[first], roads.backward[first]),
        start=start,
        edge=edge,
        chain=chain[by_edge],
        flipped=flipped[by_edge],
        offset_mm=before_mm[by_edge],
        offset_ms=before_ms[by_edge],
        junction=junction,
        at_chain=at_chain,
        at_mm=at_mm,
        at_ms=at_ms,
    )


def position_ms(roads: Roads, feet: Feet) -> Whole:
    """Driving time from node u to the foot: the position's share of the segment's time, rounded half up."""
    total, length = roads.drive_ms[feet.edge], roads.length_mm[feet.edge]
    return np.asarray((2 * total * feet.position_mm + length) // np.maximum(2 * length, 1), dtype=np.int64)


def spots_of(roads: Roads, feet: Feet) -> Spots:
    """Place feet on the skeleton of their network."""
    if not roads.n_edges:
        nowhere, nothing = np.full(len(feet), -1, dtype=np.int64), np.zeros(len(feet), dtype=np.int64)
        return Spots(chain=nowhere, mm=nothing, ms=nothing, junction=nowhere, access_mm=feet.access_mm)
    skeleton = skeleton_of(roads)
    on, on_node = feet.edge >= 0, (feet.edge >= 0) & (feet.node >= 0)
    edge, node = np.maximum(feet.edge, 0), np.maximum(feet.node, 0)
    here_ms = position_ms(roads, feet)
    back = skeleton.flipped[edge]
    mm = skeleton.offset_mm[edge] + np.where(back, roads.length_mm[edge] - feet.position_mm, feet.position_mm)
    ms = skeleton.offset_ms[edge] + np.where(back, roads.drive_ms[edge] - here_ms, here_ms)
    junction = np.where(on_node, skeleton.junction[node], -1)
    chain = np.where(on_node, skeleton.at_chain[node], skeleton.chain[edge])
    return Spots(
        chain=np.where(on & (junction < 0), chain, -1),
        mm=np.where(on_node, skeleton.at_mm[node], mm),
        ms=np.where(on_node, skeleton.at_ms[node], ms),
        junction=junction,
        access_mm=feet.access_mm,
    )
