"""Results side by side, as a page and as a workbook: the figures of compare.csv, names as text, the same bytes."""

from __future__ import annotations

import csv
import html
import json
import re
import shutil
import zipfile
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
import python_calamine

from browser import launched, open_page
from planner import comparechart, comparelines, comparepage, comparetables, finished, pipeline, summary
from runs import run_scenario
from town import SCENARIO, write_town

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from planner.comparison import Comparison

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "${alert(1)}`\\u{{ 7*7 }}{% raw %}",
    "</script><script>alert(2)</script>",
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2",
    "@SUM(A1)",
    "\u202egnp.exe\u2066 \U0001f9d1\u200d\U0001f33e",
    "长" * 300,
)

BASE = SCENARIO.split("[[goal]]")[0].replace('name = "town"', 'name = "base"').replace("小镇方案", "小镇现状")
LESS = SCENARIO.replace('"town"', '"less"').replace("share = 0.6", "share = 0.2").replace("小镇方案", "少花钱的方案")
MORE = SCENARIO.replace("share = 0.6", "share = 0.65")
FARTHER = LESS.replace('"less"', '"farther"').replace("minutes = 5", "minutes = 8").replace("2026-06-30", "2025-12-31")
NO_PLAN = MORE.replace('"town"', '"none"') + '\n[[count]]\nid = "many"\ntype = "e_station"\nmin = 99\n'


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run all scenarios of these tests once; `town` has a frontier too."""
    folder = tmp_path_factory.mktemp("ran")
    for name, text in {"more": MORE, "less": LESS, "base": BASE, "farther": FARTHER, "none": NO_PLAN}.items():
        run_scenario(write_town(folder / name, text), folder / "out")
    pipeline.frontier(folder / "more" / "scenario.toml", folder / "out", steps=4)
    return folder


def compare(ran: Path, *names: str) -> Comparison:
    return finished.compare([ran / name / "scenario.toml" for name in names], ran / "out")


def written(ran: Path) -> str:
    return (ran / "out" / "compare" / "compare.html").read_text(encoding="utf-8")


def rows_of(ran: Path, file: str) -> list[dict[str, str]]:
    with (ran / "out" / "compare" / file).open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def cells(page: str) -> list[list[str]]:
    """Texts of the cells of each row of a page."""
    rows = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    return [
        [
            html.unescape(re.sub("<[^>]+>", "", cell)).strip()
            for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)
        ]
        for row in rows
    ]


def named(found: Comparison, **of: Any) -> Comparison:
    """A comparison whose first result's record says something else."""
    first, *others = found.results
    return replace(found, results=(replace(first, record={**first.record, **of}), *others))


# --- the page ----------------------------------------------------------------------------------------------------


def test_figures_of_the_page_are_those_of_the_table(ran: Path) -> None:
    compare(ran, "more", "less", "base")
    rows = rows_of(ran, "compare.csv")
    table = {line[0]: line[1:] for line in cells(written(ran)) if len(line) == 4}
    for at, row in enumerate(rows):
        planned = row["state"] == "plan"
        today, covered = row["covered_today"], row["covered"]
        assert table["应服务人口（人）"][at] == row["people"]
        assert table["覆盖人口（人）"][at] == (f"{today} → {covered}" if planned else today)
        tenths = int(row["share_permille"])
        assert table["覆盖人口比例"][at].endswith(f"{tenths // 10}.{tenths % 10}%")
        assert table["新增网点（处）"][at] == (row["new_sites"] if planned else "—")
        assert table["每新覆盖一人（元）"][at] == (row["yuan_per_newly"] or "—")
        assert table["达标社区（个）"][at].endswith(f"{row['communities_covered']} / {row['communities']}")
        assert table["目标达到（项）"][at] == (f"{row['goals_met']} / {row['goals']}" if int(row["goals"]) else "—")
        assert table["独立核算证明最多还能好"][at] == (row["certified_gap"] or "—")
    yuan = int(rows[0]["cost_yuan"])
    assert table["计算年限内总投入"][0] == f"{yuan / 10_000:g}万元"
    assert table["曲线上不比这贵的一档覆盖（人）"] == [rows[0]["frontier_people"], "—", "—"]


def test_every_community_won_or_lost_is_named(ran: Path) -> None:
    compare(ran, "more", "less", "base")
    page = written(ran)
    listed = [line for line in cells(page) if len(line) == 6 and line[0] in {"多达标", "少达标"}]
    words = {"won": "多达标", "lost": "少达标"}
    assert listed == [
        [words[row["change"]], row["district"], row["town"], row["name"], row["unit_id"], row["people"]]
        for row in rows_of(ran, "communities.csv")
    ]
    assert listed


def test_sentences_name_the_best_and_the_cheapest(ran: Path) -> None:
    found = compare(ran, "less", "more", "base")
    lines = list(comparelines.verdict_lines(found))
    rows = found.table.to_dict("records")
    assert lines[0].startswith("按“城区步行5分钟”，覆盖人口最多的是方案2：")
    assert f"（{rows[1]['covered']}/{rows[1]['people']} 人）" in lines[0]
    each = {row["result"]: row["yuan_per_newly"] for row in rows if row["state"] == "plan"}
    least = min(each, key=lambda number: each[number])
    assert lines[0].endswith(f"；每新覆盖一人花钱最少的是方案{least}：{each[least]} 元。")
    assert lines[1].startswith("5 年总投入最少的是方案1：")
    assert "方案3没有选址，数字是今天的情况。" in lines
    lost = found.communities[found.communities["after"] == 3]
    assert any(line.startswith("方案3与方案1相比") and f"少达标 {len(lost)} 个" in line for line in lines)


def test_a_result_without_a_plan_has_todays_figures(ran: Path) -> None:
    found = compare(ran, "more", "none")
    assert [result.state for result in found.results] == ["plan", "today"]
    assert found.table["covered"][1] == found.table["covered_today"][1]
    assert any("方案2没有求出方案" in line for line in comparelines.warning_lines(found))


def test_goals_that_ask_for_nothing_are_not_counted(ran: Path) -> None:
    found = compare(ran, "more", "less")
    first, _ = found.results
    (goal,) = first.record["goals"]
    idle = {**goal, "id": "later", "target": 0.0, "met": True}
    told = named(found, goals=[goal, idle]).results[0]
    assert (comparelines.met_of(told), comparelines.goals_of(told)) == (1, 1)
    assert comparelines.goals_of(named(found, goals=[idle]).results[0]) == 0


def test_goals_that_differ_are_said_to(ran: Path) -> None:
    found = compare(ran, "more", "less")
    alike = replace(found, results=(found.results[0], replace(found.results[0], number=2)))
    lines = [line for one in (found, alike) for line in comparelines.verdict_lines(one) if line.startswith("目标达到")]
    assert lines == [
        "目标达到的项数：方案1 1/1、方案2 1/1；各方案的目标不同，项数不能直接比。",
        "目标达到的项数：方案1 1/1、方案2 1/1。",
    ]


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        ("min_cost", "最优方案最多还能省 15.33%"),
        ("max_coverage", "未覆盖的人最多还能少 15.33%"),
        ("min_travel", "总路程最多还能短 15.33%"),
    ],
)
def test_a_gap_says_what_is_proven_of_the_best_plan(objective: str, words: str, ran: Path) -> None:
    """It is a part of the plan's own objective: the best one may be that much lower, not the plan that much higher."""
    found = compare(ran, "more", "less")
    plan = {**found.results[0].record["plan"], "status": "gap", "gap": 0.15324, "objective_of": objective}
    changed = named(found, plan=plan)
    assert comparelines.status_text(changed.results[0], "zh").endswith(words)
    assert any(words in line for line in summary.compare_lines(changed, "zh"))
    assert "最省" not in comparelines.status_text(found.results[0], "zh")


def test_a_comparison_of_one_or_of_two_alike(ran: Path) -> None:
    found = compare(ran, "base")
    assert next(comparelines.verdict_lines(found)) == "这里只有一个方案，没有可比的。"
    assert "社区变化" not in written(ran)
    shutil.copytree(ran / "out" / "less", ran / "out" / "again", dirs_exist_ok=True)
    alike = finished.compare([ran / "less" / "scenario.toml", ran / "out" / "again"], ran / "out")
    lines = list(comparelines.verdict_lines(alike))
    assert "各方案覆盖的人口一样" in lines[0]
    assert lines[-1] == "方案2与方案1达标的社区完全相同。"
    assert list(comparelines.warning_lines(alike)) == []


# --- what to mind ------------------------------------------------------------------------------------------------


def test_other_standards_and_dates_are_told_and_kept_apart(ran: Path) -> None:
    found = compare(ran, "less", "farther")
    names = [block.name for block in comparelines.blocks(found)]
    assert names == ["城区步行5分钟（方案1的规定）", "城区步行8分钟（方案2的规定）"]
    lines = list(comparelines.warning_lines(found))
    assert "各方案的数据日期不同：方案1 2026-06-30、方案2 2025-12-31。" in lines
    assert any(line.startswith("标准“walk-5”在各方案里规定不同") for line in lines)
    assert "覆盖人口最多的是" not in " ".join(comparelines.verdict_lines(found))


def test_other_files_years_and_parameters_are_told(ran: Path) -> None:
    found = compare(ran, "more", "less")
    record = found.results[0].record
    moved = {"demand.csv": {"sha256": "0" * 64}, "sites.csv": {"path": "more.csv", "sha256": "1" * 64}}
    inputs = [{**item, **moved.get(item["path"], {})} for item in record["inputs"]]
    plan = {**record["plan"], "estimated_count": 2, "estimated_yuan": 70_000, "estimated_yearly_yuan": 0}
    other = {**record["parameters"], "walk_kph": 5.0, "horizon_years": 3}
    changed = named(found, inputs=inputs, parameters=other, plan=plan)
    stale = replace(changed, results=(replace(changed.results[0], stale=True), *changed.results[1:]))
    lines = list(comparelines.warning_lines(stale))
    assert lines[0].startswith("方案1的方案文件或数据在出成果之后改动过")
    assert "方案2与方案1的同名文件内容不同：demand.csv。" in lines
    assert "方案2与方案1所用的文件不同：只有方案1用 more.csv；只有方案2用 sites.csv。" in lines
    assert "各方案的“步行速度（公里/小时）”不同：方案1 5、方案2 4。" in lines
    assert "方案1有 2 处的费用是估算的（一次性 7万元，每年 0万元）。" in lines
    assert any("不能直接比" in line for line in comparelines.verdict_lines(stale))


# --- the frontier ------------------------------------------------------------------------------------------------


def test_scenarios_stand_on_the_frontier_where_they_may(ran: Path) -> None:
    compare(ran, "more", "less", "farther")
    page = written(ran)
    assert '<path class="stair"' in page
    assert re.findall(r'class="number"[^>]*>([0-9,]+)<', page) == ["1", "2"]
    assert "方案3的人口、标准或计算年数与这条折线不同" in page
    compare(ran, "less", "base")
    assert '<path class="stair"' not in written(ran)
    assert "没有同一方案、同一批数据的投入与覆盖曲线" in written(ran)


def test_marks_of_a_chart_keep_apart_and_share_a_place() -> None:
    marked = {1: (10, 50), 2: (10, 50), 3: (20, 51), 4: (0, 10)}
    names = {place: str(place) for place in marked.values()}
    chart = comparechart.frontier([(0, 10), (15, 60)], 100, marked, names)
    assert [mark.numbers for mark in chart.marks] == ["3", "1,2", "4"]
    bases = [mark.label_y for mark in chart.marks]
    assert all(second - first >= comparechart.APART for first, second in pairwise(bases))
    assert chart.points[0][0] == comparechart.LEFT
    bar = comparechart.bar(30, 20, 100)
    assert (bar.today, bar.added) == (comparechart.BAR_WIDTH * 0.2, 0)


# --- names are data ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hostile(ran: Path) -> Comparison:
    """A comparison in which every name is hostile."""
    found = compare(ran, "more", "less", "base")
    moved = pd.concat([found.communities] * 9, ignore_index=True).head(60)
    for at, column in enumerate(("name", "unit_id", "district", "town")):
        moved[column] = [HOSTILE[(number + at) % len(HOSTILE)] for number in range(len(moved))]
    results = tuple(
        replace(result, path=f"out/{HOSTILE[at]}", record=_renamed(result.record, at))
        for at, result in enumerate(found.results)
    )
    return replace(found, results=results, communities=moved)


def _renamed(record: Mapping[str, Any], at: int) -> dict[str, Any]:
    inputs = [{**item, "path": HOSTILE[(at + 3) % len(HOSTILE)]} for item in record["inputs"]]
    return {**record, "title": HOSTILE[at * 4], "scenario": HOSTILE[1], "inputs": inputs}


def test_hostile_names_stay_text_and_nothing_is_fetched(ran: Path, hostile: Comparison) -> None:
    path = ran / "hostile.html"
    comparepage.write_page(hostile, path)
    with launched() as chromium:
        page, watch = open_page(chromium, path)
        assert page.title() == "方案对比"
        text = page.inner_text("body")
        assert page.locator("img").count() == 0
        assert page.locator("script").count() == 1
        assert page.locator("details").count() > 0
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("details:not([open])").count() == 0
        shown = page.inner_text("body")
    assert watch.outside == []
    assert watch.troubles == []
    assert HOSTILE[0] in text
    assert HOSTILE[8] in text
    for name in HOSTILE:
        assert " ".join(name.split()) in shown


def test_hostile_names_are_texts_of_the_workbook(ran: Path, hostile: Comparison) -> None:
    path = ran / "hostile.xlsx"
    comparetables.write_book(hostile, path)
    book = python_calamine.CalamineWorkbook.from_path(str(path))
    assert book.sheet_names == ["对比", "社区变化", "口径和来源"]
    held = {cell for row in book.get_sheet_by_name("社区变化").to_python() for cell in row}
    assert set(HOSTILE) <= held
    with zipfile.ZipFile(path) as parts:
        for name in parts.namelist():
            assert b"<f>" not in parts.read(name)
            assert b"hyperlink" not in parts.read(name)


# --- the workbook ------------------------------------------------------------------------------------------------


def test_numbers_of_the_workbook_are_those_of_the_tables(ran: Path) -> None:
    compare(ran, "more", "less", "base")
    book = python_calamine.CalamineWorkbook.from_path(str(ran / "out" / "compare" / "compare.xlsx"))
    lines = book.get_sheet_by_name("对比").to_python()
    top = next(at for at, line in enumerate(lines) if line[0] == "方案")
    found = [dict(zip(lines[top], line, strict=True)) for line in lines[top + 1 :]]
    rows = rows_of(ran, "compare.csv")
    assert len(found) == len(rows)
    for line, row in zip(found, rows, strict=True):
        planned = row["state"] == "plan"
        assert line["方案"] == f"方案{row['result']}"
        assert line["人口（人）"] == int(row["people"])
        assert line["方案覆盖（人）"] == int(row["covered"])
        assert line["覆盖比例"] == int(row["share_permille"]) / 1000
        assert line["年限内总投入（元）"] == (int(row["cost_yuan"]) if planned else "")
        assert line["每新覆盖一人（元）"] == (int(row["yuan_per_newly"]) if row["yuan_per_newly"] else "")
        assert line["标准编号"] == row["standard_id"]
    changes = book.get_sheet_by_name("社区变化").to_python()
    top = next(at for at, line in enumerate(changes) if line[0] == "方案" and line[1] == "对照方案")
    moved = [(line[7], line[8]) for line in changes[top + 1 :]]
    assert moved == [(row["unit_id"], int(row["people"])) for row in rows_of(ran, "communities.csv")]


def test_the_same_results_give_the_same_bytes(ran: Path) -> None:
    files = ("compare.html", "compare.xlsx", "compare.csv", "communities.csv")
    compare(ran, "more", "less")
    first = [(ran / "out" / "compare" / name).read_bytes() for name in files]
    compare(ran, "more", "less")
    assert [(ran / "out" / "compare" / name).read_bytes() for name in files] == first


def test_english_and_many_results(ran: Path) -> None:
    found = named(compare(ran, "more", "less", "base"), language="en")
    page = comparepage.page(found)
    assert '<html lang="en">' in page
    assert "Scenarios side by side" in page
    plain = re.sub("<bdi>.*?</bdi>|<style>.*?</style>|<td.*?</td>|“[^”]*”", "", page, flags=re.DOTALL)
    assert not re.search("[\u4e00-\u9fff]", plain)
    assert json.loads(found.to_json())["results"][0]["title"] == "小镇方案"
    many = [replace(found.results[0], number=at) for at in range(1, 9)]
    table = pd.concat([found.table[found.table["result"] == 1].assign(result=at) for at in range(1, 9)])
    wide = comparepage.page(replace(found, results=tuple(many), table=table, communities=found.communities[:0]))
    assert wide.count("Cost within the horizon</th>") == 2  # five beside each other, then three
