"""The yearly audit end to end on a small town: the ledger, what the bureau reports, a form, officers, and traps."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
import python_calamine
from typer.testing import CliRunner

from planner import pipeline
from planner.cli import app
from planner.figurekeys import key_table
from planner.figures import percent
from planner.forms import Figure
from runs import run_scenario
from test_results import fingerprint
from town import SCENARIO, write_town

if TYPE_CHECKING:
    from planner.pipeline import Outcome

ROOT = Path(__file__).parents[1]
NASTY = "=1+1"
SIX = ("有标识", "有专兼职服务人员", "有规范管理制度和服务流程", "有便捷电子设备", "有宣传专栏", "有就业创业活动场所")

AUDIT = """
[[checklist]]
id = "action"
clause = "W2"
name = "实施行动"
items = ["是否实施行动"]
share = 0.90

[[checklist]]
id = "six"
clause = "W3"
name = "六有标准"
items = ["有标识", "有专兼职服务人员", "有规范管理制度和服务流程", "有便捷电子设备", "有宣传专栏", "有就业创业活动场所"]

[[grant]]
id = "brands"
clause = "W5"
name = "品牌社区"
column = "品牌等级"
grades = [{ grade = "A", count = 1, yuan = 100_000 }, { grade = "B", count = 1, yuan = 50_000 }]
quota_clause = "W4"
quotas = { "东区" = 1, "西区" = 1 }

[audit]
decides = ["walk-5"]
check_by = 2026-12-31

[[audit.ledger]]
file = "ledger.csv"

[audit.officers]
file = "officers.csv"

[[audit.form]]
file = "form.xlsx"
cells = "cells.csv"
"""


def unit(row: int, column: int) -> str:
    return f"{row}{column}".zfill(12)


def ledger_csv() -> str:
    """What the bureau reports: fifteen of sixteen communities run the action, one says nothing of it."""
    lines = [",".join(["社区代码", "是否实施行动", *SIX, "品牌等级", "备注"])]
    for k in range(16):
        code = unit(k // 4, k % 4)
        brand = {0: "A级", 3: "B"}.get(k, "")
        six = ["是"] * 6 if k % 2 else ["是"] * 5 + ["否"]
        lines.append(",".join([code, "" if k == 15 else "是", *six, brand, NASTY if k == 1 else ""]))
    return "\n".join(lines) + "\n"


def write_all(folder: Path, more: str = AUDIT) -> Path:
    """The town with all that an audit may name."""
    path = write_town(folder, SCENARIO + more)
    (folder / "ledger.csv").write_text(ledger_csv(), encoding="utf-8")
    (folder / "officers.csv").write_text("专员,区市,镇街,联系电话\n王五,西区,西区镇,0531-1234567\n", encoding="utf-8")
    form = openpyxl.Workbook()
    form.active.title = "报表"
    for row in (["达标率", None, "=1+1"], ["网点数"], ["合计"]):
        form.active.append(row)
    form.save(folder / "form.xlsx")
    cells = [
        "工作表,单元格,指标",
        "报表,B1,city.walk-5.rate",
        "报表,B2,outlets.in_operation",
        "报表,B3,全市.达标社区数",
    ]
    (folder / "cells.csv").write_text("\n".join(cells) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("audit")
    return pipeline.audit(write_all(folder / "in"), folder / "out")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def figure(record: Any, **wanted: str) -> dict[str, Any]:
    keys = {"standard": "", "variant": "", "group": "", **wanted}
    (row,) = [row for row in record["figures"] if all(row[key] == value for key, value in keys.items())]
    return dict(row)


def test_every_community_is_judged_by_the_people_within_reach(audited: Outcome) -> None:
    ledger = rows_of(audited.folder / "communities.csv")
    run = run_scenario(audited.folder / "scenario.toml", audited.folder.parent / "again")
    covered = {
        row["demand_id"]: row["covered"] for row in rows_of(run.folder / "coverage.csv") if row["state"] == "today"
    }
    points = rows_of(audited.folder.parent.parent / "in" / "demand.csv")
    assert len(ledger) == 16
    for row in ledger:
        mine = [point for point in points if point["unit_id"] == row["社区代码"]]
        people = sum(int(point["people"]) for point in mine)
        inside = sum(int(point["people"]) for point in mine if covered[point["demand_id"]] == "true")
        assert (row["人口"], row["可达人口"]) == (str(people), str(inside))
        assert row["判定结果"] == ("达标" if 2 * inside >= people else "不达标")
    met = sum(row["判定结果"] == "达标" for row in ledger)
    assert 0 < met < 16
    assert figure(audited.record)["met"] == met
    assert run.record["standards"][0]["communities_today"] == met


def test_a_closed_outlet_covers_nobody(audited: Outcome) -> None:
    outlets = {row["网点编码"]: row for row in rows_of(audited.folder / "outlets.csv")}
    assert (outlets["E2"]["状态"], outlets["E2"]["计入现有网点"], outlets["E2"]["可达人口"]) == ("停运", "否", "")
    assert int(outlets["E1"]["可达人口"]) == figure(audited.record)["covered"]
    assert {row["最近网点编码"] for row in rows_of(audited.folder / "communities.csv")} == {"E1"}


def test_what_is_reported_is_told_apart_from_reach(audited: Outcome) -> None:
    action = [one for one in audited.record["checklists"] if one["checklist"] == "action" and one["level"] == "city"]
    assert [(one["passed"], one["blank"], one["communities"], one["met"]) for one in action] == [(15, 1, 16, True)]
    six = {row["社区代码"]: row["六有标准：缺项"] for row in rows_of(audited.folder / "communities.csv")}
    assert six[unit(0, 0)] == "有就业创业活动场所"
    assert six[unit(0, 1)] == ""
    districts = {row["区市"]: row for row in rows_of(audited.folder / "districts.csv")}
    assert districts["全市"]["实施行动（台账）"] == percent(15, 16) == "93.7%"
    assert {row["figures"][0]["yuan"] for row in [audited.record["grants"]]} == {150_000}


def test_no_outlet_changes_what_is_reported_and_reaches_nobody(tmp_path: Path) -> None:
    path = write_all(tmp_path / "in")
    sites = tmp_path / "in" / "sites.csv"
    kept = [line for line in sites.read_text(encoding="utf-8").splitlines() if ",existing," not in line]
    sites.write_text("\n".join(kept) + "\n", encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8").split("[[goal]]")[0] + AUDIT, encoding="utf-8")
    record = pipeline.audit(path, tmp_path / "out").record
    found = figure(record)
    assert (found["met"], found["covered"], found["unmet"]) == (0, 0, 16)
    assert record["checklists"][0]["passed"] == 15


def test_a_form_is_filled_and_every_cell_can_be_traced(audited: Outcome) -> None:
    book = openpyxl.load_workbook(audited.folder / "forms" / "form.xlsx")
    sheet, found = book["报表"], figure(audited.record, standard="walk-5")
    share = found["met"] * 1000 // found["assessable"] / 1000
    assert (sheet["B1"].value, sheet["B1"].number_format) == (share, "0.0%")
    assert (sheet["B2"].value, sheet["B3"].value, sheet["A1"].value) == (1, found["met"], "达标率")
    told = rows_of(audited.folder / "forms" / "form-cells.csv")
    assert [row["指标"] for row in told] == ["city.walk-5.rate", "outlets.in_operation", "city.decided.met"]


def test_every_figure_of_a_form_is_listed_with_words_that_are_taken(audited: Outcome) -> None:
    sheet = openpyxl.load_workbook(audited.folder / "ledger.xlsx")["指标清单"]
    lines = list(sheet.iter_rows(values_only=True))
    at = next(k for k, line in enumerate(lines) if "指标编号" in line)
    rows = {line[0]: line[1:] for line in lines[at + 1 :] if line[0]}
    met = figure(audited.record)["met"]
    assert rows["city.decided.met"] == ("全市.达标社区数", "全市 判定（全部判定标准） 达标社区数", met)
    assert rows["outlets.in_operation"][2] == 1
    words = [line[0] for line in rows.values() if line[0]]
    assert len(words) == len(set(words))


def test_of_very_many_figures_those_of_city_and_districts_are_listed() -> None:
    parts = (("甲",), ("达标率",))
    many = {f"{level}.{at}.decided.rate{beside}": Figure(at, parts=parts) for level in ("district", "town")
            for at in range(400) for beside in ("", "@road", "#old")}  # fmt: skip
    table = key_table(many)
    assert set(table["figure_key"]) == {key for key in many if key.startswith("district") and "@" not in key}
    assert table["key_words"].isna().all()  # all of them would have one name
    assert len(key_table(dict(list(many.items())[:50]))) == 50
    whole = {f"city.{at}.rate{beside}": Figure(at) for at in range(1500) for beside in ("", "#old")}
    assert len(key_table(whole)) == 1500


def test_outlets_are_shared_out_and_each_has_a_notice(audited: Outcome) -> None:
    (row,) = rows_of(audited.folder / "duties.csv")
    assert "E1" in row.values()
    assert "王五" in row.values()
    page = (audited.folder / "notices.html").read_text(encoding="utf-8")
    assert "王五" in page
    assert "<script" not in page


def test_the_workbook_is_read_back_by_other_libraries(audited: Outcome) -> None:
    book = openpyxl.load_workbook(audited.folder / "ledger.xlsx")
    cells = [cell for sheet in book for line in sheet.iter_rows() for cell in line if cell.value is not None]
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]
    assert [cell.data_type for cell in cells if cell.value == NASTY] == ["s"]
    ledger = book["社区台账"]
    header = next(line for line in ledger.iter_rows(values_only=True) if "社区代码" in line)
    at = {name: k for k, name in enumerate(header)}
    body = [line for line in ledger.iter_rows(values_only=True) if str(line[at["社区代码"]]).isdigit()]
    assert len(body) == 16
    assert all(isinstance(line[at["社区代码"]], str) and len(line[at["社区代码"]]) == 12 for line in body)
    assert all(isinstance(line[at["人口"]], int) and isinstance(line[at["路网米数"]], int | float) for line in body)
    again = python_calamine.CalamineWorkbook.from_path(audited.folder / "ledger.xlsx")
    assert again.sheet_names == book.sheetnames
    same = [row["社区代码"] for row in rows_of(audited.folder / "communities.csv")]
    assert [line[at["社区代码"]] for line in body] == same


def test_it_runs_again_from_its_own_copies_to_the_same_bytes(audited: Outcome, tmp_path: Path) -> None:
    again = pipeline.audit(audited.folder / "scenario.toml", tmp_path / "a")
    for name in ("communities.csv", "outlets.csv", "districts.csv", "figures.csv", "duties.csv", "notices.html"):
        assert (again.folder / name).read_bytes() == (audited.folder / name).read_bytes()
    first = fingerprint(again.folder)
    pipeline.audit(audited.folder / "scenario.toml", tmp_path / "a")
    assert fingerprint(again.folder) == first


def test_every_fault_of_what_an_audit_names_comes_at_once(tmp_path: Path) -> None:
    path = write_all(tmp_path / "in")
    (tmp_path / "in" / "ledger.csv").write_text("社区代码,是否实施行动\n000000000099,也许\n", encoding="utf-8")
    (tmp_path / "in" / "cells.csv").write_text("工作表,单元格,指标\n没有,B1,city.walk-5.rate\n", encoding="utf-8")
    told = CliRunner().invoke(app, ["audit", str(path), "--out", str(tmp_path / "out")])
    assert told.exit_code == 2
    assert "ledger.csv" in told.stderr
    assert "cells.csv" in told.stderr
    assert not (tmp_path / "out").exists()


def test_a_deciding_standard_must_be_there(tmp_path: Path) -> None:
    path = write_town(tmp_path / "in", SCENARIO + '[audit]\ndecides = ["walk-6"]\n')
    told = CliRunner().invoke(app, ["audit", str(path), "--out", str(tmp_path / "out")])
    assert told.exit_code == 2
    assert "walk-6" in told.stderr


@pytest.mark.parametrize("name", ["sample-2026", "sample-baseline"])
def test_shipped_scenarios_give_their_golden_audit(name: str, tmp_path: Path) -> None:
    record = pipeline.audit(ROOT / "scenarios" / f"{name}.toml", tmp_path).record
    golden = json.loads((ROOT / "tests" / "golden" / f"{name}-audit.json").read_text(encoding="utf-8"))
    found = {key: record[key] for key in ("outlets", "figures", "left_out", "trend", "missing")}
    assert json.loads(json.dumps(found)) == golden


def test_a_check_tells_the_faults_of_what_an_audit_names(tmp_path: Path) -> None:
    path = write_all(tmp_path / "in")
    found = pipeline.check(path, tmp_path / "out")
    assert found["faults"] == []
    (tmp_path / "in" / "ledger.csv").write_text("社区代码,是否实施行动\n000000000099,也许\n", encoding="utf-8")
    found = pipeline.check(path, tmp_path / "out")
    assert len(found["faults"]) == 2
    assert {problem["file"] for problem in found["problems"]} >= {"ledger.csv"}
