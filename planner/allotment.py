"""What an official total gives: people of each row of its unit, or new points, to the last person."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from planner import popraster, spreading
from planner.areas import matched
from planner.columns import nearest
from planner.errors import Fault, TableError
from planner.grammar import quoted
from planner.quotas import share_out, share_within, urban_part
from planner.totals import few

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from planner.areas import Areas
    from planner.popraster import Peopled
    from planner.spreading import Spots
    from planner.tables import Table
    from planner.totals import Official, Total

    Whole = NDArray[np.int64]

FIGURE_FROM = "figure_from"
"""Column of the demand table that says where the people of a row come from.

Rows of the tables: ``own`` as they have them, ``scaled`` to the official total, ``shared`` as a part of it alone. New
rows: ``spread``, a point that holds a part of the total; ``official``, a total that nothing takes.
"""

SETTINGS = ("urban", "rural")

ROADLESS, MOSTLY_ROADLESS = 0.05, 0.25
"""A larger part of an area without roads is doubted, and from the latter on makes its figures void: so many of its
people may be put elsewhere. Lakes and hills keep below the former in most towns."""

FAR = 2
"""A raster whose people are more than so many times the official figure, or less than that part of it, is doubted."""


@dataclass(frozen=True, eq=False)
class Ground:
    """What new points are put on.

    Attributes
    ----------
    areas
        ``district`` and ``town`` -> the layer of these, as far as there is one.
    streets
        Spacing in metres -> points along all streets.
    roadless
        Polygons -> the part of them that has no roads.
    """

    areas: Mapping[str, Areas]
    streets: Callable[[float], Spots]
    roadless: Callable[[shapely.Geometry], float]


@dataclass(frozen=True, eq=False)
class Allotment:
    """What one total gives.

    Attributes
    ----------
    total
        The total.
    how
        ``scaled``, ``equal``, ``streets``, ``raster`` or ``apart``.
    rows
        Numbers of the rows of the demand table that it goes to.
    people
        Column -> figure of each of these rows, or of each of the new ones.
    new
        New rows: their texts and places, without people.
    doubts
        What was decided where nothing says it.
    raster_people
        People in the raster, before they are scaled.
    alike
        Those of `rows` that share a part of the total equally, though others are ``scaled``.
    counted
        Column -> sum of what `rows` have themselves, where all of them have it.
    """

    total: Total
    how: str
    rows: Whole
    people: Mapping[str, Sequence[int]]
    new: pd.DataFrame = field(default_factory=pd.DataFrame)
    doubts: tuple[Fault, ...] = ()
    raster_people: float | None = None
    alike: Whole = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    counted: Mapping[str, int] = field(default_factory=dict)


def allotments(table: Table, official: Official, ground: Ground) -> Iterator[Allotment | Fault]:
    """Share every total of a table out.

    Parameters
    ----------
    table
        Demand with district and town; people may lack.
    official
        The totals.
    ground
        What new points are put on.

    Yields
    ------
    allotment
        What a total gives, or why it cannot be shared out: only some rows of its unit have people, or they would be
        counted twice, or the setting of new rows is not known.
    """
    asked, frame = official.asked, table.frame
    mine = (frame["layer"] == asked.layer).to_numpy()
    rows = {total.unit: _rows_of(frame, mine, total, asked.of) for total in official.totals}
    if asked.spread == "units":
        for total in official.totals:
            yield from _to_rows(table, official, total, rows[total.unit])
        return
    for total in official.totals:
        if len(rows[total.unit]):
            place = table.origin.iloc[rows[total.unit][0]]
            yield total.fault("totals_double", "name", count=len(rows[total.unit]), file=place["file"])
    areas = _areas_of(official, ground)
    try:
        grounds = _grounds(official, ground, areas)
    except TableError as error:
        yield from error.faults
        return
    for total in official.totals:
        peopled = grounds.get(total.label)
        if peopled is None or not len(peopled.spots):
            yield _apart(official, total)
        elif asked.spread == "raster":
            yield _to_points(official, total, peopled, _raster_doubts(official, total, peopled))
        else:
            yield _to_points(official, total, peopled, _street_doubts(total, ground.roadless(areas[total.label])))


def _rows_of(frame: pd.DataFrame, mine: NDArray[np.bool_], total: Total, of: str) -> Whole:
    """Return the numbers of the rows of a unit."""
    here = mine & (frame[of] == total.name).to_numpy()
    if total.district:
        here = here & (frame["district"] == total.district).to_numpy()
    return np.flatnonzero(here)


def _to_rows(table: Table, official: Official, total: Total, rows: Whole) -> Iterator[Allotment | Fault]:
    """Share a total out over the rows of its unit."""
    if not len(rows):
        yield _apart(official, total, nearest(total.name, sorted(set(table.frame[official.asked.of]) - {total.name})))
        return
    wrong = list(_unclear(table, official, total, rows))
    if wrong:
        yield from wrong
        return
    part = table.frame.iloc[rows]
    ids = part["demand_id"].tolist()
    own = {name: part[name].tolist() for name in total.people if name in part and part[name].notna().all()}
    parts, doubts = _parts(total, (part["setting"] == "urban").to_numpy())
    people = _in_parts(parts, own.get("people", [1] * len(rows)), ids)
    groups = {name: share_within(figure, own.get(name, people), people, ids) for name, figure in _groups(total)}
    counted = {name: int(sum(figures)) for name, figures in own.items()}
    if not counted.get("people"):
        yield Allotment(total, "equal", rows, {"people": people, **groups}, doubts=doubts, counted=counted)
        return
    bare = [(mine, figure) for mine, figure in parts if figure and not any(own["people"][at] for at in mine)]
    doubts += tuple(
        total.fault(f"totals_alike_{part['setting'].iloc[mine[0]]}", "urban_share", people=figure, count=len(mine))
        for mine, figure in bare
    )
    alike = rows[np.concatenate([np.empty(0, dtype=np.int64), *(mine for mine, _ in bare)])]
    yield Allotment(total, "scaled", rows, {"people": people, **groups}, doubts=doubts, alike=alike, counted=counted)


def _unclear(table: Table, official: Official, total: Total, rows: Whole) -> Iterator[Fault]:
    """Find why it cannot be told what part of a total each row takes."""
    part = table.frame.iloc[rows]
    districts = sorted(set(part["district"]) - {""})
    if len(districts) > 1 and official.asked.of == "town":
        yield total.fault("totals_ambiguous", "name", districts=" / ".join(map(quoted, districts)))
    for column in [name for name in total.people if name in part]:
        bare = np.flatnonzero(part[column].isna())
        if 0 < len(bare) < len(rows):
            first = table.origin.iloc[rows[bare[0]]]
            values = {"counted": column, "without": len(bare), "count": len(rows)}
            yield total.fault("totals_mixed", column, **values, file=first["file"], line=first["row"])


def _groups(total: Total) -> list[tuple[str, int]]:
    return [(name, figure) for name, figure in total.people.items() if name != "people"]


def _parts(total: Total, urban: NDArray[np.bool_]) -> tuple[list[tuple[Whole, int]], tuple[Fault, ...]]:
    """Tell which rows share which part of a total: the urban and the rural ones apart, where its share is known.

    Where one of the parts has people and no row, all rows share the whole, with a doubt.
    """
    whole, everyone = total.people["people"], np.arange(len(urban))
    if total.urban_share is None:
        return [(everyone, whole)], ()
    city = urban_part(whole, total.urban_share)
    parts = [(np.flatnonzero(urban), city), (np.flatnonzero(~urban), whole - city)]
    if all(len(rows) or not figure for rows, figure in parts):
        return parts, ()
    code = "totals_no_rural" if urban.any() else "totals_no_urban"
    return [(everyone, whole)], (total.fault(code, "urban_share", share=total.urban_share),)


def _in_parts(parts: Sequence[tuple[Whole, int]], weights: Sequence[int], ids: Sequence[str]) -> list[int]:
    """Share each part of a total out over its rows."""
    people = [0] * len(ids)
    for rows, figure in parts:
        shared = share_out(figure, [weights[at] for at in rows], [ids[at] for at in rows])
        for at, share in zip(rows, shared, strict=True):
            people[at] = share
    return people


def _areas_of(official: Official, ground: Ground) -> dict[str, shapely.Geometry]:
    """Return the area of each unit that has one, by its label."""
    layer = ground.areas.get(official.asked.of)
    found = {} if layer is None else matched(layer, [total.unit for total in official.totals])
    return {total.label: found[total.unit] for total in official.totals if total.unit in found}


def holding(official: Official, ground: Ground) -> Iterator[Fault]:
    """Doubt units whose area holds the middle of two others at least, unless they are `expected`: totals of these."""
    areas = _areas_of(official, ground) if official.asked.spread != "units" else {}
    labels, shapes = list(areas), np.array(list(areas.values()), dtype=object)
    middle, area = shapely.STRtree(shapes).query(shapely.point_on_surface(shapes), predicate="within")
    for total in official.totals:
        held = sorted(one for one, at in zip(middle, area, strict=True) if labels[at] == total.label and one != at)
        if len(held) > 1 and total.name not in official.asked.expected:
            yield total.fault("totals_holds", "name", units=few([labels[one] for one in held]))


def _grounds(official: Official, ground: Ground, areas: Mapping[str, shapely.Geometry]) -> dict[str, Peopled]:
    """Return the points of each unit that has an area, and what a raster holds there."""
    asked = official.asked
    if asked.spread == "raster" and asked.raster is not None:
        return popraster.read_areas(asked.raster, asked.raster_shown, areas, asked.spacing_m)
    spots = spreading.inside(ground.streets(asked.spacing_m), areas) if areas else {}
    return {label: popraster.Peopled(mine, 0.0, beyond=False) for label, mine in spots.items()}


def _to_points(official: Official, total: Total, peopled: Peopled, doubted: Iterable[Fault]) -> Allotment | Fault:
    """Share a total out over new points, with what is doubtful about these; groups live as the people do."""
    asked, share, spots = official.asked, total.urban_share, peopled.spots
    if share is None and asked.setting is None:
        return total.fault("totals_setting", "urban_share")
    prefix, digits = _prefix(official, total), len(str(len(spots)))
    ids = [f"{prefix}-{number:0{digits}}" for number in range(1, len(spots) + 1)]
    urban = np.full(len(spots), asked.setting == "urban") if share is None else spreading.densest(spots, share)
    parts, doubts = _parts(total, urban)
    if share is not None and 0 < share < 1 and not doubts:
        doubts = (total.fault("totals_densest", "urban_share", share=share),)
    people = _in_parts(parts, spots.weight.tolist(), ids)
    shared = {"people": people, **{name: share_out(figure, people, ids) for name, figure in _groups(total)}}
    kept = np.flatnonzero(np.any(list(shared.values()), axis=0))
    settings = np.where(urban, *SETTINGS)[kept]
    places = shapely.points(spots.lon, spots.lat)[kept]
    new = _new(official, total, [ids[at] for at in kept], settings, places, placed="spread", figure_from="spread")
    return Allotment(
        total,
        asked.spread,
        np.empty(0, dtype=np.int64),
        {column: [figures[at] for at in kept] for column, figures in shared.items()},
        new,
        (*doubts, *doubted),
        peopled.people if asked.spread == "raster" else None,
    )


def _street_doubts(total: Total, roadless: float) -> Iterator[Fault]:
    """Doubt streets that reach only a part of the area."""
    if roadless > ROADLESS:
        code = "totals_roads_few" if roadless < MOSTLY_ROADLESS else "totals_roads_lacking"
        values = {"share": f"{roadless:.0%}", "km": f"{spreading.FAR_M / 1000:g}"}
        yield total.fault(code, "name", people=total.people["people"], **values)


def _raster_doubts(official: Official, total: Total, peopled: Peopled) -> Iterator[Fault]:
    """Doubt a raster that counts far more or fewer people than there are, or that ends within the area."""
    official_people, held = total.people["people"], peopled.people
    if not official_people / FAR <= held <= official_people * FAR:
        values = {"held": round(held), "people": official_people, "raster": official.asked.raster_shown}
        yield total.fault("totals_raster_far", "people", **values)
    if peopled.beyond:
        yield total.fault("totals_raster_ends", "name", raster=official.asked.raster_shown)


def _apart(official: Official, total: Total, near: str | None = None) -> Allotment | Fault:
    """Keep a unit that nothing takes: a row without a place, or two where its people are urban and rural.

    `near` is the name nearest to its own of those that rows have.
    """
    share, setting = total.urban_share, official.asked.setting
    if share is None and setting is None:
        if near is None:
            return total.fault("totals_setting", "urban_share")
        return total.fault("totals_unmatched", "name", near=quoted(near) or "—")
    whole = total.people["people"]
    city = (whole if setting == "urban" else 0) if share is None else urban_part(whole, share)
    figures = [(kind, figure) for kind, figure in zip(SETTINGS, (city, whole - city), strict=True) if figure]
    figures = figures or [(setting or ("urban" if share else "rural"), 0)]
    prefix = _prefix(official, total)
    ids = [prefix if len(figures) == 1 else f"{prefix}-{kind}" for kind, _ in figures]
    nowhere = np.full(len(ids), None, dtype=object)
    settings = [kind for kind, _ in figures]
    new = _new(official, total, ids, settings, nowhere, placed="none", figure_from="official").assign(name=total.name)
    people = [figure for _, figure in figures]
    groups = {name: share_out(figure, people, ids) for name, figure in _groups(total)}
    return Allotment(total, "apart", np.empty(0, dtype=np.int64), {"people": people, **groups}, new)


def _prefix(official: Official, total: Total) -> str:
    """Return the beginning of the ids of a unit's new rows; of a further layer with its name."""
    layer = official.asked.layer
    return total.label if layer == "residents" else f"{total.label}-{layer}"


def _new(
    official: Official,
    total: Total,
    ids: Sequence[str],
    settings: Sequence[str] | NDArray[np.str_],
    places: NDArray[np.object_],
    *,
    placed: str,
    figure_from: str,
) -> pd.DataFrame:
    """Return the new rows of a unit, without their people; they are one community, for nothing smaller is known."""
    of_town = official.asked.of == "town"
    rows = {"demand_id": list(ids), "name": list(ids), "setting": list(settings), "geometry": places}
    return pd.DataFrame(rows).assign(
        unit_id=total.label,
        district=total.district if of_town else total.name,
        town=total.name if of_town else "",
        layer=official.asked.layer,
        placed=placed,
        **{FIGURE_FROM: figure_from},
    )
