"""Measures a city: every site's reach once, then who is covered by whatever is open."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planner import coverage, isochrones, network, straight
from planner.columns import GROUP_PREFIX
from planner.geodesy import MM_PER_M
from planner.instance import Reach

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from planner.roads import Feet, Roads
    from planner.standards import Standard
    from planner.terms import Mode

RESIDENTS = "residents"
"""Layer of demand that figures of people speak of."""

SIMPLIFY_M = 5.0
"""Tolerance to which the outlines of a run are simplified, in metres: there may be thousands of them."""

Kind = tuple[str, str, str]
"""Mode, metric and measure: standards of one kind share a travel table."""


@dataclass(frozen=True, eq=False)
class City:
    """What is measured: networks, people, sites, and the feet of both on each network.

    Attributes
    ----------
    networks
        Roads by mode.
    demand, sites
        The tables; sites are all that are open today or may be.
    demand_feet, site_feet
        Feet by mode.
    walk_kph
        Walking speed in km/h.
    """

    networks: Mapping[Mode, Roads]
    demand: GeoDataFrame
    sites: GeoDataFrame
    demand_feet: Mapping[Mode, Feet]
    site_feet: Mapping[Mode, Feet]
    walk_kph: float


def place_city(
    networks: Mapping[Mode, Roads], demand: GeoDataFrame, sites: GeoDataFrame, *, walk_kph: float, snap_max_m: float
) -> City:
    """Snap people and sites to every network."""
    feet = [
        {mode: network.snap_table(roads, table, snap_max_m=snap_max_m) for mode, roads in networks.items()}
        for table in (demand, sites)
    ]
    return City(networks, demand, sites, feet[0], feet[1], walk_kph)


def kind_of(standard: Standard) -> Kind:
    """Kind of travel table that a standard is judged by."""
    return standard.mode, standard.metric, standard.measure


def _travel(city: City, kind: Kind, limit: int) -> pd.DataFrame:
    mode, metric, measure = kind
    cutoff = Decimal(limit) / 1000
    if metric == "straight":
        return straight.within(city.demand, city.sites, cutoff_m=float(cutoff), walk_kph=city.walk_kph)
    roads = city.networks[mode]  # type: ignore[index]
    feet = {"demand_feet": city.demand_feet[mode], "site_feet": city.site_feet[mode]}  # type: ignore[index]
    cutoffs = {"cutoff_m": cutoff} if measure == "distance" else {"cutoff_s": cutoff}
    return network.travel(roads, city.demand, city.sites, walk_kph=city.walk_kph, **cutoffs, **feet)  # type: ignore[arg-type]


def travel_tables(city: City, standards: Sequence[Standard], report: Callable[[str], None]) -> dict[Kind, pd.DataFrame]:
    """Measure the travel table of each kind of standard, up to its largest cutoff."""
    limits: dict[Kind, int] = {}
    for standard in standards:
        kind = kind_of(standard)
        limits[kind] = max(limits.get(kind, 0), standard.limit)
    found = {}
    for kind, limit in limits.items():
        report("travel")
        found[kind] = _travel(city, kind, limit)
    return found


def _nearest(city: City, standard: Standard, rows: NDArray[np.bool_], serving: NDArray[np.bool_]) -> pd.DataFrame:
    demand, sites = city.demand[rows], city.sites[serving]
    if standard.metric == "straight":
        return straight.nearest(demand, sites, walk_kph=city.walk_kph)
    return network.nearest(
        city.networks[standard.mode],
        demand,
        sites,
        measure=standard.measure,
        walk_kph=city.walk_kph,
        demand_feet=city.demand_feet[standard.mode].take(rows),
        site_feet=city.site_feet[standard.mode].take(serving),
    )


def _off_network(city: City, standard: Standard) -> frozenset[str]:
    if standard.metric == "straight":
        return frozenset()
    return frozenset(city.demand.loc[city.demand_feet[standard.mode].edge < 0, "demand_id"])


def judge(
    city: City,
    standards: Sequence[Standard],
    travel: Mapping[Kind, pd.DataFrame],
    open_types: Mapping[str, str],
    *,
    state: str,
    year: int,
) -> pd.DataFrame:
    """Judge every demand point under every standard.

    Parameters
    ----------
    city, standards, travel
        What was measured.
    open_types
        site_id -> types of the open facilities there, joined by ``;``.
    state, year
        ``today`` or ``plan``, and the year it stands for.

    Returns
    -------
    coverage
        The coverage table.
    """
    parts = []
    types = city.sites["site_id"].map(lambda site: open_types.get(site, ""))
    for standard in standards:
        number = coverage.facilities_serving(types, standard)
        serving = number > 0
        rows = coverage.applies(city.demand, standard)
        table = travel[kind_of(standard)]
        nearness = coverage.Nearness(
            travel=table[table["site_id"].isin(city.sites.loc[serving, "site_id"])],
            facilities=pd.Series(number, index=city.sites["site_id"]),
            near=_nearest(city, standard, rows, serving),
            straight=straight.nearest(city.demand[rows], city.sites[serving], walk_kph=city.walk_kph),
            off_network=_off_network(city, standard),
        )
        parts.append(coverage.assess(city.demand, standard, nearness, state=state, year=year))
    return pd.concat(parts, ignore_index=True)


def _far_m(kind: Kind, standards: Sequence[Standard], table: pd.DataFrame) -> int:
    """How far a travel table was searched, in whole metres; by time, as far as its longest path."""
    if kind[2] == "distance":
        return max(-(-standard.limit // MM_PER_M) for standard in standards if kind_of(standard) == kind)
    return int(np.ceil(table["metres"].max())) if len(table) else 0


def reaches(city: City, standards: Sequence[Standard], travel: Mapping[Kind, pd.DataFrame]) -> dict[str, Reach]:
    """Which sites reach which assessable demand points, under each standard."""
    found = {}
    groups = [name for name in city.demand.columns if name.startswith(GROUP_PREFIX)]
    nobody = np.zeros(len(city.demand), dtype=bool)
    for standard in standards:
        rows = coverage.measured(city.demand, standard)
        columns = ["demand_id", "unit_id", "district", "town", "people", *groups]
        table, demand = travel[kind_of(standard)], city.demand.assign(unit_id=coverage.communities(city.demand, nobody))
        found[standard.id] = Reach(
            standard=standard,
            rows=pd.DataFrame(demand.loc[rows, columns]).reset_index(drop=True),
            pairs=table[coverage.reached(table, standard)],
            travel=table,
            far_m=_far_m(kind_of(standard), standards, table),
        )
    return found


def people_served(
    found: Mapping[str, Reach], types: Mapping[str, str], missing: Mapping[str, set[str]] | None
) -> pd.Series:
    """People that each site serves under at least one standard; residents, where any standard speaks of them.

    Parameters
    ----------
    found
        Reach under each standard.
    types
        site_id -> types there, joined by ``;``.
    missing
        Standard id -> demand_ids to count; None counts all.

    Returns
    -------
    people
        By site_id.
    """
    parts = []
    layers = [reach.standard.layer for reach in found.values()]
    layer = RESIDENTS if RESIDENTS in layers else layers[0]
    for key, reach in found.items():
        if reach.standard.layer != layer:
            continue
        serving = {
            site for site, kinds in types.items() if not set(reach.standard.served_by).isdisjoint(kinds.split(";"))
        }
        counted = set(reach.rows["demand_id"]) if missing is None else set(reach.rows["demand_id"]) & missing[key]
        pairs = reach.pairs[reach.pairs["site_id"].isin(serving) & reach.pairs["demand_id"].isin(counted)]
        parts.append(pairs[["demand_id", "site_id"]].merge(reach.rows[["demand_id", "people"]], on="demand_id"))
    pairs = pd.concat(parts).drop_duplicates(["demand_id", "site_id"])
    return pairs.groupby("site_id")["people"].sum()


def areas(city: City, standards: Sequence[Standard], states: Mapping[str, Mapping[str, str]]) -> GeoDataFrame:
    """Draw the service areas of the open facilities under each standard, for each state.

    Parameters
    ----------
    city, standards
        What was measured.
    states
        State -> site_id -> types open there.

    Returns
    -------
    areas
        Columns standard, state, site_id, geometry. A straight-line standard has none.
    """
    parts = list(_areas(city, standards, states))
    columns = ["standard", "state", "site_id", "geometry"]
    if not parts:
        empty = city.sites.iloc[:0].assign(standard="", state="")
        return empty[columns]
    return pd.concat(parts, ignore_index=True)[columns]


def _areas(
    city: City, standards: Sequence[Standard], states: Mapping[str, Mapping[str, str]]
) -> Iterator[GeoDataFrame]:
    for standard in standards:
        if standard.metric == "straight":
            continue
        masks = {state: coverage.serving(city.sites["site_id"], opened, standard) for state, opened in states.items()}
        drawn = np.logical_or.reduce(list(masks.values()))
        name = "cutoffs_m" if standard.measure == "distance" else "cutoffs_s"
        outlines = isochrones.service_areas(
            city.networks[standard.mode],
            city.sites[drawn],
            walk_kph=city.walk_kph,
            site_feet=city.site_feet[standard.mode].take(drawn),
            simplify_m=SIMPLIFY_M,
            **{name: [standard.limit / 1000]},  # type: ignore[arg-type]
        )
        for state, mask in masks.items():
            mine = outlines[outlines["site_id"].isin(city.sites.loc[mask, "site_id"])]
            yield mine.assign(standard=standard.id, state=state)
