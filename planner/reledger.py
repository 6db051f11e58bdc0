"""Every figure of an audit's result beside what `verify` found: figures.csv, audit.json, and the ledger's tables."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

from planner import reduties, reforms, rereported, restands, rewhole, reyears
from planner.reaudit import (
    DECIDED,
    UNMET,
    audit_figures,
    deciding_standards,
    sights,
    whole_states,
)
from planner.rebureau import communities_said, outlets_said, said_figures, speaks_of_all
from planner.reclocks import CLOCKS, are_plain, clock_figures, unknown
from planner.recomputed import cells, figure, missing
from planner.refigures import coverage_figures, demand_figures, road_figures, standard_facts
from planner.reoutlets import (
    outlet_counts,
    outlets_page,
    own_outlets,
    place_of,
    scope_columns,
    site_figures,
    unit_columns,
)
from planner.repages import Found, Wanted, book_figures, csv_figures, word
from planner.reresult import AUDIT
from planner.resentences import sentence_figures
from planner.reunits import unit_rows
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from planner.reaudit import Spot
    from planner.rebureau import Own
    from planner.recomputed import Figure, Recomputed
    from planner.reinputs import Read
    from planner.reresult import Result
    from planner.terms import Language

FIGURES = "figures.csv"
Key: TypeAlias = "tuple[str, str, str, str, str]"
KEYS = ("level", "scope", "standard", "variant", "group")


def figures(again: Recomputed, result: Result) -> Iterator[Figure]:
    """Yield every figure of an audit beside what was found; without roads only what needs none."""
    held, run, read = sights(again), result.run, again.read
    said = communities_said(result, read), outlets_said(result, read)
    names = {"scenario": again.read.scenario["name"], "data_date": again.read.scenario["data_date"].isoformat()}
    yield from cells(AUDIT, "", run, names | {"title": again.read.scenario["title"]})
    yield from road_figures(again, run, AUDIT)
    yield from rewhole.book_lists(result, run["language"])
    decides = deciding_standards(again.read)
    yield figure(AUDIT, "parameters", "decides", run["parameters"]["decides"], decides)
    written = {one["id"]: one for one in run["standards"]}
    yield from missing(f"{AUDIT} standards", [one["id"] for one in run["standards"]], [r.id for r in again.read.rules])
    for rule in again.read.rules:
        yield from cells(AUDIT, f"standards {rule.id}", written.get(rule.id, {}), standard_facts(again.read, rule))
    yield from demand_figures(again, result)
    yield from site_figures(read, result)
    yield from coverage_figures(again, result)
    for own, file in zip(said, ("communities.csv", "outlets.csv"), strict=True):
        yield from said_figures(own, file)
    known = speaks_of_all(said[0], read)
    if known:
        yield from rereported.record_figures(read, run, *said)
    if held:
        counts = dict(audit_figures(read, held, decides)) | dict(clock_figures(again, decides))
        yield from _figures(again, result, counts)
        yield from _pages(again, result, held, decides, counts, said if known else None)


def _figures(again: Recomputed, result: Result, found: Mapping[Key, Mapping[str, int | None]]) -> Iterator[Figure]:
    """Yield figures.csv, and the figures of the whole city in audit.json."""
    clocks = are_plain(again.read)
    rows = [row for row in result.rows(FIGURES) if clocks or row["variant"] not in CLOCKS]
    yield from missing(FIGURES, [" ".join(row[key] for key in KEYS) for row in rows], map(" ".join, found))
    for row in rows:
        key = (row["level"], row["scope"], row["standard"], row["variant"], row["group"])
        for column, value in found.get(key, {}).items():
            yield figure(FIGURES, " ".join(filter(None, key)), column, row[column], "" if value is None else str(value))
    city = {key[2:]: value for key, value in found.items() if key[0] == "city"}
    for one in result.run["figures"]:
        name = (one["standard"], one["variant"], one["group"])
        if clocks or one["variant"] not in CLOCKS:
            yield from cells(AUDIT, f"figures {' '.join(filter(None, name))}", one, city.get(name, {}))
    hours = {"unknown_hours": unknown(again.read)} if clocks else {}
    yield from cells(AUDIT, "outlets", result.run["outlets"], outlet_counts(again.read) | hours)


def _pages(
    again: Recomputed,
    result: Result,
    held: Mapping[str, list[Spot]],
    decides: list[str],
    counts: Mapping[Key, Mapping[str, int | None]],
    said: tuple[Own, Own] | None,
) -> Iterator[Figure]:
    """Yield the tables of the ledger: its CSV files and the sheets of ledger.xlsx."""
    language, read, place = result.run["language"], again.read, place_of(again.read)
    titles = _titles(again, result, language)
    units = unit_rows(read, held, decides, titles, language)
    states = {unit: state for unit, (state, _, _) in whole_states(again.read, held, decides).items()}
    yield from restands.stand_figures(again, result.run, states, counts)
    left = restands.left_out_of(read, {unit for unit, state in states.items() if state == UNMET})
    yield from sentence_figures(again, result, decides, counts, left, titles)
    own = own_outlets(read)
    units = _joined(units, unit_columns(own, language))
    scopes = _joined(_scopes(counts, decides, titles, language), scope_columns(read, own, language))
    pages = [] if again.measured is None else [outlets_page(read, again.measured, held, decides, language)]
    pages += restands.pages(again, result.run, titles, counts, language)
    years = reyears.years_of(again, result)
    if (result.folder / reyears.CHANGES).exists():
        pages.append(reyears.turned_page(years, result, language))
    if years is not None:
        yield from reyears.change_figures(years, again, result)
        units = _joined(units, reyears.unit_columns(years, result, language))
        scopes = _joined(scopes, reyears.scope_columns(years, language))
        pages += reyears.pages(years, result, titles, place, language)
    elif "previous" not in read.scenario.get("audit", {}):
        scopes = _joined(scopes, reyears.no_columns(scopes, language))
    values = reforms.keyed(read, result.run, counts, outlet_counts(read), said[0] if said else None)
    beyond = [
        *([] if said else [".checklist.", ".grant."]),
        *([] if are_plain(read) else [f"@{one}" for one in CLOCKS]),
    ]
    yield from reforms.form_figures(result, values, beyond)
    if again.measured is not None and (result.folder / reduties.DUTIES).exists():
        yield from reduties.duty_figures(result, read)
        pages.append(reduties.duties_page(result, reduties.duty_rows(result, read, again.measured, held, decides)))
    if said is not None:
        units = _joined(units, rereported.unit_columns(read, said[0], language))
        scopes = _joined(scopes, rereported.scope_columns(read, said[0], language))
        pages += rereported.pages(read, *said, language)
    counts = _with_group_names(counts, read)
    wanted = rewhole.wanted(counts, units, scopes, titles, states, place, language)
    wanted |= {"outlets": Wanted(frozenset(), frozenset())} if pages and pages[0].rows else {}
    found = Found(language, units, scopes, _by_title(counts, titles, place, language), pages, place, wanted)
    for name in ("communities.csv", "districts.csv", "outlets.csv", reduties.DUTIES):
        yield from csv_figures(result.folder / name, found)
    yield from book_figures(result.folder / rewhole.BOOK, found)


def _joined(*parts: Mapping[Any, Mapping[str, Any]]) -> dict[Any, dict[str, Any]]:
    """Put columns of the same rows beside each other; rows of the first part alone."""
    return {key: {title: value for part in parts for title, value in part.get(key, {}).items()} for key in parts[0]}


def _with_group_names(
    counts: Mapping[Key, Mapping[str, int | None]], read: Read
) -> dict[Key, Mapping[str, int | None]]:
    """Call groups of people by their names, as sheets do."""
    names = {one["id"]: one["name"] for one in read.scenario.get("group", ())}
    return {(*key[:4], names.get(key[4], key[4])): row for key, row in counts.items()}


def _titles(again: Recomputed, result: Result, language: Language) -> dict[str, str]:
    """Return what each standard for residents is called in the ledger, by the order of headers in communities.csv."""
    prefix = say("ledger.column.state_of", language, standard="")
    header = next(iter(result.rows("communities.csv")), {})
    names = [column.removeprefix(prefix) for column in header if column.startswith(prefix)]
    lived = [point for point in again.read.points.values() if point.people and not point.made]
    rules = [
        rule.id
        for rule in again.read.rules
        if rule.layer == "residents" and any(rule.speaks_of(point) for point in lived)
    ]
    return dict(zip(rules, names, strict=True)) if len(rules) == len(names) else {}


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
    counts: Mapping[Key, Mapping[str, int | None]], titles: Mapping[str, str], place: str, language: Language
) -> dict[tuple[str, str, str, str], dict[str, Any]]:
    """Return what tables by scope and standard should say: by way of counting, and by group of people."""
    named = {**titles, DECIDED: say("ledger.decided", language)}
    everybody, city = say("ledger.everybody", language), place or say("ledger.whole_city", language)
    found = {}
    for (_, scope, standard, way, group), row in counts.items():
        if standard in named:
            about = (scope or city, named[standard])
            if not group:
                found[*about, say(f"ledger.variant.{way}", language), ""] = _shares(row, language)
            if not way:
                found[*about, "", group or everybody] = _shares(row, language)
    return found
