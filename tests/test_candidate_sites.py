"""`planner candidates`: venues, gatherings, road positions; what is written can be named in a scenario and planned."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from browser import open_page
from oracle import Segment, make_roads
from planner import conversion, exclusions, features, gathering, osmfile, schema, venues
from planner.candidatebook import Book, write_book
from planner.candidateground import Ground
from planner.candidatestudy import position_id
from planner.cli import app
from planner.coordinates import from_wgs84
from planner.errors import TableError
from planner.features import Feature
from planner.geodesy import great_circle_m
from planner.snapping import snap
from planner.sources import TableSource
from planner.sourceschema import VENUES
from planner.standards import Standard
from runs import RUN
from shared_data import ROOT, shared_data
from tablereading import read_sites
from test_maps import HOSTILE, browser  # noqa: F401  (browser is a fixture)
from town import LAT, LON, SCENARIO, STEP_LAT, STEP_LON, osm_xml, sites_csv, write_town

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from playwright.sync_api import Browser

    from planner.roads import Roads

FILES = {"map.html", "candidates.xlsx", "candidates.json"}
COSTS = """
[[build_cost]]
type = "e_station"
method = "专区"
cost_once_yuan = 30_000
co_build_discount = 0.4
"""
PRICE_COLUMNS = ["type", "method", "shared", "cost_once_yuan", "cost_yearly_yuan"]
HALL, MALL = (3.5, 3.5), (5.5, 1.5)


def at(row: float, column: float) -> tuple[float, float]:
    """Degrees of a place on the town's grid."""
    return LON + column * STEP_LON, LAT + row * STEP_LAT


def node(number: int, place: tuple[float, float], **tags: str) -> str:
    lon, lat = at(*place)
    inner = "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
    return f'<node id="{number}" lon="{lon:.7f}" lat="{lat:.7f}">{inner}</node>'


def town_with(folder: Path, section: str, *nodes: str, scenario: str = SCENARIO) -> Path:
    """Write the town with features in its road file and a section of candidates."""
    path = write_town(folder, f"{scenario}{COSTS}\n[candidates]\n{section}\n")
    xml = osm_xml().replace("</osm>", "".join(nodes) + "</osm>")
    (folder / "roads.osm").write_text(xml, encoding="utf-8")
    return path


TOWN_NODES = (
    node(901, HALL, amenity="townhall", name="东街便民服务中心", operator="东区人民政府"),
    node(902, MALL, shop="mall"),
    node(903, (40, 40), amenity="library", name="远方图书馆"),
)


def call(verb: str, scenario: Path, *arguments: object) -> Result:
    command = [verb, str(scenario), "--out", str(scenario.parent / "out"), *map(str, arguments)]
    return CliRunner().invoke(app, command, catch_exceptions=False)


def found(scenario: Path, name: str = "town") -> tuple[gpd.GeoDataFrame, dict[str, Any], str]:
    """Look for candidates; returns the table as the planner reads it, the record, and what was said."""
    result = call("candidates", scenario)
    assert result.exit_code == 0, result.output
    folder = scenario.parent / "out" / f"{name}-candidates"
    assert {path.name for path in folder.iterdir()} == FILES
    record = json.loads((folder / "candidates.json").read_text(encoding="utf-8"))
    source = TableSource(folder / "candidates.xlsx", "c.xlsx", "wgs84")
    types = ("station", "gig_market", "gig_station", "e_station")
    table = read_sites([source], known_types={name: name for name in types})
    assert len(table.frame) == record["candidates"]
    assert not table.left_out
    return table.frame, record, result.stdout


def refused(scenario: Path, verb: str = "candidates") -> str:
    result = call(verb, scenario)
    assert result.exit_code == 2, result.output
    assert not list((scenario.parent / "out").glob("*/*.xlsx"))
    return result.stderr


def apart_m(table: pd.DataFrame, lon: float, lat: float) -> np.ndarray[Any, Any]:
    return great_circle_m(table["lon"], table["lat"], lon, lat)


# ---- gathering ----


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(0, 60), st.integers(0, 5), st.sampled_from([1.0, 300.0, 2000.0]))
def test_spaced_places_are_apart_and_no_more_would_fit(seed: int, count: int, others: int, apart: float) -> None:
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform(117, 117.03, count), rng.uniform(36, 36.03, count)
    taken = rng.uniform(117, 117.03, others), rng.uniform(36, 36.03, others)
    order = rng.permutation(count)[: count - count // 4]
    chosen = gathering.spaced(lon, lat, order, apart, taken=taken)
    there = np.concatenate([lon[chosen], taken[0]]), np.concatenate([lat[chosen], taken[1]])
    metres = great_circle_m(lon[:, None], lat[:, None], there[0], there[1])
    assert set(chosen) <= set(order)
    for rank, row in enumerate(chosen):
        assert (np.delete(metres[row], rank) > apart - 1e-3).all()
    assert (metres[order] <= apart + 1e-3).any(axis=1).all()
    assert gathering.spaced(lon, lat, order, apart, taken=taken, most=2).tolist() == chosen[:2].tolist()


def east(lon: np.ndarray[Any, Any], lat: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Bar the last street of the town."""
    return np.asarray((lon > LON + 7.5 * STEP_LON) & np.isfinite(lat))


def town_roads(folder: Path) -> Roads:
    (folder / "r.osm").write_text(osm_xml(), encoding="utf-8")
    return osmfile.read_roads(folder / "r.osm", mode="walk", island_min_m=0.0)


def test_the_densest_positions_are_those_of_a_plain_count(tmp_path: Path) -> None:
    roads, rng = town_roads(tmp_path), np.random.default_rng(3)
    spots = [at(row, column) for row, column in rng.uniform(-0.2, 8.2, (80, 2))]
    lon, lat = np.array(spots).T
    people = rng.integers(0, 50, 80)
    got = gathering.densest(roads, lon, lat, people, within_m=300.0, most=6, snap_max_m=60.0, barred=east)
    feet = snap(roads, lon, lat, snap_max_m=60.0)
    own = np.flatnonzero((feet.edge >= 0) & (people > 0) & ~east(feet.lon, feet.lat))
    assert 0 < len(own) < 80  # some are too far from a road, or nobody lives there
    amounts = {
        row: int(people[great_circle_m(lon, lat, feet.lon[row], feet.lat[row]) <= 300].sum()) for row in own.tolist()
    }
    left = dict(amounts)
    expected: list[tuple[float, float, int]] = []
    while left and len(expected) < 6:
        best = max(left, key=lambda row: (left[row], -feet.lat[row], -feet.lon[row]))
        expected.append((feet.lon[best], feet.lat[best], left[best]))
        left = {
            row: n
            for row, n in left.items()
            if great_circle_m(feet.lon[row], feet.lat[row], feet.lon[best], feet.lat[best]) > 300
        }
    assert list(zip(got.lon, got.lat, got.amount, strict=True)) == expected
    order = rng.permutation(80)
    turned = lon[order], lat[order], people[order]
    again = gathering.densest(roads, *turned, within_m=300.0, most=6, snap_max_m=60.0, barred=east)
    assert again.lon.tolist() == got.lon.tolist()


def test_road_positions_fill_what_is_empty_and_only_that(tmp_path: Path) -> None:
    roads = town_roads(tmp_path)
    usable = roads.lat < LAT + 7.5 * STEP_LAT
    taken = np.array([LON]), np.array([LAT])
    nodes = gathering.evenly(roads, usable, 500.0, taken)
    places = np.concatenate([roads.lon[nodes], taken[0]]), np.concatenate([roads.lat[nodes], taken[1]])
    metres = great_circle_m(roads.lon[:, None], roads.lat[:, None], *places)
    assert (metres[usable].min(axis=1) <= 500).all()
    assert (metres[nodes] + 1e9 * np.eye(len(nodes), len(nodes) + 1) > 500).all()
    assert usable[nodes].all()
    assert 4 < len(nodes) < usable.sum() / 3


# ---- venues ----


def test_kinds_and_methods_are_those_of_the_map_and_of_the_costs() -> None:
    assert set(VENUES) == {kind for values in features.KINDS.values() for kind in values} == set(venues.METHODS)
    assert set(venues.METHODS.values()) <= set(schema.METHODS)


def test_a_point_in_a_building_is_one_venue_and_neighbours_are_two() -> None:
    lon, lat = 117.0, 36.0
    items = [
        Feature("n5", "townhall", "市民中心", lon, lat),
        Feature("w9", "townhall", "市民中心", lon + 0.0003, lat),
        Feature("n6", "townhall", "", lon + 0.0002, lat),
        Feature("n7", "library", "", lon, lat),
        Feature("n8", "townhall", "人才中心", lon, lat),
        Feature("n4", "townhall", "市民中心", lon + 0.01, lat),
        Feature("n3", "mall", "", lon, lat),
    ]
    for shuffled in (items, items[::-1], items[3:] + items[:3]):
        table, merged = venues.venues(shuffled, ("townhall", "library"))
        assert table["site_id"].tolist() == ["OSM-w9", "OSM-n4", "OSM-n8", "OSM-n7"]
        assert merged == 2


def test_names_of_a_map_are_one_line_and_no_number_of_a_person() -> None:
    assert venues.plain_name("  a\x00b\n\u2028 c ") == "a b c"
    assert venues.plain_name("联系人 11010519491231002X") == ""
    assert venues.plain_name("#REF!") == venues.plain_name("无") == venues.plain_name("-") == ""
    assert len(venues.plain_name("长" * 500)) == 80


def test_a_market_street_and_its_owner_come_out_of_a_file(tmp_path: Path) -> None:
    tags = '<tag k="amenity" v="marketplace"/><tag k="name" v="早市"/><tag k="operator" v="街道办"/>'
    nodes = "".join(f'<node id="{n}" lon="{10 + n / 10}" lat="50"/>' for n in (1, 2, 3))
    whole = f'<way id="7"><nd ref="1"/><nd ref="3"/>{tags}</way>'
    cut = f'<way id="8"><nd ref="1"/><nd ref="4"/>{tags}</way>'
    (tmp_path / "f.osm").write_text(f"<osm version='0.6'>{nodes}{whole}{cut}</osm>", encoding="utf-8")
    assert features.from_file(tmp_path / "f.osm") == [Feature("w7", "marketplace", "早市", 10.2, 50.0, "街道办")]


def test_features_of_a_snapshot_are_those_inside_its_border(tmp_path: Path) -> None:
    items = [Feature("n1", "library", "甲", 10.0, 50.0, "县"), Feature("n2", "mall", "乙", 10.5, 50.0)]
    place, wider = shapely.box(9, 49, 10.2, 51), shapely.box(9, 49, 11, 51)
    saved = features.as_geojson(items, place, wider)
    (tmp_path / "f.geojson").write_text(json.dumps(saved), encoding="utf-8")
    assert venues.read_saved(tmp_path / "f.geojson") == ([items[0]], 1)
    del saved["features"][0]["properties"]["owner"]  # as an earlier version saved it
    (tmp_path / "f.geojson").write_text(json.dumps(saved), encoding="utf-8")
    assert venues.read_saved(tmp_path / "f.geojson") == ([items[0]._replace(owner="")], 1)


def test_ids_of_positions_are_about_a_metre_fine() -> None:
    assert position_id(-71.248131, -29.887241) == "P71.24813W29.88724S"
    assert position_id(np.float64(117.0), np.float64(36.5)) == "P117.00000E36.50000N"


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(max_size=100), min_size=1, max_size=6))
@example(["_x0041_", "=1+1", "@SUM(A1)", "合计", "填表人：张三", "#N/A", "1_000", "=HYPERLINK(1)", "http://a.b", "'x"])
def test_whatever_a_map_calls_its_venues_goes_round(tmp_path: Path, names: list[str]) -> None:
    plain = [venues.plain_name(name) or "场所" for name in names]
    count = len(names)
    texts = dict.fromkeys(("source", "reason", "district", "town", "units_from", "build_method"), "")
    table = pd.DataFrame({"site_id": [f"OSM-n{n}" for n in range(count)], "name": plain, "host": plain, "owner": plain})
    table = table.assign(**texts, people=1, lon=10 + np.arange(count) / 7, lat=50 - np.arange(count) / 7)
    prices = pd.DataFrame([("e", "", shared, 1, 1) for shared in (False, True)], columns=PRICE_COLUMNS)
    book = Book(table, {"e": "e站"}, prices, "500", ["一"], "zh", dt.date(2026, 6, 30))
    write_book(book, tmp_path / "c.xlsx")
    read = read_sites([TableSource(tmp_path / "c.xlsx", "c.xlsx", "wgs84", sheet="候选点")], known_types={"e": "e"})
    for column in ("name", "host", "owner"):
        assert read.frame[column].tolist() == plain
    assert np.abs(read.frame.geometry.x - table["lon"]).max() < 1e-7
    assert set(read.frame["status"]) == {"candidate"}
    assert read.frame["cost_once_yuan"].isna().all()


# ---- excluded areas ----


def layer(folder: Path, shapes: Sequence[Any], name: str = "x.geojson", **how: Any) -> Path:
    gpd.GeoDataFrame({"a": range(len(shapes))}, geometry=list(shapes), crs=how.pop("crs", 4326)).to_file(folder / name)
    return folder / name


def excluded(file: Path, coordinates: Any = "wgs84") -> Any:
    return exclusions.read_exclusions(TableSource(file, file.name, coordinates))


def test_excluded_areas_are_moved_to_where_they_are(tmp_path: Path) -> None:
    lon, lat = np.array([117.0, 117.1, 117.1, 117.0]), np.array([36.0, 36.0, 36.1, 36.1])
    drawn = shapely.Polygon(np.column_stack(from_wgs84(lon, lat, "gcj02")))
    area = excluded(layer(tmp_path, [drawn]), "gcj02")
    corners = np.array(shapely.get_coordinates(area))
    assert np.abs(np.sort(corners[:-1], axis=0) - np.sort(np.column_stack([lon, lat]), axis=0)).max() < 1e-8
    bow = shapely.Polygon([(10, 50), (11, 51), (11, 50), (10, 51)])
    both = excluded(layer(tmp_path, [bow, shapely.box(12, 50, 13, 51)], "y.gpkg"))
    mask = exclusions.inside(both, np.array([10.1, 10.5, 12.5, 12.0, 11.5]), np.array([50.5, 50.9, 50.5, 50.5, 50.5]))
    assert mask.tolist() == [True, False, True, True, False]
    assert not exclusions.inside(None, np.array([1.0]), np.array([1.0])).any()


CASES: list[tuple[str, Any, Any]] = [
    ("exclude_no_area", [shapely.Point(10, 50)], "wgs84"),
    ("exclude_no_area", [shapely.box(0, 0, 1, 1), shapely.LineString([(1, 1), (2, 2)])], "wgs84"),
    ("exclude_no_degrees", [shapely.box(0, 0, 1, 91)], "wgs84"),
    ("exclude_datum", [shapely.box(117, 36, 118, 37)], None),
]


@pytest.mark.parametrize(("code", "shapes", "system"), CASES)
def test_what_is_wrong_with_excluded_areas_is_told(tmp_path: Path, code: str, shapes: Any, system: Any) -> None:
    with pytest.raises(TableError) as raised:
        excluded(layer(tmp_path, shapes), system)
    assert [(fault.code, fault.row) for fault in raised.value.faults] == [
        (code, None if code == "exclude_datum" else len(shapes))
    ]


def test_excluded_areas_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    (tmp_path / "e.geojson").write_text('{"type": "FeatureCollection", "features": []}', encoding="utf-8")
    (tmp_path / "e.kml").write_text("", encoding="utf-8")
    for name, code in (("e.geojson", "exclude_empty"), ("e.kml", "exclude_format"), ("no.gpkg", "table_absent")):
        with pytest.raises(TableError) as raised:
            excluded(tmp_path / name)
        assert [fault.code for fault in raised.value.faults] == [code]


# ---- the verb ----


def test_venues_are_candidates_with_host_owner_and_method(tmp_path: Path) -> None:
    table, record, said = found(town_with(tmp_path, "", *TOWN_NODES))
    by_id = table.set_index("site_id")
    hall, mall = by_id.loc["OSM-n901"], by_id.loc["OSM-n902"]
    assert len(by_id) == 2
    assert hall[["name", "host", "owner", "build_method", "type", "status"]].tolist() == [
        "东街便民服务中心", "东街便民服务中心", "东区人民政府", "专区", "e_station", "candidate",
    ]  # fmt: skip
    assert (hall["district"], hall["town"]) == ("西区", "西区镇")
    assert mall[["host", "build_method"]].tolist() == ["5-1组附近的商场", "改建"]
    assert hall["预估一次性：就业e站 (e_station)（元）"] == "18000"  # 30 000 less four tenths for the host
    assert mall["预估一次性：就业e站 (e_station)（元）"] == "80000"  # nothing but the cost of the type
    assert record["by_source"] == {"venue": 2, "dense": 0, "grid": 0}
    assert record["left_out"] == {"off_network": 1}
    assert record["features"]["file"] == "roads.osm"
    assert "marketplace" in record["features"]["absent"]
    assert not {"townhall", "mall"} & {*record["features"]["absent"]}
    assert "roads.osm 里没有：社区（文化活动）中心、集市（市场）、" in said
    assert record["attribution"] == "© OpenStreetMap contributors"
    assert record["data_date"] == "2026-06-30"
    assert 'file = "out/town-candidates/candidates.xlsx"' in said.splitlines()
    assert table.geometry.x.iloc[0] == pytest.approx(at(*HALL)[0], abs=1e-7)


def test_residents_near_are_counted_plainly(tmp_path: Path) -> None:
    scenario = town_with(tmp_path, 'near = ["residents"]\nnear_count = 3\nwithin_m = 450', *TOWN_NODES)
    demand = pd.read_csv(tmp_path / "demand.csv", dtype={"unit_id": str})
    beside = demand["demand_id"] == "D33"  # the point beside the hall; where its people are nobody knows
    demand.assign(placed=beside.map({True: "town", False: "own"})).to_csv(tmp_path / "demand.csv", index=False)
    table, record, _ = found(scenario)
    demand, residents = demand[~beside], table["附近居民（450 米内）"]
    for site in table.itertuples():
        near = great_circle_m(demand["lon"], demand["lat"], site.geometry.x, site.geometry.y) <= 450
        assert int(residents[site.Index]) == int(demand["people"][near].sum())
    dense = table[table["来源"] == "人员密集处"]
    assert len(dense) == record["by_source"]["dense"] == 3
    assert dense["列入理由"].str.contains("居民密集：450 米内合计").all()
    assert dense["build_method"].tolist() == ["新建"] * 3
    assert (dense["host"] == "").all()


def test_a_gathering_at_a_venue_is_that_venue(tmp_path: Path) -> None:
    first, _, _ = found(town_with(tmp_path / "a", 'features = []\nnear = ["residents"]\nnear_count = 1'))
    lon, lat = first.geometry.x.iloc[0], first.geometry.y.iloc[0]
    venue = f'<node id="977" lon="{lon + 0.0003}" lat="{lat}"><tag k="amenity" v="library"/></node>'
    table, record, _ = found(town_with(tmp_path / "b", 'near = ["residents"]\nnear_count = 1', venue))
    assert table["site_id"].tolist() == ["OSM-n977"]
    assert table["列入理由"].tolist() == [f"公共场所，可依托设点：图书馆；{first['列入理由'].iloc[0]}"]
    assert record["left_out"] == {"merged": 1}


def test_what_the_tables_hold_already_is_not_proposed_again(tmp_path: Path) -> None:
    section = 'near = ["residents"]\nnear_count = 4\ngrid_m = 500'
    scenario = town_with(tmp_path, section, *TOWN_NODES)
    before, record, _ = found(scenario)
    shutil.copy(tmp_path / "out" / "town-candidates" / "candidates.xlsx", tmp_path / "mine.xlsx")
    text = scenario.read_text(encoding="utf-8")
    named = text + '\n[[sites.table]]\nfile = "mine.xlsx"\ncoordinates = "wgs84"\n'
    scenario.write_text(named, encoding="utf-8")
    assert "网点表里已有 6 处" in refused_again(scenario)
    lone = named.replace("grid_m = 500", "grid_m = 300")
    scenario.write_text(lone, encoding="utf-8")
    after, again, _ = found(scenario)
    assert again["left_out"]["known"] == 6 == record["by_source"]["venue"] + record["by_source"]["dense"]
    assert not set(after["site_id"]) & set(before["site_id"])


def test_ids_and_bytes_are_the_same_next_time(tmp_path: Path) -> None:
    section = 'near = ["residents"]\nnear_count = 4\ngrid_m = 500'
    scenario = town_with(tmp_path, section, *TOWN_NODES)
    first, _, _ = found(scenario)
    folder = tmp_path / "out" / "town-candidates"
    before = {name: (folder / name).read_bytes() for name in FILES}
    assert call("candidates", scenario).exit_code == 0
    assert {name: (folder / name).read_bytes() for name in FILES} == before
    lines = (tmp_path / "demand.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "demand.csv").write_text("\n".join([lines[0], *lines[:0:-1]]) + "\n", encoding="utf-8")
    turned, _, _ = found(scenario)
    assert turned["site_id"].tolist() == first["site_id"].tolist()


def test_road_positions_stand_where_nothing_else_is(tmp_path: Path) -> None:
    table, record, _ = found(town_with(tmp_path, "grid_m = 330", *TOWN_NODES))
    sites = pd.read_csv(tmp_path / "sites.csv")
    grid = table[table["来源"] == "路网布点"]
    assert len(grid) == record["by_source"]["grid"] > 2
    for place in grid.geometry:
        assert (apart_m(sites, place.x, place.y) > 330).all()
        others = table.geometry[table.geometry != place]
        assert (great_circle_m(others.x, others.y, place.x, place.y) > 330).all()


def test_outlets_of_today_are_told_and_not_doubled(tmp_path: Path) -> None:
    table, record, said = found(town_with(tmp_path, "", *TOWN_NODES))
    assert record["at_existing"] == {"sites": ["E1"], "types": {"e_station": "就业e站"}}  # the other station is closed
    assert "今天正常运行的 1 处网点可以加装（就业e站）" in said
    assert not {"E1", "E2"} & set(table["site_id"])


def exclude_east(folder: Path) -> str:
    """Exclude the east of the town, from between the fifth and the sixth street."""
    lon, lat = at(-1, 4.25)
    folder.mkdir(parents=True, exist_ok=True)
    layer(folder, [shapely.box(lon, lat, lon + 1, lat + 1)], "红线.gpkg")
    return 'exclude = { file = "红线.gpkg", coordinates = "wgs84" }'


def test_nothing_is_proposed_in_an_excluded_area_and_own_candidates_there_are_doubted(tmp_path: Path) -> None:
    section = f'near = ["residents"]\nwithin_m = 200\ngrid_m = 450\n{exclude_east(tmp_path)}'
    nodes = (*TOWN_NODES, node(905, (3, 7), amenity="library"))
    table, record, said = found(town_with(tmp_path, section, *nodes))
    edge = at(0, 4.25)[0]
    assert len(table)
    assert (table.geometry.x < edge).all()
    assert record["left_out"]["excluded"] == 2  # both libraries
    own = "3 个候选点在排除区域内：C1 C2 C4；第一个在这一行"
    assert own in said
    checked = call("check", tmp_path / "scenario.toml")
    assert checked.exit_code == 0
    assert own in checked.stdout
    (tmp_path / "红线.gpkg").unlink()
    assert "红线.gpkg" in refused_again(tmp_path / "scenario.toml")


def refused_again(scenario: Path) -> str:
    result = call("candidates", scenario)
    assert result.exit_code == 2, result.output
    return result.stderr


def test_areas_say_which_district_a_candidate_is_in(tmp_path: Path) -> None:
    west, north = at(-1, -1)[0], at(20, 0)[1]
    areas = gpd.GeoDataFrame({"name": ["新区"]}, geometry=[shapely.box(west, 40, at(0, 3)[0], north)], crs=4326)
    scenario = town_with(tmp_path, "", *TOWN_NODES)
    areas.to_file(tmp_path / "d.geojson")
    text = scenario.read_text(encoding="utf-8")
    scenario.write_text(
        text + '\n[areas]\ndistricts = { file = "d.geojson", coordinates = "wgs84" }\n', encoding="utf-8"
    )
    table, _, _ = found(scenario)
    assert table.set_index("site_id")["district"].to_dict() == {"OSM-n901": "西区", "OSM-n902": "新区"}


KM_LAT = 1 / 111.195  # degrees of a kilometre north


def ground(people: Sequence[tuple[str, str, str, float]], outline: Any = None, **inputs: Any) -> Ground:
    """Ground with people of a setting, district and town so many kilometres north of a place."""
    table = pd.DataFrame(people, columns=["setting", "district", "town", "km"])
    table = table.assign(name="组", layer="residents", people=1, placed="own")
    points = gpd.points_from_xy([117.0] * len(table), 36 + table["km"] * KM_LAT, crs=4326)
    frame = gpd.GeoDataFrame(table, geometry=points)
    scenario = SimpleNamespace(candidates=SimpleNamespace(types=("e",)))
    known = {"loaded": SimpleNamespace(merged={}), "scenario": scenario, "excluded": None, **inputs}
    return Ground(cast("Any", SimpleNamespace(**known)), frame, frame.iloc[:0], outline)


def north(*km: float) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    return np.full(len(km), 117.0), 36 + np.array(km) * KM_LAT


def test_district_and_town_are_of_the_nearest_people_however_far_and_the_name_is_not() -> None:
    people = [
        ("urban", "甲区", "一镇", 0),
        ("urban", "甲区", "", 3),
        ("urban", "乙区", "二镇", 10),
        ("urban", "", "", 20),
    ]
    laid = ground(people)
    units = laid.units(*north(0.5, 4, 12, 21))
    assert units["district"].tolist() == ["甲区", "甲区", "乙区", "乙区"]
    assert units["town"].tolist() == ["一镇", "一镇", "二镇", "二镇"]
    off_m = [[away for _, away in pairs] for pairs in units["units_from"]]
    for away, expected in zip(off_m, [(500, 500), (1000, 4000), (2000, 2000), (11000, 11000)], strict=True):
        assert away == [pytest.approx(metres, abs=2) for metres in expected]
    assert laid.beside(*north(0.5, 4.5)) == ["组", ""]
    nobody = replace(laid, people=laid.people.assign(placed=["town", "spread", "own", "spread"]))
    assert nobody.beside(*north(0.5, 3, 10, 20)) == ["", "", "组", ""]
    assert replace(nobody, people=nobody.people[:2]).beside(*north(0)) == [""]
    assert nobody.units(*north(0.5))["town"].tolist() == ["一镇"]
    nothing = ground([("urban", "", "", 0)]).units(*north(1))
    assert nothing[["district", "town", "units_from"]].to_numpy().tolist() == [["", "", ()]]


def test_a_place_that_could_serve_nobody_is_far() -> None:
    urban = Standard("u", "", "walk", "road", "distance", 1_000_000, None, None, "urban", "residents", ("e",))
    rural = replace(urban, id="r", setting="rural", limit=5_000_000)
    others = replace(urban, id="o", limit=90_000_000, served_by=("station",))  # no e station serves it
    laid = ground([("urban", "", "", 0), ("rural", "", "", 20)], standards=(urban, rural, others))
    assert laid.far(*north(0.9, 3, 14, 16, 20, 26)).tolist() == [False, True, True, False, False, True]
    quick = replace(urban, measure="time", mode="drive", limit=360_000)  # 6 minutes, 10 m/s at most: 3.6 km
    streets = [Segment(1, 0, 1, kph=36.0), Segment(2, 1, 2, kph=18.0)]
    drive = make_roads("drive", [(117.0, 36.0), (117.001, 36.0), (117.01, 36.0)], streets)
    laid = ground([("urban", "", "", 0)], standards=(quick,), networks={"drive": drive})
    assert laid.far(*north(3.5, 3.7)).tolist() == [False, True]


def test_a_place_beyond_the_border_is_none_unless_the_border_lacks_the_people_there() -> None:
    outline = shapely.box(116, 35, 118, 36 + 2 * KM_LAT)
    laid = ground([("urban", "", "", 0), ("urban", "", "", 9)], outline)
    assert laid.beyond(*north(1, 3, 8)).tolist() == [False, True, False]
    assert ground([("urban", "", "", 0)]).beyond(*north(3)).tolist() == [False]


def test_where_district_and_town_are_from_is_told(tmp_path: Path) -> None:
    table, record, said = found(town_with(tmp_path, "", *TOWN_NODES))
    assert re.fullmatch(
        r"区市、镇街：最近的人口点，\d+ 米外", table.set_index("site_id").loc["OSM-n901", "区市、镇街依据"]
    )
    assert record["units_far"] == 0
    assert "取自最近的人口点" not in said
    lines = (tmp_path / "demand.csv").read_text(encoding="utf-8").splitlines()
    far = [lines[0], *(line for line in lines[1:] if line.endswith(lines[1].rsplit(",", 1)[1]))]  # its southern edge
    (tmp_path / "demand.csv").write_text("\n".join(far) + "\n", encoding="utf-8")
    text = (tmp_path / "scenario.toml").read_text(encoding="utf-8")
    (tmp_path / "scenario.toml").write_text(text.replace("minutes = 5", "km = 9"), encoding="utf-8")
    table, record, said = found(tmp_path / "scenario.toml")
    assert record["units_far"] == 1
    assert "有 1 处，1000 米内没有人口点" in said
    assert (table["district"] != "").all()


def test_hostile_names_go_round_as_text(tmp_path: Path) -> None:
    escaped = HOSTILE.translate({ord(sign): f"&#{ord(sign)};" for sign in "<>&\"'"})
    nodes = [node(911, HALL, amenity="townhall", name=escaped), node(912, MALL, shop="mall", name="=1+1")]
    table, _, _ = found(town_with(tmp_path, "", *nodes))
    assert table["name"].tolist() == [venues.plain_name(HOSTILE), "=1+1"]
    page = (tmp_path / "out" / "town-candidates" / "map.html").read_text(encoding="utf-8")
    assert "<img src=x" not in page


def test_the_map_shows_where_candidates_come_from(tmp_path: Path, browser: Browser) -> None:  # noqa: F811
    escaped = HOSTILE.translate({ord(sign): f"&#{ord(sign)};" for sign in "<>&\"'"})
    hall = node(901, HALL, amenity="townhall", name=escaped)
    table, _, _ = found(town_with(tmp_path, 'near = ["residents"]\nnear_count = 2\ngrid_m = 400', hall))
    page, watch = open_page(browser, tmp_path / "out" / "town-candidates" / "map.html")
    panel = str(page.locator("#pm-panel").text_content())
    shown = ("候选 · 公共场所", "候选 · 人员密集处", "候选 · 路网布点", "网点表里原有的候选点", "居民", "400 米")
    assert all(part in panel for part in shown)
    assert page.locator(".pm-site").count() == len(table) + 1 + 6  # an outlet of today, the table's own
    page.locator(f'.pm-site[title="{table["name"].iloc[1]}"]').click()
    card = str(page.locator(".pm-popup").text_content())
    assert table["name"].iloc[1] in card
    assert table["列入理由"].iloc[1] in card
    assert page.locator(".leaflet-control-attribution").text_content() == "© OpenStreetMap contributors"
    page.context.close()
    assert watch.troubles == []
    assert watch.outside == []


def test_a_snapshot_gives_the_venues_inside_its_border(tmp_path: Path) -> None:
    (west, south), (east, north) = at(-1, 2), at(9, 9)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    border = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    scenario = town_with(tmp_path, "", *TOWN_NODES, scenario=SCENARIO.replace('file = "roads.osm"', 'place = "小镇"'))
    (tmp_path / "b.geojson").write_text(json.dumps(border), encoding="utf-8")
    command = ["fetch", str(scenario), "--from", str(tmp_path / "roads.osm"), "--boundary", str(tmp_path / "b.geojson")]
    assert CliRunner().invoke(app, command).exit_code == 0
    table, record, _ = found(scenario)
    assert table["site_id"].tolist() == ["OSM-n901"]
    assert table["owner"].tolist() == ["东区人民政府"]
    assert record["left_out"] == {"outside": 1}  # the library is farther off than anything that was kept
    saved = tmp_path / "snapshots" / "小镇"
    fetched = json.loads((saved / "fetch.json").read_text(encoding="utf-8"))
    assert record["features"]["fetched_at"] == fetched["fetched_at"]
    text = (saved / "features.geojson").read_text(encoding="utf-8")
    (saved / "features.geojson").write_text(text.replace("东街", "西街"), encoding="utf-8")
    assert "在取来之后被改动过" in refused_again(scenario)


def test_english_is_spoken_on_request(tmp_path: Path) -> None:
    scenario = SCENARIO.replace("data_date", 'language = "en"\ndata_date', 1)
    nodes = (node(901, HALL, amenity="townhall"), TOWN_NODES[2])
    path = town_with(tmp_path, 'near = ["residents"]\ngrid_m = 500', *nodes, scenario=scenario)
    table, _, said = found(path)
    assert "town hall near 3-3组" in table["name"].tolist()
    assert {"source", "reason", "residents within 500 m"} <= set(table.columns)
    names = "小镇方案|就业e站|组"
    assert not re.search("[\u4e00-\u9fff]", re.sub(names, "", said))


# ---- the round: found, named, planned ----


def named_and_run(scenario: Path, said: str) -> list[str]:
    """Keep a table of candidates, name it by the lines that were told, run, and return the ids that are opened."""
    lines = said.splitlines()
    told = "\n".join(lines[lines.index("[[sites.table]]") :])
    file = re.findall('file = "(.*)"', told)[0]
    shutil.copy(scenario.parent / file, scenario.parent / "候选点.xlsx")
    text = scenario.read_text(encoding="utf-8")
    scenario.write_text(f"{text}\n{told.replace(file, '候选点.xlsx')}\n", encoding="utf-8")
    result = call("run", scenario, *RUN[1:], "--no-inputs")
    assert result.exit_code == 0, result.output
    assert "注意：候选点.xlsx" not in result.stdout
    record = json.loads(next((scenario.parent / "out").glob("*/run.json")).read_text(encoding="utf-8"))
    return [item["site_id"] for item in record["plan"]["opened"]]


def test_candidates_that_are_named_are_built_and_priced(tmp_path: Path) -> None:
    scenario = town_with(tmp_path, 'near = ["residents"]\nnear_count = 5\nwithin_m = 300', *TOWN_NODES)
    text = scenario.read_text(encoding="utf-8").replace("share = 0.6", "share = 0.35")
    scenario.write_text(text, encoding="utf-8")
    own = [line for line in sites_csv().splitlines() if not line.startswith("C")]
    (tmp_path / "sites.csv").write_text("\n".join(own) + "\n", encoding="utf-8")
    table, _, said = found(scenario)
    opened = named_and_run(scenario, said)
    assert set(opened) & set(table["site_id"])
    record = json.loads((tmp_path / "out" / "town" / "run.json").read_text(encoding="utf-8"))
    once = {item["site_id"]: item["cost_once_yuan"] for item in record["plan"]["opened"]}
    assert once["OSM-n901"] == 18_000  # the desk in the hall, shared with its host


def test_a_table_that_the_scenario_names_is_not_replaced(tmp_path: Path) -> None:
    scenario = town_with(tmp_path, "", *TOWN_NODES)
    found(scenario)
    file = tmp_path / "out" / "town-candidates" / "candidates.xlsx"
    before = file.read_bytes()
    text = scenario.read_text(encoding="utf-8")
    line = f'[[sites.table]]\nfile = "{file.as_posix()}"\ncoordinates = "wgs84"\n'
    scenario.write_text(text + line, encoding="utf-8")
    assert "再找一次会把它覆盖" in refused_again(scenario)
    assert file.read_bytes() == before


def test_a_table_that_was_looked_through_is_not_replaced(tmp_path: Path) -> None:
    scenario = town_with(tmp_path, "", *TOWN_NODES)
    found(scenario)
    file = tmp_path / "out" / "town-candidates" / "candidates.xlsx"
    file.write_bytes(file.read_bytes() + b" ")
    result = call("candidates", scenario)
    assert result.exit_code == 1
    assert "这张候选点表写出以后改过" in result.stderr
    file.unlink()
    found(scenario)


def test_the_sample_finds_candidates_and_plans_with_them(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "data" / "coquimbo", tmp_path / "data" / "coquimbo")
    shutil.copytree(ROOT / "scenarios", tmp_path / "s")
    scenario = tmp_path / "s" / "mine.toml"
    scenario.write_text(
        """name = "mine"
title = "示例"
extends = "sample-baseline.toml"
[[goal]]
id = "urban"
standard = "urban-walk-15"
share = 0.35
[candidates]
near = ["residents"]
near_count = 40
grid_m = 4000
type = "e_station"
""",
        encoding="utf-8",
    )
    table, record, said = found(scenario, "mine")
    assert record["by_source"]["dense"] == 40
    assert record["no_price"] == []
    opened = named_and_run(scenario, said)
    assert len(set(opened) & set(table["site_id"])) >= 3


def test_a_country_finds_its_venues_and_plans_with_them(tmp_path: Path) -> None:
    file = shared_data("liechtenstein", "roads.osm.pbf")
    roads = osmfile.read_roads(file, mode="walk", island_min_m=1000.0)
    rows = np.random.default_rng(5).choice(roads.n_nodes, 300, replace=False)
    lines = [
        f"D{row},{row},{row % 11:012d},镇,列,urban,{5 + row % 90},{roads.lon[row]:.6f},{roads.lat[row]:.6f}"
        for row in rows.tolist()
    ]
    head = "demand_id,name,unit_id,town,district,setting,people,lon,lat"
    (tmp_path / "demand.csv").write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    text = SCENARIO.replace('file = "roads.osm"', f'file = "{file.as_posix()}"').replace("minutes = 5", "km = 3")
    text = text.replace("share = 0.6", "share = 0.3").replace(
        '[[sites.table]]\nfile = "sites.csv"\ncoordinates = "wgs84"\n', ""
    )
    scenario = tmp_path / "scenario.toml"
    scenario.write_text(f'{text}{COSTS}\n[candidates]\nnear = ["residents"]\nnear_count = 10\n', encoding="utf-8")
    table, record, said = found(scenario)
    assert record["by_kind"] == {
        "community_centre": 0, "townhall": 3, "marketplace": 0, "mall": 0, "library": 1, "bus_station": 1,
        "university": record["by_kind"]["university"], "college": 1,
    }  # fmt: skip
    assert record["by_kind"]["university"] >= 3
    assert {"Rathaus Vaduz", "Landesbibliothek"} <= set(table["name"])
    opened = named_and_run(scenario, said)
    assert any(site.startswith("OSM-") for site in opened)
    assert set(opened) <= set(table["site_id"])


# ---- faults ----


@pytest.mark.parametrize(
    ("section", "change", "words"),
    [
        ("features = []", None, "一处候选点也没有找到"),
        ("", ("at_existing = true", "build = false"), "没有一种网点类型可以新建"),
        ('type = "station"', None, "不新建"),
        ('type = "e_station;kiosk"', None, "kiosk"),
        ('near = ["产业集聚区"]', None, "数据表里没有“产业集聚区”"),
        ('features = ["casino"]', None, "“casino”不在可选之列"),
        ("grid_m = 5", None, "不得小于 100"),
        ("near_count = 0", None, "不得小于 1"),
    ],
)
def test_what_cannot_be_is_told(tmp_path: Path, section: str, change: tuple[str, str] | None, words: str) -> None:
    scenario = SCENARIO.replace(*change) if change else SCENARIO
    path = town_with(tmp_path, section, *TOWN_NODES, scenario=scenario)
    if change:  # the candidates of the table could not be built either
        own = [line for line in sites_csv().splitlines() if not line.startswith("C")]
        (tmp_path / "sites.csv").write_text("\n".join(own) + "\n", encoding="utf-8")
        text = path.read_text(encoding="utf-8")
        path.write_text(text[: text.index("[[goal]]")] + "[candidates]\n", encoding="utf-8")
    assert words in refused(path)


def test_without_people_there_is_nothing_to_look_for(tmp_path: Path) -> None:
    path = town_with(tmp_path, "", *TOWN_NODES)
    lines = (tmp_path / "demand.csv").read_text(encoding="utf-8").splitlines()
    empty = [",".join([*line.split(",")[:6], "0", *line.split(",")[7:]]) for line in lines[1:]]
    (tmp_path / "demand.csv").write_text("\n".join([lines[0], *empty]) + "\n", encoding="utf-8")
    assert "没有一行既有人又有位置" in refused(path)


def test_in_a_workbook_the_cell_in_question_and_a_row_to_add_are_named(tmp_path: Path) -> None:
    path = town_with(tmp_path, "features = []", *TOWN_NODES)
    conversion.convert(path, tmp_path / "方案.xlsx", "zh")
    assert "“找候选点”，单元格 B3" in refused(tmp_path / "方案.xlsx")
    (tmp_path / "方案.xlsx").unlink()
    conversion.convert(town_with(tmp_path, "grid_m = 200", *TOWN_NODES), tmp_path / "方案.xlsx", "zh")
    told = call("candidates", tmp_path / "方案.xlsx").stdout
    assert "坐标系: wgs84" in told
    assert "[[" not in told


def test_a_layer_of_nobody_gathers_nowhere(tmp_path: Path) -> None:
    path = town_with(tmp_path, 'near = ["空"]', *TOWN_NODES)
    lines = (tmp_path / "demand.csv").read_text(encoding="utf-8").splitlines()
    layers = [f"{line},{'空' if line.startswith('D00,') else 'residents'}" for line in lines[1:]]
    (tmp_path / "demand.csv").write_text("\n".join([f"{lines[0]},layer", *layers]) + "\n", encoding="utf-8")
    text = (tmp_path / "demand.csv").read_text(encoding="utf-8").replace(",urban,10,", ",urban,0,")
    (tmp_path / "demand.csv").write_text(text, encoding="utf-8")
    _, record, _ = found(path)
    assert record["by_source"] == {"venue": 2, "dense": 0, "grid": 0}


def test_what_costs_nothing_known_is_told(tmp_path: Path) -> None:
    scenario = SCENARIO.replace("cost_once_yuan = 80_000\n", "")
    path = town_with(tmp_path, "", *TOWN_NODES, scenario=scenario.replace("at_existing = true", ""))
    _, record, said = found(path)
    assert record["no_price"] == [{"type": "e_station", "method": "改建"}]
    assert "类型 e_station 按“改建”建没有费用" in said
