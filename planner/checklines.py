"""A check in plain sentences, for the terminal. Every figure comes from its record."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from planner.grammar import quoted
from planner.words import layer_name, listed, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planner.terms import Language

ALIKE_SHOWN = 5
"""Doubts of one kind in one file, faults of one in one column, that are listed; all are in the workbook."""

SPARE_SHOWN = 8
"""Columns that nobody reads that are named; all are in the workbook."""

FARTHEST_SHOWN = 5
"""Points farthest from roads that are named."""

SPARSEST_SHOWN = 10
"""Communities with the fewest roads that are named."""


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Say what was read, what is wrong, what is doubtful, and where the workbook is."""
    language: Language = found["language"]
    faults, doubts = ([one for one in found["problems"] if one["weight"] == weight] for weight in ("fault", "doubt"))
    if faults:
        yield say("check.wrong", language, scenario=found["scenario"], count=len(faults))
    else:
        yield say("check.good", language, scenario=found["scenario"])
    if doubts:
        yield say("check.doubtful", language, count=len(doubts))
    yield from _read_lines(found, language)
    yield from _people_lines(found, language)
    yield from road_lines(found, language)
    if faults:
        yield ""
        yield say("cli.faults", language, count=len(faults))
        yield from _alike_lines(faults, language)
    if doubts:
        yield ""
        yield say("check.doubt_count", language, count=len(doubts))
        yield from _alike_lines(doubts, language)
    yield ""
    if found["blocked"]:
        yield say("check.no_report", language, **found["blocked"])
    else:
        yield say("check.report", language, report=found["report"])


def _read_lines(found: Mapping[str, Any], language: Language) -> Iterator[str]:
    for item in found["inputs"]:
        if item["rows_read"] is not None and item["rows_used"] is None:
            values = {"path": item["path"], "read": item["rows_read"], "files": listed(item["held_by"], language)}
            yield say("check.held" if item["held_by"] else "check.refused", language, **values)
        elif item["rows_read"] is not None:
            values = {"read": item["rows_read"], "used": item["rows_used"]}
            left = item["rows_read"] - item["rows_used"]
            yield say("check.table", language, path=item["path"], **values, left=left)
        for row in found["left_out_by_file"]:
            if row["path"] == item["path"]:
                yield say("check.left_out", language, reason=row["reason"], count=row["rows"])
    for path in dict.fromkeys(item["path"] for item in found["columns"]):
        here = [item for item in found["columns"] if item["path"] == path]
        spare = [item["header"] for item in here if item["read_as"] is None]
        more = " …" if len(spare) > SPARE_SHOWN else ""
        names = listed(spare[:SPARE_SHOWN], language) + more
        if spare:
            yield say("check.columns", language, path=path, read=len(here) - len(spare), spare=len(spare), names=names)


def _people_lines(found: Mapping[str, Any], language: Language) -> Iterator[str]:
    for layer in found["layers"]:
        yield say("check.layer", language, **{**layer, "layer": layer_name(layer["layer"], language)})
    if len(found["layers"]) > 1:
        yield say("check.layers_apart", language)
    yield from uncounted_lines(found, language)
    if found["open_today"] is not None:
        yield say("check.sites", language, today=found["open_today"], candidates=found["candidates"])


def uncounted_lines(found: Mapping[str, Any], language: Language) -> Iterator[str]:
    """Name the columns that look like people and are not counted, and say how a group is declared."""
    for item in found["uncounted"]:
        names = list(map(quoted, item["columns"]))
        columns = listed(names, language)
        yield say("check.uncounted", language, path=item["path"], columns=columns, first=names[0])


def road_lines(found: Mapping[str, Any], language: Language) -> Iterator[str]:
    """Say how the points lie to the roads, to the boundary and to water, and where roads are few."""
    for mode, roads in found["roads"].items():
        values = {"mode": say(f"mode.{mode}", language), "km": round(roads["length_m"] / 1000), **roads}
        yield say("check.roads", language, **values)
    if "edits_moved" in found:
        yield say("edit.moved_check", language, **found["edits_moved"])
    if found["cut"] is None:
        yield say("check.not_looked", language)
        if found["data_date"] is None:
            yield say("check.not_crossed", language)
        return
    for item in found["datum"]:
        yield from _datum_lines(item, language)
    yield say("check.boundary" if found["boundary"] else "check.no_boundary", language, file=found["boundary"])
    if not found["cut"]["seen"]:
        yield say("check.uncut", language)
    elif not found["cut"]["cutoff_m"]:
        yield say("check.cut_seen", language)
    elif not found["cut"]["points"] + found["cut"]["sites"]:
        yield say("check.cut_far", language, **found["cut"])
    yield say("check.water" if found["water"] else "check.no_water", language)
    yield from _sparse_lines(found, language)


def _sparse_lines(found: Mapping[str, Any], language: Language) -> Iterator[str]:
    """Name the points farthest from roads, and the communities with the fewest roads."""
    farthest = [say("check.farthest_one", language, **item) for item in found["farthest"][:FARTHEST_SHOWN]]
    if farthest:
        count = len(found["farthest"])
        yield say("check.farthest", language, names=listed(farthest, language), count=count)
    sparsest = [
        say("check.lanes_one", language, name=item["name"], density=item["km_per_km2"])
        for item in [item for item in found["roads_near"] if item["road_km"]][:SPARSEST_SHOWN]
    ]
    roadless = sum(not item["road_km"] for item in found["roads_near"])
    if roadless:
        yield say("check.roadless", language, count=roadless)
    if sparsest:
        yield say("check.lanes", language, names=listed(sparsest, language))


def _datum_lines(item: Mapping[str, Any], language: Language) -> Iterator[str]:
    """Say how far a table's points lie from roads in each system of coordinates, and how many lie too far."""
    medians = say("check.medians", language, **item["medians_m"]) if item["medians_m"] else ""
    stated = say(f"system.{item['stated'] or 'mixed'}", language)
    best = say(f"system.{item['best']}", language) if item["best"] else ""
    told = {**item, "medians": medians, "stated": stated, "best": best}
    yield say(f"check.datum.{item['verdict'] if item['points'] else 'nowhere'}", language, **told)
    if item["too_far"]:
        yield say("check.too_far", language, **item)


def _alike_lines(items: Sequence[Mapping[str, Any]], language: Language) -> Iterator[str]:
    """List faults or doubts, of those of one kind in one file, of faults in one column, the first ones."""

    def kind_of(item: Mapping[str, Any]) -> tuple[str, ...]:
        return item["file"], item["code"], item["column"] if item["weight"] == "fault" else ""

    count, seen, number = Counter(map(kind_of, items)), Counter[tuple[str, ...]](), 0
    for item in sorted(items, key=lambda one: (one["row"] is not None, one["file"], one["code"])):
        kind = kind_of(item)
        seen[kind] += 1
        if seen[kind] <= ALIKE_SHOWN:
            number += 1
            yield from _problem_lines(item, number, language)
        elif seen[kind] == count[kind]:
            yield say("check.more", language, count=count[kind] - ALIKE_SHOWN)


def _problem_lines(item: Mapping[str, Any], number: int, language: Language) -> Iterator[str]:
    key = "check.numbered" if item["place"] else "check.numbered_bare"
    yield say(key, language, number=number, place=item["place"], what=item["what"])
    if item.get("read"):
        yield say("check.was_read", language, read=item["read"])
    yield say("check.cure", language, cure=item["cure"])
