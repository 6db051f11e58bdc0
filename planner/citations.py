"""What a scenario rests on: the clauses that it cites, the state of their documents, and whose its values are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner.bookkeys import choice_label, label, pages, sheet_name
from planner.leaves import leaves, shown, value_at
from planner.packs import CITING, with_clauses
from planner.policyschema import ClauseSection
from planner.rulenames import entry_names
from planner.words import listed, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from planner.bookkeys import Key
    from planner.schema import Scenario
    from planner.terms import Language

    Names = Mapping[str, Mapping[Language, str]]

IN_FORCE = "现行"


def cited(scenario: Scenario) -> dict[str, list[str]]:
    """Clauses that a scenario cites, each with the entries that do: ``standard.urban-walk-15``."""
    found: dict[str, list[str]] = {}
    for section in CITING:
        for entry in getattr(scenario, section):
            if entry.clause:
                name = entry.key if section == "input" else f"{section}.{entry.id}"
                found.setdefault(entry.clause, []).append(name)
    for grant in scenario.grant:
        if grant.quota_clause:
            found.setdefault(grant.quota_clause, []).append(f"grant.{grant.id}.quotas")
    return found


def policy_record(scenario: Scenario, merged: Mapping[str, Any]) -> dict[str, Any]:
    """Say what the figures of a scenario rest on.

    Parameters
    ----------
    scenario, merged
        The scenario, and its data as merged.

    Returns
    -------
    record
        ``pack`` (id, title, document; None without one), ``documents`` (id, title, number, state, why) and ``clauses``
        (id, document, place, kind, quotation, more, cited_by) of what is cited, ``inputs`` (what the text leaves open:
        key, clause, default, value, own, why), ``own`` (values of the pack that the bureau replaced: key, pack,
        own) and ``names`` (what each entry is called in each language, by section and id).
    """
    known, by, pack = with_clauses(scenario.clause), cited(scenario), scenario.pack
    clauses = [known.clauses[name] for name in sorted(by)]
    named = [*({pack.document} if pack else ()), *(clause.document for clause in clauses)]
    documents = {name: known.document(name) for name in named}
    states = {clause.document: clause.state for clause in scenario.clause if clause.state}
    states |= {pack.document: pack.state} if pack and pack.state else {}
    for name in states.keys() & documents.keys():
        documents[name] = documents[name].model_copy(update={"state": states[name]})
    values = dict(leaves(merged))
    return {
        "pack": {"id": pack.id, "title": pack.title, "en": pack.en, "document": pack.document} if pack else None,
        "documents": [documents[name].model_dump() for name in sorted(documents)],
        "clauses": [
            {**clause.model_dump(include=set(ClauseSection.model_fields)), "cited_by": by[clause.id]}
            for clause in clauses
        ],
        "inputs": [
            {
                "key": entry.key,
                "clause": entry.clause,
                "default": shown(entry.default),
                "value": shown(value_at(values, entry.key)),
                "own": value_at(values, entry.key) != entry.default,
                "why": entry.why,
                "why_en": entry.why_en,
            }
            for entry in scenario.input  # of what the bureau dropped there is none: that is told as its own
        ],
        "own": [entry.model_dump() for entry in pack.own] if pack else [],
        "names": entry_names(scenario),
    }


def policy_part(scenario: Scenario, merged: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a record that says what figures rest on; none where no pack and no clause is named."""
    return {"policy": policy_record(scenario, merged)} if scenario.pack or cited(scenario) else {}


def pack_lines(policy: Mapping[str, Any], language: Language) -> Iterator[str]:
    """Name the pack and every document, with its state and a warning where that is not 现行."""
    pack = policy["pack"]
    if pack:
        yield say("policy.pack", language, id=pack["id"], title=in_language(pack, "title", "en", language))
    for document in policy["documents"]:
        yield document_line(document, language)


def value_lines(policy: Mapping[str, Any], language: Language) -> Iterator[str]:
    """Say what clauses leave open, with the values taken and why, then the values that are the bureau's own."""
    names = policy["names"]
    yield from input_lines(policy["inputs"], names, language)
    for entry in policy["own"]:
        kind = "dropped" if not entry["own"] else "own" if entry["pack"] else "added"
        whole = kind != "own" and entry["key"].endswith(f".{entry['own'] or entry['pack']}")
        key = f"policy.{kind}_entry" if whole else f"policy.{kind}"
        yield say(key, language, **said(entry, ("pack", "own"), names, language))


def input_lines(inputs: Iterable[Mapping[str, Any]], names: Names, language: Language) -> Iterator[str]:
    """Say what clauses leave open, with the values taken and why."""
    for entry in inputs:
        own = "policy.input_own" if entry["default"] else "policy.input_given"
        key = own if entry["own"] else "policy.input" if entry["value"] else "policy.input_none"
        why = in_language(entry, "why", "why_en", language)
        yield say(key, language, **{**said(entry, ("default", "value"), names, language), "why": why})


def said(entry: Mapping[str, Any], values: Iterable[str], names: Names, language: Language) -> dict[str, Any]:
    """Return an entry with its key, and its values of a choice, called as in the workbook."""
    name, known = key_in_words(entry["key"], names, language)
    words = {choice: choice_label(known, choice, language) for choice in known.choices} if known else {}
    return {**entry, "name": name, **{value: words.get(entry[value], entry[value]) for value in values}}


def key_in_words(key: str, names: Names, language: Language) -> tuple[str, Key | None]:
    """Say what a key such as ``standard.rural-5km.metric`` is called, and find it among the keys of the workbook.

    Parameters
    ----------
    key
        The key.
    names
        What entries are called, as `policy_record` has it; one without a name is called by its id.
    language
        Of the words.

    Returns
    -------
    name, known
        The key itself, and None, where it is none of the workbook's, such as the year of a share.
    """
    for page in sorted(pages(), key=lambda page: -len(page.section)):
        within = "".join(f"{part}." for part in page.section)
        rest = key.removeprefix(within)
        if not page.section or not key.startswith(within):
            continue
        sheet = sheet_name(page.name, language)
        for known in page.keys:
            title = label(page, known, language)
            if page.entries and rest.endswith(f".{known.name}"):
                entry = _entry(within, rest.removesuffix(f".{known.name}"), names, sheet, language)
                return say("policy.name_of", language, entry=entry, label=title), known
            if not page.entries and rest == known.name:
                return say("policy.name", language, sheet=sheet, label=title), known
        if page.entries:
            return _entry(within, rest, names, sheet, language), None
    return key, None


def _entry(within: str, name: str, names: Names, sheet: str, language: Language) -> str:
    """Name an entry of a sheet: by what it asks for, or by its id."""
    called = names.get(within + name, {}).get(language, name)
    within_quotes = called.replace("“", "‘").replace("”", "’") if language == "zh" else called
    return say("policy.name_of_entry", language, sheet=sheet, name=within_quotes)


def clause_line(clause: Mapping[str, Any], language: Language) -> str:
    """Return a clause with all its quotations; in English with what they mean, where that is known."""
    quotations = (clause["quotation"], *clause["more"])
    words = listed((say("policy.quoted", language, quotation=text) for text in quotations), language)
    if language == "en" and clause["en"]:
        words = say("policy.meant", language, meaning=clause["en"], words=words)
    place = say("policy.because", language, why=clause["place"]) if clause["place"] else ""
    return say("policy.clause", language, id=clause["id"], place=place, words=words)


def quoted_beside(policy: Mapping[str, Any] | None, entry: str, language: Language) -> Iterator[str]:
    """Quote the clauses of an entry, such as ``standard.urban-walk-15``, to stand beside its result: their first words.

    Nothing without a record: a scenario may cite no clause.
    """
    for clause in policy["clauses"] if policy else ():
        if entry in clause["cited_by"]:
            words = say("policy.quoted", language, quotation=clause["quotation"])
            yield say("policy.beside", language, id=clause["id"], words=words)


def document_line(document: Mapping[str, Any], language: Language) -> str:
    """Name a document with its state, and warn where that is not 现行."""
    number = document["number"] if language == "zh" else ""
    why = in_language(document, "why", "why_en", language)
    return say(
        "policy.document" if document["state"] == IN_FORCE else "policy.document_void",
        language,
        title=number + in_language(document, "title", "en", language),
        state=say(f"policy.state.{document['state']}", language),
        why=say("policy.because", language, why=why) if why else "",
    )


def in_language(holder: Mapping[str, Any], key: str, english: str, language: Language) -> str:
    """Return a text of a record in a language; the Chinese one where there is no English."""
    return str((language == "en" and holder[english]) or holder[key])
