"""Sites that the scenario itself gives, ``[[site]]``: beside those of the tables, or values in place of what these say.

They are checked as the rows of a table are, by the same contract; what is wrong stands at their keys in the scenario.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import pandas as pd
import shapely
from pydantic import ValidationError

from planner import tablefaults, tables
from planner.errors import Fault, TableError
from planner.grammar import Wrong, quoted, read_cell
from planner.matching import Matching
from planner.merging import array_at
from planner.scenario import fault_at
from planner.sourcelist import shown_path
from planner.sources import Grid, TableSource, strip
from planner.sourceschema import SiteSection
from planner.tablefaults import Part
from planner.tomlfile import UNREAD
from planner.words import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planner.columns import Column
    from planner.scenario import Loaded

_PLACE = ("lon", "lat")
_OTHER = dict(zip(_PLACE, reversed(_PLACE), strict=True))


@dataclass(frozen=True, eq=False)
class _Entry:
    """One ``[[site]]``: its number among them, its id, and the text and value of each key that is written.

    A key of another kind of value, which is told already, is `UNREAD` and has no text.
    """

    number: int
    site: str
    texts: Mapping[str, str]
    values: Mapping[str, Any]
    base: Mapping[str, Any] = field(default_factory=dict)

    def value(self, column: Column) -> Any:
        """Value of a column: as written, else what the tables say of the site, else what stands for an empty cell."""
        if column.name in self.values:
            return self.values[column.name]
        return self.base.get(column.name, read_cell(column, ""))


@dataclass(frozen=True)
class Change:
    """An outlet that counts today otherwise than the tables say: its id and name, and what becomes of it."""

    site: str
    name: str
    kind: Literal["closed", "moved", "opened", "retyped"]


# --- reading -----------------------------------------------------------------------------------------------------


def _entries(loaded: Loaded, contract: Sequence[Column]) -> Iterator[_Entry]:
    """Read the entries as far as each of their keys can be read."""
    held = loaded.merged.get("site")
    columns = {column.name: column for column in contract}
    for number, entry in enumerate(held if isinstance(held, list) else ()):
        if not isinstance(entry, dict):
            continue
        texts, spoilt = _texts(entry)
        read = {name: _read(columns[name], text) for name, text in texts.items()}
        values = read | dict.fromkeys(spoilt, UNREAD)
        site = texts.get("site_id", "")
        yield _Entry(number, site, texts, values | ({"name": site} if values.get("name") == "" else {}))


def _texts(entry: Mapping[str, Any]) -> tuple[dict[str, str], set[str]]:
    """Return the keys of an entry as texts of cells, and those whose values are of another kind."""
    known = {key: value for key, value in entry.items() if key in SiteSection.model_fields}
    try:
        found = SiteSection.model_validate({"site_id": "?", **known})
    except ValidationError as error:
        spoilt = {str(item["loc"][0]) for item in error.errors()}
        return _texts({key: value for key, value in known.items() if key not in spoilt})[0], spoilt
    return {key: _text(getattr(found, key)) for key in known}, set()


def _text(value: object) -> str:
    return value if isinstance(value, str) else value.isoformat() if isinstance(value, dt.date) else f"{value:f}"


def _read(column: Column, text: str) -> Any:
    """Read a value by the contract; a name need not be given, a status that is written must say one."""
    value = read_cell(column, text)
    return Wrong("cell_empty_choice") if value == "" and column.kind == "choice" and column.filled else value


def _known(entry: _Entry, table: tables.Table | None, rows: Mapping[str, int]) -> _Entry:
    """Return an entry with what the tables say of its site; a site that is added is a candidate."""
    if entry.site not in rows:
        return replace(entry, base={"name": entry.site, "status": "candidate"})
    if table is None:
        return entry
    frame, row = table.frame, rows[entry.site]
    empty = {name: None for name in frame.columns if pd.isna(frame[name].iloc[row])}
    told = {str(name): frame[name].iloc[row] for name in frame.columns if name != frame.geometry.name}
    return replace(entry, base={**told, **empty})


def _legible(entry: _Entry) -> _Entry:
    """Return an entry without what could not be read: nothing goes into the rows, for it is told at its key already."""
    return replace(entry, values={name: value for name, value in entry.values.items() if value is not UNREAD})


# --- what is wrong -----------------------------------------------------------------------------------------------


def _part(entries: Sequence[_Entry], contract: Sequence[Column]) -> Part:
    """Lay entries out as a table whose lines are their numbers, so that the rules of tables can be asked."""
    names = tuple(column.name for column in contract)
    cells = tuple(tuple(entry.texts.get(name, "") for entry in entries) for name in names)
    return Part(
        source=TableSource(Path(), "", coordinates="wgs84"),
        faults=(),
        grid=Grid("", names, cells, tuple(entry.number for entry in entries)),
        matching=Matching({name: at for at, name in enumerate(names)}, {}, ()),
        used=tuple(range(len(entries))),
        values={column.name: [entry.value(column) for entry in entries] for column in contract},
    )


def _faults(
    loaded: Loaded, entries: Sequence[_Entry], contract: Sequence[Column], rows: Mapping[str, int]
) -> Iterator[Fault]:
    """List what is wrong with entries, each at its key."""
    for entry in entries:
        wrong = ((name, value) for name, value in entry.values.items() if isinstance(value, Wrong))
        yield from (_at_key(loaded, value.code, entry.number, name, value.values) for name, value in wrong)
    added = [entry for entry in entries if entry.site and entry.site not in rows]
    for some in (added, [entry for entry in entries if entry not in added]):
        part = _part(some, contract)
        for fault in (
            *tablefaults.text_faults(part, contract, refuse_phones=False),
            *tablefaults.unit_faults(part, contract),
            *tablefaults.place_faults(part, required=some is added),
            *tablefaults.rule_faults(part),
        ):
            there = _OTHER[fault.column] if fault.code == "half_place" else fault.column
            yield _at_key(loaded, fault.code, fault.row or 0, there, fault.values)


def _at_key(loaded: Loaded, code: str, number: int, column: str, values: Mapping[str, object]) -> Fault:
    """Place what is said of a cell at the key of an entry, in the words for a scenario where there are any."""
    own = f"site_{code}"
    key = column if column in SiteSection.model_fields else "site_id"
    return fault_at(loaded, own if f"fault.{own}.what" in sentences() else code, ["site", number, key], **values)


# --- beside the tables -------------------------------------------------------------------------------------------


def applied(
    loaded: Loaded, table: tables.Table | None, parts: Sequence[Part], contract: Sequence[Column]
) -> tables.Table | None:
    """Put the sites of the scenario beside those of its tables, or in their place.

    Parameters
    ----------
    loaded
        The scenario.
    table
        The sites of its tables; None where they could not be read.
    parts
        The tables one by one, which know their ids even then.
    contract
        Columns of a sites table.

    Returns
    -------
    table
        A site of the tables has the values that an entry gives it, another one stands behind them; `entered` says
        which rows these are, `written` holds what the tables say. Each outlet whose day differs from that of the tables
        (closed, moved, opened, of another type) is a doubt. The table itself without any entry; None for None.

    Raises
    ------
    TableError
        With every fault of the entries.
    """
    entries = list(_entries(loaded, contract))
    if not entries:
        return table
    ids = table.frame["site_id"].tolist() if table else [i for part in parts for i in part.values.get("site_id", ())]
    rows = {name: row for row, name in enumerate(ids) if isinstance(name, str)}
    entries = [_known(entry, table, rows) for entry in entries]
    faults = list(_faults(loaded, entries, contract, rows))
    if faults:
        raise TableError(*sorted(faults, key=lambda fault: (fault.file, fault.row or 0)))
    alone = {entry.site: entry for entry in reversed(entries) if entry.site}  # twins are a fault of the scenario
    entries = [_legible(entry) for entry in sorted(alone.values(), key=lambda entry: entry.number)]
    return None if table is None else _joined(loaded, table, entries, rows, contract)


def _joined(
    loaded: Loaded, table: tables.Table, entries: Sequence[_Entry], rows: Mapping[str, int], contract: Sequence[Column]
) -> tables.Table:
    added = [entry for entry in entries if entry.site not in rows]
    changed = {rows[entry.site]: entry for entry in entries if entry.site in rows}
    by_id = _places(loaded)
    places = {entry.number: by_id[entry.site] for entry in entries}
    spots = {"file": [places[entry.number][0] for entry in added], "row": [places[entry.number][1] for entry in added]}
    origin = pd.concat([table.origin, pd.DataFrame(spots).astype(table.origin.dtypes)], ignore_index=True)
    bare = {"unplaced": ["leave"] * len(added), "town_point": pd.Series([None] * len(added), dtype=object)}
    hints = pd.concat([table.hints, pd.DataFrame(bare).astype(table.hints.dtypes)], ignore_index=True)
    lines = list(zip(origin["file"].tolist(), origin["row"].tolist(), strict=True))
    entered = {lines[row]: (entry.number, frozenset(entry.values)) for row, entry in changed.items()}
    shared = Counter(places[entry.number] for entry in added)  # a list within one line has one place for all
    entered |= {at: (entry.number, frozenset()) for entry in added if shared[at := places[entry.number]] == 1}
    frame = _frame(table.frame, changed, added, contract)
    return replace(
        table,
        frame=frame,
        origin=origin,
        hints=hints,
        rows_read=Counter(table.rows_read) + Counter(places[entry.number][0] for entry in entries),
        doubts=(*table.doubts, *_doubts(loaded, table.frame, frame, [*changed.items()], added)),
        entered=entered,
        written=table.frame,
    )


def _places(loaded: Loaded) -> dict[str, tuple[str, int]]:
    """File as shown, and line, of every entry by its id; where several files give one, that which goes before."""
    found: dict[str, tuple[str, int]] = {}
    for file in reversed(loaded.files):
        shown = shown_path(str(file.path.resolve()), loaded.folder)
        lines = {line.entry: line.number for line in file.lines if (line.table, line.key) == ("site", "site_id")}
        whole = next((line.number for line in file.lines if (line.table, line.key) == ("", "site")), 1)
        for number, entry in enumerate(array_at(file.data, "site")):
            if isinstance(entry, dict):
                found[strip(str(entry.get("site_id")))] = (shown, lines.get(number, whole))
    return found


def _frame(
    frame: gpd.GeoDataFrame, changed: Mapping[int, _Entry], added: Sequence[_Entry], contract: Sequence[Column]
) -> gpd.GeoDataFrame:
    """Return the rows with what the entries give them, and those of the added ones."""
    known, geometry = {column.name: column for column in contract}, frame.geometry.name
    columns: dict[str, Any] = {}
    for name in frame.columns:
        values = frame[name].tolist()
        if name == geometry:
            for row, entry in changed.items():
                values[row] = _point(entry) or values[row]
            columns[name] = gpd.GeoSeries([*values, *map(_point, added)], crs=4326)
            continue
        for row, entry in changed.items():
            values[row] = entry.values.get(name, values[row])
        more = [entry.value(known[name]) if name in known else "" for entry in added]
        columns[name] = pd.Series([*values, *more], dtype=frame[name].dtype)
    return gpd.GeoDataFrame(columns, geometry=geometry, crs=4326)


def _point(entry: _Entry) -> shapely.Point | None:
    """Place of an entry in WGS-84; None where it gives none."""
    return shapely.Point(*(entry.values[name] for name in _PLACE)) if entry.values.keys() >= {*_PLACE} else None


def _doubts(
    loaded: Loaded,
    before: gpd.GeoDataFrame,
    after: gpd.GeoDataFrame,
    changed: Sequence[tuple[int, _Entry]],
    added: Sequence[_Entry],
) -> Iterator[Fault]:
    """Doubt every outlet that counts today otherwise than the tables say: today's figures are a what-if."""
    if loaded.scenario is None:
        return
    entries = {entry.site: entry for _, entry in (*changed, *((-1, entry) for entry in added))}
    for change in changes(before, after, loaded.scenario.data_date):
        values = {"site": quoted(change.site), "name": quoted(change.name)}
        yield fault_at(loaded, f"whatif_{change.kind}", ["site", entries[change.site].number, "site_id"], **values)


def changes(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, date: dt.date) -> Iterator[Change]:
    """List the outlets that count on a day otherwise than the tables say, in the order of `after`.

    Parameters
    ----------
    before, after
        The sites as the tables say, and as the scenario has them: columns of a sites table.
    date
        The day.
    """
    was, now = (tables.standing_on(f, date) for f in (before, after))
    stood = {site: row for row, site in enumerate(before["site_id"]) if was.iloc[row]}
    for row, (site, name, kind) in enumerate(zip(after["site_id"], after["name"], after["type"], strict=True)):
        at, is_open = stood.get(site, -1), bool(now.iloc[row])
        if at < 0:
            if is_open:
                yield Change(site, name, "opened")
        elif not is_open:
            yield Change(site, name, "closed")
        elif not before.geometry.iloc[at].equals(after.geometry.iloc[row]):
            yield Change(site, name, "moved")
        elif before["type"].iloc[at] != kind:
            yield Change(site, name, "retyped")


# --- where they stand --------------------------------------------------------------------------------------------


def at_its_entry(loaded: Loaded, table: tables.Table | None, fault: Fault) -> Fault:
    """Place what is said of a row of the sites at the entry of the scenario that gave it, or gave the cell.

    What stands for several rows of a table stays there.
    """
    placed = fault.sheet or fault.column.startswith("site[")
    if table is None or not table.entered or fault.row is None or placed:
        return fault
    rest = tuple(at_its_entry(loaded, table, one) for one in fault.rest)
    number, given = table.entered.get((fault.file, fault.row), (-1, frozenset("-")))
    columns = fault.column.split(" / ")
    if number < 0 or (given and (rest or given.isdisjoint(columns))):
        return replace(fault, rest=rest)
    return replace(_at_key(loaded, fault.code, number, columns[0], fault.values), rest=rest)


def moved(table: tables.Table) -> list[bool]:
    """Tell which rows of the sites stand where the scenario itself says, in WGS-84 whatever their table's system."""
    lines = zip(table.origin["file"].tolist(), table.origin["row"].tolist(), strict=True)
    nothing = (-1, frozenset[str]())
    return ["lon" in table.entered.get(line, nothing)[1] for line in lines]
