"""The sample with the rows and columns of its tables in another order: the same plan at gap 0."""

from __future__ import annotations

import csv
import random
import shutil
from pathlib import Path

import pytest

from planner import pipeline

ROOT = Path(__file__).resolve().parents[1]
TABLES = ("candidates.csv", "demand.csv", "sites.csv")


def shuffle(path: Path, chance: random.Random) -> None:
    """Write a table's rows and columns in another order."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        header, *rows = list(csv.reader(stream))
    order = list(range(len(header)))
    chance.shuffle(order)
    chance.shuffle(rows)
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([[row[place] for place in order] for row in [header, *rows]])


@pytest.mark.parametrize("seed", [1])
def test_the_plan_of_the_sample_does_not_hang_on_the_order_of_its_tables(seed: int, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    shutil.copytree(ROOT / "data", tmp_path / "data")
    chance = random.Random(seed)  # noqa: S311
    scenario = tmp_path / "scenarios" / "sample-2026.toml"
    before = pipeline.run(scenario, tmp_path / "before").record
    for name in TABLES:
        shuffle(tmp_path / "data" / "coquimbo" / name, chance)
    after = pipeline.run(scenario, tmp_path / "after").record

    def told(record: object) -> object:
        plan = record["plan"]  # type: ignore[index]
        opened = sorted((row["site_id"], row["type"], row["year"] or 0) for row in plan["opened"])
        return plan["status"], plan["objective"], plan["gap"], plan["certified_bound"], opened

    assert before["plan"]["gap"] == 0
    assert told(after) == told(before)
    assert [goal["reached_plan"] for goal in after["goals"]] == [goal["reached_plan"] for goal in before["goals"]]
