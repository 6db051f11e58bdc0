"""What counts are called, and how they are told: markets by tier (W6), an outlet in every town and community (H2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from planner.countstands import count_stands, count_titles, lines, records, shown
from planner.rulenames import count_title, tier_title
from planner.study import study
from planner.words import LANGUAGES
from twoyears import Year, quiet

if TYPE_CHECKING:
    from pathlib import Path

MARKETS: dict[str, Any] = {
    "count": "markets-district", "clause": "W6", "each": "city", "min": 8, "scopes": 1, "today": 1, "plan": None,
    "scopes_unknown": 0, "scopes_met": 0, "scopes_without": 0, "type_names": "零工市场", "tier": "区市", "place": "",
    "new_only": False,
}  # fmt: skip
TOWNS = MARKETS | {
    "count": "per-town", "clause": "H2", "each": "town", "min": 1, "scopes": 4, "scopes_met": 4, "tier": "",
    "type_names": "零工驿站;就业e站",
}  # fmt: skip


def test_counts_are_called_by_what_they_count() -> None:
    assert count_title(MARKETS, "zh") == "零工市场（区市级）"
    assert count_title(TOWNS, "zh") == "零工驿站、就业e站（每个镇街）"
    assert count_title(TOWNS | {"tier": "town", "place": "东区", "new_only": True}, "zh") == (
        "零工驿站、就业e站（镇街级、东区、每个镇街、只数新增）"
    )
    assert count_title(MARKETS | {"tier": ""}, "zh") == "零工市场"
    assert [tier_title(tier, "zh") for tier in ("town", "city", "镇街", "村居级")] == [
        "镇街级", "市级", "镇街级", "村居级",
    ]  # fmt: skip


def test_counts_of_one_name_keep_their_ids() -> None:
    found = count_titles([MARKETS, MARKETS | {"count": "more"}, TOWNS], "zh")
    assert found["more"] == "零工市场（区市级）（more）"
    assert found["per-town"] == "零工驿站、就业e站（每个镇街）"


def test_nothing_is_said_of_none() -> None:
    told = list(
        lines([MARKETS, TOWNS, TOWNS | {"count": "b", "tier": "town", "scopes_met": 3, "scopes_without": 1}], "zh")
    )
    assert told == [
        "数量要求“零工市场（区市级）”（W6）：至少8个，现有1个。",
        "数量要求“零工驿站、就业e站（每个镇街）”（H2）：各至少1个，4个镇街中现有4个达到。",
        "数量要求“零工驿站、就业e站（镇街级、每个镇街）”（H2）：各至少1个，4个镇街中现有3个达到，1个一个也没有。",
    ]
    (listed,) = lines([TOWNS | {"min": 0}], "zh")
    assert listed == "“零工驿站、就业e站（每个镇街）”（H2）：4个镇街中现有4个设有（仅列出，不作要求）。"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("least", [0, 1])
@pytest.mark.parametrize("without", [0, 2])
@pytest.mark.parametrize("each", ["city", "district", "town", "community"])
def test_every_line_can_be_told(language: Any, least: int, without: int, each: str) -> None:
    found = MARKETS | {
        "each": each,
        "min": least,
        "scopes": 4,
        "scopes_without": without,
        "scopes_unknown": 1,
        "plan": 3,
    }
    assert all("markets-district" not in line for line in lines([found], language))


COUNTS = """
[[count]]
id = "kiosks"
type = "e_station"
min = 3
[[count]]
id = "stations"
type = "station"
district = "东区"
"""


def test_records_name_types_and_places(tmp_path: Path) -> None:
    made = Year()
    found = study(Year(made.demand, made.sites, made.roads, made.text + COUNTS).read(tmp_path), quiet)
    stands = count_stands(found.inputs, found.opened, planned=True)
    kiosks, stations = records(stands)
    assert count_title(kiosks, "zh") == "就业e站"
    assert count_title(stations, "zh") == "就业服务站（东区）"
    assert kiosks["plan"] >= 3
    assert "type_names" not in shown(stands)
    (line, _) = lines([kiosks, stations], "zh")
    assert line == f"数量要求“就业e站”：至少3个，现有0个，方案实施后{kiosks['plan']}个。"


def test_without_candidates_nothing_is_said_of_a_plan(tmp_path: Path) -> None:
    made = Year()
    standing = [row for row in made.sites if row["status"] != "candidate"]
    text = made.text.replace("at_existing = true", "at_existing = false") + COUNTS
    inputs = Year(made.demand, standing, made.roads, text).read(tmp_path)
    found = records(count_stands(inputs, study(inputs, quiet).opened, planned=True))
    assert [one["plan"] for one in found] == [None, None]
    assert next(lines(found, "zh")) == "数量要求“就业e站”：至少3个，现有0个。"
