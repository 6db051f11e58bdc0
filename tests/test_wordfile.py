"""Documents for Word: what is written is read back, in the layout of GB/T 9704-2012, byte for byte the same."""

from __future__ import annotations

import datetime as dt
import io
import re
import tempfile
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docx
import pytest
from docx.enum.section import WD_ORIENT
from docx.oxml.ns import qn
from docx.table import Table as WordTable
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from planner.blocks import Document, Form, Heading, PageBreak, Paragraph, Picture, Table
from planner.wordfile import write_docx
from planner.wordstyles import FONTS, STYLES, form_mm, heading_number, lines_of

if TYPE_CHECKING:
    from planner.blocks import Block
    from planner.terms import Language


def png(width: int = 31, height: int = 17) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (width, height)).save(content, "png")
    return content.getvalue()


PNG = png()
TABLE = Table(
    "附表1　达标情况", ("区市", "达标率"), (("历下区", "89.9%"), ("市中区", "7.0%")), (2, 1), (1,), ("注：一",)
)
PICTURE = Picture(PNG, "附图1　现状", 31.0, 17.0, "地图")


def document(*blocks: Block, language: Language = "zh", **more: Any) -> Document:
    return Document(
        **{
            "title": "布局方案",
            "subtitle": "（征求意见稿）",
            "blocks": blocks,
            "language": language,
            "date": dt.date(2026, 6, 30),
            "maker": "市人社局",
            "footer": "内部工作用图",
            **more,
        }
    )


def written(tmp_path: Path, *blocks: Block, **more: Any) -> Any:
    write_docx(tmp_path / "a.docx", document(*blocks, **more))
    return docx.Document(str(tmp_path / "a.docx"))


def parts(word: Any) -> list[tuple[str, str]]:
    """Style and text of each paragraph, and of tables ``table`` and the texts of their cells."""
    found = []
    for part in word.iter_inner_content():
        if isinstance(part, WordTable):
            found.append(("table", "|".join(cell.text for row in part.rows for cell in dict.fromkeys(row.cells))))
        else:
            found.append((part.style.style_id, part.text))
    return found


# ---- headings ----


def test_headings_are_numbered_from_their_levels(tmp_path: Path) -> None:
    blocks = [Heading(level, "题") for level in (1, 2, 2, 3, 4, 4, 3, 2, 1, 2, 3)]
    told = [text for style, text in parts(written(tmp_path, *blocks)) if style.startswith("Heading")]
    assert told == [
        "一、题", "（一）题", "（二）题", "1. 题", "（1）题", "（2）题", "2. 题", "（三）题", "二、题",
        "（一）题", "1. 题",
    ]  # fmt: skip
    english = [text for style, text in parts(written(tmp_path, *blocks, language="en")) if style.startswith("Heading")]
    assert english == [
        "1. 题", "1.1 题", "1.2 题", "(a) 题", "(1) 题", "(2) 题", "(b) 题", "1.3 题", "2. 题", "2.1 题", "(a) 题",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("n", "told"),
    [
        (1, "一"), (10, "十"), (11, "十一"), (20, "二十"), (21, "二十一"), (99, "九十九"), (100, "一百"),
        (101, "一百零一"), (110, "一百一十"), (111, "一百一十一"), (320, "三百二十"), (1000, "1000"),
    ],
)  # fmt: skip
def test_chinese_numerals(n: int, told: str) -> None:
    assert heading_number(1, [n, 0, 0, 0], "zh") == f"{told}、"


def test_no_two_headings_of_one_level_share_a_number() -> None:
    for language in ("zh", "en"):
        for level in (1, 2, 3, 4):
            numbers = [
                heading_number(level, [*[1] * (level - 1), n, *[0] * (4 - level)], language) for n in range(1, 999)
            ]
            assert len(set(numbers)) == len(numbers)


# ---- layout ----


def test_the_page_is_that_of_the_standard(tmp_path: Path) -> None:
    word = written(tmp_path, Paragraph("正文"))
    section = word.sections[0]
    sides = (section.top_margin, section.right_margin, section.bottom_margin, section.left_margin)
    assert [round(side.mm) for side in (section.page_width, section.page_height, *sides)] == [210, 297, 37, 26, 35, 28]
    assert word.settings.odd_and_even_pages_header_footer
    for footer, side in ((section.footer, "right"), (section.even_page_footer, "left")):
        number = footer.paragraphs[0]._p
        assert "".join(text.text for text in number.iter(qn("w:t"))) == "— 1 —"
        assert [field.get(qn("w:instr")) for field in number.iter(qn("w:fldSimple"))] == ["PAGE"]
        assert [jc.get(qn("w:val")) for jc in number.iter(qn("w:jc"))] == [side]
        assert footer.paragraphs[1].text == "内部工作用图"


def test_twenty_two_lines_of_twenty_eight_characters(tmp_path: Path) -> None:
    style = written(tmp_path).styles["Text"]
    assert 22 * style.paragraph_format.line_spacing.mm <= 225 < 23 * style.paragraph_format.line_spacing.mm
    tracking = int(style.element.rPr.find(qn("w:spacing")).get(qn("w:val"))) / 20
    assert 28 * (style.font.size.pt + tracking) <= 156 / 25.4 * 72
    assert style.element.pPr.ind.get(qn("w:firstLineChars")) == "200"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_fonts_are_named_and_no_theme_is(tmp_path: Path, language: Language) -> None:
    written(tmp_path, Paragraph("字"), language=language)
    with zipfile.ZipFile(tmp_path / "a.docx") as archive:
        names = archive.namelist()
        styles, table = archive.read("word/styles.xml").decode(), archive.read("word/fontTable.xml").decode()
    assert not [name for name in names if "theme" in name]
    assert "Theme" not in styles
    used = set(re.findall(r'w:(?:ascii|eastAsia|hAnsi|cs)="([^"]+)"', styles)) - {"zh-CN"}
    assert used <= {font.name for font in FONTS}
    for font in FONTS:
        assert f'w:name="{font.name}"' in table
        assert not font.instead or f'<w:altName w:val="{font.instead}"/>' in table
        assert len(font.panose) == 20
    assert set(STYLES["zh"]) == set(STYLES["en"])


def test_captions_stand_above_tables_and_under_pictures(tmp_path: Path) -> None:
    word = written(tmp_path, TABLE, PICTURE, Paragraph("文"), titled=False)
    assert parts(word) == [
        ("Caption", "附表1　达标情况"),
        ("table", "区市|达标率|历下区|89.9%|市中区|7.0%"),
        ("Gap", ""),
        ("Note", "注：一"),
        ("Picture", ""),
        ("PictureCaption", "附图1　现状"),
        ("Text", "文"),
    ]
    shape = word.inline_shapes[0]
    assert (shape.width.mm, round(shape.width / shape.height, 2)) == (pytest.approx(156, abs=0.1), 1.82)
    assert shape._inline.docPr.get("descr") == "地图"
    assert word.styles["Picture"].paragraph_format.line_spacing == 1, "an exact distance of lines would cut it"
    assert word.styles["caption"].paragraph_format.keep_with_next
    assert word.styles["Picture"].paragraph_format.keep_with_next


def test_a_tall_picture_leaves_room_for_its_caption(tmp_path: Path) -> None:
    caption = "图" * 200
    shape = written(tmp_path, replace(PICTURE, height_cm=60.0, caption=caption)).inline_shapes[0]
    style = STYLES["zh"]["PictureCaption"]
    told_mm = lines_of(caption, 156, style) * style.line_pt / 72 * 25.4
    assert 215 < shape.height.mm + told_mm < 222
    assert shape.width / shape.height == pytest.approx(31 / 60, abs=0.001)


def test_a_table_repeats_its_header_and_cuts_no_row(tmp_path: Path) -> None:
    table = written(tmp_path, TABLE).tables[0]
    rows = table._tbl.tr_lst
    assert [row.trPr.find(qn("w:tblHeader")) is not None for row in rows] == [True, False, False]
    assert all(row.trPr.find(qn("w:cantSplit")) is not None for row in rows)
    assert table.autofit is False
    widths = [column.width.mm for column in table.columns]
    assert sum(widths) == pytest.approx(156, abs=0.1)
    assert widths[0] == pytest.approx(2 * widths[1], abs=0.1)
    sides = [[str(cell.paragraphs[0].alignment) for cell in row.cells] for row in table.rows]
    assert sides == [["CENTER (1)"] * 2, ["LEFT (0)", "RIGHT (2)"], ["LEFT (0)", "RIGHT (2)"]]


def test_what_is_wide_lies_across_and_the_text_goes_on_upright(tmp_path: Path) -> None:
    wide = (replace(TABLE, wide=True), replace(PICTURE, wide=True))
    word = written(tmp_path, Paragraph("前"), PageBreak(), *wide, PageBreak(), Paragraph("后"), PageBreak())
    kinds = [(section.orientation, round(section.page_width.mm)) for section in word.sections]
    across, upright = (WD_ORIENT.LANDSCAPE, 297), (WD_ORIENT.PORTRAIT, 210)
    assert kinds == [upright, across, upright]
    turned = word.sections[1]
    sides = (turned.top_margin, turned.right_margin, turned.bottom_margin, turned.left_margin)
    assert [round(side.mm) for side in sides] == [28, 35, 26, 37]
    assert word.inline_shapes[0].width.mm <= 225.1
    assert word.inline_shapes[0].height.mm <= 156
    assert not list(word.element.body.iter(qn("w:pageBreakBefore"))), (
        "a section begins a page: a break beside it would leave an empty one"
    )
    assert [style for style, _ in parts(word)].count("Gap") == 3


def test_a_document_that_begins_across_has_one_section(tmp_path: Path) -> None:
    word = written(tmp_path, replace(TABLE, wide=True), titled=False)
    assert [section.orientation for section in word.sections] == [WD_ORIENT.LANDSCAPE]


def test_a_break_comes_before_what_follows(tmp_path: Path) -> None:
    form = Form("", (("甲", "乙"),))
    word = written(
        tmp_path, PageBreak(), Heading(1, "一页"), form, PageBreak(), PageBreak(), form, PageBreak(), titled=False
    )
    told = [(p.style.style_id, bool(p.paragraph_format.page_break_before)) for p in word.paragraphs]
    assert told == [("Heading1", False), ("Gap", False), ("Gap", True), ("Gap", False)]


def test_a_form_has_two_pairs_a_row_and_room_for_a_pen(tmp_path: Path) -> None:
    form = Form("登记表", (("依托", "街道"), ("产权", "市"), ("面积", "")), (("意见", "同意\n\n签字"), ("备注", "")))
    table = written(tmp_path, form).tables[0]
    texts = [[cell.text for cell in dict.fromkeys(row.cells)] for row in table.rows]
    assert texts == [["依托", "街道", "产权", "市"], ["面积", ""], ["意见", "同意\n\n签字"], ["备注", ""]]
    heights = [row.height.mm for row in table.rows]
    assert heights[0] == heights[2] < heights[1] == heights[3]


def test_form_height_is_that_of_its_rows() -> None:
    one = form_mm(Form("", (("甲", "乙"),)), "zh")
    assert form_mm(Form("", (("甲", "乙"),) * 4), "zh") == pytest.approx(2 * one)
    assert form_mm(Form("", (("甲", "乙" * 300),)), "zh") > 5 * one
    assert lines_of("字" * 10 + "\n" + "字", 100, STYLES["zh"]["Cell"]) == 2


def test_paragraphs_differ_by_kind(tmp_path: Path) -> None:
    lines = (Paragraph("body"), Paragraph("note", "note"), Paragraph("quote", "quote"), Paragraph("right", "right"))
    told = parts(written(tmp_path, *lines))
    assert told == [
        ("Title", "布局方案"), ("Subtitle", "（征求意见稿）"),
        ("Text", "body"), ("Note", "note"), ("Clause", "quote"), ("Signature", "right"),
    ]  # fmt: skip


# ---- the file ----


def test_the_file_says_what_it_is_and_carries_the_data_date_alone(tmp_path: Path) -> None:
    about = written(tmp_path, title="题\x00" * 300).core_properties
    assert about.title == ("题" * 255)
    assert (about.author, about.last_modified_by, about.revision, about.comments) == ("市人社局", "市人社局", 1, "")
    assert about.created.replace(tzinfo=None) == about.modified.replace(tzinfo=None) == dt.datetime(2026, 6, 30)  # noqa: DTZ001
    with zipfile.ZipFile(tmp_path / "a.docx") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(2026, 6, 30, 0, 0, 0)}


def test_the_same_document_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    same = document(Heading(1, "题"), TABLE, PICTURE, replace(TABLE, wide=True), Paragraph("文"))
    write_docx(tmp_path / "a.docx", same)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 40_000_000)
    write_docx(tmp_path / "b.docx", same)
    assert (tmp_path / "a.docx").read_bytes() == (tmp_path / "b.docx").read_bytes()


# ---- names are data ----

HOSTILE = (
    "<w:p/>&lt;]]>", "${x}`{{y}}", "{ PAGE }", 'HYPERLINK "http://x"', "=1+1", "\u202eabc\u202c", "a\u200fb\u2066c",
    "שלום 12", "مرحبا بالعالم 3 人", "\ud800\udfff", "\x00\x07\x1b[31m\x85", "😀👩‍👩‍👧", "甲" * 300, "x" * 300,
    "一\t二\r\n三\r四", "\ufffe\uffff\ufeff", "\u2028 \u2029", "",
)  # fmt: skip
texts = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(), max_size=30))


def visible(text: str) -> str:
    """What is seen of a text: no control characters, no marks of direction, no kinds of blanks and line ends."""
    steering = {0x61C, 0x200E, 0x200F, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}
    kept = "".join(
        "\ufffd" if 0xD800 <= ord(c) <= 0xDFFF or ord(c) in {0xFFFE, 0xFFFF} else c
        for c in text
        if ord(c) not in steering and (c.isspace() or not (ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0))
    )
    return re.sub(r"\s+", "", kept)


@settings(max_examples=12, deadline=None)
@given(st.lists(texts, min_size=4, max_size=4), st.sampled_from(["zh", "en"]))
@example(list(HOSTILE[:4]), "zh")
@example(list(HOSTILE[4:8]), "en")
@example(list(HOSTILE[8:12]), "zh")
@example(list(HOSTILE[12:16]), "en")
@example(list(HOSTILE[14:18]), "zh")
def test_every_text_is_read_back_as_it_is_seen(names: list[str], language: Language) -> None:
    a, b, c, d = names
    blocks = (
        Heading(2, a),
        Paragraph(b),
        Table(c, (a, b), ((c, d),), (1, 1), notes=(d,)),
        Form(a, ((b, c),), ((d, a),)),
        replace(PICTURE, caption=b, alt=c),
    )
    with tempfile.TemporaryDirectory() as folder:
        word = written(Path(folder), *blocks, language=language, title=d, subtitle=a, footer=b, maker=c)
        with zipfile.ZipFile(Path(folder) / "a.docx") as archive:
            body = archive.read("word/document.xml").decode()
    number = heading_number(2, [0, 1, 0, 0], language)
    seen = [d, a, number + a, b, c, a + b + c + d, d, a, b + c + d + a, b]
    found = [text for _, text in parts(word)]
    assert "".join(map(visible, found)).replace("|", "") == "".join(map(visible, seen)).replace("|", "")
    assert visible(word.sections[0].footer.paragraphs[-1].text) == (visible(b) if b else "——")
    assert not re.search("<w:(instrText|fldSimple|fldChar|hyperlink|sdt)[ >]", body), "a name became a field"
    assert not re.search("[\u061c\u200f\u202a-\u202e\u2066-\u2069]", body)


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("שלום 12 人", "שלום\u200e 12 人"),
        ("中心 שלום עולם（5）", "中心 שלום עולם\u200e（5）"),
        ("مرحبا-3-مرحبا", "مرحبا-3-مرحبا\u200e"),
    ],
)
def test_a_right_to_left_name_turns_itself_alone(tmp_path: Path, text: str, held: str) -> None:
    """Figures after such letters would stand before them (Unicode bidirectional algorithm, rule W2 and N1)."""
    assert parts(written(tmp_path, Paragraph(text), titled=False)) == [("Text", held)]


# ---- many pictures, far dates ----


def test_an_image_is_held_once_and_every_picture_has_an_id_of_its_own(tmp_path: Path) -> None:
    other = replace(PICTURE, png=png(5, 5))
    word = written(tmp_path, PICTURE, other, PICTURE)
    shown = word.element.body.xpath("//wp:inline")
    assert [one.docPr.id for one in shown] == [1, 2, 3]
    embedded = [one.xpath(".//a:blip/@r:embed")[0] for one in shown]
    assert [word.part.related_parts[key].blob for key in embedded] == [PICTURE.png, other.png, PICTURE.png]
    with zipfile.ZipFile(tmp_path / "a.docx") as held:
        assert len([name for name in held.namelist() if name.startswith("word/media/")]) == 2


def test_looking_at_pictures_grows_with_their_number_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """python-docx would look through all of the document for the id of each picture."""
    monkeypatch.setattr(docx.parts.document.DocumentPart, "next_id", property(lambda _: pytest.fail("looked through")))
    written(tmp_path, *[replace(PICTURE, png=png(2 + k, 2)) for k in range(3)])


@pytest.mark.parametrize(("year", "told"), [(1, 1980), (1979, 1980), (2026, 2026), (2107, 2107), (2150, 2107)])
def test_any_date_can_be_written(tmp_path: Path, year: int, told: int) -> None:
    written(tmp_path, Paragraph("正文"), date=dt.date(year, 6, 30))
    with zipfile.ZipFile(tmp_path / "a.docx") as held:
        assert {(entry.date_time, entry.create_system) for entry in held.infolist()} == {((told, 6, 30, 0, 0, 0), 3)}
