"""The ledger of communities: one row for each, with the verdict, what it rests on, and the bureau's own columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planner.candidates import MOBILE_TYPE
from planner.columns import GROUP_PREFIX
from planner.reaches import RESIDENTS
from planner.standings import DECIDED
from planner.words import listed, say

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from planner.terms import Language

BASIS = ("管理区", "原代码", "城乡分类代码", "人口口径", "劳动年龄人口")
"""Columns of the bureau that stand among the facts of a community; all others stand after the verdict."""


@dataclass(frozen=True, eq=False)
class Named:
    """What ids are called: outlets by site_id, standards by id, groups by id."""

    outlets: Mapping[str, str]
    standards: Mapping[str, str]
    groups: Mapping[str, str]
    language: Language


def facts(demand: pd.DataFrame, language: Language) -> pd.DataFrame:
    """Say what the demand table knows of every community.

    Parameters
    ----------
    demand
        The demand table; only residents count.
    language
        Language of settings and of how points were placed.

    Returns
    -------
    communities
        Index unit_id, sorted; name (of its points: the one that all have, else the first and how many), district, town
        (of its first point), setting, placed, points, people and people_<group>. Communities without people are there
        as well.
    """
    rows = demand[(demand["layer"] == RESIDENTS).to_numpy() & (demand["unit_id"] != "").to_numpy()]
    rows = rows.sort_values("demand_id", kind="stable")
    sums = [name for name in rows.columns if name == "people" or name.startswith(GROUP_PREFIX)]
    by_unit = rows.groupby("unit_id", sort=True)
    first = by_unit[["district", "town"]].first()
    named = by_unit["name"].agg(["first", "nunique", "size"])
    several = [say("ledger.several", language, name=row[0], count=row[2]) for row in named.itertuples(index=False)]
    return first.assign(
        name=np.where(named["nunique"] > 1, several, named["first"]),
        setting=by_unit["setting"].agg(lambda part: _worded(part, "ledger.setting", language)),
        placed=by_unit["placed"].agg(lambda part: _worded(part, "ledger.placed", language)),
        points=named["size"],
        **by_unit[sums].sum().astype("int64"),
    )


def _worded(values: Iterable[str], key: str, language: Language) -> str:
    return listed([say(f"{key}.{value}", language) for value in sorted(set(values))], language)


def outlets_of(units: pd.DataFrame, sites: pd.DataFrame) -> pd.Series:
    """How many outlets in operation every community has of its own (有网点, clauses H2 and W11), whomever they reach.

    Parameters
    ----------
    units
        Index unit_id; district and town.
    sites
        The sites table with unit_id and open_today; a mobile point is no outlet of a community.

    Returns
    -------
    outlets
        By unit_id; blank where none names the community and an outlet of its town (of its district, of the city, where
        the outlet does not say) names no community: that one may be its own.
    """
    standing = sites[sites["open_today"].to_numpy(dtype=bool) & (sites["type"] != MOBILE_TYPE).to_numpy()]
    number = standing[standing["unit_id"] != ""].groupby("unit_id").size().reindex(units.index, fill_value=0)
    vague = standing[standing["unit_id"] == ""]
    keys = {(row.district, row.town) for row in vague[["district", "town"]].itertuples(index=False)}
    maybe = [
        bool(keys & {(d, t), (d, ""), ("", t), ("", "")}) for d, t in zip(units["district"], units["town"], strict=True)
    ]
    return number.astype("Int64").mask((number == 0).to_numpy() & np.array(maybe, dtype=bool))


def community_ledger(
    units: pd.DataFrame,
    standings: pd.DataFrame,
    variants: pd.DataFrame,
    outlets: pd.Series,
    bureau: pd.DataFrame,
    added: pd.DataFrame,
    named: Named,
    data_date: dt.date,
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Put the ledger of communities together.

    Parameters
    ----------
    units
        What `facts` says.
    standings
        The verdicts.
    variants
        Verdicts under other ways of counting (`planner.tallies.variant_states`).
    outlets
        Of its own, by unit_id (`outlets_of`).
    bureau
        The bureau's own columns, index unit_id.
    added
        Further columns, index unit_id, under their names in the program: last year's verdict, causes, measures.
    named
        What ids are called.
    data_date
        Last day of the figures.

    Returns
    -------
    frame, titles
        One row for each community with people, by district, town and code; the header of each column. Columns of the
        bureau stand under their own headers.
    """
    whole = standings[standings["standard"] == DECIDED].set_index("unit_id")
    table = units[units["people"] > 0].sort_values(["district", "town", "unit_id"])
    own = bureau.reindex(table.index)
    basis = [header for header in BASIS if header in own.columns]
    groups = [name for name in table.columns if name.startswith(GROUP_PREFIX)]
    parts = [
        pd.DataFrame({"data_date": data_date, "unit_id": table.index}, index=table.index),
        table[["district", "town", "name", "setting", "placed", "points"]],
        own[basis],
        table[["people", *groups]],
        _verdict(whole.reindex(table.index), outlets.reindex(table.index), named),
        _by_standard(standings, table.index, named),
        variants.reindex(table.index).map(_state, named=named).add_prefix("variant."),
        added.reindex(table.index),
        own.drop(columns=basis),
    ]
    frame = pd.concat(parts, axis=1).reset_index(drop=True).astype(object)
    frame = frame.where(frame.notna(), None)
    return frame, {name: _title(name, own.columns, named) for name in frame.columns}


def _state(state: Any, named: Named) -> str | None:
    return say(f"ledger.state.{state}", named.language) if isinstance(state, str) else None


def minutes_up(seconds: Any) -> float | None:
    """Minutes of a walk or drive, rounded up to a tenth: 15.02 minutes never read as 15.0."""
    return None if seconds is None or pd.isna(seconds) else float(np.ceil(round(float(seconds) * 1000) / 6000) / 10)


def _verdict(whole: pd.DataFrame, outlets: pd.Series, named: Named) -> pd.DataFrame:
    """Say how communities stand under the deciding standards together; where no standard speaks of one it is blank."""
    judged = whole["state"].notna()
    yes_no = {True: say("ledger.yes", named.language), False: say("ledger.no", named.language)}
    return pd.DataFrame(
        {
            "has_outlet": (outlets > 0).map(yes_no, na_action="ignore"),
            "own_outlets": outlets,
            "verdict": whole["state"].map(lambda state: _state(state, named), na_action="ignore"),
            "near_limit": whole["near_limit"].where(judged).map(yes_no, na_action="ignore"),
            "covered": whole["covered"].astype("Int64"),
            "judged_people": whole["people"].astype("Int64"),
            "unjudged": whole["unjudged"].astype("Int64"),
            "site_id": whole["site_id"],
            "nearest": whole["site_id"].map(named.outlets),
            "metres": whole["metres"],
            "straight_m": whole["straight_m"],
            "minutes": whole["seconds"].map(minutes_up),
            "reason": whole["reason"].map(
                lambda key: say(f"ledger.reason.{key}", named.language) if key else "", na_action="ignore"
            ),
        }
    )


def _by_standard(standings: pd.DataFrame, units: pd.Index[str], named: Named) -> pd.DataFrame:
    """Verdict and way of each standard that speaks of any of the communities, in the order of the scenario."""
    found: dict[str, Any] = {}
    for standard in named.standards:
        rows = standings[standings["standard"] == standard].set_index("unit_id").reindex(units)
        if rows["state"].notna().any():
            found[f"state.{standard}"] = rows["state"].map(lambda s: _state(s, named), na_action="ignore")
            found[f"metres.{standard}"] = rows["metres"]
            found[f"straight_m.{standard}"] = rows["straight_m"]
    return pd.DataFrame(found, index=units)


def _title(name: str, bureau: Sequence[str] | pd.Index[str], named: Named) -> str:
    """Header of a column."""
    if name in bureau:
        return name
    kind, _, which = name.partition(".")
    if kind == "variant":
        return say("ledger.column.variant_of", named.language, variant=say(f"ledger.variant.{which}", named.language))
    if which:
        return say(f"ledger.column.{kind}_of", named.language, standard=named.standards[which])
    if name.startswith(GROUP_PREFIX):
        group = name.removeprefix(GROUP_PREFIX)
        return named.groups.get(group, group)
    return say(f"ledger.column.{name}", named.language)
