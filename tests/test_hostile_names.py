"""Names that would like to be HTML, script, a template, a formula, mathematics or a path, in every field of one town.

They are shown as the text that they are, in whatever a run and a comparison leave, and nothing is written elsewhere.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import docx
import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import pytest
import python_calamine
import tomli_w
from shapely import LineString, box

from browser import launched, open_page
from planner import finished, pipeline, report, reresult
from planner.outputs import RESULT_FILES
from town import LAT, LON, SIZE, STEP_LAT, STEP_LON, osm_xml, place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

CODE = (
    "<img/src=x/onerror=alert(1)></script><script>alert(2)</script><!--${alert(3)}`\\u0041\\{{7*7}}{%raw%}{#{name}{0}%s"
    "&lt\"']]>$\\frac{1}{2}$$x^_x0041_⟨areas⟩[red][/]\u202eمركز\u2066🧑\u200d🌾../../x:y@2026"
)
"""What a code may hold: neither white space nor a semicolon, which stands between codes; = + - @ do not begin one."""

CORE = f"{CODE} &lt;b&gt;&#39;\t\u2028\n;NUL"
LONG = "长" * 300
STARTS = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "'", "'=", "''+", "\u202e", "C:\\NUL", "<r>", "$x$",
          "{{x}}")  # fmt: skip
BELL = "\u0007\u0000\u001b"
"""Control characters: tables are refused for them, a scenario may hold them."""

NAME, OTHER = "town ${x}`{{y}} '&' 100% ☃", "other $(x) {% y %} #🧑"
"""Names of scenarios are names of folders: what no system takes is refused, the rest is hostile."""


@dataclass
class Names:
    """Gives each field of each row a name of its own, and knows them all."""

    given: dict[str, list[str]] = field(default_factory=dict)
    number: int = 0

    def __call__(self, kind: str, core: str = CORE, start: str = "") -> str:
        self.number += 1
        start = start or STARTS[self.number % len(STARTS)]
        text = f"{start.replace(' ', '') if core is CODE else start}◆{self.number}◆{core}"
        self.given.setdefault(kind, []).append(text)
        return text


def plain(text: str) -> str:
    """Return a text without what is neither seen nor drawn: white space, control characters, marks of direction."""
    unseen = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffd]")
    return "".join(unseen.sub("", text).split())


def missing(names: Sequence[str], text: str) -> list[str]:
    """Names that a text does not hold whole."""
    assert names
    shown = plain(text)
    return [name for name in names if plain(name) not in shown]


# --- the town ----------------------------------------------------------------------------------------------------


@dataclass
class Town:
    """The town under way: its names, and those that stand in several tables."""

    folder: Path
    names: Names
    districts: list[str]
    towns: dict[tuple[int, int], str]
    units: dict[tuple[int, int], tuple[str, str]]
    types: list[str]
    group: str
    tier: str

    def at(self, row: float, column: float) -> tuple[str, str, str]:
        """District, town and community of a place of the grid."""
        east = int(column >= SIZE // 2)
        unit = self.units[min(3, int(row) // 2), min(3, int(column) // 2)]
        return self.districts[east], self.towns[east, int(row >= SIZE // 2)], unit[0]


def new_town(folder: Path) -> Town:
    names = Names()
    pairs = [(row, column) for row in range(4) for column in range(4)]
    return Town(
        folder,
        names,
        districts=[names("district"), names("district")],
        towns={(one, other): names("town") for one in (0, 1) for other in (0, 1)},
        units={pair: (names("unit_id"), names("community", f"{CORE}第2")) for pair in pairs},
        types=[names("type", CODE, "''+"), names("type", CODE, "{{x}}")],
        group=names("group_id", CODE),
        tier=names("tier"),
    )


def write_csv(path: Path, rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)


def write_demand(town: Town) -> None:
    """One point in every block; a column that passes through is called as one of coverage.csv is."""
    names = town.names
    header = ["demand_id", "name", "unit_id", "town", "district", "setting", "layer", "people", f"people_{town.group}"]
    rows: list[Sequence[object]] = [[*header, names("demand_header"), "reason", "lon", "lat"]]
    for row in range(SIZE - 1):
        for column in range(SIZE - 1):
            district, street, unit = town.at(row, column)
            called = town.units[row // 2, column // 2][1]
            layer = names("layer") if (row, column) == (7, 7) else ""
            cells = [names("demand_id"), called, unit, street, district, "urban", layer, 10 + row + column, 5]
            spot = place(row + 0.1, column + 0.5).split(",")
            rows.append([*cells, names("demand_cell"), names("demand_cell"), *spot])
    write_csv(town.folder / "demand.csv", rows)


SITE_COLUMNS = (
    "site_id", "name", "type", "status", "operating", "tier", "district", "town", "unit_id", "host", "owner",
    "build_method", "funding", "hours", "services", "cost_once_yuan", "cost_yearly_yuan",
)  # fmt: skip


def write_sites(town: Town, funding: str) -> None:
    """Two outlets, one of them closed, and five candidates; the name of one is long."""
    names = town.names
    spots = [(1, 1), (6, 6), (1, 5), (4, 2), (4, 6), (6, 1), (7, 4)]
    rows: list[Sequence[object]] = [[*SITE_COLUMNS, names("site_header"), "lon", "lat"]]
    for number, (row, column) in enumerate(spots):
        stands = number < 2
        status, operating = ("existing", ["正常", "停运"][number]) if stands else ("candidate", "")
        called = names("site_name", CORE + LONG) if number == 4 else names("site_name")
        method = names("build_method") if stands else "改建"  # a closed list, where a cost depends on it
        paid = names("funding_today") if stands else funding
        own = [names(kind) for kind in ("host", "owner")] + [method, paid, names("hours"), names("services")]
        money = ["", ""] if stands else [40_000 + 10_000 * number, 5_000]
        cells = [names("site_id"), called, town.types[0 if stands else 1], status, operating, town.tier]
        rows.append([*cells, *town.at(row, column), *own, *money, names("site_cell"), *place(row, column).split(",")])
    write_csv(town.folder / "sites.csv", rows)


def write_layers(town: Town) -> None:
    """Outlines of the districts, and roads that are changed."""
    names, (south, north) = town.names, (LAT - STEP_LAT, LAT + SIZE * STEP_LAT)
    west, middle, east = (LON + part * STEP_LON for part in (-1, SIZE // 2, SIZE))
    areas = [box(west, south, middle, north), box(middle, south, east, north)]
    file = town.folder / "areas.gpkg"
    gpd.GeoDataFrame({"na<b>me`": town.districts}, geometry=areas, crs=4326).to_file(file, layer="la'y\"er")
    lines = [[(2, 3), (2, 4)], [(0, 0), (1, 1)]]
    drawn = [LineString([(LON + x * STEP_LON, LAT + y * STEP_LAT) for y, x in line]) for line in lines]
    edits = {"edit": ["close", "add"], "name": [names("edit") for _ in lines], "note": [names("edit_note")] * 2}
    edits["kph"] = ["", "20"]
    gpd.GeoDataFrame(edits, geometry=drawn, crs=4326).to_file(town.folder / "edits.gpkg")


def pack(town: Town, funding: str) -> dict[str, Any]:
    """A policy pack of the bureau's own: who may build what, what is asked, and the words that ask it."""
    names, document = town.names, town.names("document")
    clauses = [names("clause"), names("clause")]
    walk, near = names("standard_id", start="=1+1"), names("standard_id", start="'=")
    title = names("type_name"), names("type_name")
    people, districts, towns = (names("goal_id") for _ in range(3))
    said = {"document": document, "kind": "reach"}
    quoted = [
        {"id": clause, "quotation": names("quotation"), "place": names("clause_place"), "more": [names("clause_more")]}
        for clause in clauses
    ]
    sizes = [{"size": names("size"), "capacity_people": 500 + 400 * n, "extra_once_yuan": 1000 * n} for n in range(2)]
    return {
        "pack": {"id": names("pack_id"), "title": names("pack_title"), "document": document, "state": "现行"},
        "facility": [
            {"type": town.types[0], "name": title[0], "build": False},
            {"type": town.types[1], "name": title[1], "cost_once_yuan": 80_000, "cost_yearly_yuan": 6_000},
        ],
        "size": [{"type": town.types[1], **size} for size in sizes],
        "group": [{"id": town.group, "name": names("group_name")}],
        "standard": [
            {
                "id": walk,
                "clause": clauses[0],
                "applies_to": {"setting": "urban"},
                "minutes": 5,
                "served_by": town.types,
            },
            {"id": near, "clause": clauses[1], "applies_to": {"setting": "urban"}, "km": 0.5, "served_by": town.types},
        ],
        "goal": [
            {"id": people, "clause": clauses[0], "standard": walk, "share": 0.5},
            {"id": districts, "clause": clauses[1], "standard": near, "share": 0.5, "each": "district"},
            {"id": towns, "standard": walk, "share": 0.1, "each": "town"},
        ],
        "count": [{"id": names("count_id"), "type": town.types[1], "tier": town.tier, "each": "district", "min": 1}],
        "siting": {"budgets": {funding: 2_000_000}},
        "clause": [{**said, **clause} for clause in quoted],
        "input": [
            {"key": f"goal.{people}.share", "clause": clauses[0], "why": names("input_why"), "default": 0.5},
        ],
    }


def scenario(town: Town) -> dict[str, Any]:
    names, read = town.names, {"coordinates": "wgs84"}
    return {
        "name": NAME,
        "title": names("title") + BELL,
        "data_date": dt.date(2026, 6, 30),
        "policy": "pack.toml",
        "roads": {"file": "roads.osm", "edits": {"file": "edits.gpkg", **read}},
        "demand": {"table": [{"file": "demand.csv", **read}]},
        "sites": {"table": [{"file": "sites.csv", **read}]},
        "areas": {"districts": {"file": "areas.gpkg", "sheet": "la'y\"er", "name": "na<b>me`", **read}},
        "document": {key: names(key) + BELL for key in ("maker", "note", "review_number")},
    }


def other(town: Town, asked: dict[str, Any]) -> dict[str, Any]:
    """The same with lower goals, to be compared with."""
    goals = [{"id": goal["id"], "share": 0.05} for goal in asked["goal"]]
    title = town.names("title") + BELL
    return {"extends": "scenario.toml", "name": OTHER, "title": title, "goal": goals}


@dataclass(frozen=True, eq=False)
class Ran:
    """What was given and what came of it; `before` is all that stood in the folder before anything ran."""

    folder: Path
    given: dict[str, list[str]]
    before: set[Path]

    @property
    def result(self) -> Path:
        return self.folder / "out" / NAME

    @property
    def compare(self) -> Path:
        return self.folder / "out" / "compare"

    @property
    def record(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.result / "run.json").read_text(encoding="utf-8"))
        return found


def no_mathematics(*_: object) -> None:
    pytest.fail("a name was read as mathematics")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Run the town with documents, and the other scenario without, and compare them. A warning is an error."""
    folder = tmp_path_factory.mktemp("hostile")
    town = new_town(folder)
    funding = town.names("funding")
    (folder / "roads.osm").write_text(osm_xml(), encoding="utf-8")
    write_demand(town)
    write_sites(town, funding)
    write_layers(town)
    asked = pack(town, funding)
    files = {"pack.toml": asked, "scenario.toml": scenario(town), "other.toml": other(town, asked)}
    for name, content in files.items():
        (folder / name).write_text(tomli_w.dumps(content), encoding="utf-8")
    before = set(folder.rglob("*"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("matplotlib.mathtext.MathTextParser.parse", no_mathematics)
        pipeline.run(folder / "scenario.toml", folder / "out")
    pipeline.run(folder / "other.toml", folder / "out", documents=False)
    finished.compare([folder / "scenario.toml", folder / "other.toml"], folder / "out")
    return Ran(folder, town.names.given, before)


# --- files -------------------------------------------------------------------------------------------------------


def leaves(value: object) -> Iterator[str]:
    """Every text of a record, keys too."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    elif isinstance(value, str):
        yield value


def cells_of(path: Path) -> list[list[str]]:
    """Rows of a CSV, header first."""
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
    assert {len(row) for row in rows} == {len(rows[0])}
    return rows


def test_no_file_stands_elsewhere(ran: Ran) -> None:
    out = ran.folder / "out"
    written = set(ran.folder.rglob("*")) - ran.before - {out}
    assert all(out in path.parents for path in written)
    locks = {f".{name}.lock" for name in (NAME, OTHER, "compare")}
    assert {path.name for path in out.iterdir()} - locks == {NAME, OTHER, "compare"}
    absent = {"alternatives.csv", "totals.csv"}  # nothing asked for them
    assert {path.name for path in ran.result.iterdir()} == RESULT_FILES - absent
    inputs = {"roads.osm", "edits.gpkg", "demand.csv", "sites.csv", "areas.gpkg"}
    assert {path.name for path in (ran.result / "inputs").iterdir()} == inputs
    assert {path.name for path in ran.compare.iterdir()} == {
        "communities.csv", "compare.csv", "compare.html", "compare.xlsx"
    }  # fmt: skip


IN_RECORD = (
    "title", "maker", "note", "review_number", "pack_title", "document", "clause", "quotation", "clause_place",
    "clause_more", "input_why", "standard_id", "goal_id", "group_id", "group_name", "edit", "edit_note", "district",
    "town", "funding", "type",
)  # fmt: skip


def test_the_record_has_every_name_as_it_was_written(ran: Ran) -> None:
    record = ran.record
    texts = "\n".join(leaves(record))
    names = {kind: ran.given[kind][: 1 if kind == "title" else None] for kind in IN_RECORD}  # the other scenario's
    assert [one for kind in IN_RECORD for one in names[kind] if one not in texts] == []
    units = {row["unit_id"]: row["name"] for row in record["effect"]["communities"]}
    assert len(units) > 8
    assert units.items() <= dict(zip(ran.given["unit_id"], ran.given["community"], strict=True)).items()


def test_no_cell_of_a_table_is_a_formula(ran: Ran) -> None:
    files = [*ran.result.glob("*.csv"), *ran.compare.glob("*.csv")]
    assert len(files) > 8
    for file in files:
        for cell in (cell for row in cells_of(file) for cell in row):
            assert not cell.startswith(("=", "+", "@", "\t", "\r")), file.name
            assert not cell.startswith("-") or re.fullmatch(r"-[0-9.]+", cell), file.name


IN_TABLES = {
    "sites.csv": ("site_id", "site_name", "type", "tier", "district", "town", "host", "owner", "build_method",
                  "funding", "funding_today", "hours", "services", "site_header", "site_cell"),
    "demand.csv": ("demand_id", "community", "unit_id", "district", "town", "layer", "group_id"),
    "coverage.csv": ("standard_id",),
}  # fmt: skip


def test_tables_hold_every_name(ran: Ran) -> None:
    for file, kinds in IN_TABLES.items():
        held = {
            plain(report.unguarded(cell)).removeprefix("people_") for row in cells_of(ran.result / file) for cell in row
        }
        assert [one for kind in kinds for one in ran.given[kind] if plain(one) not in held] == []
    layer = pyogrio.read_dataframe(ran.result / "plan.gpkg", layer="demand", read_geometry=False)
    held = {plain(cell) for column in layer.columns for cell in (column, *layer[column].astype(str))}
    passed = ("demand_header", "demand_cell", "demand_id", "layer")
    assert [one for kind in passed for one in ran.given[kind] if plain(one) not in held] == []


@pytest.mark.parametrize("text", ["=1", "'=1", "''=1", "'", "'x", "+1", "-", "'@", "x=1", ""])
def test_a_guarded_cell_is_read_back(tmp_path: Path, text: str) -> None:
    report.write_csv(pd.DataFrame({"name": [text], "n": [1]}), tmp_path / "t.csv")
    assert report.unguarded(cells_of(tmp_path / "t.csv")[1][0]) == text
    assert reresult.rows_of(tmp_path / "t.csv") == [{"name": text, "n": "1"}]


# --- documents and workbooks -------------------------------------------------------------------------------------

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def words_of(path: Path) -> str:
    """Text of a document, paragraph by paragraph, those of tables and footers too; none of it leads out of the file."""
    document = docx.Document(str(path))
    parts = [
        document.element.body,
        *(part._element for s in document.sections for part in (s.footer, s.even_page_footer)),
    ]
    assert not any(relation.is_external for relation in document.part.rels.values())
    assert {one.get(f"{_W}instr") for part in parts for one in part.iter(f"{_W}fldSimple")} == {"PAGE"}
    assert not any(list(part.iter(f"{_W}hyperlink")) or list(part.iter(f"{_W}instrText")) for part in parts)
    lines = (line for part in parts for line in part.iter(f"{_W}p"))
    return "\n".join("".join(text.text or "" for text in line.iter(f"{_W}t")) for line in lines)


IN_PROPOSAL = (
    "title", "maker", "note", "review_number", "district", "town", "type_name", "funding", "size", "pack_title",
    "document", "clause", "quotation", "clause_place", "clause_more", "input_why", "group_name",
)  # fmt: skip


def test_the_proposal_shows_every_name(ran: Ran) -> None:
    text, record = words_of(ran.result / "proposal.docx"), ran.record
    used = {one for row in record["plan"]["opened"] for one in (row["size"], row["type_name"])}
    for kind in IN_PROPOSAL:
        names = [one for one in ran.given[kind] if kind not in {"size", "type_name"} or one in used]
        names = names[:1] if kind == "title" else names  # the second one is of the other scenario
        assert missing(names, text) == [], kind
    opened = record["plan"]["opened"]
    assert len(opened) > 2
    assert missing([row[key] for row in opened for key in ("name", "host", "owner", "funding")], text) == []
    assert missing([row["name"] for row in record["effect"]["communities"] if row["state_plan"] == "unmet"], text) == []


def test_site_pages_show_every_name(ran: Ran) -> None:
    text, opened = words_of(ran.result / "site_pages.docx"), ran.record["plan"]["opened"]
    keys = ("site_id", "name", "host", "owner", "hours", "services", "funding", "district", "town", "type_name", "size")
    assert missing([row[key] for row in opened for key in keys], text) == []
    assert missing([ran.given["title"][0], *ran.given["note"]], text) == []


def texts_of(path: Path) -> list[str]:
    """Texts of a workbook, of which no cell is a formula or a link."""
    cells = [cell for sheet in openpyxl.load_workbook(path) for row in sheet.iter_rows() for cell in row]
    assert not any(cell.data_type == "f" or cell.hyperlink for cell in cells)
    book = python_calamine.CalamineWorkbook.from_path(str(path))  # openpyxl shows _x0041_ as it is stored
    rows = [row for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python()]
    return [cell for row in rows for cell in row if isinstance(cell, str)]


def test_workbooks_hold_texts_alone(ran: Ran) -> None:
    held = {plain(text) for text in texts_of(ran.result / "field_check.xlsx")}
    people = reresult.rows_of(ran.result / "demand.csv")
    listed = [row for row in people if plain(row["demand_id"]) in held]
    assert listed
    assert all(plain(row[key]) in held for row in listed for key in ("name", "unit_id", "district", "town"))
    held = {plain(text) for text in texts_of(ran.compare / "compare.xlsx")}
    moved = reresult.rows_of(ran.compare / "communities.csv")
    assert moved
    assert all(plain(row[key]) in held for row in moved for key in ("name", "unit_id", "district", "town"))
    assert missing(ran.given["title"] + ran.given["standard_id"], "\n".join(held)) == []


# --- pages -------------------------------------------------------------------------------------------------------

EVERYTHING = """() => {
    const map = window[document.querySelector(".folium-map").id], said = [document.title], seen = new Set();
    const all = (find) => [...document.querySelectorAll(find)];
    all("#pm-layers input[type=checkbox]").filter((one) => !one.checked).forEach((one) => one.click());
    const look = (layer, latlng) => {
        if (seen.has(layer)) { return; }
        seen.add(layer);
        [["click", ".leaflet-popup"], ["mouseover", ".leaflet-tooltip"]].forEach(([event, find]) => {
            layer.fire(event, {latlng}, true);
            said.push(...all(find).map((one) => one.textContent));
        });
        layer.fire("mouseout", {latlng}, true);
        map.closePopup();
    };
    map.eachLayer((layer) => {
        if (layer.getLatLng && !(layer instanceof L.Popup) && !(layer instanceof L.Tooltip)) {
            look(layer, layer.getLatLng());
        } else if (layer instanceof L.Polyline && layer.options.interactive) {
            look(layer, map.getCenter());
        }
    });
    const body = document.body.cloneNode(true);
    body.querySelectorAll("script").forEach((one) => one.remove());
    return [...said, body.textContent].join("\\n");
}"""
TEXT = """() => {
    const body = document.body.cloneNode(true);
    body.querySelectorAll("script").forEach((one) => one.remove());
    return body.textContent;
}"""
IN_MAP = ("maker", "note", "review_number", "site_name", "district", "town", "type_name", "funding", "edit", "goal_id",
          "pack_title", "document")  # fmt: skip


def test_pages_show_every_name_and_run_none(ran: Ran) -> None:
    opened = ran.record["plan"]["opened"]
    with launched() as chromium:
        page, watch = open_page(chromium, ran.result / "map.html")
        text = page.evaluate(EVERYTHING)
        assert page.locator("img, iframe, object, embed, form, a[href^=java]").count() == 0
        for name in (opened[0]["name"], ran.given["community"][5], ran.given["site_name"][4]):
            page.get_by_role("combobox").fill(name)
            assert missing([name], page.locator("#pm-hits").text_content() or "") == []
            page.keyboard.press("Enter")
            assert plain(page.locator(".pm-popup h3").last.text_content() or "") == plain(name)
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert plain(page.locator("h1").text_content() or "") == plain(ran.given["title"][0])
        told, compared = page.evaluate(TEXT), open_page(chromium, ran.compare / "compare.html")
        beside = compared[0].evaluate(TEXT)
        assert compared[0].locator("img, iframe, object, embed, form, a").count() == 0
        for one in (watch, compared[1]):
            assert one.troubles == []
            assert one.outside == []
    for kind in IN_MAP:
        assert missing(ran.given[kind], text) == [], kind
    assert missing(ran.given["title"][:1], text) == []
    assert missing(ran.given["community"], text) == []
    assert missing([row[key] for row in opened for key in ("host", "name", "funding")], text) == []
    assert missing([ran.given[kind][0] for kind in ("title", "maker", "note", "review_number")], told) == []
    assert missing(ran.given["title"], beside) == []
    moved = reresult.rows_of(ran.compare / "communities.csv")
    assert {row["standard_id"] for row in moved} == set(ran.given["standard_id"])
    assert {row["name"] for row in moved} <= set(ran.given["community"])
    assert missing([row[key] for row in moved for key in ("name", "unit_id", "district", "town")], beside) == []
