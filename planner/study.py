"""Studies one scenario: measures it, plans, and judges what the plan gives; nothing is written."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planner import certificate, coverage, optimize, schema
from planner.conflict import least_budget, smallest_conflict
from planner.errors import Fault, PlanError
from planner.explanations import closing_table, explain
from planner.inputs import Inputs, usable_sites
from planner.instance import asked, build
from planner.phases import ONE_YEAR, share_in, years_of
from planner.reaches import RESIDENTS, City, judge, people_served, place_city, reaches, travel_tables
from planner.recount import goals_reached
from planner.sharing import share_today
from planner.verdicts import on_coverage, on_reach

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from planner.conflict import Conflict, LeastBudget
    from planner.coverage import GoalTally
    from planner.explanations import Explained
    from planner.instance import Reach
    from planner.limits import Aim, Phase
    from planner.reaches import Kind
    from planner.siting import Flows, Instance, Plan, Reached
    from planner.standards import Goal, Standard


@dataclass(frozen=True, eq=False)
class Study:
    """Everything a run knows before it writes.

    Attributes
    ----------
    inputs, city, goals, reach
        What was read and measured.
    instance, plan, most
        The siting problem and its plan; and, where goals are out of reach, the most that each can reach.
    conflict, least_budget
        Where no plan meets all goals and rules: the fewest of them that cannot hold together, and what it would cost at
        least to meet them all. None where there is a plan, or nobody asked.
    certified_bound
        What the plan's multipliers prove of the objective; None without them.
    years
        Years of the plan, ascending; the year of the data where there is only one.
    states
        ``today``, and ``plan`` (its last year) where one was made -> site_id -> types open there.
    coverage
        The coverage table of today and of every year of the plan.
    served
        Under capacity: demand_id, site_id, type, year, people served; None without. Those whom a field check found
        covered, but not by which outlet, have no site.
    served_today
        The same for what stands today, shared out for the goals of each year; None without capacity.
    opened
        The new facilities, by year, those that newly cover most people first: columns of the options table, and name,
        year, people (served by this one), newly
        (of them those not covered today under a standard that it serves), site_newly (the same for all new types of
        its site together), estimated, at_existing. People of different sites overlap.
    uncoverable
        Demand that no option reaches under a standard with a goal: demand_id, standard, people.
    explained
        Why the plan is as it is.
    """

    inputs: Inputs
    city: City
    goals: tuple[Goal, ...]
    reach: Mapping[str, Reach]
    instance: Instance
    plan: Plan
    most: tuple[Reached, ...]
    conflict: Conflict | None
    least_budget: LeastBudget | None
    certified_bound: int | None
    years: tuple[int, ...]
    states: Mapping[str, Mapping[str, str]]
    coverage: pd.DataFrame
    served: pd.DataFrame | None
    served_today: pd.DataFrame | None
    opened: pd.DataFrame
    uncoverable: pd.DataFrame
    explained: Explained

    @property
    def phases(self) -> tuple[Phase, ...]:
        """Years of the build order; none where there is only one."""
        return schema.limits_of(self.inputs.scenario).phases


def _open_types(options: pd.DataFrame) -> dict[str, str]:
    """site_id -> types open there, joined by ``;``."""
    return {str(site): ";".join(sorted(group)) for site, group in options.groupby("site_id")["type"]}


def _shown(year: int, inputs: Inputs) -> int:
    """Return a year of the plan as outputs print it: a plan of one year is carried out in the year of the data."""
    return inputs.scenario.data_date.year if year == ONE_YEAR else year


def openings(instance: Instance, plan: Plan) -> pd.DataFrame:
    """Options that a plan opens, and the first year of each: columns option, year."""
    chosen = np.array(plan.chosen, dtype=np.int64)
    table = pd.DataFrame({"option": instance.option[chosen], "year": instance.year[chosen]})
    return table.sort_values(["option", "year"]).drop_duplicates("option", ignore_index=True)


def _opened(inputs: Inputs, opens: pd.DataFrame, reach: Mapping[str, Reach], today: pd.DataFrame) -> pd.DataFrame:
    """List the plan's new facilities with the people that each serves, in the order in which they are built."""
    chosen = inputs.options.iloc[opens["option"].tolist()].copy()
    chosen["year"] = opens["year"].to_numpy()
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
    chosen["at_existing"] = chosen["site_id"].isin(inputs.options.loc[inputs.options["state"] == "today", "site_id"])
    chosen["estimated"] = chosen["estimated_once"] | chosen["estimated_yearly"]
    order = ["year", "newly", "site_id", "type"]
    return chosen.sort_values(order, ascending=[True, False, True, True], ignore_index=True)


def _held(reach: Reach, years: Sequence[int]) -> pd.DataFrame:
    """Who is held covered by a field check alone, in every year: as in `_served`, with no site."""
    held = reach.rows.loc[reach.rows["demand_id"].isin(reach.held), ["demand_id", "people"]]
    return held.assign(site_id="", type="").merge(pd.DataFrame({"year": years}), how="cross")


def _row_table(inputs: Inputs, reach: Mapping[str, Reach], goals: Sequence[Goal]) -> pd.DataFrame:
    """Demand point of each row of the instance, of one year: columns demand_id, people, standard, layer."""
    scenario = inputs.scenario
    used = asked(reach, goals, schema.aim_of(scenario), schema.limits_of(scenario))
    rows = [r.rows[["demand_id", "people"]].assign(standard=r.standard.id, layer=r.standard.layer) for r in used]
    empty = pd.DataFrame({"demand_id": [], "people": [], "standard": [], "layer": []})
    return pd.concat(rows, ignore_index=True) if rows else empty


def _uncoverable(instance: Instance, rows: pd.DataFrame, goals: Sequence[Goal]) -> pd.DataFrame:
    """People that no option reaches under a standard that has a goal: columns demand_id, standard, people."""
    nobody = (np.diff(instance.covers.indptr) == 0)[: len(rows)]
    with_goal = rows["standard"].isin({goal.standard for goal in goals}).to_numpy()
    return pd.DataFrame(rows[nobody & with_goal].reset_index(drop=True))


def _served(
    instance: Instance, flows: Flows | None, rows: pd.DataFrame, years: Sequence[int], limited: Reach | None
) -> pd.DataFrame | None:
    """Who is served where under capacity: columns demand_id, site_id, type, year, people."""
    if flows is None or limited is None:
        return None
    place, row = np.divmod(flows.row, max(1, len(rows)))
    shared = pd.DataFrame(
        {
            "demand_id": rows["demand_id"].to_numpy(dtype=object)[row],
            "site_id": instance.site_id[flows.column],
            "type": instance.type[flows.column],
            "year": np.array(years, dtype=np.int64)[place],
            "people": flows.people,
        }
    )
    return pd.concat([shared, _held(limited, years)], ignore_index=True)


def instance_of(inputs: Inputs, reach: Mapping[str, Reach], goals: Sequence[Goal], aim: Aim | None = None) -> Instance:
    """Build the siting problem of a scenario from what was measured.

    Parameters
    ----------
    inputs
        The checked inputs.
    reach
        Reach under each standard, by its id.
    goals
        What a plan must reach.
    aim
        What it is to be best at; else what the scenario says.
    """
    scenario, demand = inputs.scenario, inputs.demand.frame
    residents = demand[coverage.assessable(demand) & (demand["layer"] == RESIDENTS).to_numpy()]
    return build(
        inputs.options,
        demand,
        reach,
        goals,
        schema.counts_of(scenario),
        community_rule=scenario.demand.community_rule,
        residents=residents,
        limits=schema.limits_of(scenario),
        aim=aim or schema.aim_of(scenario),
    )


def measured(inputs: Inputs, report: Callable[[str], None]) -> tuple[City, dict[Kind, pd.DataFrame], dict[str, Reach]]:
    """Snap people and sites and measure the reach of every site under every standard; field checks go before it."""
    scenario, frame = inputs.scenario, inputs.sites.frame
    report("snap")
    city = place_city(
        inputs.networks,
        inputs.demand.frame,
        frame[usable_sites(frame)].reset_index(drop=True),
        walk_kph=float(scenario.roads.walk_kph),
        snap_max_m=float(scenario.roads.snap_max_m),
    )
    travel = travel_tables(city, inputs.standards, report)
    standing, measured_reach = _today(inputs), reaches(city, inputs.standards, travel)
    return city, travel, on_reach(measured_reach, inputs.verdicts, city.demand, city.sites, standing)


def _today(inputs: Inputs) -> dict[str, str]:
    return _open_types(inputs.options[inputs.options["state"] == "today"])


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
        If the siting model's word on a goal differs from the coverage measured with the plan open, or the plan's own
        multipliers prove that it is none.
    """
    scenario, standards = inputs.scenario, inputs.standards
    city, travel, reach = measured(inputs, report)
    report("coverage")
    states = {"today": _today(inputs)}
    today = judge(city, standards, travel, states["today"], state="today", year=scenario.data_date.year)
    today = on_coverage(today, inputs.verdicts, reach, states["today"])
    goals = schema.goals_of(scenario)
    instance = instance_of(inputs, reach, goals)
    siting = scenario.siting
    plan = optimize.solve(instance, gap=siting.gap, time_limit_s=siting.time_limit_s, report=report)
    flows_today = share_today(instance)
    if plan.status != "none" and plan.objective is None:  # nothing is opened: who is served is who is served today
        plan = replace(plan, flows=flows_today)
    most: tuple[Reached, ...] = ()
    conflict = least = None
    if plan.status == "infeasible":
        report("conflict")
        # where no plan is lawful at all, the rules conflict among themselves: no goal is to blame
        asked_of = replace(instance, goals=(), communities=()) if plan.objective is None else instance
        conflict = smallest_conflict(asked_of, deadline=time.monotonic() + float(siting.time_limit_s))
        least = least_budget(instance, deadline=time.monotonic() + float(siting.time_limit_s))
    if plan.best_effort and plan.objective is not None:
        report("most_reachable")
        most = optimize.most_reachable(instance, time_limit_s=float(siting.time_limit_s))
    years = tuple(_shown(year, inputs) for year in years_of(schema.limits_of(scenario).phases))
    opens, judged = openings(instance, plan), [today]
    opens["year"] = [_shown(year, inputs) for year in opens["year"]]
    if plan.status != "none":
        report("coverage")
        standing = set(inputs.options.index[inputs.options["state"] == "today"])
        for year in years:
            open_options = sorted(standing | set(opens.loc[opens["year"] <= year, "option"]))
            states["plan"] = _open_types(inputs.options.iloc[open_options])
            table = judge(city, standards, travel, states["plan"], state="plan", year=year)
            judged.append(on_coverage(table, inputs.verdicts, reach, states["plan"]))
    rows = _row_table(inputs, reach, goals)
    limited = reach.get(siting.capacity_standard or "")
    found = Study(
        inputs=inputs,
        city=city,
        goals=goals,
        reach=reach,
        instance=instance,
        plan=plan,
        most=most,
        conflict=conflict,
        least_budget=least,
        certified_bound=_certified(instance, plan),
        years=years,
        states=states,
        coverage=pd.concat(judged, ignore_index=True),
        served=_served(instance, plan.flows, rows, years, limited),
        served_today=_served(instance, flows_today, rows, years, limited),
        opened=_opened(inputs, opens, reach, today),
        uncoverable=_uncoverable(instance, rows, goals),
        explained=_explained(inputs, city, reach, states, instance, plan, rows, report),
    )
    _check_goals(found)
    return found


def offers_of(inputs: Inputs) -> pd.DataFrame:
    """Options with their names: the table of options, with columns name and type_name."""
    names = inputs.sites.frame.set_index("site_id")["name"]
    type_names = {facility.type: facility.name for facility in inputs.scenario.facility}
    options = inputs.options
    return options.assign(name=options["site_id"].map(names), type_name=options["type"].map(type_names))


def _explained(
    inputs: Inputs,
    city: City,
    reach: Mapping[str, Reach],
    states: Mapping[str, Mapping[str, str]],
    instance: Instance,
    plan: Plan,
    rows: pd.DataFrame,
    report: Callable[[str], None],
) -> Explained:
    report("closing")
    outlets = inputs.sites.frame.loc[inputs.sites.frame["open_today"], "site_id"].tolist()
    siting = inputs.scenario.siting
    return explain(
        instance,
        plan,
        rows,
        offers_of(inputs),
        closing_table(city, reach, states, outlets),
        others=siting.alternatives,
        year=inputs.scenario.data_date.year,
        seconds=float(siting.time_limit_s),
        report=report,
    )


def _certified(instance: Instance, plan: Plan) -> int | None:
    """Compute what a plan's multipliers prove; a plan whose objective is below that is none."""
    if plan.multipliers is None:
        return None
    bound = certificate.bound_of(instance, plan.multipliers)
    if plan.objective is not None and not plan.best_effort and bound > plan.objective:
        raise PlanError(Fault("plan_check_failed", values={"broken": f"certified {bound} > {plan.objective}"}))
    return bound


def _check_goals(studied: Study) -> None:
    """Hold the siting model's word for each goal against the coverage that was measured with the plan open."""
    plan = studied.plan
    if plan.status == "none":
        return
    chosen = np.array(plan.chosen, dtype=np.int64)
    model = {(g.id, g.scope, g.year): g.reached for g in goals_reached(studied.instance, chosen, plan.flows)}
    for year in studied.years:
        for goal in goals_in(studied, year):
            for tallied in goal_tallies(studied, goal, "plan", year):
                # where nobody can be judged the model asks for nothing
                said = model.get((goal.id, tallied.scope, year if studied.phases else ONE_YEAR), 0)
                if said != tallied.reached or not (tallied.met or plan.best_effort):
                    values = {"goal": goal.id, "scope": tallied.scope, "model": said, "measured": tallied.reached}
                    raise PlanError(Fault("plan_disagrees", values=values))


def goals_in(studied: Study, year: int) -> tuple[Goal, ...]:
    """Goals with the shares that they ask for in a year."""
    phases = studied.phases
    return tuple(replace(goal, share=share_in(year, goal.id, goal.share, phases)) for goal in studied.goals)


def served_in(studied: Study, state: str, year: int) -> pd.DataFrame | None:
    """Who is served where under capacity, today or in a year of the plan; None without capacity, or without a plan."""
    table = studied.served if state == "plan" else studied.served_today
    return None if table is None else pd.DataFrame(table[table["year"] == year])


def goal_tallies(studied: Study, goal: Goal, state: str, year: int) -> Iterator[GoalTally]:
    """Measure a goal in each of its scopes, on the coverage of today or of the plan in a year.

    Under capacity a goal on that standard counts the people who are served.
    """
    table = studied.coverage
    rows = table[(table["standard"] == goal.standard) & (table["state"] == state)]
    if state == "plan":
        rows = rows[rows["year"] == year]
    limited = goal.standard == studied.inputs.scenario.siting.capacity_standard
    here = served_in(studied, state, year) if limited else None
    served = None if here is None else here.groupby("demand_id")["people"].sum()
    return coverage.measure_goal(
        studied.inputs.demand.frame, rows, goal, studied.inputs.scenario.demand.community_rule, served
    )


def tally(studied: Study, standard: Standard, state: str) -> coverage.Tally:
    """Count people and communities under one standard today, or in the last year of the plan."""
    table = studied.coverage
    rows = table[(table["standard"] == standard.id) & (table["state"] == state)]
    rows = rows[rows["year"] == rows["year"].max()]
    return coverage.tally(studied.inputs.demand.frame, rows, studied.inputs.scenario.demand.community_rule)
