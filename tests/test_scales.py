"""Figures out of proportion, and totals that are not the sum of their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from planner import inputs, inspection, scales
from planner.totals import Asked, read_totals
from tablereading import read_demand, read_sites
from test_headers import ROWS
from test_oddities import SITE, SITE_HEAD, source, told
from town import SCENARIO, write_town

if TYPE_CHECKING:
    from pathlib import Path

    from planner.errors import Fault

LEDGER = "区县,镇街,社区,人口,毕业生,经度,纬度"
GROUP: dict[str, Any] = {**ROWS, "columns": {"people_g": "毕业生"}}


def village(number: int, people: int, graduates: int = 0, town: str = "甲镇") -> str:
    return f"东区,{town},村{number},{people},{graduates},117.{number:03},36.6"


def doubts(folder: Path, *rows: str, **about: Any) -> list[Fault]:
    found = read_demand([source(folder, LEDGER, *rows, **{**GROUP, **about})]).doubts
    assert all(map(told, found))
    return list(found)


# --- digits ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("figures", "line"),
    [
        ([6332, 4000, 5000, 633_200, 3000, 7000], 5),
        ([6332, 4000, 5000, 30_000, 3000, 7000], None),  # a large community
        ([5, 4, 5, 633, 3, 7], None),  # a tower among houses
        ([4000, 633_200], None),  # two rows have no median
    ],
)
def test_a_slip_of_two_digits_is_doubted_beside_the_other_rows(
    tmp_path: Path, figures: list[int], line: int | None
) -> None:
    found = doubts(tmp_path, *(village(n, people) for n, people in enumerate(figures)))
    assert [(doubt.code, doubt.row) for doubt in found] == ([("people_slip", line)] if line else [])


def test_rows_of_another_layer_or_setting_are_no_measure(tmp_path: Path) -> None:
    head, rows = f"{LEDGER},城乡", [f"{village(n, 200)},农村" for n in range(6)]
    city = [f"{village(n, 20_000)},城镇" for n in range(10, 15)]
    assert read_demand([source(tmp_path, head, *rows, *city, id="row")]).doubts == ()


def test_a_group_larger_than_its_people_is_one_doubt(tmp_path: Path) -> None:
    rows = [village(1, 100, 100), village(2, 100, 101), village(3, 0, 7)]
    (doubt,) = doubts(tmp_path, *rows)
    assert (doubt.code, doubt.row, doubt.column) == ("group_over_people", 3, "毕业生")
    assert doubt.values == {"count": 2, "lines": "3, 4", "examples": "村2 101 / 100; 村3 7 / 0"}


# --- yuan --------------------------------------------------------------------------------------------------------


def test_costs_that_are_likely_in_ten_thousands_are_doubted(tmp_path: Path) -> None:
    rows = [f"{SITE.replace('s1', name)},{once},{yearly}" for name, once, yearly in
            (("s1", 8, 1), ("s2", 0, 0), ("s3", 1000, 100), ("s4", 30, ""))]  # fmt: skip
    read = read_sites([source(tmp_path, f"{SITE_HEAD},一次性费用,年费用", *rows)], known_types={"station": "station"})
    found = [(doubt.code, doubt.column, doubt.values["count"], doubt.values["meant"]) for doubt in read.doubts]
    assert found == [("yuan_small", "一次性费用", 2, 80_000), ("yuan_small", "年费用", 1, 10_000)]
    assert all("请写" in told(doubt) for doubt in read.doubts)


def test_small_costs_of_types_and_methods_are_one_doubt_that_travels(tmp_path: Path) -> None:
    more = '\n[[build_cost]]\ntype = "e_station"\nmethod = "新建"\ncost_once_yuan = 30\ncost_yearly_yuan = 0\n'
    text = SCENARIO.replace("80_000", "8").replace("6_000", "100") + more
    grave = inspection.grave(inputs.read(write_town(tmp_path, text), lambda _: None))
    (doubt,) = (one for one in grave if one.code == "yuan_small_types")
    assert (doubt.column, doubt.values["examples"]) == ("facility[e_station].cost_once_yuan", "就业e站 8; 就业e站 30")
    assert (doubt.values["meant"], doubt.code in scales.GRAVE) == (80_000, True)
    assert told(doubt)


# --- totals ------------------------------------------------------------------------------------------------------

FLAT = [village(1, 100), village(2, 200), village(3, 350, town="乙镇"), village(4, 5, town="乙镇")]


def total(name: str, people: object, town: str = "") -> str:
    return f",{town},{name},{people},,,"


@pytest.mark.parametrize(
    "rows",
    [
        [*FLAT[:2], total("小计", 300), *FLAT[2:], total("小计", 355), total("合计", 655)],
        [total("合计", 655), total("甲镇小计", 300), *FLAT[:2], total("乙镇小计", 355), *FLAT[2:]],
        [*FLAT[:3], total("本页小计", 650), FLAT[3], total("本页小计", 5), total("累计", 655)],
        [FLAT[2], FLAT[0], FLAT[1], FLAT[3], total("小计", 300, "甲镇"), total("小计", 355, "乙镇")],
        [*FLAT, total("合计", 655), total("其中：男", 320), total("小计", "")],
    ],
)
def test_totals_that_are_the_sum_of_their_rows_are_no_doubt(tmp_path: Path, rows: list[str]) -> None:
    assert doubts(tmp_path, *rows) == []


@pytest.mark.parametrize(
    ("rows", "examples"),
    [
        ([*FLAT[:2], total("小计", 800), *FLAT[2:], total("小计", 355)], "4: 800 / 300 (2)"),
        ([*FLAT[:2], total("小计", 300), *FLAT[2:], total("小计", 355), total("合计", 656)], "8: 656 / 655 (4)"),
        ([total("合计", 1), *FLAT], "2: 1 / 655 (4)"),
        ([row for n in range(7) for row in (village(n, 10 + n), total("小计", 50_000 + n))],
         "3: 50000 / 10 (1); 5: 50001 / 11 (1); 7: 50002 / 12 (1); 9: 50003 / 13 (1); 11: 50004 / 14 (1) …"),
    ],
)  # fmt: skip
def test_totals_that_are_not_are_one_doubt(tmp_path: Path, rows: list[str], examples: str) -> None:
    (doubt,) = doubts(tmp_path, *rows)
    assert (doubt.code, doubt.column, doubt.values["examples"]) == ("totals_unequal", "人口", examples)


def test_tables_whose_rows_the_scenario_chooses_have_totals_of_others(tmp_path: Path) -> None:
    assert doubts(tmp_path, *FLAT, total("合计", 655 + 350), keep={"镇街": "甲镇"}) == []


def test_the_total_of_official_figures_is_compared_too(tmp_path: Path) -> None:
    read = read_totals([Asked(source(tmp_path, "区县,常住人口", "东区,10", "西区,20", "合计,31"), "district")])
    assert [(doubt.code, doubt.row) for doubt in read[0].doubts] == [("totals_unequal", 4)]
