"""What a map of a result shows, whether on a screen or on paper."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from planner.page import Labels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from planner.pageload import Load
    from planner.roads import Roads


State = Literal["today", "plan"]
STATES: tuple[State, ...] = ("today", "plan")


@dataclass(frozen=True, kw_only=True)
class MapLabels(Labels):
    """The words that a map takes from its scenario, beside those of any page.

    Attributes
    ----------
    standard_names, site_names
        Standard id and site id -> name as printed.
    """

    standard_names: Mapping[str, str]
    site_names: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, eq=False)
class Land:
    """What lies under the roads, where the inputs have it.

    Attributes
    ----------
    water
        Areas and lines of water, in degrees of WGS-84.
    boundaries
        Outlines of districts or of the area: name (may be empty) -> areas in degrees of WGS-84.
    """

    water: NDArray[np.object_] = field(default_factory=lambda: np.empty(0, dtype=object))
    boundaries: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class MapData:
    """What a map shows.

    Attributes
    ----------
    record
        The content of ``run.json``: every figure that is printed comes from it.
    roads
        Walk network, drawn as the base map.
    demand
        Demand points (contract table). Points without a place are not drawn.
    sites
        One row per facility or candidate, as `page.site_layer` takes them.
    coverage
        Coverage table; of several years the last one is shown. Points that a standard has no row for are left out
        of its layer.
    areas
        Service areas: standard, state (``today``, ``plan``), site_id, geometry (polygons); may be empty.
    labels
        Names and footer.
    edits
        Road edits: kind, name, what (came of it), lines (packed).
    marks
        (demand_id, standard) -> what a field check found (``met``, ``unmet``), or why there should be one, as the kinds
        of `fieldcheck.listing`; such points have a dark ring and a line in their card.
    land
        What lies under the roads.
    live
        What the page carries so that an edited plan can be counted in it; None leaves the page as it was.
    """

    record: Mapping[str, Any]
    roads: Roads
    demand: GeoDataFrame
    sites: GeoDataFrame
    coverage: pd.DataFrame
    areas: GeoDataFrame
    labels: MapLabels
    edits: Sequence[Mapping[str, Any]] = ()
    marks: Mapping[tuple[str, str], str] = field(default_factory=dict)
    land: Land = field(default_factory=Land)
    live: Load | None = None


def states_of(shown: MapData) -> tuple[State, ...]:
    """Return the states that a map shows: today, and with the plan where the record has a lawful one.

    Where no plan keeps the hard rules, or none was found in time, rows of a plan could only repeat today's.
    """
    planned = shown.record.get("plan", {}).get("objective") is not None
    return STATES if planned and (shown.coverage["state"] == "plan").any() else STATES[:1]


def goals_asked(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the goals of a record that ask for something: not those of which a year asks nothing yet."""
    return [goal for goal in record.get("goals", ()) if Decimal(str(goal["target"])) > 0]


def opened_words(record: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """Say how many facilities a plan adds, and at how many places where two are added at one."""
    opened = record.get("plan", {}).get("opened", ())
    n_sites = len({row["site_id"] for row in opened})
    if n_sites == len(opened):
        return words["count"].format(n=f"{n_sites:,}")
    return words["count_at"].format(n=f"{len(opened):,}", sites=f"{n_sites:,}")
