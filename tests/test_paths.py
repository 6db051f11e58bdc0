"""Paths as office PCs have them: spaces, Chinese characters, more than 260 characters; they work, or are named."""

from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import osmium
import pandas as pd
import pyogrio
import pytest
import shapely
from typer.testing import CliRunner

from planner import finished, pipeline, report
from planner.cli import app
from planner.roadcache import FOLDER_VARIABLE
from runs import RUN, run_scenario
from town import SCENARIO, write_town
from workbook import sheet_xml, write_xlsx

if TYPE_CHECKING:
    from collections.abc import Callable

ODD = Path("威海市 就业服务", "2026 年（送审稿）", "a b's & 100% [新] #1")
LONG = Path(*[f"{number} 就业服务圈方案与台账资料汇编 第{number}批" * 2 for number in range(1, 10)])
FOLDERS = {"odd": ODD, "long": LONG}
RESULTS = {"map.html", "run.json", "sites.csv", "coverage.csv", "left_out.csv", "plan.gpkg", "scenario.toml"}
FORMATS = ["xlsx", "gpkg", "geojson", "shp"]
MEASURED = SCENARIO.split("[[goal]]")[0]
"""The town as it is: no plan is looked for."""


@pytest.fixture(params=FOLDERS)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    made: Path = tmp_path / FOLDERS[request.param]
    made.mkdir(parents=True)
    return made


def as_format(folder: Path, name: str, ending: str) -> None:
    """Write a table of the town in another format."""
    frame = pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False)
    file = folder / f"{name} 台账.{ending}"
    if ending == "csv":
        shutil.copyfile(folder / f"{name}.csv", file)
    elif ending == "xlsx":
        write_xlsx(file, {"台账": sheet_xml([list(frame.columns), *frame.to_numpy().tolist()])})
    else:
        points = shapely.points(frame["lon"].astype(float), frame["lat"].astype(float))
        # ten letters are all that a Shapefile has for a name
        short = frame.drop(columns=["lon", "lat"]).rename(columns={"demand_id": "id", "site_id": "id"})
        short = short.rename(columns={"cost_once_yuan": "建设费用", "cost_yearly_yuan": "年费用"})
        options = {"encoding": "gb18030"} if ending == "shp" else {}
        gpd.GeoDataFrame(short, geometry=points, crs=4326).to_file(file, **options)


def town_of(folder: Path, demand: str, sites: str, roads: str = "roads.osm") -> Path:
    """Write the town with tables of two formats and roads of one, under names with spaces."""
    text = SCENARIO.replace("demand.csv", f"demand 台账.{demand}").replace("sites.csv", f"sites 台账.{sites}")
    scenario = write_town(folder, text.replace("roads.osm", roads))
    as_format(folder, "demand", demand)
    as_format(folder, "sites", sites)
    if roads != "roads.osm":
        with osmium.SimpleWriter(str(folder / roads)) as writer:
            for thing in osmium.FileProcessor(str(folder / "roads.osm")):
                writer.add(thing)
    return scenario.rename(folder / "方案 2026.toml")


@pytest.mark.parametrize(("demand", "sites", "roads"), [
    ("xlsx", "gpkg", "路网 1.osm.pbf"), ("shp", "geojson", "路网 1.osm"), ("csv", "shp", "roads.osm"),
])  # fmt: skip
def test_every_file_in_and_out_may_lie_in_such_a_folder(
    folder: Path, demand: str, sites: str, roads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario, out = town_of(folder, demand, sites, roads), folder / "结果 甲"
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder / "缓存 1"))
    checked = CliRunner().invoke(app, ["check", str(scenario), "--out", str(out), "--json"])
    assert checked.exit_code == 0, checked.output
    assert [path.suffix for path in (out / "town-check").iterdir()] == [".xlsx"]
    ran = CliRunner().invoke(app, [*RUN, str(scenario), "--out", str(out)])
    assert ran.exit_code == 0, ran.output
    assert {path.name for path in (out / "town").iterdir()} >= RESULTS
    assert len(list((folder / "缓存 1").rglob("*.npz"))) == 1
    assert pyogrio.read_dataframe(out / "town" / "plan.gpkg", layer="sites")["name"].notna().all()
    # the copies are whole: the result can be run again where it lies
    again = run_scenario(out / "town" / "scenario.toml", folder / "结果 乙")
    first = json.loads((out / "town" / "run.json").read_text(encoding="utf-8"))
    assert again.record["goals"] == first["goals"]
    assert not finished.is_stale(scenario, out)


# --- what no system takes -----------------------------------------------------------------------------------------

ENDLESS = "长" * 100
"""A name of 300 bytes."""


def told(*arguments: object) -> tuple[int, str]:
    """Exit code and words of the command line; never a traceback."""
    result = CliRunner().invoke(app, [*map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "→" in result.output
    return result.exit_code, result.output


@pytest.mark.parametrize("verb", ["check", "run"])
@pytest.mark.parametrize(
    ("name", "ending", "line"),
    [("demand.csv", ".csv", 9), ("demand.csv", ".shp", 9), ("sites.csv", ".xlsx", 13), ("sites.csv", ".gpkg", 13),
     ("demand.csv", ".geojson", 9), ("roads.osm", ".osm", 6), ("roads.osm", ".osm.pbf", 6)],
)  # fmt: skip
def test_a_name_too_long_is_named_with_its_line(tmp_path: Path, verb: str, name: str, ending: str, line: int) -> None:
    scenario = write_town(tmp_path / "in", SCENARIO.replace(name, ENDLESS + ending))
    code, words = told(verb, scenario, "--out", tmp_path / "out")
    assert code == 2
    assert f"scenario.toml，第{line}行" in words
    assert f"个字符，可能超过了系统允许的长度：{tmp_path / 'in' / ENDLESS}{ending}" in words
    assert not (tmp_path / "out" / "town").exists()


@pytest.mark.parametrize("verb", ["check", "run", "isochrones", "frontier"])
def test_a_scenario_or_a_folder_too_long_is_named(tmp_path: Path, verb: str) -> None:
    scenario = write_town(tmp_path / "in")
    code, words = told(verb, tmp_path / f"{ENDLESS}.toml", "--out", tmp_path / "out")
    assert (code, f"{ENDLESS}.toml" in words, "可能超过了" in words) == (2, True, True)
    if verb == "check":  # what it found is told all the same
        assert "可能超过了" in "".join(pipeline.check(scenario, tmp_path / ENDLESS)["blocked"].values())
    else:
        code, words = told(verb, scenario, "--out", tmp_path / ENDLESS)
        assert (code, ENDLESS in words, "可能超过了" in words) == (1, True, True)


def test_other_verbs_name_what_is_too_long(tmp_path: Path) -> None:
    scenario = write_town(tmp_path / "in")
    run_scenario(scenario, tmp_path / "out")
    for arguments in (
        ("new", tmp_path / ENDLESS),
        ("compare", scenario, scenario, "--out", tmp_path / ENDLESS),
        ("fetch", write_town(tmp_path / "f", SCENARIO.replace('file = "roads.osm"', 'place = "甲市"')), "--from",
         tmp_path / f"{ENDLESS}.osm", "--boundary", tmp_path / f"{ENDLESS}.geojson", "--coordinates", "wgs84"),
    ):  # fmt: skip
        code, words = told(*arguments)
        assert code in (1, 2)
        assert ENDLESS in words


def test_a_name_whose_other_folders_are_too_long_is_named_before_anything_is_computed(tmp_path: Path) -> None:
    name = "城" * 80  # with -isochrones more than a name may have
    scenario = write_town(tmp_path / "in", SCENARIO.replace('"town"', f'"{name}"', 1))
    assert run_scenario(scenario, tmp_path / "out").folder.name == name
    code, words = told("isochrones", scenario, "--minutes", "5", "--out", tmp_path / "out")
    assert (code, "可能超过了" in words) == (1, True)


def test_networks_are_not_kept_where_they_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / ENDLESS))
    assert pipeline.check(write_town(tmp_path / "in"), tmp_path / "out")["roads"]["walk"]["edges"] > 0


# --- what Windows does --------------------------------------------------------------------------------------------

WINDOWS = {
    "absent": FileNotFoundError(errno.ENOENT, "The system cannot find the path specified"),
    "name": OSError(errno.EINVAL, "The filename, directory name, or volume label syntax is incorrect"),
}


@pytest.mark.parametrize("refusal", WINDOWS)
@pytest.mark.parametrize("file", ["map.html", "plan.gpkg", "coverage.csv", "run.json", "scenario.toml", "inputs"])
def test_a_result_that_the_system_refuses_is_named_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: str, file: str
) -> None:
    # without a plan it is as soon written
    scenario, out = write_town(tmp_path / "in", MEASURED), tmp_path / LONG

    for owner, name in ((Path, "open"), (Path, "write_text"), (Path, "mkdir")):
        real = getattr(owner, name)

        def guarded(path: Path, *others: object, real: Callable[..., object] = real, **more: object) -> object:
            if path.name == file and out in path.parents:
                raise type(WINDOWS[refusal])(*WINDOWS[refusal].args, str(path))
            return real(path, *others, **more)

        monkeypatch.setattr(owner, name, guarded)
    if file == "plan.gpkg":  # GDAL opens its files itself

        def closed(*_arguments: object, **_options: object) -> None:
            raise pyogrio.errors.DataSourceError("sqlite3_open failed: unable to open database file")

        monkeypatch.setattr(pyogrio, "write_dataframe", closed)
    code, words = told(*RUN, scenario, "--out", out)
    assert code == 1
    assert file in words
    monkeypatch.undo()
    assert [path.name for path in out.iterdir() if path.name != ".town.lock"] == []


@pytest.mark.parametrize("name", ["demand.csv", "roads.osm"])
def test_a_path_that_windows_does_not_find_may_be_too_long(tmp_path: Path, name: str) -> None:
    scenario = write_town(tmp_path / LONG)
    (tmp_path / LONG / name).unlink()
    code, words = told("check", scenario, "--out", tmp_path / "out")
    assert code == 2
    assert f"路径有 {len(str(tmp_path / LONG / name))} 个字符" in words
    assert "Windows 中启用长路径" in words


# --- a Shapefile is several files ---------------------------------------------------------------------------------


def test_a_shapefile_travels_with_all_its_files_and_each_of_them_counts(tmp_path: Path) -> None:
    scenario = town_of(tmp_path / "in", "shp", "csv")
    record = run_scenario(scenario, tmp_path / "out").record
    parts = {f"demand 台账{ending}" for ending in (".shp", ".shx", ".dbf", ".prj", ".cpg")}
    assert {item["path"] for item in record["inputs"]} == {*parts, "roads.osm", "sites 台账.csv"}
    assert [item["rows_read"] for item in record["inputs"] if item["path"] in parts] == [64, *[None] * 4]
    copies = tmp_path / "out" / "town" / "inputs"
    assert {path.name for path in copies.iterdir()} == {*parts, "roads.osm", "sites 台账.csv"}
    assert len(gpd.read_file(copies / "demand 台账.shp")) == 64
    for changed in (".dbf", ".shx", ".prj", ".cpg"):
        assert not finished.is_stale(scenario, tmp_path / "out")
        part = tmp_path / "in" / f"demand 台账{changed}"
        content = part.read_bytes()
        part.write_bytes(content + b" ")
        assert finished.is_stale(scenario, tmp_path / "out"), changed
        part.write_bytes(content)


def test_a_new_part_of_a_shapefile_makes_a_result_stale(tmp_path: Path) -> None:
    scenario = town_of(tmp_path / "in", "shp", "csv")
    cpg = tmp_path / "in" / "demand 台账.cpg"
    content = cpg.read_bytes()
    cpg.unlink()
    run_scenario(scenario, tmp_path / "out")
    assert not finished.is_stale(scenario, tmp_path / "out")
    cpg.write_bytes(content)
    assert finished.is_stale(scenario, tmp_path / "out")


def test_copies_of_one_name_keep_their_parts_together(tmp_path: Path) -> None:
    parts = {"a": [".shp", ".dbf"], "b": [".shp", ".dbf", ".cpg"], "c": [".SHP", ".DBF"]}
    files = [tmp_path / folder / f"t{ending}" for folder, endings in parts.items() for ending in endings]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.write_text(file.parent.name)
    (tmp_path / "out").mkdir()
    names = report.copy_inputs(files, tmp_path / "out" / "inputs")
    assert [names[file] for file in files] == [
        f"inputs/{name}" for name in ("t.shp", "t.dbf", "2/t.shp", "2/t.dbf", "2/t.cpg", "3/t.SHP", "3/t.DBF")
    ]
    assert [(tmp_path / "out" / name).read_text() for name in names.values()] == list("aabbbcc")
