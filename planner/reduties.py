"""Areas of responsibility for `verify` (H8): every outlet once, an officer of its own town, loads that add up.

That no other way to share them out is more even is not proven again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from planner.recomputed import figure, missing
from planner.reoutlets import nearest_people
from planner.repages import Page
from planner.replan import MOBILE
from planner.rereading import Unread, known_words, read_joined
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planner.reaudit import Spot
    from planner.recomputed import Figure
    from planner.recoverage import Measured
    from planner.reinputs import Read
    from planner.reresult import Result

DUTIES = "duties.csv"
_KEYS = ("district", "town", "officer", "number", "site_id")
_SHOWN = ("outlet", "people", "firms", "visits_monthly", "outlet_share", "officer_share")

Town = tuple[str, str]


def firms_at(read: Read, measured: Measured) -> dict[str, int] | None:
    """Key firms whose nearest outlet each is, of their own town, of the city where it has none; None without any."""
    layer = read.scenario["audit"]["officers"].get("firms")
    if layer is None:
        return None
    standing = [site for site in read.sites.values() if site.today and site.types != MOBILE]
    in_town: dict[Town, list[str]] = defaultdict(list)
    for site in standing:
        in_town[site.district, site.town].append(site.id)
    found: Counter[str] = Counter()
    for point in read.points.values():
        near = measured.straight.get(point.id) if point.layer == layer else None
        own = in_town.get((point.district, point.town)) or [site.id for site in standing]
        if near and own:
            found[min((near[site], site) for site in own)[1]] += 1
    return dict(found)


def _loads(people: Mapping[str, int], firms: Mapping[str, int] | None, sites: Sequence[str]) -> dict[str, Fraction]:
    """Part of the load of a town that each of its outlets has: half of its people and half of its firms."""
    kinds = [one for one in (people, firms or {}) if sum(one.get(site, 0) for site in sites)]
    totals = [sum(one.get(site, 0) for site in sites) for one in kinds]
    return {
        site: sum((Fraction(one.get(site, 0), total) for one, total in zip(kinds, totals, strict=True)), Fraction(0))
        / max(1, len(kinds))
        for site in sites
    }


def _percent(share: Fraction | None) -> str:
    tenths = None if share is None else share * 1000 // 1
    return "" if tenths is None else f"{tenths // 10}.{tenths % 10}%"


def duty_rows(
    result: Result, read: Read, measured: Measured, held: Mapping[str, list[Spot]], decides: Sequence[str]
) -> dict[tuple[str, ...], dict[str, Any]]:
    """Return what each row of duties.csv should say, by who has what as it is written."""
    words = {key: say(f"duties.{key}", result.run["language"]) for key in (*_KEYS, *_SHOWN)}
    written = [{key: row[word] for key, word in words.items()} for row in result.rows(DUTIES)]
    people, firms = nearest_people(held, decides), firms_at(read, measured)
    towns: dict[Town, list[dict[str, str]]] = defaultdict(list)
    for row in written:
        towns[row["district"], row["town"]].append(row)
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for rows in towns.values():
        loads = _loads(people, firms, [row["site_id"] for row in rows if row["site_id"]])
        of_officer: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
        for row in rows:
            of_officer[row["officer"], row["number"]] += loads.get(row["site_id"], Fraction(0))
        shared = any(row["site_id"] for row in rows) and any(row["officer"] for row in rows)
        for row in rows:
            site = row["site_id"]
            visits = firms.get(site, 0) if firms is not None and site else None
            found[tuple(row[key] for key in _KEYS)] = {
                words["outlet"]: read.sites[site].name if site in read.sites else "",
                words["people"]: people.get(site, 0) if site else None,
                words["firms"]: visits,
                words["visits_monthly"]: visits,
                words["outlet_share"]: _percent(loads[site] if shared and site and row["officer"] else None),
                words["officer_share"]: _percent(
                    of_officer[row["officer"], row["number"]] if shared and row["officer"] else None
                ),
            }
    return found


def duties_page(result: Result, rows: Mapping[tuple[str, ...], Mapping[str, Any]]) -> Page:
    """Return duties.csv and its sheet."""
    heads = tuple(say(f"duties.{key}", result.run["language"]) for key in _KEYS)
    marks = {*heads, say("duties.officer_share", result.run["language"])}
    return Page(frozenset(marks), heads, rows)


def duty_figures(result: Result, read: Read) -> Iterator[Figure]:
    """Yield that each outlet in operation stands once, in its own town, with an officer of that town."""
    words = {key: say(f"duties.{key}", result.run["language"]) for key in _KEYS}
    rows = [row for row in result.rows(DUTIES) if row[words["site_id"]]]
    standing = [site.id for site in read.sites.values() if site.today and site.types != MOBILE]
    yield from missing(DUTIES, [row[words["site_id"]] for row in rows], standing)
    officers = officers_of(result, read)
    for row in rows:
        site = read.sites.get(row[words["site_id"]])
        if site is None:
            continue
        yield figure(DUTIES, site.id, words["town"], row[words["town"]], site.town)
        name = row[words["officer"]]
        if name and officers is not None:
            yield figure(DUTIES, site.id, words["officer"], name, name if (site.town, name) in officers else "")


def officers_of(result: Result, read: Read) -> set[tuple[str, str]] | None:
    """Return town and name of each officer; None where their table is not plain."""
    table = read.scenario["audit"]["officers"]
    columns, words = table.get("columns", {}), known_words()["officers"]["officer"]
    names = [columns["officer"]] if "officer" in columns else ["officer", *words]
    towns = {columns["town"]} if "town" in columns else {"town", *known_words()["sites"]["town"]}
    try:
        rows = read_joined(result.folder / table["file"], table, names)
    except (Unread, OSError):
        return None
    found = set()
    for row in rows:
        places = [text for header, text in row.headers.items() if header in towns]
        if len(places) != 1:
            return None
        found.add((places[0], row.cells["code"]))
    return found
