"""`planner verify` of an audit: all that the ledger says recomputes, and whatever is changed in it is found."""

from __future__ import annotations

import csv
import json
import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from planner import pipeline, verify
from planner.bureaucolumns import COMMUNITY_COLUMNS, OUTLET_COLUMNS
from planner.crosswalk import CROSSWALK_COLUMNS
from planner.duties import OFFICER_COLUMNS
from planner.rebureau import communities_said, outlets_said
from planner.reclocks import spans
from planner.rereading import known_words
from planner.reresult import Result
from test_audit import AUDIT, unit, write_all
from test_verify import Case, batches, edit_cell, edit_json, in_book, in_run, in_table, last_digit, silent, verified
from town import place
from twoyears import Year

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Edit = tuple[Callable[[Path], None], str, str]

MORE = """
[[group]]
id = "graduates"
name = "高校毕业生"

[[count]]
id = "towns"
clause = "H2"
type = "station;e_station"
each = "town"
min = 1

[[count]]
id = "units"
clause = "H2"
type = "station"
each = "community"

[[checklist]]
id = "re-employed"
clause = "B1"
name = "再就业"
part = "实现就业"
whole = "登记失业和持证"
shares = { 2025 = 0.5, 2027 = 0.95 }
each = "district"

[[grant]]
id = "award"
clause = "J4"
name = "充分就业社区奖补"
column = "是否认定充分就业社区"
yuan = 3_000
yearly = true
funding = "就业补助资金"
"""
RICH = AUDIT.replace(
    'file = "ledger.csv"\n', 'file = "ledger.csv"\n\n[[audit.ledger]]\nfile = "outlets.csv"\nof = "outlets"\n'
).replace('file = "officers.csv"\n', 'file = "officers.csv"\nfirms = "firms"\n')
FIRMS = '[[demand.table]]\nfile = "firms.csv"\ncoordinates = "wgs84"\nlayer = "firms"\n\n[[sites.table]]'


def write_rich(folder: Path) -> Path:
    """Write a town of which everything is said that an audit may be told."""
    path = write_all(folder, RICH + MORE)
    path.write_text(path.read_text(encoding="utf-8").replace("[[sites.table]]", FIRMS), encoding="utf-8")
    people = (folder / "demand.csv").read_text(encoding="utf-8").splitlines()
    groups = [f"{line},{number % 5}" for number, line in enumerate(people[1:])]
    nobody = f"X1,无人社区,{unit(9, 9)},西区镇,西区,urban,0,{place(1, 2)},0"
    (folder / "demand.csv").write_text("\n".join([f"{people[0]},people_graduates", *groups, nobody]), encoding="utf-8")
    firm = "demand_id,name,unit_id,town,district,setting,people,people_graduates,lon,lat"
    firms = [f"F{k},企业{k},,{d}镇,{d},urban,1,0,{place(k, k)}" for k, d in ((1, "西区"), (2, "西区"), (6, "东区"))]
    (folder / "firms.csv").write_text("\n".join([firm, *firms]), encoding="utf-8")
    sites = (folder / "sites.csv").read_text(encoding="utf-8").splitlines()
    hours = {"E1": "08:30-12:00；13:30-17:30", "E2": "always"}
    rows = [f"{line},{'0' * 12 if line[:2] == 'E1' else ''},{hours.get(line[:2], '')}" for line in sites[1:]]
    rows += [f"E3,新站,station,existing,正常,西区,西区镇,,,{place(2, 2)},{unit(1, 1)},22:00-13:00"]
    rows += [f"E4,东站,e_station,existing,正常,东区,东区镇,,,{place(2, 6)},{unit(1, 3)},"]
    (folder / "sites.csv").write_text("\n".join([f"{sites[0]},unit_id,hours", *rows]), encoding="utf-8")
    ledger = (folder / "ledger.csv").read_text(encoding="utf-8").splitlines()
    known = [f"{line},{k % 4 + 1},{k % 4 + 3},{'是' if k % 3 else '否'}" for k, line in enumerate(ledger[1:])]
    known.append(f"{unit(9, 9)},否,{'是,' * 6},,2,9,")
    heads = f"{ledger[0]},实现就业人数,登记失业和持证,是否认定充分就业社区"
    (folder / "ledger.csv").write_text("\n".join([heads, *known]), encoding="utf-8")
    own = ["网点编码,求职登记,成功对接,满意度", "E1,100,60,95%", "E3,50,,", "E4,40,10,90%"]
    (folder / "outlets.csv").write_text("\n".join(own), encoding="utf-8")
    officers = ["专员,区市,镇街", "王五,西区,西区镇", "李四,西区,西区镇", "赵六,东区,东区镇"]
    (folder / "officers.csv").write_text("\n".join(officers), encoding="utf-8")
    cells = [
        "工作表,单元格,指标",
        "报表,B1,city.walk-5.rate",
        "报表,B2,outlets.in_operation",
        "报表,B3,city.grant.award.yuan",
    ]
    cells += ["报表,D1,data_date", "报表,C2,city.checklist.six.rate", "报表,C3,city.decided.covered@noon"]
    (folder / "cells.csv").write_text("\n".join(cells), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("audited")
    result = Result(pipeline.audit(write_rich(folder / "in"), folder / "out").folder)
    return Case(result, verify.recompute(result, silent))


def differing(case: Case, folder: Path) -> set[tuple[str, str]]:
    """Files and columns that differ in a copy of a result."""
    return {(one.file, one.column) for one in verify.compare(case.again, Result(folder)) if not one.same}


def test_all_that_an_audit_says_recomputes(audited: Case) -> None:
    found = verify.compare(audited.again, audited.result)
    assert [one for one in found if not one.same] == []
    assert {one.file for one in found} >= {"outlets.csv", "duties.csv", "forms/form-cells.csv", "forms/form.xlsx"}
    sheets = {one.file.removeprefix("ledger.xlsx ") for one in found if one.file.startswith("ledger.xlsx")}
    assert sheets >= {
        "网点台账",
        "台账填报指标",
        "台账填报合计",
        "品牌与奖补",
        "数量要求",
        "目标差距",
        "分片包干",
        "历年与目标",
    }
    assert {row["variant"] for row in audited.result.rows("figures.csv")} >= {"day", "noon", "night"}
    assert {"clocks", "reported", "reported_partly"}.isdisjoint(word for word, _, _ in audited.again.taken)


def test_what_is_not_recomputed_is_named(audited: Case) -> None:
    report = verify.report_of(audited.result, audited.again, verify.compare(audited.again, audited.result))
    told = "\n".join(verify.lines(report))
    for word in ("措施", "notices.html", "政策依据", "plan.", "最均衡"):
        assert word in told
    columns = {one["file"]: one["columns"] for one in report["columns"]}
    assert columns["communities.csv"] == ["未建原因", "措施"]
    assert "figures.csv" not in columns


def in_part(part: str, key: str, to: object, **wanted: object) -> Callable[[Path], None]:
    """Return what changes a figure of the one entry of a list of the record that has some values."""

    def change(run: Any) -> None:
        rows = run
        for name in part.split("."):
            rows = rows[name]
        row = next(row for row in rows if all(row[name] == value for name, value in wanted.items()))
        assert row[key] != to
        row[key] = to

    return lambda folder: edit_json(folder, change)


def in_form(folder: Path) -> None:
    book = openpyxl.load_workbook(folder / "forms" / "form.xlsx")
    book["报表"]["B2"].value = 9
    book.save(folder / "forms" / "form.xlsx")


EDITS: Mapping[str, Edit] = {
    "people of an outlet": (in_table("outlets.csv", "可达人口", last_digit, "E1"), "outlets.csv", "可达人口"),
    "people of its own": (in_table("outlets.csv", "独有人口", "1", "E3"), "outlets.csv", "独有人口"),
    "people nearest": (in_table("outlets.csv", "最近人口", last_digit, "E4"), "outlets.csv", "最近人口"),
    "whether it counts": (in_table("outlets.csv", "计入现有网点", "是", "E2"), "outlets.csv", "计入现有网点"),
    "where it is": (in_table("outlets.csv", "纬度", "50.0023000", "E1"), "outlets.csv", "纬度"),
    "hours": (in_table("outlets.csv", "开放时段", "always", "E1"), "outlets.csv", "开放时段"),
    "outlets in the workbook": (in_book("网点台账", "最近人口", 7), "ledger.xlsx 网点台账", "最近人口"),
    "has an outlet": (in_table("communities.csv", "是否设网点", "是", unit(2, 2)), "communities.csv", "是否设网点"),
    "own outlets": (in_table("communities.csv", "本社区网点数", "3", unit(0, 0)), "communities.csv", "本社区网点数"),
    "without an outlet": (in_table("districts.csv", "无网点社区", "0"), "districts.csv", "无网点社区"),
    "without in the record": (in_run("outlets", "communities_without", to=1), "audit.json", "communities_without"),
    "what is lacking": (
        in_table("communities.csv", "六有标准：缺项", "有标识", unit(0, 1)),
        "communities.csv",
        "六有标准：缺项",
    ),
    "name": (in_table("communities.csv", "名称", "另一社区", unit(0, 1)), "communities.csv", "名称"),
    "minutes": (in_table("communities.csv", "步行分钟", last_digit, unit(3, 3)), "communities.csv", "步行分钟"),
    "a rate reported": (in_table("districts.csv", "再就业（台账）", "99.9%"), "districts.csv", "再就业（台账）"),
    "a list in the record": (
        in_part("checklists", "passed", 16, checklist="action", level="city"),
        "audit.json",
        "passed",
    ),
    "a target": (in_part("checklists", "target", "0.1", checklist="re-employed", scope="东区"), "audit.json", "target"),
    "a milestone of a list": (in_part("milestones.checklists", "met", None, id="action"), "audit.json", "met"),
    "a list in the workbook": (in_book("台账填报指标", "符合", 1), "ledger.xlsx 台账填报指标", "符合"),
    "money": (in_part("grants.figures", "yuan", 1, grant="award", level="city"), "audit.json", "yuan"),
    "money by source": (in_run("grants", "by_funding", 0, "yuan", to=1), "audit.json", "by_funding"),
    "money in the workbook": (in_book("品牌与奖补", "金额（元）", 1), "ledger.xlsx 品牌与奖补", "金额（元）"),
    "a sum": (in_part("sums", "total", 1, header="求职登记", level="city"), "audit.json", "total"),
    "a sum in the workbook": (in_book("台账填报合计", "合计", 1), "ledger.xlsx 台账填报合计", "合计"),
    "blank": (in_run("blank", "有标识", to=3), "audit.json", "有标识"),
    "a count": (in_part("counts", "today", 9, count="towns"), "audit.json", "today"),
    "a count in the workbook": (in_book("数量要求", "现有", 9), "ledger.xlsx 数量要求", "现有"),
    "a milestone": (in_part("milestones.goals", "needed", 9, goal="people"), "audit.json", "needed"),
    "a milestone in the workbook": (in_book("目标差距", "还差", 9), "ledger.xlsx 目标差距", "还差"),
    "the trend": (in_part("trend", "met", 9, standard=""), "audit.json", "met"),
    "people left out": (in_run("left_out", "people", to=1), "audit.json", "people"),
    "beyond all candidates": (in_run("missing", "beyond", 0, "people", to=1), "audit.json", "people"),
    "at noon": (in_table("figures.csv", "covered", "1", "noon"), "figures.csv", "covered"),
    "by night in the workbook": (in_book("分时段可达", "可达人口", 1), "ledger.xlsx 分时段可达", "可达人口"),
    "unknown hours": (in_run("outlets", "unknown_hours", to=[]), "audit.json", "unknown_hours"),
    "a cell of a form": (in_form, "forms/form.xlsx", ""),
    "what a cell is said to hold": (
        in_table("forms/form-cells.csv", "精确值", "1/2", "city.walk-5.rate"),
        "forms/form-cells.csv",
        "精确值",
    ),
    "cells of a form": (in_run("forms", 0, "blank", to=1), "audit.json", "blank"),
    "a load": (in_table("duties.csv", "网点负荷占本镇街", "1.0%"), "duties.csv", "网点负荷占本镇街"),
    "firms to visit": (in_table("duties.csv", "重点企业数", "7"), "duties.csv", "重点企业数"),
}


@pytest.mark.parametrize("names", batches(EDITS), ids=lambda names: names[0])
def test_edits_are_found_at_their_places(names: list[str], audited: Case, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(audited.result.folder, tmp_path / "town"))
    for name in names:
        EDITS[name][0](folder)
    assert differing(audited, folder) == {EDITS[name][1:] for name in names}


def test_what_is_reported_otherwise_than_its_table_is_found_with_what_follows(audited: Case, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(audited.result.folder, tmp_path / "town"))
    edit_cell(folder, "communities.csv", "有标识", lambda _: "否", unit(0, 1))
    edit_cell(folder, "outlets.csv", "成功对接", lambda _: "99", "E1")
    found = {
        ("communities.csv", "有标识"),
        ("outlets.csv", "成功对接"),
        ("audit.json", "passed"),
        ("audit.json", "total"),
    }
    assert differing(audited, folder) >= found


def test_an_officer_of_another_town_is_found(audited: Case, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(audited.result.folder, tmp_path / "town"))
    edit_cell(folder, "duties.csv", "专员", lambda _: "赵六", "E1")
    assert ("duties.csv", "专员") in differing(audited, folder)
    folder = Path(shutil.copytree(audited.result.folder, tmp_path / "other"))
    edit_cell(folder, "duties.csv", "网点编号", lambda _: "E4", "E1")
    assert ("duties.csv", "") in differing(audited, folder)


def test_a_ledger_that_was_changed_after_the_audit_is_found(audited: Case, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(audited.result.folder, tmp_path / "town"))
    edit_cell(folder, "inputs/ledger.csv", "品牌等级", lambda _: "A", unit(1, 1))
    assert differing(audited, folder) == {("ledger.csv", "sha256"), ("communities.csv", "品牌等级")}


def test_a_ledger_in_another_form_is_taken_as_printed(tmp_path: Path) -> None:
    path = write_rich(tmp_path / "in")
    ledger = tmp_path / "in" / "ledger.csv"
    ledger.write_text(
        ledger.read_text(encoding="utf-8").replace("登记失业和持证", "登记失业和持《再就业优惠证》"), encoding="utf-8"
    )
    report = verified(pipeline.audit(path, tmp_path / "out").folder)
    assert report["differences"] == []
    taken = {one["word"]: one["count"] for one in report["taken"]}
    assert (taken["reported"], taken["reported_partly"]) == (1, 1)


def test_hours_that_are_not_plain_are_not_counted(tmp_path: Path) -> None:
    path = write_rich(tmp_path / "in")
    sites = tmp_path / "in" / "sites.csv"
    sites.write_text(
        sites.read_text(encoding="utf-8").replace("22:00-13:00", "周一至周五8点半至下午5点"), encoding="utf-8"
    )
    report = verified(pipeline.audit(path, tmp_path / "out").folder)
    assert report["differences"] == []
    assert "clocks" in {one["word"] for one in report["taken"]}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("08:30-12:00;13:30-17:30", ((510, 720), (810, 1050))),
        ("8：30—12：00；13：30—17：30", ((510, 720), (810, 1050))),
        ("22:00-06:00", ((1320, 1440), (0, 360))),
        ("always", ((0, 1440),)),
        ("24小时", ((0, 1440),)),
        ("09:00-05:00", None),
        ("08:00-08:00", None),
        ("08:75-12:00", None),
        ("周一至周五 8:00-17:00", None),
        ("", None),
    ],
)
def test_plain_hours_are_read(text: str, found: object) -> None:
    assert spans(text) == found


def test_the_plain_reader_knows_the_columns_of_ledgers() -> None:
    words = known_words()
    for columns, name in ((COMMUNITY_COLUMNS, "counts"), (OUTLET_COLUMNS, "outlet_counts")):
        assert {column.name for column in columns if column.kind == "whole"} == {*words["reported"][name]}
    kinds = {"choice": "answers", "date": "dates"}
    for kind, name in kinds.items():
        assert {column.name for column in COMMUNITY_COLUMNS if column.kind == kind} == {*words["reported"][name]}
    for column in CROSSWALK_COLUMNS[1:]:
        assert {*column.synonyms} == {*words["crosswalk"][column.name]}
    assert {*OFFICER_COLUMNS[0].synonyms} == {*words["officers"]["officer"]}


def test_every_reported_column_is_found_again(audited: Case) -> None:
    read = audited.again.read
    for own in (communities_said(audited.result, read), outlets_said(audited.result, read)):
        assert {header for row in own.printed.values() for header in own.headers if row[header]} <= {*own.known}
        assert own.whole
    assert outlets_said(audited.result, read).cell("E1", "成功对接") == "60"


# --- two years ----------------------------------------------------------------------------------------------------

LAST = '\n[audit.previous]\nresult = "../maps/town-audit"\n\n[audit.crosswalk]\nfile = "codes.csv"\n'
GONE, NEW = unit(0, 0), "900000000000"


@pytest.fixture(scope="module")
def years(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A town whose second year opens an outlet, and in which a community has another code."""
    folder = tmp_path_factory.mktemp("years")
    pipeline.audit(Year().write(folder / "y1"), folder / "maps")
    year = Year().later().said('name = "town"', 'name = "town-2026"').edited("sites", E2={"operating": "正常"})
    moved = {row["demand_id"]: {"unit_id": NEW} for row in year.demand if row["unit_id"] == GONE}
    path = year.edited("demand", **moved).write(folder / "y2", LAST)
    (folder / "y2" / "codes.csv").write_text(f"原代码,现代码\n{GONE},{NEW}\n", encoding="utf-8")
    result = Result(pipeline.audit(path, folder / "maps").folder)
    return Case(result, verify.recompute(result, silent))


def test_two_years_recompute(years: Case) -> None:
    found = verify.compare(years.again, years.result)
    assert [one for one in found if not one.same] == []
    assert {one.file for one in found} >= {"changes.csv", "ledger.xlsx 变化分解", "ledger.xlsx 与上年相比"}
    assert [one for one in found if one.column == "scenario_sha256"]
    assert "causes" in {word for word, _, _ in years.again.taken}


def in_previous(column: str) -> Callable[[Path], None]:
    """Return what changes an input of last year that is kept with this year's."""
    return lambda folder: edit_cell(folder, "inputs/previous/inputs/demand.csv", column, lambda _: "99", "D33")


def forged_record(folder: Path) -> None:
    path = folder / "inputs" / "previous" / "audit.json"
    run = json.loads(path.read_text(encoding="utf-8"))
    run["figures"][0]["met"] = 9
    path.write_text(json.dumps(run, ensure_ascii=False), encoding="utf-8")


YEAR_EDITS: Mapping[str, Edit] = {
    "met last year": (in_part("changes.figures", "met", 9, cause="last", level="city"), "audit.json", "met"),
    "the change": (in_part("changes.figures", "covered", 9, cause="change", level="city"), "audit.json", "covered"),
    "now": (in_part("changes.figures", "rate_tenths", 9, cause="now", level="city"), "audit.json", "rate_tenths"),
    "a cause": (in_part("changes.figures", "met", 9, cause="people", level="city"), "audit.json", "met"),
    "a state last year": (in_table("changes.csv", "state_before", "met", unit(3, 3)), "changes.csv", "state_before"),
    "which was which": (in_table("changes.csv", "old_codes", unit(0, 1), NEW), "changes.csv", ""),
    "what became of it": (in_table("changes.csv", "kind", "same", NEW), "changes.csv", "kind"),
    "kinds": (in_run("changes", "communities", "recoded", to=2), "audit.json", "recoded"),
    "last year's verdict": (
        in_table("communities.csv", "上年结果", "无法评定", unit(3, 3)),
        "communities.csv",
        "上年结果",
    ),
    "last year's rate": (in_table("districts.csv", "上年", "99.9%"), "districts.csv", "上年"),
    "points": (in_table("districts.csv", "增减（百分点）", "1.000"), "districts.csv", "增减（百分点）"),
    "last year in the workbook": (in_book("变化分解", "达标", 9), "ledger.xlsx 变化分解", "达标"),
    "years before": (in_part("trend", "met", 9, data_date="2025-06-30"), "audit.json", "data_date"),
    "hash of last year": (in_run("changes", "last", "sha256", to="0" * 64), "audit.json", "sha256"),
    "the record of last year": (forged_record, "audit.json", "sha256"),
    "an input of last year": (in_previous("people"), "inputs/previous/demand.csv", "sha256"),
    "whose last year": (in_run("changes", "last", "path", to="../maps/other-audit"), "audit.json", "scenario_sha256"),
}


@pytest.mark.parametrize("names", batches(YEAR_EDITS), ids=lambda names: names[0])
def test_edits_of_what_changed_are_found_at_their_places(names: list[str], years: Case, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(years.result.folder, tmp_path / "town"))
    for name in names:
        YEAR_EDITS[name][0](folder)
    assert differing(years, folder) >= {YEAR_EDITS[name][1:] for name in names}


def test_last_year_as_a_ledger_is_said_not_to_be_recomputed(years: Case, tmp_path: Path) -> None:
    year = Year().later()
    path = year.write(tmp_path / "in", '\n[audit.previous]\nfile = "last.csv"\n')
    rows = [{"社区代码": row["社区代码"], "判定结果": row["判定结果"]} for row in years.result.rows("communities.csv")]
    with (tmp_path / "in" / "last.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ["社区代码", "判定结果"])
        writer.writeheader()
        writer.writerows(row for row in rows if row["社区代码"] != NEW)
    report = verified(pipeline.audit(path, tmp_path / "out").folder)
    assert report["differences"] == []
    assert "last_year" in {one["word"] for one in report["taken"]}


def rename_header(folder: Path) -> None:
    path = folder / "communities.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("判定结果", "判定结论", 1), encoding="utf-8")


def double_header(folder: Path) -> None:
    path = folder / "districts.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([f"{lines[0]},达标", *(f"{line},9" for line in lines[1:])]), encoding="utf-8")


def in_ledger(change: Callable[[Any], None]) -> Callable[[Path], None]:
    """Return what changes the workbook of the ledger."""

    def edit(folder: Path) -> None:
        book = openpyxl.load_workbook(folder / "ledger.xlsx")
        change(book)
        book.save(folder / "ledger.xlsx")

    return edit


def say_more(book: Any) -> None:
    cell = next(cell for row in book["概况"] for cell in row if "口径（" in str(cell.value))
    cell.value = cell.value.replace("达标", "达标9", 1)


def rename_column(book: Any) -> None:
    cell = next(cell for row in book["社区台账"].iter_rows(max_row=6) for cell in row if cell.value == "判定结果")
    cell.value = "判定结论"


def without(name: str, folder: Path) -> None:
    (folder / name).unlink()


def emptied(name: str, folder: Path) -> None:
    (folder / name).write_text("", encoding="utf-8")


def without_sheet(name: str, book: Any) -> None:
    book.remove(book[name])


def row_less(name: str, book: Any) -> None:
    book[name].delete_rows(5)


ABSENT: Mapping[str, tuple[Callable[[Path], None], str]] = {
    **{
        f"no {name}": (partial(without, name), name)
        for name in ("ledger.xlsx", "communities.csv", "outlets.csv", "districts.csv", "figures.csv", "sites.csv",
                     "demand.csv", "coverage.csv", "duties.csv", "notices.html")
    },
    "nothing in it": (partial(emptied, "communities.csv"), "communities.csv"),
    "a header renamed": (rename_header, "communities.csv"),
    "a header twice": (double_header, "districts.csv"),
    "a column renamed": (in_ledger(rename_column), "ledger.xlsx"),
    "a sheet renamed": (in_ledger(lambda book: setattr(book["社区台账"], "title", "台账")), "ledger.xlsx"),
    **{
        f"no sheet {name}": (in_ledger(partial(without_sheet, name)), "ledger.xlsx")
        for name in ("未达标社区及措施", "口径对照", "历年与目标", "政策依据", "概况")
    },
    **{
        f"a row less: {name}": (in_ledger(partial(row_less, name)), file)
        for name, file in (("未达标社区及措施", "ledger.xlsx 未达标社区及措施"), ("口径对照", "ledger.xlsx 口径对照"),
                           ("历年与目标", "ledger.xlsx"), ("分人群可达", "ledger.xlsx 分人群可达"))
    },
    "a sentence": (in_ledger(say_more), "ledger.xlsx 概况"),
}  # fmt: skip


@pytest.mark.parametrize("name", ABSENT)
def test_what_is_missing_is_a_difference(name: str, audited: Case, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(audited.result.folder, tmp_path / "town"))
    ABSENT[name][0](folder)
    assert ABSENT[name][1] in {file for file, _ in differing(audited, folder)}


def test_a_community_without_a_place_has_no_witness(tmp_path: Path) -> None:
    path = write_rich(tmp_path / "in")
    people = tmp_path / "in" / "demand.csv"
    lines = people.read_text(encoding="utf-8").splitlines()
    place_at = [lines[0].split(",").index(name) for name in ("lon", "lat")]
    name = lines[1].split(",")[lines[0].split(",").index("unit_id")]
    rows = [
        ["" if at in place_at and name in line else cell for at, cell in enumerate(line.split(","))] for line in lines
    ]
    people.write_text("\n".join(map(",".join, rows)), encoding="utf-8")
    report = verify.verify(pipeline.audit(path, tmp_path / "out").folder, silent, witness=name)
    assert {one["met"] for one in report["witness"]} == {None}
    assert "无法评定" in list(verify.lines(report))[-1]
