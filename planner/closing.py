"""Says whom the closing of an outlet that stands today would hurt, and where its people would go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planner.coverage import serves
from planner.geodesy import MM_PER_M, to_mm

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from planner.instance import Reach

CLOSING = [
    "standard", "state", "site_id", "people_nearest", "people_losing", "to_site_id", "people_to", "more_m",
    "losing_to_site_id", "losing_people_to", "losing_more_m",
]  # fmt: skip
MOVES = ["standard", "state", "site_id", "to_site_id", "people", "more_m"]


def _serving(reach: Reach, open_types: Mapping[str, str]) -> frozenset[str]:
    """Open sites of which a type counts for the standard."""
    counts = serves(open_types.values(), reach.standard)
    return frozenset(site for site, serving in zip(open_types, counts, strict=True) if serving)


def _losing(reach: Reach, serving: frozenset[str]) -> pd.DataFrame:
    """Rows that one open site and no other reaches within the cutoff: columns demand_id, site_id, people."""
    pairs = reach.pairs.loc[reach.pairs["site_id"].isin(serving), ["demand_id", "site_id"]]
    only = pairs.drop_duplicates("demand_id", keep=False)
    return only.merge(reach.rows[["demand_id", "people"]], on="demand_id")


def _moving(reach: Reach, nearest: pd.DataFrame, serving: frozenset[str]) -> pd.DataFrame:
    """Nearest and next site of each row with people: columns site_id, to_site_id ("" for none), people, more_mm."""
    strangers = sorted(set(nearest["site_id"]) - serving)
    if strangers:
        raise ValueError(f"the nearest sites are not open ones of {reach.standard.id}: {', '.join(strangers[:5])}")
    table = nearest.assign(mm=to_mm(nearest["metres"].to_numpy()))[["demand_id", "site_id", "mm", "rank"]]
    first, second = (table[table["rank"] == rank].drop(columns="rank") for rank in (1, 2))
    people = reach.rows.loc[reach.rows["people"] > 0, ["demand_id", "people"]]
    found = people.merge(first, on="demand_id").merge(second, on="demand_id", how="left", suffixes=("", "_to"))
    more = found["mm_to"].fillna(found["mm"]).astype("int64") - found["mm"]
    to_site = found["site_id_to"].astype(object).fillna("")  # an empty column has no kind of its own
    return found.assign(to_site_id=to_site, more_mm=more * found["people"])


def _summed(moving: pd.DataFrame) -> pd.DataFrame:
    """Sum up who goes where: columns site_id, to_site_id, people, more_m; most people first within a site."""
    sums = moving.groupby(["site_id", "to_site_id"], as_index=False)[["people", "more_mm"]].sum()
    more_mm = sums["more_mm"].to_numpy(dtype=np.int64) // np.maximum(1, sums["people"].to_numpy(dtype=np.int64))
    sums["more_m"] = np.where(sums["to_site_id"] == "", np.nan, more_mm / MM_PER_M)
    order = ["site_id", "people", "to_site_id"]
    return sums.drop(columns="more_mm").sort_values(order, ascending=[True, False, True], ignore_index=True)


def moves(
    reaches: Mapping[str, Reach],
    nearest: Mapping[str, pd.DataFrame],
    open_types: Mapping[str, str],
    outlets: Sequence[str],
    *,
    state: str,
) -> pd.DataFrame:
    """Tell where the people of each outlet would go if it closed: to their second nearest open site.

    Parameters
    ----------
    reaches
        Reach under each standard, by its id.
    nearest
        By standard, the two nearest sites of each demand point among those that are open and serve the standard:
        columns demand_id, site_id, metres, rank (`planner.network.nearest` with ``count=2``).
    open_types
        site_id -> types open there, joined by ``;``, of all that is open in this state.
    outlets
        site_ids that may close.
    state
        ``today`` or ``plan``.

    Returns
    -------
    moves
        Columns standard, state, site_id, to_site_id (empty where no other site can be reached), people (whose nearest
        site it is, within the cutoff or not) and more_m: the metres that they go farther on average, rounded down to a
        millimetre. Where time decides what is nearest, that may be below zero. Most people first within an outlet.

    Raises
    ------
    ValueError
        If a nearest site is not open, or does not serve the standard.
    """
    parts = [pd.DataFrame(columns=MOVES)] * (not reaches)
    for key, reach in reaches.items():
        found = _summed(_moving(reach, nearest[key], _serving(reach, open_types)))
        parts.append(found[found["site_id"].isin(outlets)].assign(standard=key, state=state))
    return pd.concat(parts, ignore_index=True)[MOVES]


def _whole(sites: pd.Series, people: pd.Series) -> pd.Series:
    return sites.map(people).fillna(0).astype("int64")


def _largest(sites: pd.Series, moving: pd.DataFrame) -> pd.DataFrame:
    """Where the largest part of each site's people would go: columns to_site_id, people_to, more_m, one row a site."""
    first = _summed(moving).drop_duplicates("site_id").set_index("site_id")
    to_site = first["to_site_id"].to_dict()
    return pd.DataFrame(
        {
            "to_site_id": pd.Series([to_site.get(site, "") for site in sites], index=sites.index, dtype=object),
            "people_to": _whole(sites, first["people"]),
            "more_m": sites.map(first["more_m"]).astype("float64"),
        }
    )


def closing(
    reaches: Mapping[str, Reach],
    nearest: Mapping[str, pd.DataFrame],
    open_types: Mapping[str, str],
    outlets: Sequence[str],
    *,
    state: str,
) -> pd.DataFrame:
    """Tell how many people the closing of each outlet would hurt.

    Parameters
    ----------
    reaches, nearest, open_types, outlets, state
        As in `moves`.

    Returns
    -------
    closing
        For each standard and each outlet that serves it, columns standard, state, site_id, people_nearest (whose
        nearest site it is) and people_losing (whom no other open site reaches within the cutoff). Of all whose nearest
        it is, the largest part goes to to_site_id: people_to people, more_m as in `moves`. Of those who lose cover
        alone, the largest part goes to losing_to_site_id: losing_people_to, losing_more_m likewise. Within a standard
        the outlet that hurts most stands first: most people losing, then most people nearest.

    Raises
    ------
    ValueError
        If a nearest site is not open, or does not serve the standard.
    """
    parts = [pd.DataFrame(columns=CLOSING)] * (not reaches)
    for key, reach in reaches.items():
        serving = _serving(reach, open_types)
        table = pd.DataFrame({"site_id": sorted(serving & set(outlets))}).assign(standard=key, state=state)
        moving, losing = _moving(reach, nearest[key], serving), _losing(reach, serving)
        for name, people in (("people_nearest", moving), ("people_losing", losing)):
            table[name] = _whole(table["site_id"], people.groupby("site_id")["people"].sum())
        hurt = moving.merge(losing[["demand_id", "site_id"]], on=["demand_id", "site_id"])
        to = (_largest(table["site_id"], moving), _largest(table["site_id"], hurt).add_prefix("losing_"))
        table = pd.concat([table, *to], axis=1)
        by = ["people_losing", "people_nearest", "site_id"]
        parts.append(table.sort_values(by, ascending=[False, False, True]))
    return pd.concat(parts, ignore_index=True)[CLOSING]
