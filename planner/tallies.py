"""The figures of the audit: communities and people by city, district and town, under the deciding 口径 and beside it.

Every figure that the ledger, a form or a report prints is one cell of this table, so that each can be traced and
recomputed. What decides stands in rows without a variant; the others are for information (参考).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planner.columns import GROUP_PREFIX
from planner.standards import walk_limit_mm
from planner.standings import (
    DECIDED,
    MET,
    STATES,
    UNMET,
    near_limits,
    people_together,
    states_at,
    together,
    unit_costs,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planner.standards import Standard
    from planner.standings import Sight

LEVELS = ("city", "district", "town")
"""Levels of the roll-up above the community (clause B5)."""

SPEEDS_KPH = (Decimal("3.2"), Decimal(4), Decimal("4.8"))
"""Walking speeds that stand side by side (GB 50180-2018: 15 minutes on foot are planned as 800 to 1,000 m)."""

RULES = (Decimal("0.5"), Decimal("0.8"), Decimal(1))
"""Shares of a community's people that stand side by side."""

COLUMNS = [
    "level", "scope", "standard", "variant", "group", "communities", "assessable", "met", "unmet", "unassessable",
    "near_limit", "people", "covered", "unjudged",
]  # fmt: skip

_COUNTS = COLUMNS[5:]


@dataclass(frozen=True)
class Variant:
    """One way of counting: all but what it names is as decided.

    Attributes
    ----------
    name
        Empty for the deciding one.
    walk_kph, rule
        Another walking speed, or another share of a community's people.
    other_metric
        Whether the other metric decides: the straight line for roads, roads for the straight line.
    """

    name: str
    walk_kph: Decimal | None = None
    rule: Decimal | None = None
    other_metric: bool = False

    def speaks_of(self, standard: Standard) -> bool:
        """Whether it makes a difference to how a standard is counted."""
        if self.walk_kph is not None:
            return standard.minutes is not None and standard.measure == "distance"
        return not self.other_metric or standard.measure == "distance"

    def limit(self, standard: Standard) -> int:
        """Cutoff of a standard in whole units."""
        if self.walk_kph is None or standard.minutes is None or standard.measure != "distance":
            return standard.limit
        return walk_limit_mm(standard.minutes * 60, self.walk_kph)


DECIDING = Variant("")
OTHER_METRIC = Variant("other-metric", other_metric=True)


def variants() -> tuple[Variant, ...]:
    """Ways of counting that stand beside the deciding one: the other metric, three speeds, three rules."""
    speeds = (Variant(f"kph-{kph}", walk_kph=kph) for kph in SPEEDS_KPH)
    rules = (Variant(f"rule-{rule}", rule=rule) for rule in RULES)
    return (OTHER_METRIC, *speeds, *rules)


@dataclass(frozen=True, eq=False)
class Tallied:
    """What `tallied` counts.

    Attributes
    ----------
    figures
        The figures of the roll-up.
    variants
        State of every community under the deciding standards together, one column for each variant, index unit_id.
    """

    figures: pd.DataFrame
    variants: pd.DataFrame


def tallied(
    sights: Sequence[Sight], rule: Decimal, decides: Sequence[str], by_clock: Mapping[str, Sequence[Sight]]
) -> Tallied:
    """Count communities and people at every level of the roll-up.

    Parameters
    ----------
    sights
        What each standard sees today.
    rule
        Share of its people that make a community meet a standard.
    decides
        Ids of the deciding standards.
    by_clock
        ``day``, ``noon``, ``night`` -> what each standard sees of the outlets that are open then (clauses H9, W7):
        information. A standard that is not there is not counted then.

    Returns
    -------
    tallied
        `Tallied.figures` has the columns `COLUMNS`, whole numbers; level ``city``, ``district`` or ``town``, scope
        empty, the district, or ``district/town``; standard `DECIDED` for the deciding ones together; rows of a group
        count people alone, their communities are blank. assessable = met + unmet; communities = assessable +
        unassessable. A community stands in the district and town of its first point, people in their own. People count
        once.
    """
    parts, states = list[_Part](), {}
    for variant in (DECIDING, *variants()):
        judged = _judged(variant, sights, rule)
        whole = _together(variant, judged, decides)
        parts += _under(variant, judged, whole)
        if whole is not None and variant is not DECIDING:
            states[variant.name] = whole.units["state"]
    for clock, seen in by_clock.items():
        parts += _deciding_parts(seen, rule, decides, name=clock)
    return Tallied(_rolled_up(parts, _homes(sights)), pd.DataFrame(states))


def figures_of(sights: Sequence[Sight], rule: Decimal, decides: Sequence[str], ways: Sequence[Variant]) -> pd.DataFrame:
    """Count as `tallied` does, but in these ways alone; groups of people in the deciding one."""
    parts = list[_Part]()
    for way in ways:
        judged = _judged(way, sights, rule)
        parts += _under(way, judged, _together(way, judged, decides))
    return _rolled_up(parts, _homes(sights))


def deciding_figures(sights: Sequence[Sight], rule: Decimal, decides: Sequence[str]) -> pd.DataFrame:
    """Count as `tallied` does, but the deciding way alone, and all people together."""
    table = _rolled_up(list(_deciding_parts(sights, rule, decides)), _homes(sights))
    return table[table["group"] == ""].reset_index(drop=True)


def _deciding_parts(sights: Sequence[Sight], rule: Decimal, decides: Sequence[str], name: str = "") -> Iterator[_Part]:
    variant = Variant(name)
    judged = _judged(variant, sights, rule)
    return _under(variant, judged, _together(variant, judged, decides))


def _homes(sights: Sequence[Sight]) -> pd.DataFrame:
    """District and town of every community, those of its first point that names a district: index unit_id."""
    rows = [one.points[["demand_id", "unit_id", "district", "town"]] for one in sights]
    if not rows:
        return pd.DataFrame(columns=["district", "town"])
    points = pd.concat(rows, ignore_index=True)
    points = points.assign(blank=points["district"] == "").sort_values(["blank", "demand_id"], kind="stable")
    return points.drop_duplicates("unit_id").set_index("unit_id")[["district", "town"]]


@dataclass(frozen=True, eq=False)
class _Judged:
    """One standard, or all deciding ones together, under a variant.

    Attributes
    ----------
    name
        Id of the standard, or `DECIDED`.
    sights
        What is seen: of one standard, or of each deciding one.
    units
        Communities: index unit_id; state, low, high.
    inside
        By standard, which points of its sight are inside.
    """

    name: str
    sights: Sequence[Sight]
    units: pd.DataFrame
    inside: Mapping[str, pd.Series]


def _judged(variant: Variant, sights: Sequence[Sight], rule: Decimal) -> list[_Judged]:
    return [_judged_one(variant, one, rule) for one in sights]


def _judged_one(variant: Variant, seen: Sight, rule: Decimal) -> _Judged:
    other = variant.other_metric and variant.speaks_of(seen.standard)
    costs = seen.points["other" if other else "own"]
    limit = variant.limit(seen.standard)
    units = unit_costs(seen.points, costs.to_numpy(), variant.rule or rule)
    low, high = near_limits(limit)
    states = {key: states_at(units, at) for key, at in (("state", limit), ("low", low), ("high", high))}
    name = seen.standard.id
    return _Judged(name, [seen], pd.DataFrame(states, index=units.index), {name: costs <= limit})


def _together(variant: Variant, judged: Sequence[_Judged], decides: Sequence[str]) -> _Judged | None:
    """Join the deciding standards into one; None where one of them is not counted, or the variant changes none."""
    parts = [one for one in judged if one.name in decides]
    sights = [seen for one in parts for seen in one.sights]
    if {one.name for one in parts} != set(decides) or not any(variant.speaks_of(seen.standard) for seen in sights):
        return None
    units = pd.DataFrame({key: together([one.units[key] for one in parts]) for key in ("state", "low", "high")})
    return _Judged(DECIDED, sights, units, {key: mask for one in parts for key, mask in one.inside.items()})


@dataclass(frozen=True, eq=False)
class _Part:
    """Communities and points as one standard, or all deciding ones together, sees them under a variant.

    Attributes
    ----------
    standard, variant
        Id of the standard, or `DECIDED`; name of the variant.
    units
        Communities: index unit_id; state, low, high.
    points
        As `people_together` returns them.
    """

    standard: str
    variant: str
    units: pd.DataFrame
    points: pd.DataFrame


def _under(variant: Variant, judged: Sequence[_Judged], whole: _Judged | None) -> Iterator[_Part]:
    """Look at each standard that a variant speaks of, and at the deciding ones together."""
    spoken = [one for one in judged if variant.speaks_of(one.sights[0].standard)]
    for one in [*spoken, *([whole] if whole else [])]:
        yield _Part(one.name, variant.name, one.units, people_together(one.inside, one.sights))


def _rolled_up(parts: Sequence[_Part], homes: pd.DataFrame) -> pd.DataFrame:
    """Sum up communities and people at every level, groups of people in the deciding way, and sort them."""
    sums = [pd.DataFrame(columns=COLUMNS)]
    if parts:
        units = pd.concat([_flags(one) for one in parts]).join(homes)
        points = pd.concat([one.points.assign(**_mark(one)) for one in parts], ignore_index=True)
        deciding = points[(points["variant"] == DECIDING.name).to_numpy()]
        groups = [name for name in points.columns if name.startswith(GROUP_PREFIX)]
        for level in LEVELS:
            people = _sums(_people(points, "people"), level)
            sums.append(_labelled(_sums(units, level).join(people, how="outer").fillna(0), level, ""))
            for column in groups:
                group = column.removeprefix(GROUP_PREFIX)
                sums.append(_labelled(_sums(_people(deciding, column), level), level, group))
    table = pd.concat(sums, ignore_index=True)
    table[_COUNTS] = table[_COUNTS].astype("Int64")
    order = table["level"].map(LEVELS.index)
    keys = ["order", "scope", "standard", "variant", "group"]
    return table.assign(order=order).sort_values(keys, kind="stable", ignore_index=True)[COLUMNS]


def _mark(part: _Part) -> dict[str, str]:
    return {"standard": part.standard, "variant": part.variant}


def _flags(part: _Part) -> pd.DataFrame:
    """Return what is counted of each community: index unit_id."""
    units = part.units
    states = pd.DataFrame({state: (units["state"] == state).astype(np.int64) for state in STATES}, index=units.index)
    return states.assign(
        communities=np.ones(len(units), dtype=np.int64),
        assessable=states[MET] + states[UNMET],
        near_limit=(units["low"] != units["high"]).astype(np.int64),
        **_mark(part),
    )


def _people(points: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return whom each point counts, of everybody or of one group."""
    inside, people = points["judged"].to_numpy(), points[column].astype(np.int64)
    covered = people.where(inside & points["covered"].to_numpy(), 0)
    counted = {"people": people.where(inside, 0), "covered": covered, "unjudged": people.where(~inside, 0)}
    return points[["standard", "variant", "district", "town"]].assign(**counted)


def _labelled(sums: pd.DataFrame, level: str, group: str) -> pd.DataFrame:
    return sums.reset_index().assign(level=level, group=group)


def scope_names(table: pd.DataFrame, level: str) -> pd.Series:
    """Scope of each row of a table with columns district and town; empty where the row names none."""
    if level == "city":
        return pd.Series("", index=table.index, dtype=object)
    if level == "district":
        return table["district"]
    # a stroke in a name must not make one town of two
    parts = [table[name].astype(object).str.replace("/", "／") for name in ("district", "town")]
    joined = (parts[0] + "/" + parts[1]).str.removeprefix("/")
    return joined.where(table["town"] != "", "")


def _sums(table: pd.DataFrame, level: str) -> pd.DataFrame:
    """Sum up by standard, variant and scope; rows that name no district (or town) are in no scope of that level."""
    keys = table[["standard", "variant"]].assign(scope=scope_names(table, level))
    sums = table.drop(columns=["standard", "variant", "district", "town"]).groupby([keys[name] for name in keys]).sum()
    return sums if level == "city" else sums[sums.index.get_level_values("scope") != ""]
