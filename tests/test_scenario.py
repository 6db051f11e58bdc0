"""The scenario file: merging, exact numbers, and faults with their lines."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from planner import schema
from planner.errors import ScenarioError
from planner.scenario import NOT_YET, load
from planner.speeds import CLASS_KPH
from town import SCENARIO


def write(folder: Path, text: str, name: str = "scenario.toml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def codes(path: Path) -> list[str]:
    return [fault.code for fault in load(path).faults]


def test_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_bytes(SCENARIO.encode("utf-8-sig"))
    assert load(path).faults == ()


def test_limits_are_exact(tmp_path: Path) -> None:
    text = SCENARIO.replace("minutes = 5", "minutes = 7.5").replace('file = "roads.osm"', 'file = "r"\nwalk_kph = 3.2')
    loaded = load(write(tmp_path, text))
    assert loaded.scenario is not None
    (standard,) = schema.standards_of(loaded.scenario)
    assert (standard.measure, standard.limit) == ("distance", 400_000)


@pytest.mark.parametrize(
    ("written", "measure", "limit"),
    [("km = 2.5", "distance", 2_500_000), ('mode = "drive"\nminutes = 1.5', "time", 90_000)],
)
def test_limits_of_other_standards(tmp_path: Path, written: str, measure: str, limit: int) -> None:
    loaded = load(write(tmp_path, SCENARIO.replace("minutes = 5", written)))
    assert loaded.scenario is not None
    (standard,) = schema.standards_of(loaded.scenario)
    assert (standard.measure, standard.limit) == (measure, limit)


def test_extends_merges_tables_arrays_and_lists(tmp_path: Path) -> None:
    write(tmp_path / "base", SCENARIO, "base.toml")
    child = """
name = "child"
title = "child"
extends = "base/base.toml"
roads = { walk_kph = 5.0 }
[[facility]]
type = "e_station"
cost_once_yuan = 1
[[facility]]
type = "gig_station"
name = "零工驿站"
[[goal]]
id = "people"
remove = true
[[standard]]
id = "walk-5"
served_by = ["station"]
[[sites.table]]
file = "more.csv"
"""
    loaded = load(write(tmp_path, child))
    assert loaded.faults == ()
    scenario = loaded.scenario
    assert scenario is not None
    assert scenario.name == "child"
    assert scenario.roads.walk_kph == Decimal("5.0")
    facilities = {facility.type: facility for facility in scenario.facility}
    assert list(facilities) == ["station", "e_station", "gig_station"]
    assert (facilities["e_station"].cost_once_yuan, facilities["e_station"].cost_yearly_yuan) == (1, 6000)
    assert scenario.goal == ()
    assert scenario.standard[0].served_by == ("station",)
    assert scenario.standard[0].minutes == 5
    # a path is relative to the file that wrote it
    files = [Path(table.file) for table in scenario.sites.table]
    assert files == [tmp_path / "base" / "sites.csv", tmp_path / "more.csv"]


def test_name_and_title_are_not_inherited(tmp_path: Path) -> None:
    write(tmp_path, SCENARIO, "base.toml")
    assert codes(write(tmp_path, 'extends = "base.toml"')) == ["key_missing", "key_missing"]


def test_extends_goes_one_level(tmp_path: Path) -> None:
    write(tmp_path, SCENARIO, "a.toml")
    write(tmp_path, 'name = "b"\ntitle = "b"\nextends = "a.toml"', "b.toml")
    with pytest.raises(ScenarioError) as caught:
        load(write(tmp_path, 'name = "c"\ntitle = "c"\nextends = "b.toml"'))
    assert caught.value.faults[0].code == "extends_twice"


def test_every_unknown_key_has_its_line_and_a_suggestion(tmp_path: Path) -> None:
    text = SCENARIO.replace("cost_yearly_yuan", "cost_yearly").replace("setting =", "seting =")
    found = {fault.column: fault for fault in load(write(tmp_path, text)).faults}
    lines = text.splitlines()
    cost = found["facility[e_station].cost_yearly"]
    assert cost.row == lines.index("cost_yearly = 6_000") + 1
    assert cost.values["near"] == "cost_yearly_yuan"
    setting = found["standard[walk-5].applies_to.seting"]
    assert setting.row == lines.index('applies_to = { seting = "urban" }') + 1
    assert setting.values["near"] == "setting"


def test_a_key_written_twice_gets_the_line_of_its_own_table(tmp_path: Path) -> None:
    second = '\n[[goal]]\nid = "other"\nstandard = "walk-5"\nshare = 1.5\n'
    (fault,) = load(write(tmp_path, SCENARIO + second)).faults
    assert fault.column == "goal[other].share"
    assert fault.row == len((SCENARIO + second).splitlines())


@pytest.mark.parametrize("name", NOT_YET)
def test_what_this_version_does_not_act_on_is_refused(tmp_path: Path, name: str) -> None:
    section, _, key = name.partition(".")
    if name == "policy":
        text = 'policy = "weihai-2025"\n' + SCENARIO
    elif name == "goal.group":
        text = SCENARIO + 'group = "graduates"\n'
    elif section == "roads":
        text = SCENARIO.replace("[roads]", f'[roads]\n{key} = "x"')
    elif key:
        text = SCENARIO + f"\n[{section}]\n{key} = []\n"
    else:
        text = SCENARIO + f"\n[[{section}]]\nid = 1\n"
    (fault,) = load(write(tmp_path, text)).faults
    assert (fault.code, fault.column.split("[")[0]) == ("not_yet", section if section == "goal" else name)
    assert fault.row is not None or name not in ("policy", "goal.group")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('served_by = ["station", "e_station"]', 'served_by = ["station", "e_staton"]', "unknown_name"),
        ('standard = "walk-5"', 'standard = "walk-6"', "unknown_name"),
        ("minutes = 5", "minutes = 5\nkm = 1", "one_cutoff"),
        ("minutes = 5\n", "", "one_cutoff"),
        ("share = 0.6", "share = 0.6\n[[goal]]\nid = 'people'\nstandard = 'walk-5'\nshare = 1", "repeated_name"),
        ('name = "town"', 'name = "../town"', "bad_name"),
        ('name = "town"', 'name = "CON"', "bad_name"),
        ('name = "town"', 'name = ".town"', "bad_name"),
        ("share = 0.6", "share = nan", "value_form"),
        ("share = 0.6", "share = 0", "value_range"),
        ("share = 0.6", "share = 1.01", "value_range"),
        ("cost_once_yuan = 80_000", "cost_once_yuan = -1", "value_range"),
        ("cost_once_yuan = 80_000", "cost_once_yuan = 1.5", "value_whole"),
        ("data_date = 2026-06-30", 'data_date = "soon"', "value_date"),
        ("share = 0.6", 'share = "0.6"', "value_number"),
        ("share = 0.6", "share = true", "value_number"),
        ("data_date = 2026-06-30", "data_date = 0", "value_date"),
        ("build = false", 'build = "no"', "value_flag"),
        ("minutes = 5", "minutes = 1e20", "value_range"),
        ("share = 0.6", "share = 1e-9999999", "value_form"),
        ("cost_once_yuan = 80_000", "cost_once_yuan = 99999999999999", "value_range"),
        ('id = "walk-5"', 'id = ""', "value_text"),
        ('type = "station"', 'type = "a;b"', "value_text"),
        ("minutes = 5", 'minutes = 5\nmode = "drive"\nmetric = "straight"', "drive_straight"),
        ('name = "town"', 'name = "Compare"', "bad_name"),
        ('name = "town"', 'name = "a.new"', "bad_name"),
        ("minutes = 5", 'minutes = 5\nmode = "fly"', "value_choice"),
        ('served_by = ["station", "e_station"]', "served_by = []", "value_list"),
        ('title = "小镇方案"', "", "key_missing"),
    ],
)
def test_wrong_values(tmp_path: Path, old: str, new: str, code: str) -> None:
    assert old in SCENARIO
    assert code in codes(write(tmp_path, SCENARIO.replace(old, new, 1)))


@pytest.mark.parametrize(
    ("content", "code"),
    [(b'name = "a', "toml_syntax"), ("名称".encode("gb18030"), "scenario_encoding"), (None, "file_missing")],
)
def test_files_that_are_no_scenario(tmp_path: Path, content: bytes | None, code: str) -> None:
    path = tmp_path / "scenario.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert caught.value.faults[0].code == code


def test_a_table_used_twice_is_kept_twice(tmp_path: Path) -> None:
    twice = SCENARIO.replace(
        '[[sites.table]]\nfile = "sites.csv"\ncoordinates = "wgs84"\n',
        '[[sites.table]]\nfile = "sites.csv"\nkeep = { status = "existing" }\n'
        '[[sites.table]]\nfile = "sites.csv"\nkeep = { status = "candidate" }\n',
    )
    write(tmp_path, twice, "base.toml")
    child = 'name = "c"\ntitle = "c"\nextends = "base.toml"\n[[sites.table]]\nfile = "more.csv"\n'
    loaded = load(write(tmp_path, child))
    assert loaded.faults == ()
    assert loaded.scenario is not None
    assert [Path(table.file).name for table in loaded.scenario.sites.table] == ["sites.csv", "sites.csv", "more.csv"]
    assert codes(write(tmp_path, child.replace("more.csv", "sites.csv"))) == ["ambiguous_entry"]


def test_two_changes_of_one_entry_are_ambiguous(tmp_path: Path) -> None:
    write(tmp_path, SCENARIO, "base.toml")
    goals = '[[goal]]\nid = "people"\nshare = 0.7\n[[goal]]\nid = "people"\nshare = 0.8\n'
    found = codes(write(tmp_path, f'name = "c"\ntitle = "c"\nextends = "base.toml"\n{goals}'))
    assert found == ["ambiguous_entry", "ambiguous_entry"]


def test_what_is_not_there_cannot_be_removed(tmp_path: Path) -> None:
    write(tmp_path, SCENARIO, "base.toml")
    child = 'name = "c"\ntitle = "c"\nextends = "base.toml"\n[[goal]]\nid = "peeple"\nremove = true\n'
    (fault,) = load(write(tmp_path, child)).faults
    assert (fault.code, fault.row) == ("nothing_to_remove", 6)


def test_extends_must_be_a_text(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        load(write(tmp_path, 'name = "c"\ntitle = "c"\nextends = ["base.toml"]'))
    assert [(fault.code, fault.row) for fault in caught.value.faults] == [("value_text", 3)]


def test_a_missing_key_is_placed_at_its_own_entry(tmp_path: Path) -> None:
    text = SCENARIO.replace('name = "就业e站"\n', "")
    (fault,) = load(write(tmp_path, text)).faults
    assert fault.column == "facility[e_station].name"
    assert text.splitlines()[(fault.row or 0) - 1] == "[[facility]]"
    assert text.splitlines()[fault.row or 0] == 'type = "e_station"'


def test_a_column_called_file_is_no_path(tmp_path: Path) -> None:
    text = SCENARIO.replace('file = "demand.csv"', 'file = "demand.csv"\nkeep = { file = "a" }')
    loaded = load(write(tmp_path, text))
    assert loaded.scenario is not None
    assert loaded.scenario.demand.table[0].keep == {"file": "a"}


def test_a_child_may_change_minutes_into_km(tmp_path: Path) -> None:
    write(tmp_path, SCENARIO, "base.toml")
    child = 'name = "c"\ntitle = "c"\nextends = "base.toml"\n[[standard]]\nid = "walk-5"\nkm = 2\n'
    loaded = load(write(tmp_path, child))
    assert loaded.faults == ()
    assert loaded.scenario is not None
    assert (loaded.scenario.standard[0].minutes, loaded.scenario.standard[0].km) == (None, Decimal(2))


def test_lines_are_right_beside_long_texts_and_dotted_keys(tmp_path: Path) -> None:
    long = 'title = """\n[roads]\nwalk_kph = 3\n"""'
    text = SCENARIO.replace('title = "小镇方案"', long).replace(
        'file = "roads.osm"', 'file = "roads.osm"\nwalk_kph = 99'
    )
    (fault,) = load(write(tmp_path, text)).faults
    assert text.splitlines()[(fault.row or 0) - 1] == "walk_kph = 99"
    write(tmp_path, SCENARIO, "base.toml")
    child = write(tmp_path, 'name = "c"\ntitle = "c"\nextends = "base.toml"\nroads.walk_kph = 99\n')
    (fault,) = load(child).faults
    assert (Path(fault.file).name, fault.row) == ("scenario.toml", 4)


def test_a_path_with_a_nul_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError):
        load(write(tmp_path, 'name = "c"\ntitle = "c"\nextends = "x\\u0000"'))


def with_speeds(text: str, folder: Path, name: str = "scenario.toml") -> Path:
    return write(folder, SCENARIO.replace('file = "roads.osm"', f'file = "roads.osm"\n{text}'), name)


@pytest.mark.parametrize(
    "written",
    [
        "class_kph = { primary = 45, other = 12.5 }",
        "class_kph.primary = 45\nclass_kph.other = 12.5",
        "[roads.class_kph]\nprimary = 45\nother = 12.5",
    ],
)
def test_a_scenario_may_set_speeds_of_classes(tmp_path: Path, written: str) -> None:
    loaded = load(with_speeds(written, tmp_path))
    assert loaded.faults == ()
    assert loaded.scenario is not None
    assert loaded.scenario.roads.speeds_kph == {**CLASS_KPH, "primary": 45.0, "other": 12.5}


def test_speeds_of_classes_merge_by_key(tmp_path: Path) -> None:
    with_speeds("class_kph = { primary = 45, other = 12.5 }", tmp_path, "base.toml")
    child = 'name = "c"\ntitle = "c"\nextends = "base.toml"\n[roads.class_kph]\nother = 13\ntrunk = 70\n'
    loaded = load(write(tmp_path, child))
    assert loaded.faults == ()
    assert loaded.scenario is not None
    assert loaded.scenario.roads.speeds_kph == {**CLASS_KPH, "primary": 45.0, "other": 13.0, "trunk": 70.0}
    # what the result writes as its scenario names them all
    assert loaded.merged["roads"]["class_kph"] == {"primary": 45, "other": 13, "trunk": 70}


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("primry = 45", "unknown_key"),
        ("x = 5", "foreign_key"),
        ("primary = 0", "value_range"),
        ("primary = -1", "value_range"),
        ("primary = 0.999", "value_range"),
        ("primary = 201", "value_range"),
        ("primary = 1e-20", "value_range"),
        ("primary = inf", "value_form"),
        ('primary = "45"', "value_number"),
        ("primary = true", "value_number"),
    ],
)
def test_what_is_no_speed_of_a_class_is_a_fault_with_its_line(tmp_path: Path, written: str, code: str) -> None:
    path = with_speeds(f"[roads.class_kph]\n{written}", tmp_path)
    (fault,) = load(path).faults
    line = path.read_text(encoding="utf-8").splitlines().index(written) + 1
    key, _, _ = written.partition(" ")
    assert (fault.code, fault.row, fault.column) == (code, line, f"roads.class_kph.{key}")
    if code == "unknown_key":
        assert fault.values["near"] == "primary"


def test_speeds_of_classes_must_be_a_table(tmp_path: Path) -> None:
    assert codes(with_speeds("class_kph = 30", tmp_path)) == ["value_table"]


@pytest.mark.parametrize(
    ("written", "bound"),
    [
        ("walk_kph = 0", ">= 0.5"),
        ("walk_kph = 20.5", "<= 20"),
        ("drive_factor = 0.01", ">= 0.05"),
        ("drive_factor = 70", "<= 1"),
        ("snap_max_m = -1", ">= 0"),
        ("snap_max_m = 5001", "<= 5000"),
        ("island_min_m = -1", ">= 0"),
        ("class_kph = { primary = 0 }", ">= 1"),
        ("class_kph = { primary = 201 }", "<= 200"),
    ],
)
def test_a_number_out_of_range_is_told_with_its_bound(tmp_path: Path, written: str, bound: str) -> None:
    text = SCENARIO.replace('file = "roads.osm"', f'file = "r"\n{written}')
    (fault,) = load(write(tmp_path, text)).faults
    assert (fault.code, fault.values["bound"]) == ("value_range", bound)


@pytest.mark.parametrize(
    ("written", "bound"),
    [("minutes = 0", "> 0"), ("minutes = 1441", "<= 1440"), ("km = 0", "> 0"), ("km = 201", "<= 200")],
)
def test_a_cutoff_out_of_range_is_told_with_its_bound(tmp_path: Path, written: str, bound: str) -> None:
    faults = load(write(tmp_path, SCENARIO.replace("minutes = 5", written))).faults
    assert [(fault.code, fault.values["bound"]) for fault in faults] == [("value_range", bound)]
