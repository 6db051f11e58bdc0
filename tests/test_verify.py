"""`planner verify`: whole results recompute to the same figures, and whatever is changed in one is found.

The scenarios that are shipped are verified where they are run: in test_pipeline and test_full_rules.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import openpyxl
import pyogrio
import pytest
from shapely import Point
from typer.testing import CliRunner

from planner import pipeline, repages, verify
from planner.cli import app
from planner.columns import DEMAND_COLUMNS, SITE_COLUMNS
from planner.errors import PlannerError
from planner.recomputed import figure
from planner.redegrees import to_wgs84
from planner.rereading import column_of, known_words
from planner.reresult import Result
from planner.respeeds import CLASS_KPH, kph_of, takes
from runs import run_scenario
from town import SCENARIO, write_town
from workbook import sheet_xml, write_xlsx

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from openpyxl.workbook import Workbook

    from planner.recomputed import Recomputed

    Edit = tuple[Callable[[Path], None], str, str]
    """What plants an edit, and the file and column in which it is to be found."""

RICH = (
    SCENARIO.replace("share = 0.6\n", 'share = 0.6\neach = "district"\n')
    + """
[[standard]]
id = "crow"
km = 0.3
metric = "straight"
served_by = ["station", "e_station"]

[[standard]]
id = "drive-2"
mode = "drive"
minutes = 2
served_by = ["station"]

[[goal]]
id = "units"
standard = "walk-5"
share = 0.5
of = "communities"

[[count]]
id = "kiosks"
type = "e_station"
each = "district"
max = 3

[[phase]]
year = 2026
budget_yuan = 300_000
shares = { people = 0.3 }

[[phase]]
year = 2028

[rules]
spacing = [{ type = "e_station", m = 100 }]

[siting]
max_sites = 6
"""
)


def silent(_step: str) -> None:
    """Take no notice of a step."""


@dataclass(frozen=True, eq=False)
class Case:
    """A result and what was recomputed from it."""

    result: Result
    again: Recomputed


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("town")
    result = Result(run_scenario(write_town(folder / "in", RICH), folder / "out").folder)
    return Case(result, verify.recompute(result, silent))


def verified(folder: Path) -> dict[str, Any]:
    """The report of a whole verification."""
    return verify.verify(folder, silent)


def run_town(folder: Path, scenario: str = SCENARIO, **tables: Callable[[str], str]) -> Path:
    """Run the town, with changed tables, and return its result."""
    path = write_town(folder / "in", scenario)
    for name, change in tables.items():
        table = folder / "in" / f"{name}.csv"
        table.write_text(change(table.read_text(encoding="utf-8")), encoding="utf-8")
    return run_scenario(path, folder / "out").folder


# --- what is right ----------------------------------------------------------------------------------------------


def test_years_drives_and_straight_lines_recompute(town: Case) -> None:
    found = verify.compare(town.again, town.result)
    assert [one for one in found if not one.same] == []
    assert {one.file.split(" ")[0] for one in found} >= {"coverage.csv", "demand.csv", "sites.csv", "run.json"}
    assert len(town.again.opened) > 1
    assert {key[2] for key in town.again.rows} == {2026, 2028}


def test_a_table_as_a_bureau_writes_it_recomputes(tmp_path: Path) -> None:
    """Chinese headers, GCJ-02, line numbers for ids, defaults, rows that are kept by a text and a total below."""
    text = SCENARIO.replace('file = "demand.csv"\ncoordinates = "wgs84"', """file = "人口.xlsx"
coordinates = "wgs84"
id = "row"
columns = { people = "登记人数" }
defaults = { setting = "urban" }
keep = { "有效" = "是" }""")  # fmt: skip
    scenario = write_town(tmp_path / "in", text)
    rows = list(csv.reader(io.StringIO((tmp_path / "in" / "demand.csv").read_text(encoding="utf-8"))))[1:]
    cells = [["社区", "社区代码", "乡镇街道", "区（市）", "登记人数", "经度", "纬度", "有效"]]
    cells += [[r[1], r[2], r[3], r[4], r[6], r[7], r[8], "否" if r[0] == "D33" else "是"] for r in rows]
    cells.append(["合计", "", "", "", "1", "", "", ""])
    write_xlsx(tmp_path / "in" / "人口.xlsx", {"人口": sheet_xml(cells)})
    report = verified(run_scenario(scenario, tmp_path / "out").folder)
    assert report["differences"] == []
    read = {one["word"] for one in report["taken"]}
    assert read <= {"header"}


def test_capacity_is_said_to_be_taken_from_the_result(tmp_path: Path) -> None:
    text = (
        SCENARIO.replace("at_existing = true", "capacity_people = 600") + '\n[siting]\ncapacity_standard = "walk-5"\n'
    )
    folder = run_town(tmp_path, text)
    report = verified(folder)
    assert report["differences"] == []
    assert [one["word"] for one in report["taken"]] == ["served"]
    edit_json(folder, lambda run: run["goals"][0].update(reached_plan=99_999))
    edit_json(folder, lambda run: run["standards"][0].update(served_plan=1))
    wrong = {(one["file"], one["column"]) for one in verified(folder)["differences"]}
    assert wrong == {("run.json", "reached_plan"), ("run.json", "plan"), ("sites.csv", "people_served")}


def test_rows_without_a_place_and_closed_outlets_recompute(tmp_path: Path) -> None:
    lost = "X1,无址,999999999999,东区镇,东区,urban,1000,,\n"
    late = "E3,迟站,station,existing,在建,东区,东区镇,,,10.01,50.006\n"
    late += "C9,远点,e_station,candidate,,东区,东区镇,1,1,10.5,50.0\n"
    folder = run_town(tmp_path, demand=lambda text: text + lost, sites=lambda text: text + late)
    assert verified(folder)["differences"] == []


def test_strokes_in_names_stay_and_recompute(tmp_path: Path) -> None:
    asked = """
[[goal]]
id = "districts"
standard = "walk-5"
share = 0.5
each = "district"

[[goal]]
id = "towns"
standard = "walk-5"
share = 0.4
each = "town"

[[count]]
id = "each"
type = "station;e_station"
each = "town"
min = 4
"""

    def strokes(text: str) -> str:
        return text.replace("西区镇", "西/镇").replace("西区", "西/区")

    folder = run_town(tmp_path, SCENARIO + asked, demand=strokes, sites=strokes)
    assert verified(folder)["differences"] == []
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert [goal["scope"] for goal in run["goals"]] == ["", "东区", "西／区", "东区/东区镇", "西／区/西／镇"]
    told = "".join(why for site in run["plan"]["opened"] for why in site["why"])
    assert "（西／区西／镇）的数量" in told


def test_without_inputs_only_the_tables_are_compared(tmp_path: Path) -> None:
    scenario = write_town(tmp_path / "in")
    folder = run_scenario(scenario, tmp_path / "out", keep_inputs=False).folder
    assert verified(folder)["taken"] == []  # they are still where the run read them
    shutil.rmtree(tmp_path / "in")
    report = verified(folder)
    assert [one["word"] for one in report["taken"]] == ["no_inputs"]
    assert report["differences"] == []
    assert not report["same"]
    told = list(verify.lines(report))
    assert told[0].startswith("未能核验")
    assert "--no-inputs" in told[1]
    assert CliRunner().invoke(app, ["verify", str(folder)]).exit_code == 2
    edit_json(folder, lambda run: run["standards"][0].update(covered_today=1))
    assert [one["column"] for one in verified(folder)["differences"]] == ["covered_today"]


def test_road_edits_leave_coverage_to_the_result(tmp_path: Path) -> None:
    line = {"type": "LineString", "coordinates": [[10.0, 50.0018], [10.0056, 50.0018]]}
    edit = {"type": "Feature", "properties": {"edit": "关闭", "name": "施工"}, "geometry": line}
    text = SCENARIO.replace(
        'file = "roads.osm"', 'file = "roads.osm"\nedits = { file = "edits.geojson", coordinates = "wgs84" }'
    )
    scenario = write_town(tmp_path / "in", text)
    layer = {"type": "FeatureCollection", "features": [edit]}
    (tmp_path / "in" / "edits.geojson").write_text(json.dumps(layer), encoding="utf-8")
    report = verified(run_scenario(scenario, tmp_path / "out").folder)
    assert report["differences"] == []
    assert [one["word"] for one in report["taken"]] == ["edits"]


def test_sites_that_are_no_plain_table_are_taken_with_all_their_digits(tmp_path: Path) -> None:
    scenario = write_town(tmp_path / "in", SCENARIO.replace('file = "sites.csv"', 'file = "sites.gpkg"'))
    rows = list(csv.DictReader(io.StringIO((tmp_path / "in" / "sites.csv").read_text(encoding="utf-8"))))
    places = [Point(float(row.pop("lon")) + 1e-9 / 3, float(row.pop("lat"))) for row in rows]
    table = gpd.GeoDataFrame(rows, geometry=places, crs=4326)
    pyogrio.write_dataframe(table, tmp_path / "in" / "sites.gpkg", driver="GPKG")
    folder = run_scenario(scenario, tmp_path / "out").folder
    report = verified(folder)
    assert report["differences"] == []
    assert [(one["word"], one["file"]) for one in report["taken"]] == [("format", "sites.csv")]
    audit = pipeline.audit(scenario, tmp_path / "out").folder
    assert "format" in {one["word"] for one in verified(audit)["taken"]}
    assert verified(audit)["same"]


# --- what was changed in a result -------------------------------------------------------------------------------


def edit_json(folder: Path, change: Callable[[Any], object]) -> None:
    """Change the record of a result."""
    path = folder / Result(folder).mark
    run = json.loads(path.read_text(encoding="utf-8"))
    change(run)
    path.write_text(json.dumps(run, ensure_ascii=False), encoding="utf-8")


def edit_cell(folder: Path, table: str, column: str, change: Callable[[str], str], key: str = "") -> None:
    """Change a cell of a CSV: of the row with an id, else of the first in which it says something."""
    path = folder / table
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    row = next(row for row in rows if key in row.values() or (not key and row[column]))
    row[column] = change(row[column])
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, list(row), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def in_run(*keys: str | int, to: object) -> Callable[[Path], None]:
    """Return what writes a value into run.json."""

    def change(run: Any) -> None:
        for key in keys[:-1]:
            run = run[key]
        assert run[keys[-1]] != to
        run[keys[-1]] = to

    return lambda folder: edit_json(folder, change)


def in_table(table: str, column: str, to: str | Callable[[str], str], key: str = "") -> Callable[[Path], None]:
    """Return what writes a cell."""
    return lambda folder: edit_cell(folder, table, column, to if callable(to) else lambda _: to, key)


def last_digit(text: str) -> str:
    """A figure with another last digit."""
    return text[:-1] + ("1" if text[-1] == "0" else "0")


OUTPUTS: Mapping[str, tuple[Callable[[Path], None], str]] = {
    "covered": (in_table("coverage.csv", "covered", lambda text: "false" if text == "true" else "true"), "covered"),
    "facilities": (in_table("coverage.csv", "facilities", "7"), "facilities"),
    "a millimetre": (in_table("coverage.csv", "metres", last_digit), "metres"),
    "a millisecond": (in_table("coverage.csv", "seconds", last_digit), "seconds"),
    "straight": (in_table("coverage.csv", "straight_m", last_digit), "straight_m"),
    "nearest outlet": (in_table("coverage.csv", "site_id", "C5"), "site_id"),
    "reason": (in_table("coverage.csv", "reason", "checked"), "reason"),
    "a row's standard": (in_table("coverage.csv", "standard", "walk-6"), ""),
    "people of a point": (in_table("demand.csv", "people", "11", "D33"), "people"),
    "place of a point": (in_table("demand.csv", "lon", "10.0099", "D33"), "lon"),
    "setting": (in_table("demand.csv", "setting", "rural", "D33"), "setting"),
    "a site moved 50 m": (in_table("sites.csv", "lat", lambda text: f"{float(text) + 0.00045:.7f}", "E1"), "lat"),
    "a site's type": (in_table("sites.csv", "type", "station", "C2"), "type"),
    "a site's cost": (in_table("sites.csv", "cost_once_yuan", "59999", "C1"), "cost_once_yuan"),
    "people reached": (in_table("sites.csv", "people_reached", "1", "E1"), "people_reached"),
    "state": (in_table("sites.csv", "state", "today", "E2"), "state"),
    "people of a standard": (in_run("standards", 0, "people", to=99), "people"),
    "covered by the plan": (in_run("standards", 0, "covered_plan", to=99), "covered_plan"),
    "share": (in_run("standards", 0, "share_today", to=0.9), "share_today"),
    "communities": (in_run("standards", 1, "communities_today", to=16), "communities_today"),
    "cutoff in the record": (in_run("standards", 0, "minutes", to=6.0), "minutes"),
    "goal met": (in_run("goals", 0, "met", to=False), "met"),
    "goal target": (in_run("goals", 0, "target", to=0.2), "target"),
    "goal reached": (in_run("goals", 1, "reached_plan", to=1000), "reached_plan"),
    "goal needed": (in_run("goals", 2, "needed", to=1), "needed"),
    "whom a goal counts": (in_run("goals", 0, "counts", to="served"), "counts"),
    "people served without capacity": (in_run("standards", 0, "served_today", to=5), "served_today"),
    "goal dropped": (lambda folder: edit_json(folder, lambda run: run["goals"].pop()), ""),
    "cost": (in_run("plan", "cost_once_yuan", to=1), "cost_once_yuan"),
    "cost within the horizon": (in_run("plan", "cost_yuan", to=1), "cost_yuan"),
    "cost of one site": (in_run("plan", "opened", 0, "cost_yearly_yuan", to=1), "cost_yearly_yuan"),
    "gap": (in_run("plan", "gap", to=0.5), "gap"),
    "certified bound": (in_run("plan", "certified_bound", to=1), "bound certified_gap"),
    "estimated": (in_run("plan", "opened", 0, "estimated", to=True), "estimated"),
    "who it newly covers": (in_run("plan", "opened", 0, "newly_covered", to=9999), "newly_covered"),
    "total of people": (in_run("demand", "people", to=1), "people"),
    "open outlets": (in_run("sites", "open_today", to=2), "open_today"),
    "road length": (in_run("roads", "walk", "length_m", to=1.0), "length_m"),
    "walking speed": (in_run("parameters", "walk_kph", to=5.0), "walk_kph"),
    "hash of the roads": (in_run("inputs", 0, "sha256", to="0" * 64), "sha256"),
}  # fmt: skip


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_planted_edit_is_found_at_its_place(name: str, town: Case, tmp_path: Path) -> None:
    plant, column = OUTPUTS[name]
    folder = Path(shutil.copytree(town.result.folder, tmp_path / "town"))
    plant(folder)
    wrong = [one for one in verify.compare(town.again, Result(folder)) if not one.same]
    assert wrong
    assert {one.column for one in wrong} == {*column.split(" ")}
    assert all(one.written != one.found for one in wrong)


# --- what was changed in its inputs, or together with them ---------------------------------------------------------


def forge(folder: Path) -> None:
    """Write the hashes of changed inputs into the record, as one who hides a change would."""

    def change(run: Any) -> None:
        for one in run["inputs"]:
            one["sha256"] = hashlib.sha256((folder / "inputs" / Path(one["path"]).name).read_bytes()).hexdigest()

    edit_json(folder, change)


def moved(folder: Path) -> None:
    edit_cell(folder, "inputs/sites.csv", "lat", lambda text: f"{float(text) + 0.00045:.6f}", "E1")
    edit_cell(folder, "sites.csv", "lat", lambda text: f"{float(text) + 0.00045:.7f}", "E1")
    forge(folder)


def more_people(folder: Path) -> None:
    edit_cell(folder, "inputs/demand.csv", "people", lambda text: str(int(text) + 100), "D33")
    edit_cell(folder, "demand.csv", "people", lambda text: str(int(text) + 100), "D33")
    forge(folder)


def reopened(folder: Path) -> None:
    edit_cell(folder, "inputs/sites.csv", "operating", lambda _: "正常", "E2")
    forge(folder)


def other_roads(folder: Path) -> None:
    path = folder / "inputs" / "roads.osm"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('<way id="1002">', '<way id="1002"><tag k="foot" v="no"/>'), encoding="utf-8")
    forge(folder)


def easier_goal(folder: Path) -> None:
    path = folder / "scenario.toml"
    text = path.read_text(encoding="utf-8")
    assert "share = 0.5" in text
    path.write_text(text.replace("share = 0.5", "share = 0.1"), encoding="utf-8")


def longer_walk(folder: Path) -> None:
    path = folder / "scenario.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("minutes = 5", "minutes = 6"), encoding="utf-8")


def swapped_site(folder: Path) -> None:
    def change(run: Any) -> None:
        taken = {one["site_id"] for one in run["plan"]["opened"]}
        run["plan"]["opened"][0]["site_id"] = next(f"C{n}" for n in range(1, 7) if f"C{n}" not in taken)

    edit_json(folder, change)


def stranger(folder: Path) -> None:
    (folder / "inputs" / "more.csv").write_text("a\n", encoding="utf-8")


def one_more_metre(folder: Path) -> None:
    """A change of an input whose hash is left as it was."""
    edit_cell(folder, "inputs/demand.csv", "name", lambda _: "另一个组", "D33")


@pytest.mark.parametrize(
    ("plant", "column"),
    [
        (moved, "metres"),
        (more_people, "people_assessable"),
        (reopened, "open_today"),
        (other_roads, "metres"),
        (easier_goal, "target"),
        (longer_walk, "minutes"),
        (swapped_site, "name"),
        (stranger, "sha256"),
        (one_more_metre, "sha256"),
    ],
)
def test_a_change_that_is_hidden_is_found(
    plant: Callable[[Path], None], column: str, town: Case, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(town.result.folder, tmp_path / "town"))
    plant(folder)
    report = verified(folder)
    assert not report["same"]
    assert column in {one["column"] for one in report["differences"]}


# --- the rules that every plan must hold --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        ("[siting]\nmax_sites = 1", "siting.max_sites"),
        ("[siting]\nmax_sites = 6\nbudget_once_yuan = 1000", "siting.budget_once_yuan"),
        ("[siting]\nmax_sites = 6\nbudget_yuan = 1000", "siting.budget_yuan"),
    ],
)
def test_a_plan_that_breaks_a_rule_is_found(written: str, rule: str, town: Case, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(town.result.folder, tmp_path / "town"))
    path = folder / "scenario.toml"
    text = path.read_text(encoding="utf-8")
    assert "[siting]\nmax_sites = 6" in text
    path.write_text(text.replace("[siting]\nmax_sites = 6", written), encoding="utf-8")
    assert rule in {one["row"] for one in verified(folder)["differences"]}


# --- how it is told -------------------------------------------------------------------------------------------------


def test_the_verb_tells_the_verdict_first_and_ends_as_it_says(town: Case, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(town.result.folder, tmp_path / "town"))
    done = CliRunner().invoke(app, ["verify", str(folder)])
    assert done.exit_code == 0
    assert done.stdout.startswith("一致")
    in_run("goals", 0, "target", to=0.2)(folder)
    done = CliRunner().invoke(app, ["verify", str(folder)])
    assert done.exit_code == 2
    assert done.stdout.startswith("不一致")
    assert "target：文件中为 0.2，重算为 0.3" in done.stdout
    done = CliRunner().invoke(app, ["verify", str(folder), "--json"])
    assert json.loads(done.stdout)["differences"][0]["column"] == "target"


def test_what_is_no_result_is_said(tmp_path: Path, town: Case) -> None:
    with pytest.raises(PlannerError) as caught:
        verified(tmp_path)
    assert [fault.code for fault in caught.value.faults] == ["verify_no_result"]
    folder = Path(shutil.copytree(town.result.folder, tmp_path / "town"))
    (folder / "run.json").write_text("{", encoding="utf-8")
    with pytest.raises(PlannerError) as caught:
        verified(folder)
    assert [fault.code for fault in caught.value.faults] == ["verify_unreadable"]


def test_the_witness_walks_to_the_nearest_outlet(town: Case) -> None:
    unit = "000000000000"
    report = verify.verify(town.result.folder, silent, witness=unit)
    walk = next(one for one in report["witness"] if (one["standard"], one["state"]) == ("walk-5", "today"))
    rows = {row["demand_id"]: row for row in town.result.rows("coverage.csv") if row["standard"] == "walk-5"}
    assert f"{walk['mm'] / 1000:.3f}" == rows[walk["point"]]["metres"]
    assert sum(walk["legs"]) + sum(part["mm"] for part in walk["route"]) == walk["mm"]
    assert {part["way"] for part in walk["route"]} <= set(range(1001, 1019))
    assert walk["met"] == (walk["decides"] <= walk["limit"])
    far = verify.verify(town.result.folder, silent, witness="000000000033")["witness"][0]
    assert not far["met"]
    assert far["over"] == far["decides"] - far["limit"] > 0
    assert "超出" in "".join(verify.lines(report | {"witness": [far]}))


def test_an_unknown_community_has_no_witness(town: Case) -> None:
    with pytest.raises(PlannerError) as caught:
        verify.verify(town.result.folder, silent, witness="没有")
    assert [fault.code for fault in caught.value.faults] == ["verify_no_unit"]


def test_no_witness_without_roads(tmp_path: Path) -> None:
    scenario = write_town(tmp_path / "in")
    folder = run_scenario(scenario, tmp_path / "out", keep_inputs=False).folder
    shutil.rmtree(tmp_path / "in")
    with pytest.raises(PlannerError) as caught:
        verify.verify(folder, silent, witness="000000000000")
    assert [fault.code for fault in caught.value.faults] == ["verify_no_roads"]


# --- the parts ----------------------------------------------------------------------------------------------------


def test_shares_agree_closely_and_whole_figures_exactly() -> None:
    assert figure("", "", "", 1 / 3, 1 / 3 + 1e-16).same
    assert not figure("", "", "", 0.333, 1 / 3).same
    assert not figure("", "", "", 10**15, 10**15 + 1).same
    assert not figure("", "", "", True, 1).same
    assert not figure("", "", "", None, 0).same


def test_numbers_of_a_workbook_are_compared_whole() -> None:
    def same(written: object, value: object, file: str = "ledger.xlsx 社区台账") -> bool:
        return repages._figure(file, "", "", written, value).same

    assert same(1_316_289.0, 1_316_289)
    assert not same(1_316_290.0, 1_316_289)
    assert same(5727.5, repages.Length(5_727_406))
    assert not same("5727.5", repages.Length(5_727_406), "communities.csv")
    assert same("89.9%", Fraction(8996, 10_000), "districts.csv")
    assert same(0.899, Fraction(8996, 10_000))
    assert not same(0.9, Fraction(8996, 10_000))
    assert not same("", 0)
    assert not same("many", 3)


def test_places_come_back_from_the_shifted_systems() -> None:
    """Tian'anmen, as published for the three systems."""
    for system, lon, lat in (("gcj02", 116.403963, 39.915119), ("bd09", 116.410329, 39.921459)):
        x, y = to_wgs84(lon, lat, system)
        assert abs(x - 116.39772) < 2e-5
        assert abs(y - 39.91372) < 2e-5
    assert to_wgs84(10.0, 50.0, "gcj02") == (10.0, 50.0)


@pytest.mark.parametrize(
    ("tags", "kph"),
    [
        ({"highway": "primary"}, 60),
        ({"highway": "primary", "maxspeed": "50"}, 50),
        ({"highway": "primary", "maxspeed": "30 mph"}, 48.28032),
        ({"highway": "primary", "maxspeed": "80;60"}, 60),
        ({"highway": "primary", "maxspeed": "80;signals"}, 60),
        ({"highway": "motorway", "maxspeed": "none"}, 130),
        ({"highway": "track", "maxspeed": "none"}, 30),
        ({"highway": "service", "maxspeed": "0"}, 30),
        ({"highway": "residential", "maxspeed": "CN:urban"}, 50),
        ({"highway": "residential", "maxspeed": "GB:zone20"}, 30),
        ({"highway": "residential", "maxspeed": "DE:zone:20"}, 20),
    ],
)
def test_speeds_are_read_by_the_rules(tags: Mapping[str, str], kph: float) -> None:
    assert kph_of(tags, CLASS_KPH) == pytest.approx(kph)


def test_the_plain_reader_knows_every_word_of_the_contract() -> None:
    for kind, contract in (("demand", DEMAND_COLUMNS), ("sites", SITE_COLUMNS)):
        known = known_words()[kind]
        words = {(word, column.name) for column in contract if column.name in known for word in column.synonyms}
        assert {(word, column_of(word, kind)) for word, _ in words} == words
    for column, kind in (("setting", "settings"), ("status", "statuses"), ("operating", "operating")):
        choices = next(one.choices for one in (*DEMAND_COLUMNS, *SITE_COLUMNS) if one.name == column)
        found = {word: meant for meant, words in known_words()[kind].items() for word in words}
        assert found == {word: meant for word, meant in choices.items() if not word.isdecimal()}


def test_a_way_is_taken_as_the_filters_say() -> None:
    assert takes({"highway": "footway"}, "walk")
    assert not takes({"highway": "footway"}, "drive")
    assert not takes({"highway": "footway", "foot": "no"}, "walk")
    assert not takes({"highway": "motorway"}, "walk")
    assert not takes({"highway": "residential", "access": "private"}, "drive")


# --- the audit ------------------------------------------------------------------------------------------------------

AUDITED = RICH.split("[[count]]")[0] + '\n[audit]\ndecides = ["walk-5", "crow"]\n'


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("audited")
    scenario = write_town(folder / "in", AUDITED)
    path = folder / "in" / "demand.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    groups = [f"{line},{number % 7}" for number, line in enumerate(lines[1:])]
    lost = "X1,无址,000000000033,东区镇,东区,urban,1000,,,5"
    path.write_text("\n".join([f"{lines[0]},people_graduates", *groups, lost]) + "\n", encoding="utf-8")
    result = Result(pipeline.audit(scenario, folder / "out").folder)
    return Case(result, verify.recompute(result, silent))


@lru_cache(maxsize=1)
def ledger_in(folder: Path) -> Workbook:
    """The ledger of a copy that edits are planted in one after the other: it is opened for the first of them."""
    return openpyxl.load_workbook(folder / "ledger.xlsx")


def in_book(sheet: str, column: str, to: object) -> Callable[[Path], None]:
    """Return what writes a cell of the ledger: in the first row below a header, as a spreadsheet would."""

    def change(folder: Path) -> None:
        book = ledger_in(folder)
        rows = list(book[sheet].iter_rows(max_row=8))
        at = next(number for number, row in enumerate(rows) if column in [cell.value for cell in row])
        place = [cell.value for cell in rows[at]].index(column)
        assert rows[at + 1][place].value != to
        rows[at + 1][place].value = to
        book.save(folder / "ledger.xlsx")

    return change


def test_an_audit_recomputes(audited: Case) -> None:
    found = verify.compare(audited.again, audited.result)
    assert [one for one in found if not one.same] == []
    assert {one.file.split(" ")[0] for one in found} >= {
        "figures.csv", "communities.csv", "districts.csv", "ledger.xlsx", "audit.json", "coverage.csv", "demand.csv",
    }  # fmt: skip
    sheets = {one.file for one in found if one.file.startswith("ledger.xlsx")}
    assert len(sheets) >= 5
    variants = {one.row for one in found if one.file == "figures.csv"}
    assert any("other-metric" in row for row in variants)
    assert any("kph-3.2" in row for row in variants)


AUDIT_EDITS: Mapping[str, Edit] = {
    "verdict": (in_table("communities.csv", "判定结果", "达标", "000000000033"), "communities.csv", "判定结果"),
    "near the limit": (in_table("communities.csv", "临界", "也许"), "communities.csv", "临界"),
    "people reached": (in_table("communities.csv", "可达人口", "9999"), "communities.csv", "可达人口"),
    "a millimetre": (in_table("communities.csv", "直线米数", last_digit), "communities.csv", "直线米数"),
    "a figure": (in_table("figures.csv", "met", "99"), "figures.csv", "met"),
    "covered people": (in_table("figures.csv", "covered", "99999"), "figures.csv", "covered"),
    "a district": (in_table("districts.csv", "达标", "99"), "districts.csv", "达标"),
    "a rate rounded up": (in_table("districts.csv", "人口可达率", "99.9%"), "districts.csv", "人口可达率"),
    "the record": (in_run("figures", 0, "met", to=99), "audit.json", "met"),
    "standing outlets": (in_run("outlets", "in_operation", to=9), "audit.json", "in_operation"),
    "deciding standards": (in_run("parameters", "decides", to=["crow"]), "audit.json", "decides"),
    "verdict in the workbook": (in_book("社区台账", "判定结果", "无所谓"), "ledger.xlsx 社区台账", "判定结果"),
    "people in the workbook": (in_book("社区台账", "人口", 99_999), "ledger.xlsx 社区台账", "人口"),
    "rate in the workbook": (in_book("分区市达标情况", "达标率", 0.999), "ledger.xlsx 分区市达标情况", "达标率"),
    "another way of counting": (in_book("口径对照", "达标", 99), "ledger.xlsx 口径对照", "达标"),
}


def batches(edits: Mapping[str, Edit]) -> list[list[str]]:
    """Put edits together as far as no two of them are to be found at one place."""
    found: list[dict[tuple[str, str], str]] = []
    for name, (_, file, column) in edits.items():
        batch = next((one for one in found if (file, column) not in one), None)
        if batch is None:
            found.append(batch := {})
        batch[file, column] = name
    return [[*batch.values()] for batch in found]


@pytest.mark.parametrize("names", batches(AUDIT_EDITS), ids=lambda names: names[0])
def test_edits_of_a_ledger_are_found_at_their_places(names: list[str], audited: Case, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(audited.result.folder, tmp_path / "town"))
    for name in names:
        AUDIT_EDITS[name][0](folder)
    wrong = [one for one in verify.compare(audited.again, Result(folder)) if not one.same]
    assert {(one.file, one.column) for one in wrong} == {AUDIT_EDITS[name][1:] for name in names}


def test_an_audit_without_inputs_says_that_nothing_was_recomputed(tmp_path: Path) -> None:
    folder = pipeline.audit(write_town(tmp_path / "in", AUDITED), tmp_path / "out", keep_inputs=False).folder
    shutil.rmtree(tmp_path / "in")
    assert [one["word"] for one in verified(folder)["taken"]] == ["audit_no_inputs"]
