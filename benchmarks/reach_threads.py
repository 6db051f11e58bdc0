"""Section on threads: two against one, beside a run that shows whether the machine gave two cores."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

import tiles
from measure import Report, Target, differ
from planner.network import snap
from planner.searches import junctions_within, pairs_within

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from measure import Options
    from planner.searches import Found

SOURCES, POINTS, LIMIT_M = 500, 100_000, 5000
SEED = 20261124
ASIDE_M = 20.0

TIMES_FASTER = 1.7
"""How many times faster than one thread two have to be."""


def threads(name: str, options: Options) -> Report:
    """Search with one thread and with two, and at the same time with one thread in two processes; wall time."""
    report = Report(f"Two threads against one, wall time, {name}, {SOURCES} sources x {LIMIT_M:,} m")
    print(report.title)
    jobs = _jobs(name)
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    other = multiprocessing.get_context("spawn").Process(target=_other, args=(name, theirs), daemon=True)
    other.start()
    ours.recv()  # it is ready
    rows = []
    for job, work in jobs.items():
        _check(work(1), work(2), job)
        rounds = [_round(job, work, ours) for _ in range(options.rounds)]
        one, two, apart = (statistics.median(column) for column in zip(*rounds, strict=True))
        gain = statistics.median(alone / both for alone, both, _ in rounds)
        cores = statistics.median(2 * alone / both for alone, _, both in rounds)
        rows.append((job, one, two, f"{gain:.2f}x", apart, f"{cores:.2f}"))
        report.target(
            Target(f"threads, {job}", gain, f"times faster (two processes: {cores:.2f})", TIMES_FASTER, at_least=True)
        )
    ours.send("")
    other.join()
    head = ("work", "one thread, s", "two threads, s", "gain", "two processes at once, s", "cores given")
    report.table(head, rows, f"  medians of {options.rounds} rounds")
    report.note(
        "cores given: twice the one thread's time over that of two processes that do its work at once, each for itself"
    )
    return report


def _jobs(name: str) -> dict[str, Callable[[int], Found]]:
    """Return works by what they are called; each takes a number of threads."""
    tiling = tiles.load(name)
    roads, sources = tiling.roads, tiles.some_junctions(tiling, SOURCES, SEED)
    demand = snap(roads, *tiles.places_beside(roads, POINTS, SEED, aside_m=ASIDE_M))
    sites = snap(roads, *tiles.places_beside(roads, SOURCES, SEED + 1, aside_m=ASIDE_M))

    def junctions(count: int) -> Found:
        return junctions_within(roads, sources, measure="distance", limit=LIMIT_M * 1000, threads=count)

    def pairs(count: int) -> Found:
        return pairs_within(roads, demand, sites, measure="distance", walk_kph=4.0, limit=LIMIT_M * 1000, threads=count)

    jobs: dict[str, Callable[[int], Found]] = {"junctions": junctions, f"sites x {POINTS:,} points": pairs}
    for work in jobs.values():
        work(1)
    return jobs


def _other(name: str, to_caller: Connection) -> None:
    """Be the other process: do a job with one thread whenever it is called, and tell how long it took."""
    jobs = _jobs(name)
    to_caller.send("ready")
    while job := to_caller.recv():
        to_caller.send(_seconds(partial(jobs[job], 1)))


def _round(job: str, work: Callable[[int], Found], other: Connection) -> tuple[float, float, float]:
    """Return wall seconds with one thread, with two, and of the slower of two processes at once."""
    one, two = _seconds(partial(work, 1)), _seconds(partial(work, 2))
    other.send(job)
    apart = _seconds(partial(work, 1))
    return one, two, max(apart, other.recv())


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _check(one: Found, two: Found, job: str) -> None:
    """Stop unless the number of threads changes nothing."""
    for name in ("start", "item", "first"):
        if not np.array_equal(getattr(one, name), getattr(two, name)):
            differ(f"{job}: two threads give another {name}")
