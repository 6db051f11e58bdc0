"""Free-flow driving speeds: what ``maxspeed`` says, read by a closed grammar, else the speed of the road's class.

One value of the tag is a number (``50``, ``37.5``) with or without a unit (``30 mph``), ``walk``, ``none`` on a road
that can be without a limit, a zone (``CN:zone30``), or a country's legal limit (``CN:urban``). Several values stand
between ``;`` and tell of lanes or stretches without saying which: the lowest counts, so that no drive comes out quicker
than some reading of the tag allows, and only once every one of them can be read. Whatever else a tag says, such as
``signals``, is not guessed at.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

SpeedSource = Literal["maxspeed", "class", "unreadable", "not_positive"]
"""Where the speed of a way comes from.

``maxspeed``: its tag. The others take the speed of its class, for it has no tag (``class``), a tag outside of the
grammar (``unreadable``), or one that allows 0 km/h or less (``not_positive``).
"""

OTHER = "other"
"""The pseudo class of every road whose class is not named."""

CLASS_KPH: Mapping[str, float] = {
    "motorway": 100.0,
    "motorway_link": 60.0,
    "trunk": 80.0,
    "trunk_link": 50.0,
    "primary": 60.0,
    "primary_link": 40.0,
    "secondary": 50.0,
    "secondary_link": 40.0,
    "tertiary": 40.0,
    "tertiary_link": 30.0,
    "unclassified": 30.0,
    "residential": 30.0,
    "living_street": 20.0,
    OTHER: 30.0,
}
"""Free-flow speed in km/h by road class; its keys are the classes that a scenario may name."""

SLOWEST_KPH = 1
FASTEST_KPH = 200
"""Speeds that are believed, in km/h: no country signs more than 160, and nobody drives slower than people walk."""

WALK_KPH = 7.0
"""``walk`` in km/h: the middle of the 4 to 10 that German courts take walking pace for (OLG Hamm, 1 RBs 220/19)."""

NO_LIMIT_KPH = 130.0
"""``none`` in km/h: the speed advised where there is no limit (German Autobahn-Richtgeschwindigkeits-V, section 1).

OpenStreetMap means by it a road where one may drive as fast as one can, which only motorways and trunk roads of few
countries are. Elsewhere it stands for a missing sign, and is not read.
"""

_LEGAL_KPH: Mapping[str, float] = {
    # 道路交通安全法实施条例, articles 45 (one lane a direction; 30 and 40 without a centre line) and 78
    "CN:urban": 50.0,
    "CN:rural": 70.0,
    "CN:motorway": 120.0,
    # Straßenverkehrsordnung, section 3 (3) and annex 3, sign 325.1
    "DE:urban": 50.0,
    "DE:rural": 100.0,
    "DE:motorway": NO_LIMIT_KPH,
    "DE:living_street": WALK_KPH,
    # Straßenverkehrsordnung 1960, sections 20 (2) and 76b
    "AT:urban": 50.0,
    "AT:rural": 100.0,
    "AT:motorway": 130.0,
    "AT:living_street": WALK_KPH,
    # Verkehrsregelnverordnung, article 4a; Signalisationsverordnung, article 22b
    "CH:urban": 50.0,
    "CH:rural": 80.0,
    "CH:trunk": 100.0,
    "CH:motorway": 120.0,
    "CH:living_street": 20.0,
    # Verkehrsregelnverordnung, article 6
    "LI:urban": 50.0,
    "LI:rural": 80.0,
    # Code de la route, articles R413-2, R413-3 and R110-2
    "FR:urban": 50.0,
    "FR:rural": 80.0,
    "FR:motorway": 130.0,
    "FR:living_street": 20.0,
    # Codice della strada, article 142
    "IT:urban": 50.0,
    "IT:rural": 90.0,
    "IT:trunk": 110.0,
    "IT:motorway": 130.0,
    # Правила дорожного движения, 10.2 and 10.3
    "RU:urban": 60.0,
    "RU:rural": 90.0,
    "RU:motorway": 110.0,
    "RU:living_street": 20.0,
    # Ordonanța de urgență 195/2002, article 49
    "RO:urban": 50.0,
    "RO:rural": 90.0,
    "RO:motorway": 130.0,
    # Ley 18.290, article 145
    "CL:urban": 50.0,
    "CL:rural": 100.0,
}
"""Legal limit of a car in km/h where no sign stands: China, the sample's country, and those whose codes are common."""

_WITHOUT_LIMIT = ("motorway", "trunk")
_KPH_PER_UNIT: Mapping[str | None, float] = {
    None: 1.0,
    **dict.fromkeys(("km/h", "kmh", "kph"), 1.0),
    "mph": 1.609344,
    "knots": 1.852,
}
_NUMBER = re.compile(r"(-?\d{1,3}(?:\.\d{1,3})?)(?: ?(km/h|kmh|kph|mph|knots))?", re.ASCII)
_ZONE = re.compile(r"(?!GB|UK|US)[A-Z]{2}:zone:?(\d{1,3})", re.ASCII)  # those three count miles
_WALKING = re.compile(r"(?:[A-Z]{2}:)?walk", re.ASCII)


def drive_ms(length_mm: NDArray[np.int64], kph: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the driving time in whole milliseconds of lengths in whole millimetres, rounded once."""
    return np.rint(length_mm * 3.6 / kph).astype(np.int64)


def with_overrides(overrides: Mapping[str, float]) -> Mapping[str, float]:
    """Free-flow speed of every class in km/h.

    Parameters
    ----------
    overrides
        Speeds in km/h by class; the other classes keep theirs of `CLASS_KPH`.

    Raises
    ------
    ValueError
        If `CLASS_KPH` does not name a class, or a speed is not between `SLOWEST_KPH` and `FASTEST_KPH`.
    """
    wrong = {name: kph for name, kph in overrides.items() if name not in CLASS_KPH or not _believed(kph)}
    if wrong:
        raise ValueError(f"no class of roads, or no speed for one: {wrong}")
    return {**CLASS_KPH, **overrides}


def way_kph(highway: str, maxspeed: str | None, class_kph: Mapping[str, float]) -> tuple[float, SpeedSource]:
    """Free-flow speed of a way in km/h, and where it comes from.

    Parameters
    ----------
    highway
        Class of the way.
    maxspeed
        Its tag, None where it has none.
    class_kph
        Speed of every class, as `with_overrides` gives it.
    """
    by_class = class_kph.get(highway, class_kph[OTHER])
    if maxspeed is None:
        return by_class, "class"
    kph = _limit_kph(maxspeed, may_have_none=highway in _WITHOUT_LIMIT)
    if kph is None:
        return by_class, "unreadable"
    return (kph, "maxspeed") if kph > 0 else (by_class, "not_positive")


def _believed(kph: float) -> bool:
    return SLOWEST_KPH <= kph <= FASTEST_KPH


def _limit_kph(maxspeed: str, *, may_have_none: bool) -> float | None:
    """Read a whole tag in km/h, 0 or less as it stands; None outside of the grammar."""
    lowest = None
    for value in maxspeed.split(";"):
        kph = _value_kph(value.strip(" "), may_have_none=may_have_none)
        if kph is None or (kph > 0 and not _believed(kph)):
            return None
        lowest = kph if lowest is None else min(lowest, kph)
    return lowest


def _value_kph(value: str, *, may_have_none: bool) -> float | None:
    """Read one value of a tag in km/h; None outside of the grammar."""
    if number := _NUMBER.fullmatch(value):
        return float(number[1]) * _KPH_PER_UNIT[number[2]]
    if zone := _ZONE.fullmatch(value):
        return float(zone[1])
    if _WALKING.fullmatch(value):
        return WALK_KPH
    if value == "none":
        return NO_LIMIT_KPH if may_have_none else None
    return _LEGAL_KPH.get(value)
