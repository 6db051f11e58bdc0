"""The map of a result: people by standard, facilities, service areas and roads, with the run's figures beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from planner.figures import gap_percent, percent, percent_of, permille_down, rounded_up, status_of
from planner.mapcards import site_cards
from planner.mapdata import STATES, goals_asked, opened_words, states_of
from planner.maplayers import community_layer, district_layer, land_layer
from planner.packing import area_layers, bounds, packed_points, road_layer, spacing
from planner.page import Layer, footer, page, places_named, site_layer, site_layers
from planner.pageload import page_words
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from geopandas import GeoDataFrame

    from planner.mapdata import MapData, MapLabels
    from planner.terms import Language

_REASON_CODES = {
    "beyond": "b", "demand_off_network": "f", "no_route": "r", "no_site": "s", "not_assessable": "n", "checked": "k",
}  # fmt: skip
_MARK_CODES = {"met": "m", "unmet": "u", "apart": "a", "spread": "s", "close": "c"}


def write_map(path: Path, shown: MapData) -> None:
    """Write the map of one result. Same inputs give the same bytes.

    Parameters
    ----------
    path
        The HTML file to write; its folder exists.
    shown
        What it shows.

    Raises
    ------
    KeyError
        If the record, a table or a reason does not keep its contract.
    """
    record, labels, demand, roads = shown.record, shown.labels, shown.demand, shown.roads
    placed = demand[demand.geometry.notna() & ~demand.geometry.is_empty].reset_index(drop=True)
    sites = shown.sites[shown.sites.geometry.notna() & ~shown.sites.geometry.is_empty].reset_index(drop=True)
    places = np.concatenate([shapely.get_coordinates(table.geometry.to_numpy()) for table in (placed, sites)])
    open_sites = sites["state"].isin(["today", "planned"])
    coverage = shown.coverage
    states = states_of(shown)
    standards = [item["id"] for item in record["standards"]]
    site_ids = sorted(set(coverage["site_id"].dropna()) - {""})
    words = page_words(labels.language, "map")
    data = {
        "words": words,
        "states": states,
        "record": _figures(record, labels, states, words),
        "footer": footer(labels, shown.live),
        "bounds": bounds(places, roads),
        "roads": road_layer(roads),
        "points": _points(placed),
        "coverage": _coverages(coverage, standards, states, placed["demand_id"], site_ids),
        "siteNames": [labels.site_names.get(site_id, site_id) for site_id in site_ids],
        "spacing": {"points": spacing(placed.geometry), "sites": spacing(sites.geometry[open_sites])},
        "reasons": {code: f"reason.{reason}" for reason, code in _REASON_CODES.items()},
        "sites": site_layer(sites, labels, words),
        "cards": site_cards(record, sites["site_id"], sites["state"], labels),
        "areas": area_layers(shown.areas, standards, states),
        **({"edits": list(shown.edits)} if shown.edits else {}),
        **_marks(shown.marks, standards, placed["demand_id"].tolist()),
        **land_layer(shown.land),
        **community_layer(record, placed, standards, labels),
        **district_layer(record, placed, standards, states),
    }
    path.write_bytes(page(data, labels, _layers(data, labels.language), script="map.js", live=shown.live))


# ---- figures ----


def _figures(
    record: Mapping[str, Any], labels: MapLabels, states: Sequence[str], words: Mapping[str, str]
) -> dict[str, Any]:
    """Return the record's figures for the legend, shares and gap as they are printed; costs of a plan that is one."""
    plan = record.get("plan", {})
    fields = ("best_effort", "cost_once_yuan", "cost_yearly_yuan", "estimated_yuan") if "plan" in states else ()
    rates = [
        {
            **{key: item[key] for key in ("people", "not_assessable")},
            "name": labels.standard_names.get(item["id"], item["id"]),
            "states": [_rate(item[f"covered_{state}"], item["people"]) for state in states],
        }
        for item in record["standards"]
    ]
    goals = [
        {
            "name": _goal_name(goal, labels.language),
            "met": bool(goal["met"]),
            **{key: percent_of(goal.get(key)) for key in ("target", *STATES)},
        }
        for goal in goals_asked(record)
    ]
    return {
        "scenario": record["scenario"],
        "date": record["data_date"],
        "standards": rates,
        "goals": goals,
        "plan": {
            "status": status_of(plan) if plan else None,
            **{key: plan.get(key) for key in fields},
            **({"given": True, "broken": list(plan["rules_broken_words"])} if plan.get("given") else {}),
            "gap": gap_percent(plan.get("gap")),
            "opened": opened_words(record, words) if "plan" in states else "",
            "conflict": list(plan.get("conflict_words", ())),
        },
    }


def _goal_name(goal: Mapping[str, Any], language: Language) -> str:
    """Name a goal with its scope and year, and whom it counts where that is not simply everybody within reach."""
    name = " ".join(str(part) for part in (goal["id"], goal.get("scope"), goal.get("year")) if part)
    counts = goal.get("counts", "reached")
    return name if counts == "reached" else name + say(f"summary.counts_{counts}", language)


def _rate(covered: int | None, people: int) -> dict[str, Any]:
    tenths = permille_down(covered, people) if covered is not None and people else 0
    return {"covered": covered, "share": percent(covered, people), "tenths": tenths}


# ---- tables ----


def _points(placed: GeoDataFrame) -> dict[str, Any]:
    return {
        "place": packed_points(placed.geometry),
        "name": [str(name) for name in placed["name"]],
        "place_of": places_named(placed),
        "people": [int(people) for people in placed["people"]],
    }


def _rounded_up(values: pd.Series[Any], thousandths: int) -> list[int]:
    """Round a column up; -1 for nothing."""
    return [-1 if pd.isna(value) else rounded_up(value, thousandths) for value in values]


def _coverages(
    coverage: pd.DataFrame,
    standards: Sequence[str],
    states: Sequence[str],
    demand_ids: pd.Series[str],
    site_ids: Sequence[str],
) -> list[dict[str, Any]]:
    """Pack each standard and state as columns beside the points; sites by their place in `site_ids`."""
    tables = []
    for number, standard in enumerate(standards):
        for state in states:
            rows = coverage[(coverage["standard"] == standard) & (coverage["state"] == state)]
            rows = rows.sort_values("year", kind="stable").drop_duplicates("demand_id", keep="last")
            known = rows.set_index("demand_id").reindex(demand_ids)
            packed = {
                "standard": number,
                "state": state,
                "code": "".join(map(_code, known["covered"], known["reason"])),
                "site": pd.Index(site_ids).get_indexer(pd.Index(known["site_id"])).tolist(),
                "metres": _rounded_up(known["metres"], 1000),
                "minutes": _rounded_up(known["seconds"], 6000),  # tenths of a minute
            }
            tables.append(packed)
    return tables


def _marks(marks: Mapping[tuple[str, str], str], standards: Sequence[str], ids: Sequence[str]) -> dict[str, Any]:
    """Pack the marks of each standard beside the points, with the words of their codes; nothing without any."""
    packed = ["".join(_MARK_CODES.get(marks.get((name, one), ""), "-") for name in ids) for one in standards]
    words = {code: f"mark.{mark}" for mark, code in _MARK_CODES.items() if any(code in text for text in packed)}
    return {"marks": packed, "markWords": words} if words else {}


def _code(covered: object, reason: object) -> str:
    if pd.isna(covered):  # type: ignore[call-overload]
        return "-"
    return "c" if covered else _REASON_CODES[str(reason)]


def _layers(data: Mapping[str, Any], language: Language) -> Iterator[Layer]:
    """Yield the people of each standard, to be shown one at a time, then facilities, areas and roads."""
    for number, standard in enumerate(data["record"]["standards"]):
        for state in data["states"]:
            name = say("map.layer", language, name=standard["name"], state=say(f"map.{state}", language))
            show = number == 0 and state == data["states"][-1]
            yield Layer("people", (number, state), name, overlay=False, show=show)
    yield from site_layers(data["sites"])
    yield from _judged_layers(data, language)
    for number, area in enumerate(data["areas"]):
        standard, state = data["record"]["standards"][area["standard"]]["name"], say(f"map.{area['state']}", language)
        name = say("map.areas", language, name=standard, state=state)
        yield Layer("areas", (number,), name, overlay=True, show=False)
    if "edits" in data:
        yield Layer("edits", (), say("map.edits", language), overlay=True, show=True)
    if "land" in data:
        yield Layer("land", (), say("map.land", language), overlay=True, show=True)
    yield Layer("roads", (), say("map.roads", language), overlay=True, show=True)


def _judged_layers(data: Mapping[str, Any], language: Language) -> Iterator[Layer]:
    """Yield the districts, then the communities that fall short of each deciding standard, and those not assessable."""
    if "districts" in data:
        yield Layer("districts", (), say("map.districts", language), overlay=True, show=False)
    if "communities" not in data:
        return
    told, state = data["communities"], data["states"][-1]
    placed = told["place"]["n"][0]
    standing = list(zip(told["standard"], told[state], strict=True))[:placed]
    for number in sorted({standard for standard, how in standing if how == "unmet" and standard >= 0}):
        name = say(f"map.left_{state}", language, name=data["record"]["standards"][number]["name"])
        yield Layer("communities", ("unmet", number), name, overlay=True, show=False)
    if any(how == "unassessable" for _, how in standing):
        name = say("map.not_judged", language)
        yield Layer("communities", ("unassessable", -1), name, overlay=True, show=False)
