"""Times the reach engine against networkx, scipy, pandana and osmnx, and says which of its targets are met.

    python benchmarks/reach.py [--section NAME ...] [--quick] [--json FILE] [--pbf FILE]

The input is the embedded sample, mirror-tiled to about 200,000 and 1,000,000 junctions (see tiles.py); the peers come
with ``pip install -e ".[bench]"``, and one that is missing is left out and named. Every section runs in a process of
its own, in which peers and compiled code have one core, and prints its table, its figures beside their targets, and its
peak memory. Times are CPU times, taken in turns, medians of several rounds; wall time where threads are the question.
Results are compared first: if any differ, the benchmark says what, and stops. A target that is missed is said and stops
nothing.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[1]
LIECHTENSTEIN = ROOT.parent / "shared" / "data" / "liechtenstein" / "roads.osm.pbf"
SAMPLE = ROOT / "data" / "coquimbo" / "roads.osm.pbf"

ONE_CORE = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS")
"""What keeps libraries to one thread; read when they are imported."""


class Section(NamedTuple):
    """Module and function of a section, and the input that it is run on; quick ones need no network of 1M junctions."""

    module: str
    function: str
    input: str
    quick: bool


SECTIONS = {
    "search-towns": Section("reach_search", "search", "towns-200k", quick=True),
    "search-city": Section("reach_search", "search", "city-200k", quick=True),
    "growth-towns": Section("reach_search", "growth", "towns", quick=False),
    "growth-city": Section("reach_search", "growth", "city", quick=False),
    "areas-sample": Section("reach_areas", "areas", "sample", quick=True),
    "areas-towns": Section("reach_areas", "areas", "towns-200k", quick=True),
    "areas-city": Section("reach_areas", "areas", "city-200k", quick=True),
    "snapping-sample": Section("reach_snapping", "snapping", "sample", quick=True),
    "snapping-towns": Section("reach_snapping", "snapping", "towns-200k", quick=True),
    "loading": Section("reach_loading", "loading", "", quick=True),
    "threads": Section("reach_threads", "threads", "city-200k", quick=True),
    "travel-towns-200k": Section("reach_travel", "blocks", "towns-200k", quick=True),
    "travel-towns-1M": Section("reach_travel", "blocks", "towns-1M", quick=False),
    "travel-city-200k": Section("reach_travel", "blocks", "city-200k", quick=True),
    "travel-city-1M": Section("reach_travel", "blocks", "city-1M", quick=False),
    "travel-whole-towns-200k": Section("reach_travel", "whole", "towns-200k", quick=True),
    "travel-whole-towns-1M": Section("reach_travel", "whole", "towns-1M", quick=False),
    "travel-whole-city-1M": Section("reach_travel", "whole", "city-1M", quick=False),
}


def arguments_of(given: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ", ".join(SECTIONS)
    parser.add_argument("--section", action="append", metavar="NAME", help=f"only sections that begin so: {names}")
    parser.add_argument("--quick", action="store_true", help="three rounds, and nothing of 1M junctions")
    parser.add_argument("--rounds", type=int, help="rounds of every measurement (7; with --quick 3)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there as well")
    default = LIECHTENSTEIN if LIECHTENSTEIN.exists() else SAMPLE
    parser.add_argument("--pbf", type=Path, default=default, help="road file of the loading section (%(default)s)")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)  # run one section in this process
    arguments = parser.parse_args(given)
    arguments.rounds = arguments.rounds or (3 if arguments.quick else 7)
    return arguments


def chosen(arguments: argparse.Namespace) -> list[str]:
    """Return the names of the sections that the caller wants."""
    wanted = tuple(arguments.section or [""])
    names = [
        name for name, section in SECTIONS.items() if name.startswith(wanted) and (section.quick or not arguments.quick)
    ]
    if not names:
        sys.exit(f"no such section; there are {', '.join(SECTIONS)}")
    return names


def run_here(name: str, arguments: argparse.Namespace) -> None:
    """Run a section in this process."""
    from measure import Options  # noqa: PLC0415  (the other modules beside this one import numpy)

    section = SECTIONS[name]
    work = getattr(importlib.import_module(section.module), section.function)
    work(section.input, Options(arguments.rounds, arguments.pbf)).end(arguments.json)


def run_apart(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Run a section in a process of its own, and return what it found; stops where it stopped."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "figures.json"
        command = [sys.executable, __file__, "--here", "--section", name, "--rounds", str(arguments.rounds)]
        command += ["--json", str(out), "--pbf", str(arguments.pbf)]
        ended = subprocess.run(command, check=False, env={**os.environ, **dict.fromkeys(ONE_CORE, "1")})
        if ended.returncode:
            sys.exit(f"section {name} stopped")
        figures: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        return figures


def summary(figures: dict[str, dict[str, Any]]) -> None:
    """Print every target with its verdict: first those that are met."""
    targets = [target for section in figures.values() for target in section["targets"]]
    for title, met in (("Targets met", True), ("Targets missed", False)):
        lines = [target["said"] for target in targets if target["met"] == met]
        print(f"\n{title}: {len(lines)} of {len(targets)}")
        for line in lines:
            print(f"  {line}")


def machine() -> str:
    """Say what the figures were taken on."""
    return f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} processors"


def main() -> None:
    """Run the benchmark."""
    arguments = arguments_of()
    names = chosen(arguments)
    if arguments.here:
        run_here(names[0], arguments)
        return
    print(f"{machine()}; {arguments.rounds} rounds")
    figures = {}
    for name in names:
        print(f"\n[{name}]", flush=True)
        figures[name] = run_apart(name, arguments)
    summary(figures)
    if arguments.json:
        content = {"machine": machine(), "rounds": arguments.rounds, "sections": figures}
        arguments.json.write_text(json.dumps(content, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
