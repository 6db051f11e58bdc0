"""Draws a document as a .docx file in the layout of GB/T 9704-2012; the only room that knows python-docx.

Every text is data: it stands in text runs and nowhere else, so that no name becomes a field, a link or markup, and the
same document gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import re
import zipfile
from itertools import count
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import docx
from docx.enum.section import WD_HEADER_FOOTER, WD_ORIENT
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.oxml import parse_xml
from docx.oxml.shape import CT_Inline
from docx.parts.image import ImagePart
from docx.shared import Mm

from planner.blocks import Form, Heading, PageBreak, Paragraph, Picture, Table
from planner.wordstyles import (
    CELL_MARGINS_PT,
    LABEL_PART,
    MARGINS_MM,
    MM_PER_POINT,
    PAGE_MM,
    PEN_ROW_MM,
    ROW_MM,
    STYLES,
    TEXT_MM,
    fonts_xml,
    heading_number,
    lines_of,
    styles_xml,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from planner.blocks import Block, Document
    from planner.terms import Language

_NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)
_NOT_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_TURNED = "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe\U00010800-\U00010fff\U0001e800-\U0001efff]+"
_RIGHT_TO_LEFT = re.compile(f"{_TURNED}(?:[\\s\\d.,:;'()/-]*{_TURNED})*")
_LEFT_TO_RIGHT_MARK = "\u200e"

_UNUSED_PARTS = {
    RELATIONSHIP_TYPE.THEME, RELATIONSHIP_TYPE.NUMBERING, RELATIONSHIP_TYPE.WEB_SETTINGS,
    RELATIONSHIP_TYPE.THUMBNAIL, RELATIONSHIP_TYPE.EXTENDED_PROPERTIES, RELATIONSHIP_TYPE.CUSTOM_XML,
    "http://schemas.microsoft.com/office/2007/relationships/stylesWithEffects",
}  # fmt: skip
"""What python-docx's template brings and this document does not use: a theme would bring its fonts."""

_SETTINGS = (
    '<w:zoom w:percent="100"/><w:defaultTabStop w:val="420"/><w:evenAndOddHeaders/>'
    '<w:characterSpacingControl w:val="compressPunctuation"/><w:compat><w:compatSetting w:name="compatibilityMode" '
    'w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat>'
)

_TEXT_STYLES = {"body": "Text", "note": "Note", "quote": "Clause", "right": "Signature"}
_FEW_COLUMNS, _MANY_COLUMNS = 5, 10
_SHADE = "F2F2F2"
_PICTURE_SLACK_MM = 4.0
_NUMBER_BELOW_MM = 7.0
_LONGEST_PROPERTY = 255

_UNIX = 3
"""The system that archives name as their maker: without it the bytes would differ from one to the next."""


# ---- text ----


def clean(text: str) -> str:
    """Return a text as a document can hold it, everything visible kept.

    What XML cannot hold is dropped (control characters) or becomes U+FFFD (halves of surrogate pairs). Marks that turn
    the direction of writing are dropped, and after a stretch of right-to-left letters stands a left-to-right mark, so
    that a name turns itself alone and not the figures beside it. Line ends become line feeds, tabs blanks.
    """
    if text.isprintable() and not _RIGHT_TO_LEFT.search(text):  # nearly all are
        return text
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    plain = _NOT_XML.sub("\ufffd", _STEERING.sub("", plain)).replace("\u2028", "\n").replace("\u2029", "\n")
    return _RIGHT_TO_LEFT.sub(lambda found: found[0] + _LEFT_TO_RIGHT_MARK, plain)


def _runs(text: str, language: Language) -> str:
    """Set a text in runs; in Chinese, quotation marks and dashes are told to be Chinese ones."""
    hint = '<w:rPr><w:rFonts w:hint="eastAsia"/></w:rPr>' if language == "zh" else ""
    lines = (f'<w:t xml:space="preserve">{escape(line)}</w:t>' for line in clean(text).split("\n"))
    return f"<w:r>{hint}{'<w:br/>'.join(lines)}</w:r>"


def _paragraph(style: str, text: str, language: Language, *, align: str = "", new_page: bool = False) -> str:
    page = "<w:pageBreakBefore/>" if new_page else ""
    side = f'<w:jc w:val="{align}"/>' if align else ""
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{page}{side}</w:pPr>{_runs(text, language) if text else ""}</w:p>'


# ---- tables ----


def _borders() -> str:
    sides = ("top", "left", "bottom", "right", "insideH", "insideV")
    return "".join(f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="000000"/>' for side in sides)


def _grid(widths: Sequence[float], total_mm: float) -> list[int]:
    """Width of each column in twips: its share of the whole."""
    whole = sum(widths)
    return [round(width / whole * total_mm / MM_PER_POINT * 20) for width in widths]


def _cell(content: str, width: int, *, span: int = 1, shade: bool = False) -> str:
    """Draw a cell around its paragraphs."""
    fill = f'<w:shd w:val="clear" w:color="auto" w:fill="{_SHADE}"/>' if shade else ""
    across = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{across}{fill}<w:vAlign w:val="center"/></w:tcPr>'
        f"{content}</w:tc>"
    )


def _row(cells: Iterable[str], height_mm: float, *, header: bool = False) -> str:
    """Draw a row that is never cut by a page; a header row is repeated on each page."""
    height = round(height_mm / MM_PER_POINT * 20)
    again = "<w:tblHeader/>" if header else ""
    return (
        f'<w:tr><w:trPr><w:cantSplit/><w:trHeight w:val="{height}" w:hRule="atLeast"/>{again}</w:trPr>'
        f"{''.join(cells)}</w:tr>"
    )


def _table(rows: Iterable[str], grid: Sequence[int]) -> str:
    """Draw a table of fixed widths, so that a long name wraps and moves no column."""
    columns = "".join(f'<w:gridCol w:w="{width}"/>' for width in grid)
    margins = "".join(
        f'<w:{side} w:w="{round(20 * CELL_MARGINS_PT[at % 2])}" w:type="dxa"/>'
        for at, side in enumerate(("top", "left", "bottom", "right"))
    )
    return (
        f'<w:tbl><w:tblPr><w:tblW w:w="{sum(grid)}" w:type="dxa"/><w:jc w:val="center"/>'
        f'<w:tblBorders>{_borders()}</w:tblBorders><w:tblLayout w:type="fixed"/><w:tblCellMar>{margins}</w:tblCellMar>'
        f"</w:tblPr><w:tblGrid>{columns}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )


def _table_xml(table: Table, total_mm: float, language: Language) -> str:
    columns = len(table.header)
    style = "CellLarge" if columns <= _FEW_COLUMNS else "CellSmall" if columns > _MANY_COLUMNS else "Cell"
    grid = _grid(table.widths, total_mm)

    def cells(texts: Sequence[str], align: Sequence[str], *, shade: bool = False) -> Iterable[str]:
        for text, width, side in zip(texts, grid, align, strict=True):
            yield _cell(_paragraph(style, text, language, align=side), width, shade=shade)

    sides = ["right" if column in table.numeric else "left" for column in range(columns)]
    header = _row(cells(table.header, ["center"] * columns, shade=True), ROW_MM, header=True)
    return _table([header, *(_row(cells(row, sides), ROW_MM) for row in table.rows)], grid)


def _form_xml(form: Form, total_mm: float, language: Language) -> str:
    label, value = LABEL_PART, 0.5 - LABEL_PART
    grid = _grid((label, value, label, value), total_mm)

    def pair(name: str, text: str, span: int) -> str:
        named = _cell(_paragraph("Label", name, language), grid[0], shade=True)
        lines = "".join(_paragraph("Cell", line, language) for line in text.split("\n"))
        return named + _cell(lines, sum(grid[1 : 1 + span]), span=span)

    rows = []
    for at in range(0, len(form.pairs), 2):
        pairs = form.pairs[at : at + 2]
        span = 1 if len(pairs) > 1 else 3
        height = ROW_MM if all(text for _, text in pairs) else PEN_ROW_MM
        rows.append(_row((pair(name, text, span) for name, text in pairs), height))
    rows += [_row([pair(name, text, 3)], ROW_MM if text else PEN_ROW_MM) for name, text in form.lines]
    return _table(rows, grid)


# ---- the document ----


class _Writer:
    """A document under way: python-docx's own, whether the page lies across, and what the next block begins with."""

    def __init__(self, language: Language, footer: str) -> None:
        self.word = docx.Document()
        self._language: Language = language
        self._footer = footer
        self._body = self.word.element.body
        self._wide = False
        self._new_page = False
        self._empty = True
        self._counts = [0, 0, 0, 0]
        self._ids = count(1)
        self._images: dict[bytes, str] = {}
        for rels in (self.word.part.rels, self.word.part.package.rels):
            for key in [key for key, rel in rels.items() if rel.reltype in _UNUSED_PARTS]:
                del rels[key]
        _refill(self.word.styles.element, styles_xml(language))
        _refill(self.word.settings.element, f"<w:settings {_NAMESPACES}>{_SETTINGS}</w:settings>")
        self._lay_page()
        self._add_footers()

    @property
    def _width_mm(self) -> float:
        return TEXT_MM[1 if self._wide else 0]

    def _lay_page(self) -> None:
        """Set the page of the last section: upright, or the same page turned to the left."""
        section = self.word.sections[-1]
        width, height = PAGE_MM
        top, right, bottom, left = MARGINS_MM
        if self._wide:
            width, height, (top, right, bottom, left) = height, width, (left, bottom, right, top)
        section.page_width, section.page_height = Mm(width), Mm(height)
        section.top_margin, section.right_margin = Mm(top), Mm(right)
        section.bottom_margin, section.left_margin = Mm(bottom), Mm(left)
        section.orientation = WD_ORIENT.LANDSCAPE if self._wide else WD_ORIENT.PORTRAIT
        styles = STYLES[self._language]
        lines = lines_of(self._footer, self._width_mm, styles["Foot"]) if self._footer else 0
        foot = styles["PageNumber"].line_pt + lines * styles["Foot"].line_pt
        section.footer_distance = Mm(max(5.0, bottom - _NUMBER_BELOW_MM - foot * MM_PER_POINT))
        section.header_distance = Mm(15)

    def _add_footers(self) -> None:
        """Put the page number to the outer side: right on odd pages, left on even ones, one character from the edge."""
        for which, side in ((WD_HEADER_FOOTER.PRIMARY, "right"), (WD_HEADER_FOOTER.EVEN_PAGE, "left")):
            part, key = self.word.part.add_footer_part()
            number = (
                f'<w:p><w:pPr><w:pStyle w:val="PageNumber"/><w:ind w:{side}Chars="100" w:{side}="280"/>'
                f'<w:jc w:val="{side}"/></w:pPr><w:r><w:t xml:space="preserve">— </w:t></w:r>'
                '<w:fldSimple w:instr="PAGE"><w:r><w:t>1</w:t></w:r></w:fldSimple>'
                '<w:r><w:t xml:space="preserve"> —</w:t></w:r></w:p>'
            )
            foot = _paragraph("Foot", self._footer, self._language) if self._footer else ""
            _refill(part.element, f"<w:ftr {_NAMESPACES}>{number}{foot}</w:ftr>")
            self._body.sectPr.add_footerReference(which, key)

    def _turn(self, *, wide: bool) -> None:
        """Go on on a page that lies across, or upright again; the break itself takes no room."""
        if wide == self._wide:
            return
        self._wide, self._new_page = wide, False
        if not self._empty:
            self.word.add_section()
            _as_gap(self._body.sectPr.getprevious())
        self._lay_page()

    def _put(self, xml: str) -> Any:
        """Append what is given as WordprocessingML."""
        # its own namespaces: lxml looks up those of a wrapper for every cell, in minutes for a long table
        element = parse_xml(xml.replace(">", f" {_NAMESPACES}>", 1))
        self._body.sectPr.addprevious(element)
        self._empty = False
        return element

    def _say(self, style: str, text: str) -> Any:
        """Append a paragraph, on a new page where one is due."""
        xml = _paragraph(style, text, self._language, new_page=self._new_page)
        self._new_page = False
        return self._put(xml)

    def _set(self, caption: str, table: str, notes: Sequence[str]) -> None:
        """Append a table with its caption above it and its notes under it."""
        if caption:
            self._say("Caption", caption)
        elif self._new_page:
            self._say("Gap", "")
        self._put(table)
        self._say("Gap", "")  # a table that follows would grow together with this one
        for note in notes:
            self._say("Note", note)

    def _held(self, png: bytes) -> str:
        """Return the id under which the document holds an image: each image once.

        python-docx would look through all of the document, and at every image before, for each picture.
        """
        key = hashlib.sha256(png).digest()
        if key not in self._images:
            name = PackURI(f"/word/media/image{len(self._images) + 1}.png")
            part = ImagePart(name, CONTENT_TYPE.PNG, png)
            self._images[key] = self.word.part.relate_to(part, RELATIONSHIP_TYPE.IMAGE)
        return self._images[key]

    def _show(self, picture: Picture) -> None:
        """Append a picture, made smaller where the page is, with its caption under it."""
        room = TEXT_MM if not self._wide else TEXT_MM[::-1]
        styles = STYLES[self._language]
        style, lines = styles["PictureCaption"], lines_of(picture.caption, room[0], styles["PictureCaption"])
        caption_pt = styles["Picture"].before_pt + style.before_pt + lines * style.line_pt + style.after_pt
        height = room[1] - caption_pt * MM_PER_POINT - _PICTURE_SLACK_MM
        scale = min(1.0, room[0] / (10 * picture.width_cm), height / (10 * picture.height_cm))
        size = (Mm(10 * side * scale) for side in (picture.width_cm, picture.height_cm))
        inline = CT_Inline.new_pic_inline(next(self._ids), self._held(picture.png), "image.png", *size)
        inline.docPr.set("descr", clean(picture.alt).replace("\n", " "))
        paragraph = self._say("Picture", "")
        run = parse_xml(f"<w:r {_NAMESPACES}><w:drawing/></w:r>")
        run[0].append(inline)
        paragraph.append(run)
        self._say("PictureCaption", picture.caption)

    def add(self, block: Block) -> None:
        """Append a block."""
        if isinstance(block, PageBreak):
            self._new_page = not self._empty
            return
        self._turn(wide=isinstance(block, (Table, Picture)) and block.wide)
        match block:
            case Heading():
                at = block.level - 1
                self._counts[at:] = [self._counts[at] + 1, *[0] * (3 - at)]
                number = heading_number(block.level, self._counts, self._language)
                self._say(f"Heading{block.level}", number + block.text)
            case Paragraph():
                self._say(_TEXT_STYLES[block.kind], block.text)
            case Table():
                self._set(block.caption, _table_xml(block, self._width_mm, self._language), block.notes)
            case Form():
                self._set(block.caption, _form_xml(block, self._width_mm, self._language), ())
            case Picture():
                self._show(block)

    def begin(self, title: str, subtitle: str) -> None:
        """Print the title on top; in Chinese a year in brackets that does not fit stands whole on a line of its own."""
        width = TEXT_MM[0]
        style = STYLES[self._language]["Title"]
        head, bracket, year = title.rpartition("（")
        apart = bool(head) and lines_of(title, width, style) == 2 and lines_of(head, width, style) == 1  # noqa: PLR2004
        self._say("Title", f"{head}\n{bracket}{year}" if apart else title)
        if subtitle:
            self._say("Subtitle", subtitle)


def _refill(element: Any, xml: str) -> None:
    """Replace what an element of python-docx's template holds."""
    for child in list(element):
        element.remove(child)
    for child in list(parse_xml(xml)):
        element.append(child)


def _as_gap(paragraph: Any) -> None:
    """Make the paragraph of a section break so low that it never takes a page of its own."""
    paragraph.get_or_add_pPr().style = "Gap"


def _describe(word: Any, document: Document) -> None:
    """Set what the file says of itself; the data date is the only one that it carries."""
    made, about = dt.datetime.combine(document.date, dt.time()), word.core_properties
    about.title, about.author, about.last_modified_by = (
        clean(text).replace("\n", " ")[:_LONGEST_PROPERTY] for text in (document.title, document.maker, document.maker)
    )
    about.created = about.modified = made
    about.language, about.revision, about.comments = {"zh": "zh-CN", "en": "en-GB"}[document.language], 1, ""


def _packed(word: Any, date: dt.date) -> bytes:
    """Pack a document: the table of fonts in its place, and the data date on every entry of the archive."""
    saved, packed = io.BytesIO(), io.BytesIO()
    word.save(saved)
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(packed, "w") as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, (min(max(date.year, 1980), 2107), date.month, date.day, 0, 0, 0))
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, _UNIX
            new.writestr(entry, fonts_xml().encode() if name == "word/fontTable.xml" else old.read(name))
    return packed.getvalue()


def write_docx(path: Path, document: Document) -> None:
    """Write a document as .docx. The same document gives the same bytes.

    Parameters
    ----------
    path
        The file; written over where it is there.
    document
        What it says. Its title is printed on top where it is `titled`.
    """
    writer = _Writer(document.language, document.footer)
    if document.titled:
        writer.begin(document.title, document.subtitle)
    for block in document.blocks:
        writer.add(block)
    _describe(writer.word, document)
    path.write_bytes(_packed(writer.word, document.date))
