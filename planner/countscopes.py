"""Where a count is asked: in the whole city, each district or town, or each community (clause H2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from planner.standards import scopes

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from planner.standards import Count

_MADE = frozenset({"spread", "official"})
"""Origins of rows that official totals made: all of a town or district, and no community of it is known."""


def communities_of(demand: pd.DataFrame) -> pd.DataFrame:
    """List the communities in which people live.

    Parameters
    ----------
    demand
        The demand table; rows that official totals made (`figure_from` spread or official) are of no community.

    Returns
    -------
    communities
        Index unit_id, sorted; columns name (empty where its points have several), district, town, people.
    """
    lives = (demand["layer"] == "residents") & (demand["unit_id"] != "") & (demand["people"] > 0)
    if "figure_from" in demand:
        lives &= ~demand["figure_from"].isin(_MADE)
    by_unit = demand[lives].groupby("unit_id", sort=True)
    found = by_unit.agg(
        name=("name", "first"), district=("district", "first"), town=("town", "first"), people=("people", "sum")
    )
    last = by_unit["name"].agg(["min", "max"])
    return found.assign(name=found["name"].where(last["min"] == last["max"], ""))


def community_names(demand: pd.DataFrame) -> dict[str, str]:
    """Return what each community is called in sentences, by unit_id: its name before its code, where it has one."""
    names = communities_of(demand)["name"]
    return {str(unit): str(unit) if name in {"", unit} else f"{name} {unit}" for unit, name in names.items()}


def count_scopes(count: Count, places: pd.DataFrame, demand: pd.DataFrame) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Split sites or options into the scopes of a count.

    Parameters
    ----------
    count
        The count.
    places
        Sites or options: columns district, town and unit_id (their community, empty where it is not known).
    demand
        The demand table.

    Yields
    ------
    name, rows
        Name of the scope (empty for the whole city, the unit_id of a community) and a mask of the rows of `places` in
        it. A district, town or community that only the demand table names is a scope without rows; a community is one
        only where people live, and what names none of these belongs to none.
    """
    if count.each == "community":
        yield from _in_communities(count, places, demand)
        return
    every = pd.concat([places[["district", "town"]], demand[["district", "town"]]], ignore_index=True)
    every = _with_districts(every) if count.each == "town" else every
    for name, inside in scopes(every, count.each, count.district, count.town):
        yield name, inside[: len(places)]


def _in_communities(
    count: Count, places: pd.DataFrame, demand: pd.DataFrame
) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Go through the communities of the count's district and town, as the demand table has them."""
    units = communities_of(demand)
    _, asked = next(scopes(units, "city", count.district, count.town))
    number = units.index.get_indexer(pd.Index(places["unit_id"]))
    for at, unit in enumerate(units.index):
        if asked[at]:
            yield str(unit), number == at


def _with_districts(rows: pd.DataFrame) -> pd.DataFrame:
    """Put the district to a town that a row names alone, where only one district has a town of that name.

    Else an outlet of a table without districts would be in no town of the people.
    """
    full = rows[(rows["district"] != "") & (rows["town"] != "")].drop_duplicates()
    only = full[~full["town"].duplicated(keep=False)].set_index("town")["district"]
    district = rows["district"].where(rows["district"] != "", rows["town"].map(only).fillna(""))
    return rows.assign(district=district)
