"""What is done for each community that falls short: why it does, and what stands against it (table 3; W11, W14).

Nothing here changes a verdict. A mobile point counts as reach only where a standard names its type in `served_by`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planner import straight
from planner.candidates import MOBILE_TYPE
from planner.coverage import CHECKED, communities, community_counts
from planner.standards import need
from planner.words import listed, say

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from decimal import Decimal

    from geopandas import GeoDataFrame

    from planner.instance import Reach
    from planner.terms import Language

MOBILE_WITHIN_M = 5000
"""A mobile point no farther than this in a straight line is a measure for a community, unless said otherwise."""

COLUMNS = [
    "unit_id", "standard", "reason", "measure", "planned_site_id", "planned_year", "opened_year", "opened_types",
    "opened_how", "mobile_site_id", "mobile_m", "joint_site_id", "joint_m",
]  # fmt: skip
_TEXTS = ("planned_site_id", "opened_types", "opened_how", "mobile_site_id", "joint_site_id")

ADDED, PLACED = "added", "placed"
"""How something opens: added to an outlet that stands (a kiosk), or at a candidate that names no build method."""

_BY_PLACE = {"demand_off_network": "off_network", "no_route": "no_route"}
"""Reasons of the deciding point that no outlet could mend."""


def reachable(reach: Mapping[str, Reach], options: pd.DataFrame) -> pd.DataFrame:
    """List the points by which communities are judged and that what stands or may be built reaches.

    Parameters
    ----------
    reach
        Reach under each standard, by its id.
    options
        The table of `candidates.options`.

    Returns
    -------
    points
        Columns standard, demand_id, each pair once.
    """
    found = [pd.DataFrame({"standard": [], "demand_id": []}, dtype=str)]
    for key, one in reach.items():
        serving = options.loc[options["type"].isin(one.standard.served_by), "site_id"]
        judged = one.rows.loc[one.rows["unit_id"] != "", "demand_id"]
        pairs = one.pairs[one.pairs["site_id"].isin(serving) & one.pairs["demand_id"].isin(judged)]
        points = pairs["demand_id"].unique()
        found.append(pd.DataFrame({"standard": key, "demand_id": points}))
    return pd.concat(found, ignore_index=True)


def measures(
    standings: pd.DataFrame,
    demand: GeoDataFrame,
    coverage: pd.DataFrame,
    sites: GeoDataFrame,
    opened: pd.DataFrame,
    within: pd.DataFrame | None,
    *,
    rule: Decimal,
    served_by: Mapping[str, Collection[str]],
    then: pd.DataFrame | None = None,
    mobile_types: Collection[str] = (MOBILE_TYPE,),
    mobile_within_m: int = MOBILE_WITHIN_M,
) -> pd.DataFrame:
    """Find why each community falls short of a standard today, and what stands against it.

    Parameters
    ----------
    standings
        How communities stand today: unit_id, standard, state, people (that can be judged), and of the deciding point
        reason, demand_id, site_id and metres (its nearest serving outlet). Rows of all standards together (standard
        "") are passed over.
    demand
        The demand table, points in EPSG:4326.
    coverage
        The coverage table of today and of every year of the plan.
    sites
        Site table with its column open_today, points in EPSG:4326.
    opened
        What the plan opens: site_id, type, year, at_existing (whether it is added to an outlet of today) and
        build_method (empty where the candidate names none).
    within
        The table of `reachable`; None where no plan was asked for, or nothing is offered to build.
    rule
        Share of its people that make a community meet a standard.
    served_by
        Types that serve each standard; all of them where a standard is not named.
    then
        How communities stand with the plan: whoever is left then shares the outlet that is nearest then. None: today's.
    mobile_types
        Codes of the types that are mobile points.
    mobile_within_m
        Straight metres from the deciding point within which one is a measure.

    Returns
    -------
    measures
        One row for each standard and community that is unmet or cannot be judged, in the order of `standings`:
        columns `COLUMNS`. reason is ``off_network``, ``no_route``, ``beyond`` (today's outlets are too far; a planned
        one is not, or nothing can be said of candidates), ``not_chosen`` (sites that are offered would do, the plan
        does not take all of them: its goals are met, or money, numbers or siting rules forbid it), ``no_candidate``
        (nothing that is offered would do); empty where nobody can be judged. measure is the first that there is of
        ``planned``, ``mobile``, ``joint`` (served by a neighbour's outlet, W11) and ``field_check``, which is that of
        the communities that cannot be judged; empty where there is none. What speaks for each stands beside it: of the
        planned site the first year in which the community meets the standard, the year in which the site first gets
        what serves it, which types (joined by ``;``), and how (`ADDED`, a build method, or `PLACED`); metres are blank
        where there is none.
    """
    rows = standings[(standings["standard"] != "") & (standings["state"] != "met")].reset_index(drop=True)
    unmet = (rows["state"] == "unmet").to_numpy()
    key = ["standard", "unit_id"]
    plan = rows[key].merge(_planned(demand, coverage, opened, rule, served_by), on=key, how="left")
    pairs = list(zip(rows["standard"], plan["planned_site_id"].fillna(""), strict=True))
    opens = {one: _opening(opened, *one, served_by) for one in dict.fromkeys(pairs)}
    opening = pd.DataFrame(
        [opens[one] for one in pairs],
        columns=["opened_year", "opened_types", "opened_how"], index=rows.index,
    )  # fmt: skip
    mobile = _mobile(rows["demand_id"], demand, sites, mobile_types, mobile_within_m)
    shared = _shared(rows, then)
    joint = (shared["site_id"] != "").to_numpy() & shared["metres"].notna().to_numpy()
    served = plan["planned_year"].notna().to_numpy()
    by_site = served & (opening["opened_how"] != "").to_numpy()  # not where a field check alone says that it is met
    choices = [~unmet, by_site, (mobile["mobile_site_id"] != "").to_numpy(), joint]
    found = rows[["unit_id", "standard"]].assign(
        reason=np.where(unmet, _reasons(rows, served, _could(rows, demand, within, rule)), ""),
        measure=np.select(choices, ["field_check", "planned", "mobile", "joint"], default=""),
        planned_site_id=plan["planned_site_id"].fillna(""),
        planned_year=plan["planned_year"].astype("Int64"),
        opened_year=opening["opened_year"].astype("Int64"),
        opened_types=opening["opened_types"],
        opened_how=opening["opened_how"],
        mobile_site_id=mobile["mobile_site_id"],
        mobile_m=mobile["mobile_m"],
        joint_site_id=shared["site_id"].where(joint, ""),
        joint_m=shared["metres"].where(joint),
    )
    told = found[COLUMNS[4:]].where(pd.Series(unmet))
    return found[COLUMNS[:4]].join(told.fillna(dict.fromkeys(_TEXTS, "")))[COLUMNS]


def _shared(rows: pd.DataFrame, then: pd.DataFrame | None) -> pd.DataFrame:
    """Return the outlet that each community shares with a neighbour: site_id, metres, those of `then` where given."""
    key = ["standard", "unit_id"]
    if then is None:
        return rows[["site_id", "metres"]]
    found = rows[key].merge(then[[*key, "site_id", "metres"]], on=key, how="left", validate="one_to_one")
    return found[["site_id", "metres"]].fillna({"site_id": ""})


def _opening(
    opened: pd.DataFrame, standard: str, site: object, served_by: Mapping[str, Collection[str]]
) -> tuple[int | None, str, str]:
    """Say when a planned site first gets what serves a standard, which types these are, and how they come there."""
    rows = opened[(opened["site_id"] == site).to_numpy()]
    if standard in served_by:
        rows = rows[rows["type"].isin(served_by[standard])]
    if not len(rows):
        return None, "", ""
    first = rows[rows["year"] == rows["year"].min()]
    how = ADDED if first["at_existing"].iloc[0] else first["build_method"].iloc[0] or PLACED
    return int(first["year"].iloc[0]), ";".join(first["type"]), str(how)


def _planned(
    demand: pd.DataFrame,
    coverage: pd.DataFrame,
    opened: pd.DataFrame,
    rule: Decimal,
    served_by: Mapping[str, Collection[str]],
) -> pd.DataFrame:
    """Find the first year in which each community meets each standard, and the new site that mends most of it.

    A site mends people who were not covered before; where a plan adds what the standard does not name, it mends nobody.
    """
    rows = coverage.merge(demand[["demand_id", "unit_id", "people", "placed"]], on="demand_id")
    rows = rows.assign(unit_id=communities(rows, (rows["reason"] == CHECKED).to_numpy()))
    able = rows[(rows["reason"] != "not_assessable").to_numpy()]
    found = [pd.DataFrame({"standard": [], "unit_id": [], "planned_site_id": [], "planned_year": []}, dtype=object)]
    for (standard, year), part in able[able["state"] == "plan"].groupby(["standard", "year"], sort=True):
        people, covered = part["people"].to_numpy(dtype=np.int64), part["covered"].to_numpy(dtype=bool)
        counts = community_counts(part["unit_id"], people, people * covered, rule)
        kinds = served_by.get(str(standard), opened["type"])
        sites_new = opened.loc[(opened["year"] <= year) & opened["type"].isin(kinds), "site_id"]
        before = able["covered"] & (able["state"] == "today") & (able["standard"] == standard)
        mended = ~part["demand_id"].isin(able.loc[before, "demand_id"]).to_numpy()
        new = part[covered & mended & part["site_id"].isin(sites_new).to_numpy()]
        by_site = new.groupby(["unit_id", "site_id"])["people"].sum().reset_index()
        most = by_site.sort_values(["unit_id", "people", "site_id"], ascending=[True, False, True])
        site = most.drop_duplicates("unit_id").set_index("unit_id")["site_id"]
        units = counts.index[counts["covered"]]
        sites = site.reindex(units).fillna("").to_numpy()
        values: dict[str, Any] = {"standard": standard, "planned_year": year}
        found.append(pd.DataFrame({"unit_id": units, "planned_site_id": sites}).assign(**values))
    return pd.concat(found, ignore_index=True).drop_duplicates(["standard", "unit_id"])


def _could(rows: pd.DataFrame, demand: pd.DataFrame, within: pd.DataFrame | None, rule: Decimal) -> list[bool | None]:
    """Whether each community would meet the standard if all that is offered were built; None: no plan was asked for."""
    if within is None:
        return [None] * len(rows)
    points = within.merge(demand[["demand_id", "unit_id", "people"]], on="demand_id")
    near = points.groupby(["standard", "unit_id"])["people"].sum().to_dict()
    units = zip(rows["standard"], rows["unit_id"], rows["people"], strict=True)
    return [near.get((standard, unit), 0) >= need(rule, int(people)) for standard, unit, people in units]


def _reasons(rows: pd.DataFrame, served: Iterable[bool], could: Iterable[bool | None]) -> list[str]:
    found = []
    for why, planned, met in zip(rows["reason"], served, could, strict=True):
        if why in _BY_PLACE:
            found.append(_BY_PLACE[why])
        elif planned or met is None:
            found.append("beyond")
        else:
            found.append("not_chosen" if met else "no_candidate")
    return found


def _mobile(
    demand_ids: pd.Series, demand: GeoDataFrame, sites: GeoDataFrame, types: Collection[str], within_m: int
) -> pd.DataFrame:
    """Find the nearest mobile point in use of each point, in a straight line; ties go to the lowest id."""
    held = np.array([not set(types).isdisjoint(text.split(";")) for text in sites["type"]], dtype=bool)
    points = sites[held & sites["open_today"].to_numpy(dtype=bool)].sort_values("site_id")
    near = straight.nearest(demand[demand["demand_id"].isin(demand_ids)], points).set_index("demand_id")
    near = near[near["metres"] <= within_m].reindex(demand_ids)
    names = near["site_id"].astype(object).fillna("").to_numpy()
    return pd.DataFrame({"mobile_site_id": names, "mobile_m": near["metres"].to_numpy(dtype=float)})


def in_words(
    row: Mapping[str, Any],
    names: Mapping[str, str],
    types: Mapping[str, str],
    language: Language,
    shared: str = "joint",
) -> tuple[str, str]:
    """Return why a community falls short, and what stands against it, as table 3 prints them.

    Parameters
    ----------
    row
        One row of `measures`.
    names
        site_id -> name as printed.
    types
        Code of a type of facility -> its name.
    language
        ``zh`` or ``en``.
    shared
        Which words tell of an outlet to be shared: ``joint``; ``joint_planned`` where the plan opens it, ``joint_then``
        where its metres are those with the plan. Metres are rounded up: what lies beyond must not read as nearer.
    """
    kind = row["measure"]
    reason = say(f"measure.reason.{row['reason']}", language) if row["reason"] else ""
    if kind == "planned":
        return reason, _planned_words(row, names, types, language)
    values: dict[str, object] = {}
    if kind in {"mobile", "joint"}:
        site = row[f"{kind}_site_id"]
        values = {"name": names.get(site, site), "metres": str(math.ceil(round(row[f"{kind}_m"], 3)))}
        kind = shared if kind == "joint" else kind
    return reason, say(f"measure.what.{kind or 'none'}", language, **values)


def _planned_words(
    row: Mapping[str, Any], names: Mapping[str, str], types: Mapping[str, str], language: Language
) -> str:
    """Say what the plan does at the site: 「2026年依托“21号片区商场”设零工驿站（专区）」."""
    site, how = row["planned_site_id"], row["opened_how"]
    kinds = listed([types.get(one, one) for one in row["opened_types"].split(";")], language)
    values = {"name": names.get(site, site), "year": row["opened_year"], "types": kinds}
    return say(f"measure.planned.{how}", language, **values)
