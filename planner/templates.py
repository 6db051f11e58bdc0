"""New folders to start from: the commented scenario with its tables, or the embedded sample."""

from __future__ import annotations

import shutil
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

from planner.errors import BlockedError, Fault, ScenarioError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

REPOSITORY = Path(__file__).parents[1]


def _sample() -> list[tuple[Traversable, str]]:
    """Folders of the sample: inside an installed wheel, else at the root of the repository."""
    packed = files("planner") / "assets" / "sample"
    root: Traversable = packed if packed.is_dir() else REPOSITORY
    return [(root / "data" / "coquimbo", "data/coquimbo"), (root / "scenarios", "scenarios")]


def write_new(folder: Path, *, sample: bool) -> Path:
    """Fill a new folder.

    Parameters
    ----------
    folder
        Must not exist, or be empty.
    sample
        Whether to copy the embedded sample; otherwise a commented scenario, table templates with example rows and a
        README, all in Chinese.

    Returns
    -------
    scenario
        The scenario file to open first.

    Raises
    ------
    ScenarioError
        If the folder holds anything.
    BlockedError
        If it cannot be written.
    """
    try:
        return _fill(folder, sample=sample)
    except OSError as error:
        raise BlockedError(Fault("no_permission", values={"folder": str(folder)})) from error


def _fill(folder: Path, *, sample: bool) -> Path:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ScenarioError(Fault("folder_taken", values={"folder": str(folder)}))
    parts = _sample() if sample else [(files("planner") / "assets" / "template", "")]
    for source, target in parts:
        with as_file(source) as real:
            ignored = shutil.ignore_patterns("__pycache__", "*.py")
            shutil.copytree(real, folder / target, dirs_exist_ok=True, ignore=ignored)
    return folder / ("scenarios/sample-2026.toml" if sample else "scenario.toml")
