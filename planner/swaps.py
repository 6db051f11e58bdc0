"""Judges all swaps of one chosen option for one closed option at once, in whole numbers on the original rows.

A swap for nothing drops the option. People are counted by reach: capacity is left aside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csc_array, csr_array

from planner.recount import open_columns, times_covered
from planner.siting import CommunityGoal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from planner.siting import Goal, Instance, Rules, Travel

    Whole = NDArray[np.int64]
    Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Swaps:
    """Chosen options that open in the same years, and what may open in the place of one of them.

    Attributes
    ----------
    leaving, entering
        Columns of the instance x options: the columns of each chosen option (m), and those of each closed option in the
        same years (n). The first of `entering` is nothing at all.
    last_leaving, last_entering
        Column of each option in the last year; -1 for nothing.
    leaves, enters
        Rows x options: what a chosen option serves, and what would be served in its place; a row once at most, for an
        option has one column in each year and a row belongs to a year.
    times
        How many open columns serve each row now.
    """

    leaving: csr_array
    entering: csr_array
    last_leaving: Whole
    last_entering: Whole
    leaves: csr_array
    enters: csr_array
    times: Whole


@dataclass(frozen=True, eq=False)
class Judged:
    """What each swap leads to; all of shape (m, n), the first column for nothing.

    Attributes
    ----------
    lawful
        Whether it keeps all rules.
    missed
        For each goal, whether it reaches less than it must.
    keeps
        Whether no goal does.
    yuan, objective
        By how much cost and objective rise.
    lost
        People of the last year who lose cover, added up over the standards.
    """

    lawful: Mask
    missed: tuple[Mask, ...]
    keeps: Mask
    yuan: Whole
    objective: Whole
    lost: Whole


def _columns_of(instance: Instance, options: Whole, among: Mask, before: int) -> tuple[csr_array, Whole]:
    """Columns of some options (ascending) as a matrix with empty places before, and the last column of each by year."""
    place = np.searchsorted(options, instance.option)
    known = np.append(options, -1)[place] == instance.option
    held = np.flatnonzero(among & known)
    held = held[np.argsort(instance.year[held], kind="stable")]
    shape = (instance.n_columns, before + len(options))
    last = np.full(shape[1], -1, dtype=np.int64)
    last[before + place[held]] = held  # of several the last one stays
    return csr_array((np.ones(len(held), dtype=np.int64), (held, before + place[held])), shape=shape), last


def swaps_of(instance: Instance, chosen: Whole) -> Iterator[Swaps]:
    """List all swaps of a plan, together for the chosen options that open in the same years.

    Parameters
    ----------
    instance
        The problem.
    chosen
        Numbers of the open new columns.

    Returns
    -------
    swaps
        Each chosen option is in one of them.
    """
    times, covers = times_covered(instance, chosen), csr_array(instance.covers)
    closed = np.setdiff1d(instance.option, instance.option[open_columns(instance, chosen)])
    years: dict[int, list[int]] = {}
    for column in chosen.tolist():
        years.setdefault(int(instance.option[column]), []).append(int(instance.year[column]))
    spans = {option: tuple(sorted(held)) for option, held in sorted(years.items())}
    for span in sorted(set(spans.values())):
        options = np.array([option for option, held in spans.items() if held == span], dtype=np.int64)
        in_years = np.isin(instance.year, span)
        leaving, last_leaving = _columns_of(instance, options, in_years, 0)
        entering, last_entering = _columns_of(instance, closed, in_years, 1)
        leaves, enters = csr_array(covers @ leaving), csr_array(covers @ entering)
        yield Swaps(leaving, entering, last_leaving, last_entering, leaves, enters, times)


def _scaled(matrix: csr_array, weight: Whole) -> csr_array:
    """Multiply each row by its weight; rows that weigh nothing hold nothing."""
    data = matrix.data * np.repeat(weight, np.diff(matrix.indptr))
    found = csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape, copy=True)
    found.eliminate_zeros()
    return found


def _lost(leaves: csr_array, enters: csr_array, times: Whole, weight: Whole, asked: int = 1) -> Whole:
    """By how much the weight of the rows that `asked` open columns serve falls, for each swap.

    A row that is served just often enough is lost when a chosen option leaves, and one that lacks one column is won by
    what enters. Where both touch a row, the first comes back, and the second is not won after all.
    """
    enough, lacks = weight * (times == asked), weight * (times == asked - 1)
    both = csr_array(_scaled(leaves, enough - lacks).T) @ enters
    return np.asarray((leaves.T @ enough)[:, None] - enters.T @ lacks - both.toarray(), dtype=np.int64)


def _held(matrix: csc_array, column: int) -> tuple[Whole, Whole]:
    """Rows and values of a column."""
    inside = slice(matrix.indptr[column], matrix.indptr[column + 1])
    return matrix.indices[inside].astype(np.int64), matrix.data[inside]


def _communities(swaps: Swaps, goal: CommunityGoal) -> Whole:
    """How many communities count after each swap: those that a leaving option touches are counted anew."""
    leaves, enters = csc_array(swaps.leaves[goal.rows]), csr_array(swaps.enters[goal.rows])
    times = swaps.times[goal.rows]
    entry = np.arange(len(goal.rows))
    people = csr_array((goal.weight, (goal.unit, entry)), shape=(goal.whole, len(entry)))
    members = csr_array((np.ones_like(entry), (goal.unit, entry)), shape=people.shape)
    got = people @ (times >= goal.times).astype(np.int64)
    counts = got >= goal.unit_needed
    gain = csr_array(people @ _scaled(enters, (times == goal.times - 1).astype(np.int64))).tocoo()
    won = ~counts[gain.row] & (got[gain.row] + gain.data >= goal.unit_needed[gain.row])
    wins = csr_array((won.astype(np.int64), (gain.row, gain.col)), shape=gain.shape)
    found: Whole = np.tile(int(counts.sum()) + wins.sum(axis=0), (leaves.shape[1], 1))
    for k in range(leaves.shape[1]):
        served, _ = _held(leaves, k)
        touched = np.unique(goal.unit[served[times[served] <= goal.times]])
        inside = members[touched].indices
        left = times[inside] - np.isin(inside, served)
        part, here = csr_array(people[touched][:, inside]), csr_array(enters[inside])
        again = csr_array(part @ _scaled(here, (left == goal.times - 1).astype(np.int64))).toarray()
        again += (part @ (left >= goal.times).astype(np.int64))[:, None]
        found[k] += (again >= goal.unit_needed[touched, None]).sum(axis=0)
        found[k] -= int(counts[touched].sum()) + wins[touched].sum(axis=0)
    return found


def _reached(swaps: Swaps, goal: Goal) -> Whole:
    """Tell what a goal reaches after each swap."""
    if isinstance(goal, CommunityGoal):
        return _communities(swaps, goal)
    leaves, enters, times = swaps.leaves[goal.rows], swaps.enters[goal.rows], swaps.times[goal.rows]
    now = int(goal.weight[times >= goal.times].sum())
    return now - _lost(leaves, enters, times, goal.weight, goal.times)


def _outside(rules: Rules, value: Whole, rule: Whole) -> Whole:
    """1 where the value of a rule is out of its bounds; values of shape (len(rule),) or (len(rule), n)."""
    low, high = rules.minimum[rule], rules.maximum[rule]
    if value.ndim > 1:
        low, high = low[:, None], high[:, None]
    return np.asarray((value < low) | (value > high), dtype=np.int64)


def _lawful(rules: Rules, swaps: Swaps, opened: Mask) -> Mask:
    """Which swaps keep all rules; rules that a leaving option touches are looked at anew."""
    value = np.asarray(rules.matrix @ opened.astype(np.int64))
    leaves, enters = csc_array(rules.matrix @ swaps.leaving), csr_array(rules.matrix @ swaps.entering)
    now, entry = _outside(rules, value, np.arange(len(value))), enters.tocoo()
    turns = _outside(rules, value[entry.row] + entry.data, entry.row.astype(np.int64)) - now[entry.row]
    change = csr_array((turns, (entry.row, entry.col)), shape=entry.shape)
    broken: Whole = np.tile(int(now.sum()) + change.sum(axis=0), (leaves.shape[1], 1))
    for k in range(leaves.shape[1]):
        touched, factor = _held(leaves, k)
        after = (value[touched] - factor)[:, None] + enters[touched].toarray()
        broken[k] += _outside(rules, after, touched).sum(axis=0)
        broken[k] -= int(now[touched].sum()) + change[touched].sum(axis=0)
    return np.asarray(broken == 0)


def _option_of(columns: csr_array) -> Whole:
    """Option of each column of the instance, -1 for none."""
    held, found = columns.tocoo(), np.full(columns.shape[0], -1, dtype=np.int64)
    found[held.row] = held.col
    return found


def _nearest_two(travel: Travel, point: Whole, opened: Mask) -> tuple[Whole, Whole, Whole]:
    """Metres of each point to its nearest and its second open column, `far_m` at most, and the nearest (-1: none)."""
    near = np.flatnonzero(opened[travel.column])  # of each point the nearest first
    first = np.flatnonzero(np.diff(point[near], prepend=-1))
    second = first[np.append(point[near], -1)[first + 1] == point[near[first]]] + 1
    found = np.full((2, len(travel.weight)), travel.far_m, dtype=np.int64)
    for metres, place in zip(found, (near[first], near[second]), strict=True):
        metres[point[place]] = np.minimum(travel.metres[place], travel.far_m)
    nearest = np.full(len(travel.weight), -1, dtype=np.int64)
    nearest[point[near[first]]] = travel.column[near[first]]
    return found[0], found[1], nearest


def _farther(travel: Travel, swaps: Swaps, opened: Mask) -> Whole:
    """By how much the weighted way of all points to their nearest open column rises, for each swap."""
    point = np.repeat(np.arange(len(travel.weight)), np.diff(travel.start))
    now, then, nearest = _nearest_two(travel, point, opened)
    leaver = np.append(_option_of(swaps.leaving), -1)[nearest]
    gone = np.flatnonzero(leaver >= 0)
    dropped = np.zeros(swaps.leaving.shape[1], dtype=np.int64)
    np.add.at(dropped, leaver[gone], (travel.weight * (then - now))[gone])
    option = _option_of(swaps.entering)[travel.column]
    entry = np.flatnonzero(option >= 0)
    at, option, metres = point[entry], option[entry], travel.metres[entry]
    saved_now = travel.weight[at] * np.maximum(0, now[at] - metres)
    saved_then = travel.weight[at] * np.maximum(0, then[at] - metres)
    saved = np.zeros(swaps.entering.shape[1], dtype=np.int64)
    np.add.at(saved, option, saved_now)
    both = np.zeros((len(dropped), len(saved)), dtype=np.int64)
    mine = leaver[at] >= 0
    np.add.at(both, (leaver[at[mine]], option[mine]), (saved_then - saved_now)[mine])
    return dropped[:, None] - saved - both


def judge(instance: Instance, swaps: Swaps, chosen: Whole, least: Sequence[int]) -> Judged:
    """Judge swaps.

    Parameters
    ----------
    instance
        The problem.
    swaps
        Of `swaps_of`.
    chosen
        Numbers of the open new columns.
    least
        What each goal must reach: people goals first, then communities.

    Returns
    -------
    judged
        What each of them leads to.
    """
    opened = open_columns(instance, chosen)
    yuan = (instance.cost_yuan @ swaps.entering) - (instance.cost_yuan @ swaps.leaving)[:, None]
    objective = (instance.price @ swaps.entering) - (instance.price @ swaps.leaving)[:, None]
    objective = objective + _lost(swaps.leaves, swaps.enters, swaps.times, instance.loss)
    if instance.travel is not None:
        objective = objective + _farther(instance.travel, swaps, opened)
    alone = _scaled(csr_array(instance.covers[:, swaps.last_leaving]), instance.people * (swaps.times == 1))
    lost = alone.sum(axis=0)[:, None] - csr_array(alone.T @ swaps.enters).toarray()
    missed = tuple(_reached(swaps, goal) < needed for goal, needed in zip(instance.all_goals, least, strict=True))
    keeps = np.logical_not(np.any([np.zeros(yuan.shape, dtype=bool), *missed], axis=0))
    return Judged(_lawful(instance.rules, swaps, opened), missed, keeps, yuan, objective, lost)
