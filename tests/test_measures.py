"""Why a community falls short, and what stands against it (table 3; W11, W14)."""

from __future__ import annotations

import csv
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point

from planner.candidates import MOBILE_TYPE
from planner.geodesy import great_circle_m
from planner.inputs import read
from planner.measures import COLUMNS, in_words, measures, reachable
from planner.schema import METHODS
from planner.standings import sight, standings
from planner.study import study
from planner.words import LANGUAGES
from runs import run_scenario
from town import SCENARIO, sites_csv, write_town

if TYPE_CHECKING:
    from pathlib import Path

    from planner.study import Study

HALF = Decimal("0.5")
NAMES = ["unit_id", "standard", "state", "people", "reason", "demand_id", "site_id", "metres"]


def standing(*rows: tuple[str, str, str, str, float | None]) -> pd.DataFrame:
    """Rows of community, state, reason, nearest outlet and metres, under one standard and all together."""
    one = [(unit, "s", state, 10, why, f"d-{unit}", site, metres) for unit, state, why, site, metres in rows]
    decided = [("", *row[2:]) for row in one]
    every = [*one, *((row[0], *rest) for row, rest in zip(one, decided, strict=True))]
    return pd.DataFrame(every, columns=NAMES)


def demand(*units: str, people: int = 10) -> gpd.GeoDataFrame:
    """One point of each community, a thousandth of a degree apart on the equator."""
    ids = [f"d-{unit}" for unit in units]
    places = gpd.points_from_xy([n / 1000 for n in range(len(units))], [0.0] * len(units))
    return gpd.GeoDataFrame(
        {"demand_id": ids, "unit_id": list(units), "people": people, "placed": "own"}, geometry=places, crs=4326
    )


def cover(*rows: tuple[str, str, int, bool, str]) -> pd.DataFrame:
    """Rows of community, state, year, covered, site."""
    table = pd.DataFrame(rows, columns=["unit_id", "state", "year", "covered", "site_id"])
    found = table.assign(demand_id="d-" + table["unit_id"], standard="s", reason="beyond")
    return found.drop(columns="unit_id")


def sites(*rows: tuple[str, str, bool, float]) -> gpd.GeoDataFrame:
    """Rows of site, types, in use, longitude."""
    table = pd.DataFrame(rows, columns=["site_id", "type", "open_today", "lon"])
    return gpd.GeoDataFrame(table, geometry=[Point(lon, 0.0) for lon in table["lon"]], crs=4326)


OPENED = pd.DataFrame(
    {
        "site_id": ["late", "new", "new"], "type": ["kiosk", "market", "kiosk"], "year": [2027, 2026, 2026],
        "at_existing": [True, False, False], "build_method": ["", "改建", "改建"],
    }
)  # fmt: skip
NO_PLAN = OPENED.iloc[:0]


def told(*rows: tuple[str, str, str, str, float | None], **more: Any) -> dict[str, dict[str, Any]]:
    units = [row[0] for row in rows]
    given: dict[str, Any] = {
        "coverage": cover(*((unit, "today", 2026, False, "") for unit in units)),
        "sites": sites(("e", "station", True, 0.0)),
        "opened": NO_PLAN,
        "within": None,
        "served_by": {"s": ("kiosk", "station")},
        **more,
    }
    found = measures(standing(*rows), demand(*units), **given, rule=HALF)
    assert list(found.columns) == COLUMNS
    return {row["unit_id"]: {str(name): value for name, value in row.items()} for row in found.to_dict("records")}


def test_those_who_meet_the_standard_need_no_measure() -> None:
    found = told(("a", "met", "", "e", 100.0), ("b", "unmet", "beyond", "e", 1234.5))
    assert list(found) == ["b"]
    assert (found["b"]["reason"], found["b"]["measure"]) == ("beyond", "joint")
    assert (found["b"]["joint_site_id"], found["b"]["joint_m"]) == ("e", 1234.5)


def test_what_cannot_be_judged_is_looked_at_in_the_field() -> None:
    row = told(("a", "unassessable", "not_assessable", "e", 5.0))["a"]
    assert (row["reason"], row["measure"], row["joint_site_id"]) == ("", "field_check", "")
    assert pd.isna(row["joint_m"])


def test_why_it_falls_short() -> None:
    within = pd.DataFrame({"standard": ["s", "other"], "demand_id": ["d-b", "d-c"]})
    found = told(
        ("a", "unmet", "demand_off_network", "", None),
        ("b", "unmet", "beyond", "", None),
        ("c", "unmet", "beyond", "", None),
        ("d", "unmet", "no_route", "", None),
        ("e", "unmet", "no_site", "", None),
        within=within,
    )
    reasons = {unit: row["reason"] for unit, row in found.items()}
    assert reasons == {
        "a": "off_network", "b": "not_chosen", "c": "no_candidate", "d": "no_route", "e": "no_candidate",
    }  # fmt: skip
    assert {row["measure"] for row in found.values()} == {""}


def test_a_candidate_must_reach_as_many_as_the_rule_asks_for() -> None:
    people = gpd.GeoDataFrame(pd.concat([demand("a", people=4), demand("a", people=6).assign(demand_id="d-2")]))
    rows = standing(("a", "unmet", "beyond", "", None))
    for point, reason in (("d-a", "no_candidate"), ("d-2", "not_chosen")):
        within = pd.DataFrame({"standard": ["s"], "demand_id": [point]})
        coverage = cover(("a", "today", 2026, False, ""))
        found = measures(rows, people, coverage, sites(), NO_PLAN, within, rule=HALF, served_by={})
        assert found["reason"].tolist() == [reason]


def test_the_first_year_in_which_a_planned_site_serves_it() -> None:
    plan = [
        ("a", "plan", 2026, True, "new"), ("a", "plan", 2027, True, "late"), ("b", "plan", 2026, False, ""),
        ("b", "plan", 2027, True, "late"), ("c", "plan", 2026, False, ""), ("c", "plan", 2027, False, ""),
    ]  # fmt: skip
    today = [(unit, "today", 2026, False, "") for unit in "abc"]
    found = told(
        *((unit, "unmet", "beyond", "e", 900.0) for unit in "abc"), coverage=cover(*today, *plan), opened=OPENED,
        within=pd.DataFrame({"standard": ["s"] * 3, "demand_id": ["d-a", "d-b", "d-c"]}),
    )  # fmt: skip
    planned = {unit: (row["measure"], row["planned_site_id"], row["planned_year"]) for unit, row in found.items()}
    assert planned["a"] == ("planned", "new", 2026)
    assert planned["b"] == ("planned", "late", 2027)
    assert planned["c"][:2] == ("joint", "")
    assert {unit: row["reason"] for unit, row in found.items()} == {"a": "beyond", "b": "beyond", "c": "not_chosen"}
    opening = {unit: (row["opened_year"], row["opened_types"], row["opened_how"]) for unit, row in found.items()}
    assert opening["a"] == (2026, "kiosk", "改建"), "the market there serves nobody under this standard"
    assert opening["b"] == (2027, "kiosk", "added")
    assert opening["c"][1:] == ("", "")


def test_the_nearest_mobile_point_in_use_within_the_distance() -> None:
    far = 0.05
    points = sites(
        ("m1", MOBILE_TYPE, True, 0.002), ("m2", f"station;{MOBILE_TYPE}", True, -0.002),
        ("m3", MOBILE_TYPE, False, 0.0), ("e", "station", True, 0.0), ("m4", MOBILE_TYPE, True, far),
    )  # fmt: skip
    rows = [(unit, "unmet", "beyond", "e", 900.0) for unit in "ab"]
    found = told(*rows, sites=points)
    assert {unit: row["mobile_site_id"] for unit, row in found.items()} == {"a": "m1", "b": "m1"}, "ties by id"
    assert found["b"]["mobile_m"] == pytest.approx(float(great_circle_m(0.001, 0, 0.002, 0)), abs=0.001)
    assert {row["measure"] for row in found.values()} == {"mobile"}
    none = told(*rows, sites=points.iloc[4:])
    assert {(row["measure"], row["mobile_site_id"]) for row in none.values()} == {("joint", "")}
    limit = told(*rows, sites=points.iloc[4:], mobile_within_m=6000)
    assert {row["mobile_site_id"] for row in limit.values()} == {"m4"}
    other = told(*rows, sites=points, mobile_types=("station",))
    assert other["a"]["mobile_site_id"] == "e"


def test_with_a_plan_the_neighbour_is_the_one_that_is_nearest_then() -> None:
    rows = [
        ("a", "unmet", "beyond", "e", 4711.2),
        ("b", "unmet", "beyond", "e", 900.0),
        ("c", "unmet", "no_site", "", None),
    ]
    then = standing(
        ("a", "unmet", "beyond", "new", 1140.2), ("b", "met", "", "new", 10.0), ("c", "unmet", "", "", None)
    )
    found = told(*rows, then=then)
    assert (found["a"]["measure"], found["a"]["joint_site_id"], found["a"]["joint_m"]) == ("joint", "new", 1140.2)
    assert found["c"]["measure"] == ""
    about: tuple[Any, Any, Any] = (found["a"], {"new": "129号片区"}, {})
    assert in_words(*about, "zh")[1] == "邻近联建：由“129号片区”服务，路网1141米"
    for shared, end in (("joint_planned", "（方案拟建）"), ("joint_then", "（方案实施后）")):
        assert in_words(*about, "zh", shared)[1] == f"邻近联建：由“129号片区”服务，路网1141米{end}"
    assert "1141 m by road (opened by the plan)" in in_words(*about, "en", "joint_planned")[1]


def test_what_is_added_to_an_outlet_mends_nobody_whom_it_does_not_serve() -> None:
    """A market and a kiosk at outlets that reach these people already: the site that brings them nearer is named."""
    opened = pd.DataFrame(
        {"site_id": ["e", "late"], "type": ["market", "kiosk"], "year": [2026, 2026],
         "at_existing": [True, False], "build_method": ["", ""]}
    )  # fmt: skip
    people = gpd.GeoDataFrame(pd.concat([demand("a", people=6), demand("a", people=4).assign(demand_id="d-2")]))
    coverage = pd.DataFrame(
        [("today", "d-a", False, "e"), ("today", "d-2", True, "e"), ("plan", "d-a", True, "late"),
         ("plan", "d-2", True, "e")], columns=["state", "demand_id", "covered", "site_id"],
    ).assign(standard="s", year=2026, reason="")  # fmt: skip
    rows = standing(("a", "unmet", "beyond", "e", 900.0))
    given: tuple[Any, ...] = (people, coverage, sites(("e", "station", True, 0.0)), opened, None)
    (row,) = measures(rows, *given, rule=HALF, served_by={"s": ("kiosk", "station")}).to_dict("records")
    assert (row["measure"], row["planned_site_id"], row["opened_types"]) == ("planned", "late", "kiosk")
    alone = coverage.assign(covered=True, site_id="e")
    given = (people, alone[alone["state"] == "plan"], *given[2:])
    (row,) = measures(rows, *given, rule=HALF, served_by={"s": ("kiosk", "station")}).to_dict("records")
    assert (row["measure"], row["planned_site_id"]) == ("joint", ""), "the market serves nobody under this standard"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", ["off_network", "no_route", "beyond", "not_chosen", "no_candidate", ""])
@pytest.mark.parametrize("measure", ["planned", "mobile", "joint", "field_check", ""])
@pytest.mark.parametrize("how", ["added", "placed", *METHODS])
def test_words_for_table_3(language: Any, reason: str, measure: str, how: str) -> None:
    row = {
        "reason": reason, "measure": measure, "planned_site_id": "x", "planned_year": 2028, "mobile_site_id": "x",
        "mobile_m": 1234.5, "joint_site_id": "x", "joint_m": 876.4, "opened_year": 2027, "opened_types": "kiosk;hall",
        "opened_how": how,
    }  # fmt: skip
    why, what = in_words(row, {"x": "大集"}, {"kiosk": "就业e站"}, language)
    assert bool(why) == bool(reason)
    assert ("大集" in what) == (measure in {"planned", "mobile", "joint"})
    assert ("2027" in what) == ("就业e站" in what) == ("hall" in what) == (measure == "planned")
    assert ("877" in what) == (measure == "joint"), "what lies beyond must not read as nearer"


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("added", "2026年在“大岗零工市场”加载就业e站"),
        ("placed", "2026年在“大岗零工市场”设就业e站"),
        ("新建", "2026年在“大岗零工市场”新建就业e站"),
        ("专区", "2026年依托“大岗零工市场”设就业e站（专区）"),
        ("改建", "2026年依托“大岗零工市场”设就业e站（改建）"),
    ],
)
def test_what_the_plan_does_there_is_said(how: str, told: str) -> None:
    row = {
        "reason": "beyond", "measure": "planned", "planned_site_id": "m", "opened_year": 2026, "opened_types": "kiosk",
        "opened_how": how,
    }  # fmt: skip
    assert in_words(row, {"m": "大岗零工市场"}, {"kiosk": "就业e站"}, "zh")[1] == told


def test_metres_stand_without_a_space() -> None:
    row = {"reason": "", "measure": "joint", "joint_site_id": "m", "joint_m": 500.0}
    assert in_words(row, {"m": "某站"}, {}, "zh")[1] == "邻近联建：由“某站”服务，路网500米"


# --- On a whole run ------------------------------------------------------------------------------------------

MOBILE = '\n[[facility]]\ntype = "mobile_point"\nname = "流动服务点"\nbuild = false\n'


def with_market(folder: Path, scenario: str) -> Path:
    path = write_town(folder, scenario)
    line = "M1,早市,mobile_point,existing,正常,东区,东区镇,,,10.016800,50.007200\n"
    (folder / "sites.csv").write_text(sites_csv() + line, encoding="utf-8")
    return path


def studied(path: Path) -> Study:
    return study(read(path, lambda _: None), lambda _: None)


def people_today(path: Path, out: Path) -> int:
    goals = run_scenario(path, out).record["goals"]
    return int(goals[0]["reached_today"])


def test_a_mobile_point_is_reach_only_where_the_standard_names_it(tmp_path: Path) -> None:
    """W14: 早市 in the town changes no figure unless the bureau's standard says that it serves."""
    without = people_today(write_town(tmp_path / "0", SCENARIO), tmp_path / "out0")
    beside = people_today(with_market(tmp_path / "1", SCENARIO + MOBILE), tmp_path / "out1")
    named = SCENARIO.replace('["station", "e_station"]', '["station", "e_station", "mobile_point"]') + MOBILE
    assert beside == without
    assert people_today(with_market(tmp_path / "2", named), tmp_path / "out2") > without


def test_no_kiosk_is_offered_at_a_place_that_only_fairs_come_to(tmp_path: Path) -> None:
    options = read(with_market(tmp_path, SCENARIO + MOBILE), lambda _: None).options
    assert options.loc[options["site_id"] == "M1", ["type", "state"]].values.tolist() == [[MOBILE_TYPE, "today"]]
    assert (options.loc[options["site_id"] == "E1", "state"] == "new").any(), "the open station may have one"


def test_every_community_left_out_has_its_reason_and_measure(tmp_path: Path) -> None:
    found = studied(with_market(tmp_path, SCENARIO + MOBILE))
    inputs, today = found.inputs, found.coverage[found.coverage["state"] == "today"]
    rows = standings([sight(inputs.demand.frame, today, one) for one in inputs.standards], HALF, ("walk-5",))
    within = reachable(found.reach, inputs.options)
    given = (inputs.demand.frame, found.coverage, inputs.sites.frame, found.opened, within)
    table = measures(rows, *given, rule=HALF, served_by={one.id: one.served_by for one in inputs.standards})
    unmet = rows[(rows["standard"] != "") & (rows["state"] == "unmet")]
    assert len(table) == len(unmet) > 0
    assert set(table["reason"]) <= {"beyond", "not_chosen", "no_candidate"}
    # by hand: a community is planned exactly where half of its people are covered by the plan
    plan = found.coverage[found.coverage["state"] == "plan"].set_index("demand_id")["covered"]
    people = inputs.demand.frame.assign(covered=lambda t: t["demand_id"].map(plan) * t["people"])
    sums = people.groupby("unit_id")[["people", "covered"]].sum()
    met = set(sums.index[2 * sums["covered"] >= sums["people"]])
    assert set(table.loc[table["measure"] == "planned", "unit_id"]) == met & set(unmet["unit_id"])
    planned = table[table["measure"] == "planned"]
    assert set(planned["planned_site_id"]) <= set(found.opened["site_id"])
    assert set(planned["planned_year"]) == set(planned["opened_year"]) == {2026}
    built = found.opened.set_index("site_id")
    for row in planned.to_dict("records"):
        there = built.loc[[row["planned_site_id"]]]
        assert row["opened_types"] == ";".join(there["type"])
        assert (row["opened_how"] == "added") == bool(there["at_existing"].all())
    # the market is less than 5 km from everybody: whoever is not planned for has it as a measure
    assert set(table.loc[table["measure"] != "planned", "mobile_site_id"]) <= {"M1"}
    assert (table["mobile_m"] < 5000).all()
    codes = {row["unit_id"] for row in csv.DictReader((tmp_path / "demand.csv").read_text("utf-8").splitlines())}
    assert set(table["unit_id"]) <= codes
