"""What a scenario file may say: its sections as checked, frozen models, and their plain data."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import BaseModel, Field

from planner.auditschema import AuditSection, TimeSection
from planner.fields import FacilityCode, Flag, Name, Natural, Number, People, Share, SiteYuan, Weight, Yuan
from planner.limits import Aim, Group, Limits, NearPeople, Objective, Phase, Spacing
from planner.policyschema import ChecklistSection, ClauseSection, GrantSection, InputSection, PackSection
from planner.sourceschema import (
    AreasSection,
    CandidatesSection,
    DemandSection,
    RoadsSection,
    Section,
    SiteSection,
    SitesSection,
)
from planner.standards import MM_PER_KM, BuildCost, Count, FacilityType, Goal, Size, Standard, walk_limit_mm
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MOST_MINUTES, MOST_KM = 1440, 200
"""Largest cutoffs: a day, and as far as the searches can count whatever the speeds of the roads."""

MOST_RULE_M = 100_000
"""Largest distance of a rule of place, in metres."""

Method = Literal["专区", "改建", "扩建", "新建"]
METHODS: tuple[str, ...] = get_args(Method)
"""Build methods that a cost can be given for (clause W8)."""


class FacilitySection(Section):
    """``[[facility]]``: a type of facility."""

    type: FacilityCode
    name: Name
    build: Flag = True
    cost_once_yuan: SiteYuan | None = None
    cost_yearly_yuan: SiteYuan | None = None
    hours: str = ""
    at_existing: Flag = False
    capacity_people: People | None = None


class BuildCostSection(Section):
    """``[[build_cost]]``: cost of a type by build method."""

    type: str
    method: Method
    cost_once_yuan: SiteYuan | None = None
    cost_yearly_yuan: SiteYuan | None = None
    co_build_discount: Annotated[Number, Field(ge=0, lt=1)] = Decimal(0)


class SizeSection(Section):
    """``[[size]]``: a size in which a type may be built."""

    type: str
    size: Name
    capacity_people: People
    extra_once_yuan: SiteYuan = 0
    extra_yearly_yuan: SiteYuan = 0


class AppliesTo(Section):
    """Who a standard speaks of."""

    setting: Literal["urban", "rural"] | None = None
    layer: Name = "residents"


class StandardSection(Section):
    """``[[standard]]``: a reach standard; exactly one of ``minutes`` and ``km``."""

    id: Name
    clause: str = ""
    applies_to: AppliesTo = AppliesTo()
    mode: Literal["walk", "drive"] = "walk"
    metric: Literal["road", "straight"] = "road"
    minutes: Annotated[Number, Field(gt=0, le=MOST_MINUTES)] | None = None
    km: Annotated[Number, Field(gt=0, le=MOST_KM)] | None = None
    served_by: Annotated[tuple[str, ...], Field(min_length=1)]


class GoalSection(Section):
    """``[[goal]]``: a share to reach."""

    id: Name
    clause: str = ""
    standard: str
    share: Share
    of: Literal["people", "communities"] = "people"
    each: Literal["city", "district", "town"] = "city"
    district: str | None = None
    town: str | None = None
    group: str | None = None
    backup: Flag = False


class CountSection(Section):
    """``[[count]]``: how many facilities of a type, or of several with ``;`` between, there must be."""

    id: Name
    clause: str = ""
    type: str
    tier: str | None = None
    each: Literal["city", "district", "town", "community"] = "city"
    district: str | None = None
    town: str | None = None
    min: Natural = 0
    max: Natural | None = None
    new_only: Flag = False

    @property
    def types(self) -> tuple[str, ...]:
        """Codes of the facility types that count."""
        return tuple(dict.fromkeys(part.strip() for part in self.type.split(";") if part.strip())) or (self.type,)


class GroupSection(Section):
    """``[[group]]``: a group of people, in the tables' columns ``people_<id>``."""

    id: Name
    name: Name
    weight: Weight = Decimal(1)


class PhaseSection(Section):
    """``[[phase]]``: a year of a build order."""

    year: Annotated[int, Field(ge=1900, le=9999, strict=True)]
    budget_yuan: Yuan | None = None
    budgets: dict[str, Yuan] = Field(default_factory=dict)
    shares: dict[str, Annotated[Number, Field(ge=0, le=1)]] = Field(default_factory=dict)  # 0: not asked for yet


class BuildSection(Section):
    """``[[build]]``: a facility of a plan that is given, not sought; without phases its year may be left out."""

    site: Name
    type: str
    size: str = ""
    year: Annotated[int, Field(ge=1900, le=9999, strict=True)] | None = None


class SpacingSection(Section):
    """An entry of ``rules.spacing``: how near two facilities of a type may be."""

    type: str
    m: Annotated[Number, Field(gt=0, le=MOST_RULE_M)]


class NearPeopleSection(Section):
    """An entry of ``rules.near_people``: how many residents a new facility of a type must have near."""

    type: str
    people: People
    within_m: Annotated[Number, Field(gt=0, le=MOST_RULE_M)]


class RulesSection(Section):
    """``[rules]``: what a plan may do."""

    types_per_site: Annotated[int, Field(ge=1, strict=True)] = 1
    spacing: tuple[SpacingSection, ...] = ()
    near_people: tuple[NearPeopleSection, ...] = ()
    force_open: tuple[str, ...] = ()
    force_closed: tuple[str, ...] = ()


class SitingSection(Section):
    """``[siting]``: objective, limits and solver."""

    objective: Objective = "min_cost"
    standard: str | None = None
    budget_yuan: Yuan | None = None
    budget_once_yuan: Yuan | None = None
    budget_yearly_yuan: Yuan | None = None
    budgets: dict[str, Yuan] = Field(default_factory=dict)
    capacity_standard: str | None = None
    max_sites: Natural | None = None
    horizon_years: Annotated[int, Field(ge=1, le=50, strict=True)] = 5
    gap: Annotated[Number, Field(ge=0, lt=1)] = Decimal(0)
    time_limit_s: Annotated[Number, Field(gt=0, le=86400)] = Decimal(60)
    alternatives: Annotated[int, Field(ge=0, le=5, strict=True)] = 0


class DocumentSection(Section):
    """``[document]``: what the foot of a map says."""

    maker: str = ""
    review_number: str = ""
    note: str | None = None  # none: what is usual in the language of the scenario


class MapSection(Section):
    """``[map]``: base maps from the internet that the map page may show, off until its user asks for one."""

    online: tuple[Literal["osm", "tianditu"], ...] = ()
    tianditu_key: str = ""


class Scenario(Section):
    """A whole scenario, checked and frozen; file paths are absolute."""

    name: Name
    title: Name
    policy: Name | None = None  # a pack; once merged its values are the scenario's
    data_date: Annotated[dt.date, Field(strict=True)]
    language: Literal["zh", "en"] = "zh"
    roads: RoadsSection
    demand: DemandSection
    sites: SitesSection = SitesSection()
    site: tuple[SiteSection, ...] = ()
    areas: AreasSection = AreasSection()
    candidates: CandidatesSection = CandidatesSection()
    facility: Annotated[tuple[FacilitySection, ...], Field(min_length=1)]
    build_cost: tuple[BuildCostSection, ...] = ()
    size: tuple[SizeSection, ...] = ()
    standard: Annotated[tuple[StandardSection, ...], Field(min_length=1)]
    goal: tuple[GoalSection, ...] = ()
    count: tuple[CountSection, ...] = ()
    group: tuple[GroupSection, ...] = ()
    phase: tuple[PhaseSection, ...] = ()
    build: tuple[BuildSection, ...] | None = None  # none: a plan is sought; empty: nothing new
    rules: RulesSection = RulesSection()
    siting: SitingSection = SitingSection()
    document: DocumentSection = DocumentSection()
    map: MapSection = MapSection()
    pack: PackSection | None = None
    clause: tuple[ClauseSection, ...] = ()
    input: tuple[InputSection, ...] = ()
    checklist: tuple[ChecklistSection, ...] = ()
    grant: tuple[GrantSection, ...] = ()
    time: TimeSection = TimeSection()
    audit: AuditSection = AuditSection()

    @property
    def document_note(self) -> str:
        """What the foot of a map says of its use: as written, else the usual words in the scenario's language."""
        return say("note.document", self.language) if self.document.note is None else self.document.note


IDENTITY: Mapping[str, tuple[str, ...]] = {
    "facility": ("type",),
    "build_cost": ("type", "method"),
    "standard": ("id",),
    "goal": ("id",),
    "count": ("id",),
    "group": ("id",),
    "phase": ("year",),
    "clause": ("id",),
    "input": ("key",),
    "checklist": ("id",),
    "grant": ("id",),
    "size": ("type", "size"),
    "demand.table": ("file",),
    "demand.totals": ("file",),
    "sites.table": ("file",),
    "site": ("site_id",),
    "audit.ledger": ("file",),
    "audit.form": ("file",),
}
"""What tells the entries of an array of tables apart when a file extends another."""


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
    return tuple(Goal(**section.model_dump(exclude={"clause"})) for section in scenario.goal)


def counts_of(scenario: Scenario) -> tuple[Count, ...]:
    """Return the counts of a scenario as plain data."""
    found = []
    for section in scenario.count:
        values = section.model_dump(exclude={"min", "max", "clause", "type"})
        found.append(Count(types=section.types, minimum=section.min, maximum=section.max, **values))
    return tuple(found)


def asks_a_plan(scenario: Scenario) -> bool:
    """Whether a scenario may ask for anything but today: a goal, count, rule, plan, or more than the least cost."""
    ruled = scenario.rules != RulesSection() or scenario.siting.objective != "min_cost"
    return bool(scenario.goal or scenario.count or ruled) or scenario.build is not None


def facility_types_of(scenario: Scenario) -> tuple[FacilityType, ...]:
    """Facility types of a scenario as plain data."""
    return tuple(FacilityType(**section.model_dump(exclude={"hours"})) for section in scenario.facility)


def build_costs_of(scenario: Scenario) -> tuple[BuildCost, ...]:
    """Costs by build method as plain data."""
    return tuple(BuildCost(**section.model_dump()) for section in scenario.build_cost)


def sizes_of(scenario: Scenario) -> tuple[Size, ...]:
    """Sizes of facility types as plain data."""
    return tuple(Size(**section.model_dump()) for section in scenario.size)


def aim_of(scenario: Scenario) -> Aim:
    """Return what a plan of the scenario is to be best at."""
    groups = tuple(Group(section.id, section.weight) for section in scenario.group)
    return Aim(scenario.siting.objective, scenario.siting.standard, groups)


def limits_of(scenario: Scenario) -> Limits:
    """Return what bounds a plan of the scenario apart from its goals and counts."""
    rules, siting = scenario.rules, scenario.siting
    return Limits(
        types_per_site=rules.types_per_site,
        force_open=rules.force_open,
        force_closed=rules.force_closed,
        spacing=tuple(Spacing(**section.model_dump()) for section in rules.spacing),
        near_people=tuple(NearPeople(**section.model_dump()) for section in rules.near_people),
        max_sites=siting.max_sites,
        budget_yuan=siting.budget_yuan,
        budget_once_yuan=siting.budget_once_yuan,
        budget_yearly_yuan=siting.budget_yearly_yuan,
        budgets=siting.budgets,
        capacity_standard=siting.capacity_standard,
        phases=tuple(Phase(**section.model_dump()) for section in scenario.phase),
        horizon_years=siting.horizon_years,
    )
