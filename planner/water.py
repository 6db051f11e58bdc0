"""Water in an OpenStreetMap file, and which straight lines cross it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import osmium
import shapely

from planner.errors import Fault, RoadError
from planner.osmobjects import UNREADABLE, source_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Degrees = NDArray[np.float64]

AREAS: Mapping[str, tuple[str, ...]] = {
    "natural": ("water",),
    "waterway": ("riverbank", "dock"),
    "landuse": ("reservoir",),
}
"""Tags of water areas: key -> values."""

LINES = ("river", "canal")
"""Values of ``waterway`` that a walker cannot step over; a stream or a ditch may have a plank that no map shows."""


def water_of(path: Path) -> NDArray[np.object_]:
    """Read the water of a road file.

    Parameters
    ----------
    path
        A file that `planner.osmfile.read_roads` reads.

    Returns
    -------
    shapes
        Areas and lines in WGS-84 degrees; none where the file was made for roads alone.

    Raises
    ------
    RoadError
        If it cannot be read to its end.
    """
    kinds = [(key, value) for key, values in AREAS.items() for value in values]
    areas = osmium.filter.TagFilter(*kinds)
    wanted = osmium.filter.TagFilter(*kinds, *(("waterway", value) for value in LINES))
    try:
        found = list(_shapes(osmium.FileProcessor(source_of(path)).with_areas(areas).with_filter(wanted)))
    except UNREADABLE as error:
        raise RoadError(Fault("road_unreadable", str(path), values={"reason": error})) from error
    return np.array([shape for shape in found if not shape.is_empty], dtype=object)


def _shapes(objects: Iterable[Any]) -> Iterator[shapely.Geometry]:
    factory = osmium.geom.WKBFactory()
    for item in objects:
        if item.is_area():
            yield shapely.from_wkb(factory.create_multipolygon(item))
        elif item.is_way() and item.tags.get("waterway") in LINES:
            places = [(node.location.lon, node.location.lat) for node in item.nodes if node.location.valid()]
            if len(places) > 1:
                yield shapely.LineString(places)


def crossing(
    water: NDArray[np.object_], lon: Degrees, lat: Degrees, to_lon: Degrees, to_lat: Degrees
) -> NDArray[np.bool_]:
    """Mask of the straight lines between places that meet water; a line without an end meets none."""
    met = np.zeros(len(lon), dtype=bool)
    ends = np.stack([np.column_stack([lon, lat]), np.column_stack([to_lon, to_lat])], axis=1)
    rows = np.flatnonzero(np.isfinite(ends).all(axis=(1, 2)))
    if len(rows) and len(water):
        tree = shapely.STRtree(shapely.linestrings(ends[rows]))
        met[rows[np.unique(tree.query(water, predicate="intersects")[1])]] = True
    return met
