"""Travel to the nearest open facility as a chain of distances (the radius formulation of p-median problems).

Garcia, Labbe & Marin (2011): a point pays each step from one distance to the next as long as nothing open is nearer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.siting import Travel

    Whole = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Levels:
    """The distances at which a new facility would bring a point nearer than what stands today.

    Attributes
    ----------
    point, first, gain
        Point of each level, whether it is the point's nearest, and people x metres from it to the next level.
    level, column
        Level, and position among the new columns, of each column that stands at one.
    nearest
        Metres that each point travels at least.
    constant
        People x metres that are travelled in any case.
    """

    point: Whole
    first: NDArray[np.bool_]
    gain: Whole
    level: Whole
    column: Whole
    nearest: Whole
    constant: int


def levels_of(travel: Travel, fixed: NDArray[np.bool_], columns: Whole) -> Levels:
    """Group the new columns that each point can reach by their distance.

    Parameters
    ----------
    travel
        Distances, nearest first in each point.
    fixed
        Which columns stand today: beyond the nearest of them a point never travels.
    columns
        The new columns.

    Returns
    -------
    levels
        The chain.
    """
    position = np.full(len(fixed), -1, dtype=np.int64)
    position[columns] = np.arange(len(columns))
    owner = np.repeat(np.arange(len(travel.weight)), np.diff(travel.start))
    most = np.full(len(travel.weight), travel.far_m, dtype=np.int64)
    standing = fixed[travel.column]
    np.minimum.at(most, owner[standing], travel.metres[standing])
    kept = (position[travel.column] >= 0) & (travel.metres < most[owner])
    owner, metres, column = owner[kept], travel.metres[kept], position[travel.column[kept]]
    begins = np.ones(len(owner), dtype=bool)
    begins[1:] = (owner[1:] != owner[:-1]) | (metres[1:] != metres[:-1])
    point, here = owner[begins], metres[begins]
    first = np.ones(len(point), dtype=bool)
    first[1:] = point[1:] != point[:-1]
    following = most[point]
    inner = np.flatnonzero(~first)
    following[inner - 1] = here[inner]
    nearest = most.copy()
    nearest[point[first]] = here[first]
    return Levels(
        point=point,
        first=first,
        gain=(following - here) * travel.weight[point],
        level=np.cumsum(begins) - 1,
        column=column,
        nearest=nearest,
        constant=int((nearest * travel.weight).sum()),
    )
