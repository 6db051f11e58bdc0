"""Field checks that an edit of the plan may overtake, as the live map carries them; the others stand in the points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planner.coverage import measured, serves
from planner.livepoints import COUNTS, HELD, MET, NO_UNIT, PLACELESS, UNJUDGED, UNMET
from planner.overtaken import FASTEST_MM_PER_MS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planner.livepoints import Points
    from planner.study import Study


def checks_of(studied: Study, points: Points, numbers: Mapping[str, int]) -> dict[str, Any]:
    """Return what is needed to find which field checks are out of date under an edit, as `overtaken.current` does.

    Parameters
    ----------
    studied
        The study.
    points
        Its points, in the order of the page.
    numbers
        site_id -> number of a site in the page; outlets that stand no longer have none.

    Returns
    -------
    checks
        ``outlets`` that have opened or closed after one of the checks, or would if an edit closed them: ``site`` (None:
        it stands no longer), ``lon``, ``lat``, ``district``, ``opened``, ``closed`` (ISO dates, "" for none; of those
        that stand the data date, on which an edit closes them) and the numbers of the ``standards`` that it serves.
        ``lines``: number of the ``standard`` and the ``point``, ``day`` of the check, ``met``, whether the point has a
        place of its ``own``, its ``code`` with the check and as ``measured``. Checks that nothing could overtake are
        not among them. ``fastest_mm_per_ms``: so far an outlet may be where minutes decide.
    """
    outlets = list(_outlets(studied, numbers))
    lines = [
        line for number in range(len(studied.inputs.standards)) for line in _lines(studied, points, number, outlets)
    ]
    first = {way: min((line["day"] for line in lines if line["met"] is way), default="9999") for way in (True, False)}
    told = [outlet for outlet in outlets if any(_day(outlet, met=way) > first[way] for way in first)]
    return {"outlets": told, "lines": lines, "fastest_mm_per_ms": FASTEST_MM_PER_MS}


def _outlets(studied: Study, numbers: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """Yield the outlets that stand or have a date; candidates are none."""
    frame, today = studied.inputs.sites.frame, studied.inputs.scenario.data_date.isoformat()
    serving = [serves(frame["type"], standard) for standard in studied.inputs.standards]
    for row in np.flatnonzero((frame["status"] == "existing").to_numpy()).tolist():
        site = frame.iloc[row]
        opened, closed = ("" if pd.isna(day) else day.isoformat() for day in (site["opened_on"], site["closed_on"]))
        stands = bool(site["open_today"])
        if opened or closed or stands:
            place = site["geometry"]
            yield {
                "site": numbers[site["site_id"]] if stands else None,
                "lon": place.x,
                "lat": place.y,
                "district": site["district"],
                "opened": opened,
                "closed": today if stands else closed,
                "standards": [number for number, mask in enumerate(serving) if mask[row]],
            }


def _day(outlet: Mapping[str, Any], *, met: bool) -> str:
    """When an outlet did what may overtake 达标: it closed; or 不达标: it opened, and stands. Else nothing."""
    return str(outlet["closed"] if met else "" if outlet["site"] is None else outlet["opened"])


def _lines(
    studied: Study, points: Points, number: int, outlets: Sequence[Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Yield the verdicts under a standard that one of the outlets may overtake, whether they count today or not."""
    table, standard = points.table, studied.inputs.standards[number]
    able, placed = measured(table, standard), table["placed"].to_numpy()
    mine = [outlet for outlet in outlets if number in outlet["standards"]]
    last = {met: max((_day(outlet, met=met) for outlet in mine), default="") for met in (True, False)}
    rows = {name: row for row, name in enumerate(table["demand_id"])}
    found = studied.inputs.verdicts
    for verdict in sorted((*found.lines, *found.overtaken), key=lambda line: rows.get(line.demand_id, -1)):
        day = "" if verdict.checked_on is None else verdict.checked_on.isoformat()
        if verdict.standard == standard.id and day and last[verdict.met] > day:
            row = rows[verdict.demand_id]
            with_it = MET if verdict.met else UNMET
            yield {
                "standard": number,
                "point": row,
                "day": day,
                "met": verdict.met,
                "own": bool(placed[row] == "own"),
                "code": COUNTS | (with_it if able[row] else with_it | PLACELESS | (HELD if verdict.met else 0)),
                "measured": (COUNTS if able[row] else UNJUDGED) | (NO_UNIT if placed[row] == "spread" else 0),
            }
