"""Money for communities that the ledger names (W5, J4), by grade and district, against what the clause gives (W4).

Counted from the bureau's own column alone; a plan of sites has nothing to do with it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.checklists import YES, scope_words
from planner.figures import money
from planner.words import listed, say

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from planner.policyschema import GrantSection
    from planner.terms import Language


@dataclass(frozen=True)
class GrantFigure:
    """How many communities of one scope have a grant, in a grade or in all of them.

    Attributes
    ----------
    grant, clause, name
        Of the grant; where a quota of a district is the figure, `clause` is the clause of the quotas.
    level, scope
        ``city`` or ``district``; empty, or the district (empty for communities that name none).
    grade
        Empty for all grades together, or a grant without grades.
    communities
        Communities that the ledger names; None where nothing gives its column.
    quota
        How many the clause gives; None where it gives none.
    yuan
        Money of these communities, of a year where the grant is yearly; None as above.
    quota_yuan
        Money of as many as the clause gives.
    """

    grant: str
    clause: str
    name: str
    level: str
    scope: str
    grade: str
    communities: int | None
    quota: int | None
    yuan: int | None
    quota_yuan: int | None

    @property
    def over(self) -> int | None:
        """How many more than the quota; less than none are still to be named. None where either is not known."""
        return None if self.communities is None or self.quota is None else self.communities - self.quota


@dataclass(frozen=True, eq=False)
class Granted:
    """What grants come to.

    Attributes
    ----------
    figures
        Of each grant: the city by grade and together, then the districts together and by grade.
    column
        Grant -> its column, and whether a table has it though nobody has filled it in.
    blank
        Grant -> communities of which the column is blank: of grades those without one.
    yearly, funding
        Grant -> whether the money is of a year; its source, empty where none is named.
    absent
        Grant -> districts that have a quota and no community.
    unquoted
        Grant -> districts that have communities and no quota, where there are quotas; empty text for those that name
        none.
    """

    figures: tuple[GrantFigure, ...]
    column: Mapping[str, tuple[str, bool]]
    blank: Mapping[str, int]
    yearly: Mapping[str, bool]
    funding: Mapping[str, str]
    absent: Mapping[str, tuple[str, ...]]
    unquoted: Mapping[str, tuple[str, ...]]

    def by_funding(self) -> list[dict[str, Any]]:
        """Money by its source and whether it is of a year, over all grants of which anything is known."""
        sums: Counter[tuple[str, bool]] = Counter()
        for figure in self.figures:
            if figure.level == "city" and not figure.grade and figure.yuan is not None:
                sums[self.funding[figure.grant], self.yearly[figure.grant]] += figure.yuan
        return [{"funding": name, "yearly": yearly, "yuan": yuan} for (name, yearly), yuan in sorted(sums.items())]


def grant(
    grants: Sequence[GrantSection], units: pd.DataFrame, ledger: pd.DataFrame, empty: Collection[str] = ()
) -> Granted:
    """Count the grants of the ledger.

    Parameters
    ----------
    grants
        Of the policy or the scenario.
    units
        All communities: index unit_id; district.
    ledger
        What the bureau says of them, same index: grades as the grant names them, or 是 and 否.
    empty
        Columns that a table has and nobody has filled in.
    """
    districts = units["district"]
    there = set(districts) - {""}
    figures: list[GrantFigure] = []
    for one in grants:
        figures += _figures(one, districts, ledger)
    return Granted(
        tuple(figures),
        column={one.id: (one.column, one.column in empty) for one in grants},
        blank={one.id: _blank(one, ledger) for one in grants},
        yearly={one.id: one.yearly for one in grants},
        funding={one.id: one.funding for one in grants},
        absent={one.id: tuple(sorted(set(_quotas(one)) - there)) for one in grants},
        unquoted={one.id: tuple(sorted(set(districts) - set(_quotas(one)))) if _quotas(one) else () for one in grants},
    )


def _blank(one: GrantSection, ledger: pd.DataFrame) -> int:
    return int((ledger[one.column] == "").sum()) if one.column in ledger else len(ledger)


def _figures(one: GrantSection, districts: pd.Series[str], ledger: pd.DataFrame) -> Iterator[GrantFigure]:
    """Count one grant in the city and in every district that has communities or a quota."""
    answers = ledger.get(one.column)
    prices = {entry.grade: entry.yuan for entry in one.grades} or {YES: one.yuan or 0}
    asked = {entry.grade: entry.count for entry in one.grades if entry.count is not None}
    whole = sum(asked.values()) if len(asked) == len(one.grades) > 0 else sum(_quotas(one).values()) or None
    for scope in (None, *sorted({*districts, *_quotas(one)})):
        mine = answers if answers is None or scope is None else answers[districts == scope]
        counts = {grade: None if mine is None else int((mine == grade).sum()) for grade in prices}
        yield _figure(one, scope, "", counts, prices, whole if scope is None else _quotas(one).get(scope))
        for entry in one.grades:
            quota = asked.get(entry.grade) if scope is None else entry.quotas.get(scope)
            yield _figure(one, scope, entry.grade, {entry.grade: counts[entry.grade]}, prices, quota)


def _quotas(one: GrantSection) -> dict[str, int]:
    """Quotas of the districts; those of their grades together where nothing is said of all."""
    found = Counter[str]()
    for entry in one.grades:
        found.update(entry.quotas)
    return dict(found) | one.quotas


def _figure(
    one: GrantSection,
    scope: str | None,
    grade: str,
    counts: Mapping[str, int | None],
    prices: Mapping[str, int],
    quota: int | None,
) -> GrantFigure:
    """Put together the figure of a grade, or of all grades, in the city (no scope) or a district."""
    known = [(number, prices[name]) for name, number in counts.items() if number is not None]
    money_of = None
    if quota is not None and len(counts) == 1:
        money_of = quota * prices[next(iter(counts))]
    elif scope is None and one.grades and all(entry.count is not None for entry in one.grades):
        money_of = sum((entry.count or 0) * entry.yuan for entry in one.grades)
    return GrantFigure(
        grant=one.id,
        clause=one.quota_clause if scope is not None and one.quota_clause else one.clause,
        name=one.name,
        level="city" if scope is None else "district",
        scope=scope or "",
        grade=grade,
        communities=sum(number for number, _ in known) if known else None,
        quota=quota,
        yuan=sum(number * yuan for number, yuan in known) if known else None,
        quota_yuan=money_of,
    )


# --- how it is told ----------------------------------------------------------------------------------------------


def records(granted: Granted) -> dict[str, Any]:
    """Return the figures as plain data: the entry ``grants`` of audit.json."""
    return {
        "figures": [{**asdict(figure), "over": figure.over} for figure in granted.figures],
        "grants": [
            {
                "grant": name,
                "blank": granted.blank[name],
                "yearly": granted.yearly[name],
                "funding": granted.funding[name],
                "districts_absent": list(granted.absent[name]),
                "districts_without_quota": list(granted.unquoted[name]),
            }
            for name in granted.blank
        ],
        "by_funding": granted.by_funding(),
    }


_WHOLE = ("count", "quota", "over", "yuan", "quota_yuan")
_COLUMNS = [
    "grant", "clause", "level", "scope", "grade", "count", "quota", "over", "yuan", "quota_yuan", "yearly", "funding",
    "basis",
]  # fmt: skip


def table(granted: Granted, language: Language, place: str = "") -> pd.DataFrame:
    """Return the figures under headers in words, for a sheet; every line says that it is of the ledger.

    `place` is the one town or district that is audited; empty for a city.
    """

    def word(key: str) -> str:
        return say(f"bureau.{key}", language)

    rows = [
        {
            "grant": figure.name,
            "clause": figure.clause,
            **scope_words(figure.level, figure.scope or word("no_district"), place, language),
            **({"scope": place} if figure.level == "city" else {}),
            "grade": figure.grade,
            "count": figure.communities,
            "quota": figure.quota,
            "over": figure.over,
            "yuan": figure.yuan,
            "quota_yuan": figure.quota_yuan,
            "yearly": word("yearly" if granted.yearly[figure.grant] else "once"),
            "funding": granted.funding[figure.grant] or word("no_funding"),
            "basis": word("ledger_only"),
        }
        for figure in granted.figures
    ]
    frame = pd.DataFrame(rows, columns=_COLUMNS).astype(dict.fromkeys(_WHOLE, "Int64"))
    return frame.rename(columns={name: word(f"column.{name}") for name in _COLUMNS})


def lines(granted: Granted, language: Language) -> Iterator[str]:
    """Say in one sentence or a few what each grant comes to, and which districts differ from their quotas."""
    by_grant: dict[str, list[GrantFigure]] = {}
    for figure in granted.figures:
        by_grant.setdefault(figure.grant, []).append(figure)
    basis = say("bureau.ledger_only", language)
    for name, figures in by_grant.items():
        city = figures[0]
        told: dict[str, object] = {"name": city.name, "clause": city.clause}
        if city.communities is None or city.yuan is None:
            column, empty = granted.column[name]
            key = "empty" if empty else "blank"
            yield say(f"bureau.grant.{key}", language, **told, column=column)
            continue
        when = say("bureau.yearly" if granted.yearly[name] else "bureau.once", language)
        told |= {"count": city.communities, "yuan": money(city.yuan, language), "when": when}
        quota = ""
        if city.quota is not None:
            key = "quota" if city.quota_yuan is None else "quota_yuan"
            quota_yuan = money(city.quota_yuan or 0, language)
            quota = say(f"bureau.grant.{key}", language, count=city.quota, yuan=quota_yuan)
        parts = [f"{quota}{_graded(figures, language)}"]
        parts += [part for part in _by_district(granted, name, figures, language) if part]
        yield say("bureau.grant.sum", language, **told, parts=say("bureau.stop", language).join(parts), basis=basis)


def _graded(figures: Iterable[GrantFigure], language: Language) -> str:
    """Say how many communities of the city have each grade, and which grades have more or fewer than they are given."""
    told = [figure for figure in figures if figure.level == "city" and figure.grade and figure.over]
    return "".join(say("bureau.grant.of_which", language, text=_difference(figure, language)) for figure in told)


def _by_district(granted: Granted, name: str, figures: Sequence[GrantFigure], language: Language) -> Iterator[str]:
    """Say which districts have more or fewer than their quota; each is named once, those without any together."""
    districts = [figure for figure in figures if figure.level == "district" and not figure.grade and figure.over]
    absent, unquoted = granted.absent[name], granted.unquoted[name]
    some = [figure for figure in districts if figure.communities]
    none = [figure for figure in districts if not figure.communities and figure.scope not in absent]
    gone = [figure for figure in districts if figure.scope in absent]
    yield listed([_difference(figure, language) for figure in some], language)
    for key, group in (("none", none), ("absent", gone)):
        if group:
            names = listed([figure.scope for figure in group], language)
            quota = sum(figure.quota or 0 for figure in group)
            yield say(f"bureau.grant.{key}", language, districts=names, quota=quota)
    if unquoted:
        named = [district or say("bureau.no_district", language) for district in unquoted]
        yield say("bureau.grant.unquoted", language, districts=listed(named, language))
    yield from (
        _difference(figure, language)
        for figure in figures
        if figure.level == "district" and figure.grade and figure.over
    )


def _difference(figure: GrantFigure, language: Language) -> str:
    grade = say("bureau.grade", language, grade=figure.grade.removesuffix("级")) if figure.grade else ""
    over = figure.over or 0
    values = {"place": figure.scope, "grade": grade, "count": figure.communities, "quota": figure.quota}
    return say(f"bureau.grant.{'over' if over > 0 else 'under'}", language, **values, number=abs(over))
