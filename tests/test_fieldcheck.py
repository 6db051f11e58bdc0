"""The field-check list: what it holds, and what its verdicts do when it comes back filled in."""

from __future__ import annotations

import csv
import datetime as dt
import json
import shutil
import zipfile
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import shapely
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from planner import checking, fieldcheck, inputs, unjudged
from planner.coordinates import from_wgs84
from planner.errors import ScenarioError
from planner.standards import Standard
from planner.words import LANGUAGES, in_both, say, tell
from runs import run_scenario
from town import SCENARIO, place, write_town

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from planner.pipeline import Outcome

    Filled = Mapping[tuple[str, str], Mapping[str, str]]

KEY = ("demand_id", "standard")


def rows_of(file: Path, language: str = "zh") -> list[dict[str, Any]]:
    """Lines of a list, by the keys of its columns."""
    head: list[Any]
    head, *rows = CalamineWorkbook.from_path(file).get_sheet_by_index(0).to_python()
    names = [*fieldcheck.GIVEN, *fieldcheck.ASKED]
    assert head == [say(f"fieldcheck.column.{name}", language) for name in names]  # type: ignore[arg-type]
    cells: list[list[Any]] = [list(row) for row in rows]
    return [dict(zip(names, [*row, *[""] * (len(names) - len(row))], strict=True)) for row in cells]


def town(folder: Path, changes: Mapping[str, str] | None = None, extra: str = "", text: str = SCENARIO) -> Path:
    """Write a small town in which demand rows are changed, D00 has no place, and settings are added."""
    path = write_town(folder, text + extra)
    file = folder / "demand.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    bare = ",".join(lines[1].split(",")[:-2]) + ",,"
    lines = [bare if line == lines[1] else line for line in lines]
    for old, new in (changes or {}).items():
        lines = [line.replace(old, new) for line in lines]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def fill(folder: Path, answers: Filled, extra: list[Mapping[str, str]] | None = None, language: str = "zh") -> str:
    """Write a list that was filled in by hand, and return the lines of the scenario that name it."""
    names = [*fieldcheck.GIVEN, *fieldcheck.ASKED]
    rows = [{**dict(zip(KEY, key, strict=True)), "people": "5", **said} for key, said in answers.items()]
    with xlsxwriter.Workbook(folder / "checked.xlsx") as book:
        sheet = book.add_worksheet("清单")
        sheet.write_row(0, 0, [say(f"fieldcheck.column.{name}", language) for name in names])  # type: ignore[arg-type]
        for number, row in enumerate([*rows, *(extra or [])], 1):
            sheet.write_row(number, 0, [row.get(name, "") for name in names])
    return '\n[demand.verdicts]\nfile = "checked.xlsx"\n'


SIGNED = {"checker": "张三", "checked_on": "2026-06-01"}
MET, UNMET = {"verdict": "达标", **SIGNED}, {"verdict": "不达标", **SIGNED}


def coverage_of(outcome: Outcome) -> dict[tuple[str, str, str], dict[str, str]]:
    with (outcome.folder / "coverage.csv").open(encoding="utf-8-sig", newline="") as stream:
        return {(r["demand_id"], r["standard"], r["state"]): r for r in csv.DictReader(stream)}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("plain")
    return run_scenario(town(folder, {"0-5组": "=1+1"}), folder / "out")


# --- the list ----------------------------------------------------------------------------------------------------


def test_the_list_holds_who_cannot_be_judged_and_who_is_near_a_cutoff(plain: Outcome) -> None:
    rows = rows_of(plain.folder / "field_check.xlsx")
    limit_m = 5 * 4000 / 60
    expected = {"D00": "无法评定"}
    for (name, _, state), line in coverage_of(plain).items():
        if state == "today" and line["metres"] and 0.9 * limit_m <= float(line["metres"]) <= 1.1 * limit_m:
            expected[name] = "临界"
    assert len(expected) > 3
    assert {row["demand_id"]: row["kind"] for row in rows} == expected
    assert rows == sorted(rows, key=lambda row: (row["district"], row["town"], row["name"], row["demand_id"]))
    for row in rows:
        measured = coverage_of(plain)[row["demand_id"], "walk-5", "today"]
        if row["kind"] == "无法评定":
            assert (row["measured"], row["site_name"], row["why"]) == ("", "", "没有坐标")
            continue
        assert 0 <= row["measured"] - float(measured["metres"]) < 0.1001
        assert row["limit"] == pytest.approx(limit_m, abs=0.1)
        assert (row["site_id"], row["site_name"], row["unit"]) == ("E1", "老站", "米")
        assert row["why"].startswith("在界限内" if measured["covered"] == "true" else "超出界限")
        assert row["people"] > 0


def test_names_are_text_and_choices_are_drop_downs(plain: Outcome) -> None:
    file = plain.folder / "field_check.xlsx"
    with zipfile.ZipFile(file) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet
        assert "达标,不达标,无法核查" in sheet
        assert "gcj02（高德、腾讯）" in sheet
        assert "2026-06-30T" in book.read("docProps/core.xml").decode()


costs = st.integers(0, 2_000_000)


@given(costs, st.integers(1, 2_000_000))
def test_near_a_cutoff_is_a_tenth_of_it_on_either_side(cost: int, limit: int) -> None:
    assert fieldcheck.close(np.array([cost]), limit)[0] == (abs(cost - limit) * 10 <= limit)


def test_lines_beyond_what_a_list_holds_are_counted(
    plain: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = rows_of(plain.folder / "field_check.xlsx")
    monkeypatch.setattr(fieldcheck, "MOST_LINES", 2)
    outcome = run_scenario(town(tmp_path, {"0-5组": "=1+1"}), tmp_path / "out")
    rows = rows_of(outcome.folder / "field_check.xlsx")
    assert rows == [row for row in whole if row["kind"] == "临界"][:2]
    notes = CalamineWorkbook.from_path(outcome.folder / "field_check.xlsx").get_sheet_by_index(1).to_python()
    assert f"另有 {len(whole) - 2} 行" in str(notes[-1][0])


def test_points_at_a_towns_point_and_spread_ones_are_listed(tmp_path: Path) -> None:
    spot = place(0.1, 1.5)
    changes = {f"10,{place(0.1, 0.5)}": "10", f",{spot}": f",{spot},town", "lon,lat": "lon,lat,placed"}
    changes |= {f",{place(0.1, 2.5)}": f",{place(0.1, 2.5)},spread"}
    outcome = run_scenario(town(tmp_path, changes), tmp_path / "out")
    found = {row["demand_id"]: (row["kind"], row["why"]) for row in rows_of(outcome.folder / "field_check.xlsx")}
    assert found["D01"] == ("无法评定", "以镇街的点代替")
    assert found["D02"] == ("位置为推算", "在镇街范围内推算")
    told = outcome.record["demand"]["placed_people"]
    assert told == {"town": 11, "spread": 12}
    standard = outcome.record["standards"][0]
    people = sum(10 + row + column for row in range(8) for column in range(8))
    assert standard["people"] == people - 10 - 11, "spread people count in the share of people"
    assert standard["communities"] == 16, "but the community that they are listed under is judged by others"


def test_a_community_of_spread_points_alone_is_not_judged(tmp_path: Path) -> None:
    changes = {"lon,lat": "lon,lat,placed"}
    for row in (0, 1):
        for column in (2, 3):
            spot = place(row + 0.1, column + 0.5)
            changes[f",{spot}"] = f",{spot},spread"
    goal = '[[goal]]\nid = "units"\nstandard = "walk-5"\nshare = 1\nof = "communities"\n'
    outcome = run_scenario(town(tmp_path, changes, goal), tmp_path / "out")
    assert outcome.record["standards"][0]["communities"] == 15
    units = next(goal for goal in outcome.record["goals"] if goal["id"] == "units")
    assert units["whole"] == units["needed"] == 15
    assert outcome.exit_code == 3
    left = set(units["left"])
    assert left
    assert left.isdisjoint({"D02", "D03", "D12", "D13"}), "points in no community are not what it lacks"


# --- the list comes back -----------------------------------------------------------------------------------------


def run(folder: Path, answers: Filled, extra: str = "", changes: Mapping[str, str] | None = None) -> Outcome:
    folder.mkdir(exist_ok=True)
    return run_scenario(town(folder, changes, extra + fill(folder, answers)), folder / "out")


def test_a_list_that_is_not_filled_in_changes_nothing(plain: Outcome, tmp_path: Path) -> None:
    given_out: dict[tuple[str, str], Mapping[str, str]] = {
        (row["demand_id"], row["standard"]): {} for row in rows_of(plain.folder / "field_check.xlsx")
    }
    first = next(iter(given_out))
    outcome = run(tmp_path, {**given_out, first: {"verdict": "无法核查"}}, changes={"0-5组": "=1+1"})
    assert coverage_of(outcome) == coverage_of(plain)
    read = next(item for item in outcome.record["inputs"] if item["path"] == "checked.xlsx")
    assert (read["rows_read"], read["rows_used"]) == (len(given_out), 0)
    with (outcome.folder / "left_out.csv").open(encoding="utf-8-sig", newline="") as stream:
        reasons = [row["reason"] for row in csv.DictReader(stream) if row["file"] == "checked.xlsx"]
    assert sorted(set(reasons)) == sorted(say(f"left_out.check_{name}", "zh") for name in ("impossible", "open"))


def test_a_list_as_it_was_written_reads_back_and_cells_that_excel_turned_into_dates_and_numbers(
    plain: Outcome, tmp_path: Path
) -> None:
    shutil.copyfile(plain.folder / "field_check.xlsx", tmp_path / "checked.xlsx")
    section = '\n[demand.verdicts]\nfile = "checked.xlsx"\n'
    found = inputs.read(town(tmp_path, None, section), lambda _: None)
    assert found.verdicts.lines == ()
    assert found.demand.rows_read["checked.xlsx"] == len(found.verdicts.left_out) > 3
    with xlsxwriter.Workbook(tmp_path / "checked.xlsx") as book:
        sheet = book.add_worksheet()
        cells = {
            "demand_id": "D00",
            "standard": "walk-5",
            "verdict": "达标",
            "checker": "李四",
            "lon": 10.001,
            "lat": 50.002,
        }
        for column, (name, value) in enumerate([*cells.items(), ("checked_on", dt.datetime(2026, 6, 1))]):  # noqa: DTZ001
            sheet.write(0, column, say(f"fieldcheck.column.{name}", "zh"))
            sheet.write(1, column, value, book.add_format({"num_format": "yyyy-mm-dd"} if name == "checked_on" else {}))
    found = inputs.read(town(tmp_path, None, section), lambda _: None)
    assert [(line.demand_id, line.standard, line.met) for line in found.verdicts.lines] == [("D00", "walk-5", True)]
    assert found.demand.frame.geometry.iloc[0].coords[0] == (10.001, 50.002)
    assert found.demand.doubts == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_verdicts_decide_today_and_in_every_plan(language: Any, plain: Outcome, tmp_path: Path) -> None:
    before = coverage_of(plain)
    near = sorted(d for (d, _, state), row in before.items() if state == "today" and row["covered"] == "true")
    far = sorted(d for (d, _, state), row in before.items() if state == "today" and row["reason"] == "beyond")
    met, unmet = far[-3:], near[:3]
    words = {key: say(f"fieldcheck.verdict.{key}", language) for key in ("met", "unmet")}
    answers = {(d, "walk-5"): {"verdict": words["met"], **SIGNED} for d in met}
    answers |= {(d, "walk-5"): {"verdict": words["unmet"], **SIGNED} for d in unmet}
    lines = fill(tmp_path, answers, language=language)
    outcome = run_scenario(town(tmp_path, {"0-5组": "=1+1"}, lines), tmp_path / "out")
    after = coverage_of(outcome)
    for d in met:
        for state in ("today", "plan"):
            row = after[d, "walk-5", state]
            assert (row["covered"], row["reason"]) == ("true", "checked")
            assert row["metres"] == before[d, "walk-5", "today"]["metres"] or state == "plan"
    opened = {row["site_id"] for row in outcome.record["plan"]["opened"]}
    for d in unmet:
        assert (after[d, "walk-5", "today"]["covered"], after[d, "walk-5", "today"]["reason"]) == ("false", "checked")
        row = after[d, "walk-5", "plan"]
        assert (row["covered"] == "true") == (row["site_id"] in opened)
        assert row["reason"] == "checked"
    others = {key for key in before if key[0] not in {*met, *unmet} and key[2] == "today"}
    assert all(before[key] == after[key] for key in others)
    people = {f"D{row}{column}": 10 + row + column for row in range(8) for column in range(8)}
    change = sum(people[d] for d in met) - sum(people[d] for d in unmet)
    today = [o.record["standards"][0]["covered_today"] for o in (plain, outcome)]
    assert today[1] - today[0] == change
    figures = {"met": 3, "met_people": sum(people[d] for d in met)}
    figures |= {"unmet": 3, "unmet_people": sum(people[d] for d in unmet)}
    assert outcome.record["demand"]["checked"] == [{"standard": "walk-5", **figures}]
    left = {row["demand_id"] for row in rows_of(outcome.folder / "field_check.xlsx")}
    assert left.isdisjoint({*met, *unmet}), "what was checked need not be checked again"
    assert outcome.exit_code == 0


MANY = """
[[goal]]
id = "two"
standard = "walk-5"
share = 0.1
backup = true
[[goal]]
id = "units"
standard = "walk-5"
share = 0.3
of = "communities"
[[phase]]
year = 2026
shares = { people = 0.3 }
[[phase]]
year = 2027
"""
TRAVEL = '\n[siting]\nobjective = "min_travel"\nstandard = "walk-5"\nmax_sites = 5\n'
MOST = '\n[siting]\nobjective = "max_coverage"\nstandard = "walk-5"\nmax_sites = 5\n'
CAPACITY = '\n[siting]\ncapacity_standard = "walk-5"\n'


@pytest.mark.parametrize("extra", [MANY, TRAVEL, MOST, CAPACITY], ids=["goals", "travel", "coverage", "capacity"])
def test_plans_of_every_kind_take_verdicts_as_coverage_does(extra: str, tmp_path: Path) -> None:
    """The run itself holds the model's word on every goal against the measured coverage."""
    answers = {(f"D{number:02}", "walk-5"): MET for number in (0, 77, 70, 34)}
    answers |= {(f"D{number:02}", "walk-5"): UNMET for number in (1, 10, 11, 12, 66)}
    outcome = run(tmp_path, answers, extra)
    assert outcome.exit_code == 0
    after = coverage_of(outcome)
    for (d, standard), said in answers.items():
        assert (after[d, standard, "today"]["covered"] == "true") == (said is MET)
        assert after[d, standard, "plan"]["covered"] == "true" or said is UNMET


def test_a_point_without_a_place_counts_once_it_was_checked(tmp_path: Path) -> None:
    for said, covered in ((MET, 1), (UNMET, 0)):
        outcome = run(tmp_path / str(covered), {("D00", "walk-5"): said})
        row = coverage_of(outcome)["D00", "walk-5", "plan"]
        assert (row["covered"], row["reason"], row["metres"]) == (str(bool(covered)).lower(), "checked", "")
        standard = outcome.record["standards"][0]
        assert standard["not_assessable"] == 0
    # what its town's point reaches does not count, neither an outlet of today nor a new one
    for spot, site in ((place(1, 1), "E1"), (place(1, 5), "C1")):
        changes = {"lon,lat": "lon,lat,placed", "10,,": f"10,{spot},town"}
        opened = '\n[rules]\nforce_open = ["C1"]\n'
        outcome = run(tmp_path / site, {("D00", "walk-5"): UNMET}, opened, changes)
        row = coverage_of(outcome)["D00", "walk-5", "plan"]
        assert (row["covered"], row["facilities"], row["reason"]) == ("false", "0", "checked")


def test_coordinates_of_the_list_place_a_point(tmp_path: Path) -> None:
    lon, lat = place(1, 1).split(",")
    answers = {("D00", "walk-5"): {"lon": lon, "lat": lat}, ("D01", "walk-5"): {"lon": lon, "lat": lat}}
    outcome = run(tmp_path, answers)
    rows = coverage_of(outcome)
    for d in ("D00", "D01"):
        assert rows[d, "walk-5", "today"]["covered"] == "true"
        assert float(rows[d, "walk-5", "today"]["metres"]) < 1
    assert len(outcome.record["doubts"]) == 1, "D01 had a place and was moved"
    assert "0-1组" in outcome.record["doubts"][0]["what"]
    assert outcome.record["standards"][0]["not_assessable"] == 0


@pytest.mark.parametrize("system", ["gcj02", "bd09", "cgcs2000"])
def test_each_line_names_its_own_system(system: Any, tmp_path: Path) -> None:
    lon, lat = from_wgs84([117.0], [36.6], system)
    answer = {"lon": f"{lon[0]:.8f}", "lat": f"{lat[0]:.8f}", "system": say(f"fieldcheck.system.{system}", "zh")}
    path = town(tmp_path, None, fill(tmp_path, {("D00", "walk-5"): answer}))
    found = inputs.read(path, lambda _: None)
    point = found.demand.frame.geometry.iloc[0]
    assert abs(point.x - 117.0) < 1e-7
    assert abs(point.y - 36.6) < 1e-7


@pytest.mark.parametrize(
    ("answers", "extra", "codes"),
    [
        ({("D99", "walk-5"): MET}, [], ["check_unknown_point"]),
        ({("D99", "walk-5"): {"lon": "10", "lat": "50"}}, [], ["check_unknown_point"]),
        ({("D01", "walk-6"): MET}, [], ["check_unknown_standard"]),
        ({("D02", "walk-5"): MET}, [], ["check_not_asked"]),
        ({("D01", "walk-5"): MET}, [{"demand_id": "D01", "standard": "walk-5", **UNMET}], ["check_twice"]),
        ({("D01", "walk-5"): {"lon": "117", "lat": "36"}}, [], ["check_no_system"]),
        ({("D01", "walk-5"): {"lon": "10", "lat": "50"}},
         [{"demand_id": "D01", "standard": "e-5", "lon": "10.1", "lat": "50"}], ["check_two_places"]),
        ({("D01", "e-5"): MET}, [], ["check_no_outlet"]),
        ({("D01", "walk-5"): {"verdict": "大概达标"}}, [], ["cell_choice"]),
        ({("D01", "walk-5"): {"lon": "10"}}, [], ["half_place"]),
        ({("D01", ""): MET}, [], ["cell_empty"]),
    ],
)  # fmt: skip
def test_what_a_list_may_not_say(answers: Filled, extra: Any, codes: list[str], tmp_path: Path) -> None:
    standard = '\n[[standard]]\nid = "e-5"\nminutes = 5\nserved_by = ["e_station"]\n'
    path = town(tmp_path, {"镇,西区,urban,12,": "镇,西区,rural,12,"}, standard + fill(tmp_path, answers, extra))
    with pytest.raises(ScenarioError) as error:
        inputs.read(path, lambda _: None)
    assert [fault.code for fault in error.value.faults] == codes
    for fault in error.value.faults:
        assert fault.file == "checked.xlsx"
        assert fault.row == (3 if extra else 2)
        for language in LANGUAGES:
            assert all(tell(fault, language))


def test_a_verdict_that_nobody_signed_is_a_doubt(tmp_path: Path) -> None:
    path = town(tmp_path, None, fill(tmp_path, {("D01", "walk-5"): {"verdict": "达标"}, ("D03", "walk-5"): MET}))
    doubts = inputs.read(path, lambda _: None).demand.doubts
    assert [(doubt.code, doubt.row) for doubt in doubts] == [("check_unsigned", 2)]
    assert all(tell(doubts[0], "zh"))


def test_minutes_of_a_drive_are_near_by_time_and_decided_rows_are_left_out() -> None:
    standard = Standard(
        id="drive", layer="residents", setting=None, mode="drive", metric="road", measure="time", limit=600_000,
        served_by=("station",), clause="", minutes=Decimal(10), km=None,
    )  # fmt: skip
    seconds = [539.999, 540.0, 660.0, 660.001, 599.9995, float("nan")]
    demand = pd.DataFrame(
        {
            **{name: [f"{name}{i}" for i in range(6)] for name in ("demand_id", "name", "unit_id")},
            "district": "甲区", "town": "乙镇", "people": 7, "placed": "own", "geometry": [shapely.Point(10, 50)] * 6,
        }
    )  # fmt: skip
    today = pd.DataFrame(
        {
            "demand_id": demand["demand_id"], "standard": "drive", "seconds": seconds, "metres": 1.0, "site_id": "E1",
            "covered": [s <= 600 for s in seconds], "reason": [""] * 5 + ["no_route"],
        }
    )  # fmt: skip
    decided = np.array([False] * 4 + [True, False])
    lines = fieldcheck.listing(demand, today, [standard], {"E1": "老站"}, decided)
    shown = lines[["demand_id", "kind", "why", "measured", "limit", "unit", "site_name"]].to_numpy().tolist()
    assert shown == [
        ["demand_id1", "close", "inside", 90, 100, "minutes", "老站"],
        ["demand_id2", "close", "beyond", 110, 100, "minutes", "老站"],
    ]


# --- nothing is measured from a town's point ---------------------------------------------------------------------


def rows_in(outcome: Outcome, name: str) -> list[dict[str, str]]:
    """Rows of a table of a result."""
    with (outcome.folder / name).open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def change(folder: Path, file: str, *pairs: tuple[str, str]) -> None:
    """Replace words in a file of a town."""
    text = (folder / file).read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    (folder / file).write_text(text, encoding="utf-8")


def bare(folder: Path, *ids: str) -> None:
    """Take the places of points away."""
    lines = (folder / "demand.csv").read_text(encoding="utf-8").splitlines()
    lines = [line.rsplit(",", 2)[0] + ",," if line.split(",")[0] in ids else line for line in lines]
    (folder / "demand.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


WITH_CAPACITY = SCENARIO.replace("build = false", "build = false\ncapacity_people = 100").replace(
    "share = 0.6", 'share = 0.05\n[siting]\ncapacity_standard = "walk-5"'
)


@pytest.mark.parametrize("scenario", [SCENARIO, WITH_CAPACITY], ids=["reach", "capacity"])
def test_who_is_met_without_a_place_is_served_by_no_outlet_that_is_known(scenario: str, tmp_path: Path) -> None:
    """People of the far corner are covered, yet closing an outlet hurts them only by bringing their check out of date.

    So does one of their district that closes later. Nor are the outlets fuller.
    """
    far = ("D67", "D75", "D76", "D77")
    found = []
    for name, said in (("plain", {}), ("checked", MET), ("undated", {**MET, "checked_on": ""})):
        path = write_town(tmp_path / name, scenario)
        change(tmp_path / name, "sites.csv", ("停运", "正常"))
        bare(tmp_path / name, *far)
        section = fill(tmp_path / name, {(d, "walk-5"): said for d in far})
        path.write_text(scenario + section, encoding="utf-8")
        found.append(run_scenario(path, tmp_path / name / "out"))
    plain, after, undated = found
    people = sum(10 + int(d[1]) + int(d[2]) for d in far)
    before, now = (outcome.record["standards"][0] for outcome in (plain, after))
    assert (before["not_assessable"], now["not_assessable"]) == (people, 0)
    assert now["covered_today"] - before["covered_today"] == people
    told = [
        {row["site_id"]: row for row in rows_in(outcome, "closing.csv") if row["state"] == "today"} for outcome in found
    ]
    assert set(told[0]) == {"E1", "E2"}
    losing = str(int(told[0]["E2"]["people_losing"]) + people)
    assert told[1] == {**told[0], "E2": {**told[0]["E2"], "people_losing": losing}}, "E2 is of their district"
    assert told[2] == told[0]
    assert coverage_of(undated) == coverage_of(after)
    for d in far:
        for state in ("today", "plan"):
            row = coverage_of(after)[d, "walk-5", state]
            assert (row["covered"], row["facilities"], row["site_id"], row["metres"]) == ("true", "1", "", "")
    if scenario is WITH_CAPACITY:
        assert now["served_today"] - before["served_today"] == people
        assert after.record["goals"][0]["reached_today"] - plain.record["goals"][0]["reached_today"] == people
        served = [{row["site_id"]: row["people_served"] for row in rows_in(o, "sites.csv")} for o in (plain, after)]
        assert served[0]["E1"] == served[1]["E1"]
        assert served[0]["E2"] == served[1]["E2"]


def test_nothing_is_measured_from_a_towns_point(tmp_path: Path) -> None:
    for name, said in (("open", {}), ("met", MET), ("unmet", UNMET)):
        changes = {"lon,lat": "lon,lat,placed", "10,,": f"10,{place(1, 1)},town"}
        outcome = run(tmp_path / name, {("D00", "walk-5"): said}, "", changes)
        e1 = next(row for row in rows_in(outcome, "closing.csv") if row["site_id"] == "E1" and row["state"] == "today")
        assert int(e1["people_nearest"]) == sum(10 + r + c for r in range(8) for c in range(8)) - 10
        # D00 is found met by nobody knows which outlet: with the last one closed it is so no more
        assert int(e1["people_losing"]) == int(e1["losing_people_to"]) + 10 * (name == "met")


def test_the_foot_of_a_towns_point_is_nobodys(tmp_path: Path) -> None:
    """The street by the town's point is closed: its point moves to another street, and no one with it."""
    shut = {"type": "LineString", "coordinates": [[10.0056, 50.0054], [10.0056, 50.009]]}
    layer = {"type": "Feature", "properties": {"edit": "关闭"}, "geometry": shut}
    for name, way in (("own", ""), ("town", "town")):
        spot = place(3.4, 2.0)
        path = town(tmp_path / name, {"lon,lat": "lon,lat,placed", "10,,": f"10,{spot},{way}"})
        (tmp_path / name / "edits.geojson").write_text(
            json.dumps({"type": "FeatureCollection", "features": [layer]}), encoding="utf-8"
        )
        change(tmp_path / name, "scenario.toml", (
            'file = "roads.osm"', 'file = "roads.osm"\nedits = { file = "edits.geojson", coordinates = "wgs84" }'
        ))  # fmt: skip
        moved = {row["id"] for row in rows_in(run_scenario(path, tmp_path / name / "out"), "moved.csv")}
        assert ("D00" in moved) == (way == "")


# --- who cannot be judged is said --------------------------------------------------------------------------------

EAST = tuple(f"D{row}{column}" for row in range(8) for column in range(4, 8))
EAST_PEOPLE = sum(10 + int(d[1]) + int(d[2]) for d in EAST)
DISTRICTS = '[[goal]]\nid = "each"\nstandard = "walk-5"\nshare = 0.2\neach = "district"\n'


def codes_of(inputs_read: inputs.Inputs) -> dict[str, Mapping[str, object]]:
    return {doubt.code: doubt.values for doubt in unjudged.doubts_of(inputs_read)}


@pytest.mark.parametrize("goal", [DISTRICTS, DISTRICTS.replace('each = "district"', 'district = "东区"')])
def test_a_scope_in_which_nobody_can_be_judged_is_listed_and_said(goal: str, tmp_path: Path) -> None:
    path = write_town(tmp_path, SCENARIO + goal)
    bare(tmp_path, *EAST)
    outcome = run_scenario(path, tmp_path / "out")
    east = next(told for told in outcome.record["goals"] if told["scope"] == "东区")
    assert (east["whole"], east["today"], east["met"], east["not_assessable"]) == (0, None, True, EAST_PEOPLE)
    scope = f"目标“each:东区”的范围内共 {EAST_PEOPLE} 人"
    said = [doubt for doubt in outcome.record["doubts"] if scope in doubt["what"]]
    assert [doubt["place"].split("，")[0] for doubt in said] == ["scenario.toml"]
    told = checking.check(path, lambda _: None).record
    assert said[0]["what"] in {doubt["what"] for doubt in told["doubts"]}
    assert told["layers"][0]["not_assessable"] == EAST_PEOPLE


def test_a_goal_is_asked_where_verdicts_alone_judge(tmp_path: Path) -> None:
    path = write_town(tmp_path, SCENARIO.split("[[goal]]")[0] + DISTRICTS)
    everybody = [f"D{row}{column}" for row in range(8) for column in range(8)]
    bare(tmp_path, *everybody)
    section = fill(tmp_path, {(d, "walk-5"): MET for d in everybody})
    path.write_text(path.read_text(encoding="utf-8") + section, encoding="utf-8")
    outcome = run_scenario(path, tmp_path / "out")
    assert [(told["scope"], told["today"]) for told in outcome.record["goals"]] == [("东区", 1.0), ("西区", 1.0)]
    assert outcome.record["doubts"] == []
    told = checking.check(path, lambda _: None).record
    assert told["layers"] == [{"layer": "residents", "points": 64, "people": 1088, "not_assessable": 0}]


def test_a_check_counts_as_unjudged_who_some_standard_cannot_judge(tmp_path: Path) -> None:
    other = '\n[[standard]]\nid = "walk-9"\nminutes = 9\nserved_by = ["station"]\n'
    for standards, unjudged_people in (("", 0), (other, 10)):
        path = town(tmp_path, None, standards + fill(tmp_path, {("D00", "walk-5"): MET}))
        assert checking.check(path, lambda _: None).record["layers"][0]["not_assessable"] == unjudged_people


FEW = """\
demand_id,name,unit_id,town,district,setting,people,lon,lat
A,甲,U1,西区镇,西区,urban,10,{spot}
B,乙,U1,西区镇,西区,urban,990,,
C,丙,U2,西区镇,西区,urban,1000,,
D,丁,U3,西区镇,西区,urban,5,{spot}
E,戊,U3,西区镇,西区,urban,5,,
"""


def test_communities_judged_by_few_of_their_people_are_said(tmp_path: Path) -> None:
    """U1 is judged by one in a hundred, U2 by nobody; half of U3 is enough."""
    path = write_town(tmp_path)
    (tmp_path / "demand.csv").write_text(FEW.format(spot=place(1, 1)), encoding="utf-8")
    outcome = run_scenario(path, tmp_path / "out")
    assert outcome.record["demand"]["communities_unjudged"] == [{"standard": "walk-5", "partly": 1, "left_out": 1}]
    assert outcome.record["standards"][0]["communities"] == 2
    codes = codes_of(inputs.read(path, lambda _: None))
    (told,) = codes.values()
    assert {key: told[key] for key in ("standard", "partly", "left_out")} == {
        "standard": "walk-5", "partly": 1, "left_out": 1,
    }  # fmt: skip
    assert told["parts"] == {
        "zh": "1个只按能评定的人判定、1个没有人能评定、不计入社区数",
        "en": "1 are judged by these alone, 1, of whom nobody can be, are in no count of communities",
    }
    few = FEW.format(spot=place(1, 1)).splitlines()
    (tmp_path / "demand.csv").write_text("\n".join(line for line in few if ",U2," not in line), encoding="utf-8")
    (told,) = codes_of(inputs.read(path, lambda _: None)).values()
    assert told["parts"] == in_both("unjudged.partly", count=1), "nothing is said of none"
    (tmp_path / "demand.csv").write_text(FEW.format(spot=place(1, 1)), encoding="utf-8")
    path.write_text(SCENARIO + fill(tmp_path, {(d, "walk-5"): UNMET for d in "BC"}), encoding="utf-8")
    assert codes_of(inputs.read(path, lambda _: None)) == {}


@pytest.mark.parametrize("way", ["leave", "spread"])
def test_a_checked_point_is_judged_in_its_community_wherever_it_stands(way: str, tmp_path: Path) -> None:
    spot = {"leave": ",", "spread": place(1, 1)}[way]
    path = write_town(tmp_path)
    text = (
        FEW.partition("C,")[0]
        .replace("lat\n", "lat,placed\n")
        .replace("U1,西区镇,西区,urban,990,,", f"U2,西区镇,西区,urban,990,{spot},{way}")
    )
    text = text.replace("leave", "").format(spot=place(1, 1) + ",")
    (tmp_path / "demand.csv").write_text(text, encoding="utf-8")
    path.write_text(SCENARIO + fill(tmp_path, {("B", "walk-5"): MET}), encoding="utf-8")
    standard = run_scenario(path, tmp_path / "out").record["standards"][0]
    assert (standard["people"], standard["communities"], standard["communities_today"]) == (1000, 2, 2)


# --- verdicts that later changes overtook ------------------------------------------------------------------------


def dated(folder: Path, opened: str, closed: str) -> None:
    """Say when the outlets opened and closed: E1 stands no longer where `closed`, E2 stands."""
    lines = (folder / "sites.csv").read_text(encoding="utf-8").replace("停运", "正常").splitlines()
    dates = {"E1": f",,{closed}", "E2": f",{opened},"}
    head = [lines[0] + ",opened_on,closed_on"]
    lines = head + [line + dates.get(line[:2], ",,") for line in lines[1:]]
    (folder / "sites.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize(("opened", "closed", "overtaken"), [
    ("2026-06-15", "", {"D66": "check_opened_since"}),
    ("2026-06-01", "2026-06-01", {}),
    ("", "2026-06-15", {"D11": "check_closed_since", "D00": "check_closed_since"}),
    ("2026-06-15", "2026-06-15", {
        "D66": "check_opened_since", "D11": "check_closed_since", "D00": "check_closed_since",
    }),
])  # fmt: skip
def test_a_verdict_counts_until_an_outlet_near_by_opens_or_closes(
    opened: str, closed: str, overtaken: dict[str, str], tmp_path: Path
) -> None:
    """D00 has no place, and E1 is of its district; D07 and D70 are far from what changed."""
    verdict = {"D11": MET, "D66": UNMET, "D00": MET, "D07": MET, "D70": UNMET}
    path = town(tmp_path, None, fill(tmp_path, {(d, "walk-5"): said for d, said in verdict.items()}))
    dated(tmp_path, opened, closed)
    read = inputs.read(path, lambda _: None)
    rows = {name: number for number, name in enumerate(verdict, 2)}
    told = {doubt.row: doubt.code for doubt in read.demand.doubts}
    assert told == {rows[d]: code for d, code in overtaken.items()}
    assert {line.demand_id for line in read.verdicts.lines} == set(verdict) - set(overtaken)
    assert {row.row for row in read.demand.left_out if row.reason == "check_outdated"} == told.keys()
    after = coverage_of(run_scenario(path, tmp_path / "out"))
    for d in ("D11", "D66"):
        row = after[d, "walk-5", "today"]
        assert (row["reason"] == "checked") == (d not in overtaken)
    assert after["D66", "walk-5", "today"]["covered"] == str("D66" in overtaken).lower(), "what is measured counts"
    assert (after["D00", "walk-5", "today"]["reason"] == "not_assessable") == ("D00" in overtaken)
    for doubt in read.demand.doubts:
        assert all(tell(doubt, "zh"))


def test_a_verdict_whose_only_outlet_has_closed_is_out_of_date(tmp_path: Path) -> None:
    """No outlet stands that could serve: near or far, 达标 cannot hold; before the check, it never could."""
    path = town(tmp_path, None, fill(tmp_path, {(d, "walk-5"): MET for d in ("D11", "D70", "D00")}))
    dated(tmp_path, "", "2026-06-15")
    change(tmp_path, "sites.csv", ("停站,station,existing,正常", "停站,station,existing,停运"))
    read = inputs.read(path, lambda _: None)
    assert read.verdicts.lines == ()
    assert [doubt.code for doubt in read.demand.doubts] == ["check_closed_since"] * 3
    change(tmp_path, "sites.csv", ("2026-06-15", "2026-05-15"))
    with pytest.raises(ScenarioError) as error:
        inputs.read(path, lambda _: None)
    assert {fault.code for fault in error.value.faults} == {"check_no_outlet"}
