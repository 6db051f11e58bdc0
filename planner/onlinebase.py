"""Base maps from the internet that a page may show under its own roads, if its user asks for one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from planner.words import say

if TYPE_CHECKING:
    from planner.schema import MapSection
    from planner.terms import Language

_KEY = re.compile(r"[0-9a-fA-F]{32}", re.ASCII)
_OSM = "https://tile.openstreetmap.org"
_TIANDITU = tuple(f"https://t{number}.tianditu.gov.cn" for number in range(8))


@dataclass(frozen=True, kw_only=True)
class OnlineBase:
    """A base map of tiles in Web Mercator; its datum is WGS-84, or CGCS2000, which is the same to the eye.

    Attributes
    ----------
    name, attribution
        As printed.
    hosts
        Where its tiles come from: scheme and host of each.
    urls
        Templates of Leaflet, the lowest layer first, with ``{s}`` for the number of a host.
    max_zoom
        Deepest zoom that there are tiles for.
    """

    name: str
    attribution: str
    hosts: tuple[str, ...]
    urls: tuple[str, ...]
    max_zoom: int


def is_key(text: str) -> bool:
    """Whether a text has the form of a key of Tianditu: 32 hexadecimal digits."""
    return _KEY.fullmatch(text) is not None


def online_bases(section: MapSection, language: Language) -> tuple[OnlineBase, ...]:
    """Return the base maps that a scenario allows, each once, in its order.

    Parameters
    ----------
    section
        ``[map]`` of a scenario whose key is checked.
    language
        Language of the names.
    """
    return tuple(_base(name, section.tianditu_key, language) for name in dict.fromkeys(section.online))


def _base(name: str, key: str, language: Language) -> OnlineBase:
    # vec: streets and areas; cva: their names. w: Web Mercator.
    tianditu = tuple(
        f"https://t{{s}}.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={layer}"
        f"&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&tk={key}"
        for layer in ("vec", "cva")
    )
    is_osm = name == "osm"
    return OnlineBase(
        name=say("maponline.layer", language, name=say(f"book.choice.online.{name}", language)),
        attribution=say(f"maponline.attribution_{name}", language),
        hosts=(_OSM,) if is_osm else _TIANDITU,
        urls=(_OSM + "/{z}/{x}/{y}.png",) if is_osm else tianditu,
        max_zoom=19 if is_osm else 18,
    )
