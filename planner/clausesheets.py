"""Sheets of the ledger on what it rests on: the clauses quoted, and the values that their text leaves open."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.citations import in_language, key_in_words, said
from planner.packs import library
from planner.policyschema import ClauseSection, KnownClause
from planner.words import listed, say, sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planner.policyschema import PlaceSection
    from planner.terms import Language


def clauses(policy: Mapping[str, Any], language: Language) -> pd.DataFrame:
    """List the clauses of the pack's document, cited or not, and the others that a scenario cites.

    Parameters
    ----------
    policy
        As `citations.policy_record` returns it.
    language
        Of the words; quotations stay as they are.

    Returns
    -------
    table
        clause, document, document_state (with why), place, quotation (all that is quoted of it), used_in (the entries
        that cite it, as the workbook of a scenario calls them), shown_in (see `shown_in`).
    """
    documents = {one["id"]: one for one in policy["documents"]}
    rows = []
    for clause in _clauses(policy):
        document = documents[clause["document"]]
        why = in_language(document, "why", "why_en", language)
        state = say(f"policy.state.{document['state']}", language)
        used = (key_in_words(entry, policy["names"], language)[0] for entry in clause["cited_by"])
        rows.append(
            {
                "clause": clause["id"],
                "document": document["number"] + document["title"],
                "document_state": state + (say("policy.because", language, why=why) if why else ""),
                "place": clause["place"],
                "quotation": "\n".join((clause["quotation"], *clause["more"])),
                "used_in": listed(used, language) or None,
                "shown_in": shown_in(clause["id"], language) or None,
            }
        )
    return pd.DataFrame(rows, dtype=object)


def _clauses(policy: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the clauses to list as `citations.policy_record` has them: the planner's own first, in their order."""
    cited, known = {clause["id"]: clause for clause in policy["clauses"]}, library().clauses
    document = policy["pack"]["document"] if policy["pack"] else None
    for name, clause in known.items():
        if name in cited:
            yield cited.pop(name)
        elif clause.document == document:
            yield {**clause.model_dump(include=set(ClauseSection.model_fields)), "cited_by": []}
    yield from cited.values()


def shown_in(name: str, language: Language) -> str:
    """Say where results show what a clause asks for, or why nothing does; nothing of a clause of the bureau's own."""
    clause = library().clauses.get(name)
    if not isinstance(clause, KnownClause):
        return ""
    if clause.not_served:
        return say(
            "policy.not_served", language, why=in_language(clause.model_dump(), "not_served", "not_served_en", language)
        )
    return listed((_place(place, language) for place in clause.shown_in), language)


def _place(place: PlaceSection, language: Language) -> str:
    kind = "sheet" if place.sheet else "file" if place.file else "command"
    name = _titled(place.sheet or place.file or place.command, language)
    seen = listed((_titled(column, language) for column in place.see), language)
    return say(
        f"policy.place.{kind}", language, name=name, see=say("policy.because", language, why=seen) if seen else ""
    )


def _titled(title: str, language: Language) -> str:
    """Return a title of a sheet or a column in a language; a column of the bureau's own stays as it is."""
    return title if language == "zh" else _english().get(title, title)


@cache
def _english() -> Mapping[str, str]:
    """English titles of sheets and columns by the Chinese ones."""
    titled = re.compile(r"(ledger|ledgerbook|bureau)\.(sheet|column|outlet)\..*|duties\.\w+")
    return {words["zh"]: words["en"] for key, words in sentences().items() if titled.fullmatch(key)}


def targets(lists: Sequence[Mapping[str, Any]], language: Language) -> pd.DataFrame:
    """List every share that a checklist asks for, year by year, against what is reported now (J3: 40 %, then 70 %).

    Parameters
    ----------
    lists
        As `trend.list_milestones` has them.
    language
        Of headers and words.
    """
    rows = [
        {
            "checklist": one["name"],
            "clause": one["clause"],
            "target_year": one["year"],
            "target": Fraction(one["share"]),
            "part": one["part"],
            "whole": one["whole"],
            "share": Fraction(one["part"], one["whole"]) if one["part"] is not None and one["whole"] else None,
            "met": say(
                "bureau." + ("not_judged" if one["met"] is None else "met" if one["met"] else "unmet"), language
            ),
            "basis": say("bureau.ledger_only", language),
        }
        for one in lists
    ]
    table = pd.DataFrame(rows, dtype=object)
    return table.rename(columns={name: say(f"bureau.column.{name}", language) for name in table.columns})


def values(policy: Mapping[str, Any], language: Language) -> pd.DataFrame:
    """List what the text of clauses leaves open, then the values that are the bureau's own.

    Returns
    -------
    table
        clause (None for a value that no clause leaves open), item, key, pack_value, value, whose (the pack's default,
        the bureau's own, not given), why.
    """
    rows: list[tuple[Any, ...]] = []
    for entry in policy["inputs"]:
        shown = said(entry, ("default", "value"), policy["names"], language)
        whose = "own" if entry["own"] else "default" if entry["value"] else "none"
        why = in_language(entry, "why", "why_en", language)
        rows.append((entry["clause"], shown["name"], entry["key"], shown["default"], shown["value"], whose, why))
    open_ = {entry["key"] for entry in policy["inputs"]}
    for entry in policy["own"]:
        if entry["key"] not in open_:
            shown = said(entry, ("pack", "own"), policy["names"], language)
            whose = "own" if entry["own"] else "dropped"
            rows.append((None, shown["name"], entry["key"], shown["pack"], shown["own"], whose, None))
    table = pd.DataFrame(rows, columns=["clause", "item", "key", "pack_value", "value", "whose", "why"], dtype=object)
    table["whose"] = [say(f"policy.whose.{one}", language) for one in table["whose"]]
    return table.where(table != "", None)
