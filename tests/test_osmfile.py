"""Reading road files: small ones written by hand, dirty on purpose, and files that are no road files."""

from __future__ import annotations

import bz2
import gzip
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol
from xml.sax.saxutils import quoteattr

import numpy as np
import osmium
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oracle import great_circle_mm
from planner import network, osmfile, osmobjects
from planner.errors import RoadError
from planner.osmobjects import ENDINGS
from planner.speeds import CLASS_KPH
from planner.words import LANGUAGES, say
from shared_data import COQUIMBO_ROADS, ROADS_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from planner.roads import Roads
    from planner.terms import Mode


class Read(Protocol):
    """Reads a small .osm file made of the given elements; islands stay unless asked."""

    def __call__(
        self, *items: str, mode: Mode = ..., island_min_m: float = ..., drive_factor: float = ...
    ) -> Roads: ...


# Places about 76 m apart along a parallel.
PLACES = {k: (round(9.5 + k / 1000, 7), 47.2) for k in range(1, 9)}


def node(id_: int, lon: float | str | None = None, lat: float | str | None = None, extra: str = "") -> str:
    lon = PLACES[id_][0] if lon is None else lon
    lat = PLACES[id_][1] if lat is None else lat
    return f'<node id="{id_}" version="1" lon="{lon}" lat="{lat}" {extra}/>'


def way(id_: int, refs: Sequence[int], tags: Mapping[str, str] | None = None, extra: str = "", **more: str) -> str:
    tags = {"highway": "residential", **(tags or {}), **more}
    inside = "".join(f'<nd ref="{ref}"/>' for ref in refs)
    inside += "".join(f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in tags.items())
    return f'<way id="{id_}" version="1" {extra}>{inside}</way>'


def osm(*items: str, head: str = "") -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}<osm version="0.6">\n' + "\n".join(items) + "\n</osm>\n"


NODES = [node(k) for k in PLACES]
CHANGES = "<osmChange version='0.6'><create>{}</create><delete>{}</delete></osmChange>"


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def reading(*items: str, mode: Mode = "drive", island_min_m: float = 0.0, drive_factor: float = 0.7) -> Roads:
        file = tmp_path / "small.osm"
        file.write_text(osm(*items), encoding="utf-8")
        return network.read_roads(file, mode=mode, island_min_m=island_min_m, drive_factor=drive_factor)

    return reading


def ends(roads: Roads) -> list[tuple[int, int, int, int]]:
    """Way, segment, and node ids of both ends of every edge."""
    u, v = roads.node_id[roads.u].tolist(), roads.node_id[roads.v].tolist()
    return list(zip(roads.way_id.tolist(), roads.segment.tolist(), u, v, strict=True))


def flags(roads: Roads) -> list[tuple[bool, bool]]:
    return list(zip(roads.forward.tolist(), roads.backward.tolist(), strict=True))


def span_mm(a: int, b: int) -> int:
    return great_circle_mm(*PLACES[a], *PLACES[b])


# --- Shape ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["walk", "drive"])
def test_a_way_becomes_its_segments(read: Read, mode: Mode) -> None:
    roads = read(*NODES, way(20, (3, 1, 2)), way(10, (2, 5)), mode=mode)
    assert roads.mode == mode
    assert [(w, u, v) for w, _, u, v in ends(roads)] == [(10, 2, 5), (20, 3, 1), (20, 1, 2)]
    assert (np.diff(roads.segment[roads.way_id == 20]) > 0).all()
    assert roads.node_id.tolist() == [1, 2, 3, 5]  # ascending; those without a road are not there
    assert roads.lon.tolist() == [PLACES[k][0] for k in (1, 2, 3, 5)]
    assert roads.length_mm.tolist() == [span_mm(2, 5), span_mm(3, 1), span_mm(1, 2)]
    assert roads.length_m == sum(roads.length_mm.tolist()) / 1000
    assert (roads.n_nodes, roads.n_edges) == (4, 3)
    assert roads.report.ways_kept == 2


def test_arrays_are_frozen(read: Read) -> None:
    roads = read(*NODES, way(1, (1, 2)))
    with pytest.raises(ValueError, match="read-only"):
        roads.length_mm[0] = 5


def test_ways_may_stand_before_nodes(read: Read) -> None:
    roads = read(way(7, (2, 1)), node(2), node(1))
    assert [(w, u, v) for w, _, u, v in ends(roads)] == [(7, 2, 1)]


def test_ids_may_be_negative(read: Read) -> None:
    # An editor numbers new, unsaved elements so.
    roads = read(*NODES, node(-2, 9.5, 47.2), way(-7, (-2, 1)), way(7, (1, 3)))
    assert [(w, u, v) for w, _, u, v in ends(roads)] == [(-7, -2, 1), (7, 1, 3)]


def test_dangling_references_leave_a_gap(read: Read) -> None:
    roads = read(*NODES, way(1, (1, 2, 99, 3, 4, 98)), way(2, (98, 5, 6)))
    assert [(u, v) for _, _, u, v in ends(roads)] == [(1, 2), (3, 4), (5, 6)]
    assert roads.report.nodes_missing == 2  # each once, however many ways name it


def test_way_without_two_nodes_in_a_row_is_counted(read: Read) -> None:
    roads = read(*NODES, way(1, (1, 2)), way(2, (3,)), way(3, (98, 4, 99)), way(4, ()))
    assert set(roads.way_id.tolist()) == {1}
    assert roads.report.ways_too_short == 3


def test_closed_and_parallel_ways_survive(read: Read) -> None:
    roads = read(*NODES, way(1, (1, 2, 3, 1)), way(2, (1, 2)), way(3, (2, 1)))
    assert [(w, u, v) for w, _, u, v in ends(roads)] == [(1, 1, 2), (1, 2, 3), (1, 3, 1), (2, 1, 2), (3, 2, 1)]


def test_two_nodes_at_one_place_are_a_segment_of_length_zero(read: Read) -> None:
    roads = read(*NODES, node(50, *PLACES[2]), way(1, (1, 2, 50, 3)))
    assert roads.length_mm.tolist() == [span_mm(1, 2), 0, span_mm(2, 3)]
    assert roads.drive_ms[1] == 0


def test_a_tiny_segment_is_one_millimetre(read: Read) -> None:
    roads = read(node(1, "9.5", "80"), node(2, "9.5000001", "80"), way(1, (1, 2)))
    assert roads.length_mm.tolist() == [great_circle_mm(9.5, 80, 9.5000001, 80)] == [2]
    roads = read(node(1, "9.5", "89"), node(2, "9.5000001", "89"), way(1, (1, 2)))
    assert great_circle_mm(9.5, 89, 9.5000001, 89) == 0
    assert roads.length_mm.tolist() == [1]


def test_one_node_twice_in_a_row_is_dropped_and_counted(read: Read) -> None:
    roads = read(*NODES, way(1, (1, 1, 2, 2, 2, 3)))
    assert [(u, v) for _, _, u, v in ends(roads)] == [(1, 2), (2, 3)]
    assert roads.report.segments_repeated_node == 3


# --- Directions ----------------------------------------------------------------------------------------------

AHEAD, BACK, BOTH = (True, False), (False, True), (True, True)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, BOTH),
        *(({"oneway": text}, AHEAD) for text in ("yes", "true", "1", "F")),  # as in osmnx
        *(({"oneway": text}, BACK) for text in ("-1", "reverse", "T")),
        *(({"oneway": text}, BOTH) for text in ("no", "0", "false", "reversible", "Yes")),
        ({"junction": "roundabout"}, AHEAD),
        ({"junction": "roundabout", "oneway": "no"}, AHEAD),
        ({"junction": "roundabout", "oneway": "-1"}, BACK),
        ({"junction": "circular"}, BOTH),
        ({"highway": "motorway"}, BOTH),
    ],
)
def test_direction(read: Read, tags: Mapping[str, str], expected: tuple[bool, bool]) -> None:
    roads = read(*NODES, way(1, (1, 2, 3), tags))
    assert [(u, v) for _, _, u, v in ends(roads)] == [(1, 2), (2, 3)]  # in the order of the way
    assert flags(roads) == [expected] * 2


def test_walking_ignores_oneway(read: Read) -> None:
    ways = [way(1, (1, 2), oneway="yes"), way(2, (2, 3), oneway="-1"), way(3, (3, 4), junction="roundabout")]
    roads = read(*NODES, *ways, mode="walk")
    assert flags(roads) == [BOTH] * 3
    assert roads.drive_ms.tolist() == [0, 0, 0]


# --- Dirt ----------------------------------------------------------------------------------------------------


def test_repeated_nodes_at_the_same_place_are_counted(read: Read) -> None:
    roads = read(*NODES, node(2), node(3), way(1, (1, 2, 3)))
    assert len(ends(roads)) == 2
    assert roads.report.nodes_repeated == 2


def test_repeated_node_at_another_place_is_a_fault(read: Read) -> None:
    with pytest.raises(RoadError) as caught:
        read(*NODES, node(2, 11.3), way(1, (1, 2, 3)))
    assert "2" in str(caught.value)


@pytest.mark.parametrize(
    ("lon", "lat"),
    [
        ("36.7", "117.1"),  # swapped axes
        ("180.5", "47.2"),
        ("-180.5", "47.2"),
        ("9.5", "90.1"),
        ("9.5", "-90.1"),
    ],
)
def test_impossible_places_are_counted_and_never_roads(read: Read, lon: str, lat: str) -> None:
    roads = read(*NODES, node(50, lon, lat), way(1, (1, 2, 50, 3, 4)))
    assert [(u, v) for _, _, u, v in ends(roads)] == [(1, 2), (3, 4)]
    assert roads.report.nodes_without_place == 1
    assert roads.report.nodes_missing == 0


@pytest.mark.parametrize("text", ["inf", "-inf", "nan", "", "9,5", "9.5x", "９.5", "999999999999", "1e999"])
def test_a_place_that_is_no_number_is_never_a_road(read: Read, text: str) -> None:
    # Either the file is refused or the node is counted; a silent place on the globe would be a road.
    try:
        roads = read(*NODES, node(50, text, "47.2"), way(1, (1, 2, 50, 3, 4)))
    except RoadError:
        return
    assert [(u, v) for _, _, u, v in ends(roads)] == [(1, 2), (3, 4)]
    assert roads.report.nodes_without_place == 1


@pytest.mark.parametrize("chunk", range(300, 340))
def test_a_coordinate_may_lie_across_the_edge_of_a_chunk(
    read: Read, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(osmobjects, "_CHUNK", chunk)
    assert read(*NODES, way(1, (1, 2, 3, 4))).n_edges == 3
    with pytest.raises(RoadError) as caught:
        read(*NODES, node(50, "1e999", "47.2"), way(1, (1, 2, 3, 4)))
    assert [fault.code for fault in caught.value.faults] == ["road_coordinate"]


def test_counts_of_missing_and_misplaced_nodes_stay_apart(read: Read) -> None:
    bad = node(50, "36.7", "117.1")
    twice_used = read(*NODES, bad, way(1, (1, 2, 50, 3)), way(2, (3, 4, 50, 5, 6)))
    assert (twice_used.report.nodes_without_place, twice_used.report.nodes_missing) == (1, 0)
    for copies in ((bad, bad), (node(50, 9.55, 47.2), bad)):
        report = read(*NODES, *copies, way(1, (1, 2, 50, 3, 4))).report
        assert report.nodes_without_place in {1, 2}
        assert report.nodes_missing == 0


def test_a_node_without_coordinates_is_counted(read: Read) -> None:
    roads = read(*NODES, '<node id="50" version="1"/>', way(1, (1, 2, 50, 3, 4)))
    assert [(u, v) for _, _, u, v in ends(roads)] == [(1, 2), (3, 4)]
    assert roads.report.nodes_without_place == 1


@pytest.mark.parametrize(
    "text",
    [
        osm(NODES[0], NODES[1], NODES[2].replace("/>", " visible = 'false'/>"), way(1, (1, 2, 3))),
        CHANGES.format(f"{NODES[0]}{NODES[1]}{way(1, (1, 2, 3))}", NODES[2]),
    ],
)
def test_a_deleted_node_is_nowhere_though_it_says_where_it_was(tmp_path: Path, text: str) -> None:
    (tmp_path / "history.osm").write_text(text, encoding="utf-8")
    roads = network.read_roads(tmp_path / "history.osm", "walk", island_min_m=0)
    assert (roads.node_id.tolist(), roads.report.nodes_without_place) == ([1, 2], 1)


def test_deleted_ways_are_counted(read: Read) -> None:
    roads = read(*NODES, way(1, (1, 2)), way(2, (2, 3), extra='visible="false"'))
    assert set(roads.way_id.tolist()) == {1}
    assert roads.report.ways_deleted == 1


def test_copies_of_a_way_are_counted_and_contradictions_refused(read: Read) -> None:
    roads = read(*NODES, way(1, (1, 2)), way(2, (2, 3)), way(1, (1, 2)), way(1, (1, 2)))
    assert [(w, u, v) for w, _, u, v in ends(roads)] == [(1, 1, 2), (2, 2, 3)]
    assert roads.report.ways_repeated == 2
    with pytest.raises(RoadError) as caught:
        read(*NODES, way(1, (1, 2)), way(1, (4, 5)))
    assert [fault.code for fault in caught.value.faults] == ["road_way_twice"]


@pytest.mark.parametrize("mode", ["walk", "drive"])
def test_ways_of_the_other_kind_are_counted(read: Read, mode: Mode) -> None:
    others = [way(2, (2, 3), area="yes"), way(3, (3, 4), access="private"), way(4, (4, 5), {"highway": "proposed"})]
    roads = read(*NODES, way(1, (1, 2)), *others, mode=mode)
    assert set(roads.way_id.tolist()) == {1}
    assert roads.report.ways_other_mode == 3
    assert roads.report.ways_kept == 1


# --- Islands -------------------------------------------------------------------------------------------------


def test_short_islands_are_dropped_and_counted(read: Read) -> None:
    ways = [way(1, (1, 2, 3)), way(2, (4, 5)), way(3, (6, 7))]
    roads = read(*NODES, *ways, island_min_m=1000.0)  # even the longest is shorter: it stays
    assert set(roads.way_id.tolist()) == {1}
    assert roads.node_id.tolist() == [1, 2, 3]
    assert roads.report.islands_dropped == 2
    assert roads.report.islands_m == (span_mm(4, 5) + span_mm(6, 7)) / 1000
    assert read(*NODES, *ways).report.islands_dropped == 0


def test_island_limit_is_exact(read: Read) -> None:
    ways = [way(1, (1, 2, 3)), way(2, (4, 5))]
    length_m = span_mm(4, 5) / 1000
    assert read(*NODES, *ways, island_min_m=length_m).n_edges == 3  # as long as the limit: not shorter
    assert read(*NODES, *ways, island_min_m=length_m + 0.001).n_edges == 2


def test_oneway_streets_tie_islands(read: Read) -> None:
    ways = [way(1, (1, 2, 3)), way(2, (4, 3), oneway="yes"), way(3, (4, 5), oneway="-1")]
    assert read(*NODES, *ways, island_min_m=1000.0).n_edges == 4


def test_islands_are_counted_per_mode(read: Read) -> None:
    ways = [way(1, (1, 2, 3)), way(2, (3, 4), {"highway": "footway"}), way(3, (4, 5))]
    assert read(*NODES, *ways, mode="walk", island_min_m=1000.0).n_edges == 4
    assert read(*NODES, *ways, mode="drive", island_min_m=1000.0).n_edges == 2


# --- Speeds --------------------------------------------------------------------------------------------------


def drive_ms(read: Read, drive_factor: float = 0.7, **tags: str) -> int:
    roads = read(*NODES, way(1, (1, 8), tags), drive_factor=drive_factor)
    return int(roads.drive_ms[0])


@pytest.mark.parametrize(
    ("maxspeed", "kph"), [("50", 50.0), ("30", 30.0), ("120", 120.0), ("30 mph", 48.28), ("25.5", 25.5)]
)
def test_maxspeed_counts(read: Read, maxspeed: str, kph: float) -> None:
    expected = span_mm(1, 8) * 3.6 / (kph * 0.7)
    assert drive_ms(read, maxspeed=maxspeed) == pytest.approx(expected, rel=1e-5, abs=1)


@pytest.mark.parametrize(
    "maxspeed", ["none", "signals", "0", "-5", "0 mph", "", "nan", "inf", "1e999", "1_000", "５０", "fast", "0x20"]
)
@pytest.mark.parametrize("highway", ["residential", "primary"])
def test_senseless_maxspeed_falls_to_the_speed_of_the_class(read: Read, maxspeed: str, highway: str) -> None:
    by_class = drive_ms(read, highway=highway)
    assert 0 < by_class < span_mm(1, 8)  # faster than 3.6 km/h
    assert drive_ms(read, highway=highway, maxspeed=maxspeed) == by_class


def test_ways_are_counted_by_where_their_speed_comes_from(read: Read) -> None:
    texts = [None, "30", "60", "50 mph", "fast", "0", "-5"]
    ways = [way(k, (1, 2), {} if text is None else {"maxspeed": text}) for k, text in enumerate(texts, start=1)]
    ways.append(way(9, (1, 2), {"highway": "footway", "maxspeed": "5"}))  # not of the network: not counted
    report = read(*NODES, *ways).report
    assert (report.speed_maxspeed, report.speed_class) == (3, 1)
    assert (report.speed_unreadable, report.speed_not_positive) == (1, 2)
    report = read(*NODES, *ways, mode="walk").report
    assert report.ways_kept == len(ways)
    assert {value for key, value in asdict(report).items() if key.startswith("speed_")} == {0}


def test_speeds_of_classes_may_be_given(tmp_path: Path) -> None:
    file = tmp_path / "roads.osm"
    ways = [way(1, (1, 2)), way(2, (2, 3), {"highway": "primary"}), way(3, (3, 4), maxspeed="36")]
    file.write_text(osm(*NODES, *ways), encoding="utf-8")

    def times(class_kph: Mapping[str, float] | None) -> list[int]:
        roads = osmfile.read_roads(file, "drive", island_min_m=0, drive_factor=1.0, class_kph=class_kph)
        return [int(time_ms) for time_ms in roads.drive_ms]

    known, slower = times(None), times({"residential": 18})
    assert slower == [round(span_mm(1, 2) / 5), known[1], round(span_mm(3, 4) / 10)]
    assert times({}) == times(CLASS_KPH) == known
    for wrong in ({"residental": 20.0}, {"residential": 0.0}, {"residential": float("nan")}):
        with pytest.raises(ValueError, match="class"):
            times(wrong)


def test_better_roads_are_faster_and_the_factor_slows(read: Read) -> None:
    times = [drive_ms(read, highway=kind) for kind in ("motorway", "primary", "residential", "living_street")]
    assert times == sorted(times)
    assert times[0] < times[-1]
    whole, half = drive_ms(read, 1.0, maxspeed="36"), drive_ms(read, 0.5, maxspeed="36")
    assert whole == round(span_mm(1, 8) / 10)  # 36 km/h are 10 mm a millisecond
    assert half == round(span_mm(1, 8) / 5)


# --- Files ---------------------------------------------------------------------------------------------------


def faults_of(path: Path, mode: Mode = "walk") -> RoadError:
    """The error of reading a file; its faults name the file and can be told in every language."""
    with pytest.raises(RoadError) as caught:
        network.read_roads(path, mode=mode)
    assert caught.value.faults
    for fault in caught.value.faults:
        assert fault.code
        assert fault.file == str(path)
        for language in LANGUAGES:
            assert all(say(f"fault.{fault.code}.{part}", language, **fault.values) for part in ("what", "cure"))
    return caught.value


GOOD = osm(*NODES, way(1, (1, 2)))
ENTITIES = '<!DOCTYPE osm [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>\n'
WITH_DTD = osm(*NODES, way(1, (1, 2), name="x"), head=ENTITIES).replace('v="x"', 'v="&b;"')


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.osm", b""),
        ("empty.osm.pbf", b""),
        ("no_elements.osm", osm().encode()),
        ("no_roads.osm", osm(*NODES, way(1, (1, 2), {"highway": "proposed"})).encode()),
        ("only_nodes.osm", osm(*NODES).encode()),
        ("no_places.osm", osm(way(1, (1, 2))).encode()),
        ("cut.osm", GOOD.encode()[:-60]),
        ("text.osm.pbf", "济南市 roads, not a pbf\n".encode() * 50),
        ("xml.osm.pbf", GOOD.encode()),
        ("text.osm", b"no xml at all"),
        ("page.osm", b"<!DOCTYPE html><html><body>Too Many Requests</body></html>"),
        ("other.osm", b'<?xml version="1.0"?><gpx version="1.1"></gpx>'),
        ("dtd.osm", WITH_DTD.encode()),
        ("bare_dtd.osm", osm(*NODES, way(1, (1, 2)), head="<!DOCTYPE osm>").encode()),
        ("late_dtd.osm", osm(*NODES, way(1, (1, 2)), head=f"<!--{' ' * 200_000}-->{ENTITIES}").encode()),
        ("utf16_dtd.osm", WITH_DTD.replace("UTF-8", "UTF-16").encode("utf-16")),
        ("dtd.osm.gz", gzip.compress(WITH_DTD.encode())),
        ("text.osm.gz", b"no gzip at all"),
        ("damaged.osm.gz", gzip.compress(GOOD.encode())[:20] + bytes(40) + gzip.compress(GOOD.encode())[60:]),
        ("cut.osm.gz", gzip.compress(GOOD.encode())[:-20]),
        ("roads.shp", GOOD.encode()),
        ("roads.zip", GOOD.encode()),
        ("roads", GOOD.encode()),
    ],
)
def test_files_that_are_no_roads_are_faults(tmp_path: Path, name: str, content: bytes) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    faults_of(file)


def test_a_pbf_cut_short_is_a_fault(tmp_path: Path) -> None:
    whole = COQUIMBO_ROADS.read_bytes()
    for share in (0.5, 0.9, 0.999):
        file = tmp_path / "cut.osm.pbf"
        file.write_bytes(whole[: int(len(whole) * share)])
        faults_of(file)


def test_a_damaged_pbf_is_a_fault(tmp_path: Path) -> None:
    whole = bytearray(COQUIMBO_ROADS.read_bytes())
    whole[len(whole) // 2 : len(whole) // 2 + 64] = bytes(64)
    file = tmp_path / "damaged.osm.pbf"
    file.write_bytes(whole)
    faults_of(file)


def test_a_missing_file_and_a_folder_are_faults(tmp_path: Path) -> None:
    faults_of(tmp_path / "missing.osm.pbf")
    folder = tmp_path / "folder.osm"
    folder.mkdir()
    faults_of(folder)


@pytest.mark.parametrize("name", ["道路 数据.osm", "ROADS.OSM", "roads.osm.gz"])
def test_names_and_packing(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(gzip.compress(GOOD.encode()) if name.endswith("gz") else GOOD.encode())
    roads = network.read_roads(file, mode="walk")
    assert roads.length_mm.tolist() == [span_mm(1, 2)]
    assert network.read_roads(str(file), mode="walk").n_edges == 1


def test_a_doctype_in_a_name_is_no_dtd(read: Read) -> None:
    assert read(*NODES, way(1, (1, 2), name='<!DOCTYPE x "&">')).n_edges == 1


def test_pbf_under_a_chinese_name_reads_as_the_original(tmp_path: Path) -> None:
    file = tmp_path / "道路.osm.pbf"
    file.write_bytes(COQUIMBO_ROADS.read_bytes())
    assert_same(*(network.read_roads(path, mode="drive") for path in (file, COQUIMBO_ROADS)))


@pytest.mark.parametrize("ending", [".osm", ".osm.gz", ".osm.bz2"])
def test_drafts_with_deleted_objects_are_refused(tmp_path: Path, ending: str) -> None:
    text = osm(*NODES, way(1, (1, 2, 3), extra="action='delete'")).encode()
    path = tmp_path / f"draft{ending}"
    packed = {".osm": text, ".osm.gz": gzip.compress(text), ".osm.bz2": bz2.compress(text)}
    path.write_bytes(packed[ending])
    with pytest.raises(RoadError) as caught:
        network.read_roads(path, "walk")
    assert [fault.code for fault in caught.value.faults] == ["road_draft"]


# --- Packed files, whose nodes are read in another way -----------------------------------------------------------


def assert_same(first: Roads, second: Roads) -> None:
    assert first.report == second.report
    for column in ROADS_COLUMNS:
        np.testing.assert_array_equal(getattr(first, column), getattr(second, column))
        assert getattr(first, column).dtype == getattr(second, column).dtype


def write_file(path: Path, items: Sequence[Any]) -> None:
    """Write nodes and ways into a file that may hold deleted ones."""
    kind = "osh.pbf" if path.name.endswith(".pbf") else "osh"
    with osmium.SimpleWriter(osmium.io.File(path, kind), overwrite=True) as writer:
        for item in items:
            writer.add(item)


def outcome(path: Path, mode: Mode) -> Roads | list[tuple[str, Mapping[str, object]]]:
    """The network, or what is wrong with the file."""
    try:
        return osmfile.read_roads(path, mode, island_min_m=0)
    except RoadError as error:
        return [(fault.code, fault.values) for fault in error.faults]


IDS = st.sampled_from([1, 2, 3, 4, 5, 6, 7, 2**33, 2**53 + 1])
VALUES = st.sampled_from(["residential", "primary", "footway", "no", "yes", "-1", "50", "a=b,c d@e%f", "济\n南", ""])
TAGS = st.dictionaries(st.sampled_from(["oneway", "maxspeed", "foot", "name", "n,=% @", "highway"]), VALUES, max_size=3)
VISIBLE = st.sampled_from([True, True, True, True, False])
SPOTS = st.sampled_from([(9.5, 47.2), (9.5, 47.2), (9.6, 47.2), (9.6, 47.3000001), (36.7, 117.1), None])


@st.composite
def dirty_nodes(draw: st.DrawFn) -> Any:
    id_ = draw(st.one_of(IDS, st.sampled_from([0, -1, -2])) if draw(st.integers(0, 5)) == 0 else IDS)
    place = draw(st.sampled_from([(9 + (id_ % 11) / 100, 47.2)]) if draw(st.integers(0, 5)) else SPOTS)
    here = {} if place is None else {"location": place}
    return osmium.osm.mutable.Node(id=id_, version=1, visible=draw(VISIBLE), tags=draw(TAGS), **here)


@st.composite
def dirty_ways(draw: st.DrawFn) -> Any:
    refs = draw(st.lists(st.one_of(IDS, IDS, IDS, IDS, st.sampled_from([0, -1, 99])), max_size=6))
    tags = {"highway": "residential", **draw(TAGS)} if draw(st.integers(0, 5)) else draw(TAGS)
    way_id = draw(st.integers(1, 40))
    return osmium.osm.mutable.Way(id=way_id, version=1, visible=draw(VISIBLE), tags=tags, nodes=refs)


@settings(max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(dirty_nodes(), max_size=14), st.lists(dirty_ways(), max_size=6), st.sampled_from(["walk", "drive"]))
def test_however_dirty_a_file_is_packed_or_as_text_it_reads_the_same(
    tmp_path_factory: pytest.TempPathFactory, nodes: list[Any], ways: list[Any], mode: Mode
) -> None:
    folder = tmp_path_factory.getbasetemp()
    for name in ("same.osm", "same.osm.pbf"):
        write_file(folder / name, [*nodes, *ways])
    plain, packed = outcome(folder / "same.osm", mode), outcome(folder / "same.osm.pbf", mode)
    if isinstance(plain, list) or isinstance(packed, list):
        assert plain == packed
    else:
        assert_same(plain, packed)


@pytest.mark.parametrize("mode", ["walk", "drive"])
def test_without_room_for_the_places_nodes_are_read_one_by_one(monkeypatch: pytest.MonkeyPatch, mode: Mode) -> None:
    at_once = network.read_roads(COQUIMBO_ROADS, mode=mode)
    monkeypatch.setattr(osmobjects, "_ROOM_LEAST", 1 << 80)
    assert_same(network.read_roads(COQUIMBO_ROADS, mode=mode), at_once)


@pytest.mark.parametrize("name", ["a,b", "临时"])
def test_any_folder_may_be_the_temporary_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    plain = network.read_roads(COQUIMBO_ROADS, mode="walk")
    folder = tmp_path / name
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    assert_same(network.read_roads(COQUIMBO_ROADS, mode="walk"), plain)
    assert not list(folder.iterdir())


def test_no_value_of_a_tag_passes_for_another_tag(read: Read) -> None:
    sly = {"name": "x,highway=no foot=no", "note": "50% of\thighway=proposed", "济南": "路", "ref": "a=b@c"}
    assert read(*NODES, way(1, (1, 2), sly), mode="walk").n_edges == 1
    with pytest.raises(RoadError):
        read(*NODES, way(1, (1, 2), {"highway": "x %no% x"}), mode="walk")


@pytest.mark.parametrize("wrong", [b"\xff\xfeabcdefg", b"abcdefgh\xe6"])
def test_a_tag_that_is_no_text_is_a_fault(tmp_path: Path, wrong: bytes) -> None:
    file = tmp_path / "roads.osm.pbf"
    nodes = [osmium.osm.mutable.Node(id=k, version=1, location=PLACES[k]) for k in (1, 2)]
    street = osmium.osm.mutable.Way(id=1, version=1, nodes=[1, 2], tags={"highway": "residential", "name": "Dorfgasse"})
    with osmium.SimpleWriter(osmium.io.File(file, "pbf,pbf_compression=none")) as writer:
        for item in (*nodes, street):
            writer.add(item)
    assert network.read_roads(file, mode="walk").n_edges == 1
    file.write_bytes(file.read_bytes().replace(b"Dorfgasse", wrong))
    assert [fault.code for fault in faults_of(file).faults] == ["road_unreadable"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / f"cut{ending}").write_bytes(COQUIMBO_ROADS.read_bytes()[:9999])
    faults_of(tmp_path / f"cut{ending}")
    assert [path.name for path in tmp_path.iterdir()] == [f"cut{ending}"]
