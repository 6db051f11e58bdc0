"""Times GCJ-02 and BD-09, there and back, on 100,000 points of China's box.

    python benchmarks/coordinates.py [--rounds 5] [--json FILE]

Before anything is timed every point must come back to where it was within a thousandth of a millimetre. Prints the
median CPU seconds of each way beside what is asked of it, a second, and those of the package prcoords (one point after
the other, in Python) on the same points.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import prcoords

from measure import Report, Target, differ, in_turns, medians
from planner.coordinates import from_wgs84, to_wgs84
from planner.geodesy import great_circle_m

if TYPE_CHECKING:
    from collections.abc import Callable

    from planner.coordinates import System

POINTS = 100_000
SEED = 20260630
SYSTEMS: tuple[System, ...] = ("gcj02", "bd09")

MOST_S = 1.0
"""Most CPU seconds that all points may take, one way."""

BACK_M = 1e-6
"""How near a point must come back to its place, in metres."""


def _one_by_one(move: Callable[..., object], pairs: list[tuple[float, float]]) -> None:
    for pair in pairs:
        move(pair, check_china=False)


def coordinates(rounds: int) -> Report:
    """Move all points from WGS-84 and back."""
    report = Report(f"{POINTS:,} points to GCJ-02 and BD-09 and back, one core")
    print(report.title)
    drawn = np.random.default_rng(SEED)
    lon, lat = drawn.uniform(73.0, 137.0, POINTS), drawn.uniform(1.8, 55.0, POINTS)
    pairs = list(zip(lat.tolist(), lon.tolist(), strict=True))
    contenders: dict[str, Callable[[], object]] = {}
    for system, theirs in zip(SYSTEMS, (prcoords.wgs_gcj, prcoords.wgs_bd), strict=True):
        moved = from_wgs84(lon, lat, system)
        if float(great_circle_m(lon, lat, *to_wgs84(*moved, system)).max()) >= BACK_M:
            differ(f"{system}: a point does not come back to its place")
        contenders[f"wgs84 to {system}"] = partial(from_wgs84, lon, lat, system)
        contenders[f"{system} to wgs84"] = partial(to_wgs84, *moved, system)
        contenders[f"wgs84 to {system}, prcoords"] = partial(_one_by_one, theirs, pairs)
    seconds = medians(in_turns(contenders, rounds))
    report.table(("way", "CPU s", "points a second"), [(name, s, POINTS / s) for name, s in seconds.items()])
    for name, s in seconds.items():
        if not name.endswith("prcoords"):
            report.target(Target(name, s, "CPU s", MOST_S))
    return report


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    coordinates(arguments.rounds).end(arguments.json)


if __name__ == "__main__":
    main()
