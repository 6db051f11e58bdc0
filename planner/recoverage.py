"""Who is covered, by whom and how far, measured again for `verify`: every cell of coverage.csv."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from planner.redegrees import metres_mm
from planner.regraph import Reached, Ways, ways_of
from planner.reroads import Streets, read_streets
from planner.resnap import Foot, feet_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from planner.reinputs import Read, Rule, Site
    from planner.reresult import Point

    Types = Mapping[str, tuple[str, ...]]
    Pairs = Mapping[str, Mapping[str, int]]


class Row(NamedTuple):
    """A row of the coverage table, its cells as they are written but for the key."""

    covered: bool
    facilities: int
    site_id: str
    metres: str
    seconds: str
    straight_m: str
    straight_site_id: str
    reason: str


@dataclass(frozen=True, eq=False)
class Measured:
    """Distances of a city.

    Attributes
    ----------
    streets, point_feet, site_feet
        By mode.
    ways
        Networks cut at the feet, by mode and whether time decides.
    straight
        Point -> site -> whole millimetres of the great circle.
    pairs
        Standard -> point -> sites within its cutoff -> what decides.
    walk_kph
        Walking speed in km/h.
    """

    streets: Mapping[str, Streets]
    point_feet: Mapping[str, Mapping[str, Foot]]
    site_feet: Mapping[str, Mapping[str, Foot]]
    ways: Mapping[tuple[str, bool], Ways]
    straight: Pairs
    pairs: Mapping[str, Pairs]
    walk_kph: Fraction


def serving(types: Types, rule: Rule) -> dict[str, int]:
    """How many facilities that count for a standard stand at each site that has any."""
    counts = {site: sum(kind in rule.served_by for kind in kinds) for site, kinds in types.items()}
    return {site: count for site, count in counts.items() if count}


def types_today(sites: Mapping[str, Site]) -> dict[str, tuple[str, ...]]:
    """Types that stand open today, by site."""
    return {site.id: site.types for site in sites.values() if site.today}


def types_in(sites: Mapping[str, Site], opened: Iterable[Mapping[str, Any]], year: int) -> dict[str, tuple[str, ...]]:
    """Types that stand open in a year of a plan: today's, and what was opened until then (each type once)."""
    found = types_today(sites)
    for row in opened:
        if row["year"] <= year:
            found[row["site_id"]] = (*found.get(row["site_id"], ()), row["type"])
    return found


def measure(read: Read, folder: Path, opened: Iterable[str], show: Callable[[str], None]) -> Measured:
    """Measure every point against the sites that are open today or by the plan.

    Parameters
    ----------
    read
        The inputs.
    folder
        What the scenario's paths start from.
    opened
        Ids of the sites that the plan opens; the others that may be are brought to the roads, and not searched from.
    show
        Called with the name of each step as it begins.
    """
    roads = read.scenario["roads"]
    walk_kph, snap_max_m = Fraction(str(roads.get("walk_kph", "4.0"))), float(roads.get("snap_max_m", 500))
    points = {point.id: point.place for point in read.points.values() if point.place is not None}
    usable = [site for site in read.sites.values() if site.today or site.status == "candidate"]
    places = {site.id: site.place for site in usable if site.place is not None}
    show("verify_roads")
    modes = ["walk", *({rule.mode for rule in read.rules if not rule.straight} - {"walk"})]
    streets = {mode: read_streets(folder / roads["file"], mode, roads) for mode in modes}
    show("verify_snap")
    point_feet = {mode: feet_of(net, points, snap_max_m) for mode, net in streets.items()}
    site_feet = {mode: feet_of(net, places, snap_max_m) for mode, net in streets.items()}
    show("verify_travel")
    ways = {
        (mode, timed): ways_of(streets[mode], point_feet[mode], site_feet[mode], timed=timed, walk_kph=walk_kph)
        for mode, timed in sorted({(rule.mode, rule.timed) for rule in read.rules if not rule.straight})
    }
    every = any(rule.straight for rule in read.rules)
    stand = {site.id for site in usable if every or site.today} | {*opened}
    crow = {site: place for site, place in places.items() if site in stand}
    straight = {name: {site: metres_mm(*at, *there) for site, there in crow.items()} for name, at in points.items()}
    pairs = {rule.id: _pairs(rule, ways, straight, list(crow)) for rule in read.rules}
    return Measured(streets, point_feet, site_feet, ways, straight, pairs, walk_kph)


def _pairs(
    rule: Rule, ways: Mapping[tuple[str, bool], Ways], straight: Pairs, sites: Sequence[str]
) -> dict[str, dict[str, int]]:
    """Find the sites within the cutoff of a standard from every point."""
    if rule.straight:
        return {point: {site: mm for site, mm in by.items() if mm <= rule.limit} for point, by in straight.items()}
    found: dict[str, dict[str, int]] = {}
    for site in sites:
        for point, reached in ways[rule.mode, rule.timed].within(site, rule.limit):
            found.setdefault(point, {})[site] = reached.decides
    return found


def nearest(rule: Rule, sites: Iterable[str], points: Iterable[str], measured: Measured) -> dict[str, Reached]:
    """Return the nearest of some sites for every point, by what decides; the lowest id of equal ones."""
    if not rule.straight:
        return measured.ways[rule.mode, rule.timed].nearest(sites)
    crow = {point: _crow(point, sites, measured) for point in points}
    return {
        point: Reached(site, mm, mm, round(mm * 3.6 / float(measured.walk_kph)))
        for point, (site, mm) in crow.items()
        if site
    }


def _crow(point: str, sites: Iterable[str], measured: Measured) -> tuple[str, int]:
    """Return the nearest site as the crow flies; an empty id where there is none."""
    by = measured.straight.get(point, {})
    mm, site = min(((by[site], site) for site in sites if site in by), default=(0, ""))
    return site, mm


def _decimals(thousandths: int) -> str:
    """Millimetres as metres, milliseconds as seconds, with three decimals."""
    return f"{thousandths // 1000}.{thousandths % 1000:03d}"


def judged(read: Read, measured: Measured, rule: Rule, types: Types) -> dict[str, Row]:
    """Judge every point that a standard speaks of, with some facilities open: a row by demand_id."""
    number = serving(types, rule)
    points = [point for point in read.points.values() if rule.speaks_of(point)]
    near = nearest(rule, number, (point.id for point in points), measured)
    return {point.id: _row(point, rule, number, near.get(point.id), measured) for point in points}


def _row(point: Point, rule: Rule, number: Mapping[str, int], near: Reached | None, measured: Measured) -> Row:
    if not point.able:
        return Row(False, 0, "", "", "", "", "", "not_assessable")
    inside = sum(count for site, count in number.items() if site in measured.pairs[rule.id].get(point.id, {}))
    crow, crow_mm = _crow(point.id, number, measured)
    off = not rule.straight and point.id not in measured.point_feet[rule.mode]
    tests = [(inside > 0, ""), (not crow, "no_site"), (off, "demand_off_network"), (near is None, "no_route")]
    reason = next((word for holds, word in tests if holds), "beyond")
    return Row(
        covered=inside > 0,
        facilities=inside,
        site_id=near.site if near else "",
        metres=_decimals(near.mm) if near else "",
        seconds=_decimals(near.ms) if near else "",
        straight_m=_decimals(crow_mm) if crow else "",
        straight_site_id=crow,
        reason=reason,
    )
