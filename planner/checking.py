"""Checks a scenario without computing its figures: what was read, what is wrong, what is doubtful."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from planner import auditinputs, footmoves, outletgaps, record, unitsums, unjudged
from planner.auditschema import AuditSection
from planner.coverage import applies, assessable
from planner.errors import ScenarioError, attempt
from planner.glance import unread
from planner.grammar import quoted
from planner.hashing import sha256_of
from planner.inputs import Gathered, gather
from planner.inspection import KINDS, Seen, look, tables_of
from planner.namedfiles import named_files
from planner.oddities import headers_read, uncounted
from planner.pathfaults import is_file
from planner.problems import Problem, listed, located, problems_of, record_of
from planner.sitelines import at_its_entry
from planner.sourcelist import rows_used, shown_path
from planner.verdicts import Verdicts, judged
from planner.words import LANGUAGES, say, tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from planner.errors import Fault
    from planner.problems import Parts
    from planner.scenario import Loaded
    from planner.tablefaults import LeftOut, Part
    from planner.terms import Language


REASONS_SHOWN = 3
"""Reasons of one kind by which rows of a file are left out that a sum tells apart; each row's own is listed."""

_FIGURES = re.compile(r"[0-9][0-9.,，]*")


@dataclass(frozen=True, eq=False)
class Checked:
    """What a check found.

    Attributes
    ----------
    record
        All of it, as JSON takes it.
    problems
        Faults and doubts by file and row.
    parts
        The tables of people and sites, with their cells.
    void
        Rows near which the roads were cut: kind, file, row, id, name, metres, layer, people.
    """

    record: Mapping[str, Any]
    problems: Sequence[Problem]
    parts: Parts
    void: Sequence[Mapping[str, Any]]


def check(path: str | Path, show: Callable[[str], None]) -> Checked:
    """Read and check a scenario without computing its figures.

    Parameters
    ----------
    path
        The scenario file.
    show
        Called with the name of each step as it begins.

    Returns
    -------
    checked
        Its record has ``faults`` and ``doubts`` (place, what, cure; of the faults of one kind in one column the first
        ones), ``problems`` (all of both, with file, sheet, row, column and what was read), ``inputs`` (path, hash,
        rows read and used, the latter None of a table that was refused, and ``held_by``, files for whose faults one
        without faults is refused), ``left_out`` (reason -> rows),
        ``left_out_rows``, ``layers`` (of people, never added up), ``uncounted`` (columns that look like people),
        ``columns`` (path, sheet, header, what it was read as),
        ``datum``, ``roads``, ``farthest``, ``cut``, ``water``, ``boundary``, ``roads_near``, ``sums`` (see
        `planner.unitsums`), and counts of sites.

    Raises
    ------
    PlannerError
        If the scenario file is not there.
    """
    gathered, more = _audited(_gathered(Path(path), show), show)
    seen = look(gathered, show) if gathered.loaded.scenario else None
    parts = gathered.parts
    totals = gathered.inputs.totals if gathered.inputs else ()
    told: list[Fault] = [doubt for table in tables_of(gathered).values() for doubt in table.doubts]
    if seen is not None:
        told += [*seen.told, *_located(gathered, seen)]
    told += [*unitsums.doubts(totals), *more]
    told += [*footmoves.doubts_of(gathered.inputs), *unjudged.doubts_of(gathered.inputs)]
    told += outletgaps.doubts_of(gathered.inputs)
    problems = problems_of(gathered.loaded, listed(gathered.faults), listed(told), parts)
    left_out = tuple(_left_out(gathered, parts))
    moved = footmoves.check_record(gathered.inputs)
    found = {**_record(gathered, seen, told, problems, parts, left_out), "sums": unitsums.compared(totals), **moved}
    return Checked(found, problems, parts, seen.void if seen else ())


def _located(gathered: Gathered, seen: Seen) -> Iterator[Fault]:
    """Give doubts about rows their places; those about what the scenario says of a site stand at its key."""
    for doubt, fault in zip(seen.doubts, located(seen.doubts, seen.points, gathered.parts), strict=True):
        site = gathered.sites if doubt.kind == "sites" else None
        plain = replace(fault, sheet="", column=doubt.column)
        entered = at_its_entry(gathered.loaded, site, plain)
        yield fault if entered == plain else entered


def _gathered(path: Path, show: Callable[[str], None]) -> Gathered:
    """Gather what can be read; of a file that cannot be read at all, its faults."""
    try:
        return gather(path, show)
    except ScenarioError as error:
        if not is_file(path):
            raise
        return Gathered(unread(path), (), None, None, {}, error.faults, None, {kind: [] for kind in KINDS})


def _audited(gathered: Gathered, show: Callable[[str], None]) -> tuple[Gathered, tuple[Fault, ...]]:
    """Read what an audit would read as well, where the scenario asks for any: its faults, and its doubts."""
    inputs = gathered.inputs
    if inputs is None:
        return gathered, ()
    scenario = inputs.scenario
    if scenario.audit == AuditSection() and not scenario.checklist and not scenario.grant:
        return gathered, ()
    read, faults = attempt(lambda: auditinputs.read(inputs, show))
    return replace(gathered, faults=(*gathered.faults, *faults)), () if read is None else read.doubts


# --- the record --------------------------------------------------------------------------------------------------


def name_of(loaded: Loaded) -> str:
    """Name of the scenario where it may name a folder, else that of its file, else a word."""
    if loaded.scenario is not None and not any(fault.column == "name" for fault in loaded.faults):
        return loaded.scenario.name
    names = (str(loaded.merged.get("name", "")), loaded.file.stem, "scenario")
    return next(name for name in names if re.fullmatch(r"[\w-]{1,80}", name))


def language_of(loaded: Loaded) -> Language:
    """Language of a scenario, Chinese where its file is wrong there."""
    return next((language for language in LANGUAGES if loaded.merged.get("language") == language), "zh")


def _left_out(gathered: Gathered, parts: Parts) -> Iterator[LeftOut]:
    for kind in KINDS:
        table = getattr(gathered, kind)
        yield from table.left_out if table is not None else (row for part in parts[kind] for row in part.left_out)


def _kinds(left_out: Sequence[LeftOut], language: Language) -> list[str]:
    """Say why each row is left out, as a sum of rows says it: without figures, of many reasons of a kind the first."""
    words = []
    for row in left_out:
        plain = {"text": _FIGURES.sub("", str(row.values["text"])).strip()} if row.reason == "total" else {}
        words.append(say(f"left_out.{row.reason}", language, **{**row.values, **plain}))
    alike: dict[tuple[str, str], list[str]] = {}
    for row, word in zip(left_out, words, strict=True):
        known = alike.setdefault((row.file, row.reason), [])
        if len(known) <= REASONS_SHOWN and word not in known:
            known.append(word)
    found = [(alike[row.file, row.reason], word) for row, word in zip(left_out, words, strict=True)]
    return [
        say("check.left_out_alike", language, first=known[0]) if len(known) > REASONS_SHOWN else word
        for known, word in found
    ]


def _inputs(gathered: Gathered, parts: Parts, left_out: Iterable[LeftOut]) -> Iterator[dict[str, Any]]:
    """Describe each file that the scenario names: hash, rows read, used and left out, the latter with their reasons."""
    loaded, read = gathered.loaded, Counter[str]()
    for kind in KINDS:
        table = getattr(gathered, kind)
        if table is not None:
            read.update(table.rows_read)
        else:
            for part in parts[kind]:
                read[part.source.shown] += len(part.grid.lines) + len(part.grid.above)
    left = Counter[str]()
    for row in left_out:
        left[row.file] += row.rows
    used = rows_used(loaded, {kind: getattr(gathered, kind) for kind in KINDS})
    named = dict.fromkeys(Path(file) for _, file in named_files(loaded.merged))
    # a file that is not there is a fault of the scenario's key
    own = [part.source.shown for found in parts.values() for part in found if part.faults]
    wrong = list(dict.fromkeys([*own, *(fault.file for fault in gathered.faults if fault.file)]))
    for file in gathered.inputs.files if gathered.inputs else named:
        shown = shown_path(str(file), loaded.folder)
        number = read.get(shown)
        count = None if number is None else used.get(shown, number - left[shown])
        held = number is not None and count is None and shown not in wrong
        yield {
            "path": shown,
            "sha256": sha256_of(file) if is_file(file) else None,
            "rows_read": number,
            "rows_used": count,
            "held_by": (_siblings(parts, shown, wrong) or wrong) if held else [],
        }


def _siblings(parts: Parts, shown: str, wrong: Iterable[str]) -> list[str]:
    """List the files at fault whose rows go into one table with those of a file."""
    tables = [{part.source.shown for part in found} for found in parts.values()]
    return [file for file in wrong if any({file, shown} <= files for files in tables)]


def _not_assessable(gathered: Gathered, frame: GeoDataFrame) -> NDArray[np.bool_]:
    """Mask of the rows without a place of their own that field checks did not decide under each standard of theirs."""
    short, asked = np.zeros(len(frame), dtype=bool), np.zeros(len(frame), dtype=bool)
    found = gathered.inputs.verdicts if gathered.inputs else Verdicts()
    for standard in gathered.standards:
        asked |= applies(frame, standard)
        short |= applies(frame, standard) & ~judged(frame, standard, found)
    return ~assessable(frame) & (short | ~asked)


def _layers(gathered: Gathered) -> list[dict[str, Any]]:
    """Count points and people of each layer; layers are never added up: one person may stand in several."""
    if gathered.demand is None:
        return []
    frame = gathered.demand.frame
    apart = _not_assessable(gathered, frame)
    return [
        {
            "layer": str(layer),
            "points": len(rows),
            "people": int(rows["people"].sum()),
            "not_assessable": int(rows.loc[apart[rows.index.to_numpy()], "people"].sum()),
        }
        for layer, rows in frame.groupby("layer", sort=False)
    ]


def _uncounted(parts: Parts) -> list[dict[str, Any]]:
    """List the columns of the tables of people that look like counts of people and are none."""
    found = [(part.source.shown, uncounted(part)) for part in parts["demand"]]
    return [{"path": path, "columns": columns} for path, columns in found if columns]


def _columns(part: Part, language: Language) -> Iterator[dict[str, Any]]:
    """Say of each column of a table what it was read as; None where nobody read it and it passes through."""
    for header, known in headers_read(part):
        named = say("check.column_named", language) if header in part.source.headers_named else None
        read_as = named if known is None else known[language]
        yield {"path": part.source.shown, "sheet": part.grid.sheet, "header": quoted(header), "read_as": read_as}


def _record(
    gathered: Gathered,
    seen: Seen | None,
    doubts: Iterable[Fault],
    problems: Iterable[Problem],
    parts: Parts,
    left_out: Sequence[LeftOut],
) -> dict[str, Any]:
    loaded, language = gathered.loaded, language_of(gathered.loaded)
    reasons = [(row, say(f"left_out.{row.reason}", language, **row.values)) for row in left_out]
    counted, by_reason = Counter[tuple[str, str]](), Counter[str]()
    for row, reason in zip(left_out, _kinds(left_out, language), strict=True):
        counted[row.file, reason] += row.rows
        by_reason[reason] += row.rows
    sites = gathered.sites.frame if gathered.sites is not None and loaded.scenario is not None else None
    near = None if seen is None else seen.roads_near
    return {
        "scenario": name_of(loaded),
        "language": language,
        "data_date": loaded.scenario.data_date.isoformat() if loaded.scenario else None,
        "faults": [said(fault, language) for fault in gathered.faults],
        "doubts": [said(doubt, language) for doubt in doubts],
        "problems": [record_of(problem, language) for problem in problems],
        "inputs": list(_inputs(gathered, parts, left_out)),
        "left_out": dict(by_reason),
        "left_out_by_file": [
            {"path": file, "reason": reason, "rows": rows} for (file, reason), rows in sorted(counted.items())
        ],
        "left_out_rows": [
            {"file": row.file, "row": row.row, "rows": row.rows, "id": row.id, "name": row.name, "reason": reason}
            for row, reason in reasons
        ],
        "layers": _layers(gathered),
        "uncounted": _uncounted(parts),
        "columns": [column for kind in KINDS for part in parts[kind] for column in _columns(part, language)],
        "datum": list(seen.datum) if seen else [],
        "roads": record.roads_record(gathered.networks),
        "boundary": seen.boundary if seen else "",
        "cut": seen.cut if seen else None,
        "water": seen.water if seen else None,
        "farthest": list(seen.farthest) if seen else [],
        "roads_near": [] if near is None else near.astype(object).where(near.notna(), None).to_dict("records"),
        "open_today": None if sites is None else int(sites["open_today"].sum()),
        "candidates": None if sites is None else int((sites["status"] == "candidate").sum()),
    }


def said(fault: Fault, language: Language) -> dict[str, str]:
    """Return a fault in words: place, what, cure."""
    return dict(zip(("place", "what", "cure"), tell(fault, language), strict=True))
