"""Roads: one network of one mode as frozen arrays, and the feet of points on it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.terms import Mode

ROAD_KINDS = ("major", "medium", "minor", "path")
"""Classes of the drawn base map, by index in `Roads.kind`."""


def freeze(record: Any) -> None:
    """Make the arrays of a frozen record read-only as well."""
    for item in fields(record):
        value = getattr(record, item.name)
        if isinstance(value, np.ndarray):
            value.setflags(write=False)


@dataclass(frozen=True)
class ReadingReport:
    """What reading a road file left out, so that nothing is lost silently.

    Attributes
    ----------
    ways_kept, ways_other_mode
        Ways with a ``highway`` tag that the mode takes, and that it does not.
    ways_deleted, ways_too_short, ways_repeated
        Ways marked deleted, ways with fewer than two usable nodes, further copies of a way id.
    nodes_missing, nodes_without_place, nodes_repeated
        Nodes of ways that the file does not hold (clipped extracts), each counted once, nodes with impossible
        coordinates, identical further copies of a node id.
    segments_repeated_node
        Pairs of consecutive references to one node.
    islands_dropped, islands_m
        Pieces that no road ties to the rest and that are shorter than the limit, and their length in metres.
    speed_maxspeed, speed_class, speed_unreadable, speed_not_positive
        Kept ways of a network to drive on by where their speed comes from: their ``maxspeed`` tag; their class, for
        they have no such tag, one that is not understood, or one of 0 km/h or less. All 0 on a walk network.
    """

    ways_kept: int = 0
    ways_other_mode: int = 0
    ways_deleted: int = 0
    ways_too_short: int = 0
    ways_repeated: int = 0
    nodes_missing: int = 0
    nodes_without_place: int = 0
    nodes_repeated: int = 0
    segments_repeated_node: int = 0
    islands_dropped: int = 0
    islands_m: float = 0.0
    speed_maxspeed: int = 0
    speed_class: int = 0
    speed_unreadable: int = 0
    speed_not_positive: int = 0


@dataclass(frozen=True, eq=False)
class Roads:
    """A road network of one mode: nodes, and way segments stored once with flags for both directions.

    Attributes
    ----------
    mode
        ``walk`` or ``drive``.
    node_id, lon, lat
        OSM id and WGS-84 degrees of each node, shape (n_nodes,), ascending by id.
    way_id, segment
        OSM way and the number of the segment along it, shape (n_edges,), ascending.
    u, v
        Node numbers of the segment's ends, in the order of the way.
    length_mm
        Great-circle length in whole millimetres, at least 1 unless the ends coincide.
    drive_ms
        Driving time in whole milliseconds; zeros on a walk network.
    forward, backward
        Whether one may travel from u to v, and from v to u.
    kind
        Index into `ROAD_KINDS`.
    report
        What reading left out.
    """

    mode: Mode
    node_id: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    way_id: NDArray[np.int64]
    segment: NDArray[np.int32]
    u: NDArray[np.int32]
    v: NDArray[np.int32]
    length_mm: NDArray[np.int64]
    drive_ms: NDArray[np.int64]
    forward: NDArray[np.bool_]
    backward: NDArray[np.bool_]
    kind: NDArray[np.uint8]
    report: ReadingReport

    def __post_init__(self) -> None:
        freeze(self)

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.node_id)

    @property
    def n_edges(self) -> int:
        """Number of way segments, each counted once."""
        return len(self.u)

    @property
    def length_m(self) -> float:
        """Total length in metres, each segment counted once."""
        return int(self.length_mm.sum()) / 1000

    @property
    def fastest_mm_per_ms(self) -> float:
        """Speed of the fastest segment, which is metres per second; 0 where none takes time."""
        timed = self.drive_ms > 0
        return float((self.length_mm[timed] / self.drive_ms[timed]).max(initial=0.0))

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in WGS-84 degrees."""
        return float(self.lon.min()), float(self.lat.min()), float(self.lon.max()), float(self.lat.max())


@dataclass(frozen=True, eq=False)
class Feet:
    """Where points touch a network: the nearest edge, the position along it and the access leg.

    Attributes
    ----------
    edge
        Edge number, -1 where the point is off the network.
    position_mm
        Millimetres from node u along the edge, 0 to its length.
    node
        Node number where the foot is on a node (every edge there is open to it), else -1.
    access_mm
        Great-circle millimetres from the point to its foot; also given for points off the network
        (-1 for a point without a place).
    lon, lat
        The foot in WGS-84 degrees (NaN for a point without a place).
    """

    edge: NDArray[np.int64]
    position_mm: NDArray[np.int64]
    node: NDArray[np.int64]
    access_mm: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]

    def __post_init__(self) -> None:
        freeze(self)

    def __len__(self) -> int:
        return len(self.edge)

    def take(self, rows: NDArray[Any]) -> Feet:
        """Feet of some rows, given by number or mask."""
        return Feet(*(getattr(self, item.name)[rows] for item in fields(self)))
