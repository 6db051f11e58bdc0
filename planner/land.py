"""What lies under the roads of a map, where the inputs have it: water of the road file, outlines of districts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely

from planner.areas import read_areas
from planner.border import border
from planner.errors import PlannerError, attempt
from planner.mapdata import Land
from planner.sourcelist import shown_path
from planner.sources import TableSource
from planner.water import water_of

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from planner.inputs import Inputs

SMALLEST_DEG2 = 2.5e-7
"""Waters smaller than this (square degrees, some 50 m by 50 m) are no mark on a map of a city."""


def land_of(inputs: Inputs) -> Land:
    """Read what lies under the roads of a scenario's map.

    Nothing is counted from it: where a file cannot be read to its end, or is not there any more, that part stays empty.

    Parameters
    ----------
    inputs
        What was read; water is in its road file, or that of its snapshot.

    Returns
    -------
    land
        Water without its smallest pieces, areas that touch made one; the named outlines of ``[areas]`` districts, else
        the outline of its towns together or of the snapshot's place, without a name.
    """
    water = attempt(lambda: water_of(Path(inputs.scenario.roads.file)))[0]
    shapes = np.empty(0, dtype=object) if water is None else merged(water)
    return Land(water=shapes, boundaries=_boundaries(inputs))


def merged(water: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return areas of water, each place in one of them only, then its lines; the smallest areas are left out."""
    if not len(water):
        return water
    flat = shapely.get_dimensions(water) == 2  # noqa: PLR2004  areas
    areas = shapely.get_parts(shapely.make_valid(water[flat]))
    areas = areas[shapely.area(areas) >= SMALLEST_DEG2]
    whole = shapely.get_parts(shapely.union_all(areas))
    return np.concatenate([whole[shapely.get_dimensions(whole) == 2], water[~flat]])  # noqa: PLR2004


def _boundaries(inputs: Inputs) -> tuple[tuple[str, Any], ...]:
    layer, loaded = inputs.scenario.areas.districts, inputs.loaded
    if layer is None:
        area = border(loaded, inputs.scenario)[0]
        return () if area is None else (("", area),)
    source = TableSource(Path(layer.file), shown_path(layer.file, loaded.folder), layer.coordinates, sheet=layer.sheet)
    try:
        found = read_areas(source, layer.name)
    except PlannerError:  # the run itself has read it, or told what is wrong with it
        return ()
    return tuple(zip(found.names, found.shapes, strict=True))
