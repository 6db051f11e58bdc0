"""Turns tables, standards, goals and rules into a siting `Instance`.

A plan of several years has a copy of every row and column in each: row ``place x n + r`` and column ``place x m + k``
stand for the year at that place in the list of years.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import block_diag, coo_array, csr_array, vstack

from planner.columns import GROUP_PREFIX
from planner.geodesy import MM_PER_M, to_mm
from planner.groups import offsets, rows_of
from planner.phases import costs_by_year, share_in, years_of
from planner.rulebook import rules_of
from planner.siting import NO_LIMIT, Capacity, CommunityGoal, Instance, PeopleGoal, Travel
from planner.standards import Count, Goal, Standard, need, scopes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from decimal import Decimal

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from planner.limits import Aim, Group, Limits, Phase

    Whole = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Reach:
    """Which sites reach which demand points under one standard.

    Attributes
    ----------
    standard
        The standard.
    rows
        Demand rows that it speaks of and that can be judged: columns demand_id, unit_id (its community, empty where it
        is in none that is judged), district, town, people and those of groups, ``people_<id>``; numbered from 0.
    pairs
        Travel rows within its cutoff, of all sites.
    travel
        Travel rows of all sites as far as they were measured, which may be beyond the cutoff.
    far_m
        As far as they were measured, in whole metres: no row of `travel` is longer.
    held
        demand_ids of rows without a place that a field check found covered today: nothing says by which outlet. They
        are covered once in every plan, have no pair, and take up no capacity.
    """

    standard: Standard
    rows: pd.DataFrame
    pairs: pd.DataFrame
    travel: pd.DataFrame
    far_m: int
    held: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Rows of a standard, options that serve it, and whole metres between them, half a metre rounded up."""

    row: Whole
    option: Whole
    metres: Whole


@dataclass(frozen=True, eq=False)
class _Rows:
    """Rows of one year: where those of each standard begin, and people and loss of each."""

    first: Mapping[str, int]
    people: Whole
    loss: Whole


def weight_scale(groups: Sequence[Group]) -> int:
    """Into how many parts a person is divided, so that the weight of everybody is a whole number of parts."""
    return lcm(*(Fraction(group.weight).denominator for group in groups))


def weighted_people(rows: pd.DataFrame, groups: Sequence[Group]) -> Whole:
    """Weight of each demand row in the objectives of coverage and travel.

    Parameters
    ----------
    rows
        With columns people and ``people_<id>`` of every group whose weight is not 1.
    groups
        Groups and their weights.

    Returns
    -------
    weight
        ``people + sum of (weight - 1) x people of the group``, times `weight_scale`.
    """
    scale = weight_scale(groups)
    weight = scale * rows["people"].to_numpy(dtype=np.int64)
    for group in groups:
        if more := int((Fraction(group.weight) - 1) * scale):
            weight = weight + more * rows[GROUP_PREFIX + group.id].to_numpy(dtype=np.int64)
    return weight


def asked(reaches: Mapping[str, Reach], goals: Sequence[Goal], aim: Aim, limits: Limits) -> tuple[Reach, ...]:
    """Standards whose demand points are rows of the instance, in the order of `reaches`.

    They are those of goals, of capacity, and of most people covered.
    """
    names = {goal.standard for goal in goals} | {limits.capacity_standard}
    if aim.objective == "max_coverage":
        names.add(aim.standard)
    return tuple(reach for key, reach in reaches.items() if key in names)


def _pairs(reach: Reach, table: pd.DataFrame, options: pd.DataFrame) -> _Pairs:
    """Rows of a travel table as pairs of row and option numbers, in the order of the table."""
    serving = np.flatnonzero(options["type"].isin(reach.standard.served_by).to_numpy())
    sites, held = np.unique(options["site_id"].to_numpy(dtype=object)[serving], return_inverse=True)
    order = np.argsort(held, kind="stable")
    start = offsets(held[order], len(sites))
    row = pd.Index(reach.rows["demand_id"].to_numpy(dtype=object)).get_indexer(table["demand_id"].to_numpy(object))
    site = pd.Index(sites).get_indexer(table["site_id"].to_numpy(dtype=object))
    known = np.flatnonzero((row >= 0) & (site >= 0))
    many = np.diff(start)[site[known]]
    mm = np.repeat(to_mm(table["metres"].to_numpy()[known]), many)
    option = serving[order[rows_of(start[site[known]], many)]]
    return _Pairs(np.repeat(row[known], many).astype(np.int64), option, (mm + MM_PER_M // 2) // MM_PER_M)


def _cover_pairs(reach: Reach, options: pd.DataFrame) -> _Pairs:
    """Pairs within the cutoff; what is held covered counts as reached by one option of today, whichever it is."""
    pairs = _pairs(reach, reach.pairs, options)
    held = np.flatnonzero(reach.rows["demand_id"].isin(reach.held))
    serving = (options["state"] == "today") & options["type"].isin(reach.standard.served_by)
    first = np.flatnonzero(serving)[:1]
    return _Pairs(
        np.concatenate([pairs.row, held]),
        np.concatenate([pairs.option, np.repeat(first, len(held))]),
        np.concatenate([pairs.metres, np.zeros(len(held), dtype=np.int64)]),
    )


def _covers(used: Sequence[Reach], served: Sequence[_Pairs], n_options: int) -> csr_array:
    """Cover matrix of one year."""
    blocks = [csr_array((0, n_options), dtype=np.int64)]
    for reach, pairs in zip(used, served, strict=True):
        ones, shape = np.ones(len(pairs.row), dtype=np.int64), (len(reach.rows), n_options)
        blocks.append(csr_array(coo_array((ones, (pairs.row, pairs.option)), shape=shape)))
    return csr_array(vstack(blocks))


def _rows(used: Sequence[Reach], aim: Aim) -> _Rows:
    first, people, loss = {}, [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for reach in used:
        first[reach.standard.id] = sum(map(len, people))
        people.append(reach.rows["people"].to_numpy(dtype=np.int64))
        counts = aim.objective == "max_coverage" and reach.standard.id == aim.standard
        loss.append(weighted_people(reach.rows, aim.groups) if counts else np.zeros(len(reach.rows), dtype=np.int64))
    return _Rows(first, np.concatenate(people), np.concatenate(loss))


def _ties(used: Sequence[Reach], served: Sequence[_Pairs], fixed: NDArray[np.bool_]) -> Whole:
    """Metres x people that each option would newly cover; a demand point counts once, whatever the standards."""
    found = [np.empty((3, 0), dtype=np.int64)]
    names = [reach.rows["demand_id"].to_numpy(dtype=object) for reach in used]
    ids = pd.Index(np.unique(np.concatenate([np.empty(0, dtype=object), *names])))
    for reach, pairs, name in zip(used, served, names, strict=True):
        today = np.zeros(len(reach.rows), dtype=bool)
        today[pairs.row[fixed[pairs.option]]] = True
        fresh = ~today[pairs.row]
        row, option = pairs.row[fresh], pairs.option[fresh]
        point = ids.get_indexer(name)[row]
        people = reach.rows["people"].to_numpy(dtype=np.int64)[row]
        found.append(np.stack([point, option, people * pairs.metres[fresh]]))
    point, option, amount = np.concatenate(found, axis=1)
    _, first = np.unique(point * len(fixed) + option, return_index=True)
    tie = np.zeros(len(fixed), dtype=np.int64)
    np.add.at(tie, option[first], amount[first])
    return tie


def _people_goals(goal: Goal, reach: Reach, share: Decimal, first: int, year: int) -> Iterator[PeopleGoal]:
    people = _counted(goal, reach)
    for scope, inside in scopes(reach.rows, goal.each, goal.district, goal.town):
        rows, weight = first + np.flatnonzero(inside), people[inside]
        yield PeopleGoal(goal.id, scope, rows, weight, need(share, int(weight.sum())), year, 1 + goal.backup)


def _community_goals(
    goal: Goal, reach: Reach, share: Decimal, rule: Decimal, first: int, year: int
) -> Iterator[CommunityGoal]:
    people = _counted(goal, reach)
    for scope, inside in scopes(reach.rows, goal.each, goal.district, goal.town):
        named = (reach.rows["unit_id"] != "").to_numpy()
        part = np.flatnonzero(inside & named & (people > 0))
        units, unit = np.unique(reach.rows["unit_id"].to_numpy(dtype=object)[part], return_inverse=True)
        whole = np.zeros(len(units), dtype=np.int64)
        np.add.at(whole, unit, people[part])
        least = np.array([need(rule, int(held)) for held in whole], dtype=np.int64)
        enough = need(share, len(units))
        rows, number = first + part, unit.astype(np.int64)
        yield CommunityGoal(goal.id, scope, rows, number, people[part], least, enough, year, 1 + goal.backup)


def _counted(goal: Goal, reach: Reach) -> Whole:
    """People of each row that a goal counts."""
    column = "people" if goal.group is None else GROUP_PREFIX + goal.group
    return reach.rows[column].to_numpy(dtype=np.int64)


def _goals(
    goals: Sequence[Goal], reaches: Mapping[str, Reach], rows: _Rows, phases: Sequence[Phase], rule: Decimal
) -> Iterator[PeopleGoal | CommunityGoal]:
    """Ask every goal in every year and scope."""
    for place, year in enumerate(years_of(phases)):
        for goal in goals:
            reach, start = reaches[goal.standard], place * len(rows.people) + rows.first[goal.standard]
            share = share_in(year, goal.id, goal.share, phases)
            if goal.of == "people":
                yield from _people_goals(goal, reach, share, start, year)
            else:
                yield from _community_goals(goal, reach, share, rule, start, year)


def _capacity(options: pd.DataFrame, reach: Reach, rows: _Rows, n_years: int) -> Capacity:
    """How many people each column can serve; what stands today has its row's figure once, whatever its types."""
    limit = options["capacity_people"].fillna(NO_LIMIT).to_numpy(dtype=np.int64)
    serving = options["type"].isin(reach.standard.served_by)
    shared = (options["state"] == "today") & options["capacity_own"].astype(bool) & serving
    again = shared & options["site_id"].where(shared).duplicated()
    mine = rows.first[reach.standard.id] + np.flatnonzero(~reach.rows["demand_id"].isin(reach.held))
    in_all_years = (np.arange(n_years)[:, None] * len(rows.people) + mine).ravel()
    return Capacity(in_all_years, np.tile(np.where(again, 0, limit), n_years))


def _travel(reach: Reach, options: pd.DataFrame, groups: Sequence[Group], n_years: int) -> Travel:
    """Journeys of the people of one standard, in every year."""
    pairs, n = _pairs(reach, reach.travel, options), len(reach.rows)
    order = np.lexsort((pairs.option, pairs.metres, pairs.row))
    ends = np.diff(offsets(pairs.row[order], n))
    option = pairs.option[order]
    return Travel(
        start=np.concatenate([[0], np.cumsum(np.tile(ends, n_years))]),
        column=(np.arange(n_years)[:, None] * len(options) + option).ravel(),
        metres=np.tile(pairs.metres[order], n_years),
        weight=np.tile(weighted_people(reach.rows, groups), n_years),
        far_m=reach.far_m,
    )


def build(
    options: pd.DataFrame,
    demand: pd.DataFrame,
    reaches: Mapping[str, Reach],
    goals: Sequence[Goal],
    counts: Sequence[Count],
    *,
    community_rule: Decimal,
    residents: GeoDataFrame,
    limits: Limits,
    aim: Aim,
) -> Instance:
    """Build the siting problem.

    Parameters
    ----------
    options
        The table of `candidates.options`, numbered from 0.
    demand
        The demand table, for its districts and towns.
    reaches
        Reach under each standard, by its id.
    goals, counts
        What a plan must reach.
    community_rule
        Share of its people that make a community count as covered.
    residents
        Demand rows whose people ``rules.near_people`` counts: column people, points in EPSG:4326.
    limits
        Budgets, rules, capacity and years.
    aim
        The objective; weights of groups enter it times `weight_scale`.

    Returns
    -------
    instance
        In every year one row for each standard of `asked` and demand point, and one column for each option.
    """
    years, used = years_of(limits.phases), asked(reaches, goals, aim, limits)
    rows, served = _rows(used, aim), [_cover_pairs(reach, options) for reach in used]
    n_years, n = len(years), len(options)
    fixed = (options["state"] == "today").to_numpy(dtype=bool)
    once, yearly = (options[f"cost_{name}_yuan"].to_numpy(dtype=np.int64) for name in ("once", "yearly"))
    cost = costs_by_year(once, yearly, years, limits.horizon_years)
    every_goal = list(_goals(goals, reaches, rows, limits.phases, community_rule))
    limited, travelled = limits.capacity_standard, aim.standard if aim.objective == "min_travel" else None
    return Instance(
        covers=csr_array(block_diag([_covers(used, served, n)] * n_years, format="csr")),
        people=np.tile(rows.people, n_years),
        option=np.tile(np.arange(n), n_years),
        year=np.repeat(np.array(years, dtype=np.int64), n),
        site_id=np.tile(options["site_id"].to_numpy(dtype=object), n_years),
        type=np.tile(options["type"].to_numpy(dtype=object), n_years),
        size=np.tile(options["size"].to_numpy(dtype=object), n_years),
        cost_yuan=cost.ravel(),
        price=cost.ravel() if aim.objective == "min_cost" else np.zeros(n_years * n, dtype=np.int64),
        loss=np.tile(rows.loss, n_years),
        tie=np.concatenate([np.zeros((n_years - 1) * n, dtype=np.int64), _ties(used, served, fixed)]),
        fixed=np.tile(fixed, n_years),
        goals=tuple(goal for goal in every_goal if isinstance(goal, PeopleGoal)),
        communities=tuple(goal for goal in every_goal if isinstance(goal, CommunityGoal)),
        rules=rules_of(limits, counts, options, demand, residents, cost),
        capacity=None if limited is None else _capacity(options, reaches[limited], rows, n_years),
        travel=None if travelled is None else _travel(reaches[travelled], options, aim.groups, n_years),
    )
