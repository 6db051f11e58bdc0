"""Looks through a GeoJSON file for what GDAL passes over in silence: features that are none, and broken places."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEPTHS = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
_FEATURES = "features"
_NEEDED = ("properties", "geometry")
_MEMBERS = {"type", "id", "bbox", *_NEEDED}
_SPACES = re.compile(r"[ \t\r\n]*")


class _Repeated(dict[str, Any]):
    """An object that has a key twice: the last one counts for whoever reads on, and nobody can mean that."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        times = Counter(key for key, _ in pairs)
        self.key = next(key for key, count in times.items() if count > 1)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Repeated(pairs)


_DECODER = json.JSONDecoder(object_pairs_hook=_object)


def broken_features(data: bytes) -> tuple[int, dict[int, tuple[str, dict[str, str]]]]:
    """Count the features of a file, and find the broken ones.

    Parameters
    ----------
    data
        The file: a collection of features, or one feature alone.

    Returns
    -------
    count
        Features.
    broken
        Number of a feature, from 1 -> code of its fault and what its words quote: ``feature_unknown`` for what says
        that it is something else, ``key_twice`` where a key stands twice in it, in its properties or its place,
        ``key_absent`` where it has no properties or geometry, not even null (RFC 7946, 3.2), and another key that may
        be meant for it, ``geometry_broken`` for a place whose type is unknown or whose coordinates are missing or no
        numbers.

    Raises
    ------
    ValueError, RecursionError
        If the file is no GeoJSON (RFC 7946), or nested beyond reason.
    """
    count, broken = 0, {}
    for count, feature in enumerate(_features(data.decode("utf-8-sig")), 1):
        if wrong := _wrong(feature):
            broken[count] = wrong
    return count, broken


def _wrong(feature: Any) -> tuple[str, dict[str, str]] | None:
    """Say what is wrong with a feature."""
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        return "feature_unknown", {}
    for part in (feature, *map(feature.get, _NEEDED)):
        if isinstance(part, _Repeated):
            return "key_twice", {"key": part.key}
    other = " / ".join(key for key in feature if key not in _MEMBERS)
    for key in _NEEDED:
        if key not in feature and other:
            return "key_absent", {"key": key, "keys": other}
    return None if _is_whole(feature.get("geometry")) else ("geometry_broken", {})


def _features(text: str) -> Iterator[Any]:
    """Yield what stands in the list of features, one at a time: all of them at once need much memory."""
    at = _after(text, 0, "{")
    alone: dict[str, Any] = {}
    while True:
        key, at = _value(text, at)
        at = _after(text, at, ":")
        if key in alone:
            raise ValueError(key)
        if key == _FEATURES:
            at = _after(text, at, "[")
            while not text.startswith("]", at):
                feature, at = _value(text, at)
                yield feature
                at = at if text.startswith("]", at) else _after(text, at, ",")
            alone[key], at = None, _skipped(text, at + 1)
        else:
            alone[key], at = _value(text, at)
        if text.startswith("}", at):
            break
        at = _after(text, at, ",")
    if _skipped(text, at + 1) != len(text):
        raise ValueError(text[at : at + 1])
    if _FEATURES not in alone:
        yield alone


def _value(text: str, at: int) -> tuple[Any, int]:
    value, at = _DECODER.raw_decode(text, at)
    return value, _skipped(text, at)


def _after(text: str, at: int, sign: str) -> int:
    at = _skipped(text, at)
    if not text.startswith(sign, at):
        raise ValueError(text[at : at + 1])
    return _skipped(text, at + 1)


def _skipped(text: str, at: int) -> int:
    return _SPACES.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing as well


def _is_whole(geometry: object) -> bool:
    """Whether a feature has no place, or one of a known type with coordinates."""
    if geometry is None:
        return True
    if not isinstance(geometry, dict):
        return False
    kind, parts = geometry.get("type"), geometry.get("geometries")
    if kind == "GeometryCollection":
        return isinstance(parts, list) and bool(parts) and all(part is not None and _is_whole(part) for part in parts)
    return isinstance(kind, str) and kind in _DEPTHS and _is_placed(geometry.get("coordinates"), _DEPTHS[kind])


def _is_placed(coordinates: object, depth: int) -> bool:
    """Whether coordinates are numbers, in lists of lists as deep as their type asks for."""
    if not isinstance(coordinates, list):
        return False
    if depth:
        return bool(coordinates) and all(_is_placed(part, depth - 1) for part in coordinates)
    return len(coordinates) > 1 and all(type(number) in {int, float} for number in coordinates)
