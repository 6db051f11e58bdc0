"""Finds the header of a table, and what of the lines around it is no row.

The rule. A header is one of the first 10 lines, or two or three lines that merged cells tie together. It is the first
one in which every required column stands that the scenario gives no default for, and at least one column of the
contract; of headers that begin on the same line the deepest. Where none has them all, it is the first one with the most
columns of the contract. A second, different line that has them all, two and half as many as the first, is a fault.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from planner.columns import contract_column
from planner.errors import Fault, TableError
from planner.grammar import holds_id_number, plain, quoted
from planner.headless import headless
from planner.matching import Matching, match_headers
from planner.sources import LAT_OF_PLACE, LON_OF_PLACE, Grid, in_runs, one_line, strip, strip_all
from planner.titleunits import wrong_unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from planner.columns import Column
    from planner.sources import Merged, Sheet, TableSource

HEADER_LINES = 10
"""A header begins on one of so many lines."""

DEEPEST = 3
"""Lines that a merged header may have."""

ROW_IDS = "row"
"""What `TableSource.id` says where the rows are numbered by their lines."""

_NUMBER = re.compile(r"[-+]?[0-9][0-9,]*(?:\.[0-9]+)?%?")
_TOTALS = re.compile(
    r"(?:.*(?:合计|总计|小计|共计|累计|汇总)(?:数|人数)?|总数|总人数|总人口|计|总|∑|(?:sub|grand)?totals?|sum)(?:\(.*\))?(?::.*)?"
    r"|其中(?::.*|男.*|女.*)?",
    re.IGNORECASE | re.DOTALL,
)
_WHOLE_AREA = re.compile(r"全(?:省|市|区|县|旗|镇|乡|街道)(?:\(.*\))?:?")
_LABEL = (
    r"(?:注|备注|.{0,4}说明|附注|填表人|填表单位|填表日期|填报人|填报单位|填报日期|填报时间|制表人|制表|制表单位|制表日期|制表时间|审核人|审核"
    r"|审核单位|负责人|单位负责人|分管领导|联系人|联系电话|联系方式|数据来源|资料来源|日期|notes?|source)(?:\(.*\))?[0-9]*:.*"
)
_LABELLED = re.compile(_LABEL, re.IGNORECASE | re.DOTALL)
_NOTE = re.compile(
    # sentences, where a seal goes, and what closes a page
    _LABEL + r"|.*。|[0-9]{1,2}[.、].*[;；]|\(?(?:盖章|公章|单位盖章|签字盖章|单位公章)\)?"
    r"|(?:此页|本页)?以下为?(?:空白|无正文)|第[0-9]+页(?:,?共[0-9]+页)?|[0-9]{4}(?:年[0-9]{1,2}月(?:[0-9]{1,2}日)?|[-/.][0-9]{1,2}[-/.][0-9]{1,2})",
    re.IGNORECASE | re.DOTALL,
)  # fmt: skip
_SECTION = re.compile(r"(?:\([一二三四五六七八九十]{1,3}\)|[一二三四五六七八九十]{1,3}[、.]).*", re.DOTALL)
_UNIT_CODE = re.compile("[0-9]{9}|[0-9]{12}")
_CODE = re.compile("[0-9A-Za-z_.-]+")


@dataclass(frozen=True, eq=False)
class _Header:
    """A header that may be meant: its lines, its names and what they stand for."""

    top: int
    bottom: int
    names: tuple[str, ...]
    matching: Matching


def read_header(sheet: Sheet, source: TableSource, contract: Sequence[Column]) -> tuple[Grid, Matching]:
    """Find the header of a sheet and what its columns stand for.

    Parameters
    ----------
    sheet
        All lines of a file.
    source
        What the scenario says about it.
    contract
        Columns known; the first one holds the ids.

    Returns
    -------
    grid
        What stands below the header; without headers where none is found. Its faults tell of a header that is not
        to be found or doubtful, of columns without a name, of rows with too many cells and of cells that are one.
    matching
        The columns.

    Raises
    ------
    TableError
        If the header, or a line above it, holds an ID-card number.
    """
    if not any(strip(cell) for row in sheet.rows for cell in row):
        return Grid(sheet.name, (), (), (), (Fault("table_empty", source.shown, sheet.name),)), Matching({}, {}, ())
    sheet = _without_end(sheet)
    filled = _filled(sheet)
    found = list(_headers(sheet, filled, source, contract))
    required = {column.name for column in contract if column.required} - set(source.defaults)
    whole = [header for header in found if required <= set(header.matching.place) and header.matching.place]
    best = whole[0] if whole else max(found, key=lambda header: len(header.matching.place))
    if not (best.matching.place or source.columns):
        fault = headless(sheet, source, (column for column in contract if column.name in required))
        return Grid(sheet.name, (), (), (), (fault,)), Matching({}, {}, ())
    personal = [row for row in range(best.bottom + 1) if any(map(holds_id_number, sheet.rows[row]))]
    if personal:  # nothing more is said of this table: faults name columns by their headers
        raise TableError(*(Fault("personal_id", source.shown, sheet.name, sheet.lines[row]) for row in personal))
    doubts = [
        Fault("two_header_rows", source.shown, sheet.name, sheet.lines[other.top],
              values={"first": sheet.lines[best.bottom]})
        for other in whole if other.top > best.bottom and other.names != best.names
        and len(other.matching.place) >= max(2, len(best.matching.place) / 2)
    ]  # fmt: skip
    return _below(sheet, filled, best, source, contract, doubts[:1]), best.matching


def _without_end(sheet: Sheet) -> Sheet:
    """Return a sheet without the blank lines at its end: a space far down makes a million of them."""
    last = next(row for row in reversed(range(len(sheet.rows))) if any(map(strip, sheet.rows[row])))
    return replace(sheet, rows=sheet.rows[: last + 1], lines=sheet.lines[: last + 1])


def _filled(sheet: Sheet) -> list[tuple[str, ...]]:
    """Return the lines in which a header may stand, of one length, with the text of merged cells in each of them."""
    rows = sheet.rows[: HEADER_LINES + DEEPEST - 1]
    width = max(map(len, rows))
    texts = [[*map(one_line, row), *[""] * (width - len(row))] for row in rows]
    for cells in sheet.merged:
        if cells.top < len(rows) and cells.left < width:
            text = texts[cells.top][cells.left]
            for row in texts[cells.top : cells.bottom + 1]:
                end = min(cells.right + 1, width)
                row[cells.left : end] = [text] * (end - cells.left)
    return list(map(tuple, texts))


def _headers(
    sheet: Sheet, filled: Sequence[tuple[str, ...]], source: TableSource, contract: Sequence[Column]
) -> Iterator[_Header]:
    """Yield every header that may be meant, in the order of preference."""
    key = contract[0].name
    by_row = source.id == ROW_IDS
    explicit = {**source.columns, **({key: source.id} if source.id and not by_row else {})}
    if LON_OF_PLACE in filled[0]:
        explicit = {"lon": LON_OF_PLACE, "lat": LAT_OF_PLACE, **explicit}
    goes_on = [_goes_on(sheet.merged, filled, row) for row in range(len(filled))]
    for top in range(min(HEADER_LINES, len(filled))):
        # the lower lines of a merged header alone do not say what they count
        if top and goes_on[top - 1]:
            continue
        tied = 1
        while tied < DEEPEST and top + tied < len(filled) and goes_on[top + tied - 1]:
            tied += 1
        for bottom in reversed(range(top, top + tied)):
            parts = [_parts(column) for column in zip(*filled[top : bottom + 1], strict=True)]
            names = tuple(map(" ".join, parts))
            if any(names):
                spare = (key,) if by_row else ()
                texts = [part or ("",) for part in parts]
                matching = match_headers(
                    names, contract, explicit, unclaimed=spare, needed=source.headers_named, parts=texts
                )
                yield _Header(top, bottom, names, matching)


def _parts(column: Sequence[str]) -> tuple[str, ...]:
    """Texts of a header's lines, each once, empty ones left out."""
    return tuple(dict.fromkeys(text for text in column if text))


def _goes_on(merged: Sequence[Merged], filled: Sequence[tuple[str, ...]], row: int) -> bool:
    """Whether merged cells tie a line of a header to the next one; a title has one text, a form line a colon."""
    texts = {text for text in filled[row] if text}
    if len(texts) == 1 or any(":" in plain(text) for text in texts):
        return False
    return any(
        cells.top <= row <= cells.bottom and (cells.right > cells.left or cells.bottom > row) for cells in merged
    )


# --- what stands below -------------------------------------------------------------------------------------------


def _below(
    sheet: Sheet,
    filled: Sequence[tuple[str, ...]],
    header: _Header,
    source: TableSource,
    contract: Sequence[Column],
    doubts: Sequence[Fault],
) -> Grid:
    start = header.bottom + 1
    width = max(map(len, sheet.rows[header.top : start]))
    headers = header.names[:width]
    rows, faults, told = _unmerged(sheet, header, source, contract, width)
    columns = tuple(strip_all(column) for column in zip(*rows, strict=True)) or ((),) * width
    titles = [" ".join(dict.fromkeys(filter(None, row))) for row in filled[: header.top]]
    misshapen = _misshapen(sheet, header, source, contract, columns, titles)
    unknown = ((sheet.lines[row], place) for row, place in sheet.uncalculated if row >= start and place < width)
    last = len(sheet.lines) - 1
    hidden = tuple((sheet.lines[a], sheet.lines[min(b, last)]) for a, b in sheet.hidden_rows if a <= last)
    return Grid(
        sheet=sheet.name,
        headers=headers,
        cells=columns,
        lines=tuple(sheet.lines[start:]),
        faults=(*doubts, *faults, *misshapen),
        above=tuple(zip(sheet.lines, titles, strict=False)),
        uncalculated=frozenset(unknown),
        hidden=hidden,
        converted=tuple((sheet.lines[row], place) for row, place in sheet.converted if row >= start),
        doubts=(*sheet.doubts, *told, *_hidden_columns(sheet, headers, source)),
    )


def _misshapen(
    sheet: Sheet,
    header: _Header,
    source: TableSource,
    contract: Sequence[Column],
    columns: Sequence[Sequence[str]],
    titles: Sequence[str],
) -> Iterator[Fault]:
    """Find what does not fit its header: cells beside it, columns without one, cut codes, a title in another unit."""
    start, width = header.bottom + 1, len(columns)
    headers = header.names[:width]

    def fault(code: str, row: int, name: str = "", **values: object) -> Fault:
        return Fault(code, source.shown, sheet.name, sheet.lines[row], name, values)

    for number, row in enumerate(sheet.rows[start:], start):
        if len(row) > width and any(map(strip, row[width:])):
            yield fault("row_too_long", number, cells=len(row), headers=width)
    for place, name in enumerate(headers):
        if not name and any(columns[place]):
            yield fault("nameless_column", header.bottom, number=place + 1)
    for at, place in sheet.cut:
        yield fault("code_cut", at, headers[place] if place < width else "")
    known = [(contract_column(name, contract), headers[at]) for name, at in header.matching.place.items()]
    for number, text in enumerate(titles):
        code, unit = wrong_unit(text, ((column, name) for column, name in known if column))
        if code:
            yield fault(code, number, unit=quoted(unit))
    if start >= len(sheet.rows):
        yield Fault("table_empty", source.shown, sheet.name)


def _hidden_columns(sheet: Sheet, headers: Sequence[str], source: TableSource) -> Iterator[Fault]:
    """Tell of columns that Excel does not show."""
    veiled = {place for first, last in sheet.hidden_columns for place in range(first, min(last + 1, len(headers)))}
    names = [quoted(name) for place, name in enumerate(headers) if name and place in veiled]
    if names:
        yield Fault("hidden_columns", source.shown, sheet.name, values={"columns": " / ".join(names)})


def _unmerged(
    sheet: Sheet, header: _Header, source: TableSource, contract: Sequence[Column], width: int
) -> tuple[list[Sequence[str]], list[Fault], list[Fault]]:
    """Return the rows below a header, all `width` long, with the text of merged cells in each of their rows.

    Beside them what cannot be shared among rows, as faults, and where a text was, as doubts.
    """
    start = header.bottom + 1
    named = {number: contract_column(name, contract) for name, number in header.matching.place.items()}
    rows = [row if len(row) == width else [*row, *[""] * (width - len(row))][:width] for row in sheet.rows[start:]]
    faults: list[Fault] = []
    told: list[Fault] = []
    shared: dict[int, list[tuple[int, int]]] = {}
    for cells in sheet.merged:
        place, bottom = cells.left, min(cells.bottom + 1, len(sheet.rows))
        if place >= width or not start <= cells.top < bottom - 1:
            continue
        text, inside = rows[cells.top - start][place], rows[cells.top - start : bottom - start]
        # where nothing stands beside it, it is a note over several lines
        if not strip(text) or not any(strip(cell) for row in inside for x, cell in enumerate(row) if x != place):
            continue
        if _holds_for_each(named.get(place), text, contract):
            for number in range(cells.top - start, bottom - start):
                rows[number] = [*rows[number][:place], text, *rows[number][place + 1 :]]
            shared.setdefault(place, []).append((sheet.lines[cells.top], sheet.lines[bottom - 1]))
        elif place in named:
            line, name = sheet.lines[cells.top], header.names[place]
            faults.append(Fault("merged_cell", source.shown, sheet.name, line, name, {"rows": bottom - cells.top}))
        elif header.names[place]:
            line, name = sheet.lines[cells.top], header.names[place]
            told.append(Fault("merged_number", source.shown, sheet.name, line, name, {"rows": bottom - cells.top}))
    told += [
        Fault("merged_shared", source.shown, sheet.name, runs[0][0], header.names[place], {"lines": in_runs(runs)})
        for place, runs in sorted(shared.items())
    ]
    return rows, faults, [*told, *_merged_across(sheet, header, source, width)]


def _merged_across(sheet: Sheet, header: _Header, source: TableSource, width: int) -> Iterator[Fault]:
    """Tell of texts of rows that are merged over several columns: only the first one of them has the text."""
    for cells in sheet.merged:
        right = min(cells.right, width - 1)
        if not header.bottom < cells.top < len(sheet.rows) or cells.left >= right:
            continue
        row = sheet.rows[cells.top]
        beside = (cell for place, cell in enumerate(row) if not cells.left <= place <= right)
        names = [name for name in header.names[cells.left + 1 : right + 1] if name]
        if names and any(map(strip, row[cells.left : cells.left + 1])) and any(map(strip, beside)):
            values = {"columns": " / ".join(map(quoted, names))}
            yield Fault(
                "merged_across", source.shown, sheet.name, sheet.lines[cells.top], header.names[cells.left], values
            )


def _holds_for_each(column: Column | None, text: str, contract: Sequence[Column]) -> bool:
    """Whether what stands in a merged cell holds for each of its rows; a number or an id is one for all together."""
    if column is None:
        return _NUMBER.fullmatch(plain(text)) is None
    return column.kind in {"text", "choice", "types"} and column.name != contract[0].name


def why_no_row(grid: Grid, matching: Matching, contract: Sequence[Column]) -> Callable[[Sequence[str]], str]:
    """Return what tells why a line below the header is no row of the table.

    Parameters
    ----------
    grid, matching
        The table.
    contract
        Columns known; the first one holds the ids.

    Returns
    -------
    reason
        Takes the cells of a line, stripped, and says ``blank``; ``header``, the header once more; ``total``, where the
        first text, the id or a name (of people also their town or district) says so and there is no place; ``note``,
        where every text is one such as
        填表人：…, or stands above the header as well, or the first one is and the line has no place, code or id;
        ``section``, where the first one is a heading (一、…) without a place, code, name or setting, or there is one
        text only and it is nothing that a row must have; or nothing, for a row.
    """
    lon, lat = (matching.place.get(name) for name in ("lon", "lat"))
    counted = contract[0].name == "demand_id"  # 全市 in a table of official totals is a fault of its own
    areas = ("town", "district", "unit_id") if counted else ()
    known = dict.fromkeys((contract[0].name, "demand_id", "site_id", "name", *areas))
    naming = [matching.place[name] for name in known if name in matching.place]
    headers, titles = set(grid.headers), {text for _, text in grid.above if text}
    aside = _why_aside(grid, matching, contract)

    def reason(cells: Sequence[str]) -> str:
        first = next(filter(None, cells), "")
        if not first:
            return "blank"
        repeated = one_line(first) in headers and all(
            text in {"", header} for text, header in zip(map(one_line, cells), grid.headers, strict=True)
        )
        if repeated and sum(map(bool, cells)) > 1:
            return "header"
        placed = lon is not None and lat is not None and cells[lon] and cells[lat]
        names = [] if placed else [plain(cells[at]) for at in naming if cells[at]]
        wholes = map(_WHOLE_AREA.fullmatch, names if counted else ())
        if not placed and any((*map(_TOTALS.fullmatch, (plain(first), *names)), *wholes)):
            return "total"
        if one_line(first) in titles and not any(cells[cells.index(first) + 1 :]):
            return "note"
        if all(not text or _NOTE.fullmatch(plain(text)) for text in cells):
            return "note"
        return "" if placed else aside(cells, first)

    return reason


def _why_aside(grid: Grid, matching: Matching, contract: Sequence[Column]) -> Callable[[Sequence[str], str], str]:
    """Return what tells why a line without a place is no row: it has no code or id either, and its first text says so.

    A lone text is no row where it is nothing that a row must have; neither in the column of ids where it is no id.
    """
    at = matching.place
    key, unit = at.get(contract[0].name), at.get("unit_id")
    needed = {at[column.name] for column in contract if column.name in at and (column.filled or column.name == "name")}
    counts = [at[column.name] for column in contract if column.name in at and column.filled and column.kind == "whole"]
    describing = [at[name] for name in ("name", "setting", "status") if name in at]
    sure = [grid.cells[at[column.name]] for column in contract if column.name in at and column.filled]
    whole = map(all, zip(*sure, strict=True))
    ids = [text for text, is_row in zip(grid.cells[key], whole, strict=True) if is_row] if key is not None else []
    coded = sum(_CODE.fullmatch(text) is not None for text in ids) * 2 > len(ids)

    def is_id(text: str) -> bool:
        return bool(text) and (not coded or _CODE.fullmatch(text) is not None)

    def reason(cells: Sequence[str], first: str) -> str:
        start = cells.index(first)
        has_code = unit is not None and _UNIT_CODE.fullmatch(cells[unit])
        if has_code or (key is not None and key != start and is_id(cells[key])):
            return ""
        if _LABELLED.fullmatch(plain(first)) and not any(_NUMBER.fullmatch(plain(cells[place])) for place in counts):
            return "note"
        if _SECTION.fullmatch(plain(first)) and not any(cells[place] for place in describing if place != start):
            return "section"
        alone = not any(cells[start + 1 :])
        return "section" if alone and (start not in needed or (start == key and not is_id(first))) else ""

    return reason
