"""An audit in plain sentences, for the terminal and the first sheet. Every figure comes from its record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner import changetables
from planner.citations import pack_lines, value_lines
from planner.countstands import lines as count_lines
from planner.figures import percent
from planner.provenance import doubt_lines
from planner.record import standard_names
from planner.rulenames import scope_words
from planner.trend import milestone_lines, missing_lines, trend_lines
from planner.words import listed, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from planner.terms import Language

SCOPES_SHOWN = 5
"""Districts or towns named that fall short of a goal; all are in the ledger."""

TOWNS_SHOWN = 5
"""Towns named that have most communities left out."""


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Say what an audit found: the title, doubts, what it rests on, the figures, and the bureau's own values."""
    language: Language = found["language"]
    yield say("audit.title", language, title=found["title"], date=found["data_date"])
    yield from doubt_lines(found["doubts"], language)
    yield from pack_lines(found["policy"], language)
    yield ""
    yield from summary_lines(found)
    taken = [entry for entry in found["policy"]["inputs"] if not entry["own"]]
    own = [entry for entry in found["policy"]["inputs"] if entry["own"]]
    yield ""
    yield from value_lines({**found["policy"], "inputs": own}, language)
    if taken:
        yield say("audit.taken", language, count=len(taken))


def summary_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Say how communities stand, in the sentences of an audit report."""
    language: Language = found["language"]
    names = standard_names(found["standards"], language)
    yield from _outlet_lines(found, language)
    yield from _standing_lines(found, names, language)
    whole = _figure(found, "", "")
    if whole is None:
        yield say("audit.none_judged", language)
    if whole and whole["unassessable"]:
        key = "audit.unassessable_by" if found["parameters"]["check_by"] else "audit.unassessable"
        yield say(key, language, count=whole["unassessable"], date=found["parameters"]["check_by"])
    if whole and whole["near_limit"]:
        yield say("audit.near_limit", language, count=whole["near_limit"])
    yield from _left_out_lines(found, language)
    if found["changes"]:
        yield from changetables.sentences({**found["changes"], "outlets": None}, names, language)
    yield from trend_lines(found["trend"], language)
    yield from count_lines(found["counts"], language)
    yield from found["reported"]
    yield from _milestone_lines(found, language)
    yield from missing_lines(found["missing"], found["milestones"]["goals"], names, language)
    yield from _night_lines(found, language)


def _outlet_lines(found: Mapping[str, Any], language: Language) -> Iterator[str]:
    """Say how many outlets there are, and what came and went since last year."""
    outlets, changes = found["outlets"], found["changes"]
    since = changes and changes["outlets"]
    key = "audit.outlets_since" if since else "audit.outlets"
    yield say(key, language, date=found["data_date"], **{**outlets, **(since or {})})
    if outlets["communities_without"]:
        yield say("audit.without_outlet", language, count=outlets["communities_without"])


def _night_lines(found: Mapping[str, Any], language: Language) -> Iterator[str]:
    """Say who reaches an outlet by night (clause W7: information), or that nothing is known of it."""
    row, outlets = _figure(found, "", "night"), found["outlets"]
    unknown = len(outlets["unknown_hours"])
    if row is None and unknown:
        yield say("audit.night_unknown", language, unknown=unknown)
    if row is None or not row["people"]:
        return
    more = say("audit.hours_unknown", language, unknown=unknown) if unknown else ""
    yield say("audit.night", language, share=percent(row["covered"], row["people"]), more=more)


def _figure(found: Mapping[str, Any], standard: str, variant: str, group: str = "") -> Mapping[str, Any] | None:
    """Return one row of the city's figures; None where it is not counted."""
    wanted = {"standard": standard, "variant": variant, "group": group}
    return next((row for row in found["figures"] if all(row[key] == value for key, value in wanted.items())), None)


def _standing_lines(found: Mapping[str, Any], names: Mapping[str, str], language: Language) -> Iterator[str]:
    """Say how many communities meet each deciding standard, with the other metric beside it, and all together."""
    standards = {one["id"]: one for one in found["standards"]}
    decides = found["parameters"]["decides"]
    for standard in decides:
        row, other = _figure(found, standard, ""), _figure(found, standard, "other-metric")
        if row is None:
            continue
        about = standards[standard]
        beside = ""
        if other is not None:
            rate = percent(other["met"], other["assessable"])
            beside = say(f"audit.beside_{about['metric']}", language, rate=rate)
        yield say(
            "audit.standing",
            language,
            name=names[standard],
            how=_how(about, found["parameters"]["walk_kph"], language),
            who=say(f"audit.who.{about['setting'] or 'all'}", language),
            beside=beside,
            **_values(row),
        )
    whole = _figure(found, "", "")
    if len(decides) > 1 and whole is not None:
        yield say("audit.together", language, **_values(whole))


def _how(standard: Mapping[str, Any], walk_kph: float, language: Language) -> str:
    """Say how a standard is measured, as a report puts it in brackets."""
    if standard["mode"] == "drive" and standard["metric"] == "road":
        return say("audit.how.drive", language)
    metric = say(f"audit.how.{standard['metric']}", language)
    if standard["minutes"] is None:
        return metric
    return say("audit.how.walk", language, walk_kph=f"{walk_kph:g}", metric=metric)


def _values(row: Mapping[str, Any]) -> dict[str, Any]:
    shares = {"rate": percent(row["met"], row["assessable"]), "share": percent(row["covered"], row["people"])}
    return {"met": row["met"], "assessable": row["assessable"], **shares}


def _milestone_lines(found: Mapping[str, Any], language: Language) -> Iterator[str]:
    """Say how far the goals of the whole city are, and of others the first that fall short in the last year."""
    goals = found["milestones"]["goals"]
    last = max((one["year"] for one in goals), default=0)
    short = [one for one in goals if one["scope"] and one["short"] and one["year"] == last]
    told = [*(one for one in goals if not one["scope"]), *short[:SCOPES_SHOWN]]
    yield from milestone_lines(told, (), standard_names(found["standards"], language), language)
    if len(short) > SCOPES_SHOWN:
        yield say("audit.more_scopes", language, count=len(short) - SCOPES_SHOWN)


def _left_out_lines(found: Mapping[str, Any], language: Language) -> Iterator[str]:
    left = found["left_out"]
    if not left["communities"]:
        return
    towns = [say("audit.town", language, name=scope_words(name), count=count) for name, count in left["towns"].items()]
    people = say("audit.left_out", language, communities=left["communities"], people=left["people"])
    yield people + "".join(_group_parts(found, language)) + say("audit.stop", language)
    if towns:
        yield say("audit.left_out_towns", language, towns=listed(towns[:TOWNS_SHOWN], language))
    told = found["left_out_why"]["reasons"]
    reasons = [say(f"audit.why.{name}", language, count=count) for name, count in told.items() if count]
    if reasons:
        yield say("audit.reasons", language, reasons=listed(reasons, language))


def _group_parts(found: Mapping[str, Any], language: Language) -> Iterator[str]:
    """Say how many of the people left out are of which group: of the tables of people, and of the bureau's ledger."""
    names, told = found["left_out_why"]["group_names"], found["left_out_why"]
    for group, people in found["left_out"]["groups"].items():
        yield say("audit.of_group", language, name=names.get(group, group), people=people)
    for name, people in told["reported"].items():
        if people is not None:
            blank = say("audit.group_blank", language, count=told["blank"][name]) if told["blank"][name] else ""
            yield say("audit.of_group", language, name=name, people=people) + blank
