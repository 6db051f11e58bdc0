"""What `verify` has not compared: columns of tables, and sheets of the ledger, of which no cell was found again."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from python_calamine import CalamineWorkbook

from planner.words import LANGUAGES, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from planner.recomputed import Figure
    from planner.reresult import Result

_KEYS = (
    "demand_id",
    "site_id",
    "unit_id",
    "standard",
    "state",
    "year",
    "level",
    "scope",
    "variant",
    "group",
    "old_codes",
)
_WORDS = (
    "ledger.column.unit_id", "ledger.column.district", "ledger.column.town", "ledger.outlet.site_id",
    "duties.district", "duties.town", "duties.officer", "duties.number", "duties.site_id",
)  # fmt: skip
"""Headers by which rows are known: that each row is there is what is compared."""

BOOK = "ledger.xlsx"


def not_compared(result: Result, found: Iterable[Figure]) -> Iterator[tuple[str, list[str]]]:
    """Yield each table of which some cells were compared, with the columns of which none was; the book with its sheets.

    A column without any text is passed over.
    """
    seen: dict[str, set[str]] = defaultdict(set)
    for one in found:
        seen[one.file].add(one.column)
    keys = {*_KEYS, *(say(key, language) for key in _WORDS for language in LANGUAGES)}
    for path in sorted(result.folder.glob("*.csv")):
        rows = result.rows(path.name)
        known = seen[path.name] | keys
        left = [name for name in (rows[0] if rows else ()) if name not in known and any(row[name] for row in rows)]
        if seen[path.name] and left:
            yield path.name, left
    if (result.folder / BOOK).exists():
        with CalamineWorkbook.from_path(str(result.folder / BOOK)) as book:
            left = [name for name in book.sheet_names if not seen[f"{BOOK} {name}"]]
        if left:
            yield BOOK, left
