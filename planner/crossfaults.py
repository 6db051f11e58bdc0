"""What one input says of another that cannot be."""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from planner import schema, tables
from planner.candidates import split_types
from planner.columns import DEMAND_COLUMNS, called, known_as
from planner.countscopes import count_scopes
from planner.coverage import applies
from planner.crosschecks import missing_group_columns, unknown_sources
from planner.errors import Fault
from planner.oddities import first_rows_only
from planner.scenario import Loaded, fault_at, in_pack
from planner.standards import scopes
from planner.words import in_both

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    import pandas as pd

    from planner.roads import Roads
    from planner.schema import Scenario
    from planner.terms import Language, Mode

NEAR_ROADS_DEG = 0.1
"""A point this far outside the roads' box, in degrees, is looked at for swapped coordinates."""


SWAPPED_LISTED = 5
"""Rows with swapped coordinates that are listed one by one; each says how many there are."""


def cross_faults(
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


def unpaid_budgets(loaded: Loaded, choices: pd.DataFrame | None) -> Iterator[Fault]:
    """Find budgets of funding sources that pay for no option."""
    if loaded.scenario is not None and choices is not None:
        for problem in unknown_sources(loaded.scenario, choices.loc[choices["state"] == "new", "funding"]):
            yield fault_at(loaded, problem.code, problem.where, **problem.values)


def _fault_in(table: tables.Table, row: Any, code: str, column: str, values: Mapping[str, object]) -> Fault:
    """Place a fault at the line that a row of a table was read from."""
    origin = table.origin.iloc[row]
    known = known_as(column)
    return Fault(code, origin["file"], row=int(origin["row"]), column=column, values=values, called=known)


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
    if scenario.audit.officers:
        firms = scenario.audit.officers.firms or ""
        asked.append((["audit", "officers", "firms"], firms, names("layer", demand)))
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
            fault = fault_at(loaded, "unknown_place", where, name=value, near=" / ".join(near))
            yield replace(fault, code="pack_place") if in_pack(loaded, fault) else fault


def _blank_scopes(scenario: Scenario, demand: tables.Table | None, sites: tables.Table | None) -> Iterator[Fault]:
    """Find rows that name no district or town although a goal or count is asked in each: they would drop out.

    Only rows of the district or town that the goal or count itself names are asked.
    """
    asked: list[tuple[Mapping[Language, str], schema.GoalSection | schema.CountSection, tables.Table, Any]] = []
    if demand is not None:
        rows = {standard.id: applies(demand.frame, standard) for standard in schema.standards_of(scenario)}
        asked += [
            (in_both("asked.goal", id=g.id), g, demand, rows[g.standard]) for g in scenario.goal if g.standard in rows
        ]
    if sites is not None:
        asked += [
            (in_both("asked.count", id=c.id), c, sites, _may_hold(sites.frame, c.types))
            for c in scenario.count
            if c.min or c.max is not None
        ]
    for rule, item, table, rows_asked in asked:
        if item.each == "city":
            continue
        key = "unit_id" if item.each == "community" else item.each
        blank = rows_asked & (table.frame[key] == "").to_numpy()
        for column, name in (("district", item.district), ("town", item.town)):
            if name is not None:
                blank = blank & (table.frame[column] == name).to_numpy()
        found = np.flatnonzero(blank)
        if len(found):
            each = next(called(column) for column in DEMAND_COLUMNS if column.name == key)
            values = {"rule": rule, "each": each, "count": len(found)}
            here = (table.origin["file"] == table.origin["file"].iloc[found[0]]).to_numpy()
            first = first_rows_only(table.frame.loc[here, key].tolist())
            code = "scope_unit_blank" if key == "unit_id" else "scope_first_rows" if first else "scope_blank"
            yield _fault_in(table, found[0], code, key, values)


def _empty_rules(loaded: Loaded, scenario: Scenario, demand: pd.DataFrame, sites: pd.DataFrame) -> Iterator[Fault]:
    """Find goals and counts that would be asked nowhere, and so drop out."""
    known = {standard.id: standard for standard in schema.standards_of(scenario)}
    for i, goal in enumerate(schema.goals_of(scenario)):
        rows = demand[applies(demand, known[goal.standard])] if goal.standard in known else demand
        if not list(scopes(rows, goal.each, goal.district, goal.town)):
            yield fault_at(loaded, "no_scope", ["goal", i, "each"], rule=in_both("asked.goal", id=goal.id))
    for i, count in enumerate(schema.counts_of(scenario)):
        if not list(count_scopes(count, sites, demand)):
            yield fault_at(loaded, "no_scope", ["count", i, "each"], rule=in_both("asked.count", id=count.id))


def _may_hold(sites: pd.DataFrame, kinds: Collection[str]) -> Any:
    """Mask of the sites that hold a facility of some types or may newly hold one."""
    named = np.array([not set(kinds).isdisjoint(split_types(types)) for types in sites["type"]], dtype=bool)
    free = ((sites["status"] == "candidate") & (sites["type"] == "")).to_numpy()
    return (named | free) & (sites["status"] != "excluded").to_numpy()


def _unknown_methods(sites: tables.Table) -> Iterator[Fault]:
    """Find candidates built by a method that no cost can be given for."""
    frame = sites.frame
    odd = (frame["status"] == "candidate") & ~frame["build_method"].isin(["", *schema.METHODS])
    for row in np.flatnonzero(odd.to_numpy())[:20]:
        values = {"text": frame["build_method"].iloc[row], "known": " ".join(schema.METHODS)}
        yield _fault_in(sites, row, "unknown_method", "build_method", values)
