"""Grants and sums of the ledger: brands by grade and district, yearly awards, and what outlets did."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from planner import grants, ledgersums
from planner.figures import money
from planner.grants import Granted, GrantFigure, grant
from planner.policyschema import GradeSection, GrantSection

if TYPE_CHECKING:
    from planner.terms import Language

QUOTAS = {"环翠区": 3, "文登区": 3, "荣成市": 3, "乳山市": 3, "高区": 2, "经区": 2, "临港区": 2, "南海新区": 2}
BRANDS = GrantSection(
    id="brands",
    clause="W5",
    name="品牌",
    column="品牌等级",
    grades=(GradeSection(grade="A", count=8, yuan=100_000), GradeSection(grade="B", count=12, yuan=50_000)),
    quota_clause="W4",
    quotas=QUOTAS,
    funding="就业补助资金",
)
WHOLE = money(1_400_000, "zh")
AWARD = GrantSection(id="award", clause="J4", name="奖补", column="是否认定", yuan=6_000, yearly=True)


def town(districts: list[str], cells: dict[str, list[str]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Units and ledger of communities, one in each of these districts."""
    index = pd.Index([f"u{number:03}" for number in range(len(districts))], name="unit_id")
    units = pd.DataFrame({"district": districts, "town": ""}, index=index)
    return units, pd.DataFrame(cells, index=index, dtype=str)


def as_asked() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every district with its quota of brands, 8 of grade A and 12 of grade B, and a community without."""
    districts = [name for name, count in QUOTAS.items() for _ in range(count + 1)]
    first = [districts.index(name) for name in QUOTAS]
    named = iter(["A"] * 8 + ["B"] * 12)
    return town(districts, {"品牌等级": ["" if at in first else next(named) for at in range(len(districts))]})


def figure_of(found: Granted, scope: str = "", grade: str = "") -> GrantFigure:
    return next(f for f in found.figures if (f.level == "district", f.scope, f.grade) == (bool(scope), scope, grade))


def test_the_brands_of_weihai_come_to_1400000_yuan() -> None:
    found = grant([BRANDS], *as_asked())
    whole, best, good = (figure_of(found, grade=grade) for grade in ("", "A", "B"))
    assert (whole.communities, whole.yuan, whole.quota, whole.quota_yuan, whole.over) == (
        20,
        1_400_000,
        20,
        1_400_000,
        0,
    )
    assert (best.communities, best.yuan, good.communities, good.yuan) == (8, 800_000, 12, 600_000)
    districts = [f for f in found.figures if f.level == "district" and not f.grade]
    assert {f.scope: f.communities for f in districts} == QUOTAS
    assert {f.over for f in districts} == {0}
    assert {f.clause for f in districts} == {"W4"}
    assert sum(f.yuan or 0 for f in districts) == 1_400_000
    assert found.by_funding() == [{"funding": "就业补助资金", "yearly": False, "yuan": 1_400_000}]
    assert (found.absent, found.unquoted, found.blank) == ({"brands": ()}, {"brands": ()}, {"brands": 8})
    assert list(grants.lines(found, "zh")) == [
        f"品牌（W5）：台账共20个社区，一次性{WHOLE}；按条款名额共20个，{WHOLE}。台账填报，不由可达性推算。"
    ]


def test_too_many_and_too_few_are_told_by_grade_and_district() -> None:
    units, ledger = town(["环翠区"] * 4 + ["高区"] + ["外县", ""], {"品牌等级": ["A"] * 4 + ["B", "", "A"]})
    found = grant([BRANDS], units, ledger)
    assert [figure_of(found, "环翠区").over, figure_of(found, "高区").over, figure_of(found, "经区").over] == [
        1,
        -1,
        -2,
    ]
    assert figure_of(found, grade="A").over == -3
    assert figure_of(found).communities == 6
    assert found.absent["brands"] == tuple(sorted(set(QUOTAS) - {"环翠区", "高区"}))
    assert found.unquoted["brands"] == ("", "外县")
    (told,) = grants.lines(found, "zh")
    left = "、".join(found.absent["brands"])
    quota = sum(QUOTAS[name] for name in found.absent["brands"])
    assert told == (
        f"品牌（W5）：台账共6个社区，一次性{money(550_000, 'zh')}；按条款名额共20个，{WHOLE}；"
        "A级有5个，比名额（8个）少3个；"
        "B级有1个，比名额（12个）少11个；环翠区有4个，超出名额（3个）1个、高区有1个，比名额（2个）少1个；"
        f"{left}有名额（共{quota}个），人口表中没有其社区；未注明区市、外县有社区而没有名额。台账填报，不由可达性推算。"
    )
    nowhere = [f for f in found.figures if f.level == "district" and not f.scope and not f.grade]
    assert [(f.communities, f.quota, f.yuan) for f in nowhere] == [(1, None, 100_000)]


def test_an_award_of_every_year_for_each_accredited_community() -> None:
    units, ledger = town(["东区", "东区", "西区", "西区"], {"是否认定": ["是", "否", "是", ""]})
    found = grant([AWARD], units, ledger)
    whole = figure_of(found)
    assert (whole.communities, whole.yuan, whole.quota, whole.over, found.blank["award"]) == (2, 12_000, None, None, 1)
    assert figure_of(found, "东区").yuan == 6_000
    assert found.by_funding() == [{"funding": "", "yearly": True, "yuan": 12_000}]
    assert next(grants.lines(found, "zh")).startswith(f"奖补（J4）：台账共2个社区，每年{money(12_000, 'zh')}。")


def test_a_column_that_nobody_gives_is_no_money_and_no_shortfall() -> None:
    units, _ = as_asked()
    found = grant([BRANDS, AWARD], units, pd.DataFrame(index=units.index))
    assert {(f.communities, f.yuan, f.over) for f in found.figures} == {(None, None, None)}
    assert found.by_funding() == []
    assert found.blank == {"brands": len(units), "award": len(units)}
    assert list(grants.lines(found, "zh")) == [
        "品牌（W5）：台账没有“品牌等级”一列，未计。",
        "奖补（J4）：台账没有“是否认定”一列，未计。",
    ]
    empty = grant([AWARD], units, pd.DataFrame(index=units.index), frozenset({"是否认定"}))
    assert list(grants.lines(empty, "zh")) == ["奖补（J4）：台账“是否认定”一列没有填写，未计。"]


def test_districts_without_any_are_one_line() -> None:
    units, ledger = town([*QUOTAS], {"品牌等级": ["A", *[""] * (len(QUOTAS) - 1)]})
    (told,) = grants.lines(grant([BRANDS], units, ledger), "zh")
    first, *others = sorted(QUOTAS)
    assert told.count("还没有") == 1
    assert all(told.count(name) == 1 for name in QUOTAS)
    assert f"名额共{sum(QUOTAS.values()) - QUOTAS[next(iter(QUOTAS))]}个" in told
    assert {first, *others} == set(QUOTAS)


def test_quotas_without_a_count_by_grade() -> None:
    """The sum of the quotas is then what the clause gives; how many of each grade is not known, nor their money."""
    grades = tuple(entry.model_copy(update={"count": None}) for entry in BRANDS.grades)
    found = grant([BRANDS.model_copy(update={"grades": grades})], *as_asked())
    assert (figure_of(found).quota, figure_of(found).quota_yuan) == (20, None)
    assert figure_of(found, grade="A").quota is None


def test_quotas_of_a_grade_in_a_district() -> None:
    best = GradeSection(grade="A", yuan=100_000, quotas={"环翠区": 2, "高区": 1})
    good = GradeSection(grade="B", yuan=50_000, quotas={"环翠区": 1})
    only = BRANDS.model_copy(update={"grades": (best, good), "quotas": {}})
    units, ledger = town(["环翠区", "环翠区", "高区"], {"品牌等级": ["A", "B", "B"]})
    found = grant([only], units, ledger)
    assert [figure_of(found, "环翠区", grade).over for grade in ("A", "B", "")] == [-1, 0, -1]
    assert figure_of(found, "环翠区", "A").quota_yuan == 200_000
    assert (figure_of(found, "高区").quota, figure_of(found, "高区", "B").quota, figure_of(found).quota) == (1, None, 4)


@pytest.mark.parametrize(("language", "word"), [("zh", "台账填报，不由可达性推算"), ("en", "not derived from reach")])
def test_what_is_written_says_that_it_is_of_the_ledger(language: Language, word: str) -> None:
    found = grant([BRANDS, AWARD], *as_asked())
    table = grants.table(found, language)
    assert len(table) == len(found.figures)
    assert all(word in text for text in table.iloc[:, -1])
    assert json.loads(json.dumps(grants.records(found)))["figures"][0]["quota_yuan"] == 1_400_000


def test_counts_of_the_ledger_are_added_up_with_what_is_blank() -> None:
    index = pd.Index(["a", "b", "c"], name="site_id")
    units = pd.DataFrame({"district": ["东区", "西区", "西区"], "town": "镇"}, index=index)
    ledger = pd.DataFrame(
        {
            "求职登记": pd.array([10, None, 30], dtype="Int64"),
            "成功对接": pd.array([5, 7, 9], dtype="Int64"),
            "专职": pd.array([None, None, None], dtype="Int64"),
            "满意度": ["96%", "", ""],
            "备注": ["", "x", ""],
        },
        index=index,
    )
    found = ledgersums.sums("outlets", units, ledger)
    city = {one.header: one for one in found if one.level == "city"}
    assert list(city) == ["求职登记", "成功对接"]  # nobody has given the third, and texts have no sum
    assert [(one.blank, one.total) for one in city.values()] == [(1, 40), (0, 21)]
    assert (city["成功对接"].part, city["成功对接"].whole) == (14, 40)
    west = next(one for one in found if (one.header, one.scope) == ("成功对接", "西区"))
    assert (west.units, west.total, west.part, west.whole) == (2, 16, 9, 30)
    table = ledgersums.table(found, "zh")
    assert table.loc[table["列"] == "成功对接", "对接率（成功对接/求职登记）"].tolist() == [
        Fraction(7, 20),
        Fraction(1, 2),
        Fraction(3, 10),
    ]
    assert all("不由可达性推算" in text for text in table.iloc[:, -1])
    assert json.loads(json.dumps(ledgersums.records(found)))[0]["total"] == 40
    only = ledgersums.sums("outlets", units.loc[["a"]], ledger)
    assert [(one.header, one.units, one.total) for one in only if one.level == "city"] == [
        ("求职登记", 1, 10),
        ("成功对接", 1, 5),
    ]
