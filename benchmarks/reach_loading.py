"""Section on loading: a road file to a walk network, against osmnx from the same ways, and opened from the cache."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import osmium

from measure import Report, Target, differ, in_turns, medians, peak_mib
from peers import installed
from planner import roadcache
from planner.osmfile import read_roads

if TYPE_CHECKING:
    from measure import Options
    from planner.roads import Roads

TIMES_FASTER = 20.0
"""How many times faster than osmnx we have to be."""

MOST_OPEN_S = 1.0
"""A network that was read before has to open in well under this, in CPU seconds."""


def loading(_: str, options: Options) -> Report:
    """Read the walk network of a road file, all its pieces; osmnx reads the same ways from XML written before."""
    report = Report(f"Loading, one core, walk network of {options.pbf.parent.name}/{options.pbf.name}")
    print(report.title)
    read = partial(read_roads, options.pbf, mode="walk", island_min_m=0.0)
    roads = read()
    report.note(f"{len(np.unique(roads.way_id)):,} ways, {roads.n_nodes:,} nodes, {roads.n_edges:,} segments")
    ours_mib = peak_mib()
    with tempfile.TemporaryDirectory() as folder:
        contenders: dict[str, Any] = {"ours": read, "ours, opened again": _kept(options.pbf, roads, Path(folder))}
        osmnx = installed("osmnx")
        if osmnx is None:
            report.note('osmnx is not installed and left out: pip install -e ".[bench]"')
        else:
            xml = Path(folder) / "roads.osm"
            _write(options.pbf, roads, xml)
            contenders["osmnx.graph_from_xml"] = lambda: osmnx.graph_from_xml(
                xml, bidirectional=True, simplify=False, retain_all=True
            )
            _check(report, roads, contenders["osmnx.graph_from_xml"]())
        took_s = medians(in_turns(contenders, options.rounds))
    report.table(
        ("how", "s", "times ours"),
        [(how, seconds, "" if how == "ours" else f"{seconds / took_s['ours']:.3g}") for how, seconds in took_s.items()],
        f"  CPU time, medians of {options.rounds} rounds in turns",
    )
    if osmnx is not None:
        times = took_s["osmnx.graph_from_xml"] / took_s["ours"]
        report.target(Target("loading, against osmnx", times, "times faster", TIMES_FASTER, at_least=True))
    report.target(Target("loading, opened again from the cache", took_s["ours, opened again"], "s of CPU", MOST_OPEN_S))
    report.note(f"peak memory before osmnx: {ours_mib or 0:.0f} MiB")
    return report


def _kept(path: Path, roads: Roads, folder: Path) -> Any:
    """Return what opens the network from a cache in which it is kept."""
    open_again = partial(
        roadcache.read_roads, path, "walk", island_min_m=0.0, drive_factor=0.7, class_kph=None, folder=folder
    )
    open_again()
    kept = open_again()
    for name in ("node_id", "lon", "lat", "way_id", "segment", "u", "v", "length_mm"):
        if not np.array_equal(getattr(kept, name), getattr(roads, name)):
            differ(f"the kept network has another {name}")
    return open_again


def _write(path: Path, roads: Roads, xml: Path) -> None:
    """Write the ways of a network, and their nodes, as the XML that osmnx reads."""
    ways, nodes = set(roads.way_id.tolist()), set(roads.node_id.tolist())
    with osmium.SimpleWriter(str(xml), overwrite=True) as writer:
        for item in osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY):
            if item.is_node() and item.id in nodes:
                writer.add_node(item)
            elif item.is_way() and item.id in ways:
                refs = [node.ref for node in item.nodes if node.ref in nodes]
                writer.add_way(item.replace(nodes=refs))


def _check(report: Report, roads: Roads, graph: Any) -> None:
    """Stop unless osmnx's graph has the same nodes, edges and length."""
    edges, ours_m = 2 * roads.n_edges, 2 * roads.length_m
    theirs_m = sum(length for *_, length in graph.edges(data="length"))
    if (len(graph), graph.number_of_edges()) != (roads.n_nodes, edges):
        differ(f"osmnx has {len(graph)} nodes and {graph.number_of_edges()} edges, we {roads.n_nodes} and {edges}")
    if abs(theirs_m / ours_m - 1) > 1e-6:  # noqa: PLR2004  (our lengths are rounded to a millimetre)
        differ(f"osmnx has {theirs_m} m, we {ours_m} m")
    report.note(
        "equal first: osmnx's graph has the same numbers of nodes and edges, and the same length to one in a million"
    )
