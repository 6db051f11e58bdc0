"""Sections on the travel table: many sites by very many points, some sites at a time and all at once."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import tiles
from measure import Report, Target, differ, peak_mib
from peers import Uncontracted
from planner.network import snap_table, travel, travel_blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pandas as pd
    from geopandas import GeoDataFrame

    from measure import Options
    from planner.roads import Roads

SITES, POINTS, CUTOFF_M = 5_000, 300_000, 5_000
SEED = 20261125
ASIDE_M = 20.0

OPTIONS: dict[str, Any] = {"cutoff_m": CUTOFF_M, "threads": 1}

MOST_MIB = 4096.0
"""Most memory that the table may take by blocks, in MiB."""

SITES_CHECKED = 5
"""Sites whose rows are compared with another search."""


def blocks(name: str, _options: Options) -> Report:
    """Make the table some sites at a time, as `travel_blocks` gives it, and keep only its sums."""
    case, report = _case(name, "by blocks of 500 sites")
    _check_some(report, case)
    _sums_of_all, peak = _measured(report, case, travel_blocks)
    report.target(Target(f"{name}, travel table by blocks, peak memory with the network", peak, "MiB", MOST_MIB))
    return report


def whole(name: str, _options: Options) -> Report:
    """Make the table at once, as `travel` gives it; the blocks must have the same sums."""
    case, report = _case(name, "whole")

    def at_once(*tables: Any, **options: Any) -> Iterator[pd.DataFrame]:
        yield travel(*tables, **options)

    sums, _peak = _measured(report, case, at_once)
    if sums != (by_blocks := _sums(travel_blocks(*case.tables, **{**case.feet, **OPTIONS}))):
        differ(f"rows and millimetres are {sums} at once and {by_blocks} by blocks")
    report.note("equal: travel_blocks has as many rows, and as many millimetres in all")
    return report


@dataclass(frozen=True, eq=False)
class Case:
    """A network, a demand and a site table, and their feet on it."""

    tables: tuple[Roads, GeoDataFrame, GeoDataFrame]
    feet: dict[str, Any]


def _case(name: str, how: str) -> tuple[Case, Report]:
    report = Report(f"Travel table {how}, one thread, {name}: {SITES:,} sites x {POINTS:,} points x {CUTOFF_M:,} m")
    print(report.title)
    roads = tiles.load(name).roads
    demand = tiles.table_of("demand_id", *tiles.places_beside(roads, POINTS, SEED, aside_m=ASIDE_M))
    sites = tiles.table_of("site_id", *tiles.places_beside(roads, SITES, SEED + 1, aside_m=ASIDE_M))
    feet: dict[str, Any] = {"demand_feet": snap_table(roads, demand), "site_feet": snap_table(roads, sites)}
    # makes the skeleton and the arcs, which are kept, and warms up
    travel(
        roads,
        demand.iloc[:2],
        sites.iloc[:2],
        **{key: foot.take(np.arange(2)) for key, foot in feet.items()},
        **OPTIONS,
    )
    return Case((roads, demand, sites), feet), report


def _measured(report: Report, case: Case, make: Any) -> tuple[tuple[int, int], float]:
    """Make the table once; returns its sums and the peak memory in MiB."""
    before = peak_mib() or 0.0
    wall, cpu = time.perf_counter(), time.process_time()
    rows, total_mm = _sums(make(*case.tables, **case.feet, **OPTIONS))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    after = peak_mib() or 0.0
    head = ("rows", "s of CPU", "s of wall time", "us a row", "peak MiB before", "peak MiB")
    report.table(head, [(rows, cpu, wall, cpu / rows * 1e6, before, after)], "  one run, feet found before")
    return (rows, total_mm), after


def _sums(parts: Iterable[pd.DataFrame]) -> tuple[int, int]:
    """Rows of a table given in parts, and the sum of its distances in millimetres."""
    rows = total_mm = 0
    for part in parts:
        rows += len(part)
        total_mm += int(np.rint(part["metres"].to_numpy() * 1000).astype(np.int64).sum())
    return rows, total_mm


def _check_some(report: Report, case: Case) -> None:
    """Stop unless the rows of some sites are those of scipy on the uncontracted network."""
    roads, demand, sites = case.tables
    feet, some = case.feet["demand_feet"], case.feet["site_feet"].take(np.arange(SITES_CHECKED))
    found = travel(roads, demand, sites.iloc[:SITES_CHECKED], demand_feet=feet, site_feet=some, **OPTIONS)
    network, limit = Uncontracted(roads), CUTOFF_M * 1000
    for site in range(SITES_CHECKED):
        costs = network.to_feet(some, site, feet, limit)
        within = np.flatnonzero(costs <= limit)
        rows = found[found["site_id"] == sites["site_id"].iloc[site]]
        if not np.array_equal(rows["demand_id"].astype(int).to_numpy(), within):
            differ(f"site {site}: {len(rows)} points within the cutoff, {len(within)} by scipy")
        if not np.array_equal(np.rint(rows["metres"].to_numpy() * 1000), costs[within]):
            differ(f"site {site}: other distances than by scipy")
    report.note(
        f"equal first: the rows of {SITES_CHECKED} sites are those of scipy on the uncontracted network, equal to 1 mm"
    )
