"""The load of a map that answers: roads, people, sites and figures of a run, packed for the scripts of its page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from planner import livebytes
from planner.livegraph import pack_roads
from planner.livemeta import meta_of, sites_in_order
from planner.livepoints import point_sections, points_of, site_sections
from planner.pageload import Load
from planner.provenance import scenario_hash
from planner.study import goals_in
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planner.inputs import Inputs
    from planner.study import Study


def frontier_of(inputs: Inputs, file: Path) -> dict[str, Any] | None:
    """Read the record of a frontier, if it was found from the same scenario as this run.

    Parameters
    ----------
    inputs
        What the run has read.
    file
        The record, ``frontier.json``.

    Returns
    -------
    record
        Its content; None where it is not there, cannot be read, or is of another scenario.
    """
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    known = isinstance(found, dict) and found.get("scenario_sha256") == scenario_hash(inputs.loaded)
    return found if known else None


def load_of(studied: Study, run: Mapping[str, Any], frontier: Mapping[str, Any] | None = None) -> Load:
    """Pack all that the scripts of the page need to count an edited plan as the planner does.

    Parameters
    ----------
    studied
        The study.
    run
        The content of run.json.
    frontier
        What `frontier_of` gives.

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
