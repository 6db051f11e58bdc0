"""A compiled kernel that counts the open columns of each row; a sparse product would copy the whole matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from planner._compiled import kernel

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray


@kernel
def open_in_row(indptr: NDArray[Any], indices: NDArray[Any], opened: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count the open columns of each row of a sparse pattern.

    Parameters
    ----------
    indptr, indices
        The pattern, by rows.
    opened
        Mask of the columns.
    """
    rows = len(indptr) - 1
    found = np.zeros(rows, dtype=np.int64)
    for row in range(rows):
        count = 0
        for k in range(indptr[row], indptr[row + 1]):
            if opened[indices[k]]:
                count += 1
        found[row] = count
    return found
