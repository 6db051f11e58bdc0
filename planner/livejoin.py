"""The networks of all modes as one: what is the same in several stands once, for the live map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from planner.livelengths import speeds_of
from planner.roads import freeze

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from planner.roads import Roads
    from planner.terms import Mode

    Whole = NDArray[np.int64]
    Real = NDArray[np.float64]
    Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Segments:
    """Segments of all networks, each once, by way and number along it.

    Attributes
    ----------
    u, v
        Numbers of the ends in `Places`.
    length_mm, drive_ms, kph
        Driving time and speed are 0 where nobody drives.
    walk, forward, backward
        Whether one walks there, and drives from u to v and from v to u.
    of
        By mode: the number here of each segment of that mode's `Roads`.
    """

    u: Whole
    v: Whole
    length_mm: Whole
    drive_ms: Whole
    kph: Real
    walk: Flags
    forward: Flags
    backward: Flags
    of: Mapping[Mode, Whole]


@dataclass(frozen=True, eq=False)
class Places:
    """Nodes of all networks, each once."""

    lon: Real
    lat: Real

    def __post_init__(self) -> None:
        freeze(self)


def _row(networks: Sequence[Roads], name: str) -> NDArray[Any]:
    return np.concatenate([getattr(roads, name) for roads in networks])


def grouped(keys: Sequence[NDArray[Any]]) -> Whole:
    """Give equal rows one number, ascending by their keys, of which the first is the highest."""
    order = np.lexsort(keys[::-1])
    new = np.zeros(len(order), dtype=np.int64)
    for key in keys:
        new[1:] |= key[order[1:]] != key[order[:-1]]
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.cumsum(new)
    return number


def joined(networks: Mapping[Mode, Roads]) -> tuple[Places, Segments]:
    """Put networks together: what is the same in several stands once.

    The same segment has one way, number along it, length, and ends with one id and place. A way's number that one
    network uses twice joins nothing, for then nobody could tell what belongs to what.
    """
    row = list(networks.values())
    lon, lat = _row(row, "lon"), _row(row, "lat")
    node = grouped([_row(row, "node_id"), lon.view(np.int64), lat.view(np.int64)])
    first_node = np.cumsum([0] + [roads.n_nodes for roads in row[:-1]])
    u, v = (
        node[np.concatenate([getattr(r, end) + at for r, at in zip(row, first_node, strict=True)])]
        for end in ("u", "v")
    )
    of_mode = np.repeat(np.arange(len(row)), [roads.n_edges for roads in row])
    way, number, length = _row(row, "way_id"), _row(row, "segment"), _row(row, "length_mm")
    within = grouped([of_mode, way, number])
    apart = np.where(np.bincount(within, minlength=1)[within] > 1, of_mode + 1, 0)
    # the last key keeps the order of what stands several times in one network
    place = np.where(apart > 0, np.arange(len(of_mode)), 0)
    one = grouped([way, number, apart, place, u, v, length])
    count = int(one.max(initial=-1)) + 1
    spot = np.empty((2, int(node.max(initial=-1)) + 1))
    spot[:, node] = lon, lat
    return Places(*spot), _merged(networks, np.split(one, np.cumsum([r.n_edges for r in row])[:-1]), (u, v), count)


def _merged(
    networks: Mapping[Mode, Roads], numbers: Sequence[Whole], ends: tuple[Whole, Whole], count: int
) -> Segments:
    """Gather what the networks say of each segment; its numbers are given network by network."""
    u, v, length_mm, drive_ms = (np.zeros(count, dtype=np.int64) for _ in range(4))
    walk, forward, backward = (np.zeros(count, dtype=np.bool_) for _ in range(3))
    kph = np.zeros(count)
    every = np.concatenate(numbers)
    u[every], v[every] = ends
    of = dict(zip(networks, numbers, strict=True))
    for mode, roads in networks.items():
        at = of[mode]
        length_mm[at] = roads.length_mm
        if mode == "walk":
            walk[at] = True
        else:
            forward[at], backward[at], drive_ms[at] = roads.forward, roads.backward, roads.drive_ms
            kph[at] = speeds_of(roads)
    return Segments(u, v, length_mm, drive_ms, kph, walk, forward, backward, of)
