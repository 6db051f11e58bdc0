"""Today as the site tables alone say it, beside the today of a scenario that closes, moves or opens outlets itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from planner import coverage, overtaken, sitelines, study, tables
from planner.candidates import options
from planner.record import share

if TYPE_CHECKING:
    from collections.abc import Callable

    from planner.inputs import Inputs

KEY = "tabled"
"""Key of run.json."""


def tabled_part(inputs: Inputs, report: Callable[[str], None]) -> dict[str, Any]:
    """Return what run.json tells of today without the scenario's own sites.

    Parameters
    ----------
    inputs
        The checked inputs.
    report
        Called with the name of each step as it begins.

    Returns
    -------
    part
        ``tabled``: the outlets that count today otherwise than the tables say (site_id, name, change: closed, moved,
        opened or retyped), and for each standard its id, people, covered, share, communities and
        communities_covered, all by the tables alone. Empty where no outlet does.
    """
    written = inputs.sites.written
    if written is None:
        return {}
    changes = [*sitelines.changes(written, inputs.sites.frame, inputs.scenario.data_date)]
    if not changes:
        return {}
    report(KEY)
    before = _without_entries(inputs, written)
    table = study.coverage_today(before, lambda _: None)
    rule = inputs.scenario.demand.community_rule
    standards = []
    for standard in inputs.standards:
        counted = coverage.tally(before.demand.frame, table[table["standard"] == standard.id], rule)
        standards.append(
            {
                "id": standard.id,
                "people": counted.people,
                "covered": counted.covered,
                "share": share(counted.covered, counted.people),
                "communities": counted.communities,
                "communities_covered": counted.communities_covered,
            }
        )
    sites = [{"site_id": one.site, "name": one.name, "change": one.kind} for one in changes]
    return {KEY: {"sites": sites, "standards": standards}}


def _without_entries(inputs: Inputs, written: gpd.GeoDataFrame) -> Inputs:
    """Return the inputs with the outlets of today as the tables say them, and nothing that may be built.

    Which field checks still hold is decided anew: outlets that the scenario closes or opens overtake none of them.
    """
    frame = inputs.sites.frame
    said = {one.site_id for one in inputs.scenario.site}
    back = written.assign(open_today=tables.standing_on(written, inputs.scenario.data_date))[
        written["site_id"].isin(said)
    ]
    sites = gpd.GeoDataFrame(pd.concat([frame[~frame["site_id"].isin(said)], back], ignore_index=True), crs=4326)
    every = replace(inputs.verdicts, lines=(*inputs.verdicts.lines, *inputs.verdicts.overtaken), overtaken=())
    found, *_ = overtaken.current(every, inputs.demand.frame, sites, inputs.standards)
    standing = sites[sites["open_today"].astype(bool)].reset_index(drop=True)
    # where their rows stand matters to faults of costs alone, and nothing is priced here
    free = options(standing.assign(source_file="", source_row=0), (), ())
    return replace(inputs, sites=replace(inputs.sites, frame=standing), options=free, verdicts=found)
