"""Names of goals and rules in words, as people read them; ``goal:urban-people:历下区@2027`` is for machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from planner.conflict import GOAL
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from planner.schema import Scenario
    from planner.siting import Goal
    from planner.terms import Language

_ABOUT = {
    "rules.force_open": "site",
    "rules.force_closed": "site",
    "rules.types_per_site": "site",
    "rules.spacing": "type",
    "siting.budgets": "source",
    "phase.budget_yuan": "year",
    "phase.budgets": "year:source",
}
"""What stands after the name of a kind of rule; after the others, nothing does."""

PLAIN = (
    "rules.near_people", "siting.max_sites", "siting.budget_yuan", "siting.budget_once_yuan",
    "siting.budget_yearly_yuan",
)  # fmt: skip
"""Kinds of rule of which there is one name only."""


@dataclass(frozen=True, eq=False)
class Known:
    """What names are put together from, and what it is called in words.

    Attributes
    ----------
    goals
        Label of each goal in each scope and year -> the goal.
    counts
        Ids of the counts, the longest first: one may begin as another does.
    types, sites, communities
        Facility type, site_id and unit_id -> name as printed.
    language
        ``zh`` or ``en``.
    """

    goals: Mapping[str, Goal]
    counts: tuple[str, ...]
    types: Mapping[str, str]
    sites: Mapping[str, str]
    communities: Mapping[str, str]
    language: Language


def known(goals: Iterable[Goal], scenario: Scenario, sites: Mapping[str, str], communities: Mapping[str, str]) -> Known:
    """Gather what names are put together from.

    Parameters
    ----------
    goals
        All goals of the problem.
    scenario
        The scenario that it was built from.
    sites, communities
        site_id and unit_id -> name as printed.
    """
    counts = sorted((count.id for count in scenario.count), key=len, reverse=True)
    types = {facility.type: facility.name for facility in scenario.facility}
    labelled = {goal.label: goal for goal in goals}
    return Known(labelled, tuple(counts), types, sites, communities, scenario.language)


def goal_in_words(label: str, about: Known) -> str:
    """Name a goal in its scope and year from its label: “目标 urban-people（历下区，2027 年）”.

    Raises
    ------
    KeyError
        If no goal has this label.
    """
    goal = about.goals[label]
    return _scoped("goal", about.language, id=goal.id, scope=goal.scope, year=goal.year)


def rule_in_words(name: str, about: Known) -> str:
    """Name a rule in words from the name that it has in the problem.

    Raises
    ------
    KeyError
        If no rule has such a name.
    """
    for count in about.counts:
        if name == count or name.startswith(f"{count}:"):
            scope = name[len(count) + 1 :]
            return _scoped("count", about.language, id=count, scope=about.communities.get(scope, scope), year=0)
    kind, _, rest = name.partition(":")
    if kind in PLAIN:
        return say(f"rule.{kind}", about.language)
    parts = _ABOUT[kind].split(":")
    values = dict(zip(parts, rest.split(":", len(parts) - 1), strict=True))
    if "site" in values:
        values["name"] = about.sites.get(rest, rest)
    if "type" in values:
        values["type"] = about.types.get(rest, rest)
    return say(f"rule.{kind}", about.language, **values)


def in_words(name: str, about: Known) -> str:
    """Name a goal or rule in words from its name in a conflict; see `conflict.Conflict`."""
    return goal_in_words(name.removeprefix(GOAL), about) if name.startswith(GOAL) else rule_in_words(name, about)


def _scoped(kind: str, language: Language, *, id: str, scope: str, year: int) -> str:
    """Name a goal or count, with its scope and year where it has them."""
    form = "_".join(["", *(part for part, held in (("scope", scope), ("year", year)) if held)])
    return say(f"rule.{kind}{form}", language, id=id, scope=scope, year=year)
