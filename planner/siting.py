"""A siting problem and its answer as frozen arrays; no table, no solver.

A column is an option (a type, and a size, at a site) from one year on; a problem of one year has one column for each
option. A row is a demand point under one standard in one year.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

Status = Literal["optimal", "gap", "infeasible", "unknown", "none"]

NO_LIMIT = 2**62
"""Stands for no upper bound, and with a minus for no lower one."""


@dataclass(frozen=True, eq=False)
class PeopleGoal:
    """So many people among some rows must be covered.

    Attributes
    ----------
    id, scope, year
        The goal, the scope that it is asked in, and the year (0 where a problem has one year only).
    rows, weight
        Row numbers of the instance, and the people of each that the goal counts (perhaps those of one group only),
        shape (m,).
    needed
        How many of them must be covered.
    times
        2 where only rows with two open facilities count (backup coverage).
    """

    id: str
    scope: str
    rows: NDArray[np.int64]
    weight: NDArray[np.int64]
    needed: int
    year: int = 0
    times: int = 1

    @property
    def whole(self) -> int:
        """People of all its rows."""
        return int(self.weight.sum())

    @property
    def label(self) -> str:
        """Id, scope and year, as messages name them."""
        return label_of(self.id, self.scope, self.year)


@dataclass(frozen=True, eq=False)
class CommunityGoal:
    """So many communities must each have enough of their people covered.

    Attributes
    ----------
    id, scope, year, times
        As in `PeopleGoal`.
    rows, unit, weight
        Row numbers of the instance, the community of each and the people of each that the goal counts, shape (m,).
    unit_needed
        How many people make each community count, shape (q,).
    needed
        How many communities must count.
    """

    id: str
    scope: str
    rows: NDArray[np.int64]
    unit: NDArray[np.int64]
    weight: NDArray[np.int64]
    unit_needed: NDArray[np.int64]
    needed: int
    year: int = 0
    times: int = 1

    @property
    def whole(self) -> int:
        """Number of communities."""
        return len(self.unit_needed)

    @property
    def label(self) -> str:
        """Id, scope and year, as messages name them."""
        return label_of(self.id, self.scope, self.year)


Goal = PeopleGoal | CommunityGoal


def label_of(name: str, scope: str, year: int = 0) -> str:
    """Name a goal or rule in its scope and year: ``urban-people:历下区@2027``."""
    return name + (f":{scope}" if scope else "") + (f"@{year}" if year else "")


@dataclass(frozen=True, eq=False)
class Rules:
    """Linear rules over the columns: ``minimum <= matrix @ open <= maximum``.

    Counts, budgets, spacing, types per site, forced sites and the order of years are all of this one form.

    Attributes
    ----------
    names
        What each rule is called in messages; rules of one name give way together.
    matrix
        Rules x columns, whole numbers; CSR.
    minimum, maximum
        Bounds, both included; ``-NO_LIMIT`` and ``NO_LIMIT`` leave a side open.
    """

    names: tuple[str, ...]
    matrix: csr_array
    minimum: NDArray[np.int64]
    maximum: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Capacity:
    """People of some rows are shared out among open facilities that can each take so many.

    Attributes
    ----------
    rows
        Row numbers of the instance, shape (m,): all rows of one standard but those that a fixed column covers for
        certain and that take up no capacity.
    limit
        How many people each column can serve in its year; ``NO_LIMIT`` where nothing bounds it, shape (n_columns,).
    """

    rows: NDArray[np.int64]
    limit: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Travel:
    """What reaching the nearest open facility costs each point.

    Attributes
    ----------
    start
        Offsets of the points in what follows, shape (n_points + 1,).
    column, metres
        Columns that a point can reach, nearest first, and the whole metres to them.
    weight
        People of each point, weighted, shape (n_points,).
    far_m
        What a point is charged that nothing open is nearer to than this.
    """

    start: NDArray[np.int64]
    column: NDArray[np.int64]
    metres: NDArray[np.int64]
    weight: NDArray[np.int64]
    far_m: int


@dataclass(frozen=True, eq=False)
class Instance:
    """A location-allocation problem with cover constraints (design, section 9).

    The objective is the sum of `price` over open new columns, of `loss` over uncovered rows, and of `travel`.

    Attributes
    ----------
    covers
        Rows x columns, 1 where a column serves a row within its cutoff; CSR.
    people
        People of each row, shape (n_rows,).
    option, year
        Which row of the options table a column is, and the year from which it is open (0 where a problem has one year
        only), shape (n_columns,).
    site_id, type, size
        Which facility each column is.
    cost_yuan
        What an open column adds to the cost of the plan within the horizon; 0 for what stands today. An option that
        opens in a year has its columns of that year and of all later ones open: their sum is its cost.
    price, loss
        What an open column, and an uncovered row, adds to the objective.
    tie
        Metres x people that the option would newly cover: the lower sum wins among plans of equal objective.
    fixed
        Whether the column stands today.
    goals, communities
        What a plan must reach.
    rules
        What a plan must keep.
    capacity, travel
        None where the problem has none.
    """

    covers: csr_array
    people: NDArray[np.int64]
    option: NDArray[np.int64]
    year: NDArray[np.int64]
    site_id: NDArray[np.object_]
    type: NDArray[np.object_]
    size: NDArray[np.object_]
    cost_yuan: NDArray[np.int64]
    price: NDArray[np.int64]
    loss: NDArray[np.int64]
    tie: NDArray[np.int64]
    fixed: NDArray[np.bool_]
    goals: tuple[PeopleGoal, ...]
    communities: tuple[CommunityGoal, ...]
    rules: Rules
    capacity: Capacity | None = None
    travel: Travel | None = None

    @property
    def n_columns(self) -> int:
        """Number of columns, today's included."""
        return len(self.price)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.people)

    @property
    def all_goals(self) -> tuple[Goal, ...]:
        """Goals on people, then goals on communities."""
        return (*self.goals, *self.communities)


@dataclass(frozen=True, eq=False)
class Flows:
    """Who is served where, under capacity: `people` of a row go to a column; arrays of one length."""

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    people: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Multipliers:
    """Multipliers of an instance's rows in units of 2^-20, from which a bound is computed (design, section 9).

    Whatever they are, the bound that `certificate.bound_of` computes from them is valid; good ones make it high.

    Attributes
    ----------
    rows
        Of ``sum of open columns + u_r >= 1``, >= 0, shape (n_rows,).
    backup
        Of ``sum of open columns + 2 t_r >= 2``, >= 0, shape (n_rows,).
    goals
        Of what each goal may leave uncovered, >= 0: people goals first, then the counts of communities.
    units
        For each community goal, of what each community may leave uncovered and still count, >= 0.
    rules
        Of each rule; positive presses on its minimum, negative on its maximum.
    capacity
        Of ``people served <= what the open columns can take``, >= 0, in each year that has columns, ascending.
    points
        For each travel point, how much of its journey is charged at least, >= 0.
    """

    rows: NDArray[np.int64]
    backup: NDArray[np.int64]
    goals: NDArray[np.int64]
    units: tuple[NDArray[np.int64], ...]
    rules: NDArray[np.int64]
    capacity: NDArray[np.int64]
    points: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Plan:
    """What a solve found, and how sure it is.

    Attributes
    ----------
    status
        ``optimal``: the objective equals the bound. ``gap``: a plan with an open gap. ``infeasible``: proven that no
        plan meets the goals. ``unknown``: no plan found in the time. ``none``: nothing was asked.
    objective, bound
        The objective of the plan, and a proven lower bound of every plan's (None where there is none). Whole numbers,
        except in a p-median over fractions.
    gap
        (objective - bound) / objective; 0 when they are equal.
    chosen
        Numbers of the open new columns, ascending.
    seconds
        Time spent, in seconds.
    best_effort
        Whether the plan falls short of the goals because none can meet them, or none was found in the time.
    ties_broken
        Whether the tie rule was carried through, so that the same inputs always give this plan.
    flows
        Who is served where; None without capacity.
    multipliers
        From which the plan's bound can be checked; None where there is none.
    """

    status: Status
    objective: float | None
    bound: float | None
    gap: float | None
    chosen: tuple[int, ...]
    seconds: float
    best_effort: bool = False
    ties_broken: bool = True
    flows: Flows | None = None
    multipliers: Multipliers | None = None


@dataclass(frozen=True)
class Reached:
    """What a goal reaches under a choice of columns; `proven` where that is said to be the most that any reaches."""

    id: str
    scope: str
    needed: int
    reached: int
    year: int = 0
    proven: bool = True

    @property
    def met(self) -> bool:
        """Whether the goal is met."""
        return self.reached >= self.needed
