"""Service areas: polygons around all that a site reaches. For the eye only; nothing is ever counted from them."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely
from contourpy import FillType, contour_generator
from scipy.ndimage import distance_transform_edt

from planner._search import FAR, spread
from planner.arcs import Seeds, arcs_of, position_ms, seeds_of
from planner.geodesy import project
from planner.snapping import plane_epsg, snap_table
from planner.standards import walk_limit_mm

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from numpy.typing import NDArray

    from planner.roads import Feet, Roads
    from planner.terms import Measure

    Whole = NDArray[np.int64]
    Real = NDArray[np.float64]

MARGIN_M = 60.0
"""How far the outline lies from the roads that are reached, in metres: about half a block."""

CELL_M = 20.0
"""Size of the raster cells from which outlines are traced, in metres."""

SIMPLIFY_M = 5.0
"""Tolerance to which outlines are simplified, in metres."""


def _parts(roads: Roads, first: Whole, limit: int, measure: Measure, *, towards_site: bool) -> tuple[Whole, Real, Real]:
    """Edges reached, and the fractions of each between which it is reached; a split edge stands twice."""
    whole = roads.length_mm if measure == "distance" else roads.drive_ms
    by_u, by_v = (roads.backward, roads.forward) if towards_site else (roads.forward, roads.backward)
    left_u = np.where(by_u & (first[roads.u] <= limit), limit - np.minimum(first[roads.u], limit), -1)
    left_v = np.where(by_v & (first[roads.v] <= limit), limit - np.minimum(first[roads.v], limit), -1)
    length = np.maximum(whole, 1)
    from_u, from_v = np.minimum(left_u / length, 1.0), np.minimum(left_v / length, 1.0)
    u, v = np.flatnonzero(left_u >= 0), np.flatnonzero(left_v >= 0)
    zeros, ones = np.zeros(len(u)), np.ones(len(v))
    return np.concatenate([u, v]), np.concatenate([zeros, 1 - from_v[v]]), np.concatenate([from_u[u], ones])


def _own_edge(roads: Roads, feet: Feet, site: int, limit: int, measure: Measure) -> tuple[Whole, Real, Real]:
    """Return the stretch of the site's own edge around its foot."""
    edge = feet.edge[site : site + 1]
    whole = roads.length_mm if measure == "distance" else roads.drive_ms
    here = feet.position_mm if measure == "distance" else position_ms(roads, feet)
    length, at = np.maximum(whole[edge], 1), here[site : site + 1]
    left = max(limit, 0)
    return edge, np.maximum(0.0, (at - left) / length), np.minimum(1.0, (at + left) / length)


def _samples(x: Real, y: Real, roads: Roads, parts: tuple[Whole, Real, Real]) -> tuple[Real, Real]:
    """Points along the part edges, at most one cell apart."""
    edge, start, end = parts
    steps = np.ceil(roads.length_mm[edge] / 1000 * (end - start) / CELL_M).astype(np.int64) + 1
    part = np.repeat(np.arange(len(edge)), steps)
    order = np.arange(len(part)) - np.repeat(np.cumsum(steps) - steps, steps)
    fraction = start[part] + (end - start)[part] * order / np.maximum(steps[part] - 1, 1)
    u, v = roads.u[edge[part]], roads.v[edge[part]]
    return x[u] + fraction * (x[v] - x[u]), y[u] + fraction * (y[v] - y[u])


def _outline(px: Real, py: Real) -> shapely.Geometry:
    """Outline of all within `MARGIN_M` of some points: a contour of the distance to the cells that hold one."""
    wide = int(MARGIN_M // CELL_M) + 2
    left, bottom = int(px.min() // CELL_M) - wide, int(py.min() // CELL_M) - wide
    column, row = (px // CELL_M).astype(np.int64) - left, (py // CELL_M).astype(np.int64) - bottom
    empty = np.ones((int(row.max()) + wide + 1, int(column.max()) + wide + 1), dtype=bool)
    empty[row, column] = False
    away_m = distance_transform_edt(empty) * CELL_M
    # cells are anchored at multiples of their size, so that an outline does not depend on its neighbours
    x, y = (np.arange(size) + first + 0.5 for size, first in zip(empty.T.shape, (left, bottom), strict=True))
    traced = contour_generator(x * CELL_M, y * CELL_M, away_m, fill_type=FillType.OuterOffset).filled(-1.0, MARGIN_M)
    polygons = [
        shapely.Polygon(points[offsets[0] : offsets[1]], [points[i:j] for i, j in pairwise(offsets[1:])])
        for points, offsets in zip(*traced, strict=True)
    ]
    return shapely.simplify(shapely.multipolygons(polygons), SIMPLIFY_M)


def _limits(
    roads: Roads, cutoffs_m: Sequence[float] | None, cutoffs_s: Sequence[float] | None, walk_kph: float | Decimal
) -> tuple[Measure, list[int]]:
    if (cutoffs_m is None) == (cutoffs_s is None):
        raise ValueError("give cutoffs_m or cutoffs_s")
    if cutoffs_m is not None:
        return "distance", [int(Fraction(str(cutoff)) * 1000) for cutoff in cutoffs_m]
    if roads.mode == "walk":
        return "distance", [walk_limit_mm(cutoff, walk_kph) for cutoff in cutoffs_s or ()]
    return "time", [int(Fraction(str(cutoff)) * 1000) for cutoff in cutoffs_s or ()]


def service_areas(
    roads: Roads,
    sites: gpd.GeoDataFrame,
    *,
    cutoffs_m: Sequence[float] | None = None,
    cutoffs_s: Sequence[float] | None = None,
    towards_site: bool = True,
    walk_kph: float = 4.0,
    snap_max_m: float = 500.0,
    site_feet: Feet | None = None,
) -> gpd.GeoDataFrame:
    """Draw what each site reaches: the roads within the cutoff, part edges cut, widened by `MARGIN_M`.

    Parameters
    ----------
    roads
        The network; its mode is the mode of travel.
    sites
        Table with ``site_id`` and points in EPSG:4326.
    cutoffs_m, cutoffs_s
        One of the two: distances in metres or times in seconds; the site's access leg counts.
    towards_site
        Whether travel runs towards the site (as it is counted) or away from it.
    walk_kph
        Walking speed in km/h.
    snap_max_m
        Sites farther than this from every edge, in metres, have no area.
    site_feet
        Feet of the sites found before on these roads.

    Returns
    -------
    areas
        Columns site_id, cutoff_m or cutoff_s, and geometry in EPSG:4326; sites off the network have no row.

    Raises
    ------
    ValueError
        Unless exactly one kind of cutoff is given.
    """
    measure, limits = _limits(roads, cutoffs_m, cutoffs_s, walk_kph)
    feet = site_feet if site_feet is not None else snap_table(roads, sites, snap_max_m=snap_max_m)
    epsg = plane_epsg(roads)
    x, y = project(roads.lon, roads.lat, epsg)
    arcs = arcs_of(roads, measure, reverse=towards_site)
    seeds = seeds_of(roads, feet, measure, float(walk_kph), arriving=towards_site)
    rows = []
    for site, site_id in enumerate(sites["site_id"]):
        if feet.edge[site] < 0:
            continue
        first = _costs_from(seeds, site, arcs.flat, max(limits))
        access = seeds.access[site]
        for cutoff, limit in zip(cutoffs_m or cutoffs_s or (), limits, strict=True):
            if access > limit:
                continue
            around = _parts(roads, first, limit, measure, towards_site=towards_site)
            own = _own_edge(roads, feet, site, limit - int(access), measure)
            edge, start, end = (np.concatenate(pair) for pair in zip(around, own, strict=True))
            rows.append((site_id, cutoff, _outline(*_samples(x, y, roads, (edge, start, end)))))
    name = "cutoff_m" if cutoffs_m is not None else "cutoff_s"
    areas = gpd.GeoDataFrame(rows, columns=["site_id", name, "geometry"], geometry="geometry", crs=epsg)
    return areas.to_crs(4326)


def _costs_from(seeds: Seeds, site: int, arcs: tuple[Whole, ...], limit: int) -> Whole:
    mine = slice(int(seeds.table.start[site]), int(seeds.table.start[site + 1]))
    nodes, first, second = seeds.table.payload[mine], seeds.table.first[mine], seeds.table.second[mine]
    costs, _, _ = spread(*arcs, nodes, first, second, np.zeros(len(nodes), dtype=np.int64), limit)
    return np.asarray(np.minimum(costs, FAR // 2))
