"""A siting problem and its answer as frozen arrays; no table, no solver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

Status = Literal["optimal", "gap", "infeasible", "unknown", "none"]


@dataclass(frozen=True, eq=False)
class PeopleGoal:
    """So many people among some rows must be covered.

    Attributes
    ----------
    id, scope
        The goal and the scope that it is asked in.
    rows
        Row numbers of the instance, shape (m,).
    whole, needed
        People of these rows, and how many of them must be covered.
    """

    id: str
    scope: str
    rows: NDArray[np.int64]
    whole: int
    needed: int


@dataclass(frozen=True, eq=False)
class CommunityGoal:
    """So many communities must each have enough of their people covered.

    Attributes
    ----------
    id, scope
        The goal and the scope that it is asked in.
    rows, unit
        Row numbers of the instance and the number of the community of each, shape (m,).
    unit_people, unit_needed
        People of each community, and how many of them make it count, shape (q,).
    needed
        How many communities must count.
    """

    id: str
    scope: str
    rows: NDArray[np.int64]
    unit: NDArray[np.int64]
    unit_people: NDArray[np.int64]
    unit_needed: NDArray[np.int64]
    needed: int

    @property
    def whole(self) -> int:
        """Number of communities."""
        return len(self.unit_people)


@dataclass(frozen=True, eq=False)
class CountRule:
    """Between `minimum` and `maximum` of some options must be open (None: no upper bound)."""

    id: str
    scope: str
    options: NDArray[np.int64]
    minimum: int
    maximum: int | None

    @property
    def label(self) -> str:
        """Id and scope, as messages name them."""
        return f"{self.id}:{self.scope}" if self.scope else self.id


@dataclass(frozen=True, eq=False)
class Instance:
    """A location-allocation problem with cover constraints.

    Attributes
    ----------
    covers
        Rows (demand point, standard) x options, 1 where an option serves a row within its cutoff; CSR.
    people
        People of each row, shape (n_rows,).
    site_id, type
        Which facility each option is, shape (n_options,).
    cost_yuan
        What opening the option costs within the horizon; 0 for what stands today, shape (n_options,).
    tie
        Metres x people that the option would newly cover: the lower one wins among plans of equal cost.
    fixed
        Whether the option stands today.
    goals, communities
        What a plan must reach.
    counts
        How many of some options there may be: the scenario's counts, forced and closed sites, types per site, and the
        number of new sites are all of this one form.
    budget_yuan
        Largest sum of costs; None: no such limit.
    """

    covers: csr_array
    people: NDArray[np.int64]
    site_id: NDArray[np.object_]
    type: NDArray[np.object_]
    cost_yuan: NDArray[np.int64]
    tie: NDArray[np.int64]
    fixed: NDArray[np.bool_]
    goals: tuple[PeopleGoal, ...]
    communities: tuple[CommunityGoal, ...]
    counts: tuple[CountRule, ...]
    budget_yuan: int | None

    @property
    def n_options(self) -> int:
        """Number of options, today's included."""
        return len(self.cost_yuan)


@dataclass(frozen=True)
class Plan:
    """What a solve found, and how sure it is.

    Attributes
    ----------
    status
        ``optimal``: the objective equals the bound. ``gap``: a plan with an open gap. ``infeasible``: proven that no
        plan meets the goals. ``unknown``: no plan found in the time. ``none``: nothing was asked.
    objective, bound
        Cost of the plan in yuan, and a proven lower bound of every plan's cost (None where there is none).
    gap
        (objective - bound) / objective; 0 when they are equal.
    chosen
        Option numbers of the new facilities, ascending.
    seconds
        Time spent, in seconds.
    best_effort
        Whether the plan falls short of the goals because none can meet them, or none was found.
    ties_broken
        Whether the tie rule was carried through, so that the same inputs always give this plan.
    conflict
        The fewest counts that must give way before any plan is lawful; empty where lawful plans exist.
    """

    status: Status
    objective: int | None
    bound: int | None
    gap: float | None
    chosen: tuple[int, ...]
    seconds: float
    best_effort: bool = False
    ties_broken: bool = True
    conflict: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reached:
    """What a goal reaches under a choice of options; `proven` where that is said to be the most that any reaches."""

    id: str
    scope: str
    needed: int
    reached: int
    proven: bool = True

    @property
    def met(self) -> bool:
        """Whether the goal is met."""
        return self.reached >= self.needed


def covered_rows(instance: Instance, chosen: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mask of the rows covered by today's facilities and the chosen options."""
    open_now = instance.fixed.copy()
    open_now[chosen] = True
    return np.asarray(instance.covers @ open_now.astype(np.int64) > 0)


def communities_reached(goal: CommunityGoal, people: NDArray[np.int64], covered: NDArray[np.bool_]) -> int:
    """Count the communities of a goal of which enough people are covered."""
    got = np.zeros(goal.whole, dtype=np.int64)
    np.add.at(got, goal.unit, people[goal.rows] * covered[goal.rows])
    return int((got >= goal.unit_needed).sum())


def goals_reached(instance: Instance, chosen: NDArray[np.int64]) -> tuple[Reached, ...]:
    """Recompute every goal on the original rows for a choice of options."""
    covered = covered_rows(instance, chosen)
    people = instance.people
    on_people = [
        Reached(g.id, g.scope, g.needed, int((people[g.rows] * covered[g.rows]).sum())) for g in instance.goals
    ]
    on_communities = [
        Reached(g.id, g.scope, g.needed, communities_reached(g, people, covered)) for g in instance.communities
    ]
    return (*on_people, *on_communities)


def rules_broken(instance: Instance, chosen: NDArray[np.int64]) -> tuple[str, ...]:
    """Names of the hard rules that a choice of options breaks; empty for a lawful plan."""
    open_now = instance.fixed.copy()
    open_now[chosen] = True
    broken = []
    for rule in instance.counts:
        number = int(open_now[rule.options].sum())
        if number < rule.minimum or (rule.maximum is not None and number > rule.maximum):
            broken.append(rule.label)
    new = open_now & ~instance.fixed
    if instance.budget_yuan is not None and int(instance.cost_yuan[new].sum()) > instance.budget_yuan:
        broken.append("siting.budget_yuan")
    return tuple(broken)
