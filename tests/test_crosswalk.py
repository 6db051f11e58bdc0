"""The crosswalk of codes: what it says of two years, and what is wrong with one that cannot be followed."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.crosswalk import (
    GONE,
    MERGED,
    NEW,
    RECODED,
    SAME,
    SPLIT,
    Crosswalk,
    Identity,
    Link,
    between,
    identity,
    read_crosswalk,
    tokens,
)
from planner.errors import TableError, attempt
from planner.sources import TableSource
from planner.words import LANGUAGES, tell

if TYPE_CHECKING:
    from pathlib import Path

A, B, C, D, E, F = (f"37010200100{number}" for number in range(1, 7))


def link(old: str, new: str, row: int = 2, date: dt.date | None = None) -> Link:
    return Link(old, new, date, "codes.csv", row)


def matched(pairs: list[tuple[str, str]], old: str | list[str], new: str | list[str]) -> Identity:
    links = [link(*pair, row=2 + at) for at, pair in enumerate(pairs)]
    return identity(links, {code: code for code in old}, {code: code for code in new}, old, new)


def faults_of(pairs: list[tuple[str, str]], old: list[str], new: list[str]) -> list[tuple[str, int | None]]:
    with pytest.raises(TableError) as caught:
        matched(pairs, old, new)
    for fault in caught.value.faults:
        assert all(all(tell(fault, language)) for language in LANGUAGES)
    return [(fault.code, fault.row) for fault in caught.value.faults]


def test_what_stands_in_both_years_needs_no_line() -> None:
    found = matched([], [A, B], [B, A])
    assert found.kept == {A: A, B: B}
    assert [found.kind(unit) for unit in (A, B)] == [SAME, SAME]
    assert found.unlisted_new == found.unlisted_gone == ()


def test_lines_say_who_was_merged_split_recoded_and_who_is_new_or_gone() -> None:
    pairs = [(A, C), (B, C), (D, D), (D, E), ("", F), ("37010200100a", "37010200100b")]
    found = matched(pairs, [A, B, D, "37010200100a"], [C, D, E, F, "37010200100b"])
    assert found.old_of[C] == (A, B)
    assert found.new_of[D] == (D, E)
    kinds = {unit: found.kind(unit) for unit in found.old_of}
    assert kinds == {C: MERGED, D: SPLIT, E: SPLIT, F: NEW, "37010200100b": RECODED}
    assert found.kept == {"37010200100a": "37010200100b"}
    assert found.unlisted_new == found.unlisted_gone == ()


def test_what_no_line_speaks_of_is_listed_and_treated_as_new_or_gone() -> None:
    found = matched([(A, "")], [A, B], [C])
    assert (found.unlisted_gone, found.unlisted_new) == ((B,), (C,))
    assert found.kind(C) == NEW
    assert found.new_of == {A: (), B: ()}
    assert GONE not in map(found.kind, found.old_of)


def test_a_unit_that_takes_in_another_or_gives_a_part_away_stays_itself() -> None:
    assert matched([(A, B)], [A, B], [B]).old_of == {B: (A, B)}
    assert matched([(A, B)], [A], [A, B]).new_of == {A: (A, B)}


def test_where_codes_move_on_only_the_lines_speak() -> None:
    found = matched([(A, B), (B, C)], [A, B], [B, C])
    assert found.kept == {A: B, B: C}


def test_lines_that_cannot_be_followed_are_named_one_by_one() -> None:
    assert faults_of([(A, B)], [C], [B, C]) == [("crosswalk_unknown_old", 2)]
    assert faults_of([(A, B)], [A], [C]) == [("crosswalk_unknown_new", 2)]
    assert faults_of([(A, ""), ("", B)], [A, B], [A, B]) == [("crosswalk_still_there", 2), ("crosswalk_was_there", 3)]
    twice = [(A, B), (B, C)]  # A became B and then C within the year: neither line leads from one year to the other
    assert faults_of(twice, [A], [C]) == [("crosswalk_unknown_new", 2), ("crosswalk_unknown_old", 3)]


def test_a_circle_is_told_once_with_its_codes() -> None:
    with pytest.raises(TableError) as caught:
        matched([(A, B), (B, C), (C, A), (D, D)], [A, B, C, D], [A, B, C, D])
    (fault,) = caught.value.faults
    assert (fault.code, fault.values["codes"]) == ("crosswalk_cycle", f"{A} → {B} → {C} → {A}")
    assert "绕成一圈" in tell(fault, "zh")[1]


def test_lines_of_other_years_are_left_out_and_told() -> None:
    since, until = dt.date(2025, 6, 30), dt.date(2026, 6, 30)
    dates = [None, since, dt.date(2025, 7, 1), until, dt.date(2026, 7, 1)]
    walk = Crosswalk(tuple(link(A, B, 2 + at, date) for at, date in enumerate(dates)))
    found = between(walk, since, until)
    assert [line.row for line in found.links] == [2, 4, 5]
    assert [(row.row, row.reason) for row in found.left_out] == [
        (3, "crosswalk_other_year"),
        (6, "crosswalk_other_year"),
    ]
    assert [line.row for line in between(walk, None, until).links] == [2, 3, 4, 5]


codes = st.lists(st.sampled_from([A, B, C, D, E]), unique=True, min_size=1)


@given(codes, codes, st.data())
def test_every_unit_of_both_years_has_its_place_once(old: list[str], new: list[str], data: st.DataObject) -> None:
    pairs = data.draw(st.lists(st.tuples(st.sampled_from(old), st.sampled_from(new)), max_size=4, unique=True))
    found, faults = attempt(lambda: matched(pairs, old, new))
    if found is None:
        assert {fault.code for fault in faults} == {"crosswalk_cycle"}
        return
    assert set(found.old_of) == set(new)
    assert set(found.new_of) == set(old)
    there = {(before, after) for after, olds in found.old_of.items() for before in olds}
    assert there == {(before, after) for before, news in found.new_of.items() for after in news}
    assert set(pairs) <= there
    assert set(found.unlisted_new) == {unit for unit, olds in found.old_of.items() if not olds}
    assert set(found.unlisted_gone) == {unit for unit, news in found.new_of.items() if not news}
    assert all(found.old_of[after] == (before,) for before, after in found.kept.items())


def read(folder: Path, *lines: str, name: str = "codes.csv") -> Crosswalk:
    path = folder / name
    path.write_text("\n".join(["原代码,现代码,变更日期", *lines]) + "\n", encoding="utf-8")
    return read_crosswalk(TableSource(path, name))


def test_the_table_is_read_by_its_chinese_headers(tmp_path: Path) -> None:
    found = read(tmp_path, f"{A},{B},2026-01-31", f"{C},,", f",{D},", f"{E},{F},")
    assert [(line.old, line.new, line.date, line.row) for line in found.links] == [
        (A, B, dt.date(2026, 1, 31), 2), (C, "", None, 3), ("", D, None, 4), (E, F, None, 5),
    ]  # fmt: skip


def test_faults_of_the_table_are_told_together(tmp_path: Path) -> None:
    with pytest.raises(TableError) as caught:
        read(tmp_path, f"{A},{B},", f"{A},{B},", "无,/,2026-01-31")
    assert [(fault.code, fault.row) for fault in caught.value.faults] == [
        ("crosswalk_twice", 3), ("crosswalk_no_code", 4),
    ]  # fmt: skip
    assert all(all(tell(fault, language)) for fault in caught.value.faults for language in LANGUAGES)
    (tmp_path / "codes.csv").write_text(f"原代码,日期\n{A},2026-01-31\n", encoding="utf-8")
    with pytest.raises(TableError) as caught:
        read_crosswalk(TableSource(tmp_path / "codes.csv", "codes.csv"))
    assert {fault.code for fault in caught.value.faults} == {"missing_columns"}


def test_ids_made_of_lines_are_no_codes() -> None:
    """Lines move from year to year: such communities are known by name, and by nothing where several have it."""
    frame = pd.DataFrame(
        {
            "unit_id": ["list-2", "list-3", "list-4", A, "list-9"],
            "district": "东区",
            "town": "一镇",
            "name": ["甲", "乙", "乙", "丙", "丁"],
        }
    )
    origin = pd.DataFrame({"file": "data/list.csv", "row": [2, 3, 4, 5, 6]})
    assert tokens(frame, origin, "unit_id") == {"list-2": "东区/一镇/甲", A: A, "list-9": "list-9"}
    moved = identity([], {"list-2": "东区/一镇/甲"}, {"list-7": "东区/一镇/甲"}, ["list-2"], ["list-7"])
    assert moved.kept == {"list-2": "list-7"}
