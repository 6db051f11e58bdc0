"""The figures of a plan's effect: communities and people by city, district, town and group, today and with the plan.

They are counted as an audit counts (`planner.standings`, `planner.tallies`), so that a plan's document and the yearly
ledger never tell two numbers for one thing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner import headcount
from planner.communityledger import facts
from planner.figures import permille_down
from planner.sightings import along_roads, decides_of, sights_of
from planner.standings import DECIDED, people_together, standings
from planner.tallies import DECIDING, OTHER_METRIC, figures_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from planner.standings import Sight
    from planner.study import Study

TODAY, PLAN = "today", "plan"

_OTHER = {"road": "straight", "straight": "road"}
"""The metric that stands beside the one that decides."""

_COMMUNITIES = ("communities", "assessable", "met", "unmet", "unassessable")
_PEOPLE = ("people", "covered", "unjudged")


@dataclass(frozen=True, eq=False)
class Seen:
    """How the communities of a study stand today, and in the last year of its plan.

    Attributes
    ----------
    decides
        Ids of the deciding standards, as an audit has them (`planner.sightings.decides_of`).
    order
        The same in the order of the scenario.
    sights, standings, figures
        ``today`` and, where there is a plan, ``plan`` -> what each standard sees, how every community stands, and the
        figures of the roll-up with groups of people; today's also by the metric that does not decide.
    units
        Facts of every community (`planner.communityledger.facts`).
    other
        Standard, or `DECIDED` -> the metric that does not decide, where people are measured by it too.
    """

    decides: tuple[str, ...]
    order: tuple[str, ...]
    sights: Mapping[str, tuple[Sight, ...]]
    standings: Mapping[str, pd.DataFrame]
    figures: Mapping[str, pd.DataFrame]
    units: pd.DataFrame
    other: Mapping[str, str]

    @property
    def planned(self) -> bool:
        """Whether there is a plan."""
        return PLAN in self.sights


def seen(studied: Study, report: Callable[[str], None]) -> Seen:
    """Judge every community by the coverage of a study.

    Parameters
    ----------
    studied
        The study.
    report
        Called with the name of each step as it begins: standards as the crow flies are measured along the roads, too.
    """
    inputs, scenario = studied.inputs, studied.inputs.scenario
    standards, rule = inputs.standards, scenario.demand.community_rule
    decides, year = decides_of(scenario, standards), scenario.data_date.year
    demand = headcount.named(inputs.demand.frame)
    beside = along_roads(studied.city, standards, studied.states, year, report)
    sights = {state: sights_of(demand, standards, rows, beside[state]) for state, rows in _coverage(studied)}
    ways = {TODAY: (DECIDING, OTHER_METRIC), PLAN: (DECIDING,)}
    return Seen(
        decides=decides,
        order=tuple(one.id for one in standards if one.id in decides),
        sights=sights,
        standings={state: standings(here, rule, decides) for state, here in sights.items()},
        figures={state: figures_of(here, rule, decides, ways[state]) for state, here in sights.items()},
        units=facts(demand, scenario.language),
        other=dict(_other_metrics(sights[TODAY], decides, beside[TODAY].keys())),
    )


def _coverage(studied: Study) -> Iterator[tuple[str, pd.DataFrame]]:
    """Coverage of today, and of the last year of the plan where there is one; without rows where nobody is meant."""
    table = studied.coverage
    for state in studied.states:
        rows = table[(table["state"] == state).to_numpy()]
        yield state, rows[(rows["year"] == rows["year"].max()).to_numpy()]


def _other_metrics(
    sights: Sequence[Sight], decides: Sequence[str], beside: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Name the metric beside each standard; of all deciding ones together where it is one metric for all of them."""
    measured = [one.standard for one in sights if one.standard.measure == "distance"]
    known = [one for one in measured if one.metric == "road" or one.id in beside]
    yield from ((one.id, _OTHER[one.metric]) for one in known)
    metrics = {one.metric for one in measured if one.id in decides}
    if len(metrics) == 1 and all(one in known for one in measured if one.id in decides):
        yield DECIDED, _OTHER[next(iter(metrics))]


def figure_records(found: Seen) -> list[dict[str, Any]]:
    """List the figures of both states.

    Returns
    -------
    records
        level, scope, standard, state, variant, group; communities, assessable, met, unmet, unassessable, rate_tenths
        (null in rows of a group: it has no communities); people, covered, unjudged, share_tenths. Shares are tenths of
        a percent, rounded down, null where nobody can be judged. The variant, ``road`` or ``straight``, is the metric
        that does not decide: of the whole city today, for information.
    """
    return [row for state, table in found.figures.items() for row in _records(table, state, found.other)]


def _records(table: pd.DataFrame, state: str, other: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    plain = table.astype(object).where(table.notna(), None)
    for row in plain.to_dict("records"):
        variant = "" if row["variant"] == DECIDING.name else other.get(row["standard"])
        if variant is None or (variant and (row["level"] != "city" or row["group"])):
            continue
        yield {
            **{key: row[key] for key in ("level", "scope", "standard")},
            "state": state,
            "variant": variant,
            "group": row["group"],
            **{key: _whole(row[key]) for key in _COMMUNITIES},
            "rate_tenths": _tenths(row["met"], row["assessable"]),
            **{key: _whole(row[key]) for key in _PEOPLE},
            "share_tenths": _tenths(row["covered"], row["people"]),
        }


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _tenths(part: Any, whole: Any) -> int | None:
    """Share in tenths of a percent, rounded down; None where there is nobody."""
    return permille_down(int(part), int(whole)) if whole else None


def change_records(figures: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Set the printed shares of both states against each other: level, scope, standard, rate_tenths, share_tenths.

    Each is the difference of two printed shares, so that a reader who subtracts finds it; null where one is absent.

    Parameters
    ----------
    figures
        As `figure_records` returns them.
    """
    keys = ("level", "scope", "standard")
    rows = [row for row in figures if not row["variant"] and not row["group"]]
    today = {tuple(row[key] for key in keys): row for row in rows if row["state"] == TODAY}
    return [
        {
            **{key: row[key] for key in keys},
            **{one: _less(row, today[tuple(row[key] for key in keys)], one) for one in ("rate_tenths", "share_tenths")},
        }
        for row in rows
        if row["state"] == PLAN
    ]


def _less(after: Mapping[str, Any], before: Mapping[str, Any], key: str) -> int | None:
    return None if after[key] is None or before[key] is None else after[key] - before[key]


def newly_covered(found: Seen) -> int:
    """People within reach under all deciding standards that speak of them with the plan and not today, once each.

    Capacity is left aside: who is within reach is counted, not who is served.
    """
    both = [_covered(found, state) for state in (TODAY, PLAN)]
    table = both[1].join(both[0]["covered"].rename("before"))
    return int(table.loc[table["covered"] & ~table["before"], "people"].sum())


def _covered(found: Seen, state: str) -> pd.DataFrame:
    """People of each point and whether it is covered under the deciding standards: index demand_id."""
    sights = [one for one in found.sights[state] if one.standard.id in found.decides]
    if not sights:
        return pd.DataFrame({"people": pd.Series(dtype="int64"), "covered": pd.Series(dtype=bool)})
    inside = {one.standard.id: one.points["own"] <= one.standard.limit for one in sights}
    return people_together(inside, sights).set_index("demand_id")[["people", "covered"]]
