"""Figures of an edited plan by the planner's own rooms: what the scripts of the live map must give, number for number.

`figures` goes the whole way of a run: the edited table of sites, snapping, travel tables, field checks, coverage,
goals, options and costs. `Many` measures all places of many edits at once and counts each edit from the
rows, by the same functions of `planner.coverage` and `planner.verdicts`; it is held against the whole way in tests.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner import coverage, schema
from planner.candidates import options as list_options
from planner.inputs import usable_sites
from planner.overtaken import current
from planner.phases import costs_by_year, years_of
from planner.reaches import City, judge, kind_of, place_city, reaches, travel_tables
from planner.snapping import snap_table
from planner.study import goals_in
from planner.verdicts import on_coverage, on_reach

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planner.instance import Reach
    from planner.reaches import Kind
    from planner.standards import Standard
    from planner.study import Study
    from planner.verdicts import Verdicts

    Edit = Mapping[str, Any]
    Meta = Mapping[str, Any]

ROOM = "live-"
"""What the ids of places of the room begin with; their number follows, as in the file that is handed back."""


def quiet(_step: str) -> None:
    """Say nothing of the steps of a run."""


# ---- what an edit changes ----


def standards_with(studied: Study, edit: Edit) -> tuple[Standard, ...]:
    """Standards of a study with the speed and the metric of an edit.

    A network that was not read is not measured, and minutes of a drive are never measured in a straight line.
    """
    scenario = studied.inputs.scenario
    roads = scenario.roads.model_copy(update={"walk_kph": Decimal(edit["speed"])})
    sections = []
    for section in scenario.standard:
        wanted = section.metric if edit["metric"] == "own" else edit["metric"]
        unread = wanted == "road" and section.mode not in studied.inputs.networks
        timed = wanted == "straight" and section.mode == "drive" and section.minutes is not None
        sections.append(section.model_copy(update={"metric": section.metric if unread or timed else wanted}))
    return schema.standards_of(scenario.model_copy(update={"roads": roads, "standard": tuple(sections)}))


def _entries(edit: Edit) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the site and the entry of all that is planned; what stands in a closed outlet is not built."""
    rooms = itertools.count(1)
    for entry in edit["plan"]:
        if "at" in entry:
            yield f"{ROOM}{next(rooms)}", entry
        elif entry["site"] not in edit["closed"]:
            yield entry["site"], entry


def _blank(frame: gpd.GeoDataFrame) -> dict[str, Any]:
    """A row of a table of sites that says nothing: empty texts, and no figures."""
    row: dict[str, Any] = {}
    for name, values in frame.drop(columns="geometry").items():
        texts = pd.api.types.is_string_dtype(values) or values.dtype == object
        flag = pd.api.types.is_bool_dtype(values)
        row[str(name)] = False if flag else "" if texts else None
    return row


def _room_row(frame: gpd.GeoDataFrame, site: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """The candidate that stands for a place of the room: the row that it came from, or one that says nothing."""
    row, source = _blank(frame), entry.get("from")
    origin = frame[frame["site_id"] == source] if source is not None else frame.iloc[:0]
    if len(origin):
        given = origin.iloc[0].drop("geometry").to_dict()
        # the row of an outlet prices nothing that is added to it
        own = ("host", "build_method", "funding", "cost_once_yuan", "cost_yearly_yuan", "capacity_people")
        keep = (
            given if given["status"] == "candidate" else {key: value for key, value in given.items() if key not in own}
        )
        row |= keep
    elif entry.get("method"):
        row["build_method"] = entry["method"]
    changes = {"site_id": site, "type": entry["type"], "status": "candidate", "open_today": False}
    return {**row, **changes, "geometry": shapely.Point(*entry["at"])}


def sites_with(studied: Study, edit: Edit) -> gpd.GeoDataFrame:
    """The table of sites that an edit leaves: closed ones are gone, moved ones elsewhere, those of the room below."""
    frame = studied.inputs.sites.frame
    frame = frame[usable_sites(frame) & ~frame["site_id"].isin(edit["closed"]).to_numpy()].reset_index(drop=True)
    moved = [
        shapely.Point(*edit["moved"][site]) if site in edit["moved"] and stands else place
        for site, stands, place in zip(frame["site_id"], frame["open_today"], frame.geometry, strict=True)
    ]
    frame = frame.set_geometry(gpd.GeoSeries(moved, index=frame.index, crs=frame.crs))
    rows = [_room_row(studied.inputs.sites.frame, site, entry) for site, entry in _entries(edit) if "at" in entry]
    if not rows:
        return frame
    new = gpd.GeoDataFrame(rows, geometry="geometry", crs=frame.crs)[list(frame.columns)]
    return gpd.GeoDataFrame(pd.concat([frame, new.astype(frame.dtypes)], ignore_index=True), crs=frame.crs)


def checks_with(studied: Study, edit: Edit) -> Verdicts:
    """The field checks that an edit does not overtake, of all that were read: closed outlets stand no longer."""
    found, frame = studied.inputs.verdicts, studied.inputs.sites.frame
    every = replace(found, lines=(*found.lines, *found.overtaken), overtaken=())
    places = [
        shapely.Point(*edit["moved"][site]) if site in edit["moved"] and stands else place
        for site, stands, place in zip(frame["site_id"], frame["open_today"], frame.geometry, strict=True)
    ]
    shut = frame["site_id"].isin(edit["closed"])
    closed_on = frame["closed_on"].astype(object).mask(shut, studied.inputs.scenario.data_date)
    left = frame.assign(open_today=frame["open_today"] & ~shut, closed_on=closed_on)
    left = left.set_geometry(gpd.GeoSeries(places, index=frame.index, crs=frame.crs))
    return current(every, studied.inputs.demand.frame, left, standards_with(studied, edit))[0]


def _joined(types: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {site: ";".join(sorted(kinds)) for site, kinds in types.items()}


def _types(meta: Meta, edit: Edit) -> tuple[dict[str, str], dict[str, str]]:
    """Types that stand today and are not closed, and all that are open with the plan of an edit, by site."""
    standing = {
        site["id"]: site["types"].split(";")
        for site in meta["sites"]
        if site["types"] and site["id"] not in edit["closed"]
    }
    every = defaultdict(list, {site: [*kinds] for site, kinds in standing.items()})
    for site, entry in _entries(edit):
        every[site].append(entry["type"])
    return _joined(standing), _joined(every)


# ---- figures from coverage rows ----


def _units(rows: pd.DataFrame, meta: Meta, rule: Decimal) -> list[int]:
    people = rows["people"].to_numpy(dtype=np.int64)
    covered = people * rows["covered"].to_numpy(dtype=bool)
    found = coverage.community_counts(rows["unit_id"], people, covered, rule)["covered"].to_dict()
    return [0 if unit["id"] not in found else 2 if found[unit["id"]] else 1 for unit in meta["units"]]


def _districts(rows: pd.DataFrame, meta: Meta) -> list[list[int]]:
    covered = rows["people"] * rows["covered"].astype(np.int64)
    whole, inside = rows["people"].groupby(rows["district"]).sum(), covered.groupby(rows["district"]).sum()
    return [[int(whole.get(name, 0)), int(inside.get(name, 0))] for name in meta["districts"]]


def _standard_part(demand: pd.DataFrame, rows: pd.DataFrame, meta: Meta, rule: Decimal) -> tuple[Any, list[int]]:
    told = coverage.tally(demand, rows, rule)
    joined = rows.merge(demand[["demand_id", "people", "district", "unit_id", "placed"]], on="demand_id")
    named = coverage.communities(joined, (joined["reason"] == coverage.CHECKED).to_numpy())
    able = joined.assign(unit_id=named)[(joined["reason"] != "not_assessable").to_numpy()]
    figures = {
        "people": told.people,
        "covered": told.covered,
        "communities": told.communities,
        "communities_covered": told.communities_covered,
        "districts": _districts(able, meta),
    }
    return figures, _units(able, meta, rule)


def _goal_parts(studied: Study, demand: pd.DataFrame, table: pd.DataFrame, rule: Decimal) -> Iterator[Any]:
    limited = studied.inputs.scenario.siting.capacity_standard
    for goal in goals_in(studied, studied.years[-1]):
        rows = table[table["standard"] == goal.standard]
        tallies = coverage.measure_goal(demand, rows, goal, rule) if goal.standard != limited else None
        yield tallies and [
            {"whole": one.whole, "needed": one.needed, "reached": one.reached, "met": one.met} for one in tallies
        ]


def _counted(studied: Study, meta: Meta, edit: Edit, table: pd.DataFrame) -> dict[str, Any]:
    """Figures of people, communities and goals, from the coverage table of an edit."""
    demand, rule = pd.DataFrame(studied.inputs.demand.frame.drop(columns="geometry")), Decimal(edit["rule"])
    parts = [
        _standard_part(demand, table[table["standard"] == standard.id], meta, rule)
        for standard in studied.inputs.standards
    ]
    return {
        "standards": [figures for figures, _ in parts],
        "units": [units for _, units in parts],
        "goals": list(_goal_parts(studied, demand, table, rule)),
    }


def _new_options(studied: Study, sites: gpd.GeoDataFrame) -> dict[tuple[str, str, str], dict[str, Any]]:
    """What may newly open at some sites, by site, type and size, from the planner's own list of options."""
    scenario = studied.inputs.scenario
    if not len(sites):
        return {}
    facilities, costs = schema.facility_types_of(scenario), schema.build_costs_of(scenario)
    return _by_key(list_options(sites, facilities, costs, schema.sizes_of(scenario)))


def _by_key(options: pd.DataFrame) -> dict[tuple[str, str, str], dict[str, Any]]:
    rows: list[dict[str, Any]] = options[options["state"] == "new"].to_dict("records")  # type: ignore[assignment]
    return {(row["site_id"], row["type"], row["size"]): row for row in rows}


def cost_with(studied: Study, rows: Sequence[Mapping[str, Any]], opens: Sequence[int]) -> dict[str, Any]:
    """What some options cost that open in some years."""
    once = np.array([int(row["cost_once_yuan"]) for row in rows], dtype=np.int64)
    yearly = np.array([int(row["cost_yearly_yuan"]) for row in rows], dtype=np.int64)
    scenario, shown = studied.inputs.scenario, list(studied.years)
    columns = costs_by_year(once, yearly, years_of(schema.limits_of(scenario).phases), scenario.siting.horizon_years)
    totals = [int(columns[shown.index(year) :, k].sum()) for k, year in enumerate(opens)]
    funding: dict[str, int] = defaultdict(int)
    for row, total in zip(rows, totals, strict=True):
        funding[row["funding"] or ""] += total
    return {
        "once": int(once.sum()),
        "yearly": int(yearly.sum()),
        "total": sum(totals),
        "estimated": sum(int(row["cost_once_yuan"]) for row in rows if row["estimated_once"]),
        "funding": [[name, funding[name]] for name in sorted(funding)],
    }


# ---- the whole way of a run ----


@dataclass(frozen=True, eq=False)
class Laid:
    """A city measured under an edit, the field checks that count, reach with them in it, what stands, what is open."""

    city: City
    travel: Mapping[Kind, pd.DataFrame]
    checks: Verdicts
    reach: dict[str, Reach]
    standing: dict[str, str]
    opened: dict[str, str]
    table: pd.DataFrame


def laid_with(studied: Study, meta: Meta, edit: Edit) -> Laid:
    """Measure a city under an edit as `planner.study.study` does, and judge it."""
    inputs, standards = studied.inputs, standards_with(studied, edit)
    city = place_city(
        inputs.networks,
        inputs.demand.frame,
        sites_with(studied, edit),
        walk_kph=float(edit["speed"]),
        snap_max_m=float(inputs.scenario.roads.snap_max_m),
    )
    travel = travel_tables(city, standards, quiet)
    standing, opened = _types(meta, edit)
    checks = checks_with(studied, edit)
    reach = on_reach(reaches(city, standards, travel), checks, city.demand, city.sites, standing)
    measured = judge(city, standards, travel, opened, state="plan", year=studied.years[-1])
    return Laid(city, travel, checks, reach, standing, opened, on_coverage(measured, checks, reach, opened))


def figures(studied: Study, meta: Meta, edit: Edit) -> dict[str, Any]:
    """Figures of an edit, the whole way of a run.

    Parameters
    ----------
    studied
        The study of the scenario that the page was made from.
    meta
        What the page knows of it: the order of communities and districts, and what stands today.
    edit
        What a person did.
    """
    laid, entries = laid_with(studied, meta, edit), list(_entries(edit))
    offered = _new_options(studied, laid.city.sites[laid.city.sites["site_id"].isin({site for site, _ in entries})])
    rows = [offered[site, entry["type"], entry["size"]] for site, entry in entries]
    cost = cost_with(studied, rows, [entry["year"] for _, entry in entries])
    return {**_counted(studied, meta, edit, laid.table), "cost": cost}


# ---- many edits from one travel table ----


class Many:
    """Counts many edits from travel tables that were measured once, for all places of all of them.

    Parameters
    ----------
    studied, meta
        As in `figures`.
    edits
        The edits that will be asked for.
    """

    def __init__(self, studied: Study, meta: Meta, edits: Sequence[Edit]) -> None:
        self.studied, self.meta = studied, meta
        frame = studied.inputs.sites.frame
        frame = frame[usable_sites(frame)]
        self._places = dict(zip(frame["site_id"], zip(frame.geometry.x, frame.geometry.y, strict=True), strict=True))
        every = {(lon, lat) for edit in edits for lon, lat in _places_of(edit)} | set(self._places.values())
        self._name = {place: f"p{number:07d}" for number, place in enumerate(sorted(every))}
        self._city = self._placed(frame.crs)
        self._tables = self._measured(edits)
        standards = studied.inputs.standards
        nothing = {kind_of(standard): studied.travel[kind_of(standard)].iloc[:0] for standard in standards}
        self._rows = reaches(self._city, standards, nothing)
        self._blank = {standard.id: _blank_rows(studied.inputs.demand.frame, standard) for standard in standards}
        self._offered: dict[Any, Mapping[str, Any]] = dict(_by_key(studied.inputs.options))

    def _placed(self, crs: Any) -> City:
        inputs = self.studied.inputs
        points = gpd.GeoDataFrame(
            {"site_id": list(self._name.values())}, geometry=[shapely.Point(*place) for place in self._name], crs=crs
        )
        snap_max_m = float(inputs.scenario.roads.snap_max_m)
        feet = {mode: snap_table(roads, points, snap_max_m=snap_max_m) for mode, roads in inputs.networks.items()}
        return replace(self.studied.city, sites=points, site_feet=feet)

    def _measured(self, edits: Sequence[Edit]) -> dict[Any, dict[str, pd.DataFrame]]:
        """Travel rows by kind, and by place; minutes of a drive change with the speed of walking to the road."""
        asked: dict[Any, list[Standard]] = defaultdict(list)
        for edit in {(edit["speed"], edit["metric"]): edit for edit in edits}.values():
            for standard in standards_with(self.studied, edit):
                asked[_key(standard, edit)].append(standard)
        found = {}
        for (kind, speed), standards in asked.items():
            city = replace(self._city, walk_kph=float(speed or 4))
            table = travel_tables(city, standards, quiet)[kind]
            found[kind, speed] = {str(place): rows for place, rows in table.groupby("site_id")}
        return found

    def _pairs(self, standard: Standard, edit: Edit, at: Mapping[str, tuple[float, float]]) -> pd.DataFrame:
        """Travel rows of the sites of an edit under one standard."""
        rows = self._tables[_key(standard, edit)]
        parts = [
            rows[self._name[place]].assign(site_id=site) for site, place in at.items() if self._name[place] in rows
        ]
        return pd.concat(parts, ignore_index=True) if parts else next(iter(rows.values())).iloc[:0]

    def figures(self, edit: Edit) -> dict[str, Any]:
        """Figures of one of the edits."""
        inputs = self.studied.inputs
        standing, opened = _types(self.meta, edit)
        rooms = {site: tuple(entry["at"]) for site, entry in _entries(edit) if "at" in entry}
        moved = {site: tuple(place) for site, place in edit["moved"].items() if site in standing}
        at: dict[str, Any] = {site: {**self._places, **moved, **rooms}[site] for site in opened}
        sites = _points(at, inputs.sites.frame.crs)
        found = {}
        for standard in standards_with(self.studied, edit):
            travel = self._pairs(standard, edit, at)
            pairs = travel[coverage.reached(travel, standard)]
            found[standard.id] = replace(self._rows[standard.id], standard=standard, pairs=pairs, travel=travel)
        checks = checks_with(self.studied, edit)
        reach = on_reach(found, checks, self._city.demand, sites, standing)
        parts = [_measured_rows(self._blank[key], one, opened) for key, one in found.items()]
        table = on_coverage(pd.concat(parts, ignore_index=True), checks, reach, opened)
        return {**_counted(self.studied, self.meta, edit, table), "cost": self._cost(edit)}

    def _cost(self, edit: Edit) -> dict[str, Any]:
        rows, opens = [], []
        for site, entry in _entries(edit):
            at = site if "at" not in entry else (entry["from"], entry.get("method"))
            key = at, entry["type"], entry["size"]
            if key not in self._offered:
                frame = self.studied.inputs.sites.frame
                row = gpd.GeoDataFrame([_room_row(frame, site, entry)], geometry="geometry", crs=frame.crs)
                self._offered[key] = _new_options(self.studied, row)[site, entry["type"], entry["size"]]
            rows.append(self._offered[key])
            opens.append(entry["year"])
        return cost_with(self.studied, rows, opens)


def _key(standard: Standard, edit: Edit) -> tuple[Any, str | None]:
    return kind_of(standard), edit["speed"] if standard.measure == "time" else None


def _places_of(edit: Edit) -> Iterator[tuple[float, float]]:
    yield from (tuple(place) for place in edit["moved"].values())
    yield from (tuple(entry["at"]) for entry in edit["plan"] if "at" in entry)


def _points(at: Mapping[str, tuple[float, float]], crs: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"site_id": list(at)}, geometry=[shapely.Point(*place) for place in at.values()], crs=crs)


def _blank_rows(demand: pd.DataFrame, standard: Standard) -> pd.DataFrame:
    """Coverage rows of one standard before anybody is covered."""
    applies = coverage.applies(demand, standard)
    able = coverage.assessable(demand)[applies]
    nothing = {"site_id": "", "metres": np.nan, "seconds": np.nan}
    reason = np.where(able, "", "not_assessable")
    ids = demand.loc[applies, "demand_id"].to_numpy()
    return pd.DataFrame({"demand_id": ids, "standard": standard.id, **nothing, "reason": reason})


def _measured_rows(rows: pd.DataFrame, reach: Reach, opened: Mapping[str, str]) -> pd.DataFrame:
    """Coverage rows of one standard as measured: who is within reach of how many facilities."""
    number = dict(zip(opened, coverage.facilities_serving(opened.values(), reach.standard).tolist(), strict=True))
    many = reach.pairs["site_id"].map(number).groupby(reach.pairs["demand_id"]).sum()
    within = rows["demand_id"].map(many).fillna(0).astype(np.int64).to_numpy()
    facilities = np.where(rows["reason"] == "", within, 0)
    return rows.assign(facilities=facilities, covered=facilities > 0)
