"""What looks right in a table and is likely wrong: who stands twice, figures beyond reason, columns nobody counts."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from time import process_time
from typing import TYPE_CHECKING, Any

import pytest

from planner import checklines, geojson, grids, inputs, inspection, pipeline, provenance, sitedates, tables
from planner.columns import LIKELY, MOST
from planner.coordinates import from_wgs84
from planner.errors import ScenarioError, TableError
from planner.sources import TableSource
from planner.verdicts import CHECK_COLUMNS, understood
from planner.words import LANGUAGES, tell
from tablereading import read_demand, read_sites
from test_fieldcheck import MET, UNMET, fill
from town import SCENARIO, demand_csv, place, write_town

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from planner.errors import Fault
    from planner.sources import Sheet

HEAD = "编号,社区名称,社区代码,镇街,区市,城乡,常住人口,经度,纬度"
ROW = "d1,泉城,370102001001,解放路,历下区,111,1200,117.03,36.66"
SITE_HEAD, SITE = "编号,名称,类型,状态,经度,纬度", "s1,驿站,station,现有,117.03,36.66"


def source(folder: Path, *lines: str, name: str = "t.csv", **about: Any) -> TableSource:
    (folder / name).write_text("\n".join(lines), encoding="utf-8")
    return TableSource(folder / name, name, coordinates="wgs84", **about)


def told(fault: Fault) -> str:
    return "".join("".join(tell(fault, language)) for language in LANGUAGES)


def faults_of(read: TableSource, *, sites: bool = False) -> list[Fault]:
    with pytest.raises(TableError) as caught:
        read_sites([read], known_types={"station": "station"}) if sites else read_demand([read])
    assert all(map(told, caught.value.faults))
    return list(caught.value.faults)


def checked(folder: Path, *rows: str, scenario: str = SCENARIO) -> Mapping[str, Any]:
    path = write_town(folder, scenario)
    (folder / "demand.csv").write_text("\n".join([demand_csv().strip(), *rows]), encoding="utf-8")
    return pipeline.check(path, folder / "out")


def codes(found: Mapping[str, Any]) -> list[str]:
    return [item["code"] for item in found["problems"]]


# --- one community at several places -----------------------------------------------------------------------------

FIRST = demand_csv().splitlines()[1].split(",")  # D00, of 10 people


def again(name: str, people: int, row: float, column: float) -> str:
    return ",".join([name, *FIRST[1:6], str(people), place(row, column)])


@pytest.mark.parametrize(
    ("rows", "people"),
    [
        ([again("X", 10, 3.5, 0.5)], 10),  # 700 m off, and just as many people
        ([again("X", 7, 3.5, 0.5)], 0),  # another building of the community
        ([again("X", 7, 25.5, 0.5)], 7),  # 5 km off
        ([again("X", 10, 3.5, 0.5), again("Y", 10, 4.5, 0.5)], 0),  # shared out over three buildings
        ([again("X", 7, 25.5, 0.5), again("Y", 9, 25.5, 1.5), again("Z", 10, 1.5, 0.5)], 16),
    ],
)
def test_one_community_at_several_places_may_be_counted_twice(tmp_path: Path, rows: list[str], people: int) -> None:
    found = checked(tmp_path, *rows)
    doubts = [item for item in found["problems"] if item["code"] == "unit_scattered"]
    assert [item["row"] for item in doubts] == ([66] if people else [])
    assert all(f"{people} 人" in item["what"] and "demand.csv 2, 66" in item["what"] for item in doubts)
    whole = inputs.read(tmp_path / "scenario.toml", lambda _: None)
    carried = [doubt for doubt in inspection.grave(whole) if doubt.code == "people_twice"]
    assert [doubt.values["people"] for doubt in carried] == [people] * bool(people)
    assert all(map(told, carried))


def test_which_row_is_the_community_itself_does_not_hang_on_their_order(tmp_path: Path) -> None:
    head, *rows = demand_csv().strip().splitlines()
    rows += [again("X", 12, 25.5, 0.5), again("Y", 7, 3.5, 0.5)]
    carried = []
    for order in (rows, rows[::-1]):
        path = write_town(tmp_path)
        (tmp_path / "demand.csv").write_text("\n".join([head, *order]), encoding="utf-8")
        grave = inspection.grave(inputs.read(path, lambda _: None))
        carried += [doubt.values["people"] for doubt in grave if doubt.code == "people_twice"]
    assert carried == [17, 17]  # the 12 are the community, the others lie 5 km off


COPY = [",".join([f"X{n}", *line.split(",")[1:]]) for n, line in enumerate(demand_csv().splitlines()[1:5])]


@pytest.mark.parametrize(
    ("more", "codes_of", "people"),
    [
        (COPY, ["same_place"] * 4, 46),  # D00 to D03 once more, at their places
        ([f"X,甲,{FIRST[2]},,,urban,44,,"], ["unit_again"], 44),  # a unit of four points as one row
        ([f"X,甲,{FIRST[2]},,,urban,45,,"], [], 0),
        ([f"X,甲,{n:012},西镇,西区,urban,7,," for n in (98, 98)], ["same_unit"], 7),
        ([f"X,甲,{98:012},西镇,西区,urban,{n},," for n in (7, 8)], ["same_unit"], 0),
        ([f"X,甲,{98:012},西镇,西区,urban,7,{spot}" for spot in (place(3, 3), ",")], ["unit_again"], 7),
        ([f"X,甲{n},{98:012},西镇,西区,urban,7,," for n in (1, 2)], [], 0),  # two buildings
    ],
)  # fmt: skip
def test_people_in_two_tables_or_rows_without_places(
    tmp_path: Path, more: list[str], codes_of: list[str], people: int
) -> None:
    table = '[[demand.table]]\nfile = "more.csv"\ncoordinates = "wgs84"\n\n[[sites.table]]'
    path = write_town(tmp_path, SCENARIO.replace("[[sites.table]]", table, 1))
    rows = [f"X{n}{row[1:]}" if row.startswith("X,") else row for n, row in enumerate(more)]
    (tmp_path / "more.csv").write_text("\n".join([demand_csv().splitlines()[0], *rows]), encoding="utf-8")
    found = [code for code in codes(pipeline.check(path, tmp_path / "out")) if code.startswith(("unit_", "same_"))]
    assert found == codes_of
    carried = [doubt for doubt in inspection.grave(inputs.read(path, lambda _: None)) if doubt.code == "people_twice"]
    assert [doubt.values["people"] for doubt in carried] == [people] * bool(people)
    assert all(map(told, carried))


def test_many_communities_at_several_places_are_one_doubt(tmp_path: Path) -> None:
    lines = [line.split(",") for line in demand_csv().splitlines()[1:]]
    rows = [",".join([f"X{n}", *cells[1:7], place(20 + n / 10, 0.5)]) for n, cells in enumerate(lines)]
    found = checked(tmp_path, *rows)
    assert codes(found).count("unit_scattered_many") == 1
    assert "64 个单位" in next(item["what"] for item in found["problems"] if item["code"] == "unit_scattered_many")


# --- figures -----------------------------------------------------------------------------------------------------


def test_more_people_than_a_province_are_a_fault(tmp_path: Path) -> None:
    for text in (str(MOST["people"] + 1), "1000000000000"):
        (fault,) = faults_of(source(tmp_path, HEAD, ROW.replace("1200", text)))
        assert (fault.code, fault.row, fault.column) == ("people_beyond", 2, "常住人口")
    (fault,) = faults_of(source(tmp_path, f"{HEAD},people_old", f"{ROW},999999999"))
    assert (fault.code, fault.column) == ("people_beyond", "people_old")
    head, beyond = f"{SITE_HEAD},一次性费用,服务能力", [f"{SITE},10000000001,5", f"{SITE},5,999999999"]
    assert [faults_of(source(tmp_path, head, row), sites=True)[0].code for row in beyond] == [
        "yuan_beyond", "people_beyond",
    ]  # fmt: skip
    negative = faults_of(source(tmp_path, head, f"{SITE},-1,-1"), sites=True)
    assert [fault.code for fault in negative] == ["cell_negative"] * 2


def test_more_than_is_likely_is_a_doubt(tmp_path: Path) -> None:
    rows = [ROW.replace("d1", f"d{n}").replace("1200", str(LIKELY["people"] + n)) for n in range(3)]
    (doubt,) = read_demand([source(tmp_path, HEAD, *rows)]).doubts
    assert (doubt.code, doubt.row, doubt.column) == ("people_large", 3, "常住人口")
    assert doubt.values == {"text": 1_000_001, "most": 1_000_000, "count": 2, "lines": "3, 4"}
    assert told(doubt)
    dear = source(tmp_path, f"{SITE_HEAD},一次性费用,服务能力", f"{SITE},100000001,1000001")
    doubts = read_sites([dear], known_types={"station": "station"}).doubts
    assert sorted(doubt.code for doubt in doubts) == ["people_large", "yuan_large"]
    assert all(map(told, doubts))


@pytest.mark.parametrize(
    ("old", "new"),
    [("80_000", "10_000_000_001"), ("80_000", "-1"), ("at_existing", "capacity_people = 130_000_001\nat_existing")],
)
def test_costs_and_capacities_of_types_have_the_same_bounds(tmp_path: Path, old: str, new: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        inputs.read(write_town(tmp_path, SCENARIO.replace(old, new)), lambda _: None)
    assert [fault.code for fault in caught.value.faults] == ["value_range"]


def test_groups_are_held_against_their_official_figures_too(tmp_path: Path) -> None:
    path = write_town(tmp_path, SCENARIO.replace("[[sites.table]]", TOTALS, 1))
    head, *rows = demand_csv().strip().splitlines()
    # 480 people in the west, 608 in the east, 32 points each with one jobless person
    (tmp_path / "demand.csv").write_text("\n".join([f"{head},people_g", *(f"{row},1" for row in rows)]), "utf-8")
    (tmp_path / "totals.csv").write_text("name,people,people_g\n西区,480,33\n东区,608,40\n", encoding="utf-8")
    doubts = [item for item in pipeline.check(path, tmp_path / "out")["problems"] if "differ" in item["code"]]
    assert [(item["code"], item["column"]) for item in doubts] == [("totals_group_differ", "people_g")]
    assert "东区 32 / 40" in doubts[0]["what"]


TOTALS = '[[demand.totals]]\nfile = "totals.csv"\nof = "district"\n\n[[sites.table]]'


def test_the_terminal_tells_six_doubts_and_how_many_others_there_are() -> None:
    doubts: list[dict[str, object]] = [{"place": f"p{n}", "what": "w", "cure": "c"} for n in range(8)]
    doubts[-1] |= {"count": 821}
    for count, told in ((6, 6), (8, 7)):
        lines = list(provenance.doubt_lines(doubts[:count], "zh"))
        assert len(lines) == told
    assert "另有 822 处" in lines[-1]


# --- columns that pass through -----------------------------------------------------------------------------------


NO_COUNTS = (
    "人员经费（元）",
    "低保金（元）",
    "困难补助",
    "劳动力成本",
    "人口年份",
    "零就业家庭",
    "退役军人服务站数",
    "People ID",
    "Persons Phone",
)
"""Columns of numbers that name people and count none."""


def test_columns_that_look_like_people_are_named(tmp_path: Path) -> None:
    path = write_town(tmp_path)
    head, *rows = demand_csv().strip().splitlines()
    more = {
        "困难人员": "12",
        "高校毕业生 人数": "",
        "困难家庭补助人数": "5",
        "零就业家庭户数": "2",
        "失业率": "3",
        "负责人": "张三",
        "低保": "否",
        **dict.fromkeys(NO_COUNTS, "7"),
    }
    lines = [",".join([head, *more]), *(",".join([row, *more.values()]) for row in rows)]
    lines[1] = lines[1].replace(",12,,", ",12,30,")
    (tmp_path / "demand.csv").write_text("\n".join(lines), encoding="utf-8")
    found = pipeline.check(path, tmp_path / "out")
    assert found["uncounted"] == [
        {"path": "demand.csv", "columns": ["困难人员", "高校毕业生 人数", "困难家庭补助人数"]}
    ]
    assert found["problems"] == []
    columns, line = [line for line in checklines.lines(found) if "困难人员" in line]
    named = "、".join([*more][:8])
    assert columns == f"　　demand.csv：识别 9 列；另有 {len(more)} 列没有读（原样保留）：{named} …"
    assert 'people_组名 = "困难人员"' in line
    path.write_text(SCENARIO.replace('demand.csv"', 'demand.csv"\ncolumns = { people_g = "困难人员" }'), "utf-8")
    assert pipeline.check(path, tmp_path / "out")["uncounted"][0]["columns"] == ["高校毕业生 人数", "困难家庭补助人数"]


def test_headers_that_stand_twice_pass_where_nothing_needs_them(tmp_path: Path) -> None:
    twice = source(tmp_path, f"{HEAD},备注,备注,备注_11", f"{ROW},甲,乙,丙")
    table = read_demand([twice])
    assert table.frame[["备注", "备注_11_", "备注_11"]].iloc[0].tolist() == ["甲", "乙", "丙"]
    (doubt,) = table.doubts
    assert (doubt.code, doubt.column, doubt.values["names"]) == ("header_numbered", "备注", "备注 / 备注_11_")
    assert told(doubt)
    needed: list[Any] = [{"keep": {"备注": "甲"}}, {"columns": {"name": "备注"}}, {"id": "备注"}]
    for about in needed:
        assert "repeated_header" in {
            f.code for f in faults_of(source(tmp_path, f"{HEAD},备注,备注", f"{ROW},甲,乙", **about))
        }
    assert faults_of(source(tmp_path, f"{HEAD},城乡", f"{ROW},111"))[0].code == "repeated_header"


def test_phones_pass_beside_outlets_and_codes_beside_people_have_a_cure(tmp_path: Path) -> None:
    outlets = source(tmp_path, f"{SITE_HEAD},联系电话", f"{SITE},13812345678")
    assert read_sites([outlets], known_types={"station": "station"}).frame.联系电话.tolist() == ["13812345678"]
    assert faults_of(source(tmp_path, f"{HEAD},联系电话", f"{ROW},13812345678"))[0].code == "personal_phone"
    lines = (f"{HEAD},网格码", f"{ROW},13701020010", ROW.replace("d1", "d2") + ",13701020011")
    (fault,) = faults_of(source(tmp_path, *lines))
    assert (fault.code, fault.column, fault.values) == ("phone_like", "网格码", {"count": 2, "header": "网格码"})
    assert len(read_demand([source(tmp_path, *lines, id="网格码")]).frame) == 2


# --- layers ------------------------------------------------------------------------------------------------------

FEATURES = '{"type": "FeatureCollection", "features": [FEATURE]}'
FEATURE = (
    '{"type": "Feature", "properties": {"id": "d1", "setting": "111", "people": 3}, '
    '"geometry": {"type": "Point", "coordinates": [117.03, 36.66]}}'
)


@pytest.mark.parametrize(
    ("old", "new", "code", "key"),
    [
        ('"people": 3', '"people": 3, "people": 4', "key_twice", "people"),
        ('"properties": {', '"properties": {}, "properties": {', "key_twice", "properties"),
        ('"coordinates": [', '"coordinates": [1, 2], "coordinates": [', "key_twice", "coordinates"),
        ('"geometry"', '"geometri"', "key_absent", "geometry"),
        ('"geometry"', '"Geometry"', "key_absent", "geometry"),
        ('"properties"', '"property"', "key_absent", "properties"),
    ],
)
def test_keys_of_features_that_are_lost_in_silence(tmp_path: Path, old: str, new: str, code: str, key: str) -> None:
    text = FEATURES.replace("FEATURE", f"{FEATURE}, {FEATURE.replace(old, new)}")
    (fault,) = faults_of(source(tmp_path, text, name="t.geojson"))
    assert (fault.code, fault.row, fault.values["key"]) == (code, 2, key)


def test_a_key_that_stands_twice_among_many_is_found_at_once() -> None:
    keys = ", ".join(f'"k{number}": 1' for number in [*range(40_000), 39_999])
    began = process_time()
    _, broken = geojson.broken_features(f'{{"type": "Feature", "geometry": null, "properties": {{{keys}}}}}'.encode())
    assert broken == {1: ("key_twice", {"key": "k39999"})}
    assert process_time() - began < 3  # the square of so many takes far longer


def test_lists_of_features_that_stand_twice_are_refused(tmp_path: Path) -> None:
    whole = FEATURES.replace("FEATURE", FEATURE)
    assert len(read_demand([source(tmp_path, whole, name="t.geojson")]).frame) == 1
    twice = whole.replace('"features"', '"features": [], "features"')
    assert [fault.code for fault in faults_of(source(tmp_path, twice, name="t.geojson"))] == ["layer_broken"]


# --- cells that say nothing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["无", "没有", "暂无", "待定", "/", "／", "-", "——", "N/A", " 否 "])
def test_a_text_that_says_nothing_is_an_empty_cell(tmp_path: Path, text: str) -> None:
    names = ["依托单位", "产权单位", "资金来源", "层级", "镇街", "建设方式"]
    sites = source(tmp_path, f"{SITE_HEAD},{','.join(names)}", SITE + f",{text}" * len(names))
    row = read_sites([sites], known_types={"station": "station"}).frame.iloc[0]
    assert row[["host", "owner", "funding", "tier", "town", "build_method"]].tolist() == [""] * len(names)
    people = [f"d{n},{text},{text},解放路,历下区,111,1200,117.0{n},36.66" for n in (2, 3)]
    demand = source(tmp_path, f"{HEAD},图层", f"{ROW},", *(f"{line},{text}" for line in people), layer="jobs")
    frame = read_demand([demand]).frame
    assert frame["name"].tolist() == ["泉城", "d2", "d3"]  # no two communities are one because both are called 无
    assert frame["unit_id"].tolist() == ["370102001001", "d2", "d3"]
    assert set(frame["layer"]) == {"jobs"}


@pytest.mark.parametrize("text", ["无", "/", "-", "N/A", "暂无"])
def test_a_figure_that_says_nothing_is_an_empty_cell(tmp_path: Path, text: str) -> None:
    names = ["服务能力", "建设费用", "年费用"]
    sites = source(tmp_path, f"{SITE_HEAD},{','.join(names)}", SITE + f",{text}" * len(names))
    row = read_sites([sites], known_types={"station": "station"}).frame.iloc[0]
    assert row[["capacity_people", "cost_once_yuan", "cost_yearly_yuan"]].isna().all()
    bare = ROW.replace("117.03,36.66", f"{text},{text}")
    assert read_demand([source(tmp_path, HEAD, bare)]).frame.geometry.isna().all()
    (fault,) = faults_of(source(tmp_path, HEAD, ROW.replace(",1200,", f",{text},")))
    assert fault.code == "cell_empty_count"
    (fault,) = faults_of(source(tmp_path, HEAD, ROW.replace(",117.03,", f",{text},")))
    assert fault.code == "half_place"


def test_a_text_that_begins_like_nothing_stays(tmp_path: Path) -> None:
    sites = source(tmp_path, f"{SITE_HEAD},依托单位,资金来源,层级,note", f"{SITE},无棣县人社局,√,0,无")
    row = read_sites([sites], known_types={"station": "station"}).frame.iloc[0]
    assert row[["host", "funding", "tier", "note"]].tolist() == ["无棣县人社局", "√", "0", "无"]


def test_who_hosts_nothing_gives_no_discount(tmp_path: Path) -> None:
    path = write_town(tmp_path, f"{SCENARIO}{BUILD_COST}")
    lines = (tmp_path / "sites.csv").read_text(encoding="utf-8").splitlines()
    head = lines[0].replace("cost_once_yuan,cost_yearly_yuan", "host,build_method")
    rows = [",".join([*line.split(",")[:7], host, "专区", *line.split(",")[-2:]]) for line, host in zip(
        lines[3:6], ("社区", "无", "/"), strict=True)]  # fmt: skip
    (tmp_path / "sites.csv").write_text("\n".join([head, *rows]), encoding="utf-8")
    found = inputs.read(path, lambda _: None).options
    assert dict(zip(found["site_id"], found["cost_once_yuan"], strict=True)) == {
        "C1": 18_000,
        "C2": 30_000,
        "C3": 30_000,
    }


BUILD_COST = """
[[build_cost]]
type = "e_station"
method = "专区"
cost_once_yuan = 30_000
co_build_discount = 0.4
"""


# --- dates that a plan does not count ----------------------------------------------------------------------------

DATED = ["opened_on", "closed_on"]
PHASES = "".join(f"[[phase]]\nyear = {year}\n" for year in (2027, 2029))


@pytest.mark.parametrize(
    ("site", "cells", "code"),
    [
        (0, ("正常", "", "2026-07-01"), "sites_closing"),
        (0, ("正常", "2010-01-01", "2031-12-31"), "sites_closing"),  # the last year that costs are counted
        (0, ("正常", "", "2032-01-01"), None),
        (0, ("正常", "2026-06-30", ""), None),
        (0, ("停运", "", "2027-01-01"), None),
        (1, ("在建", "2026-09-01", ""), "sites_opening"),
        (1, ("正常", "2028-01-01", "2029-01-01"), "sites_opening"),
        (1, ("在建", "2032-01-01", ""), None),
        (1, ("在建", "", ""), None),
        (2, ("", "2028-01-01", ""), "candidates_dated"),
        (2, ("", "", "2028-01-01"), "candidates_dated"),
        (2, ("", "2020-01-01", ""), None),
    ],
)
def test_dates_within_the_years_of_a_plan_are_doubts(
    tmp_path: Path, site: int, cells: tuple[str, str, str], code: str | None
) -> None:
    path = write_town(tmp_path, SCENARIO + PHASES)
    head, *lines = (tmp_path / "sites.csv").read_text(encoding="utf-8").splitlines()
    rows = [[*line.split(","), "", ""] for line in lines]
    rows[site][4], rows[site][-2:] = cells[0], cells[1:]
    text = "\n".join(",".join(row) for row in [[head, *DATED], *rows])
    (tmp_path / "sites.csv").write_text(text, encoding="utf-8")
    read = inputs.read(path, lambda _: None)
    doubts = [doubt for doubt in read.sites.doubts if doubt.code in DATES]
    assert [(doubt.code, doubt.file, doubt.row) for doubt in doubts] == [(code, "sites.csv", site + 2)] * bool(code)
    assert all(rows[site][0] in told(doubt) and (cells[1] or cells[2]) in told(doubt) for doubt in doubts)
    grave = [doubt for doubt in inspection.grave(read) if doubt.code in DATES]
    assert grave == [doubt for doubt in doubts if doubt.code in sitedates.GRAVE]
    if code is None:
        return
    path.write_text(SCENARIO.split("[[goal]]")[0] + PHASES, encoding="utf-8")  # today alone, without a plan
    assert not [doubt for doubt in inputs.read(path, lambda _: None).sites.doubts if doubt.code in DATES]


DATES = {"sites_closing", "sites_opening", "candidates_dated"}


def test_all_outlets_that_open_are_one_doubt_for_each_table(tmp_path: Path) -> None:
    many = [f"s{n},驿站,station,现有,117.{n},36.66,2026-09-01" for n in range(10, 35)]
    sites = read_sites([source(tmp_path, f"{SITE_HEAD},启用日期", *many)], known_types={"station": "station"})
    frame = sites.frame.assign(open_today=False)
    (doubt,) = sitedates.doubted(replace(sites, frame=frame), dt.date(2026, 6, 30), 2026).doubts
    assert (doubt.values["count"], str(doubt.values["sites"]).count(";")) == (25, sitedates.SHOWN - 1)
    assert str(doubt.values["sites"]).endswith("s29 驿站 (2026-09-01 → ) …")


# --- reading -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("far", "same"), [(0.000005, True), (0.00003, False)])
def test_one_place_in_two_systems_is_one_place(tmp_path: Path, far: float, same: object) -> None:
    lon, lat = 117.030123, 36.660456
    shifted = (f"{float(axis):.6f}" for axis in from_wgs84(lon + far, lat, "gcj02"))
    spots = {
        ("d1", "a"): {**MET, "lon": str(lon), "lat": str(lat), "system": "wgs84"},
        ("d1", "b"): {**UNMET, **dict(zip(("lon", "lat"), shifted, strict=True)), "system": "gcj02"},
    }
    fill(tmp_path, spots)
    read = TableSource(tmp_path / "checked.xlsx", "checked.xlsx", coordinates="wgs84", id="row")
    found = understood(tables.read_rows(read, CHECK_COLUMNS))
    assert [fault.code for fault in found.faults] == ([] if same else ["check_two_places"])


def test_a_check_reads_each_table_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def lines(source: TableSource) -> Sheet:
        seen.append(source.shown)
        return grids.read_lines(source)

    monkeypatch.setattr(tables, "read_lines", lines)
    found = checked(tmp_path, again("X", 10, 3.5, 0.5))
    assert codes(found) == ["unit_scattered"]
    assert found["problems"][0]["read"] == "0-0组"
    assert sorted(seen) == ["demand.csv", "sites.csv"]
