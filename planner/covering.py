"""Large covering problems: their arrays, exact merging of rows with equal options, exact evaluation of plans."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from planner import _cover
from planner.workers import blocks_of, in_threads, workers_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROWS_AT_ONCE = 1_000_000
"""Rows that one thread groups before it takes the next."""

NO_LIMIT = 2**62
"""As a minimum with a minus, or a maximum: none."""


@dataclass(frozen=True, eq=False)
class Covering:
    """Minimise ``price @ x + loss @ u``: x opens options, u leaves rows uncovered (design, section 9).

    u_r >= 1 - sum of x over the options of row r, u >= 0, ``goals @ u <= allowed``,
    ``minimum <= rules @ x <= maximum``, x is 0 or 1.

    Attributes
    ----------
    covers
        Rows x options, pattern only. A row: people who share one set of options.
    loss
        What it costs to leave a row uncovered, at least 0, shape (rows,).
    price
        What it costs to open an option, at least 0, shape (options,).
    goals, allowed
        Goals x rows, whole weights of at least 0, and the largest sum over uncovered rows.
    rules, minimum, maximum
        Rules x options, whole factors of any sign, and bounds; see `NO_LIMIT`.
    """

    covers: csr_array
    loss: NDArray[np.int64]
    price: NDArray[np.int64]
    goals: csr_array
    allowed: NDArray[np.int64]
    rules: csr_array
    minimum: NDArray[np.int64]
    maximum: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Merged:
    """A problem with the same plans and, but for a constant, the same objective.

    Attributes
    ----------
    problem
        Distinct rows, each with at least one option.
    group
        Row of `problem` for each given row; -1 for those without options and those that nobody asks for.
    constant
        What the given objective is above that of `problem`.
    """

    problem: Covering
    group: NDArray[np.int32]
    constant: int


def _group(covers: csr_array, wanted: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Group the wanted rows by their sets of options; returns the group of each row, and a row of each group."""
    code = _cover.column_codes(covers.shape[1])
    blocks = blocks_of(covers.shape[0], ROWS_AT_ONCE)

    def work(block: tuple[int, int]) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
        rows = np.flatnonzero(wanted[block[0] : block[1]]) + block[0]
        return rows, *_cover.equal_rows(covers.indptr, covers.indices, rows, code)

    group = np.full(covers.shape[0], -1, dtype=np.int32)
    found = []
    seen = 0
    for rows, inside, first in in_threads(work, blocks, workers_for(len(blocks), None)):
        group[rows] = inside + seen
        seen += len(first)
        found.append(first)
    if len(found) == 1:
        return group, found[0]
    across, first = _cover.equal_rows(covers.indptr, covers.indices, np.concatenate([*found, np.empty(0, int)]), code)
    for low, high in blocks:
        part = group[low:high]
        part[part >= 0] = across[part[part >= 0]]
    return group, first


def _merged_goals(goals: csr_array, group: NDArray[np.int32], groups: int) -> csr_array:
    """Sum the weights of each goal by group."""
    goal = np.repeat(np.arange(goals.shape[0]), np.diff(goals.indptr))
    row = group[goals.indices]
    kept = row >= 0
    return csr_array((goals.data[kept].astype(np.int64), (goal[kept], row[kept])), shape=(goals.shape[0], groups))


def merge(problem: Covering) -> Merged:
    """Merge rows with equal sets of options, compared member by member; set aside rows that do not matter.

    Parameters
    ----------
    problem
        Any problem.

    Returns
    -------
    merged
        Rows without options are paid for in `Merged.constant` and taken off what the goals allow, which may so fall
        below 0: then no plan holds that goal.
    """
    covers = problem.covers
    if not covers.has_canonical_format:
        covers = covers.copy()
        covers.sum_duplicates()
    wanted = problem.loss > 0
    wanted[problem.goals.indices] = True
    served = np.diff(covers.indptr) > 0
    lost = wanted & ~served
    group, first = _group(covers, wanted & served)
    rows = covers[first]
    return Merged(
        Covering(
            covers=csr_array(
                (np.ones(rows.nnz, dtype=np.int8), rows.indices.astype(np.int32), rows.indptr.astype(np.int64)),
                shape=rows.shape,
            ),
            loss=_cover.summed(problem.loss, group, len(first)),
            price=problem.price,
            goals=_merged_goals(problem.goals, group, len(first)),
            allowed=problem.allowed - problem.goals @ lost.astype(np.int64),
            rules=problem.rules,
            minimum=problem.minimum,
            maximum=problem.maximum,
        ),
        group,
        int(problem.loss[lost].sum()),
    )


def uncovered_by(problem: Covering, opened: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which rows no open option covers."""
    return np.asarray(_cover.without_any(problem.covers.indptr, problem.covers.indices, opened))


def objective_of(problem: Covering, opened: NDArray[np.bool_]) -> int | None:
    """Recompute the objective of a plan in whole numbers.

    Parameters
    ----------
    problem
        The problem.
    opened
        Which options are open, shape (options,).

    Returns
    -------
    objective
        None where the plan misses a goal or breaks a rule.
    """
    left = uncovered_by(problem, opened)
    total = problem.rules @ opened.astype(np.int64)
    if (problem.goals @ left.astype(np.int64) > problem.allowed).any():
        return None
    if (total < problem.minimum).any() or (total > problem.maximum).any():
        return None
    return int(problem.price[opened].sum()) + int(problem.loss[left].sum())


def restricted(problem: Covering, opened: NDArray[np.bool_], free: NDArray[np.bool_]) -> Merged:
    """Keep only some options free, the others being open or closed for good, and merge again.

    Parameters
    ----------
    problem
        The problem.
    opened
        Options that stay open (where `free`, of no meaning), shape (options,).
    free
        Options that are left to decide, shape (options,).

    Returns
    -------
    merged
        The problem over the free options, in their order.
    """
    held = opened & ~free
    rows = np.flatnonzero(uncovered_by(problem, held))
    base = problem.rules @ held.astype(np.int64)
    has_minimum, has_maximum = problem.minimum > -NO_LIMIT, problem.maximum < NO_LIMIT
    rest = merge(
        Covering(
            covers=csr_array(problem.covers[rows][:, free]),
            loss=problem.loss[rows],
            price=problem.price[free],
            goals=csr_array(problem.goals[:, rows]),
            allowed=problem.allowed,
            rules=csr_array(problem.rules[:, free]),
            minimum=np.where(has_minimum, problem.minimum - base, problem.minimum),
            maximum=np.where(has_maximum, problem.maximum - base, problem.maximum),
        )
    )
    group = np.full(len(problem.loss), -1, dtype=np.int32)
    group[rows] = rest.group
    return Merged(rest.problem, group, rest.constant + int(problem.price[held].sum()))
