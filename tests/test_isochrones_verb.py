"""`planner isochrones`: what it writes, what it says, and what it refuses."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pyogrio
import pytest
import shapely
from typer.testing import CliRunner, Result

from browser import ON_MAP, open_page
from planner import network
from planner.cli import app
from planner.isochrones import service_areas
from planner.outlines import MARGIN_M
from runs import RUN
from test_maps import HOSTILE, browser, read_data  # noqa: F401  (browser is a fixture)
from test_results import fingerprint
from town import SCENARIO, sites_csv, write_town

if TYPE_CHECKING:
    from pathlib import Path

    from geopandas import GeoDataFrame
    from playwright.sync_api import Browser

FILES = {"map.html", "isochrones.gpkg", "isochrones.json"}
ENGLISH = SCENARIO.replace("data_date", 'language = "en"\ndata_date', 1)
CHINESE = re.compile("[\u4e00-\u9fff]")


def isochrones(scenario: Path, *arguments: object) -> Result:
    command = ["isochrones", str(scenario), "--out", str(scenario.parent / "out"), *map(str, arguments)]
    return CliRunner().invoke(app, command, catch_exceptions=False)


def drawn(scenario: Path, *arguments: object) -> tuple[GeoDataFrame, dict[str, Any]]:
    """Draw, and return the GeoPackage's table and the record."""
    result = isochrones(scenario, *arguments)
    assert result.exit_code == 0, result.output
    folder = scenario.parent / "out" / "town-isochrones"
    assert {path.name for path in folder.iterdir()} == FILES
    record = json.loads((folder / "isochrones.json").read_text(encoding="utf-8"))
    return pyogrio.read_dataframe(folder / "isochrones.gpkg", layer="isochrones"), record


def refused(scenario: Path, *arguments: object) -> str:
    """Ask for what cannot be had: exit code 2, nothing written; returns what was told."""
    result = isochrones(scenario, *arguments)
    assert result.exit_code == 2, result.output
    assert not (scenario.parent / "out").exists()
    return result.stderr


# ---- what is written ----


def test_the_cutoffs_of_the_standards_are_drawn_where_none_are_asked_for(tmp_path: Path) -> None:
    far = '\n[[standard]]\nid = "far"\nkm = 0.5\nserved_by = ["station"]\n'
    straight = '\n[[standard]]\nid = "straight"\nkm = 9\nmetric = "straight"\nserved_by = ["station"]\n'
    table, record = drawn(write_town(tmp_path, SCENARIO + far + straight))
    assert record["cutoffs"] == [{"minutes": 5.0, "areas": 1}, {"km": 0.5, "areas": 1}]
    columns = ["site_id", "name", "type", "mode", "direction", "cutoff_s", "cutoff_m", "method", "margin_m", "geometry"]
    assert table.columns.tolist() == columns
    assert table["site_id"].tolist() == ["E1", "E1"]  # the other station is closed
    assert table["name"].tolist() == ["老站", "老站"]
    assert table["cutoff_s"].fillna(-1).tolist() == [300.0, -1.0]
    assert table["cutoff_m"].fillna(-1).tolist() == [-1.0, 500.0]
    assert set(table["margin_m"]) == {MARGIN_M}
    assert table.crs.to_epsg() == 4326


@pytest.mark.parametrize(("flags", "method"), [((), "fast"), (("--exact",), "exact")])
def test_the_areas_are_those_of_the_engine(tmp_path: Path, flags: tuple[str, ...], method: Any) -> None:
    scenario = write_town(tmp_path)
    table, record = drawn(scenario, "--minutes", "2, 10，5", "--candidates", "--from-site", *flags)
    assert record["parameters"]["method"] == method
    assert record["parameters"]["direction"] == "away"
    assert record["sites"] == {"open_today": 1, "candidates": 6, "drawn": 7, "off_network": []}
    assert table["cutoff_s"].tolist() == [120.0, 300.0, 600.0] * 7
    roads = network.read_roads(tmp_path / "roads.osm", "walk", island_min_m=1000.0)
    sites = table.drop_duplicates("site_id").reset_index(drop=True)
    read = {line.split(",")[0]: line.split(",")[-2:] for line in sites_csv().splitlines()[1:]}
    places = shapely.points([tuple(map(float, read[site_id])) for site_id in sites["site_id"]])
    expected = service_areas(
        roads, sites.set_geometry(places), cutoffs_s=[120, 300, 600], towards_site=False, method=method
    )
    assert shapely.equals_exact(table.geometry.to_numpy(), expected.geometry.to_numpy()).all()
    for _, mine in table.groupby("site_id"):
        assert (shapely.area(mine.geometry.to_numpy()[1:]) > shapely.area(mine.geometry.to_numpy()[:-1])).all()


def test_a_drive_needs_no_standard_of_its_own(tmp_path: Path) -> None:
    table, record = drawn(write_town(tmp_path), "--mode", "drive", "--minutes", "1", "--km", "0.4")
    assert set(table["mode"]) == {"drive"}
    assert list(record["roads"]) == ["drive"]
    assert record["parameters"]["drive_factor"] == 0.7
    assert len(table) == 2


def test_the_record_names_sources_and_parameters(tmp_path: Path) -> None:
    _, record = drawn(write_town(tmp_path))
    assert record["attribution"] == "© OpenStreetMap contributors"
    assert record["data_date"] == "2026-06-30"
    assert [item["path"] for item in record["inputs"]] == ["roads.osm", "demand.csv", "sites.csv"]
    assert all(re.fullmatch("[0-9a-f]{64}", item["sha256"]) for item in record["inputs"])
    assert record["parameters"]["walk_kph"] == 4.0
    assert record["parameters"]["margin_m"] == MARGIN_M


def test_two_times_give_the_same_bytes(tmp_path: Path) -> None:
    prints = []
    for name in ("a", "b"):
        scenario = write_town(tmp_path / name)
        drawn(scenario, "--km", "0.3,0.6", "--candidates")
        drawn(scenario, "--km", "0.3,0.6", "--candidates")  # in place of itself
        prints.append(fingerprint(tmp_path / name / "out" / "town-isochrones"))
    assert prints[0] == prints[1]


def test_sites_off_the_roads_are_named(tmp_path: Path) -> None:
    scenario = write_town(tmp_path)
    far = sites_csv().replace("10.002800,50.001800", "10.050000,50.001800")
    (tmp_path / "sites.csv").write_text(far, encoding="utf-8")
    result = isochrones(scenario)
    assert result.exit_code == 0, result.output
    assert "1 个网点离道路太远，没有服务范围：E1" in result.stdout
    folder = tmp_path / "out" / "town-isochrones"
    record = json.loads((folder / "isochrones.json").read_text(encoding="utf-8"))
    assert record["sites"]["off_network"] == ["E1"]
    assert record["cutoffs"] == [{"minutes": 5.0, "areas": 0}]
    assert read_data(folder / "map.html")["areas"][0]["rings"] == []


# ---- what is said ----


def test_the_terminal_says_what_was_drawn(tmp_path: Path) -> None:
    result = isochrones(write_town(tmp_path), "--minutes", "5,10", "--candidates")
    assert "步行到网点：画了 7 个网点的 14 个服务范围（5 分钟、10 分钟）。" in result.stdout
    assert "map.html" in result.stdout
    assert result.stderr.splitlines()[0] == "读方案"


def test_english_on_request(tmp_path: Path) -> None:
    result = isochrones(write_town(tmp_path, ENGLISH), "--minutes", "5", "--from-site")
    assert "1 service areas of 1 sites, on foot, away from the site (5 minutes)." in result.stdout
    assert not CHINESE.search(result.stdout.replace("小镇方案", "") + result.stderr)
    page = (tmp_path / "out" / "town-isochrones" / "map.html").read_text(encoding="utf-8")
    assert '<html lang="en">' in page
    facts = read_data(tmp_path / "out" / "town-isochrones" / "map.html")["facts"]
    assert facts[:3] == [
        ["Mode", "on foot"],
        ["Direction", "away from the site"],
        ["Method", "fast (contour of a raster)"],
    ]


def test_json_prints_the_record(tmp_path: Path) -> None:
    scenario = write_town(tmp_path)
    result = isochrones(scenario, "--km", "1", "--json")
    written = (tmp_path / "out" / "town-isochrones" / "isochrones.json").read_text(encoding="utf-8")
    assert json.loads(result.stdout) == json.loads(written)


# ---- what is refused ----


@pytest.mark.parametrize("text", ["", "0", "-5", "5,,10", "1e1", "٣", "1_0", "inf", "1441", "0.0001", "5;10"])
def test_cutoffs_that_are_no_plain_numbers(tmp_path: Path, text: str) -> None:
    told = refused(write_town(tmp_path), f"--minutes={text}", "--km", "x")
    assert "发现 2 处问题" in told
    assert "“--minutes”" in told
    assert "“--km”" in told


def test_nothing_to_draw_is_told_at_once(tmp_path: Path) -> None:
    scenario = write_town(tmp_path, ENGLISH)
    (tmp_path / "sites.csv").write_text(sites_csv().replace("正常", "停运"), encoding="utf-8")
    told = refused(scenario, "--mode", "drive")
    assert "Found 2 fault(s)" in told
    assert "No standard of the scenario measures “by car”" in told
    assert "--candidates" in told


def test_faults_of_the_scenario_are_told_as_ever(tmp_path: Path) -> None:
    told = refused(write_town(tmp_path, SCENARIO.replace("minutes = 5", "minuts = 5")))
    assert "standard[walk-5].minuts" in told


def test_what_is_no_result_of_this_kind_is_never_replaced(tmp_path: Path) -> None:
    scenario = write_town(tmp_path)
    run = CliRunner().invoke(app, [*RUN, str(scenario), "--out", str(tmp_path / "out")])
    assert run.exit_code == 0
    (tmp_path / "out" / "town").rename(tmp_path / "out" / "town-isochrones")
    before = fingerprint(tmp_path / "out" / "town-isochrones")
    result = isochrones(scenario)
    assert result.exit_code == 1
    assert "不属于成果" in result.stderr
    assert fingerprint(tmp_path / "out" / "town-isochrones") == before


def test_a_run_of_that_name_does_not_take_the_place_of_areas(tmp_path: Path) -> None:
    scenario = write_town(tmp_path)
    drawn(scenario)
    scenario.write_text(SCENARIO.replace('"town"', '"town-isochrones"'), encoding="utf-8")
    run = CliRunner().invoke(app, [*RUN, str(scenario), "--out", str(tmp_path / "out")])
    assert run.exit_code == 1
    assert "不属于成果" in run.stderr
    assert {path.name for path in (tmp_path / "out" / "town-isochrones").iterdir()} == FILES


# ---- the page in a browser ----


def test_the_page_draws_areas_and_asks_nothing_of_the_network(browser: Browser, tmp_path: Path) -> None:  # noqa: F811
    quoted = HOSTILE.replace("\\", "\\\\").replace('"', '\\"').replace("\u2028", "")
    scenario = write_town(tmp_path, SCENARIO.replace("小镇方案", quoted))
    cell = '"' + HOSTILE.replace("\u2028", "").replace('"', '""') + '"'
    (tmp_path / "sites.csv").write_text(sites_csv().replace("老站", cell), encoding="utf-8")
    table, _ = drawn(scenario, "--minutes", "2,4", "--candidates")
    assert HOSTILE.replace("\u2028", "") in set(table["name"])
    page, watch = open_page(browser, tmp_path / "out" / "town-isochrones" / "map.html")
    assert page.locator("h1").text_content() == HOSTILE.replace("\u2028", "") + "：服务范围"
    assert len(page.evaluate(ON_MAP, "Polygon")) == 14
    layers = page.locator("#pm-layers")
    layers.get_by_label("服务范围：2 分钟").uncheck()
    assert len(page.evaluate(ON_MAP, "Polygon")) == 7
    assert page.locator(".pm-site").count() == 7
    page.locator(".pm-site").first.click()
    assert page.locator(".pm-popup h3").text_content() == HOSTILE.replace("\u2028", "")
    panel = str(page.locator("#pm-panel").text_content())
    assert all(part in panel for part in ("2 分钟", "4 分钟", "步行", "到网点", "60 米"))
    footer = str(page.locator("#pm-footer").text_content())
    assert all(part in footer for part in ("© OpenStreetMap contributors", "2026-06-30", "4 公里/小时", "500 米"))
    assert page.locator(".leaflet-control-attribution").text_content() == "© OpenStreetMap contributors"
    html = (tmp_path / "out" / "town-isochrones" / "map.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in html
    assert not re.search(r"<(link|img|iframe|script[^>]* src)|url\((?!#)|sourceMappingURL|@import|cdn\.", html)
    page.context.close()
    assert watch.troubles == []
    assert watch.outside == []
