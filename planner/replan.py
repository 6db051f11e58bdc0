"""A plan's money, rules and people counted again for `verify`, from the scenario's costs and the sites' own rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from planner.recoverage import nearest
from planner.redegrees import metres_mm
from planner.rejudge import scopes_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from planner.recoverage import Measured
    from planner.reinputs import Read, Rule, Site
    from planner.rejudge import Rows

MONEY = ("cost_once_yuan", "cost_yearly_yuan")
RESIDENTS = "residents"

MOBILE = ("mobile_point",)
"""Types of a mobile point (W14): it reaches people, and is no outlet; nothing is added to one."""


@dataclass(frozen=True)
class Opened:
    """What a plan says that it opens: the rows of its list that the result's other figures follow from."""

    site: str
    type: str
    size: str
    year: int


def opened_of(run: Mapping[str, Any]) -> list[Opened]:
    """Return what run.json says is opened."""
    return [Opened(one["site_id"], one["type"], one["size"] or "", one["year"]) for one in run["plan"]["opened"]]


def price(read: Read, new: Opened) -> dict[str, Any]:
    """Price one facility: the row's own figure, else by build method, else its type's; sizes add to it (W8).

    An existing site's row says what that site cost, so what is added there goes by its type alone. ``estimated`` is
    what is not the row's own.
    """
    site = read.sites[new.site]
    beside = site.status == "existing"
    facility = next(one for one in read.scenario["facility"] if one["type"] == new.type)
    size: Mapping[str, Any] = next(
        (one for one in read.scenario.get("size", ()) if (one["type"], one["size"]) == (new.type, new.size)), {}
    )
    found: dict[str, Any] = {"funding": "" if beside else site.funding, "at_existing": beside}
    for money, own, extra in zip(
        MONEY, (site.once, site.yearly), ("extra_once_yuan", "extra_yearly_yuan"), strict=True
    ):
        guessed = beside or own is None
        yuan = _by_rules(read, site, facility, money) if guessed or own is None else own
        found[money] = (yuan or 0) + int(size.get(extra, 0))
        found[f"estimated_{money.split('_')[1]}"] = guessed
    found["estimated"] = found["estimated_once"] or found["estimated_yearly"]
    return found


def _by_rules(read: Read, site: Site, facility: Mapping[str, Any], money: str) -> int | None:
    for cost in read.scenario.get("build_cost", ()):
        alike = (cost["type"], cost["method"]) == (facility["type"], site.method)
        if alike and site.status != "existing" and money in cost:
            discount = cost.get("co_build_discount", 0) if site.host and money == "cost_once_yuan" else 0
            return int((Decimal(cost[money]) * (1 - Decimal(discount))).to_integral_value(ROUND_HALF_UP))
    yuan: int | None = facility.get(money)
    return yuan


def horizon_cost(read: Read, prices: Sequence[tuple[Opened, Mapping[str, Any]]]) -> int:
    """Cost within the horizon: once, and yearly for the years from its own to the last one."""
    first, years = first_year(read), read.scenario.get("siting", {}).get("horizon_years", 5)
    return sum(p["cost_once_yuan"] + p["cost_yearly_yuan"] * max(0, first + years - new.year) for new, p in prices)


def first_year(read: Read) -> int:
    """Return the year from which the horizon is counted: the first phase, else that of the data."""
    return min((int(phase["year"]) for phase in read.scenario.get("phase", ())), default=_year_of_data(read))


def _year_of_data(read: Read) -> int:
    year: int = read.scenario["data_date"].year
    return year


def plan_figures(read: Read, new: Sequence[Opened]) -> dict[str, Any]:
    """Add up a plan as run.json does."""
    prices = [(one, price(read, one)) for one in new]

    def summed(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
        held = list(rows)
        return {"count": len(held), **{money: sum(row[money] for row in held) for money in MONEY}}

    by: dict[str, dict[str, list[Mapping[str, Any]]]] = {"by_funding": defaultdict(list), "by_year": defaultdict(list)}
    for one, costs in prices:
        by["by_funding"][costs["funding"]].append(costs)
        by["by_year"][str(one.year)].append(costs)
    return {
        "cost_yuan": horizon_cost(read, prices),
        **{money: sum(costs[money] for _, costs in prices) for money in MONEY},
        "estimated_yuan": sum(costs[MONEY[0]] for _, costs in prices if costs["estimated_once"]),
        "estimated_yearly_yuan": sum(costs[MONEY[1]] for _, costs in prices if costs["estimated_yearly"]),
        "estimated_count": sum(costs["estimated"] for _, costs in prices),
        **{key: {name: summed(rows) for name, rows in sorted(held.items())} for key, held in by.items()},
    }


def people_at(
    read: Read, measured: Measured, types: Mapping[str, Iterable[str]], missing: Mapping[str, Rows] | None
) -> dict[str, int]:
    """People within reach of each site under any standard that it serves; residents where any standard means them.

    With `missing`, coverage rows by standard, only those who are not covered there.
    """
    layers = [rule.layer for rule in read.rules]
    layer = RESIDENTS if RESIDENTS in layers else layers[0]
    seen: dict[str, set[str]] = {site: set() for site in types}
    for rule in read.rules:
        if rule.layer != layer:
            continue
        serves = {site for site, kinds in types.items() if not {*rule.served_by}.isdisjoint(kinds)}
        for name, by in measured.pairs[rule.id].items():
            point = read.points[name]
            if not (rule.speaks_of(point) and point.able):
                continue
            if missing is None or not missing[rule.id][name].covered:
                for site in serves & by.keys():
                    seen[site].add(name)
    return {site: sum(read.points[name].people for name in names) for site, names in seen.items()}


def buildable(read: Read, site: Site) -> set[str]:
    """Types that may stand at a site: today's, and those that may be built or added there."""
    found = {*site.types} if site.today else set()
    for one in read.scenario["facility"]:
        free = site.status == "candidate" and (not site.types or one["type"] in site.types)
        beside = site.today and site.types != MOBILE and one.get("at_existing", False)
        if one.get("build", True) and (free or beside):
            found.add(one["type"])
    return found


def unreachable(read: Read, measured: Measured) -> dict[str, set[str]]:
    """Points that no site of the tables could cover under a standard that has a goal, by standard."""
    found = {}
    for rule in read.rules:
        if any(goal["standard"] == rule.id for goal in read.scenario.get("goal", ())):
            found[rule.id] = out_of_reach(read, measured, rule)
    return found


def out_of_reach(read: Read, measured: Measured, rule: Rule) -> set[str]:
    """Points that no site of the tables could cover under a standard, with all built that may be."""
    may = [site.id for site in read.sites.values() if not buildable(read, site).isdisjoint(rule.served_by)]
    points = [point.id for point in read.points.values() if rule.speaks_of(point) and point.able]
    near = nearest(rule, may, points, measured)
    return {name for name in points if name not in near or near[name].decides > rule.limit}


# --- the rules that every plan holds ------------------------------------------------------------------------------


class Broken(NamedTuple):
    """A rule that a plan does not hold: its name, what it asks for, what the plan has, and what run.json calls it."""

    rule: str
    asked: str
    found: str
    told: str


@dataclass(frozen=True)
class _Standing:
    """A facility that stands in the last year, and where."""

    type: str
    tier: str
    district: str
    town: str
    unit: str
    new: bool


def rules_broken(read: Read, new: Sequence[Opened]) -> Iterator[Broken]:
    """Yield each rule of the scenario that a plan does not hold."""
    prices = [(one, price(read, one)) for one in new]
    rules, siting = read.scenario.get("rules", {}), read.scenario.get("siting", {})
    number = ("siting.max_sites", siting.get("max_sites"), len(new), "siting.max_sites")
    for name, most, value, told in (*_budgets(read, prices), number):
        if most is not None and value > most:
            yield Broken(name, f"≤ {most}", str(value), told)
    yield from _counts(read, new)
    sites = Counter(one.site for one in new)
    for site, count in sites.items():
        if count > rules.get("types_per_site", 1):
            name = f"rules.types_per_site:{site}"
            yield Broken(name, f"≤ {rules.get('types_per_site', 1)}", str(count), name)
    for site in rules.get("force_open", ()):
        if site not in sites:
            yield Broken(f"rules.force_open:{site}", "≥ 1", "0", f"rules.force_open:{site}")
    for site in set(rules.get("force_closed", ())) & sites.keys():
        yield Broken(f"rules.force_closed:{site}", "0", str(sites[site]), f"rules.force_closed:{site}")
    for one in new:
        if one.type not in buildable(read, read.sites[one.site]) or one.type in _stands(read.sites[one.site]):
            yield Broken(f"facility:{one.site}", "0", one.type, "")
    yield from _spacing(read, new)
    yield from _near_people(read, new)


def _stands(site: Site) -> tuple[str, ...]:
    return site.types if site.status == "existing" else ()


def _budgets(
    read: Read, prices: Sequence[tuple[Opened, Mapping[str, Any]]]
) -> Iterator[tuple[str, int | None, int, str]]:
    """Every budget: its name, the most, what the plan costs of it, and what run.json calls it."""
    siting = read.scenario.get("siting", {})
    yield "siting.budget_yuan", siting.get("budget_yuan"), horizon_cost(read, prices), "siting.budget_yuan"
    for key, money in zip(("budget_once_yuan", "budget_yearly_yuan"), MONEY, strict=True):
        yield f"siting.{key}", siting.get(key), sum(costs[money] for _, costs in prices), f"siting.{key}"
    for source, most in siting.get("budgets", {}).items():
        part = [row for row in prices if row[1]["funding"] == source]
        yield f"siting.budgets.{source}", most, horizon_cost(read, part), f"siting.budgets:{source}"
    for phase in read.scenario.get("phase", ()):
        year, here = phase["year"], [row for row in prices if row[0].year <= phase["year"]]
        parts = [("budget_yuan", phase.get("budget_yuan"), here, f"phase.budget_yuan:{year}")]
        for source, most in phase.get("budgets", {}).items():
            paid = [row for row in here if row[1]["funding"] == source]
            parts.append((f"budgets.{source}", most, paid, f"phase.budgets:{year}:{source}"))
        for key, most, rows, told in parts:
            once = sum(costs["cost_once_yuan"] for one, costs in rows if one.year == year)
            yield f"phase.{year}.{key}", most, once + sum(costs["cost_yearly_yuan"] for _, costs in rows), told


def _counts(read: Read, new: Sequence[Opened]) -> Iterator[Broken]:
    today = [(site, kind, False) for site in read.sites.values() if site.today for kind in site.types]
    opened = [(read.sites[one.site], one.type, True) for one in new]
    standing = [
        _Standing(kind, site.tier, site.district, site.town, site.unit, made) for site, kind, made in (*today, *opened)
    ]
    places = [
        *read.points.values(),
        *(site for site in read.sites.values() if site.today or site.status == "candidate"),
    ]
    homes = [p for p in read.points.values() if p.people and p.layer == RESIDENTS and not p.made]
    for count in read.scenario.get("count", ()):
        found = dict.fromkeys((name for name, _ in scopes_of(count, _asked_in(count, places, homes))), 0)
        for name, held in scopes_of(count, standing):
            if name in found:
                found[name] = sum(_counts_for(count, one) for one in held)
        for name, value in found.items():
            if not count.get("min", 0) <= value <= count.get("max", value):
                asked = f"{count.get('min', 0)}–{count.get('max', '')}"
                told = ":".join(filter(None, (count["id"], name)))
                yield Broken(f"count.{count['id']}:{name}", asked, str(value), told)


def _asked_in(count: Mapping[str, Any], places: Sequence[Any], homes: Sequence[Any]) -> Sequence[Any]:
    """Rows whose scopes a count is asked in: of communities those with people (H2)."""
    return homes if count.get("each") == "community" else places


def _counts_for(count: Mapping[str, Any], one: _Standing) -> bool:
    types = {part.strip() for part in count["type"].split(";")}
    return one.type in types and count.get("tier") in {None, one.tier} and (one.new or not count.get("new_only"))


def _spacing(read: Read, new: Sequence[Opened]) -> Iterator[Broken]:
    """Yield new facilities too near to another one of their type."""
    for rule in read.scenario.get("rules", {}).get("spacing", ()):
        kind, least = rule["type"], int(Decimal(rule["m"]) * 1000)
        opened = sorted({one.site for one in new if one.type == kind})
        today = [site.id for site in read.sites.values() if site.today and kind in site.types]
        for number, first in enumerate(opened):
            for second in (*opened[number + 1 :], *today):
                mm = _apart(read, first, second)
                if first != second and mm < least:
                    name, apart = f"rules.spacing:{first}/{second}", f"{mm / 1000:.3f} m"
                    yield Broken(name, f"≥ {rule['m']} m", apart, f"rules.spacing:{kind}")


def _apart(read: Read, first: str, second: str) -> int:
    here, there = read.sites[first].place, read.sites[second].place
    return metres_mm(*here, *there) if here and there else 0


def _near_people(read: Read, new: Sequence[Opened]) -> Iterator[Broken]:
    """Yield new facilities that have too few residents near."""
    homes = [point for point in read.points.values() if point.able and point.layer == RESIDENTS]
    for rule in read.scenario.get("rules", {}).get("near_people", ()):
        within = int(Decimal(rule["within_m"]) * 1000)
        for one in new:
            place = read.sites[one.site].place
            if one.type == rule["type"] and place:
                near = (home for home in homes if home.place and metres_mm(*place, *home.place) <= within)
                people = sum(home.people for home in near)
                if people < rule["people"]:
                    yield Broken(
                        f"rules.near_people:{one.site}", f"≥ {rule['people']}", str(people), "rules.near_people"
                    )
