"""Roads packed for the live map come out of it as they went in: every place, length, time, direction and order."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from livenode import LIVE, run_node
from newer import newer_than_oldest
from planner.geodesy import segment_mm
from planner.livebytes import LOAD_VERSION, Section, byte_planes, container, crc, text_of, varints, zigzag, zigzags
from planner.livegraph import pack_roads
from planner.livelengths import foretold_mm, foretold_ms, speeds_of
from planner.osmfile import read_roads
from planner.roads import ReadingReport, Roads
from planner.speeds import drive_ms
from smallnets import HUGE, TINY, USUAL, networks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planner.livegraph import PackedRoads
    from planner.terms import Mode

    Networks = dict[Mode, Roads]

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "data" / "coquimbo" / "roads.osm.pbf"

SCRIPTS = ["inflate.js", "decode.js"]
OPEN = """async (live, loads) => {
  const found = [];
  for (const load of loads) found.push(live.decode(await live.inflate(load.text, load.version, load.crc)));
  return found;
}"""


def told(data: bytes) -> dict[str, Any]:
    """What the page says of a load."""
    return {"text": text_of(data), "version": LOAD_VERSION, "crc": crc(data)}


def load_of(packed: PackedRoads) -> dict[str, Any]:
    return told(container(packed.meta, packed.sections))


# --- Bytes ---------------------------------------------------------------------------------------------------


def one_varint(value: int) -> bytes:
    """LEB128, as its definition says."""
    out = bytearray()
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes([*out, value])


@given(st.lists(st.integers(0, 2**64 - 1) | st.sampled_from([0, 127, 128, 16383, 16384, 2**32, 2**63])))
def test_varints_are_leb128(values: list[int]) -> None:
    assert varints(np.array(values, dtype=np.uint64)) == b"".join(map(one_varint, values))


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_signed_numbers_are_folded(values: list[int]) -> None:
    folded = [2 * value if value >= 0 else -2 * value - 1 for value in values]
    assert zigzag(np.array(values, dtype=np.int64)).tolist() == folded
    assert zigzags(np.array(values, dtype=np.int64)) == varints(np.array(folded, dtype=np.uint64))


def test_a_varint_holds_nothing_below_zero() -> None:
    with pytest.raises(ValueError, match="below zero"):
        varints([3, -1])


def test_the_container_is_what_the_page_expects() -> None:
    data = container({"title": "就业圈"}, {"a": Section(b"xyz", 3), "b": Section(b"", 0), "c": Section(b"w", 1)})
    assert data[:8] == b"SCPLIVE1"
    size = int.from_bytes(data[8:12], "little")
    header = json.loads(data[12 : 12 + size])
    assert header == {
        "version": 1,
        "sections": {"a": [0, 3, 3], "b": [3, 0, 0], "c": [3, 1, 1]},
        "meta": {"title": "就业圈"},
    }
    assert data[12 + size :] == b"xyzw"
    assert crc(data) == f"{zlib.crc32(data):08x}"
    packed = base64.b64decode(text_of(data), validate=True)
    assert gzip.decompress(packed) == data
    assert packed[4:8] == bytes(4), "no time of day"
    assert packed[9] == 255, "no system"


def test_a_header_holds_no_nan() -> None:
    with pytest.raises(ValueError, match="JSON"):
        container({"share": float("nan")}, {})


# --- What is foretold ----------------------------------------------------------------------------------------


def test_lengths_and_times_of_a_road_file_are_foretold() -> None:
    roads = sample()["drive"]
    ends = (roads.lon[roads.u], roads.lat[roads.u], roads.lon[roads.v], roads.lat[roads.v])
    assert (foretold_mm(*ends) == roads.length_mm).all()
    assert (foretold_ms(roads.length_mm, speeds_of(roads)) == roads.drive_ms).all()


def test_lengths_are_foretold_all_over_the_globe() -> None:
    rng = np.random.default_rng(8)
    lon, lat = rng.uniform(-180, 180, 20_000), rng.uniform(-89.9, 89.9, 20_000)
    reach = 10.0 ** rng.uniform(-7, -1, 20_000)
    lon2, lat2 = lon + rng.uniform(-1, 1, 20_000) * reach, lat + rng.uniform(-1, 1, 20_000) * reach
    assert (foretold_mm(lon, lat, lon2, lat2) != segment_mm(lon, lat, lon2, lat2)).mean() < 0.001


def test_speeds_are_found_again() -> None:
    rng = np.random.default_rng(9)
    kph = np.repeat(np.array([50, 30, 20, 41.7, 60])[rng.integers(0, 5, 300)] * 0.7, 6)
    roads = chain(way_id=np.repeat(np.arange(300), 6), length_mm=rng.integers(20_000, 90_000, 1800), kph=kph)
    assert speeds_of(roads) == pytest.approx(kph, abs=1e-9)


def test_a_way_that_is_slowed_half_way_has_two_speeds() -> None:
    kph = np.array([35.0] * 20 + [35.0, 35.0, 12.5, 12.5])
    roads = chain(way_id=np.repeat([1, 2], [20, 4]), length_mm=np.full(24, 123_456), kph=kph)
    assert speeds_of(roads).tolist() == kph.tolist()


def chain(*, way_id: np.ndarray[Any, Any], length_mm: np.ndarray[Any, Any], kph: np.ndarray[Any, Any]) -> Roads:
    """A drive network in which one segment follows the other."""
    count = len(way_id)
    step = np.arange(count + 1)
    return Roads(
        mode="drive",
        node_id=step + 1,
        lon=(117 + step * 1e-4).astype(np.float64),
        lat=np.full(count + 1, 36.2),
        way_id=way_id.astype(np.int64),
        segment=(np.arange(count) - np.searchsorted(way_id, way_id)).astype(np.int32),
        u=step[:-1].astype(np.int32),
        v=step[1:].astype(np.int32),
        length_mm=length_mm.astype(np.int64),
        drive_ms=drive_ms(length_mm, kph),
        forward=np.ones(count, dtype=np.bool_),
        backward=np.ones(count, dtype=np.bool_),
        kind=np.zeros(count, dtype=np.uint8),
        report=ReadingReport(),
    )


# --- There and back ------------------------------------------------------------------------------------------


@cache
def sample() -> Mapping[Mode, Roads]:
    return {"walk": read_roads(SAMPLE, "walk"), "drive": read_roads(SAMPLE, "drive")}


def wandered(seed: int) -> Networks:
    """Ways that wander over a few places and meet, walked, driven or both; some lengths and places are odd."""
    rng = np.random.default_rng(seed)
    n_nodes, n_edges = int(rng.integers(2, 12)), int(rng.integers(1, 40))
    centre = [(117.0, 36.2), (-71.0, -30.0), (179.99, 89.0), (0.0, 0.0)][rng.integers(0, 4)]
    spread = rng.choice([1e-9, 1e-6, 0.01, 0.01, 0.01, 1, 10])  # degrees
    lon, lat = (np.round(at + rng.uniform(-spread, spread, n_nodes), 9 if spread < 1e-8 else 7) for at in centre)
    lat = np.clip(lat, -90, 90)
    odd = rng.random(n_nodes) < rng.choice([0, 0, 0.3, 1])
    lon, lat = np.where(odd, lon + 3e-9, lon), np.where(odd & (rng.random(n_nodes) < 0.5), lat - 4e-9, lat)
    new_way = rng.random(n_edges) < 0.3
    way_id = 7 + np.cumsum(new_way * rng.integers(1, 900, n_edges))
    breaks = new_way | (rng.random(n_edges) < 0.1)
    u = np.zeros(n_edges, dtype=np.int32)
    v = rng.integers(0, n_nodes, n_edges).astype(np.int32)
    u[0] = rng.integers(0, n_nodes)
    for k in range(1, n_edges):
        u[k] = rng.integers(0, n_nodes) if breaks[k] else v[k - 1]
    length_mm = segment_mm(lon[u], lat[u], lon[v], lat[v])
    strange = rng.random(n_edges) < rng.choice([0, 0.2, 1])
    length_mm[strange] = rng.choice([0, 1, 12, 345_678, 2**32 - 1], int(strange.sum()))
    one_way = rng.random(n_edges) < 0.2
    kph = np.array([35.0, 21.0, 12.34])[rng.integers(0, 3, n_edges)]
    slow_mm = np.minimum(length_mm, 2**31)
    drive = Roads(
        mode="drive",
        node_id=np.sort(rng.choice(10**6, n_nodes, replace=False)).astype(np.int64),
        lon=lon,
        lat=lat,
        way_id=way_id.astype(np.int64),
        segment=(np.arange(n_edges) - np.searchsorted(way_id, way_id) + 3).astype(np.int32),
        u=u,
        v=v,
        length_mm=length_mm,
        drive_ms=drive_ms(slow_mm, kph) + (rng.random(n_edges) < rng.choice([0, 0.3])),
        forward=~one_way | (rng.random(n_edges) < 0.5),
        backward=~one_way,
        kind=np.zeros(n_edges, dtype=np.uint8),
        report=ReadingReport(),
    )
    return modes_of(replace(drive, forward=drive.forward | ~drive.backward), seed)


def modes_of(drive: Roads, seed: int) -> Networks:
    """A network of driving with one of walking, which shares some segments, has some of its own, or is alone."""
    rng = np.random.default_rng(seed)
    walk = replace(
        drive,
        mode="walk",
        drive_ms=np.zeros_like(drive.drive_ms),
        forward=np.ones_like(drive.forward),
        backward=np.ones_like(drive.forward),
        length_mm=np.where(rng.random(drive.n_edges) < 0.1, 77_777, drive.length_mm),
        lon=np.where(rng.random(drive.n_nodes) < 0.1, drive.lon + 1e-5, drive.lon),
    )
    some = (edges_of(roads, rng.random(roads.n_edges) < share) for roads, share in ((walk, 0.8), (drive, 0.7)))
    both: Networks = dict(zip(("walk", "drive"), some, strict=True))
    which = rng.integers(0, 4)
    return both if which > 1 else {"walk": walk} if which else {"drive": drive}


def edges_of(roads: Roads, keep: np.ndarray[Any, Any]) -> Roads:
    names = ("way_id", "segment", "u", "v", "length_mm", "drive_ms", "forward", "backward", "kind")
    return replace(roads, **{name: getattr(roads, name)[keep] for name in names})


def drawn(count: int) -> list[Networks]:
    """Networks of `smallnets`; examples are gathered first, for one Node is to open them all."""
    found: list[Networks] = []
    several = st.sampled_from([USUAL, TINY, HUGE]).flatmap(lambda scale: networks(scale=scale))

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(several, st.integers(0, 99))
    def gather(roads: Roads, seed: int) -> None:
        found.append(modes_of(roads, seed) if roads.mode == "drive" else {"walk": roads})

    gather()
    return found


def twice_numbered() -> Networks:
    """A number of a way that stands twice, with ends the other way round in the other network."""
    walk = edges_of(sample()["walk"], np.arange(sample()["walk"].n_edges) < 40)
    walk = replace(walk, way_id=np.full(40, 5), segment=np.arange(40, dtype=np.int32) // 2)
    turned = np.arange(40) ^ 1
    drive = replace(edges_of(walk, turned), mode="drive", drive_ms=np.arange(40) * 1000)
    return {"walk": walk, "drive": drive}


def assert_same(found: dict[str, Any], networks: Networks, packed: PackedRoads) -> None:
    """Hold what the page decoded against the networks."""
    roads = found["roads"]
    lon, lat = np.array(roads["lon"]), np.array(roads["lat"])
    vertex, start = (np.array(roads[name], dtype=np.int64) for name in ("vertex", "runStart"))
    assert roads["nVertices"] == len(lon) == len(lat) == len(roads["shared"])
    assert len(start) == roads["nRuns"] + 1
    assert start[-1] == len(vertex)
    assert (np.diff(start) > 1).all(), "a run has a segment"
    assert sorted(set(vertex.tolist())) == list(range(len(lon)))
    assert roads["shared"] == (np.bincount(vertex, minlength=len(lon)) > 1).astype(int).tolist()
    assert sorted(roads["runRank"]) == list(range(roads["nRuns"]))
    run = np.repeat(np.arange(roads["nRuns"]), np.diff(start))
    void = np.zeros(len(vertex), dtype=bool)
    void[start[1:] - 1] = True
    travelled = {
        "walk": np.array(roads["walk"], dtype=bool)[run] & ~void,
        "drive": (np.array(roads["driveForward"]) + np.array(roads["driveBackward"]) > 0)[run] & ~void,
    }
    assert (np.array(roads["length"], dtype=np.int64)[void] == 0).all()
    assert (roads["driveMs"] is None) == ("drive" not in networks)
    node: dict[int, tuple[int, float, float]] = {}
    for mode in ("walk", "drive"):
        slots = packed.slots.get(mode, np.empty(0, dtype=np.int64))
        assert np.flatnonzero(travelled[mode]).tolist() == sorted(slots.tolist())
    for mode, network in networks.items():
        slot = packed.slots[mode]
        ends = {"u": vertex[slot], "v": vertex[slot + 1]}
        for end, at in ends.items():
            number = getattr(network, end)
            assert lon[at].tolist() == network.lon[number].tolist()
            assert lat[at].tolist() == network.lat[number].tolist()
            for v, key in zip(at.tolist(), place_of(network, number), strict=True):
                assert node.setdefault(v, key) == key
        assert np.array(roads["length"])[slot].tolist() == network.length_mm.tolist()
        order = np.array(roads["runRank"])[run[slot]] * (len(vertex) + 1) + (slot - start[run[slot]])
        assert (np.diff(order) > 0).all(), "the order of the network"
        if mode == "drive":
            assert np.array(roads["driveMs"])[slot].tolist() == network.drive_ms.tolist()
            assert np.array(roads["driveForward"])[run[slot]].tolist() == network.forward.tolist()
            assert np.array(roads["driveBackward"])[run[slot]].tolist() == network.backward.tolist()
    assert len(set(node.values())) == len(node) == len(lon), "each node once"


def place_of(roads: Roads, number: np.ndarray[Any, Any]) -> list[tuple[int, float, float]]:
    columns = (values[number].tolist() for values in (roads.node_id, roads.lon, roads.lat))
    return list(zip(*columns, strict=True))


def test_any_roads_come_back_as_they_went_in() -> None:
    few = np.arange(sample()["walk"].n_edges) < 0
    cases = [dict(sample()), *map(wandered, range(150)), *drawn(60), twice_numbered()]
    cases += [{"walk": edges_of(sample()["walk"], few)}, {"walk": sample()["walk"]}]
    packed = [pack_roads(networks) for networks in cases]
    assert {len(networks) for networks in cases} == {1, 2}
    assert sum("drive" in networks for networks in cases) > 50
    for found, networks_, pack in zip(run_node(SCRIPTS, OPEN, [*map(load_of, packed)]), cases, packed, strict=True):
        assert_same(found, networks_, pack)


def test_the_same_segment_of_two_networks_stands_once() -> None:
    packed = pack_roads(sample())
    apart = sum(pack_roads({mode: roads}).meta["roads"]["segments"] for mode, roads in sample().items())
    assert apart > 1.9 * packed.meta["roads"]["segments"]
    joined = set(packed.slots["walk"].tolist()) & set(packed.slots["drive"].tolist())
    assert len(joined) == apart - packed.meta["roads"]["segments"]


def test_a_road_file_packs_small() -> None:
    packed = pack_roads(sample())
    assert packed.sections["length_more"].count == 0, "every length is foretold"
    assert packed.sections["drive_more"].count == 0, "every time is foretold"
    assert packed.sections["odd"].count == 0
    assert len(load_of(packed)["text"]) < 6.2 * packed.meta["roads"]["vertices"]


def test_the_same_roads_pack_to_the_same_bytes() -> None:
    first, second = (pack_roads({"walk": sample()["walk"]}) for _ in range(2))
    assert load_of(first) == load_of(second)


def test_roads_that_the_page_could_not_tell_are_refused() -> None:
    roads = chain(way_id=np.ones(3), length_mm=np.full(3, 1000), kph=np.full(3, 36.0))
    off = np.zeros(3, dtype=np.bool_)
    with pytest.raises(ValueError, match="no roads"):
        pack_roads({})
    with pytest.raises(ValueError, match="walked in one direction"):
        pack_roads({"walk": replace(roads, mode="walk", backward=off)})
    with pytest.raises(ValueError, match="neither direction"):
        pack_roads({"drive": replace(roads, forward=off, backward=off)})
    with pytest.raises(ValueError, match="32 bits"):
        pack_roads({"drive": replace(roads, length_mm=np.full(3, 2**32))})


# --- Points and sites ----------------------------------------------------------------------------------------

POINTS = {
    "lon": [117.1, 117.1234567890123, -71.25],
    "lat": [36.2, -0.0000001, 36.5],
    "people": [0, 4_294_967_295, 12],
    "unit": [3, -1, 2_147_483_647],
    "district": [-1, 0, 1],
    "groups": [[1, 2, 300], [0, 0, 0]],
    "codes": [[1, 2, 255], [5, 9, 17], [0, 33, 1]],
    "scopes": [None, [-1, 4, 0]],
}
FEET = {"slot": [700_000, -1, 2], "mm": [0, 0, 4_000_000_000], "access": [500_000, 0, 1]}
SITE_FEET = {"slot": [-1, 9], "mm": [0, 70], "access": [0, 70_000]}


def feet_sections(owner: str, mode: str, feet: Mapping[str, list[int]]) -> dict[str, Section]:
    n = len(feet["slot"])
    return {
        f"{owner}_slot_{mode}": Section(zigzags(np.diff(feet["slot"], prepend=0)), n),
        f"{owner}_mm_{mode}": Section(varints(feet["mm"]), n),
        f"{owner}_access_{mode}": Section(varints(feet["access"]), n),
    }


def whole_load() -> bytes:
    """A small load with all that a load may hold."""
    packed = pack_roads({"walk": edges_of(sample()["walk"], np.arange(sample()["walk"].n_edges) < 25)})
    points: dict[str, Any] = POINTS
    sections = {
        "point_lon": Section(byte_planes(points["lon"]), 3),
        "point_lat": Section(byte_planes(points["lat"]), 3),
        "point_people": Section(varints(points["people"]), 3),
        **{f"point_{name}": Section(zigzags(points[name]), 3) for name in ("unit", "district")},
        **{f"group_{k}": Section(varints(row), 3) for k, row in enumerate(points["groups"])},
        **{f"code_{k}": Section(bytes(row), 3) for k, row in enumerate(points["codes"])},
        **{f"scope_{k}": Section(zigzags(row), 3) for k, row in enumerate(points["scopes"]) if row is not None},
        **feet_sections("foot", "walk", FEET),
        **feet_sections("site", "walk", SITE_FEET),
    }
    kinds = {"groups": [{}] * 2, "standards": [{}] * 3, "goals": [{}] * 2, "sites": [{"name": "一号站"}, {}]}
    return container({**packed.meta, **kinds}, {**packed.sections, **sections})


def test_points_and_sites_come_back_as_they_went_in() -> None:
    (found,) = run_node(SCRIPTS, OPEN, [told(whole_load())])
    assert found["points"] == {"n": 3, **POINTS, "feet": {"walk": FEET}}
    assert found["sites"] == {"n": 2, "feet": {"walk": SITE_FEET}}
    assert found["meta"]["sites"][0]["name"] == "一号站"


# --- Damage --------------------------------------------------------------------------------------------------

CODES = """async (live, loads) => {
  const found = [];
  for (const load of loads) {
    let code = null, detail = "";
    try {
      const bytes = await live.inflate(load.text, load.version, load.crc);
      live.decode(bytes);
    } catch (error) {
      code = error instanceof live.LoadError ? error.code : `no LoadError: ${error.stack}`;
    }
    found.push(code);
  }
  return found;
}"""

TORN = """(live, input) => {
  const bytes = Uint8Array.from(input), found = { damaged: 0, version: 0, none: 0 };
  const attempt = (given) => {
    try {
      live.decode(given);
      found.none++;
    } catch (error) {
      if (!(error instanceof live.LoadError)) throw error;
      found[error.code]++;
    }
  };
  for (let k = 0; k < bytes.length; k++) {
    for (const bits of [1, 128, 255]) attempt(bytes.map((byte, at) => at === k ? byte ^ bits : byte));
    if (k % 7 === 0) attempt(bytes.slice(0, k));
  }
  return found;
}"""


def test_damage_anywhere_is_told() -> None:
    data = whole_load()
    good = told(data)
    text = good["text"]
    torn = []
    for at in range(len(text)):
        other = "A" if text[at] != "A" else "Q"
        torn.append(text[:at] + other + text[at + 1 :])
    torn += [text[:at] for at in range(0, len(text), 5)] + [text + "AAAA", "", "{}", "\u5c31", text[4:]]
    cases = [{**good, "text": one} for one in torn]
    for case, code in zip(cases, run_node(SCRIPTS, CODES, cases), strict=True):
        assert code == "damaged" or (code is None and content(case["text"]) == data), case["text"]
    changed = data[:-1] + bytes([data[-1] ^ 1])
    assert run_node(SCRIPTS, CODES, [{**told(changed), "crc": good["crc"]}, good]) == ["damaged", None]


def content(text: str) -> bytes | None:
    """What a text inflates to; None where it is no such text."""
    try:
        return gzip.decompress(base64.b64decode(text))
    except (ValueError, OSError, EOFError, zlib.error):
        return None


HELD = """async (live, loads) => {
  const Inflater = globalThis.DecompressionStream, found = [];
  for (const load of loads) {
    let given = 0;
    globalThis.DecompressionStream = class {
      constructor(kind) {
        const stream = new Inflater(kind), count = new TransformStream({
          transform(part, out) {
            given += part.length;
            out.enqueue(part);
          },
        });
        stream.readable.pipeThrough(count);
        Object.assign(this, { writable: stream.writable, readable: count.readable });
      }
    };
    const code = await live.inflate(load.text, load.version, load.crc).then(() => null, (error) => error.message);
    found.push([code, given]);
  }
  globalThis.DecompressionStream = Inflater;
  return found;
}"""


def test_a_load_is_not_inflated_beyond_what_its_header_says() -> None:
    """A text of some kilobytes may inflate to gigabytes: what its header does not speak of is never held."""
    data = whole_load()
    vast = json.dumps({"version": 1, "sections": {"a": [0, 2**40, 1]}, "meta": {}}).encode()
    long = [told(b"SCPLIVE1" + size.to_bytes(4, "little") + bytes(100)) for size in (200, 2**32 - 1)]
    claim = told(b"SCPLIVE1" + len(vast).to_bytes(4, "little") + vast + bytes(2**25))
    cases = [told(data), told(data + bytes(2**25)), claim, *long, told(b"SCPLIVE2" + bytes(2**25)), told(data[:-1])]
    found = run_node(SCRIPTS, HELD, cases)
    surplus, header = "damaged: more bytes than its header says", "damaged: header"
    short = "damaged: cut short"
    assert [code for code, _ in found] == [None, surplus, header, short, header, "damaged: magic", short]
    assert max(given for _, given in found) < 2**20


def test_a_section_holds_what_it_says_before_there_is_room_for_it() -> None:
    data = whole_load()
    size = int.from_bytes(data[8:12], "little")
    header = json.loads(data[12 : 12 + size])
    header["sections"]["run_size"][2] = 2**33
    text = json.dumps(header).encode()
    torn = told(data[:8] + len(text).to_bytes(4, "little") + text + data[12 + size :])
    code = "(live, load) => live.inflate(load.text, load.version, load.crc).then(live.decode).catch((e) => e.message)"
    assert run_node(SCRIPTS, code, torn) == "damaged: run_size"


def test_no_bytes_are_decoded_to_anything_but_a_load_or_a_fault() -> None:
    found = run_node(SCRIPTS, TORN, list(whole_load()))
    assert found["damaged"] > 500
    assert found["version"] > 0
    assert found["none"] > 0, "without the checksum of `inflate` some damage cannot be seen"


def test_another_version_is_told() -> None:
    good = told(whole_load())
    data = whole_load().replace(b'"version":1', b'"version":2', 1)
    cases = [{**good, "version": other} for other in (2, "0", "", None)] + [told(data), {**good, "version": "1"}]
    assert run_node(SCRIPTS, CODES, cases) == ["version"] * 5 + [None]


def test_a_browser_that_cannot_inflate_is_told() -> None:
    without = f"(live, loads) => {{ delete globalThis.DecompressionStream; return ({CODES})(live, loads); }}"
    assert run_node(SCRIPTS, without, [told(whole_load())]) == ["browser"]


def test_the_script_is_known_to_the_oldest_browsers() -> None:
    assert [newer_than_oldest("js", (LIVE / name).read_text(encoding="utf-8")) for name in SCRIPTS] == [[], []]
