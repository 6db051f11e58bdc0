"""What every record says of what it was made from: the scenario, its files, its doubts, and how roads were counted."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner import __version__, footmoves, outletgaps, report, snapshot, unitsums, unjudged
from planner.companions import OF_SHAPEFILES
from planner.hashing import sha256_of
from planner.namedfiles import with_files
from planner.sourcelist import rows_used, shown_path
from planner.words import listed, say, tell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planner.bureau import Bureau
    from planner.inputs import Inputs
    from planner.scenario import Loaded
    from planner.schema import Scenario
    from planner.tablefaults import LeftOut
    from planner.tables import Table
    from planner.terms import Language


DOUBTS_SHOWN = 6
"""Doubts told in the terminal, the grave ones first; all are in the record and told by ``check``."""


def scenario_hash(loaded: Loaded) -> str:
    """SHA-256 of a merged scenario, with its paths as seen from its folder."""
    return hashlib.sha256(report.toml_text(with_paths(loaded, None)).encode()).hexdigest()


def head(inputs: Inputs) -> dict[str, Any]:
    """Say what every record begins with: the scenario, the program, the date of the data, the language."""
    scenario = inputs.scenario
    return {
        "scenario": scenario.name,
        "title": scenario.title,
        "scenario_sha256": scenario_hash(inputs.loaded),
        "planner": __version__,
        "data_date": scenario.data_date.isoformat(),
        "language": scenario.language,
    }


def with_paths(loaded: Loaded, names: Mapping[Path, str] | None) -> dict[str, Any]:
    """Return the merged scenario with other names for its files; without any, as seen from its folder."""

    def named(file: str) -> str:
        if not Path(file).is_absolute():
            return file
        return shown_path(file, loaded.folder) if names is None else names.get(Path(file), file)

    renamed: dict[str, Any] = with_files(loaded.merged, named)
    return renamed


def doubt_records(inputs: Inputs) -> list[dict[str, Any]]:
    """Say what makes figures void, and what in the tables was read in one of several ways: what to write instead.

    One that stands for several says how many they are: ``count``.
    """
    of_tables = (doubt for doubt in (*inputs.demand.doubts, *inputs.sites.doubts) if doubt not in inputs.grave)
    doubts = (*inputs.grave, *of_tables, *footmoves.doubts_of(inputs), *unjudged.doubts_of(inputs))
    doubts = (*doubts, *outletgaps.doubts_of(inputs), *unitsums.doubts(inputs.totals))
    files = {str(file.path): shown_path(str(file.path), inputs.loaded.folder) for file in inputs.loaded.files}
    found: list[dict[str, Any]] = []
    for doubt in doubts:
        shown = replace(doubt, file=files.get(doubt.file, doubt.file))
        found.append(dict(zip(("place", "what", "cure"), tell(shown, inputs.scenario.language), strict=True)))
        found[-1] |= {"count": len(doubt.rest)} if doubt.rest else {}
    return found


def _tables(inputs: Inputs, reported: Bureau | None) -> list[Table | Bureau]:
    """List what was read of rows: people, sites, and the bureau's own ledgers where they were asked for."""
    return [inputs.demand, inputs.sites, *([] if reported is None else [reported])]


def input_records(inputs: Inputs, reported: Bureau | None = None) -> list[dict[str, Any]]:
    """Describe each input file: its path, hash, and rows read and used, also of the bureau's own ledgers."""
    loaded, found = inputs.loaded, []
    left = Counter[str]()
    rows = Counter[str]()
    for table in _tables(inputs, reported):
        rows.update(table.rows_read)
        for row in table.left_out:
            left[row.file] += row.rows
    used = rows_used(loaded, {"demand": inputs.demand, "sites": inputs.sites})
    own = {} if reported is None else reported.rows_used()
    used = {path: None if number is None else number + own.get(path, 0) for path, number in used.items()}
    for file in inputs.files:
        shown = shown_path(str(file), loaded.folder)
        number = rows.get(shown)
        found.append(
            {
                "path": shown,
                "sha256": sha256_of(file),
                "rows_read": number,
                "rows_used": None if number is None else used.get(shown, number - left[shown]),
            }
        )
    return found


def left_out_records(inputs: Inputs, *more: Sequence[LeftOut]) -> list[dict[str, Any]]:
    """List the rows of all tables that are counted nowhere: file, row, rows, id, name, reason (in words).

    `more` are those of what an audit reads beside people and sites.
    """
    language = inputs.scenario.language
    rows = [row for part in (inputs.demand.left_out, inputs.sites.left_out, *more) for row in part]
    return [
        {
            **{name: getattr(row, name) for name in ("file", "row", "rows", "id", "name")},
            "reason": say(f"left_out.{row.reason}", language, **row.values),
        }
        for row in rows
    ]


def road_parameters(scenario: Scenario) -> dict[str, Any]:
    """How movement on roads was counted."""
    roads = scenario.roads
    return {
        "walk_kph": float(roads.walk_kph),
        "drive_factor": float(roads.drive_factor),
        "class_kph": dict(roads.speeds_kph),
        "snap_max_m": float(roads.snap_max_m),
        "island_min_m": float(roads.island_min_m),
    }


def doubt_lines(doubts: Sequence[Mapping[str, Any]], language: Language) -> Iterator[str]:
    """Say the first `DOUBTS_SHOWN` doubts of a record, and how many others there are."""
    for doubt in doubts[:DOUBTS_SHOWN]:
        yield say("check.doubt", language, **doubt)
    if len(doubts) > DOUBTS_SHOWN:
        count = sum(doubt.get("count", 1) for doubt in doubts[DOUBTS_SHOWN:])
        yield say("check.more_notes", language, count=count)


def source_notes(language: Language, inputs: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Lines of a map's foot on its sources and its maker."""
    beside = (*OF_SHAPEFILES, f"/{snapshot.RECORD}")
    files = (item["path"].rsplit("/", 1)[-1] for item in inputs if not item["path"].lower().endswith(beside))
    names = listed(files, language)
    return say("note.sources", language, files=names), say("note.planner", language, version=__version__)
