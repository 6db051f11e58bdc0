"""Whom a plan leaves out: communities that are not 达标 today or with the plan, why, and what stands against it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planner import leftout, measures
from planner.columns import GROUP_PREFIX
from planner.effectfigures import PLAN, TODAY
from planner.standings import DECIDED, MET, UNASSESSABLE, UNMET

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planner.effectfigures import Seen
    from planner.study import Study


def _states(found: Seen, state: str) -> pd.Series:
    """State of every community under the deciding standards together: index unit_id."""
    table = found.standings[state]
    return table[table["standard"] == DECIDED].set_index("unit_id")["state"]


def measure_rows(studied: Study, found: Seen) -> pd.DataFrame:
    """Return why each community falls short today, and what stands against it (`planner.measures.measures`).

    Whoever stays left with the plan shares the outlet that is nearest then: it may be one that the plan opens.
    """
    inputs = studied.inputs
    offers = found.planned and bool((inputs.sites.frame["status"] == "candidate").any())
    return measures.measures(
        found.standings[TODAY],
        inputs.demand.frame,
        studied.coverage,
        inputs.sites.frame,
        studied.opened,
        measures.reachable(studied.reach, inputs.options) if offers else None,
        rule=inputs.scenario.demand.community_rule,
        served_by={one.id: one.served_by for one in inputs.standards},
        then=found.standings.get(PLAN),
    )


def left_part(studied: Study, found: Seen, rows: pd.DataFrame) -> dict[str, Any]:
    """Count the communities that are not 达标 and who lives there, today and with the plan.

    Parameters
    ----------
    studied, found
        The study, and how its communities stand.
    rows
        As `measure_rows` returns them.

    Returns
    -------
    left
        ``today`` and ``plan`` (null where nothing was planned): communities, people (all who live there), groups (id ->
        name, people), by_town (most communities first), unassessable (communities), and of the plan reasons (each of
        `planner.leftout.REASONS` -> communities; they add up to those left and those that cannot be judged).
    """
    names = {group.id: group.name for group in studied.inputs.scenario.group}
    parts: dict[str, Any] = {state: _left(found, state, names) for state in found.standings}
    if not found.planned:
        return {**parts, PLAN: None}
    counts = leftout.left_by_reason(rows, found.standings[PLAN], found.order)
    return {**parts, PLAN: {**parts[PLAN], "reasons": {name: counts[name] for name in leftout.REASONS}}}


def _left(found: Seen, state: str, names: Mapping[str, str]) -> dict[str, Any]:
    states = _states(found, state)
    units = found.units.loc[states.index[(states == UNMET).to_numpy()]]
    groups = [str(name) for name in units.columns if str(name).startswith(GROUP_PREFIX)]
    towns = units.groupby(["district", "town"])["people"].agg(["size", "sum"]).reset_index()
    towns = towns.sort_values(["size", "district", "town"], ascending=[False, True, True])  # as the ledger has them
    return {
        "communities": len(units),
        "people": int(units["people"].sum()),
        "groups": {
            key: {"name": names.get(key, key), "people": int(units[GROUP_PREFIX + key].sum())}
            for key in (name.removeprefix(GROUP_PREFIX) for name in groups)
        },
        "by_town": [
            {"district": district, "town": town, "communities": int(count), "people": int(people)}
            for district, town, count, people in towns.itertuples(index=False, name=None)
        ],
        "unassessable": int((states == UNASSESSABLE).sum()),
    }


def community_records(studied: Study, found: Seen, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """List the communities that are not 达标 today, by district, town and code: table 3 of the documents.

    A plan closes nothing, so whoever is left with the plan is left today.

    Parameters
    ----------
    studied, found, rows
        As for `left_part`.

    Returns
    -------
    communities
        unit_id, name, district, town, setting (in words), people, state_today, state_plan (null where nothing was
        planned), standard (the first deciding one that it falls short of and the plan does not mend, else the first),
        and under that standard nearest_site_id, nearest (name), metres (along the roads; null where the straight line
        decides and no roads of its mode were read), straight_m, seconds of its nearest outlet today, reason (one of
        `planner.leftout.REASONS`) and measure (in words).
    """
    today = _states(found, TODAY)
    plan = _states(found, PLAN) if found.planned else pd.Series(dtype=object)
    ways = {(row["unit_id"], row["standard"]): row for row in found.standings[TODAY].to_dict("records")}
    spoken = _speaking(today, rows, found)
    scenario, sites = studied.inputs.scenario, studied.inputs.sites.frame
    names = dict(zip(sites["site_id"], sites["name"], strict=True))
    types = {facility.type: facility.name for facility in scenario.facility}
    unknown = {one.id for one in studied.inputs.standards if one.metric == "straight" and one.id not in found.other}
    added = frozenset(studied.opened.loc[~studied.opened["at_existing"].astype(bool), "site_id"])
    left = found.units.loc[today.index[(today != MET).to_numpy()]].reset_index()
    records = []
    for unit in left.sort_values(["district", "town", "unit_id"]).to_dict("records"):
        key = unit["unit_id"]
        row = spoken[key]
        way = ways[key, row["standard"]]
        records.append(
            {
                **{name: unit[name] for name in ("unit_id", "name", "district", "town", "setting")},
                "people": int(unit["people"]),
                "state_today": today[key],
                "state_plan": plan.get(key),
                "standard": row["standard"],
                "nearest_site_id": way["site_id"],
                "nearest": names.get(way["site_id"], ""),
                "metres": None if row["standard"] in unknown else _length(way["metres"]),
                **{name: _length(way[name]) for name in ("straight_m", "seconds")},
                "reason": row["reason"] or UNASSESSABLE,
                "measure": measures.in_words(row, names, types, scenario.language, _shared(row, way, added))[1],
            }
        )
    return records


def _speaking(today: pd.Series, rows: pd.DataFrame, found: Seen) -> dict[str, dict[str, Any]]:
    """Return the measure that speaks for each community: a standard not met goes before one that nobody can tell."""
    unmet = leftout.deciding(rows[(rows["reason"] != "").to_numpy()], found.order)
    short = {unit: unmet[unit] for unit in today.index[(today == UNMET).to_numpy()]}
    return leftout.deciding(rows, found.order) | short


def _shared(row: Mapping[Any, Any], way: Mapping[Any, Any], added: frozenset[str]) -> str:
    """Choose the words for an outlet to be shared; with the plan another point may decide, and other metres count."""
    if row["joint_site_id"] in added:
        return "joint_planned"
    return "joint" if _length(row["joint_m"]) == _length(way["metres"]) else "joint_then"


def _length(value: Any) -> float | None:
    """Metres or seconds with three decimals; None where there is no outlet, or no way to it."""
    return None if pd.isna(value) else float(np.round(value, 3))
