"""The siting proposal: no figure that is not in run.json, and sentences that read well whatever the run is like."""

from __future__ import annotations

import copy
import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from planner.blocks import Document, Heading, PageBreak, Paragraph, Picture, Table
from planner.figures import exact_percent, gap_percent, money, percent, percent_of
from planner.leftout import REASONS
from planner.proposal import proposal, title_of
from planner.proposaltables import COMMUNITIES_SHOWN
from planner.words import say
from runs import run_scenario
from town import SCENARIO, write_town

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Run = dict[str, Any]

MORE = """
[[group]]
id = "jobless"
name = "登记失业人员"
[[standard]]
id = "rural"
clause = "W1"
applies_to = { setting = "rural" }
km = 0.5
served_by = ["station", "e_station"]
[[standard]]
id = "all"
clause = "J1"
km = 0.6
served_by = ["station", "e_station"]
[[goal]]
id = "each"
standard = "all"
share = 0.3
each = "district"
[siting]
horizon_years = 5
"""
PHASES = """
[[phase]]
year = 2026
[phase.shares]
people = 0.3
each = 0
[[phase]]
year = 2027
[phase.shares]
people = 0.6
each = 0.3
"""
SCENARIOS = {"met": MORE, "phases": MORE + PHASES, "short": MORE + "budget_yuan = 150_000\n"}
PICTURE = Picture(png=b"", caption="现状覆盖", width_cm=16.0, height_cm=12.0)
LANGUAGES = ("zh", "en")


def _town(folder: Path, more: str) -> Path:
    """Write the town with a rural part, a group of people, venues and a source of money."""
    path = write_town(folder, SCENARIO + more)
    demand, sites = folder / "demand.csv", folder / "sites.csv"
    lines = demand.read_text(encoding="utf-8").splitlines()
    told = [lines[0] + ",people_jobless"]
    for line in lines[1:]:
        cells = line.split(",")
        cells[5] = "rural" if cells[0] >= "D5" else "urban"
        told.append(",".join([*cells, str(int(cells[6]) // 3)]))
    demand.write_text("\n".join(told) + "\n", encoding="utf-8")
    lines = sites.read_text(encoding="utf-8").splitlines()
    told = [lines[0] + ",host,owner,build_method,funding"]
    told += [f"{line},商场,商业公司,改建,地方财政" if line[0] == "C" else f"{line},,,," for line in lines[1:]]
    sites.write_text("\n".join(told) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Runs of one town: goals met, met in two years, and out of reach for want of money."""
    found = {}
    for name, more in SCENARIOS.items():
        folder = tmp_path_factory.mktemp(name)
        out = run_scenario(_town(folder / "in", more), folder / "out", keep_inputs=False)
        found[name] = json.loads((out.folder / "run.json").read_text(encoding="utf-8"))
    return found


# --- all that a document says -----------------------------------------------------------------------------------


def texts(document: Document) -> Iterator[str]:
    """Every text of a document."""
    yield from (document.title, document.subtitle, document.footer)
    for block in document.blocks:
        match block:
            case Heading() | Paragraph():
                yield block.text
            case Picture():
                yield block.caption
            case Table():
                yield from (block.caption, *block.header, *block.notes)
                for row in block.rows:
                    yield from row
            case PageBreak():
                pass


def leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of run.json that is no container, with the key that it stands under; keys count as texts."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield "", name
            yield from leaves(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, key)
    else:
        yield key, value


FIXED = re.compile(
    r"SHA-256|first 12|前12位|附?[表图]\d+|(?i:table|annex|figure) \d+|(?<![\d.])(?:0\.1(?: ?%|[。.])|1 ?%)"
)
"""What the words themselves number: digests, tables and figures, and how shares are rounded."""

NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")


def digits(size: float) -> str:
    return format(Decimal(str(size)).normalize(), "f")


def rendered(key: str, value: float) -> Iterator[str]:
    """How one number of run.json may be printed."""
    size = abs(value)
    if key.endswith("_tenths"):
        yield f"{int(size) // 10}.{int(size) % 10}"
    elif key.endswith("_yuan") or key in {"bound", "certified_bound", "objective"}:
        yield from (money(int(size), "zh").removesuffix("万元"), f"{int(size):,}", str(int(size)))
    elif key in {"target", "today", "plan", "community_rule"}:
        yield from (exact_percent(size)[:-1], percent_of(size)[:-1])
    elif key in {"gap", "certified_gap"}:
        yield gap_percent(size)[:-1]
    elif key in {"metres", "straight_m"} or key.endswith("_m"):
        thousandths = round(size * 1000)
        yield from (f"{size:.0f}", f"{size:,.0f}", str(-(-thousandths // 1000)), digits(size))
    elif key == "seconds":
        yield f"{-(-round(size * 1000) // 6000) / 10:.1f}"
    elif isinstance(value, int):
        yield from (str(size), f"{size:,}")
    else:
        yield from (f"{size:g}", digits(size))


def allowed(run: Run) -> tuple[set[str], list[str]]:
    """Numbers that a document of a run may print, and texts of run.json in which digits stand, longest first."""
    numbers: set[str] = set()
    said: set[str] = set()
    for key, value in leaves(run):
        if isinstance(value, str):
            name = value.replace("\\", "/").rsplit("/", 1)[-1]
            said |= {one for one in (value, name, value.translate(str.maketrans("“”", "‘’"))) if re.search(r"\d", one)}
            if key in {"sha256", "scenario_sha256"}:
                said.add(value[:12])
        elif value is not None and not isinstance(value, bool):
            numbers |= set(rendered(key, value))
    year, month, day = run["data_date"].split("-")
    numbers |= {year, str(int(month)), str(int(day)), month, day, str(COMMUNITIES_SHOWN)}
    for goal in run["goals"]:
        for part in ("reached_today", "reached_plan", "most_reachable"):
            numbers.add(percent(goal[part], goal["whole"])[:-1])
    for one in run["standards"]:
        for part in ("covered_today", "covered_plan"):
            numbers.add(percent(one[part], one["people"])[:-1])
    figures = {text for text in said if re.fullmatch(r"[\d.]+", text)}
    return numbers | figures, sorted(said - figures, key=len, reverse=True)


def foreign(document: Document, run: Run) -> list[tuple[str, str]]:
    """Numbers of a document that are not in run.json, each with the text that says it."""
    numbers, said = allowed(run)
    found = []
    for text in texts(document):
        left = text
        for known in said:
            left = left.replace(known, " ")
        found += [(number, text) for number in NUMBER.findall(FIXED.sub(" ", left)) if number not in numbers]
    return found


def told(run: Run, language: str = "zh", pictures: tuple[Picture, ...] = (PICTURE,)) -> Document:
    return proposal({**run, "language": language}, pictures)


def whole_text(run: Run, language: str = "zh") -> str:
    return "\n".join(texts(told(run, language)))


# --- the law of figures -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_number_stands_in_run_json(runs: dict[str, Run], name: str, language: str) -> None:
    document = told(runs[name], language)
    assert foreign(document, runs[name]) == []
    assert len(NUMBER.findall(" ".join(texts(document)))) > 200


def marked(run: Run) -> Run:
    """Return run.json with another figure in place of each that is not 0, no two of them alike."""
    count = iter(range(1, 1_000_000))

    def mark(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: mark(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [mark(inner, key) for inner in value]
        if isinstance(value, bool) or not isinstance(value, int | float) or not value:
            return value
        unlike = 7919 * next(count)
        sign = -1 if value < 0 else 1
        if isinstance(value, int):
            return sign * (3_000_000 + unlike)
        return unlike / 10**9 if value < 1 else 20_000 + unlike / 1000

    found: Run = mark(run)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_run_of_other_figures_is_told_in_those_figures_alone(runs: dict[str, Run], name: str, language: str) -> None:
    """No figure is worked out, or kept in words: with all of them exchanged, none of the old ones is left."""
    run = marked(runs[name])
    assert foreign(told(run, language), run) == []


def test_a_planted_number_is_found(runs: dict[str, Run]) -> None:
    run = runs["met"]
    document = told(run)
    planted = Document(**{**document.__dict__, "blocks": (*document.blocks, Paragraph("新增服务987654人。"))})
    assert foreign(planted, run) == [("987654", "新增服务987654人。")]
    planted = Document(**{**document.__dict__, "title": document.title + "99.7%"})
    assert [number for number, _ in foreign(planted, run)] == ["99.7"]


def _at(run: Run, path: str) -> tuple[Any, Any]:
    """The container and the last key of a path such as ``plan.opened.0.people``."""
    *above, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    here: Any = run
    for part in above:
        here = here[part]
    return here, last


SAID = [
    "parameters.walk_kph", "parameters.snap_max_m", "parameters.community_rule", "parameters.island_min_m",
    "parameters.horizon_years", "demand.people", "demand.points", "sites.candidates", "inputs.1.rows_read",
    "inputs.1.rows_used", "standards.0.people", "standards.0.covered_today", "standards.0.covered_plan",
    "standards.2.covered_today", "goals.0.target", "goals.0.reached_today", "goals.0.reached_plan",
    "plan.cost_yuan", "plan.cost_once_yuan", "plan.cost_yearly_yuan", "plan.certified_bound", "plan.certified_gap",
    "plan.opened.0.number", "plan.opened.0.year", "plan.opened.0.cost_once_yuan", "plan.opened.0.cost_yearly_yuan",
    "plan.opened.0.newly_covered", "plan.opened.0.only_people", "plan.opened.0.lost_people",
    "plan.opened.0.runner_up_more_yuan", "plan.opened.2.number", "plan.hurts_most.0.people_losing",
    "plan.hurts_most.3.losing_people_to", "plan.hurts_most.3.losing_more_m",
    "plan.uncoverable_by_standard.walk-5.points", "plan.uncoverable_by_standard.walk-5.people",
    "effect.outlets.standing", "effect.outlets.operating", "effect.newly.people", "effect.newly.yuan_per_person",
    "effect.newly.cost_yuan_per_person", "effect.built.0.count", "effect.hosts.0.count",
    "effect.left.today.communities", "effect.left.today.people", "effect.left.today.groups.jobless.people",
    "effect.left.today.by_town.0.communities", "effect.left.plan.communities", "effect.left.plan.people",
    "effect.left.plan.reasons.not_chosen", "effect.change_tenths.0.rate_tenths", "effect.change_tenths.0.share_tenths",
]  # fmt: skip


@pytest.mark.parametrize("path", SAID)
def test_a_changed_figure_changes_the_text(runs: dict[str, Run], path: str) -> None:
    run = copy.deepcopy(runs["met"])
    before = whole_text(run)
    holder, key = _at(run, path)
    holder[key] += 10 if isinstance(holder[key], int) else 0.125 if holder[key] < 1 else 10.0
    assert whole_text(run) != before


def test_figures_by_standard_district_and_group_are_told(runs: dict[str, Run]) -> None:
    """Of city and districts every share by all standards together and by each is said somewhere."""
    text = whole_text(marked(runs["met"]))
    rows = [row for row in marked(runs["met"])["effect"]["figures"] if row["level"] == "district" or row["group"]]
    wanted = [
        f"{row['rate_tenths'] // 10}.{row['rate_tenths'] % 10}%"
        for row in rows
        if row["level"] == "district" and not row["standard"] and not row["group"] and row["rate_tenths"]
    ]
    groups = [row for row in rows if row["group"] and row["level"] == "city" and not row["standard"]]
    wanted += [f"{row['covered']}人" for row in groups]
    assert len(wanted) >= 5
    assert [one for one in wanted if one not in text] == []


# --- how it is put together -------------------------------------------------------------------------------------


def test_parts_tables_and_pictures_stand_in_order(runs: dict[str, Run]) -> None:
    document = told(runs["met"], pictures=(PICTURE, PICTURE))
    heads = [block.text for block in document.blocks if isinstance(block, Heading) and block.level == 1]
    assert heads == [
        "现状", "依据和标准", "差距", "选址方案", "实施效果", "比选", "未覆盖部分及措施", "口径、参数和数据来源",
    ]  # fmt: skip
    captions = [block.caption for block in document.blocks if isinstance(block, Table | Picture)]
    assert [caption.split("　")[0] for caption in captions] == [
        "表1", "表2", "表3", "附表1", "附表2", "附表3", "附图1", "附图2",
    ]  # fmt: skip
    assert isinstance(document.blocks[0], Paragraph)
    assert document.blocks[0].text.startswith("拟建站点3处")
    for table in (block for block in document.blocks if isinstance(block, Table)):
        assert {len(row) for row in table.rows} == {len(table.header)} == {len(table.widths)}


def test_the_houses_sentences_are_there_word_for_word(runs: dict[str, Run]) -> None:
    text = whole_text(runs["met"])
    for sentence in (
        r"截至2026年6月30日，全市共有基层就业服务网点\d+个，其中正常运行\d+个。",
        r"按“城区步行5分钟”口径（步行4公里/小时，路网距离），城镇社区达标\d+个，占可评定社区的[\d.]+%。",
        r"按“乡村辐射0.5公里”口径（以路网为准），农村社区达标\d+个，占[\d.]+%；按直线距离为[\d.]+%，仅供参考。",
        r"未达标社区分布在.+，涉及人口\d+人，其中登记失业人员共\d+人。",
        r"拟改建\d+处就业e站，优先利用既有的商场（\d+处）。",
        r"一次性投入[\d.]+万元、年运行[\d.]+万元",
        r"实施后城镇、农村社区达标率分别提高至[\d.]+%、[\d.]+%，新增服务\d+人，人均投入\d+元。在既定候选点",
        r"仍有\d+个社区未能覆盖，原因为附近没有可用候选点的\d+个、.+，拟以邻近联建补充。",
    ):
        assert re.search(sentence, text), sentence
    assert "「" not in text
    assert "“打造城区步行15分钟，乡村辐射5公里的人社便民服务圈”" in text
    assert "期满" in text
    assert "草案" in text


def test_gap_and_unassessable_sentences(runs: dict[str, Run]) -> None:
    run = copy.deepcopy(runs["met"])
    run["plan"] |= {"status": "gap", "gap": 0.0123, "bound": 281_500}
    run["effect"]["left"]["today"]["unassessable"] = 3
    text = whole_text(run)
    assert "最优方案最多还能比本方案省1.23%（已证明的费用下限为28.15万元）" in text
    assert "差距不超过" not in text
    assert "另有3个社区因缺少准确位置暂无法评定，未计入达标率分母。" in text
    assert "已证明没有总费用更低" not in text


@pytest.mark.parametrize(
    ("title", "language", "found"),
    [
        ("示例市零工驿站布局方案（2026年）", "zh", "示例市零工驿站布局方案（2026年）"),
        ("示例市零工驿站布局方案", "zh", "示例市零工驿站布局方案"),
        ("示例市服务圈现状评估", "zh", "示例市服务圈现状评估选址方案"),
        ("Coquimbo siting plan (2026)", "en", "Coquimbo siting plan (2026)"),
        ("Coquimbo", "en", "Coquimbo: siting proposal"),
    ],
)
def test_the_title_says_once_what_it_is(title: str, language: Any, found: str) -> None:
    assert title_of(title, language) == found


# --- whatever a run is like -------------------------------------------------------------------------------------


def _no_plan(run: Run, status: str) -> None:
    """Make of a run one that plans nothing, as effects of today alone are kept."""
    effect, plan = run["effect"], run["plan"]
    plan |= {"status": status, "objective": None, "best_effort": False, "opened": [], "by_funding": {}, "by_year": {}}
    plan |= {"bound": None, "gap": None, "certified_bound": None, "certified_gap": None, "estimated_count": 0}
    plan["hurts_most"] = [row for row in plan["hurts_most"] if row["state"] == "today"]
    effect |= {"change_tenths": [], "spending": [], "built": [], "hosts": [], "newly": None}
    effect["figures"] = [row for row in effect["figures"] if row["state"] == "today"]
    effect["left"]["plan"] = None
    for row in effect["communities"]:
        row["state_plan"] = None
    for goal in run["goals"]:
        goal |= {"plan": None, "reached_plan": None, "met": False}
    for one in run["standards"]:
        one |= {"covered_plan": None, "communities_plan": None, "share_plan": None}


def _nothing_opened(run: Run) -> None:
    run["plan"] |= {"opened": [], "by_funding": {}, "by_year": {}, "cost_yuan": 0, "cost_once_yuan": 0}
    run["plan"] |= {"cost_yearly_yuan": 0, "objective": 0, "bound": 0, "alternatives_fewer": "nothing_opened"}
    run["effect"] |= {"spending": [], "built": [], "hosts": []}
    run["effect"]["newly"] = {"people": 0, "yuan_per_person": None, "cost_yuan_per_person": None}


def _one_district(run: Run) -> None:
    effect = run["effect"]
    effect["figures"] = [row for row in effect["figures"] if not row["scope"].startswith("西区")]
    for left in effect["left"].values():
        left["by_town"] = [row for row in left["by_town"] if row["district"] != "西区"]


def _no_districts(run: Run) -> None:
    run["effect"]["figures"] = [row for row in run["effect"]["figures"] if row["level"] == "city"]
    for row in (*run["plan"]["opened"], *run["effect"]["communities"]):
        row |= {"district": "", "town": ""}


def _no_groups(run: Run) -> None:
    run["effect"]["figures"] = [row for row in run["effect"]["figures"] if not row["group"]]
    for left in run["effect"]["left"].values():
        left["groups"] = {}


def _no_funding(run: Run) -> None:
    for row in run["plan"]["opened"]:
        row |= {"funding": "", "host": "", "owner": "", "build_method": ""}
    held = run["plan"]["by_funding"]
    run["plan"]["by_funding"] = {"": next(iter(held.values()))}
    run["effect"]["hosts"] = []
    for row in run["effect"]["built"]:
        row["method"] = ""
    for row in run["effect"]["spending"]:
        row["funding"] = ""


def _all_covered(run: Run) -> None:
    for left in run["effect"]["left"].values():
        nothing = {"communities": 0, "people": 0, "groups": {}, "by_town": [], "unassessable": 0}
        left.update(nothing, **({"reasons": dict.fromkeys(left["reasons"], 0)} if "reasons" in left else {}))
    run["effect"]["communities"] = []
    run["plan"]["uncoverable_by_standard"] = {}


def _nobody(run: Run) -> None:
    """Let one deciding standard apply to nobody."""
    run["standards"][1] |= {"people": 0, "covered_today": 0, "covered_plan": 0, "communities": 0}
    nothing = {"communities": 0, "assessable": 0, "met": 0, "unmet": 0, "rate_tenths": None, "share_tenths": None}
    for row in run["effect"]["figures"]:
        if row["standard"] == "rural" and not row["group"]:
            row |= {**nothing, "people": 0, "covered": 0}


def _unjudged(run: Run) -> None:
    """Let nothing be judged at all."""
    nothing = {"assessable": 0, "met": 0, "unmet": 0, "rate_tenths": None}
    for row in run["effect"]["figures"]:
        if not row["group"]:
            row.update(nothing)
    for row in run["effect"]["change_tenths"]:
        row["rate_tenths"] = None
    for left in run["effect"]["left"].values():
        left |= {"communities": 0, "people": 0, "by_town": [], "unassessable": 16}
    for row in run["effect"]["communities"]:
        row |= {"state_today": "unassessable", "state_plan": "unassessable", "reason": "", "metres": None}


def _ones(run: Run) -> None:
    """Let every figure be 1, that words in the singular are told."""

    def one(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: one(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [one(inner) for inner in value]
        return 1 if isinstance(value, int) and not isinstance(value, bool) and value else value

    run["effect"], run["demand"] = one(run["effect"]), one(run["demand"])
    run["plan"] = {**one({**run["plan"], "by_year": {}}), "by_year": run["plan"]["by_year"]}


def _plain(run: Run) -> None:
    """Leave out policy, certificate, alternatives and reach of anybody by closing an outlet."""
    del run["policy"]
    run["plan"] |= {"certified_gap": None, "certified_bound": None, "alternatives_fewer": None, "hurts_most": []}
    run["standards"][0]["clause"] = run["standards"][1]["clause"] = None
    run["goals"] = []


def _rich(run: Run) -> None:
    """Have other plans, estimates, doubts, capacity, mobile points, areas, and who made the maps."""
    row = {"alternative": 1, "cost_yuan": 300_000, "more_yuan": 15_000, "objective": 300_000, "differs": 2}
    run["plan"]["alternatives"] = [{**row, "farthest": True}, {**row, "alternative": 2, "more_yuan": 0}]
    run["plan"] |= {"estimated_count": 1, "estimated_yuan": 70_000, "estimated_yearly_yuan": 0, "certified_gap": 1.5}
    run["plan"]["opened"][0] |= {"estimated": True, "estimated_once": True, "area_m2": 82.5, "size": "大"}
    run["plan"]["opened"][-1] |= {"runner_up_site_id": "", "runner_up_keeps_goals": None, "runner_up_more_yuan": None}
    run["demand"] |= {"placed_people": {"town": 7, "spread": 9}, "totals": [{"people": 12}]}
    run["doubts"] = [{"place": "../data/demand.csv，第3行", "what": "人口为0", "cure": "请核对"}]
    run["standards"][0] |= {"served_today": 40, "served_plan": 300, "mode": "drive"}
    run["effect"]["outlets"] |= {"mobile": 4, "communities_without": 12}
    run["document"] = {"maker": "示例市人社局", "review_number": "鲁S（2026）12号", "note": ""}
    run["effect"]["built"][0] |= {"at_existing": 1, "method": "租用"}
    key = "standard.walk-5.minutes"
    about = {"clause": "W1", "default": "15", "value": "5", "own": True, "why": "试点。", "why_en": "a trial"}
    run["policy"]["inputs"] = [{"key": key, **about}]
    run["policy"]["own"] = [{"key": key, "pack": "15", "own": "5"}]


def _other_aim(run: Run) -> None:
    run["plan"] |= {"objective_of": "max_coverage", "status": "gap", "gap": 0.02, "certified_gap": 0.03}
    run["parameters"] |= {"standard": "walk-5", "weights": [{"id": "jobless", "name": "登记失业人员", "weight": 3}]}


def _many(run: Run) -> None:
    """Have more goals and communities than a table shows, some of them unmet."""
    row = {**run["effect"]["communities"][0], "state_plan": "unmet"}
    run["effect"]["communities"] = [{**row, "unit_id": f"{k:012d}"} for k in range(70)]
    goal = {**run["goals"][1], "met": False}
    run["goals"] += [{**goal, "scope": f"{k}镇"} for k in range(40)]


CASES: dict[str, Callable[[Run], None]] = {
    "as it is": lambda run: None,  # noqa: ARG005
    "none": lambda run: _no_plan(run, "none"),
    "infeasible": lambda run: _no_plan(run, "infeasible"),
    "unknown": lambda run: _no_plan(run, "unknown"),
    "nothing opened": _nothing_opened,
    "one district": _one_district,
    "no districts": _no_districts,
    "no groups": _no_groups,
    "no funding": _no_funding,
    "all covered": _all_covered,
    "nobody": _nobody,
    "unjudged": _unjudged,
    "ones": _ones,
    "plain": _plain,
    "rich": _rich,
    "other aim": _other_aim,
    "many": _many,
}

BAD = {
    "zh": re.compile(
        r"None|nan|null|\{|\}|(?<![\d.])0[处次]|（0个）|[，、；：（][，、；。）]|。。|，$|—[处个人元]| {2}"
    ),
    "en": re.compile(
        r"None|\bnan\b|null|\{|\}|(?<![\d.,])0 sites|(?<![\d.,])1 (?:sites|communities|people|years|outlets|points)\b"
        r"|[,;:(] ?[,;.)]|\.\.|—[a-z]| {2}(?!Road data)|  \."
    ),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("name", "case"),
    [*(("met", case) for case in CASES), ("phases", "as it is"), ("short", "as it is"), ("short", "rich")],
)
def test_sentences_read_well_whatever_the_run(runs: dict[str, Run], name: str, case: str, language: str) -> None:
    run = copy.deepcopy(runs[name])
    CASES[case](run)
    document = told(run, language)
    said = [re.sub(r"(Annex|Figure) \d {2}|Table \d　", "", text) for text in texts(document)]
    assert [text for text in said if BAD[language].search(text)] == []
    assert foreign(document, run) == []
    for block in document.blocks:
        if isinstance(block, Heading | Paragraph):
            assert block.text.strip()
        if isinstance(block, Table):
            assert block.rows


def test_a_goal_that_is_not_met_is_told_plainly(runs: dict[str, Run]) -> None:
    text = whole_text(runs["short"])
    assert "已证明：在现有候选点、规则和资金限额下，没有方案能达到全部目标" in text.split("现状", 1)[0]
    assert "下列目标在方案实施后仍未达到：城区步行5分钟按人口覆盖（目标60%" in text
    assert "所设目标全部可以达到" not in text
    assert "差距不超过" not in text
    assert re.search("下列要求不能同时满足.+城区步行5分钟按人口覆盖、总费用上限", text)


def test_without_a_plan_nothing_is_proposed(runs: dict[str, Run]) -> None:
    for status, words in (("infeasible", "已证明"), ("unknown", "不等于没有"), ("none", "没有设定目标")):
        run = copy.deepcopy(runs["met"])
        _no_plan(run, status)
        document = told(run)
        text = "\n".join(texts(document))
        assert words in text
        assert "现提请审定" not in text
        assert "规划后" not in text
        assert not any(isinstance(block, Table) and block.caption.startswith("附表2") for block in document.blocks)


def test_years_are_told_apart(runs: dict[str, Run]) -> None:
    text = whole_text(runs["phases"])
    assert "自2026年至2027年分年实施。" in text
    assert "以下为2027年方案全部实施后的数值。" in text
    assert re.search("分年度看：2026年新增.+；2027年新增", text)


def _annex(run: Run, number: int) -> Table:
    return next(b for b in told(run).blocks if isinstance(b, Table) and b.caption.startswith(f"附表{number}"))


def test_what_is_proven_is_said_of_this_plan_not_of_the_best(runs: dict[str, Run]) -> None:
    """A gap is a part of this plan's cost: the best one can be so much cheaper, which is more as a part of its own."""
    run = copy.deepcopy(runs["met"])
    run["plan"] |= {"status": "gap", "gap": 0.5, "bound": 100, "certified_bound": 99, "certified_gap": 0.505}
    zh, en = whole_text(run), whole_text(run, "en")
    assert "最优方案最多还能比本方案省50.00%" in zh
    assert "最优方案最多还能比本方案省50.50%（该核算方法较保守，差距偏大）" in zh
    assert "at most 50.00% cheaper than this one" in en
    assert "within 50" not in en
    run["plan"] |= {"certified_gap": 0.0, "goals": []}
    assert "同样证明没有总费用更低的方案" in whole_text(run)
    assert "差距偏大" not in whole_text(run)


def test_a_closing_with_the_plan_is_of_todays_outlets(runs: dict[str, Run]) -> None:
    run = runs["met"]
    rows = [row for row in run["plan"]["hurts_most"] if row["state"] == "plan" and row["people_losing"]]
    assert rows
    assert whole_text(run).count("方案实施后，现有网点中，按") == len(rows)


@pytest.mark.parametrize("effort", [False, True])
def test_runner_ups_are_judged_alike_in_text_and_table(runs: dict[str, Run], effort: bool) -> None:  # noqa: FBT001
    run = copy.deepcopy(runs["met"])
    run["plan"]["best_effort"] = effort
    cases = [(True, -60_500, -60_500, 9), (True, 0, 0, 0), (True, 0, 5, 0), (True, 400, 400, 0), (False, -400, -400, 8)]
    keys = ("runner_up_keeps_goals", "runner_up_more_yuan", "runner_up_more_objective", "runner_up_lost_people")
    row = {**run["plan"]["opened"][0], "runner_up_site_id": "C9", "runner_up_name": "另一处"}
    run["plan"]["opened"] = [
        {**row, "site_id": f"C{k}", "number": k + 1, **dict(zip(keys, case, strict=True))}
        for k, case in enumerate(cases)
    ]
    cells = [cells[-1] for cells in _annex(run, 2).rows[:-1]]
    keeps, fails = (
        ("各目标的数值不低于本方案", "部分目标的数值低于本方案") if effort else ("目标仍可达到", "部分目标无法达到")
    )
    assert [cell.partition("：")[2].partition("，")[0] for cell in cells] == [keeps] * 4 + [fails]
    assert "9人次失去覆盖" in cells[0]
    ends = ["优于此处；方案未证明最优", "与此处相当", "不如此处，故未选用"]
    assert [end in cell for end, cell in zip(ends, cells, strict=False)] == [True] * 3
    text = whole_text(run)
    assert all(text.count(end) == 2 for end in ends)
    assert ("目标仍可达到" in text) is not effort


def test_under_capacity_people_are_those_whom_outlets_can_take(runs: dict[str, Run]) -> None:
    run = copy.deepcopy(runs["met"])
    run["standards"][0] |= {"served_today": 40, "served_plan": 300}
    for row in run["plan"]["opened"]:
        row |= {"lost_people": -4, "in_time": True}
    run["plan"]["opened"][0]["lost_people"] = 17
    text = whole_text(run)
    assert text.count("如不建，按各标准合计少服务17人次") == 1
    assert text.count("如不建，能服务的人数不减少。") == len(run["plan"]["opened"]) - 1
    assert "人次失去覆盖。" not in text
    assert "以上按可达计，未计服务能力" in text
    assert "可达计，未计服务能力" not in whole_text(runs["met"])


def test_who_cannot_be_judged_is_told_beside_every_share(runs: dict[str, Run]) -> None:
    run = copy.deepcopy(runs["met"])
    run["standards"][2]["not_assessable"] = 2_756
    text = whole_text(run)
    assert re.search("按“.+”另有2756人无法评定，未计入该标准的覆盖人口和比例。", text)
    table = next(b for b in told(run).blocks if isinstance(b, Table) and "分标准实施效果" in b.caption)
    assert table.header[1:3] == ("可评定人口", "无法评定人口")
    assert table.rows[2][2] == "2756"
    assert "适用人口" not in text
    assert "无法评定人口" not in whole_text(runs["met"])


def test_standards_in_a_straight_line_cover_who_is_off_the_roads(runs: dict[str, Run]) -> None:
    run = copy.deepcopy(runs["met"])
    run["demand"] |= {"off_network_points": 4, "off_network_people": 86}
    assert "按沿道路量算的标准，无论如何选址均不算覆盖" in whole_text(run)
    assert "另行设点也不能覆盖" in whole_text(run)
    for one in run["standards"]:
        one["metric"] = "straight"
    text = whole_text(run)
    assert "各标准的距离均按直线量算。" in text
    assert "均不算覆盖" not in text
    assert "另行设点也不能覆盖" not in text


def test_two_types_at_one_place_are_two_facilities(runs: dict[str, Run]) -> None:
    run = copy.deepcopy(runs["met"])
    run["plan"]["opened"][1]["site_id"] = run["plan"]["opened"][0]["site_id"]
    text = whole_text(run)
    assert text.startswith(told(run).title)
    assert "拟建设施3项（同一地点设两种类型的按两项计）" in text
    assert "拟建站点" not in text.replace("拟建站点一览", "")
    row = run["plan"]["opened"][0]
    assert f"“{row['name']}（{row['type_name']}）”：如不建" in text
    assert any("按两项设施分别计算" in note for note in _annex(run, 2).notes)


def test_an_aim_says_by_which_standard_and_who_counts_for_more(runs: dict[str, Run]) -> None:
    run = copy.deepcopy(runs["met"])
    _other_aim(run)
    text = whole_text(run)
    assert "使按“城区步行5分钟”未覆盖的人口（登记失业人员每人按3人计）最少；" in text
    assert "最优方案的未覆盖人口最多还能比本方案少2.00%。" in text
    run["parameters"]["weights"] = []
    run["plan"]["objective_of"] = "min_travel"
    assert "使按“城区步行5分钟”计，居民到网点的总路程最短；" in whole_text(run)


def test_districts_that_leave_some_communities_out_say_so(runs: dict[str, Run]) -> None:
    run = copy.deepcopy(runs["met"])
    note = say("proposal.note.districts_rest", "zh")
    assert note not in _annex(run, 1).notes
    next(row for row in run["effect"]["figures"] if row["level"] == "city" and not row["standard"])["communities"] += 5
    assert note in _annex(run, 1).notes


def test_one_requirement_conflicts_with_nothing(runs: dict[str, Run]) -> None:
    run = copy.deepcopy(runs["short"])
    run["plan"] |= {"conflict": run["plan"]["conflict"][:1], "conflict_words": run["plan"]["conflict_words"][:1]}
    text = whole_text(run)
    assert "下列要求单独也做不到：" in text
    assert "不能同时满足" not in text


def test_measures_are_said_of_those_alone_that_have_them(runs: dict[str, Run]) -> None:
    run = copy.deepcopy(runs["met"])
    mine = [row for row in run["effect"]["communities"] if row["state_plan"] == "unmet"]
    for measure, words in (
        ("邻近联建：由“甲”服务，路网9米", "，拟以邻近联建补充。"),
        ("另行安排", "，须另行安排。"),
        ("流动服务：“乙”，直线9米", "，拟以流动服务补充。"),
    ):
        for row in mine:
            row["measure"] = measure
        assert words in whole_text(run)
    mine[0]["measure"] = "另行安排"
    assert "，其中部分拟以流动服务补充，其余须另行安排。" in whole_text(run)


def test_no_doubt_is_told_no_further_than_it_goes(runs: dict[str, Run]) -> None:
    text = whole_text(runs["met"])
    assert "没有发现疑点" not in text
    assert "逐项检查（位置偏离道路、城乡分类与人口密度不符等）不在本文之列" in text


def test_names_that_end_in_a_figure_do_not_run_into_the_next(runs: dict[str, Run]) -> None:
    run = copy.deepcopy(runs["met"])
    run["effect"]["built"] = [{**row, "type_name": "就业驿站2.0"} for row in run["effect"]["built"]]
    for row in run["effect"]["figures"]:
        row["scope"] = row["scope"].replace("西区", "西区2")
    text = whole_text(run)
    assert "处就业驿站2.0" in text
    assert not re.search(r"就业驿站2\.0\d|西区2\d", text)


def test_what_the_bureau_fills_in_has_its_columns(runs: dict[str, Run]) -> None:
    table = _annex(runs["met"], 3)
    assert table.header[-2:] == ("责任单位", "时限")
    assert {row[-2:] for row in table.rows} == {("", "")}


def test_years_that_nobody_set_are_not_told_as_set(runs: dict[str, Run]) -> None:
    assert "方案没有分年安排" in whole_text(runs["met"])
    assert "全部安排在" not in whole_text(runs["met"])
    assert "方案没有分年安排" not in whole_text(runs["phases"])


def test_maps_carry_their_imprint(runs: dict[str, Run]) -> None:
    run = copy.deepcopy(runs["met"])
    run["document"] = {"maker": "示例市人社局", "review_number": "", "note": ""}
    caption = next(b.caption for b in told(run).blocks if isinstance(b, Picture))
    assert caption.split("\n")[1:] == [
        "审图号：（待填）　制图单位：示例市人社局",
        "数据截至2026年6月30日　内部工作用图",
    ]
    assert "附件：附表1　分区市达标情况；附表2　拟建站点一览；附表3　未达标社区及措施；附图1　现状覆盖" in whole_text(
        run
    )


def test_a_long_list_says_that_it_is_cut(runs: dict[str, Run]) -> None:
    run = copy.deepcopy(runs["met"])
    _many(run)
    tables = {b.caption.split("　")[0]: b for b in told(run).blocks if isinstance(b, Table)}
    left = run["effect"]["left"]["plan"]["communities"]
    assert len(tables["附表3"].rows) == COMMUNITIES_SHOWN
    assert f"列前{COMMUNITIES_SHOWN}个，其余见社区台账；全部未达标社区{left}个" in tables["附表3"].notes[0]
    assert len(tables["表1"].rows) < len(run["goals"])
    assert any("run.json" in note for note in tables["表1"].notes)


def test_columns_of_which_nothing_is_known_are_left_out_and_named(runs: dict[str, Run]) -> None:
    run = copy.deepcopy(runs["met"])
    table = next(b for b in told(run).blocks if isinstance(b, Table) and b.caption.startswith("附表2"))
    assert "面积（平方米）" not in table.header
    assert any("面积（平方米）" in note for note in table.notes)
    assert "资金渠道" in table.header
    _no_funding(run)
    table = next(b for b in told(run).blocks if isinstance(b, Table) and b.caption.startswith("附表2"))
    assert not {"资金渠道", "依托场所及产权", "建设方式"} & set(table.header)


def test_names_are_data(runs: dict[str, Run]) -> None:
    run = copy.deepcopy(runs["met"])
    hostile = "{name} %s <b>${1+1}$\\u`=cmd|' \u202e"
    run["plan"]["opened"][0]["name"] = run["plan"]["opened"][0]["host"] = hostile
    run["effect"]["hosts"][0]["host"] = run["effect"]["communities"][0]["name"] = hostile
    run["plan"]["opened"][0]["runner_up_name"] = run["title"] = hostile
    text = whole_text(run)
    assert text.count("{name} %s <b>${1+1}$\\u`=cmd|'") >= 5


def test_the_same_run_says_the_same(runs: dict[str, Run]) -> None:
    run = copy.deepcopy(runs["met"])
    assert told(run) == told(runs["met"])
    assert run == runs["met"]


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_reason_has_its_words(reason: str, language: Any) -> None:
    assert say(f"proposal.cause.{reason}", language)
