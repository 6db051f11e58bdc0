"""Every figure of an audit's result beside what `verify` found: figures.csv, audit.json, and the ledger's tables."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

from planner.reaudit import (
    DECIDED,
    UNMET,
    WAYS,
    audit_figures,
    counted_once,
    deciding_standards,
    seen,
    together,
    verdicts,
)
from planner.recomputed import cells, figure, missing
from planner.recoverage import types_today
from planner.refigures import coverage_figures, demand_figures, road_figures, standard_facts
from planner.reoutlets import (
    MOBILE,
    communities_without,
    outlets_page,
    own_outlets,
    scope_columns,
    stands,
    unit_columns,
)
from planner.repages import Found, Length, book_figures, csv_figures, word
from planner.reresult import AUDIT
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from planner.reaudit import Spot, Verdict
    from planner.recomputed import Figure, Recomputed
    from planner.reresult import Result
    from planner.terms import Language

FIGURES = "figures.csv"
Key: TypeAlias = "tuple[str, str, str, str, str]"
KEYS = ("level", "scope", "standard", "variant", "group")
CLOCKS = ("day", "noon", "night")
"""Ways of counting that opening hours decide: for information, and not found again."""


def sights(again: Recomputed) -> dict[str, list[Spot]]:
    """Return what each standard sees today; nothing where roads were not read again."""
    read, measured, year = again.read, again.measured, again.read.scenario["data_date"].year
    if measured is None:
        return {}
    types = types_today(read.sites)
    return {rule.id: seen(read, measured, rule, again.rows[rule.id, "today", year], types) for rule in read.rules}


def figures(again: Recomputed, result: Result) -> Iterator[Figure]:
    """Yield every figure of an audit beside what was found; without roads only what needs none."""
    held, run = sights(again), result.run
    names = {"scenario": again.read.scenario["name"], "data_date": again.read.scenario["data_date"].isoformat()}
    yield from cells(AUDIT, "", run, names | {"title": again.read.scenario["title"]})
    yield from road_figures(again, run, AUDIT)
    decides = deciding_standards(again.read)
    yield figure(AUDIT, "parameters", "decides", run["parameters"]["decides"], decides)
    written = {one["id"]: one for one in run["standards"]}
    yield from missing(f"{AUDIT} standards", [one["id"] for one in run["standards"]], [r.id for r in again.read.rules])
    for rule in again.read.rules:
        yield from cells(AUDIT, f"standards {rule.id}", written.get(rule.id, {}), standard_facts(again.read, rule))
    yield from demand_figures(again, result)
    yield from coverage_figures(again, result)
    if held:
        yield from _figures(again, result, held, decides)
        yield from _pages(again, result, held, decides)


def _figures(again: Recomputed, result: Result, held: Mapping[str, list[Spot]], decides: list[str]) -> Iterator[Figure]:
    """Yield figures.csv, and the figures of the whole city in audit.json."""
    found = dict(audit_figures(again.read, held, decides))
    rows = [row for row in result.rows(FIGURES) if row["variant"] not in CLOCKS]
    yield from missing(FIGURES, [" ".join(row[key] for key in KEYS) for row in rows], map(" ".join, found))
    for row in rows:
        key = (row["level"], row["scope"], row["standard"], row["variant"], row["group"])
        for column, value in found.get(key, {}).items():
            yield figure(FIGURES, " ".join(filter(None, key)), column, row[column], "" if value is None else str(value))
    city = {key[2:]: value for key, value in found.items() if key[0] == "city"}
    for one in result.run["figures"]:
        name = (one["standard"], one["variant"], one["group"])
        if one["variant"] not in CLOCKS:
            yield from cells(AUDIT, f"figures {' '.join(filter(None, name))}", one, city.get(name, {}))
    sites, own = [site for site in again.read.sites.values() if site.types != MOBILE], own_outlets(again.read)
    outlets = {
        "standing": sum(map(stands, sites)),
        "in_operation": sum(site.today for site in sites),
        "communities_without": communities_without(own, [*own]),
    }
    yield from cells(AUDIT, "outlets", result.run["outlets"], outlets)


def _pages(again: Recomputed, result: Result, held: Mapping[str, list[Spot]], decides: list[str]) -> Iterator[Figure]:
    """Yield the tables of the ledger: communities.csv, districts.csv and the sheets of ledger.xlsx."""
    language, read = result.run["language"], again.read
    titles = _titles(again, result, language)
    counts = dict(audit_figures(read, held, decides))
    units = _units(again, held, decides, titles, language)
    unmet = sum(row[word("verdict", language)] == say("ledger.state.unmet", language) for row in units.values())
    yield figure(AUDIT, "left_out", "communities", result.run["left_out"]["communities"], unmet)
    own = own_outlets(read)
    units = _joined(units, unit_columns(own, language))
    scopes = _joined(_scopes(counts, decides, titles, language), scope_columns(read, own, language))
    pages = [] if again.measured is None else [outlets_page(read, again.measured, held, decides, language)]
    found = Found(language, units, scopes, _by_title(counts, titles, language), pages)
    for name in ("communities.csv", "districts.csv", "outlets.csv"):
        yield from csv_figures(result.folder / name, found)
    yield from book_figures(result.folder / "ledger.xlsx", found)


def _joined(*parts: Mapping[Any, Mapping[str, Any]]) -> dict[Any, dict[str, Any]]:
    """Put columns of the same rows beside each other; rows of the first part alone."""
    return {key: {title: value for part in parts for title, value in part.get(key, {}).items()} for key in parts[0]}


def _titles(again: Recomputed, result: Result, language: Language) -> dict[str, str]:
    """Return what each standard for residents is called in the ledger, by the order of headers in communities.csv."""
    prefix = say("ledger.column.state_of", language, standard="")
    header = next(iter(result.rows("communities.csv")), {})
    names = [column.removeprefix(prefix) for column in header if column.startswith(prefix)]
    rules = [rule.id for rule in again.read.rules if rule.layer == "residents"]
    return dict(zip(rules, names, strict=True)) if len(rules) == len(names) else {}


def _units(
    again: Recomputed, held: Mapping[str, list[Spot]], decides: list[str], titles: Mapping[str, str], language: Language
) -> dict[str, dict[str, Any]]:
    """Return what tables of communities should say of each that has people."""
    read = again.read
    share, sections = (
        read.scenario["demand"].get("community_rule", "0.5"),
        {s["id"]: s for s in read.scenario["standard"]},
    )
    by_way = {
        way.name: {rule.id: verdicts(held[rule.id], rule, share, way, sections[rule.id]) for rule in read.rules}
        for way in WAYS
    }
    judged, people = by_way[""], _people(again, held, decides)
    whole = together([judged[name] for name in held if name in decides])
    means = [way.name for way in WAYS[1:] if any(way.means(r, sections[r.id]) for r in read.rules if r.id in decides)]
    beside = {name: together([by_way[name][one] for one in held if one in decides]) for name in means}
    homes = [point for point in read.points.values() if point.layer == "residents"]
    found: dict[str, dict[str, Any]] = {}
    for unit, (state, low, high) in whole.items():
        near = say("ledger.yes" if low != high else "ledger.no", language)
        row: dict[str, Any] = {"verdict": say(f"ledger.state.{state}", language), "near_limit": near}
        row |= dict(zip(("judged_people", "covered", "unjudged"), people[unit], strict=True))
        row = {word(key, language): value for key, value in row.items()}
        row |= _way(unit, judged, decides, again, language)
        for rule, title in titles.items():
            verdict = judged[rule].get(unit)
            text = None if verdict is None else say(f"ledger.state.{verdict.state}", language)
            row[say("ledger.column.state_of", language, standard=title)] = text
        for name in means:
            title = say("ledger.column.variant_of", language, variant=say(f"ledger.variant.{name}", language))
            row[title] = say(f"ledger.state.{beside[name][unit][0]}", language)
        found[unit] = row
    for unit, row in found.items():
        mine = [point for point in homes if point.unit == unit]
        row[word("people", language)], row[word("points", language)] = sum(p.people for p in mine), len(mine)
    return found


def _way(
    unit: str, judged: Mapping[str, Mapping[str, Verdict]], decides: list[str], again: Recomputed, language: Language
) -> dict[str, Any]:
    """Return the outlet and metres beside a verdict: of the first deciding standard not met, else of the first."""
    parts = [(name, judged[name][unit]) for name in judged if name in decides and unit in judged[name]]
    name, verdict = next((part for part in parts if part[1].state == UNMET), parts[0])
    if verdict.spot is None:
        return {}
    row, straight = verdict.spot.row, next(rule.straight for rule in again.read.rules if rule.id == name)
    found: dict[str, Any] = {word("site_id", language): row.site_id}
    lengths = {"straight_m": row.straight_m} | ({} if straight else {"metres": row.metres})
    return found | {
        word(key, language): Length(int(text.replace(".", ""))) if text else None for key, text in lengths.items()
    }


def _people(again: Recomputed, held: Mapping[str, list[Spot]], decides: list[str]) -> dict[str, tuple[int, int, int]]:
    """People of each community that can be judged, are covered, cannot be judged: each once."""
    rules = {rule.id: rule for rule in again.read.rules}
    parts = [(held[name], rules[name], rules[name].limit, WAYS[0]) for name in held if name in decides]
    sums: dict[str, tuple[int, int, int]] = {}
    for spot, judged, named, covered in counted_once(parts).values():
        able, number = judged and named, spot.point.people
        first = sums.get(spot.unit, (0, 0, 0))
        more = number * able, number * (able and covered), number * (not able)
        sums[spot.unit] = (first[0] + more[0], first[1] + more[1], first[2] + more[2])
    return sums


def _shares(counts: Mapping[str, int | None], language: Language) -> dict[str, Any]:
    """Return counts of a row of figures, and their shares, under the headers of the ledger."""
    row: dict[str, Any] = {word(key, language): value for key, value in counts.items() if value is not None}
    for key, part, whole in (("rate", "met", "assessable"), ("share", "covered", "people")):
        got, every = counts[part], counts[whole]
        row[word(key, language)] = None if got is None or not every else Fraction(got, every)
    return row


def _scopes(
    counts: Mapping[Key, Mapping[str, int | None]], decides: list[str], titles: Mapping[str, str], language: Language
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what tables of districts and towns should say: the deciding standards together, and who meets each."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for (level, scope, standard, way, group), row in counts.items():
        if not way and not group and standard == DECIDED:
            found.setdefault((level, scope), {}).update(_shares(row, language))
        elif not way and not group and standard in decides and standard in titles:
            title = say("ledger.column.met_of", language, standard=titles[standard])
            found.setdefault((level, scope), {})[title] = row["met"]
    return found


def _by_title(
    counts: Mapping[Key, Mapping[str, int | None]], titles: Mapping[str, str], language: Language
) -> dict[tuple[str, str, str, str], dict[str, Any]]:
    """Return what tables by scope and standard should say: by way of counting, and by group of people."""
    named = {**titles, DECIDED: say("ledger.decided", language)}
    everybody, city = say("ledger.everybody", language), say("ledger.whole_city", language)
    found = {}
    for (_, scope, standard, way, group), row in counts.items():
        if standard in named:
            about = (scope or city, named[standard])
            if not group:
                found[*about, say(f"ledger.variant.{way}", language), ""] = _shares(row, language)
            if not way:
                found[*about, "", group or everybody] = _shares(row, language)
    return found
