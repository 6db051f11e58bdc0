"""The ledger of outlets for `verify`, and which communities have an outlet of their own (有网点, H2 and W11)."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from planner.reaudit import scopes_at
from planner.recoverage import serving, types_today
from planner.repages import Degrees, Page
from planner.replan import people_at
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from planner.reaudit import Spot
    from planner.recoverage import Measured
    from planner.reinputs import Read
    from planner.reresult import Point
    from planner.terms import Language

MOBILE = ("mobile_point",)
"""Types of a mobile point (W14): it reaches people, and is no outlet."""


def homes_of(read: Read) -> dict[str, Point]:
    """Return the communities in which people live: each with its first point by id."""
    mine = [point for point in read.points.values() if point.layer == "residents" and point.unit and not point.made]
    lived = {point.unit for point in mine if point.people}
    first: dict[str, Point] = {}
    for point in sorted(mine, key=lambda point: point.id):
        if point.unit in lived:
            first.setdefault(point.unit, point)
    return first


def own_outlets(read: Read) -> dict[str, int | None]:
    """How many outlets in operation each community with people has of its own.

    None where no outlet names it, and one that may stand there (its town or district may be the same) names none.
    """
    open_now = [site for site in read.sites.values() if site.today and site.types != MOBILE]
    vague = {(site.district, site.town) for site in open_now if not site.unit}
    numbers = Counter(site.unit for site in open_now)
    found: dict[str, int | None] = {}
    for unit, home in homes_of(read).items():
        number = numbers[unit]
        maybe = any({district} <= {"", home.district} and {town} <= {"", home.town} for district, town in vague)
        found[unit] = None if not number and maybe else number
    return found


def communities_without(own: Mapping[str, int | None], units: Sequence[str]) -> int | None:
    """How many of some communities have no outlet; None where that is not known of all of them."""
    numbers = [own[unit] for unit in units]
    return None if None in numbers else sum(number == 0 for number in numbers)


def outlet_counts(read: Read) -> dict[str, int | None]:
    """Count the outlets that stand and those in operation, and the communities without one of their own."""
    sites, own = [site for site in read.sites.values() if site.types != MOBILE], own_outlets(read)
    return {
        "standing": sum(site.status == "existing" for site in sites),
        "in_operation": sum(site.today for site in sites),
        "communities_without": communities_without(own, [*own]),
    }


def unit_columns(own: Mapping[str, int | None], language: Language) -> dict[str, dict[str, Any]]:
    """Return what the ledger of communities says of outlets: 是否设网点 and 本社区网点数."""
    words = {True: say("ledger.yes", language), False: say("ledger.no", language)}
    titles = [say(f"ledger.column.{key}", language) for key in ("has_outlet", "own_outlets")]
    return {
        unit: dict(zip(titles, (None if number is None else words[number > 0], number), strict=True))
        for unit, number in own.items()
    }


def scope_columns(
    read: Read, own: Mapping[str, int | None], language: Language
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return 无网点社区 of the city, the districts and the towns."""
    units: dict[tuple[str, str], list[str]] = defaultdict(list)
    for unit, home in homes_of(read).items():
        for scope in scopes_at(home):
            units[scope].append(unit)
    title = say("ledger.column.without_outlet", language)
    return {scope: {title: communities_without(own, names)} for scope, names in units.items()}


def outlets_page(
    read: Read, measured: Measured, held: Mapping[str, list[Spot]], decides: Sequence[str], language: Language
) -> Page:
    """Return what outlets.csv and its sheet should say: the facts of each outlet that stands, and whom it serves."""
    reached = people_at(read, measured, types_today(read.sites), None)
    figures = {
        "people_reached": reached,
        "people_only": only_theirs(read, measured),
        "people_nearest": nearest_people(held, decides),
    }
    titles = {one["type"]: one["name"] for one in read.scenario["facility"]}
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    for site in read.sites.values():
        if site.status != "existing":
            continue
        row: dict[str, Any] = {
            "name": site.name,
            "type": "；".join(titles.get(kind, kind) for kind in site.types),
            "tier": site.tier,
            "district": site.district,
            "town": site.town,
            "unit_id": site.unit,
            "operating": say(f"ledger.operating.{site.operating}", language),
            "counts": say("ledger.yes" if site.today else "ledger.no", language),
            "hours": site.hours,
            "host": site.host,
            "build_method": site.method,
            "funding": site.funding,
            "cost_once_yuan": site.once,
            "cost_yearly_yuan": site.yearly,
        }
        row |= {key: people.get(site.id, 0) if site.today else None for key, people in figures.items()}
        row |= dict(zip(("lon", "lat"), map(Degrees, site.place or ()), strict=False))
        rows[site.id,] = {say(f"ledger.outlet.{key}", language): value for key, value in row.items()}
    marks = frozenset(say(f"ledger.outlet.{key}", language) for key in ("site_id", "counts", "people_only"))
    return Page(marks, (say("ledger.outlet.site_id", language),), rows)


def only_theirs(read: Read, measured: Measured) -> dict[str, int]:
    """People whom an outlet alone reaches under a standard for residents, each once."""
    types = types_today(read.sites)
    mine: dict[str, set[str]] = defaultdict(set)
    for rule in read.rules:
        serves = serving(types, rule).keys() if rule.layer == "residents" else set()
        for name, by in measured.pairs[rule.id].items():
            point = read.points[name]
            if rule.speaks_of(point) and point.able and len(serves & by.keys()) == 1:
                mine[next(iter(serves & by.keys()))].add(name)
    return {site: sum(read.points[name].people for name in names) for site, names in mine.items()}


def nearest_people(held: Mapping[str, list[Spot]], decides: Sequence[str]) -> dict[str, int]:
    """People whose nearest outlet each one is, by the first deciding standard that speaks of them, reached or not."""
    nearest: dict[str, tuple[str, int]] = {}
    for standard, spots in held.items():
        if standard in decides:
            for spot in spots:
                nearest.setdefault(spot.point.id, (spot.row.site_id, spot.point.people))
    people: dict[str, int] = defaultdict(int)
    for site, number in nearest.values():
        if site:
            people[site] += number
    return dict(people)
