"""The record of a frontier, read back beside a run: whether it was found from what the run has read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SCHEMA = 1
"""Of the form of the record."""

_ALIKE = ("scenario_sha256", "inputs")


def frontier_of(run: Mapping[str, Any], file: Path) -> dict[str, Any] | None:
    """Read the record of a frontier, if it was found from the same scenario and the same data as a run.

    Parameters
    ----------
    run
        The content of run.json.
    file
        The record, ``frontier.json``.

    Returns
    -------
    record
        Its content; None where it is not there, cannot be read, is of another form, or of another scenario, or was
        found from other content of any file that the scenario names.
    """
    try:
        found = json.loads(file.read_bytes(), parse_constant=_refuse)
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        return None
    return found if all(key in found and found[key] == run[key] for key in _ALIKE) else None


def _refuse(constant: str) -> NoReturn:
    """NaN and Infinity are no JSON, and no figures: the planner writes none."""
    raise ValueError(constant)
