"""Exact reductions of an `Instance`: a smaller problem with the same optimal plans.

Rows that today's facilities cover are dropped, rows that nothing covers are set aside, rows with one set of columns
are one row with their people added up, and columns that another of their class dominates are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from planner._counts import open_in_row
from planner._cover import column_codes, equal_rows
from planner.groups import offsets
from planner.siting import NO_LIMIT, CommunityGoal, Instance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.siting import Capacity, Goal

    Whole = NDArray[np.int64]

COVERED, LOST = -1, -2
"""In place of a merged row: covered whatever is opened, and out of reach whatever is opened."""

TWICE = 2
"""How many open facilities backup coverage asks for."""

PRODUCT_MAX = 20_000_000
"""Multiplications spent on looking for dominated columns; beyond that none is looked for."""


@dataclass(frozen=True, eq=False)
class MergedGoal:
    """A goal over merged rows: what they leave uncovered must not exceed `allowed`.

    Attributes
    ----------
    rows, weight
        Merged rows (sinks, under capacity) and their weights.
    unit, unit_allowed, unit_weight, units
        For a goal on communities: the community of each entry; what each may leave uncovered and still count, what is
        open in it, and its number in the instance. Communities that count already, or that nothing can make count, are
        not here. None else.
    allowed
        People, or communities, that may fall short.
    limited
        Whether it stands on sinks.
    """

    rows: Whole
    weight: Whole
    allowed: int
    limited: bool
    unit: Whole | None = None
    unit_allowed: Whole | None = None
    unit_weight: Whole | None = None
    units: Whole | None = None


@dataclass(frozen=True, eq=False)
class Sinks:
    """Rows under capacity, merged where set of columns and goals are alike.

    Attributes
    ----------
    of_row
        Sink of each row of the instance, -1 for none.
    covers
        Sinks x columns of the instance, today's included.
    people, loss
        Of each sink; `loss` is for each person.
    """

    of_row: Whole
    covers: csr_array
    people: Whole
    loss: Whole


@dataclass(frozen=True, eq=False)
class Reduced:
    """What the solver sees.

    Attributes
    ----------
    columns
        Column numbers of the new columns that are left, shape (k,).
    covers
        Merged rows x k; CSR.
    twice
        Merged rows that only two open columns cover.
    loss
        Objective of leaving each merged row uncovered; what is lost whatever is opened is `lost`.
    goals
        In the order of the instance: people, then communities.
    of_row, of_row_twice
        Merged row of each row of the instance when one, or two, open facilities are asked for; `COVERED` or `LOST`.
    sinks
        None without capacity.
    """

    columns: Whole
    covers: csr_array
    twice: NDArray[np.bool_]
    loss: Whole
    lost: int
    goals: tuple[MergedGoal, ...]
    of_row: Whole
    of_row_twice: Whole
    sinks: Sinks | None


def _sets(covers: csr_array, rows: Whole) -> tuple[Whole, Whole]:
    """Group rows with equal sets of columns; returns the group of each row and the first row of each group."""
    codes = column_codes(covers.shape[1])
    group, first = equal_rows(covers.indptr, covers.indices, rows, codes)
    return group.astype(np.int64), first


def _sorted_pattern(covers: csr_array) -> csr_array:
    """Matrix with ascending columns in each row; itself where they are."""
    return covers if covers.has_sorted_indices else covers.sorted_indices()


def _new_pattern(instance: Instance, columns: Whole) -> csr_array:
    """Rows x new columns."""
    covers = instance.covers if len(columns) == instance.n_columns else csr_array(instance.covers[:, columns])
    return _sorted_pattern(covers)


def _needed_rows(instance: Instance, times: int) -> NDArray[np.bool_]:
    """Rows that a goal asks `times` open facilities for, or whose loss counts."""
    used = np.zeros(instance.n_rows, dtype=bool)
    for goal in instance.all_goals:
        if goal.times == times:
            used[goal.rows] = True
    if times == 1:
        used |= instance.loss > 0
    if instance.capacity is not None:
        used[instance.capacity.rows] = False
    return used


def _merge(covers: csr_array, standing: Whole, used: NDArray[np.bool_], times: int) -> tuple[Whole, Whole, Whole]:
    """Merge the used rows that still ask for `times` less what stands.

    Returns the place of each row in what is returned second (or `COVERED`, `LOST`), the rows that stand for their
    group, and how many columns each of those still asks for.
    """
    place = np.full(covers.shape[0], COVERED, dtype=np.int64)
    asked = times - standing
    place[np.diff(covers.indptr) < asked] = LOST
    firsts, asks, count = [], [], 0
    for still in range(1, times + 1):
        rows = np.flatnonzero(used & (asked == still) & (place != LOST))
        group, first = _sets(covers, rows)
        place[rows] = count + group
        firsts.append(first)
        asks.append(np.full(len(first), still))
        count += len(first)
    return place, np.concatenate(firsts).astype(np.int64), np.concatenate(asks).astype(np.int64)


def _totals(key: Whole, weight: Whole, n_keys: int) -> Whole:
    total = np.zeros(n_keys, dtype=np.int64)
    np.add.at(total, key, weight)
    return total


def _merged_people(goal: Goal, place: Whole, *, limited: bool) -> MergedGoal:
    """Merge a goal on people: the weights of a merged row add up, what is lost is taken off what may be lost."""
    at = place[goal.rows]
    rows, which = np.unique(at[at >= 0], return_inverse=True)
    lost = int(goal.weight[at == LOST].sum())
    weight = _totals(which, goal.weight[at >= 0], len(rows))
    return MergedGoal(rows[weight > 0], weight[weight > 0], goal.whole - goal.needed - lost, limited)


def _merged_units(goal: CommunityGoal, place: Whole, *, limited: bool) -> MergedGoal:
    """Merge a goal on communities; those decided already are taken out."""
    at = place[goal.rows]
    whole = _totals(goal.unit, goal.weight, goal.whole)
    lost = _totals(goal.unit[at == LOST], goal.weight[at == LOST], goal.whole)
    left = _totals(goal.unit[at >= 0], goal.weight[at >= 0], goal.whole)
    allowed = whole - goal.unit_needed - lost
    hopeless = allowed < 0
    undecided = ~hopeless & (left > allowed)
    number = np.cumsum(undecided) - 1
    inside = undecided[goal.unit] & (at >= 0) & (goal.weight > 0)
    keys, which = np.unique(np.stack([number[goal.unit[inside]], at[inside]], axis=1), axis=0, return_inverse=True)
    weight = _totals(which.ravel(), goal.weight[inside], len(keys))
    short = goal.whole - goal.needed - int(hopeless.sum())
    units = np.flatnonzero(undecided)
    return MergedGoal(keys[:, 1], weight, short, limited, keys[:, 0], allowed[units], left[units], units)


def _merged_goal(goal: Goal, place: Whole, *, limited: bool) -> MergedGoal:
    if isinstance(goal, CommunityGoal):
        return _merged_units(goal, place, limited=limited)
    return _merged_people(goal, place, limited=limited)


def _sinks(instance: Instance, capacity: Capacity, pattern: csr_array) -> Sinks:
    """Merge the rows under capacity that have the same columns and stand in the same goals and communities."""
    rows = capacity.rows
    group, _ = _sets(pattern, rows)
    marks = [group, (instance.loss[rows] > 0).astype(np.int64)]
    for goal in instance.all_goals:
        mark = np.full(instance.n_rows, -1, dtype=np.int64)
        mark[goal.rows] = goal.unit if isinstance(goal, CommunityGoal) else 0
        marks.append(mark[rows])
    _, first, which = np.unique(np.stack(marks, axis=1), axis=0, return_index=True, return_inverse=True)
    of_row = np.full(instance.n_rows, -1, dtype=np.int64)
    of_row[rows] = which.ravel()
    people = _totals(which.ravel(), instance.people[rows], len(first))
    return Sinks(of_row, csr_array(pattern[rows[first]]), people, marks[1][first])


def reduce(instance: Instance) -> Reduced:
    """Reduce an instance, exactly.

    Parameters
    ----------
    instance
        The problem.

    Returns
    -------
    reduced
        A problem over the new columns only, with the same optimal plans at the same objective.
    """
    columns = np.flatnonzero(~instance.fixed)
    standing = open_in_row(instance.covers.indptr, instance.covers.indices, instance.fixed)
    pattern = _new_pattern(instance, columns)
    places, first, asks = {}, [], []
    count = 0
    for times in (1, TWICE):
        needed = _needed_rows(instance, times)
        if times == TWICE and not needed.any():
            places[times] = np.full(instance.n_rows, COVERED, dtype=np.int64)
            continue
        place, rows, asked = _merge(pattern, standing, needed, times)
        places[times] = np.where(place >= 0, place + count, place)
        first.append(rows)
        asks.append(asked)
        count += len(rows)
    limited = np.zeros(instance.n_rows, dtype=bool)
    sinks = None
    if instance.capacity is not None:
        sinks = _sinks(instance, instance.capacity, _sorted_pattern(instance.covers))
        limited[instance.capacity.rows] = True
    merged = []
    for goal in instance.all_goals:
        on_sinks = sinks is not None and bool(limited[goal.rows].any())
        merged.append(_merged_goal(goal, sinks.of_row if on_sinks and sinks else places[goal.times], limited=on_sinks))
    counted = (instance.loss > 0) & ~limited
    at = places[1]
    covers, twice = csr_array(pattern[np.concatenate(first)]), np.concatenate(asks) == TWICE
    kept = _undominated(instance, columns, covers, twice)
    return Reduced(
        columns=columns[kept],
        covers=csr_array(covers[:, kept]),
        twice=twice,
        loss=_totals(at[counted & (at >= 0)], instance.loss[counted & (at >= 0)], count),
        lost=int(instance.loss[counted & (at == LOST)].sum()),
        goals=tuple(merged),
        of_row=places[1],
        of_row_twice=places[TWICE],
        sinks=sinks,
    )


def _alike(instance: Instance, columns: Whole) -> Whole:
    """Class of each column: columns of one class stand in the same rules alike; -1 where one may not be left out.

    Leaving out one of two open columns must break no rule: those with a minimum (or a maximum, where the coefficient is
    negative) hold a column in place.
    """
    rules = instance.rules
    held = csr_array(rules.matrix[:, columns].T)
    held.sort_indices()
    up, down = rules.maximum < NO_LIMIT, rules.minimum > -NO_LIMIT
    wrong = np.where(held.data > 0, down[held.indices], up[held.indices])
    owner = np.repeat(np.arange(len(columns)), np.diff(held.indptr))
    classes: dict[bytes, int] = {}
    found = np.empty(len(columns), dtype=np.int64)
    for k in range(len(columns)):
        inside = slice(held.indptr[k], held.indptr[k + 1])
        key = held.indices[inside].tobytes() + b"|" + held.data[inside].tobytes()
        found[k] = classes.setdefault(key, len(classes))
    found[owner[wrong]] = -1
    return found


def _undominated(instance: Instance, columns: Whole, covers: csr_array, twice: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mask of the columns that no other of their class beats in rows, price, tie value and place in the order."""
    kept = np.ones(len(columns), dtype=bool)
    per_row = np.diff(covers.indptr).astype(np.int64)
    if twice.any() or instance.capacity is not None or instance.travel is not None:
        return kept
    if int((per_row * per_row).sum()) > PRODUCT_MAX:
        return kept
    classes = _alike(instance, columns)
    ones = csr_array((np.ones(covers.nnz, dtype=np.int64), covers.indices, covers.indptr), shape=covers.shape)
    shared = (ones.T @ ones).tocoo()
    size = np.bincount(covers.indices, minlength=len(columns))
    k, other = shared.row, shared.col
    inside = (shared.data == size[k]) & (k != other) & (classes[k] == classes[other]) & (classes[k] >= 0)
    k, other = k[inside], other[inside]
    price, tie = instance.price[columns], instance.tie[columns]
    order = _order(instance, columns)
    better = np.zeros(len(k), dtype=bool)
    equal = np.ones(len(k), dtype=bool)
    for value in (price, tie, order):
        better |= equal & (value[other] < value[k])
        equal &= value[other] == value[k]
    no_worse = (price[other] <= price[k]) & (tie[other] <= tie[k])
    kept[k[better & no_worse]] = False
    # a column that reaches nobody has no rows to share, and is left to its price
    return kept


def _order(instance: Instance, columns: Whole) -> Whole:
    """Rank of the columns by site, type, size and year."""
    parts = (instance.site_id, instance.type, instance.size, instance.year)
    keys = list(zip(*(part[columns].tolist() for part in parts), strict=True))
    rank = np.empty(len(columns), dtype=np.int64)
    rank[sorted(range(len(keys)), key=keys.__getitem__)] = np.arange(len(columns))
    return rank


def row_start(goal: MergedGoal) -> Whole:
    """Offsets of the communities of a goal in its entries, which stand in their order."""
    if goal.unit is None or goal.unit_allowed is None:
        return np.array([0, len(goal.rows)])
    return offsets(goal.unit, len(goal.unit_allowed))
