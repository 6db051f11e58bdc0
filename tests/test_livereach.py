"""The live map's plane, feet and searches in Node: the very figures of planner's own rooms."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from livenode import run_node
from oracle import Segment, make_roads
from planner import straight
from planner.geodesy import great_circle_mm, project, unproject
from planner.livebytes import Section, byte_planes, container, crc, text_of, varints, zigzags
from planner.livegraph import pack_roads
from planner.livemeta import zone_of
from planner.livepoints import feet_sections
from planner.nearest import nearest_labels
from planner.osmfile import read_roads
from planner.searches import pairs_within
from planner.snapping import snap
from shared_data import COQUIMBO_ROADS
from smallnets import HUGE, PLACES, USUAL, Scale, feet_on, networks, record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from planner.livegraph import PackedRoads
    from planner.roads import Feet, Roads
    from planner.terms import Measure, Mode

    Real = NDArray[np.float64]
    Whole = NDArray[np.int64]

SCRIPTS = ["inflate.js", "decode.js", "plane.js", "graph.js", "snap.js", "reach.js", "straight.js"]
LONGEST_MM = 2**30
"""The largest limit that a search in the page takes."""

OPEN = """
const load = live.decode(await live.inflate(given.text, 1, given.crc));
"""


# --- Loads ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Load:
    """A load with its networks and the people's feet on them, as Python has them."""

    networks: Mapping[Mode, Roads]
    packed: PackedRoads
    people: Mapping[Mode, Feet]
    given: dict[str, str]

    def feet(self, mode: Mode, feet: Feet) -> list[dict[str, int] | None]:
        """Feet as the page takes them."""
        slots = self.packed.slots[mode]
        rows = zip(feet.edge.tolist(), feet.position_mm.tolist(), feet.access_mm.tolist(), strict=True)
        return [{"slot": int(slots[e]), "mm": mm, "access": leg} if e >= 0 else None for e, mm, leg in rows]


def load_of(
    networks: Mapping[Mode, Roads], people: Mapping[Mode, Feet], places: tuple[Real, Real] | None = None, *,
    snap_max_mm: int = 500_000,
) -> Load:  # fmt: skip
    """Pack networks, and people who differ in nothing but their feet and places."""
    packed = pack_roads(networks)
    count = len(next(iter(people.values()))) if people else 0
    lon, lat = places or (np.zeros(count), np.zeros(count))
    ones = np.ones(len(lon), dtype=np.int64)
    sections = {
        **packed.sections,
        "point_lon": Section(byte_planes(lon), len(lon)),
        "point_lat": Section(byte_planes(lat), len(lon)),
        "point_people": Section(varints(ones), len(lon)),
        "point_unit": Section(zigzags(-ones), len(lon)),
        "point_district": Section(zigzags(-ones), len(lon)),
    }
    for mode, feet in people.items():
        sections.update(feet_sections("foot", feet, packed.slots[mode], mode))
    zones = {mode: zone_of(roads) for mode, roads in networks.items()}
    data = container({"snap_max_mm": snap_max_mm, "utms": zones, "sites": []}, sections)
    return Load(networks, packed, people, {"text": text_of(data), "crc": crc(data)})


@cache
def sample(mode: Mode) -> Roads:
    """A network of the shipped sample."""
    return read_roads(COQUIMBO_ROADS, mode=mode)


def around(roads: Roads, count: int, seed: int) -> tuple[Real, Real]:
    """Places beside segments, on vertices, and anywhere in the box and around it; degrees east and north."""
    rng = np.random.default_rng(seed)
    edge, share = rng.integers(0, roads.n_edges, count), np.clip(rng.normal(0.5, 0.5, count), 0.0, 1.0)
    aside = rng.choice([0.0, 1e-8, 1e-5, 5e-4], count) * rng.normal(size=(2, count))
    u, v = roads.u[edge], roads.v[edge]
    lon, lat = (at[u] + share * (at[v] - at[u]) for at in (roads.lon, roads.lat))
    west, south, east, north = roads.bounds
    anywhere = rng.random(count) < 0.1
    lon = np.where(anywhere, rng.uniform(west - 0.05, east + 0.05, count), lon + aside[0])
    lat = np.where(anywhere, rng.uniform(south - 0.05, north + 0.05, count), lat + aside[1])
    return np.rint(lon * 1e7) / 1e7, np.rint(lat * 1e7) / 1e7


@cache
def sample_load() -> Load:
    """The sample's roads, walked and driven, with people on them."""
    roads: dict[Mode, Roads] = {"walk": sample("walk"), "drive": sample("drive")}
    places = around(roads["walk"], 600, 20261125)
    return load_of(roads, {mode: snap(of, *places) for mode, of in roads.items()}, places)


# --- The plane -----------------------------------------------------------------------------------------------


ZONES = [(50, False), (19, True), (32, False), (1, True), (60, False)]

PLANE = """(live, cases) => cases.map(([zone, south, lon, lat, x, y]) => {
    const utm = live.utm(zone, south);
    return [lon.map((at, k) => utm.forward(at, lat[k])), x.map((at, k) => utm.inverse(at, y[k]))];
})"""


def test_the_plane_is_that_of_proj() -> None:
    rng = np.random.default_rng(7)
    cases, expected = [], []
    for zone, south in ZONES:
        epsg = (32700 if south else 32600) + zone
        lon = zone * 6 - 183 + rng.uniform(-2.99, 2.99, 2000)
        lat = rng.uniform(0.0, 80.0, 2000) * (-1 if south else 1)
        x, y = project(lon, lat, epsg)
        cases.append([zone, south, lon, lat, x, y])
        expected.append((np.column_stack([x, y]), np.column_stack(unproject(x, y, epsg))))
    for found, (plane, globe) in zip(run_node(["plane.js"], PLANE, cases), expected, strict=True):
        np.testing.assert_allclose(found[0], plane, rtol=0, atol=1e-8)  # metres
        np.testing.assert_allclose(found[1], globe, rtol=0, atol=1e-13)  # degrees: 1e-8 m


def test_what_the_zone_does_not_reach_has_no_place() -> None:
    main = "(live, at) => { const utm = live.utm(50, false); return at.map(([lon, lat]) => utm.forward(lon, lat)); }"
    assert run_node(["plane.js"], main, [[-153.0, 0.0], [117.0, 91.0]]) == [[None, None]] * 2


def test_great_circles_are_those_of_python() -> None:
    rng = np.random.default_rng(8)
    lon, lat = rng.uniform(-180, 180, 4000), rng.uniform(-89, 89, 4000)
    scale = 10.0 ** rng.uniform(-7, 0, 4000)
    to_lon, to_lat = lon + scale * rng.normal(size=4000), np.clip(lat + scale * rng.normal(size=4000), -90, 90)
    lon[0], lat[0] = to_lon[0], to_lat[0]
    main = "(live, [a, b, c, d]) => a.map((at, k) => live.greatCircleMm(at, b[k], c[k], d[k]))"
    found = run_node(["plane.js"], main, [lon, lat, to_lon, to_lat])
    assert found == great_circle_mm(lon, lat, to_lon, to_lat).tolist()


def test_half_goes_to_the_even_number() -> None:
    values = [0.5, 1.5, 2.5, -0.5, 0.49999999999999994, 4503599627370495.5, 7.0, 1.25]
    found = run_node(["plane.js"], "(live, values) => values.map(live.rint)", values)
    assert found == np.rint(values).tolist()


# --- Feet ----------------------------------------------------------------------------------------------------


SNAP = (
    """async (live, cases) => {
    const found = [];
    for (const given of cases) {"""
    + OPEN
    + """
        found.push(given.asked.map(([mode, places]) => {
            const snapper = live.snapper(load, mode);
            return places.map(([lon, lat]) => snapper.snap(lon, lat));
        }));
    }
    return found;
}"""
)


class Asked(NamedTuple):
    """Places whose feet are asked for, on a network of a load."""

    mode: Mode
    lon: Real
    lat: Real

    @property
    def given(self) -> list[Any]:
        """As the script takes them."""
        return [self.mode, np.column_stack([self.lon, self.lat])]


def check_feet(cases: Sequence[tuple[Load, list[Asked], float]]) -> int:
    """Hold the page's feet against those of planner.snapping; tells how many are on a network."""
    asked = [{**load.given, "asked": [each.given for each in asks]} for load, asks, _ in cases]
    on = 0
    for (load, asks, most_m), found in zip(cases, run_node(SCRIPTS, SNAP, asked), strict=True):
        for each, feet in zip(asks, found, strict=True):
            expected = load.feet(each.mode, snap(load.networks[each.mode], each.lon, each.lat, snap_max_m=most_m))
            assert feet == expected
            on += len(feet) - feet.count(None)
    return on


def test_feet_on_the_sample() -> None:
    load = sample_load()
    asks = [Asked(mode, *around(roads, 4000, len(mode))) for mode, roads in load.networks.items()]
    assert check_feet([(load, asks, 500.0)]) > 7000


def test_feet_far_from_every_road() -> None:
    roads: dict[Mode, Roads] = {"walk": sample("walk")}
    west, south, east, north = roads["walk"].bounds
    rng = np.random.default_rng(3)
    lon, lat = rng.uniform(west - 1, east + 1, 300), rng.uniform(south - 1, north + 1, 300)
    far = np.append(lon, [0.0, 179.9, west]), np.append(lat, [0.0, 40.0, -91.0])
    everywhere = load_of(roads, {}, snap_max_mm=10**9)
    near = load_of(roads, {}, snap_max_mm=0)
    asks = [Asked("walk", *far)]
    assert check_feet([(everywhere, asks, 1e6), (near, asks, 0.0)]) == len(lon)


def tied() -> Roads:
    """Streets on which much is equally near: acute forks, parallel and doubled ways, ways to and fro, and no length."""
    lon, lat, step = 117.0, 36.6, 0.001
    places = [(lon, lat), (lon + step, lat), (lon + step, lat + 1e-5), (lon + step, lat - 1e-5), (lon, lat + step)]
    places += [(lon + step, lat + step), (lon, lat + step + 2e-5), (lon + step, lat + step + 2e-5), (lon, lat)]
    ends = [(0, 1), (2, 0), (0, 3), (4, 5), (6, 7), (5, 4), (4, 5), (0, 8), (1, 1), (3, 0)]
    rows = [Segment(way, u, v) for way, (u, v) in zip([7, 3, 9, 5, 4, 8, 2, 1, 6, 0], ends, strict=True)]
    return make_roads("walk", places, rows)


def test_ties_go_to_the_lowest_way() -> None:
    roads = tied()
    rng = np.random.default_rng(4)
    share, aside = rng.random(600), rng.choice([0.0, 1e-7, -1e-7, 1e-5, 2e-5], 600)
    lon = 117.0 + 0.001 * np.concatenate([share, share])
    lat = 36.6 + np.concatenate([aside, aside + 0.001])
    on_ends = np.array([[117.0, 36.6], [117.001, 36.6], [117.001, 36.601], [117.0, 36.60101]])
    asked = Asked("walk", np.append(lon, on_ends[:, 0]), np.append(lat, on_ends[:, 1]))
    assert check_feet([(load_of({"walk": roads}, {}), [asked], 500.0)]) == len(asked.lon)
    assert len(np.unique(snap(roads, asked.lon, asked.lat).edge)) > 4


def far_apart(lon: float, lat: float, seed: int) -> Roads:
    """A few streets of all lengths up to hundreds of kilometres."""
    rng = np.random.default_rng(seed)
    step = 10.0 ** rng.uniform(-5, 0.4, 40)
    at = np.column_stack([lon + step * rng.normal(size=40), lat + step * rng.normal(size=40)])
    places = [(float(x), float(y)) for x, y in at]
    return make_roads("walk", places, [Segment(k % 7, k, k + 1) for k in range(39)])


@pytest.mark.parametrize(("lon", "lat"), [(117.0, 36.6), (-70.0, -68.0), (10.5, 1.0), (179.2, 52.0)])
def test_feet_on_roads_as_long_as_a_country(lon: float, lat: float) -> None:
    roads = far_apart(lon, lat, 5)
    rng = np.random.default_rng(6)
    asked = Asked("walk", *(at + 10.0 ** rng.uniform(-4, 0.5, 400) * rng.normal(size=400) for at in (lon, lat)))
    assert check_feet([(load_of({"walk": roads}, {}, snap_max_mm=10**9), [asked], 1e6)])


# --- Searches ------------------------------------------------------------------------------------------------


REACH = (
    """async (live, cases) => {
    const found = [];
    for (const given of cases) {"""
    + OPEN
    + """
        const n = load.points.n, out = { point: new Int32Array(n), cost: new Int32Array(n) }, nets = {};
        found.push(given.asked.map(([mode, measure, kph, feet, limits, counts]) => {
            const net = nets[mode] = nets[mode] || live.network(load, mode);
            const within = feet.map((foot) => limits.map((limit) => {
                const count = net.within(foot, measure, limit, kph, out);
                const rows = Array.from({ length: count }, (unused, k) => [out.point[k], out.cost[k]]);
                return rows.sort((a, b) => a[0] - b[0]);
            }));
            const near = counts.map((count) => {
                const { site, cost } = net.nearest(feet, measure, kph, count);
                return [site, Array.from(cost, (a) => a === Infinity ? -1 : a)];
            });
            return [within, near];
        }));
    }
    return found;
}"""
)


class Search(NamedTuple):
    """Searches that are asked for: from each foot to each limit, and for so many nearest feet."""

    mode: Mode
    measure: Measure
    kph: str
    sites: Feet
    limits: list[int]
    counts: list[int]

    def given(self, load: Load) -> list[Any]:
        """As the script takes them."""
        return [self.mode, self.measure, self.kph, load.feet(self.mode, self.sites), self.limits, self.counts]


def expected_within(load: Load, search: Search) -> list[list[list[list[int]]]]:
    """By site and limit: rows of point and cost, in the order of the points."""
    roads, people = load.networks[search.mode], load.people[search.mode]
    rows: list[list[list[list[int]]]] = [[] for _ in range(len(search.sites))]
    for limit in search.limits:
        found = pairs_within(
            roads, people, search.sites, measure=search.measure, walk_kph=float(search.kph), limit=limit, threads=1
        )
        pairs = np.column_stack([found.item.astype(np.int64), found.first])
        for site, mine in enumerate(rows):
            mine.append(sorted(pairs[found.start[site] : found.start[site + 1]].tolist()))
    return rows


def expected_near(load: Load, search: Search, count: int) -> list[list[int]]:
    """Sites and costs by point and rank, -1 where there is none."""
    roads, people = load.networks[search.mode], load.people[search.mode]
    labels, kph = np.arange(len(search.sites)), float(search.kph)
    near = nearest_labels(roads, people, search.sites, labels, measure=search.measure, walk_kph=kph, count=count)
    site, cost = (np.full(len(people) * count, -1) for _ in range(2))
    at = near.point * count + near.rank - 1
    site[at], cost[at] = near.label, near.first
    return [site.tolist(), cost.tolist()]


def check_searches(cases: Sequence[tuple[Load, list[Search]]]) -> int:
    """Hold the page's searches against those of planner's own rooms; tells how many pairs they find."""
    asked = [{**load.given, "asked": [search.given(load) for search in searches]} for load, searches in cases]
    pairs = 0
    for (load, searches), found in zip(cases, run_node(SCRIPTS, REACH, asked), strict=True):
        for search, (within, near) in zip(searches, found, strict=True):
            assert within == expected_within(load, search), (search.mode, search.measure)
            assert near == [expected_near(load, search, count) for count in search.counts], (
                search.mode,
                search.measure,
            )
            pairs += sum(len(rows) for mine in within for rows in mine)
    return pairs


def test_searches_on_the_sample() -> None:
    load, searches = sample_load(), []
    asked: list[tuple[Mode, Measure, str, list[int]]] = [
        ("walk", "distance", "4.0", [0, 1_200_000, 5_000_000]),
        ("walk", "time", "4.8", [1_000_000]),
        ("drive", "distance", "4.0", [1_200_000, 40_000_000]),
        ("drive", "time", "3.2", [300_000, 900_000]),
        ("drive", "time", "4.8", [300_000]),
    ]
    for mode, measure, kph, limits in asked:
        sites = snap(load.networks[mode], *around(load.networks[mode], 25, 11))
        searches.append(Search(mode, measure, kph, sites, limits, [1, 3]))
    assert check_searches([(load, searches)]) > 20_000


@st.composite
def drawn_cases(
    draw: st.DrawFn, *, modes: Sequence[Mode] = ("walk", "drive"), scale: Scale = USUAL
) -> tuple[Load, list[Search]]:
    """A small network, driven as drawn and walked both ways, with people and sites on it, and searches from the sites.

    Limits lie exactly at costs that occur, and one below.
    """
    drive = draw(networks(modes=["drive"], scale=scale))
    both = np.ones(drive.n_edges, dtype=np.bool_)
    walk = replace(drive, mode="walk", forward=both, backward=both, drive_ms=np.zeros_like(drive.drive_ms))
    roads: dict[Mode, Roads] = {"walk": walk, "drive": drive}
    people = record(draw(feet_on(drive, scale=scale)))
    sites = record(draw(feet_on(drive, scale=scale)))
    load = load_of(roads, dict.fromkeys(roads, people))
    kph = draw(st.sampled_from(["3.2", "4.0", "4.8"]))
    searches = []
    ways: list[tuple[Mode, Measure]] = [("walk", "distance"), ("drive", "distance"), ("drive", "time")]
    for mode, measure in (way for way in ways if way[0] in modes):
        near = nearest_labels(
            roads[mode], people, sites, np.arange(len(sites)), measure=measure, walk_kph=float(kph), count=5
        )
        some = [int(cost) for cost in near.first[:2] if cost <= LONGEST_MM]
        limits = sorted({0, LONGEST_MM, *some, *(max(cost - 1, 0) for cost in some)})
        searches.append(Search(mode, measure, kph, sites, limits, [1, 2, 5]))
    return load, searches


def drawn(strategy: st.SearchStrategy[Any], count: int) -> list[Any]:
    """So many examples, to be judged together by one Node."""
    found: list[Any] = []

    @settings(
        max_examples=count, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )  # fmt: skip
    @given(strategy)
    def collect(case: Any) -> None:
        found.append(case)

    collect()
    return found


def test_searches_on_small_networks() -> None:
    assert check_searches(drawn(drawn_cases(), 60)) > 1000


def test_searches_on_networks_of_huge_figures() -> None:
    cases = drawn(drawn_cases(modes=["walk"], scale=HUGE), 25)
    assert check_searches(cases) > 100
    assert any(
        any(2**29 < limit < LONGEST_MM for limit in search.limits) for _, searches in cases for search in searches
    )


def test_too_large_a_limit_is_refused() -> None:
    roads = make_roads("walk", PLACES, [Segment(1, 0, 1)])
    load = load_of({"walk": roads}, {"walk": snap(roads, *np.array([PLACES[0]]).T)})
    main = f"""async (live, given) => {{ {OPEN}
        const foot = {{ slot: 0, mm: 0, access: 0 }}, net = live.network(load, "walk");
        try {{ net.within(foot, "distance", 2 ** 30 + 1, "4.0", {{}}); }}
        catch (error) {{ return error.name; }}
    }}"""
    assert run_node(SCRIPTS, main, load.given) == "RangeError"


# --- Straight lines ------------------------------------------------------------------------------------------


STRAIGHT = (
    """async (live, given) => {"""
    + OPEN
    + """
    const n = load.points.n, out = { point: new Int32Array(n), cost: new Int32Array(n) }, lines = live.straight(load);
    return given.places.map(([lon, lat]) => given.limits.map((limit) => {
        const count = lines.within(lon, lat, limit, out);
        return Array.from({ length: count }, (unused, k) => [out.point[k], out.cost[k]]).sort((a, b) => a[0] - b[0]);
    }));
}"""
)


def table(key: str, lon: Real, lat: Real) -> gpd.GeoDataFrame:
    """A demand or site table of places; ids are their numbers."""
    return gpd.GeoDataFrame({key: np.arange(len(lon))}, geometry=gpd.points_from_xy(lon, lat), crs=4326)


FEW = """(live, { people, places, limits }) => {
  const [lon, lat] = people, points = { n: lon.length, lon, lat }, lines = live.straight({ points });
  const out = { point: new Int32Array(points.n), cost: new Int32Array(points.n) };
  return places.map(([x, y]) => limits.map((limit) => {
    const count = lines.within(x, y, limit, out);
    return Array.from({ length: count }, (_, k) => [out.point[k], out.cost[k]]).sort((a, b) => a[0] - b[0]);
  }));
}"""


@pytest.mark.parametrize(
    ("lon", "lat"),
    [
        ([], []),
        ([120.1], [36.2]),
        ([120.1] * 40, [36.2] * 40),
        ([120.1] * 40, [36.2 + 0.001 * k for k in range(40)]),
        ([120.1 + 0.001 * k for k in range(40)], [36.2] * 40),
    ],
    ids=["nobody", "one", "one place", "a meridian", "a parallel"],
)
def test_straight_lines_to_people_on_one_line_or_nowhere(lon: list[float], lat: list[float]) -> None:
    places = [[120.1, 36.2], [120.1, 36.22], [120.12, 36.2], [120.09, 36.19]]
    limits = [0, 1_000_000, 3_000_000]
    given = {"people": [lon, lat], "places": places, "limits": limits}
    far = [great_circle_mm(x, y, np.array(lon), np.array(lat)).tolist() for x, y in places]
    expected = [[[[p, mm] for p, mm in enumerate(row) if mm <= limit] for limit in limits] for row in far]
    assert run_node(["plane.js", "straight.js"], FEW, given) == expected


@pytest.mark.parametrize(("lon", "lat", "spread"), [(-71.3, -29.9, 0.1), (0.0, 89.9, 60.0), (179.9, 10.0, 0.2)])
def test_straight_lines(lon: float, lat: float, spread: float) -> None:
    rng = np.random.default_rng(9)
    people = lon + spread * rng.normal(size=400), np.clip(lat + min(spread, 0.1) * rng.normal(size=400), -90, 90)
    sites = lon + spread * rng.normal(size=30), np.clip(lat + min(spread, 0.1) * rng.normal(size=30), -90, 90)
    people = (people[0] + 180) % 360 - 180, people[1]
    sites = (sites[0] + 180) % 360 - 180, sites[1]
    sites[0][7], sites[1][7] = sites[0][3], sites[1][3]  # a tie
    people[0][5], people[1][5] = sites[0][3], sites[1][3]
    limits_m = [0, 800, 3000, 50_000]
    load = load_of({"walk": tied()}, {}, people)
    given_ = {**load.given, "places": np.column_stack(sites), "limits": [1000 * limit for limit in limits_m]}
    within = run_node(SCRIPTS, STRAIGHT, given_)
    tables = table("demand_id", *people), table("site_id", *sites)
    expected: list[list[list[list[int]]]] = [[[] for _ in limits_m] for _ in sites[0]]
    for k, limit in enumerate(limits_m):
        found = straight.within(*tables, cutoff_m=limit)
        for d, s, metres in zip(found["demand_id"], found["site_id"], found["metres"], strict=True):
            expected[s][k].append([d, round(metres * 1000)])
    assert within == expected
