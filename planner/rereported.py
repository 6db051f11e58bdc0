"""Checklists, grants and sums of what the bureau reports, counted again for `verify` (W2-W5, J3, J4, B1, H10).

Everything follows from the bureau's own columns; nothing here knows of roads or reach.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from planner.rebureau import NO, YES, counts_in, units_of
from planner.recomputed import cells, figure, missing
from planner.rejudge import needed
from planner.repages import Page
from planner.rereading import known_words
from planner.reresult import AUDIT
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from planner.rebureau import Own
    from planner.recomputed import Figure
    from planner.reinputs import Read
    from planner.terms import Language

_REGISTERED, _PLACED = "求职登记", "成功对接"
_LIST_KEYS, _GRANT_KEYS = ("checklist", "level", "scope"), ("grant", "level", "scope", "grade")
_SUM_KEYS = ("of", "header", "level", "scope")

Places = list[tuple[str, str, list[str]]]
"""Level, scope and units."""


def places_of(rows: Iterable[tuple[str, str, str]]) -> Places:
    """Return the city, the districts and the towns with their units; rows are unit, district, town."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for unit, district, town in rows:
        found["city", ""].append(unit)
        if district:
            found["district", district].append(unit)
        if town:
            # a stroke in a name must not make one town of two
            found["town", "/".join(name.replace("/", "／") for name in (district, town) if name)].append(unit)
    return [(level, scope, units) for (level, scope), units in found.items()]


def _communities(read: Read) -> Places:
    return places_of((unit, point.district, point.town) for unit, point in units_of(read).items())


# --- checklists --------------------------------------------------------------------------------------------------


def states(one: Mapping[str, Any], own: Own, units: Iterable[str]) -> dict[str, str]:
    """How each community stands on a list: one 否 is enough to fail, a blank not to have passed."""
    found = {}
    for unit in units:
        answers = {own.cell(unit, item) for item in one["items"]}
        found[unit] = "failed" if NO in answers else "passed" if answers == {YES} else "blank"
    return found


def _is_list(one: Mapping[str, Any]) -> bool:
    return not one.get("whole")


def checklist_records(read: Read, own: Own) -> Iterator[dict[str, Any]]:
    """Count every checklist in every scope: the entries ``checklists`` of audit.json."""
    year = read.scenario["data_date"].year
    for one in read.scenario.get("checklist", ()):
        judged = states(one, own, units_of(read)) if _is_list(one) else {}
        silent = any(not _given(own, item, units_of(read)) for item in one.get("items", ()))
        for level, scope, units in _communities(read):
            if _is_list(one):
                kinds = Counter(judged[unit] for unit in units)
                part, whole = (None, None) if silent else (kinds["passed"], len(units))
                blank = kinds["blank"]
            else:
                kinds = Counter()
                given = [pair for unit in units if all(pair := [own.cell(unit, one[key]) for key in ("part", "whole")])]
                part, whole, blank = (*(sum(int(pair[at]) for pair in given) for at in (0, 1)), len(units) - len(given))
            yield {
                "checklist": one["id"],
                "clause": one["clause"],
                "name": one["name"],
                "level": level,
                "scope": scope,
                "communities": len(units),
                "passed": kinds["passed"],
                "not_passed": kinds["failed"],
                "blank": blank,
                "part": part,
                "whole": whole,
                **_targets(one, level, year, part, whole),
            }


def _given(own: Own, header: str, units: Iterable[str]) -> bool:
    """Whether a column says anything of any unit: a list with one that does not is not judged at all."""
    return header in own.headers and any(own.cell(unit, header) for unit in units)


def _targets(one: Mapping[str, Any], level: str, year: int, part: int | None, whole: int | None) -> dict[str, Any]:
    """Return the share asked for by now and the next one, where they are asked of this level, and what they take."""
    steps = [(int(at), share) for at, share in one.get("shares", {}).items()]
    past: list[tuple[int | None, Any]] = [(None, one["share"])] if "share" in one else []
    past += sorted(step for step in steps if step[0] <= year)
    coming = sorted(step for step in steps if step[0] > year)
    asked = one.get("each", "city") == level
    now, then = (past[-1] if asked and past else None), (coming[0] if asked and coming else None)
    short = [
        max(0, needed(step[1], whole) - part) if step and whole and part is not None else None for step in (now, then)
    ]
    return {
        "target": str(now[1]) if now else None,
        "year": now[0] if now else None,
        "next_target": str(then[1]) if then else None,
        "next_year": then[0] if then else None,
        "met": None if short[0] is None else not short[0],
        "missing": short[0],
        "next_missing": short[1],
    }


def list_goals(read: Read, own: Own) -> Iterator[dict[str, Any]]:
    """Set each checklist beside the share of every year: the entries ``milestones.checklists`` of audit.json."""
    city = {row["checklist"]: row for row in checklist_records(read, own) if row["level"] == "city"}
    for one in read.scenario.get("checklist", ()):
        asked = {int(at): share for at, share in one.get("shares", {}).items()}
        if "share" in one:
            asked.setdefault(read.scenario["data_date"].year, one["share"])
        row = city.get(one["id"])
        told = row if row and row["blank"] < row["communities"] else {"part": None, "whole": None}
        for at, share in sorted(asked.items()):
            part, whole = told["part"], told["whole"]
            met = part >= needed(share, whole) if part is not None and whole else None
            about = {"id": one["id"], "clause": one["clause"], "name": one["name"], "year": at, "share": str(share)}
            yield about | {"part": part, "whole": whole, "met": met}


# --- grants ------------------------------------------------------------------------------------------------------


def _quotas(one: Mapping[str, Any]) -> dict[str, int]:
    """Quotas of districts: their own, else those of their grades together."""
    found = Counter[str]()
    for entry in one.get("grades", ()):
        found.update(entry.get("quotas", {}))
    return dict(found) | dict(one.get("quotas", {}))


def grant_records(read: Read, own: Own) -> Iterator[dict[str, Any]]:
    """Count every grant by scope and grade: the entries ``grants.figures`` of audit.json."""
    units = units_of(read)
    for one in read.scenario.get("grant", ()):
        grades, quotas = one.get("grades", ()), _quotas(one)
        prices = {entry["grade"]: entry["yuan"] for entry in grades} or {YES: one.get("yuan") or 0}
        given = _given(own, one["column"], units)
        held = [(point.district, own.cell(unit, one["column"])) for unit, point in units.items()]
        asked = {entry["grade"]: entry["count"] for entry in grades if "count" in entry}
        whole = sum(asked.values()) if len(asked) == len(grades) > 0 else sum(quotas.values()) or None
        all_asked = sum(asked[grade] * prices[grade] for grade in asked) if len(asked) == len(grades) > 0 else None
        for scope in (None, *sorted({district for district, _ in held} | quotas.keys())):
            mine = Counter(grade for district, grade in held if scope in {None, district})
            for grade in ("", *(entry["grade"] for entry in grades)):
                counted = {name: mine[name] for name in ([grade] if grade else prices)}
                own_quota = next(
                    (entry.get("quotas", {}).get(scope) for entry in grades if entry["grade"] == grade), None
                )
                quota = (asked.get(grade) if grade else whole) if scope is None else own_quota
                quota = quotas.get(scope) if scope is not None and not grade else quota
                single = quota is not None and len(counted) == 1
                money = quota * prices[next(iter(counted))] if single and quota is not None else None
                money = all_asked if money is None and scope is None and not grade else money
                number = sum(counted.values()) if given else None
                yield {
                    "grant": one["id"],
                    "clause": one.get("quota_clause")
                    if scope is not None and one.get("quota_clause")
                    else one["clause"],
                    "name": one["name"],
                    "level": "city" if scope is None else "district",
                    "scope": scope or "",
                    "grade": grade,
                    "communities": number,
                    "quota": quota,
                    "yuan": sum(count * prices[name] for name, count in counted.items()) if given else None,
                    "quota_yuan": money,
                    "over": None if number is None or quota is None else number - quota,
                }


def _grant_heads(read: Read, own: Own) -> Iterator[dict[str, Any]]:
    """Say what is blank, when it is paid, and which districts have quotas or communities alone."""
    units = units_of(read)
    districts = {point.district for point in units.values()}
    for one in read.scenario.get("grant", ()):
        quotas = _quotas(one)
        yield {
            "grant": one["id"],
            "blank": sum(not own.cell(unit, one["column"]) for unit in units),
            "yearly": one.get("yearly", False),
            "funding": one.get("funding", ""),
            "districts_absent": sorted(quotas.keys() - districts),
            "districts_without_quota": sorted(districts - quotas.keys()) if quotas else [],
        }


def _by_funding(read: Read, records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    heads = {one["id"]: (one.get("funding", ""), one.get("yearly", False)) for one in read.scenario.get("grant", ())}
    sums = Counter[tuple[str, bool]]()
    for row in records:
        if row["level"] == "city" and not row["grade"] and row["yuan"] is not None:
            sums[heads[row["grant"]]] += row["yuan"]
    return [{"funding": name, "yearly": yearly, "yuan": yuan} for (name, yearly), yuan in sorted(sums.items())]


# --- sums --------------------------------------------------------------------------------------------------------


def sum_records(read: Read, communities: Own, outlets: Own) -> Iterator[dict[str, Any]]:
    """Add up what the bureau counts, in the city and every district: the entries ``sums`` of audit.json."""
    standing = [(site.id, site.district, site.town) for site in read.sites.values() if site.today]
    counts = {"communities": counts_in(read.scenario), "outlets": {*known_words()["reported"]["outlet_counts"]}}
    for of, own, places in (
        ("communities", communities, _communities(read)),
        ("outlets", outlets, places_of(standing)),
    ):
        for header in own.headers:
            if header not in counts[of] or not _given(own, header, places[0][2] if places else ()):
                continue
            for level, scope, units in places:
                if level != "town":
                    yield {"of": of, "header": header, "level": level, "scope": scope} | _sum(own, header, units)


def _sum(own: Own, header: str, units: Sequence[str]) -> dict[str, Any]:
    given = [text for unit in units if (text := own.cell(unit, header))]
    pairs = [(own.cell(unit, _PLACED), own.cell(unit, _REGISTERED)) for unit in units]
    both = [pair for pair in pairs if all(pair)] if header == _PLACED and _REGISTERED in own.headers else []
    return {
        "units": len(units),
        "blank": len(units) - len(given),
        "total": sum(map(int, given)) if given else None,
        "part": sum(int(pair[0]) for pair in both) if both else None,
        "whole": sum(int(pair[1]) for pair in both) if both else None,
    }


# --- beside the record ---------------------------------------------------------------------------------------------


def _listed(
    name: str, keys: Sequence[str], written: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]]
) -> Iterator[Figure]:
    """Yield entries of a list of the record beside those that were found, by their keys."""

    def key(row: Mapping[str, Any]) -> str:
        return " ".join(str(row[part]) for part in keys if row[part])

    yield from missing(f"{AUDIT} {name}", map(key, written), map(key, found))
    held = {key(row): row for row in written}
    for row in found:
        yield from cells(AUDIT, f"{name} {key(row)}", held.get(key(row), {}), row)


def record_figures(read: Read, run: Mapping[str, Any], communities: Own, outlets: Own) -> Iterator[Figure]:
    """Yield what the record of an audit reports, beside what was found."""
    grants = list(grant_records(read, communities))
    yield from _listed("checklists", _LIST_KEYS, run["checklists"], list(checklist_records(read, communities)))
    goals = run["milestones"]["checklists"]
    yield from _listed("milestones.checklists", ("id", "year"), goals, list(list_goals(read, communities)))
    yield from _listed("grants", _GRANT_KEYS, run["grants"]["figures"], grants)
    yield from _listed("grants.grants", ("grant",), run["grants"]["grants"], list(_grant_heads(read, communities)))
    yield figure(AUDIT, "grants", "by_funding", run["grants"]["by_funding"], _by_funding(read, grants))
    yield from _listed("sums", _SUM_KEYS, run["sums"], list(sum_records(read, communities, outlets)))
    units = [*units_of(read)]
    for header, blank in run["blank"].items():
        found = len(units) if header not in communities.headers else sum(not communities.cell(u, header) for u in units)
        yield figure(AUDIT, "blank", header, blank, found)


# --- beside the ledger -------------------------------------------------------------------------------------------


def unit_columns(read: Read, own: Own, language: Language) -> dict[str, dict[str, Any]]:
    """Return what the ledger of communities makes of each list: its result, what is lacking, what is not given."""
    units = units_of(read)
    found: dict[str, dict[str, Any]] = {unit: {} for unit in units}
    for one in filter(_is_list, read.scenario.get("checklist", ())):
        for unit, state in states(one, own, units).items():
            said = {item: own.cell(unit, item) for item in one["items"]}
            texts = {"states": say(f"ledger.checklist.{state}", language)}
            for kind, answer in (("lacking", NO), ("unsaid", "")):
                texts[kind] = "、".join(item for item, text in said.items() if text == answer)
            for kind, text in texts.items():
                found[unit][say(f"ledger.checklist.{kind}", language, name=one["name"])] = text
    return found


def scope_columns(read: Read, own: Own, language: Language) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the rate of each checklist in districts and towns."""
    found: dict[tuple[str, str], dict[str, Any]] = defaultdict(dict)
    for row in checklist_records(read, own):
        title = say("ledger.column.checklist_rate", language, name=row["name"])
        rate = Fraction(row["part"], row["whole"]) if row["whole"] else None
        found[row["level"], row["scope"]][title] = rate
    return dict(found)


def _share(part: int | None, whole: int | None) -> Fraction | None:
    return None if part is None or not whole else Fraction(part, whole)


def _asked(share: str | None) -> Fraction | None:
    return None if share is None else Fraction(share)


def _place(read: Read) -> str:
    """Return the one district, or town, in which all communities with people lie; empty where there are several."""
    people = Counter[str]()
    for point in read.points.values():
        people[point.unit] += point.people
    homes = {(point.district, point.town) for unit, point in units_of(read).items() if people[unit] > 0}
    districts, towns = {district for district, _ in homes}, {town for _, town in homes}
    return "" if len(districts) != 1 else f"{next(iter(districts))}{next(iter(towns)) if len(towns) == 1 else ''}"


def _scope_words(row: Mapping[str, Any], place: str, language: Language) -> dict[str, str]:
    if row["level"] == "city" and place:
        return {"level": say("bureau.level.place", language), "scope": place}
    scope = row["scope"].replace("/", "") if row["level"] == "town" else row["scope"]
    return {"level": say(f"bureau.level.{row['level']}", language), "scope": scope}


def _verdict(row: Mapping[str, Any]) -> str:
    """Say whether a target is met; that there is none, or nothing to hold it against."""
    if row["part"] is None or (row["target"] is not None and row["met"] is None):
        return "not_judged"
    return "no_target" if row["met"] is None else "met" if row["met"] else "unmet"


def pages(read: Read, communities: Own, outlets: Own, language: Language) -> list[Page]:
    """Return the sheets 台账填报指标, 品牌与奖补 and 台账填报合计."""
    lists = {one["id"] for one in read.scenario.get("checklist", ()) if _is_list(one)}
    grants = {one["id"]: one for one in read.scenario.get("grant", ())}
    place = _place(read)

    def word(key: str) -> str:
        return say(f"bureau.{key}", language)

    def page(keys: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Page:
        titles = tuple(word(f"column.{key}") for key in keys)
        named = [{word(f"column.{key}"): value for key, value in row.items()} for row in rows]
        return Page(frozenset(titles), titles, {tuple(str(row[title] or "") for title in titles): row for row in named})

    checked = (
        {
            **_scope_words(row, place, language),
            "checklist": row["name"],
            **{key: row[key] for key in ("clause", "communities", "blank", "missing", "next_missing")},
            "passed": row["part"] if row["checklist"] in lists else None,
            "not_passed": row["not_passed"] if row["checklist"] in lists else None,
            **{key: None if row["checklist"] in lists else row[key] for key in ("part", "whole")},
            "share": _share(row["part"], row["whole"]),
            "target": _asked(row["target"]),
            "target_year": str(row["year"]) if row["year"] else None,
            "next_year": str(row["next_year"]) if row["next_year"] else None,
            "next_target": _asked(row["next_target"]),
            "met": word(_verdict(row)),
        }
        for row in checklist_records(read, communities)
    )
    granted = (
        {
            "grant": row["name"],
            **_scope_words({**row, "scope": row["scope"] or word("no_district")}, place, language),
            **({"scope": place} if row["level"] == "city" else {}),
            "count": row["communities"],
            **{key: row[key] for key in ("clause", "grade", "quota", "over", "yuan", "quota_yuan")},
            "yearly": word("yearly" if grants[row["grant"]].get("yearly", False) else "once"),
            "funding": grants[row["grant"]].get("funding", "") or word("no_funding"),
        }
        for row in grant_records(read, communities)
    )
    summed = (
        {
            **{key: row[key] for key in ("header", "units", "blank", "total")},
            **_scope_words(row, place, language),
            "of": word(f"of.{row['of']}"),
            "rate": _share(row["part"], row["whole"]),
        }
        for row in sum_records(read, communities, outlets)
    )
    return [
        page(("checklist", "level", "scope", "clause"), checked),
        page(("grant", "level", "scope", "grade", "clause"), granted),
        page(("of", "header", "level", "scope"), summed),
    ]
