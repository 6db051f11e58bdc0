"""Reads the planner's tables, CSV and Excel, into demand and sites.

Everything is text until the contract in `columns` has read it. All faults of all tables are found first and raised
together; a table is used whole or not at all, and each row read is either used or listed as left out.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner import columns as col
from planner.coordinates import in_china, to_wgs84
from planner.errors import Fault, TableError
from planner.grids import Grid, TableSource, read_grid, strip

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

FAULTS_LISTED = 20
"""Faults of one kind that are listed for one column of one file; the rest are counted."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_ROW_IDS = "row"

__all__ = ["FAULTS_LISTED", "LeftOut", "Table", "TableSource", "operating_on", "read_demand", "read_sites"]


@dataclass(frozen=True)
class LeftOut:
    """A row that was read and not used.

    Attributes
    ----------
    file, row
        Path as shown, and line of the file.
    id, name
        As far as the row has them, else empty.
    reason
        ``keep`` or ``blank``: the words ``left_out.<reason>``.
    values
        What these words quote.
    """

    file: str
    row: int
    id: str
    name: str
    reason: str
    values: Mapping[str, object] = field(default_factory=dict)


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
        Shown path -> rows below the header; together they are the rows in use and those left out.
    left_out
        Rows not in use.
    """

    frame: gpd.GeoDataFrame
    origin: pd.DataFrame
    rows_read: Mapping[str, int]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, eq=False)
class _Part:
    """What one source gave: values by contract name, then pass-through columns, for the rows in use."""

    source: TableSource
    faults: tuple[Fault, ...]
    grid: Grid = field(default_factory=lambda: Grid("", (), (), ()))
    matching: col.Matching = field(default_factory=lambda: col.Matching({}, {}, ()))
    used: tuple[int, ...] = ()
    values: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()

    def fault(self, wrong: col.Wrong, name: str, position: int | None = None) -> Fault:
        """Place what is wrong with a contract column, or with its cell in one of the rows in use."""
        place = self.matching.place.get(name)
        header = name if place is None else self.grid.headers[place]
        row = None if position is None else self.line(position)
        return Fault(wrong.code, self.source.shown, self.grid.sheet, row, header, wrong.values)

    def line(self, position: int) -> int:
        """Line of the file of a row in use."""
        return self.grid.lines[self.used[position]]


def read_demand(sources: Sequence[TableSource]) -> Table:
    """Read tables of demand points.

    Parameters
    ----------
    sources
        Tables, read in this order.

    Returns
    -------
    table
        Columns demand_id, name, unit_id, town, district, setting, layer, people, people_<group>…, placed,
        geometry (None for a row without a place), then the columns that the contract does not know, as text.

    Raises
    ------
    TableError
        With every fault of every table.
    """
    parts = [_read_part(source, col.DEMAND_COLUMNS) for source in sources]
    return _assemble(parts, col.DEMAND_COLUMNS)


def read_sites(sources: Sequence[TableSource], *, known_types: Sequence[str]) -> Table:
    """Read tables of existing and candidate sites.

    Parameters
    ----------
    sources
        Tables, read in this order.
    known_types
        Facility types of the scenario.

    Returns
    -------
    table
        Columns as in `columns.SITE_COLUMNS` with geometry for lon and lat, then the unknown ones, as text.

    Raises
    ------
    TableError
        With every fault of every table.
    """
    contract = col.with_types(col.SITE_COLUMNS, known_types)
    return _assemble([_read_part(source, contract) for source in sources], contract)


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


# --- from a grid to values ---------------------------------------------------------------------------------------


def _read_part(source: TableSource, contract: Sequence[col.Column]) -> _Part:
    key = contract[0].name
    try:
        grid = read_grid(source)
    except TableError as error:
        return _Part(source, error.faults)
    by_row = source.id == _ROW_IDS
    explicit = {**source.columns, **({key: source.id} if source.id and not by_row else {})}
    matching = col.match_headers(grid.headers, contract, explicit, unclaimed=(key,) if by_row else ())
    used, left_out, keep_faults = _choose_rows(source, grid, matching, key)
    part = _Part(source, (), grid, matching, used, left_out=left_out)
    values, cell_faults = _read_columns(part, contract)
    if by_row:
        values = {**values, key: [_row_id(part, position) for position in range(len(used))]}
    part = replace(part, values=_with_names(values, key))
    faults = [
        *grid.faults,
        *_header_faults(part, contract),
        *keep_faults,
        *_text_faults(part, refuse_phones=key == "demand_id"),
        *cell_faults,
        *_place_faults(part, required=key == "site_id"),
        *(_rule_faults(part) if key == "site_id" else ()),
    ]
    return replace(part, faults=tuple(sorted(faults, key=lambda fault: fault.row or 0)))


def _row_id(part: _Part, position: int) -> str:
    return f"{part.source.file.stem}-{part.line(position)}"


def _with_names(values: Mapping[str, Sequence[Any]], key: str) -> Mapping[str, Sequence[Any]]:
    """Let the id stand in for an empty name or unit."""
    ids = values[key]
    named = {
        name: [value or spare for value, spare in zip(values[name], ids, strict=True)]
        for name in ("name", "unit_id")
        if name in values
    }
    return {**values, **named}


def _choose_rows(
    source: TableSource, grid: Grid, matching: col.Matching, key: str
) -> tuple[tuple[int, ...], tuple[LeftOut, ...], list[Fault]]:
    """Numbers of the rows in use, the others, and what is wrong with the choice."""
    absent = [header for header in source.keep if header not in grid.headers]
    wrong = [(header, col.absent_header(header, grid.headers)) for header in absent]
    faults = [Fault(w.code, source.shown, grid.sheet, None, f"keep.{header}", w.values) for header, w in wrong]
    wanted = [(grid.headers.index(h), h, text.strip()) for h, text in source.keep.items() if h not in absent]

    def text(name: str, row: int) -> str:
        return grid.cells[matching.place[name]][row] if name in matching.place else ""

    used, left_out = [], []
    for row, cells in enumerate(zip(*grid.cells, strict=True)):
        missed = next(((place, header, kept) for place, header, kept in wanted if cells[place] != kept), None)
        if missed is None and any(cells):
            used.append(row)
            continue
        values = {"column": missed[1], "text": col.quoted(cells[missed[0]]), "kept": missed[2]} if missed else {}
        row_id = f"{source.file.stem}-{grid.lines[row]}" if source.id == _ROW_IDS else text(key, row)
        blank = not any(cells)
        left_out.append(
            LeftOut(source.shown, grid.lines[row], "" if blank else row_id, text("name", row),
                    "blank" if blank else "keep", {} if blank else values)
        )  # fmt: skip
    if grid.lines and not used:
        faults.append(Fault("nothing_kept", source.shown, grid.sheet, values={"rows": len(grid.lines)}))
    return tuple(used), tuple(left_out), faults


def _read_columns(part: _Part, contract: Sequence[col.Column]) -> tuple[dict[str, Sequence[Any]], list[Fault]]:
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
    return values, faults


def _read_column(part: _Part, column: col.Column) -> tuple[Sequence[Any], list[Fault]]:
    defaults = part.source.defaults
    if column.name == "layer" and part.source.layer:
        defaults = {"layer": part.source.layer, **defaults}
    default = col.read_cell(column, strip(str(defaults.get(column.name, column.default))))
    place = part.matching.place.get(column.name)
    cells = [""] * len(part.used) if place is None else [part.grid.cells[place][row] for row in part.used]
    if isinstance(default, col.Wrong):
        return [default] * len(cells), [
            Fault(default.code, part.source.shown, column=f"defaults.{column.name}", values=default.values)
        ]
    if column.kind == "text" and not (place is not None and column.filled):
        return [cell or default for cell in cells], []
    read = {cell: col.read_cell(column, cell) for cell in set(cells)} | {"": default}
    if place is not None and column.filled and default in {"", None}:
        read[""] = col.Wrong("cell_empty")
    values = [read[cell] for cell in cells]
    if not any(isinstance(value, col.Wrong) for value in read.values()):
        return values, []
    wrong = [(position, value) for position, value in enumerate(values) if isinstance(value, col.Wrong)]
    return values, [part.fault(value, column.name, position) for position, value in wrong]


# --- what is wrong with one source -------------------------------------------------------------------------------


def _header_faults(part: _Part, contract: Sequence[col.Column]) -> list[Fault]:
    source, place, key = part.source, part.matching.place, contract[0].name
    if not part.grid.headers:
        return []
    wrong = [("id" if source.id and label == f"columns.{key}" else label, w) for label, w in part.matching.wrong]
    unknown = [name for name in source.defaults if col.contract_column(name, contract) is None]
    wrong += [(f"defaults.{name}", col.unknown_column(name, contract)) for name in unknown]
    for column in contract:
        asked = column.name in place or column.name in source.columns or column.name in source.defaults
        if column.required and not asked:
            wrong.append((column.name, col.missing_column(column, part.matching.rest, part.grid.headers)))
    if key not in place and not source.id and key not in source.columns:
        wrong.append((key, col.Wrong("no_id", {"name": key})))
    return [Fault(w.code, source.shown, part.grid.sheet, None, label, w.values) for label, w in wrong]


def _text_faults(part: _Part, *, refuse_phones: bool) -> list[Fault]:
    """Control characters and personal data, also in the rows that are left out."""
    grid, faults = part.grid, []
    for header, cells in zip(grid.headers, grid.cells, strict=True):
        whole = "\n".join(cells)
        for code, found in (("control_character", _CONTROL.search), ("personal_id", col.holds_id_number)):
            if found(whole):
                faults += [
                    Fault(code, part.source.shown, grid.sheet, line, header)
                    for line, cell in zip(grid.lines, cells, strict=True)
                    if found(cell)
                ]
        if refuse_phones and col.holds_mobile_number(whole):
            values = {"count": sum(map(col.holds_mobile_number, cells))}
            faults.append(Fault("personal_phone", part.source.shown, grid.sheet, None, header, values))
    return faults


def _shown(value: object) -> str:
    return "" if value is None or isinstance(value, col.Wrong) else col.quoted(str(value))


def _degrees(values: Sequence[Any]) -> NDArray[np.float64]:
    return np.array([value if isinstance(value, float) else np.nan for value in values], dtype=np.float64)


def _place_faults(part: _Part, *, required: bool) -> list[Fault]:
    if not {"lon", "lat"} <= {*part.matching.place, *part.source.defaults}:
        return []
    lons, lats = part.values["lon"], part.values["lat"]
    no_lon, no_lat = (np.array([value is None for value in values], dtype=bool) for values in (lons, lats))
    lon, lat = _degrees(lons), _degrees(lats)
    outside = (np.abs(lon) > 180) | (np.abs(lat) > 90)  # noqa: PLR2004
    swapped = outside & (np.abs(lon) <= 90) & (np.abs(lat) <= 180)  # noqa: PLR2004
    checks = {
        "swapped_place": ("lon", swapped),
        "outside_globe": ("lon", outside & ~swapped),
        "zero_place": ("lon", (lon == 0) & (lat == 0)),
        "half_place": ("lon", no_lon & ~np.isnan(lat)),
        "half_place_lat": ("lat", no_lat & ~np.isnan(lon)),
        "no_place": ("lon", no_lon & no_lat & required),
    }
    faults = [
        part.fault(col.Wrong(code.removesuffix("_lat"), {"lon": _shown(lons[at]), "lat": _shown(lats[at])}), name, at)
        for code, (name, mask) in checks.items()
        for at in np.flatnonzero(mask).tolist()
    ]
    count = int(in_china(lon, lat).sum())
    if part.source.coordinates is None and count:
        faults.append(Fault("no_coordinates", part.source.shown, part.grid.sheet, values={"count": count}))
    return faults


def _rule_faults(part: _Part) -> list[Fault]:
    """Rules between the columns of a row of a sites table."""
    values = part.values
    typeless = [
        at for at, pair in enumerate(zip(values["status"], values["type"], strict=True)) if pair == ("existing", "")
    ]
    has_type = "type" in part.matching.place or "type" in part.source.defaults
    spans = enumerate(zip(values["opened_on"], values["closed_on"], strict=True))
    turned = [at for at, pair in spans if all(isinstance(day, dt.date) for day in pair) and pair[1] < pair[0]]
    return [
        *(part.fault(col.Wrong("no_type"), "type", at) for at in typeless if has_type),
        *(part.fault(col.Wrong("closed_before_opened"), "closed_on", at) for at in turned),
    ]


# --- what is wrong between rows, and the finished table ----------------------------------------------------------


def _duplicates(parts: Iterable[_Part], key: str) -> Iterable[Fault]:
    ids = [name for part in parts for name in part.values.get(key, ())]
    if len(set(ids)) == len(ids):
        return
    first: dict[str, tuple[_Part, int]] = {}
    for part in parts:
        for position, name in enumerate(part.values.get(key, ())):
            if not isinstance(name, str) or not name:
                continue
            other, at = first.setdefault(name, (part, position))
            if other is not part or at != position:
                values = {"id": col.quoted(name), "file": other.source.shown, "row": other.line(at)}
                yield part.fault(col.Wrong("duplicate_id", values), key, position)


def _split_units(parts: Iterable[_Part]) -> Iterable[Fault]:
    """Find communities that lie in two districts or two towns."""
    for name in ("district", "town"):
        pairs = {
            pair
            for part in parts
            for pair in zip(part.values.get("unit_id", ()), part.values.get(name, ()), strict=True)
            if all(pair)
        }
        if len(pairs) == len({unit for unit, _ in pairs}):
            continue
        first: dict[str, tuple[str, str, int]] = {}
        told: set[str] = set()
        for part in parts:
            for position, unit in enumerate(part.values.get("unit_id", ())):
                area = part.values[name][position]
                if not isinstance(unit, str) or not unit or not area:
                    continue
                other, file, row = first.setdefault(unit, (area, part.source.shown, part.line(position)))
                if other != area and unit not in told:
                    told.add(unit)
                    values: dict[str, object] = {
                        "unit": col.quoted(unit),
                        "first": col.quoted(other),
                        "second": col.quoted(area),
                    }
                    values |= {"file": file, "row": row}
                    yield part.fault(col.Wrong("split_unit", values), name, position)


def _missing_groups(parts: Sequence[_Part], groups: Iterable[str]) -> Iterable[Fault]:
    """Find tables that do not count a group which another table counts: no figure is made up for them."""
    for part in parts:
        for name in groups:
            if part.values and name not in part.values:
                yield part.fault(col.Wrong("missing_group", {"name": name}), name)


def _shortened(faults: Sequence[Fault]) -> Iterable[Fault]:
    """Yield the first faults of one kind in one column, then how many more there are."""
    seen = Counter((fault.file, fault.sheet, fault.column, fault.code) for fault in faults)
    listed: Counter[tuple[str, str, str, str]] = Counter()
    for fault in faults:
        kind = fault.file, fault.sheet, fault.column, fault.code
        listed[kind] += 1
        if listed[kind] <= FAULTS_LISTED or fault.row is None:
            yield fault
        elif listed[kind] == FAULTS_LISTED + 1:
            more = {"count": seen[kind] - FAULTS_LISTED}
            yield Fault("more_faults", fault.file, fault.sheet, None, fault.column, more)


def _assemble(parts: Sequence[_Part], contract: Sequence[col.Column]) -> Table:
    key = contract[0].name
    faults = [fault for part in parts for fault in part.faults]
    faults += [
        *_missing_groups(parts, _groups(parts, contract)),
        *_duplicates(parts, key),
        *(_split_units(parts) if key == "demand_id" else ()),
    ]
    if faults:
        raise TableError(*_shortened(faults))
    rows_read: Counter[str] = Counter()
    for part in parts:
        rows_read[part.source.shown] += len(part.grid.lines)
    left_out = tuple(row for part in parts for row in part.left_out)
    return Table(_frame(parts, contract), _origin(parts), dict(rows_read), left_out)


def _origin(parts: Iterable[_Part]) -> pd.DataFrame:
    files = [part.source.shown for part in parts for _ in part.used]
    lines = [part.grid.lines[row] for part in parts for row in part.used]
    return pd.DataFrame({"file": pd.Series(files, dtype=str), "row": pd.Series(lines, dtype="int64")})


def _groups(parts: Iterable[_Part], contract: Sequence[col.Column]) -> list[str]:
    """List the contract's columns of groups that any of the tables has."""
    fixed = {column.name for column in contract}
    names = dict.fromkeys(name for part in parts for name in part.values)
    return [name for name in names if name not in fixed and col.contract_column(name, contract)]


def _frame(parts: Sequence[_Part], contract: Sequence[col.Column]) -> gpd.GeoDataFrame:
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
    return pd.Series(pd.array(values, dtype="Int64")).astype("int64" if column.filled else "Int64")


def _points(parts: Sequence[_Part]) -> NDArray[np.object_]:
    points = []
    for part in parts:
        lon, lat = (_degrees(part.values[name]) for name in ("lon", "lat"))
        lon, lat = to_wgs84(lon, lat, part.source.coordinates or "wgs84")
        placed = ~np.isnan(lon)
        found = np.full(len(lon), None, dtype=object)
        found[placed] = shapely.points(lon[placed], lat[placed])
        points.append(found)
    return np.concatenate(points) if points else np.empty(0, dtype=object)
