"""A population raster, read within areas: what share of each cell lies in them, by exactextract.

rasterio and exactextract come with the extra ``raster``; they are imported where they are needed and nowhere else.
"""

from __future__ import annotations

import importlib.util
import math
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import shapely

from planner.errors import Fault, TableError, attempt
from planner.geodesy import great_circle_m
from planner.pathfaults import is_file, unreadable
from planner.spreading import Spots

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

PARTS_PER_PERSON = 10**6
"""Weights count millionths of a person."""

MOST_IN_CELL = 10_000_000
"""More people than any cell can hold: the raster marks places without data by such a number and does not say so."""

MOST_IN_AREA = 8_000_000_000
"""More people than an area can hold; its millionths of a person still fit 64 bits."""

STRIP_CELLS = 4_000_000
"""Cells that are held at once: a raster is read in strips of whole rows."""

_STEP_DEG = 0.005  # a straight edge in degrees is none in another projection


@dataclass(frozen=True, eq=False)
class Peopled:
    """What a raster, or the streets, say of an area.

    Attributes
    ----------
    spots
        One point for each block of cells: the centre of the cell that holds most of the area's people in it; by row
        and column of the block.
    people
        People in the area as the raster has them, cells at the border by the share of them that lies in it.
    beyond
        Whether the area reaches beyond the raster.
    """

    spots: Spots
    people: float
    beyond: bool


@dataclass(frozen=True, eq=False)
class _Cells:
    """Cells that lie in an area, in whole or in part.

    Attributes
    ----------
    row, column
        In the raster.
    people
        People in the part of the cell that lies in the area.
    held
        People in the whole cell.
    """

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    people: NDArray[np.float64]
    held: NDArray[np.float64]


def read_areas(file: Path, shown: str, areas: Mapping[str, shapely.Geometry], spacing_m: float) -> dict[str, Peopled]:
    """Read a population raster within areas.

    Parameters
    ----------
    file
        A GeoTIFF of one band in any CRS, its rows and columns along the axes, that counts people by cell.
    shown
        Its path as the user wrote it.
    areas
        Name -> polygons in WGS-84 degrees.
    spacing_m
        About how far apart the points are: cells are taken together in blocks of about this side.

    Returns
    -------
    found
        Name -> what the raster says. Masked cells, no-data, negative numbers and what is no number count as nobody.

    Raises
    ------
    TableError
        If the extra is not installed, or the file is no such raster, or more people are in it than can be.
    """
    if importlib.util.find_spec("rasterio") is None or importlib.util.find_spec("exactextract") is None:
        raise TableError(Fault("raster_extra", shown))
    if fault := unreadable(file, shown):
        raise TableError(fault)
    if not is_file(file):
        raise TableError(Fault("table_absent", shown))
    with _opened(file, shown) as raster:
        degrees = pyproj.Transformer.from_crs(raster.crs.to_wkt(), "OGC:CRS84", always_xy=True)
        block = _block(raster, degrees, spacing_m)
        found = {name: attempt(partial(_read_area, raster, degrees, area, block)) for name, area in areas.items()}
    faults = [
        Fault(fault.code, shown, values={"name": name, **fault.values}) for name in found for fault in found[name][1]
    ]
    if faults:
        raise TableError(*faults)
    return {name: peopled for name, (peopled, _) in found.items() if peopled}


@contextmanager
def _opened(file: Path, shown: str) -> Iterator[Any]:
    """Open a raster that can be used, and say so where it cannot be read to its end."""
    import rasterio  # noqa: PLC0415

    if file.with_name(f"{file.name}.msk").exists():
        raise TableError(Fault("raster_mask_apart", shown, values={"mask": f"{file.name}.msk"}))
    try:
        # the file alone counts, so that its copy says the same
        with rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"), rasterio.open(file, driver="GTiff") as raster:
            at = raster.transform
            wrong = {
                "raster_bands": raster.count != 1,
                "raster_crs": raster.crs is None,
                "raster_turned": bool(at.b or at.d) or at.a <= 0 or at.e >= 0,
            }
            faults = [Fault(code, shown, values={"bands": raster.count}) for code, found in wrong.items() if found]
            if faults:
                raise TableError(*faults)
            yield raster
    except (rasterio.errors.RasterioError, RuntimeError) as error:
        raise TableError(Fault("raster_unreadable", shown, values={"reason": error})) from error


def _block(raster: Any, degrees: pyproj.Transformer, spacing_m: float) -> tuple[int, int]:
    """Return how many rows and columns of cells come nearest to the spacing, in the middle of the raster."""
    at = raster.transform
    x, y = at.c + at.a * raster.width / 2, at.f + at.e * raster.height / 2
    lon, lat = degrees.transform([x, x, x + at.a], [y, y + at.e, y])
    sides_m = [float(great_circle_m(lon[0], lat[0], lon[at], lat[at])) for at in (1, 2)]
    rows, columns = (max(1, round(spacing_m / side)) for side in sides_m)
    return rows, columns


def _read_area(raster: Any, degrees: pyproj.Transformer, outline: shapely.Geometry, block: tuple[int, int]) -> Peopled:
    """Read one area, given in WGS-84 degrees."""

    def moved(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(degrees.transform(xy[:, 0], xy[:, 1], direction="INVERSE"))

    area = shapely.transform(shapely.segmentize(outline, _STEP_DEG), moved)
    if not np.isfinite(area.bounds).all():  # out of reach of the raster's projection
        nothing = np.empty(0)
        return Peopled(Spots(nothing, nothing, nothing.astype(np.int64)), 0.0, beyond=True)
    beyond = not shapely.covers(shapely.box(*raster.bounds), area)
    cells = _cells(raster, area)
    _refuse_crowds(raster, degrees, cells)
    most, weight = _blocks(cells, block)
    at = raster.transform
    x, y = at.c + at.a * (cells.column[most] + 0.5), at.f + at.e * (cells.row[most] + 0.5)
    lon, lat = degrees.transform(x, y)
    spots = Spots(np.asarray(lon), np.asarray(lat), weight)
    return Peopled(spots.take(np.flatnonzero(weight)), float(cells.people.sum()), beyond)


def _refuse_crowds(raster: Any, degrees: pyproj.Transformer, cells: _Cells) -> None:
    """Refuse cells that hold more people than can be, and all of them together."""
    crowded = np.flatnonzero(cells.held > MOST_IN_CELL)
    people = float(cells.people.sum())
    if len(crowded):
        at, first = raster.transform, crowded[0]
        x, y = at.c + at.a * (cells.column[first] + 0.5), at.f + at.e * (cells.row[first] + 0.5)
        lon, lat = degrees.transform(x, y)
        place = {"lon": f"{lon:.5f}", "lat": f"{lat:.5f}"}
        values = {"count": len(crowded), "people": f"{cells.held[first]:g}", **place}
        raise TableError(Fault("raster_crowded_cell", values=values))
    if people > MOST_IN_AREA:
        raise TableError(Fault("raster_crowded_area", values={"people": f"{people:g}"}))


def _blocks(cells: _Cells, block: tuple[int, int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return of each block, by row and column, the number of its heaviest cell and its weight; the first of equals."""
    row, column = cells.row // block[0], cells.column // block[1]
    order = np.lexsort((cells.column, cells.row, -cells.people, column, row))
    steps = np.diff(row[order], prepend=-1) | np.diff(column[order], prepend=-1)
    starts = np.flatnonzero(steps)
    people = np.add.reduceat(cells.people[order], starts) if len(starts) else np.empty(0)
    return order[starts], np.rint(people * PARTS_PER_PERSON).astype(np.int64)


def _cells(raster: Any, area: shapely.Geometry) -> _Cells:
    """Return the peopled cells that lie in an area, given in the raster's CRS, read strip by strip."""
    at, (west, south, east, north) = raster.transform, area.bounds
    left, right = ((x - at.c) / at.a for x in (west, east))
    top, bottom = ((y - at.f) / at.e for y in (north, south))
    first, last = max(0, math.floor(left)), min(raster.width, math.ceil(right))
    upper, lower = max(0, math.floor(top)), min(raster.height, math.ceil(bottom))
    parts = [_Cells(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0), np.empty(0))]
    if first < last:
        height = max(1, STRIP_CELLS // (last - first))
        strips = ((row, min(row + height, lower)) for row in range(upper, lower, height))
        parts += [_strip(raster, rows, (first, last), area) for rows in strips]
    names = ("row", "column", "people", "held")
    return _Cells(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _strip(raster: Any, rows: tuple[int, int], columns: tuple[int, int], area: shapely.Geometry) -> _Cells:
    """Return the peopled cells of a window that lie in an area."""
    import exactextract  # noqa: PLC0415

    read = raster.read(1, window=(rows, columns), masked=True)
    with np.errstate(over="ignore", invalid="ignore"):  # what is beyond a float is infinite, and refused
        values = np.ma.filled(read.astype(np.float64), np.nan) * raster.scales[0] + raster.offsets[0]
    values = np.where(values > 0, np.minimum(values, sys.float_info.max), 0.0)
    at = raster.transform
    source = exactextract.raster.NumPyRasterSource(
        values,
        xmin=at.c + at.a * columns[0],
        ymin=at.f + at.e * rows[1],
        xmax=at.c + at.a * columns[1],
        ymax=at.f + at.e * rows[0],
    )
    feature = {"type": "Feature", "geometry": shapely.geometry.mapping(area), "properties": {}}
    (found,) = exactextract.exact_extract(source, feature, ["cell_id", "coverage", "values"])
    cell, coverage, held = (np.asarray(found["properties"][key]) for key in ("cell_id", "coverage", "values"))
    people = held * coverage
    row, column = np.divmod(cell[people > 0].astype(np.int64), columns[1] - columns[0])
    return _Cells(row + rows[0], column + columns[0], people[people > 0], held[people > 0])
