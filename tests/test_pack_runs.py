"""A full audit of each policy pack on Jinan's real roads, offices and communities."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from typer.testing import CliRunner

import jinan
import packruns
from planner import pipeline
from planner.cli import app
from planner.figures import percent
from planner.packs import library
from planner.policyschema import KnownClause
from planner.standards import need
from runs import run_scenario
from shared_data import shared_data
from test_audit import figure, rows_of, write_all
from town import place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from planner.pipeline import Outcome
    from planner.policyschema import PlaceSection as Place

    Book = Mapping[str, list[tuple[object, ...]]]


def run(folder: Path, name: str) -> Outcome:
    return pipeline.audit(packruns.write(shared_data("jinan"), folder / "in", name), folder / "out")


def told(outcome: Outcome) -> str:
    """All that the first sheet of the ledger says."""
    book = openpyxl.load_workbook(outcome.folder / "ledger.xlsx", read_only=True)
    return "\n".join(str(line[0]) for line in book.worksheets[0].iter_rows(values_only=True) if line and line[0])


def check_of(record: Mapping[str, Any], name: str, level: str = "city", scope: str = "") -> dict[str, Any]:
    wanted = (name, level, scope)
    (found,) = [one for one in record["checklists"] if (one["checklist"], one["level"], one["scope"]) == wanted]
    return dict(found)


def reported(folder: Path) -> list[dict[str, str]]:
    return jinan.read_rows(folder / "in" / "ledger.csv")


@pytest.fixture(scope="module")
def weihai(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    folder = tmp_path_factory.mktemp("weihai")
    return folder, run(folder, "weihai-2025")


@pytest.fixture(scope="module")
def jieshou(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    folder = tmp_path_factory.mktemp("jieshou")
    return folder, run(folder, "jieshou-3km")


@pytest.fixture(scope="module")
def hubei(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    folder = tmp_path_factory.mktemp("hubei")
    return folder, run(folder, "hubei-15min")


@pytest.fixture(scope="module")
def hebei(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    folder = tmp_path_factory.mktemp("hebei")
    return folder, run(folder, "hebei-full-employment")


def test_weihai_judges_town_and_country_by_their_own_standard(weihai: tuple[Path, Outcome]) -> None:
    folder, outcome = weihai
    ledger = rows_of(outcome.folder / "communities.csv")
    states = Counter((row["城乡"], row["判定结果"]) for row in ledger)
    for standard, setting in (("urban-walk-15", "城镇"), ("rural-5km", "农村")):
        city = figure(outcome.record, standard=standard)
        assert (city["met"], city["unmet"]) == (states[setting, "达标"], states[setting, "不达标"])
        other = figure(outcome.record, standard=standard, variant="other-metric")
        assert other["met"] >= city["met"]  # no road is shorter than the straight line
    placeless = [row for row in ledger if row["判定结果"] == "无法评定"]
    assert len(placeless) == figure(outcome.record)["unassessable"] > 0
    assert {row["区市"] for row in placeless} == {
        row["district"] for row in jinan.read_rows(folder / "in" / "demand.csv") if not row["lon"]
    }


def test_weihai_plans_fifty_markets_in_three_tiers(weihai: tuple[Path, Outcome]) -> None:
    _, outcome = weihai
    (year,) = outcome.record["missing"]["years"]
    assert year["types"]["零工市场"] == 50
    assert outcome.record["missing"]["status"] in {"optimal", "gap"}


def test_weihai_takes_action_six_items_and_brands_from_the_ledger_alone(weihai: tuple[Path, Outcome]) -> None:
    folder, outcome = weihai
    rows = reported(folder)
    units = {row["unit_id"] for row in jinan.read_rows(folder / "in" / "demand.csv")}
    action = check_of(outcome.record, "action")
    passed = sum(row["是否实施行动"] == "是" for row in rows)
    assert (action["passed"], action["communities"]) == (passed, len(units))
    assert action["missing"] == max(0, need(Fraction(9, 10), len(units)) - passed)
    six = check_of(outcome.record, "six")
    assert six["passed"] == sum(all(row[item] == "是" for item in packruns.SIX) for row in rows)
    (brands,) = [one for one in outcome.record["grants"]["figures"] if one["level"] == "city" and not one["grade"]]
    assert (brands["communities"], brands["quota"], brands["yuan"]) == (20, 20, 1_400_000)
    assert f"占{percent(passed, len(units))}" in told(outcome)
    assert "不由可达性推算" in told(outcome)


def test_a_pack_warns_of_the_state_of_its_document(weihai: tuple[Path, Outcome]) -> None:
    _, outcome = weihai
    (document,) = outcome.record["policy"]["documents"]
    assert document["state"] == "期满"
    own = {entry["key"] for entry in outcome.record["policy"]["inputs"] if entry["own"]}
    assert own == {"goal.urban-people.share", "goal.rural-people.share"}


def test_jieshou_on_one_street(jieshou: tuple[Path, Outcome]) -> None:
    folder, outcome = jieshou
    ledger = rows_of(outcome.folder / "communities.csv")
    assert {row["镇街"] for row in ledger} == {packruns.STREET}
    rows = [row for row in reported(folder) if row["镇街"] == packruns.STREET]
    passed = sum(row["是否认定充分就业社区"] == "是" for row in rows)
    accredited = check_of(outcome.record, "full-employment")
    assert (accredited["passed"], accredited["communities"]) == (passed, len(ledger)) == (passed, len(rows))
    assert (accredited["target"], accredited["year"]) == ("0.70", 2025)
    (award,) = [one for one in outcome.record["grants"]["figures"] if one["level"] == "city"]
    assert award["yuan"] == 6_000 * passed
    circle = figure(outcome.record, standard="circle-3km")
    assert circle["met"] != passed  # accreditation is not reach
    assert figure(outcome.record, standard="circle-3km", variant="other-metric")["met"] >= circle["met"]


def test_hubei_in_two_phases(hubei: tuple[Path, Outcome]) -> None:
    _, outcome = hubei
    first, second = outcome.record["missing"]["years"]
    assert (first["year"], second["year"]) == (2026, 2027)
    assert 0 < first["count"] <= second["count"]
    assert {row["goal"]: row["share"] for row in outcome.record["milestones"]["goals"]} == {"circle-people": "0.85"}
    walk, drive = (figure(outcome.record, standard=name) for name in ("walk-15", "drive-15"))
    assert drive["met"] >= walk["met"]
    assert figure(outcome.record)["met"] == walk["met"]  # driving is information


def test_hebei_is_a_ledger_of_what_is_reported(hebei: tuple[Path, Outcome]) -> None:
    folder, outcome = hebei
    rows = reported(folder)
    part, whole = (sum(int(row[name]) for row in rows) for name in ("实现就业人数", "登记失业和持证人数"))
    rate = check_of(outcome.record, "re-employed")
    assert (rate["part"], rate["whole"], rate["met"]) == (part, whole, 10 * part >= 9 * whole)
    assert outcome.record["policy"]["documents"][0]["state"] == "失效"
    assert outcome.record["milestones"]["goals"] == []


# --- every clause is shown where it says -------------------------------------------------------------------------

MORE = """
[[group]]
id = "hard"
name = "就业困难人员"

[[facility]]
type = "mobile_point"
name = "流动服务点"
build = false

[candidates]
near = ["residents"]
near_count = 2

[audit.previous]
result = "last/town-audit"

[[audit.ledger]]
file = "outlets.csv"
of = "outlets"
"""

HELD = {
    "W1": ("口径对照", "口径", "另一距离口径（道路换直线、直线换道路）"),
    "W2": ("台账填报指标", "条款", "W2"),
    "W3": ("台账填报指标", "条款", "W3"),
    "W4": ("品牌与奖补", "条款", "W4"),
    "W5": ("品牌与奖补", "条款", "W5"),
    "W6": ("数量要求", "条款", "W6"),
    "W7": ("分时段可达", "口径", "夜间（仅供参考）"),
    "W10": ("分人群可达", "人群", "就业困难人员"),
    "J2": ("镇街达标情况", "镇街", packruns.STREET),
    "J3": ("台账指标各年目标", "目标年份", 2022),
    "J4": ("品牌与奖补", "条款", "J4"),
    "H1": ("目标差距", "年度", 2027),
    "H2": ("数量要求", "条款", "H2"),
    "H8": ("分片包干", "专员", "王五"),
    "H9": ("分时段可达", "口径", "午间（仅供参考）"),
    "H10": ("台账填报合计", "合计", 90),
    "B1": ("台账填报指标", "条款", "B1"),
    "B2": ("变化分解", "年份或原因", "变化合计"),
}
"""Clauses of which a row can be told by one cell: sheet, header, cell."""


@pytest.fixture(scope="module")
def full_town(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """What the packs' runs lack: opening hours, a group, a mobile point, officers, last year; a run, and candidates."""
    folder = tmp_path_factory.mktemp("town") / "in"
    path = write_all(folder)
    now = path.read_text(encoding="utf-8")
    path.write_text(now.replace("2026-06-30", "2025-06-30"), encoding="utf-8")
    _change(folder / "sites.csv", lambda lines: [line.replace("停运", "正常") for _, line in lines])
    pipeline.audit(path, folder / "last")
    _change(
        folder / "sites.csv",
        lambda lines: [line.replace("停站,station,existing,正常", "停站,station,existing,停运") for _, line in lines],
    )
    path.write_text(now + MORE, encoding="utf-8")
    _change(folder / "sites.csv", _with_hours)
    (folder / "outlets.csv").write_text("网点编码,服务人次,求职登记,成功对接\nE1,90,40,30\n", encoding="utf-8")
    _change(folder / "demand.csv", lambda lines: [line + (",people_hard" if n == 0 else ",1") for n, line in lines])
    found = [make(path, folder.parent / make.__name__) for make in (pipeline.audit, run_scenario, pipeline.candidates)]
    return [one.folder for one in found]


def _change(path: Path, change: Any) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(change(enumerate(lines))) + "\n", encoding="utf-8")


def _with_hours(lines: Any) -> Iterator[str]:
    for number, line in lines:
        yield line + (",hours" if number == 0 else ",08:00-18:00" if line.startswith("E") else ",")
    yield f"M1,大集流动点,mobile_point,existing,正常,东区,东区镇,,,{place(5, 5)},08:00-12:00"


def book_of(folder: Path) -> Book:
    path = folder / "ledger.xlsx"
    book = openpyxl.load_workbook(path, read_only=True) if path.exists() else ()
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}


def cells_under(book: Book, sheet: str, header: str) -> set[object]:
    rows = book.get(sheet, [])
    at = next((k for k, row in enumerate(rows) if header in row), len(rows))
    return {row[rows[at].index(header)] for row in rows[at + 1 :]} if rows[at:] else set()


def shows(folder: Path, book: Book, place: Place) -> bool:
    """Whether a result has a sheet with rows under all headers of a place, a file with its columns, or the command."""
    if place.sheet:
        rows = book.get(place.sheet, [])
        return any(set(place.see) <= set(row) for row in rows[:-1])
    if place.file:
        path = folder / place.file
        content = path.read_bytes() if path.exists() else b""
        return bool(content) and all(name.encode() in content for name in place.see)
    return CliRunner().invoke(app, [*place.command.split()[1:], "--help"]).exit_code == 0


def test_every_clause_is_shown_where_it_says(
    weihai: tuple[Path, Outcome],
    jieshou: tuple[Path, Outcome],
    hubei: tuple[Path, Outcome],
    hebei: tuple[Path, Outcome],
    full_town: list[Path],
) -> None:
    packs = {"W": weihai, "J": jieshou, "H": hubei, "B": hebei}
    books = {folder: book_of(folder) for folder in (*full_town, *(outcome.folder for _, outcome in packs.values()))}
    for name, clause in library().clauses.items():
        own = packs[clause.document][1].folder
        assert isinstance(clause, KnownClause)
        assert name in cells_under(books[own], "政策依据", "条款")
        assert bool(clause.shown_in) != bool(clause.not_served)
        for one in clause.shown_in:
            assert any(shows(folder, books[folder], one) for folder in (own, *full_town)), (name, one)
        if name in HELD:
            sheet, header, cell = HELD[name]
            assert any(cell in cells_under(books[folder], sheet, header) for folder in (own, *full_town)), name
    assert not [one for one in cells_under(books[own], "政策依据", "体现于") if not one]
    measures = cells_under(books[full_town[0]], "未达标社区及措施", "措施")
    assert any("流动" in str(one) for one in measures)  # W14
