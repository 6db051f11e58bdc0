"""Runs of the siting benchmark: maximal covering in several sizes, and two types of facility with district shares."""

from __future__ import annotations

import importlib.util
import statistics
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array, hstack, vstack

from measure import Report, Target, differ
from planner import certificate, claims, classic, optimize
from planner.bare import bare_instance
from planner.covering import NO_LIMIT, Covering, merge
from planner.cuts import Answer, solve_covering
from planner.frontier import GAP, frontier
from planner.siting import PeopleGoal, Rules
from siting_cases import CITY_M, City, Drawn, draw
from siting_peers import covered, plain_pulp, spopt_mclp

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from planner.siting import Instance, Plan

PEER_ROUNDS = 3
"""Most rounds of a peer; spopt gets one."""


class Asked(NamedTuple):
    """A case of maximal covering and what is asked of it.

    `seconds` until proven, `early` seconds for a gap of `early_gap` (0: not asked), at most `limit` seconds, and
    whether the peers run as well.
    """

    city: City
    sites: int
    seconds: float
    limit: float
    early: float = 0.0
    early_gap: float = 0.0
    peers: bool = False


CASES = {
    "mclp-400x20k": Asked(City(20_000, 400, 1000, towns=66, spread_m=300), 20, 0, 30, peers=True),
    "noisy-1000x50k": Asked(City(50_000, 1000, 1000, 0.15, towns=150, spread_m=300), 30, 5, 60),
    "large-3000x300k": Asked(City(300_000, 3000, 1000, towns=600, spread_m=200), 100, 60, 120, 10, 5e-4),
    "many-100x1M": Asked(City(1_000_000, 100, 2000), 20, 1, 60),
    "many-100x20M": Asked(City(20_000_000, 100, 2000), 20, 20, 120),
    # dense towns: circles overlap much, the LP is far off, and nothing is asked
    "dense-1000x50k": Asked(City(50_000, 1000, 1500, 0.2, towns=100, spread_m=500), 30, 0, 60),
}


def at_most(drawn: Drawn, sites: int) -> Covering:
    """Write MCLP (Church & ReVelle 1974): at most so many sites, least people left uncovered."""
    points, options = drawn.covers.shape
    nothing = np.zeros(0, dtype=np.int64)
    return Covering(
        covers=drawn.covers,
        loss=drawn.people,
        price=np.zeros(options, dtype=np.int64),
        goals=csr_array((0, points), dtype=np.int64),
        allowed=nothing,
        rules=csr_array(np.ones((1, options), dtype=np.int64)),
        minimum=np.array([-NO_LIMIT]),
        maximum=np.array([sites]),
    )


def two_types(share: float) -> Covering:
    """Write the least cost of stations and kiosks that reach a share of the people of each of eight districts."""
    points, sites = 30_000, 600
    drawn = draw(City(points, sites, 1500, towns=100, spread_m=300))
    away = drawn.point_m[:, None, :].astype(np.float32) - drawn.site_m[None].astype(np.float32)
    near = csr_array(((away**2).sum(axis=2) <= np.float32(800**2)).astype(np.int8))
    covers = csr_array(hstack([drawn.covers, near]))
    district = (drawn.point_m[:, 0] // (CITY_M / 2) + 2 * (drawn.point_m[:, 1] // (CITY_M / 4))).astype(int)
    served = np.diff(covers.indptr) > 0
    goals = np.stack([np.where(district == d, drawn.people, 0) for d in np.unique(district)])
    whole, reachable = goals.sum(axis=1), (goals * served).sum(axis=1)
    needed = np.minimum(np.ceil(share * whole), np.floor(0.95 * reachable)).astype(np.int64)
    generator = np.random.default_rng(1)
    one_each = np.eye(sites, dtype=np.int64)
    rules = vstack([csr_array(np.hstack([one_each, one_each])), csr_array(np.kron(np.eye(2), np.ones((1, sites))))])
    return Covering(
        covers=covers,
        loss=np.zeros(points, dtype=np.int64),
        price=10_000 * np.concatenate([generator.integers(25, 36, sites), generator.integers(7, 10, sites)]),
        goals=csr_array(goals),
        allowed=whole - needed,
        rules=csr_array(rules.astype(np.int64)),
        minimum=np.concatenate([np.full(sites, -NO_LIMIT), [5, 10]]),
        maximum=np.concatenate([np.full(sites, 1), [150, 100]]),
    )


def as_instance(problem: Covering) -> Instance:
    """Write the case of two types as a scenario is: one goal for each district, one rule for each site and type."""
    options = problem.covers.shape[1]
    places = [f"rules.types_per_site:{site}" for site in range(options // 2)]
    goals = []
    for k, (counted, allowed) in enumerate(zip(problem.goals.toarray(), problem.allowed.tolist(), strict=True)):
        rows = np.flatnonzero(counted)
        goals.append(PeopleGoal("people", str(k), rows, counted[rows], int(counted.sum()) - allowed))
    return bare_instance(
        problem.covers,
        np.zeros(options, dtype=bool),
        cost=problem.price,
        price=problem.price,
        loss=problem.loss,
        goals=tuple(goals),
        rules=Rules((*places, "stations", "kiosks"), problem.rules, problem.minimum, problem.maximum),
    )


def solved(
    problem: Covering, *, limit: float, gap: float = 0.0
) -> tuple[Answer, float, list[tuple[float, float, float]]]:
    """Solve once; returns the answer, its seconds, and seconds, best objective and bound of each stage."""
    begun = time.perf_counter()
    stages: list[tuple[float, float, float]] = []
    answer = solve_covering(
        problem,
        gap=gap,
        deadline=begun + limit,
        report=lambda _, best, bound: stages.append((time.perf_counter() - begun, best, bound)),
    )
    return answer, time.perf_counter() - begun, stages


def size_of(report: Report, problem: Covering) -> None:
    """Say how large a problem is, before and after merging."""
    begun = time.perf_counter()
    merged = merge(problem)
    seconds = time.perf_counter() - begun
    report.table(
        ["rows", "options", "nonzeros", "merged rows", "merged nonzeros", "s"],
        [
            [
                *problem.covers.shape,
                problem.covers.nnz,
                merged.problem.covers.shape[0],
                merged.problem.covers.nnz,
                seconds,
            ]
        ],
    )


def public(drawn: Drawn, asked: Asked) -> tuple[Plan, float]:
    """Solve once as a notebook does; returns the plan and its seconds."""
    begun = time.perf_counter()
    plan = optimize.mclp(drawn.covers, weight=drawn.people, p=asked.sites, time_limit_s=asked.limit)
    return plan, time.perf_counter() - begun


def certify(drawn: Drawn, instance: Instance, plan: Plan) -> int:
    """Compute the most people that any plan covers from the multipliers of one; stops if that plan covers more."""
    if plan.multipliers is None or plan.objective is None:
        differ("no multipliers")
        return 0
    most = covered(drawn, certificate.bound_of(instance, plan.multipliers))
    if most < plan.objective:
        differ(f"the certificate allows {most} people, the plan covers {plan.objective}")
    return most


def maximal(name: str, rounds: int) -> Report:
    """Run a case of maximal covering."""
    report, asked = Report(name), CASES[name]
    drawn = draw(asked.city)
    problem = at_most(drawn, asked.sites)
    solved(at_most(draw(City(500, 20, 2000)), 3), limit=5)  # compiles
    size_of(report, problem)
    public(drawn, asked)  # compiles what the engine alone does not
    runs = [public(drawn, asked) for _ in range(rounds)]
    plan = runs[-1][0]
    if plan.objective is None or plan.bound is None or len({run[0].objective for run in runs}) > 1:
        differ(f"{name}: no plan, or not the same in every round")
        return report
    seconds = statistics.median(run[1] for run in runs)
    people, most = int(plan.objective), int(plan.bound)
    instance = classic.mclp_instance(drawn.covers, weight=drawn.people, p=asked.sites)
    certified = certify(drawn, instance, plan)
    head = ["people covered", "at most", "gap", "certified at most", "certified gap", "s"]
    gaps = [(bound - people) / people for bound in (most, certified)]
    report.table(head, [[people, most, gaps[0], certified, gaps[1], seconds]])
    if asked.seconds:
        proven = plan.status == "optimal"
        why = "proven, but later" if proven else f"a gap of {gaps[0]:.3%} was left after {seconds:.0f} s"
        report.target(Target(f"{name} proven", seconds if proven else float("inf"), "s", asked.seconds, why=why))
    if asked.early:
        stages = solved(problem, limit=asked.limit)[2]
        open_at = [(s, (best - bound) / (covered(drawn, 0) - best)) for s, best, bound in stages]
        within = [s for s, part in open_at if part <= asked.early_gap]
        then = min((part for s, part in open_at if s <= asked.early), default=1.0)
        what, why = f"{name} within {asked.early_gap:.2%}", f"the gap was {then:.3%} by then"
        report.target(Target(what, min(within, default=float("inf")), "s", asked.early, why=why))
    if asked.peers:
        beside(report, drawn, asked.sites, people, seconds, rounds)
    return report


def beside(report: Report, drawn: Drawn, sites: int, people: int, seconds: float, rounds: int) -> None:
    """Run the peers, hold their optimum to ours, and compare the times."""
    peers: dict[str, tuple[Callable[[], int], int, float]] = {
        "PuLP + CBC": (lambda: plain_pulp(drawn, sites, "CBC"), min(rounds, PEER_ROUNDS), 10.0),
        "PuLP + HiGHS": (lambda: plain_pulp(drawn, sites, "HiGHS"), min(rounds, PEER_ROUNDS), 0.0),
    }
    if importlib.util.find_spec("spopt"):
        peers["spopt + CBC"] = (lambda: spopt_mclp(drawn, sites), 1, 1000.0)
    else:
        report.note("spopt is not installed: left out")
    lines: list[list[Any]] = [["planner", people, seconds, 1.0]]
    for name, (solve, times, _) in peers.items():
        taken = []
        for _ in range(times):
            begun = time.perf_counter()
            found = solve()
            taken.append(time.perf_counter() - begun)
            if found != people:
                differ(f"{name} covers {found} people, planner {people}")
        lines.append([name, found, statistics.median(taken), statistics.median(taken) / seconds])
    report.table(["solver", "people covered", "s", "ratio"], lines)
    for line in lines[1:]:
        least = peers[line[0]][2]
        if least:
            why = f"it took {line[2]:.2f} s, planner {seconds:.2f} s"
            report.target(Target(f"faster than {line[0]}", line[3], "times", least, at_least=True, why=why))


def types(name: str, _rounds: int) -> Report:
    """Run the case with two types of facility; every claim is checked as the command ``check`` does."""
    report = Report(name)
    solved(at_most(draw(City(500, 20, 2000)), 3), limit=5)  # compiles
    for share in (0.6, 0.8):
        problem = two_types(share)
        size_of(report, problem)
        instance = as_instance(problem)
        begun = time.perf_counter()
        plan = optimize.solve(instance, gap=0.01, time_limit_s=30, ties=False)
        seconds = time.perf_counter() - begun
        if plan.objective is None or plan.bound is None or plan.gap is None or plan.multipliers is None:
            differ(f"{name}: no plan, or no multipliers")
            return report
        claim = claims.certify(instance, plan.multipliers)
        faults = claims.check(instance, plan, claim)
        if faults:
            differ(f"{name}, share {share}: {faults}")
        certified_gap = (plan.objective - claim.bound) / plan.objective
        head = ["share", "yuan", "bound", "gap", "certified bound", "certified gap", "s"]
        report.table(head, [[share, plan.objective, plan.bound, plan.gap, claim.bound, certified_gap, seconds]])
        why = f"time was up; the first LP, whose bound is certified, leaves {certified_gap:.2%} to branching"
        report.target(Target(f"{name}, share {share}: gap in 30 s", 100 * plan.gap, "%", 1, why=why))
    return report


class Budgeted(NamedTuple):
    """The case of the frontier: its city, what options cost, and the budget of one solve, in yuan."""

    drawn: Drawn
    cost: NDArray[np.int64]
    budget: int

    def instance(self, budget: int) -> Instance:
        """Write maximal covering within a budget."""
        return classic.mclp_instance(self.drawn.covers, weight=self.drawn.people, cost=self.cost, budget=budget)

    def best(self, budget: int, gap: float = 0.0) -> tuple[Plan, float]:
        """Solve it once; returns the plan and its seconds."""
        begun = time.perf_counter()
        plan = optimize.mclp(self.drawn.covers, weight=self.drawn.people, cost=self.cost, budget=budget, gap=gap)
        return plan, time.perf_counter() - begun


def budgeted() -> Budgeted:
    """Draw options of unlike cost; the budget is enough for as many as the case of maximal covering opens."""
    asked = CASES["mclp-400x20k"]
    drawn = draw(asked.city)
    options = drawn.covers.shape[1]
    cost = np.random.default_rng(3).integers(5, 11, options)
    return Budgeted(drawn, cost, int(cost.sum() * asked.sites / options))


def steps(name: str, rounds: int) -> Report:
    """Time a frontier of nine points beside one solve of the same problem, proven and at the frontier's gap."""
    report, case = Report(name), budgeted()
    one, loose, nine = [], [], []
    case.best(case.budget)  # compiles
    frontier(case.instance(5 * case.budget), case.drawn.people)
    for _ in range(rounds):
        one.append(case.best(case.budget))
        loose.append(case.best(case.budget, GAP))
        begun = time.perf_counter()
        found = frontier(case.instance(5 * case.budget), case.drawn.people)
        nine.append(time.perf_counter() - begun)
    for point in found.points:
        best = case.best(point.budget_yuan)[0]
        certify(case.drawn, case.instance(point.budget_yuan), best)
        if best.objective is None or not point.people <= best.objective <= point.most:
            differ(f"within {point.budget_yuan} {best.objective} are covered, not {point.people} to {point.most}")
    head = ["budget", "cost", "people covered", "gap", "cost gap", "sites"]
    report.table(head, [[p.budget_yuan, p.cost_yuan, p.people, p.gap, p.cost_gap, len(p.chosen)] for p in found.points])
    seconds = [statistics.median(taken) for taken in ([run[1] for run in one], [run[1] for run in loose], nine)]
    lines: list[list[Any]] = []
    for asked, (plan, _), taken in ((0.0, one[-1], seconds[0]), (GAP, loose[-1], seconds[1])):
        certified = certify(case.drawn, case.instance(case.budget), plan)
        people = int(plan.objective or 0)
        lines.append(["one solve", asked, plan.gap, people, certified, (certified - people) / people, taken])
    lines.append([f"{len(found.points)} points", GAP, max(point.gap for point in found.points), "", "", "", seconds[2]])
    report.table(["", "gap asked", "gap", "people covered", "certified at most", "certified gap", "s"], lines)
    report.note(f"the frontier stops at its own gap of {GAP:.1%}, the solve beside which it is timed is proven (gap 0)")
    why = f"at the frontier's gap one solve takes {seconds[1]:.2f} s: {seconds[2] / seconds[1]:.1f} times"
    report.target(Target(f"{name}: nine points beside one solve", seconds[2] / seconds[0], "times", 4, why=why))
    return report
