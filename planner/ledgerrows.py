"""Reads a ledger of the bureau, and finds the community or outlet of each of its rows, one to one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from planner.bureaucolumns import contract_of, is_found, own_name, read_value
from planner.errors import Fault
from planner.grammar import Wrong, quoted
from planner.headings import ROW_IDS
from planner.places import indexed, named, one_name
from planner.sourcelist import shown_path
from planner.sources import TableSource, first_of
from planner.tablefaults import text_faults
from planner.tables import operating_on, read_parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planner.auditschema import LedgerTableSection
    from planner.bureaucolumns import Of
    from planner.columns import Column
    from planner.inputs import Inputs
    from planner.tablefaults import Part

_PHONES = {"personal_phone", "phone_like"}

_KEYS = ("name", "town", "district")


@dataclass(frozen=True)
class Said:
    """What a row of a file says of a unit under a header of the ledger, and where it does."""

    unit: str
    header: str
    value: str | int
    file: str
    sheet: str
    row: int
    column: str

    def fault(self, code: str, **values: object) -> Fault:
        """Say something of this cell."""
        return Fault(code, self.file, self.sheet, self.row, self.column, values)


@dataclass(frozen=True, eq=False)
class Gathered:
    """What one source says, at most once of each unit and header, and what is wrong with it."""

    said: tuple[Said, ...] = ()
    faults: tuple[Fault, ...] = ()
    doubts: tuple[Fault, ...] = ()


class _Key(NamedTuple):
    """What a row of a ledger is joined by, as written; empty where it says nothing."""

    unit_id: str
    name: str
    town: str
    district: str


def read_ledger(
    inputs: Inputs, section: LedgerTableSection, people: pd.DataFrame, columns: Sequence[Column]
) -> tuple[Part, Gathered]:
    """Read a table of the bureau's own columns, and join it.

    Parameters
    ----------
    inputs
        The checked inputs.
    section
        Which file it is, and what of.
    people
        Rows of the tables of people, residents.
    columns
        Columns of the ledger.

    Returns
    -------
    part, gathered
        The table as read, and what its rows say of their units; with every fault of it. The id of a unit decides where
        the row has one that there is; else its name does, inside the town and district as far as both name them.
    """
    shown = shown_path(section.file, inputs.loaded.folder)
    source = TableSource(
        Path(section.file), shown, id=ROW_IDS, columns=section.columns, sheet=section.sheet, keep=section.keep
    )
    contract = contract_of(section.of, columns)
    part = read_parts([source], contract)[0]
    faults = list(part.faults)
    if section.of == "communities":
        units = people[["unit_id", *_KEYS]]
        personal = text_faults(part, contract, refuse_phones=True)
        faults += [fault for fault in personal if fault.code in _PHONES]
    else:
        units = inputs.sites.frame[["site_id", *_KEYS]].rename(columns={"site_id": "unit_id"})
    keyed = {"unit_id" if section.of == "communities" else "site_id", "name"} & set(part.matching.place)
    if part.grid.headers and not keyed:
        code = f"ledger_no_{section.of}"
        faults.append(Fault(code, shown, part.grid.sheet, values={"headers": " / ".join(part.grid.headers)}))
    if not keyed:
        return part, Gathered(faults=tuple(faults))
    of_row, wrong, doubts = _joined(part, pd.DataFrame(units), section.of)
    said, unread = _said(part, of_row, section.of, columns)
    faults += [*wrong, *unread]
    if section.of == "outlets":
        faults += _against_sites(part, of_row, inputs)
    spare = (part.grid.headers[place] for place in part.matching.rest.values())
    found = [header for header in spare if is_found(header, section.of, columns)]
    return part, Gathered(tuple(said), tuple(faults), (*doubts, *not_taken(found, shown, part.grid.sheet)))


def _texts(part: Part, name: str) -> list[str]:
    """Cells of a column of the contract as they are written; empty ones where the ledger has none."""
    place = part.matching.place.get(name)
    return [""] * len(part.used) if place is None else [part.grid.cells[place][row] for row in part.used]


# --- whose row it is ---------------------------------------------------------------------------------------------


def _joined(part: Part, units: pd.DataFrame, of: Of) -> tuple[dict[int, str], list[Fault], list[Fault]]:
    """Find the unit of every row in use: row -> unit, with the faults and doubts of those that fit none, or several."""
    by_code, by_name = indexed(units)
    names: dict[str, set[str]] = {}
    for unit, name in zip(units["unit_id"], units["name"], strict=True):
        names.setdefault(unit, set()).add(one_name(name))
    ids = _texts(part, "unit_id" if of == "communities" else "site_id")
    keys = [_Key(*cells) for cells in zip(ids, *(_texts(part, name) for name in _KEYS), strict=True)]
    of_row: dict[int, str] = {}
    first: dict[str, int] = {}
    faults: list[Fault] = []
    strange: dict[int, str] = {}
    for at, key in enumerate(keys):
        fitting = {key.unit_id} if key.unit_id in names else _namesakes(units, key, by_name)
        told = {"name": quoted(key.name or key.unit_id), "id": quoted(key.unit_id)}
        column = "name" if key.name else "unit_id" if of == "communities" else "site_id"
        if len(fitting) != 1:
            code = f"ledger_unknown_{of}" if not fitting else f"ledger_several_{of}"
            values = {**told, "units": first_of(sorted(fitting), " / ")}
            faults.append(part.fault(Wrong(code, values), column, at))
            continue
        unit = fitting.pop()
        before = first.setdefault(unit, at)
        if before != at:
            faults.append(part.fault(Wrong("ledger_twice", {**told, "row": part.line(before)}), column, at))
            continue
        of_row[at] = unit
        if key.name and one_name(key.name) not in names[unit]:
            known = units.iloc[by_code[unit][0]]["name"] if unit in by_code else unit
            strange[at] = f"{part.line(at)} {quoted(key.name)} / {quoted(known)}"
    return of_row, faults, list(_misnamed(part, strange))


def _namesakes(units: pd.DataFrame, key: _Key, by_name: Mapping[str, list[int]]) -> set[str]:
    """Units of a row's name, inside the same town and district as far as both name them, but not of another code."""
    if not key.name:
        return set()
    return {str(units["unit_id"].iloc[row]) for row in named(units, key, by_name)}


def _misnamed(part: Part, strange: Mapping[int, str]) -> Iterator[Fault]:
    """Doubt rows whose id is that of a unit of another name, all of a table together."""
    if strange:
        values = {"count": len(strange), "examples": first_of([strange[at] for at in sorted(strange)])}
        yield part.fault(Wrong("ledger_misnamed", values), "name", min(strange))


# --- what it says ------------------------------------------------------------------------------------------------


def _said(part: Part, of_row: Mapping[int, str], of: Of, columns: Sequence[Column]) -> tuple[list[Said], list[Fault]]:
    """List what the rows say under the ledger's headers, and cells that are no answer."""
    known = {column.name: column for column in columns}
    said: list[Said] = []
    faults: list[Fault] = []
    headers = {name: part.matching.place[name] for name in known if name in part.matching.place}
    for name, place in {**headers, **part.matching.rest}.items():
        column, header = known.get(name), part.grid.headers[place]
        if is_found(header, of, columns):
            continue
        values = _values(part, place, column)
        for at, value in enumerate(values):
            if isinstance(value, Wrong):
                faults.append(part.fault(value, name, at))
            elif value != "" and at in of_row:
                told = own_name(name) if column is None else name
                said.append(Said(of_row[at], told, value, part.source.shown, part.grid.sheet, part.line(at), header))
    return said, faults


def _values(part: Part, place: int, column: Column | None) -> Sequence[str | int | Wrong]:
    """Values of a column; what is wrong with counts and dates is told already, and stands as a blank."""
    cells = [part.grid.cells[place][row] for row in part.used]
    read = {cell: read_value(column, cell) for cell in set(cells)}
    told = column is not None and column.kind in {"whole", "date"}
    return ["" if told and isinstance(read[cell], Wrong) else read[cell] for cell in cells]


def not_taken(headers: Sequence[str], file: str, sheet: str = "") -> Iterator[Fault]:
    """Tell of the columns of a file that the audit finds itself: what it says there is not taken."""
    if headers:
        values = {"columns": first_of([*map(quoted, headers)], " / "), "count": len(headers)}
        yield Fault("ledger_calculated", file, sheet, values=values)


def _against_sites(part: Part, of_row: Mapping[int, str], inputs: Inputs) -> Iterator[Fault]:
    """Find outlets that stand by the ledger and not by the table of sites, or the other way round.

    Only outlets in operation on the day of the audit count, and the table of sites says which these are: a ledger that
    says otherwise would be passed over in silence.
    """
    names = [name for name in ("operating", "opened_on", "closed_on") if name in part.matching.place]
    rows = {unit: at for at, unit in of_row.items()}
    sites = inputs.sites.frame
    mine = pd.DataFrame(sites[sites["site_id"].isin(rows) & (sites["status"] == "existing")])
    if not names or mine.empty:
        return
    given: dict[str, Sequence[Any]] = {name: part.values[name] for name in names}
    changed = {}
    for name in names:
        pairs = zip((given[name][rows[site]] for site in mine["site_id"]), mine[name], strict=True)
        changed[name] = [old if new in {"", None} else new for new, old in pairs]
    if any(isinstance(value, Wrong) for values in changed.values() for value in values):
        return  # told already
    date = inputs.scenario.data_date
    by_ledger = mine.assign(**{name: pd.Series(v, index=mine.index, dtype=object) for name, v in changed.items()})
    said = operating_on(by_ledger, date)
    for site, name, stands, today in zip(mine["site_id"], mine["name"], said, mine["open_today"], strict=True):
        if stands != today:
            code = "ledger_open" if stands else "ledger_shut"
            yield part.fault(Wrong(code, {"name": quoted(name), "date": date.isoformat()}), names[0], rows[site])
