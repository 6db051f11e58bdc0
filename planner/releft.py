"""Who is left out of a run's plan, today and with it, counted again for `verify`: how many, where, why, and each one.

What is done for a community is told in sentences, which are not found again.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from planner.reaudit import MET, UNASSESSABLE, UNMET, WAYS, deciding_standards, seen, verdicts, whole_states
from planner.recomputed import cells, figure, missing
from planner.recoverage import types_today
from planner.rejudge import CHECKED, needed
from planner.reoutlets import homes_of
from planner.replan import out_of_reach
from planner.reresult import RUN
from planner.restands import left_out_of
from planner.words import listed, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planner.reaudit import Spot, Verdict
    from planner.recomputed import Figure, Recomputed
    from planner.reinputs import Read, Rule
    from planner.reresult import Point, Result

TODAY, PLAN = "today", "plan"
_REASONS = ("no_candidate", "no_route", "off_network", "not_chosen", "beyond", UNASSESSABLE)
_BY_PLACE = {"demand_off_network": "off_network", "no_route": "no_route"}
_WAY = ("metres", "straight_m", "seconds")


@dataclass(frozen=True, eq=False)
class Seen:
    """How communities stand by what was found again.

    Attributes
    ----------
    again
        What was found again.
    decides
        The deciding standards.
    held
        State (``today``, and ``plan`` for its last year) -> standard -> its points.
    """

    again: Recomputed
    decides: Sequence[str]
    held: Mapping[str, Mapping[str, Sequence[Spot]]]

    @cached_property
    def rules(self) -> dict[str, Rule]:
        """Standards by id."""
        return {rule.id: rule for rule in self.again.read.rules}

    @cached_property
    def verdicts(self) -> dict[str, dict[str, dict[str, Verdict]]]:
        """State -> deciding standard, in the order of the scenario -> community -> verdict."""
        read = self.again.read
        share = read.scenario["demand"].get("community_rule", "0.5")
        sections = {one["id"]: one for one in read.scenario["standard"]}
        mine = [rule for rule in read.rules if rule.id in self.decides]
        return {
            state: {rule.id: verdicts(held[rule.id], rule, share, WAYS[0], sections[rule.id]) for rule in mine}
            for state, held in self.held.items()
        }

    @cached_property
    def states(self) -> dict[str, dict[str, str]]:
        """State -> community -> how it stands under the deciding standards together."""
        read = self.again.read
        return {
            state: {unit: one for unit, (one, _, _) in whole_states(read, held, self.decides).items()}
            for state, held in self.held.items()
        }


def seen_again(again: Recomputed) -> Seen:
    """Look at what was found again, today and in the last year of the plan."""
    read, types = again.read, types_today(again.read.sites)
    years = {TODAY: read.scenario["data_date"].year, **({PLAN: max(again.planned)} if again.planned else {})}
    held = {
        state: {
            rule.id: seen(read, again.measured, rule, again.rows[rule.id, state, year], types) for rule in read.rules
        }
        for state, year in years.items()
    }
    return Seen(again, deciding_standards(read), held)


def left_figures(found: Seen, written: Mapping[str, Any], reasons: Mapping[str, str] | None) -> Iterator[Figure]:
    """Yield the communities left out in both states, who lives there, and where they are."""
    read = found.again.read
    titles = {one["id"]: one["name"] for one in read.scenario.get("group", ())}
    for state in (TODAY, PLAN):
        told = written.get(state)
        if state not in found.states or told is None:
            yield figure(RUN, "effect.left", state, told, None if state not in found.states else "")
            continue
        states = found.states[state]
        left = left_out_of(read, {unit for unit, one in states.items() if one == UNMET})
        row: dict[str, Any] = {key: left[key] for key in ("communities", "people")}
        row["groups"] = {key: {"name": titles.get(key, key), "people": n} for key, n in left["groups"].items()}
        row["by_town"] = _by_town(read, {unit for unit, one in states.items() if one == UNMET})
        row["unassessable"] = sum(one == UNASSESSABLE for one in states.values())
        if state == PLAN and reasons is not None:
            counts = Counter(reasons[unit] for unit, one in states.items() if one == UNMET)
            row["reasons"] = {name: counts[name] for name in _REASONS} | {UNASSESSABLE: row["unassessable"]}
        yield from cells(RUN, f"effect.left {state}", told, row)


def _by_town(read: Read, units: set[str]) -> list[dict[str, Any]]:
    homes = homes_of(read)
    people: Counter[str] = Counter()
    for point in _homes(read):
        people[point.unit] += point.people
    towns: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for unit in units:
        held = towns[homes[unit].district, homes[unit].town]
        held[0] += 1
        held[1] += people[unit]
    order = sorted(towns.items(), key=lambda one: (-one[1][0], one[0]))
    return [{"district": d, "town": t, "communities": count, "people": n} for (d, t), (count, n) in order]


def _homes(read: Read) -> list[Point]:
    """Points of communities, by id."""
    mine = [point for point in read.points.values() if point.layer == "residents" and point.unit and not point.made]
    return sorted(mine, key=lambda point: point.id)


def _speaking(found: Seen, unit: str) -> str:
    """Return the standard that speaks for a community: the first not met that the plan does not mend, else the first.

    Where none is known not to be met, the first that cannot be judged.
    """
    now, then = found.verdicts[TODAY], found.verdicts.get(PLAN, {})
    states = {name: held[unit].state for name, held in now.items() if unit in held}
    short = [name for name, state in states.items() if state == UNMET]
    left = [name for name in short if name not in then or then[name][unit].state != MET]
    return next(iter([*left, *short, *(name for name, state in states.items() if state == UNASSESSABLE)]))


def reasons_of(found: Seen) -> Iterator[tuple[str, str]]:
    """Say of each community that is not 达标 today why; needs distances, and verdicts that nobody changed by hand."""
    read, measured = found.again.read, found.again.measured
    offers = PLAN in found.held and any(site.status == "candidate" for site in read.sites.values())
    far: dict[str, set[str]] = {}
    share = read.scenario["demand"].get("community_rule", "0.5")
    for unit, state in found.states[TODAY].items():
        if state == MET:
            continue
        name = _speaking(found, unit)
        now = found.verdicts[TODAY][name][unit]
        if state == UNASSESSABLE or now.spot is None or measured is None:
            yield unit, UNASSESSABLE
        elif now.spot.row.reason in _BY_PLACE:
            yield unit, _BY_PLACE[now.spot.row.reason]
        elif not offers or found.verdicts[PLAN][name][unit].state == MET:
            yield unit, "beyond"
        else:
            if name not in far:
                far[name] = out_of_reach(read, measured, found.rules[name])
            mine = (spot for spot in found.held[TODAY][name] if spot.unit == unit and spot.judged and spot.named)
            near = sum(spot.point.people for spot in mine if spot.point.id not in far[name])
            yield unit, "not_chosen" if near >= needed(share, now.people) else "no_candidate"


def community_figures(found: Seen, result: Result, reasons: Mapping[str, str] | None) -> Iterator[Figure]:
    """Yield each community that is not 达标 today: how it stands, and the way to its nearest outlet."""
    read, language = found.again.read, result.run["language"]
    written = result.run.get("effect", {}).get("communities", ())
    left = {unit for unit, state in found.states[TODAY].items() if state != MET}
    homes = homes_of(read)
    order = sorted(left, key=lambda unit: (homes[unit].district, homes[unit].town, unit))
    names = [row["unit_id"] for row in written]
    yield from missing(f"{RUN} effect.communities", names, order)
    yield figure(RUN, "effect.communities", "order", names, order)
    rows = {row["unit_id"]: row for row in written}
    points: dict[str, list[Point]] = defaultdict(list)
    for point in _homes(read):
        points[point.unit].append(point)
    for unit in order:
        mine, home, standard = points[unit], homes[unit], _speaking(found, unit)
        settings = sorted({point.setting for point in mine})
        several = len({point.name for point in mine}) > 1
        called = say("ledger.several", language, name=mine[0].name, count=len(mine)) if several else mine[0].name
        row: dict[str, Any] = {
            "name": called,
            "district": home.district,
            "town": home.town,
            "setting": listed([say(f"ledger.setting.{one}", language) for one in settings], language),
            "people": sum(point.people for point in mine),
            "state_today": found.states[TODAY][unit],
            "state_plan": found.states.get(PLAN, {}).get(unit),
            "standard": standard,
            **_way(found, standard, found.verdicts[TODAY][standard][unit].spot),
            **({} if reasons is None else {"reason": reasons[unit]}),
        }
        yield from cells(RUN, f"effect.communities {unit}", rows.get(unit, {}), row)


def _way(found: Seen, standard: str, spot: Spot | None) -> dict[str, Any]:
    """Return the nearest outlet of a deciding point and how far it is; along the roads where the straight line decides.

    Without distances, or where a field check decides, the latter is not known.
    """
    if spot is None:
        return {"nearest_site_id": "", "nearest": "", "metres": None, "straight_m": None, "seconds": None}
    site = spot.row.site_id
    names = {one.id: one.name for one in found.again.read.sites.values()}
    way: dict[str, Any] = {"nearest_site_id": site, "nearest": names.get(site, "")}
    texts = (spot.row.metres, spot.row.straight_m, spot.row.seconds)
    way |= {key: float(text) if text else None for key, text in zip(_WAY, texts, strict=True)}
    if not found.rules[standard].straight:
        return way
    others, measured = {key: value for key, value in way.items() if key != "metres"}, found.again.measured
    if measured is None or spot.row.reason == CHECKED:
        return others
    roads = found.rules[standard].mode in measured.streets and not math.isinf(spot.other)
    return others | {"metres": spot.other / 1000 if roads else None}
