"""Official totals of districts or towns: read from tables, and checked for what cannot be."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from planner import tables
from planner.columns import GROUP_PREFIX, totals_columns
from planner.errors import Fault, TableError
from planner.grammar import quoted
from planner.sources import first_of
from planner.tablefaults import shortened

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from decimal import Decimal

    from planner.sources import TableSource
    from planner.sourceschema import TotalsSection
    from planner.tablefaults import LeftOut, Part

NEARLY = Fraction(5, 100)
"""A total may be so far off the sum of its units, as a part of it: tables are rounded, or lack a unit."""

GRAVE = frozenset({"totals_maybe_sum", "totals_holds", "totals_roads_lacking"})
"""Doubts about totals that may make figures void: people who count twice, or where there are none."""


@dataclass(frozen=True)
class Asked:
    """A table of totals, and what its people are spread over; as in ``[[demand.totals]]``.

    Attributes
    ----------
    source
        The table.
    of
        Column of the demand table that its units are named in.
    layer
        Layer of the people.
    spread
        ``units``, ``streets`` or ``raster``.
    raster, raster_shown
        The raster, and its path as the user wrote it.
    spacing_m
        About how far apart new points are.
    setting
        Setting of the people where the table has no urban share; None where it must have one.
    expected
        Units that must have a figure.
    """

    source: TableSource
    of: Literal["district", "town"]
    layer: str = "residents"
    spread: Literal["units", "streets", "raster"] = "units"
    raster: Path | None = None
    raster_shown: str = ""
    spacing_m: float = 200.0
    setting: str | None = None
    expected: tuple[str, ...] = ()


def asked_of(section: TotalsSection, source: TableSource, raster_shown: str) -> Asked:
    """Return what a section of a scenario asks for."""
    return Asked(
        source,
        of=section.of,
        layer=section.layer,
        spread=section.spread,
        raster=None if section.raster is None else Path(section.raster),
        raster_shown=raster_shown,
        spacing_m=float(section.spacing_m),
        setting=section.setting,
        expected=section.expected,
    )


@dataclass(frozen=True)
class Total:
    """The official figures of one unit.

    Attributes
    ----------
    name, district, code
        As the table has them, else empty.
    people
        ``people``, and ``people_<group>`` where the table counts groups -> figure.
    urban_share
        Of `people`; None where it is not known.
    file, row
        Where it stands.
    """

    name: str
    district: str
    code: str
    people: Mapping[str, int]
    urban_share: Decimal | None
    file: str
    row: int

    @property
    def unit(self) -> tuple[str, str]:
        """District and name: what tells it from every other unit."""
        return self.district, self.name

    @property
    def label(self) -> str:
        """Name that no other unit has: with the district, where one is named."""
        return self.district + self.name

    def fault(self, code: str, column: str = "", **values: object) -> Fault:
        """Say something of this unit."""
        return Fault(code, self.file, row=self.row, column=column, values={"name": quoted(self.label), **values})


@dataclass(frozen=True, eq=False)
class Official:
    """A table of totals as read.

    Attributes
    ----------
    asked
        What the scenario says of it.
    totals
        Its units, in the order of the file.
    rows_read, left_out, doubts
        As of `planner.tables.Table`.
    missing
        Units that are expected and have no figure.
    """

    asked: Asked
    totals: tuple[Total, ...]
    rows_read: int
    left_out: tuple[LeftOut, ...]
    doubts: tuple[Fault, ...]
    missing: tuple[str, ...]


def read_totals(asked: Sequence[Asked]) -> tuple[Official, ...]:
    """Read tables of official totals.

    Parameters
    ----------
    asked
        Tables, read in this order.

    Returns
    -------
    officials
        One for each; what is expected and missing is a doubt as well.

    Raises
    ------
    TableError
        With every fault of every table, for every unit of a layer that stands twice, and where a group of people is
        more than all.
    """
    parts = [tables.read_parts([item.source], totals_columns(item.of))[0] for item in asked]
    faults = [fault for part in parts for fault in part.faults]
    if not faults:
        found = tuple(_official(item, part) for item, part in zip(asked, parts, strict=True))
        faults += [*_twice(found), *_groups_over(found)]
    if faults:
        raise TableError(*shortened(faults))
    return found


def _official(asked: Asked, part: Part) -> Official:
    totals = tuple(_totals(part))
    names = {total.name for total in totals}
    missing = tuple(name for name in asked.expected if name not in names)
    shown = asked.source.shown
    doubts = [Fault("totals_missing", shown, column="expected", values={"name": name}) for name in missing]
    rows_read = len(part.grid.lines) + len(part.grid.above)
    return Official(asked, totals, rows_read, part.left_out, (*part.doubts, *doubts), missing)


def _totals(part: Part) -> Iterator[Total]:
    values: Mapping[str, Sequence[Any]] = part.values
    counted = [name for name in values if name == "people" or name.startswith(GROUP_PREFIX)]
    counted.sort(key=lambda name: name != "people")
    known = {name for name in counted if name == "people" or name in part.matching.place}
    for at, name in enumerate(values["name"]):
        yield Total(
            name=name,
            district=values["district"][at] if "district" in values else "",
            code=values["code"][at],
            people={key: values[key][at] for key in counted if key in known},
            urban_share=values["urban_share"][at],
            file=part.source.shown,
            row=part.line(at),
        )


def _twice(officials: Sequence[Official]) -> Iterator[Fault]:
    """Find units of one layer that stand twice; one without a district is any of that name."""
    first: dict[tuple[str, str], list[Total]] = {}
    for official in officials:
        for total in official.totals:
            same = first.setdefault((official.asked.layer, total.name), [])
            for other in same:
                if total.district == other.district or not (total.district and other.district):
                    yield total.fault("totals_twice", "name", file=other.file, other=other.row)
                    break
            same.append(total)


def _groups_over(officials: Sequence[Official]) -> Iterator[Fault]:
    """Find units of which a group is more than all their people."""
    for total in (total for official in officials for total in official.totals):
        for column, figure in total.people.items():
            if figure > total.people["people"]:
                yield total.fault("totals_group", column, group=column, figure=figure, people=total.people["people"])


def sums_of_others(official: Official, apart: Sequence[Total]) -> Iterator[Fault]:
    """Find rows that are a total of others, such as 全市, 市区 or a county among its towns: their people stand twice.

    Parameters
    ----------
    official
        The table.
    apart
        Its units without rows or area. One that is `expected` by name is a unit.

    Yields
    ------
    fault
        For a row whose people are exactly those of several others together (those right above or below it, all whose
        code begins as its own, all of its district, all there are), or that is named like the district of others. Rows
        farther off are not tried: rounded figures are often the sum of some others. Rows are judged without the totals
        already found, until none is found any more.
    """
    units = [total for total in official.totals if total.people["people"]]
    doubtful = [total for total in apart if total.people["people"] and total.name not in official.asked.expected]
    while doubtful:
        found = {total.row: parts for total in doubtful if (parts := _parts_of(total, units))}
        if not found:
            return
        for total in doubtful:
            if total.row in found:
                names = few([part.label for part in found[total.row]])
                yield total.fault("totals_sum", "name", people=total.people["people"], units=names)
        units, doubtful = ([total for total in totals if total.row not in found] for totals in (units, doubtful))


def few(names: Sequence[str]) -> str:
    """Name units as a sentence does, the first of them."""
    return first_of([*map(quoted, names)], " / ")


def _parts_of(total: Total, units: Sequence[Total]) -> Sequence[Total]:
    """Return the rows that a row is the total of; none where it is a unit."""
    others = [unit for unit in units if unit is not total]
    district = total.district or total.name
    same_district = [unit for unit in others if unit.district == district]
    if total.name == district and same_district:
        return same_district
    below = [unit for unit in others if total.code and unit.code.startswith(_prefix(total.code))]
    for parts in (same_district, below, others):
        if len(parts) > 1 and sum(unit.people["people"] for unit in parts) == total.people["people"]:
            return parts
    at = units.index(total)
    for beside in (units[:at][::-1], units[at + 1 :]):
        for count, people in enumerate(accumulate(unit.people["people"] for unit in beside), 1):
            if count > 1 and people == total.people["people"]:
                return sorted(beside[:count], key=lambda unit: unit.row)
    return ()


def may_be_sums(apart: Sequence[Total], units: Sequence[Total]) -> Iterator[Fault]:
    """Doubt rows that may be a total of others, in whatever order these stand and though it is off by a few.

    Parameters
    ----------
    apart
        Units without rows or area that nobody named as `expected`.
    units
        All units of their layer, in whatever tables.

    Yields
    ------
    fault
        One for each file, at its first row of as many people as the two smallest other units together, less `NEARLY`,
        or of exactly as many as another unit: whoever counts fewer is a total of no others. It is no proof, so it is
        no fault.
    """
    figures = sorted(unit.people["people"] for unit in units if unit.people["people"])
    count = Counter(figures)
    large: dict[str, list[Total]] = {}
    for total in apart:
        people, two = total.people["people"], figures[:3]
        if people in two:
            two.remove(people)
        if people and (count[people] > 1 or (len(two) > 1 and people >= (1 - NEARLY) * sum(two[:2]))):
            large.setdefault(total.file, []).append(total)
    for rows in large.values():
        names = few([total.label for total in rows])
        people = sum(total.people["people"] for total in rows)
        yield rows[0].fault("totals_maybe_sum", "name", units=names, count=len(rows), people=people)


def _prefix(code: str) -> str:
    """Return what the codes of all units below one begin with: its own up to the last level that is not all zeros."""
    return next((code[:digits] for digits in (2, 4, 6, 9) if not code[digits:].strip("0")), code)
