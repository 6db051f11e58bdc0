"""How checklists stand, in plain sentences (W2, W3, J3, B1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planner.checklists import is_list, scope_words
from planner.figures import ABSENT, exact_percent, percent
from planner.words import listed, say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from planner.checklists import Checked, CheckFigure
    from planner.terms import Language


def _target(share: Decimal | None, year: int | None, language: Language) -> str:
    if share is None:
        return ABSENT
    shown = exact_percent(float(share))
    return shown if year is None else say("bureau.by_year", language, share=shown, year=year)


def lines(checked: Checked, language: Language, place: str = "") -> Iterator[str]:
    """Say in plain sentences how each checklist stands where its target is asked, or in the city.

    `place` is the one town or district that is audited; empty for a city.
    """
    asked = {figure.checklist for figure in checked.figures if figure.target is not None}
    told: set[str] = set()
    for figure in checked.figures:
        if figure.target is None and (figure.checklist in asked or figure.level != "city"):
            continue
        gap = (*checked.absent[figure.checklist], *checked.empty[figure.checklist])
        if not gap:
            yield _line(figure, checked, language, place)
        elif figure.checklist not in told:  # it is the same everywhere
            told.add(figure.checklist)
            yield _not_judged_line(figure, checked, language)


def _not_judged_line(figure: CheckFigure, checked: Checked, language: Language) -> str:
    """Say which columns a checklist cannot be judged without: those that no table has, and those left empty."""
    whys = [
        say(
            f"bureau.lacks.{key if len(names) == 1 else f'{key}_several'}",
            language,
            columns=listed(names, language),
            count=len(names),
        )
        for key, names in (
            ("absent", checked.absent[figure.checklist]),
            ("empty", checked.empty[figure.checklist]),
        )
        if names
    ]
    return say(
        "bureau.line.not_judged",
        language,
        name=figure.name,
        clause=figure.clause,
        why=say("bureau.stop", language).join(whys),
    )


def _line(figure: CheckFigure, checked: Checked, language: Language, place: str) -> str:
    kind = "list" if is_list(figure, checked) else "rate"
    one = checked.asked[figure.checklist]
    values: dict[str, object] = {
        "name": figure.name,
        "clause": figure.clause,
        "scope": scope_words(figure.level, figure.scope, place, language)["scope"] or say("bureau.city", language),
        "share": percent(figure.part, figure.whole),
        "communities": figure.communities,
        "part": figure.part,
        "whole": figure.whole,
        "part_of": (one.part or "").removesuffix("人数"),
        "whole_of": (one.whole or "").removesuffix("人数"),
    }
    counts = {"not_passed": figure.not_passed, "blank" if kind == "list" else "blank_rate": figure.blank}
    rest = [say(f"bureau.rest.{key}", language, count=count, **values) for key, count in counts.items() if count]
    ends = "".join((*rest, *_ends(figure, kind, language)))
    key = f"bureau.line.{kind}" if figure.whole else "bureau.line.no_figure"
    return say(key, language, **values, ends=ends, basis=say("bureau.ledger_only", language))


def _ends(figure: CheckFigure, kind: str, language: Language) -> Iterator[str]:
    """Say whether the target is met, and what the next one takes."""

    def missing(number: int | None) -> str:
        return say(f"bureau.missing.{kind}", language, count=number)

    if figure.met is not None:
        target = _target(figure.target, figure.year, language)
        key = "bureau.end.met" if figure.met else "bureau.end.unmet"
        yield say(key, language, target=target, missing=missing(figure.missing))
    if figure.next_target is not None and figure.next_missing is not None:
        share = _target(figure.next_target, figure.next_year, language)
        yield say("bureau.end.next", language, share=share, missing=missing(figure.next_missing))
