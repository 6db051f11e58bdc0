"""Puts rows in their place: districts and towns by areas, points from tables of places, field checks and towns.

In this order: a table of places, then the places that field checks gave, then areas for what has a point, then what the
source asks for where a row still has none. What a table says itself goes before all that is found here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from planner import areas, checkedrows, overtaken, places, verdicts
from planner.columns import PLACE_COLUMNS, known_as
from planner.errors import Fault, TableError, attempt
from planner.geodesy import great_circle_m
from planner.grammar import quoted
from planner.headings import ROW_IDS
from planner.tablefaults import shortened
from planner.tables import Table, read_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from planner.areas import Areas
    from planner.places import Joined
    from planner.sources import TableSource
    from planner.standards import Standard
    from planner.verdicts import Verdicts

    Texts = NDArray[np.object_]

LEVELS = ["district", "town"]


@dataclass(frozen=True, eq=False)
class Asked:
    """What a scenario names to put rows in their place.

    Attributes
    ----------
    areas
        ``district``, ``town`` -> layer and the header of its names.
    places, verdicts
        Table of places, and the field-check list; None where there is none.
    """

    areas: Mapping[str, tuple[TableSource, str]] = field(default_factory=dict)
    places: TableSource | None = None
    verdicts: TableSource | None = None


@dataclass(frozen=True, eq=False)
class Placed:
    """Tables whose rows are in their place, as far as could be, and what field checks found."""

    demand: Table
    sites: Table
    verdicts: Verdicts


def place(demand: Table | None, sites: Table | None, asked: Asked, standards: Sequence[Standard]) -> Placed | None:
    """Put the rows of both tables in their place.

    Parameters
    ----------
    demand, sites
        The tables as read, sites with their column open_today; None where they could not be read.
    asked
        Layers and tables that help.
    standards
        Standards of the scenario, none where it has faults.

    Returns
    -------
    placed
        New tables: district and town filled from areas where the cell is empty and the point lies in one area only,
        points from places and field checks (placed = own), then at the town's point (town) or inside its area
        (spread); placed = none where there is no point. What could not be done, or contradicts the table, is among the
        doubts. None without both tables.

    Raises
    ------
    TableError
        With every fault of the layers and tables, and of what they say of the rows.
    """
    layers: dict[str, Areas] = {}
    faults: list[Fault] = []
    for level, (source, name) in asked.areas.items():
        layer, wrong = attempt(lambda source=source, name=name: areas.read_areas(source, name))  # type: ignore[misc]
        faults += wrong
        if layer is not None:
            layers[level] = layer
    spots, wrong_spots = _read(asked.places, PLACE_COLUMNS)
    checks, wrong_checks = _read(asked.verdicts, verdicts.CHECK_COLUMNS)
    faults += [*wrong_spots, *wrong_checks]
    if checks is not None and demand is not None:
        checks, others = checkedrows.rejoined(checks, demand, standards)
        faults += shortened(others)
    found = verdicts.Verdicts() if checks is None else verdicts.understood(checks)
    faults += shortened(found.faults)
    if demand is None or sites is None:
        if faults:
            raise TableError(*faults)
        return None
    joined = None if spots is None else places.join(demand.frame, demand.origin, spots.frame, spots.origin)
    unfit = verdicts.unfit(found, demand.frame, sites.frame, standards)
    faults += shortened([*(joined.faults if joined else ()), *unfit])
    if faults:
        raise TableError(*faults)
    if joined is not None and spots is not None:
        demand = _with_places(demand, spots, joined)
    if checks is not None:
        demand = _with_checks(demand, checks, found)
    mended = (doubt for layer in layers.values() for doubt in layer.doubts)
    demand = replace(demand, doubts=(*demand.doubts, *mended))
    layers = areas.with_districts(layers)
    demand, sites = (_with_areas(table, layers, together) for table, together in ((demand, "unit_id"), (sites, None)))
    demand = _with_towns(demand, layers.get("town"))
    found, doubts, left_out = overtaken.current(found, demand.frame, sites.frame, standards)
    doubts, left_out = (*demand.doubts, *shortened(doubts, "more_doubts")), (*demand.left_out, *left_out)
    return Placed(replace(demand, doubts=doubts, left_out=left_out), sites, found)


def _read(source: TableSource | None, contract: Sequence[Any]) -> tuple[Table | None, tuple[Fault, ...]]:
    """Read a table whose rows go by their lines."""
    if source is None:
        return None, ()
    return attempt(lambda: read_rows(replace(source, id=ROW_IDS), contract))


def _more(table: Table, points: Texts, doubts: Sequence[Fault], **columns: Texts) -> Table:
    """Return a table with other points and columns, and further doubts."""
    geometry = gpd.GeoSeries(points, index=table.frame.index, crs=4326)
    frame = table.frame.assign(**columns).set_geometry(geometry)
    return replace(table, frame=frame, doubts=(*table.doubts, *shortened(doubts, "more_doubts")))


def _with_read(table: Table, other: Table, left_out: Sequence[Any]) -> Table:
    """Return a table whose rows read and left out tell of another one as well."""
    return replace(
        table,
        rows_read=dict(Counter(table.rows_read) + Counter(other.rows_read)),
        left_out=(*table.left_out, *other.left_out, *left_out),
        doubts=(*table.doubts, *other.doubts),
    )


def _texts(series: pd.Series) -> Texts:
    return series.to_numpy(dtype=object, copy=True)


def _with_places(demand: Table, spots: Table, joined: Joined) -> Table:
    """Put rows at the places that were found for them."""
    points, placed = _texts(demand.frame.geometry), _texts(demand.frame["placed"])
    for row, point in joined.points.items():
        points[row], placed[row] = point, "own"
    return _more(_with_read(demand, spots, joined.left_out), points, joined.doubts, placed=placed)


def _with_checks(demand: Table, checks: Table, found: Verdicts) -> Table:
    """Put rows where a field check found them; a row that had another place moves, with a doubt."""
    frame, doubts = demand.frame, list(found.doubts)
    points, placed = _texts(frame.geometry), _texts(frame["placed"])
    rows = pd.Series(np.arange(len(frame)), index=frame["demand_id"])
    for name, spot in found.spots.items():
        row, point = int(rows[name]), spot.point
        if points[row] is not None and placed[row] == "own":
            far_m = float(great_circle_m(points[row].x, points[row].y, point.x, point.y))
            values = {"name": quoted(frame["name"].iloc[row]), "metres": f"{far_m:.0f}"}
            doubts.append(Fault("check_moved", spot.file, row=spot.row, values=values))
        points[row], placed[row] = point, "own"
    # the list that a run writes has a second sheet, which explains the first
    checks = replace(checks, doubts=tuple(doubt for doubt in checks.doubts if doubt.code != "first_sheet"))
    return _more(_with_read(demand, checks, found.left_out), points, doubts, placed=placed)


# --- districts and towns by areas --------------------------------------------------------------------------------


def _with_areas(table: Table, layers: Mapping[str, Areas], together: str | None) -> Table:
    """Fill districts and towns that the table leaves empty; rows of one `together` must agree."""
    points = _texts(table.frame.geometry)
    for level in LEVELS:
        if level in layers:
            filled, doubts = _filled(table, level, areas.within(layers[level], points), together)
            table = _more(table, points, doubts, **{level: filled})
    return table


def _filled(table: Table, level: str, within: areas.Within, together: str | None) -> tuple[Texts, list[Fault]]:
    """Values of a column with those of the areas in its empty cells, and what is to be looked at."""
    own, found = _texts(table.frame[level]), within.name
    has_place = table.frame.geometry.notna().to_numpy()
    empty = own == ""
    values = np.where(empty, found, own)
    kinds = {
        "area_several": empty & within.several,
        "area_none": empty & has_place & ~within.several & (found == ""),
        "area_disagrees": ~empty & (found != "") & (found != own),
    }
    if together is not None:
        torn = _torn(_texts(table.frame[together]), values) & empty & (found != "")
        kinds["area_splits_unit"] = torn
        values = np.where(torn, "", values)
    return values, [
        _doubt(table, code, row, level, own=quoted(own[row]), area=quoted(found[row]))
        for code, mask in kinds.items()
        for row in np.flatnonzero(mask).tolist()
    ]


def _torn(units: Texts, values: Texts) -> NDArray[np.bool_]:
    """Mask of rows whose unit has rows in several areas: a community lies in one district and one town."""
    table = pd.DataFrame({"unit": units, "value": values})
    many = table[table["value"] != ""].groupby("unit")["value"].nunique()
    return table["unit"].isin(many.index[many > 1]).to_numpy()


def _doubt(table: Table, code: str, row: int, column: str, **values: object) -> Fault:
    """Place a doubt at the line of a row."""
    origin, frame = table.origin.iloc[row], table.frame
    told = {"name": quoted(frame["name"].iloc[row]), **values}
    known = known_as(column)
    return Fault(code, origin["file"], row=int(origin["row"]), column=column, values=told, called=known)


# --- rows that still have no place -------------------------------------------------------------------------------


def _with_towns(demand: Table, layer: Areas | None) -> Table:
    """Put rows without a place at their town's point or inside its area, where their source asks for that."""
    frame, hints = demand.frame, demand.hints
    bare = frame.geometry.isna().to_numpy()
    points, placed = _texts(frame.geometry), _texts(frame["placed"])
    left = np.zeros(len(frame), dtype=bool)
    units = set(zip(*(frame.loc[frame["town"] != "", level] for level in LEVELS), strict=True))
    away = {} if layer is None else areas.elsewhere(layer, units)
    found = {} if layer is None else {**areas.matched(layer, units), **{unit: area for unit, (area, _) in away.items()}}
    doubts = []
    for way in ("town", "spread"):
        rows = np.flatnonzero(bare & (hints["unplaced"] == way).to_numpy())
        for unit, mine in _by_town(frame, rows):
            points[mine] = _points(frame, hints, mine, found.get(unit), way)
            if unit in away and (way == "spread" or hints["town_point"].iloc[mine].isna().any()):
                told = {"town": quoted("".join(unit)), "area": quoted(away[unit][1]), "count": len(mine)}
                doubts.append(_doubt(demand, "town_elsewhere", int(mine[0]), "town", **told))
        at = np.array([points[row] is not None for row in rows.tolist()], dtype=bool)
        placed[rows[at]] = way
        left[rows[~at]] = True
    nowhere = np.array([point is None for point in points], dtype=bool)
    placed = np.select([nowhere, placed == "none"], ["none", "own"], placed)
    stayed = frame.loc[left, LEVELS].assign(row=np.flatnonzero(left), way=hints["unplaced"].to_numpy()[left])
    doubts += [
        _doubt(demand, _why(str(way), town), int(rows.iloc[0]), "town", town=quoted(district + town), count=len(rows))
        for (way, district, town), rows in stayed.groupby(["way", *LEVELS], sort=False)["row"]
    ]
    return _more(demand, points, doubts, placed=placed)


def _by_town(frame: pd.DataFrame, rows: NDArray[np.int64]) -> Iterator[tuple[tuple[str, str], NDArray[np.int64]]]:
    """Take rows by their district and town: towns of one name are several."""
    keys = [frame[level].to_numpy(dtype=object)[rows] for level in LEVELS]
    for (district, town), part in pd.Series(rows).groupby(keys, sort=True):
        yield (str(district), str(town)), part.to_numpy(dtype=np.int64)


def _points(frame: pd.DataFrame, hints: pd.DataFrame, rows: NDArray[np.int64], area: Any, way: str) -> Texts:
    """Points for the rows of one town; None where nothing tells where it is."""
    found = np.full(len(rows), None, dtype=object)
    if way == "spread":
        return found if area is None else areas.spread(area, frame["demand_id"].iloc[rows].tolist())
    spare = None if area is None else areas.inner_point(area)
    known = hints["town_point"].iloc[rows].tolist()
    found[:] = [spare if point is None else point for point in known]
    return found


def _why(way: str, town: str) -> str:
    """Code of the doubt: no town is named, it is not known where the town lies, or there is no area of it."""
    if not town:
        return "unplaced_no_town"
    return "unplaced_town_unknown" if way == "town" else "unplaced_area_unknown"
