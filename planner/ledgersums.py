"""What the bureau counts itself, added up: groups, jobs, and what outlets did (W10, J5, H10), with how much is blank.

Sums of the ledgers alone: nothing is measured, and nothing is made up for what is blank.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.checklists import scope_words, scopes
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from planner.terms import Language

REGISTERED, PLACED = "求职登记", "成功对接"
"""Columns of the ledger whose quotient tells how an outlet performs (H10)."""


@dataclass(frozen=True)
class LedgerSum:
    """A column of a ledger in one scope.

    Attributes
    ----------
    of
        ``communities`` or ``outlets``.
    header
        The column.
    level, scope
        ``city`` or ``district``; empty, or the district.
    units, blank
        Communities or outlets, and those of which it is not given.
    total
        Sum of what is given; None where nothing is.
    part, whole
        Of `PLACED`: it and `REGISTERED`, over the units that give both; None elsewhere.
    """

    of: str
    header: str
    level: str
    scope: str
    units: int
    blank: int
    total: int | None
    part: int | None = None
    whole: int | None = None


def sums(of: str, units: pd.DataFrame, ledger: pd.DataFrame) -> tuple[LedgerSum, ...]:
    """Add up the columns of a ledger that count; one that says nothing of any unit has no sum.

    Parameters
    ----------
    of
        ``communities`` or ``outlets``.
    units
        The communities, or the outlets in operation: index of `ledger`, or some of it; district, town.
    ledger
        The bureau's own columns; those of whole numbers (Int64) are added up.

    Returns
    -------
    sums
        By column, in the order of the ledger: the city, then the districts.
    """
    mine = ledger.loc[units.index]
    headers = [str(name) for name in mine if isinstance(mine[name].dtype, pd.Int64Dtype) and mine[name].notna().any()]
    places = [one for one in scopes(units) if one[0] != "town"]
    return tuple(
        _sum(of, header, level, scope, mine.loc[members]) for header in headers for level, scope, members in places
    )


def _sum(of: str, header: str, level: str, scope: str, ledger: pd.DataFrame) -> LedgerSum:
    cells = ledger[header]
    given = cells.dropna()
    both = ledger[[REGISTERED, PLACED]].dropna() if header == PLACED and REGISTERED in ledger else None
    return LedgerSum(
        of,
        header,
        level,
        scope,
        len(cells),
        len(cells) - len(given),
        int(given.sum()) if len(given) else None,
        None if both is None or both.empty else int(both[PLACED].sum()),
        None if both is None or both.empty else int(both[REGISTERED].sum()),
    )


def records(found: Sequence[LedgerSum]) -> list[dict[str, Any]]:
    """Return the sums as plain data."""
    return [asdict(one) for one in found]


_COLUMNS = ["of", "header", "level", "scope", "units", "blank", "total", "rate", "basis"]


def table(found: Sequence[LedgerSum], language: Language, place: str = "") -> pd.DataFrame:
    """Return the sums under headers in words, for a sheet; every line says that it is of the ledger.

    `place` is the one town or district that is audited; empty for a city.
    """
    rows = list(_rows(found, language, place))
    frame = pd.DataFrame(rows, columns=_COLUMNS).astype(dict.fromkeys(("units", "blank", "total"), "Int64"))
    return frame.rename(columns={name: say(f"bureau.column.{name}", language) for name in _COLUMNS})


def _rows(found: Sequence[LedgerSum], language: Language, place: str) -> Iterator[dict[str, Any]]:
    for one in found:
        yield {
            **asdict(one),
            "of": say(f"bureau.of.{one.of}", language),
            **scope_words(one.level, one.scope, place, language),
            "rate": Fraction(one.part, one.whole) if one.whole and one.part is not None else None,
            "basis": say("bureau.ledger_only", language),
        }
