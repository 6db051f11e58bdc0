"""What the bureau itself says of its communities and outlets: columns that pass through its tables, and its ledgers.

Nothing of this is measured, and nothing measured is put into it: what is not given stays blank and is counted as blank.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from planner.bureaucolumns import columns_of, is_found, is_serial, ledger_columns, own_name, read_value, taken_titles
from planner.columns import DEMAND_COLUMNS, RESERVED, SITE_COLUMNS, contract_column
from planner.errors import Fault, TableError
from planner.grammar import Wrong, quoted
from planner.headcount import of_tables
from planner.ledgerrows import Gathered, Said, not_taken, read_ledger
from planner.matching import in_ten_thousands
from planner.tablefaults import shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from planner.bureaucolumns import Of
    from planner.columns import Column
    from planner.inputs import Inputs
    from planner.policyschema import ChecklistSection
    from planner.tablefaults import LeftOut, Part
    from planner.tables import Table

RESIDENTS = "residents"

JOINT = "；"
"""Between the texts of a community that several of its rows or several sources give."""


@dataclass(frozen=True, eq=False)
class Bureau:
    """The bureau's own columns.

    Attributes
    ----------
    units
        The communities of the tables of people, residents only, also those without people: index unit_id, sorted;
        name, town, district.
    communities, outlets
        Index unit_id as `units`, and site_id as the sites; under their Chinese headers, those of the ledgers first.
        Whole numbers as Int64, blank is missing; all else as text, blank is empty; 是 and 否 as such.
    sources, outlet_sources
        Header -> files that give it.
    blanks
        Header -> number of communities of which it is not given, also for headers that nothing gives.
    empty
        Headers of communities that some table has a column for, and of which no cell says anything.
    rows_read, left_out, doubts
        Of the files of ``[[audit.ledger]]``; as of `planner.tables.Table`. A sheet that is a table of people or sites
        as well is counted there, and not again.
    """

    units: pd.DataFrame
    communities: pd.DataFrame
    outlets: pd.DataFrame
    sources: Mapping[str, tuple[str, ...]]
    outlet_sources: Mapping[str, tuple[str, ...]]
    blanks: Mapping[str, int]
    empty: frozenset[str]
    rows_read: Mapping[str, int]
    left_out: tuple[LeftOut, ...]
    doubts: tuple[Fault, ...]

    def rows_used(self) -> dict[str, int]:
        """Count the rows in use of each file of ``[[audit.ledger]]``."""
        used = Counter(self.rows_read)
        for row in self.left_out:
            used[row.file] -= row.rows
        return dict(used)


def read(inputs: Inputs) -> Bureau:
    """Read the bureau's own columns of communities and outlets.

    Parameters
    ----------
    inputs
        The checked inputs: columns that pass through the tables of people (residents) and of sites are its own, and so
        are the tables of ``[[audit.ledger]]``.

    Returns
    -------
    bureau
        Rows of several points of one community are one: counts are added up, other values stand beside each other.

    Raises
    ------
    TableError
        With every fault of every table: cells that cannot be read, personal data, rows that fit no unit, or several, or
        one that has another row already; one header of one unit with two values; outlets that the ledger has open and
        the table of sites not, or the other way round.
    """
    rows = of_tables(inputs.demand.frame)
    rows = rows[rows["layer"] == RESIDENTS]
    columns = {
        "communities": ledger_columns("communities", inputs.scenario.checklist, inputs.scenario.grant),
        "outlets": ledger_columns("outlets"),
    }
    people = _passing(inputs.demand, rows, "unit_id", columns["communities"], DEMAND_COLUMNS)
    titles = taken_titles(inputs.scenario, rows.columns)
    people = replace(people, said=tuple(one for one in people.said if not {one.header, one.column} & titles))
    found: dict[str, list[Gathered]] = {
        "communities": [_one_for_each(people, columns["communities"])],
        "outlets": [_passing(inputs.sites, inputs.sites.frame, "site_id", columns["outlets"], SITE_COLUMNS)],
    }
    parts: list[tuple[Part, bool]] = []
    for section in inputs.scenario.audit.ledger:
        part, gathered = read_ledger(inputs, section, rows, columns[section.of])
        found[section.of].append(gathered)
        parts.append((part, gathered.again))
    return _together(inputs, rows, columns, found, parts)


def _together(
    inputs: Inputs,
    rows: pd.DataFrame,
    columns: Mapping[str, Sequence[Column]],
    found: Mapping[str, Sequence[Gathered]],
    parts: Sequence[tuple[Part, bool]],
) -> Bureau:
    """Put what all sources say into one frame each; raises TableError with every fault.

    `parts` are the tables of ``[[audit.ledger]]``, and whether each is one of people or sites as well.
    """
    every = {of: [said for one in sources for said in one.said] for of, sources in found.items()}
    told: dict[str, list[Said]] = {}
    faults = list[Fault]()
    for of, sources in found.items():
        told[of], contradictions = _agreed(every[of], columns[of])
        faults += [*(fault for one in sources for fault in one.faults), *contradictions]
    faults += _overfull(inputs.scenario.checklist, told["communities"])
    if faults:
        raise TableError(*shortened(_once(faults)))
    first = rows.drop_duplicates("unit_id").set_index("unit_id").sort_index()
    communities = _frame(told["communities"], first.index, columns["communities"])
    known = dict.fromkeys([*(column.name for column in columns["communities"]), *communities])
    read_rows: Counter[str] = Counter()
    for part in (part for part, again in parts if not again):
        read_rows[part.source.shown] += len(part.grid.lines) + len(part.grid.above)
    seen = {name for one in found["communities"] for name in one.headers}
    return Bureau(
        units=pd.DataFrame(first[["name", "town", "district"]]),
        communities=communities,
        outlets=_frame(told["outlets"], pd.Index(inputs.sites.frame["site_id"]), columns["outlets"]),
        sources=_files(every["communities"]),
        outlet_sources=_files(every["outlets"]),
        blanks={name: _blank(communities, name) for name in known},
        empty=frozenset(seen - {*communities}),
        rows_read=dict(read_rows),
        left_out=tuple(row for part, again in parts if not again for row in part.left_out),
        doubts=(
            *(doubt for part, _ in parts for doubt in part.doubts),
            *(doubt for sources in found.values() for one in sources for doubt in one.doubts),
        ),
    )


def _once(faults: Sequence[Fault]) -> list[Fault]:
    """Tell of each cell once, by its sheet: a file may be read both as people or sites and as a ledger."""
    of_sheets = {(fault.code, fault.file, fault.row, fault.column) for fault in faults if fault.sheet}
    return [one for one in faults if one.sheet or (one.code, one.file, one.row, one.column) not in of_sheets]


def _blank(frame: pd.DataFrame, header: str) -> int:
    """Count the units of which a header is not given."""
    if header not in frame:
        return len(frame)
    return int((frame[header].isna() | (frame[header].astype(str) == "")).sum())


def _files(said: Iterable[Said]) -> dict[str, tuple[str, ...]]:
    files: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for one in said:
        files[one.header][one.file] = None
    return {header: tuple(named) for header, named in files.items()}


def _frame(said: Sequence[Said], units: pd.Index[str], columns: Sequence[Column]) -> pd.DataFrame:
    """Put what is said into a frame: columns of the ledger in its order, others as they come."""
    values: defaultdict[str, dict[str, str | int]] = defaultdict(dict)
    for one in said:
        values[one.header][one.unit] = one.value
    whole = {column.name for column in columns if column.kind == "whole"}
    ordered = [*(column.name for column in columns if column.name in values)]
    ordered += [header for header in values if header not in set(ordered)]
    made = {
        header: pd.Series([values[header].get(unit) for unit in units], index=units, dtype="Int64")
        if header in whole
        else pd.Series([values[header].get(unit, "") for unit in units], index=units, dtype=str)
        for header in ordered
    }
    return pd.DataFrame(made, index=units)


def _agreed(said: Sequence[Said], columns: Sequence[Column]) -> tuple[list[Said], list[Fault]]:
    """Keep one value of each unit and header: counts, answers, grades and dates must agree, other texts are joined."""
    sure = {column.name for column in columns if column.kind != "text"}
    several: defaultdict[tuple[str, str], list[Said]] = defaultdict(list)
    for one in said:
        several[one.unit, one.header].append(one)
    kept, faults = [], list[Fault]()
    for (_, header), given in several.items():
        first = given[0]
        if header in sure:
            faults += [_contradiction(first, one) for one in given if one.value != first.value]
        else:
            first = replace(first, value=JOINT.join(dict.fromkeys(str(one.value) for one in given)))
        kept.append(first)
    return kept, faults


def _contradiction(before: Said, one: Said) -> Fault:
    values = {"unit": quoted(one.unit), "header": quoted(one.header), "file": before.file, "row": before.row}
    values |= {"first": quoted(str(before.value)), "second": quoted(str(one.value))}
    return one.fault("ledger_two_values", **values)


def _overfull(checklists: Sequence[ChecklistSection], said: Sequence[Said]) -> Iterator[Fault]:
    """Find communities of which the part of a rate is more than its whole (B1)."""
    by_header: defaultdict[str, dict[str, Said]] = defaultdict(dict)
    for one in said:
        by_header[one.header][one.unit] = one
    for checklist in checklists:
        wholes = by_header[checklist.whole] if checklist.whole else {}
        for unit, part in by_header[checklist.part].items() if checklist.part else ():
            if unit in wholes and int(part.value) > int(wholes[unit].value):
                values = {"unit": quoted(unit), "part": quoted(part.header), "number": part.value}
                values |= {"whole": quoted(wholes[unit].header), "of": wholes[unit].value}
                yield part.fault("ledger_overfull", **values)


# --- columns that pass through the tables of people and sites -----------------------------------------------------


def _passing(
    table: Table, rows: pd.DataFrame, key: str, columns: Sequence[Column], contract: Sequence[Column]
) -> Gathered:
    """Read the columns of a table that the planner does not use, of some of its rows, under the ledger's headers."""
    files, lines = table.origin["file"], table.origin["row"]
    said, faults, found, seen = list[Said](), list[Fault](), list[str](), list[str]()
    of: Of = "communities" if key == "unit_id" else "outlets"
    spare = [header for header in rows.columns if contract_column(header, contract) is None and header not in RESERVED]
    named = columns_of(spare, columns)
    for header in spare if len(rows) else ():
        column = named.get(header)
        if is_serial(header):
            continue
        if is_found(header, of, columns):
            found.append(header)
            continue
        at, name = rows.index, column.name if column else own_name(header)
        seen.append(name)
        if column is None and in_ten_thousands(header, columns):
            faults.append(Fault("column_ten_thousands", files[at[0]], column=header, values={"header": quoted(header)}))
        texts = rows[header].fillna("").tolist()
        read_as = {text: read_value(column, text) for text in set(texts)}
        for row, unit, text in zip(at, rows[key].tolist(), texts, strict=True):
            value = read_as[text]
            if isinstance(value, Wrong):
                faults.append(Fault(value.code, files[row], row=int(lines[row]), column=header, values=value.values))
            elif value != "":
                said.append(Said(unit, name, value, files[row], "", int(lines[row]), header))
    doubts = tuple(not_taken(found, files[0])) if found else ()
    return Gathered(tuple(said), tuple(faults), doubts, tuple(seen))


def _one_for_each(found: Gathered, columns: Sequence[Column]) -> Gathered:
    """Put what the points of a community say together: counts are added up, answers and grades must agree."""
    kinds = {column.name: column.kind for column in columns}
    rows: defaultdict[tuple[str, str], list[Said]] = defaultdict(list)
    for one in found.said:
        rows[one.header, one.unit].append(one)
    said, faults = [], list(found.faults)
    for (header, unit), points in rows.items():
        first = points[0]
        value: str | int
        if kinds.get(header) == "whole":
            value = sum(int(one.value) for one in points)
        elif kinds.get(header) == "choice":
            value = first.value
            faults += [_contradiction(first, one) for one in points if one.value != first.value]
        else:
            value = JOINT.join(dict.fromkeys(str(one.value) for one in points))
        said.append(Said(unit, header, value, first.file, first.sheet, first.row, first.column))
    return replace(found, said=tuple(said), faults=tuple(faults), doubts=(*found.doubts, *_repeated(rows, kinds)))


def _repeated(rows: Mapping[tuple[str, str], Sequence[Said]], kinds: Mapping[str, str]) -> Iterator[Fault]:
    """Doubt counts that all points of every community of several agree in: likely that of the community, repeated."""
    several: defaultdict[str, list[Sequence[Said]]] = defaultdict(list)
    for (header, _), points in rows.items():
        if kinds.get(header) == "whole" and len(points) > 1:
            several[header].append(points)
    for header, groups in several.items():
        alike = all(len({one.value for one in points}) == 1 and points[0].value for points in groups)
        if alike and sum(map(len, groups)) > 3:  # noqa: PLR2004  (one pair of equal counts is chance)
            values = {"header": quoted(header), "count": len(groups)}
            yield groups[0][0].fault("ledger_repeated", **values)
