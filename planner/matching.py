"""Which column of a file holds which column of the contract, by its header."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from planner.columns import RESERVED, called, contract_column, nearest
from planner.grammar import Wrong, plain, quoted
from planner.words import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from planner.columns import Column


@dataclass(frozen=True)
class Matching:
    """Which column of a file holds which column of the contract.

    Attributes
    ----------
    place
        Contract name -> number of the column in the file.
    rest
        Names of the columns that pass through -> number of the column; a name that the contract already uses
        gets ``source_`` before it.
    wrong
        (header or contract name, what is wrong with it).
    """

    place: Mapping[str, int]
    rest: Mapping[str, int]
    wrong: tuple[tuple[str, Wrong], ...]


# Words above a header that say nothing about what it counts.
_NEUTRAL = {"基本情况", "基本信息", "人口情况", "人口信息", "人口数据", "坐标", "位置", "费用", "经费"}
# Words below a header that say that it counts all of it.
_ALL_OF_IT = {"合计", "总计", "小计", "计", "总数", "全部", "total", "Total", "all"}
# Units that a header may name in brackets, by the unit of the contract; 万 is none of them.
_UNIT_ENDS = {"people": ("(人)",), "yuan": ("(元)",), "degrees": ("(度)", "(°)", "(°e)", "(°n)", "(e)", "(n)")}
# What one column counts in beside its unit: a cost of one site, or of a year.
_OWN_ENDS = {
    "cost_once_yuan": ("(元/个)", "(元/处)"),
    "cost_yearly_yuan": ("(元/年)", "(元/个/年)", "(元/年/个)"),
    "urban_share": ("(%)",),
}


@cache
def _folded(text: str) -> str:
    """Return a header as headers are compared: half-width, without spaces, in lower case."""
    return plain(text).casefold()


def _claims(parts: Sequence[str], contract: Sequence[Column]) -> str | None:
    """Contract name that a header stands for by itself.

    `parts` are the lines of a merged header. All of them together decide, else the last one alone; but not where
    the lines above it speak of something else (依托单位 over 名称, 户籍人口 over 人数). 合计 adds nothing to them.
    """
    whole = standing_for("".join(parts), contract)
    if whole or len(parts) == 1:
        return whole
    if parts[-1] in _ALL_OF_IT:  # 人口 over 合计 and 其中：流动人口
        return _claims(parts[:-1], contract)
    last = standing_for(parts[-1], contract)
    above = {standing_for(part, contract) for part in parts[:-1] if part not in _NEUTRAL}
    counts = last is not None and (found := contract_column(last, contract)) is not None and found.unit == "people"
    return last if above <= ({last} if counts else {last, None}) else None


def standing_for(header: str, contract: Sequence[Column]) -> str | None:
    """Return the contract name that a header, or a name in a scenario, stands for: its own or one taken for it."""
    if column := contract_column(header, contract):
        return column.name
    folded = _folded(header)
    for column in contract:
        words = {_folded(word) for word in (column.name, *column.synonyms)}
        ends = ("", *_UNIT_ENDS.get(column.unit, ()), *_OWN_ENDS.get(column.name, ()))
        if any(folded.endswith(end) and folded.removesuffix(end) in words for end in ends):
            return column.name
    return None


def _match_explicit(
    headers: Sequence[str], contract: Sequence[Column], explicit: Mapping[str, str]
) -> tuple[dict[str, int], list[tuple[str, Wrong]]]:
    place: dict[str, int] = {}
    wrong: list[tuple[str, Wrong]] = []
    for name, header in explicit.items():
        if contract_column(name, contract) is None:
            wrong.append((f"columns.{name}", unknown_column(name, contract)))
        elif header.strip() in headers:
            place[name] = list(headers).index(header.strip())
        else:
            wrong.append((f"columns.{name}", absent_header(header, headers)))
    return place, wrong


def in_ten_thousands(header: str, contract: Sequence[Column]) -> str | None:
    """Contract name that a header would stand for if it did not count in ten thousands (建设费用（万元）)."""
    texts = (re.sub("[(（]万[)）]|万", "", text) for text in (header, header.rpartition(" ")[2]) if "万" in text)
    return next(filter(None, (standing_for(text, contract) for text in texts)), None)


def as_headed(header: str, cells: Sequence[str]) -> list[str]:
    """Return the cells of a column of shares; under a header in percent, 城镇化率（%）, each with the sign."""
    percent = plain(header).endswith("(%)")
    return [f"{cell}%" if percent and cell and cell[-1] not in "%％" else cell for cell in cells]


def unknown_column(name: str, contract: Sequence[Column]) -> Wrong:
    """Say that the contract has no column `name`, with the nearest one that it has, or that it stands there twice."""
    if column := contract_column(standing_for(name, contract) or "", contract):
        return Wrong("column_twice", {"name": name, "called": called(column)})
    near = nearest(name, [word for column in contract for word in (column.name, *column.synonyms)])
    known = {language: " / ".join(called(column)[language] for column in contract) for language in LANGUAGES}
    values = {"name": name, "nearest": near, "known": known}
    return Wrong("unknown_column_near" if near else "unknown_column", values)


def missing_column(column: Column, spare: Iterable[str], headers: Sequence[str]) -> Wrong:
    """Say that a file lacks a required column, with the spare header that looks most like it."""
    words = (column.name, *column.synonyms)
    near = next((found for word in words if (found := nearest(word, spare))), "")
    shown = " / ".join(quoted(text) for text in headers if text)
    chinese = " / ".join(word for word in words if not word.isascii())
    values = {"name": column.name, "called": called(column), "words": {"zh": chinese, "en": " / ".join(words)}}
    values |= {"nearest": quoted(near), "headers": shown}
    return Wrong("missing_column_near" if near else "missing_column", values)


def absent_header(header: str, headers: Sequence[str]) -> Wrong:
    """Say that a file lacks `header`, with the nearest one that it has."""
    near = nearest(header, headers)
    shown = " / ".join(quoted(text) for text in headers if text)
    return Wrong(
        "absent_header_near" if near else "absent_header", {"header": header, "nearest": near, "headers": shown}
    )


def match_headers(
    headers: Sequence[str],
    contract: Sequence[Column],
    explicit: Mapping[str, str],
    *,
    unclaimed: Sequence[str] = (),
    needed: Sequence[str] = (),
    parts: Sequence[Sequence[str]] = (),
) -> Matching:
    """Match the headers of a file with a contract: what the source says first, then names, then synonyms.

    Parameters
    ----------
    headers
        Headers as in the file, stripped; an empty one is passed over.
    contract
        Columns known.
    explicit
        Contract name -> header, as the source says.
    unclaimed
        Contract names that no header may stand for by itself.
    needed
        Further headers that the source names.
    parts
        The lines of each header, where it is a merged one.

    Returns
    -------
    matching
        With a fault for every header that stands twice and is needed, every contract column that two headers stand
        for, and every wrong name in `explicit`. What passes through under one header has the number of its column
        behind its name, from the second on.
    """
    place, wrong = _match_explicit(headers, contract, explicit)
    claimed: dict[str, int] = {}
    spare: dict[str, int] = {}
    for number, header in enumerate(headers):
        name = _claims(parts[number] if parts else (header,), contract)
        if header != header.lower() and header.lower() in headers:
            name = None  # NAME beside name is a column of its own
        if not header or number in place.values():
            continue
        name = None if name in explicit or name in unclaimed else name
        again = header in headers[:number]
        if again and (name or header in {*explicit.values(), *needed}):
            wrong.append((header, Wrong("repeated_header", {"header": quoted(header)})))
        elif name is None:
            spare[_numbered(header, number, headers) if again else header] = number
        elif name in claimed:
            both = {"first": quoted(headers[claimed[name]]), "second": quoted(header), "name": name}
            wrong.append((header, Wrong("two_headers", both)))
        else:
            claimed[name] = number
    return Matching({**claimed, **place}, _free_names(spare, contract, {*claimed, *place}), tuple(wrong))


def _numbered(header: str, number: int, headers: Sequence[str]) -> str:
    name = f"{header}_{number + 1}"
    while name in headers:
        name += "_"
    return name


def _free_names(spare: Mapping[str, int], contract: Sequence[Column], used: Iterable[str]) -> dict[str, int]:
    # compared without case: a GeoPackage knows no difference between name and NAME
    taken = {column.name for column in contract} | {name.lower() for name in used} | RESERVED
    count = Counter(header.lower() for header in spare)
    names: dict[str, int] = {}
    for header, number in spare.items():
        name = header
        while name.lower() in taken or (name != header and count[name.lower()] > (name.lower() == header.lower())):
            name = f"source_{name}"
        taken.add(name.lower())
        names[name] = number
    return names
