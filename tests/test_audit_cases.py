"""Cases of an audit that once went wrong: what is not known, mobile points, names with strokes, forged years."""

from __future__ import annotations

import csv
import json
import shutil
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from planner import hours, pipeline
from planner.communityledger import outlets_of
from planner.errors import PlannerError
from planner.tallies import scope_names
from planner.words import say
from test_audit import figure, rows_of
from town import SCENARIO, place, write_town

if TYPE_CHECKING:
    from pathlib import Path

    from planner.pipeline import Outcome

NO_GOAL = SCENARIO.split("[[goal]]", maxsplit=1)[0]
MOBILE = '[[facility]]\ntype = "mobile_point"\nname = "流动服务点"\nbuild = false\n'


def change_sites(folder: Path, **columns: dict[str, str]) -> None:
    """Give the sites of the town further columns: header -> site_id -> cell."""
    path = folder / "sites.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        for header, cells in columns.items():
            row[header] = cells.get(row["site_id"], row.get(header, ""))
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def audit(folder: Path, scenario: str = NO_GOAL, **columns: dict[str, str]) -> Outcome:
    path = write_town(folder / "in", scenario)
    change_sites(folder / "in", **columns)
    return pipeline.audit(path, folder / "out")


def rows_at(outcome: Outcome, variant: str) -> list[dict[str, Any]]:
    return [row for row in outcome.record["figures"] if row["variant"] == variant]


def test_hours_that_nobody_knows_are_not_counted_as_closed(tmp_path: Path) -> None:
    assert rows_at(audit(tmp_path / "a"), "night") == []
    known = audit(tmp_path / "b", hours={"E1": "08:30-17:30"})
    assert {row["covered"] for row in rows_at(known, "night")} == {0}
    day = figure(known.record, variant="day")
    assert day["covered"] == figure(known.record)["covered"] > 0


@pytest.mark.parametrize("text", ["8:30-11:30，1:30-5:00", "9:00-12:00,1:00-4:00"])
def test_an_afternoon_is_not_taken_for_the_small_hours(text: str) -> None:
    assert hours.parse(text) is None
    assert hours.parse("8:30-11:30，13:30-17:00") is not None
    assert hours.parse("22:00-06:00") is not None


def test_a_mobile_point_is_no_outlet_anywhere(tmp_path: Path) -> None:
    path = write_town(tmp_path / "in", NO_GOAL + MOBILE)
    with (tmp_path / "in" / "sites.csv").open("a", encoding="utf-8") as stream:
        stream.write(f"M1,流动点,mobile_point,existing,正常,东区,东区镇,,,{place(6, 7)}\n")
    record = pipeline.audit(path, tmp_path / "out").record
    assert (record["outlets"]["standing"], record["outlets"]["in_operation"]) == (2, 1)
    assert record["outlets"]["unknown_hours"] == ["E1"]
    sums = [one for one in record["sums"] if one.get("of") == "outlets" and one["level"] == "city"]
    assert {one["units"] for one in sums} <= {1}


def test_what_an_outlet_does_not_say_of_its_community_is_not_held_against_any() -> None:
    units = pd.DataFrame(
        {"district": ["东区", "东区", "西区"], "town": ["一镇", "二镇", "三镇"]}, index=["a", "b", "c"]
    )
    sites = pd.DataFrame(
        {"type": "station", "open_today": True, "district": ["东区"], "town": ["一镇"], "unit_id": [""]}
    )
    assert outlets_of(units, sites).isna().tolist() == [True, False, False]
    spelt = sites.assign(town="一镇人民政府")
    assert outlets_of(units, spelt).isna().tolist() == [True, True, False]
    assert outlets_of(units, sites.assign(district="某市东区", town="一镇街")).isna().all()
    assert outlets_of(units.assign(district="", town=""), sites).isna().all()
    assert outlets_of(units, sites.assign(unit_id="c")).tolist() == [0, 0, 1]


def test_towns_with_strokes_in_their_names_stay_two() -> None:
    table = pd.DataFrame({"district": ["东/区", "东"], "town": ["镇", "区/镇"]})
    assert scope_names(table, "town").nunique() == 2


def test_no_standard_may_be_called_as_forms_call_all_of_them(tmp_path: Path) -> None:
    scenario = NO_GOAL.replace('id = "walk-5"', 'id = "decided"')
    with pytest.raises(PlannerError) as caught:
        pipeline.audit(write_town(tmp_path / "in", scenario), tmp_path / "out")
    assert [fault.code for fault in caught.value.faults] == ["reserved_id"]


def test_where_no_deciding_standard_speaks_of_anyone_that_is_said(tmp_path: Path) -> None:
    outcome = audit(tmp_path, NO_GOAL.replace('setting = "urban"', 'setting = "rural"'))
    assert not [row for row in outcome.record["figures"] if row["standard"] == ""]
    assert all(row["判定结果"] == "" for row in rows_of(outcome.folder / "communities.csv"))


def test_what_steers_a_terminal_is_dropped_from_names() -> None:
    told = say("audit.title", "zh", title="\x1b[2J\u202e济南", date="2026")
    assert told == say("audit.title", "zh", title="[2J济南", date="2026")


@pytest.fixture(scope="module")
def last_year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The audit of a year before, as it was written."""
    return audit(tmp_path_factory.mktemp("last"), NO_GOAL.replace("2026-06-30", "2025-06-30")).folder


@pytest.mark.parametrize("forged", ["trend", "figures", "date", "cutoff", "nested"])
def test_a_forged_year_is_refused(last_year: Path, tmp_path: Path, forged: str) -> None:
    last: Path = shutil.copytree(last_year, tmp_path / "in" / "last")
    record = json.loads((last / "audit.json").read_text(encoding="utf-8"))
    if forged == "trend":
        record["trend"][0]["met"] += 3
    elif forged == "figures":
        for row in (*record["figures"], *record["trend"]):
            row["met"] = None if row["met"] is None else row["met"] + 1
    elif forged == "date":
        record["data_date"] = "2024-01-01"
    elif forged == "nested":
        record["figures"] = {"standard": 1}
    else:
        copy = last / "scenario.toml"
        copy.write_text(copy.read_text(encoding="utf-8").replace("minutes = 5", "minutes = 50"), encoding="utf-8")
    (last / "audit.json").write_text(json.dumps(record), encoding="utf-8")
    path = write_town(tmp_path / "in", NO_GOAL + '[audit.previous]\nresult = "last"\n')
    with pytest.raises(PlannerError) as caught:
        pipeline.audit(path, tmp_path / "out")
    expected = "previous_no_audit" if forged == "nested" else "previous_changed"
    assert [fault.code for fault in caught.value.faults] == [expected]
