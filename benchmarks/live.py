"""The live map on large cities: bytes, time to live, drags and the best next place, in Node and in Chromium.

    python benchmarks/live.py [--cities 200k-nodes 200k-junctions 1M-nodes] [--places 300] [--json FILE]

Cities are the mirrored tiles of ``tiles.py`` with the places that a road file would give (1e-7 degrees), 20,000 points
of people, 170 stations and 1,000 candidates. The figures of every drag and of the best next place are first held
against the planner's own searches; a city whose figures differ is not measured. A drag is snap, search, coverage
against the stations and roll-up by community, each at another place beside a street, after as many at other places
again (the engine's code is compiled as it runs). A page is live once the figures of the run are checked: in Chromium
counted from the begin of the navigation to a page with the load and the engine alone (``maps.py`` measures the drawing
of the map), in Node from the text of the load. What misses its target is marked; a page's opening has one at the
machine's own pace. Chromium is left out where it is not installed.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import patch

import numpy as np

import tiles
from planner import inputs, live
from planner.geodesy import segment_mm
from planner.searches import pairs_within
from planner.skeleton import skeleton_of
from planner.snapping import snap
from planner.study import study

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests"))

from browser import CHROMIUM, FLAGS  # noqa: E402  (of the tests, which are not on the path before)
from liveedits import ENGINE  # noqa: E402
from livenode import LIVE, run_node  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from planner.pageload import Load
    from planner.roads import Roads
    from planner.study import Study

    Real = NDArray[np.float64]
    Whole = NDArray[np.int64]

SIDES = {"200k-nodes": 4, "200k-junctions": 7, "1M-nodes": 9}
"""Tiles along each side of a city."""

POINTS, STATIONS, CANDIDATES = 20_000, 170, 1000
LIMITS_KM = ("1.2", "5")
SEED = 20261123

MOST_BYTES_A_NODE, MOST_BYTES = 11.0, 12_000_000
MOST_DRAG_MS, MOST_BEST_MS, MOST_LIVE_MS = 16.0, 1000.0, 2000.0
SLOW = 4
"""How many times slower a slow PC's processor is taken to be."""

SCENARIO = """\
name = "city"
title = "City"
language = "en"
data_date = 2026-06-30
[roads]
file = '{roads}'
[[demand.table]]
file = "demand.csv"
coordinates = "wgs84"
[[sites.table]]
file = "sites.csv"
coordinates = "wgs84"
[[facility]]
type = "station"
name = "Station"
build = false
[[facility]]
type = "kiosk"
name = "Kiosk"
cost_once_yuan = 80_000
cost_yearly_yuan = 6_000
[[standard]]
id = "near"
km = 1.2
served_by = ["station", "kiosk"]
[[standard]]
id = "far"
km = 5
served_by = ["station", "kiosk"]
[[goal]]
id = "people"
standard = "near"
share = 0.01
"""

OPENING = """async (live, given) => {
  const began = performance.now(), bytes = await live.inflate(given.text, given.version, given.crc);
  const inflated = performance.now(), load = live.decode(bytes), decoded = performance.now();
  const city = live.city(load), wrong = city.check(), now = performance.now();
  const ms = { inflate: inflated - began, decode: decoded - inflated, check: now - decoded, opened: now };
  return { city, wrong, ms };
}"""

WORKING = """(live, city, given) => {
  const { load } = city, drags = [];
  load.meta.standards.forEach((standard, k) => {  // a city with this standard alone: one search a drag
    const meta = { ...load.meta, standards: [standard], goals: [], signed: {} };
    const alone = live.city({ ...load, meta, points: { ...load.points, codes: [load.points.codes[k]], scopes: [] } });
    const began = performance.now(), drag = alone.drag(alone.start, { type: "kiosk" });
    const begin = performance.now() - began;
    for (const [lon, lat] of given.others) drag.at(lon, lat);  // as the first seconds of a drag warm up
    const covered = [], ms = [];
    for (const [lon, lat] of given.places) {
      const from = performance.now(), found = drag.at(lon, lat);
      ms.push(performance.now() - from);
      covered.push(found.covered[0]);
    }
    drags.push({ begin, ms, covered });
  });
  const before = performance.now(), best = city.best(city.start, 0), ms = performance.now() - before;
  return { drags, best: best.map(({ option, newly }) => [option, newly]), bestMs: ms };
}"""

IN_NODE = f"""async (live, given) => {{
  const {{ city, wrong, ms }} = await ({OPENING})(live, given);
  const alone = ms.inflate + ms.decode + ms.check;  // no page is opened here
  return {{ wrong, ms: {{ ...ms, opened: alone }}, ...({WORKING})(live, city, given) }};
}}"""

PAGE = """<!doctype html><meta charset="utf-8"><title>live</title>
<script type="application/octet-stream" id="load">{text}</script>
{scripts}
<script>
const given = {{ text: document.getElementById("load").textContent, version: {version}, crc: "{crc}" }};
window.opened = ({opening})(globalThis.plannerLive, given);
</script>
"""


class City(NamedTuple):
    """A city, its load, and what Python finds there: people covered by each drag, and newly by each candidate."""

    roads: Roads
    load: Load
    places: Real
    others: Real
    covered: list[list[int]]
    newly: list[int]


# --- Cities --------------------------------------------------------------------------------------------------


def roads_of(side: int) -> Roads:
    """Lay tiles; places and lengths are as a road file would give them."""
    roads = tiles.mirror_tiled(tiles.cut_out(tiles.sample(), tiles.CITY), side).roads
    lon, lat = roads.lon.round(7), roads.lat.round(7)
    length_mm = segment_mm(lon[roads.u], lat[roads.u], lon[roads.v], lat[roads.v])
    return replace(roads, lon=lon, lat=lat, length_mm=length_mm)


def beside(roads: Roads, count: int, seed: int) -> tuple[Real, Real]:
    """Draw places beside streets."""
    lon, lat = tiles.places_beside(roads, count, seed, aside_m=60.0)
    return lon.round(7), lat.round(7)


def write(path: Path, head: str, rows: Iterable[tuple[object, ...]]) -> None:
    """Write a table."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([head.split(","), *rows])


def scenario_in(folder: Path, roads: Roads) -> Path:
    """Write a scenario with people, stations and candidates beside the streets; communities are blocks of 20 points."""
    lon, lat = beside(roads, POINTS, SEED)
    people = np.random.default_rng(SEED).integers(1, 400, POINTS)
    column = np.argsort(np.argsort(lon)) * 25 // POINTS
    unit = column * 40 + np.argsort(np.argsort(lat)) * 40 // POINTS
    rows = zip(unit, column % 6, people, lon, lat, strict=True)
    points = ((f"d{k:05d}", f"{u:012d}", f"D{d}", "urban", p, x, y) for k, (u, d, p, x, y) in enumerate(rows))
    write(folder / "demand.csv", "demand_id,unit_id,district,setting,people,lon,lat", points)
    places = zip(*beside(roads, STATIONS + CANDIDATES, SEED + 1), strict=True)
    kinds = [("station", "existing")] * STATIONS + [("kiosk", "candidate")] * CANDIDATES
    sites = ((f"s{k:04d}", f"s{k:04d}", *kinds[k], x, y) for k, (x, y) in enumerate(places))
    write(folder / "sites.csv", "site_id,name,type,status,lon,lat", sites)
    path = folder / "scenario.toml"
    path.write_text(SCENARIO.format(roads=tiles.SAMPLE.as_posix()), encoding="utf-8")
    return path


def studied_city(roads: Roads) -> Study:
    """Study the scenario on the network, as a run would."""

    def quiet(_line: str) -> None: ...

    with TemporaryDirectory() as name:
        path = scenario_in(Path(name), roads)
        with patch.object(inputs, "read_rerouted", lambda _loaded, _modes: ({"walk": roads}, None)):
            return study(inputs.read(path, quiet), quiet)


def city(side: int, n_places: int) -> City:
    """Build a city, pack it, and count what its drags and candidates cover by the planner's own searches."""
    roads = roads_of(side)
    studied = studied_city(roads)
    told = {
        "standards": [asdict(standard) for standard in studied.inputs.standards],
        "inputs": [{"path": "roads"}],
        "data_date": "2026-06-30",
    }
    load = live.load_of(studied, told)
    people = studied.inputs.demand.frame["people"].to_numpy()
    demand, sites = studied.city.demand_feet["walk"], studied.city.site_feet["walk"]
    order = np.argsort(studied.city.sites["site_id"].to_numpy(), kind="stable")
    places, others = (np.column_stack(beside(roads, n_places, SEED + more)) for more in (2, 3))
    targets = snap(roads, *places.T)
    covered, newly = [], []
    for limit_km in LIMITS_KM:
        limit = round(float(limit_km) * 1_000_000)
        reached = pairs_within(roads, demand, sites.take(order), measure="distance", walk_kph=4.0, limit=limit)
        today = np.zeros(len(people), dtype=np.bool_)
        today[reached.item[: reached.start[STATIONS]]] = True
        dragged = pairs_within(roads, demand, targets, measure="distance", walk_kph=4.0, limit=limit)
        base = int(people[today].sum())
        covered.append([base + more for more in _sums(dragged.start, dragged.item, np.where(today, 0, people))])
        newly.append(_sums(reached.start, reached.item, np.where(today, 0, people))[STATIONS:])
    return City(roads, load, places, others, covered, newly[0])


def _sums(start: Whole, item: NDArray[np.unsignedinteger[Any]], people: Whole) -> list[int]:
    """Sum people by source."""
    total = np.concatenate([[0], np.cumsum(people[item])])
    sums: list[int] = (total[start[1:]] - total[start[:-1]]).tolist()
    return sums


# --- Measuring -----------------------------------------------------------------------------------------------


def in_node(made: City) -> dict[str, Any]:
    """Open the load in Node, and work with it."""
    given = {"text": made.load.text, "version": made.load.version, "crc": made.load.crc}
    given |= {"places": made.places, "others": made.others}
    found: dict[str, Any] = run_node(ENGINE, IN_NODE, given, timeout_s=3600.0)
    return found


def in_chromium(made: City, slower: int) -> dict[str, Any]:
    """Open a page with the load in a new browser whose processor is so many times slower, and work with it."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  (Node alone needs none)

    scripts = "\n".join(f"<script>{(LIVE / name).read_text(encoding='utf-8')}</script>" for name in ENGINE)
    load = made.load
    text = PAGE.format(text=load.text, version=load.version, crc=load.crc, scripts=scripts, opening=OPENING)
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "live.html"
        path.write_text(text, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_context(offline=True).new_page()
        page.set_default_timeout(600_000)
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
        page.goto(path.as_uri())
        opened = page.evaluate("async () => { const { wrong, ms } = await window.opened; return { wrong, ms }; }")
        work = f"async (given) => ({WORKING})(globalThis.plannerLive, (await window.opened).city, given)"
        found = page.evaluate(work, {"places": made.places.tolist(), "others": made.others.tolist()})
        browser.close()
    return {**opened, **found}


def differences(made: City, found: dict[str, Any]) -> list[str]:
    """Say what differs from Python's figures."""
    wrong = [] if found["wrong"] is None else [f"signed figures differ: {found['wrong']}"]
    for limit_km, drag, covered in zip(LIMITS_KM, found["drags"], made.covered, strict=True):
        many = sum(a != b for a, b in zip(drag["covered"], covered, strict=True))
        wrong += [f"{many} of {len(covered)} drags at {limit_km} km differ"] if many else []
    best = [0] * CANDIDATES
    for option, newly in found["best"]:
        best[option] = newly
    return wrong + (["the best next place differs"] if best != made.newly else [])


def percentile(values: list[float], share: float) -> float:
    """Return the value that a share of all do not exceed."""
    return float(np.quantile(values, share, method="inverted_cdf"))


def over(value: float, most: float) -> str:
    """Mark what is above its target."""
    return " !" if value > most else ""


def told(found: dict[str, Any], *, large: bool, at_pace: bool) -> Iterator[str]:
    """Say what was measured, and what misses its target."""
    ms = found["ms"]
    parts = ", ".join(f"{name} {ms[name]:.0f}" for name in ("inflate", "decode", "check"))
    yield f"live after {ms['opened']:.0f} ms{over(ms['opened'], MOST_LIVE_MS) if at_pace else ''} ({parts})"
    for limit_km, drag in zip(LIMITS_KM, found["drags"], strict=True):
        half, most = (percentile(drag["ms"], share) for share in (0.5, 0.95))
        mark = "" if large else over(most, MOST_DRAG_MS)
        yield f"drag at {limit_km} km: p50 {half:.2f} ms, p95 {most:.2f} ms{mark}; begun in {drag['begin']:.0f} ms"
    best = found["bestMs"]
    yield f"best next of {CANDIDATES:,} candidates at {LIMITS_KM[0]} km: {best:.0f} ms{over(best, MOST_BEST_MS)}"


def measured(name: str, made: City) -> dict[str, Any]:
    """Measure one city everywhere, and print it."""
    nodes, junctions, size = made.roads.n_nodes, skeleton_of(made.roads).n_junctions, len(made.load.text)
    marks = over(size / nodes, MOST_BYTES_A_NODE), over(size, MOST_BYTES)
    print(f"{name}: {nodes:,} road nodes, {junctions:,} junctions")
    print(f"  {size:,} bytes{marks[1]}, {size / nodes:.2f} a road node{marks[0]}, {size / junctions:.2f} a junction")
    ways: dict[str, Callable[[], dict[str, Any]]] = {"Node": lambda: in_node(made)}
    if CHROMIUM is not None:
        ways["Chromium"] = lambda: in_chromium(made, 1)
        ways[f"Chromium, {SLOW} times slower"] = lambda: in_chromium(made, SLOW)
    figures: dict[str, Any] = {"nodes": nodes, "junctions": junctions, "bytes": size}
    for way, work in ways.items():
        found = work()
        wrong = differences(made, found)
        for line in wrong or told(found, large=nodes > 700_000, at_pace=not way.endswith("slower")):  # noqa: PLR2004  drags have a target below it
            print(f"  {way}: {line}", flush=True)
        drags = [[percentile(drag["ms"], share) for share in (0.5, 0.95)] for drag in found["drags"]]
        figures[way] = {"wrong": wrong, "ms": found["ms"], "drag_ms": drags, "best_ms": found["bestMs"]}
    return figures


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cities", nargs="+", choices=list(SIDES), default=list(SIDES))
    parser.add_argument("--places", type=int, default=300, help="drags at each distance")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    print(
        f"{POINTS:,} points of people, {STATIONS} stations, {CANDIDATES:,} candidates; ! marks what misses its target"
    )
    found = {name: measured(name, city(SIDES[name], arguments.places)) for name in arguments.cities}
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
