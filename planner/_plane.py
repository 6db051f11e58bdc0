"""Nearest edges in the plane, exactly: a tree of boxes over the edges, and the compiled search in it.

The edges stand in the order of a Hilbert curve, cut into ``2**k`` leaves of at most `LEAF_EDGES`; box ``i`` holds boxes
``2i`` and ``2i + 1``, box 1 holds all (a packed R-tree: Kamel & Faloutsos 1993). Unlike a grid it has no cell size that
could be wrong: dense towns, empty valleys, edges of 100 km and points far outside cost about the same, and memory is
linear in the edges. No figure depends on the shape of the tree or on the order of the points: they only decide how
much of the tree is looked at.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from planner._compiled import kernel
from planner._curve import along_curve, square_around

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

LEAF_EDGES = 4
"""Most edges of a leaf: from 2 to 8 the search takes the same time."""

MAX_DEPTH = 64
"""More than the levels of any tree."""


@dataclass(frozen=True)
class EdgeTree:
    """Edges of a plane, for `nearest_edges`.

    Attributes
    ----------
    square
        West, south and side of the square that the Hilbert curve fills, in metres.
    box
        West, south, east, north of each box, shape (2 * leaves, 4); row 0 is empty, the leaves are the second half.
    start
        Offsets of the leaves into `ends` and `edge`, shape (leaves + 1,).
    ends
        x and y of both ends of each edge in metres, shape (n, 4), in the order of the curve.
    edge
        Numbers of the edges, shape (n,), in the same order.
    """

    square: tuple[float, float, float]
    box: Floats
    start: Whole
    ends: Floats
    edge: Whole


@kernel
def _foot(x: float, y: float, ends: Floats, k: int) -> tuple[float, float, float, float]:
    """Fraction along edge `k` of the foot of a point's perpendicular, the foot, and the squared distance to it."""
    ux, uy = ends[k, 0], ends[k, 1]
    dx, dy = ends[k, 2] - ux, ends[k, 3] - uy
    square = dx * dx + dy * dy
    fraction = 0.0
    if square > 0.0:
        fraction = min(max(((x - ux) * dx + (y - uy) * dy) / square, 0.0), 1.0)
    foot_x, foot_y = ux + fraction * dx, uy + fraction * dy
    away_x, away_y = x - foot_x, y - foot_y
    return fraction, foot_x, foot_y, away_x * away_x + away_y * away_y


@kernel
def _to_box(x: float, y: float, box: Floats, node: int) -> float:
    """Squared distance of a point to a box, 0 inside."""
    dx: float = max(box[node, 0] - x, x - box[node, 2], 0.0)
    dy: float = max(box[node, 1] - y, y - box[node, 3], 0.0)
    return dx * dx + dy * dy


@kernel
def _descend(x: float, y: float, box: Floats, node: int, limit: float, stack: Whole, top: int) -> tuple[int, int]:
    """Go down to the nearest leaf below a box and stack the others on the way; the leaf is 0 if beyond the limit."""
    leaves = len(box) // 2
    square = _to_box(x, y, box, node)
    while square <= limit and node < leaves:
        node, other = 2 * node, 2 * node + 1
        square, other_square = _to_box(x, y, box, node), _to_box(x, y, box, other)
        if other_square < square:
            node, other, square, other_square = other, node, other_square, square
        if other_square <= limit:
            stack[top] = other
            top += 1
    return (node if square <= limit else 0), top


@kernel
def _gather(
    x: float,
    y: float,
    box: Floats,
    start: Whole,
    ends: Floats,
    guess: int,
    tie_m: float,
    stack: Whole,
    seen: Whole,
    seen_m: Floats,
) -> tuple[int, int]:
    """List in `seen` every edge that may be within `tie_m` of the nearest; returns how many, and the nearest.

    `guess` is any edge: the nearer it is, the less of the tree is opened.
    """
    nearest = guess
    least_m = math.sqrt(_foot(x, y, ends, guess)[3])
    # twice the tie: a margin far above what rounding can do to a box or a square
    limit = (least_m + 2 * tie_m) ** 2
    count = 0
    stack[0], top = 1, 1
    while top > 0:
        leaf, top = _descend(x, y, box, stack[top - 1], limit, stack, top - 1)
        if leaf == 0:
            continue
        for k in range(start[leaf - len(start) + 1], start[leaf - len(start) + 2]):
            square = _foot(x, y, ends, k)[3]
            if square > limit:
                continue
            seen[count], seen_m[count] = k, math.sqrt(square)
            if seen_m[count] < least_m:
                nearest, least_m = k, seen_m[count]
                limit = (least_m + 2 * tie_m) ** 2
            count += 1
    return count, nearest


@kernel
def _search(
    x: Floats, y: Floats, box: Floats, start: Whole, ends: Floats, edge: Whole, tie_m: float
) -> tuple[Whole, Floats, Floats, Floats]:
    chosen = np.empty(len(x), dtype=np.int64)
    fraction, foot_x, foot_y = np.empty(len(x)), np.empty(len(x)), np.empty(len(x))
    stack = np.empty(MAX_DEPTH, dtype=np.int64)
    seen, seen_m = np.empty(len(edge), dtype=np.int64), np.empty(len(edge))
    nearest = 0
    for point in range(len(x)):
        count, nearest = _gather(x[point], y[point], box, start, ends, nearest, tie_m, stack, seen, seen_m)
        most_m = math.sqrt(_foot(x[point], y[point], ends, nearest)[3]) + tie_m
        best = nearest
        for i in range(count):
            if seen_m[i] <= most_m and edge[seen[i]] < edge[best]:
                best = seen[i]
        chosen[point] = edge[best]
        fraction[point], foot_x[point], foot_y[point], _ = _foot(x[point], y[point], ends, best)
    return chosen, fraction, foot_x, foot_y


def _boxes(ends: Floats, start: Whole) -> Floats:
    """Boxes of the leaves, and above each two the box of both; see `EdgeTree.box`."""
    leaves = len(start) - 1
    lower, upper = np.minimum(ends[:, :2], ends[:, 2:]), np.maximum(ends[:, :2], ends[:, 2:])
    box = np.empty((2 * leaves, 4))
    box[0] = np.nan
    box[leaves:, :2] = np.minimum.reduceat(lower, start[:-1])
    box[leaves:, 2:] = np.maximum.reduceat(upper, start[:-1])
    first = leaves  # of the level whose parents come next
    while first > 1:
        children, first = box[first : 2 * first], first // 2
        box[first : 2 * first, :2] = np.minimum(children[0::2, :2], children[1::2, :2])
        box[first : 2 * first, 2:] = np.maximum(children[0::2, 2:], children[1::2, 2:])
    return box


def edge_tree(ends: Floats) -> EdgeTree | None:
    """Build the tree of some edges.

    Parameters
    ----------
    ends
        x and y of both ends of each edge in metres, shape (n, 4). Edges with an end that is not finite are left out:
        they have no place in the plane.

    Returns
    -------
    tree
        None where no edge has a place.
    """
    edge = np.flatnonzero(np.isfinite(ends[:, 0] + ends[:, 1] + ends[:, 2] + ends[:, 3]))
    if not len(edge):
        return None
    ends = ends if len(edge) == len(ends) else ends[edge]
    square = square_around(ends[:, 0::2], ends[:, 1::2])
    middle_x, middle_y = (ends[:, 0] + ends[:, 2]) / 2, (ends[:, 1] + ends[:, 3]) / 2
    order = np.argsort(along_curve(middle_x, middle_y, *square), kind="stable")
    edge, ends = edge[order], ends[order]
    leaves = 1 << (-(-len(edge) // LEAF_EDGES) - 1).bit_length()
    start = np.arange(leaves + 1) * len(edge) // leaves
    return EdgeTree(square, _boxes(ends, start), start, ends, edge)


def nearest_edges(tree: EdgeTree, x: Floats, y: Floats, tie_m: float) -> tuple[Whole, Floats, Floats, Floats]:
    """Find for each point the edge of lowest number among those no more than `tie_m` farther than the nearest.

    Parameters
    ----------
    tree
        The edges.
    x, y
        Finite places of the points in metres, shape (n,).
    tie_m
        Metres, above 0.

    Returns
    -------
    edge, fraction, foot_x, foot_y
        Edge number, the foot of the perpendicular as a fraction of the edge, 0 to 1 (0 on an edge of length zero),
        and its place in metres.
    """
    # neighbours one after the other: the last one's edge is a good guess, and its boxes are still in the cache
    order = np.argsort(along_curve(x, y, *tree.square), kind="stable")
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    found = _search(x[order], y[order], tree.box, tree.start, tree.ends, tree.edge, tie_m)
    return found[0][back], found[1][back], found[2][back], found[3][back]
