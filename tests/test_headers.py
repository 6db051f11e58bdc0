"""Headers that nearly say what is read, figures in other units, and rows that count others once more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from planner import inputs, inspection, pipeline, roadedits
from planner.columns import DEMAND_COLUMNS, SITE_COLUMNS
from planner.doublecounts import GRAVE
from planner.errors import TableError
from planner.matching import match_headers
from planner.nearheaders import near_headers
from planner.roadedits import EDIT_COLUMNS
from planner.sources import Hierarchy, TableSource
from planner.titleunits import wrong_unit
from planner.totals import Asked, read_totals
from tablereading import read_demand, read_sites
from test_oddities import HEAD, ROW, SITE, SITE_HEAD, codes, faults_of, source
from town import SCENARIO, write_town
from workbook import sheet_xml, write_xlsx

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from planner.columns import Column

ROWS: dict[str, Any] = {"id": "row", "defaults": {"setting": "urban"}}
FLAT = "区县,镇街,社区,人口,经度,纬度"
PARTS = ("东区,甲镇,一村,100,117.0,36.6", "东区,甲镇,二村,200,117.01,36.6", "东区,乙镇,三村,350,117.02,36.6")
TREE = Hierarchy("代码", "上级", "级别", "镇", "区")
UNITS = (
    "代码,上级,级别,名称,城乡,人口,经度,纬度",
    "371002000000,,区,东区,城镇,,,",
    "371002001000,371002000000,镇,甲镇,城镇,300,,",
    "371002001001,371002001000,村,一村,城镇,100,117.0,36.6",
    "371002001002,371002001000,村,二村,城镇,200,117.0,36.61",
)


def near(headers: Sequence[str], contract: Sequence[Column]) -> dict[str, str]:
    matching = match_headers(headers, contract, {})
    spare = [headers[at] for at in matching.rest.values()]
    return {header: column.name for header, column in near_headers(spare, contract, matching.place)}


# --- headers -----------------------------------------------------------------------------------------------------


def test_columns_that_decide_who_is_open_are_known_by_their_common_names(tmp_path: Path) -> None:
    head = f"{SITE_HEAD},关闭时间,是否运营,建设费用（元/个）,年费用（元/年）"
    row = read_sites([source(tmp_path, head, f"{SITE},2025-01-01,否,450000,10")], known_types={"station": "s"}).frame
    found = row[["closed_on", "operating", "cost_once_yuan", "cost_yearly_yuan"]].astype(str).to_numpy().tolist()
    assert found == [["2025-01-01", "停运", "450000", "10"]]


@pytest.mark.parametrize(
    ("status", "works"), [("正常", "正常"), ("停运", "停运"), ("在建", "在建"), ("正常运行", "正常")]
)
def test_a_status_of_a_ledger_says_whether_sites_work(status: str, works: str, tmp_path: Path) -> None:
    """状态（正常/停运/在建） is the column of the ledger of outlets, also of the planner's own."""
    rows = [SITE.replace("现有", status), SITE.replace("现有", "").replace("s1", "s2").replace("36.66", "36.77")]
    frame = read_sites([source(tmp_path, SITE_HEAD, *rows)], known_types={"station": "s"}).frame
    assert frame["status"].tolist() == ["existing", "existing"]
    assert frame["operating"].tolist() == [works, ""]


@pytest.mark.parametrize("other", ["候选", "现有", "是"])
def test_a_status_of_two_kinds_of_words_is_a_fault(other: str, tmp_path: Path) -> None:
    rows = [SITE.replace("现有", "正常"), SITE.replace("现有", other).replace("s1", "s2").replace("36.66", "36.77")]
    with pytest.raises(TableError) as caught:
        read_sites([source(tmp_path, SITE_HEAD, *rows)], known_types={"station": "s"})
    assert {fault.column for fault in caught.value.faults} == {"状态"}


@pytest.mark.parametrize(
    ("header", "cell"), [("城镇化率", "92.84%"), ("城镇化率（%）", "92.84"), ("常住人口城镇化率(%)", "92.84%")]
)
def test_an_urban_share_may_be_in_percent(header: str, cell: str, tmp_path: Path) -> None:
    (official,) = read_totals([Asked(source(tmp_path, f"地区,人口,{header}", f"东区,10000,{cell}"), of="district")])
    assert str(official.totals[0].urban_share) == "0.9284"
    with pytest.raises(TableError) as error:  # without the sign it may be either
        read_totals([Asked(source(tmp_path, "地区,人口,城镇化率", "东区,10000,92.84"), of="district")])
    assert [fault.code for fault in error.value.faults] == ["cell_share"]


def test_headers_near_an_absent_column_are_found_and_those_of_an_honest_ledger_are_not() -> None:
    wanted = {
        "停止营业日期": "closed_on", "建成时间": "opened_on", "是否停运": "operating", "目前状态": "operating",
        "总投资（元）": "cost_once_yuan", "年租金": "cost_yearly_yuan", "服务能力（人/年）": "capacity_people",
        "所在街道办": "town",
    }  # fmt: skip
    assert near([*SITE_HEAD.split(","), *wanted], SITE_COLUMNS) == wanted
    assert near(["社区编号", "城乡情况", "镇街名"], DEMAND_COLUMNS) == {
        "社区编号": "unit_id", "城乡情况": "setting", "镇街名": "town",
    }  # fmt: skip
    assert near(["改动", "适用对象", "限速值"], EDIT_COLUMNS) == {"适用对象": "mode", "限速值": "kph"}
    honest = (
        "序号 地址 面积 负责人 联系电话 统一社会信用代码 年服务人次 是否有停车场 运营单位 运营方式 备注 审批状态 照片"
    )
    assert near([*SITE_HEAD.split(","), *honest.split()], SITE_COLUMNS) == {}
    assert near([*HEAD.split(","), "户数", "户籍人口", "失业人数", "社区书记", "社区地址"], DEMAND_COLUMNS) == {}
    # a header says nothing more where the table has the column
    assert near([*SITE_HEAD.split(","), "停用日期", "停止营业日期"], SITE_COLUMNS) == {}


def test_a_header_near_a_decisive_column_travels_with_the_run_and_the_check_lists_all(tmp_path: Path) -> None:
    path = write_town(tmp_path, SCENARIO)
    sites = (tmp_path / "sites.csv").read_text(encoding="utf-8").strip().splitlines()
    lines = [f"{sites[0]},注销日期,照片", *(f"{line},2020-01-01,甲" for line in sites[1:])]
    (tmp_path / "sites.csv").write_text("\n".join(lines), encoding="utf-8")
    found = pipeline.check(path, tmp_path / "out")
    assert codes(found) == ["header_near_decisive"]
    read = {item["header"]: item["read_as"] for item in found["columns"] if item["path"] == "sites.csv"}
    assert (read["status"], read["注销日期"], read["照片"]) == ("状态", None, None)
    carried = inspection.grave(inputs.read(path, lambda _: None))
    assert "header_near_decisive" in [doubt.code for doubt in carried]


def test_an_empty_column_and_one_that_the_scenario_names_are_no_doubt(tmp_path: Path) -> None:
    table = read_demand([source(tmp_path, f"{HEAD},城镇化率,总人口", f"{ROW},,")])
    assert table.doubts == ()
    table = read_demand(
        [source(tmp_path, f"{HEAD.replace('社区代码', '社区编号')}", ROW, keep={"社区编号": "370102001001"})]
    )
    assert table.doubts == ()
    table = read_demand([source(tmp_path, f"{HEAD.replace('社区代码', '社区编号')}", ROW)])
    assert [doubt.code for doubt in table.doubts] == ["header_near_decisive"]


def test_edits_doubt_a_header_near_theirs(tmp_path: Path) -> None:
    line = {"type": "LineString", "coordinates": [[10, 50], [10.01, 50]]}
    feature = {"type": "Feature", "properties": {"改动": "关闭", "适用对象": "驾车"}, "geometry": line}
    file = tmp_path / "e.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    edits = roadedits.read_edits(TableSource(file, "e.geojson", coordinates="wgs84"))
    assert [(doubt.code, doubt.column) for doubt in edits.doubts] == [("edit_header_near", "适用对象")]
    assert edits.rows[0].modes == ("walk", "drive")


# --- units above a header ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("单位：万人", "title_ten_thousands"),
        ("（单位：百人）", "title_unit"),
        ("计量单位：千人", "title_unit"),
        ("2026 年台账  单 位：户", "title_unit"),
        ("单位：十", "title_unit"),
        ("单位：人", ""),
        ("单位：人、户", ""),
        ("单位：个", ""),
        ("单位：元", ""),
        ("填报单位：千佛山街道", ""),
        ("填报单位：万家镇人民政府", ""),
        ("单位：万寿路街道办事处", ""),
        ("主管单位：万载县人社局", ""),
        ("单位：人（全市常住人口 68.2 万人）", ""),
        ("单位：人，万元", "title_ten_thousands"),
        ("单位：（万元）", "title_ten_thousands"),
        ("单位：人民医院", ""),
        ("填报单位：家和社区", ""),
    ],
)
def test_a_title_may_name_the_unit_of_the_figures(line: str, code: str) -> None:
    people = next(column for column in DEMAND_COLUMNS if column.name == "people")
    assert wrong_unit(line, [(people, "常住人口")])[0] == code
    if code != "title_ten_thousands":
        assert wrong_unit(line, [(people, "常住人口（人）")]) == ("", "")


def test_a_title_in_hundreds_is_a_fault_of_the_table(tmp_path: Path) -> None:
    assert [(f.code, f.row) for f in faults_of(source(tmp_path, "单位：百人", HEAD, ROW))] == [("title_unit", 1)]
    cost = f"{SITE_HEAD},建设费用"
    found = faults_of(source(tmp_path, "单位：千元", cost, f"{SITE},30"), sites=True)
    assert [fault.code for fault in found] == ["title_unit"]


# --- rows that count others once more ----------------------------------------------------------------------------


def flat(folder: Path, *rows: str, **about: Any) -> TableSource:
    return source(folder, FLAT, *PARTS, *rows, **{**ROWS, **about})


@pytest.mark.parametrize(
    "row",
    [
        "东区,甲镇小计,,300,,",
        "东区,小计,,300,,",
        "东区,甲镇,计,300,,",
        "全区,,,650,,",
        ",其中：男,,320,,",
        "东区,合计,,650,,",
    ],
)
def test_a_total_is_known_by_any_of_its_names(row: str, tmp_path: Path) -> None:
    table = read_demand([flat(tmp_path, row)])
    assert (table.frame["people"].sum(), [left.reason for left in table.left_out]) == (650, ["total"])


@pytest.mark.parametrize(
    "row", ["东区,甲镇,,300,,", "东区,,,650,,", ",,,650,,", "东区,甲镇,甲镇,300,,", ",,甲镇,300,,"]
)
def test_a_row_without_a_name_of_its_own_that_sums_others_is_a_fault(row: str, tmp_path: Path) -> None:
    (fault,) = faults_of(flat(tmp_path, row))
    assert (fault.code, fault.row) == ("row_is_sum", 5)
    first = source(tmp_path, FLAT, row, *PARTS, **ROWS)  # above its parts as well
    assert [fault.code for fault in faults_of(first)] == ["row_is_sum"]


def test_sums_of_the_rows_since_the_last_one_are_found_by_an_id_too(tmp_path: Path) -> None:
    rows = ["1,一村,100", "2,二村,200", "3,,300", "4,三村,40", "5,四村,20", "6,,60"]
    lines = ["编号,社区,人口,经度,纬度", *(f"{row},," for row in rows)]
    found = faults_of(source(tmp_path, *lines, defaults={"setting": "urban"}))
    assert [(fault.code, fault.row, fault.values["count"]) for fault in found] == [
        ("row_is_sum", 4, 2),
        ("row_is_sum", 7, 2),
    ]


def test_a_row_that_nobody_can_name_is_a_fault_and_one_with_a_place_a_doubt(tmp_path: Path) -> None:
    assert [(f.code, f.row) for f in faults_of(flat(tmp_path, "东区,甲镇,,301,,"))] == [("row_nameless", 5)]
    (doubt,) = read_demand([flat(tmp_path, "东区,甲镇,,301,117.0,36.6")]).doubts
    assert (doubt.code, doubt.values["people"]) == ("rows_nameless", 301)


@pytest.mark.parametrize("row", ["东区,甲镇,四村,300,,", "东区,丙镇,丙镇,301,,", "东区,甲镇,,300,117.3,36.6"])
def test_a_unit_that_happens_to_count_as_many_stays(row: str, tmp_path: Path) -> None:
    assert len(read_demand([flat(tmp_path, row)]).frame) == 4
    head, code = FLAT + ",社区代码", ",371002001009"
    coded = source(tmp_path, head, *(part + "," for part in PARTS), "东区,甲镇,,300,," + code, **ROWS)
    assert len(read_demand([coded]).frame) == 4


CODED = f"{FLAT},社区代码"
VILLAGES = ("东区,甲镇,一村,100,117,36.6,371002001001", "东区,甲镇,二村,200,117,36.7,371002001002")


@pytest.mark.parametrize(
    "row",
    [
        "东区,甲镇,甲镇,300,117,36.8,",
        "东区,甲镇,甲镇,300,,,",
        "东区,,全境,300,,,371002000000",
    ],
)
def test_a_town_with_a_place_or_its_code_that_sums_its_communities_is_a_fault(row: str, tmp_path: Path) -> None:
    found = faults_of(source(tmp_path, CODED, row, *VILLAGES, "西区,丙镇,三村,5,117,36.9,371003001001", **ROWS))
    assert [(fault.code, fault.row) for fault in found] == [("row_is_sum", 2)]


@pytest.mark.parametrize(
    ("row", "others"),
    [
        ("东区,甲镇,甲镇,310,117,36.8,", 300),
        ("东区,甲镇,甲镇,250,,,", 300),
        ("东区,,本镇,310,117,36.8,371002001000", 300),
        ("东区,甲镇,本镇,300,117,36.8,371002001000", 300),  # where codes of communities begin at 000
        ("东区,甲镇,本镇,290,117,36.8,371002001000", None),  # a sum counts no fewer than its parts
        ("东区,甲镇,甲镇,300,117,36.8,371002001009", 300),  # a community of that name, and as many people
        ("东区,东区,东区,310,117,36.8,", 300),
        ("东区,甲镇,甲镇,310,117,36.8,371002001009", None),  # a community of that name, by its code
        ("东区,甲镇,甲镇,140,117,36.8,", None),  # no sum: half of what the others have is more
        ("东区,丁镇,丁镇,310,117,36.8,371002004000", None),  # a town that has no other row
    ],
)
def test_a_town_among_its_communities_that_nearly_sums_them_is_a_grave_doubt(
    row: str, others: int | None, tmp_path: Path
) -> None:
    found = read_demand([source(tmp_path, CODED, *VILLAGES, row, **ROWS)]).doubts
    expected = [("towns_among_units", 4)] if others else []
    assert [(doubt.code, doubt.row) for doubt in found] == expected
    assert all(str(doubt.values["examples"]).endswith(f"/ {others}") for doubt in found)
    assert "towns_among_units" in GRAVE


@pytest.mark.parametrize(
    "rows",
    [
        ("东区,甲镇,甲镇,300,117,36.8,", "东区,甲镇,一村,300,117,36.6,"),  # two villages as large as each other
        ("西区,西区,西区,300,117,36.8,", *VILLAGES),  # the only row of its district
    ],
)
def test_a_community_as_large_as_others_is_none_of_their_sum_for_certain(rows: tuple[str, ...], tmp_path: Path) -> None:
    table = read_demand([source(tmp_path, CODED, *rows, **ROWS)])
    assert len(table.frame) == len(rows)
    assert {doubt.code for doubt in table.doubts} <= {"towns_among_units"}


def test_all_of_it_below_a_header_is_what_the_header_says(tmp_path: Path) -> None:
    head = [["区县", "镇街", "名称", "人口", "", "经度", "纬度"], ["", "", "", "合计", "其中：流动人口", "", ""]]
    rows = [
        *head,
        *[["东区", "甲镇", name, people, "7", "117", "36.6"] for name, people in (("一村", "10"), ("二村", "20"))],
    ]
    tied = [*(f"{column}1:{column}2" for column in "ABCFG"), "D1:E1"]
    write_xlsx(tmp_path / "t.xlsx", {"台账": sheet_xml(rows, merged=tied)})
    table = read_demand([TableSource(tmp_path / "t.xlsx", "t.xlsx", coordinates="wgs84", **ROWS)])
    assert table.frame["people"].tolist() == [10, 20]
    assert "人口 其中：流动人口" in table.frame.columns


def test_merged_districts_and_subtotals_of_a_workbook(tmp_path: Path) -> None:
    rows = [FLAT.split(","), *(part.split(",") for part in PARTS[:2]), ["", "小计", "", "300", "", ""]]
    write_xlsx(tmp_path / "t.xlsx", {"台账": sheet_xml(rows, merged=["A2:A4"])})
    table = read_demand([TableSource(tmp_path / "t.xlsx", "t.xlsx", coordinates="wgs84", **ROWS)])
    assert [left.reason for left in table.left_out] == ["total"]


# --- units above units -------------------------------------------------------------------------------------------


def units(folder: Path, *more: str, **about: Any) -> TableSource:
    return source(folder, *UNITS, *more, hierarchy=TREE, id="代码", columns={"unit_id": "代码"}, **about)


def test_a_unit_in_use_above_another_one_is_a_fault(tmp_path: Path) -> None:
    more = ("371002002000,371002000000,街道,乙街道,城镇,500,,", "371002002001,371002002000,村,三村,城镇,500,117,36.6")
    (fault,) = faults_of(units(tmp_path, *more))
    assert (fault.code, fault.row, fault.values["row"]) == ("unit_over_units", 6, 7)


def test_a_unit_left_out_with_nothing_below_it_says_so(tmp_path: Path) -> None:
    more = ("371002003000,371002000000,镇,开发区,城镇,2000,,", "371003000000,,区,西区,城镇,700,,",
            "371003001000,371003000000,镇,丙镇,城镇,700,,")  # fmt: skip
    table = read_demand([units(tmp_path, *more)])
    assert [left.reason for left in table.left_out] == ["unit_above"] * 2 + ["unit_alone"] * 3
    (doubt,) = table.doubts
    assert (doubt.code, doubt.values["people"], doubt.values["count"]) == ("units_without_rows", 2700, 2)
    # a town whose villages nobody asked for is above them all the same; without people there is nothing to lose
    kept = read_demand([units(tmp_path, keep={"名称": "一村"})])
    assert (kept.doubts, {left.reason for left in kept.left_out}) == ((), {"unit_above", "keep"})
