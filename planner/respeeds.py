"""Which ways of OpenStreetMap a mode takes and how fast they are driven, for `verify`: written afresh from the rules.

The filters stand as OSMnx 2.1 publishes them, in Overpass's own language; speeds as design.md 5 (Speeds) and the tables
of legal limits that it names say.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

WALK = (
    '["highway"]["area"!~"yes"]["access"!~"private"]'
    '["highway"!~"abandoned|bus_guideway|construction|cycleway|motor|no|planned|platform|proposed|raceway|razed|'
    'rest_area|services"]["foot"!~"no"]["service"!~"private"]["sidewalk"!~"separate"]["sidewalk:both"!~"separate"]'
    '["sidewalk:left"!~"separate"]["sidewalk:right"!~"separate"]'
)
DRIVE = (
    '["highway"]["area"!~"yes"]["access"!~"private"]'
    '["highway"!~"abandoned|bridleway|bus_guideway|construction|corridor|cycleway|elevator|escalator|footway|no|path|'
    'pedestrian|planned|platform|proposed|raceway|razed|rest_area|service|services|steps|track"]'
    '["motor_vehicle"!~"no"]["motorcar"!~"no"]'
    '["service"!~"alley|driveway|emergency_access|parking|parking_aisle|private"]'
)
_CONDITION = re.compile(r'\["([^"]+)"(?:!~"([^"]+)")?\]')
_FILTERS = {
    mode: [(key, re.compile(words)) for key, words in _CONDITION.findall(text) if words]
    for mode, text in (("walk", WALK), ("drive", DRIVE))
}

CLASS_KPH: Mapping[str, float] = {
    "motorway": 100, "motorway_link": 60, "trunk": 80, "trunk_link": 50, "primary": 60, "primary_link": 40,
    "secondary": 50, "secondary_link": 40, "tertiary": 40, "tertiary_link": 30, "unclassified": 30,
    "residential": 30, "living_street": 20, "other": 30,
}  # fmt: skip
"""Free-flow speed by road class, in km/h, where no ``maxspeed`` can be read."""

_LIMITS = (
    "CN:urban 50 CN:rural 70 CN:motorway 120 DE:urban 50 DE:rural 100 DE:motorway 130 DE:living_street 7 "
    "AT:urban 50 AT:rural 100 AT:motorway 130 AT:living_street 7 CH:urban 50 CH:rural 80 CH:trunk 100 "
    "CH:motorway 120 CH:living_street 20 LI:urban 50 LI:rural 80 FR:urban 50 FR:rural 80 FR:motorway 130 "
    "FR:living_street 20 IT:urban 50 IT:rural 90 IT:trunk 110 IT:motorway 130 RU:urban 60 RU:rural 90 "
    "RU:motorway 110 RU:living_street 20 RO:urban 50 RO:rural 90 RO:motorway 130 CL:urban 50 CL:rural 100"
)
_LEGAL = {name: float(kph) for name, kph in zip(_LIMITS.split()[::2], _LIMITS.split()[1::2], strict=True)}
_UNITS = {"": 1.0, "km/h": 1.0, "kmh": 1.0, "kph": 1.0, "mph": 1.609344, "knots": 1.852}
_NUMBER = re.compile(r"(-?[0-9]{1,3}(?:\.[0-9]{1,3})?)(?: ?(km/h|kmh|kph|mph|knots))?")
_ZONE = re.compile(r"([A-Z]{2}):zone:?([0-9]{1,3})")
_MILES = ("GB", "UK", "US")
_SLOWEST, _FASTEST = 1, 200


def takes(tags: Mapping[str, str], mode: str) -> bool:
    """Whether the network of a mode, ``walk`` or ``drive``, holds a way with these tags."""
    return "highway" in tags and not any(pattern.search(tags.get(key, "")) for key, pattern in _FILTERS[mode])


def ways_open(tags: Mapping[str, str], mode: str) -> tuple[bool, bool]:
    """Whether a way is open along its nodes, and against them."""
    oneway = tags.get("oneway", "")
    if mode == "walk":
        return True, True
    if oneway in {"-1", "reverse", "T"}:
        return False, True
    return True, not (oneway in {"yes", "true", "1", "F"} or tags.get("junction") == "roundabout")


def _limit(text: str, highway: str) -> float | None:
    """Read one value of ``maxspeed`` in km/h; None where it says nothing that is believed."""
    if number := _NUMBER.fullmatch(text):
        return float(number[1]) * _UNITS[number[2] or ""]
    if zone := _ZONE.fullmatch(text):
        return None if zone[1] in _MILES else float(zone[2])
    if re.fullmatch("(?:[A-Z]{2}:)?walk", text):
        return 7.0
    if text == "none":
        return 130.0 if highway in {"motorway", "trunk"} else None
    return _LEGAL.get(text)


def kph_of(tags: Mapping[str, str], by_class: Mapping[str, float]) -> float:
    """Free-flow speed of a way: its lowest limit where all of them can be read, else that of its class."""
    usual = by_class.get(tags["highway"], by_class["other"])
    if "maxspeed" not in tags:
        return usual
    limits = [_limit(part.strip(" "), tags["highway"]) for part in tags["maxspeed"].split(";")]
    known = [limit for limit in limits if limit is not None and (limit <= 0 or _SLOWEST <= limit <= _FASTEST)]
    return min(known) if len(known) == len(limits) and min(known) > 0 else usual


def class_speeds(written: Mapping[str, Decimal | int]) -> dict[str, float]:
    """Speeds by class, with those that the scenario writes."""
    return {**CLASS_KPH, **{name: float(kph) for name, kph in written.items()}}
