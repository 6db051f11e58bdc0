"""The scenario file: merging, exact numbers, and faults with their lines."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from planner import schema
from planner.crosschecks import missing_group_columns, unknown_sources
from planner.errors import ScenarioError
from planner.limits import Aim, Group, Limits, NearPeople, Phase, Spacing
from planner.scenario import fault_at, load
from planner.speeds import CLASS_KPH
from planner.standards import Size
from planner.words import LANGUAGES, tell
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
    child = write(tmp_path, 'extends = "base.toml"')
    assert codes(child) == ["key_missing", "key_missing"]
    assert {fault.file for fault in load(child).faults} == {str(child)}  # where they lack, not where they stand


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
        ("share = 0.6", "share = 1e-9999999", "value_digits"),
        ("share = 0.6", "share = 1e999", "value_digits"),
        ("cost_once_yuan = 80_000", "cost_once_yuan = 99999999999999", "value_range"),
        ('id = "walk-5"', 'id = ""', "value_text"),
        ('type = "station"', 'type = "a;b"', "value_pattern"),
        *(('type = "station"', f'type = "{sign}station"', "value_pattern") for sign in "=+-@"),
        ("[[goal]]", '[time]\nnoon_at = "25:00"\n[[goal]]', "value_pattern"),
        ("[[goal]]", '[time]\nnoon_at = "10pm"\n[[goal]]', "value_pattern"),
        ("[[goal]]", "[time]\nnoon_at = 12\n[[goal]]", "value_text"),
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


def test_a_wrong_time_of_day_is_told_how_to_write_it(tmp_path: Path) -> None:
    text = SCENARIO.replace("[[goal]]", '[time]\nnoon_at = "24:00"\n[[goal]]', 1)
    (fault,) = load(write(tmp_path, text)).faults
    for language in LANGUAGES:
        assert "HH:MM" in tell(fault, language)[2]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'name = "a', "toml_syntax"),
        (b"a = " + b"[" * 10**5, "toml_deep"),
        (b"#" * 2**22 + b"\n", "scenario_too_large"),
        ("名称".encode("gb18030"), "scenario_encoding"),
        (None, "file_missing"),
    ],
)
def test_files_that_are_no_scenario(tmp_path: Path, content: bytes | None, code: str) -> None:
    path = tmp_path / "scenario.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert caught.value.faults[0].code == code


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ('[a]\nkeep = { 镇街 = "竹岛街道" }\n', "toml_bare_key", '写 "镇街"'),
        ('a = { x = "1", 区市名称 = "甲" }\n', "toml_bare_key", '写 "区市名称"'),
        ('镇街 = "竹岛街道"\n', "toml_bare_key", '写 "镇街"'),
        ('镇街 x = "竹岛街道"\n', "toml_bare_key", '写 "镇街"'),
        ("[roads.限速]\na = 1\n", "toml_bare_key", '写 "限速"'),
        ("a = 1\r\nname = 威海\r\n", "toml_bare_text", '写 "威海"'),
        ("name = “威海”\n", "toml_wide", '改成 "'),
        ('name ＝ "威海"\n', "toml_wide", "改成 ="),
        ('a = ["1"，"2"]\n', "toml_wide", "改成 ,"),
        ("a = [1\n", "toml_syntax", "引号"),
        ("a = 1 b\n", "toml_syntax", "引号"),
    ],
)
def test_chinese_words_and_signs_without_quotes_are_told_with_their_cure(
    tmp_path: Path, text: str, code: str, told: str
) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(text, encoding="utf-8", newline="")
    with pytest.raises(ScenarioError) as caught:
        load(path)
    (fault,) = caught.value.faults
    assert fault.code == code
    assert told in tell(fault, "zh")[2]
    assert all(tell(fault, "en"))


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
        ("walk_kph = 0", "at least 0.5"),
        ("walk_kph = 20.5", "at most 20"),
        ("drive_factor = 0.01", "at least 0.05"),
        ("drive_factor = 7", "at most 1"),
        ("snap_max_m = -1", "at least 0"),
        ("snap_max_m = 5001", "at most 5000"),
        ("island_min_m = -1", "at least 0"),
        ("class_kph = { primary = 0 }", "at least 1"),
        ("class_kph = { primary = 201 }", "at most 200"),
    ],
)
def test_a_number_out_of_range_is_told_with_its_bound(tmp_path: Path, written: str, bound: str) -> None:
    text = SCENARIO.replace('file = "roads.osm"', f'file = "r"\n{written}')
    (fault,) = load(write(tmp_path, text)).faults
    assert (fault.code, f"it must be {bound}" in tell(fault, "en")[1]) == ("value_range", True)


@pytest.mark.parametrize(
    ("written", "bound"),
    [
        ("minutes = 0", "more than 0"),
        ("minutes = 1441", "at most 1440"),
        ("km = 0", "more than 0"),
        ("km = 201", "at most 200"),
    ],
)
def test_a_cutoff_out_of_range_is_told_with_its_bound(tmp_path: Path, written: str, bound: str) -> None:
    (fault,) = load(write(tmp_path, SCENARIO.replace("minutes = 5", written))).faults
    assert (fault.code, f"it must be {bound}" in tell(fault, "en")[1]) == ("value_range", True)


# --- The rules of a plan -------------------------------------------------------------------------------------

RULES = """
group = "graduates"
backup = true

[[facility]]
type = "gig_station"
name = "零工驿站"
cost_once_yuan = 1
cost_yearly_yuan = 1
capacity_people = 500

[[size]]
type = "gig_station"
size = "大"
capacity_people = 900
extra_once_yuan = 50_000

[[standard]]
id = "other"
km = 3
served_by = ["gig_station"]

[[group]]
id = "graduates"
name = "未就业高校毕业生"
weight = 1.5

[[phase]]
year = 2026
budget_yuan = 2_000_000
budgets = { "就业补助资金" = 5 }
shares = { people = 0.4 }

[[phase]]
year = 2028

[rules]
spacing = [{ type = "gig_station", m = 500 }]
near_people = [{ type = "e_station", people = 2000, within_m = 0.5 }]

[siting]
objective = "max_coverage"
standard = "walk-5"
capacity_standard = "other"
budget_once_yuan = 3
budget_yearly_yuan = 2
budgets = { "就业补助资金" = 3_000_000, "自筹" = 0 }
alternatives = 2
"""


def test_the_rules_of_a_plan_are_read(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, SCENARIO + RULES))
    assert loaded.faults == ()
    scenario = loaded.scenario
    assert scenario is not None
    (goal,) = schema.goals_of(scenario)
    assert (goal.group, goal.backup) == ("graduates", True)
    assert schema.sizes_of(scenario) == (Size("gig_station", "大", 900, 50_000, 0),)
    assert [kind.capacity_people for kind in schema.facility_types_of(scenario)] == [None, None, 500]
    assert schema.aim_of(scenario) == Aim("max_coverage", "walk-5", (Group("graduates", Decimal("1.5")),))
    assert schema.limits_of(scenario) == Limits(
        spacing=(Spacing("gig_station", Decimal(500)),),
        near_people=(NearPeople("e_station", 2000, Decimal("0.5")),),
        budget_once_yuan=3,
        budget_yearly_yuan=2,
        budgets={"就业补助资金": 3_000_000, "自筹": 0},
        capacity_standard="other",
        phases=(Phase(2026, 2_000_000, {"就业补助资金": 5}, {"people": Decimal("0.4")}), Phase(2028)),
    )
    assert scenario.siting.alternatives == 2


def test_without_them_a_plan_is_as_before(tmp_path: Path) -> None:
    scenario = load(write(tmp_path, SCENARIO)).scenario
    assert scenario is not None
    assert (schema.aim_of(scenario), schema.limits_of(scenario)) == (Aim(), Limits())


@pytest.mark.parametrize(
    ("old", "new", "code", "column"),
    [
        ('group = "graduates"', 'group = "gradates"', "unknown_name", "goal[people].group"),
        ("weight = 1.5", "weight = 0.5", "value_range", "group[graduates].weight"),
        ("weight = 1.5", "weight = 101", "value_range", "group[graduates].weight"),
        ("weight = 1.5", "weight = 1.0005", "value_places", "group[graduates].weight"),
        ('size = "大"', 'sise = "大"', "unknown_key", "size[gig_station].sise"),
        ("capacity_people = 900", "", "key_missing", "size[gig_station].capacity_people"),
        ("capacity_people = 900", "capacity_people = -1", "value_range", "size[gig_station].capacity_people"),
        ("capacity_people = 500", "capacity_people = 1.5", "value_whole", "facility[gig_station].capacity_people"),
        ("capacity_people = 500", "build = false", "size_not_built", "size[gig_station].type"),
        ("year = 2028", "year = 2026", "repeated_name", "phase[2026].year"),
        ("year = 2028", "year = 2025", "phase_past", "phase[2025].year"),
        ("year = 2026", "year = 2029", "phase_order", "phase[2028].year"),
        ("year = 2028", 'year = "2028"', "value_whole", "phase[2028].year"),
        ("{ people = 0.4 }", "{ peeple = 0.4 }", "unknown_name", "phase[2026].shares.peeple"),
        ("{ people = 0.4 }", "{ people = 1.4 }", "value_range", "phase[2026].shares.people"),
        ('{ "就业补助资金" = 5 }', '{ "就业补助资金" = -5 }', "value_range", "phase[2026].budgets.就业补助资金"),
        ('{ "就业补助资金" = 5 }', "5", "value_table", "phase[2026].budgets"),
        ("m = 500 }", "m = 0 }", "value_range", "rules.spacing[gig_station].m"),
        ('{ type = "gig_station", m', '{ type = "gig", m', "unknown_name", "rules.spacing[gig].type"),
        ('{ type = "e_station", people', '{ type = "e", people', "unknown_name", "rules.near_people[e].type"),
        ("within_m = 0.5", "within = 0.5", "unknown_key", "rules.near_people[e_station].within"),
        ('spacing = [{ type = "gig_station", m = 500 }]', "spacing = 500", "value_list", "rules.spacing"),
        ('"max_coverage"', '"most"', "value_choice", "siting.objective"),
        ('standard = "walk-5"\ncap', "cap", "objective_standard", "siting.objective"),
        ('standard = "walk-5"\ncap', 'standard = "walk"\ncap', "unknown_name", "siting.standard"),
        ('capacity_standard = "other"', 'capacity_standard = "o"', "unknown_name", "siting.capacity_standard"),
        ("alternatives = 2", "alternatives = 6", "value_range", "siting.alternatives"),
        ("= 3_000_000", "= 3.5", "value_whole", "siting.budgets.就业补助资金"),
    ],
)
def test_wrong_rules_are_told_with_their_line(tmp_path: Path, old: str, new: str, code: str, column: str) -> None:
    text = SCENARIO + RULES
    assert old in text
    text = text.replace(old, new, 1)
    faults = {(fault.code, fault.column): fault for fault in load(write(tmp_path, text)).faults}
    assert (code, column) in faults
    fault = faults[code, column]
    assert fault.row is not None
    holder, _, key = column.rpartition(".")
    line = text.splitlines()[fault.row - 1]
    assert key in line or holder.rpartition(".")[2].partition("[")[0] in line
    for language in LANGUAGES:
        assert all(tell(fault, language))


YEARS = """
[[phase]]
year = 2026

[[phase]]
year = 2029
shares = { people = 0.7 }

[siting]
horizon_years = 4
standard = "walk-5"
"""


def faults_of(path: Path) -> list[tuple[str, str]]:
    """Codes and columns of all faults, each of which has its line and its words."""
    faults = load(path).faults
    lines = path.read_text(encoding="utf-8").splitlines()
    for fault in faults:
        assert fault.row is not None
        key = fault.column.rpartition(".")[2]
        assert key in lines[fault.row - 1], fault
        assert all("{" not in told for language in LANGUAGES for told in tell(fault, language))
    return [(fault.code, fault.column) for fault in faults]


def test_a_year_beyond_the_horizon_would_cost_nothing_to_run(tmp_path: Path) -> None:
    """The horizon begins with the first year: four years from 2026 end with 2029."""
    assert faults_of(write(tmp_path, SCENARIO + YEARS)) == []
    short = (SCENARIO + YEARS).replace("horizon_years = 4", "horizon_years = 3")
    assert faults_of(write(tmp_path, short)) == [("phase_beyond", "phase[2029].year")]
    (fault,) = load(write(tmp_path, short)).faults
    assert (fault.values["last"], fault.values["least"]) == (2028, 4)
    later = short.replace("year = 2026", "year = 2027")
    assert faults_of(write(tmp_path, later)) == []


def test_years_that_are_over_do_not_move_the_horizon(tmp_path: Path) -> None:
    text = (SCENARIO + YEARS).replace("year = 2026", "year = 1926")
    assert faults_of(write(tmp_path, text)) == [("phase_past", "phase[1926].year")]


@pytest.mark.parametrize(
    ("first", "second", "falls"),
    [
        ("shares = { people = 0.7 }", "shares = { people = 0.7 }", False),
        ("shares = { people = 0.7 }", "", False),
        ("shares = { people = 0 }", "shares = { people = 0.1 }", False),
        ("shares = { people = 0.71 }", "shares = { people = 0.7 }", True),
        ("", "shares = { people = 0.59 }", True),  # until then the goal's own share
        ("", "shares = { people = 0.6 }", False),
        ("shares = { people = 0.3 }", "shares = { people = 0 }", True),
    ],
)
def test_shares_that_fall_ask_for_nothing(tmp_path: Path, first: str, second: str, *, falls: bool) -> None:
    text = SCENARIO + f"[[phase]]\nyear = 2026\n{first}\n[[phase]]\nyear = 2028\n{second}\n"
    expected = [("share_falls", "phase[2028].shares.people")]
    assert faults_of(write(tmp_path, text)) == (expected if falls else [])


def test_a_share_may_not_fall_over_a_year_that_says_nothing(tmp_path: Path) -> None:
    years = "".join(f"[[phase]]\nyear = {year}\n{{}}\n" for year in (2026, 2027, 2028))
    text = SCENARIO + years.format("shares = { people = 0.7 }", "", "shares = { people = 0.5 }")
    (fault,) = load(write(tmp_path, text)).faults
    assert (fault.code, fault.column, fault.values["before"]) == (
        "share_falls",
        "phase[2028].shares.people",
        Decimal("0.7"),
    )


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ('district = "东区"\neach = "town"', False),
        ('district = "东区"\ntown = "东区镇"', False),
        ('town = "东区镇"\neach = "district"', False),  # the towns of that name, one by one
        ('district = "东区"\neach = "district"', True),
        ('town = "东区镇"\neach = "town"', True),
        ('district = "东区"\ntown = "东区镇"\neach = "town"', True),
    ],
)
def test_each_and_one_of_them_contradict(tmp_path: Path, written: str, *, wrong: bool) -> None:
    count = f'[[count]]\nid = "e"\ntype = "e_station"\n{written}\n'
    expected = [("each_and_one", "goal[people].each"), ("each_and_one", "count[e].each")]
    assert faults_of(write(tmp_path, f"{SCENARIO}{written}\n{count}")) == (expected if wrong else [])


def test_these_faults_are_told_together(tmp_path: Path) -> None:
    text = SCENARIO + 'each = "town"\ntown = "东区镇"\n' + YEARS.replace("0.7", "0.5").replace("= 4", "= 2")
    assert {code for code, _ in faults_of(write(tmp_path, text))} == {"each_and_one", "phase_beyond", "share_falls"}


def test_the_note_of_a_map_follows_the_language(tmp_path: Path) -> None:
    english = SCENARIO.replace("data_date", 'language = "en"\ndata_date', 1)
    for text, note in (
        (SCENARIO, "内部工作用图"),
        (english, "For internal use"),
        (english + '[document]\nmaker = "Us"\n', "For internal use"),
        (english + '[document]\nnote = "草图"\n', "草图"),
        (SCENARIO + '[document]\nnote = ""\n', ""),
    ):
        scenario = load(write(tmp_path, text)).scenario
        assert scenario is not None
        assert scenario.document_note == note


def test_what_capacity_cannot_tell_is_refused(tmp_path: Path) -> None:
    text = (SCENARIO + RULES).replace('capacity_standard = "other"', 'capacity_standard = "walk-5"')
    found = [(fault.code, fault.column) for fault in load(write(tmp_path, text)).faults]
    assert found == [
        ("capacity_goal", "goal[people].group"),
        ("capacity_goal", "goal[people].backup"),
        ("capacity_weight", "group[graduates].weight"),
    ]
    allowed = text.replace('group = "graduates"\nbackup = true', "").replace("weight = 1.5", "weight = 1.0")
    assert codes(write(tmp_path, allowed)) == []


def test_groups_phases_and_sizes_merge_by_what_tells_them_apart(tmp_path: Path) -> None:
    write(tmp_path, SCENARIO + RULES, "base.toml")
    child = """
name = "c"
title = "c"
extends = "base.toml"
[[group]]
id = "graduates"
weight = 3
[[size]]
type = "gig_station"
size = "大"
remove = true
[[size]]
type = "gig_station"
size = "小"
capacity_people = 1
[[phase]]
year = 2026
shares = { people = 0.5 }
[[phase]]
year = 2030
budget_yuan = 1
[siting]
budgets = { "自筹" = 1 }
"""
    loaded = load(write(tmp_path, child))
    assert loaded.faults == ()
    assert loaded.scenario is not None
    limits = schema.limits_of(loaded.scenario)
    assert [(phase.year, phase.budget_yuan) for phase in limits.phases] == [
        (2026, 2_000_000),
        (2028, None),
        (2030, 1),
    ]
    assert limits.phases[0].shares == {"people": Decimal("0.5")}
    assert limits.budgets == {"就业补助资金": 3_000_000, "自筹": 1}
    assert [size.size for size in schema.sizes_of(loaded.scenario)] == ["小"]
    assert schema.aim_of(loaded.scenario).groups == (Group("graduates", Decimal(3)),)


def test_an_id_that_is_a_list_is_a_fault_in_a_file_that_extends(tmp_path: Path) -> None:
    write(tmp_path, SCENARIO, "base.toml")
    child = 'name = "c"\ntitle = "c"\nextends = "base.toml"\n[[goal]]\nid = ["people"]\n'
    assert "value_text" in codes(write(tmp_path, child))


def test_a_group_needs_a_column_of_its_people(tmp_path: Path) -> None:
    scenario = load(write(tmp_path, SCENARIO + RULES)).scenario
    assert scenario is not None
    assert list(missing_group_columns(scenario, ["people", "people_graduates"])) == []
    (near,) = missing_group_columns(scenario, ["people", "people_graduate", "people_old"])
    assert (near.code, near.where) == ("group_column", ["group", 0, "id"])
    assert (near.values["column"], near.values["near"]) == ("people_graduates", "people_graduate")
    (none,) = missing_group_columns(scenario, ["people", "peoples"])
    assert none.values["near"] == "—"


def test_a_budget_of_a_source_that_pays_for_nothing_is_a_fault(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, SCENARIO + RULES))
    scenario = loaded.scenario
    assert scenario is not None
    assert list(unknown_sources(scenario, ["自筹", "", "就业补助资金"])) == []
    found = list(unknown_sources(scenario, ["自筹", "", "就业补助金"]))
    assert [(problem.where, problem.values["near"]) for problem in found] == [
        (["siting", "budgets", "就业补助资金"], "就业补助金"),
        (["phase", 0, "budgets", "就业补助资金"], "就业补助金"),
    ]
    lines = (SCENARIO + RULES).splitlines()
    for problem, start in zip(found, ('budgets = { "就业补助资金" = 3', 'budgets = { "就业补助资金" = 5'), strict=True):
        fault = fault_at(loaded, problem.code, problem.where, **problem.values)
        assert lines[(fault.row or 0) - 1].startswith(start)
        assert all(tell(fault, "zh"))
