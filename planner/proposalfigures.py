"""What a siting proposal reads of run.json, and its figures as they are printed: no figure of its own."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from planner.figures import ABSENT, money, rounded_up
from planner.rulenames import goal_title
from planner.siting import label_of
from planner.standards import standard_name
from planner.words import listed, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from planner.terms import Language

    Record = Mapping[str, Any]
    Key = tuple[str, str, str, str, str, str]

GOAL = "goal:"
"""How the name of a goal begins among the names of what cannot hold together."""

HASH_SHOWN = 12
"""Digits of a SHA-256 that are printed."""

METHODS = ("新建", "改建", "扩建", "专区")
"""Build methods that have words of their own, in the order in which they are told."""

SOURCES = ("就业补助资金", "地方财政", "共建单位")
"""Sources of money in the order in which a proposal names them."""

TOWNS_SHOWN = 5
"""Towns named in a sentence; the tables have all communities."""


@dataclass(frozen=True, eq=False)
class Reading:
    """The content of run.json as sentences and tables ask for it.

    Attributes
    ----------
    run
        The content of run.json.
    language
        ``zh`` or ``en``.
    names
        Standards by id, in words; those of one name carry their id.
    types
        Codes of facility types -> their names; a type that run.json does not name is called by its code.
    groups
        Ids of groups of people -> their names.
    figures
        `effect.figures` by level, scope, standard, state, variant and group.
    """

    run: Record
    language: Language
    names: Mapping[str, str]
    types: Mapping[str, str]
    groups: Mapping[str, str]
    figures: Mapping[Key, Record]

    @property
    def plan(self) -> Record:
        """The plan's record."""
        found: Record = self.run["plan"]
        return found

    @property
    def effect(self) -> Record:
        """The record of effects."""
        found: Record = self.run["effect"]
        return found

    @property
    def planned(self) -> bool:
        """Whether there is a plan at all: where there is none, nothing but today is told."""
        return self.plan["objective"] is not None

    @property
    def given(self) -> bool:
        """Whether the scenario gives the plan: nothing may be said of how good it is beside others."""
        return bool(self.plan.get("given"))

    @property
    def state(self) -> str:
        """The state that tells who stays left out: with the plan, or today where there is none."""
        return "plan" if self.planned else "today"

    def figure(
        self, standard: str, state: str, *, level: str = "city", scope: str = "", variant: str = "", group: str = ""
    ) -> Record | None:
        """Return one row of the figures; None where it was not counted."""
        return self.figures.get((level, scope, standard, state, variant, group))

    @property
    def goals(self) -> Sequence[Record]:
        """The goals that are asked for: not those of which a year asks nothing yet."""
        return [goal for goal in self.run["goals"] if goal["target"]]

    @property
    def shared(self) -> bool:
        """Whether two types open at one place: then facilities are counted, and places are not."""
        places = [row["site_id"] for row in self.plan["opened"]]
        return len(set(places)) < len(places)

    @property
    def limited(self) -> bool:
        """Whether capacity is counted under some standard."""
        return any(one["served_today"] is not None for one in self.run["standards"])

    @property
    def by_road(self) -> bool:
        """Whether some standard measures along roads."""
        return any(one["metric"] == "road" for one in self.run["standards"])

    def standard(self, key: str) -> Record:
        """Return the record of a standard."""
        found: Record = next(one for one in self.run["standards"] if one["id"] == key)
        return found

    def districts(self) -> list[str]:
        """Names of the districts, as the figures have them."""
        rows = self.effect["figures"]
        return list(dict.fromkeys(row["scope"] for row in rows if row["level"] == "district"))


def reading(run: Record) -> Reading:
    """Sort what run.json says by what it is asked for."""
    language: Language = run["language"]
    names = {one["id"]: standard_name(one, language) for one in run["standards"]}
    shared = Counter(names.values())
    facilities = {
        key.removeprefix("facility."): words[language]
        for key, words in run.get("policy", {}).get("names", {}).items()
        if key.startswith("facility.")
    }
    groups = {key: one["name"] for key, one in run["effect"]["left"]["today"]["groups"].items()}
    return Reading(
        run,
        language,
        {
            key: say("standard.shared", language, name=name, id=key) if shared[name] > 1 else name
            for key, name in names.items()
        },
        facilities | {row["type"]: row["type_name"] for row in run["plan"]["opened"]},
        groups,
        {
            (row["level"], row["scope"], row["standard"], row["state"], row["variant"], row["group"]): row
            for row in run["effect"]["figures"]
        },
    )


# --- figures as printed ------------------------------------------------------------------------------------------


def whole(n: int | None, language: Language) -> str:
    """Return a whole number: in English with thousands set apart."""
    return ABSENT if n is None else f"{n:,}" if language == "en" else str(n)


def unit(kind: str, n: int, language: Language) -> str:
    """Return a number with what it counts: 「3处」, “1 site”, “3 sites”."""
    form = "one" if n == 1 else "many"
    return say(f"proposal.unit.{kind}.{form}", language, n=whole(n, language))


def facilities(told: Reading, n: int) -> str:
    """Return how many of what is planned: sites, and where two types open at one place, facilities."""
    return unit("facilities" if told.shared else "sites", n, told.language)


def column(told: Reading, key: str, **values: str) -> str:
    """Return the head of a column."""
    return say(f"proposal.column.{key}", told.language, **values)


def years_counted(told: Reading) -> str:
    """Return over how many years costs are counted."""
    return unit("years", told.run["parameters"]["horizon_years"], told.language)


def tenths(share: int | None) -> str:
    """Return a share that is kept in tenths of a percent."""
    return ABSENT if share is None else f"{share // 10}.{share % 10}%"


def points(change: int | None) -> str:
    """Return a change in tenths of a percentage point, with its sign."""
    if change is None:
        return ABSENT
    return f"{'+' if change > 0 else '-' if change < 0 else ''}{abs(change) // 10}.{abs(change) % 10}"


def money_bare(yuan: int, language: Language) -> str:
    """Return an amount as `money` has it, without the unit, which stands in the head of the column."""
    return money(yuan, language).removesuffix(say("proposal.bare", language))


def date_words(text: str, language: Language) -> str:
    """Return a date as a document writes it."""
    day = dt.date.fromisoformat(text)
    return say("proposal.date", language, year=str(day.year), month=day.month, day=day.day)


def plain(number: float) -> str:
    """Return a number with no more digits than it has."""
    return format(Decimal(str(number)).normalize(), "f")


def metres_up(metres: float | None) -> str:
    """Return whole metres, rounded up, so that what lies beyond a standard never reads as within it."""
    return "" if metres is None else str(rounded_up(metres, 1000))


def minutes_up(seconds: float | None) -> str:
    """Return minutes rounded up to a tenth: 15.02 minutes never read as 15.0."""
    if seconds is None:
        return ""
    tenths_up = rounded_up(seconds, 6000)
    return f"{tenths_up // 10}.{tenths_up % 10}"


# --- names -------------------------------------------------------------------------------------------------------


def town_name(told: Reading, row: Record) -> str:
    """Return a town with its district, where there are several."""
    name = row["district"] + row["town"] if len(told.districts()) > 1 else row["town"] or row["district"]
    return name or say("proposal.no_district", told.language)


def towns_words(told: Reading, left: Record) -> tuple[str, bool]:
    """List the towns with most communities left out, and say whether these are all."""
    rows = sorted(left["by_town"], key=lambda row: -row["communities"])
    names = [
        say(
            "proposal.gap.town",
            told.language,
            name=town_name(told, row),
            communities=unit("communities", row["communities"], told.language),
        )
        for row in rows[:TOWNS_SHOWN]
    ]
    return listed(names, told.language), len(rows) <= TOWNS_SHOWN


def groups_words(told: Reading, left: Record) -> str:
    """Say how many of the people left out are of which group; nothing where none is."""
    language = told.language
    parts = [
        say("proposal.gap.group", language, name=one["name"], people=unit("people", one["people"], language))
        for one in left["groups"].values()
        if one["people"]
    ]
    return say("proposal.gap.groups", language, groups=listed(parts, language)) if parts else ""


def source_rank(name: str) -> tuple[int, str]:
    """Put sources of money in the order of the policy (H12), others after them, and what names none last."""
    known = SOURCES.index(name) if name in SOURCES else len(SOURCES)
    return (known if name else len(SOURCES) + 1, name)


def goal_name(told: Reading, goal: Record) -> str:
    """Call a goal by what it asks for, where, and of whom."""
    about = {
        "of": goal["of"],
        "standard": goal["standard"],
        "scope": goal["scope"],
        "backup": goal["counts"] == "backup",
        "group_name": told.groups.get(goal["group"], goal["group"]) if goal["group"] else "",
    }
    name = goal_title(about, told.names, told.language)
    return say("proposal.goals.served", told.language, name=name) if goal["counts"] == "served" else name


def dated_goal_name(told: Reading, goal: Record) -> str:
    """Call a goal by what it asks for, and by its year where it has one."""
    name = goal_name(told, goal)
    return say("proposal.goals.year", told.language, name=name, year=goal["year"]) if goal["year"] else name


def goal_names(told: Reading) -> Mapping[str, str]:
    """Return what each goal is called, in its scope and year, by its label in the problem."""
    return {label_of(goal["id"], goal["scope"], goal["year"] or 0): dated_goal_name(told, goal) for goal in told.goals}


def conflict_names(told: Reading) -> list[str]:
    """Name what cannot hold together: goals by what they ask for, rules as run.json has them in words."""
    names, plan = goal_names(told), told.plan
    pairs = zip(plan["conflict"], plan["conflict_words"], strict=True)
    return [names.get(name.removeprefix(GOAL), words) if name.startswith(GOAL) else words for name, words in pairs]


def goals_of_last_year(goals: Iterable[Record]) -> Sequence[Record]:
    """Return the goals as they stand in the last year that they are asked in."""
    rows = list(goals)
    last = max((goal["year"] or 0 for goal in rows), default=0)
    return [goal for goal in rows if (goal["year"] or 0) == last]
