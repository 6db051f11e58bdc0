"""Takes ways and nodes out of an OpenStreetMap file: the only room that knows osmium.

An object of osmium costs Python about a microsecond, every attribute of it as much again, and a city has a million. So
osmium itself writes what is needed into a temporary folder, and it is read from there all at once: ways as OPL, a line
of text each (https://osmcode.org/opl-file-format), and the places of nodes as the array in which osmium looks them up,
16 bytes each.
"""

from __future__ import annotations

import bz2
import ctypes
import gzip
import re
import shutil
import tempfile
import zlib
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import osmium

from planner.errors import Fault, RoadError
from planner.pathfaults import is_file, unreadable
from planner.pbf import unpacked_sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import IO

    from numpy.typing import NDArray

    Whole = NDArray[np.int64]
    Units = NDArray[np.int32]

ENDINGS = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2")

_UNPACKED: Mapping[str, Callable[[IO[bytes]], AbstractContextManager[IO[bytes]]]] = {
    ".osm": nullcontext,
    ".osm.gz": lambda packed: gzip.GzipFile(fileobj=packed),  # type: ignore[dict-item, return-value]
    ".osm.bz2": bz2.BZ2File,
}
_CHUNK = 1 << 20
_OVERLAP = 256
# A province of China takes 4 GiB as text, and packs to a tenth or a twentieth.
_LARGEST_INFLATED = 8 << 30
_STRETCH = 16 << 20
_MOST_TIMES = 200
# What OpenStreetMap's own reader would take without a word: document types, whose entities could swell to any size;
# coordinates such as 1e999, which it reads as 0; objects that an editor has marked deleted. A coordinate is judged when
# its closing quote is there, or too long to be one: the text comes in chunks.
_REFUSED = {
    "road_doctype": re.compile(rb"<!DOCTYPE"),
    "road_coordinate": re.compile(rb"""\s(?:lat|lon)\s*=\s*(["'])(?!-?\d+(?:\.\d+)?\1)(?:[^"']*["']|[^"']{200})"""),
    "road_draft": re.compile(rb"""\saction\s*=\s*["']delete["']"""),
}

# Objects that are marked deleted, as histories and change files do; osmium's array of places would take them for whole.
_HIDDEN, _DELETION = re.compile(rb"""visible\s*=\s*["'](?!true["'])"""), b"<delete"

# what osmium and the unpackers raise; an IndexError is text that ends within a character
UNREADABLE = (RuntimeError, OSError, EOFError, ValueError, IndexError, zlib.error, osmium.InvalidLocationError)

_WAYS, _PLACES = "ways.opl", "places.array"
_OPL = "opl,add_metadata=version"  # with the version comes the mark of deleted ways
_ESCAPED = re.compile(r"%([0-9a-f]+)%")

_PLACE = np.dtype([("id", np.int64), ("x", np.int32), ("y", np.int32)])
_UNITS_PER_DEGREE = 10_000_000
_BLOCK = 1 << 16
# A node takes 16 bytes of the array, 4 or more of a .pbf, and 13 or more of text: <node id="1"/>.
_ROOM_PER_BYTE = 16
_ROOM_PER_CHARACTER = 2
_ROOM_LEAST = 64 << 20


class Way(NamedTuple):
    """A way with a ``highway`` tag as osmium writes it: its telling tags, escaped, and its nodes as ``n1,n2``."""

    way_id: int
    deleted: bool
    tags: tuple[str, ...]
    refs: str


@dataclass(frozen=True, eq=False)
class Nodes:
    """Usable nodes by ascending id, ids of nodes without a place, and how many copies were passed over."""

    node_id: Whole
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    without_place: Whole
    repeated: int


@dataclass(frozen=True)
class Extract:
    """What osmium wrote of a road file.

    Attributes
    ----------
    path
        The road file.
    source
        The road file with its format, as osmium takes it.
    folder
        Where the ways are and, if they could be written, the places of all nodes.
    """

    path: Path
    source: osmium.io.File
    folder: Path


def ending_of(path: Path) -> str:
    """Return the format of a road file by its name, one of `ENDINGS`.

    Raises
    ------
    RoadError
        If the file is not there or no file, or its ending is not known.
    """
    if fault := unreadable(path, str(path)):
        raise RoadError(fault)
    if not is_file(path):
        raise RoadError(Fault("file_missing", str(path)))
    name = path.name.lower()
    for ending in sorted(ENDINGS, key=len, reverse=True):
        if name.endswith(ending):
            return ending
    raise RoadError(Fault("road_ending", str(path), values={"endings": " ".join(ENDINGS)}))


def source_of(path: Path) -> osmium.io.File:
    """Return a road file with its format, as osmium takes it; osmium would not find that of a name in upper case.

    Raises
    ------
    RoadError
        As `ending_of` does.
    """
    return osmium.io.File(path, ending_of(path).removeprefix(".").replace("osm.pbf", "pbf"))


def gate_text(path: Path, ending: str) -> tuple[int, bool]:
    """Refuse XML that holds what must not be read; see `_REFUSED`.

    Returns
    -------
    size, deleting
        How many bytes it is unpacked, and whether objects may be marked deleted.

    Raises
    ------
    RoadError
        If it does, is larger than any city when it is unpacked, or is packed as no road file is: a few bytes that swell
        for minutes.
    """
    read, tail, deleting = 0, b"", False
    mark = packed_mark = 0
    with path.open("rb") as packed, _UNPACKED[ending](packed) as stream:
        while chunk := stream.read(_CHUNK):
            read += len(chunk)
            if read - mark >= _STRETCH:
                if read - mark > _MOST_TIMES * (packed.tell() - packed_mark):
                    raise RoadError(Fault("road_bomb", str(path), values={"times": _MOST_TIMES}))
                mark, packed_mark = read, packed.tell()
            plain = chunk.replace(b"\0", b"")  # UTF-16, which is read too, has one beside each ASCII letter
            text, tail = tail + plain, plain[-_OVERLAP:]
            code = next((code for code, pattern in _REFUSED.items() if pattern.search(text)), None)
            if code or read > _LARGEST_INFLATED:
                raise RoadError(Fault(code or "road_too_large", str(path)))
            deleting = deleting or _DELETION in text or _HIDDEN.search(text) is not None
    return read, deleting


def gate_blobs(path: Path) -> None:
    """Refuse a .pbf that swells as no road file does; a blob cannot cost much memory, but many of them much time.

    Raises
    ------
    RoadError
        If it does, is larger than any city when it is unpacked, or is no .pbf.
    """
    try:
        _gate_blobs(path)
    except ValueError as error:
        raise RoadError(Fault("road_blob", str(path))) from error


def _gate_blobs(path: Path) -> None:
    size, read = path.stat().st_size, 0
    with path.open("rb") as stream:
        for blob in unpacked_sizes(stream):
            read += blob
            if read > max(_MOST_TIMES * size, _STRETCH):
                raise RoadError(Fault("road_bomb", str(path), values={"times": _MOST_TIMES}))
            if read > _LARGEST_INFLATED:
                raise RoadError(Fault("road_too_large", str(path)))


@contextmanager
def extracted(path: Path) -> Iterator[Extract]:
    """Check a road file and let osmium write its ways and nodes into a folder that is gone afterwards.

    Raises
    ------
    RoadError
        If the file is missing, has an unknown ending, declares a document type, holds coordinates that are no plain
        numbers or objects that an editor has marked deleted, or cannot be read to its end, then or within the context.
    """
    ending = ending_of(path)
    try:
        if ending in _UNPACKED:
            size, deleting = gate_text(path, ending)
            room = _ROOM_PER_CHARACTER * size
        else:
            gate_blobs(path)
            room, deleting = _ROOM_PER_BYTE * path.stat().st_size, False
        source = source_of(path)
        with tempfile.TemporaryDirectory(prefix="planner-", ignore_cleanup_errors=True) as folder:
            extract = Extract(path, source, Path(folder))
            _write(extract, with_places=not deleting and _fits_places(folder, room))
            yield extract
    except UNREADABLE as error:
        raise RoadError(Fault("road_unreadable", str(path), values={"reason": error})) from error


def _fits_places(folder: str, room: int) -> bool:
    """Whether the array of places can be written: osmium takes a plain path, and is stopped dead by a full disk."""
    return folder.isascii() and "," not in folder and shutil.disk_usage(folder).free > _ROOM_LEAST + room


def _write(extract: Extract, *, with_places: bool) -> None:
    """Let osmium write the ways that have a ``highway`` tag, and the places of all nodes."""
    node, way = osmium.osm.NODE, osmium.osm.WAY
    chain = [osmium.filter.KeyFilter("highway").enable_for(way)]
    if with_places:
        table = osmium.index.create_map(f"sparse_file_array,{extract.folder / _PLACES}")
        chain.append(osmium.NodeLocationsForWays(table))
        chain[-1].apply_nodes_to_ways = False
    writer = osmium.SimpleWriter(osmium.io.File(extract.folder / _WAYS, _OPL))
    try:
        with osmium.io.Reader(extract.source, way | node if with_places else way) as reader:
            osmium.apply(reader, *chain, osmium.filter.EntityFilter(way), writer)
        writer.close()
    finally:
        let_go(writer)


def let_go(writer: osmium.SimpleWriter) -> None:
    """Keep a writer that failed for ever: its destructor would close it again, throw, and so end the process."""
    try:
        writer.close()  # does nothing a second time, unless it failed
    except Exception:  # noqa: BLE001  (why it failed is being told already)
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(writer))


def read_ways(extract: Extract, keys: frozenset[str]) -> Iterator[Way]:
    """Yield the ways that have a ``highway`` tag, in the order of the file, with their tags of some keys."""
    with (extract.folder / _WAYS).open(encoding="utf-8", newline="\n") as lines:
        for line in lines:
            way_id, _, visible, tags, refs = line.split(" ")
            telling = tuple(tag for tag in tags[1:].split(",") if tag.partition("=")[0] in keys)
            yield Way(int(way_id[1:]), visible == "dD", telling, refs[1:-1])


def tags_of(tags: Sequence[str]) -> dict[str, str]:
    """Return the tags of a `Way` by key."""
    pairs = (tag.split("=") for tag in tags)
    return {_unescaped(key): _unescaped(value) for key, value in pairs}


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def refs_of(texts: Sequence[str]) -> tuple[Whole, Whole]:
    """Return the node ids of many ways in one row, and how many each way has, from their `Way.refs`."""
    sizes = np.array([text.count("n") for text in texts], dtype=np.int64)
    joined = ",".join(filter(None, texts)).replace("n", "")
    return np.fromstring(joined, dtype=np.int64, sep=","), sizes


def read_nodes(extract: Extract, wanted: Whole) -> Nodes:
    """Read the nodes of some ids.

    Parameters
    ----------
    extract
        The file.
    wanted
        Node ids, ascending, each once.

    Raises
    ------
    RoadError
        If the file holds a node twice at different places, or most places seem to be latitude for longitude.
    """
    # osmium's array has no negative ids, which editors give to what is not saved yet
    whole = (extract.folder / _PLACES).exists() and len(wanted) > 0 and wanted[0] > 0
    places = _from_array(extract.folder / _PLACES, wanted) if whole else _one_by_one(extract.source, wanted)
    node_id, x, y = places["id"].copy(), places["x"].copy(), places["y"].copy()
    valid = _within(x, 180 * _UNITS_PER_DEGREE) & _within(y, 90 * _UNITS_PER_DEGREE)
    swapped = int((~valid & _within(y, 180 * _UNITS_PER_DEGREE) & _within(x, 90 * _UNITS_PER_DEGREE)).sum())
    if 2 * swapped > len(node_id):
        raise RoadError(Fault("road_swapped", str(extract.path), values={"count": swapped}))
    without_place = np.unique(node_id[~valid])
    node_id, x, y = _sorted(node_id[valid], x[valid], y[valid])
    again = np.flatnonzero(node_id[1:] == node_id[:-1]) + 1
    moved = again[(x[again] != x[again - 1]) | (y[again] != y[again - 1])]
    if len(moved):
        ids = ", ".join(str(number) for number in node_id[moved[:5]])
        raise RoadError(Fault("road_node_twice", str(extract.path), values={"count": len(moved), "ids": ids}))
    first = np.ones(len(node_id), dtype=bool)
    first[again] = False
    lon, lat = x[first] / _UNITS_PER_DEGREE, y[first] / _UNITS_PER_DEGREE
    return Nodes(node_id[first], lon, lat, without_place, len(again))


def _within(units: Units, limit: int) -> NDArray[np.bool_]:
    return (units >= -limit) & (units <= limit)  # abs() of the least int32 is negative


def _sorted(node_id: Whole, x: Units, y: Units) -> tuple[Whole, Units, Units]:
    """Sort nodes by id and place; most files are."""
    if (node_id[1:] > node_id[:-1]).all():
        return node_id, x, y
    order = np.lexsort((y, x, node_id))
    return node_id[order], x[order], y[order]


def _from_array(file: Path, wanted: Whole) -> NDArray[Any]:
    """Read the places of some nodes from osmium's array, block by block: it holds all nodes of the file."""
    found = [np.empty(0, dtype=_PLACE)]
    with file.open("rb") as stream:
        block = np.fromfile(stream, dtype=_PLACE, count=_BLOCK)
        while (ids := block["id"].copy()).any():  # the array is longer than what it holds, and zero there
            found.append(block[wanted.take(np.searchsorted(wanted, ids), mode="clip") == ids])
            block = np.fromfile(stream, dtype=_PLACE, count=_BLOCK)
    return np.concatenate(found)


def _one_by_one(source: osmium.io.File, wanted: Whole) -> NDArray[Any]:
    """Read the places of some nodes from the file; those of deleted nodes count for nothing."""
    ids = set(wanted.tolist())
    nowhere = osmium.osm.Location()
    found = []
    for node in osmium.FileProcessor(source, osmium.osm.NODE):
        if node.id in ids:
            place = nowhere if node.deleted else node.location
            found.append((node.id, place.x, place.y))
    return np.array(found, dtype=_PLACE)


def way_ids(path: Path, kinds: Sequence[str]) -> Whole:
    """Return the ids of the ways whose ``highway`` tag is one of `kinds`, ascending.

    Raises
    ------
    RoadError
        If the file cannot be read to its end. Text is not looked at again: `extracted` has refused what must not be.
    """
    wanted = osmium.filter.TagFilter(*(("highway", kind) for kind in kinds))
    try:
        found = osmium.FileProcessor(source_of(path), osmium.osm.WAY).with_filter(wanted)
        return np.unique(np.array([way.id for way in found], dtype=np.int64))
    except UNREADABLE as error:
        raise RoadError(Fault("road_unreadable", str(path), values={"reason": error})) from error
