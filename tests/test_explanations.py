"""How a result explains itself: names, words and costs in its tables, on its map and in the terminal."""

from __future__ import annotations

import csv
import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from planner import explanations
from planner.cli import app
from planner.reasons import reasons
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
    result = CliRunner().invoke(app, ["run", str(scenario), "--out", str(out)], catch_exceptions=False)
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

    def watched(instance: Instance, plan: Plan, *, deadline: float) -> tuple[Reason, ...]:
        given.append(deadline - time.monotonic())
        return reasons(instance, plan, deadline=deadline)

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
    assert not re.search("[\u3000-\u9fff\uff00-\uffef]", re.sub(NAMES, "", stdout))
    data = page_data(folder)
    assert data["footer"][-1] == "For internal use"
    shown = json.dumps([data["footer"], data["record"], data["words"]], ensure_ascii=False)
    assert not re.search("[\u3000-\u9fff\uff00-\uffef]", re.sub(NAMES, "", shown))
    assert "two, people within reach of two (two types at one place are two)" in shown


def test_what_backup_counts_and_what_a_standard_is_not_read_for_is_said(tmp_path: Path) -> None:
    more = '\n[[goal]]\nid = "two"\nstandard = "walk-5"\nshare = 0.05\nbackup = true\n'
    stdout, _, _ = run(write_town(tmp_path / "a", SCENARIO + more + siting('standard = "walk-5"')))
    assert "算两处" in stdout
    assert "standard（城区步行5分钟）只供 planner frontier 使用" in stdout
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
