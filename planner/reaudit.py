"""Verdicts of communities and the figures of the audit counted again for `verify`, from its own distances.

A community's deciding point is the one up to which, from the nearest outlet on, the rule's share of its people that can
be judged is reached: the community meets a standard exactly when that point does (design.md; the audit's figures.csv).
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING, Any

from planner.recoverage import serving, types_today
from planner.regraph import ways_of
from planner.rejudge import CHECKED, needed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from planner.recomputed import Recomputed
    from planner.recoverage import Measured, Row, Types
    from planner.reinputs import Read, Rule
    from planner.rejudge import Rows
    from planner.reresult import Point

MET, UNMET, UNASSESSABLE = "met", "unmet", "unassessable"
DECIDED = ""
"""The standard of figures that count the deciding ones together."""

LEVELS = ("city", "district", "town")
_FAR, _CLOSE = float("inf"), -1.0
_RULES = ("0.5", "0.8", "1")
_SPEEDS = ("3.2", "4", "4.8")


@dataclass(frozen=True)
class Spot:
    """A point as one standard sees it; `own` and `other` are what decides by its metric, and by the other one."""

    point: Point
    unit: str
    own: float
    other: float
    judged: bool
    named: bool
    row: Row


@dataclass(frozen=True)
class Verdict:
    """How a community stands; `low` and `high` with cutoffs a tenth shorter and longer."""

    state: str
    low: str
    high: str
    people: int
    unjudged: int
    spot: Spot | None

    @property
    def near(self) -> bool:
        """Whether a tenth more or less would change the verdict (临界)."""
        return self.low != self.high


@dataclass(frozen=True)
class Way:
    """A way of counting: its name, another share of people, another walking speed, or the other metric."""

    name: str = ""
    rule: str = ""
    kph: str = ""
    other: bool = False

    def means(self, rule: Rule, section: Mapping[str, Any]) -> bool:
        """Whether it makes a difference under a standard."""
        if self.kph:
            return "minutes" in section and not rule.timed
        return not self.other or not rule.timed

    def limit(self, rule: Rule, section: Mapping[str, Any]) -> int:
        """Cutoff in whole units."""
        if not self.kph or not self.means(rule, section):
            return rule.limit
        return int(Fraction(str(section["minutes"])) * 60 * Fraction(self.kph) * 1_000_000 / 3600)

    def cost(self, spot: Spot, rule: Rule) -> float:
        """Return what decides for a point."""
        return spot.other if self.other and not rule.timed else spot.own


WAYS = (
    Way(),
    Way("other-metric", other=True),
    *(Way(f"kph-{kph}", kph=kph) for kph in _SPEEDS),
    *(Way(f"rule-{rule}", rule=rule) for rule in _RULES),
)


def _thousandths(text: str) -> float:
    """Millimetres or milliseconds of a written figure with three decimals; nothing is far."""
    return float(text.replace(".", "")) if text else _FAR


def seen(read: Read, measured: Measured | None, rule: Rule, rows: Rows, types: Types) -> list[Spot]:
    """Return the points that a standard speaks of, by id, with the rows of its coverage.

    Without distances the roads beside a straight line are not known: what they say is as if nothing were in reach.
    """
    points = sorted((point for point in read.points.values() if rule.speaks_of(point)), key=lambda point: point.id)
    roads = _by_road(rule, measured, types) if rule.straight and measured is not None else {}
    found = []
    for point in points:
        row = rows[point.id]
        own = _thousandths(row.seconds if rule.timed else row.metres)
        other = roads.get(point.id, _FAR) if rule.straight else _thousandths(row.straight_m)
        if row.reason == CHECKED:
            own = other = _CLOSE if row.covered else _FAR
        unit = point.unit if point.layer == "residents" and not point.made else ""
        named = point.placed != "spread" or row.reason == CHECKED
        found.append(Spot(point, unit, own, other, row.reason != "not_assessable", named, row))
    return found


def _by_road(rule: Rule, measured: Measured, types: Types) -> dict[str, float]:
    """Millimetres along the roads to the nearest outlet, for a standard that the straight line decides."""
    if rule.mode not in measured.streets:
        return {}
    feet = measured.point_feet[rule.mode], measured.site_feet[rule.mode]
    ways = ways_of(measured.streets[rule.mode], *feet, timed=False, walk_kph=measured.walk_kph)
    return {point: float(reached.mm) for point, reached in ways.nearest(serving(types, rule)).items()}


def verdicts(
    spots: Sequence[Spot], rule: Rule, share: object, way: Way, section: Mapping[str, Any]
) -> dict[str, Verdict]:
    """Judge every community with people under one standard and way of counting."""
    by_unit: dict[str, list[Spot]] = defaultdict(list)
    for spot in spots:
        by_unit[spot.unit].append(spot)
    limit = way.limit(rule, section)
    cutoffs = limit, math.ceil(Fraction(9 * limit, 10)) - 1, math.floor(Fraction(11 * limit, 10))
    found = {}
    for unit, held in by_unit.items():
        whole = sum(spot.point.people for spot in held)
        if not unit or not whole:
            continue
        able = sorted(
            (s for s in held if s.judged and s.named and s.point.people), key=lambda s: (way.cost(s, rule), s.point.id)
        )
        people = sum(spot.point.people for spot in able)
        last = _deciding(able, needed(way.rule or share, people))
        state, low, high = (_state(last, rule, way, at) for at in cutoffs)
        found[unit] = Verdict(state, low, high, people, whole - people, last)
    return found


def _state(spot: Spot | None, rule: Rule, way: Way, limit: int) -> str:
    return UNASSESSABLE if spot is None else MET if way.cost(spot, rule) <= limit else UNMET


def _deciding(spots: Iterable[Spot], asked: int) -> Spot | None:
    """Return the point up to which as many people are reached as are asked for; None of nobody."""
    reached = 0
    for spot in spots:
        reached += spot.point.people
        if reached >= asked:
            return spot
    return None


def together(parts: Sequence[Mapping[str, Verdict]]) -> dict[str, tuple[str, str, str]]:
    """State, low and high of every community under several standards: unmet under any, else not to be judged by one."""
    found = {}
    for unit in sorted({*chain.from_iterable(parts)}):
        held = [part[unit] for part in parts if unit in part]
        found[unit] = (
            _worst([one.state for one in held]),
            _worst([one.low for one in held]),
            _worst([one.high for one in held]),
        )
    return found


def _worst(states: Sequence[str]) -> str:
    return next((state for state in (UNMET, UNASSESSABLE) if state in states), MET)


def counted_once(parts: Sequence[tuple[Sequence[Spot], Rule, int, Way]]) -> dict[str, tuple[Spot, bool, bool, bool]]:
    """Every point once, under several standards: whether it is judged, named and covered under all that mean it."""
    found: dict[str, tuple[Spot, bool, bool, bool]] = {}
    for spots, rule, limit, way in parts:
        for spot in spots:
            inside = way.cost(spot, rule) <= limit and spot.judged
            first, judged, named, covered = found.get(spot.point.id, (spot, True, True, True))
            found[spot.point.id] = (first, judged and spot.judged, named and spot.named, covered and inside)
    return found


def audit_figures(
    read: Read, held: Mapping[str, Sequence[Spot]], decides: Sequence[str], ways: Sequence[Way] = WAYS
) -> Iterator[tuple[tuple[str, str, str, str, str], dict[str, int | None]]]:
    """Count communities and people: (level, scope, standard, variant, group) and the columns of figures.csv.

    A community stands where its first point that names a district does; people count once, where they live.
    """
    share = read.scenario["demand"].get("community_rule", "0.5")
    sections = {one["id"]: one for one in read.scenario["standard"]}
    rules = {rule.id: rule for rule in read.rules}
    homes: dict[str, Point] = {}
    every = (spot.point for spots in held.values() for spot in spots)
    for point in sorted(every, key=lambda point: (not point.district, point.id)):
        homes.setdefault(point.unit, point)
    for way in ways:
        judged = {name: verdicts(held[name], rules[name], share, way, sections[name]) for name in held}
        means = [name for name in held if way.means(rules[name], sections[name])]
        asked = [(name, [name]) for name in means]
        deciding = [name for name in held if name in decides]
        whole = {*deciding} == {*decides}
        asked += [(DECIDED, deciding)] if whole and {*deciding} & {*means} else []
        for name, those in asked:
            parts = [(held[one], rules[one], way.limit(rules[one], sections[one]), way) for one in those]
            people, units = counted_once(parts), together([judged[one] for one in those])
            for (level, scope, group), counts in _rolled_up(people, units, homes, grouped=not way.name):
                yield (level, scope, name, way.name, group), counts


def scopes_at(point: Point) -> list[tuple[str, str]]:
    """Levels and scopes that a point stands in; where it names none it is in none."""
    # a stroke in a name must not make one town of two
    names = (name.replace("/", "／") for name in (point.district, point.town))
    town = "/".join(names).removeprefix("/") if point.town else ""
    return [("city", ""), *((level, name) for level, name in (("district", point.district), ("town", town)) if name)]


def _rolled_up(
    people: Mapping[str, tuple[Spot, bool, bool, bool]],
    units: Mapping[str, tuple[str, str, str]],
    homes: Mapping[str, Point],
    *,
    grouped: bool,
) -> Iterator[tuple[tuple[str, str, str], dict[str, int | None]]]:
    counts: dict[tuple[str, str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for unit, (state, low, high) in units.items():
        for level, scope in scopes_at(homes[unit]):
            held = counts[level, scope, ""]
            held["communities"] += 1
            held["assessable"] += state != UNASSESSABLE
            held[state] += 1
            held["near_limit"] += low != high
    for spot, judged, _, covered in people.values():
        each = {"": spot.point.people}
        each |= {key.removeprefix("people_"): count for key, count in spot.point.groups.items()} if grouped else {}
        for group, number in each.items():
            for level, scope in scopes_at(spot.point):
                held = counts[level, scope, group]
                held["people" if judged else "unjudged"] += number
                held["covered"] += number * (judged and covered)
    for key, held in counts.items():
        asked = ("communities", "assessable", MET, UNMET, UNASSESSABLE, "near_limit")
        blank: dict[str, int | None] = {name: None if key[2] else held[name] for name in asked}
        yield key, blank | {name: held[name] for name in ("people", "covered", "unjudged")}


def whole_states(
    read: Read, held: Mapping[str, Sequence[Spot]], decides: Sequence[str]
) -> dict[str, tuple[str, str, str]]:
    """State of each community under the deciding standards together, and with cutoffs a tenth shorter and longer."""
    share = read.scenario["demand"].get("community_rule", "0.5")
    sections = {one["id"]: one for one in read.scenario["standard"]}
    rules = [rule for rule in read.rules if rule.id in decides]
    return together([verdicts(held[rule.id], rule, share, WAYS[0], sections[rule.id]) for rule in rules])


def sights(again: Recomputed) -> dict[str, list[Spot]]:
    """Return what each standard sees today; nothing where roads were not read again."""
    read, measured, year = again.read, again.measured, again.read.scenario["data_date"].year
    if measured is None:
        return {}
    types = types_today(read.sites)
    return {rule.id: seen(read, measured, rule, again.rows[rule.id, "today", year], types) for rule in read.rules}


def deciding_standards(read: Read) -> list[str]:
    """Standards that a community must meet: those that the scenario names, else those for town or country, else all."""
    named = list(read.scenario.get("audit", {}).get("decides", ()))
    residents = [rule for rule in read.rules if rule.layer == "residents"]
    return named or [rule.id for rule in residents if rule.setting] or [rule.id for rule in residents]
