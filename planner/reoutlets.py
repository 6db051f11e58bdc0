"""The ledger of outlets for `verify`, and which communities have an outlet of their own (有网点, H2 and W11)."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from planner.reaudit import scopes_at
from planner.recomputed import as_text, cells, missing
from planner.recoverage import serving, types_today
from planner.refigures import DEGREES, SITES, place_figures
from planner.repages import Degrees, Page
from planner.replan import MOBILE, people_at
from planner.words import say, sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planner.reaudit import Spot
    from planner.recomputed import Figure
    from planner.recoverage import Measured
    from planner.reinputs import Read
    from planner.reresult import Point, Result
    from planner.terms import Language


def homes_of(read: Read, *, lived: bool = True) -> dict[str, Point]:
    """Return the communities in which people live, or all: each with its first point by id that has a district."""
    mine = [point for point in read.points.values() if point.layer == "residents" and point.unit and not point.made]
    people = {point.unit for point in mine if point.people or not lived}
    first: dict[str, Point] = {}
    for point in sorted(mine, key=lambda point: (not point.district, point.id)):
        if point.unit in people:
            first.setdefault(point.unit, point)
    return first


def own_outlets(read: Read, *, lived: bool = False) -> dict[str, int | None]:
    """How many outlets in operation each community has of its own.

    None where no outlet names it, and one that names none may be in its town: district and town are compared as far as
    both have them, and a name that no community has (none of those in which people live, if `lived`; for a town, none
    in the outlet's district) says nothing.
    """
    homes = homes_of(read, lived=lived)
    towns = {(home.district, home.town) for home in homes.values()}
    districts = {district for district, _ in towns} - {""}
    open_now = [site for site in read.sites.values() if site.today and site.types != MOBILE]
    unnamed = {(site.district if site.district in districts else "", site.town) for site in open_now if not site.unit}
    vague = {
        (district, town if any(town == other and district in ("", there) for there, other in towns) else "")
        for district, town in unnamed
    }
    numbers = Counter(site.unit for site in open_now)
    found: dict[str, int | None] = {}
    for unit in homes_of(read):
        home = homes[unit]
        maybe = any(
            ("" in {district, home.district} or district == home.district)
            and ("" in {town, home.town} or town == home.town)
            for district, town in vague
        )
        found[unit] = None if not numbers[unit] and maybe else numbers[unit]
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


def place_of(read: Read) -> str:
    """Name the one place where all communities with people lie, a district or a town of it; empty where there are more.

    Tables by scope call the whole by that name, and have no line of it beside.
    """
    homes = {(point.district, point.town) for point in homes_of(read).values()}
    districts, towns = {district for district, _ in homes}, {town for _, town in homes}
    if len(districts) != 1:
        return ""
    return next(iter(districts)) + (next(iter(towns)) if len(towns) == 1 else "")


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
            "tier": _tier(site.tier, language),
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


def _tier(tier: str, language: Language) -> str:
    """Return what a tier is called: by its word, else by what the bureau wrote."""
    key = f"counts.tier.{tier}"
    return say(key, language) if key in sentences() else tier


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


def site_figures(read: Read, result: Result) -> Iterator[Figure]:
    """Yield sites.csv of an audit: every site as its table says; nothing where the result has none."""
    rows = result.rows(SITES)
    if not rows:
        return
    yield from missing(SITES, [row["site_id"] for row in rows], read.sites)
    for row in rows:
        site = read.sites.get(row["site_id"])
        if site is None:
            continue
        found = {
            "name": site.name,
            "type": ";".join(site.types),
            "status": site.status,
            "operating": "" if not row["operating"] and site.operating == "正常" else site.operating,
            "tier": site.tier,
            "district": site.district,
            "town": site.town,
            "unit_id": site.unit,
            "host": site.host,
            "build_method": site.method,
            "funding": site.funding,
            "cost_once_yuan": "" if site.once is None else str(site.once),
            "cost_yearly_yuan": "" if site.yearly is None else str(site.yearly),
            "hours": site.hours,
            "open_today": as_text(site.today),
        }
        yield from cells(SITES, site.id, row, found)
        yield from place_figures(SITES, site.id, row, site.place, DEGREES)
