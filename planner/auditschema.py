"""What a scenario may say of the yearly audit: what decides, the bureau's own tables, last year, forms, officers."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field

from planner.fields import CLOCK, Name
from planner.sourceschema import Section

ClockTime = Annotated[str, Field(strict=True, pattern=CLOCK)]
"""A time of day, such as ``08:30``."""


class TimeSection(Section):
    """``[time]``: the hours at which it is told what is open (clauses H9 and W7; information, never a verdict)."""

    day_at: ClockTime = "10:00"
    noon_at: ClockTime = "12:30"
    night_at: ClockTime = "22:00"


class LedgerTableSection(Section):
    """``[[audit.ledger]]``: a table of the bureau's own columns, joined by code, else by name."""

    file: Name
    sheet: Name | None = None
    of: Literal["communities", "outlets"] = "communities"
    columns: dict[str, str] = Field(default_factory=dict)
    keep: dict[str, str] = Field(default_factory=dict)


class PreviousSection(Section):
    """``[audit.previous]``: last year: the folder of its audit (`result`), or in the first year a ledger (`file`)."""

    result: Name | None = None
    file: Name | None = None
    sheet: Name | None = None
    columns: dict[str, str] = Field(default_factory=dict)


class CrosswalkSection(Section):
    """``[audit.crosswalk]``: which codes became which since last year: columns old, new, date."""

    file: Name
    sheet: Name | None = None
    columns: dict[str, str] = Field(default_factory=dict)


class FormSection(Section):
    """``[[audit.form]]``: a form of the superior (.xlsx), and the table of its cells and what goes into them."""

    file: Name
    cells: Name
    sheet: Name | None = None


class OfficersSection(Section):
    """``[audit.officers]``: who shares out the outlets of each town (clause H8); `firms` is the layer of key firms."""

    file: Name
    sheet: Name | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    firms: Name | None = None


class AuditSection(Section):
    """``[audit]``: the yearly audit.

    `decides` are the standards that a community must meet to count as 达标, those of them that speak of it; where none
    are named, those for a setting (town or country), else all that are measured for residents.
    """

    decides: tuple[Name, ...] = ()
    check_by: Annotated[dt.date, Field(strict=True)] | None = None
    ledger: tuple[LedgerTableSection, ...] = ()
    previous: PreviousSection | None = None
    crosswalk: CrosswalkSection | None = None
    form: tuple[FormSection, ...] = ()
    officers: OfficersSection | None = None
