"""A town small enough to count quickly in which everything happens that the live map must count as the planner does.

Standards on foot, by car and as the crow flies, two layers of people, groups, a second facility within reach, goals by
district and town, phases, sizes, sources of money, kiosks in stations, points without a place, and field checks of
every kind, some of which outlets overtook that opened or closed since.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import town

if TYPE_CHECKING:
    from pathlib import Path

SCENARIO = """\
name = "livetown"
title = "现场推演小镇"
data_date = 2026-06-30

[roads]
file = "roads.osm"
walk_kph = 3.6

[demand]
community_rule = 0.55

[[demand.table]]
file = "demand.csv"
coordinates = "wgs84"

[[demand.table]]
file = "spread.csv"
unplaced = "spread"

[[demand.table]]
file = "towns.csv"
unplaced = "town"

[demand.verdicts]
file = "checked.csv"

[areas]
towns = { file = "towns.geojson", name = "name" }

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

[[facility]]
type = "gig_station"
name = "零工驿站"
cost_once_yuan = 200_000
cost_yearly_yuan = 40_000

[[build_cost]]
type = "gig_station"
method = "改建"
cost_once_yuan = 130_000

[[build_cost]]
type = "e_station"
method = "专区"
cost_once_yuan = 60_000
co_build_discount = 0.3

[[size]]
type = "gig_station"
size = "大"
capacity_people = 500
extra_once_yuan = 50_000
extra_yearly_yuan = 9_000

[[size]]
type = "gig_station"
size = "小"
capacity_people = 100

[[group]]
id = "elder"
name = "老年人"

[[group]]
id = "young"
name = "青年"

[[standard]]
id = "walk"
applies_to = { setting = "urban" }
minutes = 6
served_by = ["station", "e_station"]

[[standard]]
id = "drive"
mode = "drive"
minutes = 2
served_by = ["station", "gig_station"]

[[standard]]
id = "line"
metric = "straight"
km = 0.42
served_by = ["station", "e_station", "gig_station"]

[[standard]]
id = "work"
applies_to = { layer = "workers" }
minutes = 7
served_by = ["e_station", "gig_station"]

[[goal]]
id = "walk-people"
standard = "walk"
share = 0.4

[[goal]]
id = "walk-towns"
standard = "walk"
share = 0.25
of = "communities"
each = "town"

[[goal]]
id = "drive-twice"
standard = "drive"
share = 0.2
backup = true

[[goal]]
id = "line-elder"
standard = "line"
share = 0.3
group = "elder"
each = "district"

[[goal]]
id = "line-young"
standard = "line"
share = 0.335
group = "young"
of = "communities"
district = "东区"

[[goal]]
id = "line-twice"
standard = "line"
share = 0.05
of = "communities"
backup = true

[[goal]]
id = "work-people"
standard = "work"
share = 0.2

[[phase]]
year = 2026
shares = { walk-people = 0.2, line-elder = 0.1 }

[[phase]]
year = 2028

[siting]
horizon_years = 5
time_limit_s = 20
"""

MET, UNMET = "met", "unmet"
CHECKS = {
    # reached by an outlet, reached by none, in a community or not
    "walk": {
        "D11": UNMET, "D12": MET, "D37": UNMET, "D76": MET, "D34": UNMET, "S1": MET, "S2": UNMET, "T1": MET,
        "T2": UNMET, "D01": MET, "D53": UNMET,
    },
    "drive": {"D07": MET, "D10": UNMET, "D70": MET, "T1": UNMET, "T3": MET},
    "line": {"D17": MET, "D20": UNMET, "D55": UNMET, "D66": MET, "S3": MET, "T2": MET},
    "work": {"W3": MET, "W5": UNMET, "W7": UNMET},
}  # fmt: skip

SAME_DAY = "2026-06-10"
"""When E2 closed, and a point near it was found met: what happens on the day of a check does not overtake it."""


def _districts(row: int, column: int) -> tuple[str, str]:
    """District and town of a place on the grid."""
    if column >= 4:
        return "东区", "河口镇" if row >= 6 else "东镇"
    return "西区", "北镇" if row >= 4 else "南镇"


def demand_csv() -> str:
    """People in every block, urban in the middle; workers in some."""
    lines = ["demand_id,name,unit_id,town,district,setting,layer,people,people_elder,people_young,lon,lat"]
    for row in range(town.SIZE - 1):
        for column in range(town.SIZE - 1):
            district, where = _districts(row, column)
            unit = "" if (row, column) == (3, 3) else f"{row // 2}{column // 2}".zfill(12)
            setting = "rural" if column == 7 and row > 3 else "urban"
            people = 0 if (row, column) == (2, 6) else 10 + 7 * row + 3 * column
            groups = f"{people // (2 + row)},{people // 3 if column % 2 else 0}"
            spot = town.place(row + 0.13, column + 0.41)
            about = f"D{row}{column},{row}-{column}组,{unit},{where},{district},{setting},residents"
            lines.append(f"{about},{people},{groups},{spot}")
    for number in range(9):
        row, column = (number * 5) % 8, (number * 3) % 8
        district, where = _districts(row, column) if number else ("", "")
        spot = town.place(row + 0.61, column + 0.27)
        lines.append(f"W{number},厂{number},,{where},{district},urban,workers,{30 + number},0,{number},{spot}")
    return "\n".join(lines) + "\n"


def unplaced_csv(letter: str, count: int) -> str:
    """People without a place, some in communities that have points as well."""
    lines = ["demand_id,name,unit_id,town,district,setting,layer,people,people_elder,people_young,lon,lat"]
    for number in range(count):
        unit = (f"{number}1" if number % 2 else f"9{ord(letter)}{number}").zfill(12)
        where = "北镇" if number in {2, 3} else "南镇"
        told = f"{letter}{number},无址{number},{unit},{where},西区,urban,residents"
        lines.append(f"{told},{40 + 9 * number},{number},{2 * number},,")
    return "\n".join(lines) + "\n"


def sites_csv() -> str:
    """Stations, one with a kiosk and one closed, a kiosk alone, and candidates with and without costs of their own."""
    lines = [
        (
            "site_id,name,type,status,operating,district,town,host,build_method,funding,cost_once_yuan,cost_yearly_yuan,"
            "lon,lat,opened_on,closed_on"
        ),
        f"E1,老站,station,existing,正常,西区,南镇,,,区财政,900000,1,{town.place(1, 1)},,",
        f"E2,停站,station,existing,停运,东区,北镇,,,,,,{town.place(6, 6)},,2026-06-10",
        f"E3,大站,station;e_station,existing,正常,东区,南镇,,,,,,{town.place(2.5, 5)},,2029-03-01",
        f"E4,亭,e_station,existing,正常,西区,北镇,,,,,,{town.place(6, 1.5)},2026-06-20,",
        f"E5,远站,station,existing,正常,东区,北镇,,,,,,{town.place(8, 8)},2026-06-20,",
    ]
    spots = [(1, 5), (2, 7), (4, 2), (4, 6), (6, 3), (7, 4), (5.5, 5.5), (0, 0)]
    for number, (row, column) in enumerate(spots, start=1):
        kind = ("e_station", "gig_station", "e_station;gig_station", "")[number % 4]
        method, host = (("专区", "社区中心"), ("改建", ""), ("", ""))[number % 3]
        cost = f"{50_000 + 10_000 * number},{4000 + number}" if number % 2 else ","
        funding = ("就业补助资金", "区财政", "")[number % 3]
        district = "东区" if column >= 4 else "西区"
        place = town.place(row, column)
        lines.append(
            f"C{number},候选{number},{kind},candidate,,{district},北镇,{host},{method},{funding},{cost},{place},,"
        )
    return "\n".join(lines) + "\n"


def checked_csv() -> str:
    """What field checks found, before or after outlets opened and closed."""
    lines = ["demand_id,standard,verdict,checker,checked_on"]
    days = ("2026-06-01", "2026-06-25", "2026-06-15", "")
    for key, found in CHECKS.items():
        for number, (point, verdict) in enumerate(found.items()):
            day = SAME_DAY if (key, point) == ("line", "D66") else days[number % 4]
            lines.append(f"{point},{key},{verdict},张三,{day}")
    return "\n".join(lines) + "\n"


def towns_geojson() -> str:
    """Areas of two towns, in the west of the grid."""

    def ring(south: float, north: float) -> list[list[float]]:
        corners = town.place(south, 0), town.place(north, 4)
        low, high = ([float(cell) for cell in corner.split(",")] for corner in corners)
        return [low, [high[0], low[1]], high, [low[0], high[1]], low]

    features = [
        {"type": "Feature", "properties": {"name": name}, "geometry": {"type": "Polygon", "coordinates": [ring(*rows)]}}
        for name, rows in (("南镇", (0, 4)), ("北镇", (4, 8)))
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


def write_town(folder: Path) -> Path:
    """Write the town into a folder and return its scenario file."""
    path = town.write_town(folder, SCENARIO)
    texts = {
        "demand.csv": demand_csv(),
        "spread.csv": unplaced_csv("S", 5),
        "towns.csv": unplaced_csv("T", 5),
        "sites.csv": sites_csv(),
        "checked.csv": checked_csv(),
        "towns.geojson": towns_geojson(),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return path
