"""The tables as they were counted: ``demand.csv``, and of an audit ``sites.csv``, for `verify` and for tracing."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planner.columns import GROUP_PREFIX

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

_COLUMNS = ["demand_id", "name", "unit_id", "town", "district", "setting", "layer", "people"]
_ORIGIN = "figure_from"


def _degrees(values: NDArray[np.float64]) -> NDArray[np.object_]:
    """Degrees with all their digits: with fewer a foot may fall on another millimetre."""
    return np.array([Decimal(repr(value)) if math.isfinite(value) else None for value in values.tolist()], dtype=object)


def as_read(demand: GeoDataFrame) -> pd.DataFrame:
    """Return every demand point of a run.

    Parameters
    ----------
    demand
        The demand table.

    Returns
    -------
    table
        Columns demand_id, name, unit_id, town, district, setting, layer, people, people_<group>…, placed, with official
        totals figure_from, and lon and lat in WGS-84 degrees, exactly as they are counted from (empty: no place).
    """
    groups = [name for name in demand.columns if name.startswith(GROUP_PREFIX)]
    origin = [_ORIGIN] if _ORIGIN in demand else []
    table = pd.DataFrame(demand[[*_COLUMNS, *groups, "placed", *origin]])
    points = demand.geometry
    return table.assign(lon=_degrees(points.x.to_numpy()), lat=_degrees(points.y.to_numpy()))


def sites_as_read(sites: GeoDataFrame) -> pd.DataFrame:
    """Return every site of an audit: the columns of the site table, and lon and lat as `as_read` has them."""
    points = sites.geometry
    table = pd.DataFrame(sites.drop(columns="geometry"))
    return table.assign(lon=_degrees(points.x.to_numpy()), lat=_degrees(points.y.to_numpy()))
