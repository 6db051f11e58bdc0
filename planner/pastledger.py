"""Last year's ledger in Excel or CSV: what each community was said to be, in the first year, when no result is at hand.

Nothing can be recomputed from it, so a change against it has no causes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from planner import tables
from planner.columns import DEMAND_COLUMNS, Column
from planner.errors import Fault, TableError
from planner.grammar import Wrong, quoted
from planner.headings import ROW_IDS
from planner.places import has_code, one_name
from planner.standings import MET, UNASSESSABLE, UNMET
from planner.tablefaults import followable, shortened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from planner.sources import TableSource
    from planner.tablefaults import LeftOut

_TAKEN = {column.name: column for column in DEMAND_COLUMNS}
_VERDICTS = {
    **dict.fromkeys(("达标", "是", "已达标", "合格", "√", "✓", "✔", "☑", "1", "TRUE", MET), MET),
    **dict.fromkeys(("不达标", "否", "未达标", "不合格", "×", "✗", "✘", "✕", "0", "FALSE", UNMET), UNMET),
    **dict.fromkeys(("无法评定", "未评定", "无法判定", "未知", "不详", "-", "—", "/", UNASSESSABLE), UNASSESSABLE),
}
_ASKED = ("判定结果", "判定", "评定结果", "上年结果", "评估结果", "是否达标", "达标情况", "结果", "是否达标（是/否）")
_YEAR = re.compile("(?:上年|[0-9]{4}年)度?")
"""What may stand before the header of the verdict: 2025年判定结果."""

PAST_COLUMNS: tuple[Column, ...] = (
    Column("line", "text", "number of the line"),
    Column("code", "text", "code of the community", (*_TAKEN["unit_id"].synonyms, "代码", "编码", "code")),
    *(replace(_TAKEN[name], required=False, filled=False) for name in ("name", "town", "district")),
    Column("verdict", "choice", "what it was last year",
           _ASKED,
           required=True, choices=_VERDICTS),
)  # fmt: skip
"""Columns of last year's ledger that are read."""


@dataclass(frozen=True)
class PastLine:
    """A community of last year's ledger: its code and name as far as it has them, and its verdict."""

    code: str
    name: str
    town: str
    district: str
    state: str
    file: str
    row: int


@dataclass(frozen=True, eq=False)
class PastLedger:
    """Last year's ledger as read: its lines, those left out, and what is to be looked at."""

    lines: tuple[PastLine, ...]
    left_out: tuple[LeftOut, ...]
    doubts: tuple[Fault, ...]


def read_ledger(source: TableSource) -> PastLedger:
    """Read last year's ledger. A blank verdict is not known: it counts as one that could not be judged, and is doubted.

    Raises
    ------
    TableError
        With every fault of the table, lines that have neither code nor name, and communities that stand twice.
    """
    source = replace(source, id=ROW_IDS)
    part = tables.read_parts([source], PAST_COLUMNS)[0]
    dated = [header for header in part.matching.rest if _YEAR.sub("", header, count=1) in _ASKED]
    if "verdict" not in part.matching.place and len(dated) == 1:
        part = tables.read_parts([replace(source, columns={**source.columns, "verdict": dated[0]})], PAST_COLUMNS)[0]
    faults = followable(part.faults, columns=True)
    if faults:
        raise TableError(*shortened(faults))
    ids = part.values["line"]
    columns = [part.values[name] for name in ("code", "name", "town", "district", "verdict")]
    lines, unknown = [], []
    for at, (code, name, town, district, state) in enumerate(zip(*columns, strict=True)):
        called = "" if name == ids[at] else name  # the number of the line stands in for an empty name
        lines.append(PastLine(code, called, town, district, state or UNASSESSABLE, source.shown, part.line(at)))
        unknown += [] if state else [at]
    first: dict[tuple[str, ...], PastLine] = {}
    for line in lines:
        told = {"name": quoted(line.name or line.code)}
        before = first.setdefault(_key(line), line)
        if not (line.code or line.name):
            faults.append(Fault("past_no_name", line.file, row=line.row))
        elif before is not line:
            faults.append(Fault("past_twice", line.file, row=line.row, values={**told, "row": before.row}))
    if faults:
        raise TableError(*shortened(faults))
    values = {"count": len(unknown), "rows": part.lines(unknown)}
    doubts = [part.fault(Wrong("past_unknown", values), "verdict")] if unknown else []
    return PastLedger(tuple(lines), part.left_out, (*part.doubts, *doubts))


def _key(line: PastLine) -> tuple[str, ...]:
    return (line.code,) if line.code else (line.district, line.town, one_name(line.name))


def units_of(
    ledger: PastLedger, units: pd.DataFrame, by_code: Mapping[str, Sequence[str]]
) -> dict[PastLine, tuple[str, ...]]:
    """Find which communities of this year the lines of last year's ledger are.

    Parameters
    ----------
    ledger
        Last year's ledger.
    units
        Communities of this year: columns unit_id, name, town, district.
    by_code
        Codes of last year -> what they are this year (`planner.crosswalk.Identity.new_of`).

    Returns
    -------
    units
        Each line -> codes this year, none where there is none any more. Codes decide where the line has one that is
        known; else its name does, inside town and district as far as both name them.

    Raises
    ------
    TableError
        With every line whose name fits several communities.
    """
    named: dict[str, list[tuple[str, str, str]]] = {}
    for unit, name, town, district in units[["unit_id", "name", "town", "district"]].itertuples(index=False):
        named.setdefault(one_name(name), []).append((unit, town, district))
    found, faults = {}, []
    for line in ledger.lines:
        if line.code in by_code:
            found[line] = tuple(by_code[line.code])
            continue
        fits = tuple(
            unit
            for unit, town, district in named.get(one_name(line.name), [])
            if line.name
            and not (has_code(line.code) and has_code(unit))
            and all(
                one == other or not (one and other) for one, other in ((line.town, town), (line.district, district))
            )
        )
        if len(fits) > 1:
            told = {"name": quoted(line.name), "units": ", ".join(map(quoted, fits[:5]))}
            faults.append(Fault("past_several", line.file, row=line.row, values=told))
        found[line] = fits
    if faults:
        raise TableError(*shortened(faults))
    return found
