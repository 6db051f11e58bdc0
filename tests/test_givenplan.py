"""A plan that a scenario gives: measured as it stands, told as given, whatever goals and rules it misses."""

from __future__ import annotations

import csv
import json
import re
import tomllib
import zipfile
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brute import (
    Case,
    broken,
    choices,
    instance_of,
    objective_of,
    opened_by,
    reached_by,
    served_in,
    short_of,
    whole_numbers,
)
from drawn import QUICK, cases
from planner import checking, conversion, optimize, pipeline, recount, study, verify
from planner.comparelines import status_text, warning_lines
from planner.comparison import Result, compared
from planner.errors import PlannerError
from planner.figures import status_of
from planner.given import measure
from planner.inputs import Inputs, read
from planner.proposal import proposal
from planner.scenario import load
from planner.schema import BuildSection, asks_a_plan
from planner.sitepages import site_pages
from planner.summary import run_lines
from planner.trend import missing_lines
from planner.wordfile import write_docx
from planner.words import sentences
from runs import run_scenario
from town import SCENARIO, write_town

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from planner.blocks import Document
    from planner.pipeline import Outcome

Facility = tuple[str, str]

YEARS = """
[[phase]]
year = 2026
shares = { people = 0.2 }

[[phase]]
year = 2027
shares = { people = 0.6 }
"""

SIZES = """
[[size]]
type = "e_station"
size = "小"
capacity_people = 90

[[size]]
type = "e_station"
size = "大"
capacity_people = 400
extra_once_yuan = 9_000

[siting]
capacity_standard = "walk-5"
"""

MOST = '\n[siting]\nobjective = "max_coverage"\nstandard = "walk-5"\nbudget_yuan = 900_000\n'

KIOSK = "\n[rules]\ntypes_per_site = 2\n" + '\n[[count]]\nid = "kiosks"\ntype = "e_station"\nmin = 7\n'

HARD = """
[[count]]
id = "none"
type = "e_station"
max = 0
each = "district"

[siting]
budget_yuan = 1_000
budget_once_yuan = 1_000
budget_yearly_yuan = 1_000
max_sites = 1
alternatives = 2

[rules]
force_closed = ["C1"]
force_open = ["C2"]
spacing = [{ type = "e_station", m = 5_000 }]
near_people = [{ type = "e_station", people = 100_000, within_m = 10 }]
"""
"""Rules that no plan with C1 and a kiosk in E1 keeps."""

BROKEN = [
    "none:东区", "none:西区", "rules.force_closed:C1", "rules.force_open:C2", "siting.max_sites",
    "siting.budget_once_yuan", "siting.budget_yearly_yuan", "rules.spacing:e_station", "rules.near_people",
    "siting.budget_yuan",
]  # fmt: skip
"""What it breaks."""

BESIDE = ("given", "bound", "gap", "certified_bound", "certified_gap", "ties_broken", "status", "opened")
"""Of a plan's record, what speaks of how it was found; `opened` holds runners-up."""

CLAIMS = re.compile(
    "最优|最省|最少|最低|最好|最多还能|已证明|未证明|差距|优化模型统一|求到|proven|optimal|cheapest|best|least|gap",
    re.IGNORECASE,
)
"""Words that set a plan above others."""

SET_ASIDE = re.compile("三、差距|现状和差距|差距不作|at least|不是寻优所得", re.IGNORECASE)
"""Where such words say nothing of the plan."""


def quiet(_: str) -> None:
    """Show nothing."""


def lines_of(opened: Iterable[Mapping[str, Any]]) -> str:
    """A plan of run.json as entries of a scenario."""
    keys = {"site": "site_id", "type": "type", "size": "size", "year": "year"}
    rows = [{key: row.get(name) or "" for key, name in keys.items()} for row in opened]
    return "".join("\n[[build]]\n" + "".join(f"{k} = {json.dumps(v)}\n" for k, v in row.items() if v) for row in rows)


def built(*facilities: Facility) -> str:
    """Facilities without size and year."""
    return lines_of({"site_id": site, "type": kind} for site, kind in facilities)


SHORT = built(("C1", "e_station"), ("E1", "e_station"))


def run(folder: Path, text: str = SCENARIO) -> Outcome:
    """Run the town with more in its scenario."""
    return run_scenario(write_town(folder / "town", text), folder / "out")


def rows(outcome: Outcome, name: str) -> list[dict[str, str]]:
    """Rows of a table of a result."""
    with (outcome.folder / name).open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


# --- the same plan again -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [YEARS + SIZES, MOST + KIOSK], ids=["years-capacity", "most-kiosks"])
def test_the_plan_of_a_run_given_again_has_its_figures_costs_and_objective(more: str, tmp_path: Path) -> None:
    sought = run(tmp_path / "sought", SCENARIO + more)
    plan = sought.record["plan"]
    assert plan["opened"]
    assert (plan["given"], plan["rules_broken"], plan["rules_broken_words"]) == (False, [], [])
    again = run(tmp_path / "again", SCENARIO + lines_of(plan["opened"]) + more)
    told = again.record["plan"]
    assert (again.exit_code, told["status"], told["best_effort"]) == (0, "optimal", False)
    assert (told["given"], told["rules_broken"]) == (True, [])
    assert [told[key] for key in ("bound", "gap", "certified_gap")] == [None] * 3
    proven = json.loads((again.folder / "certificate.json").read_text(encoding="utf-8"))
    assert proven["bound"] == told["certified_bound"] == plan["certified_bound"]
    assert {key: told[key] for key in plan if key not in BESIDE} == {k: v for k, v in plan.items() if k not in BESIDE}
    for name in ("standards", "goals", "sites", "demand", "effect", "roads", "parameters"):
        assert again.record[name] == sought.record[name]
    keys = ("site_id", "type", "size", "year", "cost_once_yuan", "cost_yearly_yuan", "people", "newly_covered")
    for key in (*keys, "only_people", "lost_people"):
        assert [row[key] for row in told["opened"]] == [row[key] for row in plan["opened"]]
    assert rows(again, "coverage.csv") == rows(sought, "coverage.csv")
    assert verify.verify(again.folder, quiet)["differences"] == []


# --- any plan ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """The town in two years, read once."""
    return read(write_town(tmp_path_factory.mktemp("any"), SCENARIO + YEARS), quiet)


def given_to(inputs: Inputs, entries: Iterable[tuple[str, str, int | None]]) -> Inputs:
    """The same scenario with a plan."""
    plan = tuple(BuildSection(site=site, type=kind, year=year) for site, kind, year in entries)
    return replace(inputs, scenario=inputs.scenario.model_copy(update={"build": plan}))


OFFERS = [*(f"C{n}" for n in range(1, 7)), "E1"]


@settings(QUICK, max_examples=4)
@given(st.dictionaries(st.sampled_from(OFFERS), st.sampled_from([2026, 2027])))
def test_any_plan_is_measured_as_its_sites_reach(town: Inputs, plan: dict[str, int]) -> None:
    found = study.study(given_to(town, [(site, "e_station", year) for site, year in plan.items()]), quiet)
    people = town.demand.frame.set_index("demand_id")["people"].to_dict()
    pairs = found.reach["walk-5"].pairs
    new = town.options[town.options["state"] == "new"]
    price = dict(zip(new["site_id"], zip(new["cost_once_yuan"], new["cost_yearly_yuan"], strict=True), strict=True))
    cost, met = 0, []
    for year in (2026, 2027):
        standing = {"E1"} | {site for site, opens in plan.items() if opens <= year}
        within = set(pairs.loc[pairs["site_id"].isin(standing), "demand_id"])
        judged = found.coverage.query("state == 'plan' and year == @year and covered")
        assert set(judged["demand_id"]) == within
        met.append(sum(people[point] for point in within))
    for site, opens in plan.items():
        once, yearly = price[site]
        cost += int(once + yearly * (2031 - opens))
    assert recount.cost_of(found.instance, whole_numbers(found.plan.chosen)) == found.plan.objective == cost
    assert sorted(zip(found.opened["site_id"], found.opened["year"], strict=True)) == sorted(plan.items())
    whole = sum(people.values())
    good = met[0] * 5 >= whole and met[1] * 5 >= whole * 3
    assert (found.plan.status, found.plan.best_effort) == (("optimal", False) if good else ("infeasible", True))


@settings(QUICK, max_examples=80)
@given(st.one_of(cases(most=6), cases(most=6, always=["capacity", "goals"]), cases(most=6, tight=True)), st.data())
def test_any_choice_is_measured_as_brute_force_measures_it(case: Case, data: st.DataObject) -> None:
    instance, choice = instance_of(case), data.draw(st.sampled_from([*choices(case)]))
    plan = measure(instance, whole_numbers(choice.chosen))
    assert plan.chosen == tuple(sorted(choice.chosen))
    assert (plan.bound, plan.gap, plan.multipliers) == (None, None, None)
    served = served_in(case, plan)
    reached = reached_by(case, opened_by(case, plan.chosen), served)
    assert plan.objective == objective_of(case, plan.chosen, served)
    met = [value for value, got in zip(choice.objective, choice.reached, strict=True) if not any(short_of(case, got))]
    unlawful = bool(broken(case, plan.chosen))
    assert plan.best_effort == (unlawful or not met)
    assert plan.status == ("infeasible" if unlawful or not met else "optimal")
    if met:
        assert plan.objective == min(met)
    else:
        assert missed(case, reached) == min(missed(case, got) for got in choice.reached)


def missed(case: Case, reached: Sequence[int]) -> Fraction:
    """The parts of what the goals ask that are missing, added up in the millionths by which they are weighed."""
    pairs = zip(short_of(case, reached), case.asked, strict=True)
    return sum((Fraction(short * max(1, 1_000_000 // max(1, goal.needed))) for short, goal in pairs), Fraction(0))


@settings(QUICK, max_examples=25)
@given(cases(most=6, always=["capacity", "goals"]))
def test_a_plan_that_was_found_is_measured_to_the_same_objective(case: Case) -> None:
    instance = instance_of(case)
    found = optimize.solve(instance)
    if found.status == "optimal":
        again = measure(instance, whole_numbers(found.chosen))
        assert (again.status, again.objective) == ("optimal", found.objective)
        assert served_in(case, again) == served_in(case, found)


# --- goals and rules that it misses ------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def hard(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """A plan that breaks every rule, with all documents."""
    folder = tmp_path_factory.mktemp("hard")
    return pipeline.run(write_town(folder / "town", SCENARIO + SHORT + HARD), folder / "out")


def test_rules_broken_are_named_and_change_no_figure(hard: Outcome, tmp_path: Path) -> None:
    free = run(tmp_path, SCENARIO + SHORT)
    plan = hard.record["plan"]
    assert (hard.exit_code, plan["status"], plan["best_effort"]) == (3, "infeasible", True)
    assert sorted(plan["rules_broken"]) == sorted(BROKEN)
    assert len(plan["rules_broken_words"]) == len(BROKEN)
    assert (plan["conflict"], plan["least_budget_yuan"], plan["alternatives"]) == ([], None, [])
    assert (free.exit_code, free.record["plan"]["rules_broken"]) == (3, [])
    for name in ("standards", "goals"):
        assert hard.record[name] == free.record[name]
    for key in ("cost_yuan", "cost_once_yuan", "objective", "by_funding", "estimated_yuan"):
        assert plan[key] == free.record["plan"][key]
    assert [row["site_id"] for row in plan["opened"]] == ["C1", "E1"]
    assert all(goal["most_reachable"] is None for goal in hard.record["goals"])


def test_verify_knows_the_rules_that_are_told(hard: Outcome) -> None:
    assert verify.verify(hard.folder, quiet)["differences"] == []


def test_verify_finds_a_plan_that_is_not_the_one_given(tmp_path: Path) -> None:
    outcome = run(tmp_path, SCENARIO + SHORT + HARD)
    path = outcome.folder / "run.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    told = {**record["plan"], "status": "optimal", "gap": 0.0, "rules_broken": [*BROKEN[1:], "rules.types_per_site:C1"]}
    path.write_text(json.dumps({**record, "plan": told}, ensure_ascii=False), encoding="utf-8")
    scenario = outcome.folder / "scenario.toml"
    text = scenario.read_text(encoding="utf-8")
    assert 'site = "E1"' in text
    scenario.write_text(text.replace('site = "E1"', 'site = "C3"'), encoding="utf-8")
    wrong = {(one["file"], one["row"], one["column"]) for one in verify.verify(outcome.folder, quiet)["differences"]}
    assert {
        ("scenario.toml build", "C3 e_station 2026", ""),
        ("scenario.toml build", "E1 e_station 2026", ""),
        ("run.json plan.rules_broken", "none:东区", ""),
        ("run.json plan.rules_broken", "rules.types_per_site:C1", ""),
        ("run.json", "plan", "status"),
        ("run.json", "plan", "gap"),
    } <= wrong


def test_rules_of_years_sources_and_sites_have_one_name_here_and_in_verify(tmp_path: Path) -> None:
    text = YEARS.replace("year = 2027\n", 'year = 2027\nbudget_yuan = 1\nbudgets = { "财政" = 1 }\n')
    text += '\n[siting]\nbudgets = { "财政" = 2 }\n[[count]]\nid = "few"\ntype = "station"\nmin = 9\n'
    both = [("C1", "e_station"), ("C2", "e_station"), ("C1", "station")]
    plan = lines_of({"site_id": site, "type": kind, "year": 2027} for site, kind in both)
    built_too = SCENARIO.replace("build = false", "cost_once_yuan = 1\ncost_yearly_yuan = 1")
    path = write_town(tmp_path / "town", built_too + plan + text)
    sites = path.with_name("sites.csv")
    head, *lines = sites.read_text(encoding="utf-8").replace("e_station,cand", "e_station;station,cand").splitlines()
    sites.write_text("\n".join([f"{head},funding", *(f"{line},财政" for line in lines)]) + "\n", encoding="utf-8")
    outcome = run_scenario(path, tmp_path / "out")
    told = {
        "phase.budget_yuan:2027",
        "phase.budgets:2027:财政",
        "siting.budgets:财政",
        "rules.types_per_site:C1",
        "few",
    }
    assert set(outcome.record["plan"]["rules_broken"]) == told
    assert verify.verify(outcome.folder, quiet)["differences"] == []


# --- what is written ---------------------------------------------------------------------------------------------


def words_of(folder: Path, name: str) -> list[str]:
    """Sentences of a document."""
    text = zipfile.ZipFile(folder / name).read("word/document.xml").decode()
    return [part for part in re.split("<[^>]+>", text) if part.strip()]


def printed(document: Document, folder: Path) -> list[str]:
    """Sentences of a document that is not written with the result, for it takes maps."""
    write_docx(folder / "document.docx", document)
    return words_of(folder, "document.docx")


def claims(lines: Iterable[str]) -> list[str]:
    """Sentences that set the plan above others."""
    return [line for line in lines if CLAIMS.search(SET_ASIDE.sub("", line))]


def page_words(outcome: Outcome) -> Mapping[str, Any]:
    """The plan's record in the map page."""
    page = (outcome.folder / "map.html").read_text(encoding="utf-8")
    found = re.search(r'"plan": ?(\{"status".*?\})[,}]', page)
    assert found
    plan: Mapping[str, Any] = json.loads(found[1])
    return plan


def test_documents_of_a_plan_that_falls_short_say_so_of_it_alone(hard: Outcome) -> None:
    told = [*words_of(hard.folder, "proposal.docx"), *words_of(hard.folder, "site_pages.docx")]
    assert claims(told) == []
    assert sum("方案为给定，不是寻优所得" in line for line in told) >= 5
    assert any("不是说没有方案能达到" in line for line in told)
    assert any("给定方案不符合下列规则" in line and "新增处数上限" in line for line in told)
    printed = [*run_lines(hard.record)]
    assert claims(printed) == []
    assert any("不是寻优所得" in line for line in printed)
    plan = page_words(hard)
    assert (plan["status"], plan["given"], plan["broken"]) == (
        "given_short", True, hard.record["plan"]["rules_broken_words"],
    )  # fmt: skip
    assert (hard.folder / "map.pdf").exists()


def test_documents_of_a_plan_that_meets_all_claim_nothing(tmp_path: Path) -> None:
    text = SCENARIO.replace("data_date", 'language = "en"\ndata_date').replace("share = 0.6", "share = 0.1")
    path = write_town(tmp_path / "town", text + built(("C1", "e_station")) + MOST)
    outcome = run_scenario(path, tmp_path / "out")
    told = [*printed(proposal(outcome.record, ()), tmp_path), *printed(site_pages(outcome.record, {}), tmp_path)]
    plan = outcome.record["plan"]
    assert (outcome.exit_code, plan["status"]) == (0, "optimal")
    assert claims([*told, *run_lines(outcome.record)]) == []
    assert sum("The plan is given, not sought" in line for line in told) >= 5
    assert page_words(outcome)["status"] == "given"
    assert plan["opened"][0]["runner_up_site_id"] == ""


@pytest.fixture(scope="session")
def sought(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The town with a plan that was sought."""
    return run(tmp_path_factory.mktemp("sought"))


def test_the_words_that_claim_are_found_where_a_plan_was_sought(sought: Outcome) -> None:
    assert claims(run_lines(sought.record))


def test_a_comparison_says_which_plan_was_given(hard: Outcome, sought: Outcome) -> None:
    results = [
        Result(number, str(one.folder), one.folder, one.record, stale=False)
        for number, one in enumerate((sought, hard), start=1)
    ]
    found = compared(results)
    assert found.table.groupby("result")["status"].first().tolist() == ["optimal", "given_short"]
    assert claims([status_text(results[1], "zh"), status_text(results[1], "en")]) == []
    assert any("方案2为给定" in line for line in warning_lines(found))


def test_a_status_is_told_as_it_stands_unless_the_plan_is_given() -> None:
    for status in ("optimal", "gap", "infeasible", "unknown", "none"):
        assert status_of({"status": status, "given": False}) == status_of({"status": status}) == status
    told = {status_of({"status": status, "given": True}) for status in ("optimal", "infeasible", "unknown")}
    assert told == {"given", "given_short", "given_unknown"}
    for status in told:
        for key in (f"map.status.{status}", f"compare.status.{status}", f"compare.warning.{status}"):
            assert key in sentences()
            assert claims(sentences()[key].values()) == []
    assert {f"{part}.given_unknown" for part in ("summary", "proposal.verdict")} <= set(sentences())


@pytest.mark.parametrize("status", ["optimal", "infeasible"])
def test_an_audit_does_not_take_it_for_what_is_missing(status: str) -> None:
    year = {"year": 2026, "count": 2, "types": {"站": 2}, "cost_once_yuan": 1, "cost_yearly_yuan": 1, "estimated": 0}
    missing = {"status": status, "given": True, "years": [year, {**year, "estimated": 1}, {**year, "count": 0}]}
    told = [*missing_lines({**missing, "beyond": []}, [], {}, "zh")]
    assert len(told) == 4
    assert all("给定" in line for line in told)
    assert not any("达到全部目标还差" in line or "没有方案能" in line for line in told)


# --- the scenario file -------------------------------------------------------------------------------------------

WRONG = """
[[build]]
site = "C11"
type = "e_station"

[[build]]
site = "E2"
type = "e_station"

[[build]]
site = "C1"
type = "station"

[[build]]
site = "C2"
type = "e_station"
size = "大"

[[build]]
site = "C3"
type = "e_station"
year = 2030

[[build]]
site = "C4"
type = "e_station"

[[build]]
site = "C4"
type = "e_station"

[[build]]
site = "C5"
type = "nothing"
"""


def test_all_that_is_wrong_with_it_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    path = write_town(tmp_path, SCENARIO + WRONG)
    with pytest.raises(PlannerError) as caught:
        read(path, quiet)
    lines = path.read_text(encoding="utf-8").splitlines()
    told = {fault.code: lines[int(fault.row or 0) - 1] for fault in caught.value.faults}
    assert told == {
        "build_site": 'site = "C11"',
        "build_unusable": 'site = "E2"',
        "build_type": 'type = "station"',
        "build_size": 'size = "大"',
        "build_one_year": "year = 2030",
        "build_twice": 'site = "C4"',
        "unknown_name": 'type = "nothing"',
    }
    assert all(fault.file == str(path) for fault in caught.value.faults)
    record = checking.check(path, quiet).record
    assert len(record["faults"]) == len(caught.value.faults)


def test_years_must_be_those_of_the_phases(tmp_path: Path) -> None:
    plan = (
        '\n[[build]]\nsite = "C1"\ntype = "e_station"\n' + '\n[[build]]\nsite = "C2"\ntype = "e_station"\nyear = 2028\n'
    )
    faults = load(write_town(tmp_path, SCENARIO + plan + YEARS)).faults
    assert [fault.code for fault in faults] == ["build_no_year", "build_year"]
    assert faults[1].values["years"] == "2026 / 2027"


def test_a_type_may_be_named_by_its_name_and_a_year_of_the_data_be_written(tmp_path: Path) -> None:
    loaded = load(write_town(tmp_path, SCENARIO + built(("C1", "就业e站")).replace("type", "year = 2026\ntype")))
    assert loaded.faults == ()
    assert loaded.scenario is not None
    assert loaded.scenario.build == (BuildSection(site="C1", type="e_station", year=2026),)


def child(folder: Path, text: str) -> Path:
    """A scenario that extends the town's."""
    path = folder / "child.toml"
    path.write_text(f'name = "child"\ntitle = "子方案"\nextends = "scenario.toml"\n{text}', encoding="utf-8")
    return path


def test_the_list_of_a_child_replaces_its_parents(tmp_path: Path) -> None:
    write_town(tmp_path, SCENARIO + built(("C1", "e_station"), ("C2", "e_station")))
    for text, sites in (("", ["C1", "C2"]), (built(("C3", "e_station")), ["C3"]), ("build = []\n", [])):
        scenario = load(child(tmp_path, text)).scenario
        assert scenario is not None
        assert scenario.build is not None
        assert [entry.site for entry in scenario.build] == sites
        assert asks_a_plan(scenario)


def test_an_empty_list_is_a_plan_with_nothing_new(tmp_path: Path) -> None:
    text = SCENARIO.split("[[goal]]")[0]
    path = write_town(tmp_path / "town", text)
    assert (scenario := load(path).scenario) is not None
    assert not asks_a_plan(scenario)
    outcome = run_scenario(child(tmp_path / "town", "build = []\n"), tmp_path / "out")
    plan, standard = outcome.record["plan"], outcome.record["standards"][0]
    assert (outcome.exit_code, plan["status"], plan["opened"], plan["cost_yuan"]) == (0, "optimal", [], 0)
    assert standard["covered_plan"] == standard["covered_today"] > 0
    assert verify.verify(outcome.folder, quiet)["differences"] == []
    assert "build" in tomllib.loads((outcome.folder / "scenario.toml").read_text(encoding="utf-8"))
    told = printed(proposal(outcome.record, ()), tmp_path)
    assert any("给定方案不新增网点" in line for line in told)
    assert claims(told) == []


@pytest.mark.parametrize(
    "plan", ["build = []\n", SHORT, lines_of([{"site_id": "C1", "type": "e_station", "size": "大", "year": 2027}])]
)
def test_a_workbook_holds_it_without_loss(plan: str, tmp_path: Path) -> None:
    first = tmp_path / "a.toml"
    head, rest = SCENARIO.split("\n\n", 1)
    first.write_text(f"{head}\n{plan}\n{rest}" if plan.startswith("build") else SCENARIO + plan, encoding="utf-8")
    conversion.convert(first, tmp_path / "b.xlsx", "zh")
    conversion.convert(tmp_path / "b.xlsx", tmp_path / "c.toml", "zh")
    data = [tomllib.loads(path.read_text(encoding="utf-8")) for path in (first, tmp_path / "c.toml")]
    assert data[0] == data[1]
    assert data[0]["build"] == data[1]["build"]


def test_a_frontier_leaves_it_out_of_account_and_says_so(tmp_path: Path) -> None:
    path = write_town(tmp_path / "town", SCENARIO + SHORT)
    found = pipeline.frontier(path, tmp_path / "given", steps=2).record
    path = write_town(tmp_path / "town", SCENARIO)
    free = pipeline.frontier(path, tmp_path / "free", steps=2).record
    assert [point["people"] for point in found["points"]] == [point["people"] for point in free["points"]]
    assert (found["given"], free.get("given")) == (True, None)
    svg = (tmp_path / "given" / "town-frontier" / "frontier.svg").read_text(encoding="utf-8")
    assert "另行寻优" in svg
