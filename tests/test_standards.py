"""Shares, limits and scopes: exact arithmetic against fractions, and scopes against a plain loop."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner import schema
from planner.figures import permille_down
from planner.standards import need, scopes, walk_limit_mm

if TYPE_CHECKING:
    from planner.terms import Scope

shares = st.builds(
    lambda digits, places: Decimal(digits).scaleb(-places), st.integers(0, 10**6), st.integers(0, 9)
).filter(lambda share: share <= 1)


@pytest.mark.parametrize(
    ("share", "whole", "expected"),
    [
        ("0.9", 10, 9),
        ("0.90", 11, 10),
        ("0.07", 100, 7),  # 0.07 * 100 is 7.000000000000001 in floats
        ("0.29", 100, 29),
        ("0.5", 7, 4),
        ("0.5", 1, 1),
        ("1", 13, 13),
        ("0.000000001", 1, 1),
        ("0.000000001", 10**9, 1),
        ("0.000000001", 10**9 + 1, 2),
        ("0.9", 0, 0),
        ("0", 5, 0),
    ],
)
def test_need_by_hand(share: str, whole: int, expected: int) -> None:
    assert need(Decimal(share), whole) == expected


@given(shares, st.integers(0, 10**12))
def test_need_is_the_exact_ceiling(share: Decimal, whole: int) -> None:
    found = need(share, whole)
    assert type(found) is int
    assert found == math.ceil(Fraction(share) * whole)
    assert found - 1 < Fraction(share) * whole <= found


@given(st.integers(0, 10**9), st.integers(1, 10**9))
def test_permille_is_never_rounded_up(part: int, whole: int) -> None:
    found = permille_down(part, whole)
    assert Fraction(found, 1000) <= Fraction(part, whole) < Fraction(found + 1, 1000)


def test_permille_by_hand() -> None:
    assert [permille_down(*pair) for pair in ((8996, 10_000), (8999, 10_000), (9, 10), (1, 3), (0, 3), (3, 3))] == [
        *(899, 899, 900, 333, 0, 1000)
    ]


def test_a_quarter_of_an_hour_at_four_km_an_hour_is_a_kilometre() -> None:
    for seconds in (900, 900.0, Decimal(900), Decimal(15) * 60):
        for kph in (4, 4.0, Decimal("4.0")):
            assert walk_limit_mm(seconds, kph) == 1_000_000


@given(st.integers(1, 10**5), st.integers(0, 2), st.integers(1, 200), st.integers(0, 2))
def test_walk_limit_is_the_exact_floor(seconds: int, places: int, kph: int, kph_places: int) -> None:
    time, speed = Decimal(seconds).scaleb(-places), Decimal(kph).scaleb(-kph_places)
    exact = Fraction(time) * Fraction(speed) * 1_000_000 / 3600
    assert walk_limit_mm(time, speed) == math.floor(exact)
    assert walk_limit_mm(float(time), float(speed)) == math.floor(exact), "a float means what it is written as"


# --- Scopes --------------------------------------------------------------------------------------------------


def places(*rows: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame({"district": [d for d, _ in rows], "town": [t for _, t in rows]})


def found_scopes(
    table: pd.DataFrame, each: Scope, district: str | None = None, town: str | None = None
) -> dict[str, list[int]]:
    found = [(name, mask.nonzero()[0].tolist()) for name, mask in scopes(table, each, district, town)]
    assert len(dict(found)) == len(found), "one scope a name"
    return dict(found)


def test_the_whole_city_is_one_scope_without_a_name() -> None:
    table = places(("A", "x"), ("", ""), ("B", "x"))
    assert found_scopes(table, "city") == {"": [0, 1, 2]}
    assert found_scopes(table, "city", "A") == {"A": [0]}
    assert found_scopes(table, "city", None, "x") == {"x": [0, 2]}
    assert found_scopes(table, "city", "B", "x") == {"B/x": [2]}
    assert found_scopes(table, "city", "C") == {"C": []}, "an empty scope is asked, and counts as met"


def test_rows_without_a_district_belong_to_no_district() -> None:
    table = places(("B", "x"), ("", "x"), ("A", ""), ("B", ""))
    assert found_scopes(table, "district") == {"A": [2], "B": [0, 3]}
    assert list(found_scopes(table, "district")) == ["A", "B"], "by name"


def test_towns_of_one_name_in_two_districts_are_two_scopes() -> None:
    table = places(("B", "x"), ("A", "x"), ("A", "y"), ("B", "x"))
    assert found_scopes(table, "town") == {"A/x": [1], "A/y": [2], "B/x": [0, 3]}
    assert found_scopes(table, "town", "B") == {"B/x": [0, 3]}
    assert found_scopes(table, "town", None, "x") == {"A/x": [1], "B/x": [0, 3]}


def test_a_stroke_in_a_name_is_no_joint_of_two() -> None:
    table = places(("A/B", "x"), ("A", "B/x"), ("", "y/z"))
    assert found_scopes(table, "town") == {"A／B/x": [0], "A/B／x": [1], "y／z": [2]}
    assert found_scopes(table, "district") == {"A": [1], "A／B": [0]}
    assert found_scopes(table, "city", "A", "B/x") == {"A/B／x": [1]}


def test_rows_without_a_town_belong_to_no_town() -> None:
    assert found_scopes(places(("A", "x"), ("A", ""), ("", "")), "town") == {"A/x": [0]}


@pytest.mark.parametrize("each", ["city", "district", "town"])
def test_an_empty_table_has_no_districts_and_no_towns(each: Scope) -> None:
    empty = places(("A", "x")).iloc[:0]
    assert found_scopes(empty, each) == ({"": []} if each == "city" else {})


@given(
    st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from("xyz")), min_size=1, max_size=9),
    st.sampled_from(["city", "district", "town"]),
    st.sampled_from([None, "A", "B"]),
    st.sampled_from([None, "x"]),
)
def test_scopes_equal_a_plain_loop(
    rows: list[tuple[str, str]], each: Scope, district: str | None, town: str | None
) -> None:
    inside = [k for k, (d, t) in enumerate(rows) if (district is None or d == district) and (town is None or t == town)]
    expected: dict[str, list[int]] = {}
    for k in inside:
        name = {"district": rows[k][0], "town": "/".join(rows[k])}.get(each, "")
        expected.setdefault(name, []).append(k)
    if each == "city":
        expected = {"/".join(part for part in (district, town) if part): inside}
    assert found_scopes(places(*rows), each, district, town) == expected


# --- From the scenario's minutes and km to whole limits --------------------------------------------------------


def limit_of(walk_kph: str = "4.0", **standard: Any) -> tuple[str, int]:
    scenario = schema.Scenario.model_validate(
        {
            "name": "n",
            "title": "t",
            "data_date": dt.date(2026, 6, 30),
            "roads": {"file": "r", "walk_kph": Decimal(walk_kph)},
            "demand": {"table": ({"file": "d"},)},
            "facility": ({"type": "a", "name": "a"},),
            "standard": ({"id": "s", "served_by": ("a",), **standard},),
        }
    )
    (made,) = schema.standards_of(scenario)
    return made.measure, made.limit


def test_limits_are_whole_and_exact() -> None:
    assert limit_of(km=Decimal(5)) == ("distance", 5_000_000)
    assert limit_of(km=Decimal("1.001")) == ("distance", 1_001_000)
    assert limit_of(km=Decimal("4.35"), mode="drive") == ("distance", 4_350_000)
    assert limit_of(minutes=Decimal(15)) == ("distance", 1_000_000)
    assert limit_of(minutes=Decimal(15), metric="straight", mode="drive") == ("distance", 1_000_000)
    assert limit_of(minutes=Decimal("10.5"), mode="drive") == ("time", 630_000)


@settings(max_examples=50)
@given(st.integers(1, 1200), st.integers(5, 200))
def test_walking_minutes_are_exact_at_every_speed(tenth_minutes: int, tenth_kph: int) -> None:
    exact = Fraction(tenth_minutes, 10) * Fraction(tenth_kph, 10) * 1_000_000 / 60
    found = limit_of(str(Decimal(tenth_kph) / 10), minutes=Decimal(tenth_minutes) / 10)
    assert found == ("distance", math.floor(exact))
