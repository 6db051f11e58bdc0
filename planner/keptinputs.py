"""The inputs that a result keeps, so that it can be recomputed: copies, and the merged scenario that names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planner import previous, provenance, report
from planner.sourcelist import shown_path

if TYPE_CHECKING:
    from pathlib import Path

    from planner.inputs import Inputs


def write_inputs(inputs: Inputs, folder: Path, *, keep: bool) -> None:
    """Write the merged scenario; with the inputs kept it names the copies, so that it runs from where it lies.

    Parameters
    ----------
    inputs
        What was read.
    folder
        The folder of the result.
    keep
        Whether files are copied into its folder ``inputs``.
    """
    if keep:
        names = report.copy_inputs(inputs.files, folder / "inputs")
    else:
        names = {file: shown_path(str(file), folder) for file in inputs.files}
    last = previous.folder_of(inputs.loaded)
    if last is not None:
        names[last] = previous.kept(last, folder) if keep else shown_path(str(last), folder)
    report.write_toml(provenance.with_paths(inputs.loaded, names), folder / "scenario.toml")
