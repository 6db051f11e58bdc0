"""The scenario as a workbook: the same data as its TOML form, faults at their cells, and nothing lost on the way."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import re
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from typer.testing import CliRunner

from planner import bookcells, bookwriter, conversion, pipeline
from planner.bookcells import cell_of, read_value, same, to_toml
from planner.bookkeys import GUIDE, OTHER, Key, Page, _keys, choice_label, folded, label, pages, sheet_name, word_of
from planner.cli import _language_of, app
from planner.errors import BlockedError, ScenarioError
from planner.glance import glance
from planner.scenario import load
from planner.scenariobook import read_book, read_book_bytes
from planner.tomlfile import TomlFile, read_toml
from planner.words import LANGUAGES, say, tell
from runs import RUN
from town import SCENARIO, demand_csv, osm_xml, write_town
from workbook import Formula, sheet_xml, write_xlsx

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from typer.testing import Result

    from planner.errors import Fault
    from planner.terms import Language

TEMPLATE = Path(bookwriter.__file__).parent / "assets" / "template" / "scenario.toml"
SCENARIOS = sorted((Path(__file__).parents[1] / "scenarios").glob("*.toml"))


def planner(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def as_file(data: Mapping[str, Any]) -> TomlFile:
    return TomlFile(Path("scenario.toml"), data, ())


def there_and_back(data: Mapping[str, Any], language: Language = "zh") -> Mapping[str, Any]:
    return read_book_bytes(Path("方案.xlsx"), bookwriter.write_book(as_file(data), language)).data


# --- words -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_key_has_a_label_and_a_note_of_its_own(page: Page) -> None:
    for key in page.keys:
        assert word_of(page, key, "label") is not None, f"no label for {page.name}.{key.name}"
        assert word_of(page, key, "note") is not None, f"no note for {page.name}.{key.name}"
    for language in LANGUAGES:
        names = [folded(label(page, key, language)) for key in page.keys]
        assert len(set(names)) == len(names)
    named: dict[str, Key] = {}
    for key in page.keys:
        for name in {folded(label(page, key, language)) for language in LANGUAGES} | {folded(key.name)}:
            assert named.setdefault(name, key) is key, f"“{name}” may be {named[name].name} or {key.name}"
    assert not set(named) & {folded(say("book.head.key", language)) for language in LANGUAGES}


def test_sheets_have_names_that_excel_takes() -> None:
    names = [GUIDE, *(page.name for page in pages()), OTHER]
    for language in LANGUAGES:
        shown_names = [sheet_name(name, language) for name in names]
        assert len(set(map(folded, shown_names))) == len(names)
        assert all(len(name) <= 31 and not set(name) & set(r"[]:*?/\'") for name in shown_names)
        assert all(say(f"book.sheet.{name}.note", language) for name in names)


def test_choices_are_told_apart_by_their_labels() -> None:
    for key in (key for page in pages() for key in page.keys if key.choices):
        for language in LANGUAGES:
            names = [folded(choice_label(key, choice, language)) for choice in key.choices]
            assert len(set(names)) == len(names)
            assert not any("," in name for name in names), "a drop-down is a list with commas between"
        for choice in key.choices:
            for language in LANGUAGES:
                read = read_value(key, choice_label(key, choice, language))
                assert read == ([choice] if key.kind == "texts" else choice)


class _Inner(BaseModel):
    depth_m: Decimal = Decimal(3)


class _Model(BaseModel):
    name: str
    either: int | str = 0
    some: tuple[Literal["a", "b"], ...] = ()
    of: Annotated[int, Field(ge=0)] | None = None
    inner: _Inner | None = None
    rows: tuple[_Inner, ...] = ()


def test_a_key_of_any_kind_has_its_cell() -> None:
    found = {key.name: (key.kind, key.required) for key in _keys(_Model)}
    assert found == {
        "name": ("text", True), "either": ("toml", False), "some": ("texts", False), "of": ("whole", False),
        "inner.depth_m": ("number", False),
    }  # fmt: skip


def test_every_section_of_the_models_has_its_sheet() -> None:
    sections = {".".join(page.section): page for page in pages()}
    assert {
        "",
        "roads",
        "demand",
        "demand.table",
        "sites.table",
        "facility",
        "standard",
        "goal",
        "count",
        "phase",
    } < set(sections)
    assert {"rules", "rules.spacing", "rules.near_people", "siting", "document", "group", "size"} < set(sections)
    assert "remove" in {key.name for key in sections["goal"].keys}
    assert "remove" not in {key.name for key in sections["rules.spacing"].keys}
    needed = {name for name, page in sections.items() if page.required}
    assert {"", "roads", "facility", "standard"} <= needed
    assert not needed & {"areas", "goal", "siting", "rules.spacing"}


# --- the same data -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [TEMPLATE, *SCENARIOS], ids=lambda path: path.stem)
def test_scenarios_come_back_as_they_are(path: Path) -> None:
    data = read_toml(path).data
    assert same(there_and_back(data), data)
    assert same(there_and_back(data, "en"), data)


def test_what_is_written_but_empty_comes_back() -> None:
    data = {
        "demand": {"totals": [{"expected": []}], "table": []},
        "standard": [{"id": "[]"}, {"id": "{}", "applies_to": {}}],
        "rules": {"spacing": [], "force_open": []},
        "areas": {},
        "siting": {"budgets": {}},
        "sites": {"table": [{"file": "a", "columns": {}}]},
    }
    assert same(there_and_back(data), data)


def test_the_same_data_give_the_same_bytes() -> None:
    file = read_toml(TEMPLATE)
    assert bookwriter.write_book(file, "zh") == bookwriter.write_book(file, "zh")


LETTERS = st.characters(exclude_categories=["Cs"])
TEXTS = st.text(LETTERS, max_size=12) | st.sampled_from(
    ["", " a", "a ", '"', '""', "[]", "{}", "[x", "{x", "=1+1", "#REF!", "-", "001", "370000001001", "1e5", "TRUE",
     "是", "a;b", "a；b", "a\nb", "a=b", "_x0041_", "_x005F_", "a_x000D_", "\ufffe", "\u3000a", "济南市　方案", "C:\\u",
     "http://x", "true", "2026-06-30", "0.5", "'x", "键名", "项目"]
)  # fmt: skip
WHOLES = st.integers(0, 10**13) | st.sampled_from([0, 1, 2026, 10**13])
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=4) | (
    st.sampled_from(["0.90", "4.0", "0.9", "1E+3", "1E-7", "0.30000000000000004", "-0.0", "123456789.123456789"])
).map(Decimal)
DATES = st.dates(dt.date(1800, 1, 1))
NAMES = st.text(LETTERS, min_size=1, max_size=6) | st.sampled_from(
    ["就业补助资金", "urban-people", "lon", "a b", "a.b", "a=b", '"', "#", "[x]", "zh"]
)
SCALARS = TEXTS | WHOLES | DECIMALS | DATES | st.booleans()
ANY = st.recursive(
    SCALARS | st.times(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)
KINDS: Mapping[str, st.SearchStrategy[Any]] = {
    "text": TEXTS, "whole": WHOLES, "number": DECIMALS | WHOLES, "flag": st.booleans(), "date": DATES, "toml": ANY,
}  # fmt: skip


def values(key: Key) -> st.SearchStrategy[Any]:
    if key.kind == "choice":
        return st.sampled_from(key.choices)
    if key.kind == "texts":
        return st.lists(st.sampled_from(key.choices) if key.choices else TEXTS, max_size=3)
    return st.dictionaries(NAMES, KINDS[key.inner], max_size=3) if key.kind == "map" else KINDS[key.kind]


@st.composite
def tables(draw: st.DrawFn, keys: Sequence[Key]) -> dict[str, Any]:
    """Some of the keys, or all of them, or a table within with nothing in it."""
    table: dict[str, Any] = {}
    share = draw(st.sampled_from([0, 1, 2, 2]))
    for key in keys:
        if share == 2 or (share and draw(st.booleans())):
            inner = table
            for part in key.path[:-1]:
                inner = inner.setdefault(part, {})
            inner[key.path[-1]] = draw(values(key))
    for group in {key.path[0] for key in keys if len(key.path) > 1} - set(table):
        if draw(st.integers(0, 4)) == 0:
            table[group] = {}
    return table


@st.composite
def scenarios(draw: st.DrawFn) -> dict[str, Any]:
    """Data of every section and key of the models, and of sections that they do not know."""
    data: dict[str, Any] = {}
    chosen = draw(st.sets(st.sampled_from([page.name for page in pages()]), max_size=8))
    for page in pages():
        if page.name not in chosen:
            continue
        entries = st.lists(tables(page.keys).filter(bool), max_size=3)
        found: Any = draw(entries if page.entries else tables(page.keys))
        inner = data
        for part in page.section[:-1] if page.entries else page.section:
            inner = inner.setdefault(part, {})
        inner |= {page.section[-1]: found} if page.entries else found
    unknown = st.dictionaries(
        NAMES.map(lambda name: "x" + name), ANY | st.lists(tables(pages()[0].keys), max_size=2), max_size=2
    )
    return {**data, **draw(unknown)}


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios(), st.sampled_from(LANGUAGES))
def test_nothing_is_lost_between_the_two_forms(data: dict[str, Any], language: Language) -> None:
    book = bookwriter.write_book(as_file(data), language)
    file = read_book_bytes(Path("方案.xlsx"), book)
    assert same(file.data, data)
    again = conversion._data(Path("a.toml"), conversion._toml(file))
    assert same(again, data)


@settings(max_examples=75, deadline=None)
@given(st.data())
def test_every_value_has_a_cell_that_reads_as_it(data: st.DataObject) -> None:
    page = data.draw(st.sampled_from(pages()))
    key = data.draw(st.sampled_from(page.keys))
    value = data.draw(values(key))
    cell = cell_of(key, value, data.draw(st.sampled_from(LANGUAGES)))
    assert cell is not None
    held = float(cell) if type(cell) is int else cell
    assert same(read_value(key, held), value)


@settings(max_examples=70, deadline=None)
@given(ANY)
def test_toml_on_one_line_reads_as_its_value(value: object) -> None:
    text = to_toml(value)
    assert "\n" not in text
    assert same(bookcells.from_toml(text), value)


def test_plain_values_stand_in_plain_cells() -> None:
    def cell(kind: Any, value: object, **more: Any) -> object:
        return cell_of(Key(("k",), kind, **more), value, "zh")

    assert cell("number", Decimal("0.9")) == 0.9
    assert cell("number", Decimal("0.90")) == "0.90"
    assert cell("number", 15) == 15
    assert cell("whole", 2026) == 2026
    assert cell("text", "001") == "001"
    assert cell("text", "") == '""'
    assert cell("texts", ["station", "e_station"]) == "station；e_station"
    assert cell("texts", []) == "[]"
    assert cell("texts", ["a;b"]) == '["a;b"]'
    assert cell("map", {"就业补助资金": 800_000}, inner="whole") == "就业补助资金 = 800000"
    assert cell("map", {"type": "station", "unit_id": "001", "people": 0}, inner="toml") == (
        "type = station\nunit_id = 001\npeople = 0"
    )
    assert cell("map", {"code": "100"}, inner="toml") == 'code = "100"'
    assert cell("map", {}) == "{}"
    assert cell("flag", value=True) == "是"
    assert cell("choice", "walk", choices=("walk", "drive")) == "walk"
    assert cell("date", dt.date(2026, 6, 30)) == dt.date(2026, 6, 30)
    assert cell("whole", Decimal("1.5")) is None
    assert cell("number", "0.5") is None
    assert cell("number", Decimal("NaN")) is None
    assert cell("text", "x" * 40_000) is None


# --- reading what a user fills in --------------------------------------------------------------------------------

DATE = dt.date(2026, 6, 30)
TOP_ROWS: list[list[object]] = [["项目", "填写"], ["方案名", "town"], ["标题", "小镇方案"], ["数据截止日期", DATE]]
STANDARDS: list[list[object]] = [["标准编号", "分钟", "算数的网点类型"], ["walk-5", 5, "station"]]


def book(folder: Path, sheets: Mapping[str, Sequence[Sequence[object]]], **how: Any) -> Path:
    path = folder / "方案.xlsx"
    write_xlsx(path, {name: sheet_xml(rows) for name, rows in sheets.items()}, **how)
    return path


def faults(path: Path) -> list[Fault]:
    with pytest.raises(ScenarioError) as caught:
        read_book(path)
    return list(caught.value.faults)


def test_cells_are_read_as_they_are_meant(tmp_path: Path) -> None:
    keys = ["km", "minutes", "id", "served_by", "applies_to.setting", "mode"]
    entry = ["d.csv", 'type = x\ncode = "001"\npeople = 0\nday = 2026-01-02', 'a = "1"', "gcj02"]
    path = book(tmp_path, {
        "方案": [["项目", "填写", "说明"], *TOP_ROWS[1:], ["语言", "中文"]],
        "标准": [
            keys, [1.5, "", "a", "station； gig\ne", "城区", "on foot"], ["", "", "", ""],
            ["", "7.50", "b", "x", "rural", "行车"],
        ],
        "Goals": [["Goal id", "Share", "Backup", "Of"], ["g", 0.9, True, "社区"], ["h", "0.90", "否", "people"]],
        "分年": [
            ["年份", "年度预算（元）", "当年起的比例", "分资金渠道（元）"],
            [2026.0, 2_000_000, "a = 0.40", "就业补助资金＝800000；其他=1"],
        ],
        "人口表": [["文件", "默认值", "只取哪些行", "坐标系"], entry],
        "选址": [["最多新建（处）", Formula("2+2", 4)]],
    })  # fmt: skip
    data = read_book(path).data
    assert data["data_date"] == dt.date(2026, 6, 30)
    assert type(data["data_date"]) is dt.date
    assert data["language"] == "zh"
    first, second = data["standard"]
    assert same((first.pop("km"), first.pop("served_by")), (Decimal("1.5"), ["station", "gig", "e"]))
    assert first == {"id": "a", "applies_to": {"setting": "urban"}, "mode": "walk"}
    assert same(second["minutes"], Decimal("7.50"))
    assert same([goal["share"] for goal in data["goal"]], [Decimal("0.9"), Decimal("0.90")])
    assert [goal["backup"] for goal in data["goal"]] == [True, False]
    assert [goal["of"] for goal in data["goal"]] == ["communities", "people"]
    (phase,) = data["phase"]
    assert same(phase["year"], 2026)
    assert same(phase["shares"], {"a": Decimal("0.40")})
    assert same(phase["budgets"], {"就业补助资金": 800_000, "其他": 1})
    (table,) = data["demand"]["table"]
    assert same(table["defaults"], {"type": "x", "code": "001", "people": 0, "day": dt.date(2026, 1, 2)})
    assert same(table["keep"], {"a": "1"})


@pytest.mark.parametrize(
    ("number", "read"),
    [(0.9, Decimal("0.9")), (0.1 + 0.2, Decimal("0.3")), (15.0, 15), (1e-7, Decimal("1E-7"))],
)  # fmt: skip
def test_a_number_is_read_as_excel_shows_it(tmp_path: Path, number: float, read: object) -> None:
    path = tmp_path / "方案.xlsx"
    rows: list[list[object]] = [["目标编号", "比例"], ["g", number]]
    write_xlsx(path, {"目标": sheet_xml(rows).replace("<v>0.9</v>", "<v>0.90000000000000002</v>")})
    assert same(read_book(path).data["goal"][0]["share"], read)


WRONG: list[tuple[str, str, Sequence[Sequence[object]], str]] = [
    ("book_label_near", "标准", [["标准编号", "分种"], ["a", 5]], "B1"),
    ("book_label", "标准", [["标准编号", "qqqqqq"], ["a", 5]], "B1"),
    ("book_label_near", "选址", [["项目", "填写"], ["最多新建", 5]], "A2"),
    ("book_twice", "标准", [["标准编号", "分钟", "Minutes"], ["a", 5, 5]], "C1"),
    ("book_twice", "选址", [["计费年数", 5], ["horizon_years", 5]], "A2"),
    ("book_headless", "标准", [["标准编号"], ["a", "5"]], "B2"),
    ("book_nameless", "选址", [["项目", "填写"], ["", 5]], "B2"),
    ("book_not_text", "标准", [["标准编号"], [370000001001]], "A2"),
    ("book_not_text", "标准", [["标准编号"], [dt.date(2026, 6, 30)]], "A2"),
    ("book_not_text", "规则", [["必建", 3]], "B1"),
    ("book_digits", "选址", [["总预算（元）", 1e16]], "B1"),
    ("cell_fraction", "选址", [["总预算（元）", 1.5]], "B1"),
    ("cell_fraction", "选址", [["总预算（元）", "1.5"]], "B1"),
    ("cell_number_near", "选址", [["总预算（元）", "5,000,000"]], "B1"),
    ("cell_number_near", "目标", [["目标编号", "比例"], ["a", "90%"]], "B2"),
    ("cell_number_near", "目标", [["目标编号", "比例"], ["a", "０．９"]], "B2"),
    ("cell_number", "目标", [["目标编号", "比例"], ["a", "九成"]], "B2"),
    ("cell_number", "目标", [["目标编号", "比例"], ["a", True]], "B2"),
    ("cell_too_large", "选址", [["总预算（元）", "9" * 50]], "B1"),
    ("cell_date_near", "方案", [["数据截止日期", "2026/6/30"]], "B1"),
    ("cell_date", "方案", [["数据截止日期", 2026]], "B1"),
    ("cell_choice", "标准", [["标准编号", "出行方式"], ["a", "骑车"]], "B2"),
    ("cell_choice", "目标", [["目标编号", "要两处覆盖"], ["a", "也许"]], "B2"),
    ("cell_choice", "找候选点", [["公共场所", "图书馆；茶馆"]], "B1"),
    ("book_pair", "选址", [["分资金渠道（元）", "800000"]], "B1"),
    ("book_pair", "选址", [["分资金渠道（元）", 800000]], "B1"),
    ("book_pair_twice", "选址", [["分资金渠道（元）", "a = 1\na = 2"]], "B1"),
    ("cell_number_near", "选址", [["分资金渠道（元）", "a = 1万"]], "B1"),
    ("book_toml", "规则", [["必建", '["a", "b]']], "B1"),
    ("book_value_head", "选址", [["项目", "负责科室", "说明"], ["计费年数", 5]], "B1"),
    ("book_value_head", "其他", [["键名（TOML 写法）", "科室"]], "B1"),
    ("book_twice", "选址", [["项目", "填写", "Value"], ["计费年数", 5]], "C1"),
    ("book_beside", "选址", [["计费年数", "", "", 5]], "D1"),
    ("book_beside", "选址", [["项目", "", "填写", "说明"], ["计费年数", 5, "", "年"]], "B2"),
    ("cell_error", "选址", [["总预算（元）", "#REF!"]], "B1"),
    ("cell_formula", "选址", [["总预算（元）", Formula("1+1")]], "B1"),
    ("cell_formula", "标准", [["标准编号", "分钟"], ["a", ""], ["", Formula("1+1")]], "B3"),
    ("personal_id", "方案", [["标题", "11010519491231002X"]], "B1"),
    ("book_path", "其他", [["policy"]], "A1"),
    ("book_path", "其他", [["a b", '"x"']], "A1"),
    ("book_toml", "其他", [["policy", "weihai"]], "B1"),
]


@pytest.mark.parametrize(("code", "sheet", "rows", "cell"), WRONG)
def test_a_fault_names_its_sheet_and_cell(
    tmp_path: Path, code: str, sheet: str, rows: Sequence[Sequence[object]], cell: str
) -> None:
    (fault,) = faults(book(tmp_path, {sheet: rows}))
    assert (fault.code, fault.sheet, fault.cell) == (code, sheet, cell)
    for language in LANGUAGES:
        place, what, cure = tell(fault, language)
        assert cell in place
        assert what
        assert cure
    assert f"工作表“{sheet}”，单元格 {cell}" in tell(fault, "zh")[0]


@pytest.mark.parametrize("heading", ["负责科室", ""])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_columns_that_a_user_puts_in_change_nothing(tmp_path: Path, heading: str, at: int) -> None:
    keys: list[list[object]] = [["项目", "填写", "说明"], ["计费年数", 5, "年"], ["最多新建（处）", "", "处"]]
    others: list[list[object]] = [["键名（TOML 写法）", "值（TOML 写法）"], ["policy", "3"]]
    for sheet, lines in (("选址", keys), ("其他", others)):
        for row in lines:
            row.insert(at, heading if row is lines[0] else "就业科" if heading else "")
        data = read_book(book(tmp_path, {sheet: lines})).data
        assert data == ({"siting": {"horizon_years": 5}} if sheet == "选址" else {"policy": 3})


@pytest.mark.parametrize(("cached", "read"), [(4, True), (0, False), (None, False)])
def test_values_are_read_where_a_program_asks_for_calculation_all_the_same(
    tmp_path: Path, cached: float | None, *, read: bool
) -> None:
    path = book(tmp_path, {"选址": [["最多新建（处）", Formula("2+2", cached)]]}, stale=True)
    if read:
        assert read_book(path).data == {"siting": {"max_sites": cached}}
    else:
        assert [fault.code for fault in faults(path)] == ["cell_formula"]


@pytest.mark.parametrize("text", ['"重点" 与 "难点"', '"a" # "b"', '"a", "b"', '"a" b "'])
def test_words_in_quotes_are_no_toml(tmp_path: Path, text: str) -> None:
    assert read_book(book(tmp_path, {"方案": [["标题", text]]})).data == {"title": text}
    assert there_and_back({"title": text}) == {"title": text}


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    path = book(
        tmp_path, {"选址": [["总预算（元）", "x"], ["最多新建（处）", "y"]], "标准": [["标准编号", "分钟"], [1, "z"]]}
    )
    assert [(fault.sheet, fault.cell) for fault in faults(path)] == [
        ("标准", "A2"), ("标准", "B2"), ("选址", "B1"), ("选址", "B2"),
    ]  # fmt: skip


def test_sheets_that_cannot_be_read(tmp_path: Path) -> None:
    one: dict[str, list[list[object]]] = {"方案": TOP_ROWS}
    (fault,) = faults(book(tmp_path, {**one, "标准": STANDARDS}, hidden=["标准"]))
    assert (fault.code, fault.sheet) == ("book_hidden", "标准")
    (fault,) = faults(book(tmp_path, {**one, "标准 (2)": STANDARDS}))
    assert (fault.code, fault.values["near"]) == ("book_sheet_near", "标准")
    assert [fault.code for fault in faults(book(tmp_path, {**one, "Sheet1": STANDARDS}))] == ["book_sheet"]
    assert [f.code for f in faults(book(tmp_path, {"标准": STANDARDS, "Standards": STANDARDS}))] == ["book_sheet_twice"]
    assert [f.code for f in faults(book(tmp_path, {"说明": TOP_ROWS}))] == ["book_foreign"]
    table_given = [f.code for f in faults(book(tmp_path, {"Sheet1": STANDARDS, "Sheet2": STANDARDS}))]
    assert table_given == ["book_foreign"]
    # what is blank, or the guide, is no fault, hidden or not
    read_book(book(tmp_path, {**one, "Sheet1": [], "说明": [["我的备注"]]}, hidden=["Sheet1"]))


def test_merged_and_hidden_cells_are_named(tmp_path: Path) -> None:
    path = tmp_path / "方案.xlsx"
    rows = [["目标编号", "只限区市"], ["a", "历下区"], ["b", ""]]
    write_xlsx(path, {"目标": sheet_xml(rows, ["B2:B3"])})
    assert [(f.code, f.cell, f.values["rows"]) for f in faults(path)] == [("book_merged", "B2", 2)]
    write_xlsx(path, {"目标": sheet_xml(rows).replace('<row r="3"', '<row r="3" hidden="1"')})
    assert [(f.code, f.cell) for f in faults(path)] == [("book_hidden_row", "A3")]
    columns = '<cols><col min="2" max="2" hidden="1"/></cols><sheetData>'
    write_xlsx(path, {"目标": sheet_xml(rows).replace("<sheetData>", columns)})
    assert [(f.code, f.cell) for f in faults(path)] == [("book_hidden_column", "B1")]
    # notes to the right of the values are no part of the scenario
    write_xlsx(path, {"选址": sheet_xml([["最多新建（处）", 4, "说明"]], ["C1:C3"])})
    assert read_book(path).data == {"siting": {"max_sites": 4}}


def test_what_two_sheets_give_is_refused(tmp_path: Path) -> None:
    rows: dict[str, list[list[object]]] = {"选址": [["最多新建（处）", 4]], "其他": [["siting.max_sites", "5"]]}
    (fault,) = faults(book(tmp_path, rows))
    assert (fault.code, fault.sheet, fault.cell) == ("book_taken", "其他", "B1")
    rows["其他"] = [
        ["siting.new", "5"],
        ["[[clause]]", '{ id = "W1" }'],
        ["[[clause]]", '{ id = "W2" }'],
        ["siting", "{}"],
    ]
    data = read_book(book(tmp_path, rows)).data
    assert data == {"siting": {"max_sites": 4, "new": 5}, "clause": [{"id": "W1"}, {"id": "W2"}]}


def test_files_that_are_no_workbooks(tmp_path: Path) -> None:
    for name, code in (("a.xls", "book_format"), ("b.xlsx", "table_workbook"), ("c.xlsx", "file_missing")):
        path = tmp_path / name
        if name[0] != "c":
            path.write_bytes(b"no workbook")
        assert [fault.code for fault in faults(path)] == [code]
    with pytest.raises(ScenarioError):
        read_book(tmp_path / ("x" * 300 + ".xlsx"))
    (tmp_path / "deep.toml").write_text("x = " + "[" * 50_000, encoding="utf-8")
    with pytest.raises(ScenarioError):
        read_toml(tmp_path / "deep.toml")
    (tmp_path / "d.xlsx").mkdir()
    assert [fault.code for fault in faults(tmp_path / "d.xlsx")] == ["not_a_file"]


GRIDS = st.lists(
    st.lists(
        st.sampled_from(["", "项目", "标准编号", "分钟", "比例", "[]", "{}", "#N/A", "=1", "a = b", '"', "[[x]]"])
        | st.floats(allow_nan=False, allow_infinity=False) | st.booleans()
        | st.text("ab[]{}\"'=;#1.\n", max_size=6),
        max_size=5,
    ),
    max_size=5,
)  # fmt: skip


@settings(max_examples=75, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(["方案", "标准", "选址", "分年", "其他", "人口表"]), GRIDS)
def test_whatever_is_filled_in_is_read_or_refused(tmp_path: Path, sheet: str, rows: list[list[object]]) -> None:
    path = book(tmp_path, {sheet: rows})
    try:
        data = read_book(path).data
    except ScenarioError as error:
        told = [tell(fault, language) for fault in error.faults for language in LANGUAGES]
    else:
        told = []
        assert same(there_and_back(data), data)
    assert all(place and what and cure for place, what, cure in told)


# --- a scenario from a workbook ----------------------------------------------------------------------------------


def town_book(folder: Path, text: str = SCENARIO) -> Path:
    source = write_town(folder, text)
    target = folder / "方案.xlsx"
    conversion.convert(source, target, "zh")
    return target


def test_a_workbook_loads_as_its_toml(tmp_path: Path) -> None:
    target = town_book(tmp_path)
    one, other = load(tmp_path / "scenario.toml"), load(target)
    assert one.faults == other.faults == ()
    assert one.scenario == other.scenario
    assert same(one.merged, other.merged)


@pytest.mark.parametrize(
    ("old", "new", "code", "sheet", "cell"),
    [
        ('standard = "walk-5"', 'standard = "walk-6"', "unknown_name", "目标", "C2"),
        ('"station", "e_station"]', '"station", "e_staton"]', "unknown_name", "标准", "I2"),
        ("share = 0.6", "share = 1.6", "value_range", "目标", "D2"),
        ("minutes = 5\n", "", "one_cutoff", "标准", "G2"),
        ("cost_once_yuan = 80_000", "cost_once_yuan = -1", "value_range", "网点类型", "D3"),
        ('name = "就业e站"\n', "", "key_missing", "网点类型", "B3"),
        ("share = 0.6", 'share = 0.6\nclause = "X"', "unknown_clause", "目标", "B2"),
        ('file = "roads.osm"', 'file = "roads.osm"\nspeed = 5', "foreign_key", "其他", "B2"),
        ("[roads]", "[siting]\nmax_sites = -3\n[roads]", "value_range", "选址", "B9"),
        ("[roads]", '[siting]\nbudgets = {"甲" = -3}\n[roads]', "value_range", "选址", "B7"),
        ("[roads]", '[rules]\nspacing = [{ type = "station", m = 0 }]\n[roads]', "value_range", "间距", "B2"),
    ],
)
def test_faults_of_the_content_name_the_cell(
    tmp_path: Path, old: str, new: str, code: str, sheet: str, cell: str
) -> None:
    assert old in SCENARIO
    found = load(town_book(tmp_path, SCENARIO.replace(old, new, 1))).faults
    assert (code, sheet, cell) in [(fault.code, fault.sheet, fault.cell) for fault in found]


def test_faults_of_cells_and_of_tables_are_told_in_one_pass(tmp_path: Path) -> None:
    write_town(tmp_path)
    (tmp_path / "demand.csv").write_text(demand_csv().replace(",10,", ",many,", 1), encoding="utf-8")
    rows: dict[str, list[list[object]]] = {
        "方案": TOP_ROWS,
        "道路": [["道路文件", "roads.osm"], ["步行速度（公里/小时）", "快"]],
        "人口表": [["文件", "坐标系"], ["demand.csv", "wgs84"]],
        "站点表": [["文件", "坐标系"], ["sites.csv", "wgs84"]],
        "网点类型": [["类型代码", "名称"], ["station", "就业服务站"], ["#N/A", "就业e站"]],
        "标准": [["标准编号", "分", "算数的网点类型"], ["walk-5", 5, "station"], ["", 9, "station"]],
        "选址": [["最多新建（处）", 3.5]],
    }
    found = pipeline.check(book(tmp_path, rows), tmp_path / "out")
    told = [(item["code"], item["sheet"], item["cell"]) for item in found["problems"]]
    # what could not be read is not said to be missing, and no type of a site to be unknown
    assert sorted(told) == [
        ("book_label_near", "标准", "B1"),
        ("cell_error", "网点类型", "A3"),
        ("cell_fraction", "选址", "B1"),
        ("cell_number", "", ""),
        ("cell_number", "道路", "B2"),
    ]
    assert Path(found["report"]).is_file()


def test_a_scenario_extends_one_of_the_other_form(tmp_path: Path) -> None:
    target = town_book(tmp_path)
    child = 'name = "child"\ntitle = "child"\nextends = "{}"\n[[goal]]\nid = "people"\nshare = 0.5\n'
    child += '[[standard]]\nid = "walk-5"\nserved_by = ["statio"]\n[rules]\nforce_open = []\n'
    (tmp_path / "a.toml").write_text(child.format(target.name), encoding="utf-8")
    (tmp_path / "b.toml").write_text(child.format("scenario.toml"), encoding="utf-8")
    conversion.convert(tmp_path / "b.toml", tmp_path / "b.xlsx", "en")
    found = [load(tmp_path / name) for name in ("a.toml", "b.toml", "b.xlsx")]
    assert same(found[0].merged, found[1].merged)
    assert same(found[1].merged, found[2].merged)
    assert found[0].merged["goal"][0]["share"] == Decimal("0.5")
    assert [[fault.code for fault in loaded.faults] for loaded in found] == [["unknown_name"]] * 3
    (fault,) = found[2].faults
    assert (fault.file, fault.sheet, fault.cell) == (str(tmp_path / "b.xlsx"), "Standards", "I2")


def test_a_fault_of_what_a_workbook_extends_names_that_file(tmp_path: Path) -> None:
    town_book(tmp_path, SCENARIO.replace("minutes = 5", "minutes = 5000"))
    (tmp_path / "b.toml").write_text('name = "b"\ntitle = "b"\nextends = "方案.xlsx"\n', encoding="utf-8")
    conversion.convert(tmp_path / "b.toml", tmp_path / "b.xlsx", "zh")
    (fault,) = load(tmp_path / "b.xlsx").faults
    assert (fault.code, fault.sheet, fault.cell) == ("value_range", "标准", "G2")
    assert fault.file == str(tmp_path / "方案.xlsx")


def test_an_entry_is_removed_by_its_row(tmp_path: Path) -> None:
    target = town_book(tmp_path)
    (tmp_path / "b.toml").write_text(
        'name = "b"\ntitle = "b"\nextends = "方案.xlsx"\n[[goal]]\nid = "no"\nremove = true\n', encoding="utf-8"
    )
    conversion.convert(tmp_path / "b.toml", tmp_path / "b.xlsx", "zh")
    (fault,) = load(tmp_path / "b.xlsx").faults
    assert (fault.code, fault.sheet, fault.cell) == ("nothing_to_remove", "目标", "K2")
    assert target.exists()


def test_the_language_is_found_at_a_glance(tmp_path: Path) -> None:
    rows: list[list[object]] = [*TOP_ROWS, ["语言", "英文"], ["不认识的项目", "x"]]
    path = book(tmp_path, {"方案": rows, "标准": [["x"]]})
    assert _language_of(path) == "en"
    (tmp_path / "child.toml").write_text('extends = "方案.xlsx"', encoding="utf-8")
    assert _language_of(tmp_path / "child.toml") == "en"
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"x")
    assert _language_of(broken) == "zh"
    (tmp_path / "part.toml").write_text('name = "it\'s"\nx = [\n[[demand.table]]\nlanguage = "en"\n', encoding="utf-8")
    assert _language_of(tmp_path / "part.toml") == "zh"
    assert glance(tmp_path / "part.toml", "name") == "it's"


# --- the verbs ---------------------------------------------------------------------------------------------------


def test_new_writes_a_workbook_that_runs_as_its_toml_does(tmp_path: Path) -> None:
    for folder, option in (("a", ["--excel"]), ("b", [])):
        assert planner("new", tmp_path / folder, *option).exit_code == 0
        text = osm_xml().replace('lon="10.0', 'lon="117.0').replace('lat="50.0', 'lat="36.6')
        (tmp_path / folder / "roads.osm.pbf").with_suffix("").write_text(text, encoding="utf-8")
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        "README.txt", "candidates.csv", "demand.csv", "roads.osm", "sites.csv", "方案.xlsx",
    ]  # fmt: skip
    told = planner("check", tmp_path / "a" / "方案.xlsx", "--out", tmp_path / "out")
    assert told.exit_code == 2
    assert "工作表“道路”，单元格 B2" in told.output
    assert "roads.osm.pbf" in told.output
    # the roads have another name, as a user would write it
    written = read_toml(tmp_path / "b" / "scenario.toml").data
    named = {**written, "roads": {**written["roads"], "file": "roads.osm"}}
    (tmp_path / "a" / "方案.xlsx").write_bytes(bookwriter.write_book(as_file(named), "zh"))
    (tmp_path / "b" / "scenario.toml").write_bytes(conversion._toml(as_file(named)))
    records = []
    for path in (tmp_path / "a" / "方案.xlsx", tmp_path / "b" / "scenario.toml"):
        out = tmp_path / "out" / path.stem
        assert planner("check", path, "--out", out).exit_code == 0
        ran = planner(*RUN, path, "--out", out)
        assert ran.exit_code in {0, 3}, ran.output
        records.append(json.loads((out / "my-plan" / "run.json").read_text(encoding="utf-8")))
    assert [record.pop("scenario_file") for record in records] == ["方案.xlsx", "scenario.toml"]
    assert records[0] == records[1]


def test_new_writes_english_labels_where_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planner.cli.HELP_LANGUAGE", "en")
    assert planner("new", tmp_path / "city", "--excel").exit_code == 0
    path = tmp_path / "city" / "scenario.xlsx"
    assert same(read_book(path).data, read_toml(TEMPLATE).data)
    with zipfile.ZipFile(path) as archive:
        names = archive.read("xl/workbook.xml").decode()
    assert '"Standards"' in names
    assert "scenario.xlsx" in (tmp_path / "city" / "README.txt").read_text(encoding="utf-8")


def test_new_makes_no_workbook_of_the_sample(tmp_path: Path) -> None:
    result = planner("new", tmp_path / "city", "--sample", "--excel")
    assert result.exit_code == 2
    assert "--sample" in result.stderr
    assert not (tmp_path / "city").exists()


def test_the_workbook_has_drop_downs_and_notes() -> None:
    content = bookwriter.write_book(read_toml(TEMPLATE), "zh")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheets = re.findall(r'<sheet name="([^"]+)"', archive.read("xl/workbook.xml").decode())
        goals = archive.read(f"xl/worksheets/sheet{sheets.index('目标') + 1}.xml").decode()
        roads = archive.read(f"xl/worksheets/sheet{sheets.index('人口表') + 1}.xml").decode()
        notes = "".join(archive.read(name).decode() for name in archive.namelist() if "comments" in name)
    assert sheets == [sheet_name(name, "zh") for name in (GUIDE, *(page.name for page in pages()), OTHER)]
    assert "OFFSET('标准'!$A$2,0,0" in goals
    assert '"人口,社区"' in goals
    assert '"是,否"' in goals
    assert "gcj02（高德、腾讯）" in roads
    assert "不填时为 4。" in notes
    assert "必填" in notes


def test_convert_there_and_back(tmp_path: Path) -> None:
    source = write_town(tmp_path, "# a comment\n" + SCENARIO + '\n[time]\nnight_at = "22:00"\n')
    book_path, back = tmp_path / "方案.xlsx", tmp_path / "back.toml"
    told = planner("scenario", "convert", source, book_path)
    assert told.exit_code == 0, told.output
    assert "注释" in told.stdout
    assert planner("scenario", "convert", book_path, back).exit_code == 0
    assert same(read_toml(back).data, read_toml(source).data)
    assert [fault.code for fault in load(back).faults] == [fault.code for fault in load(source).faults] == []


def test_convert_overwrites_nothing_and_moves_nothing(tmp_path: Path) -> None:
    source = write_town(tmp_path)
    taken = tmp_path / "taken.xlsx"
    taken.write_bytes(b"mine")
    (tmp_path / "sub").mkdir()
    for target, code in (
        (taken, "convert_exists"),
        (tmp_path / "sub" / "a.xlsx", "convert_folder"),
        (tmp_path / "a.toml", "convert_kinds"),
        (tmp_path / "a.xls", "convert_kinds"),
    ):
        with pytest.raises(ScenarioError) as caught:
            conversion.convert(source, target, "zh")
        assert [fault.code for fault in caught.value.faults] == [code]
        assert planner("scenario", "convert", source, target).exit_code == 2
    assert taken.read_bytes() == b"mine"
    assert {path.suffix for path in tmp_path.rglob("*.*")} == {".toml", ".xlsx", ".csv", ".osm"}


def test_what_a_workbook_has_no_place_for_is_named_at_its_line(tmp_path: Path) -> None:
    text = SCENARIO.replace("share = 0.6", 'share = "0.6"\nfoo = 1').replace("小镇方案", "镇" * 40_000)
    source = write_town(tmp_path, text)
    with pytest.raises(ScenarioError) as caught:
        conversion.convert(source, tmp_path / "a.xlsx", "zh")
    lines = text.splitlines()
    assert [(fault.code, fault.column, fault.row) for fault in caught.value.faults] == [
        ("book_unfit", "goal.share", lines.index('share = "0.6"') + 1),
        ("book_unfit", "goal.foo", lines.index("foo = 1") + 1),
        ("book_unfit", "title", 2),
    ]
    assert not (tmp_path / "a.xlsx").exists()


def test_a_conversion_that_changed_anything_would_not_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_town(tmp_path)
    other = bookwriter.write_book(as_file({"name": "other"}), "zh")
    monkeypatch.setattr(conversion, "write_book", lambda *_: other)
    with pytest.raises(BlockedError) as caught:
        conversion.convert(source, tmp_path / "a.xlsx", "zh")
    assert [(fault.code, fault.column, fault.row) for fault in caught.value.faults] == [("convert_changed", "name", 1)]
    assert not (tmp_path / "a.xlsx").exists()


def test_an_empty_table_in_place_of_a_value_is_kept_or_named(tmp_path: Path) -> None:
    data: dict[str, Any] = {"areas": {"towns": {"sheet": {}}}}
    assert there_and_back(data) == data
    source = write_town(tmp_path, SCENARIO.replace('setting = "urban"', "setting = {}"))
    with pytest.raises(ScenarioError) as caught:
        conversion.convert(source, tmp_path / "a.xlsx", "zh")
    assert [(fault.code, fault.column) for fault in caught.value.faults] == [("book_unfit", "standard.applies_to")]


@pytest.mark.parametrize("links", [True, False])
def test_a_file_is_made_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:  # noqa: FBT001
    if not links:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError("no links here")))
    target = tmp_path / "a.toml"
    conversion.write_new_file(target, b"first")
    with pytest.raises(FileExistsError):
        conversion.write_new_file(target, b"second")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.toml", b"first")]

    def dies(_handle: int) -> None:
        assert not (tmp_path / "b.toml").exists()
        raise OSError("full")

    monkeypatch.setattr(os, "fsync", dies)
    with pytest.raises(OSError, match="full"):
        conversion.write_new_file(tmp_path / "b.toml", b"half")
    assert [path.name for path in tmp_path.iterdir()] == ["a.toml"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_town(tmp_path)
    monkeypatch.setattr(conversion, "write_new_file", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(BlockedError) as caught:
        conversion.convert(source, tmp_path / "a.xlsx", "zh")
    assert [fault.code for fault in caught.value.faults] == ["path_refused"]
