"""A linear program that grows: rows come and go, bounds change, and each solve begins where the last ended.

The only room beside `milp.py` that knows HiGHS. What it returns are floats: bounds, never verdicts on a plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import highspy
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LEAST_SECONDS = 0.01
"""A solve gets at least this long."""

OPTIONS = {
    "output_flag": False,
    "threads": 1,
    "random_seed": 0,
    "presolve": "off",
    # perturbed costs send a solve that begins near its end on a long way round, where many options cost the same
    "dual_simplex_cost_perturbation_multiplier": 0.0,
}

ITERATIONS = 2
"""A solve from where the last one ended takes no more steps than so many for each row and column; some would go on
for fifty times as long as one from nothing."""

ENDS = (
    highspy.HighsModelStatus.kOptimal,
    highspy.HighsModelStatus.kInfeasible,
    highspy.HighsModelStatus.kTimeLimit,
)
"""What a solve may end with."""


@dataclass(frozen=True, eq=False)
class Lp:
    """A growing LP: a handle of HiGHS."""

    highs: Any


@dataclass(frozen=True, eq=False)
class Vertex:
    """An optimum of the LP.

    Attributes
    ----------
    objective
        Its value.
    values, reduced_cost
        By column.
    dual
        By row: what the objective gains when both bounds of the row rise by one.
    """

    objective: float
    values: Floats
    reduced_cost: Floats
    dual: Floats


def new_lp(cost: Floats, lower: Floats, upper: Floats) -> Lp:
    """Begin an LP: minimise ``cost @ x`` over a box."""
    highs = highspy.Highs()
    for name, setting in OPTIONS.items():
        highs.setOptionValue(name, setting)
    none = np.empty(0, dtype=np.int32)
    highs.addCols(len(cost), cost, lower, upper, 0, none, none, np.empty(0))
    return Lp(highs)


def add_rows(lp: Lp, low: Floats, high: Floats, start: NDArray[np.int64], index: Any, factor: Floats) -> None:
    """Add rows ``low <= row @ x <= high`` in CSR arrays; `start` has one more entry than there are rows."""
    if len(low):
        begin, columns = start[:-1].astype(np.int32), np.asarray(index, dtype=np.int32)
        lp.highs.addRows(len(low), low, high, len(columns), begin, columns, factor)


def drop_rows(lp: Lp, rows: NDArray[np.int64]) -> None:
    """Take rows away, by their numbers; later ones move up."""
    if len(rows):
        lp.highs.deleteRows(len(rows), rows.astype(np.int32))


def set_bounds(lp: Lp, columns: NDArray[np.int64], lower: Floats, upper: Floats) -> None:
    """Change the box of some columns."""
    lp.highs.changeColsBounds(len(columns), columns.astype(np.int32), lower, upper)


def set_row(lp: Lp, row: int, low: float, high: float) -> None:
    """Change what a row may come to."""
    lp.highs.changeRowBounds(row, low, high)


def solve(lp: Lp, *, seconds: float) -> tuple[Vertex | None, bool]:
    """Solve from where the last solve ended.

    Parameters
    ----------
    lp
        The LP.
    seconds
        Time limit.

    Returns
    -------
    vertex, infeasible
        None and False where the time was up.
    """
    highs = lp.highs
    highs.setOptionValue("time_limit", highs.getRunTime() + max(seconds, LEAST_SECONDS))
    highs.setOptionValue("simplex_iteration_limit", ITERATIONS * (highs.getNumRow() + highs.getNumCol()))
    highs.run()
    status = highs.getModelStatus()
    if status not in ENDS:  # it lost its way from where it began: once more from nothing
        highs.clearSolver()
        highs.setOptionValue("simplex_iteration_limit", highspy.kHighsIInf)
        highs.run()
        status = highs.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        return None, True
    if status != highspy.HighsModelStatus.kOptimal:
        return None, False
    found = highs.getSolution()
    arrays = (np.array(found.col_value), np.array(found.col_dual), np.array(found.row_dual))
    return Vertex(float(highs.getObjectiveValue()), *arrays), False
