"""Service areas against networkx: every place reached is inside, none beyond the stated margin, and cutoffs nest."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree
from shapely import Point

from oracle import SECOND, Segment, Snapper, cut_graph, make_roads, walk_ms
from planner.geodesy import project
from planner.isochrones import service_areas
from planner.osmfile import read_roads
from planner.outlines import CELL_M, MARGIN_M
from planner.snapping import plane_epsg
from shared_data import roads_file

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from planner.roads import Roads
    from planner.terms import Measure, Mode

    Real = NDArray[np.float64]

STEP_M = 4.0
"""Places that the oracle looks at are no farther apart along a segment, in metres."""

ROUNDING_M = 0.01
"""Whole millimetres and milliseconds, and the plane against the sphere, over one segment."""

OUTSIDE_M = MARGIN_M + math.sqrt(2) * CELL_M
"""Farthest that a vertex of an outline may lie from all that is reached."""


@cache
def coquimbo(mode: Mode) -> Roads:
    return read_roads(roads_file("coquimbo"), mode)


def sites_at(points: list[Point]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"site_id": [f"S{n}" for n in range(len(points))]}, geometry=points, crs=4326)


def some_sites(roads: Roads, count: int, seed: int = 3) -> gpd.GeoDataFrame:
    nodes = np.random.default_rng(seed).choice(roads.n_nodes, count, replace=False)
    return sites_at([Point(roads.lon[n] + 2e-4, roads.lat[n] + 1e-4) for n in nodes])


# ---- what networkx says is reached ----


class Around:
    """What networkx reaches from the feet of some sites."""

    def __init__(self, roads: Roads, sites: gpd.GeoDataFrame) -> None:
        snapper = Snapper(roads)
        found = {i: snapper.foot(p.x, p.y, 500.0) for i, p in zip(sites["site_id"], sites.geometry, strict=True)}
        self.feet = {site_id: foot for site_id, foot in found.items() if foot is not None}
        x, y = project(roads.lon, roads.lat, plane_epsg(roads))
        places = np.column_stack([x, y])
        self.at: dict[Hashable, Real] = dict(enumerate(places))
        for foot in self.feet.values():
            along = foot.position_mm / max(1, int(roads.length_mm[foot.edge]))
            u, v = (places[node[foot.edge]] for node in (roads.u, roads.v))
            self.at.setdefault(foot.place, u + along * (v - u))
        graph = nx.DiGraph(cut_graph(roads, self.feet.values()))
        self.graphs = {True: graph.reverse(copy=False), False: graph}

    def places(self, site_id: str, limit: int, measure: Measure, *, towards_site: bool) -> Real:
        """Places on segments, x and y in metres, from or to which a site is within a limit."""
        foot, graph = self.feet[site_id], self.graphs[towards_site]
        left_of = limit - (walk_ms(foot.access_mm, 4.0) if measure == "time" else foot.access_mm)
        if left_of < 0:
            return np.empty((0, 2))
        cost = nx.single_source_dijkstra_path_length(graph, foot.place, cutoff=(left_of + 1) * SECOND, weight=measure)
        found = [self.at[foot.place][None]]
        for near, far, data in graph.edges(cost, data=True):  # from the foot outwards, whichever way travel runs
            left, whole = left_of - cost[near] // SECOND, data[measure] // SECOND
            if left >= 0:
                share = min(1.0, left / whole) if whole else 1.0
                way = self.at[far] - self.at[near]
                steps = np.linspace(0.0, share, 2 + int(share * np.hypot(*way) / STEP_M))
                found.append(self.at[near] + steps[:, None] * way)
        return np.concatenate(found)


def check(roads: Roads, sites: gpd.GeoDataFrame, around: Around, cutoff: float, measure: Measure) -> int:
    """Hold the areas of some sites, both ways, against networkx; returns how many there are."""
    count = 0
    for towards_site in (True, False):
        asked: Any = {"cutoffs_m" if measure == "distance" else "cutoffs_s": [cutoff]}
        areas = service_areas(roads, sites, towards_site=towards_site, **asked)
        shapes = dict(zip(areas["site_id"], areas.to_crs(plane_epsg(roads)).geometry, strict=True))
        places = {
            site_id: around.places(site_id, round(cutoff * 1000), measure, towards_site=towards_site)
            for site_id in around.feet
        }
        assert set(shapes) == {site_id for site_id, reached in places.items() if len(reached)}
        for site_id, shape in shapes.items():
            assert shape.is_valid
            assert shapely.covers(shape.buffer(-CELL_M), shapely.points(places[site_id])).all()
            away, _ = cKDTree(places[site_id]).query(shapely.get_coordinates(shape))
            assert np.max(away) <= OUTSIDE_M + STEP_M / 2 + ROUNDING_M
        count += len(shapes)
    return count


@pytest.mark.parametrize("mode", ["walk", "drive"])
def test_areas_hold_what_networkx_reaches(mode: Mode) -> None:
    roads = coquimbo(mode)
    sites = some_sites(roads, 5)
    around = Around(roads, sites)
    assert check(roads, sites, around, 1200.0, "distance") == 10
    if mode == "drive":
        assert check(roads, sites, around, 150.0, "time") == 10


coordinates = st.tuples(st.integers(0, 8), st.integers(0, 8)).map(lambda at: (9.51 + at[0] * 5e-4, 47.2 + at[1] * 4e-4))
segments = st.builds(
    Segment,
    way_id=st.integers(1, 3),
    u=st.integers(0, 5),
    v=st.integers(0, 5),
    forward=st.booleans(),
    backward=st.booleans(),
    kph=st.sampled_from([5.0, 36.0]),
    length_mm=st.none(),
)
towns = st.tuples(
    st.sampled_from(["walk", "drive"]),
    st.lists(coordinates, min_size=6, max_size=6),
    st.lists(segments.filter(lambda s: s.forward or s.backward), min_size=1, max_size=9),
)
spots = st.tuples(st.floats(9.5095, 9.5145), st.floats(47.1995, 47.204)).map(lambda at: Point(*at))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(towns, st.lists(spots, min_size=1, max_size=3), st.integers(1, 600))
def test_areas_of_small_towns_hold_what_networkx_reaches(town: Any, points: list[Point], cutoff: int) -> None:
    roads, sites = make_roads(*town), sites_at(points)
    around = Around(roads, sites)
    check(roads, sites, around, float(cutoff), "distance")
    if roads.mode == "drive":
        check(roads, sites, around, cutoff / 5, "time")


@settings(max_examples=40, deadline=None)
@given(towns, st.lists(spots, min_size=1, max_size=3), st.lists(st.integers(1, 900), min_size=1, max_size=4))
def test_streets_turned_round_are_travel_turned_round(town: Any, points: list[Point], cutoffs: list[int]) -> None:
    roads = make_roads(*town)
    turned = replace(roads, forward=roads.backward, backward=roads.forward)
    towards = service_areas(roads, sites_at(points), cutoffs_m=cutoffs)
    away = service_areas(turned, sites_at(points), cutoffs_m=cutoffs, towards_site=False)
    assert towards.drop(columns="geometry").equals(away.drop(columns="geometry"))
    assert shapely.equals_exact(towards.geometry.to_numpy(), away.geometry.to_numpy()).all()


# ---- cutoffs ----


@pytest.mark.parametrize(("mode", "kind"), [("walk", "cutoffs_m"), ("drive", "cutoffs_s")])
def test_a_larger_cutoff_covers_a_smaller_one(mode: Mode, kind: str) -> None:
    roads = coquimbo(mode)
    cutoffs = [60.0, 61.0, 100.0, 400.0, 401.0, 900.0]
    areas = service_areas(roads, some_sites(roads, 4), **{kind: cutoffs})  # type: ignore[arg-type]
    for _, mine in areas.groupby("site_id"):
        shapes = mine.geometry.to_numpy()
        assert len(shapes) == len(cutoffs)
        assert shapely.covers(shapes[1:], shapes[:-1]).all()  # in degrees, and without any tolerance
        assert (np.diff(shapely.area(shapes)) > 0).all()


def test_exact_areas_nest_to_a_decimetre() -> None:
    # an edge of the plane that is a kilometre long is bent by centimetres in degrees, where it is drawn straight
    roads = coquimbo("walk")
    areas = service_areas(roads, some_sites(roads, 3), cutoffs_m=[500, 1000], method="exact")
    shapes = areas.to_crs(plane_epsg(roads)).geometry.to_numpy()
    assert shapely.covers(shapely.buffer(shapes[1::2], 0.1), shapes[::2]).all()


def test_several_cutoffs_and_sites_at_once_are_the_same_as_each_alone() -> None:
    roads = coquimbo("walk")
    sites = some_sites(roads, 3)
    together = service_areas(roads, sites, cutoffs_m=[900, 300, 300])
    assert together["cutoff_m"].tolist() == [900, 300, 300] * 3
    assert together["site_id"].tolist() == [f"S{n}" for n in range(3) for _ in range(3)]
    for row, (site_id, cutoff, shape) in enumerate(together.itertuples(index=False)):
        alone = service_areas(roads, sites[sites["site_id"] == site_id], cutoffs_m=[cutoff])
        assert alone.geometry.iloc[0].equals_exact(shape, 0.0), row


def test_minutes_on_foot_are_metres() -> None:
    roads = coquimbo("walk")
    sites = some_sites(roads, 2)
    by_time = service_areas(roads, sites, cutoffs_s=[900], walk_kph=4.0)
    by_length = service_areas(roads, sites, cutoffs_m=[1000])
    assert by_time["cutoff_s"].tolist() == [900, 900]
    assert shapely.equals_exact(by_time.geometry.to_numpy(), by_length.geometry.to_numpy()).all()


def test_the_fast_method_comes_near_the_exact_one() -> None:
    roads = coquimbo("walk")
    sites = some_sites(roads, 6)
    fast, exact = (
        service_areas(roads, sites, cutoffs_m=[1200], method=method).to_crs(plane_epsg(roads)).geometry.to_numpy()
        for method in ("fast", "exact")
    )
    shares = shapely.area(shapely.intersection(fast, exact)) / shapely.area(shapely.union(fast, exact))
    assert shares.min() >= 0.985


def test_simplified_areas_stay_near_and_small() -> None:
    roads = coquimbo("walk")
    sites = some_sites(roads, 3)
    full, slim = (
        service_areas(roads, sites, cutoffs_m=[800], simplify_m=tolerance).to_crs(plane_epsg(roads)).geometry.to_numpy()
        for tolerance in (0.0, 5.0)
    )
    assert (shapely.get_num_coordinates(slim) < shapely.get_num_coordinates(full) / 3).all()
    assert shapely.covers(shapely.buffer(full, 5.1), slim).all()
    assert shapely.is_valid(slim).all()


# ---- one way, and out of reach ----

ONE_WAY = make_roads(
    "drive",
    [(9.51, 47.2), (9.516, 47.2), (9.522, 47.2)],
    [Segment(1, 0, 1, backward=False), Segment(1, 1, 2, backward=False)],
)


def test_a_one_way_street_is_reached_from_one_side() -> None:
    site = sites_at([Point(9.518, 47.2)])
    (towards,) = service_areas(ONE_WAY, site, cutoffs_m=[300]).geometry
    (away,) = service_areas(ONE_WAY, site, cutoffs_m=[300], towards_site=False).geometry
    behind, ahead = Point(9.5145, 47.2), Point(9.5215, 47.2)
    assert [towards.covers(place) for place in (behind, ahead)] == [True, False]
    assert [away.covers(place) for place in (behind, ahead)] == [False, True]


def test_the_access_leg_counts() -> None:
    site = sites_at([Point(9.518, 47.2018)])  # some 200 m north of the street
    assert service_areas(ONE_WAY, site, cutoffs_m=[150]).empty
    assert service_areas(ONE_WAY, site, cutoffs_m=[150, 250])["cutoff_m"].tolist() == [250]
    # on foot, at 4 km/h, the leg takes three minutes of any drive
    assert service_areas(ONE_WAY, site, cutoffs_s=[150]).empty
    assert len(service_areas(ONE_WAY, site, cutoffs_s=[200])) == 1


def test_a_site_off_the_roads_has_no_area() -> None:
    areas = service_areas(coquimbo("walk"), sites_at([Point(-71.9, -29.9)]), cutoffs_m=[1000])
    assert areas.empty
    assert areas.columns.tolist() == ["site_id", "cutoff_m", "geometry"]
    assert areas.crs.to_epsg() == 4326


def test_exactly_one_kind_of_cutoff() -> None:
    with pytest.raises(ValueError, match="cutoffs"):
        service_areas(ONE_WAY, sites_at([Point(9.518, 47.2)]))
    with pytest.raises(ValueError, match="cutoffs"):
        service_areas(ONE_WAY, sites_at([Point(9.518, 47.2)]), cutoffs_m=[1], cutoffs_s=[1])
