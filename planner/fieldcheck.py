"""The field-check list: what could not be judged, and what lies so near a cutoff that someone should go and look."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xlsxwriter

from planner.coordinates import SYSTEMS
from planner.excelcells import clean
from planner.geodesy import to_mm
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from planner.standards import Standard
    from planner.terms import Language

GIVEN = (
    "district", "town", "name", "unit_id", "demand_id", "standard_name", "standard", "people", "kind", "why",
    "measured", "limit", "unit", "site_name", "site_id",
)  # fmt: skip
"""Columns that the run fills in."""

ASKED = ("verdict", "lon", "lat", "system", "checker", "checked_on", "note")
"""Columns that are filled in by hand."""

VERDICTS = ("met", "unmet", "impossible")
"""达标, 不达标, 无法核查."""

MOST_LINES = 100_000
"""Lines that the list holds; those near a cutoff go first, and how many are not in it is said."""

_WIDTHS = {"name": 24, "standard_name": 26, "why": 22, "site_name": 24, "unit_id": 15, "demand_id": 16, "note": 30}
_WIDTH = 12
_GREY, _YELLOW = "#E7E6E6", "#FFF2CC"


def close(cost: NDArray[np.int64], limit: int) -> NDArray[np.bool_]:
    """Mask of whole costs within a tenth of a cutoff, on either side (临界)."""
    return np.asarray((10 * cost >= 9 * limit) & (10 * cost <= 11 * limit))


def listing(
    demand: pd.DataFrame,
    today: pd.DataFrame,
    standards: Sequence[Standard],
    site_names: Mapping[str, str],
    decided: NDArray[np.bool_],
) -> pd.DataFrame:
    """List who is to be looked at: one line for each point and standard.

    Parameters
    ----------
    demand
        The demand table.
    today
        Today's coverage.
    standards
        The standards.
    site_names
        Names of sites by id.
    decided
        Mask of the rows of `today` that a field check has decided already.

    Returns
    -------
    lines
        Columns of `GIVEN` but for names of standards and words; kind is ``apart`` (无法评定), ``spread`` (placed
        inside its town's area) or ``close`` (临界); why is ``no_place``, ``town``, ``spread``, ``beyond`` or
        ``inside``; measured and limit are tenths of a metre, or of a minute where time decides (`unit`), upwards. By
        district, town and name.
    """
    parts = [_lines(demand, today[~decided], standard) for standard in standards]
    lines = pd.concat(parts, ignore_index=True)
    lines["site_name"] = lines["site_id"].map(lambda site: site_names.get(site, ""))
    order = ["district", "town", "name", "demand_id"]
    return lines.sort_values(order, kind="stable", ignore_index=True)


def _lines(demand: pd.DataFrame, today: pd.DataFrame, standard: Standard) -> pd.DataFrame:
    """Lines of one standard."""
    about = demand[["demand_id", "district", "town", "name", "unit_id", "people", "placed"]]
    about = about.assign(has_place=demand["geometry"].notna())
    rows = today[today["standard"] == standard.id].merge(about, on="demand_id")
    by_time = standard.measure == "time"
    cost = rows["seconds" if by_time else "metres"].to_numpy(dtype=np.float64)
    known = ~np.isnan(cost)
    whole = to_mm(np.where(known, cost, 0.0))
    apart = (rows["reason"] == "not_assessable").to_numpy()
    spread = (rows["placed"] == "spread").to_numpy() & ~apart
    near = known & close(whole, standard.limit) & ~apart & ~spread
    kinds = [apart, spread, near]
    rows["kind"] = np.select(kinds, ["apart", "spread", "close"], default="")
    why = np.where(rows["has_place"], "town", "no_place"), "spread", np.where(rows["covered"], "inside", "beyond")
    rows["why"] = np.select(kinds, list(why), default="")
    rows["measured"] = pd.array(_tenths(whole, by_time=by_time), dtype="Int64")
    rows.loc[~known | apart | spread, "measured"] = pd.NA
    rows["limit"] = int(_tenths(np.array([standard.limit]), by_time=by_time)[0])
    rows["unit"] = "minutes" if by_time else "metres"
    return rows.loc[rows["kind"] != "", [name for name in GIVEN if name in rows]]


def _tenths(whole: NDArray[np.int64], *, by_time: bool) -> NDArray[np.int64]:
    """Millimetres as tenths of a metre, milliseconds as tenths of a minute, upwards: beyond never reads as at."""
    return -(-whole // (6000 if by_time else 100))


def write(
    lines: pd.DataFrame, path: Path, standard_names: Mapping[str, str], language: Language, data_date: dt.date
) -> None:
    """Write the list as an Excel workbook with drop-downs to fill in.

    Parameters
    ----------
    lines
        As `listing` gives them.
    path
        The file.
    standard_names
        Standards in words, by id.
    language
        Language of headers and drop-downs; a list in either is read back.
    data_date
        Date that the file carries as its date of making.
    """
    shown = lines.iloc[np.sort(np.argsort(lines["kind"] != "close", kind="stable")[:MOST_LINES])]
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(path, options) as book:
        book.set_properties({"created": dt.datetime.combine(data_date, dt.time(), tzinfo=None)})
        sheet = book.add_worksheet(say("fieldcheck.sheet", language))
        _head(book, sheet, len(shown), language)
        text, number = book.add_format({"num_format": "@"}), book.add_format({"num_format": "0.0"})
        for row, line in enumerate(shown.to_dict("records"), 1):
            said = _said({str(key): value for key, value in line.items()}, standard_names, language)
            for column, name in enumerate(GIVEN):
                value = said[name]
                if value is None:
                    continue
                if isinstance(value, str):
                    sheet.write_string(row, column, clean(value), text)
                else:
                    sheet.write_number(row, column, value, None if name == "people" else number)
        _ask(book, sheet, len(shown), language)
        _explain(book, len(lines) - len(shown), language)


def _said(line: Mapping[str, Any], standard_names: Mapping[str, str], language: Language) -> dict[str, Any]:
    """Return a line as the sheet holds it: words in place of keys, figures as numbers."""
    measured = line["measured"]
    return {
        **line,
        "standard_name": standard_names[line["standard"]],
        "kind": say(f"fieldcheck.kind.{line['kind']}", language),
        "why": say(f"fieldcheck.why.{line['why']}", language),
        "unit": say(f"fieldcheck.unit.{line['unit']}", language),
        "people": int(line["people"]),
        "measured": None if pd.isna(measured) else int(measured) / 10,
        "limit": int(line["limit"]) / 10,
    }


def _head(book: xlsxwriter.Workbook, sheet: Any, count: int, language: Language) -> None:
    """Write the header, and how the sheet looks and prints."""
    for column, name in enumerate((*GIVEN, *ASKED)):
        look = {"bold": True, "border": 1, "text_wrap": True, "bg_color": _YELLOW if name in ASKED else _GREY}
        sheet.write_string(0, column, say(f"fieldcheck.column.{name}", language), book.add_format(look))
        sheet.set_column(column, column, _WIDTHS.get(name, _WIDTH))
    sheet.freeze_panes(1, 3)
    sheet.autofilter(0, 0, max(count, 1), len(GIVEN) + len(ASKED) - 1)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _ask(book: xlsxwriter.Workbook, sheet: Any, count: int, language: Language) -> None:
    """Format the cells to fill in, with lists to choose from."""
    last = max(count, 1)
    cell = {"bg_color": _YELLOW, "border": 1}
    formats = {"checked_on": "yyyy-mm-dd", "lon": "0.000000", "lat": "0.000000"}
    choices = {
        "verdict": [say(f"fieldcheck.verdict.{name}", language) for name in VERDICTS],
        "system": [say(f"fieldcheck.system.{name}", language) for name in SYSTEMS],
    }
    for column, name in enumerate(ASKED, len(GIVEN)):
        look = book.add_format({**cell, "num_format": formats.get(name, "@")})
        for row in range(1, count + 1):
            sheet.write_blank(row, column, None, look)
        if name in choices:
            sheet.data_validation(1, column, last, column, {"validate": "list", "source": choices[name]})


def _explain(book: xlsxwriter.Workbook, missing: int, language: Language) -> None:
    """Write the sheet that says how the list is filled in and read back."""
    sheet = book.add_worksheet(say("fieldcheck.notes", language))
    sheet.set_column(0, 0, 110, book.add_format({"text_wrap": True, "valign": "top"}))
    told = [say(f"fieldcheck.note.{name}", language) for name in ("what", "verdict", "place", "back")]
    if missing:
        told.append(say("fieldcheck.note.missing", language, count=missing))
    for row, text in enumerate(told):
        sheet.write_string(row, 0, text)
