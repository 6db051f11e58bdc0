"""A town of four communities in two districts, one of them without people, for what a bureau says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from planner import bureau
from planner.errors import PlannerError
from planner.inputs import read
from planner.words import tell
from town import SCENARIO, place, sites_csv, write_town

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from planner.bureau import Bureau
    from planner.errors import Fault
    from planner.inputs import Inputs

SUNNY, PEACE, OTHER_PEACE, NEW = (f"37000000000{number}" for number in (1, 2, 3, 4))
POINTS = (
    ("A1", "阳光社区", SUNNY, "城关镇", "东区", 100),
    ("A2", "阳光社区", SUNNY, "城关镇", "东区", 50),
    ("B1", "和平社区", PEACE, "城关镇", "东区", 70),
    ("C1", "和平社区", OTHER_PEACE, "西关镇", "西区", 80),
    ("D1", "新建社区", NEW, "西关镇", "西区", 0),
)
"""Number, community, code, town, district and people of each point, one after the other along a street."""

LEDGER = '\n[[audit.ledger]]\nfile = "ledger.csv"\n'
OUTLETS = '\n[[audit.ledger]]\nfile = "ledger.csv"\nof = "outlets"\n'


def quiet(_step: str) -> None:
    """Show nothing."""


def demand_csv(columns: Mapping[str, tuple[str, ...]]) -> str:
    """The points with further columns, a cell for each of them."""
    lines = [",".join(["demand_id,name,unit_id,town,district,setting,people,lon,lat", *columns])]
    for at, point in enumerate(POINTS):
        cells = [*map(str, point[:5]), "urban", str(point[5]), place(1 + at, 1.5)]
        lines.append(",".join([*cells, *(texts[at] for texts in columns.values())]))
    return "\n".join(lines) + "\n"


def inputs_of(
    folder: Path,
    more: str = "",
    ledger: str = "",
    columns: Mapping[str, tuple[str, ...]] | None = None,
    sites: str = "",
) -> Inputs:
    """Write the town, with more of a scenario, a ledger, further columns or other sites, and read it."""
    path = write_town(folder, SCENARIO + more)
    (folder / "demand.csv").write_text(demand_csv(columns or {}), encoding="utf-8")
    (folder / "sites.csv").write_text(sites or sites_csv(), encoding="utf-8")
    if ledger:
        (folder / "ledger.csv").write_text(ledger, encoding="gb18030")
    return read(path, quiet)


def said_of(
    folder: Path,
    more: str = "",
    ledger: str = "",
    columns: Mapping[str, tuple[str, ...]] | None = None,
    sites: str = "",
) -> Bureau:
    """What the bureau says of this town."""
    return bureau.read(inputs_of(folder, more, ledger, columns, sites))


def faults_of(
    folder: Path,
    more: str = "",
    ledger: str = "",
    columns: Mapping[str, tuple[str, ...]] | None = None,
    sites: str = "",
) -> list[Fault]:
    """Every fault of it, each of which can be told in both languages."""
    inputs = inputs_of(folder, more, ledger, columns, sites)
    with pytest.raises(PlannerError) as caught:
        bureau.read(inputs)
    assert all(tell(fault, language) for fault in caught.value.faults for language in ("zh", "en"))
    return list(caught.value.faults)
