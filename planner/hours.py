"""Opening hours as tables write them, and what is open at a time of day (clauses H9, W7: information, never a verdict).

Hours are those of a working day. Text that names days is understood as far as it says what holds from Monday to Friday.
Nothing else is guessed at: whether such an outlet is open is not known, and counted as that.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from planner.columns import known_as
from planner.errors import Fault
from planner.grammar import quoted
from planner.sources import first_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from planner.tables import Table

DAY_MIN, NOON_MIN = 24 * 60, 12 * 60
_LUNCH_MIN = 10 * 60
_MORNING_MIN = 6 * 60
"""A time at noon (中午) that is earlier was written by a clock of twelve hours."""

_TO = r"[-–—―~至到]+"
_PERIOD = "上午|早上|早晨|凌晨|中午|下午|晚上|夜间|次日|第二天"
_CLOCK = r"\d{1,2}(?:[:.]\d{2}|[点时](?:\d{1,2}分?|半)?)"
_REST = r"(?:周|星期|礼拜)[六日天]|周末|双休日|(?:法定)?节假日"
_RESTS = rf"(?:{_REST})(?:(?:{_TO}|[、,和及])?(?:{_REST}|[日天]))*"
_TOKENS = (
    ("away", re.compile(rf"{_RESTS}(?:休息|不开放|除外|闭馆)")),
    ("rest", re.compile(_RESTS)),
    ("daily", re.compile(rf"每天|每日|天天|全年无休|全年|(?:周|星期|礼拜)一{_TO}(?:周|星期|礼拜)?[日天]")),
    ("working", re.compile(rf"(?:周|星期|礼拜)一{_TO}(?:周|星期|礼拜)?[五六]|(?:法定)?工作日")),
    ("span", re.compile(rf"({_PERIOD})?({_CLOCK}){_TO}({_PERIOD})?({_CLOCK})")),
    ("always", re.compile(r"always|全天候?|(?:7[x×*])?24(?:小时|h(?:ours)?)|24/7")),
    ("between", re.compile(r"[;,、()/:和及]|不打烊|不间断|开放|服务|营业|自助|办公|时间")),
)


@dataclass(frozen=True)
class Hours:
    """When something is open on a working day.

    Attributes
    ----------
    spans
        Begin (included) and end (not included) in minutes from midnight, within one day, ascending; none where it is
        closed on working days. What runs over midnight is two spans.
    days
        Whether the text names days, of which the working ones were taken.
    """

    spans: tuple[tuple[int, int], ...]
    days: bool = False


def parse(text: str) -> Hours | None:
    """Read opening hours.

    Parameters
    ----------
    text
        Times such as ``08:30-12:00;13:30-17:30``, ``8点半至下午5点``; ``22:00-06:00`` runs over midnight; ``always``,
        全天, 24小时; before them days, such as 周一至周五, 工作日, 每天, 周末.

    Returns
    -------
    hours
        Of a working day; None where the text is empty or says anything else.
    """
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    plain = re.sub(r"\s+", "", re.sub(r"(?<=[\d点时分半])\s+(?=\d)", ",", plain))
    spans: list[tuple[int, int]] = []
    days = list[set[str]]()  # the groups of days that are named, one after the other
    open_group = times = False
    at = 0
    while at < len(plain):
        kind, found = next(((kind, m) for kind, form in _TOKENS if (m := form.match(plain, at))), ("", None))
        if found is None:
            return None
        at = found.end()
        if kind in {"daily", "working", "rest"}:
            if not open_group:
                days.append(set())
            days[-1].add(kind)
            open_group = True
        elif kind in {"span", "always"}:
            read = ((0, DAY_MIN),) if kind == "always" else _span(*found.groups(default=""))
            if not read or _turns_back(spans, read):
                return None
            times, open_group = True, False
            spans += read if not days or days[-1] != {"rest"} else ()
    # days behind the times are clear only where they are all that is named
    if not times or (open_group and (len(days) > 1 or "rest" in days[-1])):
        return None
    return Hours(tuple(sorted(set(spans))), days=any(group != {"daily"} for group in days))


def _minutes(clock: str, period: str) -> int | None:
    """Minutes from midnight of one time; None where there is no such time."""
    hour, minute = re.split("[:.点时]", clock.rstrip("分"), maxsplit=1)
    value = int(hour) * 60 + (30 if minute == "半" else int(minute or 0))
    if int(hour) > DAY_MIN // 60 or value > DAY_MIN or (minute.isdecimal() and int(minute) > 59):  # noqa: PLR2004
        return None
    if (period in {"下午", "晚上", "夜间"} and value < NOON_MIN) or (period == "中午" and value < _LUNCH_MIN):
        return value + NOON_MIN
    return value


def _span(period: str, begins: str, period_of_end: str, ends: str) -> tuple[tuple[int, int], ...]:
    """Spans from one time to another; none where it cannot be told what is meant."""
    begin = _minutes(begins, period)
    end = _minutes(ends, period_of_end or period)
    next_day = period_of_end in {"次日", "第二天", "凌晨"}
    if begin is None or end is None or begin in {end, DAY_MIN}:
        return ()
    if begin < end:
        return () if next_day else ((begin, end),)
    if period in {"晚上", "夜间"} and not period_of_end:  # 晚上10:00-2:00
        end = _minutes(ends, "") or 0
    # what begins in the morning and ends before is likelier written by a clock of twelve hours
    if begin < NOON_MIN and not next_day:
        return ()
    return ((0, end), (begin, DAY_MIN)) if end else ((begin, DAY_MIN),)


def _turns_back(before: Sequence[tuple[int, int]], span: tuple[tuple[int, int], ...]) -> bool:
    """Whether a span of the small hours is written after one of the day: 8:30-11:30, 1:30-5:00 is half past one p.m."""
    return bool(before) and span[0][0] < _MORNING_MIN <= before[-1][0]


def open_at(hours: Hours | None, clock: str) -> bool | None:
    """Whether something is open on a working day at a time such as ``22:00``; None where its hours are not known."""
    if hours is None:
        return None
    hour, minute = clock.split(":")
    now = int(hour) * 60 + int(minute)
    return any(begin <= now < end for begin, end in hours.spans)


def open_types_at(
    sites: pd.DataFrame, hours_of_type: Mapping[str, str], clock: str
) -> tuple[dict[str, str], frozenset[str]]:
    """Find what is open on a working day at a time of day.

    Parameters
    ----------
    sites
        Columns site_id, type (codes, ``;`` between), hours (empty: as the type), open_today.
    hours_of_type
        Facility type -> its hours as the scenario writes them.
    clock
        The time, such as ``22:00``.

    Returns
    -------
    open_types, unknown
        site_id -> types open then, ``;`` between, of the sites that are in use today; and the site_ids of those with a
        type of which it is not known (none of it is in `open_types`). What its row says goes for all types of a site.
    """
    texts = {text: parse(text) for text in {*sites["hours"], *hours_of_type.values()}}
    found, unknown = dict[str, str](), set[str]()
    in_use = sites[sites["open_today"].to_numpy(dtype=bool)]
    for site, types, own in zip(in_use["site_id"], in_use["type"], in_use["hours"], strict=True):
        kinds = [kind for kind in types.split(";") if kind]
        now = {kind: open_at(texts.get(own or hours_of_type.get(kind, "")), clock) for kind in kinds}
        if opened := ";".join(kind for kind in kinds if now[kind]):
            found[site] = opened
        if None in now.values():
            unknown.add(site)
    return found, frozenset(unknown)


# --- what a table of sites says that cannot be read --------------------------------------------------------------


def doubted(sites: Table) -> Table:
    """Return the sites with a doubt for every file with hours that cannot be read, or that name days.

    Parameters
    ----------
    sites
        The site tables.

    Returns
    -------
    sites
        With the doubts ``hours_unread`` and ``hours_days`` at the first such row of a file; each holds one for every
        row. Hours are information: neither is a fault.
    """
    return replace(sites, doubts=(*sites.doubts, *_doubts(sites)))


def _doubts(sites: Table) -> Iterator[Fault]:
    texts = sites.frame["hours"].tolist()
    codes = {text: _code(text) for text in set(texts)}
    found: dict[tuple[str, str], list[Fault]] = {}
    for text, file, line in zip(texts, sites.origin["file"], sites.origin["row"], strict=True):
        if codes[text]:
            fault = _fault(codes[text], file, int(line), [text], 1)
            found.setdefault((file, codes[text]), []).append(fault)
    for (file, code), rows in found.items():
        every = list(dict.fromkeys(str(row.values["text"]) for row in rows))
        rest = tuple(rows) if len(rows) > 1 else ()
        yield replace(_fault(code, file, rows[0].row, every, len(rows)), rest=rest)


def _fault(code: str, file: str, line: int | None, texts: Sequence[str], count: int) -> Fault:
    values = {"text": first_of([quoted(text) for text in texts], "、"), "count": count}
    return Fault(code, file, row=line, column="hours", values=values, called=known_as("hours"))


def _code(text: str) -> str:
    """Name the doubt that hours raise, empty for none."""
    if not text:
        return ""
    hours = parse(text)
    return "hours_unread" if hours is None else "hours_days" if hours.days else ""
