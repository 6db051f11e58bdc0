"""Says whom the closing of an outlet that stands today would hurt, and where its people would go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planner.coverage import measured, reached, serves
from planner.geodesy import MM_PER_M, to_mm
from planner.overtaken import turned
from planner.verdicts import on_reach

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from geopandas import GeoDataFrame

    from planner.instance import Reach
    from planner.verdicts import Verdicts

CLOSING = [
    "standard", "state", "site_id", "people_nearest", "people_losing", "to_site_id", "people_to", "more_m",
    "losing_to_site_id", "losing_people_to", "losing_more_m",
]  # fmt: skip
MOVES = ["standard", "state", "site_id", "to_site_id", "people", "more_m"]


def _serving(reach: Reach, open_types: Mapping[str, str]) -> frozenset[str]:
    """Open sites of which a type counts for the standard."""
    counts = serves(open_types.values(), reach.standard)
    return frozenset(site for site, serving in zip(open_types, counts, strict=True) if serving)


@dataclass(frozen=True, eq=False)
class Anew:
    """What the closing of an outlet does to field checks under one standard.

    Attributes
    ----------
    turned
        Columns site_id and demand_id: if that outlet closes, a check of the point counts no more, or again.
    pairs
        Travel rows of these points within the cutoff when it does, with their checks so turned; those to the outlet
        itself are still among them.
    kept
        demand_ids that a check found covered: they stay so, unless it is turned, for an outlet is left that serves.
    """

    turned: pd.DataFrame
    pairs: pd.DataFrame
    kept: frozenset[str]


def anew(
    found: Verdicts, demand: GeoDataFrame, sites: GeoDataFrame, reach: Reach, travel: pd.DataFrame, on: dt.date
) -> Anew | None:
    """Look anew at the points whose field checks the closing of an outlet would bring out of date, or back.

    Parameters
    ----------
    found
        The verdicts, those that are out of date among them.
    demand, sites
        The tables with their points; sites that are open today or may be built.
    reach
        Reach under one standard, with the verdicts in it.
    travel
        Travel rows of all sites as measured.
    on
        The day on which an outlet would close.

    Returns
    -------
    anew
        None where no check speaks of the standard.
    """
    standard = reach.standard
    if all(line.standard != standard.id for line in (*found.lines, *found.overtaken)):
        return None
    lines = list(turned(found, demand, sites, standard, on))
    points = demand[demand["demand_id"].isin({line.demand_id for _, line in lines}) & measured(demand, standard)]
    rows = travel[travel["demand_id"].isin(points["demand_id"])]
    bare = replace(reach, pairs=rows[reached(rows, standard)], travel=rows, held=frozenset())
    # who was found covered is then measured; who was found uncovered, and measured since, is found so again
    again = replace(found, lines=tuple(line for _, line in lines if not line.met))
    stands = sites[sites["open_today"]]
    standing = dict(zip(stands["site_id"], stands["type"], strict=True))
    met = {line.demand_id for line in found.lines if line.standard == standard.id and line.met}
    return Anew(
        turned=pd.DataFrame([(site, line.demand_id) for site, line in lines], columns=["site_id", "demand_id"]),
        pairs=on_reach({standard.id: bare}, again, points, sites, standing)[standard.id].pairs,
        kept=frozenset(met if serves(standing.values(), standard).sum() > 1 else ()),
    )


def _losing(reach: Reach, serving: frozenset[str], checks: Anew | None) -> pd.DataFrame:
    """Rows that are covered, and are not if one open site closes: columns demand_id, site_id, people."""
    pairs = reach.pairs.loc[reach.pairs["site_id"].isin(serving), ["demand_id", "site_id"]]
    only = pairs.drop_duplicates("demand_id", keep=False)
    if checks is not None:
        only = _looked_at_anew(reach, serving, checks, only, frozenset(pairs["demand_id"]) | reach.held)
    return only.merge(reach.rows[["demand_id", "people"]], on="demand_id")


def _keys(pairs: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(pairs[["site_id", "demand_id"]])


def _looked_at_anew(
    reach: Reach, serving: frozenset[str], checks: Anew, only: pd.DataFrame, covered: frozenset[str]
) -> pd.DataFrame:
    """Put right which of the `covered` points one open site `only` covers, where field checks speak of them."""
    looked_at = checks.turned[checks.turned["site_id"].isin(serving) & checks.turned["demand_id"].isin(covered)]
    left = checks.pairs.loc[checks.pairs["site_id"].isin(serving), ["demand_id", "site_id"]]
    still = looked_at.merge(left, on="demand_id", suffixes=("", "_left"))
    still = still[still["site_id"] != still["site_id_left"]]
    same = only[~only["demand_id"].isin(checks.kept) & ~_keys(only).isin(_keys(looked_at))]
    parts = [same, looked_at[~_keys(looked_at).isin(_keys(still))]]
    # whom nobody knows which outlet serves, none does when none is left
    parts += [pd.DataFrame({"demand_id": sorted(reach.held), "site_id": site}) for site in serving if len(serving) == 1]
    return pd.concat(parts, ignore_index=True).drop_duplicates()


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
    checks: Mapping[str, Anew | None] | None = None,
) -> pd.DataFrame:
    """Tell how many people the closing of each outlet would hurt.

    Parameters
    ----------
    reaches, nearest, open_types, outlets, state
        As in `moves`.
    checks
        By standard, what a closing does to field checks; nothing where none speaks of it.

    Returns
    -------
    closing
        For each standard and each outlet that serves it, columns standard, state, site_id, people_nearest (whose
        nearest site it is) and people_losing (who are covered and would not be if it closed: whom no other open site
        reaches within the cutoff, but as field checks say that then count). Of all whose nearest it is, the largest
        part goes to to_site_id: people_to people, more_m as in `moves`. Of those among them who lose cover, the largest
        part goes to losing_to_site_id: losing_people_to, losing_more_m likewise; near field checks others may lose it
        too. Within a standard the outlet that hurts most stands first: most people losing, then most people nearest.

    Raises
    ------
    ValueError
        If a nearest site is not open, or does not serve the standard.
    """
    parts = [pd.DataFrame(columns=CLOSING)] * (not reaches)
    for key, reach in reaches.items():
        serving = _serving(reach, open_types)
        table = pd.DataFrame({"site_id": sorted(serving & set(outlets))}).assign(standard=key, state=state)
        moving, losing = _moving(reach, nearest[key], serving), _losing(reach, serving, (checks or {}).get(key))
        for name, people in (("people_nearest", moving), ("people_losing", losing)):
            table[name] = _whole(table["site_id"], people.groupby("site_id")["people"].sum())
        hurt = moving.merge(losing[["demand_id", "site_id"]], on=["demand_id", "site_id"])
        to = (_largest(table["site_id"], moving), _largest(table["site_id"], hurt).add_prefix("losing_"))
        table = pd.concat([table, *to], axis=1)
        by = ["people_losing", "people_nearest", "site_id"]
        parts.append(table.sort_values(by, ascending=[False, False, True]))
    return pd.concat(parts, ignore_index=True)[CLOSING]
