"""New folders to start from: the commented scenario or its workbook, with tables, or the embedded sample."""

from __future__ import annotations

import shutil
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

from planner.errors import BlockedError, Fault, ScenarioError
from planner.pathfaults import path_fault, too_long
from planner.words import say

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from planner.terms import Language

REPOSITORY = Path(__file__).parents[1]


def _sample() -> list[tuple[Traversable, str]]:
    """Folders of the sample: inside an installed wheel, else at the root of the repository."""
    packed = files("planner") / "assets" / "sample"
    root: Traversable = packed if packed.is_dir() else REPOSITORY
    return [(root / "data" / "coquimbo", "data/coquimbo"), (root / "scenarios", "scenarios")]


def write_new(folder: Path, *, sample: bool, excel: Language | None = None) -> Path:
    """Fill a new folder.

    Parameters
    ----------
    folder
        Must not exist, or be empty.
    sample
        Whether to copy the embedded sample; otherwise a commented scenario, table templates with example rows and a
        README, all in Chinese.
    excel
        Language of the workbook that the scenario is written as; None writes it as a TOML file.

    Returns
    -------
    scenario
        The scenario file to open first.

    Raises
    ------
    ScenarioError
        If the folder holds anything, or the sample is asked for as a workbook.
    BlockedError
        If it cannot be written.
    """
    if sample and excel:
        raise ScenarioError(Fault("new_excel_sample"))
    try:
        scenario = _fill(folder, sample=sample)
        return _as_book(scenario, excel) if excel else scenario
    except OSError as error:
        fault = Fault("no_permission", values={"folder": str(folder)})
        raise BlockedError(path_fault(folder, error) if too_long(folder) else fault) from error


def _fill(folder: Path, *, sample: bool) -> Path:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ScenarioError(Fault("folder_taken", values={"folder": str(folder)}))
    parts = _sample() if sample else [(files("planner") / "assets" / "template", "")]
    for source, target in parts:
        with as_file(source) as real:
            ignored = shutil.ignore_patterns("__pycache__", "*.py")
            shutil.copytree(real, folder / target, dirs_exist_ok=True, ignore=ignored)
    return folder / ("scenarios/sample-2026.toml" if sample else "scenario.toml")


def _as_book(scenario: Path, language: Language) -> Path:
    """Put a workbook of the same content in the place of a new scenario, with a README that speaks of it."""
    from planner.bookwriter import write_book  # noqa: PLC0415  (pydantic and xlsxwriter, which `new` alone needs not)
    from planner.tomlfile import read_toml  # noqa: PLC0415

    book = scenario.with_name(say("book.file", language))
    book.write_bytes(write_book(read_toml(scenario), language))
    scenario.unlink()
    readme = files("planner") / "assets" / "workbook" / f"README.{language}.txt"
    (scenario.parent / "README.txt").write_bytes(readme.read_bytes())
    return book
