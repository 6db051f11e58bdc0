"""Sheets of the ledger on what it rests on: the clauses quoted, and the values that their text leaves open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.citations import in_language, key_in_words, said
from planner.words import listed, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planner.terms import Language


def clauses(policy: Mapping[str, Any], language: Language) -> pd.DataFrame:
    """List the clauses that a scenario cites.

    Parameters
    ----------
    policy
        As `citations.policy_record` returns it.
    language
        Of the words; quotations stay as they are.

    Returns
    -------
    table
        clause, document, document_state (with why), place, quotation (all that is quoted of it), used_in: the entries
        that cite it, as the workbook of a scenario calls them.
    """
    documents = {one["id"]: one for one in policy["documents"]}
    rows = []
    for clause in policy["clauses"]:
        document = documents[clause["document"]]
        why = in_language(document, "why", "why_en", language)
        state = say(f"policy.state.{document['state']}", language)
        used = (key_in_words(entry, language)[0] for entry in clause["cited_by"])
        rows.append(
            {
                "clause": clause["id"],
                "document": document["number"] + document["title"],
                "document_state": state + (say("policy.because", language, why=why) if why else ""),
                "place": clause["place"],
                "quotation": "\n".join((clause["quotation"], *clause["more"])),
                "used_in": listed(used, language),
            }
        )
    return pd.DataFrame(rows, dtype=object)


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
        shown = said(entry, ("default", "value"), language)
        whose = "own" if entry["own"] else "default" if entry["value"] else "none"
        why = in_language(entry, "why", "why_en", language)
        rows.append((entry["clause"], shown["name"], entry["key"], shown["default"], shown["value"], whose, why))
    open_ = {entry["key"] for entry in policy["inputs"]}
    for entry in policy["own"]:
        if entry["key"] not in open_:
            shown = said(entry, ("pack", "own"), language)
            whose = "own" if entry["own"] else "dropped"
            rows.append((None, shown["name"], entry["key"], shown["pack"], shown["own"], whose, None))
    table = pd.DataFrame(rows, columns=["clause", "item", "key", "pack_value", "value", "whose", "why"], dtype=object)
    table["whose"] = [say(f"policy.whose.{one}", language) for one in table["whose"]]
    return table.where(table != "", None)
