"""What a result folder says, read for `verify` by the standard library alone: tables, records, its scenario."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import sqlite3
import struct
import tomllib
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from planner.errors import Fault, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_GUARDED = re.compile("'+[=+@\t-]")
RUN, AUDIT = "run.json", "audit.json"
_NAMING = ("file", "raster", "cells")
_FREE = ("columns", "defaults", "keep")


@dataclass(frozen=True)
class Point:
    """A demand point; see the demand table of design.md 4.

    A place is longitude and latitude in WGS-84 degrees; `made` is what official totals made: of no community.
    """

    id: str
    name: str
    unit: str
    town: str
    district: str
    setting: str
    layer: str
    people: int
    groups: Mapping[str, int]
    placed: str
    place: tuple[float, float] | None
    made: bool = False

    @property
    def able(self) -> bool:
        """Whether it has a place of its own, and so can be judged."""
        return self.place is not None and self.placed != "town"


def sha256_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def rows_of(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV that the planner wrote; the sign that keeps a cell from being a formula is taken off."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [{key: text[1:] if _GUARDED.match(text) else text for key, text in row.items()} for row in rows]


def _named(data: Any) -> Iterator[str]:
    """Every file that a scenario names."""
    for key, value in data.items() if isinstance(data, dict) else ():
        if key in _NAMING and isinstance(value, str):
            yield value
        for inner in value if isinstance(value, list) else [value]:
            yield from _named(inner if key not in _FREE else None)


@dataclass(frozen=True)
class Result:
    """A result folder.

    Attributes
    ----------
    folder
        Where it is.
    """

    folder: Path

    @property
    def mark(self) -> str:
        """Name of its record: that of an audit, or of a run."""
        return AUDIT if (self.folder / AUDIT).exists() else RUN

    @cached_property
    def run(self) -> Mapping[str, Any]:
        """What its record says."""
        return self._json(self.mark)

    @cached_property
    def scenario(self) -> Mapping[str, Any]:
        """Its scenario; decimals as they are written."""
        try:
            text = (self.folder / "scenario.toml").read_text(encoding="utf-8-sig")
            return tomllib.loads(text, parse_float=Decimal)
        except (OSError, ValueError) as error:
            raise self._unread("scenario.toml", error) from error

    def rows(self, name: str) -> list[dict[str, str]]:
        """Rows of one of its tables; none where it has no such table."""
        path = self.folder / name
        try:
            return rows_of(path) if path.exists() else []
        except (OSError, ValueError, csv.Error, AttributeError) as error:
            raise self._unread(name, error) from error

    @cached_property
    def points(self) -> Mapping[str, Point]:
        """The people as the run counted them."""
        try:
            return {point.id: point for point in map(_point, self.rows("demand.csv"))}
        except (KeyError, ValueError) as error:
            raise self._unread("demand.csv", error) from error

    @cached_property
    def sites(self) -> Mapping[str, Mapping[str, str]]:
        """Rows of sites.csv by id."""
        return {row.get("site_id", ""): row for row in self.rows("sites.csv")}

    @cached_property
    def exact_places(self) -> Mapping[str, tuple[float, float]]:
        """Places of sites with all their digits, by id, from plan.gpkg; none where there is no such file."""
        path = self.folder / "plan.gpkg"
        if not path.exists():
            return {}
        try:
            with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as book:
                return {site: _spot(blob) for site, blob in book.execute("SELECT site_id, geom FROM sites") if blob}
        except (sqlite3.Error, struct.error) as error:
            raise self._unread(path.name, error) from error

    @cached_property
    def left_out(self) -> Sequence[Mapping[str, str]]:
        """Rows of the inputs that the run did not use."""
        return [row for row in self.rows("left_out.csv") if row.get("row", "").isdecimal()]

    @cached_property
    def named(self) -> list[str]:
        """Files that its scenario names, each once, as it names them."""
        return list(dict.fromkeys(_named(self.scenario)))

    def shown(self, file: str) -> str:
        """Return how run.json calls a file that the scenario names: as the run saw it."""
        name = PurePosixPath(file).name
        alike = [one["path"] for one in self.run["inputs"] if is_copy(name, PurePosixPath(one["path"]).name)]
        if len(alike) > 1 and (self.folder / file).exists():
            held = sha256_of(self.folder / file)
            alike = [
                one["path"] for one in self.run["inputs"] if one["path"] in alike and one["sha256"] == held
            ] or alike
        return next(iter(alike), file)

    def _json(self, name: str) -> Mapping[str, Any]:
        try:
            found: Mapping[str, Any] = json.loads((self.folder / name).read_bytes())
        except (OSError, ValueError) as error:
            raise self._unread(name, error) from error
        return found

    def _unread(self, name: str, error: Exception) -> ScenarioError:
        code = "verify_no_result" if isinstance(error, FileNotFoundError) else "verify_unreadable"
        return ScenarioError(Fault(code, str(self.folder / name), values={"reason": str(error)}))


def is_copy(name: str, original: str) -> bool:
    """Whether a kept file has the name of an original, or, as older results have it, that name behind a number."""
    number, _, rest = name.partition("-")
    return name == original or (number.isdecimal() and rest == original)


def _spot(blob: bytes) -> tuple[float, float]:
    """Longitude and latitude of a point of a GeoPackage: behind its header and box, as well-known binary."""
    start = 8 + (0, 32, 48, 48, 64)[blob[3] >> 1 & 7]
    lon, lat = struct.unpack_from("<dd" if blob[start] else ">dd", blob, start + 5)
    return lon, lat


def _point(row: Mapping[str, str]) -> Point:
    place = (float(row["lon"]), float(row["lat"])) if row["lon"] and row["lat"] else None
    return Point(
        id=row["demand_id"],
        name=row["name"],
        unit=row["unit_id"],
        town=row["town"],
        district=row["district"],
        setting=row["setting"],
        layer=row["layer"],
        people=int(row["people"]),
        groups={key: int(text) for key, text in row.items() if key.startswith("people_") and text},
        placed=row["placed"],
        place=place,
        made=row.get("figure_from") in {"spread", "official"},
    )
