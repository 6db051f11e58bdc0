"""People and sites as the live map carries them: columns of whole numbers beside the roads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planner.columns import GROUP_PREFIX
from planner.coverage import CHECKED, measured
from planner.livebytes import Section, byte_planes, varints, zigzags
from planner.standards import scopes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from planner.roads import Feet
    from planner.standards import Goal, Standard
    from planner.study import Study
    from planner.terms import Mode

    Whole = NDArray[np.int64]

COUNTS, UNJUDGED, MET, UNMET, HELD, NO_UNIT, PLACELESS = (1 << bit for bit in range(7))
"""What a point is under a standard, as bits: it counts; it cannot be judged; a field check found it met, or unmet; it
is covered by nobody knows which outlet; its community is not judged by it; no site reaches it, for it has no place."""


@dataclass(frozen=True, eq=False)
class Points:
    """The points that the page carries: those that any standard speaks of, as rows of the demand table.

    Attributes
    ----------
    rows
        Row in the demand table of each point, in the order of the page.
    table
        These rows of the demand table.
    units, districts
        Communities (unit_id) and districts that they name, sorted.
    """

    rows: Whole
    table: pd.DataFrame
    units: tuple[str, ...]
    districts: tuple[str, ...]


def points_of(studied: Study, walk_slots: Whole) -> Points:
    """Choose the points and their order: along the segments of the walk network, so that neighbours stand together.

    Parameters
    ----------
    studied
        The study.
    walk_slots
        Place in the page of each edge of the walk network.
    """
    frame = studied.inputs.demand.frame
    counted = frame["demand_id"].isin(set(studied.coverage["demand_id"])).to_numpy()
    feet = studied.city.demand_feet["walk"]
    slot = _slots(feet, walk_slots)
    last = np.iinfo(np.int64).max  # those off the network stand at the end
    order = np.lexsort((feet.position_mm, np.where(slot < 0, last, slot)))
    rows = order[counted[order]]
    table = frame.iloc[rows].reset_index(drop=True)
    named = [tuple(sorted(set(table[column]) - {""})) for column in ("unit_id", "district")]
    return Points(rows, table, named[0], named[1])


def _slots(feet: Feet, slots: Whole) -> Whole:
    """Return the slot of each foot; -1 off the network."""
    on = feet.edge >= 0
    return np.where(on, slots[np.where(on, feet.edge, 0)] if len(slots) else -1, -1).astype(np.int64)


def feet_sections(name: str, feet: Feet, slots: Whole, mode: Mode) -> Iterator[tuple[str, Section]]:
    """Yield the columns of some feet on one network.

    Parameters
    ----------
    name
        What their names begin with: ``foot`` or ``site``.
    feet, slots, mode
        The feet in the order of the page, the slot of each edge, and the network's mode. Feet off the network stand
        with zeros.
    """
    slot = _slots(feet, slots)
    on = slot >= 0
    count = len(slot)
    yield f"{name}_slot_{mode}", Section(zigzags(np.diff(slot, prepend=0)), count)
    for what, values in (("mm", feet.position_mm), ("access", feet.access_mm)):
        yield f"{name}_{what}_{mode}", Section(varints(np.where(on, values, 0)), count)


def codes_of(studied: Study, points: Points, standard: Standard) -> NDArray[np.uint8]:
    """Say what each point is under a standard, in bits; 0 where it does not speak of it."""
    table, found = points.table, studied.coverage
    rows = found[(found["standard"] == standard.id) & (found["state"] == "today")].set_index("demand_id")
    reason = rows["reason"].reindex(table["demand_id"]).to_numpy(dtype=object)
    spoken, decided = pd.notna(reason), reason == CHECKED
    lines = [line for line in studied.inputs.verdicts.lines if line.standard == standard.id]
    met, unmet = (
        table["demand_id"].isin({line.demand_id for line in lines if line.met is way}) for way in (True, False)
    )
    bits = {
        COUNTS: spoken & (reason != "not_assessable"),
        UNJUDGED: reason == "not_assessable",
        MET: decided & met.to_numpy(),
        UNMET: decided & unmet.to_numpy(),
        HELD: spoken & table["demand_id"].isin(studied.reach[standard.id].held).to_numpy(),
        NO_UNIT: spoken & ~decided & (table["placed"] == "spread").to_numpy(),
        PLACELESS: decided & ~measured(table, standard),
    }
    return sum((np.where(mask, bit, 0) for bit, mask in bits.items()), np.zeros(len(table))).astype(np.uint8)


def scope_of_points(points: Points, goal: Goal, spoken: NDArray[np.bool_]) -> tuple[list[str], Whole | None]:
    """Return the scopes of a goal, by name, and the number of each point's; -1 for those in none.

    The numbers are None where the goal is asked of the whole city, for then all points are in its only scope.

    Parameters
    ----------
    points, goal
        The points, and the goal.
    spoken
        Mask of the points that its standard speaks of: no others make a scope.
    """
    if goal.each == "city" and goal.district is None and goal.town is None:
        return [""], None
    number = np.full(len(points.rows), -1, dtype=np.int64)
    names: list[str] = []
    at = np.flatnonzero(spoken)
    for name, inside in scopes(points.table[spoken], goal.each, goal.district, goal.town):
        number[at[inside]] = len(names)
        names.append(name)
    return names, number


def _numbers(values: pd.Series, known: Sequence[str]) -> Whole:
    """Return the place of each text among those known; -1 for none."""
    number = {name: place for place, name in enumerate(known)}
    return np.array([number.get(value, -1) for value in values], dtype=np.int64)


def point_sections(
    studied: Study, points: Points, slots: Mapping[Mode, Whole], goals: Sequence[Goal]
) -> dict[str, Section]:
    """Pack the points.

    Parameters
    ----------
    studied, points
        The study, and its points in the order of the page.
    slots
        Place in the page of each edge, by mode.
    goals
        Goals whose scopes are asked for.

    Returns
    -------
    sections
        By name.
    """
    table, count = points.table, len(points.rows)
    places = table.geometry
    found: dict[str, Section] = {
        "point_lon": Section(byte_planes(places.x.to_numpy()), count),
        "point_lat": Section(byte_planes(places.y.to_numpy()), count),
        "point_people": Section(varints(table["people"].to_numpy(dtype=np.int64)), count),
        "point_unit": Section(zigzags(_numbers(table["unit_id"], points.units)), count),
        "point_district": Section(zigzags(_numbers(table["district"], points.districts)), count),
    }
    for number, group in enumerate(studied.inputs.scenario.group):
        found[f"group_{number}"] = Section(varints(table[GROUP_PREFIX + group.id].to_numpy(dtype=np.int64)), count)
    codes = {standard.id: codes_of(studied, points, standard) for standard in studied.inputs.standards}
    for number, code in enumerate(codes.values()):
        found[f"code_{number}"] = Section(code.tobytes(), count)
    for number, goal in enumerate(goals):
        _, scope = scope_of_points(points, goal, codes[goal.standard] > 0)
        if scope is not None:
            found[f"scope_{number}"] = Section(zigzags(scope), count)
    for mode, mine in slots.items():
        found.update(feet_sections("foot", studied.city.demand_feet[mode].take(points.rows), mine, mode))
    return found


def site_sections(studied: Study, rows: Whole, slots: Mapping[Mode, Whole]) -> dict[str, Section]:
    """Pack the feet of sites, given as rows of the city's sites in the order of the page."""
    found: dict[str, Section] = {}
    for mode, mine in slots.items():
        found.update(feet_sections("site", studied.city.site_feet[mode].take(rows), mine, mode))
    return found
