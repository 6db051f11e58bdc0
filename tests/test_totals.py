"""Official totals: read, shared out over rows and streets to the last person, and what cannot be shared out."""

from __future__ import annotations

import csv
import json
import math
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from oracle import Segment, make_roads
from planner import pipeline, summary, totals
from planner.errors import PlannerError
from planner.inputs import Inputs, read
from planner.inspection import grave
from planner.quotas import share_out, share_within, urban_part
from planner.sources import TableSource
from planner.spreading import Spots, densest, inside, roadless_share
from planner.totals import GRAVE
from planner.words import sentences, tell
from runs import run_scenario
from shared_data import shared_data
from town import LAT, LON, SCENARIO, STEP_LAT, STEP_LON, demand_csv, write_town
from workbook import sheet_xml, write_xlsx

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from planner.errors import Fault

UNITS = '\n[[demand.totals]]\nfile = "totals.csv"\n'
STREETS = SCENARIO.replace(
    '[[demand.table]]\nfile = "demand.csv"\ncoordinates = "wgs84"\n',
    '[areas]\ndistricts = { file = "districts.geojson" }\n'
    '[[demand.totals]]\nfile = "totals.csv"\nspread = "streets"\nspacing_m = 100\n',
)
TOTALS = "区县,常住人口,城镇化率\n东区,1001,1\n西区,2003,1\n"


def no_people() -> str:
    """The town's table without its people."""
    rows = [line.split(",") for line in demand_csv().splitlines()]
    at = rows[0].index("people")
    return "\n".join(",".join(row[:at] + row[at + 1 :]) for row in rows) + "\n"


def write(folder: Path, scenario: str, totals: str = TOTALS, **files: str) -> Path:
    path = write_town(folder, scenario)
    halves = {"西区": (-0.5, 4.0), "东区": (4.0, 8.5)}
    boxes = {
        name: shapely.box(LON + a * STEP_LON, LAT - STEP_LAT, LON + b * STEP_LON, LAT + 9 * STEP_LAT)
        for name, (a, b) in halves.items()
    }
    areas = gpd.GeoDataFrame({"name": list(boxes)}, geometry=list(boxes.values()), crs=4326)
    areas.to_file(folder / "districts.geojson", driver="GeoJSON")
    (folder / "totals.csv").write_text(totals, encoding="utf-8")
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return path


def quiet(_step: str) -> None:
    """Show nothing."""


def inputs_of(folder: Path, scenario: str, totals: str = TOTALS, **files: str) -> Inputs:
    return read(write(folder, scenario, totals, **files), quiet)


def faults_of(folder: Path, scenario: str, totals: str = TOTALS, **files: str) -> tuple[Fault, ...]:
    with pytest.raises(PlannerError) as caught:
        inputs_of(folder, scenario, totals, **files)
    assert all(tell(fault, language) for fault in caught.value.faults for language in ("zh", "en"))
    return caught.value.faults


def codes(faults: tuple[Fault, ...]) -> set[str]:
    return {fault.code for fault in faults}


def sums(frame: pd.DataFrame, column: str = "people") -> dict[str, int]:
    return {str(name): int(people) for name, people in frame.groupby("district")[column].sum().items()}


# --- sharing out -------------------------------------------------------------------------------------------------


@given(
    st.integers(0, 10**13),
    st.lists(st.integers(0, 10**13), min_size=1, max_size=30),
    st.randoms(use_true_random=False),
)
def test_shares_are_exact_and_know_no_order(total: int, weights: list[int], shuffle: random.Random) -> None:
    ids = [f"u{number}" for number in range(len(weights))]
    parts = share_out(total, weights, ids)
    assert sum(parts) == total
    exact = weights if any(weights) else [1] * len(weights)
    assert all(abs(Fraction(total * weight, sum(exact)) - part) < 1 for weight, part in zip(exact, parts, strict=True))
    order = list(range(len(weights)))
    shuffle.shuffle(order)
    again = share_out(total, [weights[at] for at in order], [ids[at] for at in order])
    assert [parts[at] for at in order] == again


def test_ties_go_by_id() -> None:
    assert share_out(4, [1, 1, 1], ["c", "a", "b"]) == [1, 2, 1]
    assert share_out(7, [0, 5, 0], ["a", "b", "c"]) == [0, 7, 0]
    assert share_out(0, [], []) == []
    with pytest.raises(ValueError, match="nothing takes 3"):
        share_out(3, [], [])


def test_the_urban_part_is_the_nearest_whole_number() -> None:
    assert [urban_part(total, Decimal("0.5")) for total in (0, 1, 2, 3)] == [0, 1, 1, 2]
    assert urban_part(446_193, Decimal("0.9284")) == 414_246  # 414245.58…


def test_the_densest_square_kilometre_is_urban() -> None:
    # a crowd in one place, and as many points again strewn over 50 km
    lon = np.concatenate([np.full(50, 10.0) + np.arange(50) * 1e-5, 10.1 + np.arange(50) * 0.01])
    spots = Spots(lon, np.full(100, 50.0), np.full(100, 1000, dtype=np.int64))
    assert densest(spots, Decimal("0.5")).tolist() == [True] * 50 + [False] * 50
    assert densest(spots, Decimal("0.2")).sum() == 20
    assert densest(spots, Decimal(1)).all()
    assert not densest(spots, Decimal(0)).any()
    assert densest(spots, Decimal("0.9999")).sum() == 99  # somebody is rural


def test_a_point_on_a_border_belongs_to_one_area() -> None:
    spots = Spots(np.array([0.5, 1.0, 1.5, 9.0]), np.zeros(4), np.ones(4, dtype=np.int64))
    found = inside(spots, {"b": shapely.box(1, -1, 2, 1), "a": shapely.box(0, -1, 1, 1)})
    assert {name: mine.lon.tolist() for name, mine in found.items()} == {"a": [0.5, 1.0], "b": [1.5]}


def test_islets_far_apart_and_slivers_are_looked_at_in_few_places(monkeypatch: pytest.MonkeyPatch) -> None:
    laid, own = [], np.meshgrid

    def meshgrid(*sides: Any) -> Any:
        laid.append(math.prod(map(len, sides)))
        assert laid[-1] < 300_000
        return own(*sides)

    monkeypatch.setattr("planner.spreading.np.meshgrid", meshgrid)
    roads = make_roads("walk", [(117.0, 36.0), (117.01, 36.0)], [Segment(1, 0, 1)])
    near, far = shapely.box(117, 36, 117.01, 36.001), shapely.box(126, 27, 126.001, 27.001)
    sliver = shapely.Polygon([(117, 36), (126, 36), (126, 36 + 1e-9)])
    shares = [roadless_share(roads, area) for area in (near, shapely.union(near, far), sliver)]
    assert shares[0] == 0 <= shares[1] < 1
    assert shares[2] > 0.9
    assert laid[0] > 2000


# --- units -------------------------------------------------------------------------------------------------------


def test_own_people_are_scaled(tmp_path: Path) -> None:
    before = inputs_of(tmp_path / "a", SCENARIO).demand.frame
    found = inputs_of(tmp_path / "b", SCENARIO + UNITS)
    frame = found.demand.frame
    assert sums(frame) == {"东区": 1001, "西区": 2003}
    assert set(frame["figure_from"]) == {"scaled"}
    assert set(frame["placed"]) == {"own"}
    for district, total in sums(frame).items():
        own = before.loc[before["district"] == district, "people"]
        exact = own * total / own.sum()
        assert (abs(frame.loc[own.index, "people"] - exact) < 1).all()
    assert [(unit["unit"], unit["people"], unit["rows"], unit["how"]) for unit in found.totals[0]["units"]] == [
        ("东区", 1001, 32, "scaled"),
        ("西区", 2003, 32, "scaled"),
    ]
    assert found.demand.rows_read["totals.csv"] == 2
    assert "figure_from" not in before


def test_a_run_sets_the_tables_own_sums_beside_the_official_ones(tmp_path: Path) -> None:
    """Of towns without a district too, and in the words of the summary, the map and the doubts."""
    scenario = SCENARIO + UNITS.replace('.csv"', '.csv"\nof = "town"')
    path = write(tmp_path, scenario, "镇街,人口\n西区镇,500\n东区镇,900\n")
    outcome = run_scenario(path, tmp_path / "out")
    with (outcome.folder / "totals.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = [list(row.values())[2:] for row in csv.DictReader(stream)]
    assert rows == [
        ["西区镇", "people", "scaled", "480", "500", "-20", "1.041667"],
        ["东区镇", "people", "scaled", "608", "900", "-292", "1.480263"],
    ]
    (line,) = [line for line in summary.run_lines(outcome.record) if "折算" in line]
    assert all(part in line for part in ("totals.csv", "2 个单位", "1088", "1400"))
    assert line in (outcome.folder / "map.html").read_text(encoding="utf-8")
    assert [doubt["what"] for doubt in outcome.record["doubts"] if "东区镇" in doubt["what"]]
    found = pipeline.check(path, tmp_path / "out")
    assert [(row["unit"], row["counted"], row["official"]) for row in found["sums"]] == [
        ("西区镇", 480, 500),
        ("东区镇", 608, 900),
    ]


def test_rows_without_people_share_alike(tmp_path: Path) -> None:
    found = inputs_of(tmp_path, SCENARIO + UNITS, demand=no_people())
    frame = found.demand.frame
    assert sums(frame) == {"东区": 1001, "西区": 2003}
    assert set(frame["figure_from"]) == {"shared"}
    assert set(frame.loc[frame["district"] == "东区", "people"]) == {31, 32}
    assert [doubt.code for doubt in found.demand.doubts] == ["totals_equal"]
    # of equal remainders the lowest ids go first
    east = frame[frame["district"] == "东区"].sort_values("demand_id")["people"].tolist()
    assert east == sorted(east, reverse=True)


def test_reordered_rows_get_the_same(tmp_path: Path) -> None:
    lines = no_people().splitlines()
    turned = "\n".join([lines[0], *reversed(lines[1:])]) + "\n"
    one = inputs_of(tmp_path / "a", SCENARIO + UNITS, demand=no_people()).demand.frame
    head, *rows = TOTALS.splitlines()
    other = inputs_of(tmp_path / "b", SCENARIO + UNITS, "\n".join([head, *reversed(rows)]), demand=turned).demand.frame
    assert dict(zip(one["demand_id"], one["people"], strict=True)) == dict(
        zip(other["demand_id"], other["people"], strict=True)
    )


def test_urban_and_rural_people_are_spread_apart(tmp_path: Path) -> None:
    rural = "\n".join(
        line.replace(",urban,", ",rural,") if line.startswith("D0") else line for line in demand_csv().splitlines()
    )
    totals = "区县,常住人口,城镇化率\n东区,1001,92.84%\n西区,2003,0.25\n"
    frame = inputs_of(tmp_path, SCENARIO + UNITS, totals, demand=rural).demand.frame
    held = frame.groupby(["district", "setting"])["people"].sum()
    assert held["东区", "urban"] == 929  # 929.33
    assert held["东区", "rural"] == 72
    assert held["西区", "urban"] == 501  # 500.75
    assert held["西区", "rural"] == 1502


@pytest.mark.parametrize(
    ("setting", "code"), [("urban", "totals_no_rural"), ("rural", "totals_no_urban")], ids=["urban", "rural"]
)
def test_a_part_without_rows_goes_to_the_others(tmp_path: Path, setting: str, code: str) -> None:
    totals = TOTALS.replace("1001,1", "1001,0.6")
    table = demand_csv().replace(",urban,", f",{setting},")
    found = inputs_of(tmp_path, SCENARIO.replace('"urban"', f'"{setting}"') + UNITS, totals, demand=table)
    assert sums(found.demand.frame)["东区"] == 1001
    told = [(doubt.code, doubt.row) for doubt in found.demand.doubts]
    assert (code, 2) in told


def test_groups_are_shared_out_like_people(tmp_path: Path) -> None:
    totals = "区县,常住人口,people_graduates\n东区,1001,17\n西区,2003,5\n"
    scenario = SCENARIO + UNITS + '[[group]]\nid = "graduates"\nname = "毕业生"\n'
    frame = inputs_of(tmp_path, scenario, totals).demand.frame
    assert sums(frame, "people_graduates") == {"东区": 17, "西区": 5}
    assert (frame["people_graduates"] <= frame["people"]).all()
    assert frame["people_graduates"].dtype == frame["people"].dtype == "int64"


def test_a_group_of_ones_own_is_scaled_by_itself(tmp_path: Path) -> None:
    head, *rows = demand_csv().splitlines()
    table = "\n".join([f"{head},people_g", *(f"{row},{int(row.startswith('D3'))}" for row in rows)])
    totals = "区县,常住人口,people_g\n东区,1001,17\n西区,2003,5\n"
    frame = inputs_of(tmp_path, SCENARIO + UNITS, totals, demand=table).demand.frame
    assert sums(frame, "people_g") == {"东区": 17, "西区": 5}
    assert frame.loc[frame["people_g"] > 0, "demand_id"].str.startswith("D3").all()


def test_units_without_rows_are_kept_apart(tmp_path: Path) -> None:
    totals = TOTALS + "高区,55,0.5\n经区,30,1\n合计,3089,\n"
    scenario = SCENARIO + UNITS + 'expected = ["东区", "南海新区"]\n'
    found = inputs_of(tmp_path, scenario, totals)
    frame = found.demand.frame
    assert sums(frame) == {"东区": 1001, "西区": 2003, "高区": 55, "经区": 30}
    apart = frame[frame["figure_from"] == "official"]
    assert apart[["demand_id", "setting", "people"]].to_numpy().tolist() == [
        ["高区-urban", "urban", 28],
        ["高区-rural", "rural", 27],
        ["经区", "urban", 30],
    ]
    assert apart.geometry.isna().all()
    assert set(apart["placed"]) == {"none"}
    assert [doubt.code for doubt in found.demand.doubts] == ["totals_missing", "totals_apart", "totals_apart"]
    assert found.demand.doubts[0].values["name"] == "南海新区"
    assert found.totals[0]["missing"] == ["南海新区"]
    assert [row.reason for row in found.demand.left_out] == ["total"]
    assert found.demand.origin.iloc[-1].tolist() == ["totals.csv", 5]

    record = run_scenario(tmp_path / "scenario.toml", tmp_path / "out").record
    assert record["demand"]["people"] == 3089
    assert record["standards"][0]["not_assessable"] == 28 + 30  # its urban people
    kept = json.loads((tmp_path / "out" / "town" / "run.json").read_text(encoding="utf-8"))
    units = kept["demand"]["totals"][0]["units"]
    assert [(unit["unit"], unit["how"], unit["rows"]) for unit in units] == [
        ("东区", "scaled", 32),
        ("西区", "scaled", 32),
        ("高区", "apart", 2),
        ("经区", "apart", 1),
    ]
    assert {item["path"]: item["rows_used"] for item in kept["inputs"]}["totals.csv"] == 4


def test_a_unit_without_a_figure_counts_as_its_table_does(tmp_path: Path) -> None:
    found = inputs_of(tmp_path, SCENARIO + UNITS, "区县,常住人口\n东区,1001\n")
    frame = found.demand.frame
    assert sums(frame)["东区"] == 1001
    assert set(frame.loc[frame["district"] == "西区", "figure_from"]) == {"own"}
    (doubt,) = found.demand.doubts
    assert (doubt.code, doubt.values["units"], doubt.values["count"]) == ("totals_none", "西区", 32)
    totals = "区县,常住人口,城镇化率\n东区,1001,1\n西市,2003,1\n"
    (missing,) = faults_of(tmp_path / "b", SCENARIO + UNITS, totals, demand=no_people())
    assert (missing.code, missing.row) == ("people_missing", 2)
    assert [missing.values[key] for key in ("unit", "count", "apart")] == ["西区", 32, "西市"]


def test_totals_speak_of_their_own_layer_alone(tmp_path: Path) -> None:
    jobs = "demand_id,name,district,setting,people,lon,lat\nJ1,工厂,东区,urban,700,10.005,50.005\n"
    scenario = SCENARIO + UNITS + '[[demand.table]]\nfile = "jobs.csv"\nlayer = "jobs"\ncoordinates = "wgs84"\n'
    frame = inputs_of(tmp_path, scenario, jobs=jobs).demand.frame
    assert frame.groupby("layer")["people"].sum().to_dict() == {"jobs": 700, "residents": 3004}
    record = run_scenario(tmp_path / "scenario.toml", tmp_path / "out").record
    assert record["demand"]["people"] == 3004
    assert record["standards"][0]["people"] == 3004


def test_why_adds_no_layers_up(tmp_path: Path) -> None:
    jobs = demand_csv().replace("\nD", "\nJ").replace("000000", "100000")
    head, *rows = jobs.splitlines()
    at = head.split(",").index("people")
    rows = [",".join([*cells[:at], "1000000", *cells[at + 1 :]]) for cells in (row.split(",") for row in rows)]
    scenario = (
        SCENARIO.replace("share = 0.6", "share = 0.3")
        + '[[demand.table]]\nfile = "jobs.csv"\nlayer = "jobs"\ncoordinates = "wgs84"\n'
        + '[[standard]]\nid = "jobs-5"\napplies_to = { layer = "jobs" }\nminutes = 5\nserved_by = ["e_station"]\n'
        + '[[goal]]\nid = "jobs"\nstandard = "jobs-5"\nshare = 0.3\n'
    )
    path = write(tmp_path, scenario, jobs="\n".join([head, *rows]))
    record = run_scenario(path, tmp_path / "out").record
    assert record["plan"]["opened"]
    for item in record["plan"]["opened"]:
        assert 0 < item["only_people"] < 1_000_000
        assert 0 < item["lost_people"] < 1_000_000


def test_towns_of_one_name_need_their_district(tmp_path: Path) -> None:
    table = demand_csv().replace("东区镇", "城关镇").replace("西区镇", "城关镇")
    scenario = SCENARIO + UNITS + 'of = "town"\n'
    (fault,) = faults_of(tmp_path / "a", scenario, "镇街,人口\n城关镇,500\n", demand=table)
    assert (fault.code, fault.values["districts"]) == ("totals_ambiguous", "东区 / 西区")
    totals = "区县,镇街,人口\n东区,城关镇,500\n西区,城关镇,300\n"
    assert sums(inputs_of(tmp_path / "b", scenario, totals, demand=table).demand.frame) == {"东区": 500, "西区": 300}
    twice = faults_of(tmp_path / "c", scenario, totals + "西区,城关镇,4\n", demand=table)
    assert [(fault.code, fault.row, fault.values["other"]) for fault in twice] == [("totals_twice", 4, 3)]


@pytest.mark.parametrize(
    ("totals", "code"),
    [
        ("区县,常住人口\n东区,1001\n东区,1\n西区,2\n", "totals_twice"),
        (TOTALS + "全市,3004,1\n", "totals_sum"),
        (TOTALS + "高区,5,\n", "totals_unmatched"),
        ("区县,常住人口\n东区,约1200人\n西区,2\n", "cell_number_near"),
        ("区县,常住人口,城镇化率\n东区,7,92.84\n西区,2,1\n", "cell_share"),
        ("区县,户数\n东区,1001\n", "missing_column_near"),
        ("县,常住人口\n东区,1001\n", "missing_column_near"),
        ("区县,常住人口,电话\n东区,1001,13800138000\n西区,2,\n", "personal_phone"),
    ],
)
def test_tables_that_cannot_be_used(tmp_path: Path, totals: str, code: str) -> None:
    assert codes(faults_of(tmp_path, SCENARIO + UNITS, totals)) == {code}


def test_rows_with_and_without_people_do_not_mix(tmp_path: Path) -> None:
    bare = no_people().replace("\nD", "\nX")
    scenario = SCENARIO + UNITS + '[[demand.table]]\nfile = "more.csv"\ncoordinates = "wgs84"\n'
    found = faults_of(tmp_path, scenario, more=bare)
    assert codes(found) == {"totals_mixed"}
    assert found[0].values["without"] == 32


def test_columns_and_rows_are_chosen_as_in_any_table(tmp_path: Path) -> None:
    totals = "单位,2020年普查,年份\n东区,9,2010\n东区,1001,2020\n西区,2003,2020\n"
    scenario = SCENARIO + UNITS + 'columns = { people = "2020年普查" }\nkeep = { "年份" = "2020" }\n'
    found = inputs_of(tmp_path, scenario, totals)
    assert sums(found.demand.frame) == {"东区": 1001, "西区": 2003}
    assert [(row.reason, row.row) for row in found.demand.left_out] == [("keep", 2)]


def test_a_workbook_of_totals_is_read(tmp_path: Path) -> None:
    scenario = SCENARIO + UNITS.replace("totals.csv", "totals.xlsx") + 'sheet = "七普"\n'
    path = write(tmp_path, scenario)
    head, east = ["区市", "常住人口（人）", "城镇化率"], ["东区", 1001, 2 / 3]
    rows: list[Sequence[object]] = [["威海市常住人口"], head, east, ["西区", 2003, 1], ["总计", 3004, ""]]
    write_xlsx(tmp_path / "totals.xlsx", {"说明": sheet_xml([["见下表"]]), "七普": sheet_xml(rows)})
    found = read(path, quiet)
    assert sums(found.demand.frame) == {"东区": 1001, "西区": 2003}
    assert [row.reason for row in found.demand.left_out] == ["title", "total"]
    assert found.totals[0]["units"][0]["urban_share"] == pytest.approx(2 / 3)


# --- streets -----------------------------------------------------------------------------------------------------


def test_people_live_along_residential_streets(tmp_path: Path) -> None:
    found = inputs_of(tmp_path, STREETS, TOTALS + "高区,55,1\n")
    frame = found.demand.frame
    assert sums(frame) == {"东区": 1001, "西区": 2003, "高区": 55}
    points = frame[frame["figure_from"] == "spread"]
    assert set(points["placed"]) == {"spread"}
    assert set(points["setting"]) == {"urban"}
    assert points["unit_id"].equals(points["district"])
    # 18 streets of 1,600 m, a point every 100 m, about half of them on either side
    assert 2 * 18 * 8 - 20 <= len(points) <= 2 * 18 * 8 + 20
    assert points.loc[points["district"] == "西区", "demand_id"].iloc[0] == "西区-001"
    lon = points.geometry.x
    beside = abs(lon - LON - 4 * STEP_LON) > 1e-6  # the street between the two belongs to one of them
    assert ((lon > LON + 4 * STEP_LON) == (points["district"] == "东区"))[beside].all()
    assert len(set(points.loc[~beside, "district"])) == 1
    column, row = (lon - LON) / STEP_LON, (points.geometry.y - LAT) / STEP_LAT
    on_street = np.minimum(abs(column - column.round()), abs(row - row.round()))
    assert on_street.max() < 1e-6
    # streets are alike, so points hold alike
    east = points.loc[points["district"] == "东区", "people"]
    assert east.max() - east.min() <= 1
    assert [doubt.code for doubt in found.demand.doubts] == ["totals_apart_area"]
    record = run_scenario(tmp_path / "scenario.toml", tmp_path / "out").record
    assert record["demand"]["people"] == 3059
    again = run_scenario(tmp_path / "out" / "town" / "scenario.toml", tmp_path / "again").record
    assert again["demand"] == record["demand"] | {"totals": again["demand"]["totals"]}
    assert again["standards"] == record["standards"]
    assert pipeline.check(tmp_path / "scenario.toml", tmp_path / "out")


@pytest.mark.parametrize(("east", "code"), [
    (0.0, None), (0.001, None), (0.01, "totals_roads_few"), (0.04, "totals_roads_lacking"),
])  # fmt: skip
def test_streets_that_reach_a_part_of_the_area_are_doubted(tmp_path: Path, east: float, code: str | None) -> None:
    path = write(tmp_path, STREETS)
    middle, ends = LON + 4 * STEP_LON, LON + 8 * STEP_LON
    boxes = [shapely.box(a, LAT, b, LAT + 8 * STEP_LAT) for a, b in ((LON, middle), (middle, ends + east))]
    areas = gpd.GeoDataFrame({"name": ["西区", "东区"]}, geometry=boxes, crs=4326)
    areas.to_file(tmp_path / "districts.geojson", driver="GeoJSON")
    found = read(path, quiet)
    assert told(found) == ([(code, "东区")] if code else [])
    if code == "totals_roads_lacking":
        (doubt,) = found.demand.doubts
        share = int(str(doubt.values["share"]).rstrip("%")) / 100
        assert abs(share - 1 + (ends - middle + beyond(0.5)) / (ends - middle + east)) < 0.02
        record = run_scenario(path, tmp_path / "out").record
        assert [item["what"] for item in record["doubts"]].count(tell(doubt, "zh")[1]) == 1
        assert tell(doubt, "zh")[1] == record["doubts"][0]["what"], "it goes first"


def beyond(km: float) -> float:
    """Degrees of longitude that are so far in the town."""
    return km / (111.195 * math.cos(math.radians(LAT)))


def test_only_streets_that_people_live_along_count(tmp_path: Path) -> None:
    path = write(tmp_path, STREETS)
    roads = (tmp_path / "roads.osm").read_text(encoding="utf-8")
    ways = roads.split("<way")
    # the first way, the southernmost row, becomes a main road
    turned = "<way".join([ways[0], ways[1].replace("residential", "primary"), *ways[2:]])
    (tmp_path / "roads.osm").write_text(turned, encoding="utf-8")
    frame = read(path, quiet).demand.frame
    on_it = (abs(frame.geometry.y - LAT) < 1e-9) & (abs((frame.geometry.x - LON) / STEP_LON % 1 - 0.5) < 0.4)
    assert not on_it.any()
    assert sums(frame) == {"东区": 1001, "西区": 2003}


def test_the_urban_share_decides_which_streets_are_urban(tmp_path: Path) -> None:
    found = inputs_of(tmp_path, STREETS, TOTALS.replace("1001,1", "1001,0.3"))
    frame = found.demand.frame
    held = frame[frame["district"] == "东区"].groupby("setting")["people"].sum().to_dict()
    assert held == {"urban": 300, "rural": 701}
    assert [doubt.code for doubt in found.demand.doubts] == ["totals_densest"]


def test_towns_have_streets_too(tmp_path: Path) -> None:
    scenario = STREETS.replace("districts = {", "towns = {").replace("spacing_m = 100", 'of = "town"\nlayer = "jobs"')
    scenario += '[[demand.table]]\nfile = "demand.csv"\ncoordinates = "wgs84"\n'
    frame = inputs_of(tmp_path, scenario, "区县,镇街,人口,城镇化率\n甲县,东区,70,1\n甲县,西区,50,0\n").demand.frame
    jobs = frame[frame["layer"] == "jobs"]
    assert jobs.groupby(["district", "town", "setting"])["people"].sum().to_dict() == {
        ("甲县", "东区", "urban"): 70,
        ("甲县", "西区", "rural"): 50,
    }
    assert jobs["demand_id"].iloc[0] == "甲县东区-jobs-01"
    assert set(jobs["unit_id"]) == {"甲县东区", "甲县西区"}
    assert int(frame.loc[frame["layer"] == "residents", "people"].sum()) == 1088
    assert set(frame.loc[frame["layer"] == "residents", "figure_from"]) == {"own"}


def test_a_setting_may_be_given_for_all(tmp_path: Path) -> None:
    bare = "区县,常住人口\n东区,1001\n西区,2003\n"
    assert codes(faults_of(tmp_path / "a", STREETS, bare)) == {"totals_setting"}
    scenario = STREETS.replace("spacing_m = 100", 'spacing_m = 100\nsetting = "urban"')
    frame = inputs_of(tmp_path / "b", scenario, bare).demand.frame
    assert set(frame["setting"]) == {"urban"}


def test_people_are_not_counted_twice(tmp_path: Path) -> None:
    scenario = STREETS + '[[demand.table]]\nfile = "demand.csv"\ncoordinates = "wgs84"\n'
    found = faults_of(tmp_path, scenario)
    assert [(fault.code, fault.row, fault.values["count"]) for fault in found] == [
        ("totals_double", 2, 32),
        ("totals_double", 3, 32),
    ]


def test_an_id_that_a_table_has_already_is_refused(tmp_path: Path) -> None:
    jobs = "demand_id,district,setting,people,lon,lat\n高区,东区,urban,7,10.005,50.005\n"
    scenario = SCENARIO + UNITS + '[[demand.table]]\nfile = "jobs.csv"\nlayer = "jobs"\ncoordinates = "wgs84"\n'
    found = faults_of(tmp_path, scenario, TOTALS + "高区,5,1\n", jobs=jobs)
    assert [(fault.code, fault.row) for fault in found] == [("duplicate_id", 4)]


# --- what one section says of another ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('spread = "streets"', 'spread = "units"', "no_people"),
        ('districts = { file = "districts.geojson" }', "", "totals_areas"),
        ('spread = "streets"', 'spread = "raster"', "totals_raster"),
        ('spread = "streets"', 'spread = "streets"\nraster = "a.tif"', "totals_unused"),
        ('spread = "streets"', 'spread = "units"', "totals_unused"),
        ("[[facility]]", '[[demand.totals]]\nfile = "b.csv"\nof = "town"\n[[facility]]', "totals_levels"),
        ('spread = "streets"', 'spread = "roads"', "value_choice"),
    ],
)
def test_contradictions(tmp_path: Path, old: str, new: str, code: str) -> None:
    assert old in STREETS
    assert code in codes(faults_of(tmp_path, STREETS.replace(old, new, 1)))


def test_every_word_is_there() -> None:
    ours = [key for key in sentences() if key.startswith("fault.totals_")]
    assert len(ours) > 30


# --- units of one name, people beside the totals ------------------------------------------------------------------

PEOPLE = "demand_id,district,town,setting,people,lon,lat,layer\n"
TOWNS = SCENARIO + UNITS + 'of = "town"\n'
ALONG = STREETS + '[[demand.table]]\nfile = "demand.csv"\ncoordinates = "wgs84"\n'


def told(found: Inputs) -> list[tuple[str, Any]]:
    """What is doubted of totals: code and units, by the words of both languages too."""
    ours = [doubt for doubt in found.demand.doubts if doubt.code.startswith("totals_")]
    assert all(tell(doubt, language) for doubt in ours for language in ("zh", "en"))
    return [(doubt.code, doubt.values.get("units", doubt.values.get("name"))) for doubt in ours]


@pytest.mark.parametrize(
    ("scenario", "rows", "totals", "expected"),
    [
        (ALONG, "V1,,,urban,500,9,9,residents", TOTALS, [("totals_nameless", "")]),
        (ALONG, "V1,西 区县,,urban,500,9,9,residents", TOTALS, [("totals_none", "西 区县")]),
        (ALONG, "V1,,,urban,500,9,9,jobs", TOTALS, []),
        # a figure for one of two towns of a name
        (
            TOWNS,
            "V1,西区,城关镇,urban,500,9,9,residents\nV2,东区,城关镇,urban,500,9,9,residents",
            "镇街,区县,人口\n城关镇,西区,1000\n",
            [("totals_none", "东区城关镇")],
        ),
        (
            TOWNS + 'setting = "urban"\n',
            "V1,,城关镇,urban,500,9,9,residents",
            "镇街,区县,人口\n城关镇,西区,1000\n",
            [("totals_apart", "西区城关镇"), ("totals_none", "城关镇")],
        ),
        # an empty cell is no other district
        (
            TOWNS,
            "V1,,城关镇,urban,500,9,9,residents\nV2,西区,城关镇,urban,500,9,9,residents",
            "镇街,人口\n城关镇,1000\n",
            [],
        ),
    ],
)
def test_people_beside_official_totals_are_told(
    tmp_path: Path, scenario: str, rows: str, totals: str, expected: list[Any]
) -> None:
    found = inputs_of(tmp_path, scenario, totals, demand=PEOPLE + rows + "\n")
    assert told(found) == expected
    codes_beside = {"totals_none", "totals_nameless"}
    beside = [str(doubt.values["people"]) for doubt in found.demand.doubts if doubt.code in codes_beside]
    frame = found.demand.frame
    residents = int(frame.loc[frame["layer"] == "residents", "people"].sum())
    assert residents == sum(map(int, beside)) + sum(unit["people"] for unit in found.totals[0]["units"])


def test_several_tables_of_totals_for_one_layer_are_one(tmp_path: Path) -> None:
    more = UNITS.replace("totals", "more").replace("demand.more", "demand.totals")
    found = inputs_of(tmp_path, SCENARIO + UNITS + more, "区县,人口\n东区,10\n", more="区县,人口\n西区,20\n")
    assert told(found) == []
    assert sums(found.demand.frame) == {"东区": 10, "西区": 20}


def test_people_of_a_town_stay_in_its_district(tmp_path: Path) -> None:
    scenario = STREETS.replace("[areas]\n", '[areas]\ntowns = { file = "towns.geojson" }\n')
    scenario = scenario.replace("spacing_m = 100", 'of = "town"\nspacing_m = 100')
    middle, top = LON + 4 * STEP_LON, LAT + 8 * STEP_LAT
    west, east = (shapely.box(a, LAT, b, top) for a, b in ((LON, middle - 1e-3), (middle + 1e-3, 2 * middle - LON)))
    totals = "区县,镇街,人口,城镇化率\n西区,城关镇,1000,1\n东区,城关镇,500,1\n"
    for folder, shapes, expected in (
        (tmp_path / "a", [west, east], {"西区": "spread", "东区": "spread"}),
        (tmp_path / "b", [west], {"西区": "spread", "东区": "official"}),
    ):
        path = write(folder, scenario, totals)
        towns = gpd.GeoDataFrame({"name": ["城关镇"] * len(shapes)}, geometry=shapes, crs=4326)
        towns.to_file(folder / "towns.geojson", driver="GeoJSON")
        found = read(path, quiet)
        frame = found.demand.frame
        assert frame.groupby("district")["figure_from"].first().to_dict() == expected
        assert sums(frame) == {"西区": 1000, "东区": 500}
        placed = frame[frame.geometry.notna()]
        assert ((placed.geometry.x < middle) == (placed["district"] == "西区")).all()
        assert told(found) == [("totals_apart_area", "东区城关镇")] * (len(shapes) == 1)


# --- totals among units -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("totals", "rows"),
    [
        ("镇街,区县,人口\n西区,西区,1000\n甲镇,西区,600\n乙镇,西区,400\n丙镇,东区,77\n", [2]),
        ("镇街,区县,人口\n西区,西区,1234\n甲镇,西区,600\n乙镇,西区,400\n丙镇,东区,77\n", [2]),  # another year
        ("镇街,区县,人口\n西区,,1000\n甲镇,西区,600\n乙镇,西区,400\n", [2]),
        ("镇街,区县,人口\n县城,西区,1000\n甲镇,西区,600\n丙镇,东区,77\n乙镇,西区,400\n", [2]),
        ("镇街,人口\n甲镇,600\n丙镇,77\n西片,677\n乙镇,400\n东山,5\n", [4]),
        ("镇街,人口\n西片,1000\n乙镇,400\n甲镇,600\n丙镇,77\n东山,5\n", [2]),
        ("镇街,人口,代码\n甲镇,600,370101\n丙镇,77,370201\n乙镇,400,370102\n全城,1000,370100\n东山,9,370203\n", [5]),
        # counties, each above its towns, and the city
        (
            "镇街,人口\n甲县,3407\n甲镇,1309\n乙镇,2098\n乙县,8923\n丙镇,3711\n丁镇,5212\n丙县,16600\n戊镇,7103\n己镇,9497\n全市,28930\n",
            [2, 5, 8, 11],
        ),
        # plain units
        ("镇街,区县,人口\n高新区,高新区,1000\n甲镇,西区,600\n乙镇,西区,399\n", []),
        ("镇街,人口\n甲镇,600\n东山,600\n乙镇,0\n丙镇,7\n", []),
        ("镇街,人口\n甲镇,30000\n东山,90000\n乙镇,50000\n丙镇,20000\n丁镇,10000\n", []),  # rounded
    ],
)
def test_a_total_among_units_is_refused(tmp_path: Path, totals: str, rows: list[int]) -> None:
    scenario = TOWNS + 'setting = "urban"\n'
    table = PEOPLE + "V1,西区,无镇,urban,500,9,9,residents\n"
    if rows:
        assert [(fault.code, fault.row) for fault in faults_of(tmp_path, scenario, totals, demand=table)] == [
            ("totals_sum", row) for row in rows
        ]
    else:
        inputs_of(tmp_path, scenario, totals, demand=table)


@pytest.mark.parametrize(
    ("totals", "doubted"),
    [
        ("镇街,人口\n甲镇,600\n丙镇,77\n市区,1000\n东山,5\n乙镇,400\n", ["市区"]),  # of rows on either side
        ("镇街,人口\n甲镇,600\n丙镇,777\n市区,1003\n东山,555\n乙镇,400\n", ["市区"]),  # and off by three
        ("镇街,人口\n甲镇,600\n全镇,600\n", ["甲镇", "全镇"]),
        ("镇街,人口\n甲镇,600\n乙镇,500\n丙镇,400\n", []),
        ("镇街,人口\n甲镇,600\n乙镇,0\n", []),
    ],
)
def test_what_may_be_a_total_is_a_grave_doubt(tmp_path: Path, totals: str, doubted: list[str]) -> None:
    table = PEOPLE + "V1,西区,无镇,urban,500,9,9,residents\n"
    scenario = TOWNS + 'setting = "urban"\n'
    found = inputs_of(tmp_path / "a", scenario, totals, demand=table)
    doubts = [doubt for doubt in found.demand.doubts if doubt.code in GRAVE]
    named = [name for doubt in doubts for name in str(doubt.values["units"]).split(" / ")]
    assert set(named) >= set(doubted)
    assert bool(doubts) == bool(doubted)
    assert all(doubt in grave(found) for doubt in doubts)
    sure = f"{scenario}expected = {json.dumps(named)}\n"
    again = inputs_of(tmp_path / "b", sure, totals, demand=table)
    assert not [doubt for doubt in again.demand.doubts if doubt.code in GRAVE]


def test_an_area_of_others_is_a_grave_doubt(tmp_path: Path) -> None:
    path = write(tmp_path, STREETS, TOTALS + "全城,3004,1\n")
    layer = gpd.read_file(tmp_path / "districts.geojson")
    shapes = [*layer.geometry, layer.union_all()]
    more = gpd.GeoDataFrame({"name": [*layer["name"], "全城"]}, geometry=shapes, crs=4326)
    more.to_file(tmp_path / "districts.geojson", driver="GeoJSON")
    found = read(path, quiet)
    assert [units for code, units in told(found) if code == "totals_holds"] == ["东区 / 西区"]
    assert "totals_holds" in codes(tuple(grave(found)))


def test_what_is_said_to_be_a_unit_is_one(tmp_path: Path) -> None:
    totals = "区县,人口\n东区,10\n西区,20\n高区,30\n"
    scenario = SCENARIO + UNITS + 'setting = "urban"\n'
    (fault,) = faults_of(tmp_path / "a", scenario, totals)
    assert (fault.code, fault.row, fault.values["units"]) == ("totals_sum", 4, "东区 / 西区")
    frame = inputs_of(tmp_path / "b", scenario + 'expected = ["高区"]\n', totals).demand.frame
    assert sums(frame) == {"东区": 10, "西区": 20, "高区": 30}


# --- groups, and parts that count nobody --------------------------------------------------------------------------


@given(st.data(), st.lists(st.tuples(st.integers(0, 99), st.integers(0, 50)), min_size=1, max_size=12))
def test_no_part_exceeds_its_limit(data: st.DataObject, parts: list[tuple[int, int]]) -> None:
    weights, limits = [weight for weight, _ in parts], [limit for _, limit in parts]
    total = data.draw(st.integers(0, sum(limits)))
    ids = [f"u{number:02}" for number in range(len(parts))]
    shared = share_within(total, weights, limits, ids)
    assert sum(shared) == total
    assert all(0 <= part <= limit for part, limit in zip(shared, limits, strict=True))
    order = data.draw(st.permutations(range(len(parts))))
    turned = [[values[at] for at in order] for values in (weights, limits)]
    again = share_within(total, turned[0], turned[1], [ids[at] for at in order])
    assert [shared[at] for at in order] == again
    free = share_out(total, weights, ids)
    if any(weights) and all(part <= limit for part, limit in zip(free, limits, strict=True)):
        assert shared == free
    with pytest.raises(ValueError, match="more than"):
        share_within(sum(limits) + 1, weights, limits, ids)


def test_a_group_is_never_more_than_the_people(tmp_path: Path) -> None:
    head = "demand_id,district,setting,people,lon,lat,people_g\n"
    table = head + "V1,西区,urban,900,9,9,0\nV2,西区,urban,100,9,9,100\n"
    frame = inputs_of(tmp_path / "a", SCENARIO + UNITS, "区县,人口,people_g\n西区,100,60\n", demand=table).demand.frame
    assert frame[["people", "people_g"]].to_numpy().tolist() == [[90, 50], [10, 10]]
    (fault,) = faults_of(tmp_path / "b", SCENARIO + UNITS, "区县,人口,people_g\n西区,10,60\n", demand=table)
    assert (fault.code, fault.row, fault.column) == ("totals_group", 2, "people_g")
    # a group that the totals do not count stays as it is
    found = inputs_of(tmp_path / "c", SCENARIO + UNITS, "区县,人口\n西区,100\n", demand=table)
    assert told(found) == [("totals_group_left", "西区")]
    (doubt,) = (doubt for doubt in found.demand.doubts if doubt.code == "totals_group_left")
    assert (doubt.values["count"], doubt.values["more"]) == (1, 90)


@pytest.mark.parametrize(("nobody", "others"), [("urban", "rural"), ("rural", "urban")])
def test_a_part_that_counts_nobody_is_shared_alike_and_told(tmp_path: Path, nobody: str, others: str) -> None:
    table = PEOPLE + "".join(
        f"V{at},西区,,{setting},{people},9,9,residents\n"
        for at, (setting, people) in enumerate([(nobody, 0), (others, 500), (nobody, 0)])
    )
    found = inputs_of(tmp_path, SCENARIO + UNITS, "区县,人口,城镇化率\n西区,1000,50%\n", demand=table)
    frame = found.demand.frame
    assert frame["people"].tolist() == [250, 500, 250]
    assert frame["figure_from"].tolist() == ["shared", "scaled", "shared"]
    assert told(found) == [(f"totals_alike_{nobody}", "西区")]


# --- the real city -----------------------------------------------------------------------------------------------

WEIHAI = """\
[areas]
districts = {{ file = "{folder}/districts.geojson", coordinates = "gcj02" }}
[[demand.table]]
file = "{folder}/admin_units.csv"
id = "code"
coordinates = "gcj02"
columns = {{ unit_id = "code", setting = "urban_rural_code" }}
hierarchy = {{ code = "code", parent = "parent", level = "level" }}
[[demand.totals]]
file = "{folder}/census_2020.csv"
columns = {{ people = "population_2020" }}
expected = ["环翠区", "文登区", "荣成市", "乳山市", "南海新区"]
"""
ZONES = {
    "威海火炬高技术产业开发区": 336_407,
    "威海经济技术开发区": 280_457,
    "威海临港经济技术开发区": 101_673,
}


def test_weihai_adds_up_to_its_census(tmp_path: Path) -> None:
    folder = shared_data("weihai", "census_2020.csv").parent.as_posix()
    scenario = SCENARIO.replace(
        '[[demand.table]]\nfile = "demand.csv"\ncoordinates = "wgs84"\n', WEIHAI.format(folder=folder)
    )
    found = inputs_of(tmp_path, scenario)
    frame = found.demand.frame
    assert int(frame["people"].sum()) == 2_906_548
    apart = frame[frame["figure_from"] == "official"]
    assert sums(apart) == ZONES
    assert apart.geometry.isna().all()
    communities = frame[frame["figure_from"] == "shared"]
    assert len(communities) == 2_525
    assert sums(communities) == {"环翠区": 446_193, "文登区": 563_529, "荣成市": 714_211, "乳山市": 464_078}
    urban = communities[communities["setting"] == "urban"]
    assert sums(urban)["环翠区"] == 414_246
    told: dict[str, list[Any]] = {}
    for doubt in found.demand.doubts:
        told.setdefault(doubt.code, []).append(doubt.values.get("name"))
    assert told["totals_missing"] == ["南海新区"]
    assert told["totals_apart"] == list(ZONES)


def test_weihais_zones_are_units_and_the_city_is_none(tmp_path: Path) -> None:
    text = shared_data("weihai", "census_2020.csv").read_text(encoding="utf-8-sig")
    for more, expected in (("", []), ("371000,威海市,2906548,0.6959\n", ["威海市"])):
        (tmp_path / "totals.csv").write_text(text.rstrip() + "\n" + more, encoding="utf-8")
        source = TableSource(tmp_path / "totals.csv", "totals.csv", columns={"people": "population_2020"})
        (official,) = totals.read_totals([totals.Asked(source, of="district")])
        found = totals.sums_of_others(official, official.totals)  # as if the demand tables had nobody there
        assert [fault.values["name"] for fault in found] == expected
