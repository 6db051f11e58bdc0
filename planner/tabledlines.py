"""Sentences on a today that the scenario itself changed, beside today by the site tables; figures from run.json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner.figures import percent
from planner.proposalfigures import whole
from planner.words import listed, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from planner.terms import Language

NAMED = 5
"""Outlets of one change that a sentence names."""

_CHANGES = ("closed", "moved", "opened", "retyped")


def assumed(run: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    """Say what is supposed of today's outlets, and for each standard who is covered today as it is; nothing without it.

    Parameters
    ----------
    run
        The content of run.json.
    names
        Names of the standards by id.
    """
    if "tabled" not in run:
        return
    language: Language = run["language"]
    yield say("tabled.assumed", language, changes=_changes(run))
    now = {one["id"]: one for one in run["standards"]}
    for before in run["tabled"]["standards"]:
        one = now[before["id"]]
        if not before["people"]:
            continue
        values = {
            "name": names[before["id"]],
            "before": _people(before["covered"], language),
            "share": percent(before["covered"], before["people"]),
            "units": say("tabled.units", language, n=before["communities_covered"], all=before["communities"]),
            "now": _people(one["covered_today"], language),
            "now_more": _more(one["covered_today"] - before["covered"], language),
        }
        plan = one["covered_plan"]
        if plan is not None:
            values |= {"plan": _people(plan, language), "plan_more": _more(plan - before["covered"], language)}
        yield say("tabled.today" if plan is None else "tabled.plan", language, **values)


def asked(run: Mapping[str, Any]) -> list[str]:
    """Say in one sentence what a plan supposes of today's outlets; nothing where it supposes nothing."""
    return [say("tabled.ask", run["language"], changes=_changes(run))] if "tabled" in run else []


def noted(run: Mapping[str, Any]) -> list[str]:
    """Say the same for the edge of a map."""
    return [say("tabled.note", run["language"], changes=_changes(run))] if "tabled" in run else []


def _changes(run: Mapping[str, Any]) -> str:
    """List the outlets by what is supposed of them."""
    language, found = run["language"], []
    for kind in _CHANGES:
        named = [one["name"] for one in run["tabled"]["sites"] if one["change"] == kind]
        if named:
            names = listed(named[:NAMED], language)
            if len(named) > NAMED:
                names = say("tabled.several", language, names=names, n=len(named))
            found.append(say(f"tabled.{kind}", language, names=names))
    return listed(found, language)


def _people(n: int, language: Language) -> str:
    return say("tabled.people", language, n=whole(n, language))


def _more(n: int, language: Language) -> str:
    key = "more" if n > 0 else "fewer" if n < 0 else "same"
    return say(f"tabled.{key}", language, n=whole(abs(n), language))
