"""A field-check list beside a ledger that was sorted anew: verdicts and places stay with their units."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from planner import placing
from planner.errors import TableError
from planner.standards import Standard
from planner.words import LANGUAGES, tell
from test_placing import demand, faults, sites, source

if TYPE_CHECKING:
    from pathlib import Path

    from planner.placing import Placed

HEAD = "名称,社区代码,镇街,图层,城乡,人口,经度,纬度"
EAST, WEST = "东村,371002001001,甲镇,residents,城镇,100,,", "西村,371002001002,甲镇,residents,城镇,900,,"
NEW = "新村,371002001003,甲镇,residents,城镇,5,,"
LIST = "编号,标准编号,名称,社区代码,镇街,核查结论,核查人,核查日期,经度,纬度,坐标系"
SIGNED = "达标,王,2026-06-01,122.1,37.5,wgs84"
ASKED = [
    Standard(name, "", "walk", "road", "distance", 1_000_000, None, Decimal(1), None, name, ("station",))
    for name in ("residents", "jobs")
]


def read(folder: Path, ledger: list[str], *lines: str, **how: Any) -> Placed:
    table = demand(folder, "\n".join([HEAD, *ledger]), None, **{"id": "row", **how})
    text = "\n".join([LIST, *(f"{line},{SIGNED}" for line in lines)])
    found = placing.place(table, sites(folder), placing.Asked(verdicts=source(folder, "list.csv", text)), ())
    assert found is not None
    return found


def checked(found: Placed) -> list[tuple[str, str]]:
    """Names and codes of the rows that have a verdict; they are those that got its place."""
    frame = found.demand.frame
    assert [row for row in frame["demand_id"] if row in found.verdicts.spots] == [
        line.demand_id for line in sorted(found.verdicts.lines, key=lambda line: line.demand_id)
    ]
    assert (frame["placed"] == "own").tolist() == frame["demand_id"].isin(found.verdicts.spots).tolist()
    rows = frame[frame["placed"] == "own"]
    return list(zip(rows["name"], rows["unit_id"], strict=True))


def codes(found: Placed) -> list[str]:
    doubts = [doubt for doubt in found.demand.doubts if doubt.code.startswith("check_")]
    assert all(tell(doubt, language) for doubt in doubts for language in LANGUAGES)
    return [doubt.code for doubt in doubts]


WEST_LINE = "units-3,residents,西村,371002001002,甲镇"


@pytest.mark.parametrize(
    ("ledger", "line", "doubts"),
    [
        ([EAST, WEST], WEST_LINE, []),
        ([NEW, EAST, WEST], WEST_LINE, ["check_rejoined"]),
        ([WEST, EAST], "units-3,residents,西 村,,", ["check_rejoined"]),  # by its name
        ([WEST], WEST_LINE, ["check_rejoined"]),  # the row of its id is gone
        ([EAST, WEST.replace("西村", "西社区")], WEST_LINE, []),  # a new name, the code is the same
        ([EAST, WEST.replace("371002001002", "")], WEST_LINE, []),
        ([EAST, WEST], "units-3,residents,,,", ["check_by_row"]),
        ([EAST, WEST, NEW.replace("新村,371002001003", "西村,371002001002")], WEST_LINE, ["check_by_row"]),
        ([NEW.replace("新村,371002001003,甲", "西村,,乙"), WEST.replace("371002001002", "")],
         "units-2,residents,西村,,甲镇", ["check_rejoined"]),
        ([WEST.replace("西村", "东区"), WEST], "units-2,residents,西村,371002001002,", ["check_rejoined"]),
    ],
)  # fmt: skip
def test_a_verdict_stays_with_its_unit(ledger: list[str], line: str, doubts: list[str], tmp_path: Path) -> None:
    found = read(tmp_path, ledger, line)
    assert codes(found) == doubts
    ((name, _),) = checked(found)
    assert name.startswith("西")
    assert found.demand.frame.loc[found.demand.frame["placed"] == "own", "people"].tolist() != [100]


def test_verdicts_change_places_with_their_rows(tmp_path: Path) -> None:
    found = read(tmp_path, [WEST, EAST], "units-2,residents,东村,371002001001,", f"{WEST_LINE}")
    assert codes(found) == ["check_rejoined"]
    assert [(line.demand_id, line.row) for line in found.verdicts.lines] == [("units-3", 2), ("units-2", 3)]


@pytest.mark.parametrize(
    ("line", "how", "code"),
    [
        ("units-2,residents,西村,371002001009,", {}, "check_other_point"),  # no row has this code
        ("a,residents,北村,,", {"id": "名称"}, "check_unknown_point"),
        ("东村,residents,北村,,", {"id": "名称"}, "check_other_point"),
        ("units-2,residents,赵村,,", {}, "check_other_point"),  # two rows have this name
        ("units-9,residents,赵村,,", {}, "check_unknown_point"),
    ],
)
def test_a_line_whose_unit_is_not_known_is_a_fault(line: str, how: dict[str, Any], code: str, tmp_path: Path) -> None:
    ledger = [EAST, "赵村,,甲镇,residents,城镇,5,,", "赵村,,乙镇,residents,城镇,5,,"]
    if how:
        ledger = [EAST, WEST]
    with pytest.raises(TableError) as error:
        read(tmp_path, ledger, line, **how)
    assert faults(error) == [(code, 2)]


def test_of_several_layers_the_standard_says_which_row_is_meant(tmp_path: Path) -> None:
    text = "\n".join([HEAD, NEW, WEST, WEST.replace("residents", "jobs")])
    listed = source(tmp_path, "list.csv", f"{LIST}\nunits-2,jobs,西村,371002001002,,{SIGNED}")
    found = placing.place(
        demand(tmp_path, text, None, id="row"), sites(tmp_path), placing.Asked(verdicts=listed), ASKED
    )
    assert found is not None
    assert list(found.verdicts.spots) == ["units-4"]
