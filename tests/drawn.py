"""Random small siting problems, with every rule switched on and off."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from brute import Case, Column, Communities, People, Point, Row, Rule

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

T = TypeVar("T")

QUICK = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)

FEATURES = {
    "years": 1, "fixed": 2, "price": 3, "loss": 1, "travel": 1, "capacity": 1, "goals": 3, "districts": 2, "groups": 2,
    "backup": 1, "communities": 2, "counts": 1, "budget": 2, "spacing": 1, "types": 2, "forced": 1,
}  # fmt: skip
"""How often out of four each feature is on."""

PLACES = [(f"s{k}", kind, size) for k in range(4) for kind in "ab" for size in ("", "L")]
SHARES = [Fraction(3, 10), Fraction(1, 2), Fraction(4, 5), Fraction(9, 10), Fraction(1), Fraction(1)]
COSTS = [(10,), (0, 10), (0, 10, 10, 20, 30), (3, 7, 35, 36), (60_000, 90_000, 30_000)]
MANY = (0, 1, 1, 2, 3, 4, 5, 6, 8, 40, 1000)
FEW = (0, 1, 1, 2, 3, 4)


@dataclass(frozen=True)
class Drawn:
    """Which features of a draw are on, and how its columns and rows are numbered: years one after another."""

    rng: random.Random
    on: frozenset[str]
    tight: bool
    years: int
    new: int
    places: tuple[tuple[str, str, str], ...]
    rows_a_year: int

    @property
    def options(self) -> int:
        return len(self.places)

    def one_of(self, values: Sequence[T]) -> T:
        return self.rng.choice(values)

    def chance(self, of: int = 2) -> bool:
        return self.rng.randrange(of) == 0

    def some(self, numbers: Sequence[int]) -> list[int]:
        return [k for k in numbers if self.chance()]

    def column(self, option: int, year: int) -> int:
        return year * self.options + option

    def last(self, *, new: bool = False) -> list[int]:
        """Columns of the last year."""
        return [self.column(k, self.years - 1) for k in range(self.new if new else self.options)]

    def called(self, year: int) -> int:
        return 2026 + year if self.years > 1 else 0


def laid_out(rng: random.Random, *, always: frozenset[str], off: frozenset[str], most: int, tight: bool) -> Drawn:
    dice = {feature: rng.randint(1, 4) for feature in FEATURES}
    on = always | {feature for feature, often in FEATURES.items() if dice[feature] <= often} - off
    years = rng.choice([2, 2, 3]) if "years" in on else 1
    new = rng.randint(0 if tight else 1, (min(most, 6) if "capacity" in on else most) // years)
    standing = rng.randint(1, 2) if "fixed" in on else 0
    places = tuple(rng.sample(PLACES, new + standing))
    return Drawn(rng, on, tight, years, new, places, rng.randint(2, 8 // years))


def columns_of(drawn: Drawn) -> tuple[Column, ...]:
    """Each option in each year; what it costs to open in a year is the sum of its columns from then on."""
    costs, on = drawn.one_of(range(len(COSTS))), drawn.on
    ties = drawn.one_of([(0,), (0, 1, 1, 2), tuple(range(60)), (0, 10**9, 10**9 + 1)])
    once = [drawn.one_of(COSTS[costs]) for _ in range(drawn.new)]
    yearly = [drawn.one_of(COSTS[costs]) for _ in range(drawn.new)]
    found = []
    for year in range(drawn.years):
        for k, (site, kind, size) in enumerate(drawn.places):
            limit = None
            if "capacity" in on and not drawn.chance(3):
                limit = drawn.one_of((0, 1, 2, 3, 5, 8))
            if k >= drawn.new:
                found.append(Column(site, kind, size, drawn.called(year), fixed=True, limit=limit))
                continue
            cost = yearly[k] + (once[k] if year == drawn.years - 1 else 0) if drawn.years > 1 else once[k]
            price = cost if "price" in on else 0
            found.append(Column(site, kind, size, drawn.called(year), cost, price, drawn.one_of(ties), limit=limit))
    return tuple(found)


def rows_of(drawn: Drawn) -> tuple[Row, ...]:
    """Rows that share a few sets of options, the same in every year; some are out of all reach, some without people."""
    options = list(range(drawn.options))
    sets = [drawn.some(options) for _ in range(drawn.one_of((1, 2, 3, 4)))]
    if drawn.new and not drawn.tight:
        left = 0 if drawn.chance() else 1  # one set may stay out of reach
        sets = sets[:left] + [sorted({*s, drawn.one_of(range(drawn.new))}) for s in sets[left:]]
    people = FEW if "capacity" in drawn.on else MANY
    base = [(drawn.one_of(people), drawn.one_of(sets), drawn.one_of((0, 1, 1, 2))) for _ in range(drawn.rows_a_year)]
    lossy = "loss" in drawn.on
    return tuple(
        Row(number, frozenset(drawn.column(k, year) for k in reach), number * factor if lossy else 0)
        for year in range(drawn.years)
        for number, reach, factor in base
    )


def rows_in(drawn: Drawn, year: int) -> list[int]:
    return list(range(year * drawn.rows_a_year, (year + 1) * drawn.rows_a_year))


def rows_of_standard(drawn: Drawn, year: int, shared: Sequence[int], *, under: bool) -> list[int]:
    """Rows of a year under capacity, or the others: a goal speaks of one standard."""
    return [r for r in rows_in(drawn, year) if (r in shared) == under]


def weights_of(drawn: Drawn, rows: Sequence[Row], inside: Sequence[int], *, group: bool) -> tuple[int, ...]:
    """People of some rows, or only those of a group."""
    return tuple(drawn.one_of(range(min(rows[r].people, 7) + 1)) if group else rows[r].people for r in inside)


def goals_of(drawn: Drawn, rows: Sequence[Row], shared: Sequence[int]) -> tuple[People, ...]:
    """Goals of the whole city, or of each of two districts (either may be empty), in every year or in the last."""
    found = []
    for _ in range(drawn.one_of((1, 1, 2, 3)) if "goals" in drawn.on else 0):
        districts = [drawn.one_of((0, 1)) for _ in range(drawn.rows_a_year)]
        parts = (0, 1) if "districts" in drawn.on and drawn.chance() else (None,)
        plain = bool(shared) and drawn.chance()
        shares = sorted(drawn.one_of(SHARES) for _ in range(drawn.years))
        for year in range(drawn.years) if drawn.chance() else [drawn.years - 1]:
            for part in parts:
                here = rows_of_standard(drawn, year, shared, under=plain)
                inside = [r for r in here if part is None or districts[r % drawn.rows_a_year] == part]
                weight = weights_of(drawn, rows, inside, group=not plain and "groups" in drawn.on and drawn.chance())
                times = 2 if not plain and "backup" in drawn.on and drawn.chance() else 1
                needed = ceil(shares[year] * sum(weight))
                found.append(People(tuple(inside), weight, needed, times, drawn.called(year)))
    return tuple(found)


def communities_of(drawn: Drawn, rows: Sequence[Row], shared: Sequence[int]) -> tuple[Communities, ...]:
    """Communities of one or several rows, some of which hang on the same columns; those without people are out."""
    found = []
    for _ in range(drawn.one_of((1, 1, 2)) if "communities" in drawn.on else 0):
        few = drawn.chance()
        year = drawn.one_of(range(drawn.years))
        plain = bool(shared) and drawn.chance()
        inside = [r for r in rows_of_standard(drawn, year, shared, under=plain) if not drawn.chance(4)]
        weight = weights_of(drawn, rows, inside, group=not plain and "groups" in drawn.on and drawn.chance())
        labels = [drawn.one_of((0, 1, 2)) if few or drawn.chance() else 10 + r for r in inside]
        held = {u: sum(w for w, v in zip(weight, labels, strict=True) if v == u) for u in sorted(set(labels))}
        held = {u: whole for u, whole in held.items() if whole}
        number = {u: n for n, u in enumerate(held)}
        kept = [(r, w, number[u]) for r, w, u in zip(inside, weight, labels, strict=True) if u in number]
        rule = None if drawn.chance() else drawn.one_of(SHARES)
        least = tuple(drawn.rng.randint(1, whole) if rule is None else ceil(rule * whole) for whole in held.values())
        needed = ceil(drawn.one_of(SHARES) * len(held))
        times = 2 if not plain and "backup" in drawn.on and drawn.chance() else 1
        parts = [tuple(part) for part in zip(*kept, strict=True)] or [(), (), ()]
        found.append(Communities(parts[0], parts[1], parts[2], least, needed, times, drawn.called(year)))
    return tuple(found)


def counts_of(drawn: Drawn) -> list[Rule]:
    """Counts of what stands and what is new, or of the new alone."""
    found, tight = [], drawn.tight
    for number in range(drawn.one_of((1, 2, 3) if tight else (1, 1, 2))):
        inside = drawn.some(drawn.last(new=drawn.chance()))
        least = drawn.one_of((0, 1, 2, 3) if tight else (0, 0, 0, 1))
        most = drawn.one_of([None, least, least + 1, 0 if tight else least + 2])
        least = 0 if most == 0 else least
        found.append(Rule(tuple((k, 1) for k in inside), least or None, most, f"count{number}"))
    return found


def budgets_of(drawn: Drawn, columns: Sequence[Column]) -> list[Rule]:
    """Limits on what is spent in all, and on what opens in a year: what was open before has a factor below zero."""
    whole = sum(column.cost for column in columns)
    most = [whole * part // 10 for part in ((0, 2, 3, 5, 8) if drawn.tight else (3, 5, 7, 9))]
    spent = tuple((k, column.cost) for k, column in enumerate(columns) if column.cost)
    found = [Rule(spent, None, drawn.one_of(most), "siting.budget_yuan")]
    if drawn.years > 1 and drawn.chance():
        opens = [(drawn.column(k, 1), columns[drawn.column(k, 1)].cost) for k in range(drawn.new)]
        before = [(drawn.column(k, 0), -cost) for k, (_, cost) in enumerate(opens)]
        year = sum(cost for _, cost in opens) * drawn.one_of((0, 2, 4, 6)) // 10
        found.append(Rule((*opens, *before), None, year, "phase.budget_yuan"))
    return found


def site_rules_of(drawn: Drawn) -> list[Rule]:
    """Spacing, types per site, forced sites."""
    found, new, every = [], drawn.last(new=True), drawn.last()
    if "spacing" in drawn.on:
        pairs = [(k, m) for k in new for m in every if k < m and drawn.chance(6)]
        found += [Rule(((k, 1), (m, 1)), None, 1, "rules.spacing") for k, m in pairs]
    sites: dict[str, list[int]] = {}
    for k in range(drawn.new):
        sites.setdefault(drawn.places[k][0], []).append(new[k])
    for site, here in sorted(sites.items()):
        ones = tuple((k, 1) for k in here)
        if "types" in drawn.on and len(here) > 1:
            found.append(Rule(ones, None, 1, f"rules.types_per_site:{site}"))
        if "forced" in drawn.on and drawn.chance(6):
            found.append(Rule(ones, 1, None, f"rules.force_open:{site}"))
        elif "forced" in drawn.on and drawn.chance(6):
            found.append(Rule(ones, 0, 0, f"rules.force_closed:{site}"))
    return found


def rules_of(drawn: Drawn, columns: Sequence[Column]) -> tuple[Rule, ...]:
    steps = [(drawn.column(k, y), drawn.column(k, y + 1)) for y in range(drawn.years - 1) for k in range(drawn.new)]
    order = [Rule(((k, 1), (m, -1)), None, 0, "phase.order") for k, m in steps]
    counts = counts_of(drawn) if drawn.tight or "counts" in drawn.on else []
    budgets = budgets_of(drawn, columns) if "budget" in drawn.on else []
    return (*order, *counts, *budgets, *site_rules_of(drawn))


def points_of(drawn: Drawn) -> tuple[Point, ...]:
    """Points that may reach any columns of their year, some nearer than what is charged at most, some not."""
    metres = (0, 1, 5, 9, 9, 20, 31)
    found = []
    for year in range(drawn.years):
        for _ in range(drawn.one_of((0, 1, 2, 3, 4))):
            near = tuple((drawn.one_of(metres), drawn.column(k, year)) for k in range(drawn.options) if drawn.chance())
            found.append(Point(drawn.one_of(MANY), near))
    return tuple(found)


@st.composite
def cases(
    draw: st.DrawFn, *, always: Sequence[str] = (), off: Sequence[str] = (), most: int = 9, tight: bool = False
) -> Case:
    """Draw a problem.

    Parameters
    ----------
    always, off
        Features that are on, and that are off, in every draw.
    most
        Free columns at most; six under capacity.
    tight
        Whether counts are such that often no choice keeps them.
    """
    # with False every choice is hypothesis' own: a failure shrinks, but a thousand examples are far more alike
    rng = draw(st.randoms(use_true_random=True))
    drawn = laid_out(rng, always=frozenset(always), off=frozenset(off), most=most, tight=tight)
    columns, rows = columns_of(drawn), rows_of(drawn)
    shared: tuple[int, ...] | None = None
    if "capacity" in drawn.on:
        under = drawn.some(range(drawn.rows_a_year))[: 4 // drawn.years]
        shared = tuple(r + rows_in(drawn, year)[0] for year in range(drawn.years) for r in under)
        rows = tuple(
            Row(row.people, row.reach, min(row.people, row.loss) if r in shared else row.loss)
            for r, row in enumerate(rows)
        )
    goals, communities = goals_of(drawn, rows, shared or ()), communities_of(drawn, rows, shared or ())
    travels = "travel" in drawn.on
    points = points_of(drawn) if travels else None
    return Case(columns, rows, goals, communities, rules_of(drawn, columns), shared, points, 20 if travels else 0)


def shuffled(case: Case, rng: random.Random) -> Case:
    """Return the same problem with its columns, rows, goals and rules in another order."""
    columns = rng.sample(range(len(case.columns)), len(case.columns))
    order = rng.sample(range(len(case.rows)), len(case.rows))
    column = {old: k for k, old in enumerate(columns)}
    row = {old: k for k, old in enumerate(order)}

    def mixed(values: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(rng.sample(list(values), len(values)))

    def placed(goal: Any) -> Any:
        return replace(goal, rows=tuple(row[r] for r in goal.rows))

    rules = [replace(rule, weight=tuple((column[k], w) for k, w in rule.weight)) for rule in case.rules]
    old = [case.rows[r] for r in order]
    points = None
    if case.points is not None:
        near = [tuple((metres, column[k]) for metres, k in point.near) for point in case.points]
        points = mixed([Point(point.weight, held) for point, held in zip(case.points, near, strict=True)])
    return Case(
        tuple(case.columns[k] for k in columns),
        tuple(Row(r.people, frozenset(column[k] for k in r.reach), r.loss) for r in old),
        mixed([placed(goal) for goal in case.goals]),
        mixed([placed(goal) for goal in case.communities]),
        mixed(rules),
        None if case.shared is None else mixed([row[r] for r in case.shared]),
        points,
        case.far_m,
    )
