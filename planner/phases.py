"""The years of a plan: which there are, what a goal asks for in each, and what each adds to the cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from numpy.typing import NDArray

    from planner.limits import Phase

ONE_YEAR = 0
"""The year of a plan without phases."""


def years_of(phases: Sequence[Phase]) -> tuple[int, ...]:
    """Years of a plan, ascending; the one year `ONE_YEAR` where there are no phases."""
    return tuple(phase.year for phase in phases) or (ONE_YEAR,)


def share_in(year: int, goal: str, share: Decimal, phases: Sequence[Phase]) -> Decimal:
    """Share that a goal asks for in a year: its own, or that of the last phase until then that gives one."""
    for phase in phases:
        if phase.year <= year:
            share = phase.shares.get(goal, share)
    return share


def costs_by_year(
    once: NDArray[np.int64], yearly: NDArray[np.int64], years: Sequence[int], horizon_years: int
) -> NDArray[np.int64]:
    """Split the cost of each option over its columns.

    An option that opens in a year costs ``once + yearly x years open``, where the years open end with the horizon,
    counted from the first year. Its columns of that year and of all later ones are open, so a column holds what opening
    in its year costs more than opening in the next: the sum of the open ones is the cost.

    Parameters
    ----------
    once, yearly
        One-time and yearly cost of each option in yuan, shape (n,).
    years
        Years of the plan, ascending.
    horizon_years
        Years of running cost that are counted.

    Returns
    -------
    cost_yuan
        Shape (n_years, n); never below zero.
    """
    running = np.array([max(0, years[0] + horizon_years - year) for year in years], dtype=np.int64)
    opened = once + running[:, None] * yearly
    later = np.vstack([opened[1:], np.zeros_like(once)])
    return np.asarray(opened - later)
