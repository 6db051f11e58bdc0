"""The same maximal covering problem for others: spopt, and plain sparse models in PuLP with CBC and with HiGHS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pulp

if TYPE_CHECKING:
    from siting_cases import Drawn


def plain_pulp(drawn: Drawn, sites: int, solver: str) -> int:
    """Solve MCLP as the textbook writes it, one variable and one row for each point; returns the people covered."""
    problem = pulp.LpProblem("mclp", pulp.LpMaximize)
    opened = [problem.add_variable(f"x{k}", cat=pulp.LpBinary) for k in range(drawn.covers.shape[1])]
    served = [problem.add_variable(f"z{r}", lowBound=0, upBound=1) for r in range(drawn.covers.shape[0])]
    people = drawn.people.tolist()
    problem.setObjective(pulp.LpAffineExpression(dict(zip(served, map(float, people), strict=True))))
    problem += pulp.lpSum(opened) <= sites
    start, columns = drawn.covers.indptr.tolist(), drawn.covers.indices.tolist()
    for row, point in enumerate(served):
        terms: dict[Any, float] = dict.fromkeys((opened[k] for k in columns[start[row] : start[row + 1]]), -1.0)
        terms[point] = 1.0
        problem += pulp.LpAffineExpression(terms) <= 0
    if solver == "CBC":
        problem.solve(pulp.PULP_CBC_CMD(msg=False, gapRel=0.0))
    else:
        problem.solve(pulp.HiGHS(msg=False, gapRel=0.0, threads=1))
    found: int = round(pulp.value(problem.objective))
    return found


def spopt_mclp(drawn: Drawn, sites: int) -> int:
    """Solve MCLP with spopt as its manual says; returns the people covered."""
    from spopt.locate import MCLP  # type: ignore[import-untyped,import-not-found,unused-ignore]  # noqa: PLC0415

    # spopt covers what is nearer than its radius: 0 where covered, 1 where not
    cost = 1.0 - drawn.covers.toarray()
    model = MCLP.from_cost_matrix(cost, drawn.people, service_radius=0.5, p_facilities=sites)
    model = model.solve(pulp.PULP_CBC_CMD(msg=False, gapRel=0.0), results=False)
    found: int = round(pulp.value(model.problem.objective))
    return found


def covered(drawn: Drawn, uncovered: int) -> int:
    """People covered when so many are not."""
    return int(np.sum(drawn.people)) - uncovered
