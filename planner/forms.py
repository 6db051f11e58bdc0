"""Fills a superior's form: an .xlsx template, and which figure goes into which of its cells.

The template is not read and written anew. Libraries that do so lose what they do not know: openpyxl 3.1 drops shapes
and text boxes, form controls, slicers, the newer conditional formats and data validations, pictures where Pillow is not
installed, and writes charts anew. Here only the XML of the filled cells changes (`planner.sheetsplice`), and what must
follow from that: the values of formulas, which may rest on the filled cells, are taken out, and who opens the form is
asked to calculate them; a share in a cell without a number format brings one. All else in the file stays byte for byte,
macros too.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, TypeAlias

import pandas as pd

from planner.cellformats import with_percent
from planner.columns import nearest
from planner.errors import Fault, TableError, attempt
from planner.figurenames import keys_by_name, plain_name, shown_name
from planner.formcells import BOOK, STYLES, Form, open_form
from planner.formmap import read_map
from planner.grammar import Wrong, quoted
from planner.report import write_csv
from planner.sheetsplice import may_calculate, put, read_layout, reference_of, without_values
from planner.sources import first_of
from planner.tablefaults import shortened
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from planner.cellformats import CellFormat
    from planner.figurenames import Parts
    from planner.formcells import Target
    from planner.formmap import CellMap
    from planner.sheetsplice import Content, Place
    from planner.sources import TableSource
    from planner.terms import Language

__all__ = ["Figure", "Filled", "Form", "Value", "fill", "fill_all", "open_form", "open_mapped", "unfit", "write_cells"]

Value: TypeAlias = "int | Fraction | str | dt.date | None"
"""A figure: a count or an amount of yuan, a share, a text, a day; None where there is none."""

_LEAP_DAY = dt.date(1900, 3, 1)
_PERCENT = 100
_SHARE_DECIMALS = 1  # of a percentage, as everywhere


@dataclass(frozen=True)
class Figure:
    """A figure, what it is in words, the file that it is from, and how a form may name it beside its key."""

    value: Value
    label: str = ""
    source: str = ""
    parts: Parts = ()


@dataclass(frozen=True, eq=False)
class Filled:
    """What was filled in.

    Attributes
    ----------
    cells
        One row for each wish: sheet, cell, figure (key), label, value (as written, as text), exact (of a share: the
        fraction itself), source (file), map_line (line of the cell map).
    blank
        How many of them were left empty, for there is no such figure.
    doubts
        Texts that numbers replaced; numbers in cells that show something else.
    """

    cells: pd.DataFrame
    blank: int
    doubts: tuple[Fault, ...]


# --- the forms of a scenario --------------------------------------------------------------------------------------


def open_mapped(template: TableSource, cells: TableSource) -> tuple[Form, CellMap]:
    """Open a form with its cell map.

    Raises
    ------
    TableError
        With every fault of both, as `planner.formmap.read_map` and `planner.formcells.open_form` raise.
    """
    known, faults = attempt(partial(read_map, cells))
    form, more = attempt(partial(open_form, template, known.wishes if known else ()))
    if known is None or form is None:
        raise TableError(*faults, *more)
    return form, known


def fill_all(
    forms: Sequence[Form], figures: Mapping[str, Figure], folder: Path, data_date: dt.date, language: Language
) -> tuple[Filled, ...]:
    """Write forms under their names, and beside each ``<name>-cells.csv``; a name that stands already gets a number.

    A figure may be named by its key or in words (`planner.figurenames`).

    Raises
    ------
    TableError
        With every name that means several figures, and every fault of `unfit` of every form; nothing is written.
    """
    forms, faults = _by_key(forms, figures)
    faults += [fault for form in forms for fault in unfit(form, figures)]
    if faults:
        raise TableError(*shortened(faults))
    names: set[str] = set()
    found = []
    for form in forms:
        file = form.source.file
        stems = (file.stem if number == 1 else f"{file.stem}-{number}" for number in count(1))
        stem = next(stem for stem in stems if stem.casefold() not in names)
        names.add(stem.casefold())
        done = fill(form, figures, folder / f"{stem}{file.suffix.lower()}", data_date)
        write_cells(done, folder / f"{stem}-cells.csv", language)
        found.append(done)
    return tuple(found)


def _by_key(forms: Sequence[Form], figures: Mapping[str, Figure]) -> tuple[list[Form], list[Fault]]:
    """Return forms with the keys of figures that they name in words; a name that means several is a fault."""
    if all(target.wish.figure in figures for form in forms for target in form.targets):
        return list(forms), []  # there may be very many names: they are made for those who need them
    names = keys_by_name({key: figure.parts for key, figure in figures.items()})
    found, faults = [], []
    for form in forms:
        targets = []
        for target in form.targets:
            text = target.wish.figure
            keys = (text,) if text in figures else names.get(plain_name(text), ())
            if len(keys) > 1:
                told = {"count": len(keys), "keys": first_of([_both(key, figures[key]) for key in keys])}
                faults.append(target.wish.fault("form_several_figures", **told))
            elif keys:
                targets.append(replace(target, wish=replace(target.wish, figure=keys[0])))
            else:
                targets.append(target)
        found.append(replace(form, targets=tuple(targets)))
    return found, faults


def _both(key: str, figure: Figure) -> str:
    """Return a key with the words for it."""
    return f"{shown_name(figure.parts)}（{key}）" if figure.parts else key


# --- what goes into a cell ---------------------------------------------------------------------------------------


def unfit(form: Form, figures: Mapping[str, Figure]) -> Iterator[Fault]:
    """Find wishes for figures that there are not, and ways of writing that do not fit their figure."""
    for target in form.targets:
        wish = target.wish
        if wish.figure not in figures:
            near = _nearest(wish.figure, figures)
            code = "form_unknown_figure_near" if near else "form_unknown_figure"
            yield wish.fault(code, nearest=near)
        elif isinstance(_content(target, figures[wish.figure].value, form.first_day), Wrong):
            yield wish.fault("form_value")


def _nearest(text: str, figures: Mapping[str, Figure]) -> str:
    """Return what `text` may have meant, by key or in words, with both; empty when nothing looks like it."""
    words = {shown_name(figure.parts): key for key, figure in figures.items() if figure.parts}
    near = nearest(text, [*_alike(text, figures), *_alike(text, words)])
    key = words.get(near, near)
    return _both(key, figures[key]) if near else ""


def _alike(key: str, figures: Iterable[str]) -> list[str]:
    """Return the keys that differ from another in one of their parts at most: there may be very many keys."""
    parts = key.split(".")
    split = ((other, other.split(".")) for other in figures)
    return [
        other
        for other, found in split
        if len(found) == len(parts) and sum(a != b for a, b in zip(parts, found, strict=True)) == 1
    ]


def _content(target: Target, value: Value, first_day: dt.date) -> Content | Wrong:
    """Return what a cell is to hold, or that the figure cannot be written as the cell map asks."""
    ways: dict[str, Content]
    if value is None:
        return None
    if isinstance(value, Fraction):
        ways = _share(value, target.format)
    elif isinstance(value, str):
        ways = {"": value, "text": value}
    elif isinstance(value, dt.date):
        day = value.isoformat()
        dated = target.format.shows == "date" and value >= _LEAP_DAY
        ways = {"": (value - first_day).days if dated else day, "text": day}
    else:
        ways = {"": value, "text": str(value), "ten_thousands": Decimal(value) / 10_000}
    way = target.wish.form
    return ways[way] if way in ways else Wrong("form_value")


def _share(value: Fraction, shown: CellFormat) -> dict[str, Content]:
    """Write a share in each way, rounded down to what the cell shows: 89.96 % never reads as 90 %.

    In a cell that shows a percentage, or has no format and gets one that does, it is a number of which Excel makes
    89.9 %; in a cell of another format the text ``89.9%``, unless the cell map says what is meant.
    """
    of_percent = _SHARE_DECIMALS if shown.decimals is None else shown.decimals
    ratio = _down(value, of_percent + 2 if shown.decimals is None or shown.shows == "percent" else of_percent)
    text = f"{_down(value * _PERCENT, _SHARE_DECIMALS)}%"
    points = _down(value * _PERCENT, of_percent)
    return {
        "": ratio if shown.shows in {"percent", "general"} else text,
        "ratio": ratio,
        "points": points,
        "text": text,
    }


def _becomes_percent(target: Target, value: Value) -> bool:
    """Whether a cell without a format gets one: what Excel does when somebody types 89.9% there."""
    return isinstance(value, Fraction) and target.wish.form == "" and target.format.shows == "general"


def _down(value: Fraction, decimals: int) -> Decimal:
    """Round down to so many decimals."""
    return Decimal(value.numerator * 10**decimals // value.denominator).scaleb(-decimals)


# --- the filled form ---------------------------------------------------------------------------------------------


def fill(form: Form, figures: Mapping[str, Figure], out: Path, data_date: dt.date) -> Filled:
    """Write a form with its figures. Same form and figures, same bytes.

    Parameters
    ----------
    form
        The template.
    figures
        Key -> figure.
    out
        File to write.
    data_date
        Date of all parts in the file.

    Returns
    -------
    filled
        What stands in every cell, and why. A figure that is None leaves its cell empty, whatever stood there.

    Raises
    ------
    TableError
        With every fault of `unfit`; nothing is written.
    """
    faults = list(unfit(form, figures))
    if faults:
        raise TableError(*shortened(faults))
    contents: dict[str, dict[Place, Content]] = {}
    percents: dict[str, dict[Place, int]] = {}
    rows = []
    for target in form.targets:
        figure = figures[target.wish.figure]
        content = _content(target, figure.value, form.first_day)
        if not isinstance(content, Wrong):
            contents.setdefault(target.sheet, {})[target.place] = content
            rows.append(_row(target, figure, content))
        if _becomes_percent(target, figure.value):
            percents.setdefault(target.sheet, {})[target.place] = target.style
    out.write_bytes(_written(form, contents, percents, data_date))
    columns = ["sheet", "cell", "figure", "label", "value", "exact", "source", "map_line"]
    blank = sum(figures[target.wish.figure].value is None for target in form.targets)
    return Filled(pd.DataFrame(rows, columns=columns), blank, tuple(_doubts(form, figures)))


def _written(
    form: Form,
    contents: Mapping[str, Mapping[Place, Content]],
    percents: Mapping[str, Mapping[Place, int]],
    data_date: dt.date,
) -> bytes:
    """Return the file with its cells filled; every other part as it was.

    `percents` are the styles of cells that are to show a percentage and are alike in all else.
    """
    names = {part: name for name, part in form.parts.items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(form.data)) as old, zipfile.ZipFile(buffer, "w") as new:
        bases = {style for cells in percents.values() for style in cells.values()}
        styles, number = with_percent(old.read(STYLES), bases) if bases else (b"", {})
        for info in old.infolist():
            xml, name = old.read(info), names.get(info.filename, "")
            wanted = contents.get(name, {})
            if wanted:
                shown = {place: number[style] for place, style in percents.get(name, {}).items()}
                xml = put(xml, read_layout(xml), wanted, shown)
            elif info.filename in names and may_calculate(xml):
                xml = without_values(xml, read_layout(xml))
            elif info.filename == BOOK:
                xml = form.book
            elif info.filename == STYLES and styles:
                xml = styles
            copy = zipfile.ZipInfo(info.filename, (data_date.year, data_date.month, data_date.day, 0, 0, 0))
            copy.compress_type, copy.external_attr = info.compress_type, info.external_attr
            copy.create_system = info.create_system
            new.writestr(copy, xml)
    return buffer.getvalue()


def _row(target: Target, figure: Figure, content: Content) -> tuple[object, ...]:
    wish, exact = target.wish, str(figure.value) if isinstance(figure.value, Fraction) else ""
    written = figure.value.isoformat() if isinstance(figure.value, dt.date) else content
    value, cell = "" if written is None else str(written), reference_of(target.place)
    return target.sheet, cell, wish.figure, figure.label, value, exact, figure.source, wish.line


def _doubts(form: Form, figures: Mapping[str, Figure]) -> Iterator[Fault]:
    """Doubt cells where likely another one is meant: a heading that goes, a count where the form shows a share."""
    lost: list[str] = []
    odd: list[str] = []
    for target in form.targets:
        value, at = figures[target.wish.figure].value, f"{target.sheet}!{reference_of(target.place)}"
        if target.before and not isinstance(value, str) and not _is_number(target.before):
            lost.append(f"{at} {quoted(target.before)}")
        way, shows = target.wish.form, target.format.shows
        counted = isinstance(value, int) and way != "text"
        if (counted and shows in {"percent", "date"}) or (way == "points" and shows == "percent"):
            odd.append(at)
    for code, cells in (("form_text_replaced", lost), ("form_odd_format", odd)):
        if cells:
            values = {"count": len(cells), "cells": first_of(cells)}
            yield Fault(code, form.source.shown, values=values)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[-+]?[0-9.,]+%?|[0-9-]{10}(?: .*)?", text) is not None


def write_cells(filled: Filled, path: Path, language: Language) -> None:
    """Write which figure stands in which cell, as CSV."""
    headers = {name: say(f"formcells.{name}", language) for name in filled.cells.columns}
    write_csv(filled.cells.rename(columns=headers), path)
