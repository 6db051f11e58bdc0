"""What the points of the tables show on the roads: doubts about rows, about files, and about the road file itself."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from planner import datum, density, doublecounts, nearheaders, places, recurring, scales, sitedates, snapshot, totals
from planner import doubts as doubting
from planner.border import border, saved_border
from planner.boundary import widened
from planner.errors import Fault, attempt
from planner.inputs import Gathered
from planner.roadends import SIDES, Cut, covered_box, cut_nodes, cut_of, metres_to
from planner.scenario import fault_at, snapshot_of
from planner.sitelines import moved
from planner.sourcelist import shown_path
from planner.water import water_of
from planner.words import layer_name, listed, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import pandas as pd
    import shapely
    from numpy.typing import NDArray

    from planner.coordinates import System
    from planner.doubts import Doubt, Kind, Points
    from planner.inputs import Inputs
    from planner.roads import Roads
    from planner.scenario import Loaded
    from planner.schema import Scenario
    from planner.sourceschema import TableSection
    from planner.standards import Standard
    from planner.tables import Table
    from planner.terms import Language, Mode

FARTHEST = 20
"""Longest ways from a point to its road that are listed."""

OUTSIDE_M = 100.0
"""A boundary is drawn no better than this: a point so little outside is no doubt (metres)."""

AREA_ROWS = 3
"""So many rows outside, and all that a district has, are one doubt: the boundary lacks the district."""

KINDS: tuple[Kind, ...] = ("demand", "sites")

_GRAVE = totals.GRAVE | sitedates.GRAVE | places.GRAVE | doublecounts.GRAVE | nearheaders.GRAVE | scales.GRAVE


@dataclass(frozen=True, eq=False)
class Seen:
    """What the points of the tables show on the roads."""

    points: Mapping[Kind, Points]
    doubts: Sequence[Doubt]
    told: Sequence[Fault]
    datum: Sequence[Mapping[str, Any]]
    farthest: Sequence[Mapping[str, Any]]
    void: Sequence[Mapping[str, Any]]
    cut: Mapping[str, Any]
    water: bool
    boundary: str
    roads_near: pd.DataFrame | None


def tables_of(gathered: Gathered) -> dict[Kind, Table]:
    """Return the tables of people and of sites that could be read."""
    return {kind: table for kind in KINDS if (table := getattr(gathered, kind)) is not None}


def look(gathered: Gathered, show: Callable[[str], None]) -> Seen | None:
    """Look for doubts as far as tables and roads could be read.

    Parameters
    ----------
    gathered
        What could be read.
    show
        Called with the name of each step as it begins.

    Returns
    -------
    seen
        None where the scenario or its roads could not be read.
    """
    scenario, roads = gathered.loaded.scenario, gathered.networks.get("walk")
    if scenario is None or roads is None:
        return None
    show("datum")
    laid = _laid(gathered, scenario, roads)
    show("doubts")
    # a file whose roads can be read may hold areas that cannot: then water is not tested
    water = attempt(lambda: water_of(Path(scenario.roads.file)))[0]
    water = np.empty(0, dtype=object) if water is None else water
    wet = {kind: doubting.across_water(one, water) for kind, one in laid.sound.items()}
    outline, boundary = border(gathered.loaded, scenario)
    area = None if outline is None else widened(outline, OUTSIDE_M)
    found = [doubt for doubts in laid.empty.values() for doubt in doubts]
    for kind, one in laid.sound.items():
        found += _doubts_of_places(one, float(scenario.roads.snap_max_m), wet[kind], area)
        found += _doubts_of_rows(laid.points[kind])
    people = laid.points.get("demand")
    return Seen(
        points=laid.points,
        doubts=found,
        told=laid.told,
        datum=laid.datum,
        farthest=_farthest(gathered, laid.points, wet if len(water) else None),
        void=laid.void,
        cut=laid.cut,
        water=bool(len(water)),
        boundary=boundary,
        roads_near=None if people is None else density.roads_near(roads, people.frame, people.own),
    )


def grave(inputs: Inputs) -> Sequence[Fault]:
    """Find what makes figures void: points in another system than written, roads cut too near, people counted twice.

    And what makes those of a plan's years doubtful: outlets that open or close in between.
    """
    read = (inputs.loaded, inputs.standards, inputs.demand, inputs.sites, inputs.networks)
    laid = _laid(Gathered(*read, (), inputs), inputs.scenario, inputs.networks["walk"])
    of_tables = (d for d in (*inputs.demand.doubts, *inputs.sites.doubts) if d.code in _GRAVE)
    return (*laid.told, *of_tables, *recurring.people_twice(laid.points["demand"]))


@dataclass(frozen=True, eq=False)
class _Laid:
    """The points on the roads: all, those that nobody can mean, and those whose places say something."""

    points: Mapping[Kind, Points]
    empty: Mapping[Kind, Sequence[Doubt]]
    sound: Mapping[Kind, Points]
    datum: Sequence[Mapping[str, Any]]
    void: Sequence[Mapping[str, Any]]
    cut: Mapping[str, Any]
    told: Sequence[Fault]


def _laid(gathered: Gathered, scenario: Scenario, roads: Roads) -> _Laid:
    """Lay the points on the roads, and look whether their system and the extent of the roads can be right."""
    tested = list(_datum_records(gathered, scenario, roads))
    snap_max_m = float(scenario.roads.snap_max_m)
    everywhere = {
        kind: doubting.points_of(kind, table.frame, table.origin, roads, snap_max_m)
        for kind, table in tables_of(gathered).items()
    }
    empty = {kind: _placeholders(gathered, scenario, one) for kind, one in everywhere.items()}
    points = {kind: doubting.without(one, [doubt.row for doubt in empty[kind]]) for kind, one in everywhere.items()}
    # where the rows of a file lie says nothing yet, if they are likely in another system
    misread = {item["path"] for item in tested if item["verdict"] == "other"}
    sound = {kind: doubting.without(one, _rows_in(gathered, kind, misread)) for kind, one in points.items()}
    cut = _cut(gathered, scenario, roads, sound)
    cutoff_m = _cutoff_m(gathered.standards, gathered.networks)
    void = list(_void(gathered, sound, cut, cutoff_m))
    told = [*_datum_doubts(tested, scenario.language)]
    shown = shown_path(scenario.roads.file, gathered.loaded.folder)
    told += snapshot.doubts(gathered.loaded, shown, scenario.language)
    told += [fault_at(gathered.loaded, one.code, one.where, **one.values) for one in scales.small_costs(scenario)]
    if void:
        told.append(_clipped(gathered.loaded, scenario, cut, cutoff_m, void))
    return _Laid(points, empty, sound, tested, void, _cut_record(cut, cutoff_m, void), told)


def _placeholders(gathered: Gathered, scenario: Scenario, points: Points) -> list[Doubt]:
    """Find the places of a table that nobody can mean."""
    sections = scenario.demand.table if points.kind == "demand" else scenario.sites.table
    stated = _stated(sections, gathered.loaded.folder)
    files = tables_of(gathered)[points.kind].origin["file"]
    return list(doubting.placeholders(points, [stated.get(file) or "wgs84" for file in files]))


def _rows_in(gathered: Gathered, kind: Kind, files: set[str]) -> list[int]:
    """Numbers of the rows of a table that come from some files."""
    return np.flatnonzero(tables_of(gathered)[kind].origin["file"].isin(files).to_numpy()).tolist()


def _doubts_of_places(
    points: Points, snap_max_m: float, wet: NDArray[np.bool_], area: shapely.Geometry | None
) -> Iterator[Doubt]:
    """Find what is odd about where rows lie."""
    yield from doubting.far_from_roads(points, snap_max_m)
    yield from doubting.cut_by_water(points, wet)
    if area is not None:
        yield from doubting.outside(points, area, AREA_ROWS)


def _doubts_of_rows(points: Points) -> Iterator[Doubt]:
    """Find what stands twice, and settings that disagree with who lives around."""
    yield from doubting.twice(points)
    if points.kind == "demand":
        yield from recurring.again(points)
        yield from doubting.settings(points)


def _farthest(
    gathered: Gathered, points: Mapping[Kind, Points], wet: Mapping[Kind, NDArray[np.bool_]] | None
) -> list[dict[str, Any]]:
    """List the points farthest from their road."""
    found = []
    for kind, one in points.items():
        files = tables_of(gathered)[kind].origin["file"]
        away = np.where(one.own, one.feet.access_mm, -1)
        for row in np.argsort(-away, kind="stable")[:FARTHEST].tolist():
            if away[row] >= 0:
                about = _about(one, files, row)
                crosses = None if wet is None else bool(wet[kind][row])
                found.append({**about, "metres": int(away[row]) / 1000, "off_network": bool(one.feet.edge[row] < 0),
                              "across_water": crosses})  # fmt: skip
    return sorted(found, key=lambda item: (-item["metres"], item["file"], item["row"]))[:FARTHEST]


def _about(points: Points, files: pd.Series[str], row: int) -> dict[str, Any]:
    """Name a row of a table."""
    name = str(points.frame["name"].iloc[row])
    return {"kind": points.kind, "file": files.iloc[row], "row": int(points.line[row]), "id": points.id_of(row),
            "name": name}  # fmt: skip


# --- where the area and the roads end ----------------------------------------------------------------------------


def _cut(gathered: Gathered, scenario: Scenario, roads: Roads, points: Mapping[Kind, Points]) -> Cut:
    """Look for the places where the road file was cut."""
    file, saved = Path(scenario.roads.file), snapshot_of(gathered.loaded.merged.get("roads"))
    none = np.empty(0, dtype=np.float64)
    missing = cut_nodes(file) if roads.report.nodes_missing else (none, none)
    kept = None if saved is None else snapshot.record_of(saved)
    area = None if saved is None else saved_border(saved)
    covered = covered_box(file) if kept is None or area is None else widened(area, kept["margin_m"])
    lon, lat = (
        np.concatenate([none, *(getattr(one, axis)[one.own] for one in points.values())]) for axis in ("lon", "lat")
    )
    return cut_of(roads, missing, covered, lon, lat, float(scenario.roads.snap_max_m))


def _cutoff_m(standards: Iterable[Standard], networks: Mapping[Mode, Roads]) -> float:
    """Return how far the widest standard along roads reaches in metres; a drive as fast as the fastest road allows."""
    fastest = networks["drive"].fastest_mm_per_ms if "drive" in networks else 0.0
    reach = [s.limit / 1000 * (fastest if s.measure == "time" else 1.0) for s in standards if s.metric == "road"]
    return max(reach, default=0.0)


def _void(gathered: Gathered, points: Mapping[Kind, Points], cut: Cut, cutoff_m: float) -> Iterator[dict[str, Any]]:
    """List the rows nearer to where the roads were cut than the widest standard reaches, the nearest first."""
    for kind, one in points.items():
        files = tables_of(gathered)[kind].origin["file"]
        away = np.where(one.own, metres_to(cut, one.lon, one.lat), np.inf)
        for row in np.argsort(away, kind="stable").tolist():
            if away[row] >= cutoff_m:
                break
            yield {**_about(one, files, row), "metres": round(float(away[row]), 1), **_people(one, row)}


def _people(points: Points, row: int) -> dict[str, Any]:
    if points.kind == "sites":
        return {"layer": "", "people": None}
    return {"layer": str(points.frame["layer"].iloc[row]), "people": int(points.frame["people"].iloc[row])}


def _by_layer(void: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    people: Counter[str] = Counter()
    for item in void:
        if item["kind"] == "demand":
            people[item["layer"]] += item["people"]
    return dict(people)


def _cut_record(cut: Cut, cutoff_m: float, void: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "seen": cut.seen,
        "missing": cut.missing,
        "beyond": cut.beyond,
        "sides": [SIDES[side] for side in cut.sides],
        "cutoff_m": cutoff_m,
        "points": sum(item["kind"] == "demand" for item in void),
        "sites": sum(item["kind"] == "sites" for item in void),
        "people": _by_layer(void),
    }


def _clipped(loaded: Loaded, scenario: Scenario, cut: Cut, cutoff_m: float, void: Sequence[Mapping[str, Any]]) -> Fault:
    """Say that figures are void until a larger extract is given."""
    language = scenario.language
    signs = [
        say(f"check.cut.{key}", language, count=count)
        for key, count in (("missing", cut.missing), ("beyond", cut.beyond))
        if count
    ]
    signs += [say(f"check.cut.{SIDES[side]}", language) for side in cut.sides]
    people = [
        say("check.layer_people", language, layer=layer_name(layer, language), people=count)
        for layer, count in _by_layer(void).items()
    ]
    points, sites = (sum(item["kind"] == kind for item in void) for kind in KINDS)
    near = [say("check.near_points", language, count=points, people=listed(people, language))] if points else []
    near += [say("check.near_sites", language, count=sites)] if sites else []
    values = {"signs": listed(signs, language), "near": listed(near, language), "cutoff": f"{cutoff_m:.0f}"}
    return Fault("clipped", shown_path(scenario.roads.file, loaded.folder), values=values)


# --- the system of coordinates -----------------------------------------------------------------------------------


def _stated(sections: Iterable[TableSection], folder: Path) -> dict[str, System | None]:
    """Shown path -> the system of its points; None where one file is read in several."""
    found: dict[str, System | None] = {}
    for section in sections:
        file, system = shown_path(section.file, folder), section.coordinates or "wgs84"
        found[file] = system if found.get(file, system) == system else None
    return found


def _datum_records(gathered: Gathered, scenario: Scenario, roads: Roads) -> Iterator[dict[str, Any]]:
    """Test every table of people and sites against the roads; none is refused for what is found."""
    snap_max_m = float(scenario.roads.snap_max_m)
    sections = {"demand": scenario.demand.table, "sites": scenario.sites.table}
    for kind, table in tables_of(gathered).items():
        stated = _stated(sections[kind], gathered.loaded.folder)
        # where a row was spread to, or the scenario itself put it, is in no file and in no other system
        own = ~np.array(moved(table), dtype=bool) if kind == "sites" else (table.frame["placed"] != "spread").to_numpy()
        rows = table.frame[own]
        for path, found, too_far in datum.by_file(roads, rows, table.origin["file"][rows.index], stated, snap_max_m):
            yield {
                "table": kind,
                "path": path,
                "stated": stated[path],
                **asdict(found),
                "too_far": too_far,
                "snap_max_m": snap_max_m,
            }


def _datum_doubts(tested: Iterable[Mapping[str, Any]], language: Language) -> Iterator[Fault]:
    """Doubt the tables whose points another system puts clearly nearer to the roads."""
    for item in tested:
        if item["verdict"] == "other":
            values = {
                "stated": say(f"system.{item['stated']}", language),
                "stated_m": item["medians_m"]["wgs84" if item["stated"] == "cgcs2000" else item["stated"]],
                "best": say(f"system.{item['best']}", language),
                "best_m": item["medians_m"][item["best"]],
                "write": item["best"],
            }
            yield Fault("other_datum", item["path"], column="coordinates", values=values)
