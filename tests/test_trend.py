"""Figures of the years, milestones, and what is still missing: sites, money, and who is beyond every candidate."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from planner.policyschema import ChecklistSection
from planner.rulenames import goal_title
from planner.standards import scope_of
from planner.study import Study, study
from planner.trend import (
    goal_titles,
    list_milestones,
    milestone_lines,
    milestones,
    missing_lines,
    offers_any,
    still_missing,
    trend,
    trend_lines,
)
from planner.words import LANGUAGES
from twoyears import Year, quiet

if TYPE_CHECKING:
    from pathlib import Path

NAMES = {"walk-5": "城区步行5分钟", "rural": "乡村0.6公里"}


def studied(folder: Path, goals: str = "", year: Year | None = None) -> Study:
    made = year or Year()
    return study(Year(made.demand, made.sites, made.roads, made.text + goals).read(folder), quiet)


def figures(met: int, assessable: int) -> pd.DataFrame:
    counts = {"assessable": assessable, "met": met, "unassessable": 2, "people": 100, "covered": 10}
    rows = [{"level": "city", "variant": "", "group": "", "standard": one, **counts} for one in ("", "walk-5")]
    rows += [rows[0] | {"variant": "kph-4"}, rows[0] | {"group": "old"}, rows[0] | {"level": "town"}]
    return pd.DataFrame(rows)


def test_each_year_hands_its_figures_on() -> None:
    first = trend({}, "2024-06-30", figures(3, 9))
    second = trend({"trend": first}, "2025-06-30", figures(4, 9))
    third = trend({"trend": second}, "2026-06-30", figures(5, 10))
    assert [(one["data_date"], one["standard"], one["met"]) for one in third] == [
        (f"{year}-06-30", standard, met)
        for year, met in ((2024, 3), (2025, 4), (2026, 5))
        for standard in ("", "walk-5")
    ]
    assert second == trend({"trend": second}, "2025-06-30", figures(4, 9)), "the same day counts once"
    lines = list(trend_lines(third, "zh"))
    assert lines[2] == "2026-06-30：各判定标准合计，社区达标5个，占可评定10个的50.0%。"
    assert list(trend_lines(first, "zh")) == []


def test_goals_say_how_many_are_short_in_each_year(tmp_path: Path) -> None:
    phases = """
[[goal]]
id = "units"
standard = "walk-5"
share = 0.06
of = "communities"
[[phase]]
year = 2026
shares = { people = 0.1 }
[[phase]]
year = 2027
"""
    found = studied(tmp_path, phases)
    goals = milestones(found)
    assert [(one["goal"], one["year"], one["share"]) for one in goals] == [
        ("people", 2026, "0.1"), ("units", 2026, "0.06"), ("people", 2027, "0.1"), ("units", 2027, "0.06"),
    ]  # fmt: skip
    people, units = goals[:2]
    assert (people["reached"], people["needed"], people["short"]) == (82, 109, 27)
    assert (units["reached"], units["needed"], units["short"]) == (1, 1, 0)
    lines = list(milestone_lines(goals, [], NAMES, "zh"))
    assert lines[0] == "城区步行5分钟按人口覆盖：2026年目标10%，现为7.5%，还差27人。"
    assert lines[1] == "城区步行5分钟按社区达标：2026年目标6%，现为6.2%，已达到。"


def test_the_plan_says_how_many_sites_and_how_much_money(tmp_path: Path) -> None:
    found = studied(tmp_path)
    missing = still_missing(found)
    (year,) = missing["years"]
    assert missing["status"] == "optimal"
    assert year["count"] == len(found.opened) > 0
    assert year["cost_once_yuan"] == found.opened["cost_once_yuan"].sum()
    assert year["types"] == {"就业e站": year["count"]}
    line = next(missing_lines(missing, milestones(found), NAMES, "zh"))
    money = f"{year['cost_once_yuan'] / 10000:g}万元，每年{year['cost_yearly_yuan'] / 10000:g}万元"
    assert line == f"到2025年达到全部目标还差{year['count']}个点（{year['count']}个就业e站），一次性{money}。"


def test_where_today_is_enough_no_site_is_missing(tmp_path: Path) -> None:
    found = studied(tmp_path, year=Year().said("share = 0.6", "share = 0.05"))
    first, *_ = missing_lines(still_missing(found), milestones(found), NAMES, "zh")
    assert first == "到2025年的目标不需要新增网点。"


def test_without_goals_there_is_nothing_to_say(tmp_path: Path) -> None:
    text = Year().text
    found = studied(
        tmp_path, year=Year(text=text[: text.index("[[goal]]")] + text[text.index('[[standard]]\nid = "rural') :])
    )
    missing = still_missing(found)
    assert (missing["status"], missing["years"], missing["beyond"]) == ("none", [], [])
    assert milestones(found) == []
    assert list(missing_lines(missing, [], NAMES, "zh")) == []


def test_what_no_plan_meets_is_told_with_the_most_there_is_and_whom_nothing_reaches(tmp_path: Path) -> None:
    found = studied(tmp_path, year=Year().said("share = 0.6", "share = 1"))
    goals, missing = milestones(found), still_missing(found)
    assert missing["status"] == "infeasible"
    (goal,) = goals
    assert goal["reached"] < goal["most"] < goal["needed"]
    (beyond,) = missing["beyond"]
    points = found.uncoverable.merge(found.inputs.demand.frame[["demand_id", "unit_id"]], on="demand_id")
    assert beyond["people"] == points["people"].sum() == goal["needed"] - goal["most"]
    whole = found.inputs.demand.frame.groupby("unit_id")["people"].sum()
    lost = points.groupby("unit_id")["people"].sum()
    wanted = {unit for unit, people in lost.items() if (whole[unit] - people) * 2 < whole[unit]}
    assert {unit["unit_id"] for unit in beyond["communities"]} == wanted
    assert wanted
    lines = list(missing_lines(missing, goals, NAMES, "zh"))
    assert lines[0] == "没有方案能达到全部目标。"
    assert lines[1].startswith("城区步行5分钟按人口覆盖：最多能达到")
    assert lines[2].startswith(f"“城区步行5分钟”：{len(wanted)}个社区全部候选点")
    assert f"够不着的{sum(unit['unreachable'] for unit in beyond['communities'])}人" in lines[2]


def checklist(**more: Any) -> ChecklistSection:
    return ChecklistSection(id="j3", clause="J3", name="“三公里”充分就业社区", **more)


def test_lists_are_held_against_the_shares_of_their_years() -> None:
    asked = [checklist(shares={"2025": Decimal("0.7"), "2022": Decimal("0.4")})]
    found = list_milestones(asked, {"j3": (8996, 10000)}, 2026)
    assert [(one["year"], one["share"], one["met"]) for one in found] == [(2022, "0.4", True), (2025, "0.7", True)]
    (one,) = list_milestones([checklist(share=Decimal("0.9"))], {"j3": (8996, 10000)}, 2026)
    assert (one["year"], one["met"]) == (2026, False)
    line = "“三公里”充分就业社区（台账填报）：2026年目标90%，现为89.9%，未达到。"
    assert list(milestone_lines([], [one], NAMES, "zh")) == [line]
    (blank,) = list_milestones([checklist(share=Decimal("0.9"))], {}, 2026)
    assert blank["met"] is None
    assert "没有填报" in next(milestone_lines([], [blank], NAMES, "zh"))


GOAL = {
    "goal": "g", "standard": "walk-5", "of": "people", "group": None, "group_name": "", "backup": False,
    "scope": "东区/一镇", "year": 2026, "share": "0.9", "whole": 10, "needed": 9, "reached": 1, "short": 8, "most": 5,
    "most_proven": False,
}  # fmt: skip


def test_goals_are_called_by_what_they_ask_for() -> None:
    assert goal_title(GOAL, NAMES, "zh") == "城区步行5分钟按人口覆盖（东区一镇）"
    told = GOAL | {"of": "communities", "scope": "", "group_name": "登记失业人员", "backup": True}
    assert goal_title(told, NAMES, "zh") == "城区步行5分钟按社区达标（登记失业人员、有两处可达）"
    assert goal_title(GOAL | {"scope": ""}, NAMES, "en") == "城区步行5分钟, by people"
    parks = goal_title(GOAL | {"scope": scope_of("高新区/综保区")}, NAMES, "zh")
    assert parks == "城区步行5分钟按人口覆盖（高新区／综保区）", "a stroke in a name stays there"
    twins = goal_titles([GOAL, GOAL | {"goal": "h"}, GOAL | {"scope": "西区"}], NAMES, "zh")
    assert twins["h", "东区/一镇"] == "城区步行5分钟按人口覆盖（东区一镇）（h）"
    assert twins["g", "西区"] == "城区步行5分钟按人口覆盖（西区）"


def test_a_group_is_called_by_its_name(tmp_path: Path) -> None:
    made = Year()
    rows = [row | {"people_grads": row["people"]} for row in made.demand]
    text = made.said("share = 0.6", 'share = 0.6\ngroup = "grads"').text + '[[group]]\nid = "grads"\nname = "毕业生"\n'
    found = study(Year(rows, made.sites, made.roads, text).read(tmp_path), quiet)
    (goal,) = milestones(found)
    assert goal_title(goal, NAMES, "zh") == "城区步行5分钟按人口覆盖（毕业生）"


def test_a_goal_of_nobody_is_told_without_figures() -> None:
    (line,) = milestone_lines([GOAL | {"whole": 0, "short": 0}], [], NAMES, "zh")
    assert line == "城区步行5分钟按人口覆盖（东区一镇）：2026年目标90%，没有可以评定的人口。"


@pytest.mark.parametrize("beside", ["false", "true"])
def test_without_candidates_nothing_is_said_of_them(tmp_path: Path, beside: str) -> None:
    """What may be added to the outlets that stand is no candidate: it brings nobody nearer to one."""
    made = Year()
    standing = [row for row in made.sites if row["status"] != "candidate"]
    text = re.sub("at_existing = .*", f"at_existing = {beside}", made.text)
    found = studied(tmp_path, year=Year(made.demand, standing, made.roads, text))
    missing = still_missing(found)
    assert (found.inputs.options["state"] == "new").any() == (beside == "true")
    assert not offers_any(found.inputs)
    assert (missing["status"], missing["years"], missing["beyond"]) == ("no_candidates", [], [])
    lines = list(missing_lines(missing, milestones(found), NAMES, "zh"))
    assert lines == ["方案没有列候选点，无法测算达到全部目标还差几个点、要多少钱。"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_line_can_be_told_in_each_language(language: Any) -> None:
    year = {"year": 2026, "count": 2, "types": {"a": 2}, "cost_once_yuan": 1, "cost_yearly_yuan": 0, "estimated": 1}
    for status in ("gap", "unknown"):
        missing = {"status": status, "gap": 0.01, "gap_allowed": 0.0, "seconds": 60.0, "years": [year], "beyond": []}
        lines = list(missing_lines(missing, [GOAL], NAMES, language))
        assert len(lines) == {"gap": 3, "unknown": 2}[status]
    assert list(milestone_lines([GOAL, GOAL | {"of": "communities"}], [], NAMES, language))
