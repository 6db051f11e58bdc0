"""Options of a plan and what they cost, against the rule written out."""

from __future__ import annotations

import dataclasses
import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point

from planner.candidates import COLUMNS, options, split_types
from planner.errors import TableError
from planner.standards import BuildCost, FacilityType, Size

MONEY = ("cost_once_yuan", "cost_yearly_yuan")
ESTIMATED = ("estimated_once", "estimated_yearly")
BASE = {
    "name": "",
    "type": "",
    "status": "candidate",
    "tier": "",
    "district": "",
    "town": "",
    "host": "",
    "build_method": "",
    "funding": "",
    "cost_once_yuan": None,
    "cost_yearly_yuan": None,
    "capacity_people": None,
}


def sites(*rows: dict[str, Any]) -> Any:
    table = pd.DataFrame([{**BASE, "site_id": f"s{k}", "source_file": "x.csv", "source_row": k + 2, **row}
                          for k, row in enumerate(rows)])  # fmt: skip
    for number in (*MONEY, "capacity_people"):
        table[number] = table[number].astype("Int64")
    return gpd.GeoDataFrame(table, geometry=[Point(117, 36)] * len(table), crs="EPSG:4326")


def facility(
    kind: str, once: int | None = 100, yearly: int | None = 10, *, build: bool = True, at_existing: bool = False
) -> FacilityType:
    return FacilityType(kind, kind, build, at_existing, once, yearly)


def cost(kind: str, method: str, once: int | None, yearly: int | None = None, discount: str = "0") -> BuildCost:
    return BuildCost(kind, method, once, yearly, Decimal(discount))


def keys(table: pd.DataFrame) -> list[tuple[str, str, str]]:
    return list(zip(table["site_id"], table["type"], table["state"], strict=True))


def money_of(table: pd.DataFrame) -> list[tuple[int, int, bool, bool]]:
    return [tuple(row) for row in table[[*MONEY, *ESTIMATED]].to_numpy().tolist()]


# --- Which options there are ---------------------------------------------------------------------------------


def test_a_candidate_without_types_may_be_all_that_may_be_built() -> None:
    found = options(sites({}, {"type": "b"}), [facility("b"), facility("a"), facility("c", build=False)], [])
    assert keys(found) == [("s0", "a", "new"), ("s0", "b", "new"), ("s1", "b", "new")]
    assert list(found.columns) == COLUMNS


def test_something_is_added_only_to_a_facility_that_stands_and_lacks_it() -> None:
    kinds = [facility("a", at_existing=True), facility("b"), facility("c", build=False, at_existing=True)]
    rows = [{"status": "existing", "type": t} for t in ("b", "a", "a;b", "")]
    found = options(sites(*rows, {"status": "excluded", "type": "a"}, {"status": "excluded"}), kinds, [])
    assert keys(found) == [
        ("s0", "a", "new"), ("s0", "b", "today"), ("s1", "a", "today"), ("s2", "a", "today"), ("s2", "b", "today"),
        ("s3", "a", "new"),
    ]  # fmt: skip


def test_what_stands_today_costs_nothing_and_does_not_price_what_is_added() -> None:
    how = {"build_method": "改建", "host": "银行", "funding": "f"}
    stands = {"status": "existing", "type": "b", "cost_once_yuan": 7, "cost_yearly_yuan": 8, **how}
    found = options(sites(stands), [facility("a", at_existing=True)], [cost("a", "改建", 50, 5, "0.5")])
    assert found[["build_method", "funding"]].to_numpy().tolist() == [["", ""], ["改建", "f"]]
    assert keys(found) == [("s0", "a", "new"), ("s0", "b", "today")]
    assert money_of(found) == [(100, 10, True, True), (0, 0, False, False)]


def test_the_list_is_sorted_whatever_the_order_of_the_rows() -> None:
    table = sites({"site_id": "z"}, {"site_id": "a"}, {"site_id": "m", "status": "existing", "type": "b;a"})
    kinds = [facility("b"), facility("a")]
    found = options(table, kinds, [])
    assert keys(found) == sorted(keys(found))
    assert found.index.tolist() == list(range(len(found)))
    pd.testing.assert_frame_equal(options(table.iloc[::-1], kinds[::-1], []), found)


def test_what_a_row_says_of_its_place_is_kept() -> None:
    said = {"tier": "t", "district": "d", "town": "w", "build_method": "改建", "host": "h", "funding": "f"}
    found = options(sites(said), [facility("a")], []).iloc[0].to_dict()
    assert {name: found[name] for name in said} == said


def test_types_are_read_as_written() -> None:
    assert split_types(" a ; b;;") == ["a", "b"]
    assert split_types("") == []


# --- What they cost ------------------------------------------------------------------------------------------


def test_the_row_goes_before_the_method_and_the_method_before_the_type() -> None:
    rows: list[dict[str, Any]] = [
        {"build_method": "改建", "cost_once_yuan": 1, "cost_yearly_yuan": 2},
        {"build_method": "改建", "cost_once_yuan": 0},
        {"build_method": "改建"},
        {"build_method": "新建"},
        {},
    ]
    costs = [cost("b", "改建", 5, 5), cost("a", "改建", 50, None), cost("a", "新建", None, 6)]
    found = options(sites(*rows), [facility("a")], costs)
    assert money_of(found) == [
        (1, 2, False, False), (0, 10, False, True), (50, 10, True, True), (100, 6, True, True), (100, 10, True, True),
    ]  # fmt: skip


@pytest.mark.parametrize(("once", "discount", "expected"), [
    (100, "0.3", 70), (5, "0.3", 4), (5, "0.1", 5), (5, "0.5", 3), (1, "0.5", 1), (3, "0.5", 2), (0, "0.9", 0),
    (120_001, "0.35", 78_001),
])  # fmt: skip
def test_a_host_takes_the_discount_off_the_one_time_cost_only(once: int, discount: str, expected: int) -> None:
    """Half a yuan is rounded up, in decimals: 5 x 0.7 is 3.5, 5 x 0.9 is 4.5."""
    rows = [{"build_method": "改建", "host": host} for host in ("银行", "")]
    found = options(sites(*rows), [facility("a")], [cost("a", "改建", once, 11, discount)])
    assert money_of(found) == [(expected, 11, True, True), (once, 11, True, True)]


def test_the_discount_is_not_taken_off_a_figure_of_the_row_or_of_the_type() -> None:
    rows: list[dict[str, Any]] = [
        {"build_method": "改建", "host": "银行", "cost_once_yuan": 90},
        {"build_method": "新建", "host": "银行"},
    ]
    found = options(sites(*rows), [facility("a")], [cost("a", "改建", 50, 5, "0.5")])
    assert money_of(found) == [(90, 5, False, True), (100, 10, True, True)]


maybe = st.none() | st.integers(0, 10**7)


@settings(max_examples=70, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(maybe, maybe, st.sampled_from(["改建", "新建", ""]), st.booleans()), min_size=1, max_size=4),
    st.tuples(maybe, maybe),
    st.dictionaries(st.sampled_from(["改建", "新建"]), st.tuples(maybe, maybe, st.integers(0, 99))),
)
def test_costs_equal_the_rule_written_out(rows: Any, of_type: Any, methods: Any) -> None:
    table = sites(
        *({"cost_once_yuan": a, "cost_yearly_yuan": b, "build_method": m, "host": "h" * h} for a, b, m, h in rows)
    )
    costs = [BuildCost("a", m, a, b, Decimal(d) / 100) for m, (a, b, d) in methods.items()]
    expected: list[tuple[int | None, int | None, bool, bool]] = []
    missing = []
    for k, (*own, method, hosted) in enumerate(rows):
        figures: list[int | None] = []
        for n, money in enumerate(MONEY):
            *by_method, percent = methods.get(method, (None, None, 0))
            figure = by_method[n]
            if figure is not None and hosted and n == 0:
                figure = math.floor(Fraction(figure * (100 - percent), 100) + Fraction(1, 2))
            chain = [own[n], figure, of_type[n]]
            figures.append(next((x for x in chain if x is not None), None))
            if figures[-1] is None:
                missing.append((k + 2, money))
        expected.append((figures[0], figures[1], own[0] is None, own[1] is None))
    if not missing:
        assert money_of(options(table, [facility("a", *of_type)], costs)) == expected
        return
    with pytest.raises(TableError) as caught:
        options(table, [facility("a", *of_type)], costs)
    assert [(f.row, f.column) for f in caught.value.faults] == missing
    assert {(f.code, f.file) for f in caught.value.faults} == {("no_cost", "x.csv")}


# --- Sizes, and whom they can take ----------------------------------------------------------------------------


def test_a_type_with_sizes_is_built_in_one_of_them() -> None:
    kinds = [facility("a", at_existing=True), facility("b")]
    sizes = [Size("a", "大", 900, 50, 5), Size("a", "小", 300, 0, 0)]
    rows: list[dict[str, Any]] = [{"cost_once_yuan": 7}, {"status": "existing", "type": "b", "cost_once_yuan": 1}]
    found = options(sites(*rows), kinds, [], sizes)
    columns = ["site_id", "type", "size", "state", "cost_once_yuan", "cost_yearly_yuan", "capacity_people"]
    assert found[columns].fillna(-1).to_numpy().tolist() == [
        ["s0", "a", "大", "new", 57, 15, 900],
        ["s0", "a", "小", "new", 7, 10, 300],
        ["s0", "b", "", "new", 7, 10, -1],
        ["s1", "a", "大", "new", 150, 15, 900],
        ["s1", "a", "小", "new", 100, 10, 300],
        ["s1", "b", "", "today", 0, 0, -1],
    ]
    # a size adds to a figure and says nothing of where the figure is from
    assert found["estimated_once"].tolist() == [False, False, False, True, True, False]
    pd.testing.assert_frame_equal(options(sites(*rows), kinds, [], sizes[::-1]), found)


def test_the_size_goes_before_the_row_and_the_row_before_the_type() -> None:
    kinds = [
        dataclasses.replace(facility("a", at_existing=True), capacity_people=40),
        dataclasses.replace(facility("b"), capacity_people=50),
        facility("c"),
    ]
    rows: list[dict[str, Any]] = [
        {"capacity_people": 0},
        {},
        {"status": "existing", "type": "b;c", "capacity_people": 7},
        {"status": "existing", "type": "b;c"},
    ]
    found = options(sites(*rows), kinds, [], [Size("b", "x", 60, 0, 0)])
    took = found[["site_id", "type", "state", "capacity_people", "capacity_own"]].fillna(-1)
    assert [tuple(row) for row in took.to_numpy().tolist()] == [
        ("s0", "a", "new", 0, True), ("s0", "b", "new", 60, False), ("s0", "c", "new", 0, True),
        ("s1", "a", "new", 40, False), ("s1", "b", "new", 60, False), ("s1", "c", "new", -1, False),
        # the row of what stands says nothing of the kiosk that is added
        ("s2", "a", "new", 40, False), ("s2", "b", "today", 7, True), ("s2", "c", "today", 7, True),
        ("s3", "a", "new", 40, False), ("s3", "b", "today", 50, False), ("s3", "c", "today", -1, False),
    ]  # fmt: skip
    assert str(found["capacity_people"].dtype) == "Int64"


def test_an_option_stands_where_its_site_does() -> None:
    found = options(sites({}, {"status": "existing", "type": "a"}), [facility("a")], [])
    assert found[["lon", "lat"]].to_numpy().tolist() == [[117, 36], [117, 36]]


# --- Faults --------------------------------------------------------------------------------------------------


def test_every_fault_is_named_at_once_with_its_row() -> None:
    table = sites({"type": "a"}, {"type": "b"}, {"type": "c"}, {"type": "a;b", "cost_once_yuan": 5})
    with pytest.raises(TableError) as caught:
        options(table, [facility("a"), facility("b", None, None), facility("c", build=False)], [])
    found = [(f.code, f.file, f.row, f.column) for f in caught.value.faults]
    assert found == [
        ("no_cost", "x.csv", 3, "cost_once_yuan"),
        ("no_cost", "x.csv", 3, "cost_yearly_yuan"),
        ("not_built", "x.csv", 4, "type"),
        ("no_cost", "x.csv", 5, "cost_yearly_yuan"),
    ]


def test_without_sites_there_are_no_options() -> None:
    found = options(sites({}).iloc[:0], [facility("a")], [])
    assert len(found) == 0
    assert list(found.columns) == COLUMNS
