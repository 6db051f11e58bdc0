"""Siting problems over bare matrices, whose columns have no site and no type: what the classic models are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from planner.siting import NO_LIMIT, Instance, PeopleGoal, Rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Whole = NDArray[np.int64]


LARGEST_SUM = 2.0**53
"""Largest sum of weights or costs: whole numbers beyond are not told apart in floats."""


def whole_numbers(name: str, given: ArrayLike | None, size: int, otherwise: int) -> Whole:
    """Read whole numbers >= 0, one for each of `size` things; `otherwise` for each where none are given.

    Raises ValueError for other shapes and numbers.
    """
    if given is None:
        return np.full(size, otherwise, dtype=np.int64)
    values = np.asarray(given)
    if values.shape != (size,):
        raise ValueError(f"{name} has shape {values.shape}, not ({size},)")
    whole = values.astype(np.int64)
    if values.size and float(np.abs(values.astype(np.float64)).sum()) > LARGEST_SUM:
        raise ValueError(f"{name} adds up to more than 2^53: count in larger units")
    if (whole != values).any() or (whole < 0).any():
        raise ValueError(f"{name} must be whole numbers of at least 0: count in smaller units")
    return whole


def standing_mask(fixed: Sequence[int] | NDArray[np.int64], n_columns: int) -> NDArray[np.bool_]:
    """Mask of the columns that stand already; raises ValueError for a number that is no column."""
    columns = np.asarray(fixed, dtype=np.int64)
    if len(columns) and (columns.min() < 0 or columns.max() >= n_columns):
        raise ValueError(f"fixed names a column that is none of 0..{n_columns - 1}")
    standing = np.zeros(n_columns, dtype=bool)
    standing[columns] = True
    return standing


def at_most(weights: Whole, limit: int | None, name: str) -> Rules:
    """One rule on a weighted number of columns, or none."""
    if limit is None:
        return Rules((), csr_array((0, len(weights)), dtype=np.int64), np.empty(0, np.int64), np.empty(0, np.int64))
    return Rules((name,), csr_array(weights[np.newaxis, :]), np.array([-NO_LIMIT]), np.array([limit]))


def bare_instance(
    covers: csr_array,
    standing: NDArray[np.bool_],
    *,
    cost: Whole,
    price: Whole,
    loss: Whole,
    goals: tuple[PeopleGoal, ...],
    rules: Rules,
) -> Instance:
    """Make an instance of bare columns, which have no site and no type."""
    n_columns = len(standing)
    # fixed width, so that ids sort as numbers do
    digits = len(str(max(0, n_columns - 1)))
    names = np.array([f"{k:0{digits}d}" for k in range(n_columns)], dtype=object)
    blank = np.full(n_columns, "", dtype=object)
    return Instance(
        covers=covers,
        people=np.ones(covers.shape[0], dtype=np.int64),
        option=np.arange(n_columns, dtype=np.int64),
        year=np.zeros(n_columns, dtype=np.int64),
        site_id=names,
        type=blank,
        size=blank,
        cost_yuan=cost,
        price=price,
        loss=loss,
        tie=np.zeros(n_columns, dtype=np.int64),
        fixed=standing,
        goals=goals,
        communities=(),
        rules=rules,
    )


def pattern_of(covers: csr_array) -> csr_array:
    """Matrix with each column at most once in a row, ascending, without stored zeros; itself where it is so."""
    matrix = csr_array(covers)
    if not matrix.has_canonical_format or not matrix.data.all():
        matrix = matrix.copy()
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
    return matrix
