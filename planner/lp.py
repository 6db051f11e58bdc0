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

UNSCALED_MOST = 1e6
"""Where no column runs farther than this nothing is scaled: that is quicker, and what a tolerance adds is taken off."""

ITERATIONS = 2
"""A solve from where the last one ended takes no more steps than so many for each row and column; some would go on
for fifty times as long as one from nothing."""

ENDS = (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kTimeLimit)
"""What a solve may end with and be believed."""


@dataclass(eq=False)
class Lp:
    """A growing LP: a handle of HiGHS, and what a bound needs that does not rest on its tolerances.

    Where a column counts very many, every column runs from 0 to 1 inside and the largest factor of a row is 1: HiGHS
    takes what is off by 1e-7 for nothing, and of a thousand million people that is a hundred.

    Attributes
    ----------
    highs
        The handle.
    unit, widest
        What a column is counted in, and its upper bound at the beginning, in units.
    scaled
        Whether columns and rows are scaled.
    lower, upper
        Box of each column, in units.
    scale, low, high
        By row: its largest factor (1 where rows are not scaled), and the sides as parts of it; where there is none, the
        least or most that the row can come to.
    """

    highs: Any
    unit: Floats
    widest: Floats
    scaled: bool
    lower: Floats
    upper: Floats
    scale: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class Vertex:
    """An optimum of the LP.

    Attributes
    ----------
    objective
        Its value, less what duals of the wrong sign may have added: no x in the box that keeps the rows is below.
    values, reduced_cost
        By column.
    dual
        By row: what the objective gains when both bounds of the row rise by one.
    """

    objective: float
    values: Floats
    reduced_cost: Floats
    dual: Floats


def new_lp(cost: Floats, upper: Floats) -> Lp:
    """Begin an LP: minimise ``cost @ x`` over a box that begins at 0."""
    highs = highspy.Highs()
    for name, setting in OPTIONS.items():
        highs.setOptionValue(name, setting)
    scaled = bool(upper.max(initial=0.0) > UNSCALED_MOST)
    unit = np.where((upper > 0) & scaled, upper, 1.0)
    none, nothing = np.empty(0, dtype=np.int32), np.zeros(0)
    _sure(highs.addCols(len(cost), cost * unit, np.zeros(len(cost)), upper / unit, 0, none, none, nothing))
    return Lp(highs, unit, upper / unit, scaled, np.zeros(len(cost)), upper / unit, nothing, nothing, nothing)


def _sure(status: highspy.HighsStatus) -> None:
    """Stop where HiGHS did not take what it was given: rows and what is known of them would no longer agree."""
    if status == highspy.HighsStatus.kError:
        raise RuntimeError("HiGHS refused a change of the LP")


def add_rows(lp: Lp, low: Floats, high: Floats, start: NDArray[np.int64], index: Any, factor: Floats) -> None:
    """Add rows ``low <= row @ x <= high`` in CSR arrays; `start` has one more entry than there are rows."""
    if not len(low):
        return
    begin, columns = start[:-1].astype(np.int32), np.asarray(index, dtype=np.int32)
    row, scale = np.repeat(np.arange(len(low)), np.diff(start)), np.ones(len(low))
    if lp.scaled:
        factor, scale[:] = factor * lp.unit[columns], 0.0
        np.maximum.at(scale, row, np.abs(factor))
        scale[scale == 0] = 1.0
        low, high, factor = low / scale, high / scale, factor / scale[row]
    _sure(lp.highs.addRows(len(low), low, high, len(columns), begin, columns, factor))
    widest = factor * lp.widest[columns]
    least = np.bincount(row, weights=np.minimum(widest, 0.0), minlength=len(low))
    most = np.bincount(row, weights=np.maximum(widest, 0.0), minlength=len(low))
    lp.scale = np.append(lp.scale, scale)
    lp.low = np.append(lp.low, np.where(np.isfinite(low), low, least))
    lp.high = np.append(lp.high, np.where(np.isfinite(high), high, most))


def drop_rows(lp: Lp, rows: NDArray[np.int64]) -> None:
    """Take rows away, by their numbers; later ones move up."""
    if len(rows):
        _sure(lp.highs.deleteRows(len(rows), rows.astype(np.int32)))
        lp.scale, lp.low, lp.high = (np.delete(array, rows) for array in (lp.scale, lp.low, lp.high))


def set_bounds(lp: Lp, columns: NDArray[np.int64], lower: Floats, upper: Floats) -> None:
    """Change the box of some columns, within what it was at the beginning."""
    low, high = lower / lp.unit[columns], upper / lp.unit[columns]
    _sure(lp.highs.changeColsBounds(len(columns), columns.astype(np.int32), low, high))
    lp.lower[columns], lp.upper[columns] = low, high


def limit_row(lp: Lp, row: int, high: float) -> None:
    """Change the most that a row may come to; it had such a side before, and has no other."""
    scale = float(lp.scale[row])
    _sure(lp.highs.changeRowBounds(row, -highspy.kHighsInf, high / scale))
    lp.high[row] = high / scale


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
    if status not in ENDS:  # it lost its way, or says that there is no x: once more from nothing
        highs.clearSolver()
        highs.setOptionValue("simplex_iteration_limit", highspy.kHighsIInf)
        highs.run()
        status = highs.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        return None, True
    if status != highspy.HighsModelStatus.kOptimal:
        return None, False
    found = highs.getSolution()
    x, d, y = np.array(found.col_value), np.array(found.col_dual), np.array(found.row_dual)
    bound = float(y @ np.where(y > 0, lp.low, lp.high) + np.minimum(d * lp.lower, d * lp.upper).sum())
    return Vertex(min(float(highs.getObjectiveValue()), bound), x * lp.unit, d / lp.unit, y / lp.scale), False
