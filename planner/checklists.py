"""What the bureau's own columns say of each community: lists that it fulfils, and rates (W2, W3, J3, B1).

Figures from the ledger alone. Nothing here knows of roads, outlets or reach, so that none of them can stand in for what
a bureau has not said: a community of which an item is blank has not passed, and is counted apart.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.figures import ABSENT, exact_percent, percent
from planner.standards import need
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
        Of a rate: sums over the communities that give both; else of communities: passed, and all.
    target, year
        Share that is to be reached at this level, and the year that it is of; None where there is none.
    next_target, next_year
        The one after it.
    met, missing
        Whether the share is reached, and how many more it takes (communities, or of a rate people); None where there is
        no target, or of a rate no figure at all.
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
    part: int
    whole: int
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
    figures
        Of each checklist the city, the districts, then the towns, each in the order of their names.
    """

    states: pd.DataFrame
    lacking: pd.DataFrame
    unsaid: pd.DataFrame
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
        A town needs no district; a scope is then /town.
    """
    yield "city", "", units.index
    for district, rows in units[units["district"] != ""].groupby("district", sort=True):
        yield "district", str(district), rows.index
    for names, rows in units[units["town"] != ""].groupby(["district", "town"], sort=True):
        yield "town", "/".join(map(str, names)), rows.index


def check(checklists: Sequence[ChecklistSection], units: pd.DataFrame, ledger: pd.DataFrame, year: int) -> Checked:
    """Hold the ledger against every checklist.

    Parameters
    ----------
    checklists
        Of the policy or the scenario.
    units
        All communities of the city: index unit_id; district, town.
    ledger
        What the bureau says of them: the columns that the checklists name, 是 and 否 or whole numbers; same index. A
        column that it lacks is blank throughout.
    year
        Of the date of the data: which milestone counts.
    """
    lists = [item for item in checklists if item.whole is None]
    items = {one.id: _answers(one, ledger) for one in lists}
    states = {name: _states(answers) for name, answers in items.items()}
    figures = [
        _figure(one, level, scope, ledger.loc[members], states[one.id].loc[members] if one.id in states else None, year)
        for one in checklists
        for level, scope, members in scopes(units)
    ]
    return Checked(
        pd.DataFrame(states, index=ledger.index),
        pd.DataFrame({name: _named(answers, NO) for name, answers in items.items()}, index=ledger.index),
        pd.DataFrame({name: _named(answers, "") for name, answers in items.items()}, index=ledger.index),
        tuple(figures),
    )


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


def rates(checked: Checked) -> dict[str, dict[str, Fraction | None]]:
    """Return the exact rate of each checklist in each scope; None where a rate has no figure at all."""
    found: dict[str, dict[str, Fraction | None]] = {}
    for figure in checked.figures:
        rate = Fraction(figure.part, figure.whole) if figure.whole else None
        found.setdefault(figure.checklist, {})[figure.scope] = rate
    return found


# --- how it is told ----------------------------------------------------------------------------------------------


def records(checked: Checked) -> list[dict[str, Any]]:
    """Return the figures as plain data, shares as they were asked for: the entry ``checklists`` of audit.json."""
    return [
        {name: str(value) if isinstance(value, Decimal) else value for name, value in asdict(figure).items()}
        for figure in checked.figures
    ]


def table(checked: Checked, language: Language) -> pd.DataFrame:
    """Return the figures under headers in words, for a sheet; shares rounded down to one decimal.

    Every line says that it is of the ledger and not of reach.
    """

    def word(key: str, **values: object) -> str:
        return say(f"bureau.{key}", language, **values)

    rows = [
        {
            "level": word(f"level.{figure.level}"),
            "scope": figure.scope.lstrip("/"),
            "checklist": figure.name,
            "clause": figure.clause,
            "communities": figure.communities,
            "passed": figure.passed if _is_list(figure, checked) else None,
            "not_passed": figure.not_passed if _is_list(figure, checked) else None,
            "blank": figure.blank,
            "part": None if _is_list(figure, checked) else figure.part,
            "whole": None if _is_list(figure, checked) else figure.whole,
            "share": percent(figure.part, figure.whole),
            "target": _target(figure.target, figure.year, language),
            "met": ABSENT if figure.met is None else word("met" if figure.met else "unmet"),
            "missing": figure.missing,
            "next_target": _target(figure.next_target, figure.next_year, language),
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
    "target", "met", "missing", "next_target", "next_missing", "basis",
]  # fmt: skip


def _is_list(figure: CheckFigure, checked: Checked) -> bool:
    return figure.checklist in checked.states


def _target(share: Decimal | None, year: int | None, language: Language) -> str:
    if share is None:
        return ABSENT
    shown = exact_percent(float(share))
    return shown if year is None else say("bureau.by_year", language, share=shown, year=year)


def lines(checked: Checked, language: Language) -> Iterator[str]:
    """Say in plain sentences how each checklist stands where its target is asked, or in the city."""
    asked = {figure.checklist for figure in checked.figures if figure.target is not None}
    for figure in checked.figures:
        if figure.target is None and (figure.checklist in asked or figure.level != "city"):
            continue
        values: dict[str, object] = {
            "name": figure.name,
            "clause": figure.clause,
            "scope": figure.scope.lstrip("/") or say("bureau.city", language),
            "share": percent(figure.part, figure.whole),
            "communities": figure.communities,
            "part": figure.part,
            "whole": figure.whole,
            "not_passed": figure.not_passed,
            "blank": figure.blank,
            "target": _target(figure.target, figure.year, language),
            "missing": figure.missing,
        }
        ends = "".join(_ends(figure, values, language))
        kind = "list" if _is_list(figure, checked) else "rate"
        yield say(f"bureau.line.{kind}", language, **values, ends=ends, basis=say("bureau.ledger_only", language))


def _ends(figure: CheckFigure, values: dict[str, object], language: Language) -> Iterator[str]:
    """Say whether the target is met, and what the next one takes."""
    if figure.met is not None:
        yield say("bureau.end.met" if figure.met else "bureau.end.unmet", language, **values)
    if figure.next_target is not None:
        share = _target(figure.next_target, figure.next_year, language)
        yield say("bureau.end.next", language, share=share, missing=figure.next_missing)
