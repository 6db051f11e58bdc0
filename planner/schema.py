"""What a scenario file may say: its sections as checked, frozen models, and their plain data."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from planner.coordinates import System
from planner.speeds import FASTEST_KPH, SLOWEST_KPH, with_overrides
from planner.standards import MM_PER_KM, BuildCost, Count, FacilityType, Goal, Standard, walk_limit_mm

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MOST_MINUTES, MOST_KM = 1440, 200
"""Largest cutoffs: a day, and as far as the searches can count whatever the speeds of the roads."""

DIGITS = 24
"""Longest number that a scenario may write, and largest power of ten: exact arithmetic takes as long as they are."""


def _plain_number(value: object) -> object:
    """Refuse texts and flags, which pydantic would read as numbers."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise PydanticCustomError("decimal_type", "a number")
    if (
        isinstance(value, Decimal)
        and value.is_finite()
        and (abs(value.adjusted()) > DIGITS or len(str(value)) > DIGITS)
    ):
        raise PydanticCustomError("number_form", "a number of fewer digits")
    return value


Number = Annotated[Decimal, BeforeValidator(_plain_number), Field(allow_inf_nan=False)]
Yuan = Annotated[int, Field(ge=0, le=10**13, strict=True)]
Share = Annotated[Number, Field(gt=0, le=1)]
Name = Annotated[str, Field(min_length=1, strict=True)]
FacilityCode = Annotated[str, Field(min_length=1, strict=True, pattern=r"^[^;\s]+$")]
Flag = Annotated[bool, Field(strict=True)]
Method = Literal["专区", "改建", "扩建", "新建"]
METHODS: tuple[str, ...] = get_args(Method)
"""Build methods that a cost can be given for (clause W8)."""
Natural = Annotated[int, Field(ge=0, le=10**9, strict=True)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Speed = Annotated[Number, Field(ge=SLOWEST_KPH, le=FASTEST_KPH)]


class ClassSpeedsSection(_Section):
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


class RoadsSection(_Section):
    """``[roads]``: the road file and how movement on it is counted."""

    file: str
    walk_kph: Annotated[Number, Field(ge=Decimal("0.5"), le=20)] = Decimal("4.0")
    drive_factor: Annotated[Number, Field(ge=Decimal("0.05"), le=1)] = Decimal("0.7")
    snap_max_m: Annotated[Number, Field(ge=0, le=5000)] = Decimal(500)
    island_min_m: Annotated[Number, Field(ge=0, le=10**9)] = Decimal(1000)
    class_kph: ClassSpeedsSection = ClassSpeedsSection()

    @property
    def speeds_kph(self) -> Mapping[str, float]:
        """Free-flow speed of every road class in km/h."""
        return with_overrides({name: float(kph) for name, kph in self.class_kph if kph is not None})


class TableSection(_Section):
    """``[[sites.table]]``: one file and how to read it."""

    file: Name
    sheet: Name | None = None
    coordinates: System | None = None
    id: str | None = None
    columns: dict[str, str] = {}
    defaults: dict[str, Any] = {}
    keep: dict[str, str] = {}


class DemandTableSection(TableSection):
    """``[[demand.table]]``: as for sites, and the layer of rows that name none."""

    layer: Name | None = None


class DemandSection(_Section):
    """``[demand]``: the people."""

    community_rule: Share = Decimal("0.5")
    table: Annotated[tuple[DemandTableSection, ...], Field(min_length=1)]


class SitesSection(_Section):
    """``[sites]``: today's facilities and the candidates."""

    table: tuple[TableSection, ...] = ()


class FacilitySection(_Section):
    """``[[facility]]``: a type of facility."""

    type: FacilityCode
    name: Name
    build: Flag = True
    cost_once_yuan: Yuan | None = None
    cost_yearly_yuan: Yuan | None = None
    hours: str = ""
    at_existing: Flag = False


class BuildCostSection(_Section):
    """``[[build_cost]]``: cost of a type by build method."""

    type: str
    method: Method
    cost_once_yuan: Yuan | None = None
    cost_yearly_yuan: Yuan | None = None
    co_build_discount: Annotated[Number, Field(ge=0, lt=1)] = Decimal(0)


class AppliesTo(_Section):
    """Who a standard speaks of."""

    setting: Literal["urban", "rural"] | None = None
    layer: Name = "residents"


class StandardSection(_Section):
    """``[[standard]]``: a reach standard; exactly one of ``minutes`` and ``km``."""

    id: Name
    clause: str = ""
    applies_to: AppliesTo = AppliesTo()
    mode: Literal["walk", "drive"] = "walk"
    metric: Literal["road", "straight"] = "road"
    minutes: Annotated[Number, Field(gt=0, le=MOST_MINUTES)] | None = None
    km: Annotated[Number, Field(gt=0, le=MOST_KM)] | None = None
    served_by: Annotated[tuple[str, ...], Field(min_length=1)]


class GoalSection(_Section):
    """``[[goal]]``: a share to reach."""

    id: Name
    standard: str
    share: Share
    of: Literal["people", "communities"] = "people"
    each: Literal["city", "district", "town"] = "city"
    district: str | None = None
    town: str | None = None


class CountSection(_Section):
    """``[[count]]``: how many facilities of a type there must be."""

    id: Name
    type: str
    tier: str | None = None
    each: Literal["city", "district", "town"] = "city"
    district: str | None = None
    town: str | None = None
    min: Natural = 0
    max: Natural | None = None
    new_only: Flag = False


class RulesSection(_Section):
    """``[rules]``: what a plan may do."""

    types_per_site: Annotated[int, Field(ge=1, strict=True)] = 1
    force_open: tuple[str, ...] = ()
    force_closed: tuple[str, ...] = ()


class SitingSection(_Section):
    """``[siting]``: objective, limits and solver."""

    objective: Literal["min_cost"] = "min_cost"
    budget_yuan: Yuan | None = None
    max_sites: Natural | None = None
    horizon_years: Annotated[int, Field(ge=1, le=50, strict=True)] = 5
    gap: Annotated[Number, Field(ge=0, lt=1)] = Decimal(0)
    time_limit_s: Annotated[Number, Field(gt=0, le=86400)] = Decimal(60)


class DocumentSection(_Section):
    """``[document]``: what the foot of a map says."""

    maker: str = ""
    review_number: str = ""
    note: str = "内部工作用图"


class Scenario(_Section):
    """A whole scenario, checked and frozen; file paths are absolute."""

    name: Name
    title: Name
    data_date: Annotated[dt.date, Field(strict=True)]
    language: Literal["zh", "en"] = "zh"
    roads: RoadsSection
    demand: DemandSection
    sites: SitesSection = SitesSection()
    facility: Annotated[tuple[FacilitySection, ...], Field(min_length=1)]
    build_cost: tuple[BuildCostSection, ...] = ()
    standard: Annotated[tuple[StandardSection, ...], Field(min_length=1)]
    goal: tuple[GoalSection, ...] = ()
    count: tuple[CountSection, ...] = ()
    rules: RulesSection = RulesSection()
    siting: SitingSection = SitingSection()
    document: DocumentSection = DocumentSection()


def known_keys(key_path: Sequence[str | int]) -> list[str]:
    """Keys that the model knows at a place."""
    model: Any = Scenario
    for part in key_path:
        if isinstance(part, int) or model is None:
            continue
        field = model.model_fields.get(part)
        inner = [field.annotation, *_arguments(field.annotation)] if field else []
        model = next((t for t in inner if isinstance(t, type) and issubclass(t, BaseModel)), None)
    return sorted(model.model_fields) if model else []


def _arguments(annotation: Any) -> Iterator[Any]:
    for inner in getattr(annotation, "__args__", ()):
        yield inner
        yield from _arguments(inner)


_VALUE_CODES = {
    "decimal": "value_number",
    "int": "value_whole",
    "string": "value_text",
    "date": "value_date",
    "bool": "value_flag",
    "tuple": "value_list",
    "too": "value_list",
    "model": "value_table",
    "dict": "value_table",
    "literal": "value_choice",
}
_SIGNS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}


def _plain(bound: object) -> str:
    """Return a bound as digits; pydantic tells some bounds as the text of a Decimal's representation."""
    return str(bound).removeprefix("Decimal('").removesuffix("')")


def wrong_value(item: Mapping[str, Any]) -> tuple[str, dict[str, object]]:
    """Return the code of a wrong value's fault, and what it quotes."""
    context = item.get("ctx", {})
    text = str(item["input"])
    bounds = [f"{sign} {_plain(context[name])}" for name, sign in _SIGNS.items() if name in context]
    if bounds:
        return "value_range", {"text": text, "bound": bounds[0]}
    code = _VALUE_CODES.get(item["type"].split("_")[0], "value_form")
    return code, {"text": text, "expected": context.get("expected", "")}


def standards_of(scenario: Scenario) -> tuple[Standard, ...]:
    """Turn the standards of a scenario into limits in whole millimetres or milliseconds."""
    found = []
    for section in scenario.standard:
        timed_drive = section.minutes is not None and section.mode == "drive" and section.metric == "road"
        if section.km is not None:
            limit = int(section.km * MM_PER_KM)
        elif timed_drive:
            limit = int((section.minutes or 0) * 60_000)
        else:
            limit = walk_limit_mm((section.minutes or 0) * 60, scenario.roads.walk_kph)
        found.append(
            Standard(
                id=section.id,
                clause=section.clause,
                mode=section.mode,
                metric=section.metric,
                measure="time" if timed_drive else "distance",
                limit=limit,
                minutes=section.minutes,
                km=section.km,
                setting=section.applies_to.setting,
                layer=section.applies_to.layer,
                served_by=section.served_by,
            )
        )
    return tuple(found)


def goals_of(scenario: Scenario) -> tuple[Goal, ...]:
    """Goals of a scenario as plain data."""
    return tuple(Goal(**section.model_dump()) for section in scenario.goal)


def counts_of(scenario: Scenario) -> tuple[Count, ...]:
    """Return the counts of a scenario as plain data."""
    found = []
    for section in scenario.count:
        values = section.model_dump(exclude={"min", "max"})
        found.append(Count(minimum=section.min, maximum=section.max, **values))
    return tuple(found)


def facility_types_of(scenario: Scenario) -> tuple[FacilityType, ...]:
    """Facility types of a scenario as plain data."""
    return tuple(FacilityType(**section.model_dump(exclude={"hours"})) for section in scenario.facility)


def build_costs_of(scenario: Scenario) -> tuple[BuildCost, ...]:
    """Costs by build method as plain data."""
    return tuple(BuildCost(**section.model_dump()) for section in scenario.build_cost)
