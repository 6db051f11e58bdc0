"""Candidate sites on request: public venues, places where people gather, and roads where nothing else is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.candidateground import ground_of, types_of
from planner.candidates import options
from planner.coverage import assessable
from planner.errors import ScenarioError, attempt
from planner.features import from_file
from planner.gathering import around, densest, evenly
from planner.geodesy import MM_PER_M
from planner.hashing import sha256_of
from planner.pathfaults import is_file
from planner.reaches import RESIDENTS
from planner.scenario import fault_at, snapshot_of
from planner.schema import METHODS, build_costs_of, facility_types_of
from planner.snapping import lonlat, snap
from planner.snapshot import FEATURES, record_of
from planner.venues import SAME_M, read_saved, venues
from planner.vicinity import sums_near
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from planner.candidateground import Ground
    from planner.features import Feature
    from planner.inputs import Inputs
    from planner.schema import Scenario
    from planner.terms import Language

    Degrees = NDArray[np.float64]

SOURCES = ("venue", "dense", "grid")
"""Where a candidate comes from: a public venue on the map, a place where people gather, a road where nothing is."""

NEW_BUILT = "新建"
"""Build method of a site beside a road (W8)."""

COLUMNS = [
    "site_id", "name", "source", "kind", "gathered", "host", "owner", "build_method", "district", "town", "units_from",
    "people", "lon", "lat",
]  # fmt: skip


class Candidate(NamedTuple):
    """A place before it is looked at: where it comes from, and the layers of demand of which much is near."""

    site_id: str
    source: str
    kind: str
    name: str
    owner: str
    build_method: str
    lon: float
    lat: float
    gathered: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, eq=False)
class Proposed:
    """Candidates that were found, and what was not taken.

    Attributes
    ----------
    inputs
        What was read.
    table
        Columns `COLUMNS`: `source` is one of `SOURCES`, `kind` that of a venue; `gathered` pairs of a layer and how
        much of it is within `within_m`; `units_from` as of `Ground.units`; `host` the venue; `people` residents within
        `within_m`, without those that cannot be judged, as `near_people` counts them; WGS-84 degrees. Venues by kind,
        then gatherings, those with the most first, then roads from south to north.
    left_out
        Reason -> venues: ``outside`` the border, ``excluded``, ``off_network``, ``far`` (nobody near enough to be
        served); and gatherings too: ``known`` (in the site tables already), ``merged`` (the same place as another).
    prices
        Columns type, method, shared (whether a host shares the venue), cost_once_yuan, cost_yearly_yuan: missing where
        nothing says what it costs.
    features
        The file with the features, its hash, when it was fetched (None for a road file), and the kinds asked for that
        are ``absent`` from it; empty where none were asked for.
    """

    inputs: Inputs
    table: pd.DataFrame
    left_out: Mapping[str, int]
    prices: pd.DataFrame
    features: Mapping[str, Any]

    @property
    def types(self) -> list[str]:
        """Facility types that may be built at the candidates."""
        return types_of(self.inputs.scenario)


def study_candidates(inputs: Inputs, begin: Callable[[str], None]) -> Proposed:
    """Find the candidates that a scenario asks for.

    Parameters
    ----------
    inputs
        The checked inputs.
    begin
        Called with the name of each step as it begins.

    Returns
    -------
    proposed
        At least one candidate.

    Raises
    ------
    ScenarioError
        If nothing may be built, nobody has a place, none is found, or the features of the snapshot were changed.
    RoadError
        If the road file cannot be read again for its features.
    """
    ground = ground_of(inputs)
    begin("venues")
    hosts, unfit, about = _venues(ground)
    begin("gathering")
    looked_at = [*hosts, *_gathered(ground)]
    known = _known(ground, looked_at)
    new = [place for place, is_known in zip(looked_at, known.tolist(), strict=True) if not is_known]
    places = _merged(new)
    left_out = unfit + Counter(known=int(known.sum()), merged=len(new) - len(places))
    places += _spread(ground, places)
    if not places:
        told = _told(left_out, inputs.scenario)
        raise ScenarioError(fault_at(inputs.loaded, "no_candidates", ["candidates", "features"], left_out=told))
    return Proposed(inputs, _table(ground, places), left_out, prices_of(inputs.scenario), about)


def _told(left_out: Mapping[str, int], scenario: Scenario) -> str:
    return " ".join(say(f"candidates.left_out.{why}", scenario.language, count=n) for why, n in left_out.items()) or "—"


# ---- the three sources ----


def _features(inputs: Inputs) -> tuple[list[Feature], int, dict[str, Any]]:
    """Features of the snapshot, else of the road file; how many lie beyond the border; and which file it was."""
    folder = snapshot_of(inputs.loaded.merged.get("roads"))
    if folder is None:
        file = Path(inputs.scenario.roads.file)
        return from_file(file), 0, {"file": file.name, "sha256": sha256_of(file), "fetched_at": None}
    record, file = record_of(folder), folder / FEATURES
    found = sha256_of(file) if is_file(file) else None
    if record is None or found is None or record["files"].get(FEATURES) != found:
        raise ScenarioError(fault_at(inputs.loaded, "features_changed", ["roads", "place"], place=folder.name))
    return *read_saved(file), {"file": file.name, "sha256": found, "fetched_at": record.get("fetched_at")}


def _venues(ground: Ground) -> tuple[list[Candidate], Counter[str], dict[str, Any]]:
    """Public venues that could serve somebody (W8), how many others there are by reason, and where they come from."""
    if not ground.section.features:
        return [], Counter(), {}
    found, outside, about = _features(ground.inputs)
    table, merged = venues(found, ground.section.features)
    lon, lat = table["lon"].to_numpy(), table["lat"].to_numpy()
    snap_max_m = float(ground.inputs.scenario.roads.snap_max_m)
    off = snap(ground.inputs.networks["walk"], lon, lat, snap_max_m=snap_max_m).edge < 0
    excluded, far = ground.excluded(lon, lat), ground.far(lon, lat)
    left_out = Counter(
        outside=outside,
        merged=merged,
        excluded=int(excluded.sum()),
        off_network=int((off & ~excluded).sum()),
        far=int((far & ~off & ~excluded).sum()),
    )
    kept = table[~(excluded | off | far)].reset_index(drop=True)
    near = ground.beside(kept["lon"].to_numpy(), kept["lat"].to_numpy())
    language = ground.inputs.scenario.language
    hosts = [_venue(item, name, language) for item, name in zip(kept.to_dict("records"), near, strict=True)]
    absent = [kind for kind in ground.section.features if kind not in set(table["kind"])]
    return hosts, left_out, about | {"absent": absent}


def _venue(item: Mapping[Any, Any], near: str, language: Language) -> Candidate:
    kind = say(f"candidates.venue.{item['kind']}", language)
    unnamed = say("candidates.unnamed", language, kind=kind, near=near) if near else kind
    name = item["name"] or unnamed
    at = item["lon"], item["lat"]
    return Candidate(item["site_id"], "venue", item["kind"], name, item["owner"], item["build_method"], *at)


def _gathered(ground: Ground) -> Iterator[Candidate]:
    """Yield road positions where much of a layer of demand is near (H3)."""
    section, roads = ground.section, ground.inputs.networks["walk"]
    demand = ground.people[assessable(ground.people)]
    for layer in dict.fromkeys(section.near):
        mine = demand[demand["layer"] == layer]
        found = densest(
            roads,
            *lonlat(mine),
            mine["people"].to_numpy(),
            within_m=float(section.within_m),
            most=section.near_count,
            snap_max_m=float(ground.inputs.scenario.roads.snap_max_m),
            barred=ground.excluded,
        )
        amounts = [((layer, amount),) for amount in found.amount.tolist()]
        yield from _beside_roads(ground, "dense", found.lon, found.lat, amounts)


def _spread(ground: Ground, places: Sequence[Candidate]) -> list[Candidate]:
    """Road positions where nothing else is, evenly spaced; within the border, and where they could serve somebody."""
    if ground.section.grid_m is None:
        return []
    roads, sites = ground.inputs.networks["walk"], lonlat(ground.sites)
    at = roads.lon, roads.lat
    taken = tuple(
        np.concatenate([[getattr(place, axis) for place in places], there])
        for axis, there in zip(("lon", "lat"), sites, strict=True)
    )
    usable = ~(ground.excluded(*at) | ground.beyond(*at) | ground.far(*at))
    nodes = evenly(roads, usable, float(ground.section.grid_m), (taken[0], taken[1]))
    return list(_beside_roads(ground, "grid", roads.lon[nodes], roads.lat[nodes], [()] * len(nodes)))


def _beside_roads(
    ground: Ground, source: str, lon: Degrees, lat: Degrees, gathered: Sequence[tuple[tuple[str, int], ...]]
) -> Iterator[Candidate]:
    language = ground.inputs.scenario.language
    names = [
        say(f"candidates.beside.{source}", language, near=near)
        if near
        else say(f"candidates.alone.{source}", language, id=position_id(x, y))
        for near, x, y in zip(ground.beside(lon, lat), lon, lat, strict=True)
    ]
    for x, y, name, amounts in zip(lon.tolist(), lat.tolist(), names, gathered, strict=True):
        yield Candidate(position_id(x, y), source, "", name, "", NEW_BUILT, x, y, amounts)


def position_id(lon: float, lat: float) -> str:
    """Id of a place without any other: its degrees, about a metre fine, such as ``P71.24813W29.88724S``."""
    return f"P{abs(lon):.5f}{'EW'[int(lon < 0)]}{abs(lat):.5f}{'NS'[int(lat < 0)]}"


# ---- one place, one candidate ----


def _known(ground: Ground, places: Sequence[Candidate]) -> NDArray[np.bool_]:
    """Mask of the places that stand in the site tables already.

    They bear the same id; or stand within `SAME_M` of a site of their name, or for a place beside a road, of any site.
    """
    ids, names = set(ground.sites["site_id"]), ground.sites["name"].to_numpy()
    lon, lat = (np.array([getattr(place, axis) for place in places], dtype=np.float64) for axis in ("lon", "lat"))
    near = around(*lonlat(ground.sites), lon, lat, SAME_M)
    return np.array(
        [
            place.site_id in ids or (len(rows) > 0 and (place.source != "venue" or place.name in names[rows]))
            for place, rows in zip(places, near, strict=True)
        ],
        dtype=bool,
    )


def _merged(places: Sequence[Candidate]) -> list[Candidate]:
    """Let a place beside a road be the venue, or the other such place, within `SAME_M` of it."""
    lon, lat = (np.array([getattr(place, axis) for place in places], dtype=np.float64) for axis in ("lon", "lat"))
    kept: dict[int, Candidate] = {}
    for row, near in enumerate(around(lon, lat, lon, lat, SAME_M)):
        place = places[row]
        other = next((int(number) for number in near if number in kept), None)
        if place.source == "venue" or other is None:
            kept[row] = place
        else:
            kept[other] = kept[other]._replace(gathered=kept[other].gathered + place.gathered)
    return list(kept.values())


# ---- the table ----


def _table(ground: Ground, places: Sequence[Candidate]) -> pd.DataFrame:
    table = pd.DataFrame(places, columns=Candidate._fields)
    lon, lat = table["lon"].to_numpy(), table["lat"].to_numpy()
    residents = ground.people[assessable(ground.people) & (ground.people["layer"] == RESIDENTS).to_numpy()]
    within_mm = int(ground.section.within_m * MM_PER_M)
    shown = table.assign(
        host=table["name"].where(table["source"] == "venue", ""),
        **ground.units(lon, lat),
        people=sums_near(*lonlat(residents), residents["people"].to_numpy(), lon, lat, within_mm),
    )
    return shown[COLUMNS]


def prices_of(scenario: Scenario) -> pd.DataFrame:
    """List what each type costs by each build method (W8), alone and where a host shares the venue (H5).

    Returns
    -------
    prices
        See `Proposed`; sizes not counted.
    """
    facilities, costs = facility_types_of(scenario), build_costs_of(scenario)
    rows = []
    for kind in types_of(scenario):
        mine = [facility for facility in facilities if facility.type == kind]
        for method in METHODS:
            for shared in (False, True):
                found, _ = attempt(partial(options, _lone_site(kind, method, shared=shared), mine, costs))
                money = (None, None) if found is None else found[["cost_once_yuan", "cost_yearly_yuan"]].iloc[0]
                rows.append((kind, method, shared, *money))
    columns = ["type", "method", "shared", "cost_once_yuan", "cost_yearly_yuan"]
    return pd.DataFrame(rows, columns=columns).astype({"cost_once_yuan": "Int64", "cost_yearly_yuan": "Int64"})


def _lone_site(kind: str, method: str, *, shared: bool) -> gpd.GeoDataFrame:
    """Return a site table of one candidate that says nothing of its own cost."""
    texts = dict.fromkeys(("site_id", "name", "tier", "district", "town", "funding"), "")
    own = dict.fromkeys(("cost_once_yuan", "cost_yearly_yuan", "capacity_people"), pd.NA)
    row = {**texts, **own, "type": kind, "status": "candidate", "build_method": method, "host": "共建" * shared}
    return gpd.GeoDataFrame([row], geometry=[shapely.Point(0, 0)], crs=4326)
