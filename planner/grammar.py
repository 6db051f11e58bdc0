"""The one grammar in which the cells of tables are read, and what cells must not hold.

The grammar is strict on purpose: ASCII digits only, so that ``1_000``, ``nan``, ``1e999`` or full-width digits,
which Python's own ``int`` and ``float`` accept, are faults and never figures. A fault says what to write.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from planner.columns import LARGEST_WHOLE, MOST, nearest

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from planner.columns import Column

Value: TypeAlias = "str | int | float | Decimal | dt.date | None"

CODES = ("demand_id", "site_id", "unit_id")
"""Columns of a contract that hold codes."""


@dataclass(frozen=True)
class Wrong:
    """A cell that breaks the grammar: code of the fault and what its words quote."""

    code: str
    values: Mapping[str, object] = field(default_factory=dict, hash=False)


# --- cells -----------------------------------------------------------------------------------------------------

_SMALL_WHOLE = re.compile(r"0*([0-9]{1,13})(?:\.0+)?")
_WHOLE = re.compile(r"[0-9]+(?:\.0+)?")
_NEGATIVE = re.compile(r"-[0-9]+(?:\.[0-9]+)?")
_FRACTION = re.compile(r"[0-9]+\.[0-9]+")
_DEGREES = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,20})?)(%)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

_LOOSE = re.compile(
    r"(?:约|大约|近)?([0-9]{1,3}(?:[,，_][0-9]{3})+|[0-9]{1,13}(?:\.[0-9]{1,6})?)(万)?"
    r"(?:余|多|左右)?(?:人|元|户|名|个|家|口)?(?:左右|以上)?"
)
_SEXAGESIMAL = re.compile(r"""([0-9]{1,3})[°度]([0-9]{1,2})['分](?:([0-9]{1,2}(?:\.[0-9]{1,6})?)(?:"|''|秒))?""")
_LOOSE_DATE = re.compile(
    r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?(?:0?0:00(?::00)?)?|([0-9]{4})([0-9]{2})([0-9]{2})"
)
# What Excel shows in a cell whose formula fails, or whose formula was never calculated.
_EXCEL_ERROR = re.compile(r"#(?:REF!|N/A|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|FIELD!|GETTING_DATA)")
_ROUNDED_CODE = re.compile(r"[0-9](?:\.[0-9]+)?[Ee]\+[0-9]{1,2}")
_DECIMAL_END = re.compile(r"\.0+$")
_LONG_CODE = re.compile("[0-9]{6,18}")
# What people write where there is nothing to say; √ and ○ are no such signs.
_NOTHING = re.compile(
    r"[-—–_/\\|.。、*·~?×]+|无|没有|暂无|暂缺|否|未定|待定|不详|未知|n/a|none|null|nan|nil", re.IGNORECASE
)
_MARKED_CODE = re.compile(r"'([0-9]+)|=\"([0-9]+)\"")

_ID_NUMBER = re.compile(r"(?<![0-9.])[1-9][0-9]{5}((?:18|19|20)[0-9]{2})([0-9]{2})([0-9]{2})[0-9]{3}[0-9Xx](?![0-9])")
_MOBILE = re.compile(r"(?<![0-9.])(?:86)?1[3-9][0-9]{9}(?![0-9])")
_BARE_NUMBER = re.compile(r"[A-Za-z_/.:#-]*[0-9]+")
_WIDE_DIGIT = re.compile("[０-９Ｘｘ]")
_PLAIN_DIGITS = str.maketrans("０１２３４５６７８９Ｘｘ", "0123456789Xx")
_LONGEST_QUOTE = 40


def _read_whole(text: str) -> Value | Wrong:
    if match := _SMALL_WHOLE.fullmatch(text):
        return int(match[1])
    for pattern, code in ((_WHOLE, "cell_too_large"), (_NEGATIVE, "cell_negative"), (_FRACTION, "cell_fraction")):
        if pattern.fullmatch(text):
            return Wrong(code, {"text": quoted(text)})
    return _near(text, _meant_whole(text), "cell_number", "cell_number_near")


def _within(value: Value | Wrong, unit: str, text: str) -> Value | Wrong:
    """Refuse a figure that no row can hold."""
    if not isinstance(value, int) or value <= MOST.get(unit, value):
        return value
    values = {"text": quoted(text), "most": MOST[unit]}
    return Wrong("people_beyond", values) if unit == "people" else Wrong("yuan_beyond", values)


def _read_degrees(text: str) -> Value | Wrong:
    if _DEGREES.fullmatch(text):
        return float(text)
    return _near(text, _meant_degrees(text), "cell_degrees", "cell_degrees_near")


def _read_share(text: str) -> Value | Wrong:
    """Read a share as 0.9284 or 92.84%; 92.84 alone is not taken for either."""
    match = _SHARE.fullmatch(text)
    share = None if match is None else Decimal(match[1]) / (100 if match[2] else 1)
    return share if share is not None and share <= 1 else Wrong("cell_share", {"text": quoted(text)})


def _read_date(text: str) -> Value | Wrong:
    try:
        return dt.date.fromisoformat(_DATE.fullmatch(text)[0])  # type: ignore[index]
    except (TypeError, ValueError):
        return _near(text, _meant_date(text), "cell_date", "cell_date_near")


def _near(text: str, meant: str, code: str, near: str) -> Wrong:
    """Say what is wrong with a figure, and what to write where that can be told."""
    return Wrong(near, {"text": quoted(text), "meant": meant}) if meant else Wrong(code, {"text": quoted(text)})


def plain(text: str) -> str:
    """Return `text` with half-width signs and without spaces."""
    if text.isascii():  # as most cells are, and normalised already
        return "".join(text.split())
    return "".join(unicodedata.normalize("NFKC", text).split())


def says_nothing(text: str) -> bool:
    """Whether people write `text` where there is nothing to say: 无, a dash, N/A."""
    return _NOTHING.fullmatch(plain(text)) is not None


def _meant_whole(text: str) -> str:
    """Return the number that 约1200人, １２００, 1,200 or 1.2万 seems to mean, empty where none does."""
    match = _LOOSE.fullmatch(plain(text))
    if not match:
        return ""
    digits = match[1].replace(",", "").replace("，", "").replace("_", "")
    number = Decimal(digits) * (10_000 if match[2] else 1)
    return f"{number:f}".partition(".")[0] if number == int(number) and number <= LARGEST_WHOLE else ""


def _meant_degrees(text: str) -> str:
    """Return the degrees that 东经117.03°, full-width digits or 117°01′48″ seem to mean."""
    found = re.sub("[东北]?[经纬]度?|[EN]", "", plain(text.replace("″", '"')))
    found = found.replace("′′", '"').replace("′", "'").replace("”", '"').replace("’", "'")
    if match := _SEXAGESIMAL.fullmatch(found):
        degrees, minutes, seconds = (Decimal(part or 0) for part in match.groups())
        return f"{degrees + minutes / 60 + seconds / 3600:.6f}"
    found = found.removesuffix("°").removesuffix("度")
    return found if _DEGREES.fullmatch(found) else ""


def _meant_date(text: str) -> str:
    """Return the day that 2026/6/30, 2026.6.30, 2026年6月30日 or 20260630 seems to mean."""
    match = _LOOSE_DATE.fullmatch(plain(text))
    if not match:
        return ""
    try:
        return dt.date(*map(int, filter(None, match.groups()))).isoformat()
    except ValueError:
        return ""


def _read_choice(text: str, choices: Mapping[str, str]) -> Value | Wrong:
    if text in choices:
        return choices[text]
    words = [choice for choice in choices if not choice.isdecimal()]
    english = [word for word in words if word.isascii()] or words
    shown = {"zh": [word for word in words if not word.isascii()], "en": english}
    listed = {language: " / ".join(known) for language, known in shown.items()}
    return Wrong("cell_choice", {"text": quoted(text), "choices": listed})


def type_names(text: str, known: Container[str]) -> list[str]:
    """Split a text with facility types at ``;``, and at 、 , or / where that gives one that is known."""
    names = []
    for name in filter(None, map(str.strip, re.split("[;；]", text))):
        parts = [part for part in map(str.strip, re.split("[、，,/]", name)) if part]
        names += parts if name not in known and any(part in known for part in parts) else [name]
    return names


def _read_types(text: str, choices: Mapping[str, str]) -> Value | Wrong:
    names = type_names(text, choices)
    for name in names:
        if not choices.get(name):
            known, near = " / ".join(one for one in choices if choices[one]), nearest(name, choices)
            code = "cell_type_several" if name in choices else "cell_type_near" if near else "cell_type"
            return Wrong(code, {"text": quoted(name), "nearest": near, "known": known})
    return ";".join(dict.fromkeys(choices[name] for name in names))


_READERS = {
    "whole": _read_whole, "money": _read_whole, "share": _read_share, "lon": _read_degrees, "lat": _read_degrees,
    "date": _read_date,
}  # fmt: skip


# Where a word for nothing is an empty cell; a date that is open (未定) is none that is not there.
_EMPTIED = {"text", "whole", "money", "share", "lon", "lat"}


def spoilt(text: str) -> Wrong | None:
    """Say which error of Excel stands in a cell in place of its value."""
    return Wrong("cell_error", {"text": text}) if text[:1] == "#" and _EXCEL_ERROR.fullmatch(text) else None


def _spoilt_code(text: str) -> Wrong | None:
    """Say how Excel spoilt a code."""
    if _ROUNDED_CODE.fullmatch(text):
        return Wrong("code_rounded", {"text": text})
    if marked := _MARKED_CODE.fullmatch(text):
        return Wrong("code_marked", {"meant": quoted(marked[1] or marked[2])})
    meant = _DECIMAL_END.sub("", plain(text))
    if meant != text and _LONG_CODE.fullmatch(meant):
        return Wrong("code_form", {"text": quoted(text), "meant": quoted(meant)})
    return None


def read_cell(column: Column, text: str) -> Value | Wrong:
    """Read one cell.

    Parameters
    ----------
    column
        Whose grammar applies.
    text
        The cell, stripped.

    Returns
    -------
    value
        ``str`` for text, choices and types (``;`` between), ``int`` for people and money, ``Decimal`` for shares,
        ``float`` for degrees, ``datetime.date`` for dates; an empty cell is an empty text or None, and so is 无 or a
        dash in place of a figure, or where text need not stand; `Wrong` where the grammar is broken.
    """
    if wrong := spoilt(text) or (_spoilt_code(text) if column.name in CODES else None):
        return wrong
    if column.kind in _EMPTIED and not (column.kind == "text" and column.filled) and says_nothing(text):
        return "" if column.kind == "text" else None
    if not text or column.kind == "text":
        return text if column.kind in {"text", "choice", "types"} else None
    if text[0] == "=":
        return Wrong("cell_formula")
    if column.kind in {"choice", "types"}:
        return (_read_types if column.kind == "types" else _read_choice)(text, column.choices)
    return _within(_READERS[column.kind](text), column.unit, text)


def masked(text: str) -> str:
    """Return `text` without anything that looks like personal data."""
    return _hidden(_MOBILE, _hidden(_ID_NUMBER, text))


def quoted(text: str) -> str:
    """Return `text` as a fault may quote it: short, and without anything that looks like personal data."""
    hidden = masked(text)
    return hidden if len(hidden) <= _LONGEST_QUOTE else hidden[: _LONGEST_QUOTE - 1] + "…"


# --- personal data -----------------------------------------------------------------------------------------------


def _hidden(pattern: re.Pattern[str], text: str) -> str:
    """Return `text` without what `pattern` finds in it, full-width digits or plain ones; the rest stays as it is."""
    for match in reversed(list(pattern.finditer(_half_width(text)))):
        text = f"{text[: match.start()]}●●●{text[match.end() :]}"
    return text


def _half_width(text: str) -> str:
    """Return `text` with plain digits, where it has full-width ones."""
    return text.translate(_PLAIN_DIGITS) if _WIDE_DIGIT.search(text) else text


def _is_id_number(match: re.Match[str]) -> bool:
    digits = match[0].upper()
    try:
        dt.date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return False
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(digits[:17]))
    return "10X98765432"[total % 11] == digits[17]


def holds_id_number(text: str) -> bool:
    """Whether `text` holds a citizen's ID number: 18 characters with a real date and the right check digit."""
    return any(map(_is_id_number, _ID_NUMBER.finditer(_half_width(text))))


def holds_mobile_number(text: str) -> bool:
    """Whether `text` holds a Chinese mobile number: 11 digits from 13 to 19, with or without 86 before them."""
    return _MOBILE.search(_half_width(text)) is not None


def is_bare_number(text: str) -> bool:
    """Whether `text` is one figure, with nothing but ASCII signs of an id before it (``node/13812345678``)."""
    return _BARE_NUMBER.fullmatch(_half_width(text)) is not None
