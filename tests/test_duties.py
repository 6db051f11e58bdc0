"""Outlets shared out among officers: the oracle tries every way; towns keep their borders; notices hold no code."""

from __future__ import annotations

import csv
import datetime as dt
import itertools
from fractions import Fraction
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner import balance, duties, inputs, notices
from planner.auditschema import OfficersSection
from planner.errors import TableError
from planner.sources import TableSource
from planner.words import LANGUAGES, say, tell
from town import SCENARIO, write_town

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

DATE = dt.date(2026, 6, 30)
ID_NUMBER = "11010519491231002X"  # the example of the standard itself; nobody's


def sums(loads: Sequence[int], taker: Sequence[int], takers: int) -> list[int]:
    return [sum(load for load, who in zip(loads, taker, strict=True) if who == number) for number in range(takers)]


def every_way(loads: Sequence[int], takers: int) -> tuple[int, ...]:
    """The best of all ways, by the rule as it is stated: loads first, then who is first, heaviest thing first."""
    order = sorted(range(len(loads)), key=lambda at: -loads[at])
    ways = itertools.product(range(takers), repeat=len(loads))
    return min(ways, key=lambda way: (sorted(sums(loads, way, takers), reverse=True), [way[at] for at in order]))


@given(st.lists(st.integers(0, 12), min_size=1, max_size=6), st.integers(1, 4))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_no_way_is_more_even(loads: list[int], takers: int) -> None:
    found = balance.balanced(loads, takers)
    assert found.proven
    assert found.taker == every_way(loads, takers)
    assert found.bound == max(sums(loads, found.taker, takers))


def test_the_next_largest_load_counts_too() -> None:
    # the first one alone is the largest load whatever is done with the rest
    found = balance.balanced([10, 2, 2, 2, 2], 3)
    assert sorted(sums([10, 2, 2, 2, 2], found.taker, 3)) == [4, 4, 10]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=5), st.integers(0, 20))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_water_is_never_less_even_than_steps(loads: list[int], rest: int) -> None:
    level = balance.evenly(loads, rest)
    assert sum(level) == sum(loads) + rest
    poured = list(loads)
    for _ in range(rest):
        poured[poured.index(min(poured))] += 1
    assert list(level) == sorted(poured, reverse=True)


def test_a_search_that_is_too_long_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    loads = [97, 89, 83, 79, 73, 71, 67, 61, 59, 53, 47, 43]
    best = max(sums(loads, balance.balanced(loads, 5).taker, 5))
    for name, value in (("MOST_STEPS", 3), ("MOST_SEARCHED", 3)):
        with monkeypatch.context() as patch:
            patch.setattr(balance, name, value)
            found = balance.balanced(loads, 5)
        largest = max(sums(loads, found.taker, 5))
        assert not found.proven
        assert found.bound <= best <= largest <= best * 4 / 3


def test_of_few_for_many_the_bound_holds_the_two_that_meet() -> None:
    assert balance._bound([9, 8, 7], 2) == 15


# --- officers ----------------------------------------------------------------------------------------------------


def officers_of(folder: Path, text: str, columns: dict[str, str] | None = None) -> duties.Officers:
    (folder / "专员.csv").write_text(text, encoding="utf-8-sig")
    asked = OfficersSection(file=str(folder / "专员.csv"), columns=columns or {})
    return duties.read_officers(duties.officers_source(asked, "专员.csv"))


def outlets_of(*rows: tuple[str, str, str, int, int | None]) -> pd.DataFrame:
    """Outlets from id, district, town, people and firms."""
    columns = ["site_id", "district", "town", "people", "firms"]
    return pd.DataFrame(rows, columns=columns).assign(name=lambda t: "网点" + t["site_id"]).astype({"firms": "Int64"})


def codes(folder: Path, text: str) -> list[str]:
    with pytest.raises(TableError) as caught:
        officers_of(folder, text)
    for fault in caught.value.faults:
        for language in LANGUAGES:
            assert all(tell(fault, language)[1:])
    return [fault.code for fault in caught.value.faults]


def test_a_table_of_officers_is_read_with_its_phones(tmp_path: Path) -> None:
    text = "姓名,工号,所在区县,镇街,手机,备注\n王芳,007,环翠区,竹岛街道,13812345678,新来\n李强,008,环翠区,竹岛街道,,\n"
    read = officers_of(tmp_path, text)
    assert read.frame["phone"].tolist() == ["13812345678", ""]
    assert read.frame["number"].tolist() == ["007", "008"]
    assert read.frame[["file", "row"]].to_numpy().tolist() == [["专员.csv", 2], ["专员.csv", 3]]
    assert read.doubts == ()


def test_headers_may_be_named(tmp_path: Path) -> None:
    read = officers_of(tmp_path, "谁,哪里\n王芳,竹岛街道\n", {"officer": "谁", "town": "哪里"})
    assert read.frame["town"].tolist() == ["竹岛街道"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"姓名,镇街,证件\n王芳,竹岛街道,{ID_NUMBER}\n", ["personal_id"]),
        ("姓名,区市\n王芳,环翠区\n", ["missing_columns"]),
        ("姓名,镇街\n王芳,\n,竹岛街道\n", ["cell_empty", "cell_empty"]),
        ("姓名,镇街\n王芳,竹岛街道\n王芳,竹岛 街道\n", ["officer_twice"]),
        ("姓名,工号,镇街\n王芳,1,竹岛街道\n李强,1,鲸园街道\n", ["officer_number"]),
    ],
)
def test_what_is_wrong_with_officers(text: str, expected: list[str], tmp_path: Path) -> None:
    assert codes(tmp_path, text) == expected


def test_two_of_one_name_with_numbers_are_two(tmp_path: Path) -> None:
    assert len(officers_of(tmp_path, "姓名,工号,镇街\n王芳,1,竹岛街道\n王芳,2,竹岛街道\n").frame) == 2


def test_an_officer_of_two_towns_is_doubted(tmp_path: Path) -> None:
    read = officers_of(tmp_path, "姓名,镇街\n王芳,竹岛街道\n王芳,鲸园街道\n")
    assert [(fault.code, fault.row) for fault in read.doubts] == [("officer_towns", 3)]
    assert all(all(tell(fault, language)) for fault in read.doubts for language in LANGUAGES)


def test_a_town_of_several_districts_needs_its_district(tmp_path: Path) -> None:
    outlets = outlets_of(("a", "甲区", "城关镇", 1, 1), ("b", "乙区", "城关镇", 1, 1), ("c", "甲区", "北镇", 1, 1))
    read = officers_of(tmp_path, "姓名,镇街\n王芳,城关镇\n李强,北镇\n赵敏,城关镇\n")
    with pytest.raises(TableError) as caught:
        duties.assign(outlets, read)
    assert [(fault.code, fault.row) for fault in caught.value.faults] == [
        ("officer_district", 2),
        ("officer_district", 4),
    ]
    assert all(all(tell(fault, language)) for fault in caught.value.faults for language in LANGUAGES)
    one = duties.assign(outlets[outlets["district"] == "甲区"], read)
    assert sorted(one.table["note"]) == ["", "", "spare"]


def test_a_layer_of_firms_that_there_is_not_is_a_fault(tmp_path: Path) -> None:
    path = write_town(tmp_path, SCENARIO + '\n[audit.officers]\nfile = "专员.csv"\nfirms = "重点企业"\n')
    (tmp_path / "专员.csv").write_text("专员,镇街\n甲,东区镇\n", encoding="utf-8")
    faults = [fault for fault in inputs.gather(path, lambda _: None).faults if fault.code == "unknown_place"]
    assert [fault.column for fault in faults] == ["audit.officers.firms"]
    assert faults[0].values["name"] == "重点企业"


# --- sharing out -------------------------------------------------------------------------------------------------

TABLE = "专员,编号,区市,镇街\n甲一,1,甲区,东镇\n甲二,2,甲区,东镇\n乙一,3,甲区,西镇\n丙一,4,甲区,无网点镇\n"
OUTLETS = outlets_of(
    ("s1", "甲区", "东镇", 900, 1), ("s2", "甲区", "东镇", 500, 3), ("s3", "甲区", "东镇", 400, 0),
    ("s4", "甲区", "东镇", 200, 6), ("w1", "甲区", "西镇", 70, 0), ("n1", "甲区", "北镇", 10, 2),
    ("x1", "", "", 5, 0),
)  # fmt: skip


def test_every_outlet_has_one_officer_of_its_own_town(tmp_path: Path) -> None:
    found = duties.assign(OUTLETS, officers_of(tmp_path, TABLE))
    table = found.table
    assert sorted(table["site_id"][table["site_id"] != ""]) == sorted(OUTLETS["site_id"])
    notes = dict(zip(table["site_id"], table["note"], strict=True))
    assert notes == {
        "s1": "",
        "s2": "",
        "s3": "",
        "s4": "",
        "w1": "",
        "n1": "no_officer",
        "x1": "no_town",
        "": "no_outlet",
    }
    home = dict(zip(["甲一", "甲二", "乙一", "丙一"], ["东镇", "东镇", "西镇", "无网点镇"], strict=True))
    named = table[table["officer"] != ""]
    assert [home[name] for name in named["officer"]] == named["town"].tolist()
    assert [fault.code for fault in found.doubts] == ["duties_no_officer", "duties_no_outlet"]
    assert all(all(tell(fault, language)) for fault in found.doubts for language in LANGUAGES)
    assert found.towns["town"].tolist() == ["东镇", "西镇"]


def test_loads_are_half_people_and_half_firms(tmp_path: Path) -> None:
    found = duties.assign(OUTLETS, officers_of(tmp_path, TABLE))
    east = found.table[found.table["town"] == "东镇"]
    expected = {
        "s1": Fraction(900, 2000) / 2 + Fraction(1, 10) / 2, "s2": Fraction(500, 2000) / 2 + Fraction(3, 10) / 2,
        "s3": Fraction(400, 2000) / 2, "s4": Fraction(200, 2000) / 2 + Fraction(6, 10) / 2,
    }  # fmt: skip
    assert dict(zip(east["site_id"], east["outlet_share"], strict=True)) == expected
    for _, mine in east.groupby("officer"):
        assert {sum(mine["outlet_share"], Fraction())} == set(mine["officer_share"])
    assert sum(east["outlet_share"], Fraction()) == 1
    # s4 (35 %) and s3 (10 %) beside s1 and s2 (27.5 % each): no way is more even
    assert found.towns["largest"].iloc[0] == found.towns["bound"].iloc[0] == Fraction(11, 20)
    assert found.towns["proven"].tolist() == [True, True]
    assert east["visits_monthly"].tolist() == east["firms"].tolist()


@given(st.data())
@settings(max_examples=25, deadline=None, derandomize=True)
def test_the_order_of_the_rows_says_nothing(data: st.DataObject) -> None:
    small = st.tuples(st.sampled_from(["东镇", "西镇"]), st.integers(0, 5), st.integers(0, 3))
    rows = data.draw(st.lists(small, min_size=1, max_size=6))
    outlets = outlets_of(*((f"s{at}", "甲区", *row) for at, row in enumerate(rows)))
    people = [("甲", "1", "东镇"), ("乙", "2", "东镇"), ("丙", "3", "西镇")]
    columns = ["officer", "number", "town"]
    frame = pd.DataFrame(people, columns=columns).assign(district="甲区", phone="", file="f", row=[2, 3, 4])
    shuffled = data.draw(st.permutations(range(len(rows))))
    first = duties.assign(outlets, duties.Officers(frame, ()))
    second = duties.assign(outlets.iloc[list(shuffled)], duties.Officers(frame.iloc[::-1], ()))
    pd.testing.assert_frame_equal(first.table, second.table)
    kept = first.table[first.table["site_id"] != ""]
    assert sorted(kept["site_id"]) == sorted(outlets["site_id"])
    assert kept["people"].sum() == outlets["people"].sum()


@pytest.mark.parametrize(
    ("people", "firms", "expected"),
    [
        ([3, 6], [pd.NA, pd.NA], [1, 2]),
        ([0, 0], [2, 4], [1, 2]),
        ([1, 1], [1, 3], [3, 5]),
        ([0, 0], [0, 0], [0, 0]),
    ],
)
def test_where_there_is_but_one_it_alone_counts(people: list[int], firms: list[object], expected: list[int]) -> None:
    assert duties.loads_of(people, firms) == expected


def test_outlets_without_load_are_shared_out_by_number(tmp_path: Path) -> None:
    outlets = outlets_of(*((f"s{at}", "甲区", "东镇", 0, None) for at in range(4)))
    table = duties.assign(outlets, officers_of(tmp_path, TABLE)).table
    assert table[table["town"] == "东镇"]["officer"].value_counts().tolist() == [2, 2]


def test_more_officers_than_outlets_are_listed(tmp_path: Path) -> None:
    found = duties.assign(outlets_of(("s1", "甲区", "东镇", 5, 0)), officers_of(tmp_path, TABLE))
    spare = found.table[found.table["note"] == "spare"]
    assert spare["officer"].tolist() == ["甲二"]
    assert [fault.code for fault in found.doubts] == ["duties_no_outlet"]


def test_a_town_that_is_written_otherwise_is_named(tmp_path: Path) -> None:
    found = duties.assign(
        outlets_of(("s1", "环翠区", "竹岛街道", 5, 0)), officers_of(tmp_path, "专员,区市,镇街\n甲,环翠,竹岛街道\n")
    )
    assert found.table["note"].tolist() == ["no_outlet", "no_officer"]
    assert "环翠竹岛街道 → 环翠区竹岛街道" in str(found.doubts[1].values["officers"])


def test_a_bureau_without_districts_goes_by_towns(tmp_path: Path) -> None:
    found = duties.assign(outlets_of(("s1", "", "东镇", 5, 0)), officers_of(tmp_path, TABLE))
    assert found.table[found.table["site_id"] == "s1"]["officer"].tolist() == ["甲一"]


def test_the_table_is_written_in_words(tmp_path: Path) -> None:
    officers = officers_of(tmp_path, "专员,镇街,电话\n=甲,东镇,+8613812345678\n")
    found = duties.assign(outlets_of(("s1", "", "东镇", 2, None), ("s2", "", "西镇", 1, None)), officers)
    for language in LANGUAGES:
        duties.write_duties(found, tmp_path / f"{language}.csv", language)
    with (tmp_path / "zh.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows[0] == {
        "区市": "", "镇街": "东镇", "专员": "'=甲", "专员编号": "", "联系电话": "'+8613812345678", "网点编号": "s1",
        "网点名称": "网点s1", "服务人口": "2", "重点企业数": "", "每月至少走访次数": "", "网点负荷占本镇街": "100.0%",
        "专员负荷占本镇街": "100.0%", "说明": "",
    }  # fmt: skip
    assert rows[1]["说明"] == say("duties.why.no_officer", "zh")
    assert rows[1]["网点负荷占本镇街"] == ""


# --- notices -----------------------------------------------------------------------------------------------------


class Tags(HTMLParser):
    """Names of the tags of a page, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def parsed(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    return tags


def page_of(officers: duties.Officers, outlets: pd.DataFrame, more: Mapping[str, Sequence[str]]) -> str:
    found = duties.assign(outlets, officers)
    head = notices.Head(DATE, "某某县人社局", ["依据：《方案》，草案", "注意：所依据的《办法》为“期满”"])
    return notices.notices(found, outlets.assign(**more), head, "zh")


def test_a_notice_for_every_outlet(tmp_path: Path) -> None:
    more = {"services": ["求职登记；职业介绍", "", *[""] * 5], "rules": ["首问负责", *[""] * 6]}
    page = page_of(officers_of(tmp_path, TABLE), OUTLETS, more)
    tags = parsed(page)
    assert tags.names.count("section") == 1 + len(OUTLETS)
    assert {"求职登记", "职业介绍", "首问负责"} <= set(tags.text)
    assert "联系重点企业6家，每家每月至少上门联系一次，全月不少于6次。" in page
    assert "本网点没有就近联系的重点企业。" in page
    assert "以本网点为最近网点的居民900人（截至 2026-06-30）。" in page
    assert "依据：《方案》，草案<br>注意：所依据的《办法》为“期满”<br>" in page
    assert "依据：注意" not in page
    assert "其中2个还没有专员" in page
    assert not requests_of(page)


def requests_of(page: str) -> list[str]:
    return [word for word in ("http:", "https:", "src=", "url(", "@import", "<script", "<link") if word in page]


def test_what_is_not_given_stays_a_blank_line(tmp_path: Path) -> None:
    outlets = outlets_of(("s1", "", "东镇", 5, None))
    sheet = page_of(officers_of(tmp_path, "专员,镇街\n甲,东镇\n"), outlets, {}).split("<section>")[-1]
    assert "还没有专员" not in page_of(officers_of(tmp_path, "专员,镇街\n甲,东镇\n"), outlets, {})
    # phone, services, visits, hours
    assert sheet.count('class="blank"') == 4


def test_names_are_never_code(tmp_path: Path) -> None:
    bad = '</section><script>alert(1)</script><img src=x onerror="a()">'
    (tmp_path / "o.csv").write_text(
        f'专员,镇街,电话\n"{bad.replace(chr(34), chr(34) * 2)}",东镇,<b>1</b>\n', encoding="utf-8"
    )
    officers = duties.read_officers(TableSource(tmp_path / "o.csv", "o.csv"))
    outlets = outlets_of(("s1", "", "东镇", 5, 1)).assign(name=bad)
    more = {"services": [bad + ";" + bad], "rules": [bad], "hours": [bad]}
    tags = parsed(page_of(officers, outlets, more))
    assert not {"script", "img", "b"} & set(tags.names)
    assert "onerror" not in tags.attributes
    assert tags.names.count("section") == 2


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path) -> None:
    officers, head = officers_of(tmp_path, TABLE), notices.Head(DATE)
    found = duties.assign(OUTLETS, officers)
    for name in ("a.html", "b.html"):
        notices.write_notices(found, OUTLETS, head, tmp_path / name, "en")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert b"\r" not in (tmp_path / "a.html").read_bytes()
