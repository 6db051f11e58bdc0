"""Reads everything a scenario names and checks it, telling every fault of every file at once."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd
from pydantic import BaseModel, ValidationError

from planner import headcount, placing, schema, snapshot, sourceschema, tables, totals
from planner.candidates import options, split_types
from planner.companions import with_companions
from planner.coverage import applies, assessable
from planner.crosschecks import missing_group_columns, unknown_sources
from planner.errors import Fault, PlannerError, RoadError, ScenarioError, TableError, attempt
from planner.exclusions import doubted, read_exclusions
from planner.namedfiles import named_files
from planner.pathfaults import too_long
from planner.rerouting import Rerouted, rerouted
from planner.roadcache import default_folder, read_roads
from planner.roadedits import read_edits
from planner.scenario import Loaded, fault_at, load
from planner.sources import Hierarchy
from planner.standards import scopes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from planner.roads import Roads
    from planner.schema import Scenario
    from planner.standards import Standard
    from planner.terms import Mode
    from planner.verdicts import Verdicts

S = TypeVar("S", bound=BaseModel)

NEAR_ROADS_DEG = 0.1
"""A point this far outside the roads' box, in degrees, is looked at for swapped coordinates."""


SWAPPED_LISTED = 5
"""Rows with swapped coordinates that are listed one by one; each says how many there are."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """A checked scenario with all its tables and roads.

    Attributes
    ----------
    loaded
        The scenario file.
    scenario, standards
        The scenario, and its standards as limits in whole units.
    demand, sites
        The tables as read; ``sites.frame`` has a column ``open_today``.
    networks
        Roads by mode: walk always, drive where a standard asks for it; with all road edits.
    options
        What stands today and what may be built.
    verdicts
        What field checks found.
    rerouted
        What the road edits did; None without any.
    excluded
        Where no site may be, in WGS-84 degrees; None where nothing is excluded.
    totals
        What run.json says of each table of official totals.
    """

    loaded: Loaded
    scenario: Scenario
    standards: tuple[Standard, ...]
    demand: tables.Table
    sites: tables.Table
    networks: Mapping[Mode, Roads]
    options: pd.DataFrame
    verdicts: Verdicts
    rerouted: Rerouted | None = None
    excluded: Any = None
    totals: tuple[Mapping[str, Any], ...] = ()

    @property
    def files(self) -> list[Path]:
        """Every file that the scenario names and what belongs to it (`companions`), roads first, each once.

        To the roads of a snapshot belongs its record.
        """
        named = [Path(file) for _, file in named_files(self.loaded.merged)]
        return with_companions([Path(self.scenario.roads.file), *snapshot.files_of(self.loaded), *named])


@dataclass(frozen=True, eq=False)
class Gathered:
    """What could be read of a scenario and of all that it names; as in `Inputs`, None or empty where it could not.

    Attributes
    ----------
    faults
        Every fault of the scenario, its tables and its roads.
    inputs
        All of it, where nothing is wrong.
    """

    loaded: Loaded
    standards: tuple[Standard, ...]
    demand: tables.Table | None
    sites: tables.Table | None
    networks: Mapping[Mode, Roads]
    faults: tuple[Fault, ...]
    inputs: Inputs | None


def usable_sites(sites: pd.DataFrame) -> NDArray[np.bool_]:
    """Mask of the sites that are open today or may be built."""
    return (sites["open_today"] | (sites["status"] == "candidate")).to_numpy(dtype=bool)


def shown_path(file: str, folder: Path) -> str:
    """Path of a file as seen from the scenario's folder, with forward slashes."""
    try:
        return Path(os.path.relpath(file, folder)).as_posix()
    except ValueError:  # another drive on Windows
        return Path(file).as_posix()


def _entries(merged: Mapping[str, Any], section: str, key: str = "table") -> list[Mapping[str, Any]]:
    holder = merged.get(section)
    found = holder.get(key, []) if isinstance(holder, dict) else []
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _usable_section(model: type[S], data: Any) -> S | None:
    """Return one section of a scenario that may have faults; None where this one has: they are told already."""
    known = {key: value for key, value in data.items() if key in model.model_fields} if isinstance(data, dict) else {}
    try:
        return model.model_validate(known)
    except ValidationError:
        return None


def table_sources(loaded: Loaded, section: str) -> list[tables.TableSource]:
    """List the tables of a section, ``demand`` or ``sites``, that can be read, even where the scenario has faults elsewhere."""
    found = []
    for entry in _entries(loaded.merged, section):
        model = sourceschema.DemandTableSection if section == "demand" else sourceschema.TableSection
        table = _usable_section(model, entry)
        if table is None:
            continue
        tree = getattr(table, "hierarchy", None)
        source = _source(loaded, table, hierarchy=None if tree is None else Hierarchy(**tree.model_dump()))
        if source is not None:
            found.append(source)
    return found


def _source(loaded: Loaded, section: BaseModel | None, **more: Any) -> tables.TableSource | None:
    """Say how the file of a section is read; None for no section."""
    if section is None:
        return None
    values = section.model_dump(exclude={"hierarchy", "name"}) | more
    file = values.pop("file")
    return tables.TableSource(file=Path(file), shown=shown_path(file, loaded.folder), **values)


def _to_place(loaded: Loaded) -> placing.Asked:
    """Say what puts rows in their place, as far as the scenario's sections can be read."""
    demand, layers = (loaded.merged.get(name) for name in ("demand", "areas"))
    areas = {}
    for level in placing.LEVELS:
        section = _usable_section(sourceschema.AreaSection, _entry(layers, f"{level}s"))
        source = _source(loaded, section)
        if section is not None and source is not None:
            areas[level] = (source, section.name)
    places = _usable_section(sourceschema.PlacesSection, _entry(demand, "places"))
    verdicts = _usable_section(sourceschema.VerdictsSection, _entry(demand, "verdicts"))
    # every line of the list names its own system: its points are taken as they are written
    return placing.Asked(areas, _source(loaded, places), _source(loaded, verdicts, coordinates="wgs84"))


def _excluded(loaded: Loaded) -> Any:
    """Read where no site may be; None where nothing is excluded."""
    layer = _usable_section(sourceschema.LayerSection, _entry(loaded.merged.get("candidates"), "exclude"))
    source = _source(loaded, layer)
    return None if source is None else read_exclusions(source)


def totals_asked(loaded: Loaded) -> list[totals.Asked]:
    """List the tables of official totals that can be read."""
    found = []
    for entry in _entries(loaded.merged, "demand", "totals"):
        section = _usable_section(sourceschema.TotalsSection, entry)
        if section is not None:
            shown, read = (
                shown_path(section.file, loaded.folder),
                section.model_dump(include={"columns", "keep", "sheet"}),
            )
            source = tables.TableSource(Path(section.file), shown, **read)
            raster = "" if section.raster is None else shown_path(section.raster, loaded.folder)
            found.append(totals.asked_of(section, source, raster))
    return found


def counts_people(loaded: Loaded) -> bool:
    """Tell whether every demand table must count its people: not where totals are spread over its rows."""
    return all(asked.spread != "units" for asked in totals_asked(loaded))


def _counted(loaded: Loaded, table: tables.Table | None, walk: Roads | None) -> headcount.Headcount | None:
    """Give official totals to the demand table; None where it, or what they are spread over, could not be read."""
    file = "" if walk is None else loaded.merged["roads"]["file"]
    return headcount.count(table, totals_asked(loaded), _to_place(loaded).areas, walk, file)


def _entry(holder: Any, key: str) -> Any:
    return holder.get(key) if isinstance(holder, dict) else None


def facility_names(loaded: Loaded) -> list[str]:
    """List the facility types of a scenario, as far as it names any."""
    facilities = loaded.merged.get("facility")
    entries = facilities if isinstance(facilities, list) else []
    types = [entry.get("type") for entry in entries if isinstance(entry, dict)]
    return [name for name in types if isinstance(name, str)]


def _modes(standards: Sequence[Standard]) -> list[Mode]:
    """List the networks to read; walking always, for it is the base map."""
    found: list[Mode] = ["walk"]
    if any(standard.mode == "drive" and standard.metric == "road" for standard in standards):
        found.append("drive")
    return found


def read_networks(loaded: Loaded, modes: Sequence[Mode]) -> dict[Mode, Roads]:
    """Read the networks of some modes, with all road edits; see `read_rerouted`."""
    return read_rerouted(loaded, modes)[0]


def read_rerouted(loaded: Loaded, modes: Sequence[Mode]) -> tuple[dict[Mode, Roads], Rerouted | None]:
    """Read the networks of some modes, and what the road edits did to them.

    Raises
    ------
    RoadError
        As `planner.osmfile.read_roads` does, or because there is no snapshot of the place, or none that serves. Its
        faults are placed as seen from the scenario's folder.
    TableError
        As `planner.roadedits.read_edits` and `planner.rerouting.rerouted` do.
    """
    unfit = tuple(snapshot.faults(loaded))
    if unfit:
        raise RoadError(*unfit)
    section = _usable_section(sourceschema.RoadsSection, loaded.merged.get("roads"))
    roads = loaded.scenario.roads if loaded.scenario else section
    if roads is None:
        return {}, None
    island_min_m = float(roads.island_min_m)
    speeds: dict[str, Any] = {"drive_factor": float(roads.drive_factor), "class_kph": roads.speeds_kph}

    def of_mode(mode: Mode, shortest_m: float = 0.0) -> Roads:
        try:
            return read_roads(roads.file, mode, island_min_m=shortest_m, **speeds, folder=default_folder())
        except PlannerError as error:
            shown = shown_path(roads.file, loaded.folder)
            moved = [Fault(f.code, shown, f.sheet, f.row, f.column, f.values) for f in error.faults]
            raise type(error)(*moved) from error

    if roads.edits is None:
        return {mode: of_mode(mode, island_min_m) for mode in modes}, None
    layer = roads.edits.model_dump(exclude={"file"})
    source = tables.TableSource(Path(roads.edits.file), shown_path(roads.edits.file, loaded.folder), **layer)
    edits, wrong = attempt(lambda: read_edits(source))
    if edits is None:
        raise TableError(*wrong, *attempt(lambda: [of_mode(mode) for mode in modes])[1])
    found = rerouted(of_mode, modes, edits, island_min_m=island_min_m, **speeds)
    return dict(found.after), found


def _fault_in(table: tables.Table, row: Any, code: str, column: str, values: Mapping[str, object]) -> Fault:
    """Place a fault at the line that a row of a table was read from."""
    origin = table.origin.iloc[row]
    return Fault(code, origin["file"], row=int(origin["row"]), column=column, values=values)


def _swapped(table: tables.Table, kind: str, roads: Roads) -> Iterator[Fault]:
    """Name rows that lie far from the roads, but among them with their coordinates exchanged."""
    west, south, east, north = roads.bounds
    lon, lat = table.frame.geometry.x.to_numpy(), table.frame.geometry.y.to_numpy()
    wide = NEAR_ROADS_DEG

    def inside(x: Any, y: Any, margin: float) -> Any:
        return (x >= west - margin) & (x <= east + margin) & (y >= south - margin) & (y <= north + margin)

    rows = np.flatnonzero(~inside(lon, lat, wide) & inside(lat, lon, 0.0))
    for row in rows[:SWAPPED_LISTED]:
        name = table.frame[f"{kind}_id"].iloc[row]
        values = {"id": name, "lon": lon[row], "lat": lat[row], "count": len(rows)}
        yield _fault_in(table, row, "swapped_by_roads", "lon / lat", values)


def _named(
    scenario: Scenario, demand: pd.DataFrame | None, sites: pd.DataFrame | None
) -> Iterator[tuple[Sequence[str | int], str, set[str]]]:
    """Names that a scenario takes from the tables that were read: the key, the name, and the names that there are."""

    def names(key: str, *frames: pd.DataFrame | None) -> set[str] | None:
        read = [frame for frame in frames if frame is not None]
        return {str(name) for frame in read for name in frame[key]} if len(read) == len(frames) else None

    asked: list[tuple[Sequence[str | int], str, set[str] | None]] = []
    for key in ("district", "town"):
        asked += [(["goal", i, key], getattr(g, key) or "", names(key, demand)) for i, g in enumerate(scenario.goal)]
        both = names(key, demand, sites)
        asked += [(["count", i, key], getattr(c, key) or "", both) for i, c in enumerate(scenario.count)]
    asked += [(["count", i, "tier"], c.tier or "", names("tier", sites)) for i, c in enumerate(scenario.count)]
    for i, standard in enumerate(scenario.standard):
        asked.append((["standard", i, "applies_to", "layer"], standard.applies_to.layer, names("layer", demand)))
    for i, layer in enumerate(scenario.candidates.near):
        asked.append((["candidates", "near", i], layer, names("layer", demand)))
    candidates = None if sites is None else names("site_id", sites[sites["status"] == "candidate"])
    for key in ("force_open", "force_closed"):
        asked += [(["rules", key], site, candidates) for site in getattr(scenario.rules, key)]
    yield from ((where, value, known) for where, value, known in asked if value and known is not None)


def _unknown_places(
    loaded: Loaded, scenario: Scenario, demand: pd.DataFrame | None, sites: pd.DataFrame | None
) -> Iterator[Fault]:
    """Check the names that a scenario takes from the tables."""
    for where, value, names in _named(scenario, demand, sites):
        if value not in names:
            near = difflib.get_close_matches(value, names, n=3, cutoff=0.4) or sorted(names - {""})[:5] or ["—"]
            yield fault_at(loaded, "unknown_place", where, name=value, near=" / ".join(near))


def _blank_scopes(scenario: Scenario, demand: tables.Table | None, sites: tables.Table | None) -> Iterator[Fault]:
    """Find rows that name no district or town although a goal or count is asked in each: they would drop out.

    Only rows of the district or town that the goal or count itself names are asked.
    """
    asked: list[tuple[str, schema.GoalSection | schema.CountSection, tables.Table, Any]] = []
    if demand is not None:
        rows = {standard.id: applies(demand.frame, standard) for standard in schema.standards_of(scenario)}
        asked += [(f"goal[{g.id}]", g, demand, rows[g.standard]) for g in scenario.goal if g.standard in rows]
    if sites is not None:
        asked += [(f"count[{c.id}]", c, sites, _may_hold(sites.frame, c.type)) for c in scenario.count]
    for rule, item, table, rows_asked in asked:
        if item.each == "city":
            continue
        blank = rows_asked & (table.frame[item.each] == "").to_numpy()
        for column, name in (("district", item.district), ("town", item.town)):
            if name is not None:
                blank = blank & (table.frame[column] == name).to_numpy()
        found = np.flatnonzero(blank)
        if len(found):
            values = {"rule": rule, "each": item.each, "count": len(found)}
            yield _fault_in(table, found[0], "scope_blank", item.each, values)


def _empty_rules(loaded: Loaded, scenario: Scenario, demand: pd.DataFrame, sites: pd.DataFrame) -> Iterator[Fault]:
    """Find goals and counts that would be asked nowhere, and so drop out."""
    known = {standard.id: standard for standard in schema.standards_of(scenario)}
    for i, goal in enumerate(schema.goals_of(scenario)):
        rows = demand[applies(demand, known[goal.standard]) & assessable(demand)] if goal.standard in known else demand
        if not list(scopes(rows, goal.each, goal.district, goal.town)):
            yield fault_at(loaded, "no_scope", ["goal", i, "each"], rule=f"goal[{goal.id}]")
    places = pd.concat([demand[["district", "town"]], sites[["district", "town"]]])
    for i, count in enumerate(schema.counts_of(scenario)):
        if not list(scopes(places, count.each, count.district, count.town)):
            yield fault_at(loaded, "no_scope", ["count", i, "each"], rule=f"count[{count.id}]")


def _may_hold(sites: pd.DataFrame, kind: str) -> Any:
    """Mask of the sites that hold a facility type or may newly hold it."""
    named = np.array([kind in split_types(types) for types in sites["type"]], dtype=bool)
    free = ((sites["status"] == "candidate") & (sites["type"] == "")).to_numpy()
    return (named | free) & (sites["status"] != "excluded").to_numpy()


def _unknown_methods(sites: tables.Table) -> Iterator[Fault]:
    """Find candidates built by a method that no cost can be given for."""
    frame = sites.frame
    odd = (frame["status"] == "candidate") & ~frame["build_method"].isin(["", *schema.METHODS])
    for row in np.flatnonzero(odd.to_numpy())[:20]:
        values = {"text": frame["build_method"].iloc[row], "known": " ".join(schema.METHODS)}
        yield _fault_in(sites, row, "unknown_method", "build_method", values)


def read(path: str | Path, report: Callable[[str], None]) -> Inputs:
    """Read and check a scenario with all that it names.

    Parameters
    ----------
    path
        The scenario file.
    report
        Called with the name of each step as it begins.

    Returns
    -------
    inputs
        Everything a run needs.

    Raises
    ------
    PlannerError
        With every fault of the scenario, its tables and its roads.
    """
    found = gather(path, report)
    if found.inputs is None:
        raise ScenarioError(*found.faults)
    return found.inputs


def gather(path: str | Path, report: Callable[[str], None]) -> Gathered:
    """Read a scenario with all that it names as far as it can be read; see `read`.

    Raises
    ------
    PlannerError
        If the scenario file itself cannot be read.
    """
    report("scenario")
    loaded = load(path)
    known_types = facility_names(loaded)
    standards = schema.standards_of(loaded.scenario) if loaded.scenario and not loaded.faults else ()

    report("demand")
    rows, wrong_demand = attempt(
        lambda: tables.read_demand(table_sources(loaded, "demand"), counted=counts_people(loaded))
    )
    report("sites")
    found, wrong_sites = attempt(lambda: tables.read_sites(table_sources(loaded, "sites"), known_types=known_types))
    sites = _with_today(found, loaded.scenario)
    placed, wrong_places = attempt(lambda: placing.place(rows, sites, _to_place(loaded), standards))
    if placed is not None:
        sites = placed.sites
    excluded, wrong_excluded = attempt(lambda: _excluded(loaded))
    if sites is not None and excluded is not None:
        sites = doubted(sites, excluded)
    report("roads")
    both, wrong_roads = attempt(lambda: read_rerouted(loaded, _modes(standards)))
    networks, edited = both or (None, None)
    table, before = placed.demand if placed else rows, edited.before if edited else networks or {}
    counted, wrong_totals = attempt(lambda: _counted(loaded, table, before.get("walk")))
    demand = counted.table if counted else None
    crossed = _cross_faults(loaded, demand, sites, networks or {})
    choices, wrong_options = attempt(lambda: None if sites is None else _options(loaded, sites))
    unpaid = _unpaid(loaded, choices)
    faults = [
        *loaded.faults,
        *wrong_demand,
        *wrong_sites,
        *wrong_places,
        *wrong_excluded,
        *wrong_roads,
        *wrong_totals,
        *crossed,
        *wrong_options,
        *unpaid,
    ]
    scenario, whole = loaded.scenario, None
    if not faults and scenario and counted and sites and placed and networks is not None and choices is not None:
        read = (counted.table, sites, networks, choices, placed.verdicts, edited, excluded, counted.records)
        whole = Inputs(loaded, scenario, standards, *read)
    told = tuple(_at_its_name(loaded, fault) for fault in faults)
    return Gathered(loaded, standards, demand, sites, networks or {}, told, whole)


def _at_its_name(loaded: Loaded, fault: Fault) -> Fault:
    """Place a file that is not there at the line of the scenario that names it."""
    if fault.code not in ("file_missing", "table_absent"):
        return fault
    for where, file in named_files(loaded.merged):
        if shown_path(file, loaded.folder) == fault.file:
            if too_long(file):
                return fault_at(loaded, "path_too_long", where, path=file, length=len(file))
            return fault_at(loaded, "named_file_missing", where, file=fault.file)
    return fault


def _with_today(table: tables.Table | None, scenario: Scenario | None) -> tables.Table | None:
    """Mark the sites that are open on the data date."""
    if table is None or scenario is None:
        return table
    frame = table.frame
    works = tables.operating_on(frame, scenario.data_date).to_numpy()
    marked = frame.assign(open_today=(frame["status"] == "existing").to_numpy() & works)
    return replace(table, frame=marked)


def _cross_faults(
    loaded: Loaded, demand: tables.Table | None, sites: tables.Table | None, networks: Mapping[Mode, Roads]
) -> Iterator[Fault]:
    """Check what one input says of another, as far as both could be read."""
    for kind, table in (("demand", demand), ("site", sites)):
        if table is not None and "walk" in networks:
            yield from _swapped(table, kind, networks["walk"])
    if sites is not None:
        yield from _unknown_methods(sites)
    if loaded.scenario is not None and demand is not None:
        for problem in missing_group_columns(loaded.scenario, demand.frame.columns):
            yield fault_at(loaded, problem.code, problem.where, **problem.values)
    if loaded.scenario is not None:
        frames = (None if table is None else table.frame for table in (demand, sites))
        yield from _unknown_places(loaded, loaded.scenario, *frames)
        blank = list(_blank_scopes(loaded.scenario, demand, sites))
        yield from blank
        if demand is not None and sites is not None and not blank:
            yield from _empty_rules(loaded, loaded.scenario, demand.frame, sites.frame)


def _options(loaded: Loaded, sites: tables.Table) -> pd.DataFrame | None:
    """List what stands and what may be built; None where the scenario itself cannot be used."""
    if loaded.scenario is None:
        return None
    frame = sites.frame
    origin = sites.origin.rename(columns={"file": "source_file", "row": "source_row"})
    table = frame.join(origin)[usable_sites(frame)]
    facilities, costs = schema.facility_types_of(loaded.scenario), schema.build_costs_of(loaded.scenario)
    return options(table, facilities, costs, schema.sizes_of(loaded.scenario))


def _unpaid(loaded: Loaded, choices: pd.DataFrame | None) -> Iterator[Fault]:
    """Find budgets of funding sources that pay for no option."""
    if loaded.scenario is not None and choices is not None:
        for problem in unknown_sources(loaded.scenario, choices.loc[choices["state"] == "new", "funding"]):
            yield fault_at(loaded, problem.code, problem.where, **problem.values)
