"""Sentences of a siting proposal on what the plan does: for communities, districts, groups and money (sentence 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner.figures import gap_percent, money
from planner.proposalfigures import points, tenths, unit, whole, years_counted
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planner.proposalfigures import Reading

    Record = Mapping[str, Any]

DISTRICTS_SHOWN = 12
"""Districts told one by one in a sentence; more are in the table only."""


def effect(told: Reading) -> Iterator[str]:
    """Say how far communities come, who is newly served at what cost, and how sure it is that no plan is better."""
    language, comma = told.language, say("proposal.comma", told.language)
    if len(told.run["parameters"]["years"]) > 1:
        yield say("proposal.effect.phased", language, year=str(told.run["parameters"]["years"][-1]))
    both = _both(told)
    parts = [both, newly_words(told)] if both else [*rates(told), newly_words(told)]
    head = comma.join(parts)
    head = head if both else say("proposal.effect.with_plan", language, parts=head)
    yield head + say("proposal.stop", language) + (" " if language == "en" else "") + _proof(told)
    yield from _certified(told)
    newly = told.effect["newly"]
    if newly["people"]:
        each = say("proposal.per_person", language, n=whole(newly["cost_yuan_per_person"], language))
        more = say("proposal.effect.each_whole", language, years=years_counted(told), each=each)
        reach = say("proposal.effect.newly_reach", language) if told.limited else ""
        yield say("proposal.effect.newly_note", language) + more + reach + say("proposal.stop", language)
    yield from _together(told)
    for one in told.run["standards"]:
        if one["served_plan"] is not None:
            people = {state: unit("people", one[f"served_{state}"], language) for state in ("today", "plan")}
            yield say("proposal.effect.served", language, name=told.names[one["id"]], **people)


def _pairs(told: Reading) -> Iterator[tuple[Record, Record, Record]]:
    """Return each deciding standard by which communities can be judged, with its figures today and with the plan."""
    for key in told.effect["decides"]:
        now, then = told.figure(key, "today"), told.figure(key, "plan")
        if now and then and now["assessable"] and then["assessable"]:
            yield told.standard(key), now, then


def _way(now: int, then: int) -> str:
    return "rose" if then > now else "fell" if then < now else "same"


def rates(told: Reading) -> Iterator[str]:
    """Say how the share of communities that meet each deciding standard goes."""
    pairs = list(_pairs(told))
    settings = [one["setting"] for one, *_ in pairs]
    for one, now, then in pairs:
        by = "" if one["setting"] and settings.count(one["setting"]) == 1 else "_by"
        yield say(
            f"proposal.effect.{_way(now['rate_tenths'], then['rate_tenths'])}{by}",
            told.language,
            who=say(f"proposal.who.{one['setting'] or 'all'}", told.language),
            name=told.names[one["id"]],
            today=tenths(now["rate_tenths"]),
            plan=tenths(then["rate_tenths"]),
        )


def _both(told: Reading) -> str:
    """Sentence 9 where there is one standard for town and one for country, and both rates rise."""
    pairs = {one["setting"]: (now, then) for one, now, then in _pairs(told)}
    rises = all(then["rate_tenths"] > now["rate_tenths"] for now, then in pairs.values())
    if set(pairs) != {"urban", "rural"} or len(told.effect["decides"]) != len(pairs) or not rises:
        return ""
    shares = {setting: tenths(then["rate_tenths"]) for setting, (_, then) in pairs.items()}
    return say("proposal.effect.both", told.language, **shares)


def newly_words(told: Reading) -> str:
    """Say how many are newly served, and what one of them costs once."""
    language, newly = told.language, told.effect["newly"]
    if not newly["people"]:
        return say("proposal.effect.no_newly", language)
    people = unit("people", newly["people"], language)
    each = say("proposal.per_person", language, n=whole(newly["yuan_per_person"], language))
    return say("proposal.effect.newly_each", language, people=people, each=each)


def _proof(told: Reading) -> str:
    """Say how far the plan can be from the best, by the solver."""
    language, plan = told.language, told.plan
    cheapest = plan["objective_of"] == "min_cost"
    if told.given:
        return say("proposal.effect.given", language)
    if plan["best_effort"]:
        return say("proposal.effect.no_bound", language)
    if plan["status"] == "optimal":
        key = "proven_other" if not cheapest else "proven" if told.goals else "proven_rules"
        return say(f"proposal.effect.{key}", language)
    if not cheapest:
        return say("proposal.effect.gap_other", language, what=_measured(told), gap=gap_percent(plan["gap"]))
    return say("proposal.effect.gap", language, gap=gap_percent(plan["gap"]), bound=money(plan["bound"], language))


def _measured(told: Reading) -> str:
    """Name what an objective other than cost makes least."""
    return say(f"proposal.effect.what_{told.plan['objective_of']}", told.language)


def _certified(told: Reading) -> Iterator[str]:
    """Say what the reckoning without the solver proves: how much less the best plan can be, as a part of this one."""
    language, plan = told.language, told.plan
    if told.given and plan["certified_bound"] and plan["objective_of"] == "min_cost":
        yield say("proposal.effect.given_bound", language, bound=money(plan["certified_bound"], language))
    if plan["certified_gap"] is None:
        return
    cheapest, gap = plan["objective_of"] == "min_cost", gap_percent(plan["certified_gap"])
    looser = say("proposal.effect.looser", language) if plan["certified_gap"] > (plan["gap"] or 0) else ""
    if plan["certified_gap"] >= 1:
        yield say("proposal.effect.certified_none", language)
    elif not plan["certified_gap"]:
        yield say(f"proposal.effect.certified_same{'' if cheapest else '_other'}", language)
    elif cheapest:
        bound = money(plan["certified_bound"], language)
        yield say("proposal.effect.certified", language, bound=bound, gap=gap, looser=looser)
    else:
        yield say("proposal.effect.certified_other", language, what=_measured(told), gap=gap, looser=looser)


def _change(told: Reading, level: str, scope: str) -> Record | None:
    """Return the printed difference of a scope, all deciding standards together."""
    wanted = (level, scope, "")
    rows = told.effect["change_tenths"]
    return next((row for row in rows if (row["level"], row["scope"], row["standard"]) == wanted), None)


def _together(told: Reading) -> Iterator[str]:
    now, then, change = told.figure("", "today"), told.figure("", "plan"), _change(told, "city", "")
    if now and then and change and now["assessable"]:
        changes = {kind: _change_words(told, now, then, change, f"{kind}_tenths") for kind in ("rate", "share")}
        yield say("proposal.effect.together", told.language, **changes)


def _change_words(told: Reading, now: Record, then: Record, change: Record, key: str) -> str:
    """Say how a share goes, and by how many points of those that are printed."""
    values = {"today": tenths(now[key]), "plan": tenths(then[key])}
    way = _way(0, change[key])
    size = {} if way == "same" else {"change": points(change[key]).lstrip("+-")}
    return say(f"proposal.effect.to_{way}", told.language, **values, **size)


def effect_by_district(told: Reading) -> Iterator[str]:
    """Say how far the communities of each district come."""
    language, names = told.language, told.districts()
    if not names:
        yield say("proposal.effect.no_district", language)
    elif len(names) == 1:
        name = names[0] or say("proposal.no_district", language)
        yield say("proposal.effect.one_district", language, name=name)
    elif len(names) <= DISTRICTS_SHOWN and (parts := [*_district_parts(told, names)]):
        yield say("proposal.effect.districts", language, parts=say("proposal.then", language).join(parts))
    else:
        yield say("proposal.effect.many_districts", language)


def _district_parts(told: Reading, names: Sequence[str]) -> Iterator[str]:
    for name in names:
        now, then = (told.figure("", state, level="district", scope=name) for state in ("today", "plan"))
        change = _change(told, "district", name)
        if now and then and change and now["assessable"]:
            yield say(
                "proposal.effect.district",
                told.language,
                name=name or say("proposal.no_district", told.language),
                change=_change_words(told, now, then, change, "rate_tenths"),
            )


def effect_by_group(told: Reading) -> Iterator[str]:
    """Say how many of each group of people come within reach."""
    language = told.language
    for key, name in told.groups.items():
        now, then = told.figure("", "today", group=key), told.figure("", "plan", group=key)
        if now and then and now["people"]:
            yield say(
                "proposal.effect.group",
                language,
                name=name,
                today=unit("people", now["covered"], language),
                share_today=tenths(now["share_tenths"]),
                plan=unit("people", then["covered"], language),
                share_plan=tenths(then["share_tenths"]),
            )
