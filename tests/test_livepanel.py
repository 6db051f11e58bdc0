"""The panel of the live map: edits as data, the scenario that is handed back, and what the room sees and does."""

from __future__ import annotations

import datetime as dt
import json
import random
import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from browser import PAINTED, launched, new_tab, open_page
from liveedits import ENGINE, OPENED
from livenode import LIVE, run_node
from livetown import write_town
from planner.words import say, sentences
from runs import run_scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page

    from browser import Watch

WRITTEN = (
    "kit",
    "names",
    "offroad",
    "tables",
    "lists",
    "seek",
    "asks",
    "compare",
    "handback",
    "basis",
    "leave",
    "panel",
)
"""Scripts that speak to the room."""

HOSTILE = "</script><img src=x onerror=alert(1)>\u202e&amp;`${1}`'"
DONE = 2, 3
"""Exit codes of a run that wrote a result: 0 beside them."""


# ---- edits ----

START: dict[str, Any] = {
    "speed": "4.0",
    "metric": "own",
    "rule": "0.5",
    "closed": [],
    "moved": {},
    "plan": [
        {"site": "C1", "type": "a", "size": "", "year": 2026},
        {"site": "E1", "type": "b", "size": "大", "year": 2027},
        {"site": "C1", "type": "b", "size": "", "year": 2026},
    ],
}

LAWS = """(live, start) => {
  const e = live.edits, before = JSON.stringify(start), here = [117.12345678, 36.1], found = {};
  const option = start.plan[1], moved = e.movePlanned(start, 0, here);
  const closed = e.close(e.moveSite(start, "E1", here), "E1");
  found.toggled = e.same(e.toggle(e.toggle(start, 1), option, start), start);
  found.inOrder = e.toggle(e.toggle(start, 1), option, start).plan.map((one) => one.site + one.type);
  found.last = e.toggle(e.toggle(start, 0), start.plan[0]).plan.map((one) => one.site + one.type);
  found.moved = moved.plan[0];
  found.untickedMoved = e.toggle(moved, start.plan[0]).plan.length;
  found.back = e.same(e.putBack(moved, 0), start);
  found.closed = [closed.closed, closed.moved, closed.plan.map((one) => one.site)];
  found.fixed = e.moveSite(closed, "E1", here) === closed;
  found.open = [e.reopen(closed, "E1").closed, e.reopen(e.moveSite(start, "E2", here), "E2").moved];
  found.notBack = e.putBack(e.close(e.movePlanned(start, 1, here), "E1"), 1).plan[1].at;
  found.twice = e.add(start, option) === start;
  const small = { site: "E1", type: "b", size: "小", year: 2026 };
  const told = (edit) => edit.plan.map((one) => one.site + one.type + one.size);
  found.size = told(e.add(start, small));
  found.sizes = told(e.putBack(e.add(e.movePlanned(start, 1, here), small), 1));
  found.added = e.add(start, { at: here, type: "c", year: 2026 }).plan[3];
  found.set = e.set(start, { speed: "4.8" });
  found.budget = e.budget(closed, start.plan).plan.map((one) => one.site + one.type);
  found.year = e.setYear(start, 2, 2030).plan.map((one) => one.year);
  found.names = [e.rename(start, 0, "x") , e.rename(moved, 0, "x").plan[0].name];
  const one = { ...start, closed: ["a", "b"], moved: { p: [1, 2], q: [3, 4] } };
  found.key = e.same(one, { ...start, closed: ["b", "a"], moved: { q: [3, 4], p: [1, 2] } });
  found.untouched = JSON.stringify(start) === before;
  return found;
}"""


def test_an_edit_is_changed_by_a_new_one() -> None:
    found = run_node(["edits.js"], LAWS, START)
    here = [117.1234568, 36.1]
    moved = {"at": here, "from": "C1", "name": "", "type": "a", "size": "", "method": "", "year": 2026}
    assert found == {
        "toggled": True,
        "inOrder": ["C1a", "E1b", "C1b"],
        "last": ["E1b", "C1b", "C1a"],
        "moved": moved,
        "untickedMoved": 2,
        "back": True,
        "closed": [["E1"], {}, ["C1", "C1"]],
        "fixed": True,
        "open": [[], {}],
        "notBack": here,
        "twice": True,
        "size": ["C1a", "C1b", "E1b小"],
        "sizes": ["C1a", "E1b大", "C1b"],
        "added": {**moved, "from": None, "type": "c"},
        "set": {**START, "speed": "4.8"},
        "budget": ["C1a", "C1b"],
        "year": [2026, 2027, 2030],
        "names": [START, "x"],
        "key": True,
        "untouched": True,
    }


SESSION = """(live, start) => {
  const city = {
    get start() { return JSON.parse(JSON.stringify(start)); },
    get today() { return { ...this.start, plan: [] }; },
    figures: (edit) => {
      asked += 1;
      return { standards: [{ covered: edit.plan.length }, { covered: 7 }], units: [{ length: states }] };
    },
    load: { meta: {
      sites: [{ id: "C1" }, { id: "E1" }], years: [2026],
      options: [{ site: 0, type: "a", size: "" }, { site: 1, type: "z", size: "" }],
    } },
  };
  let asked = 0, states = 10;
  const session = live.session(city), e = live.edits, told = [], seen = [];
  const end = session.on((_, what) => told.push(what));
  const note = () => seen.push([
    session.figures.standards[0].covered, session.words, session.past.length, session.future.length, session.isChanged,
  ]);
  session.apply(e.toggle(session.edit, 1), "one"); note();
  session.apply(e.toggle(session.edit, 0), "two"); note();
  session.undo(); note(); session.undo(); note(); session.undo(); note();
  session.redo(); note();
  session.apply(session.edit, "nothing"); note();
  session.apply(e.set(session.edit, { speed: "3.2" }), "three"); note();
  session.redo(); note();
  const shut = live.session(city);
  shut.apply(e.toggle(shut.edit, 0), "one");
  shut.apply(e.close(shut.edit, "E1"), "shut");
  const open = shut.withOpen("E1");
  session.reset("reset"); note(); session.undo(); note();
  session.preview({ covered: [1] }); session.show(1); session.show(1);
  session.add({ type: "a" }); session.turn(true); session.turn(false);
  end();
  session.turn(true);
  const before = asked;
  session.figuresOf(e.set(session.edit, { speed: "3.2" }));
  const kept = asked - before, everything = session.everything(session.start).plan.length;
  const steps = session.past.map((one) => Object.keys(one));
  states = 400000; // of a large city: the figures of two edits are kept
  [1, 2, 3, 4].forEach((year) => session.apply(e.add(session.edit, { at: [1, 2], type: "c", year }), "more"));
  const begun = asked, past = [1, 2, 3, 4].map(() => (session.undo(), session.figures.standards[0].covered));
  const counted = asked - begun, { previewed, adding } = session;
  return { steps, past, counted, seen, told, kept, previewed, adding, everything, open };
}"""


def test_a_session_keeps_what_was_done_and_what_may_be_done_again() -> None:
    found = run_node(["edits.js", "shelf.js", "session.js"], SESSION, START)
    assert found["seen"] == [
        [2, "one", 1, 0, True],
        [1, "two", 2, 0, True],
        [2, "one", 1, 1, True],
        [3, "", 0, 2, False],
        [3, "", 0, 2, False],
        [2, "one", 1, 1, True],
        [2, "one", 1, 1, True],
        [2, "three", 2, 0, True],
        [2, "three", 2, 0, True],
        [3, "reset", 3, 0, False],
        [2, "three", 2, 1, True],
    ]
    assert found["told"] == ["edit"] * 8 + ["preview", "standard", "adding", "live", "adding", "live"]
    assert (found["kept"], found["previewed"], found["adding"], found["everything"]) == (0, None, None, 4)
    assert [entry["site"] for entry in found["open"]["plan"]] == ["E1", "C1"], "what was left out before stays so"
    assert found["open"]["closed"] == []
    assert found["steps"] == [["edit", "words"]] * 2, "figures of a large city are megabytes"
    assert (found["past"], found["counted"]) == ([5, 4, 3, 2], 3)


SHELF = """(live, asked) => {
  const shelf = live.shelf(10), found = [];
  for (const [key, size] of asked) {
    if (size) { shelf.put(key, `${key}${size}`, size); } else { found.push(shelf.get(key) || null); }
  }
  return found;
}"""


def test_a_shelf_keeps_what_was_asked_for_last_within_its_room() -> None:
    asked = [("a", 4), ("b", 4), ("a", 0), ("c", 4), ("a", 0), ("b", 0), ("c", 2), ("d", 4), ("a", 0), ("c", 0)]
    assert run_node(["shelf.js"], SHELF, asked) == ["a4", "a4", None, "a4", "c2"]
    assert run_node(["shelf.js"], SHELF, [("a", 4), ("b", 40), ("a", 0), ("b", 0), ("a", 1), ("b", 0)]) == [
        None,
        "b40",
        None,
    ]


# ---- the file that is handed back ----

STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def texts() -> list[str]:
    """Names as nobody would write them, and many at random."""
    rng = random.Random(8)  # noqa: S311
    signs = [
        *map(chr, range(0x250)),
        *"\"\\'#=[]{}\u061c\u200e\u2028\u202e\u2066\ufeff\ud7ff\ue000\uffff\U0001f600中文",
    ]
    found = [
        HOSTILE,
        "",
        '"',
        '"""',
        "\\",
        "\\u0041",
        "a\r\nb = 1",
        "\x00\x1f\x7f\x80",
        "[[site]]",
        " #",
        "\ufeffx",
        "𠮷",
    ]
    return found + ["".join(rng.choices(signs, k=rng.randrange(12))) for _ in range(400)]


def test_any_name_is_read_from_the_file_as_it_was_and_steers_nothing() -> None:
    given = texts()
    written = run_node(["edits.js", "handback.js"], "(live, texts) => texts.map(live.handback.text)", given)
    assert [tomllib.loads(f"name = {text}") for text in written] == [{"name": text} for text in given]
    assert [text for text in written if STEERING.search(text) or "\n" in text] == []
    half = run_node(["edits.js", "handback.js"], r'(live) => live.handback.text("a\ud800b\udc00\ud83d\ude00")')
    assert tomllib.loads(f"name = {half}") == {"name": "a\ufffdb\ufffd😀"}


def test_places_are_read_from_the_file_to_the_bit() -> None:
    rng = random.Random(9)  # noqa: S311
    cells = [
        0,
        1,
        -1,
        1_800_000_000,
        -1_800_000_000,
        10,
        *(rng.randrange(-1_800_000_000, 1_800_000_000) for _ in range(2000)),
    ]
    given = [cell / 1e7 for cell in cells]
    written = run_node(["edits.js", "handback.js"], "(live, places) => places.map(live.handback.degrees)", given)
    assert [tomllib.loads(f"at = {text}")["at"] for text in written] == given
    assert [Decimal(text) for text in written] == [Decimal(cell).scaleb(-7) for cell in cells]
    assert all(re.fullmatch(r"-?\d+\.\d+", text) for text in written)
    assert run_node(["edits.js", "handback.js"], "(live) => live.handback.degrees(-0)") == "0.0"


def test_the_name_of_the_file_is_safe() -> None:
    names = [
        ["sample-2026", "1"],
        ["示例市 方案", "再 看"],
        ["../../x", "..\\y"],
        ["...", ""],
        ["-a-", "-"],
        ["con", ""],
        ["长" * 90, "b" * 90],
        [HOSTILE, HOSTILE],
    ]
    found = run_node(
        ["edits.js", "handback.js"],
        "(live, names) => names.map(([name, more]) => live.handback.childName(name, more))",
        names,
    )
    assert found[:6] == ["sample-2026-live-1", "示例市方案-live-再看", "x-live-y", "plan-live", "a-live", "con-live"]
    deep = run_node(
        ["edits.js", "handback.js"],
        "(live, first) => { const all = [first];"
        " for (let k = 0; k < 12; k += 1) { all.push(live.handback.childName(all[k], '1')); } return all; }",
        "sample-2026",
    )
    assert len(set(deep)) == len(deep), "a plan that is handed back again and again never comes to a name of before"
    assert max(map(len, deep)) <= 60
    assert [name for name in found if not re.fullmatch(r"[\w-]{1,80}", name) or name.startswith("-")] == []


# ---- a town, and what is handed back of it ----


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the town with every feature, with a name that nobody would give; return the folder of results."""
    folder = tmp_path_factory.mktemp("town")
    path = write_town(folder)
    sites = (folder / "sites.csv").read_text(encoding="utf-8")
    (folder / "sites.csv").write_text(
        sites.replace("候选4", f'"{HOSTILE}"').replace("老站", f'"E{HOSTILE}"'), encoding="utf-8"
    )
    run_scenario(path, folder / "out", live=True)
    return folder / "out"


HANDED = """(live, city, input) => {
  const { sites, prices } = city.load.meta, e = live.edits, start = city.start;
  let edit = e.set(start, { speed: "4.8", rule: "0.6", metric: "straight" });
  edit = e.moveSite(e.close(edit, "E5"), "E1", [10.0051, 50.0042]);
  edit = e.movePlanned(edit, 0, [10.0102, 50.0074]);
  edit = e.toggle(edit, 1);
  edit = e.movePlanned(edit, edit.plan.length - 1, [10.011, 50.003]);
  for (const [i, { type, method, size }] of prices.slice(0, 2).entries()) {
    const place = { at: [10.002 + 0.004 * i, 50.009], name: input.name, year: 2026 };
    edit = e.add(edit, { ...place, type, method: method || "", size: size || "" });
  }
  const nameOf = (entry) => entry.name || "移位";
  const told = { name: "livetown-live-1", title: input.name, told: ["a\\nb = 1"], nameOf };
  const toml = (one) => live.handback.toml(city, one, told);
  return {
    edit, figures: city.figures(edit), toml: toml(edit), empty: toml({ ...start, plan: [] }), same: toml(start), sites,
  };
}"""

HOLDER = re.compile(r'id="planner-live" data-version="(\d+)" data-crc32="(\w+)">([^<]*)<')


@pytest.fixture(scope="session")
def handed(town: Path) -> dict[str, Any]:
    """Open the town's page in Node, edit it and hand it back."""
    holder = HOLDER.search((town / "livetown/map.html").read_text(encoding="utf-8"))
    assert holder is not None
    sent = {"text": holder[3], "version": int(holder[1]), "crc": holder[2], "name": HOSTILE}
    found: dict[str, Any] = json.loads(
        run_node([*ENGINE, "edits.js", "handback.js"], OPENED.replace("WORK", HANDED), sent)
    )
    return found


def test_the_file_says_what_differs_and_all_that_is_built(handed: dict[str, Any]) -> None:
    edit, read = handed["edit"], tomllib.loads(handed["toml"])
    assert (read["name"], read["title"], read["extends"]) == ("livetown-live-1", HOSTILE, "livetown/scenario.toml")
    assert (read["roads"], read["demand"]) == ({"walk_kph": 4.8}, {"community_rule": 0.6})
    assert {one["metric"] for one in read["standard"]} == {"straight"}
    rows = {row["site_id"]: row for row in read["site"]}
    assert rows["E5"] == {"site_id": "E5", "operating": "停运", "closed_on": dt.date(2026, 6, 30)}
    assert rows["E1"] == {"site_id": "E1", "lon": 10.0051, "lat": 50.0042}
    rooms = [entry for entry in edit["plan"] if "at" in entry]
    assert [[row["lon"], row["lat"]] for key, row in rows.items() if key.startswith("live-")] == [
        one["at"] for one in rooms
    ]
    assert [row["name"] for key, row in rows.items() if key.startswith("live-")] == [
        one["name"] or "移位" for one in rooms
    ]
    assert [one["type"] for one in read["build"]] == [one["type"] for one in edit["plan"]]
    assert [one["year"] for one in read["build"]] == [one["year"] for one in edit["plan"]]
    assert [one.get("size", "") for one in read["build"]] == [one["size"] for one in edit["plan"]]
    ids = [site["id"] for site in handed["sites"]]
    assert [key for key in rows if key.startswith("live-") and key in ids] == []


def test_a_file_without_edits_names_the_plan_alone(handed: dict[str, Any]) -> None:
    assert set(tomllib.loads(handed["same"])) == {"name", "title", "extends", "build"}
    assert tomllib.loads(handed["empty"])["build"] == []


def test_a_run_of_the_file_gives_the_figures_of_the_room(town: Path, handed: dict[str, Any]) -> None:
    path = town / "livetown-live-1.toml"
    path.write_text(handed["toml"], encoding="utf-8", newline="")
    run = run_scenario(path, town, live=False).record
    figures = handed["figures"]
    assert [one["covered_plan"] for one in run["standards"]] == [one["covered"] for one in figures["standards"]]
    last = max(goal["year"] for goal in run["goals"])
    told = [
        [goal["whole"], goal["needed"], goal["reached_plan"], goal["met"]]
        for goal in run["goals"]
        if goal["year"] == last
    ]
    assert told == [
        [one[key] for key in ("whole", "needed", "reached", "met")] for goal in figures["goals"] if goal for one in goal
    ]
    cost = figures["cost"]
    assert [run["plan"][key] for key in ("cost_once_yuan", "cost_yearly_yuan", "cost_yuan", "estimated_yuan")] == [
        cost[key] for key in ("once", "yearly", "total", "estimated")
    ]
    assert {one["name"] for one in run["plan"]["opened"] if one["site_id"].startswith("live-")} == {HOSTILE, "移位"}
    assert run["title"] == HOSTILE


# ---- words ----


def test_every_word_of_the_panel_is_there_and_used() -> None:
    text = "".join((LIVE / f"{name}.js").read_text(encoding="utf-8") for name in WRITTEN)
    known = {key.removeprefix("live.") for key in sentences() if key.startswith("live.")}
    named = set(re.findall(r'(?<![\w.])words\.([a-z_0-9]+)|\bsay\("([a-z_0-9]+)"', text))
    assert {key for pair in named for key in pair if key} - known == set()
    built = {f"{name}_" for name in re.findall(r"(?:words\[|say\()`([a-z_]+)_\$", text)} | {
        f"{name}_" for name in re.findall(r": `([a-z]+)_\$", text)
    }
    quoted = set(re.findall(r'"([a-z_0-9]+)"|words\.([a-z_0-9]+)', text))
    used = {key for pair in quoted for key in pair if key}
    assert {key for key in known - used if not key.startswith(tuple(built))} == set()


# ---- the panel ----


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def tab(browser: Browser) -> tuple[Page, Watch]:
    """Open the tab in which tests open the town's page one after the other."""
    return new_tab(browser, viewport={"width": 1366, "height": 768})


@pytest.fixture
def room(tab: tuple[Page, Watch], town: Path) -> Iterator[Page]:
    """Open the town's page with the panel in it; whatever a test does there, the page stays quiet."""
    page, watch = tab
    watch.forget()
    page.goto((town / "livetown/map.html").as_uri())
    page.evaluate("() => plannerLive.ready")
    page.locator("#pm-live").click()
    page.evaluate(PAINTED)
    yield page
    page.goto("about:blank")  # ends what the page still counts, and nothing of it is left for the next test
    assert watch.troubles == []
    assert watch.outside == []


def part(page: Page, name: str) -> Locator:
    """Return a part of the panel by what its heading begins with, open."""
    box = page.locator(".pl-part", has=page.locator(f"summary:text-matches('^{name}')"))
    if not box.evaluate("(one) => one.open"):
        box.locator("summary").click()
        page.evaluate(PAINTED)
    return box


def rows_of(box: Locator) -> list[list[str]]:
    return [row.locator("th, td").all_inner_texts() for row in box.locator("tbody tr").all()]


def asked(page: Page, what: str) -> Any:
    """Return what an expression of the page's `session` gives."""
    script = f"() => {{ const {{ session }} = plannerLive.now; return JSON.stringify({what}) || 'null'; }}"
    return json.loads(page.evaluate(script))


def figures_of(page: Page, which: str = "figures") -> Any:
    return asked(page, f"session.{which}")


def test_the_panel_shows_signed_and_live_figures_and_undoes_what_was_done(room: Page, town: Path) -> None:
    run = json.loads((town / "livetown/run.json").read_text(encoding="utf-8"))
    standards = room.locator(".pl-standard")
    assert [
        f"{one['covered_plan']:,} / {one['people']:,} 人" in text
        for one, text in zip(run["standards"], standards.all_inner_texts(), strict=True)
    ] == [True] * standards.count()
    assert not room.locator("#pm-panel").is_visible()
    boxes = room.locator(".pl-part input[type=checkbox]")
    count = boxes.count()
    assert count == len(run["plan"]["opened"])
    boxes.first.focus()
    room.keyboard.press("Space")
    assert room.evaluate("() => document.activeElement.dataset.key").startswith("tick "), "the box keeps the focus"
    assert not boxes.first.is_checked()
    assert figures_of(room)["cost"]["once"] < run["plan"]["cost_once_yuan"]
    assert f"{run['standards'][0]['covered_plan']:,} / " in standards.first.inner_text(), "the signed figure stays"
    room.locator("[data-key=undo]").click()
    assert boxes.first.is_checked()
    room.locator("[data-key=redo]").click()
    room.locator("[data-key=reset]").click()
    assert figures_of(room) == figures_of(room, "base")
    room.locator("#pm-live").click()
    assert not room.locator("#pl-panel").is_visible()
    assert room.locator("#pm-panel").is_visible()


def test_a_page_that_is_opened_again_shows_the_signed_plan(room: Page) -> None:
    room.locator(".pl-part input[type=checkbox]").first.click()
    room.reload()
    room.evaluate("() => plannerLive.ready")
    assert room.evaluate("() => [plannerLive.now.session.isChanged, localStorage.length, sessionStorage.length]") == [
        False,
        0,
        0,
    ]
    assert not room.locator("#pl-panel").is_visible()


def test_while_something_is_dragged_its_figures_stand_in_the_place_of_the_rooms(room: Page) -> None:
    standards = room.locator(".pl-standard")
    height = standards.first.bounding_box()
    asked(room, "session.preview({ covered: session.figures.standards.map(() => 12), communities: [0, 0, 0, 0] })")
    assert "移动中" in standards.first.inner_text()
    assert "12 / " in standards.first.inner_text()
    assert standards.first.bounding_box() == height, "nothing jumps under the hand"
    asked(room, "session.preview(null)")
    assert "移动中" not in standards.first.inner_text()
    assert figures_of(room, "isChanged") is False


def test_switches_change_the_figures_and_mark_what_decides(room: Page) -> None:
    box = part(room, "计算口径")
    assert "3.6（判定口径）" in box.inner_text()
    assert "55%（判定口径）" in box.inner_text()
    before = figures_of(room)["standards"][0]["covered"]
    room.locator("[data-key='speed 4.8']").check()
    assert figures_of(room)["standards"][0]["covered"] > before
    assert room.locator("summary", has_text="已不同于判定口径").count() == 1
    room.locator("[data-key='rule 1']").check()
    assert "步行速度" in room.locator("[data-key=undo]").evaluate(
        "() => plannerLive.now.session.past.map((one) => one.words).join()"
    )


def test_a_place_of_the_room_is_added_named_and_removed(room: Page) -> None:
    plan = part(room, "建设次序")
    room.locator("[data-key='add type']").select_option("gig_station")
    room.locator("[data-key='add start']").click()
    assert "请在地图上点一下" in plan.inner_text()
    room.locator("[data-key='add center']").click()
    field = plan.locator(".pl-name")
    assert field.input_value() == "现场新点1"
    field.fill(HOSTILE)
    field.press("Enter")
    assert figures_of(room, "edit")["plan"][-1]["name"] == HOSTILE
    assert room.locator("#pl-panel img").count() == 0
    field.fill("甲")
    plan.locator("[data-key^='tick ']").first.click()  # what ends the typing is done as well
    room.wait_for_function("() => plannerLive.now.session.edit.plan.some((entry) => entry.name === '甲')")
    assert len(figures_of(room, "edit")["plan"]) == len(figures_of(room, "start")["plan"])
    plan.locator("[data-key^='tick ']").first.click()
    field.fill("乙")
    plan.locator("[data-key^='remove ']").click()
    room.evaluate(PAINTED)
    assert figures_of(room) == figures_of(room, "base")


def test_the_button_says_how_to_leave(room: Page) -> None:
    button = room.locator("#pm-live")
    assert button.inner_text() == "退出推演"
    button.click()
    assert (button.inner_text(), button.get_attribute("aria-expanded")) == ("现场推演", "false")
    assert not room.locator("#pl-panel").is_visible()
    button.click()
    assert button.inner_text() == "退出推演"


def test_a_closed_outlet_tells_who_goes_where_and_comes_back(room: Page) -> None:
    box = part(room, "现有网点")
    room.locator("[data-key=outlet]").select_option("E3")
    told = asked(room, "session.city.closing(session.edit, 'E3', session.standard)")
    assert told["nearest"] > 0
    assert f"以它为最近网点的 {told['nearest']:,} 人" in box.inner_text()
    assert [f"{move['people']:,} 人" in box.inner_text() for move in told["moves"][:5]] == [True] * len(
        told["moves"][:5]
    )
    room.locator("[data-key='close outlet']").click()
    assert figures_of(room, "edit")["closed"] == ["E3"]
    assert "推演方案建成后" in box.inner_text()
    assert "撤并现有网点省下的钱没有算进费用" in part(room, "费用").inner_text()
    assert box.locator(".pl-mark").inner_text() == "假定撤并"
    box.locator("[data-key='reopen E3']").click()
    assert figures_of(room, "isChanged") is False


def test_closing_tells_minutes_where_time_decides_and_no_more_than_was_looked_at(room: Page) -> None:
    ids = [one["id"] for one in asked(room, "session.meta.standards")]
    box = part(room, "现有网点")
    room.locator("[data-key=outlet]").select_option("E1")
    for name in ("drive", "line"):
        asked(room, f"session.show({ids.index(name)})")
        moves = asked(room, "session.city.closing(session.edit, 'E1', session.standard)")["moves"]
        told = box.inner_text()
        for move in moves[:5]:
            somewhere = move["to"] != "" or move["plan"] >= 0
            assert (move["more_ms"] is not None) == (name == "drive" and somewhere)
            if name == "drive":
                assert f"平均多用 {-(-move['more_ms'] // 6000) / 10:.1f} 分钟" in told
            elif not somewhere:
                assert "标准距离内没有别的网点" in told
                assert "无处可去" not in told
        assert moves


def test_districts_sort_and_say_why_they_are_low(room: Page) -> None:
    box = part(room, "各区市覆盖率")
    names = [row[0].split("\n")[0] for row in rows_of(box)]
    box.locator("[data-key='sort name']").click()
    assert [row[0].split("\n")[0] for row in rows_of(box)] == names[::-1]
    room.locator("[data-key='sort after']").click()
    shares = [float(row[2].rstrip("%")) for row in rows_of(box)]
    assert shares == sorted(shares, reverse=True)
    why = part(room, "某区为什么低")
    why.locator(".pl-why").wait_for()
    head = why.locator("thead th").all_inner_texts()
    assert head[:4] == ["区市", "主要原因", "原方案（判定口径）", "候选点全建"], "what decides stands in sight"
    assert {"4.8 公里/小时", "直线距离", "候选点全建"} <= set(head)
    most = [row[3] for row in rows_of(why)]
    assert most == [
        f"{covered * 1000 // people / 10:.1f}%"
        for people, covered in asked(
            room, "session.figuresOf(session.everything(session.start)).standards[0].districts"
        )
    ]
    why.locator("select").select_option("communities")
    room.locator(".pl-why th:text('社区达标线 100%')").wait_for()


OTHER_SESSION = """() => {
  const { session } = plannerLive.now, typed = (one) => ["budgets", "goals"].map((name) => {
    const part = plannerLive.asks[name](one);
    part.box.open = true;
    part.update();
    return part.box.querySelector("input").value;
  });
  return [typed(plannerLive.session(session.city)), typed(session)];
}"""


def test_a_budget_tells_what_is_over_and_how_to_get_its_steps(room: Page) -> None:
    box = part(room, "只有这些钱")
    assert "planner frontier scenario.toml" in box.inner_text()
    total = figures_of(room)["cost"]["total"]
    for typed, told in (
        ("1", "超出"),
        (f"{total / 10_000:.4f}", "还余 0万元"),
        ("一百万", "请填数字"),
        ("1.23456", "请填数字"),
    ):
        box.locator("input").fill(typed)
        box.locator("input").press("Enter")
        assert told in box.inner_text()
    box.locator("input").fill(str(total // 20_000))
    box.locator("input").press("Enter")
    box.locator("[data-key=pick]").click()
    room.wait_for_function("() => plannerLive.now.session.isChanged")
    spent = figures_of(room)["cost"]["total"]
    assert 0 < spent <= total // 20_000 * 10_000
    assert room.evaluate(OTHER_SESSION) == [["", "90"], [str(total // 20_000), "90"]], "a session has its own"


def test_steps_of_a_budget_are_counted_as_the_room_counts(room: Page) -> None:
    points = "[0, 1, 2].map((n) => ({ cost_yuan: 1, people: 1, open: session.meta.plan.slice(n) }))"
    step = f"{{ standard: 0, points: {points} }}"
    asked(room, f"Object.assign(session.meta, {{ frontier: {step} }}).n")
    asked(room, "session.apply(plannerLive.edits.set(session.edit, { speed: '3.6' }), 'x')")
    asked(
        room, "session.apply(plannerLive.edits.close(session.edit, session.start.plan.map((one) => one.site)[2]), 'x')"
    )
    box = part(room, "只有这些钱")
    room.wait_for_function("() => !document.querySelector('.pl-steps').innerText.includes('…')")
    steps = rows_of(box)[::2]  # below each stand its places
    assert len(steps) == 3
    assert "已按现场重算" in box.inner_text()
    box.locator("[data-key='step 1']").click()
    figures, count = figures_of(room), len(figures_of(room, "edit")["plan"])
    one = figures["standards"][0]
    cost, places, share = steps[1][:3]
    assert round(float(cost.removesuffix("万元")) * 10_000) == figures["cost"]["total"]
    assert (places, share) == (f"{count} 处", f"{one['covered'] * 1000 // one['people'] / 10}%")
    assert count == len(asked(room, "session.start.plan")) - 2


def test_goals_by_place_are_reached_by_candidates_wherever_they_stand(room: Page) -> None:
    asked(room, "session.apply({ ...session.edit, plan: [] }, 'x')")
    most = asked(room, "session.figuresOf(session.everything(session.edit)).goals")
    box = part(room, "目标")
    keys = [one.get_attribute("data-key") or "" for one in box.locator("[data-key^='goal ']").all()]
    assert len(keys) > 4
    for key in keys:
        _, goal, scope = key.split()
        row = box.locator("li", has=room.locator(f"[data-key='{key}']"))
        row.locator(f"[data-key='{key}']").click()
        row.locator("text=/再建 .* 处可以达到|有用的候选点加上/").wait_for()
        assert ("再建" in row.inner_text()) == most[int(goal)][int(scope)]["met"]


def test_a_place_that_was_moved_is_not_added_again_where_it_was(room: Page) -> None:
    asked(room, "session.apply(plannerLive.edits.movePlanned(session.edit, 0, [10.06, 50.05]), 'x')")
    box = part(room, "目标")
    box.locator("[data-key=target]").fill("100")
    box.locator("[data-key='seek target']").click()
    told = box.locator("text=/有用的候选点加上/")
    told.wait_for()
    count = re.search(r"加上 (\d+) 处", told.inner_text())
    assert count is not None
    assert int(count[1]) <= len(asked(room, "session.meta.options"))


def test_the_card_of_an_outlet_promises_only_what_building_in_it_wins(room: Page) -> None:
    asked(room, "session.apply({ ...session.edit, plan: [] }, 'x')")
    entry = "{ site: 'E1', type: 'e_station', size: '', year: session.lastYear }"
    many = asked(
        room, f"session.coveredOf({{ ...session.edit, plan: [{entry}] }})[0] - session.figures.standards[0].covered"
    )
    asked(room, "session.focus({ site: 'E1' })")
    card = room.locator(".pm-live-dock")
    assert f"{many:,} 人" in card.locator(".pm-live-row", has_text="e站").inner_text()
    card.locator(".pm-live-row button", has_text="e站").click()
    assert figures_of(room, "edit")["plan"][0]["year"] == asked(room, "session.lastYear")


def test_an_amount_may_be_typed_as_it_is_written(room: Page) -> None:
    typed = ["200", "2,00", "２００万", "200 万元", "2000000元", "３５．５", "1.23456", "1.5元", "200亿", "万", ""]
    found = room.evaluate("typed => typed.map(plannerLive.kit.typedYuan)", typed)
    assert found == [2_000_000] * 5 + [355_000] + [None] * 5


def test_goals_say_what_is_missing_and_what_it_takes(room: Page) -> None:
    box = part(room, "目标")
    goals, found = room.evaluate("() => [plannerLive.now.session.meta.goals, plannerLive.now.session.figures.goals]")
    short = [one for goal in found for one in goal or [] if not one["met"]]
    assert short, "a town that misses goals"
    assert box.locator(".pl-unmet").count() == len(short)
    first = next((g, goal["of"]) for g, goal in enumerate(goals) if not found[g][0]["met"])
    one = found[first[0]][0]
    assert f"还差 {one['needed'] - one['reached']:,} {'人' if first[1] == 'people' else '个社区'}" in box.inner_text()
    asked = goals[first[0]]
    said = box.locator("li").first.inner_text()
    assert f"{Decimal(asked['share']) * 100:f}".rstrip("0").rstrip(".") + "%的" in said, "what it asks for, in words"
    assert asked["id"] not in said, "a director reads words"
    assert box.locator("li").first.get_attribute("title") == asked["id"], "to find the row by"
    box.locator("button", has_text="还差几处").first.click()
    box.locator("text=/再建 .* 处可以达到|有用的候选点加上/").wait_for()


def test_a_share_that_the_room_asks_for_tells_what_is_missing(room: Page) -> None:
    box = part(room, "目标")
    one = figures_of(room)["standards"][0]
    most = asked(room, "session.figuresOf(session.everything(session.edit)).standards[0]")
    for typed, told in (
        ("90", f"还差 {-(-one['people'] * 9 // 10) - most['covered']:,} 人"),
        ("0.1", "已经达到"),
        ("多些", "请填百分数"),
    ):
        box.locator("[data-key=target]").fill(typed)
        box.locator("[data-key='seek target']").click()
        box.locator(f"text={told}").wait_for()
    box.locator("[data-key=target]").fill("100")
    box.locator("[data-key='seek target']").click()
    added = box.locator("text=/有用的候选点/")
    added.wait_for()
    left = re.search(r"还差 ([\d,]+) 人", added.inner_text())
    assert left is not None
    within = (one["people"] - int(left[1].replace(",", ""))) * 1000 // one["people"]
    assert within > one["covered"] * 1000 // one["people"], "more can be built within the rules"
    box.locator("[data-key=target]").fill(f"{within // 10}.{within % 10}")
    box.locator("[data-key='seek target']").click()
    box.locator("text=/再建 .* 处可以达到/").wait_for()
    box.locator("[data-key='use target']").click()
    assert figures_of(room)["standards"][0]["covered"] * 1000 >= within * one["people"]


def test_communities_the_next_best_place_and_what_nobody_reaches(room: Page) -> None:
    best = part(room, "再加一处")
    best.locator("li").first.wait_for()
    told, before = asked(room, "session.city.best(session.edit, 0)[0]"), figures_of(room)
    best.locator("button:text('加上')").first.click()
    after = figures_of(room)
    assert after["standards"][0]["covered"] == before["standards"][0]["covered"] + told["newly"]
    assert after["cost"]["total"] == before["cost"]["total"] + told["cost"], "in phases a year costs what it adds"
    units = part(room, "社区得失")
    changed = room.evaluate(
        """() => { const { base, figures } = plannerLive.now.session; return Array.from(figures.units[0])
        .filter((state, u) => state === 2 && base.units[0][u] !== 2).length; }"""
    )
    assert f"新达标 {changed}，" in units.locator("summary").inner_text()
    beyond = part(room, "哪些做不到")
    beyond.locator("table").wait_for()
    most = asked(room, "session.figuresOf(session.everything(session.edit)).standards")
    assert [row[1] for row in rows_of(beyond)] == [f"{one['people'] - one['covered']:,}" for one in most]
    people = room.evaluate(
        """() => { const { session } = plannerLive.now, { units } = session.figuresOf(session.everything(session.edit));
        const people = session.city.unitPeople(session.edit, 0);
        return people.reduce((sum, people, u) => sum + (units[0][u] === 1 ? people : 0), 0); }"""
    )
    assert f"{people:,} 人" in beyond.locator("h3").inner_text()


def test_the_plan_is_compared_and_handed_back(room: Page) -> None:
    room.locator(".pl-part input[type=checkbox]").first.click()
    room.locator("[data-key=compare]").click()
    dialog = room.locator("dialog")
    assert dialog.locator(".pl-changes li").count() == 1
    assert len(rows_of(dialog)) > 20
    room.keyboard.press("Escape")
    assert room.evaluate("() => document.activeElement.dataset.key") == "compare"
    room.locator("[data-key=back]").click()
    room.locator("[data-key='back name']").fill("会上 一稿")
    with room.expect_download() as download:
        room.locator("[data-key=download]").click()
    assert download.value.suggested_filename == "livetown-live-会上一稿.toml"
    read = tomllib.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert read["name"] == "livetown-live-会上一稿"
    assert len(read["build"]) == len(figures_of(room, "edit")["plan"])
    assert "planner run livetown-live-会上一稿.toml" in dialog.inner_text()


def test_another_year_is_told_among_the_changes(room: Page) -> None:
    entry, name = asked(room, "[session.edit.plan[0], plannerLive.names.siteName(session, session.edit.plan[0].site)]")
    other = next(year for year in asked(room, "session.meta.years") if year != entry["year"])
    asked(room, f"session.apply(plannerLive.edits.setYear(session.edit, 0, {other}), 'x')")
    told = [say("live.changed_year", "zh", **{"name": name, "from": entry["year"], "to": other})]
    assert asked(room, "plannerLive.compare.changes(session)") == told
    asked(room, "session.apply(plannerLive.edits.movePlanned(session.edit, 0, [10.01, 50.01]), 'x')")
    moved, again = asked(room, "plannerLive.compare.changes(session)")
    assert again == told[0], "moved as well, and under the same name"
    assert moved != again


def test_checks_that_no_outlet_could_have_met_are_told_before_a_run_refuses_them(room: Page) -> None:
    room.locator("[data-key=back]").click()
    assert room.locator("dialog .pl-less").count() == 0
    room.keyboard.press("Escape")
    today = "session.meta.sites.filter((site) => site.types)"
    every = f"{today}.reduce((edit, site) => plannerLive.edits.close(edit, site.id), session.edit)"
    asked(room, f"session.apply({every}, 'x')")
    room.locator("[data-key=back]").click()
    assert "现场核查认定有点达标" in room.locator("dialog .pl-less").first.inner_text()


def test_the_room_is_told_where_only_a_run_knows_which_field_checks_count(room: Page) -> None:
    """An outlet may be moved into another district of a layer, which counts for checked points without a place."""
    told = room.locator("#pl-panel .pl-doubted")
    move = "session.apply(plannerLive.edits.moveSite(session.edit, 'E4', [10, 50]), 'x')"
    asked(room, move)
    assert told.count() == 0, "districts are the tables' own"
    asked(room, "session.undo()")
    asked(room, "session.meta.areas = true")
    asked(room, move)
    assert told.count() > 0
    assert all("要由运行认定" in text for text in told.all_inner_texts())
    room.locator("[data-key=back]").click()
    assert room.locator("dialog .pl-doubted").all_inner_texts() == told.all_inner_texts()


def test_hostile_names_stay_text_in_the_panel(room: Page) -> None:
    shown = HOSTILE.replace("\u202e", "")
    assert f"E{shown}" in part(room, "现有网点").locator("select").inner_text()
    assert shown in room.evaluate("() => plannerLive.now.session.meta.sites.map((site) => site.name).join()")
    asked(room, "session.apply(plannerLive.edits.close(session.edit, 'E1'), 'x')")
    assert f"E{shown}" in part(room, "现有网点").inner_text()
    assert room.locator("#pl-panel img, #pl-panel script").count() == 0


def test_on_a_small_window_the_panel_is_a_sheet_below_the_map(browser: Browser, town: Path) -> None:
    page, watch = open_page(browser, town / "livetown/map.html", viewport={"width": 390, "height": 844}, has_touch=True)
    page.evaluate("() => plannerLive.ready")
    page.locator("#pm-live").tap()
    page.evaluate(PAINTED)
    stage, panel = (page.locator(one).bounding_box() for one in ("#pm-stage", "#pl-panel"))
    assert stage is not None
    assert panel is not None
    assert panel["y"] >= stage["y"] + stage["height"] - 1, "the panel hides nothing of the map"
    assert stage["height"] > 300
    assert panel["width"] <= 390
    page.locator(".pl-sheet-bar").tap()
    folded = page.locator("#pl-panel").bounding_box()
    assert folded is not None
    assert folded["height"] <= 44
    page.evaluate("() => plannerLive.compare.show(plannerLive.now.session)")
    names = page.locator(".pl-compare tbody th").evaluate_all("all => all.map((one) => one.getBoundingClientRect())")
    assert min(box["width"] for box in names) > 100, "names of figures are not squeezed to a letter a line"
    body = page.locator(".pl-dialog-body")
    assert body.evaluate("one => one.scrollWidth - one.clientWidth") <= 0
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    page.context.close()
    assert watch.troubles == []
