"""Outlines of what is reached: all within `MARGIN_M` of pieces of straight edges in a plane.

The fast method takes the exact distance from the vertices of a raster to the nearest piece, and traces the line where
it is `MARGIN_M` by marching squares (Maple 2003). The exact one widens every piece and unites them.

What holds of a fast outline with cells of size C (`CELL_M`; twice or four times that where the raster would be huge):

- Inside lies every piece, with all within ``MARGIN_M - sqrt(2) * C`` of it: there all vertices of a cell are inside.
- Nothing inside is farther from the pieces than `beyond_m`: of each cell that the outline holds or crosses some vertex
  is within `MARGIN_M`, and no place in a hole that is filled is farther from its rim than the radius of a circle of the
  hole's area.
- More pieces, or longer ones, give an outline that covers the one before: no vertex gets a greater distance, and then
  the line traced only moves outwards. This takes cells of one size, so it is promised within one call.
- The raster is anchored at the origin of the plane, so that nothing else that is drawn shifts an outline.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import shapely
from contourpy import FillType, contour_generator

from planner._raster import distances, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Real = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Shapes = NDArray[np.object_]

Method = Literal["fast", "exact"]

MARGIN_M = 60.0
"""How far the outline lies from the roads that are reached, in metres: about half a block."""

CELL_M = 10.0
"""Size of the raster's cells in metres: outlines then cover 99.5 % and more of what the exact ones do, and no more."""

HOLE_M2 = 50.0 * 50.0
"""Holes smaller than this, in square metres, are filled: of a block of 170 m no more is left between widened roads."""

MOST_VERTICES = 1 << 23
"""A raster of more vertices than this (a box of 29 km, some 300 MB) gets cells twice or four times as wide."""

COARSEST_M = 40.0
"""Coarsest cells in metres: with any larger ones a piece could lie outside its outline.

A box of more than 116 km takes more vertices again, and of 300 km 2 GB of memory.
"""

APART_M = 0.001
"""No vertex of the raster is let nearer to the outline than this, in metres: rings that touch would make no polygon."""

PARTS_OF_CELL = 1 << 20
"""Outlines are rounded to this part of a cell, so that noise of the last bits neither moves nor crosses them."""

QUARTER_SIDES = 16
"""Sides by which the exact method draws a quarter of a circle."""


def beyond_m(method: Method, cell_m: float = CELL_M) -> float:
    """Return the distance from all that is reached, in metres, beyond which nothing lies inside an outline."""
    wider = MARGIN_M + (math.sqrt(2) * cell_m if method == "fast" else 0.0)
    return wider + math.sqrt(HOLE_M2 / math.pi)


@dataclass(frozen=True, eq=False)
class Pieces:
    """Pieces of straight edges in a plane.

    Attributes
    ----------
    ends
        x and y of both ends of each edge in metres, shape (4, n).
    between
        Fractions of each edge between which its piece lies, shape (2, n).
    """

    ends: Real
    between: Real

    @property
    def corners(self) -> Real:
        """Both ends of each piece, shape (n, 2, 2)."""
        first, last = self.ends[:2], self.ends[2:]
        return np.stack([first + fraction * (last - first) for fraction in self.between]).transpose(2, 0, 1)

    @property
    def box(self) -> Real:
        """Least x and y, greatest x and y; infinite, and the wrong way round, where there is no piece."""
        corners = self.corners
        least, greatest = corners.min(axis=(0, 1), initial=math.inf), corners.max(axis=(0, 1), initial=-math.inf)
        return np.concatenate([least, greatest])


def outlines(steps: Sequence[Pieces], method: Method = "fast") -> list[shapely.MultiPolygon]:
    """Draw growing outlines.

    Parameters
    ----------
    steps
        What each outline holds beyond the one before; the first holds a piece at least.
    method
        ``fast`` or ``exact``.

    Returns
    -------
    outlines
        One for each step, in the plane of the pieces; each covers the one before (exact ones to a micrometre).

    Raises
    ------
    ValueError
        If there is no such method.
    """
    if method not in ("fast", "exact"):
        raise ValueError(f"a method is fast or exact, not {method!r}")
    return list(_exact(steps) if method == "exact" else _fast(steps))


# ---- fast ----


def cell_m(box: Real) -> float:
    """Return the size of the cells, in metres, for a raster over a box (least x and y, greatest x and y, in metres)."""
    area = float((box[2] - box[0] + 2 * MARGIN_M) * (box[3] - box[1] + 2 * MARGIN_M))
    cell = CELL_M
    while area > MOST_VERTICES * cell * cell and cell < COARSEST_M:
        cell *= 2
    return cell


def _frame(box: Real, cell: float, reach: float) -> tuple[int, int, int, int]:
    """Columns and rows, from the origin of the plane, between which a raster holds all within `reach` of a box."""
    left, bottom = (math.floor((low - reach) / cell) for low in box[:2])
    right, top = (math.ceil((high + reach) / cell) for high in box[2:])
    return left, bottom, right + 1, top + 1


def _fast(steps: Sequence[Pieces]) -> Iterator[shapely.MultiPolygon]:
    boxes = np.array([step.box for step in steps])
    boxes = np.hstack([np.minimum.accumulate(boxes[:, :2]), np.maximum.accumulate(boxes[:, 2:])])
    cell = cell_m(boxes[-1])
    # tracing looks at a cell's other vertices where one is inside: none of them is farther away than this
    reach = MARGIN_M + 2 * cell
    left, bottom, right, top = _frame(boxes[-1], cell, reach)
    square = np.full((top - bottom, right - left), reach * reach)
    for step, box in zip(steps, boxes, strict=True):
        stamp(square, left, bottom, cell, reach, step.ends, step.between)
        west, south, east, north = _frame(box, cell, reach)
        rows, columns = (south - bottom, north - bottom), (west - left, east - left)
        yield _traced(distances(square, rows, columns, MARGIN_M, APART_M), west, south, cell)


def _traced(away_m: Real, left: int, bottom: int, cell: float) -> shapely.MultiPolygon:
    """Trace where the distance is `MARGIN_M`; left and bottom in cells from the origin of the plane."""
    tracer = contour_generator(z=away_m, name="serial", fill_type=FillType.ChunkCombinedOffsetOffset)
    # vertices, the number of the first one of each ring, and the number of the outer ring of each polygon
    points, starts, outers = (part[0] for part in cast("tuple[list[Any], ...]", tracer.filled(-1.0, MARGIN_M)))
    vertices = (np.rint(points * PARTS_OF_CELL) / PARTS_OF_CELL + (left, bottom)) * cell
    rings = shapely.linearrings(vertices, indices=np.repeat(np.arange(len(starts) - 1), np.diff(starts)))
    is_outer = np.zeros(len(rings), dtype=bool)
    is_outer[outers[:-1]] = True
    return _assembled(rings, is_outer)


def _assembled(rings: Shapes, is_outer: NDArray[np.bool_]) -> shapely.MultiPolygon:
    """Make polygons of outer rings, each followed by its holes, leaving out small holes.

    An island, being wider than the margin all around, is larger than that: it never lies in a hole that is left out.
    """
    kept = is_outer | (shapely.area(shapely.polygons(rings)) >= HOLE_M2)
    owner = np.cumsum(is_outer) - 1
    return shapely.multipolygons(shapely.polygons(rings[kept], indices=owner[kept]))


# ---- exact ----


def _exact(steps: Sequence[Pieces]) -> Iterator[shapely.MultiPolygon]:
    whole = shapely.Polygon()
    for step in steps:
        widened = shapely.buffer(shapely.linestrings(step.corners), MARGIN_M, quad_segs=QUARTER_SIDES)
        whole = shapely.union_all([whole, *widened])
        rings, owner = shapely.get_rings(shapely.get_parts(whole), return_index=True)
        is_outer = np.diff(owner, prepend=-1) > 0
        yield _assembled(rings, is_outer)
