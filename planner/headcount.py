"""A demand table whose people add up to official totals: the door to `totals` and `allotment`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from itertools import starmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.allotment import FIGURE_FROM, Allotment, Ground, allotments, holding
from planner.areas import read_areas, with_districts
from planner.columns import GROUP_PREFIX, known_as, nearest
from planner.errors import Fault, TableError
from planner.grammar import quoted
from planner.osmobjects import way_ids
from planner.spreading import STREETS, along_streets, roadless_share
from planner.tablefaults import shortened
from planner.totals import few, may_be_sums, read_totals, sums_of_others

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planner.roads import Roads
    from planner.sources import TableSource
    from planner.spreading import Spots
    from planner.tables import Table
    from planner.totals import Asked, Official


@dataclass(frozen=True, eq=False)
class Headcount:
    """A demand table with official totals.

    Attributes
    ----------
    table
        Rows of the tables, then new points, then units that nothing takes; all have people, and a column
        `planner.allotment.FIGURE_FROM`.
    records
        For each table of totals what run.json says of it.
    """

    table: Table
    records: tuple[Mapping[str, Any], ...]


def count(
    table: Table | None,
    asked: Sequence[Asked],
    layers: Mapping[str, tuple[TableSource, str]],
    walk: Roads | None,
    road_file: str,
) -> Headcount | None:
    """Read official totals and give them to a demand table.

    Parameters
    ----------
    table
        Demand with district and town; None where it could not be read.
    asked
        Tables of totals.
    layers
        ``district``, ``town`` -> layer of areas, and the header of its names.
    walk, road_file
        The network to walk on, without road edits, and the file it was read from; None where it could not be read.

    Returns
    -------
    headcount
        The table as it is where no totals are asked for; None where something else could not be read: what is wrong
        with that is told elsewhere.

    Raises
    ------
    TableError
        With every fault of the tables of totals; then as `with_totals`.
    RoadError
        As `planner.osmobjects.way_ids`.
    """
    officials = read_totals(asked)
    if table is not None and not officials:
        return Headcount(table, ())
    if table is None or walk is None:
        return None
    levels: set[str] = {item.of for item in asked if item.spread != "units"}
    if "town" in levels:
        levels.add("district")  # tells towns of one name apart
    areas = with_districts({level: read_areas(*layers[level]) for level in levels & set(layers)})

    def streets(spacing_m: float) -> Spots:
        return along_streets(walk, way_ids(Path(road_file), STREETS), spacing_m)

    return with_totals(table, officials, Ground(areas, streets, partial(roadless_share, walk)))


def with_totals(table: Table, officials: Sequence[Official], ground: Ground) -> Headcount:
    """Give official totals to the rows and points of a demand table.

    Parameters
    ----------
    table
        Demand with district and town; people may lack.
    officials
        Tables of totals.
    ground
        Areas and streets.

    Returns
    -------
    headcount
        The people of each unit of each layer add up to its official figure, exactly, in whatever order rows stand.

    Raises
    ------
    TableError
        As `planner.allotment.allotments` says; where rows are left without people, ids stand twice, or a total of other
        units stands among them.
    """
    found = [(official, list(allotments(table, official, ground))) for official in officials]
    faults = [item for _, items in found for item in items if isinstance(item, Fault)]
    done = [(official, [item for item in items if isinstance(item, Allotment)]) for official, items in found]
    for official, given in done:
        faults += sums_of_others(official, [item.total for item in given if item.how == "apart"])
    if faults:
        raise TableError(*shortened(faults))
    everything = [item for _, given in done for item in given]
    totals = [item.total for item in everything for _ in range(len(item.new))]
    new = pd.DataFrame({"file": [total.file for total in totals], "row": [total.row for total in totals]})
    hints = pd.DataFrame({"unplaced": ["leave"] * len(totals), "town_point": [None] * len(totals)})
    frame, origin = _frame(table, everything), _below(table.origin, new)
    wrong = [*_unfilled(frame, origin, done), *_twice(table, everything)]
    if wrong:
        raise TableError(*shortened(wrong))
    doubts = [*_doubts(table, done), *_may_count_twice(done), *(d for one in officials for d in holding(one, ground))]
    read = Counter(table.rows_read)
    for official in officials:
        read[official.asked.source.shown] += official.rows_read
    counted = replace(
        table,
        frame=frame,
        origin=origin,
        hints=_below(table.hints, hints),
        rows_read=dict(read),
        left_out=(*table.left_out, *(row for official in officials for row in official.left_out)),
        doubts=(*table.doubts, *shortened(doubts, "more_doubts")),
    )
    return Headcount(counted, tuple(starmap(_record, done)))


def of_tables(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the rows of a demand table that stand in the scenario's own tables, and so can be looked up there."""
    return frame[~frame[FIGURE_FROM].isin(["spread", "official"])] if FIGURE_FROM in frame else frame


def named(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a demand table without the unit codes of rows that official totals made: these are no community."""
    return frame.assign(unit_id=frame["unit_id"].where(frame.index.isin(of_tables(frame).index), ""))


def _below(upper: pd.DataFrame, lower: pd.DataFrame) -> pd.DataFrame:
    """Put rows below a table, with its columns and types."""
    return pd.concat([upper, lower.astype(upper.dtypes)], ignore_index=True) if len(lower) else upper


def _frame(table: Table, given: Sequence[Allotment]) -> gpd.GeoDataFrame:
    """Return the demand table with the people given and the new rows; people are missing where a row has none."""
    frame = table.frame
    counted = list(dict.fromkeys(["people", *(column for item in given for column in item.people)]))
    new = pd.concat([item.new for item in given], ignore_index=True)
    figures = {column: _figures(frame, given, column) for column in counted}
    source = np.full(len(frame), "own", dtype=object)
    for item in given:
        source[item.rows] = "scaled" if item.how == "scaled" else "shared"
        source[item.alike] = "shared"
    names = list(frame.columns)
    after = names.index("people") + 1
    names[after:after] = [column for column in counted if column not in names]
    names.insert(names.index("placed") + 1, FIGURE_FROM)
    texts = [name for name in names if name not in {*figures, FIGURE_FROM, "geometry"}]
    whole = {name: [*frame[name], *(new[name] if name in new else [""] * len(new))] for name in texts}
    whole[FIGURE_FROM] = [*source, *(new[FIGURE_FROM] if len(new) else [])]
    place = gpd.GeoSeries([*frame.geometry, *(new["geometry"] if len(new) else [])], crs=4326)
    joined = {name: pd.Series(values, dtype=str) for name, values in whole.items()}
    return gpd.GeoDataFrame({**joined, **figures, "geometry": place}, crs=4326)[names]


def _figures(frame: pd.DataFrame, given: Sequence[Allotment], column: str) -> pd.Series:
    """Return a column of people, with the new rows; whole numbers where none is missing."""
    figures: list[Any] = frame[column].tolist() if column in frame else [pd.NA] * len(frame)
    for item in given:
        mine = item.people.get(column, [pd.NA] * (len(item.rows) + len(item.new)))
        if len(item.new):
            figures += mine
        elif column in item.people:
            for row, people in zip(item.rows.tolist(), mine, strict=True):
                figures[row] = people
    series = pd.Series(pd.array(figures, dtype="Int64"))
    return series if series.isna().any() else series.astype("int64")


def _unfilled(
    frame: pd.DataFrame, origin: pd.DataFrame, done: Sequence[tuple[Official, Sequence[Allotment]]]
) -> Iterator[Fault]:
    """Find units whose rows have no figure of their own and get none; only columns with such rows are of this type.

    Beside them stand the totals that no row takes: often the same unit by another name.
    """
    apart = few([item.total.label for _, given in done for item in given if item.how == "apart"]) or "—"
    level = ["district", "town"] if any(official.asked.of == "town" for official, _ in done) else ["district"]
    for column in frame.columns[frame.dtypes == "Int64"]:
        bare = frame.loc[frame[column].isna(), ["demand_id", *level]].assign(at=np.flatnonzero(frame[column].isna()))
        for unit, rows in bare.groupby(level, sort=False):
            place, name = origin.iloc[int(rows["at"].iloc[0])], quoted("".join(map(str, unit))) or "—"
            values = {"column": column, "unit": name, "count": len(rows), "apart": apart}
            first = quoted(rows["demand_id"].iloc[0])
            yield Fault("people_missing", place["file"], row=int(place["row"]), column=column,
                        values={**values, "id": first}, called=known_as(column))  # fmt: skip


def _twice(table: Table, given: Sequence[Allotment]) -> Iterator[Fault]:
    """Find new rows whose id a row of the tables has already."""
    where = {name: row for row, name in enumerate(table.frame["demand_id"])}
    for item in given:
        for name in item.new.get("demand_id", ()):
            if name in where:
                place = table.origin.iloc[where[name]]
                values = {"id": quoted(name), "file": place["file"], "row": place["row"]}
                yield Fault("duplicate_id", item.total.file, row=item.total.row, values=values)


# --- what is said of it ------------------------------------------------------------------------------------------


def _doubts(table: Table, done: Sequence[tuple[Official, Sequence[Allotment]]]) -> list[Fault]:
    """Say what was decided where nothing says it."""
    doubts: list[Fault] = []
    frame = table.frame
    bare = np.ones(len(frame), dtype=bool)
    for item in (item for _, given in done for item in given):
        bare[item.rows] = False
    for layer in dict.fromkeys(official.asked.layer for official, _ in done):
        rest = frame[bare & (frame["layer"] == layer)]
        mine = [(official, given) for official, given in done if official.asked.layer == layer]
        for official, given in mine:
            doubts += official.doubts
            doubts += _of_units(official, given, rest)
            doubts += _groups_left(frame, official, given)
        doubts += _untaken(mine[0][0], rest)
    return doubts


def _may_count_twice(done: Sequence[tuple[Official, Sequence[Allotment]]]) -> Iterator[Fault]:
    """Doubt units that nothing takes and that may be totals of other units of their layer."""
    for layer in dict.fromkeys(official.asked.layer for official, _ in done):
        mine = [
            (official.asked.expected, item)
            for official, given in done
            if official.asked.layer == layer
            for item in given
        ]
        apart = [item.total for expected, item in mine if item.how == "apart" and item.total.name not in expected]
        yield from may_be_sums(apart, [item.total for _, item in mine])


def _of_units(official: Official, given: Sequence[Allotment], rest: pd.DataFrame) -> Iterator[Fault]:
    """Say of units what was decided; `rest` are the rows of their layer that no total takes."""
    spare = sorted(set(rest[official.asked.of]) - {""})
    for item in given:
        yield from item.doubts
    for item in given:
        people = item.total.people["people"]
        if item.how == "apart" and official.asked.spread == "units":
            near = quoted(nearest(item.total.name, spare)) or "—"
            yield item.total.fault("totals_apart", "name", people=people, near=near)
        elif item.how == "apart":
            yield item.total.fault("totals_apart_area", "name", people=people)
    equal = [item for item in given if item.how == "equal" and len(item.rows) > 1]
    if equal:
        values = {"units": few([item.total.label for item in equal]), "count": sum(len(i.rows) for i in equal)}
        yield Fault("totals_equal", official.asked.source.shown, values=values)


def _groups_left(frame: pd.DataFrame, official: Official, given: Sequence[Allotment]) -> Iterator[Fault]:
    """Doubt groups that the totals do not count, where a row's own figure is more than the people that it is given."""
    for column in [name for name in map(str, frame) if name.startswith(GROUP_PREFIX)]:
        rows = [
            (item.total.label, own - people)
            for item in given
            if len(item.rows) and column not in item.people
            for own, people in zip(frame[column].iloc[item.rows], item.people["people"], strict=True)
            if own > people
        ]
        if rows:
            units = few(list(dict.fromkeys(label for label, _ in rows)))
            values = {"group": column, "count": len(rows), "units": units, "more": int(sum(more for _, more in rows))}
            yield Fault("totals_group_left", official.asked.source.shown, column=column, values=values)


def _untaken(official: Official, rest: pd.DataFrame) -> Iterator[Fault]:
    """Doubt rows of a layer that no total takes: they count beside the official figures, as they stand."""
    of = official.asked.of
    named = rest[of] != ""
    labels = rest[of] if of == "district" else rest["district"] + rest[of]
    for code, rows in (("totals_none", rest[named]), ("totals_nameless", rest[~named])):
        if len(rows):
            values = {
                "units": few(sorted(set(labels[named]))),
                "count": len(rows),
                "people": int(rows["people"].sum()),
            }
            yield Fault(code, official.asked.source.shown, values=values)


def _record(official: Official, given: Sequence[Allotment]) -> dict[str, Any]:
    """Return what run.json says of a table of totals."""
    asked = official.asked
    return {
        "path": asked.source.shown,
        "of": asked.of,
        "layer": asked.layer,
        "spread": asked.spread,
        "raster": asked.raster_shown or None,
        "people": sum(total.people["people"] for total in official.totals),
        "missing": list(official.missing),
        "units": [
            {
                "unit": item.total.label,
                "code": item.total.code or None,
                **item.total.people,
                "counted": dict(item.counted),
                "urban_share": None if item.total.urban_share is None else float(item.total.urban_share),
                "how": item.how,
                "rows": len(item.rows) + len(item.new),
                "raster_people": item.raster_people,
            }
            for item in given
        ],
    }
