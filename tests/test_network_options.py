"""Options of the Python face that make no sense are refused, and odd ones mean what they say."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pytest

from oracle import Segment, make_roads
from planner import isochrones, network

PLACES = [(9.51, 47.20), (9.52, 47.20), (9.53, 47.20)]


def points(name: str, count: int = 3) -> gpd.GeoDataFrame:
    lon, lat = zip(*PLACES[:count], strict=True)
    ids = [f"{name}{n}" for n in range(count)]
    return gpd.GeoDataFrame({name: ids}, geometry=gpd.points_from_xy(lon, lat), crs=4326)


STREET = [Segment(1, 0, 1), Segment(2, 1, 2)]


@pytest.mark.parametrize(
    "options",
    [
        {"cutoff_m": -1},
        {"cutoff_m": -0.0005},
        {"cutoff_m": [-5, 1000]},
        {"cutoff_s": -1},
        {"cutoff_m": float("nan")},
        {"cutoff_m": float("inf")},
        {"cutoff_m": 1000, "walk_kph": 0},
        {"cutoff_m": 1000, "walk_kph": -4.0},
        {"cutoff_m": 1000, "cutoff_s": 900},
        {},
    ],
)
@pytest.mark.parametrize("mode", ["walk", "drive"])
def test_senseless_cutoffs_and_speeds_are_refused(mode: Any, options: dict[str, Any]) -> None:
    roads = make_roads(mode, PLACES, STREET)
    with pytest.raises(ValueError, match=r"cutoff|literal|speed"):
        network.travel(roads, points("demand_id"), points("site_id"), **options)


def test_senseless_cutoffs_of_areas_are_refused() -> None:
    roads = make_roads("walk", PLACES, STREET)
    for wrong in ({"cutoffs_m": [-5, 100]}, {"cutoffs_s": [-1]}, {"cutoffs_m": [100], "walk_kph": 0}):
        with pytest.raises(ValueError, match=r"cutoff|speed"):
            isochrones.service_areas(roads, points("site_id"), **wrong)


def test_no_limit_to_the_access_leg_is_none() -> None:
    roads = make_roads("walk", PLACES, STREET)
    far = gpd.GeoDataFrame({"demand_id": ["far"]}, geometry=gpd.points_from_xy([9.6], [47.5]), crs=4326)
    found = network.travel(roads, far, points("site_id"), cutoff_m=100_000, snap_max_m=float("inf"))
    assert found["site_id"].tolist() == ["site_id0", "site_id1", "site_id2"]
    assert network.travel(roads, far, points("site_id"), cutoff_m=100_000).empty


def test_ranks_count_for_each_row_even_of_one_id() -> None:
    roads = make_roads("walk", PLACES, STREET)
    twins = points("demand_id").assign(demand_id="twin")
    found = network.nearest(roads, twins, points("site_id"), count=2)
    assert found["rank"].tolist() == [1, 2] * 3


def test_cutoffs_may_come_as_an_array() -> None:
    roads = make_roads("walk", PLACES, STREET)
    found = network.travel(roads, points("demand_id"), points("site_id"), cutoff_m=np.array([2000, 800]))
    assert sorted(set(found["cutoff_m"])) == [800.0, 2000.0]


def test_nothing_drawn_is_a_table_of_text_ids() -> None:
    roads = make_roads("walk", PLACES, STREET)
    far = gpd.GeoDataFrame({"site_id": ["far"]}, geometry=gpd.points_from_xy([9.6], [47.5]), crs=4326)
    areas = isochrones.service_areas(roads, far, cutoffs_m=[1000])
    assert areas.empty
    assert areas["site_id"].dtype == "str"
