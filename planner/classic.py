"""The four classic models of location science as plain functions over matrices, for notebooks.

LSCP (Toregas, Swain, ReVelle & Bergman 1971), MCLP (Church & ReVelle 1974), partial set covering (Daskin & Owen 1999)
and the p-median (Hakimi 1964). Options stand in columns and demand in rows; plans name options by column number. Of
plans of equal objective any one is given.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from planner.siting import NO_LIMIT, Instance, PeopleGoal, Plan, Rules, Travel
from planner.solving import solve
from planner.standards import need

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Whole = NDArray[np.int64]

STEPS = 10**6
"""Into how many steps the unit of a distance that is no whole number is divided."""


def _whole(name: str, given: ArrayLike | None, size: int, otherwise: int) -> Whole:
    """Read whole numbers >= 0, one for each of `size` things; `otherwise` for each where none are given."""
    if given is None:
        return np.full(size, otherwise, dtype=np.int64)
    values = np.asarray(given)
    if values.shape != (size,):
        raise ValueError(f"{name} has shape {values.shape}, not ({size},)")
    whole = values.astype(np.int64)
    if (whole != values).any() or (whole < 0).any():
        raise ValueError(f"{name} must be whole numbers of at least 0: count in smaller units")
    return whole


def _standing(fixed: Sequence[int] | NDArray[np.int64], n_columns: int) -> NDArray[np.bool_]:
    columns = np.asarray(fixed, dtype=np.int64)
    if len(columns) and (columns.min() < 0 or columns.max() >= n_columns):
        raise ValueError(f"fixed names a column that is none of 0..{n_columns - 1}")
    standing = np.zeros(n_columns, dtype=bool)
    standing[columns] = True
    return standing


def _at_most(weights: Whole, limit: int | None, name: str) -> Rules:
    """One rule on a weighted number of columns, or none."""
    if limit is None:
        return Rules((), csr_array((0, len(weights)), dtype=np.int64), np.empty(0, np.int64), np.empty(0, np.int64))
    return Rules((name,), csr_array(weights[np.newaxis, :]), np.array([-NO_LIMIT]), np.array([limit]))


def _instance(
    covers: csr_array,
    standing: NDArray[np.bool_],
    *,
    cost: Whole,
    price: Whole,
    loss: Whole,
    goals: tuple[PeopleGoal, ...],
    rules: Rules,
) -> Instance:
    """Make an instance of bare columns, which have no site and no type."""
    n_columns = len(standing)
    # fixed width, so that ids sort as numbers do
    digits = len(str(max(0, n_columns - 1)))
    names = np.array([f"{k:0{digits}d}" for k in range(n_columns)], dtype=object)
    blank = np.full(n_columns, "", dtype=object)
    return Instance(
        covers=covers,
        people=np.ones(covers.shape[0], dtype=np.int64),
        option=np.arange(n_columns, dtype=np.int64),
        year=np.zeros(n_columns, dtype=np.int64),
        site_id=names,
        type=blank,
        size=blank,
        cost_yuan=cost,
        price=price,
        loss=loss,
        tie=np.zeros(n_columns, dtype=np.int64),
        fixed=standing,
        goals=goals,
        communities=(),
        rules=rules,
    )


def _matrix(covers: csr_array) -> csr_array:
    matrix = csr_array(covers)
    if matrix.nnz and not matrix.data.all():
        matrix = matrix.copy()
        matrix.eliminate_zeros()
    return matrix


def lscp(
    covers: csr_array,
    *,
    cost: ArrayLike | None = None,
    fixed: Sequence[int] = (),
    gap: float = 0.0,
    time_limit_s: float = 60.0,
) -> Plan:
    """Cover every row at least cost (location set covering; Toregas et al. 1971).

    Parameters
    ----------
    covers
        Rows x options; not zero where an option covers a row.
    cost
        Whole cost of each option, 1 where none is given.
    fixed
        Options that stand already and cost nothing.
    gap, time_limit_s
        Relative gap at which the search may stop, and its time in seconds.

    Returns
    -------
    plan
        `objective` is the cost. ``infeasible`` where no option covers some row: `chosen` then covers all others.

    Raises
    ------
    ValueError
        If shapes differ, a number is not whole or below zero, or a column is out of range.
    """
    rows = covers.shape[0]
    return partial_cover(
        covers, weight=np.ones(rows, np.int64), cost=cost, share=1, fixed=fixed, gap=gap, time_limit_s=time_limit_s
    )


def partial_cover(
    covers: csr_array,
    *,
    weight: ArrayLike,
    share: float | Decimal | Fraction,
    cost: ArrayLike | None = None,
    fixed: Sequence[int] = (),
    gap: float = 0.0,
    time_limit_s: float = 60.0,
) -> Plan:
    """Cover a share of the weight at least cost (partial set covering; Daskin & Owen 1999).

    Parameters
    ----------
    covers
        Rows x options; not zero where an option covers a row.
    weight
        Whole weight of each row.
    share
        Part of the weight that must be covered, taken as written in decimal and met when it is met exactly.
    cost
        Whole cost of each option, 1 where none is given.
    fixed
        Options that stand already and cost nothing.
    gap, time_limit_s
        Relative gap at which the search may stop, and its time in seconds.

    Returns
    -------
    plan
        `objective` is the cost.

    Raises
    ------
    ValueError
        As for `lscp`, or if the share is not between 0 and 1.
    """
    matrix = _matrix(covers)
    rows, columns = matrix.shape
    exact = (
        share if isinstance(share, Decimal) else Decimal(str(share)) if isinstance(share, float) else Fraction(share)
    )
    if not 0 <= exact <= 1:
        raise ValueError(f"a share lies between 0 and 1, not at {share}")
    people, yuan = _whole("weight", weight, rows, 1), _whole("cost", cost, columns, 1)
    standing = _standing(fixed, columns)
    goal = PeopleGoal("share", "", np.arange(rows), people, need(exact, int(people.sum())))
    instance = _instance(
        matrix,
        standing,
        cost=np.where(standing, 0, yuan),
        price=np.where(standing, 0, yuan),
        loss=np.zeros(rows, dtype=np.int64),
        goals=(goal,),
        rules=_at_most(yuan, None, ""),
    )
    return solve(instance, gap=gap, time_limit_s=time_limit_s, ties=False)


def mclp(
    covers: csr_array,
    *,
    weight: ArrayLike,
    p: int | None = None,
    cost: ArrayLike | None = None,
    budget: int | None = None,
    fixed: Sequence[int] = (),
    gap: float = 0.0,
    time_limit_s: float = 60.0,
) -> Plan:
    """Cover the most weight with at most `p` new options, or within a budget (maximal covering; Church & ReVelle 1974).

    Parameters
    ----------
    covers
        Rows x options; not zero where an option covers a row.
    weight
        Whole weight of each row.
    p
        How many new options may open.
    cost, budget
        In place of `p`: whole cost of each option, and what may be spent.
    fixed
        Options that stand already: they cover, and count neither in `p` nor in the budget.
    gap, time_limit_s
        Relative gap at which the search may stop, and its time in seconds.

    Returns
    -------
    plan
        `objective` is the weight covered, that of fixed options included; `bound` is the most that any plan covers.

    Raises
    ------
    ValueError
        As for `lscp`, or unless exactly one of `p` and `budget` is given.
    """
    if (p is None) == (budget is None):
        raise ValueError("give either p, or cost and budget")
    matrix = _matrix(covers)
    rows, columns = matrix.shape
    standing, people = _standing(fixed, columns), _whole("weight", weight, rows, 1)
    counted = np.where(standing, 0, _whole("cost", cost if p is None else None, columns, 1))
    instance = _instance(
        matrix,
        standing,
        cost=counted,
        price=np.zeros(columns, dtype=np.int64),
        loss=people,
        goals=(),
        rules=_at_most(counted, budget if p is None else p, "budget" if p is None else "p"),
    )
    plan = solve(instance, gap=gap, time_limit_s=time_limit_s, ties=False)
    whole = int(people.sum())
    if plan.objective is None:
        return plan
    covered, most = whole - plan.objective, whole if plan.bound is None else whole - plan.bound
    return replace(plan, objective=covered, bound=most, gap=(most - covered) / covered if covered else float(most > 0))


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
        Demand x options, full, at least 0. Distances that are no whole numbers are counted in millionths.
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
        As for `lscp`, or if a distance is negative or no number, or there are not `p` options to open.
    """
    metres = np.asarray(distance)
    if metres.ndim != 2 or not np.isfinite(metres).all() or (metres < 0).any():  # noqa: PLR2004  (a table)
        raise ValueError("distance must be a full table of finite numbers of at least 0")
    rows, columns = metres.shape
    steps = 1 if (metres == np.rint(metres)).all() else STEPS
    whole = np.rint(metres * steps).astype(np.int64)
    standing, people = _standing(fixed, columns), _whole("weight", weight, rows, 1)
    if not 0 <= p <= columns - int(standing.sum()) or (p == 0 and not standing.any()):
        raise ValueError(f"p is {p}, and {columns - int(standing.sum())} options may open")
    near = np.argsort(whole, axis=1, kind="stable")
    travel = Travel(
        start=np.arange(rows + 1) * columns,
        column=near.ravel(),
        metres=np.take_along_axis(whole, near, axis=1).ravel(),
        weight=people,
        far_m=int(whole.max(initial=0)),
    )
    count = _at_most(np.where(standing, 0, 1), p, "p")
    instance = replace(
        _instance(
            csr_array((0, columns), dtype=np.int64),
            standing,
            cost=np.zeros(columns, dtype=np.int64),
            price=np.zeros(columns, dtype=np.int64),
            loss=np.empty(0, dtype=np.int64),
            goals=(),
            rules=replace(count, minimum=np.array([p])),
        ),
        travel=travel,
    )
    plan = solve(instance, gap=gap, time_limit_s=time_limit_s, ties=False)
    if steps == 1 or plan.objective is None:
        return plan
    return replace(plan, objective=plan.objective / steps, bound=None if plan.bound is None else plan.bound / steps)
