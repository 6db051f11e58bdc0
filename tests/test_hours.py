"""Opening hours as tables write them, and what is open at a time of day (H9, W7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner import checking
from planner.hours import DAY_MIN, Hours, open_at, open_types_at, parse
from planner.inputs import gather
from planner.scenario import load
from planner.words import tell
from town import SCENARIO, sites_csv, write_town

if TYPE_CHECKING:
    from pathlib import Path

OFFICE = ((510, 720), (810, 1050))
ALL_DAY = ((0, DAY_MIN),)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("08:30-12:00;13:30-17:30", OFFICE),
        ("8:30—12：00，13:30—17:30", OFFICE),
        ("8：30～12：00、１３：３０至１７：３０", OFFICE),
        ("8:30 - 12:00 13:30 - 17:30", OFFICE),
        ("上午8:30-12:00 下午1:30-5:30", OFFICE),
        ("8点半至12点 13时30分到17时30分", OFFICE),
        ("上午8:30-下午5:30", ((510, 1050),)),
        ("中午11:30-1:30", ((690, 810),)),
        ("晚上7:00-9:00", ((1140, 1260),)),
        ("晚上10:00-2:00", ((0, 120), (1320, DAY_MIN))),
        ("22:00-06:00", ((0, 360), (1320, DAY_MIN))),
        ("06:00-次日02:00", ((0, 120), (360, DAY_MIN))),
        ("20:00-24:00", ((1200, DAY_MIN),)),
        ("18:00-00:00", ((1080, DAY_MIN),)),
        *((text, ALL_DAY) for text in ("always", "ALWAYS", "24小时", "24 小时", "全天", "24小时自助服务", "7×24小时")),
        ("全天开放", ALL_DAY),
        ("00:00-24:00", ALL_DAY),
        ("每天8:00-20:00", ((480, 1200),)),
        ("周一至周日 8:00-20:00", ((480, 1200),)),
        ("服务时间：8:00-20:00（节假日除外）", ((480, 1200),)),
    ],
)
def test_what_is_written_is_read(text: str, spans: tuple[tuple[int, int], ...]) -> None:
    assert parse(text) == Hours(spans)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("周一至周五 8:30-12:00，13:30-17:30", OFFICE),
        ("星期一到星期五8:30-12:00;13:30-17:30", OFFICE),
        ("8:30-12:00;13:30-17:30（工作日）", OFFICE),
        ("周一至周五 8:30-12:00、13:30-17:30；周末 9:00-12:00", OFFICE),
        ("周六、周日 9:00-12:00；工作日 8:30-12:00、13:30-17:30", OFFICE),
        ("周一至周五、周六 8:30-12:00;13:30-17:30", OFFICE),
        ("周六日9:00-11:00", ()),
    ],
)
def test_of_days_that_are_named_the_working_ones_count(text: str, spans: tuple[tuple[int, int], ...]) -> None:
    assert parse(text) == Hours(spans, days=True)


@pytest.mark.parametrize(
    "text",
    [
        "", "按需", "夏季 8:30-18:00", "周一至周四 9:00-12:00", "周三 9:00-12:00", "8:30", "25:00-26:00", "8:60-9:00",
        "24:30-08:00", "08:00-08:00", "9:00-5:00", "8:30-17:30 电话预约", "周末休息", "9:00-16:00（周末）",
        "9:00-16:00(周末);8:30-17:30(工作日)", "24:00-08:00", "8:00-次日20:00",
    ],
)  # fmt: skip
def test_what_may_mean_several_things_is_not_known(text: str) -> None:
    assert parse(text) is None
    assert open_at(parse(text), "10:00") is None


def clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


@settings(derandomize=True, deadline=None, max_examples=100)
@given(begin=st.integers(0, DAY_MIN - 1), length=st.integers(1, DAY_MIN - 1), now=st.integers(0, DAY_MIN - 1))
def test_a_span_is_open_from_its_begin_until_its_end(begin: int, length: int, now: int) -> None:
    """The end is not included; a span that runs over midnight is open on both sides of it."""
    end = (begin + length) % DAY_MIN
    hours = parse(f"{clock(begin)}-{'次日' if end and end < begin else ''}{clock(end)}")
    assert open_at(hours, clock(now)) == ((now - begin) % DAY_MIN < length)


def sites(*rows: tuple[str, str, str, bool]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["site_id", "type", "hours", "open_today"])


def test_a_row_goes_before_its_type() -> None:
    table = sites(
        ("kiosk beside", "station;e_station", "", True),
        ("own hours", "station;e_station", "06:00-23:00", True),
        ("closed", "e_station", "", False),
        ("no hours", "gig_market;e_station", "", True),
        ("unread", "e_station", "见门口", True),
    )
    types = {"station": "08:30-12:00;13:30-17:30", "e_station": "always", "gig_market": ""}
    unknown = frozenset({"no hours", "unread"})
    day = {"kiosk beside": "station;e_station", "own hours": "station;e_station", "no hours": "e_station"}
    assert open_types_at(table, types, "10:00") == (day, unknown)
    noon = {**day, "kiosk beside": "e_station"}
    assert open_types_at(table, types, "12:30") == (noon, unknown)
    night = {"kiosk beside": "e_station", "own hours": "station;e_station", "no hours": "e_station"}
    assert open_types_at(table, types, "22:00")[0] == night
    assert "own hours" not in open_types_at(table, types, "23:00")[0]


def with_hours(folder: Path, hours: dict[str, str], scenario: str = SCENARIO) -> Path:
    path = write_town(folder, scenario)
    lines = sites_csv().splitlines()
    told = [f"{lines[0]},开放时间", *(f'{line},"{hours.get(line.split(",")[0], "")}"' for line in lines[1:])]
    (folder / "sites.csv").write_text("\n".join(told) + "\n", encoding="utf-8")
    return path


def test_what_cannot_be_read_is_a_doubt_at_its_cell(tmp_path: Path) -> None:
    hours = {"E1": "8点开门", "C1": "随叫随到", "C2": "周一至周五 8:30-17:30", "C3": "22:00-06:00"}
    path = with_hours(tmp_path, hours)
    found = gather(path, lambda _: None)
    assert found.faults == ()
    assert found.sites is not None
    unread, days = [doubt for doubt in found.sites.doubts if doubt.code.startswith("hours_")]
    assert (unread.code, unread.row, unread.called["zh"]) == ("hours_unread", 2, "开放时间")
    assert unread.values == {"text": "8点开门、随叫随到", "count": 2}
    assert [(one.row, one.column) for one in unread.rest] == [(2, "开放时间"), (4, "开放时间")]
    assert (days.code, days.row, days.rest) == ("hours_days", 5, ())
    told = [one for one in checking.check(path, lambda _: None).problems if one.fault.code == "hours_unread"]
    assert [(one.weight, one.fault.row, one.read) for one in told] == [
        ("doubt", 2, "8点开门"),
        ("doubt", 4, "随叫随到"),
    ]
    assert all(all(tell(doubt, language)) for doubt in (unread, days) for language in ("zh", "en"))


def test_hours_of_a_type_that_cannot_be_read_are_a_fault_of_the_scenario(tmp_path: Path) -> None:
    wrong = SCENARIO.replace('name = "就业e站"\n', 'name = "就业e站"\nhours = "常开"\n')
    (fault,) = load(write_town(tmp_path, wrong)).faults
    assert (fault.code, fault.column, fault.values["text"]) == ("facility_hours", "facility[e_station].hours", "常开")
    assert all(tell(fault, "zh"))


def test_the_times_that_are_looked_at_may_be_changed(tmp_path: Path) -> None:
    loaded = load(write_town(tmp_path, SCENARIO + '\n[time]\nnight_at = "21:30"\n'))
    assert loaded.faults == ()
    assert loaded.scenario is not None
    assert (loaded.scenario.time.day_at, loaded.scenario.time.night_at) == ("10:00", "21:30")
    (fault,) = load(write_town(tmp_path, SCENARIO + '\n[time]\nnight_at = "9点半"\n')).faults
    assert fault.column == "time.night_at"
