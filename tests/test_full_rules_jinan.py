"""Every kind of rule at once on Jinan's public tables, held against them by `rulecheck`.

Money is short in every way that a scenario knows: each limit stands a little above what the plan needs. The rules make
the goals dearer by nearly a half: alone they would cost 3.78 million yuan, and break seven of the rules.
"""

from __future__ import annotations

import math
import time
import tomllib
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import jinan
import rulecheck
from planner.conflict import smallest_conflict
from planner.coordinates import gcj02_to_wgs84
from rulecheck import Facts
from shared_data import shared_data
from test_full_rules import Case, reach_mm, watched

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from planner.pipeline import Outcome
    from planner.siting import Instance

    Row = Mapping[str, Any]

COUNTY_M = 8000
YEARS = (2026, 2027)

OUTLETS = {
    'name = "就业服务站"\n': 'name = "就业服务站"\ncapacity_people = 25_000\n',
    'hours = "always"\n': 'hours = "always"\nat_existing = true\n',
    "cost_once_yuan = 80_000\n": "cost_once_yuan = 40_000\n",  # with an outlet or an office there are rooms already
}
"""Lines of the scenario's facility types, and what stands in their place."""

MORE = """
[[standard]]
id = "county-8km"                         # 道路文件到不了的县，按直线算
km = 8
metric = "straight"
served_by = ["station", "gig_station"]

[[size]]
type = "gig_station"
size = "标准"
capacity_people = 8_000

[[size]]
type = "gig_station"
size = "大"
capacity_people = 20_000
extra_once_yuan = 60_000
extra_yearly_yuan = 10_000

[[group]]
id = "elderly"
name = "六十岁以上"

[[goal]]
id = "circle-elderly"
standard = "circle-3km"
share = 0.55
group = "elderly"

[[goal]]
id = "urban-backup"
standard = "urban-walk-15"
share = 0.28
backup = true

[[goal]]
id = "urban-lixia-towns"
standard = "urban-walk-15"
share = 0.50
district = "历下区"
each = "town"

[[goal]]
id = "county-districts"
standard = "county-8km"
share = 0.45
each = "district"

[[count]]
id = "new-e-huaiyin"
type = "e_station"
district = "槐荫区"
new_only = true
min = 3
max = 5

[[count]]
id = "gig-town-offices"
type = "gig_station"
tier = "town"
min = 5

[[phase]]
year = 2026
budget_yuan = 600_000
budgets = { "就业补助资金" = 550_000 }

[phase.shares]
urban-people = 0.45
urban-lixia = 0.60
urban-shizhong = 0.50
urban-huaiyin = 0.50
urban-tianqiao = 0.45
urban-communities = 0.40
rural-people = 0.05
circle-people = 0.50
circle-communities = 0.45
circle-elderly = 0.45
urban-backup = 0.18
urban-lixia-towns = 0
county-districts = 0.10

[[phase]]
year = 2027
budget_yuan = 3_300_000

[phase.shares]
urban-people = 0.60
urban-lixia = 0.80
urban-shizhong = 0.85
urban-huaiyin = 0.75
urban-tianqiao = 0.65
urban-communities = 0.57
rural-people = 0.0975
circle-people = 0.59
circle-communities = 0.54
circle-elderly = 0.55
urban-backup = 0.28
urban-lixia-towns = 0.50
county-districts = 0.45

[rules]
types_per_site = 1
spacing = [{ type = "e_station", m = 600 }, { type = "gig_station", m = 1000 }]
near_people = [{ type = "e_station", people = 20_000, within_m = 800 }]
force_open = ["C370102001002"]
force_closed = ["C370102007014"]

[siting]
objective = "min_cost"
capacity_standard = "rural-5km"
budget_yuan = 5_540_000
budget_once_yuan = 3_000_000
budget_yearly_yuan = 830_000
budgets = { "地方财政" = 1_250_000, "就业补助资金" = 4_050_000 }
max_sites = 43
horizon_years = 4
gap = 0.002
time_limit_s = 120
"""
"""What stands in place of the scenario's own rules and siting: two years, every district, the towns of one."""


def write_scenario(data: Path, folder: Path) -> Path:
    """Write Jinan's tables and scenario with all rules; the share of people over sixty is made up."""
    path = jinan.write_scenario(data, folder)
    text = path.read_text(encoding="utf-8")
    text = text[: text.index("[rules]")]
    for line, other in OUTLETS.items():
        text = text.replace(line, other)
    path.write_text(text + MORE, encoding="utf-8")
    people = [
        {**row, "people_elderly": str(int(row["people"]) * (15 + number % 10) // 100)}
        for number, row in enumerate(jinan.read_rows(folder / "demand.csv"))
    ]
    jinan.write_rows(folder / "demand.csv", list(people[0]), people)
    town_offices = {f"C{unit.code}" for unit in jinan.located_units(data) if unit.is_town}
    candidates = [
        {**row, "tier": "town" if row["site_id"] in town_offices else ""}
        for row in jinan.read_rows(folder / "candidates.csv")
    ]
    jinan.write_rows(folder / "candidates.csv", list(candidates[0]), candidates)
    return path


def in_wgs84(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Rows with their GCJ-02 texts as WGS-84 degrees; None without a place."""
    listed = list(rows)
    lon, lat = gcj02_to_wgs84(*([float(row[axis] or "nan") for row in listed] for axis in ("lon", "lat")))
    places = zip(listed, lon.tolist(), lat.tolist(), strict=True)
    return [{**row, "lon": None if math.isnan(x) else x, "lat": None if math.isnan(y) else y} for row, x, y in places]


def sites_of(data: Path, folder: Path) -> dict[str, Row]:
    """Offices in use, called after their line of the file (the header is line 1), and candidates."""
    offices = [
        {
            "site_id": f"hrss_offices-{line}",
            "type": "station",
            "status": "existing",
            "district": row["district"],
            "town": "",
            "lon": row["lon"],
            "lat": row["lat"],
        }
        for line, row in enumerate(jinan.read_rows(data / "hrss_offices.csv"), start=2)
        if row["valid"] == "True"
    ]
    return {row["site_id"]: row for row in in_wgs84([*offices, *jinan.read_rows(folder / "candidates.csv")])}


def has_place(rows: Mapping[str, Row]) -> dict[str, Row]:
    """Those that have a place."""
    return {key: row for key, row in rows.items() if row["lon"] is not None}


def straight_mm(demand: Mapping[str, Row], sites: Mapping[str, Row]) -> dict[str, dict[str, int]]:
    """demand_id -> site_id -> whole millimetres in a straight line, as far as any standard asks."""
    apart = {key: {site: rulecheck.apart_mm(row, at) for site, at in sites.items()} for key, row in demand.items()}
    return {key: {site: mm for site, mm in row.items() if mm <= COUNTY_M * 1000} for key, row in apart.items()}


def facts_of(data: Path, outcome: Outcome) -> Facts:
    """Tables and ways, read again without the planner: only the conversion to WGS-84 and the search are its own."""
    folder = outcome.folder.parents[1]
    scenario = tomllib.loads((outcome.folder / "scenario.toml").read_text(encoding="utf-8"), parse_float=Decimal)
    demand = {row["demand_id"]: row for row in in_wgs84(jinan.read_rows(folder / "demand.csv"))}
    sites = sites_of(data, folder)
    ends = has_place(demand), has_place(sites)
    ways = reach_mm(data / "roads.osm.pbf", *ends)
    return Facts(scenario, demand, sites, ways, outcome.record["plan"]["opened"], straight_mm(*ends))


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """One run of the scenario by its verb."""
    data, folder = shared_data("jinan"), tmp_path_factory.mktemp("jinan")
    outcome, studied = watched(write_scenario(data, folder), folder / "maps")
    return Case(outcome, studied, facts_of(data, outcome))


def test_it_is_solved_to_the_stated_gap(full: Case) -> None:
    plan, facts = full.plan, full.facts
    assert rulecheck.kinds_unused(facts.scenario) == set()
    assert full.outcome.exit_code == 0
    assert plan["status"] in {"optimal", "gap"}
    assert not plan["best_effort"]
    assert plan["gap"] <= facts.siting["gap"] == Decimal("0.002")
    assert plan["certified_bound"] <= plan["bound"] <= plan["objective"]
    assert plan["objective"] == plan["cost_yuan"] == rulecheck.horizon_yuan(facts, facts.opened)


def test_no_rule_is_broken(full: Case) -> None:
    assert rulecheck.rules_broken(full.facts) == []


def test_goals_are_met_in_every_year(full: Case) -> None:
    assert rulecheck.goals_told_wrongly(full.facts, full.outcome.record["goals"]) == []


def test_coverage_csv_holds_every_year(full: Case) -> None:
    assert rulecheck.coverage_told_wrongly(full.facts, jinan.read_rows(full.outcome.folder / "coverage.csv")) == []


def test_people_are_shared_out_within_reach_and_capacity(full: Case) -> None:
    assert full.studied.served is not None
    served = [{str(key): value for key, value in row.items()} for row in full.studied.served.to_dict("records")]
    assert rulecheck.shared_out_wrongly(full.facts, served) == []
    told = {goal["year"]: goal["reached_plan"] for goal in full.outcome.record["goals"] if goal["id"] == "rural-people"}
    assert told == {year: sum(row["people"] for row in served if row["year"] == year) for year in YEARS}


def test_the_rules_are_no_dead_letters(full: Case) -> None:
    """What they speak of is built, and there is no more money or room than the plan needs."""
    facts = full.facts
    assert {row["type"] for row in facts.opened} == {"gig_station", "e_station"}
    assert {row["size"] for row in facts.opened} == {None, "标准", "大"}
    assert {row["year"] for row in facts.opened} == set(YEARS)
    assert any(row["at_existing"] for row in facts.opened)
    assert len(facts.opened) >= 0.9 * facts.siting["max_sites"]
    assert all(spent >= 0.9 * most for _, spent, most in rulecheck.spendings(facts))
    in_reach = rulecheck.goals_in(facts)["rural-people", "", YEARS[-1]].reached
    assert rulecheck.most_served(facts, YEARS[-1]) < in_reach


# --- What can't be kept --------------------------------------------------------------------------------------


def conflict_in(instance: Instance) -> set[str]:
    """Names of the smallest conflict."""
    found = smallest_conflict(instance, deadline=time.monotonic() + 120)
    assert found.proven
    return set(found.names)


def test_a_goal_beyond_reach_is_named_alone(full: Case) -> None:
    """Whatever opens, 0.92 of the people of this district are the most that can be reached."""
    instance, label = full.studied.instance, "urban-shizhong:市中区@2027"
    goals = [replace(g, needed=g.whole * 95 // 100) if g.label == label else g for g in instance.goals]
    assert conflict_in(replace(instance, goals=tuple(goals))) == {f"goal:{label}"}


def test_counts_that_exclude_each_other_are_named(full: Case) -> None:
    """No district may have more than four, and this one must have six."""
    instance, count = full.studied.instance, "gig-tianqiao:天桥区"
    minimum = np.where(np.array(instance.rules.names) == count, 6, instance.rules.minimum)
    asked = replace(instance, rules=replace(instance.rules, minimum=minimum))
    assert conflict_in(asked) == {count, "gig-per-district:天桥区"}
