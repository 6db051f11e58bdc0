"""The copy that a result keeps of a scenario which drops something of its pack: it runs, and says the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from planner import provenance, report
from planner.citations import policy_record
from planner.packs import shipped
from planner.scenario import load
from planner.verify import verify
from runs import quiet, run_scenario
from test_packs import OWN, pack_data
from town import SCENARIO, write_town

if TYPE_CHECKING:
    from pathlib import Path

    from planner.scenario import Loaded

TIERED = OWN.rstrip("\n") + '\ndefaults = {{ tier = "区市" }}\n'
"""A scenario that leaves all to its pack, with sites of a tier that Weihai's knows."""

DROPPED = {
    "hubei-rule": ("hubei-15min", "[rules]\nnear_people = []\n"),
    "hubei-goal": ("hubei-15min", '[[goal]]\nid = "circle-people"\nremove = true\n'),
    "hubei-count": ("hubei-15min", '[[count]]\nid = "outlet-community"\nremove = true\n'),
    "jieshou-goal": ("jieshou-3km", '[[goal]]\nid = "circle-communities"\nremove = true\n'),
    "weihai-counts": (
        "weihai-2025",
        "".join(f'[[count]]\nid = "markets-{tier}"\nremove = true\n' for tier in ("district", "town", "village")),
    ),
}
"""What a scenario drops of a pack whose inputs speak of it."""

CHILD = 'name = "child"\ntitle = "交回"\nextends = "{parent}"\n{more}'


def kept(loaded: Loaded, path: Path) -> Loaded:
    """Write the copy that a result would keep, and read it."""
    report.write_toml(provenance.with_paths(loaded, {}), path)
    return load(path)


def child_of(parent: Path, more: str = "") -> Path:
    """A child of a scenario, beside the folder that holds it."""
    path = parent.parent.with_suffix(".toml")
    path.write_text(CHILD.format(parent=f"{parent.parent.name}/{parent.name}", more=more), encoding="utf-8")
    return path


def inputs_of(loaded: Loaded) -> list[str]:
    return [entry["key"] for entry in loaded.merged["input"]]


@pytest.mark.parametrize("case", list(DROPPED))
def test_the_copy_and_its_child_say_what_the_scenario_says(tmp_path: Path, case: str) -> None:
    policy, more = DROPPED[case]
    first = load(write_town(tmp_path, TIERED.format(policy=policy) + more))
    (tmp_path / "own").mkdir()
    copy = kept(first, tmp_path / "own" / "scenario.toml")
    child = load(child_of(tmp_path / "own" / "scenario.toml"))
    assert first.faults == copy.faults == child.faults == ()
    assert inputs_of(first) == inputs_of(copy) == inputs_of(child)


def test_the_copy_and_its_child_run_with_the_figures_of_the_scenario(tmp_path: Path) -> None:
    policy, more = DROPPED["hubei-rule"]
    first = run_scenario(write_town(tmp_path / "in", TIERED.format(policy=policy) + more), tmp_path / "out")
    assert first.exit_code in (0, 3)
    copy = first.folder / "scenario.toml"
    again = run_scenario(copy, tmp_path / "again")
    child = run_scenario(child_of(copy), tmp_path / "out")
    for run in (again, child):
        assert run.exit_code == first.exit_code
        for key in ("plan", "standards", "goals", "policy"):
            assert run.record[key] == first.record[key], key
    assert (again.folder / "scenario.toml").read_bytes() == copy.read_bytes()
    assert verify(first.folder, quiet)["differences"] == []
    assert [entry for entry in first.record["policy"]["own"] if not entry["own"]]  # what is dropped is told there


@pytest.mark.parametrize("policy", list(shipped()))
def test_whatever_is_dropped_its_inputs_go_and_all_others_stay(tmp_path: Path, policy: str) -> None:
    pack, tried = pack_data(policy), 0
    path = write_town(tmp_path)
    for section in ("goal", "count", "checklist", "grant"):
        for entry in pack.get(section, ()):
            dropped = f'[[{section}]]\nid = "{entry["id"]}"\nremove = true\n'
            path.write_text(OWN.format(policy=policy) + dropped, encoding="utf-8")
            loaded = load(path)
            copy = kept(loaded, tmp_path / "copy.toml")
            assert loaded.faults == copy.faults == ()
            assert loaded.scenario is not None
            assert copy.scenario is not None
            of_it = f"{section}.{entry['id']}."
            expected = [one["key"] for one in pack["input"] if not one["key"].startswith(of_it)]
            assert inputs_of(loaded) == inputs_of(copy) == expected
            record = policy_record(loaded.scenario, loaded.merged)
            assert policy_record(copy.scenario, copy.merged) == record
            assert not [name for one in record["clauses"] for name in one["cited_by"] if name.startswith(of_it)]
            tried += 1
    assert tried


def test_a_child_of_the_copy_may_drop_more(tmp_path: Path) -> None:
    policy, more = DROPPED["hubei-rule"]
    loaded = load(write_town(tmp_path, OWN.format(policy=policy) + more))
    (tmp_path / "own").mkdir()
    kept(loaded, tmp_path / "own" / "scenario.toml")
    child = load(child_of(tmp_path / "own" / "scenario.toml", DROPPED["hubei-goal"][1]))
    assert child.faults == ()
    assert inputs_of(child) == [key for key in inputs_of(loaded) if key != "goal.circle-people.share"]


INPUT = '[[input]]\nkey = "goal.{goal}.share"\nclause = "W1"\ndefault = 0.6\nwhy = "条文没有写明"\n'


def test_a_child_drops_what_the_inputs_of_a_scenario_without_a_pack_speak_of(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    parent = write_town(tmp_path / "own", SCENARIO + INPUT.format(goal="people"))
    child = load(child_of(parent, '[[goal]]\nid = "people"\nremove = true\n'))
    assert child.faults == ()
    assert inputs_of(child) == []


def test_an_input_of_nothing_at_all_is_told_whatever_is_dropped(tmp_path: Path) -> None:
    policy, more = DROPPED["hubei-goal"]
    wrong = INPUT.format(goal="circle-peopel")
    path = write_town(tmp_path / "own", OWN.format(policy=policy) + more + wrong)
    kept(load(write_town(tmp_path / "kept", OWN.format(policy=policy) + more)), tmp_path / "kept" / "scenario.toml")
    for told in (path, child_of(tmp_path / "kept" / "scenario.toml", wrong)):
        (fault,) = load(told).faults
        assert (fault.code, fault.file) == ("unknown_input", str(told))
        assert told.read_text(encoding="utf-8").splitlines()[(fault.row or 0) - 1].startswith('key = "goal.circle-peo')
