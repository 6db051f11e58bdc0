"""Explains a studied plan in tables: why each site is in, whom closing an outlet hurts, which other plans are near."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planner import network, straight
from planner.alternatives import alternatives
from planner.closing import anew, closing
from planner.coverage import measured, serving
from planner.phases import ONE_YEAR
from planner.reaches import RESIDENTS, kind_of
from planner.reasons import reasons
from planner.recount import cost_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from planner.alternatives import Alternatives
    from planner.instance import Reach
    from planner.reaches import City, Kind
    from planner.reasons import Reason
    from planner.siting import Instance, Plan
    from planner.verdicts import Verdicts

FACILITY = ["site_id", "name", "type", "type_name", "size", "cost_once_yuan", "cost_yearly_yuan"]
WHY = [
    *FACILITY, "only_people", "lost_people", "goals_missed", "rules_broken",
    *(f"runner_up_{column}" for column in FACILITY), "runner_up_keeps_goals", "runner_up_more_yuan",
    "runner_up_more_objective", "runner_up_lost_people", "in_time",
]  # fmt: skip
OTHERS = ["alternative", "plan_cost_yuan", "plan_more_yuan", "change", *FACILITY, "year"]

REASONS_PART, REASONS_MOST_S = 1 / 3, 20.0
"""What the reasons may take: a part of the time limit, and so many seconds at most."""


@dataclass(frozen=True, eq=False)
class Explained:
    """Why a plan is as it is.

    Attributes
    ----------
    why
        One row for each new facility, columns `WHY`: the people whom only it covers (each once, whatever the
        standards), those who lose cover without it (added up over the standards), goals and rules that then fail (their
        labels and names, as tuples), the runner-up in its place, and whether all was worked out in time.
    closing
        Columns of `closing.closing`, for today and, where there is one, the plan.
    others
        Other plans near the best: what each closes and opens in its place, columns `OTHERS`, and `plans` of them:
        number, cost_yuan, more_yuan (than the plan), objective, columns that differ.
    fewer
        Why there are fewer other plans than were asked for: ``no_more`` (proven that there are none), ``time``,
        ``nothing_opened`` (nothing to change), ``no_plan`` (none that meets all goals), ``given`` (the plan was given,
        none was sought); empty where there are as many.
    """

    why: pd.DataFrame
    closing: pd.DataFrame
    others: pd.DataFrame
    plans: pd.DataFrame
    fewer: str


def counted_layer(layers: Iterable[str]) -> str:
    """Return the layer whose people are told where several are asked for: residents, else the first one."""
    found = list(dict.fromkeys(layers))
    return RESIDENTS if RESIDENTS in found or not found else found[0]


def _facility(instance: Instance, offers: pd.DataFrame, column: int) -> dict[str, object]:
    """Name the facility of a column, and say what it costs: columns `FACILITY`."""
    return dict(offers[FACILITY].iloc[int(instance.option[column])])


def _why_row(instance: Instance, reason: Reason, demand: pd.DataFrame, offers: pd.DataFrame) -> dict[str, object]:
    """Tell one reason in words of the tables; `demand` as in `why_table`."""
    only = demand.iloc[reason.rows % max(1, len(demand))].drop_duplicates("demand_id")
    only = only[only["layer"] == counted_layer(demand["layer"])]
    second = reason.runner_up
    other = {} if second is None else _facility(instance, offers, second)
    return {
        **_facility(instance, offers, reason.column),
        "only_people": int(only["people"].sum()),
        "lost_people": reason.lost_people,
        "goals_missed": reason.goals_missed,
        "rules_broken": reason.rules_broken,
        **{f"runner_up_{column}": other.get(column, None if "cost" in column else "") for column in FACILITY},
        "runner_up_keeps_goals": None if second is None else reason.keeps_goals,
        "runner_up_more_yuan": None if second is None else reason.more_yuan,
        "runner_up_more_objective": None if second is None else reason.more_objective,
        "runner_up_lost_people": None if second is None else reason.runner_up_lost_people,
        "in_time": reason.in_time,
    }


def why_table(
    instance: Instance, plan: Plan, demand: pd.DataFrame, offers: pd.DataFrame, deadline: float, *, given: bool = False
) -> pd.DataFrame:
    """Say why each new facility is in a plan.

    Parameters
    ----------
    instance, plan
        The problem and its plan.
    demand
        Columns demand_id, people and layer: the demand point of each row of the instance, of one year.
    offers
        Columns `FACILITY` of each option of the instance, in the order of their numbers.
    deadline
        On the clock of `time.monotonic`.
    given
        Whether the plan was given and not sought: then nothing is looked for in the place of a facility.

    Returns
    -------
    why
        Columns `WHY`; its people are those of `counted_layer`, for layers are never added up (J1, H3).
    """
    counted = np.resize((demand["layer"] == counted_layer(demand["layer"])).to_numpy(), instance.n_rows)
    people = np.where(counted, instance.people, 0)
    found = reasons(instance, plan, deadline=deadline, people=people, second=not given)
    rows = [_why_row(instance, reason, demand, offers) for reason in found]
    table = pd.DataFrame(rows, columns=WHY)
    money = [f"runner_up_{column}" for column in FACILITY if "cost" in column]
    whole = [*money, "runner_up_more_yuan", "runner_up_more_objective", "runner_up_lost_people"]
    return table.astype({**dict.fromkeys(whole, "Int64"), "runner_up_keeps_goals": "boolean"})


def _two_nearest(city: City, reach: Reach, open_types: Mapping[str, str]) -> pd.DataFrame:
    """Return the two nearest open sites that serve a standard, of each point that it measures.

    As the crow flies only sites within the cutoff are looked at.
    """
    standard = reach.standard
    rows = measured(city.demand, standard)
    serves = serving(city.sites["site_id"], open_types, standard)
    demand, sites = city.demand[rows], city.sites[serves]
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
        site_feet=city.site_feet[standard.mode].take(serves),
    )


def closing_table(
    city: City,
    reach: Mapping[str, Reach],
    states: Mapping[str, Mapping[str, str]],
    outlets: Sequence[str],
    *,
    travel: Mapping[Kind, pd.DataFrame],
    found: Verdicts,
    on: dt.date,
) -> pd.DataFrame:
    """Say whom the closing of each outlet would hurt, in each state; see `closing.closing`.

    Parameters
    ----------
    city, travel
        What was measured.
    reach
        Reach under each standard, by its id, with the verdicts in it.
    states
        State -> site_id -> types open there.
    outlets
        site_ids that may close.
    found
        The verdicts of field checks, those that are out of date among them.
    on
        The day on which an outlet would close.
    """
    checks = {
        key: anew(found, city.demand, city.sites, one, travel[kind_of(one.standard)], on) for key, one in reach.items()
    }
    parts = []
    for state, open_types in states.items():
        nearest = {key: _two_nearest(city, held, open_types) for key, held in reach.items()}
        parts.append(closing(reach, nearest, open_types, outlets, state=state, checks=checks))
    return pd.concat(parts, ignore_index=True)


def _openings(instance: Instance, plan: Plan) -> dict[int, int]:
    """Every option that a plan opens, and its first year."""
    found: dict[int, int] = {}
    for k in plan.chosen:
        option, year = int(instance.option[k]), int(instance.year[k])
        found[option] = min(year, found.get(option, year))
    return found


def _changes(before: dict[int, int], after: dict[int, int]) -> Iterator[tuple[str, int, int]]:
    """List what another plan closes, opens and moves to another year: the change, the option, the year."""
    yield from (("closed", option, before[option]) for option in set(before) - set(after))
    yield from (("opened", option, after[option]) for option in set(after) - set(before))
    both = set(after) & set(before)
    yield from (("moved", option, after[option]) for option in both if after[option] != before[option])


def other_tables(
    instance: Instance, best: Plan, others: Alternatives, offers: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Say in what other plans differ from the best, and what they cost.

    Parameters
    ----------
    instance, best
        The problem and its plan.
    others
        Other plans of it.
    offers
        As in `why_table`.

    Returns
    -------
    changes, plans
        See `Explained.others`.
    """
    rows, plans = [], []
    before, least = _openings(instance, best), cost_of(instance, np.array(best.chosen, dtype=np.int64))
    for number, other in enumerate(others.found, start=1):
        cost = cost_of(instance, np.array(other.plan.chosen, dtype=np.int64))
        plans.append((number, cost, cost - least, other.plan.objective, other.differs, other.farthest))
        for change, option, year in _changes(before, _openings(instance, other.plan)):
            rows.append((number, cost, cost - least, change, *offers[FACILITY].iloc[option], year))
    columns = ["alternative", "cost_yuan", "more_yuan", "objective", "differs", "farthest"]
    table = pd.DataFrame(rows, columns=OTHERS)
    return (
        table.sort_values(["alternative", "change", "site_id", "type", "size"], ignore_index=True),
        pd.DataFrame(plans, columns=columns),
    )


def explain(
    instance: Instance,
    plan: Plan,
    demand: pd.DataFrame,
    offers: pd.DataFrame,
    closed: pd.DataFrame,
    *,
    others: int,
    given: bool = False,
    year: int,
    seconds: float,
    report: Callable[[str], None],
) -> Explained:
    """Explain a plan.

    Parameters
    ----------
    instance, plan, demand, offers
        As in `why_table`.
    closed
        As `closing_table` gives it.
    others
        How many other plans are wanted.
    given
        Whether the plan was given: no other one is looked for then, as a whole or for a site.
    year
        Year of a plan that has one year only.
    seconds
        Time for the other plans; the reasons get `REASONS_PART` of it, and `REASONS_MOST_S` at most.
    report
        Called with the name of each step as it begins.
    """
    why = pd.DataFrame(columns=WHY)
    rows, plans, fewer = pd.DataFrame(columns=OTHERS), pd.DataFrame(), ""
    if plan.chosen:
        report("reasons")
        until = time.monotonic() + min(REASONS_MOST_S, REASONS_PART * seconds)
        why = why_table(instance, plan, demand, offers, until, given=given)
    if others and given:
        fewer = "given"
    elif others and (plan.objective is None or plan.best_effort):
        fewer = "no_plan"
    elif others and not plan.chosen:
        fewer = "nothing_opened"
    elif others:
        report("alternatives")
        found = alternatives(instance, plan, others, deadline=time.monotonic() + seconds)
        rows, plans = other_tables(instance, plan, found, offers)
        rows["year"] = rows["year"].replace(ONE_YEAR, year)
        if len(found.found) < others:
            fewer = "no_more" if found.no_more else "time"
    return Explained(why, closed, rows, plans, fewer)
