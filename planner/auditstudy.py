"""Studies one scenario for the yearly audit: how every community stands, counted in every way that is printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from planner import headcount
from planner import study as studying
from planner.candidates import MOBILE_TYPE, outlets
from planner.communityledger import Named, facts, outlets_of
from planner.coverage import serves
from planner.hours import open_types_at
from planner.rollups import place_name
from planner.sightings import along_roads, decides_of, sights_of
from planner.standards import in_words
from planner.standings import standings
from planner.tallies import tallied

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    import pandas as pd

    from planner.inputs import Inputs
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
    names
        What ids are called in the language of the scenario.
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
    names: Named
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

    @property
    def deciding(self) -> tuple[str, ...]:
        """Ids of the deciding standards in the order of the scenario, which `decides` may give otherwise."""
        return tuple(one.standard.id for one in self.sights if one.standard.id in self.decides)


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
    stands = {"today": studied.states["today"]}
    beside = along_roads(studied.city, standards, stands, scenario.data_date.year, report)["today"]
    demand = headcount.named(inputs.demand.frame)
    seen = sights_of(demand, standards, today, beside)
    by_clock, unknown = _by_clock(studied, demand, beside)
    units = facts(demand, scenario.language)
    counted = tallied(seen, rule, decides, by_clock)
    return Audit(
        studied=studied,
        decides=decides,
        sights=seen,
        names=_names(inputs, units),
        units=units,
        standings=standings(seen, rule, decides),
        variants=counted.variants,
        figures=counted.figures,
        outlets=outlets_of(units, inputs.sites.frame),
        unknown_hours=unknown,
    )


def _names(inputs: Inputs, units: pd.DataFrame) -> Named:
    scenario, sites = inputs.scenario, inputs.sites.frame
    words = in_words(inputs.standards)
    return Named(
        outlets=dict(zip(sites["site_id"], sites["name"], strict=True)),
        standards={key: name[scenario.language] for key, name in words.items()},
        groups={group.id: group.name for group in scenario.group},
        language=scenario.language,
        place=place_name(units),
    )


def _by_clock(
    studied: Study, demand: pd.DataFrame, beside: Mapping[str, pd.DataFrame]
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
        seen = sights_of(demand, inputs.standards, table, beside)
        found[clock] = tuple(one for one in seen if _is_known(studied, one.standard, types, missing))
    return found, tuple(sorted(unknown))


def _is_known(studied: Study, standard: Standard, types: Mapping[str, str], unknown: Collection[str]) -> bool:
    """Whether anything is known of a time of day: not if all outlets that serve a standard leave their hours unsaid."""
    today = studied.states["today"]
    standing = [site for site, open_ in zip(today, serves(today.values(), standard), strict=True) if open_]
    return not standing or bool(serves(types.values(), standard).any()) or not set(standing) <= set(unknown)


def outlet_counts(audit: Audit) -> dict[str, int | None]:
    """Count the outlets that stand and those in operation, and the communities with people that have none of their own.

    Mobile points are counted apart; a number is None where it is not known of all.
    """
    sites = outlets(audit.inputs.sites.frame)
    own = audit.outlets[audit.units["people"] > 0]
    return {
        "standing": int((sites["status"] == "existing").sum()),
        "in_operation": int(sites["open_today"].sum()),
        "communities_without": None if own.isna().any() else int((own == 0).sum()),
    }
