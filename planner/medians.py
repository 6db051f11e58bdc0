"""The classic models of least travel as plain functions over matrices, for notebooks.

The p-median (Hakimi 1964) and uncapacitated facility location (Balinski 1965). Options stand in columns and demand in
rows; plans name options by column number. Of plans of equal objective any one is given.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from planner.bare import at_most, bare_instance, standing_mask, whole_numbers
from planner.check import failed
from planner.median import Median, solve_median
from planner.proof import SCALE
from planner.recount import objective_of
from planner.siting import Multipliers, Plan, Travel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from planner.siting import Instance, Status

    Whole = NDArray[np.int64]

STEPS = 10**12
"""Into how many steps the unit of a distance that is no whole number is divided, at most."""

LARGEST = 2**61
"""What weight x distance may come to in the parts in which multipliers are counted."""


def travel_instance(
    distance: Whole, *, weight: Whole, price: Whole, least: int, most: int, fixed: Sequence[int] = ()
) -> Instance:
    """Write least travel as a siting problem, such as `certificate.check` takes.

    Parameters
    ----------
    distance
        Demand x options, whole numbers.
    weight, price
        Of each demand point, and of opening each option.
    least, most
        How many new options open, both included.
    fixed
        Options that stand already.
    """
    rows, columns = distance.shape
    standing = standing_mask(fixed, columns)
    near = np.argsort(distance, axis=1, kind="stable")
    travel = Travel(
        start=np.arange(rows + 1) * columns,
        column=near.ravel(),
        metres=np.take_along_axis(distance, near, axis=1).ravel(),
        weight=weight,
        far_m=int(distance.max(initial=0)),
    )
    new = np.where(standing, 0, 1)
    opening = np.where(standing, 0, price)
    bare = bare_instance(
        csr_array((0, columns), dtype=np.int64),
        standing,
        cost=opening,
        price=opening,
        loss=np.empty(0, dtype=np.int64),
        goals=(),
        rules=replace(at_most(new, most, "p"), minimum=np.array([least])),
    )
    return replace(bare, travel=travel)


def _multipliers(problem: Median, charged: NDArray[np.float64]) -> Multipliers:
    """Multipliers of the points, and that of the number of options which makes the bound the highest."""
    points = np.rint(charged * SCALE).astype(np.int64)
    brought = np.minimum(0, problem.cost * SCALE - points[:, np.newaxis]).sum(axis=0)
    reduced = np.sort(problem.price * SCALE + brought)
    pressed = 0
    if problem.least and reduced[problem.least - 1] > 0:
        pressed = int(reduced[problem.least - 1])
    elif problem.most < len(reduced) and reduced[problem.most] < 0:
        pressed = int(reduced[problem.most])
    nothing = np.zeros(0, dtype=np.int64)
    return Multipliers(nothing, nothing, nothing, (), np.array([pressed]), nothing, points)


def _solved(
    distance: Whole,
    *,
    weight: Whole,
    price: Whole,
    least: int,
    most: int,
    fixed: Sequence[int],
    gap: float,
    time_limit_s: float,
) -> Plan:
    """Open between `least` and `most` new options at least price and weight x distance."""
    started = time.monotonic()
    standing = standing_mask(fixed, distance.shape[1])
    new = np.flatnonzero(~standing)
    cost = distance * weight[:, np.newaxis]
    outside = cost[:, standing].min(axis=1) if standing.any() else None
    problem = Median(np.ascontiguousarray(cost[:, new]), price[new], least, most, outside)
    answer = solve_median(problem, gap=gap, deadline=started + time_limit_s)
    if answer.opened is None or answer.bound is None or answer.multipliers is None:
        raise ValueError("no number of options is allowed")
    chosen = new[answer.opened]
    instance = travel_instance(distance, weight=weight, price=price, least=least, most=most, fixed=fixed)
    objective, bound = objective_of(instance, chosen), int(answer.bound)
    if objective != answer.objective or bound > objective:
        raise failed(f"{answer.objective}, {bound}: {objective}")
    return Plan(
        status="optimal" if bound == objective else "gap",
        objective=objective,
        bound=bound,
        gap=(objective - bound) / objective if objective else 0.0,
        chosen=tuple(chosen.tolist()),
        seconds=time.monotonic() - started,
        ties_broken=False,
        multipliers=_multipliers(problem, answer.multipliers),
    )


def steps_of(distance: ArrayLike, weight: Whole) -> tuple[Whole, int]:
    """Count distances in whole steps.

    Parameters
    ----------
    distance, weight
        The table, and the weight of each row.

    Returns
    -------
    whole, steps
        Distances in steps, and how many steps a unit has: the least power of ten that makes all whole, or the largest
        that weights leave room for.

    Raises
    ------
    ValueError
        If it is no full table of finite numbers of at least 0, or weights leave no room at all.
    """
    table = np.asarray(distance)
    if table.ndim != 2 or not np.isfinite(table).all() or (table < 0).any():  # noqa: PLR2004  (a table)
        raise ValueError("distance must be a full table of finite numbers of at least 0")
    most = max(1.0, float(table.max(initial=0)) * float(weight.max(initial=1))) * SCALE
    if most >= LARGEST:
        raise ValueError("weight x distance is too large: count in larger units")
    steps = 1
    while steps < STEPS and most * steps * 10 < LARGEST and (np.rint(table * steps) / steps != table).any():
        steps *= 10
    return np.rint(table * steps).astype(np.int64), steps


def _in_units(plan: Plan, distance: ArrayLike, weight: Whole, opening: Whole, fixed: Sequence[int], steps: int) -> Plan:
    """State a plan in the unit of the distances; what their rounding may hide is taken off the bound."""
    table, objective, bound = np.asarray(distance), plan.objective, plan.bound
    if objective is None or bound is None:
        return plan
    whole = np.rint(table * steps) / steps
    if (whole == table).all():
        return plan if steps == 1 else replace(plan, objective=objective / steps, bound=bound / steps)
    near = table[:, [*plan.chosen, *fixed]].min(axis=1)
    true = math.fsum([*(near * weight).tolist(), *opening[list(plan.chosen)].tolist()])
    hidden = math.fsum((np.abs(whole - table).max(axis=1) * weight).tolist())
    least = max(0.0, min(true, bound / steps - hidden))
    status: Status = "optimal" if least >= true else "gap"
    return replace(plan, status=status, objective=true, bound=least, gap=(true - least) / true if true else 0.0)


def p_median(
    distance: ArrayLike,
    *,
    weight: ArrayLike,
    p: int,
    fixed: Sequence[int] = (),
    gap: float = 0.0,
    time_limit_s: float = 60.0,
) -> Plan:
    """Open exactly `p` new options so that weight x distance to the nearest is least (p-median; Hakimi 1964).

    Parameters
    ----------
    distance
        Demand x options, full, at least 0. Fractions are taken as written in decimal as far as weights leave
        room; where they do not, the bound allows for what is cut off, and the status is ``gap``.
    weight
        Whole weight of each row.
    p
        How many new options open.
    fixed
        Options that stand already and count towards the nearest, not towards `p`.
    gap, time_limit_s
        Relative gap at which the search may stop, and its time in seconds.

    Returns
    -------
    plan
        `objective` is the sum of weight x distance; a fraction where distances are.

    Raises
    ------
    ValueError
        If shapes differ, a number is negative or no number, a column is out of range, or there are not `p` options.
    """
    people = whole_numbers("weight", weight, len(np.asarray(distance)), 1)
    whole, steps = steps_of(distance, people)
    columns = whole.shape[1]
    new = columns - int(standing_mask(fixed, columns).sum())
    if not 0 <= p <= new or (p == 0 and new == columns):
        raise ValueError(f"p is {p}, and {new} options may open")
    price = np.zeros(columns, dtype=np.int64)
    limits = {"gap": gap, "time_limit_s": time_limit_s}
    plan = _solved(whole, weight=people, price=price, least=p, most=p, fixed=fixed, **limits)
    return _in_units(plan, distance, people, price, fixed, steps)


def facility_location(
    distance: ArrayLike,
    *,
    weight: ArrayLike,
    cost: ArrayLike,
    fixed: Sequence[int] = (),
    gap: float = 0.0,
    time_limit_s: float = 60.0,
) -> Plan:
    """Open any number of options so that cost + weight x distance is least (uncapacitated location; Balinski 1965).

    Parameters
    ----------
    distance, weight, fixed, gap, time_limit_s
        As in `p_median`.
    cost
        Whole cost of opening each option, in the unit of weight x distance.

    Returns
    -------
    plan
        `objective` is the sum of both; a fraction where distances are.

    Raises
    ------
    ValueError
        As for `p_median`, or if no option may open.
    """
    people = whole_numbers("weight", weight, len(np.asarray(distance)), 1)
    whole, steps = steps_of(distance, people)
    columns = whole.shape[1]
    opening = whole_numbers("cost", cost, columns, 1)
    price = opening * steps
    standing = standing_mask(fixed, columns)
    if not columns:
        raise ValueError("there is no option")
    least = 0 if standing.any() else 1
    most = columns - int(standing.sum())
    limits = {"gap": gap, "time_limit_s": time_limit_s}
    plan = _solved(whole, weight=people, price=price, least=least, most=most, fixed=fixed, **limits)
    return _in_units(plan, distance, people, opening, fixed, steps)
