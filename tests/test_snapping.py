"""Snapping against shapely: every distance, every choice among equals, on real and on random roads."""

from __future__ import annotations

import gc
from dataclasses import fields, replace
from functools import cache
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle import Segment, make_roads
from planner import snapping
from planner._plane import edge_tree, nearest_edges
from planner.geodesy import great_circle_mm, project
from planner.osmfile import read_roads
from planner.snapping import TIE_M, plane_epsg, snap, snap_table
from shared_data import roads_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from planner.roads import Feet, Roads

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

EQUAL_M = 1e-6
"""What rounding may do to a distance."""


def assert_same(ours: Feet, theirs: Feet) -> None:
    for item in fields(ours):
        np.testing.assert_array_equal(getattr(ours, item.name), getattr(theirs, item.name), err_msg=item.name)


# --- The nearest edges of a plane ----------------------------------------------------------------------------


def by_hand(ends: Floats, x: Floats, y: Floats) -> tuple[Whole, Floats]:
    """Lowest edge no more than the tie farther than the nearest, and distances, points x edges, by shapely."""
    lines, points = shapely.linestrings(ends.reshape(-1, 2, 2)), shapely.points(x, y)
    away = shapely.distance(points[:, None], lines[None, :])
    return np.argmax(away <= away.min(axis=1, keepdims=True) + TIE_M, axis=1), away


def check_plane(ends: Floats, x: Floats, y: Floats) -> None:
    tree = edge_tree(ends)
    assert tree is not None
    edge, fraction, foot_x, foot_y = nearest_edges(tree, x, y, TIE_M)
    lowest, away = by_hand(ends, x, y)
    row = np.arange(len(x))
    np.testing.assert_array_equal(edge, lowest)
    np.testing.assert_allclose(np.hypot(x - foot_x, y - foot_y), away[row, edge], rtol=0, atol=EQUAL_M)
    assert (away[row, edge] <= away.min(axis=1) + TIE_M).all()
    assert ((fraction >= 0) & (fraction <= 1)).all()
    u, v = ends[edge, :2], ends[edge, 2:]
    np.testing.assert_array_equal(np.column_stack([foot_x, foot_y]), u + fraction[:, None] * (v - u))
    assert (fraction[(u == v).all(axis=1)] == 0).all()


# A lattice of 10 m makes points on nodes, crossing, parallel, doubled and zero-length edges and equal distances common;
# a nudge sets an edge well within the tie of another, or well beyond it.
lattice = st.integers(-5, 5).map(lambda k: 10.0 * k)
nudge = st.sampled_from([0.0, 0.0, 0.0, 0.0003, -0.0004, 0.004, -0.02])
node = st.tuples(st.builds(float.__add__, lattice, nudge), st.builds(float.__add__, lattice, nudge))
distant = st.tuples(*[st.sampled_from([-1e7, -50_000.0, -333.3, 0.0, 5.0, 70_000.25, 1e7])] * 2)
anywhere = st.tuples(*[st.floats(-80, 80, allow_subnormal=False)] * 2)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    edges=st.lists(st.tuples(node, st.one_of(node, node, node, distant)), min_size=1, max_size=40),
    points=st.lists(st.one_of(node, anywhere, distant), min_size=1, max_size=30),
    shift=st.sampled_from([0.0, 5_200_000.0]),
)
def test_any_plane_is_as_shapely_sees_it(
    edges: list[tuple[tuple[float, float], tuple[float, float]]], points: list[tuple[float, float]], shift: float
) -> None:
    ends = np.array(edges).reshape(-1, 4) + shift
    x, y = (np.array(points) + shift).T
    lowest, away = by_hand(ends, x, y)
    edge = nearest_edges(edge_tree(ends), x, y, TIE_M)[0]  # type: ignore[arg-type]
    row = np.arange(len(x))
    # long edges come as near to the tie's limit as they like; rounding may decide there, and only there
    doubt = (np.abs(away - away.min(axis=1, keepdims=True) - TIE_M) <= EQUAL_M).any(axis=1)
    np.testing.assert_array_equal(edge[~doubt], lowest[~doubt])
    assert (away[row, edge] <= away.min(axis=1) + TIE_M + EQUAL_M).all()


@pytest.mark.parametrize("n_edges", [1, 2, 3, 4, 5, 8, 9, 31, 32, 33, 1000])
def test_a_tree_of_any_size(n_edges: int) -> None:
    rng = np.random.default_rng(n_edges)
    start = rng.uniform(0, 3000, (n_edges, 2))
    ends = np.hstack([start, start + rng.normal(0, 60, (n_edges, 2))])
    points = np.vstack([rng.uniform(-500, 3500, (200, 2)), start[:50], rng.uniform(-2e5, 2e5, (50, 2))])
    check_plane(ends, *points.T)


def test_towns_long_edges_and_points_far_outside() -> None:
    rng = np.random.default_rng(7)
    towns = rng.uniform(0, 200_000, (6, 2))
    start = towns[rng.integers(0, 6, 3000)] + rng.normal(0, 800, (3000, 2))
    ends = np.hstack([start, start + rng.normal(0, 40, (3000, 2))])
    ends[::500, 2:] = rng.uniform(0, 200_000, (6, 2))  # up to 280 km long, across everything
    points = np.vstack([start[:400] + rng.normal(0, 100, (400, 2)), rng.uniform(-150_000, 350_000, (600, 2))])
    check_plane(ends, *points.T)


def test_many_edges_as_near_as_each_other() -> None:
    turn = np.linspace(0, 2 * np.pi, 721)
    ring = 100 * np.column_stack([np.cos(turn), np.sin(turn)])
    ends = np.hstack([ring[:-1], ring[1:]])
    tree = edge_tree(np.vstack([ends[::-1], ends, ends]))
    assert tree is not None
    assert nearest_edges(tree, np.zeros(3), np.zeros(3), TIE_M)[0].tolist() == [0, 0, 0]


@pytest.mark.parametrize(("beyond_m", "expected"), [(0.0, 0), (0.0009, 0), (0.0011, 1), (-0.0009, 0), (-0.0011, 0)])
def test_the_tie_is_one_millimetre(beyond_m: float, expected: int) -> None:
    """Edge 0 lies `beyond_m` farther than edge 1."""
    ends = np.array([[0.0, 10 + beyond_m, 50, 10 + beyond_m], [0, -10, 50, -10]])
    tree = edge_tree(ends)
    assert tree is not None
    assert nearest_edges(tree, np.array([20.0]), np.array([0.0]), TIE_M)[0].tolist() == [expected]


def test_edges_without_a_place_hold_no_foot() -> None:
    ends = np.array([[np.inf, 0, 1, 0], [0.0, 9, 1, 9], [np.nan, 0, 1, 0], [0, 0, 1, -np.inf]])
    tree = edge_tree(ends)
    assert tree is not None
    assert nearest_edges(tree, np.zeros(1), np.zeros(1), TIE_M)[0].tolist() == [1]
    assert edge_tree(ends[[0, 2, 3]]) is None
    assert edge_tree(np.empty((0, 4))) is None


# --- Real roads ----------------------------------------------------------------------------------------------


@cache
def read(name: str) -> Roads:
    return read_roads(roads_file(name), mode="walk")


def real_points(roads: Roads, n: int) -> tuple[Floats, Floats]:
    """Points in the box, up to 300 m from a road, on nodes, halfway between nodes, and 50 km away."""
    rng = np.random.default_rng(20260630)
    west, south, east, north = roads.bounds
    k, turn = rng.integers(0, roads.n_edges, n), rng.uniform(0, 2 * np.pi, n)
    u, v = roads.u[k], roads.v[k]
    off = rng.uniform(0, 300, n) / 111_000
    ahead = np.where(turn < np.pi / 8, 0.5, rng.random(n))
    away = slice(0, n // 20)
    lon = np.concatenate(
        [
            rng.uniform(west, east, n),
            roads.lon[u] + ahead * (roads.lon[v] - roads.lon[u]) + off * np.cos(turn),
            roads.lon[u],
            (west + east) / 2 + 0.7 * np.cos(turn[away]),
        ]
    )
    lat = np.concatenate(
        [
            rng.uniform(south, north, n),
            roads.lat[u] + ahead * (roads.lat[v] - roads.lat[u]) + off * np.sin(turn),
            roads.lat[u],
            (south + north) / 2 + 0.5 * np.sin(turn[away]),
        ]
    )
    return lon, lat


def shapely_nearest(roads: Roads, lon: Floats, lat: Floats) -> tuple[Whole, Floats, Floats]:
    """Lowest edge no more than the tie farther than shapely's nearest, the fraction along it, the least distance."""
    xy = np.column_stack(project(roads.lon, roads.lat, plane_epsg(roads)))
    lines = shapely.linestrings(np.stack([xy[roads.u], xy[roads.v]], axis=1))
    tree, points = shapely.STRtree(lines), shapely.points(*project(lon, lat, plane_epsg(roads)))
    (asked, _), least_m = tree.query_nearest(points, return_distance=True, all_matches=False)
    assert asked.tolist() == list(range(len(points)))
    point, edge = tree.query(points, predicate="dwithin", distance=least_m + TIE_M)
    lowest = np.full(len(points), roads.n_edges, dtype=np.int64)
    np.minimum.at(lowest, point, edge)
    length = shapely.length(lines[lowest])
    along = shapely.line_locate_point(lines[lowest], points)
    return lowest, np.divide(along, length, out=np.zeros_like(along), where=length > 0), least_m


@pytest.mark.parametrize("name", ["coquimbo", "liechtenstein", "jinan"])
def test_real_roads_are_as_shapely_sees_them(name: str) -> None:
    roads = read(name)
    lon, lat = real_points(roads, 20_000)
    edge, fraction, least_m = shapely_nearest(roads, lon, lat)
    feet = snap(roads, lon, lat, snap_max_m=1e6)
    np.testing.assert_array_equal(feet.edge, edge)
    x, y = project(lon, lat, plane_epsg(roads))
    foot_x, foot_y = project(feet.lon, feet.lat, plane_epsg(roads))
    away_m = np.hypot(x - foot_x, y - foot_y)
    assert (away_m >= least_m - EQUAL_M).all()
    assert (away_m <= least_m + TIE_M + EQUAL_M).all()
    length_mm = roads.length_mm[edge]
    assert (np.abs(feet.position_mm - fraction * length_mm) <= 1.6).all()  # half by rounding, one by the node rule
    at_end = np.minimum(feet.position_mm, length_mm - feet.position_mm) == 0
    nodes = np.where(feet.position_mm == 0, roads.u[edge], roads.v[edge])
    np.testing.assert_array_equal(feet.node, np.where(at_end, nodes, -1))
    np.testing.assert_array_equal(feet.access_mm, great_circle_mm(lon, lat, feet.lon, feet.lat))


@pytest.mark.parametrize("name", ["coquimbo", "liechtenstein"])
def test_the_nearest_alone_is_what_shapely_calls_nearest(name: str) -> None:
    roads = read(name)
    lon, lat = real_points(roads, 5_000)
    x, y = project(roads.lon, roads.lat, plane_epsg(roads))
    tree = edge_tree(np.stack([x[roads.u], y[roads.u], x[roads.v], y[roads.v]], axis=1))
    assert tree is not None
    px, py = project(lon, lat, plane_epsg(roads))
    _, _, foot_x, foot_y = nearest_edges(tree, px, py, 1e-9)
    least_m = shapely_nearest(roads, lon, lat)[2]
    np.testing.assert_allclose(np.hypot(px - foot_x, py - foot_y), least_m, rtol=0, atol=EQUAL_M)


# --- Laws of snap() ------------------------------------------------------------------------------------------


def test_the_order_of_the_points_and_their_company_change_nothing() -> None:
    roads = read("coquimbo")
    lon, lat = real_points(roads, 1_000)
    feet = snap(roads, lon, lat)
    shuffled = np.random.default_rng(3).permutation(len(lon))
    assert_same(snap(roads, lon[shuffled], lat[shuffled]), feet.take(shuffled))
    for k in range(0, len(lon), 41):
        assert_same(snap(roads, lon[k : k + 1], lat[k : k + 1]), feet.take(np.array([k])))


def test_the_limit_only_takes_points_off_the_network() -> None:
    roads = read("coquimbo")
    lon, lat = real_points(roads, 1_000)
    near, far = snap(roads, lon, lat, snap_max_m=100), snap(roads, lon, lat, snap_max_m=1e6)
    on = far.access_mm <= 100_000
    assert 0 < on.sum() < len(on)
    assert_same(near.take(on), far.take(on))
    assert (near.edge[~on] == -1).all()
    assert (near.node[~on] == -1).all()
    assert (near.position_mm[~on] == 0).all()
    np.testing.assert_array_equal(near.access_mm, far.access_mm)


def line_roads(places: Sequence[tuple[float, float]], ways: Sequence[tuple[int, int, int]]) -> Roads:
    return make_roads("walk", places, [Segment(*way) for way in ways])


def test_points_without_a_place_and_no_points_at_all() -> None:
    roads = line_roads([(9.51, 47.2), (9.52, 47.2)], [(1, 0, 1)])
    feet = snap(roads, [np.nan, 9.51, np.inf, 9.51, 47.2, -170.0], [47.2, np.nan, 47.2, 47.2, 9.51, 0.0])
    assert feet.edge.tolist() == [-1, -1, -1, 0, -1, -1]
    assert feet.access_mm[:4].tolist() == [-1, -1, -1, 0]
    assert np.isnan(feet.lon[:3]).all()
    assert len(snap(roads, [], [])) == 0
    table = gpd.GeoDataFrame(geometry=[shapely.Point(9.52, 47.2), None], crs="EPSG:4326")
    assert snap_table(roads, table).node.tolist() == [1, -1]


def test_a_network_without_edges_or_without_a_place_in_the_plane_holds_no_foot() -> None:
    some = line_roads([(9.51, 47.2), (9.52, 47.2)], [(1, 0, 1)])
    none = replace(some, **{item.name: getattr(some, item.name)[:0] for item in fields(some)[1:-1]})
    across = line_roads([(0.0, 0.0), (180.0, 0.0)], [(1, 0, 1)])  # both ends 90 degrees from the zone's middle
    for roads in (none, across):
        feet = snap(roads, [9.51, np.nan], [47.2, 0.0])
        assert feet.edge.tolist() == feet.node.tolist() == feet.access_mm.tolist() == [-1, -1]
        assert feet.position_mm.tolist() == [0, 0]
        assert np.isnan(feet.lon).all()


def test_equal_edges_go_to_the_lowest_way_and_segment() -> None:
    places = [(9.51, 47.2), (9.512, 47.2), (9.512, 47.201), (9.511, 47.2)]
    roads = line_roads(places, [(7, 0, 1), (3, 1, 0), (5, 1, 2), (9, 3, 3), (4, 0, 1)])
    feet = snap(roads, [9.5111, 9.512, 9.511], [47.2001, 47.2, 47.2])
    assert roads.way_id[feet.edge].tolist() == [3, 3, 3]
    assert feet.node.tolist() == [-1, 1, -1]
    alone = line_roads([(9.511, 47.2)], [(9, 0, 0)])
    assert snap(alone, [9.511], [47.201]).position_mm.tolist() == [0]


def test_the_edges_of_a_network_are_laid_out_once_and_go_with_it() -> None:
    roads = line_roads([(9.51, 47.2), (9.52, 47.2)], [(1, 0, 1)])
    snap(roads, [9.51], [47.2])
    tree = snapping._trees[roads]
    snap(roads, [9.52], [47.2])
    assert snapping._trees[roads] is tree
    held = len(snapping._trees)
    del roads
    gc.collect()
    assert len(snapping._trees) < held
