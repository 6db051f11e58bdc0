"""Who is covered, by whom, and what share of people and communities that makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planner.columns import GROUP_PREFIX
from planner.errors import Fault, PlanError
from planner.geodesy import to_mm
from planner.standards import Goal, Standard, need, scopes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from decimal import Decimal

    from numpy.typing import NDArray

COLUMNS = [
    "demand_id", "standard", "state", "year", "covered", "facilities", "site_id", "metres", "seconds", "straight_m",
    "straight_site_id", "reason",
]  # fmt: skip

CHECKED = "checked"
"""Reason of a row that a field check speaks of."""


def applies(demand: pd.DataFrame, standard: Standard) -> NDArray[np.bool_]:
    """Mask of the demand rows that a standard speaks of: its one layer and its setting."""
    mask = demand["layer"] == standard.layer
    if standard.setting is not None:
        mask = mask & (demand["setting"] == standard.setting)
    return mask.to_numpy(dtype=bool)


def assessable(demand: pd.DataFrame) -> NDArray[np.bool_]:
    """Mask of the demand rows that have a place of their own; the others must not be judged (无法评定)."""
    return np.asarray((demand["placed"] != "town").to_numpy() & demand["geometry"].notna().to_numpy())


def measured(demand: pd.DataFrame, standard: Standard) -> NDArray[np.bool_]:
    """Mask of the demand rows that a standard measures; nothing is ever measured from a town's point."""
    return applies(demand, standard) & assessable(demand)


def communities(demand: pd.DataFrame, checked: NDArray[np.bool_]) -> pd.Series[str]:
    """Community of each demand row; none for points that were spread over an area: no place of their own is judged.

    Their people count in shares of people, as the best that is known of where people live. Points that were `checked`
    in the field (a mask) are judged wherever they stand.
    """
    return demand["unit_id"].where((demand["placed"] != "spread").to_numpy() | checked, "")


def facilities_serving(types: Iterable[str], standard: Standard) -> NDArray[np.int64]:
    """How many facilities at each site, given as their types joined by ``;``, count for a standard."""
    return np.array([sum(kind in standard.served_by for kind in t.split(";")) for t in types], dtype=np.int64)


def serves(types: Iterable[str], standard: Standard) -> NDArray[np.bool_]:
    """Mask of sites, given as their types joined by ``;``, of which a facility counts for a standard."""
    return facilities_serving(types, standard) > 0


def serving(sites: Iterable[str], open_types: Mapping[str, str], standard: Standard) -> NDArray[np.bool_]:
    """Mask of sites, given by their ids, where a facility stands open that counts for a standard."""
    return serves([open_types.get(site, "") for site in sites], standard)


def reached(travel: pd.DataFrame, standard: Standard) -> NDArray[np.bool_]:
    """Mask of the travel rows within the cutoff of a standard, compared in whole millimetres or milliseconds."""
    deciding = travel["metres"] if standard.measure == "distance" else travel["seconds"]
    return np.asarray(to_mm(deciding.to_numpy()) <= standard.limit)


@dataclass(frozen=True, eq=False)
class Nearness:
    """How near the open facilities that serve one standard are.

    Attributes
    ----------
    travel
        Travel rows of the sites of these facilities, at least up to the cutoff.
    facilities
        How many of them stand at each site, by site_id.
    near, straight
        Their nearest one for each demand point by the standard's measure, and as the crow flies.
    off_network
        demand_ids that have a place but touch no road.
    """

    travel: pd.DataFrame
    facilities: pd.Series
    near: pd.DataFrame
    straight: pd.DataFrame
    off_network: frozenset[str]


def assess(demand: pd.DataFrame, standard: Standard, nearness: Nearness, *, state: str, year: int) -> pd.DataFrame:
    """Judge every demand point that a standard speaks of.

    Parameters
    ----------
    demand
        The demand table.
    standard
        The standard.
    nearness
        Reach of the open facilities that serve it.
    state, year
        ``today`` or ``plan``, and the year it stands for.

    Returns
    -------
    coverage
        Columns of the coverage table; `facilities` are those within the cutoff, metres and seconds those of the nearest
        serving facility whether covered or not, empty where there is none.

    Raises
    ------
    PlanError
        If the travel table and the search for the nearest facility disagree on who is covered.
    """
    rows = demand.loc[applies(demand, standard), ["demand_id"]].copy()
    able = assessable(demand)[applies(demand, standard)]
    near = nearness.near.set_index("demand_id")[["site_id", "metres", "seconds"]]
    straight = nearness.straight.set_index("demand_id")[["site_id", "metres"]]
    straight.columns = pd.Index(["straight_site_id", "straight_m"])
    table = rows.join(near, on="demand_id").join(straight, on="demand_id")
    inside = nearness.travel[reached(nearness.travel, standard)]
    number = inside["site_id"].map(nearness.facilities).groupby(inside["demand_id"]).sum()
    table["facilities"] = table["demand_id"].map(number).fillna(0).astype(np.int64)
    covered = (table["facilities"] > 0).to_numpy()
    again = table["metres"].notna().to_numpy() & reached(table.fillna({"metres": -1.0, "seconds": -1.0}), standard)
    if (covered != again).any():
        ids = ", ".join(table["demand_id"][covered != again][:5])
        raise PlanError(Fault("coverage_disagrees", values={"standard": standard.id, "ids": ids}))
    table["covered"] = covered & able
    table["reason"] = _reasons(table, able, nearness)
    for name, value in (("standard", standard.id), ("state", state), ("year", year)):
        table[name] = value
    unjudged = ~able
    table.loc[unjudged, "facilities"] = 0
    table.loc[unjudged, ["metres", "seconds", "straight_m"]] = np.nan
    table.loc[unjudged, ["site_id", "straight_site_id"]] = ""
    filled = table.fillna({"site_id": "", "straight_site_id": ""})
    return filled[COLUMNS].reset_index(drop=True)


def _reasons(table: pd.DataFrame, able: NDArray[np.bool_], nearness: Nearness) -> NDArray[np.object_]:
    off = table["demand_id"].isin(nearness.off_network).to_numpy()
    nobody = nearness.straight.empty
    tests = [~able, table["covered"].to_numpy(), np.full(len(table), nobody), off, table["metres"].isna().to_numpy()]
    words = ["not_assessable", "", "no_site", "demand_off_network", "no_route"]
    return np.select(tests, words, default="beyond").astype(object)


def community_counts(
    unit_id: Sequence[str] | pd.Series, people: NDArray[np.int64], covered: NDArray[np.int64], rule: Decimal
) -> pd.DataFrame:
    """People of each community, covered ones among them, and whether it counts as covered.

    Parameters
    ----------
    unit_id, people, covered
        One entry for each demand point: its community (empty: none), its people, and how many of them are covered.
    rule
        Share of its people that must be covered.

    Returns
    -------
    communities
        Index unit_id; columns people, covered_people, covered. Communities without people are left out.
    """
    table = pd.DataFrame({"unit_id": list(unit_id), "people": people, "covered_people": covered})
    sums = table.groupby("unit_id", sort=True)[["people", "covered_people"]].sum()
    sums = sums[(sums["people"] > 0) & (sums.index != "")]
    needs = np.array([need(rule, int(whole)) for whole in sums["people"]], dtype=np.int64)
    return sums.assign(covered=sums["covered_people"].to_numpy() >= needs)


@dataclass(frozen=True)
class Tally:
    """People and communities under one standard in one state.

    Attributes
    ----------
    people, covered
        All people that the standard applies to, and those covered.
    not_assessable
        People without a place of their own, in neither figure.
    communities, communities_covered
        Communities with people, and those that count as covered.
    """

    people: int
    covered: int
    not_assessable: int
    communities: int
    communities_covered: int


def _judged(demand: pd.DataFrame, coverage: pd.DataFrame) -> pd.DataFrame:
    """Join coverage rows of one standard and state to their demand rows."""
    groups = [name for name in demand.columns if name.startswith(GROUP_PREFIX)]
    rows = demand[["demand_id", "district", "town", "people", "unit_id", "placed", *groups]]
    joined = coverage.merge(rows, on="demand_id", how="left", validate="one_to_one")
    return joined.assign(unit_id=communities(joined, (joined["reason"] == CHECKED).to_numpy()))


def tally(demand: pd.DataFrame, coverage: pd.DataFrame, rule: Decimal) -> Tally:
    """Count people and communities covered.

    Parameters
    ----------
    demand
        The demand table.
    coverage
        Coverage rows of one standard and one state.
    rule
        Share of its people that make a community count as covered.
    """
    rows = _judged(demand, coverage)
    apart = (rows["reason"] == "not_assessable").to_numpy()
    people = rows["people"].to_numpy(dtype=np.int64)
    covered = rows["covered"].to_numpy(dtype=bool)
    units = community_counts(rows["unit_id"][~apart], people[~apart], (people * covered)[~apart], rule)
    return Tally(
        people=int(people[~apart].sum()),
        covered=int(people[covered].sum()),
        not_assessable=int(people[apart].sum()),
        communities=len(units),
        communities_covered=int(units["covered"].sum()),
    )


@dataclass(frozen=True)
class GoalTally:
    """What a goal asks for in one scope, and what is reached, in people or in communities.

    Attributes
    ----------
    goal, scope
        The goal, and the name of the scope (empty for the whole city).
    whole, needed, reached
        People, or communities: all, how many the goal asks for, how many there are.
    left
        People whom the goal counts and who are not covered, by demand_id; for communities, those in communities that
        fall short. Points that hold nobody of a group that is counted are not here.
    not_assessable
        People of the scope whom it would count and who cannot be judged.
    """

    goal: Goal
    scope: str
    whole: int
    needed: int
    reached: int
    left: Mapping[str, int]
    not_assessable: int

    @property
    def met(self) -> bool:
        """Whether the goal is met; an empty scope counts as met."""
        return self.reached >= self.needed


def counted_people(
    rows: pd.DataFrame, goal: Goal, served: pd.Series | None
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """People of each row that a goal speaks of, those of them that count as covered, and whether that is the whole row.

    Parameters
    ----------
    rows
        Coverage rows joined to their demand rows.
    goal
        The goal: all people or one group, within reach of one facility or of two.
    served
        Under capacity, people served of each demand_id; None counts all within reach.
    """
    column = "people" if goal.group is None else GROUP_PREFIX + goal.group
    people = rows[column].to_numpy(dtype=np.int64)
    if served is not None:
        counted = rows["demand_id"].map(served).fillna(0).to_numpy(dtype=np.int64)
        return people, counted, counted >= people
    full = rows["facilities"].to_numpy() >= 1 + goal.backup
    return people, people * full, full


def measure_goal(
    demand: pd.DataFrame, coverage: pd.DataFrame, goal: Goal, rule: Decimal, served: pd.Series | None = None
) -> Iterator[GoalTally]:
    """Measure one goal in each of its scopes.

    Parameters
    ----------
    demand
        The demand table.
    coverage
        Coverage rows of the goal's standard in one state and year.
    goal
        The goal.
    rule
        Share of its people that make a community count as covered.
    served
        Under capacity, people served of each demand_id; None counts all within reach.

    Yields
    ------
    tally
        One for each scope, by name; a scope in which nobody can be judged is there, with a whole of 0.
    """
    rows = _judged(demand, coverage)
    able = (rows["reason"] != "not_assessable").to_numpy()
    for name, inside in scopes(rows, goal.each, goal.district, goal.town):
        apart, _, _ = counted_people(rows[inside & ~able], goal, served)
        part = rows[inside & able]
        people, counted, full = counted_people(part, goal, served)
        if goal.of == "people":
            whole, count = int(people.sum()), int(counted.sum())
        else:
            units = community_counts(part["unit_id"], people, counted, rule)
            whole, count = len(units), int(units["covered"].sum())
            full = full | part["unit_id"].isin(["", *units.index[units["covered"]]]).to_numpy()
        missing = ~full & (people > 0) if goal.group else ~full
        left = dict(zip(part["demand_id"][missing], (people - counted)[missing].tolist(), strict=True))
        yield GoalTally(goal, name, whole, need(goal.share, whole), count, left, int(apart.sum()))
