"""Rows put in their place: units above, tables of places, towns' points, and the three real folders."""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner import areas, inputs, places, placing
from planner.coordinates import to_wgs84
from planner.coverage import assessable
from planner.errors import PlannerError, ScenarioError, TableError
from planner.sources import Hierarchy, TableSource
from planner.words import LANGUAGES, tell
from shared_data import shared_data
from tablereading import read_demand, read_sites
from town import write_town

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from planner.tables import Table

TREE = Hierarchy("code", "parent", "level", "town", "county")
UNITS = """\
code,parent,name,level,urban_rural_code,people,lon,lat
370102000000,370100000000,历下区,county,,,117.0,36.6
370102001000,370102000000,解放路街道,town,,,117.01,36.61
370102002000,370102000000,千佛山街道,town,,,,
370102001001,370102001000,甲社区,village,111,10,117.02,36.62
370102001002,370102001000,乙社区,village,111,20,,
370102002001,370102002000,丙社区,village,220,30,,
"""
NO_SITES = "site_id,name,type,status,lon,lat\nS1,站,station,existing,10,50\n"


def demand(folder: Path, text: str, tree: Hierarchy | None = TREE, **how: Any) -> Table:
    file = folder / "units.csv"
    file.write_text(text, encoding="utf-8")
    more = {"coordinates": "gcj02", "id": "code", **how}
    return read_demand([TableSource(file, "units.csv", hierarchy=tree, **more)])


def sites(folder: Path, text: str = NO_SITES) -> Table:
    file = folder / "sites.csv"
    file.write_text(text, encoding="utf-8")
    read = read_sites([TableSource(file, "sites.csv", coordinates="gcj02")], known_types={"station": "station"})
    return replace(read, frame=read.frame.assign(open_today=True))


def placed(folder: Path, table: Table, **asked: Any) -> Table:
    found = placing.place(table, sites(folder), placing.Asked(**asked), ())
    assert found is not None
    return found.demand


def source(folder: Path, name: str, text: str, **how: Any) -> TableSource:
    (folder / name).write_text(text, encoding="utf-8")
    return TableSource(folder / name, name, **{"coordinates": "gcj02", **how})


def faults(error: pytest.ExceptionInfo[PlannerError]) -> list[tuple[str, int | None]]:
    for fault in error.value.faults:
        for language in ("zh", "en"):
            assert all(tell(fault, language))
    return [(fault.code, fault.row) for fault in error.value.faults]


def codes(table: Table) -> dict[str, int]:
    for doubt in table.doubts:
        assert all(tell(doubt, "zh"))
    return dict(Counter(doubt.code for doubt in table.doubts))


def layer(folder: Path, *shapes: tuple[str, Any]) -> dict[str, Any]:
    """Areas of towns, in GCJ-02."""
    rows = [
        {"type": "Feature", "properties": {"name": name}, "geometry": shapely.geometry.mapping(shape)}
        for name, shape in shapes
    ]
    (folder / "towns.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": rows}), encoding="utf-8")
    return {"town": (TableSource(folder / "towns.geojson", "towns.geojson", coordinates="gcj02"), "name")}


# --- units of several levels -------------------------------------------------------------------------------------


def test_units_take_town_and_district_from_the_rows_above(tmp_path: Path) -> None:
    table = demand(tmp_path, UNITS)
    assert table.frame["town"].tolist() == ["解放路街道", "解放路街道", "千佛山街道"]
    assert table.frame["district"].tolist() == ["历下区"] * 3
    assert [(row.id, row.reason) for row in table.left_out] == [
        ("370102000000", "unit_above"),
        ("370102001000", "unit_above"),
        ("370102002000", "unit_above"),
    ]
    assert table.rows_read == {"units.csv": len(table.frame) + len(table.left_out)}
    lon, lat = to_wgs84([117.01], [36.61], "gcj02")
    points = table.hints["town_point"].tolist()
    assert points[:2] == [shapely.Point(lon[0], lat[0])] * 2
    assert points[2] is None


def test_the_order_of_the_rows_does_not_matter(tmp_path: Path) -> None:
    head, *rows = UNITS.splitlines()
    turned = demand(tmp_path, "\n".join([head, *reversed(rows)]))
    table = demand(tmp_path, UNITS)
    columns = ["demand_id", "town", "district"]
    assert turned.frame[columns].to_numpy().tolist()[::-1] == table.frame[columns].to_numpy().tolist()


def test_units_above_districts_are_left_out_as_well(tmp_path: Path) -> None:
    head, *rows = UNITS.splitlines()
    more = ["370000000000,,山东省,province,,,,", "370100000000,370000000000,济南市,city,,,,"]
    table = demand(tmp_path, "\n".join([head, *rows, *more]))
    assert len(table.frame) == 3
    assert [row.row for row in table.left_out] == [2, 3, 4, 8, 9]
    assert {row.reason for row in table.left_out} == {"unit_above"}


def test_a_cell_of_the_table_goes_before_the_row_above_and_keep_still_chooses(tmp_path: Path) -> None:
    head, *rows = UNITS.splitlines()
    lines = [head + ",镇街", *(row + "," for row in rows[:3]), rows[3] + ",高新区街道", rows[4] + ",", rows[5] + ","]
    table = demand(tmp_path, "\n".join(lines), keep={"urban_rural_code": "111"})
    assert table.frame["town"].tolist() == ["高新区街道", "解放路街道"]
    assert Counter(row.reason for row in table.left_out) == {"unit_above": 3, "keep": 1}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("002001,370102002000", "002001,370102009000"), [("hierarchy_orphan", 7)]),
        (("002001,370102002000", "002001,"), [("hierarchy_no_parent", 7)]),
        # the climb of every row below a broken town ends there: told once, where it breaks
        (("001000,370102000000", "001000,370102001001"), [("hierarchy_loop", 3)]),
        (("370102002001,", "370102001002,"), [("hierarchy_twice", 7), ("duplicate_id", 7), ("split_unit", 7)]),
        (("370102002000,370102000000", "370102001000,370102000000"), [("hierarchy_orphan", 7), ("hierarchy_twice", 4)]),
        ((",117.01,36.61", ",117.01,"), [("half_place", 3)]),
        ((",117.01,36.61", ",东,36.61"), [("cell_degrees", 3)]),
    ],
)
def test_codes_that_do_not_lead_to_a_district_are_faults(
    change: tuple[str, str], expected: list[tuple[str, int]], tmp_path: Path
) -> None:
    with pytest.raises(TableError) as error:
        demand(tmp_path, UNITS.replace(*change))
    assert sorted(faults(error)) == sorted(expected)


def test_headers_levels_and_names_that_are_not_there_are_faults(tmp_path: Path) -> None:
    with pytest.raises(TableError) as error:
        demand(tmp_path, UNITS, replace(TREE, parent="上级", code="代码"))
    assert [code for code, _ in faults(error)] == ["absent_header", "absent_header"]
    with pytest.raises(TableError) as error:  # the rows of towns then count as villages without people
        demand(tmp_path, UNITS, replace(TREE, town="乡镇"), defaults={"people": 0, "setting": "urban"})
    assert [code for code, _ in faults(error)] == ["hierarchy_level"]
    with pytest.raises(TableError) as error:
        demand(tmp_path, UNITS.replace("name,", "叫法,"))
    assert [code for code, _ in faults(error)] == ["hierarchy_no_name"]


# --- tables of places --------------------------------------------------------------------------------------------

PLACES = "社区代码,名称,镇街,经度,纬度\n"


def with_places(folder: Path, text: str, units: str = UNITS) -> Table:
    return placed(folder, demand(folder, units), places=source(folder, "places.csv", PLACES + text))


def test_places_are_joined_by_code_and_else_by_name_inside_the_town(tmp_path: Path) -> None:
    table = with_places(
        tmp_path,
        "370102001002,别名,,117.03,36.63\n,丙社区,千佛山街道,117.04,36.64\n,丙社区,别的街道,117.05,36.65\n"
        ",甲社区,,117.06,36.66\n,,,,\n370102009999,丙社区,,117.07,36.67\n,丙社区,千佛山街道,,\n",
    )
    lon, lat = to_wgs84([117.02, 117.03, 117.04], [36.62, 36.63, 36.64], "gcj02")
    assert [(point.x, point.y) for point in table.frame.geometry] == list(zip(lon, lat, strict=True))
    assert set(table.frame["placed"]) == {"own"}
    assert assessable(table.frame).all()
    assert codes(table) == {"place_unknown": 2, "place_known": 1, "place_misnamed": 1}
    reasons = Counter(row.reason for row in table.left_out if row.file == "places.csv")
    assert reasons == {"place_unknown": 2, "place_known": 1, "blank": 1, "place_empty": 1}
    assert table.rows_read["places.csv"] == 2 + sum(reasons.values())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (",乙社区,,117.03,36.63\n370102001002,乙社区,,117.03,36.63\n", [("two_places", 3)]),
        ("370102001002,,,117.03,36.63\n370102001002,,,117.04,36.63\n", [("two_places", 3)]),
        (",甲社区,,117.03,36.63\n", [("place_two_rows", 2)]),
    ],
)
def test_one_place_one_row_or_refused_with_both_lines(text: str, expected: list[Any], tmp_path: Path) -> None:
    twin = UNITS.replace("丙社区", "甲社区")
    with pytest.raises(TableError) as error:
        with_places(tmp_path, text, twin)
    assert faults(error) == expected
    told = tell(error.value.faults[0], "zh")[1]
    assert "第 2 行" in told or "units.csv:5 / units.csv:7" in told


def test_codes_that_fit_a_row_of_another_name_are_doubted(tmp_path: Path) -> None:
    swapped = "370102001002,丙社区,,117.03,36.63\n370102002001,乙社区,,117.04,36.64\n"
    doubts = with_places(tmp_path, swapped).doubts
    (doubt,) = [doubt for doubt in doubts if doubt.code in places.GRAVE]
    assert (doubt.file, doubt.row) == ("places.csv", 2)
    assert doubt.values == {"count": 2, "examples": "2 丙社区 / 乙社区; 3 乙社区 / 丙社区"}
    assert all(tell(doubt, language) for language in LANGUAGES)
    unnamed = with_places(tmp_path, "370102001002,,,117.03,36.63\n370102002001, 丙 社区,,117.04,36.64\n")
    assert codes(unnamed) == {}


@pytest.mark.parametrize("told", ["370102001002,,117.03,36.63", ",乙社区,117.03,36.63"])
def test_a_community_in_several_layers_has_one_place(told: str, tmp_path: Path) -> None:
    head = "编号,社区代码,名称,人口,城乡,layer,经度,纬度\n"
    rows = "a,370102001002,乙社区,5,111,residents,,\nb,370102001002,乙社区,7,111,jobs,,\n"
    spots = source(tmp_path, "places.csv", f"代码,名称,经度,纬度\n{told}\n", columns={"unit_id": "代码"})
    both = placed(tmp_path, demand(tmp_path, head + rows, None, id=None), places=spots)
    assert both.frame["placed"].tolist() == ["own", "own"]
    assert both.frame.geometry.iloc[0] == both.frame.geometry.iloc[1] is not None
    one = placed(
        tmp_path, demand(tmp_path, head + rows.replace("residents,,", "residents,118,37"), None, id=None), places=spots
    )
    assert one.frame.geometry.iloc[0] != one.frame.geometry.iloc[1] == both.frame.geometry.iloc[1]
    with pytest.raises(TableError) as error:  # two rows of one layer are two points of the community
        placed(tmp_path, demand(tmp_path, head + rows.replace("jobs", "residents"), None, id=None), places=spots)
    assert faults(error) == [("place_two_rows", 2)]


def test_a_place_in_china_without_its_system_is_refused(tmp_path: Path) -> None:
    table = demand(tmp_path, UNITS)
    with pytest.raises(TableError) as error:
        placed(tmp_path, table, places=source(tmp_path, "p.csv", PLACES + ",乙社区,,117.03,36.63\n", coordinates=None))
    assert [code for code, _ in faults(error)] == ["no_coordinates"]


names = st.sampled_from(["甲", "乙", "丙"])
towns = st.sampled_from(["东镇", "西镇", ""])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.tuples(names, towns, st.booleans()), max_size=5), st.lists(st.tuples(names, towns), max_size=4))
def test_a_join_never_puts_two_places_on_one_row_nor_one_on_two(
    units: Sequence[tuple[str, str, bool]], spots: Sequence[tuple[str, str]]
) -> None:
    def frame(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> Any:
        table = pd.DataFrame(rows, columns=[*columns, "geometry"]).astype(dict.fromkeys(columns, "str"))
        return gpd.GeoDataFrame(table, geometry="geometry", crs=4326)

    point = shapely.Point(10, 50)
    left = frame(
        [{"unit_id": f"u{i}", "name": n, "town": t, "district": "", "layer": "residents",
          "geometry": point if has else None}
         for i, (n, t, has) in enumerate(units)], ["unit_id", "name", "town", "district", "layer"],
    )  # fmt: skip
    right = frame(
        [{"place_id": f"p{i}", "unit_id": f"p{i}", "name": n, "town": t, "district": "", "geometry": point}
         for i, (n, t) in enumerate(spots)], ["place_id", "unit_id", "name", "town", "district"],
    )  # fmt: skip
    lines = [pd.DataFrame({"file": ["f"] * len(t), "row": range(2, len(t) + 2)}) for t in (left, right)]
    found = places.join(left, lines[0], right, lines[1])
    fits = [
        [i for i, (n, t, _) in enumerate(units) if n == name and (t == town or not (t and town))]
        for name, town in spots
    ]
    clear = [rows[0] for rows in fits if len(rows) == 1 and not units[rows[0]][2]]
    assert sorted(found.points) == sorted(set(clear))
    wanted = Counter(
        {"place_two_rows": sum(len(rows) > 1 for rows in fits), "two_places": len(clear) - len(set(clear))}
    )
    assert Counter(fault.code for fault in found.faults) == +wanted
    assert len(found.points) + len(found.faults) + len(found.left_out) == len(spots)


# --- rows without a place ----------------------------------------------------------------------------------------


def test_rows_left_where_they_are_have_no_place(tmp_path: Path) -> None:
    table = placed(tmp_path, demand(tmp_path, UNITS))
    assert table.frame.geometry.isna().tolist() == [False, True, True]
    assert table.frame["placed"].tolist() == ["own", "none", "none"]
    assert codes(table) == {}


def test_rows_go_to_their_towns_point_and_are_not_judged(tmp_path: Path) -> None:
    square = shapely.box(117.1, 36.7, 117.2, 36.8)
    for shapes, placed_as, doubts in (
        ([], ["own", "town", "none"], {"unplaced_town_unknown": 1}),
        ([("千佛山街道", square)], ["own", "town", "town"], {}),
        ([("千佛山街道", square), ("千佛山街道", square)], ["own", "town", "none"], {"unplaced_town_unknown": 1}),
    ):
        asked = {"areas": layer(tmp_path, *shapes)} if shapes else {}
        table = placed(tmp_path, demand(tmp_path, UNITS, unplaced="town"), **asked)
        assert table.frame["placed"].tolist() == placed_as
        assert assessable(table.frame).tolist() == [True, False, False]
        assert codes(table) == doubts
        assert table.frame.geometry.iloc[1] == table.hints["town_point"].iloc[1]
    assert table.frame["people"].sum() == 60


def test_a_town_of_a_zone_is_placed_by_the_only_area_of_its_name_with_a_line_that_says_so(tmp_path: Path) -> None:
    square, other = shapely.box(117.1, 36.7, 117.2, 36.8), shapely.box(117.4, 36.7, 117.5, 36.8)
    text = "编号,区县,镇街,人口,城乡,经度,纬度\nA,高新区,甲镇,1,111,,\n"
    second = text + "B,历下区,甲镇,1,111,,\n"
    nameless = text.replace("高新区", "")
    (tmp_path / "d").mkdir()
    districts = layer(tmp_path / "d", ("历下区", shapely.box(117, 36, 118, 37)))["town"]
    for rows, shapes, placed_as, doubts in (
        (text, [("甲镇", square)], ["town"], {"town_elsewhere": 1}),
        (text, [("甲镇", square), ("甲镇", other)], ["none"], {"unplaced_town_unknown": 1}),
        (second, [("甲镇", square)], ["none", "town"], {"unplaced_town_unknown": 1}),
        (nameless, [("甲镇", square)], ["town"], {}),
    ):
        both = {**layer(tmp_path, *shapes), "district": districts}
        table = placed(tmp_path, demand(tmp_path, rows, None, id=None, unplaced="town"), areas=both)
        assert table.frame["placed"].tolist() == placed_as
        assert codes(table) == doubts
        assert table.frame["district"].tolist() == [row.split(",")[1] for row in rows.splitlines()[1:]]


def test_rows_without_a_town_stay_where_they_are(tmp_path: Path) -> None:
    text = "编号,人口,城乡,经度,纬度\nA,1,111,,\nB,2,111,,\n"
    table = placed(tmp_path, demand(tmp_path, text, None, id=None, unplaced="town"))
    assert table.frame.geometry.isna().all()
    assert [(doubt.code, doubt.row, doubt.values["count"]) for doubt in table.doubts] == [("unplaced_no_town", 2, 2)]


def test_rows_spread_in_their_towns_area_are_inside_it_wherever_others_are(tmp_path: Path) -> None:
    ring = shapely.Point(117.15, 36.75).buffer(0.02).difference(shapely.Point(117.15, 36.75).buffer(0.015))
    asked = {"areas": layer(tmp_path, ("千佛山街道", ring))}
    table = placed(tmp_path, demand(tmp_path, UNITS, unplaced="spread"), **asked)
    assert table.frame["placed"].tolist() == ["own", "none", "spread"]
    assert codes(table) == {"unplaced_area_unknown": 1}
    here = areas.read_areas(*asked["areas"]["town"]).shapes[0]
    assert here.contains(table.frame.geometry.iloc[2])
    more = UNITS + "370102002002,370102002000,丁社区,village,220,5,,\n"
    again = placed(tmp_path, demand(tmp_path, more, unplaced="spread"), **asked)
    assert again.frame.geometry.iloc[2] == table.frame.geometry.iloc[2]
    assert again.frame.geometry.iloc[3] != table.frame.geometry.iloc[2]


# --- whole scenarios ---------------------------------------------------------------------------------------------

SCENARIO = """\
name = "real"
title = "真实数据"
data_date = 2026-06-30
[roads]
file = '{roads}'
[areas]
districts = {{ file = '{districts}', coordinates = "gcj02" }}
[[demand.table]]
file = '{units}'
coordinates = "gcj02"
id = "code"
defaults = {{ people = 1 }}
hierarchy = {{ code = "code", parent = "parent", level = "level" }}
unplaced = "{unplaced}"
{more}
[[facility]]
type = "station"
name = "就业服务站"
build = false
[[standard]]
id = "rural"
applies_to = {{ setting = "rural" }}
km = 5
served_by = ["station"]
"""
OFFICES = """\
[[sites.table]]
file = '{offices}'
coordinates = "gcj02"
id = "row"
columns = {{ name = "name", lon = "lon", lat = "lat" }}
defaults = {{ type = "station", status = "existing" }}
keep = {{ valid = "True" }}
"""


def real(folder: Path, name: str, unplaced: str, more: str = "") -> inputs.Inputs:
    """Read a scenario of one of the real folders; those without roads of their own take a small town's."""
    roads = write_town(folder / "town").parent / "roads.osm"
    files = {
        "roads": shared_data("jinan", "roads.osm.pbf") if name == "jinan" else roads,
        "districts": shared_data(name, "districts.geojson"),
        "units": shared_data(name, "admin_units.csv"),
    }
    path = folder / "real.toml"
    path.write_text(SCENARIO.format(**files, unplaced=unplaced, more=more), encoding="utf-8")
    return inputs.read(path, lambda _: None)


@pytest.mark.parametrize(
    ("name", "villages", "own", "at_town", "towns_unknown", "upper"),
    [("jinan", 5219, 337, 3441, 47, 153), ("weihai", 2525, 193, 2186, 7, 66), ("jieshou", 160, 9, 128, 3, 19)],
)
def test_the_real_folders_end_in_tables_whose_counts_add_up(
    name: str, villages: int, own: int, at_town: int, towns_unknown: int, upper: int, tmp_path: Path
) -> None:
    found = real(tmp_path, name, "town")
    table = found.demand
    read = sum(table.rows_read.values())
    assert Counter(row.reason for row in table.left_out) == {"unit_above": upper}
    assert read == len(table.frame) + len(table.left_out) == villages + upper
    with shared_data(name, "admin_units.csv").open(encoding="utf-8", newline="") as stream:
        rows = {row["code"]: row for row in csv.DictReader(stream)}
    towns = {row["code"]: rows[row["parent"]] for row in rows.values() if row["level"] == "village"}
    for unit in table.frame.itertuples():
        assert unit.town == towns[unit.demand_id]["name"]
        assert unit.district == rows[towns[unit.demand_id]["parent"]]["name"]
    assert int(assessable(table.frame).sum()) == own
    assert int((table.frame["placed"] == "town").sum()) == at_town
    left = int(table.frame.geometry.isna().sum())
    assert own + at_town + left == villages
    doubts = [doubt for doubt in table.doubts if doubt.code == "unplaced_town_unknown"]
    cut = sum(int(str(doubt.values["count"])) for doubt in table.doubts if doubt.code == "more_doubts")
    assert len(doubts) + cut == towns_unknown
    if not cut:
        assert sum(int(str(doubt.values["count"])) for doubt in doubts) == left


def test_jinans_offices_get_their_district_from_the_boundaries(tmp_path: Path) -> None:
    offices = shared_data("jinan", "hrss_offices.csv")
    found = real(tmp_path, "jinan", "leave", OFFICES.format(offices=offices))
    with offices.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    own = dict(enumerate((row["district"] for row in rows), 2))
    table = found.sites
    for line, district in zip(table.origin["row"], table.frame["district"], strict=True):
        assert not own[line] or district == own[line], "what the table says goes first"
    assert table.rows_read == {next(iter(table.rows_read)): len(table.frame) + len(table.left_out)}


def test_keys_of_this_feature_act_and_files_that_are_not_there_are_named_at_their_line(tmp_path: Path) -> None:
    path = write_town(tmp_path)
    text = path.read_text(encoding="utf-8")
    extra = ["[demand.places]", "file = 'none.csv'", "[demand.verdicts]", "file = 'list.xlsx'", "[areas]"]
    path.write_text("\n".join([text.rstrip("\n"), *extra, "towns = { file = 'a.gpkg' }"]), encoding="utf-8")
    with pytest.raises(ScenarioError) as error:
        inputs.read(path, lambda _: None)
    last = len(text.splitlines())
    assert sorted(faults(error)) == [("named_file_missing", last + n) for n in (2, 4, 6)]
