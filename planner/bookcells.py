"""The grammar of a scenario workbook's cells: what a cell holds -> the value of a key, and back.

A cell is read as strictly as a cell of a table. An empty one is a key that is not written. What the plain forms cannot
say (a text with a leading space, an empty list) is written as in TOML: a text in double quotes, a list in brackets, a
map in braces. A value is written in the plainest form that reads back as exactly the same value.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from planner.bookkeys import choice_label, folded
from planner.columns import Column
from planner.grammar import Wrong, holds_id_number, plain, quoted, read_cell, spoilt
from planner.sources import strip
from planner.words import LANGUAGES

if TYPE_CHECKING:
    from planner.bookkeys import Key, Kind
    from planner.terms import Language

Cell: TypeAlias = "str | int | float | bool | dt.date"

NO_ENTRIES, NO_KEYS = "[]", "{}"
"""What says in the first cell of a row that a list of entries, in a cell of a table that this is written and empty."""

EMPTY_TABLE: Mapping[str, Any] = {}
"""What `NO_KEYS` is read as."""

LONGEST = 32_767
"""Characters that a cell of Excel holds."""

_EXCEL_EXACT = 10**15
_EXCEL_DIGITS = ".15g"
_FIRST_DATE = dt.date(1900, 3, 1)  # Excel takes 1900 for a leap year
_MOST_DIGITS = 40

_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
_FREE_WHOLE = re.compile(r"0|-?[1-9][0-9]*")
_FREE_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+")
_PERCENT = re.compile(r"([0-9]+(?:\.[0-9]+)?)%")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PARTS = re.compile(r"[;；\n]")
_PAIR = re.compile(r"[=＝]")
_SPACES_KEPT = "\u3000\xa0"
_ESCAPED_BY_EXCEL = re.compile(r"_x[0-9A-Fa-f]{4}")

_FLAGS = {"是": True, "yes": True, "true": True, "否": False, "no": False, "false": False}
SHOWN_FLAGS: Mapping[str, tuple[str, str]] = {"zh": ("是", "否"), "en": ("yes", "no")}
_WHOLE_COLUMN, _DATE_COLUMN = Column("", "whole", ""), Column("", "date", "")


def _wrong(code: str, cell: object, **values: object) -> Wrong:
    return Wrong(code, {"text": quoted(shown(cell)), **values})


def shown(cell: object) -> str:
    """Return a cell as Excel shows it without a format of its own."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return format(Decimal(format(cell, _EXCEL_DIGITS)), "f")
    return cell.isoformat() if isinstance(cell, dt.date | dt.time) else str(cell)


# --- TOML in a cell --------------------------------------------------------------------------------------------


def from_toml(text: str) -> Any:
    """Return the value that a text is in TOML; `Wrong` where it is none."""
    try:
        found = tomllib.loads(f"x = {text}", parse_float=Decimal)
    except (tomllib.TOMLDecodeError, ValueError, RecursionError):
        return _wrong("book_toml", text)
    return found["x"] if len(found) == 1 else _wrong("book_toml", text)


def to_toml(value: Any) -> str:
    """Return a value on one line of TOML, with everything escaped that Excel would change."""
    if isinstance(value, str):
        text = "".join(map(_escaped, json.dumps(value, ensure_ascii=False)))
        return _ESCAPED_BY_EXCEL.sub(lambda found: "\\u005f" + found[0][1:], text)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{toml_key(key)} = {to_toml(inner)}' for key, inner in value.items())}}}"
    if isinstance(value, Sequence):
        return f"[{', '.join(map(to_toml, value))}]"
    return _decimal_text(value) if isinstance(value, Decimal) else str(value)


def toml_key(name: str) -> str:
    """Return a key as TOML writes it, in quotes where it must be."""
    return name if _BARE.fullmatch(name) else to_toml(name)


def _escaped(letter: str) -> str:
    return letter if letter.isprintable() or letter in _SPACES_KEPT else f"\\U{ord(letter):08x}"


def _decimal_text(value: Decimal) -> str:
    text = str(value)
    if not value.is_finite():
        return text.lower().replace("infinity", "inf")
    return text if "." in text or "E" in text else text + "E+0"


# --- reading ---------------------------------------------------------------------------------------------------


def _read_text(_key: Key, cell: Cell) -> Any:
    if not isinstance(cell, str):
        return _wrong("book_not_text", cell)
    if cell == NO_ENTRIES:
        return _wrong("book_toml", cell)
    return _one_string(cell) if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell


def _one_string(text: str) -> str:
    """Return the one string of TOML that a text is; the text itself where it is none: people quote words, too."""
    found = from_toml(f"[{text}]")  # within a list nothing after the string can be a comment
    return found[0] if isinstance(found, list) and len(found) == 1 and isinstance(found[0], str) else text


def _read_whole(_key: Key, cell: Cell) -> Any:
    found = _read_number(_key, cell)
    if isinstance(found, Decimal) and isinstance(cell, str):
        return read_cell(_WHOLE_COLUMN, cell)
    if isinstance(found, Decimal):
        return _wrong("cell_fraction", cell)
    return found


def _read_float(cell: float) -> Any:
    """Read a number of Excel, which keeps 15 digits: 0.1 + 0.2 is 0.3 there."""
    if abs(cell) >= _EXCEL_EXACT:
        return _wrong("book_digits", cell)
    return int(cell) if cell.is_integer() else Decimal(format(cell, _EXCEL_DIGITS))


def _read_number(_key: Key, cell: Cell) -> Any:
    if isinstance(cell, float):
        return _read_float(cell)
    if not isinstance(cell, str):
        return _wrong("cell_number", cell)
    if len(cell) > _MOST_DIGITS:
        return _wrong("cell_too_large", cell)
    if _WHOLE.fullmatch(cell):
        return int(cell)
    if _NUMBER.fullmatch(cell):
        return Decimal(cell)
    return _near_number(cell)


def _near_number(text: str) -> Any:
    """Say what is wrong with a number, and what to write where that can be told."""
    near = plain(text)
    if percent := _PERCENT.fullmatch(near):
        near = format(Decimal(percent[1]) / 100, "f")
    if _NUMBER.fullmatch(near):
        return _wrong("cell_number_near", text, meant=near)
    found = read_cell(_WHOLE_COLUMN, text)
    return found if isinstance(found, Wrong) else _wrong("cell_number", text)


def _read_flag(_key: Key, cell: Cell) -> Any:
    found = cell if isinstance(cell, bool) else _FLAGS.get(str(cell).casefold())
    return (
        _wrong("cell_choice", cell, choices={language: " / ".join(flags) for language, flags in SHOWN_FLAGS.items()})
        if found is None
        else found
    )


def _read_date(_key: Key, cell: Cell) -> Any:
    if isinstance(cell, dt.datetime):
        return cell.date() if cell.time() == dt.time() else _wrong("cell_date", cell)
    if isinstance(cell, dt.date):
        return cell
    return read_cell(_DATE_COLUMN, cell) if isinstance(cell, str) else _wrong("cell_date", cell)


def _read_choice(key: Key, cell: Cell) -> Any:
    known = {folded(choice_label(key, choice, language)): choice for choice in key.choices for language in LANGUAGES}
    known |= {folded(choice): choice for choice in key.choices}
    found = known.get(folded(cell)) if isinstance(cell, str) else None
    names = {language: " / ".join(choice_label(key, one, language) for one in key.choices) for language in LANGUAGES}
    return _wrong("cell_choice", cell, choices=names) if found is None else found


def _read_texts(key: Key, cell: Cell) -> Any:
    if not isinstance(cell, str):
        return _wrong("book_not_text", cell)
    if cell.startswith("["):
        found = from_toml(cell)
        listed = isinstance(found, list) and all(isinstance(part, str) for part in found)
        return found if listed or isinstance(found, Wrong) else _wrong("book_toml", cell)
    names = [name for part in _PARTS.split(cell) if (name := strip(part))]
    chosen = [_read_choice(key, name) for name in names] if key.choices else names
    return next((choice for choice in chosen if isinstance(choice, Wrong)), chosen)


def _read_map(key: Key, cell: Cell) -> Any:
    if not isinstance(cell, str):
        return _wrong("book_pair", cell)
    if cell.startswith("{"):
        return from_toml(cell.replace("\n", " "))
    found: dict[str, Any] = {}
    for part in filter(None, map(strip, _PARTS.split(cell))):
        pair = _PAIR.split(part, maxsplit=1)
        name = _unquoted(strip(pair[0]))
        value = _read_pair_value(key, strip(pair[1])) if len(pair) > 1 else None
        if wrong := next((item for item in (name, value) if isinstance(item, Wrong)), None):
            return wrong
        if value is None or not name:
            return _wrong("book_pair", part)
        if name in found:
            return _wrong("book_pair_twice", part, name=name)
        found[name] = value
    return found


def _unquoted(text: str) -> Any:
    return from_toml(text) if text.startswith('"') else text


def _read_pair_value(key: Key, text: str) -> Any:
    """Read a value of a map: as its kind says, or, where any may stand, as the kind that it looks like."""
    if not text:
        return None
    if text.startswith('"') and key.inner in {"text", "toml"}:
        return from_toml(text)
    if key.inner != "toml":
        return text if key.inner == "text" else _READERS[key.inner](key, text)
    if text in {"true", "false"} or _FREE_WHOLE.fullmatch(text) or _FREE_NUMBER.fullmatch(text):
        return from_toml(text)
    return from_toml(text) if text[0] in "[{" or _DATE.fullmatch(text) else text


def _read_toml(_key: Key, cell: Cell) -> Any:
    return from_toml(shown(cell).lower() if isinstance(cell, bool) else shown(cell))


_READERS: Mapping[Kind, Callable[[Key, Cell], Any]] = {
    "text": _read_text, "whole": _read_whole, "number": _read_number, "flag": _read_flag, "date": _read_date,
    "choice": _read_choice, "texts": _read_texts, "map": _read_map, "toml": _read_toml,
}  # fmt: skip


def read_value(key: Key, cell: Cell) -> Any:
    """Read the cell of a key.

    Parameters
    ----------
    key
        Whose grammar applies.
    cell
        What the cell holds, not empty; a text is stripped.

    Returns
    -------
    value
        As `tomllib` gives it, with numbers as int or Decimal; `EMPTY_TABLE` where the cell says that the table of the
        key is written with nothing in it; `Wrong` where the grammar is broken.
    """
    if isinstance(cell, str):
        if cell == NO_KEYS and len(key.path) > 1 and key.kind != "map":
            return EMPTY_TABLE
        if wrong := spoilt(cell) or (_wrong("personal_id", "") if holds_id_number(cell) else None):
            return wrong
    return _READERS[key.kind](key, cell)


# --- writing ---------------------------------------------------------------------------------------------------


def _forms(key: Key, value: Any, language: Language) -> Iterable[Cell]:
    """Forms in which a value may be written, the plainest first."""
    if isinstance(value, bool):
        yield SHOWN_FLAGS[language][not value]
    elif isinstance(value, str) and key.kind == "choice" and value in key.choices:
        yield choice_label(key, value, language)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, int | Decimal):
        if -_EXCEL_EXACT < value < _EXCEL_EXACT:
            yield int(value) if isinstance(value, int) else float(value)
        yield str(value) if isinstance(value, int) else _decimal_text(value)
    elif isinstance(value, dt.date):
        if type(value) is dt.date and value >= _FIRST_DATE:
            yield value
        yield value.isoformat()
    elif isinstance(value, list) and all(isinstance(part, str) for part in value):
        names = [choice_label(key, part, language) if part in key.choices else part for part in value]
        yield ("；" if language == "zh" else "; ").join(names)
    elif isinstance(value, dict):
        yield "\n".join(f"{name} = {_pair_text(key, name_value)}" for name, name_value in value.items())
    yield to_toml(value)


def _pair_text(key: Key, value: Any) -> str:
    text = _decimal_text(value) if isinstance(value, Decimal) else value if isinstance(value, str) else to_toml(value)
    return text if same(_read_pair_value(key, text), value) else to_toml(value)


def cell_of(key: Key, value: Any, language: Language) -> Cell | None:
    """Return what to write for a value of a key: what `read_value` reads as exactly the same; None where nothing is.

    Parameters
    ----------
    key
        Of the models.
    value
        As `tomllib` gives it, with numbers as int or Decimal.
    language
        Of choices and of yes and no.
    """
    if isinstance(value, float) or (isinstance(value, Decimal) and not value.is_finite()):
        return None
    for form in _forms(key, value, language):
        held: Cell = float(form) if isinstance(form, int) and not isinstance(form, bool) else form
        if isinstance(form, str) and not _kept(form):
            continue
        read = read_value(key, held)
        # an empty table is read as that of the keys beside, never as a value of the key itself
        if read is not EMPTY_TABLE and same(read, value):
            return form
    return None


def _kept(text: str) -> bool:
    """Whether a workbook gives a text back as it is."""
    strange = any(not letter.isprintable() and letter not in _SPACES_KEPT + "\n" for letter in text)
    return 0 < len(text) <= LONGEST and not strange and strip(text) == text and not _ESCAPED_BY_EXCEL.search(text)


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same in kind, in digits and, within lists, in order."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other and str(one) == str(other)
