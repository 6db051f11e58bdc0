"""Finds the cell of a sheet that stands beside the text of a row and below the text of a column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from planner.columns import nearest
from planner.grammar import Wrong, plain, quoted
from planner.sheetsplice import reference_of
from planner.sources import first_of, strip

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from planner.sheetsplice import Place
    from planner.workbooks import Cells

BETWEEN = ">"
"""Stands between the parts of a row's or column's text that stand in several cells: ``环翠区 > 城镇``."""

_FARTHEST = 1_000
"""Rows or columns of a merged cell that are looked at."""


@dataclass(frozen=True)
class Box:
    """The rows and columns that a text stands for, all from 1: those of a merged cell."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, eq=False)
class Texts:
    """The texts of a sheet: each without spaces, in half-width -> where it stands, and how it is written."""

    boxes: Mapping[str, Sequence[Box]]
    written: Mapping[str, str]


def texts_of(cells: Cells) -> Texts:
    """Collect the texts of a sheet."""
    merged = {(one.top, one.left): one for one in cells.merged}
    boxes: dict[str, list[Box]] = {}
    written: dict[str, str] = {}
    for y, row in enumerate(cells.rows):
        for x, cell in enumerate(row):
            text = _shown(cell)
            key = _folded(text)
            if key:
                one = merged.get((y, x))
                bottom, right = (y, x) if one is None else (one.bottom, one.right)
                box = Box(y + 1, x + 1, min(bottom, y + _FARTHEST) + 1, min(right, x + _FARTHEST) + 1)
                boxes.setdefault(key, []).append(box)
                written.setdefault(key, text)
    return Texts(boxes, written)


def _shown(cell: Any) -> str:
    """Return the text of a cell; a whole number without its point."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else strip(str(cell))


def _folded(text: str) -> str:
    return plain(text).casefold()


def crossing(texts: Texts, row: str, column: str) -> Place | Wrong:
    """Find the one cell in a row that bears a text to its left, and in a column that bears one above.

    Parameters
    ----------
    texts
        Of the sheet.
    row, column
        As the cell map names them; compared without spaces and in half-width. A text of a merged cell stands for all
        its rows and columns, so that parts with ``>`` between them narrow one another down.

    Returns
    -------
    place
        Or what is wrong: a text that is not there, one that stands for several rows or columns, or two that do not
        meet.
    """
    of_row, of_column = _boxes(texts, row), _boxes(texts, column)
    for text, found, code in ((row, of_row, "form_no_row"), (column, of_column, "form_no_column")):
        absent = next((part for part, boxes in found if not boxes), None)
        if absent is not None:
            near = texts.written.get(nearest(_folded(absent), texts.boxes), "")
            return Wrong(code, {"text": quoted(text), "nearest": quoted(near) or "—"})
    rows = set.intersection(*({y for box in boxes for y in range(box.top, box.bottom + 1)} for _, boxes in of_row))
    places = set.intersection(*({x for box in boxes for x in range(box.left, box.right + 1)} for _, boxes in of_column))
    met = sorted(
        (y, x)
        for y in rows
        for x in places
        if all(any(box.top <= y <= box.bottom and box.right < x for box in boxes) for _, boxes in of_row)
        and all(any(box.left <= x <= box.right and box.bottom < y for box in boxes) for _, boxes in of_column)
    )
    if len(met) == 1:
        return met[0]
    values = {"row": quoted(row), "column": quoted(column)}
    if not met:
        return Wrong("form_no_crossing", values)
    return Wrong("form_several", {**values, "count": len(met), "cells": _listed(met)})


def _boxes(texts: Texts, text: str) -> list[tuple[str, Sequence[Box]]]:
    """Return the parts of a text and where they stand; all of it is one part where a cell holds it so."""
    whole = _folded(text)
    parts = [text] if whole in texts.boxes else [part for part in text.split(BETWEEN) if part.strip()] or [text]
    return [(strip(part), texts.boxes.get(_folded(part), ())) for part in parts]


def _listed(places: Iterable[Place]) -> str:
    return first_of([reference_of(place) for place in places], between=" / ")
