"""The frontier of a scenario: for rising budgets who can be covered, where and at what cost; nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planner import schema
from planner.errors import Fault, ScenarioError
from planner.frontier import GAP, Frontier, frontier
from planner.limits import Aim
from planner.phases import ONE_YEAR, years_of
from planner.scenario import fault_at
from planner.study import instance_of, measured

if TYPE_CHECKING:
    from collections.abc import Callable

    from planner.frontier import Point
    from planner.inputs import Inputs
    from planner.siting import Instance
    from planner.standards import Standard


@dataclass(frozen=True, eq=False)
class FrontierStudy:
    """A frontier, with what it was found from.

    Attributes
    ----------
    inputs, standard
        What was read, and the standard under which people are counted.
    steps, gap
        How many budgets were asked for, and the gap that a point may leave open.
    frontier
        The points.
    sites
        One row for each point and new facility: point (from 1), option, site_id, name, type, size, year (in which it
        opens), cost_once_yuan, cost_yearly_yuan, first_point (in which it appears), stays (whether it is in every
        point from then on).
    """

    inputs: Inputs
    standard: Standard
    steps: int
    gap: float
    frontier: Frontier
    sites: pd.DataFrame


def standard_of(inputs: Inputs, asked: str | None) -> Standard:
    """Settle the standard: the one asked for, else ``[siting] standard``, else that of the first goal on people.

    Raises
    ------
    ScenarioError
        If no standard is of that name, or nothing names one.
    """
    scenario = inputs.scenario
    goals = (goal.standard for goal in scenario.goal if goal.of == "people")
    name = asked or scenario.siting.standard or next(goals, None)
    known = {standard.id: standard for standard in inputs.standards}
    if name is None:
        raise ScenarioError(fault_at(inputs.loaded, "no_frontier_standard", ["siting"], known=" ".join(known)))
    if name not in known:
        values = {"name": name, "known": " ".join(known)}
        raise ScenarioError(Fault("unknown_name", column="--standard", values=values))
    return known[name]


def _sites_of(inputs: Inputs, instance: Instance, number: int, point: Point) -> pd.DataFrame:
    """List the new facilities of one point with the year in which each opens."""
    chosen = np.array(point.chosen, dtype=np.int64)
    opens = pd.Series(instance.year[chosen]).groupby(instance.option[chosen]).min()
    year = opens.where(opens != ONE_YEAR, inputs.scenario.data_date.year)
    columns = ["site_id", "type", "size", "cost_once_yuan", "cost_yearly_yuan"]
    table = inputs.options.iloc[list(point.options)][columns].reset_index(drop=True)
    names = inputs.sites.frame.set_index("site_id")["name"]
    table.insert(1, "name", names.loc[table["site_id"]].to_numpy())
    table.insert(4, "year", year.loc[list(point.options)].to_numpy())
    table.insert(0, "option", list(point.options))
    table.insert(0, "point", number)
    return table


def _sites(inputs: Inputs, instance: Instance, found: Frontier) -> pd.DataFrame:
    """List the new facilities of all points, those that appear first at the top of each."""
    parts = [_sites_of(inputs, instance, number, point) for number, point in enumerate(found.points, start=1)]
    if not any(len(part) for part in parts):
        return pd.DataFrame(columns=["point", "option", "site_id", "name", "type", "size", "year", "cost_once_yuan",
                                     "cost_yearly_yuan", "first_point", "stays"])  # fmt: skip
    table = pd.concat(parts, ignore_index=True)
    by_option = table.groupby("option")["point"]
    first = by_option.transform("min")
    stays = by_option.transform("size") == len(found.points) + 1 - first
    table = table.assign(first_point=first, stays=stays)
    return table.sort_values(["point", "first_point", "site_id", "type", "size"], ignore_index=True)


def study_frontier(inputs: Inputs, standard: Standard, steps: int, report: Callable[[str], None]) -> FrontierStudy:
    """Measure a scenario and find its frontier.

    Parameters
    ----------
    inputs
        The checked inputs.
    standard
        Under which people are counted; in the last year, where there are several.
    steps
        How many budgets, 2 at least.
    report
        Called with the name of each step as it begins.

    Returns
    -------
    study
        The frontier. All rules and budgets of the scenario hold in it; its goals are left out of account.

    Raises
    ------
    PlanError
        If what the solver says contradicts the check on the original rows.
    """
    _, _, reach = measured(inputs, report)
    instance = instance_of(inputs, reach, (), Aim("max_coverage", standard.id))  # its people are what is lost
    siting = inputs.scenario.siting
    n_years = len(years_of(schema.limits_of(inputs.scenario).phases))
    weight = instance.loss.copy()
    weight[: instance.n_rows // n_years * (n_years - 1)] = 0
    gap = max(float(siting.gap), GAP)
    found = frontier(instance, weight, steps=steps, gap=gap, time_limit_s=siting.time_limit_s, report=report)
    return FrontierStudy(inputs, standard, steps, gap, found, _sites(inputs, instance, found))
