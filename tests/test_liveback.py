"""What the room hands back: a child scenario whose run gives the very figures that the page showed."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import livetown
from livechance import random_edits, start_of
from liveedits import ENGINE, META, NODE, OPENED, in_engine, load_of, met_standards
from livenode import run_node
from planner import inputs, verify
from planner.study import study
from runs import run_scenario

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

BACK = """(live, city, input) => input.edits.map((edit, k) => ({
  figures: city.figures(edit),
  toml: live.handback.toml(city, edit, {
    name: `back-${k}`, title: "交回", nameOf: (entry) => entry.name || "新点", told: ["现场推演"],
  }),
}))"""


def handed_back(load: Any, edits: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Figures of edits as the page counts them, and the scenario files that it offers."""
    main = OPENED.replace("WORK", BACK)
    sent = {"text": load.text, "version": load.version, "crc": load.crc, "edits": edits}
    return list(json.loads(run_node([*ENGINE, "edits.js", "handback.js"], main, sent)))


def cost_of(run: Mapping[str, Any]) -> dict[str, int]:
    plan = run["plan"]
    return {"once": plan["cost_once_yuan"], "yearly": plan["cost_yearly_yuan"], "total": plan["cost_yuan"]}


def told(run: Mapping[str, Any]) -> dict[str, Any]:
    """Figures of a run in the words of the page."""
    names = ("people", "covered_plan", "communities", "communities_plan")
    last = max((goal["year"] or 0 for goal in run["goals"]), default=0)
    goals = [goal for goal in run["goals"] if (goal["year"] or 0) == last and goal.get("counts") != "served"]
    return {
        "standards": [[one[name] for name in names] for one in run["standards"]],
        "goals": [[goal["id"], goal["reached_plan"], goal["met"]] for goal in goals],
        "cost": cost_of(run),
    }


def shown(figures: Mapping[str, Any], meta: Mapping[str, Any]) -> dict[str, Any]:
    """Figures of the page in the same form."""
    names = ("people", "covered", "communities", "communities_covered")
    goals = [
        [goal["id"], scope["reached"], scope["met"]]
        for goal, scopes in zip(meta["goals"], figures["goals"], strict=True)
        for scope in scopes or ()
    ]
    return {
        "standards": [[one[name] for name in names] for one in figures["standards"]],
        "goals": goals,
        "cost": {name: figures["cost"][name] for name in ("once", "yearly", "total")},
    }


def test_a_run_of_what_is_handed_back_gives_what_the_room_saw(tmp_path: Path) -> None:
    path, out, certified = livetown.write_town(tmp_path), tmp_path / "out", []
    run_scenario(path, out, live=False)
    studied = study(inputs.read(path, lambda _: None), lambda _: None)
    load = load_of(studied)
    meta = in_engine(NODE, load, META)["meta"]
    edits = random_edits(meta, random.Random(3), 2, met_standards(studied))  # noqa: S311
    # field checks are overtaken, and count again
    edits.append({**start_of(meta), "speed": "4.8", "closed": ["E4"], "moved": {"E5": [10.0207, 50.0056]}})
    for k, back in enumerate(handed_back(load, edits)):
        child = out / f"back-{k}.toml"
        child.write_text(back["toml"], encoding="utf-8")
        done = run_scenario(child, out, live=False)
        assert done.exit_code in (0, 3), back["toml"]
        assert done.record["plan"]["given"] is True
        assert told(done.record) == shown(back["figures"], meta), back["toml"]
        proven = out / f"back-{k}" / "certificate.json"
        bound = json.loads(proven.read_text(encoding="utf-8"))["bound"] if proven.exists() else None
        assert bound == done.record["plan"]["certified_bound"]
        certified.append(bound is not None)
    assert any(certified)
    assert verify.verify(out / f"back-{len(edits) - 1}", lambda _: None)["differences"] == []
