"""Every site with its part in a plan: the table behind sites.csv and the map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planner.coverage import serving
from planner.reaches import people_served
from planner.study import Study, served_in

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

UNUSED = ("candidate", "closed", "excluded")
"""States of a site that is not open, in the plan or without one."""


def _joined(parts: pd.Series) -> str:
    return ";".join(part for part in parts if part)


def _people_columns(studied: Study, idle: NDArray[np.bool_]) -> dict[str, Any]:
    """Count people of each site; those that are not open (`idle`) have none.

    Returns columns people_reached (within reach under any standard), and under capacity people_served: those assigned
    to it under that standard, blank where it does not serve it.
    """
    sites = studied.inputs.sites.frame["site_id"]
    now = studied.states.get("plan", studied.states["today"])
    reached = people_served(studied.reach, now, None).reindex(sites, fill_value=0).astype("Int64")
    found: dict[str, Any] = {"people_reached": reached.where(~idle).array}
    limited_by = studied.inputs.scenario.siting.capacity_standard
    served = served_in(studied, "plan" if "plan" in studied.states else "today", studied.years[-1])
    if served is not None and limited_by is not None:
        limited = studied.reach[limited_by].standard
        serves = serving(sites, now, limited)
        by_site = served.groupby("site_id")["people"].sum().reindex(sites, fill_value=0).astype("Int64")
        found["people_served"] = by_site.where(serves & ~idle).array
    return found


def site_table(studied: Study) -> GeoDataFrame:
    """Every site of the inputs with its part in the plan: the table behind sites.csv and the map."""
    frame = studied.inputs.sites.frame
    opened = studied.opened.assign(number=np.arange(1, len(studied.opened) + 1))
    by_site = opened.groupby("site_id").agg(
        planned_type=("type", ";".join),
        planned_size=("size", _joined),
        planned_year=("year", "min"),
        number=("number", "min"),
        planned_once_yuan=("cost_once_yuan", "sum"),
        planned_yearly_yuan=("cost_yearly_yuan", "sum"),
        estimated=("estimated", "any"),
        newly_covered=("site_newly", "max"),
    )
    state = np.select(
        [
            frame["site_id"].isin(by_site.index) & (frame["status"] == "candidate"),
            frame["open_today"],
            frame["status"] == "existing",
            frame["status"] == "candidate",
        ],
        ["planned", "today", "closed", "candidate"],
        default="excluded",
    )
    table = frame.drop(columns="open_today").join(by_site, on="site_id")
    filled = table.fillna({"planned_type": "", "planned_size": "", "number": 0, "estimated": False})
    return filled.assign(
        state=state,
        number=filled["number"].astype(int),
        estimated=filled["estimated"].astype(bool),
        planned_year=filled["planned_year"].astype("Int64"),
        planned_once_yuan=filled["planned_once_yuan"].astype("Int64"),
        planned_yearly_yuan=filled["planned_yearly_yuan"].astype("Int64"),
        newly_covered=filled["newly_covered"].astype("Int64"),
        **_people_columns(studied, np.isin(state, UNUSED)),
    )


def map_sites(table: GeoDataFrame) -> GeoDataFrame:
    """Rows of the map: planned sites carry what is planned, the others what stands."""
    planned = table["number"] > 0
    types = table["type"].where(~planned, table["planned_type"])
    shown = table.assign(
        types=types,
        state=table["state"].where(~planned, "planned"),
        cost_once_yuan=table["cost_once_yuan"].where(~planned, table["planned_once_yuan"]),
        cost_yearly_yuan=table["cost_yearly_yuan"].where(~planned, table["planned_yearly_yuan"]),
        people=table["people_reached"],
    )
    # a kiosk in an existing station is a planned facility beside the station itself
    standing = table[planned & (table["state"] == "today")].assign(
        types=lambda t: t["type"], number=0, estimated=False, people=lambda t: t["people_reached"]
    )
    return pd.concat([shown[shown["state"] != "excluded"], standing], ignore_index=True)
