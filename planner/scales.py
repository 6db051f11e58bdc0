"""Figures out of all proportion: a slip of two digits, a group larger than its people, costs in ten thousands of yuan.

None of these is wrong by any rule, and each makes figures wrong where it is one.
"""

from __future__ import annotations

from collections import defaultdict
from statistics import median_high
from typing import TYPE_CHECKING

from planner import columns as col
from planner.crosschecks import Problem
from planner.grammar import Wrong, quoted
from planner.sources import first_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from planner.errors import Fault
    from planner.schema import BuildCostSection, FacilitySection, Scenario
    from planner.tablefaults import Part

TIMES, LEAST_PEOPLE, LEAST_ROWS = 50, 10_000, 5
"""A row is in doubt that counts more than so many times the median of the rows of its table, layer and setting, and
more than so many people, where there are so many such rows. A slip of two digits multiplies by 100, so it is found in
every community of more than half the median. Rows of one ledger and setting differ by far less: the largest row of the
sample is 1.6 times its median, and among villages of 500 people one would have to count 25,000."""

SMALL_YUAN = {"cost_once_yuan": 1000, "cost_yearly_yuan": 100}
"""No outlet costs less, unless it costs nothing: 1000 yuan hardly buy its sign. Whoever counts in ten thousands of yuan
writes figures of one to three digits, of a year smaller ones."""

YUAN_MEANT = 10_000

GRAVE = frozenset({"people_slip", "group_over_people", "yuan_small", "yuan_small_types"})
"""Doubts of these that may make figures void."""


def doubts(part: Part) -> Iterator[Fault]:
    """Doubt figures of a table that are out of proportion, each kind once for a column; a table of totals has none.

    Parameters
    ----------
    part
        A table with its values.

    Yields
    ------
    fault
        At the first row of its kind, with examples.
    """
    if part.values.keys() >= {"people", "layer", "setting"}:
        yield from _slips(part)
        yield from _groups_over(part)
    yield from _small_costs(part)


def small_costs(scenario: Scenario) -> Iterator[Problem]:
    """Doubt costs of types and build methods, once for a scenario, that are likely written in ten thousands of yuan."""
    sections: tuple[tuple[str, Sequence[FacilitySection | BuildCostSection]], ...] = (
        ("facility", scenario.facility),
        ("build_cost", scenario.build_cost),
    )
    found: list[tuple[Sequence[str | int], str, int]] = [
        ([section, at, key], cost.type, figure)
        for section, costs in sections
        for at, cost in enumerate(costs)
        for key, least in SMALL_YUAN.items()
        if (figure := getattr(cost, key)) and figure < least
    ]
    if found:
        where, _, first = found[0]
        names = {facility.type: facility.name for facility in scenario.facility}
        examples = first_of([f"{quoted(names.get(kind, kind))} {figure}" for _, kind, figure in found])
        values = {"count": len(found), "examples": examples, "text": first, "meant": first * YUAN_MEANT}
        yield Problem("yuan_small_types", where, {**values, **_bounds()})


def _slips(part: Part) -> Iterator[Fault]:
    """Doubt rows that count far more people than the others of their layer and setting."""
    people = part.values["people"]
    alike: defaultdict[tuple[object, object], list[int]] = defaultdict(list)
    for at, kind in enumerate(zip(part.values["layer"], part.values["setting"], strict=True)):
        if isinstance(people[at], int) and people[at] > 0:
            alike[kind].append(at)
    usual = {kind: median_high([people[at] for at in rows]) for kind, rows in alike.items() if len(rows) >= LEAST_ROWS}
    far = {
        at: usual[kind]
        for kind, rows in alike.items()
        if kind in usual
        for at in rows
        if people[at] > max(LEAST_PEOPLE, TIMES * usual[kind])
    }
    if far:
        rows = sorted(far)
        examples = first_of([f"{quoted(str(part.values['name'][at]))} {people[at]}" for at in rows])
        values = {"count": len(rows), "examples": examples, "lines": part.lines(rows), "usual": far[rows[0]]}
        yield part.fault(Wrong("people_slip", {**values, "times": TIMES}), "people", rows[0])


def _groups_over(part: Part) -> Iterator[Fault]:
    """Doubt rows of which a group counts more people than all of them.

    It is no fault: where many have left, those registered there of one age may be more than those who live there.
    """
    people = part.values["people"]
    for name, figures in part.values.items():
        if name.startswith(col.GROUP_PREFIX) and col.contract_column(name, col.DEMAND_COLUMNS):
            pairs = enumerate(zip(figures, people, strict=True))
            rows = [at for at, pair in pairs if all(isinstance(one, int) for one in pair) and pair[0] > pair[1]]
            if rows:
                names = part.values["name"]
                examples = first_of([f"{quoted(str(names[at]))} {figures[at]} / {people[at]}" for at in rows])
                values = {"count": len(rows), "examples": examples, "lines": part.lines(rows)}
                yield part.fault(Wrong("group_over_people", values), name, rows[0])


def _small_costs(part: Part) -> Iterator[Fault]:
    for name, least in SMALL_YUAN.items():
        costs = part.values.get(name, ())
        rows = [at for at, cost in enumerate(costs) if isinstance(cost, int) and 0 < cost < least]
        if rows:
            first = costs[rows[0]]
            values = {"count": len(rows), "lines": part.lines(rows), "text": first, "meant": first * YUAN_MEANT}
            yield part.fault(Wrong("yuan_small", {**values, "least": least}), name, rows[0])


def _bounds() -> dict[str, int]:
    return {"once": SMALL_YUAN["cost_once_yuan"], "yearly": SMALL_YUAN["cost_yearly_yuan"]}
