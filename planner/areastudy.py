"""Service areas on request: which sites, how far, how travelled; read, and drawn. Nothing is written."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from planner.errors import Fault, ScenarioError
from planner.inputs import read_networks, usable_sites
from planner.isochrones import service_areas
from planner.scenario import fault_at
from planner.schema import MOST_KM, MOST_MINUTES
from planner.snapping import snap_table
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from geopandas import GeoDataFrame

    from planner.inputs import Inputs
    from planner.outlines import Method
    from planner.roads import Feet, Roads
    from planner.terms import Mode

MOST = {"minutes": MOST_MINUTES, "km": MOST_KM}
"""Largest cutoffs, as in the standards of a scenario."""


class Unit(NamedTuple):
    """A unit of cutoffs: its column in tables, and how many seconds or metres it holds."""

    column: str
    size: int


UNITS = {"minutes": Unit("cutoff_s", 60), "km": Unit("cutoff_m", 1000)}
"""Units in which cutoffs are given."""

DECIMALS = 3
"""Most decimals of a cutoff."""

_NUMBER = re.compile(rf"[0-9]{{1,6}}(\.[0-9]{{1,{DECIMALS}}})?")


@dataclass(frozen=True)
class Wish:
    """What is to be drawn.

    Attributes
    ----------
    minutes, km
        Cutoffs, ascending; without any, those of the scenario's standards.
    mode, method
        How one travels, and how outlines are drawn.
    towards_site
        Whether travel runs towards the site.
    candidates
        Whether candidate sites are drawn, beside those open today.
    """

    minutes: tuple[Decimal, ...] = ()
    km: tuple[Decimal, ...] = ()
    mode: Mode = "walk"
    method: Method = "fast"
    towards_site: bool = True
    candidates: bool = False

    def of(self, unit: str) -> tuple[Decimal, ...]:
        """Cutoffs of one unit."""
        return self.minutes if unit == "minutes" else self.km


@dataclass(frozen=True, eq=False)
class Asked:
    """What is to be drawn, with all that drawing needs.

    Attributes
    ----------
    inputs, wish
        What was read, and what is wished for, with its cutoffs settled.
    roads
        The network.
    sites
        Rows of the site table that are asked for.
    """

    inputs: Inputs
    wish: Wish
    roads: Roads
    sites: GeoDataFrame

    @property
    def cutoffs(self) -> list[tuple[str, Decimal]]:
        """Units and values: minutes before km, the nearest first."""
        return [(unit, value) for unit in UNITS for value in self.wish.of(unit)]


@dataclass(frozen=True, eq=False)
class Drawn:
    """Service areas that were asked for.

    Attributes
    ----------
    asked
        What was to be drawn.
    areas
        Columns site_id, cutoff_s or cutoff_m (both where both are asked for; then one of them is empty), geometry.
    off_network
        Ids of the sites too far from any road.
    """

    asked: Asked
    areas: GeoDataFrame
    off_network: tuple[str, ...]

    def of(self, unit: str, value: Decimal) -> GeoDataFrame:
        """Areas of one cutoff."""
        column, size = UNITS[unit]
        return self.areas[self.areas[column] == float(value * size)]


def with_cutoffs(wish: Wish, minutes: str | None, km: str | None) -> Wish:
    """Add cutoffs that stand in texts.

    Parameters
    ----------
    wish
        What else is asked for.
    minutes, km
        Numbers separated by commas, such as ``5,10,15``; None for none.

    Returns
    -------
    wish
        With each cutoff once, ascending.

    Raises
    ------
    ScenarioError
        Naming every cutoff that is no plain number, or not above 0 and at most `MOST`.
    """
    found = {"minutes": _parts(minutes), "km": _parts(km)}
    faults = []
    for unit, parts in found.items():
        wrong = [part for part in parts if not (_NUMBER.fullmatch(part) and 0 < Decimal(part) <= MOST[unit])]
        if wrong:
            values = {"wrong": " ".join(f"“{part}”" for part in wrong), "most": MOST[unit], "decimals": DECIMALS}
            faults.append(Fault("bad_cutoffs", column=f"--{unit}", values=values))
    if faults:
        raise ScenarioError(*faults)
    ascending = {unit: tuple(sorted(set(map(Decimal, parts)))) for unit, parts in found.items()}
    return replace(wish, minutes=ascending["minutes"], km=ascending["km"])


def _parts(text: str | None) -> list[str]:
    return [] if text is None else [part.strip() for part in re.split("[,，、]", text)]


def _settled(inputs: Inputs, wish: Wish) -> Wish:
    """Take the cutoffs of the scenario's standards where none are asked for."""
    if wish.minutes or wish.km:
        return wish
    mine = [s for s in inputs.standards if s.metric == "road" and s.mode == wish.mode]
    minutes = tuple(sorted({s.minutes for s in mine if s.minutes is not None}))
    return replace(wish, minutes=minutes, km=tuple(sorted({s.km for s in mine if s.km is not None})))


def _nothing_to_draw(inputs: Inputs, wish: Wish, sites: GeoDataFrame) -> Iterator[Fault]:
    if not (wish.minutes or wish.km):
        mode = say(f"isochrones.{wish.mode}", inputs.scenario.language)
        yield fault_at(inputs.loaded, "no_cutoffs", ["standard"], mode=mode)
    if not len(sites):
        yield fault_at(inputs.loaded, "no_sites_open", ["sites"])


def ask(inputs: Inputs, wish: Wish, begin: Callable[[str], None]) -> Asked:
    """Settle what is to be drawn, and read the network if that of its mode is not read yet.

    Parameters
    ----------
    inputs
        The checked inputs.
    wish
        What is wished for.
    begin
        Called with the name of each step as it begins.

    Returns
    -------
    asked
        What is to be drawn.

    Raises
    ------
    ScenarioError
        If there is no cutoff, or no site to draw.
    RoadError
        If the road file holds no network of this mode.
    """
    wish = _settled(inputs, wish)
    frame = inputs.sites.frame
    mine = usable_sites(frame) if wish.candidates else frame["open_today"].to_numpy(dtype=bool)
    sites = frame[mine].reset_index(drop=True)
    faults = list(_nothing_to_draw(inputs, wish, sites))
    if faults:
        raise ScenarioError(*faults)
    networks = inputs.networks
    if wish.mode not in networks:
        begin("roads")
        networks = read_networks(inputs.loaded, [wish.mode])
    return Asked(inputs, wish, networks[wish.mode], sites)


def draw(asked: Asked, begin: Callable[[str], None]) -> Drawn:
    """Draw the service areas that are asked for.

    Parameters
    ----------
    asked
        What is to be drawn.
    begin
        Called with the name of each step as it begins.

    Returns
    -------
    drawn
        The areas.
    """
    begin("snap")
    snap_max_m = float(asked.inputs.scenario.roads.snap_max_m)
    feet = snap_table(asked.roads, asked.sites, snap_max_m=snap_max_m)
    begin("areas")
    areas = pd.concat(_areas(asked, feet), ignore_index=True)
    return Drawn(asked, areas, tuple(asked.sites.loc[feet.edge < 0, "site_id"]))


def _areas(asked: Asked, feet: Feet) -> Iterator[GeoDataFrame]:
    """Yield the areas by minutes and those by km, as far as they are asked for."""
    wish = asked.wish
    for unit, (column, size) in UNITS.items():
        if not wish.of(unit):
            continue
        cutoffs: dict[str, Any] = {column.replace("_", "s_"): [value * size for value in wish.of(unit)]}
        found = service_areas(
            asked.roads,
            asked.sites,
            towards_site=wish.towards_site,
            walk_kph=float(asked.inputs.scenario.roads.walk_kph),
            site_feet=feet,
            method=wish.method,
            **cutoffs,
        )
        yield found.astype({column: float})
