"""The siting model against brute force: every subset of the options, judged by rules written out a second time.

`Case` says a small problem in plain Python. From it come the `Instance` that is solved and, independently, the list of
all lawful plans. Nothing of the planner is used to judge a plan.
"""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pulp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from planner import milp, optimize
from planner.errors import PlanError
from planner.instance import Limits, Reach, build
from planner.reduce import Reduced, reduce
from planner.siting import CommunityGoal, CountRule, Instance, PeopleGoal, Plan, goals_reached, rules_broken
from planner.standards import Count, Goal, Standard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

QUICK = {
    "deadline": None,
    "derandomize": True,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.filter_too_much],
}


@dataclass(frozen=True)
class Option:
    site: str
    type: str
    cost: int = 10
    tie: int = 0
    fixed: bool = False


@dataclass(frozen=True)
class Communities:
    """Units are numbered from 0; each row belongs to the unit beside it."""

    rows: tuple[int, ...]
    unit: tuple[int, ...]
    unit_needed: tuple[int, ...]
    needed: int


@dataclass(frozen=True)
class Rule:
    options: tuple[int, ...]
    minimum: int = 0
    maximum: int | None = None


@dataclass(frozen=True)
class Case:
    """A whole problem; `rows` are people and the options that reach them, `goals` rows and people needed."""

    options: tuple[Option, ...]
    rows: tuple[tuple[int, frozenset[int]], ...]
    goals: tuple[tuple[tuple[int, ...], int], ...] = ()
    communities: tuple[Communities, ...] = ()
    rules: tuple[Rule, ...] = ()
    budget: int | None = None

    @property
    def new(self) -> list[int]:
        return [k for k, option in enumerate(self.options) if not option.fixed]

    @property
    def asks(self) -> bool:
        least = any(rule.minimum for rule in self.rules) or not lawful(self, ())
        return bool(self.goals or self.communities or least)


def whole_numbers(values: Sequence[int]) -> Any:
    return np.array(values, dtype=np.int64)


def names(values: Sequence[str]) -> Any:
    return np.array(values, dtype=object)


def instance_of(case: Case) -> Instance:
    n = len(case.options)
    covers = np.zeros((len(case.rows), n), dtype=np.int64)
    for r, (_, reached) in enumerate(case.rows):
        covers[r, sorted(reached)] = 1
    people = [p for p, _ in case.rows]

    def community(number: int, goal: Communities) -> CommunityGoal:
        held = [0] * len(goal.unit_needed)
        for r, u in zip(goal.rows, goal.unit, strict=True):
            held[u] += people[r]
        rows, unit, whole, least = (whole_numbers(v) for v in (goal.rows, goal.unit, held, goal.unit_needed))
        return CommunityGoal(f"c{number}", "", rows, unit, whole, least, goal.needed)

    return Instance(
        covers=csr_array(covers),
        people=whole_numbers(people),
        site_id=names([o.site for o in case.options]),
        type=names([o.type for o in case.options]),
        cost_yuan=whole_numbers([o.cost for o in case.options]),
        tie=whole_numbers([o.tie for o in case.options]),
        fixed=np.array([o.fixed for o in case.options], dtype=bool),
        goals=tuple(
            PeopleGoal(f"g{k}", "", whole_numbers(rows), sum(people[r] for r in rows), needed)
            for k, (rows, needed) in enumerate(case.goals)
        ),
        communities=tuple(community(k, goal) for k, goal in enumerate(case.communities)),
        counts=tuple(
            CountRule(f"r{k}", "", whole_numbers(rule.options), rule.minimum, rule.maximum)
            for k, rule in enumerate(case.rules)
        ),
        budget_yuan=case.budget,
    )


# --- Brute force ---------------------------------------------------------------------------------------------


def plans(case: Case) -> Iterator[tuple[int, ...]]:
    """Every choice of new options."""
    for size in range(len(case.new) + 1):
        yield from combinations(case.new, size)


def standing(case: Case, chosen: Sequence[int]) -> set[int]:
    return {k for k, option in enumerate(case.options) if option.fixed} | set(chosen)


def lawful(case: Case, chosen: Sequence[int], without: Sequence[int] = ()) -> bool:
    """Whether a plan keeps budget and counts, some counts left out."""
    if case.budget is not None and cost_of(case, chosen) > case.budget:
        return False
    there = standing(case, chosen)
    for k, rule in enumerate(case.rules):
        number = sum(o in there for o in rule.options)
        top = number if rule.maximum is None else rule.maximum
        if k not in without and not rule.minimum <= number <= top:
            return False
    return True


def reached(case: Case, chosen: Sequence[int]) -> list[int]:
    """What each goal reaches: people goals, then communities."""
    there = standing(case, chosen)
    got = [p if reach & there else 0 for p, reach in case.rows]
    found = [sum(got[r] for r in rows) for rows, _ in case.goals]
    for goal in case.communities:
        held = Counter[int]()
        for r, u in zip(goal.rows, goal.unit, strict=True):
            held[u] += got[r]
        found.append(sum(held[u] >= needed for u, needed in enumerate(goal.unit_needed)))
    return found


def needed(case: Case) -> list[int]:
    return [*(n for _, n in case.goals), *(goal.needed for goal in case.communities)]


def short(case: Case, chosen: Sequence[int]) -> list[int]:
    """By how much each goal is missed."""
    return [max(0, n - r) for n, r in zip(needed(case), reached(case, chosen), strict=True)]


def cost_of(case: Case, chosen: Sequence[int]) -> int:
    return sum(case.options[k].cost for k in chosen)


def tie_of(case: Case, chosen: Sequence[int]) -> int:
    return sum(case.options[k].tie for k in chosen)


def ids_of(case: Case, chosen: Sequence[int]) -> list[tuple[str, str]]:
    return sorted((case.options[k].site, case.options[k].type) for k in chosen)


def check_optimal(case: Case, plan: Plan, good: list[tuple[int, ...]]) -> None:
    best = min((cost_of(case, p), tie_of(case, p), ids_of(case, p)) for p in good)
    assert (plan.status, plan.best_effort, plan.conflict) == ("optimal", False, ())
    assert (plan.objective, plan.bound, plan.gap) == (best[0], best[0], 0.0)
    assert plan.chosen in good
    assert cost_of(case, plan.chosen) == best[0]
    equal = sum((cost_of(case, p), tie_of(case, p)) == best[:2] for p in good)
    if equal < optimize.TIES_MAX:
        assert plan.ties_broken
    if plan.ties_broken:
        assert (tie_of(case, plan.chosen), ids_of(case, plan.chosen)) == best[1:]


def check_best_effort(case: Case, plan: Plan, held: list[tuple[int, ...]]) -> None:
    """The plan is lawful, least short by the stated weights, and none as little short everywhere costs less."""
    assert (plan.status, plan.best_effort, plan.conflict) == ("infeasible", True, ())
    assert plan.chosen in held
    assert plan.objective == cost_of(case, plan.chosen)

    def missed(chosen: Sequence[int]) -> Fraction:
        """The parts of what the goals ask that are missing, added up."""
        parts = zip(short(case, chosen), needed(case), strict=True)
        return sum((Fraction(s, max(1, n)) for s, n in parts), Fraction(0))

    least = min(missed(p) for p in held)
    assert missed(plan.chosen) <= least * Fraction(10_002, 10_000)
    mine = short(case, plan.chosen)
    rivals = [p for p in held if all(s <= m for s, m in zip(short(case, p), mine, strict=True))]
    assert plan.objective <= min(cost_of(case, p) for p in rivals) * (1 + 1e-4) + 1


def check_conflict(case: Case, plan: Plan) -> None:
    """Leaving the named counts out, the others can be held; keeping any one of the named, they cannot all go."""
    assert (plan.status, plan.best_effort, plan.chosen, plan.objective) == ("infeasible", True, (), None)
    budget = "siting.budget_yuan"
    given_up = [int(name.removeprefix("r")) for name in plan.conflict if name != budget]
    assert given_up
    in_the_way = any(lawful(dataclasses.replace(case, budget=None), p) for p in plans(case))
    assert (budget in plan.conflict) == in_the_way, "the budget is named where the counts could be held without it"
    assert len(set(given_up)) == len(given_up)
    assert any(lawful(case, p, given_up) for p in plans(case))
    for k in given_up:
        assert not any(lawful(case, p, [o for o in given_up if o != k]) for p in plans(case))


def check(case: Case) -> str:
    """Solve a case and hold everything said against brute force; returns what it was."""
    instance = instance_of(case)
    plan = optimize.solve(instance)
    if not case.asks:
        assert (plan.status, plan.chosen) == ("none", ())
        return "none"
    assert plan.chosen == tuple(sorted(set(plan.chosen)))
    held = [p for p in plans(case) if lawful(case, p)]
    good = [p for p in held if not any(short(case, p))]
    chosen = whole_numbers(plan.chosen)
    assert [g.reached for g in goals_reached(instance, chosen)] == reached(case, plan.chosen)
    assert (rules_broken(instance, chosen) == ()) == lawful(case, plan.chosen)
    if good:
        check_optimal(case, plan, good)
        return "optimal"
    if held:
        check_best_effort(case, plan, held)
        return "short"
    check_conflict(case, plan)
    return "conflict"


# --- Random cases --------------------------------------------------------------------------------------------

PAIRS = [(f"s{k}", t) for k in range(5) for t in "ab"]
SHARES = [Fraction(3, 10), Fraction(1, 2), Fraction(4, 5), Fraction(9, 10), Fraction(1)]


@st.composite
def communities_st(draw: st.DrawFn, rows: Sequence[tuple[int, Any]]) -> Communities | None:
    """Communities of several points, some of which hang on the same options."""
    inside = tuple(r for r, (p, _) in enumerate(rows) if p and draw(st.sampled_from([True, True, True, False])))
    if not inside:
        return None
    labels = [draw(st.integers(0, 2)) for _ in inside]
    number = {label: k for k, label in enumerate(sorted(set(labels)))}
    unit = tuple(number[label] for label in labels)
    rule, share = draw(st.sampled_from(SHARES)), draw(st.sampled_from(SHARES))
    held = Counter[int]()
    for r, u in zip(inside, unit, strict=True):
        held[u] += rows[r][0]
    unit_needed = tuple(ceil(rule * held[u]) for u in range(len(number)))
    return Communities(inside, unit, unit_needed, ceil(share * len(number)))


@st.composite
def goals_st(draw: st.DrawFn, rows: Sequence[tuple[int, Any]]) -> list[tuple[tuple[int, ...], int]]:
    """Goals of the whole city, or of each of two districts (either may be empty)."""
    found = []
    for _ in range(draw(st.sampled_from([0, 1, 1, 2]))):
        share = draw(st.sampled_from(SHARES))
        district = [draw(st.integers(0, 1)) for _ in rows]
        parts = draw(st.sampled_from([(None,), (None,), (0, 1)]))
        for part in parts:
            inside = tuple(r for r in range(len(rows)) if part is None or district[r] == part)
            found.append((inside, ceil(share * sum(rows[r][0] for r in inside))))
    return found


@st.composite
def rules_st(draw: st.DrawFn, options: Sequence[Option], *, tight: bool) -> list[Rule]:
    numbers = list(range(len(options)))
    found = []
    for _ in range(draw(st.sampled_from([0, 0, 1, 2] if not tight else [1, 2, 3]))):
        inside = tuple(k for k in numbers if draw(st.booleans()))
        least = draw(st.integers(0, 3 if tight else 2))
        most = draw(st.sampled_from([None, least, least + 1, 0 if tight else least + 2]))
        found.append(Rule(inside, least if most != 0 else 0, most))
    if draw(st.booleans()):  # one type per site
        for site in sorted({o.site for o in options}):
            here = tuple(k for k in numbers if options[k].site == site and not options[k].fixed)
            if len(here) > 1:
                found.append(Rule(here, 0, 1))
    return found


@st.composite
def cases(draw: st.DrawFn, *, tight: bool = False, most: int = 8) -> Case:
    n = draw(st.integers(0 if tight else 1, most))
    pairs = draw(st.permutations(PAIRS))
    costs = draw(st.sampled_from([(10,), (0, 10), (0, 10, 10, 20, 30), (3, 7, 35, 36), (60_000, 90_000, 30_000)]))
    ties: st.SearchStrategy[int] = draw(st.sampled_from([st.integers(0, 60), st.sampled_from([0, 1, 1, 2])]))
    fixed = draw(st.sampled_from([0, 0, 1, 2]))
    options = tuple(
        Option(site, kind, 0, 0, fixed=True) if k >= n else Option(site, kind, draw(st.sampled_from(costs)), draw(ties))
        for k, (site, kind) in enumerate(pairs[: n + fixed])
    )
    everyone = st.frozensets(st.integers(0, len(options) - 1), max_size=3) if options else st.just(frozenset[int]())
    sets = draw(st.lists(everyone, min_size=1, max_size=4))
    sets = [s | {draw(st.integers(0, n - 1))} for s in sets[:-1]] + sets[-1:] if n and not tight else sets
    people = st.sampled_from([0, 1, 1, 2, 3, 5, 8, 40, 1000])
    rows = tuple((draw(people), draw(st.sampled_from(sets))) for _ in range(draw(st.integers(1, 7))))
    communities = [draw(communities_st(rows)) for _ in range(draw(st.sampled_from([0, 1, 1, 2])))]
    return Case(
        options,
        rows,
        tuple(draw(goals_st(rows))),
        tuple(c for c in communities if c is not None),
        tuple(draw(rules_st(options, tight=tight))),
        draw(st.sampled_from([None, None, None, 0, 20, 45, 120_000])),
    )


def tallied(strategy: st.SearchStrategy[Case], examples: int) -> Counter[str]:
    """Check many cases; what they were."""
    seen = Counter[str]()

    @settings(max_examples=examples, **QUICK)  # type: ignore[arg-type]
    @given(strategy)
    def every(case: Case) -> None:
        seen[check(case)] += 1

    every()
    return seen


def test_plans_are_the_best_of_all_subsets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimize, "REPAIRS_MAX", 1)  # the model itself must be right: no repair may hide a fault
    seen = tallied(cases(), 500)
    assert seen["optimal"] > 100


def test_what_cannot_be_met_is_said_and_what_can_be_done_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimize, "REPAIRS_MAX", 1)
    seen = tallied(cases(tight=True, most=6), 300)
    assert seen["short"] > 30
    assert seen["conflict"] > 30
    assert seen["optimal"] > 10


@settings(max_examples=60, **QUICK)  # type: ignore[arg-type]
@given(cases(most=6), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_columns_changes_nothing(case: Case, rng: Any) -> None:
    columns = rng.sample(range(len(case.options)), len(case.options))
    order = rng.sample(range(len(case.rows)), len(case.rows))
    column = {old: k for k, old in enumerate(columns)}
    row = {old: k for k, old in enumerate(order)}
    turned = Case(
        tuple(case.options[old] for old in columns),
        tuple((case.rows[old][0], frozenset(column[o] for o in case.rows[old][1])) for old in order),
        tuple((tuple(row[r] for r in rows), n) for rows, n in case.goals),
        tuple(dataclasses.replace(c, rows=tuple(row[r] for r in c.rows)) for c in case.communities),
        tuple(dataclasses.replace(rule, options=tuple(column[o] for o in rule.options)) for rule in case.rules),
        case.budget,
    )
    first, second = optimize.solve(instance_of(case)), optimize.solve(instance_of(turned))
    assert (first.status, first.ties_broken) == (second.status, second.ties_broken)
    if first.status == "optimal" and first.ties_broken:
        assert first.objective == second.objective
        assert ids_of(case, first.chosen) == ids_of(turned, second.chosen)


@settings(max_examples=100, **QUICK)  # type: ignore[arg-type]
@given(st.one_of(cases(most=6), cases(tight=True, most=6)))
def test_most_reachable_is_the_most_of_all_lawful_plans(case: Case) -> None:
    found = optimize.most_reachable(instance_of(case), time_limit_s=30)
    held = [p for p in plans(case) if lawful(case, p)]
    assert [g.needed for g in found] == needed(case)
    if held:
        assert [g.reached for g in found] == [max(got) for got in zip(*(reached(case, p) for p in held), strict=True)]


@settings(max_examples=60, **QUICK)  # type: ignore[arg-type]
@given(cases(most=7), st.sampled_from([0.05, 0.3, 0.9]))
def test_a_gap_that_is_allowed_is_an_honest_gap(case: Case, gap: float) -> None:
    plan = optimize.solve(instance_of(case), gap=gap)
    good = [p for p in plans(case) if lawful(case, p) and not any(short(case, p))]
    if not good or not case.asks:
        assert plan.status in {"infeasible", "none"}
        return
    best = min(cost_of(case, p) for p in good)
    assert plan.chosen in good
    assert plan.objective == cost_of(case, plan.chosen)
    assert plan.bound is not None
    assert plan.bound <= best <= plan.objective
    assert plan.status == ("optimal" if plan.bound == plan.objective else "gap")
    assert plan.objective - plan.bound <= gap * plan.objective + 1e-6
    assert plan.gap == pytest.approx((plan.objective - plan.bound) / max(1, plan.objective))


# --- The reduction, without a solver -------------------------------------------------------------------------


def reduced_goals_met(reduced: Reduced, chosen: Sequence[int]) -> list[bool]:
    """Whether each goal is met, read from the reduced problem alone."""
    position = {int(o): k for k, o in enumerate(reduced.options)}
    there = {position[o] for o in chosen}
    left = [not there & set(members.tolist()) for members in reduced.row_options]
    met = [sum(int(p) for r, p in zip(g.rows, g.people, strict=True) if left[r]) <= g.allowed for g in reduced.goals]
    for goal in reduced.communities:
        lost = [0] * len(goal.unit_allowed)
        for r, u, p in zip(goal.rows, goal.unit, goal.people, strict=True):
            lost[u] += int(p) * left[r]
        met.append(sum(n > a for n, a in zip(lost, goal.unit_allowed, strict=True)) <= goal.allowed)
    return met


@settings(max_examples=200, **QUICK)  # type: ignore[arg-type]
@given(cases(most=5))
def test_the_reduced_problem_has_the_same_plans(case: Case) -> None:
    reduced = reduce(instance_of(case))
    assert reduced.options.tolist() == case.new
    assert reduced.uncoverable.tolist() == [not reach for _, reach in case.rows]
    sets = [tuple(members.tolist()) for members in reduced.row_options]
    assert len(set(sets)) == len(sets), "alike rows are one"
    assert all(sets), "a row that nothing reaches is no row of the solver"
    for plan in plans(case):
        assert reduced_goals_met(reduced, plan) == [not s for s in short(case, plan)], plan


# --- By hand -------------------------------------------------------------------------------------------------


def rows_of(*rows: tuple[int, str]) -> tuple[tuple[int, frozenset[int]], ...]:
    """Rows of people and option numbers, written "013"."""
    return tuple((people, frozenset(int(k) for k in reach)) for people, reach in rows)


def everyone(*costs: int, tie: Sequence[int] = (), people: int = 10) -> Case:
    """One row that every option reaches, and that must be covered."""
    ties = list(tie) or [0] * len(costs)
    options = tuple(Option(f"s{k}", "a", c, t) for k, (c, t) in enumerate(zip(costs, ties, strict=True)))
    return Case(options, ((people, frozenset(range(len(costs)))),), (((0,), people),))


def test_two_communities_on_one_merged_row_count_as_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows 0 and 1 are merged; without option 0 both communities fall short, and only one may."""
    monkeypatch.setattr(optimize, "REPAIRS_MAX", 1)
    case = Case(
        (Option("s0", "a", 50), Option("s1", "a", 10)),
        rows_of((4, "0"), (5, "0"), (6, "1")),
        communities=(Communities((0, 1, 2), (0, 1, 2), (2, 3, 3), 2),),
    )
    assert check(case) == "optimal"
    assert optimize.solve(instance_of(case)).chosen == (0,)


def test_a_community_that_counts_already_asks_for_nothing() -> None:
    """Ten of its fifteen people are covered today; the others may stay as they are."""
    options = (Option("s0", "a", 0, fixed=True), Option("s1", "a"))
    case = Case(options, rows_of((10, "0"), (5, "1")), communities=(Communities((0, 1), (0, 0), (8,), 1),))
    assert check(case) == "optimal"
    assert optimize.solve(instance_of(case)).chosen == ()


def test_nothing_is_opened_for_goals_that_today_meets() -> None:
    case = Case((Option("s0", "a", 0, fixed=True), Option("s1", "a")), rows_of((9, "01"), (1, "1")), (((0, 1), 9),))
    assert check(case) == "optimal"
    assert optimize.solve(instance_of(case)).chosen == ()


def test_without_new_options_the_answer_is_still_exact() -> None:
    today = (Option("s0", "a", 0, fixed=True),)
    assert check(Case(today, rows_of((9, "0"), (1, "")), (((0, 1), 9),))) == "optimal"
    assert check(Case(today, rows_of((9, "0"), (1, "")), (((0, 1), 10),))) == "short"
    assert check(Case((), rows_of((9, "")), (((0,), 9),))) == "short"
    assert check(Case((), rows_of((0, "")), (((0,), 0),))) == "optimal"


def test_a_count_over_no_option_cannot_be_held() -> None:
    case = dataclasses.replace(everyone(10), rules=(Rule((), 1), Rule((0,), 0, 1)))
    assert check(case) == "conflict"
    assert optimize.solve(instance_of(case)).conflict == ("r0",)


def test_more_standing_today_than_a_count_allows_is_a_conflict() -> None:
    options = (Option("s0", "a", 0, fixed=True), Option("s1", "a", 0, fixed=True), Option("s2", "a"))
    assert check(Case(options, rows_of((5, "2")), (((0,), 5),), rules=(Rule((0, 1, 2), 0, 1),))) == "conflict"
    assert check(Case(options, rows_of((5, "2")), (((0,), 5),), rules=(Rule((0, 1, 2), 0, 2),))) == "short"
    assert check(Case(options, rows_of((5, "2")), (((0,), 5),), rules=(Rule((0, 1, 2), 0, 3),))) == "optimal"


def test_a_budget_hit_exactly_is_kept() -> None:
    case = Case((Option("s0", "a", 7), Option("s1", "a", 8)), rows_of((5, "0"), (5, "1")), (((0, 1), 10),))
    assert check(dataclasses.replace(case, budget=15)) == "optimal"
    assert check(dataclasses.replace(case, budget=14)) == "short"


def test_counts_that_the_budget_forbids_are_named() -> None:
    case = dataclasses.replace(everyone(10, 10), rules=(Rule((0, 1), 2),), budget=15)
    assert check(case) == "conflict"
    assert set(optimize.solve(instance_of(case)).conflict) == {"r0", "siting.budget_yuan"}


def test_equal_plans_are_told_apart_by_tie_value_and_then_by_site_and_type() -> None:
    assert optimize.solve(instance_of(everyone(10, 10, 10, tie=[3, 2, 2]))).chosen == (1,)
    options = (Option("s1", "a"), Option("s0", "b"), Option("s0", "a"), Option("s2", "a"))
    case = Case(options, rows_of((5, "0123")), (((0,), 5),))
    assert optimize.solve(instance_of(case)).chosen == (2,)
    assert check(case) == "optimal"


def test_cheaper_goes_before_nearer() -> None:
    assert optimize.solve(instance_of(everyone(10, 11, tie=[1000, 0]))).chosen == (0,)


def test_ties_that_were_not_all_compared_are_not_called_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimize, "TIES_MAX", 3)
    assert not optimize.solve(instance_of(everyone(*[10] * 8))).ties_broken
    assert optimize.solve(instance_of(everyone(*[10] * 2))).ties_broken


@pytest.mark.parametrize("size", [1, 10**3, 10**5, 10**7])
def test_great_costs_are_proven_to_the_yuan(size: int) -> None:
    """Costs without a common divisor, as figures of single rows are."""
    assert check(everyone(10 * size + 3, 10 * size + 4, 10 * size + 7)) == "optimal"


@pytest.mark.parametrize("size", [1, 10**3, 10**6, 10**9])
def test_great_tie_values_are_told_apart_to_the_last_unit(size: int) -> None:
    """Kilometres to many thousands of people: metres x people soon pass a thousand million."""
    case = everyone(10, 10, 10, tie=[3 * size + 2, 3 * size + 1, 3 * size + 1])
    plan = optimize.solve(instance_of(case))
    assert (plan.chosen, plan.ties_broken) == ((1,), True)
    assert check(case) == "optimal"


@pytest.mark.parametrize("people", [10**3, 10**5, 10**6, 10**7, 10**8])
def test_one_person_among_many_millions_still_counts(people: int) -> None:
    """A solver takes 0.999999 for 1: of a million people it may lose one."""
    last = Case(
        (Option("s0", "a", 10), Option("s1", "a", 20), Option("s2", "a", 30)),
        rows_of((people, "02"), (people, "12"), (people, "01")),
        (((0, 1, 2), 2 * people + 1),),
    )
    first = Case((Option("s0", "a"), Option("s1", "a", 20)), rows_of((people, "0"), (7, "1")), (((0, 1), 1),))
    assert check(last) == "optimal"
    assert check(first) == "optimal"


RIVALS = Case(
    (Option("s0", "a"), Option("s1", "a")),
    rows_of((30, "0"), (970, ""), (10, "1")),
    (((0, 1), 1000), ((2,), 10)),
    rules=(Rule((0, 1), 0, 1),),
)
"""Only one may open: s0 brings the first goal 30 of its 1000 people, s1 the second one all of its 10."""


def test_a_small_goal_is_not_drowned_by_a_great_one() -> None:
    assert check(RIVALS) == "short"
    assert optimize.solve(instance_of(RIVALS)).chosen == (1,)


def test_each_goal_has_its_own_most() -> None:
    found = optimize.most_reachable(instance_of(RIVALS), time_limit_s=9)
    assert [(g.needed, g.reached) for g in found] == [(1000, 30), (10, 10)]


def middling(n_options: int, n_rows: int, share: float) -> Case:
    """A seeded case too large for brute force, with costs of a few yuan."""
    rng = np.random.default_rng(3)
    options = tuple(Option(f"s{k:03d}", "a", int(c), k) for k, c in enumerate(rng.integers(3, 10, n_options)))
    rows = tuple(
        (int(p), frozenset(np.flatnonzero(rng.random(n_options) < 0.1).tolist())) for p in rng.integers(1, 9, n_rows)
    )
    return Case(options, rows, ((tuple(range(n_rows)), int(share * sum(p for p, _ in rows))),))


def test_no_gap_is_left_where_none_is_allowed() -> None:
    """Large enough that HiGHS stops early wherever it is let."""
    plan = optimize.solve(instance_of(middling(50, 70, 0.8)))
    assert (plan.status, plan.gap) == ("optimal", 0.0)
    assert plan.objective == plan.bound


def test_nothing_asked_is_nothing_planned() -> None:
    assert check(Case((Option("s0", "a"),), rows_of((5, "0")))) == "none"
    assert check(Case((Option("s0", "a"),), rows_of((5, "0")), rules=(Rule((0,), 0, 1),))) == "none"


# --- A solver that lies --------------------------------------------------------------------------------------

TRIO = Case(
    (Option("s0", "a", 10), Option("s1", "a", 20), Option("s2", "a", 50)),
    rows_of((6, "02"), (4, "12")),
    (((0, 1), 10),),
    rules=(Rule((0, 1, 2), 0, 2),),
    budget=60,
)
"""The best plan is s0 and s1 for 30 yuan; s2 alone costs 50."""


def answering(
    monkeypatch: pytest.MonkeyPatch, *answers: tuple[Sequence[int] | None, float | None, bool] | None
) -> None:
    """Let the solver give these answers in turn (None: an honest one), then honest ones."""
    honest, queue = milp.run, list(answers)

    def run(model: Any, objective: Any, *, gap: float, seconds: float) -> Any:
        said = queue.pop(0) if queue else None
        if said is None:
            return honest(model, objective, gap=gap, seconds=seconds)
        opened, bound, infeasible = said
        flags = None if opened is None else np.array([k in opened for k in range(len(model.opened))])
        return milp.Answer(flags, bound, infeasible)

    monkeypatch.setattr(milp, "run", run)


def solved(case: Case) -> Plan | None:
    """The plan, or None where the lie was found out."""
    try:
        return optimize.solve(instance_of(case))
    except PlanError:
        return None


def test_the_trio_is_what_it_says() -> None:
    assert check(TRIO) == "optimal"
    assert optimize.solve(instance_of(TRIO)).chosen == (0, 1)


@pytest.mark.parametrize("opened", [(), (0,), (1,), (0, 1, 2)], ids=["nothing", "one", "other", "too many"])
@pytest.mark.parametrize("bound", [None, 0.0, 1.0, 8.0])
def test_a_plan_that_misses_a_goal_or_breaks_a_rule_is_refused(
    monkeypatch: pytest.MonkeyPatch, opened: tuple[int, ...], bound: float | None
) -> None:
    answering(monkeypatch, *[(opened, bound, False)] * optimize.REPAIRS_MAX)
    with pytest.raises(PlanError):
        optimize.solve(instance_of(TRIO))


@pytest.mark.parametrize("opened", [(), (0,), (0, 1, 2), (1, 2)])
def test_a_single_wrong_plan_is_passed_over(monkeypatch: pytest.MonkeyPatch, opened: tuple[int, ...]) -> None:
    answering(monkeypatch, (opened, 1.0, False))
    plan = optimize.solve(instance_of(TRIO))
    assert (plan.status, plan.objective, plan.chosen) == ("optimal", 30, (0, 1))


def test_a_plan_over_the_budget_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    over = dataclasses.replace(TRIO, budget=40)
    answering(monkeypatch, ((2,), 5.0, False))
    assert optimize.solve(instance_of(over)).chosen == (0, 1)
    answering(monkeypatch, *[((2,), 5.0, False)] * optimize.REPAIRS_MAX)
    with pytest.raises(PlanError):
        optimize.solve(instance_of(over))


@pytest.mark.parametrize("bound", [None, -1e9, 0.0, 2.0])
def test_a_plan_without_its_proof_is_not_called_optimal(monkeypatch: pytest.MonkeyPatch, bound: float | None) -> None:
    answering(monkeypatch, ((0, 1), bound, False))
    plan = optimize.solve(instance_of(TRIO))
    assert plan.status == "gap"
    assert (plan.objective, plan.chosen) == (30, (0, 1))
    assert plan.bound == (20 if bound == 2.0 else 0)
    assert plan.gap == pytest.approx((30 - plan.bound) / 30)


def test_a_bound_above_the_cost_of_a_plan_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan costs 30 yuan, 3 steps of 10: a bound of 4 steps is false, and proves nothing."""
    answering(monkeypatch, ((0, 1), 4.0, False))
    plan = solved(TRIO)
    assert plan is None or (plan.status == "gap" and (plan.bound or 0) <= 30)


def test_a_dearer_plan_of_the_tie_search_is_not_sold_at_the_old_price(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, None, ((2,), 0.0, False), (None, None, True))
    plan = solved(TRIO)
    assert plan is None or (plan.objective, plan.chosen) == (30, (0, 1))


def test_a_plan_that_meets_the_goals_disproves_that_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, (None, None, True))
    plan = solved(TRIO)
    assert plan is None or plan.status != "infeasible"


def test_a_plan_found_late_that_meets_the_goals_is_a_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """No plan in the time, but the search for the least shortfall finds one without any."""
    answering(monkeypatch, (None, 1.0, False))
    plan = optimize.solve(instance_of(TRIO))
    assert plan.chosen
    assert not any(short(TRIO, plan.chosen))
    assert (plan.status, plan.best_effort, plan.bound) == ("gap", False, 10)


def test_no_plan_in_the_time_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = (None, None, False)
    answering(monkeypatch, *[nothing] * 9)
    plan = optimize.solve(instance_of(TRIO))
    assert (plan.status, plan.best_effort, plan.chosen, plan.objective, plan.bound) == ("unknown", True, (), None, None)
    assert plan.conflict == (), "that the time ran out says nothing of the counts"


def test_a_conflict_that_was_not_found_in_the_time_names_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, (None, None, True), (None, None, True), (None, None, False))
    case = dataclasses.replace(TRIO, rules=(Rule((), 1),), budget=None)
    plan = optimize.solve(instance_of(case))
    assert plan.status == "infeasible"
    assert plan.conflict == (), "there is no budget that could be in the way"


def lying_solver(monkeypatch: pytest.MonkeyPatch, lie: Callable[[Any], None]) -> None:
    """Let HiGHS solve honestly, then falsify what it left in the problem."""
    honest = pulp.HiGHS

    def make(*args: Any, **options: Any) -> Any:
        solver = honest(*args, **options)
        work = solver.actualSolve

        def solve(problem: Any, *args: Any, **options: Any) -> Any:
            status = work(problem, *args, **options)
            lie(problem)
            return status

        solver.actualSolve = solve
        return solver

    monkeypatch.setattr(pulp, "HiGHS", make)


def test_optimal_with_a_plan_that_misses_the_goal_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def close_everything(problem: Any) -> None:
        for variable in problem.variables():
            variable.varValue = 0.0

    lying_solver(monkeypatch, close_everything)
    with pytest.raises(PlanError):
        optimize.solve(instance_of(TRIO))


def test_optimal_with_a_bound_that_was_never_reached_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    """So a time limit looks in PuLP: status "Optimal", and a bound below the plan."""

    @dataclass
    class Info:
        mip_dual_bound: float

    def stopped(problem: Any) -> None:
        problem.solverModel = type("Stopped", (), {"getInfo": lambda _self: Info(1.0)})()

    lying_solver(monkeypatch, stopped)
    plan = optimize.solve(instance_of(TRIO))
    assert (plan.status, plan.objective, plan.bound) == ("gap", 30, 10)


def test_a_real_time_limit_is_never_an_optimum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(milp, "MIN_SECONDS", 0.0)
    rng = np.random.default_rng(1)
    options = tuple(Option(f"s{k:03d}", "a", int(c), int(c) % 7) for k, c in enumerate(rng.integers(100, 999, 200)))
    rows = tuple(
        (int(p), frozenset(np.flatnonzero(rng.random(200) < 0.03).tolist())) for p in rng.integers(1, 500, 300)
    )
    case = Case(options, rows, ((tuple(range(300)), int(0.7 * sum(p for p, _ in rows))),))
    for limit in (1e-9, 0.02, 0.2):
        began = time.monotonic()
        plan = optimize.solve(instance_of(case), time_limit_s=limit)
        assert time.monotonic() - began < 10
        if plan.status == "unknown":
            assert plan.best_effort
            assert not plan.chosen or any(short(case, plan.chosen))
        else:
            assert plan.status in {"gap", "optimal"}
            assert plan.bound is not None
            assert plan.objective is not None
            assert (plan.status == "optimal") == (plan.bound == plan.objective)
            assert not any(short(case, plan.chosen))
        if limit < 1e-6:
            assert plan.status == "unknown"


# --- From tables to the model --------------------------------------------------------------------------------


def standard(key: str, *served_by: str) -> Standard:
    return Standard(key, "", "walk", "road", "distance", 5_000_000, None, Decimal(5), None, "residents", served_by)


def options_table(*rows: tuple[str, str, str, str, int, int]) -> pd.DataFrame:
    """Rows of site, type, today|new, district, cost once and yearly."""
    columns = ["site_id", "type", "state", "district", "cost_once_yuan", "cost_yearly_yuan"]
    return pd.DataFrame(rows, columns=columns).assign(tier="", town="x")


def people_table(*rows: tuple[str, str, str, int]) -> pd.DataFrame:
    """Rows of demand, community, district, people."""
    return pd.DataFrame(rows, columns=["demand_id", "unit_id", "district", "people"]).assign(town="x")


def pairs_table(*rows: tuple[str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["demand_id", "site_id", "metres"])


OPTIONS = options_table(
    ("s0", "a", "today", "A", 0, 0),
    ("s1", "a", "new", "A", 100, 10),
    ("s1", "b", "new", "A", 50, 0),
    ("s2", "b", "new", "B", 70, 7),
)
PEOPLE = people_table(("d0", "u", "A", 10), ("d1", "u", "A", 5), ("d2", "v", "B", 7), ("d3", "w", "C", 0))
PAIRS_M = pairs_table(("d0", "s0", 100), ("d0", "s1", 40.4), ("d1", "s1", 30.5), ("d2", "s2", 20.499), ("d2", "s1", 9))
REACHES = {
    "all": Reach(standard("all", "a", "b"), PEOPLE, PAIRS_M),
    "onlya": Reach(standard("onlya", "a"), PEOPLE.iloc[:2], PAIRS_M),
    "unused": Reach(standard("unused", "a"), PEOPLE, PAIRS_M),
}


def goal(key: str, of: Any = "people", each: Any = "city", share: str = "0.5", **place: str) -> Goal:
    return Goal(f"{key}-{of}", key, Decimal(share), of, each, place.get("district"), place.get("town"))


def count(key: str = "n", kind: str = "a", least: int = 0, most: int | None = None, **how: Any) -> Count:
    place = {"tier": None, "each": "city", "district": None, "town": None, "new_only": False, **how}
    return Count(id=key, type=kind, minimum=least, maximum=most, **place)


def built(goals: Sequence[Goal] = (), counts: Sequence[Count] = (), **limits: Any) -> Instance:
    chosen = [*goals] or [goal("all")]
    return build(OPTIONS, PEOPLE, REACHES, chosen, counts, community_rule=Decimal("0.5"), limits=Limits(**limits))


def said(instance: Instance) -> dict[str, tuple[list[int], int, int | None]]:
    return {rule.label: (rule.options.tolist(), rule.minimum, rule.maximum) for rule in instance.counts}


def test_rows_are_the_standards_with_goals_and_columns_the_options_that_serve_them() -> None:
    made = built([goal("all"), goal("onlya")], horizon_years=3, budget_yuan=99)
    assert made.covers.toarray().tolist() == [
        [1, 1, 1, 0], [0, 1, 1, 0], [0, 1, 1, 1], [0, 0, 0, 0], [1, 1, 0, 0], [0, 1, 0, 0],
    ]  # fmt: skip
    assert made.people.tolist() == [10, 5, 7, 0, 10, 5]
    assert made.fixed.tolist() == [True, False, False, False]
    assert made.cost_yuan.tolist() == [0, 130, 50, 91]
    assert made.budget_yuan == 99
    # d0 stands covered today; d1 hangs on s1 under both standards and counts once, in whole metres, half up
    assert made.tie.tolist()[1:] == [31 * 5 + 9 * 7, 31 * 5 + 9 * 7, 20 * 7]
    assert [(g.id, g.scope, g.rows.tolist(), g.whole, g.needed) for g in made.goals] == [
        ("all-people", "", [0, 1, 2, 3], 22, 11),
        ("onlya-people", "", [4, 5], 15, 8),
    ]


def test_goals_are_asked_in_each_scope() -> None:
    made = built(
        [goal("onlya", each="district"), goal("all", "communities", each="district"), goal("all", district="B")]
    )
    assert [(g.id, g.scope, g.rows.tolist(), g.whole, g.needed) for g in made.goals] == [
        ("onlya-people", "A", [4, 5], 15, 8),
        ("all-people", "B", [2], 7, 4),
    ]
    assert [
        (g.scope, g.rows.tolist(), g.unit.tolist(), g.unit_people.tolist(), g.unit_needed.tolist(), g.needed)
        for g in made.communities
    ] == [("A", [0, 1], [0, 0], [15], [8], 1), ("B", [2], [0], [7], [4], 1), ("C", [], [], [], [], 0)]


def test_counts_speak_of_what_stands_and_what_may_be_built() -> None:
    counts = [
        count("all", "a", 1, 2),
        count("new", "a", 0, 1, new_only=True),
        count("each", "b", 0, 1, each="district"),
    ]
    assert said(built(counts=counts)) == {
        "all": ([0, 1], 1, 2),
        "new": ([1], 0, 1),
        "each:A": ([2], 0, 1),
        "each:B": ([3], 0, 1),
        "each:C": ([], 0, 1),
        "rules.types_per_site:s1": ([1, 2], 0, 1),
    }


def test_a_count_in_a_district_without_any_option_cannot_be_held() -> None:
    plan = optimize.solve(built(counts=[count("each", "b", 1, each="district")]))
    assert (plan.status, plan.conflict) == ("infeasible", ("each:C",))
    assert optimize.solve(built(counts=[count("each", "b", 0, each="district")])).status == "optimal"


def test_a_count_of_one_tier_counts_that_tier() -> None:
    tiered = OPTIONS.assign(tier=["town", "", "town", ""])
    made = build(
        tiered, PEOPLE, REACHES, [], [count(kind="b", tier="town")], community_rule=Decimal(1), limits=Limits(2)
    )
    assert said(made) == {"n": ([2], 0, None)}
    assert made.covers.shape == (0, 4), "no goal, no rows"


def test_forced_sites_and_numbers_of_sites_are_counts() -> None:
    made = built(force_open=("s1",), force_closed=("s2", "s0"), max_new=1, types_per_site=2)
    assert said(made) == {
        "rules.force_open:s1": ([1, 2], 1, None),
        "rules.force_closed:s2": ([3], 0, 0),
        "siting.max_sites": ([1, 2, 3], 0, 1),
    }
    assert optimize.solve(built([goal("all", share="0.01")], force_open=("s2",))).chosen == (3,)
    assert optimize.solve(built([goal("all", share="1")], force_closed=("s1",))).status == "infeasible"
    assert optimize.solve(built([goal("all", share="1")])).chosen == (2,)
    assert optimize.solve(built([goal("onlya", share="1"), goal("all", share="1")], max_new=1)).chosen == (1,)
    assert optimize.solve(built([goal("all", share="1")], max_new=0)).status == "infeasible"


def test_a_site_forced_open_and_closed_is_a_conflict() -> None:
    plan = optimize.solve(built(force_open=("s2",), force_closed=("s2",)))
    assert (plan.status, len(plan.conflict)) == ("infeasible", 1)
    assert plan.conflict[0] in {"rules.force_open:s2", "rules.force_closed:s2"}


def test_without_options_there_is_a_model_all_the_same() -> None:
    made = build(
        OPTIONS.iloc[:0], PEOPLE, REACHES, [goal("all")], [], community_rule=Decimal("0.5"), limits=Limits(max_new=3)
    )
    assert made.covers.shape == (4, 0)
    assert optimize.solve(made).status == "infeasible"


@settings(max_examples=100, **QUICK)  # type: ignore[arg-type]
@given(st.data())
def test_a_built_model_says_of_any_plan_what_the_tables_say(data: st.DataObject) -> None:
    """Goals of two standards, straight from random tables, for random plans."""
    draw = data.draw
    demand = [
        (f"d{k}", draw(st.sampled_from("uvw")), draw(st.sampled_from(["A", "B", ""])), draw(st.integers(0, 4)))
        for k in range(draw(st.integers(0, 6)))
    ]
    near = {(d[0], s): draw(st.integers(0, 9)) for d in demand for s in ("s0", "s1", "s2") if draw(st.booleans())}
    table = people_table(*demand).astype({"demand_id": "str", "unit_id": "str", "district": "str", "people": "int64"})
    pairs = pairs_table(*((d, s, float(m)) for (d, s), m in near.items())).astype(
        {"demand_id": "str", "site_id": "str"}
    )
    served = {"p": {"a", "b"}, "q": {"b"}}
    goals = [
        goal(key, of, each, draw(st.sampled_from(["0.5", "0.9", "1"])))
        for key in served for of in ("people", "communities") for each in ("city", "district")
    ]  # fmt: skip
    goals = [dataclasses.replace(g, id=f"g{k}") for k, g in enumerate(goals)]
    made = build(
        OPTIONS, table, {key: Reach(standard(key, *types), table, pairs) for key, types in served.items()}, goals, [],
        community_rule=Decimal("0.5"), limits=Limits(),
    )  # fmt: skip
    chosen = [k for k in (1, 2, 3) if draw(st.booleans())]
    there = [(OPTIONS["site_id"][k], OPTIONS["type"][k]) for k in [0, *chosen]]
    found = {(g.id, g.scope): (g.needed, g.reached) for g in goals_reached(made, whole_numbers(chosen))}
    expected = {}
    for g in goals:
        districts = sorted({d[2] for d in demand} - {""}) if g.each == "district" else [""]
        for name in districts:
            part = [d for d in demand if g.each == "city" or d[2] == name]
            got = {d[0] for d in part if any(t in served[g.standard] and (d[0], s) in near for s, t in there)}
            if g.of == "people":
                whole, reach = sum(d[3] for d in part), sum(d[3] for d in part if d[0] in got)
            else:
                units = [[d for d in part if d[1] == u] for u in sorted({d[1] for d in part})]
                held = [(sum(d[3] for d in u), sum(d[3] for d in u if d[0] in got)) for u in units]
                whole, reach = sum(w > 0 for w, _ in held), sum(w > 0 and 2 * c >= w for w, c in held)
            expected[g.id, name] = (ceil(Fraction(str(g.share)) * whole), reach)
    assert found == expected
    for k, option in enumerate(OPTIONS.to_dict("records")):
        if option["state"] == "new":
            fresh = {
                d[0]: near[d[0], option["site_id"]] * d[3]
                for types in served.values() for d in demand
                if option["type"] in types and (d[0], option["site_id"]) in near
                and not ("a" in types and (d[0], "s0") in near)
            }  # fmt: skip
            assert made.tie[k] == sum(fresh.values())
