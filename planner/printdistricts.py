"""Shares of people covered by district, in the legend of the large map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planner.figures import percent
from planner.papermaps import GREY
from planner.printlabels import plain, shortened, width

if TYPE_CHECKING:
    from planner.printlegend import Column
    from planner.printscene import Scene

SHOWN = 16
"""Districts that are written; of more, those with most people."""

_SIZE = 6.6
_STEP = 9.2
_HEADING = 24.0


def district_shares(column: Column, shared: Scene, spare: float) -> None:
    """Write, under the deciding standards together, the share of people covered in each district, two across.

    Nothing where the record tells of one district or none, or where the room that is to spare (points) does not hold
    them: the planned sites, which stand on the map with a number alone, go before.
    """
    figures = shared.shown.record.get("effect", {}).get("figures", ())
    rows = {
        (row["scope"], row["state"]): row
        for row in figures
        if row["level"] == "district" and row["scope"] and row["people"]
        if not (row["standard"] or row["group"] or row["variant"])
    }
    people = {scope: row["people"] for (scope, state), row in rows.items() if state == "today"}
    names = sorted(people, key=lambda name: (-people[name], name))
    lines = -(-min(len(names), SHOWN) // 2) + (len(names) > SHOWN)
    if len(names) < 2 or lines * _STEP + _HEADING > spare:  # noqa: PLR2004
        return
    words = shared.words
    column.heading(words["districts_heading"])
    wide, top = (column.right - column.left) / 2, column.y
    for place, name in enumerate(names[:SHOWN]):
        x, y = column.left + place % 2 * wide, top - (place // 2 + 1) * _STEP
        right = x + wide - (8 if place % 2 == 0 else 0)
        printed = {
            state: percent(rows[name, state]["covered"], rows[name, state]["people"])
            for state in shared.states
            if (name, state) in rows
        }
        value = words["rate" if len(printed) > 1 else "rate_today"].format(**printed)
        room = right - x - width(value, _SIZE) - 5
        column.paper.text(x, y, shortened(plain(name), _SIZE, room), _SIZE, GREY)
        column.paper.text(right, y, value, _SIZE, align="right")
    column.y = top - -(-min(len(names), SHOWN) // 2) * _STEP
    if len(names) > SHOWN:
        column.lines(words["districts_more"].format(n=len(names) - SHOWN), GREY)
