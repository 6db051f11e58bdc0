"""The command line: bad input is told whole, good input ends with a plain summary and the right exit code."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from planner.cli import app
from runs import RUN
from town import SCENARIO, demand_csv, osm_xml, place, sites_csv, write_town

ROOT = Path(__file__).parents[1]


def planner(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)


def refused(scenario: Path) -> str:
    """Run a wrong scenario: exit code 2, no output folder; returns what was told."""
    out = scenario.parent / "out"
    result = planner(*RUN, scenario, "--out", out)
    assert result.exit_code == 2, result.output
    assert not out.exists()
    return result.stderr


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """Run the town once: a folder with `in` and `out`, and what was said."""
    folder = tmp_path_factory.mktemp("plain")
    return folder, planner(*RUN, write_town(folder / "in"), "--out", folder / "out")


@pytest.fixture
def ran(plain: tuple[Path, Result], tmp_path: Path) -> Path:
    """Return a copy of the town with its result, for tests that change either."""
    copy: Path = shutil.copytree(plain[0], tmp_path / "ran")
    return copy


def test_a_good_scenario_ends_with_its_figures_and_the_map(plain: tuple[Path, Result]) -> None:
    folder, result = plain
    assert result.exit_code == 0, result.output
    run = json.loads((folder / "out" / "town" / "run.json").read_text(encoding="utf-8"))
    text = result.stdout
    assert "小镇方案" in text
    assert "已证明最省" in text
    assert f"新增 {len(run['plan']['opened'])} 处" in text
    assert all(row["name"] in text for row in run["plan"]["opened"])
    assert "map.html" in text


def test_what_is_printed_and_signed_is_named_at_the_end(plain: tuple[Path, Result], tmp_path: Path) -> None:
    result = planner("run", write_town(tmp_path), "--out", tmp_path / "out")
    assert result.stdout.endswith("打印和签报用的文件也在其中：map.pdf、proposal.docx、site_pages.docx\n")
    assert "proposal.docx" not in plain[1].stdout


def test_goals_that_ask_for_nothing_yet_are_not_counted(tmp_path: Path) -> None:
    phases = ((2026, 0.0), (2028, 0.6))
    years = "".join(f"\n[[phase]]\nyear = {year}\nshares = {{ people = {share} }}\n" for year, share in phases)
    result = planner(*RUN, write_town(tmp_path, SCENARIO + years), "--out", tmp_path / "out")
    assert "目标：1 项中达到 1 项。" in result.stdout


def test_english_on_request(tmp_path: Path) -> None:
    scenario = write_town(tmp_path, SCENARIO.replace("data_date", 'language = "en"\ndata_date', 1))
    result = planner(*RUN, scenario, "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert "Proven cheapest" in result.stdout
    assert not re.search("覆盖|方案后|万元", result.stdout)


def test_json_prints_run_json(tmp_path: Path) -> None:
    result = planner(*RUN, write_town(tmp_path), "--out", tmp_path / "out", "--json")
    written = json.loads((tmp_path / "out" / "town" / "run.json").read_text(encoding="utf-8"))
    assert json.loads(result.stdout) == written


def test_goals_out_of_reach_exit_3_with_the_most_and_who_is_left(tmp_path: Path) -> None:
    scenario = write_town(tmp_path, SCENARIO.replace("share = 0.6", "share = 0.99"))
    result = planner(*RUN, scenario, "--out", tmp_path / "out")
    assert result.exit_code == 3
    run = json.loads((tmp_path / "out" / "town" / "run.json").read_text(encoding="utf-8"))
    assert run["plan"]["status"] == "infeasible"
    assert run["plan"]["best_effort"]
    (goal,) = run["goals"]
    assert not goal["met"]
    assert goal["most_reachable"] == goal["reached_plan"] < goal["needed"]
    assert goal["left_people"] == goal["whole"] - goal["reached_plan"]
    assert "最多能到" in result.stdout
    assert "还没覆盖的" in result.stdout


def test_rules_that_conflict_are_named(tmp_path: Path) -> None:
    count = '\n[[count]]\nid = "many"\ntype = "e_station"\neach = "district"\nmin = 9\n'
    result = planner(*RUN, write_town(tmp_path, SCENARIO + count), "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert "数量要求 many（东区）" in result.stdout
    assert "many:东区" not in result.stdout
    run = json.loads((tmp_path / "out" / "town" / "run.json").read_text(encoding="utf-8"))
    assert run["plan"]["conflict"] == ["many:东区"]
    assert run["plan"]["conflict_words"] == ["数量要求 many（东区）"]
    page = (tmp_path / "out" / "town" / "map.html").read_text(encoding="utf-8")
    assert "数量要求 many（东区）" in page


def test_a_misspelt_key(tmp_path: Path) -> None:
    told = refused(write_town(tmp_path, SCENARIO.replace("minutes = 5", "minuts = 5")))
    line = SCENARIO.splitlines().index("minutes = 5") + 1
    assert f"第{line}行" in told
    assert "standard[walk-5].minuts" in told
    assert "“minutes”" in told  # the suggestion


def test_a_missing_column(tmp_path: Path) -> None:
    scenario = write_town(tmp_path)
    (tmp_path / "demand.csv").write_text(demand_csv().replace("people", "poeple", 1), encoding="utf-8")
    told = refused(scenario)
    assert "demand.csv" in told
    assert "people" in told
    assert "poeple" in told


def test_a_type_with_no_cost_anywhere(tmp_path: Path) -> None:
    scenario = write_town(tmp_path, SCENARIO.replace("cost_once_yuan = 80_000\n", ""))
    (tmp_path / "sites.csv").write_text(sites_csv().replace("70000,5000", ",5000"), encoding="utf-8")
    told = refused(scenario)
    assert "sites.csv" in told
    assert "第5行" in told
    assert "C2" in told
    assert "cost_once_yuan" in told


def test_a_text_in_a_number_column(tmp_path: Path) -> None:
    scenario = write_town(tmp_path)
    (tmp_path / "demand.csv").write_text(demand_csv().replace(",10,", ",约10人,", 1), encoding="utf-8")
    told = refused(scenario)
    assert "第2行" in told
    assert "“people”" in told
    assert "约10人" in told


@pytest.mark.parametrize("out_of_range", [False, True])
def test_swapped_coordinates(tmp_path: Path, *, out_of_range: bool) -> None:
    scenario = write_town(tmp_path)
    lon, lat = place(0.1, 0.5).split(",")
    wrong = f"{lat},{lon}" if not out_of_range else f"{lat},117.02"
    (tmp_path / "demand.csv").write_text(demand_csv().replace(f"{lon},{lat}", wrong, 1), encoding="utf-8")
    told = refused(scenario)
    assert "demand.csv" in told
    assert "第2行" in told
    if not out_of_range:
        assert "写反" in told


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    scenario = write_town(tmp_path)
    (tmp_path / "sites.csv").unlink()
    (tmp_path / "roads.osm").unlink()
    told = refused(scenario)
    lines = SCENARIO.splitlines()
    for name, column in (
        ("sites.csv", "站点表：文件（sites.table[sites.csv].file）"),
        ("roads.osm", "道路：道路文件（roads.file）"),
    ):
        assert f"第{lines.index(f'file = {chr(34)}{name}{chr(34)}') + 1}行，“{column}”" in told
        assert f"找不到文件 {name}" in told


def test_an_empty_table(tmp_path: Path) -> None:
    scenario = write_town(tmp_path)
    (tmp_path / "demand.csv").write_text(demand_csv().splitlines()[0] + "\n", encoding="utf-8")
    assert "demand.csv" in refused(scenario)
    (tmp_path / "demand.csv").write_text("", encoding="utf-8")
    assert "demand.csv" in refused(scenario)


def test_a_pbf_cut_in_half(tmp_path: Path) -> None:
    whole = (ROOT / "data" / "coquimbo" / "roads.osm.pbf").read_bytes()
    scenario = write_town(tmp_path, SCENARIO.replace("roads.osm", "half.osm.pbf"))
    (tmp_path / "half.osm.pbf").write_bytes(whole[: len(whole) // 2])
    assert "half.osm.pbf" in refused(scenario)


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    wrong = SCENARIO.replace("minutes = 5", "minuts = 5").replace("roads.osm", "absent.osm")
    scenario = write_town(tmp_path, wrong)
    bad = demand_csv().replace(",10,", ",many,", 1).replace(",11,", ",-3,", 1)
    (tmp_path / "demand.csv").write_text(bad, encoding="utf-8")
    (tmp_path / "sites.csv").write_text(sites_csv().replace("e_station", "e_staton", 1), encoding="utf-8")
    told = refused(scenario)
    for part in ("minuts", "absent.osm", "many", "-3", "e_staton"):
        assert part in told


def test_a_wrong_value_does_not_hide_the_faults_of_the_tables(tmp_path: Path) -> None:
    scenario = write_town(tmp_path, SCENARIO.replace("minutes = 5", 'minutes = "five"'))
    (tmp_path / "demand.csv").write_text(demand_csv().replace(",10,", ",many,", 1), encoding="utf-8")
    told = refused(scenario)
    assert "five" in told
    assert "many" in told


def test_check_tells_what_was_read(tmp_path: Path) -> None:
    result = planner("check", write_town(tmp_path), "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "demand.csv：读 64 行，用 64 行" in result.stdout
    assert [path.name for path in (tmp_path / "out").glob("[!.]*")] == ["town-check"]


def test_new_then_check_asks_for_the_roads_only(tmp_path: Path) -> None:
    result = planner("new", tmp_path / "city")
    assert result.exit_code == 0
    told = planner("check", tmp_path / "city" / "scenario.toml", "--out", tmp_path / "out")
    assert told.exit_code == 2
    assert "1 处问题" in told.stderr
    assert "roads.osm.pbf" in told.stderr
    (tmp_path / "city" / "roads.osm.pbf").unlink(missing_ok=True)
    text = osm_xml().replace('lon="10.0', 'lon="117.0').replace('lat="50.0', 'lat="36.6')
    (tmp_path / "city" / "roads.osm").write_text(text, encoding="utf-8")
    scenario = tmp_path / "city" / "scenario.toml"
    scenario.write_text(scenario.read_text(encoding="utf-8").replace("roads.osm.pbf", "roads.osm"), encoding="utf-8")
    good = planner("check", scenario, "--out", tmp_path / "out")
    assert good.exit_code == 0, good.output


def test_new_does_not_touch_a_folder_in_use(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert planner("new", tmp_path).exit_code == 2
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_new_sample_runs(tmp_path: Path) -> None:
    assert planner("new", tmp_path / "city", "--sample").exit_code == 0
    checked = planner("check", tmp_path / "city" / "scenarios" / "sample-2026.toml", "--out", tmp_path / "out")
    assert checked.exit_code == 0, checked.output


def test_compare_prints_and_writes_a_table(tmp_path: Path) -> None:
    first = write_town(tmp_path / "a")
    second = write_town(tmp_path / "b", SCENARIO.replace('"town"', '"town-2"').replace("share = 0.6", "share = 0.3"))
    assert planner("compare", first, second, "--out", tmp_path / "out").exit_code == 2  # nothing was run yet
    for scenario in (first, second):
        assert planner(*RUN, scenario, "--out", tmp_path / "out").exit_code == 0
    result = planner("compare", first, second, "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert "已证明最优，目标 1/1 项" in result.stdout
    assert "b/scenario.toml" in result.stdout
    table = (tmp_path / "out" / "compare" / "compare.csv").read_text(encoding="utf-8-sig")
    assert [line.split(",")[2] for line in table.splitlines()] == ["scenario", "town", "town-2"]


def test_compare_keeps_two_results_of_one_name_apart(tmp_path: Path) -> None:
    for name, share in (("a", "0.6"), ("b", "0.99")):
        scenario = write_town(tmp_path / name, SCENARIO.replace("share = 0.6", f"share = {share}"))
        planner(*RUN, scenario, "--out", tmp_path / f"out-{name}")
    folders = [tmp_path / "out-a" / "town", tmp_path / "out-b" / "town"]
    result = planner("compare", *folders, "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert "没有方案能达到全部目标和规则；这里是尽量接近的方案，目标 0/1 项" in result.stdout
    assert all(str(folder) in result.stdout for folder in folders)


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"schema": 99}', b"\xff"])
def test_compare_refuses_what_is_no_result(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "run.json").write_bytes(content)
    assert planner("compare", tmp_path / "r", "--out", tmp_path / "out").exit_code == 2


def test_a_run_never_takes_the_place_of_what_is_no_result(tmp_path: Path) -> None:
    scenario = write_town(tmp_path / "town")
    (tmp_path / "town" / "notes.xlsx").write_text("mine")
    before = sorted(p.name for p in (tmp_path / "town").iterdir())
    result = planner(*RUN, scenario, "--out", tmp_path, "--no-inputs")
    assert result.exit_code == 1
    assert "不属于成果" in result.stderr
    assert sorted(p.name for p in (tmp_path / "town").iterdir()) == before
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "town").write_text("a file of mine")
    assert planner(*RUN, scenario, "--out", tmp_path / "out").exit_code == 1
    assert (tmp_path / "out" / "town").read_text() == "a file of mine"


def test_a_result_may_be_run_again_in_place(ran: Path) -> None:
    out = ran / "out"
    assert planner(*RUN, out / "town" / "scenario.toml", "--out", out).exit_code == 0
    assert planner(*RUN, out / "town" / "scenario.toml", "--out", out, "--no-inputs").exit_code == 1
    assert (out / "town" / "inputs" / "demand.csv").is_file()


def test_a_goal_that_falls_on_nothing_is_a_fault(tmp_path: Path) -> None:
    goal = 'each = "district"\ndistrict = "东区"\ntown = "西区镇"\n'
    assert "目标“people”没有落到任何人口或网点上" in refused(write_town(tmp_path, SCENARIO + goal))


def test_a_count_that_today_breaks_is_told(tmp_path: Path) -> None:
    count = '\n[[count]]\nid = "few"\ntype = "station"\nmax = 0\n'
    scenario = write_town(tmp_path, SCENARIO.split("[[goal]]")[0] + count)
    result = planner(*RUN, scenario, "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert "few" in result.stdout


def test_people_off_the_roads_are_a_share_of_those_who_can_be_judged(tmp_path: Path) -> None:
    scenario = write_town(tmp_path, SCENARIO.split("[[goal]]")[0])
    head, *_ = demand_csv().splitlines()
    rows = [("here", 600, place(1, 1)), ("far", 400, place(-90, 1)), ("unknown", 1000, ",")]
    lines = [f"{name},{name},{name},西区镇,西区,urban,{people},{spot}" for name, people, spot in rows]
    (tmp_path / "demand.csv").write_text("\n".join([head, *lines]), encoding="utf-8")
    assert "1 个居民点、400 人（40.0%）离道路超过上限" in planner(*RUN, scenario, "--out", tmp_path / "out").stdout


def test_compare_says_when_a_result_is_older_than_its_scenario(ran: Path) -> None:
    scenario = ran / "in" / "scenario.toml"
    fresh = planner("compare", scenario, "--out", ran / "out")
    assert fresh.exit_code == 0
    assert "重新运行" not in fresh.stdout
    scenario.write_text(SCENARIO.replace("share = 0.6", "share = 0.5"), encoding="utf-8")
    assert "重新运行" in planner("compare", scenario, "--out", ran / "out").stdout
    scenario.write_text(SCENARIO, encoding="utf-8")
    (ran / "in" / "demand.csv").write_text(demand_csv().replace(",10,", ",11,", 1), encoding="utf-8")
    assert "重新运行" in planner("compare", scenario, "--out", ran / "out").stdout


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    scenario = write_town(tmp_path)
    (tmp_path / "file").write_text("in the way")
    for out in (tmp_path / "file", tmp_path / "file" / "deeper"):
        result = planner(*RUN, scenario, "--out", out)
        assert result.exit_code == 1
        assert "没有权限写入" in result.stderr
    assert planner("new", tmp_path / "file" / "city").exit_code == 1


def test_the_language_of_the_parent_holds_for_faults(tmp_path: Path) -> None:
    write_town(tmp_path, SCENARIO.replace("data_date", 'language = "en"\ndata_date', 1)).rename(tmp_path / "base.toml")
    child = tmp_path / "child.toml"
    child.write_text('name = "c"\ntitle = "c"\nextends = "base.toml"\nnonsense = 1\n', encoding="utf-8")
    assert "Unknown key" in refused(child)


def test_a_goal_over_nobody_is_said_to_count_as_met(tmp_path: Path) -> None:
    scenario = write_town(tmp_path)
    rural = '\n[[standard]]\nid = "far"\nkm = 5\napplies_to = { setting = "rural" }\nserved_by = ["station"]\n'
    goal = '\n[[goal]]\nid = "nobody"\nstandard = "far"\nshare = 0.9\n'
    scenario.write_text(SCENARIO + rural + goal, encoding="utf-8")
    result = planner(*RUN, scenario, "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert "nobody（全市）范围内没有人口，按达到计" in result.stdout


def test_a_site_forced_both_ways_is_a_fault(tmp_path: Path) -> None:
    both = '\n[rules]\nforce_open = ["C1"]\nforce_closed = ["C1"]\n'
    assert "C1" in refused(write_town(tmp_path, SCENARIO + both))


def test_all_faults_are_counted_where_the_first_ones_are_listed(tmp_path: Path) -> None:
    scenario = write_town(tmp_path)
    (tmp_path / "demand.csv").write_text(demand_csv().replace(",urban,", ",somewhere,"), encoding="utf-8")
    told = refused(scenario)
    assert "发现 64 处问题" in told
    assert told.count("somewhere") < 64


def test_help_is_quick_and_loads_no_numpy() -> None:
    code = (
        "import sys, time\nfrom planner.cli import app\nfrom typer.testing import CliRunner\n"
        "result = CliRunner().invoke(app, ['--help'])\n"
        "heavy = {'numpy', 'pandas', 'pydantic', 'rich.progress'} & set(sys.modules)\n"
        "print(result.exit_code, sorted(heavy - {'rich.progress'}), time.process_time())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    exit_code, heavy, _ = done.stdout.rsplit(" ", 2)
    assert (exit_code, heavy) == ("0", "[]")
