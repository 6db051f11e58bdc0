"""Puts values into cells of a sheet's XML and leaves every other byte of it as it was.

Expat tells where each tag begins, so that the new cells are cut in and nothing is written anew: what a library does not
know (charts, pictures, slicers, rich text, the rules of newer programs) cannot be lost.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias
from xml.parsers import expat
from xml.sax.saxutils import escape

from planner.sheetxml import column_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from decimal import Decimal

Content: TypeAlias = "str | int | Decimal | None"
"""What a cell holds: a text, a number, or nothing."""

Place: TypeAlias = tuple[int, int]
"""Row and column of a cell, both from 1."""

MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
"""As many as a sheet of Excel has."""

_TAG = re.compile(rb"""<(?:[^<>"']|"[^"]*"|'[^']*')*>""")
_REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?([1-9][0-9]{0,6})")
_TYPE = re.compile(rb"""\s+t\s*=\s*(?:"[^"]*"|'[^']*')""")
_SPANS = re.compile(rb"""\s+spans\s*=\s*(?:"[^"]*"|'[^']*')""")
_ON_LOAD = re.compile(rb"""\s+fullCalcOnLoad\s*=\s*(?:"[^"]*"|'[^']*')""")
# Excel reads _x0041_ in a text as A; so too it writes what XML cannot hold.
_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_BEFORE_CALCULATION = ("sheets", "functionGroups", "externalReferences", "definedNames")
_IN_ROWS = {"row", "c", "f", "v", "col"}
_UTF8 = {"utf-8", "utf8", "us-ascii", "ascii"}


@dataclass(frozen=True)
class Span:
    """Where an element stands: its first byte, the end of its first tag, of all of it, and its attributes."""

    start: int
    tag_end: int
    end: int
    attributes: Mapping[str, str]
    closed: bool


@dataclass(frozen=True)
class _Open:
    """An element whose end has not come yet."""

    name: str
    start: int
    tag_end: int
    attributes: Mapping[str, str]
    closed: bool
    place: Place = (0, 0)


@dataclass(frozen=True, eq=False)
class Layout:
    """Where the rows and cells of a sheet stand in its XML.

    Attributes
    ----------
    prefix
        Of the names of its tags, ``x:`` or nothing.
    data
        All rows.
    rows, cells
        Number of a row, place of a cell -> where it stands.
    values
        Place of a cell with a formula -> where its calculated value stands; None where it has none.
    arrays
        First and last cell of each formula that fills several.
    columns
        First and last number of columns, and their style.
    dimension
        What the sheet says of how far it reaches; None where it says nothing.
    """

    prefix: bytes
    data: Span
    rows: Mapping[int, Span]
    cells: Mapping[Place, Span]
    values: Mapping[Place, Span | None]
    arrays: tuple[tuple[Place, Place], ...]
    columns: tuple[tuple[int, int, str], ...]
    dimension: Span | None

    def has_formula(self, place: Place) -> bool:
        """Whether a cell holds a formula, or a part of one that fills several cells."""
        return place in self.values or any(
            top <= place[0] <= bottom and left <= place[1] <= right for (top, left), (bottom, right) in self.arrays
        )

    def style(self, place: Place) -> str:
        """Style of a cell: its own, else that of its row or column; empty for none."""
        if place in self.cells:
            return self.cells[place].attributes.get("s", "")
        row = self.rows.get(place[0])
        if row is not None and row.attributes.get("customFormat") in {"1", "true"}:
            return row.attributes.get("s", "")
        return next((style for first, last, style in self.columns if first <= place[1] <= last), "")


def place_of(reference: str) -> Place | None:
    """Return row and column of a reference such as ``C5``; None where no sheet has such a cell."""
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        return None
    row, column = int(found[2]), column_number(found[1].upper())
    return (row, column) if row <= MOST_ROWS and column <= MOST_COLUMNS else None


def reference_of(place: Place) -> str:
    """Return the reference of a cell, such as ``C5``."""
    row, number = place
    letters = ""
    while number:
        number, digit = divmod(number - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return f"{letters}{row}"


@dataclass(eq=False)
class _Reader:
    """Collects where elements stand while expat goes through a part of a workbook."""

    xml: bytes
    parser: Any
    stack: list[_Open] = field(default_factory=list)
    found: list[tuple[_Open, Span]] = field(default_factory=list)
    row: int = 0
    column: int = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        at = self.parser.CurrentByteIndex
        tag = _TAG.match(self.xml, at)
        if tag is None:
            raise ValueError(name)
        local = name.rpartition(":")[2]
        place = self._place(local, attributes)
        self.stack.append(_Open(local, at, tag.end(), dict(attributes), tag[0].endswith(b"/>"), place))

    def _place(self, name: str, attributes: Mapping[str, str]) -> Place:
        """Tell where a row or cell lies; one that does not say so stands behind the one before it."""
        if name == "row":
            self.row, self.column = int(attributes.get("r", self.row + 1)), 0
        elif name == "c":
            said = place_of(attributes["r"]) if "r" in attributes else (self.row, self.column + 1)
            if said is None or said[0] != self.row:
                raise ValueError(attributes)
            self.column = said[1]
        elif self.stack and self.stack[-1].name == "c":
            return self.stack[-1].place
        return self.row, self.column

    def end(self, _: str) -> None:
        opened = self.stack.pop()
        end = opened.tag_end if opened.closed else self.xml.index(b">", self.parser.CurrentByteIndex) + 1
        if len(self.stack) == 1 or opened.name in _IN_ROWS:
            span = Span(opened.start, opened.tag_end, end, opened.attributes, opened.closed)
            self.found.append((opened, span))


def _read(xml: bytes) -> list[tuple[_Open, Span]]:
    """List the elements of a part of a workbook that matter here: the uppermost ones, rows, cells and their contents.

    Raises
    ------
    ValueError
        If it is not plain XML in UTF-8.
    """

    def refuse(*_: object) -> None:
        raise ValueError(_)

    def declared(_: str, encoding: str | None, __: int) -> None:
        if encoding is not None and encoding.lower() not in _UTF8:
            raise ValueError(encoding)

    if xml[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ValueError(xml[:2])
    parser = expat.ParserCreate()
    reader = _Reader(xml, parser)
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.StartDoctypeDeclHandler, parser.XmlDeclHandler = refuse, declared
    try:
        parser.Parse(xml, True)
    except expat.ExpatError as error:
        raise ValueError(str(error)) from error
    return reader.found


def may_calculate(xml: bytes) -> bool:
    """Whether a sheet may hold formulas; quick, and never wrongly False."""
    return b"<f" in xml or b":f" in xml


def read_layout(xml: bytes) -> Layout:
    """Find the rows and cells of a sheet.

    Raises
    ------
    ValueError
        If it is no sheet, or not plain XML in UTF-8.
    """
    found = _read(xml)
    data = next((span for opened, span in found if opened.name == "sheetData"), None)
    if data is None:
        raise ValueError(xml[:100])
    name = re.match(rb"<([\w.-]+:)?sheetData", xml[data.start :])
    in_rows = [(opened, span) for opened, span in found if data.start < opened.start < data.end]
    formulas = {opened.place: span for opened, span in in_rows if opened.name == "f"}
    values = {opened.place: span for opened, span in in_rows if opened.name == "v"}
    return Layout(
        prefix=(name[1] or b"") if name else b"",
        data=data,
        rows={opened.place[0]: span for opened, span in in_rows if opened.name == "row"},
        cells={opened.place: span for opened, span in in_rows if opened.name == "c"},
        values={place: values.get(place) for place in formulas},
        arrays=tuple(_arrays(formulas.values())),
        columns=tuple(
            (int(span.attributes["min"]), int(span.attributes["max"]), span.attributes["style"])
            for opened, span in found
            if opened.name == "col" and "style" in span.attributes
        ),
        dimension=next((span for opened, span in found if opened.name == "dimension"), None),
    )


def _arrays(formulas: Iterable[Span]) -> Iterable[tuple[Place, Place]]:
    for formula in formulas:
        if formula.attributes.get("t") in {"array", "dataTable"}:
            first, _, last = formula.attributes.get("ref", "").partition(":")
            top, bottom = place_of(first), place_of(last or first)
            if top is not None and bottom is not None:
                yield top, bottom


# --- cutting in --------------------------------------------------------------------------------------------------


def put(
    xml: bytes, layout: Layout, contents: Mapping[Place, Content], styles: Mapping[Place, int] = MappingProxyType({})
) -> bytes:
    """Put values into cells.

    Parameters
    ----------
    xml, layout
        The sheet.
    contents
        Place of a cell -> what it is to hold; it keeps its style.
    styles
        Place of a cell -> another style that it is to have.

    Returns
    -------
    xml
        Of the sheet. The values of all formulas are taken out, for they may rest on what was put in.
    """
    cuts: list[tuple[int, int, bytes]] = []
    added: dict[int, dict[Place, bytes]] = {}
    for place in sorted(contents):
        cell, xml_of_cell = layout.cells.get(place), _cell(layout, place, contents[place], styles.get(place))
        if cell is None:
            added.setdefault(place[0], {})[place] = xml_of_cell
        else:
            cuts.append((cell.start, cell.end, xml_of_cell))
    behind: dict[int, list[tuple[int, int]]] = {}
    for (row, column), span in sorted(layout.cells.items()):
        behind.setdefault(row, []).append((column, span.start))
    for row in added.keys() & layout.rows.keys():
        cuts += _in_row(xml, layout, layout.rows[row], added[row], behind.get(row, ()))
    cuts += _new_rows(xml, layout, {row: cells for row, cells in added.items() if row not in layout.rows})
    if layout.dimension is not None and not _within(layout.dimension, contents):
        # a hint for readers, and no longer true
        cuts.append((layout.dimension.start, layout.dimension.end, b""))
    return _cut(xml, [*cuts, *_uncalculated(xml, layout)])


def _within(dimension: Span, places: Iterable[Place]) -> bool:
    """Whether cells lie within what a sheet says of how far it reaches."""
    first, _, last = dimension.attributes.get("ref", "").partition(":")
    top, bottom = place_of(first), place_of(last or first)
    if top is None or bottom is None:
        return False
    return all(top[0] <= row <= bottom[0] and top[1] <= column <= bottom[1] for row, column in places)


def without_values(xml: bytes, layout: Layout) -> bytes:
    """Return a sheet without the calculated values of its formulas."""
    return _cut(xml, list(_uncalculated(xml, layout)))


def calculated_on_load(xml: bytes) -> bytes:
    """Return the XML of a workbook that asks who opens it to calculate all formulas.

    Raises
    ------
    ValueError
        If it is no workbook, or not plain XML in UTF-8.
    """
    spans = {opened.name: span for opened, span in _read(xml)}
    asked = spans.get("calcPr")
    if asked is not None:
        tag = _ON_LOAD.sub(b"", xml[asked.start : asked.tag_end])
        end = b"/>" if tag.endswith(b"/>") else b">"
        return _cut(xml, [(asked.start, asked.tag_end, tag.removesuffix(end) + b' fullCalcOnLoad="1"' + end)])
    last = max((spans[name].end for name in _BEFORE_CALCULATION if name in spans), default=None)
    if last is None:
        raise ValueError(xml[:100])
    prefix = re.match(rb"<([\w.-]+:)?", xml[spans["sheets"].start :])
    name = (prefix[1] or b"" if prefix else b"") + b"calcPr"
    return _cut(xml, [(last, last, b"<" + name + b' fullCalcOnLoad="1"/>')])


def _cut(xml: bytes, cuts: list[tuple[int, int, bytes]]) -> bytes:
    """Replace pieces by others; where two begin at one byte, what is only added stands before."""
    pieces, last = [], 0
    for start, end, piece in sorted(cuts, key=lambda cut: cut[:2]):
        pieces += [xml[last:start], piece]
        last = end
    return b"".join([*pieces, xml[last:]])


def _cell(layout: Layout, place: Place, content: Content, other: int | None) -> bytes:
    style = layout.style(place) if other is None else str(other)
    x = layout.prefix.decode()
    head = f'{x}c r="{reference_of(place)}"' + (f' s="{style}"' if style else "")
    if content is None or content == "":
        return f"<{head}/>".encode()
    if isinstance(content, str):
        fit = _UNFIT.sub(lambda sign: f"_x{ord(sign[0]):04X}_", _ESCAPED.sub("_x005F_", content))
        text = escape(fit, {"\r": "&#13;"})
        return f'<{head} t="inlineStr"><{x}is><{x}t xml:space="preserve">{text}</{x}t></{x}is></{x}c>'.encode()
    number = str(content) if isinstance(content, int) else f"{content:f}"
    return f"<{head}><{x}v>{number}</{x}v></{x}c>".encode()


def _in_row(
    xml: bytes, layout: Layout, row: Span, cells: Mapping[Place, bytes], behind: Sequence[tuple[int, int]]
) -> Iterable[tuple[int, int, bytes]]:
    """Add cells to a row that there is; its hint how wide it is goes. `behind` are the columns and starts of others."""
    tag = _SPANS.sub(b"", xml[row.start : row.tag_end])
    if row.closed:
        whole = tag.removesuffix(b"/>").rstrip() + b">" + b"".join(cells.values()) + b"</" + layout.prefix + b"row>"
        yield row.start, row.end, whole
        return
    yield row.start, row.tag_end, tag
    close = xml.rindex(b"<", row.start, row.end)
    starts: dict[int, bytes] = {}
    for place, cell in cells.items():
        at = next((start for column, start in behind if column > place[1]), close)
        starts[at] = starts.get(at, b"") + cell
    yield from ((at, at, piece) for at, piece in starts.items())


def _new_rows(
    xml: bytes, layout: Layout, rows: Mapping[int, Mapping[Place, bytes]]
) -> Iterable[tuple[int, int, bytes]]:
    """Add rows that there are not, in their order."""
    starts: dict[int, bytes] = {}
    x = layout.prefix
    close = layout.data.end if layout.data.closed else xml.rindex(b"<", layout.data.start, layout.data.end)
    behind = sorted((number, span.start) for number, span in layout.rows.items())
    for row, cells in rows.items():
        piece = b"<" + x + b'row r="%d">' % row + b"".join(cells.values()) + b"</" + x + b"row>"
        at = next((start for number, start in behind if number > row), close)
        starts[at] = starts.get(at, b"") + piece
    if starts and layout.data.closed:
        piece = b"<" + x + b"sheetData>" + starts[close] + b"</" + x + b"sheetData>"
        yield layout.data.start, layout.data.end, piece
        return
    yield from ((at, at, piece) for at, piece in starts.items())


def _uncalculated(xml: bytes, layout: Layout) -> Iterable[tuple[int, int, bytes]]:
    """Take the values of formulas out, and what is said of their kind."""
    for place, value in layout.values.items():
        if value is not None:
            cell = layout.cells[place]
            yield cell.start, cell.tag_end, _TYPE.sub(b"", xml[cell.start : cell.tag_end])
            yield value.start, value.end, b""
