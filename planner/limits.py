"""What a plan is to be best at and what bounds it, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

Objective = Literal["min_cost", "max_coverage", "min_travel"]
"""Least cost; most people covered under one standard; least way to the nearest facility under one standard."""


@dataclass(frozen=True)
class Group:
    """A group of people and how much more each of them counts than anybody else (1 to 100)."""

    id: str
    weight: Decimal


@dataclass(frozen=True)
class Aim:
    """What a plan is to be best at.

    Attributes
    ----------
    objective
        What is made least, or most.
    standard
        The standard that the objectives other than ``min_cost`` speak of.
    groups
        Whose people count more in these objectives; weights never touch a share.
    """

    objective: Objective = "min_cost"
    standard: str | None = None
    groups: tuple[Group, ...] = ()


@dataclass(frozen=True)
class Phase:
    """One year of a build order.

    Attributes
    ----------
    year
        Calendar year.
    budget_yuan, budgets
        What may be spent in it, in all and by funding source: the one-time costs of what opens in it, and the yearly
        costs of all new facilities open in it.
    shares
        Goal id -> the share that it asks for from this year on.
    """

    year: int
    budget_yuan: int | None = None
    budgets: Mapping[str, int] = field(default_factory=dict)
    shares: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Spacing:
    """Two facilities of a type nearer than `m` metres as the crow flies may not both be open, unless both stand."""

    type: str
    m: Decimal


@dataclass(frozen=True)
class NearPeople:
    """A new facility of a type may open only where so many residents live within `within_m` metres."""

    type: str
    people: int
    within_m: Decimal


@dataclass(frozen=True)
class Limits:
    """What bounds a plan apart from goals and counts; all but `capacity_standard` speak of new facilities.

    Attributes
    ----------
    types_per_site
        How many types may newly open at one site.
    force_open, force_closed
        site_ids of which an option must, or none may, be in the plan.
    spacing, near_people
        Rules of place.
    max_sites
        How many facilities may open.
    budget_yuan, budgets
        Cost within the horizon, in all and by funding source.
    budget_once_yuan, budget_yearly_yuan
        One-time cost, and the cost of a year, of all facilities of the last year.
    capacity_standard
        The standard under which people are shared out among facilities that can each take so many.
    phases
        Years of a build order, ascending; none: one year.
    horizon_years
        Years of running cost that are counted, from the first year on.
    """

    types_per_site: int = 1
    force_open: tuple[str, ...] = ()
    force_closed: tuple[str, ...] = ()
    spacing: tuple[Spacing, ...] = ()
    near_people: tuple[NearPeople, ...] = ()
    max_sites: int | None = None
    budget_yuan: int | None = None
    budget_once_yuan: int | None = None
    budget_yearly_yuan: int | None = None
    budgets: Mapping[str, int] = field(default_factory=dict)
    capacity_standard: str | None = None
    phases: tuple[Phase, ...] = ()
    horizon_years: int = 5
