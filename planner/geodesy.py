"""Distances on the globe and the plane of a UTM zone.

Figures are counted in whole millimetres, so that sums are the same in any order, thread or language.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

EARTH_RADIUS_M = 6_371_009.0
"""Mean radius of the sphere, in metres: the value that OSMnx uses."""

MM_PER_M = 1000


def great_circle_m(lon1: ArrayLike, lat1: ArrayLike, lon2: ArrayLike, lat2: ArrayLike) -> NDArray[np.float64]:
    """Great-circle distance by the haversine formula, element by element.

    Parameters
    ----------
    lon1, lat1, lon2, lat2
        WGS-84 degrees; shapes broadcast.

    Returns
    -------
    metres
        Distance on a sphere of radius `EARTH_RADIUS_M`.
    """
    phi1, phi2 = np.deg2rad(lat1), np.deg2rad(lat2)
    half_phi = (phi2 - phi1) / 2
    half_lambda = (np.deg2rad(lon2) - np.deg2rad(lon1)) / 2
    haversine = np.sin(half_phi) ** 2 + np.cos(phi1) * np.cos(phi2) * np.sin(half_lambda) ** 2
    return np.asarray(2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(1.0, haversine))), dtype=np.float64)


def to_mm(metres: ArrayLike) -> NDArray[np.int64]:
    """Round metres to whole millimetres, once."""
    return np.rint(np.asarray(metres, dtype=np.float64) * MM_PER_M).astype(np.int64)


def great_circle_mm(lon1: ArrayLike, lat1: ArrayLike, lon2: ArrayLike, lat2: ArrayLike) -> NDArray[np.int64]:
    """Great-circle distance in whole millimetres; see `great_circle_m`."""
    return to_mm(great_circle_m(lon1, lat1, lon2, lat2))


def segment_mm(lon1: ArrayLike, lat1: ArrayLike, lon2: ArrayLike, lat2: ArrayLike) -> NDArray[np.int64]:
    """Length of way segments in whole millimetres: at least 1, unless both ends are one place."""
    apart = (np.asarray(lon1) != np.asarray(lon2)) | (np.asarray(lat1) != np.asarray(lat2))
    return np.where(apart, np.maximum(great_circle_mm(lon1, lat1, lon2, lat2), 1), 0)


def utm_epsg(lon: float, lat: float) -> int:
    """EPSG code of the WGS-84 UTM zone that holds a point (regular 6-degree zones)."""
    zone = int((lon + 180.0) // 6.0) % 60 + 1
    return (32600 if lat >= 0 else 32700) + zone


@lru_cache(maxsize=64)
def _transformer(source: int, target: int) -> Any:
    return pyproj.Transformer.from_crs(source, target, always_xy=True)


def _transform(a: ArrayLike, b: ArrayLike, source: int, target: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.size == 1:  # pyproj takes a single element for a scalar, and loses its shape
        one = _transformer(source, target).transform(first.item(), second.item())
        return np.full(first.shape, one[0]), np.full(first.shape, one[1])
    found = _transformer(source, target).transform(first, second)
    return np.asarray(found[0]), np.asarray(found[1])


def project(lon: ArrayLike, lat: ArrayLike, epsg: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Project WGS-84 degrees into the plane of `epsg`; returns x and y in metres."""
    return _transform(lon, lat, 4326, epsg)


def unproject(x: ArrayLike, y: ArrayLike, epsg: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the WGS-84 degrees of points in the plane of `epsg`."""
    return _transform(x, y, epsg, 4326)
