"""Sizes of map pages, and how soon Chromium paints them: the sample, Jinan, and a city of 2,000 communities.

    python benchmarks/maps.py [--opens 5] [--json FILE]

Each page is opened by a new browser each time, without a network, in a window of 1366 x 768. Prints its bytes, and the
medians of the first contentful paint and of "map drawn", the first frame after the last stroke on any canvas, both in
seconds from the begin of the navigation. A page of more than 6 MB, or drawn later than 2 s, is marked. Needs playwright
and Chromium; Jinan is left out where its files are not at hand.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mapcity import city
from planner import pipeline
from planner.maps import write_map

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Playwright

ROOT = Path(__file__).parents[1]
JINAN = ROOT.parent / "shared" / "data" / "jinan"
MOST_BYTES, MOST_S = 6_000_000, 2.0
WINDOW = {"width": 1366, "height": 768}
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]

WATCHED = """(() => {
    const pen = CanvasRenderingContext2D.prototype;
    const watch = (name) => {
        const real = pen[name];
        pen[name] = function (...given) {
            window.lastStroke = performance.now();
            return real.apply(this, given);
        };
    };
    ["stroke", "fill"].forEach(watch);
    const tick = () => {
        if (window.lastStroke && !(window.mapDrawn > window.lastStroke)) { window.mapDrawn = performance.now(); }
        requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
})()"""
QUIET = "() => window.mapDrawn && performance.now() - window.lastStroke > 500"
TIMES = """() => [performance.getEntriesByName("first-contentful-paint")[0].startTime, window.mapDrawn]"""


def pages(folder: Path) -> Iterator[tuple[str, Path]]:
    """Write the pages, one after the other."""
    sample = ROOT / "scenarios" / "sample-2026.toml"
    yield "sample", pipeline.run(sample, folder, documents=False).folder / "map.html"
    if JINAN.is_dir():
        sys.path.append(str(ROOT / "tests"))
        from jinan import write_scenario  # noqa: PLC0415  (of the tests, and only where its files are)

        (folder / "jinan").mkdir()
        scenario = write_scenario(JINAN, folder / "jinan")
        yield "Jinan", pipeline.run(scenario, folder, documents=False).folder / "map.html"
    else:
        print(f"Jinan is left out: there is no {JINAN}")
    path = folder / "city.html"
    write_map(path, city())
    yield "2,000 communities", path


def painted(playwright: Playwright, path: Path) -> tuple[float, float]:
    """Open a page in a new browser; returns the seconds of its first paint and until its map is drawn."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
    page = browser.new_context(offline=True, viewport=WINDOW).new_page()  # type: ignore[arg-type]
    page.add_init_script(WATCHED)
    page.goto(path.as_uri())
    page.wait_for_function(QUIET)
    first, drawn = page.evaluate(TIMES)
    browser.close()
    return first / 1000, drawn / 1000


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--opens", type=int, default=5)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  (--help needs none)

    found = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        print(f"{'map':<20}{'bytes':>12}{'first paint s':>15}{'map drawn s':>13}")
        for name, path in pages(Path(folder)):
            size = path.stat().st_size
            opens = [painted(playwright, path) for _ in range(arguments.opens)]
            first, drawn = (statistics.median(times) for times in zip(*opens, strict=True))
            over = "" if size <= MOST_BYTES and drawn <= MOST_S else "  over the budget"
            print(f"{name:<20}{size:>12,}{first:>15.2f}{drawn:>13.2f}{over}")
            found[name] = {"bytes": size, "first_paint_s": first, "map_drawn_s": drawn}
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
