"""Takes large covering problems past the explicit program: their rows are cut, not written (see `planner.cuts`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array, csr_array, vstack

from planner.covering import Covering
from planner.proof import SCALE
from planner.reduce import row_start
from planner.siting import NO_LIMIT, Multipliers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.bounds import Duals
    from planner.reduce import MergedGoal, Reduced
    from planner.siting import Instance

    Whole = NDArray[np.int64]

LARGE = 20_000
"""Terms of cover rows from which on a problem is cut: below, the explicit program is quicker."""


def _only_covers(instance: Instance, reduced: Reduced) -> bool:
    """Whether goals and objective hang on covered rows alone, each community on one of them."""
    plain = instance.capacity is None and instance.travel is None and not reduced.twice.any()
    return plain and all(goal.unit is None or bool((np.diff(row_start(goal)) == 1).all()) for goal in reduced.goals)


def _goal_row(goal: MergedGoal, n_rows: int) -> csr_array:
    """Weights of a goal; a community of one row is short exactly where that row is uncovered."""
    weight = goal.weight if goal.unit is None else np.ones(len(goal.rows), dtype=np.int64)
    place = (np.zeros(len(goal.rows), dtype=np.int64), goal.rows)
    return csr_array(coo_array((weight, place), shape=(1, n_rows)))


def covering_of(instance: Instance, reduced: Reduced) -> Covering | None:
    """Write a reduced problem as one of covering alone.

    Parameters
    ----------
    instance, reduced
        The problem and its reduction.

    Returns
    -------
    covering
        None where there is more in the problem than that.
    """
    if not _only_covers(instance, reduced):
        return None
    n_rows = reduced.covers.shape[0]
    rules = instance.rules
    standing = np.asarray(rules.matrix @ instance.fixed.astype(np.int64))
    empty = csr_array((0, n_rows), dtype=np.int64)
    return Covering(
        covers=reduced.covers,
        loss=reduced.loss,
        price=instance.price[reduced.columns],
        goals=csr_array(vstack([empty, *(_goal_row(goal, n_rows) for goal in reduced.goals)])),
        allowed=np.array([goal.allowed for goal in reduced.goals], dtype=np.int64),
        rules=csr_array(rules.matrix[:, reduced.columns]),
        minimum=np.where(rules.minimum > -NO_LIMIT, rules.minimum - standing, -NO_LIMIT),
        maximum=np.where(rules.maximum < NO_LIMIT, rules.maximum - standing, NO_LIMIT),
    )


def multipliers_of(instance: Instance, reduced: Reduced, duals: Duals) -> Multipliers:
    """Put the multipliers of merged rows on the first of their rows; see `proof.multipliers_of`."""
    rows = np.zeros(instance.n_rows, dtype=np.int64)
    merged = np.rint(np.clip(duals.rows, 0, None) * SCALE).astype(np.int64)
    there = np.flatnonzero(reduced.of_row >= 0)
    found, first = np.unique(reduced.of_row[there], return_index=True)
    rows[there[first]] = merged[found]
    rules = np.rint(duals.rules * SCALE).astype(np.int64)
    rules = np.where((rules > 0) & (instance.rules.minimum <= -NO_LIMIT), 0, rules)
    rules = np.where((rules < 0) & (instance.rules.maximum >= NO_LIMIT), 0, rules)
    nothing = np.zeros(0, dtype=np.int64)
    return Multipliers(
        rows=rows,
        backup=np.zeros(instance.n_rows, dtype=np.int64),
        goals=np.rint(np.clip(duals.goals, 0, None) * SCALE).astype(np.int64),
        units=tuple(np.zeros(goal.whole, dtype=np.int64) for goal in instance.communities),
        rules=rules,
        capacity=nothing,
        points=nothing,
    )
