"""The figures of the years beside each other, the milestones ahead, and what is still missing for each.

What is missing is had from the plan of this year's scenario, which meets all its goals together: how many more sites
and how much money, and which communities no candidate can reach.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from planner.figures import exact_percent, gap_percent, money, percent
from planner.phases import ONE_YEAR
from planner.rulenames import goal_title
from planner.sources import EXAMPLES
from planner.standards import need
from planner.standings import DECIDED
from planner.study import goal_tallies, goals_in
from planner.words import listed, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from planner.inputs import Inputs
    from planner.policyschema import ChecklistSection
    from planner.study import Study
    from planner.terms import Language

NO_CANDIDATES = "no_candidates"
"""Status of a plan that does not meet its goals, where no candidates are listed to meet them with."""

_COUNTS = ("assessable", "met", "unassessable", "people", "covered")


def trend(last: Mapping[str, Any], data_date: str, figures: pd.DataFrame) -> list[dict[str, Any]]:
    """Carry the figures of the years before on with those of this year.

    Parameters
    ----------
    last
        Record of last year's audit, with its own list ``trend``; empty where there is none.
    data_date
        Last day of this year's figures.
    figures
        Figures of this year's audit (`planner.tallies.tallied`).

    Returns
    -------
    years
        By date, then standard (empty: all deciding ones together): data_date, standard, communities assessable, met and
        unassessable, people and those covered, of the whole city, as every year printed them.
    """
    city = figures[(figures["level"] == "city") & (figures["variant"] == "") & (figures["group"] == "")]
    own = [
        {"data_date": data_date, "standard": str(row["standard"]), **{name: int(row[name]) for name in _COUNTS}}
        for row in city.to_dict("records")
    ]
    before = [dict(entry) for entry in last.get("trend", ()) if entry.get("data_date") != data_date]
    return sorted([*before, *own], key=lambda entry: (entry["data_date"], entry["standard"]))


def milestones(studied: Study) -> list[dict[str, Any]]:
    """Say how far today is from each goal in each year that it is asked in, scope by scope.

    Returns
    -------
    goals
        goal, standard, of (``people`` or ``communities``), group and what it is called (empty for none), backup
        (whether two facilities are asked for), scope, year, share (asked for, as text), whole, needed, reached today,
        short (how many are missing; 0 where it is met), and most (how many can be reached at most, where no plan meets
        all goals; null where not known) with most_proven.
    """
    most = {(one.id, one.scope, one.year): one for one in studied.most}
    groups = {group.id: group.name for group in studied.inputs.scenario.group}
    found = []
    for year in studied.years:
        for goal in goals_in(studied, year):
            for tallied in goal_tallies(studied, goal, "today", year):
                reach = most.get((goal.id, tallied.scope, year if studied.phases else ONE_YEAR))
                found.append(
                    {
                        "goal": goal.id,
                        "standard": goal.standard,
                        "of": goal.of,
                        "group": goal.group,
                        "group_name": groups.get(goal.group or "", ""),
                        "backup": goal.backup,
                        "scope": tallied.scope,
                        "year": year,
                        "share": str(goal.share),
                        "whole": tallied.whole,
                        "needed": tallied.needed,
                        "reached": tallied.reached,
                        "short": max(0, tallied.needed - tallied.reached),
                        "most": reach.reached if reach else None,
                        "most_proven": reach.proven if reach else None,
                    }
                )
    return found


def list_milestones(
    checklists: Sequence[ChecklistSection], reported: Mapping[str, tuple[int, int] | None], year: int
) -> list[dict[str, Any]]:
    """Say how far what the bureau reports is from the share that each checklist asks for, by year.

    Parameters
    ----------
    checklists
        The checklists; never had from reach (clauses W2, W3, J3, B1).
    reported
        Id of a checklist -> part and whole in the whole city; None, or absent, where nothing is reported.
    year
        Year of the data, for a share that names no year.

    Returns
    -------
    lists
        id, clause, name, year, share (as text), part, whole, met (null where nothing is reported).
    """
    found = []
    for one in checklists:
        asked = {int(name): share for name, share in one.shares.items()}
        if one.share is not None:
            asked.setdefault(year, one.share)
        told = reported.get(one.id)
        for at, share in sorted(asked.items()):
            part, whole = told or (None, None)
            met = None if part is None or not whole else part >= need(share, whole)
            found.append(
                {
                    "id": one.id,
                    "clause": one.clause,
                    "name": one.name,
                    "year": at,
                    "share": str(share),
                    "part": part,
                    "whole": whole,
                    "met": met,
                }
            )
    return found


def still_missing(studied: Study) -> dict[str, Any]:
    """Say what the plan still takes: sites, money, and whom no candidate can reach.

    Where the scenario lists no candidates nothing can be said of them: the status is `NO_CANDIDATES` then, unless a
    plan does without any, and beyond is empty.

    Returns
    -------
    missing
        status of the plan (``none`` where no goal is set, or `NO_CANDIDATES`); given, where the scenario gives it and
        none was sought; gap; gap_allowed; seconds; years, each
        with the sites to be opened until then (count, by type), their one-time cost, what all of them cost a year, and
        how many costs are estimates; beyond, for each standard with a goal: communities (unit_id, name, district, town,
        people, those of them that no option reaches) that cannot meet it whatever is built, by the rule for
        communities, and the people of all points that nothing reaches.
    """
    plan = studied.plan
    idle = plan.status in {"infeasible", "unknown"} and not offers_any(studied.inputs) and not studied.given
    return {
        "status": NO_CANDIDATES if idle else plan.status,
        "best_effort": plan.best_effort,
        **({"given": True} if studied.given else {}),
        "gap": plan.gap,
        "gap_allowed": float(studied.inputs.scenario.siting.gap),
        "seconds": float(studied.inputs.scenario.siting.time_limit_s),
        "years": [] if idle or plan.status == "none" else [_until(studied, year) for year in studied.years],
        "beyond": list(_beyond(studied)) if offers_any(studied.inputs) else [],
    }


def offers_any(inputs: Inputs) -> bool:
    """Tell whether a scenario lists any candidate; what may be added to outlets alone brings nobody nearer to one."""
    return bool((inputs.sites.frame["status"] == "candidate").any())


def _until(studied: Study, year: int) -> dict[str, Any]:
    rows = studied.opened[studied.opened["year"] <= year]
    names = {facility.type: facility.name for facility in studied.inputs.scenario.facility}
    counts = Counter(names.get(kind, kind) for kind in rows["type"])
    return {
        "year": year,
        "count": len(rows),
        "types": {name: counts[name] for name in sorted(counts)},
        "cost_once_yuan": int(rows["cost_once_yuan"].sum()),
        "cost_yearly_yuan": int(rows["cost_yearly_yuan"].sum()),
        "estimated": int(rows["estimated"].sum()),
    }


def _beyond(studied: Study) -> Iterator[dict[str, Any]]:
    """Join the points that no option reaches to their communities."""
    demand = studied.inputs.demand.frame.drop_duplicates("unit_id").set_index("unit_id")
    rule = studied.inputs.scenario.demand.community_rule
    for standard in dict.fromkeys(goal.standard for goal in studied.goals):
        lost = studied.uncoverable[studied.uncoverable["standard"] == standard]
        rows = studied.reach[standard].rows
        whole = _by_unit(rows)
        apart = _by_unit(rows[rows["demand_id"].isin(lost["demand_id"])])
        units = [
            {
                "unit_id": unit,
                **{name: str(demand.at[unit, name]) for name in ("name", "district", "town")},  # noqa: PD008
                "people": whole[unit],
                "unreachable": people,
            }
            for unit, people in apart.items()
            if unit != "" and whole[unit] > 0 and whole[unit] - people < need(rule, whole[unit])
        ]
        yield {"standard": standard, "communities": units, "people": int(lost["people"].sum())}


def _by_unit(rows: pd.DataFrame) -> dict[str, int]:
    sums = rows.groupby("unit_id")["people"].sum()
    return dict(zip(map(str, sums.index), sums.tolist(), strict=True))


# --- sentences ---------------------------------------------------------------------------------------------------


def trend_lines(years: Sequence[Mapping[str, Any]], language: Language) -> Iterator[str]:
    """Say how communities stood year by year under all deciding standards together, where there are two years."""
    rows = [entry for entry in years if entry["standard"] == DECIDED]
    if len(rows) > 1:
        for row in rows:
            values = {"date": row["data_date"], "met": row["met"], "assessable": row["assessable"]}
            rate = percent(row["met"], row["assessable"])
            yield say("trend.year", language, under=say("changes.decided", language), rate=rate, **values)


def milestone_lines(
    goals: Sequence[Mapping[str, Any]],
    lists: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
    language: Language,
) -> Iterator[str]:
    """Say of every goal and checklist what is asked for by which year, where things stand, and what is short.

    Parameters
    ----------
    goals, lists
        Records of `milestones` and of `list_milestones`.
    names
        Standards by id, in words.
    language
        Of the sentences.
    """
    titles = goal_titles(goals, names, language)
    for one in goals:
        values = {"goal": titles[one["goal"], one["scope"]], "year": one["year"]}
        values |= {"share": exact_percent(float(one["share"]))}
        if not one["whole"]:
            yield say("trend.milestone_empty", language, **values)
            continue
        how = "met" if not one["short"] else one["of"]
        values |= {} if how == "met" else {"short": one["short"]}
        yield say(f"trend.milestone_{how}", language, **values, now=percent(one["reached"], one["whole"]))
    for one in lists:
        how = "unknown" if one["met"] is None else "met" if one["met"] else "short"
        values = {} if how == "unknown" else {"now": percent(one["part"], one["whole"])}
        share = exact_percent(float(one["share"]))
        yield say(f"trend.list_{how}", language, name=one["name"], year=one["year"], share=share, **values)


def goal_titles(
    goals: Sequence[Mapping[str, Any]], names: Mapping[str, str], language: Language
) -> dict[tuple[str, str], str]:
    """Return what each goal is called, by id and scope; those of one name carry their id as well."""
    titles = {(one["goal"], one["scope"]): goal_title(one, names, language) for one in goals}
    shared = Counter(titles.values())
    return {
        key: say("standard.shared", language, name=name, id=key[0]) if shared[name] > 1 else name
        for key, name in titles.items()
    }


def missing_lines(
    missing: Mapping[str, Any], goals: Sequence[Mapping[str, Any]], names: Mapping[str, str], language: Language
) -> Iterator[str]:
    """Say what the plan still takes by each year, or that there is none, and whom no candidate can reach.

    Parameters
    ----------
    missing, goals
        What `still_missing` and `milestones` gave.
    names
        Standards by id, in words.
    language
        Of the sentences.
    """
    yield from _status_lines(missing, language)
    if missing["status"] == NO_CANDIDATES:
        return
    titles = goal_titles(goals, names, language)
    for one in goals:
        if one["most"] is not None and one["most"] < one["needed"]:
            key = "trend.most" if one["most_proven"] else "trend.most_unproven"
            reached, needed = percent(one["most"], one["whole"]), exact_percent(float(one["share"]))
            yield say(key, language, goal=titles[one["goal"], one["scope"]], reached=reached, needed=needed)
    for one in missing["beyond"]:
        units = one["communities"]
        if units:
            shown = listed([f"{unit['district']}{unit['town']}{unit['name']}" for unit in units[:EXAMPLES]], language)
            more = say("trend.more", language) if len(units) > EXAMPLES else ""
            people = sum(unit["unreachable"] for unit in units)
            name = names.get(one["standard"], one["standard"])
            yield say("trend.beyond", language, standard=name, count=len(units), people=people, names=shown + more)


def _status_lines(missing: Mapping[str, Any], language: Language) -> Iterator[str]:
    """Say what the plan takes by each year, how near the cheapest it is, or that there is none."""
    status = missing["status"]
    if missing.get("given"):
        yield say("trend.given" if status == "optimal" else "trend.given_short", language)
        yield from (_plan_line(year, language, "given") for year in missing["years"])
    elif status in {"optimal", "gap"}:
        for year in missing["years"]:
            yield _plan_line(year, language)
        if status == "gap":
            key = "trend.plan_near" if missing["gap"] <= missing["gap_allowed"] else "trend.plan_gap"
            yield say(key, language, seconds=missing["seconds"], gap=gap_percent(missing["gap"]))
    elif status in {"infeasible", "unknown", NO_CANDIDATES}:
        yield say(f"trend.{status}", language)


def _plan_line(year: Mapping[str, Any], language: Language, kind: str = "plan") -> str:
    """Say what a plan opens until a year: ``plan`` speaks of what the goals take, ``given`` of what is given."""
    if not year["count"]:
        return say(f"trend.{kind}_none", language, year=year["year"])
    types = listed(
        [say("trend.plan_type", language, name=name, count=count) for name, count in year["types"].items()], language
    )
    once, yearly = (money(year[key], language) for key in ("cost_once_yuan", "cost_yearly_yuan"))
    values = {"year": year["year"], "count": year["count"], "types": types, "once": once, "yearly": yearly}
    if year["estimated"]:
        return say(f"trend.{kind}_estimated", language, **values, estimated=year["estimated"])
    return say("trend.plan" if kind == "plan" else "trend.given_plan", language, **values)
