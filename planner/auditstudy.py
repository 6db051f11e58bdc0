"""Studies one scenario for the yearly audit: how every community stands, counted in every way that is printed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from planner import headcount
from planner import study as studying
from planner.candidates import MOBILE_TYPE
from planner.communityledger import facts, outlets_of
from planner.coverage import serves
from planner.hours import open_types_at
from planner.reaches import RESIDENTS, judge, travel_tables
from planner.standings import sight, standings
from planner.tallies import figures, variant_states

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    import pandas as pd

    from planner.inputs import Inputs
    from planner.schema import Scenario
    from planner.standards import Standard
    from planner.standings import Sight
    from planner.study import Study

CLOCKS = ("day", "noon", "night")
"""Times of day at which it is told who reaches an outlet that is open (clauses H9 and W7; information only)."""


@dataclass(frozen=True, eq=False)
class Audit:
    """Everything that the ledger is made from.

    Attributes
    ----------
    studied
        What a run knows: today's coverage, and the plan where goals are set.
    decides
        Ids of the deciding standards.
    sights
        What each standard sees today.
    units
        Facts of every community (`planner.communityledger.facts`).
    standings, variants, figures
        Verdicts, verdicts counted otherwise, and the figures by city, district and town.
    outlets
        Outlets of its own of every community, by unit_id.
    unknown_hours
        Outlets in operation, mobile points apart, whose hours are not known: they count at no time of day.
    """

    studied: Study
    decides: tuple[str, ...]
    sights: tuple[Sight, ...]
    units: pd.DataFrame
    standings: pd.DataFrame
    variants: pd.DataFrame
    figures: pd.DataFrame
    outlets: pd.Series
    unknown_hours: tuple[str, ...]

    @property
    def inputs(self) -> Inputs:
        """What was read."""
        return self.studied.inputs


def decides_of(scenario: Scenario, standards: Sequence[Standard]) -> tuple[str, ...]:
    """Ids of the standards that a community must meet to be 达标, as far as they speak of it.

    Those that the scenario names; else those for town or country; else all for residents.
    """
    named = scenario.audit.decides
    residents = [one for one in standards if one.layer == RESIDENTS]
    of_setting = tuple(one.id for one in residents if one.setting is not None)
    return named or of_setting or tuple(one.id for one in residents)


def study_audit(inputs: Inputs, report: Callable[[str], None]) -> Audit:
    """Measure, judge and count.

    Parameters
    ----------
    inputs
        The checked inputs.
    report
        Called with the name of each step as it begins.

    Returns
    -------
    audit
        What the ledger prints, but for the bureau's own columns and last year.
    """
    studied = studying.study(inputs, report)
    report("ledger")
    standards, scenario = inputs.standards, inputs.scenario
    decides, rule = decides_of(scenario, standards), scenario.demand.community_rule
    today = studied.coverage[studied.coverage["state"] == "today"]
    beside = _beside(studied, report)
    seen = _sights(inputs, today, beside)
    by_clock, unknown = _by_clock(studied, beside)
    units = facts(headcount.named(inputs.demand.frame), scenario.language)
    return Audit(
        studied=studied,
        decides=decides,
        sights=seen,
        units=units,
        standings=standings(seen, rule, decides),
        variants=variant_states(seen, rule, decides),
        figures=figures(seen, rule, decides, by_clock),
        outlets=outlets_of(units, inputs.sites.frame),
        unknown_hours=unknown,
    )


def _sights(inputs: Inputs, coverage: pd.DataFrame, beside: Mapping[str, pd.DataFrame]) -> tuple[Sight, ...]:
    demand = headcount.named(inputs.demand.frame)
    return tuple(sight(demand, coverage, one, beside.get(one.id)) for one in inputs.standards)


def _beside(studied: Study, report: Callable[[str], None]) -> dict[str, pd.DataFrame]:
    """Measure along the roads what is decided by the straight line; where the mode's roads were read."""
    city = studied.city
    straight = [one for one in studied.inputs.standards if one.metric == "straight" and one.mode in city.networks]
    by_road = [replace(one, metric="road") for one in straight]
    if not by_road:
        return {}
    travel = travel_tables(city, by_road, report)
    year = studied.inputs.scenario.data_date.year
    table = judge(city, by_road, travel, studied.states["today"], state="today", year=year)
    return {one.id: table[table["standard"] == one.id] for one in by_road}


def _by_clock(
    studied: Study, beside: Mapping[str, pd.DataFrame]
) -> tuple[dict[str, tuple[Sight, ...]], tuple[str, ...]]:
    """Look at the outlets that are open at each time of day, and list those whose hours are not known."""
    inputs, found, unknown = studied.inputs, {}, set[str]()
    at, hours = inputs.scenario.time, {facility.type: facility.hours for facility in inputs.scenario.facility}
    sites = inputs.sites.frame
    mobile = set(sites.loc[sites["type"] == MOBILE_TYPE, "site_id"])
    for clock, time in zip(CLOCKS, (at.day_at, at.noon_at, at.night_at), strict=True):
        types, missing = open_types_at(sites, hours, time)
        unknown |= missing - mobile
        table = studying.coverage_with(studied, types)
        seen = _sights(inputs, table, beside)
        found[clock] = tuple(one for one in seen if _is_known(studied, one.standard, types, missing))
    return found, tuple(sorted(unknown))


def _is_known(studied: Study, standard: Standard, types: Mapping[str, str], unknown: Collection[str]) -> bool:
    """Whether anything is known of a time of day: not if all outlets that serve a standard leave their hours unsaid."""
    today = studied.states["today"]
    standing = [site for site, open_ in zip(today, serves(today.values(), standard), strict=True) if open_]
    return not standing or bool(serves(types.values(), standard).any()) or not set(standing) <= set(unknown)
