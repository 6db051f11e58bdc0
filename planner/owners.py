"""Whose a result is: the scenario file that wrote it; two files of one name would replace each other's without a word.

A record names its scenario file as seen from the folder of all results, where it lies anywhere below the folder that
holds this one; else by its name alone, for no path of a machine is written: then it is looked for beside the scenario
that asks. A file that was renamed, moved or given another name since holds nothing back, nor one that says the same.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from planner.errors import BlockedError, ScenarioError
from planner.glance import glance
from planner.provenance import scenario_hash
from planner.scenario import fault_at
from planner.sourcelist import shown_path

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from planner.errors import Fault
    from planner.scenario import Loaded

KEY = "scenario_file"
"""Key of a record: the scenario file that it belongs to."""


def _record(file: Path) -> Mapping[str, Any]:
    """Read a record; empty where there is none that can be read."""
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _other(loaded: Loaded, folder: Path, mark: str) -> tuple[str, Path] | None:
    """Return the other scenario file that a result belongs to, as its record names it and where it is.

    None is a file that is gone or has another name by now, or the result's own copy of its scenario.
    """
    written = _record(folder / mark).get(KEY)
    if not isinstance(written, str) or loaded.scenario is None:
        return None
    file = ((folder.parent if "/" in written else loaded.folder) / written).resolve()
    own = file == loaded.file.resolve() or folder.resolve() in file.parents
    return (written, file) if not own and glance(file, "name") == loaded.scenario.name else None


def _alike(loaded: Loaded, folder: Path, mark: str) -> bool:
    """Tell whether a result may be written anew: by its own copy of the scenario, or by a file that says the same."""
    inside = folder.resolve() in loaded.file.resolve().parents
    return inside or _record(folder / mark).get("scenario_sha256") == scenario_hash(loaded)


def part(loaded: Loaded, folder: Path, mark: str) -> dict[str, str]:
    """Return the part of a record that names its scenario file: the one that the result belonged to, else this one.

    Parameters
    ----------
    loaded
        The scenario.
    folder
        Where the result stands, or will.
    mark
        Name of its record.
    """
    other = _other(loaded, folder, mark)
    if other is not None:
        return {KEY: other[0]}
    seen = shown_path(str(loaded.file.resolve()), folder.parent.resolve())
    near = folder.parent.resolve().parent in loaded.file.resolve().parents
    return {KEY: seen if near else loaded.file.name}


def _others(loaded: Loaded, folder: Path, mark: str, code: str) -> tuple[Fault, ...]:
    """Return the fault of a result that belongs to another scenario file of that name; none where it is ours."""
    other = _other(loaded, folder, mark)
    if other is None or _alike(loaded, folder, mark):
        return ()
    values = {"folder": str(folder), "other": shown_path(str(other[1]), loaded.folder), "name": folder.name}
    return (fault_at(loaded, code, ["name"], **values),)


def spare_others(loaded: Loaded, folder: Path, mark: str) -> None:
    """Refuse to replace the result of another scenario file that has the same name.

    Raises
    ------
    BlockedError
        At the name of this scenario.
    """
    if faults := _others(loaded, folder, mark, "result_of_another"):
        raise BlockedError(*faults)


def claim(loaded: Loaded, folder: Path, mark: str) -> None:
    """Refuse to take the result of another scenario file for that of this one.

    Raises
    ------
    ScenarioError
        At the name of this scenario.
    """
    if faults := _others(loaded, folder, mark, "result_not_its"):
        raise ScenarioError(*faults)
