"""Measures a plan that is given: nothing is sought, and whatever it misses, it stays as it is (design, section 9).

What its goals reach, the rules that it breaks and its objective are found on the original rows, as for a plan that was
sought; under capacity people are shared out among what it opens in the same way.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from planner.problem import problem_of
from planner.recount import goals_reached, objective_of, rules_broken
from planner.sharing import share_out
from planner.siting import Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from planner.siting import Flows, Instance

    Facility = tuple[str, str, str, int | None]
    """Site, type, size, and the year from which it is open; None for all years."""


def columns_of(instance: Instance, facilities: Iterable[Facility]) -> NDArray[np.int64]:
    """Return the columns that some facilities open: those of their year and of all later ones, ascending.

    Raises
    ------
    KeyError
        If one of them is no option of the instance.
    """
    numbers: dict[tuple[str, str, str], list[int]] = {}
    new = np.flatnonzero(~instance.fixed)
    for k in new.tolist():
        numbers.setdefault((instance.site_id[k], instance.type[k], instance.size[k]), []).append(k)
    found: list[int] = []
    for site, kind, size, year in facilities:
        found += [k for k in numbers[site, kind, size] if year is None or instance.year[k] >= year]
    return np.array(sorted(found), dtype=np.int64)


def measure(instance: Instance, chosen: NDArray[np.int64], *, report: Callable[[str], None] | None = None) -> Plan:
    """Measure a plan that is given.

    Parameters
    ----------
    instance
        The problem; its rules and goals change nothing of the plan.
    chosen
        Numbers of its columns, ascending.
    report
        Called with the name of each step as it begins.

    Returns
    -------
    plan
        ``optimal`` where every goal is met and every rule kept; else ``infeasible`` and `best_effort`: this plan misses
        some, which says nothing of others. ``unknown`` where only a sharing out of people that is not proven best
        misses goals. It has no bound, for no other plan was looked at.
    """
    started = time.monotonic()
    (report or (lambda _step: None))("given")
    flows, sure = _shared(instance, chosen)
    broken = bool(rules_broken(instance, chosen))
    missed = any(not goal.met for goal in goals_reached(instance, chosen, flows))
    return Plan(
        status="infeasible" if broken or (missed and sure) else "unknown" if missed else "optimal",
        objective=objective_of(instance, chosen, flows),
        bound=None,
        gap=None,
        chosen=tuple(chosen.tolist()),
        seconds=time.monotonic() - started,
        best_effort=broken or missed,
        flows=flows,
    )


def _shared(instance: Instance, chosen: NDArray[np.int64]) -> tuple[Flows | None, bool]:
    """Share people out among what is open, and say whether it is proven that no other way misses less."""
    if instance.capacity is None:
        return None, True
    problem = problem_of(instance)  # under capacity its reduction leaves no column out
    shared = share_out(problem, np.isin(problem.reduced.columns, chosen))
    return (None, True) if shared is None else (shared.flows, shared.sure)
