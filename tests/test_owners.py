"""Two scenario files of one name never replace each other's results without a word."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from planner import conversion, finished, pipeline
from planner.errors import BlockedError, ScenarioError
from planner.words import tell
from runs import run_scenario
from town import SCENARIO, write_town

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run a scenario without a plan to look for, and return the folder that holds it and its result."""
    folder = tmp_path_factory.mktemp("owners")
    run_scenario(write_town(folder / "区", SCENARIO.split("[[goal]]")[0]), folder / "maps")
    return folder


@pytest.fixture
def scenario(once: Path, tmp_path: Path) -> Path:
    """Return a copy of the scenario that has been run, with its result beside it."""
    shutil.copytree(once, tmp_path, dirs_exist_ok=True)
    return tmp_path / "区" / "scenario.toml"


def beside(scenario: Path, text: str = "") -> Path:
    """Write another scenario file of the same name into the folder; with more at its end, another scenario."""
    other = scenario.with_name("方案B.toml")
    other.write_text(scenario.read_text(encoding="utf-8") + text, encoding="utf-8")
    return other


CHANGED = "\n[siting]\nhorizon_years = 7\n"


def written_by(folder: Path, mark: str = "run.json") -> str:
    return str(json.loads((folder / mark).read_text(encoding="utf-8"))["scenario_file"])


@pytest.mark.parametrize(("verb", "suffix", "mark"), [
    (run_scenario, "", "run.json"),
    (pipeline.frontier, "-frontier", "frontier.json"),
    (pipeline.candidates, "-candidates", "candidates.json"),
])  # fmt: skip
def test_the_result_of_another_file_of_that_name_stands(verb: object, suffix: str, mark: str, tmp_path: Path) -> None:
    assert callable(verb)
    extra = '\n[siting]\nstandard = "walk-5"\n[candidates]\nnear = ["residents"]\n'
    scenario, out = write_town(tmp_path / "区", SCENARIO.split("[[goal]]")[0] + extra), tmp_path / "maps"
    verb(scenario, out)
    folder = out / f"town{suffix}"
    before = (folder / mark).read_bytes()
    other = scenario.with_name("方案B.toml")
    other.write_text(scenario.read_text(encoding="utf-8").replace("minutes = 5", "minutes = 6"), encoding="utf-8")
    with pytest.raises(BlockedError) as caught:
        verb(other, out)
    (fault,) = caught.value.faults
    assert (fault.code, fault.column) == ("result_of_another", "name")
    assert "另一个方案文件（scenario.toml）" in tell(fault, "zh")[1]
    assert (folder / mark).read_bytes() == before


def test_a_scenario_updates_its_own_result_and_so_does_a_renamed_or_renaming_file(
    scenario: Path, tmp_path: Path
) -> None:
    out = tmp_path / "maps"
    assert written_by(out / "town") == "../区/scenario.toml"
    with scenario.open("a", encoding="utf-8") as file:
        file.write(CHANGED)
    run_scenario(scenario, out)
    moved = scenario.rename(scenario.with_name("方案（终稿）.toml"))
    moved.write_text(moved.read_text(encoding="utf-8").replace("= 7", "= 8"), encoding="utf-8")
    run_scenario(moved, out)
    assert written_by(out / "town") == "../区/方案（终稿）.toml"
    # the other file of that name is called something else by now
    other = beside(moved, "\n[rules]\ntypes_per_site = 2\n")
    moved.write_text(moved.read_text(encoding="utf-8").replace('"town"', '"town-1"', 1), encoding="utf-8")
    run_scenario(other, out)
    assert written_by(out / "town") == "../区/方案B.toml"


def test_what_says_the_same_may_write_the_result_and_it_stays_the_first_one_s(scenario: Path, tmp_path: Path) -> None:
    out = tmp_path / "maps"
    book = scenario.with_name("方案.xlsx")
    conversion.convert(scenario, book, "zh")
    run_scenario(book, out)
    run_scenario(out / "town" / "scenario.toml", out)
    assert written_by(out / "town") == "../区/scenario.toml"
    with pytest.raises(BlockedError):
        run_scenario(beside(scenario, CHANGED), out)


def test_compare_tells_two_scenarios_of_one_name_apart(scenario: Path, tmp_path: Path) -> None:
    other, out = beside(scenario, CHANGED), tmp_path / "maps"
    for paths, code in (([scenario, other], "compare_same"), ([other], "result_not_its")):
        with pytest.raises(ScenarioError) as caught:
            finished.compare(paths, out)
        assert [fault.code for fault in caught.value.faults] == [code]
        assert str(out / "town") in tell(caught.value.faults[0], "zh")[1]
    assert len(finished.compare([scenario], out).table) == 1
    assert len(finished.compare([out / "town"], out).table) == 1


def test_a_result_elsewhere_knows_its_file_by_its_name_alone(scenario: Path, tmp_path: Path) -> None:
    out = tmp_path / "d" / "e"
    run_scenario(scenario, out)
    assert written_by(out / "town") == "scenario.toml"
    run_scenario(scenario, out)
    with pytest.raises(BlockedError):
        run_scenario(beside(scenario, CHANGED), out)


@pytest.mark.parametrize("content", ["[]", "{", '{"scenario_file": 3}', '{"scenario_file": "../区/fehlt.toml"}'])
def test_a_record_that_names_no_file_holds_nobody_back(content: str, scenario: Path, tmp_path: Path) -> None:
    (tmp_path / "maps" / "town" / "run.json").write_text(content, encoding="utf-8")
    run_scenario(scenario, tmp_path / "maps")
    assert written_by(tmp_path / "maps" / "town") == "../区/scenario.toml"
