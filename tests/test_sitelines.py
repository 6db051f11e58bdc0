"""Sites that the scenario itself gives: a child scenario of one file says the same as tables that were edited."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import town
from planner import bookwriter, checking, inputs, verify
from planner.columns import SITE_COLUMNS
from planner.errors import PlannerError
from planner.provenance import doubt_records, input_records
from planner.reinputs import read_again
from planner.reresult import Result
from planner.scenariobook import read_book_bytes
from planner.sourceschema import SiteSection
from planner.tomlfile import read_toml
from planner.words import tell
from runs import run_scenario
from town import LAT, LON, SCENARIO, place, write_town

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planner.errors import Fault

MOVED = (10.0014, 50.0018)
NEW = """
[[site]]
site_id = "live-1"
name = "新点"
type = "就业e站"
lon = 10.0056
lat = 50.0036
build_method = "改建"
cost_once_yuan = 20000
opened_on = 2020-01-01
"""
EDITS = f"""
[[site]]
site_id = "E1"
lon = {MOVED[0]}
lat = {MOVED[1]}
{NEW}
[[site]]
site_id = "E2"
operating = "正常"
hours = "08:30-12:00"

[[site]]
site_id = "C6"
status = "排除"
"""


def silent(_step: str) -> None:
    pass


def child(folder: Path, text: str, parent: str = "scenario.toml", name: str = "child") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(f'name = "{name}"\ntitle = "现场推演"\nextends = "{parent}"\n{text}', encoding="utf-8")
    return path


def read(folder: Path, text: str) -> inputs.Inputs:
    return inputs.read(child(folder, text), silent)


def faults(folder: Path, text: str) -> list[Fault]:
    with pytest.raises(PlannerError) as caught:
        read(folder, text)
    return list(caught.value.faults)


def codes(found: inputs.Inputs) -> list[str]:
    return [doubt.code for doubt in found.sites.doubts]


def row(found: inputs.Inputs, site: str) -> Mapping[str, Any]:
    frame = found.sites.frame
    return {str(key): value for key, value in frame[frame["site_id"] == site].iloc[0].items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("town")
    write_town(path)
    return path


# --- what an entry says ------------------------------------------------------------------------------------------


def test_its_keys_are_the_columns_of_the_contract() -> None:
    assert set(SiteSection.model_fields) == {column.name for column in SITE_COLUMNS}


def edited_tables(folder: Path) -> None:
    """The town with the edits of `EDITS` in its table."""
    write_town(folder)
    lines = town.sites_csv().splitlines()
    lines[0] = lines[0].replace(",lon,lat", ",lon,lat,build_method,opened_on,hours")
    lines = [lines[0], *(f"{line},,," for line in lines[1:])]
    lines[1] = lines[1].replace(place(1, 1), f"{MOVED[0]},{MOVED[1]}")
    lines[2] = lines[2].replace("停运", "正常").removesuffix(",") + ",08:30-12:00"
    lines[8] = lines[8].replace("candidate", "excluded")
    lines.append("live-1,新点,e_station,candidate,,,,20000,,10.0056,50.0036,改建,2020-01-01,")
    (folder / "sites.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_it_says_what_an_edited_table_would_say(folder: Path, tmp_path: Path) -> None:
    edited_tables(tmp_path)
    wanted, found = inputs.read(tmp_path / "scenario.toml", silent), read(folder, EDITS)
    pd.testing.assert_frame_equal(pd.DataFrame(found.sites.frame), pd.DataFrame(wanted.sites.frame))
    pd.testing.assert_frame_equal(found.options, wanted.options)


def test_only_what_is_written_changes(folder: Path) -> None:
    plain, found = inputs.read(folder / "scenario.toml", silent), read(folder, EDITS)
    before, after = row(plain, "E1"), row(found, "E1")
    assert {key for key, value in after.items() if key != "geometry" and str(value) != str(before[key])} == set()
    assert (after["geometry"].x, after["geometry"].y) == MOVED
    assert plain.sites.frame.dtypes.equals(found.sites.frame.dtypes)
    assert codes(plain) == []


def test_a_site_that_is_added_is_a_candidate_by_its_id(folder: Path) -> None:
    found = row(
        read(folder, '[[site]]\nsite_id = "x-1"\nname = ""\nlon = 10.0056\nlat = 50.0036\nhost = "无"\n'), "x-1"
    )
    assert (found["name"], found["status"], found["type"], found["host"]) == ("x-1", "candidate", "", "")
    assert pd.isna(found["cost_once_yuan"])
    assert found["opened_on"] is None
    assert row(read(folder, NEW), "live-1")["opened_on"] == dt.date(2020, 1, 1)


def test_a_scenario_needs_no_table_of_sites(tmp_path: Path) -> None:
    table = '[[sites.table]]\nfile = "sites.csv"\ncoordinates = "wgs84"\n'
    assert table in SCENARIO
    write_town(tmp_path, SCENARIO.replace(table, ""))
    found = read(tmp_path, NEW)
    assert found.sites.frame["site_id"].tolist() == ["live-1"]
    assert found.options["site_id"].tolist() == ["live-1"]


def test_places_are_in_wgs_84_whatever_the_tables_are_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(town, "LON", 117.0)
    monkeypatch.setattr(town, "LAT", 36.6)
    write_town(tmp_path, SCENARIO.replace('"wgs84"', '"gcj02"'))
    edit = '[[site]]\nsite_id = "E1"\nlon = 117.0014567\nlat = 36.6018123\n[[site]]\nsite_id = "E2"\nname = "改名"\n'
    plain, found = inputs.read(tmp_path / "scenario.toml", silent), read(tmp_path, edit)
    place_of = {site: row(found, site)["geometry"] for site in ("E1", "E2")}
    assert (place_of["E1"].x, place_of["E1"].y) == (117.0014567, 36.6018123)
    assert place_of["E2"] == row(plain, "E2")["geometry"]
    assert place_of["E2"].x != 117.0 + 6 * town.STEP_LON


AREA = """
[areas]
districts = { file = "districts.geojson", name = "name", coordinates = "wgs84" }
"""


def test_areas_name_the_district_of_what_is_added_and_of_what_moves(tmp_path: Path) -> None:
    write_town(tmp_path, SCENARIO + AREA)
    lines = [line.replace("西区,西区镇", ",西区镇", 1) for line in town.sites_csv().splitlines()]
    (tmp_path / "sites.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    west, middle, east = LON - 1, LON + 3.9 * town.STEP_LON, LON + 1
    features = [
        {
            "type": "Feature",
            "properties": {"name": name},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[a, LAT - 1], [b, LAT - 1], [b, LAT + 1], [a, LAT + 1], [a, LAT - 1]]],
            },
        }
        for name, a, b in (("西区", west, middle), ("东区", middle, east))
    ]
    layer = json.dumps({"type": "FeatureCollection", "features": features})
    (tmp_path / "districts.geojson").write_text(layer, encoding="utf-8")
    assert row(read(tmp_path, ""), "E1")["district"] == "西区"
    moved = read(tmp_path, NEW + '[[site]]\nsite_id = "E1"\nlon = 10.0196\nlat = 50.0036\n')
    assert (row(moved, "E1")["district"], row(moved, "live-1")["district"]) == ("东区", "西区")


# --- today is a what-if ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wanted", "today"),
    [
        ('site_id = "E1"\noperating = "停运"', "whatif_closed", 0),
        ('site_id = "E1"\nstatus = "excluded"', "whatif_closed", 0),
        ('site_id = "E1"\nclosed_on = 2026-06-30', "whatif_closed", 0),
        ('site_id = "E1"\nlon = 10.0014\nlat = 50.0018', "whatif_moved", 1),
        ('site_id = "E1"\ntype = "station;e_station"', "whatif_retyped", 1),
        ('site_id = "E2"\noperating = "正常"', "whatif_opened", 2),
        ('site_id = "x"\nstatus = "existing"\ntype = "e_station"\nlon = 10.0014\nlat = 50.0018', "whatif_opened", 2),
        ('site_id = "E1"\nname = "新名"', "", 1),
        ('site_id = "E2"\nlon = 10.0014\nlat = 50.0018', "", 1),
        ('site_id = "C1"\nlon = 10.0014\nlat = 50.0018', "", 1),
    ],
)
def test_an_outlet_that_stands_otherwise_today_is_told(folder: Path, text: str, wanted: str, today: int) -> None:
    found = read(folder, f"[[site]]\n{text}\n")
    assert int(found.sites.frame["open_today"].sum()) == today
    assert codes(found) == [wanted] * bool(wanted)
    records = doubt_records(found)
    assert [record["place"].startswith("child.toml，第5行") for record in records] == [True] * bool(wanted)
    assert all("假设" in record["what"] for record in records)


# --- what is wrong -----------------------------------------------------------------------------------------------

WRONG = """[[site]]
site_id = "E1"
operating = "关了"
lon = 10.0
cost_once_yuan = "12万"
opened_on = 2026-01-01
closed_on = 2025-01-01
[[site]]
site_id = "n1"
[[site]]
site_id = "n2"
status = "existing"
lon = 50.0018
lat = 170.0
type = ""
[[site]]
site_id = "n3"
lon = 0
lat = 0
typ = "e_station"
name = "张三 11010519491231002X"
[[site]]
site_id = "n4"
type = "e_staton"
status = ""
lon = 10.0014
lat = 50.0018
capacity_people = 200000000
"""


def test_every_fault_stands_at_its_key_all_at_once(folder: Path) -> None:
    found = {(fault.code, fault.row, fault.column) for fault in faults(folder, WRONG)}
    assert found == {
        ("cell_choice", 6, "site[E1].operating"),
        ("site_half_place", 7, "site[E1].lon"),
        ("value_whole", 8, "site[E1].cost_once_yuan"),
        ("closed_before_opened", 10, "site[E1].closed_on"),
        ("site_no_place", 11, "site[n1].lon"),
        ("site_swapped_place", 16, "site[n2].lon"),
        ("no_type", 18, "site[n2].type"),
        ("site_zero_place", 21, "site[n3].lon"),
        ("unknown_key", 23, "site[n3].typ"),
        ("personal_id", 24, "site[n3].name"),
        ("cell_type_near", 27, "site[n4].type"),
        ("site_cell_empty_choice", 28, "site[n4].status"),
        ("value_range", 31, "site[n4].capacity_people"),
    }
    for fault in faults(folder, WRONG):
        assert fault.file.endswith("child.toml")
        for language in ("zh", "en"):
            assert all(tell(fault, language))
            assert "11010519491231002X" not in " ".join(tell(fault, language))


def test_what_other_inputs_say_against_it_stands_at_its_key(folder: Path) -> None:
    text = (
        '[[site]]\nsite_id = "C1"\nbuild_method = "搬迁"\n'
        '[[site]]\nsite_id = "n1"\nlon = 50.0018\nlat = 10.0014\nbuild_method = "搬迁"\ntype = "e_station"\n'
        '[[site]]\nsite_id = "n2"\nlon = 10.0014\nlat = 50.0018\ntype = "station"\n'
    )
    found = {(fault.code, fault.row, fault.column) for fault in faults(folder, text)}
    assert found == {
        ("unknown_method", 6, "site[C1].build_method"),
        ("site_swapped_by_roads", 9, "site[n1].lon"),
        ("unknown_method", 11, "site[n1].build_method"),
        ("not_built", 17, "site[n2].type"),
    }


def test_faults_of_tables_do_not_hide_those_of_entries(tmp_path: Path) -> None:
    write_town(tmp_path)
    wrong = town.sites_csv().replace("C3,候选3,e_station,candidate", "C3,候选3,e_station,也许")
    (tmp_path / "sites.csv").write_text(wrong, encoding="utf-8")
    text = '[[site]]\nsite_id = "E1"\noperating = "关了"\n[[site]]\nsite_id = "C3"\ncost_once_yuan = 1\n'
    told = [(Path(fault.file).name, fault.code) for fault in faults(tmp_path, text)]
    assert sorted(told) == [("child.toml", "cell_choice"), ("sites.csv", "cell_choice")]


ODD_VALUES = (
    '"x"', "-1", "1.5", "1e400", "-inf", "nan", "9" * 400, str(10**30 - 1), "true", "2026-01-01", "10:00:00",
    "2026-01-01T10:00:00Z", "[1]", "{ x = 1 }",
)  # fmt: skip
"""Values of every type of TOML; each is wrong in most columns."""


READ_YET_WRONG = {
    ("type", '"x"'),
    ("status", '"x"'),
    ("operating", '"x"'),
    ("lon", str(10**30 - 1)),
    ("lat", str(10**30 - 1)),
}
"""Of these the contract of tables says what is wrong; with none of them the rows are joined before anything is told."""


@pytest.mark.parametrize("among", [READ_YET_WRONG, set()])
def test_no_value_of_any_type_is_a_surprise(folder: Path, among: set[tuple[str, str]]) -> None:
    """What is wrong is told at the very key that holds it, of sites that are added and of one that the tables have."""
    sound = {"name": '"新点"', "type": '"e_station"', "status": '"candidate"', "lon": "10.0056", "lat": "50.0036"}
    columns = [name for name in SiteSection.model_fields if name != "site_id"]
    tried = [
        (f"{name}-{n}", name, value)
        for name in columns
        for n, value in enumerate(ODD_VALUES)
        if (name, value) in among or (name, value) not in READ_YET_WRONG
    ]
    added = {site: {**sound, name: value} for site, name, value in tried}
    text = "".join(
        "\n".join([f'[[site]]\nsite_id = "{site}"', *(f"{key} = {value}" for key, value in keys.items()), ""])
        for site, keys in {**added, "C1": dict.fromkeys(columns, "[]")}.items()
    )
    told: dict[str, set[str]] = {}
    for fault in inputs.gather(child(folder, text), silent).faults:
        assert all(tell(fault, "zh"))
        site, _, column = fault.column.removeprefix("site[").partition("].")
        told.setdefault(site, set()).add(column)
    assert told.pop("C1") == set(columns)
    for site, where in told.items():
        column = site.partition("-")[0]
        assert where == {column} or (column in {"lon", "lat"} and where < {"lon", "lat"})  # these two may be swapped
    passed = {name: [value for site, key, value in tried if key == name and site not in told] for name in columns}
    refused = {"type", "status", "operating", "cost_once_yuan", "cost_yearly_yuan", "capacity_people"}
    wanted = {"lon": ["-1", "1.5"], "lat": ["-1", "1.5"], "opened_on": ["2026-01-01"], "closed_on": ["2026-01-01"]}
    wanted["build_method"] = ['"x"'] if among else []  # that nothing is built so is told when the rows stand
    assert passed == {name: wanted.get(name, [] if name in refused else ['"x"']) for name in columns}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('[[site]]\nsite_id = "C1"\n[[site]]\nsite_id = " C1 "\n', "repeated_name"),
        ('[[site]]\nname = "无编号"\n', "key_missing"),
        ('site = ["C1"]\n', "value_table"),
        ('site = "C1"\n', "value_list"),
        ('[[site]]\nsite_id = "X"\nremove = true\n', "nothing_to_remove"),
    ],
)
def test_an_entry_names_one_site(folder: Path, text: str, code: str) -> None:
    assert code in [fault.code for fault in faults(folder, text)]


def test_doubts_about_it_stand_at_its_key(folder: Path) -> None:
    text = (
        '[[site]]\nsite_id = "E1"\nhours = "看情况"\n'
        '[[site]]\nsite_id = "far"\nlon = 10.5\nlat = 50.0018\ntype = "e_station"\ncost_once_yuan = 5000\n'
    )
    checked = checking.check(child(folder, text), silent)
    told = {(p.fault.code, Path(p.fault.file).name, p.fault.row, p.fault.column, p.read) for p in checked.problems}
    assert ("hours_unread", "child.toml", 6, "site[E1].hours", 'hours = "看情况"') in told
    assert ("far_from_roads", "child.toml", 9, "site[far].lon", "lon = 10.5") in told
    assert checked.record["faults"] == []


# --- how scenarios give it ---------------------------------------------------------------------------------------


def test_a_child_changes_and_drops_entries_of_its_parent(tmp_path: Path) -> None:
    write_town(tmp_path, SCENARIO + EDITS)
    text = (
        '[[site]]\nsite_id = "E2"\nremove = true\n[[site]]\nsite_id = "live-1"\ncost_once_yuan = 30000\n'
        '[[site]]\nsite_id = "C6"\nremove = true\n'
    )
    found = read(tmp_path, text)
    assert (row(found, "E2")["operating"], row(found, "C6")["status"]) == ("停运", "candidate")
    assert (row(found, "live-1")["cost_once_yuan"], row(found, "live-1")["build_method"]) == (30000, "改建")
    counted = {item["path"]: (item["rows_read"], item["rows_used"]) for item in input_records(found)}
    assert (counted["child.toml"], counted["scenario.toml"], counted["sites.csv"]) == ((1, 1), (1, 1), (8, 8))


def test_a_workbook_holds_it(folder: Path, tmp_path: Path) -> None:
    file = read_toml(child(folder, EDITS))
    for language in ("zh", "en"):
        content = bookwriter.write_book(file, language)
        assert read_book_bytes(Path("方案.xlsx"), content).data == file.data
    write_town(tmp_path)
    (tmp_path / "child.xlsx").write_bytes(bookwriter.write_book(file, "zh"))
    found = inputs.read(tmp_path / "child.xlsx", silent)
    pd.testing.assert_frame_equal(pd.DataFrame(found.sites.frame), pd.DataFrame(read(folder, EDITS).sites.frame))
    assert [(doubt.sheet, doubt.cell) for doubt in found.sites.doubts] == [("单列站点", "A2"), ("单列站点", "A4")]


def test_lists_within_one_line_are_read(folder: Path) -> None:
    found = read(folder, 'site = [{ site_id = "E1", operating = "停运" }, { site_id = "C1", hours = "always" }]\n')
    assert codes(found) == ["whatif_closed"]
    assert row(found, "C1")["hours"] == "always"


def test_of_sites_within_one_line_none_is_taken_for_another(folder: Path) -> None:
    one = 'type = "e_station", lon = 10.0014, lat = 50.0018, build_method = "搬迁"'
    found = faults(folder, f'site = [{{ site_id = "a", {one} }}, {{ site_id = "b", {one} }}]\n')
    assert {(fault.code, fault.row, fault.column) for fault in found} == {("unknown_method", 4, "build_method")}


# --- a run, its result, and a scenario that goes on from it ------------------------------------------------------


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of the town, whose tables have one name and ids by line, and of a scenario that extends that result."""
    folder = tmp_path_factory.mktemp("results")
    table = 'file = "sites.csv"\ncoordinates = "wgs84"\n'
    path = write_town(folder / "town", SCENARIO.replace(table, 'file = "sites/demand.csv"\nid = "row"\n' + table[19:]))
    without_ids = "\n".join(line.split(",", 1)[1] for line in town.sites_csv().splitlines())
    (folder / "town" / "sites").mkdir()
    (folder / "town" / "sites" / "demand.csv").write_text(without_ids + "\n", encoding="utf-8")
    run_scenario(path, folder / "maps")
    edits = EDITS.replace('"E1"', '"demand-2"').replace('"E2"', '"demand-3"').replace('"C6"', '"demand-9"')
    forced = '[rules]\nforce_open = ["live-1"]\n'
    run_scenario(child(folder / "maps", forced + edits, "town/scenario.toml"), folder / "maps")
    return folder / "maps"


def test_a_result_is_extended_by_one_file(results: Path) -> None:
    parent, found = (Result(results / name) for name in ("town", "child"))
    assert list(found.sites) == [*parent.sites, "live-1"]
    states = {site: found.sites[site]["state"] for site in ("demand-2", "demand-3", "demand-9")}
    assert states == {"demand-2": "today", "demand-3": "today", "demand-9": "excluded"}
    assert "live-1" in {one["site_id"] for one in found.run["plan"]["opened"]}
    assert [doubt["place"].partition("，")[0] for doubt in found.run["doubts"]] == ["child.toml"] * 2
    rows = {item["path"]: (item["rows_read"], item["rows_used"]) for item in found.run["inputs"]}
    assert rows["child.toml"] == (4, 4)
    assert rows["town/inputs/2/demand.csv"] == (8, 8)


def test_verify_reads_it_by_its_own_path(results: Path) -> None:
    report = verify.verify(results / "child", silent)
    assert (report["same"], report["recomputed"], report["differences"]) == (True, True, [])
    assert "sites.csv" not in {file for _, file, _ in report["taken"]}
    read = read_again(Result(results / "child"))
    assert read.sites["demand-2"].place == MOVED
    assert (read.sites["demand-3"].today, read.sites["demand-3"].hours) == (True, "08:30-12:00")
    new = read.sites["live-1"]
    assert (new.name, new.types, new.status, new.once, new.yearly) == ("新点", ("e_station",), "candidate", 20000, None)


@pytest.mark.parametrize(
    ("written", "changed", "column"),
    [("lon = 10.0014", "lon = 10.0024", "lon"), ('operating = "正常"', 'operating = "停运"', "state")],
)
def test_verify_finds_an_entry_that_was_changed(
    results: Path, tmp_path: Path, written: str, changed: str, column: str
) -> None:
    for path in (results / "child").rglob("*"):
        if path.is_file():
            copy = tmp_path / path.relative_to(results / "child")
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    scenario = tmp_path / "scenario.toml"
    text = scenario.read_text(encoding="utf-8")
    assert text.count(written) == 1
    scenario.write_text(text.replace(written, changed), encoding="utf-8")
    report = verify.verify(tmp_path, silent)
    assert not report["same"]
    assert {(one["file"], one["column"]) for one in report["differences"]} >= {("sites.csv", column)}
