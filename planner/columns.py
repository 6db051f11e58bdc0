"""The contract of the demand and sites tables: their columns, and the headers that are taken for them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from planner.terms import Language

Kind = Literal["text", "whole", "money", "share", "lon", "lat", "date", "choice", "types"]

GROUP_PREFIX = "people_"
LARGEST_WHOLE = 10**13 - 1
"""Largest number that is read: sums of a million rows stay within 64 bits."""

MOST = {"people": 130_000_000, "yuan": 10_000_000_000}
"""By unit, what no row can hold: more people than the largest province (Guangdong, 126 million in 2020), or a cost of
more than ten thousand million yuan for one site; a longer figure is a slip or a stand-in for something else."""

LIKELY = {"people": 1_000_000, "yuan": 100_000_000}
"""By unit, what a community or a site hardly ever has more of."""

RESERVED = frozenset(
    {
        "geometry", "geom", "fid", "rowid", "open_today", "state", "number", "estimated", "planned_type",
        "planned_once_yuan", "planned_yearly_yuan", "planned_size", "planned_year", "newly_covered", "people_reached",
        "people_served", "source_file", "source_row", "figure_from",
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


_SETTINGS = {
    **dict.fromkeys(("urban", "城镇", "城区", "城市"), "urban"),
    **dict.fromkeys(("rural", "农村", "乡村"), "rural"),
    # What the statistics bureau calls its codes 111, 112, 121, 122, 123, 210 and 220.
    **dict.fromkeys(("主城区", "城乡结合区", "镇中心区", "镇乡结合区", "特殊区域"), "urban"),
    **dict.fromkeys(("乡中心区", "村庄"), "rural"),
    # The three-digit codes of the statistics bureau: 1xx urban, 2xx rural.
    **{str(code): "urban" if code < 200 else "rural" for code in range(100, 300)},  # noqa: PLR2004
}
_STATUSES = {
    **dict.fromkeys(("existing", "现有", "已有", "现状", "已建", "已建成"), "existing"),
    **dict.fromkeys(("candidate", "候选", "备选", "拟建", "拟选"), "candidate"),
    **dict.fromkeys(("excluded", "排除"), "excluded"),
}
_OPERATING = {
    **dict.fromkeys(("正常", "正常运行", "正常运营", "正常开放", "在用", "使用中", "运营中", "运行中", "是"), "正常"),
    **dict.fromkeys(("停运", "停用", "停业", "关闭", "暂停", "已停用", "已停运", "已关闭", "已撤销", "否"), "停运"),
    **dict.fromkeys(("在建", "建设中", "筹建"), "在建"),
}
_PLACED = {
    **dict.fromkeys(("own", "自有", "自有位置"), "own"),
    **dict.fromkeys(("town", "镇街", "镇街驻地"), "town"),
    **dict.fromkeys(("spread", "推算", "摊开"), "spread"),
    **dict.fromkeys(("none", "没有", "无"), "none"),
}

_ID = ("编号", "id")
_LON = Column(
    "lon", "lon", "longitude", ("经度", "经度坐标", "东经", "longitude", "lng"), required=True, unit="degrees"
)
_LAT = Column("lat", "lat", "latitude", ("纬度", "纬度坐标", "北纬", "latitude"), required=True, unit="degrees")
_TOWN = Column(
    "town", "text", "town or street",
    ("镇街", "乡镇", "街道", "乡镇街道", "镇街名称", "街镇", "镇办", "乡镇（街道）", "乡镇（街道）名称", "镇（街道）",
     "镇（街）",
     "街道（镇）", "街道（乡镇）", "街道办事处", "所属镇街", "所属街道", "所属乡镇", "所属乡镇（街道）", "所在镇街",
     "所在街道", "所在乡镇", "所在乡镇（街道）", "街道名称", "乡镇街道名称", "乡镇名称"),
)  # fmt: skip
_DISTRICT = Column(
    "district", "text", "district",
    ("区市", "区县", "县区", "市区县", "所属区县", "县市区", "区市县", "市县区", "区（市）", "区（市、县）",
     "县（市、区）", "区（县）",
     "区县名称", "县区名称", "所属区市", "所属县区", "所属县市区", "所在区县", "所在区市", "行政区", "所属行政区",
     "所在行政区", "county"),
)  # fmt: skip

DEMAND_COLUMNS: tuple[Column, ...] = (
    Column("demand_id", "text", "id of the demand point", ("需求点编号", *_ID), filled=True),
    Column("name", "text", "name; the id where empty",
           ("名称", "社区名称", "村居名称", "社区", "村居", "村（社区）", "社区（村）", "村（社区）名称",
            "社区（村）名称",
            "村（居）", "村（居）名称", "村名", "小区名称", "居委会名称", "需求点名称", "community")),
    Column("unit_id", "text", "community, 12 digits; the id where empty",
           ("社区代码", "村居代码", "单位代码", "统计用区划代码", "区划代码", "社区编码", "村居编码", "行政区划代码",
            "区划编码",
            "村（社区）代码", "社区（村）代码", "村代码", "村编码", "所属社区代码", "所属社区编码", "所在社区代码",
            "12位代码", "统计代码", "unit_code", "community_id")),
    _TOWN,
    _DISTRICT,
    Column("setting", "choice", "urban or rural: which standards apply",
           ("城乡", "城乡分类", "城乡分类代码", "城乡类型", "城乡属性", "城乡划分", "urban_rural", "urban_rural_code"),
           required=True, filled=True, choices=_SETTINGS),
    Column("layer", "text", "kind of demand", ("图层", "需求类型"), default="residents"),
    Column("people", "whole", "people who live there",
           ("人口", "常住人口", "人口数", "人数", "常住人口数", "常住人口总数", "常住人数", "population"),
           required=True, filled=True, unit="people"),
    Column("placed", "choice", "own place, its town's point, spread, or no place", ("定位方式",),
           choices=_PLACED, default="own"),
    _LON,
    _LAT,
)  # fmt: skip

SITE_COLUMNS: tuple[Column, ...] = (
    Column("site_id", "text", "id of the site", ("站点编号", "网点编号", "站点编码", "网点编码", "机构编号", *_ID),
           filled=True),
    Column("name", "text", "name",
           ("名称", "站点名称", "网点名称", "场所名称", "机构名称", "驿站名称", "服务站名称", "市场名称", "点位名称"),
           required=True, filled=True),
    Column("type", "types", "facility types, ';' between; empty = a candidate for any",
           ("类型", "站点类型", "网点类型", "设施类型", "机构类型", "设施类别", "网点类别"), required=True),
    Column("status", "choice", "existing, candidate or excluded", ("状态", "站点状态", "网点状态", "建设状态"),
           required=True, filled=True, choices=_STATUSES),
    Column("operating", "choice", "whether it works; empty = it does",
           ("运行状态", "运营状态", "运行情况", "运营情况", "运行状况", "运营状况", "开放状态", "使用状态", "使用状况",
            "是否运营", "是否运行", "是否正常运行", "是否正常运营", "是否在运营", "是否在用"), choices=_OPERATING),
    Column("tier", "text", "tier of a market", ("层级", "级别")),
    _DISTRICT,
    _TOWN,
    Column("unit_id", "text", "community that it lies in, 12 digits",
           ("所属社区代码", "社区代码", "社区编码", "所属社区编码", "所在社区代码", "所在社区编码", "村居代码",
            "村居编码", "所属村居代码", "村（社区）代码", "社区（村）代码", "所属村（社区）代码", "community_id")),
    Column("host", "text", "unit that hosts it", ("依托单位", "依托场所", "依托机构")),
    Column("owner", "text", "owner of the venue", ("产权", "产权单位", "产权人", "产权归属")),
    Column("build_method", "text", "how it is built", ("建设方式", "建设类型")),
    Column("funding", "text", "source of the money", ("资金渠道", "资金来源", "经费来源", "经费渠道")),
    Column("cost_once_yuan", "money", "cost of building it",
           ("一次性费用", "建设费用", "建设成本", "一次性投入", "一次性投资", "一次性建设费用"), unit="yuan"),
    Column("cost_yearly_yuan", "money", "cost of a year",
           ("年费用", "年费用（元/年）", "年运行费用", "年运行费用（元/年）", "年度费用", "年度运行费用", "年运营费用",
            "年运维费用"),
           unit="yuan"),
    Column("capacity_people", "whole", "people it can serve",
           ("服务能力", "容量", "服务容量", "可服务人数", "设计服务能力"), unit="people"),
    Column("hours", "text", "opening hours", ("开放时间", "服务时间", "营业时间", "开放时段", "服务时段", "运营时间")),
    Column("opened_on", "date", "first day open",
           ("启用日期", "开业日期", "启用时间", "开放日期", "投用日期", "开业时间", "投用时间", "投入使用日期",
            "投入使用时间")),
    Column("closed_on", "date", "first day closed",
           ("停用日期", "关闭日期", "停用时间", "关停日期", "关闭时间", "关停时间", "停业日期", "停业时间", "停运日期",
            "停运时间", "撤销日期", "撤销时间")),
    Column("services", "text", "services offered", ("服务事项", "服务项目", "服务内容", "服务事项清单")),
    _LON,
    _LAT,
)  # fmt: skip


_TAKEN = {column.name: column for column in DEMAND_COLUMNS}

PLACE_COLUMNS: tuple[Column, ...] = (
    Column("place_id", "text", "number of the place"),
    *(_TAKEN[name] for name in ("name", "unit_id", "town", "district", "lon", "lat")),
)
"""Columns of a table of places; rows are numbered by their lines."""

_UNIT_NAMES = ("名称", "单位", "单位名称", "地区", "地区名称", "行政区", "行政区名称", "行政区划", "行政区划名称")
_TOTALS = (
    Column("code", "text", "code of the unit", ("代码", "编码", "行政区划代码", "区划代码", "行政区代码")),
    Column("people", "whole", "official figure", _TAKEN["people"].synonyms, required=True, filled=True, unit="people"),
    Column(
        "urban_share",
        "share",
        "urban share of its people",
        ("城镇化率", "城镇人口比重", "城镇人口占比", "城镇比例", "城镇人口比例", "常住人口城镇化率", "城镇化水平"),
    ),
)


def totals_columns(level: Literal["district", "town"]) -> tuple[Column, ...]:
    """Return the columns of a table of totals; of towns, it may also name the district of each."""
    above = (_TAKEN["district"],) if level == "town" else ()
    taken = {word for column in above for word in column.synonyms}
    words = tuple(word for word in (*_UNIT_NAMES, *_TAKEN[level].synonyms, level) if word not in taken)
    return (Column("name", "text", "name of the unit", words, required=True, filled=True), *above, *_TOTALS)


def contract_column(name: str, contract: Iterable[Column]) -> Column | None:
    """Return the column `name` of a contract; ``people_<group>`` belongs wherever ``people`` does."""
    known = {column.name: column for column in contract}
    if name not in known and "people" in known and name.startswith(GROUP_PREFIX) and name != GROUP_PREFIX:
        return Column(name, "whole", "people of one group", filled=True, unit="people")
    return known.get(name)


def called(column: Column) -> dict[Language, str]:
    """Return what a column is called in each language: its Chinese header, its name."""
    return {"zh": next(iter(column.synonyms), column.name), "en": column.name}


def known_as(name: str) -> dict[str, str]:
    """Return what a column of any contract, or a place's two, are called in Chinese; empty for other names."""
    parts = name.split(" / ")
    return {"zh": " / ".join(_CHINESE[part] for part in parts)} if all(part in _CHINESE for part in parts) else {}


_CHINESE = {
    column.name: called(column)["zh"]
    for column in (*totals_columns("town"), *PLACE_COLUMNS, *SITE_COLUMNS, *DEMAND_COLUMNS)
}


def with_types(contract: Sequence[Column], known_types: Mapping[str, str] | None) -> tuple[Column, ...]:
    """Return a contract whose ``types`` columns know the facility types of a scenario, by their codes and names.

    Where the types are not known, the columns hold any text.
    """
    how: dict[str, Any] = {"kind": "text"} if known_types is None else {"choices": known_types}
    return tuple(replace(column, **how) if column.kind == "types" else column for column in contract)


def nearest(text: str, known: Iterable[str]) -> str:
    """Return what of `known` looks most like `text`, empty when nothing does."""
    return next(iter(get_close_matches(text, list(known), n=1, cutoff=0.5)), "")
