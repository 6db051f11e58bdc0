"""Sites whose dates lie after the data date: a plan counts all its years as that day, so some may be counted wrong.

What stands on the data date stands in every year, and nothing opens but what the plan builds (design.md, 4). Where the
table itself says otherwise, the rows are named, and what to do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.errors import Fault
from planner.grammar import quoted
from planner.sources import first_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from planner.tables import Table

GRAVE = frozenset({"sites_closing", "sites_opening"})
"""Doubts that may make the figures of a plan's years wrong."""

SHOWN = 20
"""Sites of a file that one doubt names; all are counted."""


def doubted(sites: Table, date: dt.date, last_year: int) -> Table:
    """Return the sites with a doubt for every table that gives dates which a plan does not count.

    Parameters
    ----------
    sites
        The site tables, with their column open_today.
    date
        The data date.
    last_year
        The last year whose costs a plan counts.

    Returns
    -------
    sites
        With the doubts ``sites_closing`` (open on the date, closed before the last year is over), ``sites_opening``
        (opens after the date, before the last year is over) and ``candidates_dated`` (either, of a candidate: a plan
        may build there in any year), each at its first row.
    """
    return replace(sites, doubts=(*sites.doubts, *_doubts(sites, date, last_year)))


def _doubts(sites: Table, date: dt.date, last_year: int) -> Iterator[Fault]:
    found: dict[tuple[str, str], list[int]] = {}
    files, lines = sites.origin["file"].tolist(), sites.origin["row"].tolist()
    for row, code in enumerate(_codes(sites.frame, date, last_year)):
        if code:
            found.setdefault((files[row], code), []).append(row)
    for (file, code), rows in found.items():
        told = first_of([_told(sites.frame.iloc[row]) for row in rows], most=SHOWN)
        values = {"count": len(rows), "sites": told, "date": date.isoformat(), "last": last_year}
        yield Fault(code, file, row=lines[rows[0]], values=values)


def _codes(frame: pd.DataFrame, date: dt.date, last_year: int) -> Iterator[str]:
    """Yield for each row the doubt that its dates raise, empty for none."""
    for status, stands, *days in frame[["status", "open_today", "opened_on", "closed_on"]].itertuples(index=False):
        opens, closes = (not pd.isna(day) and date < day and day.year <= last_year for day in days)
        if status == "candidate":
            yield "candidates_dated" * (opens or closes)
        elif status == "existing":
            yield "sites_closing" * (stands and closes) or "sites_opening" * opens
        else:
            yield ""


def _told(site: pd.Series[Any]) -> str:
    """Id, name and dates of a site: ``s1 文化路驿站 (2026-09-01 → 2027-06-30)``."""
    opens, closes = ("" if pd.isna(day) else day.isoformat() for day in (site["opened_on"], site["closed_on"]))
    names = dict.fromkeys((quoted(site["site_id"]), quoted(site["name"])))
    return f"{' '.join(names)} ({opens} → {closes})"
