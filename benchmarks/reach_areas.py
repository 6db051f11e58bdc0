"""Section on service areas: time, and likeness to the buffered and united road pieces that a site reaches."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

import peers
import tiles
from measure import Report, Target, peak_mib, timed
from planner.geodesy import project
from planner.isochrones import service_areas
from planner.network import snap_table
from planner.outlines import MARGIN_M
from planner.skeleton import skeleton_of
from planner.snapping import plane_epsg

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from measure import Options
    from planner.roads import Feet, Roads

    Whole = NDArray[np.int64]
    Real = NDArray[np.float64]

SITES = {"sample": 50, "towns-200k": 50, "city-200k": 15}
"""Sites by network: fewer where uniting the pieces of one takes seconds."""

SEED = 20261122
ASIDE_M = 20.0

MOST_MS = {1200: 15.0, 3000: 80.0}
"""Most CPU milliseconds that the area of one site may take, by its cutoff in metres."""

LEAST_LIKENESS = 0.985
"""Least area in common over area in all (IoU) with the buffered and united pieces."""

SIDES = 16
"""Sides by which a quarter of a circle is drawn around the end of a piece."""


def areas(name: str, options: Options) -> Report:
    """Draw the area of each of some sites in a call of its own, and compare it with buffer and union."""
    report = Report(f"Service areas, one core, {name}")
    print(report.title)
    roads = tiles.sample() if name == "sample" else tiles.load(name).roads
    sites = tiles.table_of("site_id", *tiles.places_beside(roads, SITES[name], SEED, aside_m=ASIDE_M))
    feet = snap_table(roads, sites)
    whole_ms = {cutoff_m: _in_one_call(roads, sites, feet, cutoff_m, options.rounds) for cutoff_m in MOST_MS}
    ours_mib = peak_mib()
    plane = _plane(roads)
    recipe = _recipe(plane, feet)
    rows: list[tuple[Any, ...]] = []
    for cutoff_m, whole in whole_ms.items():
        rows += _compared(report, name, plane, sites, feet, cutoff_m, options.rounds)
        rows.append((f"ours, fast, {len(sites)} sites in a call", f"{cutoff_m:,} m", whole, "", ""))
        if recipe:
            _, ms = _each(partial(recipe, cutoff_m), len(sites), 1)
            rows.append(("osmnx's recipe: ego_graph, buffer, union", f"{cutoff_m:,} m", ms, "", ""))
    head = ("how", "cutoff", "ms each", "median IoU", "least IoU")
    report.table(
        head, rows, f"  CPU time, medians of {len(sites)} sites, ours of {options.rounds} rounds; feet found before"
    )
    report.note(
        f"IoU: against pieces cut at the cutoff, buffered by {MARGIN_M:g} m ({SIDES} sides a quarter) and united, no "
        "hole filled; found by scipy on the uncontracted network"
    )
    report.note(f"peak memory before the others were set up: {ours_mib or 0:.0f} MiB")
    return report


def _compared(
    report: Report, name: str, plane: Plane, sites: gpd.GeoDataFrame, feet: Feet, cutoff_m: int, rounds: int
) -> list[tuple[Any, ...]]:
    """Rows on our two methods, and on buffer and union, for one cutoff."""
    pieces = [plane.pieces(feet, site, cutoff_m) for site in range(len(sites))]
    united, united_ms = _each(lambda site: _united(pieces[site]), len(sites), 1)
    rows: list[tuple[Any, ...]] = []
    for method in ("fast", "exact"):
        draw = partial(_alone, plane.roads, sites, feet, cutoff_m, method)
        drawn, ms = _each(draw, len(sites), rounds if method == "fast" else 1)
        alike = [plane.likeness(*pair) for pair in zip(drawn, united, strict=True)]
        rows.append((f"ours, {method}", f"{cutoff_m:,} m", ms, statistics.median(alike), min(alike)))
        if method == "fast":
            likeness = f"{name}, likeness at {cutoff_m:,} m, least of {len(sites)} sites"
            report.target(Target(f"{name}, area of {cutoff_m:,} m", ms, "ms of CPU", MOST_MS[cutoff_m]))
            report.target(Target(likeness, min(alike), "IoU", LEAST_LIKENESS, at_least=True))
    rows.append(("buffer and union alone", f"{cutoff_m:,} m", united_ms, "", ""))
    return rows


def _alone(roads: Roads, sites: gpd.GeoDataFrame, feet: Feet, cutoff_m: int, method: Any, site: int) -> Any:
    """Draw the area of one site, in degrees; None where it has none."""
    one = np.array([site])
    drawn = service_areas(roads, sites.iloc[one], cutoffs_m=[cutoff_m], site_feet=feet.take(one), method=method)
    return drawn.geometry.iloc[0] if len(drawn) else None


def _in_one_call(roads: Roads, sites: gpd.GeoDataFrame, feet: Feet, cutoff_m: int, rounds: int) -> float:
    """CPU milliseconds of a site when all are drawn in one call; also warms up."""
    calls = [
        timed(lambda: service_areas(roads, sites, cutoffs_m=[cutoff_m], site_feet=feet)) for _ in range(rounds + 1)
    ]
    return statistics.median(seconds for _, seconds in calls[1:]) / len(sites) * 1000


def _each(draw: Callable[[int], Any], sites: int, rounds: int) -> tuple[list[Any], float]:
    """Draw each site's area; returns the areas, and the median over sites of the CPU milliseconds."""
    drawn, ms = [], []
    for site in range(sites):
        calls = [timed(partial(draw, site)) for _ in range(rounds)]
        drawn.append(calls[-1][0])
        ms.append(statistics.median(seconds for _, seconds in calls) * 1000)
    return drawn, statistics.median(ms)


# --- Buffer and union ----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Plane:
    """A network in the plane of its UTM zone: ends of its segments, and scipy's search on these."""

    roads: Roads
    epsg: int
    x: Real
    y: Real
    network: peers.Uncontracted

    def pieces(self, feet: Feet, site: int, cutoff_m: int) -> Any:
        """Lines of all that a site reaches, cut at the cutoff."""
        roads, limit = self.roads, cutoff_m * 1000
        left_at = limit - self.network.to_nodes(feet, site, limit)
        edge = np.flatnonzero((left_at[roads.u] > 0) | (left_at[roads.v] > 0))
        share_u, share_v = (np.clip(left_at[end[edge]] / roads.length_mm[edge], 0, 1) for end in (roads.u, roads.v))
        own, at, left = int(feet.edge[site]), int(feet.position_mm[site]), limit - int(feet.access_mm[site])
        around = np.clip(np.array([at - left, at + left]) / roads.length_mm[own], 0, 1)
        start = np.concatenate([np.zeros(len(edge)), 1 - share_v, around[:1]])
        end = np.concatenate([share_u, np.ones(len(edge)), around[1:]])
        return self._lines(np.concatenate([edge, edge, [own]]), start, end)

    def _lines(self, edge: Whole, start: Real, end: Real) -> Any:
        """Lines between two shares of edges, without those of no length."""
        some = end > start
        u, v = self.roads.u[edge[some]], self.roads.v[edge[some]]
        ends = [
            np.stack([at[u] + share[some] * (at[v] - at[u]) for at in (self.x, self.y)], axis=1)
            for share in (start, end)
        ]
        return shapely.linestrings(np.stack(ends, axis=1))

    def likeness(self, drawn: Any, united: Any) -> float:
        """Area in common over area in all of a shape in degrees and one in the plane; 0 where there is none."""
        if drawn is None:
            return 0.0
        ours = shapely.transform(drawn, lambda places: np.stack(project(places[:, 0], places[:, 1], self.epsg), axis=1))
        return float(shapely.intersection(ours, united).area / shapely.union(ours, united).area)


def _plane(roads: Roads) -> Plane:
    epsg = plane_epsg(roads)
    return Plane(roads, epsg, *project(roads.lon, roads.lat, epsg), peers.Uncontracted(roads))


def _united(lines: Any) -> Any:
    return shapely.union_all(shapely.buffer(lines, MARGIN_M, quad_segs=SIDES))


# --- The recipe of osmnx's gallery ---------------------------------------------------------------------------


def _recipe(plane: Plane, feet: Feet) -> Callable[[int, int], Any] | None:
    """Isochrones as osmnx's examples draw them: the subgraph around a site's node, its streets buffered and united."""
    networkx = peers.installed("networkx")
    if networkx is None:
        return None
    roads, skeleton = plane.roads, skeleton_of(plane.roads)
    streets = networkx.MultiGraph()
    streets.add_nodes_from(range(skeleton.n_junctions))
    for chain, (u, v, mm) in enumerate(
        zip(skeleton.u.tolist(), skeleton.v.tolist(), skeleton.length_mm.tolist(), strict=True)
    ):
        streets.add_edge(u, v, length=mm / 1000, geometry=_street(plane, chain))
    near = np.where(feet.position_mm * 2 <= roads.length_mm[feet.edge], roads.u[feet.edge], roads.v[feet.edge])
    inside = skeleton.junction[near] < 0
    centre = np.where(inside, skeleton.u[skeleton.at_chain[near]], skeleton.junction[near]).tolist()

    def draw(cutoff_m: int, site: int) -> Any:
        around = networkx.ego_graph(streets, centre[site], radius=cutoff_m, distance="length")
        lines = [line for *_, line in around.edges(data="geometry")]
        return gpd.GeoSeries(lines).buffer(MARGIN_M).union_all()

    return draw


def _street(plane: Plane, chain: int) -> Any:
    """Line of a chain in the plane."""
    roads, skeleton = plane.roads, skeleton_of(plane.roads)
    edge = skeleton.edge[skeleton.start[chain] : skeleton.start[chain + 1]]
    first, last = np.where(skeleton.flipped[edge], (roads.v[edge], roads.u[edge]), (roads.u[edge], roads.v[edge]))
    node = np.append(first, last[-1])
    return shapely.linestrings(plane.x[node], plane.y[node])
