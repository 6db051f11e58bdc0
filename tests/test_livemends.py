"""Faults of the what-if panel that were mended: steps that name their places, typing, phones, paper, names, damage."""

from __future__ import annotations

import base64
import gzip
import json
import re
import struct
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from browser import PAINTED, launched, open_page
from livetown import write_town
from planner import livebytes
from planner.words import say
from runs import run_scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Locator, Page

    from browser import Watch

HOLDER = re.compile(r'id="planner-live" data-version="\d+" data-crc32="(\w+)">([^<]*)<')

LEAST_ZOOM = 0.55
"""Of the text of a sheet: below it nobody reads it."""


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the town with every feature; return the folder of results."""
    folder = tmp_path_factory.mktemp("mends")
    run_scenario(write_town(folder), folder / "out", live=True)
    return folder / "out"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as chromium:
        yield chromium


def begun(browser: Browser, town: Path, **options: Any) -> tuple[Page, Watch]:
    page, watch = open_page(browser, town / "livetown/map.html", **options)
    page.evaluate("() => plannerLive.ready")
    page.locator("#pm-live").click()
    page.evaluate(PAINTED)
    return page, watch


AFRESH = """() => {
    const { session, scene } = plannerLive.now;
    session.turn(false);
    session.reset("");
    session.show(0);
    [session.past, session.future] = [[], []];
    session.typed = { share: "90", budget: "" };
    delete session.meta.frontier;
    document.activeElement.blur();
    scene.dock.close();
    session.turn(true);
}"""


@pytest.fixture(scope="module")
def desk(browser: Browser, town: Path) -> tuple[Page, Watch]:
    return begun(browser, town, viewport={"width": 1366, "height": 768})


@pytest.fixture
def room(desk: tuple[Page, Watch]) -> Iterator[Page]:
    """Show the what-if as it begins; whatever a test does there, the page stays quiet."""
    page, watch = desk
    page.evaluate(AFRESH)
    page.evaluate(PAINTED)
    yield page
    assert watch.troubles == []
    assert watch.outside == []


def part(page: Page, name: str) -> Locator:
    """Return a part of the panel by what its heading begins with, open."""
    box = page.locator(".pl-part", has=page.locator(f"summary:text-matches('^{name}')"))
    if not box.evaluate("(one) => one.open"):
        box.locator("summary").click()
        page.evaluate(PAINTED)
    return box


def asked(page: Page, what: str) -> Any:
    """Return what an expression of the page's `session` gives."""
    script = f"() => {{ const {{ session }} = plannerLive.now; return JSON.stringify({what}) || 'null'; }}"
    return json.loads(page.evaluate(script))


# ---- steps of the budget ----

STEPS = """() => {
  const { session } = plannerLive.now, { meta } = session, year = meta.years[0];
  const every = meta.options.map((_, option) => ({ option, year }));
  const other = every.find(({ option }) => !meta.plan.some((one) => one.option === option));
  const steps = [[], [...meta.plan].reverse(), [other, meta.plan[1]], every];
  meta.frontier = { standard: 0, points: steps.map((open) => ({ budget_yuan: 1, cost_yuan: 1, people: 1, open })) };
  session.tell("standard");
}"""


def steps(page: Page) -> list[list[str]]:
    """Places of every step as they are shown: number and name."""
    rows = page.locator(".pl-steps .pl-places")
    return [[" ".join(one.split()) for one in row.locator("li").all_inner_texts()] for row in rows.all()]


def test_a_step_of_the_budget_names_what_it_builds_before_it_is_adopted(room: Page) -> None:
    room.evaluate(STEPS)
    box = part(room, "只有这些钱")
    signed = asked(room, "session.start.plan")
    names = {one["id"]: one["name"] for one in asked(room, "session.meta.sites")}
    types = {one["type"]: one["name"] for one in asked(room, "session.meta.types")}

    def told(number: int, entry: dict[str, Any]) -> str:
        kind = types[entry["type"]] + (f"（{entry['size']}）" if entry["size"] else "")
        return f"{number or '新'} {names[entry['site']]} {kind}"

    found = steps(room)
    assert "没有拟建的点" in room.locator(".pl-places").first.inner_text()
    assert found[1] == [told(n, entry) for n, entry in enumerate(signed, start=1)][:6], "as numbered on the map"
    other = asked(room, "session.optionAt(session.meta.frontier.points[2].open[0].option)")
    assert found[2] == [told(2, signed[1]), told(0, other)]
    count = len(asked(room, "session.meta.options"))
    assert len(found[3]) == 6
    assert f"另有 {count - 6} 处" in box.inner_text()
    box.locator("[data-key='step 3 all']").click()
    assert len(steps(room)[3]) == count
    assert asked(room, "session.isChanged") is False, "looking adopts nothing"
    room.locator(".pl-places").nth(2).locator(".pl-link").first.click()
    assert names[signed[1]["site"]] in room.locator(".pm-live-dock h3").inner_text()
    box.locator("[data-key='step 2']").click()
    adopted = part(room, "建设次序").locator("li:not(.pl-off)")
    numbers = [" ".join(one.locator(".pl-number").inner_text().split()) for one in adopted.all()]
    assert numbers == [one.split()[0] for one in found[2]], "the same numbers after it was adopted"


def test_hostile_names_stay_text_in_a_step(room: Page) -> None:
    name = "<img src=x onerror=alert(1)>" * 2
    before = asked(room, f"session.meta.sites.map((site) => [site.name, site.name = {name!r}])")
    room.evaluate(STEPS)
    box = part(room, "只有这些钱")
    assert name in box.inner_text()
    assert box.locator("img").count() == 0
    assert box.evaluate("(one) => one.scrollWidth - one.clientWidth") <= 0
    asked(room, f"{json.dumps([one[0] for one in before])}.map((name, i) => session.meta.sites[i].name = name)")


# ---- typing ----


def test_a_press_that_ends_typing_a_budget_counts(room: Page) -> None:
    room.evaluate(STEPS)
    box = part(room, "只有这些钱")
    field = box.locator("[data-key=budget]")
    field.fill("100")
    box.locator("[data-key='step 2']").click()
    room.wait_for_function("() => plannerLive.now.session.isChanged")
    assert asked(room, "session.edit.plan.length") == 2
    room.wait_for_function("() => document.querySelector('[data-key=\"step 2\"]').disabled")
    assert field.input_value() == "100"
    room.locator("[data-key=undo]").click()
    field.fill("20")
    box.locator("[data-key=pick]").click()  # was drawn for the amount before
    room.wait_for_function("() => plannerLive.now.session.isChanged")
    assert asked(room, "session.figures.cost.total") <= 200_000
    assert asked(room, "session.words").startswith("按预算 20万元")
    field.fill("30")
    field.press("Enter")
    assert "超出" in box.inner_text() or "还余" in box.inner_text()
    field.click()
    room.locator(".pl-title").first.click()  # a press that ends no typing is not waited for later
    field.focus()
    field.fill("多些")
    field.press("Enter")
    assert "请填数字" in box.inner_text()


SHARES = {
    "90": 900, "９２．５": 925, "９２．５％": 925, "92。5 ％": 925, " 9 0 % ": 900, "　８０　": 800, "100": 1000,
    "0.1": 1, "0": None, "100.1": None, "９２，５": None, "92.55": None, "多些": None, "": None, "1000": None,
}  # fmt: skip
AMOUNTS = {
    "１，２００．５": 12_005_000, "1,200": 12_000_000, "３５。５": 355_000, "　２００　万元": 2_000_000,
    "２０００００元": 200_000, "1.23456": None, "一百": None,
}  # fmt: skip


def test_numbers_may_be_typed_with_the_signs_of_a_chinese_keyboard(room: Page) -> None:
    kit = "(typed) => typed.map(plannerLive.kit.{})"
    assert dict(zip(SHARES, room.evaluate(kit.format("typedTenths"), list(SHARES)), strict=True)) == SHARES
    assert dict(zip(AMOUNTS, room.evaluate(kit.format("typedYuan"), list(AMOUNTS)), strict=True)) == AMOUNTS
    box = part(room, "目标")
    box.locator("[data-key=target]").fill("０．１ ％")
    box.locator("[data-key='seek target']").click()
    box.locator("text=已经达到").wait_for()


# ---- what is asked for ----


def answer(page: Page, text: str) -> list[str]:
    """What the panel says to a share that is typed, in its paragraphs."""
    field = part(page, "目标").locator("[data-key=target]")
    field.fill(text)
    field.press("Enter")
    told = page.locator(".pl-add [aria-live]")
    told.locator("p", has_not_text=say("live.computing", "zh")).first.wait_for()
    return told.locator("p").all_inner_texts()


def test_a_share_beyond_all_candidates_is_out_of_reach(room: Page) -> None:
    most = asked(room, "session.figuresOf(session.everything(session.edit)).standards[0]")
    first, *rest = answer(room, "100")
    lack = say("live.lack_people", "zh", n=f"{most['people'] - most['covered']:,}")
    share = f"{most['covered'] * 1000 // most['people'] / 10}%"
    assert first == say("live.beyond_most", "zh", share=share, lack=lack)
    assert all(one.startswith("从现在的方案逐处加，达不到") for one in rest)
    field = room.locator("[data-key=target]")
    field.press("End")
    field.type("x")
    assert room.locator(".pl-add [aria-live] p").count() == 0, "the answer was to another share"
    field.press("Enter")
    assert room.locator(".pl-add [aria-live]").inner_text().strip() == say("live.target_wrong", "zh")


def test_a_step_that_reaches_a_share_comes_before_adding_one_by_one(room: Page) -> None:
    room.evaluate(STEPS)
    asked(room, "session.apply({ ...session.edit, plan: [] }, 'x')")
    every = "session.meta.options.map((_, k) => ({ ...session.optionAt(k), year: session.meta.years[0] }))"
    most = asked(room, f"session.figuresOf({{ ...session.edit, plan: {every} }})")
    share = most["standards"][0]["covered"] * 1000 // most["standards"][0]["people"] / 10
    short, found, *rest = answer(room, str(share))
    assert short.startswith(f"要达到 {share}%，现在还差")
    total = asked(room, f"plannerLive.kit.yuan({most['cost']['total']})")
    assert f"合计 {total}（比现在增加 {total}；" in found, "both amounts are of the whole plan"
    assert found.startswith("有一档预算可以达到")
    assert len(rest) == 1
    assert "从现在的方案逐处加" in rest[0]
    assert "合计 " in rest[0]
    assert "比现在增加 " in rest[0]
    room.locator("[data-key='use target step']").click()
    assert asked(room, "session.figures.standards[0].covered") == most["standards"][0]["covered"]


def test_a_budget_that_is_over_points_to_the_step_that_fits(room: Page) -> None:
    room.evaluate(STEPS)
    box = part(room, "只有这些钱")
    cost = asked(room, "session.city.cost(plannerLive.edits.budget(session.edit, session.start.plan)).total")
    field = box.locator("[data-key=budget]")
    field.fill(str(cost / 10_000))
    field.press("Enter")
    share = asked(room, "session.base.standards[0]")
    told = box.locator("p", has=room.locator("[data-key='step within']"))
    assert f"{share['covered'] * 1000 // share['people'] / 10}%" in told.inner_text()
    name = asked(room, "session.meta.standards[0].name")
    assert f"只看“{name}”" in box.inner_text()
    above = (
        "(one) => one.getBoundingClientRect().bottom <= document.querySelector('.pl-steps').getBoundingClientRect().top"
    )
    assert box.locator("[data-key=pick]").evaluate(above), "in sight without scrolling past the steps"
    field.fill("0.1")
    assert box.locator("[data-key='step within']").count() == 0, "it was of the amount before"
    field.press("Enter")
    assert "最低一档 0元" in box.inner_text() or box.locator("[data-key='step within']").count() == 1


# ---- what stays where it is ----


def top_of(page: Page, key: str) -> float:
    box = page.locator(f"[data-key='{key}']").bounding_box()
    assert box is not None
    return box["y"]


def test_what_was_pressed_stays_where_it_stands(room: Page) -> None:
    room.evaluate(STEPS)
    part(room, "只有这些钱").locator("[data-key='step 3']").scroll_into_view_if_needed()
    before = top_of(room, "step 3")
    room.locator("[data-key='step 3']").click()  # rows grow above it
    assert top_of(room, "step 3") == pytest.approx(before, abs=1.5)
    room.wait_for_timeout(200)
    assert top_of(room, "step 3") == pytest.approx(before, abs=1.5)


def test_the_focus_goes_to_a_neighbour_of_what_goes(room: Page) -> None:
    key = "() => document.activeElement.dataset.key"
    asked(room, "session.apply(plannerLive.edits.remove(session.edit, 0), 'x')")
    room.locator("[data-key=undo]").focus()
    room.keyboard.press("Enter")
    assert room.evaluate(key) == "redo"
    room.keyboard.press("Enter")
    assert room.evaluate(key) == "undo"
    room.locator("[data-key=reset]").focus()
    room.keyboard.press("Enter")
    assert room.evaluate(key) == "undo"
    room.evaluate(MANY, 3)
    removing = part(room, "建设次序").locator("[data-key^='remove ']")
    names = [one.get_attribute("data-key") or "" for one in removing.all()]
    removing.first.focus()
    room.keyboard.press("Enter")
    now = room.evaluate(key)
    assert now is not None
    assert "第1处" in now or "name" in now, names


def test_while_something_is_dragged_the_head_says_so(room: Page) -> None:
    last = room.locator(".pl-last")
    as_signed = last.inner_text()
    asked(room, "session.preview({ covered: session.figures.standards.map(() => 12), communities: [0, 0, 0, 0] })")
    assert last.inner_text() == say("live.dragging", "zh")
    asked(room, "session.preview(null)")
    assert last.inner_text() == as_signed


def test_a_changed_share_has_its_difference_in_points(room: Page) -> None:
    asked(room, "session.apply({ ...session.edit, plan: [] }, 'x')")
    before, after = (
        one["covered"] * 1000 // one["people"]
        for one in (asked(room, "session.base.standards[0]"), asked(room, "session.figures.standards[0]"))
    )
    room.locator("[data-key=compare]").click()
    rows = [one.inner_text().split("\t") for one in room.locator(".pl-compare tbody tr").all()]
    room.keyboard.press("Escape")
    assert rows[0][3] == f"{(after - before) / 10:+.1f} 个百分点"
    assert any(one[0].endswith("（达到/要求）") for one in rows)


# ---- what the room must know of its own plan ----


def test_a_place_too_far_from_roads_says_so_where_it_is_listed(room: Page) -> None:
    far, near = "[10.4, 50.4]", "[10.001, 50.004]"
    asked(room, f"session.apply(plannerLive.edits.movePlanned(session.edit, 0, {near}), 'x')")
    mark, told = say("live.off_mark", "zh"), "按沿道路的标准"
    assert mark not in part(room, "建设次序").inner_text()
    asked(room, f"session.apply(plannerLive.edits.movePlanned(session.edit, 0, {far}), 'x')")
    asked(room, f"session.apply(plannerLive.edits.moveSite(session.edit, 'E1', {far}), 'x')")
    assert part(room, "建设次序").inner_text().count(mark) == 1
    assert mark in part(room, "现有网点").inner_text()
    for item in ("{ plan: 0 }", "{ site: 'E1' }"):
        asked(room, f"session.focus({item})")
        assert told in room.locator(".pm-live-dock").inner_text()
    assert "2 处离道路超过" in room.locator(".pl-head").inner_text()
    room.locator("[data-key=back]").click()
    assert "2 处离道路超过" in room.locator(".pl-dialog").inner_text()
    room.keyboard.press("Escape")
    room.locator("[data-key='metric straight']").check()
    assert told in room.locator(".pm-live-dock").inner_text(), "a drive is by road whatever is chosen"


def test_of_outlets_that_were_moved_or_closed_the_room_knows_what_a_run_takes_for_today(room: Page) -> None:
    asked(room, "session.apply(plannerLive.edits.moveSite(session.edit, 'E1', [10.0014, 50.0018]), 'x')")
    assert "1 个现有网点仍按原来的位置" in part(room, "目标").inner_text()
    asked(room, "session.apply(plannerLive.edits.close(session.edit, 'E4'), 'x')")
    room.locator("[data-key=back]").click()
    names = asked(room, "['E4', 'E1'].map((id) => session.siteOf(id).name)")
    assert f"（{names[0]}，{names[1]}）" in room.locator(".pl-dialog").inner_text().replace("、", "，")
    room.keyboard.press("Escape")


def test_who_loses_cover_near_field_checks_is_not_said_to_be_of_those_nearest(room: Page) -> None:
    """More lose cover by E1 on the line than are sorted by where they would go: checks of others are overtaken."""
    asked(room, "session.show(plannerLive.now.session.meta.standards.findIndex((one) => one.id === 'line'))")
    told = asked(room, "session.city.closing(session.edit, 'E1', session.standard)")
    assert sum(move["people"] for move in told["losing_moves"]) < told["losing"]
    asked(room, "session.apply(plannerLive.edits.close(session.edit, 'E1'), 'x')")
    said = part(room, "现有网点").inner_text()
    assert f"计入实地核查，共 {told['losing']} 人将失去覆盖" in said
    assert "只有它够得着" not in said


MOVING = """() => {
  const { session, scene } = plannerLive.now, { edits } = plannerLive, { city, meta } = session;
  const before = session.edit, place = [10.0143, 50.0021], i = meta.sites.findIndex((one) => one.id === "E1");
  session.apply(edits.moveSite(before, "E1", place), "x");
  const now = city.figures(session.edit), was = city.figures(before), found = meta.standards.map((standard, s) => {
    session.show(s);
    const told = scene.moves.movingOf(i), change = now.standards[s].covered - was.standards[s].covered;
    return told && { change, newly: told.newly, losing: told.losing, moves: told.moves, nearest: told.nearest };
  });
  session.show(0);
  session.focus({ site: "E1" });
  return { found, card: document.querySelector(".pm-live-dock").innerText, entries: session.edit.plan.length };
}"""


def test_an_outlet_that_was_moved_tells_whom_that_touches_and_where_they_go(room: Page) -> None:
    told = room.evaluate(MOVING)
    found = [one for one in told["found"] if one]
    assert len(found) > 1
    for one in found:
        assert one["newly"] - one["losing"] == one["change"]
        assert sum(move["people"] for move in one["moves"]) == one["nearest"]
    first = told["found"][0]
    assert first["losing"] > 0
    assert any(move["to"] == "" and move["plan"] == told["entries"] for one in found for move in one["moves"])
    assert f"{first['newly']:,} 人新覆盖，{first['losing']:,} 人不再覆盖" in told["card"]
    assert "假如撤掉（" not in told["card"]


def test_while_the_room_counts_otherwise_the_foot_says_whose_it_is(room: Page) -> None:
    notes, ribbon = room.locator(".pm-notes p"), room.locator(".pm-live-basis")
    before = notes.all_inner_texts()
    assert ribbon.is_hidden()
    room.locator("[data-key='speed 4.8']").check()
    own, first, second, *rest = notes.all_inner_texts()
    assert own.startswith("推演口径：步行 4.8 公里/小时")
    assert [first, second, *rest] == [f"原方案{before[0]}", f"原方案{before[1]}", *before[2:]]
    assert "4.8 公里/小时" in ribbon.inner_text()
    room.evaluate("() => document.activeElement.blur()")
    room.keyboard.press("Control+z")
    assert notes.all_inner_texts() == before
    assert ribbon.is_hidden()
    room.keyboard.press("Control+y")
    assert ribbon.is_visible()
    assert say("live.units_basis", "zh") in part(room, "社区得失").inner_text()
    field = part(room, "目标").locator("[data-key=target]")
    field.focus()
    room.keyboard.press("Control+z")
    assert ribbon.is_visible(), "there it is the typing that is undone"
    room.locator("#pm-live").click()
    assert notes.all_inner_texts() == before, "the signed map is the run's"
    room.locator("#pm-live").click()


def test_a_page_with_edits_is_not_left_without_a_question(room: Page) -> None:
    asks = """() => {
      const event = new Event("beforeunload", { cancelable: true });
      window.dispatchEvent(event);
      return event.defaultPrevented;
    }"""
    assert room.evaluate(asks) is False
    asked(room, "session.apply(plannerLive.edits.remove(session.edit, 0), 'x')")
    assert room.evaluate(asks) is True
    room.locator("[data-key=back]").click()
    with room.expect_download():
        room.locator("[data-key=download]").click()
    room.keyboard.press("Escape")
    assert room.evaluate(asks) is False, "handed back"
    asked(room, "session.apply(plannerLive.edits.remove(session.edit, 0), 'x')")
    assert room.evaluate(asks) is True


SEEN = """() => {
  const { scene, session } = plannerLive.now, map = plannerPage.map(), { from, moves } = scene.moves.open();
  const { left, right } = scene.dock.covered(), { x, y } = map.getSize();
  return [from, ...moves.slice(0, 5).map(({ at }) => at)].map(([lon, lat]) => map.latLngToContainerPoint([lat, lon]))
    .every((at) => at.x > left && at.x < x - right && at.y > 28 && at.y < y);
}"""


def test_an_outlet_that_closes_is_seen_with_where_its_people_go(room: Page) -> None:
    box = part(room, "现有网点")
    for step in ("look", "close", "look again"):
        if step == "look":
            box.locator("[data-key=outlet]").select_option("E3")
        elif step == "close":
            box.locator("[data-key='close outlet']").click()
        else:
            room.evaluate("() => { plannerPage.map().setView([50, 10], 4, { animate: false }); }")
            box.locator("[data-key='show E3']").click()
        room.evaluate(PAINTED)
        assert room.evaluate(SEEN), step


# ---- a phone ----


@pytest.fixture(scope="module")
def phone(browser: Browser, town: Path) -> Iterator[Page]:
    page, watch = begun(browser, town, viewport={"width": 390, "height": 844}, has_touch=True)
    yield page
    assert watch.troubles == []


ON_TOP = """(key) => {
  const one = document.querySelector(`[data-key="${key}"]`), { left, right, top, bottom } = one.getBoundingClientRect();
  return document.elementFromPoint((left + right) / 2, (top + bottom) / 2) === one;
}"""


ABOVE = """(y) => document.querySelector(".pm-live-chosen").getBoundingClientRect().bottom <= y"""


def shown_on_top(page: Page, *keys: str) -> list[bool]:
    return [page.evaluate(ON_TOP, key) for key in keys]


def test_on_a_phone_an_open_card_leaves_undo_and_the_sheets_bar_free(phone: Page) -> None:
    phone.locator("#pl-panel").evaluate("(one) => { one.scrollTop = 400; }")
    asked(phone, "session.focus({ site: 'E1' })")
    phone.evaluate(PAINTED)
    card = phone.locator(".pm-live-dock")
    before = card.bounding_box()
    assert before is not None
    assert before["height"] > 150
    assert before["y"] + before["height"] <= 845
    assert shown_on_top(phone, "sheet", "redo") == [True, True]
    card.get_by_role("button", name="假如撤掉").tap()
    phone.evaluate(PAINTED)
    assert shown_on_top(phone, "sheet", "undo", "back") == [True] * 3
    phone.locator("[data-key=undo]").tap()
    assert asked(phone, "session.edit.closed") == []
    assert card.is_visible()
    phone.locator("[data-key=sheet]").tap()
    phone.evaluate(PAINTED)
    folded = card.bounding_box()
    assert folded is not None
    assert shown_on_top(phone, "sheet") == [True]
    assert folded["height"] > 150
    phone.wait_for_function(ABOVE, arg=folded["y"])  # the map glides: what the card is of stays in sight
    phone.locator("[data-key=sheet]").tap()
    phone.evaluate(PAINTED)
    assert card.bounding_box() == before
    phone.set_viewport_size({"width": 390, "height": 420})
    phone.evaluate(PAINTED)
    low = card.bounding_box()
    assert low is not None
    assert low["height"] > 120
    assert shown_on_top(phone, "sheet", "compare") == [True] * 2, "a low window"
    phone.set_viewport_size({"width": 390, "height": 844})
    phone.evaluate(PAINTED)
    assert card.bounding_box() == before
    card.locator(".pm-live-close").tap()
    assert phone.locator(".pl-last").is_visible(), "without a card the head is whole again"


WHOLE = "() => plannerPage.map().getBounds().contains(plannerPage.data.bounds)"


def test_on_a_phone_the_whole_plan_stays_in_sight_and_the_bubble_on_top(phone: Page) -> None:
    phone.evaluate("() => { plannerPage.map().fitBounds(plannerPage.data.bounds, { animate: false }); }")
    for _ in range(2):
        phone.locator("[data-key=sheet]").tap()
        phone.evaluate(PAINTED)
        assert phone.evaluate(WHOLE)
    phone.evaluate("() => { const { scene } = plannerLive.now; scene.move(scene.items[0]); }")
    phone.evaluate(PAINTED)
    hidden = "(id) => getComputedStyle(document.getElementById(id)).visibility === 'hidden'"
    assert [phone.evaluate(hidden, one) for one in ("pm-layers", "pm-search")] == [True, True]
    phone.evaluate("() => plannerLive.now.scene.carry.cancel()")
    assert phone.evaluate(hidden, "pm-layers") is False


# ---- paper ----

MANY = """(count) => {
  const { session } = plannerLive.now, { edits } = plannerLive, { type } = session.meta.prices[0];
  let edit = edits.close(session.edit, "E5");
  for (let n = 0; n < count; n += 1) {
    const at = [10.001 + 0.0001 * n, 50.004], name = `第${n}处${"很长的名字".repeat(n % 9)}`;
    edit = edits.add(edit, { at, name, type, year: session.lastYear });
  }
  session.apply(edit, "x");
}"""

SHEET = """() => {
  window.dispatchEvent(new Event("beforeprint"));
  const panel = document.getElementById("pl-panel"), bottom = panel.getBoundingClientRect().bottom;
  const told = [...panel.querySelectorAll(".pl-printed li")].map((one) => one.textContent);
  const sums = [...panel.querySelectorAll(".pl-printed p")].map((one) => one.textContent);
  const isWhole = panel.querySelector(".pl-keys").getBoundingClientRect().bottom <= bottom;
  const found = { told, over: panel.scrollHeight - panel.clientHeight, zoom: Number(panel.style.zoom), isWhole, sums };
  window.dispatchEvent(new Event("afterprint"));
  return found;
}"""


@pytest.mark.parametrize("count", [3, 200])
def test_a_sheet_with_very_many_changes_cuts_nothing_and_says_how_many_more(room: Page, count: int) -> None:
    room.evaluate(MANY, count)
    found = room.evaluate(SHEET)
    all_of_them = asked(room, "plannerLive.compare.changes(session)")
    assert found["over"] <= 1
    assert found["zoom"] >= LEAST_ZOOM
    assert found["isWhole"], "the key of the map"
    assert found["sums"][0].startswith("费用（含")
    assert found["sums"][1].startswith("目标达到：原方案")
    if count == 3:
        assert found["told"] == all_of_them
        return
    *told, last = found["told"]
    assert told == all_of_them[: len(told)]
    assert len(told) >= 5
    assert last == say("live.more_changes", "zh", n=len(all_of_them) - len(told))


def test_where_many_standards_stand_above_the_changes_fewer_are_printed(room: Page) -> None:
    room.evaluate(MANY, 200)
    usual = len(room.evaluate(SHEET)["told"])
    above = room.locator(".pl-standards")
    above.evaluate("(one) => { one.style.paddingBottom = '230px'; }")
    found = room.evaluate(SHEET)
    above.evaluate("(one) => { one.style.paddingBottom = ''; }")
    assert found["over"] <= 1
    assert found["isWhole"]
    assert 2 <= len(found["told"]) < usual
    assert room.locator(".pl-printed li").count() == usual, "the next sheet has room again"


def test_the_key_of_the_live_map_has_the_shapes_of_sites(room: Page) -> None:
    key = room.locator(".pm-live-key")
    assert key.is_visible()
    words = key.locator("span").all_inner_texts()
    names = asked(room, "plannerPage.data.sites.groups.map((one) => one.name)")
    assert {one.split("（")[0] for one in names} < set(words)
    assert words[-1] == say("livemap.title_ghost", "zh")
    boxes = [one.bounding_box() for one in (key, room.locator("#pm-layers"))]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["y"] >= boxes[1]["y"] + boxes[1]["height"], "the list of layers stays free"


# ---- names ----

SPOILT = "甲\u0001\u0000乙\t丙\u007f\u0085丁\ufffe"


def test_a_name_with_control_characters_is_handed_back_as_a_run_reads_it(room: Page, town: Path) -> None:
    room.locator("[data-key='add type']").select_option("gig_station")
    room.locator("[data-key='add start']").click()
    room.locator("[data-key='add center']").click()
    typing = """(field, name) => {
      field.value = `${name}\\ud800`;
      field.dispatchEvent(new Event("change"));
    }"""
    part(room, "建设次序").locator(".pl-name").evaluate(typing, SPOILT)
    assert asked(room, "session.edit.plan[session.edit.plan.length - 1].name") == "甲乙 丙丁"
    apart = "{ ...session.edit.plan[session.edit.plan.length - 1], name: 'a\\u0002b', at: [10.01, 50.006] }"
    asked(room, f"session.apply(plannerLive.edits.add(session.edit, {apart}), 'x')")
    room.locator("[data-key=back]").click()
    room.locator("[data-key='back name']").evaluate(
        "(field) => { field.value = '再\\u0003看'; field.dispatchEvent(new Event('input')); }"
    )
    with room.expect_download() as download:
        room.locator("[data-key=download]").click()
    room.keyboard.press("Escape")
    path = town / download.value.suggested_filename
    path.write_bytes(Path(download.value.path()).read_bytes())
    read = tomllib.loads(path.read_text(encoding="utf-8"))
    assert read["title"].endswith("（现场推演 再看）")
    done = run_scenario(path, town, live=False)
    assert done.exit_code in (0, 3)
    opened = {one["name"] for one in done.record["plan"]["opened"] if one["site_id"].startswith("live-")}
    assert opened == {"甲乙 丙丁", "ab"}


def test_a_name_of_control_characters_alone_is_none(room: Page) -> None:
    found = room.evaluate(
        "(names) => names.map(plannerLive.handback.plain)", ["\u0001", " a\r\nb ", "\u2028", "😀\u202e"]
    )
    assert found == ["", "a b", "", "😀\u202e"]


# ---- a load without what it is checked against ----


def of_other_meta(html: str, change: Callable[[dict[str, Any]], object]) -> str:
    holder = HOLDER.search(html)
    assert holder is not None
    data = gzip.decompress(base64.b64decode(holder[2]))
    (length,) = struct.unpack("<I", data[8:12])
    header = json.loads(data[12 : 12 + length])
    change(header["meta"])
    text = json.dumps(header).encode()
    other = data[:8] + struct.pack("<I", len(text)) + text + data[12 + length :]
    return html.replace(holder[1], livebytes.crc(other)).replace(holder[2], livebytes.text_of(other))


@pytest.mark.parametrize(
    "change",
    [
        lambda meta: meta.pop("signed"),
        lambda meta: meta["signed"].pop("today"),
        lambda meta: meta["signed"].update(today=None),
        lambda meta: meta["signed"].pop("plan"),
        lambda meta: meta["signed"].update(plan=None),
    ],
)
def test_a_load_that_nothing_can_be_checked_against_is_damaged(
    browser: Browser, town: Path, tmp_path: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    path = tmp_path / "map.html"
    html = (town / "livetown/map.html").read_text(encoding="utf-8")
    path.write_text(of_other_meta(html, change), encoding="utf-8", newline="")
    page, watch = open_page(browser, path)
    assert page.evaluate("() => plannerLive.ready") is None
    assert page.locator(".pm-live-note p").inner_text() == say("livepage.damaged", "zh")
    assert page.locator("#pm-live").count() == 0
    assert watch.troubles == []
    page.context.close()


# ---- whom a share is of ----

CLOSED = """(standard) => {
  const { session } = plannerLive.now;
  session.show(standard);
  session.apply(plannerLive.edits.close(session.edit, "E4"), "x");
}"""


def part_of(covered: int, people: int) -> str:
    """A share as the page writes it, rounded down."""
    tenths = covered * 1000 // people
    return f"{tenths // 10}.{tenths % 10}%"


def test_a_signed_share_is_of_those_that_the_signed_figures_count(room: Page) -> None:
    room.evaluate(CLOSED, 0)
    before, after, places = (
        asked(room, f"session.{what}") for what in ("base.standards[0]", "figures.standards[0]", "meta.districts")
    )
    at = places.index("西区")
    (counted, signed), (people, covered) = before["districts"][at], after["districts"][at]
    assert counted != people, "checks that the edit overtakes change who is counted"
    assert part_of(signed, counted) != part_of(signed, people)
    row = part(room, "各区").locator("tr", has_text="西区")
    assert row.locator("td").all_inner_texts()[:2] == [part_of(signed, counted), part_of(covered, people)]
    assert row.locator(".pl-fine").inner_text() == f"{counted:,} → {people:,} 人"
    bars = row.locator(".pl-bar i").evaluate_all("(all) => all.map((one) => one.style.width)")
    assert bars == [part_of(signed, counted), part_of(covered, people)]
    room.locator("[data-key=compare]").click()
    name = f"西区 · {asked(room, 'session.meta.standards[0].name')}"
    told = room.locator(".pl-compare tr", has_text=name).locator("td").all_inner_texts()
    room.keyboard.press("Escape")
    assert told[-3:-1] == [part_of(signed, counted), part_of(covered, people)]


LOST = """() => {
  const { session } = plannerLive.now, { city } = session, { base, figures } = session;
  const people = [session.start, session.edit].map((edit) => Array.from(city.unitPeople(edit, 2)));
  const lost = Array.from(base.units[2]).flatMap((state, u) => (state === 2 && figures.units[2][u] !== 2 ? [u] : []));
  const sum = (of) => lost.reduce((total, u) => total + of[u], 0);
  return { n: lost.length, before: sum(people[0]), after: sum(people[1]) };
}"""


def test_lost_communities_have_the_people_that_were_counted_there(room: Page) -> None:
    room.evaluate(CLOSED, 2)
    found = room.evaluate(LOST)
    assert found["before"] > found["after"], "of one community nobody is counted any more"
    told = part(room, "社区得失").locator("h3.pl-less").inner_text()
    assert told == say("live.units_lost", "zh", n=found["n"], people=f"{found['before']:,}")


def test_a_goal_of_communities_for_a_group_is_named_so(room: Page) -> None:
    goals = asked(room, "session.meta.goals.map((goal) => [goal.id, plannerLive.names.goalName(session, goal)])")
    names = dict(goals)
    assert names["line-young"].endswith("：33.5%的社区（按青年算）")
    assert names["line-elder"].endswith("：10%的老年人")
    assert names["walk-towns"].endswith("：25%的社区")


# ---- a table wider than the panel ----


def test_a_table_wider_than_the_panel_is_seen_to_scroll(room: Page) -> None:
    why = part(room, "某区为什么低")
    wide = why.locator(".pl-wide")
    wide.wait_for()
    over = "(one) => one.scrollWidth - one.clientWidth"
    assert wide.evaluate(over) > 0
    assert why.locator("p:visible").first.inner_text() == say("live.why_wide", "zh")
    assert wide.evaluate("(one) => getComputedStyle(one, '::-webkit-scrollbar').height") == "10px", "a bar that stays"
    last = "(one) => one.querySelector('thead th:last-child').getBoundingClientRect().right"
    wide.evaluate("(one) => { one.scrollLeft = one.scrollWidth; }")
    assert wide.evaluate(f"(one) => ({last})(one) - one.getBoundingClientRect().right") <= 1
