"""All sheets of the ledger in their order: reach, what the bureau reports, last year, milestones, areas of work."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner import changetables, checklists, clausesheets, duties, figurekeys, grants, ledgersums
from planner.auditsheets import (
    communities_sheet,
    figure_sheets,
    left_out_sheet,
    outlets_sheet,
    plain_sheet,
    rollup_sheet,
    worded_sheet,
)
from planner.changes import CHANGE, LAST, NOW
from planner.countstands import count_titles, records, shown
from planner.rollups import PEOPLE, levels_shown, scope_title, share, standard_title
from planner.trend import goal_titles
from planner.words import say
from planner.yearly import added_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from planner.changes import Changes
    from planner.communityledger import Named
    from planner.forms import Figure
    from planner.ledgersheets import LedgerSheet
    from planner.yearly import Yearly


def sheets(found: Yearly, figures: Mapping[str, Figure]) -> list[LedgerSheet]:
    """Return every table that has rows, in the order of the workbook; `figures` are those of `figurekeys.keyed`."""
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
        plain_sheet("keys", figurekeys.key_table(figures), found.audit),
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
    language, place = found.inputs.scenario.language, found.audit.names.place
    yield worded_sheet("checklists", checklists.table(found.checked, language, place), found.audit)
    yield worded_sheet("list_targets", clausesheets.targets(found.lists, language), found.audit)
    yield worded_sheet("sums", ledgersums.table(found.sums, language, place), found.audit)
    yield worded_sheet("grants", grants.table(found.granted, language, place), found.audit)


def _since(found: Yearly) -> Iterator[LedgerSheet]:
    """Return what changed since last year: the causes of every figure, and every community that is another."""
    if found.changes is None:
        return
    language = found.inputs.scenario.language
    table = changetables.changes_table(found.changes, language)
    turned = table[(table["state_before"] != table["state"]) | (table["told"] != "")]
    columns = ["unit_id", "old_codes", "name", "district", "town", "last_verdict", "verdict", "cause"]
    states: dict[str, Any] = {
        "name": _unit_names(turned["unit_id"], turned["name"], found),
        "last_verdict": [changetables.states_in_words(one, language) for one in turned["state_before"]],
        "verdict": [changetables.states_in_words(one, language) for one in turned["state"]],
        "cause": turned["told"],
    }
    yield plain_sheet("changes", turned.assign(**states)[columns].reset_index(drop=True), found.audit)
    yield plain_sheet("causes", _causes(found.changes, found.audit.names), found.audit)


def _causes(changes: Changes, names: Named) -> pd.DataFrame:
    """Return the figures of both years as they were printed, and between them what each cause added to them."""
    language = names.language
    rows = changes.figures
    rows = rows[rows["level"].isin(levels_shown(names))]
    words = {LAST: "ledger.cause.last", CHANGE: "ledger.cause.change", NOW: "ledger.cause.now"}
    years = rows["cause"].isin([LAST, NOW])
    shares: dict[str, list[Any]] = {}
    for name in ("rate", "share"):
        cells = rows[f"{name}_tenths"]
        told = [None if pd.isna(one) else int(one) for one in cells]
        shares[name] = [Fraction(one, 1000) if year and one is not None else None
                        for one, year in zip(told, years, strict=True)]  # fmt: skip
        shares[f"{name}_change"] = [None if year or one is None else one / 10
                                    for one, year in zip(told, years, strict=True)]  # fmt: skip
    counts = ("assessable", "met", "unassessable", *PEOPLE)
    table = pd.DataFrame(
        {
            "scope": [scope_title(scope, language, names.place) for scope in rows["scope"]],
            "standard": [_standard(one, names) for one in rows["standard"]],
            "cause_of": [say(words.get(one, f"changes.cause.{one}"), language) for one in rows["cause"]],
            **{name: rows[name].to_numpy() for name in counts},
            **{name: pd.Series(cells, dtype=object, index=range(len(rows))) for name, cells in shares.items()},
        }
    ).astype(object)
    return table.where(table.notna(), None)


def _standard(standard: str, names: Named) -> str:
    """Return what a standard is called; one of a year before, which is no more, by its id."""
    return standard_title(standard, names) if standard in ("", *names.standards) else standard


def _unit_names(units: Iterable[str], names: Iterable[str], found: Yearly) -> list[str]:
    """Call communities as their ledger does; those that are no more by the names that they had."""
    known = found.audit.units["name"]
    return [str(known.get(unit, name)) for unit, name in zip(units, names, strict=True)]


def _ahead(found: Yearly) -> Iterator[LedgerSheet]:
    """Return the figures of the years, and how far each milestone is."""
    language, names = found.inputs.scenario.language, found.audit.names
    yield plain_sheet("counts", _counts(found, names), found.audit)
    yield plain_sheet("trend", _trend(found, names), found.audit)
    titles = goal_titles([{**one, "scope": ""} for one in found.goals], names.standards, language)
    goals = [
        {
            "goal_name": titles[one["goal"], ""],
            "scope": scope_title(one["scope"], language, names.place),
            "of": say(f"ledger.of.{one['of']}", language),
            "target": Fraction(one["share"]),
            **{key: one[key] for key in ("year", "whole", "needed", "reached", "short", "goal")},
        }
        for one in found.goals
    ]
    columns = ["goal_name", "scope", "of", "year", "target", "whole", "needed", "reached", "short", "goal"]
    yield plain_sheet("milestones", pd.DataFrame(goals, columns=columns, dtype=object), found.audit)
    beyond = [
        {
            "standard": standard_title(one["standard"], names),
            "unit_id": unit["unit_id"],
            "name": _unit_names([unit["unit_id"]], [unit["name"]], found)[0],
            **{key: unit[key] for key in ("district", "town", "people")},
        }
        for one in found.missing["beyond"]
        for unit in one["communities"]
    ]
    yield plain_sheet("beyond", pd.DataFrame(beyond, dtype=object), found.audit)


def _counts(found: Yearly, names: Named) -> pd.DataFrame:
    """Return how counts stand, each by what it counts, and its places in words."""
    rows, language = shown(found.counts), names.language
    titles = count_titles(records(found.counts), language)
    each = [say(f"ledger.each.{one}", language) for one in rows["each"]]
    table = rows.assign(count_name=[titles[one] for one in rows["count"]], each=each)
    first = ["count_name", "clause", "each", "scope_name", "min", "max", "today", "plan", "short", "count"]
    return pd.DataFrame(table[first])


def _trend(found: Yearly, names: Named) -> pd.DataFrame:
    """Return the figures of the whole by year, last year's ledger among them, and the targets of the years ahead."""
    language = names.language
    before: list[Mapping[str, Any]] = [
        {"when": say("ledger.cause.last", language), **{str(key): cell for key, cell in row.items()}}
        for row in (found.changes.figures.to_dict("records") if found.changes and not found.changes.last else ())
        if row["level"] == "city" and row["cause"] == LAST
    ]
    unjudged = _unjudged(found)
    rows = [
        {
            **{key: one[key] for key in ("when", "assessable", "met", "unassessable", "people", "covered")},
            "standard": _standard(one["standard"], names),
            "unjudged": unjudged.get((one["when"], one["standard"])),
            "rate": share(one["met"], one["assessable"]),
            "share": share(one["covered"], one["people"]),
        }
        for one in [*before, *({"when": one["data_date"], **one} for one in found.trend)]
    ]
    whole = [one for one in found.goals if not one["scope"]]
    titles = goal_titles(whole, names.standards, language)
    rows += [
        {"when": str(one["year"]), "standard": titles[one["goal"], ""], "target": Fraction(one["share"])}
        for one in sorted(whole, key=lambda one: int(one["year"]))
    ]
    columns = ["when", "standard", "assessable", "met", "unassessable", "rate", *PEOPLE, "share", "target"]
    table = pd.DataFrame(rows, columns=columns, dtype=object)
    return table.where(table.notna(), None)


def _unjudged(found: Yearly) -> dict[tuple[str, str], int]:
    """People who cannot be judged, by date and standard: of this year and the last, no record tells of those before."""
    figures, last = found.audit.figures, found.changes.last if found.changes else {}
    years = [
        (found.inputs.scenario.data_date.isoformat(), figures[figures["level"] == "city"].to_dict("records")),
        (str(last.get("data_date", "")), last.get("figures", ())),
    ]
    return {
        (date, str(row["standard"])): int(row["unjudged"])
        for date, rows in years
        for row in rows
        if not row["variant"] and not row["group"]
    }


def _policy(found: Yearly) -> Iterator[LedgerSheet]:
    """Return the clauses quoted, and the values that their text leaves open."""
    language = found.inputs.scenario.language
    yield plain_sheet("clauses", clausesheets.clauses(found.policy, language), found.audit)
    yield plain_sheet("values", clausesheets.values(found.policy, language), found.audit)


def _duties(found: Yearly) -> Iterator[LedgerSheet]:
    if found.duties is not None:
        yield worded_sheet("duties", duties.table(found.duties, found.inputs.scenario.language), found.audit)
