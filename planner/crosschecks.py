"""What one section of a scenario says of another, or of the tables, that cannot be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from planner.columns import GROUP_PREFIX, nearest
from planner.hours import parse
from planner.onlinebase import is_key
from planner.words import in_both

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from planner.schema import CountSection, GoalSection, Scenario

    Where = Sequence[str | int]

SHOWN = 5
"""Names that are listed where none is near the wrong one."""


@dataclass(frozen=True)
class Problem:
    """One thing that cannot be: the code of its fault, the path of its key, and what its words quote."""

    code: str
    where: Where
    values: Mapping[str, Any]


def _fault(code: str, where: Where, **values: object) -> Problem:
    return Problem(code, where, values)


DECIDED_KEY = "decided"
"""What keys of a form call the deciding standards together: no standard may be called so."""


def problems(scenario: Scenario) -> Iterator[Problem]:
    """Check what the sections of a scenario say of each other and of themselves.

    Parameters
    ----------
    scenario
        A scenario of which every value is of its kind.

    Yields
    ------
    problem
        In the order of the sections.
    """
    for where, name, known in _names(scenario):
        if name is not None and known.get(name) != {name}:
            several = len(known.get(name, ())) > 1
            yield _fault("several_names" if several else "unknown_name", where, name=name, known=" / ".join(known))
    yield from _contradictions(scenario)
    yield from _hours(scenario)
    yield from _last_year(scenario)
    yield from _people(scenario)
    yield from _no_use(scenario)
    yield from _years(scenario)
    yield from _falling_shares(scenario)
    yield from _given(scenario)
    yield from _aims(scenario)
    if (scenario.map.tianditu_key or "tianditu" in scenario.map.online) and not is_key(scenario.map.tianditu_key):
        yield _fault("tianditu_key", ["map", "tianditu_key"])


def _names(scenario: Scenario) -> Iterator[tuple[Where, str | None, Mapping[str, set[str]]]]:
    """Names that one section takes from another: the key, the name, and what there is by each name."""
    texts = dict.fromkeys(text for facility in scenario.facility for text in (facility.type, facility.name))
    types = {text: {one.type for one in scenario.facility if text in (one.type, one.name)} for text in texts}
    standards = {standard.id: {standard.id} for standard in scenario.standard}
    goals = {goal.id: {goal.id} for goal in scenario.goal}
    groups = {group.id: {group.id} for group in scenario.group}
    for i, standard in enumerate(scenario.standard):
        for name in standard.served_by:
            yield ["standard", i, "served_by"], name, types
    for i, goal in enumerate(scenario.goal):
        yield ["goal", i, "standard"], goal.standard, standards
        yield ["goal", i, "group"], goal.group, groups
    typed: Sequence[tuple[Sequence[str], Sequence[Any]]] = (
        (["build_cost"], scenario.build_cost),
        (["size"], scenario.size),
        (["rules", "spacing"], scenario.rules.spacing),
        (["rules", "near_people"], scenario.rules.near_people),
        (["build"], scenario.build or ()),
    )
    for section, entries in typed:
        for i, entry in enumerate(entries):
            yield [*section, i, "type"], entry.type, types
    several: list[tuple[Where, tuple[str, ...]]] = [(["candidates", "type"], scenario.candidates.types)]
    several += [(["count", i, "type"], count.types) for i, count in enumerate(scenario.count)]
    for where, named in several:
        yield from ((where, name, types) for name in named)
    for i, phase in enumerate(scenario.phase):
        for name in phase.shares:
            yield ["phase", i, "shares", name], name, goals
    for i, name in enumerate(scenario.audit.decides):
        yield ["audit", "decides", i], name, standards
    yield ["siting", "standard"], scenario.siting.standard, standards
    yield ["siting", "capacity_standard"], scenario.siting.capacity_standard, standards


def _contradictions(scenario: Scenario) -> Iterator[Problem]:
    """Check what one entry says of itself."""
    for i, standard in enumerate(scenario.standard):
        if standard.id == DECIDED_KEY:
            yield _fault("reserved_id", ["standard", i, "id"], id=standard.id)
        if (standard.minutes is None) == (standard.km is None):
            yield _fault("one_cutoff", ["standard", i, "minutes"], id=standard.id)
        elif standard.minutes is not None and standard.mode == "drive" and standard.metric == "straight":
            yield _fault("drive_straight", ["standard", i, "metric"], id=standard.id)
    for site in sorted(set(scenario.rules.force_open) & set(scenario.rules.force_closed)):
        yield _fault("forced_both_ways", ["rules", "force_closed"], site=site)
    for i, count in enumerate(scenario.count):
        if count.max is not None and count.max < count.min:
            yield _fault("count_range", ["count", i, "max"], min=count.min, max=count.max)
    scoped: list[tuple[Where, GoalSection | CountSection]] = []
    scoped += [(["goal", i, "each"], goal) for i, goal in enumerate(scenario.goal)]
    scoped += [(["count", i, "each"], count) for i, count in enumerate(scenario.count)]
    for where, item in scoped:
        named = {"district": item.district, "town": item.town}.get(item.each)
        if named is not None:
            yield _fault("each_and_one", where, id=item.id, each=in_both(f"book.choice.each.{item.each}"), name=named)


def _hours(scenario: Scenario) -> Iterator[Problem]:
    """Check that the hours of facility types can be read."""
    for i, facility in enumerate(scenario.facility):
        if facility.hours and parse(facility.hours) is None:
            yield _fault("facility_hours", ["facility", i, "hours"], text=facility.hours)


def _last_year(scenario: Scenario) -> Iterator[Problem]:
    """Check that each deciding standard and last year are named once, and that a crosswalk leads from one."""
    decides = scenario.audit.decides
    for i, name in enumerate(decides):
        if name in decides[:i]:
            yield _fault("decides_twice", ["audit", "decides", i], name=name)
    previous = scenario.audit.previous
    if previous is not None and (previous.result is None) == (previous.file is None):
        yield _fault("previous_one", ["audit", "previous"])
    if previous is None and scenario.audit.crosswalk is not None:
        yield _fault("crosswalk_alone", ["audit", "crosswalk"])


def _people(scenario: Scenario) -> Iterator[Problem]:
    """Check that there are people, and what official totals are to be spread over."""
    demand, levels = scenario.demand, dict[str, str]()
    if not demand.table and all(totals.spread == "units" for totals in demand.totals):
        yield _fault("no_people", ["demand"])
    for i, totals in enumerate(demand.totals):
        where: list[str | int] = ["demand", "totals", i]
        if levels.setdefault(totals.layer, totals.of) != totals.of:
            yield _fault("totals_levels", [*where, "of"], layer=totals.layer)
        layers = {"district": scenario.areas.districts, "town": scenario.areas.towns}
        if totals.spread != "units" and layers[totals.of] is None:
            yield _fault("totals_areas", [*where, "spread"], key=f"{totals.of}s")
        if totals.spread == "raster" and totals.raster is None:
            yield _fault("totals_raster", [*where, "raster"])
        idle = {"raster": totals.spread != "raster", "spacing_m": totals.spread == "units"}
        for key, unused in idle.items():
            if unused and key in totals.model_fields_set:
                spread = in_both(f"book.choice.spread.{totals.spread}")
                yield _fault("totals_unused", [*where, key], spread=spread, key=key)


def _no_use(scenario: Scenario) -> Iterator[Problem]:
    """Find entries that nothing could come of."""
    for i, cost in enumerate(scenario.build_cost):
        if cost.cost_once_yuan is None and (cost.cost_yearly_yuan is None or cost.co_build_discount):
            yield _fault("cost_of_nothing", ["build_cost", i, "cost_once_yuan"])
    unbuilt = {facility.type for facility in scenario.facility if not facility.build}
    for i, size in enumerate(scenario.size):
        if size.type in unbuilt:
            yield _fault("size_not_built", ["size", i, "type"], type=size.type)
    for name in scenario.candidates.types:
        if name in unbuilt:
            yield _fault("candidates_not_built", ["candidates", "type"], type=name)


def _years(scenario: Scenario) -> Iterator[Problem]:
    """Check that the years of a build order follow each other, are not over, and lie within the horizon.

    The horizon is counted from the first of them (`phases.costs_by_year`): in a year beyond it nothing costs anything
    to run.
    """
    first, horizon = scenario.data_date.year, scenario.siting.horizon_years
    begin = min((phase.year for phase in scenario.phase if phase.year >= first), default=first)
    for i, phase in enumerate(scenario.phase):
        if phase.year >= begin + horizon:
            values = {"year": phase.year, "first": begin, "horizon": horizon, "last": begin + horizon - 1}
            yield _fault("phase_beyond", ["phase", i, "year"], **values, least=phase.year - begin + 1)
        if phase.year < first:
            yield _fault("phase_past", ["phase", i, "year"], year=phase.year, first=first)
        if i and phase.year < scenario.phase[i - 1].year:
            yield _fault("phase_order", ["phase", i, "year"], year=phase.year, before=scenario.phase[i - 1].year)


def _given(scenario: Scenario) -> Iterator[Problem]:
    """Check that a plan that is given names each facility once, with a year that the plan has."""
    years = [phase.year for phase in scenario.phase]
    known = " / ".join(map(str, years or [scenario.data_date.year]))
    seen = set[tuple[str, str]]()
    for i, entry in enumerate(scenario.build or ()):
        if (entry.site, entry.type) in seen:
            yield _fault("build_twice", ["build", i, "site"], site=entry.site, type=entry.type)
        seen.add((entry.site, entry.type))
        if entry.year is None and years:
            yield _fault("build_no_year", ["build", i, "year"], site=entry.site, years=known)
        elif entry.year is not None and entry.year not in (years or [scenario.data_date.year]):
            code = "build_year" if years else "build_one_year"
            yield _fault(code, ["build", i, "year"], year=entry.year, years=known)


def _falling_shares(scenario: Scenario) -> Iterator[Problem]:
    """Find shares below those of an earlier year: what opens stays open, so nothing would come of them."""
    phases = sorted(enumerate(scenario.phase), key=lambda numbered: numbered[1].year)
    for goal in scenario.goal:
        before, since = goal.share, None
        for i, phase in phases:
            share = phase.shares.get(goal.id, before)
            if since is not None and share < before:
                values = {"goal": goal.id, "share": share, "before": before, "year": since}
                yield _fault("share_falls", ["phase", i, "shares", goal.id], **values)
            before, since = share, phase.year


def _aims(scenario: Scenario) -> Iterator[Problem]:
    """Check the objective, and what cannot be told from people who are shared out under capacity."""
    siting = scenario.siting
    if siting.objective != "min_cost" and siting.standard is None:
        objective = in_both(f"book.choice.objective.{siting.objective}")
        yield _fault("objective_standard", ["siting", "objective"], objective=objective)
    limited = siting.capacity_standard
    if limited is None:
        return
    for i, goal in enumerate(scenario.goal):
        for key, asked in (("group", goal.group is not None), ("backup", goal.backup)):
            if asked and goal.standard == limited:
                yield _fault("capacity_goal", ["goal", i, key], key=key, goal=goal.id, standard=limited)
    if siting.objective == "max_coverage" and siting.standard == limited:
        for i, group in enumerate(scenario.group):
            if group.weight != 1:
                yield _fault("capacity_weight", ["group", i, "weight"], group=group.id, standard=limited)


def missing_group_columns(scenario: Scenario, columns: Iterable[str]) -> Iterator[Problem]:
    """Find groups of which no demand table counts the people.

    Parameters
    ----------
    scenario
        The scenario.
    columns
        Column names of the demand table.
    """
    counted = [name for name in columns if name.startswith(GROUP_PREFIX)]
    for i, group in enumerate(scenario.group):
        column = GROUP_PREFIX + group.id
        if column not in counted:
            near = nearest(column, counted) or " / ".join(counted[:SHOWN]) or "—"
            yield _fault("group_column", ["group", i, "id"], group=group.id, column=column, near=near)


def unknown_sources(scenario: Scenario, funding: Iterable[str]) -> Iterator[Problem]:
    """Find budgets of funding sources that pay for no option: they would bound nothing.

    Parameters
    ----------
    scenario
        The scenario.
    funding
        Funding source of every new option.
    """
    known = sorted(set(funding) - {""})
    asked: list[tuple[Where, Mapping[str, int]]] = [(["siting"], scenario.siting.budgets)]
    asked += [(["phase", i], phase.budgets) for i, phase in enumerate(scenario.phase)]
    for holder, budgets in asked:
        for source in budgets:
            if source not in known:
                near = nearest(source, known) or " / ".join(known[:SHOWN]) or "—"
                yield _fault("unknown_source", [*holder, "budgets", source], name=source, near=near)
