"""An instance together with its reduction and its program; changes to the program that leave plans out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from planner.model import Model, build
from planner.program import Program, with_row
from planner.reduce import Reduced, reduce

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.siting import Instance

    Whole = NDArray[np.int64]
    Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Problem:
    """An instance, what is left of it after reduction, and its program."""

    instance: Instance
    reduced: Reduced
    model: Model

    @cached_property
    def elastic(self) -> Model:
        """The same program with goals that may be missed; written once, for who asks."""
        return build(self.instance, self.reduced, elastic=True)

    def chosen(self, opened: Mask) -> Whole:
        """Column numbers of a choice of the options that are left."""
        return self.reduced.columns[opened]

    def ids(self, opened: Mask) -> list[tuple[str, str, str, int]]:
        """Site, type, size and year of each column of a choice, in order."""
        of = self.instance
        return sorted(
            (str(of.site_id[k]), str(of.type[k]), str(of.size[k]), int(of.year[k])) for k in self.chosen(opened)
        )


def problem_of(instance: Instance, reduced: Reduced | None = None) -> Problem:
    """Write the program of an instance; of its reduction, where that is known."""
    reduced = reduce(instance) if reduced is None else reduced
    return Problem(instance, reduced, build(instance, reduced))


def opened_by(problem: Problem, values: NDArray[np.float64]) -> Mask:
    """Options that a solution of the program opens."""
    return np.asarray(values[problem.model.columns["open"]] == 1)


def without_plan(program: Program, opened: Mask) -> Program:
    """Leave one plan out of what follows."""
    open_at = np.arange(len(opened), dtype=np.int64)
    factors = np.where(opened, 1, -1).astype(np.int64)
    return with_row(program, open_at, factors, lower=-np.inf, upper=int(opened.sum()) - 1)


def with_more(program: Program, opened: Mask) -> Program:
    """Ask for at least one option beyond these: what they leave uncovered, no part of them covers."""
    closed = np.flatnonzero(~opened)
    return with_row(program, closed, np.ones(len(closed), dtype=np.int64), lower=1, upper=np.inf)


def fixed_at(program: Program, opened: Mask) -> Program:
    """Open these options and no other."""
    lower, upper = program.lower.copy(), program.upper.copy()
    lower[: len(opened)] = upper[: len(opened)] = opened
    return replace(program, lower=lower, upper=upper)
