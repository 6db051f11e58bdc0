"""A table to read, and the text of its cells as they were read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from planner.coordinates import System
    from planner.errors import Fault

LON_OF_PLACE, LAT_OF_PLACE = "geometry lon", "geometry lat"
"""Headers of the place of a feature of a layer."""

_INVISIBLE = "\ufeff\u200b"
_SPACES = re.compile(r"\s+")

EXAMPLES = 5
"""Examples that a sentence names of many."""

_RUNS_SHOWN = 5


@dataclass(frozen=True)
class Hierarchy:
    """How a table that holds units of several levels says which unit lies above which.

    Attributes
    ----------
    code, parent, level
        Headers of a unit's code, of the code of the unit above it, and of its level.
    town, district
        Texts of the column `level` that mark towns and districts.
    """

    code: str
    parent: str
    level: str
    town: str
    district: str


@dataclass(frozen=True)
class TableSource:
    """A table to read, and what its columns mean.

    Attributes
    ----------
    file
        Absolute path.
    shown
        Path as the user wrote it; faults name this one.
    coordinates
        ``wgs84``, ``gcj02``, ``bd09`` or ``cgcs2000``; None is a fault when a point lies in China's box.
    id
        Header of the column with the ids, or ``row``: the ids are then the file's stem, a hyphen and the line.
    columns
        Contract name -> header in the file.
    defaults
        Contract name -> value where the table has no such column, or an empty cell.
    keep
        Header -> text that a row must have; the other rows are left out and listed.
    layer
        Demand only: layer of the rows that name none.
    sheet
        Name of the Excel sheet, None is the first one; or of the layer, None is the only one.
    hierarchy
        Demand only: the table's other rows are the towns and districts above those in use.
    unplaced
        Demand only: where a row without coordinates is put: ``leave`` (nowhere), ``town``, ``spread``.
    """

    file: Path
    shown: str
    coordinates: System | None = None
    id: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, object] = field(default_factory=dict)
    keep: Mapping[str, str] = field(default_factory=dict)
    layer: str | None = None
    sheet: str | None = None
    hierarchy: Hierarchy | None = None
    unplaced: str = "leave"

    @property
    def headers_named(self) -> tuple[str, ...]:
        """Headers that rows are chosen by, or put below others."""
        tree = self.hierarchy
        return (*self.keep, *((tree.code, tree.parent, tree.level) if tree else ()))


@dataclass(frozen=True)
class Merged:
    """Cells that are one, by their places in `Sheet.rows`, ends included; the first one holds the text."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, eq=False)
class Sheet:
    """All lines of a file as text; where its header is, is not known yet.

    Attributes
    ----------
    name
        Name of the sheet, empty for CSV.
    rows
        Cells, not yet stripped; rows may differ in length.
    lines
        Line of the file of each row; of a layer the number of the feature.
    merged
        Cells that are one.
    cut
        Places (row, column) of numbers that have lost their end.
    uncalculated
        Places of formulas without a calculated value.
    hidden_rows, hidden_columns
        First and last of each run of rows, or columns, that Excel does not show.
    converted
        Places of dates, times and truth values of a workbook: Excel makes them of texts.
    doubts
        What was decided where the file leaves a choice.
    """

    name: str
    rows: Sequence[Sequence[str]]
    lines: Sequence[int]
    merged: tuple[Merged, ...] = ()
    cut: tuple[tuple[int, int], ...] = ()
    uncalculated: frozenset[tuple[int, int]] = frozenset()
    hidden_rows: tuple[tuple[int, int], ...] = ()
    hidden_columns: tuple[tuple[int, int], ...] = ()
    converted: tuple[tuple[int, int], ...] = ()
    doubts: tuple[Fault, ...] = ()


@dataclass(frozen=True, eq=False)
class Grid:
    """A table as text: its header, and what stands below.

    Attributes
    ----------
    sheet
        Name of the sheet, empty for CSV.
    headers
        Names of the columns; the lines of a merged header are joined by spaces.
    cells
        Columns of stripped cells below the header.
    lines
        Line of the file of each row.
    faults
        Rows and columns that do not fit.
    above
        Line and text of each line above the header.
    uncalculated
        Line and number of the column of each formula without a calculated value.
    hidden
        First and last line of each run of lines that Excel does not show.
    converted
        Line and number of the column of each date, time or truth value of a workbook.
    doubts
        What was decided where the file leaves a choice.
    """

    sheet: str
    headers: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    faults: tuple[Fault, ...] = ()
    above: tuple[tuple[int, str], ...] = ()
    uncalculated: frozenset[tuple[int, int]] = frozenset()
    hidden: tuple[tuple[int, int], ...] = ()
    converted: tuple[tuple[int, int], ...] = ()
    doubts: tuple[Fault, ...] = ()


def strip(text: str) -> str:
    """Take white space and invisible marks off both ends."""
    return text.strip().strip(_INVISIBLE).strip()


def strip_all(cells: Sequence[str]) -> tuple[str, ...]:
    """Strip every cell of a column."""
    stripped = tuple(map(str.strip, cells))
    return tuple(map(strip, stripped)) if any(mark in "".join(stripped) for mark in _INVISIBLE) else stripped


def one_line(text: str) -> str:
    """Return `text` stripped and with every run of white space as one space, as a header is named."""
    return _SPACES.sub(" ", strip(text))


def in_runs(runs: Sequence[tuple[int, int]]) -> str:
    """Return runs of lines as text, ``3-5, 8``; after the first ones only how many more there are."""
    shown = [str(first) if first == last else f"{first}-{last}" for first, last in sorted(runs)]
    more = [f"… (+{len(shown) - _RUNS_SHOWN})"] if len(shown) > _RUNS_SHOWN else []
    return ", ".join([*shown[:_RUNS_SHOWN], *more])


def first_of(examples: Sequence[str], between: str = "; ", most: int = EXAMPLES) -> str:
    """Return the first examples as text, with a mark where there are more."""
    return between.join(examples[:most]) + (" …" if len(examples) > most else "")
