"""The signed figures of a run in the form in which the live map counts its own, so that it can check itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planner.coverage import CHECKED, communities, community_counts
from planner.recount import cost_of
from planner.study import goal_tallies, goals_in, tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planner.livepoints import Points
    from planner.standards import Goal, Standard
    from planner.study import Study

OUT, SHORT, COVERED = range(3)
"""How a community stands under a standard: it has no people that can be judged, it falls short, it is covered."""


def figures(studied: Study, points: Points, state: str) -> dict[str, Any]:
    """Return the figures of today, or of the last year of the plan.

    Parameters
    ----------
    studied
        The study.
    points
        Its points, whose communities and districts give the order of lists.
    state
        ``today`` or ``plan``.
    """
    standards, units = [], []
    for standard in studied.inputs.standards:
        rows = _rows(studied, standard, state)
        counted = tally(studied, standard, state)
        standards.append(
            {
                "people": counted.people,
                "covered": counted.covered,
                "communities": counted.communities,
                "communities_covered": counted.communities_covered,
                "districts": _districts(rows, points.districts),
            }
        )
        units.append(_units(studied, rows, points.units))
    goals = [_goal(studied, goal, state) for goal in goals_in(studied, studied.years[-1])]
    return {"standards": standards, "units": units, "goals": goals, "cost": cost(studied, state)}


def _rows(studied: Study, standard: Standard, state: str) -> pd.DataFrame:
    """Coverage rows of those who can be judged, with their people, district and community."""
    found = studied.coverage
    rows = found[(found["standard"] == standard.id) & (found["state"] == state)]
    rows = rows[(rows["year"] == rows["year"].max()) & (rows["reason"] != "not_assessable")]
    frame = studied.inputs.demand.frame[["demand_id", "district", "people", "unit_id", "placed"]]
    joined = rows.merge(frame, on="demand_id", how="left", validate="one_to_one")
    people = joined["people"].to_numpy(dtype=np.int64)
    within = people * joined["covered"].to_numpy(dtype=bool)
    judged = communities(joined, (joined["reason"] == CHECKED).to_numpy())
    return pd.DataFrame(joined.assign(unit_id=judged, people=people, within=within))


def _districts(rows: pd.DataFrame, names: Sequence[str]) -> list[list[int]]:
    """People of each district, and those covered."""
    sums = rows.groupby("district")[["people", "within"]].sum().reindex(list(names), fill_value=0)
    return [[int(people), int(within)] for people, within in sums.to_numpy()]


def _units(studied: Study, rows: pd.DataFrame, units: Sequence[str]) -> list[int]:
    rule = studied.inputs.scenario.demand.community_rule
    people, within = (rows[name].to_numpy(dtype=np.int64) for name in ("people", "within"))
    found = community_counts(rows["unit_id"], people, within, rule)["covered"].to_dict()
    return [OUT if unit not in found else COVERED if found[unit] else SHORT for unit in units]


def _goal(studied: Study, goal: Goal, state: str) -> list[dict[str, Any]] | None:
    """Figures of a goal in each of its scopes; None where it counts the people served, which the page does not."""
    if goal.standard == studied.inputs.scenario.siting.capacity_standard:
        return None
    tallies = goal_tallies(studied, goal, state, studied.years[-1])
    return [{"whole": one.whole, "needed": one.needed, "reached": one.reached, "met": one.met} for one in tallies]


def cost(studied: Study, state: str) -> dict[str, Any]:
    """Return what the new facilities cost in yuan: once, yearly, within the horizon, and this by funding source."""
    if state == "today":
        return {"once": 0, "yearly": 0, "total": 0, "estimated": 0, "funding": []}
    opened, years = studied.opened, studied.years
    end = years[0] + studied.inputs.scenario.siting.horizon_years
    running = np.maximum(0, end - opened["year"].to_numpy(dtype=np.int64))
    total = opened["cost_once_yuan"] + running * opened["cost_yearly_yuan"]
    by_source = total.groupby(opened["funding"].fillna("").astype(str)).sum()
    return {
        "once": int(opened["cost_once_yuan"].sum()),
        "yearly": int(opened["cost_yearly_yuan"].sum()),
        "total": cost_of(studied.instance, np.array(studied.plan.chosen, dtype=np.int64)),
        "estimated": int(opened.loc[opened["estimated_once"].astype(bool), "cost_once_yuan"].sum()),
        "funding": [[str(name), int(by_source[name])] for name in sorted(by_source.index)],
    }
