"""Recomputes what a plan is worth on the original rows of an instance, in whole numbers; no solver's word is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from planner._counts import open_in_row
from planner.siting import NO_LIMIT, CommunityGoal, Reached

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.siting import Flows, Goal, Instance, Travel


def open_columns(instance: Instance, chosen: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mask of all open columns: what stands today, and the chosen ones."""
    opened = instance.fixed.copy()
    opened[chosen] = True
    return opened


def times_covered(instance: Instance, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many open columns serve each row."""
    return open_in_row(instance.covers.indptr, instance.covers.indices, open_columns(instance, chosen))


def units_reached(goal: CommunityGoal, people: NDArray[np.int64]) -> int:
    """Count the communities of a goal of which enough people are served, from the people of each of its rows."""
    got = np.zeros(goal.whole, dtype=np.int64)
    np.add.at(got, goal.unit, people)
    return int((got >= goal.unit_needed).sum())


def _served(instance: Instance, flows: Flows) -> NDArray[np.int64]:
    """People of each row that are served under capacity."""
    served = np.zeros(instance.n_rows, dtype=np.int64)
    np.add.at(served, flows.row, flows.people)
    return served


def goals_reached(instance: Instance, chosen: NDArray[np.int64], flows: Flows | None = None) -> tuple[Reached, ...]:
    """Recompute every goal on the original rows for a choice of columns.

    Parameters
    ----------
    instance
        The problem.
    chosen
        Numbers of the open new columns.
    flows
        Who is served where: goals on rows under capacity count the people served. Without flows they count those
        within reach.

    Returns
    -------
    reached
        One entry for each goal, people first, then communities.
    """
    times = times_covered(instance, chosen)
    limited = np.zeros(instance.n_rows, dtype=bool)
    served = np.zeros(instance.n_rows, dtype=np.int64)
    if instance.capacity is not None and flows is not None:
        limited[instance.capacity.rows] = True
        served = _served(instance, flows)

    def reached(goal: Goal) -> int:
        within = goal.weight * (times[goal.rows] >= goal.times)
        people = np.where(limited[goal.rows], served[goal.rows], within)
        return units_reached(goal, people) if isinstance(goal, CommunityGoal) else int(people.sum())

    return tuple(Reached(g.id, g.scope, g.needed, reached(g), g.year) for g in instance.all_goals)


def rules_broken(instance: Instance, chosen: NDArray[np.int64]) -> tuple[str, ...]:
    """Names of the rules that a choice of columns breaks, each once; empty for a lawful plan."""
    rules = instance.rules
    value = np.asarray(rules.matrix @ open_columns(instance, chosen).astype(np.int64))
    wrong = np.flatnonzero((value < rules.minimum) | (value > rules.maximum))
    return tuple(dict.fromkeys(rules.names[rule] for rule in wrong))


def flows_broken(instance: Instance, chosen: NDArray[np.int64], flows: Flows) -> tuple[str, ...]:
    """Tell what is wrong with a sharing out of people; empty where it keeps every capacity."""
    capacity = instance.capacity
    if capacity is None:
        return ("capacity",)
    wrong = []
    opened = open_columns(instance, chosen)
    at = np.asarray(instance.covers[flows.row, flows.column]).ravel() if len(flows.row) else np.empty(0)
    if (flows.people < 0).any() or not opened[flows.column].all() or not (at > 0).all():
        wrong.append("capacity.reach")
    if not np.isin(flows.row, capacity.rows).all() or (_served(instance, flows) > instance.people).any():
        wrong.append("capacity.people")
    load = np.zeros(instance.n_columns, dtype=np.int64)
    np.add.at(load, flows.column, flows.people)
    if (load > capacity.limit).any():
        wrong.append("capacity.limit")
    return tuple(wrong)


def travel_cost(travel: Travel, opened: NDArray[np.bool_]) -> int:
    """Sum over points of weight x metres to the nearest open column, at most `far_m` each."""
    metres = np.where(opened[travel.column], travel.metres, NO_LIMIT)
    padded = np.append(metres, NO_LIMIT)
    nearest = np.minimum.reduceat(padded, travel.start[:-1]) if len(travel.weight) else np.empty(0, np.int64)
    nearest = np.where(np.diff(travel.start) > 0, nearest, NO_LIMIT)
    return int((np.minimum(nearest, travel.far_m) * travel.weight).sum())


def objective_of(instance: Instance, chosen: NDArray[np.int64], flows: Flows | None = None) -> int:
    """Recompute the objective of a choice of columns: prices, uncovered rows, travel.

    Under capacity a row with a loss loses as many people as are not served.
    """
    loss = instance.loss * (times_covered(instance, chosen) == 0)
    if instance.capacity is not None and flows is not None:
        rows = instance.capacity.rows
        unserved = instance.people - _served(instance, flows)
        loss[rows] = np.where(instance.loss[rows] > 0, unserved[rows], 0)
    value = int(instance.price[chosen].sum()) + int(loss.sum())
    if instance.travel is not None:
        value += travel_cost(instance.travel, open_columns(instance, chosen))
    return value


def cost_of(instance: Instance, chosen: NDArray[np.int64]) -> int:
    """Cost of a choice of columns within the horizon, in yuan."""
    return int(instance.cost_yuan[chosen].sum())
