"""How the counts of a scenario stand: markets by tier (W6), an outlet in every town and community (H2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from planner import schema
from planner.countscopes import community_names, count_scopes
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from planner.inputs import Inputs
    from planner.terms import Language

COLUMNS = ["count", "clause", "each", "scope", "scope_name", "min", "max", "today", "plan", "short"]


def count_stands(inputs: Inputs, opened: pd.DataFrame, *, planned: bool) -> pd.DataFrame:
    """Count the facilities that every count of the scenario speaks of, in each of its scopes.

    Parameters
    ----------
    inputs
        The checked inputs.
    opened
        What a plan opens until its last year: site_id, type.
    planned
        Whether there is a plan.

    Returns
    -------
    stands
        Columns `COLUMNS`: count and clause; each; scope (empty for the city) and what it is called; min and max as
        asked for; facilities today and with the plan (blank without one; new ones alone where the count says so); short
        (how many are missing today).
    """
    demand, options = inputs.demand.frame, inputs.options
    once = options[~options.duplicated(["site_id", "type"])]  # sizes of one
    pairs = set(zip(opened["site_id"], opened["type"], strict=True))
    new = pd.Series([pair in pairs for pair in zip(once["site_id"], once["type"], strict=True)], index=once.index)
    today = once["state"] == "today"
    clauses = {section.id: section.clause for section in inputs.scenario.count}
    names = community_names(demand)
    rows = []
    for count in schema.counts_of(inputs.scenario):
        kind = once["type"].isin(count.types) & ((once["tier"] == count.tier) | (count.tier is None))
        standing = kind & today & (not count.new_only)
        for scope, inside in count_scopes(count, once, demand):
            now = int((standing & inside).sum())
            then = int((kind & new & inside & (~today | (not count.new_only))).sum() + (standing & ~new & inside).sum())
            rows.append(
                {
                    "count": count.id,
                    "clause": clauses[count.id],
                    "each": count.each,
                    "scope": scope,
                    "scope_name": names.get(scope, scope) if count.each == "community" else scope,
                    "min": count.minimum,
                    "max": count.maximum,
                    "today": now,
                    "plan": then if planned else None,
                    "short": max(0, count.minimum - now),
                }
            )
    return pd.DataFrame(rows, columns=COLUMNS, dtype=object)


def shown(stands: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that a reader looks at: all but the communities that have what is asked, and one outlet."""
    enough = (stands["each"] == "community") & (stands["today"] > 0) & (stands["short"] == 0)
    return stands[~enough.to_numpy(dtype=bool)].reset_index(drop=True)


def records(stands: pd.DataFrame) -> list[dict[str, Any]]:
    """Sum up every count: scopes, those that have what is asked today and with the plan, those without any facility."""
    return [
        {
            "count": str(name),
            "clause": rows["clause"].iloc[0],
            "each": rows["each"].iloc[0],
            "min": int(rows["min"].iloc[0]),
            "scopes": len(rows),
            "today": int(rows["today"].sum()),
            "plan": None if rows["plan"].isna().any() else int(rows["plan"].sum()),
            "scopes_met": int((rows["short"] == 0).sum()),
            "scopes_without": int((rows["today"] == 0).sum()),
        }
        for name, rows in stands.groupby("count", sort=False)
    ]


def lines(found: Iterable[Mapping[str, Any]], language: Language) -> Iterator[str]:
    """Say how every count stands, from its record."""
    for one in found:
        clause = say("counts.clause", language, clause=one["clause"]) if one["clause"] else ""
        values = {**one, "clause": clause}
        if one["scopes"] == 1 and one["each"] == "city":
            yield say("counts.city" if one["plan"] is None else "counts.city_plan", language, **values)
        else:
            each = say(f"counts.each.{one['each']}", language)
            yield say("counts.scopes" if one["min"] else "counts.scopes_any", language, **{**values, "each": each})
