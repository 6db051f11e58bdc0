"""Errors of the planner: one tree, and the faults they carry.

PlannerError
├── ScenarioError   the scenario file is wrong
├── TableError      a table of people or sites is wrong
├── RoadError       the road file is wrong
├── PlanError       a plan failed the check of its own figures
└── BlockedError    the result cannot be written now (a file is open, the disk is full)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")


@dataclass(frozen=True)
class Fault:
    """One thing wrong with an input, where it stands, and the words to say it in.

    Attributes
    ----------
    code
        Key into the words: ``fault.<code>.what`` and ``fault.<code>.cure``.
    file
        Path as the user wrote it.
    sheet
        Name of the sheet, empty for files without sheets.
    row
        Line of the file, 1 for the first one; None when the fault has no line.
    column
        Column of a table, or key of a scenario (``standard.urban-walk-15.minutes``).
    cell
        Cell of a scenario's workbook, such as ``D5``; it is named in place of the line.
    values
        What the two sentences quote; a value that reads otherwise in each language is a mapping from these.
    rest
        Faults that this one counts, in place of listing them.
    called
        What the column is called in a language, where its own name would say little.
    """

    code: str
    file: str = ""
    sheet: str = ""
    row: int | None = None
    column: str = ""
    values: Mapping[str, object] = field(default_factory=dict)
    cell: str = ""
    rest: tuple[Fault, ...] = field(default=(), compare=False, repr=False)
    called: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)


class PlannerError(Exception):
    """Something the user can mend; `faults` says what, all at once.

    Parameters
    ----------
    faults
        Every fault found, in the order in which the user would meet them.
    """

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        super().__init__("; ".join(f"{f.code} {f.file} {f.row or ''} {f.column} {dict(f.values)}" for f in faults))


class ScenarioError(PlannerError):
    """The scenario file is wrong."""


class TableError(PlannerError):
    """A table of people or sites is wrong."""


class RoadError(PlannerError):
    """The road file is wrong."""


class PlanError(PlannerError):
    """A plan failed the check of its own figures: never the user's doing."""


class BlockedError(PlannerError):
    """The result cannot be written now; the inputs are not at fault."""


def attempt(step: Callable[[], T]) -> tuple[T | None, tuple[Fault, ...]]:
    """Take a step and go on where it fails, so that the faults of several steps can be told together.

    Parameters
    ----------
    step
        A function without arguments.

    Returns
    -------
    result, faults
        What the step gave and no faults, or None and its faults.
    """
    try:
        return step(), ()
    except PlannerError as error:
        return None, error.faults
