"""Snapshots of a place: what `planner fetch` saved once, never changed, and whether it still serves a scenario."""

from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING, Any

from planner.geodesy import MM_PER_M
from planner.scenario import SNAPSHOT_ROADS, fault_at, snapshot_of
from planner.schema import standards_of
from planner.speeds import FASTEST_KPH

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from planner.errors import Fault
    from planner.scenario import Loaded
    from planner.schema import Scenario

ROADS, BOUNDARY, FEATURES, RECORD = SNAPSHOT_ROADS, "boundary.geojson", "features.geojson", "fetch.json"
FILES = (ROADS, BOUNDARY, FEATURES, RECORD)
SCHEMA = 1
"""Version of the record."""

_MS_PER_H = 3_600_000
_M_PER_KM = 1000


def margin_m(scenario: Scenario) -> int:
    """Return how far beyond the border roads are needed so that no figure within it depends on what lies farther.

    Parameters
    ----------
    scenario
        Its standards and how far points are snapped.

    Returns
    -------
    metres
        The largest cutoff, whole metres up; a drive of so many minutes as far as the fastest road that is believed
        would take it; and `snap_max_m`, within which a site at the far end finds its road.
    """
    fastest = FASTEST_KPH * float(scenario.roads.drive_factor) * _M_PER_KM / _MS_PER_H
    reach = [s.limit * fastest if s.measure == "time" else s.limit / MM_PER_M for s in standards_of(scenario)]
    return math.ceil(max(reach, default=0.0) + float(scenario.roads.snap_max_m))


def sum_of(file: Path) -> str:
    """SHA-256 of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def record_of(folder: Path) -> dict[str, Any] | None:
    """Return the record of a snapshot; None where there is none that can be read."""
    try:
        found = json.loads((folder / RECORD).read_bytes())
        whole = found["schema"] == SCHEMA and isinstance(found["files"][ROADS], str) and found["margin_m"] >= 0
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return found if whole else None


def faults(loaded: Loaded) -> Iterator[Fault]:
    """Find why the snapshot that a scenario's roads are read from does not serve it, if there is one to read.

    It must be there, as it was saved, and reach as far beyond the border as the standards ask.
    """
    folder, where = snapshot_of(loaded.merged.get("roads")), ["roads", "place"]
    if folder is None:
        return
    place, found = folder.name, record_of(folder)
    if found is None or not (folder / ROADS).is_file():
        yield fault_at(loaded, "not_fetched", where, place=place)
    elif sum_of(folder / ROADS) != found["files"][ROADS]:
        yield fault_at(loaded, "snapshot_changed", where, place=place)
    elif loaded.scenario is not None and margin_m(loaded.scenario) > found["margin_m"]:
        needed = margin_m(loaded.scenario)
        yield fault_at(loaded, "snapshot_narrow", where, place=place, margin=found["margin_m"], needed=needed)
