"""Field checks that later changes overtook: an outlet that opened or closed since, near enough to change it.

What is measured counts there instead. So it is with what a closing would overtake.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from planner.errors import Fault
from planner.geodesy import great_circle_mm
from planner.grammar import quoted
from planner.standards import in_words
from planner.tablefaults import LeftOut
from planner.verdicts import changed_since, outlets_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from geopandas import GeoDataFrame

    from planner.standards import Standard
    from planner.verdicts import Verdict, Verdicts

FASTEST_MM_PER_MS = 34
"""120 km/h, rounded up, which nobody may exceed in China: so far an outlet may be where minutes of a drive decide."""


def current(
    found: Verdicts, demand: GeoDataFrame, sites: GeoDataFrame, standards: Sequence[Standard]
) -> tuple[Verdicts, tuple[Fault, ...], tuple[LeftOut, ...]]:
    """Leave out the verdicts that are out of date: what is measured counts there instead.

    达标 is, where an outlet that served has closed since the check; 不达标, where one that serves has opened since. It
    must lie within the cutoff in a straight line, for no road is shorter; by time within what 120 km/h can cover. Of a
    point without a place of its own nobody knows how far that is: any outlet of its district counts. Where none stands
    any more that could serve, any that closed since does: what was 达标 by another one cannot hold.

    Parameters
    ----------
    found
        The verdicts.
    demand, sites
        The tables when all places are known; sites with their column open_today.
    standards
        Standards of the scenario.

    Returns
    -------
    verdicts
        With the lines that still count.
    doubts, left_out
        Of those that do not.
    """
    row_of = {name: row for row, name in enumerate(demand["demand_id"])}
    outlets = {standard.id: (standard, outlets_of(sites, standard)) for standard in standards}
    placed = {(spot.file, spot.row) for spot in found.spots.values()}
    lines, overtaken, doubts, left_out = [], [], [], []
    for line in found.lines:
        point = demand.iloc[row_of[line.demand_id]]
        changed = line.standard in outlets and _changed(line, point, *outlets[line.standard])
        if not changed:
            lines.append(line)
            continue
        overtaken.append(line)
        named = {"name": quoted(point["name"]), "standard": in_words(standards)[line.standard]}
        code = "check_closed_since" if line.met else "check_opened_since"
        doubts.append(Fault(code, line.file, row=line.row, values={**named, "site": quoted(changed[0])}))
        if (line.file, line.row) not in placed:
            left_out.append(LeftOut(line.file, line.row, line.demand_id, "", "check_outdated"))
    return replace(found, lines=tuple(lines), overtaken=tuple(overtaken)), tuple(doubts), tuple(left_out)


def _changed(line: Verdict, point: Any, standard: Standard, outlets: GeoDataFrame) -> list[str]:
    """Name those of these outlets that opened or closed after a check, and may change what was found."""
    near = outlets[changed_since(line, outlets)].sort_values("site_id")
    all_gone = line.met and not outlets["open_today"].any()
    return list(near["site_id"] if all_gone else _near(point, standard, near)["site_id"])


def _near(point: Any, standard: Standard, outlets: GeoDataFrame) -> GeoDataFrame:
    """Those of these outlets that are near enough to a point to change what a check of it found."""
    if point["placed"] == "own":
        limit_mm = standard.limit if standard.measure == "distance" else standard.limit * FASTEST_MM_PER_MS
        lon, lat = outlets.geometry.x.to_numpy(), outlets.geometry.y.to_numpy()
        return outlets[great_circle_mm(point.geometry.x, point.geometry.y, lon, lat) <= limit_mm]
    return outlets[outlets["district"].isin(["", point["district"]])] if point["district"] else outlets


def turned(
    found: Verdicts, demand: GeoDataFrame, sites: GeoDataFrame, standard: Standard, on: dt.date
) -> Iterator[tuple[str, Verdict]]:
    """Find the verdicts of which the closing of one outlet would change whether they count, as `current` decides it.

    达标 counts no more where that outlet served. 不达标 counts again where that outlet alone had opened since.

    Parameters
    ----------
    found
        The verdicts, those that are out of date among them.
    demand, sites
        The tables when all places are known; sites with their column open_today.
    standard
        The standard.
    on
        The day on which the outlet would close.

    Yields
    ------
    turned
        site_id of the outlet, and the verdict.
    """
    row_of = {name: row for row, name in enumerate(demand["demand_id"])}
    outlets = outlets_of(sites, standard)
    standing = outlets[outlets["open_today"]]
    shut = standing.assign(open_today=False, closed_on=on)
    for line in found.lines:
        if line.standard == standard.id and line.met:
            after, point = shut[changed_since(line, shut)], demand.iloc[row_of[line.demand_id]]
            # with the last outlet all are gone, and how far it was matters no more
            near = after if len(standing) == 1 else _near(point, standard, after)
            yield from ((site, line) for site in near["site_id"])
    for line in found.overtaken:
        if line.standard == standard.id and not line.met:
            opened = _changed(line, demand.iloc[row_of[line.demand_id]], standard, outlets)
            yield from ((site, line) for site in opened if len(opened) == 1)
