"""Solves a program whose relaxed optimum is close: few options are in doubt, and the others stay where it puts them.

The core of a problem (Balas & Zemel 1980, Operations Research 28) is solved first; it gives a good x. Then reduced
costs tell which options a better x could move, and a program of those proves it, or finds a better one. Nothing is lost
by either: an x that moves another option is worse than the relaxed optimum by more than that option's reduced cost.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, hstack

from planner import milp
from planner.program import Outcome, Program

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.program import Relaxed

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

CORE_LEAST, CORE_TIMES = 20, 2
"""Options in the core: so many, and so many times those that the relaxed optimum opens in part."""

WHOLE_TOLERANCE = 1e-6
"""How far from a whole number the relaxed optimum opens an option in part."""

MARGIN, MARGIN_RELATIVE = 0.5, 1e-9
"""What is taken off a relaxed optimum, whose duals are off by far less: a part of the objective's step, or of it."""


def least(program: Program, *, gap: float, deadline: float, start: Floats | None = None) -> Outcome:
    """Find the x of least objective.

    Parameters
    ----------
    program
        The program; its objective is a whole number at every x that is asked for.
    gap
        Relative gap at which the search may stop.
    deadline
        On the clock of `time.monotonic`.
    start
        An x to begin from: the core is not needed then.

    Returns
    -------
    outcome
        The best x and the bound.
    """
    relaxed = milp.relax(program, seconds=deadline - time.monotonic())
    if relaxed is None:
        return milp.minimise(program, gap=gap, seconds=deadline - time.monotonic())
    step = int(np.gcd.reduce(program.objective, initial=0)) or 1
    margin = max(MARGIN * step, MARGIN_RELATIVE * abs(relaxed.objective))
    bound = relaxed.objective - margin
    values = start
    if values is None:
        slack = _core_slack(program, relaxed)
        core = _held(program, relaxed, slack + margin)
        outcome = _small(core, gap=gap, seconds=deadline - time.monotonic())
        if outcome.values is None:
            return _small(program, gap=gap, seconds=deadline - time.monotonic())
        values, bound = outcome.values, _bound(bound, outcome.bound, relaxed.objective + slack)
    value = float(program.objective @ values)
    if _close(value, bound, gap, step) or time.monotonic() > deadline:
        return Outcome(values, bound, infeasible=False)
    slack = value - relaxed.objective
    rest = _held(program, relaxed, slack + margin)
    outcome = _small(rest, gap=gap, seconds=deadline - time.monotonic(), start=values)
    bound = _bound(bound, outcome.bound, relaxed.objective + slack)
    return Outcome(values if outcome.values is None else outcome.values, bound, infeasible=False)


def _close(value: float, bound: float, gap: float, step: int) -> bool:
    """Whether no x is better than an x by more than the gap; objectives are multiples of the step."""
    least_possible = math.ceil(bound / step - WHOLE_TOLERANCE) * step
    return value - least_possible <= gap * abs(value)


def _core_slack(program: Program, relaxed: Relaxed) -> float:
    """Reduced cost beyond which an option is not in the core."""
    x = relaxed.values[program.integer]
    in_part = int((np.abs(x - np.rint(x)) > WHOLE_TOLERANCE).sum())
    ranked = np.sort(np.abs(relaxed.reduced_cost[program.integer]))
    size = CORE_TIMES * in_part + CORE_LEAST
    return float(ranked[size - 1]) if size <= len(ranked) else math.inf


def _held(program: Program, relaxed: Relaxed, slack: float) -> Program:
    """Hold the options that no x within this slack of the relaxed optimum moves."""
    up = program.integer & (relaxed.reduced_cost > slack)
    down = program.integer & (relaxed.reduced_cost < -slack)
    lower, upper = np.where(down, program.upper, program.lower), np.where(up, program.lower, program.upper)
    return replace(program, lower=lower, upper=upper)


def _bound(relaxed: float, found: float | None, beyond: float) -> float:
    """Bound of all x: those that move no held option, and those that do and lie beyond."""
    return relaxed if found is None else max(relaxed, min(found, beyond))


def _small(program: Program, *, gap: float, seconds: float, start: Floats | None = None) -> Outcome:
    """Solve what is left of a program when columns that are held, and rows that hold anyway, are taken out.

    A column of its own that is always 1 keeps their part of the objective, so that gaps are what they were.
    """
    settled = _settled(program)
    held = settled.lower == settled.upper
    rows = _binding_rows(settled)
    fixed = settled.lower * held
    matrix = csr_array(settled.matrix[rows])
    shift = matrix @ fixed
    free = np.flatnonzero(~held)
    constant = int(settled.objective[held] @ np.rint(fixed[held]).astype(np.int64))
    left = Program(
        objective=np.append(settled.objective[free], constant),
        matrix=csr_array(hstack([matrix[:, free], csr_array((len(rows), 1), dtype=np.int64)])),
        row_lower=settled.row_lower[rows] - shift,
        row_upper=settled.row_upper[rows] - shift,
        lower=np.append(settled.lower[free], 1.0),
        upper=np.append(settled.upper[free], 1.0),
        integer=np.append(settled.integer[free], False),
    )
    begin = None if start is None else np.append(start[free], 1.0)
    outcome = milp.minimise(left, gap=gap, seconds=seconds, start=begin)
    if outcome.values is None:
        return outcome
    values = fixed.copy()
    values[free] = outcome.values[:-1]
    return replace(outcome, values=values)


def _binding_rows(program: Program) -> Whole:
    """Rows that not every x within its bounds keeps."""
    up, down = program.matrix.maximum(0), program.matrix.minimum(0)
    with np.errstate(invalid="ignore"):
        least_sum, most_sum = up @ program.lower + down @ program.upper, up @ program.upper + down @ program.lower
    return np.flatnonzero(~((least_sum >= program.row_lower) & (most_sum <= program.row_upper)))


def _settled(program: Program) -> Program:
    """Hold the columns of no price that no row asks to be above their lower bound."""
    rows = _binding_rows(program)
    entries = csr_array(program.matrix[rows]).tocoo()
    asks = np.where(entries.data > 0, program.row_lower[rows][entries.row] > -np.inf, False)
    asks |= np.where(entries.data < 0, program.row_upper[rows][entries.row] < np.inf, False)
    asked = np.zeros(len(program.objective), dtype=bool)
    asked[entries.col[asks]] = True
    upper = np.where((program.objective >= 0) & ~asked, program.lower, program.upper)
    return replace(program, upper=upper)
