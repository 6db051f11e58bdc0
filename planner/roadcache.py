"""Keeps networks that were read once, so that the next run opens them at once.

A kept network is a file of plain arrays under a name that tells all that decides its content, so that a changed road
file, rule or parameter has another name and is read anew. What cannot be kept, or cannot be trusted when it is opened,
is read from the road file as if nothing had been kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import time
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import platformdirs

from planner import osmfile
from planner.hashing import sha256_of
from planner.osmobjects import ending_of
from planner.osmways import FILTER_VERSION
from planner.roads import ROAD_KINDS, ReadingReport, Roads
from planner.speeds import with_overrides

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from planner.terms import Mode

FORMAT_VERSION = 2
"""Goes up when networks are cut, measured or kept in another way; the rules of ways have their `FILTER_VERSION`."""

KEPT_FILES = 32
KEPT_BYTES = 2 << 30
"""How many networks are kept, and how many bytes in all; those used longest ago give way."""

FOLDER_VARIABLE = "PLANNER_CACHE_DIR"
"""Environment variable with the folder to keep networks in; empty or ``off`` keeps none."""

_NODES: Mapping[str, type[np.generic]] = {"node_id": np.int64, "lon": np.float64, "lat": np.float64}
_EDGES: Mapping[str, type[np.generic]] = {
    "way_id": np.int64,
    "segment": np.int32,
    "u": np.int32,
    "v": np.int32,
    "length_mm": np.int64,
    "drive_ms": np.int64,
    "forward": np.bool_,
    "backward": np.bool_,
    "kind": np.uint8,
}
_ARRAYS: Mapping[str, type[np.generic]] = {**_NODES, **_EDGES}
_REPORT = tuple(item.name for item in fields(ReadingReport))

# Only such files are ever removed: the folder may be one where somebody keeps other things.
_FINISHED = re.compile(r"roads-[0-9a-f]{64}\.npz")
_UNFINISHED = re.compile(r"roads-[0-9a-f]{8}\.unfinished")
_UNFINISHED_S = 3600.0


def default_folder() -> Path | None:
    """Return the folder to keep networks in: that of `FOLDER_VARIABLE`, else the user's cache folder; None for none."""
    named = os.environ.get(FOLDER_VARIABLE)
    if named is None:
        return platformdirs.user_cache_path("service-circle-planner", appauthor=False) / "roads"
    return None if named in ("", "off") else Path(named) / "roads"


def read_roads(
    path: str | Path,
    mode: Mode,
    *,
    island_min_m: float,
    drive_factor: float,
    class_kph: Mapping[str, float] | None,
    folder: Path | None,
) -> Roads:
    """Read the network of one mode, from where it is kept if it is; see `planner.osmfile.read_roads`.

    Parameters
    ----------
    path, mode, island_min_m, drive_factor, class_kph
        As in `planner.osmfile.read_roads`.
    folder
        Where networks are kept, such as `default_folder`; it is made if it is not there. None keeps none.

    Returns
    -------
    roads
        The network, the same whether it was kept or not.

    Raises
    ------
    RoadError, ValueError
        As in `planner.osmfile.read_roads`; never for what is wrong with the folder or a file in it.
    """
    limits: dict[str, Any] = {"island_min_m": float(island_min_m), "drive_factor": float(drive_factor)}
    limits["class_kph"] = {name: float(kph) for name, kph in with_overrides(class_kph or {}).items()}
    if folder is None:
        return osmfile.read_roads(path, mode, **limits)
    ending, content = ending_of(Path(path)), _sum_of(path)
    label = _label(mode, limits, ending=ending, content=content)
    file = folder / f"roads-{hashlib.sha256(label.encode()).hexdigest()}.npz"
    kept = _opened(file, mode, label)
    if kept is not None:
        return kept
    roads = osmfile.read_roads(path, mode, **limits)
    if _sum_of(path) == content:  # else the road file was replaced while it was being read
        _keep(roads, label, file)
    return roads


def _sum_of(path: str | Path) -> str:
    """SHA-256 of a road file; empty where it cannot be read, which reading it as a road file will tell."""
    try:
        return sha256_of(Path(path))
    except OSError:
        return ""


def _label(mode: Mode, limits: Mapping[str, Any], **file: str) -> str:
    """All that decides what a network holds and how it is kept, as text."""
    layout = {name: np.dtype(kind).str for name, kind in _ARRAYS.items()}
    versions = {"format": FORMAT_VERSION, "filter": FILTER_VERSION, "layout": layout, "report": _REPORT}
    return json.dumps({"mode": mode, **limits, **file, **versions}, sort_keys=True)


def _opened(file: Path, mode: Mode, label: str) -> Roads | None:
    """Open a kept network and note that it was used; None where there is none that can be trusted."""
    try:
        # each array is checked against its sum as it is read
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
            if kept["label"].tobytes() != label.encode():
                return None
            report = json.loads(kept["report"].tobytes())
            arrays = {name: kept[name] for name in _ARRAYS}
        roads = Roads(mode=mode, report=ReadingReport(**report), **arrays)
        if set(report) != set(_REPORT) or not _holds(roads):
            return None
    except Exception:  # noqa: BLE001  (whatever is wrong with the file, the network can be read anew)
        return None
    with suppress(OSError):
        os.utime(file)
    return roads


def _holds(roads: Roads) -> bool:
    """Whether the arrays of a network can be its arrays: their types, their lengths, and what they refer to."""
    shaped = all(
        (array := getattr(roads, name)).dtype == kind and array.shape == (length,)
        for names, length in ((_NODES, len(roads.node_id)), (_EDGES, len(roads.u)))
        for name, kind in names.items()
    )
    if not shaped or not roads.n_edges:
        return False
    return (
        all(end.min() >= 0 and end.max() < roads.n_nodes for end in (roads.u, roads.v))
        and bool((roads.node_id[1:] > roads.node_id[:-1]).all())
        and bool((roads.way_id[1:] >= roads.way_id[:-1]).all())
        and min(roads.length_mm.min(), roads.drive_ms.min()) >= 0
        and roads.kind.max() < len(ROAD_KINDS)
        and bool(np.isfinite(roads.lon).all() and np.isfinite(roads.lat).all())
    )


def _keep(roads: Roads, label: str, file: Path) -> None:
    """Write a network, seen by others only once it is whole; one that cannot be written is not kept."""
    texts = {"label": label, "report": json.dumps(asdict(roads.report))}
    arrays: dict[str, Any] = {name: np.frombuffer(text.encode(), dtype=np.uint8) for name, text in texts.items()}
    arrays |= {name: getattr(roads, name) for name in _ARRAYS}
    if sum(array.nbytes for array in arrays.values()) > KEPT_BYTES:
        return
    with suppress(OSError, ValueError):  # a path with a NUL is a ValueError
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(f"roads-{secrets.token_hex(4)}.unfinished")
        try:
            with unfinished.open("xb") as stream:
                np.savez(stream, **arrays)
            unfinished.replace(file)
        finally:
            unfinished.unlink(missing_ok=True)
        _make_room(file.parent)


def _make_room(folder: Path) -> None:
    """Remove the networks used longest ago that are too many or too large, and what was given up unfinished.

    Others may keep and remove networks here at the same time: a file that is gone already is as good as removed.
    """
    finished = sorted(_files(folder, _FINISHED), reverse=True)
    sizes = np.cumsum([size for _, size, _ in finished])
    surplus = [path for i, (_, _, path) in enumerate(finished) if i >= KEPT_FILES or sizes[i] > KEPT_BYTES]
    before = time.time() - _UNFINISHED_S
    given_up = [path for used_s, _, path in _files(folder, _UNFINISHED) if used_s < before]
    for path in (*surplus, *given_up):
        with suppress(OSError):
            path.unlink()


def _files(folder: Path, name: re.Pattern[str]) -> Iterator[tuple[float, int, Path]]:
    """Yield when a file of such a name was used last, its size in bytes, and its path."""
    for path in folder.iterdir():
        if name.fullmatch(path.name):
            with suppress(OSError):
                seen = path.stat()
                yield seen.st_mtime, seen.st_size, path
