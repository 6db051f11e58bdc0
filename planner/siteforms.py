"""What the page of a planned site says: its facts, why it is chosen, and why the runner-up is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner.blocks import Form
from planner.figures import money
from planner.proposalswaps import end_of, served
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planner.terms import Language

    Row = Mapping[str, Any]

_ALWAYS = "always"


def plain(value: object) -> str:
    """Return a name or other text of a table in one line; empty where the table says nothing."""
    return "" if value is None else " ".join(str(value).split())


def type_of(row: Row, language: Language, prefix: str = "") -> str:
    """Name the type of a facility, with its size where it has one."""
    name, size = plain(row[f"{prefix}type_name"]), plain(row.get(f"{prefix}size"))
    return say("sitepages.sized", language, type=name, size=size) if size else name


def facts(row: Row, language: Language) -> Form:
    """Make the table of a site.

    Parameters
    ----------
    row
        A row of ``plan.opened``. What the bureau has not given is left for a pen.
    language
        ``zh`` or ``en``.
    """
    hours, method = plain(row.get("hours")), plain(row.get("build_method"))
    if not method and row["at_existing"]:
        method = say("sitepages.added", language)
    values = {
        "place": _place(row, language),
        "year": plain(row["year"]),
        "host": plain(row.get("host")),
        "owner": plain(row.get("owner")),
        "build_method": method,
        "area_m2": _area(row.get("area_m2"), language),
        "hours": say("sitepages.always", language) if hours == _ALWAYS else hours,
        "funding": plain(row["funding"]),
        "once": _cost(row, "once", language),
        "yearly": _cost(row, "yearly", language),
        "people": _people(row.get("people"), language),
        "newly": _people(row.get("newly_covered"), language),
        "only": _people(row.get("only_people"), language),
        "site_id": say("sitepages.numbered", language, number=row["number"], id=plain(row["site_id"])),
    }
    pairs = tuple((say(f"sitepages.label.{key}", language), text) for key, text in values.items())
    lines = {"services": plain(row.get("services")), "counted": say("sitepages.counted", language)}
    return Form("", pairs, tuple((say(f"sitepages.label.{key}", language), text) for key, text in lines.items()))


def about_plan(run: Row) -> dict[str, Any]:
    """Return of run.json what `verdict` and `runner_up` ask for beside the row of a site; cards have parts of it."""
    return {
        "years": run["parameters"]["horizon_years"],
        "best_effort": bool(run["plan"].get("best_effort")),
        "limited": any(one.get("served_today") is not None for one in run.get("standards", ())),
        "aimed": "goals" not in run or any(goal["target"] for goal in run["goals"]),
        "given": bool(run["plan"].get("given")),
    }


def verdict(
    row: Row,
    *,
    years: int,
    best_effort: bool,
    language: Language,
    limited: bool = False,
    aimed: bool = True,
    given: bool = False,
) -> Form:
    """Make the table under the map: why, what comes second, the owner's consent and who fills in, the last two blank.

    Parameters
    ----------
    row
        A row of ``plan.opened``.
    years
        Over how many years costs are compared.
    best_effort
        Whether the plan falls short of its goals.
    language
        ``zh`` or ``en``.
    limited
        Whether capacity is counted under some standard: people lost are then those whom outlets no longer take.
    aimed
        Whether there are goals.
    given
        Whether the scenario gives the plan: then nothing was looked for in the place of a site.
    """
    about: dict[str, Any] = {"years": years, "best_effort": best_effort, "limited": limited, "aimed": aimed}
    second = runner_up(row, **about, given=given, language=language)
    values = {
        "why": _joined(_why(row, language, limited=limited), language),
        "runner_up": second,
        "consent": say("sitepages.pen.consent", language),
        "filled": say("sitepages.pen.filled", language),
    }
    return Form("", (), tuple((say(f"sitepages.label.{key}", language), text) for key, text in values.items()))


def runner_up(
    row: Row,
    *,
    years: int,
    best_effort: bool,
    language: Language,
    limited: bool = False,
    aimed: bool = True,
    given: bool = False,
) -> str:
    """Say what comes second and why it is not chosen; parameters as of `verdict`. Empty where nobody asked."""
    if "runner_up_site_id" not in row:
        return ""
    if given:
        return say("sitepages.second.given", language)
    if not row["runner_up_site_id"]:
        told = [say("sitepages.second.none", language)]
    else:
        goals = ("keeps_effort" if best_effort else "keeps") if row["runner_up_keeps_goals"] else "fails"
        if best_effort and goals == "fails":
            goals = "fails_effort"
        told = [_second(row, language), _instead(row, years, goals if aimed else "", language, limited=limited)]
    if not row["in_time"]:
        told.append(say("sitepages.second.not_in_time", language))
    return _joined(told, language)


def _second(row: Row, language: Language) -> str:
    """Name the runner-up with its costs."""
    here = row["runner_up_site_id"] == row["site_id"]
    names = {"type": type_of(row, language, "runner_up_"), **({} if here else {"name": plain(row["runner_up_name"])})}
    costs = {part: money(row[f"runner_up_cost_{part}_yuan"], language) for part in ("once", "yearly")}
    return say(f"sitepages.second.{'here' if here else 'named'}", language, **names, **costs)


def _instead(row: Row, years: int, goals: str, language: Language, *, limited: bool) -> str:
    """Say what the plan would be with the runner-up: its costs, its goals, who loses cover, and what follows.

    Under capacity more people may be served than now; then nobody is said to lose cover.
    """
    more, lost = row["runner_up_more_yuan"], row["runner_up_lost_people"]
    cost = "more" if more > 0 else "less" if more < 0 else "same"
    yuan = {"yuan": money(abs(more), language)} if more else {}
    people = ("loses" if lost > 0 else "nobody") + ("_served" if served(row, limited) else "")
    parts = [
        say(f"sitepages.second.{cost}", language, years=years, **yuan),
        *([say(f"sitepages.second.{goals}", language)] if goals else []),
        say(f"sitepages.second.{people}", language, **({"n": _digits(lost, language)} if lost > 0 else {})),
    ]
    return say("sitepages.second.join", language).join(parts) + say(f"sitepages.second.{end_of(row)}", language)


def _why(row: Row, language: Language, *, limited: bool) -> list[str]:
    """Sentences of the record, and how many people would lose cover."""
    lost = row.get("lost_people") or 0
    told = [plain(sentence) for sentence in row.get("why", ())]
    key = "sitepages.why.lost" + ("_served" if served(row, limited) else "")
    return told + ([say(key, language, n=_digits(lost, language))] if lost > 0 else [])


# ---- as printed ----


def _place(row: Row, language: Language) -> str:
    district, town = plain(row.get("district")), plain(row.get("town"))
    if district and town and district != town:
        return say("sitepages.place", language, district=district, town=town)
    return district or town


def _cost(row: Row, part: str, language: Language) -> str:
    amount = money(row[f"cost_{part}_yuan"], language)
    return say("sitepages.estimated", language, money=amount) if row[f"estimated_{part}"] else amount


def _digits(n: int, language: Language) -> str:
    return f"{n:,}" if language == "en" else str(n)


def _people(n: int | None, language: Language) -> str:
    return "" if n is None else say("sitepages.people", language, n=_digits(n, language))


def _area(square_m: float | None, language: Language) -> str:
    """Return an area as it was given, without a decimal point where it is whole."""
    if square_m is None:
        return ""
    return say("sitepages.area", language, n=int(square_m) if float(square_m).is_integer() else float(square_m))


def _joined(sentences: list[str], language: Language) -> str:
    return (" " if language == "en" else "").join(sentences)
