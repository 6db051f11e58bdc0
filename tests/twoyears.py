"""The small town in two years: any part of it changed, and what was changed is known."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from planner import crosswalk, inputs
from planner.changes import Changes, explained, steps
from planner.sightings import decides_of
from planner.standings import sight
from planner.study import coverage_today
from planner.tallies import deciding_figures
from town import SCENARIO, demand_csv, osm_xml, place, sites_csv

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from planner.inputs import Inputs

RURAL = """
[[standard]]
id = "rural"
applies_to = { setting = "rural" }
km = 0.6
served_by = ["station"]
"""


def quiet(_: str) -> None:
    """Show nothing."""


def rows_of(text: str) -> list[dict[str, str]]:
    """Rows of a CSV text."""
    return list(csv.DictReader(io.StringIO(text)))


@dataclass(frozen=True)
class Year:
    """What the town is in one year; `links` lead to it from the year before."""

    demand: list[dict[str, str]] = field(default_factory=lambda: rows_of(demand_csv()))
    sites: list[dict[str, str]] = field(default_factory=lambda: rows_of(sites_csv()))
    roads: str = field(default_factory=osm_xml)
    text: str = SCENARIO.replace("2026-06-30", "2025-06-30") + RURAL
    links: tuple[tuple[str, str], ...] = ()

    def edited(self, table: str, **cells: dict[str, str]) -> Year:
        """Return the year with some cells changed: id -> column -> text."""
        rows: list[dict[str, str]] = getattr(self, table)
        key = next(iter(rows[0]))
        changed: dict[str, Any] = {table: [row | cells.get(row[key], {}) for row in rows]}
        return replace(self, **changed)

    def said(self, old: str, new: str) -> Year:
        """Return the year with something else in its scenario."""
        assert old in self.text
        return replace(self, text=self.text.replace(old, new))

    def later(self) -> Year:
        """Return the same a year later."""
        return self.said("2025-06-30", "2026-06-30")

    def write(self, folder: Path, extra: str = "") -> Path:
        """Write its files and return the scenario file."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in (("demand.csv", self.demand), ("sites.csv", self.sites)):
            with (folder / name).open("w", encoding="utf-8", newline="") as stream:
                writer = csv.DictWriter(stream, rows[0])
                writer.writeheader()
                writer.writerows(rows)
        (folder / "roads.osm").write_text(self.roads, encoding="utf-8")
        path = folder / "scenario.toml"
        path.write_text(self.text + extra, encoding="utf-8")
        return path

    def read(self, folder: Path) -> Inputs:
        """Write it and read it."""
        return inputs.read(self.write(folder), quiet)


def known_of(old: Inputs, new: Inputs, links: Sequence[tuple[str, str]] = ()) -> crosswalk.Identity:
    """Which community is which."""
    made = [crosswalk.Link(one, other, None, "codes.csv", 2 + at) for at, (one, other) in enumerate(links)]
    before, after = (crosswalk.tokens(year.demand.frame, year.demand.origin, "unit_id") for year in (old, new))
    return crosswalk.identity(made, before, after, old.demand.frame["unit_id"], new.demand.frame["unit_id"])


def between(
    old: Inputs, new: Inputs, links: Sequence[tuple[str, str]] = (), record: Mapping[str, Any] | None = None
) -> tuple[Changes, list[str]]:
    """What changed, and the steps that were reported while it was measured."""
    told: list[str] = []
    known = known_of(old, new, links)
    found = steps(old, new, known, coverage_today(new, quiet), told.append)
    return explained(found, old, new, known, record or {}), told


def counted(year: Inputs) -> pd.DataFrame:
    """The deciding figures of one year by itself."""
    table = coverage_today(year, quiet)
    sights = [sight(year.demand.frame, table, standard) for standard in year.standards]
    return deciding_figures(sights, year.scenario.demand.community_rule, decides_of(year.scenario, year.standards))


# --- any change --------------------------------------------------------------------------------------------------


def _of_roads(year: Year, rng: np.random.Generator) -> Year:
    ways = [f"<way{part}" for part in year.roads.split("<way")[1:]]
    gone = set(rng.choice(len(ways), 3, replace=False).tolist())
    head = year.roads.split("<way")[0]
    kept = "".join(way.removesuffix("</osm>") for at, way in enumerate(ways) if at not in gone)
    return replace(year, roads=f"{head}{kept}</osm>")


def _of_people(year: Year, rng: np.random.Generator) -> Year:
    cells: dict[str, dict[str, str]] = {}
    for row in year.demand:
        if rng.random() < 0.3:
            lon, lat = place(float(rng.uniform(0, 8)), float(rng.uniform(0, 8))).split(",")
            cells[row["demand_id"]] = {"people": str(int(rng.integers(1, 60))), "lon": lon, "lat": lat}
    return year.edited("demand", **cells)


def _of_units(year: Year, rng: np.random.Generator) -> Year:
    units = sorted({row["unit_id"] for row in year.demand})
    one, two, three, four, five, six = rng.permutation(units)[:6].tolist()
    first = {row["unit_id"]: row for row in year.demand}
    turned = {"urban": "rural", "rural": "urban"}
    rows = []
    for row in year.demand:
        unit = row["unit_id"]
        if unit == one:
            rows.append(row | {"unit_id": f"9{unit[1:]}"})
        elif unit == two:  # merged into another one
            rows.append(row | {name: first[three][name] for name in ("unit_id", "town", "district")})
        elif unit == four:  # split
            rows.append(row | {"unit_id": f"8{unit[1:]}" if rng.random() < 0.5 else unit})
        elif unit == five:
            rows.append(row | {"setting": turned[row["setting"]]})
        elif unit != six:
            rows.append(row)
    rows += [row | {"demand_id": f"N{row['demand_id']}", "unit_id": "777777777777"} for row in rows[:2]]
    there = {row["unit_id"] for row in rows}
    links = [(one, f"9{one[1:]}"), (two, three), (four, f"8{four[1:]}"), (six, "")]
    return replace(year, demand=rows, links=tuple(pair for pair in links if pair[1] in {"", *there}))


def _of_sites(year: Year, rng: np.random.Generator) -> Year:
    flip = {"正常": "停运", "停运": "正常", "": "正常"}
    chosen = rng.permutation([row["site_id"] for row in year.sites])[:3].tolist()
    mine = [row for row in year.sites if row["site_id"] in chosen]
    return year.edited(
        "sites", **{row["site_id"]: {"status": "existing", "operating": flip[row["operating"]]} for row in mine}
    )


def _of_standards(year: Year, rng: np.random.Generator) -> Year:
    year = year.said("minutes = 5", f"minutes = {int(rng.integers(6, 15))}").said("km = 0.6", "km = 0.9")
    return year.said('served_by = ["station"]', 'served_by = ["station", "e_station"]') if rng.random() < 0.5 else year


def _of_parameters(year: Year, rng: np.random.Generator) -> Year:
    kph, rule = rng.uniform(3, 6), rng.uniform(0.1, 1)
    how = f'file = "roads.osm"\nwalk_kph = {kph:.1f}\nsnap_max_m = {int(rng.integers(20, 90))}\n'
    return year.said('file = "roads.osm"\n', f"{how}\n[demand]\ncommunity_rule = {rule:.2f}\n")


EDITS: dict[str, Any] = {
    "roads": _of_roads,
    "people": _of_people,
    "units": _of_units,
    "sites": _of_sites,
    "standards": _of_standards,
    "parameters": _of_parameters,
}
"""How each kind of inputs may change."""


def first_year(rng: np.random.Generator) -> Year:
    """A town of which some communities are rural."""
    units = sorted({row["unit_id"] for row in Year().demand})
    rural = set(rng.permutation(units)[:5].tolist())
    rows = [row | ({"setting": "rural"} if row["unit_id"] in rural else {}) for row in Year().demand]
    return _of_sites(replace(Year(), demand=rows), rng)


def next_year(year: Year, kinds: Sequence[str], rng: np.random.Generator) -> Year:
    """Return the town a year later, with some kinds of inputs changed."""
    for kind, edit in EDITS.items():
        year = edit(year, rng) if kind in kinds else year
    return year.later()
