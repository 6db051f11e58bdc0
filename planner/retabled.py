"""Today by the site tables alone, found again for `verify` where the scenario itself changes outlets of today."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from planner.recomputed import figure, missing
from planner.recoverage import judged, measure, types_today
from planner.rejudge import standard_figures

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from planner.recomputed import Figure, Recomputed
    from planner.reinputs import Read, Site
    from planner.rejudge import Rows

RUN, KEY = "run.json", "tabled"

_FIGURES = {
    "people": "people", "covered": "covered_today", "share": "share_today",
    "communities": "communities", "communities_covered": "communities_today",
}  # fmt: skip
"""Names of the figures there, and of the same of today."""


def changes(read: Read) -> dict[str, tuple[str, str]]:
    """Return the outlets that count today otherwise than the tables say: id -> name, and what becomes of it."""
    found: dict[str, tuple[str, str]] = {}
    if read.tabled is None:
        return found
    for site in read.sites.values():
        change = _change(read.tabled.get(site.id), site)
        if change:
            found[site.id] = (site.name, change)
    return found


def _change(before: Site | None, after: Site) -> str:
    if before is None or not before.today:
        return "opened" if after.today else ""
    if not after.today:
        return "closed"
    if before.place != after.place:
        return "moved"
    return "" if before.types == after.types else "retyped"


def rows_again(read: Read, folder: Path) -> dict[str, Rows]:
    """Judge today with the outlets as the tables say them: standard -> rows by point; nothing where none is changed."""
    if read.tabled is None or not changes(read):
        return {}
    standing = {name: site for name, site in read.tabled.items() if site.today}
    plain = replace(read, sites=standing)
    measured = measure(plain, folder, (), lambda _: None)
    return {rule.id: judged(plain, measured, rule, types_today(standing)) for rule in read.rules}


def tabled_figures(again: Recomputed, run: Mapping[str, Any]) -> Iterator[Figure]:
    """Yield what run.json says of today by the tables beside what was found; nothing where these were not read."""
    if again.read.tabled is None:
        return
    written, found = run.get(KEY, {"sites": [], "standards": []}), changes(again.read)
    said = {one["site_id"]: (one["name"], one["change"]) for one in written["sites"]}
    yield from missing(f"{RUN} {KEY}", [one["site_id"] for one in written["sites"]], found)
    for name in said.keys() & found.keys():
        yield figure(RUN, f"{KEY} {name}", "change", list(said[name]), list(found[name]))
    yield from missing(
        f"{RUN} {KEY}", [one["id"] for one in written["standards"]], [r.id for r in again.read.rules] if found else ()
    )
    by_id = {one["id"]: one for one in written["standards"]}
    for rule in again.read.rules:
        if rule.id in again.tabled and rule.id in by_id:
            counted = standard_figures(again.read, rule, again.tabled[rule.id], None)
            for key, same in _FIGURES.items():
                yield figure(RUN, f"{KEY} {rule.id}", key, by_id[rule.id].get(key), counted[same])
