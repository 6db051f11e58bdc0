"""Reads the table that says which figure goes into which cell of a superior's form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from planner.columns import Column
from planner.errors import Fault, TableError
from planner.grammar import Wrong, quoted, read_cell, spoilt
from planner.grids import read_lines
from planner.headings import read_header
from planner.tablefaults import Part, followable, header_faults, shortened, text_faults

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from planner.sources import TableSource

_FORMS = {
    **dict.fromkeys(("百分点", "points"), "points"),
    **dict.fromkeys(("小数", "ratio"), "ratio"),
    **dict.fromkeys(("万", "万元", "万人", "ten_thousands"), "ten_thousands"),
    **dict.fromkeys(("文字", "text"), "text"),
}

MAP_COLUMNS: tuple[Column, ...] = (
    Column("figure", "text", "key of the figure", ("指标", "指标编号", "指标代码", "数据项"), required=True),
    Column("sheet", "text", "sheet of the form", ("工作表", "工作表名称", "表页")),
    Column("cell", "text", "cell, such as C5", ("单元格", "单元格地址")),
    Column("row", "text", "text of the row", ("行名", "行名称", "行")),
    Column("column", "text", "text above the column", ("列名", "列名称", "列")),
    Column("form", "choice", "how the figure is written", ("写法", "填写方式"), choices=_FORMS),
)
"""Columns of a cell map; every line names a cell, or a row and a column.

`form`: of a share, ``points`` (89.9) or ``ratio`` (0.899); of money and people, ``ten_thousands``; ``text``. Where it
is empty, the number format of the cell decides."""


@dataclass(frozen=True)
class CellWish:
    """A figure that is wanted in a cell.

    Attributes
    ----------
    figure
        Key of the figure.
    sheet
        Sheet of the form; empty for the one that the scenario names, else the first one.
    cell
        Reference of the cell, or empty.
    row, column
        Texts of its row and column, where `cell` is empty; parts of several lines with ``>`` between.
    form
        ``points``, ``ratio``, ``ten_thousands``, ``text``, or empty.
    file, map_sheet, line
        Where the wish stands.
    """

    figure: str
    sheet: str = ""
    cell: str = ""
    row: str = ""
    column: str = ""
    form: str = ""
    file: str = ""
    map_sheet: str = ""
    line: int | None = None

    def fault(self, code: str, **values: object) -> Fault:
        """Say something of this wish."""
        return Fault(code, self.file, self.map_sheet, self.line, values={"figure": quoted(self.figure), **values})


@dataclass(frozen=True)
class CellMap:
    """The wishes of a cell map in its order, and what is doubtful in it."""

    wishes: tuple[CellWish, ...]
    doubts: tuple[Fault, ...]


def read_map(source: TableSource) -> CellMap:
    """Read a cell map: CSV or Excel, headers in Chinese or as in `MAP_COLUMNS`.

    Every line below the header that holds anything is a wish: a row of a form may well be called 合计, which no other
    table reads as a row.

    Raises
    ------
    TableError
        With every fault: of the file and its header, a line without a figure, one that names neither a cell nor a row
        and a column, or both, a way of writing that there is not.
    """
    sheet = read_lines(source)
    grid, matching = read_header(sheet, source, MAP_COLUMNS)
    used = tuple(row for row, cells in enumerate(zip(*grid.cells, strict=True)) if any(cells))
    part = Part(source, grid.faults, grid, matching, used)
    faults = [*grid.faults, *header_faults(part, MAP_COLUMNS), *text_faults(part, MAP_COLUMNS, refuse_phones=False)]
    wishes = []
    for at in range(len(used)):
        wish, wrong = _wish(part, at)
        wishes.append(wish)
        faults += wrong
    if not faults and not wishes:
        faults.append(Fault("table_empty", source.shown, grid.sheet))
    if faults:
        told = followable(faults, columns=False)
        raise TableError(*shortened(sorted(told, key=lambda fault: fault.row or 0)))
    return CellMap(tuple(wishes), grid.doubts)


def _wish(part: Part, at: int) -> tuple[CellWish, list[Fault]]:
    """Read a line of the map; what is wrong with it comes beside."""
    values: dict[str, Any] = {}
    faults = []
    for column in MAP_COLUMNS:
        place = part.matching.place.get(column.name)
        text = "" if place is None else part.grid.cells[place][part.used[at]]
        # 否 or a dash may be the name of a row: only choices are read by their grammar
        value = spoilt(text) or (read_cell(column, text) if column.kind == "choice" else text)
        if isinstance(value, Wrong):
            faults.append(part.fault(value, column.name, at))
            value = ""
        values[column.name] = value
    wish = CellWish(**values, file=part.source.shown, map_sheet=part.grid.sheet, line=part.line(at))
    return wish, faults or list(_incomplete(wish, values, absent="figure" not in part.matching.place))


def _incomplete(wish: CellWish, values: Mapping[str, str], *, absent: bool) -> Iterator[Fault]:
    """Find what a line lacks, or says twice; a column that is `absent` is told once."""
    if not (wish.figure or absent):
        yield wish.fault("form_no_figure")
    if wish.cell and (wish.row or wish.column):
        yield wish.fault("form_two_places", **{name: quoted(values[name]) for name in ("cell", "row", "column")})
    elif not wish.cell and not (wish.row and wish.column):
        yield wish.fault("form_no_place")
