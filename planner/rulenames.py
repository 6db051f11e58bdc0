"""What standards, goals, counts and lists are called: by what they ask for, never by their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner.standards import standard_name
from planner.words import LANGUAGES, listed, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from planner.schema import Scenario
    from planner.terms import Language

_TIERS = ("city", "district", "town", "village", "community")
"""Tiers that tables write in English; a bureau's own words for them stand as they are."""


def scope_words(scope: str) -> str:
    """Return a scope as sentences name it: 环翠区竹岛街道, not 环翠区/竹岛街道; strokes of names stand there as ／."""
    return scope.replace("/", "")


def goal_title(one: Mapping[str, Any], names: Mapping[str, str], language: Language) -> str:
    """Call a goal by what it asks for, as in 「城区步行15分钟按人口覆盖（环翠区，登记失业人员）」.

    Parameters
    ----------
    one
        A record of `milestones`.
    names
        Standards by id, in words.
    language
        Of the words.
    """
    about = [scope_words(one["scope"])] if one["scope"] else []
    about += [one["group_name"]] if one["group_name"] else []
    about += [say("trend.backup", language)] if one["backup"] else []
    name = say(f"trend.goal_{one['of']}", language, standard=names.get(one["standard"], one["standard"]))
    return say("trend.goal_about", language, name=name, about=listed(about, language)) if about else name


def tier_title(tier: str, language: Language) -> str:
    """Return what a tier is called: ``town`` is 镇街级, and so is 镇街, which a bureau wrote itself."""
    if tier in _TIERS:
        return say(f"counts.tier.{tier}", language)
    return say("counts.tier_own", language, tier=tier.removesuffix("级"))


def count_title(one: Mapping[str, Any], language: Language) -> str:
    """Call a count by what it counts: its types, their tier, and in which places, as in 「零工市场（区市级）」.

    Parameters
    ----------
    one
        A record of `records`, or a row of `count_stands`.
    language
        Of the words.
    """
    types = listed(one["type_names"].split(";"), language)
    about = [tier_title(one["tier"], language)] if one["tier"] else []
    about += [one["place"]] if one["place"] else []
    about += [] if one["each"] == "city" else [say(f"counts.in_each.{one['each']}", language)]
    about += [say("counts.new_only", language)] if one["new_only"] else []
    return say("counts.title", language, types=types, about=listed(about, language)) if about else types


def entry_names(scenario: Scenario) -> dict[str, dict[Language, str]]:
    """Name every entry of a scenario that may cite a clause: ``goal.urban-people`` -> what it is called.

    Two entries of one name and section keep their ids: a reader must tell them apart.
    """
    found: dict[str, dict[Language, str]] = {}
    for language in LANGUAGES:
        names = list(_names(scenario, language))
        told = [(key.partition(".")[0], name) for key, name in names]
        for (key, name), own in zip(names, told, strict=True):
            if told.count(own) == 1:
                found.setdefault(key, {})[language] = name
    return found


def _names(scenario: Scenario, language: Language) -> Iterator[tuple[str, str]]:
    standards = {
        one.id: standard_name(one.model_dump() | {"setting": one.applies_to.setting}, language)
        for one in scenario.standard
    }
    groups = {one.id: one.name for one in scenario.group}
    types = {one.type: one.name for one in scenario.facility}
    yield from ((f"standard.{key}", name) for key, name in standards.items())
    for goal in scenario.goal:
        scope = (
            goal.town or goal.district or ("" if goal.each == "city" else say(f"counts.in_each.{goal.each}", language))
        )
        about = {**goal.model_dump(), "scope": scope, "group_name": groups.get(goal.group or "", "")}
        yield f"goal.{goal.id}", goal_title(about, standards, language)
    for count in scenario.count:
        about = {**count.model_dump(), "type_names": ";".join(types.get(one, one) for one in count.types)}
        place = f"{count.district or ''}{count.town or ''}"
        yield f"count.{count.id}", count_title({**about, "tier": count.tier or "", "place": place}, language)
    yield from ((f"checklist.{one.id}", one.name) for one in scenario.checklist)
    yield from ((f"facility.{key}", name) for key, name in types.items())
    for grant in scenario.grant:
        yield f"grant.{grant.id}", grant.name
        for one in grant.grades:
            name = say("policy.grade_of", language, name=grant.name, grade=one.grade)
            yield f"grant.{grant.id}.grades.{one.grade}", name
