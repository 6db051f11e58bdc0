"""Says whose foot road edits moved to another place on the roads, and what that costs or saves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planner import coverage, network
from planner.geodesy import MM_PER_M, great_circle_mm
from planner.inputs import usable_sites
from planner.reaches import place_city

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from planner.errors import Fault
    from planner.inputs import Inputs
    from planner.reaches import City
    from planner.roads import Feet, Roads
    from planner.standards import Standard
    from planner.terms import Mode

MOVED = [
    "kind", "id", "name", "mode", "way_before", "way_after", "moved_m", "access_before_m", "access_after_m",
    "standard", "site_before", "site_after", "metres_before", "metres_after", "more_m",
    "seconds_before", "seconds_after",
]  # fmt: skip
"""Columns of the table of moved feet."""

SAME_PLACE_MM = 1000
"""Feet on one way that are no farther apart than this have not moved."""

_NEAR = ["site_id", "metres", "seconds"]


def has_moved(before: Roads, old: Feet, after: Roads, new: Feet) -> NDArray[np.bool_]:
    """Tell whose foot moved: onto or off the network, to another way, or by more than a metre along its own.

    Parameters
    ----------
    before, old
        The network without edits, and the feet of points on it.
    after, new
        The network with edits, and the feet of the same points.
    """
    was, is_on = old.edge >= 0, new.edge >= 0
    apart = great_circle_mm(*_places(old), *_places(new)) > SAME_PLACE_MM
    other_way = before.way_id[old.edge] != after.way_id[new.edge]
    return np.asarray((was != is_on) | (was & is_on & (apart | other_way)))


def _places(feet: Feet) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.nan_to_num(feet.lon), np.nan_to_num(feet.lat)


def without_edits(inputs: Inputs) -> City:
    """Place people and sites on the roads as they are without edits.

    Raises
    ------
    ValueError
        If the scenario has no edits.
    """
    if inputs.rerouted is None:
        raise ValueError("no roads are edited")
    return _placed(inputs, inputs.rerouted.before)


def _placed(inputs: Inputs, networks: Mapping[Mode, Roads]) -> City:
    frame, roads = inputs.sites.frame, inputs.scenario.roads
    sites = frame[usable_sites(frame)].reset_index(drop=True)
    limits = {"walk_kph": float(roads.walk_kph), "snap_max_m": float(roads.snap_max_m)}
    return place_city(networks, inputs.demand.frame, sites, **limits)


def moved_counts(inputs: Inputs) -> dict[str, int]:
    """Count the demand points and the sites whose foot the edits move on any network, without measuring any way."""
    before, after = without_edits(inputs), _placed(inputs, inputs.networks)
    return {
        kind: int(np.logical_or.reduce(list(_masks(before, after, kind).values())).sum())
        for kind in ("demand", "sites")
    }


def doubts_of(inputs: Inputs | None) -> tuple[Fault, ...]:
    """Return the doubts about road edits, as far as there are any."""
    return inputs.rerouted.doubts if inputs is not None and inputs.rerouted is not None else ()


def check_record(inputs: Inputs | None) -> dict[str, dict[str, int]]:
    """Return what a check tells of edits, ``edits_moved``: `moved_counts`; nothing where no roads are edited."""
    return {"edits_moved": moved_counts(inputs)} if inputs is not None and inputs.rerouted is not None else {}


def counts_of(table: pd.DataFrame) -> dict[str, int]:
    """Count the same in a table of moved feet."""
    return {kind: int(table.loc[table["kind"] == kind, "id"].nunique()) for kind in ("demand", "sites")}


def _masks(before: City, after: City, kind: str) -> dict[Mode, NDArray[np.bool_]]:
    """Whose foot moved, by mode; the foot of a town's point is nobody's."""
    own = coverage.assessable(after.demand) if kind == "demand" else np.ones(len(after.sites), dtype=bool)
    feet = [{"demand": city.demand_feet, "sites": city.site_feet}[kind] for city in (before, after)]
    return {
        mode: own & has_moved(before.networks[mode], feet[0][mode], roads, feet[1][mode])
        for mode, roads in after.networks.items()
    }


def moved_feet(before: City, after: City, standards: Sequence[Standard], open_types: Mapping[str, str]) -> pd.DataFrame:
    """List every demand point with a place of its own, and every site, whose foot moved.

    Parameters
    ----------
    before, after
        The city on the roads without edits, and with them.
    standards
        Of each point's own standards by road, the way to its nearest serving site is told.
    open_types
        site_id -> types open there today, joined by ``;``.

    Returns
    -------
    moved
        Columns `MOVED`, one row for each point, network and standard: ``kind`` (``demand`` or ``sites``), its id and
        name, the ways of both feet (empty: off the network), the metres between the feet, both access legs; of a demand
        point the nearest serving site in both states with metres and seconds, and ``more_m``, the metres lost (above
        zero) or won; empty where no site can be reached in one of the states. By kind, mode, id and standard.
    """
    parts = [part for kind in ("demand", "sites") for part in _of_kind(before, after, kind, standards, open_types)]
    return pd.concat(parts, ignore_index=True)[MOVED] if parts else pd.DataFrame(columns=MOVED)


def _of_kind(
    before: City, after: City, kind: str, standards: Sequence[Standard], open_types: Mapping[str, str]
) -> Iterator[pd.DataFrame]:
    key = "demand_id" if kind == "demand" else "site_id"
    for mode, moved in _masks(before, after, kind).items():
        if not moved.any():
            continue
        table = after.demand if kind == "demand" else after.sites
        old, new = ((c.demand_feet if kind == "demand" else c.site_feet)[mode].take(moved) for c in (before, after))
        feet = pd.DataFrame(
            {
                "kind": kind,
                "id": table.loc[moved, key].to_numpy(dtype=object),
                "name": table.loc[moved, "name"].to_numpy(dtype=object),
                "mode": mode,
                "way_before": _ways(before.networks[mode], old),
                "way_after": _ways(after.networks[mode], new),
                "moved_m": great_circle_mm(*_places(old), *_places(new)) / MM_PER_M,
                "access_before_m": old.access_mm / MM_PER_M,
                "access_after_m": new.access_mm / MM_PER_M,
            }
        )
        asked = [s for s in standards if kind == "demand" and s.metric == "road" and s.mode == mode]
        ways = [_to_nearest(before, after, standard, moved, open_types) for standard in asked]
        empty = pd.DataFrame({"id": [], "standard": []}, dtype=object)
        told = feet.merge(pd.concat([empty, *ways]), on="id", how="left").reindex(columns=MOVED)
        yield told.sort_values(["id", "standard"], kind="stable")


def _ways(roads: Roads, feet: Feet) -> pd.Series[Any]:
    ways = pd.Series(roads.way_id[feet.edge]).astype("Int64")
    return ways.mask(feet.edge < 0)


def _to_nearest(
    before: City, after: City, standard: Standard, moved: NDArray[np.bool_], open_types: Mapping[str, str]
) -> pd.DataFrame:
    """Measure the way of the moved points to their nearest serving site in both states, by demand point."""
    rows = moved & coverage.applies(after.demand, standard)
    serving = coverage.serving(after.sites["site_id"], open_types, standard)
    found = pd.DataFrame({"id": after.demand.loc[rows, "demand_id"].to_numpy(dtype=object), "standard": standard.id})
    for state, city in (("before", before), ("after", after)):
        near = network.nearest(
            city.networks[standard.mode],
            city.demand[rows],
            city.sites[serving],
            measure=standard.measure,
            walk_kph=city.walk_kph,
            demand_feet=city.demand_feet[standard.mode].take(rows),
            site_feet=city.site_feet[standard.mode].take(serving),
        )
        names = {"demand_id": "id", "site_id": f"site_{state}"}
        names |= {name: f"{name}_{state}" for name in _NEAR[1:]}
        found = found.merge(near[["demand_id", *_NEAR]].rename(columns=names), on="id", how="left")
    more_mm = (found["metres_after"] * MM_PER_M).round() - (found["metres_before"] * MM_PER_M).round()
    return found.assign(more_m=more_mm / MM_PER_M)
