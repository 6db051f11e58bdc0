"""Layers of the map beside people and sites, packed: the land, communities that fall short, districts' shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.figures import percent, rounded_up
from planner.packing import packed_lines, packed_points
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from planner.mapdata import Land, MapLabels
    from planner.terms import Language


def land_layer(land: Land) -> dict[str, Any]:
    """Pack water (rings of areas, and lines) and boundaries (each stretch that two areas share once), if there are any.

    Rings of one path are filled by turns, which is right as long as no place lies in two areas of water.
    """
    areas = shapely.get_dimensions(land.water) == 2  # noqa: PLR2004
    outlines = np.array([area for _, area in land.boundaries], dtype=object)
    packed = {
        "water": packed_lines(shapely.get_parts(shapely.boundary(land.water[areas]))),
        "rivers": packed_lines(shapely.get_parts(land.water[~areas])),
        "borders": packed_lines(_once(outlines)),
    }
    return {"land": packed} if any(part["n"] for part in packed.values()) else {}


def _once(areas: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return the outlines of areas as lines, none of them twice."""
    lines = shapely.union_all(shapely.boundary(areas)) if len(areas) else shapely.MultiLineString()
    parts: NDArray[np.object_] = shapely.get_parts(shapely.line_merge(lines))
    return parts


# ---- communities ----


def community_layer(
    record: Mapping[str, Any], points: gpd.GeoDataFrame, standards: Sequence[str], labels: MapLabels
) -> dict[str, Any]:
    """Pack the communities that fall short or cannot be judged, today or with the plan.

    Parameters
    ----------
    record
        The content of ``run.json``; without its part ``effect`` there is nothing to say of communities.
    points
        Demand points with a place: unit_id, people, demand_id. A community stands at its largest one.
    standards
        Ids of the standards, in the order of the record.
    labels
        Names and language.

    Returns
    -------
    communities
        Columns of the communities, those on the map first in the order of ``place``; ``units``, the row of each
        point's community, -1 where it falls short nowhere; and ``decides``, the numbers of the deciding standards.
    """
    if "effect" not in record:
        return {}
    told = record["effect"]["communities"]
    largest = points.sort_values(["people", "demand_id"], ascending=[False, True]).drop_duplicates("unit_id")
    at = pd.Index(largest["unit_id"]).get_indexer(pd.Index([row["unit_id"] for row in told]))
    order = np.argsort(at < 0, kind="stable")
    rows = [told[number] for number in order]
    placed = largest.geometry.iloc[at[order][at[order] >= 0]]
    return {
        "communities": {
            "place": packed_points(placed),
            **{key: [str(row[key] or "") for row in rows] for key in ("name", "nearest", "measure")},
            "place_of": [" ".join(dict.fromkeys(filter(None, (row["district"], row["town"])))) for row in rows],
            "people": [int(row["people"]) for row in rows],
            "today": [row["state_today"] or "" for row in rows],
            "plan": [row["state_plan"] or "" for row in rows],
            "standard": [standards.index(row["standard"]) if row["standard"] in standards else -1 for row in rows],
            "metres": [_up(row["metres"], 1) for row in rows],
            "straight": [_up(row["straight_m"], 1) for row in rows],
            "minutes": [_up(row["seconds"], 6) for row in rows],  # tenths of a minute
            "reason": [_reason(row["reason"], labels.language) for row in rows],
            "units": _units(rows, points["unit_id"]),
            "decides": [standards.index(standard) for standard in record["effect"]["decides"]],
        }
    }


def _up(value: float | None, per: int) -> int:
    """Round up to so many; -1 for nothing."""
    return -1 if value is None else rounded_up(value, 1000 * per)


def _reason(reason: str | None, language: Language) -> str:
    if not reason:
        return ""
    return say("map.reason.not_assessable" if reason == "unassessable" else f"measure.reason.{reason}", language)


def _units(rows: Sequence[Mapping[str, Any]], units: pd.Series[str]) -> list[int]:
    number = {row["unit_id"]: place for place, row in enumerate(rows)}
    return [number.get(unit, -1) for unit in units]


# ---- districts ----


def district_layer(
    record: Mapping[str, Any], points: gpd.GeoDataFrame, standards: Sequence[str], states: Sequence[str]
) -> dict[str, Any]:
    """Pack the districts with their shares of people; nothing where the record has none.

    Returns
    -------
    districts
        ``name``; ``place``: that point of the district which is nearest to the middle of its people, so that a district
        around another one has its name on itself; ``shares``: standard -> state -> share of each district as printed.
        Most people first: where there is no room for all names, these stay.
    """
    figures = [
        row
        for row in record.get("effect", {}).get("figures", ())
        if row["level"] == "district" and not row["group"] and not row["variant"]
    ]
    people = points.groupby("district")["people"].sum().sort_values(ascending=False, kind="stable")
    names = [str(name) for name in people.index if name and any(row["scope"] == name for row in figures)]
    if not names:
        return {}
    known = {(row["standard"], row["state"], row["scope"]): percent(row["covered"], row["people"]) for row in figures}
    places = [_middle(points[points["district"] == name]) for name in names]
    shares = {
        number: {state: [known.get((standard, state, name), "") for name in names] for state in states}
        for number, standard in enumerate(standards)
        if any(row["standard"] == standard for row in figures)
    }
    return {"districts": {"name": names, "place": packed_points(gpd.GeoSeries(places)), "shares": shares}}


def _middle(points: gpd.GeoDataFrame) -> shapely.Point:
    """Return the point nearest to the middle of the people (in degrees of latitude both ways)."""
    xy = shapely.get_coordinates(points.geometry.to_numpy())
    weight = points["people"].to_numpy(dtype=np.float64) + 1  # nobody may be counted anywhere
    middle = (xy * weight[:, None]).sum(axis=0) / weight.sum()
    off = (xy - middle) * [np.cos(np.deg2rad(middle[1])), 1.0]
    found: shapely.Point = points.geometry.iloc[int(np.argmin((off**2).sum(axis=1)))]
    return found
