"""This year against last year: causes that add up, communities that are followed, and folders that can be compared."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import planner.hybrids
from jinan import write_scenario
from planner import changetables, inputs, snapshot
from planner.changes import CHANGE, COUNTS, LAST, NOW, SHARES, decomposed
from planner.hybrids import CAUSES
from shared_data import shared_data
from twoyears import EDITS, Year, between, counted, first_year, next_year, quiet, rows_of

if TYPE_CHECKING:
    from pathlib import Path

    from planner.changes import Changes

KEYS = ["level", "scope", "standard"]


def by_cause(found: Any, cause: str) -> Any:
    """What a cause added, index level, scope, standard."""
    rows = found.figures[found.figures["cause"] == cause]
    return rows.set_index(KEYS)[[*COUNTS, *SHARES]]


def moved(found: Changes) -> set[str]:
    """Causes that changed any figure."""
    return {cause for cause in found.causes if by_cause(found, cause).fillna(0).to_numpy().any()}


def check_sums(found: Any) -> None:
    """The causes add up to the change, and the change leads from last year to now: counts and printed rates."""
    last, change, now = (by_cause(found, cause) for cause in (LAST, CHANGE, NOW))
    parts = [by_cause(found, cause) for cause in found.causes]
    assert (sum(part[COUNTS] for part in parts) == change[COUNTS]).to_numpy().all()
    assert (last[COUNTS] + change[COUNTS] == now[COUNTS]).to_numpy().all()
    for share in SHARES:
        known = change[share].notna()
        assert (known == (last[share].notna() & now[share].notna())).all()
        assert (sum(part[share][known] for part in parts) == change[share][known]).all()
        assert (last[share][known] + change[share][known] == now[share][known]).all()


def check_year(found: Changes, cause: str, own: Any) -> None:
    """Figures that were reached step by step are those of the year by itself."""
    reached = by_cause(found, cause)[COUNTS]
    alone = own.set_index(KEYS)[COUNTS].astype(np.int64)
    assert (reached.loc[alone.index] == alone).to_numpy().all()
    assert not reached.drop(alone.index).to_numpy().any(), "a scope that is not there counts nothing"


@pytest.mark.parametrize("seed", range(5))
def test_the_causes_of_any_two_years_add_up(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    kinds = [kind for kind in EDITS if rng.random() < 0.6] or ["units"]
    first = first_year(rng)
    second = next_year(first, kinds, rng)
    old, new = first.read(tmp_path / "old"), second.read(tmp_path / "new")
    found, _ = between(old, new, second.links)
    check_sums(found)
    check_year(found, LAST, counted(old))
    check_year(found, NOW, counted(new))
    assert moved(found) <= set(kinds), "what was not changed is no cause"
    rows: list[dict[Any, Any]] = found.communities.to_dict("records")
    for row in rows:
        states = [row["state_before"], *(state for _, _, state in row["causes"])]
        assert [before for _, before, _ in row["causes"]] == states[:-1]
        assert states[-1] == row["state"]


@pytest.mark.parametrize("kind", list(EDITS))
def test_one_change_is_the_only_cause(tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(5)
    first = first_year(rng)
    second = next_year(first, [kind], rng)
    found, told = between(first.read(tmp_path / "old"), second.read(tmp_path / "new"), second.links)
    assert moved(found) == {kind}
    assert told.count("travel") <= 2, "last year alone is measured, once, for each kind of travel"


counts = st.integers(0, 40)


@settings(max_examples=30)
@given(st.lists(st.lists(counts, min_size=6, max_size=6), min_size=2, max_size=6))
def test_printed_rates_add_up_whatever_the_steps_were(drawn: list[list[int]]) -> None:
    """Also where nobody can be judged at a step between: the rate stays as it was."""
    index = pd.MultiIndex.from_tuples([("city", "", "a"), ("city", "", "b")], names=KEYS)
    totals = []
    for numbers in drawn:
        rows = [dict.fromkeys(COUNTS, 0) | {"met": m, "assessable": m + u, "unmet": u, "covered": m, "people": m + n}
                for m, u, n in (numbers[:3], numbers[3:])]  # fmt: skip
        totals.append(pd.DataFrame(rows, index=index)[COUNTS])
    causes = [f"cause-{at}" for at in range(len(drawn) - 1)]
    found = SimpleNamespace(figures=decomposed(totals, causes), causes=causes)
    check_sums(found)
    now = by_cause(found, NOW)
    for (key, row), (_, last) in zip(totals[-1].iterrows(), totals[0].iterrows(), strict=True):
        both = row["assessable"] > 0 and last["assessable"] > 0
        printed = now.loc[key, "rate_tenths"]
        assert pd.isna(printed) if not both else printed == row["met"] * 1000 // row["assessable"]


# --- what is measured, and what is not ---------------------------------------------------------------------------


def test_identical_years_change_nothing_and_measure_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same roads under another name are the same roads: they are not read again either."""

    def never(*_: object) -> None:
        raise AssertionError("roads that have not changed are not read")

    monkeypatch.setattr(planner.hybrids, "read_networks", never)
    year = Year()
    (tmp_path / "new").mkdir()
    other = year.later().said('file = "roads.osm"', 'file = "streets.osm"')
    (tmp_path / "new" / "streets.osm").write_text(year.roads, encoding="utf-8")
    found, told = between(year.read(tmp_path / "old"), other.read(tmp_path / "new"))
    assert told == []
    assert moved(found) == set()
    assert found.causes == CAUSES[:-1], "without field checks they are no cause"
    assert not found.communities["causes"].map(len).any()
    assert (found.communities["kind"] == "same").all()


def test_roads_are_counted_by_last_years_parameters_first(tmp_path: Path) -> None:
    """Where roads and their parameters change, each is a cause of its own: three networks are read, not two."""
    drive = Year().said("minutes = 5", 'mode = "drive"\nminutes = 3')
    slow = drive.said('file = "roads.osm"\n', 'file = "roads.osm"\ndrive_factor = 0.3\n')
    row = slow.roads[slow.roads.index('<way id="1002"') : slow.roads.index('<way id="1003"')]
    less = replace(slow, roads=slow.roads.replace(row, ""))
    found, _ = between(drive.read(tmp_path / "old"), less.later().read(tmp_path / "new"))
    check_sums(found)
    assert moved(found) == {"roads", "parameters"}


def test_a_snapshot_is_not_held_against_the_standards_of_the_other_year(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reaches as far as its own year asks; last year's longer cutoffs on this year's roads are no fault."""
    old = Year().said("minutes = 5", "minutes = 50").read(tmp_path / "old")
    new = EDITS["roads"](Year(), np.random.default_rng(1)).later().read(tmp_path / "new")
    place = {"place": "x", "file": f"{tmp_path}/snapshots/x/roads.osm.pbf"}
    new = replace(new, loaded=replace(new.loaded, merged={**new.loaded.merged, "roads": place}))
    assert list(snapshot.faults(new.loaded)), "as a scenario it would be refused"
    asked = []

    def read(loaded: Any, _: object) -> Any:
        asked.append(loaded)
        return new.networks

    monkeypatch.setattr(planner.hybrids, "read_networks", read)
    new = replace(new, scenario=new.scenario.model_copy(update={"roads": _slower(new.scenario.roads)}))
    check_sums(between(old, new)[0])
    assert asked
    assert not [fault for loaded in asked for fault in snapshot.faults(loaded)]


def _slower(roads: Any) -> Any:
    return roads.model_copy(update={"walk_kph": Decimal(3), "island_min_m": Decimal(10)})


def test_a_standard_that_drives_for_the_first_time_gets_its_roads(tmp_path: Path) -> None:
    drive = Year().said("minutes = 5", 'mode = "drive"\nminutes = 1').later()
    found, _ = between(Year().read(tmp_path / "old"), drive.read(tmp_path / "new"))
    check_sums(found)
    assert moved(found) == {"standards"}


def test_a_standard_of_one_year_alone_counts_nothing_in_the_other(tmp_path: Path) -> None:
    other = Year().said('id = "walk-5"', 'id = "walk-five"').said('standard = "walk-5"', 'standard = "walk-five"')
    found, _ = between(Year().read(tmp_path / "old"), other.later().read(tmp_path / "new"))
    check_sums(found)
    assert by_cause(found, LAST).loc[("city", "", "walk-five"), "communities"] == 0
    assert by_cause(found, "standards").loc[("city", "", "walk-five"), "communities"] == 16
    assert by_cause(found, NOW).loc[("city", "", "walk-5"), "communities"] == 0
    assert by_cause(found, CHANGE)["rate_tenths"].isna()[("city", "", "walk-five")]
    assert not by_cause(found, CHANGE).loc[("city", "", ""), COUNTS].any(), "under another name it asks the same"


# --- communities -------------------------------------------------------------------------------------------------

U = "0000000000{}".format


def row_of(found: Changes, unit: str) -> dict[str, Any]:
    (row,) = found.communities[found.communities["unit_id"] == unit].to_dict("records")
    return {str(name): value for name, value in row.items()}


def with_units(year: Year, **units: dict[str, str]) -> Year:
    """Change cells of all points of some communities: u00 -> column -> text."""
    cells = {row["demand_id"]: units.get(f"u{row['unit_id'][-2:]}", {}) for row in year.demand}
    return year.edited("demand", **cells)


def test_a_code_that_turns_from_village_to_town_is_a_cause_of_its_own(tmp_path: Path) -> None:
    first = with_units(Year(), u00={"setting": "220"})
    found, _ = between(
        first.read(tmp_path / "old"), with_units(first, u00={"setting": "112"}).later().read(tmp_path / "new")
    )
    assert moved(found) == {"units"}
    row = row_of(found, U("00"))
    assert (row["setting_before"], row["setting"], row["kind"]) == ("rural", "urban", "same")
    assert by_cause(found, "units").loc[("city", "", "rural"), "communities"] == -1
    assert by_cause(found, "units").loc[("city", "", "walk-5"), "communities"] == 1


def test_merged_communities_bring_all_their_states(tmp_path: Path) -> None:
    """00 meets the standard, 11 does not; as one they do not. 33 is gone, and nobody says why."""
    old = Year().read(tmp_path / "old")
    into = {"unit_id": U("11"), "town": "西区镇", "district": "西区"}
    year = with_units(Year(), u00=into)
    year = replace(year, demand=[row for row in year.demand if row["unit_id"] != U("33")], links=((U("00"), U("11")),))
    found, _ = between(old, year.later().read(tmp_path / "new"), year.links)
    row = row_of(found, U("11"))
    assert (row["kind"], row["old_codes"], row["state_before"]) == ("merged", f"{U('00')};{U('11')}", "met;unmet")
    assert row["causes"] == (("units", "met;unmet", row["state"]),)
    gone = row_of(found, "")
    assert (gone["kind"], gone["old_codes"], gone["state"]) == ("gone", U("33"), "")
    assert gone["causes"] == (("units", "unmet", ""),)
    assert found.known.unlisted_gone == (U("33"),)
    assert by_cause(found, CHANGE).loc[("city", "", ""), "communities"] == -2


def test_points_that_change_hands_without_a_line_are_counted_once_in_the_end(tmp_path: Path) -> None:
    """33 is gone and its points stand in 32 now, under the same ids: until units change both years have them."""
    year = with_units(Year(), u33={"unit_id": U("32")})
    found, _ = between(Year().read(tmp_path / "old"), year.later().read(tmp_path / "new"))
    check_sums(found)
    assert moved(found) == {"people", "units"}
    assert by_cause(found, CHANGE).loc[("city", "", ""), "people"] == 0
    assert by_cause(found, "people").loc[("city", "", ""), "people"] > 0


def test_a_new_code_and_more_people_are_told_apart(tmp_path: Path) -> None:
    year = with_units(Year(), u00={"unit_id": "900000000000", "people": "1"})
    year = replace(year, links=((U("00"), "900000000000"),))
    found, _ = between(Year().read(tmp_path / "old"), year.later().read(tmp_path / "new"), year.links)
    assert row_of(found, "900000000000")["kind"] == "recoded"
    assert moved(found) == {"people"}, "a code alone changes no figure"


def test_field_checks_come_last_and_only_where_there_are_any(tmp_path: Path) -> None:
    old = Year().read(tmp_path / "old")
    path = Year().later().write(tmp_path / "new", '\n[demand.verdicts]\nfile = "checks.csv"\n')
    header = "编号,标准编号,核查结论,核查人,核查日期\n"
    lines = "".join(f"D{row}{column},walk-5,达标,张,2026-05-01\n" for row in (6, 7) for column in (6, 7))
    (tmp_path / "new" / "checks.csv").write_text(header + lines, encoding="utf-8")
    new = inputs.read(path, quiet)
    found, _ = between(old, new)
    check_sums(found)
    assert found.causes == CAUSES
    assert moved(found) == {"checks"}
    assert row_of(found, U("33"))["causes"] == (("checks", "unmet", "met"),)
    back, _ = between(new, replace(old, scenario=new.scenario))
    check_sums(back)
    assert moved(back) == {"checks"}, "last year's checks hold until this year's go before them"


# --- a real city -------------------------------------------------------------------------------------------------


def test_jinan_in_two_years(tmp_path: Path) -> None:
    """Half of the offices, a tenth fewer people and slower walking last year: the real roads are read and kept once."""
    data = shared_data("jinan", "roads.osm.pbf").parent
    (tmp_path / "new").mkdir()
    new = inputs.read(write_scenario(data, tmp_path / "new"), quiet)
    (tmp_path / "old").mkdir()
    path = write_scenario(data, tmp_path / "old")
    offices = (data / "hrss_offices.csv").read_text(encoding="utf-8-sig").splitlines()
    (tmp_path / "old" / "offices.csv").write_text("\n".join([offices[0], *offices[1::2]]) + "\n", encoding="utf-8")
    text = path.read_text(encoding="utf-8").replace("2026-06-30", "2025-06-30")
    text = text.replace((data / "hrss_offices.csv").as_posix(), "offices.csv")
    path.write_text(text.replace("\n[demand]", "walk_kph = 3.5\n\n[demand]", 1), encoding="utf-8")
    demand = rows_of((tmp_path / "old" / "demand.csv").read_text(encoding="utf-8-sig"))
    fewer = [row | {"people": str(int(row["people"]) * 9 // 10)} for row in demand if row["demand_id"][-1] != "7"]
    replace(Year(), demand=fewer).write(tmp_path / "rows")
    (tmp_path / "rows" / "demand.csv").replace(tmp_path / "old" / "demand.csv")
    found, told = between(inputs.read(path, quiet), new)
    check_sums(found)
    assert moved(found) == {"people", "units", "sites", "parameters"}
    assert told.count("snap") <= 4
    assert by_cause(found, "sites").loc[("city", "", ""), "met"] > 0
    assert by_cause(found, "parameters").loc[("city", "", ""), "met"] > 0
    told_of = changetables.record(found, inputs.read(path, quiet), new)
    assert {one["key"] for one in told_of["settings"]} == {"roads.walk_kph"}
    sentence = changetables.sentences(told_of, {}, "zh")[0]
    assert "区划及城乡代码调整" in sentence
    assert "标准及参数调整+" in sentence


def test_what_was_set_otherwise_is_listed(tmp_path: Path) -> None:
    year = Year().said("minutes = 5", "minutes = 6")
    year = year.said('file = "roads.osm"\n', 'file = "roads.osm"\nwalk_kph = 4\nsnap_max_m = 90\n')
    old, new = Year().read(tmp_path / "old"), year.later().read(tmp_path / "new")
    told = changetables.record(between(old, new)[0], old, new)
    assert told["settings"] == [
        {"key": "roads.snap_max_m", "last": "500", "now": "90"},
        {
            "key": "standard.walk-5",
            "last": "urban residents walk road 5 min station;e_station",
            "now": "urban residents walk road 6 min station;e_station",
        },
    ]


def test_sentence_five_is_made_of_printed_differences(tmp_path: Path) -> None:
    year = with_units(Year().edited("sites", E2={"operating": "正常"}), u33={"setting": "122"})
    old = with_units(Year(), u33={"setting": "210"}).read(tmp_path / "old")
    new = year.later().read(tmp_path / "new")
    found, _ = between(old, new)
    told = changetables.record(found, old, new)
    lines = changetables.sentences(told, {"walk-5": "城区步行5分钟", "rural": "乡村0.6公里"}, "zh")
    assert lines[0] == (
        "各判定标准合计，社区达标率上年6.2%、今年18.7%，与上年相比变化+12.5个百分点，其中网点增减+12.5。"
    )
    assert lines[1] == "可评定社区16个，其中达标3个（增加2个）。"
    assert "按“乡村0.6公里”口径，今年没有可评定的社区。" in lines, "nobody is rural any more"
    whole = [row for row in told["figures"] if row["standard"] == ""]
    alike = told | {"figures": [*whole, *(row | {"standard": "walk-5"} for row in whole)]}
    assert not [line for line in changetables.sentences(alike, {}, "zh") if "判定标准合计" in line]
    english = changetables.sentences(told, {}, "en")
    assert len(english) == len(lines)
    assert "+12.5 percentage points, of which outlets +12.5" in english[0]
    assert told["outlets"] == {"last": 1, "now": 2, "opened": 1, "closed": 0}
    table = changetables.changes_table(found, "zh").set_index("unit_id")
    assert table.loc[U("33"), "told"] == "城乡分类：乡村→城镇；网点增减：不达标→达标"
    assert table.loc[U("33"), "causes"] == "sites:unmet>met"
    columns = changetables.ledger_columns(found, "zh")
    assert list(columns.loc[U("33")]) == [U("33"), "不达标", "城乡分类：乡村→城镇；网点增减：不达标→达标"]


def test_new_and_merged_communities_are_told_in_words(tmp_path: Path) -> None:
    year = with_units(Year(), u00={"unit_id": "900000000000"}, u11={"unit_id": U("10")})
    found, _ = between(Year().read(tmp_path / "old"), year.later().read(tmp_path / "new"), ((U("11"), U("10")),))
    told = changetables.record(found, Year().read(tmp_path / "old"), year.later().read(tmp_path / "new"))
    assert "区划：撤并形成1个、新设1个、撤销1个。" in changetables.sentences(told, {}, "zh"), "nothing of what is none"
    columns = changetables.ledger_columns(found, "zh")
    assert list(columns.loc["900000000000"]) == ["", "", "新设；区划及城乡代码调整：未列入→达标"]
    assert list(columns.loc[U("10")]) == [f"{U('10')};{U('11')}", "不达标", "撤并"]
    assert set(changetables.changes_table(found, "en")["told"]) >= {"merged", "new; units and codes: not counted → met"}


def test_a_record_that_says_otherwise_than_its_inputs_is_told(tmp_path: Path) -> None:
    old, new = Year().read(tmp_path / "old"), Year().later().read(tmp_path / "new")
    rows = [{"standard": "", "met": 1, "assessable": 16}, {"standard": "walk-5", "met": 7, "assessable": 16}]
    beside = [rows[1] | {"variant": "kph-4"}, rows[1] | {"group": "old"}]
    found, _ = between(old, new, record={"figures": [*rows, *beside]})
    assert found.differs == (("walk-5", (7, 16), (1, 16)),)
    lines = changetables.sentences(changetables.record(found, old, new), {}, "zh")
    assert lines[0] == "按“walk-5”口径，社区达标率上年6.2%、今年6.2%，与上年持平。"
    assert [line for line in lines if "原记达标7/可评定16，重算1/16" in line]


def test_years_that_share_no_community_or_have_no_outlet(tmp_path: Path) -> None:
    other = replace(Year(), demand=[row | {"unit_id": f"5{row['unit_id'][1:]}"} for row in Year().demand])
    old, new = Year().read(tmp_path / "old"), other.later().read(tmp_path / "new")
    found, _ = between(old, new)
    check_sums(found)
    assert found.communities["kind"].value_counts().to_dict() == {"new": 16, "gone": 16}
    assert moved(found) == set(), "the same people stand at the same places"
    closed = Year().edited("sites", E1={"operating": "停运"})
    none, _ = between(closed.read(tmp_path / "closed"), old)
    check_sums(none)
    assert by_cause(none, LAST).loc[("city", "", ""), ["met", "covered", "rate_tenths"]].tolist() == [0, 0, 0]
    assert moved(none) == {"sites"}
