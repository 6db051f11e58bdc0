"""Writes the data of a scenario as a workbook that an official can fill in: labels, drop-downs, notes and a guide.

The data go into the cells as `planner.bookcells` writes them, so that `planner.scenariobook` reads the same data back.
"""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import xlsxwriter

from planner.bookcells import SHOWN_FLAGS, cell_of
from planner.bookkeys import GUIDE, OTHER, Page, choice_label, label, names_from, pages, sheet_name, word_of
from planner.booklayout import Row, entry_rows, key_values, other_rows, unfit
from planner.booksheets import cell_name
from planner.errors import ScenarioError
from planner.words import say, sentences

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from planner.bookcells import Cell
    from planner.bookkeys import Key
    from planner.terms import Language
    from planner.tomlfile import TomlFile

ROWS = 500
"""Rows below a header that have drop-downs; more may be filled in."""

_NO_DATE = dt.date(2000, 1, 1)
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
_LONGEST_LIST = 255
_MOST_CELLS = "A1:XFD1048576"
_NARROW, _MEDIUM, _WIDE, _WIDEST = 14, 22, 36, 90
_WIDTHS = {"map": _WIDE, "texts": _WIDE, "number": _NARROW, "whole": _NARROW, "flag": _NARROW}
_MARKED, _PALE = "#F8CBAD", "#DDEBF7"
_TEXT, _PLAIN, _GROUPED, _DATE = "@", "General", "#,##0", "yyyy-mm-dd"


@dataclass(frozen=True, eq=False)
class _Book:
    """A workbook under way: the library's own, its cell formats by name, and the language of its labels."""

    library: xlsxwriter.Workbook
    formats: Mapping[str, Format]
    language: Language

    def say(self, word: str, **values: object) -> str:
        """Return a sentence in the language of the labels."""
        return say(f"book.{word}", self.language, **values)

    def add(self, name: str) -> Worksheet:
        """Add a sheet."""
        sheet = self.library.add_worksheet(sheet_name(name, self.language))
        sheet.ignore_errors({"number_stored_as_text": _MOST_CELLS})
        return sheet


def write_book(file: TomlFile, language: Language) -> bytes:
    """Write a scenario as a workbook.

    Parameters
    ----------
    file
        The scenario as it is written.
    language
        Of sheets, labels, notes and choices.

    Returns
    -------
    content
        The workbook; the same data give the same bytes.

    Raises
    ------
    ScenarioError
        If a value has no place in a workbook: one of another kind than its key in an entry, or a text that is too
        long for a cell. All of them are told.
    """
    faults = [*unfit(file, language)]
    if faults:
        raise ScenarioError(*faults)
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, _OPTIONS) as library:
        date = file.data.get("data_date")
        day = date if type(date) is dt.date else _NO_DATE
        library.set_properties({"created": dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)})
        book = _Book(library, _formats(library), language)
        _write_guide(book)
        for page in pages():
            sheet = book.add(page.name)
            if page.required:
                sheet.set_tab_color(_MARKED)
            if page.entries:
                _write_entries(book, sheet, page, entry_rows(page, file.data, language))
            else:
                _write_keys(book, sheet, page, key_values(page, file.data, language))
        _write_other(book, other_rows(file.data, language))
        library.get_worksheet_by_name(sheet_name(pages()[0].name, language)).activate()
    return stream.getvalue()


def _formats(library: xlsxwriter.Workbook) -> dict[str, Format]:
    """Make the cell formats: by number format, and of labels and notes."""
    top = {"valign": "top"}
    numbers = {name: library.add_format({**top, "num_format": name}) for name in (_PLAIN, _GROUPED, _DATE)}
    head = {**top, "bold": True, "text_wrap": True, "border": 1}
    return {
        **numbers,
        _TEXT: library.add_format({**top, "num_format": _TEXT, "text_wrap": True}),
        "label": library.add_format({**head, "bg_color": _PALE}),
        "required": library.add_format({**head, "bg_color": _MARKED}),
        "note": library.add_format({**top, "text_wrap": True, "font_color": "#595959"}),
        "title": library.add_format({"bold": True, "font_size": 14}),
    }


def _number_format(key: Key) -> str:
    if key.kind in {"whole", "number"}:
        grouped = key.kind == "whole" and key.path[-1].endswith(("_yuan", "people"))
        return _GROUPED if grouped else _PLAIN
    return _DATE if key.kind == "date" else _TEXT


def note_of(page: Page, key: Key, language: Language) -> str:
    """Return what the note of a key says: whether it is a must, its meaning, how to write it, its default, its name."""
    word = word_of(page, key, "note")
    parts = [say("book.required", language)] if key.required else []
    parts += [say(word, language)] if word else []
    hint = {"choice": "choose", "flag": "choose", "texts": "several", "map": "pairs"}.get(key.kind)
    parts += [say(f"book.{hint}", language)] if hint else []
    default = [*key.default] if isinstance(key.default, tuple) else key.default
    if default not in (None, "", [], {}) and (shown := cell_of(key, default, language)) is not None:
        shown = f"{default.normalize():f}" if isinstance(default, Decimal) else shown
        parts.append(say("book.default", language, value=shown))
    parts.append(say("book.key_name", language, name=".".join((*page.section, key.name))))
    return "".join(parts) if language == "zh" else " ".join(parts)


# --- sheets ----------------------------------------------------------------------------------------------------


def _write_guide(book: _Book) -> None:
    sheet = book.add(GUIDE)
    sheet.set_column(0, 0, _MEDIUM)
    sheet.set_column(1, 1, _WIDEST)
    first, *lines = [words[book.language] for key, words in sentences().items() if key.startswith("book.guide.")]
    sheet.write_string(0, 0, first, book.formats["title"])
    for row, line in enumerate(lines, start=1):
        sheet.write_number(row, 0, row, book.formats["note"])
        sheet.write_string(row, 1, line.format(), book.formats["note"])
    for row, (name, required) in enumerate([*((p.name, p.required) for p in pages()), (OTHER, False)], len(lines) + 2):
        sheet.write_string(row, 0, sheet_name(name, book.language), book.formats["required" if required else "label"])
        sheet.write_string(row, 1, book.say(f"sheet.{name}.note"), book.formats["note"])


def _write_heads(book: _Book, sheet: Worksheet, heads: Sequence[str], widths: Sequence[int]) -> None:
    for column, (head, width) in enumerate(zip(heads, widths, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, book.say(f"head.{head}"), book.formats["label"])
    sheet.freeze_panes(1, 0)


def _write_keys(book: _Book, sheet: Worksheet, page: Page, values: Mapping[Key, Cell]) -> None:
    """Write a sheet with a line for each key."""
    _write_heads(book, sheet, ("key", "value", "note"), (_WIDE, _WIDE, _WIDEST))
    for row, key in enumerate(page.keys, start=1):
        note = note_of(page, key, book.language)
        _write_label(book, sheet, page, key, (row, 0))
        sheet.write_string(row, 2, note, book.formats["note"])
        _write_cell(book, sheet, key, (row, 1), values.get(key))
        _add_choices(book, sheet, page, key, (row, 1, row, 1))


def _write_entries(book: _Book, sheet: Worksheet, page: Page, rows: Iterable[Row]) -> None:
    """Write a sheet with a row for each entry."""
    for column, key in enumerate(page.keys):
        sheet.set_column(column, column, _WIDTHS.get(key.kind, _MEDIUM), book.formats[_number_format(key)])
        _write_label(book, sheet, page, key, (0, column))
        _add_choices(book, sheet, page, key, (1, column, ROWS, column))
    for row, cells in enumerate(rows, start=1):
        for column, key in enumerate(page.keys):
            _write_cell(book, sheet, key, (row, column), cells.get(key))
    sheet.freeze_panes(1, 1)


def _write_label(book: _Book, sheet: Worksheet, page: Page, key: Key, where: tuple[int, int]) -> None:
    named = book.formats["required" if key.required else "label"]
    sheet.write_string(*where, label(page, key, book.language), named)
    sheet.write_comment(*where, note_of(page, key, book.language), {"author": "", "x_scale": 2, "y_scale": 1.6})


def _write_other(book: _Book, rows: Mapping[str, Sequence[Cell]]) -> None:
    """Write what no other sheet has."""
    sheet = book.add(OTHER)
    _write_heads(book, sheet, ("path", "toml"), (_WIDE, _WIDEST))
    row = 0
    for name, cells in rows.items():
        for cell in cells:
            row += 1
            sheet.write_string(row, 0, name, book.formats[_TEXT])
            _write_value(book, sheet, (row, 1), cell, _TEXT)


def _write_cell(book: _Book, sheet: Worksheet, key: Key, where: tuple[int, int], cell: Cell | None) -> None:
    if cell is None:
        sheet.write_blank(*where, None, book.formats[_number_format(key)])
    else:
        _write_value(book, sheet, where, cell, _number_format(key))


def _write_value(book: _Book, sheet: Worksheet, where: tuple[int, int], cell: Cell, number_format: str) -> None:
    if isinstance(cell, str):
        sheet.write_string(*where, cell, book.formats[number_format])
    elif isinstance(cell, dt.date):
        sheet.write_datetime(*where, cell, book.formats[_DATE])
    else:
        sheet.write_number(*where, cell, book.formats[_PLAIN if number_format == _TEXT else number_format])


def _add_choices(book: _Book, sheet: Worksheet, page: Page, key: Key, cells: tuple[int, int, int, int]) -> None:
    """Give cells a drop-down: choices, yes and no, or the names that stand on another sheet."""
    several = key.kind == "texts"
    source: list[str] | str | None = None
    if key.kind == "flag":
        source = [*SHOWN_FLAGS[book.language]]
    elif key.choices:
        source = [choice_label(key, choice, book.language) for choice in key.choices]
    elif other := names_from(page, key):
        source = _names(other, book.language)
    if source is not None and (isinstance(source, str) or len(",".join(source)) <= _LONGEST_LIST):
        # Several names in one cell are no item of the list; a name may stand in the scenario that this one extends.
        how = {"show_error": False} if several else {"error_type": "warning" if isinstance(source, str) else "stop"}
        sheet.data_validation(*cells, {"validate": "list", "source": source, **how})


def _names(other: tuple[str, str], language: Language) -> str:
    """Return the formula of the names that are filled in on another sheet, without the blank cells below them."""
    page = next(page for page in pages() if page.name == other[0])
    letter = cell_name(0, [key.name for key in page.keys].index(other[1])).rstrip("1")
    first = f"'{sheet_name(page.name, language)}'!${letter}$2"
    return f"=OFFSET({first},0,0,MAX(1,COUNTA({first}:${letter}${ROWS + 1})),1)"
