"""A plan that a scenario gives, held against its result for `verify`: it is that one, and nothing more is claimed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner.recomputed import figure, missing
from planner.replan import first_year, rules_broken

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planner.recomputed import Figure
    from planner.reinputs import Read
    from planner.replan import Opened

RUN, SCENARIO = "run.json", "scenario.toml"

_CLAIMS = ("bound", "gap", "certified_gap")
"""What is said of a plan beside others: nothing of one that was not sought."""


def given_figures(read: Read, run: Mapping[str, Any], opened: Sequence[Opened]) -> Iterator[Figure]:
    """Yield what a result says of a plan beside the one that its scenario gives; nothing where none is given.

    Parameters
    ----------
    read
        The inputs.
    run
        The content of run.json.
    opened
        What its plan says that it opens.
    """
    plan, given = run["plan"], read.scenario.get("build")
    if given is None:
        if plan.get("given") or plan.get("rules_broken"):
            yield figure(RUN, "plan", "given", plan.get("given"), False)
        return
    yield figure(RUN, "plan", "given", plan.get("given"), True)
    yield from missing(f"{SCENARIO} build", map(_named, opened), [_named_in(read, entry) for entry in given])
    yield from (figure(RUN, "plan", key, plan.get(key), None) for key in _CLAIMS)
    broken = {one.told for one in rules_broken(read, opened)}
    yield from missing(f"{RUN} plan.rules_broken", plan.get("rules_broken", ()), broken)
    short = bool(broken) or not all(goal["met"] for goal in run["goals"])
    yield figure(RUN, "plan", "best_effort", plan["best_effort"], short)
    yield figure(RUN, "plan", "status", plan["status"], _status(plan, short=short, broken=bool(broken)))


def _status(plan: Mapping[str, Any], *, short: bool, broken: bool) -> str:
    """Return the status of a given plan; that people cannot be shared out otherwise is not proven here."""
    if not short:
        return "optimal"
    return "unknown" if plan["status"] == "unknown" and not broken else "infeasible"


def _named(one: Opened) -> str:
    return " ".join(filter(None, (one.site, one.type, one.size, str(one.year))))


def _named_in(read: Read, entry: Mapping[str, Any]) -> str:
    year = entry.get("year") or first_year(read)
    return " ".join(filter(None, (entry["site"], entry["type"], entry.get("size", ""), str(year))))
