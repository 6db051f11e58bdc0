"""The frontier: against brute force point by point, and what the verb writes."""

from __future__ import annotations

import csv
import dataclasses
import json
import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from brute import Case, Column, People, Row, Rule, choices, cost_of, instance_of, whole_numbers
from drawn import QUICK, cases
from planner import recount
from planner.cli import app
from planner.frontier import frontier
from runs import RUN
from test_results import fingerprint
from town import SCENARIO, write_town

if TYPE_CHECKING:
    from pathlib import Path

    from planner.frontier import Frontier


def counted(case: Case, *, under: bool) -> list[int]:
    """Rows of the last year: those under capacity, or the others."""
    last = max((c.year for c in case.columns), default=0)
    years = sorted({c.year for c in case.columns}) or [0]
    a_year = len(case.rows) // len(years)
    place = years.index(last)
    return [r for r in range(place * a_year, (place + 1) * a_year) if (r in (case.shared or ())) == under]


def asked_of(case: Case, rows: list[int]) -> Case:
    """The same problem whose one goal, met by anything, counts the people of the frontier."""
    return dataclasses.replace(
        case,
        goals=(People(tuple(rows), tuple(case.rows[r].people for r in rows), 0),),
        communities=(),
        points=None,
    )


def worth(case: Case) -> tuple[list[tuple[int, int]], int]:
    """Cost and people of every lawful choice; people covered today."""
    found, today = [], 0
    for choice in choices(case):
        people = max(reached[0] for reached in choice.reached)
        today = people if choice.chosen == () else today
        if choice.lawful:
            found.append((cost_of(case, choice.chosen), people))
    return found, today


def solved(case: Case, rows: list[int], **options: Any) -> Frontier:
    weight = np.zeros(len(case.rows), dtype=np.int64)
    weight[rows] = [case.rows[r].people for r in rows]
    return frontier(instance_of(case), weight, **options)


def check_points(case: Case, found: Frontier, lawful: list[tuple[int, int]]) -> None:
    """Budgets run evenly over the whole range, and what each point says of its plan is so."""
    budgets = [point.budget_yuan for point in found.points]
    assert budgets == sorted(set(budgets))
    assert budgets[0] == min(cost for cost, _ in lawful)
    instance = instance_of(case)
    before: set[int] = set()
    for point in found.points:
        assert point.cost_yuan == cost_of(case, point.chosen) <= point.budget_yuan
        assert recount.rules_broken(instance, whole_numbers(point.chosen)) == ()
        assert point.newly == point.people - found.today
        assert point.options == tuple(sorted({int(instance.option[k]) for k in point.chosen}))
        assert set(point.added) == set(point.options) - before
        before = set(point.options)
    for less, more in zip(found.points, found.points[1:], strict=False):
        assert less.people <= more.people


@settings(QUICK, max_examples=70)
@given(cases(most=7), st.booleans(), st.sampled_from([2, 3, 5, 9]))
def test_every_point_is_the_best_of_all_choices_within_its_budget(case: Case, under: bool, steps: int) -> None:  # noqa: FBT001
    rows = counted(case, under=under)
    found = solved(case, rows, steps=steps, gap=0)
    lawful, today = worth(asked_of(case, rows))
    assert (found.whole, found.today) == (sum(case.rows[r].people for r in rows), today)
    if not lawful:
        assert (found.status, found.points) == ("infeasible", ())
        return
    check_points(case, found, lawful)
    assert found.status == "optimal"
    most = max(people for _, people in lawful)
    assert found.points[-1].budget_yuan == min(cost for cost, people in lawful if people == most)
    for point in found.points:
        best = max(people for cost, people in lawful if cost <= point.budget_yuan)
        assert (point.people, point.most, point.gap, point.status) == (best, best, 0.0, "optimal")
        assert point.cost_yuan == min(cost for cost, people in lawful if people >= best)


@settings(QUICK, max_examples=80)
@given(cases(most=7), st.sampled_from([0.05, 0.3, 0.9]))
def test_a_gap_that_is_allowed_is_an_honest_gap(case: Case, gap: float) -> None:
    rows = counted(case, under=False)
    found = solved(case, rows, steps=5, gap=gap)
    lawful, today = worth(asked_of(case, rows))
    if not lawful:
        return
    check_points(case, found, lawful)
    for point in found.points:
        best = max(people for cost, people in lawful if cost <= point.budget_yuan)
        cheapest = min(cost for cost, people in lawful if people >= point.people)
        assert point.people <= best <= point.most
        assert best - point.people <= gap * (best - today) + 1e-6
        assert point.gap == pytest.approx((point.most - point.people) / max(1, point.most - today))
        assert point.cost_yuan - cheapest <= point.cost_gap * point.cost_yuan + 1e-6
        assert point.cost_gap <= gap + 1e-9


# --- By hand -------------------------------------------------------------------------------------------------


def plain(*sites: tuple[int, int], rules: tuple[Rule, ...] = ()) -> Case:
    """Sites of some cost that each alone cover a row of some people."""
    columns = tuple(Column(f"s{k}", cost=cost, price=cost) for k, (cost, _) in enumerate(sites))
    return Case(columns, tuple(Row(people, frozenset({k})) for k, (_, people) in enumerate(sites)), rules=rules)


def test_budgets_run_evenly_to_the_least_cost_of_all_that_can_be_covered() -> None:
    case = plain((10, 100), (10, 50), (20, 30), (7, 0))
    found = solved(case, [0, 1, 2, 3], steps=5, gap=0)
    assert (found.status, found.whole, found.today) == ("optimal", 180, 0)
    assert [(p.budget_yuan, p.cost_yuan, p.people, p.options, p.added) for p in found.points] == [
        (0, 0, 0, (), ()),
        (10, 10, 100, (0,), (0,)),
        (20, 20, 150, (0, 1), (1,)),
        (30, 20, 150, (0, 1), ()),
        (40, 40, 180, (0, 1, 2), (2,)),
    ]


def test_what_rules_ask_for_is_where_the_budgets_begin() -> None:
    case = plain((10, 100), (50, 1), rules=(Rule(((1, 1),), 1, None, "rules.force_open:s1"),))
    found = solved(case, [0, 1], steps=2)
    assert [(p.budget_yuan, p.options) for p in found.points] == [(50, (1,)), (60, (0, 1))]


def test_where_nothing_can_be_bought_there_is_one_point() -> None:
    assert [p.options for p in solved(plain((10, 0)), [0]).points] == [()]
    assert solved(plain(), []).points[0].people == 0


def test_points_that_the_time_cuts_short_are_honest() -> None:
    """No time at all: whatever is found is lawful, within its budget, and its bound holds."""
    rng = np.random.default_rng(5)
    reach = rng.random((120, 30)) < 0.1
    columns = tuple(Column(f"s{k}", cost=int(c)) for k, c in enumerate(rng.integers(50, 99, 30)))
    rows = tuple(
        Row(int(p), frozenset(np.flatnonzero(r).tolist())) for p, r in zip(rng.integers(1, 99, 120), reach, strict=True)
    )
    case = Case(columns, rows)
    exact, hasty = (solved(case, list(range(120)), gap=0, time_limit_s=limit) for limit in (60, 0.001))
    assert exact.status == "optimal"
    best = [(p.cost_yuan, p.people) for p in exact.points]
    for point in hasty.points:
        assert point.cost_yuan <= point.budget_yuan
        assert point.people <= point.most
        assert point.most >= max(people for cost, people in best if cost <= point.budget_yuan)


# --- The verb ------------------------------------------------------------------------------------------------

FILES = {"frontier.csv", "frontier_sites.csv", "frontier.svg", "frontier.json"}
ENGLISH = SCENARIO.replace("data_date", 'language = "en"\ndata_date', 1)


def planner(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)


def written(scenario: Path, *arguments: object) -> tuple[Path, dict[str, Any]]:
    """Run the verb; its folder and its record."""
    result = planner("frontier", scenario, "--out", scenario.parent / "out", *arguments)
    assert result.exit_code == 0, result.output
    folder = scenario.parent / "out" / "town-frontier"
    assert {path.name for path in folder.iterdir()} == FILES
    return folder, json.loads((folder / "frontier.json").read_text(encoding="utf-8"))


def rows_in(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def check_steps(record: dict[str, Any], table: list[dict[str, str]]) -> None:
    """Every step says what it costs and brings beyond the point before, the first one beyond today."""
    people, cost = record["covered_today"], 0
    for row in table:
        more, step = int(row["people"]) - people, int(row["cost_yuan"]) - cost
        assert (int(row["step_newly"]), int(row["step_yuan"])) == (more, step)
        assert row["step_yuan_per_newly"] == (str(-(-step // more)) if more else "")
        people, cost = int(row["people"]), int(row["cost_yuan"])


def test_average_and_step_are_told_apart(tmp_path: Path) -> None:
    scenario = write_town(tmp_path)
    printed = planner("frontier", scenario, "--out", tmp_path / "out", "--steps", 4).stdout
    record = json.loads((tmp_path / "out" / "town-frontier" / "frontier.json").read_text(encoding="utf-8"))
    for point in record["points"]:
        assert (f"平均每人 {point['average_yuan_per_newly']} 元" in printed) == (point["newly"] > 0)
        assert (f"增加的这部分每人 {point['step_yuan_per_newly']} 元" in printed) == (point["step_newly"] > 0)
    unlike = [p for p in record["points"] if p["average_yuan_per_newly"] != p["step_yuan_per_newly"]]
    assert unlike
    svg = (tmp_path / "out" / "town-frontier" / "frontier.svg").read_text(encoding="utf-8")
    assert "今天 " in svg


def test_the_verb_writes_points_sites_and_a_picture(tmp_path: Path) -> None:
    folder, record = written(write_town(tmp_path), "--steps", 4)
    points, table = record["points"], rows_in(folder / "frontier.csv")
    assert [int(row["budget_yuan"]) for row in table] == [point["budget_yuan"] for point in points]
    assert points[0]["cost_yuan"] == 0
    assert points[0]["people"] == record["covered_today"]
    assert points[-1]["people"] == max(point["people"] for point in points)
    for point, row in zip(points, table, strict=True):
        assert point["cost_yuan"] == point["cost_once_yuan"] + 5 * point["cost_yearly_yuan"] <= point["budget_yuan"]
        assert int(row["share_permille"]) == point["people"] * 1000 // record["people"]
        assert row["sites"].split(";") == [site["site_id"] for site in point["sites"]] or not point["sites"]
        if point["newly"]:
            each = int(row["average_yuan_per_newly"])
            assert (each - 1) * point["newly"] < point["cost_yuan"] <= each * point["newly"]
    check_steps(record, table)
    sites = rows_in(folder / "frontier_sites.csv")
    assert len(sites) == sum(len(point["sites"]) for point in points)
    for site in sites:
        seen = [int(s["point"]) for s in sites if (s["site_id"], s["type"]) == (site["site_id"], site["type"])]
        assert int(site["first_point"]) == min(seen)
        assert (site["stays"] == "true") == (seen == list(range(min(seen), len(points) + 1)))
    svg = ET.parse(folder / "frontier.svg").getroot()  # noqa: S314  our own file
    text = " ".join(svg.itertext())
    assert "小镇方案" in text
    assert "2026-06-30" in text
    assert "© OpenStreetMap contributors" in text
    assert record["attribution"] == "© OpenStreetMap contributors"


def test_a_run_within_the_cost_of_a_point_covers_no_more_than_it(tmp_path: Path) -> None:
    """What the frontier says of its dearest plan is what a run with that goal finds."""
    scenario = write_town(tmp_path)
    _, record = written(scenario)
    share = record["points"][-1]["people"] / record["people"]
    write_town(tmp_path, SCENARIO.replace("share = 0.6", f"share = {share - 1e-9:.12f}"))
    assert planner(*RUN, scenario, "--out", tmp_path / "out").exit_code == 0
    run = json.loads((tmp_path / "out" / "town" / "run.json").read_text(encoding="utf-8"))
    assert run["standards"][0]["covered_plan"] == record["points"][-1]["people"]
    assert run["plan"]["cost_yuan"] == record["points"][-1]["cost_yuan"]


def test_two_times_give_the_same_bytes(tmp_path: Path) -> None:
    prints = []
    for name in ("a", "b"):
        scenario = write_town(tmp_path / name)
        written(scenario)
        prints.append(fingerprint(written(scenario)[0]))
    assert prints[0] == prints[1]


def test_english_prints_and_draws_no_chinese_but_names(tmp_path: Path) -> None:
    scenario = write_town(tmp_path, ENGLISH.replace("小镇方案", "Town"))
    output = planner("frontier", scenario, "--out", tmp_path / "out").stdout
    assert "Which first" in output
    assert not re.search("[\u4e00-\u9fff]", re.sub("候选.|老站|停站|就业e站", "", output))
    svg = (tmp_path / "out" / "town-frontier" / "frontier.svg").read_text(encoding="utf-8")
    assert not re.search("[\u4e00-\u9fff]", svg)


def test_json_is_the_record(tmp_path: Path) -> None:
    scenario = write_town(tmp_path)
    result = planner("frontier", scenario, "--out", tmp_path / "out", "--json")
    assert json.loads(result.stdout) == written(scenario)[1]


def test_names_are_data_in_the_picture(tmp_path: Path) -> None:
    title = "<script>alert(1)</script> & \\\" ' ]]> ${x}"
    folder, _ = written(write_town(tmp_path, SCENARIO.replace("小镇方案", title)))
    svg = ET.parse(folder / "frontier.svg").getroot()  # noqa: S314
    assert not [part for part in svg.iter() if part.tag.endswith("script")]
    assert "<script>alert(1)</script>" in "".join(svg.itertext())


def test_the_standard_is_named_or_taken_from_the_first_goal_on_people(tmp_path: Path) -> None:
    far = '\n[[standard]]\nid = "far"\nkm = 0.9\nserved_by = ["e_station"]\n'
    scenario = write_town(tmp_path, SCENARIO + far)
    assert written(scenario)[1]["standard"]["id"] == "walk-5"
    assert written(scenario, "--standard", "far")[1]["standard"]["id"] == "far"
    refused = planner("frontier", scenario, "--out", tmp_path / "none", "--standard", "farther")
    assert refused.exit_code == 2
    assert "farther" in refused.stderr
    assert not (tmp_path / "none").exists()
    aimless = write_town(tmp_path / "b", SCENARIO.split("[[goal]]")[0])
    assert planner("frontier", aimless, "--out", tmp_path / "none").exit_code == 2


def test_rules_that_cannot_be_kept_leave_no_points(tmp_path: Path) -> None:
    count = '\n[[count]]\nid = "many"\ntype = "e_station"\nmin = 99\n'
    result = planner("frontier", write_town(tmp_path, SCENARIO + count), "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert "没有方案能同时遵守全部规则" in result.stdout
    assert {p.name for p in (tmp_path / "out" / "town-frontier").iterdir()} == FILES - {"frontier.svg"}


# --- The same results side by side ---------------------------------------------------------------------------


def test_compare_names_communities_won_and_lost_and_the_frontier(tmp_path: Path) -> None:
    more = write_town(tmp_path / "a", SCENARIO.replace("share = 0.6", "share = 0.65"))
    less = write_town(tmp_path / "b", SCENARIO.replace('"town"', '"less"').replace("share = 0.6", "share = 0.2"))
    for scenario in (more, less):
        assert planner(*RUN, scenario, "--out", tmp_path / "out").exit_code == 0
    assert planner("frontier", more, "--out", tmp_path / "out").exit_code == 0
    result = planner("compare", more, less, "--out", tmp_path / "out")
    assert "少达标的社区" in result.stdout
    lost = rows_in(tmp_path / "out" / "compare" / "communities.csv")
    assert {row["change"] for row in lost} == {"lost"}
    assert sum(int(row["points"]) for row in lost) == 4 * len(lost)  # every community of the town has four points
    table = rows_in(tmp_path / "out" / "compare" / "compare.csv")
    first, second = (int(row["communities_covered"]) for row in table)
    assert len(lost) == first - second > 0
    assert [bool(row["frontier_people"]) for row in table] == [True, False]
    assert "前沿上" in result.stdout
    turned = planner("compare", less, more, "--out", tmp_path / "out")
    assert "多达标的社区" in turned.stdout
    found = json.loads(planner("compare", less, more, "--out", tmp_path / "out", "--json").stdout)
    assert [row["unit_id"] for row in found["communities"]] == [row["unit_id"] for row in lost]
    assert len(found["results"]) == 2


def test_a_result_without_its_tables_cannot_be_compared(tmp_path: Path) -> None:
    scenario = write_town(tmp_path)
    assert planner(*RUN, scenario, "--out", tmp_path / "out").exit_code == 0
    (tmp_path / "out" / "town" / "coverage.csv").unlink()
    assert planner("compare", scenario, "--out", tmp_path / "out").exit_code == 0
    assert planner("compare", scenario, scenario, "--out", tmp_path / "out").exit_code == 2
