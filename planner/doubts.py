"""What is doubtful in tables that can be read: not wrong by any rule, and likely not what was meant.

A doubt stops nothing. Each names the row that it speaks of, what is odd about it, and what may mend it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import pandas as pd
import shapely

from planner.allotment import FIGURE_FROM
from planner.coordinates import from_wgs84
from planner.density import AROUND_M, DENSE_PER_KM2, SPARSE_PER_KM2, settings_in_doubt
from planner.geodesy import MM_PER_M, great_circle_mm
from planner.grammar import quoted
from planner.snapping import lonlat, snap
from planner.vicinity import close_pairs
from planner.water import crossing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from planner.coordinates import System
    from planner.roads import Feet, Roads

    Degrees = NDArray[np.float64]
    Flags = NDArray[np.bool_]

Kind: TypeAlias = Literal["demand", "sites"]
"""Tables of people, and of sites."""

TWINS_M = 10
"""Two sites of one type nearer than this are likely one site (metres)."""

SCATTERED_M = 3000
"""Rows of one name and code farther apart than this are likely two communities, or one that stands twice: it is the
radius of the circle that one community is served in (clause J1)."""

ROWS_QUOTED = 10
"""Rows that one sentence names."""

MANY, EXAMPLES = 24, 5
"""So many rows of one kind that stand twice in one file are doubts of their own; of more, one doubt names examples."""


@dataclass(frozen=True)
class Doubt:
    """Something odd about a row of a table.

    Attributes
    ----------
    kind, row
        The table, and the number of the row among those in use.
    column
        The column of the contract that is in doubt.
    code, values
        As of a fault.
    """

    kind: Kind
    row: int
    column: str
    code: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Points:
    """The rows of a table on the map.

    Attributes
    ----------
    kind, frame
        The table as it was read.
    file, line
        File of each row as shown, and its line there.
    lon, lat
        WGS-84 degrees; NaN for a row without a place.
    own
        Which rows have a place of their own and count for something.
    feet
        Where they touch the walk network.
    """

    kind: Kind
    frame: GeoDataFrame
    file: Sequence[str]
    line: NDArray[np.int64]
    lon: Degrees
    lat: Degrees
    own: Flags
    feet: Feet

    def name(self, row: int) -> str:
        """Name of a row, as a sentence quotes it."""
        return quoted(str(self.frame["name"].iloc[row]))

    def id_of(self, row: int) -> str:
        """Id of a row."""
        return str(self.frame["demand_id" if self.kind == "demand" else "site_id"].iloc[row])


def points_of(kind: Kind, frame: GeoDataFrame, origin: pd.DataFrame, roads: Roads, snap_max_m: float) -> Points:
    """Place the rows of a table on the map, with their files and lines; a site that is excluded counts for nothing."""
    lon, lat = lonlat(frame)
    placed = np.isfinite(lon) & np.isfinite(lat)
    counts = frame["placed"] == "own" if kind == "demand" else frame["status"] != "excluded"
    own = placed & counts.to_numpy(dtype=bool)
    files, line = origin["file"].tolist(), origin["row"].to_numpy()
    return Points(kind, frame, files, line, lon, lat, own, snap(roads, lon, lat, snap_max_m=snap_max_m))


def without(points: Points, rows: Sequence[int]) -> Points:
    """Return points of which some rows have no place of their own."""
    own = points.own.copy()
    own[list(rows)] = False
    return replace(points, own=own)


# --- places ------------------------------------------------------------------------------------------------------


def far_from_roads(points: Points, snap_max_m: float) -> Iterator[Doubt]:
    """Doubt rows farther than `snap_max_m` from any road."""
    for row in np.flatnonzero(points.own & (points.feet.edge < 0)).tolist():
        metres = int(points.feet.access_mm[row]) / 1000
        values = {"name": points.name(row), "metres": f"{metres:.0f}", "limit": f"{snap_max_m:g}"}
        yield Doubt(points.kind, row, "lon", "far_from_roads", values)


def outside(points: Points, area: shapely.Geometry, least: int) -> Iterator[Doubt]:
    """Doubt rows outside an area, given in WGS-84 degrees with the tolerance already added.

    All rows of a district that lie outside, `least` at least, are one doubt: the area lacks the district.
    """
    shapely.prepare(area)
    inside = np.ones(len(points.lon), dtype=bool)
    inside[points.own] = shapely.intersects_xy(area, points.lon[points.own], points.lat[points.own])
    rows = np.flatnonzero(~inside)
    districts = points.frame["district"].to_numpy()
    within = set(districts[points.own & inside])
    count = Counter(districts[rows].tolist())
    lost = {name for name, number in count.items() if name and name not in within and number >= least}
    told: set[str] = set()
    for row in rows.tolist():
        district = str(districts[row])
        if district not in lost:
            yield Doubt(points.kind, row, "lon", "outside_boundary", {"name": points.name(row)})
        elif district not in told:
            told.add(district)
            values = {"district": quoted(district), "count": count[district]}
            yield Doubt(points.kind, row, "lon", "district_outside", values)


def placeholders(points: Points, stated: Sequence[System]) -> Iterator[Doubt]:
    """Doubt places of whole degrees, as they were written: nobody lives there by chance (36 / 116)."""
    for system in sorted(set(stated)):
        lon, lat = from_wgs84(points.lon, points.lat, system)
        whole = (np.abs(lon - np.rint(lon)) < _ROUNDING) & (np.abs(lat - np.rint(lat)) < _ROUNDING)
        mine = np.array([one == system for one in stated], dtype=bool)
        for row in np.flatnonzero(points.own & whole & mine).tolist():
            values = {"name": points.name(row), "lon": f"{lon[row]:.0f}", "lat": f"{lat[row]:.0f}"}
            yield Doubt(points.kind, row, "lon", "placeholder", values)


_ROUNDING = 1e-7


def across_water(points: Points, water: NDArray[np.object_]) -> Flags:
    """Mask of the rows between which and their road lies water."""
    on = points.own & (points.feet.edge >= 0)
    ends = (np.where(on, degrees, np.nan) for degrees in (points.feet.lon, points.feet.lat))
    return crossing(water, points.lon, points.lat, *ends)


def cut_by_water(points: Points, wet: Flags) -> Iterator[Doubt]:
    """Doubt rows of which the way to the road crosses water."""
    for row in np.flatnonzero(wet).tolist():
        values = {"name": points.name(row), "metres": f"{int(points.feet.access_mm[row]) / 1000:.0f}"}
        yield Doubt(points.kind, row, "lon", "across_water", values)


# --- what stands twice -------------------------------------------------------------------------------------------


def twice(points: Points) -> Iterator[Doubt]:
    """Doubt what stands twice."""
    if points.kind == "sites":
        found = list(same_site(points))
    else:
        found = [*same_place(points), *same_name(points), *scattered(points)]
    yield from few(points, found)


def few(points: Points, found: Sequence[Doubt]) -> Iterator[Doubt]:
    """Put more than `MANY` doubts of one code and file into one that says how many there are."""
    alike: defaultdict[tuple[str, str], list[Doubt]] = defaultdict(list)
    for doubt in found:
        alike[doubt.code, points.file[doubt.row]].append(doubt)
    for (code, file), doubts in alike.items():
        if len(doubts) <= MANY:
            yield from doubts
        else:
            names = (f"{points.line[doubt.row]} {points.name(doubt.row)}" for doubt in doubts[:EXAMPLES])
            values = {"file": file, "count": len(doubts), "examples": "; ".join(names)}
            yield Doubt(points.kind, doubts[0].row, doubts[0].column, f"{code}_many", values)


def lines_of(points: Points, rows: Sequence[int]) -> str:
    """Files and lines of some rows: ``a.csv 2, 5; b.csv 7``."""
    of_file: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows[:ROWS_QUOTED]:
        of_file[points.file[row]].append(str(points.line[row]))
    listed = "; ".join(f"{file} {', '.join(lines)}" for file, lines in of_file.items())
    return listed + (" …" if len(rows) > ROWS_QUOTED else "")


def _place(points: Points, row: int) -> dict[str, object]:
    return {"file": points.file[row], "row": int(points.line[row])}


def same_place(points: Points) -> Iterator[Doubt]:
    """Doubt residents' points at exactly one place; one doubt for each place, at its second row.

    Rows of one unit are looked up by one address (the stairs of a building) and lie at one place by right. They are
    in doubt where they agree in name, setting and people too: then a row likely stands twice.
    """
    of_many, of_one = at_one_place(points)
    units = points.frame["unit_id"].tolist()
    for rows in sorted([*of_many, *of_one]):
        second = next((row for row in rows if units[row] != units[rows[0]]), rows[1])
        values = {"first": points.name(rows[0]), "count": len(rows), "rows": lines_of(points, rows)}
        yield Doubt("demand", second, "lon", "same_place", values)


def at_one_place(points: Points) -> tuple[list[list[int]], list[list[int]]]:
    """Rows of one layer at exactly one place: of several units; and of one, alike in name, setting and people too."""
    columns = ["layer", "unit_id", "name", "setting", "people"]
    keys = points.frame[columns].reset_index(drop=True).assign(lon=points.lon, lat=points.lat)[points.own]
    units = keys["unit_id"].to_numpy()
    at = dict(zip(keys.index.tolist(), units.tolist(), strict=True))
    places = list(_groups(keys, ["lon", "lat", "layer"]))
    of_many = [rows for rows in places if len({at[row] for row in rows}) > 1]
    same = keys.drop(index=[row for rows in of_many for row in rows])
    return of_many, list(_groups(same, [*columns, "lon", "lat"]))


def same_name(points: Points) -> Iterator[Doubt]:
    """Doubt units of one name in one town: two codes for one name, or one unit without a place that stands twice.

    Several points of one unit (its buildings) may share its name; so may villages of two towns.
    """
    frame = points.frame.reset_index(drop=True)
    keys = frame[["layer", "district", "town", "name", "unit_id", "setting"]].astype(str)
    named = keys[(keys["name"] != "") & (keys["town"] != "")]
    for rows in _groups(named.drop_duplicates(["layer", "district", "town", "name", "unit_id"]), _NAMED):
        values = {"name": points.name(rows[0]), "count": len(rows), "rows": lines_of(points, rows)}
        yield Doubt("demand", rows[1], "name", "same_name", values)
    for rows in _groups(keys[~points.own], [*_NAMED, "unit_id", "setting"]):
        values = {"name": points.name(rows[0]), "count": len(rows), "rows": lines_of(points, rows)}
        yield Doubt("demand", rows[1], "name", "same_unit", values)


_NAMED = ["layer", "district", "town", "name"]
_UNIT = ["layer", "name", "unit_id"]


def scattered(points: Points) -> Iterator[Doubt]:
    """Doubt rows of one name and code at several places: the people of one community may stand there twice."""
    for _, rows in apart(points).groupby(_UNIT, sort=False):
        second, named = int(rows["row"].iloc[0]), sorted([int(rows["first"].iloc[0]), *rows["row"].tolist()])
        values = {"name": points.name(second), "count": len(named), "rows": lines_of(points, named)}
        values |= {"metres": int(rows["metres"].max()), "people": int(rows["people"].sum())}
        yield Doubt("demand", second, "name", "unit_scattered", values)


def apart(points: Points) -> pd.DataFrame:
    """Find the rows of one name and code, at several places, that may count people of their unit once more.

    Parts of a community (its buildings) may share its name. The first of its unit, wherever it stands in the table, is
    the row of most people (of equals by place and id). In doubt is a row that lies more than `SCATTERED_M` from it; and
    of two rows alone the second, where both count the same people, but not where these are parts of an official total
    that was shared out alike.
    """
    frame = points.frame.reset_index(drop=True)
    shared = (frame[FIGURE_FROM] == "shared").to_numpy() if FIGURE_FROM in frame else np.zeros(len(frame), dtype=bool)
    columns = [*_UNIT, "people", "demand_id"]
    keys = frame[columns].assign(lon=points.lon, lat=points.lat, row=frame.index, shared=shared)[points.own]
    keys = keys[keys.duplicated(_UNIT, keep=False)]
    keys = keys.sort_values(["people", "lon", "lat", "demand_id"], ascending=[False, True, True, True])
    units = keys.groupby(_UNIT, sort=False)
    first, size = units[["lon", "lat", "people", "row"]].transform("first"), units["row"].transform("size")
    metres = great_circle_mm(first["lon"], first["lat"], keys["lon"], keys["lat"]) // MM_PER_M
    elsewhere = (keys["lon"] != first["lon"]) | (keys["lat"] != first["lat"])
    again = (size == 2) & (keys["people"] == first["people"]) & (keys["people"] > 0) & ~keys["shared"]  # noqa: PLR2004
    found: pd.DataFrame = keys.assign(metres=metres, first=first["row"])[elsewhere & (again | (metres > SCATTERED_M))]
    return found.sort_index()


def _groups(keys: pd.DataFrame, by: list[str]) -> Iterator[list[int]]:
    """Rows that agree in some columns, two at least, each group ascending."""
    twice = keys[keys.duplicated(by, keep=False)]
    groups = twice.groupby(by, sort=False).indices.values()
    found = [sorted(twice.index[members].tolist()) for members in groups]
    yield from sorted(found)


def same_site(points: Points) -> Iterator[Doubt]:
    """Doubt sites that share a type and lie at most `TWINS_M` apart, or have one name in one district (and town)."""
    frame, rows = points.frame, np.flatnonzero(points.own)
    kinds = [frozenset(text.split(";")) for text in frame["type"]]
    places = pd.DataFrame({"lon": points.lon, "lat": points.lat, "type": frame["type"].to_numpy()}).iloc[rows]
    twins = [(group[0], other) for group in _groups(places, ["lon", "lat", "type"]) for other in group[1:]]
    # of many sites at one place the first alone is held against the others: pairs of all would be too many
    alone = places.drop_duplicates().index.to_numpy()
    first, second = close_pairs(points.lon[alone], points.lat[alone], TWINS_M * 1000)
    twins += zip(alone[first].tolist(), alone[second].tolist(), strict=True)
    told: set[int] = set()
    for one, other in sorted(twins):
        if kinds[one] & kinds[other] and other not in told:
            told.add(other)
            metres = int(great_circle_mm(points.lon[one], points.lat[one], points.lon[other], points.lat[other]))
            values = {"name": points.name(other), "other": points.name(one), **_place(points, one)}
            yield Doubt("sites", other, "lon", "same_site_place", {**values, "metres": f"{metres / 1000:.0f}"})
    for one, other in _namesakes(points, kinds):
        if other not in told:
            values = {"name": points.name(other), **_place(points, one)}
            yield Doubt("sites", other, "name", "same_site_name", values)


def _namesakes(points: Points, kinds: Sequence[frozenset[str]]) -> Iterator[tuple[int, int]]:
    """Sites with the first one before them of their name, district and type; a site without a town may be of any."""
    names, districts, towns = (points.frame[key].astype(str).tolist() for key in ("name", "district", "town"))
    of_town: dict[tuple[str, str, str, str], int] = {}
    of_district: dict[tuple[str, str, str], int] = {}
    for row in np.flatnonzero(points.own).tolist():
        if not names[row]:
            continue
        alike = [(names[row], districts[row], kind) for kind in kinds[row]]
        if towns[row]:
            before = [of_town.get((*key, town)) for key in alike for town in (towns[row], "")]
        else:
            before = [of_district.get(key) for key in alike]
        earlier = [one for one in before if one is not None]
        if earlier:
            yield min(earlier), row
        for key in alike:
            of_town.setdefault((*key, towns[row]), row)
            of_district.setdefault(key, row)


# --- people ------------------------------------------------------------------------------------------------------


def settings(points: Points) -> Iterator[Doubt]:
    """Doubt settings that disagree with how densely people live; see `planner.density.settings_in_doubt`.

    One doubt for each community, at its first row in question.
    """
    per_km2, dense, sparse = settings_in_doubt(points.frame, points.own)
    units = points.frame["unit_id"].astype(str).to_numpy()
    for code, rows, limit in (("dense_rural", dense, DENSE_PER_KM2), ("sparse_urban", sparse, SPARSE_PER_KM2)):
        found = pd.Series(np.flatnonzero(rows)).groupby(units[rows], sort=False)
        for row, count in zip(found.first().tolist(), found.size().tolist(), strict=True):
            values = {"name": points.name(row), "density": int(per_km2[row]), "limit": limit, "metres": AROUND_M}
            yield Doubt("demand", row, "setting", code, {**values, "count": count})
