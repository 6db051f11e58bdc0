"""Headers that nearly say what a column of the contract says: nobody reads them, and likely somebody should."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import cache
from typing import TYPE_CHECKING

from planner.columns import called
from planner.errors import Fault
from planner.grammar import plain, quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from planner.columns import Column

_LIKE, _VERY_LIKE = 0.62, 0.8
"""Headers are near one another from so large a part of common letters on, by `difflib`; the latter where a hint says
what speaks of a column."""

_ENDS = ("代码", "编码", "编号", "电话", "地址", "code", "phone", "address", "id")
# What of a header speaks of a column that decides figures; by itself, since difflib knows no meaning.
_HINTS = {
    "closed_on": r"(?:关闭|停业|停运|停用|关停|撤销|撤并|撤点|注销|停办|终止|停止\w{2}).{0,2}(?:日|时间|年)"
    r"|clos\w*.?(?:on|date|day)",
    "opened_on": r"(?:启用|开业|投用|建成|成立|开办|挂牌|投入使用|(?:开始|正式)\w{2}).{0,2}(?:日|时间|年)"
    r"|open\w*.?(?:on|date|day)",
    "operating": r"(?:运营|运行|营业|使用|开放|经营|目前|当前).{0,2}(?:状态|状况|情况|现状)|^(?:网点|站点)?现状$|在用"
    r"|是否.{0,3}(?:运营|运行|营业|开放|使用|停(?!车)|关|撤)|operat|in.?use",
    "cost_once_yuan": r"(?:建设|建造|装修|改造|购置|一次性|总|投资|开办|建站).{0,2}(?:费|投资|成本|资金|投入|金额|经费)"
    r"|造价|投资额|预算|cost.*once|build.*cost",
    "cost_yearly_yuan": r"年.{0,4}(?:费|成本|经费|支出|投入)|租金|(?:运行|运营|运维|维护).{0,2}(?:费|成本|经费)"
    r"|cost.*year|year.*cost",
    "capacity_people": r"(?:服务|接待|承载|容纳|可容).{0,3}(?:人数|人口|能力|容量|规模)|容量|capacity",
    "unit_id": r"(?:社区|村|居|单位|区划|统计|行政).{0,4}(?:代码|编码|编号|码)$"
    r"|(?:unit|communit|village).*(?:code|id)$",
    "urban_share": r"城镇.{0,4}(?:率|比|占)|urban",
    "setting": r"城乡|urban.?rural",
    "people": r"^(?:总|常住|实有|现有|居住)?人(?:口|数|口数|口总数|口合计)$|^population",
    "mode": r"(?:交通|出行|通行|适用|限行|车辆).{0,2}(?:方式|对象|类型|人群|工具|范围)|^mode",
    "kph": r"[车时限]速|速度|kph|kmh",
    "class": r"(?:道路|公路)(?:类型|类别|等级|级别)|road.?class",
    "way_id": r"(?:道路|路段|way).{0,2}(?:id|编号|号)$",
}
_NO_HINT = re.compile(
    "来源|渠道|主体|人次|累计|备注|说明|标准|信用|邮政|税|率|户籍|登记|合同|租约|减免|^原|(?:单位|依据|文号)(?:名称)?$"
)

DECISIVE = frozenset({
    "opened_on", "closed_on", "operating", "cost_once_yuan", "cost_yearly_yuan", "capacity_people", "people", "unit_id",
    "urban_share", "setting", "mode", "kph",
})  # fmt: skip
"""Columns that decide who is open, what it costs and who counts: without them figures are wrong, not only names."""


GRAVE = frozenset({"header_near_decisive"})
"""Doubts of these that may make figures void."""


def near_headers(
    spare: Sequence[str], contract: Sequence[Column], filled: Collection[str]
) -> Iterator[tuple[str, Column]]:
    """Find headers that nobody reads and that nearly say what an absent column says.

    Parameters
    ----------
    spare
        Headers that stand for no column.
    contract
        Columns known.
    filled
        Names of those that the table has.

    Yields
    ------
    header, column
        Each header with the first such column, the decisive ones by what they speak of, then all by their letters.
    """
    unread = (column for column in contract if column.name not in filled and not _of_a_site(column, contract))
    absent = sorted(unread, key=lambda column: column.name not in DECISIVE)
    for header in spare:
        bare = _bare(header)
        found = next((column for column in absent if _speaks_of(bare, column)), None)
        found = found or next((column for column in absent if _is_like(bare, column)), None)
        if found is not None:
            yield header, found


def near_faults(
    spare: Sequence[str], contract: Sequence[Column], filled: Collection[str], file: str, sheet: str
) -> Iterator[Fault]:
    """Doubt the headers of a table that `near_headers` finds; those near a decisive column make figures doubtful."""
    for header, column in near_headers(spare, contract, filled):
        code = "header_near_decisive" if column.name in DECISIVE else "header_near"
        values = {"header": quoted(header), "name": column.name, "called": called(column)}
        yield Fault(code, file, sheet, column=header, values=values)


def _of_a_site(column: Column, contract: Sequence[Column]) -> bool:
    """Whether it is the community of a site: a code in a table of sites is the outlet's own, or its county's.

    A count that is asked in each community names the column where it is missing.
    """
    return column.name == "unit_id" and contract[0].name == "site_id"


@cache
def _bare(header: str) -> str:
    """Return a header without what stands in brackets and without a year."""
    return re.sub(r"\([^)]*\)|(?:19|20)[0-9]{2}年?", "", plain(header)).casefold()


def _speaks_of(bare: str, column: Column) -> bool:
    hint = _HINTS.get(column.name)
    if hint is None or re.search(hint, bare) is None:
        return False
    return column.name == "urban_share" or _NO_HINT.search(bare) is None


def _is_like(bare: str, column: Column) -> bool:
    words = (_bare(word) for word in (column.name, *column.synonyms))
    ends, least = [end for end in _ENDS if bare.endswith(end)], _VERY_LIKE if column.name in _HINTS else _LIKE
    return any(
        SequenceMatcher(None, bare, word).ratio() >= least
        for word in words
        if word and [end for end in _ENDS if word.endswith(end)] == ends
    )
