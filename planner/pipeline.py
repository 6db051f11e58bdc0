"""The verbs of the planner: the only room that knows the order of the stages."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner import (
    areaoutputs,
    areastudy,
    auditinputs,
    auditoutputs,
    candidateoutputs,
    candidatestudy,
    checkbook,
    checking,
    documentoutputs,
    frontieroutputs,
    inspection,
    outputs,
    owners,
    previous,
    report,
    results,
    snapshot,
    yearly,
)
from planner import (
    fetch as fetching,
)
from planner.clock import Clock
from planner.errors import BlockedError, Fault, attempt
from planner.frontier import STEPS
from planner.frontierstudy import standard_of, study_frontier
from planner.inputs import Inputs, read
from planner.scenario import load, snapshot_of
from planner.study import study

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping


EXIT_CODES = {"optimal": 0, "gap": 0, "none": 0, "infeasible": 3, "unknown": 4}
"""Exit code of a run by the status of its plan."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What was left behind: the content of the record, the folder, and the exit code."""

    record: Mapping[str, Any]
    folder: Path
    exit_code: int


def _silent(_step: str) -> None:
    """Show nothing."""


def _recover(path: str | Path, out: str | Path) -> None:
    """Put interrupted results back before anything else, as far as the scenario tells their name."""
    loaded, _ = attempt(lambda: load(path))
    if loaded is None:  # whoever reads it next tells why
        return
    saved = snapshot_of(loaded.merged.get("roads"))
    if saved is not None:
        results.recover(saved.parent, saved.name)
    name = checking.name_of(loaded)
    modules = (areaoutputs, frontieroutputs, candidateoutputs, checkbook, auditoutputs)
    for suffix in ("", *(module.SUFFIX for module in modules)):
        results.recover(Path(out), name + suffix)


def _read(path: str | Path, show: Callable[[str], None]) -> Inputs:
    """Read and check a scenario with all that it names, and what makes its figures void: for verbs that tell doubts."""
    inputs = read(path, show)
    show("datum")
    return replace(inputs, grave=tuple(inspection.grave(inputs)))


def _make_ready(inputs: Inputs, final: Path, known: Collection[str], mark: str) -> None:
    """See that a result can be written, and that it replaces none of another scenario file."""
    owners.spare_others(inputs.loaded, final, mark)
    results.make_ready(final.parent, final.name, known, mark=mark)


def _spare_inputs(inputs: Inputs, final: Path, *, keep_inputs: bool) -> None:
    """Refuse to replace a result whose copies are this run's only inputs, when they are not to be kept."""
    inside = [file.name for file in inputs.files if final.resolve() in file.resolve().parents]
    if inside and not keep_inputs:
        raise BlockedError(Fault("not_a_result", values={"folder": str(final), "files": ", ".join(inside)}))


def run(
    path: str | Path,
    out: str | Path,
    *,
    keep_inputs: bool = True,
    documents: bool = True,
    live: bool = True,
    show: Callable[[str], None] = _silent,
) -> Outcome:
    """Measure, plan and write one scenario.

    Parameters
    ----------
    path
        The scenario file.
    out
        Folder of all results; the result goes into a folder of the scenario's name.
    keep_inputs
        Whether the inputs are copied into the result, so that it can be recomputed later.
    documents
        Whether what is printed and signed is written as well: maps on paper, the proposal, a page for each site.
    live
        Whether the map carries what it needs to count an edited plan.
    show
        Called with the name of each step as it begins.

    Returns
    -------
    outcome
        The figures, the folder and the exit code.

    Raises
    ------
    PlannerError
        With every fault of the inputs, before anything is written; or because the result cannot be written.
    """
    clock = Clock(show)
    _recover(path, out)
    inputs = _read(path, clock)
    name = inputs.scenario.name
    _make_ready(inputs, Path(out) / name, outputs.RESULT_FILES, "run.json")
    _spare_inputs(inputs, Path(out) / name, keep_inputs=keep_inputs)
    documentoutputs.spare_edited(Path(out) / name)
    studied = study(inputs, clock)
    with results.result_folder(Path(out), name) as folder:
        budgets = Path(out) / (name + frontieroutputs.SUFFIX) / frontieroutputs.MARK if live else None
        written = outputs.write(studied, folder, clock, keep_inputs=keep_inputs, documents=documents, frontier=budgets)
        clock("")
        report.write_json({"seconds": {k: round(v, 3) for k, v in clock.seconds.items()}}, folder / "timing.json")
    return Outcome(written, Path(out) / name, EXIT_CODES[studied.plan.status])


def audit(
    path: str | Path, out: str | Path, *, keep_inputs: bool = True, show: Callable[[str], None] = _silent
) -> Outcome:
    """Judge every community as of the audit date, and write the ledger.

    Parameters
    ----------
    path, keep_inputs, show
        As in `run`.
    out
        Folder of all results; this one goes into a folder of the scenario's name with ``-audit``.

    Returns
    -------
    outcome
        The content of audit.json, the folder and the exit code: 0, whatever the plan that it rests on.

    Raises
    ------
    PlannerError
        As from `run`.
    """
    _recover(path, out)
    inputs = _read(path, show)
    asked = auditinputs.read(inputs, show)
    name = inputs.scenario.name + auditoutputs.SUFFIX
    previous.spare(inputs.loaded, Path(out) / name)
    _make_ready(inputs, Path(out) / name, auditoutputs.RESULT_FILES, auditoutputs.MARK)
    _spare_inputs(inputs, Path(out) / name, keep_inputs=keep_inputs)
    audited = yearly.study_year(inputs, asked, show)
    with results.result_folder(Path(out), name) as folder:
        written = auditoutputs.write(audited, folder, show, keep_inputs=keep_inputs)
    return Outcome(written, Path(out) / name, 0)


def isochrones(
    path: str | Path, out: str | Path, wish: areastudy.Wish, *, show: Callable[[str], None] = _silent
) -> Outcome:
    """Draw the service areas of a scenario's sites.

    Parameters
    ----------
    path
        The scenario file.
    out
        Folder of all results; this one goes into a folder of the scenario's name with ``-isochrones``.
    wish
        What is to be drawn.
    show
        Called with the name of each step as it begins.

    Returns
    -------
    outcome
        The content of isochrones.json, the folder and the exit code.

    Raises
    ------
    PlannerError
        As from `run`, or because there is nothing to draw.
    """
    _recover(path, out)
    inputs = read(path, show)
    asked = areastudy.ask(inputs, wish, show)
    name = inputs.scenario.name + areaoutputs.SUFFIX
    _make_ready(inputs, Path(out) / name, areaoutputs.RESULT_FILES, areaoutputs.MARK)
    drawn = areastudy.draw(asked, show)
    with results.result_folder(Path(out), name) as folder:
        written = areaoutputs.write(drawn, folder, show)
    return Outcome(written, Path(out) / name, 0)


def frontier(
    path: str | Path,
    out: str | Path,
    *,
    standard: str | None = None,
    steps: int = STEPS,
    show: Callable[[str], None] = _silent,
) -> Outcome:
    """Find what rising budgets can cover in a scenario.

    Parameters
    ----------
    path
        The scenario file.
    out
        Folder of all results; this one goes into a folder of the scenario's name with ``-frontier``.
    standard
        Id of the standard under which people are counted; else that of the objective, else that of the first goal on
        people.
    steps
        How many budgets, 2 at least.
    show
        Called with the name of each step as it begins.

    Returns
    -------
    outcome
        The content of frontier.json, the folder and the exit code.

    Raises
    ------
    PlannerError
        As from `run`, or because no standard is named.
    """
    _recover(path, out)
    inputs = read(path, show)
    asked = standard_of(inputs, standard)
    name = inputs.scenario.name + frontieroutputs.SUFFIX
    _make_ready(inputs, Path(out) / name, frontieroutputs.RESULT_FILES, frontieroutputs.MARK)
    studied = study_frontier(inputs, asked, steps, show)
    with results.result_folder(Path(out), name) as folder:
        written = frontieroutputs.write(studied, folder, show)
    return Outcome(written, Path(out) / name, EXIT_CODES[studied.frontier.status])


def candidates(path: str | Path, out: str | Path, *, show: Callable[[str], None] = _silent) -> Outcome:
    """Find candidate sites for a scenario, for the user to look through and name in it.

    Parameters
    ----------
    path
        The scenario file.
    out
        Folder of all results; this one goes into a folder of the scenario's name with ``-candidates``.
    show
        Called with the name of each step as it begins.

    Returns
    -------
    outcome
        The content of candidates.json, the folder and the exit code.

    Raises
    ------
    PlannerError
        As from `run`, or because no candidate is found, or the scenario names the table that would be replaced.
    """
    _recover(path, out)
    inputs = _read(path, show)
    final = Path(out) / (inputs.scenario.name + candidateoutputs.SUFFIX)
    candidateoutputs.refuse_used(inputs, final)
    _make_ready(inputs, final, candidateoutputs.RESULT_FILES, candidateoutputs.MARK)
    proposed = candidatestudy.study_candidates(inputs, show)
    with results.result_folder(Path(out), final.name) as folder:
        written = candidateoutputs.write(proposed, folder, show)
    return Outcome(written, final, 0)


def fetch(path: str | Path, wish: fetching.Wish, *, show: Callable[[str], None] = _silent) -> Mapping[str, Any]:
    """Get the boundary and the roads of a scenario's place and keep them beside it; uses the internet.

    Parameters
    ----------
    path
        The scenario file, with ``place`` in ``[roads]``.
    wish
        What the user has already, and whom to ask for the rest.
    show
        Called with the name of each step as it begins.

    Returns
    -------
    record
        The content of ``fetch.json``, and the ``folder`` of the snapshot.

    Raises
    ------
    PlannerError
        As from `planner.fetch.ask` and `planner.fetch.save`; then what was there before is still there, or nothing is.
    """
    show("scenario")
    asked = fetching.ask(path, wish)
    out, name = asked.folder.parent, asked.folder.name
    results.recover(out, name)
    if (known := fetching.vouched(asked)) is not None:
        return {**known, "folder": str(asked.folder)}
    results.make_ready(out, name, snapshot.FILES, mark=snapshot.RECORD)
    with tempfile.TemporaryDirectory(prefix="planner-", ignore_cleanup_errors=True) as work:
        written = fetching.save(asked, Path(work), show)
        with results.result_folder(out, name) as folder:
            for file in snapshot.FILES:
                shutil.copyfile(Path(work) / file, folder / file)
    return {**written, "folder": str(asked.folder)}


def check(path: str | Path, out: str | Path, *, show: Callable[[str], None] = _silent) -> Mapping[str, Any]:
    """Read and check a scenario without computing its figures, and write the workbook of what was found.

    Parameters
    ----------
    path
        The scenario file.
    out
        Folder of all results; the workbook goes into a folder of the scenario's name with ``-check``.
    show
        Called with the name of each step as it begins.

    Returns
    -------
    record
        What `planner.checking.check` found, faults among it; ``report``, the path of the workbook, None where it could
        not be written; ``blocked``, why (place, what, cure).

    Raises
    ------
    PlannerError
        If the scenario file is not there.
    """
    _recover(path, out)
    checked = checking.check(path, show)
    name = checked.record["scenario"] + checkbook.SUFFIX
    results.recover(Path(out), name)
    show("workbook")
    try:
        results.make_ready(Path(out), name, checkbook.RESULT_FILES, mark=checkbook.MARK)
        with results.result_folder(Path(out), name) as folder:
            checkbook.write(checked, folder / checkbook.MARK)
    except BlockedError as error:  # what was found is told all the same
        return {**checked.record, "report": None, "blocked": checking.said(error.faults[0], checked.record["language"])}
    return {**checked.record, "report": str(Path(out) / name / checkbook.MARK), "blocked": None}
