"""Random edits of a plan, counted by the scripts of the live map in Node and in Chromium and by the planner itself.

``python tests/liveedits.py scenarios/sample-2026.toml`` says how many of 1,000 edits differ; ``--tiled city-200k`` lays
a made-up scenario on a mirror-tiled network of ``benchmarks/tiles.py``.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import patch

import numpy as np

from browser import launched
from livechance import random_drag, random_edits
from livenode import LIVE, run_node
from liveoracle import Many
from planner import inputs, live
from planner.geodesy import segment_mm
from planner.study import study

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planner.pageload import Load
    from planner.roads import Roads
    from planner.study import Study

ROOT = Path(__file__).resolve().parents[1]
ENGINE = (
    "inflate.js", "decode.js", "plane.js", "snap.js", "graph.js", "reach.js", "straight.js", "tally.js", "closing.js",
    "best.js", "rules.js", "shelf.js", "checks.js", "city.js",
)  # fmt: skip
"""Scripts of the page that count, in order."""

NODE, CHROMIUM = ENGINES = ("node", "chromium")

OPENED = """async (live, input) => {
  const city = live.city(live.decode(await live.inflate(input.text, input.version, input.crc)));
  const work = WORK;
  return JSON.stringify(await work(live, city, input));
}"""

META = "(live, city) => ({ meta: city.load.meta, check: city.check() })"

FIGURES = """(live, city, input) => {
  const began = Date.now(), same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  const figures = input.edits.map((edit) => JSON.stringify(city.figures(edit)));
  const turned = (before, after, now) =>
    Array.from(after.keys()).filter((p) => after[p] === now && before[p] === 3 - now);
  const sorted = (points) => Array.from(points).sort((a, b) => a - b);
  const drags = input.drags.map(({ edit, item, at, then }, k) => {
    const s = k % city.load.meta.standards.length, drag = city.drag(edit, item, s);
    drag.at(at[0] + 0.001, at[1]);
    const told = drag.at(at[0], at[1]), found = city.figures(then).standards;
    const before = city.states(edit, s), after = city.states(then, s);
    return same(told.covered, found.map((one) => one.covered))
      && same(told.communities, found.map((one) => one.communities_covered))
      && same(told.people, found.map((one) => one.people)) && same(told.units, found.map((one) => one.communities))
      && same(sorted(told.newly), turned(before, after, 2)) && same(sorted(told.lost), turned(before, after, 1));
  });
  return { figures, drags, ms: Date.now() - began, check: city.check() };
}"""


class Opened(NamedTuple):
    """A study packed as its page does, and what the page then knows."""

    studied: Study
    load: Load
    meta: dict[str, Any]


class Outcome(NamedTuple):
    """What one engine gave: the edits whose figures differ from the planner's, the drags that do, and milliseconds."""

    differ: list[int]
    drags: list[int]
    check: Any
    ms: float


def load_of(studied: Study) -> Load:
    """Pack a study as its page does, without writing a result."""
    standards = [asdict(standard) for standard in studied.inputs.standards]
    return live.load_of(studied, {"standards": standards, "inputs": [{"path": "roads"}], "data_date": "2026-06-30"})


def in_engine(engine: str, load: Load, work: str, given: Mapping[str, Any] | None = None) -> Any:
    """Open a load in Node or in Chromium and return what ``work``, a function of (live, city, input), gives there."""
    main = OPENED.replace("WORK", work)
    sent = {"text": load.text, "version": load.version, "crc": load.crc, **(given or {})}
    if engine == NODE:
        return json.loads(run_node(ENGINE, main, sent, timeout_s=3600.0))
    with launched() as browser:
        page = browser.new_context(offline=True).new_page()
        for script in ENGINE:
            page.add_script_tag(content=(LIVE / script).read_text(encoding="utf-8"))
        return json.loads(page.evaluate(f"(input) => ({main})(globalThis.plannerLive, input)", sent))


def met_standards(studied: Study) -> set[str]:
    """Ids of the standards under which a field check found points covered."""
    return {line.standard for line in studied.inputs.verdicts.lines if line.met}


def opened(studied: Study, engine: str = NODE) -> Opened:
    """Pack a study and open it."""
    load = load_of(studied)
    return Opened(studied, load, in_engine(engine, load, META)["meta"])


def compared(found: Opened, n: int, seed: int, engines: Sequence[str] = ENGINES) -> Iterator[tuple[str, Outcome]]:
    """Compare random edits in each engine with the planner's own figures.

    Parameters
    ----------
    found
        A study of a scenario, packed and opened.
    n
        How many edits; as many drags are held against the figures of what they make.
    seed
        Which.
    engines
        ``node``, ``chromium``.

    Yields
    ------
    engine, outcome
        One for each engine.
    """
    (studied, load, meta), rng = found, random.Random(seed)  # noqa: S311
    edits = random_edits(meta, rng, n, met_standards(studied))
    drags = []
    for edit in edits:
        item, at, then = random_drag(meta, edit, rng)
        drags.append({"edit": edit, "item": item, "at": at, "then": then})
    told = {engine: in_engine(engine, load, FIGURES, {"edits": edits, "drags": drags}) for engine in engines}
    many = Many(studied, meta, edits)
    differ: dict[str, list[int]] = {engine: [] for engine in engines}
    for k, edit in enumerate(edits):
        wanted = many.figures(edit)
        for engine in engines:
            if json.loads(told[engine]["figures"][k]) != wanted:
                differ[engine].append(k)
    for engine in engines:
        wrong = [k for k, right in enumerate(told[engine]["drags"]) if not right]
        yield engine, Outcome(differ[engine], wrong, told[engine]["check"], told[engine]["ms"])


# ---- a made-up scenario on a mirror-tiled network ----

_SCENARIO = """\
name = "tiled"
title = "拼接城市"
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
name = "就业服务站"
build = false

[[facility]]
type = "e_station"
name = "就业e站"
cost_once_yuan = 80_000
cost_yearly_yuan = 6_000
at_existing = true

[[standard]]
id = "walk-15"
minutes = 15
served_by = ["station", "e_station"]

[[standard]]
id = "km-3"
km = 3
metric = "straight"
served_by = ["station"]

[[standard]]
id = "km-5"
km = 5
served_by = ["station"]

[[goal]]
id = "people"
standard = "walk-15"
share = 0.01

[[goal]]
id = "communities"
standard = "walk-15"
share = 0.01
of = "communities"
each = "district"
"""

POINTS, STATIONS, CANDIDATES = 20_000, 170, 300
_DISTRICTS = 6


def _write(path: Path, head: str, rows: Iterator[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([head.split(","), *rows])


def tiled_scenario(folder: Path, roads: Roads, seed: int) -> Path:
    """Write tables of people and sites beside a network's streets, and a scenario that names them."""
    import tiles  # noqa: PLC0415  of the folder of benchmarks, which the tests do not need

    rng = np.random.default_rng(seed)
    lon, lat = (at.round(7) for at in tiles.places_beside(roads, POINTS, seed, aside_m=60.0))
    people, column = rng.integers(0, 400, POINTS), np.argsort(np.argsort(lon)) * 25 // POINTS
    unit, district = column * 40 + np.argsort(np.argsort(lat)) * 40 // POINTS, column % _DISTRICTS
    rows = zip(range(POINTS), unit, district, people, lon, lat, strict=True)
    _write(
        folder / "demand.csv",
        "demand_id,unit_id,district,setting,people,lon,lat",
        ((f"d{k:05d}", f"{u:012d}", f"{d}区", "urban", p, x, y) for k, u, d, p, x, y in rows),
    )
    lon, lat = (at.round(7) for at in tiles.places_beside(roads, STATIONS + CANDIDATES, seed + 1, aside_m=60.0))
    kinds = [("station", "existing")] * STATIONS + [("e_station", "candidate")] * CANDIDATES
    sites = ((f"s{k:04d}", f"点{k}", *kinds[k], x, y) for k, (x, y) in enumerate(zip(lon, lat, strict=True)))
    _write(folder / "sites.csv", "site_id,name,type,status,lon,lat", sites)
    path = folder / "scenario.toml"
    path.write_text(_SCENARIO.format(roads=tiles.SAMPLE.as_posix()), encoding="utf-8")
    return path


def tiled_study(name: str, seed: int) -> Study:
    """Study a made-up scenario on a mirror-tiled network; places and lengths are as a file of roads would give them."""
    sys.path.append(str(ROOT / "benchmarks"))
    import tiles  # noqa: PLC0415

    roads = tiles.load(name).roads
    lon, lat = roads.lon.round(7), roads.lat.round(7)
    length_mm = segment_mm(lon[roads.u], lat[roads.u], lon[roads.v], lat[roads.v])
    roads = replace(roads, lon=lon, lat=lat, length_mm=length_mm)
    with TemporaryDirectory() as folder:
        path = tiled_scenario(Path(folder), roads, seed)
        with patch.object(inputs, "read_rerouted", lambda _loaded, _modes: ({"walk": roads}, None)):
            return study(inputs.read(path, say), say)


def say(line: str) -> None:
    """Write a line."""
    sys.stdout.write(f"{line}\n")


def main() -> None:
    """Say how many random edits of a scenario differ."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("scenario", nargs="?")
    asked.add_argument("--tiled", help="a name of benchmarks/tiles.py: city-200k")
    asked.add_argument("--edits", type=int, default=1000)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--engines", nargs="+", default=list(ENGINES), choices=ENGINES)
    told = asked.parse_args()
    began = time.monotonic()
    studied = tiled_study(told.tiled, told.seed) if told.tiled else study(inputs.read(told.scenario, say), say)
    for engine, found in compared(opened(studied, told.engines[0]), told.edits, told.seed, told.engines):
        say(
            f"{engine}: {len(found.differ)} of {told.edits} edits differ {found.differ[:10]}, "
            f"{len(found.drags)} of as many drags {found.drags[:10]}; signed figures differ: {found.check}; "
            f"{found.ms / 1000:.1f} s in the engine"
        )
    say(f"{time.monotonic() - began:.0f} s in all")


if __name__ == "__main__":
    main()
