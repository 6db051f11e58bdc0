"""Snapshots of a place: what `planner fetch` saved once, never changed, and whether it still serves a scenario.

To its record alone the user may add that the roads lack nothing.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.errors import BlockedError, Fault
from planner.geodesy import MM_PER_M
from planner.hashing import sha256_of
from planner.roadends import SIDES
from planner.scenario import SNAPSHOT_ROADS, fault_at, snapshot_of
from planner.schema import standards_of
from planner.speeds import FASTEST_KPH
from planner.words import listed, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planner.scenario import Loaded
    from planner.schema import Scenario
    from planner.terms import Language

ROADS, BOUNDARY, FEATURES, RECORD = SNAPSHOT_ROADS, "boundary.geojson", "features.geojson", "fetch.json"
FILES = (ROADS, BOUNDARY, FEATURES, RECORD)
SCHEMA = 1
"""Version of the record."""

GRAVE_BLANK = 0.1
"""Tiles without roads that take so much of a place, or more, are a doubt of every run."""

BLANK_SHOWN = 5
"""Tiles without roads that are named."""

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
        whole &= all(0 <= tile["share"] <= 1 and len(tile["box"]) == len(SIDES) for tile in _blank(found))
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return found if whole else None


def _blank(record: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    tiles: Sequence[Mapping[str, Any]] = record["roads"].get("blank", ())  # earlier records have none
    return tiles


def vouch(folder: Path) -> dict[str, Any]:
    """Write into the record of a snapshot that the user says its roads lack nothing, and return it.

    Raises
    ------
    BlockedError
        If it cannot be written.
    """
    told = {**json.loads((folder / RECORD).read_bytes()), "complete_said": True}
    new = folder.with_name(f".{folder.name}.{RECORD}")  # what a snapshot does not know would bar the next one
    try:
        new.write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        new.replace(folder / RECORD)
    except OSError as error:
        raise BlockedError(Fault("no_permission", values={"folder": str(folder)})) from error
    return told


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
    """Return what run.json says of the snapshot: its place, how far beyond the border it reaches, in metres.

    Where the user says that it lacks nothing, that as well.
    """
    folder = _folder(loaded)
    if folder is None or (found := record_of(folder)) is None:
        return {}
    said = {"complete_said": True} if found.get("complete_said") else {}
    return {"snapshot": {"place": found["place"], "margin_m": found["margin_m"], **said}}


def doubts(loaded: Loaded, shown: str, language: Language) -> Iterator[Fault]:
    """Find why figures from the snapshot that a scenario's roads are read from may be void; see `doubts_of`.

    A few tiles without roads, such as lakes, are told when it is fetched and not again.
    """
    folder = _folder(loaded)
    if folder is not None and (found := record_of(folder)) is not None:
        yield from (doubt for doubt in doubts_of(found, shown, language) if doubt.code != "snapshot_blank")


def doubts_of(record: Mapping[str, Any], shown: str, language: Language) -> Iterator[Fault]:
    """Find why the roads of a snapshot may lack some, though a run may use them.

    What nobody can tell from the file ends when the user says that it lacks nothing: that it does not say what it
    covers, and tiles without roads. That it says it covers less, and nodes that it lacks, do not.

    Parameters
    ----------
    record
        The content of its ``fetch.json``.
    shown
        The road file, as a doubt names it.
    language
        Language of the names of sides.
    """
    roads, lacking, said = record["roads"], record["counts"]["nodes_missing"], bool(record.get("complete_said"))
    sides, near = (
        listed((say(f"fetch.side.{side}", language) for side in roads.get(key, ())), language)
        for key in ("sides_short", "sides_near")
    )
    values = {"place": record["place"], "margin": record["margin_m"], "sides": sides}
    if roads["covers_all"] is False:
        yield Fault("snapshot_short", shown, values=values)
    elif roads["covers_all"] is None and not said:
        reach = say(f"fetch.reach.{'some' if near else 'all'}", language, sides=near, margin=record["margin_m"])
        yield Fault("snapshot_ends" if sides else "snapshot_unsaid", shown, values={**values, "reach": reach})
    if lacking:
        yield Fault("snapshot_gaps", shown, values={**values, "count": lacking})
    if not said:
        yield from _blank_doubts(record, shown, language)


def _blank_doubts(record: Mapping[str, Any], shown: str, language: Language) -> Iterator[Fault]:
    tiles = sorted(_blank(record), key=lambda tile: (-tile["share"], tile["box"]))
    share = sum(tile["share"] for tile in tiles)
    if tiles:
        named = (say("fetch.tile", language, **dict(zip(SIDES, tile["box"], strict=True))) for tile in tiles)
        boxes = listed(list(named)[:BLANK_SHOWN], language)
        values = {"place": record["place"], "count": len(tiles), "share": f"{100 * share:.1f}%", "boxes": boxes}
        yield Fault("snapshot_blank_large" if share >= GRAVE_BLANK else "snapshot_blank", shown, values=values)


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
