"""The sheets of the ledger: what people they count, what they are called, blanks to fill in, and numbers as numbers."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import openpyxl
import pandas as pd
import pytest

from planner import pipeline
from planner.bureaucolumns import ledger_headers
from planner.communityledger import FIRST, Named, with_documents
from planner.rollups import beside, by_group, place_name, rollup, scope_title
from planner.tallies import COLUMNS
from test_audit import rows_of, unit, write_all

if TYPE_CHECKING:
    from pathlib import Path

    from planner.pipeline import Outcome

PLAIN = '\n[audit]\ndecides = ["walk-5"]\n'


def table_of(folder: Path, name: str) -> list[dict[str, Any]]:
    """Rows of a sheet of the ledger under their headers, which stand below its title and its note."""
    lines = list(openpyxl.load_workbook(folder / "ledger.xlsx")[name].iter_rows(values_only=True))
    head = next(at for at, line in enumerate(lines) if sum(cell is not None for cell in line) > 1)
    return [dict(zip(map(str, lines[head]), line, strict=True)) for line in lines[head + 1 :]]


def formats_of(folder: Path, name: str, header: str) -> set[str]:
    """Number formats of the filled cells of a column."""
    sheet = openpyxl.load_workbook(folder / "ledger.xlsx")[name]
    (head,) = [cell for line in sheet.iter_rows(max_row=8) for cell in line if cell.value == header]
    cells = (sheet.cell(row, head.column) for row in range(head.row + 1, sheet.max_row + 1))
    return {cell.number_format for cell in cells if cell.value is not None}


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("sheets")
    return pipeline.audit(write_all(folder / "in"), folder / "out")


def figures(**counts: int) -> pd.DataFrame:
    """The figures of a city of one district."""
    row = dict.fromkeys(COLUMNS[5:], 0) | counts
    about = {"standard": "", "variant": "", "group": ""}
    rows = [{"level": "city", "scope": "", **about, **row}, {"level": "district", "scope": "东区", **about, **row}]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_people_of_figures_are_those_that_can_be_judged_and_the_others_stand_beside_them() -> None:
    table = figures(communities=3, assessable=2, met=1, unmet=1, unassessable=1, people=35, covered=20, unjudged=3)
    names = Named({}, {}, {}, "zh")
    tables = (rollup(table, "district", [], {}, {}, {}), beside(table, names), by_group(table, names))
    for rows in tables:
        assert rows[["people", "unjudged", "covered"]].to_numpy().tolist() == [[35, 3, 20]] * 2
        assert set(rows["share"]) == {Fraction(20, 35)}


def test_headers_tell_people_who_can_be_judged_from_all_people(audited: Outcome) -> None:
    for name in ("分区市达标情况", "镇街达标情况", "口径对照", "分人群可达"):
        held = table_of(audited.folder, name)[0]
        assert {"可评定人口", "无法评定人口"} <= held.keys()
        assert "人口" not in held
    whole = rows_of(audited.folder / "communities.csv")
    assert all(int(row["人口"]) == int(row["可评定人口"]) + int(row["无法评定人口"]) for row in whole)
    meanings = {(row["工作表"], row["列名"]): row["含义与来源"] for row in table_of(audited.folder, "字段说明")}
    assert meanings["社区台账", "人口"] == "各居民点人口之和"
    assert "能评定" in meanings["口径对照", "可评定人口"]


@pytest.mark.parametrize(
    ("homes", "name"),
    [
        ([("东区", "一街", 5), ("东区", "一街", 3)], "东区一街"),
        ([("东区", "一街", 5), ("东区", "二街", 3)], "东区"),
        ([("东区", "一街", 5), ("西区", "一街", 3)], ""),
        ([("东区", "一街", 5), ("西区", "三街", 0)], "东区一街"),
        ([("", "", 5)], ""),
        ([("东区", "一街", 5), ("", "", 3)], ""),
        ([("东区", "一街", 5), ("东区", "", 3)], "东区"),
    ],
)
def test_one_street_or_district_is_not_called_the_whole_city(homes: list[tuple[str, str, int]], name: str) -> None:
    assert place_name(pd.DataFrame(homes, columns=["district", "town", "people"])) == name
    assert scope_title("", "zh", name) == (name or "全市")
    assert scope_title("西区", "zh", name) == "西区"


def test_a_district_that_is_all_there_is_stands_once() -> None:
    table = figures(communities=2, assessable=2, met=1, people=35, covered=20)
    for place, count in (("东区", 1), ("", 2)):
        names = Named({}, {}, {}, "zh", place)
        assert beside(table, names)["scope"].tolist() == [place or "全市", "东区"][:count]
        assert by_group(table, names)["scope"].tolist() == [place or "全市", "东区"][:count]


def test_the_audit_of_one_district_names_it(tmp_path: Path) -> None:
    path = write_all(tmp_path / "in", PLAIN)
    demand = tmp_path / "in" / "demand.csv"
    demand.write_text(demand.read_text(encoding="utf-8").replace(",西区,", ",东区,"), encoding="utf-8")
    found = pipeline.audit(path, tmp_path / "out")
    assert [row["区市"] for row in rows_of(found.folder / "districts.csv")] == ["东区"]
    assert {row["范围"] for row in table_of(found.folder, "口径对照")} == {"东区"}
    assert [row["镇街"] for row in table_of(found.folder, "镇街达标情况")] == ["东区镇", "西区镇", None]


def test_the_audit_of_one_street_has_one_line_for_it(tmp_path: Path) -> None:
    path = write_all(tmp_path / "in", PLAIN)
    demand = tmp_path / "in" / "demand.csv"
    demand.write_text(demand.read_text(encoding="utf-8").replace("西区", "东区"), encoding="utf-8")
    found = pipeline.audit(path, tmp_path / "out")
    assert [row["区市"] for row in rows_of(found.folder / "districts.csv")] == ["东区东区镇"]
    assert [row["镇街"] for row in table_of(found.folder, "镇街达标情况")] == ["东区镇"]
    assert {row["范围"] for row in table_of(found.folder, "目标差距")} == {"东区东区镇"}


def test_columns_of_the_documents_are_there_and_blank(audited: Outcome) -> None:
    units, outlets = (rows_of(audited.folder / f"{name}.csv") for name in ("communities", "outlets"))
    # 缺项 stands as what the checklist makes of it
    assert set(ledger_headers("communities")) - {"缺项"} <= units[0].keys()
    assert "六有标准：缺项" in units[0]
    assert set(ledger_headers("outlets")) <= outlets[0].keys()
    assert {row["零就业家庭"] for row in units} == {row["联系电话"] for row in outlets} == {""}
    assert {row["是否实施行动"] for row in units} == {"是", ""}
    meanings = {(row["工作表"], row["列名"]): row["含义与来源"] for row in table_of(audited.folder, "字段说明")}
    assert meanings["社区台账", "零就业家庭"] == "本单位填报，未填"
    assert meanings["社区台账", "是否实施行动"] == "本单位填报，照录"


def test_what_is_given_under_another_name_has_no_blank_column_beside_it() -> None:
    own = pd.DataFrame({"是否实施“就在威海”行动": ["是"], "微信群": ["有"]})
    columns, place = with_documents(own, "communities", ["登记失业人员"])
    assert "是否实施行动" not in columns
    assert place["是否实施行动"] == "是否实施“就在威海”行动"
    assert "登记失业" not in columns
    assert columns["就业困难"].tolist() == [""]
    assert columns["微信群"].tolist() == ["有"]


def test_the_verdict_stands_on_the_first_page(audited: Outcome) -> None:
    heads = list(rows_of(audited.folder / "communities.csv")[0])
    assert heads[: len(FIRST)] == [
        "社区代码", "名称", "镇街", "城乡", "人口", "是否设网点", "最近网点", "路网米数", "直线米数", "步行分钟",
        "判定结果", "临界",
    ]  # fmt: skip
    sheet = openpyxl.load_workbook(audited.folder / "ledger.xlsx")["社区台账"]
    widths = [sheet.column_dimensions[openpyxl.utils.get_column_letter(at)].width for at in range(1, len(FIRST) + 1)]
    assert sum(widths) < 149 / 0.7  # A4 across


def test_the_table_of_those_left_out_has_columns_to_fill_in(audited: Outcome) -> None:
    rows = table_of(audited.folder, "未达标社区及措施")
    assert list(rows[0])[-5:] == ["判定原因", "未建原因", "措施", "责任单位", "时限"]
    assert {row[name] for row in rows for name in ("责任单位", "时限")} == {None}


def test_targets_are_shares_and_goals_have_names(audited: Outcome) -> None:
    (goal,) = audited.record["milestones"]["goals"]
    (row,) = table_of(audited.folder, "目标差距")
    assert row["目标值"] == pytest.approx(float(goal["share"]))
    assert formats_of(audited.folder, "目标差距", "目标值") == {"0.0%"}
    assert row["目标编号"] == goal["goal"]
    assert row["目标"] != goal["goal"]
    years = table_of(audited.folder, "历年与目标")
    (now,) = [line for line in years if line["标准"] == "判定（全部判定标准）"]
    assert now["达标率"] == now["达标"] * 1000 // now["可评定"] / 1000
    assert now["人口可达率"] == now["可达人口"] * 1000 // now["可评定人口"] / 1000
    assert [(line["截止日或目标年度"], line["目标值"]) for line in years if line["目标值"] is not None] == [
        (str(goal["year"]), row["目标值"])
    ]


def test_rates_of_years_are_shares_and_changes_have_signs(audited: Outcome, tmp_path: Path) -> None:
    more = f"\n[audit.previous]\nresult = {str(audited.folder)!r}\n"
    path = write_all(tmp_path / "in", PLAIN + more)
    scenario = path.read_text(encoding="utf-8")
    path.write_text(scenario.replace("data_date = 2026-06-30", "data_date = 2027-06-30"), encoding="utf-8")
    demand = tmp_path / "in" / "demand.csv"
    lines = demand.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if unit(0, 0) not in line]
    demand.write_text("\n".join(kept) + "\n", encoding="utf-8")
    found = pipeline.audit(path, tmp_path / "out")
    rows = [row for row in table_of(found.folder, "变化分解") if row["范围"] == "全市"]
    for row in rows:
        of_year = row["年份或原因"] in {"上年", "今年"}
        assert (row["达标率"] is None, row["达标率变化（百分点）"] is None) == (not of_year, of_year)
    by_cause = {row["年份或原因"]: row for row in rows[: len(rows) // len({row["标准"] for row in rows})]}
    points = (by_cause["今年"]["达标率"] - by_cause["上年"]["达标率"]) * 100
    assert by_cause["变化合计"]["达标率变化（百分点）"] == pytest.approx(points, abs=1e-9)
    assert formats_of(found.folder, "变化分解", "达标率") == {"0.0%"}
    assert formats_of(found.folder, "变化分解", "达标率变化（百分点）") == {"+0.0;-0.0;0.0"}
    years = [row for row in table_of(found.folder, "历年与目标") if row["标准"] == "判定（全部判定标准）"]
    assert [(row["截止日或目标年度"], row["无法评定人口"]) for row in years] == [("2026-06-30", 0), ("2027-06-30", 0)]
    names = openpyxl.load_workbook(found.folder / "ledger.xlsx").sheetnames
    assert names.index("与上年相比") < names.index("变化分解")


def test_a_ledger_in_english_has_the_same_columns(tmp_path: Path) -> None:
    path = write_all(tmp_path / "in", PLAIN)
    path.write_text('language = "en"\n' + path.read_text(encoding="utf-8"), encoding="utf-8")
    found = pipeline.audit(path, tmp_path / "out")
    (row,) = table_of(found.folder, "Milestones")
    assert (row["Goal (id)"], row["Scope"], row["Target"]) == ("people", "Whole city", 0.6)
    (unit_row, *_) = rows_of(found.folder / "communities.csv")
    assert int(unit_row["People"]) == int(unit_row["People judged"]) + int(unit_row["People not judged"])


def test_a_ledger_of_last_year_stands_among_the_years(tmp_path: Path) -> None:
    path = write_all(tmp_path / "in", PLAIN + '\n[audit.previous]\nfile = "past.csv"\n')
    lines = ["社区代码,判定结果", *(f"{unit(at // 4, at % 4)},{'达标' if at < 6 else '不达标'}" for at in range(16))]
    (tmp_path / "in" / "past.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = pipeline.audit(path, tmp_path / "out")
    first = table_of(found.folder, "历年与目标")[0]
    assert (first["截止日或目标年度"], first["达标"], first["达标率"]) == ("上年", 6, 0.375)
    assert (first["可评定人口"], first["无法评定人口"], first["人口可达率"]) == (None, None, None)


def test_times_of_day_are_in_their_order_and_tiers_that_are_codes_in_words(tmp_path: Path) -> None:
    path = write_all(tmp_path / "in", PLAIN)
    sites = tmp_path / "in" / "sites.csv"
    head, *lines = sites.read_text(encoding="utf-8").splitlines()
    said = ["town,08:00-18:00", "区级,", *([","] * len(lines))]
    rows = [f"{head},tier,hours", *(f"{line},{cells}" for line, cells in zip(lines, said, strict=False))]
    sites.write_text("\n".join(rows) + "\n", encoding="utf-8")
    found = pipeline.audit(path, tmp_path / "out")
    tiers = {row["名称"]: row["层级"] for row in rows_of(found.folder / "outlets.csv")}
    assert tiers == {"老站": "镇街级", "停站": "区级"}
    hours = table_of(found.folder, "分时段可达")
    assert [row["口径"][:2] for row in hours[:3]] == ["白天", "午间", "夜间"]
    assert len({(row["范围"], row["标准"]) for row in hours[:3]}) == 1
