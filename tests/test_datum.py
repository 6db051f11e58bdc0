"""The datum test: which system of coordinates puts points nearest to the roads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import town
from jinan import read_rows, write_rows
from oracle import Segment, make_roads
from planner import checklines, pipeline
from planner.coordinates import SYSTEMS, from_wgs84, to_wgs84
from planner.datum import LEAST_PLACES, Datum, by_file, datum_of
from planner.osmfile import read_roads
from shared_data import shared_data
from town import SCENARIO, write_town

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from planner.coordinates import System
    from planner.roads import Roads

    Floats = NDArray[np.float64]

NORTH = (117.0, 36.65)  # Jinan, where GCJ-02 lies some 600 m away
HERE = (10.0, 50.0)  # Germany
SIZE = 9
# degrees between streets, and from a home to its street: some 20 m. The shift to the north is small here, so that homes
# beside streets that run east stay near them in a wrong system; those beside streets that run north do not.
STEP = 0.01
BESIDE = 0.0002


def streets(corner: tuple[float, float]) -> Roads:
    """Streets from north to south and from west to east, about 1 km apart."""
    places = [(corner[0] + column * STEP, corner[1] + row * STEP) for row in range(SIZE) for column in range(SIZE)]
    ends = [(k, k + 1) for k in range(SIZE * SIZE) if k % SIZE < SIZE - 1]
    ends += [(k, k + SIZE) for k in range(SIZE * (SIZE - 1))]
    return make_roads("walk", places, [Segment(k, u, v) for k, (u, v) in enumerate(ends)])


def homes(corner: tuple[float, float], count: int = 40) -> tuple[Floats, Floats]:
    """Points a few metres beside the streets, WGS-84: half of them beside those to the north, half to the east."""
    rng = np.random.default_rng(7)
    along, street = rng.uniform(0.5, SIZE - 1.5, count) * STEP, rng.integers(1, SIZE - 1, count) * STEP + BESIDE
    east = np.arange(count) % 2 == 0
    return corner[0] + np.where(east, along, street), corner[1] + np.where(east, street, along)


def written(system: System, count: int = 40) -> tuple[Floats, Floats]:
    return from_wgs84(*homes(NORTH, count), system)


@pytest.mark.parametrize("truth", ["wgs84", "gcj02", "bd09"])
@pytest.mark.parametrize("stated", SYSTEMS)
def test_the_system_that_points_were_written_in_is_found(truth: System, stated: System) -> None:
    found = datum_of(streets(NORTH), *written(truth), stated)
    assert found.best == truth
    assert (found.points, found.tested) == (40, 40)
    assert found.medians_m[truth] < 25
    assert min(median for system, median in found.medians_m.items() if system != truth) > 30
    right = stated == truth or (stated, truth) == ("cgcs2000", "wgs84")
    assert found.verdict == ("agrees" if right else "other")


def test_a_lead_that_is_not_clear_raises_no_doubt() -> None:
    # homes spread evenly between the streets are as near in every system, up to chance
    rng = np.random.default_rng(3)
    lon, lat = (start + rng.uniform(1, SIZE - 2, 400) * STEP for start in NORTH)
    roads = streets(NORTH)
    found = {system: datum_of(roads, lon, lat, system) for system in ("wgs84", "gcj02", "bd09")}
    assert sorted(datum.verdict for datum in found.values()) == ["agrees", "unclear", "unclear"]


def test_points_outside_china_are_not_testable() -> None:
    lon, lat = homes(HERE)
    assert datum_of(streets(HERE), lon, lat, "gcj02") == Datum(40, 0, {}, None, "outside")
    none = np.array([np.nan])
    assert datum_of(streets(NORTH), none, none, "wgs84") == Datum(0, 0, {}, None, "outside")


def test_too_few_places_say_nothing() -> None:
    roads, (lon, lat) = streets(NORTH), written("gcj02", LEAST_PLACES)
    lon[-8:], lat[-8:] = (values[-8:] for values in written("wgs84", LEAST_PLACES))  # the evidence is not overwhelming
    assert datum_of(roads, lon, lat, "wgs84").verdict == "other"
    assert datum_of(roads, lon[1:], lat[1:], "wgs84") == Datum(19, 19, {}, None, "too_few")
    # many rows at one place are one place; a place far from all roads is none
    lon, lat = np.append(np.repeat(lon[1:], 3), NORTH[0] - 1), np.append(np.repeat(lat[1:], 3), NORTH[1])
    assert datum_of(roads, lon, lat, "wgs84") == Datum(58, 19, {}, None, "too_few")


@pytest.mark.parametrize(("count", "off", "verdict"), [
    (4, 0, "too_few"), (5, 0, "other"), (9, 1, "too_few"), (10, 1, "other"), (19, 2, "too_few"),
])  # fmt: skip
def test_few_places_are_doubted_where_nearly_all_of_them_speak(count: int, off: int, verdict: str) -> None:
    # beside streets that run north: the shift of some 600 m to the east puts all of them far off; some stand elsewhere
    lon, lat = (values[1::2][:count].copy() for values in homes(NORTH, 60))
    lon[:off], lat[:off] = to_wgs84(lon[:off], lat[:off], "gcj02")
    found = datum_of(streets(NORTH), *from_wgs84(lon, lat, "gcj02"), "wgs84")
    assert (found.tested, found.verdict, bool(found.medians_m)) == (count, verdict, verdict == "other")
    assert datum_of(streets(NORTH), *from_wgs84(lon, lat, "gcj02"), "gcj02").verdict in {"too_few", "unclear"}


def test_each_file_goes_back_to_its_own_system() -> None:
    lon, lat = homes(NORTH)
    # the second file was written in WGS-84 and read as GCJ-02; its first row lies far away, its last has no place
    read_lon, read_lat = to_wgs84(lon, lat, "gcj02")
    read_lon[0] -= 1
    points = gpd.GeoSeries(gpd.points_from_xy(np.append(lon, read_lon), np.append(lat, read_lat)), crs=4326)
    points.iloc[-1] = None
    file = pd.Series(["a.csv"] * 40 + ["b.csv"] * 40)
    stated: dict[str, System | None] = {"a.csv": "bd09", "b.csv": "gcj02"}
    table = gpd.GeoDataFrame(geometry=points)
    (name, first, off), (_, second, more_off) = by_file(streets(NORTH), table, file, stated, 500.0)
    assert (name, first.best, first.verdict, off) == ("a.csv", "bd09", "agrees", 0)
    assert (second.points, second.tested, second.best, second.verdict, more_off) == (39, 38, "wgs84", "other", 1)
    ((_, mixed, _), *_) = by_file(streets(NORTH), table, file, {"a.csv": None}, 500.0)
    assert mixed == Datum(40, 0, {}, None, "mixed")


# --- check ---------------------------------------------------------------------------------------------------


def test_check_says_that_nothing_can_be_tested_outside_china(tmp_path: Path) -> None:
    found = pipeline.check(write_town(tmp_path), tmp_path / "out")
    assert [(item["path"], item["verdict"], item["too_far"]) for item in found["datum"]] == [
        ("demand.csv", "outside", 0),
        ("sites.csv", "outside", 0),
    ]
    assert found["doubts"] == []
    assert sum("没有点在中国范围内" in line for line in checklines.lines(found)) == 2


def write_shifted_town(folder: Path, scenario: str) -> Path:
    """Write the town as if it stood in Jinan, its people in GCJ-02 with one far out, its sites in WGS-84."""
    path = write_town(folder, scenario)
    rows = read_rows(folder / "demand.csv")
    for row in rows:
        lon, lat = from_wgs84(float(row["lon"]), float(row["lat"]), "gcj02")
        row.update(lon=f"{lon:.6f}", lat=f"{lat:.6f}")
    rows[-1]["lat"] = f"{NORTH[1] + 0.05:.6f}"
    write_rows(folder / "demand.csv", list(rows[0]), rows)
    return path


@pytest.mark.parametrize("language", ["zh", "en"])
def test_check_doubts_a_table_in_another_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    monkeypatch.setattr(town, "LON", NORTH[0])
    monkeypatch.setattr(town, "LAT", NORTH[1])
    text = SCENARIO.replace('name = "town"', f'name = "town"\nlanguage = "{language}"', 1)
    scenario = write_shifted_town(tmp_path, text)
    found = pipeline.check(scenario, tmp_path / "out")
    people, sites = found["datum"]
    assert (people["stated"], people["best"], people["verdict"]) == ("wgs84", "gcj02", "other")
    assert people["medians_m"]["gcj02"] < 25
    assert (people["points"], people["tested"]) == (64, 63)
    assert people["too_far"] >= 1
    assert (sites["verdict"], sites["medians_m"]) == ("too_few", {})
    (doubt,) = found["doubts"]
    assert "demand.csv" in doubt["place"]
    assert "GCJ-02" in doubt["what"]
    assert "coordinates" in doubt["place"] + doubt["cure"]
    assert "gcj02" in doubt["cure"]
    lines = list(checklines.lines(found))
    assert sum("BD-09" in line for line in lines) == 1
    assert sum("超过 500 米" in line or "farther than 500 m" in line for line in lines) == 1
    assert sum(doubt["what"] in line for line in lines) == 1


def test_points_that_were_spread_say_nothing_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(town, "LON", NORTH[0])
    monkeypatch.setattr(town, "LAT", NORTH[1])
    scenario = write_shifted_town(tmp_path, SCENARIO)
    rows = [{**row, "placed": "own"} for row in read_rows(tmp_path / "demand.csv")]
    rng = np.random.default_rng(1)
    for number, (east, north) in enumerate(rng.uniform(0, 8, (200, 2))):
        lon, lat = NORTH[0] + east * town.STEP_LON, NORTH[1] + north * town.STEP_LAT
        spot = {"demand_id": f"X{number}", "lon": f"{lon:.6f}", "lat": f"{lat:.6f}", "placed": "spread"}
        rows.append({**rows[0], **spot})
    write_rows(tmp_path / "demand.csv", list(rows[0]), rows)
    people = pipeline.check(scenario, tmp_path / "out")["datum"][0]
    assert (people["best"], people["verdict"], people["points"], people["tested"]) == ("gcj02", "other", 64, 63)


# --- Real points ---------------------------------------------------------------------------------------------


def test_jinan_offices_are_gcj02() -> None:
    roads = read_roads(shared_data("jinan", "roads.osm.pbf"))
    rows = [row for row in read_rows(shared_data("jinan", "hrss_offices.csv")) if row["valid"] == "True"]
    lon, lat = (np.array([float(row[name]) for row in rows]) for name in ("lon", "lat"))
    found = datum_of(roads, lon, lat, "wgs84")
    assert (found.best, found.verdict) == ("gcj02", "other")
    assert (found.points, found.tested) == (89, 63)
    assert found.medians_m == {"wgs84": 32.122, "gcj02": 20.019, "bd09": 41.059}
    assert datum_of(roads, lon, lat, "gcj02").verdict == "agrees"
