"""The content of ``run.json``: every figure of a run that a map or a document may print."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from planner.standards import standard_name
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from planner.conflict import Conflict, LeastBudget
    from planner.coverage import GoalTally, Tally
    from planner.explanations import Explained
    from planner.roads import Roads
    from planner.siting import Plan, Reached
    from planner.standards import Standard
    from planner.terms import Language, Mode

SCHEMA = 1


def share(part: int | None, whole: int) -> float | None:
    """Share as a number between 0 and 1; None for an empty whole, or where nothing was counted."""
    return part / whole if whole and part is not None else None


def standard_names(standards: Sequence[Mapping[str, Any]], language: Language) -> dict[str, str]:
    """Names of standards by id; those of one name carry their id as well."""
    names = {item["id"]: standard_name(item, language) for item in standards}
    shared = Counter(names.values())
    return {
        key: say("standard.shared", language, name=name, id=key) if shared[name] > 1 else name
        for key, name in names.items()
    }


def roads_record(networks: Mapping[Mode, Roads]) -> dict[str, Any]:
    """Figures of each network, by mode; how speeds were found is told of a network to drive on only."""
    return {
        mode: {
            "nodes": roads.n_nodes,
            "edges": roads.n_edges,
            "length_m": roads.length_m,
            **{k: v for k, v in asdict(roads.report).items() if mode == "drive" or not k.startswith("speed_")},
        }
        for mode, roads in networks.items()
    }


def standard_facts(standard: Standard) -> dict[str, Any]:
    """Describe a standard: who is to be within reach of what."""
    return {
        "id": standard.id,
        "clause": standard.clause,
        "mode": standard.mode,
        "metric": standard.metric,
        "minutes": None if standard.minutes is None else float(standard.minutes),
        "km": None if standard.km is None else float(standard.km),
        "setting": standard.setting,
        "layer": standard.layer,
        "served_by": list(standard.served_by),
    }


def standard_record(
    standard: Standard, today: Tally, plan: Tally | None, served: tuple[int | None, int | None]
) -> dict[str, Any]:
    """Figures of one standard; the plan's are null where there is none.

    `served` is how many people are served under capacity, today and by the plan; null where capacity is not counted.
    """
    return {
        **standard_facts(standard),
        "people": today.people,
        "covered_today": today.covered,
        "covered_plan": plan.covered if plan else None,
        "served_today": served[0],
        "served_plan": served[1],
        "not_assessable": today.not_assessable,
        "communities": today.communities,
        "communities_today": today.communities_covered,
        "communities_plan": plan.communities_covered if plan else None,
        "share_today": share(today.covered, today.people),
        "share_plan": share(plan.covered, today.people) if plan else None,
    }


def goal_record(
    today: GoalTally,
    plan: GoalTally | None,
    most: Reached | None,
    demand: pd.DataFrame,
    *,
    year: int | None,
    counts: str,
) -> dict[str, Any]:
    """Figures of one goal in one scope.

    Parameters
    ----------
    year
        The year that it is asked in; None where a plan has one year only.
    counts
        Whom it counts: ``reached``, ``backup`` (within reach of two), ``served`` (under capacity).
    today, plan
        The goal in both states; ``met`` is of the plan, of today where there is none.
    most
        The largest number that any plan can reach, when it was searched.
    demand
        The demand table, for who is left out of a goal that is not met.
    """
    state = plan or today
    left = demand[demand["demand_id"].isin(state.left.keys())] if not state.met else demand.iloc[:0]
    missing = left["demand_id"].map(state.left).astype("int64")
    towns = missing.groupby(left["district"] + left["town"]).sum().sort_values(ascending=False, kind="stable")
    return {
        "id": today.goal.id,
        "standard": today.goal.standard,
        "of": today.goal.of,
        "scope": today.scope,
        "year": year,
        "group": today.goal.group,
        "counts": counts,
        "target": float(today.goal.share),
        "today": share(today.reached, today.whole),
        "plan": share(plan.reached, plan.whole) if plan else None,
        "met": state.met,
        "whole": today.whole,
        "needed": today.needed,
        "reached_today": today.reached,
        "reached_plan": plan.reached if plan else None,
        "most_reachable": most.reached if most else None,
        "most_reachable_proven": most.proven if most else None,
        "not_assessable": today.not_assessable,
        "left": left["demand_id"].tolist(),
        "left_people": int(missing.sum()),
        "left_by_town": {str(town): int(people) for town, people in towns.items()},
    }


def _plain(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table as JSON takes them."""
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [{str(k): v.item() if isinstance(v, np.generic) else v for k, v in row.items()} for row in rows]


def _opened_record(
    row: Mapping[str, Any], type_names: Mapping[str, str], why: Mapping[str, Any] | None
) -> dict[str, Any]:
    opened = {
        "site_id": row["site_id"],
        "name": row["name"],
        "type": row["type"],
        "type_name": type_names[row["type"]],
        "year": int(row["year"]),
        "size": row["size"] or None,
        "cost_once_yuan": int(row["cost_once_yuan"]),
        "cost_yearly_yuan": int(row["cost_yearly_yuan"]),
        "estimated": bool(row["estimated"]),
        "estimated_once": bool(row["estimated_once"]),
        "estimated_yearly": bool(row["estimated_yearly"]),
        "funding": row["funding"],
        "at_existing": bool(row["at_existing"]),
        "people": int(row["people"]),
        "newly_covered": int(row["newly"]),
    }
    return opened | {key: value for key, value in (why or {}).items() if key not in opened}


def _by(rows: Sequence[Mapping[str, Any]], key: str) -> dict[str, dict[str, int]]:
    """Add up new facilities and their costs by funding source or year."""
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        held = found.setdefault(str(row[key]), {"count": 0, "cost_once_yuan": 0, "cost_yearly_yuan": 0})
        held["count"] += 1
        held["cost_once_yuan"] += row["cost_once_yuan"]
        held["cost_yearly_yuan"] += row["cost_yearly_yuan"]
    return dict(sorted(found.items()))


def certified_gap(plan: Plan, certified_bound: int | None) -> float | None:
    """How far below its objective a plan's checked bound is, as a part of the objective; None where there is none."""
    if certified_bound is None or plan.objective is None or plan.best_effort:
        return None
    return (plan.objective - certified_bound) / plan.objective if plan.objective > certified_bound else 0.0


def _in_people(value: float | None, scale: int) -> float | None:
    """Objective in whole people (or yuan) from parts of them; a whole number where it is one."""
    if value is None or scale == 1:
        return value
    return value / scale if value % scale else value // scale


def plan_record(
    plan: Plan,
    opened: pd.DataFrame,
    type_names: Mapping[str, str],
    uncoverable: pd.DataFrame,
    *,
    objective: str,
    scale: int,
    cost_yuan: int,
    certified_bound: int | None,
    conflict: Conflict | None,
    conflict_words: Sequence[str],
    least_budget: LeastBudget | None,
    explained: Explained,
    alternatives: int,
    given: bool = False,
    broken: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Figures of the plan.

    Parameters
    ----------
    plan
        The plan.
    opened
        The new facilities in the order in which they are built: columns of the options table, and name, year, people,
        newly, at_existing.
    type_names
        Name of each facility type.
    uncoverable
        Points that no option reaches under a standard with a goal: columns demand_id, standard, people.
    objective
        What the plan is to be best at.
    scale
        Into how many parts the plan's objective divides a person; see `instance.weight_scale`.
    cost_yuan
        Cost within the horizon.
    certified_bound
        Bound of the objective that the plan's certificate proves; with a given plan, of every plan that meets all goals
        and keeps all rules.
    conflict, conflict_words, least_budget
        Where no plan meets all goals and rules: the fewest that cannot hold together, as they are named in the problem
        and in words, and the least cost that would.
    explained
        Why the plan is as it is.
    alternatives
        How many other plans were asked for.
    given
        Whether the scenario gives the plan and none was sought: then status and best_effort speak of this plan alone.
    broken
        Rules that a given plan breaks: as they are named in the problem -> in words.
    """
    why = {(row["site_id"], row["type"]): row for row in _plain(explained.why)}
    rows = [_opened_record(row, type_names, why.get((row["site_id"], row["type"]))) for row in _plain(opened)]
    first = explained.closing.groupby(["state", "standard"], sort=False).head(1)
    return {
        "status": plan.status,
        "best_effort": plan.best_effort,
        "given": given,
        "rules_broken": list(broken or ()),
        "rules_broken_words": list((broken or {}).values()),
        "objective_of": objective,
        "objective": _in_people(plan.objective, scale),
        "bound": _in_people(plan.bound, scale),
        "gap": plan.gap,
        "certified_bound": _in_people(certified_bound, scale),
        "certified_gap": None if given else certified_gap(plan, certified_bound),
        "ties_broken": plan.ties_broken,
        "conflict": [] if conflict is None else list(conflict.names),
        "conflict_words": list(conflict_words),
        "conflict_smallest": None if conflict is None else conflict.proven,
        "least_budget_yuan": None if least_budget is None else least_budget.yuan,
        "least_budget_proven": None if least_budget is None else least_budget.proven,
        "cost_yuan": cost_yuan,
        "cost_once_yuan": sum(row["cost_once_yuan"] for row in rows),
        "cost_yearly_yuan": sum(row["cost_yearly_yuan"] for row in rows),
        "by_funding": _by(rows, "funding"),
        "by_year": _by(rows, "year"),
        "estimated_yuan": sum(row["cost_once_yuan"] for row in rows if row["estimated_once"]),
        "estimated_yearly_yuan": sum(row["cost_yearly_yuan"] for row in rows if row["estimated_yearly"]),
        "estimated_count": sum(row["estimated"] for row in rows),
        "opened": rows,
        "alternatives": [{**row, "objective": _in_people(row["objective"], scale)} for row in _plain(explained.plans)],
        "alternatives_asked": alternatives,
        "alternatives_fewer": explained.fewer or None,
        "hurts_most": _plain(first),
        "uncoverable": sorted(set(uncoverable["demand_id"])),
        "uncoverable_by_standard": {
            str(standard): {"points": len(part), "people": int(part["people"].sum())}
            for standard, part in uncoverable.groupby("standard", sort=True)
        },
    }


def run_record(
    *,
    scenario: Mapping[str, Any],
    scenario_sha256: str,
    planner: str,
    inputs: Iterable[Mapping[str, Any]],
    doubts: Iterable[Mapping[str, str]],
    roads: Mapping[str, Any],
    standards: Iterable[Mapping[str, Any]],
    goals: Iterable[Mapping[str, Any]],
    plan: Mapping[str, Any],
    sites: Mapping[str, Any],
    demand: Mapping[str, Any],
) -> dict[str, Any]:
    """Put the parts together in the order of the file."""
    return {
        "schema": SCHEMA,
        "scenario": scenario["name"],
        "title": scenario["title"],
        "scenario_sha256": scenario_sha256,
        "planner": planner,
        "data_date": scenario["data_date"],
        "language": scenario["language"],
        "parameters": scenario["parameters"],
        "attribution": "© OpenStreetMap contributors",
        "inputs": list(inputs),
        "doubts": list(doubts),
        "roads": dict(roads),
        "demand": dict(demand),
        "sites": dict(sites),
        "standards": list(standards),
        "goals": list(goals),
        "plan": dict(plan),
    }
