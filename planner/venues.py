"""Public venues on the map as candidates for a site (W8): halls, markets, libraries and such, each once."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planner.features import KINDS, Feature
from planner.grammar import holds_id_number, says_nothing, spoilt
from planner.vicinity import close_pairs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

SAME_M = 50
"""Entries of one kind and name no farther apart than this, in metres, are one venue: a building and a point in it."""

METHODS: Mapping[str, str] = {
    "community_centre": "专区",
    "townhall": "专区",
    "library": "专区",
    "university": "专区",
    "college": "专区",
    "marketplace": "改建",
    "mall": "改建",
    "bus_station": "改建",
}
"""How a site is built there, as a first suggestion (W8): a desk where an office stands, a rebuilt room elsewhere."""

COLUMNS = ["site_id", "kind", "name", "owner", "build_method", "lon", "lat"]

_LONGEST = 80
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]+")
_TYPES = "rwn"


def read_saved(file: Path) -> tuple[list[Feature], int]:
    """Read the features of a snapshot of `planner fetch`.

    Parameters
    ----------
    file
        Its ``features.geojson``.

    Returns
    -------
    features, outside
        Those in the place itself, and how many lie beyond its border.
    """
    items = json.loads(file.read_bytes())["features"]
    inside = [item for item in items if item["properties"]["inside"]]
    return [_read(item) for item in inside], len(items) - len(inside)


def _read(item: Mapping[str, Any]) -> Feature:
    known, (lon, lat) = item["properties"], item["geometry"]["coordinates"]
    # snapshots of an earlier version name no owner
    return Feature(known["osm_id"], known["kind"], known["name"], lon, lat, known.get("owner", ""))


def plain_name(text: str) -> str:
    """Return a name of a map as a table may hold it: one line, not endless, no number of a person in it, not 无."""
    line = " ".join(_CONTROL.sub(" ", text).split())[:_LONGEST].rstrip()
    return "" if holds_id_number(line) or spoilt(line) or says_nothing(line) else line


def venues(features: Iterable[Feature], kinds: Collection[str]) -> tuple[pd.DataFrame, int]:
    """List the venues of some kinds.

    Parameters
    ----------
    features
        Features of OpenStreetMap, as `planner.features` gives them.
    kinds
        Kinds that are wanted.

    Returns
    -------
    venues, merged
        Columns `COLUMNS`: site_id (``OSM-w123``: type and number on the map, the same next year), kind, name and owner
        (may be empty), a suggested build method, WGS-84 degrees; by kind and id. Of entries of one kind within `SAME_M`
        of each other that bear one name, or of which one bears none, the named one stays, areas before points; how
        many others there were.
    """
    wanted = [item for item in features if item.kind in kinds]
    named = {item.osm_id: item._replace(name=plain_name(item.name), owner=plain_name(item.owner)) for item in wanted}
    items = sorted(named.values(), key=_rank)
    lon, lat = (np.array([getattr(item, axis) for item in items], dtype=np.float64) for axis in ("lon", "lat"))
    first, second = close_pairs(lon, lat, SAME_M * 1000)
    gone: set[int] = set()
    for a, b in sorted(zip(first.tolist(), second.tolist(), strict=True)):
        if a not in gone and _same(items[a], items[b]):
            gone.add(b)
    kept = [item for row, item in enumerate(items) if row not in gone]
    return _table(kept), len(gone)


def _rank(item: Feature) -> tuple[int, bool, int, int]:
    kinds = [kind for values in KINDS.values() for kind in values]
    return kinds.index(item.kind), not item.name, _TYPES.index(item.osm_id[0]), int(item.osm_id[1:])


def _same(kept: Feature, other: Feature) -> bool:
    return kept.kind == other.kind and other.name in ("", kept.name)


def _table(items: Sequence[Feature]) -> pd.DataFrame:
    rows = [(f"OSM-{i.osm_id}", i.kind, i.name, i.owner, METHODS[i.kind], i.lon, i.lat) for i in items]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"lon": float, "lat": float})
