"""The reference of the scenario file, written from its models: ``python docs/make_reference.py``.

What a key means stands among the words of the scenario workbook (planner/assets/words/scenariobook.toml); type,
bounds, default and what becomes of it under ``extends`` are the models' own; samples are cut from scenario_sample.toml.
"""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel

from planner.bookkeys import Key, Page, choice_label, label, names_from, pages, sheet_name, word_of
from planner.fields import CLOCK, CODE
from planner.merging import REPLACED
from planner.schema import IDENTITY, Scenario
from planner.speeds import CLASS_KPH
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydantic.fields import FieldInfo

    from planner.terms import Language

FOLDER = Path(__file__).parent
SAMPLE = FOLDER / "scenario_sample.toml"
FILES: Mapping[Language, Path] = {"en": FOLDER / "scenario.md", "zh": FOLDER / "scenario.zh-CN.md"}

WORDS: Mapping[str, tuple[str, str]] = {
    "text": ("text", "文字"),
    "whole": ("whole number", "整数"),
    "number": ("number", "数"),
    "flag": ("`true` or `false`", "`true`（是）或 `false`（否）"),
    "date": ("date, as `2026-06-30`", "日期，如 `2026-06-30`"),
    "choice": ("one of {list}", "取其一：{list}"),
    "texts": ("list of texts", "若干文字"),
    "texts_of": ("list of {list}", "可取若干：{list}"),
    "map": ("table, each name = {inner}", "一组“名称 = {inner}”"),
    "toml": ("any value", "任何值"),
    "entries": ("list of tables with {list}", "若干条，各有 {list}"),
    "clock": ("time of day, as `08:30`", "时刻，如 `08:30`"),
    "code": ("text without spaces and `;`", "文字，不含空格和 `;`"),
    "refers": ("as `{key}` of `{section}`", "同 `{section}` 的 `{key}`"),
    "gt": ("above {bound}", "大于 {bound}"),
    "ge": ("at least {bound}", "不小于 {bound}"),
    "lt": ("below {bound}", "小于 {bound}"),
    "le": ("at most {bound}", "不大于 {bound}"),
    "separator": (", ", "，"),
    "items": (", ", "、"),
    "m": ("metres", "米"),
    "km": ("kilometres", "公里"),
    "kph": ("km/h", "公里/小时"),
    "minutes": ("minutes", "分钟"),
    "s": ("seconds", "秒"),
    "years": ("years", "年"),
    "yuan": ("yuan", "元"),
    "people": ("people", "人"),
    "share": ("a share: 0.9 is 90 %", "比例：0.9 为 90%"),
    "needed": ("**must be given**", "**必填**"),
    "needed_in": ("must be given where `{table}` is", "写了 `{table}` 的，必填"),
    "none": ("none", "无"),
    "all": ("all of them", "全部"),
    "not_inherited": ("not taken over", "不沿用"),
    "which": ("tells entries apart", "区分条目"),
    "replaced": ("replaced", "替换"),
    "merged": ("merged by name", "按名称合并"),
    "rival": ("replaced; drops the other of `minutes`, `km`", "替换；`minutes`、`km` 中写了一个就去掉另一个"),
    "never": ("—", "—"),
    "key": ("Key", "键"),
    "type": ("Value", "取值"),
    "default": ("Default", "默认"),
    "extends": ("With `extends`", "沿用方案时"),
    "meaning": ("Meaning", "含义"),
    "once": ("A section that stands once.", "只写一节。"),
    "entry": ("One section for each entry.", "每条写一节。"),
    "required": ("A scenario cannot do without it.", "方案必须有。"),
    "by_identity": (
        "With `extends`, an entry of the same {list} changes the parent's key by key; others are added.",
        "沿用方案时，{list} 相同的条目逐键合并，其余的是新增。",
    ),
    "whole_list": (
        "With `extends`, whoever writes any entry writes all of them.",
        "沿用方案时，写了任何一条，就要把各条都写出来。",
    ),
    "sample": ("Sample:", "示例："),
}
"""Words of the reference itself, in English and Chinese."""

UNITS = ("m", "km", "kph", "minutes", "s", "years", "yuan", "people")
"""What a key's name ends in, and its values are counted in."""

COUNTED: Mapping[str, set[str]] = {
    "share": {"share", "shares", "community_rule", "co_build_discount", "gap", "drive_factor"},
    "yuan": {"budgets"},
    "kph": {"class_kph"},
}
"""Keys, and tables of keys, whose names do not end in what their values are counted in."""

BOUNDS = ("gt", "ge", "lt", "le")

INTRO: Mapping[Language, str] = {
    "en": """\
# Scenario reference

<!-- written by docs/make_reference.py; change the models, the words of the workbook or scenario_sample.toml -->

A scenario is one TOML file (UTF-8), or a workbook of the same content: the names of its sheets and lines stand beside
those of sections and keys here, and `planner scenario convert` turns one into the other. A key that is not listed
here is a fault and named; `planner check` tells all faults with their lines.

- **Default** holds where a key is not written (in a workbook: where the cell is empty).
- **Paths** start from the folder of the scenario file.
- A **key with a dot**, such as `applies_to.setting`, is a key of a table within: `applies_to = { setting = "urban" }`.
- **`extends`** names another scenario that this one changes. Single values and lists are replaced, tables are merged
  key by key, and entries of a list of sections are matched by what tells them apart; `remove = true` drops one.
  A file that is extended may not extend a third. A policy pack (`policy`) is taken over in the same way, below both.
- Exact numbers: shares, minutes and kilometres are read as they are written, with no rounding.

The samples make one scenario: [scenario_sample.toml](scenario_sample.toml). A file to start from is made by
`planner new`; [tutorial.md](tutorial.md) goes through a whole plan.

""",
    "zh": """\
# 方案文件说明

<!-- 由 docs/make_reference.py 生成；要改，请改模型、工作簿的词句或 scenario_sample.toml -->

方案是一个 TOML 文件（UTF-8），也可以是内容相同的工作簿：下文各节、各键旁边的名称就是工作簿里的表名和项目名，
两者用 `planner scenario convert` 互转。这里没有列出的键会当作错误指出来；`planner check` 一次列出全部错误和所在的行。

- **默认**：不写这个键时（工作簿里空着时）的取值。
- **路径**从方案文件所在的文件夹算起。
- **带点的键**，如 `applies_to.setting`，是里面一层的键，写作 `applies_to = { setting = "urban" }`。
- **`extends`** 写另一个方案，本方案在它上面改动。单个值和清单整个替换，里面的表逐键合并，分条的节按“区分条目”的键
  对上后合并；`remove = true` 删去一条。被沿用的方案不能再沿用第三个。政策包（`policy`）同样合并，排在两者之下。
- 数按所写的精确计算：比例、分钟、公里不作舍入。

各节示例合起来是一个完整的方案：[scenario_sample.toml](scenario_sample.toml)。新方案由 `planner new` 建立；
从头到尾做一个方案，见[教程](tutorial.zh-CN.md)。

""",
}


def word(name: str, language: Language, /, **values: str) -> str:
    """Return a word of the reference."""
    return WORDS[name][language == "zh"].format(**values)


# --- the models ------------------------------------------------------------------------------------------------


def _within(annotation: Any) -> Iterator[Any]:
    """Every type within a type, itself first, and what is said about each."""
    yield annotation
    for inner in (*get_args(annotation), *getattr(annotation, "metadata", ())):
        yield from _within(inner)


def field_of(page: Page, key: Key) -> FieldInfo | None:
    """Return the field of the models that a key is; None for `extends` and `remove`, which no model holds."""
    model: type[BaseModel] = Scenario
    info: FieldInfo | None = None
    for name in (*page.section, *key.path):
        info = model.model_fields.get(name)
        inner = _within(info.annotation) if info else ()
        model = next((one for one in inner if isinstance(one, type) and issubclass(one, BaseModel)), model)
    return info


def _said(info: FieldInfo | None, name: str) -> Any:
    """Return a bound or a pattern of a field; None where it has none."""
    told = (*info.metadata, *_within(info.annotation)) if info else ()
    return next((value for one in told if (value := getattr(one, name, None)) is not None), None)


def _entry_keys(info: FieldInfo | None) -> list[str]:
    """Keys of the tables that a key lists; none where it lists no tables."""
    inner = list(_within(info.annotation)) if info else []
    return next((list(one.model_fields) for one in inner if isinstance(one, type) and issubclass(one, BaseModel)), [])


# --- cells -----------------------------------------------------------------------------------------------------


def type_words(page: Page, key: Key, language: Language) -> str:
    """Return what may stand as a key's value: its kind, what it refers to, its bounds and its unit."""
    info = field_of(page, key)
    patterns = {CLOCK: "clock", CODE: "code"}
    listed = word("items", language).join(_choice(key, choice, language) for choice in key.choices)
    if key.kind == "choice" or (key.kind == "texts" and key.choices):
        kind = word("choice" if key.kind == "choice" else "texts_of", language, list=listed)
    elif key.kind == "toml" and (inside := _entry_keys(info)):
        kind = word("entries", language, list=word("items", language).join(f"`{name}`" for name in inside))
    elif key.kind == "map":
        kind = word("map", language, inner=word(key.inner, language))
    else:
        kind = word(patterns.get(_said(info, "pattern"), key.kind), language)
    parts = [kind]
    if source := names_from(page, key):
        section = next(one for one in pages() if one.name == source[0])
        parts.append(word("refers", language, key=source[1], section=header(section)))
    parts += [word(name, language, bound=_plain(bound)) for name in BOUNDS if (bound := _said(info, name)) is not None]
    numeric = {key.kind, key.inner} & {"whole", "number"}
    unit = next((unit for unit in UNITS if key.path[-1].split("_")[-1] == unit), "")
    unit = next((unit for unit, names in COUNTED.items() if {key.path[0], key.path[-1]} & names), unit)
    return word("separator", language).join([*parts, *([word(unit, language)] if unit and numeric else [])])


def _choice(key: Key, choice: str, language: Language) -> str:
    told = choice_label(key, choice, language).removeprefix(choice).strip(" （）()")
    return f'`"{choice}"`' + ("" if not told else f" ({told})" if language == "en" else f"（{told}）")


def _plain(number: Any) -> str:
    """Return a number in digits, without zeros that say nothing."""
    text = f"{Decimal(str(number)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def default_words(page: Page, key: Key, language: Language) -> str:
    """Return what holds where a key is not written."""
    value = key.default
    if key.path[0] == "class_kph":
        value = Decimal(str(CLASS_KPH[key.path[-1]]))
    if key.required:
        return word("needed", language)
    if (info := field_of(page, key)) and info.is_required():
        return word("needed_in", language, table=key.path[0])
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, int | Decimal):
        return f"`{_plain(value)}`"
    if isinstance(value, str) and value:
        return f'`"{value}"`'
    return word("all" if value else "none", language)


def extends_words(page: Page, key: Key, language: Language) -> str:
    """Return what becomes of the parent's value where a scenario that extends it writes the key."""
    section = ".".join(page.section)
    if not page.section and key.name in {"name", "title"}:
        kind = "not_inherited"
    elif key.name in {"extends", "remove"}:
        kind = "never"
    elif page.entries and key.name in IDENTITY.get(section, ()):
        kind = "which"
    elif key.name in {"minutes", "km"}:
        kind = "rival"
    else:
        kind = "merged" if key.kind == "map" and f"{section}[].{key.name}" not in REPLACED else "replaced"
    return word(kind, language)


def meaning(page: Page, key: Key, language: Language) -> str:
    """Return what a key means, in the words of the workbook."""
    told = word_of(page, key, "note")
    if told is None:
        raise KeyError(f"book.key.{page.name}.{'_'.join(key.path)}.note")
    return say(told, language).replace("|", "\\|")


# --- pages -----------------------------------------------------------------------------------------------------


def header(page: Page) -> str:
    """Return the header of a section as TOML has it; nothing for the keys before all sections."""
    name = ".".join(page.section)
    return f"[[{name}]]" if page.entries else f"[{name}]" if name else ""


def samples() -> Mapping[str, str]:
    """Return the samples by the first part of their section's name: all that the sample file says below its header."""
    text = SAMPLE.read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=\[)", re.sub(r"\A(#[^\n]*\n)+\n", "", text))
    found: dict[str, str] = {}
    for block in blocks:
        head = re.match(r"\[+[a-z_.]+\]+", block)
        name = head[0] if head else ""
        name = name if name.strip("[]") in {".".join(page.section) for page in pages()} else f"[{_outer(name)}]"
        found[name] = "\n\n".join(part for part in (found.get(name, ""), block.strip()) if part)
    return found


def _outer(name: str) -> str:
    return name.strip("[]").split(".")[0]


def _section(page: Page, sample: str, language: Language) -> Iterator[str]:
    """Lines of one section: what it is, a sample, a table of its keys."""
    title = sheet_name(page.name, language)
    yield f"## {title}" + (f" `{header(page)}`" if page.section else "")
    yield ""
    told = [say(f"book.sheet.{page.name}.note", language)]
    told += [word("entry" if page.entries else "once", language)] if page.section else []
    told += [word("required", language)] if page.required else []
    if page.entries:
        names = word("items", language).join(f"`{name}`" for name in IDENTITY.get(".".join(page.section), ()))
        told.append(word("by_identity", language, list=names) if names else word("whole_list", language))
    yield (" " if language == "en" else "").join(told)
    yield from ("", word("sample", language), "", "```toml", *sample.splitlines(), "```", "")
    heads = [word(name, language) for name in ("key", "type", "default", "extends", "meaning")]
    yield _row(heads)
    yield _row(["---"] * len(heads))
    for key in page.keys:
        cells = [
            type_words(page, key, language),
            default_words(page, key, language),
            extends_words(page, key, language),
        ]
        yield _row([f"`{key.name}`<br>{label(page, key, language)}", *cells, meaning(page, key, language)])
    yield ""


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def reference(language: Language) -> str:
    """Return the reference in a language."""
    cut = samples()
    lines = [line for page in pages() for line in _section(page, cut[header(page)], language)]
    return INTRO[language] + "\n".join(lines)


if __name__ == "__main__":
    for language, path in FILES.items():
        path.write_text(reference(language), encoding="utf-8", newline="\n")
