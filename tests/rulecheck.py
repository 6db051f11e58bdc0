"""Holds a plan against every rule and goal of its scenario, in plain Python, from tables and the travel table alone.

Nothing of the planner judges here: costs, counts, budgets, distances, loads and shares are worked out again from the
merged scenario, the rows of the tables and the whole millimetres between people and sites. Whether people fit into
facilities of limited capacity is told by a maximum flow.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING, Any

import networkx as nx

from oracle import great_circle_mm

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Row = Mapping[str, Any]
    Key = tuple[str, str]

UNBOUNDED = 10**9
"""Capacity of a facility that nothing bounds."""

KINDS = frozenset(
    {
        "goal.of=people", "goal.of=communities", "goal.each=city", "goal.each=district", "goal.each=town",
        "goal.group", "goal.backup", "count.tier", "count.new_only", "count.min", "count.max", "count.each",
        "phase.budget_yuan", "phase.budgets", "phase.shares", "facility.at_existing", "size", "rules.types_per_site",
        "rules.spacing", "rules.near_people", "rules.force_open", "rules.force_closed", "siting.objective",
        "siting.capacity_standard", "siting.budget_yuan", "siting.budget_once_yuan", "siting.budget_yearly_yuan",
        "siting.budgets", "siting.max_sites", "siting.horizon_years", "siting.gap", "siting.time_limit_s",
    }
)  # fmt: skip
"""What a scenario with the full set of rules uses, by section and key."""


@dataclass(frozen=True, eq=False)
class Facts:
    """A scenario, its tables, the travel table, and what a plan opens.

    Attributes
    ----------
    scenario
        The merged scenario as TOML gives it, numbers with a point as `Decimal`.
    demand
        Rows by demand_id as texts; lon and lat are WGS-84 degrees, None without a place.
    sites
        Rows by site_id as texts, of what stands open today and of the candidates; lon and lat likewise.
    reach_mm
        demand_id -> site_id -> whole millimetres on foot, at least up to the largest cutoff.
    straight_mm
        The same in a straight line, where a standard is measured so.
    opened
        What the plan opens: site_id, type, size, year, cost_once_yuan, cost_yearly_yuan, funding.
    """

    scenario: Row
    demand: Mapping[str, Row]
    sites: Mapping[str, Row]
    reach_mm: Mapping[str, Mapping[str, int]]
    opened: Sequence[Row]
    straight_mm: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def siting(self) -> Row:
        """The section ``[siting]``."""
        found: Row = self.scenario.get("siting", {})
        return found

    @property
    def rules(self) -> Row:
        """The section ``[rules]``."""
        found: Row = self.scenario.get("rules", {})
        return found

    @property
    def types(self) -> Mapping[str, Row]:
        """Facility types by code."""
        return {item["type"]: item for item in self.scenario["facility"]}

    @property
    def phases(self) -> Sequence[Row]:
        """Years of the build order; one without anything where the scenario has none."""
        return self.scenario.get("phase") or [{"year": self.scenario["data_date"].year}]

    @property
    def today(self) -> list[Key]:
        """Site and type of every facility of today."""
        return [(key, kind) for key, row in self.sites.items() if row["status"] == "existing" for kind in types_of(row)]

    def open_in(self, year: int) -> list[Row]:
        """What the plan has opened until a year."""
        return [row for row in self.opened if row["year"] <= year]

    def standing_in(self, year: int) -> list[Key]:
        """Site and type of every facility open in a year."""
        return [*self.today, *((row["site_id"], row["type"]) for row in self.open_in(year))]


def kinds_unused(scenario: Row) -> set[str]:
    """Kinds of rules and goals (`KINDS`) that a scenario does not use."""
    used = {"size"} if scenario.get("size") else set()
    for section in ("goal", "count", "phase", "facility"):
        used |= {f"{section}.{key}" for item in scenario.get(section, ()) for key, value in item.items() if value}
    for section in ("rules", "siting"):
        used |= {f"{section}.{key}" for key in scenario.get(section, {})}
    for goal in scenario.get("goal", ()):
        used |= {f"goal.of={goal.get('of', 'people')}", f"goal.each={goal.get('each', 'city')}"}
    return set(KINDS - used)


def types_of(row: Row) -> list[str]:
    """Types in a cell, written with ``;`` between them."""
    return [part for part in row["type"].split(";") if part]


def share_of(whole: int, share: Decimal | int) -> int:
    """Smallest number that is at least a share of a whole."""
    return math.ceil(Fraction(share) * whole)


def standard_of(facts: Facts, name: str) -> Row:
    """Find a standard of the scenario by its id."""
    return next(item for item in facts.scenario["standard"] if item["id"] == name)


def limit_mm(facts: Facts, standard: Row) -> int:
    """Cutoff of a walking standard in whole millimetres."""
    assert standard.get("mode", "walk") == "walk"
    if "km" in standard:
        return math.floor(Fraction(standard["km"]) * 1_000_000)
    kph = Fraction(facts.scenario["roads"].get("walk_kph", 4))
    return math.floor(Fraction(standard["minutes"]) * kph * 1_000_000 / 60)


def inside(row: Row, item: Row, scope: str) -> bool:
    """Whether a row of a table belongs to a scope of a goal or count."""
    if any(name in item and row[name] != item[name] for name in ("district", "town")):
        return False
    return item.get("each", "city") == "city" or scope == scope_name(row, item)


def scope_name(row: Row, item: Row) -> str:
    """Name of the scope of a goal or count that a row belongs to; empty where its district or town is not known."""
    each = item.get("each", "city")
    if each == "city" or not row[each]:
        return ""
    return str(row["district"] if each == "district" else f"{row['district']}/{row['town']}".removeprefix("/"))


def scopes(rows: Sequence[Row], item: Row) -> list[str]:
    """Names of all scopes; the one of the whole city, or of the district or town that is named."""
    if item.get("each", "city") == "city":
        return ["/".join(item[name] for name in ("district", "town") if name in item)]
    return sorted({scope_name(row, item) for row in rows if inside(row, item, scope_name(row, item))} - {""})


# --- What may be built, and what it costs --------------------------------------------------------------------


def own_yuan(row: Row, money: str) -> int | None:
    """Cost that the row of a candidate writes; the row of an existing site says nothing of what is added there."""
    return int(row[money]) if row["status"] == "candidate" and row.get(money) else None


def method_yuan(facts: Facts, row: Row, kind: str, money: str) -> int | None:
    """Cost by build method, less the discount where a host shares the venue."""
    if row["status"] != "candidate":
        return None
    for cost in facts.scenario.get("build_cost", ()):
        if (cost["type"], cost["method"]) == (kind, row.get("build_method")) and money in cost:
            shared = bool(row.get("host")) and money == "cost_once_yuan"
            yuan = Decimal(cost[money]) * (1 - cost.get("co_build_discount", 0) * shared)
            return int(yuan.to_integral_value(ROUND_HALF_UP))
    return None


def size_of(facts: Facts, opened: Row) -> Row:
    """Size in which something is built; nothing where its type has none."""
    sizes = [s for s in facts.scenario.get("size", ()) if s["type"] == opened["type"]]
    return next((s for s in sizes if s["size"] == opened["size"]), {})


def yuan_of(facts: Facts, opened: Row, money: str) -> int:
    """Cost of a new facility worked out from the tables: ``cost_once_yuan`` or ``cost_yearly_yuan``."""
    row = facts.sites[opened["site_id"]]
    kind = opened["type"]
    found = (own_yuan(row, money), method_yuan(facts, row, kind, money), facts.types[kind].get(money))
    extra = size_of(facts, opened).get(money.replace("cost", "extra"), 0)
    return int(next(yuan for yuan in found if yuan is not None)) + int(extra)


def not_on_offer(facts: Facts) -> Iterator[str]:
    """Name new facilities that may not be built where they are, twice the same, wrongly sized, priced or funded."""
    for item in facts.opened:
        row, kind = facts.sites[item["site_id"]], facts.types[item["type"]]
        here = types_of(row)
        fits = not here or kind["type"] in here
        beside = kind.get("at_existing", False) and kind["type"] not in here
        if not kind.get("build", True) or not (fits if row["status"] == "candidate" else beside):
            yield f"not on offer: {item['site_id']} {item['type']}"
        sized = {size["size"] for size in facts.scenario.get("size", ()) if size["type"] == item["type"]}
        if (item["size"] or None) not in (sized or {None}):
            yield f"size: {item['site_id']} {item['size']}"
        for money in ("cost_once_yuan", "cost_yearly_yuan"):
            if item[money] != yuan_of(facts, item, money):
                yield f"{money}: {item['site_id']} {item[money]} is not {yuan_of(facts, item, money)}"
        if item["funding"] != (row.get("funding", "") if row["status"] == "candidate" else ""):
            yield f"funding: {item['site_id']}"
    many = Counter((item["site_id"], item["type"]) for item in facts.opened)
    yield from (f"size: {site} {kind} twice" for (site, kind), number in many.items() if number > 1)


# --- Number and place ----------------------------------------------------------------------------------------


def counts_broken(facts: Facts) -> Iterator[str]:
    """Counts by type, tier and scope that the last year does not keep."""
    everybody = [*facts.sites.values(), *facts.demand.values()]
    new = [(item["site_id"], item["type"]) for item in facts.opened]
    for item in facts.scenario.get("count", ()):
        held = new if item.get("new_only", False) else [*facts.today, *new]
        rows = [facts.sites[site] for site, kind in held if kind == item["type"]]
        rows = [row for row in rows if "tier" not in item or row.get("tier", "") == item["tier"]]
        for scope in scopes(everybody, item):
            number = sum(inside(row, item, scope) for row in rows)
            if not item.get("min", 0) <= number <= item.get("max", UNBOUNDED):
                yield f"{item['id']}:{scope}: {number}"


def numbers_broken(facts: Facts) -> Iterator[str]:
    """Forced sites, types per site, and the number of new facilities."""
    here = Counter(item["site_id"] for item in facts.opened)
    yield from (f"rules.force_open:{site}" for site in facts.rules.get("force_open", ()) if not here[site])
    yield from (f"rules.force_closed:{site}" for site in facts.rules.get("force_closed", ()) if here[site])
    most = facts.rules.get("types_per_site", 1)
    yield from (f"rules.types_per_site:{site}" for site, number in here.items() if number > most)
    if len(facts.opened) > facts.siting.get("max_sites", UNBOUNDED):
        yield "siting.max_sites"


apart_of = cache(great_circle_mm)
"""The same pairs are asked for again and again."""


def apart_mm(one: Row, other: Row) -> int:
    """Great-circle distance of two rows in whole millimetres."""
    return apart_of(one["lon"], one["lat"], other["lon"], other["lat"])


def places_broken(facts: Facts) -> Iterator[str]:
    """Spacing between facilities of a type unless both stand today, and people near new ones."""
    today = set(facts.today)
    new = {(item["site_id"], item["type"]) for item in facts.opened}
    for rule in facts.rules.get("spacing", ()):
        sites = sorted({site for site, kind in today | new if kind == rule["type"]})
        least_mm = math.ceil(Fraction(rule["m"]) * 1000)
        for one, other in combinations(sites, 2):
            both = (one, rule["type"]) in today and (other, rule["type"]) in today
            if not both and apart_mm(facts.sites[one], facts.sites[other]) < least_mm:
                yield f"rules.spacing:{rule['type']}: {one} {other}"
    homes = [row for row in facts.demand.values() if assessable(row) and row.get("layer", "residents") == "residents"]
    for rule in facts.rules.get("near_people", ()):
        within_mm = math.floor(Fraction(rule["within_m"]) * 1000)
        for site in sorted(site for site, kind in new if kind == rule["type"]):
            near = sum(int(row["people"]) for row in homes if apart_mm(row, facts.sites[site]) <= within_mm)
            if near < rule["people"]:
                yield f"rules.near_people: {site} {near}"


# --- Money ---------------------------------------------------------------------------------------------------


def once_and_yearly(facts: Facts, rows: Sequence[Row]) -> tuple[int, int]:
    """Add up one-time and yearly costs, each worked out from the tables."""
    once, yearly = (sum(yuan_of(facts, row, f"cost_{name}_yuan") for row in rows) for name in ("once", "yearly"))
    return once, yearly


def horizon_yuan(facts: Facts, rows: Sequence[Row]) -> int:
    """Cost within the horizon: once, and every year from its opening to the end of the horizon."""
    last = facts.phases[0]["year"] + facts.siting.get("horizon_years", 5)
    running = sum(yuan_of(facts, row, "cost_yearly_yuan") * max(0, int(last - row["year"])) for row in rows)
    return once_and_yearly(facts, rows)[0] + running


def spent_yuan(facts: Facts, rows: Sequence[Row], year: int) -> int:
    """What one year costs: once for what opens in it, and a year of everything new that is open."""
    opens = [row for row in rows if row["year"] == year]
    return once_and_yearly(facts, opens)[0] + once_and_yearly(facts, [r for r in rows if r["year"] <= year])[1]


def paid_by(facts: Facts, source: str) -> list[Row]:
    """New facilities that a funding source pays for, by the tables."""
    held = {key for key, row in facts.sites.items() if row["status"] == "candidate" and row.get("funding") == source}
    return [row for row in facts.opened if row["site_id"] in held]


def spendings(facts: Facts) -> list[tuple[str, int, int]]:
    """Name every budget (in all, once, yearly, by source, by year), what is spent of it, and the most."""
    siting = facts.siting
    once, yearly = once_and_yearly(facts, facts.opened)
    spent = [
        ("siting.budget_yuan", horizon_yuan(facts, facts.opened), siting.get("budget_yuan")),
        ("siting.budget_once_yuan", once, siting.get("budget_once_yuan")),
        ("siting.budget_yearly_yuan", yearly, siting.get("budget_yearly_yuan")),
    ]
    for source, most in siting.get("budgets", {}).items():
        spent.append((f"siting.budgets:{source}", horizon_yuan(facts, paid_by(facts, source)), most))
    for phase in facts.phases:
        year = phase["year"]
        spent.append((f"phase.budget_yuan:{year}", spent_yuan(facts, facts.opened, year), phase.get("budget_yuan")))
        for source, most in phase.get("budgets", {}).items():
            spent.append((f"phase.budgets:{year}:{source}", spent_yuan(facts, paid_by(facts, source), year), most))
    return [(name, yuan, most) for name, yuan, most in spent if most is not None]


def budgets_broken(facts: Facts) -> Iterator[str]:
    """Budgets of which more is spent than there is."""
    yield from (f"{name}: {yuan} > {most}" for name, yuan, most in spendings(facts) if yuan > most)


def rules_broken(facts: Facts) -> list[str]:
    """Everything that the plan breaks, apart from goals; empty for a lawful plan."""
    checks = (not_on_offer, counts_broken, numbers_broken, places_broken, budgets_broken)
    return [broken for check in checks for broken in check(facts)]


# --- Who is reached and served -------------------------------------------------------------------------------


def assessable(row: Row) -> bool:
    """Whether a demand row has a place of its own."""
    return row["lon"] is not None and row.get("placed", "own") != "town"


def speaks_of(standard: Row, row: Row) -> bool:
    """Whether a standard applies to a demand row."""
    who = standard.get("applies_to", {})
    layer = row.get("layer") or "residents"
    return bool(who.get("setting", row["setting"]) == row["setting"] and who.get("layer", "residents") == layer)


def serving_in(facts: Facts, standard: Row, year: int) -> dict[str, list[Key]]:
    """demand_id -> open facilities within the cutoff of a standard in a year, for every row that can be judged."""
    limit = limit_mm(facts, standard)
    reach_mm = facts.straight_mm if standard.get("metric", "road") == "straight" else facts.reach_mm
    at: dict[str, list[Key]] = defaultdict(list)
    for site, kind in sorted(set(facts.standing_in(year))):
        if kind in standard["served_by"]:
            at[site].append((site, kind))
    return {
        key: [one for site, mm in sorted(reach_mm.get(key, {}).items()) if mm <= limit for one in at.get(site, ())]
        for key, row in facts.demand.items()
        if speaks_of(standard, row) and assessable(row)
    }


def capacity_of(facts: Facts, key: Key, year: int) -> int:
    """People that a facility can serve: its size's figure, else its row's own, else its type's."""
    site, kind = key
    size = next((size_of(facts, row) for row in facts.open_in(year) if (row["site_id"], row["type"]) == key), {})
    row = facts.sites[site]
    own = row.get("capacity_people") if row["status"] == "candidate" or key in facts.today else None
    figures = (size.get("capacity_people"), own, facts.types[kind].get("capacity_people"))
    return int(next((figure for figure in figures if figure not in (None, "")), UNBOUNDED))


def most_served(facts: Facts, year: int) -> int:
    """How many people of the standard with capacity can be served at once, by maximum flow."""
    standard = standard_of(facts, facts.siting["capacity_standard"])
    network: Any = nx.DiGraph()
    network.add_nodes_from(["people", "done"])
    for point, facilities in serving_in(facts, standard, year).items():
        network.add_edge("people", point, capacity=int(facts.demand[point]["people"]))
        for key in facilities:
            network.add_edge(point, key)
            # what stands today has its row's own figure once, whatever its types
            own = key in facts.today and facts.sites[key[0]].get("capacity_people")
            network.add_edge(key, key[0] if own else "done", capacity=capacity_of(facts, key, year))
            if own:
                network.add_edge(key[0], "done", capacity=int(own))
    return int(nx.maximum_flow_value(network, "people", "done"))


def shared_out_wrongly(facts: Facts, served: Sequence[Row]) -> list[str]:
    """What is wrong with a table of who is served where: demand_id, site_id, type, year, people."""
    standard = standard_of(facts, facts.siting["capacity_standard"])
    wrong = []
    for phase in facts.phases:
        year = phase["year"]
        serving = serving_in(facts, standard, year)
        here = [row for row in served if row["year"] == year]
        load: Counter[Key] = Counter()
        of_point: Counter[str] = Counter()
        for row in here:
            key = (row["site_id"], row["type"])
            load[key] += row["people"]
            of_point[row["demand_id"]] += row["people"]
            if row["people"] < 0 or key not in serving.get(row["demand_id"], ()):
                wrong.append(f"{row['demand_id']} is not in reach of {key} in {year}")
        wrong += [
            f"{key} in {year}: {people}" for key, people in load.items() if people > capacity_of(facts, key, year)
        ]
        wrong += [f"{d} in {year}: {n}" for d, n in of_point.items() if n > int(facts.demand[d]["people"])]
    return wrong


@dataclass(frozen=True)
class Reached:
    """People or communities of a goal in one scope and year: all, how many it asks for, and how many are in reach."""

    whole: int
    needed: int
    reached: int


def share_asked(facts: Facts, goal: Row, year: int) -> Decimal | int:
    """Share that a goal asks for in a year: that of the last phase until then that gives one, else its own."""
    share: Decimal | int = goal["share"]
    for phase in facts.phases:
        if phase["year"] <= year:
            share = phase.get("shares", {}).get(goal["id"], share)
    return share


def goal_in(facts: Facts, goal: Row, scope: str, year: int, serving: Mapping[str, Sequence[Key]]) -> Reached:
    """Work out one goal in one scope and year from who reaches what under its standard."""
    column = f"people_{goal['group']}" if "group" in goal else "people"
    times = 1 + goal.get("backup", False)
    people: Counter[str] = Counter()
    counted: Counter[str] = Counter()
    for key, facilities in serving.items():
        row = facts.demand[key]
        if inside(row, goal, scope):
            people[row["unit_id"]] += int(row[column])
            counted[row["unit_id"]] += int(row[column]) * (len(facilities) >= times)
    share = share_asked(facts, goal, year)
    if goal.get("of", "people") == "people":
        whole = people.total()
        return Reached(whole, share_of(whole, share), counted.total())
    units = [unit for unit, number in people.items() if number]
    rule = facts.scenario.get("demand", {}).get("community_rule", Decimal("0.5"))
    enough = sum(counted[unit] >= share_of(people[unit], rule) for unit in units)
    return Reached(len(units), share_of(len(units), share), enough)


def goals_in(facts: Facts) -> dict[tuple[str, str, int], Reached]:
    """Work out every goal in every scope and year; under capacity those in reach, whom it may be too many to serve."""
    found = {}
    for phase in facts.phases:
        year = phase["year"]
        serving = {item["id"]: serving_in(facts, item, year) for item in facts.scenario["standard"]}
        for goal in facts.scenario.get("goal", ()):
            standard = standard_of(facts, goal["standard"])
            spoken_of = [row for row in facts.demand.values() if speaks_of(standard, row)]
            for scope in scopes(spoken_of, goal):
                found[goal["id"], scope, year] = goal_in(facts, goal, scope, year, serving[goal["standard"]])
    return found


# --- What a result says of it --------------------------------------------------------------------------------


def goals_told_wrongly(facts: Facts, told: Sequence[Row]) -> list[str]:
    """What is wrong with the goals of a run.json, or not met; under capacity no more than can be served may count."""
    said = {(goal["id"], goal["scope"], goal["year"]): goal for goal in told}
    found = goals_in(facts)
    limited = facts.siting.get("capacity_standard")
    served = {goal["id"] for goal in facts.scenario["goal"] if goal["standard"] == limited}
    wrong = [f"{key} is told or asked alone" for key in sorted(said.keys() ^ found.keys())]
    for key in sorted(said.keys() & found.keys()):
        goal, here = found[key], said[key]
        reached = here["reached_plan"]
        if (here["whole"], here["needed"]) != (goal.whole, goal.needed):
            wrong.append(f"{key} is asked of {here['whole']} as {here['needed']}: {goal}")
        if not here["met"] or reached < goal.needed:
            wrong.append(f"{key} is not met: {reached} of {goal.needed}")
        if key[0] in served and reached > min(goal.reached, most_served(facts, key[2])):
            wrong.append(f"{key} serves fewer than {reached}")
        if key[0] not in served and reached != goal.reached:
            wrong.append(f"{key} reaches {goal.reached}, not {reached}")
    return wrong


def coverage_told_wrongly(facts: Facts, told: Sequence[Row]) -> list[str]:
    """What is wrong with the rows of a coverage.csv that speak of the plan, in any of its years."""
    said: dict[tuple[str, int], dict[str, Row]] = defaultdict(dict)
    for row in told:
        if row["state"] == "plan" and row["reason"] != "not_assessable":
            said[row["standard"], int(row["year"])][row["demand_id"]] = row
    wrong = []
    for standard in facts.scenario["standard"]:
        for phase in facts.phases:
            serving, here = serving_in(facts, standard, phase["year"]), said[standard["id"], phase["year"]]
            wrong += [f"{key} is told or judged alone" for key in sorted(serving.keys() ^ here.keys())]
            for key in sorted(serving.keys() & here.keys()):
                number = len(serving[key])
                if (here[key]["facilities"], here[key]["covered"]) != (str(number), str(number > 0).lower()):
                    wrong.append(f"{key} under {standard['id']} in {phase['year']}: {number}")
    return wrong
