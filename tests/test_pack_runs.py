"""A full audit of each policy pack on Jinan's real roads, offices and communities."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

import jinan
import packruns
from planner import pipeline
from planner.figures import percent
from planner.standards import need
from shared_data import shared_data
from test_audit import figure, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from planner.pipeline import Outcome


def run(folder: Path, name: str) -> Outcome:
    return pipeline.audit(packruns.write(shared_data("jinan"), folder / "in", name), folder / "out")


def told(outcome: Outcome) -> str:
    """All that the first sheet of the ledger says."""
    book = openpyxl.load_workbook(outcome.folder / "ledger.xlsx", read_only=True)
    return "\n".join(str(line[0]) for line in book.worksheets[0].iter_rows(values_only=True) if line and line[0])


def check_of(record: Mapping[str, Any], name: str, level: str = "city", scope: str = "") -> dict[str, Any]:
    wanted = (name, level, scope)
    (found,) = [one for one in record["checklists"] if (one["checklist"], one["level"], one["scope"]) == wanted]
    return dict(found)


def reported(folder: Path) -> list[dict[str, str]]:
    return jinan.read_rows(folder / "in" / "ledger.csv")


@pytest.fixture(scope="module")
def weihai(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    folder = tmp_path_factory.mktemp("weihai")
    return folder, run(folder, "weihai-2025")


def test_weihai_judges_town_and_country_by_their_own_standard(weihai: tuple[Path, Outcome]) -> None:
    folder, outcome = weihai
    ledger = rows_of(outcome.folder / "communities.csv")
    states = Counter((row["城乡"], row["判定结果"]) for row in ledger)
    for standard, setting in (("urban-walk-15", "城镇"), ("rural-5km", "农村")):
        city = figure(outcome.record, standard=standard)
        assert (city["met"], city["unmet"]) == (states[setting, "达标"], states[setting, "不达标"])
        other = figure(outcome.record, standard=standard, variant="other-metric")
        assert other["met"] >= city["met"]  # no road is shorter than the straight line
    placeless = [row for row in ledger if row["判定结果"] == "无法评定"]
    assert len(placeless) == figure(outcome.record)["unassessable"] > 0
    assert {row["区市"] for row in placeless} == {
        row["district"] for row in jinan.read_rows(folder / "in" / "demand.csv") if not row["lon"]
    }


def test_weihai_plans_fifty_markets_in_three_tiers(weihai: tuple[Path, Outcome]) -> None:
    _, outcome = weihai
    (year,) = outcome.record["missing"]["years"]
    assert year["types"]["零工市场"] == 50
    assert outcome.record["missing"]["status"] in {"optimal", "gap"}


def test_weihai_takes_action_six_items_and_brands_from_the_ledger_alone(weihai: tuple[Path, Outcome]) -> None:
    folder, outcome = weihai
    rows = reported(folder)
    units = {row["unit_id"] for row in jinan.read_rows(folder / "in" / "demand.csv")}
    action = check_of(outcome.record, "action")
    passed = sum(row["是否实施行动"] == "是" for row in rows)
    assert (action["passed"], action["communities"]) == (passed, len(units))
    assert action["missing"] == max(0, need(Fraction(9, 10), len(units)) - passed)
    six = check_of(outcome.record, "six")
    assert six["passed"] == sum(all(row[item] == "是" for item in packruns.SIX) for row in rows)
    (brands,) = [one for one in outcome.record["grants"]["figures"] if one["level"] == "city" and not one["grade"]]
    assert (brands["communities"], brands["quota"], brands["yuan"]) == (20, 20, 1_400_000)
    assert f"占{percent(passed, len(units))}" in told(outcome)
    assert "不由可达性推算" in told(outcome)


def test_a_pack_warns_of_the_state_of_its_document(weihai: tuple[Path, Outcome]) -> None:
    _, outcome = weihai
    (document,) = outcome.record["policy"]["documents"]
    assert document["state"] == "期满"
    own = {entry["key"] for entry in outcome.record["policy"]["inputs"] if entry["own"]}
    assert own == {"goal.urban-people.share", "goal.rural-people.share"}


def test_jieshou_on_one_street(tmp_path: Path) -> None:
    outcome = run(tmp_path, "jieshou-3km")
    ledger = rows_of(outcome.folder / "communities.csv")
    assert {row["镇街"] for row in ledger} == {packruns.STREET}
    rows = [row for row in reported(tmp_path) if row["镇街"] == packruns.STREET]
    passed = sum(row["是否认定充分就业社区"] == "是" for row in rows)
    accredited = check_of(outcome.record, "full-employment")
    assert (accredited["passed"], accredited["communities"]) == (passed, len(ledger)) == (passed, len(rows))
    assert (accredited["target"], accredited["year"]) == ("0.70", 2025)
    (award,) = [one for one in outcome.record["grants"]["figures"] if one["level"] == "city"]
    assert award["yuan"] == 6_000 * passed
    circle = figure(outcome.record, standard="circle-3km")
    assert circle["met"] != passed  # accreditation is not reach
    assert figure(outcome.record, standard="circle-3km", variant="other-metric")["met"] >= circle["met"]


def test_hubei_in_two_phases(tmp_path: Path) -> None:
    outcome = run(tmp_path, "hubei-15min")
    first, second = outcome.record["missing"]["years"]
    assert (first["year"], second["year"]) == (2026, 2027)
    assert 0 < first["count"] <= second["count"]
    assert {row["goal"]: row["share"] for row in outcome.record["milestones"]["goals"]} == {"circle-people": "0.85"}
    walk, drive = (figure(outcome.record, standard=name) for name in ("walk-15", "drive-15"))
    assert drive["met"] >= walk["met"]
    assert figure(outcome.record)["met"] == walk["met"]  # driving is information


def test_hebei_is_a_ledger_of_what_is_reported(tmp_path: Path) -> None:
    outcome = run(tmp_path, "hebei-full-employment")
    rows = reported(tmp_path)
    part, whole = (sum(int(row[name]) for row in rows) for name in ("实现就业人数", "登记失业和持证人数"))
    rate = check_of(outcome.record, "re-employed")
    assert (rate["part"], rate["whole"], rate["met"]) == (part, whole, 10 * part >= 9 * whole)
    assert outcome.record["policy"]["documents"][0]["state"] == "失效"
    assert outcome.record["milestones"]["goals"] == []
