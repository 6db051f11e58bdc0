"""The bureau's own columns: what its headers mean, whose its rows are, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from ledgertown import LEDGER, NEW, OTHER_PEACE, OUTLETS, PEACE, SUNNY, faults_of, inputs_of, quiet, said_of
from planner import bureau, provenance
from planner.bureaucolumns import column_of, ledger_columns, ledger_headers, read_value
from planner.errors import ScenarioError, TableError
from planner.grammar import Wrong
from planner.inputs import read
from planner.policyschema import ChecklistSection, GradeSection, GrantSection
from planner.words import tell
from town import sites_csv
from workbook import sheet_xml, write_xlsx

if TYPE_CHECKING:
    from pathlib import Path

    from planner.bureaucolumns import Of

ACTION = '\n[[checklist]]\nid = "action"\nclause = "W2"\nname = "行动"\nitems = ["是否实施行动"]\nshare = 0.9\n'
RATE = (
    '\n[[checklist]]\nid = "rate"\nclause = "B1"\nname = "就业"\npart = "实现就业人数"\nwhole = "登记失业和持证人数"\n'
)
BRANDS = (
    '\n[[grant]]\nid = "brands"\nclause = "W5"\nname = "品牌"\ncolumn = "品牌等级"\n'
    'grades = [{ grade = "A", count = 1, yuan = 100_000 }, { grade = "B", count = 1, yuan = 50_000 }]\n'
)


def by(frame: pd.DataFrame, header: str) -> dict[str, object]:
    """What is given under a header: unit -> value."""
    cells = frame[header]
    return {str(unit): value for unit, value in cells.items() if not pd.isna(value) and value != ""}


# --- headers and cells -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "meant"),
    [
        ("登记失业人数", "登记失业"),
        ("登记失业人员（人）", "登记失业"),
        ("就业困难人员", "就业困难"),
        ("零就业家庭（户）", "零就业家庭"),
        ("是否实施“就在威海”行动", "是否实施行动"),
        ("实施行动（是/否）", "是否实施行动"),
        ("是否有标识", "有标识"),
        ("六有标准 标识", "有标识"),
        ("有便捷电子设备", "有便捷电子设备"),
        ("求职登记人数", "求职登记"),
        ("负责人", "责任人"),
        ("登记失业人员和持《再就业优惠证》人员", "登记失业和持证"),
        ("是否认定“三公里”充分就业社区", "是否认定充分就业社区"),
        ("充分就业社区", "是否认定充分就业社区"),
        ("1.有标识", "有标识"),
        ("①有标识", "有标识"),
        ("六有：有标识", "有标识"),
        ("六有标准 2、宣传专栏", "有宣传专栏"),
        ("海拔", None),
    ],
)
def test_headers_of_a_ledger_are_known_by_many_names(header: str, meant: str | None) -> None:
    column = column_of(header, ledger_columns("communities"))
    assert (column.name if column else None) == meant


@pytest.mark.parametrize(("of", "first"), [("communities", "原代码"), ("outlets", "面积")])
def test_a_ledger_has_every_column_of_its_document(of: Of, first: str) -> None:
    known = {column.name for column in ledger_columns(of)}
    assert ledger_headers(of)[0] == first
    assert set(ledger_headers(of)) <= known
    assert len(set(ledger_headers(of))) == len(ledger_headers(of))


def test_a_column_that_a_policy_names_goes_by_that_name() -> None:
    checklist = ChecklistSection(id="a", clause="W3", name="a", items=("标识", "有无食堂"), part=None)
    columns = ledger_columns("communities", [checklist])
    names = [column.name for column in columns]
    assert len(names) == len(set(names))
    assert "有标识" not in names
    found = [column_of(header, columns) for header in ("是否有标识", "有食堂", "食堂")]
    assert [column.name for column in found if column] == ["标识", "有无食堂", "有无食堂"]


@pytest.mark.parametrize(
    "text",
    ["是", "有", "√", "1", "Y", "y", "yes", "YES", "已", "Ｙ", "TRUE", " 是 ", "☑", "■", "已有", "具备", "符合", "1.0"],
)
def test_yes(text: str) -> None:
    column = column_of("有标识", ledger_columns("communities"))
    assert read_value(column, text.strip()) == "是"


@pytest.mark.parametrize(
    "text", ["否", "无", "没有", "×", "0", "N", "no", "未", "FALSE", "☐", "□", "不具备", "不符合", "0.0"]
)
def test_no(text: str) -> None:
    column = column_of("有标识", ledger_columns("communities"))
    assert read_value(column, text) == "否"


@pytest.mark.parametrize("text", ["部分", "计划中", "2", "1.5", "待定", "未定", "暂无", "有标识"])
def test_no_other_answer_is_taken(text: str) -> None:
    column = column_of("有标识", ledger_columns("communities"))
    value = read_value(column, text)
    assert isinstance(value, Wrong)
    assert value.code == "ledger_yes_no"


@pytest.mark.parametrize("text", ["/", "-", "—", "——", "／"])
def test_a_dash_is_no_answer(text: str) -> None:
    assert read_value(column_of("有标识", ledger_columns("communities")), text) == ""


def test_grades_are_one_however_they_are_written() -> None:
    grades = (GradeSection(grade="A", yuan=2), GradeSection(grade="B级", yuan=1))
    grant = GrantSection(id="g", clause="W5", name="g", column="等级", grades=grades)
    column = column_of("等级", ledger_columns("communities", (), [grant]))
    assert [read_value(column, text) for text in ("A", "a", "ａ", "A级", "Ａ 级", "")] == ["A"] * 5 + [""]
    assert [read_value(column, text) for text in ("b", "B级", "无", "—")] == ["B级", "B级", "", ""]
    wrong = read_value(column, "C")
    assert isinstance(wrong, Wrong)
    assert wrong.values["known"] == "A / B级"


# --- what passes through the tables of people and sites ----------------------------------------------------------


def test_counts_of_points_are_added_up_and_other_values_stand_beside_each_other(tmp_path: Path) -> None:
    columns = {
        "登记失业人数": ("3", "4", "", "5", ""),
        "有标识": ("是", "√", "无", "", ""),
        "网格": ("一", "二", "三", "", ""),
        "楼栋": ("5", "5", "7", "", ""),
        "备注": ("", "", "无", "", "新"),
    }
    found = said_of(tmp_path, columns=columns)
    frame = found.communities
    assert by(frame, "登记失业") == {SUNNY: 7, OTHER_PEACE: 5}
    assert by(frame, "有标识") == {SUNNY: "是", PEACE: "否"}
    assert by(frame, "网格") == {SUNNY: "一；二", PEACE: "三"}
    assert by(frame, "楼栋") == {SUNNY: "5", PEACE: "7"}
    assert by(frame, "备注") == {NEW: "新"}
    assert list(frame.columns) == ["登记失业", "有标识", "备注", "网格", "楼栋"]
    assert frame["登记失业"].dtype == "Int64"
    assert (found.blanks["登记失业"], found.blanks["有标识"], found.blanks["缺项"]) == (2, 2, 4)
    assert found.sources["网格"] == ("demand.csv",)


def test_points_of_one_community_may_not_answer_both_ways(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, columns={"是否实施行动": ("是", "否", "", "", "")})
    assert (fault.code, fault.file, fault.row, fault.column) == ("ledger_two_values", "demand.csv", 3, "是否实施行动")


def test_a_cell_that_is_no_answer_is_a_fault_with_its_place(tmp_path: Path) -> None:
    columns = {"是否实施“就在威海”行动": ("是", "是", "部分", "", ""), "登记失业": ("", "", "约3人", "", "")}
    found = faults_of(tmp_path, columns=columns)
    assert [(fault.code, fault.row, fault.column) for fault in found] == [
        ("ledger_yes_no", 4, "是否实施“就在威海”行动"),
        ("cell_number_near", 4, "登记失业"),
    ]


@pytest.mark.parametrize(
    ("counts", "doubted"), [("9,9,6,6,", True), ("9,9,,,", False), ("9,9,6,5,", False), ("0,0,0,0,", False)]
)
def test_a_count_that_all_points_of_a_community_repeat_is_doubted(
    tmp_path: Path, counts: str, *, doubted: bool
) -> None:
    """Two communities of two points each: were it so by chance, one of four would differ."""
    inputs = inputs_of(tmp_path, columns={"登记失业": tuple(counts.split(","))})
    frame = inputs.demand.frame.assign(unit_id=[SUNNY, SUNNY, PEACE, PEACE, NEW])
    found = bureau.read(replace(inputs, demand=replace(inputs.demand, frame=frame)))
    assert [doubt.code for doubt in found.doubts] == ["ledger_repeated"] * doubted
    assert all(tell(doubt, language) for doubt in found.doubts for language in ("zh", "en"))


def test_ten_thousands_are_refused(tmp_path: Path) -> None:
    found = faults_of(tmp_path, columns={"登记失业（万人）": ("1", "", "", "", "")})
    assert [fault.code for fault in found] == ["column_ten_thousands"]


def test_columns_of_sites_pass_through_with_their_phones(tmp_path: Path) -> None:
    lines = sites_csv().splitlines()
    sites = "\n".join([lines[0] + ",联系电话,专职工作人员", *(f"{line},13812345678,2" for line in lines[1:])])
    found = said_of(tmp_path, sites=sites + "\n").outlets
    assert by(found, "专职")["E1"] == 2
    assert by(found, "联系电话")["E1"] == "13812345678"


# --- ledgers -----------------------------------------------------------------------------------------------------


def test_a_ledger_is_joined_by_code_or_by_name_within_its_town(tmp_path: Path) -> None:
    ledger = (
        "某市社区台账,,,,\n代码,社区名称,镇街,登记失业人数,核实日期\n"
        f"{SUNNY},阳光社区,城关镇,5,2026-05-01\n,和平社区,西关镇,6,\n,新建社区,,,\n合计,,,11,\n"
    )
    columns = 'columns = { unit_id = "代码" }\n'
    found = said_of(tmp_path, LEDGER + columns, ledger)
    assert by(found.communities, "登记失业") == {SUNNY: 5, OTHER_PEACE: 6}
    assert by(found.communities, "核实日期") == {SUNNY: "2026-05-01"}
    assert found.rows_read == {"ledger.csv": 5}
    assert {row.reason for row in found.left_out} == {"title", "total"}
    assert found.rows_used() == {"ledger.csv": 3}


def test_a_ledger_of_excel_with_a_merged_header(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["名称", "镇街", "六有标准", "", "满意度"],
        ["", "", "标识", "宣传专栏", ""],
        ["阳光社区", "城关镇", True, "有", "96%"],
        ["和平社区", "城关镇", "", "×", ""],
    ]
    sheet = sheet_xml(rows, merged=["A1:A2", "B1:B2", "C1:D1", "E1:E2"])
    write_xlsx(tmp_path / "book.xlsx", {"说明": sheet_xml([["无"]]), "台账": sheet})
    more = '\n[[audit.ledger]]\nfile = "book.xlsx"\nsheet = "台账"\n'
    found = said_of(tmp_path, more).communities
    assert by(found, "有标识") == {SUNNY: "是"}
    assert by(found, "有宣传专栏") == {SUNNY: "是", PEACE: "否"}
    assert by(found, "满意度") == {SUNNY: "96%"}


def test_every_fault_of_a_ledger_is_told_at_once(tmp_path: Path) -> None:
    ledger = (
        "12位代码,名称,登记失业,有标识,品牌等级\n"
        f"{SUNNY},,5,部分,C\n,和平社区,,,\n,远方社区,,,\n{SUNNY},,x,,\n,,7,是,A\n"
    )
    found = faults_of(tmp_path, LEDGER + BRANDS, ledger)
    assert {(fault.code, fault.row, fault.column) for fault in found} == {
        ("ledger_yes_no", 2, "有标识"),
        ("ledger_grade", 2, "品牌等级"),
        ("ledger_several_communities", 3, "名称"),
        ("ledger_unknown_communities", 4, "名称"),
        ("ledger_twice", 5, "12位代码"),
        ("cell_number", 5, "登记失业"),
        ("ledger_unknown_communities", 6, "12位代码"),
    }
    assert all(fault.file == "ledger.csv" for fault in found)


def test_two_sources_may_not_contradict_each_other(tmp_path: Path) -> None:
    ledger = f"代码,登记失业,备注\n{SUNNY},7,\n{PEACE},8,重\n"
    columns = {"登记失业人数": ("3", "4", "9", "", ""), "备注": ("", "", "", "", "新")}
    more = LEDGER + 'columns = { unit_id = "代码" }\n'
    (fault,) = faults_of(tmp_path, more, ledger, columns)
    assert (fault.code, fault.file, fault.row) == ("ledger_two_values", "ledger.csv", 3)
    assert (fault.values["first"], fault.values["second"], fault.values["file"]) == ("9", "8", "demand.csv")
    found = said_of(tmp_path, more, ledger.replace(",8,", ",9,"), columns)
    assert found.sources["登记失业"] == ("demand.csv", "ledger.csv")
    assert by(found.communities, "备注") == {PEACE: "重", NEW: "新"}


def test_a_ledger_needs_codes_or_names(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, LEDGER, "镇街,登记失业\n城关镇,5\n")
    assert fault.code == "ledger_no_communities"
    (fault,) = faults_of(tmp_path, OUTLETS, "镇街,专职\n西区镇,5\n")
    assert fault.code == "ledger_no_outlets"


def test_personal_data_is_refused_but_for_phones_of_outlets(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, LEDGER, f"12位代码,联系电话\n{SUNNY},13812345678\n")
    assert (fault.code, fault.column) == ("personal_phone", "联系电话")
    found = said_of(tmp_path, OUTLETS, "网点编码,联系电话\nE1,13812345678\n").outlets
    assert by(found, "联系电话") == {"E1": "13812345678"}
    for more, key in ((LEDGER, f"12位代码,备注\n{SUNNY}"), (OUTLETS, "网点编码,备注\nE1")):
        (fault,) = faults_of(tmp_path, more, f"{key},11010519491231002X\n")
        assert (fault.code, fault.row) == ("personal_id", 2)


def test_outlets_are_joined_by_id_or_name(tmp_path: Path) -> None:
    found = said_of(tmp_path, OUTLETS, "编码,名称,年服务人次（人次）\nE1,,40\n,停站,50\n").outlets
    assert by(found, "服务人次") == {"E1": 40, "E2": 50}
    assert list(found.index) == list(inputs_of(tmp_path).sites.frame["site_id"])
    twins = sites_csv().replace("候选2", "候选1").replace("西区,西区镇,120000", "东区,东区镇,120000")
    codes = [fault.code for fault in faults_of(tmp_path, OUTLETS, "名称,专职\n候选1,1\n无此站,2\n", sites=twins)]
    assert codes == ["ledger_several_outlets", "ledger_unknown_outlets"]


@pytest.mark.parametrize(
    ("ledger", "code"),
    [
        ("编码,状态\nE1,停运\n", "ledger_shut"),
        ("编码,启用日期\nE1,2026-07-01\n", "ledger_shut"),
        ("编码,撤销日期\nE1,2026-06-30\n", "ledger_shut"),
        ("编码,状态\nE2,正常\n", "ledger_open"),
    ],
)
def test_a_ledger_may_not_have_open_what_the_table_of_sites_has_closed(tmp_path: Path, ledger: str, code: str) -> None:
    (fault,) = faults_of(tmp_path, OUTLETS, ledger)
    assert (fault.code, fault.row) == (code, 2)


def test_a_ledger_that_agrees_on_what_is_open(tmp_path: Path) -> None:
    ledger = "编码,状态,启用日期,专职\nE1,正常运行,2024-01-01,3\nE2,停运,,\nC1,在建,,\n"
    assert by(said_of(tmp_path, OUTLETS, ledger).outlets, "专职") == {"E1": 3}


def test_what_the_audit_finds_itself_is_not_taken_from_a_ledger(tmp_path: Path) -> None:
    """As where a ledger that the audit wrote is filled in and handed in again."""
    columns = {"判定结果": ("达标", "达标", "", "", "")}
    ledger = f"12位代码,最近网点,判定：城区步行15分钟,是否设网点,登记失业,verdict\n{SUNNY},老站,达标,是,1,x\n"
    found = said_of(tmp_path, LEDGER, ledger, columns)
    assert list(found.communities.columns) == ["登记失业", "source_verdict"]
    assert [(doubt.code, doubt.file, doubt.values["count"]) for doubt in found.doubts] == [
        ("ledger_calculated", "demand.csv", 1),
        ("ledger_calculated", "ledger.csv", 3),
    ]
    assert all(tell(doubt, language) for doubt in found.doubts for language in ("zh", "en"))


def test_what_the_table_of_sites_says_is_not_taken_from_a_ledger_of_outlets(tmp_path: Path) -> None:
    found = said_of(tmp_path, OUTLETS, "编码,建设成本,资金渠道,面积\nE1,3,财政,40\n")
    assert list(found.outlets.columns) == ["面积"]
    assert [doubt.values["count"] for doubt in found.doubts] == [2]


SIX = '\n[[checklist]]\nid = "six"\nclause = "W3"\nname = "六有"\nitems = ["有标识"]\n'


def test_what_is_made_of_a_checklist_is_not_taken_from_a_ledger(tmp_path: Path) -> None:
    """As where last year's ledger is handed in whole: its results are another year's, and would stand there twice."""
    found = said_of(
        tmp_path,
        LEDGER + SIX,
        f"12位代码,有标识,六有：结果,六有：缺项,缺项,措施,未建原因\n{SUNNY},否,未达到,有标识,牌子,建,无候选\n",
        {"六有：未填项": ("有标识", "", "", "", "")},
    )
    assert list(found.communities.columns) == ["有标识", "缺项"]
    assert by(found.communities, "缺项") == {SUNNY: "牌子"}
    assert [(doubt.code, doubt.values["count"]) for doubt in found.doubts] == [("ledger_calculated", 4)]


@pytest.mark.parametrize(
    "named",
    [
        SIX.replace('"有标识"', '"六有：缺项"'),
        SIX.replace('"有标识"', '"是否设网点"'),
        SIX.replace('items = ["有标识"]', 'part = "可达人口"\nwhole = "登记失业"'),
        BRANDS.replace("品牌等级", "判定结果"),
        '\n[[group]]\nid = "old"\nname = "人口"\n',
    ],
)
def test_nothing_is_called_as_a_column_that_the_ledger_fills_in(tmp_path: Path, named: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        inputs_of(tmp_path, named)
    assert {fault.code for fault in caught.value.faults} - {"group_column"} == {"ledger_title"}
    assert all(tell(fault, language) for fault in caught.value.faults for language in ("zh", "en"))


def test_deciding_standards_are_named_once(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        inputs_of(tmp_path, '\n[audit]\ndecides = ["walk-5", "walk-5"]\n')
    assert [fault.code for fault in caught.value.faults] == ["decides_twice"]


def test_grades_that_read_alike_are_one(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        inputs_of(tmp_path, BRANDS.replace('"B"', '"A级"'))
    assert [fault.code for fault in caught.value.faults] == ["repeated_name"]


def test_an_item_that_is_named_in_a_cell_makes_no_header(tmp_path: Path) -> None:
    ledger = f"12位代码,有标识,缺项,备注\n{SUNNY},否,有标识,\n{PEACE},否,,登记失业\n"
    found = said_of(tmp_path, LEDGER, ledger).communities
    assert by(found, "有标识") == {SUNNY: "否", PEACE: "否"}
    assert by(found, "缺项") == {SUNNY: "有标识"}
    twice = faults_of(tmp_path, LEDGER, f"12位代码,有标识\n{SUNNY},否\n社区代码,标识标牌\n{PEACE},否\n")
    assert "two_header_rows" in {fault.code for fault in twice}


def test_remarks_of_several_sources_stand_beside_each_other(tmp_path: Path) -> None:
    more = LEDGER + LEDGER.replace("ledger.csv", "more.csv")
    inputs_of(tmp_path)
    (tmp_path / "more.csv").write_text(f"序号,社区代码,备注,责任人,填报日期\n9,{SUNNY},乙,李,5月\n", encoding="utf-8")
    ledger = f"序号,12位代码,备注,责任人,填报日期\n1,{SUNNY},甲,李,4月\n"
    found = said_of(tmp_path, more, ledger).communities
    assert found.loc[SUNNY].to_dict() == {"责任人": "李", "备注": "甲；乙", "填报日期": "4月；5月"}


def test_ticked_boxes_are_no_doubt(tmp_path: Path) -> None:
    rows: list[list[object]] = [["12位代码", "有标识", "备注"], [SUNNY, True, "甲"], [PEACE, False, True]]
    write_xlsx(tmp_path / "book.xlsx", {"台账": sheet_xml(rows)})
    found = said_of(tmp_path, '\n[[audit.ledger]]\nfile = "book.xlsx"\n')
    assert by(found.communities, "有标识") == {SUNNY: "是", PEACE: "否"}
    assert [(doubt.code, doubt.column) for doubt in found.doubts] == [("cell_converted", "备注")]


@pytest.mark.parametrize("header", ["代码", "编码"])
def test_a_bare_code_is_that_of_the_community_where_nothing_else_is(tmp_path: Path, header: str) -> None:
    found = said_of(tmp_path, LEDGER, f"{header},登记失业\n{SUNNY},5\n")
    assert by(found.communities, "登记失业") == {SUNNY: 5}
    found = said_of(tmp_path, LEDGER, f"社区代码,{header},登记失业\n{SUNNY},0007,5\n")
    assert by(found.communities, header) == {SUNNY: "0007"}


@pytest.mark.parametrize(
    "row", [",阳光社区居委会,城关镇,东区", ",阳光社区,城关镇政府,东区", ",阳光社区,城关镇,某市东区"]
)
def test_a_row_of_a_like_name_is_told_with_the_community_that_it_may_mean(tmp_path: Path, row: str) -> None:
    (fault,) = faults_of(tmp_path, LEDGER, f"社区代码,名称,镇街,区市,登记失业\n{row},5\n")
    assert (fault.code, fault.row) == ("ledger_near_communities", 2)
    assert fault.values["units"] == f"东区 城关镇 阳光社区 {SUNNY}"


def test_a_row_of_another_name_is_doubted(tmp_path: Path) -> None:
    found = said_of(tmp_path, LEDGER, f"12位代码,名称,登记失业\n{SUNNY},向阳社区,1\n{PEACE},和平 社区,2\n")
    assert by(found.communities, "登记失业") == {SUNNY: 1, PEACE: 2}
    (doubt,) = found.doubts
    assert (doubt.code, doubt.row, doubt.values["examples"]) == ("ledger_misnamed", 2, "2 向阳社区 / 阳光社区")
    assert all(tell(doubt, language) for language in ("zh", "en"))


def test_more_of_a_part_than_of_its_whole_is_a_fault(tmp_path: Path) -> None:
    ledger = f"12位代码,登记失业和持证人数,实现就业\n{SUNNY},5,6\n{PEACE},5,5\n"
    (fault,) = faults_of(tmp_path, LEDGER + RATE, ledger)
    assert (fault.code, fault.row, fault.column) == ("ledger_overfull", 2, "实现就业")


def test_ledgers_are_inputs_with_their_rows(tmp_path: Path) -> None:
    inputs = inputs_of(tmp_path, LEDGER, f"台账,\n12位代码,登记失业\n{SUNNY},1\n合计,1\n")
    assert [file.name for file in inputs.files].count("ledger.csv") == 1
    found = bureau.read(inputs)
    records = {item["path"]: item for item in provenance.input_records(inputs, found)}
    assert (records["ledger.csv"]["rows_read"], records["ledger.csv"]["rows_used"]) == (3, 1)
    assert (records["demand.csv"]["rows_read"], records["demand.csv"]["rows_used"]) == (5, 5)
    assert len(provenance.left_out_records(inputs, found.left_out)) == 2


def test_a_sheet_of_people_and_one_of_the_ledger_may_be_in_one_workbook(tmp_path: Path) -> None:
    inputs_of(tmp_path)
    text = (tmp_path / "demand.csv").read_text(encoding="utf-8")
    people = [line.split(",") for line in text.splitlines()]
    ledger: list[list[object]] = [["12位代码", "登记失业"], [SUNNY, 4], ["合计", 4]]
    write_xlsx(tmp_path / "book.xlsx", {"人口": sheet_xml(people), "台账": sheet_xml(ledger)})
    path = tmp_path / "scenario.toml"
    scenario = path.read_text(encoding="utf-8").replace("demand.csv", "book.xlsx")
    more = '\n[[audit.ledger]]\nfile = "book.xlsx"\nsheet = "台账"\n'
    path.write_text(scenario + more, encoding="utf-8")
    inputs = read(path, quiet)
    (record,) = (r for r in provenance.input_records(inputs, bureau.read(inputs)) if r["path"] == "book.xlsx")
    assert (record["rows_read"], record["rows_used"]) == (7, 6)


SAME = LEDGER.replace("ledger.csv", "demand.csv")


def test_one_file_of_people_and_of_the_ledger_is_read_once(tmp_path: Path) -> None:
    """Rows are counted once, nothing is said twice, and what the table of people has read is not repeated."""
    columns = {
        "序号": ("1", "2", "3", "4", "5"),
        "登记失业人员": ("1", "", "2", "3", "0"),
        "海拔": ("9", "9", "8", "7", "6"),
        "备注": ("",) * 5,
    }
    inputs = inputs_of(tmp_path, SAME, columns=columns)
    text = (tmp_path / "demand.csv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("A2")]  # a ledger has one row for each
    (tmp_path / "demand.csv").write_text("\n".join([*lines, "合计,,,,,,,,,,,,"]) + "\n", encoding="utf-8")
    inputs = read(tmp_path / "scenario.toml", quiet)
    found = bureau.read(inputs)
    assert set(found.communities) == {"海拔", "登记失业"}
    assert by(found.communities, "登记失业") == {SUNNY: 1, PEACE: 2, OTHER_PEACE: 3, NEW: 0}
    assert found.empty >= {"备注"}
    assert "就业困难" not in found.empty
    assert found.doubts == ()
    (record,) = (r for r in provenance.input_records(inputs, found) if r["path"] == "demand.csv")
    assert (record["rows_read"], record["rows_used"]) == (5, 4)
    assert len(provenance.left_out_records(inputs, found.left_out)) == 1


def test_a_column_that_is_a_group_of_people_stands_there_once(tmp_path: Path) -> None:
    """But not one that a checklist names."""
    groups = '\n[[group]]\nid = "unemployed"\nname = "登记失业"\n'
    columns = {"people_unemployed": ("1", "0", "2", "3", "0"), "登记失业人数": ("1", "", "2", "3", "0")}
    ledger = f"12位代码,登记失业,就业困难\n{SUNNY},4,5\n"
    found = said_of(tmp_path / "group", groups + LEDGER, ledger, columns)
    assert list(found.communities) == ["就业困难"]
    rate = RATE.replace("登记失业和持证人数", "登记失业")
    found = said_of(
        tmp_path / "rate", groups + LEDGER + rate, ledger, {"people_unemployed": columns["people_unemployed"]}
    )
    assert list(found.communities) == ["登记失业", "就业困难"]


def test_a_wrong_cell_of_such_a_file_is_told_once(tmp_path: Path) -> None:
    columns = {"是否实施行动": ("是", "是", "也许", "", "")}
    told = faults_of(tmp_path / "csv", LEDGER, f"12位代码,是否实施行动\n{PEACE},也许\n", columns)
    assert [fault.row for fault in told] == [4, 2]  # of two files each
    inputs_of(tmp_path / "book", columns=columns)
    lines = (tmp_path / "book" / "demand.csv").read_text(encoding="utf-8").splitlines()
    rows: list[list[object]] = [[*line.split(",")] for line in lines if not line.startswith("A2")]
    write_xlsx(tmp_path / "book" / "book.xlsx", {"台账": sheet_xml(rows)})
    path = tmp_path / "book" / "scenario.toml"
    text = path.read_text(encoding="utf-8").replace("demand.csv", "book.xlsx")
    path.write_text(text + SAME.replace("demand.csv", "book.xlsx"), encoding="utf-8")
    with pytest.raises(TableError) as caught:
        bureau.read(read(path, quiet))
    assert [(one.code, one.sheet, one.row) for one in caught.value.faults] == [("ledger_yes_no", "台账", 3)]


def test_a_header_below_another_is_the_column_of_its_last_line(tmp_path: Path) -> None:
    """Not a column of its own beside it, and no doubt that nobody reads it."""
    rows: list[list[object]] = [
        ["12位代码", "重点群体", "", "男", "女"],
        ["", "登记失业人员", "离校未就业", "就业困难人员", "就业困难人员"],
        [SUNNY, 4, 2, 1, 1],
    ]
    inputs_of(tmp_path)
    write_xlsx(tmp_path / "book.xlsx", {"台账": sheet_xml(rows, ["B1:C1", "A1:A2"])})
    path = tmp_path / "scenario.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + LEDGER.replace("ledger.csv", "book.xlsx"), encoding="utf-8")
    found = bureau.read(read(path, quiet))
    assert list(found.communities) == ["登记失业", "离校未就业", "男 就业困难人员", "女 就业困难人员"]
    assert by(found.communities, "登记失业") == {SUNNY: 4}
    assert [doubt.code for doubt in found.doubts if doubt.column.startswith("重点群体")] == []


def test_what_the_tables_of_people_say_is_not_taken_from_a_ledger(tmp_path: Path) -> None:
    ledger = f"序号,12位代码,常住人口,经度,纬度,城乡分类,城乡分类代码,海拔\n1,{SUNNY},99,122,37,城镇,111,9\n"
    found = said_of(tmp_path, LEDGER, ledger)
    assert list(found.communities) == ["城乡分类代码", "海拔"]
    (doubt,) = found.doubts
    assert (doubt.code, doubt.values["count"]) == ("ledger_calculated", 4)


def test_rows_of_other_towns_are_left_out_and_told(tmp_path: Path) -> None:
    """A street audits itself with the ledger of the whole city (J2)."""
    rows = [
        f"{SUNNY},阳光社区,城关镇,东区,4,是",
        "371002999001,远方社区,东山镇,东区,7,也许",
        ",石桥村,,南区,8,",
    ]
    header = "12位代码,名称,镇街,区市,登记失业,是否实施行动"
    inputs = inputs_of(tmp_path, LEDGER, "\n".join([header, *rows]) + "\n")
    found = bureau.read(inputs)
    assert by(found.communities, "登记失业") == {SUNNY: 4}
    assert [(row.row, row.name, row.reason) for row in found.left_out] == [
        (3, "远方社区", "ledger_outside"),
        (4, "石桥村", "ledger_outside"),
    ]
    (doubt,) = found.doubts
    assert (doubt.code, doubt.values["count"], doubt.values["places"]) == ("ledger_outside", 2, "东山镇 / 南区")
    assert "东山镇" in tell(doubt, "zh")[1]
    assert provenance.left_out_records(inputs, found.left_out)[0]["reason"].endswith("“东山镇”不在人口表内")
    assert found.rows_used() == {"ledger.csv": 1}


@pytest.mark.parametrize(
    "row",
    [
        "371002999001,远方社区,城关镇,东区",  # of a town that is there
        "371002999001,远方社区,,",  # of no town
        "370000000009,远方社区,东山镇,东区",  # its code is of a town that is there
        ",新建社区,东山镇,",  # a name that is there, in a misspelt town
    ],
)
def test_a_row_that_may_be_of_the_towns_that_are_there_is_a_fault(tmp_path: Path, row: str) -> None:
    told = faults_of(tmp_path, LEDGER, f"12位代码,名称,镇街,区市\n{SUNNY},阳光社区,城关镇,东区\n{row}\n")
    code = "ledger_near_communities" if "新建" in row else "ledger_unknown_communities"
    assert [(fault.code, fault.row) for fault in told] == [(code, 3)]
    assert "audit.ledger.keep" in tell(told[0], "zh")[2]


def test_where_no_row_fits_all_are_faults(tmp_path: Path) -> None:
    told = faults_of(tmp_path, LEDGER, "12位代码,名称,镇街,区市\n371002999001,远方社区,东山镇,东区\n")
    assert [fault.code for fault in told] == ["ledger_unknown_communities"]


def test_nothing_given_is_nothing_said(tmp_path: Path) -> None:
    found = said_of(tmp_path, ACTION)
    assert found.communities.empty
    assert list(found.communities.index) == [SUNNY, PEACE, OTHER_PEACE, NEW]
    assert set(found.blanks.values()) == {4}
    assert found.doubts == ()
