"""Tables of people and of sites read alone, without a scenario around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planner import columns
from planner.tables import Table, assembled, demand_contract, read_parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from planner.sources import TableSource


def read_demand(sources: Sequence[TableSource], *, counted: bool = True) -> Table:
    """Read tables of demand points, which must count their people unless told otherwise."""
    contract = demand_contract(counted=counted)
    return assembled(read_parts(sources, contract), contract)


def read_sites(sources: Sequence[TableSource], *, known_types: Mapping[str, str]) -> Table:
    """Read tables of sites, of facility types by what they are called."""
    contract = columns.with_types(columns.SITE_COLUMNS, known_types)
    return assembled(read_parts(sources, contract), contract)
