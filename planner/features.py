"""Features of a place that may host a site: halls, markets, libraries and such, as points; from Overpass or a file.

Points are taken as they are, and of areas and lines the centre of their box, as Overpass does. An area or line of which
a file lacks a part is none.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import osmium
import shapely

from planner.download import Question, Trouble
from planner.errors import Fault, RoadError
from planner.osmobjects import UNREADABLE, source_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

KINDS: Mapping[str, tuple[str, ...]] = {
    "amenity": ("community_centre", "townhall", "marketplace", "library", "bus_station", "university", "college"),
    "shop": ("mall",),
}
"""Tags of OpenStreetMap that make a feature: key -> values, each the name of its kind."""

MOST_BYTES = 64 << 20
"""Largest answer about features: it is read as a whole."""

_LETTERS = {"node": "n", "way": "w", "relation": "r"}
_QUERY = "[out:json][timeout:180];({parts});out tags center;"


class Feature(NamedTuple):
    """One feature: its id with the letter of its type (``w123``), its kind, name (may be empty) and WGS-84 degrees.

    `owner` is who owns or else runs it, as far as it is tagged.
    """

    osm_id: str
    kind: str
    name: str
    lon: float
    lat: float
    owner: str = ""


def _kind(tags: Mapping[str, str]) -> str | None:
    return next((tags[key] for key, values in KINDS.items() if tags.get(key) in values), None)


def _owner(tags: Mapping[str, str]) -> str:
    return tags.get("owner") or tags.get("operator") or ""


def question(url: str, box: tuple[float, float, float, float]) -> Question:
    """Ask an Overpass server for the features in a box of degrees (west, south, east, north)."""
    west, south, east, north = box
    within = f"({south:.7f},{west:.7f},{north:.7f},{east:.7f})"
    parts = "".join(f'nwr["{key}"~"^({"|".join(values)})$"]{within};' for key, values in KINDS.items())
    return Question(url, {"data": _QUERY.format(parts=parts)}, post=True)


def judge(file: Path) -> Trouble | None:
    """Say what is wrong with an answer; None where it is Overpass JSON, whole and without a remark."""
    text = file.read_bytes()
    if not text.lstrip().startswith(b"{"):
        return Trouble("net_not_osm", passing=False)
    try:
        answer = json.loads(text)
    except ValueError:
        return Trouble("net_cut", passing=True)
    if "remark" in answer:
        return Trouble("net_partial", passing=True, values={"remark": str(answer["remark"])[:500]})
    try:
        list(_answered(answer))
    except (LookupError, TypeError, ValueError, AttributeError):
        return Trouble("net_not_osm", passing=False)
    return None


def from_answer(file: Path) -> list[Feature]:
    """Return the features of an answer that `judge` has found good."""
    return list(_answered(json.loads(file.read_bytes())))


def _answered(answer: Mapping[str, Any]) -> Iterator[Feature]:
    for item in answer["elements"]:
        tags, at = item["tags"], item.get("center", item)
        kind = _kind(tags)
        if kind is not None:
            number = f"{_LETTERS[item['type']]}{int(item['id'])}"
            place = float(at["lon"]), float(at["lat"])
            yield Feature(number, kind, str(tags.get("name", "")), *place, str(_owner(tags)))


def from_file(file: Path) -> list[Feature]:
    """Return the features of an OpenStreetMap file that `planner.osmfile.read_roads` reads.

    Raises
    ------
    RoadError
        If it cannot be read to its end.
    """
    wanted = osmium.filter.TagFilter(*((key, value) for key, values in KINDS.items() for value in values))
    try:
        return list(_filed(osmium.FileProcessor(source_of(file)).with_areas(wanted).with_filter(wanted)))
    except UNREADABLE as error:
        raise RoadError(Fault("road_unreadable", str(file), values={"reason": error})) from error


def _filed(objects: Iterable[Any]) -> Iterator[Feature]:
    for item in objects:
        tags = dict(item.tags)
        kind, name, owner = _kind(tags), tags.get("name", ""), _owner(tags)
        if item.is_node() and kind is not None and item.location.valid():
            yield Feature(f"n{item.id}", kind, name, item.location.lon, item.location.lat, owner)
        elif item.is_area() and kind is not None:
            number = f"{'w' if item.from_way() else 'r'}{item.orig_id()}"
            yield Feature(number, kind, name, *_middle(node for ring in item.outer_rings() for node in ring), owner)
        elif item.is_way() and kind is not None and _is_line(item):
            yield Feature(f"w{item.id}", kind, name, *_middle(item.nodes), owner)


def _is_line(way: Any) -> bool:
    """Whether a way is a whole line, such as a street that is a market; a closed one comes as an area."""
    return not way.is_closed() and all(node.location.valid() for node in way.nodes)


def _middle(nodes: Iterable[Any]) -> tuple[float, float]:
    """Centre of the box around some nodes."""
    places = [node.location for node in nodes]
    lon, lat = ([getattr(place, axis) for place in places] for axis in ("lon", "lat"))
    return (min(lon) + max(lon)) / 2, (min(lat) + max(lat)) / 2


def _by_type_and_id(item: Feature) -> tuple[str, int]:
    return item.osm_id[0], int(item.osm_id[1:])


def as_geojson(found: Iterable[Feature], place: shapely.Geometry, wider: shapely.Geometry) -> dict[str, Any]:
    """Return features as the content of a GeoJSON file, each once, by type and id.

    Parameters
    ----------
    found
        Features, some of them several times.
    place, wider
        The place, and the area that is kept, in degrees; ``inside`` tells which features lie in the place itself.
    """
    shapely.prepare([place, wider])
    kept = [
        {
            "type": "Feature",
            "properties": {
                "osm_id": item.osm_id,
                "kind": item.kind,
                "name": item.name,
                "owner": item.owner,
                "inside": bool(shapely.intersects_xy(place, item.lon, item.lat)),
            },
            "geometry": {"type": "Point", "coordinates": [round(item.lon, 7), round(item.lat, 7)]},
        }
        for item in sorted({item.osm_id: item for item in found}.values(), key=_by_type_and_id)
        if shapely.intersects_xy(wider, item.lon, item.lat)
    ]
    return {"type": "FeatureCollection", "features": kept}
