"""Which ways of OpenStreetMap are roads of a mode, and how one may travel on them: what their tags say.

The ways of a mode are those of OSMnx 2.1's ``walk`` and ``drive`` network types, so that anyone who knows OSMnx knows
what is in and what is out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planner.terms import Mode

FILTER_VERSION = 1
"""Goes up with every change of what this room or `planner.speeds.way_kph` answers: kept networks are then read anew."""

_SIDEWALKS = ("sidewalk", "sidewalk:both", "sidewalk:left", "sidewalk:right")
_NEVER = "abandoned bus_guideway construction cycleway no planned platform proposed raceway razed rest_area services"
_NOT_DRIVEN = f"{_NEVER} bridleway corridor elevator escalator footway path pedestrian service steps track"

# tag -> words that shut a way out when they occur anywhere in its value (Overpass searches, it does not match whole)
_SHUT_OUT: Mapping[Mode, Mapping[str, str]] = {
    "walk": {
        "area": "yes",
        "access": "private",
        "highway": f"{_NEVER} motor",
        "foot": "no",
        "service": "private",
        **dict.fromkeys(_SIDEWALKS, "separate"),
    },
    "drive": {
        "area": "yes",
        "access": "private",
        "highway": _NOT_DRIVEN,
        "motor_vehicle": "no",
        "motorcar": "no",
        "service": "alley driveway emergency_access parking parking_aisle private",
    },
}
_PATTERNS = {
    mode: [(key, re.compile("|".join(words.split()))) for key, words in rules.items()]
    for mode, rules in _SHUT_OUT.items()
}

_ONE_WAY = frozenset({"yes", "true", "1", "-1", "reverse", "T", "F"})
_AGAINST = frozenset({"-1", "reverse", "T"})
_KINDS = {
    **dict.fromkeys(("motorway", "trunk", "primary", "motorway_link", "trunk_link", "primary_link"), "major"),
    **dict.fromkeys(("secondary", "tertiary", "secondary_link", "tertiary_link"), "medium"),
    **dict.fromkeys(("footway", "path", "steps", "pedestrian", "track", "bridleway", "corridor"), "path"),
}

TELLING_KEYS: Mapping[Mode, frozenset[str]] = {
    "walk": frozenset(_SHUT_OUT["walk"]),
    "drive": frozenset(_SHUT_OUT["drive"]) | {"oneway", "junction", "maxspeed"},
}
"""The keys of the tags that decide anything on a mode's network; a way's other tags need not be looked at."""


def takes(tags: Mapping[str, str], mode: Mode) -> bool:
    """Tell whether the network of `mode` takes a way with these tags (OSMnx 2.1's network types)."""
    if "highway" not in tags:
        return False
    return not any((value := tags.get(key)) is not None and pattern.search(value) for key, pattern in _PATTERNS[mode])


def directions(tags: Mapping[str, str], mode: Mode) -> tuple[bool, bool]:
    """Whether a way may be travelled along its nodes, and against them; walking is always two-way."""
    if mode == "walk":
        return True, True
    if tags.get("oneway") in _AGAINST:
        return False, True
    one_way = tags.get("oneway") in _ONE_WAY or tags.get("junction") == "roundabout"
    return True, not one_way


def kind_of(highway: str) -> str:
    """Name the class of the drawn base map that a way belongs to, one of `planner.roads.ROAD_KINDS`."""
    return _KINDS.get(highway, "minor")
