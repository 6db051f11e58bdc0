"""Straight-line reach against every pair."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point

import oracle
from planner import straight
from planner.geodesy import EARTH_RADIUS_M, great_circle_mm

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

COLUMNS = ["demand_id", "site_id", "mode", "measure", "metres", "seconds"]
Place = tuple[float, float] | None
HERE = (117.0, 36.6)


def table(key: str, places: Sequence[Place], ids: Sequence[str] | None = None) -> Any:
    names = list(ids) if ids is not None else [f"{key[0]}{k}" for k in range(len(places))]
    points = [None if p is None else Point(p) for p in places]
    return gpd.GeoDataFrame({key: names}, geometry=points, crs="EPSG:4326")


def every_pair(demand: Any, sites: Any) -> dict[tuple[str, str], int]:
    found = {}
    for d, p in zip(demand["demand_id"], demand.geometry, strict=True):
        for s, q in zip(sites["site_id"], sites.geometry, strict=True):
            if p is not None and q is not None:
                found[d, s] = int(great_circle_mm(p.x, p.y, q.x, q.y))
                assert abs(found[d, s] - oracle.great_circle_mm(p.x, p.y, q.x, q.y)) <= 1
    return found


def pairs(found: pd.DataFrame, walk_kph: float = 4.0) -> dict[tuple[str, str], int]:
    """The rows of a table, once their form is checked."""
    assert list(found.columns) == COLUMNS
    assert list(found.index) == list(range(len(found)))
    keys = list(zip(found["demand_id"], found["site_id"], strict=True))
    assert keys == sorted(set(keys)), "sorted, one row a pair"
    assert (found["mode"] == "straight").all()
    assert (found["measure"] == "distance").all()
    mm = [round(metres * 1000) for metres in found["metres"]]
    assert [m / 1000 for m in mm] == found["metres"].tolist(), "three decimals, exact"
    for m, seconds in zip(mm, found["seconds"], strict=True):
        assert abs(Fraction(round(seconds * 1000)) - m * Fraction(36, 10) / Fraction(str(walk_kph))) <= Fraction(1, 2)
    return dict(zip(keys, mm, strict=True))


def least(every: dict[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """Nearest site of each point by mm, then id."""
    best: dict[str, tuple[int, str]] = {}
    for (d, s), mm in every.items():
        best[d] = min(best.get(d, (mm, s)), (mm, s))
    return {(d, s): mm for d, (mm, s) in best.items()}


def lattice(width: float) -> st.SearchStrategy[list[Place]]:
    """Points of a lattice, so that equal distances and equal places are common; some rows have no place."""
    step = width / 8
    axis = st.integers(-8, 8)
    point = st.builds(lambda i, j: (round(117 + i * step, 9), round(36.6 + j * step, 9)), axis, axis)
    return st.lists(st.one_of(point, point, point, point, st.none()), max_size=8)


cases = st.sampled_from([0.0, 1e-7, 1e-5, 0.01, 1.0, 40.0]).flatmap(lambda w: st.tuples(lattice(w), lattice(w)))


@settings(max_examples=70, deadline=None, derandomize=True)
@given(cases, st.data(), st.sampled_from([4.0, 5.0, 3.7]))
def test_within_and_nearest_equal_every_pair(
    case: tuple[list[Place], list[Place]], data: st.DataObject, walk_kph: float
) -> None:
    ids = data.draw(st.permutations([f"s{k}" for k in range(len(case[1]))]))
    demand, sites = table("demand_id", case[0]), table("site_id", case[1], ids)
    every = every_pair(demand, sites)
    assert pairs(straight.nearest(demand, sites, walk_kph=walk_kph), walk_kph) == least(every)
    # the cutoff falls on a pair, or one millimetre beside it: there the limit must be exact
    middle = data.draw(st.sampled_from(sorted({*every.values(), 0, 1000})))
    for cutoff in (middle, max(0, middle - 1), middle + 1):
        found = straight.within(demand, sites, cutoff_m=cutoff / 1000, walk_kph=walk_kph)
        assert pairs(found, walk_kph) == {k: mm for k, mm in every.items() if mm <= cutoff}, cutoff


def test_a_cutoff_that_floats_cannot_hold_is_still_hit_exactly() -> None:
    """1.001 x 1000 is 1000.9999999999999 in floats."""
    demand = table("demand_id", [(117.0, 36.6)])
    metre = 1.001 / (EARTH_RADIUS_M * np.pi / 180)
    sites = table("site_id", [(117.0, 36.6 + metre)])
    assert every_pair(demand, sites) == {("d0", "s0"): 1001}
    assert pairs(straight.within(demand, sites, cutoff_m=1.001)) == {("d0", "s0"): 1001}
    assert pairs(straight.within(demand, sites, cutoff_m=1.0)) == {}


@pytest.mark.parametrize("cutoff_m", [60_000.0, 3_000_000.0])
def test_many_points_of_a_province(cutoff_m: float) -> None:
    rng = np.random.default_rng(5)
    demand, sites = (
        table(key, [(float(x), float(y)) for x, y in np.stack([rng.uniform(114, 122, n), rng.uniform(34, 38, n)], 1)])
        for key, n in (("demand_id", 80), ("site_id", 60))
    )
    every = every_pair(demand, sites)
    wanted = {k: mm for k, mm in every.items() if mm <= cutoff_m * 1000}
    assert len(wanted) > 50
    assert pairs(straight.within(demand, sites, cutoff_m=cutoff_m)) == wanted
    assert pairs(straight.nearest(demand, sites)) == least(every)


def test_many_sites_at_one_place_go_to_the_lowest_id() -> None:
    sites = table("site_id", [HERE] * 40, [f"s{k:02d}" for k in reversed(range(40))])
    demand = table("demand_id", [HERE, (117.01, 36.6), None])
    found = straight.nearest(demand, sites)
    assert found["site_id"].tolist() == ["s00", "s00"]
    assert found["demand_id"].tolist() == ["d0", "d1"]
    assert len(straight.within(demand, sites, cutoff_m=0.0)) == 40


def test_sites_less_than_a_millimetre_apart_are_equal() -> None:
    sites = table("site_id", [(117.0, 36.6), (117.0, 36.6 + 1e-9)], ["s1", "s0"])  # 0.1 mm apart
    demand = table("demand_id", [(117.0, 36.6 - 1e-4)])
    assert len(set(every_pair(demand, sites).values())) == 1
    assert straight.nearest(demand, sites)["site_id"].tolist() == ["s0"]


@pytest.mark.parametrize(
    ("people", "places"), [([], []), ([HERE], []), ([], [HERE]), ([None], [HERE]), ([HERE], [None])]
)
def test_without_points_there_is_an_empty_table(people: list[Place], places: list[Place]) -> None:
    demand, sites = table("demand_id", people), table("site_id", places)
    assert pairs(straight.within(demand, sites, cutoff_m=1e7)) == {}
    assert pairs(straight.nearest(demand, sites)) == {}
