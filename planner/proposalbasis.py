"""Sentences of a siting proposal on what it rests on: documents, clauses, standards, and what the text leaves open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner.citations import IN_FORCE, in_language, said
from planner.words import layer_name, listed, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planner.proposalfigures import Reading
    from planner.terms import Language

    Record = Mapping[str, Any]


def documents(told: Reading) -> Iterator[str]:
    """Name the pack and every document that is cited, with its state, and a warning where it is not in force."""
    language, policy = told.language, told.run.get("policy")
    if not policy:
        yield say("proposal.basis.no_policy", language)
        return
    if policy["pack"]:
        yield say("proposal.basis.pack", language, title=in_language(policy["pack"], "title", "en", language))
    for document in policy["documents"]:
        why = in_language(document, "why", "why_en", language)
        number = f"（{document['number']}）" if document["number"] and language == "zh" else ""
        yield say(
            "proposal.basis.document" if document["state"] == IN_FORCE else "proposal.basis.document_void",
            language,
            title=in_language(document, "title", "en", language) + number,
            state=say(f"policy.state.{document['state']}", language),
            why=say("proposal.basis.because", language, why=why) if why else "",
        )


def clauses(told: Reading) -> Iterator[str]:
    """Quote every clause that is cited, word for word."""
    language = told.language
    for clause in told.run.get("policy", {}).get("clauses", ()):
        quoted = (clause["quotation"], *clause["more"])
        words = listed((say("proposal.basis.quoted", language, words=_inner(one)) for one in quoted), language)
        if language == "en" and clause["en"]:
            words = say("proposal.basis.meant", language, meaning=clause["en"], words=words)
        place = say("proposal.basis.place", language, place=clause["place"]) if clause["place"] else ""
        yield say("proposal.basis.clause", language, id=clause["id"], place=place, words=words)


def _inner(quotation: str) -> str:
    """Return a quotation with its own quotation marks as those within others."""
    return quotation.translate(str.maketrans("“”", "‘’"))


def standards(told: Reading) -> Iterator[str]:
    """Say of each standard whom it is for and who serves them, and which ones decide."""
    language, decides = told.language, told.effect["decides"]
    for one in told.run["standards"]:
        layer = layer_name(one["layer"], language)
        served = listed((told.types.get(kind, kind) for kind in one["served_by"]), language)
        cited = say("proposal.basis.cited", language, clause=one["clause"]) if one["clause"] else ""
        line = say(
            "proposal.basis.standard",
            language,
            name=told.names[one["id"]],
            who=say(f"proposal.setting.{one['setting'] or 'all'}", language, layer=layer),
            served=served,
            clause=cited,
        )
        space = " " if language == "en" else ""
        nobody = not one["people"] and not one["not_assessable"]
        yield line + (space + say("proposal.basis.nobody", language) if nobody else "")
    if decides:
        key = "decides" if len(decides) < len(told.run["standards"]) else "decides_all"
        names = listed((f"“{told.names[one]}”" for one in decides), language)
        yield say(f"proposal.basis.{key}", language, names=names)


def values_left_open(told: Reading) -> Iterator[tuple[str, ...]]:
    """Return what clauses leave open and what is taken: clause, item, value, whose it is, and why, of each one cell."""
    language, policy = told.language, told.run.get("policy")
    for entry in policy["inputs"] if policy else ():
        words = _said(entry, ("default", "value"), told)
        whose = say("proposal.basis.bureau" if entry["own"] else "proposal.basis.default", language)
        value = words["value"] or say("proposal.basis.not_given", language)
        yield entry["clause"], words["name"], value, whose, in_language(entry, "why", "why_en", language)


def own_values(told: Reading) -> Iterator[str]:
    """Say where the bureau departs from the pack."""
    language, policy = told.language, told.run.get("policy")
    parts: dict[str, list[str]] = {"own": [], "added": [], "dropped": []}
    for entry in policy["own"] if policy else ():
        words = _said(entry, ("pack", "own"), told)
        key = "dropped" if not entry["own"] else "own" if entry["pack"] else "added"
        parts[key].append(say("proposal.basis.own_part", language, **words) if key == "own" else words["name"])
    for key, names in parts.items():
        if names:
            yield say(f"proposal.basis.{key}", language, parts=listed(names, language))


def _said(entry: Record, keys: Sequence[str], told: Reading) -> dict[str, Any]:
    """Return an entry with its key and values called as people call them: types and standards by their names."""
    names: Mapping[str, Mapping[Language, str]] = told.run["policy"]["names"]
    words = said(entry, keys, names, told.language)
    known = {**told.types, **told.names}
    return {
        **words,
        **{key: listed((known.get(one, one) for one in words[key].split(";")), told.language) for key in keys},
    }
