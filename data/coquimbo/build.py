"""Make the tables of the sample: demand.csv, sites.csv, candidates.csv, markets.csv and mobile.csv.

Roads and people are real; everything else is made up (see README.md). The random numbers are seeded and
nothing depends on the clock, so a second run writes the same bytes: ``python data/coquimbo/build.py``.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import osmium
import pyproj
import shapely

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Row = tuple[str, ...]

HERE = Path(__file__).parent
SEED, LATER_SEED = 20260630, 20260701
"""Of the first three tables, and of what was added to them later."""
UTM_19S = 32719

URBAN_PEOPLE_PER_KM2 = 700
"""A zone with fewer people per square kilometre is rural."""

PEOPLE_PER_POINT, MIN_POINTS_PER_ZONE = 150, 3
OFFSET_M = (5.0, 20.0)
"""Points lie this far beside their street, so that access legs are real."""

HOMES = frozenset({"residential", "living_street", "unclassified"})
MAIN_STREETS = frozenset({"primary", "secondary", "tertiary"})
HOME_LEVELS = (HOMES, HOMES | {"tertiary"}, HOMES | MAIN_STREETS)
ENOUGH_STREETS_M, LEAST_STREETS_M = 1000.0, 100.0
"""A zone's people live along the first level with enough streets, else along the last; with less than the
least anywhere inside the zone: the road file has no street there."""

JUNCTION_ENDS = 3

DISTRICTS = ("拉塞雷纳区", "中部滨海区", "科金博区", "东部河谷区")

TOWNS: tuple[tuple[str, str, float, float], ...] = (
    ("老城街道", "拉塞雷纳区", -71.250, -29.905),
    ("孔帕尼亚斯街道", "拉塞雷纳区", -71.238, -29.876),
    ("圣华金街道", "拉塞雷纳区", -71.224, -29.924),
    ("北滩镇", "拉塞雷纳区", -71.255, -29.840),
    ("大岗街道", "中部滨海区", -71.247, -29.937),
    ("佩纽埃拉斯街道", "中部滨海区", -71.284, -29.948),
    ("白土街道", "中部滨海区", -71.258, -29.968),
    ("港口街道", "科金博区", -71.342, -29.953),
    ("拉埃拉杜拉街道", "科金博区", -71.340, -29.985),
    ("采石街道", "科金博区", -71.303, -29.972),
    ("糖面包镇", "东部河谷区", -71.228, -29.992),
    ("南谷镇", "东部河谷区", -71.265, -30.040),
    ("埃尔基河谷镇", "东部河谷区", -71.165, -29.925),
)
"""Town, district and centre; a zone belongs to the town whose centre is nearest."""

DAY, DAWN = "08:30-12:00;13:30-17:30", "05:00-18:00"
BUREAU = "市人社局"

EXISTING: tuple[tuple[str, str, str, str, str, str, str, float, float], ...] = (
    # name, type, tier, operating, host, hours, opened_on, lon, lat (moved to a main-street junction)
    ("拉塞雷纳中心就业服务站", "station", "", "正常", "市民服务中心", DAY, "2016-03-01", -71.2505, -29.9030),
    ("孔帕尼亚斯就业服务站", "station", "", "正常", "街道服务中心", DAY, "2018-05-10", -71.2400, -29.8730),
    ("圣华金就业服务站", "station", "", "正常", "街道服务中心", DAY, "2019-09-01", -71.2330, -29.9215),
    ("大岗就业服务站", "station", "", "正常", "街道服务中心", DAY, "2020-04-20", -71.2490, -29.9395),
    ("白土就业服务站", "station", "", "正常", "街道服务中心", DAY, "2017-11-15", -71.2590, -29.9665),
    ("佩纽埃拉斯就业服务站", "station", "", "停运", "社区用房", DAY, "2015-06-01", -71.2840, -29.9490),
    ("科金博港就业服务站", "station", "", "正常", "市民服务中心", DAY, "2016-03-01", -71.3400, -29.9545),
    ("拉埃拉杜拉就业服务站", "station", "", "正常", "街道服务中心", DAY, "2021-07-01", -71.3430, -29.9830),
    ("采石就业服务站", "station", "", "正常", "街道服务中心", DAY, "2022-02-18", -71.3085, -29.9640),
    ("辛德帕就业服务站", "station", "", "正常", "社区用房", DAY, "2023-10-09", -71.3245, -29.9735),
    ("拉塞雷纳零工市场", "gig_market", "city", "正常", "", DAWN, "2021-05-01", -71.2450, -29.9120),
    ("科金博零工市场", "gig_market", "district", "正常", "", DAWN, "2022-09-01", -71.3330, -29.9610),
    ("大岗零工市场", "gig_market", "town", "正常", "", "05:00-13:00", "2024-03-15", -71.2560, -29.9480),
    ("车站零工驿站", "gig_station", "", "正常", "工会驿站", DAWN, "2024-12-01", -71.2640, -29.9100),
    ("滨海大道零工驿站", "gig_station", "", "在建", "商场", DAWN, "", -71.2740, -29.9330),
)

REACH_NEAR_M, REACH_FAR_M = 700.0, 2200.0
N_NEAR, N_FAR, N_RANDOM = 60, 16, 12
"""Candidates for urban people beyond a short straight line, then for whoever is still beyond a long one, then
placed by chance."""

ANY_TYPE = ("gig_station;e_station", "")
TYPE_CHANCES: Mapping[str, tuple[tuple[str, ...], tuple[float, ...]]] = {
    "urban": (("gig_station", "e_station", *ANY_TYPE), (0.34, 0.53, 0.09, 0.04)),
    "rural": (("gig_station", *ANY_TYPE), (0.8, 0.13, 0.07)),
}
COST_ONCE_YUAN: Mapping[str, Mapping[str, int]] = {
    "gig_station": {"专区": 90_000, "改建": 130_000, "扩建": 220_000, "新建": 380_000},
    "e_station": {"专区": 60_000, "改建": 95_000},
}
"""By type and build method; an open type takes the methods of a gig station."""

COST_YEARLY_YUAN: Mapping[str, int] = {"gig_station": 60_000, "e_station": 6_000}
COST_VARIATION = 0.25
UNKNOWN_COST_SHARE = 0.04
"""Rows of one type without a cost; rows that leave the type open have none, for one figure cannot fit both."""

HOSTS = ("社区便民服务中心", "工会驿站", "骑手之家", "校园", "商场", "党群服务中心", "")
OWNERS = {"工会驿站": "市总工会", "骑手之家": "外卖平台", "校园": "职业院校", "商场": "商业公司"}
FUNDING, FUNDING_CHANCES = ("就业补助资金", "地方财政", "共建单位"), (0.5, 0.3, 0.2)

GRADUATES_SHARE = (0.01, 0.04)
"""Least and greatest part of a zone's people who are graduates without work."""

MARKETS: tuple[tuple[str, str, str, str, int, int, float, float], ...] = (
    # name, tier, build_method, funding, cost_once_yuan, cost_yearly_yuan, lon, lat (moved to a main-street junction)
    ("圣华金零工市场候选点", "town", "改建", "地方财政", 520_000, 90_000, -71.2250, -29.9150),
    ("白土零工市场候选点", "town", "扩建", "就业补助资金", 610_000, 95_000, -71.2600, -29.9720),
    ("拉埃拉杜拉零工市场候选点", "town", "改建", "地方财政", 480_000, 88_000, -71.3380, -29.9900),
    ("孔帕尼亚斯零工市场候选点", "district", "新建", "就业补助资金", 980_000, 150_000, -71.2480, -29.8780),
)

MOBILE: tuple[tuple[str, str, float, float], ...] = (
    # name, hours, lon, lat (moved to a main-street junction)
    ("埃尔基河谷大集招聘点", "周末 08:00-12:00", -71.1650, -29.9250),
    ("南谷大集招聘点", "周末 08:00-12:00", -71.2650, -30.0300),
    ("北滩早市招聘点", "每天 06:00-09:00", -71.2550, -29.8450),
    ("港口夜市招聘点", "每天 18:00-22:00", -71.3420, -29.9530),
    ("大岗商圈招聘点", "每天 10:00-20:00", -71.2470, -29.9370),
)
"""Markets that job fairs come to (W14)."""

DEMAND_COLUMNS = "demand_id name unit_id town district setting layer people people_graduates placed lon lat"
SITE_COLUMNS = "site_id name type status operating tier district town unit_id host owner hours opened_on lon lat"
CANDIDATE_COLUMNS = (
    "site_id name type status district town unit_id host owner build_method funding"
    " cost_once_yuan cost_yearly_yuan lon lat"
)
MARKET_COLUMNS = (
    "site_id name type status tier district town unit_id owner build_method funding"
    " cost_once_yuan cost_yearly_yuan lon lat"
)

MOBILE_COLUMNS = "site_id name type status operating district town unit_id hours lon lat"

_to_plane = pyproj.Transformer.from_crs(4326, UTM_19S, always_xy=True)


@dataclass(frozen=True)
class Way:
    """One street: OSM way id, value of ``highway``, node ids, and their places in UTM 19S."""

    id: int
    highway: str
    nodes: tuple[int, ...]
    xy: Floats


@dataclass(frozen=True)
class Zone:
    """One zone of the census table, which plays the part of a community."""

    number: int
    people: int
    shape: Any
    town: str
    district: str
    setting: str
    unit_id: str


@dataclass(frozen=True)
class Homes:
    """Demand points as arrays, row by row: place in the plane, people and number of the zone in the list."""

    xy: Floats
    people: NDArray[np.int64]
    zone: NDArray[np.int64]


def to_plane(lonlat: Floats) -> Floats:
    """Project degrees (n, 2) into UTM 19S, metres."""
    return np.column_stack(_to_plane.transform(lonlat[:, 0], lonlat[:, 1]))


def to_degrees(xy: Floats) -> list[tuple[str, str]]:
    """Return longitude and latitude of points in the plane, written with 6 decimals."""
    lon, lat = _to_plane.transform(xy[:, 0], xy[:, 1], direction="INVERSE")
    return [(f"{a:.6f}", f"{b:.6f}") for a, b in zip(lon, lat, strict=True)]


def read_ways(path: Path) -> list[Way]:
    """Read all streets of the road file, in the order of their ids."""
    ways = []
    keep = osmium.filter.KeyFilter("highway").enable_for(osmium.osm.WAY)
    for item in osmium.FileProcessor(str(path)).with_locations().with_filter(keep):
        if item.is_way():
            lonlat = np.array([(node.lon, node.lat) for node in item.nodes])
            nodes = tuple(node.ref for node in item.nodes)
            ways.append(Way(item.id, item.tags["highway"], nodes, to_plane(lonlat)))
    return sorted(ways, key=lambda way: way.id)


def read_zones(path: Path) -> list[Zone]:
    """Read the zones and give each its town, district, setting and invented unit code."""
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    centres = to_plane(np.array([town[2:] for town in TOWNS]))
    return sorted((_zone(feature, centres) for feature in features), key=lambda zone: zone.number)


def _zone(feature: Mapping[str, Any], centres: Floats) -> Zone:
    number, people = int(feature["properties"]["zone_id"]), int(feature["properties"]["population"])
    shape = shapely.transform(shapely.geometry.shape(feature["geometry"]), to_plane)
    middle = np.array([shape.centroid.x, shape.centroid.y])
    town_number = int(np.argmin(np.hypot(*(centres - middle).T)))
    town, district = TOWNS[town_number][:2]
    urban = people / (shape.area / 1e6) >= URBAN_PEOPLE_PER_KM2
    unit_id = f"0410{DISTRICTS.index(district) + 1:02d}{town_number + 1:03d}{number:03d}"
    return Zone(number, people, shape, town, district, "urban" if urban else "rural", unit_id)


def largest_remainder(total: int, weights: Floats) -> NDArray[np.int64]:
    """Split a whole number in proportion to weights into whole numbers that add up to it exactly."""
    exact = total * weights / weights.sum()
    shares: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    order = np.argsort(shares - exact, kind="stable")
    shares[order[: total - int(shares.sum())]] += 1
    return shares


def streets_of(zone: Zone, ways: Sequence[Way], tree: shapely.STRtree) -> list[Any]:
    """Return the pieces of the streets that a zone's people live along; empty when it has next to none."""
    found = sorted(int(i) for i in tree.query(zone.shape, predicate="intersects"))
    pieces: list[Any] = []
    for kinds in HOME_LEVELS:
        lines = [shapely.LineString(ways[i].xy) for i in found if ways[i].highway in kinds]
        parts = shapely.get_parts(shapely.intersection(lines, zone.shape)) if lines else []
        pieces = [part for part in parts if part.length > 0]
        if sum(piece.length for piece in pieces) >= ENOUGH_STREETS_M:
            break
    return pieces if sum(piece.length for piece in pieces) >= LEAST_STREETS_M else []


def spread_homes(zones: Sequence[Zone], ways: Sequence[Way], rng: np.random.Generator) -> Homes:
    """Put each zone's people at points at regular spacing beside its streets."""
    tree = shapely.STRtree([shapely.LineString(way.xy) for way in ways])
    xy, people, numbers = [], [], []
    for i, zone in enumerate(zones):
        n = max(MIN_POINTS_PER_ZONE, round(zone.people / PEOPLE_PER_POINT))
        streets = streets_of(zone, ways, tree)
        xy.append(_beside(streets, n, rng) if streets else _inside(zone.shape, n, rng))
        people.append(largest_remainder(zone.people, rng.uniform(0.5, 1.5, n)))
        numbers.append(np.full(n, i))
    return Homes(np.vstack(xy), np.concatenate(people), np.concatenate(numbers))


def _inside(shape: Any, n: int, rng: np.random.Generator) -> Floats:
    """Return n random points inside a shape."""
    low, high = np.reshape(shape.bounds, (2, 2))
    points = np.empty((0, 2))
    while len(points) < n:
        drawn = rng.uniform(low, high, (n, 2))
        points = np.vstack([points, drawn[shapely.contains_xy(shape, drawn)]])
    return points[:n]


def _beside(pieces: Sequence[Any], n: int, rng: np.random.Generator) -> Floats:
    """Return n points at regular spacing along the pieces laid end to end, each moved sideways."""
    ends = np.cumsum([piece.length for piece in pieces])
    along = (np.arange(n) + 0.5) * ends[-1] / n
    which = np.searchsorted(ends, along)
    offset_m = rng.uniform(*OFFSET_M, n) * rng.choice((-1.0, 1.0), n)
    points = np.empty((n, 2))
    for row, (k, metres) in enumerate(zip(which, along, strict=True)):
        piece = pieces[k]
        at = metres - (ends[k] - piece.length)
        here = np.array(piece.interpolate(at).coords[0])
        step = np.array(piece.interpolate(max(at - 1, 0)).coords[0])
        step = here - step if at > 0 else np.array(piece.interpolate(1).coords[0]) - here
        points[row] = here + offset_m[row] * np.array([-step[1], step[0]]) / np.hypot(*step)
    return points


def junctions(ways: Iterable[Way]) -> Floats:
    """Return the places of nodes where at least three street ends meet, in the order of node ids."""
    ends: Counter[int] = Counter()
    places: dict[int, Floats] = {}
    for way in ways:
        last = len(way.nodes) - 1
        for k, node in enumerate(way.nodes):
            ends[node] += 1 if k in (0, last) else 2
            places[node] = way.xy[k]
    return np.array([places[node] for node in sorted(ends) if ends[node] >= JUNCTION_ENDS])


def _aside(xy: Floats, rng: np.random.Generator) -> Floats:
    """Move points off their junction by a few metres in any direction."""
    angle = rng.uniform(0, 2 * np.pi, len(xy))
    step = np.column_stack([np.cos(angle), np.sin(angle)])
    moved: Floats = xy + rng.uniform(*OFFSET_M, len(xy))[:, None] * step
    return moved


def zone_at(xy: Floats, zones: Sequence[Zone]) -> list[Zone]:
    """Return the nearest zone of each point (the one it lies in, as a rule)."""
    tree = shapely.STRtree([zone.shape for zone in zones])
    return [zones[int(tree.nearest(shapely.Point(x, y)))] for x, y in xy]


def nearest(xy: Floats, places: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Return the row of the nearest place of each point, and the metres to it."""
    apart_m = np.array([np.hypot(*(places - point).T) for point in xy])
    rows = apart_m.argmin(axis=1)
    return rows, apart_m[np.arange(len(xy)), rows]


def greedy(pool: Floats, homes: Homes, left: Floats, reach_m: float, n: int) -> list[int]:
    """Pick n places one by one, each with the most people of `left` within reach in a straight line."""
    near = [np.flatnonzero(np.hypot(*(homes.xy - place).T) <= reach_m) for place in pool]
    people = left.copy()
    picked: list[int] = []
    for _ in range(n):
        gain = np.array([people[rows].sum() for rows in near])
        gain[picked] = -1
        picked.append(int(gain.argmax()))
        people[near[picked[-1]]] = 0
    return picked


def place_candidates(
    pool: Floats, homes: Homes, zones: Sequence[Zone], existing: Floats, rng: np.random.Generator
) -> Floats:
    """Choose the junctions of the candidates: towards people far from today's sites, and some by chance."""
    urban = np.array([zones[i].setting == "urban" for i in homes.zone])
    left = np.where(urban & (nearest(homes.xy, existing)[1] > REACH_NEAR_M), homes.people, 0.0)
    picked = greedy(pool, homes, left, REACH_NEAR_M, N_NEAR)
    served = np.vstack([existing, pool[picked]])
    left = np.where(nearest(homes.xy, served)[1] > REACH_FAR_M, homes.people, 0.0)
    picked += [i for i in greedy(pool, homes, left, REACH_FAR_M, N_FAR) if i not in picked]
    # The junction nearest to a home drawn at random: where more people live, more places are on offer.
    drawn = dict.fromkeys(int(i) for i in rng.permutation(nearest(homes.xy, pool)[0]) if i not in picked)
    return pool[picked + list(drawn)[:N_RANDOM]]


def graduates_of(homes: Homes, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw how many of each point's people are graduates without work; the chance is one for each zone."""
    chance = rng.uniform(*GRADUATES_SHARE, homes.zone.max() + 1)
    return rng.binomial(homes.people, chance[homes.zone])


def demand_rows(homes: Homes, graduates: NDArray[np.int64], zones: Sequence[Zone]) -> list[Row]:
    """Return the demand table, one row a point, in the order of `DEMAND_COLUMNS`."""
    seen: Counter[int] = Counter()
    rows: list[Row] = []
    around = zip(homes.zone, homes.people, graduates, to_degrees(homes.xy), strict=True)
    for i, people, without_work, place in around:
        zone = zones[i]
        seen[zone.number] += 1
        group = seen[zone.number]
        key, name = f"D{zone.number:04d}-{group:02d}", f"{zone.number}号片区第{group}组"
        where = (zone.unit_id, zone.town, zone.district, zone.setting)
        rows.append((key, name, *where, "residents", str(people), str(without_work), "own", *place))
    return rows


def site_rows(xy: Floats, zones: Sequence[Zone]) -> list[Row]:
    """Return the table of today's facilities, in the order of `SITE_COLUMNS`."""
    rows: list[Row] = []
    around = zip(EXISTING, zone_at(xy, zones), to_degrees(xy), strict=True)
    for number, (facts, zone, place) in enumerate(around, start=1):
        name, kind, tier, operating, host, hours, opened_on = facts[:7]
        what = (f"E{number:02d}", name, kind, "existing", operating, tier, zone.district, zone.town, zone.unit_id)
        rows.append((*what, host, OWNERS.get(host, BUREAU), hours, opened_on, *place))
    return rows


def candidate_rows(xy: Floats, zones: Sequence[Zone], rng: np.random.Generator) -> list[Row]:
    """Return the table of candidate sites, in the order of `CANDIDATE_COLUMNS`."""
    rows: list[Row] = []
    named: Counter[tuple[int, str]] = Counter()
    for number, (zone, place) in enumerate(zip(zone_at(xy, zones), to_degrees(xy), strict=True), start=1):
        types, chances = TYPE_CHANCES[zone.setting]
        kind = str(rng.choice(types, p=chances))
        method = str(rng.choice(list(COST_ONCE_YUAN.get(kind, COST_ONCE_YUAN["gig_station"]))))
        host = "" if method == "新建" else str(rng.choice(HOSTS))
        named[zone.number, host] += 1
        copy = named[zone.number, host]
        name = f"{zone.number}号片区{host or '备选点'}{copy if copy > 1 else ''}"
        what = (f"C{number:02d}", name, kind, "candidate", zone.district, zone.town, zone.unit_id)
        how = (host, OWNERS.get(host, BUREAU), method, str(rng.choice(FUNDING, p=FUNDING_CHANCES)))
        rows.append((*what, *how, *_costs(kind, method, rng), *place))
    return rows


def market_rows(xy: Floats, zones: Sequence[Zone]) -> list[Row]:
    """Return the table of places for a gig market, in the order of `MARKET_COLUMNS`."""
    rows: list[Row] = []
    around = zip(MARKETS, zone_at(xy, zones), to_degrees(xy), strict=True)
    for number, (facts, zone, place) in enumerate(around, start=1):
        name, tier, method, funding, once, yearly = facts[:6]
        what = (f"M{number:02d}", name, "gig_market", "candidate", tier, zone.district, zone.town, zone.unit_id)
        rows.append((*what, BUREAU, method, funding, str(once), str(yearly), *place))
    return rows


def mobile_rows(xy: Floats, zones: Sequence[Zone]) -> list[Row]:
    """Return the table of mobile points, in the order of `MOBILE_COLUMNS`."""
    rows: list[Row] = []
    around = zip(MOBILE, zone_at(xy, zones), to_degrees(xy), strict=True)
    for number, (facts, zone, place) in enumerate(around, start=1):
        what = (f"L{number:02d}", facts[0], "mobile_point", "existing", "正常", zone.district, zone.town, zone.unit_id)
        rows.append((*what, facts[1], *place))
    return rows


def _costs(kind: str, method: str, rng: np.random.Generator) -> tuple[str, str]:
    """Return the row's own costs in whole thousands and hundreds of yuan, or blanks."""
    factor, unknown = rng.uniform(1 - COST_VARIATION, 1 + COST_VARIATION), rng.uniform() < UNKNOWN_COST_SHARE
    if kind in ANY_TYPE or unknown:
        return "", ""
    once = round(COST_ONCE_YUAN[kind][method] * factor / 1000) * 1000
    return str(once), str(round(COST_YEARLY_YUAN[kind] * factor / 100) * 100)


def write_csv(path: Path, columns: str, rows: Iterable[Row]) -> None:
    """Write a table as UTF-8 with BOM (so that Excel reads the Chinese) and LF line ends."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns.split())
        writer.writerows(rows)


def main() -> None:
    """Write the tables beside this script."""
    rng = np.random.default_rng(SEED)
    ways, zones = read_ways(HERE / "roads.osm.pbf"), read_zones(HERE / "zones.geojson")
    homes = spread_homes(zones, ways, rng)
    main_streets = junctions(way for way in ways if way.highway in MAIN_STREETS)
    wanted = to_plane(np.array([row[7:] for row in EXISTING]))
    existing = _aside(main_streets[nearest(wanted, main_streets)[0]], rng)
    # Markets, too, although they serve no walk standard: a kiosk may be added to them.
    open_now = existing[[row[3] == "正常" for row in EXISTING]]
    pool = junctions(way for way in ways if way.highway in MAIN_STREETS | HOMES)
    candidates = _aside(place_candidates(pool, homes, zones, open_now, rng), rng)
    wanted = to_plane(np.array([row[6:] for row in MARKETS]))
    later = np.random.default_rng(LATER_SEED)
    markets = _aside(main_streets[nearest(wanted, main_streets)[0]], later)
    graduates = graduates_of(homes, later)
    wanted = to_plane(np.array([row[2:] for row in MOBILE]))
    mobile = _aside(main_streets[nearest(wanted, main_streets)[0]], later)
    write_csv(HERE / "demand.csv", DEMAND_COLUMNS, demand_rows(homes, graduates, zones))
    write_csv(HERE / "sites.csv", SITE_COLUMNS, site_rows(existing, zones))
    write_csv(HERE / "candidates.csv", CANDIDATE_COLUMNS, candidate_rows(candidates, zones, rng))
    write_csv(HERE / "markets.csv", MARKET_COLUMNS, market_rows(markets, zones))
    write_csv(HERE / "mobile.csv", MOBILE_COLUMNS, mobile_rows(mobile, zones))
    print(f"{len(homes.xy)} demand points, {len(existing)} sites, {len(candidates)} candidates")


if __name__ == "__main__":
    main()
