"""Fits a lawful plan to another budget by hand: what loses least goes, then what gains most comes, by people per yuan.

Greedy steps (Cornuejols, Fisher & Nemhauser 1977), which keep every rule of the instance. Their plan is where a search
that finds nothing in its time falls back to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csc_array

from planner.recount import open_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.problem import Problem

    Mask = NDArray[np.bool_]
    Whole = NDArray[np.int64]


def fitted(problem: Problem, opened: Mask, budget_yuan: int) -> Mask | None:
    """Fit a plan to a budget.

    Parameters
    ----------
    problem
        The problem, whose rows have a loss where they count.
    opened
        Options of a plan that keeps the rules, a mask of `Reduced.columns`.
    budget_yuan
        What may be spent.

    Returns
    -------
    fitted
        A plan within the budget that keeps the rules; None where dropping one option after another leads to none.
    """
    instance, columns = problem.instance, problem.reduced.columns
    cost, rules = instance.cost_yuan[columns], csc_array(instance.rules.matrix[:, columns])
    value = np.asarray(instance.rules.matrix @ open_columns(instance, columns[opened]).astype(np.int64))
    opened, left = opened.copy(), budget_yuan - int(cost[opened].sum())
    covers, weight = problem.reduced.covers, problem.reduced.loss

    def lawful(option: int, sign: int) -> bool:
        inside = slice(rules.indptr[option], rules.indptr[option + 1])
        rows, changed = rules.indices[inside], sign * rules.data[inside]
        after = value[rows] + changed
        good = ((after >= instance.rules.minimum[rows]) & (after <= instance.rules.maximum[rows])).all()
        if good:
            value[rows] = after
        return bool(good)

    def moved(able: Mask, sign: int, times: int) -> int | None:
        """Move the best lawful option of some: the least people per yuan to drop, the most to add."""
        counted = weight * (covers @ opened.astype(np.int64) == times)
        rate = np.asarray(covers.T @ counted) / np.maximum(cost, 1)
        ranked = np.flatnonzero(able)[np.argsort(-sign * rate[able], kind="stable")]
        found = next((int(k) for k in ranked if (sign < 0 or rate[k] > 0) and lawful(int(k), sign)), None)
        if found is not None:
            opened[found] = sign > 0
        return found

    while left < 0:
        gone = moved(opened & (cost > 0), -1, 1)
        if gone is None:
            return None
        left += int(cost[gone])
    while (come := moved(~opened & (cost <= left), 1, 0)) is not None:
        left -= int(cost[come])
    return opened
