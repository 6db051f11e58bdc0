"""Real road files that tests may read: the shipped sample, and larger ones that stand beside the project."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
COQUIMBO_ROADS = ROOT / "data" / "coquimbo" / "roads.osm.pbf"
SHARED = ROOT.parent / "shared" / "data"

ROADS_COLUMNS = (
    "node_id",
    "lon",
    "lat",
    "way_id",
    "segment",
    "u",
    "v",
    "length_mm",
    "drive_ms",
    "forward",
    "backward",
    "kind",
)
"""The arrays of a network."""


def shared_data(*parts: str) -> Path:
    """Return the path of a file of the shared data, or skip the test where it is not at hand."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"needs {'/'.join(parts)} in {SHARED}, which does not travel with the project")
    return path


def roads_file(name: str) -> Path:
    """Return the road file `name`: the shipped sample always, the others where they are at hand."""
    return COQUIMBO_ROADS if name == "coquimbo" else shared_data(name, "roads.osm.pbf")
