"""Kept networks: the same as those read, never taken for others, and never a reason to fail."""

from __future__ import annotations

import errno
import hashlib
import inspect
import os
import pickle
import shutil
import subprocess
import sys
import time
import zipfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import platformdirs
import pytest

from planner import osmfile, osmways, roadcache, speeds
from planner.errors import RoadError
from planner.osmways import FILTER_VERSION, TELLING_KEYS, directions, kind_of, takes
from planner.roadcache import FOLDER_VARIABLE, default_folder
from planner.roads import ROAD_KINDS, Roads
from planner.speeds import CLASS_KPH, way_kph
from shared_data import ROADS_COLUMNS, ROOT, roads_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from planner.terms import Mode

LIMITS: Mapping[str, Any] = {"island_min_m": 1000.0, "drive_factor": 0.7, "class_kph": None}

STREET = """<?xml version="1.0"?><osm version="0.6">
<node id="1" version="1" lon="9.5" lat="47.2"/><node id="2" version="1" lon="9.51" lat="47.2"/>
<node id="3" version="1" lon="9.52" lat="47.21"/><node id="4" version="1" lon="9.6" lat="47.3"/>
<way id="7" version="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><tag k="highway" v="residential"/></way>
<way id="8" version="1"><nd ref="4"/><nd ref="4"/><nd ref="99"/><tag k="highway" v="residential"/></way></osm>"""


@pytest.fixture
def street(tmp_path: Path) -> Path:
    """A small road file, which is read quickly."""
    file = tmp_path / "street.osm"
    file.write_text(STREET, encoding="utf-8")
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "roads"


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The road files that were read, and not opened from where they are kept."""
    read: list[Path] = []
    reading = osmfile.read_roads

    def noting(path: str | Path, *args: Any, **limits: Any) -> Roads:
        read.append(Path(path))
        return reading(path, *args, **limits)

    monkeypatch.setattr(osmfile, "read_roads", noting)
    return read


def get(path: Path, folder: Path | None, mode: Mode = "drive", **limits: Any) -> Roads:
    return roadcache.read_roads(path, mode, folder=folder, **{**LIMITS, **limits})


def assert_same(first: Roads, second: Roads) -> None:
    assert (first.mode, first.report) == (second.mode, second.report)
    for column in ROADS_COLUMNS:
        one, other = getattr(first, column), getattr(second, column)
        np.testing.assert_array_equal(one, other)
        assert (one.dtype, one.flags.writeable) == (other.dtype, False)


def only(folder: Path) -> Path:
    """The one kept network."""
    (file,) = folder.iterdir()
    return file


# --- What is kept --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["walk", "drive"])
@pytest.mark.parametrize("name", ["coquimbo", "liechtenstein"])
def test_what_is_opened_is_what_was_read(name: str, mode: Mode, folder: Path, readings: list[Path]) -> None:
    path = roads_file(name)
    plain = osmfile.read_roads(path, mode, island_min_m=1000.0, drive_factor=0.7)
    readings.clear()
    first, second = get(path, folder, mode), get(path, folder, mode)
    assert readings == [path]
    assert_same(first, plain)
    assert_same(second, plain)


def test_the_report_comes_along(street: Path, folder: Path, readings: list[Path]) -> None:
    report = get(street, folder).report
    assert (report.ways_kept, report.ways_too_short, report.nodes_missing, report.segments_repeated_node) == (
        2,
        1,
        1,
        1,
    )
    kept = get(street, folder).report
    assert kept == report
    assert [type(value) for value in vars(kept).values()] == [type(value) for value in vars(report).values()]
    assert len(readings) == 1


def test_every_part_of_the_key_counts(
    street: Path, folder: Path, readings: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def times_read(**change: Any) -> int:
        readings.clear()
        get(street, folder, **change)
        get(street, folder, **change)
        return len(readings)

    assert times_read() == 1
    assert times_read() == 0
    for change in (
        {"mode": "walk"},
        {"island_min_m": 500.0},
        {"drive_factor": 0.5},
        {"class_kph": {"residential": 12.0}},
        {"class_kph": {"motorway": 90.0}},
    ):
        assert times_read(**change) == 1, change
    street.write_text(STREET.replace("9.52", "9.53"), encoding="utf-8")
    assert times_read() == 1
    for module, version in ((roadcache, "FILTER_VERSION"), (roadcache, "FORMAT_VERSION")):
        monkeypatch.setattr(module, version, 999)
        assert times_read() == 1, version


def test_what_says_the_same_is_read_once(street: Path, folder: Path, readings: list[Path]) -> None:
    other_name = street.with_name("同一条路.osm")
    get(street, folder, island_min_m=1000)
    shutil.copy(street, other_name)
    get(other_name, folder, class_kph=CLASS_KPH)
    get(street, folder, class_kph=dict(sorted(CLASS_KPH.items(), reverse=True)))
    get(street, folder, class_kph={"primary": 60})
    assert len(readings) == 1


def test_the_ending_of_a_name_counts(street: Path, folder: Path) -> None:
    get(street, folder)
    for ending in (".osm.pbf", ".shp"):
        with pytest.raises(RoadError):
            get(Path(shutil.copy(street, street.with_suffix(ending))), folder)


def test_without_a_folder_nothing_is_kept(street: Path, readings: list[Path]) -> None:
    before = set(street.parent.iterdir())
    assert_same(get(street, None), get(street, None))
    assert len(readings) == 2
    assert set(street.parent.iterdir()) == before


def test_faults_are_those_of_the_road_file(tmp_path: Path, folder: Path) -> None:
    wrong = tmp_path / "wrong.osm"
    wrong.write_text("no roads", encoding="utf-8")
    for path in (wrong, tmp_path / "missing.osm", tmp_path):
        told = []
        for kept_in in (None, folder):
            with pytest.raises(RoadError) as caught:
                get(path, kept_in)
            told.append([(fault.code, fault.file) for fault in caught.value.faults])
        assert told[0] == told[1]
    with pytest.raises(ValueError, match="class"):
        get(tmp_path / "missing.osm", folder, class_kph={"residental": 5.0})
    assert not folder.exists()


def test_a_file_replaced_while_it_is_read_is_not_kept(
    street: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = osmfile.read_roads

    def replaced(path: Path, *args: Any, **limits: Any) -> Roads:
        street.write_text(STREET.replace("9.52", "9.53"), encoding="utf-8")
        return reading(path, *args, **limits)

    monkeypatch.setattr(osmfile, "read_roads", replaced)
    get(street, folder)
    assert not folder.exists()


# --- What is wrong with a kept file ----------------------------------------------------------------------------


def with_arrays(file: Path, **changed: Any) -> None:
    """Rewrite a kept network with other arrays; None leaves one out."""
    with np.load(file) as kept:
        arrays = {**kept, **changed}
    np.savez(file, **{name: array for name, array in arrays.items() if array is not None})


def numbers(*values: int) -> Any:
    return np.array(values, dtype=np.int32)


def text(content: str) -> Any:
    return np.frombuffer(content.encode(), dtype=np.uint8)


def folder_instead(file: Path) -> None:
    file.unlink()
    file.mkdir()


def npy(array: Any) -> bytes:
    stream = BytesIO()
    np.save(stream, array)
    return stream.getvalue()


SPOILERS: Mapping[str, Callable[[Path], object]] = {
    "empty": lambda file: file.write_bytes(b""),
    "text": lambda file: file.write_text("no network"),
    "half": lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    "last byte": lambda file: file.write_bytes(file.read_bytes()[:-1]),
    "pickle": lambda file: file.write_bytes(pickle.dumps({"u": [0]})),
    "one array": lambda file: file.write_bytes(npy(np.arange(5))),
    "another zip": lambda file: zipfile.ZipFile(file, "w").close(),
    "a folder": folder_instead,
    "objects": lambda file: with_arrays(file, u=np.array([0, 1], dtype=object)),
    "no array": lambda file: with_arrays(file, kind=None),
    "no label": lambda file: with_arrays(file, label=None),
    "another label": lambda file: with_arrays(file, label=text("{}")),
    "another type": lambda file: with_arrays(file, u=np.array([0, 1], dtype=np.int64)),
    "another order of bytes": lambda file: with_arrays(file, u=numbers(0, 1).astype(">i4")),
    "a longer column": lambda file: with_arrays(file, length_mm=np.array([1, 2, 3])),
    "a table": lambda file: with_arrays(file, u=numbers(0, 1).reshape(1, 2)),
    "one number": lambda file: with_arrays(file, u=np.int32(0)),
    "no edges": lambda file: with_arrays(
        file, **{name: np.zeros(0, roadcache._EDGES[name]) for name in roadcache._EDGES}
    ),
    "a node too high": lambda file: with_arrays(file, v=numbers(1, 3)),
    "a node too low": lambda file: with_arrays(file, u=numbers(0, -1)),
    "nodes out of order": lambda file: with_arrays(file, node_id=np.array([1, 3, 2])),
    "ways out of order": lambda file: with_arrays(file, way_id=np.array([8, 7])),
    "less than no length": lambda file: with_arrays(file, length_mm=np.array([5, -5])),
    "less than no time": lambda file: with_arrays(file, drive_ms=np.array([5, -5])),
    "an unknown kind": lambda file: with_arrays(file, kind=np.array([0, len(ROAD_KINDS)], dtype=np.uint8)),
    "no place": lambda file: with_arrays(file, lon=np.array([9.5, np.nan, 9.52])),
    "a report cut short": lambda file: with_arrays(file, report=text('{"ways_kept": 2}')),
    "another report": lambda file: with_arrays(file, report=text('{"bridges": 2}')),
    "no report": lambda file: with_arrays(file, report=text("[")),
}


@pytest.mark.parametrize("spoiler", SPOILERS)
def test_a_spoiled_file_is_read_anew_and_put_right(
    street: Path, folder: Path, readings: list[Path], spoiler: str
) -> None:
    good = get(street, folder)
    file = only(folder)
    SPOILERS[spoiler](file)
    assert_same(get(street, folder), good)
    assert len(readings) == 2
    if spoiler != "a folder":  # which is somebody else's
        assert_same(get(street, folder), good)
        assert len(readings) == 2
    assert only(folder) == file


def test_no_byte_of_a_kept_file_may_change_the_network(
    street: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = get(street, folder)
    file = only(folder)
    whole = file.read_bytes()
    monkeypatch.setattr(osmfile, "read_roads", lambda *_given, **_limits: good)  # what is not believed is read so
    for at in range(0, len(whole), 11):
        changed = bytearray(whole)
        changed[at] ^= 0x41
        file.write_bytes(changed)
        assert_same(get(street, folder), good)


def test_a_network_under_another_ones_name_is_not_taken(street: Path, folder: Path) -> None:
    walk, drive = get(street, folder, "walk"), get(street, folder, "drive")
    first, second = folder.iterdir()
    third = folder / "third"
    for source, target in ((first, third), (second, first), (third, second)):
        source.replace(target)
    assert_same(get(street, folder, "walk"), walk)
    assert_same(get(street, folder, "drive"), drive)


# --- The folder ------------------------------------------------------------------------------------------------


def test_a_folder_that_cannot_be_made_costs_only_time(street: Path, tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("", encoding="utf-8")
    for folder in (in_the_way, in_the_way / "roads", Path("/proc/nothing/here"), tmp_path / "a\0b"):
        assert_same(get(street, folder), get(street, None))


@pytest.mark.parametrize("after_bytes", [0, 100, 1500])
def test_a_full_disk_costs_only_time(
    street: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, after_bytes: int
) -> None:
    saving = np.savez

    class Full:
        """A file on a disk that has little room left."""

        def __init__(self, stream: Any) -> None:
            self.stream = stream

        def __getattr__(self, name: str) -> Any:
            return getattr(self.stream, name)

        def write(self, data: Any) -> int:
            if self.stream.tell() + len(bytes(data)) > after_bytes:
                raise OSError(errno.ENOSPC, "No space left on device")
            return int(self.stream.write(data))

    monkeypatch.setattr(np, "savez", lambda stream, **arrays: saving(Full(stream), **arrays))
    assert_same(get(street, folder), get(street, None))
    assert not list(folder.iterdir())


def test_a_network_larger_than_all_that_is_kept_is_not_kept(
    street: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roadcache, "KEPT_BYTES", 100)
    get(street, folder)
    assert not folder.exists()


def test_those_used_longest_ago_give_way(street: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roadcache, "KEPT_FILES", 3)
    theirs = folder / "roads-of-ours.npz"
    folder.mkdir(parents=True)
    theirs.write_text("not ours", encoding="utf-8")
    files: dict[float, Path] = {}
    for hour, island_min_m in enumerate((1.0, 2.0, 3.0)):
        before = set(folder.iterdir())
        get(street, folder, island_min_m=island_min_m)
        (files[island_min_m],) = set(folder.iterdir()) - before
        os.utime(files[island_min_m], (hour * 3600, hour * 3600))
    get(street, folder, island_min_m=1.0)  # used again: now the second is the oldest
    get(street, folder, island_min_m=4.0)
    left = set(folder.iterdir())
    assert len(left) == 4
    assert {theirs, files[1.0], files[3.0]} < left


def test_kept_networks_stay_below_a_number_of_bytes(
    street: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    get(street, folder)
    size = only(folder).stat().st_size
    monkeypatch.setattr(roadcache, "KEPT_BYTES", 3 * size + 20)
    for island_min_m in range(2, 8):
        get(street, folder, island_min_m=float(island_min_m))
        assert sum(file.stat().st_size for file in folder.iterdir()) <= 3 * size + 20
    assert len(list(folder.iterdir())) == 3


def test_what_was_given_up_unfinished_is_removed_in_time(street: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    old, new = folder / "roads-00000001.unfinished", folder / "roads-00000002.unfinished"
    for file in (old, new):
        file.write_bytes(b"PK")
    os.utime(old, (time.time() - 7200,) * 2)
    get(street, folder)
    assert not old.exists()
    assert new.exists()  # another run may be writing it


def test_runs_at_the_same_time_do_not_disturb_each_other(street: Path, folder: Path) -> None:
    # Each keeps two of six networks in turns, so that all the time one removes what another one opens.
    program = inspect.cleandoc(f"""
        import sys
        from pathlib import Path
        from planner import roadcache
        roadcache.KEPT_FILES = 2
        for turn in range(40):
            roads = roadcache.read_roads(
                {str(street)!r}, "drive", island_min_m=float(turn % 6), drive_factor=0.7, class_kph=None,
                folder=Path({str(folder)!r}),
            )
            assert roads.length_mm.tolist() == {get(street, None).length_mm.tolist()}
    """)
    runs = [subprocess.Popen([sys.executable, "-c", program], cwd=ROOT) for _ in range(2)]
    assert [run.wait(timeout=120) for run in runs] == [0, 0]
    assert len(list(folder.iterdir())) <= 3
    assert_same(get(street, folder), get(street, None))


def test_the_folder_is_the_users_unless_another_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    named = os.environ[FOLDER_VARIABLE]
    assert default_folder() == Path(named) / "roads"  # tests leave the user's alone
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    assert default_folder() == tmp_path / "roads"
    for off in ("", "off"):
        monkeypatch.setenv(FOLDER_VARIABLE, off)
        assert default_folder() is None
    monkeypatch.delenv(FOLDER_VARIABLE)
    users = default_folder()
    assert users is not None
    assert users.is_relative_to(platformdirs.user_cache_path())


# --- Versions --------------------------------------------------------------------------------------------------

ANSWERS_OF_VERSION = {1: "8574bd7d5475f1d1"}
"""What the rules of each `FILTER_VERSION` answer, as a sum; those of old versions may go."""

TEXTS = (
    "walk", "none", "signals", "CN:zone30", "GB:zone20", "XX:urban", "50;30", "50;fast", "50;-5", "0;0", "-5", "５０",
    "50|60",
)  # fmt: skip


def answers() -> list[Any]:
    """What the rules say of ways: a tag with each word that some rule knows, and a few that none does."""
    words = {word for told in osmways._SHUT_OUT.values() for rule in told.values() for word in rule.split()}
    words |= {*osmways._KINDS, *osmways._ONE_WAY, "roundabout", "residential", "both no", "xyesx", ""}
    keys = sorted({key for telling in TELLING_KEYS.values() for key in telling})
    ways = [{"highway": "residential", key: word} for key in keys for word in sorted(words)]
    even_kph = dict.fromkeys(CLASS_KPH, 1.0)  # the speeds of classes are part of the key themselves
    limits = [
        *speeds._LEGAL_KPH,
        *TEXTS,
        *(f"{n}{unit}" for n in (0, 1, 37.5, 200, 201) for unit in ("", " mph", "knots")),
    ]
    return [
        [sorted(telling) for telling in TELLING_KEYS.values()],
        [(takes(way, mode), directions(way, mode), kind_of(way["highway"])) for mode in TELLING_KEYS for way in ways],
        [way_kph(highway, text, even_kph) for highway in (*CLASS_KPH, "service") for text in limits],
    ]


def test_other_rules_have_another_version() -> None:
    found = hashlib.sha256(repr(answers()).encode()).hexdigest()[:16]
    assert ANSWERS_OF_VERSION.get(FILTER_VERSION) == found, (
        "kept networks must not outlive their rules: raise osmways.FILTER_VERSION, and note the sum here"
    )
