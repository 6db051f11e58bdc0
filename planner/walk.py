"""Walks from one plan to others by swaps, away from plans already known, as far as rules, goals and a limit allow."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from planner.recount import objective_of
from planner.swaps import judge, swaps_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from planner.siting import Instance
    from planner.swaps import Swaps

    Whole = NDArray[np.int64]

Place = tuple[int, int, int]
"""How far a plan is: columns in which it differs from the nearest known plan, from all of them, and less its objective.

The greatest is the farthest."""


def _apart(swaps: Swaps, sides: Whole, now: Whole) -> tuple[Whole, Whole]:
    """Columns in which the plan after each swap differs from the nearest known plan, and from all of them."""
    change = (sides @ swaps.entering)[:, None, :] - (sides @ swaps.leaving)[:, :, None]
    after = change + now[:, None, None]
    return after.min(axis=0), after.sum(axis=0)


def _step(instance: Instance, chosen: Whole, sides: Whole, now: Whole, most: int) -> tuple[Place, Whole] | None:
    """Take the swap that leads farthest; None where none is allowed."""
    value, needed = objective_of(instance, chosen), [goal.needed for goal in instance.all_goals]
    best: tuple[Place, Whole] | None = None
    for swaps in swaps_of(instance, chosen):
        judged = judge(instance, swaps, chosen, needed)
        nearest, whole = _apart(swaps, sides, now)
        allowed = np.flatnonzero((judged.lawful & judged.keeps & (value + judged.objective <= most)).ravel())
        if not len(allowed):
            continue
        keys = [of.ravel()[allowed] for of in (-judged.objective, whole, nearest)]
        at = int(allowed[np.lexsort(keys)[-1]])
        k, j = divmod(at, nearest.shape[1])
        place = int(nearest[k, j]), int(whole[k, j]), -value - int(judged.objective[k, j])
        if best is None or place > best[0]:
            left = np.setdiff1d(chosen, swaps.leaving[:, [k]].nonzero()[0])
            best = place, np.union1d(left, swaps.entering[:, [j]].nonzero()[0])
    return best


def walk(instance: Instance, chosen: Whole, known: Sequence[Whole], *, most: int, deadline: float) -> Whole:
    """Swap one option after another, each time for the farthest lawful plan that meets the goals.

    Parameters
    ----------
    instance
        The problem; capacity is left aside.
    chosen
        Columns of the plan to begin from, which keeps all rules and meets all goals.
    known
        Columns of each plan to walk away from, at least one.
    most
        Largest objective of a plan on the way.
    deadline
        On the clock of `time.monotonic`.

    Returns
    -------
    chosen
        Columns of the plan from which no swap leads farther; the first one where none leads anywhere.
    """
    sides = np.ones((len(known), instance.n_columns), dtype=np.int64)  # what opening a column adds to the difference
    for side, columns in zip(sides, known, strict=True):
        side[columns] = -1
    sizes = np.array([len(columns) for columns in known], dtype=np.int64)
    now = sizes + sides[:, chosen].sum(axis=1)
    place = int(now.min()), int(now.sum()), -objective_of(instance, chosen)
    while time.monotonic() < deadline:
        step = _step(instance, chosen, sides, now, most)
        if step is None or step[0] <= place:
            break
        place, chosen = step
        now = sizes + sides[:, chosen].sum(axis=1)
    return chosen
