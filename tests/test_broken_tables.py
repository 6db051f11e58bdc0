"""Tables as bureaus have them: what is read of them, and for each broken one the fault, its row and its column."""

from __future__ import annotations

import datetime as dt
import io
import json
import struct
import zipfile
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pytest
import shapely
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from planner.cli import app
from planner.errors import Fault, TableError
from planner.grammar import quoted
from planner.sheetxml import extent
from planner.tables import Table, TableSource
from planner.words import LANGUAGES, tell
from planner.workbooks import read_cells
from runs import RUN
from tablereading import read_demand, read_sites
from town import SCENARIO, write_town
from workbook import MAIN, Formula, sheet_xml, write_xlsx

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

HEAD: list[object] = ["编号", "社区名称", "社区代码", "镇街", "区市", "城乡", "常住人口", "经度", "纬度"]
ROW: list[object] = ["d1", "泉城", "370102001001", "解放路", "历下区", "111", 1200, 117.03, 36.66]
NEXT: list[object] = ["d2", "历山", "370102001002", "解放路", "历下区", "112", 800, 117.04, 36.67]
TOTAL: list[object] = ["合计", "", "", "", "", "", 2000, "", ""]
TYPES = {"station": "station"}
Cells = list[list[object]]


def rows_with(column: str, value: object, *more: list[object]) -> Cells:
    """A header, a good row and a row with one other cell on line 3."""
    row = list(NEXT)
    row[HEAD.index(column)] = value
    return [HEAD, ROW, row, *more]


def book(folder: Path, rows: Cells, merged: Sequence[str] = (), **options: Any) -> TableSource:
    file = folder / "社区.xlsx"
    write_xlsx(file, {"社区": sheet_xml(rows, merged)}, **options)
    return TableSource(file, "社区.xlsx", coordinates="wgs84")


def text(folder: Path, rows: Cells, encoding: str = "utf-8-sig", name: str = "社区.csv") -> TableSource:
    file = folder / name
    file.write_bytes("\r\n".join(",".join(map(str, row)) for row in rows).encode(encoding))
    return TableSource(file, name, coordinates="wgs84")


def layer(folder: Path, name: str, crs: object = 4326, geometry: Sequence[object] = (), **columns: Any) -> TableSource:
    points = list(geometry) or [shapely.Point(117.03, 36.66), shapely.Point(117.04, 36.67)]
    values = {"id": ["d1", "d2"], "name": ["泉城", "历山"], "setting": ["111", "112"], "people": [1200, 800]}
    frame = gpd.GeoDataFrame({**values, **columns}, geometry=points, crs=crs)
    options = {"encoding": "gb18030"} if name.endswith(".shp") else {}
    frame.to_file(folder / name, **options)
    return TableSource(folder / name, name, coordinates="wgs84")


def faults_of(source: TableSource) -> list[Fault]:
    with pytest.raises(TableError) as caught:
        read_demand([source])
    for fault in caught.value.faults:
        for language in LANGUAGES:
            assert all(tell(fault, language)[1:])
    return list(caught.value.faults)


def balanced(table: Table) -> bool:
    return len(table.frame) + sum(row.rows for row in table.left_out) == sum(table.rows_read.values())


# --- what is read as it is ----------------------------------------------------------------------------------------


def test_a_ledger_with_titles_merged_headers_and_totals(tmp_path: Path) -> None:
    rows: Cells = [
        ["济南市社区台账", "", "", "", "", "", "", "", "", ""],
        ["填报单位：市人社局", "", "", "", "", "", "", "", "单位：人", ""],
        [],
        ["编号", "社区名称", "所属\n镇街", "区市", "城乡分类", "人口情况", "", "坐标", "", "备注"],
        ["", "", "", "", "", "常住人口（人）", "户籍人口", "经度", "纬度", ""],
        ["d1", "泉城", "解放路", "历下区", 111, 1200, 900, 117.03, 36.66, "x"],
        ["d2", "历山", "", "", 112, 800, 700, 117.04, 36.67, ""],
        [],
        ["小计", "", "", "", "", 2000, 1600, "", "", ""],
        ["编号", "社区名称", "", "", "", "", "", "", "", ""],
        ["d3", "舜井", "大观园", "市中区", 220, 5, 5, 117.0, 36.6, ""],
        ["合 计：", "", "", "", "", 2005, "#REF!", "", "", ""],
        ["填表人：张三", "", "", "审核人：李四", "", "", "", "", "", ""],
    ]
    merged = ["A1:J1", "A2:D2", "A4:A5", "B4:B5", "C4:C5", "D4:D5", "E4:E5", "F4:G4", "H4:I4", "J4:J5", "C6:C7",
              "D6:D7"]  # fmt: skip
    table = read_demand([book(tmp_path, rows, merged)])
    assert table.frame.demand_id.tolist() == ["d1", "d2", "d3"]
    assert table.frame.people.tolist() == [1200, 800, 5]
    assert table.frame.town.tolist() == ["解放路", "解放路", "大观园"]
    assert table.frame["人口情况 户籍人口"].tolist() == ["900", "700", "5"]
    assert table.frame.备注.tolist() == ["x", "", ""]
    assert [(row.row, row.reason) for row in table.left_out] == [
        (1, "title"), (2, "title"), (3, "blank"), (8, "blank"), (9, "total"), (10, "header"), (12, "total"),
        (13, "note"),
    ]  # fmt: skip
    assert balanced(table)


def test_costs_under_a_merged_header(tmp_path: Path) -> None:
    file = tmp_path / "s.xlsx"
    rows: Cells = [
        ["编号", "名称", "类型", "状态", "经度", "纬度", "费用", ""],
        ["", "", "", "", "", "", "一次性费用（元）", "年费用（元）"],
        ["s1", "甲", "station", "候选", 117, 36, 80000, 6000],
    ]
    write_xlsx(file, {"站点": sheet_xml(rows, ["G1:H1", *(f"{letter}1:{letter}2" for letter in "ABCDEF")])})
    frame = read_sites([TableSource(file, "s.xlsx", coordinates="wgs84")], known_types=TYPES).frame
    assert frame[["cost_once_yuan", "cost_yearly_yuan"]].iloc[0].tolist() == [80000, 6000]


def test_a_header_whose_last_lines_are_merged_sideways(tmp_path: Path) -> None:
    rows: Cells = [[*HEAD, "备注", ""], [*ROW, "x", ""]]
    assert read_demand([book(tmp_path, rows, ["J1:K1"])]).frame["备注"].tolist() == ["x"]


@pytest.mark.parametrize(
    ("above", "below", "known"),
    [("户籍人口", "人数", False), ("60岁以上", "人数", False), ("常住人口", "人数", True), ("人口情况", "人数", True),
     ("常住", "人口", True)],
)  # fmt: skip
def test_people_are_taken_from_under_a_header_of_people_only(
    tmp_path: Path, above: str, below: str, known: object
) -> None:
    rows: Cells = [[*HEAD], ["", "", "", "", "", "", below, "", ""], [*ROW]]
    rows[0][6] = above
    source = book(tmp_path, rows, [f"{letter}1:{letter}2" for letter in "ABCDEFHI"])
    if known:
        assert read_demand([source]).frame.people.tolist() == [1200]
    else:
        assert {fault.code for fault in faults_of(source)} <= {"missing_column", "missing_column_near"}


def test_totals_above_and_between_are_left_out_too(tmp_path: Path) -> None:
    between: list[object] = ["历下区小计", *TOTAL[1:]]
    table = read_demand([text(tmp_path, [HEAD, TOTAL, ROW, between, NEXT])])
    assert [(row.row, row.reason) for row in table.left_out] == [(2, "total"), (4, "total")]
    assert balanced(table)


@pytest.mark.parametrize("words", [
    "合计（人）", "小  计", "总 人 数", "累计", "全区汇总", "合计：2000人", "Total:", "本页共计",
])  # fmt: skip
def test_totals_go_by_many_names(tmp_path: Path, words: str) -> None:
    table = read_demand([text(tmp_path, [HEAD, ROW, [words, *TOTAL[1:]]])])
    assert [(row.row, row.reason) for row in table.left_out] == [(3, "total")]


@pytest.mark.parametrize("words", [
    "注：1.口径为七普。", "填表说明：按户口", "1、本表由各社区填写。", "2.坐标为高德；", "（盖章）", "单位公章",
    "填报时间：6月", "2026年历下区社区台账",
])  # fmt: skip
def test_notes_seals_and_repeated_titles_are_no_rows(tmp_path: Path, words: str) -> None:
    rows: Cells = [["2026年历下区社区台账"], HEAD, ROW, [words], NEXT]
    table = read_demand([book(tmp_path, rows, ["A1:I1", "A4:I4"])])
    assert [(row.row, row.reason) for row in table.left_out] == [(1, "title"), (4, "note")]
    assert balanced(table)


def test_a_row_with_a_name_alone_is_no_note(tmp_path: Path) -> None:
    faults = faults_of(text(tmp_path, [HEAD, ROW, ["", "泉城社区", *[""] * 7]]))
    assert {(fault.code.removesuffix("_count").removesuffix("_choice"), fault.row) for fault in faults} == {
        ("cell_empty", 3)
    }


def test_names_of_the_statistics_bureau_and_headers_with_directions(tmp_path: Path) -> None:
    head = [*HEAD[:7], "经度（°E）", "纬度(°N)"]
    names = {"主城区": "urban", "城乡结合区": "urban", "镇中心区": "urban", "乡中心区": "rural", "村庄": "rural"}
    rows = [[f"d{n}", *ROW[1:5], name, *ROW[6:]] for n, name in enumerate(names)]
    assert read_demand([text(tmp_path, [head, *rows])]).frame.setting.tolist() == list(names.values())


def test_a_total_with_a_place_is_a_row(tmp_path: Path) -> None:
    rows: Cells = [HEAD, ROW, ["合计", *NEXT[1:]]]
    assert len(read_demand([text(tmp_path, rows)]).frame) == 2


@pytest.mark.parametrize("name", ["a.gpkg", "a.geojson", "a.shp"])
@pytest.mark.parametrize("crs", [4326, 4490, 32650, 4527])
def test_layers_of_points(tmp_path: Path, name: str, crs: int) -> None:
    source = layer(tmp_path, name)
    frame = gpd.read_file(source.file).to_crs(crs)
    frame.to_file(source.file, **({"encoding": "gb18030"} if name == "a.shp" else {}))
    table = read_demand([source])
    assert table.frame.name.tolist() == ["泉城", "历山"]
    assert table.frame.people.tolist() == [1200, 800]
    places = [117.03, 36.66, 117.04, 36.67]
    found = [part for point in table.frame.geometry for part in (point.x, point.y)]
    assert found == places if crs == 4326 else found == pytest.approx(places, abs=1e-7)
    assert table.origin.row.tolist() == [1, 2]
    assert balanced(table)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_shapefile_without_cpg(tmp_path: Path, encoding: str) -> None:
    source = layer(tmp_path, "a.shp")
    gpd.read_file(source.file).to_file(source.file, encoding=encoding)
    source.file.with_suffix(".cpg").unlink()
    table = read_demand([source])
    assert table.frame.name.tolist() == ["泉城", "历山"]
    assert [(doubt.code, doubt.values["encoding"]) for doubt in table.doubts] == [
        ("encoding_guessed", encoding.upper())
    ]


@pytest.mark.parametrize("said", ["OEM", "ISO-8859-1", "ANSI 936", "437", ""])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_shapefile_whose_cpg_says_another_encoding(tmp_path: Path, encoding: str, said: str) -> None:
    source = layer(tmp_path, "a.shp")
    gpd.read_file(source.file).to_file(source.file, encoding=encoding)
    source.file.with_suffix(".cpg").write_text(said, encoding="ascii")
    table = read_demand([source])
    assert table.frame.name.tolist() == ["泉城", "历山"]
    (doubt,) = table.doubts
    assert (doubt.code, doubt.values) == ("encoding_mended", {"encoding": encoding.upper(), "said": said})
    assert all(tell(doubt, language) for language in LANGUAGES)


def test_accented_letters_are_no_chinese(tmp_path: Path) -> None:
    names = ["Peñuelas", "Tongoy Añañuca"]  # by GB18030 these bytes are characters too
    assert all(name.encode("latin-1").decode("gb18030") for name in names)
    source = layer(tmp_path, "a.shp")
    gpd.read_file(source.file).assign(name=names).to_file(source.file, encoding="ISO-8859-1")
    table = read_demand([source])
    assert (table.frame.name.tolist(), table.doubts) == (names, ())


def test_the_place_of_a_layer_outranks_its_columns(tmp_path: Path) -> None:
    table = read_demand([layer(tmp_path, "a.gpkg", lon=[1, 2], 纬度=[3, 4])])
    assert table.frame.geometry.x.tolist() == [117.03, 117.04]
    assert table.frame.source_lon.tolist() == ["1", "2"]


def test_sets_of_one_point_are_points(tmp_path: Path) -> None:
    points = [shapely.MultiPoint([(117.03, 36.66)]), shapely.MultiPoint([(117.04, 36.67)])]
    assert read_demand([layer(tmp_path, "a.gpkg", geometry=points)]).frame.geometry.x.tolist() == [117.03, 117.04]


def test_features_without_a_place_and_tables_without_any(tmp_path: Path) -> None:
    table = read_demand([layer(tmp_path, "a.gpkg", geometry=[shapely.Point(117.03, 36.66), None])])
    assert [point is None for point in table.frame.geometry] == [False, True]


def test_workbooks_with_macros_and_headers_in_capitals(tmp_path: Path) -> None:
    rows: Cells = [["ID", "Name", "SETTING", "常住人口\n(人)", "LON", "Lat"], ["d1", "泉城", "urban", 3, 117, 36]]
    source = book(tmp_path, rows)
    file = source.file.rename(tmp_path / "a.XLSM")
    assert read_demand([replace(source, file=file)]).frame.people.tolist() == [3]


def test_what_is_said_of_left_out_rows_hides_personal_data(tmp_path: Path) -> None:
    table = read_demand([text(tmp_path, [["联系人 13812345678"], HEAD, ROW])])
    assert [row.values["text"] for row in table.left_out] == ["联系人 ●●●"]


def test_the_first_of_several_sheets_is_read_with_a_word(tmp_path: Path) -> None:
    file = tmp_path / "t.xlsx"
    write_xlsx(file, {"一": sheet_xml([HEAD, ROW]), "二": sheet_xml([["x"]])})
    source = TableSource(file, "t.xlsx", coordinates="wgs84")
    assert [(doubt.code, doubt.values) for doubt in read_demand([source]).doubts] == [("first_sheet", {"sheets": "二"})]
    assert read_demand([replace(source, sheet="一")]).doubts == ()


def test_hidden_sheets_are_named(tmp_path: Path) -> None:
    (doubt,) = read_demand([hidden(tmp_path, "新")]).doubts
    assert (doubt.code, doubt.values) == ("hidden_sheets", {"sheets": "旧"})


def test_hidden_rows_and_columns_are_read_and_told(tmp_path: Path) -> None:
    file = tmp_path / "t.xlsx"
    good = [[f"d{n}", *NEXT[1:]] for n in range(12)]
    rows: Cells = [["表", "", "", "", "", "", "", "", ""], HEAD, *good, [], [*TOTAL[:6], 12 * 800, "", ""]]
    # the title, the blank row and the total are hidden too: they are no rows in use
    write_xlsx(file, {"一": sheet_xml(rows, hidden=[1, 4, 5, 6, 8, 10, 12, 13, 14, 15, 16], hidden_columns=[(4, 5)])})
    table = read_demand([TableSource(file, "t.xlsx", coordinates="wgs84")])
    assert len(table.frame) == 12
    assert [(doubt.code, doubt.row, dict(doubt.values)) for doubt in table.doubts] == [
        ("hidden_columns", None, {"columns": "镇街 / 区市"}),
        ("hidden_rows", 4, {"count": 8, "lines": "4-6, 8, 10, 12-14"}),
    ]
    assert all(tell(doubt, language)[1:] for doubt in table.doubts for language in LANGUAGES)
    chosen = replace(TableSource(file, "t.xlsx", coordinates="wgs84"), keep={"编号": "d0"})
    assert [doubt.code for doubt in read_demand([chosen]).doubts] == ["hidden_columns"]


def test_text_of_merged_cells_is_shared_and_told(tmp_path: Path) -> None:
    rows: Cells = [[*HEAD, "片区", "户数"], [*ROW, "东片", 30], [*NEXT, "", ""], ["d3", "舜井", *NEXT[2:], "西片", 9]]
    rows[1][3] = rows[2][3] = "解放路"
    source = book(tmp_path, rows, ["D2:D4", "J2:J3", "K2:K3"])
    table = read_demand([source])
    assert table.frame.town.tolist() == ["解放路"] * 3
    assert table.frame["片区"].tolist() == ["东片", "东片", "西片"]
    assert table.frame["户数"].tolist() == ["30", "", "9"]  # one figure for both: not given to each
    assert [(doubt.code, doubt.row, doubt.column, dict(doubt.values)) for doubt in table.doubts] == [
        ("merged_number", 2, "户数", {"rows": 2}),
        ("merged_shared", 2, "镇街", {"lines": "2-4"}), ("merged_shared", 2, "片区", {"lines": "2-3"}),
    ]  # fmt: skip
    assert all(tell(doubt, language)[1:] for doubt in table.doubts for language in LANGUAGES)
    kept = read_demand([replace(source, keep={"片区": "东片"})])
    assert kept.frame.demand_id.tolist() == ["d1", "d2"]


# --- what is not --------------------------------------------------------------------------------------------------

Where = tuple[str, "int | None", str]


@dataclass(frozen=True)
class Broken:
    """A broken input and its only fault: code, row, column."""

    name: str
    make: Callable[[Path], TableSource]
    fault: Where
    values: Mapping[str, object] = field(default_factory=dict)


def cell(name: str, column: str, value: object, code: str, **values: object) -> list[Broken]:
    """One wrong cell on line 3, in CSV and in Excel."""
    rows = rows_with(column, value)
    return [
        Broken(f"{name}-csv", lambda folder: text(folder, rows), (code, 3, column), values),
        Broken(f"{name}-xlsx", lambda folder: book(folder, rows), (code, 3, column), values),
    ]


def named(*names: object) -> Cells:
    """Another header over one good row."""
    return [list(names), list(ROW)]


def with_header(old: str, new: str) -> Cells:
    return named(*(new if name == old else name for name in HEAD))


def raw(name: str, data: bytes) -> Callable[[Path], TableSource]:
    def make(folder: Path) -> TableSource:
        (folder / name).write_bytes(data)
        return TableSource(folder / name, name, coordinates="wgs84")

    return make


def two_layers(folder: Path, sheet: str | None = None) -> TableSource:
    source = layer(folder, "a.gpkg")
    gpd.read_file(source.file).to_file(source.file, layer="b")
    return replace(source, sheet=sheet)


def without(folder: Path, ending: str) -> TableSource:
    source = layer(folder, "a.shp")
    source.file.with_suffix(ending).unlink()
    return source


def cut_shapefile(folder: Path) -> TableSource:
    source = layer(folder, "a.shp")
    source.file.write_bytes(source.file.read_bytes()[:-10])
    return source


def unnamed_crs(folder: Path) -> TableSource:
    return replace(without(folder, ".prj"), coordinates=None)


def mixed_encoding(folder: Path) -> TableSource:
    source = without(folder, ".cpg")
    dbf = source.file.with_suffix(".dbf")
    dbf.write_bytes(dbf.read_bytes().replace("泉城".encode("gb18030"), b"\xff\xff\xff\xff"))
    return source


def hidden(folder: Path, sheet: str | None) -> TableSource:
    file = folder / "t.xlsx"
    write_xlsx(file, {"旧": sheet_xml([HEAD, ROW]), "新": sheet_xml([HEAD, ROW])}, hidden=["旧"])
    return TableSource(file, "t.xlsx", coordinates="wgs84", sheet=sheet)


def features(folder: Path, items: Sequence[object]) -> TableSource:
    file = folder / "a.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": items}), encoding="utf-8")
    return TableSource(file, "a.geojson", coordinates="wgs84")


FEATURE: dict[str, Any] = {
    "type": "Feature",
    "properties": {"id": "d1", "name": "泉城", "setting": "111", "people": 3},
    "geometry": {"type": "Point", "coordinates": [117.03, 36.66]},
}
UNKNOWN: list[object] = [{**FEATURE, "type": "feature"}, {"properties": {}}, None, [], "Feature"]
LINE = shapely.LineString([(117, 36), (118, 37)])
POINT = shapely.Point(117.03, 36.66)
TITLES: Cells = [["说明"] for _ in range(10)]
BROKEN = [
    # numbers
    *cell("about", "常住人口", "约1200人", "cell_number_near", meant="1200"),
    *cell("wide", "常住人口", "１２００", "cell_number_near", meant="1200"),
    *cell("unit", "常住人口", "1200人", "cell_number_near", meant="1200"),
    *cell("tens", "常住人口", "1.2万", "cell_number_near", meant="12000"),
    *cell("underscore", "常住人口", "1_200", "cell_number_near", meant="1200"),
    *cell("numerals", "常住人口", "一千二百", "cell_number"),
    *cell("range", "常住人口", "1000-1200", "cell_number"),
    *cell("nan", "常住人口", "nan", "cell_empty_count"),
    *cell("infinite", "常住人口", "inf", "cell_number"),
    *cell("exponent", "常住人口", "1e999", "cell_number"),
    *cell("dash", "常住人口", "—", "cell_empty_count"),
    *cell("negative", "常住人口", -5, "cell_negative"),
    *cell("fraction", "常住人口", 12.5, "cell_fraction"),
    *cell("huge", "常住人口", "9" * 14, "cell_too_large"),
    *cell("empty", "常住人口", "", "cell_empty_count"),
    Broken("comma", lambda folder: book(folder, rows_with("常住人口", "1,200")), ("cell_number_near", 3, "常住人口"),
           {"meant": "1200"}),
    # places
    *cell("east", "经度", "东经117.04°", "cell_degrees_near", meant="117.04"),
    *cell("minutes", "经度", "117°2′24″", "cell_degrees_near", meant="117.040000"),
    *cell("metres", "经度", 500_000, "outside_globe"),
    *cell("no-lat", "纬度", "", "half_place"),
    Broken("axes", lambda folder: text(folder, [HEAD, [*ROW[:7], 36.66, 117.03]]), ("swapped_place", 2, "经度")),
    # codes
    *cell("rounded", "社区代码", "3.70102E+11", "code_rounded"),
    *cell("short", "社区代码", "3701020010", "code_length", digits=10),
    *cell("apostrophe", "社区代码", "'370102001002", "code_marked", meant="370102001002"),
    Broken("cut-number", lambda folder: book(folder, rows_with("社区代码", 3.70102001002003e17)),
           ("code_cut", 3, "社区代码")),
    *cell("decimal-code", "社区代码", "370102001002.0 ", "code_form", meant="370102001002"),
    *cell("wide-code", "社区代码", "３７０１０２００１００２", "code_form", meant="370102001002"),
    *cell("spaced-code", "社区代码", "370102 001 002", "code_form", meant="370102001002"),
    Broken("equals", lambda folder: text(folder, rows_with("社区代码", '="370102001002"')),
           ("code_marked", 3, "社区代码")),
    # what Excel leaves
    *cell("ref", "镇街", "#REF!", "cell_error", text="#REF!"),
    *cell("na", "常住人口", "#N/A", "cell_error", text="#N/A"),
    *cell("div", "编号", "#DIV/0!", "cell_error", text="#DIV/0!"),
    Broken("error-beside", lambda folder: book(folder, [[*HEAD, "备注"], [*ROW, "#NAME?"]]), ("cell_error", 2, "备注")),
    Broken("no-value", lambda folder: book(folder, rows_with("常住人口", Formula("SUM(A1:A2)"))),
           ("cell_formula", 3, "常住人口")),
    Broken("stale", lambda folder: book(folder, rows_with("常住人口", Formula("A1+B1", 0)), stale=True),
           ("cell_formula", 3, "常住人口")),
    Broken("formula-csv", lambda folder: text(folder, rows_with("常住人口", "=A1")), ("cell_formula", 3, "常住人口")),
    Broken("merged-people", lambda folder: book(folder, [HEAD, ROW, NEXT], ["G2:G3"]),
           ("merged_cell", 2, "常住人口"), {"rows": 2}),
    Broken("hidden-first", lambda folder: hidden(folder, None), ("hidden_sheet", None, ""), {"sheets": "新"}),
    Broken("hidden-chosen", lambda folder: hidden(folder, "旧"), ("hidden_sheet", None, "")),
    Broken("no-text", lambda folder: book(folder, rows_with("镇街", Formula("A1"))), ("cell_formula", 3, "镇街")),
    # headers
    Broken("no-header", lambda folder: text(folder, [ROW, NEXT]), ("table_headless", None, "")),
    Broken("header-too-low", lambda folder: text(folder, [*TITLES, HEAD, ROW]),
           ("table_headless", None, "")),
    Broken("two-headers", lambda folder: text(folder, [
        HEAD, ["id", "name", "unit_id", "town", "district", "setting", "people", "lon", "lat"], ROW,
    ]), ("two_header_rows", 2, ""), {"first": 1}),
    Broken("ten-thousands", lambda folder: replace(text(folder, with_header("常住人口", "常住人口（万人）")),
                                                   columns={"people": "常住人口（万人）"}),
           ("column_ten_thousands", None, "常住人口（万人）")),
    Broken("ten-thousands-bare", lambda folder: text(folder, with_header("常住人口", "常住人口（万）")),
           ("column_ten_thousands", None, "常住人口（万）")),
    Broken("ten-thousands-title", lambda folder: text(folder, [["单位：万人"], HEAD, ROW]),
           ("title_ten_thousands", 1, "")),
    Broken("household-register", lambda folder: text(folder, with_header("常住人口", "户籍人口")),
           ("missing_column_near", None, "people")),
    Broken("two-for-one", lambda folder: text(folder, [[*HEAD, "人数"], [*ROW, 3]]), ("two_headers", None, "人数")),
    Broken("nameless", lambda folder: text(folder, [[*HEAD, ""], [*ROW, "x"]]), ("nameless_column", 1, "")),
    Broken("long-row", lambda folder: text(folder, [["表"], HEAD, [*ROW, "x"]]),
           ("row_too_long", 3, "")),
    Broken("only-totals", lambda folder: text(folder, [HEAD, TOTAL]), ("nothing_kept", None, "")),
    Broken("only-blank", lambda folder: text(folder, [[""], ["", ""]]), ("table_empty", None, "")),
    # files
    Broken("xls", raw("a.xls", b"\xd0\xcf\x11\xe0"), ("table_format", None, "")),
    Broken("ods", raw("a.ods", b"PK"), ("table_format", None, "")),
    Broken("renamed-xls", raw("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)),
           ("table_workbook", None, "")),
    Broken("damaged-utf-8", raw("a.csv", "id,name,setting,people,lon,lat\nd1,泉城,urban,3,117,36\n".encode()
           + b"d2,\xe5\x8e\x86\xe5,urban,3,117,36\n"), ("table_encoding", None, "")),
    Broken("damaged-bom", raw("a.csv", b"\xef\xbb\xbfid,name\n1,\xb0\xa1\n"), ("table_encoding", None, "")),
    Broken("many-lines", raw("a.csv", b"a,b" + b"\n" * 5_000_001), ("table_file_large", None, "")),
    Broken("many-cells", raw("a.csv", b"a" + b"," * 50_000_001), ("table_file_large", None, "")),
    Broken("many-old-lines", raw("a.csv", b"a,b" + b"\r" * 5_000_001), ("table_file_large", None, "")),
    Broken("wide-and-long", raw("a.csv", b"id" + b"," * 2_000 + b"\n" * 30_000), ("table_too_large", None, "")),
    Broken("wide", raw("a.csv", b"id" + b"," * 16_384), ("table_too_large", None, "")),
    Broken("utf-16", raw("a.csv", b"\xff\xfe" + struct.pack("<H", 0xD800) + b"\xff\xff"), ("table_utf16", None, "")),
    Broken("renamed-layer", raw("a.gpkg", b"<OGRVRTDataSource/>"), ("layer_broken", None, "")),
    Broken("cut-layer", raw("a.gpkg", b"SQLite format 3\0" + bytes(84)), ("layer_broken", None, "")),
    Broken("cut-geojson", raw("a.geojson", b'{"type": "FeatureCollection", "features": ['), ("layer_broken", None, "")),
    Broken("cut-shapefile", cut_shapefile, ("layer_broken", None, "")),
    Broken("no-dbf", lambda folder: without(folder, ".dbf"), ("shapefile_parts", None, "")),
    Broken("no-shx", lambda folder: without(folder, ".shx"), ("shapefile_parts", None, "")),
    Broken("no-encoding", mixed_encoding, ("layer_encoding", None, "")),
    # layers
    Broken("no-crs", unnamed_crs, ("crs_unknown", None, "")),
    Broken("line", lambda folder: layer(folder, "a.gpkg", geometry=[POINT, LINE]), ("not_a_point", 2, ""),
           {"kind": "LineString"}),
    Broken("area", lambda folder: layer(folder, "a.geojson", geometry=[POINT.buffer(1), POINT]),
           ("not_a_point", 1, "")),
    *(
        Broken(f"geometry-{n}", partial(features, items=[FEATURE, {**FEATURE, "geometry": place}]),
               ("geometry_broken", 2, ""))
        for n, place in enumerate([
            "POINT (117 36)", {}, {"type": "Point"}, {"type": "Point", "coordinates": []},
            {"type": "Point", "coordinates": ["117", "36"]}, {"type": "Point", "coordinates": [117]},
            {"type": "Point", "coordinates": [True, False]}, {"type": "Punkt", "coordinates": [117, 36]},
            {"type": ["Point"], "coordinates": [117, 36]}, {"type": "LineString", "coordinates": [117, 36]},
            {"type": "Polygon", "coordinates": [[]]}, {"type": "GeometryCollection", "geometries": []},
            {"type": "GeometryCollection", "geometries": [None]},
        ])
    ),
    *(
        Broken(f"feature-{n}", partial(features, items=[FEATURE, item, FEATURE]), ("feature_unknown", 2, ""))
        for n, item in enumerate(UNKNOWN)
    ),
    Broken("no-features", raw("a.geojson", b'{"type": "FeatureCollection", "features": 3}'),
           ("layer_broken", None, "")),
    Broken("deep", raw("a.geojson", b'{"type": "Feature", "geometry": ' + b"[" * 100_000), ("layer_broken", None, "")),
    Broken("lines-of-features", raw("a.geojson", b'{"type": "Feature", "properties": null, "geometry": null}\n' * 2),
           ("layer_broken", None, "")),
    Broken("two-points", lambda folder: layer(folder, "a.gpkg", geometry=[
        shapely.MultiPoint([(117, 36), (118, 37)]), shapely.MultiPoint([(117, 36)])]), ("not_a_point", 1, ""),
           {"kind": "MultiPoint"}),
    Broken("empty-point", lambda folder: layer(folder, "a.gpkg", geometry=[POINT, shapely.Point()]),
           ("empty_point", 2, "")),
    Broken("two-layers", two_layers, ("several_layers", None, ""), {"layers": "a / b"}),
    Broken("absent-layer", lambda folder: two_layers(folder, "c"), ("absent_layer", None, "")),
    Broken("layer-cell", lambda folder: layer(folder, "a.gpkg", people=["1200", "约8百"]),
           ("cell_number", 2, "people")),
    Broken("layer-code", lambda folder: layer(folder, "a.gpkg", unit_id=[3.7e17, 3.7e17]), ("code_cut", 1, "unit_id")),
]  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
@pytest.mark.filterwarnings("ignore:GPKG")
def test_each_broken_table_has_its_fault(tmp_path: Path, broken: Broken) -> None:
    fault = faults_of(broken.make(tmp_path))[0]
    assert (fault.code, fault.row, fault.column) == broken.fault
    assert broken.values.items() <= dict(fault.values).items()


@pytest.mark.parametrize("name", ["dash-xlsx", "ten-thousands-bare"])
def test_a_run_with_a_broken_table_writes_nothing(tmp_path: Path, name: str) -> None:
    (broken,) = (one for one in BROKEN if one.name == name)
    path = write_town(tmp_path, SCENARIO.replace("demand.csv", broken.make(tmp_path).file.name))
    before = sorted(tmp_path.rglob("*"))
    result = CliRunner().invoke(app, [*RUN, str(path), "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert broken.fault[2] in result.stderr
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("rows", "merged", "code"),
    [
        ('<row r="1"><c r="XFD1" t="e"/></row><row r="1048576"><c r="A1048576" t="e"/></row>', [], "table_too_large"),
        ('<row r="1"><c r="A1"><v>1</v></c><c r="B9"><v>2</v></c></row>', ["A1:B9"] * 50_000, "table_workbook"),
        # a cell far out is found however it is written: calamine would end the whole process for want of memory
        *(
            (f'<row r="1"><c r="A1"><v>1</v></c>{far}</row>', [], "table_too_large")
            for far in (
                '<c s="1" r="XFD1048576"><v>1</v></c>',
                "<c r='XFD1048576'><v>1</v></c>",
                '<c r = "XFD1048576"><v>1</v></c>',
                '<c r="xfd1048576"><v>1</v></c>',
                '<c r="A4294967290"><v>1</v></c>',
                '<c r="A99999999"><v>1</v></c>',
                f'<x:c xmlns:x="{MAIN}" r="XFD1048576"><x:v>1</x:v></x:c>',
                '</row><row r="99999999"><c><v>1</v></c>',
                f'</row><row r="3">{"<c><v>1</v></c>" * 60}</row><row r="1000000"><c><v>1</v></c>',
            )
        ),
    ],
)
def test_sheets_that_would_cost_hours_are_refused(tmp_path: Path, rows: str, merged: list[str], code: str) -> None:
    file = tmp_path / "t.xlsx"
    write_xlsx(file, {"一": sheet_xml([], merged).replace("<sheetData>", f"<sheetData>{rows}")})
    assert [fault.code for fault in faults_of(TableSource(file, "t.xlsx"))] == [code]


ID_DIGITS = "10000119900101001"  # of nobody: no county has the code 100001
ID_CARD = ID_DIGITS + "10X98765432"[sum(int(d) * pow(2, 17 - n, 11) for n, d in enumerate(ID_DIGITS)) % 11]
WIDE_CARD = ID_CARD.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
SITE_HEAD: list[object] = ["编号", "名称", "类型", "状态", "经度", "纬度", "备注"]
SITE: list[object] = ["s1", "驿站", "station", "现有", 117.03, 36.66, ""]


@pytest.mark.parametrize("card", [ID_CARD, WIDE_CARD, f"户主{ID_CARD.lower()}，已核"])
@pytest.mark.parametrize("make", [text, book])
@pytest.mark.parametrize("where", ["title", "header", "row", "left out", "total", "note", "pass-through"])
@pytest.mark.parametrize("sites", [False, True])
def test_id_card_numbers_are_refused_wherever_they_stand(
    tmp_path: Path, card: str, make: Callable[[Path, Cells], TableSource], where: str, sites: object
) -> None:
    head, row = (SITE_HEAD, SITE) if sites else ([*HEAD, "备注"], [*ROW, ""])
    blank: list[object] = [""] * len(head)
    lines: dict[str, Cells] = {
        "title": [[f"台账 {card}", *blank[1:]], head, row],
        "header": [[*head, card], [*row, "x"]],
        "row": [head, row, [row[0], card, *row[2:]]],
        "left out": [head, row, ["s9", *row[1:-1], card]],
        "total": [head, row, ["合计", *blank[1:-1], card]],
        "note": [head, row, [f"填表人：{card}", *blank[1:]]],
        "pass-through": [head, row, ["s9", *row[1:-1], card]],
    }
    made = make(tmp_path, lines[where])
    source = replace(made, keep={"编号": str(row[0])}) if where == "left out" else made
    with pytest.raises(TableError) as caught:
        read_sites([source], known_types=TYPES) if sites else read_demand([source])
    assert ("personal_id", 3 if where not in {"title", "header"} else 1) in [
        (fault.code, fault.row) for fault in caught.value.faults
    ]
    told = "".join("".join(tell(fault, language)) for fault in caught.value.faults for language in LANGUAGES)
    assert not {ID_CARD, ID_CARD.lower(), WIDE_CARD} & {part for part in (card, told) if part in told}
    assert ID_DIGITS not in told


@pytest.mark.parametrize("number", ["13812345678", "8613812345678", "１３８１２３４５６７８", "张三 13812345678、李四"])
def test_phone_numbers_are_refused_in_tables_of_people_only(tmp_path: Path, number: str) -> None:
    forms: tuple[Cells, ...] = ([[*HEAD, "联系电话"], [*ROW, number]], [HEAD, ROW, [f"填表人：{number}"]])
    for rows in forms:
        faults = faults_of(book(tmp_path, rows))
        assert {fault.code for fault in faults} == {"personal_phone"}
        assert "13812345678" not in str(faults)
    sites = text(tmp_path, [SITE_HEAD, [*SITE[:-1], number]])
    assert read_sites([sites], known_types=TYPES).frame.备注.tolist() == [number]


@pytest.mark.parametrize("form", [text, book])
def test_maps_that_name_a_column_that_is_not_there(tmp_path: Path, form: Callable[[Path, Cells], TableSource]) -> None:
    source = replace(
        form(tmp_path, [["台账"], HEAD, ROW]),
        columns={"people": "常驻人口", "peopel": "常住人口"},
        defaults={"tonw": "解放路"},
        keep={"镇街道": "解放路"},
    )
    found = {fault.column: (fault.code, fault.values.get("nearest")) for fault in faults_of(source)}
    assert found == {
        "columns.people": ("absent_header_near", "常住人口"),
        "columns.peopel": ("unknown_column_near", "people"),
        "defaults.tonw": ("unknown_column_near", "town"),
        "keep.镇街道": ("absent_header_near", "镇街"),
    }


@pytest.mark.parametrize(
    ("head", "code"),
    [("建设费用（万元）", "column_ten_thousands"), ("年费用(万元)", "column_ten_thousands"), ("投资（万元）", None)],
)
def test_costs_in_ten_thousands_are_never_passed_over(tmp_path: Path, head: str, code: str | None) -> None:
    source = text(tmp_path, [[*SITE_HEAD, head], [*SITE, "3.5"]])
    if code is None:
        assert read_sites([source], known_types=TYPES).frame[head].tolist() == ["3.5"]
        return
    with pytest.raises(TableError) as caught:
        read_sites([source], known_types=TYPES)
    assert [(fault.code, fault.column) for fault in caught.value.faults] == [(code, head)]


def test_a_figure_in_ten_thousands_beside_the_figure_itself_passes_through(tmp_path: Path) -> None:
    table = read_demand([text(tmp_path, [[*HEAD, "人口（万人）"], [*ROW, "0.12"]])])
    assert table.frame["人口（万人）"].tolist() == ["0.12"]


def test_a_note_merged_over_several_lines_is_a_note(tmp_path: Path) -> None:
    rows: Cells = [HEAD, ROW, NEXT, ["备注：1.坐标为高德。\n2.人口为七普。"], [], []]
    table = read_demand([book(tmp_path, rows, ["A4:I6"])])
    assert [(row.row, row.reason) for row in table.left_out] == [(4, "note")]
    assert table.doubts == ()


def test_one_broken_cell_is_one_fault(tmp_path: Path) -> None:
    assert len(faults_of(book(tmp_path, rows_with("常住人口", Formula("A1"))))) == 1
    for value in ("#REF!", "3.70102E+11", "'370102001002"):
        assert len(faults_of(text(tmp_path, rows_with("社区代码", value)))) == 1


# --- whatever the file -------------------------------------------------------------------------------------------

WORDS = [
    *map(str, HEAD),
    *map(str, ROW),
    *map(str, TOTAL),
    "",
    " ",
    "#REF!",
    "=A1",
    "注：x",
    "一",
    "1e5",
    "\ufeff",
    '"',
]


def read_or_refuse(source: TableSource) -> None:
    try:
        assert balanced(read_demand([source]))
    except TableError as error:
        told = [tell(fault, "zh") for fault in error.faults]
    else:
        return
    assert told


@given(st.lists(st.lists(st.sampled_from(WORDS) | st.text(max_size=3), max_size=12), max_size=16), st.booleans())
@settings(max_examples=75, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example([["编号"] * 4, ["编号", "编号", "编号", "#REF!"]], True)
def test_any_cells_are_read_or_refused(tmp_path: Path, rows: Cells, headed: object) -> None:
    made = text(tmp_path, [HEAD, *rows] if headed else rows, encoding="gb18030") if _fits(rows) else None
    if made is not None:
        read_or_refuse(made)


def _fits(rows: Cells) -> bool:
    try:
        str(rows).encode("gb18030")
    except UnicodeEncodeError:
        return False
    return True


@given(st.binary(max_size=200), st.sampled_from(["a.csv", "a.xlsx", "a.gpkg", "a.geojson", "a.shp"]))
@settings(max_examples=75, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_any_bytes_are_read_or_refused(tmp_path: Path, data: bytes, name: str) -> None:
    read_or_refuse(raw(name, data)(tmp_path))


@given(st.data())
@settings(max_examples=70, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_damaged_files_are_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["社区.xlsx", "a.gpkg", "a.geojson", "a.shp"]))
    file = tmp_path / name
    whole = tmp_path / f"whole-{name}"
    if not whole.exists():
        made = book(tmp_path, [HEAD, ROW, NEXT]) if name == "社区.xlsx" else layer(tmp_path, name)
        whole.write_bytes(made.file.read_bytes())
    content = bytearray(whole.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    file.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    read_or_refuse(TableSource(file, name, coordinates="wgs84"))


@given(st.data())
@settings(max_examples=70, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_sheets_are_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    xml = sheet_xml([HEAD, ROW, NEXT, TOTAL], ["A1:A2"])
    start = data.draw(st.integers(0, len(xml)))
    patch = data.draw(st.sampled_from(["", "<f>A1</f>", '<c r="ZZ9" t="e"/>', "&amp;", "</row>", "<c>", "x", '"']))
    file = tmp_path / "社区.xlsx"
    write_xlsx(file, {"社区": xml[:start] + patch + xml[start + data.draw(st.integers(0, 5)) :]})
    assert zipfile.is_zipfile(file)
    read_or_refuse(TableSource(file, "社区.xlsx", coordinates="wgs84"))


# --- what a review found ------------------------------------------------------------------------------------------


BLANK: list[object] = [""] * len(HEAD)


def at(**cells: object) -> list[object]:
    """A row that holds nothing but what stands at some headers."""
    return [cells.get(str(name), "") for name in HEAD]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (["填表人：", "", "张三", "", "审核人：", "李四", "", "", ""], "note"),
        (["联系电话：", "", "82012345", "", "", "", "", "", ""], "note"),
        (["注：", "", "1、本表人口为户籍人口", "", "", "", "", "", ""], "note"),
        (at(常住人口="2026年6月30日"), "note"),
        (at(镇街="2026.6.30"), "note"),
        (at(编号="以下空白"), "note"),
        (at(编号="第1页，共3页"), "note"),
        (at(编号="城镇"), "section"),
        (at(镇街="千佛山街道"), "section"),
        (at(编号="一、千佛山街道"), "section"),
        (at(社区名称="二、趵突泉街道"), "section"),
        (at(编号="（一）城镇社区", 常住人口=300), "section"),
    ],
)
def test_lines_of_ledgers_that_are_no_rows(tmp_path: Path, line: list[object], reason: str) -> None:
    for made in (
        text(tmp_path, [HEAD, line, ROW, line, NEXT]),
        book(tmp_path, [HEAD, line, ROW, line, NEXT], ["A2:B2"]),
    ):
        table = read_demand([made])
        assert table.frame.demand_id.tolist() == ["d1", "d2"]
        assert [(row.row, row.reason) for row in table.left_out] == [(2, reason), (4, reason)]
        assert balanced(table)


@pytest.mark.parametrize(
    "line",
    [
        at(编号="d3"),
        at(社区名称="舜井"),
        at(社区代码="370102001003", 镇街="千佛山街道"),
        at(编号="一、舜井", 社区代码="370102001003"),
        at(编号="d3", 社区名称="注：舜井"),
        at(编号="注：", 常住人口=300),
        at(编号="（一）", 社区名称="舜井", 常住人口=300),
        at(编号="（一）", 城乡="111"),
        at(常住人口=300),
        at(城乡="城镇"),
        at(编号="城镇", 常住人口=300),
    ],
)
def test_lines_that_may_be_rows_are_never_left_out(tmp_path: Path, line: list[object]) -> None:
    assert {fault.row for fault in faults_of(text(tmp_path, [HEAD, ROW, line, NEXT]))} == {3}


def test_ids_that_are_names_are_no_headings(tmp_path: Path) -> None:
    rows: Cells = [HEAD, ["泉城", *ROW[1:]], at(编号="历山"), ["舜井", *NEXT[1:]]]
    faults = faults_of(text(tmp_path, rows))
    assert {(fault.code, fault.row) for fault in faults} == {("cell_empty_choice", 3), ("cell_empty_count", 3)}
    placed = ["一、舜井", *NEXT[1:]]
    assert len(read_demand([text(tmp_path, [HEAD, ROW, placed])]).frame) == 2


@pytest.mark.parametrize("make", [text, book])
def test_blank_lines_are_one_entry_and_none_at_the_end(
    tmp_path: Path, make: Callable[[Path, Cells], TableSource]
) -> None:
    rows: Cells = [HEAD, BLANK, BLANK, ROW, [], BLANK, [" "], NEXT, BLANK, *[[]] * 40, ["", "", " "]]
    table = read_demand([make(tmp_path, rows)])
    assert [(row.row, row.reason, row.rows) for row in table.left_out] == [(2, "blank", 2), (5, "blank", 3)]
    assert list(table.rows_read.values()) == [7]
    assert balanced(table)


def test_a_space_far_down_is_no_row(tmp_path: Path) -> None:
    file = tmp_path / "t.xlsx"
    far = '<row r="1048576"><c r="B1048576" t="inlineStr"><is><t xml:space="preserve"> </t></is></c></row>'
    write_xlsx(file, {"一": sheet_xml([["id", "people", "lon", "lat"], ["d1", 3, 117, 36]]).replace(
        "</sheetData>", f"{far}</sheetData>")})  # fmt: skip
    source = TableSource(file, "t.xlsx", coordinates="wgs84", defaults={"setting": "urban"})
    table = read_demand([source])
    assert table.rows_read == {"t.xlsx": 1}
    assert table.left_out == ()
    assert [len(sheet.rows) for sheet in read_cells(source, file.read_bytes())] == [2]


def test_lines_are_counted_from_the_first_one_of_a_sheet(tmp_path: Path) -> None:
    shifted: Cells = [
        [],
        [],
        ["", *HEAD],
        ["", *ROW],
        ["", "d2", "", *NEXT[2:]],
        ["", "d3", *NEXT[1:6], "约3", 117, 36],
    ]
    faults = faults_of(book(tmp_path, shifted, ["C4:C5"]))
    assert ("cell_number_near", 6) in [(fault.code, fault.row) for fault in faults]
    table = read_demand([book(tmp_path, shifted[:5], ["C4:C5"])])
    assert table.frame.name.tolist() == ["泉城", "泉城"]
    assert table.origin.row.tolist() == [4, 5]


def test_cells_of_a_workbook_stand_where_they_stood(tmp_path: Path) -> None:
    file = tmp_path / "t.xlsx"
    write_xlsx(file, {"一": sheet_xml([[], ["", "", 0], [" "], ["", False], ["", ""]])})
    (cells,) = read_cells(TableSource(file, "t.xlsx"), file.read_bytes())
    assert [list(row) for row in cells.rows] == [[], ["", "", 0.0], [], ["", False, ""]]


@pytest.mark.parametrize("name", ["编号", "社区代码"])
def test_numbers_of_nodes_are_no_phones(tmp_path: Path, name: str) -> None:
    rows = [list(ROW), list(NEXT)]
    rows[0][HEAD.index(name)], rows[1][HEAD.index(name)] = "13812345678", "node/15912345678"
    assert len(read_demand([text(tmp_path, [HEAD, *rows])]).frame) == 2


@pytest.mark.parametrize(
    ("header", "cells", "code"),
    [
        ("osm_node", ["13812345678", "9812345678"], ""),
        ("osm_node", ["13812345678", "15912345678"], "phone_like"),
        ("备注", ["13812345678", "x", "y"], ""),
        ("备注", ["张三13812345678", "x", "y"], "personal_phone"),
        ("备注", ["１３８１２３４５６７８", "", ""], "phone_like"),
        ("联系方式", ["13812345678", "x", "y"], "personal_phone"),
        ("Phone", ["8613812345678", "x", "y"], "personal_phone"),
        ("镇街", ["13812345678", "解放路", "解放路"], "personal_phone"),
    ],
)
def test_phones_beside_other_numbers(tmp_path: Path, header: str, cells: list[str], code: str) -> None:
    head = [*HEAD, *([] if header in HEAD else [header])]
    rows = [[f"d{n}", "x", f"37010200100{n}", *ROW[3:], ""][: len(head)] for n in range(len(cells))]
    for row, value in zip(rows, cells, strict=True):
        row[head.index(header)] = value
    source = text(tmp_path, [head, *rows])
    if code:
        assert {(fault.code, fault.column) for fault in faults_of(source)} == {(code, header)}
    else:
        assert len(read_demand([source]).frame) == len(cells)


def test_full_width_figures_are_quoted_as_they_stand(tmp_path: Path) -> None:
    (fault,) = faults_of(text(tmp_path, rows_with("常住人口", "１２３人")))
    assert fault.values == {"text": "１２３人", "meant": "123"}
    assert quoted(f"１２ {WIDE_CARD}，１３８１２３４５６７８ ３") == "１２ ●●●，●●● ３"


def test_what_excel_made_of_texts_is_told(tmp_path: Path) -> None:
    rows = [list(ROW), list(NEXT), ["d3", "舜井", "370102001003", *NEXT[3:]]]
    rows[0][1] = rows[2][1] = dt.date(2026, 3, 5)
    rows[1][3] = True
    table = read_demand([book(tmp_path, [[*HEAD, "建成"], *[[*row, dt.date(2020, 1, 1)] for row in rows]])])
    assert [(doubt.code, doubt.row, doubt.column, dict(doubt.values)) for doubt in table.doubts] == [
        ("cell_converted", 2, "社区名称", {"text": "2026-03-05", "lines": "2, 4"}),
        ("cell_converted", 3, "镇街", {"text": "TRUE", "lines": "3"}),
    ]
    assert all(tell(doubt, language)[1:] for doubt in table.doubts for language in LANGUAGES)
    site = [*SITE[:-1], dt.date(2026, 1, 2)]
    file = tmp_path / "s.xlsx"
    write_xlsx(file, {"一": sheet_xml([[*SITE_HEAD[:-1], "启用日期"], site])})
    assert read_sites([TableSource(file, "s.xlsx", coordinates="wgs84")], known_types=TYPES).doubts == ()


def test_cells_merged_sideways_are_told(tmp_path: Path) -> None:
    rows: Cells = [HEAD, ROW, [*NEXT[:4], "", *NEXT[5:]], ["填表人：张三", "", *BLANK[2:]]]
    table = read_demand([book(tmp_path, rows, ["D3:E3", "A4:I4"])])
    assert table.frame.district.tolist() == ["历下区", ""]
    assert [(doubt.code, doubt.row, doubt.column, dict(doubt.values)) for doubt in table.doubts] == [
        ("merged_across", 3, "镇街", {"columns": "区市"})
    ]
    assert all(tell(doubt, language)[1:] for doubt in table.doubts for language in LANGUAGES)


def test_texts_of_geojson_stay_texts(tmp_path: Path) -> None:
    days = {"id": "d1", "name": "2026/03/05", "town": ["a"], "district": "08:30", "建成": "2026-06-30T00:00:00"}
    table = read_demand([features(tmp_path, [{**FEATURE, "properties": {**FEATURE["properties"], **days}}])])
    assert table.frame[["name", "town", "district", "建成"]].iloc[0].tolist() == [
        "2026/03/05", '[ "a" ]', "08:30", "2026-06-30",
    ]  # fmt: skip


def test_one_feature_and_features_without_a_place(tmp_path: Path) -> None:
    (tmp_path / "a.geojson").write_text(json.dumps(FEATURE), encoding="utf-8-sig")
    assert len(read_demand([TableSource(tmp_path / "a.geojson", "a.geojson", coordinates="wgs84")]).frame) == 1
    second, third = ({**FEATURE["properties"], "id": name} for name in ("d2", "d3"))
    unplaced = [{"type": "Feature", "properties": second}, {**FEATURE, "properties": third, "geometry": None}]
    table = read_demand([features(tmp_path, [FEATURE, *unplaced])])
    assert [point is None for point in table.frame.geometry] == [False, True, True]


def test_names_of_sheets_may_hold_signs_of_xml(tmp_path: Path) -> None:
    file = tmp_path / "t.xlsx"
    write_xlsx(file, {"人口>0": sheet_xml([HEAD, rows_with("镇街", "#REF!")[2]])})
    source = TableSource(file, "t.xlsx", coordinates="wgs84")
    assert [(fault.code, fault.row) for fault in faults_of(source)] == [("cell_error", 2)]
    piece = b'<sheetData><row note="a>b" r="7"><c note=\'>\' r="BZ9"/></row></sheetData>'
    assert extent(io.BytesIO(piece)) == (78, 9)
