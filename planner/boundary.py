"""The boundary of a place: from Nominatim, or from a file that the user gives; and the same, wider by a margin."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely.geometry import mapping, shape

from planner.coordinates import in_china, to_wgs84
from planner.download import Question, Trouble
from planner.errors import Fault, ScenarioError
from planner.geodesy import project, unproject, utm_epsg
from planner.pathfaults import is_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from planner.coordinates import System

URL = "https://nominatim.openstreetmap.org/search"

MOST_BYTES = 64 << 20
"""Largest answer about places: it is read as a whole."""

_MOST_ANSWERS = 10
_AREAS = ("boundary", "place")  # classes of OpenStreetMap objects that are places, not buildings of that name
_ALIKE = 0.9
_STEP_DEG = 0.01
_SPARE = 1.01
_GLOBE = shapely.box(-180, -90, 180, 90)


@dataclass(frozen=True, eq=False)
class Boundary:
    """The area of a place in WGS-84 degrees, and what is known of where it comes from."""

    area: shapely.Geometry
    about: Mapping[str, Any] = field(default_factory=dict)

    def as_geojson(self) -> dict[str, Any]:
        """Return it as the content of a GeoJSON file."""
        feature = {"type": "Feature", "properties": dict(self.about), "geometry": mapping(self.area)}
        return {"type": "FeatureCollection", "features": [feature]}


def question(url: str, place: str) -> Question:
    """Ask Nominatim for the places of a name, with their outlines."""
    form = {"q": place, "format": "jsonv2", "polygon_geojson": "1", "limit": str(_MOST_ANSWERS)}
    return Question(url, form)


def judge(file: Path) -> Trouble | None:
    """Say what is wrong with an answer of Nominatim; None where it is a list of places, whole."""
    text = file.read_bytes()
    if not text.lstrip().startswith(b"["):
        return Trouble("net_not_places", passing=False)
    try:
        found = json.loads(text)
    except ValueError:
        return Trouble("net_cut", passing=True)
    whole = all(isinstance(item, dict) for item in found)
    return None if whole else Trouble("net_not_places", passing=False)


def chosen(file: Path, place: str, url: str) -> Boundary:
    """Choose the place that is meant among those of an answer.

    Parameters
    ----------
    file
        An answer that `judge` has found good.
    place
        The name that was asked for.
    url
        The server, for the fault.

    Raises
    ------
    ScenarioError
        If no answer is an area, or several areas bear the name: which is meant is not guessed.
    """
    found = json.loads(file.read_bytes())
    areas = [item for item in found if item.get("category") in _AREAS and _is_area(item.get("geojson"))]
    if not areas:
        others = [str(item.get("display_name", "")) for item in found]
        raise ScenarioError(Fault("place_not_found", url, values={"place": place, "others": _listed(others)}))
    first, shapes = areas[0], [_outline(item) for item in areas]
    rivals = [
        item
        for item, area in zip(areas, shapes, strict=True)
        if item.get("name") == first.get("name") and _likeness(area, shapes[0]) < _ALIKE
    ]
    if rivals:
        names = [str(item.get("display_name", "")) for item in (first, *rivals)]
        raise ScenarioError(Fault("place_ambiguous", url, values={"place": place, "names": _listed(names)}))
    told = {key: first[key] for key in ("name", "display_name", "osm_type", "osm_id") if key in first}
    return Boundary(shapes[0], told)


def _listed(names: Sequence[str]) -> str:
    return " / ".join(names[:5]) or "—"


def _is_area(outline: Any) -> bool:
    return isinstance(outline, dict) and outline.get("type") in ("Polygon", "MultiPolygon")


def _outline(item: Mapping[str, Any]) -> shapely.Geometry:
    try:
        return _valid(shape(item["geojson"]))
    except (shapely.errors.ShapelyError, ValueError, TypeError, LookupError) as error:
        name = item.get("display_name", "")
        raise ScenarioError(Fault("place_not_found", values={"place": name, "others": str(error)})) from error


def _valid(area: shapely.Geometry) -> shapely.Geometry:
    """Mend an outline that crosses itself, and keep nothing but areas."""
    parts = shapely.get_parts(shapely.make_valid(area)).tolist()
    parts = [inner for part in parts for inner in shapely.get_parts(part).tolist()]
    return shapely.union_all([part for part in parts if part.geom_type == "Polygon"])


def _likeness(a: shapely.Geometry, b: shapely.Geometry) -> float:
    """Area that two outlines share, as a part of what they cover together."""
    together = shapely.union(a, b).area
    return float(shapely.intersection(a, b).area / together) if together else 1.0


def read_boundary(file: Path, system: System | None) -> Boundary:
    """Read the boundary from a file with polygons: GeoJSON, GeoPackage, Shapefile, KML.

    Parameters
    ----------
    file
        All its polygons together are the area.
    system
        What its coordinates are in; None takes them as WGS-84, which is refused in China, where many maps are shifted.

    Raises
    ------
    ScenarioError
        If it cannot be read, holds no area, or does not say what its coordinates are in.
    """
    import geopandas as gpd  # noqa: PLC0415  (slow to import, and needed for this alone)

    if not is_file(file):
        raise ScenarioError(Fault("file_missing", str(file)))
    try:
        frame = gpd.read_file(file)
    except Exception as error:  # whatever is wrong with the file, the reader says
        raise ScenarioError(Fault("boundary_unreadable", str(file), values={"reason": error})) from error
    if not isinstance(frame, gpd.GeoDataFrame) or not frame.geom_type.isin(["Polygon", "MultiPolygon"]).any():
        raise ScenarioError(Fault("boundary_no_area", str(file)))
    if frame.crs is None and system is None:
        raise ScenarioError(Fault("boundary_datum", str(file)))
    degrees = frame if frame.crs is None else frame.to_crs(4326)
    area = _valid(shapely.union_all(shapely.make_valid(degrees.geometry.dropna().to_numpy())))
    if area.is_empty or not _GLOBE.covers(area):
        raise ScenarioError(Fault("boundary_no_area", str(file)))
    if system is None and bool(in_china(area.centroid.x, area.centroid.y)):
        raise ScenarioError(Fault("boundary_datum", str(file)))
    moved = shapely.transform(area, lambda xy: np.column_stack(to_wgs84(xy[:, 0], xy[:, 1], system or "wgs84")))
    return Boundary(moved, {"file": file.name, "coordinates": system or "wgs84"})


def widened(area: shapely.Geometry, margin_m: float) -> shapely.Geometry:
    """Widen an area by a margin, one per cent more rather than less.

    Parameters
    ----------
    area
        Polygons in WGS-84 degrees.
    margin_m
        Metres, 0 at least.

    Returns
    -------
    wider
        Polygons that hold every place within the margin of the area. Drawn in the UTM zone of its centre, where a
        length is off by less than 0.1 % within the zone; edges are cut short before, for a straight line in degrees is
        none in the plane.
    """
    west, south, east, north = area.bounds
    epsg = utm_epsg((west + east) / 2, (south + north) / 2)
    short = shapely.segmentize(area, _STEP_DEG)
    flat = shapely.transform(short, lambda xy: np.column_stack(project(xy[:, 0], xy[:, 1], epsg)))
    wide = shapely.buffer(flat, margin_m * _SPARE, quad_segs=16)
    return shapely.transform(wide, lambda xy: np.column_stack(unproject(xy[:, 0], xy[:, 1], epsg)))
