from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import prcoords
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.coordinates import SYSTEMS, System, from_wgs84, gcj02_to_bd09, in_china, to_wgs84, wgs84_to_gcj02
from planner.geodesy import great_circle_m

if TYPE_CHECKING:
    from numpy.typing import NDArray

# A degree inside the box: Chinese land lies farther in than that.
LON, LAT = st.floats(73.0, 137.0), st.floats(1.8, 55.0)


def points_of_the_box(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places of the whole box of China, always the same ones."""
    drawn = np.random.default_rng(20260630)
    return drawn.uniform(72.004, 137.8347, count), drawn.uniform(0.8293, 55.8271, count)


@given(LON, LAT, st.sampled_from(SYSTEMS))
def test_there_and_back_is_the_same_place(lon: float, lat: float, system: System) -> None:
    back_lon, back_lat = to_wgs84(*from_wgs84(lon, lat, system), system)
    assert abs(float(back_lon) - lon) < 1e-8
    assert abs(float(back_lat) - lat) < 1e-8


@given(LON, LAT, st.sampled_from(SYSTEMS))
def test_back_and_there_is_the_same_place(lon: float, lat: float, system: System) -> None:
    there_lon, there_lat = from_wgs84(*to_wgs84(lon, lat, system), system)
    assert abs(float(there_lon) - lon) < 1e-8
    assert abs(float(there_lat) - lat) < 1e-8


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_million_points_come_back_to_a_thousandth_of_a_millimetre(system: System) -> None:
    lon, lat = points_of_the_box(1_000_000)
    back = to_wgs84(*from_wgs84(lon, lat, system), system)
    assert float(great_circle_m(lon, lat, *back).max()) < 1e-6


def test_both_layers_are_those_of_an_independent_package() -> None:
    lon, lat = points_of_the_box(20_000)
    pairs = list(zip(lat.tolist(), lon.tolist(), strict=True))
    for moved, theirs in (
        (wgs84_to_gcj02(lon, lat), partial(prcoords.wgs_gcj, check_china=False)),
        (gcj02_to_bd09(lon, lat), prcoords.gcj_bd),
        (from_wgs84(lon, lat, "bd09"), partial(prcoords.wgs_bd, check_china=False)),
    ):
        other_lat, other_lon = np.array([theirs(pair) for pair in pairs]).T
        assert float(great_circle_m(*moved, other_lon, other_lat).max()) < 1e-3


@given(st.floats(-180, 71.9) | st.floats(138, 180), st.floats(-90, 90), st.sampled_from(SYSTEMS))
def test_places_elsewhere_never_move(lon: float, lat: float, system: System) -> None:
    for move in (to_wgs84, from_wgs84):
        assert [float(part) for part in move(lon, lat, system)] == [lon, lat]


@given(LON, LAT)
def test_the_survey_system_is_never_shifted(lon: float, lat: float) -> None:
    assert [float(part) for part in to_wgs84(lon, lat, "cgcs2000")] == [lon, lat]


@given(st.floats(73.5, 135.1), st.floats(18, 53.6))
def test_the_shift_is_hundreds_of_metres(lon: float, lat: float) -> None:
    moved = wgs84_to_gcj02(lon, lat)
    assert 5 < float(great_circle_m(lon, lat, *moved)) < 1200


def test_known_values_of_beijing() -> None:
    lon, lat = wgs84_to_gcj02(116.404, 39.915)
    assert (float(lon), float(lat)) == pytest.approx((116.41024449916938, 39.91640428150164), abs=1e-9)
    assert 300 < float(great_circle_m(116.404, 39.915, lon, lat)) < 600
    lon, lat = gcj02_to_bd09(116.404, 39.915)
    assert (float(lon), float(lat)) == pytest.approx((116.41036949371029, 39.92133699351021), abs=1e-9)


def test_baidu_goes_in_two_steps() -> None:
    twice = gcj02_to_bd09(*wgs84_to_gcj02(117.0, 36.65))
    assert [float(part) for part in twice] == [float(part) for part in from_wgs84(117.0, 36.65, "bd09")]


def test_order_of_points_along_a_street_is_kept() -> None:
    lon = np.linspace(116.9, 117.1, 2001)
    for system in SYSTEMS:
        assert (np.diff(to_wgs84(lon, np.full_like(lon, 36.65), system)[0]) > 0).all()


def test_arrays_keep_their_shape_their_nan_and_their_input() -> None:
    lon, lat = np.array([[117.0, np.nan], [2.35, 200.0]]), np.array([[36.65, np.nan], [48.85, 95.0]])
    kept = lon.copy()
    moved, _ = to_wgs84(lon, lat, "gcj02")
    assert moved.shape == lon.shape
    assert np.isnan(moved[0, 1])
    assert moved[1].tolist() == [2.35, 200.0]
    assert np.array_equal(lon, kept, equal_nan=True)


def test_box_of_china() -> None:
    assert in_china([117.0, 2.35, np.nan], [36.65, 48.85, 36.0]).tolist() == [True, False, False]


@pytest.mark.parametrize("move", [to_wgs84, from_wgs84])
def test_an_unknown_system_is_refused(move: object) -> None:
    assert callable(move)
    with pytest.raises(ValueError, match="mars"):
        move(117.0, 36.0, "mars")
