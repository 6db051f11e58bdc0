"""Counts, milestones, the trend and who is left out, counted again for `verify` (clauses W6, H2, W13)."""

from __future__ import annotations

from collections import Counter, defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from planner.reaudit import UNMET, scopes_at
from planner.recomputed import cells, missing
from planner.rejudge import CHECKED, goal_figures, needed, scopes_of
from planner.reoutlets import homes_of, own_outlets, place_of
from planner.repages import Page
from planner.replan import buildable, unreachable
from planner.reresult import AUDIT
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planner.recomputed import Figure, Recomputed
    from planner.reinputs import Read
    from planner.reresult import Point
    from planner.terms import Language

_TREND = ("assessable", "met", "unassessable", "people", "covered")
_GOAL = ("goal", "scope", "year")


class _Place(NamedTuple):
    """A facility, or none (`type` empty): where it is, by which a count tells its scopes."""

    type: str
    tier: str
    district: str
    town: str
    unit: str


# --- counts ------------------------------------------------------------------------------------------------------


def count_rows(read: Read) -> Iterator[dict[str, Any]]:
    """Count the facilities in operation in each scope of every count; None where an outlet may be a community's own."""
    own = own_outlets(read, lived=True)
    homes = [point for point in read.points.values() if point.people and point.layer == "residents" and not point.made]
    places = [_Place("", "", point.district, point.town, point.unit) for point in read.points.values()]
    standing = []
    for site in read.sites.values():
        where = (site.district, site.town, site.unit)
        standing += [_Place(kind, site.tier, *where) for kind in site.types if site.today]
        places += [_Place("", "", *where)] if buildable(read, site) else []
    for count in read.scenario.get("count", ()):
        each, types = count.get("each", "city"), {part.strip() for part in count["type"].split(";")}
        asked = [_Place("", "", *one) for one in _unit_homes(homes).values()] if each == "community" else places
        kept = [one for one in standing if one.type in types and count.get("tier") in {None, one.tier}]
        kept = [] if count.get("new_only") else kept
        names = _districts([*asked, *kept]) if each == "town" else {}
        found = dict.fromkeys((name for name, _ in scopes_of(count, _with_districts(asked, names))), 0)
        for name, held in scopes_of({**count, **_nowhere(each)}, _with_districts(kept, names)):
            if name in found:
                found[name] = len(held)
        for scope, number in found.items():
            least = count.get("min", 0)
            today = None if not number and each == "community" and own[scope] is None else number
            about = {"count": count["id"], "clause": count.get("clause", ""), "each": each, "scope": scope}
            short = None if today is None else max(0, least - today)
            yield about | {"min": least, "max": count.get("max"), "today": today, "short": short}


def _nowhere(each: str) -> dict[str, None]:
    """Return what lets outlets of a community count wherever they say that they are: where it is decides."""
    return {"district": None, "town": None} if each == "community" else {}


def _unit_homes(homes: Sequence[Point]) -> dict[str, tuple[str, str, str]]:
    """District, town and code of each community, of its first point."""
    found: dict[str, tuple[str, str, str]] = {}
    for point in homes:
        found.setdefault(point.unit, (point.district, point.town, point.unit))
    return found


def _districts(places: Sequence[_Place]) -> dict[str, str]:
    """Return the one district of each town that is in one only."""
    found: dict[str, set[str]] = defaultdict(set)
    for one in places:
        if one.district and one.town:
            found[one.town].add(one.district)
    return {town: next(iter(names)) for town, names in found.items() if len(names) == 1}


def _with_districts(places: Sequence[_Place], names: Mapping[str, str]) -> list[_Place]:
    return [one._replace(district=one.district or names.get(one.town, "")) for one in places]


def _count_figures(read: Read, run: Mapping[str, Any]) -> Iterator[Figure]:
    """Yield the sums of every count; how many there are with the plan is not found again."""
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in count_rows(read):
        rows[row["count"]].append(row)
    written = {one["count"]: one for one in run["counts"]}
    yield from missing(f"{AUDIT} counts", [one["count"] for one in run["counts"]], rows)
    for name, held in rows.items():
        found = {key: held[0][key] for key in ("clause", "each", "min")}
        found |= {"scopes": len(held), "today": sum(row["today"] or 0 for row in held)}
        found |= {
            "scopes_met": sum(row["short"] == 0 for row in held),
            "scopes_without": sum(row["today"] == 0 for row in held),
            "scopes_unknown": sum(row["today"] is None for row in held),
        }
        yield from cells(AUDIT, f"counts {name}", written.get(name, {}), found)


# --- milestones, the trend, and who is left out -------------------------------------------------------------------


def goal_rows(again: Recomputed) -> Iterator[dict[str, Any]]:
    """Say how far today is from each goal in each year; under capacity without who is served."""
    read, today = again.read, again.read.scenario["data_date"].year
    years = sorted(phase["year"] for phase in read.scenario.get("phase", ())) or [today]
    limited = read.scenario.get("siting", {}).get("capacity_standard")
    for year in years if read.scenario.get("goal") else ():
        for goal in read.scenario["goal"]:
            rows = again.rows[goal["standard"], "today", today]
            for scope, row in goal_figures(read, goal, year, rows, None):
                asked = next(_asked(read, goal, year))
                about = {"goal": goal["id"], "scope": scope, "year": year, "share": str(asked)}
                about |= {key: row[key] for key in ("standard", "of", "group", "whole", "needed")}
                reached = {"reached": row["reached_today"], "short": max(0, row["needed"] - row["reached_today"])}
                yield about | (reached if goal["standard"] != limited else {})


def _asked(read: Read, goal: Mapping[str, Any], year: int) -> Iterator[Any]:
    """Yield the share that a goal asks for in a year, of the last phase until then that writes one; else its own."""
    for phase in sorted(read.scenario.get("phase", ()), key=lambda one: -one["year"]):
        if phase["year"] <= year and goal["id"] in phase.get("shares", {}):
            yield phase["shares"][goal["id"]]
    yield goal["share"]


def beyond_rows(again: Recomputed) -> Iterator[dict[str, Any]]:
    """List the communities that could not meet a standard were all built; nothing where roads were not read again."""
    read = again.read
    if again.measured is None or any(row.reason == CHECKED for rows in again.rows.values() for row in rows.values()):
        return
    rule_of = {rule.id: rule for rule in read.rules}
    first: dict[str, Point] = {}
    for point in read.points.values():
        first.setdefault(point.unit, point)
    if not any(site.status == "candidate" for site in read.sites.values()):
        return
    far = unreachable(read, again.measured)
    for standard in dict.fromkeys(goal["standard"] for goal in read.scenario.get("goal", ())):
        people: Counter[str] = Counter()
        apart: Counter[str] = Counter()
        for point in read.points.values():
            if rule_of[standard].speaks_of(point) and point.able and point.placed != "spread" and point.unit:
                people[point.unit] += point.people
                apart[point.unit] += point.people * (point.id in far[standard])
        share = read.scenario["demand"].get("community_rule", "0.5")
        units = [
            {
                "unit_id": unit,
                **{key: getattr(first[unit], key) for key in ("name", "district", "town")},
                "people": people[unit],
                "unreachable": apart[unit],
            }
            for unit in sorted(people)
            if people[unit] and apart[unit] and people[unit] - apart[unit] < needed(share, people[unit])
        ]
        yield {
            "standard": standard,
            "communities": units,
            "people": sum(read.points[name].people for name in far[standard]),
        }


def left_out_of(read: Read, unmet: set[str]) -> dict[str, Any]:
    """Say how many communities are not 达标, who lives there, and in which towns they are."""
    mine = [p for p in read.points.values() if p.layer == "residents" and p.unit in unmet and not p.made]
    groups = sorted({key for point in read.points.values() for key in point.groups})
    homes = homes_of(read)
    towns = Counter(scope for unit in unmet for level, scope in scopes_at(homes[unit]) if level == "town")
    return {
        "communities": len(unmet),
        "people": sum(point.people for point in mine),
        "groups": {key.removeprefix("people_"): sum(p.groups.get(key, 0) for p in mine) for key in groups},
        "towns": dict(towns),
    }


def stand_figures(
    again: Recomputed,
    run: Mapping[str, Any],
    states: Mapping[str, str],
    counts: Mapping[tuple[str, str, str, str, str], Mapping[str, int | None]],
) -> Iterator[Figure]:
    """Yield what the record says of counts, goals, this year and those left out, beside what was found.

    Parameters
    ----------
    again, run
        What was recomputed, and audit.json.
    states
        State of each community under the deciding standards together.
    counts
        The figures of the audit by level, scope, standard, variant and group.
    """
    read = again.read
    yield from _count_figures(read, run)
    written = {" ".join(str(row[key]) for key in _GOAL): row for row in run["milestones"]["goals"]}
    found = {" ".join(str(row[key]) for key in _GOAL): row for row in goal_rows(again)}
    yield from missing(f"{AUDIT} milestones.goals", written, found)
    for name, row in found.items():
        yield from cells(AUDIT, f"milestones.goals {name}", written.get(name, {}), row)
    day = read.scenario["data_date"].isoformat()
    mine: dict[str, Mapping[str, Any]] = {
        key[2]: row for key, row in counts.items() if key[0] == "city" and not key[3] and not key[4]
    }
    years = {row["standard"]: row for row in run["trend"] if row["data_date"] == day}
    yield from missing(f"{AUDIT} trend", years, mine)
    for standard, sums in mine.items():
        found_now = {key: sums[key] for key in _TREND}
        yield from cells(AUDIT, f"trend {standard}".strip(), years.get(standard, {}), found_now)
    unmet = {unit for unit, state in states.items() if state == UNMET}
    yield from cells(AUDIT, "left_out", run["left_out"], left_out_of(read, unmet))
    lost = {row["standard"]: row for row in run["missing"]["beyond"]}
    for row in beyond_rows(again):
        yield from cells(AUDIT, f"missing.beyond {row['standard']}", lost.get(row["standard"], {}), row)


# --- sheets ------------------------------------------------------------------------------------------------------


def pages(
    again: Recomputed,
    run: Mapping[str, Any],
    titles: Mapping[str, str],
    counts: Mapping[tuple[str, str, str, str, str], Mapping[str, int | None]],
    language: Language,
) -> list[Page]:
    """Return the sheets 数量要求 and 目标差距 (both without the plan), 候选点够不着的社区, and 历年与目标."""

    def word(key: str) -> str:
        return say(f"ledger.column.{key}", language)

    def page(keys: Sequence[str], marks: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Page:
        heads = tuple(map(word, keys))
        named = [{word(key): value for key, value in row.items()} for row in rows]
        held = {tuple("" if row[head] is None else str(row[head]) for head in heads): row for row in named}
        return Page(frozenset(map(word, (*keys, *marks))), heads, held)

    names = _names(again.read)
    counted = [
        row | {"scope_name": names.get(row["scope"], row["scope"]) if row["each"] == "community" else row["scope"]}
        for row in count_rows(again.read)
        if not (row["each"] == "community" and row["today"] and row["short"] == 0)
    ]
    counted = [row | {"each": say(f"ledger.each.{row['each']}", language)} for row in counted]
    goals = [
        {
            "goal": row["goal"],
            "scope": row["scope"] or place_of(again.read) or say("ledger.whole_city", language),
            "of": say(f"ledger.of.{row['of']}", language),
            "year": row["year"],
            "target": Fraction(row["share"]),
            **{key: row[key] for key in ("whole", "needed", "reached", "short") if key in row},
        }
        for row in goal_rows(again)
    ]
    beyond = [
        {"standard": titles[row["standard"]], **{key: unit[key] for key in ("unit_id", "people")}}
        for row in beyond_rows(again)
        if row["standard"] in titles
        for unit in row["communities"]
    ]
    day, decided = again.read.scenario["data_date"].isoformat(), say("ledger.decided", language)
    mine = {key[2]: row for key, row in counts.items() if key[0] == "city" and not key[3] and not key[4]}
    years = [
        {
            "when": row["data_date"],
            "standard": titles.get(row["standard"], row["standard"]) or decided,
            **{key: (mine.get(row["standard"], row) if row["data_date"] == day else row)[key] for key in _TREND},
        }
        for row in run["trend"]
    ]
    for row in years:
        for name, part, whole in (("rate", "met", "assessable"), ("share", "covered", "people")):
            row[name] = Fraction(row[part], row[whole]) if row[whole] else None
    trend = page(("when", "standard"), _TREND, years)
    trend = Page(trend.marks, trend.keys, trend.rows, more=True)
    lost = page(("standard", "unit_id"), ("name",), beyond)
    return [
        page(("count", "each", "scope_name"), ("today", "short"), [_without(row, ("scope",)) for row in counted]),
        page(("goal", "scope", "of", "year"), ("short", "target"), goals),
        trend,
        *([lost] if again.measured is not None and beyond else []),
    ]


def _without(row: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in keys}


def _names(read: Read) -> dict[str, str]:
    """Return what communities are called: their name before their code, where all their points have one."""
    found: dict[str, set[str]] = defaultdict(set)
    for point in read.points.values():
        if point.layer == "residents" and point.people and not point.made:
            found[point.unit].add(point.name)
    return {
        unit: f"{name} {unit}" if len(names) == 1 and (name := next(iter(names))) not in {"", unit} else unit
        for unit, names in found.items()
    }
