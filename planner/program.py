"""A mixed-integer program as frozen arrays of whole numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, vstack

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Program:
    """Minimise ``objective @ x`` with ``row_lower <= matrix @ x <= row_upper`` and ``lower <= x <= upper``.

    Attributes
    ----------
    objective
        Whole numbers, shape (n,).
    matrix
        Rows x n, whole numbers; CSR.
    row_lower, row_upper, lower, upper
        Bounds; infinite where there is none.
    integer
        Which of x are whole numbers, shape (n,).
    """

    objective: NDArray[np.int64]
    matrix: csr_array
    row_lower: NDArray[np.float64]
    row_upper: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    integer: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a solver said of a program.

    Attributes
    ----------
    values
        The best x that it found, whole where it must be; None for none.
    bound
        A lower bound of the objective; None for none.
    infeasible
        Whether it says that there is no x.
    """

    values: NDArray[np.float64] | None
    bound: float | None
    infeasible: bool


@dataclass(frozen=True, eq=False)
class Relaxed:
    """The optimum of a program without whole numbers: its objective, x, reduced costs and the duals of the rows."""

    objective: float
    values: NDArray[np.float64]
    reduced_cost: NDArray[np.float64]
    row_dual: NDArray[np.float64]


def with_row(
    program: Program, columns: NDArray[np.int64], factors: NDArray[np.int64], *, lower: float, upper: float
) -> Program:
    """Add a row to a program."""
    row = csr_array((factors, columns, np.array([0, len(columns)])), shape=(1, program.matrix.shape[1]))
    return replace(
        program,
        matrix=csr_array(vstack([program.matrix, row])),
        row_lower=np.append(program.row_lower, lower),
        row_upper=np.append(program.row_upper, upper),
    )


def with_constant(program: Program, constant: int) -> Program:
    """Carry a constant of the objective in a last column that is always 1, so that a gap is a part of the whole."""
    matrix, n = program.matrix, len(program.objective)
    return Program(
        objective=np.append(program.objective, constant),
        matrix=csr_array((matrix.data, matrix.indices, matrix.indptr), shape=(matrix.shape[0], n + 1)),
        row_lower=program.row_lower,
        row_upper=program.row_upper,
        lower=np.append(program.lower, 1.0),
        upper=np.append(program.upper, 1.0),
        integer=np.append(program.integer, False),
    )


def row_of(program: Program, row: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Columns and factors of a row."""
    inside = slice(program.matrix.indptr[row], program.matrix.indptr[row + 1])
    return program.matrix.indices[inside].astype(np.int64), program.matrix.data[inside]
