"""The closed vocabularies of the planner, as types."""

from __future__ import annotations

from typing import Literal

Mode = Literal["walk", "drive"]
"""Mode of travel, and the network it uses."""

Measure = Literal["distance", "time"]
"""What decides: the shortest path, or the quickest."""

Metric = Literal["road", "straight"]
"""Along the roads, or as the crow flies."""

Language = Literal["zh", "en"]
"""Language of what a user reads."""

Scope = Literal["city", "district", "town"]
"""Where a goal is asked: once, or in each district or town."""

CountScope = Literal["city", "district", "town", "community"]
"""Where a count is asked: as a goal, or in each community."""
