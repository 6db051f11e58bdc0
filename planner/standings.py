"""How every community stands under every standard today: 达标, 不达标 or 无法评定, and how nearly (临界).

A community meets a standard when at least the rule's share of its people that can be judged are covered. Said the other
way round: sort its points by their way to the nearest serving outlet; the point at which that share is reached is the
deciding one, and the community meets the standard exactly when that point does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pandas as pd

from planner.columns import GROUP_PREFIX
from planner.coverage import CHECKED, communities
from planner.geodesy import to_mm
from planner.reaches import RESIDENTS
from planner.standards import need

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from numpy.typing import NDArray

    from planner.standards import Standard

    Whole = NDArray[np.int64]

State = Literal["met", "unmet", "unassessable"]
"""达标, 不达标, 无法评定."""

STATES: tuple[State, ...] = get_args(State)
MET, UNMET, UNASSESSABLE = STATES

DECIDED = ""
"""The standard of a row that speaks of all deciding standards together."""

FAR = 2**62
"""Cost of a point that reaches no outlet at all; CLOSE is that of one that a field check found covered."""

CLOSE = -1

COLUMNS = [
    "unit_id", "standard", "state", "near_limit", "people", "covered", "unjudged", "demand_id", "site_id", "metres",
    "straight_m", "seconds", "reason",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Sight:
    """The points that a standard speaks of, with what they were judged by.

    Attributes
    ----------
    standard
        The standard.
    points
        Columns demand_id, unit_id (residents only), district, town, people, people_<group>, judged (bool), named (bool:
        its community is judged by it), own and other (whole millimetres, or milliseconds of a drive, to the nearest
        outlet by the standard's own metric, and by the other one; FAR and CLOSE apart), site_id, metres (along the
        roads), straight_m, seconds, reason; sorted by demand_id.
    """

    standard: Standard
    points: pd.DataFrame


def sight(
    demand: pd.DataFrame, coverage: pd.DataFrame, standard: Standard, beside: pd.DataFrame | None = None
) -> Sight:
    """Join the coverage rows of one standard to its demand points.

    Parameters
    ----------
    demand
        The demand table.
    coverage
        The coverage table of one state and year; rows of other standards are passed over.
    standard
        The standard.
    beside
        The coverage rows of the same standard along the roads, where its own metric is straight.
    """
    groups = [name for name in demand.columns if name.startswith(GROUP_PREFIX)]
    about = demand[["demand_id", "unit_id", "district", "town", "people", "placed", *groups]]
    rows = coverage[coverage["standard"] == standard.id].merge(about, on="demand_id", validate="one_to_one")
    rows = rows.sort_values("demand_id", ignore_index=True)
    checked = (rows["reason"] == CHECKED).to_numpy()
    covered = rows["covered"].to_numpy(dtype=bool)
    deciding = "metres" if standard.measure == "distance" else "seconds"
    by_road = None if beside is None else rows["demand_id"].map(beside.set_index("demand_id")["metres"])
    kept = ["demand_id", "unit_id", "district", "town", "people", *groups, "site_id", "metres", "straight_m", "seconds"]
    points = rows[[*kept, "reason"]].assign(
        metres=rows["metres"] if by_road is None else by_road,
        unit_id=rows["unit_id"] if standard.layer == RESIDENTS else "",
        judged=(rows["reason"] != "not_assessable").to_numpy(),
        named=communities(rows, checked).to_numpy() != "",
        own=_costs(rows[deciding], checked, covered),
        other=_costs(rows["straight_m"] if by_road is None else by_road, checked, covered),
    )
    return Sight(standard, points)


def _costs(values: pd.Series, checked: NDArray[np.bool_], covered: NDArray[np.bool_]) -> Whole:
    """Whole units of what decides; what a field check found goes before what was measured."""
    found = np.full(len(values), FAR, dtype=np.int64)
    known = values.notna().to_numpy()
    found[known] = to_mm(values.to_numpy()[known])
    return np.where(checked, np.where(covered, CLOSE, FAR), found).astype(np.int64)


def unit_costs(points: pd.DataFrame, costs: Whole, rule: Decimal) -> pd.DataFrame:
    """Find the deciding point of every community.

    Parameters
    ----------
    points
        Points of a `Sight`.
    costs
        What decides, one for each point.
    rule
        Share of its people that must be covered.

    Returns
    -------
    units
        Index unit_id, sorted; people (that can be judged), unjudged, cost and row (position among the points) of the
        deciding point; FAR and -1 where nobody can be judged. Communities without people are left out.
    """
    rows = points[["unit_id", "people"]].assign(cost=costs, row=np.arange(len(points)))
    sums = rows[rows["unit_id"] != ""].groupby("unit_id", sort=True)["people"].sum()
    sums = sums[sums > 0]
    able = rows[(points["judged"] & points["named"]).to_numpy() & rows["unit_id"].isin(sums.index).to_numpy()]
    able = able[able["people"] > 0].sort_values(["unit_id", "cost", "row"])
    judged = able.groupby("unit_id")["people"].transform("sum")
    needs = judged.map({whole: need(rule, int(whole)) for whole in judged.unique()}).to_numpy(dtype=np.int64)
    reached = able[able.groupby("unit_id")["people"].cumsum().to_numpy() >= needs].assign(judged=judged)
    first = reached.drop_duplicates("unit_id").set_index("unit_id").reindex(sums.index)
    people = first["judged"].fillna(0).astype(np.int64)
    return pd.DataFrame(
        {
            "people": people,
            "unjudged": sums.astype(np.int64) - people,
            "cost": first["cost"].astype("Int64").fillna(FAR).astype(np.int64),
            "row": first["row"].astype("Int64").fillna(-1).astype(np.int64),
        }
    )


def states_at(units: pd.DataFrame, limit: int) -> NDArray[np.object_]:
    """State of each community of `unit_costs` at a cutoff in whole units."""
    met = (units["cost"] <= limit).to_numpy()
    return np.where((units["people"] == 0).to_numpy(), UNASSESSABLE, np.where(met, MET, UNMET)).astype(object)


def near_limits(limit: int) -> tuple[int, int]:
    """Cutoffs just under 90 % and at 110 % of one, in whole units: what lies between them, both ends, is 临界."""
    return -(-limit * 9 // 10) - 1, limit * 11 // 10


def together(states: Sequence[pd.Series]) -> pd.Series:
    """State of every community under several standards at once, each a Series by unit_id of those it speaks of."""
    table = pd.concat(states, axis=1) if states else pd.DataFrame(index=pd.Index([], name="unit_id"))
    unmet, unknown = (table == UNMET).any(axis=1), (table == UNASSESSABLE).any(axis=1)
    found = np.select([unmet.to_numpy(), unknown.to_numpy()], [UNMET, UNASSESSABLE], default=MET)
    return pd.Series(found, index=table.index, dtype=object).sort_index()


def standings(sights: Sequence[Sight], rule: Decimal, decides: Sequence[str]) -> pd.DataFrame:
    """Judge every community under every standard, and under the deciding ones together.

    Parameters
    ----------
    sights
        What each standard sees.
    rule
        Share of its people that make a community meet a standard.
    decides
        Ids of the deciding standards.

    Returns
    -------
    standings
        Columns of `COLUMNS`: one row for each standard and community with people, sorted; standard `DECIDED` stands for
        the deciding ones together, with the place and the metres of the first that is not met, else of the first.
        people, covered and unjudged are counted once, however many standards speak of them; `covered` are people within
        reach under all of them. near_limit: the verdict would be another, were every cutoff 10 % shorter or longer.
    """
    parts = [_standing(one, rule) for one in sights]
    deciding = [part for part, one in zip(parts, sights, strict=True) if one.standard.id in decides]
    whole = _decided(deciding, [one for one in sights if one.standard.id in decides])
    columns = [part[COLUMNS] for part in (whole, *parts)]
    return pd.concat(columns, ignore_index=True).sort_values(["standard", "unit_id"], ignore_index=True)


def _standing(seen: Sight, rule: Decimal) -> pd.DataFrame:
    points, limit = seen.points, seen.standard.limit
    units = unit_costs(points, points["own"].to_numpy(), rule)
    low, high = (states_at(units, at) for at in near_limits(limit))
    inside = points["judged"] & points["named"] & (points["own"] <= limit)
    covered = points.loc[inside].groupby("unit_id")["people"].sum()
    shown = points.reindex(units["row"].to_numpy())
    about = {name: shown[name].to_numpy() for name in ("demand_id", "site_id", "metres", "straight_m", "seconds")}
    table = pd.DataFrame(
        {
            "unit_id": units.index.to_numpy(),
            "standard": seen.standard.id,
            "state": states_at(units, limit),
            "low": low,
            "high": high,
            "near_limit": low != high,
            "people": units["people"].to_numpy(),
            "covered": covered.reindex(units.index).fillna(0).astype(np.int64).to_numpy(),
            "unjudged": units["unjudged"].to_numpy(),
            **about,
            "reason": np.where(units["row"].to_numpy() < 0, "not_assessable", shown["reason"].to_numpy()),
        }
    )
    return table.fillna({"demand_id": "", "site_id": "", "reason": ""})


def _decided(parts: Sequence[pd.DataFrame], sights: Sequence[Sight]) -> pd.DataFrame:
    """Join the standings under the deciding standards into one for each community."""
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    found = {name: together([part.set_index("unit_id")[name] for part in parts]) for name in ("state", "low", "high")}
    rows = pd.concat(parts, ignore_index=True).assign(order=lambda t: t["state"] != UNMET)
    first = rows.sort_values(["unit_id", "order"], kind="stable").drop_duplicates("unit_id").set_index("unit_id")
    people = people_together({one.standard.id: (one.points["own"] <= one.standard.limit) for one in sights}, sights)
    sums = unit_people(people)
    units = found["state"].index
    return first.reindex(units).assign(
        standard=DECIDED,
        state=found["state"],
        near_limit=found["low"] != found["high"],
        **{name: sums[name].reindex(units).fillna(0).astype(np.int64) for name in ("people", "covered", "unjudged")},
    ).reset_index()  # fmt: skip


def people_together(inside: Mapping[str, NDArray[np.bool_] | pd.Series], sights: Sequence[Sight]) -> pd.DataFrame:
    """Count every point once, under several standards together.

    Parameters
    ----------
    inside
        By standard, which points of its sight are covered.
    sights
        What each of the standards sees.

    Returns
    -------
    points
        As in `Sight`, without what decides; `judged` and `named` under all standards that speak of the point, and
        `covered` under all of them.
    """
    parts = [
        one.points.drop(columns=["own", "other", "site_id", "metres", "straight_m", "seconds", "reason"]).assign(
            covered=np.asarray(inside[one.standard.id]) & one.points["judged"].to_numpy()
        )
        for one in sights
    ]
    rows = pd.concat(parts, ignore_index=True)
    flags = rows.groupby("demand_id")[["judged", "named", "covered"]].all()
    return rows.drop_duplicates("demand_id").drop(columns=list(flags)).join(flags, on="demand_id")


def unit_people(points: pd.DataFrame) -> pd.DataFrame:
    """People of each community by points of `people_together`: index unit_id; people, covered, unjudged."""
    able = points["judged"] & points["named"]
    people = points["people"]
    table = pd.DataFrame(
        {
            "people": people.where(able, 0),
            "covered": people.where(able & points["covered"], 0),
            "unjudged": people.where(~able, 0),
        }
    )
    return table[points["unit_id"] != ""].groupby(points["unit_id"]).sum()
