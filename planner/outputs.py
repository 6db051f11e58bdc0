"""What a study leaves behind: run.json, the map, tables, and the inputs that it rests on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planner import (
    __version__,
    citations,
    claims,
    demandtable,
    documentoutputs,
    editoutputs,
    effects,
    fieldcheck,
    land,
    live,
    maps,
    owners,
    provenance,
    record,
    report,
    snapshot,
    unitsums,
    unjudged,
    verdicts,
)
from planner.countscopes import community_names
from planner.coverage import CHECKED, assessable
from planner.frontierrecord import frontier_of
from planner.headcount import of_tables
from planner.instance import weight_scale
from planner.keptinputs import write_inputs
from planner.mapdata import MapData, MapLabels
from planner.onlinebase import online_bases
from planner.phases import ONE_YEAR
from planner.reaches import RESIDENTS, areas
from planner.recount import cost_of
from planner.rulewords import goal_in_words, in_words, known, rule_in_words
from planner.schema import aim_of
from planner.sitetable import map_sites, site_table
from planner.study import Study, goal_tallies, goals_in, served_in, tally
from planner.tabled import tabled_part
from planner.tabledlines import noted
from planner.words import listed, say, tell

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import geopandas as gpd

    from planner.rulewords import Known


RESULT_FILES = frozenset(
    {
        "map.html", "run.json", "timing.json", "sites.csv", "coverage.csv", "left_out.csv", "plan.gpkg",
        "field_check.xlsx", "why.csv", "closing.csv", "alternatives.csv", "certificate.json", "scenario.toml", "inputs",
        "totals.csv", editoutputs.MOVED_FILE, "demand.csv",
    }
    | documentoutputs.RESULT_FILES
)  # fmt: skip
"""Names of everything that a result holds."""


def _goal_records(studied: Study) -> list[dict[str, Any]]:
    """Figures of every goal, in every year that it is asked in."""
    planned = studied.planned
    most = {(reached.id, reached.scope, reached.year): reached for reached in studied.most}
    limited = studied.inputs.scenario.siting.capacity_standard
    found = []
    for year in studied.years:
        named = year if studied.phases else ONE_YEAR
        for goal in goals_in(studied, year):
            now = list(goal_tallies(studied, goal, "today", year))
            then = list(goal_tallies(studied, goal, "plan", year)) if planned else [None] * len(now)
            counts = "served" if goal.standard == limited else "backup" if goal.backup else "reached"
            found += [
                record.goal_record(
                    a,
                    b,
                    most.get((goal.id, a.scope, named)),
                    studied.inputs.demand.frame,
                    year=named or None,
                    counts=counts,
                )
                for a, b in zip(now, then, strict=True)
            ]
    return found


def _site_records(studied: Study) -> dict[str, Any]:
    """How many sites there are of each kind, and which lie off the roads."""
    frame = studied.inputs.sites.frame
    feet = studied.city.site_feet["walk"]
    return {
        "existing": int((frame["status"] == "existing").sum()),
        "open_today": int(frame["open_today"].sum()),
        "candidates": int((frame["status"] == "candidate").sum()),
        "names_hurt": _names_of(frame, studied.explained.closing),
        "off_network": studied.city.sites.loc[feet.edge < 0, "site_id"].tolist(),
    }


def _names_of(sites: pd.DataFrame, closing: pd.DataFrame) -> dict[str, str]:
    """Names of the outlets that a table of closings speaks of."""
    known = dict(zip(sites["site_id"], sites["name"], strict=True))
    named = {*closing["site_id"], *closing["to_site_id"], *closing["losing_to_site_id"]} - {""}
    return {site: known[site] for site in sorted(named)}


def _demand_record(studied: Study) -> dict[str, Any]:
    """How many residents there are, how many of them touch no walkable road, and which communities have none."""
    frame = studied.inputs.demand.frame
    off = (studied.city.demand_feet["walk"].edge < 0) & assessable(frame)
    residents = (frame["layer"] == RESIDENTS).to_numpy()
    people = frame["people"]
    by_unit = people[residents].groupby(frame["unit_id"][residents]).sum()
    return {
        "points": len(frame),
        "people": int(people[residents].sum()),
        "people_assessable": int(people[residents & assessable(frame)].sum()),
        "off_network_points": int((off & residents).sum()),
        "off_network_people": int(people[off & residents].sum()),
        "communities_without_people": sorted(str(unit) for unit in by_unit.index[by_unit == 0]),
        "totals": list(studied.inputs.totals),
        "placed_people": {way: int(people[residents & (frame["placed"] == way)].sum()) for way in ("town", "spread")},
        "checked": verdicts.counted(studied.inputs.verdicts, frame),
        "communities_unjudged": unjudged.community_counts(studied.inputs),
    }


def _names_known(studied: Study) -> Known:
    sites = studied.inputs.sites.frame
    names = dict(zip(sites["site_id"], sites["name"], strict=True))
    communities = community_names(studied.inputs.demand.frame)
    return known(studied.instance.all_goals, studied.inputs.scenario, names, communities)


def _why_in_words(studied: Study) -> pd.DataFrame:
    """Return why each new facility is in, with goals and rules in words: the table behind why.csv."""
    why, about = studied.explained.why, _names_known(studied)
    goals = [listed((goal_in_words(name, about) for name in names), about.language) for names in why["goals_missed"]]
    rules = [listed((rule_in_words(name, about) for name in names), about.language) for names in why["rules_broken"]]
    return why.assign(goals_missed=goals, rules_broken=rules)


def _served_people(studied: Study, standard: str, state: str) -> int | None:
    """People served under a standard with capacity, today or in the last year of the plan; None where not counted."""
    if standard != studied.inputs.scenario.siting.capacity_standard:
        return None
    served = served_in(studied, state, studied.years[-1])
    return None if served is None else int(served["people"].sum())


def _standard_records(studied: Study) -> list[dict[str, Any]]:
    """Figures of every standard, today and in the last year of the plan."""
    planned = studied.planned
    return [
        record.standard_record(
            s,
            tally(studied, s, "today"),
            tally(studied, s, "plan") if planned else None,
            (_served_people(studied, s.id, "today"), _served_people(studied, s.id, "plan")),
        )
        for s in studied.inputs.standards
    ]


def _weights(studied: Study) -> list[dict[str, Any]]:
    """List the groups whose people count more, or less, in what the plan is to be best at."""
    scenario = studied.inputs.scenario
    groups = scenario.group if scenario.siting.objective != "min_cost" else []
    return [{"id": one.id, "name": one.name, "weight": float(one.weight)} for one in groups if one.weight != 1]


def _record(studied: Study, moved: pd.DataFrame | None, begin: Callable[[str], None]) -> dict[str, Any]:
    inputs, scenario = studied.inputs, studied.inputs.scenario
    run = record.run_record(
        scenario={
            "name": scenario.name,
            "title": scenario.title,
            "data_date": scenario.data_date.isoformat(),
            "language": scenario.language,
            "parameters": {
                **provenance.road_parameters(scenario),
                "community_rule": float(scenario.demand.community_rule),
                "horizon_years": scenario.siting.horizon_years,
                "years": list(studied.years),
                "gap": float(scenario.siting.gap),
                "standard": scenario.siting.standard,
                "weights": _weights(studied),
                "time_limit_s": float(scenario.siting.time_limit_s),
            },
        },
        scenario_sha256=provenance.scenario_hash(inputs.loaded),
        planner=__version__,
        inputs=provenance.input_records(inputs),
        doubts=provenance.doubt_records(inputs),
        roads=record.roads_record(inputs.networks)
        | snapshot.about(inputs.loaded)
        | editoutputs.roads_part(inputs.rerouted, moved),
        standards=_standard_records(studied),
        goals=_goal_records(studied),
        plan=_plan_record(studied),
        sites=_site_records(studied),
        demand=_demand_record(studied),
    )
    imprint = {
        "maker": scenario.document.maker,
        "review_number": scenario.document.review_number,
        "note": scenario.document_note,
    }
    run |= tabled_part(inputs, begin)
    run |= {"document": imprint} | citations.policy_part(scenario, inputs.loaded.merged)
    return effects.with_effect(run, studied, begin)


def _plan_record(studied: Study) -> dict[str, Any]:
    scenario = studied.inputs.scenario
    aim, names = aim_of(scenario), _names_known(studied)
    return record.plan_record(
        studied.plan,
        studied.opened,
        {facility.type: facility.name for facility in scenario.facility},
        studied.uncoverable,
        objective=scenario.siting.objective,
        scale=1 if aim.objective == "min_cost" else weight_scale(aim.groups),
        cost_yuan=cost_of(studied.instance, np.array(studied.plan.chosen, dtype=np.int64)),
        certified_bound=studied.certified_bound,
        conflict=studied.conflict,
        conflict_words=[in_words(name, names) for name in studied.conflict.names] if studied.conflict else [],
        least_budget=studied.least_budget,
        explained=studied.explained,
        alternatives=scenario.siting.alternatives,
        given=studied.given,
        broken={name: in_words(name, names) for name in studied.rules_broken},
    )


def _labels(studied: Study, run: Mapping[str, Any]) -> MapLabels:
    scenario = studied.inputs.scenario
    language = scenario.language
    parameters = run["parameters"]
    notes = (
        say(
            "note.counted", language, walk_kph=f"{parameters['walk_kph']:g}", snap_max_m=f"{parameters['snap_max_m']:g}"
        ),
        say("note.community", language, rule=f"{parameters['community_rule'] * 100:g}"),
        *noted(run),
        *(citations.pack_lines(run["policy"], language) if "policy" in run else ()),
        *(tell(doubt, language)[1] for doubt in studied.inputs.grave),
        *unitsums.scaled_lines(studied.inputs.totals, language),
        *provenance.source_notes(language, run["inputs"]),
    )
    frame = studied.inputs.sites.frame
    return MapLabels(
        title=scenario.title,
        language=language,
        type_names={facility.type: facility.name for facility in scenario.facility},
        standard_names=record.standard_names(run["standards"], language),
        site_names=dict(zip(frame["site_id"], frame["name"], strict=True)),
        notes=notes,
        review_number=scenario.document.review_number,
        maker=scenario.document.maker,
        document_note=scenario.document_note,
        online=online_bases(scenario.map, scenario.language),
    )


def write(
    studied: Study,
    folder: Path,
    begin: Callable[[str], None],
    *,
    keep_inputs: bool,
    documents: bool,
    frontier: Path | None,
) -> dict[str, Any]:
    """Write every file of a result but ``timing.json``.

    Parameters
    ----------
    studied
        The study.
    folder
        An empty folder.
    begin
        Called with the name of each step as it begins.
    keep_inputs
        Whether the inputs are copied as well.
    documents
        Whether print maps, proposal and site pages are written as well.
    frontier
        Record of a frontier whose budgets the map is to offer, where it is of the same scenario and data; None leaves
        out all by which the map could count an edited plan.

    Returns
    -------
    record
        The content of run.json.
    """
    inputs = studied.inputs
    moved = editoutputs.moved_table(studied)
    run = _record(studied, moved, begin) | owners.part(inputs.loaded, folder.parent / inputs.scenario.name, "run.json")
    sites, checks = site_table(studied), _field_checks(studied)
    begin("areas")
    outlines = areas(studied.city, inputs.standards, studied.states)
    begin("map")
    shown = _shown(studied, run, sites, outlines, checks)
    load = None if frontier is None else live.load_of(studied, run, frontier_of(run, frontier))
    maps.write_map(folder / "map.html", replace(shown, live=load))
    run["documents"] = documentoutputs.write(shown, folder, begin) if documents else {}
    begin("files")
    _write_tables(studied, sites, folder)
    editoutputs.write_moved(moved, folder)
    names = record.standard_names(run["standards"], inputs.scenario.language)
    fieldcheck.write(checks, folder / "field_check.xlsx", names, inputs.scenario.language, inputs.scenario.data_date)
    layers = {"sites": sites, "demand": inputs.demand.frame, "service_areas": outlines}
    report.write_gpkg(layers, folder / "plan.gpkg", inputs.scenario.data_date)
    if studied.plan.multipliers is not None:
        proof = claims.certify(studied.instance, studied.plan.multipliers)
        report.write_json(claims.to_json(proof), folder / "certificate.json")
    write_inputs(inputs, folder, keep=keep_inputs)
    report.write_json(run, folder / "run.json")
    return run


def _shown(
    studied: Study,
    run: Mapping[str, Any],
    sites: gpd.GeoDataFrame,
    outlines: gpd.GeoDataFrame,
    checks: pd.DataFrame,
) -> MapData:
    """Gather what the maps show."""
    inputs = studied.inputs
    return MapData(
        record=run,
        roads=inputs.networks["walk"],
        demand=inputs.demand.frame,
        sites=map_sites(sites),
        coverage=studied.coverage,
        areas=outlines,
        edits=editoutputs.map_edits(inputs.rerouted, inputs.scenario.language),
        labels=_labels(studied, run),
        marks=dict(zip(zip(checks["demand_id"], checks["standard"], strict=True), checks["kind"], strict=True))
        | {(line.demand_id, line.standard): "met" if line.met else "unmet" for line in inputs.verdicts.lines},
        land=land.land_of(inputs),
    )


def _write_tables(studied: Study, sites: gpd.GeoDataFrame, folder: Path) -> None:
    """Write what a run leaves as CSV: sites, coverage, what closing hurts, totals, why, and the rows left out."""
    inputs = studied.inputs
    places = sites.drop(columns="geometry").assign(lon=sites.geometry.x, lat=sites.geometry.y)
    report.write_csv(places, folder / "sites.csv")
    report.write_csv(studied.coverage, folder / "coverage.csv")
    report.write_csv(demandtable.as_read(inputs.demand.frame), folder / "demand.csv")
    report.write_csv(studied.explained.closing, folder / "closing.csv")
    if inputs.totals:
        report.write_csv(pd.DataFrame(unitsums.beside(inputs.totals), dtype=object), folder / "totals.csv")
    if len(studied.explained.why):
        report.write_csv(_why_in_words(studied), folder / "why.csv")
    if len(studied.explained.plans):
        report.write_csv(studied.explained.others, folder / "alternatives.csv")
    columns = ["file", "row", "rows", "id", "name", "reason"]
    report.write_csv(pd.DataFrame(provenance.left_out_records(inputs), columns=columns), folder / "left_out.csv")


def _field_checks(studied: Study) -> pd.DataFrame:
    """List what someone should go and look at: by today's coverage, without what was checked already."""
    inputs = studied.inputs
    today = studied.coverage[studied.coverage["state"] == "today"]
    names = dict(zip(inputs.sites.frame["site_id"], inputs.sites.frame["name"], strict=True))
    decided = (today["reason"] == CHECKED).to_numpy()
    return fieldcheck.listing(of_tables(inputs.demand.frame), today, inputs.standards, names, decided)
