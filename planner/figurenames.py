"""Names in plain words for the figures of a form: ``全市.达标率`` beside ``city.decided.rate``.

A figure has a few parts (scope, standard, column, another way of counting, group), each of which may be called in one
of several ways. A text means a figure when it is one way for each of its parts, in their order; dots, spaces and other
signs between the words say nothing.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import product
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Parts: TypeAlias = "tuple[tuple[str, ...], ...]"
"""For each part of a figure what it may be called, the usual way first; an empty text where it may be left out."""

_SIGNS = re.compile(r"[\W_]+")


def plain_name(text: str) -> str:
    """Return the letters and digits of a name, which alone tell it from another."""
    return _SIGNS.sub("", unicodedata.normalize("NFKC", text)).casefold()


def shown_name(parts: Parts) -> str:
    """Return the shortest way of naming a figure, with dots between its parts."""
    return ".".join(ways[0] for ways in parts if "" not in ways)


def keys_by_name(figures: Mapping[str, Parts]) -> dict[str, tuple[str, ...]]:
    """Return every name, as `plain_name` has it, with the keys that it means: more than one where it is not clear."""
    found: dict[str, tuple[str, ...]] = {}
    plain = {text: plain_name(text) for parts in figures.values() for ways in parts for text in ways}
    for key, parts in figures.items():
        for words in product(*parts) if parts else ():
            name = "".join(plain[word] for word in words)
            known = found.get(name, ())
            if name and key not in known:
                found[name] = (*known, key)
    return found
