"""Text on paper: the shipped font, what it lacks, and labels that never lie on each other."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.ft2font import FT2Font, LoadFlags

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FONT = Path(str(files("planner") / "assets" / "font" / "ServiceCircleSansSC-Regular.ttf"))
"""The font of everything printed: a subset of Noto Sans CJK SC with its own name (SIL OFL 1.1)."""

STAND_IN = "〓"
"""Drawn for a character that the font lacks: a printer's sign for a missing type."""

ASCENT, DESCENT = 0.88, 0.14
"""How far letters reach above and below their base line, in sizes of the font."""

MORE = "…"

# Where a label may stand about its point, best first: shares of its own width and height, and of the room between.
_SIDES = ((0, -0.5, 1, 0), (-1, -0.5, -1, 0), (-0.5, 0, 0, 1), (-0.5, -1, 0, -1),
          (0, 0, 0.7, 0.7), (0, -1, 0.7, -0.7), (-1, 0, -0.7, 0.7), (-1, -1, -0.7, -0.7))  # fmt: skip

# Where the name of an area may stand about its middle, in widths and heights of the name.
_AROUND = ((0, 0), *((a * ring / 2, b * ring) for ring in (1, 2)
           for a, b in ((0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1))))  # fmt: skip

_CLEAR = 0.8  # points between labels


# ---- words in the font ----


@cache
def _face() -> FT2Font:
    return FT2Font(str(FONT))


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(_face().get_charmap())


@cache
def _advance(char: str) -> float:
    """Width of a character in sizes of the font."""
    face = _face()
    return float(face.load_char(ord(char), LoadFlags.NO_SCALE).horiAdvance / face.units_per_EM)


def has(char: str) -> bool:
    """Whether the font has a character."""
    return ord(char) in _glyphs()


def plain(text: str) -> str:
    """Return a text as it can be drawn on one line.

    White space becomes one blank, what steers the direction of writing or is not seen goes, and each other character
    that the font lacks becomes `STAND_IN`.
    """
    steering = {"Cc", "Cf"}
    seen = "".join(char for char in text if char.isspace() or unicodedata.category(char) not in steering)
    whole = " ".join(unicodedata.normalize("NFC", seen).split())
    return "".join(char if has(char) else STAND_IN for char in whole if unicodedata.category(char) not in {"Mn", "Me"})


def width(text: str, size: float) -> float:
    """Width of a plain text, in the unit of the font's size."""
    return sum(map(_advance, text)) * size


def shortened(text: str, size: float, room: float) -> str:
    """Return a plain text, its end left out with … where it is wider than `room`; empty where not even that fits."""
    if width(text, size) <= room:
        return text
    kept = 0.0
    left = room - width(MORE, size)
    for place, char in enumerate(text):
        kept += _advance(char) * size
        if kept > left:
            return text[:place].rstrip() + MORE if place else ""
    return text


def wrapped(text: str, size: float, room: float) -> list[str]:
    """Break a plain text into lines no wider than `room`: at blanks, and between characters that are no Latin ones."""
    lines, line, used = [], "", 0.0
    for piece in _pieces(text, size, room):
        wide = width(piece, size)
        if line and used + width(piece.rstrip(), size) > room:
            lines.append(line.rstrip())
            line, used = "", 0.0
            piece = piece.lstrip()  # noqa: PLW2901  a line begins with no blank
            wide = width(piece, size)
        line, used = line + piece, used + wide
    return [*lines, line.rstrip()] if line else lines


_NEVER_FIRST = frozenset("，。、；：？！）》」』】”’…%,.;:?!)]")


def _pieces(text: str, size: float, room: float) -> Iterator[str]:
    """Yield what is never broken: Latin words with their blank, other characters with the marks that follow them."""
    piece = ""
    for char in text:
        wide = ord(char) >= 0x2E80  # noqa: PLR2004  from here on CJK, where lines may break anywhere
        begins = wide and char not in _NEVER_FIRST
        follows = bool(piece) and (ord(piece[-1]) >= 0x2E80 or piece[-1] == " ") and char not in _NEVER_FIRST  # noqa: PLR2004
        if piece and (begins or follows or width(piece + char, size) > room):
            yield piece
            piece = ""
        piece += char
    if piece:
        yield piece


# ---- labels about points ----


class Box(NamedTuple):
    """A rectangle on paper, in points: left, bottom, right, top."""

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: Box) -> bool:
        """Whether two boxes share more than an edge."""
        return (
            self.left < other.right and other.left < self.right and self.bottom < other.top and other.bottom < self.top
        )

    def inside(self, other: Box) -> bool:
        """Whether all of it lies in another."""
        return (
            other.left <= self.left
            and other.bottom <= self.bottom
            and self.right <= other.right
            and self.top <= other.top
        )


@dataclass(frozen=True)
class Label:
    """A name to be printed beside its point.

    Attributes
    ----------
    text
        As `plain` gives it.
    x, y
        The point, in points of paper.
    size
        Of the font.
    gap
        Room between the point and the label: half of the symbol.
    centred
        Whether it may stand on the point itself (names of areas).
    """

    text: str
    x: float
    y: float
    size: float
    gap: float = 0.0
    centred: bool = False

    def boxes(self) -> list[Box]:
        """Return where it may stand, best first."""
        wide, high = width(self.text, self.size), (ASCENT + DESCENT) * self.size
        if self.centred:
            corners = [(self.x - wide / 2 + a * wide, self.y - high / 2 + b * high) for a, b in _AROUND]
        else:
            corners = [(self.x + a * wide + c * self.gap, self.y + b * high + d * self.gap) for a, b, c, d in _SIDES]
        return [Box(left, bottom, left + wide, bottom + high) for left, bottom in corners]


def placed(labels: Sequence[Label], frame: Box, taken: Sequence[Box]) -> list[Box | None]:
    """Place labels one after the other, each where it meets nothing, or nowhere.

    Parameters
    ----------
    labels
        Most important first: none ever yields to a later one.
    frame
        What they must lie in.
    taken
        Boxes that they must not meet, such as symbols.

    Returns
    -------
    boxes
        Beside the labels; None for those that find no room.
    """
    edges = np.empty((len(taken) + len(labels), 4))
    if taken:
        edges[: len(taken)] = taken
    used, found = len(taken), list[Box | None]()
    for label in labels:
        box = next((box for box in label.boxes() if box.inside(frame) and not _meets(box, edges[:used])), None)
        if box:
            edges[used] = (box.left - _CLEAR, box.bottom - _CLEAR, box.right + _CLEAR, box.top + _CLEAR)
            used += 1
        found.append(box)
    return found


def _meets(box: Box, edges: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> bool:
    return bool(
        (
            (edges[:, 0] < box.right) & (box.left < edges[:, 2]) & (edges[:, 1] < box.top) & (box.bottom < edges[:, 3])
        ).any()
    )
