"""How the counts of a scenario stand: markets by tier (W6), an outlet in every town and community (H2)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner import schema
from planner.communityledger import outlets_of
from planner.countscopes import communities_of, community_names, count_scopes
from planner.rulenames import count_title
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from planner.inputs import Inputs
    from planner.terms import Language

COLUMNS = ["count", "clause", "each", "scope", "scope_name", "min", "max", "today", "plan", "short"]
ABOUT = ["type_names", "tier", "place", "new_only"]
"""What a count is called by: see `count_title`."""


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
        asked for; facilities today and with the plan (blank where there is none, or no candidate to plan with; new
        ones alone where the count says so); short (how many are missing today); blank where an outlet that names no
        community may be this one's. Columns `ABOUT`: names of the types that count, joined by ``;``, their tier, the
        one town or district that is asked (empty for none), and whether new ones alone count.
    """
    demand, options = inputs.demand.frame, inputs.options
    offered = (inputs.sites.frame["status"] == "candidate").any()
    planned = planned and (bool(offered) or len(opened) > 0)
    once = options[~options.duplicated(["site_id", "type"])]  # sizes of one
    pairs = set(zip(opened["site_id"], opened["type"], strict=True))
    new = pd.Series([pair in pairs for pair in zip(once["site_id"], once["type"], strict=True)], index=once.index)
    today = once["state"] == "today"
    clauses = {section.id: section.clause for section in inputs.scenario.count}
    names = community_names(demand)
    types = {facility.type: facility.name for facility in inputs.scenario.facility}
    own = outlets_of(communities_of(demand), inputs.sites.frame)
    unknown = set(own.index[own.isna()])
    rows = []
    for count in schema.counts_of(inputs.scenario):
        kind = once["type"].isin(count.types) & ((once["tier"] == count.tier) | (count.tier is None))
        standing = kind & today & (not count.new_only)
        for scope, inside in count_scopes(count, once, demand):
            now = int((standing & inside).sum())
            told = now > 0 or count.each != "community" or scope not in unknown
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
                    "today": now if told else None,
                    "plan": then if planned and (told or then) else None,
                    "short": max(0, count.minimum - now) if told else None,
                    "type_names": ";".join(types.get(name, name) for name in count.types),
                    "tier": count.tier or "",
                    "place": f"{count.district or ''}{count.town or ''}",
                    "new_only": count.new_only,
                }
            )
    return pd.DataFrame(rows, columns=[*COLUMNS, *ABOUT], dtype=object)


def shown(stands: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that a reader looks at: all but the communities that have what is asked, and one outlet."""
    known = stands["today"].notna()
    enough = (stands["each"] == "community") & known & (stands["today"] != 0) & (stands["short"] == 0)
    return stands.loc[~enough.to_numpy(dtype=bool), COLUMNS].reset_index(drop=True)


def records(stands: pd.DataFrame) -> list[dict[str, Any]]:
    """Sum up every count: scopes, those that have what is asked today, those without any, those not known."""
    return [
        {
            "count": str(name),
            "clause": rows["clause"].iloc[0],
            "each": rows["each"].iloc[0],
            "min": int(rows["min"].iloc[0]),
            "scopes": len(rows),
            "today": int(rows["today"].dropna().sum()),
            "plan": None if rows["plan"].isna().any() else int(rows["plan"].sum()),
            "scopes_unknown": int(rows["today"].isna().sum()),
            "scopes_met": int((rows["short"] == 0).sum()),
            "scopes_without": int((rows["today"] == 0).sum()),
            **{key: rows[key].iloc[0] for key in ABOUT},
        }
        for name, rows in stands.groupby("count", sort=False)
    ]


def count_titles(found: Iterable[Mapping[str, Any]], language: Language) -> dict[str, str]:
    """Return what each count is called, by id; those of one name carry their id as well."""
    names = {str(one["count"]): count_title(one, language) for one in found}
    shared = Counter(names.values())
    return {
        key: say("standard.shared", language, name=name, id=key) if shared[name] > 1 else name
        for key, name in names.items()
    }


def lines(found: Iterable[Mapping[str, Any]], language: Language) -> Iterator[str]:
    """Say how every count stands, from its record."""
    whole = list(found)
    titles = count_titles(whole, language)
    for one in whole:
        clause = say("counts.clause", language, clause=one["clause"]) if one["clause"] else ""
        values = {**one, "clause": clause, "count": titles[one["count"]]}
        values |= {"each": say(f"counts.each.{one['each']}", language)}
        values |= {"scopes_had": one["scopes"] - one["scopes_without"] - one["scopes_unknown"]}
        yield say(f"counts.{_form(one)}", language, **values)
        if one["scopes_unknown"]:
            yield say("counts.unknown", language, **values)


def _form(one: Mapping[str, Any]) -> str:
    """Return which sentence a count is told in: nothing that is zero is told of, but what is asked for."""
    if one["each"] == "city":
        return "city_any" if not one["min"] else "city" if one["plan"] is None else "city_plan"
    if one["min"]:
        return "scopes_without" if one["scopes_without"] else "scopes"
    return "scopes_any" if one["scopes_without"] else "scopes_had"
