"""What the number formats of a workbook show: a date, a percentage, and how many decimals."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

Shows = Literal["general", "text", "number", "percent", "date"]

_DATES = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
"""Numbers of the formats of dates and times that a workbook need not spell out; those from 27 on in Chinese."""

_BUILT_IN: Mapping[int, str] = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 49: "@",
}  # fmt: skip
_QUOTED = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_GENERAL = re.compile(r"general|g/通用格式|", re.IGNORECASE)
_DATE = re.compile("[ymdhs年月日]", re.IGNORECASE)
_DECIMALS = re.compile(r"[.]([0#?]*)")

_INSIDE = rb"""(?:[^<>"']|"[^"]*"|'[^']*')*?"""
_STYLES = re.compile(rb"<((?:[\w.-]+:)?)styleSheet\b" + _INSIDE + rb">")
_CELL_STYLES = re.compile(rb"(<((?:[\w.-]+:)?)cellXfs\b" + _INSIDE + rb">)(.*?)(</\2cellXfs>)", re.DOTALL)
_STYLE = re.compile(rb"<((?:[\w.-]+:)?)xf\b" + _INSIDE + rb"(?:/>|>.*?</\1xf\s*>)", re.DOTALL)
_CODES = re.compile(rb"(<(?:[\w.-]+:)?numFmts\b" + _INSIDE + rb">)(?<!/>)")
_NO_CODES = re.compile(rb"<(?:[\w.-]+:)?numFmts\b" + _INSIDE + rb"/>")
_NUMBER = re.compile(rb"""numFmtId\s*=\s*["']([0-9]+)["']""")
_SETS = re.compile(rb"""\s(?:numFmtId|applyNumberFormat)\s*=\s*(?:"[^"]*"|'[^']*')""")
_COUNT = re.compile(rb"""\scount\s*=\s*(?:"[^"]*"|'[^']*')""")
_FIRST_OWN = 200
"""Formats of a workbook's own have numbers from 164 on; Excel and WPS begin there or a little later."""


@dataclass(frozen=True)
class CellFormat:
    """What a number format shows; `decimals` is None where the number itself decides."""

    shows: Shows = "general"
    decimals: int | None = None


def read_formats(styles: bytes) -> tuple[CellFormat, ...]:
    """Return what each style of a workbook shows, by the number of the style.

    Raises
    ------
    ValueError
        If the XML is broken or has a DTD.
    """
    if b"<!DOCTYPE" in styles:
        raise ValueError(styles[:100])
    try:
        root = ET.fromstring(styles)  # noqa: S314  (without a DTD nothing can grow)
    except ET.ParseError as error:
        raise ValueError(str(error)) from error
    codes = {int(tag.get("numFmtId", "0")): tag.get("formatCode", "") for tag in root.iter() if _is(tag, "numFmt")}
    cells = next((tag for tag in root.iter() if _is(tag, "cellXfs")), None)
    numbers = [] if cells is None else [int(tag.get("numFmtId", "0")) for tag in cells if _is(tag, "xf")]
    return tuple(_format(number, codes) for number in numbers)


def _is(tag: ET.Element, name: str) -> bool:
    return tag.tag.rpartition("}")[2] == name


def _format(number: int, codes: Mapping[int, str]) -> CellFormat:
    if number not in codes and number in _DATES:
        return CellFormat("date")
    return shown_by(codes.get(number, _BUILT_IN.get(number, "General")))


def shown_by(code: str) -> CellFormat:
    """Return what a format such as ``0.0%`` or ``yyyy"年"m"月"`` shows, by its part for positive numbers."""
    bare = _QUOTED.sub("", code).partition(";")[0].strip()
    if bare == "@" or _GENERAL.fullmatch(bare):
        return CellFormat("text" if bare == "@" else "general")
    found = _DECIMALS.search(bare)
    decimals = len(found[1]) if found else 0
    if "%" in bare:
        return CellFormat("percent", decimals)
    return CellFormat("date") if _DATE.search(bare) else CellFormat("number", decimals)


def takes_percent(styles: bytes) -> bool:
    """Whether `with_percent` can add styles to a workbook."""
    try:
        with_percent(styles, {0})
    except ValueError:
        return False
    return True


def with_percent(styles: bytes, wanted: Collection[int]) -> tuple[bytes, dict[int, int]]:
    """Add styles that show ``0.0%`` and are in all else as others are, as Excel does when somebody types 89.9%.

    Parameters
    ----------
    styles
        The part of a workbook.
    wanted
        Numbers of the styles that are to be had so.

    Returns
    -------
    styles, number
        The part, and the number of the new style for each.

    Raises
    ------
    ValueError
        If the part is not written as Excel, WPS and LibreOffice write it.
    """
    root, cells = _STYLES.search(styles), _CELL_STYLES.search(styles)
    known = [] if cells is None else list(_STYLE.finditer(cells[3]))
    if root is None or cells is None or len(known) != len(read_formats(styles)) or max(wanted, default=0) >= len(known):
        raise ValueError(styles[:100])
    code = max(_FIRST_OWN, *(int(found[1]) + 1 for found in _NUMBER.finditer(styles)))
    added = []
    for number in sorted(wanted):
        style = known[number][0]
        name = re.match(rb"<[\w.:-]+", style)
        start = len(name[0]) if name else 0
        end = style.index(b">") if b">" in style else len(style)
        sets = b' numFmtId="%d" applyNumberFormat="1"' % code
        added.append(style[:start] + sets + _SETS.sub(b"", style[start:end]) + style[end:])
    first = _COUNT.sub(b"", cells[1])
    body = first + cells[3] + b"".join(added) + cells[4]
    changed = styles[: cells.start()] + body + styles[cells.end() :]
    one = b'<%snumFmt numFmtId="%d" formatCode="0.0%%"/>' % (root[1], code)
    return _with_code(changed, root, one), {old: len(known) + at for at, old in enumerate(sorted(wanted))}


def _with_code(styles: bytes, root: re.Match[bytes], code: bytes) -> bytes:
    """Add a format to those of a workbook; they stand first."""
    held = _CODES.search(styles)
    if held is not None:
        return styles[: held.start()] + _COUNT.sub(b"", held[0]) + code + styles[held.end() :]
    whole = b"<" + root[1] + b"numFmts>" + code + b"</" + root[1] + b"numFmts>"
    bare = _NO_CODES.search(styles)
    start, end = (root.end(), root.end()) if bare is None else bare.span()
    return styles[:start] + whole + styles[end:]
