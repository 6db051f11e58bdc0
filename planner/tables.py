"""Reads the planner's tables, CSV, Excel and layers of points, into demand and sites.

Everything is text until `grammar` has read it by the contract in `columns`. All faults of all tables are found first
and raised together; a table is used whole or not at all, and each row read is either used or listed as left out.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner import columns as col
from planner import doublecounts, grammar, hierarchy, scales, subtotals
from planner.coordinates import to_wgs84
from planner.errors import Fault, TableError
from planner.grammar import Wrong
from planner.grids import read_lines
from planner.headings import ROW_IDS, read_header, why_no_row
from planner.matching import absent_header, as_headed
from planner.oddities import doubts_of
from planner.sources import Grid, TableSource, strip
from planner.tablefaults import (
    FAULTS_LISTED,
    LeftOut,
    Part,
    degrees,
    duplicates,
    formula_faults,
    header_faults,
    missing_groups,
    place_faults,
    rule_faults,
    shortened,
    split_units,
    text_faults,
    unit_faults,
)

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from planner.matching import Matching

__all__ = ["FAULTS_LISTED", "LeftOut", "Table", "TableSource", "operating_on", "standing_on"]


@dataclass(frozen=True, eq=False)
class Table:
    """What was read from all sources of one kind.

    Attributes
    ----------
    frame
        Rows in use, in the order of the files, EPSG:4326, index 0 to n - 1.
    origin
        Where each row of `frame` stands, same index: columns file (as shown) and row (line of the file).
    rows_read
        Shown path -> lines of the file but the header; together they are the rows in use and those left out.
    left_out
        Rows not in use.
    doubts
        What was decided where a file leaves a choice: not wrong, but to be looked at.
    hints
        Where a row without coordinates may be put, same index: columns unplaced (what its source asks for) and
        town_point (its town's point in WGS-84, from the source's hierarchy, or None).
    headers
        Path as shown and sheet of each table -> its headers that the contract took.
    entered
        File and line of a site that the scenario itself gives, or gives values -> the number of that entry, and the
        columns that it gives a row of a table (none for a row of its own).
    written
        The sites as the tables alone say, where the scenario gives sites of its own; None elsewhere.
    """

    frame: gpd.GeoDataFrame
    origin: pd.DataFrame
    rows_read: Mapping[str, int]
    left_out: tuple[LeftOut, ...]
    doubts: tuple[Fault, ...]
    hints: pd.DataFrame
    headers: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    entered: Mapping[tuple[str, int], tuple[int, frozenset[str]]] = field(default_factory=dict)
    written: gpd.GeoDataFrame | None = None


def demand_contract(*, counted: bool) -> tuple[col.Column, ...]:
    """Return the columns of a demand table, one that need not count its people where they come from elsewhere."""
    asked = (
        replace(column, required=column.required and (counted or column.name != "people"))
        for column in col.DEMAND_COLUMNS
    )
    return tuple(asked)


def read_rows(source: TableSource, contract: Sequence[col.Column]) -> Table:
    """Read a table of another contract, whose columns lon and lat are its places.

    Raises
    ------
    TableError
        With every fault of the table.
    """
    return assembled(read_parts([source], contract), contract)


def read_parts(sources: Sequence[TableSource], contract: Sequence[col.Column]) -> list[Part]:
    """Read tables one by one, with whatever is wrong in them, for who tells it row by row."""
    return [_read_part(source, contract) for source in sources]


def every_fault(parts: Sequence[Part], contract: Sequence[col.Column]) -> list[Fault]:
    """List what is wrong in some tables and between them, all of it."""
    key = contract[0].name
    return [
        *(fault for part in parts for fault in part.faults),
        *missing_groups(parts, _groups(parts, contract)),
        *duplicates(parts, key),
        *(split_units(parts) if key == "demand_id" else ()),
    ]


def operating_on(sites: gpd.GeoDataFrame, date: dt.date) -> pd.Series[bool]:
    """Tell which sites work on a day: 正常 or not said, opened on that day or before, not yet closed.

    Parameters
    ----------
    sites
        Columns operating, opened_on, closed_on; whether a site exists at all is not looked at.
    date
        The day.

    Returns
    -------
    works
        With the index of `sites`.
    """
    works = [
        operating in {"", "正常"} and (pd.isna(opened) or opened <= date) and (pd.isna(closed) or date < closed)
        for operating, opened, closed in zip(sites["operating"], sites["opened_on"], sites["closed_on"], strict=True)
    ]
    return pd.Series(works, index=sites.index, dtype=bool)


def standing_on(sites: gpd.GeoDataFrame, date: dt.date) -> pd.Series[bool]:
    """Tell which sites stand open on a day: those that exist and work on it; column status beside those above."""
    return pd.Series((sites["status"] == "existing") & operating_on(sites, date), dtype=bool)


# --- from a grid to values ---------------------------------------------------------------------------------------


def _read_part(source: TableSource, contract: Sequence[col.Column]) -> Part:
    key = contract[0].name
    try:
        grid, matching = read_header(read_lines(source), source, contract)
    except TableError as error:
        return Part(source, error.faults)
    used, left_out, keep_faults = _choose_rows(source, grid, matching, contract)
    part = hierarchy.told_apart(_in_operation(Part(source, (), grid, matching, used, left_out=left_out), contract))
    source, matching = part.source, part.matching
    values, cell_faults = _read_columns(part, contract)
    if source.hierarchy is not None and grid.headers:
        climbed = hierarchy.climb(part, source.hierarchy)
        part = replace(part, town_points=climbed.town_points)
        values = {**values, **hierarchy.names(climbed, values)}
        cell_faults = [*cell_faults, *climbed.faults]
    if source.id == ROW_IDS:
        values = {**values, key: [f"{source.file.stem}-{part.line(at)}" for at in range(len(used))]}
    part = replace(part, values=_with_names(values, key))
    sums = doublecounts.sums_of(part)
    faults = [
        *grid.faults,
        *header_faults(part, contract),
        *unit_faults(part, contract),
        *formula_faults(part, contract),
        *keep_faults,
        *text_faults(part, contract, refuse_phones=any(column.name == "people" for column in contract)),
        *cell_faults,
        *place_faults(part, required=key == "site_id"),
        *(rule_faults(part) if key == "site_id" else ()),
        *doublecounts.faults(part, sums),
    ]
    in_order = tuple(sorted(faults, key=lambda fault: fault.row or 0))
    of_figures = (*doublecounts.doubts(part, sums), *scales.doubts(part), *subtotals.doubts(part))
    return replace(part, faults=in_order, doubts=(*doubts_of(part, contract), *of_figures))


def _in_operation(part: Part, contract: Sequence[col.Column]) -> Part:
    """Read a column 状态 that only says whether sites work (正常, 停运, 在建) as `operating`: all its sites exist.

    So has the ledger of outlets it, also the planner's own. A column that holds any other word stays what it is, and
    its cells are told one by one; so does one that the scenario names, and 是 and 否, which may answer either question.
    """
    place, status = part.matching.place, col.contract_column("status", contract)
    works = col.contract_column("operating", contract)
    asked = {"status", "operating"} & part.source.columns.keys()
    if status is None or works is None or asked or "status" not in place or "operating" in place:
        return part
    cells = {part.grid.cells[place["status"]][row] for row in part.used} - {""}
    if not cells or {"是", "否"} & cells or any(isinstance(grammar.read_cell(works, cell), Wrong) for cell in cells):
        return part
    moved = {"operating" if name == "status" else name: at for name, at in place.items()}
    source = replace(part.source, defaults={"status": "existing", **part.source.defaults})
    return replace(part, source=source, matching=replace(part.matching, place=moved))


def _with_names(values: Mapping[str, Sequence[Any]], key: str) -> Mapping[str, Sequence[Any]]:
    """Let the id stand in for an empty name or unit; a site without a community is in none."""
    ids = values[key]
    named = {
        name: [value or spare for value, spare in zip(values[name], ids, strict=True)]
        for name in ("name", "unit_id")
        if name in values and (name == "name" or key != "site_id")
    }
    return {**values, **named}


def _above(source: TableSource, grid: Grid) -> Iterator[LeftOut]:
    """Yield the lines above the header: titles, and blank ones."""
    for line, words in grid.above:
        values = {"text": grammar.quoted(words)} if words else {}
        yield LeftOut(source.shown, line, "", "", "title" if words else "blank", values)


def _choose_rows(
    source: TableSource, grid: Grid, matching: Matching, contract: Sequence[col.Column]
) -> tuple[tuple[int, ...], tuple[LeftOut, ...], list[Fault]]:
    """Numbers of the rows in use, the others, and what is wrong with the choice."""
    absent = [header for header in source.keep if header not in grid.headers]
    wrong = [(header, absent_header(header, grid.headers)) for header in absent]
    faults = [Fault(w.code, source.shown, grid.sheet, None, f"keep.{header}", w.values) for header, w in wrong]
    wanted = [(grid.headers.index(h), h, text.strip()) for h, text in source.keep.items() if h not in absent]

    def text(name: str, row: int) -> str:
        return grid.cells[matching.place[name]][row] if name in matching.place else ""

    upper = hierarchy.upper_rows(source, grid)
    used: list[int] = []
    left_out = list(_above(source, grid))
    why_not = why_no_row(grid, matching, contract)
    for row, cells in enumerate(zip(*grid.cells, strict=True)):
        reason, values = why_not(cells), {}
        if not reason and row in upper:
            reason = "unit_above"
        elif not reason:
            missed = next(((place, header, kept) for place, header, kept in wanted if cells[place] != kept), None)
            if missed is None:
                used.append(row)
                continue
            reason = "keep"
            values = {"column": missed[1], "text": grammar.quoted(cells[missed[0]]), "kept": missed[2]}
        elif reason != "blank":
            values = {"text": grammar.quoted(" ".join(filter(None, cells)))}
        elif left_out and left_out[-1].reason == "blank" and left_out[-1].end == grid.lines[row]:
            left_out[-1] = replace(left_out[-1], rows=left_out[-1].rows + 1)
            continue
        line = grid.lines[row]
        row_id = f"{source.file.stem}-{line}" if source.id == ROW_IDS else text(contract[0].name, row)
        left_out.append(
            LeftOut(source.shown, line, "" if reason == "blank" else row_id, text("name", row), reason, values)
        )
    if grid.lines and not used:
        faults.append(Fault("nothing_kept", source.shown, grid.sheet, values={"rows": len(grid.lines)}))
    return tuple(used), tuple(left_out), faults


def _read_columns(part: Part, contract: Sequence[col.Column]) -> tuple[dict[str, Sequence[Any]], list[Fault]]:
    """Values of every contract column and pass-through column; a cell that breaks the grammar stays `Wrong`."""
    values: dict[str, Sequence[Any]] = {}
    faults: list[Fault] = []
    names = dict.fromkeys([*(column.name for column in contract), *part.matching.place, *part.source.defaults])
    for name in names:
        if column := col.contract_column(name, contract):
            values[name], more = _read_column(part, column)
            faults += more
    for name, place in part.matching.rest.items():
        cells = part.grid.cells[place]
        values[name] = [cells[row] for row in part.used]
        header = part.grid.headers[place]
        spoilt = {cell: wrong for cell in set(values[name]) if (wrong := grammar.spoilt(cell))}
        rows = (
            [(part.line(at), spoilt[cell]) for at, cell in enumerate(values[name]) if cell in spoilt] if spoilt else []
        )
        faults += [Fault(w.code, part.source.shown, part.grid.sheet, line, header, w.values) for line, w in rows]
    return values, faults


def _read_column(part: Part, column: col.Column) -> tuple[Sequence[Any], list[Fault]]:
    defaults = part.source.defaults
    if column.name == "layer" and part.source.layer:
        defaults = {"layer": part.source.layer, **defaults}
    default = grammar.read_cell(column, strip(str(defaults.get(column.name, column.default))))
    place = part.matching.place.get(column.name)
    cells = [""] * len(part.used) if place is None else [part.grid.cells[place][row] for row in part.used]
    if place is not None and column.kind == "share":
        cells = as_headed(part.grid.headers[place], cells)
    if isinstance(default, Wrong):
        return [default] * len(cells), [
            Fault(default.code, part.source.shown, column=f"defaults.{column.name}", values=default.values)
        ]
    empty: Any = default
    if place is not None and column.filled and default in {"", None}:
        empty = Wrong({"whole": "cell_empty_count", "choice": "cell_empty_choice"}.get(column.kind, "cell_empty"))
    read = {cell: grammar.read_cell(column, cell) for cell in {"", *cells}}
    read = {cell: empty if value is None or value == "" else value for cell, value in read.items()}
    values = [read[cell] for cell in cells]
    if not any(isinstance(value, Wrong) for value in read.values()):
        return values, []
    wrong = [(position, value) for position, value in enumerate(values) if isinstance(value, Wrong)]
    return values, [part.fault(value, column.name, position) for position, value in wrong]


def assembled(parts: Sequence[Part], contract: Sequence[col.Column]) -> Table:
    """Put tables together; raises TableError with every fault of every one."""
    faults = every_fault(parts, contract)
    if faults:
        raise TableError(*shortened(faults))
    rows_read: Counter[str] = Counter()
    for part in parts:
        rows_read[part.source.shown] += len(part.grid.lines) + len(part.grid.above)
    left_out = tuple(row for part in parts for row in part.left_out)
    doubts = tuple(doubt for part in parts for doubt in part.doubts)
    taken = {
        (part.source.shown, part.grid.sheet): frozenset(part.grid.headers[at] for at in part.matching.place.values())
        for part in parts
    }
    return Table(_frame(parts, contract), _origin(parts), dict(rows_read), left_out, doubts, _hints(parts), taken)


def _hints(parts: Iterable[Part]) -> pd.DataFrame:
    unplaced = [part.source.unplaced for part in parts for _ in part.used]
    points = [point for part in parts for point in (part.town_points or (None,) * len(part.used))]
    return pd.DataFrame({"unplaced": pd.Series(unplaced, dtype=str), "town_point": pd.Series(points, dtype=object)})


def _origin(parts: Iterable[Part]) -> pd.DataFrame:
    files = [part.source.shown for part in parts for _ in part.used]
    lines = [part.grid.lines[row] for part in parts for row in part.used]
    return pd.DataFrame({"file": pd.Series(files, dtype=str), "row": pd.Series(lines, dtype="int64")})


def _groups(parts: Iterable[Part], contract: Sequence[col.Column]) -> list[str]:
    """List the contract's columns of groups that any of the tables has."""
    fixed = {column.name for column in contract}
    names = dict.fromkeys(name for part in parts for name in part.values)
    return [name for name in names if name not in fixed and col.contract_column(name, contract)]


def _frame(parts: Sequence[Part], contract: Sequence[col.Column]) -> gpd.GeoDataFrame:
    names = list(dict.fromkeys([column.name for column in contract] + [name for part in parts for name in part.values]))
    groups = _groups(parts, contract)
    ordered: list[str] = []
    for name in names:
        ordered += [name, *groups] if name == "people" else [name] * (name not in groups)
    series = {
        name: _series([v for part in parts for v in part.values.get(name, [""] * len(part.used))], name, contract)
        for name in ordered
        if name not in {"lon", "lat"}
    }
    known = {name: series[name] for name in series if col.contract_column(name, contract)}
    geometry = gpd.GeoSeries(_points(parts), crs=4326)
    return gpd.GeoDataFrame({**known, "geometry": geometry, **series}, geometry="geometry", crs=4326)


def _series(values: list[Any], name: str, contract: Sequence[col.Column]) -> pd.Series[Any]:
    column = col.contract_column(name, contract)
    if column is None or column.kind in {"text", "choice", "types"}:
        return pd.Series(values, dtype=str)
    if column.kind == "date":
        return pd.Series(values, dtype=object)
    whole = column.filled and None not in values
    return pd.Series(pd.array(values, dtype="Int64")).astype("int64" if whole else "Int64")


def _points(parts: Sequence[Part]) -> NDArray[np.object_]:
    points = []
    for part in parts:
        lon, lat = (degrees(part.values[name]) for name in ("lon", "lat"))
        lon, lat = to_wgs84(lon, lat, part.source.coordinates or "wgs84")
        placed = ~np.isnan(lon)
        found = np.full(len(lon), None, dtype=object)
        found[placed] = shapely.points(lon[placed], lat[placed])
        points.append(found)
    return np.concatenate(points) if points else np.empty(0, dtype=object)
