"""Times the stages of a run on the embedded sample, and its peak memory.

    python benchmarks/stages.py [--runs 5] [--scenario scenarios/sample-2026.toml] [--json FILE]

The first run warms up (kernels compile or load from their cache) and is not counted. Prints the minimum, median and
maximum of each stage in seconds of wall time, and the whole run's CPU time, as a table; `--json` writes them as well.
Every run must give the same figures, or the benchmark stops.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from measure import peak_mib
from planner import pipeline

ROOT = Path(__file__).parents[1]


def timed_run(scenario: Path, out: Path) -> tuple[dict[str, float], str]:
    """Run once; returns the seconds of each stage, and the content of run.json to compare."""
    wall, cpu = time.perf_counter(), time.process_time()
    folder = pipeline.run(scenario, out).folder
    whole = {"whole run (wall)": time.perf_counter() - wall, "whole run (CPU)": time.process_time() - cpu}
    stages: dict[str, float] = json.loads((folder / "timing.json").read_text(encoding="utf-8"))["seconds"]
    return {**stages, **whole}, (folder / "run.json").read_text(encoding="utf-8")


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--scenario", type=Path, default=ROOT / "scenarios" / "sample-2026.toml")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    seconds: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        _, expected = timed_run(arguments.scenario, Path(folder))
        for _ in range(arguments.runs):
            stages, figures = timed_run(arguments.scenario, Path(folder))
            if figures != expected:
                raise SystemExit("two runs gave different figures")
            for stage, value in stages.items():
                seconds[stage].append(value)
    print(f"{arguments.scenario.name}, {arguments.runs} runs after one warm-up, Python {platform.python_version()}")
    print(f"{'stage':<20}{'min s':>9}{'median s':>10}{'max s':>9}")
    for stage, values in seconds.items():
        print(f"{stage:<20}{min(values):>9.3f}{statistics.median(values):>10.3f}{max(values):>9.3f}")
    peak = peak_mib()
    print(f"peak memory: {'unknown' if peak is None else f'{peak:.0f} MiB'}")
    if arguments.json:
        arguments.json.write_text(json.dumps({"seconds": seconds, "peak_mib": peak}, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
