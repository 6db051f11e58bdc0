"""Which unit a line above a header says that figures are in, and whether the columns below count in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from planner.grammar import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from planner.columns import Column

_TEN_THOUSANDS = re.compile(r"单位:\(?[^:]*?(?<!\d)万(?:人次|人|元|户|名|个)?(?!\w)")  # and not 万寿路街道办事处
_REMARK = re.compile(r"\([^)]*\d[^)]*\)")
_WORD = "[十百千亿]*(?:人次|人数|个人|人|名|个|户数|户|家|元)|[十百千亿]"
_LINE = re.compile(rf"单位:\(?((?:{_WORD})(?:[、,/;和](?:{_WORD}))*)(?![\w、])")
_SCALES = tuple("十百千亿")
_PEOPLE = {"人", "名", "个", "人数", "个人"}
_MARKED = ("人)", "元)")


def wrong_unit(text: str, columns: Iterable[tuple[Column, str]]) -> tuple[str, str]:
    """Say which fault a line above a header shows.

    Parameters
    ----------
    text
        The line. 单位：百人 names a unit; 填报单位：某局 names an office, and no unit.
    columns
        Columns of the contract that the table has, with their headers.

    Returns
    -------
    fault
        Code and unit: ``title_ten_thousands`` where a figure may be in ten thousands; ``title_unit`` where people or
        yuan whose header names no unit are counted in another one (hundreds, households); empty where none is.
    """
    line = _REMARK.sub("", plain(text))
    if _TEN_THOUSANDS.search(line):
        return "title_ten_thousands", ""
    said = _LINE.search(line)
    if said is None:
        return "", ""
    unmarked = {column.unit for column, header in columns if not plain(header).endswith(_MARKED)}
    units = re.split("[、,/;和]", said[1])
    people = [unit for unit in units if not unit.endswith("元")]
    money = [unit for unit in units if unit.endswith("元") or unit in _SCALES]
    scaled = {
        kind for kind, found in (("people", people), ("yuan", money)) if any(u.startswith(_SCALES) for u in found)
    }
    others = {"people"} if people and not _PEOPLE & set(people) else set()
    return ("title_unit", said[1]) if unmarked & (scaled | others) else ("", "")
