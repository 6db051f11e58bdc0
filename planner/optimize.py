"""Picks sites: the general problem, and the four classic models of location science (design, section 8).

The doors stand here and the rooms behind: `planner.solving` and `planner.classic`.
"""

from __future__ import annotations

from planner.classic import lscp, mclp, p_median, partial_cover
from planner.siting import Instance, Plan
from planner.solving import most_reachable, solve

__all__ = ["Instance", "Plan", "lscp", "mclp", "most_reachable", "p_median", "partial_cover", "solve"]
