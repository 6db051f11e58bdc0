"""A scenario that closes, moves or opens outlets of today also tells today as it is, by the site tables."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

import livetown
import town
from planner import verify
from planner.summary import run_lines
from runs import quiet, run_scenario

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HEAD = 'name = "child"\ntitle = "交回"\nextends = "{parent}/scenario.toml"\n'
CHANGES = """
[[site]]
site_id = "E1"
operating = "停运"
closed_on = 2026-06-30

[[site]]
site_id = "E2"
operating = "正常"

[[site]]
site_id = "E3"
name = "再开的站"
status = "existing"
type = "station"
lon = 10.0100
lat = 50.0090
"""


def today_of(run: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Today's figures of a run under the names that they have by the tables."""
    return [
        {
            "id": one["id"],
            "people": one["people"],
            "covered": one["covered_today"],
            "share": one["share_today"],
            "communities": one["communities"],
            "communities_covered": one["communities_today"],
        }
        for one in run["standards"]
    ]


def child_of(folder: Path, parent: str, text: str) -> Path:
    path = folder / "child.toml"
    path.write_text(HEAD.format(parent=parent) + text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Mapping[str, Any], Mapping[str, Any], Path]:
    """Run the small town, and a child that closes, opens and adds outlets: both records, and the folder of results."""
    folder = tmp_path_factory.mktemp("tabled")
    parent = run_scenario(town.write_town(folder), folder / "out").record
    child = run_scenario(child_of(folder / "out", "town", CHANGES), folder / "out").record
    return parent, child, folder / "out"


def test_today_by_the_tables_is_today_of_the_parent(
    runs: tuple[Mapping[str, Any], Mapping[str, Any], Path],
) -> None:
    parent, child, _ = runs
    assert "tabled" not in parent
    assert child["tabled"]["standards"] == today_of(parent) != today_of(child)
    assert [(one["site_id"], one["change"]) for one in child["tabled"]["sites"]] == [
        ("E1", "closed"),
        ("E2", "opened"),
        ("E3", "opened"),
    ]


def test_it_is_said_first_in_the_terminal_the_proposal_and_on_the_map(
    runs: tuple[Mapping[str, Any], Mapping[str, Any], Path],
) -> None:
    _, child, out = runs
    names = {one["site_id"]: one["name"] for one in child["tabled"]["sites"]}
    assumed = f"撤并{names['E1']}、启用{names['E2']}、再开的站"
    said = "\n".join(run_lines(child))
    before, now = child["tabled"]["standards"][0], child["standards"][0]
    more = now["covered_today"] - before["covered"]
    assert f"本方案假定{assumed}。" in said
    assert f"今天实际覆盖{before['covered']}人" in said
    assert f"假定之后{now['covered_today']}人，{'多' if more > 0 else '少'}{abs(more)}人；" in said
    assert said.index("本方案假定") < said.index("现有网点")
    assert f"假定：{assumed}。" in (out / "child" / "map.html").read_text(encoding="utf-8")


def test_verify_finds_it_again_and_a_forged_one_out(
    runs: tuple[Mapping[str, Any], Mapping[str, Any], Path], tmp_path: Path
) -> None:
    _, _, out = runs
    report = verify.verify(out / "child", quiet)
    assert report["differences"] == []
    assert report["same"]
    forged = shutil.copytree(out / "child", tmp_path / "child")
    record = json.loads((forged / "run.json").read_text(encoding="utf-8"))
    record["tabled"]["standards"][0]["covered"] += 1
    record["tabled"]["sites"][0]["change"] = "moved"
    (forged / "run.json").write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
    wrong = {(one["row"], one["column"]) for one in verify.verify(forged, quiet)["differences"]}
    assert {("tabled walk-5", "covered"), ("tabled E1", "change")} <= wrong


def test_field_checks_that_the_what_if_overtakes_hold_by_the_tables(tmp_path: Path) -> None:
    path, out = livetown.write_town(tmp_path), tmp_path / "out"
    parent = run_scenario(path, out, live=False).record
    moved = '\n[[site]]\nsite_id = "E5"\nlon = 10.0207\nlat = 50.0056\n'
    closed = '\n[[site]]\nsite_id = "E4"\noperating = "停运"\nclosed_on = 2026-06-30\n'
    text = f"build = []\n{closed}{moved}"
    child = run_scenario(child_of(out, "livetown", text), out, live=False).record
    assert child["demand"]["checked"] != parent["demand"]["checked"], "the closing overtakes a check"
    assert child["tabled"]["standards"] == today_of(parent)
    assert [one["change"] for one in child["tabled"]["sites"]] == ["closed", "moved"]


def test_candidates_alone_change_no_today(tmp_path: Path) -> None:
    path = town.write_town(tmp_path)
    more = '\n[[site]]\nsite_id = "x1"\ntype = "e_station"\nlon = 10.0014\nlat = 50.0018\n'
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    assert "tabled" not in run_scenario(path, tmp_path / "out", live=False).record
