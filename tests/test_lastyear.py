"""Last year's result or ledger: read back, kept with this year's, and refused where nothing can be compared."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from planner import changes, inputs, pipeline, previous
from planner.auditstudy import study_audit
from planner.errors import PlannerError, ScenarioError
from planner.lastyear import read_last_year
from planner.scenario import load
from planner.words import LANGUAGES, tell
from runs import run_scenario
from twoyears import Year, quiet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LAST = '\n[audit.previous]\nresult = "../maps/town-audit"\n'
OPENED = {"E2": {"operating": "正常"}}
WALK = '\n[audit.crosswalk]\nfile = "codes.csv"\n'


def this_year() -> Year:
    return Year().later().said('name = "town"', 'name = "town-2026"').edited("sites", **OPENED)


def codes_of(path: Path) -> list[str]:
    """Codes of what is wrong with a scenario, or with what it names of last year; all have words."""
    with pytest.raises(PlannerError) as caught:
        read_last_year(inputs.read(path, quiet), quiet)
    for fault in caught.value.faults:
        assert all(all(tell(fault, language)) for language in LANGUAGES)
    return [fault.code for fault in caught.value.faults]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two years of audits, the second of which names the first: y1, y2 and maps."""
    folder = tmp_path_factory.mktemp("years")
    pipeline.audit(Year().write(folder / "y1"), folder / "maps")
    pipeline.audit(this_year().write(folder / "y2", LAST), folder / "maps")
    return folder


@pytest.fixture
def years(done: Path, tmp_path: Path) -> Path:
    """A copy of the two years that a test may spoil."""
    return shutil.copytree(done, tmp_path / "years")


def record_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "audit.json").read_text(encoding="utf-8"))
    return found


# --- a result that can be compared -------------------------------------------------------------------------------


def test_the_record_tells_the_change_and_its_causes(done: Path) -> None:
    told = record_of(done / "maps" / "town-2026-audit")["changes"]
    assert told["against"] == "result"
    assert told["last"]["data_date"] == "2025-06-30"
    city = {row["cause"]: row for row in told["figures"] if (row["level"], row["standard"]) == ("city", "")}
    assert (city["last"]["met"], city["now"]["met"], city["sites"]["met"]) == (1, 3, 2)
    assert (city["change"]["rate_tenths"], city["sites"]["rate_tenths"]) == (125, 125)
    assert told["outlets"] == {"last": 1, "now": 2, "opened": 1, "closed": 0}
    assert told["differs"] == []
    assert told["communities"]["turned"] == 2


def test_the_trend_is_carried_on(done: Path) -> None:
    years = record_of(done / "maps" / "town-2026-audit")["trend"]
    found = [(one["data_date"], one["met"], one["assessable"]) for one in years if one["standard"] == ""]
    assert found == [("2025-06-30", 1, 16), ("2026-06-30", 3, 16)]


def test_the_table_of_changes_names_every_community(done: Path) -> None:
    lines = (done / "maps" / "town-2026-audit" / "changes.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("unit_id,old_codes,name,district,town,kind")
    assert len(lines) == 1 + 16
    assert [line for line in lines if "sites:unmet>met" in line and "网点增减：不达标→达标" in line]


def test_last_year_is_kept_without_its_own_and_a_rerun_from_the_copies_is_the_same(done: Path, tmp_path: Path) -> None:
    kept = done / "maps" / "town-2026-audit"
    copy = kept / "inputs" / "previous"
    assert {path.name for path in copy.iterdir()} == {"scenario.toml", "audit.json", "communities.csv", "inputs"}
    again = pipeline.audit(kept / "scenario.toml", tmp_path / "again")
    for name in ("changes.csv", "communities.csv", "figures.csv"):
        assert (again.folder / name).read_bytes() == (kept / name).read_bytes()
    told, before = (record_of(folder)["changes"] for folder in (again.folder, kept))
    assert (told["last"].pop("path"), before["last"].pop("path")) == ("inputs/previous", "../maps/town-audit")
    assert told == before
    third = this_year().said("2026-06-30", "2027-06-30").said("town-2026", "town-2027")
    path = third.write(done / "y3", LAST.replace("town-audit", "town-2026-audit"))
    last = pipeline.audit(path, tmp_path / "third").folder
    copy = last / "inputs" / "previous"
    assert not (copy / "inputs" / "previous").exists(), "no chain of years grows in a result"
    assert "previous" not in (copy / "scenario.toml").read_text(encoding="utf-8")
    dates = [one["data_date"] for one in record_of(last)["trend"] if one["standard"] == ""]
    assert dates == ["2025-06-30", "2026-06-30", "2027-06-30"]


def test_paths_start_from_the_file_that_wrote_them(years: Path) -> None:
    (years / "y2" / "far").mkdir()
    base = years / "y2" / "scenario.toml"
    child = years / "y2" / "far" / "child.toml"
    child.write_text('name = "child"\ntitle = "x"\nextends = "../scenario.toml"\n', encoding="utf-8")
    assert previous.folder_of(load(child)) == previous.folder_of(load(base)) == years / "maps" / "town-audit"
    assert read_last_year(inputs.read(child, quiet), quiet) is not None


def test_other_verbs_take_no_part_in_it(years: Path) -> None:
    shutil.rmtree(years / "maps" / "town-audit")
    found = run_scenario(years / "y2" / "scenario.toml", years / "out")
    assert 'result = "../../maps/town-audit"' in (found.folder / "scenario.toml").read_text(encoding="utf-8")


# --- folders that cannot be compared -----------------------------------------------------------------------------


def _no_folder(folder: Path) -> None:
    shutil.rmtree(folder)


def _no_record(folder: Path) -> None:
    (folder / "audit.json").unlink()


def _no_json(folder: Path) -> None:
    (folder / "audit.json").write_text("[1, 2]", encoding="utf-8")


def _other_schema(folder: Path) -> None:
    (folder / "audit.json").write_text(json.dumps(record_of(folder) | {"schema": 99}), encoding="utf-8")


def _no_inputs(folder: Path) -> None:
    shutil.rmtree(folder / "inputs")


def _edited(folder: Path) -> None:
    path = folder / "inputs" / "sites.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("老站", "旧站"), encoding="utf-8")


def _lost(folder: Path) -> None:
    (folder / "inputs" / "demand.csv").unlink()


def _same_day(folder: Path) -> None:
    (folder / "audit.json").write_text(json.dumps(record_of(folder) | {"data_date": "2026-06-30"}), encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (_no_folder, "previous_missing"),
        (_no_record, "previous_no_audit"),
        (_no_json, "previous_no_audit"),
        (_other_schema, "previous_schema"),
        (_no_inputs, "previous_no_inputs"),
        (_edited, "previous_changed"),
        (_lost, "previous_changed"),
        (_same_day, "previous_not_earlier"),
    ],
)
def test_a_folder_that_cannot_be_compared_is_refused(years: Path, spoil: Callable[[Path], None], code: str) -> None:
    spoil(years / "maps" / "town-audit")
    assert codes_of(years / "y2" / "scenario.toml") == [code]


def test_a_result_without_inputs_is_refused_as_it_is_written(years: Path) -> None:
    pipeline.audit(years / "y1" / "scenario.toml", years / "maps", keep_inputs=False)
    assert codes_of(years / "y2" / "scenario.toml") == ["previous_no_inputs"]


def test_faults_of_last_years_tables_name_its_files(years: Path) -> None:
    """A later version may refuse what an earlier one took: the record is then edited with the table."""
    folder = years / "maps" / "town-audit"
    table = folder / "inputs" / "demand.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("urban", "nowhere", 1), encoding="utf-8")
    (folder / "audit.json").write_text(json.dumps(record_of(folder) | {"inputs": []}), encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_last_year(inputs.read(years / "y2" / "scenario.toml", quiet), quiet)
    assert {fault.file for fault in caught.value.faults} == {"../maps/town-audit/inputs/demand.csv"}


def test_last_year_is_never_written_over(years: Path) -> None:
    path = this_year().said("town-2026", "town").write(years / "y1", LAST)
    before = (years / "maps" / "town-audit" / "audit.json").read_bytes()
    with pytest.raises(ScenarioError) as caught:
        pipeline.audit(path, years / "maps")
    assert [fault.code for fault in caught.value.faults] == ["previous_own"]
    assert all(all(tell(caught.value.faults[0], language)) for language in LANGUAGES)
    assert (years / "maps" / "town-audit" / "audit.json").read_bytes() == before


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        ('\n[audit.previous]\nresult = "a"\nfile = "b.csv"\n', "previous_one"),
        ('\n[audit.previous]\nsheet = "a"\n', "previous_one"),
        (WALK, "crosswalk_alone"),
    ],
)
def test_last_year_is_named_once(tmp_path: Path, extra: str, code: str) -> None:
    (fault,) = load(Year().write(tmp_path, extra)).faults
    assert fault.code == code
    assert all(all(tell(fault, language)) for language in LANGUAGES)


# --- the crosswalk in its place ----------------------------------------------------------------------------------


def test_faults_of_folder_and_crosswalk_are_told_together(years: Path) -> None:
    path = this_year().write(years / "y5", LAST.replace("town-audit", "nothing") + WALK)
    (years / "y5" / "codes.csv").write_text("原代码,变更日期\n000000000000,2026-01-31\n", encoding="utf-8")
    assert codes_of(path) == ["previous_missing", "missing_columns"]


def test_the_crosswalk_is_held_against_both_years(years: Path) -> None:
    year = this_year()
    rows = [row | {"unit_id": "900000000000"} if row["unit_id"] == "0" * 12 else row for row in year.demand]
    path = replace(year, demand=rows).write(years / "y6", LAST + WALK)
    lines = ["原代码,现代码,变更日期", "000000000000,900000000000,2026-01-31", "000000000001,000000000002,2024-01-31"]
    (years / "y6" / "codes.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    last = read_last_year(inputs.read(path, quiet), quiet)
    assert last is not None
    assert last.known.kind("900000000000") == "recoded"
    assert [row.reason for row in last.crosswalk.left_out] == ["crosswalk_other_year"]
    assert not last.doubts
    (years / "y6" / "codes.csv").write_text("原代码,现代码\n000000000009,900000000000\n", encoding="utf-8")
    assert codes_of(path) == ["crosswalk_unknown_old"]
    (years / "y6" / "codes.csv").write_text("原代码,现代码\n000000000001,000000000001\n", encoding="utf-8")
    last = read_last_year(inputs.read(path, quiet), quiet)
    assert last is not None
    assert [(doubt.code, doubt.values["units"]) for doubt in last.doubts] == [
        ("units_gone", "000000000000"), ("units_new", "900000000000"),
    ]  # fmt: skip
    assert all(all(tell(doubt, language)) for doubt in last.doubts for language in LANGUAGES)


# --- a ledger in place of a result -------------------------------------------------------------------------------

LEDGER = '\n[audit.previous]\nfile = "ledger.csv"\n'


def with_ledger(folder: Path, *lines: str, header: str = "社区代码,名称,判定结果") -> Path:
    path = this_year().write(folder, LEDGER)
    (folder / "ledger.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def test_against_a_ledger_there_is_only_the_change(tmp_path: Path) -> None:
    lines = [
        "000000000000,,达标",
        "000000000032,,不达标",
        "000000000033,,无法评定",
        ",0-2组,未达标",
        "999999999999,老社区,达标",
    ]
    path = with_ledger(tmp_path / "y", *lines)
    found = pipeline.audit(path, tmp_path / "maps")
    told = found.record["changes"]
    assert (told["against"], told["causes"], told["last"], told["outlets"]) == ("ledger", ["unexplained"], None, None)
    city = {row["cause"]: row for row in told["figures"] if (row["level"], row["standard"]) == ("city", "")}
    assert [city["last"][name] for name in ("met", "unmet", "unassessable", "people")] == [2, 2, 1, None]
    assert city["now"]["met"] == 3
    assert city["unexplained"] == city["change"] | {"cause": "unexplained"}
    assert city["change"]["rate_tenths"] == 187 - 500
    table = (found.folder / "changes.csv").read_text(encoding="utf-8-sig")
    assert "000000000032,000000000032,6-4组,东区,东区镇,same,,urban,unmet,met,unexplained:unmet>met," in table
    assert "无法分解（上年没有可重算的输入）：不达标→达标" in table
    assert ",999999999999,老社区,,,gone,,,met,," in table
    assert len(told["unlisted"]["new"]) == 12
    assert told["unlisted"]["gone"] == ["999999999999"]


def test_towns_with_strokes_in_their_names_have_a_last_year(tmp_path: Path) -> None:
    path = with_ledger(tmp_path / "y", "000000000000,,达标", "000000000032,,不达标")
    people = path.parent / "demand.csv"
    people.write_text(people.read_text(encoding="utf-8").replace("东区镇", "东/镇"), encoding="utf-8")
    read = inputs.read(path, quiet)
    last = read_last_year(read, quiet)
    assert last is not None
    found = changes.compare(last, study_audit(read, quiet), quiet)
    assert found.rates_last("town") == {"东区/东／镇": (0, 1), "西区/西区镇": (1, 1)}


def test_verdicts_may_be_ticks_and_a_blank_one_is_not_known(tmp_path: Path) -> None:
    lines = ["000000000000,,√", "000000000032,,×", "000000000033,6-5组,", "000000000001,,是", "000000000002,,否"]
    last = read_last_year(inputs.read(with_ledger(tmp_path / "y", *lines), quiet), quiet)
    assert last is not None
    assert [line.state for line in last.lines.values()] == ["met", "unmet", "unassessable", "met", "unmet"]
    (doubt,) = [doubt for doubt in last.doubts if doubt.code == "past_unknown"]
    assert (doubt.values["count"], doubt.values["rows"]) == (1, "4")
    assert all(all(tell(doubt, language)) for language in LANGUAGES)


@pytest.mark.parametrize("header", ["2025年判定结果", "上年度判定结果", "是否达标（是/否）", "2025年度是否达标"])
def test_the_verdict_may_be_headed_by_its_year(header: str, tmp_path: Path) -> None:
    path = with_ledger(tmp_path / "y", "000000000000,,是", "000000000032,,否", header=f"社区代码,名称,{header}")
    last = read_last_year(inputs.read(path, quiet), quiet)
    assert last is not None
    assert [line.state for line in last.lines.values()] == ["met", "unmet"]


def test_a_table_of_the_audit_is_never_told_of_defaults(tmp_path: Path) -> None:
    path = with_ledger(tmp_path / "y", "0,甲,", header="社区代码,名称,评定结果（上年）")
    with pytest.raises(ScenarioError) as caught:
        read_last_year(inputs.read(path, quiet), quiet)
    (fault,) = caught.value.faults
    assert fault.code == "missing_columns_near"
    told = " ".join(part for language in LANGUAGES for part in tell(fault, language))
    assert "defaults" not in told
    assert "默认值" not in told


def test_faults_of_a_ledger(tmp_path: Path) -> None:
    assert codes_of(with_ledger(tmp_path / "a", "000000000000,,及格")) == ["cell_choice"]
    assert codes_of(with_ledger(tmp_path / "b", "000000000000,,达标", "000000000000,,达标")) == ["past_twice"]
    assert codes_of(with_ledger(tmp_path / "c", ",,达标,注", header="社区代码,名称,判定结果,备注")) == ["past_no_name"]
    assert codes_of(with_ledger(tmp_path / "d", "0,甲,", header="社区代码,名称,备注")) == ["missing_columns"]
    year = this_year()
    year = year.edited("demand", D00={"name": "甲"}, D06={"name": "甲"})
    path = year.write(tmp_path / "e", LEDGER)
    (tmp_path / "e" / "ledger.csv").write_text("名称,判定结果\n甲,达标\n", encoding="utf-8")
    assert codes_of(path) == ["past_several"]
    (tmp_path / "e" / "ledger.csv").write_text("名称,区市,判定结果\n甲,东区,达标\n甲,西区,不达标\n", encoding="utf-8")
    last = read_last_year(inputs.read(path, quiet), quiet)
    assert last is not None
    assert last.known.old_of["000000000003"] == ("000000000003",)
    assert last.lines["000000000003"].state == "met"
