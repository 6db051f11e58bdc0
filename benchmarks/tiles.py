"""The benchmark's input: a part of the embedded sample, mirrored side by side into one large connected network.

A part is what lies inside a box. Every second column of tiles is mirrored from west to east and every second row from
south to north, so borders meet: a street that a border cuts goes on as its own mirror image, and both share the node at
the cut. Lengths are those of the sample in every tile, to the millimetre, although a degree of longitude grows by up to
3 % from the southernmost row to the northernmost. Tiles lie east and north of the sample, in one UTM zone. What hangs
together with the rest only outside the box is left out, so the network is one piece.

- ``towns``: nearly the whole sample: towns and countryside as they are, a network of streets without footpaths.
- ``city``: the streets of La Serena alone, drawn at 0.46 of their size. That is as dense as the footways of a large
  city: about 1,000 junctions within 1,200 m, 14,000 within 5 km.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from planner.osmfile import read_roads
from planner.roads import Roads
from planner.skeleton import skeleton_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Whole = NDArray[np.int64]
    Real = NDArray[np.float64]

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "data" / "coquimbo" / "roads.osm.pbf"

WEST, EAST, SOUTH, NORTH = range(4)

DEGREE_M = 111_195.0
"""Length of a degree of latitude on the sphere, in metres."""


class Part(NamedTuple):
    """A part of the sample: west, south, east, north in degrees, and the scale at which it is drawn."""

    box: tuple[float, float, float, float]
    scale: float


class Input(NamedTuple):
    """A part, and the number of its tiles along each side."""

    part: Part
    side: int


TOWNS = Part((-71.353, -30.075, -71.168, -29.867), 1.0)
CITY = Part((-71.270, -29.968, -71.213, -29.869), 0.46)

INPUTS = {
    "towns-200k": Input(TOWNS, 5),
    "towns-1M": Input(TOWNS, 11),
    "city-200k": Input(CITY, 7),
    "city-1M": Input(CITY, 15),
}


@dataclass(frozen=True, eq=False)
class Tile:
    """A part cut out of a network; the nodes at the cuts come last.

    Attributes
    ----------
    roads
        The part as a network of its own, in one piece.
    side
        By node: `WEST`, `EAST`, `SOUTH` or `NORTH` where it lies on that border of the box, else -1.
    box
        West, south, east, north in degrees.
    """

    roads: Roads
    side: Whole
    box: tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Tiling:
    """A network of mirrored tiles.

    Attributes
    ----------
    roads
        The network.
    node
        Number in it of each node of each tile, shape (tiles, nodes of a tile).
    tile
        What it is made of.
    """

    roads: Roads
    node: Whole
    tile: Tile


def sample() -> Roads:
    """Return the walk network of the embedded sample, its longest piece alone."""
    return read_roads(SAMPLE, mode="walk", island_min_m=1e9)


def load(name: str) -> Tiling:
    """Build one of the `INPUTS`."""
    part, side = INPUTS[name]
    return mirror_tiled(cut_out(sample(), part), side)


# --- Cutting out ---------------------------------------------------------------------------------------------


def cut_out(roads: Roads, part: Part) -> Tile:
    """Cut a part out of a network: what hangs together in the box, and what segments leave it, up to the border."""
    west, south, east, north = part.box
    inside = (roads.lon > west) & (roads.lon < east) & (roads.lat > south) & (roads.lat < north)
    inside &= _largest_piece(roads, inside[roads.u] & inside[roads.v])
    edge = np.flatnonzero(inside[roads.u] | inside[roads.v])
    leaving = edge[inside[roads.u[edge]] != inside[roads.v[edge]]]
    share, side, lon, lat = _crossings(roads, leaving, inside, part.box)
    n_inside = int(inside.sum())
    number = np.cumsum(inside) - 1
    u, v = number[roads.u[edge]], number[roads.v[edge]]
    row = np.searchsorted(edge, leaving)
    cut = n_inside + np.arange(len(leaving))
    out_v = inside[roads.u[leaving]]
    v[row[out_v]], u[row[~out_v]] = cut[out_v], cut[~out_v]
    stretch = np.full(len(edge), part.scale)
    stretch[row] *= share
    lon, lat = np.concatenate([roads.lon[inside], lon]), np.concatenate([roads.lat[inside], lat])
    length_mm = np.maximum(np.rint(roads.length_mm[edge] * stretch), 1).astype(np.int64)
    box = (west, south, west + (east - west) * part.scale, south + (north - south) * part.scale)
    return Tile(
        roads=_network(
            roads,
            edge,
            way_id=np.unique(roads.way_id[edge], return_inverse=True)[1] + 1,
            ends=(u, v),
            place=(west + (lon - west) * part.scale, south + (lat - south) * part.scale),
            length_mm=length_mm,
        ),
        side=np.concatenate([np.full(n_inside, -1), side]),
        box=box,
    )


def _largest_piece(roads: Roads, edges: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Nodes of the piece that holds most nodes, by some edges alone."""
    ties = coo_array((np.ones(int(edges.sum())), (roads.u[edges], roads.v[edges])), shape=(roads.n_nodes,) * 2)
    _, label = connected_components(ties, directed=False)
    return np.asarray(label == np.bincount(label).argmax())


def _crossings(
    roads: Roads, leaving: Whole, inside: NDArray[np.bool_], box: tuple[float, float, float, float]
) -> tuple[Real, Whole, Real, Real]:
    """Where segments leave a box: the share of their length inside, the side, and the place."""
    u, v = roads.u[leaving], roads.v[leaving]
    start, end = np.where(inside[u], u, v), np.where(inside[u], v, u)
    west, south, east, north = box
    shares = np.full((4, len(leaving)), np.inf)
    for side, at, border in (
        (WEST, roads.lon, west),
        (EAST, roads.lon, east),
        (SOUTH, roads.lat, south),
        (NORTH, roads.lat, north),
    ):
        ahead, wanted = at[end] - at[start], border - at[start]
        towards = ahead * wanted > 0
        shares[side, towards] = wanted[towards] / ahead[towards]
    side = shares.argmin(axis=0)
    share = shares.min(axis=0)
    lon, lat = (at[start] + share * (at[end] - at[start]) for at in (roads.lon, roads.lat))
    for number, at, border in ((WEST, lon, west), (EAST, lon, east), (SOUTH, lat, south), (NORTH, lat, north)):
        at[side == number] = border  # to the last bit, so that mirror images meet
    return share, side, lon, lat


# --- Laying tiles --------------------------------------------------------------------------------------------


def mirror_tiled(tile: Tile, side: int) -> Tiling:
    """Lay ``side`` x ``side`` tiles, each beside its mirror images."""
    base = tile.roads
    row, column = np.divmod(np.arange(side * side), side)
    lon = _laid(base.lon, column, tile.box[0], tile.box[2])
    lat = _laid(base.lat, row, tile.box[1], tile.box[3])
    keeper = _keeper(column, tile.side, WEST, EAST) + side * _keeper(row, tile.side, SOUTH, NORTH)
    kept, node = np.unique(keeper * base.n_nodes + np.arange(base.n_nodes), return_inverse=True)
    node = node.reshape(side * side, base.n_nodes)
    n_tiles, ways = side * side, int(base.way_id.max())
    edge = np.tile(np.arange(base.n_edges), n_tiles)
    roads = _network(
        base,
        edge,
        way_id=base.way_id[edge] + ways * np.repeat(np.arange(n_tiles), base.n_edges),
        ends=(node[:, base.u].ravel(), node[:, base.v].ravel()),
        place=(lon.ravel()[kept], lat.ravel()[kept]),
        length_mm=base.length_mm[edge],
    )
    return Tiling(roads, node, tile)


def _laid(at: Real, place: Whole, low: float, high: float) -> Real:
    """Coordinates of a tile's nodes in each tile, whose place along this axis is given; odd places are mirrored."""
    odd = (place % 2 == 1)[:, None]
    return np.asarray(low + (high - low) * place[:, None] + np.where(odd, high - at, at - low))


def _keeper(place: Whole, side: Whole, low: int, high: int) -> Whole:
    """By tile and node: the place along this axis of the tile whose copy of the node stays.

    An even tile shares the nodes on its low border with the tile before it, an odd one those on its high border, for it
    is mirrored.
    """
    odd = (place % 2 == 1)[:, None]
    shared = np.where(odd, side == high, side == low) & (place > 0)[:, None]
    return np.asarray(place[:, None] - shared)


def _network(
    roads: Roads, edge: Whole, *, way_id: Whole, ends: tuple[Whole, Whole], place: tuple[Real, Real], length_mm: Whole
) -> Roads:
    """Network of some edges of another, with ids, ends, places and lengths of their own."""
    return Roads(
        mode=roads.mode,
        node_id=np.arange(1, len(place[0]) + 1),
        lon=place[0],
        lat=place[1],
        way_id=way_id,
        segment=roads.segment[edge],
        u=ends[0].astype(np.int32),
        v=ends[1].astype(np.int32),
        length_mm=length_mm,
        drive_ms=np.zeros(len(edge), dtype=np.int64),
        forward=np.ones(len(edge), dtype=np.bool_),
        backward=np.ones(len(edge), dtype=np.bool_),
        kind=roads.kind[edge],
        report=roads.report,
    )


# --- Places on it --------------------------------------------------------------------------------------------


def some_junctions(tiling: Tiling, count: int, seed: int) -> Whole:
    """Draw different junctions of the skeleton, in its order: the same of the tile whatever the number of tiles."""
    alone = skeleton_of(tiling.tile.roads).node
    inner = np.sort(alone[tiling.tile.side[alone] < 0])
    chosen = np.random.default_rng(seed).choice(inner, count, replace=False)
    tile = np.random.default_rng(seed + 1).integers(0, len(tiling.node), count)
    return np.sort(skeleton_of(tiling.roads).junction[tiling.node[tile, chosen]])


def places_beside(roads: Roads, count: int, seed: int, *, aside_m: float) -> tuple[Real, Real]:
    """Draw places beside segments, each as likely: more where streets are dense. Returns degrees east and north.

    How far beside is normally distributed, with the standard deviation `aside_m` in metres.
    """
    rng = np.random.default_rng(seed)
    edge, share = rng.integers(0, roads.n_edges, count), rng.random(count)
    aside = rng.normal(0.0, aside_m / DEGREE_M, (2, count))
    u, v = roads.u[edge], roads.v[edge]
    lon, lat = (at[u] + share * (at[v] - at[u]) for at in (roads.lon, roads.lat))
    return lon + aside[0] / np.cos(np.radians(lat)), lat + aside[1]


def table_of(key: str, lon: Real, lat: Real) -> gpd.GeoDataFrame:
    """Make a demand or site table of places, with ids ``0000000`` and on."""
    return gpd.GeoDataFrame(
        {key: [f"{k:07d}" for k in range(len(lon))]}, geometry=gpd.points_from_xy(lon, lat), crs=4326
    )
