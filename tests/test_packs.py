"""Policy packs: what they hold against the text of the policies, how they merge, what a wrong one is told."""

from __future__ import annotations

import json
import re
import tomllib
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder
from typer.testing import CliRunner

from planner import clausesheets, summary
from planner.bookcells import same
from planner.bookwriter import write_book
from planner.citations import key_in_words, policy_record, value_lines
from planner.cli import app
from planner.errors import Fault, PlannerError, ScenarioError
from planner.inputs import read
from planner.leaves import leaves, names_something
from planner.packs import library, read_pack, shipped, values_of
from planner.policyview import list_lines, list_packs, show_lines, show_pack
from planner.scenario import check_pack, load
from planner.scenariobook import read_book_bytes
from planner.tomlfile import TomlFile
from planner.words import LANGUAGES, sentences, tell
from runs import run_scenario
from town import SCENARIO, write_town

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typer.testing import Result

    from planner.schema import Scenario
    from planner.terms import Language

ROOT = Path(__file__).resolve().parents[1]
POLICY = ROOT.parent / "shared" / "policy.md"
CLAUSES = [*(f"W{n}" for n in range(1, 15)), *(f"J{n}" for n in range(1, 6)), *(f"H{n}" for n in range(1, 13))]
CLAUSES += [f"B{n}" for n in range(1, 6)]

# A scenario that leaves everything to its pack: no facility, no standard, no goal.
OWN = """\
name = "own"
title = "本市方案"
data_date = 2026-06-30
policy = "{policy}"

[roads]
file = "roads.osm"

[[demand.table]]
file = "demand.csv"
coordinates = "wgs84"

[[sites.table]]
file = "sites.csv"
coordinates = "wgs84"
"""

# A pack of a bureau: one clause of its own, one standard, one goal.
BUREAU = """\
[pack]
id = "ours"
title = "本市办法"
document = "本市就业服务圈办法"
state = "现行"

[[clause]]
id = "X1"
document = "本市就业服务圈办法"
place = "第三条"
quotation = "步行10分钟可到"
kind = "reach"

[[facility]]
type = "station"
name = "就业服务站"
build = false

[[facility]]
type = "e_station"
name = "就业e站"
cost_once_yuan = 80_000
cost_yearly_yuan = 6_000

[[standard]]
id = "walk-10"
clause = "X1"
minutes = 10
served_by = ["station", "e_station"]

[[goal]]
id = "people"
clause = "X1"
standard = "walk-10"
share = 0.5

[[checklist]]
id = "six"
clause = "W3"
name = "六有"
items = ["有标识"]

[[grant]]
id = "award"
clause = "J4"
name = "奖补"
column = "是否认定"
yuan = 6_000

[[input]]
key = "goal.people.share"
clause = "X1"
default = 0.5
why = "条文没有写明"
"""


def pack_data(name: str) -> Mapping[str, Any]:
    return read_pack(name, ROOT, Fault("unknown_policy")).data


def scenario_of(name: str) -> Scenario:
    loaded = check_pack(read_pack(name, ROOT, Fault("unknown_policy")))
    assert loaded.faults == ()
    assert loaded.scenario is not None
    return loaded.scenario


def town(folder: Path, text: str) -> Path:
    """A town whose scenario is `text`."""
    return write_town(folder, text)


def planner(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


# --- what the packs hold -----------------------------------------------------------------------------------------


def test_the_four_packs_are_there_and_nothing_is_wrong_with_them() -> None:
    assert list(shipped()) == ["hebei-full-employment", "hubei-15min", "jieshou-3km", "weihai-2025"]
    for name in shipped():
        assert scenario_of(name).pack is not None
        assert pack_data(name)["pack"]["id"] == name


def test_every_clause_stands_in_the_library_word_for_word() -> None:
    known = library().clauses
    assert list(known) == CLAUSES
    if not POLICY.exists():
        pytest.skip("needs policy.md, which does not travel with the project")
    rows = [
        line.split("|") for line in POLICY.read_text(encoding="utf-8").splitlines() if re.match(r"\| [WJHB]\d", line)
    ]
    assert [row[1].strip() for row in rows] == CLAUSES
    for row in rows:
        clause = known[row[1].strip()]
        # a colon after a quotation parts it from words that policy.md has without marks: they are cited all the same
        quoted, rest = re.findall("「([^」]*)」", row[3]), re.sub("「[^」]*」|[;,，；\\s]", "", row[3])
        assert sorted((clause.quotation, *clause.more)) == sorted([*quoted, *([rest] if rest else [])]), clause.id
        assert clause.place.replace(" ", "") == row[2].replace(" ", "")
        assert clause.document == clause.id[0]
        assert clause.en


def test_documents_are_in_their_states() -> None:
    assert {name: one.state for name, one in library().documents.items()} == {
        "W": "期满", "J": "草案", "H": "现行", "B": "失效",
    }  # fmt: skip
    assert all(one.why and one.why_en for one in library().documents.values())
    assert {name: scenario_of(name).pack.document for name in shipped()} == {  # type: ignore[union-attr]
        "hebei-full-employment": "B", "hubei-15min": "H", "jieshou-3km": "J", "weihai-2025": "W",
    }  # fmt: skip


@pytest.mark.parametrize("name", list(shipped()))
def test_every_number_of_a_pack_is_of_a_clause_or_an_input_with_its_reason(name: str) -> None:
    data = pack_data(name)
    open_ = {entry["key"] for entry in data["input"]}
    of_clause = {
        f"{section}.{entry['id']}."
        for section in ("standard", "goal", "count", "checklist", "grant")
        for entry in data.get(section, ())
        if "clause" in entry
    }
    numbers = {key for key, value in leaves(values_of(data)) if isinstance(value, int | Decimal | Fraction)}
    numbers -= {key for key, value in leaves(values_of(data)) if isinstance(value, bool)}
    assert {key for key in numbers - open_ if not key.startswith(tuple(of_clause))} == set()
    assert all(entry["why"] and entry["why_en"] for entry in data["input"])


def test_weihai_says_what_the_text_says() -> None:
    weihai = scenario_of("weihai-2025")
    limits = {one.id: (one.applies_to.setting, one.mode, one.metric, one.minutes, one.km) for one in weihai.standard}
    assert limits == {
        "urban-walk-15": ("urban", "walk", "road", 15, None),
        "rural-5km": ("rural", "walk", "road", None, 5),
    }
    counts = {one.id: (one.type, one.tier, one.min) for one in weihai.count}
    assert counts["markets"] == ("gig_market", None, 50)
    tiers = {tier: least for kind, tier, least in counts.values() if tier}
    assert set(tiers) == {"区市", "镇街", "村居"}
    assert sum(tiers.values()) == 50
    assert {f"count.{name}.min" for name in counts if name != "markets"} < {entry.key for entry in weihai.input}
    (brands,) = weihai.grant
    assert sum((grade.count or 0) * grade.yuan for grade in brands.grades) == 1_400_000
    assert brands.quotas == {
        "环翠区": 3, "文登区": 3, "荣成市": 3, "乳山市": 3, "高区": 2, "经区": 2, "临港区": 2, "南海新区": 2,
    }  # fmt: skip
    assert sum(brands.quotas.values()) == sum(grade.count or 0 for grade in brands.grades) == 20
    action, six = weihai.checklist
    assert (action.clause, action.share, action.items) == ("W2", Decimal("0.90"), ("是否实施行动",))
    assert (six.clause, six.share, len(six.items)) == ("W3", None, 6)
    assert all(item in library().clauses["W3"].quotation for item in six.items)


def test_jieshou_hubei_and_hebei_say_what_the_text_says() -> None:
    jieshou, hubei, hebei = map(scenario_of, ("jieshou-3km", "hubei-15min", "hebei-full-employment"))
    (circle,) = jieshou.standard
    assert (circle.clause, circle.km) == ("J1", Decimal(3))
    assert circle.metric == "road"
    assert jieshou.checklist[0].shares == {"2022": Decimal("0.40"), "2025": Decimal("0.70")}
    assert (jieshou.grant[0].clause, jieshou.grant[0].yuan, jieshou.grant[0].yearly) == ("J4", 6000, True)
    assert {one.mode for one in hubei.standard} == {"walk", "drive"}
    assert {(goal.standard, goal.id) for goal in hubei.goal} == {("walk-15", "circle-people")}
    assert [(count.clause, count.each, count.min) for count in hubei.count] == [
        ("H2", "town", 1),
        ("H2", "community", 0),  # a rule where the bureau says so: the ledger names communities without an outlet
    ]
    assert hubei.audit.decides == ("walk-15",)
    rate = hebei.checklist[0]
    assert (rate.clause, rate.share, rate.items, bool(rate.part and rate.whole)) == ("B1", Decimal("0.90"), (), True)
    assert hebei.goal == ()


def test_ledger_clauses_are_never_goals_of_reach() -> None:
    ledger = {name for name, clause in library().clauses.items() if clause.kind == "ledger"}
    assert {"W2", "W3", "J3", "B1"} <= ledger
    for name in shipped():
        scenario = scenario_of(name)
        reach = {goal.clause for goal in scenario.goal} | {count.clause for count in scenario.count}
        reach |= {one.clause for one in scenario.standard} - {"B3"}  # the city's own measure, which accredits nothing
        assert not reach & ledger


def test_the_packs_travel_in_the_wheel_and_the_source() -> None:
    files = {f"planner/policies/{name}.toml" for name in (*shipped(), "clauses")}
    for builder in (WheelBuilder(str(ROOT)), SdistBuilder(str(ROOT))):
        assert files <= {Path(file.relative_path).as_posix() for file in builder.recurse_included_files()}


# --- merging -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(shipped()))
def test_a_scenario_may_leave_everything_to_a_pack(tmp_path: Path, name: str) -> None:
    text = OWN.format(policy=name)
    loaded = load(town(tmp_path, text))
    assert loaded.faults == ()
    assert loaded.scenario is not None
    assert [one.id for one in loaded.scenario.standard] == [one["id"] for one in pack_data(name)["standard"]]
    assert loaded.scenario.pack is not None
    assert loaded.scenario.pack.own == ()
    assert loaded.scenario.name == "own"


def test_a_file_goes_before_its_parent_and_that_before_the_pack(tmp_path: Path) -> None:
    parent = OWN.format(policy="weihai-2025").replace("[roads]", "[siting]\nhorizon_years = 3\n[roads]\nwalk_kph = 3.2")
    parent += '[[goal]]\nid = "urban-people"\nshare = 0.7\n[[goal]]\nid = "rural-people"\nremove = true\n'
    town(tmp_path, parent)
    child = 'name = "child"\ntitle = "child"\nextends = "scenario.toml"\n'
    child += '[[goal]]\nid = "urban-people"\nshare = 0.8\n[[standard]]\nid = "rural-5km"\nkm = 4\n'
    child += '[[standard]]\nid = "urban-walk-15"\nkm = 1\n[[count]]\nid = "mine"\ntype = "station"\nmin = 1\n'
    (tmp_path / "child.toml").write_text(child, encoding="utf-8")
    loaded = load(tmp_path / "child.toml")
    assert loaded.faults == ()
    scenario = loaded.scenario
    assert scenario is not None
    assert scenario.roads.walk_kph == Decimal("3.2")
    assert [(goal.id, goal.share, goal.standard) for goal in scenario.goal] == [
        ("urban-people", Decimal("0.8"), "urban-walk-15")
    ]
    assert scenario.pack is not None
    own = {entry.key: (entry.pack, entry.own) for entry in scenario.pack.own}
    assert own == {
        "roads.walk_kph": ("4.0", "3.2"),
        "goal.urban-people.share": ("0.90", "0.8"),
        "goal.rural-people": ("rural-people", ""),
        "standard.rural-5km.km": ("5", "4"),
        "standard.urban-walk-15.minutes": ("15", ""),
        "standard.urban-walk-15.km": ("", "1"),
        "count.mine": ("", "mine"),
    }
    record = policy_record(scenario, loaded.merged)
    inputs = {entry["key"]: entry for entry in record["inputs"]}
    assert "goal.rural-people.share" not in inputs  # it is dropped, and told among the bureau's own
    assert (inputs["roads.walk_kph"]["value"], inputs["roads.walk_kph"]["own"]) == ("3.2", True)
    assert not inputs["demand.community_rule"]["own"]
    for language in LANGUAGES:
        told = "\n".join(value_lines(record, language))
        assert all(key in told for key in own)
    assert "本单位不用：目标“rural-people”〔" in "\n".join(value_lines(record, "zh"))
    assert "本单位另加：数量“社区就业驿站”〔" in "\n".join(value_lines(record, "zh"))


def test_a_pack_named_by_the_parent_or_in_the_folder_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "packs").mkdir()
    (tmp_path / "packs" / "ours.toml").write_text(BUREAU, encoding="utf-8")
    town(tmp_path, OWN.format(policy="packs/ours.toml"))
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "child.toml").write_text(
        'name = "c"\ntitle = "c"\nextends = "../scenario.toml"\n', encoding="utf-8"
    )
    for path in (tmp_path / "scenario.toml", tmp_path / "sub" / "child.toml"):
        loaded = load(path)
        assert loaded.faults == ()
        assert loaded.scenario is not None
        assert [one.clause for one in loaded.scenario.standard] == ["X1"]


def test_a_run_says_what_it_rests_on_and_its_copy_runs_alike(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    text = OWN.format(policy="ours.toml") + '[[goal]]\nid = "people"\nshare = 0.4\n'
    path = town(tmp_path / "in", text)
    (tmp_path / "in" / "ours.toml").write_text(BUREAU.replace('"现行"', '"草案"'), encoding="utf-8")
    first = run_scenario(path, tmp_path / "out")
    policy = first.record["policy"]
    assert policy["pack"]["id"] == "ours"
    assert {one["title"]: one["state"] for one in policy["documents"]}["本市就业服务圈办法"] == "草案"
    assert {one["id"] for one in policy["clauses"]} == {"X1", "W3", "J4"}
    assert [(one["key"], one["value"], one["own"]) for one in policy["inputs"]] == [("goal.people.share", "0.4", True)]
    assert [(one["key"], one["pack"], one["own"]) for one in policy["own"]] == [("goal.people.share", "0.5", "0.4")]
    told = "\n".join(summary.run_lines(first.record))
    for words in ("本市办法", "“草案”", "X1 「步行10分钟可到」", "取0.4（本单位自定，默认为0.5）"):
        assert words in told
    page = (first.folder / "map.html").read_text(encoding="utf-8")
    assert "本市就业服务圈办法为“草案”" in page
    again = run_scenario(first.folder / "scenario.toml", tmp_path / "again")
    for key in ("policy", "standards", "goals", "plan"):
        assert again.record[key] == first.record[key]
    assert (again.folder / "scenario.toml").read_bytes() == (first.folder / "scenario.toml").read_bytes()


def test_the_sheets_of_the_ledger_quote_clauses_and_say_whose_values_are() -> None:
    record = policy_record(scenario_of("jieshou-3km"), pack_data("jieshou-3km"))
    own = [
        {"key": "facility.station", "pack": "station", "own": ""},
        {"key": "grant.award.yuan", "pack": "1", "own": "2"},
    ]
    inputs = [{**one, "own": one["key"] == "grant.award.yuan"} for one in record["inputs"]]
    record = {**record, "own": own, "inputs": inputs}
    for language in LANGUAGES:
        quoted = clausesheets.clauses(record, language).set_index("clause")
        assert list(quoted.index) == ["J1", "J2", "J3", "J4", "J5"]  # J2 and J5 are not cited
        assert quoted["used_in"].isna().tolist() == [False, True, False, False, True]
        assert quoted["shown_in"].notna().all()
        assert quoted["quotation"]["J1"].split("\n") == [
            library().clauses["J1"].quotation,
            *library().clauses["J1"].more,
        ]
        assert quoted["document"].eq("《界首市就业促进行动方案（征求意见稿）》").all()
        assert len(clausesheets.values({**record, "own": own[:0]}, language)) == len(inputs)
    assert quoted["document_state"]["J1"].startswith("a draft")
    table = clausesheets.values(record, "zh").set_index("key")
    assert table.index.is_unique
    assert table["whose"].value_counts().to_dict() == {"默认": len(inputs) - 1, "本单位自定": 1, "本单位不用": 1}
    assert table["clause"]["facility.station"] is None
    assert table["value"]["standard.circle-3km.metric"] == "沿道路"
    empty = {**record, "pack": None, "clauses": [], "inputs": [], "own": []}
    assert len(clausesheets.clauses(empty, "zh")) == len(clausesheets.values(empty, "zh")) == 0


def test_every_target_of_a_checklist_is_listed_with_its_year() -> None:
    lists = [
        {"name": "三公里", "clause": "J3", "year": 2022, "share": "0.40", "part": 8, "whole": 16, "met": True},
        {"name": "三公里", "clause": "J3", "year": 2025, "share": "0.70", "part": 8, "whole": 16, "met": False},
        {"name": "行动", "clause": "W2", "year": 2025, "share": "0.9", "part": None, "whole": None, "met": None},
    ]
    table = clausesheets.targets(lists, "zh")
    assert table["目标年份"].tolist() == [2022, 2025, 2025]
    assert table["应达到"].tolist() == [Fraction(2, 5), Fraction(7, 10), Fraction(9, 10)]
    assert table["比例"].tolist() == [Fraction(1, 2), Fraction(1, 2), None]
    assert table["是否达到"].tolist() == ["达到", "未达到", "未评"]
    assert set(table["口径"]) == {"台账填报，不由可达性推算"}
    assert clausesheets.targets([], "en").empty


def test_a_scenario_without_pack_or_clause_has_no_policy(tmp_path: Path) -> None:
    plain = run_scenario(write_town(tmp_path / "in", SCENARIO.replace('clause = "W1"\n', "")), tmp_path / "out")
    assert "policy" not in plain.record
    cited = run_scenario(write_town(tmp_path / "cited"), tmp_path / "out2").record["policy"]
    assert cited["pack"] is None
    assert [one["id"] for one in cited["documents"]] == ["W"]


# --- wrong ones --------------------------------------------------------------------------------------------------

WRONG = [
    ('id = "ours"\n', "", "key_missing", "[pack]"),
    ('state = "现行"', 'state = "有效"', "value_choice", 'state = "有效"'),
    ('clause = "X1"\nminutes', 'clause = "X9"\nminutes', "unknown_clause", 'clause = "X9"'),
    ('clause = "J4"', 'clause = "J4"\nquota_clause = "J44"', "unknown_clause", 'quota_clause = "J44"'),
    ("minutes = 10", "minutes = 10\nminute = 3", "unknown_key", "minute = 3"),
    ("minutes = 10", 'minutes = "ten"', "value_number", 'minutes = "ten"'),
    ('kind = "reach"', 'kind = "roads"', "value_choice", 'kind = "roads"'),
    ('key = "goal.people.share"', 'key = "goal.peopel.share"', "unknown_input", 'key = "goal.peopel.share"'),
    ("default = 0.5", "default = 0.6", "input_default", "default = 0.6"),
    ('items = ["有标识"]\n', "", "checklist_form", "[[checklist]]"),
    ('items = ["有标识"]', 'part = "实现就业人数"', "checklist_form", "[[checklist]]"),
    ('items = ["有标识"]', 'items = ["有标识"]\nshares = { soon = 0.5 }', "checklist_year", "shares = { soon = 0.5 }"),
    ("yuan = 6_000\n\n[[input", "\n[[input", "grant_form", "[[grant]]"),
    (
        "yuan = 6_000\n\n[[input",
        'grades = [{ grade = "A", yuan = 1 }, { grade = "A", yuan = 2 }]\n[[input',
        "repeated_name",
        'grades = [{ grade = "A", yuan = 1 }, { grade = "A", yuan = 2 }]',
    ),
    (
        'id = "six"',
        'id = "six"\nclause = "W3"\nname = "-"\nitems = ["-"]\n[[checklist]]\nid = "six"',
        "repeated_name",
        'id = "six"',
    ),
    ('standard = "walk-10"', 'standard = "walk-1"', "unknown_name", 'standard = "walk-1"'),
    ("[pack]", 'extends = "a.toml"\n[pack]', "pack_key", 'extends = "a.toml"'),
    ("[pack]", 'title = "别的名称"\n[pack]', "pack_key", 'title = "别的名称"'),
    ('state = "现行"', 'state = "现行"\nown = []', "pack_key", "own = []"),
    ('state = "现行"\n', "", "document_state", 'document = "本市就业服务圈办法"'),
    (
        "yuan = 6_000\n\n[[input",
        'grades = [{ grade = "A", count = 2, yuan = 1 }]\nquotas = { "东区" = 1 }\n[[input',
        "grant_sums",
        'quotas = { "东区" = 1 }',
    ),
    (
        "yuan = 6_000\n\n[[input",
        'grades = [{ grade = "A", count = 2, yuan = 1, quotas = { "东区" = 3 } }]\n[[input',
        "grant_sums",
        'grades = [{ grade = "A", count = 2, yuan = 1, quotas = { "东区" = 3 } }]',
    ),
]  # fmt: skip


QUOTAS = """
[[grant]]
id = "brands"
quotas = { "环翠区" = 12, "东区" = 8 }
[[checklist]]
id = "action"
shares = { 2024 = 0.5 }
"""


def test_quotas_of_a_bureau_replace_those_of_the_pack_and_are_told_as_one(tmp_path: Path) -> None:
    loaded = load(town(tmp_path, OWN.format(policy="weihai-2025") + QUOTAS))
    assert loaded.faults == ()
    assert loaded.scenario is not None
    (grant,) = loaded.scenario.grant
    assert (grant.quotas, len(grant.grades), grant.quota_clause) == ({"环翠区": 12, "东区": 8}, 2, "W4")
    own = {entry["key"]: entry for entry in loaded.merged["pack"]["own"]}
    assert own["grant.brands.quotas"]["own"] == "环翠区 12、东区 8"
    assert own["grant.brands.quotas"]["pack"].startswith("环翠区 3、文登区 3")
    assert own["checklist.action.shares"] == {"key": "checklist.action.shares", "pack": "", "own": "2024 0.5"}
    assert set(own) == {"grant.brands.quotas", "checklist.action.shares"}
    child = OWN.format(policy="jieshou-3km") + '[[checklist]]\nid = "full-employment"\nshares = { 2030 = 0.9 }\n'
    loaded = load(town(tmp_path / "years", child))
    assert loaded.scenario is not None
    assert loaded.scenario.checklist[0].shares == {"2030": Decimal("0.9")}


def test_quotas_that_do_not_add_up_to_the_grades_are_a_fault(tmp_path: Path) -> None:
    text = OWN.format(policy="weihai-2025") + '[[grant]]\nid = "brands"\nquotas = { "东区" = 19 }\n'
    (fault,) = load(town(tmp_path, text)).faults
    assert (fault.code, fault.values["sum"], fault.values["count"]) == ("grant_sums", 19, 20)


def test_a_document_that_nobody_knows_says_its_state(tmp_path: Path) -> None:
    own = '[[clause]]\nid = "X1"\ndocument = "本市办法"\nkind = "reach"\nquotation = "步行5分钟"\n'
    (fault,) = load(town(tmp_path, f"{SCENARIO}\n{own}")).faults
    assert fault.code == "document_state"
    for slip in ("w", "Ｗ", "W1", "WW"):
        (fault,) = load(town(tmp_path, f"{SCENARIO}\n{own.replace('本市办法', slip)}state = '现行'\n")).faults
        assert (fault.code, fault.values["meant"]) == ("unknown_document", "W")
    text = SCENARIO.replace('clause = "W1"', 'clause = "X1"') + own + 'state = "草案"\n'
    loaded = load(town(tmp_path, text))
    assert loaded.scenario is not None
    (document,) = policy_record(loaded.scenario, loaded.merged)["documents"]
    assert (document["title"], document["state"]) == ("本市办法", "草案")


@pytest.mark.parametrize(("old", "new", "code", "line"), WRONG)
def test_a_wrong_pack_is_told_at_its_line_alone_and_through_a_scenario(
    tmp_path: Path, old: str, new: str, code: str, line: str
) -> None:
    assert BUREAU.count(old) == 1 or old == "[[goal]]"
    text = BUREAU.replace(old, new, 1)
    pack = tmp_path / "ours.toml"
    pack.write_text(text, encoding="utf-8")
    rows = [number for number, written in enumerate(text.splitlines(), start=1) if written == line]
    path = town(tmp_path, OWN.format(policy="ours.toml"))
    for found in (check_pack(read_pack("ours.toml", tmp_path, Fault("x"))).faults, load(path).faults):
        (fault,) = found
        assert (fault.code, Path(fault.file).name) == (code, "ours.toml")
        assert fault.row in rows
        assert all(all(tell(fault, language)) for language in LANGUAGES)


def test_all_faults_of_a_pack_are_told_at_once(tmp_path: Path) -> None:
    text = BUREAU
    for old, new, code, _ in WRONG:
        if code in {"unknown_key", "unknown_input", "pack_key", "unknown_clause"} and text.count(old) == 1:
            text = text.replace(old, new, 1)
    (tmp_path / "ours.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        show_pack(str(tmp_path / "ours.toml"), "zh")
    codes = sorted(fault.code for fault in caught.value.faults)
    assert {"unknown_key", "unknown_input", "pack_key", "unknown_clause"} <= set(codes)
    result = planner("policy", "show", tmp_path / "ours.toml")
    assert result.exit_code == 2
    assert "unknown" not in result.output
    assert all(f"{number}. " in result.output for number in range(1, len(codes) + 1))


def test_a_file_that_is_no_pack_is_told(tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text("[roads]\nwalk_kph = 4\n", encoding="utf-8")
    (fault,) = check_pack(read_pack("ours.toml", tmp_path, Fault("x"))).faults
    assert fault.code == "not_a_pack"
    path = town(tmp_path, SCENARIO.replace("[roads]", 'policy = "ours.toml"\n[roads]'))
    assert [one.code for one in load(path).faults] == ["not_a_pack"]


def test_an_unknown_pack_is_told_with_what_there_is(tmp_path: Path) -> None:
    path = town(tmp_path, OWN.format(policy="weihai-2026"))
    result = planner("check", path, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "是不是“weihai-2025”" in result.output
    assert "hubei-15min" in result.output
    with pytest.raises(ScenarioError) as caught:
        load(path)
    (fault,) = caught.value.faults
    assert (fault.code, fault.row) == ("unknown_policy", 4)
    (tmp_path / "scenario.toml").write_text(OWN.format(policy="ours.toml"), encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load(path)
    (fault,) = caught.value.faults
    assert (fault.code, Path(fault.file).name) == ("file_missing", "ours.toml")


def test_inputs_name_values_that_are_or_might_be() -> None:
    data = pack_data("weihai-2025")
    for key in ("roads.walk_kph", "roads.snap_max_m", "standard.rural-5km.metric", "grant.brands.grades.A.quotas",
                "grant.brands.quotas.环翠区", "grant.brands", "roads.class_kph.primary"):  # fmt: skip
        assert names_something(key, data), key
    for key in ("roads.walk", "standard.rural-6km.metric", "standard.rural-5km.metrics", "grant.brands.grades.C.quotas",
                "roads.walk_kph.x", "", "standards.rural-5km.km"):  # fmt: skip
        assert not names_something(key, data), key


# --- list and show -----------------------------------------------------------------------------------------------


def test_packs_are_listed_with_their_states() -> None:
    for language in LANGUAGES:
        found = list_packs(language)
        assert [one["id"] for one in found["packs"]] == list(shipped())
        assert len(list(list_lines(found))) == len(shipped()) + 1
    told = planner("policy", "list").stdout
    assert [word for word in ("期满", "草案", "现行", "失效") if f"【{word}】" not in told] == []
    assert {one["document"]["state"] for one in json.loads(planner("policy", "list", "--json").stdout)["packs"]} == {
        "期满", "草案", "现行", "失效",
    }  # fmt: skip


@pytest.mark.parametrize("name", list(shipped()))
def test_a_pack_is_shown_with_every_quotation(name: str) -> None:
    scenario = scenario_of(name)
    for language in LANGUAGES:
        found = show_pack(name, language)
        told = "\n".join(show_lines(found))
        for entry in found["entries"]:
            assert f"  {entry['id']}" in told
            assert all(f"「{library().clauses[clause].quotation}」" in told for clause in entry["clauses"])
        sections = (scenario.standard, scenario.goal, scenario.count, scenario.checklist, scenario.grant)
        assert len(found["entries"]) == sum(map(len, sections))
        assert all(f"〔{entry.key}〕" in told or f"[{entry.key}]" in told for entry in scenario.input)
        assert len(found["inputs"]) == len(scenario.input)
        assert not any(entry["own"] for entry in found["inputs"] if entry["default"])
    result = planner("policy", "show", name)
    assert result.exit_code == 0
    assert json.loads(planner("policy", "show", name, "--json").stdout)["pack"]["id"] == name


def test_money_and_shares_are_told_in_full() -> None:
    told = "\n".join(show_lines(show_pack("weihai-2025", "zh")))
    for words in ("合计 140万元", "名额共 20 个", "按人口达到 90%", "没有写明比例", "零工市场至少 50 个"):
        assert words in told
    told = "\n".join(show_lines(show_pack("jieshou-3km", "zh")))
    assert "2022年 40%、2025年 70%" in told
    assert "每个每年 0.6万元" in told


def test_an_unknown_pack_cannot_be_shown() -> None:
    result = planner("policy", "show", "weihai")
    assert result.exit_code == 2
    assert "weihai-2025" in result.output


def test_keys_are_called_as_in_the_workbook() -> None:
    assert key_in_words("standard.rural-5km.metric", {}, "zh")[0] == "标准“rural-5km”的“量法”"
    assert key_in_words("roads.walk_kph", {}, "zh")[0] == "道路的“步行速度（公里/小时）”"
    assert key_in_words("goal.people", {}, "zh")[0] == "目标“people”"
    assert key_in_words("nothing.here", {}, "zh") == ("nothing.here", None)


# --- the document ------------------------------------------------------------------------------------------------


def test_every_clause_has_its_row_in_the_document() -> None:
    lines = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if re.match(r"\| [WJHB]\d+ ", line)]
    assert [row[0] for row in rows] == CLAUSES
    for row in rows:
        assert len(row) == 3
        assert all(row)
        assert row[1] == clausesheets.shown_in(row[0], "zh")
    titles = {words["zh"] for key, words in sentences().items() if re.match(r"ledger(book)?\.sheet\.", key)}
    places = [place for clause in library().clauses.values() for place in getattr(clause, "shown_in", ())]
    assert {place.sheet for place in places if place.sheet} <= titles
    assert not re.search("[\u4e00-\u9fff]", clausesheets.shown_in("H7", "en"))
    assert [row[0] for row in rows if row[1].startswith("没有单独体现")] == ["W9", "W12"]


def test_the_clauses_file_is_read_as_it_is_written() -> None:
    text = (ROOT / "planner" / "policies" / "clauses.toml").read_text(encoding="utf-8")
    assert len(tomllib.loads(text)["clause"]) == len(library().clauses) == 36


def test_what_decides_is_a_standard(tmp_path: Path) -> None:
    (fault,) = load(town(tmp_path, SCENARIO + '\n[audit]\ndecides = ["walk-5", "walk-6"]\n')).faults
    assert (fault.code, fault.values["name"]) == ("unknown_name", "walk-6")


TABLES = {
    "weihai-2025": ("sites.csv", "candidates.csv", "markets.csv"),
    "jieshou-3km": ("sites.csv", "candidates.csv"),
    "hubei-15min": ("sites.csv", "candidates.csv"),
    "hebei-full-employment": ("sites.csv",),
}
"""Tables of the sample by pack: a candidate may only be of a type that the pack has built."""


def sample(folder: Path, pack: str, more: str = "") -> Path:
    """A scenario of the sample's roads and tables that leaves all else to a pack."""
    data = ROOT / "data" / "coquimbo"
    text = OWN.format(policy=pack)
    for name in ("roads.osm", "demand.csv", "sites.csv"):
        file = data / name.replace("osm", "osm.pbf")
        text = text.replace(f'"{name}"', f'"{file.as_posix()}"')
    for name in TABLES[pack][1:]:
        text += f'[[sites.table]]\nfile = "{(data / name).as_posix()}"\ncoordinates = "wgs84"\n'
    path = folder / "own.toml"
    path.write_text(text + more, encoding="utf-8")
    return path


TIERS = "".join(
    f'[[count]]\nid = "markets-{name}"\ntier = "{tier}"\n'
    for name, tier in (("district", "district"), ("town", "town"), ("village", "city"))
)


@pytest.mark.parametrize("name", list(shipped()))
def test_every_pack_reads_the_samples_tables(tmp_path: Path, name: str) -> None:
    inputs = read(sample(tmp_path, name, TIERS if name == "weihai-2025" else ""), lambda _: None)
    assert inputs.scenario.pack is not None
    assert inputs.scenario.pack.id == name
    assert len(inputs.standards) == len(pack_data(name)["standard"])


def test_a_name_that_the_tables_lack_is_mended_in_the_scenario_not_in_the_pack(tmp_path: Path) -> None:
    with pytest.raises(PlannerError) as caught:
        read(sample(tmp_path, "weihai-2025"), lambda _: None)
    faults = caught.value.faults
    assert [(fault.code, fault.values["name"]) for fault in faults] == [
        ("pack_place", "区市"), ("pack_place", "镇街"), ("pack_place", "村居"),
    ]  # fmt: skip
    assert {Path(fault.file).name for fault in faults} == {"weihai-2025.toml"}
    with pytest.raises(PlannerError) as caught:
        read(sample(tmp_path, "weihai-2025", TIERS.replace('"city"', '"village"')), lambda _: None)
    (fault,) = caught.value.faults
    assert (fault.code, Path(fault.file).name) == ("unknown_place", "own.toml")


@pytest.mark.parametrize("name", list(shipped()))
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_pack_fits_into_a_workbook_and_comes_back(name: str, language: Language) -> None:
    data = dict(pack_data(name))
    content = write_book(TomlFile(Path("pack.toml"), data, ()), language)
    assert same(read_book_bytes(Path("pack.xlsx"), content).data, data)
