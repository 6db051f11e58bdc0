"""Rows that stand in groups one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Whole = NDArray[np.int64]


def offsets(key: Whole, n_keys: int) -> Whole:
    """Offsets by key (shape n_keys + 1) of rows that are sorted by it."""
    start = np.zeros(n_keys + 1, dtype=np.int64)
    np.cumsum(np.bincount(key, minlength=n_keys), out=start[1:])
    return start


def place_within(sizes: Whole) -> Whole:
    """Place of each row within its group, from 0, by the sizes of the groups."""
    return np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)


def rows_of(start: Whole, sizes: Whole) -> Whole:
    """Numbers of the rows of some groups, by where each begins and how many it has."""
    return np.repeat(start, sizes) + place_within(sizes)
