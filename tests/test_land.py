"""What lies under the roads of a map: water of the road file, outlines of districts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, Point, box, mapping

from planner import inputs
from planner.land import SMALLEST_DEG2, land_of, merged
from town import LAT, LON, SCENARIO, osm_xml, write_town

if TYPE_CHECKING:
    from pathlib import Path

    from planner.mapdata import Land

LAKE = [(LON + 0.01, LAT + 0.001), (LON + 0.014, LAT + 0.001), (LON + 0.014, LAT + 0.004), (LON + 0.01, LAT + 0.004)]
RIVER = [(LON, LAT + 0.0005), (LON + 0.02, LAT + 0.0005)]
EAST, WEST = (
    box(LON + 0.0112, LAT - 0.01, LON + 0.04, LAT + 0.04),
    box(LON - 0.02, LAT - 0.01, LON + 0.0112, LAT + 0.04),
)
AREAS = """
[areas.districts]
file = "districts.geojson"
name = "name"
"""


def array(*shapes: Any) -> Any:
    return np.array(shapes, dtype=object)


def wet_roads() -> str:
    """Roads of the town with a lake and a river."""
    places = [*LAKE, *RIVER]
    nodes = "".join(f'<node id="{9000 + n}" lon="{lon:.7f}" lat="{lat:.7f}"/>' for n, (lon, lat) in enumerate(places))
    ring = "".join(f'<nd ref="{9000 + n}"/>' for n in (0, 1, 2, 3, 0))
    ways = (
        f'<way id="8001">{ring}<tag k="natural" v="water"/></way>'
        '<way id="8002"><nd ref="9004"/><nd ref="9005"/><tag k="waterway" v="river"/></way>'
    )
    dry = osm_xml()
    first_way = dry.index("<way")
    return dry[:first_way] + nodes + dry[first_way:].replace("</osm>", f"{ways}</osm>")


def districts(*areas: tuple[str, Any]) -> str:
    features = [{"type": "Feature", "properties": {"name": name}, "geometry": mapping(area)} for name, area in areas]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)


def read_land(path: Path) -> Land:
    return land_of(inputs.read(path, lambda _: None))


def test_areas_of_water_that_touch_are_one_and_ponds_are_left_out() -> None:
    pond = Point(1, 1).buffer(SMALLEST_DEG2**0.5 / 3)
    found = merged(array(box(0, 0, 2, 2), box(1, 1, 3, 3), box(5, 5, 6, 6), pond, LineString(RIVER)))
    assert [shape.geom_type for shape in found] == ["Polygon", "Polygon", "LineString"]
    assert sorted(shapely.area(found).tolist()) == [0, 1, 7]


def test_an_outline_that_crosses_itself_is_water_all_the_same() -> None:
    bow = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    assert shapely.area(merged(array(bow))).sum() == pytest.approx(2)


def test_a_road_file_without_water_gives_nothing(tmp_path: Path) -> None:
    found = read_land(write_town(tmp_path))
    assert len(found.water) == 0
    assert found.boundaries == ()


def test_water_and_districts_are_read_where_they_are(tmp_path: Path) -> None:
    path = write_town(tmp_path, SCENARIO + AREAS)
    (tmp_path / "roads.osm").write_text(wet_roads(), encoding="utf-8")
    (tmp_path / "districts.geojson").write_text(districts(("西区", WEST), ("东区", EAST)), encoding="utf-8")
    found = read_land(path)
    assert sorted(shape.geom_type for shape in found.water) == ["LineString", "Polygon"]
    assert shapely.union_all(found.water).covers(LineString(RIVER))
    assert [name for name, _ in found.boundaries] == ["西区", "东区"]
    assert [area.equals(one) for (_, area), one in zip(found.boundaries, (WEST, EAST), strict=True)] == [True, True]


def test_towns_alone_give_one_outline_without_a_name(tmp_path: Path) -> None:
    path = write_town(tmp_path, SCENARIO + AREAS.replace("districts]", "towns]"))
    (tmp_path / "districts.geojson").write_text(districts(("西区镇", WEST), ("东区镇", EAST)), encoding="utf-8")
    ((name, area),) = read_land(path).boundaries
    assert name == ""
    assert area.equals(shapely.union_all([WEST, EAST]))


def test_a_file_that_went_away_since_is_no_fault_of_a_map(tmp_path: Path) -> None:
    path = write_town(tmp_path, SCENARIO + AREAS)
    (tmp_path / "districts.geojson").write_text(districts(("西区", WEST), ("东区", EAST)), encoding="utf-8")
    read = inputs.read(path, lambda _: None)
    (tmp_path / "districts.geojson").unlink()
    (tmp_path / "roads.osm").unlink()
    found = land_of(read)
    assert (len(found.water), found.boundaries) == (0, ())
