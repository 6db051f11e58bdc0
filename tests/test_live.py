"""The load of the live map: what the page carries is what the run measured, and a page that cannot use it says so."""

from __future__ import annotations

import base64
import gzip
import json
import re
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from browser import launched, new_tab, turn_to
from livenode import LIVE, run_node
from planner import live, livebytes, outputs, pipeline, schema
from planner.frontierrecord import frontier_of
from planner.livegraph import pack_roads
from planner.livepoints import COUNTS, HELD, MET, NO_UNIT, PLACELESS, UNJUDGED, UNMET
from planner.study import study
from planner.words import say
from runs import sample_study
from test_fieldcheck import MET as SAID_MET
from test_fieldcheck import UNMET as SAID_UNMET
from test_fieldcheck import fill
from town import SCENARIO, write_town

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    from browser import Watch
    from planner.pageload import Load
    from planner.study import Study

SAMPLE = Path(__file__).parents[1] / "scenarios" / "sample-2026.toml"
HOLDER = re.compile(
    r'<script type="application/octet-stream" id="planner-live" data-version="(\d+)" data-crc32="(\w+)">([^<]*)<'
)

DECODE = """async (live, input) => live.decode(await live.inflate(input.text, input.version, input.crc))"""


def quiet(_step: str) -> None:
    """Show nothing."""


def studied_of(path: Path) -> tuple[Study, dict[str, Any]]:
    """Measure a scenario, and what its run.json would say."""
    found = study(pipeline._read(path, quiet), quiet)
    return found, outputs._record(found, None, quiet)


def decoded(load: Load) -> dict[str, Any]:
    found: dict[str, Any] = run_node(
        ["inflate.js", "decode.js"], DECODE, {"text": load.text, "version": "1", "crc": load.crc}
    )
    return found


def keys_of(value: Any) -> set[str]:
    """Collect the keys of plain data, those of its parts as well."""
    if isinstance(value, list):
        return set().union(*map(keys_of, value))
    return set(value).union(*map(keys_of, value.values())) if isinstance(value, dict) else set()


def opened(data: bytes) -> dict[str, Any]:
    """Header of a load."""
    (length,) = struct.unpack("<I", data[8:12])
    found: dict[str, Any] = json.loads(data[12 : 12 + length])
    return found


def load_in(page: Path) -> bytes:
    """Open what a page carries as Python does."""
    holder = HOLDER.search(page.read_text(encoding="utf-8"))
    assert holder is not None
    data = gzip.decompress(base64.b64decode(holder[3]))
    assert (holder[1], holder[2]) == (str(livebytes.LOAD_VERSION), livebytes.crc(data))
    return data


# ---- the sample ----


@pytest.fixture(scope="module")
def sample() -> tuple[Study, dict[str, Any], Load]:
    found = sample_study()
    run = outputs._record(found, None, quiet)
    return found, run, live.load_of(found, run)


def test_the_page_knows_people_and_feet_as_they_were_measured(sample: tuple[Study, dict[str, Any], Load]) -> None:
    studied, _, load = sample
    found = decoded(load)
    slots, city = pack_roads(studied.inputs.networks).slots["walk"], studied.city
    frame, points = city.demand, found["points"]
    at = {(lon, lat): row for row, (lon, lat) in enumerate(zip(frame.geometry.x, frame.geometry.y, strict=True))}
    assert len(at) == points["n"] == len(frame)  # no two points of the sample stand at one place
    rows = np.array([at[place] for place in zip(points["lon"], points["lat"], strict=True)])
    table = frame.iloc[rows]
    meta = found["meta"]
    assert points["people"] == table["people"].tolist()
    assert points["groups"] == [table["people_graduates"].tolist()]
    assert [meta["units"][unit]["id"] for unit in points["unit"]] == table["unit_id"].tolist()
    assert [meta["districts"][number] for number in points["district"]] == table["district"].tolist()
    urban = (table["setting"] == "urban").to_numpy()
    assert points["codes"] == [
        np.where(urban, COUNTS, 0).tolist(),
        np.where(urban, 0, COUNTS).tolist(),
        [COUNTS] * len(table),
    ]
    for feet, given, chosen in (
        (points["feet"]["walk"], city.demand_feet["walk"], rows),
        (found["sites"]["feet"]["walk"], city.site_feet["walk"], city.sites["site_id"].argsort().to_numpy()),
    ):
        on = given.edge[chosen] >= 0
        assert feet["slot"] == np.where(on, slots[given.edge[chosen]], -1).tolist()
        assert feet["mm"] == np.where(on, given.position_mm[chosen], 0).tolist()
        assert feet["access"] == np.where(on, given.access_mm[chosen], 0).tolist()
    slot = np.array(points["feet"]["walk"]["slot"])
    assert (np.diff(slot[slot >= 0]) >= 0).all()  # neighbours on the road are neighbours in the page


def test_scopes_of_goals_reach_the_page(sample: tuple[Study, dict[str, Any], Load]) -> None:
    found = decoded(sample[2])
    meta, points = found["meta"], found["points"]
    for goal, scope in zip(meta["goals"], points["scopes"], strict=True):
        if goal["id"] == "urban-people-district":
            spoken = [code > 0 for code in points["codes"][goal["standard"]]]
            names = [meta["districts"][number] for number in points["district"]]
            assert [goal["scopes"][n] if n >= 0 else "" for n in scope] == [
                name if inside else "" for name, inside in zip(names, spoken, strict=True)
            ]
        else:
            assert (goal["scopes"], scope) == ([""], None)


def test_signed_figures_are_those_of_the_run(sample: tuple[Study, dict[str, Any], Load]) -> None:
    _, run, load = sample
    meta = opened(load.data)["meta"]
    for state in ("today", "plan"):
        signed = meta["signed"][state]
        for said, now in zip(run["standards"], signed["standards"], strict=True):
            assert [now["people"], now["covered"]] == [said["people"], said[f"covered_{state}"]]
            assert [now["communities"], now["communities_covered"]] == [
                said["communities"],
                said[f"communities_{state}"],
            ]
            people, covered = np.array(now["districts"]).sum(axis=0)
            assert (people, covered) == (said["people"], said[f"covered_{state}"])  # each point has a district
        for units, said in zip(signed["units"], run["standards"], strict=True):
            assert [len(units) - units.count(0), units.count(2)] == [said["communities"], said[f"communities_{state}"]]
        goals = [(g["whole"], g["needed"], g["reached"]) for goal in signed["goals"] for g in goal]
        assert goals == [(g["whole"], g["needed"], g[f"reached_{state}"]) for g in run["goals"]]
    plan, cost = run["plan"], meta["signed"]["plan"]["cost"]
    assert cost["total"] == plan["cost_yuan"] == sum(total for _, total in cost["funding"])
    assert [cost["once"], cost["yearly"]] == [plan["cost_once_yuan"], plan["cost_yearly_yuan"]]
    assert cost["estimated"] == plan["estimated_yuan"]
    assert [name for name, _ in cost["funding"]] == list(plan["by_funding"])
    options, sites = meta["options"], meta["sites"]
    built = [(sites[options[o["option"]]["site"]]["id"], options[o["option"]]["type"], o["year"]) for o in meta["plan"]]
    assert built == [(row["site_id"], row["type"], row["year"]) for row in plan["opened"]]


def test_the_format_is_written_down(sample: tuple[Study, dict[str, Any], Load]) -> None:
    """Whoever has the page may take the roads out: the licence of the data asks for it."""
    header = opened(sample[2].data)
    text = (SAMPLE.parents[1] / "docs" / "live.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z_<>]+)", text)) | {
        "vertex_along_high",
        "vertex_aside_high",
        "site_mm_<mode>",
        "site_access_<mode>",
    }
    for section in header["sections"]:
        assert re.sub(r"(?<=_)(walk|drive)$", "<mode>", re.sub(r"\d+$", "<i>", section)) in named
    assert set(header["meta"]) <= named
    scripts = "".join(file.read_text(encoding="utf-8") for file in LIVE.glob("*.js"))
    words = set(re.findall(r"\w+", re.sub(r"//.*|/\*[^*]*\*/", "", scripts)))
    for_readers = {"planner", "roads", "vertices", "runs", "segments"}
    assert keys_of(header["meta"]) - words <= for_readers, "what no script reads has no place in the page"


def test_limits_and_prices_are_the_planners_own(sample: tuple[Study, dict[str, Any], Load]) -> None:
    studied, _, load = sample
    meta = opened(load.data)["meta"]
    assert (meta["walk_kph"], meta["speeds"], meta["rule"]) == ("4.0", ["3.2", "4.0", "4.8"], "0.5")
    ways = {one["id"]: one["ways"] for one in meta["standards"]}
    minutes, km = {"limits": [800_000, 1_000_000, 1_200_000]}, {"limits": [3_000_000] * 3}
    assert ways["urban-walk-15"]["road"] == {"mode": "walk", "measure": "distance", **minutes}
    assert ways["urban-walk-15"]["straight"] == {"mode": "straight", "measure": "distance", **minutes}
    assert ways["circle-3km"]["road"] == {"mode": "walk", "measure": "distance", **km}
    prices = {(p["type"], p["method"], p["size"]): (p["once"], p["yearly"]) for p in meta["prices"]}
    assert prices["gig_station", "", ""] == (300_000, 60_000)
    assert prices["gig_station", "专区", ""] == (90_000, 60_000)
    for cost in schema.build_costs_of(studied.inputs.scenario):
        assert (cost.type, cost.method, "") in prices
    assert [site["id"] for site in meta["sites"]] == sorted(site["id"] for site in meta["sites"])


# ---- every kind of point ----

DRIVEN = """
[[facility]]
type = "gratis"
name = "无价"
[[standard]]
id = "drive-2"
mode = "drive"
minutes = 2
served_by = ["station"]
[[standard]]
id = "crow"
metric = "straight"
mode = "drive"
km = 1
served_by = ["station"]
"""

GUESTS = """
[[group]]
id = "young"
name = "青年"
[[standard]]
id = "guests"
applies_to = { layer = "visitors", setting = "rural" }
km = 1
served_by = ["station"]
"""


def test_codes_tell_every_kind_of_point(tmp_path: Path) -> None:
    """Points without a place, placed at their town, checked either way, and those that nobody counts."""
    path = write_town(tmp_path, SCENARIO + DRIVEN + GUESTS)
    file = tmp_path / "demand.csv"
    head, *rows = [line.split(",") for line in file.read_text(encoding="utf-8").splitlines()]
    rows = [[*row, "3", "residents"] for row in rows]
    by_id = {row[0]: row for row in rows}
    for name in ("D00", "D01", "D02"):
        by_id[name][7:9] = "", ""
    by_id["D03"][10], by_id["D03"][5] = "visitors", "rural"
    by_id["D04"][10] = "nobody"
    by_id["D05"][4] = by_id["D05"][2] = ""
    lines = [",".join(row) for row in ([*head, "people_young", "layer"], *rows)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    answers = {"D00": SAID_MET, "D01": SAID_UNMET, "D10": SAID_MET, "D11": SAID_UNMET}
    told = {(name, "walk-5"): answer for name, answer in answers.items()}
    path.write_text(path.read_text(encoding="utf-8") + fill(tmp_path, told), encoding="utf-8")
    sites = (tmp_path / "sites.csv").read_text(encoding="utf-8").splitlines()
    dates = ["closed_on", "2027-01-01", *[""] * (len(sites) - 2)]
    (tmp_path / "sites.csv").write_text("\n".join(map(",".join, zip(sites, dates, strict=True))), encoding="utf-8")
    studied, run = studied_of(path)
    found = decoded(live.load_of(studied, run))
    meta, points = found["meta"], found["points"]
    place = {row[0]: (float(row[7]), float(row[8])) for row in rows if row[7]}
    at = {spot: number for number, spot in enumerate(zip(points["lon"], points["lat"], strict=True))}
    walk = points["codes"][0]
    assert points["n"] == len(rows) - 1
    assert place["D04"] not in at  # nobody counts it
    assert walk[at[place["D20"]]] == COUNTS
    assert walk[at[place["D10"]]] == COUNTS | MET
    # an outlet closes after points were found met: closed today it would count
    assert [meta["sites"][outlet["site"]]["id"] for outlet in meta["checks"]["outlets"]] == [sites[1].split(",")[0]]
    aging = {line["point"]: line for line in meta["checks"]["lines"]}
    assert (
        {walk[point] for point in aging}
        == {line["code"] for line in aging.values()}
        == {COUNTS | MET, COUNTS | MET | HELD | PLACELESS}
    )
    assert aging[at[place["D10"]]]["own"]
    assert {(line["own"], line["measured"]) for line in aging.values()} == {(True, COUNTS), (False, UNJUDGED)}
    assert walk[at[place["D11"]]] == COUNTS | UNMET
    assert walk[at[place["D03"]]] == 0
    assert points["codes"][3][at[place["D03"]]] == COUNTS
    nowhere = [number for number, lon in enumerate(points["lon"]) if lon is None]
    assert sorted(walk[number] for number in nowhere) == sorted(
        [COUNTS | MET | HELD | PLACELESS, COUNTS | UNMET | PLACELESS, UNJUDGED]
    )
    assert all(points["feet"][mode]["slot"][number] == -1 for mode in ("walk", "drive") for number in nowhere)
    assert points["district"][at[place["D05"]]] == -1
    unit = meta["units"][points["unit"][at[place["D05"]]]]
    assert unit == {"id": "D05", "name": "0-5组", "district": -1, "town": "东区镇"}
    assert meta["groups"] == [{"id": "young", "name": "青年"}]
    assert set(points["groups"][0]) == {3}
    assert NO_UNIT not in walk


def test_ways_are_those_that_were_read(tmp_path: Path) -> None:
    path = write_town(tmp_path / "drive", SCENARIO + DRIVEN)
    meta = opened(live.load_of(*studied_of(path)).data)["meta"]
    drive, crow = (one["ways"] for one in meta["standards"][1:3])
    assert drive == {"road": {"mode": "drive", "measure": "time", "limits": [120_000] * 3}, "straight": None}
    assert crow["road"] == {"mode": "drive", "measure": "distance", "limits": [1_000_000] * 3}
    assert crow["straight"] == {"mode": "straight", "measure": "distance", "limits": [1_000_000] * 3}
    assert [one["own"] for one in meta["standards"][1:3]] == ["road", "straight"]
    assert [p for p in meta["prices"] if p["type"] == "gratis"] == []  # no price anywhere
    alone = "\n".join(
        [*SCENARIO.splitlines(), '[[standard]]\nid = "crow"\nmetric = "straight"\nmode = "drive"\nkm = 1']
    )
    path = write_town(tmp_path / "walk", alone + '\nserved_by = ["station"]\n')
    meta = opened(live.load_of(*studied_of(path)).data)["meta"]
    assert meta["modes"] == ["walk"]
    assert meta["standards"][1]["ways"]["road"] is None


def test_own_speed_and_rule_stand_among_the_choices(tmp_path: Path) -> None:
    text = SCENARIO.replace('file = "roads.osm"', 'file = "roads.osm"\nwalk_kph = 4.25')
    path = write_town(tmp_path, text + "[demand]\ncommunity_rule = 0.60\n")
    meta = opened(live.load_of(*studied_of(path)).data)["meta"]
    assert (meta["walk_kph"], meta["speeds"]) == ("4.25", ["3.2", "4.0", "4.25", "4.8"])
    assert (meta["rule"], meta["rules"]) == ("0.6", ["0.5", "0.6", "0.8", "1"])
    assert meta["standards"][0]["ways"]["road"]["limits"] == [266_666, 333_333, 354_166, 400_000]


# ---- the page ----


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a town; its map is in out/town."""
    folder = tmp_path_factory.mktemp("live")
    pipeline.run(write_town(folder), folder / "out", documents=False)
    return folder


def test_the_same_inputs_give_the_same_bytes(town: Path) -> None:
    pipeline.run(town / "scenario.toml", town / "again", documents=False)
    assert (town / "again/town/map.html").read_bytes() == (town / "out/town/map.html").read_bytes()


def test_a_page_without_a_load_has_no_trace_of_it(town: Path) -> None:
    whole = (town / "out/town/map.html").read_text(encoding="utf-8")
    pipeline.run(town / "scenario.toml", town / "plain", documents=False, live=False)
    plain = (town / "plain/town/map.html").read_text(encoding="utf-8")
    for trace in ("planner-live", "plannerLive", "pm-live", "现场推演", say("livepage.button", "zh")):
        assert trace in whole, "what it looks for"
        assert trace not in plain
    assert len(plain) < len(whole) - len(HOLDER.search(whole)[3])  # type: ignore[index]


def test_the_foot_says_whose_the_data_are(town: Path) -> None:
    page = (town / "out/town/map.html").read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="planner-data">([^<]*)<', page)[1])  # type: ignore[index]
    sentence = say("note.live", "zh", files="roads.osm", date="2026-06-30")
    assert "ODbL" in sentence
    assert data["footer"][0][-1] == sentence
    assert data["live"]["foot"] == [sentence]


def test_budgets_come_from_a_frontier_of_the_same_scenario_and_data(tmp_path: Path) -> None:
    path = write_town(tmp_path)
    found = pipeline.frontier(path, tmp_path / "out", steps=3).record
    studied, run = studied_of(path)
    record = tmp_path / "out/town-frontier/frontier.json"

    def budgets(text: str) -> Any:
        record.write_text(text, encoding="utf-8")
        frontier = frontier_of(run, record)
        return opened(live.load_of(studied, run, frontier).data)["meta"]

    text = record.read_text(encoding="utf-8")
    meta = budgets(text)
    assert meta["frontier"]["standard"] == 0
    for point, said in zip(meta["frontier"]["points"], found["points"], strict=True):
        names = [meta["sites"][meta["options"][one["option"]]["site"]]["id"] for one in point["open"]]
        assert names == [site["site_id"] for site in said["sites"]]
    assert budgets(text.replace(found["scenario_sha256"], "0" * 64))["frontier"] is None  # of another scenario
    assert budgets(text.replace('"site_id": "C', '"site_id": "X'))["frontier"] is None  # changed by hand
    for wrong in ("NaN", "-Infinity", "1e999", "1.5", '"5"'):
        other = text.replace('"year": 2026', f'"year": {wrong}')
        assert other != text
        assert budgets(other)["frontier"] is None
    assert budgets(text.replace('"schema": 1', '"schema": 2'))["frontier"] is None
    assert budgets("{")["frontier"] is None
    record.write_text(text, encoding="utf-8")
    for key in ("demand.csv", "sites.csv"):
        inputs = [{**one, "sha256": "0" * 64} if one["path"] == key else one for one in run["inputs"]]
        assert inputs != run["inputs"]
        assert frontier_of(run | {"inputs": inputs}, record) is None  # a table is not what it was
    assert frontier_of(run, record) is not None
    record.unlink()
    assert frontier_of(run, record) is None


# ---- a page that cannot use its load ----


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def tab(browser: Browser) -> tuple[Page, Watch]:
    """Open the tab in which tests open their pages one after the other."""
    return new_tab(browser)


def damaged(html: str) -> str:
    text = HOLDER.search(html)[3]  # type: ignore[index]
    middle = len(text) // 2
    return html.replace(text, text[:middle] + ("B" if text[middle] == "A" else "A") + text[middle + 1 :])


def taken_out(html: str) -> str:
    """Do as mail gateways that leave no inert script in."""
    return HOLDER.sub("", html)


def cut_off(html: str) -> str:
    """Do as a copy that was broken off: the load stands last, so that it is what is lost."""
    return html[: (html.index('id="planner-live"') + len(html)) // 2]


def of_another_version(html: str) -> str:
    return html.replace('data-version="1"', 'data-version="2"')


def of_other_figures(html: str) -> str:
    """Sign one person more than the roads give."""
    holder = HOLDER.search(html)
    assert holder is not None
    data = gzip.decompress(base64.b64decode(holder[3]))
    (length,) = struct.unpack("<I", data[8:12])
    header = json.loads(data[12 : 12 + length])
    header["meta"]["signed"]["plan"]["standards"][0]["covered"] += 1
    text = json.dumps(header).encode()
    other = data[:8] + struct.pack("<I", len(text)) + text + data[12 + length :]
    return html.replace(holder[2], livebytes.crc(other)).replace(holder[3], livebytes.text_of(other))


NO_STREAM = "delete window.DecompressionStream;"


@pytest.mark.parametrize(
    ("change", "script", "key"),
    [
        (damaged, "", "damaged"),
        (taken_out, "", "damaged"),
        (cut_off, "", "damaged"),
        (of_another_version, "", "version"),
        (of_other_figures, "", "differs"),
        (str, NO_STREAM, "browser"),
    ],
)
def test_a_page_that_cannot_use_its_load_says_so_and_shows_the_map(
    browser: Browser,
    tab: tuple[Page, Watch],
    town: Path,
    tmp_path: Path,
    change: Callable[[str], str],
    script: str,
    key: str,
) -> None:
    html = (town / "out/town/map.html").read_text(encoding="utf-8")
    path = tmp_path / "map.html"
    path.write_text(change(html), encoding="utf-8", newline="")
    page, watch = tab
    if script:  # what a tab does before it loads a page it does before every other
        page, watch = new_tab(browser)
        page.add_init_script(script)
    watch.forget()
    page.goto(path.as_uri())
    assert page.evaluate("() => plannerLive.ready") is None
    note = page.locator(".pm-live-note")
    told = say(f"livepage.{key}", "zh", name="城区步行5分钟", said=663, found=662)
    assert note.locator("p").inner_text() == told
    assert note.get_attribute("role") == "status"
    assert page.locator("#pm-live").count() == 0
    assert page.locator(".leaflet-marker-icon").count() > 2
    note.get_by_role("button").click()
    assert note.count() == 0
    assert watch.outside == []


def test_a_page_cut_off_within_its_scripts_says_that_the_file_is_incomplete(
    tab: tuple[Page, Watch], town: Path, tmp_path: Path
) -> None:
    html = (town / "out/town/map.html").read_text(encoding="utf-8")
    path, (page, watch) = tmp_path / "map.html", tab
    path.write_text(html[: html.rindex("fitBounds")], encoding="utf-8", newline="")
    page.goto(path.as_uri())
    assert page.evaluate("() => plannerLive.ready") is None
    assert page.locator(".pm-live-note p").inner_text() == say("livepage.cut", "zh")
    watch.forget()


def test_a_page_is_live_without_a_request_or_a_complaint(tab: tuple[Page, Watch], town: Path) -> None:
    page, watch = tab
    watch.forget()
    turn_to(page, town / "out/town/map.html")
    assert page.evaluate("async () => (await plannerLive.ready) !== null")
    assert page.locator(".pm-live-note").count() == 0
    button = page.locator("#pm-live")
    assert (button.is_enabled(), button.get_attribute("aria-busy")) == (True, None)
    assert (watch.outside, watch.troubles) == ([], [])


HOSTILE = "</script><img src=x onerror=alert(1)>\u202e&amp;`${1}`"


def test_hostile_names_stay_text(tab: tuple[Page, Watch], tmp_path: Path) -> None:
    path = write_town(tmp_path)
    for file, old in (("sites.csv", "候选1"), ("demand.csv", "0-0组")):
        text = (tmp_path / file).read_text(encoding="utf-8")
        (tmp_path / file).write_text(text.replace(old, f'"{HOSTILE}"'), encoding="utf-8")
    pipeline.run(path, tmp_path / "out", documents=False)
    page = tmp_path / "out/town/map.html"
    meta = opened(load_in(page))["meta"]
    shown = HOSTILE.replace("\u202e", "")  # a mark that would turn the words around the name
    assert next(site["name"] for site in meta["sites"] if site["id"] == "C1") == shown
    shown_in, watch = tab
    watch.forget()
    turn_to(shown_in, page)
    assert shown_in.evaluate("async () => (await plannerLive.ready).load.meta.sites[0].name") == shown
    assert (shown_in.locator("img[src=x]").count(), watch.troubles) == (0, [])
