"""Reads a layer of points, GeoPackage, GeoJSON or Shapefile, into lines of text with two columns for the place."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import pyproj
import shapely

from planner.errors import Fault, TableError
from planner.sources import LAT_OF_PLACE, LON_OF_PLACE, Sheet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from planner.sources import TableSource

# Drivers go by content: a file must be what its name says, or GDAL would follow it to wherever it points.
_BEGINNINGS = {".gpkg": b"SQLite format 3\0", ".shp": b"\x00\x00\x27\x0a"}
_ENCODINGS = ("utf-8", "gb18030")
_LARGEST = 512 * 2**20
# Doubles hold whole numbers up to here; a longer code has lost its end.
_EXACT = 2**53
_BROKEN_LAYER = (RuntimeError, ValueError, RuntimeWarning, shapely.errors.ShapelyError)


def read_layer(source: TableSource, data: bytes) -> Sheet:
    """Read the layer that a source names, else the only one.

    Parameters
    ----------
    source
        The table; its ``sheet`` names the layer.
    data
        The file.

    Returns
    -------
    sheet
        The names of the columns, then the rows; lines count the features from 1. The place, in degrees, comes first.

    Raises
    ------
    TableError
        If the layer is broken, absent or one of several, its text has no known encoding, its coordinate system is
        unknown, or a feature is no point.
    """
    ending = source.file.suffix.lower()
    if len(data) > _LARGEST:
        raise TableError(Fault("table_too_large", source.shown))
    if not _is_what_it_says(ending, data):
        raise TableError(Fault("layer_broken", source.shown))
    if ending == ".shp":
        _refuse_parts(source)
    try:
        name = _chosen(source)
        meta, geometries, fields = _read(source, name)
        points = shapely.from_wkb(geometries) if geometries is not None else np.full(_rows(fields), None, dtype=object)
        shown = name if ending == ".gpkg" else ""
        faults = _not_points(source, shown, points)
        if faults:
            raise TableError(*faults)
        places = _degrees(source, shown, meta["crs"], points)
    except _BROKEN_LAYER as error:
        raise TableError(Fault("layer_broken", source.shown)) from error
    texts = [[_text(value) for value in field] for field in fields]
    cut = tuple(
        (row + 1, place + len(places))
        for place, field in enumerate(fields)
        if field.dtype.kind == "f"
        for row in np.flatnonzero(np.abs(field) >= _EXACT).tolist()
    )
    headers = [*(LON_OF_PLACE, LAT_OF_PLACE)[: len(places)], *map(str, meta["fields"])]
    body = [list(row) for row in zip(*places, *texts, strict=True)]
    guessed = Fault("encoding_guessed", source.shown, values={"encoding": str(meta["guessed"]).upper()})
    doubts = (guessed,) if meta["guessed"] and not "".join(map("".join, [headers, *body])).isascii() else ()
    return Sheet(shown, [headers, *body], range(len(body) + 1), cut=cut, doubts=doubts)


def _is_what_it_says(ending: str, data: bytes) -> bool:
    if ending == ".geojson":
        return data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{" and b"Feature" in data
    return data.startswith(_BEGINNINGS[ending])


def _refuse_parts(source: TableSource) -> None:
    """Refuse a Shapefile that came without the files that belong to it."""
    missing = [ending for ending in (".shx", ".dbf") if _beside(source, ending) is None]
    if missing:
        values = {"missing": " / ".join(source.file.stem + ending for ending in missing)}
        raise TableError(Fault("shapefile_parts", source.shown, values=values))


def _chosen(source: TableSource) -> str:
    names = [str(name) for name in pyogrio.list_layers(source.file)[:, 0]]
    shown = " / ".join(names)
    if source.file.suffix.lower() != ".gpkg":
        return names[0]
    if source.sheet is not None and source.sheet not in names:
        raise TableError(Fault("absent_layer", source.shown, values={"layer": source.sheet, "layers": shown}))
    if source.sheet is None and len(names) != 1:
        raise TableError(Fault("several_layers", source.shown, values={"layers": shown}))
    return source.sheet or names[0]


def _read(source: TableSource, name: str) -> tuple[dict[str, Any], Any, list[NDArray[Any]]]:
    """Read a layer: what it says of itself, geometries, fields.

    A Shapefile without .cpg does not say how its text is written: UTF-8 is tried, then GB18030.
    """
    guessed = None
    if source.file.suffix.lower() == ".shp":
        said = _beside(source, ".cpg")
        encodings = _ENCODINGS if said is None else (said.decode("ascii", "replace").strip(),)
        table = _beside(source, ".dbf") or b""
        fitting = [encoding for encoding in encodings if _fits(table, encoding)]
        if not fitting:
            raise TableError(Fault("layer_encoding", source.shown, values={"encodings": " / ".join(encodings)}))
        guessed = fitting[0] if said is None else None
    meta, _, geometries, fields = pyogrio.raw.read(source.file, layer=name, encoding=guessed)
    return {**meta, "guessed": guessed}, geometries, fields


def _beside(source: TableSource, ending: str) -> bytes | None:
    """Return the file beside a Shapefile with another ending; None where there is none."""
    for form in (ending, ending.upper()):
        if (file := source.file.with_suffix(form)).is_file():
            return file.read_bytes()
    return None


def _fits(table: bytes, encoding: str) -> bool:
    """Whether all text of a dBASE table is of an encoding; GDAL would only replace what is not."""
    try:
        table[int.from_bytes(table[8:10], "little") :].decode(encoding)
        for start in range(32, int.from_bytes(table[8:10], "little") - 1, 32):
            table[start : start + 11].partition(b"\0")[0].decode(encoding)
    except UnicodeDecodeError:
        return False
    except LookupError:  # a code page that only GDAL knows
        return True
    return True


def _rows(fields: Sequence[NDArray[Any]]) -> int:
    return len(fields[0]) if fields else 0


def _not_points(source: TableSource, sheet: str, points: NDArray[np.object_]) -> list[Fault]:
    """List features that are lines, areas or several points, and points without coordinates."""
    kinds = shapely.get_type_id(points)
    placed = kinds >= 0
    wrong = placed & (kinds != shapely.GeometryType.POINT)
    empty = placed & ~wrong & shapely.is_empty(points)
    full = placed & ~wrong & ~empty
    empty[full] = ~np.isfinite(shapely.get_coordinates(points[full])).all(axis=1)
    faults = [
        Fault("not_a_point", source.shown, sheet, row + 1, values={"kind": points[row].geom_type})
        for row in np.flatnonzero(wrong).tolist()
    ]
    return faults + [Fault("empty_point", source.shown, sheet, row + 1) for row in np.flatnonzero(empty).tolist()]


def _degrees(source: TableSource, sheet: str, crs: str | None, points: NDArray[np.object_]) -> list[list[str]]:
    """Return longitudes and latitudes as text, empty where a feature has no place; nothing for a layer without any."""
    placed = shapely.get_type_id(points) >= 0
    if not placed.any():
        return [[""] * len(points)] * 2 if crs else []
    if crs is None and source.coordinates is None:
        raise TableError(Fault("crs_unknown", source.shown, sheet))
    x, y = shapely.get_x(points[placed]), shapely.get_y(points[placed])
    if crs is not None:
        # longitude first in and out; degrees on WGS-84 stay the very numbers of the file
        try:
            x, y = pyproj.Transformer.from_crs(crs, "OGC:CRS84", always_xy=True).transform(x, y)
        except pyproj.exceptions.ProjError:
            raise TableError(Fault("crs_unknown", source.shown, sheet)) from None
    lon, lat = ([""] * len(points) for _ in range(2))
    for row, east, north in zip(np.flatnonzero(placed).tolist(), x, y, strict=True):
        lon[row], lat[row] = _text(float(east)), _text(float(north))
    return [lon, lat]


def _text(value: object) -> str:
    """Return the value of a field as a cell."""
    if value is None or (isinstance(value, np.datetime64) and np.isnat(value)):
        return ""
    if isinstance(value, np.datetime64):
        return np.datetime_as_string(value, unit="s").replace("T00:00:00", "")
    if isinstance(value, bool | np.bool_):
        return str(value).upper()
    if isinstance(value, float | np.floating):
        number = float(value)
        if not math.isfinite(number):
            return "" if math.isnan(number) else str(number)
        return str(int(number)) if number.is_integer() else format(Decimal(repr(number)), "f")
    return str(value)
