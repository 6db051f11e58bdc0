"""Sentences of a siting proposal on the plan: what is built, money, how sites were chosen, and what was weighed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner.figures import exact_percent, money, percent
from planner.proposalfigures import (
    METHODS,
    dated_goal_name,
    facilities,
    plain,
    source_rank,
    unit,
    whole,
    years_counted,
)
from planner.proposalswaps import dropped, outcome
from planner.words import listed, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planner.proposalfigures import Reading

    Record = Mapping[str, Any]

GOALS_SHOWN = 8
"""Goals that are not met named in a sentence; the table has more of them."""

HOSTS_SHOWN = 5
"""Kinds of venues named in a sentence."""

SITES_SHOWN = 6
"""Sites whose dropping is told in sentences; the table has all of them."""


# --- what is built, and for how much (sentences 7 and 8) ---------------------------------------------------------


def built(told: Reading) -> Iterator[str]:
    """Say how many sites of which type are built how, and in which venues."""
    language, effect = told.language, told.effect
    if not told.plan["opened"]:
        yield say("proposal.built.nothing", language)
        return
    hosts = [
        say("proposal.built.host", language, name=one["host"], sites=unit("sites", one["count"], language))
        for one in effect["hosts"][:HOSTS_SHOWN]
    ]
    key = "hosts" if len(hosts) > 1 else "host_only"
    by_type: dict[str, list[Record]] = {}
    for row in sorted(effect["built"], key=_method_rank):
        by_type.setdefault(row["type"], []).append(row)
    kinds = [listed((_item(told, row) for row in rows), language) for rows in by_type.values()]
    sites = facilities(told, told.plan["opened"][-1]["number"])
    yield say(
        "proposal.built.whole",
        language,
        items=say("proposal.then", language).join(kinds),
        sites=say("proposal.built.in_all", language, sites=sites) if len(effect["built"]) > 1 else "",
        hosts=say(f"proposal.built.{key}", language, hosts=listed(hosts, language)) if hosts else "",
    )
    if any(row["method"] in METHODS[1:] for row in effect["built"]):
        yield say("proposal.built.methods", language)


def _method_rank(row: Record) -> int:
    """Put build methods in the order of `METHODS`, the bureau's own after them, and what names none last."""
    known = METHODS.index(row["method"]) if row["method"] in METHODS else len(METHODS)
    return known if row["method"] else len(METHODS) + 1


def _item(told: Reading, row: Record) -> str:
    """Say how many of one type are built in one way: the number before the name, which may end in a digit."""
    language = told.language
    values = {
        "type": say("proposal.built.of", language, type=row["type_name"]),
        "sites": unit("sites", row["count"], language),
    }
    if row["at_existing"] == row["count"]:
        return say("proposal.built.added", language, **values)
    if row["method"] in METHODS or not row["method"]:
        item = say(f"proposal.built.{row['method'] or 'none'}", language, **values)
    else:
        item = say("proposal.built.own", language, method=row["method"], **values)
    if not row["at_existing"]:
        return item
    return say("proposal.built.some_added", language, item=item, sites=unit("sites", row["at_existing"], language))


def costs(told: Reading) -> Iterator[str]:
    """Say what the plan costs, who pays, what is estimated, and what is built when."""
    language, plan = told.language, told.plan
    if not plan["opened"]:
        return
    estimated = facilities(told, plan["estimated_count"])
    yield say(
        "proposal.money.cost",
        language,
        once=money(plan["cost_once_yuan"], language),
        yearly=money(plan["cost_yearly_yuan"], language),
        parts=_sources(told),
        estimated=say("proposal.money.estimated", language, sites=estimated) if plan["estimated_count"] else "",
    )
    if plan["estimated_count"]:
        once, yearly = (money(plan[key], language) for key in ("estimated_yuan", "estimated_yearly_yuan"))
        yield say("proposal.money.estimated_sums", language, once=once, yearly=yearly)
    yield say("proposal.money.horizon", language, years=years_counted(told), total=money(plan["cost_yuan"], language))
    yield _years(told)


def _sources(told: Reading) -> str:
    """Say what each source gives of the one-off cost; what gives nothing of it is in the table alone."""
    language, by_funding = told.language, told.plan["by_funding"]
    if len(by_funding) == 1:
        name = next(iter(by_funding))
        key = "proposal.money.one_source"
        return say(key, language, name=name) if name else say("proposal.money.no_funding", language)
    parts = [
        say(
            "proposal.money.part" if name else "proposal.money.part_unnamed",
            language,
            **({"name": name} if name else {}),
            money=money(part["cost_once_yuan"], language),
        )
        for name, part in sorted(by_funding.items(), key=lambda one: source_rank(one[0]))
        if part["cost_once_yuan"]
    ]
    return say("proposal.money.parts", language, parts=listed(parts, language)) if parts else ""


def _years(told: Reading) -> str:
    """Say what is built in each year."""
    language, by_year = told.language, told.plan["by_year"]
    if len(by_year) == 1:
        dated = any(goal["year"] for goal in told.run["goals"])
        return say(f"proposal.money.{'one_year' if dated else 'no_years'}", language, year=next(iter(by_year)))
    parts = [
        say(
            "proposal.money.year",
            language,
            year=year,
            sites=facilities(told, part["count"]),
            once=money(part["cost_once_yuan"], language),
            yearly=money(part["cost_yearly_yuan"], language),
        )
        for year, part in by_year.items()
    ]
    return say("proposal.money.years", language, parts=say("proposal.then", language).join(parts))


# --- how sites were chosen, and the goals ------------------------------------------------------------------------


def method(told: Reading) -> Iterator[str]:
    """Say in plain words how sites were chosen."""
    language, plan = told.language, told.plan
    values = {
        "candidates": unit("sites", told.run["sites"]["candidates"], language),
        "added": say("proposal.method.added", language) if any(row["at_existing"] for row in plan["opened"]) else "",
        "years": years_counted(told),
    }
    if told.given:
        yield say("proposal.method.given", language, years=values["years"])
    elif plan["best_effort"]:
        yield say("proposal.method.best_effort", language, **values)
    else:
        goals = say("proposal.method.goals", language) if told.goals else ""
        aim = {} if plan["objective_of"] == "min_cost" else {"aim": _aim(told)}
        yield say(f"proposal.method.{plan['objective_of']}", language, goals=goals, **aim, **values)
    yield say("proposal.method.roads", language)


def _aim(told: Reading) -> str:
    """Say what a plan is to make least other than its cost: by which standard, and who counts for more than one."""
    language, parameters = told.language, told.run["parameters"]
    parts = [
        say("proposal.method.weight", language, name=one["name"], weight=plain(one["weight"]))
        for one in parameters.get("weights", ())
        if one["weight"] != 1
    ]
    parts += [say("proposal.method.yearly", language)] if len(parameters["years"]) > 1 else []
    weighted = say("proposal.method.weighted", language, parts=listed(parts, language)) if parts else ""
    key = f"proposal.method.aim_{told.plan['objective_of']}"
    return say(key, language, standard=told.names[parameters["standard"]], weighted=weighted)


def goals(told: Reading) -> Iterator[str]:
    """Introduce the table of goals, and name those that are not met."""
    language = told.language
    if not told.goals:
        yield say("proposal.goals.none", language)
        return
    yield say("proposal.goals.met" if told.planned else "proposal.goals.no_plan", language)
    unmet = [goal for goal in told.goals if not goal["met"]]
    if unmet and told.planned:
        yield say("proposal.goals.unmet", language, goals=_listed_goals(told, unmet))


def _listed_goals(told: Reading, unmet: Sequence[Record]) -> str:
    """List goals that are not met: what they ask for, what the plan gives, and the most there could be."""
    language = told.language
    names = []
    for goal in unmet[:GOALS_SHOWN]:
        most = ""
        if goal["most_reachable"] is not None:
            key = "most" if goal["most_reachable_proven"] else "at_least"
            most = say(f"proposal.goals.{key}", language, share=percent(goal["most_reachable"], goal["whole"]))
        names.append(
            say(
                "proposal.goals.goal",
                language,
                name=dated_goal_name(told, goal),
                target=exact_percent(goal["target"]),
                plan=percent(goal["reached_plan"], goal["whole"]),
                most=most,
            )
        )
    more = say("proposal.goals.more", language) if len(unmet) > GOALS_SHOWN else ""
    return listed(names, language) + more


# --- alternatives weighed ----------------------------------------------------------------------------------------


def other_plans(told: Reading) -> Iterator[str]:
    """Say which other plans are near the best, or why none is told."""
    language, plan = told.language, told.plan
    if told.given:
        yield say("proposal.options.given", language)
        return
    for row in plan["alternatives"]:
        yield say(
            "proposal.options.other",
            language,
            number=whole(row["alternative"], language),
            cost=money(row["cost_yuan"], language),
            more=_beside(row["more_yuan"], told),
            differs=unit("choices", row["differs"], language),
        )
    if plan["alternatives_fewer"]:
        yield say(f"proposal.options.{plan['alternatives_fewer']}", language)
    elif not plan["alternatives"]:
        yield say("proposal.options.none_asked", language)


def _beside(yuan: int, told: Reading) -> str:
    """Say how much more or less than the plan something costs."""
    way = "more" if yuan > 0 else "less" if yuan < 0 else "even"
    amount = {"money": money(abs(yuan), told.language)} if yuan else {}
    return say(f"proposal.options.{way}", told.language, **amount)


def swaps(told: Reading) -> Iterator[str]:
    """Say of the first sites what dropping them does, and what would take their place."""
    language, opened = told.language, told.plan["opened"]
    if not opened:
        yield say("proposal.options.no_sites", language)
        return
    first = sorted(opened, key=lambda row: (-row["newly_covered"], row["number"]))[:SITES_SHOWN]
    all_of_them = "" if len(first) < len(opened) else "_all"
    yield say(f"proposal.options.{'dropped' if told.given else 'unchanged'}{all_of_them}", language)
    for row in first:
        yield _without(told, row)
    if not all(row["in_time"] for row in first):
        yield say("proposal.options.late", language)


def _without(told: Reading, row: Record) -> str:
    language = told.language
    space = " " if language == "en" else ""
    parts = [dropped(told, row), *row["why"]]
    if told.given:
        return space.join(parts)
    if not row["runner_up_site_id"]:
        return space.join([*parts, say("proposal.options.no_runner_up", language)])
    comma = say("proposal.comma", language)
    told_parts, end = outcome(told, row)
    result = say("proposal.options.result", language, parts=comma.join(told_parts), end=end)
    name, kind = row["runner_up_name"], row["runner_up_type_name"]
    return space.join([*parts, say("proposal.options.runner_up", language, name=name, type=kind, result=result)])


def closing(told: Reading) -> Iterator[str]:
    """Name the outlets whose closing would hurt most under each standard, today and with the plan."""
    known = told.run["sites"]["names_hurt"]
    rows = [row for row in told.plan["hurts_most"] if row["people_losing"]]
    if not rows:
        yield say("proposal.closing.none", told.language)
    for row in rows:
        yield say(
            f"proposal.closing.{row['state']}",
            told.language,
            standard=told.names[row["standard"]],
            name=known[row["site_id"]],
            losing=unit("people", row["people_losing"], told.language),
            going=_going(told, row),
        )


def _going(told: Reading, row: Record) -> str:
    """Say where the largest part of those who lose cover would go; in a straight line that is not looked for."""
    people = row["losing_people_to"]
    if told.standard(row["standard"])["metric"] == "straight" or not people:
        return ""
    counted = unit("people", people, told.language)
    if not row["losing_to_site_id"] and people == row["people_losing"]:
        return say("proposal.closing.goes_nowhere_all", told.language)
    if not row["losing_to_site_id"]:
        return say("proposal.closing.goes_nowhere", told.language, people=counted)
    name = told.run["sites"]["names_hurt"][row["losing_to_site_id"]]
    values = {"name": name, "metres": whole(round(row["losing_more_m"]), told.language)}
    if people == row["people_losing"]:
        return say("proposal.closing.goes_all", told.language, **values)
    return say("proposal.closing.goes_to", told.language, people=counted, **values)
