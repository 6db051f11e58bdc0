"""Studies one scenario: measures it, plans, and judges what the plan gives; nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planner import coverage, optimize, schema
from planner.errors import Fault, PlanError
from planner.inputs import Inputs, usable_sites
from planner.instance import Limits, build
from planner.reaches import City, judge, people_served, place_city, reaches, travel_tables
from planner.siting import Plan, Reached, goals_reached

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from planner.coverage import GoalTally
    from planner.instance import Reach
    from planner.siting import Instance
    from planner.standards import Goal, Standard


@dataclass(frozen=True, eq=False)
class Study:
    """Everything a run knows before it writes.

    Attributes
    ----------
    inputs, city, goals, reach
        What was read and measured.
    plan, most
        The plan; and, where goals are out of reach, the most that each can reach.
    states
        ``today``, and ``plan`` where one was made -> site_id -> types open there.
    coverage
        The coverage table of these states.
    opened
        The new facilities, those that newly cover most people first: columns of the options table, and name, people
        (served by this one), newly
        (of them those not covered today under a standard that it serves), site_newly (the same for all new types of
        its site together), estimated. People of different sites overlap.
    uncoverable
        Demand that no option reaches under a standard with a goal: demand_id, standard, people.
    """

    inputs: Inputs
    city: City
    goals: tuple[Goal, ...]
    reach: Mapping[str, Reach]
    plan: Plan
    most: tuple[Reached, ...]
    states: Mapping[str, Mapping[str, str]]
    coverage: pd.DataFrame
    opened: pd.DataFrame
    uncoverable: pd.DataFrame


def _limits(inputs: Inputs) -> Limits:
    rules, siting = inputs.scenario.rules, inputs.scenario.siting
    return Limits(
        types_per_site=rules.types_per_site,
        force_open=rules.force_open,
        force_closed=rules.force_closed,
        budget_yuan=siting.budget_yuan,
        max_new=siting.max_sites,
        horizon_years=siting.horizon_years,
    )


def _open_types(options: pd.DataFrame) -> dict[str, str]:
    """site_id -> types open there, joined by ``;``."""
    return {str(site): ";".join(sorted(group)) for site, group in options.groupby("site_id")["type"]}


def _opened(inputs: Inputs, plan: Plan, reach: Mapping[str, Reach], today: pd.DataFrame) -> pd.DataFrame:
    """List the plan's new facilities with the people that each serves, those that it newly covers most first."""
    chosen = inputs.options.iloc[list(plan.chosen)].copy()
    names = inputs.sites.frame.set_index("site_id")["name"]
    uncovered = today[~today["covered"]].groupby("standard")["demand_id"].agg(set).to_dict()
    missing = {key: uncovered.get(key, set()) for key in reach}
    chosen["name"] = names.loc[chosen["site_id"]].to_numpy()
    for column, counted in (("people", None), ("newly", missing)):
        chosen[column] = 0
        for kind, rows in chosen.groupby("type"):
            served = people_served(reach, dict.fromkeys(rows["site_id"], str(kind)), counted)
            chosen.loc[rows.index, column] = rows["site_id"].map(served).fillna(0).astype(int)
    # two types at one site reach the same people, who must not be counted twice for the site
    together = _open_types(chosen)
    served = people_served(reach, together, missing)
    chosen["site_newly"] = chosen["site_id"].map(served).fillna(0).astype(int)
    chosen["estimated"] = chosen["estimated_once"] | chosen["estimated_yearly"]
    return chosen.sort_values(["newly", "site_id", "type"], ascending=[False, True, True], ignore_index=True)


def _uncoverable(instance: Instance, reach: Mapping[str, Reach], goals: Sequence[Goal]) -> pd.DataFrame:
    """People that no option reaches under a standard that has a goal: columns demand_id, standard, people."""
    asked = {goal.standard for goal in goals}
    rows = [r.rows[["demand_id", "people"]].assign(standard=key) for key, r in reach.items() if key in asked]
    if not rows:
        return pd.DataFrame({"demand_id": [], "people": [], "standard": []})
    table = pd.concat(rows, ignore_index=True)
    nobody = np.diff(instance.covers.indptr) == 0
    return pd.DataFrame(table[nobody].reset_index(drop=True))


def study(inputs: Inputs, report: Callable[[str], None]) -> Study:
    """Measure a scenario, plan, and judge the plan.

    Parameters
    ----------
    inputs
        The checked inputs.
    report
        Called with the name of each step as it begins.

    Returns
    -------
    study
        All that the outputs need.

    Raises
    ------
    PlanError
        If the siting model's word on a goal differs from the coverage measured with the plan open.
    """
    scenario, standards = inputs.scenario, inputs.standards
    frame = inputs.sites.frame
    report("snap")
    city = place_city(
        inputs.networks,
        inputs.demand.frame,
        frame[usable_sites(frame)].reset_index(drop=True),
        walk_kph=float(scenario.roads.walk_kph),
        snap_max_m=float(scenario.roads.snap_max_m),
    )
    travel = travel_tables(city, standards, report)
    reach = reaches(city, standards, travel)
    report("coverage")
    year = scenario.data_date.year
    states = {"today": _open_types(inputs.options[inputs.options["state"] == "today"])}
    today = judge(city, standards, travel, states["today"], state="today", year=year)
    goals = schema.goals_of(scenario)
    rule = scenario.demand.community_rule
    instance = build(
        inputs.options,
        inputs.demand.frame,
        reach,
        goals,
        schema.counts_of(scenario),
        community_rule=rule,
        limits=_limits(inputs),
    )
    siting = scenario.siting
    plan = optimize.solve(instance, gap=siting.gap, time_limit_s=siting.time_limit_s, report=report)
    most: tuple[Reached, ...] = ()
    if plan.best_effort and not plan.conflict:
        report("most_reachable")
        most = optimize.most_reachable(instance, time_limit_s=float(siting.time_limit_s))
    judged = today
    if plan.status != "none":
        report("coverage")
        open_options = [*np.flatnonzero(instance.fixed).tolist(), *plan.chosen]
        states["plan"] = _open_types(inputs.options.iloc[open_options])
        planned = judge(city, standards, travel, states["plan"], state="plan", year=year)
        _check_goals(inputs, instance, plan, planned, goals)
        judged = pd.concat([today, planned], ignore_index=True)
    opened = _opened(inputs, plan, reach, today)
    uncoverable = _uncoverable(instance, reach, goals)
    return Study(inputs, city, goals, reach, plan, most, states, judged, opened, uncoverable)


def _check_goals(inputs: Inputs, instance: Instance, plan: Plan, planned: pd.DataFrame, goals: Sequence[Goal]) -> None:
    """Hold the siting model's word for each goal against the coverage that was measured with the plan open."""
    model = {(g.id, g.scope): g.reached for g in goals_reached(instance, np.array(plan.chosen, dtype=np.int64))}
    for goal in goals:
        for measured in goal_tallies(inputs, planned, goal):
            said = model[goal.id, measured.scope]
            if said != measured.reached or not (measured.met or plan.best_effort):
                values = {"goal": goal.id, "scope": measured.scope, "model": said, "measured": measured.reached}
                raise PlanError(Fault("plan_disagrees", values=values))


def goal_tallies(inputs: Inputs, judged: pd.DataFrame, goal: Goal) -> Iterator[GoalTally]:
    """Measure a goal in each of its scopes on the coverage of one state."""
    rows = judged[judged["standard"] == goal.standard]
    return coverage.measure_goal(inputs.demand.frame, rows, goal, inputs.scenario.demand.community_rule)


def tally(studied: Study, standard: Standard, state: str) -> coverage.Tally:
    """Count people and communities under one standard in one state."""
    judged = studied.coverage
    rows = judged[(judged["standard"] == standard.id) & (judged["state"] == state)]
    return coverage.tally(studied.inputs.demand.frame, rows, studied.inputs.scenario.demand.community_rule)
