"""Areas where no site may be: polygons of a layer, and the sites of the user's own tables that stand in them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import shapely

from planner.coordinates import in_china, to_wgs84
from planner.errors import Fault, TableError
from planner.grammar import Wrong
from planner.vectors import read_drawn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.sources import TableSource
    from planner.tables import Table

ENDINGS = (".gpkg", ".geojson", ".shp")
"""Files that the layer is read from."""

IDS_SHOWN = 5
"""Sites of a file that are named; all are counted."""

_AREAS = ("Polygon", "MultiPolygon")


def read_exclusions(source: TableSource) -> shapely.Geometry:
    """Read the areas of a layer.

    Parameters
    ----------
    source
        The layer; its ``coordinates`` say in which system it is drawn, in China they must.

    Returns
    -------
    area
        All its polygons together, WGS-84 degrees.

    Raises
    ------
    TableError
        If it cannot be read, has no feature, one that is no polygon or lies outside the globe, or lies in China and
        does not say in which system. An outline that crosses itself counts as all that it encloses.
    """
    layer = read_drawn(source, ENDINGS, unfit="exclude_format", empty="exclude_empty")
    found = [(row + 1, wrong) for row, shape in enumerate(layer.shapes.tolist()) if (wrong := _unfit(shape))]
    faults = [Fault(wrong.code, source.shown, layer.name, row, values=wrong.values) for row, wrong in found]
    vertices = shapely.get_coordinates(layer.shapes)
    if source.coordinates is None and bool(in_china(vertices[:, 0], vertices[:, 1]).any()):
        faults.append(Fault("exclude_datum", source.shown, layer.name))
    if faults:
        raise TableError(*faults)
    system = source.coordinates or "wgs84"
    moved = shapely.transform(layer.shapes, lambda xy: np.column_stack(to_wgs84(xy[:, 0], xy[:, 1], system)))
    parts = shapely.get_parts(shapely.get_parts(shapely.make_valid(moved)))
    return shapely.union_all(parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON])


def _unfit(shape: shapely.Geometry | None) -> Wrong | None:
    """Tell what is wrong with a feature; None where nothing is."""
    if shape is None or shape.is_empty or shape.geom_type not in _AREAS:
        return Wrong("exclude_no_area", {"kind": "—" if shape is None else shape.geom_type})
    corners = np.abs(shapely.get_coordinates(shape))
    return None if (corners <= (180, 90)).all() else Wrong("exclude_no_degrees")  # also what is no number


def inside(area: shapely.Geometry | None, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mask of the places in an area, its edge included; None holds none."""
    if area is None:
        return np.zeros(len(lon), dtype=bool)
    shapely.prepare(area)
    return np.asarray(shapely.intersects_xy(area, lon, lat), dtype=bool)


def doubted(sites: Table, area: shapely.Geometry) -> Table:
    """Return the sites with a doubt for every table that holds candidates in an excluded area.

    Parameters
    ----------
    sites
        The site tables as read.
    area
        Where no site may be, WGS-84 degrees.
    """
    frame = sites.frame
    mask = inside(area, frame.geometry.x.to_numpy(), frame.geometry.y.to_numpy())
    rows = np.flatnonzero(mask & (frame["status"] == "candidate").to_numpy())
    files, found = sites.origin["file"].to_numpy()[rows], []
    for file in dict.fromkeys(files.tolist()):
        mine = rows[files == file]
        ids = " ".join(frame["site_id"].iloc[mine[:IDS_SHOWN]])
        first = int(sites.origin["row"].iloc[mine[0]])
        found.append(Fault("candidate_excluded", file, row=first, values={"count": len(mine), "ids": ids}))
    return replace(sites, doubts=(*sites.doubts, *found))
