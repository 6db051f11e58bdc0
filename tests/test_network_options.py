"""Options of the Python face that make no sense are refused, and odd ones mean what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from oracle import Segment, make_roads
from planner import isochrones, network
from shared_data import COQUIMBO_ROADS

if TYPE_CHECKING:
    from planner.terms import Mode

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


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"cutoff_m": "1000"}, TypeError),
        ({"cutoff_m": 1000, "snap_max_m": -1.0}, ValueError),
        ({"cutoff_m": 1000, "snap_max_m": float("nan")}, ValueError),
    ],
)
def test_other_senseless_options_are_refused(options: dict[str, Any], error: type[Exception]) -> None:
    roads = make_roads("walk", PLACES, STREET)
    with pytest.raises(error):
        network.travel(roads, points("demand_id"), points("site_id"), **options)


def test_words_that_mean_nothing_are_refused() -> None:
    roads: Any = make_roads("walk", PLACES, STREET)
    anything: Any = "foo"
    with pytest.raises(ValueError, match="foo"):
        network.nearest(roads, points("demand_id"), points("site_id"), measure=anything)
    with pytest.raises(ValueError, match="foo"):
        isochrones.service_areas(roads, points("site_id"), cutoffs_m=[100], method=anything)
    with pytest.raises(ValueError, match="sites_per_block"):
        next(network.travel_blocks(roads, points("demand_id"), points("site_id"), cutoff_m=100, sites_per_block=-1))


@pytest.mark.parametrize(("mode", "factor"), [("bike", 0.7), *(("drive", x) for x in (0.0, -1.0, np.nan, np.inf))])
def test_no_roads_of_a_senseless_kind(mode: Any, factor: float) -> None:
    with pytest.raises(ValueError, match="no roads"):
        network.read_roads(COQUIMBO_ROADS, mode, drive_factor=factor)


def test_tables_may_stand_in_any_reference_system_that_they_name() -> None:
    roads = make_roads("walk", PLACES, STREET)
    demand, sites = points("demand_id"), points("site_id")
    expected = network.travel(roads, demand, sites, cutoff_m=5000, straight=True)
    moved = network.travel(roads, demand.to_crs(32632), sites.to_crs(32632), cutoff_m=5000, straight=True)
    pd.testing.assert_frame_equal(expected, moved, atol=0.001)
    named_nothing = network.travel(
        roads, demand.set_crs(None, allow_override=True), sites, cutoff_m=5000, straight=True
    )
    pd.testing.assert_frame_equal(expected, named_nothing)


def test_a_cutoff_beyond_everything_makes_no_long_queue() -> None:
    modes: tuple[Mode, ...] = ("walk", "drive")
    for mode in modes:
        roads = make_roads(mode, PLACES, STREET)
        demand, sites = points("demand_id"), points("site_id")
        near, far = (network.travel(roads, demand, sites, cutoff_m=cutoff) for cutoff in (10_000, 1e15))
        pd.testing.assert_frame_equal(near, far)


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
