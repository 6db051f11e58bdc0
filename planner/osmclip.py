"""Cuts road files: several answers made one file, and the roads that touch an area out of a larger file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import osmium
import shapely

from planner.errors import Fault, RoadError
from planner.osmobjects import UNREADABLE, extracted, gate_text, let_go, read_nodes, read_ways, refs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from planner.osmobjects import Extract, Nodes

    Box = tuple[float, float, float, float]
    Whole = NDArray[np.int64]
    Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Clipped:
    """What a cut kept and what it could not.

    Attributes
    ----------
    ways, nodes
        How many the new file holds.
    ways_beyond
        Ways of the larger file that touch the area nowhere.
    nodes_missing
        Nodes that kept ways name and the larger file lacks.
    box
        West, south, east and north of what the larger file says it covers; None where it does not say.
    extent
        West, south, east and north of all the roads that it holds.
    """

    ways: int
    nodes: int
    ways_beyond: int
    nodes_missing: int
    box: Box | None
    extent: Box


def _written(target: Path, work: Callable[[osmium.SimpleWriter], None]) -> None:
    """Write a .osm.pbf file."""
    header = osmium.io.Header()
    header.set("generator", "service-circle-planner")
    writer = osmium.SimpleWriter(osmium.io.File(target, "pbf"), header=header, overwrite=True)
    try:
        work(writer)
        writer.close()
    finally:
        let_go(writer)


def merge(files: Sequence[Path], target: Path) -> None:
    """Make one .osm.pbf of several OpenStreetMap XML files, sorted; of what several hold, one copy stays.

    Raises
    ------
    RoadError
        If a file cannot be read to its end, or holds what must not be read.
    """
    merged = osmium.MergeInputReader()
    try:
        for file in files:
            gate_text(file, ".osm")
            merged.add_file(str(file))
        _written(target, lambda writer: merged.apply(writer, simplify=True))
    except UNREADABLE as error:
        raise RoadError(Fault("road_unreadable", str(target), values={"reason": error})) from error


def clip(source: Path, area: shapely.Geometry, target: Path) -> Clipped:
    """Write the ways with a ``highway`` tag that touch an area, whole and with all their tags and nodes.

    Parameters
    ----------
    source
        ``.osm.pbf``, ``.osm``, ``.osm.gz`` or ``.osm.bz2``.
    area
        Polygons in WGS-84 degrees.
    target
        The .osm.pbf to write.

    Raises
    ------
    RoadError
        If the file is not one that `planner.osmfile.read_roads` would read, or no road touches the area.
    """
    with extracted(source) as extract:
        ways = {way.way_id: way.refs for way in read_ways(extract, frozenset()) if not way.deleted}
        way_id = np.array(sorted(ways), dtype=np.int64)
        refs, sizes = refs_of([ways[number] for number in way_id.tolist()])
        nodes = read_nodes(extract, np.unique(refs))
        touching = _touching(refs, sizes, nodes, area)
        if not touching.any():
            raise RoadError(Fault("road_none_in_area", str(source), values={"ways": len(way_id)}))
        wanted = np.unique(refs[np.repeat(touching, sizes)])
        there = wanted[np.isin(wanted, nodes.node_id)]
        box = _write(extract, way_id[touching], there, target)
    kept = int(touching.sum())
    return Clipped(kept, len(there), len(way_id) - kept, len(wanted) - len(there), box, _extent(nodes))


def _extent(nodes: Nodes) -> Box:
    low, high = ((float(end(nodes.lon)), float(end(nodes.lat))) for end in (np.min, np.max))
    return *low, *high


def _touching(refs: Whole, sizes: Whole, nodes: Nodes, area: shapely.Geometry) -> Flags:
    """Mask of the ways of which a node lies in the area, or a segment crosses it between two nodes outside."""
    at = np.searchsorted(nodes.node_id, refs).clip(max=max(len(nodes.node_id) - 1, 0))
    known = nodes.node_id[at] == refs if len(nodes.node_id) else np.zeros(len(refs), dtype=bool)
    shapely.prepare(area)
    inside = np.zeros(len(nodes.node_id), dtype=bool)
    inside[:] = shapely.intersects_xy(area, nodes.lon, nodes.lat)
    way = np.repeat(np.arange(len(sizes)), sizes)
    touching = np.zeros(len(sizes), dtype=bool)
    touching[way[known & (inside[at] if len(inside) else False)]] = True
    start = np.flatnonzero((way[1:] == way[:-1]) & known[1:] & known[:-1] & ~touching[way[1:]])
    u, v = at[start], at[start + 1]
    west, south, east, north = area.bounds
    near = (np.maximum(nodes.lon[u], nodes.lon[v]) >= west) & (np.minimum(nodes.lon[u], nodes.lon[v]) <= east)
    near &= (np.maximum(nodes.lat[u], nodes.lat[v]) >= south) & (np.minimum(nodes.lat[u], nodes.lat[v]) <= north)
    start, u, v = start[near], u[near], v[near]
    ends = np.stack([np.column_stack([nodes.lon[n], nodes.lat[n]]) for n in (u, v)], axis=1)
    touching[way[start[shapely.intersects(area, shapely.linestrings(ends))]]] = True
    return touching


def _write(extract: Extract, ways: Whole, nodes: Whole, target: Path) -> Box | None:
    """Let osmium write some ways and nodes; return what the file says it covers."""
    wanted = osmium.IdTracker()
    for number in ways.tolist():
        wanted.add_way(number)
    for number in nodes.tolist():
        wanted.add_node(number)
    with osmium.io.Reader(extract.source, osmium.osm.NODE | osmium.osm.WAY) as reader:
        said = reader.header().box()
        _written(target, lambda writer: osmium.apply(reader, wanted.id_filter(), writer))
    low, high = said.bottom_left, said.top_right
    return (low.lon, low.lat, high.lon, high.lat) if said.valid() else None
