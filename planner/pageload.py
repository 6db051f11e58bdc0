"""What a page with a map carries so that it can count an edited plan: the load, its scripts, styles and words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from planner.words import sentences

if TYPE_CHECKING:
    from planner.terms import Language

_SCRIPTS = (
    "inflate", "decode", "plane", "snap", "graph", "reach", "straight", "tally", "closing", "best", "rules", "shelf",
    "checks", "city", "edits", "session", "kit", "names", "offroad", "marks", "sitecards", "moves", "carry", "scene",
    "tables", "lists", "basis", "seek", "asks", "compare", "handback", "leave", "panel", "start",
)  # fmt: skip
"""In the order in which the page runs them: each uses only those before it."""

_STYLES = ("live", "scene", "start")
_WORDS = ("live", "livemap", "livepage")


@dataclass(frozen=True, eq=False)
class Load:
    """What a page carries beside its data.

    Attributes
    ----------
    data
        The content, as the scripts open it.
    crc
        CRC-32 of it, eight hexadecimal digits.
    text
        The content packed, as it stands in the page.
    version
        Of the form of the content.
    foot
        What the foot of the page says of it, in sentences.
    """

    data: bytes
    crc: str
    text: str
    version: int
    foot: tuple[str, ...]


def page_words(language: Language, *sections: str) -> dict[str, str]:
    """Sentences of some sections of the words, by what follows the section's name; later sections win."""
    found = {}
    for section in sections:
        start = f"{section}."
        found.update({k.removeprefix(start): w[language] for k, w in sentences().items() if k.startswith(start)})
    return found


def files_of(load: Load | None) -> tuple[list[str], list[str]]:
    """Return the styles and the scripts that a load needs, as files in ``assets``; none without a load."""
    if load is None:
        return [], []
    return [f"live/{name}.css" for name in _STYLES], [f"live/{name}.js" for name in _SCRIPTS]


def data_of(load: Load | None, language: Language) -> dict[str, Any]:
    """Return what these scripts read beside the load: their words, and what the foot says; nothing without a load."""
    if load is None:
        return {}
    return {"live": {"words": {name: page_words(language, name) for name in _WORDS}, "foot": list(load.foot)}}
