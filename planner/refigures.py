"""Every figure of a result beside what `verify` found: the comparison, and nothing else.

`figures` yields them file by file; who compares counts them and keeps those that differ. Further tables are further
generators of `Figure`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from planner.recomputed import Figure, Recomputed, as_text, cells, figure, missing
from planner.recoverage import Row, types_in, types_today
from planner.regiven import given_figures
from planner.rejudge import CHECKED, goal_figures, standard_figures
from planner.replan import people_at, plan_figures, price, rules_broken, unreachable
from planner.reresult import RUN
from planner.respeeds import class_speeds
from planner.retabled import tabled_figures

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from planner.reinputs import Read, Rule, Site
    from planner.rejudge import Rows
    from planner.replan import Opened
    from planner.reresult import Result

DEGREES = 1e-6
"""How far a written place may be from the one that is read: it has 7 decimals."""

COVERAGE, SITES, DEMAND, CERTIFICATE = "coverage.csv", "sites.csv", "demand.csv", "certificate.json"


def figures(again: Recomputed, result: Result) -> Iterator[Figure]:
    """Yield every figure of a run's result beside what was found."""
    yield from demand_figures(again, result)
    yield from _sites(again, result)
    yield from coverage_figures(again, result)
    yield from _head(again, result.run)
    yield from _standards(again, result.run)
    yield from _served_in_all(again, result)
    yield from _goals(again, result.run)
    yield from _plan(again, result)
    yield from tabled_figures(again, result.run)


def place_figures(
    file: str, row: str, written: Mapping[str, str], place: tuple[float, float] | None, slack: float
) -> Iterator[Figure]:
    """Longitude and latitude, which agree within a slack in degrees."""
    for column, value in zip(("lon", "lat"), place or (None, None), strict=True):
        text = written.get(column, "")
        try:
            same = not text if value is None else abs(float(text) - value) <= slack
        except ValueError:
            same = False
        yield Figure(file, row, column, text, "" if value is None else repr(value), same)


def demand_figures(again: Recomputed, result: Result) -> Iterator[Figure]:
    """Yield demand.csv; nothing where the result has none."""
    written = {row.get("demand_id", ""): row for row in result.rows(DEMAND)}
    if not written:
        return
    yield from missing(DEMAND, [row.get("demand_id", "") for row in result.rows(DEMAND)], again.read.points)
    for name, point in again.read.points.items():
        if (row := written.get(name)) is None:
            continue
        found = {"name": point.name, "unit_id": point.unit, "town": point.town, "district": point.district}
        found |= {"setting": point.setting, "layer": point.layer, "people": str(point.people), "placed": point.placed}
        yield from cells(DEMAND, name, row, found | {key: str(count) for key, count in point.groups.items()})
        yield from place_figures(DEMAND, name, row, point.place, DEGREES / 1000)


def _state(site: Site, opened: set[str]) -> str:
    """Return which part a site has in the plan."""
    if site.status == "candidate":
        return "planned" if site.id in opened else "candidate"
    closed = "closed" if site.status == "existing" else "excluded"
    return "today" if site.today else closed


def _sites(again: Recomputed, result: Result) -> Iterator[Figure]:
    read = again.read
    yield from missing(SITES, [row.get("site_id", "") for row in result.rows(SITES)], read.sites)
    opened = {one.site for one in again.opened}
    people = _people_of_sites(again)
    for name, site in read.sites.items():
        if (row := result.sites.get(name)) is None:
            continue
        state = _state(site, opened)
        own = {"name": site.name, "type": ";".join(site.types), "status": site.status, "tier": site.tier}
        own |= {"district": site.district, "town": site.town, "host": site.host, "build_method": site.method}
        own |= {"funding": site.funding, "cost_once_yuan": as_text(site.once), "cost_yearly_yuan": as_text(site.yearly)}
        yield from cells(SITES, name, row, {**own, "state": state, **_planned_at(again, name)})
        yield from place_figures(SITES, name, row, site.place, DEGREES)
        if people is not None:
            reached, newly = people
            idle = state in {"candidate", "closed", "excluded"}
            yield figure(
                SITES, name, "people_reached", row.get("people_reached"), "" if idle else str(reached.get(name, 0))
            )
            yield figure(
                SITES, name, "newly_covered", row.get("newly_covered"), str(newly[name]) if name in newly else ""
            )


def _planned_at(again: Recomputed, name: str) -> dict[str, str]:
    """Cells of a site that say what the plan opens there."""
    here = sorted((one for one in again.opened if one.site == name), key=lambda one: one.type)
    priced = [price(again.read, one) for one in here]
    return {
        "planned_size": ";".join(one.size for one in here if one.size),
        "planned_year": str(min(one.year for one in here)) if here else "",
        "planned_once_yuan": str(sum(costs["cost_once_yuan"] for costs in priced)) if here else "",
        "planned_yearly_yuan": str(sum(costs["cost_yearly_yuan"] for costs in priced)) if here else "",
        "estimated": as_text(any(costs["estimated"] for costs in priced)),
    }


def _people_of_sites(again: Recomputed) -> tuple[dict[str, int], dict[str, int]] | None:
    """People within reach of each open site, and of each that opens those not covered today."""
    read, measured = again.read, again.measured
    if measured is None or _has_checks(again):
        return None
    year = max(again.planned, default=0)
    now = types_in(read.sites, _as_rows(again.opened), year) if again.planned else types_today(read.sites)
    opened: dict[str, list[str]] = {}
    for one in again.opened:
        opened.setdefault(one.site, []).append(one.type)
    return people_at(read, measured, now, None), people_at(read, measured, opened, _today_rows(again))


def _has_checks(again: Recomputed) -> bool:
    return any(row.reason == CHECKED for rows in again.rows.values() for row in rows.values())


def _as_rows(opened: Iterable[Opened]) -> list[dict[str, Any]]:
    return [{"site_id": one.site, "type": one.type, "year": one.year} for one in opened]


def _today_rows(again: Recomputed) -> dict[str, Rows]:
    return {standard: rows for (standard, state, _), rows in again.rows.items() if state == "today"}


def coverage_figures(again: Recomputed, result: Result) -> Iterator[Figure]:
    """Yield every cell of coverage.csv; where roads were not read again there is nothing to compare."""
    if again.measured is None or not (result.folder / COVERAGE).exists():
        return
    key = ("demand_id", "standard", "state", "year")
    table = [(" ".join(row.get(part, "") for part in key), row) for row in result.rows(COVERAGE)]
    found = {
        f"{point} {standard} {state} {year}": row
        for (standard, state, year), rows in again.rows.items()
        for point, row in rows.items()
    }
    yield from missing(COVERAGE, [name for name, _ in table], found)
    for name, written in table:
        if name in found:
            again_row = found[name]._asdict()
            yield from cells(COVERAGE, name, written, {column: as_text(value) for column, value in again_row.items()})


def written_rows(result: Result) -> dict[tuple[str, str, int], dict[str, Row]]:
    """Return coverage.csv as rows, for what cannot be measured again."""
    found: dict[tuple[str, str, int], dict[str, Row]] = {}
    for row in result.rows(COVERAGE):
        texts = {name: row[name] for name in Row._fields if name not in {"covered", "facilities"}}
        made = Row(covered=row["covered"] == "true", facilities=int(row["facilities"]), **texts)
        found.setdefault((row["standard"], row["state"], int(row["year"])), {})[row["demand_id"]] = made
    return found


def _head(again: Recomputed, run: Mapping[str, Any]) -> Iterator[Figure]:
    """Yield what run.json says of the scenario, the roads, the people and the sites."""
    read, scenario = again.read, again.read.scenario
    asked = {
        "horizon_years": scenario.get("siting", {}).get("horizon_years", 5),
        "years": sorted(phase["year"] for phase in scenario.get("phase", ())) or [scenario["data_date"].year],
        "standard": scenario.get("siting", {}).get("standard"),
        "weights": _weights(scenario),
    }
    yield from cells(RUN, "parameters", run["parameters"], asked)
    yield from road_figures(again, run, RUN)
    names = {"scenario": scenario["name"], "title": scenario["title"], "data_date": scenario["data_date"].isoformat()}
    yield from cells(RUN, "", run, names)
    imprint = scenario.get("document", {})
    asked = {key: imprint.get(key, "") for key in ("maker", "review_number")}
    yield from cells(RUN, "document", run.get("document", {}), asked)
    hurt = run["sites"].get("names_hurt", {})
    called = {name: read.sites[name].name for name in hurt if name in read.sites}
    yield figure(RUN, "sites", "names_hurt", hurt, called)
    points = list(read.points.values())
    homes = [point for point in points if point.layer == "residents"]
    units = {point.unit: 0 for point in homes}
    for point in homes:
        units[point.unit] += point.people
    demand: dict[str, Any] = {
        "points": len(points),
        "people": sum(point.people for point in homes),
        "people_assessable": sum(point.people for point in homes if point.able),
        "communities_without_people": sorted(unit for unit, people in units.items() if not people),
        "placed_people": {
            how: sum(point.people for point in homes if point.placed == how) for how in ("town", "spread")
        },
    }
    sites: dict[str, Any] = {
        "existing": sum(site.status == "existing" for site in read.sites.values()),
        "open_today": sum(site.today for site in read.sites.values()),
        "candidates": sum(site.status == "candidate" for site in read.sites.values()),
    }
    if again.measured is not None:
        on, near = again.measured.point_feet["walk"], again.measured.site_feet["walk"]
        off = [point for point in homes if point.able and point.id not in on]
        demand |= {"off_network_points": len(off), "off_network_people": sum(point.people for point in off)}
        usable = (site for site in read.sites.values() if site.today or site.status == "candidate")
        sites["off_network"] = [site.id for site in usable if site.id not in near]
    yield from cells(RUN, "demand", run["demand"], demand)
    yield from cells(RUN, "sites", run["sites"], sites)


def _weights(scenario: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the groups that count otherwise than once in the objective; a plan of least cost weighs nobody."""
    weighs = scenario.get("siting", {}).get("objective", "min_cost") != "min_cost"
    groups = scenario.get("group", ()) if weighs else ()
    named = [{"id": one["id"], "name": one["name"], "weight": float(one.get("weight", 1))} for one in groups]
    return [one for one in named if one["weight"] != 1]


def standard_facts(read: Read, rule: Rule) -> dict[str, Any]:
    """Describe a standard as records do."""
    section = next(one for one in read.scenario["standard"] if one["id"] == rule.id)
    facts = {"clause": section.get("clause", ""), "mode": rule.mode, "metric": section.get("metric", "road")}
    facts |= {key: float(section[key]) if key in section else None for key in ("minutes", "km")}
    return facts | {"setting": rule.setting, "layer": rule.layer, "served_by": list(rule.served_by)}


def road_figures(again: Recomputed, run: Mapping[str, Any], file: str) -> Iterator[Figure]:
    """Yield the parameters of travel and the counts of each network, which stand in every record."""
    roads = again.read.scenario["roads"]
    numbers = {"walk_kph": 4.0, "drive_factor": 0.7, "snap_max_m": 500, "island_min_m": 1000}
    asked: dict[str, Any] = {key: float(roads.get(key, usual)) for key, usual in numbers.items()}
    asked["community_rule"] = float(again.read.scenario["demand"].get("community_rule", 0.5))
    asked["class_kph"] = class_speeds(roads.get("class_kph", {}))
    yield from cells(file, "parameters", run["parameters"], asked)
    for mode, streets in again.measured.streets.items() if again.measured else ():
        yield from cells(file, f"roads.{mode}", run["roads"].get(mode, {}), streets.counts)


def _standards(again: Recomputed, run: Mapping[str, Any]) -> Iterator[Figure]:
    written = {one["id"]: one for one in run["standards"]}
    yield from missing(f"{RUN} standards", [one["id"] for one in run["standards"]], [r.id for r in again.read.rules])
    last, today = max(again.planned, default=None), again.read.scenario["data_date"].year
    for rule in again.read.rules:
        if (row := written.get(rule.id)) is None:
            continue
        facts = standard_facts(again.read, rule)
        now = again.rows[rule.id, "today", today]
        then = None if last is None else again.rows[rule.id, "plan", last]
        yield from cells(RUN, f"standards {rule.id}", row, facts | standard_figures(again.read, rule, now, then))


def _goals(again: Recomputed, run: Mapping[str, Any]) -> Iterator[Figure]:
    read, today = again.read, again.read.scenario["data_date"].year
    phased = bool(read.scenario.get("phase"))
    years = sorted(phase["year"] for phase in read.scenario.get("phase", ())) or [today]
    limited = read.scenario.get("siting", {}).get("capacity_standard")
    found: dict[str, dict[str, Any]] = {}
    for year in years:
        for goal in read.scenario.get("goal", ()):
            now = again.rows[goal["standard"], "today", today]
            then = again.rows[goal["standard"], "plan", year] if again.planned else None
            for scope, row in goal_figures(read, goal, year, now, then):
                name = _goal_name(goal["id"], scope, year if phased else None)
                counts = "served" if goal["standard"] == limited else "backup" if goal.get("backup") else "reached"
                found[name] = row | {"counts": counts}
    written = {_goal_name(one["id"], one["scope"], one["year"]): one for one in run["goals"]}
    every = [_goal_name(one["id"], one["scope"], one["year"]) for one in run["goals"]]
    yield from missing(f"{RUN} goals", every, found)
    for name, row in found.items():
        if (one := written.get(name)) is None:
            continue
        served = row["counts"] == "served"
        asked = {key: value for key, value in row.items() if key in _KEPT_UNDER_CAPACITY or not served}
        yield from cells(RUN, f"goals {name}", one | {"left": sorted(one.get("left", ()))}, asked)
        if served:
            yield from _served(name, one, row)


_KEPT_UNDER_CAPACITY = ("counts", "standard", "of", "group", "target", "whole", "needed", "not_assessable")
"""Figures of a goal that do not follow from who is served where."""


def _served(name: str, one: Mapping[str, Any], within: Mapping[str, Any]) -> Iterator[Figure]:
    """Yield what follows for a goal on people served: no more than are within reach, its shares, whether it is met.

    Who is served where is not found again.
    """
    reached = one["reached_today"] if one["reached_plan"] is None else one["reached_plan"]
    yield figure(RUN, f"goals {name}", "met", one["met"], reached >= one["needed"])
    for state in ("today", "plan"):
        part, whole = one[f"reached_{state}"], one["whole"]
        yield _at_most(f"goals {name}", f"reached_{state}", part, within[f"reached_{state}"])
        share = None if part is None or not whole else part / whole
        yield figure(RUN, f"goals {name}", state, one[state], share)


def _at_most(row: str, column: str, served: int | None, within: int | None) -> Figure:
    """People served, who are no more than those within reach; blank where there is no plan."""
    if served is None or within is None:
        return figure(RUN, row, column, served, within)
    return Figure(RUN, row, column, str(served), f"0–{within}", same=0 <= served <= within)


def _served_in_all(again: Recomputed, result: Result) -> Iterator[Figure]:
    """Yield people served under capacity: within reach, and together those of all sites; null elsewhere."""
    limited = again.read.scenario.get("siting", {}).get("capacity_standard")
    for one in result.run["standards"]:
        row = f"standards {one['id']}"
        for state in ("today", "plan"):
            within = one[f"covered_{state}"] if one["id"] == limited else None
            yield _at_most(row, f"served_{state}", one[f"served_{state}"], within)
        if one["id"] == limited and not _has_checks(again):
            total = sum(int(site.get("people_served") or 0) for site in result.sites.values())
            last = one["served_plan"] if again.planned else one["served_today"]
            yield figure(SITES, "", "people_served", total, last)


def _goal_name(goal: str, scope: str, year: int | None) -> str:
    return "".join((goal, f":{scope}" if scope else "", f"@{year}" if year else ""))


def _plan(again: Recomputed, result: Result) -> Iterator[Figure]:
    read, plan, row = again.read, result.run["plan"], "plan"
    names = [_opened_name(one["site_id"], one["type"], one["size"] or "", one["year"]) for one in plan["opened"]]
    mine = [_opened_name(one.site, one.type, one.size, one.year) for one in again.opened]
    yield from missing(f"{RUN} plan.opened", names, mine)
    if plan["status"] == "none" and not again.opened:
        return
    yield from cells(RUN, row, plan, plan_figures(read, again.opened))
    if plan["objective_of"] == "min_cost" and plan["objective"] is not None:
        yield from _bounds(plan, plan_figures(read, again.opened)["cost_yuan"], result)
    written = dict(zip(names, plan["opened"], strict=True))
    titles = {one["type"]: one["name"] for one in read.scenario["facility"]}
    for name, one in zip(mine, again.opened, strict=True):
        found = {"name": read.sites[one.site].name, "type_name": titles[one.type], **price(read, one)}
        if again.measured is not None and not _has_checks(again):
            alone = {one.site: [one.type]}
            found["people"] = people_at(read, again.measured, alone, None)[one.site]
            found["newly_covered"] = people_at(read, again.measured, alone, _today_rows(again))[one.site]
        yield from cells(RUN, f"plan.opened {name}", written.get(name, {}), found)
    yield from given_figures(read, result.run, again.opened)
    told = {*plan.get("rules_broken", ())}
    for broken in rules_broken(read, again.opened) if again.planned or again.opened else ():
        if broken.told not in told:  # of a plan that was sought none is told
            yield Figure("scenario.toml", broken.rule, "", broken.asked, broken.found, same=False)
    if again.measured is not None and not _has_checks(again):
        far = unreachable(read, again.measured)
        lost = {
            key: {"points": len(who), "people": sum(read.points[p].people for p in who)} for key, who in far.items()
        }
        yield figure(RUN, row, "uncoverable", plan["uncoverable"], sorted(set().union(*far.values())))
        held = {key: counts for key, counts in lost.items() if counts["points"]}
        yield figure(RUN, row, "uncoverable_by_standard", plan["uncoverable_by_standard"], held)


def _bounds(plan: Mapping[str, Any], cost: int, result: Result) -> Iterator[Figure]:
    """Yield what a least-cost plan says of its own worth: objective, gaps to its bounds, what the certificate holds.

    That no plan is cheaper than a bound is not proven here.
    """
    yield figure(RUN, "plan", "objective", plan["objective"], cost)
    if not plan["best_effort"] and cost:
        for bound, gap in (("bound", "gap"), ("certified_bound", "certified_gap")):
            if plan[bound] is not None and plan[gap] is not None:
                yield figure(RUN, "plan", gap, float(plan[gap]), max(0, cost - plan[bound]) / cost)
    if (result.folder / CERTIFICATE).exists():
        held = json.loads((result.folder / CERTIFICATE).read_bytes())
        yield figure(CERTIFICATE, "", "bound", held.get("bound"), plan["certified_bound"])


def _opened_name(site: str, kind: str, size: str, year: int) -> str:
    return " ".join(filter(None, (site, kind, size, str(year))))
