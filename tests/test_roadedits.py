"""Road what-ifs: what a layer of edits says, what it does to a network, and what that does to people."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import struct
from collections import defaultdict
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, MultiPoint, Point, Polygon
from typer.testing import CliRunner

from oracle import Segment, great_circle_mm, make_roads, utm
from planner import inputs, network, roadcache
from planner.cli import app
from planner.coordinates import wgs84_to_gcj02
from planner.errors import Fault, PlannerError, TableError
from planner.newroads import END_M, VERTEX_M
from planner.osmfile import read_roads, without_islands
from planner.rerouting import Rerouted, reroute, rerouted
from planner.roadedits import Edit, Edits, read_edits
from planner.sources import TableSource
from planner.speeds import CLASS_KPH
from planner.summary import run_lines
from planner.words import LANGUAGES, tell
from runs import RUN, run_scenario
from smallnets import MODES, PLACES, feet_on, networks, record, table
from town import LAT, LON, SCENARIO, STEP_LAT, STEP_LON, write_town

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from planner.roads import Feet, Roads
    from planner.terms import Mode

M_LON, M_LAT = 1 / 71_695, 1 / 111_195  # degrees of a metre in the town
SPEEDS: dict[str, Any] = {"drive_factor": 0.7, "class_kph": CLASS_KPH}
NO_ISLANDS: dict[str, Any] = {"island_min_m": 0.0, **SPEEDS}
ARRAYS = [item.name for item in dataclasses.fields(make_roads("walk", PLACES, [Segment(0, 0, 1)]))]


# --- a town and its edits ----------------------------------------------------------------------------------------


def spot(row: float, column: float, north_m: float = 0.0, east_m: float = 0.0) -> tuple[float, float]:
    """A place of the town's grid, and so many metres beside it."""
    return LON + column * STEP_LON + east_m * M_LON, LAT + row * STEP_LAT + north_m * M_LAT


def line(*places: tuple[float, float]) -> LineString:
    return LineString(places)


def broken(value: float) -> LineString:
    """A line with a coordinate that is no number, which a careless program can write."""
    with np.errstate(invalid="ignore"):
        return shapely.from_wkb(struct.pack("<BIIdddd", 1, 2, 2, *spot(1, 1), value, 50.0))


STREET = line(spot(1, 1), spot(1, 3))
"""Two segments of the way 1002."""


def edit_of(kind: Any, shape: Any = None, *, number: int = 1, **more: Any) -> Edit:
    """An edit as the reader gives it."""
    places = np.empty((0, 2)) if shape is None else shapely.get_coordinates(shape)
    modes = {"entrance": ("walk",), "slow": ("drive",), "one_way": ("drive",)}.get(kind, ("walk", "drive"))
    values = {"modes": modes, "kph": 30.0 if kind in ("add", "slow") else None, "highway": "", "way_id": None, **more}
    return Edit(number=number, kind=kind, name="", note="", lon=places[:, 0], lat=places[:, 1], **values)


def layer(folder: Path, rows: Sequence[Mapping[str, Any]], name: str = "改路.gpkg", crs: Any = 4326) -> Path:
    """Write a layer of edits."""
    frame = gpd.GeoDataFrame([dict(row) for row in rows], geometry="geometry", crs=crs)
    frame.to_file(folder / name, driver="GPKG" if name.endswith("gpkg") else "GeoJSON")
    return folder / name


def source(file: Path, **more: Any) -> TableSource:
    return TableSource(file, file.name, **more)


@pytest.fixture(scope="module")
def town_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_town(tmp_path_factory.mktemp("town")).parent / "roads.osm"


@pytest.fixture(scope="module")
def town(town_file: Path) -> dict[Mode, Roads]:
    return {mode: read_roads(town_file, mode, island_min_m=0) for mode in ("walk", "drive")}


def apply(town: Mapping[Mode, Roads], *edits: Edit, island_min_m: float = 1000.0) -> Rerouted:
    """Apply edits to the town's networks."""
    rows = tuple(dataclasses.replace(edit, number=number) for number, edit in enumerate(edits, 1))
    return rerouted(lambda m: town[m], list(town), Edits("改.gpkg", "", rows), island_min_m=island_min_m, **SPEEDS)


def codes(doubts: Sequence[Fault]) -> list[str]:
    for doubt in doubts:
        for language in LANGUAGES:
            assert all(tell(doubt, language))
    return [doubt.code for doubt in doubts]


def same(a: Roads, b: Roads) -> bool:
    """Whether two networks are one, array by array."""
    arrays = (name for name in ARRAYS if name not in ("mode", "report"))
    return a.mode == b.mode and all(np.array_equal(getattr(a, name), getattr(b, name)) for name in arrays)


def streets(roads: Roads) -> set[tuple[int, int]]:
    """Ends of the segments by node id."""
    return {(int(roads.node_id[u]), int(roads.node_id[v])) for u, v in zip(roads.u, roads.v, strict=True)}


# --- reading -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["改路.gpkg", "改路.geojson"])
def test_a_layer_is_read_in_chinese_and_in_english(tmp_path: Path, name: str) -> None:
    rows = [
        {"改动": "关闭", "名称": "人民路", "时速": None, "道路编号": "1002", "geometry": STREET},
        {"改动": "add", "名称": "", "时速": "40", "道路编号": None, "geometry": MultiLineString([STREET])},
        {"改动": "限速", "名称": "", "时速": "12.5", "道路编号": None, "geometry": STREET},
        {"改动": "one-way", "名称": "", "时速": None, "道路编号": None, "geometry": STREET},
        {"改动": "出入口", "名称": "东门", "时速": None, "道路编号": None, "geometry": Point(spot(1, 1))},
    ]
    edits = read_edits(source(layer(tmp_path, rows, name)))
    assert [edit.kind for edit in edits.rows] == ["close", "add", "slow", "one_way", "entrance"]
    assert [edit.modes for edit in edits.rows] == [("walk", "drive")] * 2 + [("drive",)] * 2 + [("walk",)]
    assert [edit.kph for edit in edits.rows] == [None, 40.0, 12.5, None, None]
    assert [edit.way_id for edit in edits.rows] == [1002, None, None, None, None]
    assert [edit.name for edit in edits.rows] == ["人民路", "", "", "", "东门"]
    assert [edit.number for edit in edits.rows] == [1, 2, 3, 4, 5]
    assert np.allclose(edits.rows[1].lon, [spot(1, 1)[0], spot(1, 3)[0]], atol=1e-9)


def test_a_class_tells_who_may_use_a_new_road(tmp_path: Path) -> None:
    rows = [
        {"edit": "add", "class": "footway", "mode": None, "geometry": STREET},
        {"edit": "add", "class": "motorway", "mode": None, "geometry": STREET},
        {"edit": "add", "class": "residential", "mode": "walk", "geometry": STREET},
        {"edit": "add", "class": None, "mode": "步行", "geometry": STREET},
        {"edit": "close", "class": None, "mode": "驾车", "geometry": STREET},
    ]
    modes = [edit.modes for edit in read_edits(source(layer(tmp_path, rows))).rows]
    assert modes == [("walk",), ("drive",), ("walk",), ("walk",), ("drive",)]


def test_projected_and_shifted_layers_come_to_wgs84(tmp_path: Path) -> None:
    there = np.array([[117.0, 36.6], [117.01, 36.61]])
    shifted = LineString(np.column_stack(wgs84_to_gcj02(*there.T)))
    utm50 = gpd.GeoSeries([shifted], crs=4326).to_crs(32650).iloc[0]
    file = layer(tmp_path, [{"edit": "close", "geometry": utm50}], crs=32650)
    edit = read_edits(source(file, coordinates="gcj02")).rows[0]
    assert np.allclose(np.column_stack([edit.lon, edit.lat]), there, atol=1e-8)
    with pytest.raises(TableError) as caught:
        read_edits(source(file))
    assert codes(caught.value.faults) == ["no_coordinates"]


FAULTY: list[tuple[dict[str, Any], str, str]] = [
    ({"edit": "拆除"}, "cell_choice", "edit"),
    ({"edit": None}, "cell_empty", "edit"),
    ({"edit": "slow"}, "edit_kph_missing", "kph"),
    ({"edit": "add"}, "edit_kph_missing", "kph"),
    ({"edit": "slow", "kph": "约30"}, "edit_kph", "kph"),
    ({"edit": "slow", "kph": "nan"}, "edit_kph", "kph"),
    ({"edit": "slow", "kph": "１０"}, "edit_kph", "kph"),
    ({"edit": "slow", "kph": "0"}, "edit_kph", "kph"),
    ({"edit": "slow", "kph": "900"}, "edit_kph", "kph"),
    ({"edit": "slow", "kph": "30", "mode": "walk"}, "edit_drive_only", "mode"),
    ({"edit": "one-way", "mode": "步行"}, "edit_drive_only", "mode"),
    ({"edit": "entrance", "mode": "drive"}, "edit_walk_only", "mode"),
    ({"edit": "add", "class": "footway", "mode": "both"}, "edit_class_mode", "mode"),
    ({"edit": "add", "class": "大路", "kph": "30"}, "cell_choice", "class"),
    ({"edit": "close", "mode": "骑车"}, "cell_choice", "mode"),
    ({"edit": "close", "way_id": "w12"}, "edit_way_id", "way_id"),
    ({"edit": "close", "geometry": Point(spot(1, 1))}, "edit_shape", "geometry"),
    ({"edit": "close", "geometry": Polygon([spot(1, 1), spot(1, 2), spot(2, 2)])}, "edit_shape", "geometry"),
    (
        {"edit": "entrance", "geometry": Polygon([spot(1, 1), spot(1, 2), spot(2, 2)])},
        "edit_shape_entrance",
        "geometry",
    ),
    ({"edit": "entrance", "geometry": MultiPoint([spot(1, 1), spot(2, 2)])}, "edit_parts", "geometry"),
    ({"edit": "close", "geometry": MultiLineString([STREET, STREET])}, "edit_parts", "geometry"),
    ({"edit": "close", "geometry": None}, "edit_no_shape", "geometry"),
    ({"edit": "one-way", "geometry": None, "way_id": "1002"}, "edit_no_shape", "geometry"),
    ({"edit": "close", "geometry": LineString()}, "edit_no_shape", "geometry"),
    ({"edit": "close", "geometry": broken(math.nan)}, "edit_not_finite", "geometry"),
    ({"edit": "close", "geometry": broken(math.inf)}, "edit_not_finite", "geometry"),
    ({"edit": "close", "geometry": line(spot(1, 1), spot(1, 1))}, "edit_no_length", "geometry"),
    ({"edit": "close", "note": "11010519491231002X"}, "personal_id", "note"),
]


@pytest.mark.parametrize(("row", "code", "column"), FAULTY)
def test_a_feature_that_breaks_a_rule_is_named(tmp_path: Path, row: dict[str, Any], code: str, column: str) -> None:
    blank = {"edit": None, "kph": None, "class": None, "mode": None, "way_id": None, "note": None}
    good = {**blank, "edit": "close", "geometry": STREET}
    file = layer(tmp_path, [good, {**blank, "geometry": STREET, **row}])
    with pytest.raises(TableError) as caught:
        read_edits(source(file))
    assert codes(caught.value.faults) == [code]
    fault = caught.value.faults[0]
    assert (fault.file, fault.row, fault.column) == ("改路.gpkg", 2, column)


def test_all_faults_of_all_features_are_told_at_once(tmp_path: Path) -> None:
    rows = [{"edit": "close", "way_id": "x", "geometry": None}, {"edit": "?", "way_id": "", "geometry": STREET}]
    with pytest.raises(TableError) as caught:
        read_edits(source(layer(tmp_path, rows)))
    assert [(f.code, f.row) for f in caught.value.faults] == [
        ("edit_way_id", 1),
        ("edit_no_shape", 1),
        ("cell_choice", 2),
    ]


def test_files_that_are_no_layer_of_edits(tmp_path: Path) -> None:
    def code(file: Path, **more: Any) -> list[str]:
        with pytest.raises(TableError) as caught:
            read_edits(source(file, **more))
        return codes(caught.value.faults)

    assert code(tmp_path / "无.gpkg") == ["table_absent"]
    assert code(tmp_path / "改.shp") == ["edits_ending"]
    (tmp_path / "夹.geojson").mkdir()
    assert code(tmp_path / "夹.geojson") == ["not_a_file"]
    (tmp_path / "坏.gpkg").write_bytes(b"no layer")
    assert code(tmp_path / "坏.gpkg") == ["layer_broken"]
    (tmp_path / "空.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    assert code(tmp_path / "空.geojson") == ["edits_empty"]
    plain = layer(tmp_path, [{"what": "close", "geometry": STREET}], "列.gpkg")
    assert code(plain) == ["edits_no_column"]
    assert code(plain, sheet="没有") == ["absent_layer"]
    twice = layer(tmp_path, [{"edit": "close", "改动": "close", "geometry": STREET}], "二.gpkg")
    assert code(twice) == ["two_headers"]
    with pytest.warns(UserWarning, match="crs"):
        nowhere = layer(tmp_path, [{"edit": "close", "geometry": STREET}], "系.gpkg", crs=None)
    assert code(nowhere) == ["crs_unknown"]


ODD = st.sampled_from(
    ["关闭", "add", "限速", "出入口", "步行", "both", "footway", "30", "-1", "nan", "1e999", "", "#REF!", "=1"]
)
PLACE = st.lists(st.one_of(st.sampled_from([10.0, 10.01, 50.0, 1e9, -181.0]), st.text(max_size=1)), max_size=3)
GOOD = {"type": "LineString", "coordinates": [[10.0, 50.0], [10.01, 50.0]]}
SHAPE = st.one_of(
    *[st.just(GOOD)] * 6,
    st.none(),
    st.fixed_dictionaries({"type": st.just("Point"), "coordinates": PLACE}),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["LineString", "MultiPoint"]), "coordinates": st.lists(PLACE, max_size=3)}
    ),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["Polygon", "MultiLineString"]), "coordinates": st.lists(st.lists(PLACE))}
    ),
    st.just({"type": "GeometryCollection", "geometries": []}),
)
CELL = st.one_of(ODD, ODD, st.text(max_size=3), st.integers(-5, 300), st.floats(), st.booleans(), st.none())
CELLS = st.dictionaries(st.sampled_from(["edit", "kph", "class", "mode", "way_id", "name", "x"]), CELL, max_size=3)


@settings(max_examples=70, deadline=None)
@given(features=st.lists(st.tuples(CELLS, SHAPE), max_size=2))
def test_whatever_stands_in_a_layer_is_read_whole_or_refused(
    features: list[tuple[dict[str, Any], Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = [
        {"type": "Feature", "properties": {"edit": "close", **cells}, "geometry": shape} for cells, shape in features
    ]
    file = tmp_path_factory.mktemp("odd") / "改.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": rows}), encoding="utf-8")
    try:
        edits = read_edits(source(file))
    except TableError as error:
        codes(error.faults)
    else:
        assert [edit.number for edit in edits.rows] == list(range(1, len(rows) + 1))
        assert all(np.isfinite([edit.lon, edit.lat]).all() and edit.modes for edit in edits.rows)


# --- which road a line means -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("drawn", "segments"),
    [
        (STREET, 2),
        (line(spot(1, 1, 12), spot(1, 3, 12)), 2),  # beside the road
        (line(spot(1, 3, -12), spot(1, 1, -12)), 2),  # the other way round
        (line(spot(1, 1, 0, 10), spot(1, 3, 0, -10)), 2),  # a little short
        (line(spot(1, 1, 0, -60), spot(1, 3, 0, 60)), 2),  # too long
        (line(spot(1, 1, 0, 40), spot(1, 3)), 1),  # short of a whole segment
        (line(spot(1, 1), spot(1, 2), spot(2, 2)), 2),  # round a corner
    ],
)
def test_a_line_means_the_whole_segments_that_it_runs_along(
    town: dict[Mode, Roads], drawn: LineString, segments: int
) -> None:
    found = apply(town, edit_of("close", drawn))
    assert [found.effects[mode][1].segments for mode in ("walk", "drive")] == [segments] * 2
    assert found.after["walk"].n_edges == town["walk"].n_edges - segments
    assert found.effects["walk"][1].mm == town["walk"].length_mm.sum() - found.after["walk"].length_mm.sum()


def fault_of(town: Mapping[Mode, Roads], *edits: Edit) -> list[tuple[str, int | None]]:
    with pytest.raises(TableError) as caught:
        apply(town, *edits)
    codes(caught.value.faults)
    return [(fault.code, fault.row) for fault in caught.value.faults]


def test_an_edit_that_means_nothing_is_a_fault(town: dict[Mode, Roads]) -> None:
    away = edit_of("close", line(spot(1, 1, 20), spot(1, 3, 20)))
    across = edit_of("close", line(spot(0.5, 1.5), spot(1.5, 1.5)))
    stub = edit_of("close", line(spot(1, 1.4), spot(1, 1.6)))
    assert fault_of(town, edit_of("close", STREET), away, across, stub) == [
        ("edit_means_nothing", number) for number in (2, 3, 4)
    ]
    assert fault_of(town, edit_of("slow", away_line := line(spot(1, 1, 20), spot(1, 3, 20)))) == [
        ("edit_means_nothing", 1)
    ]
    assert fault_of(town, edit_of("close", away_line, way_id=1002)) == [("edit_means_nothing", 1)]
    assert fault_of(town, edit_of("close", way_id=7)) == [("edit_way_unknown", 1)]
    assert fault_of(town, edit_of("close", line((10.0, 0.0), (10.1, 0.0)))) == [("edit_outside", 1)]
    swapped = LineString([spot(1, 1)[::-1], spot(1, 3)[::-1]])
    assert fault_of(town, edit_of("close", swapped)) == [("edit_outside", 1)]
    ways = [edit_of("close", way_id=way) for way in range(1001, 1019)]
    assert fault_of(town, *ways) == [("edits_close_all", None)]


def test_a_way_is_meant_whole_or_along_the_line(town: dict[Mode, Roads]) -> None:
    corner = line(spot(1, 1), spot(1, 3), spot(3, 3))
    assert apply(town, edit_of("close", way_id=1002)).effects["walk"][1].segments == 8
    assert apply(town, edit_of("close", corner)).effects["walk"][1].segments == 4
    assert apply(town, edit_of("close", corner, way_id=1002)).effects["walk"][1].segments == 2


def test_of_parallel_roads_the_nearest_is_meant_and_both_by_a_line_between() -> None:
    ends = [spot(0, 0), spot(0, 1), spot(0, 0, 10), spot(0, 1, 10), spot(0, 2)]
    pieces = [Segment(1, 0, 1), Segment(2, 2, 3), Segment(3, 0, 2), Segment(4, 1, 3), Segment(5, 1, 4)]
    net: dict[Mode, Roads] = {"walk": make_roads("walk", ends, pieces)}

    def closed(north_m: float, **more: Any) -> tuple[set[int], list[str]]:
        drawn = line(spot(0, 0, north_m), spot(0, 1, north_m))
        found = apply(net, edit_of("close", drawn, **more), island_min_m=0)
        return {1, 2, 3, 4, 5} - set(found.after["walk"].way_id.tolist()), codes(found.doubts)

    assert closed(0) == closed(2) == closed(-9) == ({1}, [])
    assert closed(8) == closed(12) == ({2}, [])
    assert closed(5) == ({1, 2}, ["edit_parallel"])
    assert closed(5, way_id=1) == ({1}, [])
    on = apply(net, edit_of("close", line(spot(0, 0, 5), spot(0, 1, 5, 100))), island_min_m=0)
    assert codes(on.doubts) == ["edit_partly"]  # though both roads are longer than what was drawn


@pytest.mark.parametrize(
    ("drawn", "doubt"),
    [
        (line(spot(1, 1, 14), spot(1, 3, 14)), None),
        (line(spot(1, 1, 0, -25), spot(1, 3, 0, 25)), None),
        (line(spot(1, 1), spot(1, 3), spot(3, 3), spot(3, 1), spot(1, 1)), None),
        (line(spot(1, 1, 0, -60), spot(1, 3)), ("460", "400", "60")),  # past a crossing
        (line(spot(1, 1, 0, 40), spot(1, 3)), ("360", "200", "160")),  # within a segment
        (line(spot(1, 1), spot(1, 2), spot(2, 3), spot(2, 4)), ("683", "400", "283")),  # across a block
    ],
)
def test_a_line_that_is_not_taken_whole_is_doubted(
    town: dict[Mode, Roads], drawn: LineString, doubt: tuple[str, str, str] | None
) -> None:
    for edit in (edit_of("close", drawn), edit_of("slow", drawn, kph=5.0)):
        found = apply(town, edit).doubts
        assert codes(found) == (["edit_partly"] if doubt else [])
        assert [tuple(one.values[name] for name in ("drawn", "taken", "rest")) for one in found] == [doubt] * len(found)


def test_a_ring_is_meant_whole() -> None:
    places = [spot(0, 0, 80 * math.sin(t), 80 * math.cos(t)) for t in np.arange(8) * math.pi / 4]
    roads = make_roads(
        "walk", [*places, spot(0, 1)], [Segment(1, k, (k + 1) % 8) for k in range(8)] + [Segment(2, 0, 8)]
    )
    for start in range(8):
        ring = line(*(places[(start + k) % 8] for k in range(9)))
        changed, effects = reroute(roads, [edit_of("close", ring)], **NO_ISLANDS)
        assert (effects[1].segments, changed.n_edges) == (8, 1)


def test_a_line_along_a_way_means_its_short_segments_too() -> None:
    metres = [(0, 0), (1, 1.5), (100, 0), (100.3, 1.2), (101, 1), (200, 0), (200.4, 1), (500, 0)]
    places = [spot(0, 0, north, east) for east, north in metres]
    roads = make_roads("drive", places, [Segment(1, k, k + 1) for k in range(6)] + [Segment(2, 6, 7)])
    drawn = line(*places[:7])
    changed, effects = reroute(roads, [edit_of("close", drawn)], **NO_ISLANDS)
    assert (effects[1].segments, changed.way_id.tolist()) == (6, [2])
    for shape, ahead in ((drawn, True), (drawn.reverse(), False)):
        turned = reroute(roads, [edit_of("one_way", shape)], **NO_ISLANDS)[0]
        assert turned.forward.tolist() == [ahead] * 6 + [True]
        assert turned.backward.tolist() == [not ahead] * 6 + [True]
    beside = line(*(spot(0, 0, 4, east) for east in (-1, 201)))
    assert {(3, 4), (4, 5)}.isdisjoint(streets(reroute(roads, [edit_of("close", beside)], **NO_ISLANDS)[0]))


@pytest.mark.parametrize("north_m", [0, 3, -3])
def test_a_way_that_turns_off_keeps_its_short_segments(north_m: float) -> None:
    metres = [(0, 0), (100, 0), (100, -2), (100, -6), (100, -11), (100, -40), (200, 0)]
    places = [spot(0, 0, north, east) for east, north in metres]
    roads = make_roads("walk", places, [Segment(1, k, k + 1) for k in range(5)] + [Segment(2, 1, 6)])
    on = line(spot(0, 0, north_m), spot(0, 0, north_m, 200))
    assert streets(reroute(roads, [edit_of("close", on)], **NO_ISLANDS)[0]) == {(2, 3), (3, 4), (4, 5), (5, 6)}


def test_one_way_runs_as_the_line_is_drawn(town: dict[Mode, Roads]) -> None:
    ahead, back = (edit_of("one_way", shape) for shape in (STREET, STREET.reverse()))
    east, west = (apply(town, edit).after["drive"] for edit in (ahead, back))
    turned = np.flatnonzero(~east.backward)
    assert len(turned) == 2
    assert (east.lon[east.u[turned]] < east.lon[east.v[turned]]).all()
    assert np.array_equal(~west.forward, ~east.backward)
    assert same(apply(town, ahead).after["walk"], without_islands(town["walk"], 1000))
    assert fault_of(town, ahead, back) == [("edit_contradicts", 2)]
    again = {**town, "drive": east}
    assert codes(apply(again, ahead).doubts) == ["edit_idle"]
    assert same(apply(again, back).after["drive"], west)


def test_slow_never_makes_a_road_quicker(town: dict[Mode, Roads]) -> None:
    slow, quick = (apply(town, edit_of("slow", STREET, kph=kph)) for kph in (10.0, 90.0))
    changed = slow.after["drive"].drive_ms != town["drive"].drive_ms
    assert changed.sum() == 2
    expected = [round(int(mm) * 3.6 / (10.0 * 0.7)) for mm in town["drive"].length_mm[changed]]
    assert slow.after["drive"].drive_ms[changed].tolist() == expected
    assert same(quick.after["drive"], town["drive"])
    assert (codes(slow.doubts), codes(quick.doubts)) == ([], ["edit_idle"])
    pair = [edit_of("slow", STREET, kph=kph) for kph in (5.0, 9.0)]
    assert same(apply(town, *pair).after["drive"], apply(town, *reversed(pair)).after["drive"])


def test_an_edit_of_no_network_that_is_read_is_doubted(town: dict[Mode, Roads]) -> None:
    walk: dict[Mode, Roads] = {"walk": town["walk"]}
    found = apply(walk, edit_of("slow", STREET))
    assert codes(found.doubts) == ["edit_unread"]
    assert same(found.after["walk"], found.before["walk"])
    drive: dict[Mode, Roads] = {"drive": town["drive"]}
    lane = edit_of("close", line(spot(1, 1, 20), spot(1, 3, 20)))
    assert apply(drive, lane).effects["drive"][1].segments == 0, "a path for walkers, on a network that is not read"


def test_very_much_road_is_doubted() -> None:
    far = [(LON + k * 0.02, LAT) for k in range(5)]
    roads = {"walk": make_roads("walk", far, [Segment(1, k, k + 1) for k in range(4)] + [Segment(2, 0, 4)])}
    found = apply(roads, edit_of("close", line(*far), way_id=1), island_min_m=0)  # type: ignore[arg-type]
    assert codes(found.doubts) == ["edit_long"]


# --- new roads ---------------------------------------------------------------------------------------------------


def test_a_new_road_is_joined_at_its_ends_and_where_a_vertex_lies_on_a_road(town: dict[Mode, Roads]) -> None:
    over = edit_of("add", line(spot(1.5, 2, 0, 15), spot(3.5, 4, 0, -15)))
    found = apply(town, over)
    assert (found.effects["walk"][1].joins, codes(found.doubts)) == (2, [])
    level = edit_of("add", line(spot(1.5, 2, 0, 15), spot(2, 2.5, 0.9), spot(3.5, 4, 0, -15)))
    assert apply(town, level).effects["walk"][1].joins == 3
    below = edit_of("add", line(spot(1.5, 2, 0, 15), spot(2, 2.5, 1.1), spot(3.5, 4, 0, -15)))
    assert apply(town, below).effects["walk"][1].joins == 2
    kept = town["drive"].drive_ms.sum() + found.effects["drive"][1].segments * 0
    new = found.after["drive"].way_id > town["drive"].way_id.max()
    assert found.after["drive"].drive_ms[~new].sum() == kept
    assert found.after["drive"].length_mm[~new].sum() == town["drive"].length_mm.sum()
    assert found.effects["drive"][1].mm == found.after["drive"].length_mm[new].sum()
    assert found.after["drive"].drive_ms[new].sum() == pytest.approx(found.effects["drive"][1].mm * 3.6 / 21, abs=3)


def test_the_pieces_of_a_cut_road_keep_their_order(town: dict[Mode, Roads]) -> None:
    shapes = [line(spot(1, 1.2 + k / 10), spot(1.5, 1.2 + k / 10)) for k in range(5)]
    roads = apply(town, *(edit_of("add", shape) for shape in shapes)).after["walk"]
    pairs = list(zip(roads.way_id.tolist(), roads.segment.tolist(), strict=True))
    assert pairs == sorted(set(pairs))
    assert (roads.node_id[1:] > roads.node_id[:-1]).all()
    assert roadcache._holds(roads)
    lane = np.flatnonzero(roads.way_id == 1002)
    assert len(lane) == 8 + 5
    assert (roads.u[lane][1:] == roads.v[lane][:-1]).all()


def test_free_ends_and_what_leads_nowhere_are_doubted(town: dict[Mode, Roads]) -> None:
    free = apply(town, edit_of("add", line(spot(1.5, 2, 0, 15), spot(1.5, 2.5))))
    assert codes(free.doubts) == ["edit_free_end"]
    apart = apply(town, edit_of("add", line(spot(1.5, 1.4), spot(1.5, 1.6))))
    assert codes(apart.doubts) == ["edit_free_end", "edit_apart"]
    assert same(apart.after["walk"], without_islands(town["walk"], 1000))
    assert apart.after["walk"].report.islands_dropped == 1
    stays = apply(town, edit_of("add", line(spot(1.5, 1.4), spot(1.5, 1.6))), island_min_m=10)
    assert codes(stays.doubts) == ["edit_free_end"]
    loop = apply(town, edit_of("add", line(spot(1, 1.4, 5), spot(1, 1.6, 5))))
    assert codes(loop.doubts) == ["edit_same_segment"]


def test_islands_are_left_out_once_edits_are_made() -> None:
    places = [spot(0, k) for k in range(8)]
    chain = make_roads("walk", places, [Segment(k, k, k + 1) for k in range(7)])
    found = apply({"walk": chain}, edit_of("close", line(*places[2:4])))
    assert found.after["walk"].report.islands_dropped == 1
    assert found.after["walk"].n_edges == 4
    gap = make_roads("walk", places, [Segment(k, k, k + 1) for k in range(7) if k != 2])
    assert without_islands(gap, 1000).n_edges == 4
    joined = apply({"walk": gap}, edit_of("add", line(*places[2:4]), modes=("walk",)))
    assert joined.after["walk"].report.islands_dropped == 0
    assert joined.after["walk"].length_m == pytest.approx(1400, abs=3)


def test_a_gate_joins_every_road_near_it() -> None:
    places = [spot(0, 0), spot(0, 1), spot(0, 0.5, 12), spot(0, 0.5, 90), spot(0, 2)]
    roads = make_roads("walk", places, [Segment(1, 0, 1), Segment(2, 2, 3), Segment(3, 1, 4)])
    gate = edit_of("entrance", Point(spot(0, 0.5, 6)))
    changed, effects = reroute(roads, [gate], **NO_ISLANDS)
    assert effects[1].joins == 2
    graph = graph_of(changed)
    way_mm = nx.shortest_path_length(graph, 1, 3, weight="mm")
    assert way_mm == pytest.approx(great_circle_mm(*places[0], *places[1]) / 2 + 12_000, abs=100)
    short = edit_of("entrance", line(spot(0, 0.5), spot(0, 0.5, 12)))
    assert nx.shortest_path_length(
        graph_of(reroute(roads, [short], **NO_ISLANDS)[0]), 1, 3, weight="mm"
    ) == pytest.approx(way_mm, abs=5)
    only = edit_of("entrance", Point(spot(0, 0.5, -19)))
    assert fault_of({"walk": roads}, only) == [("edit_opens_nothing", 1)]


def walk_m(found: Rerouted, a: int, b: int) -> float:
    """Metres from node to node, with the edits made."""
    return float(nx.shortest_path_length(graph_of(found.after["walk"]), a, b, weight="mm")) / 1000


def test_a_gate_joins_both_arms_of_one_way() -> None:
    places = [spot(0, 0), spot(0, 7), spot(0, 7, 34), spot(0, 0, 34)]
    roads = make_roads("walk", places, [Segment(1, 0, 1), Segment(1, 1, 2), Segment(1, 2, 3)])
    gate = edit_of("entrance", Point(spot(0, 3.5, 17)))
    found = apply({"walk": roads}, gate)
    assert found.effects["walk"][1].joins == 2
    assert walk_m(found, 1, 4) == pytest.approx(great_circle_mm(*places[0], *places[1]) / 1000 + 34, abs=0.1)
    pointed = make_roads("walk", [spot(0, 0, -15), spot(0, 1), spot(0, 0, 15)], [Segment(1, 0, 1), Segment(1, 1, 2)])
    assert apply({"walk": pointed}, edit_of("entrance", Point(spot(0, 0)))).effects["walk"][1].joins == 2
    bend = edit_of("entrance", Point(spot(0, 7, 17, 3)))
    assert fault_of({"walk": roads}, bend) == [("edit_opens_nothing", 1)], "both arms and the bend are one part"


def stubbed(stub_north_m: float) -> dict[Mode, Roads]:
    """A long way out and back, 222 m apart, and a scrap of footway beside the way back."""
    north = spot(0, 0, 222), spot(0, 7, 222)
    places = [spot(0, 0), spot(0, 7), *reversed(north), *(spot(0, 3.5, stub_north_m, east) for east in (-7, 7))]
    return {"walk": make_roads("walk", places, [*(Segment(1, k, k + 1) for k in range(3)), Segment(2, 4, 5)])}


def test_a_scrap_of_road_does_not_keep_a_new_road_from_the_street() -> None:
    bridge = edit_of("add", line(spot(0, 3.5), spot(0, 3.5, 209)))
    over = apply(stubbed(213.4), bridge)
    assert walk_m(over, 1, 4) == pytest.approx(great_circle_mm(*spot(0, 0), *spot(0, 7)) / 1000 + 222, abs=0.1)
    assert (over.effects["walk"][1].joins, over.effects["walk"][1].free_ends, codes(over.doubts)) == (3, 0, [])
    assert walk_m(over, 5, 4) < 7 * 200.7 / 2 + 30, "the scrap is tied in"
    onto = apply(stubbed(209), bridge)
    assert walk_m(onto, 1, 4) > 2 * 7 * 200, "drawn onto the scrap, it is joined to that alone"
    assert onto.effects["walk"][1].joins == 2
    alone = apply(stubbed(195), edit_of("add", line(spot(0, 3.5), spot(0, 3.5, 190))))
    assert alone.effects["walk"][1].joins == 2, "where nothing else is near, the scrap takes the road"
    stays = apply(stubbed(213.4), bridge, island_min_m=10)
    assert stays.effects["walk"][1].joins == 2, "a piece that stays by itself is a road like others"


def test_new_roads_join_each_other(town: dict[Mode, Roads]) -> None:
    one = edit_of("add", line(spot(1.5, 1, 0, 5), spot(1.5, 1.5)))
    two = edit_of("add", line(spot(1.5, 1.5, 10), spot(1.5, 2, 10)))
    found = apply(town, one, two)
    assert codes(found.doubts) == []
    ring = edit_of("add", line(spot(1.3, 1.3), spot(1.3, 1.7), spot(1.6, 1.7), spot(1.3, 1.3)))
    assert codes(apply(town, ring).doubts) == ["edit_apart"]


def test_what_is_closed_takes_no_joins(town: dict[Mode, Roads]) -> None:
    bridge = edit_of("add", line(spot(1, 1.5, 5), spot(1.5, 1.5), spot(2, 1.5, -5)))
    closed = edit_of("close", line(spot(1, 1), spot(1, 2)))
    assert codes(apply(town, bridge).doubts) == []
    assert codes(apply(town, bridge, closed).doubts) == ["edit_free_end"]


# --- the same by networkx ----------------------------------------------------------------------------------------


def graph_of(roads: Roads) -> Any:
    """A network as a graph over node ids; of parallel streets the shortest."""
    graph: Any = nx.Graph()
    columns = (roads.node_id[roads.u], roads.node_id[roads.v], roads.length_mm)
    for u, v, mm in zip(*(column.tolist() for column in columns), strict=True):
        graph.add_edge(u, v, mm=min(mm, graph.get_edge_data(u, v, default={"mm": mm})["mm"]))
    return graph


def scraps(pieces: Sequence[Any], island_min_m: float) -> set[Any]:
    """Nodes of the pieces of a graph that are shorter than a limit, but for the longest."""
    graph: Any = nx.MultiGraph()
    graph.add_edges_from((a, b, {"mm": mm}) for a, b, mm, _ in pieces)
    sizes = [(graph.subgraph(nodes).size("mm"), nodes) for nodes in nx.connected_components(graph)]
    longest = max((mm for mm, _ in sizes), default=0)
    return {node for mm, nodes in sizes if mm < island_min_m * 1000 and mm < longest for node in nodes}


def edited_graph(
    roads: Roads, closed: set[int], lines: Sequence[Sequence[tuple[float, float]]], island_min_m: float
) -> Any:
    """The same edits made on a graph, from the rules alone: ways closed, lines joined, and what they meet cut."""
    plane = utm((roads.lon.min() + roads.lon.max()) / 2, (roads.lat.min() + roads.lat.max()) / 2)
    place: dict[Any, Any] = {("b", int(i)): (x, y) for i, x, y in zip(roads.node_id, roads.lon, roads.lat, strict=True)}
    ids = roads.node_id.tolist()
    pieces: list[Any] = [
        (("b", ids[u]), ("b", ids[v]), int(mm), -1)
        for u, v, mm, way in zip(roads.u, roads.v, roads.length_mm, roads.way_id, strict=True)
        if int(way) not in closed
    ]
    ways = [int(way) for way in roads.way_id if int(way) not in closed]
    islands = scraps(pieces, island_min_m)
    for number, vertices in enumerate(lines):
        place |= {(number, vertex): vertex for vertex in vertices}
        for a, b in pairwise(vertices):
            mm = max(1, great_circle_mm(*a, *b)) if a != b else 0
            pieces.append(((number, a), (number, b), mm, number))
            ways.append(-number)
    flat = {node: Point(*plane.transform(*at)) for node, at in place.items()}
    cuts: dict[int, dict[int, tuple[float, float]]] = defaultdict(dict)
    links = []
    for number, vertices in enumerate(lines):
        for k, vertex in enumerate(vertices):
            key, reach = (number, vertex), END_M if k in (0, len(vertices) - 1) else VERTEX_M
            for other in {-1, *range(len(lines))} - {number}:
                near = [(flat[key].distance(LineString([flat[a], flat[b]])), at)
                        for at, (a, b, _, owner) in enumerate(pieces) if owner == other]  # fmt: skip
                near = [(metres, at) for metres, at in near if metres <= reach]
                if len(vertices) == 1:
                    meant = [nearest(part) for part in parts_at(near, pieces, ways, flat, flat[key])]
                else:
                    meant = nearest_roads(near, [(m, at) for m, at in near if pieces[at][0] not in islands])
                links += [(key, at, foot(pieces[at], flat, key, plane, cuts[at])) for at in meant]
    return joined_graph(pieces, place, cuts, links)


def nearest(near: Sequence[tuple[float, int]]) -> int:
    """Of pieces and their distances the nearest one, the first of several."""
    return min(at for metres, at in near if metres <= min(near)[0] + 0.001)


def nearest_roads(near: Sequence[tuple[float, int]], stays: Sequence[tuple[float, int]]) -> list[int]:
    """The piece that an end is joined to, and the nearest that is no scrap where that is one, and not drawn onto."""
    if not near:
        return []
    one = nearest(near)
    more = bool(stays) and one not in {at for _, at in stays} and min(near)[0] > VERTEX_M
    return [one, nearest(stays)] if more else [one]


def parts_at(near: Any, pieces: Any, ways: Sequence[int], flat: Any, gate: Point) -> list[list[tuple[float, int]]]:
    """Parts of ways near a gate: pieces that meet at a node near it."""
    graph: Any = nx.Graph()
    graph.add_nodes_from(at for _, at in near)
    ends = [(at, end) for _, at in near for end in pieces[at][:2]]
    graph.add_edges_from((at, (ways[at], end)) for at, end in ends if flat[end].distance(gate) <= END_M)
    return [[pair for pair in near if pair[1] in part] for part in nx.connected_components(graph)]


def foot(piece: Any, flat: Any, vertex: Any, plane: Any, cuts: dict[int, tuple[float, float]]) -> int:
    """Whole millimetres along a piece, 0 or its length near its ends; inside, the place is noted."""
    a, b, mm, _ = piece
    mm = int(mm)
    road = LineString([flat[a], flat[b]])
    share = min(1.0, road.project(flat[vertex]) / road.length) if road.length else 0.0
    position = round(share * mm)
    if position <= 1 and position <= mm - position:
        return 0
    if mm - position <= 1:
        return mm
    on = road.interpolate(share, normalized=True)
    at = plane.transform(on.x, on.y, direction="INVERSE")
    cuts[position] = min(at, cuts.get(position, at))
    return position


def joined_graph(pieces: Any, place: Any, cuts: Any, links: Any) -> Any:
    graph: Any = nx.Graph()

    def join(a: Any, b: Any, mm: int) -> None:
        graph.add_edge(a, b, mm=min(mm, graph.get_edge_data(a, b, default={"mm": mm})["mm"]))

    def node(at: int, position: int) -> Any:
        a, b, mm, _ = pieces[at]
        return a if position == 0 else b if position == mm else ("cut", at, position)

    for at, (_, _, mm, _) in enumerate(pieces):
        for start, end in pairwise([0, *sorted(cuts[at]), mm]):
            join(node(at, start), node(at, end), end - start)
        place |= {("cut", at, position): where for position, where in cuts[at].items()}
    for vertex, at, position in links:
        a, b = place[vertex], place[node(at, position)]
        join(vertex, node(at, position), max(1, great_circle_mm(*a, *b)) if a != b else 0)
    return graph


def way_mm(graph: Any, a: Any, b: Any) -> int | None:
    """Whole millimetres from node to node; None where no street leads there."""
    joined = {a, b} <= set(graph) and nx.has_path(graph, a, b)
    return nx.shortest_path_length(graph, a, b, weight="mm") if joined else None


offset_m = st.sampled_from([0.0, 0.0, 0.4, 3.0, 12.0, 40.0])


def crossings_of(roads: Roads) -> list[tuple[float, float]]:
    """Where a few roads cross that do not meet: there a vertex is near to both."""
    ends = [[(roads.lon[n], roads.lat[n]) for n in pair] for pair in zip(roads.u, roads.v, strict=True)]
    pairs = [(LineString(a), LineString(b)) for a, b in combinations(ends, 2) if not set(a) & set(b)]
    return [(at.x, at.y) for a, b in pairs if isinstance(at := a.intersection(b), Point) and not at.is_empty][:3]


@st.composite
def drawn_lines(draw: st.DrawFn, roads: Roads) -> list[list[tuple[float, float]]]:
    """A few lines and points, with vertices on roads, near them or away from them, or where another line has one."""
    lines: list[list[tuple[float, float]]] = []
    crossings = crossings_of(roads)
    for _ in range(draw(st.integers(0, 3))):
        vertices: list[tuple[float, float]] = []
        for _ in range(draw(st.integers(1, 4))):
            edge = draw(st.integers(0, roads.n_edges - 1))
            share = draw(st.sampled_from([0.0, 0.0, 0.2, 0.5, 0.77, 1.0]))
            (x, y), (x2, y2) = ((roads.lon[n], roads.lat[n]) for n in (roads.u[edge], roads.v[edge]))
            spots = [(float(x + share * (x2 - x)), float(y + share * (y2 - y) + draw(offset_m) * M_LAT))]
            spots += [vertex for other in lines for vertex in other]
            spots += [(x + draw(offset_m) * M_LON, y + draw(offset_m) * M_LAT) for x, y in crossings]
            vertices.append(draw(st.sampled_from(spots)) if draw(st.booleans()) else spots[0])
        vertices = [v for k, v in enumerate(vertices) if k == 0 or v != vertices[k - 1]]
        if len(set(vertices)) == len(vertices):
            lines.append(vertices)
    return lines


def drawn(vertices: Sequence[tuple[float, float]]) -> Any:
    """The shape of some vertices: one is a gate."""
    return LineString(vertices) if len(vertices) > 1 else Point(vertices)


@st.composite
def true_networks(draw: st.DrawFn, mode: Mode = "walk") -> Roads:
    """A network whose segments are as long as they are drawn."""
    nodes = draw(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=2, max_size=8))
    pieces = [Segment(number // 2, u, v) for number, (u, v) in enumerate(nodes) if u != v]
    return make_roads(mode, PLACES, pieces or [Segment(0, 0, 1)])


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_an_edited_network_is_the_same_edit_on_a_graph(data: st.DataObject) -> None:
    roads = data.draw(true_networks())
    lines = data.draw(drawn_lines(roads))
    ways = sorted(set(roads.way_id.tolist()))
    closed = set(data.draw(st.lists(st.sampled_from(ways), max_size=len(ways) - 1, unique=True)))
    edits = [edit_of("close", way_id=way, number=number) for number, way in enumerate(closed)]
    edits += [edit_of("add", drawn(vertices), number=100 + k) for k, vertices in enumerate(lines)]
    limit_m = data.draw(st.sampled_from([0.0, 150.0, 1000.0]))
    ours = graph_of(reroute(roads, edits, island_min_m=limit_m, **SPEEDS)[0])
    theirs = edited_graph(roads, closed, lines, limit_m)
    for a, b in combinations(roads.node_id.tolist(), 2):
        assert way_mm(ours, a, b) == way_mm(theirs, ("b", a), ("b", b)), (a, b)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_the_order_of_edits_changes_nothing(data: st.DataObject) -> None:
    roads = data.draw(true_networks("drive"))
    ways = sorted(set(roads.way_id.tolist()))
    edits = [edit_of("add", drawn(vertices), kph=data.draw(st.sampled_from([20.0, 50.0])))
             for vertices in data.draw(drawn_lines(roads))]  # fmt: skip
    edits += [edit_of("slow", way_id=data.draw(st.sampled_from(ways)), kph=kph) for kph in (7.0, 15.0)]
    edits += [edit_of("close", way_id=way) for way in data.draw(st.lists(st.sampled_from(ways), max_size=2))]
    other = data.draw(st.permutations(edits))
    one, two = (
        reroute(roads, [dataclasses.replace(edit, number=n) for n, edit in enumerate(order)], **NO_ISLANDS)[0]
        for order in (edits, other)
    )
    assert same(one, two)


# --- laws, with every foot held ----------------------------------------------------------------------------------


def pair_costs(roads: Roads, demand: Feet, sites: Feet) -> dict[tuple[str, str], tuple[float, float]]:
    """Metres of the shortest and seconds of the quickest way of every pair."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    options: dict[str, Any] = {
        "demand": table("demand_id", map(Point, PLACES[: len(demand)])),
        "sites": table("site_id", map(Point, PLACES[: len(sites)])),
        "demand_feet": demand,
        "site_feet": sites,
    }
    for ways, column in (
        (network.travel(roads, cutoff_m=1e6, **options), "metres"),
        (network.travel(roads, cutoff_s=1e6, **options), "seconds"),
    ):
        for row in ways.to_dict("records"):
            found[row["demand_id"], row["site_id"]].append(row[column])
    return {pair: (metres, seconds) for pair, (metres, seconds) in found.items()}


def never_worse(before: dict[Any, Any], after: dict[Any, Any], seconds: float = 0.0) -> bool:
    """Whether every pair of `before` is in `after`, and no farther."""
    return all(
        pair in after and after[pair][0] <= metres and after[pair][1] <= time + seconds
        for pair, (metres, time) in before.items()
    )


def held(feet: Feet, before: Roads, after: Roads) -> Feet:
    """The same feet on a network of which nothing was closed, only cut: by way, and metres along it."""
    edge, position = feet.edge.copy(), feet.position_mm.copy()
    on = np.flatnonzero(edge >= 0)
    start = [np.cumsum(roads.length_mm) - roads.length_mm for roads in (before, after)]
    for k in on.tolist():
        way = before.way_id[edge[k]]
        along = start[0][edge[k]] - start[0][np.searchsorted(before.way_id, way)] + position[k]
        pieces = np.flatnonzero(after.way_id == way)
        reach = start[1][pieces] - start[1][pieces[0]] + after.length_mm[pieces]
        piece = pieces[int(np.searchsorted(reach, along))]
        edge[k] = piece
        position[k] = along - (start[1][piece] - start[1][pieces[0]])
    node = feet.node.copy()
    inside = (feet.edge >= 0) & (feet.node < 0)
    node[inside & (position == 0)] = after.u[edge][inside & (position == 0)]
    ends = inside & (position == after.length_mm[edge])
    node[ends] = after.v[edge][ends]
    return dataclasses.replace(feet, edge=edge, position_mm=position, node=node)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_closing_and_slowing_win_nobody_anything(data: st.DataObject) -> None:
    roads = data.draw(networks())
    demand, sites = (record(data.draw(feet_on(roads))) for _ in range(2))
    ways = sorted(set(roads.way_id.tolist()))
    used = set(roads.way_id[np.concatenate([feet.edge[feet.edge >= 0] for feet in (demand, sites)])].tolist())
    spare = [way for way in ways if way not in used]
    closed = data.draw(st.lists(st.sampled_from(spare), unique=True)) if spare else []
    edits = [edit_of("close", way_id=way, number=number) for number, way in enumerate(closed)]
    edits += [edit_of("slow", way_id=data.draw(st.sampled_from(ways)), kph=9.0, number=99)] * (roads.mode == "drive")
    after, _ = reroute(roads, edits, **NO_ISLANDS)
    number = np.full(roads.n_edges + 1, -1)
    number[np.flatnonzero(~np.isin(roads.way_id, closed))] = np.arange(after.n_edges)
    kept = [dataclasses.replace(feet, edge=number[feet.edge]) for feet in (demand, sites)]
    assert never_worse(pair_costs(after, *kept), pair_costs(roads, demand, sites), seconds=0.002)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_adding_costs_nobody_anything(data: st.DataObject) -> None:
    roads = data.draw(true_networks(data.draw(st.sampled_from(MODES))))
    demand, sites = (record(data.draw(feet_on(roads))) for _ in range(2))
    edits = [edit_of("add", drawn(vertices), number=k) for k, vertices in enumerate(data.draw(drawn_lines(roads)))]
    after, _ = reroute(roads, edits, **NO_ISLANDS)
    kept = [held(feet, roads, after) for feet in (demand, sites)]
    # the time to a foot inside a segment that was cut is rounded anew
    assert never_worse(pair_costs(roads, demand, sites), pair_costs(after, *kept), seconds=0.002)


@given(roads=networks())
@settings(max_examples=20, deadline=None)
def test_no_edits_change_nothing(roads: Roads) -> None:
    assert same(reroute(roads, [], **NO_ISLANDS)[0], roads)


# --- a whole run -------------------------------------------------------------------------------------------------

NAME = "</script><b>${alert(1)}`'\"\\u"
EDITS = 'edits = { file = "改路.gpkg", coordinates = "wgs84" }'
ROWS = [
    {"edit": "关闭", "kph": None, "name": NAME, "geometry": line(spot(1, 1), spot(1, 3))},
    {"edit": "新增", "kph": 30.0, "name": "斜路", "geometry": line(spot(2, 2, 5), spot(2.5, 2.5), spot(3.5, 4))},
    {"edit": "出入口", "kph": None, "name": "", "geometry": line(spot(5, 5.5, 3), spot(6, 5.5, -3))},
]


def edited_town(folder: Path, rows: Sequence[Mapping[str, Any]] = ROWS, scenario: str = SCENARIO) -> Path:
    path = write_town(folder, scenario.replace('file = "roads.osm"', f'file = "roads.osm"\n{EDITS}'))
    layer(folder, rows)
    return path


def test_a_run_tells_the_edits_and_whose_foot_moved(tmp_path: Path) -> None:
    path = edited_town(tmp_path)
    roads_before = (tmp_path / "roads.osm").read_bytes()
    ran = run_scenario(path, tmp_path / "maps")
    assert (tmp_path / "roads.osm").read_bytes() == roads_before
    told = ran.record["roads"]
    assert [(e["id"], e["edit"], e["name"], e["segments"]) for e in told["edits"]] == [
        (1, "close", NAME, 2), (2, "add", "斜路", 4), (3, "entrance", "", 3),
    ]  # fmt: skip
    moved = pd.read_csv(ran.folder / "moved.csv", dtype={"way_before": "Int64"})
    assert told["moved"] == {"demand": len(moved), "sites": 0}
    assert {"D11", "D12", "D55"} <= set(moved["id"])
    assert (moved["moved_m"] > 1).all()
    assert moved.loc[moved["id"] == "D12", "more_m"].item() > 0 > moved.loc[moved["id"] == "D55", "more_m"].item()
    assert any("moved.csv" in text for text in run_lines(ran.record))

    plain = run_scenario(write_town(tmp_path / "plain"), tmp_path / "maps2")
    figures = [
        pd.read_csv(run.folder / "coverage.csv").query("state == 'today'").set_index("demand_id")
        for run in (plain, ran)
    ]
    for row in moved.to_dict("records"):
        metres = [figure.loc[row["id"], "metres"] for figure in figures]
        assert [row["metres_before"], row["metres_after"]] == metres
        assert row["more_m"] == pytest.approx(metres[1] - metres[0], abs=1e-6)
    assert "edits" not in plain.record["roads"]
    assert not (plain.folder / "moved.csv").exists()


def test_the_map_holds_names_as_data(tmp_path: Path) -> None:
    ran = run_scenario(edited_town(tmp_path), tmp_path / "maps")
    text = (ran.folder / "map.html").read_text(encoding="utf-8")
    assert text.count(NAME[:12]) == 0
    block = re.search(r'<script[^>]*id="planner-data"[^>]*>(.*?)</script>', text, re.DOTALL)
    assert block
    edits = json.loads(block[1])["edits"]
    assert [edit["kind"] for edit in edits] == ["close", "add", "entrance"]
    assert NAME in edits[0]["name"]
    assert "plannerMap.edits(" in text


def test_a_run_is_the_same_again_and_its_copy_gives_it_too(tmp_path: Path) -> None:
    one = run_scenario(edited_town(tmp_path / "a"), tmp_path / "one")
    two = run_scenario(edited_town(tmp_path / "a"), tmp_path / "two")
    copy = run_scenario(one.folder / "scenario.toml", tmp_path / "three")
    for name in ("moved.csv", "coverage.csv", "sites.csv", "map.html"):
        assert (one.folder / name).read_bytes() == (two.folder / name).read_bytes()
    assert (one.folder / "moved.csv").read_bytes() == (copy.folder / "moved.csv").read_bytes()


def test_edits_that_change_nothing_change_no_figure(tmp_path: Path) -> None:
    unread = [{"edit": "限速", "kph": 10.0, "geometry": STREET}]
    ran = run_scenario(edited_town(tmp_path / "a", unread), tmp_path / "one")
    plain = run_scenario(write_town(tmp_path / "b"), tmp_path / "two")
    for name in ("coverage.csv", "sites.csv", "closing.csv", "why.csv"):
        assert (ran.folder / name).read_bytes() == (plain.folder / name).read_bytes()
    assert ran.record["roads"]["walk"] == plain.record["roads"]["walk"]
    assert len(pd.read_csv(ran.folder / "moved.csv")) == 0


def test_kept_networks_know_no_edits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANNER_CACHE_DIR", str(tmp_path / "kept"))
    plain, edited = write_town(tmp_path / "plain"), edited_town(tmp_path / "edited")

    def walk(path: Path) -> Roads:
        return inputs.read(path, lambda _step: None).networks["walk"]

    first, changed = walk(plain), walk(edited)
    fewer = walk(edited_town(tmp_path / "edited", ROWS[1:]))
    assert len({roads.length_m for roads in (first, changed, fewer)}) == 3
    assert len(list((tmp_path / "kept" / "roads").iterdir())) == 2, "the network with its islands and without"
    assert same(walk(plain), first)
    assert same(walk(edited_town(tmp_path / "edited")), changed)


def test_faults_of_edits_end_with_2_and_nothing_written(tmp_path: Path) -> None:
    away = [{"edit": "关闭", "geometry": line(spot(1.5, 1.2), spot(1.5, 1.8))}, {"edit": "关闭", "geometry": STREET}]
    path = edited_town(tmp_path, away)
    result = CliRunner().invoke(app, [*RUN, str(path), "--out", str(tmp_path / "maps")])
    assert result.exit_code == 2
    assert "改路.gpkg" in result.output
    assert "第1行" in result.output
    assert not list((tmp_path / "maps").glob("town*")) if (tmp_path / "maps").exists() else True
    (tmp_path / "改路.gpkg").unlink()
    result = CliRunner().invoke(app, [*RUN, str(path), "--out", str(tmp_path / "maps")])
    assert result.exit_code == 2
    assert "roads.edits.file" in result.output


def test_faults_of_edits_and_of_roads_are_told_together(tmp_path: Path) -> None:
    path = edited_town(tmp_path, [{"edit": "拆", "geometry": STREET}])
    (tmp_path / "roads.osm").write_text("<osm", encoding="utf-8")
    with pytest.raises(PlannerError) as caught:
        run_scenario(path, tmp_path / "maps")
    assert {fault.file for fault in caught.value.faults} == {"改路.gpkg", "roads.osm"}


def test_a_check_tells_doubts_and_how_many_feet_move(tmp_path: Path) -> None:
    rows = [*ROWS, {"edit": "限速", "kph": 5.0, "name": "", "geometry": STREET}]
    result = CliRunner().invoke(app, ["check", str(edited_town(tmp_path, rows)), "--out", str(tmp_path / "maps")])
    assert result.exit_code == 0, result.output
    moved = run_scenario(tmp_path / "scenario.toml", tmp_path / "maps").record["roads"]["moved"]
    assert f"{moved['demand']} 个居民点、{moved['sites']} 个网点" in result.output
    assert "没有驾车的标准" in result.output


def test_a_site_whose_road_is_closed_moves_to_another_way(tmp_path: Path) -> None:
    rows = [{"edit": "关闭", "way_id": 1002, "geometry": line(spot(1, 0), spot(1, 8))}]
    ran = run_scenario(edited_town(tmp_path, rows), tmp_path / "maps")
    moved = {row["id"]: row for row in pd.read_csv(ran.folder / "moved.csv").to_dict("records")}
    assert ran.record["roads"]["moved"]["sites"] == 2
    told = ("kind", "way_before", "way_after", "moved_m")
    assert [moved["E1"][name] for name in told] == ["sites", 1002, 1011, 0.0]
    assert [moved["C1"][name] for name in told] == ["sites", 1002, 1015, 0.0]
    assert pd.isna(moved["E1"]["standard"])


def test_service_areas_of_another_mode_are_drawn_with_the_edits(tmp_path: Path) -> None:
    bridge = [{"edit": "关闭", "mode": "步行", "geometry": STREET}, {"edit": "限速", "kph": 5.0, "geometry": STREET}]
    path = edited_town(tmp_path, [{"kph": None, "mode": None, **row} for row in bridge])
    result = CliRunner().invoke(app, ["isochrones", str(path), "--out", str(tmp_path / "maps"), "--mode", "drive",
                                      "--minutes", "1"])  # fmt: skip
    assert result.exit_code == 0, result.output
    told = json.loads((tmp_path / "maps" / "town-isochrones" / "isochrones.json").read_text(encoding="utf-8"))["roads"]
    assert [edit["modes"] for edit in told["edits"]] == [["walk"], ["drive"]]
    assert told["drive"]["edges"] == 144
