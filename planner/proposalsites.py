"""Annex 2 of a siting proposal: every site that is planned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner.blocks import Table
from planner.proposalfigures import METHODS, column, money_bare, plain, town_name, whole, years_counted
from planner.proposalswaps import outcome
from planner.words import listed, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from planner.proposalfigures import Reading

    Record = Mapping[str, Any]

_WIDTHS = {
    "number": 0.6, "name": 1.9, "type": 1.3, "town": 1.7, "host": 1.6, "method": 1.0, "once": 1.4, "yearly": 1.4,
    "funding": 1.3, "newly": 1.15, "only": 1.15, "year": 0.8, "runner_up": 3.1,
}  # fmt: skip
"""Parts of the width; what is not named takes one."""

_NUMERIC = {"number", "area", "once", "yearly", "newly", "only"}


def sites(told: Reading) -> Table:
    """Return annex 2: every site that is planned; columns of which nothing is known are left out, and named."""
    language, opened = told.language, told.plan["opened"]
    cells = {
        "number": [str(row["number"]) for row in opened],
        "name": [row["name"] for row in opened],
        "type": [" ".join(part for part in (row["type_name"], row["size"]) if part) for row in opened],
        "town": [town_name(told, row) for row in opened],
        "host": [_joined(told, row["host"], row["owner"]) for row in opened],
        "method": [_method(told, row["build_method"]) for row in opened],
        "area": ["" if row["area_m2"] is None else plain(row["area_m2"]) for row in opened],
        "once": [_estimate(told, row, "once") for row in opened],
        "yearly": [_estimate(told, row, "yearly") for row in opened],
        "funding": [row["funding"] for row in opened],
        "year": [str(row["year"]) for row in opened],
        "newly": [whole(row["newly_covered"], language) for row in opened],
        "only": [whole(row["only_people"], language) for row in opened],
    }
    if not told.given:
        cells["runner_up"] = [_runner_up(told, row) for row in opened]
    known = [key for key, column in cells.items() if any(column)]
    absent = [column(told, key) for key in cells if key not in known]
    rows = [tuple(cells[key][k] for key in known) for k in range(len(opened))]
    total = {"name": say("proposal.total", language)}
    total |= {key: money_bare(told.plan[f"cost_{key}_yuan"], language) for key in ("once", "yearly")}
    blank = any(not text for key in known for text in cells[key])
    without = [say("proposal.note.absent", language, names=listed(absent, language))] if absent else []
    return Table(
        caption=say("proposal.caption.sites", language),
        header=tuple(column(told, key) for key in known),
        rows=(*rows, tuple(total.get(key, "") for key in known)),
        widths=tuple(_WIDTHS.get(key, 1.0) for key in known),
        numeric=tuple(k for k, key in enumerate(known) if key in _NUMERIC),
        notes=(*without, *_notes(told, blank=blank)),
        wide=True,
    )


def _notes(told: Reading, *, blank: bool) -> Iterator[str]:
    """Say what the columns mean."""
    if not told.given:
        yield say("proposal.note.second", told.language, years=years_counted(told))
    yield from (say(f"proposal.note.{key}", told.language) for key in _keys(told, blank=blank))


def _keys(told: Reading, *, blank: bool) -> Iterator[str]:
    yield "number"
    if told.plan["estimated_count"]:
        yield "estimate"
    yield "overlap"
    if told.shared:
        yield "shared"
    if told.limited:
        yield "reach"
    if blank:
        yield "blank"


def _joined(told: Reading, *parts: str) -> str:
    return say("proposal.then", told.language).join(part for part in parts if part)


def _method(told: Reading, method: str) -> str:
    """Return a build method in the language of the document; one of the bureau's own as it is."""
    return say(f"proposal.method_name.{method}", told.language) if method in METHODS else method


def _estimate(told: Reading, row: Record, kind: str) -> str:
    text = money_bare(row[f"cost_{kind}_yuan"], told.language)
    return say("proposal.estimate", told.language, money=text) if row[f"estimated_{kind}"] else text


def _runner_up(told: Reading, row: Record) -> str:
    """Say what would take the place of a site, and why it does not."""
    language = told.language
    if not row["runner_up_site_id"]:
        return say("proposal.second.none", language)
    parts, end = outcome(told, row, brief=True)
    name, kind = row["runner_up_name"], row["runner_up_type_name"]
    told_parts = say("proposal.comma", language).join(parts)
    return say("proposal.second.cell", language, name=name, type=kind, parts=told_parts, end=end)
