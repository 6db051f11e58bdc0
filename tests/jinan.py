"""Jinan as a planner would bring it: tables and a scenario made from public files, for an end-to-end test.

The files stand beside the project (``../shared/data/jinan``) and do not travel with it. They are of different years:
the list of counties, towns, villages and communities is of 2016, the census of 2020 counts people in the boundaries
of 2021, and the list of public-employment offices (GCJ-02, with placeholders) is read by the scenario as it is.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    Row = Mapping[str, str]

# The list of 2016 has Zhangqiu as a city and Jiyang as a county. Both became districts of Jinan soon after, Zhangqiu
# with the code 370114 and Jiyang with 370115, and the census counts them so.
CENSUS_CODE = {"370125": "370115", "370181": "370114"}

URBAN, RURAL = "urban", "rural"

_DEMAND_COLUMNS = ("demand_id", "name", "unit_id", "town", "district", "setting", "people", "lon", "lat")
_CANDIDATE_COLUMNS = (
    "site_id", "name", "type", "status", "district", "town", "host", "build_method", "funding",
    "cost_once_yuan", "cost_yearly_yuan", "lon", "lat",
)  # fmt: skip

_SCENARIO = """\
name = "jinan-2026"
title = "济南市公共就业服务圈布局方案（2026年）"
data_date = 2026-06-30
language = "zh"

[roads]
file = '{roads}'

[demand]
community_rule = 0.5

[[demand.table]]
file = "demand.csv"
coordinates = "gcj02"

# 公开的人社网点名录：index 列有重复，按行号编号；valid 为 False 的行坐标是占位的 36/116，不用，逐行列出。
[[sites.table]]
file = '{offices}'
coordinates = "gcj02"
id = "row"
columns = {{ name = "name", district = "district", lon = "lon", lat = "lat" }}
defaults = {{ type = "station", status = "existing" }}
keep = {{ valid = "True" }}

[[sites.table]]
file = "candidates.csv"
coordinates = "gcj02"

[[facility]]
type = "station"
name = "就业服务站"
build = false

[[facility]]
type = "gig_station"
name = "零工驿站"
cost_once_yuan = 300_000
cost_yearly_yuan = 60_000
hours = "05:00-18:00"

[[facility]]
type = "e_station"
name = "就业e站"
cost_once_yuan = 80_000
cost_yearly_yuan = 6_000
hours = "always"

[[build_cost]]
type = "gig_station"
method = "专区"
cost_once_yuan = 90_000
co_build_discount = 0.3

[[build_cost]]
type = "gig_station"
method = "改建"
cost_once_yuan = 130_000

[[build_cost]]
type = "e_station"
method = "专区"
cost_once_yuan = 60_000

[[standard]]
id = "urban-walk-15"
clause = "W1"
applies_to = {{ setting = "urban" }}
mode = "walk"
minutes = 15
served_by = ["station", "gig_station", "e_station"]

[[standard]]
id = "rural-5km"
clause = "W1"
applies_to = {{ setting = "rural" }}
km = 5
served_by = ["station", "gig_station"]

[[standard]]
id = "circle-3km"
clause = "J1"
applies_to = {{}}
km = 3
served_by = ["station", "gig_station", "e_station"]

# 道路文件只到城区和近郊：远郊的点离路太远，怎么选都够不着，所以目标低于全部候选点都建时的比例。
[[goal]]
id = "urban-people"
standard = "urban-walk-15"
share = 0.65

[[goal]]
id = "urban-lixia"
standard = "urban-walk-15"
share = 0.85
district = "历下区"

[[goal]]
id = "urban-shizhong"
standard = "urban-walk-15"
share = 0.90
district = "市中区"

[[goal]]
id = "urban-huaiyin"
standard = "urban-walk-15"
share = 0.80
district = "槐荫区"

[[goal]]
id = "urban-tianqiao"
standard = "urban-walk-15"
share = 0.70
district = "天桥区"

[[goal]]
id = "urban-communities"
standard = "urban-walk-15"
share = 0.62
of = "communities"

[[goal]]
id = "rural-people"
standard = "rural-5km"
share = 0.10

[[goal]]
id = "circle-people"
standard = "circle-3km"
share = 0.60

[[goal]]
id = "circle-communities"
standard = "circle-3km"
share = 0.55
of = "communities"

[[count]]
id = "gig-per-district"
type = "gig_station"
each = "district"
max = 4

[[count]]
id = "gig-lixia"
type = "gig_station"
district = "历下区"
min = 2

[[count]]
id = "gig-tianqiao"
type = "gig_station"
district = "天桥区"
min = 1

[[count]]
id = "e-per-town"
type = "e_station"
each = "town"
max = 3

[[count]]
id = "e-stations"
type = "e_station"
min = 10
max = 80

[rules]
types_per_site = 1

[siting]
objective = "min_cost"
horizon_years = 5
gap = 0.0
time_limit_s = 15
"""


@dataclass(frozen=True)
class Unit:
    """A village, community or town with coordinates.

    Attributes
    ----------
    code, name, town, census_code
        Its 12-digit code and name, the name of its town (its own for a town), and the six digits of its county in
        the census.
    setting
        ``urban`` or ``rural``.
    lon, lat
        GCJ-02 degrees as the file writes them.
    is_town
        Whether it stands for all villages of a town.
    """

    code: str
    name: str
    town: str
    census_code: str
    setting: str
    lon: str
    lat: str
    is_town: bool


@dataclass(frozen=True)
class Census:
    """People of a county in 2020 and the share of them that live in towns and cities, both as the file writes them."""

    name: str
    people: int
    urban_share: str


def read_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file, all cells as text."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Write a CSV file as a spreadsheet does: UTF-8 with a byte order mark."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)


def census(data: Path) -> dict[str, Census]:
    """Six-digit code -> people, for the 13 units that the census counts."""
    return {
        row["code"]: Census(row["name"], int(row["population_2020"]), row["urban_share"])
        for row in read_rows(data / "census_2020.csv")
    }


def setting_of(codes: Sequence[str]) -> str:
    """Setting of a place by the urban-rural codes of its villages (1xx urban, 2xx rural).

    The majority decides. On a tie (Guodian has 8 of each) a town is urban: the standard for towns and cities is the
    stricter one, so no doubt is turned into coverage.
    """
    urban = sum(code.startswith("1") for code in codes)
    return URBAN if 2 * urban >= len(codes) else RURAL


def located_units(data: Path) -> list[Unit]:
    """Villages and communities that have coordinates, and towns none of whose villages has; in order of code."""
    rows = read_rows(data / "admin_units.csv")
    towns = {row["code"]: row for row in rows if row["level"] == "town"}
    villages: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row["level"] == "village":
            villages[row["parent"]].append(row)
    found = []
    for code, town in towns.items():
        placed = [row for row in villages[code] if row["lon"]]
        found += [_unit(row, town, [row["urban_rural_code"]]) for row in placed]
        if town["lon"] and not placed:
            found.append(_unit(town, town, [row["urban_rural_code"] for row in villages[code]]))
    return sorted(found, key=lambda unit: unit.code)


def _unit(row: Row, town: Row, codes: Sequence[str]) -> Unit:
    county = row["code"][:6]
    return Unit(
        row["code"],
        row["name"],
        town["name"],
        CENSUS_CODE.get(county, county),
        setting_of(codes),
        row["lon"],
        row["lat"],
        is_town=row is town,
    )


def spread_evenly(people: int, codes: Iterable[str]) -> dict[str, int]:
    """Share people out evenly in whole numbers; the remainder goes, one each, to the lowest codes."""
    ordered = sorted(codes)
    each, over = divmod(people, len(ordered))
    return {code: each + (number < over) for number, code in enumerate(ordered)}


def demand_rows(data: Path) -> Iterator[Row]:
    """Rows of the demand table: every located unit with its part of its county's people, then the counties without any.

    A county without a located unit has no place to stand for it. Its people are listed, split by the urban share of
    the census so that each standard knows of them, without coordinates: not assessable, and in no other county.
    """
    counties = census(data)
    by_county: dict[str, list[Unit]] = defaultdict(list)
    for unit in located_units(data):
        by_county[unit.census_code].append(unit)
    for code, county in counties.items():
        people = spread_evenly(county.people, (unit.code for unit in by_county[code])) if by_county[code] else {}
        for unit in by_county[code]:
            yield {
                "demand_id": unit.code,
                "name": unit.name,
                "unit_id": unit.code,
                "town": unit.town,
                "district": county.name,
                "setting": unit.setting,
                "people": str(people[unit.code]),
                "lon": unit.lon,
                "lat": unit.lat,
            }
    for code, county in counties.items():
        if not by_county[code]:
            yield from _unplaced(f"{code}000000", county)


def _unplaced(code: str, county: Census) -> Iterator[Row]:
    """Two rows without coordinates for a county of which no unit is located."""
    urban = round(county.people * float(county.urban_share))
    for setting, people in ((URBAN, urban), (RURAL, county.people - urban)):
        yield {
            "demand_id": f"{code}-{setting}",
            "name": county.name,
            "unit_id": code,
            "town": "",
            "district": county.name,
            "setting": setting,
            "people": str(people),
            "lon": "",
            "lat": "",
        }


def candidate_rows(data: Path) -> Iterator[Row]:
    """One candidate at each located unit.

    In towns and cities it may hold either type and takes its cost from its build method: a counter in the community's
    service centre, shared with it, or a conversion at the street office. In villages it is a gig station with a quote
    of its own, dearer in a village than at the town's office, where rooms stand ready.
    """
    counties = census(data)
    for unit in located_units(data):
        urban = unit.setting == URBAN
        method = "改建" if unit.is_town else "专区"
        yield {
            "site_id": f"C{unit.code}",
            "name": f"{unit.name}候选点",
            "type": "gig_station;e_station" if urban else "gig_station",
            "status": "candidate",
            "district": counties[unit.census_code].name,
            "town": unit.town,
            "host": "" if unit.is_town else "社区便民服务中心",
            "build_method": method if urban else "",
            "funding": "就业补助资金" if urban else "地方财政",
            "cost_once_yuan": "" if urban else "120000" if unit.is_town else "180000",
            "cost_yearly_yuan": "" if urban else "30000",
            "lon": unit.lon,
            "lat": unit.lat,
        }


def write_scenario(data: Path, folder: Path) -> Path:
    """Write the tables and the scenario.

    Parameters
    ----------
    data
        Folder with admin_units.csv, census_2020.csv, hrss_offices.csv and roads.osm.pbf.
    folder
        Where demand.csv, candidates.csv and scenario.toml are written.

    Returns
    -------
    scenario
        Path of the scenario file; it reads offices and roads where they are.
    """
    write_rows(folder / "demand.csv", _DEMAND_COLUMNS, demand_rows(data))
    write_rows(folder / "candidates.csv", _CANDIDATE_COLUMNS, candidate_rows(data))
    places = {"roads": data / "roads.osm.pbf", "offices": data / "hrss_offices.csv"}
    path = folder / "scenario.toml"
    text = _SCENARIO.format(**{name: file.as_posix() for name, file in places.items()})
    path.write_text(text, encoding="utf-8", newline="\n")
    return path
