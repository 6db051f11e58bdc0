"""A made-up city as large as a map must bear: 100,800 road segments, 2,000 communities, 300 sites, three standards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.mapdata import Land, MapData, MapLabels
from planner.roads import ReadingReport, Roads

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMUNITIES, SITES, STREETS = 2000, 300, 225
COVERED = 0.6
WEST, SOUTH, WIDTH = 120.0, 36.0, 0.22
STANDARDS = {"walk": "城区步行15分钟", "rural": "乡村路网5公里", "circle": "全域路网3公里"}
TYPES = {"station": "就业服务站", "gig_station": "零工驿站", "e_station": "就业e站"}
DISTRICTS = ("东区", "南区", "西区", "北区")


def make_roads(ways: Sequence[Sequence[int]], lon: Any, lat: Any, kinds: Sequence[int] | None = None) -> Roads:
    """Roads whose ways are lists of node numbers."""
    u, v = (np.concatenate([way[a:b] for way in ways]) for a, b in ((0, -1), (1, None)))
    sizes = [len(way) - 1 for way in ways]
    n_edges, n_nodes = sum(sizes), len(lon)
    return Roads(
        mode="walk",
        node_id=np.arange(n_nodes, dtype=np.int64),
        lon=np.asarray(lon, dtype=np.float64),
        lat=np.asarray(lat, dtype=np.float64),
        way_id=np.repeat(np.arange(len(ways), dtype=np.int64), sizes),
        segment=np.concatenate([np.arange(size, dtype=np.int32) for size in sizes]),
        u=u.astype(np.int32),
        v=v.astype(np.int32),
        length_mm=np.ones(n_edges, dtype=np.int64),
        drive_ms=np.zeros(n_edges, dtype=np.int64),
        forward=np.ones(n_edges, dtype=bool),
        backward=np.ones(n_edges, dtype=bool),
        kind=np.repeat(np.array(kinds or [2] * len(ways), dtype=np.uint8), sizes),
        report=ReadingReport(),
    )


def grid(n: int, step: float = 0.001) -> Roads:
    """Return n x n streets, every node a crossing: the worst case for the size of the page."""
    node = np.arange(n * n).reshape(n, n)
    wobble = np.random.default_rng(1).uniform(-0.3, 0.3, (2, n * n)) * step
    lon, lat = WEST + np.tile(np.arange(n), n) * step + wobble[0], SOUTH + np.repeat(np.arange(n), n) * step + wobble[1]
    ways = [line.tolist() for line in (*node, *node.T)]
    return make_roads(ways, lon, lat, [number % 4 for number in range(len(ways))])


def blots(middles: Any, radius: float, corners: int, rng: np.random.Generator) -> Any:
    """Ragged outlines around points, as service areas and lakes have them."""
    turn = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    reach = radius * rng.uniform(0.5, 1, (len(middles), corners))
    around = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    return shapely.make_valid(shapely.polygons(np.asarray(middles)[:, None, :] + reach[:, :, None] * around))


def city() -> MapData:
    """Everything that the map of such a city shows; the same each time."""
    rng = np.random.default_rng(2)
    xy = rng.uniform((WEST, SOUTH), (WEST + WIDTH, SOUTH + WIDTH), (COMMUNITIES + SITES, 2))
    people, outlets = xy[:COMMUNITIES], xy[COMMUNITIES:]
    demand = _demand(people, rng)
    states = ["today", "planned", "candidate"] * (SITES // 3)
    sites = _sites(outlets, states)
    squares = shapely.box([WEST, WEST + WIDTH / 2] * 2, [SOUTH] * 2 + [SOUTH + WIDTH / 2] * 2, *_upper())
    lakes = blots(rng.uniform((WEST, SOUTH), (WEST + WIDTH, SOUTH + WIDTH), (400, 2)), 0.002, 40, rng)
    return MapData(
        record=_record(demand, sites, states),
        roads=grid(STREETS),
        demand=demand,
        sites=sites,
        coverage=_coverage(demand, rng),
        areas=_areas(outlets, states, rng),
        labels=_labels(sites),
        land=Land(
            water=shapely.get_parts(shapely.union_all(lakes)), boundaries=tuple(zip(DISTRICTS, squares, strict=True))
        ),
    )


def _upper() -> tuple[list[float], list[float]]:
    half = WIDTH / 2
    return [WEST + half, WEST + WIDTH] * 2, [SOUTH + half] * 2 + [SOUTH + WIDTH] * 2


def _demand(places: Any, rng: np.random.Generator) -> gpd.GeoDataFrame:
    columns = {
        "demand_id": [f"d{n}" for n in range(COMMUNITIES)],
        "name": [f"第{n}社区居民委员会" for n in range(COMMUNITIES)],
        "unit_id": [f"u{n}" for n in range(COMMUNITIES)],
        "district": [DISTRICTS[n % len(DISTRICTS)] for n in range(COMMUNITIES)],
        "town": [f"第{n % 80}街道" for n in range(COMMUNITIES)],
        "people": rng.integers(0, 9000, COMMUNITIES),
    }
    return gpd.GeoDataFrame(columns, geometry=gpd.points_from_xy(*places.T), crs=4326)


def _sites(places: Any, states: Sequence[str]) -> gpd.GeoDataFrame:
    numbers = [n // 3 + 1 if state == "planned" else 0 for n, state in enumerate(states)]
    columns = {
        "site_id": [f"s{n}" for n in range(SITES)],
        "name": [f"第{n}社区党群服务中心零工驿站" for n in range(SITES)],
        "types": [list(TYPES)[n % len(TYPES)] for n in range(SITES)],
        "state": states,
        "number": numbers,
        "cost_once_yuan": pd.array([300_000] * SITES, dtype="Int64"),
        "cost_yearly_yuan": pd.array([60_000] * SITES, dtype="Int64"),
        "estimated": True,
        "people": pd.array([20_000] * SITES, dtype="Int64"),
        "district": DISTRICTS[0],
        "town": "第一街道",
    }
    return gpd.GeoDataFrame(columns, geometry=gpd.points_from_xy(*places.T), crs=4326)


def _coverage(demand: gpd.GeoDataFrame, rng: np.random.Generator) -> pd.DataFrame:
    count = len(demand)
    return pd.concat(
        pd.DataFrame(
            {
                "demand_id": demand["demand_id"],
                "standard": standard,
                "state": state,
                "year": 2026,
                "covered": (covered := rng.random(count) < COVERED),
                "site_id": [f"s{n}" for n in rng.integers(0, SITES, count)],
                "metres": rng.uniform(10, 9000, count),
                "seconds": rng.uniform(10, 9000, count),
                "reason": np.where(covered, "", "beyond"),
            }
        )
        for standard in STANDARDS
        for state in ("today", "plan")
    )


def _areas(outlets: Any, states: Sequence[str], rng: np.random.Generator) -> gpd.GeoDataFrame:
    parts = []
    for standard, radius in zip(STANDARDS, (0.009, 0.045, 0.027), strict=True):
        shapes = blots(outlets, radius, 150, rng)
        for state, shown in (("today", {"today"}), ("plan", {"today", "planned"})):
            rows = [n for n, one in enumerate(states) if one in shown]
            table = {"standard": standard, "state": state, "site_id": [f"s{n}" for n in rows]}
            parts.append(gpd.GeoDataFrame(table, geometry=shapes[rows], crs=4326))
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=4326)


def _record(demand: gpd.GeoDataFrame, sites: gpd.GeoDataFrame, states: Sequence[str]) -> dict[str, Any]:
    opened = [_opened(sites, n) for n, state in enumerate(states) if state == "planned"]
    rows = demand.drop(columns=["geometry", "demand_id"]).to_dict("records")
    short = {
        "setting": "城镇", "state_today": "unmet", "state_plan": "unmet", "standard": "walk", "nearest_site_id": "s0",
        "nearest": "第0社区党群服务中心零工驿站", "metres": 1500.25, "straight_m": 1200.5, "seconds": 1350.0,
        "reason": "not_chosen", "measure": "邻近联建：由“第0社区党群服务中心零工驿站”服务，路网1501米",
    }  # fmt: skip
    share = {"variant": "", "group": "", "people": 100_000, "covered": 64_321}
    figures = [
        {"level": "district", "scope": scope, "standard": standard, "state": state, **share}
        for scope in DISTRICTS
        for standard in STANDARDS
        for state in ("today", "plan")
    ]
    standard = {"people": 9_000_000, "covered_today": 5_000_000, "covered_plan": 6_000_000, "not_assessable": 0}
    return {
        "scenario": "city-2026",
        "data_date": "2026-06-30",
        "parameters": {"horizon_years": 5},
        "standards": [{"id": name, **standard} for name in STANDARDS],
        "goals": [],
        "plan": {"status": "optimal", "objective": 0, "gap": 0.0, "opened": opened, "hurts_most": []},
        "effect": {
            "decides": ["walk", "rural"],
            "figures": figures,
            "communities": [{**row, **short} for row in rows[: COMMUNITIES // 2]],
        },
    }


def _opened(sites: gpd.GeoDataFrame, row: int) -> dict[str, Any]:
    site, second = sites.iloc[row], sites.iloc[row + 1]
    kind = str(site["types"])
    costs = {"cost_once_yuan": 300_000, "cost_yearly_yuan": 60_000}
    return {
        "site_id": site["site_id"], "name": site["name"], "type": kind, "type_name": TYPES[kind], "year": 2026, **costs,
        "estimated_once": True, "estimated_yearly": False, "funding": "就业补助资金", "host": "社区党群服务中心",
        "build_method": "改建", "people": 20_000, "newly_covered": 12_000, "only_people": 4000, "lost_people": 4000,
        "why": ["不建此处，以下目标达不到：城区步行15分钟按人口覆盖、乡村路网5公里按人口覆盖。"],
        "runner_up_site_id": second["site_id"], "runner_up_name": second["name"], "runner_up_type_name": TYPES[kind],
        **{f"runner_up_{name}": yuan for name, yuan in costs.items()}, "runner_up_keeps_goals": False,
        "runner_up_more_yuan": -43_000, "runner_up_more_objective": -43_000, "runner_up_lost_people": 1656,
        "in_time": True,
    }  # fmt: skip


def _labels(sites: gpd.GeoDataFrame) -> MapLabels:
    return MapLabels(
        title="大城市公共就业服务圈布局方案（2026年）",
        language="zh",
        type_names=TYPES,
        standard_names=STANDARDS,
        site_names=dict(zip(sites["site_id"], sites["name"], strict=True)),
        notes=("口径：步行 4 公里/小时，沿道路量。",),
        review_number="",
        maker="某局",
        document_note="内部工作用图",
    )
