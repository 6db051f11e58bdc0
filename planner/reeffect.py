"""What a run's record says of its effect, counted again for `verify`: figures, money, who is left out, each community.

Sentences (why a site is in the plan, what is done for a community) and the area of a venue are not found again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from planner.reaudit import DECIDED, WAYS, audit_figures, counted_once
from planner.recomputed import cells, figure, missing
from planner.rejudge import CHECKED
from planner.releft import PLAN, TODAY, community_figures, left_figures, reasons_of, seen_again
from planner.reoutlets import communities_without, homes_of, outlet_counts, own_outlets
from planner.replan import MOBILE, MONEY, Opened, plan_figures, price
from planner.reresult import RUN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from planner.recomputed import Figure, Recomputed
    from planner.reinputs import Read
    from planner.releft import Seen
    from planner.reresult import Result

_KEYS = ("level", "scope", "standard", "state", "variant", "group")
_COMMUNITIES = ("communities", "assessable", "met", "unmet", "unassessable")
_PEOPLE = ("people", "covered", "unjudged")


def effect_figures(again: Recomputed, result: Result) -> Iterator[Figure]:
    """Yield what run.json says under `effect`, and of the place of each planned site, beside what was found."""
    effect: Mapping[str, Any] = result.run.get("effect", {})
    found = seen_again(again)
    yield figure(RUN, "effect", "decides", effect.get("decides"), list(found.decides))
    rows = dict(_rows(found))
    yield from _figures(effect.get("figures", ()), rows, roads=again.measured is not None)
    yield figure(RUN, "effect", "change_tenths", effect.get("change_tenths"), list(_changes(rows)))
    yield from _outlets(again.read, effect.get("outlets", {}))
    yield from _money(again, effect, _newly(found) if again.planned else None)
    yield from _opened(again, result)
    reasons = dict(reasons_of(found)) if again.measured is not None and not _has_checks(again) else None
    yield from left_figures(found, effect.get("left", {}), reasons)
    yield from community_figures(found, result, reasons)


def _has_checks(again: Recomputed) -> bool:
    return any(row.reason == CHECKED for rows in again.rows.values() for row in rows.values())


# --- figures -----------------------------------------------------------------------------------------------------


def _rows(found: Seen) -> Iterator[tuple[tuple[str, ...], dict[str, int | None]]]:
    """Count communities and people in both states, and today by the metric that does not decide."""
    others = _other_metrics(found)
    for state, held in found.held.items():
        ways = WAYS[:2] if state == TODAY else WAYS[:1]
        counts = audit_figures(found.again.read, held, found.decides, ways)
        for (level, scope, standard, way, group), sums in counts:
            variant = others.get(standard, "") if way else ""
            if way and (not variant or level != "city"):
                continue
            row: dict[str, int | None] = {key: sums[key] for key in (*_COMMUNITIES, *_PEOPLE)}
            row["rate_tenths"] = _tenths(sums["met"], sums["assessable"])
            row["share_tenths"] = _tenths(sums["covered"], sums["people"])
            yield (level, scope, standard, state, variant, group), row


def _other_metrics(found: Seen) -> dict[str, str]:
    """Name the metric that stands beside each standard, and beside all deciding ones where they share one."""
    measured = found.again.measured
    lengths = [rule for rule in found.again.read.rules if not rule.timed]
    known = [rule for rule in lengths if not rule.straight or measured is None or rule.mode in measured.streets]
    others = {rule.id: "road" if rule.straight else "straight" for rule in known}
    deciding = [rule.id for rule in lengths if rule.id in found.decides]
    metrics = {others.get(name, "") for name in deciding}
    return others | ({DECIDED: metrics.pop()} if len(metrics) == 1 else {})


def _tenths(part: int | None, whole: int | None) -> int | None:
    return None if part is None or not whole else part * 1000 // whole


def _figures(
    written: Iterable[Mapping[str, Any]], found: Mapping[tuple[str, ...], Mapping[str, int | None]], *, roads: bool
) -> Iterator[Figure]:
    """Yield effect.figures; without distances nothing is known of roads beside a straight line."""
    rows = [(tuple(str(row[key]) for key in _KEYS), row) for row in written]
    names = {_name(key): key for key in found if roads or key[4] != "road"}
    yield from missing(f"{RUN} effect.figures", [_name(key) for key, _ in rows if roads or key[4] != "road"], names)
    by_name = {_name(key): row for key, row in rows}
    for name, key in names.items():
        yield from cells(RUN, f"effect.figures {name}", by_name.get(name, {}), found[key])


def _name(key: Sequence[str]) -> str:
    return " ".join(part or "-" for part in key)


def _changes(rows: Mapping[tuple[str, ...], Mapping[str, int | None]]) -> Iterator[dict[str, Any]]:
    """Subtract the printed shares of today from those with the plan, in the order of the figures."""
    order = {level: at for at, level in enumerate(("city", "district", "town"))}
    after = [key for key in rows if key[3:] == (PLAN, "", "")]
    for key in sorted(after, key=lambda key: (order[key[0]], *key[1:3])):
        now, then = rows[(*key[:3], TODAY, "", "")], rows[key]
        parts = {name: (then[name], now[name]) for name in ("rate_tenths", "share_tenths")}
        points = {name: None if a is None or b is None else a - b for name, (a, b) in parts.items()}
        yield dict(zip(_KEYS, key[:3], strict=False)) | points


def _newly(found: Seen) -> int:
    """People covered under all deciding standards that mean them with the plan, and not today."""
    covered = {
        state: {
            name: (spot.point.people, inside)
            for name, (spot, _, _, inside) in counted_once(
                [(held[rule], found.rules[rule], found.rules[rule].limit, WAYS[0]) for rule in found.decides]
            ).items()
        }
        for state, held in found.held.items()
    }
    return sum(people for name, (people, inside) in covered[PLAN].items() if inside and not covered[TODAY][name][1])


# --- outlets, money, and what is built ---------------------------------------------------------------------------


def _outlets(read: Read, written: Mapping[str, Any]) -> Iterator[Figure]:
    """Yield the outlets of the whole city and of each district, and the communities without one of their own."""
    own, homes = own_outlets(read), homes_of(read)
    whole = outlet_counts(read)
    city = {"standing": whole["standing"], "operating": whole["in_operation"]}
    city["communities_without"] = whole["communities_without"]
    city["mobile"] = sum(site.today and site.types == MOBILE for site in read.sites.values())
    yield from cells(RUN, "effect.outlets", written, city)
    fixed = [site for site in read.sites.values() if site.status == "existing" and site.types != MOBILE]
    names = sorted({*(home.district for home in homes.values()), *(site.district for site in fixed)} - {""})
    districts = written.get("by_district", {})
    yield from missing(f"{RUN} effect.outlets", districts, names)
    for name in names:
        here = [site for site in fixed if site.district == name]
        units = [unit for unit, home in homes.items() if home.district == name]
        found: dict[str, int | None] = {"standing": len(here), "operating": sum(site.today for site in here)}
        found |= {"communities_without": communities_without(own, units)}
        yield from cells(RUN, f"effect.outlets {name}", districts.get(name, {}), found)


def _money(again: Recomputed, effect: Mapping[str, Any], people: int | None) -> Iterator[Figure]:
    """Yield what is spent and built, on which venues, and what one person newly covered costs."""
    read, opened = again.read, again.opened
    costs = [(one, price(read, one), read.sites[one.site]) for one in opened]
    spent: dict[tuple[int, str], list[Mapping[str, Any]]] = defaultdict(list)
    built: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for one, cost, site in costs:
        spent[one.year, cost["funding"]].append(cost)
        built[one.type, "" if cost["at_existing"] else site.method].append(cost["at_existing"])
    spending = [
        {"year": year, "funding": funding, "count": len(rows), **{key: sum(row[key] for row in rows) for key in MONEY}}
        | {"estimated_count": sum(row["estimated"] for row in rows)}
        for (year, funding), rows in sorted(spent.items())
    ]
    titles = {one["type"]: one["name"] for one in read.scenario["facility"]}
    types = [
        {"type": kind, "type_name": titles[kind], "method": method, "count": len(rows), "at_existing": sum(rows)}
        for (kind, method), rows in sorted(built.items())
    ]
    hosts = Counter(host for host in {one.site: site.host for one, _, site in costs}.values() if host)
    used = [{"host": host, "count": count} for host, count in sorted(hosts.items(), key=lambda one: (-one[1], one[0]))]
    for key, value in (("spending", spending), ("built", types), ("hosts", used)):
        yield figure(RUN, "effect", key, effect.get(key), value)
    newly = None
    if people is not None:
        sums = plan_figures(read, opened)
        each = {"yuan_per_person": sums["cost_once_yuan"], "cost_yuan_per_person": sums["cost_yuan"]}
        newly = {"people": people, **{key: -(-yuan // people) if people else None for key, yuan in each.items()}}
    if newly is None or not effect.get("newly"):
        yield figure(RUN, "effect", "newly", effect.get("newly"), newly)
    else:
        yield from cells(RUN, "effect.newly", effect["newly"], newly)


def _opened(again: Recomputed, result: Result) -> Iterator[Figure]:
    """Yield what plan.opened says of each place; owner and services against sites.csv."""
    hours = {one["type"]: one.get("hours", "") for one in again.read.scenario["facility"]}
    for number, (row, one) in enumerate(zip(result.run["plan"]["opened"], again.opened, strict=True), start=1):
        site = again.read.sites[one.site]
        added, told = site.status == "existing", result.sites.get(one.site, {})
        found = {"number": number, "district": site.district, "town": site.town, "unit_id": site.unit}
        found |= {"host": site.host, "build_method": "" if added else site.method}
        found |= {"hours": ("" if added else site.hours) or hours[one.type]}
        found |= {"owner": told.get("owner", ""), "services": "" if added else told.get("services", "")}
        found |= _runner_up(again.read, row)
        yield from cells(RUN, f"plan.opened {one.site} {one.type}", row, found)


def _runner_up(read: Read, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the name and the price of the facility that a row names as runner-up; the choice is not found again."""
    place = row.get("runner_up_site_id")
    if not place:
        return {}
    if place not in read.sites:
        return {"runner_up_site_id": ""}
    second = Opened(place, row["runner_up_type"], row["runner_up_size"] or "", row["year"])
    titles = {one["type"]: one["name"] for one in read.scenario["facility"]}
    cost = price(read, second)
    found = {"name": read.sites[place].name, "type_name": titles[second.type], **{key: cost[key] for key in MONEY}}
    return {f"runner_up_{key}": value for key, value in found.items()}
