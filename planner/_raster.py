"""Compiled kernel: distances from the vertices of a raster to the nearest of some pieces of straight edges."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from planner._compiled import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]

LEVEL = 1e-9
"""An edge that climbs by less than this for each metre counts as level: no row of the raster cuts its strip short."""


@kernel
def _strip(ends: Real, k: int, py: float, low: float, high: float, reach: float) -> tuple[float, float]:
    """From where to where a row at height `py` runs through the strip within `reach` of the line through edge `k`."""
    dx, dy = ends[2, k] - ends[0, k], ends[3, k] - ends[1, k]
    if abs(dy) <= LEVEL * abs(dx) or dy == 0.0:
        return low, high
    middle = ends[0, k] + (py - ends[1, k]) * dx / dy
    half = reach * math.hypot(dx, dy) / abs(dy)
    return max(low, middle - half), min(high, middle + half)


@kernel
def stamp(square: Real, left: int, bottom: int, cell: float, reach: float, ends: Real, between: Real) -> None:
    """Lower each vertex of a raster to its squared distance to the nearest piece, where that is within `reach`.

    The distance is split into what lies across the edge, which is the same for any piece of it, and what lies beyond
    the piece along it, which only shrinks as the piece grows. Each step of it rounds without turning an order around,
    so a raster that was stamped with more is nowhere higher, to the last bit, and the order of pieces is all one.

    Parameters
    ----------
    square
        Squared metres, shape (rows, columns), changed in place; filled with the square of `reach` at first.
    left, bottom
        Place of the first column and row, in cells from the origin of the plane.
    cell
        Distance between neighbouring vertices, in metres.
    reach
        Greatest distance that is looked at, in metres.
    ends
        x and y of both ends of each edge in metres, shape (4, n).
    between
        Fractions of each edge between which its piece lies, shape (2, n).
    """
    rows, columns = square.shape
    for k in range(ends.shape[1]):
        x0, y0 = ends[0, k], ends[1, k]
        dx, dy = ends[2, k] - x0, ends[3, k] - y0
        length = math.hypot(dx, dy)
        ux, uy = (dx / length, dy / length) if length > 0.0 else (1.0, 0.0)
        start, end = between[0, k] * length, between[1, k] * length
        ax, ay, bx, by = x0 + start * ux, y0 + start * uy, x0 + end * ux, y0 + end * uy
        first_row = max(0, math.ceil((min(ay, by) - reach) / cell) - bottom)
        last_row = min(rows - 1, math.floor((max(ay, by) + reach) / cell) - bottom)
        for row in range(first_row, last_row + 1):
            py = (row + bottom) * cell
            low, high = _strip(ends, k, py, min(ax, bx) - reach, max(ax, bx) + reach, reach)
            first = max(0, math.ceil(low / cell) - left)
            last = min(columns - 1, math.floor(high / cell) - left)
            for column in range(first, last + 1):
                px = (column + left) * cell - x0
                along, across = px * ux + (py - y0) * uy, px * uy - (py - y0) * ux
                beyond = max(0.0, start - along, along - end)
                square[row, column] = min(square[row, column], across * across + beyond * beyond)


@kernel
def distances(square: Real, rows: tuple[int, int], columns: tuple[int, int], level: float, apart: float) -> Real:
    """Distances in a window of a raster, none of them nearer to a level than `apart`.

    What is at the level counts as below it. Moving values off the level keeps their order.

    Parameters
    ----------
    square
        Squared distances.
    rows, columns
        First row and column of the window, and the ones after the last.
    level, apart
        In the unit of the distances.
    """
    found = np.empty((rows[1] - rows[0], columns[1] - columns[0]))
    for row in range(found.shape[0]):
        for column in range(found.shape[1]):
            away = math.sqrt(square[rows[0] + row, columns[0] + column])
            found[row, column] = min(away, level - apart) if away <= level else max(away, level + apart)
    return found
