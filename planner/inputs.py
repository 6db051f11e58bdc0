"""Reads everything a scenario names and checks it, telling every fault of every file at once."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from planner import schema, tables
from planner.candidates import options
from planner.errors import Fault, PlannerError, ScenarioError, attempt_all
from planner.network import read_roads
from planner.scenario import Loaded, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pandas as pd

    from planner.roads import Roads
    from planner.schema import Scenario
    from planner.standards import Standard
    from planner.terms import Mode

NEAR_ROADS_DEG = 0.1
"""A point this far outside the roads' box, in degrees, is looked at for swapped coordinates."""


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
        Roads by mode: walk always, drive where a standard asks for it.
    options
        What stands today and what may be built.
    """

    loaded: Loaded
    scenario: Scenario
    standards: tuple[Standard, ...]
    demand: tables.Table
    sites: tables.Table
    networks: Mapping[Mode, Roads]
    options: pd.DataFrame


def shown_path(file: str, folder: Path) -> str:
    """Path of a file as seen from the scenario's folder, with forward slashes."""
    try:
        return Path(os.path.relpath(file, folder)).as_posix()
    except ValueError:  # another drive on Windows
        return Path(file).as_posix()


def _entries(merged: Mapping[str, Any], section: str) -> list[Mapping[str, Any]]:
    holder = merged.get(section)
    found = holder.get("table", []) if isinstance(holder, dict) else []
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _sources(loaded: Loaded, section: str) -> list[tables.TableSource]:
    """Tables of a section that can be read, even where the scenario has faults elsewhere."""
    found = []
    for entry in _entries(loaded.merged, section):
        model = schema.DemandTableSection if section == "demand" else schema.TableSection
        known = {key: value for key, value in entry.items() if key in model.model_fields}
        try:
            table = model.model_validate(known)
        except ValidationError:
            continue  # the scenario's own faults name it
        values = table.model_dump(exclude={"file"})
        found.append(tables.TableSource(file=Path(table.file), shown=shown_path(table.file, loaded.folder), **values))
    return found


def _modes(standards: Sequence[Standard]) -> list[Mode]:
    """List the networks to read; walking always, for it is the base map."""
    found: list[Mode] = ["walk"]
    if any(standard.mode == "drive" and standard.metric == "road" for standard in standards):
        found.append("drive")
    return found


def _read_networks(loaded: Loaded, modes: Sequence[Mode]) -> dict[Mode, Roads]:
    raw = loaded.merged.get("roads")
    section = raw if isinstance(raw, dict) else {}
    try:
        roads = schema.RoadsSection.model_validate(
            {k: v for k, v in section.items() if k in schema.RoadsSection.model_fields}
        )
    except ValidationError:
        return {}  # the scenario's own faults name it
    limits = {"island_min_m": float(roads.island_min_m), "drive_factor": float(roads.drive_factor)}
    try:
        return {mode: read_roads(roads.file, mode, **limits) for mode in modes}
    except PlannerError as error:
        shown = shown_path(roads.file, loaded.folder)
        moved = [Fault(f.code, shown, f.sheet, f.row, f.column, f.values) for f in error.faults]
        raise type(error)(*moved) from error


def _swapped(table: tables.Table, kind: str, roads: Roads) -> Iterator[Fault]:
    """Name rows that lie far from the roads, but among them with their coordinates exchanged."""
    west, south, east, north = roads.bounds
    lon, lat = table.frame.geometry.x.to_numpy(), table.frame.geometry.y.to_numpy()
    wide = NEAR_ROADS_DEG

    def inside(x: Any, y: Any, margin: float) -> Any:
        return (x >= west - margin) & (x <= east + margin) & (y >= south - margin) & (y <= north + margin)

    rows = np.flatnonzero(~inside(lon, lat, wide) & inside(lat, lon, 0.0))
    for row in rows[:20]:
        origin = table.origin.iloc[row]
        values = {"id": table.frame[f"{kind}_id"].iloc[row], "lon": lon[row], "lat": lat[row], "count": len(rows)}
        yield Fault("swapped_by_roads", origin["file"], row=int(origin["row"]), column="lon / lat", values=values)


def _unknown_places(loaded: Loaded, scenario: Scenario, demand: pd.DataFrame, sites: pd.DataFrame) -> Iterator[Fault]:
    """Check names that a scenario takes from the tables: districts, towns, layers, forced sites."""
    known = {name: set(demand[name]) | set(sites[name]) for name in ("district", "town")}
    file = shown_path(str(loaded.file), loaded.folder)
    uses: list[tuple[str, str, set[str]]] = []
    for section, rules in (("goal", scenario.goal), ("count", scenario.count)):
        for rule in rules:
            for name in ("district", "town"):
                uses += [
                    (f"{section}[{rule.id}].{name}", value, known[name]) for value in [getattr(rule, name)] if value
                ]
    layers = set(demand["layer"])
    uses.extend((f"standard[{s.id}].applies_to.layer", s.applies_to.layer, layers) for s in scenario.standard)
    candidates = set(sites.loc[sites["status"] == "candidate", "site_id"])
    for key in ("force_open", "force_closed"):
        uses.extend((f"rules.{key}", site, candidates) for site in getattr(scenario.rules, key))
    for column, value, names in uses:
        if value not in names:
            near = difflib.get_close_matches(value, names, n=1, cutoff=0.4)
            values = {"name": value, "near": near[0] if near else "-"}
            yield Fault("unknown_place", file, column=column, values=values)


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
    report("scenario")
    loaded = load(path)
    facilities = loaded.merged.get("facility")
    entries = facilities if isinstance(facilities, list) else []
    types = [entry.get("type") for entry in entries if isinstance(entry, dict)]
    known_types = [name for name in types if isinstance(name, str)]
    standards = schema.standards_of(loaded.scenario) if loaded.scenario and not loaded.faults else ()

    def scenario_step() -> None:
        if loaded.faults:
            raise ScenarioError(*loaded.faults)

    def demand_step() -> tables.Table:
        report("demand")
        return tables.read_demand(_sources(loaded, "demand"))

    def sites_step() -> tables.Table:
        report("sites")
        return _with_today(tables.read_sites(_sources(loaded, "sites"), known_types=known_types), loaded.scenario)

    def roads_step() -> dict[Mode, Roads]:
        report("roads")
        return _read_networks(loaded, _modes(standards))

    _, demand, sites, networks = attempt_all(scenario_step, demand_step, sites_step, roads_step)
    scenario = loaded.scenario
    assert scenario is not None  # noqa: S101  (it has no faults)
    choices = _cross_checked(loaded, scenario, demand, sites, networks)
    return Inputs(loaded, scenario, standards, demand, sites, networks, choices)


def _with_today(table: tables.Table, scenario: Scenario | None) -> tables.Table:
    """Mark the sites that are open on the data date."""
    if scenario is None:
        return table
    frame = table.frame
    works = tables.operating_on(frame, scenario.data_date).to_numpy()
    marked = frame.assign(open_today=(frame["status"] == "existing").to_numpy() & works)
    return tables.Table(marked, table.origin, table.rows_read, table.left_out)


def _cross_checked(
    loaded: Loaded, scenario: Scenario, demand: tables.Table, sites: tables.Table, networks: Mapping[Mode, Roads]
) -> pd.DataFrame:
    def places_step() -> None:
        faults = [
            *_swapped(demand, "demand", networks["walk"]),
            *_swapped(sites, "site", networks["walk"]),
            *_unknown_places(loaded, scenario, demand.frame, sites.frame),
        ]
        if faults:
            raise ScenarioError(*faults)

    def options_step() -> pd.DataFrame:
        frame = sites.frame
        usable = frame["open_today"] | (frame["status"] == "candidate")
        origin = sites.origin.rename(columns={"file": "source_file", "row": "source_row"})
        table = frame.join(origin)[usable.to_numpy()]
        return options(table, schema.facility_types_of(scenario), schema.build_costs_of(scenario))

    choices: pd.DataFrame = attempt_all(places_step, options_step)[1]
    return choices
