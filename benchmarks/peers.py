"""The peers: the same bounded search by other libraries, each on the contracted graph and in the best node order.

All get the junctions in Hilbert order and the shortest of parallel chains. Each returns what it returns at its best: a
dict, a frame, lists of pairs, sparse rows; turning that into arrays to compare is not timed.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from measure import differ
from planner.searches import junctions_within
from planner.skeleton import skeleton_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from planner.roads import Feet, Roads
    from planner.searches import Found

    Whole = NDArray[np.int64]
    Reached = list[tuple[Whole, Whole]]

BATCH = 32
"""Sources that scipy searches from at once: a row of the whole graph for each."""

TRUNCATED_M = 0.0001
"""Added to each length for pandana, which cuts off what is beyond a millimetre: 1.001 m would be 1.000 m."""


@dataclass(frozen=True, eq=False)
class Contracted:
    """The contracted graph: junctions in Hilbert order, two-way, the shortest of parallel chains, no loops.

    Attributes
    ----------
    lon, lat
        WGS-84 degrees by junction.
    u, v, mm
        Ends and length in millimetres of each edge, ``u < v``.
    """

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    u: Whole
    v: Whole
    mm: Whole


@dataclass(frozen=True, eq=False)
class Peer:
    """A library that searches.

    Attributes
    ----------
    search
        Takes sources and a limit in millimetres; this is timed.
    reached
        Turns what `search` returns into junctions and millimetres by source.
    """

    search: Callable[[Whole, int], Any]
    reached: Callable[[Any, Whole], Reached]


def installed(name: str) -> Any:
    """Return a library of the `bench` extra, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def contracted(roads: Roads) -> Contracted:
    """Return the contracted graph of a walk network."""
    skeleton = skeleton_of(roads)
    edges = shortest_only(skeleton.u, skeleton.v, skeleton.length_mm)
    return Contracted(roads.lon[skeleton.node], roads.lat[skeleton.node], *edges)


def shortest_only(u: NDArray[Any], v: NDArray[Any], mm: Whole) -> tuple[Whole, Whole, Whole]:
    """Return edges without loops and without longer parallels, ``u < v``."""
    low, high = np.minimum(u, v).astype(np.int64), np.maximum(u, v).astype(np.int64)
    order = np.lexsort((mm, high, low))
    order = order[low[order] != high[order]]
    low, high = low[order], high[order]
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    return low[first], high[first], mm[order][first]


def all_peers(graph: Contracted) -> tuple[dict[str, Peer], list[str]]:
    """Set up every peer that is installed; also name those that are not."""
    makers = {"networkx": networkx_peers, "pandana": pandana_peers}
    peers = {"scipy, batches of 32": scipy_peer(graph)}
    missing = []
    for name, make in makers.items():
        library = installed(name)
        if library is None:
            missing.append(name)
        else:
            peers.update(make(library, graph))
    return peers, missing


def scipy_peer(graph: Contracted) -> Peer:
    """Return scipy's search, by batches of sources."""
    matrix = matrix_of(len(graph.lon), graph.u, graph.v, graph.mm)

    def search(sources: Whole, limit_mm: int) -> list[tuple[NDArray[Any], ...]]:
        parts: list[tuple[NDArray[Any], ...]] = []
        for low in range(0, len(sources), BATCH):
            costs = dijkstra(matrix, directed=True, indices=sources[low : low + BATCH], limit=limit_mm)
            row, junction = np.nonzero(np.isfinite(costs))
            parts.append((row + low, junction, costs[row, junction]))
        return parts

    def reached(parts: list[tuple[NDArray[Any], ...]], sources: Whole) -> Reached:
        row, junction, cost = (np.concatenate(column) for column in zip(*parts, strict=True))
        split = np.searchsorted(row, np.arange(1, len(sources)))
        return list(zip(np.split(junction, split), np.split(np.rint(cost).astype(np.int64), split), strict=True))

    return Peer(search, reached)


def matrix_of(n: int, u: Whole, v: Whole, mm: Whole) -> Any:
    """Return the symmetric matrix of lengths, none of which is zero; millimetres in floats add up exactly."""
    return csr_array(
        (np.tile(mm.astype(np.float64), 2), (np.concatenate([u, v]), np.concatenate([v, u]))), shape=(n, n)
    )


def networkx_peers(networkx: Any, graph: Contracted) -> dict[str, Peer]:
    """Return networkx's search, by the name under which it is shown."""
    network = networkx.Graph()
    network.add_nodes_from(range(len(graph.lon)))
    network.add_weighted_edges_from(zip(graph.u.tolist(), graph.v.tolist(), graph.mm.tolist(), strict=True))
    length = networkx.single_source_dijkstra_path_length

    def search(sources: Whole, limit_mm: int) -> list[dict[int, int]]:
        return [length(network, source, cutoff=limit_mm) for source in sources.tolist()]

    def reached(found: list[dict[int, int]], _: Whole) -> Reached:
        return [(np.array(list(one)), np.array(list(one.values()))) for one in found]

    return {"networkx, cutoff": Peer(search, reached)}


def pandana_peers(pandana: Any, graph: Contracted) -> dict[str, Peer]:
    """Return pandana's search, its public call and the compiled one within, by the names under which they are shown."""
    import pandas as pd  # noqa: PLC0415  (only pandana wants frames)

    lengths = pd.DataFrame({"metres": graph.mm / 1000 + TRUNCATED_M})
    with _silent():
        network = pandana.Network(*map(pd.Series, (graph.lon, graph.lat, graph.u, graph.v)), lengths, twoway=True)
    ids = np.arange(len(graph.lon), dtype=np.int64)

    def public(sources: Whole, limit_mm: int) -> Any:
        return network.nodes_in_range(sources, limit_mm / 1000)

    def of_public(frame: Any, sources: Whole) -> Reached:
        groups = dict(list(frame.groupby("source")))
        mm = {source: np.rint(rows["metres"].to_numpy() * 1000) for source, rows in groups.items()}
        return [(groups[source]["destination"].to_numpy(), mm[source].astype(np.int64)) for source in sources.tolist()]

    def compiled(sources: Whole, limit_mm: int) -> Any:
        return network.net.nodes_in_range(sources, limit_mm / 1000, 0, ids)

    def of_compiled(lists: Any, _: Whole) -> Reached:
        columns = (np.array(pairs).reshape(-1, 2).T for pairs in lists)
        return [(node.astype(np.int64), np.rint(metres * 1000).astype(np.int64)) for node, metres in columns]

    return {
        "pandana nodes_in_range": Peer(public, of_public),
        "pandana, its C++ call alone": Peer(compiled, of_compiled),
    }


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Let compiled code print to nowhere."""
    sys.stdout.flush()
    kept = os.dup(1)
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123  (a device)
        os.dup2(nowhere.fileno(), 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


# --- Equal results first -------------------------------------------------------------------------------------


def check_peer(name: str, peer: Peer, roads: Roads, sources: Whole, limit_mm: int) -> None:
    """Stop unless a peer reaches the same junctions as we do, each at the same number of millimetres."""
    theirs = peer.reached(peer.search(sources, limit_mm), sources)
    _compare(name, junctions_within(roads, sources, measure="distance", limit=limit_mm, threads=1), theirs, limit_mm)


def check_uncontracted(roads: Roads, sources: Whole, limit_mm: int) -> None:
    """Stop unless scipy finds the same on the network before any contraction, at its junctions."""
    node = skeleton_of(roads).node
    costs = dijkstra(Uncontracted(roads).matrix, indices=node[sources], limit=limit_mm)[:, node]
    within = [np.flatnonzero(np.isfinite(row)) for row in costs]
    theirs = [(junction, row[junction].astype(np.int64)) for junction, row in zip(within, costs, strict=True)]
    found = junctions_within(roads, sources, measure="distance", limit=limit_mm, threads=1)
    _compare("scipy on the uncontracted network", found, theirs, limit_mm)


class Uncontracted:
    """A walk network segment by segment, as scipy takes it: nothing here goes by way of our skeleton or our search."""

    def __init__(self, roads: Roads) -> None:
        self.roads = roads
        self.matrix = matrix_of(roads.n_nodes, *shortest_only(roads.u, roads.v, roads.length_mm))

    def to_nodes(self, feet: Feet, foot: int, limit_mm: int) -> NDArray[np.float64]:
        """Millimetres from the point of a foot to every node, access leg included; infinite where the limit ends."""
        edge, at = int(feet.edge[foot]), int(feet.position_mm[foot])
        by_u, by_v = dijkstra(self.matrix, indices=[self.roads.u[edge], self.roads.v[edge]], limit=limit_mm)
        costs = feet.access_mm[foot] + np.minimum(by_u + at, by_v + self.roads.length_mm[edge] - at)
        return np.asarray(costs, dtype=np.float64)

    def to_feet(self, feet: Feet, foot: int, others: Feet, limit_mm: int) -> NDArray[np.float64]:
        """Millimetres from the point of a foot to those of other feet, all on the network, access legs included."""
        costs = self.to_nodes(feet, foot, limit_mm)
        edge, at = others.edge, others.position_mm
        by_u, by_v = costs[self.roads.u[edge]] + at, costs[self.roads.v[edge]] + self.roads.length_mm[edge] - at
        along = np.where(edge == feet.edge[foot], np.abs(at - feet.position_mm[foot]) + feet.access_mm[foot], np.inf)
        return np.asarray(np.minimum.reduce([by_u, by_v, along]) + others.access_mm, dtype=np.float64)


def _compare(name: str, ours: Found, theirs: Reached, limit_mm: int) -> None:
    distances = ours.first
    for source, (junction, mm) in enumerate(theirs):
        low, high = ours.start[source], ours.start[source + 1]
        mine, other = np.argsort(ours.item[low:high]), np.argsort(junction)
        if not np.array_equal(ours.item[low:high][mine], junction[other]):
            differ(f"{name} reaches {len(junction)} junctions within {limit_mm} mm, we {high - low}")
        if not np.array_equal(distances[low:high][mine], mm[other]):
            worst = int(np.abs(distances[low:high][mine] - mm[other]).max())
            differ(f"{name} finds other distances within {limit_mm} mm, by up to {worst} mm")
