"""Options of a plan: which facility of which type and size may stand where, what it costs, and whom it can take."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.columns import known_as
from planner.errors import Fault, TableError, attempt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from geopandas import GeoDataFrame

    from planner.standards import BuildCost, FacilityType, Size

COLUMNS = [
    "site_id", "type", "size", "state", "tier", "district", "town", "unit_id", "lon", "lat", "build_method", "host",
    "funding", "cost_once_yuan", "cost_yearly_yuan", "estimated_once", "estimated_yearly", "capacity_people",
    "capacity_own",
]  # fmt: skip
MONEY = ("cost_once_yuan", "cost_yearly_yuan")

MOBILE_TYPE = "mobile_point"
"""Code of the facility type whose sites are mobile points: markets and fairs that job fairs come to (W14)."""


def outlets(sites: pd.DataFrame) -> pd.DataFrame:
    """Return the sites that are outlets: all but those that are nothing but a mobile point."""
    return sites[(sites["type"] != MOBILE_TYPE).to_numpy()]


def split_types(text: str) -> list[str]:
    """Types of a facility, written with ``;`` between them."""
    return [part.strip() for part in text.split(";") if part.strip()]


def _by_method(costs: Iterable[BuildCost], site: Mapping[str, Any], kind: str, money: str) -> int | None:
    """Cost by build method; a host that shares the venue takes the discount off the one-time cost."""
    for cost in costs:
        yuan: int | None = getattr(cost, money)
        if cost.type == kind and cost.method == site["build_method"] and yuan is not None:
            shared = bool(site["host"]) and money == "cost_once_yuan"
            part = Decimal(yuan) * (1 - cost.co_build_discount) if shared else Decimal(yuan)
            return int(part.to_integral_value(ROUND_HALF_UP))
    return None


def _fault(code: str, site: Mapping[str, Any], column: str, values: Mapping[str, object]) -> Fault:
    file, row = site.get("source_file", ""), site.get("source_row")
    return Fault(code, file, row=row, column=column, values=values, called=known_as(column))


def _money(site: Mapping[str, Any], facility: FacilityType, costs: Sequence[BuildCost], money: str) -> tuple[int, bool]:
    """Yuan and whether they are estimated: the row's own figure, else the build method's, else the type's.

    The row of an existing site says what that site cost and how it was built: it prices nothing added later.
    """
    beside = site["status"] == "existing"
    own = None if beside or pd.isna(site[money]) else int(site[money])
    if own is not None:
        return own, False
    by_method = None if beside else _by_method(costs, site, facility.type, money)
    for yuan in (by_method, getattr(facility, money)):
        if yuan is not None:
            return int(yuan), True
    values = {"site": site["site_id"], "type": facility.type, "money": money}
    raise TableError(_fault("no_cost", site, money, values))


def _capacity(site: Mapping[str, Any], of_type: int | None) -> dict[str, Any]:
    """People that a facility can serve: the row's own figure, else the type's, else any number (empty).

    The row of an existing site speaks of what stands there: the caller sets it aside for what is added.
    """
    own = not pd.isna(site["capacity_people"])
    return {"capacity_people": int(site["capacity_people"]) if own else of_type, "capacity_own": own}


def _row(site: Mapping[str, Any], kind: str, state: str, **more: object) -> dict[str, Any]:
    shared = {name: site[name] for name in COLUMNS if name in site}
    return {**shared, "type": kind, "state": state, "size": "", **more}


def _today(site: Mapping[str, Any], capacities: Mapping[str, int | None]) -> Iterator[dict[str, Any]]:
    """List what stands at a site, free of cost."""
    free = {**dict.fromkeys(MONEY, 0), "estimated_once": False, "estimated_yearly": False}
    for kind in split_types(site["type"]):
        yield _row(site, kind, "today", **free, **_capacity(site, capacities.get(kind)))


def _new_options(
    site: Mapping[str, Any], facility: FacilityType, costs: Sequence[BuildCost], sizes: Sequence[Size]
) -> list[dict[str, Any]]:
    """List one option for each size of the type, or one where it has none."""
    priced = [attempt(partial(_money, site, facility, costs, money)) for money in MONEY]
    (once, first), (yearly, second) = (found or (0, False) for found, _ in priced)
    if faults := [fault for _, wrong in priced for fault in wrong]:
        raise TableError(*faults)
    # who pays for what is added to an existing site is not in its row, nor whom it can take
    added = {"funding": "", "build_method": "", "capacity_people": None}
    payer = site if site["status"] == "candidate" else {**site, **added}
    plain = _row(
        payer,
        facility.type,
        "new",
        **dict(zip(MONEY, (once, yearly), strict=True)),
        estimated_once=first,
        estimated_yearly=second,
        **_capacity(payer, facility.capacity_people),
    )
    sized = [
        {
            **plain,
            "size": size.size,
            "cost_once_yuan": once + size.extra_once_yuan,
            "cost_yearly_yuan": yearly + size.extra_yearly_yuan,
            "capacity_people": size.capacity_people,
            "capacity_own": False,
        }
        for size in sizes
        if size.type == facility.type
    ]
    return sized or [plain]


def _offers(site: Mapping[str, Any], facilities: Sequence[FacilityType]) -> Iterator[FacilityType]:
    """Types that may newly open at a site; a place that only job fairs come to holds nothing."""
    has = split_types(site["type"])
    for facility in facilities:
        at_candidate = site["status"] == "candidate" and (not has or facility.type in has)
        premises = site["status"] == "existing" and has != [MOBILE_TYPE]
        beside = premises and facility.at_existing and facility.type not in has
        if facility.build and (at_candidate or beside):
            yield facility


def options(
    sites: GeoDataFrame, facilities: Sequence[FacilityType], costs: Sequence[BuildCost], sizes: Sequence[Size] = ()
) -> pd.DataFrame:
    """List what stands today and what may be built.

    Parameters
    ----------
    sites
        Site table with points in EPSG:4326: today's open facilities (status ``existing``) and candidates; others are
        ignored.
    facilities
        Facility types; those with `build` may open at candidates, those with `at_existing` also in today's
        facilities.
    costs
        Costs by build method.
    sizes
        Sizes of types; a type that has some is built in one of them.

    Returns
    -------
    options
        One row for each site, type and size (empty for none), sorted by them: columns `COLUMNS`; state is ``today`` or
        ``new``, lon and lat are WGS-84 degrees, money is in whole yuan, with `estimated_once` and `estimated_yearly`
        where it is not the row's own before a size adds to it. Today's are free. `capacity_people` (Int64) is the
        size's, else the row's own, else the type's, else missing for any number; `capacity_own` says whether it is the
        row's own: today's types of one site share it. The row of an existing site says nothing of what is added there.

    Raises
    ------
    TableError
        Listing every option that has no cost anywhere, or a candidate whose types may not be built.
    """
    rows: list[dict[str, Any]] = []
    faults: list[Fault] = []
    capacities = {facility.type: facility.capacity_people for facility in facilities}
    placed = sites.drop(columns="geometry").assign(lon=sites.geometry.x, lat=sites.geometry.y)
    for record in placed.to_dict("records"):
        site = {str(name): value for name, value in record.items()}
        if site["status"] == "existing":
            rows += _today(site, capacities)
        offers = list(_offers(site, facilities))
        if site["status"] == "candidate" and not offers:
            values = {"site": site["site_id"], "type": site["type"]}
            faults.append(_fault("not_built", site, "type", values))
        for facility in offers:
            found, wrong = attempt(partial(_new_options, site, facility, costs, sizes))
            faults += wrong
            rows += found or []
    if faults:
        raise TableError(*faults)
    table = pd.DataFrame(rows, columns=COLUMNS).astype({"capacity_people": "Int64"})
    return table.sort_values(["site_id", "type", "size"], ignore_index=True)
