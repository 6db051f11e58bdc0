"""The shell of the map pages: search, keys, paper, small windows, hostile names, base maps from the internet."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from browser import PAINTED, launched, open_page
from newer import examples, newer_than_oldest
from planner import page as pages
from planner.mapdata import MapData
from planner.maps import write_map
from planner.onlinebase import online_bases
from planner.scenario import load
from planner.schema import MapSection
from test_maps import HOSTILE, read_data, town
from town import SCENARIO, write_town

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Route

    from browser import Watch

KEY = "0123456789abcdef0123456789ABCDEF"
ASSETS = Path(pages.__file__).parent / "assets"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
LONG = "\u202eمركز\u200f😀" + "很长的名字" * 60 + "🧑‍🤝‍🧑"
VIEW = """() => {
    const map = window[document.querySelector(".folium-map").id], center = map.getCenter();
    return {lat: center.lat, lng: center.lng, zoom: map.getZoom()};
}"""


def write(path: Path, **changes: Any) -> Path:
    write_map(path, MapData(**{**town(), **changes}))
    return path


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("map") / "map.html")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def opened(browser: Browser, page_file: Path) -> tuple[Page, Watch]:
    return open_page(browser, page_file, viewport={"width": 1366, "height": 768})


@pytest.fixture
def page(opened: tuple[Page, Watch]) -> Iterator[Page]:
    """Load the town's map afresh, in the window of an office PC; whatever a test does there, the page stays quiet."""
    page, watch = opened
    page.reload()
    page.evaluate(PAINTED)
    yield page
    assert watch.troubles == []
    assert watch.outside == []


@pytest.fixture(scope="module")
def steady(browser: Browser, page_file: Path) -> Iterator[Page]:
    """Load the town's map once, for tests that change nothing but what is searched for."""
    page, watch = open_page(browser, page_file, viewport={"width": 1366, "height": 768})
    yield page
    page.context.close()
    assert watch.troubles == []
    assert watch.outside == []


# ---- what an old browser knows ----


@pytest.mark.parametrize("kind", ["css", "js"])
def test_nothing_is_newer_than_the_browsers_of_office_pcs(page_file: Path, kind: str) -> None:
    texts = {file.name: file.read_text(encoding="utf-8") for file in ASSETS.rglob(f"*.{kind}")}
    tag = {"css": "style", "js": "script"}[kind]
    html = page_file.read_text(encoding="utf-8")
    blocks = re.findall(rf"<{tag}(?! type)[^>]*>(.*?)</{tag}>", html, re.DOTALL)
    texts |= {f"block {number}": block for number, block in enumerate(blocks)}
    assert len(texts) > 8
    assert {name: newer_than_oldest(kind, text) for name, text in texts.items()} == {name: [] for name in texts}


@pytest.mark.parametrize(("kind", "text"), examples())
def test_what_is_newer_is_seen(kind: str, text: str) -> None:
    assert newer_than_oldest(kind, text)


# ---- base maps from the internet ----


def policy(path: Path) -> str:
    found = re.search(r'Content-Security-Policy" content="([^"]*)"', path.read_text(encoding="utf-8"))
    assert found
    return found[1]


def online_page(path: Path, *names: Any) -> Path:
    bases = online_bases(MapSection(online=names, tianditu_key=KEY), "zh")
    return write(path, labels=replace(town()["labels"], online=bases))


def test_a_page_without_online_bases_knows_of_none(page_file: Path) -> None:
    html = page_file.read_text(encoding="utf-8")
    assert "img-src data:;" in policy(page_file)
    assert "online" not in read_data(page_file)
    assert not re.search("tile.openstreetmap|tianditu|在线底图|plannerMap, \\{ online", html)


def test_a_page_may_ask_the_hosts_of_its_bases_for_pictures_alone(tmp_path: Path) -> None:
    found = policy(online_page(tmp_path / "map.html", "osm", "osm"))
    assert "img-src data: https://tile.openstreetmap.org;" in found
    assert found.startswith("default-src 'none'")
    hosts = " ".join(f"https://t{number}.tianditu.gov.cn" for number in range(8))
    assert f"img-src data: {hosts};" in policy(online_page(tmp_path / "map.html", "tianditu"))


def test_nothing_is_asked_before_a_base_is_ticked(browser: Browser, tmp_path: Path) -> None:
    path = online_page(tmp_path / "map.html", "osm", "tianditu")
    asked: list[str] = []
    broken: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        if broken:
            route.abort()
        else:
            route.fulfill(body=PIXEL, content_type="image/png")

    page, watch = open_page(browser, path, offline=False)
    page.context.route(re.compile("^https?:"), answer)
    layers, attribution = page.locator("#pm-layers"), page.locator(".leaflet-control-attribution")
    assert "要用互联网" in str(layers.text_content())
    assert (asked, watch.outside) == ([], [])
    for name, host in (("OpenStreetMap", "https://tile.openstreetmap.org/"), ("天地图", ".tianditu.gov.cn/")):
        asked.clear()
        layers.get_by_label(f"在线底图：{name}").check()
        page.wait_for_selector(".leaflet-tile-loaded")
        page.evaluate(PAINTED)
        assert asked
        assert all(url.startswith("https://") and host in url for url in asked)
        assert f"在线底图{'：' if name == '天地图' else ' © '}{name}" in str(attribution.text_content())
        layers.get_by_label(f"在线底图：{name}").uncheck()
        assert "在线底图" not in str(attribution.text_content())
    assert {re.findall("LAYER=([a-z]+)", url)[0] for url in asked} == {"vec", "cva"}
    assert all(url.endswith(f"&tk={KEY}") for url in asked)
    assert watch.troubles == []
    broken.append("yes")
    page.evaluate(VIEW.replace("return", "map.setZoom(17, {animate: false}); return"))
    layers.get_by_label("在线底图：OpenStreetMap").check()
    layers.get_by_text("在线底图没有取到").wait_for()
    page.context.close()


@pytest.mark.parametrize(
    ("section", "fault"),
    [
        ('online = ["osm"]', None),
        (f'online = ["osm", "tianditu"]\ntianditu_key = "{KEY}"', None),
        ('online = ["tianditu"]', "tianditu_key"),
        (f'online = ["tianditu"]\ntianditu_key = "{KEY[1:]}"', "tianditu_key"),
        (f'online = ["osm"]\ntianditu_key = "{KEY[1:]}g"', "tianditu_key"),
        ('online = ["google"]', "value_choice"),
        ("layers = []", "foreign_key"),
    ],
)
def test_the_section_of_a_scenario(tmp_path: Path, section: str, fault: str | None) -> None:
    path = write_town(tmp_path, SCENARIO + f"\n[map]\n{section}\n")
    assert [one.code for one in load(path).faults] == ([fault] if fault else [])


# ---- search ----


def search(page: Page, text: str) -> list[str]:
    page.locator("#pm-search input").fill(text)
    return [str(text) for text in page.locator("#pm-hits .pm-hit").all_text_contents()]


def card(page: Page) -> str:
    return str(page.locator(".pm-popup").last.text_content())  # one that was open before fades


def test_names_are_found_and_told_with_kind_and_place(steady: Page) -> None:
    page = steady
    assert search(page, "新站") == ["新站一", "新站二"]
    assert page.locator("#pm-hits .pm-small").first.text_content() == "零工驿站 · 规划新增 · 东区"
    assert page.get_by_role("combobox").get_attribute("aria-expanded") == "true"
    assert page.get_by_role("status").filter(has_text="共 2 处").is_visible()
    assert search(page, "二社区") == ["二社区"]
    assert page.locator("#pm-hits .pm-small").first.text_content() == "居民点 · 400 人 · 东区 一镇"
    assert search(page, "没有这个") == []
    assert page.get_by_role("status").filter(has_text="没有找到").is_visible()
    assert search(page, "  ") == []
    assert not page.locator(".pm-drop").is_visible()


def test_names_are_found_in_any_width_and_case(steady: Page) -> None:
    assert search(steady, "＜ＩＭＧ ＳＲＣ＝Ｘ") == [HOSTILE, HOSTILE]
    assert search(steady, "一镇 二") == ["二社区"]  # a word of the place, a word of the name
    assert search(steady, "一镇") == [HOSTILE, "二社区", "三村"]


def test_whole_names_come_first_eight_are_listed_and_what_no_layer_shows_gets_a_pin(
    browser: Browser, tmp_path: Path
) -> None:
    world = town()
    world["sites"]["name"] = [f"站{number}" for number in range(5)]
    names = ["车站", "站", "站口", "站前", "站南", "站北", "东站", "站"]
    world["demand"] = world["demand"].loc[[1] * 8].assign(demand_id=[f"e{n}" for n in range(8)], name=names)
    page, watch = open_page(browser, write(tmp_path / "map.html", **world))
    assert search(page, "站") == [
        "站",
        "站0",
        "站2",
        "站3",
        "站4",
        "站1",
        "站口",
        "站前",
    ]  # equal names and places: once
    assert page.get_by_role("status").filter(has_text="共 12 处，列出前 8 处").is_visible()
    page.keyboard.press("Enter")
    assert page.locator(".pm-pin").count() == 1  # no standard says a word of these points
    assert "400 人" in card(page)
    search(page, "站0")
    page.keyboard.press("Enter")
    assert page.locator(".pm-pin").count() == 0
    page.context.close()
    assert watch.troubles == []


def test_the_keyboard_picks_a_hit(page: Page) -> None:
    before = page.evaluate(VIEW)
    search(page, "新站")
    for key, active in (("ArrowDown", 0), ("ArrowDown", 1), ("ArrowDown", 0), ("ArrowUp", 1)):
        page.keyboard.press(key)
        assert page.get_by_role("combobox").get_attribute("aria-activedescendant") == f"pm-hit-{active}"
        assert page.locator("[aria-selected=true]").count() == 1
    page.evaluate(
        """() => document.querySelector("#pm-search input").dispatchEvent(
            new KeyboardEvent("keydown", {key: "Enter", isComposing: true, bubbles: true}))"""
    )
    assert page.locator(".pm-popup").count() == 0  # the Enter of an input method
    page.keyboard.press("Enter")
    assert "新站二" in card(page)
    after = page.evaluate(VIEW)
    assert after["zoom"] >= max(15, before["zoom"])
    assert not page.locator(".pm-drop").is_visible()
    page.keyboard.press("Escape")  # the map has the focus
    page.wait_for_selector(".pm-popup", state="detached")


def test_escape_closes_the_list_and_then_empties_the_box(page: Page) -> None:
    search(page, "新站")
    page.keyboard.press("Escape")
    assert not page.locator(".pm-drop").is_visible()
    assert page.get_by_role("combobox").input_value() == "新站"
    page.keyboard.press("ArrowDown")
    assert page.locator("#pm-hits li").count() == 2
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    assert page.get_by_role("combobox").input_value() == ""


def test_a_hit_turns_on_the_layer_that_shows_it(page: Page) -> None:
    layers = page.locator("#pm-layers")
    assert not layers.get_by_label("未选用的候选点").is_checked()
    search(page, "候选点")
    page.locator("#pm-hits li").click()
    assert "候选点，未选用" in card(page)
    assert layers.get_by_label("未选用的候选点").is_checked()
    layers.get_by_label("rural · 规划后").check()
    search(page, "二社区")
    page.keyboard.press("Enter")
    assert "二社区" in card(page)
    assert layers.get_by_label("· 规划后").first.is_checked()
    search(page, "三村")
    page.keyboard.press("Enter")
    assert "三村" in card(page)


# ---- keys, focus, symbols ----

FOCUSED = """() => {
    const one = document.activeElement, style = getComputedStyle(one);
    const name = one.getAttribute("aria-label") || one.title || one.textContent.trim()
        || [...(one.labels || [])].map((label) => label.textContent).join("");
    return {tag: one.tagName, id: one.id, name, ring: style.outlineStyle !== "none" && style.outlineWidth !== "0px"};
}"""


def test_all_that_takes_the_focus_has_a_name_and_a_ring(page: Page) -> None:
    seen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(FOCUSED))
        if seen[-1]["tag"] == "BODY":
            break
    found = [one for one in seen if one["tag"] != "BODY"]
    assert found[0]["name"] == "跳到地图"
    assert {"INPUT", "BUTTON", "DIV", "A", "SUMMARY"} <= {one["tag"] for one in found}
    assert [one for one in found if not (one["name"] and one["ring"])] == []


def test_the_link_before_all_leads_to_the_map(page: Page) -> None:
    page.keyboard.press("Tab")
    link = page.locator(".pm-skip").bounding_box()
    assert link is not None
    assert link["y"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.classList.contains('folium-map')")


def test_keys_move_and_zoom_the_map(page: Page) -> None:
    page.locator(".folium-map").focus()
    at_once = "map.panBy = (by) => L.Map.prototype.panBy.call(map, by, {animate: false}); map.options.zoomAnimation ="
    page.evaluate(VIEW.replace("return", f"{at_once} map._zoomAnimated = false; return"))
    for key, part, way in (
        ("ArrowRight", "lng", 1),
        ("ArrowUp", "lat", 1),
        ("Equal", "zoom", 1),
        ("Minus", "zoom", -1),
    ):
        before = page.evaluate(VIEW)[part]
        page.keyboard.press(key)
        assert (page.evaluate(VIEW)[part] - before) * way > 0


def test_every_button_answers_to_the_keyboard(page: Page) -> None:
    def press(name: str, key: str = "Enter") -> None:
        page.get_by_role("button", name=name, exact=True).focus()
        page.keyboard.press(key)

    press("现状")
    assert page.get_by_role("button", name="现状").get_attribute("aria-pressed") == "true"
    press("规划后", "Space")
    assert page.get_by_role("button", name="规划后").get_attribute("aria-pressed") == "true"
    press("图例")
    assert not page.locator("#pm-panel").is_visible()
    whole = page.evaluate(VIEW)["zoom"]
    page.evaluate(VIEW.replace("return", "map.setZoom(12, {animate: false}); return"))
    press("全图")
    page.wait_for_function(f"() => ({VIEW})().zoom > 14")
    assert page.evaluate(VIEW)["zoom"] >= whole
    press("图层")
    assert not page.locator(".leaflet-control-layers").is_visible()
    press("图层")
    page.get_by_label("道路").focus()
    page.keyboard.press("Space")
    assert not page.get_by_label("道路").is_checked()


def test_north_and_scale_stand_on_the_map(steady: Page) -> None:
    assert steady.get_by_role("img", name="图的上方为北").is_visible()
    assert steady.locator(".leaflet-control-scale-line").is_visible()


def test_a_marker_at_the_edge_takes_a_click(page: Page) -> None:
    """Focus would scroll it into view, and Leaflet scrolls the map back under the finger."""
    x, y = page.evaluate(
        """() => {
            const map = window[document.querySelector(".folium-map").id];
            map.eachLayer((layer) => {
                if (layer.row === 3 && layer instanceof L.Marker) {
                    map.setView(layer.getLatLng(), 16, {animate: false});
                    map.panBy([0, -map.getSize().y / 2 - 4], {animate: false});
                }
            });
            const box = map.getContainer().getBoundingClientRect();
            return [box.x + box.width / 2, box.bottom - 3];
        }"""
    )
    page.mouse.click(x, y)
    assert "新站二" in card(page)
    assert page.evaluate("() => document.querySelector('.folium-map').scrollTop") == 0


# ---- windows ----

BOXES = """() => [
    "#pm-search", "#pm-layers", ".leaflet-control-zoom", ".leaflet-control-scale", ".leaflet-control-attribution"
].map((name) => document.querySelector(name).getBoundingClientRect())
    .map((box) => [box.x, box.y, box.right, box.bottom])"""
WIDE = """() => [
    ...document.querySelectorAll("body, .pm-header, .pm-panel, #pm-layers, .pm-footer, .pm-stage, .pm-drop")
].filter((box) => box.scrollWidth > box.clientWidth + 1).map((box) => box.className || box.id || box.tagName)"""


def test_nothing_lies_over_another_in_an_office_window(steady: Page) -> None:
    page = steady
    boxes = page.evaluate(BOXES)
    for i, (left, top, right, bottom) in enumerate(boxes):
        assert 0 <= left < right <= 1366
        assert 0 <= top < bottom <= 768
        for other in boxes[:i]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
    assert page.evaluate(WIDE) == []
    stage = page.locator(".folium-map").bounding_box()
    assert stage is not None
    assert stage["height"] > 500
    assert stage["width"] > 1000
    assert imprint_is_seen(page, 768)


def imprint_is_seen(page: Page, high: int) -> bool:
    """Tell whether the imprint (base map, review number, maker, date) is on the screen, cut off nowhere."""
    imprint = page.locator(".pm-imprint")
    box = imprint.bounding_box()
    whole = bool(imprint.evaluate("(one) => one.scrollHeight <= one.clientHeight + 1"))
    return whole and box is not None and box["height"] > 10 and box["y"] + box["height"] <= high


def test_the_imprint_stays_in_sight_under_many_notes_which_scroll(browser: Browser, tmp_path: Path) -> None:
    labels = replace(town()["labels"], notes=tuple(f"口径{number}" for number in range(30)), maker="")
    page, watch = open_page(browser, write(tmp_path / "map.html", labels=labels))
    for size in ((1920, 1080), (1366, 768), (390, 844)):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        assert imprint_is_seen(page, size[1])
        assert page.locator(".pm-blank").count() == 2  # review number and maker, to be filled in
    notes = page.get_by_role("region", name="口径与来源")
    notes.focus()
    page.keyboard.press("End")
    page.wait_for_function("() => document.querySelector('.pm-notes').scrollTop > 100")
    page.context.close()
    assert watch.troubles == []


def test_a_phone_shows_the_map_first_and_answers_to_fingers(browser: Browser, page_file: Path) -> None:
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    page, watch = open_page(browser, page_file, **phone)
    stage = page.locator(".folium-map").bounding_box()
    assert stage is not None
    assert (stage["width"], stage["height"] > 480) == (390, True)
    assert not page.locator("#pm-panel").is_visible()
    assert not page.locator(".leaflet-control-layers").is_visible()
    assert page.evaluate(WIDE) == []
    page.locator(".pm-site").nth(2).tap()
    box = page.locator(".leaflet-popup-content-wrapper").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    page.get_by_role("button", name="图例").tap()
    assert page.locator("#pm-panel").is_visible()
    page.get_by_role("button", name="图例").tap()
    page.get_by_role("button", name="图层").tap()
    page.get_by_label("道路").tap()
    assert not page.get_by_label("道路").is_checked()
    page.get_by_role("button", name="图层").tap()
    search(page, "新站一")
    page.locator("#pm-hits li").tap()
    assert "新站一" in card(page)
    page.context.close()
    assert watch.troubles == []


# ---- paper ----

SHEET = """() => {
    const map = window[document.querySelector(".folium-map").id], box = map.getContainer().getBoundingClientRect();
    const panel = document.getElementById("pm-panel"), body = document.body.getBoundingClientRect();
    const foot = document.querySelector(".pm-imprint").getBoundingClientRect();
    const canvas = document.querySelector("canvas");
    const seen = (name) => getComputedStyle(document.querySelector(name)).display !== "none";
    let held = true;
    map.eachLayer((layer) => {
        if (layer instanceof L.Marker) { held = held && map.getBounds().contains(layer.getLatLng()); }
    });
    return {
        held, map: [box.width / body.width, box.height / body.height], width: body.width,
        legend: panel.scrollHeight - panel.clientHeight, foot: foot.bottom - body.bottom,
        sharp: canvas.width / parseFloat(canvas.style.width),
        parts: ["h1", "#pm-panel", ".pm-imprint", ".pm-north", ".leaflet-control-scale"].map(seen),
        canvases: [...document.querySelectorAll("canvas")].map((one) => one.style.display === "none"),
        tools: [".pm-tools", "#pm-search", "#pm-layers", ".leaflet-control-zoom"].map(seen),
    };
}"""


INK = """() => {
    const canvas = document.querySelector("canvas");
    const strip = canvas.getContext("2d").getImageData(0, canvas.height / 2, canvas.width, 100).data;
    return strip.some((value) => value > 0);
}"""


def sheets(pdf: bytes) -> list[tuple[int, int]]:
    """Width and height of each page, in whole millimetres."""
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    return [(round(float(width) / 72 * 25.4), round(float(height) / 72 * 25.4)) for width, height in boxes]


def assert_sheet(found: dict[str, Any]) -> None:
    assert found["held"]
    assert found["map"][0] > 0.7
    assert found["map"][1] > 0.65
    assert found["legend"] <= 1
    assert found["foot"] <= 1
    assert found["sharp"] == pytest.approx(2, abs=0.02)
    assert (all(found["parts"]), any(found["tools"])) == (True, False)
    hidden, shown = found["canvases"][::2], found["canvases"][1::2]
    assert (all(hidden), any(shown)) == (True, False)  # a new canvas stands in for each: it prints without a white box


def test_a_button_lays_out_a_sheet_of_its_size(page: Page) -> None:
    page.evaluate("() => { window.print = () => { window.asked = true; }; }")
    before = page.evaluate(VIEW)
    for paper, across_mm in (("A4", 281), ("A3", 400)):
        page.get_by_role("button", name=f"打印 {paper}").click()
        page.wait_for_function("() => window.asked")
        found = page.evaluate(SHEET)
        assert_sheet(found)
        assert found["width"] / 96 * 25.4 == pytest.approx(across_mm, abs=1)
        on = page.evaluate("() => [...document.querySelectorAll('style[media=print]')].map((one) => one.textContent)")
        assert [f"size: {paper} landscape" in style for style in on] == [True]  # that the size is kept: the next test
        page.evaluate("() => { window.asked = false; window.dispatchEvent(new Event('afterprint')); }")
        assert page.evaluate(VIEW) == pytest.approx(before, abs=2e-4)
        assert page.locator("#pm-print").is_visible()


def test_the_browsers_own_print_gives_one_sheet(page: Page) -> None:
    page.get_by_role("button", name="图例").click()  # folded, and yet on the sheet
    look = f"window.sheet = ({SHEET})(); window.ink = ({INK})();"
    page.evaluate(f"() => {{ window.addEventListener('beforeprint', () => {{ {look} }}); }}")
    assert sheets(page.pdf(prefer_css_page_size=True)) == [(297, 210)]
    assert_sheet(page.evaluate("() => window.sheet"))
    assert page.evaluate("() => window.ink")  # drawn before the browser asks for it, not a frame later
    assert not page.locator("#pm-panel").is_visible()
    assert page.evaluate("() => [...document.querySelectorAll('canvas')].every((one) => one.style.display === '')")


def test_a_sheet_keeps_the_part_that_is_looked_at(page: Page) -> None:
    inner = page.evaluate(
        """() => {
            const map = window[document.querySelector(".folium-map").id];
            map.setView([36.002, 120.003], 18, {animate: false});
            const bounds = map.getBounds();
            window.dispatchEvent(new Event("beforeprint"));
            const held = map.getBounds().contains(bounds), zoom = map.getZoom();
            window.dispatchEvent(new Event("afterprint"));
            return [held, zoom];
        }"""
    )
    assert inner[0]
    assert inner[1] > 16


# ---- hostile names ----


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Names of 300 characters that turn the direction of writing, in every place that a page has for a name."""
    world, name = town(), LONG + HOSTILE
    world["sites"]["name"], world["demand"]["name"] = name, name
    world["sites"]["district"], world["demand"]["town"] = name, name
    world["record"] = {**world["record"], "scenario": name}
    world["labels"] = replace(
        world["labels"],
        title=name,
        notes=(name, name),
        maker=name,
        review_number=name,
        document_note=name,
        type_names=dict.fromkeys(world["labels"].type_names, name),
        standard_names={"walk": name, "rural": name},
        site_names={"s0": name, "s2": name},
    )
    return write(tmp_path_factory.mktemp("hostile") / "map.html", **world)


def test_no_mark_turns_the_words_around_a_name(hostile: Path) -> None:
    html = hostile.read_text(encoding="utf-8")
    head, _, scripts = html.rpartition("</script>\n<script>")
    turning = "[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
    assert not re.search(turning, html.split("</head>")[0] + html.split('id="planner-data">')[1].split("</script>")[0])
    assert not re.search(turning, head.split("<body>")[1].split("<script")[0])
    assert not re.search(r"\\u(061c|200[ef]|202[a-e]|206[6-9])", scripts)
    assert read_data(hostile)["sites"]["name"][0].startswith("مركز😀很长的名字")


@pytest.fixture(scope="module")
def hostile_page(browser: Browser, hostile: Path) -> tuple[Page, Watch]:
    return open_page(browser, hostile)


@pytest.mark.parametrize("size", [(1366, 768), (390, 844)])
def test_long_names_that_run_to_the_left_stay_in_their_boxes(
    hostile_page: tuple[Page, Watch], size: tuple[int, int]
) -> None:
    page, watch = hostile_page
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.reload()
    shown = (LONG + HOSTILE).replace("\u202e", "").replace("\u200f", "")
    assert page.locator("h1").text_content() == shown
    assert page.evaluate(WIDE) == []
    stage, title = page.locator(".folium-map").bounding_box(), page.locator("h1").bounding_box()
    assert stage is not None
    assert title is not None
    assert title["height"] < 70
    assert stage["height"] > 0.5 * size[1]
    assert len(search(page, "很长的名字很长")) == 6  # points of one name and place stand there once
    assert page.evaluate(WIDE) == []
    hits = page.locator(".pm-drop").bounding_box()
    assert hits is not None
    assert hits["y"] + hits["height"] <= size[1]
    page.keyboard.press("Enter")
    assert page.locator(".pm-popup h3").text_content() == shown
    popup = page.locator(".leaflet-popup-content-wrapper").bounding_box()
    assert popup is not None
    assert popup["height"] < 0.75 * size[1]
    assert popup["width"] < size[0]
    page.evaluate("() => { window.dispatchEvent(new Event('beforeprint')); }")
    found = page.evaluate(SHEET)
    assert found["foot"] <= 1
    assert found["map"][1] > 0.5
    assert watch.troubles == []
    assert watch.outside == []
