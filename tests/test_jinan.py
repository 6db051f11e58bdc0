"""Jinan from end to end: public Chinese tables with all their faults go in, and every figure that comes out is
counted again, today's by the networkx oracle and the plan's by plain Python from the travel table."""

from __future__ import annotations

import json
import math
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pyogrio
import pytest
import shapely
from typer.testing import CliRunner

import jinan
from oracle import SECOND, Oracle, great_circle_mm, walk_ms
from planner import cli, network, outputs, reaches
from planner.coordinates import gcj02_to_wgs84
from runs import RUN, run_scenario
from shared_data import shared_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from planner.roads import Roads

OFFICES, OFFICES_USED, OFFICES_LEFT_OUT = 174, 89, 85
CENSUS_PEOPLE = 9_202_432
# Counties of the census of 2020 without a located unit: Zhangqiu, of whose units the list of 2016 gives no coordinates;
# Laiwu and Gangcheng, which joined Jinan later; and the high-tech zone, which is not in that list at all.
UNLOCATED = {"370114", "370116", "370117", "370171"}
LIMIT_MM = {"urban-walk-15": 1_000_000, "rural-5km": 5_000_000, "circle-3km": 3_000_000}
SETTING = {"urban-walk-15": "urban", "rural-5km": "rural", "circle-3km": None}
WALK_KPH = 4.0
HORIZON_YEARS = 5
RESULT_FILES = {
    "map.html", "sites.csv", "coverage.csv", "left_out.csv", "plan.gpkg", "run.json", "timing.json", "scenario.toml",
    "inputs/roads.osm.pbf", "inputs/demand.csv", "inputs/hrss_offices.csv", "inputs/candidates.csv",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Case:
    """The scenario as written, and what one run of it left behind."""

    data: Path
    scenario: Mapping[str, Any]
    demand: Mapping[str, Mapping[str, str]]
    candidates: Mapping[str, Mapping[str, str]]
    folder: Path
    exit_code: int
    run: Mapping[str, Any]
    coverage: Sequence[Mapping[str, str]]

    @property
    def standards(self) -> Mapping[str, Mapping[str, Any]]:
        """Standards of run.json by id."""
        return {item["id"]: item for item in self.run["standards"]}

    def judged(self, standard: str, state: str) -> dict[str, Mapping[str, str]]:
        """Rows of coverage.csv by demand_id."""
        rows = [row for row in self.coverage if (row["standard"], row["state"]) == (standard, state)]
        assert len({row["demand_id"] for row in rows}) == len(rows)
        return {row["demand_id"]: row for row in rows}

    def asked(self, standard: str) -> dict[str, Mapping[str, str]]:
        """Demand rows that a standard speaks of."""
        setting = SETTING[standard]
        return {key: row for key, row in self.demand.items() if setting in (None, row["setting"])}

    def assessable(self, standard: str) -> dict[str, Mapping[str, str]]:
        """Those of them that have a place."""
        return {key: row for key, row in self.asked(standard).items() if row["lon"]}


@dataclass(frozen=True, eq=False)
class Places:
    """The planner's tables, read again without the planner: only the conversion to WGS-84 is its own."""

    demand: gpd.GeoDataFrame
    offices: gpd.GeoDataFrame
    candidates: gpd.GeoDataFrame


def people_of(rows: Iterable[Mapping[str, str]]) -> int:
    return sum(int(row["people"]) for row in rows)


def whole_mm(text: str) -> int:
    """Millimetres of a length written in metres with 3 decimals."""
    metres, decimals = text.split(".")
    assert len(decimals) == 3
    return int(metres) * 1000 + int(decimals)


def share_of(whole: int, share: float) -> int:
    """Smallest number that is at least a share, as the scenario writes it, of a whole."""
    return math.ceil(Fraction(Decimal(str(share))) * whole)


def frame(key: str, rows: Iterable[tuple[str, str, str]]) -> gpd.GeoDataFrame:
    """Table of points from ids and GCJ-02 texts; None where there is no text."""
    ids, lons, lats = zip(*rows, strict=True)
    lon, lat = gcj02_to_wgs84(*([float(text or "nan") for text in texts] for texts in (lons, lats)))
    points = [None if math.isnan(x) else shapely.Point(x, y) for x, y in zip(lon.tolist(), lat.tolist(), strict=True)]
    return gpd.GeoDataFrame({key: list(ids)}, geometry=gpd.GeoSeries(points, crs=4326))


@pytest.fixture(scope="module")
def data() -> Path:
    """Folder of the Jinan files."""
    return shared_data("jinan")


@pytest.fixture(scope="module")
def case(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """One run of the scenario by its command."""
    folder = tmp_path_factory.mktemp("jinan")
    path = jinan.write_scenario(data, folder)
    ended = CliRunner().invoke(cli.app, [*RUN, str(path), "--out", str(folder / "maps")])
    if ended.exception and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    result = folder / "maps" / "jinan-2026"
    assert result.is_dir(), ended.output
    return Case(
        data=data,
        scenario=tomllib.loads(path.read_text(encoding="utf-8")),
        demand={row["demand_id"]: row for row in jinan.read_rows(folder / "demand.csv")},
        candidates={row["site_id"]: row for row in jinan.read_rows(folder / "candidates.csv")},
        folder=result,
        exit_code=ended.exit_code,
        run=json.loads((result / "run.json").read_text(encoding="utf-8")),
        coverage=jinan.read_rows(result / "coverage.csv"),
    )


@pytest.fixture(scope="module")
def roads(data: Path) -> Roads:
    """The walk network of the scenario."""
    return network.read_roads(data / "roads.osm.pbf", mode="walk")


@pytest.fixture(scope="module")
def places(case: Case) -> Places:
    """Demand, offices in use and candidates; an office is called after its line of the file (the header is line 1)."""
    offices = enumerate(jinan.read_rows(case.data / "hrss_offices.csv"), start=2)
    used = [(f"hrss_offices-{line}", row["lon"], row["lat"]) for line, row in offices if row["valid"] == "True"]
    return Places(
        frame("demand_id", ((key, row["lon"], row["lat"]) for key, row in case.demand.items())),
        frame("site_id", used),
        frame("site_id", ((key, row["lon"], row["lat"]) for key, row in case.candidates.items())),
    )


@pytest.fixture(scope="module")
def oracle(roads: Roads, places: Places) -> Oracle:
    """The oracle with today's offices."""
    return Oracle(roads, places.demand, places.offices, walk_kph=WALK_KPH)


@pytest.fixture(scope="module")
def reach_mm(roads: Roads, places: Places) -> Mapping[str, Mapping[str, int]]:
    """demand_id -> site_id -> whole millimetres, from the travel table up to the largest cutoff."""
    sites = gpd.GeoDataFrame(
        {"site_id": [*places.offices["site_id"], *places.candidates["site_id"]]},
        geometry=[*places.offices.geometry, *places.candidates.geometry],
        crs=4326,
    )
    table = network.travel(roads, places.demand, sites, cutoff_m=max(LIMIT_MM.values()) / 1000)
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for demand_id, site_id, metres in zip(table["demand_id"], table["site_id"], table["metres"], strict=True):
        found[demand_id][site_id] = round(metres * 1000)
    return found


@pytest.fixture(scope="module")
def plan_types(case: Case, places: Places) -> Mapping[str, Sequence[str]]:
    """site_id -> types open there with the plan, from the list of what it opens."""
    types: dict[str, list[str]] = {site: ["station"] for site in places.offices["site_id"]}
    for item in case.run["plan"]["opened"]:
        types.setdefault(item["site_id"], []).append(item["type"])
    return types


@pytest.fixture(scope="module")
def covered_by_plan(
    case: Case, reach_mm: Mapping[str, Mapping[str, int]], plan_types: Mapping[str, Sequence[str]]
) -> Mapping[str, set[str]]:
    """Standard -> demand_ids covered with the plan, from the travel table."""
    return {item["id"]: covered(case, item, reach_mm, plan_types) for item in case.scenario["standard"]}


def covered(
    case: Case,
    standard: Mapping[str, Any],
    reach_mm: Mapping[str, Mapping[str, int]],
    types: Mapping[str, Sequence[str]],
) -> set[str]:
    """demand_ids that a serving facility reaches within the cutoff of a standard."""
    limit, serving = LIMIT_MM[standard["id"]], set(standard["served_by"])
    return {
        key
        for key in case.assessable(standard["id"])
        if any(mm <= limit and serving & set(types.get(site, ())) for site, mm in reach_mm.get(key, {}).items())
    }


def communities(rows: Mapping[str, Mapping[str, str]], reached: set[str], rule: float) -> tuple[int, int]:
    """Communities with people, and those of whose people at least the share `rule` is reached."""
    people: dict[str, int] = defaultdict(int)
    inside: dict[str, int] = defaultdict(int)
    for key, row in rows.items():
        people[row["unit_id"]] += int(row["people"])
        inside[row["unit_id"]] += int(row["people"]) * (key in reached)
    counted = [unit for unit, number in people.items() if number > 0]
    return len(counted), sum(inside[unit] >= share_of(people[unit], rule) for unit in counted)


# --- what goes in ------------------------------------------------------------------------------------------------


def test_located_units_are_villages_with_coordinates_and_towns_where_none_has_any(data: Path) -> None:
    units = jinan.located_units(data)
    assert sum(not unit.is_town for unit in units) == 337
    assert sum(unit.is_town for unit in units) == 28
    assert len({unit.code for unit in units}) == len(units)
    assert not {unit.town for unit in units if unit.is_town} & {unit.town for unit in units if not unit.is_town}


def test_a_towns_setting_is_that_of_most_of_its_villages(data: Path) -> None:
    towns = {unit.name: unit.setting for unit in jinan.located_units(data) if unit.is_town}
    assert towns["荷花路街道办事处"] == "rural"  # 17 villages of 20
    assert towns["七贤街道办事处"] == "urban"  # 11 communities of 11
    assert towns["郭店街道办事处"] == "urban"  # 8 and 8: the stricter standard


def test_people_are_spread_evenly_in_whole_numbers() -> None:
    assert jinan.spread_evenly(10, ["c", "a", "b"]) == {"a": 4, "b": 3, "c": 3}
    assert jinan.spread_evenly(2, ["b", "a", "c"]) == {"a": 1, "b": 1, "c": 0}


def test_every_person_of_the_census_is_in_the_demand_table_once(case: Case) -> None:
    census = jinan.census(case.data)
    by_county: dict[str, int] = defaultdict(int)
    for row in case.demand.values():
        by_county[row["district"]] += int(row["people"])
    assert by_county == {county.name: county.people for county in census.values()}
    assert people_of(case.demand.values()) == CENSUS_PEOPLE
    assert {row["unit_id"][:6] for row in case.demand.values() if not row["lon"]} == UNLOCATED


# --- what was used -----------------------------------------------------------------------------------------------


def test_offices_used_and_left_out(case: Case) -> None:
    offices = jinan.read_rows(case.data / "hrss_offices.csv")
    assert len(offices) == OFFICES
    assert len({row["index"] for row in offices}) < OFFICES
    used = {f"hrss_offices-{n}": row["name"] for n, row in enumerate(offices, start=2) if row["valid"] == "True"}
    left = {f"hrss_offices-{n}": (str(n), row["name"]) for n, row in enumerate(offices, 2) if row["valid"] == "False"}
    assert (len(used), len(left)) == (OFFICES_USED, OFFICES_LEFT_OUT)

    listed = jinan.read_rows(case.folder / "left_out.csv")
    assert {row["id"]: (row["row"], row["name"]) for row in listed} == left
    assert len(listed) == OFFICES_LEFT_OUT
    assert all("valid" in row["reason"] and "False" in row["reason"] for row in listed)
    assert all(row["file"].endswith("hrss_offices.csv") for row in listed)

    sites = jinan.read_rows(case.folder / "sites.csv")
    assert {row["site_id"]: row["name"] for row in sites if row["status"] == "existing"} == used
    assert {row["state"] for row in sites if row["status"] == "existing"} == {"today"}


def test_places_are_written_in_wgs84(case: Case, places: Places) -> None:
    written = {row["site_id"]: (row["lon"], row["lat"]) for row in jinan.read_rows(case.folder / "sites.csv")}
    for table in (places.offices, places.candidates):
        for site, point in zip(table["site_id"], table.geometry, strict=True):
            lon, lat = map(float, written.pop(site))
            assert max(abs(lon - point.x), abs(lat - point.y)) < 1e-6  # 0.1 m
    assert not written


def test_run_json_counts_the_rows(case: Case) -> None:
    rows = {item["path"].rsplit("/", 1)[-1]: (item["rows_read"], item["rows_used"]) for item in case.run["inputs"]}
    assert rows["hrss_offices.csv"] == (OFFICES, OFFICES_USED)
    assert rows["demand.csv"] == (len(case.demand), len(case.demand))
    assert rows["candidates.csv"] == (len(case.candidates), len(case.candidates))
    assert case.run["sites"]["existing"] == case.run["sites"]["open_today"] == OFFICES_USED


def test_people_without_a_place_stand_apart(case: Case) -> None:
    census = jinan.census(case.data)
    unlocated = sum(census[code].people for code in UNLOCATED)
    for name, record in case.standards.items():
        apart = {key: row for key, row in case.asked(name).items() if not row["lon"]}
        assert record["not_assessable"] == people_of(apart.values()) > 0
        assert record["people"] == people_of(case.assessable(name).values())
        for state in ("today", "plan"):
            judged = case.judged(name, state)
            unjudged = {key: row for key, row in judged.items() if row["reason"] == "not_assessable"}
            assert unjudged.keys() == apart.keys()
            assert all(row["covered"] == "false" and row["metres"] == row["site_id"] == "" for row in unjudged.values())
    everyone = case.standards["circle-3km"]
    assert everyone["not_assessable"] == unlocated
    assert everyone["people"] + everyone["not_assessable"] == CENSUS_PEOPLE
    parts = [case.standards[name] for name in ("urban-walk-15", "rural-5km")]
    assert sum(part["people"] for part in parts) == everyone["people"]
    assert sum(part["not_assessable"] for part in parts) == unlocated


# --- today ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("standard", LIMIT_MM)
def test_todays_coverage_equals_the_oracles(case: Case, oracle: Oracle, standard: str) -> None:
    least = oracle.least("distance")
    judged = case.judged(standard, "today")
    assert judged.keys() == case.asked(standard).keys()
    for key in case.assessable(standard):
        row, mm = judged[key], least.get(key)
        if mm is None:
            reason = "no_route" if key in oracle.demand else "demand_off_network"
            assert (row["covered"], row["reason"], row["metres"], row["site_id"]) == ("false", reason, "", "")
            continue
        inside = mm <= LIMIT_MM[standard]
        assert (row["covered"], row["reason"]) == (("true", "") if inside else ("false", "beyond"))
        assert whole_mm(row["metres"]) == mm
        assert whole_mm(row["seconds"]) == walk_ms(mm, WALK_KPH)


@pytest.mark.parametrize("standard", LIMIT_MM)
def test_todays_totals_equal_the_oracles(case: Case, oracle: Oracle, standard: str) -> None:
    least, rows, record = oracle.least("distance"), case.assessable(standard), case.standards[standard]
    reached = {key for key in rows if key in least and least[key] <= LIMIT_MM[standard]}
    assert record["covered_today"] == people_of(rows[key] for key in reached)
    assert record["share_today"] == record["covered_today"] / record["people"]
    rule = case.scenario["demand"]["community_rule"]
    assert (record["communities"], record["communities_today"]) == communities(rows, reached, rule)


def test_the_site_named_as_nearest_is_at_the_distance_written(case: Case, oracle: Oracle) -> None:
    """Its id may differ from the oracle's among equals only; the oracle's search starts anew at every site named."""
    named: dict[str, dict[str, int]] = defaultdict(dict)
    for row in case.coverage:
        if row["state"] == "today" and row["site_id"]:
            named[row["site_id"]][row["demand_id"]] = whole_mm(row["metres"])
    assert sum(map(len, named.values())) == len(oracle.least("distance"))
    for site_id, points in named.items():
        site = oracle.sites[site_id]
        bound = (max(points.values()) + 1) * SECOND
        paths = nx.single_source_dijkstra_path_length(oracle.graph, site.place, cutoff=bound, weight="distance")
        for demand_id, mm in points.items():
            foot = oracle.demand[demand_id]
            assert foot.access_mm + paths[foot.place] // SECOND + site.access_mm == mm


def test_the_straight_line_beside_it(case: Case, places: Places) -> None:
    offices = {i: (p.x, p.y) for i, p in zip(places.offices["site_id"], places.offices.geometry, strict=True)}
    points = dict(zip(places.demand["demand_id"], places.demand.geometry, strict=True))
    for key, row in case.judged("circle-3km", "today").items():
        if points[key] is not None:
            straight = {i: great_circle_mm(points[key].x, points[key].y, *place) for i, place in offices.items()}
            assert whole_mm(row["straight_m"]) == straight[row["straight_site_id"]] == min(straight.values())


# --- the plan ------------------------------------------------------------------------------------------------------


def test_the_plan_is_proven_least(case: Case) -> None:
    plan = case.run["plan"]
    assert (plan["status"], plan["best_effort"], plan["gap"]) == ("optimal", False, 0.0)
    assert plan["objective"] == plan["bound"] == plan["cost_once_yuan"] + HORIZON_YEARS * plan["cost_yearly_yuan"]


@pytest.mark.parametrize("standard", LIMIT_MM)
def test_the_plans_coverage_from_the_travel_table(
    case: Case,
    reach_mm: Mapping[str, Mapping[str, int]],
    plan_types: Mapping[str, Sequence[str]],
    covered_by_plan: Mapping[str, set[str]],
    standard: str,
) -> None:
    reached, rows, record = covered_by_plan[standard], case.assessable(standard), case.standards[standard]
    judged = case.judged(standard, "plan")
    assert judged.keys() == case.asked(standard).keys()
    assert {key for key, row in judged.items() if row["covered"] == "true"} == reached
    served_by = next(set(item["served_by"]) for item in case.scenario["standard"] if item["id"] == standard)
    for key in reached:
        serving = {site: mm for site, mm in reach_mm[key].items() if served_by & set(plan_types.get(site, ()))}
        assert whole_mm(judged[key]["metres"]) == serving[judged[key]["site_id"]] == min(serving.values())
    assert record["covered_plan"] == people_of(rows[key] for key in reached)
    assert record["share_plan"] == record["covered_plan"] / record["people"]
    rule = case.scenario["demand"]["community_rule"]
    assert (record["communities"], record["communities_plan"]) == communities(rows, reached, rule)
    assert record["communities_plan"] > record["communities_today"]


def test_every_goal_is_met_by_the_travel_table(
    case: Case, reach_mm: Mapping[str, Mapping[str, int]], covered_by_plan: Mapping[str, set[str]], places: Places
) -> None:
    stations = {site: ["station"] for site in places.offices["site_id"]}
    standards = {item["id"]: item for item in case.scenario["standard"]}
    rule = case.scenario["demand"]["community_rule"]
    records = {item["id"]: item for item in case.run["goals"]}
    assert records.keys() == {goal["id"] for goal in case.scenario["goal"]}
    for goal in case.scenario["goal"]:
        scope = goal.get("district")
        rows = {k: r for k, r in case.assessable(goal["standard"]).items() if scope in (None, r["district"])}
        today = covered(case, standards[goal["standard"]], reach_mm, stations)
        counts = []
        for reached in (today, covered_by_plan[goal["standard"]]):
            if goal.get("of") == "communities":
                counts.append(communities(rows, reached, rule))
            else:
                counts.append((people_of(rows.values()), people_of(r for k, r in rows.items() if k in reached)))
        (whole, before), (_, after) = counts
        record, needed = records[goal["id"]], share_of(whole, goal["share"])
        assert (record["whole"], record["needed"]) == (whole, needed)
        assert (record["reached_today"], record["reached_plan"]) == (before, after)
        assert (record["today"], record["plan"], record["met"]) == (before / whole, after / whole, True)
        assert before < needed <= after or goal["id"].startswith("circle")


def test_counts_and_types_per_site(case: Case) -> None:
    opened = case.run["plan"]["opened"]
    for item in opened:
        assert item["type"] in case.candidates[item["site_id"]]["type"].split(";")
    assert len({item["site_id"] for item in opened}) == len(opened)  # one new type for each site
    for rule in case.scenario["count"]:
        here = [case.candidates[item["site_id"]] for item in opened if item["type"] == rule["type"]]
        here = [row for row in here if rule.get("district") in (None, row["district"])]
        numbers: dict[tuple[str, ...], int] = defaultdict(int)
        for row in here:
            keys = {"district": (row["district"],), "town": (row["district"], row["town"])}
            numbers[keys.get(rule.get("each", ""), ())] += 1
        assert all(number <= rule.get("max", math.inf) for number in numbers.values()), rule["id"]
        assert sum(numbers.values()) >= rule.get("min", 0), rule["id"]


def test_costs_from_the_candidates_table(case: Case) -> None:
    facilities = {item["type"]: item for item in case.scenario["facility"]}
    methods = {(item["type"], item["method"]): item for item in case.scenario["build_cost"]}
    estimated = 0
    for item in case.run["plan"]["opened"]:
        row, facility = case.candidates[item["site_id"]], facilities[item["type"]]
        method = methods.get((item["type"], row["build_method"]), {})
        discount = Fraction(str(method.get("co_build_discount", 0))) if row["host"] else Fraction(0)
        once = method.get("cost_once_yuan", 0) * (1 - discount) if method else facility["cost_once_yuan"]
        own = row["cost_once_yuan"], row["cost_yearly_yuan"]
        expected = (int(own[0] or once), int(own[1] or facility["cost_yearly_yuan"]))
        assert (item["cost_once_yuan"], item["cost_yearly_yuan"]) == expected
        assert item["estimated"] == (not all(own))
        assert item["funding"] == row["funding"]
        estimated += expected[0] * item["estimated"]
    plan = case.run["plan"]
    for money in ("cost_once_yuan", "cost_yearly_yuan"):
        assert plan[money] == sum(item[money] for item in plan["opened"])
    assert plan["estimated_yuan"] == estimated
    assert len({item["estimated"] for item in plan["opened"]}) == 2  # quotes and estimates both took part


def test_uncoverable_people_from_the_travel_table(
    case: Case, reach_mm: Mapping[str, Mapping[str, int]], places: Places
) -> None:
    everything = {site: ["station"] for site in places.offices["site_id"]}
    everything |= {site: row["type"].split(";") for site, row in case.candidates.items()}
    nobody: set[str] = set()
    for standard in case.scenario["standard"]:
        left = case.assessable(standard["id"]).keys() - covered(case, standard, reach_mm, everything)
        people = people_of(case.demand[key] for key in left)
        assert case.run["plan"]["uncoverable_by_standard"][standard["id"]] == {"points": len(left), "people": people}
        nobody |= left
    assert case.run["plan"]["uncoverable"] == sorted(nobody)


# --- what is left behind -------------------------------------------------------------------------------------------


def test_the_run_ends_well_and_leaves_its_files(case: Case) -> None:
    assert case.exit_code == 0
    written = {path.relative_to(case.folder).as_posix() for path in case.folder.rglob("*") if path.is_file()}
    assert written >= RESULT_FILES
    assert all((case.folder / name).stat().st_size > 0 for name in RESULT_FILES)
    layers = {name: pyogrio.read_info(case.folder / "plan.gpkg", layer=name)["features"] for name in layer_names(case)}
    assert layers["demand"] == len(case.demand)
    assert layers["sites"] == OFFICES_USED + len(case.candidates)
    assert layers["service_areas"] > 0
    seconds = json.loads((case.folder / "timing.json").read_text(encoding="utf-8"))["seconds"]
    assert {"roads", "travel", "solve", "map"} <= seconds.keys()


def layer_names(case: Case) -> list[str]:
    return [str(name) for name in np.asarray(pyogrio.list_layers(case.folder / "plan.gpkg"))[:, 0]]


def test_the_result_runs_again_from_its_own_copies(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Service areas are for the eye; no figure may depend on them.
    monkeypatch.setattr(outputs, "areas", lambda city, _standards, states: reaches.areas(city, (), states))
    again = run_scenario(case.folder / "scenario.toml", tmp_path)
    assert again.exit_code == 0
    second = json.loads((again.folder / "run.json").read_text(encoding="utf-8"))
    paths = [item.pop("path") for item in second["inputs"]]
    assert paths == ["inputs/roads.osm.pbf", "inputs/demand.csv", "inputs/hrss_offices.csv", "inputs/candidates.csv"]
    first = json.loads((case.folder / "run.json").read_text(encoding="utf-8"))
    for item in first["inputs"]:
        del item["path"]
    for doubt in (*first["doubts"], *second["doubts"]):
        del doubt["place"]
    for record in (first, second):
        del record["scenario_sha256"], record["scenario_file"]  # the copies have other paths
    assert second == first
    for name in ("coverage.csv", "sites.csv"):
        assert (again.folder / name).read_bytes() == (case.folder / name).read_bytes()
