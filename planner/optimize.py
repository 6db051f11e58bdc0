"""Picks sites: the general problem, and the classic models of location science (design, section 8).

The doors stand here and the rooms behind: `planner.solving`, `planner.classic` and `planner.medians`.
"""

from __future__ import annotations

from planner.classic import lscp, mclp, partial_cover
from planner.medians import facility_location, p_median
from planner.siting import Instance, Plan
from planner.solving import most_reachable, proof_of, solve

__all__ = [
    "Instance",
    "Plan",
    "facility_location",
    "lscp",
    "mclp",
    "most_reachable",
    "p_median",
    "partial_cover",
    "proof_of",
    "solve",
]
