"""The workbook of the ledger, read back by other libraries, and the same as CSV."""

from __future__ import annotations

import csv
import datetime as dt
import time
import zipfile
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
import python_calamine
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape

from planner import excelcells, fieldcheck, ledgerbook, ledgerpages
from planner.excelcells import CELL_MOST, NAME_MOST, clean, places, sheet_name
from planner.ledgerbook import LedgerBook
from planner.ledgercells import cell_of, shown, write_sheet_csv
from planner.ledgersheets import LedgerSheet
from planner.sources import TableSource
from tablereading import read_demand

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TITLES = {
    "unit_id": "社区代码",
    "name": "名称",
    "people": "常住人口",
    "setting_year": "城乡分类年份",
    "metres": "路网米数",
    "state": "判定结果",
    "near_limit": "临界",
    "checked_on": "核实日期",
    "rate": "六有社区率",
    "lon": "经度",
    "lat": "纬度",
    "score": "满意度",
    "served": "是否设网点",
    "remark": "备注",
}
HOSTILE = ("=1+1", "+86社区", "-里", "@SUM(A1)", "https://a.cn", "<r><t>甲</t></r>", "<r>&</r>", "_x0041_", "'", "1e5")


def midnight(*day: int) -> dt.datetime:
    """A day as openpyxl reads it."""
    return dt.datetime.combine(dt.date(*day), dt.time())


def rows() -> list[dict[str, Any]]:
    blank = dict.fromkeys(TITLES)
    row = {
        "unit_id": "371002001001", "name": "竹岛社区", "people": 12345, "setting_year": 2025, "metres": 800.0004,
        "state": "达标", "near_limit": "是", "checked_on": dt.date(2026, 5, 3), "rate": Fraction(8996, 10000),
        "lon": 122.1, "lat": -37.5, "score": Decimal("4.75"), "served": True, "remark": "第一行\r\n第二行",
    }  # fmt: skip
    far = {"unit_id": "010000000000", "name": "北里村", "people": 0, "metres": 1000.04, "state": "不达标"}
    apart = {"unit_id": "371002001003", "name": "南岛", "state": "无法评定"}
    return [row, {**blank, **far}, {**blank, **apart}, *({**blank, "name": name} for name in HOSTILE)]


def sheet(key: str = "communities", notes: Sequence[str] = ("按路网距离计。",)) -> LedgerSheet:
    frame = pd.DataFrame(rows(), dtype=object)
    return LedgerSheet(key, frame, TITLES, tuple(notes), {"name": "社区、村的名称。", "rate": "六有社区占全部社区。"})


def book(*sheets: LedgerSheet) -> LedgerBook:
    sheets = sheets or (sheet(),)
    return LedgerBook(
        title="某市&公共就业服务台账",
        language="zh",
        data_date=dt.date(2026, 6, 30),
        summary=("=城镇社区达标 312 个，占可评定社区的 89.9%。",),
        sheets=sheets,
        titles={one.key: "社区台账" for one in sheets},
        verdicts={"达标": "met", "不达标": "unmet", "无法评定": "unassessable"},
        parameters=(("步行速度", "3.2 公里/小时"),),
        sources=(
            {"path": "a.xlsx", "sha256": "0" * 64, "rows_read": 1613, "rows_used": 1612, "coordinates": "gcj02"},
            {"path": "roads.osm.pbf", "sha256": "e" * 64, "rows_read": None, "rows_used": None},
        ),
        left_out=({"file": "a.xlsx", "row": 9, "rows": 1, "id": "", "name": "张 13812345678", "reason": "合计行"},),
        doubts=("a.xlsx 第 3 行：请核对。",),
        attribution="© OpenStreetMap contributors",
    )


def write(folder: Path, content: LedgerBook, name: str = "ledger.xlsx") -> Path:
    ledgerbook.write(content, folder / name)
    return folder / name


def cells(path: Path, name: str) -> list[tuple[Any, ...]]:
    return list(openpyxl.load_workbook(path)[name].iter_rows())


def column(path: Path, name: str, header: str) -> list[Any]:
    lines = cells(path, name)
    top = next(at for at, line in enumerate(lines) if line[0].value == TITLES["unit_id"])
    at = [cell.value for cell in lines[top]].index(header)
    return [line[at] for line in lines[top + 1 :]]


def values(path: Path, name: str) -> list[list[Any]]:
    return [[cell.value for cell in line] for line in cells(path, name)]


# --- cells -------------------------------------------------------------------------------------------------------


def test_every_cell_is_what_it_is_for_another_library(tmp_path: Path) -> None:
    path = write(tmp_path, book())
    first = {name: column(path, "社区台账", TITLES[name])[0] for name in TITLES}
    assert {name: cell.value for name, cell in first.items()} == {
        "unit_id": "371002001001", "name": "竹岛社区", "people": 12345, "setting_year": 2025, "metres": 800.0,
        "state": "达标", "near_limit": "是", "checked_on": midnight(2026, 5, 3), "rate": 0.899, "lon": 122.1,
        "lat": -37.5, "score": 4.75, "served": "是", "remark": "第一行\n第二行",
    }  # fmt: skip
    kinds = {name: cell.data_type for name, cell in first.items()}
    numeric = {"people", "setting_year", "metres", "rate", "lon", "lat", "score"}
    assert {name for name, kind in kinds.items() if kind == "n"} == numeric
    assert {name for name, kind in kinds.items() if kind == "d"} == {"checked_on"}
    formats = {name: cell.number_format for name, cell in first.items()}
    assert formats["unit_id"] == formats["name"] == "@"
    assert (formats["people"], formats["setting_year"], formats["metres"]) == ("#,##0", "0", "#,##0.0")
    assert (formats["rate"], formats["checked_on"]) == ("0.0%", "yyyy-mm-dd")


def test_codes_names_and_blanks_are_read_back_by_calamine(tmp_path: Path) -> None:
    lines = (
        python_calamine.CalamineWorkbook.from_path(write(tmp_path, book())).get_sheet_by_name("社区台账").to_python()
    )
    assert lines[2] == list(TITLES.values())
    assert [line[0] for line in lines[3:6]] == ["371002001001", "010000000000", "371002001003"]
    assert [str(line[1]).rstrip() for line in lines[6:]] == list(HOSTILE)
    assert set(lines[5][2:5] + lines[5][6:]) == {""}
    assert lines[4][2] == 0, "nobody is not the same as unknown"


def test_no_cell_is_a_formula_or_a_link(tmp_path: Path) -> None:
    path = write(tmp_path, book(sheet(), replace(sheet("more"), titles={**TITLES, "name": "=名称", "state": "@x"})))
    workbook = openpyxl.load_workbook(path)
    found = [cell for one in workbook for line in one.iter_rows() for cell in line]
    assert len(found) > 300
    assert {cell.data_type for cell in found} <= {"s", "n", "d", "inlineStr"}
    assert all(cell.hyperlink is None for cell in found)
    with zipfile.ZipFile(path) as packed:
        text = "".join(packed.read(name).decode() for name in packed.namelist())
    assert "<f>" not in text
    assert "hyperlink" not in text
    assert "<r>" not in text


def test_lengths_beyond_a_cutoff_never_read_as_at_it(tmp_path: Path) -> None:
    assert [cell.value for cell in column(write(tmp_path, book()), "社区台账", "路网米数")[:3]] == [800.0, 1000.1, None]


@given(st.fractions(min_value=0, max_value=1, max_denominator=10**7))
def test_no_share_reads_better_than_it_is(share: Fraction) -> None:
    value = shown(cell_of(share), "rate", "zh")
    assert isinstance(value, float)
    assert 0 <= share - Fraction(round(value * 1000), 1000) < Fraction(1, 1000)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, None), (float("nan"), None), (pd.NA, None), (pd.NaT, None), ("", None), (np.int64(3), 3),
        (np.True_, True),
        (np.float64(1.5), 1.5), (pd.Timestamp("2026-05-03"), dt.date(2026, 5, 3)), (10**15, "1000000000000000"),
        (371002001001, 371002001001), ("001", "001"), (np.str_("村"), "村"),
    ],
)  # fmt: skip
def test_values_of_a_table_are_few_kinds_of_cells(value: Any, cell: Any) -> None:
    found = cell_of(value)
    assert (found, isinstance(found, bool)) == (cell, isinstance(cell, bool))


@given(st.text(st.characters(), max_size=60))
def test_any_text_can_be_a_cell(text: str) -> None:
    cell = clean(text)
    cell.encode("utf-8")
    assert not any(ord(letter) < 32 and letter not in "\t\n" for letter in cell)
    if text.isprintable() and not text.startswith("<r>"):
        assert cell == text


def test_hostile_letters_and_long_texts_are_read_back(tmp_path: Path) -> None:
    texts = ["\x00\x1b一\ud800二", "𠮷" * CELL_MOST, "长" * CELL_MOST, "长" * (CELL_MOST + 1)]
    one = LedgerSheet("a", pd.DataFrame({"name": texts}), {"name": "名\x07称"}, (), {})
    lines = python_calamine.CalamineWorkbook.from_path(write(tmp_path, book(one))).get_sheet_by_index(1).to_python()
    assert [line[0] for line in lines[1:4]] == ["名\ufffd称", "\ufffd\ufffd一\ufffd二", "𠮷" * (CELL_MOST // 2) + "…"]
    assert [line[0] for line in lines[4:]] == ["长" * CELL_MOST, "长" * (CELL_MOST - 1) + "…"]


def test_figures_are_shown_by_the_names_of_their_columns(tmp_path: Path) -> None:
    frame = pd.DataFrame({"metres.urban": [1000.04], "straight.urban": [1.0], "change": [-1.2], "near_limit": [1]})
    table = LedgerSheet("a", frame, {name: name for name in frame.columns}, (), {})
    found = cells(write(tmp_path, book(table)), "社区台账")[2][:4]
    assert [cell.value for cell in found] == [1000.1, 1, -1.2, 1]
    assert [cell.number_format for cell in found] == ["#,##0.0", "#,##0.0", "+0.0;-0.0;0.0", "#,##0"]
    assert {cell.fill.fill_type for cell in found} == {None}, "a count of communities is no verdict"


def test_verdicts_are_coloured_and_said(tmp_path: Path) -> None:
    path = write(tmp_path, book())
    states = column(path, "社区台账", "判定结果")
    colours = [cell.fill.fgColor.rgb for cell in states[:3]]
    assert [cell.value for cell in states[:3]] == ["达标", "不达标", "无法评定"]
    assert len(set(colours)) == 3
    assert column(path, "社区台账", "临界")[0].fill.fgColor.rgb not in colours
    assert {cell.fill.fill_type for cell in states[3:]} == {None}
    assert {cell.fill.fill_type for cell in column(path, "社区台账", "名称")} == {None}


# --- the book ----------------------------------------------------------------------------------------------------


def test_the_first_sheet_says_it_in_sentences_and_lists_the_others(tmp_path: Path) -> None:
    path = write(tmp_path, book())
    workbook = openpyxl.load_workbook(path)
    assert workbook.sheetnames == ["概况", "社区台账", "参数与来源", "未用数据行", "字段说明"]
    lines = values(path, "概况")
    assert [line[0] for line in lines[:3]] == [
        "某市&公共就业服务台账", "统计截止日：2026-06-30", "=城镇社区达标 312 个，占可评定社区的 89.9%。",
    ]  # fmt: skip
    top = [line[0] for line in lines].index("工作表")
    assert [line[0] for line in lines[top + 1 :]] == workbook.sheetnames[1:]
    assert lines[top + 1] == ["社区台账", len(rows()), "按路网距离计。"]


def test_every_table_has_its_title_its_notes_and_its_header(tmp_path: Path) -> None:
    lines = values(write(tmp_path, book(sheet(notes=("甲。", "乙。")))), "社区台账")
    assert (lines[0][0], lines[1][0]) == ("社区台账", "注：\n1. 甲。\n2. 乙。")
    assert lines[2] == list(TITLES.values())
    bare = values(write(tmp_path, book(sheet(notes=()))), "社区台账")
    assert bare[1] == list(TITLES.values())


def test_sources_are_told_with_their_hashes(tmp_path: Path) -> None:
    path = write(tmp_path, book())
    lines = values(path, "参数与来源")
    assert ["步行速度", "3.2 公里/小时", None, None, None] in lines
    assert ["a.xlsx", "0" * 64, 1613, 1612, "gcj02"] in lines
    assert ["roads.osm.pbf", "e" * 64, None, None, None] in lines
    told = [line[0] for line in lines]
    assert {"a.xlsx 第 3 行：请核对。", "© OpenStreetMap contributors"} <= set(told)
    assert values(path, "未用数据行")[1] == ["a.xlsx", 9, 1, None, "张 ●●●", "合计行"]


def test_every_column_has_its_meaning(tmp_path: Path) -> None:
    lines = values(write(tmp_path, book()), "字段说明")
    assert [line[:3] for line in lines[1:]] == [["社区台账", title, name] for name, title in TITLES.items()]
    said = {line[2]: line[3] for line in lines[1:]}
    assert said["name"] == "社区、村的名称。"
    assert said["rate"] == "六有社区占全部社区。"
    assert said["metres"] == "向上进到 0.1，CSV 文件保留三位小数。"
    assert said["people"] is None


def test_a_book_in_english(tmp_path: Path) -> None:
    path = write(tmp_path, replace(book(), language="en", left_out=()))
    assert openpyxl.load_workbook(path).sheetnames == ["Overview", "社区台账", "Parameters and sources", "Fields"]
    assert column(path, "社区台账", "是否设网点")[0].value == "yes"


def test_sheets_are_laid_out_for_the_screen_and_for_paper(tmp_path: Path) -> None:
    one = openpyxl.load_workbook(write(tmp_path, book()))["社区台账"]
    assert one.freeze_panes == "C4"
    assert one.auto_filter.ref == f"A3:N{3 + len(rows())}"
    assert one.print_title_rows == "$3:$3"
    assert (one.page_setup.orientation, one.page_setup.paperSize) == ("landscape", 9)
    assert (one.page_setup.fitToWidth or 1, one.page_setup.fitToHeight) == (1, 0)
    assert one.oddHeader.center.text == "某市&&公共就业服务台账"
    assert one.oddFooter.center.text == "第 &P 页，共 &N 页"
    assert one.column_dimensions["A"].width >= 12
    assert one["A3"].alignment.wrap_text
    assert one.row_dimensions[4].height > 20, "two lines"


def test_a_wide_table_prints_on_pages_side_by_side(tmp_path: Path) -> None:
    names = ["unit_id", "name", *(f"x{number}" for number in range(40))]
    wide = pd.DataFrame([dict.fromkeys(names, "十六个字的内容放在每一格里才够")])
    one = openpyxl.load_workbook(write(tmp_path, book(LedgerSheet("a", wide, {n: n for n in names}, (), {}))))[
        "社区台账"
    ]
    assert one.page_setup.fitToWidth > 1
    assert one.print_title_cols == "$A:$B"


def test_notes_that_fill_the_screen_do_not_stay_there(tmp_path: Path) -> None:
    one = openpyxl.load_workbook(write(tmp_path, book(sheet(notes=["一" * 90] * 20))))["社区台账"]
    assert one.freeze_panes == "C1"


def test_an_empty_table_says_so(tmp_path: Path) -> None:
    one = LedgerSheet("a", pd.DataFrame({"name": []}), {"name": "名称"}, (), {})
    lines = values(write(tmp_path, book(one)), "社区台账")
    assert [line[0] for line in lines] == ["社区台账", "注：本表没有记录。", "名称"]


def test_a_table_that_no_sheet_holds_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledgerbook, "MOST_ROWS", 8)
    lines = values(write(tmp_path, book(sheet(notes=()))), "社区台账")
    assert len(lines) == 8
    assert lines[1][0] == "注：共 13 行，超出一张工作表的容量，这里只列前 5 行。"


def test_sheets_of_one_title_have_names_of_their_own(tmp_path: Path) -> None:
    long = "社区" * 20 + "[/]"
    content = replace(book(sheet("a"), sheet("b"), sheet("c")), titles={"a": long, "b": long, "c": "概况"})
    names = openpyxl.load_workbook(write(tmp_path, content)).sheetnames
    assert names[:4] == ["概况", "社区" * 15 + "社", "社区" * 14 + "社_2", "概况_2"]


@given(st.lists(st.text(st.characters(), max_size=40), max_size=8))
def test_names_of_sheets_are_legal(wanted: list[str]) -> None:
    names: list[str] = []
    for text in wanted:
        names.append(sheet_name(text, names))
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        assert 0 < len(name.encode("utf-16-le")) // 2 <= NAME_MOST
        assert not set(name) & set("[]:*?/\\'")


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    first = write(tmp_path, book(), "a.xlsx").read_bytes()
    time.sleep(1.1)
    assert write(tmp_path, book(), "b.xlsx").read_bytes() == first
    assert openpyxl.load_workbook(tmp_path / "a.xlsx").properties.created == midnight(2026, 6, 30)


def test_the_planner_reads_its_own_ledger(tmp_path: Path) -> None:
    """Last year's ledger is a table like any other."""
    titles = {
        "unit_id": "社区代码",
        "name": "名称",
        "people": "常住人口",
        "lon": "经度",
        "lat": "纬度",
        "setting": "城乡",
    }
    frame = pd.DataFrame(rows()[:1] * 2, dtype=object).assign(unit_id=["371002001001", "371002001002"], setting="农村")
    one = LedgerSheet("a", frame[list(titles)], titles, ("甲。", "乙。"), {})
    source = TableSource(write(tmp_path, book(one)), "ledger.xlsx", "wgs84", id="社区代码", sheet="社区台账")
    assert list(read_demand([source]).frame["unit_id"]) == ["371002001001", "371002001002"]


# --- the same as CSV ---------------------------------------------------------------------------------------------


def test_the_csv_has_the_headers_and_cells_of_the_sheet(tmp_path: Path) -> None:
    path = write(tmp_path, book())
    write_sheet_csv(sheet(), tmp_path / "t.csv", "zh")
    with (tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as stream:
        head, *lines = csv.reader(stream)
    table = values(path, "社区台账")
    assert head == table[2]
    assert len(lines) == len(table) - 3
    for line, row in zip(lines, table[3:], strict=True):
        for header, text, value in zip(head, line, row, strict=True):
            if value is None:
                assert text == ""
            elif header == "路网米数":
                assert 0 <= value - float(text) < 0.1005
            elif header == "六有社区率":
                assert (text, round(value * 1000)) == ("89.9%", 899)
            elif isinstance(value, int | float):
                assert float(text) == value
            elif isinstance(value, dt.datetime):
                assert text == value.date().isoformat()
            else:
                assert text.removeprefix("'") == unescape(str(value)).removeprefix("'")
    assert [line[1] for line in lines[3:7]] == ["'=1+1", "'+86社区", "'-里", "'@SUM(A1)"]
    assert (lines[0][9], lines[0][10], lines[0][4]) == ("122.1000000", "-37.5000000", "800.000")


# --- cells of any workbook ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["<r>&</r>", "=1+1", "@SUM(A1)"])
def test_a_name_is_a_text_in_the_field_check_list_too(tmp_path: Path, name: str) -> None:
    words = {"kind": "close", "why": "inside", "unit": "metres", "standard": "walk", "name": name}
    line = dict.fromkeys(fieldcheck.GIVEN, "") | words | {"people": 1, "measured": 7000, "limit": 8000}
    path = tmp_path / "checks.xlsx"
    fieldcheck.write(pd.DataFrame([line]), path, {"walk": "步行"}, "zh", dt.date(2026, 6, 30))
    assert str(openpyxl.load_workbook(path).worksheets[0]["C2"].value).rstrip() == name


def test_a_chinese_character_takes_two_places() -> None:
    assert [places(text) for text in ("", "abc", "社区a", "社\n社区区")] == [0, 3, 5, 6]


def test_a_book_without_data_has_a_date_all_the_same(tmp_path: Path) -> None:
    with excelcells.new_book(tmp_path / "a.xlsx", None) as empty:
        empty.add_worksheet("a")
    assert openpyxl.load_workbook(tmp_path / "a.xlsx").properties.created == midnight(2000, 1, 1)
    assert ledgerpages.MOST_ROWS == 2**20
