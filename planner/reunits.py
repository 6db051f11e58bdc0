"""What the ledger says of each community, for `verify`: its verdicts, people, and the way that decides."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from planner.reaudit import UNMET, WAYS, counted_once, together, verdicts
from planner.rejudge import CHECKED
from planner.repages import Length, word
from planner.words import listed, say

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping

    from planner.reaudit import Spot, Verdict
    from planner.reinputs import Read, Rule
    from planner.reresult import Point
    from planner.terms import Language


def unit_rows(
    read: Read, held: Mapping[str, list[Spot]], decides: list[str], titles: Mapping[str, str], language: Language
) -> dict[str, dict[str, Any]]:
    """Return what tables of communities should say of each that has people."""
    share = read.scenario["demand"].get("community_rule", "0.5")
    sections = {one["id"]: one for one in read.scenario["standard"]}
    by_way = {
        way.name: {rule.id: verdicts(held[rule.id], rule, share, way, sections[rule.id]) for rule in read.rules}
        for way in WAYS
    }
    judged, people = by_way[""], _people(read, held, decides)
    whole = together([judged[name] for name in held if name in decides])
    means = [way.name for way in WAYS[1:] if any(way.means(r, sections[r.id]) for r in read.rules if r.id in decides)]
    beside = {name: together([by_way[name][one] for one in held if one in decides]) for name in means}
    homes: dict[str, list[Point]] = defaultdict(list)
    for point in read.points.values():
        if point.layer == "residents":
            homes[point.unit].append(point)
    found: dict[str, dict[str, Any]] = {}
    for unit, (state, low, high) in whole.items():
        row: dict[str, Any] = {"verdict": say(f"ledger.state.{state}", language)}
        row["near_limit"] = say("ledger.yes" if low != high else "ledger.no", language)
        row |= dict(zip(("judged_people", "covered", "unjudged"), people[unit], strict=True))
        row |= _facts(homes[unit], read.scenario["data_date"], language) | _way(unit, judged, decides, read, language)
        row = {word(key, language): value for key, value in row.items()} | _groups(homes[unit], read)
        for rule in read.rules:
            if rule.id in titles:
                row |= _under(rule, titles[rule.id], judged[rule.id].get(unit), language)
        for name in means:
            title = say("ledger.column.variant_of", language, variant=say(f"ledger.variant.{name}", language))
            row[title] = say(f"ledger.state.{beside[name][unit][0]}", language)
        found[unit] = row
    return found


def _facts(points: list[Point], date: dt.date, language: Language) -> dict[str, Any]:
    """Say what the tables know of a community: that of its first point by id, or of all of them together."""
    ordered = sorted(points, key=lambda point: point.id)
    first, names = ordered[0], {point.name for point in points}
    several = say("ledger.several", language, name=first.name, count=len(points))
    kinds = {"setting": {point.setting for point in points}, "placed": {point.placed for point in points}}
    worded = {
        key: listed([say(f"ledger.{key}.{one}", language) for one in sorted(values)], language)
        for key, values in kinds.items()
    }
    name = several if len(names) > 1 else first.name
    home = min(points, key=lambda point: (not point.district, point.id))
    about = {"data_date": date.isoformat(), "district": home.district, "town": home.town, "name": name}
    return about | worded | {"all_people": sum(point.people for point in points), "points": len(points)}


def _groups(points: list[Point], read: Read) -> dict[str, int]:
    names = {one["id"]: one["name"] for one in read.scenario.get("group", ())}
    keys = {key for point in points for key in point.groups}
    return {
        names.get(key.removeprefix("people_"), key.removeprefix("people_")): sum(p.groups.get(key, 0) for p in points)
        for key in keys
    }


def _length(text: str) -> Length | None:
    return Length(int(text.replace(".", ""))) if text else None


def _metres(spot: Spot, rule: Rule) -> Iterator[tuple[str, Length | None]]:
    """Yield the metres of a point; along the roads also where the straight line decides, but for field checks."""
    yield "straight_m", _length(spot.row.straight_m)
    if not rule.straight:
        yield "metres", _length(spot.row.metres)
    elif spot.row.reason != CHECKED:
        yield "metres", None if spot.other == float("inf") else Length(int(spot.other))


def _way(
    unit: str, judged: Mapping[str, Mapping[str, Verdict]], decides: list[str], read: Read, language: Language
) -> dict[str, Any]:
    """Return the outlet and the way beside a verdict: of the first deciding standard not met, else of the first."""
    rules = {rule.id: rule for rule in read.rules}
    parts = [(name, judged[name][unit]) for name in judged if name in decides and unit in judged[name]]
    name, verdict = next((part for part in parts if part[1].state == UNMET), parts[0])
    if verdict.spot is None:
        return {"site_id": "", "reason": say("ledger.reason.not_assessable", language)}
    row = verdict.spot.row
    minutes = -(-int(row.seconds.replace(".", "")) // 6000) if row.seconds else None
    return {
        "site_id": row.site_id,
        "nearest": read.sites[row.site_id].name if row.site_id in read.sites else "",
        "minutes": None if minutes is None else Decimal(minutes) / 10,
        "reason": say(f"ledger.reason.{row.reason}", language) if row.reason else "",
        **dict(_metres(verdict.spot, rules[name])),
    }


def _under(rule: Rule, title: str, verdict: Verdict | None, language: Language) -> dict[str, Any]:
    """Return the verdict and the way under one standard; blank where it does not speak of the community."""
    named = {key: say(f"ledger.column.{key}_of", language, standard=title) for key in ("state", "metres", "straight_m")}
    found: dict[str, Any] = dict.fromkeys(named.values())
    if verdict is not None:
        found[named["state"]] = say(f"ledger.state.{verdict.state}", language)
        ways = {} if verdict.spot is None else dict(_metres(verdict.spot, rule))
        found |= {named[key]: length for key, length in ways.items()}
        if verdict.spot is not None and "metres" not in ways:
            del found[named["metres"]]
    return found


def _people(read: Read, held: Mapping[str, list[Spot]], decides: list[str]) -> dict[str, tuple[int, int, int]]:
    """People of each community that can be judged, are covered, cannot be judged: each once."""
    rules = {rule.id: rule for rule in read.rules}
    parts = [(held[name], rules[name], rules[name].limit, WAYS[0]) for name in held if name in decides]
    sums: dict[str, tuple[int, int, int]] = {}
    for spot, judged, named, covered in counted_once(parts).values():
        able, number = judged and named, spot.point.people
        first = sums.get(spot.unit, (0, 0, 0))
        more = number * able, number * (able and covered), number * (not able)
        sums[spot.unit] = (first[0] + more[0], first[1] + more[1], first[2] + more[2])
    return sums
