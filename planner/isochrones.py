"""Service areas: polygons around all that a site reaches. For the eye only; nothing is ever counted from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner._search import FAR
from planner.arcs import effective, walk_ms
from planner.geodesy import project, unproject
from planner.outlines import Pieces, outlines
from planner.searches import edges_within
from planner.snapping import plane_epsg, snap_table
from planner.standards import as_cutoffs, cutoff_limit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from numpy.typing import NDArray

    from planner.outlines import Method
    from planner.roads import Feet, Roads
    from planner.searches import Reached
    from planner.terms import Measure

    Whole = NDArray[np.int64]
    Real = NDArray[np.float64]


def service_areas(
    roads: Roads,
    sites: gpd.GeoDataFrame,
    *,
    cutoffs_m: Sequence[float | Decimal] | None = None,
    cutoffs_s: Sequence[float | Decimal] | None = None,
    towards_site: bool = True,
    walk_kph: float = 4.0,
    snap_max_m: float = 500.0,
    site_feet: Feet | None = None,
    method: Method = "fast",
    simplify_m: float = 0.0,
) -> gpd.GeoDataFrame:
    """Draw what each site reaches: the roads within each cutoff, part edges cut, widened by `outlines.MARGIN_M`.

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
        Walking speed in km/h, also of the access legs of a drive.
    snap_max_m
        Sites farther than this from every edge, in metres, have no area.
    site_feet
        Feet of the sites found before on these roads.
    method
        ``fast`` or ``exact``; what holds of each in the plane is said in `outlines`. In degrees the long straight edges
        of exact outlines bend by centimetres, by which a larger cutoff may fall short of covering a smaller one.
    simplify_m
        Tolerance to which outlines are simplified, in metres, for smaller files. Above 0 a larger cutoff need not quite
        cover a smaller one.

    Returns
    -------
    areas
        Columns site_id, cutoff_m or cutoff_s, and geometry (multipolygons in EPSG:4326), sites and cutoffs in the order
        given. Sites off the network have no row, nor have cutoffs that the access leg alone uses up.

    Raises
    ------
    ValueError
        Unless exactly one kind of cutoff is given.
    """
    measure, limits = _limits(roads, cutoffs_m, cutoffs_s, walk_kph)
    name, cutoffs = ("cutoff_m", cutoffs_m) if cutoffs_m is not None else ("cutoff_s", cutoffs_s)
    feet = site_feet if site_feet is not None else snap_table(roads, sites, snap_max_m=snap_max_m)
    access = feet.access_mm if measure == "distance" else walk_ms(feet.access_mm, walk_kph)
    most, epsg = max(limits, default=0), plane_epsg(roads)
    found = edges_within(roads, feet, measure=measure, walk_kph=walk_kph, limit=most, arriving=towards_site)
    ids, shown, shapes = [], [], []
    for site, (site_id, reached) in enumerate(zip(sites["site_id"], found, strict=True)):
        ascending = sorted({limit for limit in limits if limit >= access[site]})
        if feet.edge[site] < 0 or not ascending:
            continue
        edges = _edges(roads, reached, measure, epsg, towards_site=towards_site)
        own = _own(roads, reached, feet, site, int(access[site]), towards_site=towards_site)
        drawn = dict(zip(ascending, outlines(list(_steps(edges, own, ascending)), method), strict=True))
        for cutoff, limit in zip(as_cutoffs(cutoffs), limits, strict=True):
            if limit in drawn:
                ids.append(site_id)
                shown.append(cutoff)
                shapes.append(drawn[limit])
    placed = np.array(shapes, dtype=object)
    geometry = _in_degrees(_simplified(placed, simplify_m) if simplify_m else placed, epsg)
    return gpd.GeoDataFrame({"site_id": pd.array(ids, dtype="str"), name: shown}, geometry=geometry, crs=4326)


def _simplified(shapes: NDArray[np.object_], simplify_m: float) -> NDArray[np.object_]:
    """Simplify multipolygons; what would cross itself, or lose a part, is done again in the way that takes care of it.

    That way (``preserve_topology``) takes ten times as long, and is hardly ever called for.
    """
    simple: NDArray[np.object_] = shapely.simplify(shapes, simplify_m, preserve_topology=False)
    kept = shapely.get_num_geometries(simple) == shapely.get_num_geometries(shapes)
    again = ~(kept & shapely.is_valid(simple) & ~shapely.is_empty(simple))
    simple[again] = shapely.simplify(shapes[again], simplify_m)
    return simple


def _limits(
    roads: Roads,
    cutoffs_m: Sequence[float | Decimal] | None,
    cutoffs_s: Sequence[float | Decimal] | None,
    walk_kph: float | Decimal,
) -> tuple[Measure, list[int]]:
    """Return what decides, and the cutoffs in whole millimetres or milliseconds; minutes on foot become metres."""
    if (cutoffs_m is None) == (cutoffs_s is None):
        raise ValueError("give cutoffs_m or cutoffs_s")
    measure: Measure = "distance" if cutoffs_m is not None else "time"
    limits = [
        cutoff_limit(roads.mode, measure, cutoff, walk_kph)
        for cutoff in as_cutoffs(cutoffs_m if cutoffs_m is not None else cutoffs_s)
    ]
    return effective(roads, measure), limits


@dataclass(frozen=True, eq=False)
class _Edges:
    """Segments that a site reaches.

    Attributes
    ----------
    ends
        x and y of both ends in metres, shape (4, n).
    cost
        Deciding cost of the whole segment.
    u_cost, v_cost
        Least cost at either end; `FAR` as well where travel between the site and the segment cannot run by that end.
    """

    ends: Real
    cost: Whole
    u_cost: Whole
    v_cost: Whole


def _edges(roads: Roads, reached: Reached, measure: Measure, epsg: int, *, towards_site: bool) -> _Edges:
    edge = reached.edge
    ends = [
        along for node in (roads.u[edge], roads.v[edge]) for along in project(roads.lon[node], roads.lat[node], epsg)
    ]
    by_u, by_v = (roads.backward, roads.forward) if towards_site else (roads.forward, roads.backward)
    return _Edges(
        ends=np.stack(ends),
        cost=(roads.length_mm if measure == "distance" else roads.drive_ms)[edge],
        u_cost=np.where(by_u[edge], reached.u_cost, FAR),
        v_cost=np.where(by_v[edge], reached.v_cost, FAR),
    )


@dataclass(frozen=True)
class _Own:
    """The site's foot on its own segment.

    Attributes
    ----------
    row
        The segment's place among those reached.
    at
        Fraction of the segment from node u to the foot.
    back, ahead
        Whether travel between the foot and the parts towards u, or towards v, may run along the segment.
    access
        Cost of the access leg.
    """

    row: int
    at: float
    back: bool
    ahead: bool
    access: int

    def between(self, limit: int, cost: int) -> tuple[float, float]:
        """Fractions of the segment, of cost `cost`, between which it is reached straight from the foot."""
        left = (limit - self.access) / cost if cost else 1.0
        return max(0.0, self.at - left * self.back), min(1.0, self.at + left * self.ahead)


def _own(roads: Roads, reached: Reached, feet: Feet, site: int, access: int, *, towards_site: bool) -> _Own:
    edge = int(feet.edge[site])
    at = float(feet.position_mm[site] / max(1, roads.length_mm[edge]))
    along, against = bool(roads.forward[edge]), bool(roads.backward[edge])
    back, ahead = (along, against) if towards_site else (against, along)
    return _Own(int(np.searchsorted(reached.edge, edge)), at, back, ahead, access)


def _steps(edges: _Edges, own: _Own, limits: Sequence[int]) -> Iterator[Pieces]:
    """Cut the segments at each limit, in ascending order: only what it adds to the ones before."""
    partial = np.arange(len(edges.cost))
    for limit in limits:
        cost = edges.cost[partial]
        from_u, from_v = (np.maximum(limit - at[partial], -1) for at in (edges.u_cost, edges.v_cost))
        whole = (np.maximum(from_u, from_v) >= cost) | (from_u + from_v >= cost)
        u, v = np.flatnonzero(~whole & (from_u >= 0)), np.flatnonzero(~whole & (from_v >= 0))
        row = np.concatenate([partial[whole], partial[u], partial[v], [own.row]])
        start, end = np.zeros(len(row)), np.ones(len(row))
        n_whole = len(row) - len(u) - len(v) - 1
        end[n_whole : n_whole + len(u)] = from_u[u] / cost[u]
        start[n_whole + len(u) : -1] = 1.0 - from_v[v] / cost[v]
        start[-1], end[-1] = own.between(limit, int(edges.cost[own.row]))
        yield Pieces(edges.ends[:, row], np.stack([start, end]))
        partial = partial[~whole]


def _in_degrees(shapes: NDArray[np.object_], epsg: int) -> NDArray[np.object_]:
    def places(vertices: Real) -> Real:
        return np.column_stack(unproject(vertices[:, 0], vertices[:, 1], epsg))

    return np.asarray(shapely.transform(shapes, places), dtype=object)
