"""The parts of a document, as plain data: what it says, in order; how it looks is the business of who draws it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import datetime as dt

    from planner.terms import Language


@dataclass(frozen=True)
class Heading:
    """A heading of level 1 to 4; its number (一、 （一） 1. （1）) is given by who draws it."""

    level: Literal[1, 2, 3, 4]
    text: str


@dataclass(frozen=True)
class Paragraph:
    """A paragraph: ``body``, ``note`` (small), ``quote`` (the words of a clause), ``right`` (signature, date)."""

    text: str
    kind: Literal["body", "note", "quote", "right"] = "body"


@dataclass(frozen=True)
class Table:
    """A table with a caption above it and notes under it.

    Attributes
    ----------
    caption
        With its number: ``附表1 …``.
    header
        One text a column.
    rows
        As many texts a row; figures are texts as printed.
    widths
        Relative widths of the columns.
    numeric
        Numbers of the columns that are set to the right.
    notes
        Lines under it.
    wide
        Whether it needs a page across (landscape).
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    numeric: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    wide: bool = False


@dataclass(frozen=True)
class Form:
    """A table of labels and values side by side, two pairs a row; empty values are left for a pen.

    Attributes
    ----------
    caption
        Above it; may be empty.
    pairs
        Label and value.
    lines
        Label and value under the pairs, each across the whole width, for what is long.
    """

    caption: str
    pairs: tuple[tuple[str, str], ...]
    lines: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Picture:
    """A picture with a caption under it.

    Attributes
    ----------
    png
        The file's content.
    caption
        With its number: ``附图1 …``.
    width_cm, height_cm
        Size on paper; it is made smaller where the page is.
    alt
        What it shows, for who cannot see it.
    wide
        Whether it needs a page across (landscape).
    """

    png: bytes
    caption: str
    width_cm: float
    height_cm: float
    alt: str = ""
    wide: bool = False


@dataclass(frozen=True)
class PageBreak:
    """What follows begins on a new page."""


Block = Heading | Paragraph | Table | Form | Picture | PageBreak


@dataclass(frozen=True)
class Document:
    """A document for Word.

    Attributes
    ----------
    title
        Printed on top, centred.
    subtitle
        Under it; may be empty.
    blocks
        What it says.
    language
        ``zh`` or ``en``.
    date
        The data date: the only one that the file carries.
    maker
        Whose document it is; may be empty.
    footer
        Printed small at the foot of each page (attribution, what the document is for); may be empty.
    titled
        Whether title and subtitle are printed on top; where not, the file's properties alone carry the title.
    """

    title: str
    subtitle: str
    blocks: tuple[Block, ...]
    language: Language
    date: dt.date
    maker: str
    footer: str
    titled: bool = True
