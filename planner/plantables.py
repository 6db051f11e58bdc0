"""What a plan opens, whom it serves, and whom nothing can reach, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planner import schema
from planner.instance import asked
from planner.phases import ONE_YEAR, years_of
from planner.reaches import people_served

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from planner.inputs import Inputs
    from planner.instance import Reach
    from planner.siting import Flows, Instance, Plan
    from planner.standards import Goal


def _open_types(options: pd.DataFrame) -> dict[str, str]:
    """site_id -> types open there, joined by ``;``."""
    return {str(site): ";".join(sorted(group)) for site, group in options.groupby("site_id")["type"]}


def _shown(year: int, inputs: Inputs) -> int:
    """Return a year of the plan as outputs print it: a plan of one year is carried out in the year of the data."""
    return inputs.scenario.data_date.year if year == ONE_YEAR else year


def years_shown(inputs: Inputs) -> tuple[int, ...]:
    """Years of the plan, ascending, as outputs print them."""
    return tuple(_shown(year, inputs) for year in years_of(schema.limits_of(inputs.scenario).phases))


def openings(inputs: Inputs, instance: Instance, plan: Plan) -> pd.DataFrame:
    """Options that a plan opens, and the first year of each as outputs print it: columns option, year."""
    chosen = np.array(plan.chosen, dtype=np.int64)
    years = [_shown(year, inputs) for year in instance.year[chosen].tolist()]
    table = pd.DataFrame({"option": instance.option[chosen], "year": np.array(years, dtype=np.int64)})
    return table.sort_values(["option", "year"]).drop_duplicates("option", ignore_index=True)


def types_today(inputs: Inputs) -> dict[str, str]:
    """Return what stands today: site_id -> types open there, joined by ``;``."""
    return _open_types(inputs.options[inputs.options["state"] == "today"])


def types_in(inputs: Inputs, opens: pd.DataFrame, year: int) -> dict[str, str]:
    """Return what stands today or has been opened by a year of the plan: site_id -> types open there."""
    standing = set(inputs.options.index[inputs.options["state"] == "today"])
    here = sorted(standing | set(opens.loc[opens["year"] <= year, "option"]))
    return _open_types(inputs.options.iloc[here])


def opened(inputs: Inputs, opens: pd.DataFrame, reach: Mapping[str, Reach], today: pd.DataFrame) -> pd.DataFrame:
    """List the plan's new facilities with the people that each serves, in the order in which they are built."""
    chosen = inputs.options.iloc[opens["option"].tolist()].copy()
    chosen["year"] = opens["year"].to_numpy()
    names = inputs.sites.frame.set_index("site_id")["name"]
    uncovered = today[~today["covered"]].groupby("standard")["demand_id"].agg(set).to_dict()
    missing = {key: uncovered.get(key, set()) for key in reach}
    chosen["name"] = names.loc[chosen["site_id"]].to_numpy()
    for column, counted in (("people", None), ("newly", missing)):
        chosen[column] = 0
        for kind, rows in chosen.groupby("type"):
            reached = people_served(reach, dict.fromkeys(rows["site_id"], str(kind)), counted)
            chosen.loc[rows.index, column] = rows["site_id"].map(reached).fillna(0).astype(int)
    # two types at one site reach the same people, who must not be counted twice for the site
    together = _open_types(chosen)
    reached = people_served(reach, together, missing)
    chosen["site_newly"] = chosen["site_id"].map(reached).fillna(0).astype(int)
    chosen["at_existing"] = chosen["site_id"].isin(inputs.options.loc[inputs.options["state"] == "today", "site_id"])
    chosen["estimated"] = chosen["estimated_once"] | chosen["estimated_yearly"]
    order = ["year", "newly", "site_id", "type"]
    return chosen.sort_values(order, ascending=[True, False, True, True], ignore_index=True)


def _held(reach: Reach, years: Sequence[int]) -> pd.DataFrame:
    """Who is held covered by a field check alone, in every year: as in `served`, with no site."""
    held = reach.rows.loc[reach.rows["demand_id"].isin(reach.held), ["demand_id", "people"]]
    return held.assign(site_id="", type="").merge(pd.DataFrame({"year": years}), how="cross")


def row_table(inputs: Inputs, reach: Mapping[str, Reach], goals: Sequence[Goal]) -> pd.DataFrame:
    """Demand point of each row of the instance, of one year: columns demand_id, people, standard, layer."""
    scenario = inputs.scenario
    used = asked(reach, goals, schema.aim_of(scenario), schema.limits_of(scenario))
    rows = [r.rows[["demand_id", "people"]].assign(standard=r.standard.id, layer=r.standard.layer) for r in used]
    empty = pd.DataFrame({"demand_id": [], "people": [], "standard": [], "layer": []})
    return pd.concat(rows, ignore_index=True) if rows else empty


def uncoverable(instance: Instance, rows: pd.DataFrame, goals: Sequence[Goal]) -> pd.DataFrame:
    """People that no option reaches under a standard that has a goal: columns demand_id, standard, people."""
    nobody = (np.diff(instance.covers.indptr) == 0)[: len(rows)]
    with_goal = rows["standard"].isin({goal.standard for goal in goals}).to_numpy()
    return pd.DataFrame(rows[nobody & with_goal].reset_index(drop=True))


def served(
    instance: Instance, flows: Flows | None, rows: pd.DataFrame, years: Sequence[int], limited: Reach | None
) -> pd.DataFrame | None:
    """Who is served where under capacity: columns demand_id, site_id, type, year, people."""
    if flows is None or limited is None:
        return None
    place, row = np.divmod(flows.row, max(1, len(rows)))
    shared = pd.DataFrame(
        {
            "demand_id": rows["demand_id"].to_numpy(dtype=object)[row],
            "site_id": instance.site_id[flows.column],
            "type": instance.type[flows.column],
            "year": np.array(years, dtype=np.int64)[place],
            "people": flows.people,
        }
    )
    return pd.concat([shared, _held(limited, years)], ignore_index=True)
