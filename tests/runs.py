"""Runs of scenarios for tests that look at figures, tables or pages, and at no document."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from planner import pipeline
from planner.study import study
from shared_data import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from planner.pipeline import Outcome
    from planner.study import Study

RUN = ("run", "--no-documents", "--no-live")
"""How the verb is called by tests that look at no document and at no edited plan: the words before the scenario."""


def run_scenario(path: str | Path, out: str | Path, **options: Any) -> Outcome:
    """Run a scenario as `planner.pipeline.run` does, without what only tests of documents or the live map look at."""
    return pipeline.run(path, out, **{"documents": False, "live": False, **options})


def quiet(_step: str) -> None:
    """Show nothing."""


@cache
def sample_study() -> Study:
    """Return the study of the sample: once for all tests of a process, which change nothing in it."""
    return study(pipeline._read(ROOT / "scenarios" / "sample-2026.toml", quiet), quiet)
