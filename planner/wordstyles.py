"""How a document for Word looks: the page, the fonts and the styles of GB/T 9704-2012, and their English counterparts.

GB/T 9704-2012 (Layout key for official document of Party and government organs): A4, a type area of 156 x 225 mm,
22 lines of 28 characters in 3号 (16 pt) 仿宋; title 2号 (22 pt) 小标宋; headings 黑体, 楷体, 仿宋; the page number in
4号 (14 pt) between dashes, 7 mm under the type area.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING

from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from planner.blocks import Form
    from planner.terms import Language

PAGE_MM = (210.0, 297.0)
"""A4: width, height."""

MARGINS_MM = (37.0, 26.0, 35.0, 28.0)
"""Top, right, bottom, left of an upright page; a page across is the same page turned."""

TEXT_MM = (156.0, 225.0)
"""Width and height of the type area of an upright page."""

MM_PER_POINT = 25.4 / 72

CELL_MARGINS_PT = (1.0, 3.5)
"""Inside each cell of a table: above and below, left and right."""

ROW_MM, PEN_ROW_MM = 6.6, 9.0
"""Least height of a row; of a row of a form that is left for a pen."""

LABEL_PART = 0.18
"""Width of a label in a form, as a part of the whole."""

_BORDER_MM = 0.2
_DIGITS = "零一二三四五六七八九"
_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


@dataclass(frozen=True)
class Font:
    """A font that the styles name.

    Attributes
    ----------
    name
        As Word knows it.
    instead
        What is asked for in its place where it is not installed, one name after the other (w:altName, ISO/IEC 29500-1,
        17.8.3.1); empty for fonts that are everywhere.
    panose
        Its ten classes of form (ISO/IEC 14496-22), by which a program finds one that looks alike.
    family
        ``roman`` (with serifs), ``swiss`` (without) or ``modern`` (of one width).
    chinese
        Whether it holds Chinese characters.
    """

    name: str
    instead: str
    panose: str
    family: str
    chinese: bool


_TITLE = Font("方正小标宋简体", "宋体,SimSun,STSong", "02010601030101010101", "roman", chinese=True)
_BODY = Font("仿宋_GB2312", "仿宋,FangSong,STFangsong", "02010609030101010101", "modern", chinese=True)
_KAI = Font("楷体_GB2312", "楷体,KaiTi,STKaiti", "02010609030101010101", "modern", chinese=True)
_HEI = Font("黑体", "SimHei,STHeiti", "02010609060101010101", "modern", chinese=True)
_SONG = Font("宋体", "SimSun,STSong", "02010600030101010101", "roman", chinese=True)
_TIMES = Font("Times New Roman", "", "02020603050405020304", "roman", chinese=False)
_ARIAL = Font("Arial", "", "020B0604020202020204", "swiss", chinese=False)

FONTS = (_TITLE, _BODY, _KAI, _HEI, _SONG, _TIMES, _ARIAL)
"""All fonts that the styles name."""


@dataclass(frozen=True)
class Style:
    """A style of paragraphs.

    Attributes
    ----------
    id, name
        What paragraphs refer to, and what Word calls it; the names of its own styles carry its own meaning.
    latin, chinese
        Fonts of Latin letters and of Chinese characters.
    size_pt
        Height of the characters, points.
    line_pt
        Exact distance of lines, points; 0 = single spacing, as high as what stands in the line.
    align
        ``both`` (flush on either side), ``left``, ``center`` or ``right``.
    first, left, right
        Indents in characters: of the first line, of all lines from the left and from the right.
    before_pt, after_pt
        Space above and below, points.
    bold, italic
        Of its characters.
    grouped
        Whether the space above and below falls away between two paragraphs of this style.
    keep
        Whether it stays on one page with the paragraph that follows.
    outline
        Level in the outline of the document, 1 to 4; 0 = text.
    tracking_pt
        Added after each character, points.
    """

    id: str
    name: str
    latin: Font
    chinese: Font
    size_pt: float
    line_pt: float
    align: str = "left"
    first: float = 0
    left: float = 0
    right: float = 0
    before_pt: float = 0
    after_pt: float = 0
    bold: bool = False
    italic: bool = False
    grouped: bool = False
    keep: bool = False
    outline: int = 0
    tracking_pt: float = 0


LINE_PT = 28.95
"""Distance of lines of the text: 22 of them fill 225 mm."""

_TRACKING_PT = -0.25
"""28 characters of 16 pt are 448 pt wide and the type area 442.2 pt: each gives up a quarter of a point."""

_TEXT = Style("Text", "Text", _TIMES, _BODY, 16, LINE_PT, "both", first=2, tracking_pt=_TRACKING_PT)
_CELL = Style("Cell", "Cell", _TIMES, _SONG, 10.5, 15)

_ZH = (
    Style("Normal", "Normal", _TIMES, _BODY, 16, LINE_PT),
    Style("Title", "Title", _TIMES, _TITLE, 22, 35, "center", after_pt=14, keep=True),
    Style("Subtitle", "Subtitle", _TIMES, _KAI, 16, LINE_PT, "center", after_pt=14, keep=True),
    Style("Heading1", "heading 1", _TIMES, _HEI, 16, LINE_PT, first=2, keep=True, outline=1),
    Style("Heading2", "heading 2", _TIMES, _KAI, 16, LINE_PT, first=2, keep=True, outline=2),
    Style("Heading3", "heading 3", _TIMES, _BODY, 16, LINE_PT, first=2, bold=True, keep=True, outline=3),
    Style("Heading4", "heading 4", _TIMES, _BODY, 16, LINE_PT, first=2, keep=True, outline=4),
    _TEXT,
    replace(_TEXT, id="Clause", name="Clause", chinese=_KAI, left=2, right=2),
    Style(
        "Signature",
        "Signature",
        _TIMES,
        _BODY,
        16,
        LINE_PT,
        "right",
        right=4,
        before_pt=2 * LINE_PT,
        keep=True,
        grouped=True,
    ),
    Style("Note", "Note", _TIMES, _SONG, 10.5, 16, "both"),
    Style("Caption", "caption", _TIMES, _HEI, 12, 20, "center", before_pt=6, after_pt=3, keep=True),
    Style("PictureCaption", "Picture caption", _TIMES, _HEI, 12, 20, "center", after_pt=3),
    Style("Picture", "Picture", _TIMES, _SONG, 10.5, 0, "center", before_pt=6, keep=True),
    _CELL,
    replace(_CELL, id="CellLarge", name="Cell large", size_pt=12, line_pt=18),
    replace(_CELL, id="CellSmall", name="Cell small", size_pt=9, line_pt=13),
    replace(_CELL, id="Label", name="Label", chinese=_HEI, align="center"),
    Style("PageNumber", "Page number line", _SONG, _SONG, 14, 18),
    Style("Foot", "Foot", _TIMES, _SONG, 9, 12),
    Style("Gap", "Gap", _TIMES, _SONG, 1, 1, after_pt=4),
)

_TEXT_EN = Style("Text", "Text", _TIMES, _SONG, 12, 17, "left", after_pt=7)
_CELL_EN = Style("Cell", "Cell", _TIMES, _SONG, 10.5, 14)

_EN = (
    Style("Normal", "Normal", _TIMES, _SONG, 12, 17),
    Style("Title", "Title", _ARIAL, _HEI, 20, 26, "center", after_pt=10, bold=True, keep=True),
    Style("Subtitle", "Subtitle", _ARIAL, _HEI, 13, 18, "center", after_pt=14, keep=True),
    Style("Heading1", "heading 1", _ARIAL, _HEI, 15, 20, before_pt=14, after_pt=6, bold=True, keep=True, outline=1),
    Style("Heading2", "heading 2", _ARIAL, _HEI, 13, 18, before_pt=10, after_pt=5, bold=True, keep=True, outline=2),
    Style("Heading3", "heading 3", _ARIAL, _HEI, 12, 17, before_pt=8, after_pt=4, keep=True, outline=3),
    Style("Heading4", "heading 4", _TIMES, _SONG, 12, 17, before_pt=6, after_pt=3, italic=True, keep=True, outline=4),
    _TEXT_EN,
    replace(_TEXT_EN, id="Clause", name="Clause", left=2, right=2, italic=True),
    Style("Signature", "Signature", _TIMES, _SONG, 12, 17, "right", right=2, before_pt=34, keep=True, grouped=True),
    Style("Note", "Note", _TIMES, _SONG, 10, 14),
    Style("Caption", "caption", _ARIAL, _HEI, 10.5, 15, "center", before_pt=10, after_pt=4, bold=True, keep=True),
    Style("PictureCaption", "Picture caption", _ARIAL, _HEI, 10.5, 15, "center", before_pt=2, after_pt=6, bold=True),
    Style("Picture", "Picture", _TIMES, _SONG, 10.5, 0, "center", before_pt=6, keep=True),
    _CELL_EN,
    replace(_CELL_EN, id="CellLarge", name="Cell large", size_pt=11, line_pt=15),
    replace(_CELL_EN, id="CellSmall", name="Cell small", size_pt=9, line_pt=12),
    replace(_CELL_EN, id="Label", name="Label", latin=_ARIAL, chinese=_HEI, size_pt=9.5),
    Style("PageNumber", "Page number line", _TIMES, _SONG, 12, 18),
    Style("Foot", "Foot", _TIMES, _SONG, 8.5, 12),
    Style("Gap", "Gap", _TIMES, _SONG, 1, 1, after_pt=4),
)

STYLES: Mapping[Language, Mapping[str, Style]] = {
    "zh": {style.id: style for style in _ZH},
    "en": {style.id: style for style in _EN},
}
"""Styles of either language by id; both have the same ids."""


# ---- as Word reads them ----


def _twips(points: float) -> int:
    return round(points * 20)


def _indents(style: Style) -> str:
    """Give each indent twice: in hundredths of a character, which follows the size, and in twips for who cannot."""
    sides = (("firstLine", style.first), ("left", style.left), ("right", style.right))
    return "".join(
        f' w:{side}Chars="{round(chars * 100)}" w:{side}="{_twips(chars * style.size_pt)}"'
        for side, chars in sides
        if chars
    )


def _paragraph_xml(style: Style) -> str:
    line, rule = (_twips(style.line_pt), "exact") if style.line_pt else (240, "auto")
    indents = _indents(style)
    return "".join(
        (
            "<w:keepNext/>" if style.keep else "",
            '<w:widowControl w:val="0"/><w:adjustRightInd w:val="0"/><w:snapToGrid w:val="0"/>',
            f'<w:spacing w:before="{_twips(style.before_pt)}" w:after="{_twips(style.after_pt)}" ',
            f'w:line="{line}" w:lineRule="{rule}"/>',
            f"<w:ind{indents}/>" if indents else "",
            "<w:contextualSpacing/>" if style.grouped else "",
            f'<w:jc w:val="{style.align}"/>',
            f'<w:outlineLvl w:val="{style.outline - 1}"/>' if style.outline else "",
        )
    )


def _characters_xml(style: Style) -> str:
    size = round(style.size_pt * 2)
    return "".join(
        (
            f'<w:rFonts w:ascii="{style.latin.name}" w:hAnsi="{style.latin.name}" ',
            f'w:eastAsia="{style.chinese.name}" w:cs="{style.latin.name}"/>',
            "<w:b/>" if style.bold else "",
            "<w:i/>" if style.italic else "",
            f'<w:spacing w:val="{_twips(style.tracking_pt)}"/>' if style.tracking_pt else "",
            f'<w:sz w:val="{size}"/><w:szCs w:val="{size}"/>',
        )
    )


def _style_xml(style: Style) -> str:
    plain = ' w:default="1"' if style.id == "Normal" else ""
    below = "" if style.id == "Normal" else '<w:basedOn w:val="Normal"/>'
    return (
        f'<w:style w:type="paragraph"{plain} w:styleId="{style.id}"><w:name w:val="{style.name}"/>{below}<w:qFormat/>'
        f"<w:pPr>{_paragraph_xml(style)}</w:pPr><w:rPr>{_characters_xml(style)}</w:rPr></w:style>"
    )


def styles_xml(language: Language) -> str:
    """Return the styles of a document, as WordprocessingML; no theme is referred to."""
    # Latin letters are English in either language: as Chinese, a program would break their words anywhere
    normal = STYLES[language]["Normal"]
    return (
        f"<w:styles {_W}><w:docDefaults><w:rPrDefault><w:rPr>{_characters_xml(normal)}"
        '<w:lang w:val="en-GB" w:eastAsia="zh-CN"/></w:rPr></w:rPrDefault><w:pPrDefault/></w:docDefaults>'
        + "".join(map(_style_xml, STYLES[language].values()))
        + "</w:styles>"
    )


def fonts_xml() -> str:
    """Return the table of fonts: of each, what it looks like and what may stand in for it."""
    rows = (
        f'<w:font w:name="{font.name}">'
        + (f'<w:altName w:val="{font.instead}"/>' if font.instead else "")
        + f'<w:panose1 w:val="{font.panose}"/><w:charset w:val="{"86" if font.chinese else "00"}"/>'
        + f'<w:family w:val="{font.family}"/><w:pitch w:val="variable"/></w:font>'
        for font in FONTS
    )
    return f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<w:fonts {_W}>{"".join(rows)}</w:fonts>'


# ---- numbers of headings ----


def _chinese_number(n: int) -> str:
    """Return a number in Chinese: 一, 十, 十一, 二十, 一百零一, 一百一十; in digits from 1,000 on."""
    if n >= 1000:  # noqa: PLR2004
        return str(n)
    hundreds, rest = divmod(n, 100)
    tens, ones = divmod(rest, 10)
    parts = [f"{_DIGITS[hundreds]}百" if hundreds else "", "零" if hundreds and rest and not tens else ""]
    parts += [
        ("" if tens == 1 and not hundreds else _DIGITS[tens]) + "十" if tens else "",
        _DIGITS[ones] if ones else "",
    ]
    return "".join(parts)


def _letters(n: int) -> str:
    """Return a, b … z, aa, ab …."""
    before, at = divmod(n - 1, 26)
    return (_letters(before) if before else "") + chr(ord("a") + at)


def heading_number(level: int, counts: Sequence[int], language: Language) -> str:
    """Return the number of a heading, with what stands after it.

    Parameters
    ----------
    level
        1 to 4.
    counts
        Which heading it is, of its level and of each above it.
    language
        ``zh``: 一、 （一） 1. （1） of GB/T 9704-2012; ``en``: 1. 1.1 (a) (1).
    """
    last = counts[level - 1]
    if language == "zh":
        n = _chinese_number(last) if level <= 2 else str(last)  # noqa: PLR2004  the two levels in Chinese numerals
    else:
        n = {1: str(last), 2: ".".join(str(c) for c in counts[:2] if c), 3: _letters(last)}.get(level, str(last))
    return say(f"word.heading.{level}", language, n=n)


# ---- how much room text takes ----


def ems(text: str) -> float:
    """Return the width of a text in heights of its characters; a Chinese character takes one, a Latin one half."""
    return sum(1.0 if unicodedata.east_asian_width(character) in "WFA" else 0.5 for character in text)


def lines_of(text: str, width_mm: float, style: Style) -> int:
    """Return how many lines a text takes in a column; an estimate, for lines break where words and marks let them."""
    room = max(2.0, width_mm / MM_PER_POINT / style.size_pt)
    widths = [ems(line) for line in text.split("\n")]
    return sum(1 if wide <= room else ceil(wide / (room - 1)) for wide in widths)


def form_mm(form: Form, language: Language) -> float:
    """Return how high a form without a caption stands on an upright page; an estimate, as `lines_of` is."""
    label, cell = STYLES[language]["Label"], STYLES[language]["Cell"]
    inner = 2 * CELL_MARGINS_PT[1] * MM_PER_POINT
    width = TEXT_MM[0]

    def row(pairs: Sequence[tuple[str, str]]) -> float:
        value = width * (0.5 - LABEL_PART if len(pairs) > 1 else 1 - LABEL_PART) - inner
        lines = max(
            max(lines_of(name, width * LABEL_PART - inner, label), lines_of(text, value, cell)) for name, text in pairs
        )
        least = ROW_MM if all(text for _, text in pairs) else PEN_ROW_MM
        return max(least, (lines * cell.line_pt + 2 * CELL_MARGINS_PT[0]) * MM_PER_POINT) + _BORDER_MM

    pairs = [form.pairs[at : at + 2] for at in range(0, len(form.pairs), 2)]
    return sum(map(row, [*pairs, *([line] for line in form.lines)]))
