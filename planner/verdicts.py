"""Verdicts of field checks: read from the filled-in list, and put in place of what was measured from today's outlets.

达标: the point is covered today, and so in every plan, for what stands today stays. 不达标: the outlets that stand
today do not serve it, whatever was measured; a new site counts as measured. Both are said once, in the pairs of point
and site that coverage and plan are counted from.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from planner.columns import DEMAND_COLUMNS, Column, nearest
from planner.coordinates import SYSTEMS, in_china, to_wgs84
from planner.coverage import CHECKED, applies, communities, facilities_serving, measured, serves
from planner.errors import Fault
from planner.fieldcheck import VERDICTS
from planner.geodesy import MM_PER_M, great_circle_m, great_circle_mm, to_mm
from planner.grammar import quoted
from planner.tablefaults import LeftOut
from planner.words import LANGUAGES, say

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from planner.instance import Reach
    from planner.standards import Standard
    from planner.tables import Table

SAME_PLACE_M = 1.0
"""Places so near to each other are one, written in two systems or rounded (metres)."""


def _words(key: str) -> tuple[str, ...]:
    return tuple(say(f"fieldcheck.{key}", language) for language in LANGUAGES)


_VERDICTS = {word: verdict for verdict in VERDICTS for word in (verdict, *_words(f"verdict.{verdict}"))}
_SYSTEMS = {word: system for system in SYSTEMS for word in (system, *_words(f"system.{system}"))}
_DEGREES = tuple(
    replace(column, synonyms=(*_words(f"column.{column.name}"), *column.synonyms), required=False)
    for column in DEMAND_COLUMNS
    if column.name in {"lon", "lat"}
)
CHECK_COLUMNS: tuple[Column, ...] = (
    Column("check_id", "text", "number of the line"),
    Column("demand_id", "text", "the point", _words("column.demand_id"), required=True, filled=True),
    *(Column(name, "text", name, _words(f"column.{name}")) for name in ("name", "town", "district", "checker")),
    Column("unit_code", "text", "its community", (*_words("column.unit_id"), "unit_id")),
    Column("standard", "text", "the standard", _words("column.standard"), required=True, filled=True),
    Column("verdict", "choice", "what was found", _words("column.verdict"), required=True, choices=_VERDICTS),
    *_DEGREES,
    Column("system", "choice", "what the coordinates are in", _words("column.system"), choices=_SYSTEMS),
    Column("checked_on", "date", "when", _words("column.checked_on")),
)
"""Columns of the field-check list that are read."""


@dataclass(frozen=True)
class Verdict:
    """Whether a point is 达标 (`met`) under a standard, the line that says so, and when it was found."""

    demand_id: str
    standard: str
    met: bool
    file: str
    row: int
    checked_on: dt.date | None


@dataclass(frozen=True, eq=False)
class Spot:
    """Where a field check found a point, in WGS-84, and the line that says so."""

    point: shapely.Point
    file: str
    row: int


@dataclass(frozen=True, eq=False)
class Verdicts:
    """What field checks found.

    Attributes
    ----------
    lines
        The verdicts, at most one on each point and standard.
    spots
        demand_id -> place, where the check gave one.
    faults, doubts, left_out
        What is wrong with the list, what is to be looked at, and lines that say nothing.
    overtaken
        Verdicts that are out of date, by `current`; none of `lines`.
    """

    lines: tuple[Verdict, ...] = ()
    spots: Mapping[str, Spot] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    doubts: tuple[Fault, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    overtaken: tuple[Verdict, ...] = ()


# --- reading the list --------------------------------------------------------------------------------------------


def understood(read: Table) -> Verdicts:
    """Take the verdicts and places out of a list that was read by `CHECK_COLUMNS`.

    Parameters
    ----------
    read
        The list; its points are as written, each in the system that its line names.
    """
    lines: dict[tuple[str, str], Verdict] = {}
    spots: dict[str, Spot] = {}
    faults, doubts = list[Fault](), list[Fault]()
    left_out: list[LeftOut] = []
    origin = zip(read.origin["file"].tolist(), read.origin["row"].tolist(), strict=True)
    for line, (file, row) in zip(read.frame.itertuples(index=False), origin, strict=True):
        told = {"id": quoted(line.demand_id), "standard": quoted(line.standard), "name": quoted(line.name)}
        if line.geometry is not None:
            faults += _place(line, file, row, spots)
        if line.verdict in {"met", "unmet"}:
            verdict = Verdict(line.demand_id, line.standard, line.verdict == "met", file, row, line.checked_on)
            before = lines.setdefault((line.demand_id, line.standard), verdict)
            if before is not verdict:
                faults.append(Fault("check_twice", file, row=row, values={**told, "row": before.row}))
            if not line.checker or line.checked_on is None:
                doubts.append(Fault("check_unsigned", file, row=row, values=told))
        elif line.geometry is None:
            left_out.append(LeftOut(file, row, line.demand_id, "", f"check_{line.verdict or 'open'}"))
    return Verdicts(tuple(lines.values()), spots, tuple(faults), tuple(doubts), tuple(left_out))


def _place(line: Any, file: str, row: int, spots: dict[str, Spot]) -> Iterator[Fault]:
    """Put the place that a line gives to `spots`, in WGS-84, unless it is in doubt."""
    lon, lat = line.geometry.x, line.geometry.y
    told = {"id": quoted(line.demand_id)}
    if not line.system and in_china(lon, lat):
        yield Fault("check_no_system", file, row=row, values=told)
        return
    x, y = to_wgs84([lon], [lat], line.system or "wgs84")
    spot = Spot(shapely.Point(x[0], y[0]), file, row)
    before = spots.setdefault(line.demand_id, spot)
    far_m = great_circle_m(before.point.x, before.point.y, spot.point.x, spot.point.y)
    if far_m > SAME_PLACE_M:
        yield Fault("check_two_places", file, row=row, values={**told, "row": before.row})


def unfit(found: Verdicts, demand: GeoDataFrame, sites: pd.DataFrame, standards: Sequence[Standard]) -> Iterator[Fault]:
    """Find verdicts on points or standards that there are not, and 达标 where no outlet stands that could serve.

    The latter is no fault where one that could has closed since the check: then it is out of date; see `current`.

    Parameters
    ----------
    found
        The verdicts.
    demand, sites
        The tables; sites with their column open_today.
    standards
        Standards of the scenario; none are looked at where there are none, because it has faults.
    """
    points, told = set(demand["demand_id"]), {line.demand_id for line in found.lines}
    for name, spot in found.spots.items():
        if name not in points | told:
            yield Fault("check_unknown_point", spot.file, row=spot.row, values={"id": quoted(name)})
    known = {standard.id: set(demand["demand_id"][applies(demand, standard)]) for standard in standards}
    of = {standard.id: outlets_of(sites, standard) for standard in standards}
    for line in found.lines:
        values = {"id": quoted(line.demand_id), "standard": quoted(line.standard)}
        if line.demand_id not in points:
            yield Fault("check_unknown_point", line.file, row=line.row, values=values)
        elif standards and line.standard not in known:
            near = nearest(line.standard, known) or " / ".join(known)
            yield Fault("check_unknown_standard", line.file, row=line.row, values={**values, "near": near})
        elif standards and line.demand_id not in known[line.standard]:
            yield Fault("check_not_asked", line.file, row=line.row, values=values)
        elif (
            standards
            and line.met
            and not (changed_since(line, of[line.standard]) | of[line.standard]["open_today"]).any()
        ):
            yield Fault("check_no_outlet", line.file, row=line.row, values=values)


def outlets_of(sites: pd.DataFrame, standard: Standard) -> pd.DataFrame:
    """Outlets of types that serve a standard, whether they stand today or not; candidates are none."""
    return sites[(sites["status"] == "existing") & serves(sites["type"], standard)]


def changed_since(line: Verdict, outlets: pd.DataFrame) -> NDArray[np.bool_]:
    """Mask of the outlets that changed after a check: after 达标 those that closed, after 不达标 those that opened."""
    on, stands = outlets["closed_on" if line.met else "opened_on"], outlets["open_today"].to_numpy(dtype=bool)
    after = [line.checked_on is not None and not pd.isna(date) and date > line.checked_on for date in on]
    return np.asarray(after, dtype=bool) & (stands ^ line.met)


# --- verdicts in place of what was measured ----------------------------------------------------------------------


def _of(found: Verdicts, standard: str) -> tuple[set[str], set[str]]:
    """Points that are 达标, and those that are 不达标, under a standard."""
    mine = [line for line in found.lines if line.standard == standard]
    return {line.demand_id for line in mine if line.met}, {line.demand_id for line in mine if not line.met}


def _by_standard(found: Verdicts) -> Iterator[tuple[str, set[str], set[str]]]:
    for key in sorted({line.standard for line in found.lines}):
        yield key, *_of(found, key)


def checked(demand: pd.DataFrame, standard: Standard, found: Verdicts) -> NDArray[np.bool_]:
    """Mask of the demand rows that a check decided under a standard."""
    return demand["demand_id"].isin(set().union(*_of(found, standard.id))).to_numpy(dtype=bool)


def judged(demand: pd.DataFrame, standard: Standard, found: Verdicts) -> NDArray[np.bool_]:
    """Mask of the demand rows that can be judged under a standard: measured ones, and those that a check decided."""
    return measured(demand, standard) | (applies(demand, standard) & checked(demand, standard, found))


def on_reach(
    reach: Mapping[str, Reach], found: Verdicts, demand: GeoDataFrame, sites: GeoDataFrame, standing: Mapping[str, str]
) -> dict[str, Reach]:
    """Let verdicts decide which of today's outlets serve a point.

    Parameters
    ----------
    reach
        Reach under each standard, by its id, as measured.
    found
        The verdicts.
    demand, sites
        The tables with their points; sites that are open today or may be built.
    standing
        site_id -> types open there today, joined by ``;``.

    Returns
    -------
    reach
        A point that is 不达标 has no pair with a site where an outlet stands that serves the standard. One that is 达标
        and that none was measured to reach has a pair with one of them, the nearest as the crow flies. A point without
        a place of its own that was checked counts as one that can be judged, but what was measured from its town's
        point does not count: where it is 达标 it is `Reach.held`, for nothing says which outlet serves it.
    """
    result = dict(reach)
    for key, met, unmet in _by_standard(found):
        old, serving = reach[key], serves(standing.values(), reach[key].standard)
        outlets = sorted(site for site, counts in zip(standing, serving, strict=True) if counts)
        decided = checked(demand, old.standard, found)
        placeless = set(demand["demand_id"][decided & ~measured(demand, old.standard)])
        named = demand.assign(unit_id=communities(demand, decided))
        rows = pd.DataFrame(named.loc[judged(demand, old.standard, found), list(old.rows)]).reset_index(drop=True)
        pairs, travel = (
            table[
                ~table["demand_id"].isin(placeless) & ~(table["demand_id"].isin(unmet) & table["site_id"].isin(outlets))
            ]
            for table in (old.pairs, old.travel)
        )
        reached = set(pairs["demand_id"][pairs["site_id"].isin(outlets)])
        added = _added(old.standard, demand[demand["demand_id"].isin(met - reached - placeless)], sites, outlets)
        pairs = pd.concat([pairs, added], ignore_index=True) if len(added) else pairs
        result[key] = replace(old, rows=rows, pairs=pairs, travel=travel, held=frozenset(met & placeless))
    return result


def _added(standard: Standard, points: GeoDataFrame, sites: GeoDataFrame, outlets: Sequence[str]) -> pd.DataFrame:
    """Pairs of points that are 达标 with the nearest of today's outlets, with the columns of a travel table."""
    near = sites[sites["site_id"].isin(outlets)].sort_values("site_id")
    lon, lat = near.geometry.x.to_numpy(), near.geometry.y.to_numpy()
    mode = "straight" if standard.metric == "straight" else standard.mode
    rows = []
    for name, point in zip(points["demand_id"], points.geometry, strict=True):
        far_mm = great_circle_mm(point.x, point.y, lon, lat)
        at = int(np.argmin(far_mm))
        rows.append((name, near["site_id"].iloc[at], mode, standard.measure, int(far_mm[at]) / MM_PER_M, 0.0))
    return pd.DataFrame(rows, columns=["demand_id", "site_id", "mode", "measure", "metres", "seconds"])


def on_coverage(
    table: pd.DataFrame, found: Verdicts, reach: Mapping[str, Reach], open_types: Mapping[str, str]
) -> pd.DataFrame:
    """Let verdicts decide who is covered, from the same pairs that a plan is made from.

    Parameters
    ----------
    table
        The coverage table of one state, as measured.
    found
        The verdicts.
    reach
        Reach with the verdicts in it (`on_reach`).
    open_types
        site_id -> types open there in that state.

    Returns
    -------
    coverage
        Reason ``checked`` where a verdict speaks of the row. Metres and seconds stay as measured; where a new site
        covers a point that is 不达标, they are those to the nearest new one. A point that is `Reach.held` is within
        reach of one facility.
    """
    result = table.copy()
    for key, met, unmet in _by_standard(found):
        standard = reach[key].standard
        number = pd.Series(facilities_serving(open_types.values(), standard), index=list(open_types), dtype=np.int64)
        pairs = reach[key].pairs[reach[key].pairs["demand_id"].isin(met | unmet)]
        pairs = pairs.assign(count=pairs["site_id"].map(number).fillna(0).astype(np.int64))
        pairs = pairs[pairs["count"] > 0]
        mine = ((result["standard"] == key) & result["demand_id"].isin(met | unmet)).to_numpy()
        ids = result.loc[mine, "demand_id"]
        many = ids.map(pairs.groupby("demand_id")["count"].sum()).fillna(0).astype(np.int64)
        result.loc[mine, "facilities"] = many.mask(ids.isin(reach[key].held), 1)
        result.loc[mine, "covered"] = result.loc[mine, "facilities"] > 0
        served = (mine & result["demand_id"].isin(unmet) & result["covered"]).to_numpy(dtype=bool)
        deciding = "metres" if standard.measure == "distance" else "seconds"
        order = pairs.assign(cost=to_mm(pairs[deciding].to_numpy())).sort_values(["demand_id", "cost", "site_id"])
        best = order.drop_duplicates("demand_id").set_index("demand_id").loc[result.loc[served, "demand_id"]]
        for name in ("site_id", "metres", "seconds"):
            result.loc[served, name] = best[name].to_numpy()
        result.loc[mine, "reason"] = CHECKED
    return result


def counted(found: Verdicts, demand: pd.DataFrame) -> list[dict[str, Any]]:
    """Count the verdicts of each standard, and the people that they speak of, as run.json holds them."""
    people = dict(zip(demand["demand_id"], demand["people"].tolist(), strict=True))
    told = []
    for key, met, unmet in _by_standard(found):
        figures = {"met": len(met), "met_people": sum(map(people.__getitem__, met))}
        figures |= {"unmet": len(unmet), "unmet_people": sum(map(people.__getitem__, unmet))}
        told.append({"standard": key, **figures})
    return told
