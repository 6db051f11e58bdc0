"""Computes the bound of a plan in whole numbers on the original rows; no solver, and no code of one, has a part in it.

Multipliers y of rows that every plan keeps prove a bound, whatever they are: ``y.b + sum_j min over the box of
(c_j - yA_j) x_j`` (Neumaier & Shcherbina 2004, Mathematical Programming 99). Unknowns beside the columns: row r has r,
the part of it that is unserved (0 or 1; a share under capacity), and r + n_rows, whether fewer than two columns serve
it. Numbers stand in int64 where sizes that are summed exactly show that nothing overflows, and else in Python's own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from planner.siting import NO_LIMIT, CommunityGoal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.siting import Capacity, Goal, Instance, Multipliers, Travel

    Whole = NDArray[Any]
    Fault = tuple[object, ...]

SCALE = 20
ONE = 2**SCALE
BLOCK = 2**22
"""Entries that are worked on in one go."""


class Refused(ValueError):  # noqa: N818  it names what is refused, not an error of ours
    """What is refused; `args` is the fault: a code, and the values that belong to it."""


@dataclass(frozen=True, eq=False)
class _Rows:
    """Cover rows as they bear on the unknowns: `times` unknowns for each row, as many columns as the goals ask for.

    An unknown may be `limited` (a share), `lost` (1 in every plan), `free` (undecided); it takes `owed` new columns to
    make it 0. `same` is the first of the unknowns that equal it in every plan. `covers` has the new columns only.
    """

    covers: csr_array
    times: int
    limited: NDArray[np.bool_]
    owed: Whole
    lost: NDArray[np.bool_]
    free: NDArray[np.bool_]
    same: Whole


def _halves(values: Whole) -> tuple[Whole, Whole]:
    """Take whole numbers apart into multiples of 2^32 and the rest, so that sums of either cannot overflow."""
    return values >> 32, values & (2**32 - 1)


def exact_sum(values: Whole) -> int:
    """Sum exactly."""
    high, low = _halves(values)
    return int(high.sum()) * 2**32 + int(low.sum())


def _size(values: Whole) -> int:
    """Sum the absolute values, exactly."""
    return exact_sum(np.maximum(values, 0)) - exact_sum(np.minimum(values, 0))


def summed(length: int, index: Whole, values: Whole) -> Whole:
    """Sum the values of each index."""
    out = np.zeros(length, dtype=values.dtype)
    np.add.at(out, index, values)
    return out


def _pressed(covers: csr_array, y: Whole) -> Whole:
    """Sum the multipliers of the rows of each column, exactly."""
    high, low = _halves(y)
    sums: Whole = (covers.T @ high).astype(object) * 2**32 + covers.T @ low
    return sums


def owners(start: Whole) -> Whole:
    """Row of each entry, from the offsets of the rows."""
    return np.repeat(np.arange(len(start) - 1), np.diff(start))


def canonical(matrix: csr_array) -> csr_array:
    """Order the columns of each row, and let each stand once."""
    if not matrix.has_canonical_format:
        matrix = matrix.copy()
        matrix.sum_duplicates()
    return matrix


def under_capacity(instance: Instance) -> NDArray[np.bool_]:
    """Mask of the rows under capacity."""
    limited = np.zeros(instance.n_rows, dtype=bool)
    if instance.capacity is not None:
        limited[instance.capacity.rows] = True
    return limited


def _alike(covers: csr_array, mark: Whole) -> Whole:
    """First row with the same columns and mark, for each row: found by sums of random keys, compared one by one.

    Rows with a mark below 0 stay alone, as do those whose sums agree by accident.
    """
    each, start, count = np.arange(len(mark)), covers.indptr[:-1].astype(np.int64), np.diff(covers.indptr)
    keys = np.random.default_rng(0).integers(2**62 // (int(count.max(initial=0)) + 3), size=covers.shape[1] + 1)
    rows = np.flatnonzero(mark >= 0)
    sums = (covers @ keys[:-1] + mark * keys[-1])[rows]
    _, first, which = np.unique(sums, return_index=True, return_inverse=True)
    like = each.copy()
    like[rows] = rows[first[which]]
    like = np.where((count == count[like]) & (mark == mark[like]), like, each)
    shift, unlike = start[like] - start, []
    for low, high in pairwise([*np.searchsorted(start, np.arange(0, covers.nnz, BLOCK)), len(each)]):
        row, entry = np.repeat(each[low:high], count[low:high]), np.arange(covers.indptr[low], covers.indptr[high])
        unlike.append(row[covers.indices[entry] != covers.indices[entry + shift[row]]])
    for alone in unlike:
        like[alone] = alone
    return like


def _rows_of(instance: Instance) -> _Rows:
    """Rebuild the cover rows: ``sum of new columns + owed z >= owed``, once for one column and once for two."""
    covers, limited = canonical(instance.covers), under_capacity(instance)
    signed = [instance.people, instance.loss, *(goal.weight for goal in instance.all_goals)]
    signed += [] if instance.travel is None else [instance.travel.weight]
    times = {1, *(goal.times for goal in instance.all_goals)}
    if (covers.data != 1).any() or any((values < 0).any() for values in signed) or not times <= {1, 2}:
        raise Refused("instance", "values")
    standing = covers @ instance.fixed.astype(np.int64)
    options = np.diff(covers.indptr) - standing
    kept = covers.indices[~instance.fixed[covers.indices]]
    start = np.concatenate([[0], np.cumsum(options)])
    covers = csr_array((np.ones(len(kept), dtype=np.int64), kept, start), shape=covers.shape)
    owed = [np.maximum(0, number - standing) for number in sorted(times)]
    like = _alike(covers, np.where(limited, -1, owed[-1]))
    same = [like + number * instance.n_rows for number in range(len(owed))]
    lost = [options < asked for asked in owed]
    free = [~gone & (asked > 0) for gone, asked in zip(lost, owed, strict=True)]
    free[0] |= limited & ~lost[0]
    share = [limited, *(np.zeros_like(limited) for _ in owed[1:])]
    return _Rows(covers, len(owed), *map(np.concatenate, (share, owed, lost, free, same)))


def _kind(instance: Instance, multipliers: Multipliers) -> Any:
    """Whether int64 holds every number that the rows give rise to, or Python's own must do."""
    own, pressed = _size(instance.loss) + _size(instance.people), _size(multipliers.rows) + _size(multipliers.backup)
    most = [0] * len(instance.goals) + [int(y.max(initial=0)) for y in multipliers.units]
    for goal, y, unit_y in zip(instance.all_goals, multipliers.goals.tolist(), most, strict=True):
        counted = _size(goal.weight) + _size(instance.people[goal.rows])
        own += counted + (_size(goal.unit_needed) if isinstance(goal, CommunityGoal) else 0)
        pressed += (y + unit_y) * (counted + goal.whole + 1)
    if instance.capacity is not None:
        pressed += int(multipliers.capacity.max(initial=0)) * _size(instance.people)
    if instance.travel is not None:
        farthest = max(instance.travel.far_m, int(instance.travel.metres.max(initial=0)))
        own, pressed = own + _size(instance.travel.weight) * farthest, pressed + _size(multipliers.points)
    return np.int64 if 2 * (ONE * own + pressed) < 2**62 else object


def _losses(instance: Instance) -> Whole:
    """Objective of each row that is wholly unserved: under capacity one for each person, where it has a loss."""
    return np.where(under_capacity(instance) & (instance.loss > 0), instance.people, instance.loss)


def _people_of(instance: Instance, goal: Goal) -> Whole:
    """People that each row of a goal counts for when it is served: under capacity all that are served."""
    return np.where(under_capacity(instance)[goal.rows], instance.people[goal.rows], goal.weight)


def _community_terms(
    goal: CommunityGoal, rows: _Rows, unknown: Whole, people: Whole, y: int, unit_y: Whole
) -> tuple[int, Whole]:
    """Terms of ``sum of v <= communities - needed`` and, for each, ``sum of w z - (total - slack) v <= slack``.

    A community counts (v = 0) when at most `allowed` of its people are unserved; those of decided rows are taken off.
    Unknowns that are 0 or 1 and weigh more than `allowed` are 0 in a community that counts, so the slack is no more
    than what the others weigh; and where one such unknown is left, v is that unknown.
    """
    units, free, width = goal.whole, rows.free[unknown], len(rows.same)
    allowed = summed(units, goal.unit, people * ~rows.lost[unknown]) - goal.unit_needed
    key, which = np.unique(goal.unit[free] * width + unknown[free], return_inverse=True)
    unit, piece, weight = key // width, key % width, summed(len(key), which, people[free])
    total = summed(units, unit, weight)
    shared = np.isin(np.arange(units), unit[rows.limited[piece]])
    asked = (allowed >= 0) & (allowed < total)
    alone = asked & ~shared & (np.bincount(unit, minlength=units) == 1)
    light = summed(units, unit, weight * (weight <= allowed[unit]))
    slack = np.where(shared, allowed, np.minimum(allowed, light))
    pressed = np.where(asked & ~alone, unit_y, 0)
    v_cost = np.minimum(y - pressed * (total - slack), 0)[asked & ~alone]
    constant = y * (int((allowed < 0).sum()) - (units - goal.needed)) - exact_sum(pressed * slack) + exact_sum(v_cost)
    return constant, summed(width, piece, pressed[unit] * weight + y * alone[unit])


def _goal_terms(instance: Instance, rows: _Rows, multipliers: Multipliers, kind: Any) -> tuple[int, Whole]:
    """Terms of ``sum of w z <= whole - needed`` and of the communities: a constant, and those of the unknowns."""
    constant, cost = 0, np.zeros(len(rows.same), dtype=kind)
    first = len(instance.goals)
    for number, (goal, y) in enumerate(zip(instance.all_goals, multipliers.goals.tolist(), strict=True)):
        once = rows.limited[goal.rows] | (goal.times == 1)
        unknown = rows.same[goal.rows + np.where(once, 0, instance.n_rows)]
        people = _people_of(instance, goal).astype(kind)
        if isinstance(goal, CommunityGoal):
            unit_y = multipliers.units[number - first].astype(kind)
            more, terms = _community_terms(goal, rows, unknown, people, y, unit_y)
        else:
            more, terms = y * (goal.needed - exact_sum(people)), summed(len(cost), unknown, y * people)
        constant, cost = constant + more, cost + terms
    return constant, cost


def _capacity_terms(instance: Instance, capacity: Capacity, y: Whole, kind: Any) -> tuple[int, Whole, Whole]:
    """Terms of ``sum of people (1 - z) <= sum of limit x`` in each year: a constant, those of the rows, of the columns.

    A limit counts as no more than the people within reach; a row that columns of several years serve is left out.
    """
    limited = np.unique(capacity.rows)
    years, year = np.unique(instance.year, return_inverse=True)
    part = canonical(instance.covers)[limited]
    row, first, last = owners(part.indptr), np.full(len(limited), len(years)), np.full(len(limited), -1)
    np.minimum.at(first, row, year[part.indices])
    np.maximum.at(last, row, year[part.indices])
    people: Whole = np.where(first == last, instance.people[limited], 0).astype(kind)
    limit = np.minimum(capacity.limit, summed(instance.n_columns, part.indices, people[row]))
    cost = people * np.append(y.astype(kind), 0)[first]
    return exact_sum(cost), summed(instance.n_rows, limited, -cost), -y.astype(object)[year] * limit


def _rule_terms(instance: Instance, y: Whole) -> tuple[int, Whole]:
    """Terms of the rules: a constant, and those of the columns."""
    rules = instance.rules
    side = np.where(y > 0, rules.minimum, np.where(y < 0, rules.maximum, 0))
    terms = -y.astype(object)[owners(rules.matrix.indptr)] * rules.matrix.data
    return int((y.astype(object) * side).sum()), summed(instance.n_columns, rules.matrix.indices, terms)


def _travel_terms(travel: Travel, n_columns: int, v: Whole, kind: Any) -> tuple[int, Whole]:
    """Terms of travel: ``sum of min(v, w far)``, and ``sum of min(0, w d - v)`` for each open column.

    Erlenkotter (1978). Valid for any v: let D be w times the metres to the nearest open column. If D >= v the point
    costs min(D, w far) >= min(v, w far), and what open columns add is not above 0. If D < v they add D - v or less, and
    min(v, w far) + D - v is neither above D nor above w far.
    """
    weight: Whole = travel.weight.astype(kind) * ONE
    point = owners(travel.start)
    saved = np.minimum(weight[point] * travel.metres - v[point], 0)
    return exact_sum(np.minimum(v, weight * travel.far_m)), summed(n_columns, travel.column, saved)


def _grid(instance: Instance, rows: _Rows, kind: Any) -> tuple[int, int]:
    """Return a constant and a step: the objective of every plan is that constant and a whole number of steps."""
    n_rows, travel = instance.n_rows, instance.travel
    constant = exact_sum(_losses(instance)[rows.lost[:n_rows]])
    person = np.where(rows.limited[:n_rows], instance.loss > 0, instance.loss)
    parts = [instance.price[~instance.fixed], person[rows.free[:n_rows]]]
    if travel is not None:
        weight: Whole = travel.weight.astype(kind)
        constant += exact_sum(weight * travel.far_m)
        nearer = travel.far_m - np.minimum(travel.metres, travel.far_m)
        parts.append(weight[owners(travel.start)] * nearer)
    return constant, math.gcd(*(int(np.gcd.reduce(part, initial=0)) for part in parts)) or 1


def lengths_of(instance: Instance) -> dict[str, tuple[int, ...]]:
    """How many multipliers there are of each kind."""
    return {
        "rows": (instance.n_rows,),
        "backup": (instance.n_rows,),
        "goals": (len(instance.all_goals),),
        "units": tuple(goal.whole for goal in instance.communities),
        "rules": (len(instance.rules.minimum),),
        "capacity": (0 if instance.capacity is None else len(np.unique(instance.year)),),
        "points": (0 if instance.travel is None else len(instance.travel.weight),),
    }


def arrays_of(multipliers: Multipliers, name: str) -> tuple[Whole, ...]:
    """Multipliers of one kind as a tuple of arrays."""
    given = getattr(multipliers, name)
    return given if name == "units" else (given,)


def _refuse_wrong(instance: Instance, multipliers: Multipliers) -> None:
    """Refuse multipliers of another length, of the wrong sign, or on a side of a rule that is open."""
    for name, lengths in lengths_of(instance).items():
        arrays = arrays_of(multipliers, name)
        if [y.shape for y in arrays] != [(length,) for length in lengths] or any(y.dtype != np.int64 for y in arrays):
            raise Refused("multipliers", name, "length")
        if name != "rules" and any((y < 0).any() for y in arrays):
            raise Refused("multipliers", name, "sign")
    y, rules = multipliers.rules, instance.rules
    if (((y > 0) & (rules.minimum <= -NO_LIMIT)) | ((y < 0) & (rules.maximum >= NO_LIMIT))).any():
        raise Refused("multipliers", "rules", "side")


def bound_of(instance: Instance, multipliers: Multipliers) -> int:
    """Compute a lower bound of the objective of every plan that keeps the rules and meets the goals.

    Parameters
    ----------
    instance, multipliers
        The problem, and multipliers of its rows: whatever they are, the bound is valid.

    Returns
    -------
    bound
        Rounded up to the next value that the objective can take.

    Raises
    ------
    Refused
        If there are more or fewer multipliers than rows, or one has the wrong sign; if the instance is none.
    """
    _refuse_wrong(instance, multipliers)
    rows, kind, n_rows = _rows_of(instance), _kind(instance, multipliers), instance.n_rows
    constant, cost = _goal_terms(instance, rows, multipliers, kind)
    covering = (multipliers.rows, multipliers.backup)[: rows.times]
    pressed: Whole = np.concatenate(covering).astype(kind) * rows.owed
    column = np.where(instance.fixed, 0, instance.price.astype(object) * ONE)
    column = column - sum(_pressed(rows.covers, y) for y in covering)
    more, terms = _rule_terms(instance, multipliers.rules)
    constant, column, cost = constant + exact_sum(pressed) + more, column + terms, cost - pressed
    cost[:n_rows] += _losses(instance).astype(kind) * ONE
    if instance.capacity is not None:
        more, row_terms, terms = _capacity_terms(instance, instance.capacity, multipliers.capacity, kind)
        constant, column = constant + more, column + terms
        cost[:n_rows] += row_terms
    if instance.travel is not None:
        more, terms = _travel_terms(instance.travel, instance.n_columns, multipliers.points.astype(kind), kind)
        constant, column = constant + more, column + terms
    cost = summed(len(cost), rows.same, cost)
    constant += exact_sum(np.where(rows.lost, cost, np.where(rows.free, np.minimum(cost, 0), 0)))
    constant += exact_sum(np.where(instance.fixed, column, np.minimum(column, 0)))
    least, step = _grid(instance, rows, kind)
    return int(least - (least * ONE - constant) // (step * ONE) * step)
