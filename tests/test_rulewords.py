"""Names of goals and rules in words, in both languages, for every kind that a problem can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from planner.rulewords import Known, goal_in_words, in_words, rule_in_words
from planner.siting import CommunityGoal, PeopleGoal
from planner.words import LANGUAGES

if TYPE_CHECKING:
    from planner.terms import Language

NONE = np.empty(0, dtype=np.int64)
GOALS = (
    PeopleGoal("people", "", NONE, NONE, 0),
    PeopleGoal("people", "东区", NONE, NONE, 0),
    PeopleGoal("people", "", NONE, NONE, 0, 2027),
    PeopleGoal("people", "东区/一镇", NONE, NONE, 0, 2027),
    CommunityGoal("a:b@c;d", "东区", NONE, NONE, NONE, NONE, 0, 2026),
)


def about(language: Language) -> Known:
    goals = {goal.label: goal for goal in GOALS}
    return Known(goals, ("few:more", "few"), {"e_station": "就业e站"}, {"C1": "候选1"}, {}, language)


WORDS = {
    "goal:people": ("目标 people", "goal people"),
    "goal:people:东区": ("目标 people（东区）", "goal people in 东区"),
    "goal:people@2027": ("目标 people（2027 年）", "goal people (2027)"),
    "goal:people:东区/一镇@2027": ("目标 people（东区/一镇，2027 年）", "goal people in 东区/一镇 (2027)"),
    "goal:a:b@c;d:东区@2026": ("目标 a:b@c;d（东区，2026 年）", "goal a:b@c;d in 东区 (2026)"),
    "few": ("数量要求 few", "count few"),
    "few:东区": ("数量要求 few（东区）", "count few in 东区"),
    "few:more:东区": ("数量要求 few:more（东区）", "count few:more in 东区"),
    "rules.force_open:C1": ("必建“候选1”（C1）", "“候选1” (C1) forced in"),
    "rules.force_closed:C1": ("不建“候选1”（C1）", "“候选1” (C1) forced out"),
    "rules.types_per_site:C9:x": ("“C9:x”（C9:x）最多新建几种", "most new types at “C9:x” (C9:x)"),
    "rules.spacing:e_station": ("“就业e站”的间距", "spacing of “就业e站”"),
    "rules.near_people": ("附近人口的要求", "people near new facilities"),
    "siting.max_sites": ("新增处数上限", "most new facilities"),
    "siting.budget_yuan": ("总费用上限", "budget within the horizon"),
    "siting.budget_once_yuan": ("一次性费用上限", "budget for one-off costs"),
    "siting.budget_yearly_yuan": ("每年运行费上限", "budget for yearly costs"),
    "siting.budgets:自筹:乙": ("资金渠道“自筹:乙”的总费用上限", "budget of source “自筹:乙”"),
    "phase.budget_yuan:2026": ("2026 年的资金上限", "budget of 2026"),
    "phase.budgets:2026:自筹:乙": ("2026 年资金渠道“自筹:乙”的上限", "budget of source “自筹:乙” in 2026"),
}


@pytest.mark.parametrize("name", WORDS)
def test_every_name_has_its_words(name: str) -> None:
    assert tuple(in_words(name, about(language)) for language in LANGUAGES) == WORDS[name]


def test_goals_and_rules_by_themselves() -> None:
    assert goal_in_words("people:东区", about("en")) == "goal people in 东区"
    assert rule_in_words("few:东区", about("zh")) == "数量要求 few（东区）"


@pytest.mark.parametrize("name", ["goal:nobody", "rules.unheard:C1", "unheard"])
def test_what_is_no_name_is_not_passed_over(name: str) -> None:
    with pytest.raises(KeyError):
        in_words(name, about("zh"))
