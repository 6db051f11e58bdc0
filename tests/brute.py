"""Small siting problems in plain Python, and what every choice of columns is worth, found by trying them all.

`Case` says a problem. From it come the `Instance` that is solved and, independently, the list of all choices. Nothing
of the planner judges a choice: coverage is counted with sets as bits, capacity by Gale's theorem on supply and demand.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from planner.siting import NO_LIMIT, Capacity, CommunityGoal, Instance, PeopleGoal, Rules, Travel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from planner.siting import Plan

Ids = list[tuple[str, str, str, int]]


@dataclass(frozen=True)
class Column:
    """An option in a year; `limit` is None where nothing bounds whom it serves."""

    site: str
    type: str = "a"
    size: str = ""
    year: int = 0
    cost: int = 0
    price: int = 0
    tie: int = 0
    fixed: bool = False
    limit: int | None = None


@dataclass(frozen=True)
class Row:
    """People, the columns that reach them, and what it costs to leave them out."""

    people: int
    reach: frozenset[int]
    loss: int = 0

    @cached_property
    def mask(self) -> int:
        """Bits of the columns that reach them."""
        return mask_of(self.reach)


@dataclass(frozen=True)
class People:
    """A goal on people: `weight` of them in each row."""

    rows: tuple[int, ...]
    weight: tuple[int, ...]
    needed: int
    times: int = 1
    year: int = 0


@dataclass(frozen=True)
class Communities:
    """A goal on communities, numbered from 0; each row belongs to the one beside it."""

    rows: tuple[int, ...]
    weight: tuple[int, ...]
    unit: tuple[int, ...]
    unit_needed: tuple[int, ...]
    needed: int
    times: int = 1
    year: int = 0


@dataclass(frozen=True)
class Rule:
    """Bounds on a weighted number of open columns; None leaves a side open."""

    weight: tuple[tuple[int, int], ...]
    minimum: int | None = None
    maximum: int | None = None
    name: str = "rule"


@dataclass(frozen=True)
class Point:
    """People who travel: metres to each column within their reach."""

    weight: int
    near: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Case:
    """A whole problem; `shared` are the rows under capacity, None where nothing bounds a facility."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    goals: tuple[People, ...] = ()
    communities: tuple[Communities, ...] = ()
    rules: tuple[Rule, ...] = ()
    shared: tuple[int, ...] | None = None
    points: tuple[Point, ...] | None = None
    far_m: int = 0

    @cached_property
    def free(self) -> list[int]:
        return [k for k, column in enumerate(self.columns) if not column.fixed]

    @cached_property
    def standing(self) -> int:
        """Bits of what stands today."""
        return mask_of([k for k, column in enumerate(self.columns) if column.fixed])

    @cached_property
    def asked(self) -> tuple[People | Communities, ...]:
        return (*self.goals, *self.communities)


@dataclass(frozen=True)
class Choice:
    """What a choice of columns is worth, counted when it is asked for: most choices are unlawful, and need no more.

    `served` are the ways to share people out under capacity (one empty way without it); `reached` and `objective` have
    one entry for each of them.
    """

    case: Case
    chosen: tuple[int, ...]

    @cached_property
    def lawful(self) -> bool:
        """Whether it breaks no rule."""
        return not broken(self.case, self.chosen)

    @cached_property
    def opened(self) -> int:
        """Bits of what is open."""
        return opened_by(self.case, self.chosen)

    @cached_property
    def served(self) -> tuple[tuple[int, ...], ...]:
        """The ways to share people out."""
        return ways_to_serve(self.case, self.opened)

    @cached_property
    def reached(self) -> tuple[tuple[int, ...], ...]:
        """What each goal reaches, by way."""
        return tuple(reached_by(self.case, self.opened, way) for way in self.served)

    @cached_property
    def objective(self) -> tuple[int, ...]:
        """What is paid, by way."""
        return tuple(objective_of(self.case, self.chosen, way) for way in self.served)

    def best(self, case: Case) -> int | None:
        """Least objective of a lawful choice that meets every goal, None for any other."""
        if not self.lawful:
            return None
        needed = [goal.needed for goal in case.asked]
        met = [
            value
            for value, reached in zip(self.objective, self.reached, strict=True)
            if all(r >= n for r, n in zip(reached, needed, strict=True))
        ]
        return min(met, default=None)


def short_of(case: Case, reached: Sequence[int]) -> list[int]:
    """By how much each goal is missed."""
    return [max(0, goal.needed - r) for goal, r in zip(case.asked, reached, strict=True)]


def mask_of(columns: Iterable[int]) -> int:
    return sum(1 << k for k in columns)


def opened_by(case: Case, chosen: Sequence[int]) -> int:
    """Bits of all open columns."""
    return case.standing | mask_of(chosen)


def broken(case: Case, chosen: Sequence[int]) -> tuple[str, ...]:
    """Names of the rules that a choice breaks, each once."""
    opened = opened_by(case, chosen)
    wrong = []
    for rule in case.rules:
        value = sum(weight for k, weight in rule.weight if opened >> k & 1)
        if (rule.minimum is not None and value < rule.minimum) or (rule.maximum is not None and value > rule.maximum):
            wrong.append(rule.name)
    return tuple(dict.fromkeys(wrong))


def cost_of(case: Case, chosen: Sequence[int]) -> int:
    return sum(case.columns[k].cost for k in chosen)


def ids_of(case: Case, chosen: Sequence[int]) -> Ids:
    found = [case.columns[k] for k in chosen]
    return sorted((c.site, c.type, c.size, c.year) for c in found)


def rank_of(case: Case, chosen: Sequence[int]) -> tuple[int, int, Ids]:
    """Tell plans of equal objective apart: the lowest rank wins (metres x people, idle options, ids)."""
    ties = [case.columns[k].tie for k in chosen]
    last = max((column.year for column in case.columns), default=0)
    idle = sum(case.columns[k].tie == 0 and case.columns[k].year == last for k in chosen)
    return sum(ties), idle, ids_of(case, chosen)


# --- Capacity ------------------------------------------------------------------------------------------------


@cache
def sharings(people: tuple[int, ...], room: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """All ways to serve as many people as can be.

    `room[s]` is what the columns that reach any row of the set s of rows (as bits) can take together. Gale (1957): so
    many people of each row can be served at once if and only if no set of rows asks for more than its room. These
    vectors form a polymatroid: every one lies below one with the largest sum, and goals never mind more people.
    """
    n = len(people)
    sets = [[r for r in range(n) if s >> r & 1] for s in range(1 << n)]
    most = min(room[s] + sum(people[r] for r in range(n) if not s >> r & 1) for s in range(1 << n))
    found: list[tuple[int, ...]] = []

    def extend(served: list[int]) -> None:
        r = len(served)
        if sum(served) + sum(people[r:]) < most:
            return
        if r == n:
            found.append(tuple(served))
            return
        for number in range(people[r] + 1):
            more = [*served, number]
            if all(sum(more[q] for q in sets[s]) <= room[s] for s in range(1 << r, 1 << (r + 1))):
                extend(more)

    extend([])
    return tuple(found)


def ways_to_serve(case: Case, opened: int) -> tuple[tuple[int, ...], ...]:
    """All ways to serve as many people of the rows under capacity as can be."""
    if case.shared is None:
        return ((),)
    room = []
    for s in range(1 << len(case.shared)):
        reach = frozenset(k for i, r in enumerate(case.shared) if s >> i & 1 for k in case.rows[r].reach)
        limits = [case.columns[k].limit for k in reach if opened >> k & 1]
        room.append(10**9 if None in limits else sum(limit for limit in limits if limit is not None))
    return sharings(tuple(case.rows[r].people for r in case.shared), tuple(room))


# --- What a choice is worth ----------------------------------------------------------------------------------


def reached_by(case: Case, opened: int, served: Sequence[int]) -> tuple[int, ...]:
    """What each goal reaches: people goals, then communities."""
    limited = dict(zip(case.shared or (), served, strict=True))
    times = [(row.mask & opened).bit_count() for row in case.rows]

    def got(goal: People | Communities, i: int) -> int:
        r = goal.rows[i]
        return limited[r] if r in limited else goal.weight[i] * (times[r] >= goal.times)

    found = [sum([got(goal, i) for i in range(len(goal.rows))]) for goal in case.goals]
    for goal in case.communities:
        held = Counter[int]()
        for i, u in enumerate(goal.unit):
            held[u] += got(goal, i)
        found.append(sum(held[u] >= needed for u, needed in enumerate(goal.unit_needed)))
    return tuple(found)


def objective_of(case: Case, chosen: Sequence[int], served: Sequence[int]) -> int:
    """Prices, people left out, travel."""
    opened = opened_by(case, chosen)
    limited = dict(zip(case.shared or (), served, strict=True))
    value = sum([case.columns[k].price for k in chosen])
    for r, row in enumerate(case.rows):
        if r in limited:
            value += (row.people - limited[r]) * (row.loss > 0)
        elif not row.mask & opened:
            value += row.loss
    for point in case.points or ():
        value += point.weight * min([case.far_m, *(metres for metres, k in point.near if opened >> k & 1)])
    return value


def choices(case: Case) -> Iterator[Choice]:
    """Every choice of free columns."""
    for size in range(len(case.free) + 1):
        for chosen in combinations(case.free, size):
            yield Choice(case, chosen)


def served_in(case: Case, plan: Plan) -> tuple[int, ...]:
    """People of each row under capacity whom the flows of a plan serve; a sharing out that cannot be is a failure."""
    if case.shared is None:
        assert plan.flows is None
        return ()
    assert plan.flows is not None
    opened, load, served = opened_by(case, plan.chosen), Counter[int](), Counter[int]()
    for r, k, people in zip(*(v.tolist() for v in (plan.flows.row, plan.flows.column, plan.flows.people)), strict=True):
        assert people >= 0
        assert opened >> k & 1
        assert k in case.rows[r].reach
        load[k] += people
        served[r] += people
    for k, column in enumerate(case.columns):
        assert column.limit is None or load[k] <= column.limit
    assert set(served) <= set(case.shared)
    assert all(served[r] <= case.rows[r].people for r in case.shared)
    return tuple(served[r] for r in case.shared)


# --- The same problem as arrays ------------------------------------------------------------------------------


def whole_numbers(values: Sequence[int]) -> Any:
    return np.array(values, dtype=np.int64)


def names(values: Sequence[str]) -> Any:
    return np.array(values, dtype=object)


def rules_of(case: Case) -> Rules:
    matrix = np.zeros((len(case.rules), len(case.columns)), dtype=np.int64)
    for number, rule in enumerate(case.rules):
        for k, weight in rule.weight:
            matrix[number, k] += weight
    return Rules(
        tuple(rule.name for rule in case.rules),
        csr_array(matrix),
        whole_numbers([-NO_LIMIT if rule.minimum is None else rule.minimum for rule in case.rules]),
        whole_numbers([NO_LIMIT if rule.maximum is None else rule.maximum for rule in case.rules]),
    )


def travel_of(case: Case) -> Travel | None:
    if case.points is None:
        return None
    near = [sorted(point.near) for point in case.points]
    return Travel(
        start=whole_numbers(np.cumsum([0, *(len(n) for n in near)]).tolist()),
        column=whole_numbers([k for n in near for _, k in n]),
        metres=whole_numbers([metres for n in near for metres, _ in n]),
        weight=whole_numbers([point.weight for point in case.points]),
        far_m=case.far_m,
    )


def community_of(key: str, goal: Communities) -> CommunityGoal:
    rows, unit, weight, least = (whole_numbers(v) for v in (goal.rows, goal.unit, goal.weight, goal.unit_needed))
    return CommunityGoal(key, "", rows, unit, weight, least, goal.needed, goal.year, goal.times)


def instance_of(case: Case) -> Instance:
    covers = np.zeros((len(case.rows), len(case.columns)), dtype=np.int64)
    for r, row in enumerate(case.rows):
        covers[r, sorted(row.reach)] = 1
    whole, columns = whole_numbers, case.columns
    limits = whole([NO_LIMIT if c.limit is None else c.limit for c in columns])
    sites = sorted({(c.site, c.type, c.size) for c in columns})
    return Instance(
        covers=csr_array(covers),
        people=whole([row.people for row in case.rows]),
        option=whole([sites.index((c.site, c.type, c.size)) for c in columns]),
        year=whole([c.year for c in columns]),
        site_id=names([c.site for c in columns]),
        type=names([c.type for c in columns]),
        size=names([c.size for c in columns]),
        cost_yuan=whole([c.cost for c in columns]),
        price=whole([c.price for c in columns]),
        loss=whole([row.loss for row in case.rows]),
        tie=whole([c.tie for c in columns]),
        fixed=np.array([c.fixed for c in columns], dtype=bool),
        goals=tuple(
            PeopleGoal(f"g{n}", "", whole(g.rows), whole(g.weight), g.needed, g.year, g.times)
            for n, g in enumerate(case.goals)
        ),
        communities=tuple(community_of(f"c{n}", goal) for n, goal in enumerate(case.communities)),
        rules=rules_of(case),
        capacity=None if case.shared is None else Capacity(whole(case.shared), limits),
        travel=travel_of(case),
    )
