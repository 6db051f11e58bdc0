"""A sheet of the ledger as plain data: what a workbook and a CSV file write alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd


@dataclass(frozen=True, eq=False)
class LedgerSheet:
    """One table of the ledger.

    Attributes
    ----------
    key
        Its name in the program, such as ``communities``; its title is the word ``ledger.sheet.<key>``.
    frame
        Its rows; columns by their names in the program. Cells are text, whole numbers, metres, dates, or blank (None):
        what the bureau has not given stays blank.
    titles
        Column -> header in the language of the scenario.
    notes
        Sentences above the table: how its figures are counted (口径).
    meanings
        Column -> what it says and where it is from, for the sheet of field meanings.
    """

    key: str
    frame: pd.DataFrame
    titles: Mapping[str, str]
    notes: tuple[str, ...]
    meanings: Mapping[str, str]
