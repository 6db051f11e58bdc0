"""A stand-in for Nominatim and Overpass on this machine, which answers well or in all the ways in which they fail."""

from __future__ import annotations

import gzip
import json
import re
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Iterator

LON, LAT = 10.0, 50.0
STEP_LON, STEP_LAT = 0.0028, 0.0018  # about 200 m each way
SIZE = 41

Segment = tuple[int, int]
BOX = re.compile(r"\(([-\d.]+),([-\d.]+),([-\d.]+),([-\d.]+)\)")


def place(number: int) -> tuple[float, float]:
    """Longitude and latitude of a node of the county's grid."""
    row, column = divmod(number - 1, SIZE)
    return LON + column * STEP_LON, LAT + row * STEP_LAT


def segments() -> dict[int, Segment]:
    """Ways of the county, one for each side of a block: way id -> its two nodes."""
    found = []
    for row in range(SIZE):
        for column in range(SIZE):
            number = row * SIZE + column + 1
            found += [(number, number + 1)] if column + 1 < SIZE else []
            found += [(number, number + SIZE)] if row + 1 < SIZE else []
    return dict(enumerate(found, start=100_001))


WAYS = segments()


def square(low: int, high: int) -> dict[str, Any]:
    """GeoJSON outline from a row and column of the grid to another."""
    (west, south), (east, north) = place(low * SIZE + low + 1), place(high * SIZE + high + 1)
    return {
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
    }


def osm_xml(box: tuple[float, float, float, float] | None = None, end: str = "") -> str:
    """Return the county, or the ways of it with a node in a box (south, west, north, east), as OpenStreetMap XML."""

    def inside(number: int) -> bool:
        lon, lat = place(number)
        return box is None or (box[0] <= lat <= box[2] and box[1] <= lon <= box[3])

    ways = {way: ends for way, ends in WAYS.items() if any(map(inside, ends))}
    nodes = sorted({number for ends in ways.values() for number in ends})
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6" generator="stand-in">']
    lines.append("<note>The data included in this document is from www.openstreetmap.org.</note>")
    lines.append('<meta osm_base="2026-06-30T00:00:00Z"/>')
    lines += [f'<node id="{n}" lon="{place(n)[0]:.7f}" lat="{place(n)[1]:.7f}"/>' for n in nodes]
    for way, ends in ways.items():
        refs = "".join(f'<nd ref="{n}"/>' for n in ends)
        lines.append(f'<way id="{way}">{refs}<tag k="highway" v="residential"/><tag k="name" v="路{way}"/></way>')
    return "\n".join([*lines, f"{end}</osm>\n"])


EMPTY = osm_xml((0, 0, 1, 1))


def found_place(name: str, outline: dict[str, Any], number: int = 1, category: str = "boundary") -> dict[str, Any]:
    """One answer of Nominatim."""
    told = {"osm_type": "relation", "osm_id": number, "display_name": f"{name}, {number}", "category": category}
    return {"name": name, "geojson": outline, **told}


@dataclass
class MapServer:
    """Where it listens, what it does wrong next, and what it was asked."""

    url: str = ""
    faults: list[str] = field(default_factory=list)
    places: list[dict[str, Any]] = field(default_factory=list)
    features: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)


class Handler(BaseHTTPRequestHandler):
    """Answers for one `MapServer`, which a class of its own names."""

    state: MapServer

    def do_GET(self) -> None:
        self._answer(json.dumps(self.state.places), "application/json")

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        query = form["data"][0]
        if query.startswith("[out:json]"):
            self._answer(json.dumps({"version": 0.6, "elements": self.state.features}), "application/json")
            return
        south, west, north, east = map(float, BOX.findall(query)[0])
        self._answer(osm_xml((south, west, north, east)), "application/osm3s+xml")

    def _answer(self, text: str, kind: str) -> None:
        self.state.asked.append(self.path)
        fault = self.state.faults.pop(0) if self.state.faults else ""
        with suppress(ConnectionError):
            if fault == "silence":
                self.state.stopped.wait(30)
            elif fault.isdigit():
                waits = {"Retry-After": "7"} if fault == "429" else {}
                self._write(int(fault), b"<html>no</html>", {"Content-Type": "text/html", **waits})
            else:
                self._send(text, kind, fault)

    def _send(self, text: str, kind: str, fault: str) -> None:
        remark = '<remark> runtime error: Query timed out in "query" at line 1 after 25 seconds. </remark>\n'
        half = text[: len(text) // 2]
        changed = {
            "remark": half[: half.rfind("<node")] + remark + "</osm>",
            "remark_plain": text.replace("</osm>", remark.replace("<remark>", '<remark lang="en">') + "</osm>"),
            "nodes": re.sub(r'<node id="\d*7" [^>]*/>\n', "", text),
            "cut": half,
            "empty": EMPTY,
            "remark_json": text[:-1] + ', "remark": "runtime error: Query ran out of memory"}',
            "other": "nothing of the kind",
            "doctype": text.replace("<osm ", '<!DOCTYPE osm [<!ENTITY a "b">]>\n<osm ', 1),
        }
        body = changed.get(fault, text).encode()
        headers = {"Content-Type": "text/html" if fault == "html" else kind}
        if fault.startswith("gzip"):
            body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
        if fault == "drip":
            headers["X-Drip"] = "1"
        self._write(200, body[:-40] if fault == "gzip_cut" else body, headers, 100 if fault == "short" else 0)

    def _write(self, status: int, body: bytes, headers: dict[str, str], lacking: int = 0) -> None:
        """Send an answer; it announces so many bytes more than it has."""
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body) + lacking)}.items():
            self.send_header(name, value)
        self.end_headers()
        if "X-Drip" in headers:
            while not self.state.stopped.wait(0.02):
                self.wfile.write(body[:1])
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (its name in the base class)
        """Say nothing."""


@contextmanager
def map_server() -> Iterator[MapServer]:
    """Run the stand-in; it knows a place 中城 in the middle of the county."""
    state = MapServer(places=[found_place("中城", square(15, 25))])
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"state": state}))
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()
