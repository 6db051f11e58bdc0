"""Runs of scenarios for tests that look at figures, tables or pages, and at no document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner import pipeline

if TYPE_CHECKING:
    from pathlib import Path

    from planner.pipeline import Outcome

RUN = ("run", "--no-documents", "--no-live")
"""How the verb is called by tests that look at no document and at no edited plan: the words before the scenario."""


def run_scenario(path: str | Path, out: str | Path, **options: Any) -> Outcome:
    """Run a scenario as `planner.pipeline.run` does, without what only tests of documents or the live map look at."""
    return pipeline.run(path, out, **{"documents": False, "live": False, **options})
