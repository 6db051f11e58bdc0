"""The map page: what it holds (read back from its data block) and what Chromium makes of it without a network."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, Point, Polygon

from browser import CLICK_POINT, ON_MAP, Watch, launched, new_tab, open_page, turn_to
from mapcity import city, grid, make_roads
from planner.figures import money, percent
from planner.mapdata import MapData, MapLabels
from planner.maps import write_map

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

HOSTILE = (
    """<img src=x onerror=alert(1)>${alert(1)}`\\u{{ 7*7 }}{% raw %}{#"'&\u2028</script><script>alert(2)</script>"""
)
BUDGET_BYTES = 6_000_000


# ---- a small town, and a large one ----


def demand_table(names: list[str], places: list[Point | None], people: list[int]) -> gpd.GeoDataFrame:
    columns = {
        "demand_id": [f"d{number}" for number in range(len(names))],
        "name": names,
        "unit_id": [f"u{number}" for number in range(len(names))],
        "district": "东区",
        "town": "一镇",
        "people": np.array(people, dtype=np.int64),
    }
    return gpd.GeoDataFrame(columns, geometry=places, crs=4326)


def site_table(rows: list[tuple[str, str, str, str, int]], places: list[Point]) -> gpd.GeoDataFrame:
    frame = pd.DataFrame(rows, columns=["site_id", "name", "types", "state", "number"])
    frame["cost_once_yuan"] = pd.array([300_000] * len(rows), dtype="Int64")
    frame["cost_yearly_yuan"] = pd.array([pd.NA] * len(rows), dtype="Int64")
    frame["estimated"] = True
    frame["people"] = pd.array([pd.NA] * len(rows), dtype="Int64")
    frame["district"], frame["town"] = "东区", ""
    return gpd.GeoDataFrame(frame, geometry=places, crs=4326)


COVERAGE = ["demand_id", "standard", "state", "year", "covered", "site_id", "metres", "seconds", "reason"]


def town() -> dict[str, Any]:
    """Two standards, four points of which one has no place, five sites of all states."""
    points = [Point(120.001, 36.001), Point(120.004, 36.002), Point(120.006, 36.006), None]
    rows = [
        ("d0", "walk", "today", 2026, True, "s0", 799.001, 720.0, ""),
        ("d1", "walk", "today", 2026, False, "s0", 1000.0004, 900.0, "beyond"),
        ("d2", "walk", "today", 2026, False, "", np.nan, np.nan, "no_route"),
        ("d3", "walk", "today", 2026, False, "", np.nan, np.nan, "not_assessable"),
        ("d0", "walk", "plan", 2027, True, "s0", 799.001, 720.0, ""),
        ("d1", "walk", "plan", 2026, False, "s0", 1000.0004, 900.0, "beyond"),
        ("d1", "walk", "plan", 2027, True, "s2", 200.0, 180.0, ""),
        ("d2", "walk", "plan", 2027, False, "", np.nan, np.nan, "no_route"),
        ("d3", "walk", "plan", 2027, False, "", np.nan, np.nan, "not_assessable"),
        ("d2", "rural", "today", 2026, False, "", np.nan, np.nan, "demand_off_network"),
        ("d2", "rural", "plan", 2027, False, "", np.nan, np.nan, "demand_off_network"),
    ]
    sites = [
        ("s0", HOSTILE, "station;e_station", "today", 0),
        ("s1", "停办站", "station", "closed", 0),
        ("s2", "新站一", "gig_station", "planned", 1),
        ("s3", "新站二", "gig_station", "planned", 2),
        ("s4", "候选点", "gig_station", "candidate", 0),
    ]
    square = Polygon([(120, 36), (120.004, 36), (120.004, 36.004), (120, 36.004)])
    areas = {"standard": ["walk", "walk"], "state": ["today", "plan"], "site_id": ["s0", "s2"]}
    record = {
        "scenario": "town-2026",
        "data_date": "2026-06-30",
        "parameters": {"horizon_years": 5},
        "standards": [
            {"id": "walk", "people": 10_000, "covered_today": 1234, "covered_plan": 8996, "not_assessable": 77},
            {"id": "rural", "people": 0, "covered_today": 0, "covered_plan": 0, "not_assessable": 0},
        ],
        "goals": [
            {"id": "urban", "scope": "东区", "target": 0.9, "today": 0.1234, "plan": 0.8996, "met": False},
            {"id": "empty", "scope": "", "target": "0.5", "today": None, "plan": None, "met": True},
        ],
        "plan": {
            "status": "gap",
            "best_effort": True,
            "gap": 0.012301,
            "objective": 1_200_000,
            "cost_once_yuan": 600_000,
            "cost_yearly_yuan": 120_000,
            "estimated_yuan": 600_000,
            "opened": [{"site_id": "s2"}, {"site_id": "s3"}],
        },
    }
    labels = MapLabels(
        title=f"布局图 {HOSTILE}",
        language="zh",
        type_names={"station": "就业服务站", "gig_station": "零工驿站", "e_station": "就业e站"},
        standard_names={"walk": f"步行15分钟{HOSTILE}"},
        site_names={"s0": HOSTILE, "s2": "新站一"},
        notes=(f"口径：常住人口{HOSTILE}",),
        review_number="",
        maker="某局",
        document_note="内部工作用图",
    )
    return {
        "record": record,
        "roads": grid(8),
        "demand": demand_table([HOSTILE, "二社区", "三村", "四村"], points, [1000, 400, 20, 77]),
        "sites": site_table(sites, [Point(120.0005 + 0.0015 * number, 36.003) for number in range(5)]),
        "coverage": pd.DataFrame(rows, columns=COVERAGE),
        "areas": gpd.GeoDataFrame(areas, geometry=[square, square], crs=4326),
        "labels": labels,
        "marks": {("d0", "walk"): "met", ("d1", "walk"): "close", ("d2", "rural"): "unmet", ("d3", "walk"): "apart"},
    }


def read_data(path: Path) -> dict[str, Any]:
    text = path.read_text(encoding="utf-8").split('id="planner-data">')[1].split("</script>")[0]
    return dict(json.loads(text))


def unpack(packed: dict[str, list[int]]) -> list[Any]:
    places = np.cumsum(np.array(packed["d"]).reshape(-1, 2), axis=0) / 1e5
    return np.split(places, np.cumsum(packed["n"])[:-1])


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("map") / "map.html"
    write_map(path, MapData(**town()))
    return path


# ---- what the page holds ----


@pytest.mark.parametrize(
    ("covered", "people", "text"),
    [(8996, 10_000, "89.9%"), (9, 10, "90.0%"), (1, 3, "33.3%"), (10, 10, "100.0%"), (0, 0, "—"), (None, 5, "—")],
)
def test_shares_are_rounded_down(covered: int | None, people: int, text: str) -> None:
    assert percent(covered, people) == text


def test_two_writes_give_the_same_bytes(tmp_path: Path, page_file: Path) -> None:
    write_map(tmp_path / "again.html", MapData(**town()))
    assert (tmp_path / "again.html").read_bytes() == page_file.read_bytes()


def test_the_page_names_nothing_to_fetch(page_file: Path) -> None:
    html = page_file.read_text(encoding="utf-8")
    assert not re.search(r"<(link|img|iframe|script[^>]* src)|url\((?!#)|sourceMappingURL|@import|cdn\.", html)
    assert "default-src 'none'" in html
    assert "unsafe-inline" not in html
    assert '<html lang="zh-CN">' in html


def test_other_maps_of_folium_stay_as_they_were(tmp_path: Path) -> None:
    before = [*folium.Map.default_js], [*folium.Map.default_css], folium.Map._template
    write_map(tmp_path / "map.html", MapData(**town()))
    assert before[0]
    assert before == (folium.Map.default_js, folium.Map.default_css, folium.Map._template)


def test_names_never_stand_in_the_page_as_they_are(page_file: Path) -> None:
    html = page_file.read_text(encoding="utf-8")
    assert "<img" not in html
    assert "${alert" not in html
    assert "alert(2)</script>" not in html
    assert "49" not in html.split("<title>")[1].split("</title>")[0]
    assert read_data(page_file)["points"]["name"][0] == HOSTILE


def test_crossings_stay_and_straight_stretches_shrink(tmp_path: Path) -> None:
    # A street of ten nodes, bent by 3 m at one of them; another street meets it at node 4.
    lon = [120 + 0.001 * number for number in range(10)] + [120.004]
    lat = [36.0] * 7 + [36.00003] + [36.0] * 2 + [36.002]
    roads = make_roads([list(range(10)), [4, 10]], lon, lat, [1, 3])
    write_map(tmp_path / "map.html", MapData(**{**town(), "roads": roads}))
    drawn = read_data(tmp_path / "map.html")["roads"]
    assert [line.round(5).tolist() for line in unpack(drawn["medium"])] == [
        [[120.0, 36.0], [120.004, 36.0]],
        [[120.004, 36.0], [120.009, 36.0]],
    ]
    assert drawn["path"]["n"] == [2]
    assert drawn["major"]["n"] == []


def test_simplified_lines_keep_within_eight_metres(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    lon, lat = 120 + np.arange(300) * 0.0002, 60 + np.cumsum(rng.normal(0, 0.0001, 300))
    write_map(tmp_path / "map.html", MapData(**{**town(), "roads": make_roads([list(range(300))], lon, lat)}))
    (line,) = unpack(read_data(tmp_path / "map.html")["roads"]["minor"])
    plane = np.array([np.cos(np.deg2rad(60)), 1.0]) * 111_195
    true, drawn = LineString(np.column_stack([lon, lat]) * plane), LineString(line * plane)
    assert len(line) < 200
    assert true.hausdorff_distance(drawn) < 10


def test_points_without_a_place_are_not_drawn(page_file: Path) -> None:
    data = read_data(page_file)
    assert len(data["points"]["name"]) == 3
    assert [len(table["code"]) for table in data["coverage"]] == [3, 3, 3, 3]


def test_each_standard_and_state_has_its_verdicts(page_file: Path) -> None:
    tables = {(table["standard"], table["state"]): table for table in read_data(page_file)["coverage"]}
    assert tables[0, "today"]["code"] == "cbr"
    assert tables[0, "plan"]["code"] == "ccr"  # the last year's rows
    assert tables[1, "today"]["code"] == "--f"  # no row: the standard does not apply


def test_field_checks_and_what_awaits_one_are_marked(page_file: Path, tmp_path: Path) -> None:
    data = read_data(page_file)
    assert data["marks"] == ["mc-", "--u"]  # the fourth point has no place
    assert data["markWords"] == {"m": "mark.met", "u": "mark.unmet", "c": "mark.close"}
    write_map(tmp_path / "map.html", MapData(**(town() | {"marks": {}})))
    assert "marks" not in read_data(tmp_path / "map.html")


def test_what_lies_beyond_a_cutoff_never_reads_as_at_it(page_file: Path) -> None:
    table = read_data(page_file)["coverage"][0]
    assert table["metres"] == [800, 1000, -1]
    assert table["minutes"] == [120, 150, -1]
    world = town()
    world["coverage"]["metres"] = 5000.001
    write_map(page_file.with_name("far.html"), MapData(**world))
    assert read_data(page_file.with_name("far.html"))["coverage"][0]["metres"][0] == 5001


def test_an_unknown_reason_is_not_passed_over(tmp_path: Path) -> None:
    world = town()
    world["coverage"].loc[1, "reason"] = "weather"
    with pytest.raises(KeyError, match="weather"):
        write_map(tmp_path / "map.html", MapData(**world))


def test_an_audit_has_no_plan_layers(tmp_path: Path) -> None:
    world = town()
    world["coverage"] = world["coverage"].query("state == 'today'")
    world["sites"] = world["sites"].query("state in ('today', 'closed')")
    world["areas"] = world["areas"].iloc[:0]
    world["record"] = {**world["record"], "plan": {"status": "none"}}
    write_map(tmp_path / "map.html", MapData(**world))
    data = read_data(tmp_path / "map.html")
    assert data["states"] == ["today"]
    assert [group["state"] for group in data["sites"]["groups"]] == ["today", "closed"]
    assert data["areas"] == []


def without_plan() -> dict[str, Any]:
    """The town where the rules exclude each other: tables that only repeat today as a plan, and no plan's figures."""
    world = town()
    gone = {
        "status": "infeasible",
        "best_effort": True,
        "objective": None,
        "gap": None,
        "cost_once_yuan": 0,
        "opened": [],
    }
    plan = world["record"]["plan"] | gone | {"conflict_words": ["数量要求甲"]}
    world["record"] = {**world["record"], "plan": plan}
    world["sites"] = world["sites"].query("state != 'planned'")
    return world


def test_no_lawful_plan_is_no_state_of_the_map(tmp_path: Path) -> None:
    write_map(tmp_path / "map.html", MapData(**without_plan()))
    data = read_data(tmp_path / "map.html")
    assert data["states"] == ["today"]
    assert [area["state"] for area in data["areas"]] == ["today"]
    assert data["record"]["plan"] == {
        "status": "infeasible",
        "gap": "—",
        "opened": "",
        "conflict": ["数量要求甲"],
    }


def test_goals_that_ask_for_nothing_are_not_counted(tmp_path: Path) -> None:
    world = town()
    goals = [{**world["record"]["goals"][0], "target": target} for target in (0.0, 0, "0", 0.5)]
    world["record"] = {**world["record"], "goals": goals}
    write_map(tmp_path / "map.html", MapData(**world))
    assert [goal["target"] for goal in read_data(tmp_path / "map.html")["record"]["goals"]] == ["50.0%"]


def test_two_facilities_at_one_place_are_both_told(tmp_path: Path) -> None:
    world = town()
    types = world["sites"]["types"].mask(world["sites"]["site_id"] == "s2", "gig_station;e_station")
    world["sites"] = world["sites"].assign(types=types)
    opened = [{"site_id": site_id, "type": "", "type_name": ""} for site_id in ("s2", "s2", "s3")]
    world["record"] = {**world["record"], "plan": world["record"]["plan"] | {"opened": opened}}
    write_map(tmp_path / "map.html", MapData(**world))
    data = read_data(tmp_path / "map.html")
    assert data["record"]["plan"]["opened"] == "3 项（2 处）"
    names = {group["state"]: group["name"] for group in data["sites"]["groups"]}
    assert names["planned"] == "新增 · 零工驿站（1 处兼设就业e站）（按建设次序编号）"
    assert names["today"] == "现有 · 就业服务站（1 处兼设就业e站）"


def test_a_map_of_roads_alone(tmp_path: Path) -> None:
    world = town()
    for table in ("demand", "sites", "coverage", "areas"):
        world[table] = world[table].iloc[:0]
    write_map(tmp_path / "map.html", MapData(**world))
    (south, west), (north, east) = read_data(tmp_path / "map.html")["bounds"]
    assert (west < 120.001 < east, south < 36.001 < north) == (True, True)


@pytest.fixture(scope="module")
def city_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """100,800 road segments, 2,000 points, 300 sites, three standards, with all that the map can show of them."""
    path = tmp_path_factory.mktemp("city") / "map.html"
    write_map(path, city())
    return path


def test_a_city_keeps_within_the_budget(city_file: Path) -> None:
    size = city_file.stat().st_size
    print(f"map of 100,800 segments, 2,000 points, 300 sites: {size:,} bytes")  # noqa: T201  the figure is wanted
    assert size <= BUDGET_BYTES


# ---- what a browser makes of it ----


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def tab(browser: Browser) -> tuple[Page, Watch]:
    """Open the tab in which tests open their pages one after the other."""
    return new_tab(browser)


@pytest.fixture
def page(tab: tuple[Page, Watch], page_file: Path) -> Iterator[Page]:
    """Load the town's map afresh without a network; whatever a test does there, the page stays quiet."""
    page, watch = tab
    turn_to(page, page_file)
    yield page
    assert watch.troubles == []
    assert watch.outside == []
    assert page.locator("img").count() == 0


def test_the_map_draws_points_roads_and_sites(page: Page) -> None:
    assert sorted(page.evaluate(ON_MAP, "CircleMarker")) == ["#009e73", "#56b4e9", "#d55e00"]
    assert len(page.evaluate(ON_MAP, "Polyline")) == 4  # the four road classes, no service area yet
    assert page.locator(".pm-site").count() == 4
    assert page.locator(".pm-site text").all_text_contents() == ["1", "2"]
    assert page.evaluate(
        """() => [...document.querySelectorAll("canvas")].every((canvas) => canvas.width > 0)"""
        """ && document.querySelectorAll("canvas").length >= 2"""
    )


def test_the_first_view_holds_every_point(page: Page) -> None:
    assert page.evaluate(
        """() => {
            const map = window[document.querySelector(".folium-map").id];
            let held = map.getSize().y === map.getContainer().clientHeight;
            map.eachLayer((layer) => {
                if (layer instanceof L.CircleMarker || layer instanceof L.Marker) {
                    held = held && map.getBounds().contains(layer.getLatLng());
                }
            });
            return held;
        }"""
    )


def test_layers_switch_by_their_boxes(page: Page) -> None:
    layers = page.locator("#pm-layers")
    layers.get_by_label("未选用的候选点").check()
    assert page.locator(".pm-site").count() == 5
    layers.get_by_label("现有 · 就业服务站").uncheck()
    assert page.locator(".pm-site").count() == 4
    layers.get_by_label("服务范围：步行15分钟").first.check()
    assert len(page.evaluate(ON_MAP, "Polyline")) == 5
    layers.get_by_label("道路").uncheck()
    assert len(page.evaluate(ON_MAP, "Polyline")) == 1
    layers.get_by_label("rural · 现状").check()
    assert page.evaluate(ON_MAP, "CircleMarker") == ["#d55e00"]


def test_before_and_after(page: Page) -> None:
    page.get_by_role("button", name="现状").click()
    assert sorted(page.evaluate(ON_MAP, "CircleMarker")) == ["#56b4e9", "#d55e00", "#d55e00"]
    assert page.locator(".pm-site text").count() == 0
    assert page.get_by_label("步行15分钟").nth(0).is_checked()
    page.get_by_role("button", name="规划后").click()
    assert "#009e73" in page.evaluate(ON_MAP, "CircleMarker")
    assert page.locator(".pm-site text").count() == 2


def test_hostile_names_show_as_text(page: Page) -> None:
    shown = HOSTILE.replace("\u2028", "")
    assert "<script>alert(2)</script>" in shown
    assert page.title().startswith("布局图 <img src=x onerror=alert(1)>${alert(1)}`\\u{{ 7*7 }}")
    assert page.locator("h1").text_content() == f"布局图 {HOSTILE}"
    assert page.locator(".pm-rate strong").first.text_content() == f"步行15分钟{HOSTILE}"
    assert page.locator("#pm-layers label").first.text_content() == f" 步行15分钟{HOSTILE} · 现状"
    page.locator(".pm-site").first.click()
    assert page.locator(".pm-popup h3").text_content() == HOSTILE
    assert "就业服务站、就业e站" in str(page.locator(".pm-popup").text_content())
    page.keyboard.press("Escape")
    assert HOSTILE in str(page.locator("#pm-footer").text_content())


def test_a_point_tells_its_facts(page: Page) -> None:
    page.evaluate(CLICK_POINT, 0)
    card = page.locator(".pm-popup")
    assert card.locator("h3").text_content() == HOSTILE
    assert f"✓ 已覆盖{HOSTILE}，800 米，12.0 分钟" in str(card.text_content())
    page.evaluate(CLICK_POINT, 1)
    rows = page.locator(".pm-popup").filter(has_text="二社区").locator("tbody tr, tr").all_text_contents()
    assert any("✗ 未覆盖" in row and "1,000 米，15.0 分钟" in row and "新站一，200 米" in row for row in rows)
    assert sum("待现场核查：临界" in row for row in rows) == 1
    page.evaluate(CLICK_POINT, 2)
    text = str(page.locator(".pm-popup").filter(has_text="三村").text_content())
    assert "没有道路通到任何设施" in text
    assert "附近没有道路" in text
    assert "现场核查：不达标" in text


def test_a_real_click_and_hover_on_the_canvas(page: Page) -> None:
    x, y = page.evaluate(
        """() => {
            const map = window[document.querySelector(".folium-map").id];
            const box = map.getContainer().getBoundingClientRect();
            const at = map.latLngToContainerPoint([36.002, 120.004]);
            return [box.x + at.x, box.y + at.y];
        }"""
    )
    for shift in (30, 1, 0):  # Leaflet looks at the mouse 30 times a second at most
        page.mouse.move(x - shift, y)
        page.wait_for_timeout(60)
    assert page.locator(".leaflet-tooltip").text_content() == "二社区 · 400 人"
    page.mouse.click(x, y)
    assert page.locator(".pm-popup h3").text_content() == "二社区"


def test_the_legend_prints_the_record(page: Page) -> None:
    panel = str(page.locator("#pm-panel").text_content())
    figures = page.locator(".pm-rate").first.locator(".pm-figure").all_text_contents()
    assert figures == ["现状12.3%1,234 / 10,000 人", "规划后89.9%8,996 / 10,000 人"]
    assert page.locator(".pm-rate").nth(1).locator("b").all_text_contents() == ["—", "—"]
    assert "另有 77 人无法评定" in panel
    assert "目标：达到 1 / 2" in panel
    assert "urban 东区目标 90.0%，现状 12.3%，规划后 89.9%" in panel
    assert "可行，未证明最优（差距 1.24%）" in panel
    assert "一次性投入60万元" in panel
    assert "年运行费用12万元" in panel
    once, estimated, yearly = (panel.index(name) for name in ("一次性投入6", "一次性投入中的估算", "年运行费用"))
    assert once < estimated < yearly  # what is estimated is of the cost above it
    assert "2 处" in panel
    assert "硬性规则" in panel
    assert "深色圈：已现场核查" in panel
    assert "深色虚线圈：待现场核查" in panel


def test_money_reads_as_in_documents(page: Page) -> None:
    for yuan in (0, 1, 9999, 10_000, 120_050, 2_974_000, 123_456_789_012):
        assert page.evaluate(f"() => window.plannerPage.money({yuan}, false)") == money(yuan, "zh")


def test_the_sources_are_always_named(page: Page) -> None:
    attribution = page.locator(".leaflet-control-attribution")
    assert attribution.text_content() == "© OpenStreetMap contributors"
    assert attribution.is_visible()
    footer = str(page.locator("#pm-footer").text_content())
    assert all(
        part in footer for part in ("© OpenStreetMap contributors", "审图号：", "某局", "2026-06-30", "内部工作用图")
    )
    scale = page.locator(".leaflet-control-scale-line").all_text_contents()
    assert len(scale) == 1
    assert re.fullmatch(r"\d+ (米|公里)", scale[0])


def test_the_keyboard_meets_the_layers_before_the_map(page: Page) -> None:
    seen = []
    for _ in range(30):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("() => [document.activeElement.tagName, document.activeElement.className]"))
    inputs = [number for number, (tag, _) in enumerate(seen) if tag == "INPUT"]
    sites = [number for number, (_, name) in enumerate(seen) if "pm-site" in name]
    assert inputs
    assert sites
    assert max(inputs) < min(sites)
    assert page.locator("#pm-actions button").count() == 4
    page.locator(".pm-site").last.focus()
    page.keyboard.press("Enter")
    assert page.locator(".pm-popup").is_visible()


def test_the_boxes_fold(page: Page) -> None:
    page.get_by_role("button", name="图例").click()
    assert not page.locator("#pm-panel").is_visible()
    page.get_by_role("button", name="图例").click()
    assert page.locator("#pm-panel").is_visible()
    page.get_by_role("button", name="图层").click()
    assert not page.locator(".leaflet-control-layers").is_visible()


def test_the_page_cannot_ask_the_network(browser: Browser, page_file: Path) -> None:
    page, watch = open_page(browser, page_file)
    answer = page.evaluate(
        """() => Promise.race([
            new Promise((done) => {
                document.addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective));
            }),
            fetch("https://example.org/").then(() => "fetched", () => new Promise(() => {})),
        ])"""
    )
    page.evaluate("""() => { document.body.insertAdjacentHTML("beforeend", "<b onclick='alert(1)'>x</b>") }""")
    page.locator("b", has_text="x").last.click(force=True)
    page.context.close()
    assert answer == "connect-src"
    assert watch.outside == []
    assert not any("dialog" in trouble for trouble in watch.troubles)


def test_the_page_speaks_english(tab: tuple[Page, Watch], tmp_path: Path) -> None:
    world = town()
    world["labels"] = replace(world["labels"], language="en", review_number="GS(2026)1")
    write_map(tmp_path / "map.html", MapData(**world))
    page, watch = tab
    turn_to(page, tmp_path / "map.html")
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.get_by_role("button", name="Plan").get_attribute("aria-pressed") == "true"
    assert page.get_by_label("Candidates not chosen").count() == 1
    assert re.fullmatch(r"\d+ k?m", str(page.locator(".leaflet-control-scale-line").text_content()))
    assert "Map review no.: GS(2026)1" in str(page.locator("#pm-footer").text_content())
    assert watch.troubles == []


def test_a_page_without_a_lawful_plan_says_so(tab: tuple[Page, Watch], tmp_path: Path) -> None:
    write_map(tmp_path / "map.html", MapData(**without_plan()))
    page, watch = tab
    turn_to(page, tmp_path / "map.html")
    panel = str(page.locator("#pm-panel").text_content())
    assert "已证明不能同时满足全部要求" in panel
    assert "单独也做不到的要求：数量要求甲" in panel
    assert not re.search("规划后|新增设施|一次性投入|接近目标|undefined", panel)
    assert watch.troubles == []


def test_a_city_opens_and_redraws(tab: tuple[Page, Watch], city_file: Path) -> None:
    page, watch = tab
    turn_to(page, city_file)
    assert len(page.evaluate(ON_MAP, "CircleMarker")) == 2000
    page.get_by_role("button", name="现状").click()
    page.get_by_role("button", name="全图").click()
    page.mouse.move(800, 450)
    page.mouse.wheel(0, -300)
    page.wait_for_timeout(400)
    assert watch.troubles == []
    assert watch.outside == []
