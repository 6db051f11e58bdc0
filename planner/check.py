"""Recomputes a choice of options on the original rows: a solver's plan counts for what is found here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from planner.errors import Fault, PlanError
from planner.recount import flows_broken, goals_reached, objective_of, rules_broken
from planner.sharing import SECONDS, share_out

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from planner.problem import Problem
    from planner.siting import Flows, Reached

    Mask = NDArray[np.bool_]

REPAIRS_MAX = 20
"""Plans in a row that may fail the check by a rounding of the solver before it is given up."""


@dataclass(frozen=True, eq=False)
class Checked:
    """A choice of options as recomputed on the original rows.

    Attributes
    ----------
    opened
        The choice, a mask of `Reduced.columns`.
    objective
        Its objective.
    reached
        What each goal reaches.
    broken
        Names of the rules that it breaks.
    flows
        Who is served where; None without capacity.
    sure
        Whether no other sharing out of people would do better; what is not sure condemns no plan.
    """

    opened: Mask
    objective: int
    reached: tuple[Reached, ...]
    broken: tuple[str, ...]
    flows: Flows | None
    sure: bool = True

    @property
    def missed(self) -> list[str]:
        """Goals that it does not meet."""
        return [f"{goal.id}:{goal.scope}" for goal in self.reached if not goal.met]

    @property
    def good(self) -> bool:
        """Whether it keeps the rules and meets the goals."""
        return not self.broken and not self.missed


def check(problem: Problem, opened: Mask, focus: int | None = None, *, seconds: float = SECONDS) -> Checked:
    """Recompute a choice of options on the original rows.

    Parameters
    ----------
    problem
        The problem.
    opened
        The choice, a mask of `Reduced.columns`.
    focus
        Under capacity: the one goal for which people are shared out.
    seconds
        Under capacity: time for each program of the sharing out.

    Returns
    -------
    checked
        Its objective, what its goals reach and the rules that it breaks.
    """
    instance, chosen = problem.instance, problem.chosen(opened)
    shared = share_out(problem, opened, focus, seconds=seconds)
    flows = None if shared is None else shared.flows
    broken = rules_broken(instance, chosen)
    if flows is not None:
        broken = (*broken, *flows_broken(instance, chosen, flows))
    return Checked(
        opened=opened,
        objective=objective_of(instance, chosen, flows),
        reached=goals_reached(instance, chosen, flows),
        broken=broken,
        flows=flows,
        sure=shared is None or shared.sure,
    )


def failed(what: object) -> PlanError:
    """Error of a solver whose word does not hold."""
    return PlanError(Fault("plan_check_failed", values={"broken": what}))
