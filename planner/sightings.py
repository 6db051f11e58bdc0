"""What each standard sees of a city, today or with a plan, and which standards decide whether a community is 达标."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from planner.reaches import RESIDENTS, judge, travel_tables
from planner.standings import sight

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from planner.reaches import City
    from planner.schema import Scenario
    from planner.standards import Standard
    from planner.standings import Sight


def decides_of(scenario: Scenario, standards: Sequence[Standard]) -> tuple[str, ...]:
    """Ids of the standards that a community must meet to be 达标, as far as they speak of it.

    Those that the scenario names; else those for town or country; else all for residents.
    """
    named = scenario.audit.decides
    residents = [one for one in standards if one.layer == RESIDENTS]
    of_setting = tuple(one.id for one in residents if one.setting is not None)
    return named or of_setting or tuple(one.id for one in residents)


def along_roads(
    city: City,
    standards: Sequence[Standard],
    states: Mapping[str, Mapping[str, str]],
    year: int,
    report: Callable[[str], None],
) -> dict[str, dict[str, pd.DataFrame]]:
    """Measure along the roads what is decided by the straight line; where the mode's roads were read.

    Returns the coverage rows by state and standard; `states` says what stands in each (site_id -> types, joined by
    ``;``).
    """
    straight = [one for one in standards if one.metric == "straight" and one.mode in city.networks]
    by_road = [replace(one, metric="road") for one in straight]
    if not by_road:
        return {state: {} for state in states}
    travel = travel_tables(city, by_road, report)
    found = {}
    for state, open_types in states.items():
        table = judge(city, by_road, travel, open_types, state=state, year=year)
        found[state] = {one.id: table[table["standard"] == one.id] for one in by_road}
    return found


def sights_of(
    demand: pd.DataFrame, standards: Sequence[Standard], coverage: pd.DataFrame, beside: Mapping[str, pd.DataFrame]
) -> tuple[Sight, ...]:
    """See what every standard sees: `coverage` of one state and year, and beside it what `along_roads` measured."""
    return tuple(sight(demand, coverage, one, beside.get(one.id)) for one in standards)
