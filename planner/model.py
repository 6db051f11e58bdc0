"""Writes a reduced siting problem as a mixed-integer program, whole and at once (design, section 9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array, csr_array, vstack

from planner.levels import Levels, levels_of
from planner.program import Program
from planner.reduce import TWICE, row_start
from planner.siting import NO_LIMIT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from planner.reduce import MergedGoal, Reduced
    from planner.siting import Instance

    Whole = NDArray[np.int64]
    Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Model:
    """A program, and where its parts stand.

    Attributes
    ----------
    program
        The program.
    columns
        Where each block of columns stands: ``open`` (options, in the order of `Reduced.columns`), ``short`` (merged
        rows left uncovered), ``unit`` (communities that fall short), ``flow`` (people of a sink at a column), ``chain``
        (points that nothing open is nearer to than a level), ``miss`` (by how much an elastic goal is missed).
    rows
        Where each family of rows stands: ``cover``, ``chain``, ``unit``, ``goal``, ``rule``, ``sink``, ``open_flow``,
        ``load``.
    constant
        What the objective has beside the program's, whatever is opened.
    flows
        Sink and column of the instance of each flow.
    unit_of
        Goal, and community within it, of each column of ``unit``.
    """

    program: Program
    columns: Mapping[str, slice]
    rows: Mapping[str, slice]
    constant: int
    flows: tuple[Whole, Whole]
    unit_of: tuple[Whole, Whole]
    levels: Levels | None


@dataclass(frozen=True, eq=False)
class _Family:
    """Rows of one kind over all columns of the program, with their bounds."""

    name: str
    matrix: csr_array
    lower: Floats
    upper: Floats


@dataclass(frozen=True, eq=False)
class _Uncovered:
    """What merged rows (as a share), or sinks (as people), leave uncovered: ``matrix @ x + constant``."""

    matrix: csr_array
    constant: Whole


def _csr(factor: Whole, row: Whole, column: Whole, shape: tuple[int, int]) -> csr_array:
    return csr_array(coo_array((factor, (row, column)), shape=shape))


def _ones(size: int) -> Whole:
    return np.ones(size, dtype=np.int64)


def _blocks(sizes: Mapping[str, int]) -> dict[str, slice]:
    """Place blocks one after the other."""
    found, start = {}, 0
    for name, size in sizes.items():
        found[name] = slice(start, start + size)
        start += size
    return found


def _numbers(block: slice) -> Whole:
    return np.arange(block.start, block.stop, dtype=np.int64)


def _flagged_units(goals: Sequence[MergedGoal]) -> tuple[Whole, Whole]:
    """Goal and community of those that one row alone does not decide: they need a flag."""
    goal, unit = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for number, merged in enumerate(goals):
        if merged.unit is not None:
            many = np.flatnonzero((np.diff(row_start(merged)) > 1) | merged.limited)
            goal.append(np.full(len(many), number, dtype=np.int64))
            unit.append(many)
    return np.concatenate(goal), np.concatenate(unit)


def _flows(instance: Instance, reduced: Reduced) -> tuple[Whole, Whole]:
    """Sink and column of every flow: columns that stand or are left in the problem."""
    if reduced.sinks is None:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    useful = instance.fixed.copy()
    useful[reduced.columns] = True
    pairs = reduced.sinks.covers.tocoo()
    kept = useful[pairs.col]
    return pairs.row[kept].astype(np.int64), pairs.col[kept].astype(np.int64)


def _goal_family(
    reduced: Reduced,
    uncovered: Mapping[bool, _Uncovered],
    blocks: Mapping[str, slice],
    unit_of: tuple[Whole, Whole],
    width: int,
) -> tuple[_Family, _Family]:
    """Rows of the communities that have a flag, and rows of the goals.

    A goal on people: ``sum w u <= allowed``. One on communities: ``sum v <= allowed``, with
    ``sum w u - (W - A) v <= A`` for each; a community of one row is short exactly where that row is: v = u.
    """
    goal_rows, goal_upper = [csr_array((0, width), dtype=np.int64)], []
    unit_rows, unit_upper = [csr_array((0, width), dtype=np.int64)], []
    for number, goal in enumerate(reduced.goals):
        expression = uncovered[goal.limited]
        weight = _ones(len(goal.rows)) if goal.limited else goal.weight
        flags = np.flatnonzero(unit_of[0] == number)
        units = unit_of[1][flags]
        entry = np.arange(len(goal.rows))
        asked = np.zeros(len(goal.rows), dtype=np.int64)  # weight of each entry in the goal's own row
        if goal.unit is None or goal.unit_allowed is None or goal.unit_weight is None:
            asked = weight
        else:
            place = np.full(len(goal.unit_allowed), -1, dtype=np.int64)
            place[units] = np.arange(len(units))
            flagged = place[goal.unit] >= 0
            asked[~flagged] = 1
            sums = _csr(
                weight[flagged], place[goal.unit[flagged]], goal.rows[flagged], (len(units), expression.matrix.shape[0])
            )
            allowed, whole = goal.unit_allowed[units], goal.unit_weight[units]
            flag = _csr(whole - allowed, np.arange(len(units)), blocks["unit"].start + flags, (len(units), width))
            unit_rows.append(csr_array(sums @ expression.matrix - flag))
            unit_upper.append(allowed - sums @ expression.constant)
        row = _csr(asked, np.zeros(len(entry), dtype=np.int64), goal.rows, (1, expression.matrix.shape[0]))
        flag_row = _csr(_ones(len(flags)), np.zeros(len(flags), np.int64), blocks["unit"].start + flags, (1, width))
        goal_rows.append(csr_array(row @ expression.matrix + flag_row))
        goal_upper.append(goal.allowed - int((row @ expression.constant)[0]))
    goals = csr_array(vstack(goal_rows))
    if blocks["miss"].stop > blocks["miss"].start:
        count = len(reduced.goals)
        goals = csr_array(goals - _csr(_ones(count), np.arange(count), _numbers(blocks["miss"]), (count, width)))
    unit_limit = np.concatenate([np.empty(0), *unit_upper])
    return (
        _Family("unit", csr_array(vstack(unit_rows)), np.full(len(unit_limit), -np.inf), unit_limit),
        _Family("goal", goals, np.full(len(goal_upper), -np.inf), np.array(goal_upper, dtype=np.float64)),
    )


def _cover_family(reduced: Reduced, blocks: Mapping[str, slice], width: int) -> _Family:
    """Rows ``sum x + u >= 1``; for rows that two must cover ``sum x + 2 u >= 2`` with a whole u.

    The second keeps what ``b >= u, sum x + u + b >= 2`` loses: there u = b = 1/2 would halve a row that one covers.
    """
    asked = np.where(reduced.twice, TWICE, 1).astype(np.int64)
    each = np.arange(len(asked))
    owner = np.repeat(each, np.diff(reduced.covers.indptr))
    factor = np.concatenate([_ones(len(owner)), asked])
    column = np.concatenate([reduced.covers.indices, _numbers(blocks["short"])])
    matrix = _csr(factor, np.concatenate([owner, each]), column, (len(asked), width))
    return _Family("cover", matrix, asked.astype(np.float64), np.full(len(asked), np.inf))


def _chain_family(levels: Levels | None, blocks: Mapping[str, slice], width: int) -> _Family:
    """Rows ``z_l - z_(l-1) + sum of the level's x >= 0``, and 1 on the right for a point's first level."""
    if levels is None:
        return _Family("chain", csr_array((0, width), dtype=np.int64), np.empty(0), np.empty(0))
    each = np.arange(len(levels.point))
    follows = np.flatnonzero(~levels.first)
    row = np.concatenate([levels.level, each, follows])
    column = np.concatenate([levels.column, blocks["chain"].start + each, blocks["chain"].start + follows - 1])
    factor = np.concatenate([_ones(len(levels.level) + len(each)), -_ones(len(follows))])
    lower = levels.first.astype(np.float64)
    return _Family("chain", _csr(factor, row, column, (len(each), width)), lower, np.full(len(each), np.inf))


def _rule_family(instance: Instance, reduced: Reduced, width: int) -> _Family:
    """Rules over the columns that are left; what stands today is taken off the bounds."""
    rules = instance.rules
    standing = np.asarray(rules.matrix @ instance.fixed.astype(np.int64))
    left = csr_array(rules.matrix[:, reduced.columns])
    matrix = csr_array((left.data, left.indices, left.indptr), shape=(left.shape[0], width))
    lower = np.where(rules.minimum > -NO_LIMIT, rules.minimum - standing, -np.inf)
    upper = np.where(rules.maximum < NO_LIMIT, rules.maximum - standing, np.inf)
    return _Family("rule", matrix, lower.astype(np.float64), upper.astype(np.float64))


def _flow_families(
    instance: Instance, reduced: Reduced, flows: tuple[Whole, Whole], blocks: Mapping[str, slice], width: int
) -> list[_Family]:
    """Rows of flows: no sink gives more than its people, none to a closed column, no column takes more than it can."""
    if reduced.sinks is None or instance.capacity is None:
        return []
    sink, column = flows
    people = reduced.sinks.people
    at = _numbers(blocks["flow"])
    given = _csr(_ones(len(sink)), sink, at, (len(people), width))
    position = np.full(instance.n_columns, -1, dtype=np.int64)
    position[reduced.columns] = np.arange(len(reduced.columns))
    new = np.flatnonzero(position[column] >= 0)
    each = np.arange(len(new))
    through = _csr(_ones(len(new)), each, at[new], (len(new), width)) - _csr(
        people[sink[new]], each, position[column[new]], (len(new), width)
    )
    reach = np.zeros(instance.n_columns, dtype=np.int64)
    np.add.at(reach, column, people[sink])
    tight = np.flatnonzero(instance.capacity.limit < reach)
    place = np.full(instance.n_columns, -1, dtype=np.int64)
    place[tight] = np.arange(len(tight))
    inside = place[column] >= 0
    taken = _csr(_ones(int(inside.sum())), place[column[inside]], at[inside], (len(tight), width))
    limit = instance.capacity.limit[tight]
    opens = np.flatnonzero(position[tight] >= 0)
    room = _csr(limit[opens], opens, position[tight[opens]], (len(tight), width))
    return [
        _Family("sink", given, np.full(len(people), -np.inf), people.astype(np.float64)),
        _Family("open_flow", csr_array(through), np.full(len(new), -np.inf), np.zeros(len(new))),
        _Family(
            "load",
            csr_array(taken - room),
            np.full(len(tight), -np.inf),
            np.where(instance.fixed[tight], limit, 0).astype(float),
        ),
    ]


def build(instance: Instance, reduced: Reduced, *, elastic: bool = False) -> Model:
    """Write a problem as a program.

    Parameters
    ----------
    instance, reduced
        The problem and its reduction.
    elastic
        Whether goals may be missed, each by a column of its own that costs nothing here.

    Returns
    -------
    model
        The program, whose objective is that of the instance less `Model.constant`.
    """
    levels = None if instance.travel is None else levels_of(instance.travel, instance.fixed, reduced.columns)
    flows, unit_of = _flows(instance, reduced), _flagged_units(reduced.goals)
    n_short = reduced.covers.shape[0]
    blocks = _blocks(
        {
            "open": len(reduced.columns),
            "short": n_short,
            "unit": len(unit_of[0]),
            "flow": len(flows[0]),
            "chain": 0 if levels is None else len(levels.point),
            "miss": len(reduced.goals) if elastic else 0,
        }
    )
    width = blocks["miss"].stop
    short = _csr(_ones(n_short), np.arange(n_short), _numbers(blocks["short"]), (n_short, width))
    people = np.empty(0, dtype=np.int64) if reduced.sinks is None else reduced.sinks.people
    unserved = -_csr(_ones(len(flows[0])), flows[0], _numbers(blocks["flow"]), (len(people), width))
    uncovered = {
        False: _Uncovered(short, np.zeros(n_short, dtype=np.int64)),
        True: _Uncovered(csr_array(unserved), people),
    }
    families = [
        _cover_family(reduced, blocks, width),
        _chain_family(levels, blocks, width),
        *_goal_family(reduced, uncovered, blocks, unit_of, width),
        _rule_family(instance, reduced, width),
        *_flow_families(instance, reduced, flows, blocks, width),
    ]
    loss = np.empty(0, dtype=np.int64) if reduced.sinks is None else reduced.sinks.loss
    objective = np.zeros(width, dtype=np.int64)
    objective[blocks["open"]] = instance.price[reduced.columns]
    objective[blocks["short"]] = reduced.loss
    objective[blocks["flow"]] = -loss[flows[0]]
    objective[blocks["chain"]] = [] if levels is None else levels.gain
    upper = np.ones(width)
    upper[blocks["flow"]] = people[flows[0]]
    # without a bound of their own the duals of a chain fall by at most what a step gains: see `proof`
    upper[blocks["chain"]] = upper[blocks["miss"]] = np.inf
    integer = np.zeros(width, dtype=bool)
    integer[blocks["open"]] = integer[blocks["unit"]] = True
    integer[blocks["short"]] = reduced.twice
    program = Program(
        objective=objective,
        matrix=csr_array(vstack([family.matrix for family in families])),
        row_lower=np.concatenate([family.lower for family in families]),
        row_upper=np.concatenate([family.upper for family in families]),
        lower=np.zeros(width),
        upper=upper,
        integer=integer,
    )
    constant = reduced.lost + int((loss * people).sum()) + (0 if levels is None else levels.constant)
    rows = _blocks({family.name: family.matrix.shape[0] for family in families})
    return Model(program, blocks, rows, constant, flows, unit_of, levels)
