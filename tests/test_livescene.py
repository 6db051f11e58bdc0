"""The room's plan on the map: dragged, moved by keys and fingers, closed, added, undone, printed; names stay text."""

from __future__ import annotations

import csv
import io
import itertools
import re
from typing import TYPE_CHECKING, Any

import pytest

import town
from browser import PAINTED, launched, open_page
from livenode import LIVE, run_node
from planner import pipeline
from planner.words import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, CDPSession, Page

    from browser import Watch

HOSTILE = "<img src=x onerror=alert(1)>${alert(2)}`{{7*7}}\"'&</script><script>alert(3)</script>"
OPTION, MOVED = "o:C4:e_station:", [10.0140001, 50.0036002]
GIG = {"type": "gig_station", "size": "", "method": "改建", "name": "", "year": 2026}
SCENARIO = (
    town.SCENARIO
    + """
[[facility]]
type = "gig_station"
name = "零工驿站"
cost_once_yuan = 200_000
cost_yearly_yuan = 40_000

[[build_cost]]
type = "gig_station"
method = "改建"
cost_once_yuan = 130_000

[[standard]]
id = "line"
metric = "straight"
km = 0.5
served_by = ["station", "gig_station"]
"""
)
SCRIPTS = ("marks", "sitecards", "moves", "carry", "scene")
STATES = ("planned", "ghost", "today", "closed", "candidate")
HEAD = "site_id,name,type,status,operating,district,town,cost_once_yuan,cost_yearly_yuan,lon,lat"
STATIONS = (("E1", 1.0, 1.0), ("__proto__", 3.0, 3.0))
CANDIDATES = (("C1", 1, 5), ("C2", 2, 7), ("C3", 4, 2), ("C4", 4, 6), ("C5", 6, 1), ("C6", 7, 4))


def name_of(site_id: str) -> str:
    return f"站{site_id} {HOSTILE}"


def between(row: float, column: float) -> list[str]:
    """Longitude and latitude on the grid, off the cells of the page, as those of another datum are once converted."""
    return [f"{degrees}000{digit}" for degrees, digit in zip(town.place(row, column).split(","), "37", strict=True)]


def write_sites(path: Path) -> None:
    """Two open stations and six candidates, all with names that would like to be HTML."""
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(HEAD.split(","))
    for site, row, column in STATIONS:
        where = between(row, column)
        rows.writerow([site, name_of(site), "station", "existing", "正常", "西区", "西区镇", "", "", *where])
    for number, (site, row, column) in enumerate(CANDIDATES, start=1):
        kind = "e_station;gig_station" if number % 2 else "e_station"
        cost, where = 50_000 + 10_000 * number, between(row, column)
        rows.writerow([site, name_of(site), kind, "candidate", "", "西区", "西区镇", cost, 5000, *where])
    path.write_text(table.getvalue(), encoding="utf-8")


@pytest.fixture(scope="session")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scene")
    path = town.write_town(folder, SCENARIO)
    write_sites(folder / "sites.csv")
    pipeline.run(path, folder / "out", documents=False)
    return folder / "out" / "town" / "map.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as chromium:
        yield chromium


def turn_on(page: Page) -> None:
    page.evaluate("() => plannerLive.ready")
    page.evaluate(PAINTED)
    page.locator("#pm-live").click()
    page.evaluate(PAINTED)


AFRESH = """() => {
    const {session} = plannerLive.now;
    session.turn(false);
    session.reset("");
    [session.past, session.future] = [[], []];
    session.show(0);
    document.activeElement.blur();
    plannerPage.map().fitBounds(plannerPage.data.bounds, {padding: [24, 24], animate: false});
    session.turn(true);
}"""


@pytest.fixture(scope="module")
def opened(browser: Browser, page_file: Path) -> tuple[Page, Watch]:
    page, watch = open_page(browser, page_file, viewport={"width": 1366, "height": 768})
    turn_on(page)
    return page, watch


@pytest.fixture
def page(opened: tuple[Page, Watch]) -> Iterator[Page]:
    """Show the town's live map as it begins, on an office PC; whatever a test does there, the page stays quiet."""
    page, watch = opened
    page.mouse.move(700, 20)
    page.evaluate(AFRESH)
    page.evaluate(PAINTED)
    yield page
    assert watch.troubles == []
    assert watch.outside == []


@pytest.fixture(scope="module")
def in_hand(browser: Browser, page_file: Path) -> tuple[Page, Watch]:
    size = {"width": 390, "height": 844}
    page, watch = open_page(browser, page_file, viewport=size, has_touch=True, is_mobile=True, device_scale_factor=2)
    turn_on(page)
    return page, watch


@pytest.fixture
def phone(in_hand: tuple[Page, Watch]) -> Iterator[Page]:
    """Show the same on a phone."""
    page, watch = in_hand
    page.evaluate(AFRESH)
    page.evaluate(PAINTED)
    yield page
    assert watch.troubles == []
    assert watch.outside == []


# ---- what tests look at ----


def session(page: Page, text: str) -> Any:
    return page.evaluate(
        f"() => {{ const session = plannerLive.now.session, {{ edits }} = plannerLive; return {text}; }}"
    )


def marker(page: Page, key: str) -> tuple[float, float]:
    """Middle of a marker on the screen."""
    box = page.locator(f'.pm-live-site[data-key="{key}"]').bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def dock(page: Page) -> str:
    return page.locator(".pm-live-dock").inner_text()


def press(page: Page, name: str) -> None:
    page.locator(".pm-live-dock").get_by_role("button", name=name, exact=True).click()
    page.evaluate(PAINTED)


def click_marker(page: Page, key: str) -> None:
    page.mouse.click(*marker(page, key))
    page.evaluate(PAINTED)


def drag(page: Page, key: str, x: float, y: float) -> None:
    """Press a marker and pull it by so many pixels, without letting go."""
    left, top = marker(page, key)
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move(left + x / 2, top + y / 2, steps=3)
    page.mouse.move(left + x, top + y, steps=3)
    page.evaluate(PAINTED)


def covered(page: Page, edit: str) -> int:
    """People covered under the first standard, as the engine counts an edit."""
    return int(session(page, f"session.city.figures({edit}).standards[0].covered"))


def bubble(page: Page) -> tuple[int, int]:
    """People won and lost, as the bubble says."""
    text = page.locator(".pm-live-bubble").inner_text()
    won, lost = text.split("+")[1].split(" / -")
    return int(won.split()[0].replace(",", "")), int(lost.split()[0].replace(",", ""))


def test_every_word_of_the_map_is_said() -> None:
    names = [key.removeprefix("livemap.") for key in sentences() if key.startswith("livemap.")]
    scripts = "".join((LIVE / f"{name}.js").read_text("utf-8") for name in SCRIPTS)
    said = set(re.findall(r'"(\w+)"', scripts)) | {f"title_{state}" for state in STATES}
    assert len(names) > 60
    assert [name for name in names if name not in said] == []
    assert set(re.findall(r'(?:say|doing|applying)\("(\w+)"', scripts)) <= set(names)


# ---- what is drawn ----


def test_points_are_drawn_by_their_state_and_ringed_where_it_is_not_the_signed_one() -> None:
    """0 none, 1 uncovered, 2 covered, 3 unjudged; drawn: 1 left, 2 today's, 3 new, 4 unjudged, + 8 won, + 16 lost."""
    states = [[now, today, signed] for now in range(4) for today in (1, 2) for signed in (1, 2)]
    columns = [list(column) for column in zip(*states, strict=True)]
    found = run_node(["marks.js"], "(live, input) => live.marks.kinds(...input)", columns)
    assert found == [0, 0, 0, 0, 1, 17, 1, 17, 11, 3, 10, 2, 4, 4, 4, 4]


INK = """() => {
    const {scene, session} = plannerLive.now, points = session.city.load.points, map = plannerPage.map(), found = {};
    const drawn = scene.points._container, copy = document.createElement("canvas"), ctx = copy.getContext("2d");
    const box = drawn.getBoundingClientRect(), stage = map.getContainer().getBoundingClientRect();
    [copy.width, copy.height] = [drawn.width, drawn.height];
    ctx.drawImage(drawn, 0, 0);
    const pixels = ctx.getImageData(0, 0, copy.width, copy.height).data, scale = drawn.width / box.width;
    for (let i = 0; i < points.n; i += 1) {
        const at = map.latLngToContainerPoint([points.lat[i], points.lon[i]]), kind = found[scene.drawn[i]] || {};
        const x = Math.round((stage.left + at.x - box.left) * scale) + 2;
        const y = Math.round((stage.top + at.y - box.top) * scale);
        const [red, green, blue, alpha] = pixels.slice(4 * (y * copy.width + x), 4 * (y * copy.width + x) + 4);
        const color = !alpha ? "none" : blue > red && blue > green ? "blue" : green > red ? "green" : "red";
        found[scene.drawn[i]] = {...kind, [color]: 1 + (kind[color] || 0)};
    }
    return found;
}"""


def test_the_canvas_shows_the_state_of_the_edit(page: Page) -> None:
    session(
        page, "session.apply(edits.remove(session.edit, edits.indexOf(session.edit.plan, session.optionAt(0))), '')"
    )
    page.evaluate(PAINTED)
    found = page.evaluate(INK)
    assert {kind: max(colors, key=colors.get) for kind, colors in found.items()} == {
        "1": "red", "2": "blue", "3": "green", "17": "red",
    }  # fmt: skip


NAMED = """at => {
  const {session} = plannerLive.now, {names, edits} = plannerLive;
  const k = session.edit.plan.findIndex((entry) => entry.site === "C4");
  session.apply(edits.movePlanned(session.edit, k, at), "");
  const nameless = {...session, siteOf: () => ({name: ""})};
  const entry = {at, from: null, name: "", type: "gig_station", size: "大"};
  return [names.entryName(session, session.edit.plan[k]), names.siteName(nameless, "C4"), names.siteName(session, "X1"),
    names.entryName(session, entry), names.outletName(session, "", -1)];
}"""


def test_a_thing_is_called_alike_on_the_map_and_in_the_panel(page: Page) -> None:
    moved, *others = page.evaluate(NAMED, MOVED)
    assert moved == f"{name_of('C4')}（移位）"
    assert others == ["C4", "X1", "零工驿站（大）", "无处可去"]
    marker = page.locator(f'.pm-live-site[data-key="{OPTION}"]')
    assert moved in str(marker.get_attribute("aria-label"))
    page.evaluate("() => plannerLive.now.session.focus({plan: 0})")
    assert page.locator(".pm-live-dock h3").inner_text() == page.evaluate(
        "() => plannerLive.names.entryName(plannerLive.now.session, plannerLive.now.session.edit.plan[0])"
    )


def test_the_signed_map_steps_back_and_returns(page: Page) -> None:
    signed, people = ".leaflet-marker-pane .pm-site", ".leaflet-people-pane canvas"
    assert page.locator(".pm-live-ribbon").inner_text().startswith("现场推演")
    assert page.locator(".pm-live-site").count() == 8
    assert not page.locator(signed).first.is_visible()
    assert not page.locator(people).is_visible()
    assert page.locator(".leaflet-live-points-pane canvas").count() == 1
    page.locator("#pm-live").click()
    assert page.locator(signed).first.is_visible()
    assert page.locator(people).is_visible()
    assert page.locator(".pm-live-site, .leaflet-live-points-pane canvas, .leaflet-live-lines-pane canvas").count() == 0
    assert not page.locator(".pm-live-ribbon").is_visible()


def test_what_stands_away_from_the_signed_plan_has_a_ring_and_says_so(page: Page) -> None:
    session(page, f"session.apply(edits.movePlanned(session.edit, 0, {MOVED}), '')")
    changed = page.locator(".pm-live-site:has(circle[stroke='#cc79a7'])").evaluate_all(
        "all => all.map((one) => one.dataset.key)"
    )
    assert changed == [session(page, "`o:${session.start.plan[0].site}:e_station:`")]
    assert "现场改动过" in str(page.locator(f'.pm-live-site[data-key="{changed[0]}"]').get_attribute("aria-label"))


# ---- mouse ----


def test_a_planned_site_is_dragged_and_the_bubble_says_whom_that_wins_and_loses(page: Page) -> None:
    index = session(page, "session.edit.plan.findIndex((entry) => entry.site === 'C4')")
    before = covered(page, "session.edit")
    drag(page, OPTION, -60, 40)
    won, lost = bubble(page)
    assert won + lost > 0
    assert not session(page, "session.isChanged")  # not before it is set down
    page.mouse.up()
    page.evaluate(PAINTED)
    entry = session(page, f"session.edit.plan[{index}]")
    assert (entry["from"], entry["type"]) == ("C4", "e_station")
    assert covered(page, "session.edit") - before == won - lost
    assert page.locator(".pm-live-bubble").count() == 0
    assert page.locator(".pm-live-dock").is_hidden()
    more = won - lost
    told = f"+{more}" if more > 0 else str(more)
    assert f"（比原方案 {told} 人）" in page.locator(".pm-live-ribbon").inner_text()


def test_escape_puts_back_what_is_dragged(page: Page) -> None:
    start = marker(page, OPTION)
    drag(page, OPTION, -60, 40)
    page.keyboard.press("Escape")
    page.wait_for_timeout(200)
    page.mouse.up()
    assert page.locator(".pm-live-dock").is_hidden()  # no click of its own
    assert not session(page, "session.isChanged")
    assert marker(page, OPTION) == pytest.approx(start, abs=1)


HOME = """((key) => {
  const { marker, item } = plannerLive.now.scene.markers.get(key), { lng, lat } = marker.getLatLng();
  return [[lng, lat], item.at];
})"""


@pytest.mark.parametrize("key", [OPTION, "s:6"])
def test_what_is_set_down_where_it_was_taken_up_is_not_moved(page: Page, key: str) -> None:
    """Its place is between two cells, and no edit puts it on one."""
    click_marker(page, key)
    press(page, "移动")
    page.evaluate(PAINTED)
    home = "plannerLive.now.scene.carry.held.home"
    assert session(page, f"String(edits.cell({home})) !== String({home})")
    page.keyboard.press("Enter")
    page.evaluate(PAINTED)
    assert session(page, "plannerLive.now.scene.carry.held") is None
    assert not session(page, "session.isChanged")
    at, home = session(page, f"{HOME}({key!r})")
    assert at == home
    assert page.evaluate("() => document.activeElement.dataset.key") == key


def test_a_place_shown_while_something_is_in_the_hand_puts_that_back_first(page: Page) -> None:
    drag(page, OPTION, -60, 40)
    session(page, "session.focus({ site: 'C3' })")
    assert "站C3" in dock(page)
    assert session(page, "plannerLive.now.scene.carry.held") is None
    page.mouse.up()
    assert not session(page, "session.isChanged")
    session(page, "session.add({ type: 'e_station', size: '', method: '', name: '', year: 2026 })")
    page.locator("#pm-search input").fill("站C3")
    page.locator("#pm-search input").press("Enter")
    page.locator(".leaflet-popup").wait_for(state="detached")
    page.evaluate(PAINTED)
    assert "在此新建" in dock(page)
    assert session(page, "[plannerLive.now.scene.carry.held, session.adding]") == [None, None]


@pytest.mark.parametrize("edit", ["remove(session.edit, 0)", "set(session.edit, { speed: '4.8' })"])
def test_a_press_does_not_outlive_the_edit_it_was_made_under(page: Page, edit: str) -> None:
    """What is counted in the background may change the plan under a press: the drag after it moves nothing else."""
    first = "plannerLive.now.scene.items.find((item) => item.index === 0)"
    x, y = marker(page, session(page, f"{first}.key"))
    page.mouse.move(x, y)
    page.mouse.down()
    after = session(page, f"(session.apply(edits.{edit}, ''), edits.key(session.edit))")
    page.mouse.move(x + 40, y + 20, steps=3)
    page.mouse.up()
    assert session(page, "edits.key(session.edit)") == after
    assert session(page, "plannerLive.now.scene.carry.held") is None
    drag(page, session(page, f"{first}.key"), 30, 20)  # the next press is one of its own
    page.mouse.up()
    assert session(page, "session.edit.plan.map((entry) => Boolean(entry.at)).indexOf(true)") == 0


def test_a_place_off_the_network_is_said_at_once_and_reaches_nobody(page: Page) -> None:
    session(page, "plannerPage.map().setZoom(13, { animate: false })")
    page.evaluate(PAINTED)
    alone = covered(
        page, "edits.toggle(session.edit, {...session.optionAt(0), site: 'C4', type: 'e_station', size: ''})"
    )
    drag(page, OPTION, 260, 0)
    assert "离道路超过 500 米" in page.locator(".pm-live-bubble").inner_text()
    assert bubble(page) == (0, covered(page, "session.edit") - alone)
    page.mouse.up()
    assert covered(page, "session.edit") == alone


def test_a_straight_standard_needs_no_road(page: Page) -> None:
    session(page, "plannerPage.map().setView([50.007, 9.992], 15, { animate: false })")
    session(page, f"[session.show(1), session.add({GIG!r})].length")
    page.evaluate(PAINTED)
    assert session(page, "session.previewed.foot") is None
    assert page.locator(".pm-live-bubble").inner_text().startswith("比现在 +")
    session(page, "session.show(0)")
    page.evaluate(PAINTED)
    assert "离道路超过 500 米" in page.locator(".pm-live-bubble").inner_text()


def test_a_new_place_is_put_where_the_map_is_clicked(page: Page) -> None:
    session(page, f"session.add({GIG!r})")
    page.mouse.move(900, 400)
    page.evaluate(PAINTED)
    assert page.locator(".pm-live-bubble").is_visible()
    page.mouse.click(905, 405)
    page.evaluate(PAINTED)
    place = session(page, "plannerPage.map().mouseEventToLatLng({ clientX: 905, clientY: 405 })")
    entry = session(page, "session.edit.plan[session.edit.plan.length - 1]")
    assert entry["at"] == pytest.approx([place["lng"], place["lat"]], abs=1e-6)
    assert (entry["type"], entry["method"], entry["from"]) == ("gig_station", "改建", None)
    assert session(page, "session.adding") is None
    session(page, f"session.add({GIG!r})")
    page.keyboard.press("Escape")
    assert (session(page, "session.adding"), session(page, "session.edit.plan.length")) == (None, 5)


def test_another_type_asked_for_takes_the_place_of_the_one_in_the_hand(page: Page) -> None:
    session(page, f"session.add({GIG!r})")
    page.mouse.move(900, 400)
    page.evaluate(PAINTED)
    session(page, f"session.add({ {**GIG, 'type': 'e_station', 'method': ''}!r})")
    page.evaluate(PAINTED)
    assert page.locator(".pm-live-bubble").count() == 1
    page.mouse.click(905, 405)
    page.evaluate(PAINTED)
    assert session(page, "session.edit.plan.slice(4).map((entry) => entry.type)") == ["e_station"]


def test_the_shown_standard_may_change_while_something_is_in_the_hand(page: Page) -> None:
    click_marker(page, OPTION)
    press(page, "移动")
    x, y = marker(page, OPTION)
    page.keyboard.press("Shift+ArrowLeft")
    page.evaluate(PAINTED)
    assert sum(bubble(page)) > 0
    session(page, "session.show(1)")
    page.evaluate(PAINTED)
    assert bubble(page) == (0, 0)  # it does not serve that one
    assert marker(page, OPTION) == pytest.approx((x - 64, y), abs=1.5)


def test_what_is_dragged_to_the_edge_pulls_the_map_along(page: Page) -> None:
    before = session(page, "plannerPage.map().getCenter().lng")
    x, _ = marker(page, OPTION)
    drag(page, OPTION, 1360 - x, 0)
    assert session(page, "plannerPage.map().getCenter().lng") > before
    page.keyboard.press("Escape")
    page.mouse.up()


# ---- cards ----


def test_a_planned_site_is_left_out_and_restored_in_its_order(page: Page) -> None:
    start = session(page, "session.edit.plan")
    click_marker(page, OPTION)
    press(page, "不建")
    assert session(page, "session.edit.plan.map((entry) => entry.site)") == [
        one["site"] for one in start if one["site"] != "C4"
    ]
    assert "推演中不建" in dock(page)
    press(page, "恢复")
    assert session(page, "session.edit.plan") == start


def test_a_candidate_is_built_and_the_card_says_whom_it_wins(page: Page) -> None:
    before = covered(page, "session.edit")
    click_marker(page, "s:2")  # C3: sites stand in the order C1 … C6, E1, __proto__
    told = dock(page)
    press(page, "在此新建 就业e站")
    assert session(page, "session.edit.plan[4]") == {"site": "C3", "type": "e_station", "size": "", "year": 2026}
    assert f"新覆盖 {covered(page, 'session.edit') - before} 人" in told
    assert "在此新建 零工驿站" in dock(page)  # the card stays with the place
    press(page, "不建")
    assert session(page, "session.isChanged") is False


def test_a_closed_outlet_says_who_is_touched_and_where_they_go(page: Page) -> None:
    found = session(page, "session.city.closing(session.edit, 'E1', 0)")
    click_marker(page, "s:6")
    told = dock(page)
    assert f"{found['nearest']} 人的最近网点是它；{found['losing']} 人" in told
    planned = [entry["site"] for entry in session(page, "session.start.plan")]
    for move in found["moves"][:5]:
        number = planned.index(move["to"]) + 1 if move["to"] in planned else 0
        name = name_of(move["to"]) + (f"（拟建 {number} 号）" if number else "")
        assert f"{move['people']} 人 → {name}，多走 {-(-move['more_mm'] // 1000)} 米" in told
    assert any(move["to"] in planned for move in found["moves"][:5]), "what is not built yet is said to be planned"
    assert "推演方案建成后" in told
    labels = page.locator(".pm-live-label").all_inner_texts()
    assert len(labels) == min(5, len(found["moves"]))
    assert all(f"{move['people']} 人" in text for move, text in zip(found["moves"], labels, strict=False))
    assert f"这 {found['nearest']} 人去哪儿" in page.locator(".pm-live-dock").inner_text()
    page.evaluate("() => plannerPage.map().setZoom(1, {animate: false})")
    boxes = page.locator(".pm-live-label").evaluate_all("all => all.map((one) => one.getBoundingClientRect().toJSON())")
    rows = sorted((box["top"], box["bottom"]) for box in boxes)
    assert all(above[1] <= below[0] for above, below in itertools.pairwise(rows)), "none lies over another"
    press(page, "假如撤掉")
    assert session(page, "session.edit.closed") == ["E1"]
    assert f"{found['nearest']} 人的最近网点原来是它" in dock(page)
    press(page, "恢复")
    assert session(page, "session.isChanged") is False


def test_an_outlet_is_moved_by_its_button_and_put_back(page: Page) -> None:
    click_marker(page, "s:6")
    press(page, "移动")
    x, y = marker(page, "s:6")
    page.mouse.click(x + 50, y - 30)  # above the bar that says how
    page.evaluate(PAINTED)
    assert list(session(page, "session.edit.moved")) == ["E1"]
    drag(page, "s:6", 20, 20)  # what was moved once has a handle
    page.mouse.up()
    page.wait_for_function("() => !plannerLive.now.scene.carry.quiet")
    assert session(page, "session.edit.moved.E1") != session(page, "session.past[1].edit.moved.E1")
    click_marker(page, "s:6")
    press(page, "放回原处")
    assert session(page, "session.edit.moved") == {}


def test_ids_of_sites_may_be_names_that_every_object_has(page: Page) -> None:
    """The second station of the town is `__proto__`: it stands where it stood until it is moved itself."""
    assert session(page, "plannerLive.now.scene.siteItem(7).isMoved") is False
    moved = "edits.moveSite(session.edit, '__proto__', [10.01, 50.0])"
    assert session(page, f"JSON.stringify({moved}.moved)") == '{"__proto__":[10.01,50]}'
    assert session(page, "['__proto__', 'constructor'].map((id) => edits.movedOf(session.edit, id))") == [None, None]
    session(page, f"session.apply({moved}, '')")
    assert session(page, "plannerLive.now.scene.siteItem(7).at") == [10.01, 50]
    assert covered(page, moved) != covered(page, "session.start")
    assert 'site_id = "__proto__"\nlon = 10.01\n' in session(page, "plannerLive.handback.fileOf(session, '').content")
    session(page, "session.apply(edits.reopen(session.edit, '__proto__'), '')")
    assert session(page, "session.isChanged") is False


def test_a_point_says_how_it_stands_signed_and_in_the_room(page: Page) -> None:
    at = page.evaluate(
        """() => {
            const {scene, session} = plannerLive.now, {lon, lat} = session.city.load.points, map = plannerPage.map();
            const i = scene.drawn.findIndex((kind) => kind === 1), box = map.getContainer().getBoundingClientRect();
            const point = map.latLngToContainerPoint([lat[i], lon[i]]);
            return [point.x + box.left, point.y + box.top];
        }"""
    )
    page.mouse.click(*at)
    assert "组" in dock(page)
    assert "✗ 未覆盖" in dock(page)


def test_a_search_opens_the_rooms_card(page: Page) -> None:
    for text, told in (("站C3", "在此新建 就业e站"), ("3-4组", "现场推演")):
        page.locator("#pm-search input").fill(text)
        page.keyboard.press("Enter")
        page.evaluate(PAINTED)
        assert told in dock(page)
        assert text in dock(page)
        page.locator(".leaflet-popup").wait_for(state="detached")
    shown = page.locator("#pm-layers label:visible").all_inner_texts()
    assert {text.strip()[:2] for text in shown} == {"分区", "服务", "道路"}  # none of what the live map hides


# ---- keys ----


def test_the_keyboard_alone_moves_a_site_and_sets_it_down(page: Page) -> None:
    icon = page.locator(f'.pm-live-site[data-key="{OPTION}"]')
    icon.focus()
    page.keyboard.press("Enter")
    for _ in range(6):
        if page.evaluate("() => document.activeElement.textContent") == "移动":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.evaluate(PAINTED)
    x, y = marker(page, OPTION)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowDown")
    page.evaluate(PAINTED)
    assert marker(page, OPTION) == pytest.approx((x - 8, y + 64), abs=1.5)
    page.keyboard.press("Enter")
    page.evaluate(PAINTED)
    assert session(page, "session.edit.plan.some((entry) => entry.from === 'C4')")
    assert page.evaluate("() => document.activeElement.dataset.key") == OPTION


def test_escape_gives_up_a_move_and_closes_a_card_with_the_focus_where_it_was(page: Page) -> None:
    icon = page.locator(f'.pm-live-site[data-key="{OPTION}"]')
    icon.focus()
    page.keyboard.press("Enter")
    press(page, "移动")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Escape")
    assert session(page, "session.isChanged") is False
    assert page.locator(".pm-carry-bar").is_hidden()
    page.keyboard.press("Enter")
    assert page.locator(".pm-live-dock").is_visible()
    page.keyboard.press("Escape")
    assert page.locator(".pm-live-dock").is_hidden()
    assert page.evaluate("() => document.activeElement.dataset.key") == OPTION


def test_every_marker_takes_the_focus_and_has_a_name(page: Page) -> None:
    found = page.locator(".pm-live-site").evaluate_all(
        "all => all.map((one) => [one.tabIndex, one.getAttribute('aria-label')])"
    )
    assert len(found) == 8
    assert all(index == 0 and HOSTILE in name for index, name in found)


# ---- fingers, small windows, paper ----


def touch(session_of: CDPSession, kind: str, *points: tuple[float, float]) -> None:
    session_of.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})


TAKEN_UP = "() => plannerLive.now.scene.carry.held !== null"


def swipe(page: Page, cdp: CDPSession, start: tuple[float, float], *, long: bool) -> None:
    """Put a finger down, if `long` until what lies under it is taken up, pull it by 40 and 30 pixels, and lift it."""
    touch(cdp, "touchStart", start)
    if long:
        page.wait_for_function(TAKEN_UP)
    for step in range(1, 6):
        touch(cdp, "touchMove", (start[0] + 8 * step, start[1] + 6 * step))
    page.evaluate(PAINTED)
    touch(cdp, "touchEnd")
    page.evaluate(PAINTED)


def test_a_long_press_takes_a_site_up_and_a_short_one_moves_the_map(phone: Page) -> None:
    cdp = phone.context.new_cdp_session(phone)
    center = phone.evaluate("() => plannerPage.map().getCenter().lng")
    swipe(phone, cdp, marker(phone, OPTION), long=False)
    phone.wait_for_function("before => plannerPage.map().getCenter().lng < before", arg=center)
    assert session(phone, "session.isChanged") is False
    phone.evaluate("() => plannerPage.map().fitBounds(plannerPage.data.bounds, { animate: false })")
    phone.evaluate(PAINTED)
    swipe(phone, cdp, marker(phone, OPTION), long=True)
    assert session(phone, "session.edit.plan.some((entry) => entry.from === 'C4')")
    x, y = marker(phone, OPTION)
    first = session(phone, "session.edit")
    touch(cdp, "touchStart", (x, y))
    phone.wait_for_function(TAKEN_UP)
    touch(cdp, "touchEnd")
    phone.wait_for_timeout(250)
    assert phone.locator(".pm-carry-bar").is_visible()  # in the hand until a tap sets it down
    phone.touchscreen.tap(x - 30, y - 30)
    phone.evaluate(PAINTED)
    assert session(phone, "session.edit") != first
    assert phone.evaluate("() => plannerPage.map().dragging.enabled()")


def test_a_phone_keeps_the_map_in_sight(phone: Page) -> None:
    assert phone.evaluate("() => document.documentElement.scrollWidth") == 390
    seen = "() => document.querySelector('.pm-stage').getBoundingClientRect().height / innerHeight"
    assert phone.evaluate(seen) > 0.35
    assert phone.locator(".pm-live-ribbon").bounding_box()["width"] == pytest.approx(390, abs=1)  # type: ignore[index]
    phone.touchscreen.tap(*marker(phone, "s:6"))
    card, stage = phone.locator(".pm-live-dock").bounding_box(), phone.locator(".pm-stage").bounding_box()
    assert card is not None
    assert stage is not None
    assert card["y"] + card["height"] <= 844 + 1
    assert card["y"] >= stage["y"] + 0.75 * stage["height"]
    phone.locator(".pm-live-dock").get_by_role("button", name="移动").tap()
    phone.evaluate(PAINTED)
    bar = phone.locator(".pm-carry-bar").bounding_box()
    assert bar is not None
    assert marker(phone, "s:6")[1] < bar["y"]


def test_paper_says_that_it_is_no_signed_map(page: Page) -> None:
    session(page, f"session.apply(edits.movePlanned(session.edit, 0, {MOVED}), '')")
    click_marker(page, "s:6")
    seen = """() => [".pm-live-ribbon", ".pm-live-dock", ".pm-live-grip", "#pm-layers"].map((name) => {
        const box = document.querySelector(name).getBoundingClientRect();
        return box.width * box.height > 0;
    })"""
    page.evaluate(f"() => window.addEventListener('beforeprint', () => {{ window.sheet = ({seen})(); }})")
    page.pdf(prefer_css_page_size=True)
    assert page.evaluate("() => window.sheet") == [True, False, False, False]
    assert page.evaluate(f"({seen})()") == [True, True, True, True]


# ---- names ----


def test_hostile_names_stay_text(page: Page) -> None:
    for key in ("s:2", "s:6", OPTION):
        click_marker(page, key)
        assert HOSTILE in dock(page)
    session(
        page,
        f"session.apply(edits.add(session.edit, {{...{GIG!r}, name: 'a', at: {MOVED}}}), '')".replace(
            "'a'", repr(HOSTILE)
        ),
    )
    page.evaluate(PAINTED)
    click_marker(page, "n:1")
    assert HOSTILE in dock(page)
    press(page, "移动")
    assert page.locator("#pm-stage img, #pm-stage script").count() == 0
