"""Totals and subtotals of a table: its own check of the rows that they stand for."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from planner import columns as col
from planner.errors import Fault
from planner.grammar import read_cell
from planner.sources import first_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from planner.tablefaults import Part

_PEOPLE = next(column for column in col.DEMAND_COLUMNS if column.name == "people")
_AREAS = (("district",), ("district", "town"), ("setting",), ("layer",))
_PART_OF = re.compile("其中")


@dataclass(frozen=True)
class _Total:
    """A row that was left out as a total: its line, its people, how many rows stand above, how many since the last."""

    line: int
    people: int
    above: int
    since: int


def doubts(part: Part) -> Iterator[Fault]:
    """Doubt totals and subtotals that are not the sum of any rows that they may stand for.

    Parameters
    ----------
    part
        A table with its values. One with a hierarchy, or whose rows the scenario chooses by ``keep``, may hold what
        other rows sum besides, and one without a column of people, or with people that cannot be read, has no sums.

    Yields
    ------
    fault
        One for a table, at its first such row, with what each states and what its rows are together: those since the
        total before it, else all above it, else all. A total is right that is the sum of the rows between it and any
        other total or an end of the table, above or below it, or of all rows of a district, a town, a setting or a
        layer.
    """
    rows = _rows(part)
    if not rows:
        return
    totals, people = rows
    sums = [0, *accumulate(people)]
    ends = {0, sums[-1], *(sums[total.above] for total in totals)}
    areas = _sums_of_areas(part, people)
    wrong = [
        total
        for total in totals
        if not {sums[total.above] - total.people, sums[total.above] + total.people} & ends and total.people not in areas
    ]
    if wrong:
        examples = []
        for total in wrong:
            count = total.since or total.above or len(people)
            summed = sums[total.above] - sums[total.above - count] if total.above else sums[-1]
            examples.append(f"{total.line}: {total.people} / {summed} ({count})")
        values = {"count": len(wrong), "examples": first_of(examples)}
        header = part.grid.headers[part.matching.place["people"]]
        yield Fault("totals_unequal", part.source.shown, part.grid.sheet, wrong[0].line, header, values)


def _rows(part: Part) -> tuple[list[_Total], list[int]] | None:
    """Totals of a table, and the people of its rows in use; None where there is nothing to compare."""
    place, reasons = part.matching.place.get("people"), {row.row: row.reason for row in part.left_out}
    chosen = part.source.hierarchy is not None or "keep" in reasons.values()
    if place is None or chosen or "total" not in reasons.values():
        return None
    used, totals, people, last = set(part.used), [], [], 0
    for at, (line, cell) in enumerate(zip(part.grid.lines, part.grid.cells[place], strict=True)):
        figure = read_cell(_PEOPLE, cell)
        if at in used:
            if not isinstance(figure, int):
                return None
            people.append(figure)
        elif reasons.get(line) == "total" and isinstance(figure, int) and not _is_part(part, at):
            totals.append(_Total(line, figure, len(people), len(people) - last))
            last = len(people)
    return (totals, people) if totals and people else None


def _is_part(part: Part, at: int) -> bool:
    """Whether a row says of itself that it is a part (其中：男), and no total."""
    return any(_PART_OF.match(cells[at]) for cells in part.grid.cells)


def _sums_of_areas(part: Part, people: list[int]) -> set[int]:
    """People of every district, town, setting and layer of a table of people."""
    found: set[int] = set()
    for names in _AREAS if part.values.keys() >= {"setting", "layer"} else ():
        of_area: Counter[tuple[object, ...]] = Counter()
        columns = (part.values[name] for name in names)
        for figure, area in zip(people, zip(*columns, strict=True), strict=True):
            of_area[area] += figure
        found.update(of_area.values())
    return found
