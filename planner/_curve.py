"""The Hilbert curve, by which what is near on the ground comes to be near in memory (Hilbert 1891)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from planner._compiled import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

CURVE_BITS = 16
"""Bits of each coordinate on the curve: 65,536 steps along each side of its square."""


@kernel
def along_curve(x: Floats, y: Floats, west: float, south: float, side: float) -> Whole:
    """Place of each point along the curve that fills the square; points outside count as on its rim."""
    last = (1 << CURVE_BITS) - 1
    place = np.empty(len(x), dtype=np.int64)
    for point in range(len(x)):
        a = int(min(max((x[point] - west) / side, 0.0), 1.0) * last)
        b = int(min(max((y[point] - south) / side, 0.0), 1.0) * last)
        found = 0
        for bit in range(CURVE_BITS - 1, -1, -1):
            right, upper = (a >> bit) & 1, (b >> bit) & 1
            found = 4 * found + ((3 * right) ^ upper)
            if upper == 0:  # the lower quarters hold the curve turned: swap the axes, mirrored in the right one
                if right == 1:
                    a, b = last - a, last - b
                a, b = b, a
        place[point] = found
    return place


def square_around(x: Floats, y: Floats) -> tuple[float, float, float]:
    """Lower left corner and side of a square that holds some points, which must be finite and at least one."""
    west, south = float(x.min()), float(y.min())
    return west, south, max(float(x.max()) - west, float(y.max()) - south) or 1.0


def curve_order(x: Floats, y: Floats) -> Whole:
    """Order of finite points along the curve that fills the square around them."""
    if not len(x):
        return np.empty(0, dtype=np.int64)
    return np.argsort(along_curve(x, y, *square_around(x, y)), kind="stable")
