"""Turns the duals of a relaxed program into multipliers of an instance's own rows, for the certificate of a plan.

Whatever stands here, `certificate.bound_of` computes a valid bound from it; it is only as high as the multipliers are
good. Merged rows stand for rows with one set of columns, which the certificate knows to be equal: the first of them
carries the multiplier of all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array, csr_array, vstack

from planner.model import Model, build
from planner.program import Program, with_row
from planner.reduce import Reduced, reduce
from planner.siting import NO_LIMIT, Instance, Multipliers, Rules

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.program import Relaxed

    Whole = NDArray[np.int64]
    Floats = NDArray[np.float64]

SCALE = 2**20
"""Multipliers are whole numbers of so many parts."""


@dataclass(frozen=True, eq=False)
class Relaxation:
    """A program without capacity's flows, whose duals are multipliers of an instance's own rows.

    Attributes
    ----------
    program
        The program; the rows of `years`, in their order, come last.
    model, reduced
        What it was written from.
    years
        How many years have a row ``people served <= what open columns can take``.
    """

    program: Program
    model: Model
    reduced: Reduced
    years: int


def relaxation_of(instance: Instance, reduced: Reduced, model: Model) -> Relaxation:
    """Write the program whose duals are wanted: the model itself, or under capacity one with a row for each year."""
    if instance.capacity is None:
        return Relaxation(model.program, model, reduced, 0)
    loose = _standing_as_rules(instance)
    reduced = reduce(loose)
    model = build(loose, reduced)
    program = model.program
    rows = instance.capacity.rows
    year_of_row = _year_of_rows(instance)
    reach = np.asarray(instance.covers[rows].T @ instance.people[rows])
    limit = np.minimum(instance.capacity.limit, reach)
    years = np.unique(instance.year)
    for year in years:
        here = rows[(year_of_row[rows] == year) & (reduced.of_row[rows] >= 0)]
        short = np.bincount(reduced.of_row[here], instance.people[here], minlength=reduced.covers.shape[0])
        columns = np.flatnonzero(instance.year[reduced.columns] == year)
        merged = np.flatnonzero(short)
        program = with_row(
            program,
            np.concatenate([columns, model.columns["short"].start + merged]),
            np.concatenate([limit[reduced.columns[columns]], short[merged].astype(np.int64)]),
            lower=float(instance.people[here].sum()),
            upper=np.inf,
        )
    return Relaxation(program, model, reduced, len(years))


def _year_of_rows(instance: Instance) -> Whole:
    """Year of each row: that of its columns; that of the first column where it has none."""
    pairs = instance.covers.tocoo()
    year = np.full(instance.n_rows, instance.year[0] if instance.n_columns else 0, dtype=np.int64)
    year[pairs.row] = instance.year[pairs.col]
    return year


def _standing_as_rules(instance: Instance) -> Instance:
    """Ask for today's facilities by rules, so that rows which they reach stay: they may be full."""
    standing = np.flatnonzero(instance.fixed)
    each = np.arange(len(standing))
    held = csr_array(
        coo_array((np.ones(len(standing), np.int64), (each, standing)), shape=(len(each), instance.n_columns))
    )
    rules = instance.rules
    return replace(
        instance,
        fixed=np.zeros(instance.n_columns, dtype=bool),
        capacity=None,
        rules=Rules(
            (*rules.names, *("standing" for _ in each)),
            csr_array(vstack([rules.matrix, held])),
            np.concatenate([rules.minimum, np.ones(len(each), dtype=np.int64)]),
            np.concatenate([rules.maximum, np.full(len(each), NO_LIMIT)]),
        ),
    )


def _scaled(values: Floats) -> Whole:
    """Whole parts of multipliers; those below zero by a rounding are zero."""
    return np.rint(np.clip(values, 0.0, NO_LIMIT / SCALE / 2) * SCALE).astype(np.int64)


def _on_first(of_row: Whole, merged: Whole) -> Whole:
    """Put what a merged row has on the first of its rows."""
    values = np.zeros(len(of_row), dtype=np.int64)
    rows = np.flatnonzero(of_row >= 0)
    found, first = np.unique(of_row[rows], return_index=True)
    values[rows[first]] = merged[found]
    return values


def multipliers_of(instance: Instance, relaxation: Relaxation, relaxed: Relaxed) -> Multipliers:
    """Read multipliers off the duals.

    Parameters
    ----------
    instance
        The problem.
    relaxation, relaxed
        The program without whole numbers, and its optimum.

    Returns
    -------
    multipliers
        In units of 2^-20.
    """
    model, reduced = relaxation.model, relaxation.reduced
    dual = {name: relaxed.row_dual[rows] for name, rows in model.rows.items()}
    cover = _scaled(dual["cover"])
    rules = dual["rule"][: len(instance.rules.names)]
    signed = np.where(rules > 0, _scaled(rules), -_scaled(-rules))
    signed = np.where((signed > 0) & (instance.rules.minimum <= -NO_LIMIT), 0, signed)
    signed = np.where((signed < 0) & (instance.rules.maximum >= NO_LIMIT), 0, signed)
    return Multipliers(
        rows=_on_first(reduced.of_row, cover),
        backup=_on_first(reduced.of_row_twice, cover),
        goals=_scaled(-dual["goal"]),
        units=_units(instance, model, reduced, _scaled(-dual["unit"])),
        rules=signed.astype(np.int64),
        capacity=_scaled(relaxed.row_dual[len(relaxed.row_dual) - relaxation.years :]),
        points=_points(instance, model, dual["chain"]),
    )


def _units(instance: Instance, model: Model, reduced: Reduced, dual: Whole) -> tuple[Whole, ...]:
    """Multipliers of the communities of each goal: those that were decided already have none."""
    found = []
    goal_of, unit_of = model.unit_of
    for number, goal in enumerate(instance.communities, start=len(instance.goals)):
        values = np.zeros(goal.whole, dtype=np.int64)
        kept = reduced.goals[number].units
        here = goal_of == number
        if kept is not None:
            values[kept[unit_of[here]]] = dual[here]
        found.append(values)
    return tuple(found)


def _points(instance: Instance, model: Model, dual: Floats) -> Whole:
    """How much of each point's journey is charged: the nearest level's distance, and that level's dual on top.

    ``v - w d_l <= pi_l`` at every level l then, since the duals of a chain fall by at most what the step gains.
    """
    if instance.travel is None or model.levels is None:
        return np.empty(0, dtype=np.int64)
    travel, levels = instance.travel, model.levels
    charged = levels.nearest.astype(np.float64) * travel.weight
    charged[levels.point[levels.first]] += dual[levels.first]
    return _scaled(charged)
