"""Section on snapping: points to the nearest edge, against shapely's STRtree on every point."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

import tiles
from measure import Report, Target, differ, in_turns, medians, peak_mib, timed
from planner.geodesy import project
from planner.network import snap
from planner.snapping import TIE_M, plane_epsg

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from measure import Options
    from planner.roads import Roads

    Whole = NDArray[np.int64]
    Real = NDArray[np.float64]

POINTS = 100_000
SEED = 20261123
ASIDE_M = 60.0

SHARE_ANYWHERE = 0.1
"""Share of the points that lie anywhere in the box, far from streets as well; the others lie beside streets."""

MOST_S = 0.5
"""Most CPU seconds that all points may take."""

ANY_DISTANCE_M = 1e6
"""No point is off the network: each has its nearest edge."""

BORDER_M = 1e-6
"""Within this of the border of the rule on ties, what is nearest is a matter of rounding."""


def snapping(name: str, options: Options) -> Report:
    """Snap points, and let shapely find the nearest edges of the same points."""
    report = Report(f"Snapping of {POINTS:,} points, one core, {name}")
    print(report.title)
    roads = tiles.sample() if name == "sample" else tiles.load(name).roads
    report.note(f"{name}: {roads.n_edges:,} segments")
    lon, lat = _points(roads)
    _ours(tiles.sample(), lon[:1], lat[:1])  # compiles
    _, first_s = timed(partial(_ours, roads, lon[:1], lat[:1]))
    feet = _ours(roads, lon, lat)
    ours_mib = peak_mib()
    epsg = plane_epsg(roads)
    x, y = project(roads.lon, roads.lat, epsg)
    lines = shapely.linestrings(np.stack([np.stack([x[end], y[end]], axis=1) for end in (roads.u, roads.v)], axis=1))
    tree, tree_s = timed(lambda: shapely.STRtree(lines))
    points = shapely.points(*project(lon, lat, epsg))
    tree.nearest(points[:1])  # its first question builds the tree
    _check(report, tree, points, feet.edge)
    seconds = in_turns(
        {"ours": partial(_ours, roads, lon, lat), "shapely": lambda: tree.nearest(points)}, options.rounds
    )
    took_s = medians(seconds)
    rows = [
        ("ours: edge, position, node, access leg, foot", took_s["ours"], first_s),
        ("shapely STRtree.nearest: edge alone, points in the plane", took_s["shapely"], tree_s),
    ]
    report.table(("how", "s", "s once, for the tree"), rows, f"  CPU time, medians of {options.rounds} rounds in turns")
    report.target(Target(f"{name}, {POINTS:,} points snapped", took_s["ours"], "s of CPU", MOST_S))
    with_tree = f"{name}, the same with the tree of its {roads.n_edges:,} segments"
    report.target(Target(with_tree, took_s["ours"] + first_s, "s of CPU", MOST_S))
    report.note(f"peak memory before shapely's tree: {ours_mib or 0:.0f} MiB")
    return report


def _points(roads: Roads) -> tuple[Real, Real]:
    anywhere = round(POINTS * SHARE_ANYWHERE)
    west, south, east, north = roads.bounds
    rng = np.random.default_rng(SEED)
    lon, lat = tiles.places_beside(roads, POINTS - anywhere, SEED, aside_m=ASIDE_M)
    return (
        np.concatenate([lon, rng.uniform(west, east, anywhere)]),
        np.concatenate([lat, rng.uniform(south, north, anywhere)]),
    )


def _ours(roads: Roads, lon: Real, lat: Real) -> Any:
    return snap(roads, lon, lat, snap_max_m=ANY_DISTANCE_M)


def _check(report: Report, tree: Any, points: Any, ours: Whole) -> None:
    """Stop unless at every point our edge is the nearest by shapely's distances, and of those as near the lowest."""
    lines = tree.geometries
    least_m = shapely.distance(points, lines[tree.nearest(points)])
    own_m = shapely.distance(points, lines[ours])
    point, edge = tree.query(points, predicate="dwithin", distance=least_m + TIE_M + BORDER_M)
    # of the edges that surely are as near the lowest, and of those that may be
    surely = shapely.distance(points[point], lines[edge]) <= least_m[point] + TIE_M - BORDER_M
    lowest, lowest_perhaps = (np.full(len(points), len(lines)) for _ in range(2))
    np.minimum.at(lowest, point[surely], edge[surely])
    np.minimum.at(lowest_perhaps, point, edge)
    wrong = (own_m > least_m + TIE_M + BORDER_M) | (ours > lowest) | (ours < lowest_perhaps)
    if wrong.any():
        k = int(np.flatnonzero(wrong)[0])
        differ(
            f"{int(wrong.sum())} points; point {k}: our edge {ours[k]} at {own_m[k]} m, the nearest at {least_m[k]} m"
        )
    ties = int((ours != tree.nearest(points)).sum())
    unsure = int((lowest != lowest_perhaps).sum())
    report.note(
        f"equal first: on all {len(points):,} points our edge is the lowest of those within {TIE_M * 1000:g} mm of "
        f"shapely's nearest distance ({ties} ties in which shapely names another; {unsure} points where rounding "
        "decides what is a tie)"
    )
