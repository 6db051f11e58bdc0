"""What a run does for people, money and places: the part of run.json that documents print (`effect`, plan.opened)."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from planner.bureaucolumns import OUTLET_COLUMNS, column_of
from planner.candidates import MOBILE_TYPE, outlets
from planner.communityledger import outlets_of
from planner.countscopes import community_names
from planner.effectfigures import change_records, figure_records, newly_covered, seen
from planner.effectleft import community_records, left_part, measure_rows
from planner.record import standard_names
from planner.rulenames import count_title, goal_title, scope_words
from planner.rulewords import known, rule_in_words
from planner.words import listed, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pandas as pd

    from planner.effectfigures import Seen
    from planner.study import Study
    from planner.terms import Language

_MONEY = ("cost_once_yuan", "cost_yearly_yuan")
_AREA = "面积"
_SQUARE_M = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(?:平方米|平米|㎡|m2|m²)?")


def with_effect(run: Mapping[str, Any], studied: Study, report: Callable[[str], None]) -> dict[str, Any]:
    """Add to the record of a run what its documents print.

    Parameters
    ----------
    run
        The content of run.json so far.
    studied
        The study that it is of.
    report
        Called with the name of each step as it begins.

    Returns
    -------
    record
        `run` with `effect`, and with further keys in each row of `plan.opened`. Where there is no plan, figures are of
        today alone, `change_tenths`, `spending`, `built` and `hosts` are empty, and `newly`, `left.plan` and
        `state_plan` null.
    """
    found = seen(studied, report)
    opened = _opened(run["plan"]["opened"], studied, run["standards"])
    figures = figure_records(found)
    measures = measure_rows(studied, found)
    effect = {
        "decides": list(found.decides),
        "figures": figures,
        "change_tenths": change_records(figures),
        "outlets": _outlets(studied.inputs.sites.frame, found.units),
        "newly": _newly(run["plan"], found),
        "spending": _spending(opened),
        "built": _built(opened),
        "hosts": _hosts(opened),
        "left": left_part(studied, found, measures),
        "communities": community_records(studied, found, measures),
    }
    return {**run, "plan": {**run["plan"], "opened": opened}, "effect": effect}


# --- what stands, what is built, and what it costs ---------------------------------------------------------------


def _outlets(sites: pd.DataFrame, units: pd.DataFrame) -> dict[str, Any]:
    """Count the outlets that stand and those in operation, mobile points apart, and communities with none of their own.

    Communities are those with people; null where it is not known of all of them. A row that names no district is in
    none.
    """
    own = outlets_of(units, sites)[(units["people"] > 0).to_numpy()]
    homes = units.loc[own.index, "district"]
    fixed = outlets(sites)
    fixed = fixed[(fixed["status"] == "existing").to_numpy()]
    mobile = sites["open_today"].to_numpy(dtype=bool) & (sites["type"] == MOBILE_TYPE).to_numpy()
    districts = sorted({*homes, *fixed["district"]} - {""})
    return {
        **_standing(fixed, own),
        "mobile": int(mobile.sum()),
        "by_district": {
            name: _standing(fixed[(fixed["district"] == name).to_numpy()], own[(homes == name).to_numpy()])
            for name in districts
        },
    }


def _standing(fixed: pd.DataFrame, own: pd.Series) -> dict[str, int | None]:
    return {
        "standing": len(fixed),
        "operating": int(fixed["open_today"].sum()),
        "communities_without": None if own.isna().any() else int((own == 0).sum()),
    }


def _newly(plan: Mapping[str, Any], found: Seen) -> dict[str, int | None] | None:
    """People newly covered, and what one of them costs: once, and within the horizon; rounded up."""
    if not found.planned:
        return None
    people = newly_covered(found)

    def each(yuan: int) -> int | None:
        return -(-yuan // people) if people else None

    return {
        "people": people,
        "yuan_per_person": each(plan["cost_once_yuan"]),
        "cost_yuan_per_person": each(plan["cost_yuan"]),
    }


def _spending(opened: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Add up what is built by year and source of money (empty: not given)."""
    found: dict[tuple[int, str], list[Mapping[str, Any]]] = {}
    for row in opened:
        found.setdefault((row["year"], row["funding"]), []).append(row)
    return [
        {
            "year": year,
            "funding": funding,
            "count": len(rows),
            **{money: sum(row[money] for row in rows) for money in _MONEY},
            "estimated_count": sum(row["estimated"] for row in rows),
        }
        for (year, funding), rows in sorted(found.items())
    ]


def _built(opened: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Count what is built by type and build method (empty: not given, or added to an existing outlet)."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in opened:
        found.setdefault((row["type"], row["build_method"]), []).append(row)
    return [
        {
            "type": kind,
            "type_name": rows[0]["type_name"],
            "method": method,
            "count": len(rows),
            "at_existing": sum(row["at_existing"] for row in rows),
        }
        for (kind, method), rows in sorted(found.items())
    ]


def _hosts(opened: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Count the venues that planned sites lean on, each site once, most used first."""
    hosts = {row["site_id"]: row["host"] for row in opened if row["host"]}
    counts = sorted(Counter(hosts.values()).items(), key=lambda one: (-one[1], one[0]))
    return [{"host": host, "count": count} for host, count in counts]


# --- each planned site -------------------------------------------------------------------------------------------


def _opened(
    rows: Sequence[Mapping[str, Any]], studied: Study, standards: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Add to each row of plan.opened what the tables say of the place, and why it is in the plan.

    What is added to an outlet of today keeps the place's host and owner; build method, services and area in the table
    are the outlet's own and say nothing of it. Hours are the row's own, else those of the type.
    """
    frame = studied.inputs.sites.frame
    sites = {
        row["site_id"]: row for row in frame[frame["site_id"].isin([one["site_id"] for one in rows])].to_dict("records")
    }
    hours = {facility.type: facility.hours for facility in studied.inputs.scenario.facility}
    area = next((name for name in map(str, frame.columns) if _is_area(name)), None)
    why = _why(studied, standard_names(standards, studied.inputs.scenario.language))
    found = []
    for number, row in enumerate(rows, start=1):
        site, added = sites[row["site_id"]], row["at_existing"]
        found.append(
            {
                **row,
                "number": number,
                **{key: site[key] for key in ("district", "town", "unit_id", "host", "owner")},
                "build_method": "" if added else site["build_method"],
                "hours": ("" if added else site["hours"]) or hours[row["type"]],
                "services": "" if added else site["services"],
                "area_m2": None if added or area is None else _square_metres(site[area]),
                "why": why.get((row["site_id"], row["type"]), []),
            }
        )
    return found


def _is_area(header: str) -> bool:
    column = column_of(header, OUTLET_COLUMNS)
    return column is not None and column.name == _AREA


def _square_metres(text: Any) -> float | None:
    """Read an area that a table gives as a plain number, with or without its unit; None for anything else."""
    read = _SQUARE_M.fullmatch(str(text).strip())
    return float(read[1]) if read else None


def _why(studied: Study, standards: Mapping[str, str]) -> dict[tuple[str, str], list[str]]:
    """Say in sentences why each new facility is in: the goals missed and the rules broken without it.

    A plan that misses goals itself is measured by what it reaches: without the facility they fall below that.
    """
    scenario, short = studied.inputs.scenario, "lower" if studied.plan.best_effort else "goals"
    goals, rules = _goal_names(studied, standards), _rule_names(studied)
    found = {}
    for row in studied.explained.why.to_dict("records"):
        told = {short: goals(row["goals_missed"]), "rules": map(rules, row["rules_broken"])}
        lines = [
            say(f"effect.why.{kind}", scenario.language, names=names)
            for kind, parts in told.items()
            if (names := listed(parts, scenario.language))
        ]
        if not lines and scenario.siting.objective != "min_cost" and not studied.given:
            lines = [say(f"effect.why.{scenario.siting.objective}", scenario.language)]
        late = [] if row["in_time"] else [say("effect.why.by_reach", scenario.language)]
        found[row["site_id"], row["type"]] = lines + late
    return found


def _goal_names(studied: Study, standards: Mapping[str, str]) -> Callable[[Iterable[str]], list[str]]:
    """Return what calls goals, by their labels, by what they ask for, where, and in which years."""
    scenario = studied.inputs.scenario
    goals, sections = {goal.label: goal for goal in studied.instance.all_goals}, {one.id: one for one in scenario.goal}
    groups = {one.id: one.name for one in scenario.group}

    def named(labels: Iterable[str]) -> list[str]:
        years: dict[str, list[str]] = {}
        for goal in (goals[label] for label in labels):
            section = sections[goal.id]
            about = {"scope": goal.scope, "group_name": groups.get(section.group or "", section.group or "")}
            title = goal_title({**section.model_dump(), **about}, standards, scenario.language)
            years.setdefault(title, []).extend([str(goal.year)] if goal.year else [])
        return [_in_years(title, asked, scenario.language) for title, asked in years.items()]

    return named


def _in_years(goal: str, years: Sequence[str], language: Language) -> str:
    return say("effect.goal_in", language, goal=goal, years=listed(years, language)) if years else goal


def _rule_names(studied: Study) -> Callable[[str], str]:
    """Return what calls a rule, by its name in the problem: counts by what they count and where, others in words."""
    scenario, sites = studied.inputs.scenario, studied.inputs.sites.frame
    communities = community_names(studied.inputs.demand.frame)
    names = dict(zip(sites["site_id"], sites["name"], strict=True))
    about = known(studied.instance.all_goals, scenario, names, communities)
    sections = {count.id: count for count in scenario.count}

    def name(rule: str) -> str:
        section = next((sections[key] for key in about.counts if rule == key or rule.startswith(f"{key}:")), None)
        if section is None:
            return rule_in_words(rule, about)
        scope = rule[len(section.id) + 1 :]
        types = ";".join(about.types.get(one, one) for one in section.types)
        place = communities.get(scope, scope) if section.each == "community" else scope_words(scope)
        asked = {"type_names": types, "tier": section.tier or "", "place": place, "each": "city"}
        title = count_title({**section.model_dump(), **asked}, scenario.language)
        return say("effect.number_of", scenario.language, count=title)

    return name
