"""Exact reductions of an `Instance`: a smaller problem with the same optimal plans."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from planner.siting import CommunityGoal, Instance, PeopleGoal, covered_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class MergedGoal:
    """A goal on people over merged rows: the people left uncovered must not exceed `allowed`."""

    rows: NDArray[np.int64]
    people: NDArray[np.int64]
    allowed: int


@dataclass(frozen=True, eq=False)
class MergedCommunities:
    """A goal on communities over merged rows.

    Attributes
    ----------
    rows, unit, people
        Merged row, community and people of each entry.
    unit_allowed, unit_people
        People of each community that may stay uncovered while it counts, and its open people altogether. Communities
        that count already, or that nothing can make count, are not here.
    allowed
        How many of these communities may fall short.
    """

    rows: NDArray[np.int64]
    unit: NDArray[np.int64]
    people: NDArray[np.int64]
    unit_allowed: NDArray[np.int64]
    unit_people: NDArray[np.int64]
    allowed: int


@dataclass(frozen=True, eq=False)
class Reduced:
    """What the solver sees.

    Attributes
    ----------
    options
        Option numbers of the new options, shape (k,).
    row_options
        For each merged row the positions in `options` that cover it.
    goals, communities
        The goals over merged rows, in the order of the instance.
    uncoverable
        Mask of the original rows that no option covers.
    """

    options: NDArray[np.int64]
    row_options: tuple[NDArray[np.int64], ...]
    goals: tuple[MergedGoal, ...]
    communities: tuple[MergedCommunities, ...]
    uncoverable: NDArray[np.bool_]


def _merge_rows(instance: Instance, open_rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[NDArray[np.int64]]]:
    """Group rows with the same set of options; the sets are compared member by member."""
    position = np.full(instance.n_options, -1, dtype=np.int64)
    new = np.flatnonzero(~instance.fixed)
    position[new] = np.arange(len(new))
    sets: dict[bytes, int] = {}
    members: list[NDArray[np.int64]] = []
    group = np.full(len(instance.people), -1, dtype=np.int64)
    start, columns = instance.covers.indptr, instance.covers.indices
    for row in open_rows:
        chosen = np.sort(position[columns[start[row] : start[row + 1]]])
        key = chosen.tobytes()
        if key not in sets:
            sets[key] = len(members)
            members.append(chosen)
        group[row] = sets[key]
    return group, members


def _merged_goal(
    goal: PeopleGoal, people: NDArray[np.int64], group: NDArray[np.int64], lost: NDArray[np.bool_]
) -> MergedGoal:
    rows = goal.rows[group[goal.rows] >= 0]
    merged, which = np.unique(group[rows], return_inverse=True)
    total = np.zeros(len(merged), dtype=np.int64)
    np.add.at(total, which, people[rows])
    given_up = int(people[goal.rows[lost[goal.rows]]].sum())
    return MergedGoal(merged, total, goal.whole - goal.needed - given_up)


def _merged_communities(
    goal: CommunityGoal, people: NDArray[np.int64], group: NDArray[np.int64], lost: NDArray[np.bool_]
) -> MergedCommunities:
    given_up = np.zeros(goal.whole, dtype=np.int64)
    open_people = np.zeros(goal.whole, dtype=np.int64)
    np.add.at(given_up, goal.unit, people[goal.rows] * lost[goal.rows])
    np.add.at(open_people, goal.unit, people[goal.rows] * (group[goal.rows] >= 0))
    allowed = goal.unit_people - goal.unit_needed - given_up
    hopeless = allowed < 0
    undecided = ~hopeless & (open_people > allowed)
    number = np.cumsum(undecided) - 1
    inside = undecided[goal.unit] & (group[goal.rows] >= 0)
    keys = np.stack([number[goal.unit[inside]], group[goal.rows[inside]]], axis=1)
    pairs, which = np.unique(keys, axis=0, return_inverse=True)
    total = np.zeros(len(pairs), dtype=np.int64)
    np.add.at(total, which.ravel(), people[goal.rows[inside]])
    short = goal.whole - goal.needed - int(hopeless.sum())
    return MergedCommunities(pairs[:, 1], pairs[:, 0], total, allowed[undecided], open_people[undecided], short)


def reduce(instance: Instance) -> Reduced:
    """Drop rows that today's facilities cover, set the uncoverable ones aside, merge rows with equal options.

    Parameters
    ----------
    instance
        The problem.

    Returns
    -------
    reduced
        A problem over the new options only, with the same plans at the same costs.
    """
    nobody = np.empty(0, dtype=np.int64)
    covered = covered_rows(instance, nobody)
    served = np.diff(instance.covers.indptr) > 0
    lost = ~covered & ~served
    group, members = _merge_rows(instance, np.flatnonzero(~covered & served))
    return Reduced(
        options=np.flatnonzero(~instance.fixed),
        row_options=tuple(members),
        goals=tuple(_merged_goal(goal, instance.people, group, lost) for goal in instance.goals),
        communities=tuple(_merged_communities(goal, instance.people, group, lost) for goal in instance.communities),
        uncoverable=lost,
    )
