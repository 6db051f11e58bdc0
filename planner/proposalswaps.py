"""What dropping a planned site does, and why what would take its place is not taken; said alike wherever it is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner.figures import money
from planner.proposalfigures import whole, years_counted
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from planner.proposalfigures import Reading

    Record = Mapping[str, Any]


def end_of(row: Record) -> str:
    """Tell why a runner-up is not chosen: what the plan is to be best at, where nothing plainer speaks against it.

    Parameters
    ----------
    row
        A row of ``plan.opened`` that has a runner-up.

    Returns
    -------
    key
        ``not_chosen`` (goals fail, it costs more, or cover is lost), ``worse`` or ``equal`` by the objective alone, or
        ``better``: it serves the objective better, as may be where a plan is not proven best.
    """
    if row["runner_up_keeps_goals"] and row["runner_up_more_objective"] < 0:
        return "better"
    if not row["runner_up_keeps_goals"] or row["runner_up_more_yuan"] > 0 or row["runner_up_lost_people"] > 0:
        return "not_chosen"
    return "worse" if row["runner_up_more_objective"] else "equal"


def served(row: Record, limited: bool) -> bool:  # noqa: FBT001
    """Whether the people lost are those whom outlets no longer take (capacity), and not those out of reach."""
    return limited and row["in_time"]


def dropped(told: Reading, row: Record) -> str:
    """Say what dropping a site does; where two types open at one place, of which of them."""
    language, lost = told.language, row["lost_people"]
    name = row["name"]
    if told.shared:
        name = say("proposal.options.typed", language, name=name, type=row["type_name"])
    key = ("drop" if lost > 0 else "drop_none") + ("_served" if served(row, told.limited) else "")
    people = {"people": whole(lost, language)} if lost > 0 else {}
    return say(f"proposal.options.{key}", language, name=name, **people)


def outcome(told: Reading, row: Record, *, brief: bool = False) -> tuple[Sequence[str], str]:
    """Say what the plan would be with the runner-up in the place of a site, and why it is not taken.

    Parameters
    ----------
    told
        The reading of run.json.
    row
        A row of ``plan.opened`` that has a runner-up.
    brief
        For a narrow cell: without the years, and without what is plain from the rest, who loses cover where goals fail
        or it costs more, and the end there.

    Returns
    -------
    parts, end
        Goals (where there are any), cost over the years and people; and how the sentence ends.
    """
    language, more, lost = told.language, row["runner_up_more_yuan"], row["runner_up_lost_people"]
    keeps, end = row["runner_up_keeps_goals"], end_of(row)
    plain = brief and end == "not_chosen" and (not keeps or more > 0)
    goals = ("holds" if keeps else "holds_not") if told.plan["best_effort"] else "keeps" if keeps else "fails"
    way = "more" if more > 0 else "less" if more < 0 else "even"
    amount = {"money": money(abs(more), language)} if more else {}
    parts = [say(f"proposal.second.{goals}", language)] if told.goals else []
    years = {} if brief else {"years": years_counted(told)}
    parts.append(say(f"proposal.second.{'brief_' if brief else ''}{way}", language, **years, **amount))
    if lost > 0 and not plain:
        key = "loses_served" if served(row, told.limited) else "loses"
        parts.append(say(f"proposal.second.{key}", language, n=whole(lost, language)))
    return parts, "" if plain else say(f"proposal.second.{end}", language)
