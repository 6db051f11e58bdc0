"""Places of the room lie in a town where rules count by town: what is handed back is a scenario that runs."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

import town
from livechance import start_of
from liveedits import ENGINE, META, NODE, OPENED, in_engine, load_of
from livenode import run_node
from planner import inputs
from planner.errors import PlannerError
from planner.study import study
from runs import run_scenario
from test_liveback import handed_back, shown, told

if TYPE_CHECKING:
    from pathlib import Path

COUNT = """
[[count]]
id = "each-town"
type = "e_station"
each = "town"
min = 0
"""

LAYER = """
[areas]
towns = { file = "towns.geojson", name = "name" }
"""

WEST, EAST, OF_NO_TOWN = [10.0051, 50.0012], [10.0201, 50.0102], [10.0154, 50.011]
"""Places among people of both towns, and beside people of no town."""


def edits_of(meta: dict[str, Any]) -> list[dict[str, Any]]:
    """Edits with a place that was planned and is dragged, and new ones in both towns; one where people are of none."""
    start = start_of(meta)
    planned = next(one for one in start["plan"] if one["site"] == "C1")
    what = {"type": "e_station", "size": "", "year": meta["years"][-1], "name": "", "method": ""}
    others = [one for one in start["plan"] if one is not planned]
    moved = [{**what, "from": "C1", "at": at} for at in (WEST, [10.0143, 50.0021])]
    new = [{**what, "from": None, "at": at} for at in (WEST, EAST)]
    last = {**start, "plan": [{**what, "from": None, "at": OF_NO_TOWN}]}
    return [*({**start, "plan": [*others, one, *new]} for one in moved), last]


def files_of(folder: Path, scenario: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Run a town and hand edits back: what its page knows, and figures and file of each."""
    path = town.write_town(folder, scenario)
    rows = (folder / "demand.csv").read_text(encoding="utf-8").splitlines()
    blank = [row.replace("西区镇", "") if row.startswith("D00") else row for row in rows]
    bare = [row.replace("000000000032,东区镇", ",") if row.startswith("D65") else row for row in blank]
    (folder / "demand.csv").write_text("\n".join(bare) + "\n", encoding="utf-8")
    ring = [[10, 50], [10.0112, 50], [10.0112, 50.02], [10, 50.02], [10, 50]]
    shape = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "properties": {"name": "西区镇"}, "geometry": shape}
    layer = {"type": "FeatureCollection", "features": [feature]}
    (folder / "towns.geojson").write_text(json.dumps(layer), encoding="utf-8")
    run_scenario(path, folder / "out", live=False)
    load = load_of(study(inputs.read(path, lambda _: None), lambda _: None))
    meta = in_engine(NODE, load, META)["meta"]
    return meta, handed_back(load, edits_of(meta))


def places_of(toml: str) -> list[tuple[str, str]]:
    rows = tomllib.loads(toml)["site"]
    return [(row.get("district", ""), row.get("town", "")) for row in rows if row["site_id"].startswith("live-")]


@pytest.fixture
def scenario() -> str:
    return town.SCENARIO.replace("share = 0.6", "share = 0.5") + COUNT


def test_a_new_or_moved_place_lies_in_the_town_of_the_nearest_community(tmp_path: Path, scenario: str) -> None:
    meta, backs = files_of(tmp_path, scenario)
    assert meta["units"][0]["town"] == "西区镇", "the first that any of its points names"
    west, east = ("西区", "西区镇"), ("东区", "东区镇")
    found = [places_of(back["toml"]) for back in backs]
    assert found == [[west, west, east], [east, west, east], [("东区", "")]]
    for k, back in enumerate(backs[:2]):
        child = tmp_path / "out" / f"back-{k}.toml"
        child.write_text(back["toml"], encoding="utf-8")
        done = run_scenario(child, tmp_path / "out", live=False)
        assert done.exit_code in (0, 3)
        assert told(done.record) == shown(back["figures"], meta)


def test_where_a_layer_fills_towns_it_says_that_of_a_new_place(tmp_path: Path, scenario: str) -> None:
    meta, backs = files_of(tmp_path, scenario + LAYER)
    assert (meta["areas"], meta["town_areas"]) == (False, True)
    assert meta["counted_by"] == [], "a count that asks nothing asks for no town"
    west, east = ("西区", ""), ("东区", "")
    assert places_of(backs[0]["toml"]) == [west, west, east]
    assert places_of(backs[1]["toml"])[0] == ("东区", "东区镇"), "still among the community that it was planned in"


WARNED = """(live, city, input) => input.edits.map((edit) => ({
  nowhere: live.handback.nowhere(city, edit).map((entry) => entry.at),
  layers: live.handback.asksLayers(city, edit),
}))"""

EACH = '\n[[count]]\nid = "each"\ntype = "e_station"\neach = "{each}"\nmax = 5\n'


def warned(load: Any, edits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    main = OPENED.replace("WORK", WARNED)
    sent = {"text": load.text, "version": load.version, "crc": load.crc, "edits": edits}
    return list(json.loads(run_node([*ENGINE, "edits.js", "handback.js"], main, sent)))


def test_a_new_or_moved_place_is_of_the_community_that_rules_count_it_in(tmp_path: Path, scenario: str) -> None:
    """Sites of a count by community name theirs, and a run refuses one that names none."""
    path = town.write_town(tmp_path, scenario.replace(COUNT, EACH.format(each="community")))
    head, *rows = (tmp_path / "sites.csv").read_text(encoding="utf-8").splitlines()
    units = "\n".join(f"{row},000000000000" for row in rows)
    (tmp_path / "sites.csv").write_text(f"{head},unit_id\n{units}\n", encoding="utf-8")
    run_scenario(path, tmp_path / "out", live=False)
    load = load_of(study(inputs.read(path, lambda _: None), lambda _: None))
    meta = in_engine(NODE, load, META)["meta"]
    assert meta["counted_by"] == ["community"]
    edits = edits_of(meta)[:1]
    assert warned(load, edits) == [{"nowhere": [], "layers": False}]
    (back,) = handed_back(load, edits)
    said = {row["unit_id"] for row in tomllib.loads(back["toml"])["site"]}
    assert len(said) > 1
    assert said <= {unit["id"] for unit in meta["units"]}
    child = tmp_path / "out" / "back-0.toml"
    child.write_text(back["toml"], encoding="utf-8")
    done = run_scenario(child, tmp_path / "out", live=False)
    assert told(done.record) == shown(back["figures"], meta)


def test_the_room_is_told_of_places_that_a_run_refuses(tmp_path: Path, scenario: str) -> None:
    path = town.write_town(tmp_path, scenario.replace(COUNT, EACH.format(each="town")))
    rows = (tmp_path / "demand.csv").read_text(encoding="utf-8").splitlines()
    bare = [row.replace("000000000032,东区镇", ",") if row.startswith("D65") else row for row in rows]
    (tmp_path / "demand.csv").write_text("\n".join(bare) + "\n", encoding="utf-8")
    run_scenario(path, tmp_path / "out", live=False)
    load = load_of(study(inputs.read(path, lambda _: None), lambda _: None))
    meta = in_engine(NODE, load, META)["meta"]
    edits = edits_of(meta)
    assert [one["nowhere"] for one in warned(load, edits)] == [[], [], [OF_NO_TOWN]]
    child = tmp_path / "out" / "back-2.toml"
    child.write_text(handed_back(load, edits)[2]["toml"], encoding="utf-8")
    with pytest.raises(PlannerError, match="town"):
        run_scenario(child, tmp_path / "out", live=False)
