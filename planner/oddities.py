"""What is odd in one table: no rule is broken, and it is likely not what was meant."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from planner import columns as col
from planner.errors import Fault
from planner.grammar import Wrong, plain, quoted
from planner.nearheaders import near_faults
from planner.sources import in_runs
from planner.tablefaults import code_doubts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planner.tablefaults import Part
    from planner.terms import Language

_PEOPLE = re.compile(
    "人数|人员|人口|人群|劳动力|毕业生|困难|残疾|低保|零就业|脱贫|返贫|失业|大龄|退役|农民工|people|persons|population|unemployed|graduates",
    re.IGNORECASE,
)
_NO_COUNT = re.compile(
    r"率|比例|占比|比重|密度|人均|电话|代码|编码|编号|日期|时间|年份|户数|\(户\)|站数|(?<!单)元"
    r"|(?:家庭|金额|经费|补贴|补助|成本)(?!.*人[数员口])|rate|share|phone|code|(?-i:I[Dd]|_id)$",
    re.IGNORECASE,
)
_WHOLE = re.compile(r"[0-9]{1,9}(?:\.0+)?")


def doubts_of(part: Part, contract: Sequence[col.Column]) -> tuple[Fault, ...]:
    """List what is to be looked at in a table, with what was decided where its file leaves a choice."""
    found = (
        hidden(part),
        sparse(part),
        code_doubts(part),
        converted(part, contract),
        repeated(part),
        large(part, contract),
    )
    return (*part.grid.doubts, *(doubt for doubts in (*found, strays(part, contract)) for doubt in doubts))


def first_rows_only(cells: Sequence[object]) -> bool:
    """Tell whether names of areas seem to stand in the first row of each alone: all unlike, and the most rows blank."""
    names = [cell for cell in cells if cell]
    return len(names) > 1 and bool(cells[0]) and len(set(names)) == len(names) <= len(cells) - len(names)


def sparse(part: Part) -> Iterator[Fault]:
    """Doubt columns of districts and towns that look filled in for the first row of each alone."""
    for name in ("district", "town"):
        cells = part.values.get(name, ())
        if name in part.matching.place and first_rows_only(cells):
            first = next(at for at, cell in enumerate(cells) if not cell)
            yield part.fault(Wrong("first_rows", {"count": sum(not cell for cell in cells)}), name, first)


def hidden(part: Part) -> Iterator[Fault]:
    """Tell of rows in use that Excel does not show: whoever wrote the scenario may not know of them."""
    lines = np.array([part.grid.lines[row] for row in part.used] if part.grid.hidden else [], dtype=np.int64)
    found = [
        (int(inside[0]), int(inside[-1]), len(inside))
        for first, last in part.grid.hidden
        if len(inside := lines[np.searchsorted(lines, first) : np.searchsorted(lines, last, side="right")])
    ]
    if found:
        values = {"count": sum(count for _, _, count in found), "lines": in_runs([run[:2] for run in found])}
        yield Fault("hidden_rows", part.source.shown, part.grid.sheet, found[0][0], values=values)


def converted(part: Part, contract: Sequence[col.Column]) -> Iterator[Fault]:
    """Doubt texts of the contract that a workbook holds as dates, times or truth values: Excel makes them of 3-5."""
    grid, used = part.grid, {part.grid.lines[row] for row in part.used} if part.grid.converted else set()
    for name, place in part.matching.place.items():
        column = col.contract_column(name, contract)
        lines = sorted(line for line, at in grid.converted if at == place and line in used)
        if column is not None and column.kind == "text" and lines:
            text = grid.cells[place][grid.lines.index(lines[0])]
            values = {"text": quoted(text), "lines": in_runs([(line, line) for line in lines])}
            yield Fault("cell_converted", part.source.shown, grid.sheet, lines[0], grid.headers[place], values)


def repeated(part: Part) -> Iterator[Fault]:
    """Tell of columns that pass through and have one header: outputs need a name for each."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    for name, place in part.matching.rest.items():
        names[part.grid.headers[place]].append(name)
    for header, found in names.items():
        if len(found) > 1:
            values = {"header": quoted(header), "count": len(found), "names": " / ".join(map(quoted, found))}
            yield Fault("header_numbered", part.source.shown, part.grid.sheet, column=header, values=values)


def large(part: Part, contract: Sequence[col.Column]) -> Iterator[Fault]:
    """Doubt figures that a community or a site hardly ever has; a table of totals speaks of districts."""
    if contract[0].name not in {"demand_id", "site_id"}:
        return
    for name, cells in part.values.items():
        column = col.contract_column(name, contract)
        most = col.LIKELY.get(column.unit) if column else None
        rows = [at for at, value in enumerate(cells) if isinstance(value, int) and value > most] if most else []
        if column and rows:
            lines = part.lines(rows)
            values = {"text": cells[rows[0]], "most": most, "count": len(rows), "lines": lines}
            wrong = Wrong("people_large", values) if column.unit == "people" else Wrong("yuan_large", values)
            yield part.fault(wrong, name, rows[0])


def strays(part: Part, contract: Sequence[col.Column]) -> Iterator[Fault]:
    """Doubt columns that nobody reads and whose headers nearly say what an absent column of the contract says."""
    grid, named = part.grid, part.source.headers_named
    spare = [grid.headers[at] for name, at in part.matching.rest.items() if any(part.values[name])]
    spare = [header for header in dict.fromkeys(spare) if header not in named]
    filled = {*part.matching.place, *(("layer",) if part.source.layer else ())}
    return near_faults(spare, contract, filled, part.source.shown, grid.sheet)


def headers_read(part: Part) -> Iterator[tuple[str, Mapping[Language, str] | None]]:
    """Yield each header of a table with what its column is called in the contract; None where it passes through."""
    known = {column.name: col.called(column) for column in (*col.DEMAND_COLUMNS, *col.SITE_COLUMNS)}
    names = {at: name for name, at in part.matching.place.items()}
    for at, header in enumerate(part.grid.headers):
        name = names.get(at)
        if header:
            yield header, known.get(name, {"zh": name, "en": name}) if name else None


def uncounted(part: Part) -> list[str]:
    """Name the columns that pass through a table of people, hold whole numbers, and by their headers count people.

    Nobody counts them: a group of people (W10) has to be declared.
    """
    found = []
    for name, place in part.matching.rest.items():
        header = plain(part.grid.headers[place])
        cells = [cell for cell in part.values[name] if cell]
        numbers = sum(_WHOLE.fullmatch(cell) is not None for cell in cells)
        if _PEOPLE.search(header) and not _NO_COUNT.search(header) and 2 * numbers > len(cells):
            found.append(part.grid.headers[place])
    return found
