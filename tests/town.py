"""A town small enough to check by hand: a grid of streets 200 m apart, people, two stations, six candidates."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LON, LAT = 10.0, 50.0
STEP_LON, STEP_LAT = 0.0028, 0.0018  # about 200 m each way
SIZE = 9

SCENARIO = """\
name = "town"
title = "小镇方案"
data_date = 2026-06-30

[roads]
file = "roads.osm"

[[demand.table]]
file = "demand.csv"
coordinates = "wgs84"

[[sites.table]]
file = "sites.csv"
coordinates = "wgs84"

[[facility]]
type = "station"
name = "就业服务站"
build = false

[[facility]]
type = "e_station"
name = "就业e站"
cost_once_yuan = 80_000
cost_yearly_yuan = 6_000
at_existing = true

[[standard]]
id = "walk-5"
clause = "W1"
applies_to = { setting = "urban" }
minutes = 5
served_by = ["station", "e_station"]

[[goal]]
id = "people"
standard = "walk-5"
share = 0.6
"""


def osm_xml() -> str:
    """Roads of the town as OpenStreetMap XML: one way for each row and column of the grid."""
    nodes = [
        f'<node id="{row * SIZE + column + 1}" lon="{LON + column * STEP_LON:.7f}" lat="{LAT + row * STEP_LAT:.7f}"/>'
        for row in range(SIZE)
        for column in range(SIZE)
    ]
    rows = [[row * SIZE + column + 1 for column in range(SIZE)] for row in range(SIZE)]
    columns = [list(line) for line in zip(*rows, strict=True)]
    ways = []
    for number, line in enumerate([*rows, *columns], start=1001):
        refs = "".join(f'<nd ref="{ref}"/>' for ref in line)
        ways.append(f'<way id="{number}">{refs}<tag k="highway" v="residential"/></way>')
    return f"<osm version='0.6'>{''.join(nodes)}{''.join(ways)}</osm>"


def place(row: float, column: float) -> str:
    """Longitude and latitude of a place on the grid, as two CSV cells."""
    return f"{LON + column * STEP_LON:.6f},{LAT + row * STEP_LAT:.6f}"


def demand_csv() -> str:
    """One point in every block; the outer ones are rural."""
    lines = ["demand_id,name,unit_id,town,district,setting,people,lon,lat"]
    for row in range(SIZE - 1):
        for column in range(SIZE - 1):
            unit = f"{row // 2}{column // 2}".zfill(12)
            district = "东区" if column // 2 >= 2 else "西区"
            people = 10 + row + column
            spot = place(row + 0.1, column + 0.5)
            lines.append(f"D{row}{column},{row}-{column}组,{unit},{district}镇,{district},urban,{people},{spot}")
    return "\n".join(lines) + "\n"


def sites_csv() -> str:
    """Two stations, one of them closed, and six candidates."""
    lines = ["site_id,name,type,status,operating,district,town,cost_once_yuan,cost_yearly_yuan,lon,lat"]
    lines.append(f"E1,老站,station,existing,正常,西区,西区镇,,,{place(1, 1)}")
    lines.append(f"E2,停站,station,existing,停运,东区,东区镇,,,{place(6, 6)}")
    spots = [(1, 5), (2, 7), (4, 2), (4, 6), (6, 1), (7, 4)]
    for number, (row, column) in enumerate(spots, start=1):
        district = "东区" if column >= 4 else "西区"
        cost = 50_000 + 10_000 * number
        spot = place(row, column)
        lines.append(f"C{number},候选{number},e_station,candidate,,{district},{district}镇,{cost},5000,{spot}")
    return "\n".join(lines) + "\n"


def write_town(folder: Path, scenario: str = SCENARIO) -> Path:
    """Write the town into a folder and return its scenario file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "roads.osm").write_text(osm_xml(), encoding="utf-8")
    (folder / "demand.csv").write_text(demand_csv(), encoding="utf-8")
    (folder / "sites.csv").write_text(sites_csv(), encoding="utf-8")
    path = folder / "scenario.toml"
    path.write_text(scenario, encoding="utf-8")
    return path
