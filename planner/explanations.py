"""Explains a studied plan in tables: why each site is in, whom closing an outlet hurts, which other plans are near."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planner import network, straight
from planner.alternatives import alternatives
from planner.closing import closing
from planner.coverage import facilities_serving
from planner.phases import ONE_YEAR
from planner.reasons import reasons
from planner.recount import cost_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from planner.alternatives import Alternatives
    from planner.instance import Reach
    from planner.reaches import City
    from planner.reasons import Reason
    from planner.siting import Instance, Plan

WHY = [
    "site_id", "type", "size", "only_people", "lost_people", "goals_missed", "rules_broken", "runner_up_site_id",
    "runner_up_type", "runner_up_size", "runner_up_keeps_goals", "runner_up_more_yuan", "runner_up_more_objective",
    "runner_up_lost_people",
]  # fmt: skip
OTHERS = ["alternative", "change", "site_id", "type", "size", "year"]


@dataclass(frozen=True, eq=False)
class Explained:
    """Why a plan is as it is.

    Attributes
    ----------
    why
        One row for each new facility, columns `WHY`: the people whom only it covers (each once, whatever the
        standards), those who lose cover without it (added up over the standards), goals and rules that then fail, and
        the runner-up in its place.
    closing
        Columns of `closing.closing`, for today and, where there is one, the plan.
    others
        Other plans near the best: what each closes and opens in its place, columns `OTHERS`, and `plans` of them:
        number, cost_yuan, objective, columns that differ.
    """

    why: pd.DataFrame
    closing: pd.DataFrame
    others: pd.DataFrame
    plans: pd.DataFrame


def _why_row(instance: Instance, reason: Reason, demand: pd.DataFrame) -> dict[str, object]:
    """Tell one reason in words of the tables; `demand` holds the demand point of each row of a year, and its people."""
    only = demand.iloc[reason.rows % max(1, len(demand))].drop_duplicates("demand_id")
    at, second = reason.column, reason.runner_up
    return {
        "site_id": instance.site_id[at],
        "type": instance.type[at],
        "size": instance.size[at],
        "only_people": int(only["people"].sum()),
        "lost_people": reason.lost_people,
        "goals_missed": ";".join(reason.goals_missed),
        "rules_broken": ";".join(reason.rules_broken),
        "runner_up_site_id": "" if second is None else instance.site_id[second],
        "runner_up_type": "" if second is None else instance.type[second],
        "runner_up_size": "" if second is None else instance.size[second],
        "runner_up_keeps_goals": None if second is None else reason.keeps_goals,
        "runner_up_more_yuan": None if second is None else reason.more_yuan,
        "runner_up_more_objective": None if second is None else reason.more_objective,
        "runner_up_lost_people": None if second is None else reason.runner_up_lost_people,
    }


def why_table(instance: Instance, plan: Plan, demand: pd.DataFrame, deadline: float) -> pd.DataFrame:
    """Say why each new facility is in a plan.

    Parameters
    ----------
    instance, plan
        The problem and its plan.
    demand
        Columns demand_id and people: the demand point of each row of the instance, of one year.
    deadline
        On the clock of `time.monotonic`.

    Returns
    -------
    why
        Columns `WHY`.
    """
    rows = [_why_row(instance, reason, demand) for reason in reasons(instance, plan, deadline=deadline)]
    table = pd.DataFrame(rows, columns=WHY)
    whole = ["runner_up_more_yuan", "runner_up_more_objective", "runner_up_lost_people"]
    return table.astype({**dict.fromkeys(whole, "Int64"), "runner_up_keeps_goals": "boolean"})


def _two_nearest(city: City, reach: Reach, open_types: Mapping[str, str]) -> pd.DataFrame:
    """Return the two nearest open sites that serve a standard, of each point that it speaks of.

    As the crow flies only sites within the cutoff are looked at.
    """
    standard = reach.standard
    types = city.sites["site_id"].map(lambda site: open_types.get(site, ""))
    serving = facilities_serving(types, standard) > 0
    rows = city.demand["demand_id"].isin(reach.rows["demand_id"]).to_numpy()
    demand, sites = city.demand[rows], city.sites[serving]
    if standard.metric == "straight":
        near = straight.within(demand, sites, cutoff_m=standard.limit / 1000, walk_kph=city.walk_kph)
        near = near.sort_values(["demand_id", "metres", "site_id"], ignore_index=True)
        near["rank"] = near.groupby("demand_id").cumcount() + 1
        return pd.DataFrame(near[near["rank"] <= len(("nearest", "next"))])
    return network.nearest(
        city.networks[standard.mode],
        demand,
        sites,
        measure=standard.measure,
        count=2,
        walk_kph=city.walk_kph,
        demand_feet=city.demand_feet[standard.mode].take(rows),
        site_feet=city.site_feet[standard.mode].take(serving),
    )


def closing_table(
    city: City, reach: Mapping[str, Reach], states: Mapping[str, Mapping[str, str]], outlets: Sequence[str]
) -> pd.DataFrame:
    """Say whom the closing of each outlet would hurt, in each state; see `closing.closing`."""
    parts = []
    for state, open_types in states.items():
        nearest = {key: _two_nearest(city, held, open_types) for key, held in reach.items()}
        parts.append(closing(reach, nearest, open_types, outlets, state=state))
    return pd.concat(parts, ignore_index=True)


def _openings(instance: Instance, plan: Plan) -> dict[tuple[str, str, str], int]:
    """Site, type and size of every facility that a plan opens, and its first year."""
    found: dict[tuple[str, str, str], int] = {}
    for k in plan.chosen:
        key = (str(instance.site_id[k]), str(instance.type[k]), str(instance.size[k]))
        found[key] = min(int(instance.year[k]), found.get(key, int(instance.year[k])))
    return found


def _other_tables(instance: Instance, best: Plan, others: Alternatives) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows, plans = [], []
    before = _openings(instance, best)
    for number, other in enumerate(others.found, start=1):
        after = _openings(instance, other.plan)
        rows += [(number, "closed", *key, before[key]) for key in sorted(set(before) - set(after))]
        rows += [(number, "opened", *key, after[key]) for key in sorted(set(after) - set(before))]
        rows += [
            (number, "moved", *key, after[key]) for key in sorted(set(after) & set(before)) if after[key] != before[key]
        ]
        cost = cost_of(instance, np.array(other.plan.chosen, dtype=np.int64))
        plans.append((number, cost, other.plan.objective, other.differs, other.farthest))
    columns = ["alternative", "cost_yuan", "objective", "differs", "farthest"]
    return pd.DataFrame(rows, columns=OTHERS), pd.DataFrame(plans, columns=columns)


def explain(
    instance: Instance,
    plan: Plan,
    demand: pd.DataFrame,
    closed: pd.DataFrame,
    *,
    others: int,
    year: int,
    seconds: float,
    report: Callable[[str], None],
) -> Explained:
    """Explain a plan.

    Parameters
    ----------
    instance, plan, demand
        As in `why_table`.
    closed
        As `closing_table` gives it.
    others
        How many other plans are wanted.
    year
        Year of a plan that has one year only.
    seconds
        Time for each part.
    report
        Called with the name of each step as it begins.
    """
    why = pd.DataFrame(columns=WHY)
    rows, plans = pd.DataFrame(columns=OTHERS), pd.DataFrame()
    if plan.chosen:
        report("reasons")
        why = why_table(instance, plan, demand, time.monotonic() + seconds)
    if others and plan.chosen and not plan.best_effort:
        report("alternatives")
        found = alternatives(instance, plan, others, deadline=time.monotonic() + seconds)
        rows, plans = _other_tables(instance, plan, found)
        rows["year"] = rows["year"].replace(ONE_YEAR, year)
    return Explained(why, closed, rows, plans)
