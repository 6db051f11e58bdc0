"""Service areas hold what is reached, and little else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pytest
import shapely

from planner import isochrones, network
from planner.geodesy import project
from planner.isochrones import CELL_M, MARGIN_M, SIMPLIFY_M
from planner.snapping import plane_epsg

if TYPE_CHECKING:
    from planner.roads import Roads

ROOT = Path(__file__).parents[1]
STATED_M = MARGIN_M + SIMPLIFY_M + 2 * CELL_M


@pytest.fixture(scope="module")
def walk() -> Roads:
    return network.read_roads(ROOT / "data" / "coquimbo" / "roads.osm.pbf", "walk")


def some_sites(roads: Roads, count: int, seed: int = 3) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(seed)
    nodes = rng.choice(roads.n_nodes, count, replace=False)
    points = gpd.points_from_xy(roads.lon[nodes] + 2e-4, roads.lat[nodes] + 1e-4)
    return gpd.GeoDataFrame({"site_id": [f"S{n}" for n in range(count)]}, geometry=points, crs=4326)


def test_areas_hold_every_node_reached_and_no_place_far_from_one(walk: Roads) -> None:
    sites = some_sites(walk, 6)
    everywhere = gpd.GeoDataFrame(
        {"demand_id": [f"N{n}" for n in range(walk.n_nodes)]},
        geometry=gpd.points_from_xy(walk.lon, walk.lat),
        crs=4326,
    )
    travel = network.travel(walk, everywhere, sites, cutoff_m=1000)
    areas = isochrones.service_areas(walk, sites, cutoffs_m=[1000]).to_crs(plane_epsg(walk))
    x, y = project(walk.lon, walk.lat, plane_epsg(walk))
    points = dict(zip(everywhere["demand_id"], shapely.points(x, y), strict=True))
    for site, shape in zip(areas["site_id"], areas.geometry, strict=True):
        reached = [points[node] for node in travel.loc[travel["site_id"] == site, "demand_id"]]
        assert shapely.covers(shape, reached).all()
        # any place inside lies near a node reached or on the way to the next one
        lines = shapely.union_all(shapely.buffer(reached, STATED_M + walk.length_mm.max() / 1000))
        assert lines.covers(shape)


def test_areas_grow_with_the_cutoff(walk: Roads) -> None:
    areas = isochrones.service_areas(walk, some_sites(walk, 3), cutoffs_m=[500, 1000]).to_crs(plane_epsg(walk))
    for _, pair in areas.groupby("site_id"):
        small, large = pair.sort_values("cutoff_m").geometry
        assert small.difference(large.buffer(STATED_M - MARGIN_M)).is_empty
        assert small.area < large.area


def test_minutes_on_foot_are_metres(walk: Roads) -> None:
    sites = some_sites(walk, 2)
    by_time = isochrones.service_areas(walk, sites, cutoffs_s=[900], walk_kph=4.0)
    by_length = isochrones.service_areas(walk, sites, cutoffs_m=[1000])
    assert by_time.geometry.geom_equals(by_length.geometry).all()


def test_a_site_off_the_roads_has_no_area(walk: Roads) -> None:
    far = gpd.GeoDataFrame({"site_id": ["far"]}, geometry=gpd.points_from_xy([-71.9], [-29.9]), crs=4326)
    assert isochrones.service_areas(walk, far, cutoffs_m=[1000]).empty


def test_exactly_one_kind_of_cutoff(walk: Roads) -> None:
    with pytest.raises(ValueError, match="cutoffs"):
        isochrones.service_areas(walk, some_sites(walk, 1))
