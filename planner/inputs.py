"""Reads everything a scenario names and checks it, telling every fault of every file at once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from planner import headcount, hours, placing, schema, sitedates, sitelines, snapshot, sourceschema, tables
from planner.candidates import options
from planner.companions import with_companions
from planner.crossfaults import cross_faults, unpaid_budgets
from planner.errors import Fault, PlannerError, RoadError, ScenarioError, TableError, attempt
from planner.exclusions import doubted, read_exclusions
from planner.faultplaces import at_its_key, under_headers
from planner.givenfaults import given_faults
from planner.namedfiles import named_files
from planner.rerouting import Rerouted, rerouted
from planner.roadcache import default_folder, read_roads
from planner.roadedits import read_edits
from planner.scenario import Loaded, load
from planner.sourcelist import (
    contract_of,
    exclusions_asked,
    modes_asked,
    places_asked,
    shown_path,
    table_sources,
    totals_asked,
    usable_section,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from planner.roads import Roads
    from planner.schema import Scenario
    from planner.standards import Standard
    from planner.tablefaults import Part
    from planner.terms import Mode
    from planner.verdicts import Verdicts


T = TypeVar("T")


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
    grave
        Doubts that make figures void; see `planner.inspection.grave`.
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
    grave: tuple[Fault, ...] = ()

    @property
    def files(self) -> list[Path]:
        """Every file that the scenario names and what belongs to it (`companions`), roads first, each once.

        To the roads of a snapshot belongs its record. A scenario file that gives sites of its own stands last.
        """
        named = [Path(file) for _, file in named_files(self.loaded.merged)]
        named += [file.path.resolve() for file in self.loaded.files if file.data.get("site")]
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
    parts
        ``demand``, ``sites`` -> the tables one by one, with all their cells and all that is wrong in them.
    """

    loaded: Loaded
    standards: tuple[Standard, ...]
    demand: tables.Table | None
    sites: tables.Table | None
    networks: Mapping[Mode, Roads]
    faults: tuple[Fault, ...]
    inputs: Inputs | None
    parts: Mapping[str, Sequence[Part]] = field(default_factory=dict)


def usable_sites(sites: pd.DataFrame) -> NDArray[np.bool_]:
    """Mask of the sites that are open today or may be built."""
    return (sites["open_today"] | (sites["status"] == "candidate")).to_numpy(dtype=bool)


def _excluded(loaded: Loaded) -> Any:
    """Read where no site may be; None where nothing is excluded."""
    source = exclusions_asked(loaded)
    return None if source is None else read_exclusions(source)


def _counted(loaded: Loaded, table: tables.Table | None, walk: Roads | None) -> headcount.Headcount | None:
    """Give official totals to the demand table; None where it, or what they are spread over, could not be read."""
    file = "" if walk is None else loaded.merged["roads"]["file"]
    return headcount.count(table, totals_asked(loaded), places_asked(loaded).areas, walk, file)


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
    section = usable_section(sourceschema.RoadsSection, loaded.merged.get("roads"))
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
    standards = schema.standards_of(loaded.scenario) if loaded.scenario and not loaded.faults else ()
    faults = [*loaded.faults]

    def tried(step: Callable[[], T]) -> T | None:
        done, wrong = attempt(step)
        faults.extend(wrong)
        return done

    parts: dict[str, Sequence[Part]] = {}

    def table_of(section: str) -> tables.Table | None:
        report(section)
        contract = contract_of(loaded, section)
        parts[section] = tables.read_parts(table_sources(loaded, section), contract)
        return tried(lambda: tables.assembled(parts[section], contract))

    rows, written = table_of("demand"), table_of("sites")
    joined = tried(lambda: sitelines.applied(loaded, written, parts["sites"], contract_of(loaded, "sites")))
    sites = _with_today(joined, loaded.scenario)
    placed = tried(lambda: placing.place(rows, sites, places_asked(loaded), standards))
    excluded = tried(lambda: _excluded(loaded))
    sites = placed.sites if placed else sites
    if sites is not None and excluded is not None:
        sites = doubted(sites, excluded)
    report("roads")
    networks, edited = tried(lambda: read_rerouted(loaded, modes_asked(standards))) or (None, None)
    table, before = placed.demand if placed else rows, edited.before if edited else networks or {}
    counted = tried(lambda: _counted(loaded, table, before.get("walk")))
    if counted is not None:
        counted = replace(counted, table=_placed(loaded, counted.table, parts))
    demand, sites = counted.table if counted else None, _placed(loaded, sites, parts)
    faults += cross_faults(loaded, demand, sites, networks or {})
    choices = tried(lambda: None if sites is None else _options(loaded, sites))
    faults += unpaid_budgets(loaded, choices)
    faults += given_faults(loaded, None if sites is None else sites.frame, choices)
    whole = None if faults else _whole(loaded, standards, sites, networks, choices, placed, counted, edited, excluded)
    told = tuple(under_headers(_at_entries(loaded, sites, (at_its_key(loaded, fault) for fault in faults)), parts))
    return Gathered(loaded, standards, demand, sites, networks or {}, told, whole, parts)


def _whole(
    loaded: Loaded,
    standards: tuple[Standard, ...],
    sites: tables.Table | None,
    networks: Mapping[Mode, Roads] | None,
    options: pd.DataFrame | None,
    placed: placing.Placed | None,
    counted: headcount.Headcount | None,
    edited: Rerouted | None,
    excluded: Any,
) -> Inputs | None:
    """Return what a run needs; None where a part could not be read."""
    if not (loaded.scenario and sites and placed and counted) or networks is None or options is None:
        return None
    return Inputs(
        loaded=loaded,
        scenario=loaded.scenario,
        standards=standards,
        demand=counted.table,
        sites=sites,
        networks=networks,
        options=options,
        verdicts=placed.verdicts,
        totals=counted.records,
        rerouted=edited,
        excluded=excluded,
    )


def _placed(loaded: Loaded, table: T, parts: Mapping[str, Sequence[Part]]) -> T:
    """Return a table, or None for none, whose doubts stand at keys of the scenario or under headers of its files."""
    if not isinstance(table, tables.Table):
        return table
    return replace(table, doubts=tuple(under_headers(_at_entries(loaded, table, table.doubts), parts)))


def _at_entries(loaded: Loaded, sites: tables.Table | None, faults: Iterable[Fault]) -> list[Fault]:
    """Place faults and doubts that speak of a site which the scenario itself gives at its keys."""
    return [sitelines.at_its_entry(loaded, sites, fault) for fault in faults]


def _with_today(table: tables.Table | None, scenario: Scenario | None) -> tables.Table | None:
    """Mark the sites that are open on the data date; doubt those whose dates change that in the years of a plan."""
    if table is None or scenario is None:
        return table
    table, frame = hours.doubted(table), table.frame
    marked = frame.assign(open_today=tables.standing_on(frame, scenario.data_date))
    if not schema.asks_a_plan(scenario):
        return replace(table, frame=marked)
    first = min((phase.year for phase in scenario.phase), default=scenario.data_date.year)
    last = first + scenario.siting.horizon_years - 1
    return sitedates.doubted(replace(table, frame=marked), scenario.data_date, last)


def _options(loaded: Loaded, sites: tables.Table) -> pd.DataFrame | None:
    """List what stands and what may be built; None where the scenario itself cannot be used."""
    if loaded.scenario is None:
        return None
    frame = sites.frame
    origin = sites.origin.rename(columns={"file": "source_file", "row": "source_row"})
    table = frame.join(origin)[usable_sites(frame)]
    facilities, costs = schema.facility_types_of(loaded.scenario), schema.build_costs_of(loaded.scenario)
    return options(table, facilities, costs, schema.sizes_of(loaded.scenario))
