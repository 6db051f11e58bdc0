"""Says where nobody, or only few, can be judged: scopes in which a goal asks for nothing, communities hardly known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from planner import schema
from planner.columns import GROUP_PREFIX
from planner.coverage import applies, communities
from planner.faultplaces import out_of_pack
from planner.scenario import fault_at
from planner.siting import label_of
from planner.standards import scopes
from planner.verdicts import checked, judged
from planner.words import LANGUAGES, in_both, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from planner.errors import Fault
    from planner.inputs import Inputs
    from planner.standards import Standard


def doubts_of(inputs: Inputs | None) -> tuple[Fault, ...]:
    """Return the doubts about whom nobody can judge (无法评定), as far as the inputs could be read."""
    if inputs is None:
        return ()
    return tuple(out_of_pack(inputs.loaded, doubt) for doubt in (*_scopes(inputs), *_communities(inputs)))


def _scopes(inputs: Inputs) -> Iterator[Fault]:
    """Name the scopes of goals in which nobody can be judged: an empty scope counts as met, and must not go unsaid."""
    demand, standards = inputs.demand.frame, {standard.id: standard for standard in inputs.standards}
    for i, goal in enumerate(schema.goals_of(inputs.scenario)):
        standard = standards[goal.standard]
        asked = applies(demand, standard)
        rows, able = demand[asked], judged(demand, standard, inputs.verdicts)[asked]
        people = rows["people" if goal.group is None else GROUP_PREFIX + goal.group].to_numpy(dtype=np.int64)
        for name, inside in scopes(rows, goal.each, goal.district, goal.town):
            apart = int(people[inside].sum())
            if apart and not able[inside].any():
                rule = in_both("asked.goal", id=label_of(goal.id, name))
                yield fault_at(inputs.loaded, "scope_unjudged", ["goal", i, "standard"], rule=rule, people=apart)


def _communities(inputs: Inputs) -> Iterator[Fault]:
    """Say under which standards communities are judged by less than half of their people, or not at all."""
    for i, counted in enumerate(community_counts(inputs)):
        if counted["partly"] or counted["left_out"]:
            told = [in_both(f"unjudged.{key}", count=counted[key]) for key in ("partly", "left_out") if counted[key]]
            parts = {language: listed((one[language] for one in told), language) for language in LANGUAGES}
            yield fault_at(inputs.loaded, "communities_unjudged", ["standard", i, "id"], **counted, parts=parts)


def community_counts(inputs: Inputs) -> list[dict[str, Any]]:
    """Count the communities with people of which less than half can be judged, as run.json holds them.

    Returns
    -------
    counts
        For each standard: ``partly`` (some can be judged: these count by them alone), ``left_out`` (nobody can: these
        are in no count of communities).
    """
    return [_count(inputs, standard) for standard in inputs.standards]


def _count(inputs: Inputs, standard: Standard) -> dict[str, Any]:
    demand = inputs.demand.frame
    asked = applies(demand, standard) & (demand["unit_id"] != "").to_numpy()
    named = communities(demand, checked(demand, standard, inputs.verdicts)) != ""
    known = demand["people"].where(named & judged(demand, standard, inputs.verdicts), 0)
    units = demand["unit_id"][asked]
    whole, seen = (people[asked].groupby(units).sum() for people in (demand["people"], known))
    hardly = (whole > 0) & (2 * seen < whole)
    return {
        "standard": standard.id,
        "partly": int((hardly & (seen > 0)).sum()),
        "left_out": int((hardly & (seen == 0)).sum()),
    }
