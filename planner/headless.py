"""Says why a table has no header: often it is read with a wrong encoding or separator, or is another sheet.

What is guessed here only chooses the words of the fault: no table is read by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from planner.errors import Fault
from planner.grammar import quoted
from planner.sources import strip

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from planner.columns import Column
    from planner.sources import Sheet, TableSource

_LINES = 10
_SEPARATORS = {";": ";", "；": "；", "\t": "Tab", "|": "|"}
# Most of the Chinese in a Big5 text begins with one of these bytes: the frequent characters.
_BIG5_FREQUENT = range(0xA4, 0xC7)
_BIG5_SHARE = 0.9


def headless(sheet: Sheet, source: TableSource, required: Iterable[Column]) -> Fault:
    """Say that no header was found, and what may be the matter.

    Parameters
    ----------
    sheet
        All lines of the file, not all of them blank.
    source
        What the scenario says about it.
    required
        Columns that the header must have.

    Returns
    -------
    fault
        ``headless_encoding`` where the text is no sense, ``headless_separator`` where the lines are one cell each,
        ``headless_sheets`` where the workbook has other sheets and none was named, else ``table_headless``.
    """
    rows = [row for row in sheet.rows[:_LINES] if any(map(strip, row))]
    others = next((doubt.values["sheets"] for doubt in sheet.doubts if doubt.code == "first_sheet"), "")
    values = {
        "headers": " / ".join(quoted(text) for text in rows[0] if strip(text)) if rows else "",
        "needed": " / ".join(sorted(_called(column) for column in required)),
        "sheets": others,
        "encoding": _encoding(rows) if source.file.suffix.lower() == ".csv" else "",
        "separator": _separator(rows) if source.file.suffix.lower() == ".csv" else "",
    }
    code = "headless_sheets" if others else "table_headless"
    code = "headless_separator" if values["separator"] else code
    code = "headless_encoding" if values["encoding"] else code
    return Fault(code, source.shown, sheet.name, values=values)


def _called(column: Column) -> str:
    """Chinese header of a column, with its name in the contract."""
    return f"{column.synonyms[0]} ({column.name})" if column.synonyms else column.name


def _encoding(rows: Sequence[Sequence[str]]) -> str:
    """Name the encoding that a text is likely in, which was read as GB18030; empty where nothing speaks for one."""
    text = "\n".join(",".join(row) for row in rows)
    try:
        data = text.encode("gb18030")
        data.decode("big5")
    except UnicodeError:
        return ""
    chinese = [data[:1] for data in (sign.encode("big5") for sign in data.decode("big5")) if len(data) > 1]
    frequent = sum(first[0] in _BIG5_FREQUENT for first in chinese)
    return "Big5" if not _in_gb2312(text) and frequent >= _BIG5_SHARE * len(chinese) else ""


def _in_gb2312(text: str) -> bool:
    """Whether a text has none but the characters of everyday Chinese, as headers have."""
    try:
        text.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _separator(rows: Sequence[Sequence[str]]) -> str:
    """Name what seems to part the columns, where it is no comma; empty where nothing does."""
    line = ",".join(rows[0]) if rows else ""
    found = max(_SEPARATORS, key=line.count)
    return _SEPARATORS[found] if line.count(found) > max(1, line.count(",")) else ""
