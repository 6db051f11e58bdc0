"""Turns tables, standards and goals into a siting `Instance`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csr_array, vstack

from planner.geodesy import to_mm
from planner.siting import CommunityGoal, CountRule, Instance, PeopleGoal
from planner.standards import Count, Goal, Standard, need, scopes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from decimal import Decimal

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Limits:
    """What bounds a plan apart from goals and counts; see `Instance`.

    Attributes
    ----------
    force_open, force_closed
        site_ids whose new options must be, or must not be, in the plan.
    horizon_years
        Years of running cost that the objective counts.
    """

    types_per_site: int = 1
    force_open: tuple[str, ...] = ()
    force_closed: tuple[str, ...] = ()
    budget_yuan: int | None = None
    max_new: int | None = None
    horizon_years: int = 5


@dataclass(frozen=True, eq=False)
class Reach:
    """Which sites reach which demand points under one standard.

    Attributes
    ----------
    standard
        The standard.
    rows
        Demand rows that it speaks of and that can be judged: columns demand_id, unit_id, district, town, people.
    pairs
        Travel rows within its cutoff, of all sites.
    """

    standard: Standard
    rows: pd.DataFrame
    pairs: pd.DataFrame


def _block(reach: Reach, options: pd.DataFrame) -> tuple[csr_array, pd.DataFrame]:
    """Cover matrix of one standard, and the pairs behind it with row and option numbers."""
    number = pd.Series(np.arange(len(reach.rows)), index=reach.rows["demand_id"])
    serving = options[options["type"].isin(reach.standard.served_by)]
    columns = pd.DataFrame({"site_id": serving["site_id"], "option": serving.index})
    pairs = reach.pairs[reach.pairs["demand_id"].isin(number.index)].merge(columns, on="site_id")
    pairs = pairs.assign(row=number.loc[pairs["demand_id"]].to_numpy())
    shape = (len(reach.rows), len(options))
    ones = np.ones(len(pairs), dtype=np.int64)
    return csr_array(coo_array((ones, (pairs["row"], pairs["option"])), shape=shape)), pairs


def _ties(
    blocks: Iterable[tuple[csr_array, pd.DataFrame]], reaches: Sequence[Reach], fixed: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Metres x people that each option would newly cover; a point counts once, in whole metres."""
    newly = []
    for (covers, pairs), reach in zip(blocks, reaches, strict=True):
        today = covers @ fixed.astype(np.int64) > 0
        fresh = pairs[~today[pairs["row"].to_numpy()]]
        people = reach.rows["people"].to_numpy()[fresh["row"].to_numpy()]
        metres = (to_mm(fresh["metres"].to_numpy()) + 500) // 1000
        newly.append(
            pd.DataFrame({"demand_id": fresh["demand_id"], "option": fresh["option"], "weight": metres * people})
        )
    table = pd.concat(newly) if newly else pd.DataFrame({"demand_id": [], "option": [], "weight": []})
    table = table.drop_duplicates(["demand_id", "option"])
    tie = np.zeros(len(fixed), dtype=np.int64)
    np.add.at(tie, table["option"].to_numpy(dtype=np.int64), table["weight"].to_numpy(dtype=np.int64))
    return tie


def _people_goals(goal: Goal, reach: Reach, first: int) -> list[PeopleGoal]:
    people = reach.rows["people"].to_numpy()
    found = []
    for scope, inside in scopes(reach.rows, goal.each, goal.district, goal.town):
        whole = int(people[inside].sum())
        found.append(PeopleGoal(goal.id, scope, first + np.flatnonzero(inside), whole, need(goal.share, whole)))
    return found


def _community_goals(goal: Goal, reach: Reach, first: int, rule: Decimal) -> list[CommunityGoal]:
    found = []
    for scope, inside in scopes(reach.rows, goal.each, goal.district, goal.town):
        part = reach.rows[inside & (reach.rows["people"] > 0).to_numpy()]
        units, unit = np.unique(part["unit_id"].to_numpy(dtype=object), return_inverse=True)
        people = np.zeros(len(units), dtype=np.int64)
        np.add.at(people, unit, part["people"].to_numpy(dtype=np.int64))
        needed = np.array([need(rule, int(whole)) for whole in people], dtype=np.int64)
        rows = first + part.index.to_numpy(dtype=np.int64)
        asked = need(goal.share, len(units))
        found.append(CommunityGoal(goal.id, scope, rows, unit.astype(np.int64), people, needed, asked))
    return found


def _count_rules(counts: Iterable[Count], options: pd.DataFrame, demand: pd.DataFrame) -> list[CountRule]:
    """Make one rule for each count and scope; a district of the demand table without any option is a scope as well."""
    places = pd.concat([options[["district", "town"]], demand[["district", "town"]]], ignore_index=True)
    found = []
    for count in counts:
        mask = options["type"] == count.type
        if count.tier is not None:
            mask = mask & (options["tier"] == count.tier)
        if count.new_only:
            mask = mask & (options["state"] == "new")
        for scope, inside in scopes(places, count.each, count.district, count.town):
            chosen = np.flatnonzero(mask.to_numpy(dtype=bool) & inside[: len(options)])
            found.append(CountRule(count.id, scope, chosen, count.minimum, count.maximum))
    return found


def _limit_rules(limits: Limits, options: pd.DataFrame) -> list[CountRule]:
    """Write forced sites, types per site and the number of new sites as counts."""
    new = options[options["state"] == "new"]
    found = []
    for site, group in new.groupby("site_id", sort=True):
        here = group.index.to_numpy(dtype=np.int64)
        if site in limits.force_open:
            found.append(CountRule("rules.force_open", str(site), here, 1, None))
        if site in limits.force_closed:
            found.append(CountRule("rules.force_closed", str(site), here, 0, 0))
        if len(here) > limits.types_per_site:
            found.append(CountRule("rules.types_per_site", str(site), here, 0, limits.types_per_site))
    if limits.max_new is not None:
        found.append(CountRule("siting.max_sites", "", new.index.to_numpy(dtype=np.int64), 0, limits.max_new))
    return found


def build(
    options: pd.DataFrame,
    demand: pd.DataFrame,
    reaches: Mapping[str, Reach],
    goals: Sequence[Goal],
    counts: Sequence[Count],
    *,
    community_rule: Decimal,
    limits: Limits,
) -> Instance:
    """Build the siting problem.

    Parameters
    ----------
    options
        The table of `candidates.options`, numbered from 0.
    demand
        The demand table, for its districts and towns.
    reaches
        Reach under each standard that a goal names, by standard id; `rows` numbered from 0.
    goals, counts
        What a plan must reach.
    community_rule
        Share of its people that make a community count as covered.
    limits
        Budget, forced sites and the like.

    Returns
    -------
    instance
        One row for each standard and demand point, standards in the order of `reaches`.
    """
    used = [reach for key, reach in reaches.items() if key in {goal.standard for goal in goals}]
    blocks = [_block(reach, options) for reach in used]
    sizes = np.cumsum([0, *(len(reach.rows) for reach in used)])
    first = {reach.standard.id: int(start) for reach, start in zip(used, sizes, strict=False)}
    fixed = (options["state"] == "today").to_numpy(dtype=bool)
    once, yearly = (options[name].to_numpy(dtype=np.int64) for name in ("cost_once_yuan", "cost_yearly_yuan"))
    return Instance(
        covers=csr_array(vstack([csr_array((0, len(options)), dtype=np.int64), *(covers for covers, _ in blocks)])),
        people=np.concatenate([np.empty(0, np.int64), *(r.rows["people"].to_numpy(dtype=np.int64) for r in used)]),
        site_id=options["site_id"].to_numpy(dtype=object),
        type=options["type"].to_numpy(dtype=object),
        cost_yuan=once + yearly * limits.horizon_years,
        tie=_ties(blocks, used, fixed),
        fixed=fixed,
        goals=tuple(
            made
            for goal in goals
            if goal.of == "people"
            for made in _people_goals(goal, reaches[goal.standard], first[goal.standard])
        ),
        communities=tuple(
            made
            for goal in goals
            if goal.of == "communities"
            for made in _community_goals(goal, reaches[goal.standard], first[goal.standard], community_rule)
        ),
        counts=(*_count_rules(counts, options, demand), *_limit_rules(limits, options)),
        budget_yuan=limits.budget_yuan,
    )
