"""Policy packs as a reader sees them: which there are, and what one asks for, each with the words of its clause."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.citations import clause_line, in_language, input_lines, pack_lines, policy_record
from planner.errors import Fault, ScenarioError
from planner.figures import exact_percent, money
from planner.packs import near_words, read_pack, shipped
from planner.scenario import check_pack
from planner.standards import standard_name
from planner.words import listed, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from planner.policyschema import ChecklistSection, GrantSection
    from planner.schema import CountSection, GoalSection, Scenario
    from planner.terms import Language


def list_packs(language: Language) -> dict[str, Any]:
    """Return the packs that come with the planner: ``packs`` (id, title, document, state, why) and ``language``."""
    found = []
    for name in shipped():
        record = show_pack(name, language)
        document = next(one for one in record["documents"] if one["id"] == record["pack"]["document"])
        found.append({**record["pack"], "document": document})
    return {"language": language, "packs": found}


def list_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Say which packs there are, one a line, with the state of their documents."""
    language: Language = found["language"]
    for pack in found["packs"]:
        document = pack["document"]
        yield say(
            "policy.listed",
            language,
            id=pack["id"],
            title=in_language(pack, "title", "en", language),
            state=say(f"policy.state.{document['state']}", language),
            why=_because(in_language(document, "why", "why_en", language), language),
        )
    yield say("policy.list_foot", language)


def show_pack(name: str, language: Language) -> dict[str, Any]:
    """Say what a pack asks for.

    Parameters
    ----------
    name
        Id of a pack of the planner, or a file of the bureau's own.
    language
        Of the words.

    Returns
    -------
    record
        ``pack``, ``documents``, ``clauses``, ``inputs`` as `citations.policy_record` has them; ``entries``: section,
        id, clause and words of each standard, goal, count, checklist and grant; ``language``.

    Raises
    ------
    ScenarioError
        If there is no such pack, or with everything that is wrong with it.
    """
    known = {"near": near_words(name, shipped()), "known": " ".join(shipped())}
    pack = read_pack(name, Path(), Fault("unknown_policy", values={"name": name, **known}))
    checked = check_pack(pack)
    if checked.faults or checked.scenario is None:
        raise ScenarioError(*checked.faults)
    record = policy_record(checked.scenario, checked.merged)
    return {**record, "entries": list(_entries(checked.scenario, language)), "language": language}


def show_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Say what a pack asks for, section by section; each entry with its clause, then what the text leaves open."""
    language: Language = found["language"]
    yield from pack_lines(found, language)
    clauses, section = {clause["id"]: clause for clause in found["clauses"]}, ""
    for entry in found["entries"]:
        if entry["section"] != section:
            section = entry["section"]
            yield ""
            yield say(f"policy.heading.{section}", language)
        yield say("policy.entry", language, **entry)
        for clause in entry["clauses"]:
            yield f"    {clause_line(clauses[clause], language)}"
    if found["inputs"]:
        yield ""
        yield say("policy.heading.input", language)
        yield from (f"  {line}" for line in input_lines(found["inputs"], found["names"], language))


def _because(why: str, language: Language) -> str:
    return say("policy.because", language, why=why) if why else ""


def _entries(scenario: Scenario, language: Language) -> Iterator[dict[str, Any]]:
    """Put each entry of a pack in words, in the order of the sections."""
    types = {facility.type: facility.name for facility in scenario.facility}
    names = {}
    for standard in scenario.standard:
        names[standard.id] = standard_name(standard.model_dump() | {"setting": standard.applies_to.setting}, language)
        served = listed((types.get(name, name) for name in standard.served_by), language)
        words = say("policy.words.standard", language, name=names[standard.id], served=served)
        yield _entry("standard", standard, words)
    for goal in scenario.goal:
        yield _entry("goal", goal, _goal(goal, names, language))
    for count in scenario.count:
        yield _entry("count", count, _count(count, types, language))
    for checklist in scenario.checklist:
        yield _entry("checklist", checklist, _checklist(checklist, language))
    for grant in scenario.grant:
        yield _entry("grant", grant, _grant(grant, language))


def _entry(section: str, entry: Any, words: str) -> dict[str, Any]:
    clauses = [name for name in (entry.clause, getattr(entry, "quota_clause", "")) if name]
    return {"section": section, "id": entry.id, "clauses": clauses, "words": words}


def _goal(goal: GoalSection, names: Mapping[str, str], language: Language) -> str:
    values = {
        "name": names.get(goal.standard, goal.standard),
        "of": say(f"book.choice.of.{goal.of}", language),
        "share": exact_percent(float(goal.share)),
        "each": goal.town or goal.district or say(f"book.choice.each.{goal.each}", language),
    }
    return say("policy.words.goal", language, **values)


def _count(count: CountSection, types: Mapping[str, str], language: Language) -> str:
    values = {
        "name": listed((types.get(name, name) for name in count.types), language),
        "tier": _because(count.tier or "", language),
        "least": count.min,
        "each": count.town or count.district or say(f"book.choice.each.{count.each}", language),
    }
    most = "" if count.max is None else say("policy.words.at_most", language, most=count.max)
    return say("policy.words.count", language, **values) + most


def _checklist(checklist: ChecklistSection, language: Language) -> str:
    if checklist.items:
        words = say("policy.words.items", language, name=checklist.name, items=listed(checklist.items, language))
    else:
        words = say("policy.words.rate", language, name=checklist.name, part=checklist.part, whole=checklist.whole)
    by_year = sorted((year, exact_percent(float(share))) for year, share in checklist.shares.items())
    shares = [say("policy.words.year", language, year=year, share=share) for year, share in by_year]
    shares = shares or ([exact_percent(float(checklist.share))] if checklist.share is not None else [])
    return words + say(f"policy.words.{'target' if shares else 'no_target'}", language, shares=listed(shares, language))


def _grant(grant: GrantSection, language: Language) -> str:
    parts = []
    for grade in grant.grades:
        key = "policy.words.grade" if grade.count is not None else "policy.words.grade_any"
        parts.append(say(key, language, grade=grade.grade, count=grade.count, money=money(grade.yuan, language)))
    if grant.yuan is not None:
        each = "policy.words.yearly" if grant.yearly else "policy.words.once"
        parts.append(say(each, language, money=money(grant.yuan, language)))
    if grant.grades and all(grade.count is not None for grade in grant.grades):
        total = sum((grade.count or 0) * grade.yuan for grade in grant.grades)
        parts.append(say("policy.words.total", language, money=money(total, language)))
    if grant.quotas:
        quotas = listed((f"{district} {number}" for district, number in grant.quotas.items()), language)
        parts.append(say("policy.words.quotas", language, quotas=quotas, count=sum(grant.quotas.values())))
    return say("policy.words.grant", language, name=grant.name, column=grant.column, parts=listed(parts, language))
