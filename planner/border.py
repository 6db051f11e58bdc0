"""Where a scenario's place ends: the outline of its districts or towns, else the boundary that was fetched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import shapely

from planner import snapshot
from planner.areas import read_areas
from planner.boundary import read_boundary
from planner.errors import PlannerError
from planner.scenario import snapshot_of
from planner.sourcelist import shown_path
from planner.sources import TableSource

if TYPE_CHECKING:
    from planner.scenario import Loaded
    from planner.schema import Scenario


def border(loaded: Loaded, scenario: Scenario) -> tuple[shapely.Geometry | None, str]:
    """Return the area in which all points should lie, WGS-84 degrees, and the file that it is from; else None."""
    try:
        for layer in (scenario.areas.districts, scenario.areas.towns):
            if layer is not None:
                shown = shown_path(layer.file, loaded.folder)
                source = TableSource(Path(layer.file), shown, layer.coordinates, sheet=layer.sheet)
                return shapely.union_all(read_areas(source, layer.name).shapes), shown
    except PlannerError:  # who reads the areas for the run tells what is wrong with them
        return None, ""
    saved = snapshot_of(loaded.merged.get("roads"))
    area = None if saved is None else saved_border(saved)
    if saved is None or area is None:
        return None, ""
    return area, shown_path(str(saved / snapshot.BOUNDARY), loaded.folder)


def saved_border(saved: Path) -> shapely.Geometry | None:
    """Return the boundary of a snapshot; None where it is not there any more, for a run does not read it."""
    try:
        return read_boundary(saved / snapshot.BOUNDARY, "wgs84").area
    except PlannerError:
        return None
