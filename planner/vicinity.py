"""What lies within so many metres as the crow flies; few pairs are looked at, and each is measured exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import KDTree

from planner.geodesy import EARTH_RADIUS_M, great_circle_mm

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Degrees = NDArray[np.float64]
    Whole = NDArray[np.int64]

SLACK_M = 0.01
"""Metres added to the search radius for rounding; what is found is then measured in whole millimetres."""


def sphere(lon: Degrees, lat: Degrees) -> tuple[Whole, Degrees]:
    """Rows that have a place, and their points on the unit sphere."""
    rows = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
    lam, phi = np.deg2rad(lon[rows]), np.deg2rad(lat[rows])
    return rows, np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=1)


def chord(metres: float) -> float:
    """Straight line through the unit sphere that spans a great circle of so many metres, with slack."""
    return float(2 * np.sin(min((metres + SLACK_M) / (2 * EARTH_RADIUS_M), np.pi / 2)))


def close_pairs(lon: Degrees, lat: Degrees, within_mm: int) -> tuple[Whole, Whole]:
    """List the pairs of points at most so far apart.

    Parameters
    ----------
    lon, lat
        WGS-84 degrees, shape (n,); points without a place (not a number) are near nothing.
    within_mm
        Largest great-circle distance in whole millimetres.

    Returns
    -------
    first, second
        Numbers of the points, ``first < second``, ascending.
    """
    rows, points = sphere(lon, lat)
    if not len(rows):
        return rows, rows
    found = rows[KDTree(points).query_pairs(chord(within_mm / 1000), output_type="ndarray")]
    first, second = found[np.lexsort((found[:, 1], found[:, 0]))].T
    near = great_circle_mm(lon[first], lat[first], lon[second], lat[second]) <= within_mm
    return first[near], second[near]


def sums_near(lon: Degrees, lat: Degrees, amount: Whole, at_lon: Degrees, at_lat: Degrees, within_mm: int) -> Whole:
    """Add up what lies around some places.

    Parameters
    ----------
    lon, lat, amount
        WGS-84 degrees of points, and what each adds, shape (n,).
    at_lon, at_lat
        Places, shape (m,); around one without a place (not a number) lies nothing.
    within_mm
        Largest great-circle distance in whole millimetres.

    Returns
    -------
    sums
        Shape (m,).
    """
    sums = np.zeros(len(at_lon), dtype=np.int64)
    rows, points = sphere(lon, lat)
    places, centres = sphere(at_lon, at_lat)
    if not len(rows):
        return sums
    tree = KDTree(points)
    for place, centre in zip(places, centres, strict=True):
        near = rows[tree.query_ball_point(centre, chord(within_mm / 1000))]
        mm = great_circle_mm(lon[near], lat[near], at_lon[place], at_lat[place])
        sums[place] = amount[near[mm <= within_mm]].sum()
    return sums
