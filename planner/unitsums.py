"""What the tables themselves count in each unit, beside the official figure that their rows are given.

A run scales the people of the rows to the official figure, so a table that counts something else (another year, only
those registered, a column misread) leaves no trace in the people of the rows. Here it does.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from planner.columns import GROUP_PREFIX
from planner.errors import Fault
from planner.grammar import quoted
from planner.sources import first_of
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from planner.terms import Language

DIFFERS = 0.05
"""A table that is farther from the official figure than this, as a part of it, is in doubt: tables of another month or
of those registered differ a little in every town."""


def beside(records: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Set what the tables count in each unit beside its official figure.

    Parameters
    ----------
    records
        What run.json says of each table of totals; see `planner.headcount`.

    Yields
    ------
    row
        path, layer, unit, figure (``people`` or ``people_<group>``), how the official one was given to rows, counted
        (sum of the rows' own; None where they have none, or not all of them), official, difference (counted less
        official), factor (official by counted, with six decimals; with an urban share urban and rural rows have each
        their own, and this is that of both together).
    """
    for record in records:
        for unit in record["units"]:
            for figure in (name for name in unit if name == "people" or name.startswith(GROUP_PREFIX)):
                counted, official = unit["counted"].get(figure), unit[figure]
                yield {
                    "path": record["path"],
                    "layer": record["layer"],
                    "unit": unit["unit"],
                    "figure": figure,
                    "how": unit["how"],
                    "counted": counted,
                    "official": official,
                    "difference": None if counted is None else counted - official,
                    "factor": f"{Decimal(official) / counted:.6f}" if counted else None,
                }


def compared(records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of `beside` on all people of units whose rows all have a figure of their own."""
    return [row for row in beside(records) if row["counted"] is not None and row["figure"] == "people"]


def doubts(records: Iterable[Mapping[str, Any]]) -> Iterator[Fault]:
    """Doubt tables that count more than `DIFFERS` too many or too few people, or people of a group, in some units.

    Of each table and figure one doubt, with the units that differ most. Rows without people of their own are no count.
    """
    for record in records:
        found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in beside([record]):
            counted = row["how"] == "scaled" and row["counted"] is not None
            if counted and abs(row["difference"]) > DIFFERS * row["official"]:
                found[row["figure"]].append(row)
        for figure, rows in found.items():
            most = sorted(rows, key=lambda row: -abs(row["difference"]))
            examples = first_of([f"{quoted(row['unit'])} {row['counted']} / {row['official']}" for row in most])
            values = {"count": len(rows), "examples": examples, "group": figure.removeprefix(GROUP_PREFIX)}
            code = "totals_differ" if figure == "people" else "totals_group_differ"
            yield Fault(code, record["path"], column=figure, values=values)


def scaled_lines(records: Iterable[Mapping[str, Any]], language: Language) -> Iterator[str]:
    """Say of each table of totals that people are scaled to it: how many were counted, and how many are official."""
    for record in records:
        rows = [row for row in compared([record]) if row["how"] == "scaled"]
        if rows:
            sums = {key: sum(row[key] for row in rows) for key in ("counted", "official")}
            yield say("summary.scaled", language, path=record["path"], units=len(rows), **sums)
