"""Fetching a place: whole or not at all, every failure of the servers told; from a stand-in, never the internet."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import osmium
import pytest
import shapely
from shapely.geometry import shape
from typer.testing import CliRunner

from mapserver import LAT, LON, SIZE, STEP_LON, WAYS, MapServer, found_place, map_server, osm_xml, square
from mapserver import place as place_of
from planner import boundary, features, overpass, pipeline, snapshot
from planner import fetch as fetching
from planner.cli import app
from planner.download import Patience, download
from planner.errors import BlockedError, PlannerError, RoadError, ScenarioError
from planner.inputs import read_networks
from planner.osmclip import clip, merge
from planner.osmfile import read_roads
from planner.roadends import SIDES
from planner.roads import Roads
from planner.scenario import load
from planner.words import LANGUAGES, sentences, tell
from runs import RUN
from town import SCENARIO, demand_csv, sites_csv

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

PLACE = "中城"
ASKS_PLACE = SCENARIO.replace('file = "roads.osm"', f'place = "{PLACE}"\nsnap_max_m = 100')


@pytest.fixture
def server() -> Iterator[MapServer]:
    with map_server() as state:
        yield state


def wish(server: MapServer, waits: list[float] | None = None, **more: object) -> fetching.Wish:
    waits = [] if waits is None else waits
    patience = Patience(silence_s=0.25, whole_s=20.0, waits_s=(1.0, 4.0, 16.0), sleep=waits.append)
    asked = fetching.Wish(overpass_url=f"{server.url}/api", nominatim_url=f"{server.url}/search", patience=patience)
    return dataclasses.replace(asked, **more)  # type: ignore[arg-type]


def scenario_in(folder: Path, text: str = ASKS_PLACE) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "scenario.toml"
    path.write_text(text, encoding="utf-8")
    return path


def snapshot_in(folder: Path) -> Path:
    return folder / "snapshots" / PLACE


def left_in(folder: Path) -> list[str]:
    """Names of what stands beside the scenario, but the lock."""
    return sorted(p.name for p in (folder / "snapshots").glob("*") if p.suffix != ".lock")


def same_roads(a: Roads, b: Roads) -> bool:
    names = [item.name for item in dataclasses.fields(Roads) if item.name not in ("mode", "report")]
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in names)


def test_a_snapshot_is_read_as_the_same_data_from_a_file(tmp_path: Path, server: MapServer) -> None:
    path = scenario_in(tmp_path / "我的 方案")
    record = pipeline.fetch(path, wish(server))
    folder = snapshot_in(path.parent)
    assert sorted(p.name for p in folder.iterdir()) == [
        "boundary.geojson",
        "features.geojson",
        "fetch.json",
        "roads.osm.pbf",
    ]
    roads = read_networks(load(path), ["walk"])["walk"]
    # by hand: a node every 200 m, and of the ways with one within the margin both ends
    margin = record["margin_m"]
    assert margin == 334 + 100  # 5 minutes at 4 km/h, and snap_max_m
    whole = tmp_path / "county.osm"
    whole.write_text(osm_xml(), encoding="utf-8")
    wide = boundary.widened(shape(square(15, 25)), margin)
    clip(whole, wide, tmp_path / "clipped.osm.pbf")
    assert same_roads(roads, read_roads(tmp_path / "clipped.osm.pbf"))
    inner = {number for number in range(1, SIZE**2 + 1) if shapely.intersects_xy(wide, *place_of(number))}
    assert set(roads.way_id.tolist()) == {way for way, ends in WAYS.items() if inner & set(ends)}


def test_the_clip_keeps_roads_up_to_the_cutoff_beyond_the_border(tmp_path: Path, server: MapServer) -> None:
    path = scenario_in(tmp_path)
    pipeline.fetch(path, wish(server))
    roads = read_networks(load(path), ["walk"])["walk"]
    rows, columns = (roads.node_id - 1) // SIZE, (roads.node_id - 1) % SIZE
    # 434 m are two blocks and a part of the third, whose street is kept to its end
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (12, 28, 12, 28)
    ways = {
        o.id: dict(o.tags) for o in osmium.FileProcessor(str(snapshot_in(tmp_path) / "roads.osm.pbf")) if o.is_way()
    }
    assert all(tags == {"highway": "residential", "name": f"路{way}"} for way, tags in ways.items())


def test_a_street_that_crosses_the_area_between_two_nodes_outside_is_kept(tmp_path: Path) -> None:
    lines = ['<node id="1" lon="10.0" lat="50.0"/><node id="2" lon="10.1" lat="50.0"/>']
    lines.append('<node id="3" lon="10.0" lat="50.2"/><node id="4" lon="10.1" lat="50.2"/>')
    lines += [
        f'<way id="{way}"><nd ref="{a}"/><nd ref="{b}"/><tag k="highway" v="path"/></way>'
        for way, a, b in ((7, 1, 2), (8, 3, 4))
    ]
    source = tmp_path / "long.osm"
    source.write_text(f"<osm version='0.6'>{''.join(lines)}</osm>", encoding="utf-8")
    clipped = clip(source, shapely.box(10.04, 49.99, 10.06, 50.01), tmp_path / "cut.osm.pbf")
    assert (clipped.ways, clipped.nodes, clipped.ways_beyond, clipped.box) == (1, 2, 1, None)
    with pytest.raises(RoadError, match="road_none_in_area"):
        clip(source, shapely.box(10.04, 50.05, 10.06, 50.06), tmp_path / "none.osm.pbf")


def test_the_record_says_when_what_and_from_where(tmp_path: Path, server: MapServer) -> None:
    path = scenario_in(tmp_path)
    pipeline.fetch(path, wish(server))
    record = json.loads((snapshot_in(tmp_path) / "fetch.json").read_text(encoding="utf-8"))
    assert record["boundary"]["display_name"] == "中城, 1"
    assert record["boundary"]["query"]["q"] == PLACE
    assert [set(answer) for answer in record["roads"]["answers"]] == [{"query", "sha256", "data_of"}]
    assert record["roads"]["answers"][0]["data_of"] == "2026-06-30T00:00:00Z"
    assert 'way["highway"]' in record["roads"]["answers"][0]["query"]
    assert all(re.fullmatch("[0-9a-f]{64}", found) for found in record["files"].values())
    assert record["counts"]["nodes_missing"] == 0
    assert str(tmp_path) not in json.dumps(record)
    outline = gpd.read_file(snapshot_in(tmp_path) / "boundary.geojson")
    assert outline.geometry[0].equals(shape(square(15, 25)))


def test_many_tiles_make_one_network(tmp_path: Path, server: MapServer, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.fetch(scenario_in(tmp_path / "one"), wish(server))
    monkeypatch.setattr(overpass, "TILE_DEG", 0.006)
    steps: list[str] = []
    record = pipeline.fetch(scenario_in(tmp_path / "many"), wish(server), show=steps.append)
    count = len(record["roads"]["answers"])
    assert count > 10
    assert [step for step in steps if step.startswith("fetch_roads ")] == [
        f"fetch_roads {number}/{count}" for number in range(1, count + 1)
    ]
    one, many = (read_networks(load(tmp_path / name / "scenario.toml"), ["walk"])["walk"] for name in ("one", "many"))
    assert same_roads(one, many)


@pytest.mark.parametrize(
    "fault", ["429", "504", "502", "500", "remark", "nodes", "cut", "short", "gzip_cut", "silence"]
)
def test_a_passing_fault_is_waited_for(tmp_path: Path, server: MapServer, fault: str) -> None:
    waits: list[float] = []
    server.faults = ["", fault, fault]
    pipeline.fetch(scenario_in(tmp_path), wish(server, waits))
    assert waits == ([7.0, 7.0] if fault == "429" else [1.0, 4.0])
    assert len(server.asked) == 5


ENDS = {
    "429": ("net_too_many", 4),
    "504": ("net_overloaded", 4),
    "remark": ("net_partial", 4),
    "remark_plain": ("net_partial", 4),
    "nodes": ("net_nodes_lacking", 4),
    "cut": ("net_cut", 4),
    "short": ("net_cut", 4),
    "silence": ("net_silent", 4),
    "html": ("net_html", 1),
    "511": ("net_html", 1),
    "404": ("net_status", 1),
    "other": ("net_not_osm", 1),
    "doctype": ("net_not_osm", 1),
}


@pytest.mark.parametrize("fault", ENDS)
def test_a_lasting_fault_is_told_and_nothing_is_saved(tmp_path: Path, server: MapServer, fault: str) -> None:
    code, tries = ENDS[fault]
    server.faults = ["", *[fault] * 9]
    with pytest.raises(BlockedError) as caught:
        pipeline.fetch(scenario_in(tmp_path), wish(server))
    assert [found.code for found in caught.value.faults] == [code]
    assert len(server.asked) == 1 + tries
    assert left_in(tmp_path) == []
    for language in LANGUAGES:
        assert all(tell(caught.value.faults[0], language))


@pytest.mark.parametrize(("fault", "code"), [("cut", "net_cut"), ("html", "net_html"), ("other", "net_not_places")])
def test_faults_of_the_place_server(tmp_path: Path, server: MapServer, fault: str, code: str) -> None:
    server.faults = [fault] * 4
    with pytest.raises(BlockedError, match=code):
        pipeline.fetch(scenario_in(tmp_path), wish(server))
    assert left_in(tmp_path) == []


def test_a_failed_fetch_leaves_the_snapshot_of_before(tmp_path: Path, server: MapServer) -> None:
    path = scenario_in(tmp_path)
    pipeline.fetch(path, wish(server))
    before = {file.name: file.read_bytes() for file in snapshot_in(tmp_path).iterdir()}
    with pytest.raises(BlockedError, match="fetched_already"):
        pipeline.fetch(path, wish(server))
    server.faults = ["", *["remark"] * 4]
    with pytest.raises(BlockedError, match="net_partial"):
        pipeline.fetch(path, wish(server, again=True))
    assert {file.name: file.read_bytes() for file in snapshot_in(tmp_path).iterdir()} == before
    pipeline.fetch(path, wish(server, again=True))
    assert left_in(tmp_path) == [PLACE]


def test_a_packed_answer_is_unpacked(tmp_path: Path, server: MapServer) -> None:
    plain = pipeline.fetch(scenario_in(tmp_path / "plain"), wish(server))
    server.faults = ["gzip", "gzip"]
    packed = pipeline.fetch(scenario_in(tmp_path / "packed"), wish(server))
    assert packed["roads"] == plain["roads"]
    assert packed["files"] == plain["files"]


def test_an_answer_is_not_read_beyond_its_bound(tmp_path: Path, server: MapServer) -> None:
    bounded = dataclasses.replace(wish(server).patience, most_bytes=5000)
    server.faults = ["", "gzip"]
    with pytest.raises(BlockedError, match="net_too_large"):
        pipeline.fetch(scenario_in(tmp_path), wish(server, patience=bounded))


def test_a_server_that_sends_byte_by_byte_is_left(tmp_path: Path, server: MapServer) -> None:
    hasty = dataclasses.replace(wish(server).patience, whole_s=0.4)
    server.faults = ["", "drip"]
    with pytest.raises(BlockedError, match="net_slow"):
        pipeline.fetch(scenario_in(tmp_path), wish(server, patience=hasty))


def test_a_disk_that_cannot_be_written_is_told(tmp_path: Path, server: MapServer) -> None:
    question = boundary.question(f"{server.url}/search", PLACE)
    with pytest.raises(BlockedError, match="no_permission"):
        download(question, tmp_path / "absent" / "answer", wish(server).patience, boundary.judge)


def test_tiles_without_roads_are_nothing_but_empty(tmp_path: Path) -> None:
    for name, text in (("sea", osm_xml((0, 0, 1, 1))), ("land", osm_xml())):
        (tmp_path / f"{name}.osm").write_text(text, encoding="utf-8")
    assert overpass.judge(tmp_path / "sea.osm") is None
    merge([tmp_path / "sea.osm", tmp_path / "land.osm"], tmp_path / "both.osm.pbf")
    assert same_roads(read_roads(tmp_path / "both.osm.pbf"), read_roads(tmp_path / "land.osm"))
    with pytest.raises(RoadError, match="road_none_in_area"):
        clip(tmp_path / "sea.osm", shapely.box(9, 49, 11, 51), tmp_path / "none.osm.pbf")


def test_an_empty_answer_is_asked_for_once_more(tmp_path: Path, server: MapServer) -> None:
    server.faults = ["", "empty"]
    record = pipeline.fetch(scenario_in(tmp_path), wish(server))
    assert (record["counts"]["ways"] > 0, record["roads"]["blank"], len(server.asked)) == (True, [], 4)
    server.faults = ["", "empty", "empty"]
    with pytest.raises(BlockedError, match="net_empty"):
        pipeline.fetch(scenario_in(tmp_path / "b"), wish(server))
    assert left_in(tmp_path / "b") == []


def test_an_empty_answer_that_the_neighbours_belie_is_no_town(
    tmp_path: Path, server: MapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overpass, "TILE_DEG", 0.015)
    count = len(overpass.tiles(boundary.widened(shape(square(15, 25)), 434)))
    assert count == 4
    server.faults = ["", "empty", *[""] * (count - 1), "empty"]
    with pytest.raises(BlockedError, match="net_belied") as caught:
        pipeline.fetch(scenario_in(tmp_path), wish(server))
    assert caught.value.faults[0].values == {"count": 1, "tiles": count}
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("large", [True, False])
def test_tiles_of_a_place_without_roads_are_named_until_the_user_says_that_none_lacks(
    tmp_path: Path, server: MapServer, monkeypatch: pytest.MonkeyPatch, *, large: bool
) -> None:
    monkeypatch.setattr(overpass, "TILE_DEG", 0.02)
    if not large:
        monkeypatch.setattr(snapshot, "GRAVE_BLANK", 0.9)
    # ten columns of the county, and to the west as wide as thirty of nothing
    area = shapely.box(LON - 30 * STEP_LON, LAT, *place_of(10 * SIZE + 11))
    server.places = [found_place(PLACE, shapely.geometry.mapping(area))]
    path = scenario_in(tmp_path)
    record = pipeline.fetch(path, wish(server))
    blank = [tile["box"] for tile in record["roads"]["blank"]]
    assert len(blank) > 1
    empty = shapely.union_all([shapely.box(*box) for box in blank])
    assert empty.bounds[2] <= LON
    share = sum(tile["share"] for tile in record["roads"]["blank"])
    assert share == pytest.approx(shapely.intersection(empty, area).area / area.area, abs=1e-3)
    code = "snapshot_blank_large" if large else "snapshot_blank"
    assert [doubt.code for doubt in snapshot.doubts_of(record, "", "zh")] == [code]
    assert sum("没有取到一条路" in line for line in fetching.lines(record)) == 1
    assert doubts_in(tmp_path) == [code] * large
    pipeline.fetch(path, wish(server, complete=True))
    assert doubts_in(tmp_path) == []


def test_a_server_that_is_not_there(tmp_path: Path, server: MapServer) -> None:
    with pytest.raises(BlockedError, match="net_unreachable"):
        pipeline.fetch(scenario_in(tmp_path), wish(server, nominatim_url="http://127.0.0.1:9/search"))
    with pytest.raises(BlockedError, match="net_address"):
        pipeline.fetch(scenario_in(tmp_path), wish(server, nominatim_url="file:///etc/passwd"))


def test_a_place_is_never_guessed(tmp_path: Path, server: MapServer) -> None:
    path = scenario_in(tmp_path)
    server.places = [found_place(PLACE, square(1, 5)), found_place(PLACE, square(30, 35), 2)]
    with pytest.raises(ScenarioError, match="place_ambiguous"):
        pipeline.fetch(path, wish(server))
    server.places = [found_place(PLACE, {"type": "Point", "coordinates": [10, 50]})]
    with pytest.raises(ScenarioError, match="place_not_found"):
        pipeline.fetch(path, wish(server))
    server.places = [found_place(PLACE, square(1, 5), category="building")]
    with pytest.raises(ScenarioError, match="place_not_found"):
        pipeline.fetch(path, wish(server))
    # the same area twice, and another of another name, leave no doubt
    server.places = [found_place(PLACE, square(15, 25), n) for n in (1, 2)] + [found_place("城", square(1, 5), 3)]
    assert pipeline.fetch(path, wish(server))["boundary"]["osm_id"] == 1


def test_files_at_hand_need_no_server(tmp_path: Path) -> None:
    path = scenario_in(tmp_path)
    extract, outline = tmp_path / "省.osm", tmp_path / "界.geojson"
    extract.write_text(osm_xml(), encoding="utf-8")
    outline.write_text(json.dumps({"type": "Feature", "properties": {}, "geometry": square(15, 25)}), encoding="utf-8")
    asked = fetching.Wish(extract, outline, overpass_url="http://127.0.0.1:9", nominatim_url="http://127.0.0.1:9")
    record = pipeline.fetch(path, asked)
    assert (record["roads"]["file"], record["boundary"]["file"]) == ("省.osm", "界.geojson")
    assert record["roads"]["covers_all"] is None
    roads = read_networks(load(path), ["walk"])["walk"]
    with map_server() as server:
        pipeline.fetch(scenario_in(tmp_path / "web"), wish(server))
    assert same_roads(roads, read_networks(load(tmp_path / "web" / "scenario.toml"), ["walk"])["walk"])


def test_boundary_files_that_cannot_be_used(tmp_path: Path) -> None:
    def fault(geometry: dict[str, object]) -> str:
        file = tmp_path / "b.geojson"
        file.write_text(json.dumps({"type": "Feature", "properties": {}, "geometry": geometry}), encoding="utf-8")
        with pytest.raises(PlannerError) as caught:
            boundary.read_boundary(file, None)
        return caught.value.faults[0].code

    jinan = [[[117.0, 36.6], [117.1, 36.6], [117.1, 36.7], [117.0, 36.6]]]
    assert fault({"type": "Polygon", "coordinates": jinan}) == "boundary_datum"
    assert fault({"type": "Point", "coordinates": [10, 50]}) == "boundary_no_area"
    metres = [[[500_000.0, 5e6], [510_000.0, 5e6], [510_000.0, 5.1e6], [500_000.0, 5e6]]]
    assert fault({"type": "Polygon", "coordinates": metres}) == "boundary_no_area"
    with pytest.raises(ScenarioError, match="file_missing"):
        boundary.read_boundary(tmp_path / "none.geojson", None)
    (tmp_path / "bad.geojson").write_text("{", encoding="utf-8")
    with pytest.raises(ScenarioError, match="boundary_unreadable"):
        boundary.read_boundary(tmp_path / "bad.geojson", None)


def test_a_boundary_in_gcj02_is_moved(tmp_path: Path) -> None:
    ring = [[117.0, 36.6], [117.1, 36.6], [117.1, 36.7], [117.0, 36.6]]
    file = tmp_path / "b.geojson"
    outline = {"type": "Polygon", "coordinates": [ring]}
    file.write_text(json.dumps({"type": "Feature", "properties": {}, "geometry": outline}), encoding="utf-8")
    moved = boundary.read_boundary(file, "gcj02").area
    assert 0.004 < 117.0 - moved.bounds[0] < 0.008
    assert boundary.read_boundary(file, "wgs84").area.equals(shape(outline))


@pytest.mark.parametrize("side_deg", [0.05, 2.0])
def test_a_widened_area_holds_all_within_the_margin(side_deg: float) -> None:
    from planner.geodesy import great_circle_m  # noqa: PLC0415

    area = shapely.box(121.0, 36.0, 121.0 + side_deg, 36.0 + side_deg)
    wide = boundary.widened(area, 5000.0)
    edge = shapely.points(shapely.get_coordinates(shapely.segmentize(wide.exterior, 0.01)))
    near = shapely.get_coordinates(shapely.segmentize(area.exterior, 0.001))
    for point in edge[:: max(len(edge) // 50, 1)]:
        away = great_circle_m(point.x, point.y, near[:, 0], near[:, 1]).min()
        assert 5000 < away < 5150


def test_without_a_snapshot_a_run_says_so(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["check", str(scenario_in(tmp_path)), "--out", str(tmp_path / "maps")])
    assert result.exit_code == 2
    assert "planner fetch" in result.output
    assert "roads.place" in result.output


def test_a_snapshot_must_serve_the_scenario(tmp_path: Path, server: MapServer) -> None:
    path = scenario_in(tmp_path)
    pipeline.fetch(path, wish(server))
    scenario_in(tmp_path, ASKS_PLACE.replace("minutes = 5", "minutes = 6"))
    with pytest.raises(RoadError, match="snapshot_narrow"):
        read_networks(load(path), ["walk"])
    scenario_in(tmp_path)
    roads = snapshot_in(tmp_path) / "roads.osm.pbf"
    roads.write_bytes(roads.read_bytes() + b"\0")
    with pytest.raises(RoadError, match="snapshot_changed"):
        read_networks(load(path), ["walk"])


def test_fetch_refuses_a_scenario_that_would_not_read_it(tmp_path: Path, server: MapServer) -> None:
    for text, code in (
        (SCENARIO, "place_not_named"),
        (ASKS_PLACE.replace("place =", 'file = "r.osm"\nplace ='), "place_has_file"),
        (ASKS_PLACE.replace(PLACE, "a/b"), "bad_place"),
        (ASKS_PLACE.replace(PLACE, ".."), "bad_place"),
    ):
        with pytest.raises(ScenarioError, match=code):
            pipeline.fetch(scenario_in(tmp_path, text), wish(server))
    assert server.asked == []


def test_a_place_of_the_parent_is_beside_the_parent_and_gives_way_to_a_file(tmp_path: Path) -> None:
    scenario_in(tmp_path)
    folder = tmp_path / "later"
    child = scenario_in(folder, 'name = "child"\ntitle = "t"\nextends = "../scenario.toml"\n')
    loaded = load(child)
    assert loaded.merged["roads"]["file"] == (snapshot_in(tmp_path) / "roads.osm.pbf").as_posix()
    child.write_text(child.read_text(encoding="utf-8") + '[roads]\nfile = "own.osm"\n', encoding="utf-8")
    assert load(child).merged["roads"]["file"] == (folder / "own.osm").as_posix()


def test_the_command_from_fetch_to_run(tmp_path: Path, server: MapServer) -> None:
    server.places = [found_place(PLACE, square(0, 8))]
    path = scenario_in(tmp_path)
    (tmp_path / "demand.csv").write_text(demand_csv(), encoding="utf-8")
    (tmp_path / "sites.csv").write_text(sites_csv(), encoding="utf-8")
    servers = ["--overpass", f"{server.url}/api", "--nominatim", f"{server.url}/search"]
    fetched = CliRunner().invoke(app, ["fetch", str(path), *servers])
    assert fetched.exit_code == 0, fetched.output
    assert "中城, 1" in fetched.output
    ran = CliRunner().invoke(app, [*RUN, str(path), "--out", str(tmp_path / "maps")])
    assert ran.exit_code == 0, ran.output
    result = tmp_path / "maps" / "town"
    told = json.loads((result / "run.json").read_text(encoding="utf-8"))
    saved = (snapshot_in(tmp_path) / "fetch.json").read_bytes()
    assert told["roads"]["snapshot"] == {"place": PLACE, "margin_m": json.loads(saved)["margin_m"]}
    assert (result / "inputs" / "fetch.json").read_bytes() == saved
    assert "fetch.json" not in (result / "map.html").read_text(encoding="utf-8")
    # the kept copy runs alone, without the snapshot
    again = CliRunner().invoke(app, ["check", str(tmp_path / "maps" / "town" / "scenario.toml")])
    assert again.exit_code == 0, again.output
    server.faults = ["html"]
    blocked = CliRunner().invoke(app, ["fetch", str(path), "--again", *servers])
    assert blocked.exit_code == 1
    assert "--from" in blocked.output
    wrong = CliRunner().invoke(app, ["fetch", str(path), "--coordinates", "mars", *servers])
    assert wrong.exit_code == 2


HALL = {"type": "node", "id": 5, "tags": {"amenity": "townhall", "name": "政务大厅"}}
MALL = {"type": "way", "id": 6, "tags": {"shop": "mall"}}


def test_features_are_kept_once_and_say_whether_they_are_inside(tmp_path: Path, server: MapServer) -> None:
    at = [dict(zip(("lon", "lat"), place_of(row * SIZE + row + 1), strict=True)) for row in (20, 26, 40)]
    far = {"type": "relation", "id": 7, "tags": {"amenity": "university"}, "center": at[2]}
    server.features = [{**MALL, "center": at[1]}, {**HALL, **at[0]}, {**HALL, **at[0]}, far]
    assert pipeline.fetch(scenario_in(tmp_path), wish(server))["counts"]["features"] == 2
    kept = gpd.read_file(snapshot_in(tmp_path) / "features.geojson")
    told = list(zip(kept["osm_id"], kept["kind"], kept["name"], kept["inside"], strict=True))
    assert told == [("n5", "townhall", "政务大厅", True), ("w6", "mall", "", False)]


@pytest.mark.parametrize(
    ("fault", "code"),
    [("remark_json", "net_partial"), ("cut", "net_cut"), ("other", "net_not_osm"), ("html", "net_html")],
)
def test_without_whole_features_nothing_is_saved(tmp_path: Path, server: MapServer, fault: str, code: str) -> None:
    server.faults = ["", "", *[fault] * 9]
    with pytest.raises(BlockedError, match=code):
        pipeline.fetch(scenario_in(tmp_path), wish(server))
    assert left_in(tmp_path) == []


def test_features_of_a_file_are_points_and_whole_areas(tmp_path: Path) -> None:
    nodes = [(1, 10.0, 50.0), (2, 10.1, 50.0), (3, 10.1, 50.2)]
    lines = [f'<node id="{n}" lon="{lon}" lat="{lat}"/>' for n, lon, lat in nodes]
    lines.append('<node id="9" lon="10.05" lat="50.05"><tag k="amenity" v="library"/><tag k="name" v="图书馆"/></node>')
    lines.append('<node id="10" lon="10.05" lat="50.05"><tag k="amenity" v="bench"/></node>')
    for way, refs, tag in ((7, (1, 2, 3, 1), '<tag k="shop" v="mall"/>'), (8, (1, 2, 3, 1), "")):
        lines.append(f'<way id="{way}">{"".join(f"""<nd ref="{n}"/>""" for n in refs)}{tag}</way>')
    lines.append('<relation id="5"><member type="way" ref="8" role="outer"/><tag k="type" v="multipolygon"/>')
    lines.append('<tag k="amenity" v="university"/></relation>')
    file = tmp_path / "f.OSM"
    file.write_text(f"<osm version='0.6'>{''.join(lines)}</osm>", encoding="utf-8")
    found = {(item.osm_id, item.kind, item.name, item.lon, item.lat) for item in features.from_file(file)}
    assert found == {
        ("n9", "library", "图书馆", 10.05, 50.05),
        ("w7", "mall", "", 10.05, 50.1),
        ("r5", "university", "", 10.05, 50.1),
    }


def from_extract(folder: Path, low: int, high: int, text: str, *, wide: float | None = None) -> Mapping[str, Any]:
    """Fetch a square of the grid from a file that says to cover it and so many degrees more; None says nothing."""
    path, extract, outline = folder / "scenario.toml", folder / "a.osm", folder / "界.geojson"
    (west, south), (east, north) = place_of(low * SIZE + low + 1), place_of(high * SIZE + high + 1)
    outline.write_text(
        json.dumps({"type": "Feature", "properties": {}, "geometry": square(low, high)}), encoding="utf-8"
    )
    if wide is not None:
        box = f'minlon="{west - wide}" minlat="{south - wide}" maxlon="{east + wide}" maxlat="{north + wide}"'
        text = re.sub(r"<meta[^>]*>", f"<bounds {box}/>", text)
    extract.write_text(text, encoding="utf-8")
    return pipeline.fetch(path, fetching.Wish(extract, outline, again=True))


def doubts_in(folder: Path) -> list[str]:
    """Codes of the doubts that a run has about its snapshot."""
    return [doubt.code for doubt in snapshot.doubts(load(folder / "scenario.toml"), "roads", "zh")]


@pytest.mark.parametrize(("wide", "short"), [(0.0, SIDES), (-5e-7, SIDES), (0.001, SIDES), (0.1, ())])
def test_an_extract_that_says_it_ends_within_the_margin_is_doubted(
    tmp_path: Path, wide: float, short: Sequence[str]
) -> None:
    scenario_in(tmp_path)
    record = from_extract(tmp_path, 15, 25, osm_xml(), wide=wide)
    assert (record["roads"]["covers_all"], record["roads"]["sides_short"]) == (not short, list(short))
    assert len(list(fetching.lines(record))) == (4 if short else 3)
    assert doubts_in(tmp_path) == (["snapshot_short"] if short else [])


def test_an_extract_that_says_it_ends_within_the_boundary_is_refused(tmp_path: Path) -> None:
    scenario_in(tmp_path)
    with pytest.raises(ScenarioError, match="extract_short") as caught:
        from_extract(tmp_path, 15, 25, osm_xml(), wide=-0.001)
    assert caught.value.faults[0].values["sides"] == "西边、南边、东边、北边"
    assert left_in(tmp_path) == []


def test_an_extract_that_does_not_say_what_it_covers_is_doubted(tmp_path: Path) -> None:
    scenario_in(tmp_path)
    assert from_extract(tmp_path, 15, 25, osm_xml())["roads"]["sides_short"] == []
    assert doubts_in(tmp_path) == ["snapshot_unsaid"]
    doubt = next(snapshot.doubts(load(tmp_path / "scenario.toml"), "roads", "zh"))
    assert "四边都伸出边界外 434 米以上" in tell(doubt, "zh")[1]
    # the eastern two blocks of 200 m without roads are within the margin of 434 m, three are not
    for column, sides in ((23, []), (22, ["east"])):
        record = from_extract(tmp_path, 15, 25, osm_xml((LAT, LON, 90, LON + (column - 0.5) * STEP_LON)))
        assert record["roads"]["sides_short"] == sides
        assert record["roads"]["sides_near"] == ["east"]
    assert doubts_in(tmp_path) == ["snapshot_ends"]


def test_what_an_extract_does_not_say_the_user_says_once_without_the_internet(tmp_path: Path) -> None:
    path = scenario_in(tmp_path)
    from_extract(tmp_path, 15, 25, osm_xml())
    before = {file.name: file.read_bytes() for file in snapshot_in(tmp_path).iterdir()}
    told = CliRunner().invoke(app, ["fetch", str(path), "--complete"])
    assert (told.exit_code, "您已确认" in told.stdout, "注意" in told.stdout) == (0, True, False), told.output
    assert doubts_in(tmp_path) == []
    after = {file.name: file.read_bytes() for file in snapshot_in(tmp_path).iterdir()}
    assert {name for name in after if after[name] != before.get(name)} == {"fetch.json"}
    assert snapshot.about(load(path))["snapshot"]["complete_said"] is True
    # it is said of these roads: others are asked for anew
    with pytest.raises(BlockedError, match="fetched_already"):
        pipeline.fetch(path, fetching.Wish(tmp_path / "a.osm", complete=True))
    from_extract(tmp_path, 15, 25, osm_xml())
    assert doubts_in(tmp_path) == ["snapshot_unsaid"]
    # what the file itself says is not said away
    from_extract(tmp_path, 15, 25, osm_xml(), wide=0.0)
    pipeline.fetch(path, fetching.Wish(complete=True))
    assert doubts_in(tmp_path) == ["snapshot_short"]


def test_what_is_doubtful_in_a_snapshot_is_told_by_check_and_run_and_by_its_copy(tmp_path: Path) -> None:
    path = scenario_in(tmp_path)
    (tmp_path / "demand.csv").write_text(demand_csv(), encoding="utf-8")
    (tmp_path / "sites.csv").write_text(sites_csv(), encoding="utf-8")
    gaps = re.sub(r'<node id="(1|7)" [^>]*/>\n', "", osm_xml())  # each is named by two ways and more
    assert from_extract(tmp_path, 0, 8, gaps, wide=0.0)["counts"]["nodes_missing"] == 2
    asked = ["--out", str(tmp_path / "maps"), "--json"]
    found = json.loads(CliRunner().invoke(app, ["check", str(path), *asked]).stdout)
    ran = json.loads(CliRunner().invoke(app, [*RUN, str(path), *asked]).stdout)
    copied = tmp_path / "maps" / "town" / "scenario.toml"
    again = json.loads(CliRunner().invoke(app, [*RUN, str(copied), "--out", str(tmp_path / "2"), "--json"]).stdout)
    for told in (found, ran, again):
        said = [doubt["what"] for doubt in told["doubts"]]
        assert any("盖不满边界外 434 米" in what for what in said)
        assert any("缺 2 个节点" in what for what in said)
        assert told["roads"]["walk"]["nodes_missing"] == 2
    assert again["roads"]["snapshot"] == ran["roads"]["snapshot"]


def test_every_trouble_has_its_words() -> None:
    from pathlib import Path  # noqa: PLC0415

    rooms = Path(fetching.__file__).parent
    codes = {
        code
        for room in ("download", "overpass", "boundary", "features")
        for code in re.findall(r'Trouble\("(\w+)"', (rooms / f"{room}.py").read_text(encoding="utf-8"))
    }
    assert len(codes) > 10
    assert {f"fault.{code}.{part}" for code in codes for part in ("what", "cure")} <= set(sentences())
