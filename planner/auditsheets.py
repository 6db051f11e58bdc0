"""The sheets of the ledger: what the audit found, as tables with headers, 口径 and meanings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner.auditstudy import CLOCKS
from planner.columns import GROUP_PREFIX
from planner.communityledger import community_ledger
from planner.ledgersheets import LedgerSheet
from planner.outletledger import nearest_people, outlet_ledger
from planner.rollups import beside, by_group, rollup, scope_title
from planner.tallies import LEVELS, scope_names
from planner.words import say, sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from fractions import Fraction

    import pandas as pd

    from planner.auditstudy import Audit
    from planner.terms import Language

LEFT_OUT = (
    "district", "town", "name", "unit_id", "setting", "all_people", "nearest", "metres", "straight_m", "minutes",
    "verdict", "near_limit", "reason", "left_why", "measure",
)  # fmt: skip
"""Columns of the table of communities left out (表3)."""

TO_FILL_IN = ("责任单位", "时限")
"""Its last columns, which the bureau fills in: always there, blank where it has said nothing."""


def without_outlet(audit: Audit, level: str) -> dict[str, int | None]:
    """How many communities with people have no outlet of their own, by scope; None where that is not known of all."""
    units = audit.units[audit.units["people"] > 0]
    own = audit.outlets.reindex(units.index)
    found: dict[str, int | None] = {}
    for one in ("city", level):
        names = scope_names(units, one)
        for scope, part in own.groupby(names.to_numpy()):
            if scope or one == "city":
                found[str(scope)] = None if part.isna().any() else int((part == 0).sum())
    return found


def communities_sheet(audit: Audit, bureau: pd.DataFrame, added: pd.DataFrame) -> LedgerSheet:
    """Return the ledger of communities (社区台账)."""
    names = audit.names
    frame, titles = community_ledger(
        audit.units,
        audit.standings,
        audit.variants,
        audit.outlets,
        bureau,
        added,
        names,
        audit.inputs.scenario.data_date,
    )
    return _sheet("communities", frame, titles, audit)


def outlets_sheet(audit: Audit, bureau: pd.DataFrame) -> LedgerSheet:
    """Return the ledger of outlets (网点台账)."""
    scenario, studied = audit.inputs.scenario, audit.studied
    frame, titles = outlet_ledger(
        audit.inputs.sites.frame,
        studied.reach,
        studied.states["today"],
        nearest_people(audit.sights, audit.decides),
        bureau,
        {facility.type: facility.name for facility in scenario.facility},
        scenario.language,
    )
    return _sheet("outlets", frame, titles, audit)


def rollup_sheet(
    audit: Audit,
    level: str,
    checklists: Mapping[str, Mapping[str, Fraction | None]],
    checklist_names: Mapping[str, str],
    last: Mapping[str, tuple[int, int]],
) -> LedgerSheet:
    """Return how districts (表1) or towns stand."""
    names = audit.names
    frame = rollup(audit.figures, level, audit.decides, without_outlet(audit, level), checklists, last)
    if frame.empty:  # no deciding standard speaks of any community
        return _sheet(f"{level}s", frame, {}, audit)
    at_city = frame.index == len(frame) - 1
    frame.loc[at_city, "district"] = scope_title("", names.language, names.place)
    if names.place and level == "district":  # the one district, or a part of it: its own line would say it twice
        frame = frame[at_city].reset_index(drop=True)
    elif names.place and list(frame["communities"][~at_city]) == list(frame["communities"][at_city]):  # one town
        frame = frame[~at_city].reset_index(drop=True)
    titles = {}
    for column in frame.columns:
        kind, _, which = column.partition(".")
        if kind == "met" and which:
            titles[column] = say("ledger.column.met_of", names.language, standard=names.standards[which])
        elif kind == "checklist":
            titles[column] = say("ledger.column.checklist_rate", names.language, name=checklist_names[which])
        else:
            titles[column] = _title(column, names.language)
    return _sheet(f"{level}s", frame, titles, audit)


def left_out_sheet(communities: LedgerSheet, audit: Audit) -> LedgerSheet:
    """Return the communities left out, with the reason and the measure against it (表3, clause W13)."""
    language = audit.inputs.scenario.language
    whole = communities.frame
    met = say("ledger.state.met", language)
    out = whole[whole["verdict"].notna() & (whole["verdict"] != met)]
    columns = [name for name in LEFT_OUT if name in whole.columns]
    blank = {name: "" for name in TO_FILL_IN if name not in whole.columns}
    table = out.assign(**blank)[[*columns, *TO_FILL_IN]].reset_index(drop=True)
    return _sheet("left_out", table, {**communities.titles, **{name: name for name in TO_FILL_IN}}, audit)


def figure_sheets(audit: Audit) -> Iterator[LedgerSheet]:
    """Return the deciding figures with the others beside them, figures by group, and by time of day."""
    names, figures = audit.names, audit.figures
    timed = figures["variant"].isin(CLOCKS)
    layers = [one.id for one in audit.inputs.standards if one.layer != "residents"]
    people = figures[~timed & ~figures["standard"].isin(layers)]
    for key, frame in (("beside", beside(people, names)), ("groups", by_group(figures[~timed], names))):
        yield _sheet(key, frame, {column: _title(column, names.language) for column in frame.columns}, audit)
    hours = beside(_by_clock(figures[timed]), names).drop(columns=["deciding"])
    yield _sheet("hours", hours, {column: _title(column, names.language) for column in hours.columns}, audit)


def _by_clock(figures: pd.DataFrame) -> pd.DataFrame:
    """Put the times of day of each figure in their order."""
    level = figures["level"].map(LEVELS.index)
    clock = figures["variant"].map(CLOCKS.index)
    return figures.assign(at=level, clock=clock).sort_values(["at", "scope", "standard", "clock"])


def _title(column: str, language: Language) -> str:
    return say(f"ledger.column.{column}", language)


def plain_sheet(key: str, frame: pd.DataFrame, audit: Audit) -> LedgerSheet:
    """Return a table whose columns are named by the words of the ledger."""
    language = audit.inputs.scenario.language
    return _sheet(key, frame, {name: _title(name, language) for name in frame.columns}, audit)


def worded_sheet(key: str, frame: pd.DataFrame, audit: Audit) -> LedgerSheet:
    """Return a table whose columns have their headers in words already."""
    return _sheet(key, frame, {name: name for name in frame.columns}, audit)


def _sheet(key: str, frame: pd.DataFrame, titles: Mapping[str, str], audit: Audit) -> LedgerSheet:
    language = audit.inputs.scenario.language
    shown = {name: titles[name] for name in frame.columns}
    meanings = {name: meaning(name, language, given=_given(frame[name])) for name in shown}
    return LedgerSheet(key, frame, shown, counted(key, audit), meanings)


def _given(cells: pd.Series) -> bool:
    """Whether any cell of a column says something."""
    return bool((cells.notna() & (cells != "")).any())


def meaning(column: str, language: Language, *, given: bool = True) -> str:
    """Say what a column means and where it is from; a header that the program does not know is the bureau's own.

    Of one of the bureau's it is said as well where nothing is `given` in it.
    """
    kind, _, which = column.partition(".")
    for word in (f"ledger.meaning.{kind}_of" if which else "", f"ledger.meaning.{kind}"):
        if word in sentences():
            return say(word, language)
    if column.startswith(GROUP_PREFIX):
        return say("ledger.meaning.group", language)
    return say("ledger.meaning.bureau" if given else "ledger.meaning.bureau_blank", language)


def counted(key: str, audit: Audit) -> tuple[str, ...]:
    """Say how the figures of a sheet are counted (口径)."""
    scenario = audit.inputs.scenario
    language = scenario.language
    values: dict[str, Any] = {
        "date": scenario.data_date.isoformat(),
        "walk_kph": f"{float(scenario.roads.walk_kph):g}",
        "rule": f"{float(scenario.demand.community_rule) * 100:g}",
        "standards": "；".join(audit.names.standards[one] for one in audit.decides),
    }
    keys = (f"ledger.note.{key}", "ledger.note.counted")
    return tuple(say(word, language, **values) for word in keys if word in sentences())
