"""Driving speeds: the grammar of maxspeed, the speeds of classes, and the times that come of them."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from osmnx import routing

from planner import inputs, network, sourceschema, speeds
from planner.errors import ScenarioError
from planner.record import roads_record
from planner.speeds import CLASS_KPH, way_kph
from runs import run_scenario
from shared_data import roads_file
from town import SCENARIO, write_town

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from planner.roads import Roads

UNITS = {"": Fraction(1), "km/h": Fraction(1), "kmh": Fraction(1), "kph": Fraction(1)}
UNITS |= {"mph": Fraction("1.609344"), "knots": Fraction("1.852")}
READABLE = ("50", "30 mph", "12.5", "walk", "CN:urban", "DE:zone30", "20 knots")
UNREADABLE = (
    "signals", "variable", "none", "fast", "", " ", "nan", "inf", "1e2", "1_000", "+50", "0x20", ".5", "5.", "50,5",
    "５０", "٥٠", "50\n", "50|60", "50-60", "50 km / h", "50  mph", "50 MPH", "050050", "201", "125 mph", "0.999",
    "XX:urban", "cn:urban", "CN:trunk", "CN:zone", "GB:zone20", "GB:nsl_single", "CN:zone201", "WALK",
    "50 @ (22:00-06:00)",
)  # fmt: skip
NOT_POSITIVE = ("0", "-5", "0 mph", "-0", "0.000", "CN:zone0", "-3.5 knots")


def read(maxspeed: str | None, highway: str = "residential") -> tuple[float, str]:
    return way_kph(highway, maxspeed, CLASS_KPH)


# --- The grammar ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("maxspeed", "kph"),
    [
        ("50", 50.0),
        ("050", 50.0),
        ("37.5", 37.5),
        ("50 km/h", 50.0),
        ("50kmh", 50.0),
        ("50 kph", 50.0),
        ("30 mph", 48.28032),
        ("30mph", 48.28032),
        ("10 knots", 18.52),
        ("1", 1.0),
        ("200", 200.0),
        ("walk", 7.0),
        ("CN:walk", 7.0),
        ("CN:urban", 50.0),
        ("CN:rural", 70.0),
        ("CN:motorway", 120.0),
        ("DE:motorway", 130.0),
        ("LI:rural", 80.0),
        ("CN:zone30", 30.0),
        ("DE:zone:30", 30.0),
        ("60;40", 40.0),
        ("60; CN:urban ;walk", 7.0),
        (" 50 ", 50.0),
    ],
)
def test_what_the_grammar_reads(maxspeed: str, kph: float) -> None:
    assert read(maxspeed) == (kph, "maxspeed")


@pytest.mark.parametrize("highway", ["residential", "primary", "steps"])
@pytest.mark.parametrize("maxspeed", UNREADABLE)
def test_what_it_does_not_read_falls_to_the_class(maxspeed: str, highway: str) -> None:
    assert read(maxspeed, highway) == (CLASS_KPH.get(highway, CLASS_KPH["other"]), "unreadable")


@pytest.mark.parametrize("maxspeed", NOT_POSITIVE)
def test_zero_and_less_are_refused_and_told_apart(maxspeed: str) -> None:
    assert read(maxspeed) == (30.0, "not_positive")
    assert read(f"50;{maxspeed}") == (30.0, "not_positive")
    assert read(f"{maxspeed};signals") == (30.0, "unreadable")


@pytest.mark.parametrize("highway", ["motorway", "trunk"])
def test_no_limit_counts_where_a_road_may_have_none(highway: str) -> None:
    assert read("none", highway) == (130.0, "maxspeed")
    assert read("none;80", highway) == (80.0, "maxspeed")


def test_a_way_without_the_tag_takes_the_speed_of_its_class() -> None:
    assert {name: way_kph(name, None, CLASS_KPH) for name in CLASS_KPH} == {
        name: (kph, "class") for name, kph in CLASS_KPH.items()
    }
    assert read(None, "service") == (CLASS_KPH["other"], "class")


@given(
    number=st.decimals(min_value=-250, max_value=250, places=2), unit=st.sampled_from(sorted(UNITS)), gap=st.booleans()
)
def test_numbers_are_read_exactly(number: object, unit: str, gap: bool) -> None:  # noqa: FBT001
    exact = Fraction(str(number)) * UNITS[unit]
    kph, source = read(f"{number}{' ' * (gap and bool(unit))}{unit}")
    if exact <= 0:
        assert source == "not_positive"
    elif 1 <= exact <= 200:
        assert source == "maxspeed"
        assert kph == pytest.approx(float(exact), rel=1e-15)
    else:
        assert source == "unreadable"


@given(st.lists(st.sampled_from(READABLE + UNREADABLE[:3] + NOT_POSITIVE[:2]), min_size=1, max_size=5))
def test_a_list_is_as_slow_as_its_slowest_once_all_are_read(values: list[str]) -> None:
    each = [read(value) for value in values]
    kph, source = read(";".join(values))
    found = {source for _, source in each}
    assert (kph, source) == read("; ".join(reversed(values)))
    if "unreadable" in found:
        assert source == "unreadable"
    elif "not_positive" in found:
        assert source == "not_positive"
    else:
        assert (kph, source) == (min(kph for kph, _ in each), "maxspeed")


@given(st.text() | st.from_regex(r"[0-9A-Za-z:;. /-]{0,20}", fullmatch=True), st.sampled_from([*CLASS_KPH, "service"]))
def test_no_text_is_more_than_a_believed_speed_or_that_of_the_class(text: str, highway: str) -> None:
    kph, source = way_kph(highway, text, CLASS_KPH)
    assert source in {"maxspeed", "unreadable", "not_positive"}
    if source == "maxspeed":
        assert speeds.SLOWEST_KPH <= kph <= speeds.FASTEST_KPH
    else:
        assert kph == CLASS_KPH.get(highway, CLASS_KPH["other"])


@pytest.mark.parametrize("maxspeed", ["50", "37.5", "30 mph", "30mph", "50 km/h", "50kph", "110kmh"])
def test_numbers_agree_with_osmnx(maxspeed: str) -> None:
    assert read(maxspeed)[0] == pytest.approx(routing._clean_maxspeed(maxspeed), rel=1e-5)


def test_legal_limits_agree_with_osmnx_but_where_it_does_not_follow_the_law() -> None:
    theirs: Mapping[str, float] = routing._IMPLICIT_MAXSPEEDS
    differing = {code for code, kph in speeds._LEGAL_KPH.items() if code in theirs and theirs[code] != kph}
    # OSMnx slows Germany's country roads and motorways and France's motorways down, and calls 15 km/h walking pace
    assert differing == {"DE:rural", "DE:motorway", "DE:living_street", "FR:motorway"}
    assert len(theirs.keys() & speeds._LEGAL_KPH.keys()) >= 20


# --- The classes ---------------------------------------------------------------------------------------------


def test_a_scenario_may_name_just_the_classes_that_have_a_speed() -> None:
    assert list(sourceschema.ClassSpeedsSection.model_fields) == list(CLASS_KPH)


def test_overrides_stand_in_place_of_the_classes_own() -> None:
    found = speeds.with_overrides({"primary": 45.0, "other": 12.0})
    assert found == {**CLASS_KPH, "primary": 45.0, "other": 12.0}
    assert way_kph("primary", None, found) == (45.0, "class")
    assert way_kph("service", "signals", found) == (12.0, "unreadable")
    assert way_kph("primary", "60", found) == (60.0, "maxspeed")
    assert speeds.with_overrides({}) == CLASS_KPH


@pytest.mark.parametrize("overrides", [{"primry": 50.0}, {"primary": 0.5}, {"primary": 201.0}, {"other": float("nan")}])
def test_overrides_that_are_no_speeds_are_refused(overrides: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(overrides))):
        speeds.with_overrides(overrides)


# --- Real roads ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"), [("coquimbo", (0, 19_846)), ("jinan", (0, 16_661)), ("liechtenstein", (323, 1_339))]
)
def test_how_real_speeds_are_found(name: str, expected: tuple[int, int]) -> None:
    report = network.read_roads(roads_file(name), "drive").report
    assert (report.speed_maxspeed, report.speed_class) == expected
    assert (report.speed_unreadable, report.speed_not_positive) == (0, 0)
    assert sum(expected) == report.ways_kept


# --- From the scenario to the second -------------------------------------------------------------------------

TAGS = (None, "50", "signals", "0", "25.5", "30 mph", "CN:urban", "60;45", "walk")
DRIVE = '\n[[standard]]\nid = "drive-2"\nmode = "drive"\nminutes = 2\nserved_by = ["station"]\n'


def write_speedy_town(folder: Path, factor: str, more: str = "") -> Path:
    """Write the town with a limit on each street of the grid, and a standard to drive by."""
    roads = f'file = "roads.osm"\ndrive_factor = {factor}\n{more}'
    path = write_town(folder, SCENARIO.replace('file = "roads.osm"', roads) + DRIVE)
    first, *streets = (folder / "roads.osm").read_text(encoding="utf-8").split('<tag k="highway"')
    for number, rest in enumerate(streets):
        limit = TAGS[number % len(TAGS)]
        first += (f'<tag k="maxspeed" v="{limit}"/>' if limit else "") + '<tag k="highway"' + rest
    (folder / "roads.osm").write_text(first, encoding="utf-8")
    return path


def drive_network(path: Path) -> Roads:
    return inputs.read(path, lambda _step: None).networks["drive"]


def exact_ms(roads: Roads, factor: str, class_kph: Mapping[str, float]) -> list[Fraction]:
    """Milliseconds of every segment before they are rounded."""
    kph = {way: way_kph("residential", TAGS[(way - 1001) % len(TAGS)], class_kph)[0] for way in range(1001, 1019)}
    return [
        Fraction(int(mm)) * Fraction("3.6") / (Fraction(kph[int(way)]) * Fraction(factor))
        for mm, way in zip(roads.length_mm, roads.way_id, strict=True)
    ]


@pytest.mark.parametrize(
    ("factor", "more", "class_kph"),
    [
        ("1.0", "", {}),
        ("0.7", "", {}),
        ("0.05", "class_kph = { residential = 12.5 }", {"residential": 12.5}),
        ("0.35", "class_kph = { other = 200, primary = 1 }", {}),
    ],
)
def test_times_are_lengths_over_speed_and_factor_rounded_once(
    tmp_path: Path, factor: str, more: str, class_kph: Mapping[str, float]
) -> None:
    roads = drive_network(write_speedy_town(tmp_path, factor, more))
    assert roads.n_edges == 144
    for ms, exact in zip(roads.drive_ms, exact_ms(roads, factor, {**CLASS_KPH, **class_kph}), strict=True):
        assert abs(int(ms) - exact) <= Fraction(1, 2) + Fraction(1, 10**6)


def test_a_slower_rush_hour_reaches_fewer(tmp_path: Path) -> None:
    covered = []
    for factor in ("0.2", "0.5", "1.0"):
        found = inputs.read(write_speedy_town(tmp_path / factor, factor), lambda _step: None)
        frame = found.sites.frame
        sites = frame[frame["open_today"]]
        travel = network.travel(found.networks["drive"], found.demand.frame, sites, cutoff_s=120)
        covered.append(set(travel["demand_id"]))
    assert covered[0] < covered[1] < covered[2]


def test_run_json_says_how_speeds_were_found(tmp_path: Path) -> None:
    found = inputs.read(write_speedy_town(tmp_path, "0.7", "class_kph = { residential = 12 }"), lambda _step: None)
    record = roads_record(found.networks)
    assert {key: value for key, value in record["drive"].items() if key.startswith("speed_")} == {
        "speed_maxspeed": 12,
        "speed_class": 2,
        "speed_unreadable": 2,
        "speed_not_positive": 2,
    }
    assert not any(key.startswith("speed_") for key in record["walk"])
    assert found.scenario.roads.speeds_kph == {**CLASS_KPH, "residential": 12.0}


def test_a_result_keeps_the_speeds_that_it_was_made_with(tmp_path: Path) -> None:
    path = write_speedy_town(tmp_path, "0.7", "class_kph = { residential = 12 }")
    folder = run_scenario(path, tmp_path / "out").folder
    again = inputs.read(folder / "scenario.toml", lambda _step: None)
    assert again.scenario.roads.speeds_kph == {**CLASS_KPH, "residential": 12.0}
    assert (again.networks["drive"].drive_ms == drive_network(path).drive_ms).all()


def test_a_wrong_class_does_not_hide_the_faults_of_the_roads(tmp_path: Path) -> None:
    path = write_speedy_town(tmp_path, "0.7", "class_kph = { primry = 50 }")
    (tmp_path / "roads.osm").write_text("<osm version='0.6'></osm>", encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        inputs.read(path, lambda _step: None)
    assert [fault.code for fault in caught.value.faults] == ["unknown_key", "road_none"]
