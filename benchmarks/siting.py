"""Times the siting engine on large covering problems, beside spopt and plain PuLP, and says which targets are met.

    python benchmarks/siting.py [--only CASE ...] [--quick] [--rounds N] [--json FILE]

Problems are drawn with a fixed seed (see siting_cases.py). Every case runs in a process of its own and prints its size
before and after merging, the plan, its bound and gap, seconds (wall time, median of the rounds), and its peak memory
with the drawing of the case. Where peers run, their optimum is held to ours first. Gaps of maximal covering are
relative to the people covered. A target that is missed is said and stops nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

CASES = {
    "mclp-400x20k": True,
    "noisy-1000x50k": True,
    "large-3000x300k": False,
    "many-100x1M": True,
    "many-100x20M": False,
    "types-600x30k": False,
    "frontier-400x20k": False,
    "dense-1000x50k": False,
}
"""Cases, and whether they are quick."""


def arguments_of(given: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=list(CASES), metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--quick", action="store_true", help="one round, and only the quick cases")
    parser.add_argument("--rounds", type=int, help="rounds of every case (3; with --quick 1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there as well")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)  # run one case in this process
    arguments = parser.parse_args(given)
    arguments.rounds = arguments.rounds or (1 if arguments.quick else 3)
    return arguments


def run_here(name: str, arguments: argparse.Namespace) -> None:
    """Run a case in this process."""
    import siting_runs  # noqa: PLC0415  (imports numpy)

    runs = {"types": siting_runs.types, "frontier": siting_runs.steps}
    runs.get(name.partition("-")[0], siting_runs.maximal)(name, arguments.rounds).end(arguments.json)


def run_apart(name: str, rounds: int) -> dict[str, Any]:
    """Run a case in a process of its own, and return what it found; stops where it stopped."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "figures.json"
        command = [sys.executable, __file__, "--here", "--only", name, "--rounds", str(rounds), "--json", str(out)]
        if subprocess.run(command, check=False).returncode:
            sys.exit(f"case {name} stopped")
        figures: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        return figures


def main() -> None:
    """Run the benchmark."""
    arguments = arguments_of()
    names = [
        name for name, quick in CASES.items() if name in (arguments.only or CASES) and (quick or not arguments.quick)
    ]
    if arguments.here:
        run_here(names[0], arguments)
        return
    figures = {}
    for name in names:
        print(f"\n[{name}]", flush=True)
        figures[name] = run_apart(name, arguments.rounds)
    targets = [target for case in figures.values() for target in case["targets"]]
    print(f"\nTargets met: {sum(target['met'] for target in targets)} of {len(targets)}")
    for target in targets:
        print(f"  {target['said']}")
    if arguments.json:
        content = {"rounds": arguments.rounds, "cases": figures}
        arguments.json.write_text(json.dumps(content, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
