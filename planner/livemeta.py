"""What the live map knows beside roads and people: standards, goals, sites, what may be built, signed figures."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from operator import index
from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import pandas as pd
import shapely

from planner import __version__, record, schema
from planner.candidates import COLUMNS as OPTION_COLUMNS
from planner.candidates import MONEY, options
from planner.coverage import applies
from planner.errors import attempt
from planner.geodesy import to_mm
from planner.livechecks import checks_of
from planner.livefigures import figures
from planner.livepoints import scope_of_points
from planner.liverules import rules_of
from planner.page import without_turns
from planner.plantables import types_today
from planner.snapping import plane_epsg
from planner.study import goals_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planner.livepoints import Points
    from planner.roads import Roads
    from planner.schema import Scenario
    from planner.standards import Standard
    from planner.study import Study
    from planner.terms import Metric

SPEEDS_KPH = ("3.2", "4.0", "4.8")
"""Walking speeds that the page offers beside the scenario's own."""

RULES = ("0.5", "0.6", "0.8", "1")
"""Shares of its people that make a community count as covered, beside the scenario's own."""

NEW_SITE = "live-"
"""What the ids of places begin with that the page gives."""


def meta_of(
    studied: Study, run: Mapping[str, Any], points: Points, frontier: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return what the page needs to know beside roads, people and feet.

    Parameters
    ----------
    studied
        The study.
    run
        The content of run.json.
    points
        The points, in the order of the page.
    frontier
        The content of a frontier.json that was found from the same scenario and data; None without one.

    Returns
    -------
    meta
        Plain data; see docs/live.md.
    """
    scenario = studied.inputs.scenario
    return {
        "planner": __version__,
        **_scenario_part(studied, run),
        **_measure_part(studied),
        "types": [{key: getattr(one, key) for key in ("type", "name", "build")} for one in scenario.facility],
        "prices": list(prices(scenario)),
        "standards": list(_standards(studied, run)),
        "checks": checks_of(studied, points, _site_numbers(studied)),
        "groups": [{"id": group.id, "name": without_turns(group.name)} for group in scenario.group],
        "goals": list(_goals(studied, points)),
        "units": _units(points),
        "districts": list(points.districts),
        "sites": _sites(studied),
        "reserved": _reserved(studied),
        "options": _options(studied),
        "siting_rules": rules_of(studied, _site_numbers(studied)),
        "plan": _plan(studied),
        "frontier": _frontier(studied, frontier),
        "signed": {
            "today": figures(studied, points, "today"),
            "plan": figures(studied, points, "plan") if studied.planned else None,
        },
    }


# ---- the scenario ----


def _scenario_part(studied: Study, run: Mapping[str, Any]) -> dict[str, Any]:
    scenario, siting = studied.inputs.scenario, studied.inputs.scenario.siting
    return {
        "scenario": {
            "name": scenario.name,
            "title": without_turns(scenario.title),
            # as seen from beside the folder of all results, where commands are given
            "file": without_turns(str(run.get("scenario_file", "")).removeprefix("../")),
        },
        "extends": f"{scenario.name}/scenario.toml",
        "data_date": scenario.data_date.isoformat(),
        "phased": bool(studied.phases),
        "years": list(studied.years),
        "first_year": studied.years[0],
        "horizon_years": siting.horizon_years,
        "budget_yuan": siting.budget_yuan,
        "areas": scenario.areas.districts is not None,
        "town_areas": scenario.areas.towns is not None,
        "counted_by": sorted({one.each for one in scenario.count if one.min or one.max is not None} - {"city"}),
    }


def _measure_part(studied: Study) -> dict[str, Any]:
    """Say how reach is measured: speeds, rules, the plane that points are snapped in."""
    scenario, networks = studied.inputs.scenario, studied.inputs.networks
    speed, speeds = _choices(scenario.roads.walk_kph, SPEEDS_KPH)
    rule, rules = _choices(scenario.demand.community_rule, RULES)
    return {
        "walk_kph": speed,
        "speeds": speeds,
        "rule": rule,
        "rules": rules,
        "snap_max_mm": int(to_mm(float(scenario.roads.snap_max_m))),
        "utms": {mode: zone_of(roads) for mode, roads in networks.items()},
        "modes": list(networks),
    }


def _choices(own: Decimal, usual: Sequence[str]) -> tuple[str, list[str]]:
    """Return a scenario's own number as text, and all that may be chosen, ascending; equal ones are one."""
    text = next((one for one in usual if Decimal(one) == own), format(own, "f"))
    return text, sorted({*usual, text}, key=Decimal)


def zone_of(roads: Roads) -> dict[str, Any]:
    """Zone of UTM whose plane a network is snapped in; any for a network without roads, for nothing is snapped."""
    epsg = plane_epsg(roads) if roads.n_nodes else 32601
    return {"zone": epsg % 100, "south": epsg // 100 == 327}  # noqa: PLR2004  EPSG's own numbers


# ---- standards and goals ----


def _with(scenario: Scenario, speed: str, metric: Metric) -> tuple[Standard, ...]:
    """Return the standards as they were with another walking speed, all of them measured in one way."""
    roads = scenario.roads.model_copy(update={"walk_kph": Decimal(speed)})
    sections = tuple(section.model_copy(update={"metric": metric}) for section in scenario.standard)
    return schema.standards_of(scenario.model_copy(update={"roads": roads, "standard": sections}))


def _standards(studied: Study, run: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Describe the standards with their limits by walking speed, by road and in a straight line.

    There is no way by road where the network was not read, because no standard of the scenario asks for it, and none in
    a straight line for minutes of a drive, which no scenario may ask for.
    """
    scenario = studied.inputs.scenario
    names = record.standard_names(run["standards"], scenario.language)
    _, speeds = _choices(scenario.roads.walk_kph, SPEEDS_KPH)
    metrics: tuple[Literal["road", "straight"], ...] = ("road", "straight")
    by_way = {metric: [_with(scenario, speed, metric) for speed in speeds] for metric in metrics}
    for number, standard in enumerate(studied.inputs.standards):
        asked = {"road": standard.mode in studied.inputs.networks, "straight": standard.measure == "distance"}
        ways = {
            metric: {
                "mode": "straight" if metric == "straight" else standard.mode,
                "measure": found[0][number].measure,
                "limits": [standards[number].limit for standards in found],
            }
            if asked[metric]
            else None
            for metric, found in by_way.items()
        }
        yield {
            "id": standard.id,
            "name": without_turns(names[standard.id]),
            "served_by": list(standard.served_by),
            "own": standard.metric,
            "ways": ways,
        }


def _goals(studied: Study, points: Points) -> Iterator[dict[str, Any]]:
    """Describe the goals of the last year."""
    order = {standard.id: number for number, standard in enumerate(studied.inputs.standards)}
    standards = {standard.id: standard for standard in studied.inputs.standards}
    for goal in goals_in(studied, studied.years[-1]):
        names, _ = scope_of_points(points, goal, applies(points.table, standards[goal.standard]))
        yield {
            "id": goal.id,
            "standard": order[goal.standard],
            "share": format(goal.share, "f"),
            "of": goal.of,
            "group": goal.group,
            "backup": goal.backup,
            "served": goal.standard == studied.inputs.scenario.siting.capacity_standard,
            "scopes": names,
        }


# ---- communities ----


def _units(points: Points) -> list[dict[str, Any]]:
    """Name the communities: as their points are called where all have one name, else by the id; say where they lie."""
    towns = _towns_of_units(points)
    number = {name: place for place, name in enumerate(points.districts)}
    table = points.table[points.table["unit_id"] != ""]
    by_unit = table.groupby("unit_id", sort=True)
    found = by_unit.agg(first=("name", "min"), last=("name", "max"), district=("district", "first")).reset_index()
    return [
        {
            "id": row["unit_id"],
            "name": without_turns(row["first"] if row["first"] == row["last"] and row["first"] else row["unit_id"]),
            "district": number.get(row["district"], -1),
            "town": towns.get(row["unit_id"], ""),
        }
        for row in found.to_dict("records")
    ]


def _towns_of_units(points: Points) -> dict[str, str]:
    """Return the first town that the demand table names of each community; none of those that it has no town of."""
    table = points.table[["unit_id", "town"]].iloc[points.rows.argsort()]
    named = table[(table["unit_id"] != "") & (table["town"] != "")].drop_duplicates("unit_id")
    return dict(zip(named["unit_id"], named["town"], strict=True))


# ---- sites, and what may be built ----


def sites_in_order(studied: Study) -> gpd.GeoDataFrame:
    """Return the sites that are open today or may be built, by site_id: ties go to the first."""
    return studied.city.sites.sort_values("site_id", kind="stable")


def _sites(studied: Study) -> list[dict[str, Any]]:
    today = types_today(studied.inputs)
    table = sites_in_order(studied)
    texts = ("status", "district", "town", "tier", "host", "funding", "build_method")
    return [
        {
            "id": row["site_id"],
            "name": without_turns(row["name"]),
            "types": today.get(row["site_id"], ""),
            "lon": lon,
            "lat": lat,
            **{key: "" if pd.isna(row[key]) else str(row[key]) for key in texts},
            **{key: _whole(row[column]) for key, column in (("once", MONEY[0]), ("yearly", MONEY[1]))},
            "capacity": _whole(row["capacity_people"]),
        }
        for row, lon, lat in zip(
            table.drop(columns="geometry").to_dict("records"),
            table.geometry.x.tolist(),
            table.geometry.y.tolist(),
            strict=True,
        )
    ]


def _whole(value: Any) -> int | None:
    return None if pd.isna(value) else int(value)


def _reserved(studied: Study) -> list[str]:
    """Ids like those that the page gives which other sites of the tables have already."""
    known = studied.inputs.sites.frame["site_id"]
    others = set(known) - set(studied.city.sites["site_id"])
    return sorted(one for one in others if str(one).startswith(NEW_SITE))


def _new_options(studied: Study) -> pd.DataFrame:
    table = studied.inputs.options
    return table[table["state"] == "new"]


def _site_numbers(studied: Study) -> dict[str, int]:
    return {name: number for number, name in enumerate(sites_in_order(studied)["site_id"])}


def _options(studied: Study) -> list[dict[str, Any]]:
    site = _site_numbers(studied)
    return [
        {
            "site": site[row["site_id"]],
            "type": row["type"],
            "size": row["size"],
            "once": int(row[MONEY[0]]),
            "yearly": int(row[MONEY[1]]),
            "estimated": bool(row["estimated_once"] or row["estimated_yearly"]),
            "estimated_once": bool(row["estimated_once"]),
            "funding": row["funding"] or "",
        }
        for row in _new_options(studied).to_dict("records")
    ]


def _option_numbers(studied: Study) -> dict[tuple[str, str, str], int]:
    """Site, type and size -> number of the option."""
    return {_key(row): number for number, row in enumerate(_new_options(studied).to_dict("records"))}


def _key(row: Mapping[Any, Any]) -> tuple[str, str, str]:
    return row["site_id"], row["type"], row["size"] or ""


def _plan(studied: Study) -> list[dict[str, int]]:
    """List what the plan opens by its last year, in the order of building."""
    number = _option_numbers(studied)
    rows = studied.opened.to_dict("records")
    return [{"option": number[_key(row)], "year": int(row["year"])} for row in rows]


def _frontier(studied: Study, found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what each budget builds; None where a frontier names what this run knows nothing of."""
    if found is None:
        return None
    standards = [standard.id for standard in studied.inputs.standards]
    number = _option_numbers(studied)
    try:
        return {
            "standard": standards.index(found["standard"]["id"]),
            "points": [
                {
                    "open": [
                        {"option": number[_key(row)], "year": index(row["year"])}
                        for row in sorted(point["sites"], key=lambda row: index(row["year"]))
                    ],
                }
                for point in found["points"]
            ],
        }
    except (KeyError, TypeError, ValueError, OverflowError):  # of another version, or edited by hand
        return None


def prices(scenario: Scenario) -> Iterator[dict[str, Any]]:
    """Price a new place of each type that may be built, by build method and size, as a candidate without own figures.

    Parameters
    ----------
    scenario
        The scenario.

    Yields
    ------
    price
        ``type``, ``method`` (empty: none), ``size`` (empty where the type has none), ``once`` and ``yearly`` in yuan.
        What has no price anywhere is not there.
    """
    facilities, costs = schema.facility_types_of(scenario), schema.build_costs_of(scenario)
    sizes = schema.sizes_of(scenario)
    for facility in facilities:
        methods = ("", *(cost.method for cost in costs if cost.type == facility.type))
        for method in methods if facility.build else ():
            found, _ = attempt(partial(options, _unknown_place(facility.type, method), facilities, costs, sizes))
            for row in [] if found is None else found.to_dict("records"):
                yield {
                    "type": facility.type,
                    "method": method,
                    "size": row["size"],
                    "once": int(row[MONEY[0]]),
                    "yearly": int(row[MONEY[1]]),
                }


def _unknown_place(kind: str, method: str) -> gpd.GeoDataFrame:
    """Return a candidate of which only type and build method are known."""
    texts = dict.fromkeys([name for name in OPTION_COLUMNS if name not in {"lon", "lat", *MONEY}], "")
    row = {**texts, "type": kind, "status": "candidate", "build_method": method, "capacity_people": None}
    nothing = dict.fromkeys(MONEY)
    return gpd.GeoDataFrame([{**row, **nothing}], geometry=[shapely.Point(0, 0)], crs=4326)
