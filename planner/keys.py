"""Pairs of costs as single natural numbers, which the bounded searches compare at one stroke."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from planner.arcs import Arcs, Table
    from planner.roads import Roads

    Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Keys:
    """How a pair of costs is one natural number: the first before so many bits for the second, in 32 bits or in 64."""

    bits: int
    dtype: type[np.uint32 | np.uint64]

    @property
    def far(self) -> int:
        """A key above every other."""
        return int(np.iinfo(self.dtype).max)

    def rows(self, rows: Whole) -> NDArray[Any]:
        """Rows of payload and key, from rows of payload, first and second cost."""
        key = rows[:, 1] if self.bits == 0 else (rows[:, 1] << self.bits) | rows[:, 2]
        return np.stack([rows[:, 0], key], axis=1).astype(self.dtype)

    def costs(self, key: NDArray[Any]) -> tuple[Whole, Whole]:
        """First and second costs of keys."""
        whole = key.astype(np.int64)
        return (whole, np.zeros_like(whole)) if self.bits == 0 else (whole >> self.bits, whole & ((1 << self.bits) - 1))


def keys_for(roads: Roads, arcs: Arcs, limit: int, tables: Sequence[Table]) -> Keys:
    """Choose keys that hold whatever a search may add up: one cost for walking, for its time follows its length.

    A first cost is added to one within the limit; a second cost belongs to a path whose first is.

    Raises
    ------
    ValueError
        If the limit is below zero, or no number of 63 bits could hold the costs: for driving, above 200 km or a day.
    """
    if limit < 0:
        raise ValueError("a cutoff cannot be below zero")
    largest = [table.dearest for table in tables]
    first = limit + max(dearest[0] for dearest in largest)
    second = 0 if roads.mode == "walk" else limit * arcs.steepest + arcs.level + sum(dearest[1] for dearest in largest)
    bits, payload = second.bit_length(), max(table.largest for table in tables)
    if max(first.bit_length() + bits, payload.bit_length()) < 32:  # noqa: PLR2004
        return Keys(bits, np.uint32)
    if first.bit_length() + bits < 64:  # noqa: PLR2004
        return Keys(bits, np.uint64)
    raise ValueError(f"a limit of {limit} is too large for roads this slow: costs do not fit into 63 bits")


_made: WeakKeyDictionary[Arcs, tuple[Keys, NDArray[np.uint32], NDArray[Any]]] = WeakKeyDictionary()


def keyed(arcs: Arcs, keys: Keys) -> tuple[NDArray[np.uint32], NDArray[Any]]:
    """Offsets and rows of arcs with their costs as keys; those of the last kind of key are kept with the arcs."""
    made = _made.get(arcs)
    if made is None or made[0] != keys:
        made = _made[arcs] = keys, arcs.table.start.astype(np.uint32), keys.rows(arcs.table.rows)
    return made[1:]
