"""The map of service areas: a layer for each cutoff, the sites, and what the areas were drawn with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from planner.packing import bounds, packed_lines, road_layer
from planner.page import Labels, Layer, footer, page, site_layer, site_layers
from planner.pageload import page_words
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from geopandas import GeoDataFrame, GeoSeries

    from planner.roads import Roads


def write_area_map(
    path: Path,
    *,
    roads: Roads,
    sites: GeoDataFrame,
    areas: Mapping[str, GeoSeries],
    facts: Sequence[tuple[str, str]],
    scenario: str,
    data_date: str,
    labels: Labels,
) -> None:
    """Write the map of service areas. Same arguments give the same bytes.

    Parameters
    ----------
    path
        The HTML file to write; its folder exists.
    roads
        The network that was searched, drawn as the base map.
    sites
        One row for each site, as `page.site_layer` takes them.
    areas
        Name of each cutoff, the nearest first -> shapes in EPSG:4326.
    facts
        Names and values of what the areas were drawn with.
    scenario, data_date
        What the heading says.
    labels
        Names and footer.
    """
    shapes = [shape for some in areas.values() for shape in some]
    corners = shapely.get_coordinates(shapely.envelope([*shapes, *sites.geometry]))
    words = page_words(labels.language, "map", "areamap")
    data = {
        "words": words,
        "record": {"scenario": scenario, "date": data_date},
        "footer": footer(labels),
        "bounds": bounds(corners, roads),
        "roads": road_layer(roads),
        "sites": site_layer(sites, labels, words),
        "areas": [_packed(name, some) for name, some in areas.items()],
        "facts": facts,
    }
    path.write_bytes(page(data, labels, list(_layers(data, labels)), script="areas.js"))


def _layers(data: Mapping[str, Any], labels: Labels) -> Iterator[Layer]:
    """Yield the sites, candidates too as they were asked for, then each cutoff, and the roads."""
    for layer in site_layers(data["sites"]):
        yield replace(layer, show=True)
    for number, area in enumerate(data["areas"]):
        name = say("areamap.layer", labels.language, name=area["name"])
        yield Layer("areas", (number,), name, overlay=True, show=True)
    yield Layer("roads", (), say("map.roads", labels.language), overlay=True, show=True)


def _packed(name: str, shapes: GeoSeries) -> dict[str, Any]:
    """Rings of all shapes, and how many of them each shape has."""
    rings, shape = shapely.get_parts(shapely.boundary(shapes.to_numpy()), return_index=True)
    return {"name": name, "rings": np.bincount(shape, minlength=len(shapes)).tolist(), "lines": packed_lines(rings)}
