"""Solves published instances and compares with the optima that are known of them.

    python benchmarks/published.py [FOLDER] [--only NAME ...] [--seconds S] [--json FILE]

The instances are not part of this repository: 40 p-median ones on graphs (Beasley 1985), 25 set-covering ones
(Beasley 1987) and 15 of facility location (Beasley 1988), all from OR-Library, and the stores of San Francisco.
FOLDER holds them, and `known_optima.json`. A published value that is not confirmed there is not taken for the truth:
where ours differs, the table says so beside our bound. Every objective is recomputed from the instance and the plan,
and the certified bound from the instance and the plan's multipliers, without a solver: the benchmark stops where that
contradicts our plan or a confirmed optimum.
Times are wall-clock seconds of the solve alone.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import re
import sys
import time
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import shortest_path

from measure import differ
from planner import certificate, optimize
from planner.bare import at_most, bare_instance
from planner.classic import mclp_instance
from planner.medians import steps_of, travel_instance
from planner.siting import PeopleGoal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from planner.siting import Instance, Plan

    Whole = NDArray[np.int64]
    Floats = NDArray[np.float64]

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "benchmarks"

TOLERANCE = 1e-3
"""Objectives that differ by no more are equal: published ones are rounded to as much."""

DECIMALS = 5
"""Decimal places of the costs of facility location."""

CAP = [f"cap{number}" for number in (71, 72, 73, 74, 101, 102, 103, 104, 131, 132, 133, 134)] + ["capa", "capb", "capc"]
COVERED_M = 5000
STORES = 4


class Found(NamedTuple):
    """A plan: its columns, a proven bound of every plan's objective, whether it is proven optimal, and its certificate.

    `certify` computes a bound from the plan's multipliers, after the clock has stopped; None where it has none.
    """

    chosen: list[int]
    bound: float | None
    optimal: bool
    certify: Callable[[], float | None] = lambda: None


@dataclass(frozen=True)
class Case:
    """An instance, read when it is its turn.

    Attributes
    ----------
    name
        Name of the instance.
    published, confirmed
        The value that was published, and whether `known_optima.json` confirms it.
    load
        Reads it, and returns a function that solves it in so many seconds and one that takes a plan's objective.
    upwards
        Whether more is better, so that bounds are from above.
    """

    name: str
    published: float
    confirmed: bool
    load: Callable[[], tuple[Callable[[float], Found], Callable[[list[int]], float]]]
    upwards: bool = False


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    instance: str
    published: float
    confirmed: bool
    ours: float | None
    bound: float | None
    certified: float | None
    status: str
    seconds: float


def p_median(distance: Floats, weight: Whole, p: int, seconds: float) -> Found:
    """Open p options at least weight x distance."""
    whole, steps = steps_of(distance, weight)
    # what rounding to whole steps may hide is no part of the certificate, and is taken off
    hidden = math.fsum((np.abs(whole / steps - distance).max(axis=1) * weight).tolist())

    def instance() -> Instance:
        return travel_instance(whole, weight=weight, price=np.zeros(whole.shape[1], dtype=np.int64), least=p, most=p)

    plan = optimize.p_median(distance, weight=weight, p=p, time_limit_s=seconds)
    return _found(plan, instance, lambda bound: bound / steps - hidden)


def facility_location(cost: Whole, price: Whole, unit: int, seconds: float) -> Found:
    """Open any number of options at least total cost, given in parts of a unit."""
    ones = np.ones(len(cost), dtype=np.int64)
    plan = optimize.facility_location(cost, weight=ones, cost=price, time_limit_s=seconds)

    def instance() -> Instance:
        return travel_instance(cost, weight=ones, price=price, least=1, most=len(price))

    found = _found(plan, instance, lambda bound: bound / unit)
    return found._replace(bound=None if found.bound is None else found.bound / unit)


def lscp(covers: csr_array, cost: Whole, seconds: float) -> Found:
    """Cover every row at least cost."""
    rows, columns = covers.shape
    ones = np.ones(rows, dtype=np.int64)

    def instance() -> Instance:
        return bare_instance(
            covers,
            np.zeros(columns, dtype=bool),
            cost=cost,
            price=cost,
            loss=np.zeros(rows, dtype=np.int64),
            goals=(PeopleGoal("share", "", np.arange(rows), ones, rows),),
            rules=at_most(cost, None, ""),
        )

    return _found(optimize.lscp(covers, cost=cost, time_limit_s=seconds), instance, float)


def mclp(covers: csr_array, weight: Whole, p: int, seconds: float) -> Found:
    """Cover the most weight with p options."""
    plan = optimize.mclp(covers, weight=weight, p=p, time_limit_s=seconds)
    whole = int(weight.sum())
    return _found(plan, lambda: mclp_instance(covers, weight=weight, p=p), lambda uncovered: float(whole - uncovered))


def _found(plan: Plan, instance: Callable[[], Instance], stated: Callable[[int], float]) -> Found:
    """State a plan, and its certified bound as the published values are stated."""

    def certify() -> float | None:
        return None if plan.multipliers is None else stated(certificate.bound_of(instance(), plan.multipliers))

    return Found(list(plan.chosen), plan.bound, plan.status == "optimal", certify)


def graph_distances(text: str) -> tuple[Floats, int]:
    """Read a graph of OR-Library (nodes, edges, p; then edges) and return all distances, and p.

    Where a pair of nodes is listed again, the later length holds.
    """
    numbers = [int(token) for token in text.split()]
    n_nodes, n_edges, p = numbers[:3]
    length: dict[tuple[int, int], int] = {}
    for k in range(3, 3 + 3 * n_edges, 3):
        length[min(numbers[k : k + 2]) - 1, max(numbers[k : k + 2]) - 1] = numbers[k + 2]
    ends = np.array(list(length)).T
    graph = csr_array((np.array(list(length.values()), dtype=float), (ends[0], ends[1])), shape=(n_nodes, n_nodes))
    return shortest_path(graph, directed=False), p


def pmed_cases(folder: Path, known: dict[str, Any]) -> Iterator[Case]:
    """Say what the p-median instances are."""
    for name, entry in known["pmed"].items():

        def load(name: str = name) -> Any:
            distance, p = graph_distances((folder / "pmed" / f"{name}.txt").read_text(encoding="ascii"))
            weight = np.ones(len(distance), dtype=np.int64)
            return (
                lambda seconds: p_median(distance, weight, p, seconds),
                lambda chosen: float(distance[:, chosen].min(axis=1).sum()),
            )

        yield Case(name, entry["p_median_published"], "p_median_solved_here" in entry, load)


def covering_rows(text: str) -> tuple[csr_array, Whole]:
    """Read a set-covering instance of OR-Library: which columns cover each row, and what columns cost."""
    numbers = [int(token) for token in text.split()]
    n_rows, n_columns = numbers[:2]
    cost = np.array(numbers[2 : 2 + n_columns], dtype=np.int64)
    at, start, columns = 2 + n_columns, [0], []
    for _ in range(n_rows):
        count = numbers[at]
        columns += [column - 1 for column in numbers[at + 1 : at + 1 + count]]
        at += 1 + count
        start.append(len(columns))
    ones = np.ones(len(columns), dtype=np.int64)
    return csr_array((ones, np.array(columns), np.array(start)), shape=(n_rows, n_columns)), cost


def cost_if_all_covered(covers: csr_array, cost: Whole, chosen: list[int]) -> float:
    """Cost of a cover; no number where a row is left uncovered."""
    opened = np.isin(np.arange(covers.shape[1]), chosen)
    return float(cost[chosen].sum()) if (covers @ opened.astype(np.int64) > 0).all() else math.nan


def scp_cases(folder: Path, known: dict[str, Any]) -> Iterator[Case]:
    """Say what the set-covering instances are."""
    for name, entry in known["scp"].items():

        def load(name: str = name) -> Any:
            covers, cost = covering_rows((folder / "scp" / f"{name}.txt").read_text(encoding="ascii"))
            return (
                lambda seconds: lscp(covers, cost, seconds),
                lambda chosen: cost_if_all_covered(covers, cost, chosen),
            )

        yield Case(name, entry["published"], "solved_here" in entry, load)


def facility_costs(text: str) -> tuple[Whole, Whole]:
    """Read a facility-location instance of OR-Library: cost of customers x facilities, price of facilities.

    Both in units of 10 ** -DECIMALS, exactly. Each facility stands with a capacity, each customer with a demand; the
    uncapacitated problem has no use for either, as costs are for the whole demand.
    """
    tokens = re.sub(r"capacity", "0", text).split()
    n_facilities, n_customers = int(tokens[0]), int(tokens[1])
    scale = Decimal(10) ** DECIMALS
    amounts = np.array([int(Decimal(token) * scale) for token in tokens[2:]], dtype=np.int64)
    customers = amounts[2 * n_facilities :].reshape(n_customers, 1 + n_facilities)
    return customers[:, 1:].copy(), amounts[1 : 2 * n_facilities : 2].copy()


def cap_cases(folder: Path, known: dict[str, Any]) -> Iterator[Case]:
    """Say what the facility-location instances are."""
    listed = (folder / "cap" / "optimal-solutions.txt").read_text(encoding="latin-1")
    for name in CAP:
        entry = known["uflp"].get(name)
        stated = re.search(rf"^{name}\s+(\d+\.\d+)", listed, re.MULTILINE)
        if entry is None and stated is None:
            continue

        def load(name: str = name) -> Any:
            cost, price = facility_costs((folder / "cap" / f"{name}.txt").read_text(encoding="ascii"))
            unit = 10**DECIMALS
            return (
                lambda seconds: facility_location(cost, price, unit, seconds),
                lambda chosen: int(cost[:, chosen].min(axis=1).sum() + price[chosen].sum()) / unit,
            )

        published = entry["published"] if entry else float(stated[1])  # type: ignore[index]
        yield Case(name, published, entry is not None and "solved_here" in entry, load)


def stores(folder: Path) -> tuple[Floats, Whole]:
    """Read the distances of San Francisco's tracts to its stores, in metres, and the people of the tracts."""
    with (folder / "sf" / "SF_network_distance_candidateStore_16_censusTract_205_new.csv").open(
        encoding="utf-8"
    ) as file:
        rows = list(csv.DictReader(file))
    with (folder / "sf" / "SF_demand_205_centroid_uniform_weight.csv").open(encoding="utf-8") as file:
        people = {row["NAME"]: int(row["POP2000"]) for row in csv.DictReader(file)}
    tracts = {name: k for k, name in enumerate(people)}
    names = {name: k for k, name in enumerate(dict.fromkeys(row["name"] for row in rows))}
    distance = np.full((len(tracts), len(names)), np.nan)
    for row in rows:
        distance[tracts[row["DestinationName"]], names[row["name"]]] = float(row["distance"])
    return distance, np.array(list(people.values()), dtype=np.int64)


def sf_cases(folder: Path, known: dict[str, Any]) -> Iterator[Case]:
    """Say what the problems of San Francisco are; all three values were confirmed by going through all choices."""

    def load_median() -> Any:
        distance, people = stores(folder)
        return (
            lambda seconds: p_median(distance, people, STORES, seconds),
            lambda chosen: math.fsum((distance[:, chosen].min(axis=1) * people).tolist()),
        )

    def load_cover() -> Any:
        covers = csr_array((stores(folder)[0] <= COVERED_M).astype(np.int64))
        cost = np.ones(covers.shape[1], dtype=np.int64)
        return lambda seconds: lscp(covers, cost, seconds), lambda chosen: cost_if_all_covered(covers, cost, chosen)

    def load_most() -> Any:
        distance, people = stores(folder)
        near = distance <= COVERED_M
        covers = csr_array(near.astype(np.int64))
        return (
            lambda seconds: mclp(covers, people, STORES, seconds),
            lambda chosen: float(people[near[:, chosen].any(axis=1)].sum()),
        )

    values = known["sf"]
    yield Case("sf-p-median-4", values["p_median_p4_POP2000"]["objective"], confirmed=True, load=load_median)
    yield Case("sf-lscp-5000", values["lscp_r5000_min_facilities"], confirmed=True, load=load_cover)
    yield Case("sf-mclp-5000-4", values["mclp_r5000_p4_covered_POP2000"], confirmed=True, load=load_most, upwards=True)


def verdict(case: Case, ours: float | None, found: Found) -> str:
    """Compare: ``equal``, ``within the gap`` (time is up), ``differs, unconfirmed``, ``MISMATCH``, or ``no plan``."""
    if ours is None:
        return "no plan"
    if abs(ours - case.published) <= TOLERANCE:
        return "equal" if found.optimal else "equal, not proven"
    if not found.optimal and found.bound is not None:
        least, most = sorted((ours, found.bound))
        if least - TOLERANCE <= case.published <= most + TOLERANCE:
            return "within the gap"
    return "MISMATCH" if case.confirmed else "differs, unconfirmed"


def contradicted(case: Case, value: float | None, certified: float | None) -> bool:
    """Whether a certified bound says that no plan can have such an objective."""
    if value is None or certified is None:
        return False
    return (value - certified if case.upwards else certified - value) > TOLERANCE


def run(case: Case, seconds: float) -> Row:
    """Solve an instance and compare."""
    solve, objective = case.load()
    begun = time.perf_counter()
    found = solve(seconds)
    taken = time.perf_counter() - begun
    ours = objective(found.chosen) if found.chosen else None
    certified = found.certify()
    if contradicted(case, ours, certified):
        differ(f"{case.name}: the certified bound is {certified}, our plan comes to {ours}")
    if case.confirmed and contradicted(case, case.published, certified):
        differ(f"{case.name}: the certified bound is {certified}, the confirmed optimum {case.published}")
    refuted = contradicted(case, case.published, certified)
    status = "published refuted" if refuted else verdict(case, ours, found)
    return Row(case.name, case.published, case.confirmed, ours, found.bound, certified, status, taken)


def line_of(row: Row) -> str:
    """Write a line of the table."""
    figures = [
        f"{'-' if value is None else f'{value:.3f}':>18}"
        for value in (row.published, row.ours, row.bound, row.certified)
    ]
    confirmed = "yes" if row.confirmed else "no"
    return f"{row.instance:15}{figures[0]}{confirmed:>11}{''.join(figures[1:])}  {row.status:22}{row.seconds:8.2f}"


def arguments_of(given: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER, help="where the instances are (%(default)s)")
    parser.add_argument("--only", action="append", metavar="NAME", help="instances that begin so: pmed, scp, cap, sf")
    parser.add_argument("--seconds", type=float, default=60.0, help="time of each instance (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there as well")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns 1 where a confirmed optimum was not met, or a plan has no certified bound."""
    arguments = arguments_of(given)
    optima = arguments.folder / "known_optima.json"
    if not optima.exists():
        sys.exit(f"no published instances: {optima} does not exist; name their folder as the argument")
    known = json.loads(optima.read_text(encoding="utf-8"))
    makers = (pmed_cases, scp_cases, cap_cases, sf_cases)
    cases = [case for maker in makers for case in maker(arguments.folder, known)]
    cases = [case for case in cases if case.name.startswith(tuple(arguments.only or [""]))]
    p_median(np.ones((2, 2)), np.ones(2, dtype=np.int64), 1, 1.0)  # compiles the kernels
    bounds = f"{'bound':>18}{'certified bound':>18}"
    print(f"{'instance':15}{'published':>18}{'confirmed':>11}{'ours':>18}{bounds}  {'status':22}{'seconds':>8}")
    rows = []
    for case in cases:
        rows.append(run(case, arguments.seconds))
        print(line_of(rows[-1]), flush=True)
    counts = {status: sum(row.status == status for row in rows) for status in sorted({row.status for row in rows})}
    total = sum(row.seconds for row in rows)
    print(f"{len(rows)} instances in {total:.1f} s: " + ", ".join(f"{n} {status}" for status, n in counts.items()))
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=2), encoding="utf-8")
    return int(any(row.status in {"MISMATCH", "no plan"} or row.certified is None for row in rows))


if __name__ == "__main__":
    sys.exit(main())
