"""Studies one scenario: measures it, plans, and judges what the plan gives; nothing is written."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from planner import certificate, coverage, given, optimize, plantables, schema
from planner.conflict import least_budget, smallest_conflict
from planner.errors import Fault, PlanError
from planner.explanations import closing_table, explain
from planner.inputs import Inputs, usable_sites
from planner.instance import build
from planner.phases import ONE_YEAR, share_in
from planner.reaches import RESIDENTS, City, judge, place_city, reaches, travel_tables
from planner.recount import goals_reached, rules_broken
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
    from planner.siting import Instance, Plan, Reached
    from planner.standards import Goal, Standard


@dataclass(frozen=True, eq=False)
class Study:
    """Everything a run knows before it writes.

    Attributes
    ----------
    inputs, city, goals, reach, travel
        What was read and measured; the travel tables are as measured, before field checks.
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
        ``today``, and ``plan`` (its last year) where there is one -> site_id -> types open there.
    coverage
        The coverage table of today and of every year of the plan; of today alone where there is none.
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
    travel: Mapping[Kind, pd.DataFrame]
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
    def planned(self) -> bool:
        """Whether there is a plan: not where nothing was asked, no choice is lawful, or none was found in time."""
        return self.plan.objective is not None

    @property
    def given(self) -> bool:
        """Whether the scenario gives the plan, and none was sought."""
        return self.inputs.scenario.build is not None

    @property
    def rules_broken(self) -> tuple[str, ...]:
        """Names of the rules that a given plan breaks, as the problem names them; one that was sought breaks none."""
        return rules_broken(self.instance, np.array(self.plan.chosen, dtype=np.int64)) if self.given else ()

    @property
    def phases(self) -> tuple[Phase, ...]:
        """Years of the build order; none where there is only one."""
        return schema.limits_of(self.inputs.scenario).phases


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


class Measured(NamedTuple):
    """A city measured: what is snapped, the travel tables, and the reach under each standard after field checks."""

    city: City
    travel: Mapping[Kind, pd.DataFrame]
    reach: dict[str, Reach]


def measured(inputs: Inputs, report: Callable[[str], None]) -> Measured:
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
    reach = reaches(city, inputs.standards, travel)
    return Measured(
        city, travel, on_reach(reach, inputs.verdicts, city.demand, city.sites, plantables.types_today(inputs))
    )


def _judged(inputs: Inputs, laid: Measured, types: Mapping[str, str], state: str, year: int) -> pd.DataFrame:
    """Say who is covered with these types open; field checks go before what was measured."""
    table = judge(laid.city, inputs.standards, laid.travel, types, state=state, year=year)
    return on_coverage(table, inputs.verdicts, laid.reach, types)


def _why_not(
    inputs: Inputs, instance: Instance, plan: Plan, report: Callable[[str], None]
) -> tuple[Conflict | None, LeastBudget | None, tuple[Reached, ...]]:
    """Find what keeps every plan from the goals: what conflicts, which budget would do, and the most of each.

    What keeps a given plan from them is that it is as it is.
    """
    conflict = least = None
    most: tuple[Reached, ...] = ()
    seconds = float(inputs.scenario.siting.time_limit_s)
    if inputs.scenario.build is not None:
        return conflict, least, most
    if plan.status == "infeasible":
        report("conflict")
        # where no plan is lawful at all, the rules conflict among themselves: no goal is to blame
        asked_of = replace(instance, goals=(), communities=()) if plan.objective is None else instance
        conflict = smallest_conflict(asked_of, deadline=time.monotonic() + seconds)
        least = least_budget(instance, deadline=time.monotonic() + seconds)
    if plan.best_effort and plan.objective is not None:
        report("most_reachable")
        most = optimize.most_reachable(instance, time_limit_s=seconds)
    return conflict, least, most


def _plan(inputs: Inputs, instance: Instance, report: Callable[[str], None]) -> Plan:
    """Seek the plan, or measure the one that the scenario gives and prove what one that meets the goals would cost."""
    scenario, siting = inputs.scenario, inputs.scenario.siting
    if scenario.build is None:
        return optimize.solve(instance, gap=siting.gap, time_limit_s=siting.time_limit_s, report=report)
    phased = bool(scenario.phase)
    facilities = [(one.site, one.type, one.size, one.year if phased else None) for one in scenario.build]
    plan = given.measure(instance, given.columns_of(instance, facilities), report=report)
    return replace(plan, multipliers=optimize.proof_of(instance, seconds=float(siting.time_limit_s)))


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
    siting, goals = inputs.scenario.siting, schema.goals_of(inputs.scenario)
    laid = measured(inputs, report)
    report("coverage")
    states = {"today": plantables.types_today(inputs)}
    judged = [_judged(inputs, laid, states["today"], "today", inputs.scenario.data_date.year)]
    instance = instance_of(inputs, laid.reach, goals)
    flows_today = share_today(instance)
    plan = _plan(inputs, instance, report)
    conflict, least, most = _why_not(inputs, instance, plan, report)
    years, opens = plantables.years_shown(inputs), plantables.openings(inputs, instance, plan)
    if plan.objective is not None:
        report("coverage")
        for year in years:
            states["plan"] = plantables.types_in(inputs, opens, year)
            judged.append(_judged(inputs, laid, states["plan"], "plan", year))
    rows = plantables.row_table(inputs, laid.reach, goals)
    limited = laid.reach.get(siting.capacity_standard or "")
    found = Study(
        inputs=inputs,
        city=laid.city,
        goals=goals,
        reach=laid.reach,
        travel=laid.travel,
        instance=instance,
        plan=plan,
        most=most,
        conflict=conflict,
        least_budget=least,
        certified_bound=_certified(instance, plan),
        years=years,
        states=states,
        coverage=pd.concat(judged, ignore_index=True),
        served=plantables.served(instance, plan.flows, rows, years, limited),
        served_today=plantables.served(instance, flows_today, rows, years, limited),
        opened=plantables.opened(inputs, opens, laid.reach, judged[0]),
        uncoverable=plantables.uncoverable(instance, rows, goals),
        explained=_explained(inputs, laid, states, instance, plan, rows, report),
    )
    _check_goals(found)
    return found


def coverage_today(inputs: Inputs, report: Callable[[str], None]) -> pd.DataFrame:
    """Measure who is covered today, and nothing else: the coverage table."""
    return _judged(
        inputs, measured(inputs, report), plantables.types_today(inputs), "today", inputs.scenario.data_date.year
    )


def coverage_with(studied: Study, types: Mapping[str, str]) -> pd.DataFrame:
    """Judge a city that was measured as if these types were open today: site_id -> types, joined by ``;``.

    A point that a field check found covered, by nobody knows which outlet, is covered while any that serves it is open.
    """
    reach = {
        key: one if coverage.serves(types.values(), one.standard).any() else replace(one, held=frozenset())
        for key, one in studied.reach.items()
    }
    laid = Measured(studied.city, studied.travel, reach)
    return _judged(studied.inputs, laid, types, "today", studied.inputs.scenario.data_date.year)


def offers_of(inputs: Inputs) -> pd.DataFrame:
    """Options with their names: the table of options, with columns name and type_name."""
    names = inputs.sites.frame.set_index("site_id")["name"]
    type_names = {facility.type: facility.name for facility in inputs.scenario.facility}
    options = inputs.options
    return options.assign(name=options["site_id"].map(names), type_name=options["type"].map(type_names))


def _explained(
    inputs: Inputs,
    laid: Measured,
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
        closing_table(
            laid.city,
            laid.reach,
            states,
            outlets,
            travel=laid.travel,
            found=inputs.verdicts,
            on=inputs.scenario.data_date,
        ),
        others=siting.alternatives,
        given=inputs.scenario.build is not None,
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
    if not studied.planned:
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
