"""Every rule at once on the sample: run as a planner would, then held against the tables by `rulecheck`.

Also the two other objectives on the sample, and for every kind of rule a town in which it can't be kept.
"""

from __future__ import annotations

import csv
import json
import tomllib
from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pytest

import rulecheck
from planner import network, outputs, pipeline, reaches, schema, study, verify
from planner.inputs import read
from rulecheck import Facts
from runs import run_scenario
from test_pipeline import figures
from town import SCENARIO, write_town

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from planner.pipeline import Outcome
    from planner.study import Study

ROOT = Path(__file__).parents[1]
BASELINE = ROOT / "scenarios" / "sample-baseline.toml"
CANDIDATES = ROOT / "data" / "coquimbo" / "candidates.csv"
FARTHEST_M = 5000
YEARS = (2026, 2027, 2028)


@dataclass(frozen=True, eq=False)
class Case:
    """One run, what it studied, and its tables read again without the planner."""

    outcome: Outcome
    studied: Study
    facts: Facts

    @property
    def plan(self) -> Mapping[str, Any]:
        """The plan as run.json tells it."""
        plan: Mapping[str, Any] = self.outcome.record["plan"]
        return plan


def rows_of(path: Path) -> list[dict[str, Any]]:
    """Rows of a CSV as texts."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def placed(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows with their WGS-84 degrees as numbers."""
    return [{**row, "lon": float(row["lon"]), "lat": float(row["lat"])} for row in rows]


def usable(row: Mapping[str, Any]) -> bool:
    """Whether a site of the sample stands open today, or is a candidate."""
    stands = row.get("operating", "") in {"", "正常"} and row.get("opened_on", "") <= "2026-06-30"
    return bool(row["status"] == "candidate" or (row["status"] == "existing" and stands))


def points(key: str, rows: Mapping[str, Mapping[str, Any]]) -> gpd.GeoDataFrame:
    """Table of points for the search of ways."""
    places = gpd.points_from_xy([row["lon"] for row in rows.values()], [row["lat"] for row in rows.values()])
    return gpd.GeoDataFrame({key: list(rows)}, geometry=places, crs=4326)


def reach_mm(roads_file: Path, demand: Mapping[str, Any], sites: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """demand_id -> site_id -> whole millimetres on foot, from the travel table."""
    roads = network.read_roads(roads_file, mode="walk")
    table = network.travel(roads, points("demand_id", demand), points("site_id", sites), cutoff_m=FARTHEST_M)
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for demand_id, site_id, metres in zip(table["demand_id"], table["site_id"], table["metres"], strict=True):
        found[demand_id][site_id] = round(metres * 1000)
    return found


def facts_of(outcome: Outcome) -> Facts:
    """Read what a result rests on, and what its plan opens."""
    scenario = tomllib.loads((outcome.folder / "scenario.toml").read_text(encoding="utf-8"), parse_float=Decimal)
    demand = {
        row["demand_id"]: row
        for table in scenario["demand"]["table"]
        for row in placed(rows_of(outcome.folder / table["file"]))
    }
    sites = {
        row["site_id"]: row
        for table in scenario["sites"]["table"]
        for row in placed(rows_of(outcome.folder / table["file"]))
        if usable(row)
    }
    reach = reach_mm(outcome.folder / "inputs" / "roads.osm.pbf", demand, sites)
    return Facts(scenario, demand, sites, reach, outcome.record["plan"]["opened"])


def watched(scenario: Path, out: Path) -> tuple[Outcome, Study]:
    """Run a scenario by its verb, and keep what was studied; service areas are for the eye, and are not drawn."""
    kept: list[Study] = []

    def keeping(*given: Any) -> Study:
        kept.append(study.study(*given))
        return kept[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "study", keeping)
        patch.setattr(outputs, "areas", lambda city, _standards, states: reaches.areas(city, (), states))
        outcome = run_scenario(scenario, out)
    return outcome, kept[0]


def run(scenario: Path, out: Path) -> Case:
    """Run a scenario of the sample, and read its tables again."""
    outcome, studied = watched(scenario, out)
    return Case(outcome, studied, facts_of(outcome))


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The shipped scenario with all rules."""
    return run(ROOT / "scenarios" / "sample-phases.toml", tmp_path_factory.mktemp("full"))


# --- The shipped scenario with every rule --------------------------------------------------------------------


def test_the_scenario_uses_every_rule(full: Case) -> None:
    assert rulecheck.kinds_unused(full.facts.scenario) == set()
    assert [phase["year"] for phase in full.facts.scenario["phase"]] == list(YEARS)
    # a rule that is new to the planner is new to the scenario as well
    rules, siting = schema.RulesSection.model_fields, schema.SitingSection.model_fields
    known = {f"rules.{name}" for name in rules} | {f"siting.{name}" for name in siting}
    assert known - rulecheck.KINDS == {"siting.standard", "siting.alternatives"}


def test_it_is_solved_to_the_stated_gap(full: Case) -> None:
    plan = full.plan
    assert full.outcome.exit_code == 0
    assert plan["status"] in {"optimal", "gap"}
    assert not plan["best_effort"]
    assert plan["bound"] <= plan["objective"]
    assert plan["gap"] == (plan["objective"] - plan["bound"]) / plan["objective"] <= full.facts.siting["gap"]
    assert plan["certified_bound"] <= plan["bound"]


def test_it_gives_its_golden_figures(full: Case) -> None:
    golden = json.loads((ROOT / "tests" / "golden" / "sample-phases.json").read_text(encoding="utf-8"))
    assert figures(dict(full.outcome.record)) == golden
    report = verify.verify(full.outcome.folder, lambda _step: None)
    assert report["differences"] == []
    assert [one["word"] for one in report["taken"]] == ["served"]


def test_no_rule_is_broken(full: Case) -> None:
    assert rulecheck.rules_broken(full.facts) == []


def test_money_is_what_the_options_cost(full: Case) -> None:
    facts, plan = full.facts, full.plan
    once, yearly = rulecheck.once_and_yearly(facts, facts.opened)
    assert (plan["cost_once_yuan"], plan["cost_yearly_yuan"]) == (once, yearly)
    assert plan["objective"] == plan["cost_yuan"] == rulecheck.horizon_yuan(facts, facts.opened)


def test_kiosks_sizes_and_markets_are_in_the_plan(full: Case) -> None:
    """The rules are no dead letters: what they speak of is built."""
    assert {row["type"] for row in full.facts.opened} == {"gig_station", "e_station", "gig_market"}
    assert {row["size"] for row in full.facts.opened} == {None, "标准", "大"}
    assert any(row["at_existing"] for row in full.facts.opened)
    assert {row["year"] for row in full.facts.opened} == set(YEARS)


def test_goals_are_met_in_every_year(full: Case) -> None:
    assert rulecheck.goals_told_wrongly(full.facts, full.outcome.record["goals"]) == []


def test_shares_grow_from_year_to_year(full: Case) -> None:
    found = rulecheck.goals_in(full.facts)
    for name, scope, year in found:
        if year != YEARS[-1]:
            assert found[name, scope, year].needed <= found[name, scope, year + 1].needed
            assert found[name, scope, year].reached <= found[name, scope, year + 1].reached


def test_people_are_shared_out_within_reach_and_capacity(full: Case) -> None:
    assert full.studied.served is not None
    served = [{str(key): value for key, value in row.items()} for row in full.studied.served.to_dict("records")]
    assert rulecheck.shared_out_wrongly(full.facts, served) == []
    for year in YEARS:
        record = next(g for g in full.outcome.record["goals"] if (g["id"], g["year"]) == ("rural-people", year))
        assert record["reached_plan"] == sum(row["people"] for row in served if row["year"] == year)
    # the capacity is no dead letter: not everybody within reach can be served
    assert (
        rulecheck.most_served(full.facts, YEARS[-1]) < rulecheck.goals_in(full.facts)["rural-people", "", 2028].reached
    )


def test_coverage_csv_holds_every_year(full: Case) -> None:
    """In every year exactly those are covered whom what is open by then reaches."""
    assert rulecheck.coverage_told_wrongly(full.facts, rows_of(full.outcome.folder / "coverage.csv")) == []


def test_nobody_loses_in_a_later_year(full: Case) -> None:
    for standard in full.facts.scenario["standard"]:
        serving = [rulecheck.serving_in(full.facts, standard, year) for year in YEARS]
        for before, after in pairwise(serving):
            assert all(set(facilities) <= set(after[key]) for key, facilities in before.items())


# --- The check itself ----------------------------------------------------------------------------------------


def changed(facts: Facts, site: str, **more: Any) -> Facts:
    """The same plan with something else said of one site."""
    return replace(facts, opened=[{**row, **more} if row["site_id"] == site else row for row in facts.opened])


def scenario_with(facts: Facts, section: str, **more: Any) -> Facts:
    """The same plan under another section of the scenario."""
    return replace(facts, scenario={**facts.scenario, section: {**facts.scenario[section], **more}})


def test_the_check_finds_what_is_wrong(full: Case) -> None:
    facts = full.facts
    first = facts.opened[0]
    site = first["site_id"]
    near = {"type": first["type"], "people": 10**6, "within_m": 500}
    # the plan stands, and a rule that it does not keep is put in place of the scenario's
    tampered = {
        "cost_once_yuan": changed(facts, site, cost_once_yuan=first["cost_once_yuan"] - 1),
        "not on offer": changed(facts, site, type="station"),
        "funding": changed(facts, site, funding="别处"),
        "twice": replace(facts, opened=[*facts.opened, first]),
        "rules.types_per_site": replace(facts, opened=[*facts.opened, first]),
        "rules.force_open": scenario_with(facts, "rules", force_open=["C80"]),
        "rules.force_closed": scenario_with(facts, "rules", force_closed=[site]),
        "rules.spacing": scenario_with(facts, "rules", spacing=[{"type": "e_station", "m": 5000}]),
        "rules.near_people": scenario_with(facts, "rules", near_people=[near]),
        "siting.max_sites": scenario_with(facts, "siting", max_sites=len(facts.opened) - 1),
        "siting.budget_yuan": scenario_with(facts, "siting", budget_yuan=full.plan["cost_yuan"] - 1),
        "siting.budget_once_yuan": scenario_with(facts, "siting", budget_once_yuan=full.plan["cost_once_yuan"] - 1),
        "siting.budget_yearly_yuan": scenario_with(
            facts, "siting", budget_yearly_yuan=full.plan["cost_yearly_yuan"] - 1
        ),
        "siting.budgets": scenario_with(facts, "siting", budgets={"共建单位": 0}),
        "phase.budget_yuan:2026": replace(facts, opened=[{**row, "year": 2026} for row in facts.opened]),
        "phase.budgets:2028": replace(facts, opened=[{**row, "year": 2028} for row in facts.opened]),
        "gig-per-district": replace(facts, opened=[row for row in facts.opened if row["type"] != "gig_station"]),
        "town-markets": replace(facts, opened=[row for row in facts.opened if row["type"] != "gig_market"]),
    }
    for name, wrong in tampered.items():
        assert any(name in broken for broken in rulecheck.rules_broken(wrong)), name


# --- The other objectives ------------------------------------------------------------------------------------

OTHER = """
name = "other"
title = "试算"
extends = "{baseline}"

[[sites.table]]
file = "{candidates}"
coordinates = "wgs84"

[[facility]]
type = "gig_station"
build = true

[[group]]
id = "graduates"
name = "未就业高校毕业生"
weight = 2.5

[rules]
spacing = [{{ type = "e_station", m = 1000 }}]

[siting]
{siting}
"""


def other(folder: Path, siting: str) -> Case:
    """Run the sample with another objective."""
    path = folder / "other.toml"
    text = OTHER.format(baseline=BASELINE.as_posix(), candidates=CANDIDATES.as_posix(), siting=siting)
    path.write_text(text, encoding="utf-8")
    return run(path, folder / "maps")


def weights(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Twice the weight of each row: a graduate counts for 2.5 people."""
    return {key: 2 * int(row["people"]) + 3 * int(row["people_graduates"]) for key, row in rows.items()}


def test_most_people_within_a_budget(tmp_path: Path) -> None:
    case = other(
        tmp_path, 'objective = "max_coverage"\nstandard = "urban-walk-15"\nbudget_yuan = 1_000_000\nmax_sites = 9'
    )
    assert rulecheck.rules_broken(case.facts) == []
    assert case.plan["status"] == "optimal"
    assert case.plan["certified_bound"] <= case.plan["bound"] == case.plan["objective"]
    standard = case.facts.scenario["standard"][0]
    serving = rulecheck.serving_in(case.facts, standard, 2026)
    weight = weights(case.facts.demand)
    left = sum(weight[key] for key, facilities in serving.items() if not facilities)
    assert Decimal(str(case.plan["objective"])) in {Decimal(left) / 2, Decimal(left)}
    assert rulecheck.horizon_yuan(case.facts, case.facts.opened) == case.plan["cost_yuan"] <= 1_000_000


def test_least_way_within_a_number_of_sites(tmp_path: Path) -> None:
    case = other(tmp_path, 'objective = "min_travel"\nstandard = "circle-3km"\nmax_sites = 6')
    assert rulecheck.rules_broken(case.facts) == []
    assert case.plan["status"] == "optimal"
    standard = case.facts.scenario["standard"][2]
    served_by = set(standard["served_by"])
    open_sites = {site for site, kind in case.facts.standing_in(2026) if kind in served_by}
    weight = weights(case.facts.demand)
    total = 0
    for key, people in weight.items():
        # a way beyond all that was measured is charged as that far; half a metre counts as one
        ways = [(mm + 500) // 1000 for site, mm in case.facts.reach_mm.get(key, {}).items() if site in open_sites]
        total += people * min([*ways, FARTHEST_M])
    assert Decimal(str(case.plan["objective"])) in {Decimal(total) / 2, Decimal(total)}


# --- What can't be kept --------------------------------------------------------------------------------------


def count(text: str) -> str:
    """One count of the town's only type to be built."""
    return f'\n[[count]]\nid = "count"\ntype = "e_station"\n{text}\n'


def siting(text: str) -> str:
    return f"\n[siting]\n{text}\n"


def rules(text: str) -> str:
    return f"\n[rules]\n{text}\n"


def years(first: str) -> str:
    """Two years, the goal in the first of which is the town's own."""
    return f"\n[[phase]]\nyear = 2026\n{first}\n\n[[phase]]\nyear = 2027\n"


ENOUGH = "share = 0.6"
"""A goal that five candidates reach; with all six 0.719 is the most."""

CONFLICTS: Mapping[str, tuple[str, str, set[str]]] = {
    # what nobody reaches, by each kind of goal
    "goal": ("share = 0.9", "", {"goal:people"}),
    "goal on communities": ('share = 1.0\nof = "communities"', "", {"goal:people"}),
    "goal of a district": ('share = 0.9\ndistrict = "东区"', "", {"goal:people:东区"}),
    "goal of each district": ('share = 0.75\neach = "district"', "", {"goal:people:东区"}),
    "goal of each town": ('share = 0.75\neach = "town"', "", {"goal:people:东区/东区镇"}),
    "goal with backup": ("share = 0.2\nbackup = true", "", {"goal:people"}),
    "goal of a group": (
        'share = 0.9\ngroup = "old"',
        '\n[[group]]\nid = "old"\nname = "老年人"\n',
        {"goal:people"},
    ),
    "goal of a year": (ENOUGH, years("shares = { people = 0.5 }") + "shares = { people = 0.9 }", {"goal:people@2027"}),
    # capacity never gives way
    "capacity": (ENOUGH, siting('capacity_standard = "walk-5"'), {"goal:people"}),
    "capacity of a size": (
        ENOUGH,
        '\n[[size]]\ntype = "e_station"\nsize = "小"\ncapacity_people = 10\n' + siting('capacity_standard = "walk-5"'),
        {"goal:people"},
    ),
    # how many
    "count at most": (ENOUGH, count("max = 4"), {"goal:people", "count"}),
    "count at most, new ones": (ENOUGH, count("max = 4\nnew_only = true"), {"goal:people", "count"}),
    "count at least": (ENOUGH, count("min = 8"), {"count"}),
    "count of a tier": (ENOUGH, count('tier = "town"\nmax = 4'), {"goal:people", "count"}),
    "count of a district": (ENOUGH, count('district = "东区"\nmax = 1'), {"goal:people", "count:东区"}),
    "counts that differ": (
        ENOUGH,
        count("min = 6") + siting("max_sites = 5"),
        {"count", "siting.max_sites"},
    ),
    "number of sites": (ENOUGH, siting("max_sites = 4"), {"goal:people", "siting.max_sites"}),
    # money
    "budget": (ENOUGH, siting("budget_yuan = 524_999"), {"goal:people", "siting.budget_yuan"}),
    "budget once": (ENOUGH, siting("budget_once_yuan = 60_000"), {"goal:people", "siting.budget_once_yuan"}),
    "budget yearly": (ENOUGH, siting("budget_yearly_yuan = 24_999"), {"goal:people", "siting.budget_yearly_yuan"}),
    "budget of a source": (
        ENOUGH,
        siting('budgets = { "地方财政" = 300_000 }'),
        {"goal:people", "siting.budgets:地方财政"},
    ),
    "budget of a year": (
        ENOUGH,
        years("budget_yuan = 300_000"),
        {"goal:people@2026", "phase.budget_yuan:2026"},
    ),
    "budget of a source in a year": (
        ENOUGH,
        years('budgets = { "地方财政" = 300_000 }'),
        {"goal:people@2026", "phase.budgets:2026:地方财政"},
    ),
    # where
    "forced and lonely": (
        ENOUGH,
        rules('force_open = ["C1"]\nnear_people = [{ type = "e_station", people = 10_000, within_m = 300 }]'),
        {"rules.force_open:C1", "rules.near_people"},
    ),
    "people near": (
        ENOUGH,
        rules('near_people = [{ type = "e_station", people = 10_000, within_m = 300 }]'),
        {"goal:people", "rules.near_people"},
    ),
    "spacing": (
        ENOUGH,
        rules('spacing = [{ type = "e_station", m = 1500 }]'),
        {"goal:people", "rules.spacing:e_station"},
    ),
    "forced too near each other": (
        ENOUGH,
        rules('force_open = ["C1", "C2"]\nspacing = [{ type = "e_station", m = 1500 }]'),
        {"rules.force_open:C1", "rules.force_open:C2", "rules.spacing:e_station"},
    ),
    "closed": ("share = 0.71", rules('force_closed = ["C4"]'), {"goal:people", "rules.force_closed:C4"}),
}
"""Name -> the town's goal, what is added to its scenario, and the smallest conflict; each has one only."""


def town_with(folder: Path, goal: str, more: str, types: str = "e_station") -> Path:
    """Write the town, with more said of its candidates, and ten old people at every point."""
    path = write_town(folder, SCENARIO.replace("share = 0.6", goal) + more)
    for name, columns, cells in (
        ("sites.csv", "funding,tier,capacity_people", "地方财政,town,50"),
        ("demand.csv", "people_old", "10"),
    ):
        head, *lines = (path.parent / name).read_text(encoding="utf-8").splitlines()
        text = "\n".join([f"{columns},{head}", *(f"{cells},{line}" for line in lines)])
        text = text.replace("e_station,candidate", f"{types},candidate")
        (path.parent / name).write_text(text + "\n", encoding="utf-8")
    return path


def studied_town(folder: Path, goal: str, more: str, types: str = "e_station") -> Study:
    """Study the town; nothing is written."""
    path = town_with(folder, goal, more, types)
    return study.study(read(path, lambda _step: None), lambda _step: None)


def conflict_of(studied: Study) -> set[str]:
    """Names that cannot hold together; that no fewer do is proven."""
    assert studied.plan.status == "infeasible"
    assert studied.conflict is not None
    assert studied.conflict.proven
    return set(studied.conflict.names)


def test_the_town_has_a_plan(tmp_path: Path) -> None:
    studied = studied_town(tmp_path, ENOUGH, years("budget_yuan = 999_999"))
    assert (studied.plan.status, studied.conflict, len(studied.opened)) == ("optimal", None, 5)


@pytest.mark.parametrize("name", CONFLICTS)
def test_what_cannot_hold_together_is_named(name: str, tmp_path: Path) -> None:
    goal, more, expected = CONFLICTS[name]
    assert conflict_of(studied_town(tmp_path, goal, more)) == expected


def test_a_conflict_ends_the_run_and_stands_in_run_json(tmp_path: Path) -> None:
    goal, more, expected = CONFLICTS["budget of a source in a year"]
    outcome = run_scenario(town_with(tmp_path / "in", goal, more), tmp_path / "maps")
    plan = outcome.record["plan"]
    assert (outcome.exit_code, plan["status"], plan["conflict_smallest"]) == (3, "infeasible", True)
    assert set(plan["conflict"]) == expected


def test_two_types_at_one_site_conflict_with_what_there_must_be_of_both(tmp_path: Path) -> None:
    """Every candidate is needed for both types: at whichever, one type is too many."""
    more = (
        '\n[[facility]]\ntype = "kiosk"\nname = "自助机"\ncost_once_yuan = 20_000\ncost_yearly_yuan = 1_000\n'
        '\n[[count]]\nid = "e"\ntype = "e_station"\nmin = 7\n\n[[count]]\nid = "k"\ntype = "kiosk"\nmin = 6\n'
    )
    *counts, one_site = sorted(conflict_of(studied_town(tmp_path / "one", ENOUGH, more, "kiosk;e_station")))
    assert counts == ["e", "k"]
    assert one_site in {f"rules.types_per_site:C{number}" for number in range(1, 7)}
    both = studied_town(tmp_path / "two", ENOUGH, more + rules("types_per_site = 2"), "kiosk;e_station")
    assert (both.plan.status, both.conflict) == ("optimal", None)
