"""Excel workbooks, written by hand: what no library would write."""

from __future__ import annotations

import datetime as dt
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Formula:
    """A formula and the value that the file holds for it."""

    text: str
    value: object = None


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def cell_xml(ref: str, value: object) -> str:
    if isinstance(value, bool):
        return f'<c r="{ref}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, dt.date):
        return f'<c r="{ref}" s="1"><v>{(value - dt.date(1899, 12, 30)).days}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{ref}"><v>{value!r}</v></c>'
    if isinstance(value, Formula):
        kept = "" if value.value is None else f"<v>{value.value}</v>"
        return f'<c r="{ref}"><f>{escape(value.text)}</f>{kept}</c>'
    if isinstance(value, str) and value.startswith("#") and not value.startswith("# "):
        return f'<c r="{ref}" t="e"><v>{value}</v></c>'
    return f'<c r="{ref}" t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'


def sheet_xml(
    rows: Sequence[Sequence[object]],
    merged: Sequence[str] = (),
    hidden: Sequence[int] = (),
    hidden_columns: Sequence[tuple[int, int]] = (),
) -> str:
    """A sheet; `hidden` are numbers of rows, `hidden_columns` first and last numbers of columns, all from 1."""
    veil = dict.fromkeys(hidden, ' hidden="1"')
    cells = [
        "".join(cell_xml(f"{chr(65 + x)}{y}", value) for x, value in enumerate(row) if value != "")
        for y, row in enumerate(rows, 1)
    ]
    lines = [f'<row r="{y}"{veil.get(y, "")}>{row}</row>' for y, row in enumerate(cells, 1)]
    ranges = "".join(f'<mergeCell ref="{ref}"/>' for ref in merged)
    joined = f'<mergeCells count="{len(merged)}">{ranges}</mergeCells>' if merged else ""
    columns = "".join(f'<col min="{a}" max="{b}" width="0" hidden="1"/>' for a, b in hidden_columns)
    before = f"<cols>{columns}</cols>" if columns else ""
    return f'<worksheet xmlns="{MAIN}">{before}<sheetData>{"".join(lines)}</sheetData>{joined}</worksheet>'


def write_xlsx(file: Path, sheets: Mapping[str, str], *, hidden: Sequence[str] = (), stale: bool = False) -> None:
    numbered = list(enumerate(sheets.items(), 1))
    calculate = '<calcPr fullCalcOnLoad="1"/>' if stale else ""
    part = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{part}.worksheet+xml"/>' for n, _ in numbered
    )
    state = dict.fromkeys(hidden, 'state="hidden"')
    entries = "".join(
        f'<sheet name="{name}" sheetId="{n}" {state.get(name, "")} r:id="r{n}"/>' for n, (name, _) in numbered
    )
    links = "".join(
        f'<Relationship Id="r{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n, _ in numbered
    )
    links += f'<Relationship Id="styles" Type="{_OFFICE}/styles" Target="styles.xml"/>'
    relations = f'<Relationships xmlns="{_PACKAGE}/relationships">'
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType='
            '"application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType='
            f'"application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{part}.sheet.main+xml"/>'
            f"{overrides}</Types>",
        )
        archive.writestr(
            "_rels/.rels",
            f'{relations}<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
            "</Relationships>",
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{_OFFICE}"><sheets>{entries}</sheets>{calculate}</workbook>',
        )
        archive.writestr("xl/_rels/workbook.xml.rels", f"{relations}{links}</Relationships>")
        formats = '<xf numFmtId="0"/><xf numFmtId="14"/>'
        archive.writestr(
            "xl/styles.xml", f'<styleSheet xmlns="{MAIN}"><cellXfs count="2">{formats}</cellXfs></styleSheet>'
        )
        for n, (_, xml) in numbered:
            archive.writestr(f"xl/worksheets/sheet{n}.xml", xml)
