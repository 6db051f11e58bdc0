"""Last year as a scenario names it: its result or its ledger, the crosswalk, and which community is which."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from planner import tables
from planner.crosswalk import Crosswalk, Identity, between, identity, read_crosswalk, tokens
from planner.errors import Fault, ScenarioError, attempt
from planner.headcount import named
from planner.pastledger import PastLedger, read_ledger, units_of
from planner.previous import Previous, read_previous
from planner.reaches import RESIDENTS
from planner.sourcelist import shown_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from planner.auditschema import CrosswalkSection, PreviousSection
    from planner.inputs import Inputs
    from planner.pastledger import PastLine
    from planner.tablefaults import LeftOut


@dataclass(frozen=True, eq=False)
class LastYear:
    """Last year, as far as it is known.

    Attributes
    ----------
    previous, ledger
        Its result, or its ledger: one of the two is there.
    crosswalk
        Lines of the crosswalk that speak of this year.
    known
        Which community is which.
    lines
        Of a ledger: its lines by the code of last year that `known` has for them: their own, else that of the community
        of this year that has their name, else district, town and name.
    named
        The file that says which codes changed, else the folder or file of last year, as the scenario names it.
    """

    previous: Previous | None
    ledger: PastLedger | None
    crosswalk: Crosswalk
    known: Identity
    lines: Mapping[str, PastLine]
    named: str = ""

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Lines of the crosswalk and of the ledger that are not in use."""
        return (*self.crosswalk.left_out, *(self.ledger.left_out if self.ledger else ()))

    @property
    def doubts(self) -> tuple[Fault, ...]:
        """What is to be looked at in the crosswalk and the ledger, and what the crosswalk does not speak of."""
        found = [*self.crosswalk.doubts, *(self.ledger.doubts if self.ledger else ())]
        if self.known.unlisted_gone:
            found.append(Fault("units_gone", self.named, values=_told(self.known.unlisted_gone)))
        if self.known.unlisted_new:
            found.append(Fault("units_new", self.named, values=_told(self.known.unlisted_new)))
        return tuple(found)


def _told(units: tuple[str, ...]) -> dict[str, object]:
    return {"count": len(units), "units": ", ".join(units[:5]) + (" …" if len(units) > 5 else "")}  # noqa: PLR2004


def read_last_year(inputs: Inputs, report: Callable[[str], None]) -> LastYear | None:
    """Read what a scenario names of last year.

    Parameters
    ----------
    inputs
        This year's inputs.
    report
        Called with the name of each step as it begins.

    Returns
    -------
    last
        None where the scenario names nothing of last year.

    Raises
    ------
    ScenarioError
        With every fault of the folder or ledger, and of the crosswalk; then of what the crosswalk says of the codes of
        both years.
    """
    audit, until = inputs.scenario.audit, inputs.scenario.data_date
    if audit.previous is None:
        return None
    report("last_year")
    section, changed = audit.previous, audit.crosswalk
    previous, faults = attempt(lambda: read_previous(inputs.loaded, until, report))
    ledger, more = attempt(lambda: read_ledger(_source(inputs, section))) if section.file else (None, ())
    walk, wrong = attempt(lambda: read_crosswalk(_source(inputs, changed))) if changed else (Crosswalk(), ())
    if faults or more or walk is None:
        raise ScenarioError(*faults, *more, *wrong)
    walk = between(walk, previous.inputs.scenario.data_date if previous else None, until)
    matched, wrong = attempt(lambda: _matched(inputs, previous, ledger, walk))
    if matched is None:
        raise ScenarioError(*wrong)
    source = changed.file if changed else section.result or section.file or ""
    return replace(matched, named=shown_path(source, inputs.loaded.folder))


def _source(inputs: Inputs, section: PreviousSection | CrosswalkSection) -> tables.TableSource:
    """Say how a table of the audit is read."""
    file = section.file or ""
    shown = shown_path(file, inputs.loaded.folder)
    return tables.TableSource(Path(file), shown, columns=section.columns, sheet=section.sheet)


def _matched(inputs: Inputs, previous: Previous | None, ledger: PastLedger | None, walk: Crosswalk) -> LastYear:
    """Find which community is which."""
    frame = named(inputs.demand.frame)
    if previous is not None:
        before = replace(previous.inputs.demand, frame=named(previous.inputs.demand.frame))
        tables_read = (before, replace(inputs.demand, frame=frame))
        old, new = (tokens(table.frame, table.origin, "unit_id") for table in tables_read)
        known = identity(walk.links, old, new, before.frame["unit_id"], frame["unit_id"])
        people = [set(table.frame.loc[table.frame["layer"] == RESIDENTS, "unit_id"]) for table in tables_read]
        gone, came = (
            tuple(filter(units.__contains__, told))
            for units, told in zip(people, (known.unlisted_gone, known.unlisted_new), strict=True)
        )
        return LastYear(previous, None, walk, replace(known, unlisted_gone=gone, unlisted_new=came), {})
    rows = frame[frame["layer"] == RESIDENTS].drop_duplicates("unit_id")
    past = ledger or PastLedger((), (), ())
    codes = {line.code for line in past.lines if line.code}
    own = {unit: unit for unit in rows["unit_id"]}
    known = identity(walk.links, {code: code for code in codes}, own, codes, own)
    return _of_ledger(past, walk, known, units_of(past, rows, known.new_of))


def _of_ledger(
    ledger: PastLedger, walk: Crosswalk, by_code: Identity, found: Mapping[PastLine, tuple[str, ...]]
) -> LastYear:
    """Say which community is which by codes and names of a ledger."""
    lines: dict[str, PastLine] = {}
    new_of: dict[str, tuple[str, ...]] = {}
    for line, units in found.items():
        label = line.code or (units[0] if units else "")
        if not label or label in lines:
            label = f"{line.district}/{line.town}/{line.name}"
        lines[label], new_of[label] = line, units
    old_of: dict[str, list[str]] = {unit: [] for unit in by_code.old_of}
    for label, units in new_of.items():
        for unit in units:
            old_of[unit].append(label)
    targets, sources = {link.new for link in walk.links}, {link.old for link in walk.links}
    known = Identity(
        {unit: tuple(sorted(labels)) for unit, labels in old_of.items()},
        new_of,
        tuple(unit for unit, labels in old_of.items() if not labels and unit not in targets),
        tuple(label for label, units in new_of.items() if not units and label not in sources),
    )
    return LastYear(None, ledger, walk, known, lines)
