"""Roads from an Overpass server: what is asked, tile by tile, and whether an answer is whole.

An Overpass server that runs out of time or memory answers with success, sends what it has, and says so in a
``<remark>`` at the end (https://wiki.openstreetmap.org/wiki/Overpass_API): half a town. So every answer is looked at as
text before it is believed. The question asks for the nodes of all its ways, so an answer whose ways name nodes that it
lacks is a part as well, whatever it says. An answer may hold no road at all, as of the sea: of a tile that a road of
another tile's answer runs into it is belied, and of a tile within the place it is to be told (`blank`).
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from planner.download import Question, Trouble
from planner.osmobjects import extracted, read_nodes, read_ways, refs_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    Box = tuple[float, float, float, float]

URL = "https://overpass-api.de/api/interpreter"
TILE_DEG = 0.3
"""Side of a tile in degrees of latitude, some 33 km; a large city is asked for in several answers of bounded size."""

_ON_LINE_DEG = 1e-6  # a question writes a box with seven decimals
_LEAST_SHARE = 0.0005
_SERVER_S, _SERVER_BYTES = 180, 1 << 29
_QUERY = '[out:xml][timeout:{seconds}][maxsize:{size}];way["highway"]({box});(._;>;);out body;'
_CHUNK, _OVERLAP, _HEAD, _TAIL = 1 << 20, 600, 4096, 256
_START = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?<osm[\s>]")
_REMARK = re.compile(rb"<remark(?:\s[^<>]*)?>\s*([^<]{0,500})")
_BASE = re.compile(rb'osm_base="([^"]*)"')


def tiles(area: shapely.Geometry) -> list[Box]:
    """Cut the box of an area into tiles of equal size and return those that the area touches.

    Parameters
    ----------
    area
        Polygons in WGS-84 degrees.

    Returns
    -------
    boxes
        West, south, east and north of each, from the south-west on.
    """
    west, south, east, north = area.bounds
    wide = TILE_DEG / math.cos(math.radians(min(max(abs(south), abs(north)), 80.0)))
    x = np.linspace(west, east, max(math.ceil((east - west) / wide), 1) + 1)
    y = np.linspace(south, north, max(math.ceil((north - south) / TILE_DEG), 1) + 1)
    left, low = (part.ravel() for part in np.meshgrid(x[:-1], y[:-1]))
    right, high = (part.ravel() for part in np.meshgrid(x[1:], y[1:]))
    shapely.prepare(area)
    touched = shapely.intersects(area, shapely.box(left, low, right, high))
    boxes = np.column_stack([left, low, right, high])[touched]
    return [(float(w), float(s), float(e), float(n)) for w, s, e, n in boxes]


def question(url: str, box: Box) -> Question:
    """Ask for all ways with a ``highway`` tag that touch a box of degrees (west, south, east, north), whole."""
    west, south, east, north = box
    text = f"{south:.7f},{west:.7f},{north:.7f},{east:.7f}"
    return Question(url, {"data": _QUERY.format(seconds=_SERVER_S, size=_SERVER_BYTES, box=text)}, post=True)


def judge(file: Path) -> Trouble | None:
    """Say what is wrong with an answer; None where it is OpenStreetMap XML, whole, with all nodes and no remark.

    Raises
    ------
    RoadError
        If it cannot be read as OpenStreetMap XML, or holds what must not be read.
    """
    return _judged_as_text(file) or _judged_by_nodes(file)


def _judged_as_text(file: Path) -> Trouble | None:
    end = tail = b""
    with file.open("rb") as stream:
        if not _START.match(stream.read(_HEAD)):
            return Trouble("net_not_osm", passing=False)
        stream.seek(0)
        while chunk := stream.read(_CHUNK):
            text = tail + chunk
            found = _REMARK.search(text)
            if found:
                remark = text[found.start(1) : found.start(1) + 500].partition(b"<")[0]
                said = " ".join(remark.decode(errors="replace").split())
                return Trouble("net_partial", passing=True, values={"remark": said})
            tail, end = text[-_OVERLAP:], text[-_TAIL:]
    return None if end.rstrip().endswith(b"</osm>") else Trouble("net_cut", passing=True)


def _judged_by_nodes(file: Path) -> Trouble | None:
    with extracted(file) as extract:
        wanted = np.unique(refs_of([way.refs for way in read_ways(extract, frozenset())])[0])
        nodes = read_nodes(extract, wanted)
    lacking = np.setdiff1d(wanted, np.concatenate([nodes.node_id, nodes.without_place]), assume_unique=True)
    return Trouble("net_nodes_lacking", passing=True, values={"count": len(lacking)}) if len(lacking) else None


def is_empty(file: Path) -> bool:
    """Whether an answer that `judge` found good holds no road: nodes stand first, right after its head."""
    with file.open("rb") as stream:
        return b"<node" not in stream.read(_CHUNK)


def belied(empty: Sequence[Box], roads: Path) -> int:
    """Count the tiles that were answered as empty though a node of a road lies in them.

    Parameters
    ----------
    empty
        Their boxes.
    roads
        A road file of all answers: a way that touches two tiles is in the answer of either, with all its nodes.
    """
    with extracted(roads) as extract:
        nodes = read_nodes(extract, np.unique(refs_of([way.refs for way in read_ways(extract, frozenset())])[0]))
    inner = np.array(empty) + _ON_LINE_DEG * np.array([1, 1, -1, -1])
    return sum(
        bool(((nodes.lon > west) & (nodes.lon < east) & (nodes.lat > south) & (nodes.lat < north)).any())
        for west, south, east, north in inner
    )


def blank(empty: Sequence[Box], area: shapely.Geometry) -> list[dict[str, Any]]:
    """Return the tiles without roads that lie within a place, not just around it: box, and share of its area."""
    parts = [shapely.intersection(area, shapely.box(*box)).area / area.area for box in empty]
    return [
        {"box": list(box), "share": round(part, 4)}
        for box, part in zip(empty, parts, strict=True)
        if part > _LEAST_SHARE
    ]


def data_time(file: Path) -> str:
    """Return the time that the data of an answer are of, as the server writes it; empty where it does not say."""
    with file.open("rb") as stream:
        found = _BASE.search(stream.read(_HEAD))
    return found[1].decode(errors="replace") if found else ""
