"""The certificate: a bound that no multipliers can make wrong, and claims of which every forged one is refused."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations, product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from planner import certificate, recount
from planner.certificate import ONE, Certificate, Refused, bound_of, certify, check, fingerprint, from_json, to_json
from planner.siting import (
    NO_LIMIT,
    Capacity,
    CommunityGoal,
    Flows,
    Instance,
    Multipliers,
    PeopleGoal,
    Plan,
    Rules,
    Travel,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Whole = NDArray[Any]
    Random = np.random.Generator
    Claim = tuple[Instance, Plan, Certificate]

QUICK: Any = {"deadline": None, "derandomize": True, "suppress_health_check": [HealthCheck.too_slow]}
FEATURES = (
    "years", "fixed", "people", "groups", "backup", "communities", "rules", "capacity", "travel", "loss", "price", "like",
)  # fmt: skip
KINDS = ("rows", "backup", "goals", "rules", "capacity", "points")


def whole(values: Any) -> Whole:
    return np.array(values, dtype=np.int64)


# --- Small problems ------------------------------------------------------------------------------------------


def covers_of(rng: Random, year: Whole, row_year: Whole, *, like: bool) -> csr_array:
    """Columns serve rows of their own year; `like` repeats rows, so that some have equal columns."""
    held = (rng.random((len(row_year), len(year))) < 0.45) & (row_year[:, None] == year[None, :])
    if like:
        for r in range(1, len(row_year)):
            if rng.random() < 0.5 and row_year[r] == row_year[r - 1]:
                held[r] = held[r - 1]
    return csr_array(held.astype(np.int64))


def rules_of(rng: Random, n_columns: int, count: int) -> Rules:
    """Counts, budgets, spacing and orders of years that leave a side open or ask for an exact number."""
    matrix = rng.integers(-2, 4, (count, n_columns)) * (rng.random((count, n_columns)) < 0.6)
    least = rng.integers(-3, 3, count)
    most = least + rng.integers(0, 8, count)
    side = rng.integers(0, 4, count)
    return Rules(
        tuple(f"rule{k}" for k in range(count)),
        csr_array(matrix.astype(np.int64)),
        np.where(side == 0, -NO_LIMIT, least),
        np.where(side == 1, NO_LIMIT, most),
    )


def people_goal(rng: Random, rows: Whole, weight: Whole, year: int, times: int) -> PeopleGoal:
    return PeopleGoal("g", "", rows, weight, int(rng.integers(0, max(1, int(weight.sum())) + 1)), year, times)


def community_goal(rng: Random, rows: Whole, weight: Whole, year: int, times: int) -> CommunityGoal:
    units = int(rng.integers(1, 4))
    unit = rng.integers(0, units, len(rows))
    held = whole([int(weight[unit == q].sum()) for q in range(units)])
    needed = whole([int(rng.integers(0, h + 2)) if rng.random() < 0.3 else (h + 1) // 2 for h in held])
    return CommunityGoal("c", "", rows, unit, weight, needed, int(rng.integers(0, units + 1)), year, times)


def travel_of(rng: Random, n_columns: int) -> Travel:
    reach = [np.flatnonzero(rng.random(n_columns) < 0.6) for _ in range(int(rng.integers(1, 5)))]
    metres = [np.sort(rng.integers(0, 12, len(columns))) for columns in reach]
    start = np.concatenate([[0], np.cumsum([len(columns) for columns in reach])])
    empty = np.empty(0, dtype=np.int64)
    far_m = int(rng.integers(8, 14))
    weight = rng.integers(0, 5, len(reach))
    return Travel(start, np.concatenate([empty, *reach]), np.concatenate([empty, *metres]), weight, far_m)


def instance_of(rng: Random, on: frozenset[str], most_columns: int = 6) -> Instance:
    """Draw a small problem with the features that are on."""
    years = 2 if "years" in on else 1
    options = int(rng.integers(1, (4 if "capacity" in on else most_columns) // years + 1))
    year, row_year = np.repeat(np.arange(years), options), np.sort(rng.integers(0, years, rng.integers(1, 7)))
    n_columns, n_rows = len(year), len(row_year)
    people = rng.integers(0, 3 if "capacity" in on else 9, n_rows)
    limited = np.sort(rng.permutation(n_rows)[: max(1, min(4, n_rows // 2))]) if "capacity" in on else whole([])
    goals, communities = [], []
    for name, kind in (("people", "p"), ("backup", "p"), ("communities", "c"), ("communities", "c2")):
        for p in range(years):
            rows = np.flatnonzero((row_year == p) & (rng.random(n_rows) < 0.8))
            if name not in on or not len(rows):
                continue
            times = 2 if name == "backup" or (kind == "c2" and rng.random() < 0.3) else 1
            weight = people[rows]
            if "groups" in on:
                weight = np.where(np.isin(rows, limited), weight, rng.integers(0, weight + 1))
            if kind == "p":
                goals.append(people_goal(rng, rows, weight, p, times))
            else:
                communities.append(community_goal(rng, rows, weight, p, times))
    limit = np.where(rng.random(n_columns) < 0.2, NO_LIMIT, rng.integers(0, 5, n_columns))
    names = np.array([f"s{k}" for k in range(n_columns)], dtype=object)
    return Instance(
        covers=covers_of(rng, year, row_year, like="like" in on),
        people=people,
        option=np.tile(np.arange(options), years),
        year=year,
        site_id=names,
        type=names,
        size=names,
        cost_yuan=rng.integers(0, 9, n_columns),
        price=rng.integers(1, 9, n_columns) * (3 if rng.random() < 0.5 else 1) * ("price" in on),
        loss=(people if "capacity" in on else rng.integers(0, 9, n_rows)) * (rng.random(n_rows) < 0.8) * ("loss" in on),
        tie=np.zeros(n_columns, dtype=np.int64),
        fixed=(rng.random(n_columns) < 0.25) & ("fixed" in on),
        goals=tuple(goals),
        communities=tuple(communities),
        rules=rules_of(rng, n_columns, int(rng.integers(1, 4)) if "rules" in on else 0),
        capacity=Capacity(limited, limit) if "capacity" in on else None,
        travel=travel_of(rng, n_columns) if "travel" in on else None,
    )


def drawn(seed: int, on: frozenset[str]) -> tuple[Random, Instance]:
    rng = np.random.default_rng(seed)
    return rng, instance_of(rng, on)


some_features = st.sets(st.sampled_from(FEATURES)).map(frozenset)
seeds = st.integers(0, 2**32 - 1)


# --- Their optimum, by trying everything ---------------------------------------------------------------------


def servable(instance: Instance, opened: Whole, rows: Whole, served: tuple[int, ...]) -> bool:
    """Hall's condition: no set of rows asks for more than the open columns that reach any of them can take."""
    reach = instance.covers.toarray()[rows][:, opened] > 0
    assert instance.capacity is not None
    limit = [int(q) for q in instance.capacity.limit[opened]]
    for size in range(1, len(rows) + 1):
        for some in combinations(range(len(rows)), size):
            room = sum(limit[k] for k in np.flatnonzero(reach[list(some)].any(axis=0)))
            if sum(served[r] for r in some) > room:
                return False
    return True


def shared_out(instance: Instance, chosen: Whole) -> Iterator[Flows | None]:
    """Every way in which people may be served, told by row; the columns stay open."""
    if instance.capacity is None:
        yield None
        return
    rows, opened = instance.capacity.rows, np.flatnonzero(recount.open_columns(instance, chosen))
    for served in product(*(range(int(p) + 1) for p in instance.people[rows])):
        if servable(instance, opened, rows, served):
            yield Flows(rows, np.zeros(len(rows), dtype=np.int64), whole(served))


def best(instance: Instance) -> tuple[int, Whole, Flows | None] | None:
    """Find the least objective of all plans that keep the rules and meet the goals; None where there is none."""
    found = None
    new = np.flatnonzero(~instance.fixed)
    for size in range(len(new) + 1):
        for chosen in map(whole, combinations(new, size)):
            if recount.rules_broken(instance, chosen):
                continue
            for flows in shared_out(instance, chosen):
                if all(goal.met for goal in recount.goals_reached(instance, chosen, flows)):
                    value = recount.objective_of(instance, chosen, flows)
                    if found is None or value < found[0]:
                        found = value, chosen, flows
    return found


def flows_of(instance: Instance, chosen: Whole, told: Flows | None) -> Flows | None:
    """Send people to columns so that each row has as many served as told."""
    if told is None or instance.capacity is None:
        return None
    n, opened = instance.n_columns, np.flatnonzero(recount.open_columns(instance, chosen))
    graph = np.zeros((len(told.row) + n + 2,) * 2, dtype=np.int32)
    graph[-2, : len(told.row)] = told.people
    for k in opened:
        graph[: len(told.row), len(told.row) + k] = 100 * instance.covers.toarray()[told.row, k]
        graph[len(told.row) + k, -1] = min(100, int(instance.capacity.limit[k]))
    flow = maximum_flow(csr_array(graph), len(graph) - 2, len(graph) - 1).flow.toarray()
    sent = flow[: len(told.row), len(told.row) : len(told.row) + n]
    assert (sent.sum(axis=1) == told.people).all()
    row, column = np.nonzero(sent > 0)
    return Flows(told.row[row], column.astype(np.int64), sent[row, column].astype(np.int64))


# --- Multipliers: any, and those of the linear program -------------------------------------------------------


def any_multipliers(rng: Random, instance: Instance) -> Multipliers:
    """Multipliers of every size, right in sign alone."""

    def some(length: int) -> Whole:
        size = int(rng.choice([0, 1, 2, 4, 12, 40]))
        return whole(rng.random(length) * size * ONE) * (rng.random(length) < 0.7)

    rules = some(len(instance.rules.minimum)) * rng.choice([-1, 1], len(instance.rules.minimum))
    low, high = instance.rules.minimum <= -NO_LIMIT, instance.rules.maximum >= NO_LIMIT
    return Multipliers(
        rows=some(instance.n_rows),
        backup=some(instance.n_rows),
        goals=some(len(instance.all_goals)),
        units=tuple(some(goal.whole) for goal in instance.communities),
        rules=np.where((low & (rules > 0)) | (high & (rules < 0)), 0, rules),
        capacity=some(0 if instance.capacity is None else len(np.unique(instance.year))),
        points=some(0 if instance.travel is None else len(instance.travel.weight)),
    )


@dataclass
class Linear:
    """A linear program being written: rows ``coefficients <= bound`` under a name."""

    cost: list[float]
    box: list[tuple[float, float]]
    rows: list[tuple[str, int, dict[int, float], float]]
    equal: list[tuple[dict[int, float], float]]

    def unknown(self, cost: float, low: float = 0.0, high: float = 1.0) -> int:
        self.cost.append(cost)
        self.box.append((low, high))
        return len(self.cost) - 1

    def row(self, name: str, number: int, terms: dict[int, float], most: float) -> None:
        self.rows.append((name, number, terms, most))


def linear_goals(program: Linear, instance: Instance, u: list[int], t: list[int], limited: set[int]) -> None:
    """Rows C and D: of people, of the communities, and of how many communities there are."""
    for number, goal in enumerate(instance.all_goals):
        z = [u[r] if goal.times == 1 or r in limited else t[r] for r in goal.rows]
        if isinstance(goal, PeopleGoal):
            terms: dict[int, float] = {}
            for j, w in zip(z, goal.weight, strict=True):
                terms[j] = terms.get(j, 0) + int(w)
            program.row("goals", number, terms, goal.whole - goal.needed)
            continue
        flags = [program.unknown(0.0) for _ in range(goal.whole)]
        for q in range(goal.whole):
            inside = np.flatnonzero(goal.unit == q)
            held = int(goal.weight[inside].sum())
            if goal.unit_needed[q] > held:
                program.box[flags[q]] = (1.0, 1.0)
            elif goal.unit_needed[q] > 0:
                terms = {z[r]: int(goal.weight[r]) for r in inside}
                program.row(f"units{number}", q, {**terms, flags[q]: -int(goal.unit_needed[q])}, held - goal.unit_needed[q])
                if len(inside) == 1 and int(goal.rows[inside[0]]) not in limited:
                    program.row("", 0, {z[inside[0]]: 1, flags[q]: -1}, 0)
        program.row("goals", number, dict.fromkeys(flags, 1.0), goal.whole - goal.needed)


def linear_of(instance: Instance) -> Linear:
    """Write the rows of the model on the original rows, one by one."""
    program = Linear([], [], [], [])
    covers, limited = instance.covers.toarray(), set()
    if instance.capacity is not None:
        limited = {int(r) for r in instance.capacity.rows}
    x = [program.unknown(0 if f else int(c), int(f)) for c, f in zip(instance.price, instance.fixed, strict=True)]
    u = [program.unknown(int(loss)) for loss in instance.loss]
    t = [program.unknown(0) for _ in u]
    for r, reach in enumerate(covers):
        served = {x[k]: -1.0 for k in np.flatnonzero(reach)}
        program.row("rows", r, {**served, u[r]: -1}, -1)
        program.row("backup", r, {**served, t[r]: -2}, -2)
    linear_goals(program, instance, u, t, limited)
    for i, rule in enumerate(instance.rules.matrix.toarray()):
        if instance.rules.minimum[i] > -NO_LIMIT:
            program.row("least", i, {x[k]: -int(a) for k, a in enumerate(rule)}, -instance.rules.minimum[i])
        if instance.rules.maximum[i] < NO_LIMIT:
            program.row("most", i, {x[k]: int(a) for k, a in enumerate(rule)}, instance.rules.maximum[i])
    if instance.capacity is not None:
        for p, year in enumerate(np.unique(instance.year)):
            here = np.flatnonzero(instance.year == year)
            rows = [r for r in sorted(limited) if covers[r, here].any()]
            people = {u[r]: -int(instance.people[r]) for r in rows}
            room = {x[k]: -min(int(instance.capacity.limit[k]), 1000) for k in here}
            program.row("capacity", p, {**people, **room}, sum(people.values()))
    if instance.travel is not None:
        travel = instance.travel
        for i, w in enumerate(travel.weight):
            total = {program.unknown(int(w) * travel.far_m): 1.0}
            for e in range(travel.start[i], travel.start[i + 1]):
                z = program.unknown(int(w * travel.metres[e]))
                total[z] = 1.0
                program.row("", 0, {z: 1, x[travel.column[e]]: -1}, 0)
            program.equal.append((total, 1.0))
    return program


def dense(rows: list[dict[int, float]], width: int) -> Any:
    matrix = np.zeros((len(rows), width))
    for r, terms in enumerate(rows):
        matrix[r, list(terms)] = list(terms.values())
    return matrix


def duals_of(instance: Instance) -> tuple[float, Multipliers] | None:
    """Solve the linear program and read its duals; None where it has no solution."""
    program = linear_of(instance)
    equal = dense([terms for terms, _ in program.equal], len(program.cost)) if program.equal else None
    answer = linprog(
        program.cost,
        A_ub=dense([row[2] for row in program.rows], len(program.cost)),
        b_ub=[float(row[3]) for row in program.rows],
        A_eq=equal,
        b_eq=[b for _, b in program.equal] if program.equal else None,
        bounds=program.box,
        method="highs",
    )
    if answer.status != 0:
        return None
    found: dict[tuple[str, int], int] = {}
    for (name, number, _, _), dual in zip(program.rows, answer.ineqlin.marginals, strict=True):
        found[name, number] = round(max(0.0, -dual) * ONE)

    def read(name: str, length: int) -> Whole:
        return whole([found.get((name, i), 0) for i in range(length)])

    first, n_rules = len(instance.goals), len(instance.rules.minimum)
    points = [round(max(0.0, v) * ONE) for v in answer.eqlin.marginals] if program.equal else []
    return float(answer.fun), Multipliers(
        rows=read("rows", instance.n_rows),
        backup=read("backup", instance.n_rows),
        goals=read("goals", len(instance.all_goals)),
        units=tuple(read(f"units{first + g}", goal.whole) for g, goal in enumerate(instance.communities)),
        rules=read("least", n_rules) - read("most", n_rules),
        capacity=read("capacity", 0 if instance.capacity is None else len(np.unique(instance.year))),
        points=whole(points),
    )


# --- The bound -----------------------------------------------------------------------------------------------


@settings(max_examples=400, **QUICK)
@given(seeds, some_features)
def test_no_multipliers_make_the_bound_wrong(seed: int, on: frozenset[str]) -> None:
    rng, instance = drawn(seed, on)
    found = best(instance)
    if found is not None:
        for _ in range(10):
            assert bound_of(instance, any_multipliers(rng, instance)) <= found[0]


@settings(max_examples=400, **QUICK)
@given(seeds, some_features)
def test_the_duals_of_the_linear_program_give_its_optimum_at_least(seed: int, on: frozenset[str]) -> None:
    _, instance = drawn(seed, on)
    found, dual = best(instance), duals_of(instance)
    if dual is None:
        assert found is None
        return
    bound = bound_of(instance, dual[1])
    assert bound >= dual[0] - 0.01
    assert found is None or bound <= found[0]
