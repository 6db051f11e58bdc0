"""Shares out things of known load among some who are alike, so that the loads are as even as can be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_STEPS = 50_000
"""Steps of a search; one that takes more ends with the best found so far, and says that it is not proven."""

MOST_SEARCHED = 60
"""Things that are searched through; more are shared out by their order alone."""


@dataclass(frozen=True)
class Balance:
    """Who takes what.

    Attributes
    ----------
    taker
        Number of the one who takes each thing, in the order of the loads given.
    bound
        What the largest load cannot be below.
    proven
        Whether no other way is better.
    """

    taker: tuple[int, ...]
    bound: int
    proven: bool


@dataclass(eq=False)
class _Search:
    """A depth-first search through all ways, in the order of the numbers of the takers."""

    loads: Sequence[int]
    takers: int
    best: tuple[int, ...]
    taken: list[int] = field(default_factory=list)
    found: tuple[int, ...] | None = None
    steps: int = 0

    def go(self, sums: list[int], rest: int) -> None:
        """Share out what is left; `rest` is its load."""
        at = len(self.taken)
        if at == len(self.loads):
            self.found, self.best = tuple(self.taken), _descending(sums)
            return
        # takers are alike, so only one of those without anything is tried; so are things of one load
        first = self.taken[-1] if at and self.loads[at] == self.loads[at - 1] else 0
        for taker in range(first, min(max(self.taken, default=-1) + 2, self.takers)):
            self.steps += 1
            if self.steps > MOST_STEPS:
                return
            sums[taker] += self.loads[at]
            least = evenly(sums, rest - self.loads[at])
            if least < self.best or (least == self.best and self.found is None):
                self.taken.append(taker)
                self.go(sums, rest - self.loads[at])
                self.taken.pop()
            sums[taker] -= self.loads[at]


def balanced(loads: Sequence[int], takers: int) -> Balance:
    """Share out things so that the largest load is least, then the next largest, and so on.

    Of ways that are equal in this, the one in which the heaviest thing (of equal ones the first) goes to the first
    taker, the next one to the earliest that it can, and so on.

    Parameters
    ----------
    loads
        Whole numbers from 0.
    takers
        How many there are, one at least.

    Returns
    -------
    balance
        By branch and bound: a way that is begun cannot end more evenly than if the rest were water (`evenly`). Of more
        than `MOST_SEARCHED` things, or where the search takes more than `MOST_STEPS`, the best of what was found and of
        giving each thing, heaviest first, to who has least: then the largest load is at most 4/3 of the least possible
        (Graham 1969), and `bound` says how far from it it can be.
    """
    order = sorted(range(len(loads)), key=lambda at: -loads[at])
    heavy = [loads[at] for at in order]
    quick = _heaviest_first(heavy, takers)
    search = _Search(heavy, takers, _sums(heavy, quick, takers))
    if len(heavy) <= MOST_SEARCHED:
        search.go([0] * takers, sum(heavy))
    chosen = quick if search.found is None else search.found
    complete = len(heavy) <= MOST_SEARCHED and search.steps <= MOST_STEPS
    taker = dict(zip(order, chosen, strict=True))
    largest = max(_sums(heavy, chosen, takers))
    bound = largest if complete else _bound(heavy, takers)
    return Balance(tuple(taker[at] for at in range(len(loads))), bound, complete)


def evenly(sums: Sequence[int], rest: int) -> tuple[int, ...]:
    """Return the most even sums, largest first, when `rest` more is poured over some sums in steps of one."""
    low = sorted(sums)
    held = 0
    for count, level in enumerate(low, 1):
        held += level
        if count == len(low) or low[count] * count - held >= rest:
            each, more = divmod(held + rest, count)
            return _descending([*low[count:], *[each + 1] * more, *[each] * (count - more)])
    return ()


def _descending(sums: Sequence[int]) -> tuple[int, ...]:
    return tuple(sorted(sums, reverse=True))


def _sums(loads: Sequence[int], chosen: Sequence[int], takers: int) -> tuple[int, ...]:
    sums = [0] * takers
    for load, taker in zip(loads, chosen, strict=True):
        sums[taker] += load
    return _descending(sums)


def _heaviest_first(loads: Sequence[int], takers: int) -> tuple[int, ...]:
    """Give each thing to who has least so far, of equals the first."""
    sums = [0] * takers
    chosen = []
    for load in loads:
        taker = sums.index(min(sums))
        sums[taker] += load
        chosen.append(taker)
    return tuple(chosen)


def _bound(heavy: Sequence[int], takers: int) -> int:
    """Return what no largest load is below: an even share, the heaviest, and two of the first that one must take."""
    two = heavy[takers - 1] + heavy[takers] if len(heavy) > takers else 0
    return max(-(-sum(heavy) // takers), heavy[0], two)
