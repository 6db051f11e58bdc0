"""The workbook of candidates: a table that the planner reads back, what each method costs, and how to go on."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
import xlsxwriter

from planner.columns import SITE_COLUMNS
from planner.excelcells import clean
from planner.schema import METHODS
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from planner.terms import Language

_PLAIN = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
_TO_LOOK_AT = ("source", "reason", "people")
_OWN = (*_TO_LOOK_AT, "units_from")
_WIDTHS = {"name": 34, "reason": 46, "units_from": 34, "host": 30, "owner": 24, "site_id": 22}
_WIDTH = 14
_NOTES_WIDTH = 110


@dataclass(frozen=True, eq=False)
class Book:
    """What a workbook of candidates holds.

    Attributes
    ----------
    table
        Columns site_id, name, source and reason (in words), people, district, town, units_from (where these two are
        from, in words), host, owner, build_method, lon, lat (WGS-84 degrees).
    types
        Code of each facility type that may be built there -> its name.
    prices
        As in `planner.candidatestudy.Proposed`.
    within_m
        How near `people` live, as printed.
    notes
        Lines of the last sheet.
    language, date
        Of the words, and the date that the file bears.
    """

    table: pd.DataFrame
    types: Mapping[str, str]
    prices: pd.DataFrame
    within_m: str
    notes: Sequence[str]
    language: Language
    date: dt.date


def header(name: str, language: Language) -> str:
    """Header of a column of the contract, as the planner's own reader knows it."""
    column = next(column for column in SITE_COLUMNS if column.name == name)
    return column.synonyms[0] if language == "zh" else name


def write_book(book: Book, path: Path) -> None:
    """Write the workbook. Same content, same bytes.

    The first sheet is a table of sites as `planner.tables` reads it: all of them candidates without costs of their own,
    so that a run prices them by build method. Names are texts, never formulas or links.
    """
    with xlsxwriter.Workbook(str(path), _PLAIN) as workbook:
        midnight = dt.datetime.combine(book.date, dt.time())
        workbook.set_properties({"created": midnight})
        bold = workbook.add_format({"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#DDEBF7"})
        wrap = workbook.add_format({"text_wrap": True})
        _write_sites(book, workbook.add_worksheet(say("candidatebook.sites", book.language)), bold)
        _write_prices(book, workbook.add_worksheet(say("candidatebook.prices", book.language)), bold)
        notes = workbook.add_worksheet(say("candidatebook.notes", book.language))
        notes.set_column(0, 0, _NOTES_WIDTH)
        for row, line in enumerate(book.notes):
            notes.write_string(row, 0, line, wrap)


def _columns(book: Book) -> Iterator[tuple[str, str, Sequence[Any]]]:
    """Yield name, header and cells of each column of the first sheet."""
    table, language = book.table, book.language
    blank = [""] * len(table)
    fixed = {
        "type": [";".join(book.types)] * len(table),
        "status": [say("candidatebook.candidate", language)] * len(table),
    }
    for name in ("site_id", "name", "type", "status", *_TO_LOOK_AT, "district", "town", "units_from", "host", "owner"):
        shown = say(f"candidatebook.{name}", language, m=book.within_m) if name in _OWN else header(name, language)
        yield name, shown, fixed[name] if name in fixed else table[name].tolist()
    yield "build_method", header("build_method", language), table["build_method"].tolist()
    for name in ("funding", "cost_once_yuan", "cost_yearly_yuan"):
        yield name, header(name, language), blank
    yield from _estimates(book)
    for name in ("lon", "lat"):
        yield name, header(name, language), [round(value, 7) for value in table[name]]


def _estimates(book: Book) -> Iterator[tuple[str, str, Sequence[Any]]]:
    """Yield what each type would cost at each place, built as suggested."""
    known = book.prices.set_index(["type", "method", "shared"])
    for code, name in book.types.items():
        at = [
            (code, method, host != "")
            for method, host in zip(book.table["build_method"], book.table["host"], strict=True)
        ]
        for money in ("cost_once_yuan", "cost_yearly_yuan"):
            title = say(f"candidatebook.{money}", book.language, type=f"{name} ({code})")
            yield money, title, [_cell(value) for value in known[money].loc[at]]


def _cell(value: Any) -> str | int:
    return "" if pd.isna(value) else int(value)


def _write_sites(book: Book, sheet: Any, bold: Any) -> None:
    columns = list(_columns(book))
    sheet.freeze_panes(1, 2)
    sheet.autofilter(0, 0, len(book.table), len(columns) - 1)
    for place, (name, shown, cells) in enumerate(columns):
        sheet.set_column(place, place, _WIDTHS.get(name, _WIDTH))
        sheet.write_string(0, place, shown, bold)
        for row, value in enumerate(cells, start=1):
            _write(sheet, row, place, value)
        choices = {
            "status": [say("candidatebook.candidate", book.language), say("candidatebook.excluded", book.language)],
            "build_method": list(METHODS),
        }.get(name)
        if choices:
            sheet.data_validation(1, place, len(book.table), place, {"validate": "list", "source": choices})


def _write(sheet: Any, row: int, place: int, value: str | float) -> None:
    if isinstance(value, str):
        sheet.write_string(row, place, clean(value))  # an empty one leaves the cell empty
    else:
        sheet.write_number(row, place, value)


def _write_prices(book: Book, sheet: Any, bold: Any) -> None:
    """Write what each type costs by build method, alone and where a host shares the venue (W8, H5)."""
    language = book.language
    for place, key in enumerate(("type", "method", "host", "once", "yearly")):
        sheet.set_column(place, place, _WIDTHS["host"] if key == "type" else _WIDTH)
        sheet.write_string(0, place, say(f"candidatebook.price.{key}", language), bold)
    for row, item in enumerate(book.prices.to_dict("records"), start=1):
        shared = say(f"candidatebook.price.{'shared' if item['shared'] else 'alone'}", language)
        cells = [book.types[item["type"]], item["method"], shared, _cell(item["cost_once_yuan"])]
        for place, value in enumerate([*cells, _cell(item["cost_yearly_yuan"])]):
            _write(sheet, row, place, value)
