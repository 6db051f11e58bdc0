"""Where a road file was cut off: places at which roads end because the file does, not because the roads do.

A figure near such a place may be wrong, for a way may lead out of the file and back into it, or to a site beyond. Three
signs are read, and each is a sign only: nodes that a way names and the file lacks; dead ends that lie outside the
area that the file says it covers, or within `ON_LINE_M` of its border; sides of the roads' box that many roads end on,
or beyond which points of the tables lie. A file cut in another way shows none of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import osmium
import shapely
from scipy.spatial import KDTree

from planner.geodesy import EARTH_RADIUS_M, great_circle_m
from planner.osmobjects import UNREADABLE, extracted, read_nodes, read_ways, refs_of, source_of, tags_of
from planner.osmways import TELLING_KEYS, takes
from planner.roads import freeze

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from planner.roads import Roads

    Degrees = NDArray[np.float64]
    Flags = NDArray[np.bool_]

SIDES = ("west", "south", "east", "north")
"""Sides of a box, in the order of its bounds."""

ON_LINE_M = 5.0
"""A dead end so near to a line ends on it (metres)."""

ENDS_ON_SIDE = 3
"""So many dead ends on one side of the roads' box are no chance: of any network one or two ends lie outermost."""

BEYOND_SHARE = 0.01
"""Part of the points that must lie beyond a side of the roads' box, and `ENDS_ON_SIDE` at least: a typing error is
one point, not many."""


@dataclass(frozen=True, eq=False)
class Cut:
    """Where the roads of a file were cut off.

    Attributes
    ----------
    lon, lat
        Places at which roads are cut, WGS-84 degrees, shape (n,).
    box
        West, south, east and north of the roads.
    sides
        Sides of the box that are cut as a whole, by number in `SIDES`.
    missing, beyond
        How many places there are beside nodes that the file lacks, and at the border of what it says it covers.
    """

    lon: Degrees
    lat: Degrees
    box: tuple[float, float, float, float]
    sides: tuple[int, ...]
    missing: int
    beyond: int

    def __post_init__(self) -> None:
        freeze(self)

    @property
    def seen(self) -> bool:
        """Whether there is any sign that the file was cut."""
        return bool(len(self.lon) or self.sides)


def dead_ends(roads: Roads) -> Flags:
    """Mask of the nodes from which one may go on to one other node only."""
    pairs = np.sort(np.column_stack([roads.u, roads.v]), axis=1)
    pairs = np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)
    return np.asarray(np.bincount(pairs.ravel(), minlength=roads.n_nodes) == 1)


def covered_box(path: Path) -> shapely.Geometry | None:
    """Return the box that a road file says it covers, in degrees; None where it does not say, or cannot be read."""
    try:
        with osmium.io.Reader(source_of(path), osmium.osm.NOTHING) as reader:
            box = reader.header().box()
    except UNREADABLE:
        return None
    low, high = box.bottom_left, box.top_right
    return shapely.box(low.lon, low.lat, high.lon, high.lat) if box.valid() else None


def cut_nodes(path: Path) -> tuple[Degrees, Degrees]:
    """Find the nodes after which a walkable way goes on to a node that the file lacks.

    Returns
    -------
    lon, lat
        WGS-84 degrees.

    Raises
    ------
    RoadError
        If the file cannot be read; see `planner.osmfile.read_roads`.
    """
    with extracted(path) as extract:
        ways = read_ways(extract, TELLING_KEYS["walk"])
        kept = [way.refs for way in ways if not way.deleted and takes(tags_of(way.tags), "walk")]
        refs, sizes = refs_of(kept)
        nodes = read_nodes(extract, np.unique(refs))
    known = np.isin(refs, nodes.node_id)
    way = np.repeat(np.arange(len(sizes)), sizes)
    same = way[1:] == way[:-1]
    last = np.append(same & known[:-1] & ~known[1:], False)
    first = np.insert(same & known[1:] & ~known[:-1], 0, False)
    at = np.searchsorted(nodes.node_id, np.unique(refs[last | first]))
    return nodes.lon[at], nodes.lat[at]


def cut_of(
    roads: Roads,
    missing: tuple[Degrees, Degrees],
    covered: shapely.Geometry | None,
    lon: Degrees,
    lat: Degrees,
    beyond_m: float,
) -> Cut:
    """Put the signs together that a road file was cut.

    Parameters
    ----------
    roads
        The walk network of the file.
    missing
        Degrees of the nodes that `cut_nodes` finds.
    covered
        The area that the file is said to cover; None where nobody says.
    lon, lat
        WGS-84 degrees of the tables' points; NaN for one without a place.
    beyond_m
        A point so far outside the roads' box lies beyond its side (metres).
    """
    ends = np.flatnonzero(dead_ends(roads))
    at_lon, at_lat = roads.lon[ends], roads.lat[ends]
    outside = np.zeros(len(ends), dtype=bool)
    if covered is not None:
        metre = np.rad2deg(1 / EARTH_RADIUS_M)
        outside[:] = ~shapely.intersects_xy(shapely.buffer(covered, -ON_LINE_M * metre), at_lon, at_lat)
    placed = np.isfinite(lon) & np.isfinite(lat)
    least = max(ENDS_ON_SIDE, BEYOND_SHARE * int(placed.sum()))
    inward, off = _inward_m(roads.bounds, at_lon, at_lat), -_inward_m(roads.bounds, lon[placed], lat[placed])
    sides = tuple(
        side
        for side in range(len(SIDES))
        if (inward[side] <= ON_LINE_M).sum() >= ENDS_ON_SIDE or (off[side] > beyond_m).sum() >= least
    )
    places = (np.append(missing[0], at_lon[outside]), np.append(missing[1], at_lat[outside]))
    return Cut(*places, roads.bounds, sides, len(missing[0]), int(outside.sum()))


def _inward_m(box: tuple[float, float, float, float], lon: Degrees, lat: Degrees) -> Degrees:
    """Metres from each side of a box to places, below zero for those outside of it; shape (4, n)."""
    west, south, east, north = box
    return np.stack(
        [
            np.sign(lon - west) * great_circle_m(west, lat, lon, lat),
            np.sign(lat - south) * great_circle_m(lon, south, lon, lat),
            np.sign(east - lon) * great_circle_m(east, lat, lon, lat),
            np.sign(north - lat) * great_circle_m(lon, north, lon, lat),
        ]
    )


def metres_to(cut: Cut, lon: Degrees, lat: Degrees) -> Degrees:
    """Return how far places lie from where the roads were cut, as the crow flies.

    Parameters
    ----------
    cut
        Where they were.
    lon, lat
        WGS-84 degrees, shape (n,); NaN for a point without a place.

    Returns
    -------
    metres
        0 beyond a side that is cut; infinite where nothing is cut or there is no place.
    """
    away = np.full(len(lon), np.inf)
    rows = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
    if len(cut.lon):
        chord, _ = KDTree(_sphere(cut.lon, cut.lat)).query(_sphere(lon[rows], lat[rows]))
        away[rows] = 2 * EARTH_RADIUS_M * np.arcsin(np.minimum(chord / 2, 1.0))
    if cut.sides:
        inward = _inward_m(cut.box, lon[rows], lat[rows])[list(cut.sides)].min(axis=0)
        away[rows] = np.minimum(away[rows], np.maximum(inward, 0.0))
    return away


def _sphere(lon: Degrees, lat: Degrees) -> Degrees:
    """Points on the unit sphere."""
    lam, phi = np.deg2rad(lon), np.deg2rad(lat)
    return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=1)
