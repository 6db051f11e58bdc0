"""Hands a program to HiGHS through PuLP, whole and at once; the only room that knows PuLP.

PuLP's own bridge to HiGHS adds columns and rows one call at a time. The solver here passes the arrays in one pass, sets
a start and a cutoff, and reads what PuLP does not: the bound. HiGHS's word is a claim: who calls recomputes the plan.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import highspy
import numpy as np
import pulp
from scipy.sparse import csr_array

from planner.program import Outcome, Program, Relaxed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

MIN_SECONDS = 0.2
"""A solve gets at least this long, in seconds."""

FEASIBILITY_TOLERANCE = 1e-9
"""How far HiGHS may be off a row or a whole number: among ten million people, a hundredth of one."""

BOUND_TOLERANCE = 1e-6
BOUND_RELATIVE = 1e-10
"""What is taken off the solver's bound before it is rounded up: so much, or so large a part of it.

Objectives are whole numbers below about 1e9, of which a double holds 1e-7."""


def rounded_bound(bound: float | None) -> int | None:
    """Round a proven bound on a whole number up to the next one; a whole number stays what it is."""
    if bound is None or isinstance(bound, int):
        return bound
    return _whole(bound)


def _whole(bound: float) -> int:
    return math.ceil(bound - max(BOUND_TOLERANCE, BOUND_RELATIVE * abs(bound)))


def proven(objective: int, bound: float | None) -> bool:
    """Tell whether a bound shows that nothing is below a whole-number objective."""
    rounded = rounded_bound(bound)
    return rounded is not None and objective <= rounded


def _highs(program: Program, options: Mapping[str, object]) -> Any:
    """Pass a program to a HiGHS of its own."""
    highs = highspy.Highs()
    for name, setting in options.items():
        highs.setOptionValue(name, setting)
    matrix = csr_array(program.matrix)
    highs.passModel(
        len(program.objective),
        matrix.shape[0],
        matrix.nnz,
        int(highspy.MatrixFormat.kRowwise.value),
        int(highspy.ObjSense.kMinimize.value),
        0.0,
        program.objective.astype(np.float64),
        program.lower,
        program.upper,
        program.row_lower,
        program.row_upper,
        matrix.indptr.astype(np.int32),
        matrix.indices.astype(np.int32),
        matrix.data.astype(np.float64),
        program.integer.astype(np.int32),
    )
    return highs


class _OnePass(pulp.LpSolver):  # type: ignore[misc]
    """HiGHS for PuLP: reads the whole problem into arrays and passes it at once."""

    name = "HiGHS_one_pass"

    def __init__(self, options: dict[str, object], start: NDArray[np.float64] | None) -> None:
        super().__init__(mip=True, msg=False)
        self.highs_options = options
        self.start = start

    def available(self) -> bool:
        """HiGHS is a dependency."""
        return True

    def actualSolve(self, lp: Any) -> int:  # noqa: N802  (PuLP's name)
        """Solve; the model stays with the problem, for who asks its bound."""
        variables, rows = lp.variables(), lp.constraints()
        number = {variable: index for index, variable in enumerate(variables)}
        starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
        columns = [number[v] for row in rows for v in row]
        factors = [factor for row in rows for factor in row.values()]
        shape = (len(rows), len(variables))
        program = Program(
            objective=np.array([lp.objective.get(v, 0.0) for v in variables]),
            matrix=csr_array((np.array(factors, dtype=np.float64), columns, starts), shape=shape),
            row_lower=_bounds([row.getLb() for row in rows], -math.inf),
            row_upper=_bounds([row.getUb() for row in rows], math.inf),
            lower=_bounds([v.lowBound for v in variables], -math.inf),
            upper=_bounds([v.upBound for v in variables], math.inf),
            integer=np.array([v.cat == pulp.LpInteger for v in variables], dtype=bool),
        )
        highs = _highs(program, self.highs_options)
        if self.start is not None:
            # PuLP orders variables by their first use: names keep the number; one of its own stands for no objective
            values = np.array([self.start[int(v.name[1:])] if v.name.startswith("x") else 0.0 for v in variables])
            highs.setSolution(len(variables), np.arange(len(variables), dtype=np.int32), values)
        highs.run()
        lp.solverModel = highs
        return self._read(lp, highs, variables)

    def _read(self, lp: Any, highs: Any, variables: list[Any]) -> int:
        said = highs.getModelStatus()
        found = highs.getInfo().primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        never = said in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible)
        if found:
            for variable, value in zip(variables, highs.getSolution().col_value, strict=True):
                variable.varValue = value
        optimal = said == highspy.HighsModelStatus.kOptimal
        best = pulp.LpSolutionOptimal if optimal else pulp.LpSolutionIntegerFeasible
        none = pulp.LpSolutionInfeasible if never else pulp.LpSolutionNoSolutionFound
        status = pulp.LpStatusOptimal if found else pulp.LpStatusInfeasible if never else pulp.LpStatusNotSolved
        lp.assignStatus(status, best if found else none)
        return int(status)


def _bounds(given: list[float | None], absent: float) -> NDArray[np.float64]:
    return np.array([absent if bound is None else bound for bound in given], dtype=np.float64)


def _problem(program: Program, objective: NDArray[np.int64]) -> tuple[Any, list[Any]]:
    """Write a program in PuLP; returns its variables as well, in the order of the columns."""
    problem = pulp.LpProblem("siting", pulp.LpMinimize)
    variables = [
        problem.add_variable(
            f"x{j}",
            lowBound=None if low == -math.inf else low,
            upBound=None if high == math.inf else high,
            cat=pulp.LpInteger if whole else pulp.LpContinuous,
        )
        for j, (low, high, whole) in enumerate(
            zip(program.lower.tolist(), program.upper.tolist(), program.integer.tolist(), strict=True)
        )
    ]
    weighted = np.flatnonzero(objective)
    problem.setObjective(pulp.LpAffineExpression({variables[j]: float(objective[j]) for j in weighted}))
    matrix = csr_array(program.matrix)
    columns, factors = matrix.indices.tolist(), matrix.data.tolist()
    limits = zip(program.row_lower.tolist(), program.row_upper.tolist(), strict=True)
    for row, (low, high) in enumerate(limits):
        held = range(matrix.indptr[row], matrix.indptr[row + 1])
        terms = {variables[columns[e]]: factors[e] for e in held}
        sides = (
            [(pulp.LpConstraintEQ, low)]
            if low == high
            else [
                (sense, side)
                for sense, side in ((pulp.LpConstraintGE, low), (pulp.LpConstraintLE, high))
                if math.isfinite(side)
            ]
        )
        for sense, side in sides:
            problem.addConstraint(
                pulp.LpConstraint(pulp.LpAffineExpression(terms), sense=sense, rhs=side), f"r{row}_{sense}"
            )
    return problem, variables


def _empty_rows_hold(program: Program) -> bool:
    empty = np.diff(program.matrix.indptr) == 0
    return not ((program.row_lower[empty] > 0).any() or (program.row_upper[empty] < 0).any())


def _bound(problem: Any) -> float:
    """Bound that HiGHS proved; it leaves that of a program without whole numbers at zero."""
    information = problem.solverModel.getInfo()
    if any(variable.cat == pulp.LpInteger for variable in problem.variables()):
        return float(information.mip_dual_bound)
    return float(information.objective_function_value) if problem.sol_status == pulp.LpSolutionOptimal else -math.inf


def minimise(
    program: Program,
    *,
    gap: float,
    seconds: float,
    start: NDArray[np.float64] | None = None,
) -> Outcome:
    """Solve a mixed-integer program whose objective is a whole number at every x that is asked for.

    Parameters
    ----------
    program
        The program.
    gap
        Relative gap at which the search may stop; an absolute gap below one step of the objective ends it always.
    seconds
        Time limit.
    start
        An x to begin from.

    Returns
    -------
    outcome
        The best x, and the bound as a whole number.
    """
    if not _empty_rows_hold(program):
        return Outcome(None, None, infeasible=True)
    step = int(np.gcd.reduce(program.objective, initial=0)) or 1
    problem, variables = _problem(program, program.objective // step)
    options: dict[str, object] = {
        "output_flag": False,
        "mip_rel_gap": gap,
        "mip_abs_gap": 0.99,
        "threads": 1,
        "random_seed": 0,
        "time_limit": max(seconds, MIN_SECONDS),
        "mip_feasibility_tolerance": FEASIBILITY_TOLERANCE,
        "primal_feasibility_tolerance": FEASIBILITY_TOLERANCE,
    }
    problem.solve(_OnePass(options, start))
    if problem.sol_status == pulp.LpSolutionInfeasible:
        return Outcome(None, None, infeasible=True)
    bound = _bound(problem)
    known = _whole(bound) * step if math.isfinite(bound) else None
    if problem.sol_status not in (pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible):
        return Outcome(None, known, infeasible=False)
    # a variable that stands in no row and no objective has no value: it stays at its lower bound
    values = np.array(
        [
            variable.varValue if variable.varValue is not None else low
            for variable, low in zip(variables, program.lower.tolist(), strict=True)
        ]
    )
    return Outcome(np.where(program.integer, np.rint(values), values), known, infeasible=False)


def relax(program: Program, *, seconds: float) -> Relaxed | None:
    """Solve a program without asking for whole numbers.

    Parameters
    ----------
    program
        The program.
    seconds
        Time limit.

    Returns
    -------
    relaxed
        None where there is no x, or none was found in the time.
    """
    options = {"output_flag": False, "threads": 1, "random_seed": 0, "time_limit": max(seconds, MIN_SECONDS)}
    step = int(np.gcd.reduce(program.objective, initial=0)) or 1
    whole = replace(program, objective=program.objective // step, integer=np.zeros(len(program.integer), dtype=bool))
    if not len(program.objective) or not _empty_rows_hold(program):
        return None
    highs = _highs(whole, options)
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    solution = highs.getSolution()
    return Relaxed(
        objective=highs.getObjectiveValue() * step,
        values=np.array(solution.col_value),
        reduced_cost=np.array(solution.col_dual) * step,
        row_dual=np.array(solution.row_dual) * step,
    )
