"""Whole runs: the scenarios that are shipped, equal bytes, tables in another order, and results that recompute."""

from __future__ import annotations

import csv
import json
import random
import re
import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyogrio
import pytest
from hatchling.builders.wheel import WheelBuilder

from planner import checklines, documentoutputs, network, outputs, pipeline, schema, summary, verify
from planner.coverage import assessable
from planner.errors import PlannerError
from planner.inputs import read
from planner.study import study
from runs import run_scenario
from test_results import fingerprint
from town import SCENARIO, write_town
from workbook import sheet_xml, write_xlsx

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planner.pipeline import Outcome

ROOT = Path(__file__).parents[1]
FILES = {
    "map.html", "run.json", "timing.json", "sites.csv", "coverage.csv", "left_out.csv", "plan.gpkg", "scenario.toml",
    "certificate.json", "closing.csv", "why.csv", "field_check.xlsx", "demand.csv", "inputs",
}  # fmt: skip


def figures(run: dict[str, Any]) -> dict[str, Any]:
    """The figures of a run that a reader would quote."""
    plan = run["plan"]
    return {
        "standards": [[s["id"], s["people"], s["covered_today"], s["covered_plan"]] for s in run["standards"]],
        "communities": [[s["communities_today"], s["communities_plan"], s["communities"]] for s in run["standards"]],
        "goals_met": [goal["met"] for goal in run["goals"]],
        "plan": [plan["status"], plan["objective"], plan["bound"], plan["gap"], plan["ties_broken"]],
        "cost": [plan["cost_once_yuan"], plan["cost_yearly_yuan"], plan["estimated_yuan"]],
        "opened": sorted(f"{row['site_id']}:{row['type']}" for row in plan["opened"]),
        "uncoverable": plan["uncoverable_by_standard"],
        "roads": {mode: [net["nodes"], net["edges"], net["length_m"]] for mode, net in run["roads"].items()},
    }


def rows_of(path: Path) -> dict[str, dict[str, str]]:
    """Rows of a CSV of sites, by site_id."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return {row["site_id"]: row for row in csv.DictReader(stream)}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run_scenario(ROOT / "scenarios" / "sample-2026.toml", tmp_path_factory.mktemp("sample"))


@pytest.mark.parametrize("name", ["sample-baseline", "sample-2026"])
def test_shipped_scenarios_give_their_golden_figures(name: str, sample: Outcome, tmp_path: Path) -> None:
    golden = json.loads((ROOT / "tests" / "golden" / f"{name}.json").read_text(encoding="utf-8"))
    other = name != "sample-2026"
    outcome = run_scenario(ROOT / "scenarios" / f"{name}.toml", tmp_path) if other else sample
    assert outcome.exit_code == 0
    assert figures(dict(outcome.record)) == golden
    assert verify.verify(outcome.folder, lambda _step: None)["differences"] == []


def test_a_run_leaves_every_file_but_documents(sample: Outcome) -> None:
    assert {path.name for path in sample.folder.iterdir()} == FILES


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    scenario = write_town(tmp_path / "in")
    first = pipeline.run(scenario, tmp_path / "a").folder
    second = pipeline.run(scenario, tmp_path / "b").folder
    assert fingerprint(first) == fingerprint(second)
    assert {path.name for path in first.iterdir()} == FILES | documentoutputs.RESULT_FILES


def told_of(folder: Path) -> dict[str, Any]:
    """run.json but for where the scenario and its inputs were, and the hash of the scenario that says so."""
    run: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    inputs = [{**item, "path": Path(item["path"]).name} for item in run["inputs"]]
    return {**run, "inputs": inputs, "scenario_sha256": "", "scenario_file": ""}


def test_a_result_runs_from_where_it_lies_to_the_same_bytes(sample: Outcome, tmp_path: Path) -> None:
    again = run_scenario(sample.folder / "scenario.toml", tmp_path)
    first, second = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (sample.folder, again.folder)
    )
    assert first.keys() == second.keys()
    differs = {path.as_posix() for path, content in first.items() if second[path] != content}
    assert differs <= {"run.json", "timing.json"}
    assert told_of(again.folder) == told_of(sample.folder)


def shuffle(path: Path, chance: random.Random) -> None:
    """Write a table's rows and columns in another order."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        header, *rows = list(csv.reader(stream))
    order = list(range(len(header)))
    chance.shuffle(order)
    chance.shuffle(rows)
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([[row[place] for place in order] for row in [header, *rows]])


def test_the_plan_of_the_sample_does_not_hang_on_the_order_of_its_tables(sample: Outcome, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    shutil.copytree(ROOT / "data", tmp_path / "data")
    chance = random.Random(1)  # noqa: S311
    for name in ("candidates.csv", "demand.csv", "sites.csv"):
        shuffle(tmp_path / "data" / "coquimbo" / name, chance)
    inputs = read(tmp_path / "scenarios" / "sample-2026.toml", lambda _step: None)
    before, after = sample.record, outputs._record(study(inputs, lambda _step: None), None, lambda _step: None)

    def told(record: Mapping[str, Any]) -> object:
        plan = record["plan"]
        opened = sorted((row["site_id"], row["type"], row["year"] or 0) for row in plan["opened"])
        return plan["status"], plan["objective"], plan["gap"], plan["certified_bound"], opened

    assert before["plan"]["gap"] == 0
    assert told(after) == told(before)
    assert [goal["reached_plan"] for goal in after["goals"]] == [goal["reached_plan"] for goal in before["goals"]]


def test_no_path_of_the_machine_is_written(sample: Outcome) -> None:
    for path in sample.folder.rglob("*"):
        if path.is_file() and path.suffix in {".json", ".toml", ".csv", ".html"}:
            assert str(ROOT) not in path.read_text(encoding="utf-8", errors="replace"), path.name


def test_every_output_carries_attribution_and_date(sample: Outcome) -> None:
    assert sample.record["attribution"] == "© OpenStreetMap contributors"
    page = (sample.folder / "map.html").read_text(encoding="utf-8")
    assert "OpenStreetMap contributors" in page
    assert "2026-06-30" in page


def test_coverage_csv_agrees_with_run_json(sample: Outcome) -> None:
    table = pd.read_csv(sample.folder / "coverage.csv", dtype={"site_id": str}, keep_default_na=False)
    demand = pd.read_csv(sample.folder / "inputs" / "demand.csv", dtype={"demand_id": str})
    people = demand.set_index("demand_id")["people"]
    for standard in sample.record["standards"]:
        for state in ("today", "plan"):
            rows = table[(table["standard"] == standard["id"]) & (table["state"] == state)]
            covered = rows.loc[rows["covered"].astype(str).str.lower() == "true", "demand_id"]
            assert people.loc[covered].sum() == standard[f"covered_{state}"]
            assert people.loc[rows["demand_id"]].sum() == standard["people"]
            beyond = rows[rows["reason"] == "beyond"]
            assert (pd.to_numeric(beyond["metres"]) > 1000).all()


def test_the_plan_costs_what_its_rows_cost(sample: Outcome) -> None:
    plan = sample.record["plan"]
    years = sample.record["parameters"]["horizon_years"]
    total = sum(row["cost_once_yuan"] + years * row["cost_yearly_yuan"] for row in plan["opened"])
    assert total == plan["objective"] == plan["bound"]
    own = rows_of(ROOT / "data" / "coquimbo" / "candidates.csv")
    for row in plan["opened"]:
        if not row["estimated"]:
            assert row["cost_once_yuan"] == int(own[row["site_id"]]["cost_once_yuan"])
            assert row["cost_yearly_yuan"] == int(own[row["site_id"]]["cost_yearly_yuan"])


def test_geopackage_opens_with_chinese_names(sample: Outcome) -> None:
    layers = {name for name, _ in pyogrio.list_layers(sample.folder / "plan.gpkg")}
    assert layers == {"sites", "demand", "service_areas"}
    sites = pyogrio.read_dataframe(sample.folder / "plan.gpkg", layer="sites")
    assert "拉塞雷纳中心就业服务站" in set(sites["name"])
    assert (sites["state"] == "planned").sum() + 2 == len(sample.record["plan"]["opened"])  # two are kiosks


def test_people_of_two_new_types_at_one_site_are_counted_once(tmp_path: Path) -> None:
    text = SCENARIO.replace("share = 0.6", "share = 0.3") + (
        '\n[[facility]]\ntype = "kiosk"\nname = "自助"\ncost_once_yuan = 1\ncost_yearly_yuan = 1\n'
        '\n[[standard]]\nid = "kiosk-5"\nminutes = 5\nserved_by = ["kiosk"]\n'
        '\n[[goal]]\nid = "kiosks"\nstandard = "kiosk-5"\nshare = 0.05\n'
        '\n[rules]\ntypes_per_site = 2\nforce_open = ["C1"]\n'
    )
    scenario = write_town(tmp_path, text)
    path = tmp_path / "sites.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",e_station,candidate", ",,candidate"), encoding="utf-8")
    outcome = run_scenario(scenario, tmp_path / "out")
    opened = [row["site_id"] for row in outcome.record["plan"]["opened"]]
    twice = {site for site in opened if opened.count(site) == 2}
    assert twice
    rows = rows_of(outcome.folder / "sites.csv")
    for site in twice:
        each = [row["newly_covered"] for row in outcome.record["plan"]["opened"] if row["site_id"] == site]
        assert int(rows[site]["newly_covered"]) == max(each) < sum(each)


@pytest.mark.parametrize(
    "headers",  # those that differ in capitals alone stand in tables of their own
    [["fid", "geom", "Name", "number", "state", "source_row", "open_today"], ["FID", "NAME"]],
    ids=",".join,
)
def test_no_column_of_the_user_is_lost_or_in_the_way(tmp_path: Path, headers: list[str]) -> None:
    scenario = write_town(tmp_path)
    path = tmp_path / "sites.csv"
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    own = [",".join([line, *(f"own {header} {n}" for header in headers)]) for n, line in enumerate(lines)]
    path.write_text("\n".join([",".join([head, *headers]), *own]) + "\n", encoding="utf-8")
    found = rows_of(run_scenario(scenario, tmp_path / "out").folder / "sites.csv")["E2"]
    assert {header: found[f"source_{header}"] for header in headers} == {
        header: f"own {header} 1" for header in headers
    }


def test_a_kiosk_is_not_priced_by_how_its_station_was_built(tmp_path: Path) -> None:
    cost = '\n[[build_cost]]\ntype = "e_station"\nmethod = "新建"\ncost_once_yuan = 999_999\n'
    scenario = write_town(tmp_path, SCENARIO.replace("share = 0.6", "share = 0.05") + cost)
    head, *rows = (tmp_path / "sites.csv").read_text(encoding="utf-8").splitlines()
    stations = [row for row in rows if row.startswith("E")]
    text = "\n".join([f"{head},build_method,funding", *(f"{row},新建,国债" for row in stations)])
    (tmp_path / "sites.csv").write_text(text + "\n", encoding="utf-8")
    inputs = read(scenario, lambda _step: None)
    kiosk = inputs.options[inputs.options["state"] == "new"].iloc[0]
    assert (kiosk["site_id"], kiosk["cost_once_yuan"], kiosk["funding"]) == ("E1", 80_000, "")


def test_rows_without_a_district_do_not_drop_out_of_a_goal_in_each(tmp_path: Path) -> None:
    scenario = write_town(tmp_path, SCENARIO + 'each = "district"\n')
    path = tmp_path / "demand.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",西区,", ",,", 1), encoding="utf-8")
    with pytest.raises(PlannerError) as caught:
        run_scenario(scenario, tmp_path / "out")
    assert [(fault.code, fault.row) for fault in caught.value.faults] == [("scope_blank", 2)]


@pytest.mark.parametrize("district", ["西区", "东区"])
def test_rows_without_a_town_are_asked_in_the_district_of_the_goal_only(tmp_path: Path, district: str) -> None:
    scenario = write_town(tmp_path, SCENARIO + f'each = "town"\ndistrict = "{district}"\n')
    path = tmp_path / "demand.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",西区镇,西区,", ",,西区,", 1), encoding="utf-8")
    if district == "西区":
        with pytest.raises(PlannerError) as caught:
            run_scenario(scenario, tmp_path / "out")
        assert [(fault.code, fault.row) for fault in caught.value.faults] == [("scope_blank", 2)]
    else:
        goals = run_scenario(scenario, tmp_path / "out").record["goals"]
        assert [goal["scope"] for goal in goals] == ["东区/东区镇"]


def test_faults_of_all_stages_are_told_together(tmp_path: Path) -> None:
    text = SCENARIO + 'district = "没有区"\n\n[rules]\nforce_open = ["ZZ"]\n'
    scenario = write_town(tmp_path, text)
    (tmp_path / "roads.osm").write_text("<osm", encoding="utf-8")
    path = tmp_path / "sites.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("60000,5000", "viele,5000"), encoding="utf-8")
    with pytest.raises(PlannerError) as caught:
        run_scenario(scenario, tmp_path / "out")
    found = {(fault.code, fault.row) for fault in caught.value.faults}
    assert {code for code, _ in found} >= {"road_unreadable", "unknown_place"}
    assert len(found) >= 3
    assert ("unknown_place", len(SCENARIO.splitlines()) + 1) in found


def test_no_inputs_says_where_they_were(tmp_path: Path) -> None:
    scenario = write_town(tmp_path / "in")
    folder = run_scenario(scenario, tmp_path / "out", keep_inputs=False).folder
    assert not (folder / "inputs").exists()
    assert '"../../in/demand.csv"' in (folder / "scenario.toml").read_text(encoding="utf-8")


def test_a_scenario_without_goals_measures_today_only(tmp_path: Path) -> None:
    scenario = write_town(tmp_path, SCENARIO.split("[[goal]]")[0])
    run = run_scenario(scenario, tmp_path / "out").record
    assert run["plan"]["status"] == "none"
    assert run["plan"]["opened"] == []
    assert [s["covered_plan"] for s in run["standards"]] == [None]


def test_people_without_a_place_are_counted_apart(tmp_path: Path) -> None:
    scenario = write_town(tmp_path)
    path = tmp_path / "demand.csv"
    lost = "X1,无址,999999999999,东区镇,东区,urban,1000,,\n"
    path.write_text(path.read_text(encoding="utf-8") + lost, encoding="utf-8")
    before = run_scenario(write_town(tmp_path / "without"), tmp_path / "out").record["standards"][0]
    after = run_scenario(scenario, tmp_path / "out").record["standards"][0]
    assert after["not_assessable"] == 1000
    assert {**after, "not_assessable": 0} == before
    frame = read(scenario, lambda _step: None).demand.frame
    assert (~assessable(frame)).sum() == 1


def test_names_are_data_everywhere(tmp_path: Path) -> None:
    hostile = "<img src=x onerror=alert(1)>${alert(1)}`\\"
    scenario = write_town(tmp_path)
    path = tmp_path / "sites.csv"
    text = path.read_text(encoding="utf-8").replace("老站", hostile).replace("候选1", '"=1+1"')
    path.write_text(text, encoding="utf-8")
    folder = run_scenario(scenario, tmp_path / "out").folder
    assert "<img src=x" not in (folder / "map.html").read_text(encoding="utf-8")
    rows = rows_of(folder / "sites.csv")
    assert rows["E1"]["name"] == hostile
    assert rows["C1"]["name"] == "'=1+1"


def test_islands_and_off_network_sites_are_reported(tmp_path: Path) -> None:
    scenario = write_town(tmp_path)
    path = tmp_path / "sites.csv"
    far = "C9,远点,e_station,candidate,,东区,东区镇,1,1,10.5,50.0\n"
    path.write_text(path.read_text(encoding="utf-8") + far, encoding="utf-8")
    assert run_scenario(scenario, tmp_path / "out").record["sites"]["off_network"] == ["C9"]


def test_a_drive_standard_is_measured_on_the_drive_network(tmp_path: Path) -> None:
    drive = '\n[[standard]]\nid = "drive-2"\nmode = "drive"\nminutes = 2\nserved_by = ["station"]\n'
    scenario = write_town(tmp_path, SCENARIO + drive)
    run = run_scenario(scenario, tmp_path / "out").record
    assert set(run["roads"]) == {"walk", "drive"}
    inputs = read(scenario, lambda _step: None)
    frame = inputs.sites.frame
    assert schema.standards_of(inputs.scenario)[1].limit == 120_000
    travel = network.travel(inputs.networks["drive"], inputs.demand.frame, frame[frame["open_today"]], cutoff_s=120)
    people = inputs.demand.frame.set_index("demand_id")["people"]
    assert run["standards"][1]["covered_today"] == people.loc[travel["demand_id"].unique()].sum()


def test_a_straight_standard_needs_no_road(tmp_path: Path) -> None:
    text = SCENARIO.replace("minutes = 5", 'km = 0.3\nmetric = "straight"')
    run = run_scenario(write_town(tmp_path, text), tmp_path / "out").record
    assert run["standards"][0]["metric"] == "straight"
    assert run["standards"][0]["covered_today"] > 0


def test_the_wheel_carries_the_sample(tmp_path: Path) -> None:
    (path,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    names = set(zipfile.ZipFile(path).namelist())
    for name in ("data/coquimbo/roads.osm.pbf", "data/coquimbo/demand.csv", "scenarios/sample-2026.toml"):
        assert f"planner/assets/sample/{name}" in names
    assert "planner/assets/leaflet/leaflet.js" in names
    assert "planner/py.typed" in names
    assert not [name for name in names if re.search(r"__pycache__|tests/", name)]


def test_what_was_read_in_one_of_several_ways_is_told(tmp_path: Path) -> None:
    scenario = write_town(tmp_path)
    lines = (tmp_path / "demand.csv").read_text(encoding="utf-8").splitlines()
    sheet = sheet_xml([line.split(",") for line in lines])
    write_xlsx(tmp_path / "demand.xlsx", {"人口": sheet, "备注": sheet_xml([["无"]])})
    scenario.write_text(scenario.read_text(encoding="utf-8").replace("demand.csv", "demand.xlsx"), encoding="utf-8")
    checked = pipeline.check(scenario, tmp_path / "out")
    run = run_scenario(scenario, tmp_path / "out").record
    assert [doubt["place"] for doubt in checked["doubts"]] == ["demand.xlsx，工作表“人口”"]
    assert run["doubts"] == checked["doubts"]
    for told in (checklines.lines(checked), summary.run_lines(run)):
        assert any("第一张工作表" in line and "备注" in line for line in told)
