"""Names the towns and communities in which a count asks for more outlets than stand or may be built there (H2)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from planner import schema
from planner.countscopes import communities_of, community_names, count_scopes
from planner.faultplaces import out_of_pack
from planner.grammar import quoted
from planner.scenario import fault_at
from planner.sources import first_of
from planner.words import in_both

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from planner.errors import Fault
    from planner.inputs import Inputs
    from planner.standards import Count

SHOWN = 10
"""Places that one doubt names; all are counted, and a check lists all."""


def doubts_of(inputs: Inputs | None) -> tuple[Fault, ...]:
    """Return the doubts about counts that no plan can meet, as far as the inputs could be read.

    A plan that cannot be names one rule that fails; a bureau needs all the places that lack an outlet at once.
    """
    return () if inputs is None else tuple(out_of_pack(inputs.loaded, doubt) for doubt in _doubts(inputs))


def shortfalls(count: Count, options: pd.DataFrame, demand: pd.DataFrame) -> tuple[dict[str, int], int]:
    """Find the scopes of a count whose minimum is out of reach even if all were built that may be.

    Parameters
    ----------
    count
        The count.
    options
        The table of `candidates.options`.
    demand
        The demand table.

    Returns
    -------
    short, scopes
        Name of each such scope -> facilities that stand or may stand there, and how many scopes there are. What rules
        and budgets leave of these is not looked at.
    """
    counted = options["type"].isin(count.types)
    if count.tier is not None:
        counted &= options["tier"] == count.tier
    if count.new_only:
        counted &= options["state"] == "new"
    several = options.duplicated(["site_id", "type"])  # sizes of one
    mask = (counted & ~several).to_numpy(dtype=bool)
    held = {name: int((mask & inside).sum()) for name, inside in count_scopes(count, options, demand)}
    return {name: number for name, number in held.items() if number < count.minimum}, len(held)


def _unknown_units(inputs: Inputs, count: Count, i: int) -> Iterator[Fault]:
    """Name the sites that may count in a community by their type, and that name none in which people live."""
    sites = inputs.sites.frame
    may = set(inputs.options.loc[inputs.options["type"].isin(count.types), "site_id"])
    known = communities_of(inputs.demand.frame).index
    strange = sites[sites["site_id"].isin(may) & (sites["unit_id"] != "") & ~sites["unit_id"].isin(known)]
    if len(strange):
        told = [
            f"{quoted(name)} {quoted(unit)}" for name, unit in zip(strange["name"], strange["unit_id"], strict=True)
        ]
        values = {"rule": in_both("asked.count", id=count.id), "count": len(told), "sites": first_of(told, most=SHOWN)}
        yield fault_at(inputs.loaded, "site_units_unknown", ("count", i, "each"), **values)


def _doubts(inputs: Inputs) -> Iterator[Fault]:
    demand = inputs.demand.frame
    for i, count in enumerate(schema.counts_of(inputs.scenario)):
        if count.each == "community" and (count.minimum or count.maximum is not None):
            yield from _unknown_units(inputs, count, i)
        short, scopes = shortfalls(count, inputs.options, demand)
        if not short:
            continue
        called = community_names(demand) if count.each == "community" else {}
        names = [quoted(called.get(name, name)) for name in short]
        about: dict[str, Any] = {"rule": in_both("asked.count", id=count.id), "min": count.minimum, "id": count.id}
        where = ("count", i, "min")
        if count.each == "city":
            (held,) = short.values()
            yield fault_at(inputs.loaded, "count_short", where, **about, held=held)
            continue
        each = zip(names, short.values(), strict=True)
        rest = [fault_at(inputs.loaded, "count_short_at", where, **about, name=name, held=held) for name, held in each]
        values = {**about, "count": len(short), "all": scopes, "names": first_of(names, most=SHOWN)}
        yield replace(fault_at(inputs.loaded, "count_short_scopes", where, **values), rest=tuple(rest))
