"""What can be wrong with a table's cells and rows: each rule lists its faults; nothing is raised here."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from planner import columns as col
from planner import grammar
from planner.coordinates import in_china
from planner.errors import Fault
from planner.grammar import Wrong
from planner.matching import Matching, in_ten_thousands, missing_column, unknown_column
from planner.sources import Grid, TableSource, in_runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

FAULTS_LISTED = 20
"""Faults of one kind that are listed for one column of one file; the rest are counted."""

_CODE_DIGITS = 12
_PHONES = re.compile("电话|手机|联系|phone|mobile", re.IGNORECASE)
_AREA_DIGITS = 6  # codes of districts have so many, those of towns 9; fewer are somebody's own numbers
_DIGITS = re.compile("[0-9]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class LeftOut:
    """A row that was read and not used, or blank rows in a row.

    Attributes
    ----------
    file, row
        Path as shown, and line of the file, the first one of blank rows.
    id, name
        As far as the row has them, else empty.
    reason
        ``keep``, ``blank``, ``total``, ``note``, ``section``, ``header``, ``title``, ``unit_above`` or ``unit_alone``,
        and of places and verdicts those of `places` and `verdicts`: the words ``left_out.<reason>``.
    values
        What these words quote.
    rows
        How many rows it stands for.
    """

    file: str
    row: int
    id: str
    name: str
    reason: str
    values: Mapping[str, object] = field(default_factory=dict)
    rows: int = 1

    @property
    def end(self) -> int:
        """Line below it."""
        return self.row + self.rows


@dataclass(frozen=True, eq=False)
class Part:
    """What one source gave: values by contract name, then pass-through columns, for the rows in use."""

    source: TableSource
    faults: tuple[Fault, ...]
    grid: Grid = field(default_factory=lambda: Grid("", (), (), ()))
    matching: Matching = field(default_factory=lambda: Matching({}, {}, ()))
    used: tuple[int, ...] = ()
    values: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()
    doubts: tuple[Fault, ...] = ()
    town_points: tuple[Any, ...] = ()

    def fault(self, wrong: Wrong, name: str, position: int | None = None) -> Fault:
        """Place what is wrong with a contract column, or with its cell in one of the rows in use."""
        place = self.matching.place.get(name)
        header = name if place is None else self.grid.headers[place]
        row = None if position is None else self.line(position)
        known = col.known_as(name) if place is None else {}
        return Fault(wrong.code, self.source.shown, self.grid.sheet, row, header, wrong.values, called=known)

    def line(self, position: int) -> int:
        """Line of the file of a row in use."""
        return self.grid.lines[self.used[position]]

    def lines(self, positions: Iterable[int]) -> str:
        """Lines of the file of rows in use, as text."""
        return in_runs([(self.line(at), self.line(at)) for at in positions])


# --- what is wrong with one source -------------------------------------------------------------------------------


def header_faults(part: Part, contract: Sequence[col.Column]) -> list[Fault]:
    """List headers that clash, are unknown or are missing."""
    source, place, key = part.source, part.matching.place, contract[0].name
    if not part.grid.headers:
        return []
    wrong = [("id" if source.id and label == f"columns.{key}" else label, w) for label, w in part.matching.wrong]
    unknown = [name for name in source.defaults if col.contract_column(name, contract) is None]
    wrong += [(f"defaults.{name}", unknown_column(name, contract)) for name in unknown]
    scaled = {in_ten_thousands(header, contract) for header in part.matching.rest}  # `unit_faults` speaks of these
    for column in contract:
        asked = column.name in {*place, *source.columns, *source.defaults, *scaled}
        if column.required and not asked:
            wrong.append((column.name, missing_column(column, part.matching.rest, part.grid.headers)))
    if not contract[0].required and key not in place and not source.id and key not in source.columns:
        wrong.append((key, Wrong("no_id")))
    sheet = part.grid.sheet
    return [Fault(w.code, source.shown, sheet, None, name, w.values, called=col.known_as(name)) for name, w in wrong]


def followable(faults: Iterable[Fault], *, columns: bool) -> list[Fault]:
    """Return faults of a table for which a scenario takes no ⟨defaults⟩, with cures that can be followed.

    `columns`: whether it takes ⟨columns⟩.
    """
    code = "missing_columns" if columns else "missing_header"
    other = {"missing_column": code, "missing_column_near": f"{code}_near"}
    return [replace(fault, code=other.get(fault.code, fault.code)) for fault in faults]


def unit_faults(part: Part, contract: Sequence[col.Column]) -> list[Fault]:
    """List columns that count in ten thousands, and unit codes that are not as long as the others."""
    faults = []
    for name, place in part.matching.place.items():
        column, header = col.contract_column(name, contract), part.grid.headers[place]
        if column and column.kind in {"whole", "money"} and "万" in header:
            values = {"header": grammar.quoted(header)}
            faults.append(part.fault(Wrong("column_ten_thousands", values), name))
    for header in part.matching.rest:
        meant = in_ten_thousands(header, contract)
        if meant is not None and meant not in part.matching.place:
            wrong = Wrong("column_ten_thousands", {"header": grammar.quoted(header)})
            faults.append(part.fault(wrong, header))
    codes = _codes(part)
    lengths = set(map(len, codes.values()))
    if _CODE_DIGITS in lengths:
        faults += [
            part.fault(Wrong("code_length", {"text": code, "digits": len(code)}), "unit_id", at)
            for at, code in codes.items()
            if len(code) != _CODE_DIGITS
        ]
    elif lengths and contract[0].name != "site_id":  # several sites may lie in one community
        faults += _shared_codes(part, codes)
    return faults


def _codes(part: Part) -> dict[int, str]:
    """Return unit codes of nothing but digits, by the number of the row in use; an id that stands in is none."""
    place = part.matching.place.get("unit_id")
    if place is None:
        return {}
    units = zip((part.grid.cells[place][row] for row in part.used), part.values["unit_id"], strict=True)
    return {at: unit for at, (cell, unit) in enumerate(units) if cell == unit and _is_code(unit)}


def _is_code(unit: object) -> bool:
    return isinstance(unit, str) and _DIGITS.fullmatch(unit) is not None


def _shared_codes(part: Part, codes: Mapping[int, str]) -> Iterator[Fault]:
    """List rows of another name than the first one of their code: where codes are cut short, communities become one."""
    names = part.values["name"] if "name" in part.matching.place else [""] * len(part.used)
    first: dict[str, int] = {}
    for at, code in codes.items():
        if len(code) < _AREA_DIGITS or not isinstance(names[at], str):
            continue
        before = first.setdefault(code, at)
        if names[at] != names[before]:
            values = {"text": code, "digits": len(code), "row": part.line(before)}
            values |= {"first": grammar.quoted(names[before]), "second": grammar.quoted(names[at])}
            yield part.fault(Wrong("code_shared", values), "unit_id", at)


def code_doubts(part: Part) -> list[Fault]:
    """Doubt a column of unit codes none of which has 12 digits."""
    codes = _codes(part)
    lengths = sorted(set(map(len, codes.values())))
    if not lengths or _CODE_DIGITS in lengths:
        return []
    values = {"digits": " / ".join(map(str, lengths)), "text": next(iter(codes.values()))}
    return [part.fault(Wrong("codes_short", values), "unit_id")]


def formula_faults(part: Part, contract: Sequence[col.Column]) -> list[Fault]:
    """List formulas in the rows in use whose value the file does not hold, but for those that the grammar refuses."""
    grid, used = part.grid, {part.grid.lines[row] for row in part.used} if part.grid.uncalculated else set()
    kinds = {place: col.contract_column(name, contract) for name, place in part.matching.place.items()}
    texts = {place for place, column in kinds.items() if column and column.kind == "text"}
    return [
        Fault("cell_formula", part.source.shown, grid.sheet, line, grid.headers[place])
        for line, place in sorted(grid.uncalculated)
        if line in used and (place in texts or place not in kinds)
    ]


def _phones(part: Part, place: int, contract: Sequence[col.Column]) -> Wrong | None:
    """Say that a column holds mobile numbers, or figures that cannot be told from them.

    A figure of 11 digits alone may be something else, as the numbers of OpenStreetMap are: it is an id where ids
    stand, and in a column that the contract does not know a number of a phone only where its header says so or most
    of its cells look like one: then its fault says what to do where it is no phone.
    """
    cells, header = part.grid.cells[place], part.grid.headers[place]
    found = [cell for cell in cells if grammar.holds_mobile_number(cell)]
    bare = sum(map(grammar.is_bare_number, found))
    name = next((name for name, at in part.matching.place.items() if at == place), "")
    if not found or (bare == len(found) and name in grammar.CODES):
        return None
    if bare < len(found) or col.contract_column(name, contract) is not None or _PHONES.search(header):
        return Wrong("personal_phone", {"count": len(found)})
    values = {"count": len(found), "header": grammar.quoted(header)}
    return Wrong("phone_like", values) if 2 * bare > sum(map(bool, cells)) else None


def text_faults(part: Part, contract: Sequence[col.Column], *, refuse_phones: bool) -> list[Fault]:
    """Control characters and personal data, also in the rows that are left out."""
    grid, faults = part.grid, []
    for place, (header, cells) in enumerate(zip(grid.headers, grid.cells, strict=True)):
        whole = "\n".join(cells)
        for code, found in (("control_character", _CONTROL.search), ("personal_id", grammar.holds_id_number)):
            if found(whole):
                faults += [
                    Fault(code, part.source.shown, grid.sheet, line, header)
                    for line, cell in zip(grid.lines, cells, strict=True)
                    if found(cell)
                ]
        if refuse_phones and grammar.holds_mobile_number(whole) and (wrong := _phones(part, place, contract)):
            faults.append(Fault(wrong.code, part.source.shown, grid.sheet, None, header, wrong.values))
    return faults


def _shown(value: object) -> str:
    return "" if value is None or isinstance(value, Wrong) else grammar.quoted(str(value))


def degrees(values: Sequence[Any]) -> NDArray[np.float64]:
    """Degrees as numbers; NaN where a cell holds none."""
    return np.array([value if isinstance(value, float) else np.nan for value in values], dtype=np.float64)


def place_faults(part: Part, *, required: bool) -> list[Fault]:
    """List coordinates that are missing, out of range, or of an undeclared system in China."""
    if not {"lon", "lat"} <= {*part.matching.place, *part.source.defaults}:
        return []
    lons, lats = part.values["lon"], part.values["lat"]
    no_lon, no_lat = (np.array([value is None for value in values], dtype=bool) for values in (lons, lats))
    lon, lat = degrees(lons), degrees(lats)
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
        part.fault(Wrong(code.removesuffix("_lat"), {"lon": _shown(lons[at]), "lat": _shown(lats[at])}), name, at)
        for code, (name, mask) in checks.items()
        for at in np.flatnonzero(mask).tolist()
    ]
    count = int(in_china(lon, lat).sum())
    if part.source.coordinates is None and count:
        faults.append(Fault("no_coordinates", part.source.shown, part.grid.sheet, values={"count": count}))
    return faults


def rule_faults(part: Part) -> list[Fault]:
    """Rules between the columns of a row of a sites table."""
    values = part.values
    typeless = [
        at for at, pair in enumerate(zip(values["status"], values["type"], strict=True)) if pair == ("existing", "")
    ]
    has_type = "type" in part.matching.place or "type" in part.source.defaults
    spans = enumerate(zip(values["opened_on"], values["closed_on"], strict=True))
    turned = [at for at, pair in spans if all(isinstance(day, dt.date) for day in pair) and pair[1] < pair[0]]
    return [
        *(part.fault(Wrong("no_type"), "type", at) for at in typeless if has_type),
        *(part.fault(Wrong("closed_before_opened"), "closed_on", at) for at in turned),
    ]


# --- what is wrong between rows, and the finished table ----------------------------------------------------------


def duplicates(parts: Iterable[Part], key: str) -> Iterable[Fault]:
    """List ids that stand twice, in one table or across several."""
    ids = [name for part in parts for name in part.values.get(key, ())]
    if len(set(ids)) == len(ids):
        return
    first: dict[str, tuple[Part, int]] = {}
    for part in parts:
        for position, name in enumerate(part.values.get(key, ())):
            if not isinstance(name, str) or not name:
                continue
            other, at = first.setdefault(name, (part, position))
            if other is not part or at != position:
                values = {"id": grammar.quoted(name), "file": other.source.shown, "row": other.line(at)}
                yield part.fault(Wrong("duplicate_id", values), key, position)


def split_units(parts: Iterable[Part]) -> Iterable[Fault]:
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
                # a cell that could not be read is told as such, and names no area
                if not isinstance(unit, str) or not isinstance(area, str) or not unit or not area:
                    continue
                other, file, row = first.setdefault(unit, (area, part.source.shown, part.line(position)))
                if other != area and unit not in told:
                    told.add(unit)
                    values: dict[str, object] = {
                        "unit": grammar.quoted(unit),
                        "first": grammar.quoted(other),
                        "second": grammar.quoted(area),
                    }
                    values |= {"file": file, "row": row}
                    yield part.fault(Wrong("split_unit", values), name, position)


def missing_groups(parts: Sequence[Part], groups: Iterable[str]) -> Iterable[Fault]:
    """Find tables that do not count a group which another table counts: no figure is made up for them."""
    for part in parts:
        for name in groups:
            if part.values and name not in part.values:
                yield part.fault(Wrong("missing_group", {"name": name}), name)


def shortened(faults: Sequence[Fault], more: str = "more_faults") -> Iterable[Fault]:
    """Yield the first faults of one kind in one column, then one, `more`, that counts, and holds, the rest of them."""
    of_kind: defaultdict[tuple[str, str, str, str], list[Fault]] = defaultdict(list)
    for fault in faults:
        if fault.row is not None:
            of_kind[fault.file, fault.sheet, fault.column, fault.code].append(fault)
    seen: Counter[tuple[str, str, str, str]] = Counter()
    for fault in faults:
        kind = fault.file, fault.sheet, fault.column, fault.code
        seen[kind] += fault.row is not None
        if seen[kind] <= FAULTS_LISTED or fault.row is None:
            yield fault
        elif seen[kind] == FAULTS_LISTED + 1:
            rest = tuple(of_kind[kind][FAULTS_LISTED:])
            yield replace(fault, code=more, row=None, values={"count": len(rest)}, rest=rest)
