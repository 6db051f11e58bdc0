"""Reads an OpenStreetMap file into `Roads`; whatever is left out is counted in the `ReadingReport`."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from planner.errors import Fault, RoadError
from planner.geodesy import segment_mm, to_mm
from planner.groups import place_within
from planner.osmobjects import extracted, read_nodes, read_ways, refs_of, tags_of
from planner.osmways import TELLING_KEYS, directions, kind_of, takes
from planner.roads import ROAD_KINDS, ReadingReport, Roads
from planner.speeds import SpeedSource, drive_ms, way_kph, with_overrides

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from planner.osmobjects import Nodes, Way
    from planner.terms import Mode

    Whole = NDArray[np.int64]
    Flags = NDArray[np.bool_]


class _Traits(NamedTuple):
    """How one may travel on a way, as its tags tell."""

    forward: bool
    backward: bool
    kph: float
    kph_from: SpeedSource
    kind: int


@dataclass(frozen=True, eq=False)
class _Ways:
    """The ways of a network by ascending id: their traits, how many nodes each has, and these in one row."""

    way_id: Whole
    traits: Sequence[_Traits]
    sizes: Whole
    refs: Whole


def _judge(mode: Mode, class_kph: Mapping[str, float]) -> Callable[[tuple[str, ...]], _Traits | None]:
    """Return what finds the traits of a way by its tags, None where the network does not take it."""

    @cache  # ways are many, the combinations of their telling tags few
    def judged(tags: tuple[str, ...]) -> _Traits | None:
        known = tags_of(tags)
        if not takes(known, mode):
            return None
        kph, kph_from = way_kph(known["highway"], known.get("maxspeed"), class_kph)
        return _Traits(*directions(known, mode), kph, kph_from, ROAD_KINDS.index(kind_of(known["highway"])))

    return judged


def _gather(
    ways: Iterable[Way], path: Path, judged: Callable[[tuple[str, ...]], _Traits | None]
) -> tuple[_Ways, ReadingReport]:
    """Keep the ways that the network takes, each once, and count the others."""
    kept: dict[int, tuple[str, _Traits]] = {}
    other = deleted = repeated = 0
    moved: list[int] = []
    for way in ways:
        traits = None if way.deleted else judged(way.tags)
        if way.deleted:
            deleted += 1
        elif traits is None:
            other += 1
        elif way.way_id in kept:
            repeated += 1
            if kept[way.way_id][0] != way.refs:
                moved.append(way.way_id)
        else:
            kept[way.way_id] = way.refs, traits
    if moved:
        values = {"count": len(moved), "ids": ", ".join(map(str, moved[:5]))}
        raise RoadError(Fault("road_way_twice", str(path), values=values))
    ordered = sorted(kept)
    refs, sizes = refs_of([kept[way_id][0] for way_id in ordered])
    traits_of = [kept[way_id][1] for way_id in ordered]
    report = ReadingReport(ways_kept=len(kept), ways_other_mode=other, ways_deleted=deleted, ways_repeated=repeated)
    return _Ways(np.array(ordered, dtype=np.int64), traits_of, sizes, refs), report


@dataclass(frozen=True, eq=False)
class _Segments:
    """Way segments with both ends present, by number of way and of node."""

    way: Whole
    segment: NDArray[np.int32]
    u: Whole
    v: Whole


def _cut(ways: _Ways, wanted: Whole, of_wanted: Whole, nodes: Nodes) -> tuple[_Segments, int, int]:
    """Cut ways into segments; also count absent nodes, each once, and segments from a node to itself.

    The references of all ways are ``wanted[of_wanted]``.
    """
    numbers = np.full(len(wanted), -1)
    numbers[np.searchsorted(wanted, nodes.node_id)] = np.arange(len(nodes.node_id))
    known = numbers >= 0
    known[np.searchsorted(wanted, nodes.without_place)] = True
    way = np.repeat(np.arange(len(ways.sizes)), ways.sizes)
    order = place_within(ways.sizes)
    number = numbers[of_wanted]
    joined = (way[1:] == way[:-1]) & (number[1:] >= 0) & (number[:-1] >= 0)
    still = joined & (number[1:] == number[:-1])
    start = np.flatnonzero(joined & ~still)
    segments = _Segments(way[start], order[start].astype(np.int32), number[start], number[start + 1])
    return segments, int((~known).sum()), int(still.sum())


def without_islands(roads: Roads, island_min_m: float) -> Roads:
    """Leave out the pieces that no road ties to the rest and that are shorter than a limit; the longest always stays.

    Parameters
    ----------
    roads
        A network of at least one segment; nodes that no segment uses are left out as well.
    island_min_m
        The limit in metres.

    Returns
    -------
    roads
        What stays, with the nodes renumbered; its report counts the pieces that were left out, and their length.
    """
    piece, total_mm, left_out = _pieces(roads, island_min_m)
    report = replace(roads.report, islands_dropped=int(left_out.sum()), islands_m=int(total_mm[left_out].sum()) / 1000)
    return _subset(roads, ~left_out[piece], report)


def on_islands(roads: Roads, island_min_m: float) -> Flags:
    """Mask of the segments that `without_islands` would leave out."""
    piece, _, left_out = _pieces(roads, island_min_m)
    return left_out[piece]


def _pieces(roads: Roads, island_min_m: float) -> tuple[Whole, Whole, Flags]:
    """Piece of each segment; the length of each piece, in millimetres, and whether it is an island."""
    ties = coo_array((np.ones(roads.n_edges, dtype=np.int8), (roads.u, roads.v)), shape=(roads.n_nodes,) * 2)
    count, label = connected_components(ties, directed=False)
    piece = label[roads.u].astype(np.int64)
    total_mm = np.zeros(count, dtype=np.int64)
    np.add.at(total_mm, piece, roads.length_mm)
    used = np.bincount(piece, minlength=count) > 0  # nodes that no segment uses are pieces of their own
    island = used & (total_mm < to_mm(island_min_m))
    island[np.argmax(np.where(used, total_mm, -1))] = False
    return piece, total_mm, island


def _subset(roads: Roads, keep: Flags, report: ReadingReport) -> Roads:
    """Keep some edges and the nodes that they use, renumbered."""
    used = np.zeros(roads.n_nodes, dtype=bool)
    used[roads.u[keep]] = used[roads.v[keep]] = True
    renumbered = np.cumsum(used, dtype=np.int32) - np.int32(1)
    return Roads(
        mode=roads.mode,
        node_id=roads.node_id[used],
        lon=roads.lon[used],
        lat=roads.lat[used],
        way_id=roads.way_id[keep],
        segment=roads.segment[keep],
        u=renumbered[roads.u[keep]],
        v=renumbered[roads.v[keep]],
        length_mm=roads.length_mm[keep],
        drive_ms=roads.drive_ms[keep],
        forward=roads.forward[keep],
        backward=roads.backward[keep],
        kind=roads.kind[keep],
        report=report,
    )


def _assemble(
    ways: _Ways, segments: _Segments, nodes: Nodes, mode: Mode, drive_factor: float, report: ReadingReport
) -> Roads:
    u, v, of_way = segments.u, segments.v, segments.way
    length_mm = segment_mm(nodes.lon[u], nodes.lat[u], nodes.lon[v], nodes.lat[v])
    forward, backward, kph, _, kind = map(np.array, zip(*ways.traits, strict=True))
    return Roads(
        mode=mode,
        node_id=nodes.node_id,
        lon=nodes.lon,
        lat=nodes.lat,
        way_id=ways.way_id[of_way],
        segment=segments.segment,
        u=u.astype(np.int32),
        v=v.astype(np.int32),
        length_mm=length_mm,
        drive_ms=drive_ms(length_mm, kph[of_way] * drive_factor) if mode == "drive" else np.zeros_like(length_mm),
        forward=forward[of_way],
        backward=backward[of_way],
        kind=kind.astype(np.uint8)[of_way],
        report=report,
    )


def _speed_counts(ways: _Ways, mode: Mode) -> dict[str, int]:
    """Count the ways by where their speed comes from; nobody drives on a walk network."""
    return (
        {f"speed_{source}": count for source, count in Counter(way.kph_from for way in ways.traits).items()}
        if mode == "drive"
        else {}
    )


def read_roads(
    path: str | Path,
    mode: Mode = "walk",
    *,
    island_min_m: float = 1000.0,
    drive_factor: float = 0.7,
    class_kph: Mapping[str, float] | None = None,
) -> Roads:
    """Read the network of one mode from an OpenStreetMap file.

    Parameters
    ----------
    path
        ``.osm.pbf``, ``.osm``, ``.osm.gz`` or ``.osm.bz2``.
    mode
        ``walk`` (two-way everywhere) or ``drive`` (oneway respected).
    island_min_m
        Pieces that no road ties to the rest and that are shorter than this, in metres, are left out and counted.
    drive_factor
        Share of the free-flow speed that traffic leaves; driving times are divided by it.
    class_kph
        Free-flow speeds in km/h by road class, where a way's ``maxspeed`` gives none; the classes that it does not
        name, or all of them, keep those of `planner.speeds.CLASS_KPH`.

    Returns
    -------
    roads
        The network; `Roads.report` counts what was left out.

    Raises
    ------
    RoadError
        If the file is missing, has an unknown ending, cannot be read to its end, declares a document type, holds a
        node twice at different places, or holds no road of the mode.
    ValueError
        If `class_kph` names no class, or a speed that is not believed; if there is no such mode, or `drive_factor` is
        not above zero.
    """
    if mode not in TELLING_KEYS or not 0 < drive_factor < math.inf:
        raise ValueError(f"there are no roads to {mode!r} on at {drive_factor} of their speeds")
    judged = _judge(mode, with_overrides(class_kph or {}))
    with extracted(Path(path)) as extract:
        ways, report = _gather(read_ways(extract, TELLING_KEYS[mode]), extract.path, judged)
        wanted, of_wanted = np.unique(ways.refs, return_inverse=True)
        nodes = read_nodes(extract, wanted)
    segments, missing, still = _cut(ways, wanted, of_wanted, nodes)
    if not len(segments.way):
        raise RoadError(Fault("road_none", str(path), values={"mode": mode, "ways": report.ways_other_mode}))
    report = replace(
        report,
        ways_too_short=len(ways.way_id) - len(np.unique(segments.way)),
        nodes_missing=missing,
        nodes_without_place=len(nodes.without_place),
        nodes_repeated=nodes.repeated,
        segments_repeated_node=still,
        **_speed_counts(ways, mode),
    )
    return without_islands(_assemble(ways, segments, nodes, mode, drive_factor, report), island_min_m)
