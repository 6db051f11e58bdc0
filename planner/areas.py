"""Layers of districts and towns: which of them a point lies in, and points inside them."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import shapely

from planner.columns import DEMAND_COLUMNS
from planner.coordinates import in_china, to_wgs84
from planner.errors import Fault, TableError
from planner.grammar import quoted
from planner.matching import absent_header, match_headers
from planner.pathfaults import unreadable
from planner.sources import strip
from planner.vectors import Shapes, read_shapes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from planner.sources import TableSource

    Flags = NDArray[np.bool_]
    Unit = tuple[str, str]

ENDINGS = (".gpkg", ".geojson", ".shp")
"""Files that a layer of areas is read from."""

ROUNDS = 10_000
"""Points that are tried for a place inside an area before its own inner point is taken."""

_DISTRICT = tuple(column for column in DEMAND_COLUMNS if column.name == "district")

# Steps of Roberts' R2 sequence, which fills a square evenly: 1/p and 1/p^2 with p^3 = p + 1.
_STEP_X, _STEP_Y = 0.7548776662466927, 0.5698402909980532


@dataclass(frozen=True, eq=False)
class Areas:
    """A layer of named areas.

    Attributes
    ----------
    names
        Name of each feature; several features may share one.
    shapes
        Polygons in WGS-84 degrees.
    doubts
        An encoding that was guessed, and outlines that had to be mended.
    districts
        District of each feature, empty where it is not known; none at all where none is.
    """

    names: tuple[str, ...]
    shapes: NDArray[np.object_]
    doubts: tuple[Fault, ...] = ()
    districts: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Within:
    """Where points lie in a layer.

    Attributes
    ----------
    name
        Name of the one area that holds the point; empty where none does or several do.
    several
        Whether areas of several names hold it, such as where they overlap and on the border between two.
    """

    name: NDArray[np.object_]
    several: Flags


def read_areas(source: TableSource, name: str) -> Areas:
    """Read a layer of areas.

    Parameters
    ----------
    source
        The layer: its file, ``sheet`` and ``coordinates``; outlines are converted vertex by vertex.
    name
        Header of the column with the names. A column that is headed as the district of a table is read as well.

    Raises
    ------
    TableError
        With every fault: a file that is not there or no layer, no such column, a feature that is no area or has no
        name, vertices outside the globe, or in China in a system that is not named.
    """
    layer = read_shapes(source, _content(source))
    if not len(layer.shapes):
        raise TableError(Fault("table_empty", source.shown, layer.name))
    if name not in layer.headers:
        wrong = absent_header(name, layer.headers)
        raise TableError(Fault(wrong.code, source.shown, layer.name, None, "name", wrong.values))
    names = tuple(map(strip, layer.cells[layer.headers.index(name)]))
    faults = [*_unfit(source, layer, names, name), *_astray(source, layer)]
    if faults:
        raise TableError(*faults)
    system = source.coordinates or "wgs84"
    shapes = shapely.transform(layer.shapes, lambda x, y: to_wgs84(x, y, system), interleaved=False)
    crossed = np.flatnonzero(~shapely.is_valid(shapes)).tolist()
    for row in crossed:
        shapes[row] = _mended(shapes[row])
    doubts = [Fault("area_mended", source.shown, layer.name, row + 1, values={"name": names[row]}) for row in crossed]
    at = match_headers(layer.headers, _DISTRICT, {}).place.get("district")
    return Areas(names, shapes, (*layer.doubts, *doubts), () if at is None else tuple(map(strip, layer.cells[at])))


def _content(source: TableSource) -> bytes:
    ending = source.file.suffix.lower()
    if ending not in ENDINGS:
        raise TableError(Fault("areas_format", source.shown, values={"ending": ending, "known": " ".join(ENDINGS)}))
    if fault := unreadable(source.file, source.shown):
        raise TableError(fault)
    try:
        return source.file.read_bytes()
    except FileNotFoundError:
        raise TableError(Fault("table_absent", source.shown)) from None
    except OSError as error:
        raise TableError(Fault("table_closed", source.shown, values={"reason": error.strerror or ""})) from error


def _unfit(source: TableSource, layer: Shapes, names: Sequence[str], header: str) -> Iterator[Fault]:
    """Find features that are no areas, and areas without a name."""
    for row, (shape, name) in enumerate(zip(layer.shapes, names, strict=True), 1):
        if shape is not None and shape.geom_type not in {"Polygon", "MultiPolygon"}:
            yield Fault("not_an_area", source.shown, layer.name, row, values={"kind": shape.geom_type})
        elif shape is None or not shapely.make_valid(shape).area > 0:
            yield Fault("area_empty", source.shown, layer.name, row, values={"name": quoted(name)})
        if not name:
            yield Fault("area_nameless", source.shown, layer.name, row, header)


def _astray(source: TableSource, layer: Shapes) -> Iterator[Fault]:
    """Find vertices that cannot be where the file says, or may lie in several systems."""
    vertices, feature = shapely.get_coordinates(layer.shapes, return_index=True)
    lon, lat = vertices.T
    off = ~((np.abs(lon) <= 180) & (np.abs(lat) <= 90))  # noqa: PLR2004  (not a number is off as well)
    for row in np.unique(feature[off]).tolist():
        at = np.flatnonzero(off & (feature == row))[0]
        values = {"lon": f"{lon[at]:g}", "lat": f"{lat[at]:g}"}
        yield Fault("outside_globe", source.shown, layer.name, row + 1, values=values)
    count = int(in_china(lon, lat).sum())
    if source.coordinates is None and count:
        yield Fault("no_coordinates", source.shown, layer.name, values={"count": count})


def _mended(shape: shapely.Geometry) -> shapely.Geometry:
    """Return an outline that crosses itself as the areas that it encloses."""
    parts = shapely.get_parts(shapely.get_parts(shapely.make_valid(shape)))
    return shapely.union_all(parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON])


def within(areas: Areas, points: NDArray[np.object_]) -> Within:
    """Find the one area that holds each point.

    Parameters
    ----------
    areas
        The layer. A point on the border of an area belongs to it, so on the border of two it belongs to both.
    points
        Points in WGS-84 degrees; None lies nowhere.
    """
    point, feature = shapely.STRtree(areas.shapes).query(points, predicate="intersects")
    names, number = np.unique(np.array(areas.names, dtype=object), return_inverse=True)
    pairs = np.unique(np.stack([point, number[feature]]), axis=1)
    count = np.bincount(pairs[0], minlength=len(points))
    found = np.full(len(points), "", dtype=object)
    alone = pairs[:, count[pairs[0]] == 1]
    found[alone[0]] = names[alone[1]]
    return Within(found, count > 1)


def with_districts(layers: Mapping[str, Areas]) -> dict[str, Areas]:
    """Return the layers with the district of each town: as its own column says, else the one that its middle lies in.

    Parameters
    ----------
    layers
        ``district`` and ``town`` -> layer, as far as there is one.
    """
    if not {"district", "town"} <= set(layers):
        return dict(layers)
    towns = layers["town"]
    found = within(layers["district"], shapely.point_on_surface(towns.shapes)).name.tolist()
    own = towns.districts or ("",) * len(found)
    return {
        **layers,
        "town": replace(towns, districts=tuple(one or other for one, other in zip(own, found, strict=True))),
    }


def matched(areas: Areas, units: Collection[Unit]) -> dict[Unit, shapely.Geometry]:
    """Find the area of each unit: of towns of one name in several districts, which is meant is not guessed.

    Parameters
    ----------
    areas
        The layer.
    units
        District and name of all units that are spoken of; the district is empty where it is not known.

    Returns
    -------
    found
        Unit -> the one area of its name in its district; else the only area of its name, where all units and areas of
        that name that have a district have the same. A unit without either is not among them.
    """
    rows: defaultdict[str, list[int]] = defaultdict(list)
    districts: defaultdict[str, set[str]] = defaultdict(set)
    for row, name in enumerate(areas.names):
        rows[name].append(row)
    lies_in = areas.districts or ("",) * len(areas.names)
    for district, name in (*units, *zip(lies_in, areas.names, strict=True)):
        districts[name] |= {district} - {""}
    found = {}
    for district, name in units:
        fitting = [row for row in rows[name] if district and lies_in[row] == district]
        if not fitting and len(districts[name]) <= 1:
            fitting = rows[name]
        if len(fitting) == 1:
            found[district, name] = areas.shapes[fitting[0]]
    return found


def elsewhere(areas: Areas, units: Collection[Unit]) -> dict[Unit, tuple[shapely.Geometry, str]]:
    """Find the area of each unit that lies in another district than the unit belongs to, as a development zone's does.

    Parameters
    ----------
    areas, units
        As of `matched`.

    Returns
    -------
    found
        Unit -> the only area of its name in the whole layer, and the district that it lies in; only where no other
        unit has that name. A unit without a district, or that `matched` finds, is not among them.
    """
    here = matched(areas, units)
    alone = {name for name, count in Counter(name for _, name in units).items() if count == 1}
    alone &= {name for name, count in Counter(areas.names).items() if count == 1}
    at = {name: row for row, name in enumerate(areas.names)}
    return {
        unit: (areas.shapes[at[unit[1]]], areas.districts[at[unit[1]]])
        for unit in units
        if unit[0] and unit[1] in alone and unit not in here
    }


def inner_point(area: shapely.Geometry) -> shapely.Point:
    """Return a point inside an area, in the middle of its widest part."""
    return shapely.point_on_surface(area)


def spread(area: shapely.Geometry, ids: Sequence[str]) -> NDArray[np.object_]:
    """Find a point inside an area for each id.

    An id has the same point whatever other ids there are: a sequence that fills the area's box evenly begins at a place
    that the id's SHA-256 gives, and the first point of it inside the area is taken.

    Parameters
    ----------
    area
        Polygons in degrees.
    ids
        Ids of the points.

    Returns
    -------
    points
        One for each id.
    """
    west, south, east, north = shapely.bounds(area)
    starts = [hashlib.sha256(text.encode()).digest() for text in ids]
    u, v = (np.array([int.from_bytes(start[at : at + 6]) / 2**48 for start in starts]) for at in (0, 6))
    found = np.full(len(ids), None, dtype=object)
    left = np.arange(len(ids))
    shapely.prepare(area)
    for number in range(ROUNDS):
        x = west + (u[left] + number * _STEP_X) % 1 * (east - west)
        y = south + (v[left] + number * _STEP_Y) % 1 * (north - south)
        inside = shapely.contains_xy(area, x, y)
        found[left[inside]] = shapely.points(x[inside], y[inside])
        left = left[~inside]
        if not len(left):
            break
    found[left] = inner_point(area)
    return found
