"""The rules of a plan as rows over the columns of a siting problem.

Column ``place x n_options + k`` is option k from the year at that place in the list of years on. Rules of place and
number are kept in the last year: what opens stays open, so they hold in every year before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from planner.countscopes import count_scopes
from planner.siting import NO_LIMIT, Rules, label_of
from planner.vicinity import close_pairs, sums_near

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pandas as pd
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from planner.limits import Limits, NearPeople, Phase, Spacing
    from planner.standards import Count

    Whole = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Row:
    """One rule: ``minimum <= sum of factor x column <= maximum``.

    Attributes
    ----------
    name
        What it is called in messages.
    columns, factor
        Numbers of columns and what each is multiplied by, shape (m,).
    minimum, maximum
        Bounds, both included; see `Rules`.
    """

    name: str
    columns: Whole
    factor: Whole
    minimum: int
    maximum: int


def _at_most(name: str, columns: Whole, maximum: int, factor: Whole | None = None) -> Row:
    return Row(name, columns, np.ones_like(columns) if factor is None else factor, -NO_LIMIT, maximum)


def _numbers(mask: pd.Series | NDArray[np.bool_]) -> Whole:
    return np.flatnonzero(np.asarray(mask, dtype=bool))


def _counts(counts: Iterable[Count], options: pd.DataFrame, demand: pd.DataFrame) -> Iterator[Row]:
    """Make one rule for each count and scope, those in which nothing stands or may be built as well."""
    for count in counts:
        mask = options["type"].isin(count.types)
        if count.tier is not None:
            mask = mask & (options["tier"] == count.tier)
        if count.new_only:
            mask = mask & (options["state"] == "new")
        for scope, inside in count_scopes(count, options, demand):
            counted = _numbers(mask.to_numpy(dtype=bool) & inside)
            most = NO_LIMIT if count.maximum is None else count.maximum
            yield Row(label_of(count.id, scope), counted, np.ones_like(counted), count.minimum, most)


def _sites(limits: Limits, options: pd.DataFrame) -> Iterator[Row]:
    """Write forced sites, types and sizes of one site, and the number of new facilities as rules."""
    new = options[options["state"] == "new"]
    for site, group in new.groupby("site_id", sort=True):
        here = group.index.to_numpy(dtype=np.int64)
        if site in limits.force_open:
            yield Row(label_of("rules.force_open", str(site)), here, np.ones_like(here), 1, NO_LIMIT)
        if site in limits.force_closed:
            yield _at_most(label_of("rules.force_closed", str(site)), here, 0)
        types = group["type"].to_numpy(dtype=object)
        kinds = sorted(set(types))
        if len(kinds) > limits.types_per_site:
            yield _at_most(label_of("rules.types_per_site", str(site)), here, limits.types_per_site)
        for kind in kinds:
            if (types == kind).sum() > 1:
                yield _at_most("size", here[types == kind], 1)
    if limits.max_sites is not None:
        yield _at_most("siting.max_sites", new.index.to_numpy(dtype=np.int64), limits.max_sites)


def _spacing(rule: Spacing, options: pd.DataFrame) -> Iterator[Row]:
    """One rule for each pair of sites too near each other; what is too near to a facility of today is closed."""
    name = label_of("rules.spacing", rule.type)
    typed = options[options["type"] == rule.type]
    held = {site: group.index.to_numpy(dtype=np.int64) for site, group in typed.groupby("site_id", sort=True)}
    sites = typed.drop_duplicates("site_id").sort_values("site_id")
    lon, lat = (sites[axis].to_numpy(dtype=np.float64) for axis in ("lon", "lat"))
    # nearer than m: at most one millimetre less, whatever part of a millimetre m is written with
    first, second = close_pairs(lon, lat, ceil(Fraction(rule.m) * 1000) - 1)
    ids, stands = sites["site_id"].to_numpy(dtype=object), (sites["state"] == "today").to_numpy(dtype=bool)
    beside = np.concatenate([second[stands[first] & ~stands[second]], first[stands[second] & ~stands[first]]])
    for site in ids[np.unique(beside)]:
        yield _at_most(name, held[site], 0)
    both_new = ~stands[first] & ~stands[second]
    for one, other in zip(ids[first[both_new]], ids[second[both_new]], strict=True):
        yield _at_most(name, np.concatenate([held[one], held[other]]), 1)


def _near_people(rule: NearPeople, options: pd.DataFrame, residents: GeoDataFrame) -> Iterator[Row]:
    """Close every new option of a type that has too few residents near it."""
    new = options[(options["state"] == "new") & (options["type"] == rule.type)]
    sites = new.drop_duplicates("site_id")
    people = sums_near(
        residents.geometry.x.to_numpy(),
        residents.geometry.y.to_numpy(),
        residents["people"].to_numpy(dtype=np.int64),
        sites["lon"].to_numpy(dtype=np.float64),
        sites["lat"].to_numpy(dtype=np.float64),
        floor(Fraction(rule.within_m) * 1000),
    )
    lonely = new["site_id"].isin(sites["site_id"][people < rule.people])
    for option in new.index[lonely]:
        yield _at_most("rules.near_people", np.array([option], dtype=np.int64), 0)


def _last_year_money(limits: Limits, options: pd.DataFrame) -> Iterator[Row]:
    """Budgets for the one-time cost, and for the cost of a year, of all that is open in the end."""
    for name, most in (("once", limits.budget_once_yuan), ("yearly", limits.budget_yearly_yuan)):
        if most is not None:
            yuan = options[f"cost_{name}_yuan"].to_numpy(dtype=np.int64)
            yield _at_most(f"siting.budget_{name}_yuan", np.arange(len(options)), most, yuan)


def _paid_by(options: pd.DataFrame, budgets: Mapping[str, int]) -> Iterator[tuple[str, int, Whole]]:
    """Funding sources with a budget, what it is, and the options that each pays for."""
    for source in sorted(budgets):
        yield source, budgets[source], _numbers(options["funding"] == source)


def _horizon_money(limits: Limits, options: pd.DataFrame, cost_yuan: Whole) -> Iterator[Row]:
    """Budgets for the cost within the horizon; `cost_yuan` is that of each column, shape (n_years, n_options)."""
    n_years, n = cost_yuan.shape
    if limits.budget_yuan is not None:
        yield _at_most("siting.budget_yuan", np.arange(n_years * n), limits.budget_yuan, cost_yuan.ravel())
    for source, most, paid in _paid_by(options, limits.budgets):
        columns = (np.arange(n_years)[:, None] * n + paid).ravel()
        yield _at_most(f"siting.budgets:{source}", columns, most, cost_yuan[:, paid].ravel())


def _phase_money(phases: Sequence[Phase], options: pd.DataFrame) -> Iterator[Row]:
    """Bound what each year costs: once for what opens in it, and a year's cost of all that is open.

    What opens in a year is open in it and was not the year before: ``once x (x_p - x_(p-1)) + yearly x x_p``.
    """
    n = len(options)
    once, yearly = (options[f"cost_{name}_yuan"].to_numpy(dtype=np.int64) for name in ("once", "yearly"))

    def spent(name: str, place: int, paid: Whole, most: int) -> Row:
        columns, factor = place * n + paid, once[paid] + yearly[paid]
        if place:
            columns, factor = np.concatenate([columns - n, columns]), np.concatenate([-once[paid], factor])
        return _at_most(name, columns, most, factor)

    for place, phase in enumerate(phases):
        if phase.budget_yuan is not None:
            yield spent(f"phase.budget_yuan:{phase.year}", place, np.arange(n), phase.budget_yuan)
        for source, most, paid in _paid_by(options, phase.budgets):
            yield spent(f"phase.budgets:{phase.year}:{source}", place, paid, most)


def _order(options: pd.DataFrame, n_years: int) -> Iterator[Row]:
    """Keep open what has opened: ``x_p <= x_(p+1)``."""
    n, factor = len(options), np.array([1, -1], dtype=np.int64)
    for place in range(n_years - 1):
        for option in _numbers(options["state"] == "new"):
            here = place * n + option
            yield _at_most("phase.order", np.array([here, here + n], dtype=np.int64), 0, factor)


def _as_rules(rows: Sequence[Row], n_columns: int) -> Rules:
    start = np.cumsum([0, *(len(row.columns) for row in rows)])
    none = np.empty(0, dtype=np.int64)
    columns = np.concatenate([none, *(row.columns for row in rows)])
    factor = np.concatenate([none, *(row.factor for row in rows)])
    matrix = csr_array((factor, columns, start), shape=(len(rows), n_columns))
    matrix.eliminate_zeros()
    matrix.sort_indices()
    bounds = np.array([(row.minimum, row.maximum) for row in rows], dtype=np.int64).reshape(-1, 2)
    return Rules(tuple(row.name for row in rows), matrix, bounds[:, 0].copy(), bounds[:, 1].copy())


def rules_of(
    limits: Limits,
    counts: Sequence[Count],
    options: pd.DataFrame,
    demand: pd.DataFrame,
    residents: GeoDataFrame,
    cost_yuan: Whole,
) -> Rules:
    """Write what a plan must keep, apart from its goals, as rows over the columns.

    Parameters
    ----------
    limits, counts
        What bounds the plan.
    options
        The table of `candidates.options`, numbered from 0.
    demand
        The demand table, for its districts, towns and communities.
    residents
        Demand rows whose people count for ``rules.near_people``: column people, points in EPSG:4326.
    cost_yuan
        Cost of each column, shape (n_years, n_options).

    Returns
    -------
    rules
        Named after the keys of the scenario, with the scope, source, type or year: ``phase.budgets:2026:source``.
    """
    n_years, n = cost_yuan.shape
    in_the_end = [*_counts(counts, options, demand), *_sites(limits, options), *_last_year_money(limits, options)]
    for spacing in limits.spacing:
        in_the_end += _spacing(spacing, options)
    for near in limits.near_people:
        in_the_end += _near_people(near, options, residents)
    last = (n_years - 1) * n
    rows = [replace(row, columns=row.columns + last) for row in in_the_end]
    rows += _horizon_money(limits, options, cost_yuan)
    rows += _phase_money(limits.phases, options)
    rows += _order(options, n_years)
    return _as_rules(rows, n_years * n)
