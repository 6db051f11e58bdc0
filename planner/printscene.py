"""What the printed maps of one result share, prepared once: who is covered, what is reached, roads as lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import shapely

from planner.mapdata import states_of
from planner.packing import road_layer
from planner.page import site_layer
from planner.pageload import page_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from planner.mapdata import MapData, State

    Real = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Bounds = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Lines:
    """Lines in degrees: their vertices one after the other, where each starts, and the box about each."""

    vertices: Real
    starts: Flags
    low: Real
    high: Real

    @classmethod
    def of(cls, vertices: Real, counts: NDArray[np.int64]) -> Lines:
        """Take vertices, and how many each line has (at least one)."""
        heads = np.cumsum(counts) - counts
        starts = np.zeros(len(vertices), dtype=bool)
        starts[heads] = True
        if not len(counts):
            return cls(vertices, starts, np.empty((0, 2)), np.empty((0, 2)))
        return cls(vertices, starts, np.minimum.reduceat(vertices, heads), np.maximum.reduceat(vertices, heads))

    def within(self, bounds: Bounds) -> tuple[Real, Flags]:
        """Return vertices and starts of the lines that may be seen in a box of degrees."""
        west, south, east, north = bounds
        seen = np.asarray((self.low <= (east, north)).all(axis=1) & (self.high >= (west, south)).all(axis=1))
        kept = seen[np.cumsum(self.starts) - 1] if len(self.starts) else self.starts
        return self.vertices[kept], self.starts[kept]


class Middle(NamedTuple):
    """Where the people of a district, or of one of its towns, have their middle, in degrees."""

    is_town: bool
    name: str
    lon: float
    lat: float


@dataclass(frozen=True, eq=False)
class Scene:
    """What maps of one result share, prepared once.

    Attributes
    ----------
    shown
        The result.
    words
        Words of printed maps in the scenario's language.
    decides
        Standards that say who is covered, as the audit chooses them.
    states
        ``today``, and ``plan`` where there is a lawful one.
    roads
        By class.
    places, people
        Of the people that have a place: degrees, and how many they are.
    kinds
        State -> kind of each of them.
    sites
        Groups of one symbol and the columns beside them, as on the screen.
    site_ids, site_places
        Id and degrees of each.
    reach
        State -> what is reached under the first deciding standard that has areas; of the plan, what is new.
    reach_of
        That standard; empty without any.
    newly
        (site_id, standard) -> people whom the plan covers anew with that site as their nearest.
    middles
        Districts and then towns, those with most people first.
    """

    shown: MapData
    words: Mapping[str, str]
    decides: tuple[str, ...]
    states: tuple[State, ...]
    roads: Mapping[str, Lines]
    places: Real
    people: NDArray[np.int64]
    kinds: Mapping[State, NDArray[np.object_]]
    sites: Mapping[str, Any]
    site_ids: NDArray[np.object_]
    site_places: Real
    reach: Mapping[State, Any]
    reach_of: str
    newly: Mapping[tuple[str, str], int]
    middles: tuple[Middle, ...]


def scene(shown: MapData) -> Scene:
    """Prepare a result for drawing."""
    demand = shown.demand[placed_rows(shown.demand)].reset_index(drop=True)
    sites = shown.sites[placed_rows(shown.sites)].reset_index(drop=True)
    words = page_words(shown.labels.language, "mappage", "map", "print")
    decides = deciding(shown.record)
    states = states_of(shown)
    covered = {state: _covered(shown.coverage, decides, state, demand["demand_id"]) for state in states}
    reach_of, reach = _reach(shown.areas, decides)
    return Scene(
        shown=shown,
        words=words,
        decides=decides,
        states=states,
        roads={kind: unpacked(packed) for kind, packed in road_layer(shown.roads).items()},
        places=shapely.get_coordinates(demand.geometry.to_numpy()),
        people=demand["people"].to_numpy(dtype=np.int64),
        kinds={state: _kinds(covered, state) for state in states},
        sites=site_layer(sites, shown.labels, words),
        site_ids=sites["site_id"].to_numpy(dtype=object),
        site_places=shapely.get_coordinates(sites.geometry.to_numpy()),
        reach=reach,
        reach_of=reach_of,
        newly=_newly(shown),
        middles=(*_middles(demand, ["district"]), *_middles(demand, ["district", "town"])),
    )


def _newly(shown: MapData) -> Mapping[tuple[str, str], int]:
    """Count by site and standard the people whom the plan covers anew with that site as their nearest (last year)."""
    rows = shown.coverage[shown.coverage["covered"].notna()].sort_values("year", kind="stable")
    rows = rows.drop_duplicates(["demand_id", "standard", "state"], keep="last")
    rows = rows[rows["covered"].astype(bool)]
    keys = pd.MultiIndex.from_frame(rows[["demand_id", "standard"]])
    fresh = rows[(rows["state"] == "plan").to_numpy() & ~keys.isin(keys[rows["state"] == "today"])]
    fresh = fresh.assign(people=fresh["demand_id"].map(shown.demand.set_index("demand_id")["people"]))
    sums = fresh.groupby(["site_id", "standard"], as_index=False)["people"].sum()
    return dict(zip(zip(sums["site_id"], sums["standard"], strict=True), sums["people"].tolist(), strict=True))


def deciding(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Standards that say who is covered: those that the record names; else those for town or country; else all."""
    named = record.get("effect", {}).get("decides")
    standards = [item for item in record["standards"] if item.get("layer", "residents") == "residents"]
    of_setting = tuple(item["id"] for item in standards if item.get("setting"))
    return tuple(named or of_setting or (item["id"] for item in standards))


def placed_rows(table: GeoDataFrame) -> Flags:
    """Tell which rows have a place."""
    return np.asarray(table.geometry.notna() & ~table.geometry.is_empty)


def _middles(demand: GeoDataFrame, columns: list[str]) -> Iterator[Middle]:
    """Yield the areas of one level; people weigh as many as they are."""
    rows = demand[columns].fillna("").astype(str)
    rows = rows.assign(lon=demand.geometry.x, lat=demand.geometry.y, people=demand["people"])
    rows = rows[(rows[columns[-1]] != "") & (rows["people"] > 0)]
    parts = [(part["people"].sum(), names, part) for names, part in rows.groupby(columns, sort=True)]
    for _, names, part in sorted(parts, key=lambda item: (-item[0], item[1])):
        lon, lat = (float(np.average(part[axis], weights=part["people"])) for axis in ("lon", "lat"))
        yield Middle(len(columns) > 1, str(names[-1]), lon, lat)


def unpacked(packed: Mapping[str, Sequence[int]]) -> Lines:
    """Undo `packing`: whole cells of 1e-5 degrees as running differences."""
    vertices = np.cumsum(np.array(packed["d"], dtype=np.int64).reshape(-1, 2), axis=0) / 1e5
    return Lines.of(vertices, np.array(packed["n"], dtype=np.int64))


def _covered(coverage: pd.DataFrame, decides: Sequence[str], state: State, ids: pd.Series[str]) -> pd.Series[Any]:
    """Tell of each point whether all deciding standards that speak of it hold (last year); NaN, "apart" else."""
    rows = coverage[(coverage["state"] == state) & coverage["standard"].isin(decides) & coverage["covered"].notna()]
    rows = rows.sort_values("year", kind="stable").drop_duplicates(["demand_id", "standard"], keep="last")
    rows = rows.assign(covered=rows["covered"].astype(bool), apart=rows["reason"] == "not_assessable")
    found = rows.groupby("demand_id").agg(covered=("covered", "all"), apart=("apart", "any"))
    verdict = np.where(found["apart"], "unassessable", np.where(found["covered"], "covered", "uncovered"))
    return pd.Series(verdict, index=found.index, dtype=object).reindex(ids).fillna("")


def _kinds(covered: Mapping[State, pd.Series[Any]], state: State) -> NDArray[np.object_]:
    kinds, before = covered[state].to_numpy(dtype=object), covered["today"].to_numpy(dtype=object)
    return np.where((kinds == "covered") & (before != "covered") & (before != ""), "newly", kinds)


def _reach(areas: GeoDataFrame, decides: Sequence[str]) -> tuple[str, dict[State, Any]]:
    for standard in decides:
        of = areas[(areas["standard"] == standard) & placed_rows(areas)]
        if len(of):
            today, plan = (
                shapely.union_all(of.geometry[of["state"] == state].to_numpy()) for state in ("today", "plan")
            )
            return standard, {"today": today, "plan": shapely.difference(plan, today)}
    return "", {}
