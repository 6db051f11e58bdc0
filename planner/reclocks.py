"""What is open by day, at noon and at night, for `verify` (H9, W7): hours of the plainest kind alone.

``08:30-12:00;13:30-17:30``, ``22:00-06:00`` over midnight, ``always``; an outlet without hours has those of its type.
Where anything else is written, figures by time of day are not found again.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from planner.reaudit import WAYS, audit_figures, seen
from planner.recoverage import judged, serving, types_today
from planner.replan import MOBILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from planner.recomputed import Recomputed
    from planner.recoverage import Types
    from planner.reinputs import Read, Rule

CLOCKS = ("day", "noon", "night")
"""Ways of counting that opening hours decide: for information."""

_USUAL = {"day": "10:00", "noon": "12:30", "night": "22:00"}
_ALWAYS = frozenset({"always", "全天", "24小时", "全天24小时"})
_SPAN = re.compile(r"([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})")
_DAY, _NOON = 24 * 60, 12 * 60

Spans = tuple[tuple[int, int], ...]


def spans(text: str) -> Spans | None:
    """Return begin and end in minutes of each span of a working day; None where the text is not plain."""
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    plain = re.sub("[—–~至]", "-", re.sub(r"\s", "", plain))
    if plain in _ALWAYS:
        return ((0, _DAY),)
    found: list[tuple[int, int]] = []
    for part in re.split("[;,、]", plain):
        match = _SPAN.fullmatch(part)
        if match is None:
            return None
        hour, minute, last, rest = map(int, match.groups())
        begin, end = hour * 60 + minute, last * 60 + rest
        over_midnight = begin > end
        if max(minute, rest) >= 60 or max(begin, end) > _DAY or begin == end or (over_midnight and begin < _NOON):  # noqa: PLR2004
            return None
        found += [(begin, _DAY), (0, end)] if over_midnight else [(begin, end)]
    return tuple(found)


def _hours(read: Read) -> Iterator[tuple[str, str, str]]:
    """Yield each type of each outlet in operation, with its hours as they are written."""
    of_type = {one["type"]: one.get("hours", "") for one in read.scenario["facility"]}
    for site in read.sites.values():
        for kind in site.types if site.today else ():
            yield site.id, kind, site.hours or of_type.get(kind, "")


def are_plain(read: Read) -> bool:
    """Whether the hours of all outlets in operation are plain, and nothing else decides who is covered."""
    return not read.scenario["demand"].get("verdicts") and all(
        not text or spans(text) is not None for _, _, text in _hours(read)
    )


def unknown(read: Read) -> list[str]:
    """Outlets in operation, mobile points apart, that have a type of which no hours are known."""
    return sorted({site for site, _, text in _hours(read) if not text and read.sites[site].types != MOBILE})


def _is_known(read: Read, rule: Rule, types: Types) -> bool:
    """Whether anything is known: not where all outlets that serve a standard leave their hours unsaid."""
    standing, silent = serving(types_today(read.sites), rule), {site for site, _, text in _hours(read) if not text}
    return not standing or bool(serving(types, rule)) or not {*standing} <= silent


def types_at(read: Read, clock: str) -> dict[str, tuple[str, ...]]:
    """Types that are open at a time of day, by outlet."""
    hour, minute = str(read.scenario.get("time", {}).get(f"{clock}_at", _USUAL[clock])).split(":")
    now = int(hour) * 60 + int(minute)
    found: dict[str, tuple[str, ...]] = {}
    for site, kind, text in _hours(read):
        if any(begin <= now < end for begin, end in (spans(text) or ()) if text):
            found[site] = (*found.get(site, ()), kind)
    return found


def clock_figures(
    again: Recomputed, decides: Sequence[str]
) -> Iterable[tuple[tuple[str, str, str, str, str], Mapping[str, Any]]]:
    """Count as the audit does by day, at noon and at night: keys and columns of figures.csv."""
    read, measured = again.read, again.measured
    if measured is None or not are_plain(read):
        return
    for clock in CLOCKS:
        types = types_at(read, clock)
        held = {
            rule.id: seen(read, measured, rule, judged(read, measured, rule, types), types)
            for rule in read.rules
            if _is_known(read, rule, types)
        }
        for (level, scope, standard, _, group), row in audit_figures(read, held, decides, WAYS[:1]):
            if not group:
                yield (level, scope, standard, clock, group), row
