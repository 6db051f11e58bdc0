"""The cells of the ledger: what each is, how the workbook shows it, and the same as CSV."""

from __future__ import annotations

import datetime as dt
import math
import re
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from planner import report
from planner.excelcells import clean
from planner.geodesy import MM_PER_M
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from planner.ledgersheets import LedgerSheet
    from planner.terms import Language

Cell: TypeAlias = "str | bool | int | float | Fraction | dt.date | None"
"""What a cell is: a `Fraction` is a share, a float a length, a time, a degree or a figure with decimals."""

Kind = Literal["text", "long", "whole", "plain", "tenths", "change", "degrees", "number", "share", "date"]
"""How a cell is shown: ``plain`` are whole numbers without separators, ``change`` tenths with their sign, and ``long``
texts beyond `TEXT_MOST`."""

TEXT_MOST = 255
"""Letters that a cell of the format “text” shows; one with more reads ##### in some programs."""

_WHOLE_MOST = 10**15
"""Whole numbers from here on are text: Excel keeps 15 digits."""

_MEASURED = re.compile("(^|_)(m|metres|straight|minutes|seconds)([.]|$)")
_DEGREES = ("lon", "lat")
_UNSEPARATED = re.compile("(^|_)(year|month)$")
_CHANGES = re.compile("(^|_)change$")
_ANY_DATE, _ANY_SHARE = "2026-12-31", "100.0%"


def columns_of(sheet: LedgerSheet) -> Iterator[tuple[str, list[Cell]]]:
    """Yield the name and the cells of each column of a table."""
    for at, name in enumerate(sheet.frame.columns):
        yield str(name), [cell_of(value) for value in sheet.frame.iloc[:, at].tolist()]


def cell_of(value: Any) -> Cell:
    """Return a value of a table as one of the few kinds of a cell; what is absent is blank."""
    if isinstance(value, str):
        return clean(value) or None
    if value is None or value is pd.NA or value is pd.NaT or value != value:  # noqa: PLR0124  (NaN)
        return None
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, dt.datetime):
        return plain.date()
    if isinstance(plain, float | Decimal):
        return float(plain)
    kept = isinstance(plain, bool | Fraction | dt.date) or (isinstance(plain, int) and abs(plain) < _WHOLE_MOST)
    return plain if kept else clean(str(plain))


def shown(cell: Cell, column: str, language: Language) -> str | float | dt.date | None:
    """Return a cell as the workbook holds it.

    A share is rounded down to 0.1 %, so that 89.96 % never reads as 90.0 %; a length or a time up to a tenth, so that
    what lies beyond a cutoff never reads as at it.
    """
    if isinstance(cell, bool):
        return say("ledgerbook.yes" if cell else "ledgerbook.no", language)
    if isinstance(cell, Fraction):
        return math.floor(cell * 1000) / 1000
    if isinstance(cell, float) and _MEASURED.search(column):
        return -(-round(cell * MM_PER_M) // 100) / 10
    return cell


def kind_of(cell: Cell, column: str) -> Kind:
    """Return how a cell is shown."""
    if isinstance(cell, str):
        return "long" if len(cell) > TEXT_MOST else "text"
    if cell is None or isinstance(cell, bool):
        return "text"
    if isinstance(cell, int):
        return "plain" if _UNSEPARATED.search(column) else "whole"
    if isinstance(cell, float):
        return _of_float(column)
    return "share" if isinstance(cell, Fraction) else "date"


def _of_float(column: str) -> Kind:
    if column in _DEGREES:
        return "degrees"
    return "tenths" if _MEASURED.search(column) else "change" if _CHANGES.search(column) else "number"


def read_as(cell: Cell, column: str, language: Language) -> str:
    """Return a cell as it is read in the workbook, for the width of its column."""
    kind, value = kind_of(cell, column), shown(cell, column, language)
    if kind == "whole":
        return f"{value:,}"
    if kind == "tenths":
        return f"{value:,.1f}"
    if kind == "degrees":
        return f"{value:.6f}"
    return _ANY_DATE if kind == "date" else _ANY_SHARE if kind == "share" else "" if value is None else str(value)


def write_sheet_csv(sheet: LedgerSheet, path: Path, language: Language) -> None:
    """Write a table of the ledger as CSV: the headers and cells of its sheet in the workbook.

    Shares are text, rounded down (“89.9%”); lengths and times have their 3 decimals, where the workbook shows them
    upwards to a tenth.
    """
    names = [str(name) for name in sheet.frame.columns]
    cells = {at: [_exact(cell, name, language) for cell in column]
             for at, (name, column) in enumerate(columns_of(sheet))}  # fmt: skip
    table = pd.DataFrame(cells, dtype=object)
    report.write_csv(table.set_axis([clean(sheet.titles[name]) for name in names], axis=1), path)


def _exact(cell: Cell, column: str, language: Language) -> Any:
    """Return a cell as the CSV holds it."""
    if isinstance(cell, Fraction):
        return f"{math.floor(cell * 1000) / 10:.1f}%"
    if isinstance(cell, float):
        return Decimal(f"{cell:.7f}") if column in _DEGREES else cell
    return shown(cell, column, language)
