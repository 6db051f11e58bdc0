"""Some goals of a covering problem at a time: what they cost at least, as a cut for the whole problem.

Goals of different districts hang together only through options at the borders and through counts. The LP is a little
too cheap in each of them, and branching on all at once must undo that in every combination; solved alone, a group gives
a row ``price of the group @ x >= least`` that holds for every plan (Lagrangian decomposition: Guignard & Kim 1987).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array, csr_array

from planner import lp
from planner.bounds import Cut
from planner.covering import NO_LIMIT, Covering

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from planner.bounds import Master, Root

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]


UNITS = 20
"""Shared prices are multiples of the step of the prices divided by this: finer ones make longer searches."""


@dataclass(frozen=True, eq=False)
class Group:
    """Some goals alone: their numbers, their problem, and which options of the whole one it is over."""

    goals: tuple[int, ...]
    problem: Covering
    options: Whole


def reach_of(problem: Covering) -> csr_array:
    """Tell which options reach rows of which goals: goals x options."""
    return csr_array(problem.goals @ problem.covers.astype(np.int64)) > 0


def borders(reach: csr_array) -> Whole:
    """Count the options that each two goals have in common; a goal has none with itself."""
    common: Whole = (reach.astype(np.int64) @ reach.T.astype(np.int64)).toarray()
    np.fill_diagonal(common, 0)
    return common


def groups_of(ties: Floats, most: int) -> list[tuple[int, ...]]:
    """Put goals together in groups, those first that have most in common.

    Parameters
    ----------
    ties
        How much each two goals have in common, symmetric, 0 on the diagonal, shape (goals, goals).
    most
        Goals in a group.

    Returns
    -------
    groups
        Every goal once, ascending.
    """
    ties = ties.astype(np.float64).copy()
    groups: list[tuple[int, ...]] = [(goal,) for goal in range(len(ties))]
    size = np.ones(len(ties), dtype=np.int64)
    while True:
        fits = (ties > 0) & (size[:, None] + size[None, :] <= most)
        if not fits.any():
            return sorted(tuple(sorted(group)) for group in groups if group)
        a, b = np.unravel_index(np.argmax(np.where(fits, ties, 0.0)), ties.shape)
        groups[a], groups[b] = groups[a] + groups[b], ()
        size[a] += size[b]
        ties[a] += ties[b]
        ties[:, a] += ties[:, b]
        ties[b] = ties[:, b] = ties[a, a] = 0.0


def shared_price(master: Master, root: Root, known: Sequence[csr_array], step: int) -> Whole:
    """Share the price of each option among the goals for which it is opened.

    Parameters
    ----------
    master, root
        The LP and its optimum: they say what each option is worth to each goal, and what the rules add to its price.
    known
        Prices by goal and option of the groups whose rows the LP has.
    step
        Prices become multiples of a part of it.

    Returns
    -------
    price
        Whole numbers by goal and option; any such prices make valid cuts, these make strong ones.
    """
    problem, parts = master.problem, master.parts
    worth = np.zeros((problem.goals.shape[0], len(problem.price)))
    goal, row, used = [], [], []
    # cuts that came later have no multiplier
    for (part, entries), multiplier in zip(master.cuts, root.of_cuts, strict=False):
        if multiplier > 0 and part < 0:
            worth += (multiplier * known[entries[0]]).toarray()
        elif multiplier > 0 and parts.goal[part] >= 0:
            goal.append(np.full(len(entries), parts.goal[part]))
            row.append(parts.row[entries])
            used.append(multiplier * parts.weight[entries])
    if goal:
        place = (np.concatenate(goal), np.concatenate(row))
        of_rows = csr_array(coo_array((np.concatenate(used), place), shape=problem.goals.shape))
        worth += (of_rows @ problem.covers).toarray()
    # an option of no worth in the LP counts in full wherever it reaches
    total = worth.sum(axis=0)
    part_of = np.where(total > 0, worth / np.where(total > 0, total, 1.0), reach_of(problem).toarray())
    unit = max(1, step // UNITS)
    ruled = np.maximum(0.0, problem.price - problem.rules.T @ root.duals.rules)
    price: Whole = (unit * np.rint(part_of * ruled / unit)).astype(np.int64)
    return price


def alone(problem: Covering, goals: tuple[int, ...], price: Whole) -> Group:
    """Write the problem of some goals at their own prices: their rows, the options that reach them, what limits these.

    Rules without negative factors hold for a part of their options as well, as far as their maximum goes; others, and
    all minima, are left out: the least price can only fall.
    """
    mine = csr_array(problem.goals[list(goals)])
    rows = np.unique(mine.indices)
    covers = csr_array(problem.covers[rows])
    options = np.unique(covers.indices).astype(np.int64)
    rules = csr_array(problem.rules[:, options])
    has_negative = np.asarray((csr_array(problem.rules) < 0).sum(axis=1)).ravel() > 0
    kept = np.flatnonzero(~has_negative & (problem.maximum < NO_LIMIT) & (np.diff(rules.indptr) > 1))
    return Group(
        goals,
        Covering(
            covers=csr_array(covers[:, options]),
            loss=np.zeros(len(rows), dtype=np.int64),
            price=price[:, options][list(goals)].sum(axis=0),
            goals=csr_array(mine[:, rows]),
            allowed=problem.allowed[list(goals)],
            rules=csr_array(rules[kept]),
            minimum=np.full(len(kept), -NO_LIMIT),
            maximum=problem.maximum[kept],
        ),
        options,
    )


def add_least(master: Master, group: Group, least: float, number: int) -> None:
    """Add the row of a group to the LP: at its prices no plan costs less; `number` is kept with the cut."""
    paid = group.problem.price > 0
    index, factors = group.options[paid], group.problem.price[paid] / group.problem.price.max()
    least /= group.problem.price.max()
    lp.add_rows(master.lp, np.array([least]), np.array([np.inf]), np.array([0, len(index)]), index, factors)
    master.cuts.append(Cut(-1, np.array([number], dtype=np.int32)))


def price_of(group: Group, price: Whole) -> csr_array:
    """Keep the prices of a group's own goals and options, of all goals and options, on the scale of its row."""
    price = price / group.problem.price.max()
    goal = np.repeat(list(group.goals), len(group.options))
    option = np.tile(group.options, len(group.goals))
    return csr_array(coo_array((price[goal, option], (goal, option)), shape=price.shape))
