"""The contract of the demand and sites tables, and the one grammar in which their cells are read.

The grammar is strict on purpose: ASCII digits only, so that ``1_000``, ``nan``, ``1e999`` or full-width digits,
which Python's own ``int`` and ``float`` accept, are faults and never figures.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Kind = Literal["text", "whole", "money", "lon", "lat", "date", "choice", "types"]
Value: TypeAlias = "str | int | float | dt.date | None"

GROUP_PREFIX = "people_"
LARGEST_WHOLE = 10**13 - 1
"""Largest number of people or yuan that is read: sums of a million rows stay within 64 bits."""


RESERVED = frozenset(
    {
        "geometry", "geom", "fid", "rowid", "open_today", "state", "number", "estimated", "planned_type",
        "planned_once_yuan", "planned_yearly_yuan", "newly_covered", "people_served", "source_file", "source_row",
    }
)  # fmt: skip
"""Names of the output tables that a pass-through column must not take, in lower case; it becomes ``source_<name>``."""


@dataclass(frozen=True)
class Column:
    """One column of a table's contract.

    Attributes
    ----------
    name
        Name in the contract.
    kind
        Grammar of its cells.
    meaning
        What it says, for documents and templates.
    synonyms
        Headers that are taken for it; the first one is the Chinese header that templates write.
    required
        The table must have the column, or the source a default for it.
    filled
        Every row in use must have a value.
    unit
        ``people``, ``yuan``, ``degrees`` or empty.
    choices
        Text as read -> value of the contract, for the kinds ``choice`` and ``types``.
    default
        Text that stands for an absent column or an empty cell.
    """

    name: str
    kind: Kind
    meaning: str
    synonyms: tuple[str, ...] = ()
    required: bool = False
    filled: bool = False
    unit: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    default: str = ""


@dataclass(frozen=True)
class Wrong:
    """A cell that breaks the grammar: code of the fault and what its words quote."""

    code: str
    values: Mapping[str, object] = field(default_factory=dict, hash=False)


_SETTINGS = {
    **dict.fromkeys(("urban", "城镇", "城区", "城市"), "urban"),
    **dict.fromkeys(("rural", "农村", "乡村"), "rural"),
    # The three-digit codes of the statistics bureau: 1xx urban, 2xx rural.
    **{str(code): "urban" if code < 200 else "rural" for code in range(100, 300)},  # noqa: PLR2004
}
_STATUSES = {
    **dict.fromkeys(("existing", "现有", "已有"), "existing"),
    **dict.fromkeys(("candidate", "候选", "备选"), "candidate"),
    **dict.fromkeys(("excluded", "排除"), "excluded"),
}
_OPERATING = {"正常": "正常", "正常运行": "正常", "停运": "停运", "在建": "在建"}
_PLACED = {value: value for value in ("own", "town", "spread")}

_ID = ("编号", "id", "ID")
_LON = Column("lon", "lon", "longitude", ("经度", "longitude", "lng"), required=True, unit="degrees")
_LAT = Column("lat", "lat", "latitude", ("纬度", "latitude"), required=True, unit="degrees")
_TOWN = Column("town", "text", "town or street", ("镇街", "乡镇", "街道", "乡镇街道", "镇街名称"))
_DISTRICT = Column("district", "text", "district", ("区市", "区县", "县区", "市区县", "所属区县"))

DEMAND_COLUMNS: tuple[Column, ...] = (
    Column("demand_id", "text", "id of the demand point", ("需求点编号", *_ID), filled=True),
    Column("name", "text", "name; the id where empty", ("名称", "社区名称", "村居名称", "社区", "村居")),
    Column("unit_id", "text", "community, 12 digits; the id where empty",
           ("社区代码", "村居代码", "单位代码", "统计用区划代码", "区划代码")),
    _TOWN,
    _DISTRICT,
    Column("setting", "choice", "urban or rural: which standards apply",
           ("城乡", "城乡分类", "城乡分类代码", "urban_rural", "urban_rural_code"),
           required=True, filled=True, choices=_SETTINGS),
    Column("layer", "text", "kind of demand", ("图层", "需求类型"), default="residents"),
    Column("people", "whole", "people who live there", ("人口", "常住人口", "人口数", "人数", "population"),
           required=True, filled=True, unit="people"),
    Column("placed", "choice", "own place, its town's point, or spread over buildings", ("定位方式",),
           choices=_PLACED, default="own"),
    _LON,
    _LAT,
)  # fmt: skip

SITE_COLUMNS: tuple[Column, ...] = (
    Column("site_id", "text", "id of the site", ("站点编号", "网点编号", *_ID), filled=True),
    Column("name", "text", "name", ("名称", "站点名称", "网点名称", "场所名称", "机构名称"),
           required=True, filled=True),
    Column("type", "types", "facility types, ';' between; empty = a candidate for any",
           ("类型", "站点类型", "网点类型", "设施类型"), required=True),
    Column("status", "choice", "existing, candidate or excluded", ("状态", "站点状态"),
           required=True, filled=True, choices=_STATUSES),
    Column("operating", "choice", "whether it works; empty = it does", ("运行状态", "运营状态", "运行情况"),
           choices=_OPERATING),
    Column("tier", "text", "tier of a market", ("层级", "级别")),
    _DISTRICT,
    _TOWN,
    Column("host", "text", "unit that hosts it", ("依托单位", "依托场所")),
    Column("owner", "text", "owner of the venue", ("产权", "产权单位", "产权人")),
    Column("build_method", "text", "how it is built", ("建设方式",)),
    Column("funding", "text", "source of the money", ("资金渠道", "资金来源")),
    Column("cost_once_yuan", "money", "cost of building it", ("一次性费用", "一次性费用（元）", "建设费用（元）"),
           unit="yuan"),
    Column("cost_yearly_yuan", "money", "cost of a year", ("年费用", "年费用（元）", "年运行费用（元）"),
           unit="yuan"),
    Column("capacity_people", "whole", "people it can serve", ("服务能力", "容量", "服务容量"), unit="people"),
    Column("hours", "text", "opening hours", ("开放时间", "服务时间", "营业时间")),
    Column("opened_on", "date", "first day open", ("启用日期", "开业日期")),
    Column("closed_on", "date", "first day closed", ("停用日期", "关闭日期")),
    Column("services", "text", "services offered", ("服务事项", "服务项目")),
    _LON,
    _LAT,
)  # fmt: skip


def contract_column(name: str, contract: Iterable[Column]) -> Column | None:
    """Return the column `name` of a contract; ``people_<group>`` belongs wherever ``people`` does."""
    known = {column.name: column for column in contract}
    if name not in known and "people" in known and name.startswith(GROUP_PREFIX) and name != GROUP_PREFIX:
        return Column(name, "whole", "people of one group", filled=True, unit="people")
    return known.get(name)


# --- cells -----------------------------------------------------------------------------------------------------

_SMALL_WHOLE = re.compile(r"0*([0-9]{1,13})(?:\.0+)?")
_WHOLE = re.compile(r"[0-9]+(?:\.0+)?")
_NEGATIVE = re.compile(r"-[0-9]+(?:\.[0-9]+)?")
_FRACTION = re.compile(r"[0-9]+\.[0-9]+")
_DEGREES = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

_ID_NUMBER = re.compile(r"(?<![0-9.])[1-9][0-9]{5}((?:18|19|20)[0-9]{2})([0-9]{2})([0-9]{2})[0-9]{3}[0-9Xx](?![0-9])")
_MOBILE = re.compile(r"(?<![0-9.])(?:86)?1[3-9][0-9]{9}(?![0-9])")
_LONGEST_QUOTE = 40


def _read_whole(text: str) -> Value | Wrong:
    if match := _SMALL_WHOLE.fullmatch(text):
        return int(match[1])
    for pattern, code in ((_WHOLE, "cell_too_large"), (_NEGATIVE, "cell_negative"), (_FRACTION, "cell_fraction")):
        if pattern.fullmatch(text):
            return Wrong(code, {"text": quoted(text)})
    return Wrong("cell_number", {"text": quoted(text)})


def _read_degrees(text: str) -> Value | Wrong:
    return float(text) if _DEGREES.fullmatch(text) else Wrong("cell_degrees", {"text": quoted(text)})


def _read_date(text: str) -> Value | Wrong:
    try:
        return dt.date.fromisoformat(_DATE.fullmatch(text)[0])  # type: ignore[index]
    except (TypeError, ValueError):
        return Wrong("cell_date", {"text": quoted(text)})


def _read_choice(text: str, choices: Mapping[str, str]) -> Value | Wrong:
    if text in choices:
        return choices[text]
    shown = " / ".join(choice for choice in choices if not choice.isdecimal())
    return Wrong("cell_choice", {"text": quoted(text), "choices": shown})


def _read_types(text: str, choices: Mapping[str, str]) -> Value | Wrong:
    names = [name for part in text.replace("；", ";").split(";") if (name := part.strip())]
    for name in names:
        if name not in choices:
            known, near = " / ".join(choices), nearest(name, choices)
            code = "cell_type_near" if near else "cell_type"
            return Wrong(code, {"text": quoted(name), "nearest": near, "known": known})
    return ";".join(dict.fromkeys(choices[name] for name in names))


def read_cell(column: Column, text: str) -> Value | Wrong:
    """Read one cell.

    Parameters
    ----------
    column
        Whose grammar applies.
    text
        The cell, stripped.

    Returns
    -------
    value
        ``str`` for text, choices and types (``;`` between), ``int`` for people and money, ``float`` for degrees,
        ``datetime.date`` for dates; an empty cell is an empty text or None; `Wrong` where the grammar is broken.
    """
    if not text or column.kind == "text":
        return text if column.kind in {"text", "choice", "types"} else None
    if column.kind in {"whole", "money"}:
        return _read_whole(text)
    if column.kind in {"lon", "lat"}:
        return _read_degrees(text)
    if column.kind == "date":
        return _read_date(text)
    return (_read_types if column.kind == "types" else _read_choice)(text, column.choices)


def quoted(text: str) -> str:
    """Return `text` as a fault may quote it: short, and without anything that looks like personal data."""
    hidden = _MOBILE.sub("●●●", _ID_NUMBER.sub("●●●", text))
    return hidden if len(hidden) <= _LONGEST_QUOTE else hidden[: _LONGEST_QUOTE - 1] + "…"


def nearest(text: str, known: Iterable[str]) -> str:
    """Return what of `known` looks most like `text`, empty when nothing does."""
    return next(iter(get_close_matches(text, list(known), n=1, cutoff=0.5)), "")


# --- personal data -----------------------------------------------------------------------------------------------


def _is_id_number(match: re.Match[str]) -> bool:
    digits = match[0].upper()
    try:
        dt.date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return False
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(digits[:17]))
    return "10X98765432"[total % 11] == digits[17]


def holds_id_number(text: str) -> bool:
    """Whether `text` holds a citizen's ID number: 18 characters with a real date and the right check digit."""
    return any(map(_is_id_number, _ID_NUMBER.finditer(text)))


def holds_mobile_number(text: str) -> bool:
    """Whether `text` holds a Chinese mobile number: 11 digits from 13 to 19, with or without 86 before them."""
    return _MOBILE.search(text) is not None


# --- headers -----------------------------------------------------------------------------------------------------


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


def _claims(header: str, contract: Sequence[Column]) -> str | None:
    """Contract name that a header stands for by itself."""
    if column := contract_column(header, contract):
        return column.name
    return next((column.name for column in contract if header in column.synonyms), None)


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


def unknown_column(name: str, contract: Sequence[Column]) -> Wrong:
    """Say that the contract has no column `name`, with the nearest one that it has."""
    known = [column.name for column in contract]
    near = nearest(name, known)
    values = {"name": name, "nearest": near, "known": " / ".join(known)}
    return Wrong("unknown_column_near" if near else "unknown_column", values)


def missing_column(column: Column, spare: Iterable[str], headers: Sequence[str]) -> Wrong:
    """Say that a file lacks a required column, with the spare header that looks most like it."""
    words = (column.name, *column.synonyms)
    near = next((found for word in words if (found := nearest(word, spare))), "")
    shown = " / ".join(quoted(text) for text in headers if text)
    values = {"name": column.name, "words": " / ".join(words), "nearest": quoted(near), "headers": shown}
    return Wrong("missing_column_near" if near else "missing_column", values)


def absent_header(header: str, headers: Sequence[str]) -> Wrong:
    """Say that a file lacks `header`, with the nearest one that it has."""
    near = nearest(header, headers)
    shown = " / ".join(quoted(text) for text in headers if text)
    return Wrong(
        "absent_header_near" if near else "absent_header", {"header": header, "nearest": near, "headers": shown}
    )


def match_headers(
    headers: Sequence[str], contract: Sequence[Column], explicit: Mapping[str, str], *, unclaimed: Sequence[str] = ()
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

    Returns
    -------
    matching
        With a fault for every header that stands twice, every contract column that two headers stand for, and
        every wrong name in `explicit`.
    """
    place, wrong = _match_explicit(headers, contract, explicit)
    claimed: dict[str, int] = {}
    spare: dict[str, int] = {}
    for number, header in enumerate(headers):
        name = _claims(header, contract)
        if not header or number in place.values():
            continue
        if header in headers[:number]:
            wrong.append((header, Wrong("repeated_header", {"header": quoted(header)})))
        elif name is None or name in explicit or name in unclaimed:
            spare[header] = number
        elif name in claimed:
            both = {"first": quoted(headers[claimed[name]]), "second": quoted(header), "name": name}
            wrong.append((header, Wrong("two_headers", both)))
        else:
            claimed[name] = number
    return Matching({**claimed, **place}, _free_names(spare, contract, {*claimed, *place}), tuple(wrong))


def _free_names(spare: Mapping[str, int], contract: Sequence[Column], used: Iterable[str]) -> dict[str, int]:
    # compared without case: a GeoPackage knows no difference between name and NAME
    taken = {column.name for column in contract} | {name.lower() for name in used} | RESERVED
    names: dict[str, int] = {}
    for header, number in spare.items():
        name = header
        others = {other.lower() for other in spare if other != header}
        while name.lower() in taken or (name != header and name.lower() in others):
            name = f"source_{name}"
        taken = taken | {name.lower()}
        names[name] = number
    return names


def with_types(contract: Sequence[Column], known_types: Sequence[str]) -> tuple[Column, ...]:
    """Return a contract whose ``types`` columns know the facility types of a scenario."""
    choices = {name: name for name in known_types}
    return tuple(replace(column, choices=choices) if column.kind == "types" else column for column in contract)
