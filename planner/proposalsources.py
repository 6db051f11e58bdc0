"""Sentences of a siting proposal on its counting rules, parameters, sources, map review and doubts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from planner.proposalfigures import HASH_SHOWN, date_words, plain, unit, years_counted
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from planner.proposalfigures import Reading

DOUBTS_SHOWN = 10
"""Doubts that are told; the workbook of checks has all of them, and those that run.json does not keep."""

_FOLDERS = re.compile(r"^[^，,“]*[/\\]")
"""The folders of a file at the beginning of a place."""


def counting(told: Reading) -> Iterator[str]:
    """Say how people and communities are counted."""
    language, parameters = told.language, told.run["parameters"]
    if told.by_road:
        yield say("proposal.sources.counting", language, snap_max_m=plain(parameters["snap_max_m"]))
    else:
        yield say("proposal.sources.counting_straight", language)
    yield say("proposal.sources.community", language, rule=plain(parameters["community_rule"] * 100))
    yield say("proposal.sources.rounding", language)
    if told.plan["opened"]:
        yield say("proposal.sources.overlap", language)
    demand = told.run["demand"]
    if demand["off_network_points"] and told.by_road:
        points = unit("points", demand["off_network_points"], language)
        people = unit("people", demand["off_network_people"], language)
        yield say("proposal.sources.off_network", language, points=points, people=people)


def parameters(told: Reading) -> Iterator[str]:
    """Say the speeds and limits that the figures rest on."""
    language, values = told.language, told.run["parameters"]
    parts = [say("proposal.sources.walk", language, walk_kph=plain(values["walk_kph"]))]
    if any(one["mode"] == "drive" for one in told.run["standards"]):
        parts.append(say("proposal.sources.drive", language, drive_factor=plain(values["drive_factor"])))
    parts.append(say("proposal.sources.island", language, island_min_m=plain(values["island_min_m"])))
    if told.planned:
        parts.append(say("proposal.sources.horizon", language, years=years_counted(told)))
    parts.append(say("proposal.sources.date", language, date=date_words(told.run["data_date"], language)))
    yield say("proposal.sources.parameters", language, parts=say("proposal.then", language).join(parts))


def sources(told: Reading) -> Iterator[str]:
    """Say what the figures were made from, and with what."""
    language, demand = told.language, told.run["demand"]
    points, people = unit("points", demand["points"], language), unit("people", demand["people"], language)
    yield say("proposal.sources.people", language, points=points, people=people)
    for key, way in (("spread", "spread"), ("at_town", "town")):
        if demand["placed_people"][way]:
            people = unit("people", demand["placed_people"][way], language)
            yield say(f"proposal.sources.{key}", language, people=people)
    if demand["totals"]:
        yield say("proposal.sources.totals", language)
    yield say(
        "proposal.sources.made",
        language,
        version=told.run["planner"],
        hash=told.run["scenario_sha256"][:HASH_SHOWN],
        attribution=told.run["attribution"],
    )


def map_lines(told: Reading) -> Iterator[str]:
    """Say where the maps' base comes from, and what their review needs; what is not given is left to be filled in."""
    language, about = told.language, told.run.get("document", {})
    note = about.get("note") or say("note.document", language)
    yield say("proposal.sources.map", language, attribution=told.run["attribution"], note=note)
    number, maker = about.get("review_number"), about.get("maker")
    if number:
        yield say("proposal.sources.review", language, number=number)
    else:
        yield say("proposal.sources.no_review", language)
    yield say("proposal.sources.maker", language, name=maker) if maker else say("proposal.sources.no_maker", language)


def doubts(told: Reading) -> Iterator[str]:
    """Say what was found doubtful as the data were read, and where the checks one by one stand."""
    language, found = told.language, told.run["doubts"]
    if not found:
        yield say("proposal.sources.no_doubts", language)
    for doubt in found[:DOUBTS_SHOWN]:
        key = "doubt" if doubt["place"] else "doubt_bare"
        place = {"place": _FOLDERS.sub("", doubt["place"])} if doubt["place"] else {}
        yield say(f"proposal.sources.{key}", language, what=doubt["what"].rstrip("。."), **place)
    if len(found) > DOUBTS_SHOWN:
        yield say("proposal.sources.more_doubts", language)
    yield say("proposal.sources.other_checks", language)
