"""What candidate sites are judged by: the points of people, the sites that there are, and where nothing may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from planner.areas import read_areas, within
from planner.border import border
from planner.coverage import applies
from planner.errors import ScenarioError
from planner.exclusions import inside
from planner.gathering import nearest_of
from planner.geodesy import MM_PER_M
from planner.placing import LEVELS
from planner.scenario import fault_at
from planner.snapping import lonlat
from planner.sourcelist import places_asked

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from planner.inputs import Inputs
    from planner.schema import Scenario
    from planner.sourceschema import CandidatesSection
    from planner.standards import Standard

    Degrees = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Told = tuple[tuple[str, int | None], ...]

BESIDE_M = 1000
"""A place goes by the name of the nearest demand point only if that is no farther (metres)."""

_SPARE_MM = MM_PER_M  # every segment of a way is rounded to a millimetre


def types_of(scenario: Scenario) -> list[str]:
    """Facility types that may be built at the candidates of a scenario."""
    asked = list(dict.fromkeys(scenario.candidates.types))
    return asked or [facility.type for facility in scenario.facility if facility.build]


@dataclass(frozen=True, eq=False)
class Ground:
    """What places are judged by.

    Attributes
    ----------
    inputs
        What was read.
    people
        Demand rows with a place and with people, of every layer, by id; those at their town's point among them: they
        tell that a place is not `far` from all people and in which town it lies, and nothing that is counted or named.
    sites
        Site rows with a place.
    outline
        Where the place ends; None where nothing says. See `planner.border.border`.
    """

    inputs: Inputs
    people: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame
    outline: shapely.Geometry | None

    @property
    def section(self) -> CandidatesSection:
        """What the scenario asks for."""
        return self.inputs.scenario.candidates

    def excluded(self, lon: Degrees, lat: Degrees) -> Flags:
        """Mask of the places where nothing may be."""
        return inside(self.inputs.excluded, lon, lat)

    def far(self, lon: Degrees, lat: Degrees) -> Flags:
        """Mask of the places that could serve nobody: no road is shorter than the straight line, which is too long.

        Asked are the standards that count a type which may be built there (all, where none does), each of those whom it
        speaks of.
        """
        standards, types = self.inputs.standards, set(types_of(self.inputs.scenario))
        useful = np.zeros(len(lon), dtype=bool)
        for standard in [one for one in standards if types & set(one.served_by)] or standards:
            mine = self.people[applies(self.people, standard)]
            if len(mine):
                useful |= nearest_of(*lonlat(mine), lon, lat)[1] <= self._reach_mm(standard)
        return ~useful

    def _reach_mm(self, standard: Standard) -> float:
        """Longest straight line within a standard; of a drive, all on the fastest road that there is."""
        if standard.measure != "time":
            return standard.limit + _SPARE_MM
        return standard.limit * self.inputs.networks["drive"].fastest_mm_per_ms + _SPARE_MM

    def beyond(self, lon: Degrees, lat: Degrees) -> Flags:
        """Mask of the places beyond the border, unless the nearest people are, too: then the outline lacks a part."""
        if self.outline is None:
            return np.zeros(len(lon), dtype=bool)
        number, _ = nearest_of(*lonlat(self.people), lon, lat)
        return ~inside(self.outline, lon, lat) & inside(self.outline, *lonlat(self.people))[number]

    def beside(self, lon: Degrees, lat: Degrees) -> list[str]:
        """Name of the demand point beside each place; empty where none with a place of its own is within `BESIDE_M`."""
        named = self.people[self.people["placed"] == "own"]
        if not len(named):
            return [""] * len(lon)
        number, off_mm = nearest_of(*lonlat(named), lon, lat)
        names: list[str] = np.where(off_mm <= BESIDE_M * MM_PER_M, named["name"].to_numpy()[number], "").tolist()
        return names

    def units(self, lon: Degrees, lat: Degrees) -> pd.DataFrame:
        """District and town of each place: of the one area that it lies in, else of the nearest demand point.

        That is the nearest which has a district, and the nearest in that district which has a town, however far.

        Returns
        -------
        units
            Columns district, town, empty where nothing tells; ``units_from``: pairs of the level and how far the demand
            point is that tells it, in whole metres, None for an area.
        """
        asked = places_asked(self.inputs.loaded).areas
        found: dict[str, NDArray[np.object_]] = {}
        told: list[Told] = [()] * len(lon)
        for level in LEVELS:
            name, off_m = self._nearest_unit(level, lon, lat, found.get("district"))
            if level in asked:
                area = within(read_areas(*asked[level]), shapely.points(lon, lat)).name
                off_m[area != ""] = None
                name = np.where(area == "", name, area)
            found[level] = name
            told = [(*said, (level, away)) if one else said for said, one, away in zip(told, name, off_m, strict=True)]
        return pd.DataFrame({**found, "units_from": pd.Series(told, dtype=object)})

    def _nearest_unit(
        self, level: str, lon: Degrees, lat: Degrees, district: NDArray[np.object_] | None
    ) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
        """Name that the nearest demand point with one gives, of those in the place's district; and how far it is."""
        name, off_m = np.full(len(lon), "", dtype=object), np.full(len(lon), None, dtype=object)
        named = self.people[self.people[level] != ""]
        for part in [None] if district is None else np.unique(district).tolist():
            here = np.arange(len(lon)) if district is None else np.flatnonzero(district == part)
            mine = named if part is None else named[named["district"] == part]
            if len(mine):
                number, off_mm = nearest_of(*lonlat(mine), lon[here], lat[here])
                name[here], off_m[here] = mine[level].to_numpy()[number], off_mm // MM_PER_M
        return name, off_m


def ground_of(inputs: Inputs) -> Ground:
    """Return what the candidates of a scenario are judged by.

    Raises
    ------
    ScenarioError
        If nothing may be built, or nobody has a place.
    """
    demand, sites = inputs.demand.frame, inputs.sites.frame
    people = demand[demand.geometry.notna() & (demand["people"] > 0)].sort_values("demand_id", ignore_index=True)
    faults = []
    if not types_of(inputs.scenario):
        faults.append(fault_at(inputs.loaded, "candidates_nothing_built", ["facility", 0, "build"]))
    if not len(people):
        where = ["demand", "table" if inputs.scenario.demand.table else "totals", 0, "file"]
        faults.append(fault_at(inputs.loaded, "candidates_nobody", where))
    if faults:
        raise ScenarioError(*faults)
    outline, _ = border(inputs.loaded, inputs.scenario)
    return Ground(inputs, people, sites[sites.geometry.notna()].reset_index(drop=True), outline)
