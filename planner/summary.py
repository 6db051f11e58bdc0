"""A run in plain sentences, for the terminal. Every figure comes from run.json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.citations import pack_lines, quoted_beside, value_lines
from planner.comparelines import status_text
from planner.editoutputs import edit_lines
from planner.figures import exact_percent, gap_percent, money, percent, status_of
from planner.mapdata import goals_asked
from planner.provenance import doubt_lines
from planner.record import standard_names
from planner.tabledlines import assumed
from planner.unitsums import scaled_lines
from planner.words import listed, say

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

    from planner.comparison import Comparison
    from planner.terms import Language

TOWNS_SHOWN = 5
"""Towns named for the people whom an unmet goal leaves out."""

OPENED_SHOWN = 40
"""New facilities listed in the terminal; the rest are in sites.csv."""

LATE_SHOWN = 10
"""New facilities that are named in the terminal as not explained in time; why.csv marks all of them."""

COMMUNITIES_SHOWN = 8
"""Communities won or lost that are named in the terminal; all are in communities.csv."""


def run_lines(run: Mapping[str, Any]) -> Iterator[str]:
    """Say who is covered today and after the plan, at what cost, by which sites, how sure that is, what it rests on."""
    language: Language = run["language"]
    yield say("summary.title", language, title=run["title"], date=run["data_date"])
    policy = run.get("policy")
    if policy:
        yield from pack_lines(policy, language)
    yield from _figure_lines(run, language)
    values = [*value_lines(policy, language)] if policy else []
    if values:
        yield ""
        yield from values


def _figure_lines(run: Mapping[str, Any], language: Language) -> Iterator[str]:
    plan, policy = run["plan"], run.get("policy")
    yield from doubt_lines(run["doubts"], language)
    counted = run["parameters"]
    yield say("note.counted", language, walk_kph=f"{counted['walk_kph']:g}", snap_max_m=f"{counted['snap_max_m']:g}")
    yield from edit_lines(run["roads"], language)
    names = standard_names(run["standards"], language)
    yield from assumed(run, names)
    yield say("summary.sites", language, open=run["sites"]["open_today"], existing=run["sites"]["existing"])
    if run["sites"]["off_network"]:
        off = run["sites"]["off_network"]
        yield say("summary.off_network", language, count=len(off), ids=listed(off[:10], language))
    demand = run["demand"]
    if demand["off_network_people"]:
        share = percent(demand["off_network_people"], demand["people_assessable"])
        yield say("summary.people_off_network", language, **demand, share=share)
    if demand["placed_people"]["spread"]:
        yield say("summary.spread", language, people=demand["placed_people"]["spread"])
    yield from scaled_lines(demand["totals"], language)
    for checked in demand["checked"]:
        yield say("summary.checked", language, **checked, name=names[checked["standard"]])
    yield ""
    for standard in run["standards"]:
        yield from _standard_lines(standard, names[standard["id"]], language, planned=plan["objective"] is not None)
        yield from quoted_beside(policy, f"standard.{standard['id']}", language)
    yield from closing_lines(run, names, language)
    if plan["status"] == "none":
        yield say("summary.no_plan", language)
        return
    yield ""
    if goals_asked(run):
        yield from _goal_lines(run, language, planned=plan["objective"] is not None)
    yield ""
    yield from _plan_lines(run, language)


def _standard_lines(standard: Mapping[str, Any], name: str, language: Language, *, planned: bool) -> Iterator[str]:
    people = standard["people"]
    values = {
        "name": name,
        "people": people,
        "today": percent(standard["covered_today"], people),
        "covered_today": standard["covered_today"],
        "plan": percent(standard["covered_plan"], people),
        "covered_plan": standard["covered_plan"],
        "communities": standard["communities"],
        "units_today": standard["communities_today"],
        "units_plan": standard["communities_plan"],
    }
    yield say("summary.standard_plan" if planned else "summary.standard_today", language, **values)
    if standard["served_today"] is not None:
        key = "summary.served_plan" if planned else "summary.served"
        yield say(key, language, **standard)
    if standard["not_assessable"]:
        yield say("summary.not_assessable", language, people=standard["not_assessable"])


def closing_lines(run: Mapping[str, Any], names: Mapping[str, str], language: Language) -> Iterator[str]:
    """Name the outlet whose closing would hurt most under each standard."""
    known = run["sites"]["names_hurt"]
    straight = {standard["id"]: standard["metric"] == "straight" for standard in run["standards"]}
    for row in run["plan"]["hurts_most"]:
        if row["state"] == "today" and row["people_losing"]:
            standard, name = row["standard"], known[row["site_id"]]
            values = {"standard": names[standard], "name": name, "losing": row["people_losing"]}
            going = _going(row, known, language, straight=straight[standard])
            yield say("summary.hurts_most", language, **values) + going


def _going(row: Mapping[str, Any], known: Mapping[str, str], language: Language, *, straight: bool) -> str:
    """Say where the largest part of those who lose cover would go; in a straight line that is not looked for.

    Nor is it of those whose nearest outlet it is not, of whom field checks may say that they lose cover.
    """
    people = row["losing_people_to"]
    if straight or not people:
        return say("summary.goes_unsaid", language)
    share = "all" if people == row["people_losing"] else "most" if 2 * people > row["people_losing"] else "largest"
    part = say(f"summary.part_{share}", language, people=people)
    if not row["losing_to_site_id"]:
        return say("summary.goes_nowhere", language, part=part)
    values = {"to": known[row["losing_to_site_id"]], "more": f"{row['losing_more_m']:.0f}"}
    return say("summary.goes_to", language, part=part, **values)


def _goal_lines(run: Mapping[str, Any], language: Language, *, planned: bool) -> Iterator[str]:
    goals = goals_asked(run)
    met = sum(goal["met"] for goal in goals)
    yield say("summary.goals", language, met=met, count=len(goals))
    if any(goal["counts"] == "backup" for goal in goals):
        yield say("summary.backup", language)
    for goal in goals:
        scope = goal["scope"] or say("summary.city", language)
        scope += f" {goal['year']}" if goal["year"] else ""
        scope += "" if goal["counts"] == "reached" else say(f"summary.counts_{goal['counts']}", language)
        if not goal["whole"]:
            yield say("summary.goal_empty", language, id=goal["id"], scope=scope)
        if goal["met"]:
            continue
        reached = goal["reached_plan"] if planned else goal["reached_today"]
        values = {
            "id": goal["id"],
            "scope": scope,
            "target": exact_percent(goal["target"]),
            "plan": percent(reached, goal["whole"]),
            "missing": goal["needed"] - reached,
            "unit": say(f"summary.{goal['of']}", language),
        }
        yield say("summary.goal_unmet" if planned else "summary.goal_unmet_today", language, **values)
        yield from quoted_beside(run.get("policy"), f"goal.{goal['id']}", language)
        if goal["most_reachable"] is not None:
            key = "summary.goal_most" if goal["most_reachable_proven"] else "summary.goal_at_least"
            yield say(key, language, most=percent(goal["most_reachable"], goal["whole"]))
        towns = list(goal["left_by_town"].items())[:TOWNS_SHOWN]
        most_left = listed(
            (say("summary.town", language, town=town, people=people) for town, people in towns), language
        )
        yield say("summary.goal_left", language, people=goal["left_people"], count=len(goal["left"]), towns=most_left)


def _plan_lines(run: Mapping[str, Any], language: Language) -> Iterator[str]:
    plan = run["plan"]
    yield from _kept_from(plan, language)
    if plan["objective"] is None:
        yield say("summary.no_lawful_plan" if plan["status"] == "infeasible" else "summary.no_plan_in_time", language)
        return
    if plan.get("given"):
        yield from _given_lines(run, language)
    elif plan["best_effort"]:
        yield say("summary.infeasible" if plan["status"] == "infeasible" else "summary.unknown", language)
    yield from _cost_lines(run, language)
    yield from _proof_lines(plan, language)
    names = standard_names(run["standards"], language)
    if plan["objective_of"] == "min_cost" and run["parameters"]["standard"] and not plan.get("given"):
        yield say("summary.standard_idle", language, name=names[run["parameters"]["standard"]])
    phased = len(run["parameters"]["years"]) > 1
    yield from _opened_lines(plan["opened"], language, phased=phased, given=plan.get("given", False))
    if plan["alternatives"]:
        yield say("summary.alternatives", language, count=len(plan["alternatives"]))
    if plan["alternatives_fewer"] and plan["alternatives_fewer"] != "no_plan":
        values = {"asked": plan["alternatives_asked"], "found": len(plan["alternatives"])}
        yield say(f"summary.fewer_{plan['alternatives_fewer']}", language, **values)
    for standard, left in plan["uncoverable_by_standard"].items():
        yield say("summary.uncoverable", language, name=names[standard], **left)


def _kept_from(plan: Mapping[str, Any], language: Language) -> Iterator[str]:
    """Say what keeps every plan from the goals, and what would meet them."""
    if plan["conflict"]:
        key = "summary.conflict" if plan["conflict_smallest"] else "summary.conflict_some"
        yield say(key, language, names=listed(plan["conflict_words"], language))
    if plan["least_budget_yuan"] is not None:
        yield say("summary.least_budget", language, yuan=money(plan["least_budget_yuan"], language))
    if plan["alternatives_fewer"] == "no_plan":
        yield say("summary.fewer_no_plan", language, asked=plan["alternatives_asked"])


def _given_lines(run: Mapping[str, Any], language: Language) -> Iterator[str]:
    """Say that a plan is given, and which rules it breaks; the goals that it misses are told before."""
    plan = run["plan"]
    yield say("summary.given", language)
    if plan["rules_broken_words"]:
        yield say("summary.given_rules", language, names=listed(plan["rules_broken_words"], language))
    asked = "asked" if goals_asked(run) else "bare"
    status = status_of(plan)
    yield say(f"summary.{status}_{asked}" if status == "given" else f"summary.{status}", language)
    if plan["certified_bound"] and plan["objective_of"] == "min_cost":
        yield say("summary.given_bound", language, bound=money(plan["certified_bound"], language))


def _cost_lines(run: Mapping[str, Any], language: Language) -> Iterator[str]:
    """Say what the plan costs, who pays, what is estimated, and what is built when."""
    plan = run["plan"]
    yield say(
        "summary.cost",
        language,
        count=len(plan["opened"]),
        once=money(plan["cost_once_yuan"], language),
        yearly=money(plan["cost_yearly_yuan"], language),
        years=run["parameters"]["horizon_years"],
        total=money(plan["cost_yuan"], language),
    )
    for key, groups in (("summary.funding", plan["by_funding"]), ("summary.year", plan["by_year"])):
        if len(groups) > 1:
            for name, group in groups.items():
                once, yearly = (money(group[f"cost_{kind}_yuan"], language) for kind in ("once", "yearly"))
                shown = name or say("summary.no_funding", language)
                yield say(key, language, name=shown, count=group["count"], once=once, yearly=yearly)
    if plan["estimated_count"]:
        yield say(
            "summary.estimated",
            language,
            count=plan["estimated_count"],
            once=money(plan["estimated_yuan"], language),
            yearly=money(plan["estimated_yearly_yuan"], language),
        )


def _proof_lines(plan: Mapping[str, Any], language: Language) -> Iterator[str]:
    """Say how sure it is that no plan is better: the solver's word, and what the certificate proves."""
    cheapest, given = plan["objective_of"] == "min_cost", plan.get("given")
    if plan["status"] == "optimal" and not given:
        yield say(f"summary.optimal_{plan['objective_of']}", language)
        if not plan["ties_broken"]:
            yield say("summary.ties", language)
    elif plan["status"] == "gap":
        key, bound = ("summary.gap", money(plan["bound"], language)) if cheapest else ("summary.gap_other", "")
        yield say(key, language, gap=gap_percent(plan["gap"]), bound=bound)
    if not cheapest:
        yield say(f"summary.objective_{plan['objective_of']}", language, value=f"{plan['objective']:,}")
    if plan["certified_gap"] is not None:
        useful = plan["certified_gap"] < 1
        key = "summary.certified" if cheapest else "summary.certified_other"
        bound = money(plan["certified_bound"], language) if cheapest else ""
        found = key if useful else "summary.certified_nothing"
        yield say(found, language, gap=gap_percent(plan["certified_gap"]), bound=bound)


def _opened_lines(
    opened: list[Mapping[str, Any]], language: Language, *, phased: bool, given: bool = False
) -> Iterator[str]:
    """List new facilities in the order in which they are built."""
    for number, row in enumerate(opened[:OPENED_SHOWN], start=1):
        mark = say("summary.mark_year", language, year=row["year"]) if phased else ""
        mark += say("summary.mark_estimated", language) if row["estimated"] else ""
        values = {
            **row,
            "once": money(row["cost_once_yuan"], language),
            "yearly": money(row["cost_yearly_yuan"], language),
            "number": number,
            "mark": mark,
            "type": row["type_name"] + (f" {row['size']}" if row["size"] else ""),
        }
        yield say("summary.opened", language, **values)
    if len(opened) > OPENED_SHOWN:
        yield say("summary.more_opened", language, count=len(opened) - OPENED_SHOWN)
    yield say("summary.overlap", language)
    yield say("summary.why_given" if given else "summary.why", language)
    late = [str(row["name"]) for row in opened if not row.get("in_time", True)]
    if late:
        yield say("summary.reasons_late", language, count=len(late), names=listed(late[:LATE_SHOWN], language))


def compare_lines(found: Comparison, language: Language) -> Iterator[str]:
    """Say people covered, sites and cost of each result, and which communities differ from the first."""
    results = {result.number: result for result in found.results}
    for number, rows in found.table.groupby("result", sort=False):
        first = rows.iloc[0]
        values = {
            "scenario": first["scenario"],
            "path": first["path"],
            "status": status_text(results[first["result"]], language),
            "met": first["goals_met"],
            "goals": first["goals"],
            "sites": first["new_sites"],
            "once": money(int(first["cost_once_yuan"]), language),
            "yearly": money(int(first["cost_yearly_yuan"]), language),
        }
        yield say("compare.scenario", language, **values)
        for row in rows.to_dict("records"):
            values = {
                "name": row["standard"],
                "share": percent(row["covered"], row["people"]),
                "covered": row["covered"],
                "people": row["people"],
                "units": row["communities_covered"],
                "communities": row["communities"],
            }
            yield say("compare.standard", language, **values) + _worth(row, language)
        yield from _community_lines(found.communities[found.communities["after"] == number], language)


def _worth(row: Mapping[Hashable, Any], language: Language) -> str:
    """Say what each person newly covered costs, and whom a frontier covers for as much."""
    text = ""
    if not pd.isna(row["yuan_per_newly"]):
        text += say("compare.newly", language, newly=row["newly"], each=row["yuan_per_newly"])
    if not pd.isna(row["frontier_people"]):
        share = percent(int(row["frontier_people"]), row["people"])
        text += say("compare.frontier", language, share=share, covered=row["frontier_people"])
    return text


def _community_lines(changed: pd.DataFrame, language: Language) -> Iterator[str]:
    """Name the communities won and lost against the first result, the largest of each standard."""
    for (standard, change), rows in changed.groupby(["standard", "change"], sort=False):
        names = [
            say("compare.community", language, **{str(key): value for key, value in row.items()})
            for row in rows.head(COMMUNITIES_SHOWN).to_dict("records")
        ]
        more = say("compare.more", language, count=len(rows) - len(names)) if len(rows) > len(names) else ""
        joined = listed(names, language) + more
        yield say(
            f"compare.{change}", language, name=standard, count=len(rows), people=rows["people"].sum(), names=joined
        )
