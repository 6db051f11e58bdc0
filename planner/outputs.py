"""What a study leaves behind: run.json, the map, tables, and the inputs that it rests on."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planner import (
    __version__,
    claims,
    editoutputs,
    fieldcheck,
    footmoves,
    maps,
    record,
    report,
    snapshot,
    unjudged,
    verdicts,
)
from planner.companions import OF_SHAPEFILES
from planner.coverage import assessable
from planner.hashing import sha256_of
from planner.headcount import of_tables
from planner.instance import weight_scale
from planner.namedfiles import with_files
from planner.phases import ONE_YEAR
from planner.reaches import RESIDENTS, areas
from planner.recount import cost_of
from planner.rulewords import goal_in_words, in_words, known, rule_in_words
from planner.schema import aim_of
from planner.sitetable import map_sites, site_table
from planner.sourcelist import rows_used, shown_path
from planner.study import Study, goal_tallies, goals_in, served_in, tally
from planner.words import listed, say, tell

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from planner.inputs import Inputs
    from planner.rulewords import Known
    from planner.scenario import Loaded
    from planner.schema import Scenario
    from planner.terms import Language


RESULT_FILES = frozenset(
    {
        "map.html", "run.json", "timing.json", "sites.csv", "coverage.csv", "left_out.csv", "plan.gpkg",
        "field_check.xlsx", "why.csv", "closing.csv", "alternatives.csv", "certificate.json", "scenario.toml", "inputs",
        editoutputs.MOVED_FILE,
    }
)  # fmt: skip
"""Names of everything that a result holds."""


def _goal_records(studied: Study) -> list[dict[str, Any]]:
    """Figures of every goal, in every year that it is asked in."""
    planned = studied.plan.status != "none"
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


def scenario_hash(loaded: Loaded) -> str:
    """SHA-256 of a merged scenario, with its paths as seen from its folder."""
    return hashlib.sha256(report.toml_text(_with_paths(loaded, None)).encode()).hexdigest()


def _with_paths(loaded: Loaded, names: Mapping[Path, str] | None) -> dict[str, Any]:
    """Return the merged scenario with other names for its files; without any, as seen from its folder."""

    def named(file: str) -> str:
        if not Path(file).is_absolute():
            return file
        return shown_path(file, loaded.folder) if names is None else names.get(Path(file), file)

    renamed: dict[str, Any] = with_files(loaded.merged, named)
    return renamed


def doubt_records(inputs: Inputs) -> list[dict[str, str]]:
    """Say what makes figures void, and what in the tables was read in one of several ways: what to write instead."""
    of_tables = (*inputs.demand.doubts, *inputs.sites.doubts)
    doubts = (*inputs.grave, *of_tables, *footmoves.doubts_of(inputs), *unjudged.doubts_of(inputs))
    files = {str(file.path): shown_path(str(file.path), inputs.loaded.folder) for file in inputs.loaded.files}
    shown = (replace(doubt, file=files.get(doubt.file, doubt.file)) for doubt in doubts)
    told = [tell(doubt, inputs.scenario.language) for doubt in shown]
    return [{"place": place, "what": what, "cure": cure} for place, what, cure in told]


def input_records(inputs: Inputs) -> list[dict[str, Any]]:
    """Describe each input file: its path, hash, and rows read and used."""
    loaded, found = inputs.loaded, []
    left = Counter[str]()
    for row in (*inputs.demand.left_out, *inputs.sites.left_out):
        left[row.file] += row.rows
    rows = Counter(inputs.demand.rows_read) + Counter(inputs.sites.rows_read)
    used = rows_used(loaded, {"demand": inputs.demand, "sites": inputs.sites})
    for file in inputs.files:
        shown = shown_path(str(file), loaded.folder)
        number = rows.get(shown)
        found.append(
            {
                "path": shown,
                "sha256": sha256_of(file),
                "rows_read": number,
                "rows_used": None if number is None else used.get(shown, number - left[shown]),
            }
        )
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
        "off_network_points": int((off & residents).sum()),
        "off_network_people": int(people[off & residents].sum()),
        "communities_without_people": sorted(str(unit) for unit in by_unit.index[by_unit == 0]),
        "totals": list(studied.inputs.totals),
        "placed_people": {way: int(people[residents & (frame["placed"] == way)].sum()) for way in ("town", "spread")},
        "checked": verdicts.counted(studied.inputs.verdicts, frame),
        "communities_unjudged": unjudged.community_counts(studied.inputs),
    }


def road_parameters(scenario: Scenario) -> dict[str, Any]:
    """How movement on roads was counted."""
    roads = scenario.roads
    return {
        "walk_kph": float(roads.walk_kph),
        "drive_factor": float(roads.drive_factor),
        "class_kph": dict(roads.speeds_kph),
        "snap_max_m": float(roads.snap_max_m),
        "island_min_m": float(roads.island_min_m),
    }


def source_notes(language: Language, inputs: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Lines of a map's foot on its sources and its maker."""
    beside = (*OF_SHAPEFILES, f"/{snapshot.RECORD}")
    files = (item["path"].rsplit("/", 1)[-1] for item in inputs if not item["path"].lower().endswith(beside))
    names = listed(files, language)
    return say("note.sources", language, files=names), say("note.planner", language, version=__version__)


def _names_known(studied: Study) -> Known:
    sites = studied.inputs.sites.frame
    names = dict(zip(sites["site_id"], sites["name"], strict=True))
    return known(studied.instance.all_goals, studied.inputs.scenario, names)


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


def _record(studied: Study, moved: pd.DataFrame | None) -> dict[str, Any]:
    inputs, scenario = studied.inputs, studied.inputs.scenario
    planned, aim, names = studied.plan.status != "none", aim_of(scenario), _names_known(studied)
    standards = [
        record.standard_record(
            s,
            tally(studied, s, "today"),
            tally(studied, s, "plan") if planned else None,
            (_served_people(studied, s.id, "today"), _served_people(studied, s.id, "plan")),
        )
        for s in inputs.standards
    ]
    return record.run_record(
        scenario={
            "name": scenario.name,
            "title": scenario.title,
            "data_date": scenario.data_date.isoformat(),
            "language": scenario.language,
            "parameters": {
                **road_parameters(scenario),
                "community_rule": float(scenario.demand.community_rule),
                "horizon_years": scenario.siting.horizon_years,
                "years": list(studied.years),
                "gap": float(scenario.siting.gap),
                "standard": scenario.siting.standard,
                "time_limit_s": float(scenario.siting.time_limit_s),
            },
        },
        scenario_sha256=scenario_hash(inputs.loaded),
        planner=__version__,
        inputs=input_records(inputs),
        doubts=doubt_records(inputs),
        roads=record.roads_record(inputs.networks)
        | snapshot.about(inputs.loaded)
        | editoutputs.roads_part(inputs.rerouted, moved),
        standards=standards,
        goals=_goal_records(studied),
        plan=record.plan_record(
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
        ),
        sites=_site_records(studied),
        demand=_demand_record(studied),
    )


def _labels(studied: Study, run: Mapping[str, Any]) -> maps.MapLabels:
    scenario = studied.inputs.scenario
    language = scenario.language
    parameters = run["parameters"]
    notes = (
        say(
            "note.counted", language, walk_kph=f"{parameters['walk_kph']:g}", snap_max_m=f"{parameters['snap_max_m']:g}"
        ),
        say("note.community", language, rule=f"{parameters['community_rule'] * 100:g}"),
        *(tell(doubt, language)[1] for doubt in studied.inputs.grave),
        *source_notes(language, run["inputs"]),
    )
    frame = studied.inputs.sites.frame
    return maps.MapLabels(
        title=scenario.title,
        language=language,
        type_names={facility.type: facility.name for facility in scenario.facility},
        standard_names=record.standard_names(run["standards"], language),
        site_names=dict(zip(frame["site_id"], frame["name"], strict=True)),
        notes=notes,
        review_number=scenario.document.review_number,
        maker=scenario.document.maker,
        document_note=scenario.document_note,
    )


def write(studied: Study, folder: Path, begin: Callable[[str], None], *, keep_inputs: bool) -> dict[str, Any]:
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

    Returns
    -------
    record
        The content of run.json.
    """
    inputs, scenario = studied.inputs, studied.inputs.scenario
    moved = editoutputs.moved_table(studied)
    run = _record(studied, moved)
    sites = site_table(studied)
    begin("areas")
    outlines = areas(studied.city, inputs.standards, studied.states)
    begin("map")
    maps.write_map(
        folder / "map.html",
        record=run,
        roads=inputs.networks["walk"],
        demand=inputs.demand.frame,
        sites=map_sites(sites),
        coverage=studied.coverage,
        areas=outlines,
        edits=editoutputs.map_edits(inputs.rerouted, scenario.language),
        labels=_labels(studied, run),
    )
    begin("files")
    places = sites.drop(columns="geometry").assign(lon=sites.geometry.x, lat=sites.geometry.y)
    report.write_csv(places, folder / "sites.csv")
    report.write_csv(studied.coverage, folder / "coverage.csv")
    report.write_csv(studied.explained.closing, folder / "closing.csv")
    editoutputs.write_moved(moved, folder)
    _write_field_checks(studied, run, folder)
    if len(studied.explained.why):
        report.write_csv(_why_in_words(studied), folder / "why.csv")
    if len(studied.explained.plans):
        report.write_csv(studied.explained.others, folder / "alternatives.csv")
    left_out = [row for table in (inputs.demand, inputs.sites) for row in table.left_out]
    report.write_csv(
        pd.DataFrame(
            [
                (r.file, r.row, r.rows, r.id, r.name, say(f"left_out.{r.reason}", scenario.language, **r.values))
                for r in left_out
            ],
            columns=["file", "row", "rows", "id", "name", "reason"],
        ),
        folder / "left_out.csv",
    )
    layers = {"sites": sites, "demand": inputs.demand.frame, "service_areas": outlines}
    report.write_gpkg(layers, folder / "plan.gpkg", scenario.data_date)
    if studied.plan.multipliers is not None:
        proof = claims.certify(studied.instance, studied.plan.multipliers)
        report.write_json(claims.to_json(proof), folder / "certificate.json")
    _write_inputs(inputs, folder, keep=keep_inputs)
    report.write_json(run, folder / "run.json")
    return run


def _write_field_checks(studied: Study, run: Mapping[str, Any], folder: Path) -> None:
    """Write the list of what someone should go and look at: by today's coverage, without what was checked already."""
    inputs, scenario = studied.inputs, studied.inputs.scenario
    today = studied.coverage[studied.coverage["state"] == "today"]
    names = dict(zip(inputs.sites.frame["site_id"], inputs.sites.frame["name"], strict=True))
    decided = verdicts.is_checked(inputs.verdicts, today)
    lines = fieldcheck.listing(of_tables(inputs.demand.frame), today, inputs.standards, names, decided)
    standards = record.standard_names(run["standards"], scenario.language)
    fieldcheck.write(lines, folder / "field_check.xlsx", standards, scenario.language, scenario.data_date)


def _write_inputs(inputs: Inputs, folder: Path, *, keep: bool) -> None:
    """Write the merged scenario; with the inputs kept it names the copies, so that it runs from where it lies."""
    if keep:
        names = report.copy_inputs(inputs.files, folder / "inputs")
    else:
        names = {file: shown_path(str(file), folder) for file in inputs.files}
    report.write_toml(_with_paths(inputs.loaded, names), folder / "scenario.toml")
