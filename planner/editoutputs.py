"""What road edits leave behind: their part of run.json, the map's layer, and the table of moved feet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner import report
from planner.footmoves import counts_of, moved_feet, without_edits
from planner.geodesy import MM_PER_M
from planner.packing import packed_lines
from planner.words import listed, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pandas as pd

    from planner.rerouting import Effect, Rerouted
    from planner.roadedits import Edit
    from planner.study import Study
    from planner.terms import Language

MOVED_FILE = "moved.csv"
"""The table of moved feet, in a result with road edits."""


def moved_table(studied: Study) -> pd.DataFrame | None:
    """List whose foot the edits moved, by what is open today; None without edits."""
    inputs = studied.inputs
    if inputs.rerouted is None:
        return None
    return moved_feet(without_edits(inputs), studied.city, inputs.standards, studied.states["today"])


def write_moved(table: pd.DataFrame | None, folder: Path) -> None:
    """Write the table of moved feet, where there are edits."""
    if table is not None:
        report.write_csv(table, folder / MOVED_FILE)


def roads_part(rerouted: Rerouted | None, moved: pd.DataFrame | None) -> dict[str, Any]:
    """Return what ``roads`` of run.json holds beside the networks: ``edits`` and ``moved``; nothing without edits."""
    if rerouted is None or moved is None:
        return {}
    return {"edits": [_record(edit, effects) for edit, effects in _told(rerouted)], "moved": counts_of(moved)}


def edits_named(rerouted: Rerouted | None) -> dict[str, Any]:
    """Return ``edits`` for ``roads`` of the other results, which only name them; nothing without edits."""
    if rerouted is None:
        return {}
    named = [{"id": e.number, "edit": e.kind, "name": e.name, "modes": list(e.modes)} for e in rerouted.edits.rows]
    return {"edits": named}


def _told(rerouted: Rerouted) -> Iterator[tuple[Edit, Mapping[str, Effect]]]:
    """Each edit with what it did on each network that was read, the network where it did most first."""
    for edit in rerouted.edits.rows:
        found = {mode: rerouted.effects[mode][edit.number] for mode in edit.modes if mode in rerouted.effects}
        yield edit, dict(sorted(found.items(), key=lambda pair: pair[1].mm, reverse=True))


def _record(edit: Edit, effects: Mapping[str, Effect]) -> dict[str, Any]:
    most = next(iter(effects.values()), None)
    return {
        "id": edit.number,
        "edit": edit.kind,
        "name": edit.name,
        "note": edit.note,
        "way_id": edit.way_id,
        "kph": edit.kph,
        "class": edit.highway or None,
        "segments": most.segments if most else 0,
        "metres": most.mm / MM_PER_M if most else 0.0,
        "networks": {
            mode: {"segments": one.segments, "metres": one.mm / MM_PER_M, "joins": one.joins, "way_id": one.way_id}
            for mode, one in sorted(effects.items())
        },
    }


def map_edits(rerouted: Rerouted | None, language: Language) -> list[dict[str, Any]]:
    """Return the edits as the map draws them: kind, name and lines; those that touched no network are left out."""
    found = []
    for edit, effects in _told(rerouted) if rerouted else ():
        most = next(iter(effects.values()), None)
        if most is None or not most.segments:
            continue
        kind = say(f"edit.{edit.kind}", language)
        values = {"edit": kind, "name": edit.name, "number": edit.number}
        name = say("edit.named" if edit.name else "edit.numbered", language, **values)
        metres = say("edit.metres", language, segments=most.segments, metres=f"{most.mm / MM_PER_M:.0f}")
        found.append({"kind": edit.kind, "name": name, "what": metres, "lines": packed_lines(most.lines)})
    return found


def edit_lines(roads: Mapping[str, Any], language: Language) -> Iterator[str]:
    """Say in the terminal what was edited and whose foot that moved, from ``roads`` of run.json."""
    if "edits" not in roads:
        return
    kinds = [edit["edit"] for edit in roads["edits"]]
    parts = (
        say("edit.part", language, edit=say(f"edit.{kind}", language), count=kinds.count(kind))
        for kind in dict.fromkeys(kinds)
    )
    yield say("edit.summary", language, count=len(kinds), parts=listed(parts, language))
    yield say("edit.moved", language, **roads["moved"])
