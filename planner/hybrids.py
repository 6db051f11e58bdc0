"""Inputs between two years: last year's, into which this year's are put one kind after the other.

In this order, each on top of those before it (`CAUSES`), so that the changes of all steps add up to that of the year:

- ``roads``: this year's road file and road edits, counted by last year's parameters;
- ``people``: where a community is one and the same in both years, this year's points and people stand in last year's
  community, under its code, town, district and setting; communities that were merged, split, dissolved or are new
  (`planner.crosswalk`) keep last year's rows;
- ``units``: this year's demand table as it is: merged, split, dissolved and new communities, changed codes, other towns
  and districts, and urban-rural codes that changed (220 to 112 puts another standard on a community);
- ``sites``: this year's sites; each year's date of data says who is open;
- ``standards``: this year's standards, who serves them, and which of them decide, at last year's walking speed;
- ``parameters``: walking speed, driving factor and speeds, snapping, islands, and the rule for communities;
- ``checks``: this year's field checks. Until then last year's hold, as far as the points that they speak of are still
  there and no outlet has changed near them since (`planner.overtaken.current`). Only where either year has any. Places
  that checks found are part of the people's points.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import shapely

from planner import overtaken, schema
from planner.coverage import applies, serves
from planner.hashing import sha256_of
from planner.inputs import read_networks
from planner.sightings import decides_of
from planner.sourcelist import modes_asked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from geopandas import GeoDataFrame

    from planner.crosswalk import Identity
    from planner.inputs import Inputs
    from planner.schema import Scenario
    from planner.sourceschema import RoadsSection
    from planner.verdicts import Verdicts

CAUSES = ("roads", "people", "units", "sites", "standards", "parameters", "checks")
"""Kinds of inputs, in the order in which they are changed."""

_COUNTED = ["demand_id", "name", "unit_id", "town", "district", "setting", "layer", "people", "placed", "geometry"]
"""Columns of the demand table that figures of communities and of all people come from."""

_POINT = ["demand_id", "setting", "layer", "placed"]
_SITE = ["site_id", "type"]
_HOW = ("walk_kph", "drive_factor", "snap_max_m", "island_min_m", "class_kph")
"""Parameters among the keys of ``[roads]``."""


@dataclass(frozen=True, eq=False)
class Hybrid:
    """Inputs after one step.

    Attributes
    ----------
    cause
        What was changed last; empty for last year's own inputs.
    inputs
        What can be measured: demand with the columns that are counted, sites without candidates.
    decides
        Ids of the deciding standards.
    new_codes
        Whether communities go by this year's codes.
    """

    cause: str
    inputs: Inputs
    decides: tuple[str, ...]
    new_codes: bool


def hybrids(old: Inputs, new: Inputs, known: Identity) -> Iterator[Hybrid]:
    """Put this year's inputs into last year's, one kind after the other.

    Parameters
    ----------
    old, new
        Inputs of last year and of this year.
    known
        Which community is which.

    Yields
    ------
    hybrid
        Last year's, then one for each of `CAUSES`; the last has all that is counted of this year's. ``checks`` is left
        out where neither year has any.

    Raises
    ------
    PlannerError
        If this year's roads cannot be read by last year's parameters, or the other way round.
    """
    checked = bool(old.verdicts.lines or new.verdicts.lines)
    now, new = _bare(old), _bare(new)
    yield _hybrid("", now, old.verdicts, new_codes=False)
    now = _with_roads(now, old, new)
    yield _hybrid("roads", now, old.verdicts, new_codes=False)
    rows, ids = _between(old.demand.frame, new.demand.frame, known)
    now = replace(now, demand=replace(now.demand, frame=rows))
    yield _hybrid("people", now, _moved(old.verdicts, ids), new_codes=False)
    held = _moved(old.verdicts, _same_points(old.demand.frame, new.demand.frame, known.new_of))
    now = replace(now, demand=new.demand)
    yield _hybrid("units", now, held, new_codes=True)
    now = replace(now, sites=new.sites, options=new.options)
    yield _hybrid("sites", now, held, new_codes=True)
    now = _with_standards(now, old, new)
    yield _hybrid("standards", now, held, new_codes=True)
    now = replace(new, verdicts=held)
    yield _hybrid("parameters", now, held, new_codes=True)
    if checked:
        yield _hybrid("checks", now, new.verdicts, new_codes=True)


def _bare(inputs: Inputs) -> Inputs:
    """Return inputs with what is counted today alone: no candidates, no columns that nothing is counted from."""
    demand, sites = inputs.demand, inputs.sites
    standing = sites.frame[sites.frame["status"] == "existing"].reset_index(drop=True)
    frame = gpd.GeoDataFrame(demand.frame[_COUNTED])
    return replace(inputs, demand=replace(demand, frame=frame), sites=replace(sites, frame=standing))


def _hybrid(cause: str, inputs: Inputs, found: Verdicts, *, new_codes: bool) -> Hybrid:
    decides = decides_of(inputs.scenario, inputs.standards)
    return Hybrid(cause, replace(inputs, verdicts=_fitting(found, inputs)), decides, new_codes)


# --- roads, standards, parameters --------------------------------------------------------------------------------


def _with_roads(now: Inputs, old: Inputs, new: Inputs) -> Inputs:
    """Put this year's roads and road edits in, counted by last year's parameters; the same roads are not read again."""
    if _drawn(old.scenario.roads) == _drawn(new.scenario.roads):
        return now
    how = {name: getattr(old.scenario.roads, name) for name in _HOW}
    roads = new.scenario.roads.model_copy(update=how)
    return _with_networks(replace(now, scenario=now.scenario.model_copy(update={"roads": roads})), old, new)


def _with_standards(now: Inputs, old: Inputs, new: Inputs) -> Inputs:
    """Put this year's standards in, and which of them decide; minutes are walked at last year's speed."""
    sections = {name: getattr(new.scenario, name) for name in ("standard", "facility", "audit")}
    scenario = now.scenario.model_copy(update=sections)
    changed = replace(now, scenario=scenario, standards=schema.standards_of(scenario))
    asked = set(modes_asked(changed.standards))
    return changed if asked <= set(now.networks) else _with_networks(changed, old, new)


def _with_networks(now: Inputs, *years: Inputs) -> Inputs:
    """Give inputs the networks that their scenario asks for: those of a year that read the same, else read anew."""
    modes, asked = modes_asked(now.standards), _network_of(now.scenario)
    for year in years:
        if _network_of(year.scenario) == asked and set(modes) <= set(year.networks):
            return replace(now, networks=year.networks)
    loaded = years[-1].loaded
    # a snapshot need not reach as far as the other year's standards ask: each year was checked by its own
    named = {key: value for key, value in loaded.merged["roads"].items() if key != "place"}
    loaded = replace(loaded, scenario=now.scenario, merged={**loaded.merged, "roads": named})
    return replace(now, networks=read_networks(loaded, modes))


def _drawn(roads: RoadsSection) -> tuple[Any, ...]:
    """Return what roads are there, whatever their files are called: the road file and the edits, by their content."""
    edits = roads.edits
    layer = None if edits is None else (_sum(edits.file), edits.sheet, edits.coordinates)
    return _sum(roads.file), layer


def _network_of(scenario: Scenario) -> tuple[Any, ...]:
    """Return all that decides a network: the roads and how they are counted."""
    roads = scenario.roads
    return (*_drawn(roads), roads.island_min_m, roads.drive_factor, dict(roads.speeds_kph))


def _sum(file: str) -> str:
    return sha256_of(Path(file))


# --- people ------------------------------------------------------------------------------------------------------


def _between(old: GeoDataFrame, new: GeoDataFrame, known: Identity) -> tuple[GeoDataFrame, dict[str, str]]:
    """Put this year's points into last year's communities, where a community is one in both years.

    Returns
    -------
    rows
        This year's rows of such communities under last year's code, town, district and setting (where a community
        had points in town and country, each point of the same id keeps its own, and the others have this year's), and
        last year's rows of all other communities.
    ids
        demand_id of last year -> demand_id here, of the points that are still there.
    """
    back = {after: before for before, after in known.kept.items()}
    mine = new.loc[new["unit_id"].isin(list(back)), _COUNTED]
    units = mine["unit_id"].map(back)
    first = old.drop_duplicates("unit_id").set_index("unit_id")
    of_unit = old[["unit_id", "setting"]].drop_duplicates()
    settings = of_unit[~of_unit["unit_id"].duplicated(keep=False)].set_index("unit_id")["setting"]
    same = _same_points(old, new, {before: (after,) for before, after in known.kept.items()})
    before_of = {after: before for before, after in same.items()}
    by_point = mine["demand_id"].map(before_of).map(old.set_index("demand_id")["setting"])
    mine = mine.assign(
        unit_id=units,
        town=units.map(first["town"]),
        district=units.map(first["district"]),
        setting=units.map(settings).fillna(by_point).fillna(mine["setting"]),
    )
    rest = old.loc[~old["unit_id"].isin(list(known.kept)), _COUNTED]
    taken, stayed = set(mine["demand_id"]), {}
    for name in rest["demand_id"]:
        free = name
        while free in taken:  # this year's table may have given the id to another point
            free = f"{free}'"
        taken.add(free)
        stayed[name] = free
    rest = rest.assign(demand_id=rest["demand_id"].map(stayed))
    rows = gpd.GeoDataFrame(pd.concat([mine, rest], ignore_index=True), geometry="geometry", crs=new.crs)
    return rows, {**same, **stayed}


def _same_points(old: pd.DataFrame, new: pd.DataFrame, new_of: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Find the points of last year that are still there: demand_id last year -> this year.

    Those of the same id in the same community, or in one that it became; and the only one of its layer in a community
    that has one only in both years.
    """
    unit_of = dict(zip(new["demand_id"], new["unit_id"], strict=True))
    alone, were = (_alone(table) for table in (new, old))
    found = {}
    for name, unit, layer in old[["demand_id", "unit_id", "layer"]].itertuples(index=False):
        after = new_of.get(unit, ())
        if unit_of.get(name) in after:
            found[name] = name
        elif len(after) == 1 and were.get((unit, layer)) == name and (after[0], layer) in alone:
            found[name] = alone[after[0], layer]
    return found


def _alone(table: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Return the point of each community and layer that has one only."""
    single = table[~table.duplicated(["unit_id", "layer"], keep=False)]
    keys = zip(single["unit_id"], single["layer"], strict=True)
    return dict(zip(keys, single["demand_id"], strict=True))


# --- field checks ------------------------------------------------------------------------------------------------


def _moved(found: Verdicts, ids: Mapping[str, str]) -> Verdicts:
    """Let verdicts speak of the points that theirs became; those whose point is gone are left out."""
    lines = (replace(line, demand_id=ids[line.demand_id]) for line in found.lines if line.demand_id in ids)
    return replace(found, lines=tuple(lines), spots={})


def _fitting(found: Verdicts, inputs: Inputs) -> Verdicts:
    """Leave out verdicts on points or standards that there are not, and those that changed outlets overtook."""
    demand, sites = inputs.demand.frame, inputs.sites.frame
    points = {one.id: set(demand["demand_id"][applies(demand, one)]) for one in inputs.standards}
    open_types = sites.loc[sites["open_today"], "type"]
    served = {one.id: bool(serves(open_types, one).any()) for one in inputs.standards}
    lines = (line for line in found.lines if line.demand_id in points.get(line.standard, ()))
    there = replace(found, lines=tuple(line for line in lines if served[line.standard] or not line.met), spots={})
    return overtaken.current(there, demand, sites, inputs.standards)[0]


# --- what is measured --------------------------------------------------------------------------------------------


def measured_alike(one: Inputs, other: Inputs) -> bool:
    """Tell whether two inputs give the same coverage: who is counted, and as what, is no part of it."""
    return (
        one.standards == other.standards
        and one.verdicts.lines == other.verdicts.lines
        and all(getattr(one.scenario.roads, name) == getattr(other.scenario.roads, name) for name in _HOW)
        and (one.networks is other.networks or _network_of(one.scenario) == _network_of(other.scenario))
        and _points(one.demand.frame, "demand_id", _POINT) == _points(other.demand.frame, "demand_id", _POINT)
        and _points(_open(one), "site_id", _SITE) == _points(_open(other), "site_id", _SITE)
    )


def _open(inputs: Inputs) -> pd.DataFrame:
    frame = inputs.sites.frame
    return pd.DataFrame(frame[frame["open_today"].to_numpy(dtype=bool)])


def _points(frame: pd.DataFrame, key: str, columns: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """Return of each row what is measured: some columns, and its place."""
    places = shapely.to_wkb(frame["geometry"].to_numpy())
    return dict(zip(frame[key], zip(*(frame[name] for name in columns), places, strict=True), strict=True))
