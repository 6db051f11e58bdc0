"""Reads a layer of road what-ifs: what is to be closed, added, slowed, made one-way or opened, and where.

What a line drawn along a road means is not decided here but on the network, in `planner.rerouting`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import shapely

from planner.columns import Column, called
from planner.coordinates import in_china, to_wgs84
from planner.errors import Fault, TableError
from planner.grammar import Wrong, holds_id_number, quoted, read_cell
from planner.matching import match_headers
from planner.nearheaders import near_headers
from planner.osmways import takes
from planner.sources import strip_all
from planner.speeds import CLASS_KPH, FASTEST_KPH, OTHER, SLOWEST_KPH
from planner.terms import Mode
from planner.vectors import Shapes, read_drawn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from planner.matching import Matching
    from planner.sources import TableSource

EditKind = Literal["close", "add", "slow", "one_way", "entrance"]
"""What an edit does."""

ENDINGS = (".gpkg", ".geojson")
"""Files that a layer of edits is read from."""

MODES: tuple[Mode, ...] = get_args(Mode)

_FOOTWAYS = ("footway", "path", "pedestrian", "steps", "track", "service", "bridleway", "corridor")
_CLASSES = tuple(name for name in CLASS_KPH if name != OTHER) + _FOOTWAYS
_KINDS: Mapping[str, str] = {
    **dict.fromkeys(("关闭", "close"), "close"),
    **dict.fromkeys(("新增", "add"), "add"),
    **dict.fromkeys(("限速", "slow"), "slow"),
    **dict.fromkeys(("单行", "one-way"), "one_way"),
    **dict.fromkeys(("出入口", "entrance"), "entrance"),
}
_MODE_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("步行", "walk"), "walk"),
    **dict.fromkeys(("驾车", "drive"), "drive"),
    **dict.fromkeys(("步行和驾车", "both"), "both"),
}
EDIT_COLUMNS: tuple[Column, ...] = (
    Column("edit", "choice", "what is done", ("改动", "改动类型"), required=True, filled=True, choices=_KINDS),
    Column("kph", "text", "speed in km/h, of slow and add", ("时速", "限速", "速度")),
    Column("class", "choice", "highway class of a new road", ("道路等级", "highway"),
           choices={name: name for name in _CLASSES}),
    Column("mode", "choice", "whom it concerns", ("出行方式", "交通方式", "方式"), choices=_MODE_WORDS),
    Column("way_id", "text", "the way of the road file that is meant", ("道路编号", "osm_id", "osm_way_id")),
    Column("name", "text", "name", ("名称", "路名")),
    Column("note", "text", "note", ("备注", "说明")),
)  # fmt: skip

_KPH = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,3})?", re.ASCII)
_WAY_ID = re.compile(r"[0-9]{1,18}", re.ASCII)
_LEAST_VERTICES = 2


@dataclass(frozen=True, eq=False)
class Edit:
    """One change of the roads.

    Attributes
    ----------
    number
        Feature of the layer, 1 for the first one.
    kind
        What is done.
    modes
        Networks that it concerns.
    kph
        Speed in km/h of a road that is slowed, or that is new and driven on; None where its class tells.
    highway
        Class of a new road; empty where none is given.
    way_id
        The way of the road file that is meant; None where the line alone tells.
    name, note
        As written.
    lon, lat
        Vertices in WGS-84 degrees: of a line, of one point, or none where the whole way is meant.
    """

    number: int
    kind: EditKind
    modes: tuple[Mode, ...]
    kph: float | None
    highway: str
    way_id: int | None
    name: str
    note: str
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Edits:
    """All edits of a layer, the names of its file and of itself, for faults, and what is doubtful in its header."""

    shown: str
    sheet: str
    rows: tuple[Edit, ...]
    doubts: tuple[Fault, ...] = ()

    def fault(self, code: str, edit: Edit, column: str = "", **values: object) -> Fault:
        """Make a fault that stands at an edit."""
        return Fault(code, self.shown, self.sheet, edit.number, column, values)


def read_edits(source: TableSource) -> Edits:
    """Read a layer of edits.

    Parameters
    ----------
    source
        A GeoPackage or GeoJSON. Columns as in `EDIT_COLUMNS`; lines, and points for entrances. `coordinates` says in
        which system they are drawn; in China it must.

    Returns
    -------
    edits
        One for each feature, in the order of the layer.

    Raises
    ------
    TableError
        With every fault of every feature: a word or number outside of the grammar, a speed that is missing, a way that
        nobody walks or drives on, a shape of the wrong kind, broken or missing; or because the layer is empty, has no
        column ``edit``, or cannot be read.
    """
    layer = read_drawn(source, ENDINGS, unfit="edits_ending", empty="edits_empty")
    count = len(layer.shapes)
    known = match_headers(layer.headers, EDIT_COLUMNS, {})
    cells, faults = _columns(source, layer, known)
    rows = []
    for at in range(count):
        edit, wrong = _edit(at + 1, {name: column[at] for name, column in cells.items()}, layer.shapes[at])
        faults += [Fault(w.code, source.shown, layer.name, at + 1, column, w.values) for column, w in wrong]
        rows.append(edit)
    lon, lat = (np.concatenate([getattr(edit, name) for edit in rows]) for name in ("lon", "lat"))
    if source.coordinates is None and (inside := int(in_china(lon, lat).sum())):
        faults.append(Fault("no_coordinates", source.shown, layer.name, values={"count": inside}))
    if faults:
        raise TableError(*faults)
    spare = [layer.headers[at] for at in known.rest.values()]
    doubts = tuple(
        Fault("edit_header_near", source.shown, layer.name, column=header, values={"called": called(column)})
        for header, column in near_headers(spare, EDIT_COLUMNS, known.place)
    )
    return Edits(source.shown, layer.name, tuple(_in_wgs84(edit, source) for edit in rows), doubts)


def _columns(source: TableSource, layer: Shapes, matching: Matching) -> tuple[dict[str, tuple[str, ...]], list[Fault]]:
    """Cells of each column of the contract, empty where the layer has none."""
    faults = [Fault(w.code, source.shown, layer.name, None, header, w.values) for header, w in matching.wrong]
    if "edit" not in matching.place:
        values = {"headers": " / ".join(map(quoted, layer.headers)) or "—"}
        raise TableError(*faults, Fault("edits_no_column", source.shown, layer.name, column="edit", values=values))
    for header, column in zip(layer.headers, layer.cells, strict=True):
        rows = [at + 1 for at, cell in enumerate(column) if holds_id_number(cell)]
        faults += [Fault("personal_id", source.shown, layer.name, row, header) for row in rows]
    blank = ("",) * len(layer.shapes)
    place = matching.place
    return {c.name: strip_all(layer.cells[place[c.name]]) if c.name in place else blank for c in EDIT_COLUMNS}, faults


def _edit(number: int, cells: Mapping[str, str], shape: Any) -> tuple[Edit, list[tuple[str, Wrong]]]:
    """Read a feature as far as it can be read, and say what is wrong with it, by column."""
    wrong: list[tuple[str, Wrong]] = []

    def keep(column: str, value: Any, spare: Any) -> Any:
        if isinstance(value, Wrong):
            wrong.append((column, value))
            return spare
        return value

    read = {c.name: read_cell(c, cells[c.name]) for c in EDIT_COLUMNS if c.kind == "choice"}
    kind = keep("edit", read["edit"] or Wrong("cell_empty"), "close")
    highway, mode = keep("class", read["class"], ""), keep("mode", read["mode"], "")
    way_id = keep("way_id", _whole(cells["way_id"]), None)
    if not wrong:
        modes = keep("class" if highway and not mode else "mode", _modes(kind, mode, highway), ())
        kph = keep("kph", _speed(kind, cells["kph"], modes, highway), None)
    else:
        modes, kph = (), None
    vertices = keep("geometry", _vertices(kind, shape, named=way_id is not None), np.empty((0, 2)))
    name, note = cells["name"], cells["note"]
    lon, lat = vertices[:, 0], vertices[:, 1]
    return Edit(number, kind, modes, kph, highway, way_id, name, note, lon, lat), wrong


def _whole(text: str) -> int | Wrong | None:
    if not text:
        return None
    return int(text) if _WAY_ID.fullmatch(text) else Wrong("edit_way_id", {"text": quoted(text)})


def _modes(kind: str, mode: str, highway: str) -> tuple[Mode, ...] | Wrong:
    """Networks that an edit concerns: a speed and a direction are of drivers, an entrance is of walkers."""
    if kind in ("slow", "one_way"):
        return Wrong("edit_drive_only") if mode == "walk" else ("drive",)
    if kind == "entrance":
        return Wrong("edit_walk_only") if mode in ("drive", "both") else ("walk",)
    asked: tuple[Mode, ...] = tuple(m for m in MODES if mode in ("", "both", m))
    if kind != "add" or not highway:
        return asked
    open_to = tuple(m for m in asked if takes({"highway": highway}, m))
    return open_to if open_to and (not mode or open_to == asked) else Wrong("edit_class_mode", {"class": highway})


def _speed(kind: str, text: str, modes: tuple[Mode, ...], highway: str) -> float | Wrong | None:
    """Return the speed of an edit that needs one: a new road has that of its class where none is written."""
    driven = kind == "slow" or (kind == "add" and "drive" in modes)
    if text:
        number = float(text) if _KPH.fullmatch(text) else 0.0
        values = {"text": quoted(text), "least": SLOWEST_KPH, "most": FASTEST_KPH}
        return number if SLOWEST_KPH <= number <= FASTEST_KPH else Wrong("edit_kph", values)
    return Wrong("edit_kph_missing") if driven and (kind == "slow" or not highway) else None


def _vertices(kind: str, shape: Any, *, named: bool) -> NDArray[np.float64] | Wrong:
    """Vertices of a shape, as drawn, each run of equal ones once; none where a way is named and nothing is drawn."""
    if shape is None or shapely.is_empty(shape):
        whole_way = named and kind in ("close", "slow")
        return np.empty((0, 2)) if whole_way else Wrong("edit_no_shape")
    parts = shapely.get_parts(shape)
    lines = {"LineString", "MultiLineString", "LinearRing"}
    known = lines | {"Point", "MultiPoint"} if kind == "entrance" else lines
    if shape.geom_type not in known:
        return Wrong("edit_shape_entrance" if kind == "entrance" else "edit_shape", {"kind": shape.geom_type})
    if len(parts) != 1:
        return Wrong("edit_parts", {"count": len(parts)})
    vertices = shapely.get_coordinates(parts[0])
    if not np.isfinite(vertices).all():
        return Wrong("edit_not_finite")
    vertices = vertices[np.append(True, (np.diff(vertices, axis=0) != 0).any(axis=1))]
    point = parts[0].geom_type == "Point"
    return vertices if point or len(vertices) >= _LEAST_VERTICES else Wrong("edit_no_length")


def _in_wgs84(edit: Edit, source: TableSource) -> Edit:
    lon, lat = to_wgs84(edit.lon, edit.lat, source.coordinates or "wgs84")
    return Edit(**{**vars(edit), "lon": lon, "lat": lat})
