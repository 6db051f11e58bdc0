"""Gets boundary, roads and features of a place, or takes what the user has already, and makes a snapshot of them.

The only part of the planner that uses the internet. Whatever it gets is looked at before it is believed, and nothing is
kept before all of it is there.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from planner import boundary, features, overpass, snapshot
from planner.coordinates import SYSTEMS
from planner.download import Patience, download
from planner.errors import BlockedError, Fault, ScenarioError
from planner.geodesy import EARTH_RADIUS_M
from planner.hashing import sha256_of
from planner.osmclip import clip, merge
from planner.osmfile import read_roads
from planner.pathfaults import is_file
from planner.roadends import SIDES
from planner.scenario import fault_at, load, snapshot_of
from planner.words import listed, say, tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import shapely

    from planner.boundary import Boundary
    from planner.coordinates import System
    from planner.download import Question
    from planner.features import Feature
    from planner.osmclip import Box, Clipped
    from planner.schema import Scenario

MOST_TILES = 400
"""Tiles that a public server is asked for; larger areas are for an extract."""

ON_LINE_M = 0.1
"""A box that ends so near to a line reaches it: extracts are cut by rounded degrees (metres)."""

LICENCE = "© OpenStreetMap contributors, ODbL 1.0"


@dataclass(frozen=True)
class Wish:
    """What the user says beside the scenario.

    Attributes
    ----------
    extract
        A road file that the user has already, instead of Overpass.
    boundary_file, system
        A file with the boundary, instead of Nominatim, and what its coordinates are in.
    again
        Whether a snapshot that is there is replaced.
    complete
        Whether the user says that the roads lack nothing; see `planner.snapshot.doubts_of`.
    overpass_url, nominatim_url
        Addresses of the servers.
    patience
        The bounds of each download.
    """

    extract: Path | None = None
    boundary_file: Path | None = None
    system: System | None = None
    again: bool = False
    complete: bool = False
    overpass_url: str = overpass.URL
    nominatim_url: str = boundary.URL
    patience: Patience = field(default_factory=Patience)


def wish_of(
    extract: Path | None,
    boundary_file: Path | None,
    system: str | None,
    *,
    again: bool,
    complete: bool,
    overpass_url: str | None,
    nominatim_url: str | None,
) -> Wish:
    """Return what the command line asks for, with the usual servers where it names none.

    Raises
    ------
    ScenarioError
        If there is no such system of coordinates.
    """
    known: dict[str, System] = {name: name for name in SYSTEMS}
    if system is not None and system not in known:
        values = {"text": system, "known": " ".join(SYSTEMS)}
        raise ScenarioError(Fault("unknown_coordinates", column="--coordinates", values=values))
    return Wish(
        extract,
        boundary_file,
        None if system is None else known[system],
        again,
        complete,
        overpass_url or overpass.URL,
        nominatim_url or boundary.URL,
    )


@dataclass(frozen=True)
class Asked:
    """A place to get: for which scenario, into which folder, and how far beyond its border."""

    scenario: Scenario
    folder: Path
    margin_m: int
    wish: Wish

    @property
    def place(self) -> str:
        """Name of the place."""
        return self.folder.name


def ask(path: str | Path, wish: Wish) -> Asked:
    """Find what a scenario wants to have fetched.

    Raises
    ------
    ScenarioError
        With the faults of the scenario file, or because it names no place, or a road file that goes before it.
    """
    loaded = load(path)
    roads = loaded.merged.get("roads")
    if isinstance(roads, dict) and "place" not in roads:
        raise ScenarioError(fault_at(loaded, "place_not_named", ["roads"]))
    if loaded.scenario is None or loaded.faults:
        raise ScenarioError(*loaded.faults)
    folder = snapshot_of(roads)
    if folder is None:
        raise ScenarioError(fault_at(loaded, "place_has_file", ["roads", "file"]))
    return Asked(loaded.scenario, folder, snapshot.margin_m(loaded.scenario), wish)


def vouched(asked: Asked) -> dict[str, Any] | None:
    """Refuse to replace a snapshot without a word; of one that is there, write down that it lacks nothing, if said so.

    Returns
    -------
    record
        The content of its ``fetch.json``; None where there is none, or another is asked for.

    Raises
    ------
    BlockedError
        If it is there, and the user has neither asked for another nor says just this; or it cannot be written.
    """
    found, wish = snapshot.record_of(asked.folder), asked.wish
    if found is None or wish.again:
        return None
    if wish.complete and wish.extract is None and wish.boundary_file is None:
        return snapshot.vouch(asked.folder)
    values = {"place": asked.place, "date": found.get("fetched_at", "")}
    raise BlockedError(Fault("fetched_already", str(asked.folder), values=values))


def save(asked: Asked, folder: Path, show: Callable[[str], None]) -> dict[str, Any]:
    """Get everything and write the files of a snapshot.

    Parameters
    ----------
    asked
        What is to be got.
    folder
        An empty folder; it is of no use unless this comes to its end.
    show
        Called with the name of each step as it begins; of several requests for roads also with the number of each.

    Returns
    -------
    record
        The content of ``fetch.json``.

    Raises
    ------
    BlockedError
        If the servers do not answer as they should.
    ScenarioError
        If the place is not found, the boundary cannot be used, or an extract says that it does not cover it.
    RoadError
        If the roads cannot be read, or none is there.
    """
    began = dt.datetime.now(dt.UTC)
    show("fetch_boundary")
    found, from_where = _boundary(asked, folder)
    wider = boundary.widened(found.area, asked.margin_m)
    show("fetch_roads")
    roads, source = _source(asked, found.area, wider, folder, show)
    show("fetch_clip")
    clipped = clip(roads, wider, folder / snapshot.ROADS)
    covers = _covers(asked, found.area, clipped)
    walk = read_roads(folder / snapshot.ROADS, "walk", island_min_m=float(asked.scenario.roads.island_min_m))
    show("fetch_features")
    hosts, asked_for = _features(asked, wider, folder)
    points = features.as_geojson(hosts, found.area, wider)
    _write_json(points, folder / snapshot.FEATURES)
    _write_json(found.as_geojson(), folder / snapshot.BOUNDARY)
    record = {
        "schema": snapshot.SCHEMA,
        "place": asked.place,
        "language": asked.scenario.language,
        "complete_said": asked.wish.complete,
        "fetched_at": began.isoformat(timespec="seconds"),
        "planner": version("service-circle-planner"),
        "licence": LICENCE,
        "margin_m": asked.margin_m,
        "boundary": {**found.about, **from_where},
        "roads": {**source, **covers},
        "features": asked_for,
        "counts": {
            "ways": clipped.ways,
            "nodes": clipped.nodes,
            "ways_beyond": clipped.ways_beyond,
            "nodes_missing": clipped.nodes_missing,
            "walk_km": round(walk.length_m / 1000),
            "features": len(points["features"]),
        },
        "files": {name: sha256_of(folder / name) for name in snapshot.FILES if name != snapshot.RECORD},
    }
    _write_json(record, folder / snapshot.RECORD)
    return record


def _boundary(asked: Asked, folder: Path) -> tuple[Boundary, dict[str, Any]]:
    """Get the boundary, and say where it comes from."""
    wish = asked.wish
    if wish.boundary_file is not None:
        found = boundary.read_boundary(wish.boundary_file, wish.system)
        return found, {"sha256": sha256_of(wish.boundary_file)}
    question, answer = boundary.question(wish.nominatim_url, asked.place), folder / "answer.json"
    patience = replace(wish.patience, most_bytes=min(boundary.MOST_BYTES, wish.patience.most_bytes))
    download(question, answer, patience, boundary.judge)
    found = boundary.chosen(answer, asked.place, wish.nominatim_url)
    told = {"endpoint": wish.nominatim_url, "query": dict(question.form), "sha256": sha256_of(answer)}
    return found, told


def _source(
    asked: Asked, area: shapely.Geometry, wider: shapely.Geometry, folder: Path, show: Callable[[str], None]
) -> tuple[Path, dict[str, Any]]:
    """Get a road file that holds the wider area, and say where it comes from, and where the area has no roads."""
    wish = asked.wish
    if wish.extract is not None:
        if not is_file(wish.extract):
            raise ScenarioError(Fault("file_missing", str(wish.extract)))
        return wish.extract, {"file": wish.extract.name, "sha256": sha256_of(wish.extract)}
    boxes = overpass.tiles(wider)
    if len(boxes) > MOST_TILES:
        values = {"place": asked.place, "tiles": len(boxes), "most": MOST_TILES}
        raise ScenarioError(Fault("area_too_large", values=values))
    questions = [overpass.question(wish.overpass_url, box) for box in boxes]
    files = [folder / f"answer-{number}.osm" for number in range(len(boxes))]
    for number, (question, file) in enumerate(zip(questions, files, strict=True), 1):
        if len(boxes) > 1:
            show(f"fetch_roads {number}/{len(boxes)}")
        download(question, file, wish.patience, overpass.judge)
    merged = folder / "answers.osm.pbf"
    empty = _empty(wish, boxes, questions, files, merged)
    answers = [
        {"query": question.form["data"], "sha256": sha256_of(file), "data_of": overpass.data_time(file)}
        for question, file in zip(questions, files, strict=True)
    ]
    return merged, {"endpoint": wish.overpass_url, "answers": answers, "blank": overpass.blank(empty, area)}


def _empty(
    wish: Wish, boxes: Sequence[Box], questions: Sequence[Question], files: Sequence[Path], merged: Path
) -> list[Box]:
    """Ask once more for the tiles without roads, make one file of all answers, and return those that stay empty.

    Raises
    ------
    BlockedError
        If no tile has a road, or one has none though roads of others run into it.
    """
    for question, file in zip(questions, files, strict=True):
        if overpass.is_empty(file):
            download(question, file, wish.patience, overpass.judge)
    empty = [box for box, file in zip(boxes, files, strict=True) if overpass.is_empty(file)]
    if len(empty) == len(boxes):
        raise BlockedError(Fault("net_empty", wish.overpass_url, values={"tiles": len(boxes)}))
    merge(files, merged)
    if empty and (wrong := overpass.belied(empty, merged)):
        raise BlockedError(Fault("net_belied", wish.overpass_url, values={"count": wrong, "tiles": len(boxes)}))
    return empty


def _covers(asked: Asked, area: shapely.Geometry, clipped: Clipped) -> dict[str, Any]:
    """Say whether the roads reach as far as the margin: ``covers_all``, None where nobody says, ``sides_short``.

    Of a file that does not say what it covers, the sides are those on which its roads end farther within the boundary
    than the margin; ``sides_near`` are these, and those on which they end less than the margin beyond it. What a server
    answers covers what was asked.

    Raises
    ------
    ScenarioError
        If an extract says that it does not cover the boundary itself.
    """
    if asked.wish.extract is None:
        return {"covers_all": True, "sides_short": []}
    if clipped.box is None:
        ends, near = (_sides_short(clipped.extent, area, within_m) for within_m in (asked.margin_m, -asked.margin_m))
        return {"covers_all": None, "sides_short": ends, "sides_near": near, "extent": list(clipped.extent)}
    lost, language = _sides_short(clipped.box, area, ON_LINE_M), asked.scenario.language
    if lost:
        sides = listed((say(f"fetch.side.{side}", language) for side in lost), language)
        values = {"place": asked.place, "sides": sides, "margin": asked.margin_m}
        raise ScenarioError(Fault("extract_short", str(asked.wish.extract), values=values))
    short = _sides_short(clipped.box, area, ON_LINE_M - asked.margin_m)
    return {"covers_all": not short, "sides_short": short}


def _sides_short(box: Box, area: shapely.Geometry, within_m: float) -> list[str]:
    """Name the sides on which a box ends farther within an area's box than so many metres, which may be below zero."""
    west, south, east, north = area.bounds
    lat = math.degrees(within_m / EARTH_RADIUS_M)
    lon = lat / math.cos(math.radians((south + north) / 2))
    ends = zip(SIDES, box, (west + lon, south + lat, east - lon, north - lat), (1, 1, -1, -1), strict=True)
    return [side for side, end, line, sign in ends if sign * (end - line) > 0]


def _features(asked: Asked, wider: shapely.Geometry, folder: Path) -> tuple[list[Feature], dict[str, Any]]:
    """Get the features of the wider area, and say where they come from."""
    wish = asked.wish
    if wish.extract is not None:
        return features.from_file(wish.extract), {"file": wish.extract.name}
    question, file = features.question(wish.overpass_url, wider.bounds), folder / "features.json"
    patience = replace(wish.patience, most_bytes=min(features.MOST_BYTES, wish.patience.most_bytes))
    download(question, file, patience, features.judge)
    told = {"endpoint": wish.overpass_url, "query": question.form["data"], "sha256": sha256_of(file)}
    return features.from_answer(file), told


def _write_json(content: Mapping[str, Any], file: Path) -> None:
    file.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def lines(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was fetched in plain sentences."""
    language, about, counts = record["language"], record["boundary"], record["counts"]
    yield say("fetch.boundary", language, name=about.get("display_name") or about.get("file") or record["place"])
    yield say("fetch.roads", language, margin=record["margin_m"], **counts)
    yield say("fetch.features", language, count=counts["features"])
    if record.get("complete_said"):
        yield say("fetch.complete", language)
    for doubt in snapshot.doubts_of(record, "", language):
        _, what, cure = tell(doubt, language)
        yield say("fetch.doubt", language, what=what, cure=cure)
