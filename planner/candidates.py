"""Options of a plan: which facility of which type may stand where, and what it costs."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.errors import Fault, TableError, attempt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from planner.standards import BuildCost, FacilityType

COLUMNS = [
    "site_id", "type", "state", "tier", "district", "town", "build_method", "host", "funding",
    "cost_once_yuan", "cost_yearly_yuan", "estimated_once", "estimated_yearly",
]  # fmt: skip
MONEY = ("cost_once_yuan", "cost_yearly_yuan")


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
    return Fault(code, site.get("source_file", ""), row=site.get("source_row"), column=column, values=values)


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


def _row(
    site: Mapping[str, Any], kind: str, state: str, yuan: tuple[int, int], estimated: tuple[bool, bool]
) -> dict[str, Any]:
    shared = {name: site[name] for name in COLUMNS if name in site}
    money = dict(zip((*MONEY, "estimated_once", "estimated_yearly"), (*yuan, *estimated), strict=True))
    return {**shared, "type": kind, "state": state, **money}


def _new_option(site: Mapping[str, Any], facility: FacilityType, costs: Sequence[BuildCost]) -> dict[str, Any]:
    priced = [attempt(partial(_money, site, facility, costs, money)) for money in MONEY]
    (once, first), (yearly, second) = (found or (0, False) for found, _ in priced)
    if faults := [fault for _, wrong in priced for fault in wrong]:
        raise TableError(*faults)
    # who pays for what is added to an existing site is not in its row
    payer = site if site["status"] == "candidate" else {**site, "funding": "", "build_method": ""}
    return _row(payer, facility.type, "new", (once, yearly), (first, second))


def _offers(site: Mapping[str, Any], facilities: Sequence[FacilityType]) -> Iterator[FacilityType]:
    """Types that may newly open at a site."""
    has = split_types(site["type"])
    for facility in facilities:
        at_candidate = site["status"] == "candidate" and (not has or facility.type in has)
        beside = site["status"] == "existing" and facility.at_existing and facility.type not in has
        if facility.build and (at_candidate or beside):
            yield facility


def options(sites: pd.DataFrame, facilities: Sequence[FacilityType], costs: Sequence[BuildCost]) -> pd.DataFrame:
    """List what stands today and what may be built.

    Parameters
    ----------
    sites
        Site table: today's open facilities (status ``existing``) and candidates; others are ignored.
    facilities
        Facility types; those with `build` may open at candidates, those with `at_existing` also in today's
        facilities.
    costs
        Costs by build method.

    Returns
    -------
    options
        One row for each site and type, sorted by site_id and type: columns `COLUMNS`; state is ``today`` or ``new``,
        money in whole yuan, `estimated_once` and `estimated_yearly` where it is not the row's own. Today's are free.

    Raises
    ------
    TableError
        Listing every option that has no cost anywhere, or a candidate whose types may not be built.
    """
    rows: list[dict[str, Any]] = []
    faults: list[Fault] = []
    for record in sites.drop(columns="geometry").to_dict("records"):
        site = {str(name): value for name, value in record.items()}
        if site["status"] == "existing":
            rows += [_row(site, kind, "today", (0, 0), (False, False)) for kind in split_types(site["type"])]
        offers = list(_offers(site, facilities))
        if site["status"] == "candidate" and not offers:
            values = {"site": site["site_id"], "type": site["type"]}
            faults.append(_fault("not_built", site, "type", values))
        for facility in offers:
            row, wrong = attempt(partial(_new_option, site, facility, costs))
            faults += wrong
            rows += [row] if row else []
    if faults:
        raise TableError(*faults)
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.sort_values(["site_id", "type"], ignore_index=True)
