"""What the bureau's own columns say of each community: lists that it fulfils, and rates (W2, W3, J3, B1).

Figures from the ledger alone. Nothing here knows of roads, outlets or reach, so that none of them can stand in for what
a bureau has not said: a community of which an item is blank has not passed, and is counted apart.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.standards import need
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from planner.policyschema import ChecklistSection
    from planner.terms import Language

YES, NO = "是", "否"

LEVELS = ("city", "district", "town")
"""Levels above the community (B5); a scope is empty, a district, or district/town."""

PASSED, FAILED, BLANK = "passed", "failed", "blank"


@dataclass(frozen=True)
class Milestone:
    """A share that is to be reached, and by which year; without a year it holds at any time."""

    share: Decimal
    year: int | None = None


@dataclass(frozen=True)
class CheckFigure:
    """How a checklist stands in one scope.

    Attributes
    ----------
    checklist, clause, name
        Of the checklist.
    level, scope
        ``city``, ``district`` or ``town``; empty, a district, or district/town. Communities without a district are
        counted in the city and in no district.
    communities
        All of them; the rate is always of these, whatever is blank.
    passed, not_passed, blank
        Communities of which all items are 是, of which one is 否, and of which nothing says whether they pass. Of a
        rate: blank are those that lack either figure; the others are in neither.
    part, whole
        Of a rate: sums over the communities that give both; else of communities: passed, and all; None where the list
        cannot be judged, because no community of the city says anything of one of its items.
    target, year
        Share that is to be reached at this level, and the year that it is of; None where there is none.
    next_target, next_year
        The one after it.
    met, missing
        Whether the share is reached, and how many more it takes (communities, or of a rate people); None where there is
        no target, or nothing that it could be held against.
    next_missing
        How many more the next one takes.
    """

    checklist: str
    clause: str
    name: str
    level: str
    scope: str
    communities: int
    passed: int
    not_passed: int
    blank: int
    part: int | None
    whole: int | None
    target: Decimal | None = None
    year: int | None = None
    next_target: Decimal | None = None
    next_year: int | None = None
    met: bool | None = None
    missing: int | None = None
    next_missing: int | None = None


@dataclass(frozen=True, eq=False)
class Checked:
    """What checklists say of all communities.

    Attributes
    ----------
    states
        Index unit_id, a column for each checklist by its id: ``passed``, ``failed``, ``blank``. A rate has none.
    lacking, unsaid
        Same shape: the items that are 否 (缺项) and those that are blank, as the policy orders and names them.
    asked
        Each checklist by its id.
    absent, empty
        Id of a checklist -> its columns that no table has, and those that one has and nobody has filled in.
    figures
        Of each checklist the city, the districts, then the towns, each in the order of their names.
    """

    states: pd.DataFrame
    lacking: pd.DataFrame
    unsaid: pd.DataFrame
    asked: Mapping[str, ChecklistSection]
    absent: Mapping[str, tuple[str, ...]]
    empty: Mapping[str, tuple[str, ...]]
    figures: tuple[CheckFigure, ...]


def scopes(units: pd.DataFrame) -> Iterator[tuple[str, str, pd.Index[str]]]:
    """Yield each scope with its communities: the city, the districts, the towns.

    Parameters
    ----------
    units
        Index unit_id; district, town.

    Yields
    ------
    level, scope, members
        A town needs no district; its name alone is then its scope.
    """
    yield "city", "", units.index
    for district, rows in units[units["district"] != ""].groupby("district", sort=True):
        yield "district", str(district), rows.index
    for names, rows in units[units["town"] != ""].groupby(["district", "town"], sort=True):
        yield "town", "/".join(str(name).replace("/", "／") for name in names).removeprefix("/"), rows.index


def check(
    checklists: Sequence[ChecklistSection],
    units: pd.DataFrame,
    ledger: pd.DataFrame,
    year: int,
    empty: Collection[str] = (),
) -> Checked:
    """Hold the ledger against every checklist.

    Parameters
    ----------
    checklists
        Of the policy or the scenario.
    units
        All communities of the city: index unit_id; district, town.
    ledger
        What the bureau says of them: the columns that the checklists name, 是 and 否 or whole numbers; same index.
    year
        Of the date of the data: which milestone counts.
    empty
        Columns that a table has and nobody has filled in.

    Returns
    -------
    checked
        A community of which an item is blank has not passed. But an item of which no community says anything tells of
        what was handed in and not of the communities: its list has no rate, and no target is met or missed.
    """
    lists = [item for item in checklists if item.whole is None]
    items = {one.id: _answers(one, ledger) for one in lists}
    states = {name: _states(answers) for name, answers in items.items()}
    silent = {one.id: tuple(name for name in _asked(one) if not _said(ledger, name)) for one in checklists}
    figures = [
        _figure(one, level, scope, ledger.loc[members], states[one.id].loc[members] if one.id in states else None, year)
        for one in checklists
        for level, scope, members in scopes(units)
    ]
    figures = [_not_judged(one) if silent[one.checklist] and one.checklist in states else one for one in figures]
    return Checked(
        pd.DataFrame(states, index=ledger.index),
        pd.DataFrame({name: _named(answers, NO) for name, answers in items.items()}, index=ledger.index),
        pd.DataFrame({name: _named(answers, "") for name, answers in items.items()}, index=ledger.index),
        {one.id: one for one in checklists},
        {name: tuple(item for item in items_ if item not in empty) for name, items_ in silent.items()},
        {name: tuple(item for item in items_ if item in empty) for name, items_ in silent.items()},
        tuple(figures),
    )


def _asked(checklist: ChecklistSection) -> tuple[str, ...]:
    """Name the columns of a checklist."""
    return checklist.items or tuple(filter(None, (checklist.part, checklist.whole)))


def _said(ledger: pd.DataFrame, header: str) -> bool:
    """Whether a column says anything of any community."""
    return header in ledger and bool((ledger[header].notna() & (ledger[header].astype(str) != "")).any())


def _not_judged(figure: CheckFigure) -> CheckFigure:
    return replace(figure, part=None, whole=None, met=None, missing=None, next_missing=None)


def _answers(checklist: ChecklistSection, ledger: pd.DataFrame) -> pd.DataFrame:
    """Answers to the items of a list; blank for a column that the ledger lacks."""
    cells = {item: ledger.get(item, "") for item in checklist.items}
    return pd.DataFrame(cells, index=ledger.index, dtype=str)


def _states(answers: pd.DataFrame) -> pd.Series[str]:
    """State of each community: one 否 is enough to fail, whatever is blank."""
    found = pd.Series(BLANK, index=answers.index)
    found[(answers == YES).all(axis=1)] = PASSED
    found[(answers == NO).any(axis=1)] = FAILED
    return found


def _named(answers: pd.DataFrame, answer: str) -> pd.Series[str]:
    """Name the items of each community that have some answer, as Chinese lists them."""
    rows = (answers == answer).to_numpy()
    names = list(answers.columns)
    return pd.Series(
        ["、".join(name for name, is_so in zip(names, row, strict=True) if is_so) for row in rows],
        index=answers.index,
        dtype=str,
    )


def milestones(checklist: ChecklistSection, year: int) -> tuple[Milestone | None, Milestone | None]:
    """Return the share that is to be reached by now, and the next one.

    Shares by year hold from their year on, until the next one; before the first year it is the share without a year,
    where there is one.
    """
    first = [] if checklist.share is None else [Milestone(checklist.share)]
    steps = [Milestone(share, int(text)) for text, share in sorted(checklist.shares.items(), key=lambda it: int(it[0]))]
    past = [*first, *(step for step in steps if step.year is not None and step.year <= year)]
    coming = [step for step in steps if step.year is not None and step.year > year]
    return (past[-1] if past else None), (coming[0] if coming else None)


def _figure(
    checklist: ChecklistSection, level: str, scope: str, ledger: pd.DataFrame, states: pd.Series[str] | None, year: int
) -> CheckFigure:
    """Count one scope; a target is held against the figures of the level that the checklist asks it of."""
    if states is None:
        part, whole, blank = _sums(checklist, ledger)
        passed = not_passed = 0
    else:
        passed, not_passed, blank = (int((states == state).sum()) for state in (PASSED, FAILED, BLANK))
        part, whole = passed, len(ledger)
    now, later = milestones(checklist, year) if level == checklist.each else (None, None)
    short = None if now is None or not whole else max(0, need(now.share, whole) - part)
    return CheckFigure(
        checklist=checklist.id,
        clause=checklist.clause,
        name=checklist.name,
        level=level,
        scope=scope,
        communities=len(ledger),
        passed=passed,
        not_passed=not_passed,
        blank=blank,
        part=part,
        whole=whole,
        target=now.share if now else None,
        year=now.year if now else None,
        next_target=later.share if later else None,
        next_year=later.year if later else None,
        met=None if short is None else not short,
        missing=short,
        next_missing=None if later is None or not whole else max(0, need(later.share, whole) - part),
    )


def _sums(checklist: ChecklistSection, ledger: pd.DataFrame) -> tuple[int, int, int]:
    """Add up part and whole over the communities that give both, and count those that do not."""
    asked = ledger.reindex(columns=[checklist.part, checklist.whole])
    given = asked.notna().all(axis=1)
    part, whole = (sum(map(int, asked.loc[given, name])) for name in (checklist.part, checklist.whole))
    return part, whole, int((~given).sum())


def _share(figure: CheckFigure) -> Fraction | None:
    return Fraction(figure.part, figure.whole) if figure.whole and figure.part is not None else None


def rates(checked: Checked) -> dict[str, dict[str, Fraction | None]]:
    """Return the exact rate of each checklist in each scope; None where there is nothing to judge."""
    found: dict[str, dict[str, Fraction | None]] = {}
    for figure in checked.figures:
        found.setdefault(figure.checklist, {})[figure.scope] = _share(figure)
    return found


# --- how it is told ----------------------------------------------------------------------------------------------


def records(checked: Checked) -> list[dict[str, Any]]:
    """Return the figures as plain data, shares as they were asked for: the entry ``checklists`` of audit.json."""
    return [
        {name: str(value) if isinstance(value, Decimal) else value for name, value in asdict(figure).items()}
        for figure in checked.figures
    ]


def scope_words(level: str, scope: str, place: str, language: Language) -> dict[str, str]:
    """Return level and scope in words, for a sheet; what is no whole city but one `place` goes by its name."""
    if level == "city" and place:
        return {"level": say("bureau.level.place", language), "scope": place}
    name = scope.replace("/", "") if level == "town" else scope
    return {"level": say(f"bureau.level.{level}", language), "scope": name}


def table(checked: Checked, language: Language, place: str = "") -> pd.DataFrame:
    """Return the figures under headers in words, for a sheet; shares are exact.

    Every line says that it is of the ledger and not of reach. `place` is the one town or district that is audited.
    """

    def word(key: str, **values: object) -> str:
        return say(f"bureau.{key}", language, **values)

    rows = [
        {
            **scope_words(figure.level, figure.scope, place, language),
            "checklist": figure.name,
            "clause": figure.clause,
            "communities": figure.communities,
            "passed": figure.part if is_list(figure, checked) else None,
            "not_passed": figure.not_passed if is_list(figure, checked) else None,
            "blank": figure.blank,
            "part": None if is_list(figure, checked) else figure.part,
            "whole": None if is_list(figure, checked) else figure.whole,
            "share": _share(figure),
            "target": _exact(figure.target),
            "target_year": _year(figure.year),
            "met": word(_verdict(figure)),
            "missing": figure.missing,
            "next_target": _exact(figure.next_target),
            "next_year": _year(figure.next_year),
            "next_missing": figure.next_missing,
            "basis": word("ledger_only"),
        }
        for figure in checked.figures
    ]
    frame = pd.DataFrame(rows, columns=_COLUMNS).astype(dict.fromkeys(_WHOLE, "Int64"))
    return frame.rename(columns={name: word(f"column.{name}") for name in _COLUMNS})


_WHOLE = ("communities", "passed", "not_passed", "blank", "part", "whole", "missing", "next_missing")
_COLUMNS = [
    "level", "scope", "checklist", "clause", "communities", "passed", "not_passed", "blank", "part", "whole", "share",
    "target", "target_year", "met", "missing", "next_target", "next_year", "next_missing", "basis",
]  # fmt: skip


def _year(year: int | None) -> str | None:
    return None if year is None else str(year)


def _exact(share: Decimal | None) -> Fraction | None:
    return None if share is None else Fraction(share)


def _verdict(figure: CheckFigure) -> str:
    """Say whether a target is met; that there is none, or nothing to hold it against."""
    if figure.part is None or (figure.target is not None and figure.met is None):
        return "not_judged"
    return "no_target" if figure.met is None else "met" if figure.met else "unmet"


def is_list(figure: CheckFigure, checked: Checked) -> bool:
    """Whether a figure is of a list, and not of a rate of two columns."""
    return figure.checklist in checked.states
