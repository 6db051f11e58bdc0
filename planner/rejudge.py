"""Standards and goals counted again for `verify`: whole people, communities, and shares exactly (design.md 5)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planner.recoverage import Row
    from planner.reinputs import Read, Rule
    from planner.reresult import Point

    Rows = Mapping[str, Row]

UNJUDGED = "not_assessable"
CHECKED = "checked"


def needed(share: object, whole: int) -> int:
    """Return how many of a whole a share asks for: the next whole number, exactly."""
    return -((-Fraction(str(share)) * whole) // 1)


def share_of(part: int, whole: int) -> float | None:
    """Return a share as run.json writes it; None of nobody."""
    return part / whole if whole else None


@dataclass(frozen=True)
class Count:
    """Who is covered: whole people or communities, and those covered; `left` are people short by point."""

    whole: int
    reached: int
    left: Mapping[str, int]
    unjudged: int


def communities(
    points: Sequence[Point], rows: Rows, people: Mapping[str, int], got: Mapping[str, int]
) -> dict[str, list[int]]:
    """People and covered people by community; nobody's where points were spread over an area and not checked."""
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for point in points:
        if point.placed != "spread" or rows[point.id].reason == CHECKED:
            found[point.unit][0] += people[point.id]
            found[point.unit][1] += got[point.id]
    return {unit: both for unit, both in found.items() if both[0] and unit}


def covered_units(units: Mapping[str, list[int]], rule: object) -> set[str]:
    """Communities of which enough people are covered."""
    return {unit for unit, (whole, got) in units.items() if got >= needed(rule, whole)}


def standard_figures(read: Read, rule: Rule, today: Rows, plan: Rows | None) -> dict[str, Any]:
    """Count one standard as run.json does, today and in the last year of the plan (none: null)."""
    by_state = {"today": _tally(read, rule, today), "plan": None if plan is None else _tally(read, rule, plan)}
    first, last = by_state["today"], by_state["plan"]
    if first is None:
        raise ValueError(rule.id)
    return {
        "people": first["people"],
        "covered_today": first["covered"],
        "covered_plan": last and last["covered"],
        "not_assessable": first["unjudged"],
        "communities": first["communities"],
        "communities_today": first["communities_covered"],
        "communities_plan": last and last["communities_covered"],
        "share_today": share_of(first["covered"], first["people"]),
        "share_plan": last and share_of(last["covered"], first["people"]),
    }


def _tally(read: Read, rule: Rule, rows: Rows) -> dict[str, int]:
    spoken = [point for point in read.points.values() if rule.speaks_of(point)]
    able = [point for point in spoken if rows[point.id].reason != UNJUDGED]
    people = {point.id: point.people for point in able}
    got = {point.id: point.people * rows[point.id].covered for point in able}
    units = communities(able, rows, people, got)
    return {
        "people": sum(people.values()),
        "covered": sum(got.values()),
        "unjudged": sum(point.people for point in spoken) - sum(people.values()),
        "communities": len(units),
        "communities_covered": len(covered_units(units, read.scenario["demand"].get("community_rule", "0.5"))),
    }


def scopes_of(goal: Mapping[str, Any], points: Sequence[Any]) -> Iterator[tuple[str, list[Any]]]:
    """Split rows with district, town and unit into the scopes of a goal or count; a blank one is in no scope."""
    inside = [
        point
        for point in points
        if goal.get("district") in {None, point.district} and goal.get("town") in {None, point.town}
    ]
    each = goal.get("each", "city")
    if each == "city":
        yield _scope(goal.get("district"), goal.get("town")), inside
        return
    by_name: dict[str, list[Any]] = defaultdict(list)
    for point in inside:
        town = _scope(point.district, point.town) if point.town else ""
        name = {"town": town, "district": _scope(point.district), "community": point.unit}[each]
        if name:
            by_name[name].append(point)
    yield from sorted(by_name.items())


def _scope(*names: str | None) -> str:
    # a stroke in a name must not make one town of two
    return "/".join(name.replace("/", "／") for name in names if name)


def counted(goal: Mapping[str, Any], points: Sequence[Point], rows: Rows, community_rule: object) -> Count:
    """Count one goal in one scope by who is within reach of one facility, or of two for `backup`."""
    people = {point.id: _people(point, goal) for point in points}
    able = [point for point in points if rows[point.id].reason != UNJUDGED]
    enough = {point.id: rows[point.id].facilities >= 1 + goal.get("backup", False) for point in able}
    got = {name: people[name] * reached for name, reached in enough.items()}
    unjudged = sum(people.values()) - sum(people[name] for name in enough)
    if goal.get("of", "people") == "people":
        whole, reached, fine = sum(people[name] for name in enough), sum(got.values()), set[str]()
    else:
        units = communities(able, rows, people, got)
        fine = covered_units(units, community_rule)
        whole, reached = len(units), len(fine)
    kept = {"", *fine} if goal.get("of") == "communities" else set()
    spread = {point.id for point in able if point.placed == "spread" and rows[point.id].reason != CHECKED}
    left = {
        point.id: people[point.id] - got[point.id]
        for point in able
        if not enough[point.id]
        and ("" if point.id in spread else point.unit) not in kept
        and (people[point.id] or not goal.get("group"))
    }
    return Count(whole, reached, left, unjudged)


def _people(point: Point, goal: Mapping[str, Any]) -> int:
    return point.groups.get(f"people_{goal['group']}", 0) if goal.get("group") else point.people


def share_in(goal: Mapping[str, Any], year: int, scenario: Mapping[str, Any]) -> Any:
    """Share that a goal asks for in a year: its own, or that of the last phase until then that writes one."""
    share = goal["share"]
    for phase in sorted(scenario.get("phase", ()), key=lambda phase: phase["year"]):
        if phase["year"] <= year:
            share = phase.get("shares", {}).get(goal["id"], share)
    return share


def goal_figures(
    read: Read, goal: Mapping[str, Any], year: int, today: Rows, plan: Rows | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Count one goal in one year: each scope and its figures as run.json writes them; without what capacity decides."""
    rule = next(rule for rule in read.rules if rule.id == goal["standard"])
    share, of_units = share_in(goal, year, read.scenario), read.scenario["demand"].get("community_rule", "0.5")
    for scope, points in scopes_of(goal, [point for point in read.points.values() if rule.speaks_of(point)]):
        now = counted(goal, points, today, of_units)
        then = None if plan is None else counted(goal, points, plan, of_units)
        state = now if then is None else then
        asked = needed(share, now.whole)
        met = state.reached >= asked
        left = {} if met else state.left
        yield (
            scope,
            {
                "standard": goal["standard"],
                "of": goal.get("of", "people"),
                "group": goal.get("group"),
                "target": float(share),
                "whole": now.whole,
                "needed": asked,
                "reached_today": now.reached,
                "reached_plan": None if then is None else then.reached,
                "today": share_of(now.reached, now.whole),
                "plan": None if then is None else share_of(then.reached, then.whole),
                "met": met,
                "not_assessable": now.unjudged,
                "left": sorted(left),
                "left_people": sum(left.values()),
            },
        )
