"""Sections on the bounded search: against the peers, and as the network grows."""

from __future__ import annotations

import statistics
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import peers
import tiles
from measure import Report, Target, differ, in_turns, medians, peak_mib, timed
from planner.searches import junctions_within
from planner.skeleton import skeleton_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from measure import Options
    from peers import Peer
    from planner.roads import Roads
    from planner.searches import Found
    from tiles import Tiling

    Whole = NDArray[np.int64]

SOURCES, SOURCES_OF_PEERS, SOURCES_CHECKED = 500, 50, 12
SEED = 20261121

LIMITS_M = (1200, 5000)

TIMES_FASTER = {
    ("networkx, cutoff", 1200): 40.0,
    ("networkx, cutoff", 5000): 50.0,
    ("pandana nodes_in_range", 1200): 35.0,
    ("pandana nodes_in_range", 5000): 15.0,
    ("scipy, batches of 32", 1200): 15.0,
    ("scipy, batches of 32", 5000): 4.0,
}
"""How many times faster than each peer we have to be."""

MOST_S, WISHED_S = 0.8, 0.5
"""Most CPU seconds that all sources may take at the largest limit among 200k junctions, and what is reached for."""

FROM_ALL = ("scipy, batches of 32",)
"""Peers that search from all sources; the others are slow, and search from some."""

FROM_ALL_AS_WELL = ("pandana nodes_in_range",)
"""Peers with a cost of the call itself, to be seen where it matters: at the smallest limit."""

GROWTH = 1.3
"""Most that a source may cost at 1M junctions, over what it costs at 200k."""


def _ours(roads: Roads, sources: Whole, limit_m: int) -> Found:
    """Search with one thread; on a walk network the keys that it finds are the millimetres themselves."""
    return junctions_within(roads, sources, measure="distance", limit=limit_m * 1000, threads=1)


def _sizes(report: Report, tiling: Tiling, name: str) -> None:
    skeleton = skeleton_of(tiling.roads)
    report.note(
        f"{name}: {len(tiling.node)} tiles, {tiling.roads.n_nodes:,} nodes, {tiling.roads.n_edges:,} segments; "
        f"contracted {skeleton.n_junctions:,} junctions, {skeleton.n_chains:,} chains"
    )


# --- Against the peers ---------------------------------------------------------------------------------------


def search(name: str, options: Options) -> Report:
    """Search from junctions to all junctions within a limit: we and every peer, on one core."""
    report = Report(f"Search, one core, {name}")
    print(report.title)
    tiling = tiles.load(name)
    _sizes(report, tiling, name)
    roads, sources = tiling.roads, tiles.some_junctions(tiling, SOURCES, SEED)
    found = {limit_m: _ours(roads, sources, limit_m) for limit_m in LIMITS_M}
    ours_mib = peak_mib()
    graph = peers.contracted(roads)
    (rivals, missing), setup_s = timed(lambda: peers.all_peers(graph))
    for library in missing:
        report.note(f'{library} is not installed and left out: pip install -e ".[bench]"')
    _check(report, roads, sources, rivals)
    for limit_m in LIMITS_M:
        runners = _runners(roads, sources, found[limit_m], limit_m, rivals)
        _race(report, name, runners, limit_m, options.rounds)
    report.note(
        f"peak memory before the peers were set up: {ours_mib or 0:.0f} MiB; setting them up took {setup_s:.1f} s"
    )
    return report


def _check(report: Report, roads: Roads, sources: Whole, rivals: dict[str, Peer]) -> None:
    few = sources[:: len(sources) // SOURCES_CHECKED]
    for limit_m in LIMITS_M:
        peers.check_uncontracted(roads, few, limit_m * 1000)
        for rival, peer in rivals.items():
            peers.check_peer(rival, peer, roads, few, limit_m * 1000)
    report.note(
        f"equal first: from {len(few)} sources at both limits every peer, and scipy on the uncontracted network, reach "
        "the same junctions at the same whole millimetres"
    )
    report.note("every engine gets its sources along the Hilbert curve")


def _alike(found: Found, count: int) -> Whole:
    """Rows of some sources that reach about as much as all: evenly spaced in the order of the junctions reached."""
    step = (len(found.start) - 1) // count
    return np.sort(np.argsort(np.diff(found.start), kind="stable")[step // 2 :: step])


class Runner(NamedTuple):
    """An engine, the sources that it searches from, and the junctions that a source reaches on average."""

    search: Callable[[Whole], Any]
    sources: Whole
    reached: float


def _runners(roads: Roads, sources: Whole, found: Found, limit_m: int, rivals: dict[str, Peer]) -> dict[str, Runner]:
    """All that run at a limit: scipy from all sources, the others from some; pandana from all too at the smallest."""
    rows = _alike(found, SOURCES_OF_PEERS)
    every, few = len(found.item) / len(sources), float(np.diff(found.start)[rows].mean())
    ours = partial(_ours, roads, limit_m=limit_m)
    shuffled = np.random.default_rng(SEED).permutation(sources)
    runners = {"ours": Runner(ours, sources, every), "ours, shuffled sources": Runner(ours, shuffled, every)}
    for name, peer in rivals.items():
        search = _limited(peer, limit_m)
        runners[name] = Runner(search, sources, every) if name in FROM_ALL else Runner(search, sources[rows], few)
        if name in FROM_ALL_AS_WELL and limit_m == min(LIMITS_M):
            runners[f"{name}, from all in a call"] = Runner(search, sources, every)
    return runners


def _limited(peer: Peer, limit_m: int) -> Callable[[Whole], Any]:
    return lambda sources: peer.search(sources, limit_m * 1000)


def _race(report: Report, name: str, runners: dict[str, Runner], limit_m: int, rounds: int) -> None:
    took_s = medians(in_turns({engine: partial(one.search, one.sources) for engine, one in runners.items()}, rounds))
    cost_ms = {engine: took_s[engine] / len(one.sources) * 1000 for engine, one in runners.items()}
    ours_ms = cost_ms["ours"]
    report.table(
        ("engine", "sources", "junctions each", "ms each", "ns a junction", "times ours"),
        [
            (
                engine,
                len(one.sources),
                one.reached,
                cost_ms[engine],
                cost_ms[engine] / one.reached * 1e6,
                f"{cost_ms[engine] / ours_ms:.1f}",
            )
            for engine, one in runners.items()
        ],
        f"  {limit_m:,} m, CPU time, medians of {rounds} rounds in turns",
    )
    for (rival, at_m), least in TIMES_FASTER.items():
        if at_m == limit_m and rival in runners:
            what = f"{name}, {limit_m:,} m, against {rival}"
            report.target(Target(what, cost_ms[rival] / ours_ms, "times faster", least, at_least=True))
    if limit_m == max(LIMITS_M):
        what = f"{name}, {SOURCES} sources x {limit_m:,} m"
        report.target(Target(what, ours_ms / 1000 * SOURCES, "s of CPU", MOST_S, wished=WISHED_S))


# --- Growth --------------------------------------------------------------------------------------------------


def growth(part: str, options: Options) -> Report:
    """Compare the cost of a source among 1M junctions with that among 200k, from the same junctions of the sample."""
    report = Report(f"Growth from 200k to 1M junctions, one core, {part}")
    print(report.title)
    names = [f"{part}-200k", f"{part}-1M"]
    tilings = [tiles.load(name) for name in names]
    for name, tiling in zip(names, tilings, strict=True):
        _sizes(report, tiling, name)
    sources = {name: tiles.some_junctions(tiling, SOURCES, SEED) for name, tiling in zip(names, tilings, strict=True)}
    roads = {name: tiling.roads for name, tiling in zip(names, tilings, strict=True)}
    rows = []
    for limit_m in LIMITS_M:
        reach = {name: len(_ours(roads[name], sources[name], limit_m).item) / SOURCES for name in names}
        seconds = in_turns(
            {name: partial(_ours, roads[name], sources[name], limit_m) for name in names}, options.rounds
        )
        single = in_turns(
            {name: partial(_ours, roads[name], sources[name][:1], limit_m) for name in names}, options.rounds
        )
        cost_ms = {name: median / SOURCES * 1000 for name, median in medians(seconds).items()}
        alone_ms = {name: median * 1000 for name, median in medians(single).items()}
        rows += [(name, f"{limit_m:,} m", reach[name], cost_ms[name], alone_ms[name]) for name in names]
        ratios = [large / small for small, large in zip(*seconds.values(), strict=True)]
        report.target(
            Target(f"{part}, {limit_m:,} m, cost of a source, 1M over 200k", statistics.median(ratios), "times", GROWTH)
        )
        if abs(reach[names[1]] / reach[names[0]] - 1) > 0.2:  # noqa: PLR2004  (a fifth: the tiles would not be alike)
            differ(f"a source reaches {reach} junctions: the two networks are not alike")
    head = ("network", "limit", "junctions each", f"ms each of {SOURCES}", "ms of a call for one")
    report.table(head, rows, f"  CPU time, medians of {options.rounds} rounds in turns")
    return report
