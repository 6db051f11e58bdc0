"""Coordinate systems of Chinese maps, to and from WGS-84.

GCJ-02 has no official published formula. What stands here is public knowledge: the offset was found by reverse
engineering and is repeated, with the same constants, in many open programs. BD-09 is Baidu's second layer on top
of GCJ-02, known in the same way. CGCS2000 (EPSG:4490) equals WGS-84 within decimetres and is never shifted.

Both offsets apply inside a box around China only; points outside it are returned unchanged. Of a place in WGS-84 it
is that place which decides, for both layers: the way there and back is exact up to the very edge. The box reaches a
degree beyond the border, so that its own edge, where no inverse is unique, touches no Chinese place. Longitudes and
latitudes are degrees everywhere, arrays of any one shape; NaN stays NaN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    Degrees: TypeAlias = NDArray[np.float64]
    Pair: TypeAlias = tuple[Degrees, Degrees]

System = Literal["wgs84", "gcj02", "bd09", "cgcs2000"]
SYSTEMS: tuple[System, ...] = get_args(System)

_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271

# Krasovsky 1940, the ellipsoid of the older Chinese datums.
_AXIS_M = 6_378_245.0
_ECCENTRICITY2 = 0.00669342162296594323

# Degrees; no point is moved farther by both layers together.
_LARGEST_SHIFT = 0.05

_BAIDU_ANGLE = np.pi * 3000.0 / 180.0
_BAIDU_EAST, _BAIDU_NORTH = 0.0065, 0.006

# Each round of the inverse shrinks the error at least fortyfold, from about 0.01 degrees.
_INVERSE_ROUNDS = 6


def in_china(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.bool_]:
    """Whether points lie in the box in which GCJ-02 shifts them (it reaches into the neighbouring countries)."""
    return _in_box(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64), margin=0.0)


def _in_box(x: Degrees, y: Degrees, margin: float) -> NDArray[np.bool_]:
    east_west = (x >= _WEST - margin) & (x <= _EAST + margin)
    return np.asarray(east_west & (y >= _SOUTH - margin) & (y <= _NORTH + margin))


def _waves(t: Degrees, long_m: tuple[float, float]) -> Degrees:
    """Sum of the waves, in metres, along one axis; the heights of the two longest are `long_m` x 2/3."""
    first, second = long_m
    return np.asarray(
        (20.0 * np.sin(t * np.pi) + 40.0 * np.sin(t / 3.0 * np.pi)) * 2.0 / 3.0
        + (first * np.sin(t / 12.0 * np.pi) + second * np.sin(t / 30.0 * np.pi)) * 2.0 / 3.0
    )


def _gcj02_shift(lon: Degrees, lat: Degrees) -> Pair:
    """Degrees by which GCJ-02 lies east and north of WGS-84."""
    x, y = lon - 105.0, lat - 35.0
    common = 0.1 * x * y
    ripple = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    root = np.sqrt(np.abs(x))
    east_m = 300.0 + x + 2.0 * y + 0.1 * x * x + common + 0.1 * root + ripple + _waves(x, (150.0, 300.0))
    north_m = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + common + 0.2 * root + ripple + _waves(y, (160.0, 320.0))
    phi = np.deg2rad(lat)
    squash = 1.0 - _ECCENTRICITY2 * np.sin(phi) ** 2
    meridian_m = _AXIS_M * (1.0 - _ECCENTRICITY2) / squash**1.5
    parallel_m = _AXIS_M / np.sqrt(squash) * np.cos(phi)
    return np.rad2deg(east_m / parallel_m), np.rad2deg(north_m / meridian_m)


def _bd09_shift(lon: Degrees, lat: Degrees) -> Pair:
    """Degrees by which BD-09 lies east and north of GCJ-02."""
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BAIDU_ANGLE)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BAIDU_ANGLE)
    return radius * np.cos(angle) + _BAIDU_EAST - lon, radius * np.sin(angle) + _BAIDU_NORTH - lat


def _forward(lon: ArrayLike, lat: ArrayLike, *shifts: Callable[[Degrees, Degrees], Pair]) -> Pair:
    """Apply `shifts` one after the other to the points that lie in the box before the first one."""
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    inside = in_china(x, y)
    moved_x, moved_y = np.where(inside, x, 105.0), np.where(inside, y, 35.0)
    for shift in shifts:
        east, north = shift(moved_x, moved_y)
        moved_x, moved_y = moved_x + east, moved_y + north
    return np.where(inside, moved_x, x), np.where(inside, moved_y, y)


def _inverse(lon: ArrayLike, lat: ArrayLike, *shifts: Callable[[Degrees, Degrees], Pair]) -> Pair:
    """Undo `shifts` in their order by fixed-point iteration; a point is changed when its original lies in the box."""
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    # Only a point that may have been shifted takes part.
    near = _in_box(x, y, margin=_LARGEST_SHIFT)
    found_x, found_y = np.where(near, x, 105.0), np.where(near, y, 35.0)
    for shift in shifts:
        target_x, target_y = found_x, found_y
        for _ in range(_INVERSE_ROUNDS):
            east, north = shift(found_x, found_y)
            found_x, found_y = target_x - east, target_y - north
    inside = near & in_china(found_x, found_y)
    return np.where(inside, found_x, x), np.where(inside, found_y, y)


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Shift WGS-84 to GCJ-02 (Amap, Tencent, most web maps), some 300-600 m in most of China."""
    return _forward(lon, lat, _gcj02_shift)


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Undo GCJ-02 by an iterated inverse, to better than 1e-8 degrees."""
    return _inverse(lon, lat, _gcj02_shift)


def gcj02_to_bd09(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Shift GCJ-02 to BD-09 (Baidu)."""
    return _forward(lon, lat, _bd09_shift)


def bd09_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Undo Baidu's layer by an iterated inverse, to better than 1e-8 degrees."""
    return _inverse(lon, lat, _bd09_shift)


def to_wgs84(lon: ArrayLike, lat: ArrayLike, system: System) -> Pair:
    """Return points given in `system` as WGS-84.

    Parameters
    ----------
    lon, lat
        Degrees in `system`.
    system
        One of `SYSTEMS`.

    Returns
    -------
    lon, lat
        WGS-84 degrees.

    Raises
    ------
    ValueError
        If `system` is unknown.
    """
    if system == "gcj02":
        return gcj02_to_wgs84(lon, lat)
    if system == "bd09":
        return _inverse(lon, lat, _bd09_shift, _gcj02_shift)
    return _unshifted(lon, lat, system)


def from_wgs84(lon: ArrayLike, lat: ArrayLike, system: System) -> Pair:
    """Return WGS-84 points in `system`; the opposite of `to_wgs84`, with the same errors raised."""
    if system == "gcj02":
        return wgs84_to_gcj02(lon, lat)
    if system == "bd09":
        return _forward(lon, lat, _gcj02_shift, _bd09_shift)
    return _unshifted(lon, lat, system)


def _unshifted(lon: ArrayLike, lat: ArrayLike, system: str) -> Pair:
    if system not in {"wgs84", "cgcs2000"}:
        raise ValueError(system)
    return np.array(lon, dtype=np.float64), np.array(lat, dtype=np.float64)
