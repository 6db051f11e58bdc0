"""The route that proves that a community is covered, or how far it is from being so, by `verify`'s own search."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from planner.errors import Fault, ScenarioError
from planner.recoverage import nearest, serving, types_in, types_today
from planner.rejudge import needed
from planner.words import listed, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planner.recomputed import Recomputed
    from planner.recoverage import Measured, Types
    from planner.regraph import Reached, Ways
    from planner.reinputs import Rule
    from planner.reresult import Point
    from planner.terms import Language


def witnessed(again: Recomputed, unit: str) -> list[dict[str, Any]]:
    """Prove who is covered in a community, by standard and state.

    Parameters
    ----------
    again
        What was recomputed.
    unit
        The community: its code, or a name that one community only has.

    Returns
    -------
    proofs
        For each standard that speaks of it, today and in the last year of the plan: standard, state, year, unit, name,
        timed, limit (millimetres, or milliseconds), points, people, needed, covered (people), met; point, point_people
        and site_id (nearest outlet) of the deciding point, which is the one up to which so many of its people are
        reached as the rule asks for (met is None, and nothing else is told, where no point has a place of its own);
        decides (as limit) and over (beyond it, 0 within); legs (millimetres to the road
        and from it) and route (way, name, metres in millimetres; none as the crow flies).

    Raises
    ------
    ScenarioError
        If there is no such community, or roads could not be read again.
    """
    points = _points(again, unit)
    if again.measured is None:
        raise ScenarioError(Fault("verify_no_roads", values={"unit": unit}))
    read = again.read
    rows = [{"site_id": one.site, "type": one.type, "year": one.year} for one in again.opened]
    states: list[tuple[str, int, Types]] = [("today", read.scenario["data_date"].year, types_today(read.sites))]
    states += [("plan", year, types_in(read.sites, rows, year)) for year in [*again.planned][-1:]]
    return [
        _proof(again, rule, state, year, types, able) if able else _unjudged(rule, state, year, spoken)
        for rule in read.rules
        if (spoken := [point for point in points if rule.speaks_of(point)])
        for able in [[point for point in spoken if point.able and point.placed != "spread"]]
        for state, year, types in states
    ]


def _unjudged(rule: Rule, state: str, year: int, points: Sequence[Point]) -> dict[str, Any]:
    """Say that none of the points of a community has a place of its own, so that it cannot be judged."""
    names = {p.name for p in points}
    about = {"standard": rule.id, "state": state, "year": year, "unit": points[0].unit, "met": None}
    about |= {"name": names.pop() if len(names) == 1 else "", "points": len(points)}
    return about | {"people": sum(point.people for point in points)}


def _points(again: Recomputed, unit: str) -> list[Point]:
    """Points of a community by its code, else by its name."""
    points = [*again.read.points.values()]
    found = [point for point in points if point.unit == unit]
    named = [point for point in points if unit in {point.name, point.id}]
    if not found and len({point.unit for point in named}) == 1:
        found = [point for point in points if point.unit == named[0].unit]
    if not found:
        raise ScenarioError(Fault("verify_no_unit", values={"unit": unit, "count": len({p.unit for p in named})}))
    return found


def _proof(
    again: Recomputed, rule: Rule, state: str, year: int, types: Types, points: Sequence[Point]
) -> dict[str, Any]:
    measured = again.measured
    if measured is None:
        raise ValueError(rule.id)
    near = nearest(rule, serving(types, rule), [point.id for point in points], measured)
    people = sum(point.people for point in points)
    asked = needed(again.read.scenario["demand"].get("community_rule", "0.5"), people)
    point = _deciding(points, near, asked)
    covered = sum(p.people for p in points if p.id in near and near[p.id].decides <= rule.limit)
    found = {"standard": rule.id, "state": state, "year": year, "unit": point.unit}
    names = {p.name for p in points}
    found["name"] = names.pop() if len(names) == 1 else ""
    found |= {"timed": rule.timed, "limit": rule.limit, "points": len(points), "people": people, "needed": asked}
    found |= {"covered": covered, "met": covered >= asked > 0, "point": point.id, "point_people": point.people}
    reached = near.get(point.id)
    if reached is None:
        return found | {"site_id": "", "site_name": "", "decides": None, "over": None, "legs": [], "route": []}
    return found | {
        "site_id": reached.site,
        "site_name": again.read.sites[reached.site].name,
        "decides": reached.decides,
        "over": max(0, reached.decides - rule.limit),
        "mm": reached.mm,
        "ms": reached.ms,
        **_way(measured, rule, point, reached),
    }


def _deciding(points: Sequence[Point], near: Mapping[str, Reached], asked: int) -> Point:
    """Return the point up to which, from the nearest on, as many people are reached as are asked for."""
    far = float("inf")
    ordered = sorted(points, key=lambda p: (near[p.id].decides if p.id in near else far, p.id))
    reached = 0
    for point in ordered:
        reached += point.people
        if reached >= asked:
            return point
    return ordered[-1]


def _way(measured: Measured, rule: Rule, point: Point, reached: Reached) -> dict[str, Any]:
    """Return the access legs and the ways of a route, parts of one way in a row put together."""
    if rule.straight:
        return {"legs": [], "route": []}
    ways: Ways = measured.ways[rule.mode, rule.timed]
    legs = [ways.points[point.id].leg_mm, ways.sites[reached.site].leg_mm]
    parts = groupby(ways.route(point.id, reached.site), key=lambda step: step[0].way)
    route = [
        {"way": way, "name": ways.streets.names.get(way, ""), "mm": sum(mm for _, mm in steps)} for way, steps in parts
    ]
    return {"legs": legs, "route": route}


def lines(proofs: Sequence[Mapping[str, Any]], language: Language) -> Iterator[str]:
    """Say each proof: the verdict, the route with its parts, and their sum beside the cutoff."""
    for one in proofs:
        if one["met"] is None:
            yield _unjudged_line(one, language)
            continue
        values = {key: one[key] for key in ("standard", "year", "people", "needed", "covered")}
        state = say(f"verify.state.{one['state']}", language, year=one["year"])
        unit = f"{one['name']} {one['unit']}".strip()
        yield say("verify.met" if one["met"] else "verify.unmet", language, **values, unit=unit, state=state)
        if one["decides"] is None:
            yield say("verify.no_way", language, point=one["point"])
        else:
            yield from _route_lines(one, language)


def _unjudged_line(one: Mapping[str, Any], language: Language) -> str:
    state = say(f"verify.state.{one['state']}", language, year=one["year"])
    values = {key: one[key] for key in ("standard", "people", "points")}
    return say("verify.unjudged", language, **values, unit=f"{one['name']} {one['unit']}".strip(), state=state)


def _route_lines(one: Mapping[str, Any], language: Language) -> Iterator[str]:
    """Say how far the deciding point is, and by which roads; ways of one name in a row are one line."""
    sums = {"metres": _decimals(one["mm"]), "seconds": _decimals(one["ms"]), "limit": _decimals(one["limit"])}
    about = {"point": one["point"], "people": one["point_people"], "site": f"{one['site_id']} {one['site_name']}"}
    unit = "drive" if one["timed"] else "metres"
    beyond = say(f"verify.over_{unit}", language, over=_decimals(one["over"])) if one["over"] else ""
    yield say(f"verify.nearest_{unit}", language, **about, **sums, beyond=beyond or say("verify.within", language))
    if not one["legs"]:
        return
    yield say("verify.leg_from", language, metres=_decimals(one["legs"][0]))
    for name, parts in groupby(one["route"], key=lambda part: str(part["name"])):
        held = list(parts)
        ways, mm = listed((str(part["way"]) for part in held), language), sum(part["mm"] for part in held)
        yield say(
            "verify.part", language, ways=ways, name=name or say("verify.unnamed", language), metres=_decimals(mm)
        )
    yield say("verify.leg_to", language, metres=_decimals(one["legs"][1]))
    whole = sum(one["legs"]) + sum(part["mm"] for part in one["route"])
    yield say("verify.sum", language, metres=_decimals(whole))


def _decimals(thousandths: int) -> str:
    return f"{thousandths // 1000}.{thousandths % 1000:03d}"
