"""Compiled kernel that follows streets from junction to junction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from planner._compiled import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Whole = NDArray[np.int64]
    Flags = NDArray[np.bool_]


@kernel
def trace(
    u: NDArray[np.int32], v: NDArray[np.int32], start: Whole, ends: Whole, passed: Flags
) -> tuple[Whole, Whole, Whole, Whole, Flags, Flags]:
    """Follow chains of segments between the nodes that are not passed through.

    Parameters
    ----------
    u, v
        End nodes of each segment.
    start, ends
        By node: the segment ends there, as twice the segment's number, plus one for its v end.
    passed
        Nodes that join exactly two different segments and are to lie inside a chain.

    Returns
    -------
    start, begin, end
        Offsets by chain into `edge`, and the nodes at which each chain begins and ends.
    edge, flipped
        Segments in the order in which they are met, each once; whether they were entered at their v end.
    inside
        `passed` less the lowest node of each ring that has no other node to begin at.
    """
    n_edges = len(u)
    inside = passed.copy()
    done = np.zeros(n_edges, dtype=np.bool_)
    chain_start = np.empty(n_edges + 1, dtype=np.int64)
    begin, end = np.empty(n_edges, dtype=np.int64), np.empty(n_edges, dtype=np.int64)
    edge, flipped = np.empty(n_edges, dtype=np.int64), np.empty(n_edges, dtype=np.bool_)
    chains = count = 0
    for rings in (False, True):
        for node in range(len(passed)):
            if inside[node] and not rings:
                continue
            for k in range(start[node], start[node + 1]):
                entry = ends[k]
                if done[entry >> 1]:
                    continue
                inside[node] = False
                chain_start[chains], begin[chains] = count, node
                at = node
                while True:
                    segment = entry >> 1
                    done[segment], edge[count], flipped[count] = True, segment, bool(entry & 1)
                    count += 1
                    at = u[segment] if entry & 1 else v[segment]
                    if not inside[at]:
                        break
                    arrived = entry ^ 1
                    first = ends[start[at]]
                    entry = ends[start[at] + 1] if first == arrived else first
                end[chains] = at
                chains += 1
    chain_start[chains] = count
    return chain_start[: chains + 1], begin[:chains], end[:chains], edge, flipped, inside
