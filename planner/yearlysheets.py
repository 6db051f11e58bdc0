"""All sheets of the ledger in their order: reach, what the bureau reports, last year, milestones, areas of work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from planner import changetables, checklists, clausesheets, duties, grants, ledgersums
from planner.auditsheets import (
    communities_sheet,
    figure_sheets,
    left_out_sheet,
    named,
    outlets_sheet,
    plain_sheet,
    rollup_sheet,
    worded_sheet,
)
from planner.changes import CHANGE, LAST, NOW
from planner.citations import policy_record
from planner.countstands import shown
from planner.rollups import points_text, scope_title, standard_title
from planner.words import say
from planner.yearly import added_columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from planner.ledgersheets import LedgerSheet
    from planner.yearly import Yearly


def sheets(found: Yearly) -> list[LedgerSheet]:
    """Return every table that has rows, in the order of the workbook."""
    audit, bureau = found.audit, found.read.bureau
    communities = communities_sheet(audit, _with_lists(found), added_columns(found))
    lists = {one.id: one.name for one in audit.inputs.scenario.checklist}
    rates = checklists.rates(found.checked)
    rollups = []
    for level in ("district", "town"):
        last = {} if found.changes is None else found.changes.rates_last(level) | found.changes.rates_last("city")
        rollups.append(rollup_sheet(audit, level, rates, lists, last))
    whole = [
        *rollups,
        communities,
        outlets_sheet(audit, bureau.outlets),
        left_out_sheet(communities, audit),
        *figure_sheets(audit),
        *_reported(found),
        *_since(found),
        *_ahead(found),
        *_duties(found),
        *_policy(found),
    ]
    return [sheet for sheet in whole if len(sheet.frame)]


def _with_lists(found: Yearly) -> pd.DataFrame:
    """Return the bureau's columns with what each checklist makes of them: 缺项, and what is not given."""
    bureau, language = found.read.bureau, found.inputs.scenario.language
    added: dict[str, Any] = {}
    for one in found.inputs.scenario.checklist:
        if one.id in found.checked.states:
            for kind in ("states", "lacking", "unsaid"):
                title = say(f"ledger.checklist.{kind}", language, name=one.name)
                values = getattr(found.checked, kind)[one.id]
                shown = (
                    values.map(lambda state: say(f"ledger.checklist.{state}", language)) if kind == "states" else values
                )
                added[title] = shown
    return bureau.communities.join(pd.DataFrame(added, index=bureau.communities.index))


def _reported(found: Yearly) -> Iterator[LedgerSheet]:
    language = found.inputs.scenario.language
    yield worded_sheet("checklists", checklists.table(found.checked, language), found.audit)
    yield worded_sheet("sums", ledgersums.table(found.sums, language), found.audit)
    yield worded_sheet("grants", grants.table(found.granted, language), found.audit)


def _since(found: Yearly) -> Iterator[LedgerSheet]:
    """Return what changed since last year: the causes of every figure, and every community that is another."""
    if found.changes is None:
        return
    language, names = found.inputs.scenario.language, named(found.audit)
    rows = found.changes.figures
    rows = rows[rows["level"] != "town"]
    words = {LAST: "ledger.cause.last", CHANGE: "ledger.cause.change", NOW: "ledger.cause.now"}
    causes = pd.DataFrame(
        {
            "scope": [scope_title(scope, language) for scope in rows["scope"]],
            "standard": [
                standard_title(one, names) if one in ("", *names.standards) else one for one in rows["standard"]
            ],
            "cause_of": [say(words.get(one, f"changes.cause.{one}"), language) for one in rows["cause"]],
            **{name: rows[name].to_numpy() for name in ("assessable", "met", "unassessable", "people", "covered")},
            "rate_points": [None if pd.isna(one) else points_text(int(one)) for one in rows["rate_tenths"]],
            "share_points": [None if pd.isna(one) else points_text(int(one)) for one in rows["share_tenths"]],
        }
    ).astype(object)
    yield plain_sheet("causes", causes.where(causes.notna(), None), found.audit)
    table = changetables.changes_table(found.changes, language)
    turned = table[(table["state_before"] != table["state"]) | (table["told"] != "")]
    columns = ["unit_id", "old_codes", "name", "district", "town", "last_verdict", "verdict", "cause"]
    states: dict[str, Any] = {
        "last_verdict": [changetables.states_in_words(one, language) for one in turned["state_before"]],
        "verdict": [changetables.states_in_words(one, language) for one in turned["state"]],
        "cause": turned["told"],
    }
    yield plain_sheet("changes", turned.assign(**states)[columns].reset_index(drop=True), found.audit)


def _ahead(found: Yearly) -> Iterator[LedgerSheet]:
    """Return the figures of the years, and how far each milestone is."""
    language, names = found.inputs.scenario.language, named(found.audit)
    yield plain_sheet("counts", shown(found.counts).drop(columns=["scope"]), found.audit)
    years = pd.DataFrame(found.trend, dtype=object)
    if len(years):
        titles = [standard_title(one, names) if one in ("", *names.standards) else one for one in years["standard"]]
        table = years.assign(standard=titles)[
            ["data_date", "standard", "assessable", "met", "unassessable", "people", "covered"]
        ]
        yield plain_sheet("trend", table, found.audit)
    goals = pd.DataFrame(found.goals, dtype=object)
    if len(goals):
        table = goals.assign(
            scope=[scope_title(one, language) for one in goals["scope"]],
            of=[say(f"ledger.of.{one}", language) for one in goals["of"]],
        )
        columns = ["goal", "scope", "of", "year", "target", "whole", "needed", "reached", "short"]
        yield plain_sheet("milestones", table.rename(columns={"share": "target"})[columns], found.audit)
    beyond = [
        {
            "standard": standard_title(one["standard"], names),
            **{key: unit[key] for key in ("unit_id", "name", "district", "town", "people")},
        }
        for one in found.missing["beyond"]
        for unit in one["communities"]
    ]
    yield plain_sheet("beyond", pd.DataFrame(beyond, dtype=object), found.audit)


def _policy(found: Yearly) -> Iterator[LedgerSheet]:
    """Return the clauses quoted, and the values that their text leaves open."""
    scenario = found.inputs.scenario
    policy = policy_record(scenario, found.inputs.loaded.merged)
    yield plain_sheet("clauses", clausesheets.clauses(policy, scenario.language), found.audit)
    yield plain_sheet("values", clausesheets.values(policy, scenario.language), found.audit)


def _duties(found: Yearly) -> Iterator[LedgerSheet]:
    if found.duties is not None:
        yield worded_sheet("duties", duties.table(found.duties, found.inputs.scenario.language), found.audit)
