"""What run.json says of a plan's effect: laws that tie it to other figures, a recount by hand, and planted edits."""

from __future__ import annotations

import copy
import csv
import math
import shutil
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from docx import Document

from planner import pipeline, reeffect, verify
from planner.leftout import REASONS
from planner.releft import reasons_of, seen_again
from planner.reresult import Result
from runs import run_scenario
from town import SCENARIO, demand_csv, place, sites_csv, write_town

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from planner.recomputed import Recomputed

TOWN = (
    SCENARIO.replace("cost_once_yuan = 80_000", "cost_once_yuan = 10_000").replace(
        "share = 0.6\n", 'share = 0.6\neach = "district"\n'
    )
    + """
[[facility]]
type = "mobile_point"
name = "流动服务点"
build = false

[[group]]
id = "grads"
name = "未就业毕业生"

[[build_cost]]
type = "e_station"
method = "改建"
cost_once_yuan = 70_000

[[standard]]
id = "crow"
km = 0.6
metric = "straight"
served_by = ["station", "e_station"]

[[standard]]
id = "kiosk"
km = 0.5
served_by = ["e_station"]

[[goal]]
id = "kiosks"
standard = "kiosk"
share = 0.7

[[goal]]
id = "units"
standard = "walk-5"
share = 0.5
of = "communities"

[[count]]
id = "each"
type = "e_station"
each = "district"
min = 2

[[phase]]
year = 2026
budget_yuan = 160_000
shares = { people = 0.2, kiosks = 0.2, units = 0.2 }

[[phase]]
year = 2028
shares = { people = 0.3, kiosks = 0.5, units = 0.4 }

[audit]
decides = ["walk-5", "crow"]
"""
)
COLUMNS = "site_id,name,type,status,operating,district,town,unit_id,host,owner,build_method,funding,hours,services,面积"
MORE = {
    "E1": ("000000000000", "", "市人社局", "", "地方财政", "08:30-17:30", "政策咨询", "80平方米"),
    "E2": ("000000000033", "", "", "", "", "", "", ""),
    "C1": ("", "商场", "商业公司", "专区", "共建单位", "", "求职登记", "35.5"),
    "C2": ("000000000013", "党群服务中心", "街道", "改建", "", "09:00-21:00", "", "约40"),
    "C3": ("", "商场", "商业公司", "改建", "地方财政", "", "", "60㎡"),
}
"""Community, host, owner, build method, funding, hours, services and area of some sites."""


def tables(folder: Path) -> None:
    """Give the town a group, a community that nobody can judge, a countryside, a mobile point, sites that say more."""
    rows = list(csv.reader(demand_csv().splitlines()))
    lines = [[*rows[0], "people_grads"]]
    for row in rows[1:]:
        setting = "rural" if row[2].endswith("30") else row[5]
        lines.append([*row[:5], setting, *row[6:], str(int(row[6]) // 7)])
    lines.append(["X1", "无址组", "999999999999", "东区镇", "东区", "urban", "40", "", "", "3"])
    (folder / "demand.csv").write_text("\n".join(map(",".join, lines)) + "\n", encoding="utf-8")
    sites = [f"{COLUMNS},cost_once_yuan,cost_yearly_yuan,lon,lat"]
    for row in csv.reader(sites_csv().splitlines()[1:]):
        cost = ("", row[8]) if row[0] == "C2" else row[7:9]
        sites.append(",".join([*row[:7], *MORE.get(row[0], [""] * 8), *cost, *row[9:]]))
    sites.append(",".join(["M1", "周末集市", "mobile_point", "existing", "正常", "东区", "", *[""] * 10, place(7, 7)]))
    (folder / "sites.csv").write_text("\n".join(sites) + "\n", encoding="utf-8")


@dataclass(frozen=True, eq=False)
class Case:
    """A result, its record, and what was recomputed from it."""

    folder: Path
    run: Mapping[str, Any]
    again: Recomputed

    @property
    def effect(self) -> Mapping[str, Any]:
        """What the record says of the effect."""
        found: Mapping[str, Any] = self.run["effect"]
        return found

    def wrong(self, run: Mapping[str, Any]) -> list[tuple[str, str, str]]:
        """Where a changed record differs from what was recomputed."""
        result = Result(self.folder)
        result.__dict__["run"] = run
        return [(one.file, one.row, one.column) for one in reeffect.effect_figures(self.again, result) if not one.same]


def case(folder: Path, scenario: str) -> Case:
    path = write_town(folder / "in", scenario)
    tables(folder / "in")
    out = run_scenario(path, folder / "out").folder
    return Case(out, Result(out).run, verify.recompute(Result(out), lambda _step: None))


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return case(tmp_path_factory.mktemp("town"), TOWN)


def figures(effect: Mapping[str, Any], **asked: str) -> list[Mapping[str, Any]]:
    """Figures of a record without variant and group, unless they are asked for."""
    keys = {"variant": "", "group": ""} | asked
    return [row for row in effect["figures"] if all(row[key] == value for key, value in keys.items())]


def city(effect: Mapping[str, Any], standard: str, state: str) -> Mapping[str, Any]:
    (row,) = figures(effect, level="city", standard=standard, state=state)
    return row


def rows_of(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


# --- laws --------------------------------------------------------------------------------------------------------


def test_the_town_has_what_the_laws_are_about(town: Case) -> None:
    effect, opened = town.effect, town.run["plan"]["opened"]
    assert len(opened) > 2
    assert {row["year"] for row in opened} == {2026, 2028}
    assert {row["at_existing"] for row in opened} == {True, False}
    assert effect["left"]["today"]["unassessable"] == 1
    assert effect["left"]["today"]["communities"] > effect["left"]["plan"]["communities"] > 0
    assert {row["state_plan"] for row in effect["communities"]} == {"met", "unmet", "unassessable"}
    assert effect["decides"] == ["walk-5", "crow"]


def test_figures_of_the_city_are_those_of_the_standards(town: Case) -> None:
    for standard in town.run["standards"]:
        for state in ("today", "plan"):
            row = city(town.effect, standard["id"], state)
            assert row["people"] == standard["people"]
            assert row["unjudged"] == standard["not_assessable"]
            assert row["assessable"] == standard["communities"]
            assert row["met"] == standard[f"communities_{state}"]
            assert row["covered"] == standard[f"covered_{state}"]


def test_districts_and_towns_add_up_to_the_city(town: Case) -> None:
    counts = ("communities", "assessable", "met", "unmet", "unassessable", "people", "covered", "unjudged")
    keys = ("standard", "state", "group")
    plain = [row for row in town.effect["figures"] if not row["variant"]]
    whole = {tuple(row[key] for key in keys): row for row in plain if row["level"] == "city"}
    assert {key[2] for key in whole} == {"", "grads"}
    for level in ("district", "town"):
        sums: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        for row in plain:
            if row["level"] == level:
                sums[tuple(row[key] for key in keys)].update({key: row[key] or 0 for key in counts})
        assert sums.keys() == whole.keys()
        for key, row in whole.items():
            assert {name: row[name] or 0 for name in counts} == {name: sums[key][name] for name in counts}
    assert {*town.effect["outlets"]["by_district"]} == {"东区", "西区"}
    for name in ("standing", "operating", "communities_without"):
        values = [row[name] for row in town.effect["outlets"]["by_district"].values()]
        total = town.effect["outlets"][name]
        assert total == sum(values) if None not in values else total is None


def test_every_row_of_figures_is_whole(town: Case) -> None:
    keys = [tuple(row[key] for key in ("level", "scope", "standard", "state", "variant", "group"))
            for row in town.effect["figures"]]  # fmt: skip
    assert len(keys) == len(set(keys))
    for row in town.effect["figures"]:
        if row["group"]:
            assert {row[key] for key in ("communities", "assessable", "met", "unmet", "rate_tenths")} == {None}
        else:
            assert row["met"] + row["unmet"] == row["assessable"]
            assert row["assessable"] + row["unassessable"] == row["communities"]
            assert row["rate_tenths"] == (row["met"] * 1000 // row["assessable"] if row["assessable"] else None)
        assert row["share_tenths"] == (row["covered"] * 1000 // row["people"] if row["people"] else None)
        assert not row["variant"] or (row["level"], row["state"], row["group"]) == ("city", "today", "")
    beside = {(row["standard"], row["variant"]) for row in town.effect["figures"] if row["variant"]}
    assert beside == {("walk-5", "straight"), ("kiosk", "straight"), ("crow", "road")}, (
        "two metrics decide together: none stands beside both"
    )


def test_changes_are_differences_of_printed_shares(town: Case) -> None:
    today = {(row["level"], row["scope"], row["standard"]): row for row in figures(town.effect, state="today")}
    plan = {(row["level"], row["scope"], row["standard"]): row for row in figures(town.effect, state="plan")}
    assert today.keys() == plan.keys()
    assert len(town.effect["change_tenths"]) == len(plan)
    for row in town.effect["change_tenths"]:
        key = (row["level"], row["scope"], row["standard"])
        for name in ("rate_tenths", "share_tenths"):
            pair = plan[key][name], today[key][name]
            assert row[name] == (None if None in pair else pair[0] - pair[1])
    assert any(row["rate_tenths"] for row in town.effect["change_tenths"])


def test_newly_covered_are_counted_once_under_all_that_means_them(town: Case) -> None:
    """Counted by hand from coverage.csv."""
    people = {row["demand_id"]: int(row["people"]) for row in rows_of(town.folder, "demand.csv")}
    covered: dict[str, dict[str, bool]] = {"today": {}, "plan": {}}
    judged: dict[str, set[str]] = {"today": set(), "plan": set()}
    for row in rows_of(town.folder, "coverage.csv"):
        if row["standard"] in town.effect["decides"] and (row["state"], row["year"]) != ("plan", "2026"):
            name, state = row["demand_id"], row["state"]
            covered[state][name] = covered[state].get(name, True) and row["covered"] == "true"
            judged[state] |= set() if row["reason"] == "not_assessable" else {name}
    for state in ("today", "plan"):
        total = city(town.effect, "", state)
        assert total["covered"] == sum(people[name] for name, inside in covered[state].items() if inside)
        assert total["people"] == sum(people[name] for name in judged[state])
    newly = sum(people[name] for name, inside in covered["plan"].items() if inside and not covered["today"][name])
    plan = town.run["plan"]
    assert newly > 0
    assert town.effect["newly"] == {
        "people": newly,
        "yuan_per_person": -(-plan["cost_once_yuan"] // newly),
        "cost_yuan_per_person": -(-plan["cost_yuan"] // newly),
    }
    assert newly == city(town.effect, "", "plan")["covered"] - city(town.effect, "", "today")["covered"]


def test_money_and_sites_add_up_to_the_plan(town: Case) -> None:
    effect, plan = town.effect, town.run["plan"]
    for key in ("cost_once_yuan", "cost_yearly_yuan"):
        assert sum(row[key] for row in effect["spending"]) == plan[key]
        for name, part in (("year", "by_year"), ("funding", "by_funding")):
            sums = Counter[str]()
            for row in effect["spending"]:
                sums[str(row[name])] += row[key]
            assert sums == {value: row[key] for value, row in plan[part].items()}
    assert sum(row["count"] for row in effect["spending"]) == len(plan["opened"])
    assert sum(row["estimated_count"] for row in effect["spending"]) == plan["estimated_count"]
    assert sum(row["count"] for row in effect["built"]) == len(plan["opened"])
    assert sum(row["at_existing"] for row in effect["built"]) == sum(row["at_existing"] for row in plan["opened"])
    hosts = Counter({row["site_id"]: row["host"] for row in plan["opened"] if row["host"]}.values())
    assert {row["host"]: row["count"] for row in effect["hosts"]} == hosts


def test_planned_sites_say_what_their_tables_say(town: Case) -> None:
    opened = town.run["plan"]["opened"]
    assert [row["number"] for row in opened] == list(range(1, len(opened) + 1))
    given = {
        "C1": ("商场", "商业公司", "专区", "", "求职登记", 35.5),
        "C2": ("党群服务中心", "街道", "改建", "09:00-21:00", "", None),
        "C3": ("商场", "商业公司", "改建", "", "", 60.0),
        "E1": ("", "市人社局", "", "", "", None),
    }
    told = {row["site_id"]: row for row in opened}
    assert len(told.keys() & given.keys()) > 1
    for site in told.keys() & given.keys():
        keys = ("host", "owner", "build_method", "hours", "services", "area_m2")
        assert tuple(told[site][key] for key in keys) == given[site]
    whole = " ".join(line for row in opened for line in row["why"])
    assert "不建此处，以下目标达不到：" in whole
    for name in ("（东区）（2026年）", "全域路网0.5公里按人口覆盖（2026、2028年）", "就业e站（西区）的数量"):
        assert name in whole
    assert "walk-5" not in whole
    assert "units" not in whole


def test_those_left_out_are_those_of_the_audit(town: Case) -> None:
    audit = Result(pipeline.audit(town.folder.parents[1] / "in" / "scenario.toml", town.folder.parent).folder).run
    left, effect = town.effect["left"]["today"], town.effect
    assert left["communities"] == audit["left_out"]["communities"]
    assert left["people"] == audit["left_out"]["people"]
    assert {key: one["people"] for key, one in left["groups"].items()} == audit["left_out"]["groups"]
    towns = [(f"{row['district']}/{row['town']}", row["communities"]) for row in left["by_town"]]
    assert towns == [*audit["left_out"]["towns"].items()], "in one order, whoever tells it"
    assert effect["decides"] == audit["parameters"]["decides"]
    assert effect["outlets"]["standing"] == audit["outlets"]["standing"]
    assert effect["outlets"]["operating"] == audit["outlets"]["in_operation"]
    assert effect["outlets"]["communities_without"] == audit["outlets"]["communities_without"]
    assert effect["outlets"]["mobile"] == 1
    mine = {(row["standard"], row["group"]): row for row in figures(effect, level="city", state="today")}
    mine |= {
        (row["standard"], row["group"]): row for row in figures(effect, level="city", state="today", group="grads")
    }
    theirs = {(row["standard"], row["group"]): row for row in audit["figures"] if not row["variant"]}
    assert mine.keys() == theirs.keys()
    for key, row in mine.items():
        assert all(row[name] == value for name, value in theirs[key].items() if name != "near_limit")
    other = {row["standard"]: row for row in audit["figures"] if row["variant"] == "other-metric"}
    for row in effect["figures"]:
        if row["variant"]:
            assert all(row[name] == other[row["standard"]][name] for name in ("met", "assessable", "covered", "people"))


def test_communities_are_those_left_and_their_people_add_up(town: Case) -> None:
    effect = town.effect
    for state in ("today", "plan"):
        left = effect["left"][state]
        mine = [row for row in effect["communities"] if row[f"state_{state}"] == "unmet"]
        assert left["communities"] == len(mine) == city(effect, "", state)["unmet"]
        assert left["people"] == sum(row["people"] for row in mine) == sum(row["people"] for row in left["by_town"])
        assert left["communities"] == sum(row["communities"] for row in left["by_town"])
        assert left["unassessable"] == city(effect, "", state)["unassessable"]
        assert [row["communities"] for row in left["by_town"]] == sorted(
            (row["communities"] for row in left["by_town"]), reverse=True
        )
    stay = Counter(row["reason"] for row in effect["communities"] if row["state_plan"] != "met")
    assert effect["left"]["plan"]["reasons"] == {name: stay[name] for name in REASONS}
    for row in effect["communities"]:
        assert row["standard"] in effect["decides"]
        assert row["measure"]
        assert (row["metres"] is None) == (row["nearest_site_id"] == "") == (row["state_today"] == "unassessable")
        assert row["metres"] is None or row["metres"] >= row["straight_m"]


# --- without a plan ----------------------------------------------------------------------------------------------


def test_without_a_plan_there_is_today_alone(tmp_path: Path) -> None:
    goals = TOWN.index("[[goal]]")
    rest = TOWN[TOWN.index('[[facility]]\ntype = "mobile_point"') : TOWN.index('[[goal]]\nid = "kiosks"')]
    found = case(tmp_path, TOWN[:goals] + rest + '\n[audit]\ndecides = ["walk-5", "crow"]\n')
    effect = found.effect
    assert {row["state"] for row in effect["figures"]} == {"today"}
    assert [effect[key] for key in ("change_tenths", "spending", "built", "hosts", "newly")] == [[], [], [], [], None]
    assert effect["left"]["plan"] is None
    assert {row["state_plan"] for row in effect["communities"]} == {None}
    assert {row["reason"] for row in effect["communities"]} == {"beyond", "unassessable"}
    assert found.wrong(found.run) == []
    assert found.wrong(with_value(found.run, ("effect", "newly"), {"people": 1})) == [("run.json", "effect", "newly")]


# --- planted edits -----------------------------------------------------------------------------------------------


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where the figures and texts of a record stand."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*path, key))
    else:
        yield path


def with_value(run: Mapping[str, Any], path: Sequence[str | int], value: object) -> dict[str, Any]:
    """Return a record with another value somewhere."""
    changed: Any = copy.deepcopy(dict(run))
    at = changed
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return dict(changed)


def value_at(run: Any, path: Sequence[str | int]) -> Any:
    for key in path:
        run = run[key]
    return run


def test_an_untouched_record_recomputes(town: Case) -> None:
    assert town.wrong(town.run) == []
    assert [one for one in verify.compare(town.again, Result(town.folder)) if not one.same] == []


def test_any_changed_figure_is_found(town: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last figure of every kind; what is told in sentences is not found again, and said so."""
    looked = seen_again(town.again)
    why = list(reasons_of(looked))
    monkeypatch.setattr(reeffect, "seen_again", lambda _again: looked)
    monkeypatch.setattr(reeffect, "reasons_of", lambda _found: why)
    kinds: dict[tuple[str, ...], list[tuple[str | int, ...]]] = defaultdict(list)
    for path in leaves(town.effect, ("effect",)):
        kinds[tuple("*" if isinstance(key, int) else key for key in path)].append(path)
    missed = []
    for kind, paths in kinds.items():
        value = value_at(town.run, paths[-1])
        other = f"{value}x" if isinstance(value, str) else 1 if value is None else value + 1
        missed += [] if town.wrong(with_value(town.run, paths[-1], other)) else [kind]
    assert len(kinds) > 60
    assert set(missed) == {("effect", "communities", "*", "measure")}
    assert "措施" in " ".join(verify.lines(verify.report_of(Result(town.folder), town.again, [])))


@pytest.mark.parametrize("part", ["figures", "change_tenths", "spending", "built", "hosts", "communities", "decides"])
def test_a_row_that_is_gone_or_stands_twice_is_found(part: str, town: Case) -> None:
    rows = town.effect[part]
    assert town.wrong(with_value(town.run, ("effect", part), rows[1:]))
    assert town.wrong(with_value(town.run, ("effect", part), [*rows, rows[-1]]))


def test_a_record_without_its_effect_is_found(town: Case) -> None:
    assert town.wrong({key: value for key, value in town.run.items() if key != "effect"})


def test_a_planned_site_that_says_something_else_is_found(town: Case) -> None:
    for key in ("number", "district", "town", "unit_id", "host", "owner", "build_method", "hours", "services"):
        wrong = town.wrong(with_value(town.run, ("plan", "opened", 0, key), "9" if key != "number" else 9))
        assert {column for _, _, column in wrong} == {key}


def test_without_inputs_figures_are_held_against_the_tables(town: Case, tmp_path: Path) -> None:
    shutil.copytree(town.folder, tmp_path / "town")
    shutil.rmtree(tmp_path / "town" / "inputs")
    again = verify.recompute(Result(tmp_path / "town"), lambda _step: None)
    blind = Case(tmp_path / "town", town.run, again)
    assert again.measured is None
    assert blind.wrong(town.run) == []
    path = ("effect", "figures", 0, "covered")
    assert blind.wrong(with_value(town.run, path, value_at(town.run, path) + 1))


# --- where there is no plan, or one that misses its goals --------------------------------------------------------


def record_of(folder: Path, scenario: str, **options: Any) -> tuple[Path, Mapping[str, Any]]:
    """Run the plain town: the folder of its result, and its record; `verify` must find nothing in it."""
    out = run_scenario(write_town(folder / "in", scenario), folder / "out", **options).folder
    assert verify.verify(out, lambda _step: None)["differences"] == []
    return out, Result(out).run


MANY = '\n[[count]]\nid = "many"\ntype = "e_station"\neach = "district"\nmin = 9\n'


def test_where_no_choice_is_lawful_nothing_is_told_of_a_plan(tmp_path: Path) -> None:
    out, run = record_of(tmp_path, SCENARIO + MANY, documents=True)
    effect, plan = run["effect"], run["plan"]
    assert (plan["status"], plan["objective"], plan["opened"]) == ("infeasible", None, [])
    assert {row["state"] for row in effect["figures"]} == {"today"}
    assert (effect["newly"], effect["left"]["plan"], effect["change_tenths"]) == (None, None, [])
    assert {row["state_plan"] for row in effect["communities"]} == {None}
    assert {row["state"] for row in plan["hurts_most"]} == {"today"}
    assert {row["state"] for row in rows_of(out, "coverage.csv")} == {"today"}
    for one in run["standards"]:
        assert (one["covered_plan"], one["communities_plan"], one["share_plan"]) == (None, None, None)
    for goal in run["goals"]:
        assert (goal["reached_plan"], goal["plan"]) == (None, None)
        assert goal["met"] == (goal["reached_today"] >= goal["needed"])
    # the proposal says so, and there is no site to make a page of
    said = "\n".join(part.text for part in Document(str(out / "proposal.docx")).paragraphs)
    assert "没有可行的选址方案" in said
    assert "规划后" not in said
    assert not (out / "site_pages.docx").exists()
    assert run["documents"].keys() == {"proposal.docx"}


def test_a_run_under_standards_that_mean_nobody_here_ends(tmp_path: Path) -> None:
    path = write_town(tmp_path / "in", SCENARIO)
    (tmp_path / "in" / "demand.csv").write_text(demand_csv().replace("urban", "rural"), encoding="utf-8")
    run = run_scenario(path, tmp_path / "out").record
    assert run["effect"]["figures"] == []
    assert run["effect"]["communities"] == []
    assert run["effect"]["newly"]["people"] == 0


def test_a_plan_that_misses_its_goals_says_what_would_fall_without_a_site(tmp_path: Path) -> None:
    _, run = record_of(tmp_path, SCENARIO.replace("share = 0.6", "share = 0.99"))
    assert run["plan"]["best_effort"]
    assert not any(goal["met"] for goal in run["goals"])
    said = [line for row in run["plan"]["opened"] for line in row["why"]]
    assert any(line.startswith("不建此处，以下目标的数值比本方案更低：") for line in said)
    assert not any("达不到" in line for line in said), "the plan does not reach them either"


def test_whoever_stays_left_shares_the_outlet_that_is_nearest_with_the_plan(tmp_path: Path) -> None:
    """Each sentence by hand from coverage.csv: an outlet of the plan's state, and its metres rounded up."""
    out, run = record_of(tmp_path, SCENARIO)
    built = {row["site_id"] for row in run["plan"]["opened"] if not row["at_existing"]}
    names = {row["site_id"]: row["name"] for row in rows_of(out, "sites.csv")}
    units = {row["demand_id"]: row["unit_id"] for row in rows_of(out, "demand.csv")}
    today = {one["unit_id"]: math.ceil(one["metres"]) for one in run["effect"]["communities"]}
    words = defaultdict(set)
    for row in rows_of(out, "coverage.csv"):
        if row["state"] == "plan":
            unit, metres = units[row["demand_id"]], math.ceil(float(row["metres"]))
            end = "（方案拟建）" if row["site_id"] in built else "" if metres == today.get(unit) else "（方案实施后）"
            words[unit].add(f"邻近联建：由“{names[row['site_id']]}”服务，路网{metres}米{end}")
    left = [one for one in run["effect"]["communities"] if one["state_plan"] == "unmet"]
    assert left
    assert all(one["measure"] in words[one["unit_id"]] for one in left)
    assert any("方案拟建" in one["measure"] for one in left)


def test_groups_that_the_objective_weighs_stand_in_the_record(tmp_path: Path) -> None:
    group = '\n[[group]]\nid = "grads"\nname = "未就业毕业生"\nweight = 2.5\n'
    most = '\n[siting]\nobjective = "max_coverage"\nstandard = "walk-5"\nbudget_yuan = 200_000\n'
    runs = {}
    for name, more in (("cost", group), ("cover", group + most)):
        path = write_town(tmp_path / name, SCENARIO.replace("share = 0.6", "share = 0.1") + more)
        head, *lines = demand_csv().splitlines()
        table = [f"{head},people_grads", *(f"{line},1" for line in lines)]
        (tmp_path / name / "demand.csv").write_text("\n".join(table) + "\n", encoding="utf-8")
        out = run_scenario(path, tmp_path / f"{name}-out").folder
        runs[name] = Result(out).run["parameters"]
        assert verify.verify(out, lambda _step: None)["differences"] == []
    assert runs["cost"]["weights"] == [], "a plan of least cost weighs nobody"
    assert runs["cover"]["weights"] == [{"id": "grads", "name": "未就业毕业生", "weight": 2.5}]
    assert runs["cover"]["standard"] == "walk-5"


def test_a_runner_up_that_is_called_otherwise_is_found(town: Case) -> None:
    at = next(n for n, row in enumerate(town.run["plan"]["opened"]) if row["runner_up_site_id"])
    for key, value in (("runner_up_name", "别处"), ("runner_up_cost_once_yuan", 1), ("runner_up_site_id", "ZZ")):
        wrong = town.wrong(with_value(town.run, ("plan", "opened", at, key), value))
        assert {column for _, _, column in wrong} == {key}
