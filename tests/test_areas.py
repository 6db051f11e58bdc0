"""Layers of districts and towns: which area a point lies in, and what the tables get from that."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner import areas, placing
from planner.coordinates import from_wgs84, to_wgs84
from planner.errors import TableError
from planner.sources import TableSource
from test_placing import NO_SITES, codes, demand, faults, sites

if TYPE_CHECKING:
    from pathlib import Path

    from planner.tables import Table

PEOPLE = "编号,社区代码,镇街,区县,人口,城乡,经度,纬度\n"


def layer(folder: Path, shapes: list[tuple[str, Any]], **how: Any) -> TableSource:
    rows = [
        {"type": "Feature", "properties": {"name": name}, "geometry": shape and shapely.geometry.mapping(shape)}
        for name, shape in shapes
    ]
    file = folder / "layer.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": rows}), encoding="utf-8")
    return TableSource(file, "layer.geojson", **{"coordinates": "gcj02", **how})


def filled(folder: Path, text: str, shapes: list[tuple[str, Any]], of_sites: str = NO_SITES) -> tuple[Table, Table]:
    asked = placing.Asked({"district": (layer(folder, shapes), "name")})
    found = placing.place(demand(folder, PEOPLE + text, None, id=None), sites(folder, of_sites), asked, ())
    assert found is not None
    return found.demand, found.sites


# --- the layer ---------------------------------------------------------------------------------------------------

BOX = shapely.box(117, 36, 118, 37)
BOW = shapely.Polygon([(117, 36), (118, 37), (118, 36), (117, 37)])


def test_outlines_are_converted_vertex_by_vertex(tmp_path: Path) -> None:
    bent = shapely.segmentize(BOX, 0.3)
    found = areas.read_areas(layer(tmp_path, [("甲区", bent)]), "name")
    lon, lat = to_wgs84(shapely.get_coordinates(bent)[:, 0], shapely.get_coordinates(bent)[:, 1], "gcj02")
    assert np.array_equal(shapely.get_coordinates(found.shapes[0]), np.stack([lon, lat], axis=1))


@pytest.mark.parametrize("ending", ["gpkg", "shp"])
def test_layers_in_metres_and_other_formats_are_read(ending: str, tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"name": ["甲区"]}, geometry=[BOX], crs=4490)
    file = tmp_path / f"districts.{ending}"
    frame.to_crs(4549).to_file(file, encoding="utf-8")
    found = areas.read_areas(TableSource(file, file.name, coordinates="cgcs2000"), "name")
    assert found.names == ("甲区",)
    assert found.shapes[0].symmetric_difference(BOX).area < 1e-3


def test_a_shapefile_of_old_is_read_with_a_doubt_and_never_without_its_parts(tmp_path: Path) -> None:
    file = tmp_path / "districts.shp"
    gpd.GeoDataFrame({"name": ["甲区"]}, geometry=[BOX], crs=4490).to_file(file, encoding="gb18030")
    file.with_suffix(".cpg").unlink()
    source = TableSource(file, file.name, coordinates="cgcs2000")
    found = areas.read_areas(source, "name")
    assert found.names == ("甲区",)
    assert [doubt.code for doubt in found.doubts] == ["encoding_guessed"]
    file.with_suffix(".dbf").unlink()
    with pytest.raises(TableError) as error:
        areas.read_areas(source, "name")
    assert faults(error) == [("shapefile_parts", None)]


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ([("甲", shapely.Point(117, 36))], [("not_an_area", 1)]),
        ([("甲", BOX), ("乙", None)], [("area_empty", 2)]),
        ([("甲", shapely.Polygon([(117, 36), (118, 36), (117, 36)]))], [("area_empty", 1)]),
        ([("", BOX)], [("area_nameless", 1)]),
        ([("甲", BOX), ("乙", shapely.box(500000, 4e6, 5e5 + 9, 4e6 + 9))], [("outside_globe", 2)]),
        ([], [("table_empty", None)]),
    ],
)
def test_features_that_are_no_named_areas_are_faults(
    shapes: list[Any], expected: list[tuple[str, int | None]], tmp_path: Path
) -> None:
    with pytest.raises(TableError) as error:
        areas.read_areas(layer(tmp_path, shapes), "name")
    assert faults(error) == expected


def test_a_layer_must_say_its_system_be_there_and_have_the_column(tmp_path: Path) -> None:
    good = layer(tmp_path, [("甲", BOX)])
    for source, name, code in (
        (replace(good, coordinates=None), "name", "no_coordinates"),
        (good, "names", "absent_header_near"),
        (replace(good, file=tmp_path / "none.gpkg"), "name", "table_absent"),
        (replace(good, file=tmp_path / "layer.kml"), "name", "areas_format"),
    ):
        with pytest.raises(TableError) as error:
            areas.read_areas(source, name)
        assert [code for code, _ in faults(error)] == [code]


def test_an_outline_that_crosses_itself_is_mended_with_a_doubt(tmp_path: Path) -> None:
    found = areas.read_areas(layer(tmp_path, [("甲", BOW)], coordinates="wgs84"), "name")
    assert found.shapes[0].is_valid
    assert found.shapes[0].area == pytest.approx(0.5)
    assert [(doubt.code, doubt.row) for doubt in found.doubts] == [("area_mended", 1)]


# --- which area a point lies in ----------------------------------------------------------------------------------

corners = st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(1, 3), st.integers(1, 3))


@settings(max_examples=75, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.sampled_from("甲乙丙"), corners), min_size=1, max_size=5),
    st.lists(st.none() | st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=6),
)
def test_a_point_has_the_name_of_the_one_area_that_holds_it(boxes: list[Any], spots: list[Any]) -> None:
    shapes = np.array([shapely.box(x, y, x + w, y + h) for _, (x, y, w, h) in boxes], dtype=object)
    points = np.array([None if spot is None else shapely.Point(spot) for spot in spots] + [None], dtype=object)
    found = areas.within(areas.Areas(tuple(name for name, _ in boxes), shapes), points)
    for at, spot in enumerate([*spots, None]):
        here = {
            name for name, (x, y, w, h) in boxes if spot and x <= spot[0] <= x + w and y <= spot[1] <= y + h
        }  # on the border of two, both
        assert found.name[at] == (here.pop() if len(here) == 1 else "")
        assert found.several[at] == (len(here) > 1)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.text(max_size=4), unique=True, min_size=1, max_size=20), st.floats(0.001, 0.4))
def test_spread_points_lie_inside_and_each_goes_by_its_id_alone(ids: list[str], width: float) -> None:
    area = shapely.union(shapely.box(0, 0, 1, width), shapely.box(0, 0, width, 1))
    points = areas.spread(area, ids)
    assert shapely.contains(area, points).all()
    assert areas.spread(area, ids[-1:])[0] == points[-1]


def test_spread_points_fill_the_area_evenly() -> None:
    points = areas.spread(shapely.box(0, 0, 1, 1), [f"{number:012d}" for number in range(4000)])
    x, y = shapely.get_x(points), shapely.get_y(points)
    counts = Counter(zip((x * 4).astype(int).tolist(), (y * 4).astype(int).tolist(), strict=True))
    assert len(counts) == 16
    assert 200 < min(counts.values()) <= max(counts.values()) < 300, "250 each"


def test_an_area_too_thin_to_be_hit_gives_its_inner_point(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(areas, "ROUNDS", 3)
    sliver = shapely.Polygon([(0, 0), (1, 1), (1, 1 + 1e-9), (0, 1e-9)])
    assert areas.spread(sliver, ["a"])[0] == areas.inner_point(sliver)


# --- tables ------------------------------------------------------------------------------------------------------

WEST, EAST = ("西区", shapely.box(117, 36, 118, 37)), ("东区", shapely.box(118, 36, 119, 37))


def test_empty_cells_are_filled_where_one_area_holds_the_point(tmp_path: Path) -> None:
    overlap = ("重叠区", shapely.box(117.8, 36, 118, 37))
    table, found = filled(
        tmp_path,
        "a,,,,1,111,117.5,36.5\nb,,,,1,111,118.5,36.5\nc,,,高新区,1,111,117.5,36.5\nd,,,,1,111,117.9,36.5\n"
        "e,,,,1,111,118,36\nf,,,,1,111,120,36.5\ng,,,,1,111,,\nh,,,西区,1,111,117.5,36.5\n",
        [WEST, EAST, overlap],
        "site_id,name,type,status,district,lon,lat\nS1,站,station,existing,,118.5,36.5\n"
        "S2,站,station,existing,西区,118.5,36.5\nS3,站,station,existing,,10,50\n",
    )
    assert table.frame["district"].tolist() == ["西区", "东区", "高新区", "", "", "", "", "西区"]
    assert table.frame["town"].tolist() == [""] * 8
    assert {(d.code, d.row) for d in table.doubts} == {
        ("area_disagrees", 4), ("area_several", 5), ("area_several", 6), ("area_none", 7),
    }  # fmt: skip
    assert found.frame["district"].tolist() == ["东区", "西区", ""]
    assert codes(found) == {"area_disagrees": 1, "area_none": 1}


def test_a_community_in_two_areas_gets_neither(tmp_path: Path) -> None:
    unit = "370102001001"
    text = f"a,{unit},,,1,111,117.5,36.5\nb,{unit},,,1,111,118.5,36.5\nc,,,,1,111,118.5,36.5\n"
    table, _ = filled(tmp_path, text, [WEST, EAST])
    assert table.frame["district"].tolist() == ["", "", "东区"]
    assert codes(table) == {"area_splits_unit": 2}
    said = text.replace("b,370102001001,,,", "b,370102001001,,西区,")
    table, _ = filled(tmp_path, said, [WEST, EAST])
    assert table.frame["district"].tolist() == ["西区", "西区", "东区"]
    assert codes(table) == {"area_disagrees": 1}


def test_points_and_areas_of_two_systems_meet(tmp_path: Path) -> None:
    # 200 m inside a border that GCJ-02 shows half a kilometre farther east
    x, y = from_wgs84([117.5], [36.5], "gcj02")
    border = ("甲区", shapely.box(float(x[0]) - 0.002, 36, 118, 37))
    table, _ = filled(tmp_path, f"a,,,,1,111,{x[0]},{y[0]}\n", [border])
    assert table.frame["district"].tolist() == ["甲区"]
    raw = areas.Areas(("甲区",), np.array([border[1]], dtype=object))
    assert areas.within(raw, np.array([shapely.Point(117.5, 36.5)], dtype=object)).name.tolist() == [""]


def test_the_order_of_rows_and_areas_does_not_matter(tmp_path: Path) -> None:
    rows = ["a,,,,1,111,117.5,36.5", "b,,,,1,111,118.5,36.5", "c,,,,1,111,118,36.5"]
    first, _ = filled(tmp_path, "\n".join(rows), [WEST, EAST])
    second, _ = filled(tmp_path, "\n".join(rows[::-1]), [EAST, WEST])
    assert first.frame["district"].tolist() == second.frame["district"].tolist()[::-1]


# --- towns of one name -------------------------------------------------------------------------------------------

# a town in either district, and what the tables say of it: no place yet, to be spread over its area
IN_WEST, IN_EAST = ("城关镇", shapely.box(117.2, 36.2, 117.4, 36.4)), ("城关镇", shapely.box(118.2, 36.2, 118.4, 36.4))


def spread_over(
    folder: Path, rows: str, towns: list[tuple[str, Any]], *districts: tuple[str, Any], column: list[str] | None = None
) -> tuple[list[str], Table]:
    """Where rows without a place end up: west, east or nowhere."""
    folder.mkdir()
    asked = {"town": (replace(layer(folder, towns), file=folder / "towns.geojson"), "name")}
    frame = gpd.GeoDataFrame({"name": [name for name, _ in towns]}, geometry=[shape for _, shape in towns], crs=4326)
    if column is not None:
        frame["所属区县"] = column
    frame.to_file(folder / "towns.geojson", driver="GeoJSON")
    if districts:
        asked["district"] = (layer(folder, list(districts)), "name")
    table = demand(folder, PEOPLE + rows, None, id=None, unplaced="spread")
    found = placing.place(table, sites(folder, NO_SITES), placing.Asked(asked), ())
    assert found is not None
    where = ["" if point is None else "west" if point.x < 118 else "east" for point in found.demand.frame.geometry]
    return where, found.demand


@pytest.mark.parametrize(
    ("towns", "districts", "column", "expected"),
    [
        ([IN_WEST], [WEST, EAST], None, ["west", ""]),
        ([IN_WEST, IN_EAST], [WEST, EAST], None, ["west", "east"]),
        ([IN_EAST, IN_WEST], [], ["东区", "西区"], ["west", "east"]),
        ([IN_EAST, IN_WEST], [WEST], ["东区", ""], ["west", "east"]),
        ([IN_WEST, IN_WEST], [WEST, EAST], None, ["", ""]),
        ([IN_WEST, IN_EAST], [], None, ["", ""]),
        ([IN_WEST], [], None, ["", ""]),  # whose it is, nobody says
    ],
)
def test_towns_of_one_name_are_told_apart_by_district(
    towns: list[Any], districts: list[Any], column: list[str] | None, expected: list[str], tmp_path: Path
) -> None:
    rows = "a,,城关镇,西区,1,111,,\nb,,城关镇,东区,1,111,,\n"
    where, table = spread_over(tmp_path / "a", rows, towns, *districts, column=column)
    assert where == expected
    assert table.frame["placed"].tolist() == ["spread" if place else "none" for place in expected]
    told = [doubt.values["town"] for doubt in table.doubts if doubt.code == "unplaced_area_unknown"]
    assert told == [name for name, place in zip(["西区城关镇", "东区城关镇"], expected, strict=True) if not place]


def test_a_town_without_its_district_is_placed_where_there_is_one_only(tmp_path: Path) -> None:
    bare, other = "a,,城关镇,,1,111,,\n", "b,,城关镇,东区,1,111,118.3,36.3\n"
    for number, (rows, towns, expected) in enumerate(
        (
            (bare, [IN_WEST], "west"),
            (bare, [IN_WEST, IN_EAST], ""),
            (bare + other, [IN_WEST], ""),  # the tables know another town of that name
        )
    ):
        where, _ = spread_over(tmp_path / str(number), rows, towns, WEST, EAST)
        assert where[0] == expected


units = st.lists(st.tuples(st.sampled_from(["", "东", "西"]), st.sampled_from("甲乙")), unique=True, max_size=6)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(units, st.lists(st.tuples(st.sampled_from(["", "东", "西"]), st.sampled_from("甲乙")), max_size=5))
def test_an_area_is_never_given_to_towns_of_two_districts(asked: list[Any], drawn: list[Any]) -> None:
    shapes = np.array([shapely.box(at, 0, at + 1, 1) for at in range(len(drawn))], dtype=object)
    lie_in = tuple(district for district, _ in drawn)
    found = areas.matched(areas.Areas(tuple(name for _, name in drawn), shapes, (), lie_in), asked)
    owners: dict[int, set[str]] = {}
    for (district, name), area in found.items():
        at = int(area.bounds[0])
        assert drawn[at][1] == name
        assert drawn[at][0] in {district, ""} or not district
        owners.setdefault(at, set()).update({district, drawn[at][0]} - {""})
    assert all(len(districts) <= 1 for districts in owners.values())
    for unit in asked:
        if unit[0] and drawn.count(unit) == 1:
            assert unit in found
