"""Snapshots of a place: what `planner fetch` saved once, never changed, and whether it still serves a scenario."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.errors import Fault
from planner.geodesy import MM_PER_M
from planner.hashing import sha256_of
from planner.scenario import SNAPSHOT_ROADS, fault_at, snapshot_of
from planner.schema import standards_of
from planner.speeds import FASTEST_KPH
from planner.words import listed, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from planner.scenario import Loaded
    from planner.schema import Scenario
    from planner.terms import Language

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


def record_of(folder: Path) -> dict[str, Any] | None:
    """Return the record of a snapshot; None where there is none that can be read."""
    try:
        found = json.loads((folder / RECORD).read_bytes())
        whole = found["schema"] == SCHEMA and isinstance(found["files"][ROADS], str) and found["margin_m"] >= 0
        whole &= isinstance(found["place"], str) and found["counts"]["nodes_missing"] >= 0
        whole &= found["roads"]["covers_all"] in (True, False, None)
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return found if whole else None


def _folder(loaded: Loaded) -> Path | None:
    """Return the folder of the snapshot that roads are read from, or of its copy in a result; None without one."""
    roads = loaded.merged.get("roads")
    folder = snapshot_of(roads)
    if folder is not None or not isinstance(roads, dict) or not isinstance(roads.get("file"), str):
        return folder
    file = Path(roads["file"])
    found = record_of(file.parent) if file.name == ROADS else None
    return file.parent if found is not None and found.get("place") == roads.get("place") else None


def files_of(loaded: Loaded) -> list[Path]:
    """Return what belongs to the snapshot that a scenario's roads are read from: its record; nothing without one."""
    folder = _folder(loaded)
    return [] if folder is None else [folder / RECORD]


def about(loaded: Loaded) -> dict[str, Any]:
    """Return what run.json says of the snapshot: its place, and how far beyond the border it reaches, in metres."""
    folder = _folder(loaded)
    if folder is None or (found := record_of(folder)) is None:
        return {}
    return {"snapshot": {"place": found["place"], "margin_m": found["margin_m"]}}


def doubts(loaded: Loaded, shown: str, language: Language) -> Iterator[Fault]:
    """Find why figures from the snapshot that a scenario's roads are read from may be void; see `doubts_of`."""
    folder = _folder(loaded)
    if folder is not None and (found := record_of(folder)) is not None:
        yield from doubts_of(found, shown, language)


def doubts_of(record: Mapping[str, Any], shown: str, language: Language) -> Iterator[Fault]:
    """Find why the roads of a snapshot may lack some, though a run may use them.

    Parameters
    ----------
    record
        The content of its ``fetch.json``.
    shown
        The road file, as a doubt names it.
    language
        Language of the names of sides.
    """
    roads, lacking = record["roads"], record["counts"]["nodes_missing"]
    sides = listed((say(f"fetch.side.{side}", language) for side in roads.get("sides_short", ())), language)
    values = {"place": record["place"], "margin": record["margin_m"], "sides": sides}
    if roads["covers_all"] is False:
        yield Fault("snapshot_short", shown, values=values)
    elif roads["covers_all"] is None:
        yield Fault("snapshot_ends" if sides else "snapshot_unsaid", shown, values=values)
    if lacking:
        yield Fault("snapshot_gaps", shown, values={**values, "count": lacking})


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
    elif sha256_of(folder / ROADS) != found["files"][ROADS]:
        yield fault_at(loaded, "snapshot_changed", where, place=place)
    elif loaded.scenario is not None and margin_m(loaded.scenario) > found["margin_m"]:
        needed = margin_m(loaded.scenario)
        yield fault_at(loaded, "snapshot_narrow", where, place=place, margin=found["margin_m"], needed=needed)
