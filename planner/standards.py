"""Standards, goals and counts as plain data, and the exact arithmetic of shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from planner.words import LANGUAGES, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from decimal import Decimal

    import pandas as pd
    from numpy.typing import NDArray

    from planner.terms import CountScope, Language, Measure, Metric, Mode, Scope

MM_PER_KM = 1_000_000


def walk_limit_mm(seconds: float | Decimal, walk_kph: float | Decimal) -> int:
    """Whole millimetres walked within `seconds` at `walk_kph`, computed exactly.

    Both numbers are taken as written in decimal, so 15 minutes at 4 km/h are 1,000,000 mm and not one less.
    """
    return int(Fraction(str(seconds)) * Fraction(str(walk_kph)) * MM_PER_KM // 3600)


def as_cutoffs(given: float | Decimal | Sequence[float | Decimal] | NDArray[Any] | None) -> list[float | Decimal]:
    """Return one cutoff or several as a list; None gives none.

    Raises
    ------
    TypeError
        For a text, whose letters would else be taken one by one.
    """
    if isinstance(given, str | bytes):
        raise TypeError(f"a cutoff is a number, not the text {given!r}")
    if given is None:
        return []
    return list(given) if isinstance(given, Sequence | np.ndarray) else [given]


def cutoff_limit(mode: Mode, measure: Measure, cutoff: float | Decimal, walk_kph: float | Decimal) -> int:
    """Largest deciding cost within a cutoff in metres or seconds, taken as written in decimal.

    Parameters
    ----------
    mode, measure
        Minutes on foot are decided by length, minutes of a drive by time.
    cutoff
        Metres where distance is measured, seconds where time is.
    walk_kph
        Walking speed in km/h.

    Returns
    -------
    limit
        Whole millimetres, or milliseconds of a drive.

    Raises
    ------
    ValueError
        If the cutoff is below zero or no finite number, or the speed not above zero.
    """
    exact, speed = Fraction(str(cutoff)), Fraction(str(walk_kph))
    if exact < 0 or speed <= 0:
        raise ValueError(f"a cutoff cannot be below zero, nor a speed zero or less: {cutoff}, {walk_kph}")
    if measure == "time" and mode == "walk":
        return walk_limit_mm(cutoff, walk_kph)
    return int(exact * 1000)


def need(share: Decimal | Fraction, whole: int) -> int:
    """Return how many of `whole` a share asks for: ``ceil(share x whole)``, exactly.

    90 % of 10 is 9, so a goal met exactly is met.
    """
    return -((-Fraction(share) * whole).__floor__())


@dataclass(frozen=True)
class Standard:
    """Who must have what within reach.

    Attributes
    ----------
    id, clause
        Name, and the clause of the policy that it stands for (may be empty).
    mode, metric
        The network that is measured, or ``straight`` for the great circle.
    measure, limit
        What decides: ``distance`` with a limit in whole millimetres, or ``time`` with one in whole milliseconds.
        Walking minutes are turned into millimetres, exactly.
    minutes, km
        The cutoff as the scenario wrote it; one of the two.
    setting
        ``urban`` or ``rural``; None applies to both.
    layer
        The one layer of demand that it speaks of.
    served_by
        Facility types that count.
    """

    id: str
    clause: str
    mode: Mode
    metric: Metric
    measure: Measure
    limit: int
    minutes: Decimal | None
    km: Decimal | None
    setting: str | None
    layer: str
    served_by: tuple[str, ...]


@dataclass(frozen=True)
class Goal:
    """A share of people or communities to reach under a standard, in the whole city or in each scope.

    Attributes
    ----------
    each
        ``city`` for one goal, ``district`` or ``town`` for one goal in each of them.
    district, town
        Only this one, when given.
    group
        Only the people of this group count, when given.
    backup
        Whether only points within reach of two open facilities count: facilities, not places, so that a kiosk in a
        station is a second one.
    """

    id: str
    standard: str
    share: Decimal
    of: Literal["people", "communities"]
    each: Scope
    district: str | None
    town: str | None
    group: str | None = None
    backup: bool = False


@dataclass(frozen=True)
class Count:
    """How many facilities of some types there must be, in the whole city or in each scope.

    Attributes
    ----------
    types
        Facility types that count, together. Two types at one place are two facilities.
    each
        As in `Goal`, or ``community`` for one count in each community where people live (clause H2).
    minimum, maximum
        Bounds, both included; None leaves a side open.
    new_only
        Whether today's facilities are left out of the count.
    """

    id: str
    types: tuple[str, ...]
    tier: str | None
    each: CountScope
    district: str | None
    town: str | None
    minimum: int
    maximum: int | None
    new_only: bool


@dataclass(frozen=True)
class FacilityType:
    """A type of facility and what a new one costs when its row does not say.

    Attributes
    ----------
    build
        Whether new ones may be planned.
    at_existing
        Whether one may be added to an existing facility, such as a kiosk in a station.
    capacity_people
        How many people one serves when neither its row nor its size says; None: any number.
    """

    type: str
    name: str
    build: bool
    at_existing: bool
    cost_once_yuan: int | None
    cost_yearly_yuan: int | None
    capacity_people: int | None = None


@dataclass(frozen=True)
class BuildCost:
    """What building a type by one method costs; shared venues get the discount off the one-time cost."""

    type: str
    method: str
    cost_once_yuan: int | None
    cost_yearly_yuan: int | None
    co_build_discount: Decimal


@dataclass(frozen=True)
class Size:
    """A size in which a type may be built: how many people it serves, and what it costs more than the type does."""

    type: str
    size: str
    capacity_people: int
    extra_once_yuan: int
    extra_yearly_yuan: int


def scope_of(*names: str | None) -> str:
    """Join a district and a town, those that are given, to the name of a scope.

    A stroke within a name becomes ／, so that "/" only ever joins and two towns stay two scopes.
    """
    return "/".join(name.replace("/", "／") for name in names if name)


def scopes(
    table: pd.DataFrame, each: Scope, district: str | None, town: str | None
) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Split the rows of a table into the scopes of a goal or count.

    Parameters
    ----------
    table
        With columns ``district`` and ``town``.
    each, district, town
        As in `Goal`.

    Yields
    ------
    name, rows
        Name of the scope (`scope_of`; empty for the whole city) and a mask of its rows. Rows that name no district
        (or town) belong to no scope of that kind.
    """
    inside = np.ones(len(table), dtype=bool)
    if district is not None:
        inside = inside & (table["district"] == district).to_numpy()
    if town is not None:
        inside = inside & (table["town"] == town).to_numpy()
    if each == "city":
        yield scope_of(district, town), inside
        return
    keys = table["district"].str.replace("/", "／")
    if each == "town":  # towns of one name in two districts are two scopes
        keys = (keys + "/" + table["town"].str.replace("/", "／")).str.removeprefix("/")
    named = inside & (table[each] != "").to_numpy()
    for name in sorted(set(keys[named])):
        yield name, named & (keys == name).to_numpy()


def standard_name(standard: Mapping[str, Any], language: Language) -> str:
    """Name of a standard in words, from its record in run.json."""
    who = say(f"standard.{standard['setting'] or 'all'}", language)
    how = "straight" if standard["metric"] == "straight" else standard["mode"]
    key, value = ("minutes", standard["minutes"]) if standard["minutes"] is not None else ("km", standard["km"])
    return say(f"standard.{how}_{key}", language, who=who, value=f"{value:g}")


def in_words(standards: Iterable[Standard]) -> dict[str, dict[Language, str]]:
    """Return the names of standards in each language, by id."""
    return {one.id: {lang: standard_name(asdict(one), lang) for lang in LANGUAGES} for one in standards}
