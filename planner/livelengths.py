"""Foretells lengths and driving times of segments, by operations that every machine rounds alike.

numpy and browsers agree to the last bit on +, -, *, / and the square root, not on sines: series stand in for these.
Here and in the page's ``decode.js`` the same operations follow in the same order.
"""

from __future__ import annotations

from math import factorial, pi
from typing import TYPE_CHECKING

import numpy as np

from planner.geodesy import EARTH_RADIUS_M, MM_PER_M

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.roads import Roads

    Whole = NDArray[np.int64]
    Real = NDArray[np.float64]

LARGEST = 2**32 - 1
"""What is foretold above it is foretold as 0."""

_COSINE = tuple((-1) ** k / factorial(2 * k) for k in range(12, -1, -1))
"""Taylor's coefficients of the cosine, the highest power first: exact to the last bits up to a right angle."""

_SINE = tuple((-1) ** k / factorial(2 * k + 1) for k in range(4, -1, -1))
_ARCSINE = (35 / 1152, 15 / 336, 3 / 40, 1 / 6, 1.0)
"""Of half the angle between a segment's ends, which is small; what they miss on long ones is written."""

_MM_PER_MS_AND_KPH = 3.6
_DECIMALS = 8


def _series(coefficients: tuple[float, ...], x: Real) -> Real:
    """Horner's scheme."""
    total = np.full(x.shape, coefficients[0])
    for coefficient in coefficients[1:]:
        total = total * x + coefficient
    return total


def _whole(values: Real) -> Whole:
    fits = values <= LARGEST
    return np.where(fits, np.rint(np.where(fits, values, 0.0)), 0.0).astype(np.int64)


def foretold_mm(lon1: Real, lat1: Real, lon2: Real, lat2: Real) -> Whole:
    """Foretell `planner.geodesy.segment_mm` of ends in WGS-84 degrees, in whole millimetres."""
    with np.errstate(invalid="ignore", over="ignore"):
        radian = pi / 180
        phi1, phi2 = lat1 * radian, lat2 * radian
        half_phi, half_lambda = (phi2 - phi1) / 2, (lon2 * radian - lon1 * radian) / 2
        north = half_phi * _series(_SINE, half_phi * half_phi)
        east = half_lambda * _series(_SINE, half_lambda * half_lambda)
        narrowing = _series(_COSINE, phi1 * phi1) * _series(_COSINE, phi2 * phi2)
        square = north * north + narrowing * (east * east)
        metres = 2 * EARTH_RADIUS_M * (np.sqrt(square) * _series(_ARCSINE, square))
        apart = (lon1 != lon2) | (lat1 != lat2)
        return np.where(apart, np.maximum(_whole(metres * MM_PER_M), 1), 0)


def foretold_ms(length_mm: Whole, kph: Real) -> Whole:
    """Foretell `planner.speeds.drive_ms` in whole milliseconds; 0 where the speed is 0."""
    driven = kph > 0
    return np.where(driven, _whole(length_mm * _MM_PER_MS_AND_KPH / np.where(driven, kph, 1.0)), 0)


# --- Speeds --------------------------------------------------------------------------------------------------


def speeds_of(roads: Roads) -> Real:
    """Find speeds in km/h that foretell the driving times of a network's segments, as few different ones as will do.

    Times are rounded, so each tells a range of speeds only. A way's segments mostly share one speed: the roundest
    number in the range of all of them. Of ways that have several, each segment takes the most common speed of the
    others that lies in its own range, else the roundest of that.
    """
    low, high = _range_kph(roads.length_mm, roads.drive_ms)
    if not roads.n_edges:
        return np.empty(0)
    start = np.flatnonzero(np.append(True, roads.way_id[1:] != roads.way_id[:-1]))
    sizes = np.diff(np.append(start, roads.n_edges))
    way_low, way_high = np.maximum.reduceat(low, start), np.minimum.reduceat(high, start)
    clear = way_low <= way_high
    common = _common(way_low[clear], way_high[clear])
    by_way = np.repeat(_chosen(way_low, way_high, common), sizes)
    torn = np.repeat(~clear, sizes)
    by_way[torn] = _chosen(low[torn], high[torn], common)
    return by_way


def _range_kph(length_mm: Whole, time_ms: Whole) -> tuple[Real, Real]:
    """Lowest and highest speed that a time rounded to the millisecond may come from."""
    distance = length_mm * _MM_PER_MS_AND_KPH
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = distance / (time_ms + 0.5), distance / (time_ms - 0.5)
    free = length_mm == 0  # of no length and no time: any speed
    return np.where(free, 0.0, low), np.where(free | (time_ms < 1), np.inf, high)


def _roundest(low: Real, high: Real) -> Real:
    """Return numbers of as few decimals as lie between two; the lower end where 8 are too few."""
    found = low.copy()
    ends = np.where(np.isfinite(high), (low + high) / 2, np.ceil(low) + 1)
    for decimals in range(_DECIMALS, -1, -1):
        rounded = np.round(ends, decimals)
        fits = (low < rounded) & (rounded < high)
        found[fits] = rounded[fits]
    return found


def _common(low: Real, high: Real) -> Real:
    """Speeds of ways that each have one, the most common first."""
    told = high - low < 1.0  # km/h: a wider range tells no speed
    speeds, count = np.unique(_roundest(low[told], high[told]), return_counts=True)
    return np.asarray(speeds[np.argsort(-count, kind="stable")][:64])


def _chosen(low: Real, high: Real, common: Real) -> Real:
    """Return the most common speed between two, else the roundest number there."""
    chosen = np.zeros(len(low))
    for speed in common:
        chosen[(chosen == 0) & (low < speed) & (speed < high)] = speed
    rest = chosen == 0
    chosen[rest] = _roundest(low[rest], high[rest])
    return chosen
