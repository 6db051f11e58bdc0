"""Files that no office makes by will: each is refused in words, quickly, before it costs memory or time."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import os
import warnings
import zipfile
import zlib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import osmium
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from planner import osmobjects, popraster, sheetxml, workbooks
from planner.areas import read_areas
from planner.cli import app
from planner.errors import PlannerError
from planner.grids import read_lines
from planner.inputs import read
from planner.osmfile import read_roads
from planner.osmobjects import ending_of
from planner.pbf import unpacked_sizes
from planner.scenario import load
from planner.sources import TableSource
from planner.vectors import read_drawn
from planner.words import LANGUAGES, tell
from planner.workbooks import read_cells
from tablereading import read_demand
from test_popraster import areas, crowd, write_raster
from workbook import MAIN, sheet_xml, write_xlsx

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from planner.errors import Fault

pytestmark = pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")  # rasterio with affine 3


def told(step: Callable[[], object]) -> list[Fault]:
    """The faults of a step, each of which can be said in every language."""
    with pytest.raises(PlannerError) as caught:
        step()
    assert all(part for fault in caught.value.faults for language in LANGUAGES for part in tell(fault, language)[1:])
    return list(caught.value.faults)


# --- workbooks ---------------------------------------------------------------------------------------------------


def shared_book(file: Path, strings: Sequence[str], cells: Sequence[int], form: str = '<c t="s"><v>{}</v></c>') -> Path:
    """A workbook whose cells, one a row, refer to strings by their numbers."""
    rows = "".join(f"<row>{form.format(number)}</row>" for number in cells)
    write_xlsx(file, {"表": f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'})
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        texts = "".join(f"<si><t>{text}</t></si>" for text in strings)
        archive.writestr("xl/sharedStrings.xml", f'<sst xmlns="{MAIN}">{texts}</sst>')
    return file


@pytest.mark.parametrize("form", ['<c t="s"><v>{}</v></c>', "<c r='A1' t = 's' ><f/><v>{}</v></c>"])
@pytest.mark.parametrize("note", ["", "<!--</si>-->", "<![CDATA[</si>]]>"])
def test_one_long_text_in_many_cells_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, note: str
) -> None:
    monkeypatch.setattr(workbooks, "_LARGEST_INFLATED", 2**20)
    half = "长" * 3000
    file = shared_book(tmp_path / "表.xlsx", [half + note + half], [0] * 100, form)
    source = TableSource(file, "表.xlsx")
    assert [fault.code for fault in told(lambda: read_lines(source))] == ["table_too_large"]
    assert [fault.code for fault in told(lambda: read_cells(source, file.read_bytes()))] == ["table_too_large"]


def test_one_long_note_among_many_short_texts_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "_LARGEST_INFLATED", 2**20)
    file = shared_book(tmp_path / "表.xlsx", ["注" * 3000, "甲"], [0, *[1] * 1000])
    sheet = read_lines(TableSource(file, "表.xlsx"))
    assert [row[0] for row in sheet.rows] == ["注" * 3000, *["甲"] * 1000]


def test_a_cut_end_of_a_shared_text_is_still_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [b"<si><t>" + b"a" * size + b"</t></si>" for size in (1, 70, 500, 0)]
    whole = [len(text) for text in texts]
    for piece in range(1, 40):
        monkeypatch.setattr(sheetxml, "MIB", piece)
        assert sheetxml.string_sizes(io.BytesIO(b"".join(texts) + b"</sst>")).tolist() == whole


# --- rasters -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("people", [10_000_001.0, 1e13, 3.4e38, 1e300, np.inf])
def test_a_cell_with_more_people_than_can_be_is_named(tmp_path: Path, people: float) -> None:
    cells = crowd().astype(np.float64)
    cells[30, 10] = people
    file = write_raster(tmp_path / "people.tif", cells)
    (fault,) = told(lambda: popraster.read_areas(file, "people.tif", areas(), 200.0))
    assert (fault.code, fault.file, fault.values["name"], fault.values["count"]) == (
        "raster_crowded_cell", "people.tif", "a", 1,
    )  # fmt: skip
    assert float(str(fault.values["people"])) == pytest.approx(min(people, 1.797e308), rel=1e-3)
    lon, lat = (float(str(fault.values[name])) for name in ("lon", "lat"))
    west, south, east, north = areas()["a"].bounds
    assert west < lon < east
    assert south < lat < north


def test_more_people_in_an_area_than_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_raster(tmp_path / "people.tif", crowd())
    found = popraster.read_areas(file, "people.tif", areas(), 200.0)
    monkeypatch.setattr(popraster, "MOST_IN_AREA", min(area.people for area in found.values()))
    faults = told(lambda: popraster.read_areas(file, "people.tif", areas(), 200.0))
    assert [fault.code for fault in faults] == ["raster_crowded_area"]
    assert faults[0].values["name"] == max(found, key=lambda name: found[name].people)


# --- what is no file ---------------------------------------------------------------------------------------------

READERS: dict[str, Callable[[Path], object]] = {
    "t.csv": lambda file: read_lines(TableSource(file, file.name)),
    "t.xlsx": lambda file: read_lines(TableSource(file, file.name)),
    "t.geojson": lambda file: read_lines(TableSource(file, file.name)),
    "a.gpkg": lambda file: read_areas(TableSource(file, file.name), "name"),
    "e.geojson": lambda file: read_drawn(TableSource(file, file.name), (".geojson",), unfit="", empty=""),
    "s.toml": load,
    "s.xlsx": load,
    "r.osm": ending_of,
    "r.osm.pbf": ending_of,
    "p.tif": lambda file: popraster.read_areas(file, file.name, areas(), 200.0),
}


def folder(file: Path) -> None:
    file.mkdir()


def pipe(file: Path) -> None:
    os.mkfifo(file)


def device(file: Path) -> None:
    file.symlink_to("/dev/zero")


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("make", [folder, pipe, device])
def test_what_is_no_file_is_not_opened(tmp_path: Path, name: str, make: Callable[[Path], None]) -> None:
    if make is not folder and os.name == "nt":
        pytest.skip("Windows has neither")
    make(tmp_path / name)
    (fault,) = told(lambda: READERS[name](tmp_path / name))
    assert (fault.code, Path(fault.file).name) == ("not_a_file", name)


@pytest.mark.parametrize("name", READERS)
def test_a_path_with_a_nul_is_named(tmp_path: Path, name: str) -> None:
    (fault,) = told(lambda: READERS[name](tmp_path / f"x\0{name}"))
    assert fault.code == "path_nul"
    assert "\0" not in fault.file


@pytest.mark.parametrize("make", [folder, pipe, device])
def test_the_command_line_does_not_open_what_is_no_file(tmp_path: Path, make: Callable[[Path], None]) -> None:
    if make is not folder and os.name == "nt":
        pytest.skip("Windows has neither")
    for name in ("s.toml", "s.xlsx"):
        make(tmp_path / name)
        done = CliRunner().invoke(app, ["check", str(tmp_path / name)])
        assert done.exit_code == 2
        assert "Traceback" not in done.output


@pytest.mark.parametrize("named", ['[roads]\nfile = "r\\u0000.osm"', '[[demand.table]]\nfile = "d\\u0000.csv"'])
def test_a_scenario_that_names_a_nul_is_a_fault(tmp_path: Path, named: str) -> None:
    (tmp_path / "s.toml").write_text(f'name = "s"\n{named}\n', encoding="utf-8")
    assert "path_nul" in {fault.code for fault in told(lambda: read(tmp_path / "s.toml", lambda _: None))}


# --- road files --------------------------------------------------------------------------------------------------

ROADS = """<osm version="0.6">
<node id="1" lat="36.650" lon="117.000"/><node id="2" lat="36.650" lon="117.010"/>
<way id="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="residential"/></way>
</osm>"""
PACKERS: dict[str, Callable[[bytes], bytes]] = {".osm.gz": gzip.compress, ".osm.bz2": bz2.compress}


@pytest.mark.parametrize("ending", PACKERS)
@pytest.mark.parametrize("before", [0, 100_000])
def test_a_road_file_that_swells_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, before: int
) -> None:
    monkeypatch.setattr(osmobjects, "_CHUNK", 2**14)
    monkeypatch.setattr(osmobjects, "_STRETCH", 2**20)
    noise = np.random.default_rng(1).bytes(before).hex()  # what packs badly does not hide what swells
    text = ROADS.replace("</osm>", f"<!-- {noise} -->" + " " * 2**23 + "</osm>")
    file = tmp_path / f"r{ending}"
    file.write_bytes(PACKERS[ending](text.encode()))
    (fault,) = told(lambda: read_roads(file, "walk"))
    assert (fault.code, fault.file) == ("road_bomb", str(file))


@pytest.mark.parametrize("ending", PACKERS)
def test_a_road_file_that_packs_well_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    monkeypatch.setattr(osmobjects, "_CHUNK", 2**14)
    monkeypatch.setattr(osmobjects, "_STRETCH", 2**19)
    draw = np.random.default_rng(1).integers(0, 10**7, (20_000, 2))
    more = "".join(f'<node id="{i + 9}" lat="36.{y:07}" lon="117.{x:07}"/>\n' for i, (x, y) in enumerate(draw))
    file = tmp_path / f"r{ending}"
    file.write_bytes(PACKERS[ending](ROADS.replace("<way", f"{more}<way").encode()))
    assert len(read_roads(file, "walk").u) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
def test_a_document_type_is_refused_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    head = f'{mark}<?xml version="1.0" encoding="{encoding.removesuffix("-be")}"?>\n'
    (tmp_path / "plain.osm").write_text(head + ROADS, encoding=encoding)
    (tmp_path / "r.osm").write_text(f"{head}<!DOCTYPE osm>\n{ROADS}", encoding=encoding)
    assert len(read_roads(tmp_path / "plain.osm", "walk").u) == 1
    assert [fault.code for fault in told(lambda: read_roads(tmp_path / "r.osm", "walk"))] == ["road_doctype"]


def test_swapped_axes_are_told(tmp_path: Path) -> None:
    turned = ROADS.replace(" lat=", " x=").replace(" lon=", " lat=").replace(" x=", " lon=")
    (tmp_path / "r.osm").write_text(turned, encoding="utf-8")
    (fault,) = told(lambda: read_roads(tmp_path / "r.osm", "walk"))
    assert (fault.code, fault.values["count"]) == ("road_swapped", 2)


def varint(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def blob(kind: bytes, content: bytes) -> bytes:
    packed = zlib.compress(content)
    body = b"\x10" + varint(len(content)) + b"\x1a" + varint(len(packed)) + packed
    header = b"\x0a" + varint(len(kind)) + kind + b"\x18" + varint(len(body))
    return len(header).to_bytes(4, "big") + header + body


def test_a_pbf_that_swells_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(osmobjects, "_STRETCH", 2**20)
    monkeypatch.setattr(osmobjects, "_MOST_TIMES", 100)
    schema = b"OsmSchema-V0.6"
    file = tmp_path / "r.osm.pbf"
    # a block of one text, all spaces, that nothing refers to
    many = blob(b"OSMData", b"\x0a" + varint(2**20 + 4) + b"\x0a" + varint(2**20) + b" " * 2**20)
    file.write_bytes(blob(b"OSMHeader", b"\x22" + varint(len(schema)) + schema) + many * 3)
    (fault,) = told(lambda: read_roads(file, "walk"))
    assert (fault.code, fault.file) == ("road_bomb", str(file))


def test_the_sizes_in_a_pbf_are_those_of_its_blobs(tmp_path: Path) -> None:
    (tmp_path / "r.osm").write_text(ROADS, encoding="utf-8")
    with osmium.SimpleWriter(tmp_path / "r.osm.pbf") as writer:
        for found in osmium.FileProcessor(tmp_path / "r.osm"):
            writer.add(found)
    data = (tmp_path / "r.osm.pbf").read_bytes()
    whole = [b"abc" * 9, b"", b"x" * 300]
    assert list(unpacked_sizes(io.BytesIO(b"".join(blob(b"OSMData", part) for part in whole)))) == [27, 0, 300]
    sizes = list(unpacked_sizes(io.BytesIO(data)))
    assert len(sizes) >= 2
    assert 0 < sum(sizes) < 10 * len(data)
    assert len(read_roads(tmp_path / "r.osm.pbf", "walk").u) == 1


def test_a_block_larger_than_any_is_told(tmp_path: Path) -> None:
    header = b"\x0a\x07OSMData\x18" + varint(3 << 29)
    (tmp_path / "r.osm.pbf").write_bytes(len(header).to_bytes(4, "big") + header + b"\x10" + varint(3 << 29))
    assert [fault.code for fault in told(lambda: read_roads(tmp_path / "r.osm.pbf", "walk"))] == ["road_blob"]


@given(data=st.binary(max_size=300))
def test_any_bytes_have_an_end(data: bytes) -> None:
    with suppress(ValueError):
        assert len(list(unpacked_sizes(io.BytesIO(data)))) <= len(data) / 4


# --- tables ------------------------------------------------------------------------------------------------------

HEADERS = "编号,名称,社区代码,城乡,人口,经度,纬度"


def table(folder: Path, *units: str, names: str = "甲乙丙") -> TableSource:
    pairs = enumerate(zip(names, units, strict=True), 1)
    rows = [f"d{i},{name},{unit},111,100,117.0{i},36.6" for i, (name, unit) in pairs]
    (folder / "社区.csv").write_text("\n".join([HEADERS, *rows]), encoding="utf-8")
    return TableSource(folder / "社区.csv", "社区.csv", coordinates="wgs84")


@pytest.mark.parametrize("code", ["370102001", "37010200100"])
def test_communities_of_one_cut_code_are_a_fault(tmp_path: Path, code: str) -> None:
    source = table(tmp_path, code, code, "370102002")
    (fault,) = told(lambda: read_demand([source]))
    assert (fault.code, fault.row, fault.column) == ("code_shared", 3, "社区代码")
    assert (fault.values["row"], fault.values["first"], fault.values["second"]) == (2, "甲", "乙")


def test_codes_of_another_length_are_doubted(tmp_path: Path) -> None:
    (doubt,) = read_demand([table(tmp_path, "37010200100", "37010200101", "")]).doubts
    assert (doubt.code, doubt.column, doubt.values["digits"]) == ("codes_short", "社区代码", "11")


def test_whole_codes_and_rows_of_one_community_are_not_doubted(tmp_path: Path) -> None:
    assert not read_demand([table(tmp_path, "370102001001", "370102001001", "370102001002")]).doubts
    assert not read_demand([table(tmp_path, "泉城", "泉城", "")]).doubts
    (doubt,) = read_demand([table(tmp_path, "1", "1", "2")]).doubts  # estates of communities with numbers of their own
    assert doubt.code == "codes_short"
    assert read_demand([table(tmp_path, "370102001", "370102001", "370102002", names="甲甲乙")]).doubts


COVER = [["社区台账", ""], ["（封面）", ""]]
ROWS = f"{HEADERS}\nd1,甲,370102001001,111,100,117.01,36.6\n"


def headless(file: Path, data: bytes) -> Fault:
    file.write_bytes(data)
    (fault,) = told(lambda: read_demand([TableSource(file, file.name, coordinates="wgs84")]))
    return fault


def test_text_in_another_encoding_is_told(tmp_path: Path) -> None:
    big5 = "編號,名稱,社區代碼,城鄉,人口,經度,緯度\nd1,龍鳳,370102001001,111,100,117.01,36.6\n".encode("big5")
    fault = headless(tmp_path / "t.csv", big5)
    assert (fault.code, fault.values["encoding"]) == ("headless_encoding", "Big5")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-16-sig-be"])
@pytest.mark.parametrize("rows", [ROWS, f"甲,乙\n{'历下区泉城路街道县东巷社区居民委员会' * 4},乙\n", "123,4\n"])
def test_utf_16_is_told_with_and_without_its_mark(tmp_path: Path, encoding: str, rows: str) -> None:
    data = codecs.BOM_UTF16_BE + rows.encode("utf-16-be") if "sig" in encoding else rows.encode(encoding)
    assert headless(tmp_path / "t.csv", data).code == "table_utf16"
    plain = headless(tmp_path / "t.csv", rows.encode("utf-8").replace(b"2", b"\0"))  # a zero alone is none
    assert plain.code != "table_utf16"


@pytest.mark.parametrize(("sign", "name"), [(";", ";"), ("\t", "Tab"), ("|", "|"), ("；", "；")])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_another_separator_is_told(tmp_path: Path, sign: str, name: str, encoding: str) -> None:
    fault = headless(tmp_path / "t.csv", ROWS.replace(",", sign).encode(encoding))
    assert (fault.code, fault.values["separator"]) == ("headless_separator", name)


@pytest.mark.parametrize("text", ["序号,说明;备注\n1,喆镕；甲\n", "1;2,3,4\n", "甲\n乙\n", "龘靐,齉爩\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_table_that_just_has_no_header(tmp_path: Path, text: str, encoding: str) -> None:
    fault = headless(tmp_path / "t.csv", text.encode(encoding))
    assert fault.code == "table_headless"
    assert "人口 (people)" in str(fault.values["needed"])


def test_a_cover_sheet_is_told(tmp_path: Path) -> None:
    rows = [line.split(",") for line in ROWS.split()]
    file = tmp_path / "台账.xlsx"
    write_xlsx(file, {"封面": sheet_xml(COVER), "社区": sheet_xml(rows), "镇街": sheet_xml(COVER)})
    source = TableSource(file, file.name, coordinates="wgs84")
    (fault,) = told(lambda: read_demand([source]))
    assert (fault.code, fault.sheet, fault.values["sheets"]) == ("headless_sheets", "封面", "社区 / 镇街")
    (fault,) = told(lambda: read_demand([replace(source, sheet="封面")]))
    assert fault.code == "table_headless"
    assert len(read_demand([replace(source, sheet="社区")]).frame) == 1


def test_a_broken_geopackage_is_told_in_the_users_words_alone(tmp_path: Path) -> None:
    file = tmp_path / "t.gpkg"
    file.write_bytes(b"SQLite format 3\0" + np.random.default_rng(1).bytes(5000))
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        faults = told(lambda: read_lines(TableSource(file, file.name)))
    assert [fault.code for fault in faults] == ["layer_broken"]
    assert not heard
