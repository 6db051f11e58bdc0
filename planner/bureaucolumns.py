"""The columns of the bureau's own ledgers: their headers, what is taken for them, and how their cells are read."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Literal

from planner.columns import DEMAND_COLUMNS, GROUP_PREFIX, SITE_COLUMNS, Column
from planner.grammar import Wrong, plain, quoted, read_cell, says_nothing
from planner.matching import standing_for
from planner.words import LANGUAGES, say, sentences

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from planner.policyschema import ChecklistSection, GrantSection
    from planner.schema import Scenario

Of = Literal["communities", "outlets"]

YES, NO = "是", "否"

_YES_NO = {
    **dict.fromkeys(
        ("是", "有", "√", "✓", "✔", "☑", "■", "1", "1.0", "y", "yes", "已", "已有", "具备", "符合", "true"), YES
    ),
    **dict.fromkeys(("否", "无", "没有", "×", "✗", "✘", "☐", "□", "0", "0.0", "n", "no", "未", "false"), NO),
    **dict.fromkeys(("不具备", "不符合"), NO),
}
"""Cells of a yes/no column, half-width and in lower case; a workbook writes a ticked box as TRUE."""

_DASHES = re.compile(r"[-—–_/\\]+")

_ASKED = ("是否有", "是否", "有无", "有")
_ENDS = ("（是/否）", "（有/无）", "（是否）")
_COUNTED = ("数", "人数", "人员", "人员数", "（人）", "人数（人）", "人员数（人）")


def _yes_no(name: str, *more: str) -> Column:
    """Say what is taken for a yes/no column: with or without 是否 and 有, and with the answers in brackets."""
    bare = next((name.removeprefix(word) for word in _ASKED if name.startswith(word)), name)
    words = dict.fromkeys((name, *(word + bare for word in _ASKED), bare, *more))
    every = [word + end for word in words for end in ("", *_ENDS)]
    return Column(name, "choice", name, tuple(every), choices=_YES_NO)


def _count(name: str, *more: str, counts: tuple[str, ...] = ()) -> Column:
    """Say what is taken for a column of counts; `counts` are what the header may end with."""
    words = [name, *more]
    return Column(name, "whole", name, (*words, *(word + end for word in words for end in counts)))


def _people(name: str, *more: str) -> Column:
    """Say what is taken for a column of people: 登记失业 is also 登记失业人数 and 登记失业人员数（人）."""
    return replace(_count(name, *more, counts=_COUNTED), unit="people")


def _text(name: str, *more: str) -> Column:
    return Column(name, "text", name, (name, *more))


SIX = (
    _yes_no("有标识", "有明显标识", "标识标牌", "统一标识"),
    _yes_no("有专兼职服务人员", "有专兼职人员", "专兼职人员", "有服务人员", "服务人员"),
    _yes_no("有规范管理制度和服务流程", "有管理制度和服务流程", "管理制度和服务流程", "有制度流程", "有规范制度和流程"),
    _yes_no("有便捷电子设备", "有电子设备", "电子设备"),
    _yes_no("有宣传专栏", "有宣传栏", "宣传栏"),
    _yes_no("有就业创业活动场所", "有活动场所", "活动场所", "就业创业场所"),
)
"""The six items that every community is to have (W3)."""

COMMUNITY_COLUMNS: tuple[Column, ...] = (
    _text("原代码", "原12位代码", "原社区代码", "调整前代码"),
    _text("管理区", "所属管理区", "片区"),
    _text("城乡分类代码", "城乡代码"),
    _text("城乡分类年份", "城乡分类代码年份"),
    _text("社区类型", "社区类别", "社区分类"),
    _text("人口口径", "人口统计口径"),
    _people("劳动年龄人口", "劳动年龄内人口", "劳动适龄人口"),
    _people("登记失业", "城镇登记失业", "失业登记"),
    _people("就业困难", "就业困难对象", "困难"),
    _people("实现就业", "登记失业实现就业", "失业人员实现就业"),
    _people("登记失业和持证", "登记失业和持《再就业优惠证》", "登记失业人员和持《再就业优惠证》"),
    _count("零就业家庭", counts=("数", "户数", "（户）", "数（户）", "户数（户）")),
    _count("低保家庭", counts=("数", "户数", "（户）", "数（户）")),
    _count("低保边缘家庭", counts=("数", "户数", "（户）", "数（户）")),
    _people("脱贫享受政策人口", "脱贫人口"),
    _people("防止返贫监测帮扶对象", "防返贫监测对象", "监测帮扶对象"),
    _people("大龄", "大龄失业", "大龄就业困难"),
    _people("残疾", "残疾失业"),
    _people("长期失业"),
    _people("离校未就业", "离校未就业高校毕业生", "离校未就业毕业生", "未就业高校毕业生"),
    _count("用工主体", "企业数", counts=("数", "数量", "（家）", "数（家）", "（个）")),
    _count("岗位数", "岗位", "空岗数", "招聘岗位数", counts=("（个）",)),
    _yes_no(
        "是否实施行动", "实施行动", "是否实施“就在威海”行动", '是否实施"就在威海"行动', "是否实施就在威海行动",
        "是否实施“就在威海”社区就业服务提升行动", "是否实施社区就业服务提升行动",
    ),
    *SIX,
    _text("缺项", "六有缺项", "缺少项目"),
    _text("品牌等级", "品牌社区等级", "特色品牌等级", "品牌级别"),
    _yes_no(
        "是否认定充分就业社区", "认定充分就业社区", "是否充分就业社区", "是否认定", "充分就业社区认定", "充分就业社区",
        "是否认定“三公里”充分就业社区", '是否认定"三公里"充分就业社区', "是否认定三公里充分就业社区",
    ),
    _people("社区工作者"),
    _people("求职登记", "登记求职", "求职登记人次"),
    _people("成功对接", "对接成功", "成功就业", "成功对接人次"),
    _text("满意度", "居民满意度", "服务满意度", "满意率"),
    _text("核实人及日期", "核查人及日期"),
    _text("核实人", "核查人"),
    Column("核实日期", "date", "核实日期", ("核实日期", "核查日期", "核实时间")),
    _text("责任人", "负责人", "社区负责人", "网格员", "专员"),
    _text("备注", "说明", "备注说明"),
)  # fmt: skip
"""What a ledger of communities says that nothing measures."""

OUTLET_COLUMNS: tuple[Column, ...] = (
    _text("面积", "建筑面积", "使用面积", "面积（平方米）", "面积（㎡）"),
    _text("工作日时段", "工作日开放时间", "工作日服务时间"),
    _text("午间时段", "午间开放时间", "午间服务时间"),
    _text("周末时段", "周末开放时间", "周末服务时间"),
    _text("夜间时段", "夜间开放时间", "夜间服务时间"),
    _people("专职", "专职服务", "专职工作"),
    _people("兼职", "兼职服务", "兼职工作"),
    _text("自助设备", "自助终端"),
    _count("服务人次", "年服务人次", "累计服务人次", counts=("数", "（人次）")),
    _people("求职登记", "登记求职", "求职登记人次"),
    _people("成功对接", "对接成功", "成功就业", "成功对接人次"),
    _text("满意度", "服务满意度", "满意率"),
    _text("联系电话", "电话", "服务电话", "咨询电话"),
    _text("责任人", "负责人", "站长", "专员"),
    _text("备注", "说明", "备注说明"),
)
"""What a ledger of outlets says beside the table of sites (H10: served, registered, placed, satisfied)."""

_PRINTED: dict[Of, tuple[str, ...]] = {
    "communities": (
        "原代码", "管理区", "城乡分类代码", "城乡分类年份", "人口口径", "劳动年龄人口", "登记失业", "就业困难",
        "零就业家庭", "离校未就业", "用工主体", "岗位数", "是否实施行动", *(one.name for one in SIX), "缺项",
        "核实人及日期", "责任人", "备注",
    ),
    "outlets": (
        "面积", "工作日时段", "午间时段", "周末时段", "夜间时段", "专职", "兼职", "自助设备", "服务人次", "求职登记",
        "成功对接", "满意度", "联系电话",
    ),
}  # fmt: skip


def ledger_headers(of: Of) -> tuple[str, ...]:
    """Headers of the bureau's own columns that a ledger has whether or not anything gives them, in its order.

    Those of the ledgers of communities and of outlets that nothing measures; what nobody gave stands there blank.
    """
    return _PRINTED[of]


_FOUND: dict[Of, tuple[str, ...]] = {
    "communities": (
        "column.data_date", "column.setting", "column.placed", "column.points", "column.all_people",
        "column.has_outlet", "column.own_outlets", "column.verdict", "column.near_limit", "column.covered",
        "column.judged_people", "column.unjudged", "column.site_id", "column.nearest", "column.metres",
        "column.straight_m", "column.minutes", "column.reason", "column.last_verdict", "column.cause",
        "column.old_codes", "column.left_why", "column.measure",
    ),
    "outlets": tuple(
        f"outlet.{key}" for key in (
            "type", "tier", "unit_id", "counts", "host", "owner", "hours", "services", "build_method",
            "cost_once_yuan", "cost_yearly_yuan", "funding", "capacity_people", "people_reached", "people_only",
            "people_nearest", "lon", "lat", "system",
        )
    ),
}  # fmt: skip
"""Columns of each ledger that the audit finds itself, or takes from the tables of people and sites, by their words."""

_OF_EACH = "_of"
"""Words of columns that there are several of, one for each standard or way of counting, end so."""

_LINE = Column("ledger_id", "text", "number of the line")
_AREAS = ("town", "district")
COMMUNITY_KEYS = (_LINE, *(c for c in DEMAND_COLUMNS if c.name in {"unit_id", "name", *_AREAS}))
_MORE = {"site_id": ("编码",), "operating": ("状态",)}
OUTLET_KEYS = (
    _LINE,
    *(
        replace(c, required=False, filled=False, synonyms=(*c.synonyms, *_MORE.get(c.name, ())))
        for c in SITE_COLUMNS
        if c.name in {"site_id", "name", "operating", "opened_on", "closed_on", *_AREAS}
    ),
)
"""Columns by which the rows of a ledger find their community or outlet, and what must not contradict the sites."""


def named_by(checklists: Sequence[ChecklistSection], grants: Sequence[GrantSection]) -> Iterator[Column]:
    """Columns that checklists and grants name, each once: as they call them, with what is taken for such a column."""
    asked: dict[str, Column] = {}
    for grant in grants:
        kind = _graded(grant) if grant.grades else _yes_no(grant.column)
        asked.setdefault(grant.column, kind)
    for checklist in checklists:
        for item in checklist.items:
            asked.setdefault(item, _yes_no(item))
        for name in filter(None, (checklist.part, checklist.whole)):
            asked.setdefault(name, Column(name, "whole", name, (name,), unit="people"))
    for name, column in asked.items():
        known = standing_for(name, COMMUNITY_COLUMNS)
        more = next((one.synonyms for one in COMMUNITY_COLUMNS if one.name == known), ())
        yield replace(column, synonyms=tuple(dict.fromkeys((name, *column.synonyms, *more))))


def is_answered(column: Column | None) -> bool:
    """Whether the cells of a column are 是 or 否."""
    return column is not None and column.choices is _YES_NO


def _graded(grant: GrantSection) -> Column:
    """Grades as people write them: A, a, Ａ and A级 are one."""
    known: dict[str, str] = {}
    for entry in grant.grades:
        bare = plain(entry.grade).casefold().removesuffix("级")
        known |= dict.fromkeys((bare, f"{bare}级"), entry.grade)
    return Column(grant.column, "choice", grant.name, (grant.column,), choices=known)


def ledger_columns(
    of: Of, checklists: Sequence[ChecklistSection] = (), grants: Sequence[GrantSection] = ()
) -> tuple[Column, ...]:
    """Columns of the ledger of communities or of outlets, with those that checklists and grants name of communities."""
    if of == "outlets":
        return OUTLET_COLUMNS
    named = list(named_by(checklists, grants))
    taken = {standing_for(column.name, COMMUNITY_COLUMNS) for column in named}
    rest = [column for column in COMMUNITY_COLUMNS if column.name not in taken]
    # in the order of the document, as far as it has them
    order = {column.name: at for at, column in enumerate(COMMUNITY_COLUMNS)}
    place = {column.name: order.get(standing_for(column.name, COMMUNITY_COLUMNS) or "", len(order)) for column in named}
    return tuple(sorted([*named, *rest], key=lambda column: place.get(column.name, order.get(column.name, len(order)))))


def contract_of(of: Of, columns: Sequence[Column]) -> tuple[Column, ...]:
    """Columns that a ledger is read by: its keys, then `columns`; answers and grades as texts, to be read here."""
    keys = COMMUNITY_KEYS if of == "communities" else OUTLET_KEYS
    taken = {word for key in keys for word in (key.name, *key.synonyms)}
    own = (replace(column, synonyms=tuple(word for word in column.synonyms if word not in taken)) for column in columns)
    return (*keys, *(replace(column, kind="text") if column.kind == "choice" else column for column in own))


@cache
def _found_headers(of: Of) -> tuple[frozenset[str], tuple[str, ...]]:
    """Headers of a ledger that are not the bureau's to fill in, and what the further ones begin with."""
    words = sentences()
    whole = (words[f"ledger.{key}"][language] for key in _FOUND[of] for language in LANGUAGES)
    each = (key for key in words if key.startswith("ledger.column.") and key.endswith(_OF_EACH))
    starts = (words[key][language].partition("{")[0] for key in each for language in LANGUAGES)
    return frozenset(whole), tuple(filter(None, starts))


def is_found(header: str, of: Of, columns: Sequence[Column]) -> bool:
    """Whether the audit finds a column itself, so that a ledger that was handed in again must not answer for it.

    A column that a checklist or grant names is the bureau's, whatever it is called.
    """
    whole, starts = _found_headers(of)
    of_sites = of == "outlets" and standing_for(header, SITE_COLUMNS) is not None
    return column_of(header, columns) is None and (of_sites or header in whole or header.startswith(starts))


@cache
def _program_names() -> frozenset[str]:
    keys = (key.split(".") for key in sentences() if key.startswith(("ledger.column.", "ledger.outlet.")))
    return frozenset(key[2] for key in keys)


def own_name(header: str) -> str:
    """Return a header under which no column of the program itself stands: ``verdict`` becomes ``source_verdict``."""
    first, dot, _ = header.partition(".")
    names = _program_names()
    taken = header in names or (dot and f"{first}{_OF_EACH}" in names) or header.startswith(GROUP_PREFIX)
    return f"source_{header}" if taken else header


_NUMBERED = re.compile(r"[(（]?[0-9]{1,2}[)）.、．]|[①-⑳]|六有(?:标准)?[:：]")
"""What may stand before a header: the number of the item, or the list that it is of."""


def column_of(header: str, columns: Sequence[Column]) -> Column | None:
    """Column of a ledger that a header stands for; of a merged header, all of its lines or the last one of them."""
    for text in (header.replace(" ", ""), header.rpartition(" ")[2]):
        name = standing_for(text, columns) or standing_for(_NUMBERED.sub("", text), columns)
        if name is not None:
            return next(column for column in columns if column.name == name)
    return None


def columns_of(headers: Iterable[str], columns: Sequence[Column], taken: Collection[str] = ()) -> dict[str, Column]:
    """Columns of a ledger that the headers of a table stand for, but for those `taken` already.

    Where several headers end in the same line (城镇 登记失业 and 农村 登记失业), none of them is the column by that.
    """
    claims: defaultdict[str, list[tuple[str, Column]]] = defaultdict(list)
    for header in headers:
        column = column_of(header, columns)
        if column is not None and column.name not in taken:
            claims[column.name].append((header, column))
    found: dict[str, Column] = {}
    for name, claimed in claims.items():
        whole = [pair for pair in claimed if standing_for(pair[0].replace(" ", ""), columns) == name]
        found |= dict(whole or (claimed if len(claimed) == 1 else []))
    return found


@cache
def list_titles(name: str) -> frozenset[str]:
    """Headers under which the ledger of communities has what it makes of the checklist of this name."""
    kinds = ("states", "lacking", "unsaid")
    return frozenset(say(f"ledger.checklist.{kind}", language, name=name) for kind in kinds for language in LANGUAGES)


@cache
def _key_headers() -> frozenset[str]:
    words = sentences()
    return frozenset(
        words[f"ledger.column.{key}"][language] for key in ("unit_id", "name", *_AREAS) for language in LANGUAGES
    )


def is_own_title(header: str, checklists: Iterable[str]) -> bool:
    """Whether the ledger of communities has a column of its own under a header, with checklists of these names."""
    whole, starts = _found_headers("communities")
    titles = frozenset[str]().union(*map(list_titles, checklists))
    return header in whole | titles | _key_headers() or header.startswith(starts)


def taken_titles(scenario: Scenario, people: Iterable[str]) -> frozenset[str]:
    """Headers that the ledger of communities fills in, by what the scenario and the columns `people` of people name.

    These are the groups of the tables of people, and what is made of each checklist. The bureau's own column of that
    name would stand there twice; one that a checklist or grant names is needed.
    """
    names = {group.id: group.name for group in scenario.group}
    ids = (name.removeprefix(GROUP_PREFIX) for name in people if name.startswith(GROUP_PREFIX))
    asked = {column.name for column in named_by(scenario.checklist, scenario.grant)}
    lists = frozenset[str]().union(*(list_titles(checklist.name) for checklist in scenario.checklist))
    return (lists | {names.get(one, one) for one in ids}) - asked


def is_serial(header: str) -> bool:
    """Whether a header only numbers the rows."""
    return plain(header).casefold() in {"序号", "顺序号", "行号", "no.", "no"}


def read_value(column: Column | None, text: str) -> str | int | Wrong:
    """Read a cell of a ledger.

    Parameters
    ----------
    column
        What it is; None for a column that nobody knows, which is taken as it stands.
    text
        The cell, stripped.

    Returns
    -------
    value
        Whole numbers as such; 是 and 否, grades as the policy names them, dates as YYYY-MM-DD; empty where nothing is
        given, or a dash says so: then nothing is made of it. `Wrong` where the cell is none of these.
    """
    if column is None or not text:
        return text
    if column.kind == "choice":
        return _read_choice(column, text)
    value = read_cell(column, text)
    if isinstance(value, dt.date):
        return value.isoformat()
    return value if isinstance(value, str | int | Wrong) else ""


def _read_choice(column: Column, text: str) -> str | Wrong:
    folded = plain(text).casefold()
    if folded in column.choices:
        return column.choices[folded]
    if is_answered(column):  # a dash is no answer; 无 and 未定 are told apart
        return "" if _DASHES.fullmatch(folded) else Wrong("ledger_yes_no", {"text": quoted(text)})
    if says_nothing(text):  # no grade was given
        return ""
    return Wrong("ledger_grade", {"text": quoted(text), "known": " / ".join(dict.fromkeys(column.choices.values()))})
