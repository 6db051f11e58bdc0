"""Layers and cards of the map: what is packed for them, and what Chromium shows of it without a network."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, Point, box

from browser import CLICK_POINT, PAINTED, Watch, launched, new_tab, turn_to
from planner.mapcards import site_cards
from planner.mapdata import Land, MapData
from planner.maplayers import community_layer, district_layer, land_layer
from planner.maps import write_map
from planner.packing import area_layers, spacing
from planner.siteforms import runner_up
from test_maps import HOSTILE, read_data, town, unpack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

LONG = "很长的名称" * 60
MIXED = f"\u202eمكتب\u202c🏗️👷🏽{HOSTILE}"
SMALL = {"width": 1366, "height": 768}


def opened(**changes: Any) -> dict[str, Any]:
    """One new facility as run.json has it."""
    row: dict[str, Any] = {
        "site_id": "s2", "name": "新站一", "type": "gig_station", "type_name": "零工驿站", "year": 2027,
        "cost_once_yuan": 300_000, "cost_yearly_yuan": 60_000, "estimated_once": True, "estimated_yearly": False,
        "funding": "就业补助资金", "host": MIXED, "build_method": "改建", "people": 1400, "newly_covered": 400,
        "only_people": 380, "lost_people": 380, "goals_missed": ["urban:东区"], "why": ["不建此处，就达不到目标甲。"],
        "runner_up_site_id": "s4", "runner_up_name": LONG, "runner_up_type_name": "就业e站",
        "runner_up_cost_once_yuan": 80_000, "runner_up_cost_yearly_yuan": 6000, "runner_up_keeps_goals": False,
        "runner_up_more_yuan": -43_000, "runner_up_more_objective": 0, "runner_up_lost_people": 90, "in_time": True,
    }  # fmt: skip
    return row | changes


def community(unit: str, name: str, today: str, plan: str, **changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "unit_id": unit, "name": name, "district": "东区", "town": "一镇", "people": 400, "state_today": today,
        "state_plan": plan, "standard": "walk", "nearest_site_id": "s0", "nearest": "老站", "metres": 1000.0004,
        "straight_m": 899.5, "seconds": 900.0, "reason": "not_chosen", "measure": "另行安排",
    }  # fmt: skip
    return row | changes


FAR = {"nearest": "", "metres": None, "straight_m": None, "seconds": None, "reason": "no_route"}
NOWHERE = {**FAR, "standard": "walk", "reason": "unassessable"}
EAST, WEST = box(120.003, 35.99, 120.01, 36.01), box(119.99, 35.99, 120.003, 36.01)


def figures(standard: str) -> list[dict[str, Any]]:
    row = {"level": "district", "scope": "东区", "standard": standard, "variant": "", "group": "", "people": 1000}
    apart = [
        row | {"state": "plan", "covered": 1, "group": "graduates"},
        row | {"state": "plan", "covered": 2, "scope": ""},
    ]
    return [
        row | {"state": "today", "covered": 412},
        row | {"state": "plan", "covered": 8996, "people": 10_000},
        *apart,
    ]


def world() -> dict[str, Any]:
    """The town of the other tests with everything that its map can tell besides."""
    found = town()
    record = found["record"]
    hurts = {
        "standard": "walk", "state": "today", "site_id": "s0", "people_nearest": 1400, "people_losing": 1000,
        "losing_to_site_id": "s2", "losing_people_to": 900, "losing_more_m": 2153.087,
    }  # fmt: skip
    units = [
        community("u1", "二社区", "unmet", "met"),
        community("u2", MIXED, "unmet", "unmet", **FAR),
        community("u3", LONG, "unassessable", "unassessable", **NOWHERE),
    ]
    found["record"] = {
        **record,
        "plan": {
            **record["plan"],
            "opened": [opened(), opened(site_id="s3", name="新站二", runner_up_site_id="", why=[])],
            "hurts_most": [hurts, {**hurts, "state": "plan", "people_losing": 77}],
        },
        "sites": {"names_hurt": {"s2": "新站一"}},
        "effect": {"decides": ["walk"], "figures": figures("walk"), "communities": units},
    }
    names = found["sites"]["name"].mask(found["sites"]["site_id"] == "s3", LONG + MIXED)
    found["sites"] = found["sites"].assign(name=names)
    found["land"] = Land(
        water=np.array(
            [box(120.001, 36.004, 120.003, 36.006), LineString([(120, 36), (120.007, 36.0005)])], dtype=object
        ),
        boundaries=(("东区", EAST), ("西区", WEST)),
    )
    return found


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("layers") / "map.html"
    write_map(path, MapData(**world()))
    return path


# ---- what is packed ----


def record_of(rows: list[dict[str, Any]], *, best_effort: bool = False) -> dict[str, Any]:
    plan = {"opened": rows, "objective": 1, "best_effort": best_effort}
    return {"plan": plan, "parameters": {"horizon_years": 5}}


def lines_of(row: dict[str, Any], *, best_effort: bool = False) -> list[str]:
    labels = town()["labels"]
    (card,) = site_cards(record_of([row], best_effort=best_effort), ["s2"], ["planned"], labels)
    return [line for part in card for line in part["lines"]]


KEPT = {"runner_up_keeps_goals": True, "runner_up_lost_people": 0, "runner_up_more_yuan": 0}


@pytest.mark.parametrize("changes", [{}, KEPT, KEPT | {"runner_up_more_objective": -1}, {"runner_up_site_id": ""}])
@pytest.mark.parametrize("best_effort", [False, True])
def test_a_runner_up_is_told_as_on_the_page_of_the_site(changes: dict[str, Any], *, best_effort: bool) -> None:
    row = opened(**changes)
    told = lines_of(row, best_effort=best_effort)
    assert told[1:] == [runner_up(row, years=5, best_effort=best_effort, language="zh")]
    assert not (best_effort and "目标仍能达到" in told[1])  # the plan itself misses one


def test_two_types_at_one_site_are_told_apart_by_their_names() -> None:
    rows = [opened(), opened(type="e_station", type_name="就业e站", cost_once_yuan=0)]
    (card,) = site_cards(record_of(rows), ["s2"], ["planned"], town()["labels"])
    assert [part["title"] for part in card if part["facts"]] == ["零工驿站", "就业e站"]
    assert ["一次性投入", "0万元（估算）"] in card[3]["facts"]
    assert ["年运行费用", "6万元"] in card[0]["facts"]


def test_closing_speaks_of_today_alone() -> None:
    found = world()
    cards = site_cards(found["record"], ["s0", "s1", "s4"], ["today", "closed", "candidate"], found["labels"])
    assert [len(card) for card in cards] == [1, 0, 1]
    text = " ".join(cards[0][0]["lines"])
    assert "1,400 人以它为最近网点，其中 1,000 人失去覆盖" in text
    assert "900 人最近的是“新站一”，平均要多走 2,153 米" in text
    assert "77" not in text
    assert "新站一" in cards[2][0]["lines"][0]


def test_with_field_checks_those_who_lose_cover_are_not_said_to_be_of_those_whose_nearest_it_is() -> None:
    found = world()
    record = {**found["record"], "demand": {"checked": [{"standard": "walk"}]}}
    (card,) = site_cards(record, ["s0"], ["today"], found["labels"])
    assert "1,400 人以它为最近网点；计入实地核查，共 1,000 人失去覆盖" in card[0]["lines"][0]


def test_a_border_of_two_areas_is_drawn_once() -> None:
    packed = land_layer(world()["land"])["land"]
    drawn = sum(LineString(line).length for line in unpack(packed["borders"]))
    assert drawn == pytest.approx(EAST.length + WEST.length - 0.02)
    assert (len(packed["water"]["n"]), len(packed["rivers"]["n"])) == (1, 1)
    assert land_layer(Land()) == {}


def test_a_community_stands_at_its_largest_point() -> None:
    found = world()
    placed = found["demand"].iloc[:3].assign(unit_id=["u2", "u2", "u1"])
    told = community_layer(found["record"], placed, ["walk", "rural"], found["labels"])["communities"]
    assert told["name"][2] == LONG  # without a place: behind those that have one
    (places,) = unpack(told["place"])
    assert places.round(5).tolist() == [[120.006, 36.006], [120.001, 36.001]]
    assert told["units"] == [1, 1, 0]
    assert (told["metres"], told["straight"], told["minutes"]) == ([1000, -1, -1], [900, -1, -1], [150, -1, -1])
    assert told["reason"][1:] == ["路网不通", "位置不明，无法评定"]
    assert told["decides"] == [0]


def test_a_record_without_effects_has_no_such_layers(tmp_path: Path) -> None:
    write_map(tmp_path / "map.html", MapData(**town()))
    assert not {"communities", "districts", "land"} & set(read_data(tmp_path / "map.html"))


def test_shares_of_districts_are_those_of_the_record() -> None:
    found = world()
    packed = district_layer(found["record"], found["demand"].iloc[:3], ["walk", "rural"], ["today", "plan"])
    assert packed["districts"]["name"] == ["东区"]
    assert packed["districts"]["shares"] == {0: {"today": ["41.2%"], "plan": ["89.9%"]}}
    (place,) = unpack(packed["districts"]["place"])
    assert place.round(5).tolist() == [[120.001, 36.001]]  # most people live there


def test_service_areas_that_overlap_are_one() -> None:
    squares = [box(120, 36, 120.02, 36.02), box(120.01, 36.01, 120.03, 36.03), box(120.1, 36, 120.12, 36.02)]
    rows = {"standard": "walk", "state": ["today", "plan", "plan", "plan"]}
    areas = gpd.GeoDataFrame(rows, geometry=[squares[0], *squares], crs=4326)
    layers = area_layers(areas, ["walk", "rural"], ["today", "plan"])
    assert [(layer["standard"], layer["state"], len(layer["lines"]["n"])) for layer in layers] == [
        (0, "today", 1),
        (0, "plan", 2),
    ]
    drawn = shapely.polygons([shapely.linearrings(ring) for ring in unpack(layers[1]["lines"])])
    assert shapely.union_all(drawn).equals_exact(shapely.union_all(squares), 1e-4) or (
        shapely.union_all(drawn).symmetric_difference(shapely.union_all(squares)).area < 1e-9
    )


def test_spacing_is_what_points_usually_lie_apart() -> None:
    row = [Point(120 + 0.001 * number, 60) for number in range(5)]
    assert spacing(gpd.GeoSeries(row)) == 50  # cells of latitude: at 60 degrees a degree across is half as long
    assert spacing(gpd.GeoSeries([row[0]] * 3)) == 0
    assert spacing(gpd.GeoSeries([row[0]])) == 0


# ---- what a browser makes of it ----


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def first(browser: Browser) -> tuple[Page, Watch]:
    """Open the tab in which tests open their pages one after the other."""
    return new_tab(browser, viewport=SMALL)


@pytest.fixture
def page(first: tuple[Page, Watch], page_file: Path) -> Iterator[Page]:
    """Load the map afresh at 1366 x 768; it stays quiet, asks nothing, and nothing sticks out of it."""
    page, watch = first
    turn_to(page, page_file)
    yield page
    assert watch.troubles == []
    assert watch.outside == []
    assert page.locator("img").count() == 0
    wide, high = page.evaluate("() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    assert (wide, high) == (SMALL["width"], SMALL["height"])


def settles_inside(page: Page, selector: str) -> None:
    """Wait until an element lies on the stage as a whole; Leaflet pans the map for it."""
    page.wait_for_function(
        """selector => {
            const box = (one) => document.querySelector(one).getBoundingClientRect();
            const [a, b] = [box("#pm-stage"), box(selector)];
            return a.left <= b.left && b.right <= a.right && a.top <= b.top && b.bottom <= a.bottom;
        }""",
        arg=selector,
        timeout=2000,
    )


CLICK_COMMUNITY = """() => {
    const map = window[document.querySelector(".folium-map").id];
    map.eachLayer((layer) => {
        if (layer.community !== undefined) { layer.fire("click", {latlng: layer.getLatLng()}, true); }
    });
}"""
LOWEST = """() => {
    const found = [];
    for (let at = window.plannerPage.renderers.roads._drawFirst; at; at = at.next) {
        found.push(at.layer.options.fillColor || at.layer.options.color);
    }
    return found;
}"""


def test_water_and_boundaries_lie_under_the_roads(page: Page) -> None:
    drawn = page.evaluate(LOWEST)
    assert len(drawn) == 8  # water, rivers, boundaries with their band, four classes of roads
    box_ = page.locator("#pm-layers").get_by_label("水域与界线")
    box_.uncheck()
    assert page.evaluate(LOWEST) == drawn[4:]
    box_.check()
    assert page.evaluate(LOWEST) == drawn
    assert drawn[0] == "#cfe2ee"
    legend = page.locator("#pm-panel").text_content() or ""
    assert "水域" in legend
    assert "行政区界线" in legend


def test_layers_that_would_clutter_are_off_at_first(page: Page) -> None:
    off = ["分区市覆盖率", "规划后仍未达标的社区：", "无法评定的社区"]
    names = page.locator("#pm-layers label").all_text_contents()
    assert [sum(text in name for name in names) for text in off] == [1, 1, 0]  # no place, no layer
    assert not any(page.locator("#pm-layers").get_by_label(text).is_checked() for text in off[:2])


def test_communities_left_out_are_diamonds_with_a_card(page: Page) -> None:
    page.locator("#pm-layers").get_by_label("规划后仍未达标的社区").check()
    page.evaluate(CLICK_COMMUNITY)
    card = page.locator(".pm-popup")
    shown = MIXED.replace("\u202e", "").replace("\u202c", "")
    assert card.locator("h3").text_content() == shown
    text = card.text_content() or ""
    assert "未达标 → 未达标" in text
    assert card.locator("tr").count() == 3  # a row for each standard, below their heads
    assert "rural现场核查：不达标✗ 未覆盖附近没有道路✗ 未覆盖附近没有道路" in text
    assert "路网不通" in text
    settles_inside(page, ".leaflet-popup")
    panel = page.locator("#pm-panel")
    assert "无位置、不能标在图上的社区：1 个" in (panel.text_content() or "")
    panel.locator("summary", has_text="无位置").click()
    assert LONG in (panel.text_content() or "")
    assert panel.evaluate("(box) => box.scrollWidth <= box.clientWidth")


def test_a_point_tells_the_verdict_on_its_community(page: Page) -> None:
    page.evaluate(CLICK_POINT, 1)
    assert "社区判定未达标 → 达标" in (page.locator(".pm-popup").text_content() or "")
    page.evaluate(CLICK_POINT, 0)  # falls short nowhere
    assert "社区判定达标" in (page.locator(".pm-popup").last.text_content() or "")


def test_a_planned_site_tells_its_case(page: Page) -> None:
    page.locator(".pm-site", has_text="1").click()
    card = page.locator(".pm-popup")
    text = card.text_content() or ""
    for part in (
        "依托场所", "一次性投入30万元（估算）", "年运行费用6万元", "资金渠道就业补助资金", "建设年度2027",
        "可达人口1,400 人", "新增覆盖人口400 人", "独有覆盖人口380 人", "为什么选这里不建此处，就达不到目标甲。",
        f"落选备选点备选为“{LONG}”（就业e站）", "总费用少4.3万元",
    ):  # fmt: skip
        assert part in text
    assert "<script>alert(2)</script>" in text
    settles_inside(page, ".leaflet-popup")


def test_a_name_without_end_stays_within_its_card(page: Page) -> None:
    page.locator(".pm-site", has_text="2").click()
    card = page.locator(".pm-popup")
    assert (card.locator("h3").text_content() or "").startswith(LONG)
    settles_inside(page, ".leaflet-popup")
    assert card.evaluate("(card) => card.scrollWidth <= card.clientWidth")
    assert "没有备选" in (card.text_content() or "")


def test_todays_sites_and_candidates_tell_theirs(page: Page) -> None:
    page.locator(".pm-site").first.click()
    assert "如果关停" in (page.locator(".pm-popup").text_content() or "")
    page.keyboard.press("Escape")
    page.locator("#pm-layers").get_by_label("未选用的候选点").check()
    page.locator(".pm-site").last.click()
    assert "它是这些所选点的备选：新站一。" in (page.locator(".pm-popup").last.text_content() or "")


def test_districts_follow_the_standard_and_the_state_shown(page: Page) -> None:
    page.locator("#pm-layers").get_by_label("分区市覆盖率").check()
    label = page.locator(".pm-district")
    assert label.text_content() == "东区41.2% → 89.9%"
    page.get_by_role("button", name="现状").click()
    assert label.text_content() == "东区41.2%"
    page.locator("#pm-layers").get_by_label("rural · 现状").check()
    assert label.text_content() == "东区"  # the record has no share under it


def test_cards_of_many_points_and_of_two_sites_at_one_place(first: tuple[Page, Watch], tmp_path: Path) -> None:
    found = world()
    found["demand"] = found["demand"].assign(unit_id="u2")
    geometry = found["sites"].geometry.where(found["sites"]["site_id"] != "s2", found["sites"].geometry.iloc[0])
    found["sites"] = found["sites"].set_geometry(geometry)
    write_map(tmp_path / "map.html", MapData(**found))
    page, watch = first
    turn_to(page, tmp_path / "map.html")
    page.locator("#pm-layers").get_by_label("规划后仍未达标的社区").check()
    page.evaluate(CLICK_COMMUNITY)
    assert "1 / 3 个居民点已覆盖2 / 3 个居民点已覆盖" in (page.locator(".pm-popup").text_content() or "")
    page.evaluate("() => { window.plannerPage.map().closePopup().stop(); }")  # the first card moved the map to fit in
    page.locator(".pm-popup").wait_for(state="detached")  # as it fades it would take the next click
    page.evaluate(PAINTED)
    page.locator(".pm-site", has_text="1").click()  # it lies over the outlet of today
    text = page.locator(".pm-popup").last.text_content() or ""
    assert "落选备选点" in text
    assert text.index("此处现有网点") < text.index("就业服务站、就业e站") < text.index("如果关停")
    assert watch.troubles == []


def test_a_long_name_of_a_district_keeps_its_label_small(first: tuple[Page, Watch], tmp_path: Path) -> None:
    found = world()
    effect = found["record"]["effect"]
    renamed = [row | {"scope": LONG if row["scope"] else ""} for row in effect["figures"]]
    found["record"] = {**found["record"], "effect": {**effect, "figures": renamed}}
    found["demand"] = found["demand"].assign(district=LONG)
    found["labels"] = replace(found["labels"], language="en")
    write_map(tmp_path / "map.html", MapData(**found))
    page, watch = first
    turn_to(page, tmp_path / "map.html")
    page.locator("#pm-layers").get_by_label("Districts and their shares").check()
    size = page.locator(".pm-district").bounding_box()
    assert size is not None
    assert size["width"] <= 150
    assert size["height"] <= 60
    page.locator(".pm-site", has_text="1").click()
    text = page.locator(".pm-popup").text_content() or ""
    assert "In its place the plan costs 43,000 yuan less over 5 years" in text
    assert watch.troubles == []


def test_symbols_shrink_where_sites_stand_close(page: Page) -> None:
    scale = "() => Number(document.querySelector('.folium-map').style.getPropertyValue('--pm-site'))"
    assert page.evaluate(scale) == 1
    page.evaluate("() => { window.plannerPage.map().setZoom(11, {animate: false}); }")
    assert page.evaluate(scale) == 0.5
