"""Lists and rates of the ledger: counted of all communities, rounded down, and never from reach."""

from __future__ import annotations

import inspect
import json
import tomllib
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgertown import LEDGER, NEW, PEACE, SUNNY, quiet, said_of
from planner import bureau, checklists, grants, ledgersums, listlines, rereported
from planner.bureaucolumns import ledger_columns
from planner.checklists import Checked, CheckFigure, check
from planner.inputs import read
from planner.packs import shipped
from planner.policyschema import ChecklistSection, GrantSection
from town import place, sites_csv

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from planner.terms import Language

ACTION = ChecklistSection(id="action", clause="W2", name="行动", items=("是否实施行动",), share=Decimal("0.9"))
SIX = ChecklistSection(id="six", clause="W3", name="六有", items=("有标识", "有宣传专栏"))
FULL = ChecklistSection(
    id="full", clause="J3", name="充分就业", items=("认定",), shares={"2025": Decimal("0.7"), "2022": Decimal("0.4")}
)
RATE = ChecklistSection(id="rate", clause="B1", name="实现就业", part="就业", whole="登记", share=Decimal("0.9"))


def units_of(count: int) -> pd.DataFrame:
    """Communities u0, u1, ... half of them in each of two districts, all in a town of one name."""
    names = [f"u{number:05}" for number in range(count)]
    districts = ["东区" if number % 2 else "西区" for number in range(count)]
    return pd.DataFrame({"name": names, "district": districts, "town": "城关镇"}, index=pd.Index(names, name="unit_id"))


def answers(header: str, texts: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    units = units_of(len(texts))
    return units, pd.DataFrame({header: list(texts)}, index=units.index, dtype=str)


def city(found: Checked, number: int = 0) -> CheckFigure:
    """The figures of the city, one for each checklist."""
    return [figure for figure in found.figures if figure.level == "city"][number]


def test_blanks_are_in_the_denominator_and_counted_apart() -> None:
    units, ledger = answers("是否实施行动", ["是"] * 8 + ["否", ""])
    figure = city(check([ACTION], units, ledger, 2025))
    assert (figure.communities, figure.passed, figure.not_passed, figure.blank) == (10, 8, 1, 1)
    assert (figure.met, figure.missing) == (False, 1)
    units, ledger = answers("是否实施行动", ["是"] * 9 + [""])
    figure = city(check([ACTION], units, ledger, 2025))
    assert (figure.met, figure.missing) == (True, 0)


def test_8996_of_10000_is_899() -> None:
    """89.96 % is not 90.0 %, and does not meet 90 %."""
    units, ledger = answers("是否实施行动", ["是"] * 8996 + ["否"] * 1004)
    found = check([ACTION], units, ledger, 2025)
    first = checklists.table(found, "zh").iloc[0]
    assert [first["比例"], first["应达到"], first["是否达到"], first["还差"]] == [
        Fraction(8996, 10000),
        Fraction(9, 10),
        "未达到",
        4,
    ]
    assert next(listlines.lines(found, "zh")) == (
        "行动（W2）：全市共10000个社区，其中8996个符合，占89.9%；1004个不符合；应达到90%，还差4个社区。台账填报，不由可达性推算。"
    )


def test_what_a_community_lacks_is_named() -> None:
    units = units_of(4)
    ledger = pd.DataFrame({"有标识": ["是", "否", "", ""], "有宣传专栏": ["是", "", "否", "是"]}, index=units.index)
    found = check([SIX], units, ledger, 2025)
    assert found.states["six"].tolist() == ["passed", "failed", "failed", "blank"]
    assert found.lacking["six"].tolist() == ["", "有标识", "有宣传专栏", ""]
    assert found.unsaid["six"].tolist() == ["", "有宣传专栏", "有标识", "有标识"]
    assert city(found).target is None
    assert city(found).met is None


def test_a_column_that_nobody_gives_is_blank_throughout() -> None:
    units = units_of(3)
    found = check([SIX, RATE], units, pd.DataFrame(index=units.index), 2025)
    assert (city(found).blank, city(found).passed, city(found).part, city(found).whole) == (3, 0, None, None)
    assert (city(found, 1).blank, city(found, 1).met, city(found, 1).missing) == (3, None, None)
    assert checklists.rates(found)["rate"] == {
        "": None,
        "东区": None,
        "西区": None,
        "东区/城关镇": None,
        "西区/城关镇": None,
    }


def test_a_list_is_not_judged_by_a_column_that_nobody_gives() -> None:
    """No 0 %, no “not met”: nothing was handed in that could be held against the target."""
    units = units_of(3)
    found = check([ACTION, RATE, SIX], units, pd.DataFrame({"有标识": ["是", "否", ""]}, index=units.index), 2025)
    action, _, six = (city(found, number) for number in range(3))
    assert (action.met, action.missing, action.part, action.target) == (None, None, None, Decimal("0.9"))
    assert (six.part, six.not_passed, six.blank) == (None, 1, 2)
    assert {share for one in checklists.rates(found).values() for share in one.values()} == {None}
    table = checklists.table(found, "zh").set_index(["核对项", "层级"])
    whole = table[table.index.get_level_values("层级") == "全市"]
    assert whole[["符合", "比例", "还差"]].isna().to_numpy().all()
    assert whole["是否达到"].tolist() == ["未评"] * 3
    assert list(listlines.lines(found, "zh")) == [
        "行动（W2）：台账没有“是否实施行动”一列，未评。",
        "实现就业（B1）：台账没有以下2列：就业、登记，未评。",
        "六有（W3）：台账没有“有宣传专栏”一列，未评。",
    ]


def test_a_column_that_is_there_and_empty_is_another_matter() -> None:
    units, ledger = answers("有标识", ["是", "是"])
    found = check([SIX], units, ledger, 2025, frozenset({"有宣传专栏"}))
    assert list(listlines.lines(found, "zh")) == ["六有（W3）：台账“有宣传专栏”一列没有填写，未评。"]


def test_one_place_that_is_audited_goes_by_its_name() -> None:
    units, ledger = answers("是否实施行动", ["是", "否"])
    found = check([ACTION], units, ledger, 2025)
    assert "：东区城关镇共2个社区，其中" in next(listlines.lines(found, "zh", "东区城关镇"))
    first = checklists.table(found, "zh", "东区城关镇").iloc[0]
    assert first[["层级", "范围"]].tolist() == ["合计", "东区城关镇"]
    assert checklists.table(found, "zh")["范围"].tolist() == ["", "东区", "西区", "东区城关镇", "西区城关镇"]


def test_blank_cells_of_a_column_that_is_given_are_counted() -> None:
    """A district that says nothing stands at 0 % as soon as another one says something."""
    units, ledger = answers("是否实施行动", ["", "是"])
    found = check([ACTION.model_copy(update={"each": "district"})], units, ledger, 2025)
    assert [(f.scope, f.part, f.blank, f.met) for f in found.figures if f.level == "district"] == [
        ("东区", 1, 0, True),
        ("西区", 0, 1, False),
    ]


@pytest.mark.parametrize(
    ("year", "now", "later"),
    [(2021, None, 2022), (2022, 2022, 2025), (2024, 2022, 2025), (2025, 2025, None), (2030, 2025, None)],
)
def test_the_milestone_of_the_year_counts(year: int, now: int | None, later: int | None) -> None:
    units, ledger = answers("认定", ["是"] * 5 + ["否"] * 5)
    figure = city(check([FULL], units, ledger, year))
    assert (figure.year, figure.next_year) == (now, later)
    assert figure.met == {None: None, 2022: True, 2025: False}[now]
    assert figure.next_missing == {None: None, 2022: 0, 2025: 2}[later]


def test_districts_and_towns_are_rolled_up_and_the_target_stands_where_it_is_asked() -> None:
    units, ledger = answers("是否实施行动", ["是", "否", "是", ""])
    found = check([ACTION, ACTION.model_copy(update={"id": "each", "each": "district"})], units, ledger, 2025)
    shown = [(f.checklist, f.level, f.scope, f.part, f.whole, f.met) for f in found.figures]
    assert shown[:5] == [
        ("action", "city", "", 2, 4, False),
        ("action", "district", "东区", 0, 2, None),
        ("action", "district", "西区", 2, 2, None),
        ("action", "town", "东区/城关镇", 0, 2, None),
        ("action", "town", "西区/城关镇", 2, 2, None),
    ]
    assert [f.met for f in found.figures if f.checklist == "each"] == [None, False, True, None, None]
    assert checklists.rates(found)["action"][""] == Fraction(1, 2)


def test_a_stroke_in_a_district_is_told_as_it_is_and_that_of_a_town_joins_nothing() -> None:
    units, ledger = answers("是否实施行动", ["是", "否"])
    units = units.replace({"东区": "高新区/综保区", "城关镇": "城/关镇"})
    found = check([ACTION.model_copy(update={"each": "district"})], units, ledger, 2025)
    assert checklists.table(found, "zh")["范围"].tolist()[1:] == [
        *("西区", "高新区/综保区", "西区城／关镇", "高新区／综保区城／关镇"),
    ]
    assert any("：高新区/综保区共1个社区，其中" in line for line in listlines.lines(found, "zh"))
    homes = units[["district", "town"]].itertuples(name=None)
    ours = {(level, scope) for level, scope, _ in rereported.places_of(homes)}
    assert ours == {(figure.level, figure.scope) for figure in found.figures}, "verify goes by the same scopes"
    assert rereported.places_of([("u", "", "镇")])[-1][:2] == ("town", "镇"), "a town needs no district"


def test_a_rate_counts_where_both_figures_are_given() -> None:
    units = units_of(4)
    ledger = pd.DataFrame({"就业": [9, 8, None, 0], "登记": [10, None, 5, 0]}, index=units.index, dtype="Int64")
    figure = city(check([RATE], units, ledger, 2025))
    assert (figure.part, figure.whole, figure.blank, figure.met, figure.missing) == (9, 10, 2, True, 0)
    found = check([RATE], units, ledger.assign(就业=pd.array([8, 8, 1, 0], dtype="Int64")), 2025)
    assert (city(found).part, city(found).whole, city(found).missing) == (9, 15, 5)
    first = checklists.table(found, "zh").iloc[0]
    assert [first["分子"], first["分母"], first["比例"]] == [9, 15, Fraction(3, 5)]
    assert next(listlines.lines(found, "zh")) == (
        "实现就业（B1）：全市就业共9人，占登记（15人）的60.0%；4个社区中1个未填，不在两数之内；应达到90%，还差5人。"
        "台账填报，不由可达性推算。"
    )


@given(st.lists(st.sampled_from(["是", "否", ""]), max_size=40), st.integers(1, 100))
def test_counts_add_up_and_what_is_missing_is_just_enough(texts: list[str], percent: int) -> None:
    units, ledger = answers("是否实施行动", texts)
    share = Decimal(percent) / 100
    found = check([ACTION.model_copy(update={"share": share})], units, ledger, 2025)
    figure = city(found)
    assert figure.passed + figure.not_passed + figure.blank == figure.communities == len(texts)
    districts = [f for f in found.figures if f.level == "district"]
    assert sum(f.passed for f in districts) == figure.passed
    if any(texts):
        assert figure.met == (Fraction(figure.passed, len(texts)) >= Fraction(share))
        assert figure.missing is not None
        assert Fraction(figure.passed + figure.missing, len(texts)) >= Fraction(share)
        if figure.missing:
            assert Fraction(figure.passed + figure.missing - 1, len(texts)) < Fraction(share)


@pytest.mark.parametrize(("language", "word"), [("zh", "台账填报，不由可达性推算"), ("en", "not derived from reach")])
def test_what_is_written_is_plain_and_says_that_it_is_of_the_ledger(language: Language, word: str) -> None:
    units, _ = answers("是否实施行动", ["是", ""])
    said: dict[str, object] = {"是否实施行动": ["是", ""], "认定": ["否", ""], "就业": [1, 2], "登记": [3, 3]}
    ledger = pd.DataFrame(said, index=units.index)
    found = check([ACTION, RATE, FULL], units, ledger, 2023)
    written = json.loads(json.dumps(checklists.records(found)))
    assert written[0]["target"] == "0.9"
    assert all(word in text for text in checklists.table(found, language).iloc[:, -1])
    told = list(listlines.lines(found, language))
    assert len(told) == 3
    assert all(word in line for line in told)


# --- never from reach --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("room", [checklists.check, grants.grant, ledgersums.sums])
def test_figures_of_the_ledger_take_no_reach(room: object) -> None:
    asked = set(inspect.signature(room).parameters)  # type: ignore[arg-type]
    assert asked <= {"checklists", "grants", "units", "ledger", "year", "of", "empty"}


def test_figures_of_the_ledger_do_not_change_with_roads_and_sites(tmp_path: Path) -> None:
    """W2, J3 and B1 with outlets everywhere, with none, and where nobody walks faster than 1 km/h."""
    lists = (ACTION, FULL.model_copy(update={"items": ("是否认定充分就业社区",)}), RATE)
    more = LEDGER + '\n[[checklist]]\nid = "r"\nclause = "B1"\nname = "r"\npart = "就业"\nwhole = "登记"\n'
    ledger = f"12位代码,是否实施行动,是否认定充分就业社区,就业,登记\n{SUNNY},是,,8,9\n{PEACE},否,是,1,\n{NEW},,是,0,0\n"
    header = sites_csv().splitlines()[0]
    stations = [f"S{n},站{n},station,existing,,,,,,{place(1 + n, 1.5)}" for n in range(5)]
    closed = sites_csv().replace("existing,正常", "existing,停运")
    said = [said_of(tmp_path / "all", more, ledger, sites="\n".join([header, *stations]) + "\n")]
    said.append(said_of(tmp_path / "none", more, ledger, sites=closed))
    path = tmp_path / "none" / "scenario.toml"
    text = path.read_text(encoding="utf-8").replace('"roads.osm"', '"roads.osm"\nwalk_kph = 1.0')
    path.write_text(text, encoding="utf-8")
    said.append(bureau.read(read(path, quiet)))
    found = [checklists.records(check(lists, one.units, one.communities, 2025)) for one in said]
    assert found[0] == found[1] == found[2]
    assert [(f["part"], f["whole"]) for f in found[0] if f["level"] == "city"] == [(1, 4), (2, 4), (8, 9)]


@pytest.mark.parametrize("name", sorted(shipped()))
def test_the_ledger_knows_every_column_that_a_shipped_pack_asks_for(name: str) -> None:
    """As the bureau would head it, and no further than what the packs themselves say."""
    data = tomllib.loads(shipped()[name].read_text(encoding="utf-8"), parse_float=Decimal)
    lists = [ChecklistSection.model_validate(entry) for entry in data.get("checklist", [])]
    money = [GrantSection.model_validate(entry) for entry in data.get("grant", [])]
    columns = ledger_columns("communities", lists, money)
    kinds = {column.name: column.kind for column in columns}
    assert all(kinds[item] == "choice" for one in lists for item in one.items)
    assert all(kinds[half] == "whole" for one in lists for half in (one.part, one.whole) if half)
    assert all(kinds[one.column] == "choice" for one in money)
    assert len(columns) >= len(kinds) == len({column.name for column in columns})
