"""The check: one report in the terminal and as a workbook, with every fault and doubt at its place."""

from __future__ import annotations

import json
import re
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import python_calamine
import shapely
from typer.testing import CliRunner

import jinan
import town
from jinan import read_rows
from oracle import Segment, make_roads
from planner import checking, checklines, doubts, pipeline, roadends, unitsums
from planner.cli import app
from planner.density import DENSE_PER_KM2, roads_near, settings_in_doubt
from planner.errors import Fault
from planner.fetch import wish_of
from planner.inputs import gather
from planner.oddities import first_rows_only
from planner.osmfile import read_roads
from planner.problems import problems_of
from planner.scenario import load
from planner.water import crossing, water_of
from planner.words import LANGUAGES, tell
from shared_data import ROOT, shared_data
from town import SCENARIO, demand_csv, osm_xml, place, sites_csv, write_town
from workbook import sheet_xml, write_xlsx

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from planner.roads import Roads

Record = "Mapping[str, Any]"


def codes(found: Mapping[str, Any]) -> list[str]:
    return [item["code"] for item in found["problems"]]


def sheets_of(found: Mapping[str, Any]) -> dict[str, list[list[Any]]]:
    book = python_calamine.CalamineWorkbook.from_path(found["report"])
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def checked(folder: Path, *, demand: str = "", sites: str = "", scenario: str = SCENARIO) -> Mapping[str, Any]:
    path = write_town(folder, scenario)
    for name, text in (("demand.csv", demand), ("sites.csv", sites)):
        if text:
            (folder / name).write_text(text, encoding="utf-8")
    return pipeline.check(path, folder / "out")


# --- the report --------------------------------------------------------------------------------------------------


def test_a_clean_town_has_a_report_without_faults(tmp_path: Path) -> None:
    found = checked(tmp_path)
    assert (found["faults"], found["problems"]) == ([], [])
    assert found["layers"] == [{"layer": "residents", "points": 64, "people": 1088, "not_assessable": 0}]
    assert found["report"] == str(tmp_path / "out" / "town-check" / "check.xlsx")
    sheets = sheets_of(found)
    assert {"概况", "问题", "未用行", "列名", "离路最远", "社区路网"} == set(sheets)
    assert ["demand.csv", 64.0, 64.0, 0.0, "是"] in [row[:5] for row in sheets["概况"]]
    assert len(found["farthest"]) == 20


def test_faults_are_written_too_with_their_cells_marked(tmp_path: Path) -> None:
    bad = demand_csv().replace(",10,", ",many,", 1).replace("urban,11,", "城里,11,", 1)
    before, last = bad.strip().rsplit("\n", 1)
    bad = f"{before}\n,,,,,,,,\n{last}\n"
    path = write_town(tmp_path)
    (tmp_path / "demand.csv").write_text(bad, encoding="utf-8")
    result = CliRunner().invoke(app, ["check", str(path), "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "2 处" in result.stderr
    assert "many" in result.stderr
    report = tmp_path / "out" / "town-check" / "check.xlsx"
    assert str(report) in result.stderr
    sheets = sheets_of({"report": str(report)})
    listed = [row[:6] for row in sheets["问题"][1:]]
    assert ["demand.csv", "", 2.0, "people", "错误", "many"] in listed
    assert ["demand.csv", "", 3.0, "setting", "错误", "城里"] in listed
    # the rows concerned and no others, as they stand in the file
    assert [row[0] for row in sheets["demand"][1:]] == [2.0, 3.0]
    assert "many" in sheets["demand"][1]
    assert sheets["未用行"][1][:2] == ["demand.csv", 65.0]
    # 65 lines below the header: none is used until the faults are mended, and one is blank
    assert ["demand.csv", 65.0, "有错误，整表不能用", 1.0, ""] in [row[:5] for row in sheets["概况"]]
    assert "读 65 行，有错误，整张表暂不能用" in result.stderr


def test_a_table_without_faults_is_not_said_to_have_any(tmp_path: Path) -> None:
    path = write_town(tmp_path, SCENARIO + '\n[[demand.table]]\nfile = "more.csv"\ncoordinates = "wgs84"\n')
    head, row, *_ = demand_csv().splitlines()
    (tmp_path / "more.csv").write_text(f"{head}\n{row.replace('D00', 'E00')}\n", encoding="utf-8")
    (tmp_path / "demand.csv").write_text(demand_csv().replace(",10,", ",many,", 1), encoding="utf-8")
    found = pipeline.check(path, tmp_path / "out")
    held = {item["path"]: item["held_by"] for item in found["inputs"]}
    assert held == {"roads.osm": [], "demand.csv": [], "sites.csv": [], "more.csv": ["demand.csv"]}
    assert "　more.csv：读 1 行，没有错误；因 demand.csv 有错误，暂未使用" in list(checklines.lines(found))
    assert ["more.csv", 1.0, "没有错误；因 demand.csv 有错误，暂未使用", 0.0, ""] in [
        row[:5] for row in sheets_of(found)["概况"]
    ]


def test_a_check_says_what_it_cannot_look_at_yet(tmp_path: Path) -> None:
    told = {}
    for name, old in (("scenario", "share = 0.6"), ("table", "nothing")):
        path = write_town(tmp_path / name, SCENARIO.replace(old, "share = 6"))
        (tmp_path / name / "demand.csv").write_text(demand_csv().replace(",10,", ",many,", 1), encoding="utf-8")
        told[name] = "\n".join(checklines.lines(pipeline.check(path, tmp_path / "out")))
    assert "各节之间（目标与标准、数量与类型等）是否对得上还没有核对" in told["scenario"]
    assert "各节之间" not in told["table"]


@pytest.mark.parametrize(("goal", "code"), [("", "first_rows"), ('each = "town"\n', "scope_first_rows")])
def test_towns_that_stand_in_their_first_row_alone_are_told(goal: str, code: str, tmp_path: Path) -> None:
    path = write_town(tmp_path, SCENARIO + goal)
    head, *rows = demand_csv().splitlines()
    towns = {0: "甲镇", 20: "乙镇"}
    cells = [row.split(",") for row in rows]
    cells = [[*row[:3], towns.get(at, ""), *row[4:]] for at, row in enumerate(cells)]
    (tmp_path / "demand.csv").write_text("\n".join([head, *map(",".join, cells)]), encoding="utf-8")
    (found,) = [item for item in pipeline.check(path, tmp_path / "out")["problems"] if item["code"] == code]
    assert (found["row"], found["weight"]) == (3, "fault" if goal else "doubt")
    assert "只在每个" in found["what"]
    assert "向下填充" in found["cure"]


def test_names_that_are_left_out_here_and_there_are_no_first_rows() -> None:
    assert first_rows_only(["甲", "", "", "乙", ""])
    for cells in ("-甲-乙-", "甲-甲--", "甲--", "甲乙-丙", "", "--"):
        assert not first_rows_only([cell.strip("-") for cell in cells])


def test_a_scenario_that_cannot_be_read_has_a_report_of_its_fault(tmp_path: Path) -> None:
    path = write_town(tmp_path, SCENARIO.replace("share = 0.6", "share = = 0.6"))
    (tmp_path / "坏.xlsx").write_bytes(b"PK\x03\x04")
    for file, name, code in ((path, "town", "toml_syntax"), (tmp_path / "坏.xlsx", "坏", "table_workbook")):
        result = CliRunner().invoke(app, ["check", str(file), "--out", str(tmp_path / "out"), "--json"])
        assert result.exit_code == 2
        found = json.loads(result.stdout)
        assert codes(found) == [code]
        assert Path(found["report"]) == tmp_path / "out" / f"{name}-check" / "check.xlsx"
        assert len(sheets_of(found)["问题"]) == 2
    assert "share = = 0.6" in sheets_of({"report": tmp_path / "out" / "town-check" / "check.xlsx"})["问题"][1]
    result = CliRunner().invoke(app, ["check", str(tmp_path / "no.toml"), "--out", str(tmp_path / "none")])
    assert (result.exit_code, (tmp_path / "none").exists()) == (2, False)


def test_rows_in_use_are_counted_apart_from_those_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that goes missing between reading and use must show."""

    def lose(path: Path, show: Any) -> Any:
        found = gather(path, show)
        table = found.demand
        assert table is not None
        return replace(
            found, demand=replace(table, frame=table.frame[1:].reset_index(drop=True), origin=table.origin[1:])
        )

    monkeypatch.setattr(checking, "gather", lose)
    monkeypatch.setattr(checking, "look", lambda *_: None)
    found = checked(tmp_path)
    assert ["demand.csv", 64.0, 63.0, 0.0, "否"] in [row[:5] for row in sheets_of(found)["概况"]]


TOTALS = '[[demand.totals]]\nfile = "totals.csv"\nof = "district"\nspread = "units"\n\n[[sites.table]]'


def test_faults_of_later_stages_are_all_listed_too(tmp_path: Path) -> None:
    """Of 33 districts one has an official figure: the others, a row each, are left without people."""
    path = write_town(tmp_path, SCENARIO.replace("[[sites.table]]", TOTALS, 1))
    rows = [line.split(",") for line in demand_csv().splitlines()]
    at, district = rows[0].index("people"), rows[0].index("district")
    for number, row in enumerate(rows):
        row[district] = row[district].replace("西区", f"西区{number}")
        row[2] = f"{number:012}" if number else row[2]  # a community lies in one district
    (tmp_path / "demand.csv").write_text(
        "\n".join(",".join(row[:at] + row[at + 1 :]) for row in rows), encoding="utf-8"
    )
    (tmp_path / "totals.csv").write_text("district,people\n东区,5000\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["check", str(path), "--out", str(tmp_path / "out")])
    sheets = sheets_of({"report": str(tmp_path / "out" / "town-check" / "check.xlsx")})
    assert sheets["概况"][1][1] == 32
    assert len({row[2] for row in sheets["问题"][1:]}) == len(sheets["问题"]) - 1 == 32
    assert "有 32 处错误" in result.stderr


def test_bad_cells_are_coloured_and_carry_a_note(tmp_path: Path) -> None:
    found = checked(tmp_path, demand=demand_csv().replace(",10,", ",many,", 1))
    sheets = sheets_of(found)
    at = "ABCDEFGHIJ"[sheets["demand"][0].index("people")] + "2"
    with zipfile.ZipFile(found["report"]) as book:
        (notes,) = (book.read(name).decode() for name in book.namelist() if "comments" in name)
        number = list(sheets).index("demand") + 1
        cells = book.read(f"xl/worksheets/sheet{number}.xml").decode()
        fills = book.read("xl/styles.xml").decode()
    assert re.findall(r'<comment ref="(\w+)"', notes) == [at]
    assert "many" in notes
    style = dict(re.findall(r'<c r="([A-Z]+2)" s="(\d+)"', cells))
    assert [ref for ref in style if style[ref] == style[at]] == [at]
    assert "FFF8B4B4" in fills


def test_the_workbook_lists_all_faults_and_the_terminal_the_first(tmp_path: Path) -> None:
    found = checked(tmp_path, demand=demand_csv().replace(",urban,", ",urban,x"))
    assert len(found["faults"]) == 21  # 20, and how many more
    assert codes(found).count(found["problems"][0]["code"]) == 64
    assert "more_faults" not in codes(found)
    assert len(sheets_of(found)["问题"]) == 65


def test_json_has_all_of_it(tmp_path: Path) -> None:
    path = write_town(tmp_path, SCENARIO.replace("minutes = 5", "minuts = 5"))
    result = CliRunner().invoke(app, ["check", str(path), "--out", str(tmp_path / "out"), "--json"])
    assert result.exit_code == 2
    found = json.loads(result.stdout)
    problem = next(item for item in found["problems"] if item["code"] == "unknown_key")
    assert (problem["file"], problem["read"]) == (str(path), "minuts = 5")
    assert problem["row"] == path.read_text(encoding="utf-8").splitlines().index("minuts = 5") + 1
    assert {"what", "cure", "place", "sheet", "column"} <= set(problem)


def test_cells_of_a_scenarios_workbook_are_quoted(tmp_path: Path) -> None:
    book = tmp_path / "方案.xlsx"
    write_xlsx(book, {"标准": sheet_xml([["编号", "分钟"], ["a", "十五"]])})
    fault = Fault("value_text", str(book), "标准", 2, "standard[a].minutes", cell="B2")
    gone = Fault("value_text", str(book), "没有", 2, "standard[a].minutes", cell="B2")
    problems = problems_of(load(write_town(tmp_path)), [fault, gone], [], {})
    assert [problem.read for problem in problems] == ["十五", ""]


def test_same_inputs_same_bytes_and_names_are_no_formulas(tmp_path: Path) -> None:
    nasty = demand_csv().replace("0-0组", "=1+1", 1).replace(",10,", ",many,", 1)
    path = write_town(tmp_path)
    (tmp_path / "demand.csv").write_text(nasty, encoding="utf-8")
    first, second = (Path(pipeline.check(path, tmp_path / out)["report"]).read_bytes() for out in ("a", "b"))
    assert first == second
    assert "=1+1" in sheets_of({"report": str(tmp_path / "a" / "town-check" / "check.xlsx")})["demand"][1]


def test_what_was_found_is_told_where_the_workbook_cannot_be_written(tmp_path: Path) -> None:
    stranger = tmp_path / "out" / "town-check" / "mine.txt"
    stranger.parent.mkdir(parents=True)
    stranger.write_text("mine", encoding="utf-8")
    result = CliRunner().invoke(app, ["check", str(write_town(tmp_path)), "--out", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert "没有问题" in result.stdout
    assert "mine.txt" in result.stdout
    assert stranger.read_text(encoding="utf-8") == "mine"


def test_a_scenario_whose_name_is_no_folder_is_reported_under_its_file(tmp_path: Path) -> None:
    found = checked(tmp_path, scenario=SCENARIO.replace('"town"', '"../away"', 1))
    assert found["faults"]
    assert Path(found["report"]).parent == tmp_path / "out" / "scenario-check"
    assert [path.name for path in tmp_path.parent.iterdir() if "away" in path.name] == []


def test_people_of_layers_are_never_added_up(tmp_path: Path) -> None:
    header, *rows = demand_csv().splitlines()
    lines = [f"{header},layer", *(f"{row},residents" for row in rows[:-4]), *(f"{row},jobs" for row in rows[-4:])]
    found = checked(tmp_path, demand="\n".join(lines))
    assert [(item["layer"], item["points"]) for item in found["layers"]] == [("residents", 60), ("jobs", 4)]
    told = list(checklines.lines(found))
    assert any("不相加" in line for line in told)
    assert not any(str(sum(item["people"] for item in found["layers"])) in line for line in told)


def test_the_report_is_english_on_request(tmp_path: Path) -> None:
    found = checked(tmp_path, scenario=SCENARIO.replace("data_date", 'language = "en"\ndata_date', 1))
    assert not [line for line in checklines.lines(found) if "scenario town" in line.lower() and "方案" in line]
    assert {"Overview", "Problems", "Rows left out"} <= set(sheets_of(found))


# --- places ------------------------------------------------------------------------------------------------------


def test_points_far_from_roads_are_named(tmp_path: Path) -> None:
    far = demand_csv().replace(place(0.1, 0.5), "10.0014,50.05", 1)
    found = checked(tmp_path, demand=far)
    (problem,) = found["problems"]
    assert (problem["code"], problem["row"], problem["read"]) == ("far_from_roads", 2, "10.0014 / 50.05")
    assert problem["column"] == "lon / lat"
    assert found["farthest"][0]["id"] == "D00"
    assert found["farthest"][0]["off_network"]


def test_headers_are_those_of_the_file(tmp_path: Path) -> None:
    far = demand_csv().replace(place(0.1, 0.5), "10.0014,50.05", 1).replace("lon,lat", "经度,纬度")
    (problem,) = checked(tmp_path, demand=far)["problems"]
    assert problem["column"] == "经度 / 纬度"


def test_rows_of_an_excel_table_are_found_again(tmp_path: Path) -> None:
    far = demand_csv().replace(place(0.1, 0.5), "10.0014,50.05", 1).replace("lon,lat", "经度,纬度")
    path = write_town(tmp_path, SCENARIO.replace("demand.csv", "demand.xlsx"))
    lines = [line.split(",") for line in far.splitlines()]
    write_xlsx(tmp_path / "demand.xlsx", {"人口": sheet_xml([["某区人口"], *lines])})
    found = pipeline.check(path, tmp_path / "out")
    (problem,) = found["problems"]
    where = (problem["sheet"], problem["row"], problem["column"], problem["read"])
    assert where == ("人口", 3, "经度 / 纬度", "10.0014 / 50.05")
    assert [row[0] for row in sheets_of(found)["demand_人口"][1:]] == [3.0]
    assert found["left_out_rows"][0]["row"] == 1  # the title
    assert found["inputs"][1]["rows_read"] == 65


def test_what_is_left_out_stands_below_its_file_in_whole(tmp_path: Path) -> None:
    name = f"{'某市各区县社区常住人口台账' * 4}.csv"
    path = write_town(tmp_path, SCENARIO.replace("demand.csv", name))
    title = "某市人力资源和社会保障局二〇二六年上半年各区县社区常住人口情况一览表"
    (tmp_path / name).write_text(f"{title}\n{demand_csv()}", encoding="utf-8")
    found = pipeline.check(path, tmp_path / "out")
    told, reason = list(checklines.lines(found)), found["left_out_rows"][0]["reason"]
    (at,) = [at for at, line in enumerate(told) if line.startswith(f"　{name}：读 65 行")]
    assert reason in told[at + 1]
    assert sum(reason in line for line in told) == 1
    assert sheets_of(found)["未用行"][1] == [name, 1.0, 1.0, "", "", reason]
    assert len(reason) > 40


def test_placeholders_are_one_doubt_each_and_no_others(tmp_path: Path) -> None:
    found = checked(tmp_path, sites=sites_csv().replace(place(1, 5), "36,116").replace(place(2, 7), "10,51"))
    assert found["faults"]  # 116 degrees north
    found = checked(tmp_path, sites=sites_csv().replace(place(1, 5), "10,51").replace(place(2, 7), "10,51"))
    assert codes(found) == ["placeholder", "placeholder"]


AREAS = '[areas]\ndistricts = { file = "areas.geojson", name = "name", coordinates = "wgs84" }\n\n[[demand.table]]'


def write_areas(folder: Path, *boxes: tuple[str, float, float, float, float]) -> None:
    shapes = gpd.GeoSeries([shapely.box(*box[1:]) for box in boxes], crs=4326)
    frame = gpd.GeoDataFrame({"name": [box[0] for box in boxes]}, geometry=shapes)
    folder.mkdir(parents=True, exist_ok=True)
    frame.to_file(folder / "areas.geojson", driver="GeoJSON")


def test_points_outside_the_areas_are_named(tmp_path: Path) -> None:
    east, edge = town.LON + 4 * town.STEP_LON, town.LON + 0.018
    write_areas(tmp_path, ("西区", town.LON, town.LAT, east, 50.1), ("东区", east, town.LAT, edge, 50.1))
    found = checked(tmp_path, scenario=SCENARIO.replace("[[demand.table]]", AREAS, 1))
    assert found["boundary"] == "areas.geojson"
    assert set(codes(found)) == {"outside_boundary"}
    named = {(item["file"], item["row"]) for item in found["problems"]}
    # what lies up to 100 m outside, 0.0014 degrees, is no doubt
    rows = {name: enumerate(read_rows(tmp_path / name), start=2) for name in ("demand.csv", "sites.csv")}
    beyond = {(name, at) for name, found in rows.items() for at, row in found if float(row["lon"]) > edge + 0.0014}
    assert named == beyond
    assert len(named) == 8 + 1


def test_a_boundary_that_lacks_a_district_is_one_doubt(tmp_path: Path) -> None:
    write_areas(tmp_path, ("西区", town.LON - 0.1, town.LAT - 0.1, town.LON + 4 * town.STEP_LON - 0.0015, 50.1))
    found = checked(tmp_path, scenario=SCENARIO.replace("[[demand.table]]", AREAS, 1))
    told = [item["what"] for item in found["problems"] if item["code"] == "district_outside"]
    assert len(told) == len({item["file"] for item in found["problems"]})
    assert "“东区”的 32 行" in told[0]


def test_the_boundary_of_a_snapshot_is_used_and_its_roads_reach_far_enough(tmp_path: Path) -> None:
    """The town's west as a place of its own; roads 333 m and the snap limit beyond its border are kept."""
    path = write_town(tmp_path, SCENARIO.replace('file = "roads.osm"', 'place = "西区"\nsnap_max_m = 100'))
    edge = town.LON + 3.9 * town.STEP_LON
    write_areas(tmp_path, ("西区", town.LON - 0.01, town.LAT - 0.01, edge, town.LAT + 0.1))
    extract, boundary = tmp_path / "roads.osm", tmp_path / "areas.geojson"
    servers: dict[str, str | None] = {"overpass_url": None, "nominatim_url": None}
    pipeline.fetch(path, wish_of(extract, boundary, "wgs84", again=False, complete=False, **servers))
    found = pipeline.check(path, tmp_path / "out")
    assert found["boundary"] == "snapshots/西区/boundary.geojson"
    outside = [item for item in found["problems"] if item["code"] == "district_outside"]
    assert {item["file"] for item in outside} == {"demand.csv"}
    # streets that touch the area are kept whole, and end beyond it: no point of the place itself is near
    assert found["cut"]["beyond"] == town.SIZE
    rows = {row["demand_id"]: float(row["lon"]) for row in read_rows(tmp_path / "demand.csv")}
    void = [row[3] for row in sheets_of(found)["路网截断"][1:] if row[3] in rows]
    assert len(void) == 16
    assert min(rows[name] for name in void) > edge + 0.004


# --- what stands twice -------------------------------------------------------------------------------------------


def test_what_stands_twice_in_two_files_names_both(tmp_path: Path) -> None:
    header, first, *_ = demand_csv().splitlines()
    cells = first.split(",")
    path = write_town(tmp_path, SCENARIO.replace("[[sites.table]]", MORE_DEMAND, 1))
    (tmp_path / "more.csv").write_text(f"{header}\n" + ",".join(["X", "另一组", "X", *cells[3:]]), encoding="utf-8")
    (problem,) = pipeline.check(path, tmp_path / "out")["problems"]
    assert (problem["code"], problem["file"], problem["row"]) == ("same_place", "more.csv", 2)
    assert "demand.csv 2; more.csv 2" in problem["what"]


MORE_DEMAND = '[[demand.table]]\nfile = "more.csv"\ncoordinates = "wgs84"\n\n[[sites.table]]'


def test_sites_that_stand_twice_are_named(tmp_path: Path) -> None:
    near = f"E9,新站,station,existing,正常,西区,西区镇,,,{place(1.02, 1)}\n"
    more = near + f"C9,候选3,e_station,candidate,,西区,西区镇,50000,5000,{place(5, 3)}\n"
    found = checked(tmp_path, sites=sites_csv() + more)
    assert [(item["code"], item["row"]) for item in found["problems"]] == [
        ("same_site_place", 10),
        ("same_site_name", 11),
    ]
    # another type at the same place is no doubt, nor is one name in two districts
    shared = f"C8,合建,e_station,candidate,,西区,西区镇,50000,5000,{place(1, 1)}\n"
    more = shared + f"C9,候选3,e_station,candidate,,东区,东区镇,50000,5000,{place(5, 3)}\n"
    assert checked(tmp_path, sites=sites_csv() + more)["problems"] == []


def test_units_that_stand_twice_are_named(tmp_path: Path) -> None:
    lines = demand_csv().splitlines()
    cells = lines[1].split(",")
    again = ",".join(["X1", *cells[1:]])  # the same row under another id
    named = ",".join(["X2", cells[1], "X2", *cells[3:7], *place(7.5, 0.5).split(",")])
    found = checked(tmp_path, demand="\n".join([*lines, again, named]))
    assert sorted((item["code"], item["row"]) for item in found["problems"]) == [("same_name", 67), ("same_place", 66)]
    assert "（文件与行号：demand.csv 2, 66）" in next(item["what"] for item in found["problems"] if item["row"] == 66)
    # several points of one community may share its name
    several = ",".join(["X3", *cells[1:6], "7", *place(7.5, 0.5).split(",")])
    assert checked(tmp_path, demand="\n".join([*lines, several]))["problems"] == []
    # without places a second row of one unit counts its people twice
    stairs = [",".join([f"X{number}", f"{number}单元", *cells[2:]]) for number in (6, 7)]  # one building, one place
    assert checked(tmp_path, demand="\n".join([*lines, *stairs]))["problems"] == []
    blank = [",".join([name, *cells[1:7], "", ""]) for name in ("X4", "X5")]
    assert codes(checked(tmp_path, demand="\n".join([*lines, *blank]))) == ["same_unit"]


def site_points(lon: Sequence[float], **columns: Any) -> doubts.Points:
    """Sites of one parallel, in two files by turns."""
    count = len(lon)
    texts = {"name": [f"{row}" for row in range(count)], "type": "station", "status": "existing"}
    frame = gpd.GeoDataFrame(
        {"site_id": [f"S{row}" for row in range(count)], **texts, "district": "", "town": "", **columns},
        geometry=gpd.points_from_xy(lon, [50.001] * count),
        crs=4326,
    )
    origin = pd.DataFrame({"file": ["a.csv", "b.csv"] * (count // 2), "row": np.arange(count) + 2})
    return doubts.points_of("sites", frame, origin, grid(), 500.0)


def test_many_sites_at_one_place_are_not_compared_in_pairs() -> None:
    count = 3000
    points = site_points([10.001] * count)
    assert len(list(doubts.same_site(points))) == count - 1
    # nor is each of them a sentence of its own
    found = list(doubts.twice(points))
    assert [(doubt.code, doubt.row) for doubt in found] == [("same_site_place_many", 1), ("same_site_place_many", 2)]
    assert [doubt.values["count"] for doubt in found] == [1500, 1499]
    for language in LANGUAGES:
        fault = Fault(found[0].code, "b.csv", row=3, values=found[0].values)
        assert "3 1; 5 3; 7 5; 9 7; 11 9" in tell(fault, language)[1]


def test_many_sites_of_one_name_are_not_compared_in_pairs() -> None:
    count = 20_000
    apart = np.linspace(8.0, 12.0, count).tolist()
    towns = [f"镇{row}" for row in range(count)]
    started = time.perf_counter()
    assert list(doubts.same_site(site_points(apart, name="就业e站", town=towns))) == []
    assert time.perf_counter() - started < 5  # by pairs it were an hour


def test_sites_of_one_name_are_held_against_those_before_them() -> None:
    columns = {
        "name": ["甲", "甲", "甲", "甲", "乙", "乙", "", ""],
        "type": ["station", "station;gig", "gig", "station", "gig", "gig", "gig", "gig"],
        "town": ["东镇", "西镇", "", "东镇", "东镇", "西镇", "", ""],
    }
    found = doubts.same_site(site_points([9.0 + row / 10 for row in range(8)], **columns))
    told = {doubt.row: (doubt.values["file"], doubt.values["row"]) for doubt in found}
    # of the third the town is not told: it may be the second; the fourth shares town and type with the first
    assert told == {2: ("b.csv", 3), 3: ("a.csv", 2)}


# --- settings and roads ------------------------------------------------------------------------------------------


def grid(size: int = 5, step: float = 0.002) -> Roads:
    places = [(10 + column * step, 50 + row * step) for row in range(size) for column in range(size)]
    ends = [(k, k + 1) for k in range(size * size) if k % size < size - 1]
    ends += [(k, k + size) for k in range(size * (size - 1))]
    return make_roads("walk", places, [Segment(k, u, v) for k, (u, v) in enumerate(ends)])


def people_at(rows: Sequence[tuple[float, float, str, int, str]]) -> gpd.GeoDataFrame:
    lon, lat, setting, people, unit = zip(*rows, strict=True)
    columns = {"unit_id": unit, "name": unit, "district": "区", "town": "镇", "layer": "residents"}
    return gpd.GeoDataFrame(
        {**columns, "setting": setting, "people": people, "placed": "own"},
        geometry=gpd.points_from_xy(lon, lat),
        crs=4326,
    )


def test_settings_are_held_against_the_people_around() -> None:
    dense = [(10 + k * 0.001, 50.0, "rural", 2000, f"A{k}") for k in range(4)]
    sparse = [(11 + k * 0.1, 50.0, "urban", 900, f"B{k}") for k in range(4)]
    right = [(12 + k * 0.001, 50.0, "urban", 2000, f"C{k}") for k in range(4)]
    table = people_at([*dense, *sparse, *right, (13.0, 50.0, "rural", 9000, "D")])
    per_km2, dense_rural, sparse_urban = settings_in_doubt(table, np.ones(13, dtype=bool))
    assert per_km2[0] == 2546  # 8,000 people on pi square kilometres
    assert np.flatnonzero(dense_rural).tolist() == [0, 1, 2, 3]  # a lone point may stand for any area
    assert np.flatnonzero(sparse_urban).tolist() == [4, 5, 6, 7]
    assert per_km2[12] >= DENSE_PER_KM2
    # who lives around a point is not known where others of its town have no place
    own = np.ones(13, dtype=bool)
    own[12] = False
    assert not settings_in_doubt(table, own)[2].any()
    # a table of fewer people than any settlement shows nothing
    assert not np.any(settings_in_doubt(table.assign(people=10), np.ones(13, dtype=bool))[1:])


def test_a_community_is_judged_by_most_of_its_people() -> None:
    city = [(10 + k * 0.001, 50.0, "urban", 5000, "city") for k in range(4)]
    edge = (10.005, 50.0, "rural", 100, "village")
    far = (10.2, 50.0, "rural", 400, "village")
    _, dense, _ = settings_in_doubt(people_at([*city, edge, far]), np.ones(6, dtype=bool))
    assert not dense.any()
    _, dense, _ = settings_in_doubt(people_at([*city, edge]), np.ones(5, dtype=bool))
    assert np.flatnonzero(dense).tolist() == [4]


def test_roads_around_a_community_are_measured() -> None:
    table = people_at([(10.004, 50.004, "urban", 100, "mid"), (10.1, 50.1, "urban", 100, "away")])
    near = roads_near(grid(), table, np.ones(2, dtype=bool)).set_index("unit_id")
    assert near.index.tolist() == ["away", "mid"]
    assert near.loc["away", "road_km"] == 0
    assert near["dead_ends_per_km"].isna().tolist() == [True, False]
    mid = near.loc["mid"]
    # all of a grid of 572 m by 890 m, 7.3 km, but its corners
    assert 6.0 < mid["road_km"] < 7.4
    assert mid["area_km2"] == pytest.approx(np.pi / 4, rel=0.01)
    assert mid["km_per_km2"] == pytest.approx(mid["road_km"] / mid["area_km2"])
    assert mid["dead_ends"] == 0
    comb = make_roads("walk", [(10, 50), (10.001, 50), (10.001, 50.001), (10.002, 50)],
                      [Segment(1, 0, 1), Segment(2, 1, 2), Segment(3, 1, 3)])  # fmt: skip
    alone = roads_near(comb, people_at([(10.001, 50.0, "urban", 1, "u")]), np.ones(1, dtype=bool))
    assert alone.loc[0, "dead_ends"] == 3


# --- clipped roads -----------------------------------------------------------------------------------------------


def no_places() -> tuple[Any, Any]:
    return np.empty(0), np.empty(0)


def test_a_whole_network_shows_no_cut() -> None:
    roads = grid()
    cut = roadends.cut_of(roads, no_places(), None, np.array([10.001]), np.array([50.001]), 500.0)
    assert not cut.seen
    assert np.isinf(roadends.metres_to(cut, np.array([10.0]), np.array([50.0]))).all()


def test_roads_that_end_side_by_side_show_a_cut() -> None:
    """A grid cut off straight in the east: every street there ends on one line."""
    rows = [(10 + column * 0.002, 50 + row * 0.002) for row in range(5) for column in range(5)]
    ends = [(k, k + 1) for k in range(25) if k % 5 < 4] + [(k, k + 5) for k in range(20) if k % 5 < 4]
    roads = make_roads("walk", rows, [Segment(k, u, v) for k, (u, v) in enumerate(ends)])
    cut = roadends.cut_of(roads, no_places(), None, *no_places(), 500.0)
    assert [roadends.SIDES[side] for side in cut.sides] == ["east"]
    away = roadends.metres_to(cut, np.array([10.007, 10.0, 10.5, np.nan]), np.array([50.004] * 4))
    assert away[0] == pytest.approx(71.5, abs=0.5)
    assert away[1] == pytest.approx(571.8, abs=1)
    assert (away[2], away[3]) == (0, np.inf)


def test_points_beyond_the_roads_show_a_cut_but_a_typing_error_does_not() -> None:
    roads = grid()
    lon, lat = np.array([10.1] * 3 + [10.004] * 10), np.full(13, 50.004)
    assert roadends.cut_of(roads, no_places(), None, lon, lat, 500.0).sides == (2,)
    assert roadends.cut_of(roads, no_places(), None, lon[2:], lat[2:], 500.0).sides == ()


def test_dead_ends_outside_what_the_file_covers_show_a_cut() -> None:
    places = [(10.0, 50.0), (10.002, 50.0), (10.01, 50.0), (10.0, 50.002)]
    roads = make_roads("walk", places, [Segment(1, 0, 1), Segment(2, 1, 2), Segment(3, 0, 3)])
    cut = roadends.cut_of(roads, no_places(), shapely.box(9.99, 49.99, 10.005, 50.01), *no_places(), 500.0)
    assert (cut.beyond, cut.lon.tolist()) == (1, [10.01])


def test_ways_to_absent_nodes_show_a_cut_and_void_what_is_near(tmp_path: Path) -> None:
    """The eastern column of the town's nodes is not in the file: each street from the west leads nowhere."""
    text = osm_xml()
    for row in range(town.SIZE):
        number = row * town.SIZE + town.SIZE
        text = text.replace(f'<node id="{number}" lon="{town.LON + 8 * town.STEP_LON:.7f}" ', '<absent id="" ')
        start = text.index('<absent id="" ')
        text = text[:start] + text[text.index("/>", start) + 2 :]
    path = write_town(tmp_path)
    (tmp_path / "roads.osm").write_text(text, encoding="utf-8")
    lon, lat = roadends.cut_nodes(tmp_path / "roads.osm")
    assert np.allclose(lon, town.LON + 7 * town.STEP_LON)
    assert len(lat) == town.SIZE
    found = pipeline.check(path, tmp_path / "out")
    assert codes(found) == ["clipped"]
    assert found["cut"]["missing"] == town.SIZE
    # five minutes are 333 m: the two eastern columns of points
    assert found["cut"]["points"] == 16 + 8
    sheets = sheets_of(found)
    assert len(sheets["路网截断"]) == 1 + found["cut"]["points"] + found["cut"]["sites"]
    assert any("之前无效" in line for line in checklines.lines(found))


def test_a_cut_without_a_standard_along_roads_voids_nothing(tmp_path: Path) -> None:
    path = write_town(tmp_path, SCENARIO.replace("minutes = 5", 'minutes = 5\nmetric = "straight"'))
    bounds = "<bounds minlat='49.9' minlon='9.9' maxlat='50.1' maxlon='10.01'/>"
    spur = '<node id="990" lon="10.03" lat="50.0"/>'
    way = '<way id="9009"><nd ref="9"/><nd ref="990"/><tag k="highway" v="service"/></way>'
    text = (
        osm_xml().replace("<osm version='0.6'>", f"<osm version='0.6'>{bounds}{spur}").replace("</osm>", f"{way}</osm>")
    )
    (tmp_path / "roads.osm").write_text(text, encoding="utf-8")
    found = pipeline.check(path, tmp_path / "out")
    assert (found["cut"]["beyond"], found["cut"]["cutoff_m"], codes(found)) == (1, 0, [])
    assert any("没有核对离点多远" in line for line in checklines.lines(found))


def test_what_a_file_says_it_covers_is_read(tmp_path: Path) -> None:
    file = tmp_path / "roads.osm"
    bounds = "<bounds minlat='50.001' minlon='10.001' maxlat='50.02' maxlon='10.03'/>"
    file.write_text(osm_xml().replace("<osm version='0.6'>", f"<osm version='0.6'>{bounds}"), encoding="utf-8")
    box = roadends.covered_box(file)
    assert box is not None
    assert box.bounds == pytest.approx((10.001, 50.001, 10.03, 50.02))
    file.write_text(osm_xml(), encoding="utf-8")
    assert roadends.covered_box(file) is None


# --- water -------------------------------------------------------------------------------------------------------


def write_water(file: Path) -> None:
    """A river just north of the first row of homes' street, and a lake far away."""
    corners = [(10.05, 50.0), (10.06, 50.0), (10.06, 50.01), (10.05, 50.01)]
    lake = "".join(f'<node id="{900 + k}" lon="{x}" lat="{y}"/>' for k, (x, y) in enumerate(corners))
    river = f'<node id="910" lon="9.99" lat="{50.00009}"/><node id="911" lon="10.004" lat="{50.00009}"/>'
    ways = "".join(f'<nd ref="{900 + k % 4}"/>' for k in range(5))
    text = osm_xml().replace("<way", f"{lake}{river}<way", 1)
    text = text.replace(
        "</osm>",
        f'<way id="9001">{ways}<tag k="natural" v="water"/></way>'
        '<way id="9002"><nd ref="910"/><nd ref="911"/><tag k="waterway" v="river"/></way></osm>',
    )
    file.write_text(text, encoding="utf-8")


def test_ways_to_the_road_across_water_are_named(tmp_path: Path) -> None:
    path = write_town(tmp_path)
    write_water(tmp_path / "roads.osm")
    assert sorted(shape.geom_type for shape in water_of(tmp_path / "roads.osm")) == ["LineString", "MultiPolygon"]
    found = pipeline.check(path, tmp_path / "out")
    # the river runs between the street and the first two homes, 20 m north of it
    assert [(item["code"], item["row"]) for item in found["problems"]] == [("across_water", 2)]
    assert found["water"] is True
    assert sum(bool(item["across_water"]) for item in found["farthest"]) <= 1


def test_without_water_nothing_is_claimed(tmp_path: Path) -> None:
    found = checked(tmp_path)
    assert found["water"] is False
    assert {item["across_water"] for item in found["farthest"]} == {None}
    assert any("没有河、湖" in line for line in checklines.lines(found))


def test_a_line_crosses_what_it_meets() -> None:
    water = np.array([shapely.box(0, 0, 1, 1), shapely.LineString([(5, -1), (5, 1)])], dtype=object)
    lon, to_lon = np.array([-1.0, -1.0, 4.0, np.nan]), np.array([2.0, -0.5, 6.0, 2.0])
    lat, to_lat = np.full(4, 0.5), np.full(4, 0.5)
    assert crossing(water, lon, lat, to_lon, to_lat).tolist() == [True, False, True, False]
    assert not crossing(water[:0], lon, lat, to_lon, to_lat).any()


# --- official figures --------------------------------------------------------------------------------------------


def test_tables_are_held_against_the_official_figures(tmp_path: Path) -> None:
    # the people of the town by district: 480 in the west, 608 in the east
    (tmp_path / "totals.csv").write_text("name,people\n西区,500\n东区,900\n", encoding="utf-8")
    text = '[[demand.totals]]\nfile = "totals.csv"\nof = "district"\n\n[[sites.table]]'
    found = checked(tmp_path, scenario=SCENARIO.replace("[[sites.table]]", text, 1))
    assert [(row["unit"], row["counted"], row["official"]) for row in found["sums"]] == [
        ("西区", 480, 500),
        ("东区", 608, 900),
    ]
    (doubt,) = [item for item in found["problems"] if item["code"] == "totals_differ"]
    assert "东区" in doubt["what"]
    assert found["layers"][0]["people"] == 1400
    assert len(sheets_of(found)["官方总数"]) == 3


def test_one_doubt_names_the_units_that_differ_most() -> None:
    units = [
        {"unit": f"U{n}", "people": 100, "people_g": 9, "how": how, "counted": {"people": n, "people_g": 9}}
        for n in range(80)
        for how in ("scaled", "equal")
    ]
    (doubt,) = unitsums.doubts([{"path": "t.csv", "layer": "residents", "units": units}])
    assert (doubt.code, doubt.file, doubt.values["count"]) == ("totals_differ", "t.csv", 80)
    assert doubt.values["examples"] == "; ".join(f"U{n} {n} / 100" for n in range(5)) + " …"


def test_units_without_figures_of_their_own_are_not_compared() -> None:
    unit = {"unit": "A", "people": 5, "how": "equal", "counted": {}}
    record = {"path": "t.csv", "layer": "residents", "units": [unit]}
    assert unitsums.compared([record]) == []
    (row,) = unitsums.beside([record])
    assert (row["counted"], row["official"], row["factor"]) == (None, 5, None)


# --- real tables -------------------------------------------------------------------------------------------------


def test_the_doubts_of_the_sample_are_true_ones(tmp_path: Path) -> None:
    found = pipeline.check(ROOT / "scenarios" / "sample-2026.toml", tmp_path)
    assert found["faults"] == []
    assert set(codes(found)) == {"far_from_roads", "dense_rural"}
    assert codes(found).count("far_from_roads") == 44 == found["datum"][0]["too_far"]
    assert codes(found).count("dense_rural") == 3
    assert not found["cut"]["seen"]
    roads = read_roads(ROOT / "data" / "coquimbo" / "roads.osm.pbf")
    assert roads.n_edges == found["roads"]["walk"]["edges"]
    assert len(found["roads_near"]) == 133


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    data, folder = shared_data("jinan"), tmp_path_factory.mktemp("jinan")
    return pipeline.check(jinan.write_scenario(data, folder), folder / "out")


def test_jinan_ends_in_a_report_whose_counts_add_up(real: Mapping[str, Any]) -> None:
    assert real["faults"] == []
    used = {Path(item["path"]).name: (item["rows_read"], item["rows_used"]) for item in real["inputs"]}
    assert used["hrss_offices.csv"] == (174, 89)
    left = [row for row in real["left_out_rows"] if row["file"].endswith("hrss_offices.csv")]
    offices = read_rows(shared_data("jinan", "hrss_offices.csv"))
    placeholders = {n for n, row in enumerate(offices, start=2) if row["valid"] == "False"}
    assert {row["row"] for row in left} == placeholders
    assert all(row["name"] and "valid" in row["reason"] for row in left)
    verdicts = {Path(item["path"]).name: (item["best"], item["verdict"]) for item in real["datum"]}
    assert verdicts["hrss_offices.csv"] == ("gcj02", "agrees")
    overview = sheets_of(real)["概况"]
    assert any("按 WGS-84 32.1 米，按 GCJ-02 20.0 米，按 BD-09 41.1 米" in str(row[0]) for row in overview)
    assert [row[4] for row in overview if str(row[0]).endswith(".csv") and row[4]] == ["是"] * 3


def test_jinan_has_points_beyond_its_roads(real: Mapping[str, Any]) -> None:
    assert set(real["cut"]["sides"]) == {"west", "south", "north"}
    assert codes(real).count("clipped") == 1
    # villages of one name in one district were given one place by whoever looked them up
    assert codes(real).count("same_place") == 15
    assert codes(real).count("far_from_roads") == 161 + 18 + 161
    rows = {(item["file"], item["row"]) for item in real["problems"] if item["code"] == "far_from_roads"}
    assert len(rows) == 340


def test_placeholders_of_jinan_are_named_where_they_are_not_left_out(tmp_path: Path) -> None:
    data = shared_data("jinan")
    path = jinan.write_scenario(data, tmp_path)
    text = path.read_text(encoding="utf-8").replace('keep = { valid = "True" }\n', "")
    path.write_text(text, encoding="utf-8")
    found = pipeline.check(path, tmp_path / "out")
    placeholders = [item for item in found["problems"] if item["code"] == "placeholder"]
    assert len(placeholders) == 85
    assert {item["read"] for item in placeholders} == {"116.0 / 36.0", "117.0 / 36.0"}
    twice = [item for item in found["problems"] if item["code"].startswith("same_site") and "hrss" in item["file"]]
    assert len(twice) < 20
    # nor do they say that the roads were cut
    assert set(found["cut"]["sides"]) == {"west", "south", "north"}
    assert found["farthest"][0]["metres"] < 80_000


def test_offices_read_in_the_wrong_system_are_one_doubt(tmp_path: Path) -> None:
    data = shared_data("jinan")
    path = jinan.write_scenario(data, tmp_path)
    before, offices = path.read_text(encoding="utf-8").split("hrss_offices.csv", 1)
    path.write_text(before + "hrss_offices.csv" + offices.replace('"gcj02"', '"wgs84"', 1), encoding="utf-8")
    found = pipeline.check(path, tmp_path / "out")
    about = {item["code"] for item in found["problems"] if item["file"].endswith("hrss_offices.csv")}
    assert "other_datum" in about
    assert "far_from_roads" not in about


def test_jinans_boundaries_lack_a_district(tmp_path: Path) -> None:
    data = shared_data("jinan")
    path = jinan.write_scenario(data, tmp_path)
    layer = (data / "districts.geojson").as_posix()
    areas = f"[areas]\ndistricts = {{ file = '{layer}', name = 'name', coordinates = 'gcj02' }}\n\n[demand]"
    path.write_text(path.read_text(encoding="utf-8").replace("[demand]", areas, 1), encoding="utf-8")
    found = pipeline.check(path, tmp_path / "out")
    assert found["boundary"].endswith("districts.geojson")
    (outside,) = [item for item in found["problems"] if item["code"] == "outside_boundary"]
    assert "章丘区" in outside["what"]
