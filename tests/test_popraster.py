"""Population rasters: what lies in an area is what exactextract says, and totals are met to the last person."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import exactextract
import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

from planner import popraster
from planner.errors import PlannerError, TableError
from planner.geodesy import project, unproject
from planner.inputs import read
from planner.words import tell
from test_totals import STREETS, quiet, sums, write
from town import LAT, LON, STEP_LAT, STEP_LON

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.errors import Fault

pytestmark = pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")  # rasterio with affine 3

UTM = 32632
X, Y = (float(value) for value in project(LON, LAT, UTM))
RASTER = STREETS.replace('spread = "streets"', 'spread = "raster"\nraster = "people.tif"')


def crowd(rows: int = 60, columns: int = 70, seed: int = 7) -> NDArray[np.float32]:
    """People by cell, with no-data, masked and impossible ones among them."""
    people = np.random.default_rng(seed).gamma(0.5, 8.0, (rows, columns)).astype(np.float32)
    people[5:9, 10:20] = -99_999
    people[20, 20], people[21, 21] = np.nan, -3.5
    return people


def write_raster(file: Path, people: NDArray[Any], **more: Any) -> Path:
    """A raster of 30 m cells in UTM, beginning north-west of the town."""
    profile = {
        "driver": "GTiff", "height": people.shape[0], "width": people.shape[1], "count": 1, "dtype": people.dtype,
        "crs": f"EPSG:{UTM}", "nodata": -99_999, "transform": from_origin(X - 100, Y + 1750, 30, 30), **more,
    }  # fmt: skip
    with rasterio.open(file, "w", **profile) as raster:
        for band in range(1, profile["count"] + 1):
            raster.write(people, band)
    return file


def areas() -> dict[str, shapely.Geometry]:
    """Two crooked neighbours, one of them with a hole, in degrees."""
    corners = {
        "a": [(0, 0), (900, 30), (880, 800), (700, 1500), (-40, 1490)],
        "b": [(900, 30), (1703, 11), (1650, 1477), (700, 1500), (880, 800)],
    }
    hole = [(200, 200), (333, 200), (333, 301), (200, 301)]
    found = {}
    for name, ring in corners.items():
        rings = (np.array(ring, dtype=float), [np.array(hole, dtype=float)] if name == "a" else [])
        outer, inner = rings[0], rings[1]
        flat = [np.column_stack(unproject(X + part[:, 0], Y + part[:, 1], UTM)) for part in (outer, *inner)]
        found[name] = shapely.Polygon(flat[0], flat[1:])
    return found


def sums_by_exactextract(file: Path, shapes: dict[str, shapely.Geometry]) -> dict[str, float]:
    """What exactextract itself says of a raster whose negative cells are all no-data."""
    with rasterio.open(file) as raster:
        crs = raster.crs.to_wkt()
    frame = gpd.GeoDataFrame({"name": list(shapes)}, geometry=list(shapes.values()), crs=4326)
    fine = frame.set_geometry(frame.geometry.segmentize(0.0005)).to_crs(crs)
    found = exactextract.exact_extract(str(file), fine, ["sum"], include_cols=["name"], output="pandas")
    return {str(name): float(people) for name, people in zip(found["name"], found["sum"], strict=True)}


def clean(people: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.where(people >= 0, people, np.float32(-99_999))


@pytest.mark.parametrize("spacing_m", [20.0, 100.0, 700.0])
@pytest.mark.parametrize("crs", ["utm", "degrees", "mercator"])
def test_sums_are_those_of_exactextract(tmp_path: Path, spacing_m: float, crs: str) -> None:
    people = crowd()
    place: dict[str, Any] = {
        "utm": {},
        "degrees": {"crs": "EPSG:4326", "transform": from_origin(LON - 0.0015, LAT + 0.0165, 0.0004, 0.0003)},
        "mercator": {"crs": "EPSG:3857", "transform": from_origin(1_113_000, 6_448_900, 45, 45)},
    }[crs]
    dirty = write_raster(tmp_path / "dirty.tif", people, **place)
    clear = write_raster(tmp_path / "clear.tif", clean(people), **place)
    found = popraster.read_areas(dirty, "dirty.tif", areas(), spacing_m)
    wanted = sums_by_exactextract(clear, areas())
    assert min(wanted.values()) > 1000
    for name, area in areas().items():
        mine = found[name]
        assert mine.people == pytest.approx(wanted[name], rel=2e-6)
        assert mine.spots.weight.sum() / popraster.PARTS_PER_PERSON == pytest.approx(mine.people, abs=len(mine.spots))
        assert not mine.beyond
        # a point is the centre of a cell that touches the area
        points = shapely.points(mine.spots.lon, mine.spots.lat)
        assert shapely.distance(area, points).max() < 0.0005


def test_every_cell_is_a_point_where_points_are_close(tmp_path: Path) -> None:
    people = np.zeros((60, 70), dtype=np.float32)
    people[30, 40], people[31, 40], people[50, 9] = 5.0, 2.5, 0.25
    file = write_raster(tmp_path / "p.tif", people)
    whole = {"all": shapely.union_all(list(areas().values()))}
    fine, coarse = (popraster.read_areas(file, "p.tif", whole, spacing)["all"] for spacing in (30.0, 60.0))
    assert fine.spots.weight.tolist() == [5_000_000, 2_500_000, 250_000]
    assert coarse.spots.weight.tolist() == [7_500_000, 250_000]
    x, y = project(coarse.spots.lon, coarse.spots.lat, UTM)
    assert x == pytest.approx([X - 100 + 40.5 * 30, X - 100 + 9.5 * 30], abs=1e-3)
    assert y == pytest.approx([Y + 1750 - 30.5 * 30, Y + 1750 - 50.5 * 30], abs=1e-3)


def test_strips_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_raster(tmp_path / "p.tif", crowd())
    whole = popraster.read_areas(file, "p.tif", areas(), 100.0)
    monkeypatch.setattr(popraster, "STRIP_CELLS", 150)
    strips = popraster.read_areas(file, "p.tif", areas(), 100.0)
    for name in whole:
        assert strips[name].people == pytest.approx(whole[name].people, rel=1e-12)
        assert np.array_equal(strips[name].spots.weight, whole[name].spots.weight)
        assert np.array_equal(strips[name].spots.lon, whole[name].spots.lon)


def test_a_mask_counts_nobody(tmp_path: Path) -> None:
    people = np.ones((60, 70), dtype=np.uint16)
    file = write_raster(tmp_path / "p.tif", people, nodata=None)
    before = popraster.read_areas(file, "p.tif", areas(), 100.0)
    hidden = np.ones(people.shape, dtype=np.uint8) * 255
    hidden[:, :35] = 0
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(file, "r+") as raster:
        raster.write_mask(hidden)
    after = popraster.read_areas(file, "p.tif", areas(), 100.0)
    assert after["a"].people < before["a"].people / 3
    assert before["b"].people == pytest.approx(areas()["b"].area / areas()["a"].area * before["a"].people, rel=0.05)


def test_an_area_may_reach_beyond(tmp_path: Path) -> None:
    file = write_raster(tmp_path / "p.tif", np.ones((20, 20), dtype=np.float32))
    far = {"far": shapely.box(20, 20, 21, 21), "wide": shapely.box(LON - 1, LAT - 1, LON + 1, LAT + 1)}
    found = popraster.read_areas(file, "p.tif", far | {"off": shapely.box(-171, 1, -170, 2)}, 100.0)
    assert (found["off"].people, len(found["off"].spots), found["off"].beyond) == (0.0, 0, True)
    assert (found["far"].people, len(found["far"].spots), found["far"].beyond) == (0.0, 0, True)
    assert (found["wide"].people, found["wide"].beyond) == (400.0, True)


def codes(error: PlannerError) -> list[str]:
    assert all(tell(fault, language) for fault in error.faults for language in ("zh", "en"))
    return [fault.code for fault in error.faults]


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"count": 3}, "raster_bands"),
        ({"crs": None}, "raster_crs"),
        ({"transform": rasterio.Affine(30, 5, X, 5, -30, Y)}, "raster_turned"),
        ({"transform": rasterio.Affine(30, 0, X, 0, 30, Y)}, "raster_turned"),
    ],
)
def test_rasters_that_cannot_be_used(tmp_path: Path, more: dict[str, Any], code: str) -> None:
    file = write_raster(tmp_path / "p.tif", crowd(), **more)
    with pytest.raises(TableError) as caught:
        popraster.read_areas(file, "p.tif", areas(), 100.0)
    assert codes(caught.value) == [code]


def test_a_mask_in_a_file_of_its_own_is_refused(tmp_path: Path) -> None:
    file = write_raster(tmp_path / "p.tif", np.ones((60, 70), dtype=np.uint16), nodata=None)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False), rasterio.open(file, "r+") as raster:
        raster.write_mask(np.zeros((60, 70), dtype=np.uint8))
    assert (tmp_path / "p.tif.msk").exists()
    with pytest.raises(TableError) as caught:
        popraster.read_areas(file, "p.tif", areas(), 100.0)
    assert codes(caught.value) == ["raster_mask_apart"]


def test_files_that_are_no_raster(tmp_path: Path) -> None:
    whole = write_raster(tmp_path / "p.tif", crowd()).read_bytes()
    unreadable = [(text, "raster_unreadable") for text in (b"nothing", whole[:9000])]
    for content, code in ((None, "table_absent"), *unreadable):
        file = tmp_path / "q.tif"
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(TableError) as caught:
            popraster.read_areas(file, "q.tif", areas(), 100.0)
        assert codes(caught.value) == [code]


def test_without_the_extra_the_cure_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_raster(tmp_path / "p.tif", crowd())
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "rasterio" else found(name))
    with pytest.raises(TableError) as caught:
        popraster.read_areas(file, "p.tif", areas(), 100.0)
    assert codes(caught.value) == ["raster_extra"]
    assert "[raster]" in tell(caught.value.faults[0], "zh")[2]


# --- in a scenario -----------------------------------------------------------------------------------------------


def town_raster(folder: Path) -> None:
    write_raster(folder / "people.tif", crowd(80, 75), transform=from_origin(X - 250, Y + 1900, 30, 30))


def doubts(found: tuple[Fault, ...]) -> list[str]:
    return [doubt.code for doubt in found]


def test_totals_are_met_to_the_last_person(tmp_path: Path) -> None:
    totals = "区县,常住人口,城镇化率,people_g\n东区,7001,0.6,13\n西区,9003,1,8\n高区,55,1,3\n"
    path = write(tmp_path, RASTER, totals)
    town_raster(tmp_path)
    found = read(path, quiet)
    frame = found.demand.frame
    assert sums(frame) == {"东区": 7001, "西区": 9003, "高区": 55}
    assert sums(frame, "people_g") == {"东区": 13, "西区": 8, "高区": 3}
    east = frame[frame["district"] == "东区"]
    assert east.groupby("setting")["people"].sum().to_dict() == {"urban": 4201, "rural": 2800}
    points = frame[frame["figure_from"] == "spread"]
    assert set(points["placed"]) == {"spread"}
    assert (points["people"] > 0).all()
    assert frame["demand_id"].is_unique
    record = found.totals[0]["units"]
    assert [unit["how"] for unit in record] == ["raster", "raster", "apart"]
    assert all(unit["raster_people"] > 1000 for unit in record[:2])
    # about 100 m apart: blocks of three cells of 30 m
    west = points[points["district"] == "西区"]
    x, y = project(west.geometry.x, west.geometry.y, UTM)
    cells = np.round((x - X + 250) / 30 - 0.5), np.round((Y + 1900 - y) / 30 - 0.5)
    assert len({*zip(*(cell // 3 for cell in cells), strict=True)}) == len(west)


def test_a_raster_that_cannot_be_right_is_doubted(tmp_path: Path) -> None:
    path = write(tmp_path, RASTER, "区县,常住人口,城镇化率\n东区,900000,1\n西区,9003,1\n")
    town_raster(tmp_path)
    found = read(path, quiet).demand.doubts
    assert doubts(found) == ["totals_raster_far"]
    assert found[0].row == 2
    write_raster(tmp_path / "people.tif", np.full((40, 30), 10, dtype=np.float32))
    assert set(doubts(read(path, quiet).demand.doubts)) >= {"totals_raster_ends"}


def test_a_raster_that_is_not_there_is_a_fault_of_the_scenario(tmp_path: Path) -> None:
    path = write(tmp_path, RASTER)
    with pytest.raises(PlannerError) as caught:
        read(path, quiet)
    assert codes(caught.value) == ["named_file_missing"]
    assert Path(caught.value.faults[0].file).name == "scenario.toml"


def test_the_town_of_the_raster_lies_where_it_should() -> None:
    lon, lat = unproject(X + 1600, Y + 1600, UTM)
    assert lon == pytest.approx(LON + 8 * STEP_LON, abs=1e-3)
    assert lat == pytest.approx(LAT + 8 * STEP_LAT, abs=1e-3)
