"""The workbook of a check: what was read, every fault and doubt, and the rows concerned with their bad cells marked."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from planner.checklines import road_lines, uncounted_lines
from planner.excelcells import new_book, places, sheet_name, write_cell
from planner.grammar import masked, quoted
from planner.problems import cells_of, part_of
from planner.words import layer_name, listed, say, tell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from planner.checking import Checked
    from planner.problems import Problem
    from planner.tablefaults import Part
    from planner.terms import Language

SUFFIX = "-check"
"""What the name of the result folder has after the scenario's."""

MARK = "check.xlsx"
"""The workbook, the only file of the result."""

RESULT_FILES = frozenset({MARK})
"""Names of everything that a result holds."""

LISTED = 20_000
"""Rows of a list that are written; how many there are is said."""

ROWS_REPEATED = 2000
"""Rows of a table that are repeated."""

_WIDEST, _NARROWEST = 60, 8
_NOTE = 1000


class _Book:
    """A workbook that is being written: its formats, and the names that its sheets have."""

    def __init__(self, path: Path, language: Language, data_date: str | None) -> None:
        self.language = language
        self.book: Workbook = new_book(path, dt.date.fromisoformat(data_date) if data_date else None)
        self.head = self._format(bold=True, bg_color="#DDE6F0", border=1)
        self.title = self._format(bold=True, font_size=14)
        self.text = self._format()
        self.colours = {"fault": self._format(bg_color="#F8B4B4"), "doubt": self._format(bg_color="#FFE699")}
        self._names: set[str] = set()

    def _format(self, **about: Any) -> Format:
        return self.book.add_format({"valign": "top", "text_wrap": True, **about})

    def word(self, key: str, **values: object) -> str:
        return say(f"checkbook.{key}", self.language, **values)

    def sheet(self, name: str) -> Worksheet:
        """Add a sheet under a name that Excel takes and that no other sheet has."""
        free = sheet_name(name, self._names)
        self._names.add(free)
        return self.book.add_worksheet(free)

    def table(
        self, sheet: Worksheet, top: int, headers: Sequence[str], rows: Sequence[Sequence[Any]], *, most: int = LISTED
    ) -> int:
        """Write a header and rows; returns the number of the next line."""
        for column, header in enumerate(headers):
            sheet.write_string(top, column, header, self.head)
        for line, row in enumerate(rows[:most], start=top + 1):
            for column, value in enumerate(row):
                self.cell(sheet, line, column, value)
        end = top + 1 + min(len(rows), most)
        if len(rows) > most:
            sheet.write_string(end, 0, self.word("cut_short", shown=most, count=len(rows)), self.text)
            end += 1
        return end

    def cell(self, sheet: Worksheet, line: int, column: int, value: Any, style: Format | None = None) -> None:
        """Write a cell as what it is: never as a formula."""
        shown = self.word("yes" if value else "no") if isinstance(value, bool) else value
        if not (shown is None or isinstance(shown, int | float)):
            shown = str(shown)
        write_cell(sheet, line, column, shown, style or self.text)


def write(checked: Checked, path: Path) -> None:
    """Write the workbook of a check.

    Parameters
    ----------
    checked
        What was found.
    path
        The .xlsx to write; the same check gives the same bytes.
    """
    record = checked.record
    book = _Book(path, record["language"], record["data_date"])
    _overview(book, record)
    _problems(book, record["problems"])
    _left_out(book, record["left_out_rows"])
    _columns(book, record["columns"])
    concerned: defaultdict[Part, list[Problem]] = defaultdict(list)
    for problem in checked.problems:
        part = part_of(problem.fault, checked.parts)
        if part is not None:
            concerned[part].append(problem)
    for part, problems in concerned.items():
        _rows_concerned(book, part, problems)
    _farthest(book, record["farthest"])
    _roads_near(book, record["roads_near"])
    _void(book, checked.void)
    _sums(book, record["sums"])
    book.book.close()


# --- lists -------------------------------------------------------------------------------------------------------


def _overview(book: _Book, record: Mapping[str, Any]) -> None:
    """Say what was read: per file used and left out with the reasons, people by layer, and what the roads show."""
    sheet = book.sheet(book.word("overview"))
    sheet.set_column(0, 0, 46)
    sheet.set_column(1, 6, 20)
    sheet.write_string(0, 0, book.word("title", scenario=record["scenario"]), book.title)
    weights = [item["weight"] for item in record["problems"]]
    for line, key in ((1, "faults"), (2, "doubts")):
        sheet.write_string(line, 0, book.word(key), book.text)
        sheet.write_number(line, 1, weights.count(key.removesuffix("s")), book.text)
    reasons: defaultdict[str, int] = defaultdict(int)
    for item in record["left_out_by_file"]:
        reasons[item["path"]] += item["rows"]
    rows = [
        [item["path"], item["rows_read"], _refused(book, item["held_by"]), reasons[item["path"]], None]
        if item["rows_used"] is None else
        [item["path"], item["rows_read"], item["rows_used"], reasons[item["path"]],
         item["rows_used"] + reasons[item["path"]] == item["rows_read"]]
        for item in record["inputs"] if item["rows_read"] is not None
    ]  # fmt: skip
    headers = ("file", "rows_read", "rows_used", "rows_left", "adds_up")
    end = book.table(sheet, 4, [book.word(key) for key in headers], rows)
    listed = [[item["path"], item["reason"], item["rows"]] for item in record["left_out_by_file"]]
    end = book.table(sheet, end + 1, [book.word(key) for key in ("file", "reason", "rows")], listed)
    keys = ("points", "people", "not_assessable")
    people = [[layer_name(item["layer"], book.language), *(item[key] for key in keys)] for item in record["layers"]]
    end = book.table(sheet, end + 1, [book.word(key) for key in ("layer", *keys)], people)
    end = _sentences(book, sheet, end, uncounted_lines(record, book.language))
    sheet.write_string(end + 1, 0, book.word("on_roads"), book.head)
    _sentences(book, sheet, end + 2, road_lines(record, book.language))


def _refused(book: _Book, held_by: Sequence[str]) -> str:
    """Say why no row of a table is used: it has faults, or another one has that goes with it."""
    return book.word("held", files=listed(held_by, book.language)) if held_by else book.word("refused")


def _sentences(book: _Book, sheet: Worksheet, start: int, texts: Iterable[str]) -> int:
    """Write sentences over the width of the overview; returns the number of the next line."""
    line = start
    for line, text in enumerate(texts, start=start + 1):
        sheet.merge_range(line - 1, 0, line - 1, 6, text.strip("　 "), book.text)
        sheet.set_row(line - 1, 15 * (1 + len(text) // 80))
    return line


def _problems(book: _Book, problems: Sequence[Mapping[str, Any]]) -> None:
    """List every fault and doubt by file and row."""
    sheet = book.sheet(book.word("problems"))
    keys = ("file", "sheet", "row", "column", "weight", "read", "what", "cure")
    for column, width in enumerate((28, 14, 8, 18, 8, 24, 60, 50)):
        sheet.set_column(column, column, width)
    shown = [
        {**item, "weight": book.word(f"weight_{item['weight']}"), "row": item["cell"] or item["row"]}
        for item in problems
    ]
    rows = [[item[key] for key in keys] for item in shown]
    end = book.table(sheet, 0, [book.word(key) for key in keys], rows)
    for line, item in enumerate(problems[:LISTED], start=1):
        book.cell(sheet, line, keys.index("read"), item["read"], book.colours[item["weight"]])
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(end - 1, 1), len(keys) - 1)


def _left_out(book: _Book, rows: Sequence[Mapping[str, Any]]) -> None:
    """List the rows that are not used."""
    sheet = book.sheet(book.word("left_out"))
    keys = ("file", "row", "rows", "id", "name", "reason")
    for column, width in enumerate((32, 8, 8, 20, 36, 60)):
        sheet.set_column(column, column, width)
    listed = [[masked(value) if isinstance(value := row[key], str) else value for key in keys] for row in rows]
    book.table(sheet, 0, [book.word(key) for key in keys], listed)
    sheet.freeze_panes(1, 0)


def _columns(book: _Book, columns: Sequence[Mapping[str, Any]]) -> None:
    """List what each column of the tables was read as."""
    sheet = book.sheet(book.word("columns"))
    sheet.set_column(0, 3, 28)
    rows = [[item["path"], item["sheet"], item["header"], item["read_as"] or book.word("unread")] for item in columns]
    book.table(sheet, 0, [book.word(key) for key in ("file", "sheet", "column", "read_as")], rows)
    sheet.freeze_panes(1, 0)


def _farthest(book: _Book, rows: Sequence[Mapping[str, Any]]) -> None:
    """List the points farthest from their roads."""
    if not rows:
        return
    sheet = book.sheet(book.word("farthest"))
    sheet.set_column(0, 0, 8)
    sheet.set_column(1, 7, 20)
    headers = ("kind", "file", "row", "id", "name", "metres_to_road", "off_network", "across_water")
    listed = [
        [*_named(book, row), row["metres"], row["off_network"],
         book.word("untested") if row["across_water"] is None else row["across_water"]]
        for row in rows
    ]  # fmt: skip
    book.table(sheet, 0, [book.word(key) for key in headers], listed)


def _named(book: _Book, row: Mapping[str, Any]) -> list[Any]:
    return [book.word(f"kind_{row['kind']}"), row["file"], row["row"], quoted(row["id"]), quoted(row["name"])]


def _roads_near(book: _Book, rows: Sequence[Mapping[str, Any]]) -> None:
    """List how dense the roads are around each community, the fewest first."""
    if not rows:
        return
    sheet = book.sheet(book.word("roads_near"))
    sheet.set_column(0, 3, 20)
    sheet.set_column(4, 10, 14)
    keys = (
        "name",
        "district",
        "town",
        "points",
        "people",
        "road_km",
        "area_km2",
        "km_per_km2",
        "dead_ends",
        "dead_ends_per_km",
    )
    listed = [[row["unit_id"], *(_rounded(row[key]) for key in keys)] for row in rows]
    book.table(sheet, 0, [book.word(key) for key in ("id", *keys)], listed)
    sheet.freeze_panes(1, 0)


def _rounded(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) else value


def _void(book: _Book, rows: Sequence[Mapping[str, Any]]) -> None:
    """List the points whose figures are void, for the roads were cut near them."""
    if not rows:
        return
    sheet = book.sheet(book.word("void"))
    sheet.set_column(0, 0, 8)
    sheet.set_column(1, 7, 20)
    headers = ("kind", "file", "row", "id", "name", "metres_to_cut", "layer", "people")
    listed = [
        [*_named(book, row), row["metres"], layer_name(row["layer"], book.language), row["people"]] for row in rows
    ]
    book.table(sheet, 0, [book.word(key) for key in headers], listed)


def _sums(book: _Book, rows: Sequence[Mapping[str, Any]]) -> None:
    """List what the tables count in each unit, beside its official figure."""
    if not rows:
        return
    sheet = book.sheet(book.word("sums"))
    sheet.set_column(0, 6, 20)
    keys = ("path", "unit", "layer", "counted", "official", "difference")
    headers = [book.word("file" if key == "path" else key) for key in keys]
    book.table(sheet, 0, headers, [[row[key] for key in keys] for row in rows])


# --- the rows of a table -----------------------------------------------------------------------------------------


def _rows_concerned(book: _Book, part: Part, problems: Iterable[Problem]) -> None:
    """Repeat the rows of a table that have a fault or a doubt, the cells in question coloured and with a note."""
    numbers = {line: at for at, line in enumerate(part.grid.lines)}
    of_row: defaultdict[int, list[Problem]] = defaultdict(list)
    for problem in problems:
        if problem.fault.row in numbers:
            of_row[problem.fault.row].append(problem)
    if not of_row:
        return
    sheet = book.sheet(part.source.file.stem + (f"_{part.grid.sheet}" if part.grid.sheet else ""))
    headers = [book.word("line"), *map(quoted, part.grid.headers)]
    texts = [[line, *(quoted(column[numbers[line]]) for column in part.grid.cells)] for line in sorted(of_row)]
    book.table(sheet, 0, headers, texts, most=ROWS_REPEATED)
    sheet.freeze_panes(1, 1)
    for column, width in enumerate(_widths([headers, *texts[:ROWS_REPEATED]])):
        sheet.set_column(column, column, width)
    for at, line in enumerate(sorted(of_row)[:ROWS_REPEATED], start=1):
        for column, found in _by_cell(part, of_row[line]).items():
            weight = min((one.weight for one in found), key=("fault", "doubt").index)
            value = texts[at - 1][column]
            book.cell(sheet, at, column, value, book.colours[weight])
            note = "\n".join(_note(one, book.language) for one in found)
            sheet.write_comment(at, column, note[:_NOTE], {"x_scale": 2.5, "y_scale": 1.5})


def _by_cell(part: Part, problems: Iterable[Problem]) -> dict[int, list[Problem]]:
    """Problems of a row by the column of the sheet; what speaks of no cell stands at the line's number."""
    found: defaultdict[int, list[Problem]] = defaultdict(list)
    for problem in problems:
        for column in [at + 1 for at in cells_of(part, problem.fault)] or [0]:
            found[column].append(problem)
    return found


def _note(problem: Problem, language: Language) -> str:
    _, what, cure = tell(problem.fault, language)
    return f"{what}\n→ {cure}"


def _widths(rows: Sequence[Sequence[Any]]) -> Iterator[float]:
    """Widths of columns that show most of their texts; a Chinese character takes two places."""
    for column in zip(*rows, strict=True):
        longest = max(places(str(value)) for value in column)
        yield min(max(longest + 1, _NARROWEST), _WIDEST)
