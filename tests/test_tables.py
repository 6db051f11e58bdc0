from __future__ import annotations

import csv
import datetime as dt
import io
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from planner import columns as col
from planner import (
    geojson,
    grammar,
    grids,
    headings,
    headless,
    matching,
    oddities,
    placing,
    sheetxml,
    tablefaults,
    tables,
    titleunits,
    vectors,
    workbooks,
)
from planner.coordinates import from_wgs84, to_wgs84
from planner.errors import Fault, TableError
from planner.grammar import Wrong
from planner.tables import LeftOut, Table, TableSource, operating_on
from planner.words import LANGUAGES, say, sentences
from tablereading import read_demand, read_sites
from workbook import MAIN, Formula, sheet_xml, write_xlsx

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

OFFICES = Path(__file__).resolve().parents[2] / "shared" / "data" / "jinan" / "hrss_offices.csv"
HEAD = "demand_id,name,unit_id,town,district,setting,people,lon,lat"
ROW = "d1,泉城,370102001001,解放路街道,历下区,urban,1200,117.03,36.66"
SITE_HEAD = "site_id,name,type,status,lon,lat"
SITE = "s1,驿站,station,existing,117.03,36.66"
ROOMS = (
    tables,
    tablefaults,
    oddities,
    grids,
    workbooks,
    vectors,
    geojson,
    headings,
    headless,
    matching,
    grammar,
    placing,
    titleunits,
)
TYPES = {name: name for name in ("station", "gig_station", "e_station")}
# Of nobody: no county has the code 100001. The check digit is added where a test needs it.
ID_DIGITS = "10000119900101001"


def check_digit(digits: str) -> str:
    return "10X98765432"[sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(digits)) % 11]


def write(folder: Path, text: str, name: str = "table.csv", encoding: str = "utf-8") -> TableSource:
    file = folder / name
    file.write_bytes(text.encode(encoding))
    return TableSource(file, name, coordinates="wgs84")


@pytest.fixture
def source(tmp_path: Path) -> Callable[..., TableSource]:
    def make(*lines: str, name: str = "table.csv", encoding: str = "utf-8", **options: Any) -> TableSource:
        return replace(write(tmp_path, "\n".join(lines) + "\n", name, encoding), **options)

    return make


def faults_of(sources: Sequence[TableSource], *, sites: bool = False) -> list[Fault]:
    with pytest.raises(TableError) as caught:
        read_sites(sources, known_types=TYPES) if sites else read_demand(sources)
    for fault in caught.value.faults:
        for language in LANGUAGES:
            assert say(f"fault.{fault.code}.what", language, **fault.values)
            assert say(f"fault.{fault.code}.cure", language, **fault.values)
    return list(caught.value.faults)


def the_fault(*sources: TableSource, sites: bool = False) -> Fault:
    faults = faults_of(sources, sites=sites)
    assert len(faults) == 1, faults
    return faults[0]


def where(fault: Fault) -> tuple[str, int | None, str]:
    return fault.code, fault.row, fault.column


# --- the grammar of cells -----------------------------------------------------------------------------------------

PEOPLE = next(column for column in col.DEMAND_COLUMNS if column.name == "people")
LON = next(column for column in col.DEMAND_COLUMNS if column.name == "lon")
OPENED = next(column for column in col.SITE_COLUMNS if column.name == "opened_on")


@given(
    st.text()
    | st.from_regex(r"\A[0-9]{1,15}(\.0{0,3})?\Z")
    | st.text(alphabet="0123456789.-+_eE ，,１２٣nafi", max_size=8)
)
@example("1_000")
@example("nan")
@example("inf")
@example("1e999")
@example("１２")
@example("٣")
@example("12.")
@example("12.0\n")
@example("130000000")
@example("130000001")
@example("9999999999999")
@example("10000000000000")
@example("00000000000000000007.000")
def test_whole_numbers_have_one_grammar(text: str) -> None:
    value = grammar.read_cell(PEOPLE, text)
    if not text or grammar.says_nothing(text):
        assert value is None
    elif re.fullmatch(r"[0-9]+(\.0+)?", text) and int(text.partition(".")[0]) <= col.MOST["people"]:
        assert value == int(text.partition(".")[0])
        assert type(value) is int
    else:
        assert isinstance(value, Wrong)


@given(st.text() | st.text(alphabet="0123456789.-+_eEnaif", max_size=8))
def test_degrees_have_one_grammar(text: str) -> None:
    value = grammar.read_cell(LON, text)
    if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
        assert value == float(text)
    else:
        assert value is None if not text or grammar.says_nothing(text) else isinstance(value, Wrong)


@given(st.dates(min_value=dt.date(1000, 1, 1)))
def test_dates_are_read_back(day: dt.date) -> None:
    assert grammar.read_cell(OPENED, day.isoformat()) == day


@pytest.mark.parametrize("text", ["2026-02-30", "2026/06/30", "20260630", "2026-6-30", "２０２６-06-30", "0000-01-01"])
def test_other_dates_are_refused(text: str) -> None:
    value = grammar.read_cell(OPENED, text)
    assert isinstance(value, Wrong)
    assert value.code.startswith("cell_date")


@pytest.mark.parametrize(
    ("text", "code"),
    [("-5", "cell_negative"), ("12.5", "cell_fraction"), ("约三百", "cell_number"),
     ("约300", "cell_number_near"), ("1,200", "cell_number_near"),
     ("12345678901234", "cell_too_large"), ("9" * 5000, "cell_too_large")],
)  # fmt: skip
def test_what_is_wrong_with_a_number_is_said(text: str, code: str) -> None:
    value = grammar.read_cell(PEOPLE, text)
    assert isinstance(value, Wrong)
    assert value.code == code


@pytest.mark.parametrize(
    ("text", "setting"),
    [("urban", "urban"), ("城镇", "urban"), ("城区", "urban"), ("111", "urban"), ("123", "urban"),
     ("rural", "rural"), ("农村", "rural"), ("乡村", "rural"), ("210", "rural"), ("220", "rural")],
)  # fmt: skip
def test_settings(source: Callable[..., TableSource], text: str, setting: str) -> None:
    table = read_demand([source(HEAD, ROW.replace("urban", text))])
    assert table.frame.setting.tolist() == [setting]


@given(st.from_regex(r"\A[1-9][0-9]{5}\Z"), st.dates(dt.date(1900, 1, 1), dt.date(2020, 1, 1)), st.integers(0, 999))
def test_id_numbers_are_known_by_their_check_digit(region: str, born: dt.date, serial: int) -> None:
    digits = f"{region}{born:%Y%m%d}{serial:03}"
    right = check_digit(digits)
    assert grammar.holds_id_number(digits + right)
    assert grammar.holds_id_number(f"张三 {digits}{right.lower()}，")
    assert digits not in grammar.quoted(digits + right)
    wrong = "0" if right != "0" else "1"
    assert not grammar.holds_id_number(digits + wrong)
    assert not grammar.holds_id_number(f"1{digits}{right}" if right != "X" else f"{digits}{right}"[1:])


def test_contracts_are_sound() -> None:
    for contract in (col.DEMAND_COLUMNS, col.SITE_COLUMNS):
        words = [word for column in contract for word in (column.name, *column.synonyms)]
        assert len(words) == len(set(words))
        for column in contract:
            assert not isinstance(grammar.read_cell(column, column.default), Wrong)


# --- what is read -------------------------------------------------------------------------------------------------


def test_a_plain_table(source: Callable[..., TableSource]) -> None:
    table = read_demand([source(HEAD + ",people_graduates,备注", ROW + ",30, 靠近 泉 ")])
    frame = table.frame
    assert list(frame.columns) == [
        "demand_id", "name", "unit_id", "town", "district", "setting", "layer", "people", "people_graduates",
        "placed", "geometry", "备注",
    ]  # fmt: skip
    row = frame.iloc[0]
    assert (row.demand_id, row.layer, row.people, row.people_graduates, row.placed) == (
        "d1", "residents", 1200, 30, "own",
    )  # fmt: skip
    assert row.备注 == "靠近 泉"
    assert frame.people.dtype == frame.people_graduates.dtype == np.int64
    assert frame.crs.to_epsg() == 4326
    assert (row.geometry.x, row.geometry.y) == (117.03, 36.66)
    assert table.rows_read == {"table.csv": 1}
    assert table.left_out == ()


def test_sites_are_typed(source: Callable[..., TableSource]) -> None:
    head = "编号,名称,类型,状态,运行状态,经度,纬度,一次性费用,年费用,启用日期"
    table = read_sites(
        [
            source(
                head,
                "1,甲,gig_station；e_station;gig_station,候选,,117,36,120000.0,,",
                "2,乙,,candidate,在建,117,36,,6000,2025-01-02",
            )
        ],
        known_types=TYPES,
    )
    frame = table.frame
    assert list(frame.columns) == [
        "site_id", "name", "type", "status", "operating", "tier", "district", "town", "unit_id", "host", "owner",
        "build_method", "funding", "cost_once_yuan", "cost_yearly_yuan", "capacity_people", "hours", "opened_on",
        "closed_on", "services", "geometry",
    ]  # fmt: skip
    assert frame["type"].tolist() == ["gig_station;e_station", ""]
    assert frame.status.tolist() == ["candidate", "candidate"]
    assert frame.cost_once_yuan.dtype == "Int64"
    assert frame.cost_once_yuan.tolist() == [120000, pd.NA]
    assert frame.cost_yearly_yuan.tolist() == [pd.NA, 6000]
    assert frame.opened_on.tolist() == [None, dt.date(2025, 1, 2)]
    assert frame.host.tolist() == ["", ""]


def test_a_column_may_mean_something_in_the_other_table_only(source: Callable[..., TableSource]) -> None:
    sites = source(SITE_HEAD + ",people_old,setting", SITE + ",many,x")
    assert read_sites([sites], known_types=TYPES).frame[["people_old", "setting"]].iloc[0].tolist() == ["many", "x"]
    demand = source(HEAD + ",status,type", ROW + ",existing,")
    assert read_demand([demand]).frame[["status", "type"]].iloc[0].tolist() == ["existing", ""]


def test_no_tables_give_empty_frames() -> None:
    assert len(read_demand([]).frame) == 0
    assert read_sites([], known_types=TYPES).frame.crs.to_epsg() == 4326


def test_chinese_headers_in_gbk(source: Callable[..., TableSource]) -> None:
    head = " 需求点编号 ,社区名称,社区代码,镇街,区市,城乡,常住人口,经度,纬度"
    row = "370102001001,泉城,370102001001,解放路,历下区,111,1200,117.03,36.66"
    for encoding in ("gb18030", "utf-8", "utf-8-sig"):
        frame = read_demand([source(head, row, encoding=encoding)]).frame
        assert frame.name.tolist() == ["泉城"]
        assert frame.unit_id.tolist() == ["370102001001"]


def test_excel_reads_as_the_same_csv(tmp_path: Path, source: Callable[..., TableSource]) -> None:
    rows: list[list[object]] = [
        [*HEAD.split(","), "日期", "有效"],
        [
            370102001001,
            "泉城",
            370102001001.0,
            "解放路",
            "历下区",
            111,
            1200.0,
            117.03,
            36.66,
            dt.date(2026, 6, 30),
            True,
        ],
        ["", "", "", "", "", "", "", "", "", "", ""],
        ["b", "乙", "370102001002", "解放路", "历下区", "220", 0, "", "", "", False],
    ]
    file = tmp_path / "table.XLSX"
    write_xlsx(file, {"社区": sheet_xml(rows), "说明": sheet_xml([["只是说明"]])})
    table = read_demand([TableSource(file, "table.csv", coordinates="wgs84")])
    lines = [
        "370102001001,泉城,370102001001,解放路,历下区,111,1200,117.03,36.66,2026-06-30,TRUE",
        ",,,,,,,,,,",
        "b,乙,370102001002,解放路,历下区,220,0,,,,FALSE",
    ]
    same = read_demand([source(HEAD + ",日期,有效", *lines)])
    pd.testing.assert_frame_equal(pd.DataFrame(table.frame), pd.DataFrame(same.frame))
    assert table.left_out == same.left_out
    assert table.frame.geometry.iloc[1] is None


def test_excel_sheets_and_cut_codes(tmp_path: Path) -> None:
    file = tmp_path / "t.xlsx"
    good: list[list[object]] = [[*HEAD.split(",")], [*ROW.split(",")]]
    cut: list[list[object]] = [[*HEAD.split(",")], ["d1", "泉城", 1.10101199001010123e17, *ROW.split(",")[3:]]]
    write_xlsx(file, {"一": sheet_xml([["x"]]), "二": sheet_xml(good), "三": sheet_xml(cut)})
    base = TableSource(file, "t.xlsx", coordinates="wgs84")
    assert len(read_demand([replace(base, sheet="二")]).frame) == 1
    fault = the_fault(replace(base, sheet="四"))
    assert fault.values == {"sheet": "四", "sheets": "一 / 二 / 三"}
    fault = the_fault(replace(base, sheet="三"))
    assert (where(fault), fault.sheet) == (("code_cut", 2, "unit_id"), "三")
    assert "1101011990" not in str(fault)


def test_workbooks_that_would_fill_the_memory_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "t.xlsx"
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    write_xlsx(file, {"一": f'<worksheet xmlns="{MAIN}"><sheetData>{far}</sheetData></worksheet>'})
    base = TableSource(file, "t.xlsx", coordinates="wgs84")
    assert the_fault(base).code == "table_too_large"
    write_xlsx(file, {"一": sheet_xml([HEAD.split(","), ROW.split(",")])})
    assert len(read_demand([base]).frame) == 1
    monkeypatch.setattr(workbooks, "_LARGEST_INFLATED", 500)
    assert the_fault(base).code == "table_too_large"


def test_lines_are_those_of_the_file_despite_quoted_newlines(source: Callable[..., TableSource]) -> None:
    text = '"d1","泉\n\n城",u,t,d,urban,1,117,36'
    fault = the_fault(source(HEAD, text, "d2,b,u,t,d,urban,许多,117,36"))
    assert where(fault) == ("cell_number", 5, "people")
    assert read_demand([source(HEAD, text)]).frame.name.tolist() == ["泉\n\n城"]


def test_old_line_ends_and_short_rows(source: Callable[..., TableSource]) -> None:
    table = read_demand([source(f"{HEAD},note\r\n{ROW}\r\n{ROW.replace('d1', 'd2')},x,,\r\n")])
    assert table.frame.note.tolist() == ["", "x"]


def test_ids_of_rows_or_of_a_column(source: Callable[..., TableSource]) -> None:
    plain = source(HEAD, "", ROW, name="济南.csv")
    assert read_demand([replace(plain, id="row")]).frame.demand_id.tolist() == ["济南-3"]
    by_unit = read_demand([replace(plain, id="unit_id")]).frame
    assert by_unit.demand_id.tolist() == by_unit.unit_id.tolist() == ["370102001001"]
    assert by_unit.source_demand_id.tolist() == ["d1"]


def test_names_and_units_default_to_the_id(source: Callable[..., TableSource]) -> None:
    frame = read_demand([source("id,setting,people,lon,lat", "a,rural,3,117,36")]).frame
    assert frame.loc[0, ["demand_id", "name", "unit_id", "district"]].tolist() == ["a", "a", "a", ""]


def test_defaults_fill_columns_and_cells(source: Callable[..., TableSource]) -> None:
    made = source(
        "demand_id,setting,people,lon,lat", "a,,,117,36", "b,220,7,117,36",
        defaults={"setting": "urban", "people": 0, "district": "历下区", "people_old": 5}, layer="jobs",
    )  # fmt: skip
    frame = read_demand([made]).frame
    assert frame.setting.tolist() == ["urban", "rural"]
    assert frame.people.tolist() == [0, 7]
    assert frame.people_old.tolist() == [5, 5]
    assert set(frame.district) == {"历下区"}
    assert set(frame.layer) == {"jobs"}


def test_a_layer_column_outranks_the_layer_of_the_source(source: Callable[..., TableSource]) -> None:
    made = source(HEAD + ",layer", ROW + ",employers", ROW.replace("d1", "d2") + ",", layer="jobs")
    assert read_demand([made]).frame.layer.tolist() == ["employers", "jobs"]


def test_an_explicit_column_outranks_the_others(source: Callable[..., TableSource]) -> None:
    made = source(HEAD + ",nick,geometry", ROW + ",泉,g", columns={"name": "nick"})
    frame = read_demand([made]).frame
    assert frame[["name", "source_name", "source_geometry"]].iloc[0].tolist() == ["泉", "泉城", "g"]


def test_rows_left_out_are_listed(source: Callable[..., TableSource]) -> None:
    made = source(HEAD + ",有效", ROW + ",是", ",,,,,,,,,", "", ROW.replace("d1", "d2") + ",否", keep={"有效": "是"})
    table = read_demand([made])
    assert [(row.row, row.id, row.name, row.reason) for row in table.left_out] == [
        (3, "", "", "blank"), (5, "d2", "泉城", "keep"),
    ]  # fmt: skip
    assert [row.rows for row in table.left_out] == [2, 1]
    assert table.rows_read == {"table.csv": 4}
    for row in table.left_out:
        assert all(say(f"left_out.{row.reason}", language, **row.values) for language in LANGUAGES)


@given(st.lists(st.sampled_from(["use", "drop", "blank"]), min_size=1))
def test_rows_read_are_rows_used_and_left_out(tmp_path_factory: pytest.TempPathFactory, kinds: list[str]) -> None:
    lines = {"use": "{n},x,u{n},t,d,urban,1,117,36,y", "drop": "{n},x,u,t,d,?,-1,9,,n", "blank": ", ,"}
    text = "\n".join([HEAD + ",keep", *(lines[kind].format(n=n) for n, kind in enumerate(kinds, 2))])
    made = replace(write(tmp_path_factory.mktemp("law"), text), keep={"keep": "y"})
    if "use" not in kinds:
        assert the_fault(made).code == ("nothing_kept" if "drop" in kinds else "table_empty")
        return
    table = read_demand([made])
    rows = len("".join(kind[0] for kind in kinds).rstrip("b"))  # blank lines at the end are no rows
    assert len(table.frame) + sum(row.rows for row in table.left_out) == sum(table.rows_read.values()) == rows
    runs = "".join(kind[0] for kind in kinds).replace("u", " ").replace("d", " ").split()
    blanks = [row.rows for row in table.left_out if row.reason == "blank"]
    assert blanks == [len(run) for run in runs][: len(blanks)]
    assert table.frame.demand_id.tolist() == [str(n) for n, kind in enumerate(kinds, 2) if kind == "use"]


def test_several_tables_are_joined_in_order(source: Callable[..., TableSource]) -> None:
    first = source(HEAD + ",note", ROW + ",x", name="a.csv")
    second = source(HEAD + ",other", ROW.replace("d1", "d2") + ",y", name="b.csv")
    table = read_demand([first, second])
    assert table.frame.demand_id.tolist() == ["d1", "d2"]
    assert table.frame.note.tolist() == ["x", ""]
    assert table.frame.other.tolist() == ["", "y"]
    assert table.rows_read == {"a.csv": 1, "b.csv": 1}
    assert table.origin.to_dict("list") == {"file": ["a.csv", "b.csv"], "row": [2, 2]}
    assert table.origin.index.equals(table.frame.index)


@pytest.mark.parametrize("system", ["gcj02", "bd09", "cgcs2000"])
def test_places_become_wgs84(source: Callable[..., TableSource], system: Any) -> None:
    point = read_demand([source(HEAD, ROW, coordinates=system)]).frame.geometry.iloc[0]
    assert (point.x, point.y) == tuple(float(part) for part in to_wgs84(117.03, 36.66, system))
    back = [float(part) for part in from_wgs84(point.x, point.y, system)]
    assert back == pytest.approx([117.03, 36.66], abs=1e-9)


def test_a_community_may_be_in_both_settings(source: Callable[..., TableSource]) -> None:
    assert len(read_demand([source(HEAD, ROW, ROW.replace("d1", "d2").replace("urban", "rural"))]).frame) == 2


# --- faults of files and headers ----------------------------------------------------------------------------------


def test_files_that_cannot_be_read(tmp_path: Path, source: Callable[..., TableSource]) -> None:
    assert the_fault(TableSource(tmp_path / "no.csv", "数据/no.csv")) == Fault("table_absent", "数据/no.csv")
    (tmp_path / "folder.csv").mkdir()
    assert the_fault(TableSource(tmp_path / "folder.csv", "folder.csv")).code == "not_a_file"
    assert the_fault(TableSource(tmp_path / "a.xls", "a.xls")).values == {"ending": ".xls"}
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00\xd8\xff")
    assert the_fault(TableSource(tmp_path / "b.csv", "b.csv")).code == "table_utf16"
    for content in (b"", b"PK\x05\x06" + bytes(18), b"no workbook"):
        (tmp_path / "c.xlsx").write_bytes(content)
        assert the_fault(TableSource(tmp_path / "c.xlsx", "c.xlsx")).code == "table_workbook"
    assert where(the_fault(source(HEAD, ROW, '"never closed'))) == ("table_quotes", 3, "")


def test_empty_tables(source: Callable[..., TableSource], tmp_path: Path) -> None:
    assert the_fault(source(HEAD)).code == "table_empty"
    assert the_fault(write(tmp_path, "")).code == "table_empty"
    assert the_fault(source("", ROW)).code == "table_headless"
    assert the_fault(source(HEAD, ROW, keep={"name": "nobody"})).values == {"rows": 1}
    write_xlsx(tmp_path / "e.xlsx", {"一": sheet_xml([])})
    assert the_fault(TableSource(tmp_path / "e.xlsx", "e.xlsx")).code == "table_empty"


def test_missing_columns_are_named_with_the_nearest(source: Callable[..., TableSource]) -> None:
    faults = faults_of([source("demand_id,城乡,人口数量,lon,Y", "a,111,5,117,36")])
    assert [where(fault) for fault in faults] == [
        ("missing_column_near", None, "people"), ("missing_column", None, "lat"),
    ]  # fmt: skip
    assert faults[0].values["nearest"] == "人口数量"
    assert "人口数量" in str(faults[1].values["headers"])


def test_no_ids(source: Callable[..., TableSource]) -> None:
    assert where(the_fault(source("setting,people,lon,lat", "urban,5,117,36"))) == ("no_id", None, "demand_id")
    assert where(the_fault(source(HEAD, ROW, id="社区码"))) == ("absent_header", None, "id")
    assert where(the_fault(source(HEAD, ROW.replace("d1", "")))) == ("cell_empty", 2, "demand_id")


def test_names_that_the_file_or_the_contract_lacks(source: Callable[..., TableSource]) -> None:
    made = source(
        HEAD, ROW, columns={"town": "towm", "peopel": "people"}, keep={"nane": "x"}, defaults={"tonw": "解放路"}
    )
    found = {fault.column: (fault.code, fault.values["nearest"]) for fault in faults_of([made])}
    assert found == {
        "columns.town": ("absent_header_near", "town"),
        "columns.peopel": ("unknown_column_near", "people"),
        "keep.nane": ("absent_header_near", "name"),
        "defaults.tonw": ("unknown_column_near", "town"),
    }


def test_headers_that_stand_twice(source: Callable[..., TableSource]) -> None:
    fault = the_fault(source(HEAD + ",名称", ROW + ",泉"))
    assert (fault.code, fault.values["first"], fault.values["second"]) == ("two_headers", "name", "名称")
    assert the_fault(source(HEAD + ",name", ROW + ",2")).code == "repeated_header"
    assert where(the_fault(source(HEAD + ",", ROW + ",2"))) == ("nameless_column", 1, "")
    assert len(read_demand([source(HEAD + ",,", ROW + ",,")]).frame) == 1
    assert where(the_fault(source(HEAD, ROW + ",2"))) == ("row_too_long", 2, "")


def test_groups_are_counted_in_every_table_or_in_none(source: Callable[..., TableSource]) -> None:
    first = source(HEAD + ",people_old", ROW + ",4", name="a.csv")
    second = source(HEAD, ROW.replace("d1", "d2"), name="b.csv")
    fault = the_fault(first, second)
    assert (where(fault), fault.file) == (("missing_group", None, "people_old"), "b.csv")
    made = read_demand([first, replace(second, defaults={"people_old": 0})])
    assert made.frame.people_old.tolist() == [4, 0]


# --- faults of cells and rows -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "code", "column"),
    [
        ("1200", "约1200人", "cell_number_near", "people"),
        ("1200", "-3", "cell_negative", "people"),
        ("1200", "3.5", "cell_fraction", "people"),
        ("1200", "", "cell_empty_count", "people"),
        ("urban", "", "cell_empty_choice", "setting"),
        ("urban", "郊区", "cell_choice", "setting"),
        ("117.03", "东经", "cell_degrees", "lon"),
        ("117.03", "东经117", "cell_degrees_near", "lon"),
        ("117.03", "", "half_place", "lon"),
        ("36.66", "", "half_place", "lat"),
        ("117.03,36.66", "36.66,117.03", "swapped_place", "lon"),
        ("117.03", "500000", "outside_globe", "lon"),
        ("117.03", "9" * 400, "outside_globe", "lon"),
        ("117.03,36.66", "0,0.0", "zero_place", "lon"),
        ("泉城", "泉\0城", "control_character", "name"),
    ],
)
def test_wrong_cells_of_demand(source: Callable[..., TableSource], old: str, new: str, code: str, column: str) -> None:
    good = ROW.replace("d1", "d0")
    assert where(the_fault(source(HEAD, good, ROW.replace(old, new)))) == (code, 3, column)


@pytest.mark.parametrize(
    ("old", "new", "code", "column"),
    [
        ("existing", "open", "cell_choice", "status"),
        ("station", "staton", "cell_type_near", "type"),
        ("station", "station;会所", "cell_type", "type"),
        ("station", "", "no_type", "type"),
        ("117.03,36.66", ",", "no_place", "lon"),
        ("驿站", "", "cell_empty", "name"),
        ("驿站", "驿站,关门", "cell_choice", "operating"),
        ("驿站", "驿站,,2026-13-01", "cell_date", "opened_on"),
        ("驿站", "驿站,,2026-05-02,2026-05-01", "closed_before_opened", "closed_on"),
        ("驿站", "驿站,,,,3万", "cell_number_near", "cost_once_yuan"),
    ],
)
def test_wrong_cells_of_sites(source: Callable[..., TableSource], old: str, new: str, code: str, column: str) -> None:
    extra = ["operating", "opened_on", "closed_on", "cost_once_yuan"]
    cells = SITE.replace(old, new).split(",")
    more = cells[2 : len(cells) - 4] + [""] * (8 - len(cells))
    row = [*cells[:2], *cells[-4:], *more]
    fault = the_fault(source(",".join([*SITE_HEAD.split(","), *extra]), ",".join(row)), sites=True)
    assert where(fault) == (code, 2, column)


def test_types_and_choices_are_listed(source: Callable[..., TableSource]) -> None:
    fault = the_fault(source(SITE_HEAD, SITE.replace(",station", ",gigstation")), sites=True)
    assert fault.values == {"text": "gigstation", "nearest": "gig_station", "known": " / ".join(TYPES)}
    fault = the_fault(source(HEAD + ",placed", ROW + ",near"))
    choices = {"zh": "自有 / 自有位置 / 镇街 / 镇街驻地 / 推算 / 摊开 / 没有 / 无", "en": "own / town / spread / none"}
    assert fault.values["choices"] == choices


def test_types_go_by_their_names_unless_several_have_one(source: Callable[..., TableSource]) -> None:
    types = {"station": "station", "驿站": "gig_station", "站": ""}
    for text, read in (("驿站", "gig_station"), ("station；驿站", "station;gig_station")):
        table = read_sites([source(SITE_HEAD, SITE.replace(",station", f",{text}"))], known_types=types)
        assert table.frame["type"].tolist() == [read]
    with pytest.raises(TableError) as caught:
        read_sites([source(SITE_HEAD, SITE.replace(",station", ",站"))], known_types=types)
    (fault,) = caught.value.faults
    assert (fault.code, fault.values["known"]) == ("cell_type_several", "station / 驿站")


def test_bad_defaults_are_one_fault(source: Callable[..., TableSource]) -> None:
    made = source(HEAD, ROW, ROW.replace("d1", "d2"), defaults={"placed": "near", "people": -1})
    assert [where(fault) for fault in faults_of([made])] == [
        ("cell_negative", None, "defaults.people"), ("cell_choice", None, "defaults.placed"),
    ]  # fmt: skip


def test_ids_must_differ_within_and_between_tables(source: Callable[..., TableSource]) -> None:
    first = source(HEAD, ROW, ROW, name="a.csv")
    second = source("编号,setting,people,lon,lat", "d1,urban,1,117,36", name="b.csv")
    faults = faults_of([first, second])
    assert [(fault.file, *where(fault), fault.values["file"], fault.values["row"]) for fault in faults] == [
        ("a.csv", "duplicate_id", 3, "demand_id", "a.csv", 2), ("b.csv", "duplicate_id", 2, "编号", "a.csv", 2),
    ]  # fmt: skip
    again = source(HEAD, ROW, name="a.csv")
    assert the_fault(again, again).code == "duplicate_id"


def test_a_community_lies_in_one_place(source: Callable[..., TableSource]) -> None:
    other = ROW.replace("d1", "d2")
    fault = the_fault(source(HEAD, ROW, other.replace("历下区", "槐荫区"), ROW.replace("d1", "d3")))
    assert where(fault) == ("split_unit", 3, "district")
    assert (fault.values["first"], fault.values["second"], fault.values["row"]) == ("历下区", "槐荫区", 2)
    assert where(the_fault(source(HEAD, ROW, other.replace("解放路街道", "千佛山")))) == ("split_unit", 3, "town")
    assert len(read_demand([source(HEAD, ROW, other.replace("历下区", ""))]).frame) == 2


def test_a_table_in_china_names_its_system(source: Callable[..., TableSource]) -> None:
    made = source(HEAD, ROW, ROW.replace("d1", "d2"), coordinates=None)
    assert the_fault(made).values == {"count": 2}
    abroad = source(HEAD, ROW.replace("117.03,36.66", "-71.34,-29.95"), coordinates=None)
    assert read_demand([abroad]).frame.geometry.iloc[0].x == -71.34


def test_personal_data_is_refused_and_never_quoted(source: Callable[..., TableSource]) -> None:
    number = ID_DIGITS + check_digit(ID_DIGITS)
    made = source(HEAD + ",备注", ROW + f",户主 {number}", ROW.replace("1200", number), keep={"demand_id": "d1"})
    faults = faults_of([made, source(SITE_HEAD, SITE.replace("驿站", number), name="s.csv")])
    assert ("personal_id", 2, "备注") in [where(fault) for fault in faults]
    assert ("personal_id", 3, "people") in [where(fault) for fault in faults]
    assert not any(number in str(fault) for fault in faults)
    site = source(SITE_HEAD + ",电话", SITE + ",13812345678", name="s.csv")
    assert len(read_sites([site], known_types=TYPES).frame) == 1
    fault = the_fault(source(HEAD + ",联系人", ROW + ",王 13812345678", ROW.replace("d1", "d2") + ",8613912345678"))
    assert (where(fault), fault.values) == (("personal_phone", None, "联系人"), {"count": 2})


def test_long_decimals_are_no_phone_numbers(source: Callable[..., TableSource]) -> None:
    assert len(read_demand([source(HEAD, ROW.replace("117.03", "117.13812345678"))]).frame) == 1


def test_repeated_faults_are_counted(source: Callable[..., TableSource]) -> None:
    rows = [ROW.replace("d1", f"d{n}").replace("1200", "x") for n in range(23)]
    faults = faults_of([source(HEAD, *rows, name="a.csv"), source(HEAD, *rows[:1], name="b.csv")])
    assert [fault.row for fault in faults if fault.code == "cell_number" and fault.file == "a.csv"] == list(
        range(2, 22)
    )
    assert [fault.values for fault in faults if fault.code == "more_faults" and fault.column == "people"] == [
        {"count": 3}
    ]
    assert [fault.file for fault in faults if fault.code == "cell_number"].count("b.csv") == 1


def test_all_faults_of_all_tables_come_at_once(source: Callable[..., TableSource], tmp_path: Path) -> None:
    bad = source("demand_id,setting,people,lon", "a,郊区,-1,117", "a,urban,2,x", name="a.csv")
    faults = faults_of([bad, TableSource(tmp_path / "no.csv", "no.csv"), source(HEAD, ROW, id="nr", name="c.csv")])
    assert [fault.code for fault in faults] == [
        "missing_column", "cell_choice", "cell_negative", "cell_degrees", "table_absent", "absent_header",
        "duplicate_id",
    ]  # fmt: skip


def test_words_of_this_room_are_in_both_languages() -> None:
    text = Path(tables.__file__).with_name("assets").joinpath("words", "tables.toml").read_text(encoding="utf-8")
    codes = re.findall(r"^\[fault\.(\w+)\]", text, re.MULTILINE)
    assert len(codes) == len(set(codes)) > 30
    source_text = "".join(Path(str(room.__file__)).read_text(encoding="utf-8") for room in ROOMS)
    for code in codes:
        assert f'"{code}"' in source_text
        for part in ("what", "cure"):
            zh, en = (sentences()[f"fault.{code}.{part}"][language] for language in LANGUAGES)
            assert set(re.findall(r"{(\w+)}", zh)) == set(re.findall(r"{(\w+)}", en)), code


# --- days, real input, speed --------------------------------------------------------------------------------------


def test_what_works_on_a_day() -> None:
    day = dt.date
    rows = [
        ("", None, None, True), ("正常", day(2026, 6, 30), None, True), ("正常", day(2026, 7, 1), None, False),
        ("正常", None, day(2026, 6, 30), False), ("正常", None, day(2026, 7, 1), True),
        ("停运", None, None, False), ("在建", None, None, False),
    ]  # fmt: skip
    sites = gpd.GeoDataFrame(
        {"operating": [r[0] for r in rows], "opened_on": pd.Series([r[1] for r in rows], dtype=object),
         "closed_on": pd.Series([r[2] for r in rows], dtype=object)}
    )  # fmt: skip
    sites.index = pd.Index(range(10, 17))
    works = operating_on(sites, day(2026, 6, 30))
    assert works.tolist() == [row[3] for row in rows]
    assert works.index.equals(sites.index)
    assert works.dtype == bool


@pytest.mark.skipif(not OFFICES.exists(), reason="the shared data folder (../shared/data) is not here")
def test_offices_of_jinan() -> None:
    table = read_sites(
        [
            TableSource(
                OFFICES,
                "hrss_offices.csv",
                coordinates="gcj02",
                id="row",
                columns={"name": "name", "district": "district", "lon": "lon", "lat": "lat"},
                defaults={"type": "station", "status": "existing"},
                keep={"valid": "True"},
            )
        ],
        known_types=TYPES,
    )
    assert (len(table.frame), len(table.left_out)) == (89, 85)
    assert table.rows_read == {"hrss_offices.csv": 174}
    assert {row.reason for row in table.left_out} == {"keep"}
    assert set(table.frame.status) == {"existing"}
    assert isinstance(table, Table)
    assert isinstance(table.left_out[0], LeftOut)


def test_tens_of_thousands_of_rows_are_read(tmp_path: Path) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow([*HEAD.split(","), "备注"])
    writer.writerows(
        [f"d{n}", f"点{n}", f"{n:012}", "镇", "区", "urban", n % 3000, 117 + n / 1e6, 36 + n / 1e6, "x"]
        for n in range(30_000)
    )
    made = write(tmp_path, stream.getvalue())
    assert len(read_demand([replace(made, coordinates="gcj02")]).frame) == 30_000


# --- the XML of a sheet -------------------------------------------------------------------------------------------

MARKED = sheet_xml(
    [
        ["编号", "名称", "人口"],
        *[[f"d{n}", "#REF!" if n % 3 == 0 else "泉城", Formula("A1+1") if n % 4 == 0 else n] for n in range(40)],
    ],
    hidden=[3, 4, 5, 17, 41],
    hidden_columns=[(2, 2), (3, 5)],
)


@pytest.mark.parametrize("piece", [16, 61, 128, 1000, 2**20])
@pytest.mark.parametrize("prefix", ["", "x:"])
def test_marks_of_a_sheet_do_not_depend_on_where_it_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int, prefix: str
) -> None:
    xml = re.sub(r"<(/?)(?=[a-z])", rf"<\1{prefix}", MARKED).replace("xmlns=", "xmlns:x=" if prefix else "xmlns=")
    write_xlsx(tmp_path / "t.xlsx", {"一": xml})
    monkeypatch.setattr(sheetxml, "MIB", piece)
    marks = sheetxml.read_marks((tmp_path / "t.xlsx").read_bytes(), "一")
    expected = {(n + 1, 1): "#REF!" for n in range(0, 40, 3)} | {(n + 1, 2): "=A1+1" for n in range(0, 40, 4)}
    assert {(y, x): text for y, x, text in marks.unseen} == expected
    assert marks.hidden_rows == ((2, 4), (16, 16), (40, 40))
    assert marks.hidden_columns == ((1, 4),)


@pytest.mark.parametrize("cell", ["A1", "Z999999", "AU1048576", "B1049999"])
def test_ordinary_cells_are_known_at_a_glance(cell: str) -> None:
    assert sheetxml.is_ordinary(f'<row r="1" spans="1:9"><c r="{cell}" s="1"><v>1</v></c></row>'.encode())
    columns, rows = re.fullmatch("([A-Z]+)([0-9]+)", cell).groups()  # type: ignore[union-attr]
    assert sheetxml.column_number(columns) <= sheetxml.ORDINARY[0]
    assert int(rows) <= sheetxml.ORDINARY[1]


@pytest.mark.parametrize(
    "cell", ["AV1048576", "AW1", "BA1", "AAA1", "A1050000", "AB2000000", "A10000000", "a1", "XFD9"]
)
def test_cells_far_out_are_looked_at(cell: str) -> None:
    assert not sheetxml.is_ordinary(f'<c r="{cell}"><v>1</v></c>'.encode())
    columns, rows = re.fullmatch("([A-Za-z]+)([0-9]+)", cell).groups()  # type: ignore[union-attr]
    reached = sheetxml.extent(io.BytesIO(f'<sheetData><c r="{cell}"><v>1</v></c></sheetData>'.encode()))
    assert reached == (sheetxml.column_number(columns.upper()), int(rows))
