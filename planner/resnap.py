"""Feet for `verify`: every point brought to the nearest segment, by shapely's tree and plain arithmetic.

The plane is the UTM zone of the centre of the roads' box, the access leg a great circle; a foot is a whole millimetre
along its segment, and of segments no more than 1 mm farther than the nearest the lowest way and number counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyproj
import shapely

from planner.redegrees import metres_mm

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from planner.reroads import Streets

TIE_M = 0.001
_SLACK_M = 0.001


@dataclass(frozen=True)
class Foot:
    """Where a point touches the network.

    Attributes
    ----------
    segment
        Number of the segment in `Streets.segments`.
    at_mm
        Whole millimetres along it.
    place
        The node, or segment and millimetres: what a path begins and ends at.
    leg_mm
        The way from the point to its foot, in whole millimetres.
    """

    segment: int
    at_mm: int
    place: Hashable
    leg_mm: int


def _to_plane(streets: Streets) -> Any:
    lons, lats = zip(*streets.nodes.values(), strict=True)
    lon, lat = (min(lons) + max(lons)) / 2, (min(lats) + max(lats)) / 2
    zone = int((lon + 180) // 6) % 60 + 1
    return pyproj.Transformer.from_crs(4326, (32600 if lat >= 0 else 32700) + zone, always_xy=True)


def _foot_on(x: float, y: float, a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float, float, float]:
    """Distance to a line, the part of it up to the foot, and the foot."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    square = dx * dx + dy * dy
    part = min(1.0, max(0.0, ((x - a[0]) * dx + (y - a[1]) * dy) / square)) if square else 0.0
    foot_x, foot_y = a[0] + part * dx, a[1] + part * dy
    return math.hypot(x - foot_x, y - foot_y), part, foot_x, foot_y


def feet_of(streets: Streets, points: Mapping[str, tuple[float, float]], snap_max_m: float) -> dict[str, Foot]:
    """Feet of the points that are near enough to a road.

    Parameters
    ----------
    streets
        The network.
    points
        Id -> longitude, latitude in WGS-84 degrees.
    snap_max_m
        The longest access leg, in metres.
    """
    plane = _to_plane(streets)
    lons, lats = zip(*streets.nodes.values(), strict=True)
    places = dict(zip(streets.nodes, zip(*plane.transform(lons, lats), strict=True), strict=True))
    lines = [(places[segment.a], places[segment.b]) for segment in streets.segments]
    tree = shapely.STRtree(shapely.linestrings(lines))
    found = {}
    for name, (lon, lat) in points.items():
        x, y = plane.transform(lon, lat)
        if not (math.isfinite(x) and math.isfinite(y)):
            continue
        spot = shapely.Point(x, y)
        nearest = shapely.distance(tree.geometries[tree.nearest(spot)], spot)
        around = tree.query(spot, predicate="dwithin", distance=nearest + TIE_M + _SLACK_M).tolist()
        foot = _chosen(streets, {number: _foot_on(x, y, *lines[number]) for number in around})
        leg_mm = metres_mm(lon, lat, *plane.transform(foot[2], foot[3], direction="INVERSE"))
        if leg_mm <= round(snap_max_m * 1000):
            found[name] = _placed(streets, foot[0], foot[1], leg_mm)
    return found


def _chosen(streets: Streets, feet: Mapping[int, tuple[float, float, float, float]]) -> tuple[int, float, float, float]:
    """Return the number of the nearest segment, with the foot on it."""
    least = min(foot[0] for foot in feet.values())
    level = [number for number, foot in feet.items() if foot[0] <= least + TIE_M]
    best = min(level, key=lambda number: (streets.segments[number].way, streets.segments[number].number))
    return best, *feet[best][1:]


def _placed(streets: Streets, number: int, part: float, leg_mm: int) -> Foot:
    """Round a foot to its millimetre; within 1 mm of an end it is on the node."""
    segment = streets.segments[number]
    at_mm = round(part * segment.mm)
    before, after = at_mm, segment.mm - at_mm
    if min(before, after) > 1:
        return Foot(number, at_mm, (number, at_mm), leg_mm)
    at_start = before <= after
    return Foot(number, 0 if at_start else segment.mm, segment.a if at_start else segment.b, leg_mm)
