"""What the tables themselves count in each district or town, beside the official figure that their rows are given.

A run scales the people of the rows to the official figure, so a table that counts something else (another year, only
those registered, a column misread) leaves no trace in the result. Here it does.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from planner.errors import Fault
from planner.grammar import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pandas as pd

    from planner.tablefaults import Part

DIFFERS = 0.05
"""A table that is farther from the official figure than this, as a part of it, is in doubt: tables of another month or
of those registered differ a little in every town."""


def sums_beside(
    frame: pd.DataFrame, origin: pd.DataFrame, parts: Iterable[Part], records: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Set what the tables count in each unit beside its official figure.

    Parameters
    ----------
    frame, origin
        The demand table in use: columns layer, district, town; file and row of each row.
    parts
        The demand tables once more, with the people that they count themselves.
    records
        What run.json says of each table of totals; see `planner.headcount`.

    Returns
    -------
    rows
        path, unit, layer, counted, official, difference (counted less official), of each unit whose rows all have a
        figure of their own.
    """
    own = {
        (part.source.shown, part.line(at)): people
        for part in parts
        for at, people in enumerate(part.values.get("people", ()))
    }
    places = list(zip(origin["file"], origin["row"], strict=True))
    found = []
    for record in records:
        if record["spread"] != "units":
            continue
        labels = frame["district"] if record["of"] == "district" else frame["district"] + frame["town"]
        counted: defaultdict[str, list[Any]] = defaultdict(list)
        for label, layer, place in zip(labels, frame["layer"], places, strict=True):
            if layer == record["layer"] and place in own:
                counted[label].append(own[place])
        found += list(_beside(record, counted))
    return found


def _beside(record: Mapping[str, Any], counted: Mapping[str, Sequence[Any]]) -> Iterator[dict[str, Any]]:
    for unit in record["units"]:
        people = counted.get(unit["unit"], ())
        if people and all(isinstance(one, int) for one in people):
            total = sum(people)
            values = {"counted": total, "official": unit["people"], "difference": total - unit["people"]}
            yield {"path": record["path"], "unit": unit["unit"], "layer": record["layer"], **values}


def doubts(rows: Iterable[Mapping[str, Any]]) -> Iterator[Fault]:
    """Doubt units of which the tables count more than `DIFFERS` too many or too few."""
    for row in rows:
        if abs(row["difference"]) > DIFFERS * row["official"]:
            values = {"unit": quoted(row["unit"]), "counted": row["counted"], "official": row["official"]}
            yield Fault("totals_differ", row["path"], column="people", values=values)
