"""What an audit leaves behind: the ledger as workbook and CSV, the figures, the record, and the inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from planner import (
    changetables,
    checklists,
    countstands,
    demandtable,
    duties,
    forms,
    grants,
    ledgerbook,
    ledgercells,
    ledgersums,
    leftout,
    listlines,
    notices,
    owners,
    previous,
    provenance,
    record,
    report,
)
from planner.auditlines import summary_lines
from planner.auditstudy import outlet_counts
from planner.citations import document_line
from planner.columns import GROUP_PREFIX
from planner.figurekeys import keyed
from planner.keptinputs import write_inputs
from planner.sourcelist import shown_path
from planner.standings import DECIDED, STATES, UNMET
from planner.tallies import scope_names
from planner.words import say, tell
from planner.yearlysheets import sheets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from planner.auditstudy import Audit
    from planner.forms import Figure, Filled
    from planner.ledgersheets import LedgerSheet
    from planner.yearly import Yearly

SUFFIX = "-audit"
"""What the name of the result folder has after the scenario's."""

MARK = previous.MARK
"""The file by which a whole result is known."""

FORMS = "forms"
"""Folder of the filled forms, each with the list of its cells."""

RESULT_FILES = frozenset(
    {"ledger.xlsx", "communities.csv", "outlets.csv", "districts.csv", "figures.csv", "changes.csv", "scenario.toml",
     "demand.csv", "sites.csv", "coverage.csv", "inputs", "duties.csv", "notices.html", FORMS, MARK}
)  # fmt: skip
"""Names of everything that a result holds."""


def _reach_record(found: Yearly) -> dict[str, Any]:
    """Return the part of ``audit.json`` on reach: the figures of the whole city, and all that they rest on."""
    audit = found.audit
    inputs, scenario = audit.inputs, audit.inputs.scenario
    return {
        "schema": previous.SCHEMA,
        **provenance.head(inputs),
        "parameters": {
            **provenance.road_parameters(scenario),
            "community_rule": float(scenario.demand.community_rule),
            "decides": list(audit.decides),
            "check_by": scenario.audit.check_by.isoformat() if scenario.audit.check_by else None,
        },
        "attribution": "© OpenStreetMap contributors",
        "inputs": provenance.input_records(inputs, found.read.bureau),
        "doubts": provenance.doubt_records(inputs),
        "policy": found.policy,
        "roads": record.roads_record(inputs.networks),
        "standards": [record.standard_facts(one) for one in inputs.standards],
        "outlets": {**outlet_counts(audit), "unknown_hours": list(audit.unknown_hours)},
        "figures": _figure_records(audit.figures),
        "left_out": _left_out_record(audit),
    }


def _figure_records(figures: pd.DataFrame) -> list[dict[str, Any]]:
    """List the figures of the whole city, blanks as null."""
    rows = figures[figures["level"] == "city"].drop(columns=["level", "scope"])
    return [{str(key): _plain(value) for key, value in row.items()} for row in rows.to_dict("records")]


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value
    return None if pd.isna(value) else int(value)


def _left_out_record(audit: Audit) -> dict[str, Any]:
    """Say where the communities lie that are not 达标, and how many people of which group live there."""
    whole = audit.standings[audit.standings["standard"] == DECIDED]
    unmet = whole[whole["state"] == UNMET].set_index("unit_id")
    units = audit.units.loc[audit.units.index.intersection(unmet.index)]
    by_town = units.groupby(scope_names(units, "town")).size().sort_values(ascending=False, kind="stable")
    return {
        "communities": len(unmet),
        "people": int(units["people"].sum()),
        "groups": {
            name.removeprefix(GROUP_PREFIX): int(units[name].sum())
            for name in units.columns
            if name.startswith(GROUP_PREFIX)
        },
        "towns": {str(name): int(count) for name, count in by_town.items() if name},
    }


def _why_record(found: Yearly) -> dict[str, Any]:
    """Say why communities are left out, and how many unemployed people live there as far as the ledger says."""
    audit = found.audit
    groups = leftout.left_out_groups(audit.standings, found.read.bureau.communities, audit.units)
    return {
        "reasons": leftout.left_by_reason(found.measures, audit.standings, audit.deciding),
        "reported": groups["reported"],
        "blank": groups["blank"],
        "group_names": {group.id: group.name for group in found.inputs.scenario.group},
    }


def write(found: Yearly, folder: Path, begin: Callable[[str], None], *, keep_inputs: bool) -> dict[str, Any]:
    """Write every file of an audit.

    Parameters
    ----------
    found
        What was found.
    folder
        An empty folder.
    begin
        Called with the name of each step as it begins.
    keep_inputs
        Whether the inputs are copied as well.

    Returns
    -------
    record
        The content of audit.json.
    """
    inputs, language = found.inputs, found.inputs.scenario.language
    name = inputs.scenario.name + SUFFIX
    figures = keyed(found)
    filled = _filled_forms(found, figures, folder)
    record_ = year_record(found, filled) | owners.part(inputs.loaded, folder.parent / name, MARK)
    begin("workbook")
    tables = sheets(found, figures)
    _write_book(tables, record_, found, folder / "ledger.xlsx")
    for sheet in tables:
        if f"{sheet.key}.csv" in RESULT_FILES:
            ledgercells.write_sheet_csv(sheet, folder / f"{sheet.key}.csv", language)
    report.write_csv(found.audit.figures, folder / "figures.csv")
    report.write_csv(demandtable.as_read(inputs.demand.frame), folder / "demand.csv")
    report.write_csv(demandtable.sites_as_read(inputs.sites.frame), folder / "sites.csv")
    coverage = found.audit.studied.coverage
    report.write_csv(coverage[coverage["state"] == "today"], folder / "coverage.csv")
    if found.changes is not None:
        report.write_csv(changetables.changes_table(found.changes, language), folder / "changes.csv")
    _write_notices(found, folder)
    write_inputs(inputs, folder, keep=keep_inputs)
    report.write_json(record_, folder / MARK)
    return record_


def year_record(found: Yearly, filled: Sequence[Filled]) -> dict[str, Any]:
    """Return the content of ``audit.json``: reach, then what is reported, last year, and what is ahead.

    Parameters
    ----------
    found
        What was found.
    filled
        The forms of the superior.
    """
    old, language = found.read.last.previous if found.read.last else None, found.inputs.scenario.language
    doubts = [
        dict(zip(("place", "what", "cure"), tell(one, language), strict=True))
        for one in (*found.doubts, *(doubt for form in filled for doubt in form.doubts))
    ]
    reach = _reach_record(found)
    return {
        **reach,
        "doubts": [*reach["doubts"], *doubts],
        "forms": [{"cells": len(form.cells), "blank": form.blank} for form in filled],
        "blank": dict(found.read.bureau.blanks),
        "checklists": checklists.records(found.checked),
        "grants": grants.records(found.granted),
        "sums": ledgersums.records(found.sums),
        "changes": None
        if found.changes is None
        else changetables.record(found.changes, old.inputs if old else None, found.inputs),
        "reported": [
            *listlines.lines(found.checked, language, found.audit.names.place),
            *grants.lines(found.granted, language),
        ],
        "left_out_why": _why_record(found),
        "counts": countstands.records(found.counts),
        "trend": found.trend,
        "milestones": {"goals": found.goals, "checklists": found.lists},
        "missing": found.missing,
    }


def _write_book(sheets: list[LedgerSheet], found: Mapping[str, Any], year: Yearly, path: Path) -> None:
    scenario = year.inputs.scenario
    language = scenario.language
    tables = (*scenario.demand.table, *scenario.sites.table)
    folder = year.inputs.loaded.folder
    systems = {shown_path(one.file, folder): one.coordinates or "" for one in tables}
    ledgerbook.write(
        ledgerbook.LedgerBook(
            title=say("audit.title", language, title=scenario.title, date=found["data_date"]),
            language=language,
            data_date=scenario.data_date,
            summary=tuple(summary_lines(found)),
            sheets=sheets,
            titles={sheet.key: say(f"ledger.sheet.{sheet.key}", language) for sheet in sheets},
            verdicts={say(f"ledger.state.{state}", language): state for state in STATES},
            parameters=tuple(_parameters(year.audit)),
            sources=[{**item, "coordinates": systems.get(item["path"], "")} for item in found["inputs"]],
            left_out=provenance.left_out_records(
                year.inputs, year.read.bureau.left_out, year.read.last.left_out if year.read.last else ()
            ),
            doubts=[" ".join(part for part in (d["place"], d["what"], d["cure"]) if part) for d in found["doubts"]],
            attribution=found["attribution"],
        ),
        path,
    )


def _parameters(audit: Audit) -> Iterator[tuple[str, str]]:
    """Name the parameters of the audit in words, with their values."""
    scenario = audit.inputs.scenario
    language = scenario.language
    names = audit.names.standards
    values = {
        "data_date": scenario.data_date.isoformat(),
        "walk_kph": f"{float(scenario.roads.walk_kph):g}",
        "drive_factor": f"{float(scenario.roads.drive_factor):g}",
        "snap_max_m": f"{float(scenario.roads.snap_max_m):g}",
        "island_min_m": f"{float(scenario.roads.island_min_m):g}",
        "community_rule": f"{float(scenario.demand.community_rule):g}",
        "decides": "；".join(names[one] for one in audit.decides),
        "day_at": scenario.time.day_at,
        "noon_at": scenario.time.noon_at,
        "night_at": scenario.time.night_at,
    }
    for key, value in values.items():
        yield say(f"audit.parameter.{key}", language), value


def _write_notices(found: Yearly, folder: Path) -> None:
    """Write who is responsible for which outlet, and a notice for each (clause H8)."""
    scenario = found.inputs.scenario
    if found.duties is None:
        return
    sites = found.inputs.sites.frame[["site_id", "services", "hours"]]
    own = found.read.bureau.outlets
    outlets = (
        sites.join(own[["服务制度"]].rename(columns={"服务制度": "rules"}), on="site_id")
        if "服务制度" in own
        else sites
    )
    basis = [document_line(one, scenario.language) for one in found.policy["documents"]]
    head = notices.Head(scenario.data_date, scenario.document.maker, basis)
    duties.write_duties(found.duties, folder / "duties.csv", scenario.language)
    notices.write_notices(found.duties, outlets, head, folder / "notices.html", scenario.language)


def _filled_forms(found: Yearly, figures: Mapping[str, Figure], folder: Path) -> tuple[Filled, ...]:
    """Fill the forms of the superior, each beside the list of its cells and where they are from."""
    if not found.read.forms:
        return ()
    scenario, target = found.inputs.scenario, folder / FORMS
    target.mkdir()
    opened = [form for form, _ in found.read.forms]
    return forms.fill_all(opened, figures, target, scenario.data_date, scenario.language)
