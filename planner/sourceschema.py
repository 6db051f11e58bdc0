"""What a scenario file may say of its sources: roads, areas, tables of people and of sites."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from planner.coordinates import System
from planner.fields import Name, Number, People, Share, SiteYuan
from planner.sources import strip
from planner.speeds import FASTEST_KPH, SLOWEST_KPH, with_overrides

if TYPE_CHECKING:
    from collections.abc import Mapping


class Section(BaseModel):
    """A section of the file: unknown keys are faults, and nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Speed = Annotated[Number, Field(ge=SLOWEST_KPH, le=FASTEST_KPH)]


class ClassSpeedsSection(Section):
    """``[roads.class_kph]``: free-flow speeds by road class, in place of those of `planner.speeds.CLASS_KPH`."""

    motorway: Speed | None = None
    motorway_link: Speed | None = None
    trunk: Speed | None = None
    trunk_link: Speed | None = None
    primary: Speed | None = None
    primary_link: Speed | None = None
    secondary: Speed | None = None
    secondary_link: Speed | None = None
    tertiary: Speed | None = None
    tertiary_link: Speed | None = None
    unclassified: Speed | None = None
    residential: Speed | None = None
    living_street: Speed | None = None
    other: Speed | None = None


class LayerSection(Section):
    """A layer of a GIS file; `sheet` is its name where the file has several."""

    file: Name
    sheet: Name | None = None
    coordinates: System | None = None


class AreaSection(LayerSection):
    """A layer of areas, and the column with their names."""

    name: Name = "name"


class AreasSection(Section):
    """``[areas]``: where the tables name no district or town."""

    districts: AreaSection | None = None
    towns: AreaSection | None = None


class RoadsSection(Section):
    """``[roads]``: the road file and how movement on it is counted.

    `place` is what `planner fetch` gets; where no file is written beside it, `file` is that of its snapshot.
    `edits` are what-ifs: a layer of changes that are applied in memory.
    """

    file: str
    place: Name | None = None
    walk_kph: Annotated[Number, Field(ge=Decimal("0.5"), le=20)] = Decimal("4.0")
    drive_factor: Annotated[Number, Field(ge=Decimal("0.05"), le=1)] = Decimal("0.7")
    snap_max_m: Annotated[Number, Field(ge=0, le=5000)] = Decimal(500)
    island_min_m: Annotated[Number, Field(ge=0, le=10**9)] = Decimal(1000)
    class_kph: ClassSpeedsSection = ClassSpeedsSection()
    edits: LayerSection | None = None

    @property
    def speeds_kph(self) -> Mapping[str, float]:
        """Free-flow speed of every road class in km/h."""
        return with_overrides({name: float(kph) for name, kph in self.class_kph if kph is not None})


class HierarchySection(Section):
    """``hierarchy``: a table that holds units of several levels, each with the code of the unit above it.

    The names of the towns and districts above a row in use are taken from the file's other rows, and so are the
    points of towns. `town` and `district` are the values of the column `level` that mark them.
    """

    code: Name
    parent: Name
    level: Name
    town: Name = "town"
    district: Name = "county"


class TableSection(Section):
    """``[[sites.table]]``: one file and how to read it."""

    file: Name
    sheet: Name | None = None
    coordinates: System | None = None
    id: str | None = None
    columns: dict[str, str] = {}
    defaults: dict[str, Any] = {}
    keep: dict[str, str] = {}


class DemandTableSection(TableSection):
    """``[[demand.table]]``: as for sites; the layer of rows that name none, and where rows without a place are put."""

    layer: Name | None = None
    hierarchy: HierarchySection | None = None
    unplaced: Literal["leave", "town", "spread"] = "leave"


class PlacesSection(Section):
    """``[demand.places]``: a table with the places of units that have none, joined by unit code or by name."""

    file: Name
    sheet: Name | None = None
    coordinates: System | None = None
    columns: dict[str, str] = {}


class VerdictsSection(Section):
    """``[demand.verdicts]``: the field-check list, filled in."""

    file: Name
    sheet: Name | None = None


class TotalsSection(Section):
    """``[[demand.totals]]``: official figures of districts or towns, and what they are spread over.

    ``units``: the rows of the demand tables in that district or town; ``streets``: points along its residential
    streets; ``raster``: the cells of a population raster in its area. `setting` is that of people whose unit has no
    urban share; `expected` names units that must have a figure.
    """

    file: Name
    sheet: Name | None = None
    columns: dict[str, str] = {}
    keep: dict[str, str] = {}
    of: Literal["district", "town"] = "district"
    layer: Name = "residents"
    spread: Literal["units", "streets", "raster"] = "units"
    raster: Name | None = None
    spacing_m: Annotated[Number, Field(ge=20, le=5000)] = Decimal(200)
    setting: Literal["urban", "rural"] | None = None
    expected: tuple[Name, ...] = ()


class DemandSection(Section):
    """``[demand]``: the people."""

    community_rule: Share = Decimal("0.5")
    table: tuple[DemandTableSection, ...] = ()
    totals: tuple[TotalsSection, ...] = ()
    places: PlacesSection | None = None
    verdicts: VerdictsSection | None = None


class SitesSection(Section):
    """``[sites]``: today's facilities and the candidates."""

    table: tuple[TableSection, ...] = ()


def _stripped(value: object) -> object:
    """Take off what stands around a text, as it is taken off a cell of a table."""
    return strip(value) if isinstance(value, str) else value


CellText = Annotated[str, Field(strict=True), BeforeValidator(_stripped)]
SiteId = Annotated[str, Field(min_length=1, strict=True), BeforeValidator(_stripped)]


class SiteSection(Section):
    """``[[site]]``: a site beside those of the tables, or values in place of what the tables say of one.

    Its keys are the columns of the contract; only those that are written count. Places are in WGS-84.
    """

    site_id: SiteId
    name: CellText | None = None
    type: CellText | None = None
    status: CellText | None = None
    operating: CellText | None = None
    lon: Number | None = None
    lat: Number | None = None
    tier: CellText | None = None
    district: CellText | None = None
    town: CellText | None = None
    unit_id: CellText | None = None
    host: CellText | None = None
    owner: CellText | None = None
    build_method: CellText | None = None
    funding: CellText | None = None
    cost_once_yuan: SiteYuan | None = None
    cost_yearly_yuan: SiteYuan | None = None
    capacity_people: People | None = None
    hours: CellText | None = None
    opened_on: Annotated[dt.date, Field(strict=True)] | None = None
    closed_on: Annotated[dt.date, Field(strict=True)] | None = None
    services: CellText | None = None


Venue = Literal[
    "community_centre", "townhall", "marketplace", "mall", "library", "bus_station", "university", "college"
]
VENUES: tuple[Venue, ...] = get_args(Venue)
"""Kinds of public venue that may host a site: those of `planner.features`."""


class CandidatesSection(Section):
    """``[candidates]``: what `planner candidates` looks for.

    `type` is what may be built at them, ``;`` between; empty for all that may be built. `features` are kinds of public
    venue on the map; `near` are layers of demand, and `near_count` positions are looked for where most of each is
    within `within_m`; `grid_m` is the spacing of road positions where nothing else is (none where it is not given).
    Inside the polygons of `exclude` nothing is proposed.
    """

    type: str = ""
    features: tuple[Venue, ...] = VENUES
    near: tuple[Name, ...] = ()
    near_count: Annotated[int, Field(ge=1, le=500, strict=True)] = 20
    within_m: Annotated[Number, Field(gt=0, le=5000)] = Decimal(500)
    grid_m: Annotated[Number, Field(ge=100, le=10_000)] | None = None
    exclude: LayerSection | None = None

    @property
    def types(self) -> tuple[str, ...]:
        """Codes of the facility types that may be built; none where all may."""
        return tuple(part.strip() for part in self.type.split(";") if part.strip())
