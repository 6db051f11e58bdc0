"""What `verify` found, and a figure as it is written beside what was found: the comparison's own words."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from planner.recoverage import Measured
    from planner.reinputs import Read
    from planner.rejudge import Rows
    from planner.replan import Opened

_SHARE = 1e-12
"""How far shares may lie apart: the last digits of a division."""


@dataclass(frozen=True)
class Figure:
    """A figure as it is written, and as it was found again.

    Attributes
    ----------
    file, row, column
        Where it stands; the row by its id or key.
    written, found
        Both as texts.
    same
        Whether they agree.
    """

    file: str
    row: str
    column: str
    written: str
    found: str
    same: bool


@dataclass(frozen=True, eq=False)
class Recomputed:
    """What was found again from the inputs of a result.

    Attributes
    ----------
    read
        The inputs.
    opened
        What the plan says that it opens.
    measured
        Distances; None where roads cannot be read again, and then `rows` are the result's own.
    rows
        (standard, state, year) -> coverage rows by point.
    planned
        Years of the plan; none where nothing was planned.
    taken
        (word, file, count) of all that was taken from the result and not found again.
    before
        Last year, of an audit that keeps its result; None elsewhere.
    tabled
        Standard -> coverage rows by point today by the site tables alone, where the scenario changes outlets of today.
    """

    read: Read
    opened: Sequence[Opened]
    measured: Measured | None
    rows: Mapping[tuple[str, str, int], Rows]
    planned: Sequence[int]
    taken: Sequence[tuple[str, str, int]]
    before: Recomputed | None = None
    tabled: Mapping[str, Rows] = field(default_factory=dict)


def as_text(value: object) -> str:
    """Return a figure as the comparison shows it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def figure(file: str, row: str, column: str, written: object, found: object) -> Figure:
    """Set a figure beside what was found: shares agree to 1e-12, all else exactly."""
    same = type(written) is type(found) and written == found
    if isinstance(written, int | float) and isinstance(found, int | float) and not isinstance(found, bool):
        same = abs(written - found) <= _SHARE * max(1.0, abs(found)) if float in (type(written), type(found)) else same
    return Figure(file, row, column, as_text(written), as_text(found), same)


def cells(file: str, row: str, written: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[Figure]:
    """Yield each figure that was found beside the one of its name."""
    for column, value in found.items():
        yield figure(file, row, column, written.get(column), value)


def missing(file: str, written: Iterable[str], found: Iterable[str]) -> Iterator[Figure]:
    """Rows that one side has and the other has not."""
    first, second = Counter([*written]), {*found}
    for row in sorted(first.keys() | second):
        yield figure(file, row, "", str(first[row]), "1" if row in second else "0")
