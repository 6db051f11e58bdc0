"""Roads for the live map: all networks as one geometry, in which the page finds every length and time to the digit.

Segments that networks share stand once. Segments in a row, each beginning where the one before ended and travelled
alike, make a run; runs stand along a Hilbert curve, so that what is near on the ground is near in the page's memory and
small in its bytes. Lengths and driving times are foretold from places and speeds by operations that every machine
rounds alike (+, -, *, / and the square root); only what they miss is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from planner._curve import curve_order
from planner.groups import place_within, rows_of
from planner.livebytes import Section, byte_planes, varints, zigzag, zigzags
from planner.livejoin import grouped, joined
from planner.livelengths import foretold_mm, foretold_ms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from planner.livejoin import Places, Segments
    from planner.roads import Roads
    from planner.terms import Mode

    Whole = NDArray[np.int64]
    Real = NDArray[np.float64]
    Flags = NDArray[np.bool_]

DEGREE_STEPS = 1e7
"""Steps of a whole-numbered degree: OpenStreetMap keeps places so."""

LARGEST = 2**32 - 1
"""Lengths and times of a segment must fit into 32 bits in the page."""

_LARGEST_STEP = 2**31
"""A place beyond is no place on the globe; it is written as two doubles alone."""

_NEW, _NEW_SHARED, _MET = range(3)
"""How a vertex stands in a run: new and never met again; new, and met again later; met before."""

_CODES_PER_BYTE = 4
_LOW_BYTE = np.uint64(0xFF)
_BYTE_BITS = np.uint64(8)


@dataclass(frozen=True)
class PackedRoads:
    """The roads' part of the load.

    Attributes
    ----------
    sections
        By name; see ``docs/live.md``.
    meta
        Counts, for whoever looks into a load.
    slots
        By mode: the slot of each segment of that mode's `Roads`, shape (n_edges,). Slot k leads from vertex k of the
        row of all runs to vertex k + 1; the last slot of a run is void.
    """

    sections: Mapping[str, Section]
    meta: Mapping[str, Any]
    slots: Mapping[Mode, NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class _Runs:
    """Segments in rows, in the order of the load.

    Attributes
    ----------
    segment, sizes
        The segments of all runs, run after run, and how many each has.
    rank
        Place of each run in the order by way and number along it.
    node
        Vertices of all runs, run after run: numbers in `Places`, one more than segments in each.
    slot
        Place in `node` of each segment's u, in the order of `segment`.
    """

    segment: Whole
    sizes: Whole
    rank: Whole
    node: Whole
    slot: Whole


def pack_roads(networks: Mapping[Mode, Roads]) -> PackedRoads:
    """Pack the networks of a run into sections of the live map's load.

    Parameters
    ----------
    networks
        One network for each mode that the page is to know, at least one.

    Returns
    -------
    packed
        What the page's ``decode.js`` gives back exactly: places, lengths, times, directions, and the order by way and
        segment.

    Raises
    ------
    ValueError
        If there is no network; if one may walk a segment in one direction only, or drive one in neither; if a segment
        is longer or slower than 32 bits tell (4,294 km, 1,193 h). No road file has such segments.
    """
    if not networks:
        raise ValueError("there are no roads to pack")
    for mode, roads in networks.items():
        _check(mode, roads)
    places, segments = joined(networks)
    runs = _runs(places, segments)
    kinds, kind = _kinds(segments, runs)
    met, vertex = _numbered(runs.node)
    sections = {
        **kinds,
        "run_kind": Section(varints(kind), len(kind)),
        "run_size": Section(varints(runs.sizes), len(runs.sizes)),
        "run_rank": Section(zigzags(np.diff(runs.rank, prepend=0)), len(runs.rank)),
        **_vertices(places, runs, met, vertex),
        **_measures(places, segments, runs, driven="drive" in networks),
    }
    slot = np.empty(len(runs.segment), dtype=np.int64)
    slot[runs.segment] = runs.slot
    counts = {"vertices": int(vertex.max(initial=-1)) + 1, "runs": len(runs.sizes), "segments": len(runs.segment)}
    return PackedRoads(sections, {"roads": counts}, {mode: slot[of] for mode, of in segments.of.items()})


def _check(mode: Mode, roads: Roads) -> None:
    one_way = roads.forward != roads.backward
    if mode == "walk" and (one_way.any() or not roads.forward.all()):
        raise ValueError("a street that may be walked in one direction only cannot be packed")
    if mode == "drive" and not (roads.forward | roads.backward).all():
        raise ValueError("a street that may be driven in neither direction cannot be packed")
    for values in (roads.length_mm, roads.drive_ms):
        if len(values) and (values.min() < 0 or values.max() > LARGEST):
            raise ValueError("a segment is longer or slower than 32 bits tell")


# --- Runs ----------------------------------------------------------------------------------------------------


def _runs(places: Places, segments: Segments) -> _Runs:
    s = segments
    breaks = np.ones(len(s.u), dtype=np.bool_)
    breaks[1:] = s.v[:-1] != s.u[1:]
    for kind in (s.walk, s.forward, s.backward, s.kph):
        breaks[1:] |= kind[1:] != kind[:-1]
    start = np.flatnonzero(breaks)
    sizes = np.diff(np.append(start, len(s.u)))
    first = s.u[start]
    rank = curve_order(*(np.where(np.isfinite(at), at, 0.0) for at in (places.lon[first], places.lat[first])))
    segment, sizes = rows_of(start[rank], sizes[rank]), sizes[rank]
    slot = np.arange(len(segment)) + np.repeat(np.arange(len(sizes)), sizes)
    node = np.empty(len(segment) + len(sizes), dtype=np.int64)
    node[slot] = s.u[segment]
    ends = np.cumsum(sizes)
    node[slot[ends - 1] + 1] = s.v[segment[ends - 1]]
    return _Runs(segment, sizes, rank, node, slot)


def _kinds(segments: Segments, runs: _Runs) -> tuple[dict[str, Section], Whole]:
    """Sections of the kinds, the most common first, and the kind of each run."""
    s, first = segments, runs.segment[np.cumsum(runs.sizes) - runs.sizes]
    flags = (s.walk + 2 * s.forward + 4 * s.backward)[first].astype(np.int64)
    number = grouped([flags, s.kph[first]])
    count = np.bincount(number)
    order = np.argsort(-count, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    of = np.empty(len(order), dtype=np.int64)
    of[number] = first
    of = of[order]
    by_kind = (s.walk + 2 * s.forward + 4 * s.backward)[of].astype(np.uint8)
    kinds = {
        "kind_ways": Section(by_kind.tobytes(), len(of)),
        "kind_kph": Section(byte_planes(s.kph[of]), len(of)),
    }
    return kinds, place[number]


# --- Vertices ------------------------------------------------------------------------------------------------


def _numbered(node: Whole) -> tuple[NDArray[np.uint8], Whole]:
    """How each vertex of the runs is met, and its number: vertices are numbered as they are met first."""
    _, first, row = np.unique(node, return_index=True, return_inverse=True)
    number = np.empty(len(first), dtype=np.int64)
    number[np.argsort(first, kind="stable")] = np.arange(len(first))
    times = np.bincount(row, minlength=len(first))
    met = np.where(times[row] > 1, _MET, _NEW).astype(np.uint8)
    met[first] = np.where(times > 1, _NEW_SHARED, _NEW)
    return met, number[row]


def _vertices(places: Places, runs: _Runs, met: NDArray[np.uint8], vertex: Whole) -> dict[str, Section]:
    """Sections of how vertices are met, which ones, and where the new ones are."""
    new = met != _MET
    shared = np.cumsum(met == _NEW_SHARED) - 1
    of_shared = np.zeros(int(new.sum()), dtype=np.int64)
    of_shared[vertex[met == _NEW_SHARED]] = shared[met == _NEW_SHARED]
    back = shared[~new] - of_shared[vertex[~new]]
    lon, lat = (_whole_steps(at) for at in (places.lon, places.lat))
    major, minor = _bends(lon[runs.node], lat[runs.node], runs.sizes)
    node = runs.node[new]
    odd = np.flatnonzero(
        (lon[node] / DEGREE_STEPS != places.lon[node]) | (lat[node] / DEGREE_STEPS != places.lat[node])
    )
    place = place_within(runs.sizes + 1)
    inner = (place > 0) & (place < np.repeat(runs.sizes, runs.sizes + 1))
    return {
        "met_ends": _codes(met[~inner]),
        "met_inner": _codes(met[inner]),
        "vertex_back": Section(varints(back), len(back)),
        **_low_high("vertex_along", major[new]),
        **_low_high("vertex_aside", minor[new]),
        "odd": Section(varints(np.diff(odd, prepend=0)), len(odd)),
        "odd_lon": Section(byte_planes(places.lon[node[odd]]), len(odd)),
        "odd_lat": Section(byte_planes(places.lat[node[odd]]), len(odd)),
    }


def _codes(met: NDArray[np.uint8]) -> Section:
    """Four codes a byte, the first in the lowest bits."""
    padded = np.append(met, np.zeros(-len(met) % _CODES_PER_BYTE, dtype=np.uint8)).reshape(-1, _CODES_PER_BYTE)
    return Section((padded << np.array([0, 2, 4, 6], dtype=np.uint8)).sum(axis=1, dtype=np.uint8).tobytes(), len(met))


def _whole_steps(degrees: Real) -> Whole:
    """Degrees in whole steps; 0 where there is no such number."""
    with np.errstate(invalid="ignore", over="ignore"):
        steps = np.rint(degrees * DEGREE_STEPS)
        return np.where(np.abs(steps) < _LARGEST_STEP, steps, 0.0).astype(np.int64)


def _bends(x: Whole, y: Whole, sizes: Whole) -> tuple[Whole, Whole]:
    """Where each vertex of the runs lies, seen from the vertices before it.

    A street goes on as it went: of the step before, the longer of its two parts is the axis, and the other part is
    foretold to keep its proportion. The first vertex of a run is seen from the first one of the run before, it and
    the second without a step.

    Returns
    -------
    along, aside
        The step along the axis, positive the way the street went; what the step beside it is more than foretold.
    """
    place = place_within(sizes + 1)
    first = np.flatnonzero(place == 0)
    seen_from = np.arange(-1, len(x) - 1)
    seen_from[first] = np.append(-1, first[:-1])
    step_x, step_y = (at - np.where(seen_from >= 0, at[seen_from], 0) for at in (x, y))
    before_x, before_y = (np.where(place > 1, np.append(0, step[:-1]), 0) for step in (step_x, step_y))
    along_x = np.abs(before_x) >= np.abs(before_y)
    axis, beside = np.where(along_x, before_x, before_y), np.where(along_x, before_y, before_x)
    along, aside = np.where(along_x, step_x, step_y), np.where(along_x, step_y, step_x)
    # doubles, in this order of operations: the page foretells the same
    kept = np.rint(along.astype(np.float64) * beside / np.where(axis == 0, 1, axis)).astype(np.int64)
    return np.where(axis < 0, -along, along), aside - np.where(axis == 0, 0, kept)


# --- Lengths and times ---------------------------------------------------------------------------------------


def _measures(places: Places, segments: Segments, runs: _Runs, *, driven: bool) -> dict[str, Section]:
    """Sections of what lengths and driving times are more than foretold, in the order of the runs."""
    u, v = segments.u, segments.v
    length = segments.length_mm - foretold_mm(places.lon[u], places.lat[u], places.lon[v], places.lat[v])
    found = {"length_more": _seldom(length[runs.segment])}
    if driven:
        time = segments.drive_ms - foretold_ms(segments.length_mm, segments.kph)
        found["drive_more"] = _seldom(time[runs.segment])
    return found


def _seldom(values: Whole) -> Section:
    """Write signed numbers that nearly always are 0: of each other one how many 0 stand before it, and itself."""
    at = np.flatnonzero(values)
    before = np.diff(at, prepend=-1) - 1
    return Section(varints(np.column_stack([before.astype(np.uint64), zigzag(values[at])]).ravel()), 2 * len(at))


def _low_high(name: str, values: Whole) -> dict[str, Section]:
    """Two sections of signed numbers: the low bytes, which do not pack, apart from the rest, which does."""
    folded = zigzag(values)
    low = (folded & _LOW_BYTE).astype(np.uint8)
    return {
        f"{name}_low": Section(low.tobytes(), len(low)),
        f"{name}_high": Section(varints(folded >> _BYTE_BITS), len(low)),
    }
