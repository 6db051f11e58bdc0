"""The superior's forms for `verify`: each filled cell against its figure, counted again, and against the list of cells.

Figures of the plan (``plan.…``) are the record's own. That the cell map was followed row by row is not looked at.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from python_calamine import CalamineWorkbook

from planner.recomputed import Figure, cells, figure
from planner.rereported import checklist_records, grant_records
from planner.reresult import AUDIT
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from planner.rebureau import Own
    from planner.reinputs import Read
    from planner.reresult import Result

FORMS = "forms"
_LIST = "-cells.csv"
_SHARES = {"rate": ("met", "assessable"), "share": ("covered", "people")}
_DECIMALS = 9

Value = int | Fraction | str | None


def keyed(
    read: Read,
    run: Mapping[str, Any],
    counts: Mapping[tuple[str, str, str, str, str], Mapping[str, int | None]],
    outlets: Mapping[str, Any],
    own: Own | None,
) -> dict[str, Value]:
    """Return every figure that a form may ask for, by its key; see docs/design.md on forms.

    Parameters
    ----------
    read, run
        The inputs, and audit.json.
    counts
        The figures of the audit by level, scope, standard, variant and group.
    outlets
        How many stand, are in operation, and communities without.
    own
        What the bureau says of communities; None where that is not known of all.
    """
    found: dict[str, Value] = {"data_date": read.scenario["data_date"].isoformat(), "title": read.scenario["title"]}
    found |= {f"outlets.{key}": outlets[key] for key in ("standing", "in_operation", "communities_without")}
    for (level, scope, standard, way, group), row in counts.items():
        start = f"{level}{f'.{scope}' if scope else ''}.{standard or 'decided'}"
        end = f"{f'@{way}' if way else ''}{f'#{group}' if group else ''}"
        found |= {f"{start}.{name}{end}": value for name, value in row.items()}
        for name, (part, whole) in _SHARES.items():
            got, every = row[part], row[whole]
            found[f"{start}.{name}{end}"] = None if got is None or not every else Fraction(got, every)
    sought = run["missing"]["status"] in {"optimal", "gap"} and not run["missing"].get("given")
    planned = sought and run["missing"]["years"]
    last = run["missing"]["years"][-1] if planned else {}
    found |= {f"plan.{name}": last.get(name) for name in ("count", "cost_once_yuan", "cost_yearly_yuan")}
    return found | ({} if own is None else dict(_reported(read, own)))


def _reported(read: Read, own: Own) -> Iterator[tuple[str, Value]]:
    for row in checklist_records(read, own):
        start = f"{row['level']}{'.' + row['scope'] if row['scope'] else ''}.checklist.{row['checklist']}"
        known = row["blank"] < row["communities"]
        for name in ("communities", "blank", "missing"):
            yield f"{start}.{name}", row[name]
        for name in ("passed", "not_passed"):
            yield f"{start}.{name}", row[name] if known else None
        yield f"{start}.rate", Fraction(row["part"], row["whole"]) if known and row["whole"] else None
    for row in grant_records(read, own):
        scope, grade = (f".{row[key]}" if row[key] else "" for key in ("scope", "grade"))
        for name in ("communities", "yuan"):
            yield f"{row['level']}{scope}.grant.{row['grant']}{grade}.{name}", row[name]


def form_figures(result: Result, values: Mapping[str, Value], beyond: Sequence[str]) -> Iterator[Figure]:
    """Yield every cell of every form: its figure, what is written of it, and what stands in the form itself.

    Of keys that have one of `beyond` in them no figure was found again.
    """
    lists = sorted((result.folder / FORMS).glob(f"*{_LIST}"))
    words = {
        key: say(f"formcells.{key}", result.run["language"]) for key in ("sheet", "cell", "figure", "value", "exact")
    }
    told: list[dict[str, int]] = []
    for path in lists:
        name = f"{FORMS}/{path.name}"
        rows = [{key: row[word] for key, word in words.items()} for row in result.rows(name)]
        told.append({"cells": len(rows), "blank": sum(not row["value"] for row in rows)})
        for row in rows:
            where = f"{row['sheet']}!{row['cell']}"
            value = values.get(row["figure"])
            known = row["figure"] in values
            if not known and any(part in row["figure"] for part in beyond):
                continue
            yield figure(name, where, words["figure"], row["figure"], row["figure"] if known else "")
            if known:
                exact = str(value) if isinstance(value, Fraction) else ""
                yield figure(name, where, words["exact"], row["exact"], exact)
                shown = "" if value is None else str(value)
                yield Figure(name, where, words["value"], row["value"], shown, same=row["value"] in _ways(value))
        yield from _filled(path, rows)
    forms = sorted(result.run["forms"], key=lambda one: (one["cells"], one["blank"]))
    for at, one in enumerate(sorted(told, key=lambda one: (one["cells"], one["blank"]))):
        yield from cells(AUDIT, f"forms {at + 1}", forms[at] if at < len(forms) else {}, one)
    yield figure(AUDIT, "forms", "", len(forms), len(told))


def _ways(value: Value) -> set[str]:
    """Return the texts by which a figure may stand in a cell: shares rounded down to some decimal."""
    if value is None:
        return {""}
    if isinstance(value, Fraction):
        ratios = {str(_down(value, decimals)) for decimals in range(2, _DECIMALS)}
        points = {str(_down(value * 100, decimals)) for decimals in range(_DECIMALS - 2)}
        return {*ratios, *points, f"{_down(value * 100, 1)}%"}
    return {str(value), *([str(Decimal(value) / 10_000)] if isinstance(value, int) else [])}


def _down(value: Fraction, decimals: int) -> Decimal:
    return Decimal(value.numerator * 10**decimals // value.denominator).scaleb(-decimals)


def _filled(path: Path, rows: list[dict[str, str]]) -> Iterator[Figure]:
    """Yield what stands in the cells of the form itself beside what the list says of them."""
    stem = path.name.removesuffix(_LIST)
    form = next((one for one in sorted(path.parent.glob(f"{stem}.xls*"))), None)
    if form is None:
        yield Figure(f"{FORMS}/{stem}.xlsx", "", "", "0", "1", same=False)
        return
    with CalamineWorkbook.from_path(str(form)) as book:
        sheets = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}
    for row in rows:
        held = _cell(sheets.get(row["sheet"], []), row["cell"])
        text = held.isoformat() if isinstance(held, dt.date) else str(held)
        yield Figure(
            f"{FORMS}/{form.name}", f"{row['sheet']}!{row['cell']}", "", text, row["value"], _alike(text, row["value"])
        )


def _alike(text: str, value: str) -> bool:
    try:
        return text == value or Decimal(text) == Decimal(value)
    except InvalidOperation:
        return text.removesuffix("T00:00:00") == value


def _cell(rows: list[list[Any]], cell: str) -> Any:
    """Return what stands at a place such as B2; empty beyond the last one."""
    match = re.fullmatch("([A-Z]+)([0-9]+)", cell)
    if match is None:
        return ""
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    row = rows[int(match[2]) - 1] if int(match[2]) <= len(rows) else []
    return row[column - 1] if column <= len(row) else ""
