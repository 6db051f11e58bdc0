"""The load of a map that answers: roads, people, sites and figures of a run, packed for the scripts of its page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from planner import livebytes
from planner.livegraph import pack_roads
from planner.livemeta import meta_of, sites_in_order
from planner.livepoints import point_sections, points_of, site_sections
from planner.pageload import Load
from planner.study import goals_in
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planner.study import Study


def load_of(studied: Study, run: Mapping[str, Any], frontier: Mapping[str, Any] | None = None) -> Load:
    """Pack all that the scripts of the page need to count an edited plan as the planner does.

    Parameters
    ----------
    studied
        The study.
    run
        The content of run.json.
    frontier
        What `planner.frontierrecord.frontier_of` gives.

    Returns
    -------
    load
        The same for the same inputs.
    """
    packed = pack_roads(studied.inputs.networks)
    points = points_of(studied, packed.slots["walk"])
    rows = np.array(sites_in_order(studied).index, dtype=np.int64)
    sections = {
        **packed.sections,
        **point_sections(studied, points, packed.slots, goals_in(studied, studied.years[-1])),
        **site_sections(studied, rows, packed.slots),
    }
    meta = {**packed.meta, **meta_of(studied, run, points, frontier)}
    data = livebytes.container(meta, sections)
    foot = say(
        "note.live",
        studied.inputs.scenario.language,
        files=Path(run["inputs"][0]["path"]).name,  # roads are the first
        date=run["data_date"],
    )
    return Load(data, livebytes.crc(data), livebytes.text_of(data), livebytes.LOAD_VERSION, (foot,))
