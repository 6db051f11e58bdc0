"""Plans for a covering problem by local search: a first one, and better ones around it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csc_array

from planner._swap import improve
from planner._trim import mend, trim
from planner.covering import NO_LIMIT, Covering, objective_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

TABLE_ENTRIES = 30_000_000
"""Entries of the largest table of exchanges: 240 MB."""

MOVES = 20_000
"""Most moves of one search."""

RAISES = 40
"""How often what a missed goal is worth may be doubled."""

REPRICED = (0.6, 1.1)
"""Factors of what a missed unit is worth in a shake: below 1, for the search then leaves room for what is mended."""

SHAKEN = (2, 7)
"""So many options, the last excluded, are closed and others opened in their place before a search begins anew."""


@dataclass(frozen=True, eq=False)
class Ready:
    """A merged problem as the searches take it: rows by option, rules by option, goals by row, and bounds in floats."""

    problem: Covering
    columns: csc_array
    rules: csc_array
    goals: csc_array
    low: Floats
    high: Floats


def ready(problem: Covering) -> Ready:
    """Turn the arrays once for many searches."""
    return Ready(
        problem,
        csc_array(problem.covers),
        csc_array(problem.rules),
        csc_array(problem.goals),
        np.where(problem.minimum > -NO_LIMIT, problem.minimum.astype(np.float64), -np.inf),
        np.where(problem.maximum < NO_LIMIT, problem.maximum.astype(np.float64), np.inf),
    )


def searched(given: Ready, plan: Flags, worth: Floats) -> Flags:
    """Improve a plan by single openings, closings and exchanges.

    Parameters
    ----------
    given
        A merged problem.
    plan
        Where to begin, shape (options,).
    worth
        What a unit of weight that a goal misses is worth, shape (goals,).

    Returns
    -------
    plan
        It may miss goals; it keeps the rules where single moves lead there.
    """
    problem, columns, rules = given.problem, given.columns, given.rules
    weight = problem.loss + problem.goals.T @ worth if len(worth) else problem.loss.astype(np.float64)
    found: Flags = improve(
        problem.covers.indptr,
        problem.covers.indices,
        columns.indptr,
        columns.indices,
        np.asarray(weight, dtype=np.float64),
        problem.price.astype(np.float64),
        rules.indptr,
        rules.indices,
        rules.data.astype(np.float64),
        given.low,
        given.high,
        plan,
        np.ones(len(plan), dtype=np.bool_),
        TABLE_ENTRIES,
        MOVES,
    )
    return found


def mended(given: Ready, plan: Flags, worth: Floats) -> Flags | None:
    """Open what a plan lacks for its goals, close what it does not need, and exchange for cheaper options.

    Returns
    -------
    plan
        None where goals or rules cannot be held so.
    """
    problem, columns, rules, goals = given.problem, given.columns, given.rules, given.goals
    arrays = (
        columns.indptr,
        columns.indices,
        problem.loss,
        problem.price,
        goals.indptr,
        goals.indices,
        goals.data,
        problem.allowed,
        rules.indptr,
        rules.indices,
        rules.data,
        problem.minimum,
        problem.maximum,
    )
    plan = mend(*arrays, plan, worth)
    return trim(*arrays, plan) if objective_of(problem, plan) is not None else None


def held(given: Ready, plan: Flags, worth: Floats) -> Flags | None:
    """Improve a plan and lead it to hold the goals: what is missed becomes worth more and more.

    Returns
    -------
    plan
        None where the search does not get there.
    """
    problem, worth = given.problem, worth.copy()
    for _ in range(RAISES):
        plan = searched(given, plan, worth)
        if objective_of(problem, plan) is not None:
            return mended(given, plan, worth) if len(worth) else plan
        if not len(worth):
            return None
        covered = problem.covers @ plan.astype(np.int64) > 0
        missed = problem.goals @ (~covered).astype(np.int64) > problem.allowed
        if not missed.any():
            return None
        worth[missed] = 1.3 * worth[missed]
    return None


def first_worth(problem: Covering) -> Floats:
    """Guess what a unit of each goal is worth: the price of an option of middle yield for what it covers."""
    yields = (problem.goals @ problem.covers).toarray() if problem.goals.shape[0] else np.empty((0, 1))
    best = yields.max(axis=1, initial=1).astype(np.float64)
    price = max(float(np.median(problem.price)), 1.0) if len(problem.price) else 1.0
    return np.asarray(price / best, dtype=np.float64)


def around(
    given: Ready, plan: Flags, liking: Floats, worth: Floats, *, patience: int, enough: float, deadline: float
) -> Flags:
    """Look for better plans around one: shake it, search anew, keep the better (Lourenço, Martin & Stützle 2003).

    Parameters
    ----------
    given
        A merged problem.
    plan
        A plan that holds goals and rules, shape (options,).
    liking
        How likely each option is opened in a shake, such as its value in an LP, at least 0, shape (options,).
    worth
        See `searched`.
    patience
        How many shakes in a row may bring nothing better.
    enough
        An objective that need not be bettered.
    deadline
        `time.perf_counter` at which to stop.

    Returns
    -------
    plan
        The best; the same for the same input unless the deadline cut the search short.
    """
    problem, generator = given.problem, np.random.default_rng(0)
    best, objective = plan, objective_of(problem, plan)
    likely = liking + 1e-3 * liking.sum() / len(liking) if liking.any() else np.ones(len(liking))
    number = since = 0
    while since < patience:
        number, since = number + 1, since + 1
        if objective is None or objective <= enough or time.perf_counter() > deadline or not best.any():
            break
        count = min(int(generator.integers(*SHAKEN)), int(best.sum()))
        shaken = best.copy()
        shaken[generator.choice(np.flatnonzero(best), count, replace=False)] = False
        chance = np.where(best, 0.0, likely)
        if (chance > 0).sum() >= count:
            shaken[generator.choice(len(best), count, replace=False, p=chance / chance.sum())] = True
        if not len(worth):
            found = held(given, shaken, worth)
        elif number % 2:  # other prices of what is missed lead the search to other plans
            other = worth * generator.uniform(*REPRICED, len(worth))
            found = mended(given, searched(given, shaken, other), worth)
        else:
            found = mended(given, shaken, worth)
        value = None if found is None else objective_of(problem, found)
        if found is not None and value is not None and value <= objective:
            since = since if value == objective else 0
            best, objective = found, value
    return best
