"""Sentences of a siting proposal; every figure in them stands in run.json. Sentences 1 to 10 are the house's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner.figures import exact_percent, money, percent, status_of
from planner.proposaleffect import DISTRICTS_SHOWN, newly_words, rates
from planner.proposalfigures import (
    conflict_names,
    date_words,
    facilities,
    goal_name,
    goals_of_last_year,
    groups_words,
    plain,
    tenths,
    towns_words,
    unit,
    years_counted,
)
from planner.tabledlines import asked, assumed
from planner.words import listed, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from planner.proposalfigures import Reading

    Record = Mapping[str, Any]

GOALS_SHOWN = 8
"""Goals named in a sentence; the table has more of them."""


# --- the summary -------------------------------------------------------------------------------------------------


def summary(told: Reading) -> str:
    """Say what is asked for: sites, money and effect, and whether the goals are met."""
    language, plan = told.language, told.plan
    if not told.planned:
        key = {"none": "no_goals", "infeasible": "infeasible"}.get(plan["status"], "unknown")
        return say(f"proposal.ask.{key}", language)
    lines = [*_asked(told)] if plan["opened"] else []
    if told.given:
        lines += [] if plan["opened"] else [say("proposal.ask.nothing_given", language)]
        lines += [say("proposal.verdict.given", language), *_given_verdict(told)]
    elif plan["best_effort"]:
        lines += [] if plan["opened"] else [say("proposal.ask.nothing_short", language)]
        lines.append(say(f"proposal.verdict.{'infeasible' if plan['status'] == 'infeasible' else 'unknown'}", language))
    elif told.goals:
        lines.append(say("proposal.verdict.met" if plan["opened"] else "proposal.ask.nothing", language))
    lines += [*asked(told.run), *([say("proposal.verdict.doubts", language)] if told.run["doubts"] else [])]
    lines += [say("proposal.ask.request", language)] if plan["opened"] else []
    return (" " if language == "en" else "").join(lines)


def _given_verdict(told: Reading) -> Iterator[str]:
    """Say whether a given plan meets the goals that were set, and the rules."""
    if told.plan["best_effort"]:
        yield say(f"proposal.verdict.{status_of(told.plan)}", told.language)
    elif told.goals:
        yield say("proposal.verdict.met", told.language)


def _asked(told: Reading) -> Iterator[str]:
    language, plan = told.language, told.plan
    yield say(
        "proposal.ask.plan_shared" if told.shared else "proposal.ask.plan",
        language,
        sites=facilities(told, plan["opened"][-1]["number"]),
        once=money(plan["cost_once_yuan"], language),
        yearly=money(plan["cost_yearly_yuan"], language),
        years=years_counted(told),
        total=money(plan["cost_yuan"], language),
    )
    years = [int(year) for year in plan["by_year"]]
    if len(years) > 1:
        yield say("proposal.ask.phased", language, first=str(years[0]), last=str(years[-1]))
    parts = say("proposal.comma", language).join([*rates(told), newly_words(told)])
    yield say("proposal.ask.effect", language, parts=parts)


def requirements(told: Reading) -> Iterator[str]:
    """Say what cannot hold together, what meeting everything would take, and which rules a given plan breaks."""
    language, plan = told.language, told.plan
    if told.given and plan["rules_broken_words"]:
        names = listed(plan["rules_broken_words"], language)
        yield say("proposal.verdict.given_rules", language, names=names)
    if plan["conflict_words"]:
        several = "conflict" if plan["conflict_smallest"] else "conflict_some"
        key = several if len(plan["conflict_words"]) > 1 else "conflict_one"
        yield say(f"proposal.verdict.{key}", language, names=listed(conflict_names(told), language))
    if plan["least_budget_yuan"] is not None:
        key = "least_budget" if plan["least_budget_proven"] else "least_found"
        yield say(f"proposal.verdict.{key}", language, yuan=money(plan["least_budget_yuan"], language))


# --- one: today (sentences 1 to 4) -------------------------------------------------------------------------------


def today(told: Reading) -> Iterator[str]:
    """Say what stands today, who is within reach by each standard, and what cannot be judged."""
    language = told.language
    yield from assumed(told.run, told.names)
    yield "".join(_outlets(told))
    for key in told.effect["decides"]:
        yield standing(told, key)
    city = told.figure("", "today")
    if len(told.effect["decides"]) > 1 and city and city["assessable"]:
        yield say(
            "proposal.today.together",
            language,
            met=unit("counted", city["met"], language),
            rate=tenths(city["rate_tenths"]),
            covered=unit("people", city["covered"], language),
            share=tenths(city["share_tenths"]),
        )
    for one in told.run["standards"]:
        if one["id"] not in told.effect["decides"] and one["people"]:
            yield say(
                "proposal.today.other",
                language,
                name=told.names[one["id"]],
                covered=unit("people", one["covered_today"], language),
                share=percent(one["covered_today"], one["people"]),
            )
    for one in told.run["standards"]:
        if one["not_assessable"]:
            people = unit("people", one["not_assessable"], language)
            yield say("proposal.today.unjudged_people", language, name=told.names[one["id"]], people=people)
    yield from _unassessable(told, "today")
    yield from _district_rates(told)


def _outlets(told: Reading) -> Iterator[str]:
    language, outlets = told.language, told.effect["outlets"]
    space, date = " " if language == "en" else "", date_words(told.run["data_date"], language)
    if outlets["standing"]:
        kinds = {"standing": "outlets", "operating": "counted"}
        counted = {key: unit(kind, outlets[key], language) for key, kind in kinds.items()}
        yield say("proposal.today.outlets", language, date=date, **counted)
    else:
        yield say("proposal.today.no_outlets", language, date=date)
    if outlets["mobile"]:
        yield space + say("proposal.today.mobile", language, mobile=unit("outlets", outlets["mobile"], language))
    if outlets["communities_without"]:
        counted = {"communities": unit("communities", outlets["communities_without"], language)}
        yield space + say("proposal.today.without", language, **counted)


def standing(told: Reading, key: str) -> str:
    """Say how communities stand today by one standard (sentences 2 and 3), the other way of measuring beside it."""
    language, one, row = told.language, told.standard(key), told.figure(key, "today")
    if not one["people"] and not one["not_assessable"]:
        return say("proposal.today.nobody", language, name=told.names[key])
    if row is None or not row["assessable"]:
        return say("proposal.today.unjudged", language, name=told.names[key])
    values = {
        "who": say(f"proposal.who.{one['setting'] or 'all'}", language),
        "met": unit("counted", row["met"], language),
        "rate": tenths(row["rate_tenths"]),
    }
    if one["minutes"] is not None or one["mode"] == "drive":
        return say("proposal.today.minutes", language, name=told.names[key], how=_how(told, one), **values)
    metric = "straight" if one["metric"] == "road" else "road"
    beside = ""
    if other := told.figure(key, "today", variant=metric):
        way = say(f"proposal.metric.{metric}", language)
        beside = say("proposal.today.beside", language, other=way, rate=tenths(other["rate_tenths"]))
    circle = say(f"proposal.circle.{one['setting'] or 'all'}", language)
    name = say("proposal.how.km", language, who=circle, km=plain(one["km"]))
    metric = say(f"proposal.decided.{one['metric']}", language)
    return say("proposal.today.km", language, name=name, metric=metric, beside=beside, **values)


def _how(told: Reading, one: Record) -> str:
    metric = say(f"proposal.metric.{one['metric']}", told.language)
    if one["mode"] == "drive" and one["metric"] == "road":
        return say("proposal.how.drive", told.language) if one["minutes"] is not None else metric
    walk_kph = plain(told.run["parameters"]["walk_kph"])
    return say("proposal.how.walk", told.language, walk_kph=walk_kph, metric=metric)


def _unassessable(told: Reading, state: str) -> Iterator[str]:
    """Say how many communities cannot be judged (sentence 4)."""
    left = told.effect["left"][state]
    if left and left["unassessable"]:
        key = "proposal.today.unassessable" if state == "today" else "proposal.left.unassessable"
        yield say(key, told.language, n=unit("communities", left["unassessable"], told.language))


def _district_rates(told: Reading) -> Iterator[str]:
    names = told.districts()
    if not 1 < len(names) <= DISTRICTS_SHOWN:
        return
    rows = [(name, told.figure("", "today", level="district", scope=name)) for name in names]
    shares = [
        say("proposal.today.district", told.language, name=name, rate=tenths(row["rate_tenths"]))
        for name, row in rows
        if row and row["assessable"]
    ]
    if shares:
        yield say("proposal.today.districts", told.language, rates=listed(shares, told.language))


# --- three: who is left out (sentence 6) -------------------------------------------------------------------------


def gap(told: Reading) -> Iterator[str]:
    """Say who is left out today, and which goals are not reached."""
    language, left = told.language, told.effect["left"]["today"]
    city = told.figure("", "today")
    if city is None or not city["assessable"]:
        yield say("proposal.gap.nothing_judged", language)
    elif left["communities"]:
        yield say("proposal.gap.count", language, communities=unit("communities", left["communities"], language))
        towns, all_of_them = towns_words(told, left)
        yield say(
            "proposal.gap.all" if all_of_them else "proposal.gap.most",
            language,
            towns=towns,
            people=unit("people", left["people"], language),
            groups=groups_words(told, left),
        )
    else:
        yield say("proposal.gap.none", language)
    yield from _goals_today(told)


def _goals_today(told: Reading) -> Iterator[str]:
    """Name the goals for the whole city that are not reached today, as they are asked in the last year."""
    goals = goals_of_last_year(told.goals)
    whole_city = [goal for goal in goals if not goal["scope"]]
    short = [goal for goal in whole_city if goal["reached_today"] < goal["needed"]]
    language = told.language
    if short:
        names = [
            say(
                "proposal.gap.goal",
                language,
                name=goal_name(told, goal),
                target=exact_percent(goal["target"]),
                today=percent(goal["reached_today"], goal["whole"]),
            )
            for goal in short[:GOALS_SHOWN]
        ]
        more = say("proposal.goals.more", language) if len(short) > GOALS_SHOWN else ""
        yield say("proposal.gap.goals", language, goals=listed(names, language) + more)
    elif whole_city:
        yield say("proposal.gap.goals_met", language)
    if len(whole_city) < len(goals):
        yield say("proposal.gap.goals_scoped", language)


# --- seven: what stays uncovered (sentence 10) -------------------------------------------------------------------


def left(told: Reading) -> Iterator[str]:
    """Say which communities stay uncovered, why, and what is done for them."""
    language, rest = told.language, told.effect["left"][told.state]
    city = told.figure("", told.state)
    if rest["communities"]:
        reasons = listed(_reasons(told, rest), language)
        yield say(
            "proposal.left.count" if reasons else "proposal.left.count_bare",
            language,
            n=unit("communities", rest["communities"], language),
            reasons=reasons,
            measures=_measures(told),
        )
        towns, all_of_them = towns_words(told, rest)
        yield say(
            "proposal.left.where" if all_of_them else "proposal.left.where_most",
            language,
            towns=towns,
            people=unit("people", rest["people"], language),
            groups=groups_words(told, rest),
        )
    elif city and city["assessable"]:
        yield say("proposal.left.none" if told.planned else "proposal.gap.none", language)
    yield from _unassessable(told, told.state)
    for standard, points in told.plan["uncoverable_by_standard"].items():
        key = "uncoverable" if points["people"] else "uncoverable_close"
        off = told.run["demand"]["off_network_points"] and told.standard(standard)["metric"] == "road"
        snap_max_m = plain(told.run["parameters"]["snap_max_m"])
        yield say(
            f"proposal.left.{key}",
            language,
            name=told.names[standard],
            points=unit("points", points["points"], language),
            people=unit("people", points["people"], language),
            off=say("proposal.left.uncoverable_off", language, snap_max_m=snap_max_m) if off else "",
        )


def _reasons(told: Reading, rest: Record) -> Iterator[str]:
    counted = rest.get("reasons") or {}
    for name, count in counted.items():
        if count and name != "unassessable":
            yield say(f"proposal.reason.{name}", told.language, n=unit("communities", count, told.language))


def _measures(told: Reading) -> str:
    """Name the measures that stand against what is left, as the communities' own words begin, and say if of all."""
    language, blank = told.language, "{}"
    words = [one["measure"] or "" for one in told.effect["communities"] if one[f"state_{told.state}"] == "unmet"]
    begins = {
        kind: say(f"measure.what.{kind}", language, name=blank, metres=blank).partition(blank)[0]
        for kind in ("mobile", "joint")
    }
    found = [
        say(f"proposal.measure.{kind}", language)
        for kind, begin in begins.items()
        if any(text.startswith(begin) for text in words)
    ]
    if not found:
        return say("proposal.left.measures_none", language) if words else ""
    key = "measures" if all(text.startswith(tuple(begins.values())) for text in words) else "measures_some"
    return say(f"proposal.left.{key}", language, measures=listed(found, language))
