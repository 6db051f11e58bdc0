"""The certificate: a bound that no multipliers can make wrong, and claims of which every forged one is refused."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from functools import cache
from itertools import combinations, product
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from planner import certificate, claims, recount
from planner.certificate import ONE, Refused, bound_of
from planner.claims import Certificate, certify, check, fingerprint, from_json, to_json
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

T = TypeVar("T")
QUICK: Any = {"deadline": None, "derandomize": True, "suppress_health_check": [HealthCheck.too_slow]}
FEATURES = (
    "years", "fixed", "people", "groups", "backup", "communities", "rules", "capacity", "travel", "loss", "price",
    "like",
)  # fmt: skip
MILD = frozenset({"years", "like", "groups", "rules"})
BOUNDED = (
    (), ("price",), ("communities", "price"), ("communities", "backup", "fixed", "price"),
    ("capacity", "fixed", "people", "price"), ("capacity", "fixed", "loss", "price"),
    ("capacity", "communities", "fixed", "price"), ("capacity", "backup", "fixed", "price"),
    ("travel", "fixed", "price"),
)  # fmt: skip
KINDS = ("rows", "backup", "goals", "rules", "capacity", "points")


def whole(values: Any) -> Whole:
    return np.array(values, dtype=np.int64)


def altered(item: T, **parts: Any) -> T:
    """Copy a frozen item with other parts."""
    return dataclasses.replace(item, **parts)  # type: ignore[type-var]


# --- Small problems ------------------------------------------------------------------------------------------


def covers_of(rng: Random, year: Whole, row_year: Whole, *, like: bool) -> csr_array:
    """Columns serve rows of their own year; `like` repeats rows, so that some have equal columns."""
    held = (rng.random((len(row_year), len(year))) < 0.45) & (row_year[:, None] == year[None, :])
    if like:
        for r in range(1, len(row_year)):
            if rng.random() < 0.5 and row_year[r] == row_year[r - 1]:
                held[r] = held[r - 1]
    return csr_array(held.astype(np.int64))


def rules_of(rng: Random, opened: Whole, count: int) -> Rules:
    """Counts, budgets, spacing and orders of years that a plan keeps; some leave a side open."""
    matrix = rng.integers(-2, 4, (count, len(opened))) * (rng.random((count, len(opened))) < 0.6)
    least = matrix @ opened - rng.integers(0, 3, count)
    most = matrix @ opened + rng.integers(0, 3, count)
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
    fixed = (rng.random(n_columns) < 0.25) & ("fixed" in on)
    opened = fixed | (rng.random(n_columns) < 0.6)
    drawn = Instance(
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
        fixed=fixed,
        goals=tuple(goals),
        communities=tuple(communities),
        rules=rules_of(rng, opened, int(rng.integers(1, 4)) if "rules" in on else 0),
        capacity=Capacity(limited, limit) if "capacity" in on else None,
        travel=travel_of(rng, n_columns) if "travel" in on else None,
    )
    return drawn if rng.random() < 0.1 else within_reach(drawn, np.flatnonzero(opened & ~fixed))


def within_reach(instance: Instance, chosen: Whole) -> Instance:
    """Lower what the goals ask to what one plan reaches."""
    reached = [goal.reached for goal in recount.goals_reached(instance, chosen)]
    goals = [altered(g, needed=min(g.needed, got)) for g, got in zip(instance.all_goals, reached, strict=True)]
    first = len(instance.goals)
    return altered(instance, goals=tuple(goals[:first]), communities=tuple(goals[first:]))


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
                program.row(
                    f"units{number}", q, {**terms, flags[q]: -int(goal.unit_needed[q])}, held - goal.unit_needed[q]
                )
                if len(inside) == 1 and int(goal.rows[inside[0]]) not in limited:
                    program.row("", 0, {z[inside[0]]: 1, flags[q]: -1}, 0)
        program.row("goals", number, dict.fromkeys(flags, 1.0), goal.whole - goal.needed)


def linear_capacity(program: Linear, instance: Instance, x: list[int], u: list[int]) -> None:
    """Rows F: of each year."""
    assert instance.capacity is not None
    for p, year in enumerate(np.unique(instance.year)):
        here = np.flatnonzero(instance.year == year)
        rows = [r for r in instance.capacity.rows if instance.covers.toarray()[r, here].any()]
        people = {u[r]: -float(instance.people[r]) for r in rows}
        room = {x[k]: -float(min(int(instance.capacity.limit[k]), 1000)) for k in here}
        program.row("capacity", p, {**people, **room}, sum(people.values()))


def linear_travel(program: Linear, travel: Travel, x: list[int]) -> None:
    """Rows G: each point goes to an open column, or is charged as far."""
    for i, w in enumerate(travel.weight):
        total = {program.unknown(int(w) * travel.far_m): 1.0}
        for e in range(travel.start[i], travel.start[i + 1]):
            z = program.unknown(int(w * travel.metres[e]))
            total[z] = 1.0
            program.row("", 0, {z: 1, x[travel.column[e]]: -1}, 0)
        program.equal.append((total, 1.0))


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
        linear_capacity(program, instance, x, u)
    if instance.travel is not None:
        linear_travel(program, instance.travel, x)
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
    return float(answer.fun or 0.0), Multipliers(
        rows=read("rows", instance.n_rows),
        backup=read("backup", instance.n_rows),
        goals=read("goals", len(instance.all_goals)),
        units=tuple(read(f"units{first + g}", goal.whole) for g, goal in enumerate(instance.communities)),
        rules=read("least", n_rules) - read("most", n_rules),
        capacity=read("capacity", 0 if instance.capacity is None else len(np.unique(instance.year))),
        points=whole(points),
    )


# --- The bound -----------------------------------------------------------------------------------------------


def near(rng: Random, instance: Instance, multipliers: Multipliers) -> Multipliers:
    """Disturb multipliers, a few of them much."""
    other = any_multipliers(rng, instance)

    def disturbed(y: Whole, some: Whole) -> Whole:
        odd = np.where(rng.random(len(y)) < 0.2, some, y)
        return np.where((odd < 0) == (y < 0), whole(odd * rng.uniform(0.6, 1.5, len(y))), y)

    arrays: dict[str, Any] = {k: disturbed(getattr(multipliers, k), getattr(other, k)) for k in KINDS}
    units = tuple(disturbed(y, some) for y, some in zip(multipliers.units, other.units, strict=True))
    return altered(multipliers, **arrays, units=units)


@pytest.mark.parametrize("always", BOUNDED, ids="-".join)
@settings(max_examples=60, **QUICK)
@given(seeds, some_features)
def test_no_multipliers_make_the_bound_wrong_and_duals_make_it_high(
    always: tuple[str, ...], seed: int, on: frozenset[str]
) -> None:
    """No bound is above the optimum; that of the linear program's duals is its optimum, at least."""
    rng, instance = drawn(seed, frozenset(always) | (on & MILD if len(always) > 1 else on))
    found, dual = best(instance), duals_of(instance)
    if dual is None:
        assert found is None
        return
    bound = bound_of(instance, dual[1])
    assert bound >= dual[0] - 0.01
    if found is not None:
        assert bound <= found[0]
        for _ in range(4):
            assert bound_of(instance, any_multipliers(rng, instance)) <= found[0]
            assert bound_of(instance, near(rng, instance, dual[1])) <= found[0]


def test_rows_whose_keys_agree_by_accident_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = altered(one_goal([[1, 0], [0, 1], [1, 1]], [4, 6, 1], [7, 5], 0), loss=whole([3, 3, 0]))
    right = bound_of(instance, none_for(instance, rows=[3 * ONE, 0, 0]))

    class Same:
        def integers(self, _high: int, size: int) -> Whole:
            return np.zeros(size, dtype=np.int64)

    monkeypatch.setattr(np.random, "default_rng", lambda _seed: Same())
    # were both rows one, a multiplier of 6 on the first would do for both
    assert bound_of(instance, none_for(instance, rows=[6 * ONE, 0, 0])) == right == 3
    uneven = altered(instance, covers=csr_array(whole([[1, 0], [0, 0], [1, 1]])))
    assert bound_of(uneven, none_for(uneven, rows=[3 * ONE, 0, 0])) == 3 + 3


@settings(max_examples=80, **QUICK)
@given(seeds, some_features)
def test_python_numbers_and_small_blocks_change_nothing(seed: int, on: frozenset[str]) -> None:
    rng, instance = drawn(seed, on)
    multipliers = any_multipliers(rng, instance)
    bound = bound_of(instance, multipliers)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(certificate, "BLOCK", 2)
        patch.setattr(claims, "BLOCK", 2)
        assert bound_of(instance, multipliers) == bound
        patch.setattr(certificate, "_kind", lambda *_: object)
        assert bound_of(instance, multipliers) == bound


def times(factor: int, instance: Instance, multipliers: Multipliers) -> tuple[Instance, Multipliers]:
    """Multiply every price, loss and weighted metre, and the multipliers with them."""
    travel = instance.travel and altered(instance.travel, weight=instance.travel.weight * factor)
    dear = altered(instance, price=instance.price * factor, loss=instance.loss * factor, travel=travel)
    arrays: dict[str, Any] = {kind: getattr(multipliers, kind) * factor for kind in KINDS}
    return dear, Multipliers(**arrays, units=tuple(y * factor for y in multipliers.units))


@pytest.mark.parametrize("factor", [10**6, 10**13])
def test_great_costs_give_the_same_bound_to_the_last_unit(factor: int) -> None:
    kinds = set()
    for seed in range(40):
        rng = np.random.default_rng(seed)
        instance = instance_of(rng, frozenset(FEATURES) - {"capacity", "years"})
        small = altered(instance, travel=None) if seed % 2 else instance
        little = any_multipliers(rng, small)
        arrays: dict[str, Any] = {k: np.fmod(getattr(little, k), 2**18) for k in KINDS}
        multipliers = Multipliers(**arrays, units=tuple(y % 2**18 for y in little.units))
        dear, dearer = times(factor, small, multipliers)
        assert bound_of(dear, dearer) == factor * bound_of(small, multipliers)
        kinds.add(certificate._kind(dear, dearer))
    assert kinds == {np.int64 if factor == 10**6 else object}


@pytest.mark.parametrize("on", [{"people", "price"}, {"communities", "price"}, {"loss", "rules"}, {"capacity", "loss"}])
def test_crowds_of_a_billion_to_a_row_leave_the_bound_valid(on: set[str]) -> None:
    crowd, dear = 10**9, 10**13
    for seed in range(60):
        rng, instance = drawn(seed, frozenset(on))
        found = best(instance)
        goals = [altered(g, weight=g.weight * crowd, needed=g.needed * crowd) for g in instance.goals]
        communities = [
            altered(g, weight=g.weight * crowd, unit_needed=g.unit_needed * crowd) for g in instance.communities
        ]
        capacity = instance.capacity
        if capacity is not None:
            limit = np.where(capacity.limit < NO_LIMIT, capacity.limit * crowd, NO_LIMIT)
            capacity = altered(capacity, limit=limit)
        great = altered(
            instance,
            people=instance.people * crowd,
            price=instance.price * dear,
            loss=instance.loss * crowd,
            goals=tuple(goals),
            communities=tuple(communities),
            capacity=capacity,
        )
        if found is None:
            continue
        # one price or one loss only: all grow alike
        factor = dear if "price" in on else crowd
        for _ in range(5):
            multipliers = any_multipliers(rng, great)
            loud = altered(multipliers, rows=multipliers.rows * 10**10, goals=multipliers.goals * 10**10)
            assert bound_of(great, multipliers) <= found[0] * factor
            assert bound_of(great, loud) <= found[0] * factor


def one_goal(covers: Any, people: Any, price: Any, needed: int, **more: Any) -> Instance:
    """Least cost for so many people."""
    matrix, n = csr_array(whole(covers)), len(price)
    names = np.array([f"s{k}" for k in range(n)], dtype=object)
    goal = PeopleGoal("g", "", np.arange(len(people)), whole(people), needed)
    plain: dict[str, Any] = {
        "covers": matrix,
        "people": whole(people),
        "option": np.arange(n),
        "year": np.zeros(n, dtype=np.int64),
        "site_id": names,
        "type": names,
        "size": names,
        "cost_yuan": whole(price),
        "price": whole(price),
        "loss": np.zeros(len(people), dtype=np.int64),
        "tie": np.zeros(n, dtype=np.int64),
        "fixed": np.zeros(n, dtype=bool),
        "goals": (goal,),
        "communities": (),
        "rules": Rules((), csr_array((0, n), dtype=np.int64), whole([]), whole([])),
    }
    return Instance(**{**plain, **more})


def none_for(instance: Instance, **some: Any) -> Multipliers:
    """No multiplier but those named."""
    empty: dict[str, Any] = {k: np.zeros(sum(certificate.lengths_of(instance)[k]), dtype=np.int64) for k in KINDS}
    empty["units"] = tuple(np.zeros(goal.whole, dtype=np.int64) for goal in instance.communities)
    return Multipliers(**{**empty, **{k: whole(v) for k, v in some.items()}})


def test_a_bound_worked_out_by_hand() -> None:
    # two sites, 7 and 5 yuan; 4 + 6 people, of whom 10 are asked for: both sites, 12 yuan
    instance = one_goal([[1, 0], [0, 1]], [4, 6], [7, 5], 10)
    assert bound_of(instance, none_for(instance)) == 0
    assert bound_of(instance, none_for(instance, rows=[7 * ONE, 5 * ONE], goals=[2 * ONE])) == 12
    # with half of the second row's: 7 + 2.5, rounded up to a whole yuan
    assert bound_of(instance, none_for(instance, rows=[7 * ONE, 5 * ONE // 2], goals=[2 * ONE])) == 10


def test_a_bound_is_rounded_up_to_what_plans_can_cost() -> None:
    instance = one_goal([[1, 0], [0, 1]], [4, 6], [700, 500], 10)
    assert bound_of(instance, none_for(instance, rows=[601 * ONE, 0], goals=[200 * ONE])) == 700
    # a loss that no plan avoids is a constant beside the steps
    lost = altered(one_goal([[1, 0], [0, 0]], [4, 6], [700, 500], 4), loss=whole([0, 33]))
    assert bound_of(lost, none_for(lost)) == 33
    assert bound_of(lost, none_for(lost, rows=[1, 0], goals=[ONE])) == 133


def test_rows_alike_are_one_row_wherever_the_multiplier_stands() -> None:
    instance = altered(one_goal([[1, 1], [1, 1]], [4, 6], [7, 5], 0), loss=whole([3, 2]))
    for rows in ([5 * ONE, 0], [0, 5 * ONE], [2 * ONE, 3 * ONE]):
        assert bound_of(instance, none_for(instance, rows=rows)) == 5


def test_a_community_of_rows_alike_is_short_where_they_are() -> None:
    town = CommunityGoal("c", "", whole([0, 1]), whole([0, 0]), whole([4, 6]), whole([5]), 1)
    instance = altered(one_goal([[1], [1]], [4, 6], [7], 0), goals=(), communities=(town,))
    assert bound_of(instance, none_for(instance, rows=[7 * ONE, 0], goals=[7 * ONE])) == 7


def town(weights: list[int], unit_needed: int, price: int = 10) -> Instance:
    """One community, each of its rows with a site of its own; it must count."""
    n = len(weights)
    goal = CommunityGoal("c", "", np.arange(n), np.zeros(n, np.int64), whole(weights), whole([unit_needed]), 1)
    return altered(one_goal(np.eye(n), weights, [price, *[7] * (n - 1)], 0), goals=(), communities=(goal,))


def test_a_community_may_leave_no_more_than_its_light_rows() -> None:
    # of 9 + 2 people 3 may be left: only the two can be, so 10 - 2 x 10/9, and not 10 - 3 x 10/9
    heavy = town([9, 2], 8)
    y: dict[str, Any] = {"rows": [10 * ONE, 0], "goals": [10 * ONE]}
    assert bound_of(heavy, altered(none_for(heavy, **y), units=(whole([ONE * 10 // 9]),))) == 8
    # of 3 + 3 either three: one site, and not more
    even = town([3, 3], 3)
    for unit_y in range(0, 8 * ONE, ONE // 3):
        proof = altered(none_for(even, rows=[unit_y * 3, unit_y * 3], goals=[40 * ONE]), units=(whole([unit_y]),))
        assert bound_of(even, proof) <= 7


def test_under_capacity_a_community_counts_where_a_part_of_it_is_served() -> None:
    # 4 people, of whom 2 make the community count: a site for two is enough
    goal = CommunityGoal("c", "", whole([0]), whole([0]), whole([4]), whole([2]), 1)
    instance = one_goal([[1, 1]], [4], [5, 20], 0, capacity=Capacity(whole([0]), whole([2, 4])))
    served = altered(instance, goals=(), communities=(goal,))
    for unit_y in (0, ONE, 5 * ONE // 2):
        proof = none_for(served, capacity=[5 * ONE // 2], goals=[10 * ONE])
        assert bound_of(served, altered(proof, units=(whole([unit_y]),))) <= 5


def test_what_nobody_reaches_is_taken_off_what_a_community_may_leave() -> None:
    # of 4 + 4 + 2 people 4 must be covered; the two are lost, so that one four at most may be left
    lost = altered(town([4, 4, 2], 4), covers=csr_array(whole([[1, 0, 0], [0, 1, 0], [0, 0, 0]])))
    proof = altered(none_for(lost, rows=[7 * ONE, 7 * ONE, 0], goals=[7 * ONE]), units=(whole([7 * ONE // 4]),))
    assert bound_of(lost, proof) == 7


def test_a_row_that_two_years_serve_is_no_part_of_either_years_capacity() -> None:
    instance = one_goal([[1, 1]], [4], [6, 5], 4, year=whole([0, 1]))
    shared = altered(instance, capacity=Capacity(whole([0]), whole([2, 2])))
    for first, second in product(range(4), repeat=2):
        proof = none_for(shared, goals=[6 * ONE], capacity=[first * ONE, second * ONE])
        assert bound_of(shared, proof) <= 11


# --- Refusals ------------------------------------------------------------------------------------------------


FULL = frozenset(FEATURES)


def spoilt(name: str, change: Callable[[Whole], Whole], seed: int = 5) -> tuple[Instance, Multipliers]:
    rng, instance = drawn(seed, FULL)
    multipliers = any_multipliers(rng, instance)
    given = getattr(multipliers, name)
    wrong: Any = (change(given[0]), *given[1:]) if name == "units" else change(given)
    return instance, altered(multipliers, **{name: wrong})


@pytest.mark.parametrize("name", [*KINDS, "units"])
def test_multipliers_of_another_length_or_kind_are_refused_by_name(name: str) -> None:
    changes: list[Callable[[Whole], Whole]] = [
        lambda y: np.append(y, 0),
        lambda y: y[:-1],
        lambda y: y.astype(np.float64),
        lambda y: y.reshape(1, -1),
    ]
    for change in changes:
        instance, multipliers = spoilt(name, change)
        with pytest.raises(Refused) as refused:
            bound_of(instance, multipliers)
        assert refused.value.args == ("multipliers", name, "length")


@pytest.mark.parametrize("name", [*KINDS, "units"])
def test_multipliers_of_the_wrong_sign_are_refused_by_name(name: str) -> None:
    if name == "rules":
        rules = Rules(("a", "b"), csr_array(whole([[1, 0], [1, 1]])), whole([0, -NO_LIMIT]), whole([NO_LIMIT, 2]))
        instance = one_goal([[1, 0], [0, 1]], [4, 6], [7, 5], 10, rules=rules)
        bound_of(instance, none_for(instance, rules=[1, -1]))
        wrong = [(instance, none_for(instance, rules=y)) for y in ([-1, 0], [0, 1])]
    else:
        wrong = [spoilt(name, lambda y: y - y - 1)]
    for instance, multipliers in wrong:
        with pytest.raises(Refused) as refused:
            bound_of(instance, multipliers)
        assert refused.value.args == ("multipliers", name, "side" if name == "rules" else "sign")


def test_an_instance_with_senseless_values_is_refused() -> None:
    instance = one_goal([[1, 0], [0, 1]], [4, 6], [7, 5], 10)
    goal = instance.goals[0]
    for wrong in (
        altered(instance, people=whole([-1, 6])),
        altered(instance, loss=whole([-1, 6])),
        altered(instance, goals=(altered(goal, weight=whole([-4, 6])),)),
        altered(instance, goals=(altered(goal, times=3),)),
        altered(instance, covers=csr_array(whole([[2, 0], [0, 1]]))),
        altered(instance, travel=Travel(whole([0, 0]), whole([]), whole([]), whole([-1]), 3)),
    ):
        with pytest.raises(Refused, match="instance"):
            bound_of(wrong, none_for(wrong))


# --- Claims --------------------------------------------------------------------------------------------------


def claim_of(instance: Instance) -> Claim | None:
    """Make an honest claim: the best plan, with the bound that the duals prove."""
    found, dual = best(instance), duals_of(instance)
    if found is None or dual is None:
        return None
    objective, chosen, told = found
    flows = flows_of(instance, chosen, told)
    plan = Plan("optimal", objective, objective, 0.0, tuple(int(k) for k in chosen), 0.0, flows=flows)
    return instance, plan, certify(instance, dual[1])


SETS = (
    frozenset({"people", "price", "fixed", "rules", "like"}),
    frozenset({"people", "price", "groups", "backup", "years"}),
    frozenset({"communities", "price", "people"}),
    frozenset({"loss", "rules", "price"}),
    frozenset({"travel", "rules", "price"}),
    frozenset({"capacity", "price", "people", "loss"}),
)


@cache
def honest() -> tuple[Claim, ...]:
    """Honest claims of 240 problems in which something is opened, of every feature."""
    found = []
    for seed in range(2000):
        rng = np.random.default_rng(seed)
        claim = claim_of(instance_of(rng, SETS[seed % len(SETS)], most_columns=5))
        if claim is not None and claim[1].chosen:
            found.append(claim)
        if len(found) == 240:
            break
    return tuple(found)


def but(claim: Claim, **changes: Any) -> Claim:
    return claim[0], altered(claim[1], **changes), claim[2]


def proved_by(claim: Claim, **changes: Any) -> Claim:
    return claim[0], claim[1], altered(claim[2], **changes)


def dearer_by_a_step(rng: Random, claim: Claim) -> Claim | None:
    step, value = int(rng.integers(1, 4)), claim[1].objective or 0
    return but(claim, objective=value + step, bound=value + step)


def cheaper_by_a_step(rng: Random, claim: Claim) -> Claim | None:
    step, value = int(rng.integers(1, 4)), claim[1].objective or 0
    return but(claim, objective=value - step, bound=value - step)


def bound_above(rng: Random, claim: Claim) -> Claim | None:
    return but(claim, status="gap", bound=(claim[1].bound or 0) + int(rng.integers(1, 9)))


def optimum_below_its_bound(rng: Random, claim: Claim) -> Claim | None:
    return but(claim, bound=(claim[1].bound or 0) - int(rng.integers(1, 9)))


def certified_above(rng: Random, claim: Claim) -> Claim | None:
    return proved_by(claim, bound=claim[2].bound + int(rng.integers(1, 9)))


def without_row(instance: Instance, row: int) -> Instance:
    kept = np.flatnonzero(np.arange(instance.n_rows) != row)
    number = np.cumsum(np.arange(instance.n_rows) != row) - 1

    def goal(g: Any) -> Any:
        inside = g.rows != row
        unit = {"unit": g.unit[inside]} if isinstance(g, CommunityGoal) else {}
        return altered(g, rows=number[g.rows[inside]], weight=g.weight[inside], needed=0, **unit)

    capacity = instance.capacity and altered(
        instance.capacity, rows=number[instance.capacity.rows[instance.capacity.rows != row]]
    )
    return altered(
        instance,
        covers=csr_array(instance.covers[kept]),
        people=instance.people[kept],
        loss=instance.loss[kept],
        goals=tuple(map(goal, instance.goals)),
        communities=tuple(map(goal, instance.communities)),
        capacity=capacity,
    )


def dropped_row(rng: Random, claim: Claim) -> Claim | None:
    """Prove the bound on a problem that lacks a row."""
    smaller = without_row(claim[0], int(rng.integers(0, claim[0].n_rows)))
    multipliers = none_for(smaller)
    return claim[0], claim[1], certify(smaller, multipliers)


def dropped_row_under_the_right_name(rng: Random, claim: Claim) -> Claim | None:
    forged = dropped_row(rng, claim)
    assert forged is not None
    return proved_by(forged, instance=fingerprint(claim[0]))


def weaker_goal(rng: Random, claim: Claim) -> Claim | None:
    """Take the plan of a problem that asks for less, and its proof."""
    instance = claim[0]
    goals = [altered(g, needed=int(rng.integers(0, g.needed)) if g.needed else 0) for g in instance.all_goals]
    first = len(instance.goals)
    weaker = altered(instance, goals=tuple(goals[:first]), communities=tuple(goals[first:]))
    forged = claim_of(weaker)
    if forged is None or not sum(goal.needed for goal in instance.all_goals):
        return None
    return instance, forged[1], forged[2]


def weaker_goal_under_the_right_name(rng: Random, claim: Claim) -> Claim | None:
    forged = weaker_goal(rng, claim)
    if forged is None or forged[1].objective == claim[1].objective:
        return None
    return proved_by(forged, instance=fingerprint(claim[0]))


def changed_people(rng: Random, claim: Claim) -> Claim | None:
    """Prove the bound on a problem with one person more."""
    people = claim[0].people.copy()
    people[rng.integers(0, len(people))] += 1
    other = altered(claim[0], people=people)
    return claim[0], claim[1], certify(other, claim[2].multipliers)


def flipped_site(rng: Random, claim: Claim) -> Claim | None:
    """Open one site more, or leave one out: as it has a price, the sum changes unless losses make up for it."""
    instance, plan, _ = claim
    site = int(rng.choice(np.flatnonzero(~instance.fixed)))
    chosen = tuple(sorted({*plan.chosen} ^ {site}))
    if instance.loss.any() or instance.travel is not None:
        value = recount.objective_of(instance, whole(chosen), plan.flows)
        if value == plan.objective:
            return None
    return but(claim, chosen=chosen)


def exchanged_site(rng: Random, claim: Claim) -> Claim | None:
    """Open another site instead of one, where the sum, or a rule, or a goal, tells."""
    instance, plan, _ = claim
    closed = [k for k in np.flatnonzero(~instance.fixed).tolist() if k not in plan.chosen]
    if not closed:
        return None
    chosen = tuple(sorted({*plan.chosen} - {int(rng.choice(plan.chosen))} | {int(rng.choice(closed))}))
    lawful = not recount.rules_broken(instance, whole(chosen))
    lawful &= all(goal.met for goal in recount.goals_reached(instance, whole(chosen), plan.flows))
    if plan.flows is not None:
        lawful &= not recount.flows_broken(instance, whole(chosen), plan.flows)
    if lawful and recount.objective_of(instance, whole(chosen), plan.flows) == plan.objective:
        return None
    return but(claim, chosen=chosen)


def senseless_sites(rng: Random, claim: Claim) -> Claim | None:
    chosen, n = claim[1].chosen, claim[0].n_columns
    standing = np.flatnonzero(claim[0].fixed).tolist()
    wrong: list[tuple[Any, ...]] = [
        (*chosen, n),
        (-1, *chosen),
        (*chosen, chosen[-1]),
        (*chosen, float(n - 1)),
        (True,),
    ]
    wrong += [tuple(sorted([*chosen, k])) for k in standing]
    return but(claim, chosen=wrong[rng.integers(0, len(wrong))])


def multipliers_of_another_length(rng: Random, claim: Claim) -> Claim | None:
    name = str(rng.choice(KINDS))
    given = getattr(claim[2].multipliers, name)
    wrong = np.append(given, 0) if rng.random() < 0.5 or not len(given) else given[:-1]
    return proved_by(claim, multipliers=altered(claim[2].multipliers, **{name: wrong}))


def negative_multipliers(rng: Random, claim: Claim) -> Claim | None:
    name = str(rng.choice([k for k in KINDS if k != "rules"]))
    wrong = getattr(claim[2].multipliers, name).copy()
    if not len(wrong):
        return None
    wrong[rng.integers(0, len(wrong))] = -int(rng.integers(1, 2**40))
    return proved_by(claim, multipliers=altered(claim[2].multipliers, **{name: wrong}))


def wrong_flows(rng: Random, claim: Claim) -> Claim | None:
    """Serve more than there are or can be served, from where nothing serves, or at a closed column."""
    instance, plan, _ = claim
    if instance.capacity is None or plan.flows is None:
        return but(claim, flows=Flows(whole([0]), whole([0]), whole([1])))
    flows = plan.flows
    if not len(flows.row):
        return but(claim, flows=None)
    e, huge = int(rng.integers(0, len(flows.row))), 2**62 - 1
    people, column, row = flows.people.copy(), flows.column.copy(), flows.row.copy()
    what = rng.integers(0, 6)
    if what == 0:
        people[e] = instance.people[row[e]] + 1
    elif what == 1:
        people[e] = -people[e]
    elif what == 2:
        closed = np.flatnonzero(~recount.open_columns(instance, whole(plan.chosen)))
        column[e] = closed[0] if len(closed) else instance.n_columns
    elif what == 3:
        row[e] = -1
    elif what == 4:  # wraps around to little, were it added up in 64 bits
        row, column, people = np.repeat(row[e], 4), np.repeat(column[e], 4), whole([huge, huge, 2, 2])
    else:
        return but(claim, flows=None)
    return but(claim, flows=Flows(row, column, people))


def excused_by_best_effort(rng: Random, claim: Claim) -> Claim | None:
    """Open nothing, call it the best that can be done, and optimal."""
    del rng
    return but(claim, chosen=(), best_effort=True, objective=0, bound=0)


FORGERS = (
    dearer_by_a_step, cheaper_by_a_step, bound_above, optimum_below_its_bound, certified_above, dropped_row,
    dropped_row_under_the_right_name, weaker_goal, weaker_goal_under_the_right_name, changed_people, flipped_site,
    exchanged_site, senseless_sites, multipliers_of_another_length, negative_multipliers, wrong_flows,
    excused_by_best_effort,
)  # fmt: skip


def test_honest_claims_pass_also_through_the_file() -> None:
    assert len(honest()) == 240
    for instance, plan, proof in honest():
        assert check(instance, plan, proof) == ()
        assert check(instance, plan, from_json(instance, json.loads(json.dumps(to_json(proof))))) == ()


@pytest.mark.parametrize("forger", FORGERS, ids=lambda forger: forger.__name__)
def test_every_forged_claim_is_refused(forger: Callable[[Random, Claim], Claim | None]) -> None:
    rng = np.random.default_rng(7)
    refused = 0
    for claim in honest() * 3:
        forged = forger(rng, claim)
        if forged is not None:
            assert check(*forged) != ()
            refused += 1
        if refused == 120:
            break
    assert refused == 120


def test_a_fault_says_what_was_said_and_what_was_found() -> None:
    instance = one_goal([[1, 0], [0, 1]], [4, 6], [7, 5], 10)
    proof = certify(instance, none_for(instance, rows=[7 * ONE, 5 * ONE], goals=[2 * ONE]))
    good = instance, Plan("optimal", 12, 12, 0.0, (0, 1), 0.0), proof
    assert check(*good) == ()
    assert check(*but(good, objective=13, bound=13)) == (("objective", 13, 12),)
    assert check(*but(good, status="gap", bound=13)) == (("bound", 13, 12),)
    assert check(*but(good, chosen=(1,), objective=5, bound=5)) == (("goal", "g", 10, 6), ("contradiction", 12, 5))
    assert check(*proved_by(good, bound=13)) == (("certified_bound", 13, 12),)
    assert check(*proved_by(good, instance="")) == (("instance",),)
    assert check(*but(good, objective=12.0)) == (("status", "figures"),)
    rule = altered(instance, rules=Rules(("max_sites",), csr_array(whole([[1, 1]])), whole([0]), whole([1])))
    assert check(rule, good[1], certify(rule, none_for(rule))) == (("rule", "max_sites", 2),)


def test_each_fault_of_flows_is_told() -> None:
    # site 0 serves row 0 and 2, site 1 row 1; site 2 row 1 and is closed; only rows 0 and 1 are shared out
    instance = altered(
        one_goal([[1, 0, 0], [0, 1, 1], [1, 0, 0]], [4, 6, 3], [7, 5, 9], 5),
        capacity=Capacity(whole([0, 1]), whole([3, NO_LIMIT, NO_LIMIT])),
    )
    instance = altered(instance, goals=(altered(instance.goals[0], rows=whole([0, 1]), weight=whole([4, 6])),))
    proof = certify(instance, none_for(instance))

    def faults(*flows: tuple[int, int, int]) -> set[Any]:
        row, column, people = whole(flows).reshape(-1, 3).T
        plan = Plan("gap", 12, 0, None, (0, 1), 0.0, flows=Flows(row, column, people))
        return set(check(instance, plan, proof))

    assert faults((0, 0, 3), (1, 1, 6)) == set()
    assert faults((0, 0, 3), (1, 1, 1)) == {("goal", "g", 5, 4)}
    assert faults((0, 0, 4), (1, 1, 6)) == {("flows", "limit")}
    assert faults((0, 0, 3), (1, 1, 7)) == {("flows", "people")}
    assert faults((0, 0, 3), (1, 1, 5), (1, 1, 2)) == {("flows", "people")}
    assert faults((0, 1, 3), (1, 1, 6)) == {("flows", "reach")}
    assert faults((2, 0, 3), (1, 1, 6)) == {("flows", "reach")}
    assert faults((0, 0, 3), (1, 2, 6)) == {("flows", "closed")}
    assert faults((0, 0, -1), (1, 1, 6)) == {("flows", "range")}
    assert faults((0, 3, 3), (1, 1, 6)) == {("flows", "range")}
    # in 64 bits these add up to 4
    huge = 2**62 - 1
    assert faults(*[(1, 1, huge)] * 4, (1, 1, 4), (1, 1, 4)) == {("flows", "people"), ("flows", "limit")}
    short = Flows(whole([0]), whole([0, 1]), whole([1]))
    assert check(instance, Plan("gap", 12, 0, None, (0, 1), 0.0, flows=short), proof) == (("flows", "shape"),)
    assert check(instance, Plan("gap", 12, 0, None, (0, 1), 0.0), proof) == (("flows", "none"),)


def test_what_stands_today_is_not_chosen() -> None:
    instance = one_goal([[1, 0], [0, 1]], [4, 6], [0, 5], 10, fixed=np.array([True, False]))
    proof = certify(instance, none_for(instance))
    plan = Plan("gap", 5, 0, None, (1,), 0.0)
    assert check(instance, plan, proof) == ()
    assert check(instance, altered(plan, chosen=(0, 1)), proof) == (("chosen", "standing"),)


def test_a_goal_of_two_is_not_met_by_one() -> None:
    instance = one_goal([[1, 1]], [4], [7, 5], 4)
    twice = altered(instance, goals=(altered(instance.goals[0], times=2),))
    proof = certify(twice, none_for(twice))
    assert check(twice, Plan("gap", 12, 0, None, (0, 1), 0.0), proof) == ()
    assert check(twice, Plan("gap", 5, 0, None, (1,), 0.0), proof) == (("goal", "g", 4, 0),)


def test_plans_that_fall_short_are_checked_but_for_their_goals() -> None:
    instance = one_goal([[1, 0], [0, 1]], [4, 6], [7, 5], 11)
    proof = certify(instance, none_for(instance))
    plan = Plan("infeasible", 5, None, None, (1,), 0.0, best_effort=True)
    assert check(instance, plan, proof) == ()
    assert check(instance, altered(plan, objective=4), proof) == (("objective", 4, 5),)
    assert check(instance, altered(plan, best_effort=False), proof) == (("goal", "g", 11, 6),)
    assert check(instance, Plan("infeasible", None, None, None, (), 0.0), proof) == ()
    assert check(instance, Plan("unknown", None, 0, None, (1,), 0.0), proof) == (("chosen", "columns"),)


# --- The file ------------------------------------------------------------------------------------------------


def test_a_file_says_the_same_again() -> None:
    for seed in range(30):
        rng, instance = drawn(seed, FULL)
        proof = certify(instance, any_multipliers(rng, instance))
        again = from_json(instance, json.loads(json.dumps(to_json(proof))))
        assert (again.instance, again.bound) == (proof.instance, proof.bound)
        assert to_json(again) == to_json(proof)


def mangled(content: dict[str, Any]) -> Iterator[object]:
    """Spoil a file in every way that a reader may trip over."""
    senseless: list[object] = [
        None,
        [],
        "text",
        3,
        {},
        {**content, "more": 1},
        {k: v for k, v in content.items() if k != "bound"},
    ]
    yield from senseless
    spoilt_keys: dict[str, list[object]] = {
        "schema": [2, True, 1.0, "1", None],
        "scale": [21, 20.0, None],
        "instance": [None, 5],
        "bound": [1.5, None, True, "0", [0]],
        "multipliers": [None, [], {}, {**content["multipliers"], "more": []}],
    }
    for key, values in spoilt_keys.items():
        yield from ({**content, key: value} for value in values)
    lots: list[object] = [None, {}, [], [None], [{}], [content["multipliers"]["rows"][0]] * 2]
    length = content["multipliers"]["rows"][0]["length"]
    pairs: list[object] = [
        None, {}, [1], [[1]], [[0, 1, 2]], [[0, 1.0]], [[True, 1]], [[0, True]], [["0", 1]], [[0, None]], [[0, 0]],
        [[1, 1], [0, 1]], [[0, 1], [0, 1]], [[-1, 1]], [[length, 1]], [[0, 2**63]], [[2**64, 1]], [[0, [1]]],
    ]  # fmt: skip
    lots += [[{"length": length, "nonzero": p}] for p in pairs]
    lots += [[{"length": wrong, "nonzero": []}] for wrong in (10**15, -1, 1.0 * length, True, None)]
    for rows in lots:
        yield {**content, "multipliers": {**content["multipliers"], "rows": rows}}


def test_a_malformed_file_is_refused_never_a_traceback() -> None:
    rng, instance = drawn(5, FULL)
    content = to_json(certify(instance, any_multipliers(rng, instance)))
    count = 0
    for wrong in mangled(content):
        with pytest.raises(Refused) as refused:
            from_json(instance, wrong)
        assert refused.value.args[0] in {"malformed", "multipliers"}
        count += 1
    assert count >= 50


def test_any_change_of_an_instance_changes_its_fingerprint() -> None:
    _, instance = drawn(5, FULL)
    assert instance.travel is not None
    assert instance.capacity is not None
    found = {fingerprint(instance)}
    others = [
        altered(instance, **{f.name: wrong_part(getattr(instance, f.name))}) for f in dataclasses.fields(instance)
    ]
    for goal in instance.goals[0], instance.communities[0]:
        changed = [altered(goal, **{f.name: wrong_part(getattr(goal, f.name))}) for f in dataclasses.fields(goal)]
        name = "goals" if isinstance(goal, PeopleGoal) else "communities"
        others += [altered(instance, **{name: (other, *getattr(instance, name)[1:])}) for other in changed]
    found |= {fingerprint(other) for other in others}
    assert len(found) == 1 + len(others)


def test_the_order_of_the_entries_of_a_matrix_is_no_part_of_the_fingerprint() -> None:
    instance = one_goal([[1, 0, 1], [1, 1, 1]], [4, 6], [7, 5, 3], 10)
    entries = (np.ones(5, dtype=np.int8), np.array([2, 0, 1, 2, 0]), np.array([0, 2, 5]))
    unsorted = altered(instance, covers=csr_array(entries, shape=(2, 3)))
    assert fingerprint(unsorted) == fingerprint(instance)
    y = none_for(instance, rows=[ONE, 2 * ONE], goals=[ONE])
    assert bound_of(unsorted, y) == bound_of(instance, y)


def wrong_part(value: Any) -> Any:
    """Change a part of an instance a little."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        first = dataclasses.fields(value)[-1].name
        return altered(value, **{first: wrong_part(getattr(value, first))})
    if isinstance(value, csr_array):
        return csr_array(value.toarray() ^ (np.arange(value.shape[1]) == 0))
    if isinstance(value, np.ndarray):
        changed = value.copy()
        changed[0] = not changed[0] if value.dtype == bool else changed[0] + ("x" if value.dtype == object else 1)
        return changed
    if isinstance(value, tuple):
        return value[:-1]
    return value + ("x" if isinstance(value, str) else 1)


# --- Size ----------------------------------------------------------------------------------------------------


def test_a_large_problem_is_certified_at_once() -> None:
    rng = np.random.default_rng(1)
    n_rows, n_columns, per_row = 300_000, 1_000, 17
    columns = np.sort(rng.integers(0, n_columns, (n_rows, per_row)), axis=1)
    kept = np.ones(columns.shape, dtype=bool)
    kept[:, 1:] = columns[:, 1:] != columns[:, :-1]
    start = np.concatenate([[0], np.cumsum(kept.sum(axis=1))])
    covers = csr_array((np.ones(int(start[-1]), dtype=np.int8), columns[kept], start), shape=(n_rows, n_columns))
    people, price = rng.integers(1, 100, n_rows), rng.integers(1, 50, n_columns) * 10_000
    goal = PeopleGoal("g", "", np.arange(n_rows), people, int(people.sum()) * 9 // 10)
    names = np.array([f"s{k}" for k in range(n_columns)], dtype=object)
    small = one_goal([[1]], [1], [1], 1)
    instance = altered(
        small,
        covers=covers,
        people=people,
        goals=(goal,),
        loss=np.zeros(n_rows, dtype=np.int64),
        rules=Rules((), csr_array((0, n_columns), dtype=np.int64), whole([]), whole([])),
        fixed=np.zeros(n_columns, dtype=bool),
        **dict.fromkeys(("site_id", "type", "size"), names),
        **dict.fromkeys(("price", "cost_yuan"), price),
        **dict.fromkeys(("option", "year", "tie"), np.zeros(n_columns, dtype=np.int64)),
    )
    multipliers = none_for(instance, rows=people * 100, goals=[ONE // 10])
    proof = certify(instance, multipliers)
    assert check(instance, Plan("gap", int(price.sum()), 0, None, tuple(range(n_columns)), 0.0), proof) == ()
    again = from_json(instance, to_json(proof))
    assert (again.multipliers.rows == multipliers.rows).all()
