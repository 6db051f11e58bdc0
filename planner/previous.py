"""Last year's audit: the folder of its result, read back so that this year can be set against it, and its copy.

What is kept of it in a result of this year is what a comparison needs and no more: the scenario, the record, the
communities' ledger and the inputs. Its own last year is not: no chain of years grows in a result.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner import inputs, report
from planner.errors import Fault, PlannerError, ScenarioError
from planner.hashing import sha256_of
from planner.scenario import fault_at
from planner.sourcelist import shown_path
from planner.tomlfile import read_toml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from planner.inputs import Inputs
    from planner.scenario import Loaded

MARK, SCENARIO, LEDGER, INPUTS = "audit.json", "scenario.toml", "communities.csv", "inputs"
"""What an audit is known by, and what of it is kept."""

SCHEMA = 1
"""Version of audit.json that can be read back; it stands in its key ``schema``."""

FOLDER = "previous"
"""Name, among the inputs of a result, of the copy of last year."""

_WHERE = ("audit", "previous", "result")


@dataclass(frozen=True, eq=False)
class Previous:
    """Last year's audit as read: its folder, its record, and its inputs as they were kept."""

    folder: Path
    record: Mapping[str, Any]
    inputs: Inputs


def folder_of(loaded: Loaded) -> Path | None:
    """Return the folder of last year's result that a scenario names; None where it names none."""
    audit = loaded.merged.get("audit")
    named = audit.get("previous") if isinstance(audit, dict) else None
    result = named.get("result") if isinstance(named, dict) else None
    return Path(result) if isinstance(result, str) else None


def read_previous(loaded: Loaded, until: dt.date, report_step: Callable[[str], None]) -> Previous | None:
    """Read last year's audit back.

    Parameters
    ----------
    loaded
        The scenario of this year.
    until
        Date of its data.
    report_step
        Called with the name of each step as it begins.

    Returns
    -------
    previous
        None where the scenario names no folder.

    Raises
    ------
    ScenarioError
        If the folder is no audit's result, was made without its inputs or by another version, holds other inputs than
        its record says, or is not of an earlier date; or with every fault of its scenario and tables, which no longer
        suit this version.
    """
    folder = folder_of(loaded)
    if folder is None:
        return None
    record = _record(folder / MARK)
    wrong = next(_unfit(folder, record, until), None)
    if wrong is not None:
        code, values = wrong
        shown = shown_path(str(folder), loaded.folder)
        raise ScenarioError(fault_at(loaded, code, _WHERE, folder=shown, **values))
    try:
        found = inputs.read(folder / SCENARIO, report_step)
    except PlannerError as error:
        shown = shown_path(str(folder), loaded.folder)
        raise ScenarioError(*(replace(fault, file=_inside(shown, fault)) for fault in error.faults)) from error
    if record is None or record.get("data_date") != found.scenario.data_date.isoformat():
        shown = shown_path(str(folder), loaded.folder)
        raise ScenarioError(fault_at(loaded, "previous_changed", _WHERE, folder=shown, lost=MARK, count=1))
    return Previous(folder, record, found)


def _inside(shown: str, fault: Fault) -> str:
    """Name the file of a fault of last year's inputs as seen from this year's scenario."""
    name = Path(fault.file)
    return f"{shown}/{name.name if name.is_absolute() else fault.file}" if fault.file else shown


def _record(file: Path) -> Mapping[str, Any] | None:
    """Read the record of an audit; None where there is none."""
    try:
        found = json.loads(file.read_bytes(), parse_constant=_refuse)
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, Mapping) and _well_formed(found) else None


def _refuse(name: str) -> float:
    raise ValueError(name)


def _well_formed(record: Mapping[str, Any]) -> bool:
    """Whether what is carried on from a record has the form that an audit gives it."""
    lists = (record.get("figures", []), record.get("trend", []))
    rows = [row for part in lists for row in (part if isinstance(part, list) else [None])]
    return all(
        isinstance(row, Mapping)
        and isinstance(row.get("standard"), str)
        and all(isinstance(row.get(name), int | None) for name in ("met", "assessable", "people", "covered"))
        for row in rows
    )


def _unfit(folder: Path, record: Mapping[str, Any] | None, until: dt.date) -> Iterator[tuple[str, dict[str, object]]]:
    """Say why a folder cannot be compared with, and what the words quote: the first reason is the one to mend."""
    if not folder.is_dir():
        yield "previous_missing", {}
    elif record is None or not (folder / SCENARIO).is_file():
        yield "previous_no_audit", {}
    elif record.get("schema") != SCHEMA:
        yield "previous_schema", {"made": str(record.get("planner", "?"))}
    elif not (folder / INPUTS).is_dir():
        yield "previous_no_inputs", {}
    else:
        day, lost = _date_of(record), [*_lost(folder, record), *_untrue(record)]
        if lost:
            yield "previous_changed", {"lost": ", ".join(lost[:5]), "count": len(lost)}
        elif day is None or day >= until:
            yield "previous_not_earlier", {"date": str(record.get("data_date", "?")), "until": until.isoformat()}


def _untrue(record: Mapping[str, Any]) -> Iterator[str]:
    """Name the record itself where its trend says another thing of its own year than its figures do."""
    plain = [row for row in record.get("figures", []) if not row.get("variant") and not row.get("group")]
    figures = {row["standard"]: row for row in plain}
    for row in record.get("trend", []):
        own = figures.get(row["standard"], row) if row.get("data_date") == record.get("data_date") else row
        if any(row.get(name) != own.get(name) for name in ("met", "assessable")):
            yield MARK
            return


def _date_of(record: Mapping[str, Any]) -> dt.date | None:
    try:
        return dt.date.fromisoformat(str(record.get("data_date")))
    except ValueError:
        return None


def _lost(folder: Path, record: Mapping[str, Any]) -> list[str]:
    """Name the inputs of a record of which no copy with that content is kept: one was edited or taken out."""
    kept = {sha256_of(file) for file in _files(folder / INPUTS)}
    listed = record.get("inputs")
    entries = [entry for entry in listed if isinstance(entry, Mapping)] if isinstance(listed, list) else []
    return [str(entry.get("path")) for entry in entries if entry.get("sha256") not in kept]


def _files(folder: Path) -> list[Path]:
    """List the files of a folder of inputs, but for those of the year before."""
    before = folder / FOLDER
    return sorted(file for file in folder.rglob("*") if file.is_file() and before not in file.parents)


def files_kept(folder: Path) -> list[Path]:
    """List the files of last year's result that are kept with this year's: what a comparison rests on."""
    own = [folder / name for name in (SCENARIO, MARK, LEDGER)]
    return [*(file for file in own if file.is_file()), *_files(folder / INPUTS)]


def kept(folder: Path, result: Path) -> str:
    """Return the path by which the scenario of a new result names last year's: its copy, where it is an audit's."""
    if _record(folder / MARK) is None:  # an audit has refused such a folder; other verbs have no use for it
        return shown_path(str(folder), result)
    return copy_previous(folder, result / INPUTS)


def spare(loaded: Loaded, final: Path) -> None:
    """Refuse to write this year's audit over last year's.

    Parameters
    ----------
    loaded
        The scenario of this year.
    final
        The folder that its result is to take.

    Raises
    ------
    ScenarioError
        At the key that names last year's result.
    """
    folder = folder_of(loaded)
    if folder is not None and folder.resolve() == final.resolve():
        shown = shown_path(str(folder), loaded.folder)
        raise ScenarioError(fault_at(loaded, "previous_own", _WHERE, folder=shown))


def copy_previous(folder: Path, result_inputs: Path) -> str:
    """Copy what a comparison needs of last year's result among the inputs of this year's.

    Parameters
    ----------
    folder
        Last year's result.
    result_inputs
        The folder ``inputs`` of the new result, which is there already.

    Returns
    -------
    path
        The copy as seen from the new result, for its copied scenario to name. The copy's own scenario names no year
        before and no crosswalk.
    """
    target = result_inputs / FOLDER
    for file in files_kept(folder):
        copy = target / file.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if file.name == SCENARIO and file.parent == folder:
            report.write_toml(_alone(read_toml(file).data), copy)
        else:
            shutil.copyfile(file, copy)
    return f"{result_inputs.name}/{FOLDER}"


def _alone(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a scenario that names no year before."""
    audit = data.get("audit")
    if not isinstance(audit, Mapping):
        return dict(data)
    return {**data, "audit": {key: value for key, value in audit.items() if key not in {"previous", "crosswalk"}}}
