"""The ledger of outlets: every station and market that stands, whether it is in operation, and whom it serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planner.communityledger import with_documents
from planner.coverage import serving
from planner.reaches import RESIDENTS, people_served
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from geopandas import GeoDataFrame

    from planner.instance import Reach
    from planner.standings import Sight
    from planner.terms import Language

_OWN = (
    "opened_on", "closed_on", "host", "owner", "hours", "services", "build_method", "cost_once_yuan",
    "cost_yearly_yuan", "funding", "capacity_people",
)  # fmt: skip

ORDER = (
    "site_id", "name", "type", "tier", "district", "town", "unit_id", "operating", "counts", "opened_on", "closed_on",
    "host", "owner", "面积", "hours", "工作日时段", "午间时段", "周末时段", "夜间时段", "专职", "兼职", "services",
    "自助设备", "服务人次", "求职登记", "成功对接", "满意度", "build_method", "cost_once_yuan", "cost_yearly_yuan",
    "funding", "capacity_people", "people_reached", "people_only", "people_nearest", "联系电话", "lon", "lat", "system",
)  # fmt: skip
"""Columns in the order of documents.md; what else the bureau says stands after them."""

TIERS = ("city", "district", "town", "village", "community")
"""Tiers that are told in words; any other stands as the table of sites has it."""


def only_theirs(reach: Mapping[str, Reach], open_types: Mapping[str, str]) -> pd.Series:
    """People whom an outlet and no other reaches, under at least one standard; each counted once.

    Parameters
    ----------
    reach
        Reach under each standard.
    open_types
        site_id -> types open there.

    Returns
    -------
    people
        By site_id; outlets without any are not there.
    """
    parts = []
    for one in reach.values():
        if one.standard.layer != RESIDENTS:
            continue
        mask = serving(open_types, open_types, one.standard)
        standing = {site for site, open_ in zip(open_types, mask, strict=True) if open_}
        pairs = one.pairs.loc[one.pairs["site_id"].isin(standing), ["demand_id", "site_id"]]
        only = pairs.drop_duplicates("demand_id", keep=False)
        parts.append(only.merge(one.rows[["demand_id", "people"]], on="demand_id"))
    if not parts:
        return pd.Series(dtype="int64")
    return pd.concat(parts).drop_duplicates(["demand_id", "site_id"]).groupby("site_id")["people"].sum()


def nearest_people(sights: Sequence[Sight], decides: Sequence[str]) -> pd.Series:
    """People whose nearest outlet each one is, by the first deciding standard that speaks of them, reached or not."""
    rows = [one.points[["demand_id", "site_id", "people"]] for one in sights if one.standard.id in decides]
    if not rows:
        return pd.Series(dtype="int64")
    points = pd.concat(rows).drop_duplicates("demand_id")
    return points[points["site_id"] != ""].groupby("site_id")["people"].sum()


def outlet_ledger(
    sites: GeoDataFrame,
    reach: Mapping[str, Reach],
    open_types: Mapping[str, str],
    nearest: pd.Series,
    bureau: pd.DataFrame,
    type_names: Mapping[str, str],
    language: Language,
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Put the ledger of outlets together.

    Parameters
    ----------
    sites
        The sites table with open_today; candidates and what is excluded are left out.
    reach, open_types
        Reach under each standard, and what is open today.
    nearest
        People whose nearest outlet each one is.
    bureau
        The bureau's own columns, index site_id.
    type_names
        Facility type -> its name.
    language
        Language of the headers.

    Returns
    -------
    frame, titles
        One row for each outlet that stands, in operation or not, by district, town and id; the header of each column.
        Only those in operation on the audit date have people.
    """
    table = sites[(sites["status"] == "existing").to_numpy()]
    table = table.sort_values(["district", "town", "site_id"]).set_index("site_id", drop=False)
    own, place = with_documents(bureau.reindex(table.index), "outlets")
    idle = ~table["open_today"].to_numpy(dtype=bool)
    facts = pd.DataFrame(
        {
            "site_id": table["site_id"],
            "name": table["name"],
            "type": table["type"].map(lambda kinds: "；".join(type_names.get(k, k) for k in kinds.split(";"))),
            "tier": table["tier"].map(lambda tier: say(f"counts.tier.{tier}", language) if tier in TIERS else tier),
            "district": table["district"],
            "town": table["town"],
            "unit_id": table["unit_id"],
            "operating": table["operating"]
            .replace("", "正常")
            .map(lambda key: say(f"ledger.operating.{key}", language)),
            "counts": np.where(idle, say("ledger.no", language), say("ledger.yes", language)),
            **{name: table[name] for name in _OWN},
        },
        index=table.index,
    )
    figures = {
        "people_reached": people_served(reach, open_types, None) if reach else pd.Series(dtype="int64"),
        "people_only": only_theirs(reach, open_types),
        "people_nearest": nearest,
    }
    counted = pd.DataFrame(
        {
            name: people.reindex(table.index, fill_value=0).astype("Int64").mask(idle)
            for name, people in figures.items()
        },
        index=table.index,
    )
    where = pd.DataFrame(
        {"lon": table.geometry.x.round(7), "lat": table.geometry.y.round(7), "system": "WGS-84"}, index=table.index
    )
    frame = pd.concat([facts, counted, where, own], axis=1).reset_index(drop=True)
    first = [one for name in ORDER if (one := place.get(name, name)) in frame.columns]
    frame = frame[[*first, *(name for name in frame.columns if name not in first)]]
    frame = frame.astype(object).where(frame.notna(), None)
    titles = {name: name if name in own.columns else say(f"ledger.outlet.{name}", language) for name in frame.columns}
    return frame, titles
