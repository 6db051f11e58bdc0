"""What a policy pack holds besides sections of a scenario: clauses, what their text leaves open, lists, money."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from planner.fields import Flag, Name, Natural, Number, Share, Yuan
from planner.sourceschema import Section

State = Literal["现行", "期满", "草案", "失效"]
"""State of a document: in force, past its term, a draft, superseded."""

Kind = Literal["reach", "siting", "ledger", "money", "information"]
"""How a figure under a clause is had: measured on roads; a rule of the plan; from the bureau's own columns and never
from reach; money; shown, and no verdict."""


class PolicyDocument(Section):
    """``[[document]]`` of the clauses: what they are clauses of."""

    id: Name
    title: Name
    state: State
    number: str = ""
    why: str = ""
    en: str = ""
    why_en: str = ""


class ClauseSection(Section):
    """``[[clause]]``: a clause, and the words of it that a report quotes.

    `state` is that of its document, where the planner does not know the document.
    """

    id: Name
    document: Name
    quotation: Name
    kind: Kind
    place: str = ""
    more: tuple[Name, ...] = ()
    en: str = ""
    state: State | None = None


class PlaceSection(Section):
    """An entry of ``clause.shown_in``: a sheet of the ledger, a file of a result, or a command, and columns to look at.

    Sheets and columns go by their Chinese titles, those of a CSV file by their names.
    """

    sheet: str = ""
    file: str = ""
    command: str = ""
    see: tuple[Name, ...] = ()


class KnownClause(ClauseSection):
    """``[[clause]]`` of the planner's own: with the places that show what it asks for, or why there is none."""

    shown_in: tuple[PlaceSection, ...] = ()
    not_served: str = ""
    not_served_en: str = ""


class OwnSection(Section):
    """An entry of ``pack.own``: a value of the pack that the bureau replaced by its own."""

    key: Name
    pack: str
    own: str


class PackSection(Section):
    """``[pack]``: which pack the values are from.

    `document` is the id of a document among the clauses, or the title of another one; `state` goes before its own.
    """

    id: Name
    title: Name
    document: Name
    state: State | None = None
    en: str = ""
    own: tuple[OwnSection, ...] = ()


class InputSection(Section):
    """``[[input]]``: what the text of a clause leaves open, the value that the pack takes for it, and why."""

    key: Name
    clause: Name
    why: Name
    why_en: str = ""
    default: Any = None


class ChecklistSection(Section):
    """``[[checklist]]``: what the bureau's own columns say of each community; never had from reach.

    A community passes when every item is 是. With `part` and `whole` the figure is the sum of the one column over that
    of the other (a re-employment rate); items are then empty.
    """

    id: Name
    clause: Name
    name: Name
    items: tuple[Name, ...] = ()
    part: Name | None = None
    whole: Name | None = None
    share: Share | None = None
    shares: dict[str, Annotated[Number, Field(ge=0, le=1)]] = Field(default_factory=dict)
    each: Literal["city", "district", "town"] = "city"


class GradeSection(Section):
    """An entry of ``grant.grades``: how many are to be given this grade, and what each of them is granted.

    `quotas` are how many of them each district has, where somebody has said so.
    """

    grade: Name
    count: Natural | None = None
    yuan: Yuan
    quotas: dict[str, Natural] = Field(default_factory=dict)


class GrantSection(Section):
    """``[[grant]]``: money for communities that a column of the ledger names, by grade or alike."""

    id: Name
    clause: Name
    name: Name
    column: Name
    grades: tuple[GradeSection, ...] = ()
    yuan: Yuan | None = None
    yearly: Flag = False
    quota_clause: str = ""
    quotas: dict[str, Natural] = Field(default_factory=dict)
    funding: str = ""
