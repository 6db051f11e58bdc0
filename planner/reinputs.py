"""People, sites and standards for `verify`, read afresh from the inputs that a result keeps.

Features that go beyond a plain reading (units of several levels, official totals, places joined by name, field checks,
road edits) are not done again: their part is taken from the result's own tables, and `Read.taken` says so.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.redegrees import to_wgs84
from planner.rereading import NOTHING, RawRow, Unread, known_words, read_rows
from planner.reresult import Point

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planner.reresult import Result

_TOTAL = re.compile(r".*(合计|总计|小计|共计|累计|汇总)|total", re.IGNORECASE)


@dataclass(frozen=True)
class Site:
    """A site as its table says; money is None where its row says nothing."""

    id: str
    name: str
    types: tuple[str, ...]
    status: str
    today: bool
    tier: str
    district: str
    town: str
    unit: str
    host: str
    method: str
    funding: str
    hours: str
    operating: str
    once: int | None
    yearly: int | None
    place: tuple[float, float] | None


@dataclass(frozen=True)
class Rule:
    """A standard: `limit` is whole millimetres, or milliseconds of a drive where `timed`."""

    id: str
    mode: str
    straight: bool
    timed: bool
    limit: int
    setting: str | None
    layer: str
    served_by: tuple[str, ...]

    def speaks_of(self, point: Point) -> bool:
        """Whether it applies to a point: its layer and setting."""
        return point.layer == self.layer and self.setting in {None, point.setting}


@dataclass(frozen=True, eq=False)
class Read:
    """All inputs of a result, read again.

    Attributes
    ----------
    scenario
        The merged scenario; decimals as written.
    points, sites, rules
        By id, in the order of the tables.
    taken
        (word, file, count) of what was taken from the result's own tables.
    tabled
        The sites as their tables alone say them, without ``[[site]]`` of the scenario; None where they were not read.
    """

    scenario: Mapping[str, Any]
    points: Mapping[str, Point]
    sites: Mapping[str, Site]
    rules: Sequence[Rule]
    taken: Sequence[tuple[str, str, int]] = field(default=())
    tabled: Mapping[str, Site] | None = None


def rules_of(scenario: Mapping[str, Any]) -> list[Rule]:
    """Return the standards of a scenario with their limits in whole units, exactly."""
    walk_kph = Fraction(str(scenario["roads"].get("walk_kph", "4.0")))
    found = []
    for one in scenario["standard"]:
        mode, straight = one.get("mode", "walk"), one.get("metric", "road") == "straight"
        timed = "minutes" in one and mode == "drive" and not straight
        seconds = Fraction(str(one.get("minutes", 0))) * 60
        walked = seconds * 1000 if timed else seconds * walk_kph * 1_000_000 / 3600
        limit = Fraction(str(one["km"])) * 1_000_000 if "km" in one else walked
        who = one.get("applies_to", {})
        of, layer = who.get("setting"), who.get("layer", "residents")
        found.append(Rule(one["id"], mode, straight, timed, int(limit), of, layer, tuple(one["served_by"])))
    return found


def _cell(row: RawRow, name: str, table: Mapping[str, Any], *, words: bool = False) -> str:
    """Return a cell, or the table's default where it is empty or says nothing (not where `words` are asked for)."""
    text = row.cells.get(name, "")
    if not words and NOTHING.fullmatch(text):
        text = ""
    return text or str(table.get("defaults", {}).get(name, ""))


def _whole(text: str) -> int | None:
    """Read a whole number, ``300`` or ``300.0``; None for an empty cell."""
    if not text:
        return None
    if not re.fullmatch(r"[0-9]+(?:\.0+)?", text):
        raise Unread("cell")
    return int(Decimal(text))


def _place(row: RawRow, table: Mapping[str, Any]) -> tuple[float, float] | None:
    lon, lat = _cell(row, "lon", table), _cell(row, "lat", table)
    try:
        return to_wgs84(float(lon), float(lat), table.get("coordinates", "wgs84")) if lon and lat else None
    except ValueError:
        raise Unread("cell") from None


def _choice(text: str, kind: str) -> str:
    """Return what a word stands for, by the list of words of its kind."""
    for meant, words in known_words()[kind].items():
        if text in words:
            return meant
    raise Unread("cell")


def _setting(text: str) -> str:
    """Urban or rural, by word or by the code of the statistics bureau: 1xx, 2xx."""
    if re.fullmatch("[12][0-9]{2}", text):
        return "urban" if text[0] == "1" else "rural"
    return _choice(text, "settings")


def id_again(row: RawRow, key: str, table: Mapping[str, Any], stem: str) -> str:
    """Return the id of a row: of its column, or by its line."""
    return f"{stem}-{row.line}" if table.get("id") == "row" else row.cells.get(key, "")


def _placed(text: str, place: tuple[float, float] | None) -> str:
    """Say how a row is placed: none without a place, and a place is its own where nothing else is said."""
    said = _choice(text or "own", "placed")
    return "none" if place is None else "own" if said == "none" else said


def point_again(row: RawRow, table: Mapping[str, Any], stem: str) -> Point:
    """Read a row of a demand table; `stem` is the name of its file, for ids by line.

    Raises
    ------
    Unread
        If a cell is not written in the plainest way.
    """
    name = id_again(row, "demand_id", table, stem)
    people, place = _whole(_cell(row, "people", table)), _place(row, table)
    if not name or people is None:
        raise Unread("cell")
    groups = {key: _whole(_cell(row, key, table)) for key in row.cells if key.startswith("people_")}
    return Point(
        id=name,
        name=_cell(row, "name", table) or name,
        unit=_cell(row, "unit_id", table) or name,
        town=_cell(row, "town", table),
        district=_cell(row, "district", table),
        setting=_setting(_cell(row, "setting", table, words=True)),
        layer=_cell(row, "layer", table) or table.get("layer", "residents"),
        people=people,
        groups={key: count or 0 for key, count in groups.items()},
        placed=_placed(_cell(row, "placed", table, words=True), place),
        place=place,
    )


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise Unread("cell") from None


def _types(text: str, codes: Mapping[str, str]) -> tuple[str, ...]:
    """Codes of the types that a cell names, by code or name; between them stands one of several signs."""
    found: list[str] = []
    for part in filter(None, map(str.strip, re.split("[;；]", text))):
        names = [part] if part in codes else [name.strip() for name in re.split("[、，,/]", part) if name.strip()]
        if not all(name in codes for name in names):
            raise Unread("cell")
        found += [codes[name] for name in names]
    return tuple(dict.fromkeys(found))


def _site(row: RawRow, table: Mapping[str, Any], stem: str, codes: Mapping[str, str], date: dt.date) -> Site:
    name = id_again(row, "site_id", table, stem)
    status = _choice(_cell(row, "status", table, words=True), "statuses")
    opened, closed = (_day(_cell(row, key, table, words=True)) for key in ("opened_on", "closed_on"))
    operating = _cell(row, "operating", table, words=True)
    working = _choice(operating or "正常", "operating")
    stands = status == "existing" and working == "正常" and (opened is None or opened <= date)
    place = _place(row, table)
    if not name or place is None:
        raise Unread("cell")
    return Site(
        id=name,
        name=_cell(row, "name", table, words=True),
        types=_types(_cell(row, "type", table, words=True), codes),
        status=status,
        today=stands and (closed is None or date < closed),
        tier=_cell(row, "tier", table),
        district=_cell(row, "district", table),
        town=_cell(row, "town", table),
        unit=_cell(row, "unit_id", table),
        host=_cell(row, "host", table),
        method=_cell(row, "build_method", table),
        funding=_cell(row, "funding", table),
        hours=_cell(row, "hours", table, words=True),
        operating=working,
        once=_whole(_cell(row, "cost_once_yuan", table)),
        yearly=_whole(_cell(row, "cost_yearly_yuan", table)),
        place=place,
    )


def _said(entry: Mapping[str, Any]) -> dict[str, str]:
    """Return what ``[[site]]`` of a scenario says of a site as texts of cells; where it has no name, its id is that."""

    def text(value: Any) -> str:
        return value.isoformat() if isinstance(value, dt.date) else f"{value:f}"

    cells = {key: value.strip() if isinstance(value, str) else text(value) for key, value in entry.items()}
    return cells | ({"name": cells["site_id"]} if cells.get("name") == "" else {})


def _site_as_said(
    said: Mapping[str, str], row: RawRow, table: Mapping[str, Any], stem: str, codes: Mapping[str, str], date: dt.date
) -> Site:
    """Read a row of a table of which the scenario itself says something else; its places are in WGS-84."""
    defaults = {key: text for key, text in table.get("defaults", {}).items() if key not in said}
    told = {**table, "defaults": defaults} | ({"coordinates": "wgs84"} if "lon" in said else {})
    return _site(RawRow(row.line, {**row.cells, **said}, row.headers), told, stem, codes, date)


def _rows(result: Result, kind: str, table: Mapping[str, Any]) -> tuple[list[RawRow], str, int]:
    """Rows of a table that count, the stem of its file as the run saw it, and how many the result alone leaves out."""
    path = result.folder / table["file"]
    key = "demand_id" if kind == "demand" else "site_id"
    columns = dict(table.get("columns", {}))
    if table.get("id", "row") != "row":
        columns[key] = table["id"]
    shown = result.shown(table["file"])
    left = {int(row["row"]) for row in result.left_out if row["file"] == shown}
    uncounted = ("people",) if kind == "demand" and result.scenario["demand"].get("totals") else ()
    kept, aside = [], 0
    for row in read_rows(path, kind, {**table, "columns": columns}, uncounted=uncounted):
        named = [row.cells.get(name, "") for name in (key, "name")] + [next(filter(None, row.headers.values()), "")]
        total = not row.cells.get("lon") and any(_TOTAL.fullmatch(text) for text in named)
        if total or any(row.headers.get(header) != text for header, text in table.get("keep", {}).items()):
            continue
        aside += row.line in left
        if row.line not in left:
            kept.append(row)
    return kept, Path(shown).stem, aside


def tables_again(result: Result, kind: str) -> Iterator[tuple[Mapping[str, Any], list[RawRow], str, int]]:
    """Yield each table of ``demand`` or ``sites``: its rows that count, its stem, how many the result leaves out."""
    for table in result.scenario.get(kind, {}).get("table", ()):
        yield table, *_rows(result, kind, table)


def _facility_codes(scenario: Mapping[str, Any]) -> dict[str, str]:
    named = {one["name"]: one["type"] for one in scenario["facility"]}
    return named | {one["type"]: one["type"] for one in scenario["facility"]}


def _read_points(result: Result) -> tuple[dict[str, Point], list[tuple[str, str, int]]]:
    """Read the demand tables; what only the engine can tell comes from demand.csv."""
    section = result.scenario["demand"]
    own = dict(result.points)
    beyond = next((word for word in ("totals", "verdicts") if section.get(word)), "")
    beyond = beyond or ("hierarchy" if any("hierarchy" in table for table in section.get("table", ())) else "")
    if beyond:
        return own, [(beyond, "demand.csv", len(own))]
    found: dict[str, Point] = {}
    taken = []
    for table, rows, stem, aside in tables_again(result, "demand"):
        found |= {point.id: point for point in (point_again(row, table, stem) for row in rows)}
        if aside:
            taken.append(("left_out", result.shown(table["file"]), aside))
    joined = bool(section.get("places")) or any("unplaced" in table for table in section.get("table", ()))
    moved = {name for name, point in found.items() if joined and point.place is None and name in own}
    found |= {name: replace(found[name], place=own[name].place, placed=own[name].placed) for name in moved}
    taken += [("places", "demand.csv", len(moved))] if moved else []
    blank = _without_area(result.scenario, found) & own.keys()
    found |= {name: replace(found[name], town=own[name].town, district=own[name].district) for name in blank}
    return found, [*taken, *([("areas", "demand.csv", len(blank))] if blank else [])]


def _without_area(scenario: Mapping[str, Any], rows: Mapping[str, Point] | Mapping[str, Site]) -> set[str]:
    """Rows whose town or district is told by the layers of areas."""
    levels = {"districts": "district", "towns": "town"}
    asked = [column for key, column in levels.items() if scenario.get("areas", {}).get(key)]
    return {name for name, row in rows.items() if any(not getattr(row, column) for column in asked)}


def _read_sites(result: Result) -> tuple[dict[str, Site], dict[str, Site], list[tuple[str, str, int]]]:
    """Read the sites as the scenario has them, and as their tables alone say them."""
    codes, date = _facility_codes(result.scenario), result.scenario["data_date"]
    found: dict[str, Site] = {}
    tabled: dict[str, Site] = {}
    taken = []
    said = {one["site_id"]: _said(one) for one in result.scenario.get("site", ())}
    for table, rows, stem, aside in tables_again(result, "sites"):
        for row in rows:
            name = id_again(row, "site_id", table, stem)
            site = _site(row, table, stem, codes, date)
            tabled[site.id] = site
            found[site.id] = _site_as_said(said.pop(name), row, table, stem, codes, date) if name in said else site
        if aside:
            taken.append(("left_out", result.shown(table["file"]), aside))
    candidate = {"defaults": {"status": "candidate"}}
    for name, cells in said.items():
        found[name] = _site(RawRow(0, {"name": name, **cells}, {}), candidate, "", codes, date)
    blank = _without_area(result.scenario, found) & result.sites.keys()
    for name in blank:
        own = result.sites[name]
        found[name] = replace(found[name], town=own["town"], district=own["district"])
    return found, tabled, [*taken, *([("areas", "sites.csv", len(blank))] if blank else [])]


def sites_as_written(result: Result) -> dict[str, Site]:
    """Return the sites as the result's own table says them, their places with all digits where it has them."""
    codes, date = _facility_codes(result.scenario), result.scenario["data_date"]
    rows = (RawRow(0, row, row) for row in result.sites.values())
    sites = {site.id: site for site in (_site(row, {}, "", codes, date) for row in rows)}
    return {name: replace(site, place=result.exact_places.get(name, site.place)) for name, site in sites.items()}


def read_again(result: Result) -> Read:
    """Read people, sites and standards of a result from its inputs; a table that is not plain is taken from it."""
    try:
        points, taken = _read_points(result)
    except Unread as why:
        points, taken = dict(result.points), [(str(why), "demand.csv", len(result.points))]
    try:
        sites, tabled, more = _read_sites(result)
    except Unread as why:
        sites, tabled = sites_as_written(result), None
        more = [(str(why), "sites.csv", len(sites))]
    return Read(result.scenario, points, sites, rules_of(result.scenario), (*taken, *more), tabled)
