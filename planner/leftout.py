"""Who is left out: communities by the reason for it, and how many people of which kind live there (W10, W13)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.columns import GROUP_PREFIX
from planner.standings import DECIDED, UNASSESSABLE, UNMET

if TYPE_CHECKING:
    from collections.abc import Sequence

REPORTED = ("登记失业", "就业困难")
"""Columns of the ledger of communities whose people a report names beside those left out."""

PLANNED = "planned"
"""In place of a reason: communities that a planned site mends."""

REASONS = ("no_candidate", "no_route", "off_network", "not_chosen", "beyond", UNASSESSABLE)
"""Why communities stay left out: those of `planner.measures.measures`, and that nobody can tell."""


def deciding(measures: pd.DataFrame, decides: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the measure that speaks for each community left out.

    Parameters
    ----------
    measures
        As `planner.measures.measures` returns them.
    decides
        The deciding standards, in the order of the scenario.

    Returns
    -------
    rows
        By unit_id: the row of the first deciding standard which the community falls short of and no planned site mends;
        where the plan mends all of them, of the first. A plan that mends one and not the other is no measure.
    """
    told = [{str(name): value for name, value in row.items()} for row in measures.to_dict("records")]
    rows = {(row["unit_id"], row["standard"]): row for row in told}
    chosen: dict[str, dict[str, Any]] = {}
    for unit in dict.fromkeys(measures["unit_id"]):
        mine = [rows[unit, standard] for standard in decides if (unit, standard) in rows]
        if mine:
            chosen[unit] = next((row for row in mine if row["measure"] != "planned"), mine[0])
    return chosen


def left_by_reason(measures: pd.DataFrame, standings: pd.DataFrame, decides: Sequence[str]) -> dict[str, int]:
    """Count the communities left out by the reason for it (sentence 10 of the report).

    Parameters
    ----------
    measures
        As `planner.measures.measures` returns them.
    standings
        How communities stand; those of all deciding standards together say who is left out.
    decides
        The deciding standards, in the order of the scenario.

    Returns
    -------
    counts
        `PLANNED` and each of `REASONS` -> communities. They add up to those that are unmet or cannot be judged; without
        `PLANNED` and ``unassessable`` they are those that stay left out.
    """
    whole = standings[standings["standard"] == DECIDED]
    unmet = measures[(measures["reason"] != "").to_numpy()]  # what cannot be judged has no reason
    chosen = deciding(unmet, decides)
    counts: Counter[str] = Counter()
    counts[UNASSESSABLE] = int((whole["state"] == UNASSESSABLE).sum())
    for unit in whole.loc[whole["state"] == UNMET, "unit_id"]:
        row = chosen[unit]
        counts[PLANNED if row["measure"] == "planned" else row["reason"]] += 1
    return {name: counts[name] for name in (PLANNED, *REASONS)}


def left_out_groups(
    standings: pd.DataFrame, communities: pd.DataFrame, units: pd.DataFrame
) -> dict[str, dict[str, int | None]]:
    """Add up who lives in the communities that fall short of the deciding standards (sentence 6 of the report).

    Parameters
    ----------
    standings
        How communities stand; those of all deciding standards together say who falls short.
    communities
        The bureau's own columns of communities (`planner.bureau.Bureau`): index unit_id, whole numbers as Int64.
    units
        Facts of every community (`planner.communityledger.facts`): index unit_id, people_<id> of each group of people.

    Returns
    -------
    sums
        ``reported``: each of `REPORTED` -> people, as the ledger has it; ``blank``: the same -> communities left out of
        which it is not given; ``groups``: id -> people, as the tables of people have them. People are None where
        nothing is given of any of them.
    """
    whole = standings[standings["standard"] == DECIDED]
    left = pd.Index(whole.loc[whole["state"] == UNMET, "unit_id"])
    told = communities.select_dtypes("Int64")
    given = told.reindex(index=left, columns=list(REPORTED))
    mine = units.reindex(left)
    groups = [name for name in map(str, units.columns) if name.startswith(GROUP_PREFIX)]
    return {
        "reported": {name: _sum(given[name]) for name in REPORTED},
        "blank": {name: int(given[name].isna().sum()) for name in REPORTED},
        "groups": {name.removeprefix(GROUP_PREFIX): _sum(mine[name]) for name in groups},
    }


def _sum(people: pd.Series) -> int | None:
    """Add up whole numbers exactly; None where none is given."""
    known = people.dropna()
    return sum(int(one) for one in known) if len(known) else None
