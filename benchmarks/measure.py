"""Measuring and reporting: CPU time in turns, peak memory, tables, and figures beside their targets."""

from __future__ import annotations

import gc
import json
import math
import platform
import statistics
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


TURN_S = 0.2
"""Least CPU seconds of a turn."""


@dataclass(frozen=True)
class Options:
    """What the caller of the benchmark chose: rounds of every measurement, and the road file of the loading section."""

    rounds: int
    pbf: Path


@dataclass(frozen=True)
class Target:
    """A figure beside what is asked of it.

    Attributes
    ----------
    name, value, unit
        The figure.
    limit
        What is asked.
    at_least
        Whether more is better.
    wished
        What is reached for beyond it; None where nothing is.
    why
        What is known of the reason, said where the target is missed.
    """

    name: str
    value: float
    unit: str
    limit: float
    at_least: bool = False
    wished: float | None = None
    why: str = ""

    def reaches(self, limit: float) -> bool:
        """Whether the figure is as good as a limit."""
        return self.value >= limit if self.at_least else self.value <= limit

    @property
    def met(self) -> bool:
        """Whether the figure does what is asked."""
        return self.reaches(self.limit)

    def __str__(self) -> str:
        word = "at least" if self.at_least else "at most"
        asked = f"{word} {self.limit:g}" + (f", reaching for {self.wished:g}" if self.wished else "")
        by = f" by {abs(self.value / self.limit - 1):.1%}" if math.isfinite(self.value) else ""
        verdict = "met" if self.met else f"missed{by}" + (f": {self.why}" if self.why else "")
        if self.met and self.wished is not None:
            verdict = "met, and what is reached for" if self.reaches(self.wished) else "met"
        reached = f"{_shown(self.value)} {self.unit}" if math.isfinite(self.value) else "not reached"
        return f"{self.name}: {reached} ({asked}): {verdict}"


@dataclass
class Report:
    """What a section has to say, in the order in which it is said."""

    title: str
    tables: list[dict[str, Any]] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    peak_mib: float | None = None

    def table(self, head: Sequence[str], rows: Sequence[Sequence[Any]], caption: str = "") -> None:
        """Print a table and keep it."""
        self.tables.append({"caption": caption, "head": list(head), "rows": [list(row) for row in rows]})
        shown = [list(head), *([_shown(value) for value in row] for row in rows)]
        widths = [max(len(row[k]) for row in shown) for k in range(len(head))]
        if caption:
            print(caption)
        for row in shown:
            cells = (f"{cell:<{widths[0]}}" if k == 0 else f"{cell:>{widths[k]}}" for k, cell in enumerate(row))
            print("  " + "  ".join(cells))

    def target(self, target: Target) -> None:
        """Print a figure beside its target and keep it."""
        self.targets.append(target)
        print(f"  {target}")

    def note(self, text: str) -> None:
        """Print a remark and keep it."""
        self.notes.append(text)
        print(f"  {text}")

    def end(self, out: Path | None) -> None:
        """Print the peak memory of this process, and write everything where the caller wants it."""
        self.peak_mib = peak_mib()
        print("  peak memory of the section: " + ("unknown" if self.peak_mib is None else f"{self.peak_mib:.0f} MiB"))
        if out:
            content = asdict(self)
            content["targets"] = [{**asdict(target), "met": target.met, "said": str(target)} for target in self.targets]
            out.write_text(json.dumps(content, indent=2), encoding="utf-8")


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"  # noqa: PLR2004  (from there on digits, no powers)
    return f"{value:,}" if isinstance(value, int) else str(value)


def in_turns(contenders: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Run every contender once to warm up, then in turns; returns the CPU seconds of a run in each of its rounds.

    Whatever the machine does meanwhile falls on all of them alike. In each turn a contender runs until `TURN_S` have
    passed, the quick ones often. What exists before is kept from the garbage collector, which works between the turns.
    """
    for contender in contenders.values():
        contender()
    gc.collect()
    gc.freeze()
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contender in contenders.items():
            gc.collect()
            runs, start = 0, time.process_time()
            while runs == 0 or time.process_time() - start < TURN_S:
                contender()
                runs += 1
            seconds[name].append((time.process_time() - start) / runs)
    gc.unfreeze()
    return seconds


def medians(seconds: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return the median of each contender's rounds."""
    return {name: statistics.median(values) for name, values in seconds.items()}


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return a result and the CPU seconds that it took."""
    start = time.process_time()
    result = work()
    return result, time.process_time() - start


def peak_mib() -> float | None:
    """Peak memory of this process in MiB; None where the system does not tell."""
    try:
        import resource  # noqa: PLC0415  (absent on Windows)
    except ImportError:
        return None
    unit = 1024 * 1024 if platform.system() == "Darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def differ(what: str) -> None:
    """Stop: two results that must be equal are not."""
    sys.exit(f"DIFFERENT RESULTS: {what}")
