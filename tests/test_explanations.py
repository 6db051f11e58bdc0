"""How a result explains itself: names, words and costs in its tables, on its map and in the terminal."""

from __future__ import annotations

import csv
import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from planner import explanations, summary
from planner.alternatives import Alternatives
from planner.cli import app
from planner.reasons import reasons
from runs import RUN
from town import SCENARIO, write_town

if TYPE_CHECKING:
    from pathlib import Path

    from planner.reasons import Reason
    from planner.siting import Instance, Plan

ENGLISH = SCENARIO.replace("data_date", 'language = "en"\ndata_date', 1).replace("小镇方案", "Town")
NAMES = "候选.|老站|停站|就业e站|就业服务站|东区镇|西区镇|东区|西区"
"""Names that the tables of the town hold."""


def run(scenario: Path, *, exit_code: int = 0) -> tuple[str, Path, dict[str, Any]]:
    """Run a scenario by its verb: what was printed, the folder, run.json."""
    out = scenario.parent / "out"
    result = CliRunner().invoke(app, [*RUN, str(scenario), "--out", str(out)], catch_exceptions=False)
    assert result.exit_code == exit_code, result.output
    folder = out / "town"
    return result.stdout, folder, json.loads((folder / "run.json").read_text(encoding="utf-8"))


def rows_in(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def page_data(folder: Path) -> dict[str, Any]:
    text = (folder / "map.html").read_text(encoding="utf-8").split('id="planner-data">')[1].split("</script>")[0]
    return dict(json.loads(text))


def siting(text: str) -> str:
    return f"\n[siting]\n{text}\n"


# --- why.csv -------------------------------------------------------------------------------------------------


def test_why_names_the_site_and_its_runner_up_with_their_costs(tmp_path: Path) -> None:
    _, folder, record = run(write_town(tmp_path, SCENARIO.replace("share = 0.6", "share = 0.4")))
    sites = {row["site_id"]: row for row in rows_in(folder / "sites.csv")}
    rows = rows_in(folder / "why.csv")
    assert {row["site_id"] for row in rows} == {row["site_id"] for row in record["plan"]["opened"]}
    with_second = [row for row in rows if row["runner_up_site_id"]]
    assert with_second
    assert len(with_second) < len(rows)
    for row in rows:
        assert (row["name"], row["type_name"]) == (sites[row["site_id"]]["name"], "就业e站")
        assert row["in_time"] == "true"
    for row in with_second:
        other = sites[row["runner_up_site_id"]]
        assert (row["runner_up_name"], row["runner_up_type_name"]) == (other["name"], "就业e站")
        own = other["status"] == "candidate"
        expected = (other["cost_once_yuan"], other["cost_yearly_yuan"]) if own else ("80000", "6000")
        assert (row["runner_up_cost_once_yuan"], row["runner_up_cost_yearly_yuan"]) == expected
        once, yearly = (
            int(row[f"runner_up_cost_{kind}_yuan"]) - int(row[f"cost_{kind}_yuan"]) for kind in ("once", "yearly")
        )
        assert int(row["runner_up_more_yuan"]) == once + 5 * yearly
    for row in rows:
        if not row["runner_up_site_id"]:
            assert all(value == "" for key, value in row.items() if key.startswith("runner_up"))


@pytest.mark.parametrize(("text", "goal"), [(SCENARIO, "目标 people（东区）"), (ENGLISH, "goal people in 东区")])
def test_why_tells_goals_in_words_and_run_json_by_their_labels(tmp_path: Path, text: str, goal: str) -> None:
    count = '\n[[count]]\nid = "some"\ntype = "e_station"\ndistrict = "东区"\nmin = 1\n'
    scenario = write_town(tmp_path, text.replace("share = 0.6", 'share = 0.3\neach = "district"') + count)
    _, folder, record = run(scenario)
    told = {part for row in rows_in(folder / "why.csv") for part in re.split("、|, ", row["goals_missed"])}
    assert goal in told
    labels = {label for row in record["plan"]["opened"] for label in row["goals_missed"]}
    assert labels <= {"people:东区", "people:西区"}
    assert "people:东区" in labels
    kept = {row["site_id"]: row["rules_broken"] for row in record["plan"]["opened"]}
    assert all(isinstance(names, list) for names in kept.values())


def test_reasons_get_a_part_of_the_time_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = []

    def watched(instance: Instance, plan: Plan, *, deadline: float, people: Any, second: bool) -> tuple[Reason, ...]:
        given.append(deadline - time.monotonic())
        return reasons(instance, plan, deadline=deadline, people=people, second=second)

    monkeypatch.setattr(explanations, "reasons", watched)
    for limit in (300, 6):
        run(write_town(tmp_path / str(limit), SCENARIO + siting(f"time_limit_s = {limit}")))
    assert given[0] == pytest.approx(20, abs=0.1)
    assert given[1] == pytest.approx(2, abs=0.1)


def test_what_was_not_worked_out_in_time_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limited = SCENARIO.replace("at_existing = true", "at_existing = true\ncapacity_people = 400")
    scenario = write_town(
        tmp_path, limited.replace("share = 0.6", "share = 0.3") + siting('capacity_standard = "walk-5"')
    )
    stdout, folder, record = run(scenario)
    assert {row["in_time"] for row in rows_in(folder / "why.csv")} == {"true"}
    assert "没有在规定时间内算完" not in stdout
    monkeypatch.setattr(explanations, "REASONS_MOST_S", 0.0)
    stdout, folder, record = run(scenario)
    rows = rows_in(folder / "why.csv")
    assert {row["in_time"] for row in rows} == {"false"}
    assert not any(row["in_time"] for row in record["plan"]["opened"])
    assert f"其中 {len(rows)} 处的理由没有在规定时间内算完" in stdout
    assert all(row["name"] in stdout.split("没有在规定时间内算完")[1] for row in rows)


# --- alternatives.csv ----------------------------------------------------------------------------------------


def test_alternatives_have_names_and_costs(tmp_path: Path) -> None:
    scenario = write_town(tmp_path, SCENARIO.replace("share = 0.6", "share = 0.3") + siting("alternatives = 3"))
    path = scenario.parent / "sites.csv"
    text = path.read_text(encoding="utf-8")
    for number in range(1, 7):  # a yuan apart: all swaps are within 1 %
        text = text.replace(f",{50_000 + 10_000 * number},5000,", f",{90_000 + number},5000,")
    path.write_text(text, encoding="utf-8")
    _, folder, record = run(scenario)
    sites = {row["site_id"]: row for row in rows_in(folder / "sites.csv")}
    plans, rows = record["plan"]["alternatives"], rows_in(folder / "alternatives.csv")
    assert any(plan["more_yuan"] for plan in plans)
    for plan in plans:
        mine = [row for row in rows if int(row["alternative"]) == plan["alternative"]]
        assert {row["change"] for row in mine} <= {"opened", "closed"}
        assert {int(row["plan_cost_yuan"]) for row in mine} == {plan["cost_yuan"]}
        assert {int(row["plan_more_yuan"]) for row in mine} == {plan["more_yuan"]}
        assert plan["more_yuan"] == plan["cost_yuan"] - record["plan"]["cost_yuan"]
        sign = {"opened": 1, "closed": -1}
        added = sum(
            sign[row["change"]] * (int(row["cost_once_yuan"]) + 5 * int(row["cost_yearly_yuan"])) for row in mine
        )
        assert added == plan["more_yuan"]
        for row in mine:
            assert (row["name"], row["type_name"]) == (sites[row["site_id"]]["name"], "就业e站")


# --- Conflicts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [(SCENARIO, ["目标 people（东区）", "新增处数上限"]), (ENGLISH, ["goal people in 东区", "most new facilities"])],
)
def test_a_conflict_is_told_in_words_in_the_terminal_and_on_the_map(
    tmp_path: Path, text: str, words: list[str]
) -> None:
    goal = 'share = 0.5\ndistrict = "东区"'
    scenario = write_town(tmp_path, text.replace("share = 0.6", goal) + siting("max_sites = 1"))
    stdout, folder, record = run(scenario, exit_code=3)
    assert record["plan"]["conflict"] == ["goal:people:东区", "siting.max_sites"]
    assert record["plan"]["conflict_words"] == words
    assert ("、" if text == SCENARIO else ", ").join(words) in stdout
    assert "goal:people" not in stdout
    assert "siting.max_sites" not in stdout
    assert page_data(folder)["record"]["plan"]["conflict"] == words


# --- The language --------------------------------------------------------------------------------------------


def test_an_english_result_holds_no_chinese_but_names(tmp_path: Path) -> None:
    more = '\n[[goal]]\nid = "two"\nstandard = "walk-5"\nshare = 0.05\nbackup = true\n'
    scenario = write_town(tmp_path, ENGLISH + more + siting('standard = "walk-5"'))
    stdout, folder, _ = run(scenario)
    quoted = "「[^」]*」"  # a clause is quoted in its own words
    assert not re.search("[\u3000-\u9fff\uff00-\uffef]", re.sub(f"{NAMES}|{quoted}", "", stdout))
    data = page_data(folder)
    assert data["footer"][-1] == "For internal use"
    shown = json.dumps([data["footer"], data["record"], data["words"]], ensure_ascii=False)
    assert not re.search("[\u3000-\u9fff\uff00-\uffef]", re.sub(NAMES, "", shown))
    assert "two, people within reach of two (two types at one place are two)" in shown


def test_what_backup_counts_and_what_a_standard_is_not_read_for_is_said(tmp_path: Path) -> None:
    more = '\n[[goal]]\nid = "two"\nstandard = "walk-5"\nshare = 0.05\nbackup = true\n'
    stdout, _, _ = run(write_town(tmp_path / "a", SCENARIO + more + siting('standard = "walk-5"')))
    assert "算两处" in stdout
    assert "siting.standard）（城区步行5分钟）只供 planner frontier 使用" in stdout
    stdout, _, _ = run(write_town(tmp_path / "b"))
    assert "算两处" not in stdout
    assert "planner frontier" not in stdout


def test_goals_on_the_map_have_their_scope_and_year(tmp_path: Path) -> None:
    years = "".join(
        f"\n[[phase]]\nyear = {year}\nshares = {{ people = {share} }}\n" for year, share in ((2026, 0.1), (2027, 0.3))
    )
    scenario = write_town(tmp_path, SCENARIO.replace("share = 0.6", 'share = 0.3\ndistrict = "东区"') + years)
    _, folder, _ = run(scenario)
    names = [goal["name"] for goal in page_data(folder)["record"]["goals"]]
    assert names == ["people 东区 2026", "people 东区 2027"]


# --- Who goes where, who is served, and what was not found ------------------------------------------------------


def hurt(**changed: object) -> dict[str, Any]:
    """A run.json with one outlet whose closing hurts, as far as its sentence reads it."""
    row = {"state": "today", "standard": "s", "site_id": "a", "people_losing": 10, "losing_to_site_id": "b"}
    return {
        "sites": {"names_hurt": {"a": "甲站", "b": "乙站"}},
        "standards": [{"id": "s", "metric": changed.pop("metric", "road")}],
        "plan": {"hurts_most": [{**row, "losing_people_to": 10, "losing_more_m": 700.0, **changed}]},
    }


@pytest.mark.parametrize(
    ("changed", "zh", "en"),
    [
        (
            {},
            "10 人不再达标，他们都改去“乙站”（平均多走 700 米）。",
            "10 people lose cover, all of whom would go to “乙站”",
        ),
        ({"losing_people_to": 6}, "，其中多数（6 人）改去“乙站”", ", most of them (6) would go to “乙站”"),
        ({"losing_people_to": 5}, "，其中最多的一部分（5 人）改去", ", the largest part of them (5) would go to"),
        (
            {"losing_to_site_id": ""},
            "，他们都沿道路没有别的网点可去。",
            ", all of whom have no other outlet to go to by road.",
        ),
        ({"metric": "straight", "losing_to_site_id": ""}, "10 人不再达标。", "10 people lose cover."),
        ({"losing_to_site_id": "", "losing_people_to": 0}, "10 人不再达标。", "10 people lose cover."),
    ],
)
def test_the_sentence_speaks_of_those_who_lose_cover(changed: dict[str, Any], zh: str, en: str) -> None:
    (line,) = summary.closing_lines(hurt(**changed), {"s": "标准"}, "zh")
    assert zh in line
    (line,) = summary.closing_lines(hurt(**changed), {"s": "standard"}, "en")
    assert en in line


def limited(share: str, more: str = "") -> str:
    """The town with kiosks that take 400 people and stations that take 50."""
    text = SCENARIO.replace("at_existing = true", "at_existing = true\ncapacity_people = 400")
    text = text.replace('type = "station"', 'type = "station"\ncapacity_people = 50', 1)
    return text.replace("share = 0.6", f"share = {share}") + siting('capacity_standard = "walk-5"' + more)


def test_under_capacity_today_counts_people_served_like_the_plan(tmp_path: Path) -> None:
    stdout, folder, record = run(write_town(tmp_path, limited("0.3")))
    (standard,), (goal,) = record["standards"], record["goals"]
    assert goal["counts"] == "served"
    assert goal["reached_today"] == standard["served_today"] == 50
    assert standard["covered_today"] > 50
    assert goal["reached_plan"] == standard["served_plan"] <= standard["covered_plan"]
    assert f"今天 {standard['served_today']} 人，方案后 {standard['served_plan']} 人" in stdout
    rows = rows_in(folder / "sites.csv")
    served = {row["site_id"]: int(row["people_served"]) for row in rows if row["people_served"]}
    assert sum(served.values()) == standard["served_plan"]
    assert all(served[row["site_id"]] <= int(row["people_reached"]) for row in rows if row["site_id"] in served)


def test_without_a_lawful_plan_who_is_served_is_told_of_today_alone(tmp_path: Path) -> None:
    never = '\n[[count]]\nid = "many"\ntype = "e_station"\nmin = 99\n'
    stdout, _, record = run(write_town(tmp_path, limited("0.3") + never), exit_code=3)
    assert "方案后" not in stdout
    assert record["plan"]["objective"] is None
    (goal,) = record["goals"]
    assert (goal["reached_today"], goal["reached_plan"]) == (50, None)


def test_without_capacity_nobody_is_told_as_served(tmp_path: Path) -> None:
    stdout, folder, record = run(write_town(tmp_path))
    assert record["standards"][0]["served_today"] is None
    assert "接得下" not in stdout
    assert "people_served" not in rows_in(folder / "sites.csv")[0]


@pytest.mark.parametrize(
    ("share", "more", "code", "fewer", "words"),
    [
        ("0.3", "", 0, "no_more", "已证明目标值高出不超过 1% 的没有更多了"),
        ("0.01", "", 0, "nothing_opened", "没有新增网点"),
        ("1.0", "\nmax_sites = 1", 3, "no_plan", "没有达到全部目标的方案"),
    ],
)
def test_fewer_alternatives_than_asked_for_are_told(
    tmp_path: Path, share: str, more: str, code: int, fewer: str, words: str
) -> None:
    text = SCENARIO.replace("share = 0.6", f"share = {share}") + siting("alternatives = 5" + more)
    stdout, _, record = run(write_town(tmp_path, text), exit_code=code)
    found = len(record["plan"]["alternatives"])
    assert found < 5
    assert (record["plan"]["alternatives_asked"], record["plan"]["alternatives_fewer"]) == (5, fewer)
    assert f"要 5 个其他方案，找到 {found} 个" in stdout
    assert words in stdout


def test_alternatives_that_the_time_cut_off_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explanations, "alternatives", lambda *_, **__: Alternatives((), no_more=False))
    text = SCENARIO.replace("share = 0.6", "share = 0.3") + siting("alternatives = 2")
    stdout, _, record = run(write_town(tmp_path, text))
    assert record["plan"]["alternatives_fewer"] == "time"
    assert "要 2 个其他方案，找到 0 个：时间到了" in stdout


def test_least_travel_says_how_those_not_reached_are_counted(tmp_path: Path) -> None:
    least = siting('objective = "min_travel"\nstandard = "walk-5"\nmax_sites = 3')
    stdout, _, _ = run(write_town(tmp_path, SCENARIO.replace("share = 0.6", "share = 0.3") + least))
    assert "够不着的人按最大距离计" in stdout


LAYERS = """
[[standard]]
id = "jobs"
clause = "H3"
applies_to = { layer = "jobs" }
minutes = 8
served_by = ["station", "e_station"]
[[goal]]
id = "jobs"
standard = "jobs"
share = 0.3
[siting]
capacity_standard = "jobs"
"""


def test_under_capacity_why_tells_of_residents_alone(tmp_path: Path) -> None:
    """The jobs of the same points are shared out, and people of two layers are never added up."""
    text = SCENARIO.replace('type = "e_station"', 'type = "e_station"\ncapacity_people = 9000', 1) + LAYERS
    path = write_town(tmp_path, text)
    head, *rows = (tmp_path / "demand.csv").read_text(encoding="utf-8").splitlines()
    lines = [head + ",layer", *(f"{row},residents" for row in rows)]
    for line in rows:
        cells = line.split(",")
        lines.append(",".join(["J" + cells[0], *cells[1:6], "1000", *cells[7:], "jobs"]))
    (tmp_path / "demand.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    _, folder, _ = run(path)
    why = rows_in(folder / "why.csv")
    assert why
    for row in why:
        assert 0 < int(row["only_people"]) <= int(row["lost_people"]) < 1000
