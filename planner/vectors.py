"""Reads a layer of points, GeoPackage, GeoJSON or Shapefile, into lines of text with two columns for the place.

Layers of other shapes keep their shapes beside the text.
"""

from __future__ import annotations

import math
import re
import warnings
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import pyproj
import shapely

from planner.companions import beside
from planner.errors import Fault, TableError
from planner.geojson import broken_features
from planner.grammar import quoted
from planner.pathfaults import unreadable
from planner.sources import LAT_OF_PLACE, LON_OF_PLACE, Sheet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from planner.sources import TableSource

# Drivers go by content: a file must be what its name says, or GDAL would follow it to wherever it points.
_BEGINNINGS = {".gpkg": b"SQLite format 3\0", ".shp": b"\x00\x00\x27\x0a"}
_ENCODINGS = ("utf-8", "gb18030")
_LARGEST = 512 * 2**20
_HAN = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
# Doubles hold whole numbers up to here; a longer code has lost its end.
_EXACT = 2**53
_AS_TEXT = {"DATE_AS_STRING": "YES", "ARRAY_AS_STRING": "YES"}
_MIDNIGHT = "T00:00:00"
_BROKEN_LAYER = (RuntimeError, ValueError, RuntimeWarning, RecursionError, shapely.errors.ShapelyError)


@dataclass(frozen=True, eq=False)
class Shapes:
    """A layer of lines, areas or points.

    Attributes
    ----------
    name
        Name of the layer, empty for a file that can hold one only.
    headers
        Names of its columns.
    cells
        Its columns as text, not yet stripped.
    shapes
        Shape of each feature in degrees, longitude first; None where it has none.
    doubts
        What was decided where the file leaves a choice.
    """

    name: str
    headers: tuple[str, ...]
    cells: tuple[list[str], ...]
    shapes: NDArray[np.object_]
    doubts: tuple[Fault, ...] = ()


def read_drawn(source: TableSource, endings: Sequence[str], *, unfit: str, empty: str) -> Shapes:
    """Read a layer that was drawn for the scenario: its file, and `read_shapes` of it.

    Parameters
    ----------
    source
        The layer.
    endings
        Files that it may be.
    unfit, empty
        Codes of the faults for another file, which has the value ``ending``, and for a layer without features.

    Raises
    ------
    TableError
        If it is another file, absent or closed, if the layer is as in `read_shapes`, or has no feature.
    """
    if source.file.suffix.lower() not in endings:
        raise TableError(Fault(unfit, source.shown, values={"ending": source.file.suffix}))
    if fault := unreadable(source.file, source.shown):
        raise TableError(fault)
    try:
        data = source.file.read_bytes()
    except FileNotFoundError:
        raise TableError(Fault("table_absent", source.shown)) from None
    except OSError as error:
        raise TableError(Fault("table_closed", source.shown, values={"reason": error.strerror or ""})) from error
    layer = read_shapes(source, data)
    if not len(layer.shapes):
        raise TableError(Fault(empty, source.shown, layer.name))
    return layer


def read_shapes(source: TableSource, data: bytes) -> Shapes:
    """Read the layer that a source names, else the only one, with shapes of any kind.

    Parameters
    ----------
    source
        The layer; its ``sheet`` is its name.
    data
        The file.

    Raises
    ------
    TableError
        If the layer is broken, absent or one of several, or its coordinate system is unknown.
    """
    try:
        name, meta, geometries, fields = _opened(source, data)
        with np.errstate(invalid="ignore"):  # coordinates that are no numbers are the caller's to refuse
            shapes = np.full(_rows(fields), None) if geometries is None else shapely.from_wkb(geometries)
        shown = _shown(source, name)
        crs = meta["crs"]
        if crs is None and source.coordinates is None:
            raise TableError(Fault("crs_unknown", source.shown, shown))
        if crs is not None:
            change = pyproj.Transformer.from_crs(crs, "OGC:CRS84", always_xy=True)
            shapes = shapely.transform(shapes, change.transform, interleaved=False)
    except pyproj.exceptions.ProjError:
        raise TableError(Fault("crs_unknown", source.shown)) from None
    except _BROKEN_LAYER as error:
        raise TableError(Fault("layer_broken", source.shown)) from error
    cells = tuple([_text(value) for value in field] for field in fields)
    headers = tuple(map(str, meta["fields"]))
    return Shapes(shown, headers, cells, shapes, _guessed(source, meta, [headers, *cells]))


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
    try:
        name, meta, geometries, fields = _opened(source, data)
        points = shapely.from_wkb(geometries) if geometries is not None else np.full(_rows(fields), None, dtype=object)
        shown = _shown(source, name)
        points = _single(points)
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
    doubts = _guessed(source, meta, [headers, *body])
    return Sheet(shown, [headers, *body], range(len(body) + 1), cut=cut, doubts=doubts)


def _opened(source: TableSource, data: bytes) -> tuple[str, dict[str, Any], Any, list[NDArray[Any]]]:
    """Read the layer that a source names: its name, what it says of itself, geometries, fields.

    Raises
    ------
    TableError
        If it is too large, absent, one of several, or broken; of a GeoJSON file with the number of each broken feature.
    """
    if len(data) > _LARGEST:
        raise TableError(Fault("table_too_large", source.shown))
    ending = source.file.suffix.lower()
    if not _is_what_it_says(ending, data):
        raise TableError(Fault("layer_broken", source.shown))
    if ending == ".shp":
        _refuse_parts(source)
    count, broken = broken_features(data) if ending == ".geojson" else (None, {})
    if broken:
        faults = (
            Fault(code, source.shown, row=row, values={name: quoted(text) for name, text in values.items()})
            for row, (code, values) in broken.items()
        )
        raise TableError(*faults)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        name = _chosen(source)
        meta, geometries, fields = _read(source, name)
    # what else GDAL cannot read it leaves out, with a warning or without one
    if ending == ".geojson" and (told or (fields and _rows(fields) != count)):
        raise TableError(Fault("layer_broken", source.shown))
    return name, meta, geometries, fields


def _shown(source: TableSource, name: str) -> str:
    """Name of a layer as faults give it: empty for a file that can hold one only."""
    return name if source.file.suffix.lower() == ".gpkg" else ""


def _guessed(source: TableSource, meta: Mapping[str, Any], texts: Sequence[Sequence[str]]) -> tuple[Fault, ...]:
    """Doubt an encoding that the file does not name, or names wrongly, where its texts are not plain ASCII."""
    if not meta["guessed"] or "".join(map("".join, texts)).isascii():
        return ()
    values = {"encoding": str(meta["guessed"]).upper(), "said": quoted(meta["said"] or "")}
    return (Fault("encoding_guessed" if meta["said"] is None else "encoding_mended", source.shown, values=values),)


def _is_what_it_says(ending: str, data: bytes) -> bool:
    if ending == ".geojson":
        return data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{" and b"Feature" in data
    # a Shapefile says how many 16-bit words it has: of one that is cut off GDAL gives features without a place
    whole = ending != ".shp" or len(data) >= 2 * int.from_bytes(data[24:28], "big")
    return whole and data.startswith(_BEGINNINGS[ending])


def _refuse_parts(source: TableSource) -> None:
    """Refuse a Shapefile that came without the files that belong to it."""
    missing = [ending for ending in (".shx", ".dbf") if beside(source.file, ending) is None]
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

    A Shapefile without .cpg does not say how its text is written: UTF-8 is tried, then GB18030. So it is where what the
    .cpg says leaves no Chinese character, while one of these makes them Chinese: programs write OEM, ISO-8859-1 or ANSI
    936 there. Texts of a GeoJSON file stay texts, also where they look like dates.
    """
    guessed = said = None
    options = _AS_TEXT if source.file.suffix.lower() == ".geojson" else {}
    if source.file.suffix.lower() == ".shp":
        content = _content_beside(source, ".cpg")
        said = None if content is None else content.decode("ascii", "replace").strip()
        encodings = _ENCODINGS if said is None else (said,)
        table = _content_beside(source, ".dbf") or b""
        fitting = [encoding for encoding in encodings if _fits(table, encoding)]
        if not fitting:
            raise TableError(Fault("layer_encoding", source.shown, values={"encodings": " / ".join(encodings)}))
        guessed = fitting[0] if said is None else None
    meta, _, geometries, fields = pyogrio.raw.read(source.file, layer=name, encoding=guessed, **options)
    if said is not None and not _HAN.search(_texts(meta, fields)) and (guessed := _chinese_by(table)):
        meta, _, geometries, fields = pyogrio.raw.read(source.file, layer=name, encoding=guessed, **options)
    return {**meta, "guessed": guessed, "said": said}, geometries, fields


def _texts(meta: Mapping[str, Any], fields: Sequence[NDArray[Any]]) -> str:
    """Join the names of the columns of a layer and its texts."""
    cells = (str(value) for field in fields if field.dtype.kind == "O" for value in field if value is not None)
    return "".join([*map(str, meta["fields"]), *cells])


def _chinese_by(table: bytes) -> str | None:
    """Return the encoding by which most of a dBASE table that is not ASCII is common Chinese; None where none is.

    Accented letters would be rare characters by GB18030, for the ASCII letters that follow them are in no GB 2312 one.
    """
    encoding = next((encoding for encoding in _ENCODINGS if _fits(table, encoding)), None)
    text = table[int.from_bytes(table[8:10], "little") :].decode(encoding) if encoding else ""
    strange = "".join(sign for sign in text if not sign.isascii())
    common = strange.encode("gb2312", "ignore").decode("gb2312")
    return encoding if 2 * len(_HAN.findall(common)) > len(strange) else None


def _content_beside(source: TableSource, ending: str) -> bytes | None:
    """Return what the file beside a Shapefile holds; None where there is none."""
    file = beside(source.file, ending)
    return None if file is None else file.read_bytes()


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


def _single(points: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return sets of one point, as many programs write all points, as that point."""
    alone = (shapely.get_type_id(points) == shapely.GeometryType.MULTIPOINT) & (shapely.get_num_geometries(points) == 1)
    return np.where(alone, shapely.get_geometry(points, 0), points)


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
        return np.datetime_as_string(value, unit="s").removesuffix(_MIDNIGHT)
    if isinstance(value, bool | np.bool_):
        return str(value).upper()
    if isinstance(value, float | np.floating):
        number = float(value)
        if not math.isfinite(number):
            return "" if math.isnan(number) else str(number)
        return str(int(number)) if number.is_integer() else format(Decimal(repr(number)), "f")
    return str(value).removesuffix(_MIDNIGHT)  # as other programs write the dates of a GeoJSON file
