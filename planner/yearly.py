"""The yearly audit as a whole: reach, what the bureau reports, last year, what is still missing, and who answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner import changes, changetables, checklists, duties, grants, ledgersums, leftout, measures, straight, trend
from planner.auditstudy import study_audit
from planner.candidates import outlets
from planner.citations import policy_record
from planner.countstands import count_stands
from planner.outletledger import nearest_people

if TYPE_CHECKING:
    from collections.abc import Callable

    from geopandas import GeoDataFrame

    from planner.auditinputs import AuditInputs
    from planner.auditstudy import Audit
    from planner.bureau import Bureau
    from planner.changes import Changes
    from planner.checklists import Checked
    from planner.duties import Duties
    from planner.errors import Fault
    from planner.grants import Granted
    from planner.inputs import Inputs
    from planner.ledgersums import LedgerSum


@dataclass(frozen=True, eq=False)
class Yearly:
    """Everything that the ledger prints.

    Attributes
    ----------
    audit
        How communities stand.
    read
        What was read beside the inputs of a run.
    checked, granted, sums
        What the bureau reports: against checklists, against grants, and summed up (clauses H10, J5, W10, W13).
    counts
        How the counts of the scenario stand (`planner.countstands.count_stands`).
    measures
        Why communities are left out, and what stands against it (`planner.measures.measures`).
    changes
        What changed since last year; None where nothing of it is known.
    trend, goals, lists, missing
        Figures of the years, milestones of goals and of checklists, and what the plan still takes (`planner.trend`).
    duties
        Who is responsible for which outlet; None without officers.
    policy
        What the figures rest on (`planner.citations.policy_record`).
    """

    audit: Audit
    read: AuditInputs
    checked: Checked
    granted: Granted
    sums: tuple[LedgerSum, ...]
    counts: pd.DataFrame
    measures: pd.DataFrame
    changes: Changes | None
    trend: list[dict[str, Any]]
    goals: list[dict[str, Any]]
    lists: list[dict[str, Any]]
    missing: dict[str, Any]
    duties: Duties | None
    policy: dict[str, Any]

    @property
    def doubts(self) -> tuple[Fault, ...]:
        """What is to be looked at, beside the doubts of the inputs of a run."""
        return (*self.read.doubts, *(self.duties.doubts if self.duties else ()))

    @property
    def inputs(self) -> Inputs:
        """What a run reads."""
        return self.audit.inputs


def study_year(inputs: Inputs, read: AuditInputs, report: Callable[[str], None]) -> Yearly:
    """Measure, judge, hold what is reported against the policy, and set it all against last year.

    Parameters
    ----------
    inputs
        The checked inputs of a run.
    read
        What was read beside them.
    report
        Called with the name of each step as it begins.

    Raises
    ------
    PlannerError
        As `planner.study.study`; for officers of a town that is in several districts.
    """
    audit = study_audit(inputs, report)
    scenario, studied, reported = inputs.scenario, audit.studied, read.bureau
    since = None if read.last is None else changes.compare(read.last, audit, report)
    year = scenario.data_date.year
    checked = checklists.check(scenario.checklist, reported.units, reported.communities, year, reported.empty)
    return Yearly(
        audit=audit,
        read=read,
        checked=checked,
        granted=grants.grant(scenario.grant, reported.units, reported.communities, reported.empty),
        sums=_sums(inputs, reported),
        counts=count_stands(inputs, studied.opened, planned=studied.planned),
        measures=_measures(audit),
        changes=since,
        trend=trend.trend({} if since is None else since.last, scenario.data_date.isoformat(), audit.figures),
        goals=trend.milestones(studied),
        lists=trend.list_milestones(scenario.checklist, _reported(checked), year),
        missing=trend.still_missing(studied),
        duties=None if read.officers is None else duties.assign(outlet_loads(audit), read.officers),
        policy=policy_record(scenario, inputs.loaded.merged),
    )


def _sums(inputs: Inputs, reported: Bureau) -> tuple[LedgerSum, ...]:
    """Sum up what is reported of communities and of outlets in operation."""
    sites = outlets(inputs.sites.frame)
    standing = sites[sites["open_today"].to_numpy(dtype=bool)].set_index("site_id")[["district", "town"]]
    return (
        *ledgersums.sums("communities", reported.units, reported.communities),
        *ledgersums.sums("outlets", standing, reported.outlets.loc[standing.index]),
    )


def _measures(audit: Audit) -> pd.DataFrame:
    studied = audit.studied
    planned = studied.planned and trend.offers_any(audit.inputs)
    return measures.measures(
        audit.standings,
        audit.inputs.demand.frame,
        studied.coverage,
        audit.inputs.sites.frame,
        studied.opened,
        measures.reachable(studied.reach, audit.inputs.options) if planned else None,
        rule=audit.inputs.scenario.demand.community_rule,
        served_by={one.id: one.served_by for one in audit.inputs.standards},
    )


def _reported(checked: Checked) -> dict[str, tuple[int, int] | None]:
    """Return what is reported of the whole city for each checklist; None where it cannot be judged."""
    return {
        one.checklist: None
        if one.part is None or one.whole is None or one.blank == one.communities
        else (one.part, one.whole)
        for one in checked.figures
        if one.level == "city"
    }


def outlet_loads(audit: Audit) -> pd.DataFrame:
    """Say what every outlet in operation has to do (clauses H7, H8).

    Returns
    -------
    outlets
        Columns site_id, name, district, town, people (whose nearest outlet it is) and firms (rows of the layer of key
        firms to which it is the nearest of their own town in a straight line, of the city where their town has none;
        blank where no layer is named).
    """
    sites = outlets(audit.inputs.sites.frame)
    standing = sites[sites["open_today"].to_numpy(dtype=bool)].reset_index(drop=True)
    ids = pd.Index(standing["site_id"])
    people = nearest_people(audit.sights, audit.decides).reindex(ids, fill_value=0)
    section = audit.inputs.scenario.audit.officers
    firms = pd.Series(pd.NA, index=ids, dtype="Int64")
    if section is not None and section.firms is not None:
        demand = audit.inputs.demand.frame
        near = _firms_near(demand[(demand["layer"] == section.firms).to_numpy()], standing)
        firms = near.groupby("site_id").size().reindex(ids, fill_value=0).astype("Int64")
    table = standing[["site_id", "name", "district", "town"]]
    return pd.DataFrame(table.assign(people=people.to_numpy(), firms=firms.to_numpy()))


def _firms_near(firms: GeoDataFrame, standing: GeoDataFrame) -> pd.DataFrame:
    """Nearest outlet of each firm: columns demand_id, site_id."""
    towns = dict(iter(standing.groupby(["district", "town"])))
    parts = [pd.DataFrame(columns=["demand_id", "site_id"])]
    for town, mine in firms.groupby(["district", "town"]):
        parts.append(straight.nearest(mine, towns.get(town, standing))[["demand_id", "site_id"]])
    return pd.concat(parts, ignore_index=True)


def added_columns(found: Yearly) -> pd.DataFrame:
    """Return what the ledger of communities says beside reach: last year, why it changed, and the measure.

    Returns
    -------
    columns
        Index unit_id; last_verdict, cause, measure; blank where there is nothing to say.
    """
    units = found.audit.units.index
    table = pd.DataFrame(index=units)
    language = found.inputs.scenario.language
    if found.changes is not None:
        table = table.join(changetables.ledger_columns(found.changes, language))
    measure_rows = leftout.deciding(found.measures, found.audit.deciding)
    names = found.audit.names.outlets
    types = {facility.type: facility.name for facility in found.inputs.scenario.facility}
    words = {unit: measures.in_words(row, names, types, language) for unit, row in measure_rows.items()}
    why = pd.DataFrame.from_dict(words, orient="index", columns=["left_why", "measure"], dtype=object)
    return table.join(why.reindex(units))
