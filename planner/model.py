"""Writes a reduced siting problem as a mixed-integer program, whole and at once (design, section 9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, vstack

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
    levels
        The levels of distance that ``chain`` speaks of; None where the objective counts no distances.
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
    """What merged rows (as a share), then sinks (as people), leave uncovered: ``matrix @ x + constant``."""

    matrix: csr_array
    constant: Whole


@dataclass(frozen=True, eq=False)
class _Entries:
    """What the goals count, all of them one after the other.

    Attributes
    ----------
    goal, row, weight, unit
        Of each entry: its goal, its row of `_Uncovered`, its weight, and its community, -1 for a goal on people.
    first, allowed, held
        Where each goal's communities begin; what each community may leave uncovered, and what is open in it.
    """

    goal: Whole
    row: Whole
    weight: Whole
    unit: Whole
    first: Whole
    allowed: Whole
    held: Whole


def _csr(factor: Whole, row: Whole, column: Whole, shape: tuple[int, int]) -> csr_array:
    return csr_array((factor, (row, column)), shape=shape)


def _ones(size: int) -> Whole:
    return np.ones(size, dtype=np.int64)


def _joined(parts: Sequence[Whole]) -> Whole:
    return np.concatenate([np.empty(0, dtype=np.int64), *parts])


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


def _entries(goals: Sequence[MergedGoal], n_short: int) -> _Entries:
    """Write down what all goals count; sinks stand after the merged rows, and count people already."""
    first = np.cumsum([0, *(0 if goal.unit_allowed is None else len(goal.unit_allowed) for goal in goals)])
    return _Entries(
        goal=np.repeat(np.arange(len(goals)), [len(goal.rows) for goal in goals]),
        row=_joined([goal.rows + n_short * goal.limited for goal in goals]),
        weight=_joined([_ones(len(goal.rows)) if goal.limited else goal.weight for goal in goals]),
        unit=_joined(
            [
                np.full(len(goal.rows), -1) if goal.unit is None else goal.unit + start
                for goal, start in zip(goals, first[:-1], strict=True)
            ]
        ),
        first=first,
        allowed=_joined([goal.unit_allowed for goal in goals if goal.unit_allowed is not None]),
        held=_joined([goal.unit_weight for goal in goals if goal.unit_weight is not None]),
    )


def _goal_families(
    goals: Sequence[MergedGoal],
    uncovered: _Uncovered,
    blocks: Mapping[str, slice],
    unit_of: tuple[Whole, Whole],
    width: int,
) -> list[_Family]:
    """Rows of the communities that have a flag, and rows of the goals.

    A goal on people: ``sum w u <= allowed``. One on communities: ``sum v <= allowed``, with
    ``sum w u - (W - A) v <= A`` for each; a community of one row is short exactly where that row is: v = u.
    """
    entries, flags = _entries(goals, blocks["short"].stop - blocks["short"].start), _numbers(blocks["unit"])
    each, flagged, n_rows = np.arange(len(flags)), entries.first[unit_of[0]] + unit_of[1], uncovered.matrix.shape[0]
    flag_of = np.full(entries.first[-1] + 1, -1)  # the last one, which -1 finds, is that of people
    flag_of[flagged] = each
    flag = flag_of[entries.unit]
    inside = flag >= 0
    sums = _csr(entries.weight[inside], flag[inside], entries.row[inside], (len(flags), n_rows))
    allowed = entries.allowed[flagged]
    short = _csr(entries.held[flagged] - allowed, each, flags, (len(flags), width))
    asked = np.where(entries.unit < 0, entries.weight, ~inside)
    counted = _csr(asked, entries.goal, entries.row, (len(goals), n_rows))
    own = _csr(_ones(len(flags)), unit_of[0], flags, (len(goals), width))
    if blocks["miss"].stop > blocks["miss"].start:
        count = len(goals)
        own = own - _csr(_ones(count), np.arange(count), _numbers(blocks["miss"]), (count, width))
    unit_upper = (allowed - sums @ uncovered.constant).astype(np.float64)
    goal_upper = (np.array([goal.allowed for goal in goals]) - counted @ uncovered.constant).astype(np.float64)
    return [
        _Family("unit", csr_array(sums @ uncovered.matrix - short), np.full(len(flags), -np.inf), unit_upper),
        _Family("goal", csr_array(counted @ uncovered.matrix + own), np.full(len(goals), -np.inf), goal_upper),
    ]


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
    blocks = _blocks(
        {
            "open": len(reduced.columns),
            "short": reduced.covers.shape[0],
            "unit": len(unit_of[0]),
            "flow": len(flows[0]),
            "chain": 0 if levels is None else len(levels.point),
            "miss": len(reduced.goals) if elastic else 0,
        }
    )
    width = blocks["miss"].stop
    families = [
        _cover_family(reduced, blocks, width),
        _chain_family(levels, blocks, width),
        *_goal_families(reduced.goals, _uncovered(reduced, flows[0], blocks), blocks, unit_of, width),
        _rule_family(instance, reduced, width),
        *_flow_families(instance, reduced, flows, blocks, width),
    ]
    program = _program(instance.price[reduced.columns], reduced, levels, flows[0], blocks, families)
    people, loss = _sinks(reduced)
    constant = reduced.lost + int((loss * people).sum()) + (0 if levels is None else levels.constant)
    rows = _blocks({family.name: family.matrix.shape[0] for family in families})
    return Model(program, blocks, rows, constant, flows, unit_of, levels)


def _sinks(reduced: Reduced) -> tuple[Whole, Whole]:
    """People of each sink, and what one of them weighs; none without capacity."""
    none = np.empty(0, dtype=np.int64)
    return (none, none) if reduced.sinks is None else (reduced.sinks.people, reduced.sinks.loss)


def _uncovered(reduced: Reduced, sink: Whole, blocks: Mapping[str, slice]) -> _Uncovered:
    """Return what a row is short of, and what a sink does not give."""
    people, n_short = _sinks(reduced)[0], reduced.covers.shape[0]
    left = np.concatenate([_ones(n_short), -_ones(len(sink))])
    row = np.concatenate([np.arange(n_short), n_short + sink])
    column = np.concatenate([_numbers(blocks["short"]), _numbers(blocks["flow"])])
    return _Uncovered(
        _csr(left, row, column, (n_short + len(people), blocks["miss"].stop)),
        np.concatenate([np.zeros(n_short, dtype=np.int64), people]),
    )


def _program(
    price: Whole,
    reduced: Reduced,
    levels: Levels | None,
    sink: Whole,
    blocks: Mapping[str, slice],
    families: Sequence[_Family],
) -> Program:
    """Put objective, rows and bounds of all blocks together."""
    width, (people, loss) = blocks["miss"].stop, _sinks(reduced)
    objective = np.zeros(width, dtype=np.int64)
    objective[blocks["open"]] = price
    objective[blocks["short"]] = reduced.loss
    objective[blocks["flow"]] = -loss[sink]
    objective[blocks["chain"]] = [] if levels is None else levels.gain
    upper = np.ones(width)
    upper[blocks["flow"]] = people[sink]
    # without a bound of their own the duals of a chain fall by at most what a step gains: see `proof`
    upper[blocks["chain"]] = upper[blocks["miss"]] = np.inf
    integer = np.zeros(width, dtype=bool)
    integer[blocks["open"]] = integer[blocks["unit"]] = True
    integer[blocks["short"]] = reduced.twice
    return Program(
        objective=objective,
        matrix=csr_array(vstack([family.matrix for family in families])),
        row_lower=np.concatenate([family.lower for family in families]),
        row_upper=np.concatenate([family.upper for family in families]),
        lower=np.zeros(width),
        upper=upper,
        integer=integer,
    )
