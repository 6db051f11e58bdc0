"""Written tables: exact decimals, no formula, dates fixed."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import time
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import Point

from planner import report

if TYPE_CHECKING:
    from pathlib import Path


def test_csv_is_exact_and_opens_in_excel(tmp_path: Path) -> None:
    table = pd.DataFrame({"name": ["济南"], "metres": [1234.5], "lon": [117.1234567], "none": [None], "yes": [True]})
    report.write_csv(table, tmp_path / "t.csv")
    data = (tmp_path / "t.csv").read_bytes()
    assert data == "\ufeffname,metres,lon,none,yes\n济南,1234.500,117.1234567,,true\n".encode()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(tmp_path: Path, text: str) -> None:
    report.write_csv(pd.DataFrame({text: [text]}), tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream))
    guarded = "'" + text.replace("\r", "\n")
    assert rows == [[guarded], [guarded]]


def test_negative_numbers_stay_numbers(tmp_path: Path) -> None:
    report.write_csv(pd.DataFrame({"lat": [-29.9], "n": [-3]}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text(encoding="utf-8-sig").splitlines()[1] == "-29.9000000,-3"


def test_geopackages_of_different_times_are_equal(tmp_path: Path) -> None:
    table = gpd.GeoDataFrame({"name": ["站"], "on": [dt.date(2020, 1, 1)]}, geometry=[Point(1, 2)], crs=4326)
    hashes = []
    for number in range(2):
        path = tmp_path / f"{number}.gpkg"
        report.write_gpkg({"sites": table}, path, dt.date(2026, 6, 30))
        hashes.append(hashlib.sha256(path.read_bytes()).hexdigest())
        time.sleep(1.1)
    assert hashes[0] == hashes[1]


def test_inputs_of_one_name_do_not_clash(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "t.csv").write_text(folder)
    (tmp_path / "out").mkdir()
    names = report.copy_inputs([tmp_path / "a" / "t.csv", tmp_path / "b" / "t.csv"], tmp_path / "out" / "inputs")
    assert [(tmp_path / "out" / name).read_text() for name in names.values()] == ["a", "b"]
    assert {name.rsplit("/", 1)[-1] for name in names.values()} == {"t.csv"}, "ids by line are made of the name"
