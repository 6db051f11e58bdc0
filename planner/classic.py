"""The classic covering models as plain functions over matrices, for notebooks.

LSCP (Toregas, Swain, ReVelle & Bergman 1971), MCLP (Church & ReVelle 1974), partial set covering (Daskin & Owen 1999).
Options stand in columns and demand in rows; plans name options by column number. Of plans of equal objective any one is
given.
"""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from planner.bare import at_most, bare_instance, pattern_of, standing_mask, whole_numbers
from planner.siting import PeopleGoal, Plan
from planner.solving import solve
from planner.standards import need

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike
    from scipy.sparse import csr_array

    from planner.siting import Instance


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
    matrix = pattern_of(covers)
    rows, columns = matrix.shape
    exact = (
        share if isinstance(share, Decimal) else Decimal(str(share)) if isinstance(share, float) else Fraction(share)
    )
    if not 0 <= exact <= 1:
        raise ValueError(f"a share lies between 0 and 1, not at {share}")
    people, yuan = whole_numbers("weight", weight, rows, 1), whole_numbers("cost", cost, columns, 1)
    standing = standing_mask(fixed, columns)
    goal = PeopleGoal("share", "", np.arange(rows), people, need(exact, int(people.sum())))
    instance = bare_instance(
        matrix,
        standing,
        cost=np.where(standing, 0, yuan),
        price=np.where(standing, 0, yuan),
        loss=np.zeros(rows, dtype=np.int64),
        goals=(goal,),
        rules=at_most(yuan, None, ""),
    )
    return solve(instance, gap=gap, time_limit_s=time_limit_s, ties=False)


def mclp_instance(
    covers: csr_array,
    *,
    weight: ArrayLike,
    p: int | None = None,
    cost: ArrayLike | None = None,
    budget: int | None = None,
    fixed: Sequence[int] = (),
) -> Instance:
    """Write maximal covering as a siting problem, such as `certificate.check` and `frontier.frontier` take.

    Its objective is the weight left uncovered. Parameters and errors are those of `mclp`.
    """
    if (p is None) == (budget is None):
        raise ValueError("give either p, or cost and budget")
    matrix = pattern_of(covers)
    rows, columns = matrix.shape
    standing = standing_mask(fixed, columns)
    counted = np.where(standing, 0, whole_numbers("cost", cost if p is None else None, columns, 1))
    return bare_instance(
        matrix,
        standing,
        cost=counted,
        price=np.zeros(columns, dtype=np.int64),
        loss=whole_numbers("weight", weight, rows, 1),
        goals=(),
        rules=at_most(counted, budget if p is None else p, "budget" if p is None else "p"),
    )


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
    instance = mclp_instance(covers, weight=weight, p=p, cost=cost, budget=budget, fixed=fixed)
    started = time.monotonic()
    whole = int(instance.loss.sum())
    plan = _as_covered(solve(instance, gap=gap, time_limit_s=time_limit_s, ties=False), whole)
    if plan.gap is not None and plan.gap > gap > 0 and plan.objective:
        # the search measures a gap on what is left uncovered: asked for on what is covered, it is so much less
        left = max(1.0, whole - plan.objective)
        seconds = max(0.0, time_limit_s - (time.monotonic() - started))
        part = min(gap, gap * plan.objective / left)
        plan = _as_covered(solve(instance, gap=part, time_limit_s=seconds, ties=False), whole)
    return replace(plan, seconds=time.monotonic() - started)


def _as_covered(plan: Plan, whole: int) -> Plan:
    """State a plan by what it covers, where the search counts what is left uncovered."""
    if plan.status == "none":  # nobody to cover
        return replace(plan, status="optimal", objective=0, bound=0, gap=0.0)
    if plan.objective is None:
        return plan
    covered, most = whole - plan.objective, whole if plan.bound is None else whole - plan.bound
    return replace(plan, objective=covered, bound=most, gap=(most - covered) / covered if covered else float(most > 0))
