"""Chinese names in a scenario: columns, types and the id of rows; and where what is wrong with them is told."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from planner import checking, conversion, inputs
from planner.checklines import lines
from planner.columns import DEMAND_COLUMNS, PLACE_COLUMNS, SITE_COLUMNS, Column, totals_columns
from planner.errors import Fault, ScenarioError
from planner.grammar import type_names
from planner.matching import standing_for
from planner.scenario import load
from planner.tomlfile import read_toml
from planner.words import tell
from town import SCENARIO, demand_csv, write_town

if TYPE_CHECKING:
    from pathlib import Path

SPACING = '\n[[rules.spacing]]\ntype = "就业e站"\nm = 500\n\n[[count]]\nid = "n"\ntype = "就业e站"\n'
SIZES = '\n[[size]]\ntype = "就业e站"\nsize = "大"\ncapacity_people = 9\n\n[candidates]\ntype = "就业e站"\n'


def demand_with(folder: Path, lines_below: str, demand: str = "") -> Path:
    below = '[[demand.table]]\nfile = "demand.csv"\n'
    path = write_town(folder, SCENARIO.replace(below, below + lines_below))
    if demand:
        (folder / "demand.csv").write_text(demand, encoding="utf-8")
    return path


def faults_of(path: Path) -> list[Fault]:
    with pytest.raises(ScenarioError) as error:
        inputs.read(path, lambda _: None)
    return list(error.value.faults)


@pytest.mark.parametrize(
    "contract", [DEMAND_COLUMNS, SITE_COLUMNS, PLACE_COLUMNS, totals_columns("district"), totals_columns("town")]
)
def test_no_name_stands_for_two_columns(contract: tuple[Column, ...]) -> None:
    for one, other in combinations(contract, 2):
        assert not {one.name, *one.synonyms} & {other.name, *other.synonyms}
    assert all(standing_for(column.synonyms[0], contract) == column.name for column in contract if column.synonyms)


def test_columns_may_be_named_in_chinese(tmp_path: Path) -> None:
    bare = demand_csv().replace(",setting,", ",城区与否,").replace("people", "年末人数").replace("demand_id", "代号")
    named = 'id = "行号"\ncolumns = { "人口" = "年末人数" }\ndefaults = { "城乡" = "城区" }\n'
    path = demand_with(tmp_path, named, bare)
    (table,) = load(path).merged["demand"]["table"]
    assert (table["id"], table["columns"], table["defaults"]) == ("row", {"people": "年末人数"}, {"setting": "城区"})
    demand = inputs.read(path, lambda _: None).demand.frame
    assert set(demand["setting"]) == {"urban"}
    assert demand["demand_id"].iloc[0] == "demand-2"
    assert read_toml(path).data["demand"]["table"][0]["defaults"] == {"城乡": "城区"}, "as written"


def test_one_file_changes_by_either_name_what_another_says(tmp_path: Path) -> None:
    write_town(tmp_path, demand_with(tmp_path, 'defaults = { "城乡" = "城区" }\n').read_text("utf-8"))
    child = tmp_path / "child.toml"
    child.write_text(
        'name = "b"\ntitle = "b"\nextends = "scenario.toml"\n\n[[demand.table]]\nfile = "demand.csv"\n'
        'defaults = { setting = "乡村" }\n\n[[standard]]\nid = "walk-5"\nserved_by = ["就业服务站"]\n',
        encoding="utf-8",
    )
    loaded = load(child)
    assert loaded.merged["demand"]["table"][0]["defaults"] == {"setting": "乡村"}
    assert loaded.scenario is not None
    assert loaded.scenario.standard[0].served_by == ("station",)


@pytest.mark.parametrize(
    ("written", "code", "zh"),
    [
        ('defaults = { "城乡" = "城区", setting = "urban" }\n', "column_twice", "“城乡”这一列"),
        ('defaults = { "城乡人" = "城区" }\n', "unknown_column_near", "是否为“城乡”"),
        ('defaults = { "城乡" = "城里" }\n', "cell_choice", "“城里”"),
        ('columns = { "人口" = "户籍" }\n', "absent_header", "“户籍”"),
        ('id = "序号"\n', "absent_header", "“序号”"),
        ('keep = { "区" = "历下" }\n', "absent_header", "“区”"),
    ],
)
def test_what_is_wrong_with_them_stands_at_their_cell(tmp_path: Path, written: str, code: str, zh: str) -> None:
    path = demand_with(tmp_path, written)
    at_line = next(fault for fault in faults_of(path) if fault.code.startswith(code))
    assert (at_line.file, at_line.row) == (str(path), 10)
    book = tmp_path / "方案.xlsx"
    conversion.convert(path, book, "zh")
    fault = next(fault for fault in faults_of(book) if fault.code == at_line.code)
    place, what, _ = tell(fault, "zh")
    key = written.partition(" ")[0]
    column = {"id": "D", "columns": "E", "defaults": "F", "keep": "G"}[key]
    label = {"id": "编号列", "columns": "列名对照", "defaults": "默认值", "keep": "只取哪些行"}[key]
    assert (fault.sheet, fault.cell) == ("人口表", f"{column}2")
    assert f"“{label}" in place
    assert zh in what


def test_types_may_be_named_by_their_names(tmp_path: Path) -> None:
    text = SCENARIO.replace('["station", "e_station"]', '["就业服务站、就业e站"]') + SPACING + SIZES
    scenario = load(write_town(tmp_path, text)).scenario
    assert scenario is not None
    assert scenario.standard[0].served_by == ("station", "e_station")
    named = {one.type for one in scenario.count} | {one.type for one in scenario.size}
    assert named | {one.type for one in scenario.rules.spacing} | {scenario.candidates.type} == {"e_station"}


def test_a_name_of_two_types_is_a_fault(tmp_path: Path) -> None:
    text = SCENARIO.replace('name = "就业服务站"', 'name = "就业e站"').replace('"e_station"]', '"就业e站"]')
    (fault,) = load(write_town(tmp_path, text)).faults
    assert (fault.code, fault.values["name"]) == ("several_names", "就业e站")
    assert all(tell(fault, "zh"))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("甲;乙；丙", ["甲", "乙", "丙"]),
        ("甲、乙", ["甲", "乙"]),
        ("甲，乙/不知", ["甲", "乙", "不知"]),
        ("丁、戊", ["丁、戊"]),
        ("不知、不识", ["不知、不识"]),
        (" ; ", []),
    ],
)
def test_several_types_in_one_cell(text: str, names: list[str]) -> None:
    assert type_names(text, {"甲", "乙", "丙", "丁、戊"}) == names


def test_a_percentage_is_told_as_a_share(tmp_path: Path) -> None:
    (fault,) = load(write_town(tmp_path, SCENARIO.replace("share = 0.6", "share = 90"))).faults
    place, _, cure = tell(fault, "zh")
    assert fault.code == "value_share"
    assert "请写 0.9" in cure
    assert "“目标：比例（goal[people].share）”" in place
    assert "goal[people].share" in tell(fault, "en")[0]


def test_sums_are_told_once_and_faults_of_a_kind_by_the_first(tmp_path: Path) -> None:
    head, *rows = demand_csv().splitlines()
    sums = [f",小计,,,,{10_000 + n},," for n in range(9)]
    notes = [f",{n}组小计,,,,{n},," for n in range(9)]
    bad = [row.replace(",urban,", ",某处,") for row in rows]
    path = demand_with(tmp_path, "", "\n".join([head, *bad, *sums, *notes]) + "\n")
    found = checking.check(path, lambda _: None).record
    told = [*lines({**found, "report": "", "blocked": {}})]
    assert sum("小计" in line for line in told) <= 2
    assert sum("某处" in line and "读到" not in line for line in told) == 5
    assert any("同类还有" in line for line in told)
    assert len(found["left_out_rows"]) == 18
    assert sum(item["rows"] for item in found["left_out_by_file"]) == 18
