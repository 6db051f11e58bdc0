"""One goal of a covering problem at a time: what each costs at least, as a cut for the whole problem.

Goals of different districts hang together only through options at the borders and through counts. The LP is a little
too cheap in each of them, and branching on all at once must undo that in every combination; solved alone, each gives a
row ``price of the goal @ x >= least`` that holds for every plan (Lagrangian decomposition: Guignard & Kim 1987).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from planner.covering import NO_LIMIT, Covering

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.bounds import Duals

    Whole = NDArray[np.int64]


UNITS = 20
"""Shared prices are multiples of the step of the prices divided by this: finer ones make longer searches."""


@dataclass(frozen=True, eq=False)
class OneGoal:
    """A goal alone: its problem, over some options of the whole one."""

    problem: Covering
    options: Whole


def shared_price(problem: Covering, duals: Duals, step: int) -> Whole:
    """Share the price of each option among the goals for which it is opened.

    Parameters
    ----------
    problem
        A merged problem.
    duals
        Multipliers of its LP: they say what each option is worth to each goal, and what the rules add to its price.
    step
        Prices become multiples of a part of it.

    Returns
    -------
    price
        Whole numbers by goal and option; any such prices make valid cuts, these make strong ones.
    """
    of_goal = csr_array(problem.goals * duals.goals[:, None])
    whole = np.asarray(of_goal.sum(axis=0)).ravel()
    used = np.divide(duals.rows, whole, out=np.zeros_like(whole, dtype=np.float64), where=whole > 0)
    worth = (of_goal @ csr_array(problem.covers.multiply(used[:, None]))).toarray()
    reach = (problem.goals @ problem.covers.astype(np.int64)).toarray() > 0
    # an option of no worth in the LP counts in full wherever it reaches
    total = worth.sum(axis=0)
    part = np.where(total > 0, worth / np.where(total > 0, total, 1.0), reach)
    unit = max(1, step // UNITS)
    ruled = np.maximum(0.0, problem.price - problem.rules.T @ duals.rules)
    price: Whole = (unit * np.rint(part * ruled / unit)).astype(np.int64)
    return price


def alone(problem: Covering, goal: int, price: Whole) -> OneGoal:
    """Write the problem of one goal at its own prices: its rows, the options that reach them, and what limits these.

    Rules without negative factors hold for a part of their options as well, as far as their maximum goes; others, and
    all minima, are left out: the least price can only fall.
    """
    inside = slice(problem.goals.indptr[goal], problem.goals.indptr[goal + 1])
    rows = problem.goals.indices[inside]
    covers = csr_array(problem.covers[rows])
    options = np.unique(covers.indices).astype(np.int64)
    rules = csr_array(problem.rules[:, options])
    has_negative = np.asarray((csr_array(problem.rules) < 0).sum(axis=1)).ravel() > 0
    kept = np.flatnonzero(~has_negative & (problem.maximum < NO_LIMIT) & (np.diff(rules.indptr) > 1))
    weights = problem.goals.data[inside][None, :]
    return OneGoal(
        Covering(
            covers=csr_array(covers[:, options]),
            loss=np.zeros(len(rows), dtype=np.int64),
            price=price[options],
            goals=csr_array(weights),
            allowed=problem.allowed[goal : goal + 1],
            rules=csr_array(rules[kept]),
            minimum=np.full(len(kept), -NO_LIMIT),
            maximum=problem.maximum[kept],
        ),
        options,
    )
