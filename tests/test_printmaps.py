"""Maps for paper: what they hold, that labels keep apart, and that every word finds its letters."""

from __future__ import annotations

import io
import math
import os
import re
import subprocess
import sys
import tomllib
import zlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import rc_context, rcParams
from PIL import Image

from planner import printmaps, printpages
from planner.geodesy import great_circle_m
from planner.mapdata import Land, MapData, MapLabels
from planner.papermaps import MM, Paper, View, round_length, scale_bar, view_of
from planner.printdistricts import district_shares
from planner.printlabels import FONT, STAND_IN, Box, Label, has, placed, plain, shortened, width, wrapped
from planner.printlayers import EDIT_DASHES, EDITS, area_labels, seen, symbols
from planner.printlegend import Column, legend, site_list, strip_height
from planner.printscene import deciding, scene
from planner.printviews import cropped, densest, frames, main_bounds
from planner.roads import ReadingReport, Roads
from planner.words import sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[1]
HOSTILE = """<img src=x onerror=alert(1)>${alert(1)}`\\u{{ 7*7 }}{% raw %}"'&\u2028</script>"""
NASTY = [
    HOSTILE,
    r"$\frac{1}{0}$ and $unclosed",
    "a\\b\\\\c %s {0} {name}",
    "表情👩‍👩‍👧‍👦与\u202e反向\u2066和\u200f标记",
    "两\n行\t和\r三",
    "很长的名字" * 60,
    "שלום عربي ไทย",
    "e\u0301 \u0000\u0007",
]


def grid(n: int, step: float = 0.001) -> Roads:
    """n x n streets of four classes."""
    node = np.arange(n * n).reshape(n, n)
    ways = [*node, *node.T]
    u, v = (np.concatenate([way[a:b] for way in ways]) for a, b in ((0, -1), (1, None)))
    edges = len(u)
    return Roads(
        mode="walk",
        node_id=np.arange(n * n, dtype=np.int64),
        lon=(120 + np.tile(np.arange(n), n) * step).astype(np.float64),
        lat=(36 + np.repeat(np.arange(n), n) * step).astype(np.float64),
        way_id=np.repeat(np.arange(2 * n, dtype=np.int64), n - 1),
        segment=np.tile(np.arange(n - 1, dtype=np.int32), 2 * n),
        u=u.astype(np.int32),
        v=v.astype(np.int32),
        length_mm=np.ones(edges, dtype=np.int64),
        drive_ms=np.zeros(edges, dtype=np.int64),
        forward=np.ones(edges, dtype=bool),
        backward=np.ones(edges, dtype=bool),
        kind=np.repeat(np.arange(2 * n, dtype=np.uint8) % 4, n - 1),
        report=ReadingReport(),
    )


def points(*places: tuple[float, float]) -> Any:
    return gpd.points_from_xy(*np.array(places).T, crs=4326)


def town() -> dict[str, Any]:
    """Two standards, four points of which one has no place, five sites of all states."""
    rows = [
        ("d0", "walk", "today", 2026, True, ""),
        ("d1", "walk", "today", 2026, False, "beyond"),
        ("d2", "rural", "today", 2026, False, "no_route"),
        ("d3", "walk", "today", 2026, False, "not_assessable"),
        ("d0", "walk", "plan", 2027, True, ""),
        ("d1", "walk", "plan", 2026, False, "beyond"),
        ("d1", "walk", "plan", 2027, True, ""),
        ("d2", "rural", "plan", 2027, False, "no_route"),
        ("d2", "walk", "plan", 2027, True, ""),
        ("d3", "walk", "plan", 2027, False, "not_assessable"),
    ]
    demand = gpd.GeoDataFrame(
        {"demand_id": ["d0", "d1", "d2", "d3"], "name": [HOSTILE, "二社区", "三村", "四村"], "district": "东区",
         "town": "一镇", "people": [1000, 400, 20, 77]},
        geometry=[*points((120.001, 36.001), (120.004, 36.002), (120.006, 36.006)), None], crs=4326,
    )  # fmt: skip
    sites = gpd.GeoDataFrame(
        {"site_id": ["s0", "s1", "s2", "s3", "s4"], "name": [HOSTILE, "停办站", "新站一", "新站二", "候选点"],
         "types": ["station;e_station", "station", "gig_station", "gig_station", "gig_station"],
         "state": ["today", "closed", "planned", "planned", "candidate"], "number": [0, 0, 1, 2, 0],
         "cost_once_yuan": 300_000, "cost_yearly_yuan": 60_000, "estimated": True, "people": 900, "district": "东区",
         "town": ""},
        geometry=points(*((120.0005 + 0.0015 * number, 36.003) for number in range(5))), crs=4326,
    )  # fmt: skip
    nearest = ["s0", "", "", "", "s0", "s0", "s2", "", "s2", ""]
    areas = {"standard": ["walk", "walk"], "state": ["today", "plan"], "site_id": ["s0", "s2"]}
    squares = [shapely.box(120, 36, 120.004, 36.004), shapely.box(120.002, 36.002, 120.006, 36.006)]
    rates = {"people": 10_000, "covered_today": 1234, "covered_plan": 8996, "not_assessable": 77}
    plan = {
        "status": "gap",
        "objective": 1_200_000,
        "best_effort": True,
        "gap": 0.0123,
        "cost_once_yuan": 600_000,
        "cost_yearly_yuan": 120_000,
    }
    return {
        "record": {
            "scenario": "town-2026",
            "data_date": "2026-06-30",
            "standards": [{"id": "walk", **rates}, {"id": "rural", **rates, "people": 0}],
            "goals": [{"id": "urban", "target": 0.9, "met": False}],
            "plan": {**plan, "estimated_yuan": 600_000, "opened": [{"site_id": "s2"}, {"site_id": "s3"}]},
        },
        "roads": grid(8),
        "demand": demand,
        "sites": sites,
        "coverage": pd.DataFrame(rows, columns=["demand_id", "standard", "state", "year", "covered", "reason"]).assign(
            site_id=nearest
        ),
        "areas": gpd.GeoDataFrame(areas, geometry=squares, crs=4326),
        "labels": MapLabels(
            title=f"布局图 {HOSTILE}",
            language="zh",
            type_names={"station": "就业服务站", "gig_station": "零工驿站", "e_station": "就业e站"},
            standard_names={"walk": f"步行15分钟{HOSTILE}"},
            site_names={"s0": HOSTILE, "s2": "新站一"},
            notes=(f"口径：常住人口{HOSTILE}",),
            review_number="",
            maker="某局",
            document_note="内部工作用图",
        ),
    }


def of_town(**changes: Any) -> MapData:
    return MapData(**{**town(), **changes})


def texts_of(pdf: bytes) -> bytes:
    """Every stream of a PDF, unpacked."""
    return b"\n".join(zlib.decompress(part) for part in re.findall(rb"stream\r?\n(x.*?)\nendstream", pdf, re.DOTALL))


def town_with_land() -> MapData:
    water = np.array(
        [shapely.box(120.001, 36.001, 120.002, 36.003), shapely.LineString([(120, 36), (120.007, 36.005)])]
    )
    land = Land(water=water, boundaries=(("东区", shapely.box(119.99, 35.99, 120.02, 36.02)),))
    lines = {"n": [2], "d": [12000000, 3600000, 500, 300]}
    edits = [{"kind": kind, "name": HOSTILE, "what": "", "lines": lines} for kind in ("close", "add", "slow")]
    return of_town(land=land, edits=edits)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("print")
    printmaps.write_print_maps(path, town_with_land())
    return path


# ---- the large map ----


def test_the_png_is_a3_at_300_dpi(folder: Path) -> None:
    with Image.open(folder / "map.png") as image:
        assert image.size == (math.floor(420 / 25.4 * 300), math.floor(297 / 25.4 * 300))
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.01)
        assert set(image.info) <= {"dpi", "transparency"}


def test_the_pdf_is_one_page_of_a3_with_lines_and_text_and_no_picture(folder: Path) -> None:
    pdf = (folder / "map.pdf").read_bytes()
    assert len(re.findall(rb"/Type /Page\b", pdf)) == 1
    box = re.search(rb"/MediaBox \[ ?([\d. ]+) ?\]", pdf)
    assert box
    assert [float(number) for number in box[1].split()][2:] == pytest.approx([420 * MM, 297 * MM], abs=0.01)
    assert b"/Subtype /Image" not in pdf
    drawn = texts_of(pdf)
    assert drawn.count(b" l\n") > 500
    assert drawn.count(b"Tj") + drawn.count(b"TJ") > 30
    assert b"ServiceCircleSansSC" in pdf
    assert b"CreationDate (D:20260630000000Z)" in pdf


def test_other_drawings_of_the_process_stay_as_they_were(folder: Path) -> None:
    assert (folder / "map.png").exists()
    assert rcParams["pdf.fonttype"] == 3


def test_the_settings_of_whoever_draws_change_nothing() -> None:
    """A matplotlibrc in the working folder or at home sets these for the whole process."""
    plain_one = printmaps.site_pictures(of_town(), ["s2"])["s2"]
    own: Any = {"path.sketch": (3, 100, 2), "text.antialiased": False, "lines.scale_dashes": False, "savefig.dpi": 17}
    with rc_context(own):
        assert printmaps.site_pictures(of_town(), ["s2"])["s2"].png == plain_one.png
        assert rcParams["savefig.dpi"] == 17


def test_what_furnishes_a_map_hides_no_site() -> None:
    shared = scene(of_town())
    frame = Box(0, 0, 300, 200)
    view = view_of(main_bounds(shared), frame)
    corners = {"l": 10.0, "r": 290.0}, {"b": 10.0, "t": 190.0}
    for x in corners[0].values():
        for y in corners[1].values():
            site = Box(x - 4, y - 4, x + 4, y + 4)
            found = printpages._furniture(Paper(300, 200), view, shared, 60, 20, "放大图", [site])
            assert len(found) == 3
            assert not any(box.meets(site) for box in found)
            assert not any(one.meets(other) for place, one in enumerate(found) for other in found[:place])


def test_same_inputs_give_the_same_bytes_in_another_process(tmp_path: Path, folder: Path) -> None:
    code = (
        "import sys; sys.path[:0] = sys.argv[1:3]\n"
        "from planner import cli, printmaps; assert 'matplotlib' not in sys.modules\n"
        "from pathlib import Path; from test_printmaps import town_with_land\n"
        "printmaps.write_print_maps(Path(sys.argv[3]), town_with_land())\n"
    )
    command = [sys.executable, "-c", code, str(ROOT / "tests"), str(ROOT), str(tmp_path)]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "7"}, timeout=60)
    for name in ("map.png", "map.pdf"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_no_two_kinds_of_road_edits_have_the_same_stroke() -> None:
    strokes = [EDIT_DASHES.get(kind, ()) for kind in EDITS]
    assert len(set(strokes)) == len(strokes)
    script = (ROOT / "planner" / "assets" / "map" / "map.js").read_text(encoding="utf-8")
    dashes = re.findall(r'(\w+): "([\d ]+)"', script.split("function dashOf")[1].split("}")[0])
    assert {kind for kind, _ in dashes} == set(EDIT_DASHES)
    assert len({dash for _, dash in dashes}) == len(EDIT_DASHES)


def test_colours_of_what_is_shown_are_on_the_map(folder: Path) -> None:
    with Image.open(folder / "map.png") as image:
        drawn = [colour for _, colour in image.convert("RGB").getcolors(1 << 24) or () if isinstance(colour, tuple)]
    assert len(drawn) > 100
    for wanted in ("#56b4e9", "#009e73", "#d55e00", "#005a8f", "#00593f", "#a50f15"):
        rgb = tuple(int(wanted[at : at + 2], 16) for at in (1, 3, 5))
        assert min(max(abs(a - b) for a, b in zip(rgb, other, strict=True)) for other in drawn) <= 12, wanted


def _one(**changes: Any) -> bytes:
    out = io.BytesIO()
    paper = printpages.large(scene(of_town(**changes)))
    out.write(paper.pdf("", printpages.moment("2026-06-30")))
    return out.getvalue()


def test_a_city_without_a_plan_people_or_sites() -> None:
    world = town()
    today = world["coverage"][world["coverage"]["state"] == "today"]
    record = {**world["record"], "plan": {"status": "none"}}
    for changes in (
        {"coverage": today, "record": record, "sites": world["sites"].iloc[:1]},
        {name: world[name].iloc[:0] for name in ("demand", "sites", "coverage", "areas")},
    ):
        assert _one(**changes).startswith(b"%PDF")


def test_english(folder: Path) -> None:
    labels = replace(town()["labels"], language="en", notes=("Counted " * 300,), maker="", review_number="AB 12")
    assert _one(labels=labels) != (folder / "map.pdf").read_bytes()


@pytest.mark.parametrize("name", NASTY)
def test_names_are_drawn_as_they_are_written(name: str) -> None:
    """No mathtext, no missing glyph: a warning would be an error."""
    paper = Paper(400, 60)
    paper.text(10, 10, shortened(plain(name), 8, 380), 8, halo=2)
    assert paper.png(72)[:4] == b"\x89PNG"
    assert b"/Type3" not in paper.pdf("", printpages.moment("2026-06-30"))


def test_hostile_names_everywhere() -> None:
    world = town()
    labels = replace(world["labels"], title=NASTY[3], maker=NASTY[1], notes=tuple(NASTY), document_note=NASTY[5])
    demand = world["demand"].assign(district=NASTY[0], town=NASTY[3], name=NASTY[2])
    sites = world["sites"].assign(name=NASTY[:5])
    assert _one(labels=labels, demand=demand, sites=sites).startswith(b"%PDF")


class Recorder(Paper):
    """Paper that keeps what is written."""

    said: list[str]

    def text(self, *args: Any, **keys: Any) -> None:
        self.said.append(str(args[2]))
        super().text(*args, **keys)


def legend_of(**changes: Any) -> list[str]:
    shared, paper = scene(of_town(**changes)), Recorder(500, 900)
    paper.said = []
    legend(Column(paper, 0, 236, 900), shared, shared.states[-1], [])
    return paper.said


def test_the_legend_tells_who_cannot_be_judged_and_what_is_estimated() -> None:
    said = legend_of()
    assert said.count("另有 77 人无法评定，未计入") == 2
    rows = [said.index(name) for name in ("一次性投入", "一次性投入中的估算", "年运行费用")]
    assert rows == [rows[0], rows[0] + 2, rows[0] + 4]
    assert said[said.index("达到的目标") + 1] == "0 / 1"


def test_goals_that_ask_for_nothing_and_second_types_are_counted_rightly() -> None:
    world = town()
    goals = [{"id": "urban", "target": target, "met": True} for target in (0.0, 0.4)]
    plan = world["record"]["plan"] | {"opened": [{"site_id": site_id} for site_id in ("s2", "s2", "s3")]}
    types = world["sites"]["types"].mask(world["sites"]["site_id"] == "s2", "gig_station;e_station")
    changes = {"record": {**world["record"], "goals": goals, "plan": plan}, "sites": world["sites"].assign(types=types)}
    said = legend_of(**changes)
    assert said[said.index("达到的目标") + 1] == "1 / 1"
    assert said[said.index("新增设施") + 1] == "3 项（2 处）"
    assert "规划 · 零工驿站（1 处兼设就业e站） 2 处" in said


@pytest.mark.parametrize(("bottom", "listed", "more"), [(100.0, 40, False), (645.0, 40, False), (790.0, 24, True)])
def test_planned_sites_are_all_listed_where_there_is_room(bottom: float, listed: int, *, more: bool) -> None:
    sites = pd.concat([town()["sites"].query("site_id == 's2'")] * 40, ignore_index=True)
    sites = sites.assign(site_id=[f"p{n}" for n in range(40)], number=range(1, 41))
    shared, paper = scene(of_town(sites=sites)), Recorder(500, 900)
    paper.said = []
    site_list(Column(paper, 0, 236, 900), shared, bottom)
    assert sum(words.isdigit() for words in paper.said) == listed
    assert any("未列" in words for words in paper.said) == more


def test_districts_with_people_are_told_where_there_is_room() -> None:
    def row(scope: str, state: str, covered: int, people: int = 1000, standard: str = "") -> dict[str, Any]:
        told = {"level": "district", "scope": scope, "state": state, "covered": covered, "people": people}
        return {**told, "standard": standard, "group": "", "variant": ""}

    figures = [row("东区", "today", 100), row("东区", "plan", 899), row("西区", "today", 0, 2000)]
    figures += [row("西区", "plan", 1000, 2000), row("空区", "today", 0, 0), row("空区", "plan", 0, 0)]
    figures += [row("东区", "today", 1, standard="walk"), row("东区", "plan", 1, standard="walk")]
    shared = scene(of_town(record={**town()["record"], "effect": {"decides": ["walk"], "figures": figures}}))
    assert shared.states == ("today", "plan")
    paper = Recorder(500, 900)
    paper.said = []
    district_shares(Column(paper, 0, 236, 900), shared, 30.0)
    assert paper.said == []
    district_shares(Column(paper, 0, 236, 900), shared, 40.0)
    assert paper.said[1:] == ["西区", "0.0% → 50.0%", "东区", "10.0% → 89.9%"]


def test_no_lawful_plan_is_drawn_as_none() -> None:
    world = town()
    plan = {**world["record"]["plan"], "status": "infeasible", "objective": None, "opened": []}
    changes = {"record": {**world["record"], "plan": plan}, "sites": world["sites"].query("state != 'planned'")}
    assert scene(of_town(**changes)).states == ("today",)
    said = legend_of(**changes)
    assert said[said.index("求解结果") + 1] == "已证明不能同时满足全部要求"
    assert not {"新增设施", "一次性投入", "规划新增范围", "规划后新覆盖"} & set(said)
    assert not any("接近目标" in words for words in said)
    assert len(printmaps.figure_pictures(of_town(**changes))) == 1


# ---- who is shown as what ----


def test_people_are_shown_as_the_deciding_standards_say() -> None:
    shared = scene(of_town())
    assert shared.decides == ("walk", "rural")
    assert shared.kinds["today"].tolist() == ["covered", "uncovered", "uncovered"]
    assert shared.kinds["plan"].tolist() == ["covered", "newly", "uncovered"]
    table = town()["coverage"]
    table.loc[table["demand_id"] == "d1", "reason"] = "not_assessable"
    assert scene(of_town(coverage=table)).kinds["plan"].tolist()[1] == "unassessable"


@pytest.mark.parametrize(
    ("standards", "effect", "decides"),
    [
        ([("a", "urban", "residents"), ("b", None, "residents")], {}, ("a",)),
        ([("a", None, "residents"), ("b", None, "residents")], {}, ("a", "b")),
        ([("a", None, "residents"), ("b", "urban", "jobs")], {}, ("a",)),
        ([("a", "urban", "residents"), ("b", None, "residents")], {"effect": {"decides": ["b"]}}, ("b",)),
    ],
)
def test_which_standards_decide(standards: Sequence[Any], effect: dict[str, Any], decides: tuple[str, ...]) -> None:
    items = [dict(zip(("id", "setting", "layer"), one, strict=True)) for one in standards]
    assert deciding({"standards": items, **effect}) == decides


def test_planned_sites_carry_their_number_and_lie_above() -> None:
    shared = scene(of_town())
    view = view_of(main_bounds(shared), Box(0, 0, 300, 200))
    found = symbols(view, shared, ("today", "planned", "closed"))
    assert [(one.state, one.number) for one in found] == [("closed", 0), ("today", 0), ("planned", 2), ("planned", 1)]


# ---- what is seen ----


def test_a_city_spread_thin_is_shown_by_its_core() -> None:
    rng = np.random.default_rng(3)
    places = np.concatenate([rng.normal(0, 0.01, (300, 2)), rng.uniform(-0.2, 0.2, (30, 2))])
    places += np.array([120.2, 36.2])
    world = town()
    demand = gpd.GeoDataFrame(
        {"demand_id": [f"d{n}" for n in range(330)], "district": "", "town": "", "people": 100},
        geometry=gpd.points_from_xy(*places.T), crs=4326,
    )  # fmt: skip
    shared = scene(of_town(demand=demand, sites=world["sites"].iloc[:0], roads=grid(20, 0.02)))
    view = view_of(main_bounds(shared), Box(0, 0, 300, 200))
    assert 0.7 < seen(view, shared).mean() < 1
    assert cropped(view, shared)
    dense = densest(view, shared, Box(0, 0, 100, 100))
    assert dense.metres < view.metres
    shown = (100 * dense.metres) ** 2 / (300 * 200 * view.metres**2)  # of the ground that the main view shows
    assert seen(dense, shared).mean() > 4 * shown


@pytest.mark.parametrize(("east", "halves"), [(120.05, 2), (120.1, 2), (120.4, 1)])
def test_a_tall_city_leaves_room_for_an_enlarged_part(east: float, halves: int) -> None:
    room = Box(10, 20, 900, 700)
    main, beside = frames((120.0, 36.0, east, 36.2), room)
    assert 1 + (beside is not None) == halves
    assert main.inside(room)
    assert beside is None or (beside.inside(room) and main.right < beside.left)


@given(st.floats(-75, 75), st.floats(0.2, 200))
def test_a_view_is_true_to_scale(lat: float, metres: float) -> None:
    view = View(120.0, lat, metres, Box(0, 0, 500, 400))
    (x0, y0), (x1, y1) = view.on_paper(np.array([[120.0, lat], [120.001, lat + 0.001]]))
    across = float(great_circle_m(120.0, lat, 120.001, lat))
    assert (x1 - x0) * metres == pytest.approx(across, rel=1e-3, abs=0.02 * metres)
    assert (y1 - y0) * metres == pytest.approx(float(great_circle_m(120, lat, 120, lat + 0.001)), abs=0.02 * metres)
    lon, back = view.degrees(x1, y1)
    assert (lon, back) == pytest.approx((120.001, lat + 0.001), abs=1e-6 * metres)


@pytest.mark.parametrize("lat", [-30.0, 0.0, 36.6, 60.0])
def test_the_scale_bar_is_as_long_as_it_says(lat: float) -> None:
    view = view_of((120.0, lat, 120.1, lat + 0.08), Box(0, 0, 700, 500))
    length = round_length(110 * view.metres)
    west, south = view.degrees(50, 50)
    east, north = view.degrees(50 + length / view.metres, 50)
    assert float(great_circle_m(west, south, east, north)) == pytest.approx(length, rel=2e-3)
    cover = scale_bar(Paper(700, 500), view, 50, 50, 110, ("米", "公里"))
    assert cover.right - cover.left < 150


@given(st.floats(1e-3, 1e7))
def test_scales_are_round(room: float) -> None:
    length = round_length(room)
    assert length <= room * (1 + 1e-9) < 2.5 * length * (1 + 1e-9)
    assert f"{length:e}"[0] in "125"


# ---- labels ----

coordinate = st.integers(0, 200).map(float)
labels = st.builds(
    Label,
    text=st.text("中文a", min_size=1, max_size=9),
    x=coordinate, y=coordinate, size=st.sampled_from([5.0, 7.0, 11.0]), gap=st.sampled_from([0.0, 3.0]),
    centred=st.booleans(),
)  # fmt: skip
boxes = st.builds(
    lambda x, y, wide, high: Box(x, y, x + wide, y + high), coordinate, coordinate, coordinate, coordinate
)


@settings(max_examples=75, deadline=None)
@given(st.lists(labels, max_size=25), st.lists(boxes, max_size=4))
def test_labels_never_meet_and_never_yield_to_lesser_ones(wanted: list[Label], taken: list[Box]) -> None:
    frame = Box(0, 0, 200, 200)
    found = placed(wanted, frame, taken)
    kept = [box for box in found if box]
    assert all(box.inside(frame) for box in kept)
    assert not any(one.meets(other) for place, one in enumerate(kept) for other in [*kept[:place], *taken])
    # a label that found no room would have met the frame, what was taken, or a more important label
    before: list[Box] = [*taken]
    for label, box in zip(wanted, found, strict=True):
        near = [Box(one.left - 1, one.bottom - 1, one.right + 1, one.top + 1) for one in before]
        if box is None:
            assert all(not one.inside(frame) or any(one.meets(other) for other in near) for one in label.boxes())
        else:
            assert box in label.boxes()
            before.append(box)
    assert placed(wanted[:5], frame, taken) == found[:5]


def test_names_of_districts_come_before_those_of_towns() -> None:
    shared = scene(of_town())
    view = view_of(main_bounds(shared), Box(0, 0, 300, 200))
    assert [label.text for label, _ in area_labels(view, shared)] == ["东区", "一镇"]


# ---- letters ----


def test_every_character_of_gb2312_and_of_our_words_is_in_the_font() -> None:
    gb2312 = (bytes((row, cell)) for row in range(0xA1, 0xF8) for cell in range(0xA1, 0xFF))
    wanted = set("".join(code.decode("gb2312", "ignore") for code in gb2312))
    for sentence in sentences().values():
        wanted |= set("".join(sentence.values()))
    for file in (ROOT / "planner" / "assets" / "words").glob("*.toml"):
        tomllib.loads(file.read_text(encoding="utf-8"))
        wanted |= set(file.read_text(encoding="utf-8"))
    assert len(wanted) > 7000
    assert {char for char in wanted if not has(char)} - set("\n\t") == set()
    assert has(STAND_IN)


def test_the_font_has_a_name_of_its_own_and_its_licence() -> None:
    content = FONT.read_bytes()
    assert len(content) < 2_500_000
    assert "Noto Sans".encode("utf-16-be") not in content
    assert "SIL OPEN FONT LICENSE" in (FONT.parent / "OFL.txt").read_text(encoding="utf-8")


@given(st.text(max_size=40))
def test_plain_text_has_only_letters_that_there_are(text: str) -> None:
    assert all(has(char) for char in plain(text))
    assert plain(plain(text)) == plain(text)


@given(st.text("中文，。（aB ", max_size=60).map(plain), st.floats(30, 200))
def test_lines_are_no_wider_than_their_room(text: str, room: float) -> None:
    lines = wrapped(text, 8, room)
    assert all(width(line, 8) <= room + 1e-6 for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert width(shortened(text, 8, room), 8) <= room + 1e-6


def test_what_is_left_out_is_marked() -> None:
    assert shortened("中文名字很长", 10, 40) == "中文名…"
    assert shortened("中文", 10, 40) == "中文"
    assert shortened("中文", 10, 5) == ""
    assert plain("甲\u202e乙\n丙👍") == f"甲乙 丙{STAND_IN}"


# ---- pictures of documents ----


def test_figures_show_today_and_the_plan() -> None:
    pictures = printmaps.figure_pictures(of_town())
    assert len(pictures) == 2
    assert ["现状" in one.caption for one in pictures] == [True, False]
    for one in pictures:
        with Image.open(io.BytesIO(one.png)) as image:
            assert image.size == pytest.approx((one.width_cm / 2.54 * 300, one.height_cm / 2.54 * 300), abs=2)
        assert one.wide == (one.width_cm == 24.0)
        assert len(one.png) < 1_500_000
    assert pictures[0].png != pictures[1].png


def test_each_site_has_a_small_map() -> None:
    shown = of_town()
    pictures = printmaps.site_pictures(shown, ["s2", "s3", "nowhere"])
    assert list(pictures) == ["s2", "s3", "nowhere"]
    for one in pictures.values():
        with Image.open(io.BytesIO(one.png)) as image:
            assert image.size == (math.floor(15.5 / 2.54 * 220), math.floor(8.5 / 2.54 * 220))
        assert len(one.png) < 250_000
        assert (one.width_cm, one.height_cm) == (15.5, 8.5)
    assert pictures["s2"].caption == "新站一：服务范围与周边"
    assert printmaps.site_pictures(shown, ["s2"])["s2"].png == pictures["s2"].png


def test_the_keys_of_a_small_map_stand_below_its_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every further line of keys makes the frame lower, which may show more that needs a key."""
    drawn = []

    def kept(_: Paper, keys: Sequence[Any], box: Box) -> None:
        drawn.append((strip_height(keys, box.right - box.left), box.top))

    monkeypatch.setattr(printpages, "strip", kept)
    monkeypatch.setattr(
        printpages, "keys_seen", lambda view, *_: [(None, "很长的图例说明")] * (3 if view.metres < 6.5 else 12)
    )
    printmaps.site_pictures(of_town(), ["s2"])
    ((high, room),) = drawn
    assert high > strip_height([(None, "很长的图例说明")] * 3, 400)  # type: ignore[list-item]
    assert high <= room + 2


def test_a_small_map_shows_the_reach_that_the_site_is_built_for() -> None:
    world = town()
    rows = {"standard": ["walk", "rural"], "state": "plan", "site_id": "s2"}
    areas = gpd.GeoDataFrame(rows, geometry=[shapely.box(120, 36, 120.1, 36.1)] * 2, crs=4326)
    table = world["coverage"]
    table.loc[(table["demand_id"] == "d2") & (table["state"] == "plan"), ["covered", "site_id"]] = [True, "s2"]
    assert printpages._area_of(scene(of_town(areas=areas)), "s2", "plan")[0] == "walk"
    table.loc[(table["demand_id"] == "d1") & (table["state"] == "plan"), "covered"] = False
    table.loc[(table["demand_id"] == "d2") & (table["standard"] == "walk"), "covered"] = False
    assert printpages._area_of(scene(of_town(areas=areas, coverage=table)), "s2", "plan")[0] == "rural"
    standards = [
        item | {"served_by": kinds}
        for item, kinds in zip(world["record"]["standards"], (["gig_station"], ["station"]), strict=True)
    ]
    opened = [{"site_id": "s2", "type": "gig_station"}]
    record = {**world["record"], "standards": standards, "plan": world["record"]["plan"] | {"opened": opened}}
    shared = scene(of_town(areas=areas, coverage=table, record=record))
    assert printpages._area_of(shared, "s2", "plan")[0] == "walk"  # the other is served by another type alone
