"""Degrees and distances for `verify`, in plain Python: a second hand that shares no code with the engine.

GCJ-02 and BD-09 are undone by iteration on the offsets that are public knowledge; lengths are great circles of the
sphere that OSMnx uses, rounded once to whole millimetres (design.md 5).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Place = tuple[float, float]

RADIUS_M = 6_371_009.0
_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271
_A, _E2 = 6_378_245.0, 0.00669342162296594323
_ROUNDS = 12
_CLOSE = 0.05
_TURN = math.pi * 3000 / 180


def metres_mm(lon1: float, lat1: float, lon2: float, lat2: float) -> int:
    """Great-circle distance of two places in whole millimetres (haversine)."""
    phi1, phi2 = math.radians(lat1), math.radians(lat2)
    across = (math.radians(lon2) - math.radians(lon1)) / 2
    part = math.sin((phi2 - phi1) / 2) ** 2 + math.cos(phi1) * math.cos(phi2) * math.sin(across) ** 2
    return round(2 * RADIUS_M * math.asin(math.sqrt(min(1.0, part))) * 1000)


def _inside(lon: float, lat: float, slack: float = 0.0) -> bool:
    return _WEST - slack <= lon <= _EAST + slack and _SOUTH - slack <= lat <= _NORTH + slack


def _amap(lon: float, lat: float) -> Place:
    """Where GCJ-02 puts a WGS-84 place."""
    x, y, pi = lon - 105, lat - 35, math.pi
    ripple = (20 * math.sin(6 * x * pi) + 20 * math.sin(2 * x * pi)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + ripple
    east += (20 * math.sin(x * pi) + 40 * math.sin(x / 3 * pi)) * 2 / 3
    east += (150 * math.sin(x / 12 * pi) + 300 * math.sin(x / 30 * pi)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + ripple
    north += (20 * math.sin(y * pi) + 40 * math.sin(y / 3 * pi)) * 2 / 3
    north += (160 * math.sin(y / 12 * pi) + 320 * math.sin(y / 30 * pi)) * 2 / 3
    flat = 1 - _E2 * math.sin(math.radians(lat)) ** 2
    meridian = _A * (1 - _E2) / flat**1.5
    parallel = _A / math.sqrt(flat) * math.cos(math.radians(lat))
    return lon + math.degrees(east / parallel), lat + math.degrees(north / meridian)


def _baidu(lon: float, lat: float) -> Place:
    """Where BD-09 puts a GCJ-02 place."""
    radius = math.hypot(lon, lat) + 0.00002 * math.sin(lat * _TURN)
    angle = math.atan2(lat, lon) + 0.000003 * math.cos(lon * _TURN)
    return radius * math.cos(angle) + 0.0065, radius * math.sin(angle) + 0.006


def _undone(lon: float, lat: float, shift: Callable[[float, float], Place]) -> Place:
    """Find the place that a shift puts here."""
    x, y = lon, lat
    for _ in range(_ROUNDS):
        east, north = shift(x, y)
        x, y = x + lon - east, y + lat - north
    return x, y


def to_wgs84(lon: float, lat: float, system: str) -> Place:
    """Return a place given in ``wgs84``, ``cgcs2000``, ``gcj02`` or ``bd09`` in WGS-84 degrees."""
    if system not in {"gcj02", "bd09"} or not _inside(lon, lat, _CLOSE):
        return lon, lat
    x, y = _undone(lon, lat, _baidu) if system == "bd09" else (lon, lat)
    x, y = _undone(x, y, _amap)
    return (x, y) if _inside(x, y) else (lon, lat)
