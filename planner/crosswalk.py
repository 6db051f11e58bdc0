"""Which community of this year is which of last year: the bureau's table of changed codes, and what follows from it.

A code that stands in both years needs no line. What was merged (撤并) has several lines to one new code, what was split
several from one old code; a line without a new code is a unit that was dissolved, one without an old code a new one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from planner import tables
from planner.columns import Column
from planner.errors import Fault, TableError
from planner.grammar import quoted, says_nothing
from planner.headings import ROW_IDS
from planner.tablefaults import LeftOut, followable, shortened

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pandas as pd

    from planner.sources import TableSource

_CODES = ("社区代码", "村居代码", "12位代码", "区划代码", "编码")
_NONE = "—"
"""Stands for an empty cell of a code. Such a cell says something here, so a line with one code only is no heading."""

CROSSWALK_COLUMNS: tuple[Column, ...] = (
    Column("line", "text", "number of the line"),
    Column("old", "text", "code last year; empty where the unit is new",
           ("原代码", "旧代码", "上年代码", "变更前代码", "调整前代码", *(f"原{one}" for one in _CODES), "old_code"),
           required=True, filled=True, default=_NONE),
    Column("new", "text", "code this year; empty where the unit was dissolved",
           ("现代码", "新代码", "本年代码", "变更后代码", "调整后代码", *(f"现{one}" for one in _CODES), "new_code"),
           required=True, filled=True, default=_NONE),
    Column("date", "date", "when it changed; empty counts as since last year",
           ("变更日期", "调整日期", "撤并日期", "批准日期", "生效日期", "日期")),
)  # fmt: skip
"""Columns of the crosswalk that are read."""

SAME, RECODED, MERGED, SPLIT, NEW, GONE = "same", "recoded", "merged", "split", "new", "gone"
"""What became of a unit."""

OTHER_YEAR = "crosswalk_other_year"
"""Reason for which a line is left out: its date is not between the two audits."""


@dataclass(frozen=True)
class Link:
    """One line of the crosswalk: a code of last year, the code that it became, when, and where the line stands."""

    old: str
    new: str
    date: dt.date | None
    file: str
    row: int

    def fault(self, code: str, column: str, **values: object) -> Fault:
        """Say what is wrong with this line."""
        told = {"old": quoted(self.old), "new": quoted(self.new), **values}
        called = {one.name: {"zh": one.synonyms[0], "en": one.name} for one in CROSSWALK_COLUMNS[1:]}
        return Fault(code, self.file, row=self.row, column=column, values=told, called=called[column])


@dataclass(frozen=True, eq=False)
class Crosswalk:
    """The crosswalk as read: lines in use, lines left out, and what is to be looked at."""

    links: tuple[Link, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    doubts: tuple[Fault, ...] = ()


@dataclass(frozen=True, eq=False)
class Identity:
    """Which units of this year were which last year.

    Attributes
    ----------
    old_of
        Every unit of this year -> its codes last year, sorted; none where it is new.
    new_of
        Every unit of last year -> its codes this year, sorted; none where it is gone.
    unlisted_new, unlisted_gone
        Units that appeared (treated as 新设), or vanished (treated as 撤销), without a line that says so.
    """

    old_of: Mapping[str, tuple[str, ...]]
    new_of: Mapping[str, tuple[str, ...]]
    unlisted_new: tuple[str, ...]
    unlisted_gone: tuple[str, ...]

    @property
    def kept(self) -> dict[str, str]:
        """Units that are one in both years: code last year -> code this year."""
        return {old: new[0] for old, new in self.new_of.items() if len(new) == 1 and len(self.old_of[new[0]]) == 1}

    def kind(self, unit: str) -> str:
        """Tell what a unit of this year is: `SAME`, `RECODED`, `MERGED` (also of parts), `SPLIT` or `NEW`."""
        olds = self.old_of[unit]
        if len(olds) != 1:
            return MERGED if olds else NEW
        if len(self.new_of[olds[0]]) > 1:
            return SPLIT
        return SAME if olds[0] == unit else RECODED


def read_crosswalk(source: TableSource) -> Crosswalk:
    """Read the table of changed codes.

    Raises
    ------
    TableError
        With every fault of the table: of its header and cells, lines without any code, lines that stand twice.
    """
    part = tables.read_parts([replace(source, id=ROW_IDS)], CROSSWALK_COLUMNS)[0]
    faults = followable(part.faults, columns=True)
    if faults:
        raise TableError(*shortened(faults))
    columns = (part.values[name] for name in ("old", "new", "date"))
    links = tuple(
        Link(_code(old), _code(new), date, source.shown, part.line(at))
        for at, (old, new, date) in enumerate(zip(*columns, strict=True))
    )
    first: dict[tuple[str, str], Link] = {}
    for link in links:
        before = first.setdefault((link.old, link.new), link)
        if not (link.old or link.new):
            faults.append(link.fault("crosswalk_no_code", "old"))
        elif before is not link:
            faults.append(link.fault("crosswalk_twice", "old", row=before.row))
    if faults:
        raise TableError(*shortened(faults))
    return Crosswalk(links, part.left_out, part.doubts)


def _code(text: str) -> str:
    return "" if says_nothing(text) else text


def between(found: Crosswalk, since: dt.date | None, until: dt.date) -> Crosswalk:
    """Leave out the lines of other years, so that a bureau may keep all of them in one table.

    Parameters
    ----------
    found
        The crosswalk.
    since, until
        Dates of the data of last year (None where it is not known) and of this year.

    Returns
    -------
    crosswalk
        Lines whose date is after `since` and not after `until`, or that have none.
    """

    def other_year(link: Link) -> bool:
        return link.date is not None and (link.date > until or (since is not None and link.date <= since))

    out = [link for link in found.links if other_year(link)]
    rows = tuple(LeftOut(link.file, link.row, link.old or link.new, "", OTHER_YEAR) for link in out)
    kept = tuple(link for link in found.links if not other_year(link))
    return replace(found, links=kept, left_out=(*found.left_out, *rows))


def tokens(frame: pd.DataFrame, origin: pd.DataFrame, key: str) -> dict[str, str]:
    """Say by what a unit, or a site, is known from year to year: by its id, where the bureau gave it one.

    An id that the planner made of the file's name and the line says nothing: lines move. Such a one is known by
    district, town and name, and by nothing where several have these.

    Parameters
    ----------
    frame, origin
        A table, and file and row of its rows with the same index; a row made by official totals has no origin.
    key
        Column of the ids: ``unit_id`` or ``site_id``.

    Returns
    -------
    tokens
        id -> token; ids that are known by nothing are not in it.
    """
    rows = frame[[key, "district", "town", "name"]].join(origin[["file", "row"]])
    found: dict[str, str] = {}
    holders: dict[str, set[str]] = {}
    columns = (rows[name].tolist() for name in (key, "district", "town", "name", "file", "row"))
    for name, district, town, called, file, row in zip(*columns, strict=True):
        made = isinstance(file, str) and row == row and name == f"{Path(file).stem}-{int(row)}"  # noqa: PLR0124  (NaN)
        token = f"{district}/{town}/{called}" if made else name
        holders.setdefault(token, set()).add(name)
        found[name] = token
    return {name: token for name, token in found.items() if len(holders[token]) == 1}


def identity(
    links: Sequence[Link],
    old: Mapping[str, str],
    new: Mapping[str, str],
    old_units: Iterable[str],
    new_units: Iterable[str],
) -> Identity:
    """Find which unit is which.

    A unit that is known by the same token in both years stays itself, but where lines both lead to its code and away
    from it: there codes moved on, and only the lines speak.

    Parameters
    ----------
    links
        Lines of the crosswalk.
    old, new
        Tokens of the units of last year and of this year (`tokens`).
    old_units, new_units
        All their codes.

    Raises
    ------
    TableError
        With every line whose old code last year did not have, whose new code this year does not have, that goes round
        in a circle, or that says of a unit which stands in both years that it is new or gone.
    """
    olds, news = sorted(set(old_units)), sorted(set(new_units))
    faults = [*_unknown(links, olds, news), *_cycles(links)]
    if faults:
        raise TableError(*shortened(faults))
    sources, targets = {link.old for link in links}, {link.new for link in links}
    by_token = {token: unit for unit, token in new.items()}
    pairs = {(link.old, link.new) for link in links if link.old and link.new}
    for unit in olds:
        stays = by_token.get(old[unit]) if unit in old else None
        if stays is not None and not (unit in sources and stays in targets):
            pairs.add((unit, stays))
    old_of: dict[str, list[str]] = {unit: [] for unit in news}
    new_of: dict[str, list[str]] = {unit: [] for unit in olds}
    for before, after in sorted(pairs):
        old_of[after].append(before)
        new_of[before].append(after)
    return Identity(
        {unit: tuple(found) for unit, found in old_of.items()},
        {unit: tuple(found) for unit, found in new_of.items()},
        tuple(unit for unit, found in old_of.items() if not found and unit not in targets),
        tuple(unit for unit, found in new_of.items() if not found and unit not in sources),
    )


def _unknown(links: Sequence[Link], olds: Sequence[str], news: Sequence[str]) -> Iterator[Fault]:
    """Find lines that name codes which there are not, or say new or gone of what stands in both years."""
    had, has = set(olds), set(news)
    for link in links:
        if link.old and link.old not in had:
            yield link.fault("crosswalk_unknown_old", "old")
        if link.new and link.new not in has:
            yield link.fault("crosswalk_unknown_new", "new")
        if not link.new and link.old in has:
            yield link.fault("crosswalk_still_there", "new")
        if not link.old and link.new in had:
            yield link.fault("crosswalk_was_there", "old")


def _cycles(links: Sequence[Link]) -> Iterator[Fault]:
    """Find lines that go round in a circle: nothing says then which unit was which."""
    after: dict[str, list[Link]] = {}
    for link in links:
        if link.old and link.new and link.old != link.new:
            after.setdefault(link.old, []).append(link)
    told: set[str] = set()
    for start in after:
        if start in told:
            continue
        ring = _ring(start, after)
        if ring:
            told |= {link.old for link in ring}
            codes = " → ".join([*(quoted(link.old) for link in ring), quoted(start)])
            yield ring[0].fault("crosswalk_cycle", "old", codes=codes)


def _ring(start: str, after: Mapping[str, Sequence[Link]]) -> list[Link]:
    """Return the lines by which a code leads back to itself; none where it does not."""
    came: dict[str, Link] = {}
    waiting = [start]
    while waiting:
        for link in after.get(waiting.pop(), ()):
            if link.new == start:
                ring = [link]
                while ring[0].old != start:
                    ring.insert(0, came[ring[0].old])
                return ring
            if link.new not in came:
                came[link.new] = link
                waiting.append(link.new)
    return []
