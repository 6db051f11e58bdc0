"""A superior's form is filled: what other libraries read back, what stays as it was, and everything that is refused."""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import io
import re
import warnings
import zipfile
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
import python_calamine
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from planner import cellformats, forms, sheetsplice
from planner.errors import TableError
from planner.formmap import CellWish, read_map
from planner.forms import Figure
from planner.sources import TableSource
from planner.words import LANGUAGES, tell
from workbook import MAIN, Formula, cell_xml, sheet_xml, write_xlsx

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from planner.forms import Value

DATE = dt.date(2026, 6, 30)
FIGURES: Mapping[str, Value] = {
    "city.people": 123_456, "city.rate": Fraction(8996, 10_000), "city.day": DATE, "city.none": None,
    "unit.code": "370102001001", "unit.name": '=HYPERLINK("http://a","b")', "city.money": 1_234_500,
}  # fmt: skip


def figures() -> dict[str, Figure]:
    return {key: Figure(value, f"{key}的含义", "figures.csv") for key, value in FIGURES.items()}


def template(path: Path) -> Path:
    """A form as a superior makes it, with what libraries lose: a text box, a chart, a comment, rules, protection."""
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("表1")
        title = book.add_format({"bold": True, "font_name": "方正小标宋简体", "font_size": 22, "align": "center"})
        sheet.merge_range("A1:F1", "分区市达标情况", title)
        head = book.add_format({"border": 1, "text_wrap": True})
        sheet.merge_range("A2:A3", "区  市", head)
        sheet.merge_range("B2:C2", "社区数", head)
        sheet.merge_range("D2:E2", "达标率", head)
        for cell, text in {"B3": "城镇", "C3": "农村", "D3": "城镇", "E3": "农村", "F3": "说明"}.items():
            sheet.write(cell, text, head)
        percent, whole = book.add_format({"num_format": "0.0%"}), book.add_format({"num_format": "0%", "border": 1})
        for row, name in enumerate(("环翠区", "文登区", "合计"), 4):
            sheet.write(f"A{row}", name, head)
            sheet.write_blank(f"D{row}", None, percent)
            sheet.write_blank(f"E{row}", None, whole)
        sheet.write("B4", 7)
        sheet.write_formula("B6", "=SUM(B4:B5)", head, 7)
        sheet.write_formula("C6", '=IF(B6>0,"有","无")', head, "有")
        sheet.write_blank("F4", None, book.add_format({"num_format": 'yyyy"年"m"月"d"日"'}))
        sheet.set_column("A:A", 33.5)
        sheet.set_row(8, 40, percent)
        sheet.set_column("H:H", 12, whole)
        sheet.data_validation("C4", {"validate": "list", "source": ["1", "2"]})
        sheet.conditional_format("D4:D5", {"type": "data_bar", "bar_solid": True})
        sheet.insert_textbox("H2", "填表说明")
        sheet.write_comment("A4", "批注")
        sheet.set_paper(9)
        sheet.set_landscape()
        sheet.print_area("A1:F6")
        sheet.protect("x")
        chart = book.add_chart({"type": "column"})
        chart.add_series({"values": "=表1!$B$4:$B$5"})
        sheet.insert_chart("H10", chart)
        other = book.add_worksheet("表2")
        other.write_formula("A1", "=表1!B6*2", None, 14)
        other.write("A2", "不动")
    return path


def wish(figure: str, cell: str = "", **more: str) -> CellWish:
    return CellWish(figure, cell=cell, file="对照.csv", line=2, **more)


def opened(path: Path, *wishes: CellWish, sheet: str | None = None) -> forms.Form:
    return forms.open_form(TableSource(path, path.name, sheet=sheet), wishes)


def filled(path: Path, *wishes: CellWish) -> tuple[Path, forms.Filled]:
    out = path.with_name("填好.xlsx")
    return out, forms.fill(opened(path, *wishes), figures(), out, DATE)


def refused(path: Path, *wishes: CellWish, sheet: str | None = None) -> list[str]:
    with pytest.raises(TableError) as caught:
        forms.fill(opened(path, *wishes, sheet=sheet), figures(), path.with_name("填好.xlsx"), DATE)
    assert not path.with_name("填好.xlsx").exists()
    for fault in caught.value.faults:
        for language in LANGUAGES:
            assert all(tell(fault, language))
    return [fault.code for fault in caught.value.faults]


# --- what is read back -------------------------------------------------------------------------------------------

ALL = (
    wish("city.people", "B4"), wish("city.people", "B5"), wish("city.rate", "D4"), wish("city.rate", "E4"),
    wish("city.rate", "E5", form="points"), wish("city.rate", "F5"), wish("city.day", "F4"), wish("city.day", "F6"),
    wish("unit.code", "C4"), wish("unit.name", "C5"), wish("city.money", "G4", form="ten_thousands"),
    wish("city.none", "D5"), wish("city.people", "H12", form="text"),
)  # fmt: skip
EXPECTED = {
    "B4": 123_456, "B5": 123_456, "D4": 0.899, "E4": 0.89, "E5": 89, "F5": 0.899, "F6": "2026-06-30",
    "C4": "370102001001", "C5": '=HYPERLINK("http://a","b")', "G4": 123.45, "D5": None, "H12": "123456",
}  # fmt: skip


def test_another_library_reads_numbers_as_numbers_and_texts_as_texts(tmp_path: Path) -> None:
    out, _ = filled(template(tmp_path / "表.xlsx"), *ALL)
    book = by_openpyxl(out)
    sheet = book["表1"]
    for cell, value in EXPECTED.items():
        assert sheet[cell].value == value, cell
        assert sheet[cell].data_type == ("s" if isinstance(value, str) else "n"), cell
    assert sheet["F4"].value == dt.datetime(2026, 6, 30)  # noqa: DTZ001  (as Excel keeps it)
    assert sheet["D4"].number_format == "0.0%"
    assert sheet["H12"].number_format == "0%"  # of its column
    assert sheet["F5"].number_format == "0.0%"  # a share brings its format where there is none
    assert sheet["A1"].font.name == "方正小标宋简体"
    assert sheet["B6"].value == "=SUM(B4:B5)"
    assert sheet.column_dimensions["A"].width == pytest.approx(33.5, abs=1)
    assert book["表2"]["A2"].value == "不动"


def test_a_third_library_reads_the_same(tmp_path: Path) -> None:
    out, _ = filled(template(tmp_path / "表.xlsx"), *ALL)
    rows = python_calamine.CalamineWorkbook.from_path(str(out)).get_sheet_by_name("表1").to_python()
    for cell, value in EXPECTED.items():
        row, column = sheetsplice.place_of(cell) or (0, 0)
        assert rows[row - 1][column - 1] == ("" if value is None else value), cell
    assert rows[3][5] == DATE


def by_openpyxl(path: Path) -> Any:
    """Read by a library that warns of what it would lose."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return openpyxl.load_workbook(io.BytesIO(path.read_bytes()))


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_all_else_stays_byte_for_byte(tmp_path: Path) -> None:
    path = template(tmp_path / "表.xlsx")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"macros that nobody here knows")
    out, _ = filled(path, *(one for one in ALL if one.cell not in {"G4", "H12", "F5"}))
    before, after = parts(path), parts(out)
    assert list(before) == list(after)
    changed_parts = [name for name in before if before[name] != after[name]]
    assert changed_parts == ["xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"]
    old, new = before["xl/worksheets/sheet1.xml"], after["xl/worksheets/sheet1.xml"]
    assert old.split(b"<sheetData>")[0] == new.split(b"<sheetData>")[0]
    assert old.split(b"</sheetData>")[1] == new.split(b"</sheetData>")[1]
    changed = {one.cell for one in ALL} | {"B6", "C6"}
    for place, cell in sheetsplice.read_layout(old).cells.items():
        if sheetsplice.reference_of(place) not in changed:
            assert old[cell.start : cell.end] in new


def test_formulas_stay_and_their_old_values_go(tmp_path: Path) -> None:
    out, _ = filled(template(tmp_path / "表.xlsx"), wish("city.people", "B4"))
    after = parts(out)
    assert b"<f>SUM(B4:B5)</f></c>" in after["xl/worksheets/sheet1.xml"]
    assert b"</f></c>" in after["xl/worksheets/sheet2.xml"]
    assert "有</v>".encode() not in after["xl/worksheets/sheet1.xml"]
    assert re.findall(rb"<calcPr[^>]*>", after["xl/workbook.xml"]) == [b'<calcPr calcId="124519" fullCalcOnLoad="1"/>']


def test_without_formulas_only_the_sheet_changes(tmp_path: Path) -> None:
    write_xlsx(tmp_path / "表.xlsx", {"甲": sheet_xml([["名", 1]]), "乙": sheet_xml([["名", 1]])})
    out, _ = filled(tmp_path / "表.xlsx", wish("city.people", "C9", sheet="乙"))
    before, after = parts(tmp_path / "表.xlsx"), parts(out)
    assert [name for name in before if before[name] != after[name]] == ["xl/worksheets/sheet2.xml"]


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path) -> None:
    form = opened(template(tmp_path / "表.xlsx"), *ALL)
    for name in ("a.xlsx", "b.xlsx"):
        forms.fill(form, figures(), tmp_path / name, DATE)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        assert {info.date_time for info in archive.infolist()} == {(2026, 6, 30, 0, 0, 0)}


def test_every_filled_cell_can_be_traced(tmp_path: Path) -> None:
    path = template(tmp_path / "表.xlsx")
    _, found = filled(path, *ALL)
    assert len(found.cells) == len(ALL)
    assert found.blank == 1
    for language in LANGUAGES:
        forms.write_cells(found, tmp_path / f"{language}.csv", language)
    with (tmp_path / "zh.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = {row["单元格"]: row for row in csv.DictReader(stream)}
    assert rows["D4"] == {
        "工作表": "表1", "单元格": "D4", "指标": "city.rate", "指标含义": "city.rate的含义", "填入内容": "0.899",
        "精确值": "2249/2500", "出自文件": "figures.csv", "对照表行号": "2",
    }  # fmt: skip
    assert rows["F4"]["填入内容"] == "2026-06-30"
    assert rows["D5"]["填入内容"] == ""
    assert rows["C5"]["填入内容"].startswith("'=")


def test_what_stood_in_a_blank_cell_goes(tmp_path: Path) -> None:
    out, found = filled(template(tmp_path / "表.xlsx"), wish("city.none", "B4"))
    assert by_openpyxl(out)["表1"]["B4"].value is None
    assert found.doubts == ()


def test_doubtful_cells_are_told(tmp_path: Path) -> None:
    path = template(tmp_path / "表.xlsx")
    _, found = filled(path, wish("city.people", "A5"), wish("city.people", "D4"), wish("unit.code", "A6"), *ALL[4:5])
    assert [(fault.code, fault.values["cells"]) for fault in found.doubts] == [
        ("form_text_replaced", "表1!A5 文登区"), ("form_odd_format", "表1!D4; 表1!E5"),
    ]  # fmt: skip
    assert all(tell(fault, language) for fault in found.doubts for language in LANGUAGES)


# --- shares and days ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "shows", "decimals"),
    [
        ("General", "general", None), ("@", "text", None), ("0.00%", "percent", 2), ("#,##0.0_ ", "number", 1),
        ('yyyy"年"m"月"', "date", None), ('0.0"天"', "number", 1), ("[$-804]yyyy\\-mm", "date", None),
        ("0.0%;[Red]-0.00%", "percent", 1), ("G/通用格式", "general", None), ("0_);(0)", "number", 0),
    ],
)  # fmt: skip
def test_what_a_number_format_shows(code: str, shows: cellformats.Shows, decimals: int | None) -> None:
    assert cellformats.shown_by(code) == cellformats.CellFormat(shows, decimals)


@given(st.fractions(0, 1), st.integers(0, 3))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_no_share_reads_better_than_it_is(share: Fraction, decimals: int) -> None:
    ways = forms._share(share, cellformats.CellFormat("percent", decimals))
    assert forms._share(share, cellformats.CellFormat("number", decimals))[""] == ways["text"]
    for way, factor in (("", 1), ("ratio", 1), ("points", 100)):
        short = share * factor - Fraction(str(ways[way]))
        assert 0 <= short < Fraction(factor, 100 * 10**decimals)
    assert 0 <= share * 100 - Fraction(str(ways["text"]).removesuffix("%")) < Fraction(1, 10)


CLONED = [
    (
        "<numFmts count='1'><numFmt numFmtId='205' formatCode='0'/></numFmts>",
        '<numFmt numFmtId="206" formatCode="0.0%"/>',
    ),
    ("<numFmts count='0'/>", '<numFmts><numFmt numFmtId="200" formatCode="0.0%"/></numFmts>'),
    ("", '<numFmts><numFmt numFmtId="200" formatCode="0.0%"/></numFmts>'),
]


@pytest.mark.parametrize(("codes", "expected"), CLONED)
@pytest.mark.parametrize("prefix", ["", "x:"])
def test_a_style_that_shows_a_percentage_is_alike_in_all_else(codes: str, expected: str, prefix: str) -> None:
    xfs = "<xf numFmtId='0' fontId='3' applyNumberFormat='0'/><xf numFmtId='0'><alignment wrapText='1'/></xf>"
    cells = f"<cellStyleXfs><xf/></cellStyleXfs><cellXfs count='2'>{xfs}</cellXfs>"
    text = f"<styleSheet xmlns='{MAIN}'>{codes}{cells}</styleSheet>"
    if prefix:
        text = re.sub(r"<(/?)(\w)", r"<\1x:\2", text).replace("xmlns=", "xmlns:x=")
        expected = re.sub(r"<(/?)(\w)", r"<\1x:\2", expected)
    changed, number = cellformats.with_percent(text.encode(), {1, 0})
    assert number == {0: 2, 1: 3}
    assert expected.encode() in changed
    shown = cellformats.read_formats(changed)
    assert [one.shows for one in shown] == ["general", "general", "percent", "percent"]
    assert changed.count(b"fontId='3'") == 2
    assert changed.count(b"<%salignment wrapText='1'/>" % prefix.encode()) == 2
    assert changed.count(b"applyNumberFormat") == 3


def test_where_no_style_can_be_added_a_share_is_a_text(tmp_path: Path) -> None:
    write_xlsx(tmp_path / "表.xlsx", {"甲": sheet_xml([["名"]])})
    rewritten(tmp_path / "表.xlsx", "xl/styles.xml", b"<cellXfs", b"<!-- <xf/> --><cellXfs")
    out, _ = filled(tmp_path / "表.xlsx", wish("city.rate", "B1"))
    assert by_openpyxl(out)["甲"]["B1"].value == 0.899
    rewritten(tmp_path / "表.xlsx", "xl/styles.xml", b"</cellXfs>", b"<!-- <xf/> --></cellXfs>")
    out, _ = filled(tmp_path / "表.xlsx", wish("city.rate", "B1"))
    assert by_openpyxl(out)["甲"]["B1"].value == "89.9%"


def test_a_share_in_decimals_keeps_to_the_format() -> None:
    share = Fraction(8996, 10_000)
    assert str(forms._share(share, cellformats.CellFormat("number", 2))["ratio"]) == "0.89"
    assert str(forms._share(share, cellformats.CellFormat())["ratio"]) == "0.899"
    assert str(forms._share(share, cellformats.CellFormat())["points"]) == "89.9"


def test_days_are_counted_from_where_the_workbook_counts(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(str(tmp_path / "表.xlsx"), {"date_1904": True}) as book:
        book.add_worksheet("甲").write_blank("A1", None, book.add_format({"num_format": 14}))
    out, _ = filled(tmp_path / "表.xlsx", wish("city.day", "A1"))
    assert by_openpyxl(out)["甲"]["A1"].value == dt.datetime(2026, 6, 30)  # noqa: DTZ001


# --- rows and columns by their texts -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "column", "cell"),
    [
        ("环翠区", "社区数 > 城镇", "B4"), ("文登区", "达标率>农村", "E5"), ("合计", "说明", "F6"),
        ("合 计", "说明", "F6"),
    ],
)  # fmt: skip
def test_a_row_and_a_column_name_a_cell(row: str, column: str, cell: str, tmp_path: Path) -> None:
    form = opened(template(tmp_path / "表.xlsx"), wish("city.people", row=row, column=column))
    assert sheetsplice.reference_of(form.targets[0].place) == cell


def test_a_merged_text_stands_for_all_its_rows(tmp_path: Path) -> None:
    rows = [
        ["区市", "类别", "社区 > 数"],
        ["环翠区", "城镇", ""],
        ["", "农村", ""],
        ["文登区", "城镇", ""],
        ["", "农村", ""],
    ]
    write_xlsx(tmp_path / "表.xlsx", {"甲": sheet_xml(rows, merged=["A2:A3", "A4:A5"])})
    asked = wish("city.people", row="文登区 > 城镇", column="社区 > 数")
    assert sheetsplice.reference_of(opened(tmp_path / "表.xlsx", asked).targets[0].place) == "C4"


# --- what is refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (wish("city.people", "B4", sheet="表一"), "form_no_sheet"),
        (wish("city.people", "4B"), "form_no_cell"),
        (wish("city.people", "XFE1"), "form_no_cell"),
        (wish("city.people", "A1048577"), "form_no_cell"),
        (wish("city.people", "C1"), "form_inside_merged"),
        (wish("city.people", "B6"), "form_formula"),
        (wish("city.people", "A1", sheet="表2"), "form_formula"),
        (wish("city.people", row="环翠", column="说明"), "form_no_row"),
        (wish("city.people", row="环翠区", column="备注"), "form_no_column"),
        (wish("city.people", row="环翠区", column="城镇"), "form_several"),
        (wish("city.people", row="说明", column="环翠区"), "form_no_crossing"),
        (wish("city.peopel", "B4"), "form_unknown_figure_near"),
        (wish("完全不同", "B4"), "form_unknown_figure"),
        (wish("city.people", "B4", form="points"), "form_value"),
        (wish("city.rate", "B4", form="ten_thousands"), "form_value"),
        (wish("unit.name", "B4", form="ratio"), "form_value"),
        (wish("city.day", "B4", form="points"), "form_value"),
    ],
)
def test_a_cell_that_cannot_be_filled(asked: CellWish, code: str, tmp_path: Path) -> None:
    assert refused(template(tmp_path / "表.xlsx"), asked) == [code]


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    path = template(tmp_path / "表.xlsx")
    asked = [wish("city.people", "B6"), wish("city.people", "B5"), wish("unit.code", "B5"), wish("city.people", "?")]
    assert refused(path, *asked) == ["form_formula", "form_cell_twice", "form_no_cell"]
    assert refused(path, wish("a", "B4"), wish("b", "B5")) == ["form_unknown_figure"] * 2


def test_the_sheet_of_the_scenario_is_meant_where_none_is_named(tmp_path: Path) -> None:
    path = template(tmp_path / "表.xlsx")
    assert opened(path, wish("city.people", "B4"), sheet="表2").targets[0].sheet == "表2"
    assert refused(path, wish("city.people", "B4"), sheet="没有") == ["form_no_sheet"]
    write_xlsx(tmp_path / "藏.xlsx", {"甲": sheet_xml([["名"]]), "乙": sheet_xml([["名"]])}, hidden=["甲"])
    assert opened(tmp_path / "藏.xlsx", wish("city.people", "B4")).targets[0].sheet == "乙"


def test_a_part_of_an_array_formula_is_kept(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(str(tmp_path / "表.xlsx")) as book:
        book.add_worksheet("甲").write_array_formula("A1:A3", "{=ROW(A1:A3)}", None, 1)
    assert refused(tmp_path / "表.xlsx", wish("city.people", "A2")) == ["form_formula"]


OLE = bytes.fromhex("d0cf11e0a1b11ae1")


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("旧.xls", OLE + b"\0" * 600, "form_old"),
        ("旧.xlsx", OLE + b"\0" * 600, "form_old"),
        ("密.xlsx", OLE + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), "form_locked"),
        ("表.docx", b"PK\x03\x04", "form_ending"),
        ("坏.xlsx", b"PK\x03\x04", "table_workbook"),
        ("无.xlsx", None, "table_absent"),
    ],
)
def test_a_file_that_is_no_form(name: str, data: bytes | None, code: str, tmp_path: Path) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    assert refused(tmp_path / name, wish("city.people", "A1")) == [code]


def test_a_folder_is_no_form(tmp_path: Path) -> None:
    (tmp_path / "夹.xlsx").mkdir()
    assert len(refused(tmp_path / "夹.xlsx", wish("city.people", "A1"))) == 1


def rewritten(path: Path, name: str, old: bytes, new: bytes) -> None:
    held = parts(path)
    assert old in held[name]
    with zipfile.ZipFile(path, "w") as archive:
        for part, xml in held.items():
            archive.writestr(part, xml.replace(old, new) if part == name else xml)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("xl/worksheets/sheet1.xml", b"<worksheet", b'<!DOCTYPE a [<!ENTITY b "c">]><worksheet'),
        ("xl/worksheets/sheet1.xml", b"<worksheet", b'<?xml version="1.0" encoding="GBK"?><worksheet'),
        ("xl/worksheets/sheet1.xml", b"</row>", b"</rov>"),
        ("xl/styles.xml", b"<styleSheet", b"<!DOCTYPE a><styleSheet"),
        ("xl/styles.xml", b"</styleSheet>", b""),
        ("xl/worksheets/sheet2.xml", b"<worksheet", b"<!DOCTYPE a><worksheet"),
        ("xl/workbook.xml", b"<workbook", b"<!DOCTYPE a><workbook"),
    ],
)
def test_xml_that_is_not_as_it_should_be(name: str, old: bytes, new: bytes, tmp_path: Path) -> None:
    write_xlsx(tmp_path / "表.xlsx", {"甲": sheet_xml([["名"]]), "乙": sheet_xml([[Formula("1", 1)]])})
    rewritten(tmp_path / "表.xlsx", name, old, new)
    assert refused(tmp_path / "表.xlsx", wish("city.people", "B1")) == ["table_workbook"]


# --- cutting into the XML ----------------------------------------------------------------------------------------

VALUES = st.one_of(
    st.none(), st.integers(-9, 9), st.sampled_from(["", "甲", " 乙 ", "a<b&c>", "=A1", "_x0041_", "两\n行"])
)
PLACES = st.tuples(st.integers(1, 7), st.integers(1, 5))


def laid_out(cells: Mapping[tuple[int, int], object], *, prefix: str = "", refs: bool = True) -> bytes:
    """A sheet of some cells, with a prefix before its tags, or without references where none is needed."""
    rows = sorted({row for row, _ in cells})
    lines = []
    for row in rows:
        inside = "".join(cell_xml(sheetsplice.reference_of(at), cells[at]) for at in sorted(cells) if at[0] == row)
        lines.append(f'<row r="{row}" spans="1:2">{inside}</row>')
    data = f"<sheetData>{''.join(lines)}</sheetData>" if lines else "<sheetData/>"
    if not refs:
        data = re.sub(r' r="\w+"', "", data)
    if prefix:
        data = re.sub(r"<(/?)(\w)", rf"<\1{prefix}:\2", data)
    name, declared = (f"{prefix}:", f":{prefix}") if prefix else ("", "")
    return f'<{name}worksheet xmlns{declared}="{MAIN}"><{name}dimension ref="A1"/>{data}</{name}worksheet>'.encode()


def read_back(path: Path, xml: bytes) -> dict[tuple[int, int], object]:
    write_xlsx(path, {"甲": xml.decode()})
    rows = (
        python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_name("甲").to_python(skip_empty_area=False)
    )
    return {(y, x): cell for y, row in enumerate(rows, 1) for x, cell in enumerate(row, 1) if cell != ""}


@given(
    st.dictionaries(PLACES, st.integers(0, 9)), st.dictionaries(PLACES, VALUES, min_size=1), st.sampled_from(["", "x"])
)
@settings(max_examples=80, deadline=None, derandomize=True)
def test_what_is_put_in_is_read_back_and_nothing_else_changes(
    before: dict[tuple[int, int], int], contents: dict[tuple[int, int], sheetsplice.Content], prefix: str
) -> None:
    xml = laid_out(before, prefix=prefix)
    changed = sheetsplice.put(xml, sheetsplice.read_layout(xml), contents)
    after = sheetsplice.read_layout(changed)
    assert list(after.cells) == sorted({*before, *contents})  # in the order that Excel asks for
    held = {
        place: re.search(rb"<(?:x:)?(?:v|t)\b[^>]*>([^<]*)<", changed[cell.start : cell.end])
        for place, cell in after.cells.items()
    }
    kept = {place: str(value).encode() for place, value in before.items() if place not in contents}
    assert {place: found[1] for place, found in held.items() if found and place in kept} == kept
    for place, content in contents.items():
        found = held[place]
        assert (found is None) == (content is None or content == "")


def test_texts_are_read_back_as_they_were(tmp_path: Path) -> None:
    texts = ["甲", " 乙 ", "a<b&c>\"'", "=A1", "+1", "-1", "@x", "两\n行", "]]>", "123456789012"]
    contents: dict[sheetsplice.Place, sheetsplice.Content] = {(at, 2): text for at, text in enumerate(texts, 1)}
    xml = laid_out({(3, 3): 5})
    changed = sheetsplice.put(xml, sheetsplice.read_layout(xml), contents)
    assert read_back(tmp_path / "a.xlsx", changed) == {**contents, (3, 3): 5}


def test_a_sheet_without_references_counts_its_cells(tmp_path: Path) -> None:
    xml = laid_out({(1, 1): 1, (1, 2): 2, (2, 1): 3}, refs=False)
    changed = sheetsplice.put(xml, sheetsplice.read_layout(xml), {(1, 2): 9, (1, 4): 8})
    write_xlsx(tmp_path / "a.xlsx", {"甲": changed.decode()})
    sheet = by_openpyxl(tmp_path / "a.xlsx").active
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [[1, 9, None, 8], [3, None, None, None]]


def test_what_excel_would_unescape_is_escaped() -> None:
    xml = laid_out({})
    changed = sheetsplice.put(xml, sheetsplice.read_layout(xml), {(1, 1): "_x0041_ _x\x01"})
    assert b">_x005F_x0041_ _x_x0001_<" in changed


def test_a_byte_order_mark_moves_nothing() -> None:
    xml = laid_out({(1, 1): 1, (2, 2): 2})
    marked = codecs.BOM_UTF8 + xml
    contents = {(1, 1): 7, (2, 1): 8}
    changed = sheetsplice.put(marked, sheetsplice.read_layout(marked), contents)
    assert changed == codecs.BOM_UTF8 + sheetsplice.put(xml, sheetsplice.read_layout(xml), contents)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<sheets><sheet/></sheets><calcPr calcId="1" fullCalcOnLoad="0"/>', '<calcPr calcId="1" fullCalcOnLoad="1"/>'),
        ("<sheets><sheet/></sheets><definedNames/><extLst/>", '<definedNames/><calcPr fullCalcOnLoad="1"/><extLst/>'),
        ("<sheets><sheet/></sheets>", '</sheets><calcPr fullCalcOnLoad="1"/></workbook>'),
        ("<sheets><sheet/></sheets><calcPr></calcPr>", '<calcPr fullCalcOnLoad="1"></calcPr>'),
    ],
)
def test_a_workbook_asks_to_be_calculated(before: str, after: str) -> None:
    asked = sheetsplice.calculated_on_load(f"<workbook>{before}</workbook>".encode())
    assert after in asked.decode()
    with pytest.raises(ValueError, match="workbook"):
        sheetsplice.calculated_on_load(b"<workbook/>")


def test_formulas_of_hand_written_sheets_lose_their_values(tmp_path: Path) -> None:
    write_xlsx(tmp_path / "表.xlsx", {"甲": sheet_xml([["名", Formula("1+1", 2)]])})
    out, _ = filled(tmp_path / "表.xlsx", wish("city.people", "A2"))
    assert b"<f>1+1</f></c>" in parts(out)["xl/worksheets/sheet1.xml"]
    assert b'fullCalcOnLoad="1"' in parts(out)["xl/workbook.xml"]


# --- the cell map ------------------------------------------------------------------------------------------------


def mapped(folder: Path, text: str, encoding: str = "utf-8-sig") -> tuple[CellWish, ...]:
    (folder / "对照.csv").write_text(text, encoding=encoding)
    return read_map(TableSource(folder / "对照.csv", "对照.csv")).wishes


def test_a_cell_map_keeps_rows_that_are_called_totals(tmp_path: Path) -> None:
    text = "行名,列名,单元格,指标,工作表,写法\n合计,说明,,a,,\n,,,,,\n全市,一、城镇,,b,表1,百分点\n,,c5,无,,万元\n"
    assert mapped(tmp_path, text, "gb18030") == (
        CellWish("a", row="合计", column="说明", file="对照.csv", line=2),
        CellWish("b", "表1", row="全市", column="一、城镇", form="points", file="对照.csv", line=4),
        CellWish("无", cell="c5", form="ten_thousands", file="对照.csv", line=5),
    )


def test_rows_and_columns_may_be_headed_by_one_letter(tmp_path: Path) -> None:
    (found,) = mapped(tmp_path, "工作表,行,列,指标\n表1,环翠区,社区数>城镇,a\n")
    assert (found.row, found.column) == ("环翠区", "社区数>城镇")


def test_a_cell_map_may_be_a_workbook(tmp_path: Path) -> None:
    write_xlsx(tmp_path / "对照.xlsx", {"甲": sheet_xml([["指标", "单元格"], ["a", "B2"]])})
    found = read_map(TableSource(tmp_path / "对照.xlsx", "对照.xlsx"))
    assert found.wishes == (CellWish("a", cell="B2", file="对照.xlsx", map_sheet="甲", line=2),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("指标,单元格\n,B2\n", ["form_no_figure"]),
        ("指标,单元格,行名,列名\na,,,\nb,,环翠区,\n", ["form_no_place", "form_no_place"]),
        ("指标,单元格,行名,列名\nc,B2,环翠区,说明\n", ["form_two_places"]),
        ("指标,单元格,写法\na,B2,百分之\n", ["cell_choice"]),
        ("单元格,备注\nB2,x\n", ["missing_header"]),
        ("指标值,单元格\nB2,x\n", ["missing_header_near"]),
        ("指标,指标编号,单元格\na,b,B2\n", ["two_headers"]),
        ("指标,单元格\n#REF!,B2\n", ["cell_error"]),
        ("指标,单元格\n", ["table_empty"]),
        ("指标,单元格\n,\n", ["table_empty"]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_cell_map(text: str, expected: list[str], tmp_path: Path) -> None:
    with pytest.raises(TableError) as caught:
        mapped(tmp_path, text)
    assert [fault.code for fault in caught.value.faults] == expected
    for fault in caught.value.faults:
        assert all(all(tell(fault, language)) for language in LANGUAGES)


def test_the_map_and_the_form_together(tmp_path: Path) -> None:
    wishes = mapped(tmp_path, "行名,列名,指标\n环翠区,社区数>城镇,city.people\n文登区,达标率>城镇,city.rate\n")
    out, found = filled(template(tmp_path / "表.xlsx"), *wishes)
    sheet = by_openpyxl(out)["表1"]
    assert (sheet["B4"].value, sheet["D5"].value) == (123_456, 0.899)
    assert found.cells["map_line"].tolist() == [2, 3]


CITY, TOWN = ("全市",), ("东区/中街", "中街")
NAMED = {
    "city.decided.rate": Figure(Fraction(1, 2), parts=(CITY, ("判定（全部判定标准）", "判定", ""), ("达标率",))),
    "city.walk.rate": Figure(Fraction(1, 3), parts=(CITY, ("城区步行15分钟", "walk"), ("达标率",))),
    "city.walk.met@kph-3.2": Figure(
        7, parts=(CITY, ("城区步行15分钟", "walk"), ("步行3.2公里/小时",), ("达标社区数", "达标"))
    ),
    "town.东区/中街.decided.met": Figure(4, parts=(TOWN, ("判定", ""), ("达标社区数", "达标"))),
    "town.西区/中街.decided.met": Figure(5, parts=(("西区/中街", "中街"), ("判定", ""), ("达标社区数", "达标"))),
}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("全市.达标率", "city.decided.rate"),
        ("全市 判定（全部判定标准） 达标率", "city.decided.rate"),
        ("全市·城区步行１５分钟·达标率", "city.walk.rate"),
        ("全市.walk.达标率", "city.walk.rate"),
        ("全市.城区步行15分钟.步行3.2公里/小时.达标", "city.walk.met@kph-3.2"),
        ("东区中街达标社区数", "town.东区/中街.decided.met"),
        ("city.walk.rate", "city.walk.rate"),
    ],
)
def test_a_figure_may_be_named_in_words(text: str, key: str, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    form = opened(template(tmp_path / "表.xlsx"), wish(text, "G5", form="text" if "met" in key else "ratio"))
    (done,) = forms.fill_all([form], NAMED, tmp_path / "out", DATE, "zh")
    assert done.cells["figure"].tolist() == [key]


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("中街.达标社区数", "form_several_figures", "西区/中街.达标社区数（town.西区/中街.decided.met）"),
        ("全市.达标绿", "form_unknown_figure_near", "全市.达标率（city.decided.rate）"),
        ("city.walk.rat", "form_unknown_figure_near", "全市.城区步行15分钟.达标率（city.walk.rate）"),
        ("好不好", "form_unknown_figure", "指标清单"),
        ("。", "form_unknown_figure", "指标清单"),
    ],
)
def test_a_name_that_is_not_clear_is_told_with_words_and_key(text: str, code: str, told: str, tmp_path: Path) -> None:
    form = opened(template(tmp_path / "表.xlsx"), wish(text, "G5"))
    with pytest.raises(TableError) as caught:
        forms.fill_all([form], NAMED, tmp_path, DATE, "zh")
    (fault,) = caught.value.faults
    assert fault.code == code
    assert told in "".join(tell(fault, "zh"))
    assert all(all(tell(fault, language)) for language in LANGUAGES)


def test_forms_of_one_name_stand_side_by_side(tmp_path: Path) -> None:
    found = []
    for folder, name, cell in (("甲", "表.xlsx", "B4"), ("乙", "表.XLSX", "B5")):
        (tmp_path / folder).mkdir()
        found.append(opened(template(tmp_path / folder / name), wish("city.people", cell)))
    (tmp_path / "out").mkdir()
    done = forms.fill_all(found, figures(), tmp_path / "out", DATE, "zh")
    assert len(done) == 2
    names = ["表-2-cells.csv", "表-2.xlsx", "表-cells.csv", "表.xlsx"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    assert by_openpyxl(tmp_path / "out" / "表-2.xlsx")["表1"]["B5"].value == 123_456


def test_the_faults_of_all_forms_are_told_before_any_is_written(tmp_path: Path) -> None:
    form = opened(template(tmp_path / "表.xlsm"), wish("city.peopel", "B4"))
    good = opened(tmp_path / "表.xlsm", wish("city.people", "B4"))
    with pytest.raises(TableError) as caught:
        forms.fill_all([good, form, form], figures(), tmp_path, DATE, "zh")
    assert [fault.code for fault in caught.value.faults] == ["form_unknown_figure_near"] * 2
    assert not list(tmp_path.glob("*.csv"))


def test_a_form_and_its_map_tell_their_faults_together(tmp_path: Path) -> None:
    (tmp_path / "对照.csv").write_text("指标,单元格\na,\n", encoding="utf-8-sig")
    cells = TableSource(tmp_path / "对照.csv", "对照.csv")
    with pytest.raises(TableError) as caught:
        forms.open_mapped(TableSource(tmp_path / "无.xlsx", "无.xlsx"), cells)
    assert [fault.code for fault in caught.value.faults] == ["form_no_place", "table_absent"]
    (tmp_path / "对照.csv").write_text("指标,单元格\na,B4\n", encoding="utf-8-sig")
    form, known = forms.open_mapped(TableSource(template(tmp_path / "表.xlsx"), "表.xlsx"), cells)
    assert [target.wish for target in form.targets] == list(known.wishes)
