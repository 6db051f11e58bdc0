"""What is wrong with clauses, checklists, grants and inputs of a scenario, and with a policy pack by itself."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from planner.bureaucolumns import is_own_title
from planner.columns import nearest
from planner.crosschecks import Problem
from planner.grammar import plain
from planner.leaves import leaves, names_something, shown, value_at
from planner.merging import array_at
from planner.packs import CITING, library, near_words, values_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Where = list[str | int]

NOT_IN_PACKS = ("extends", "policy", "name", "title")
"""Keys of a scenario that a pack may not write: nobody would inherit them."""

_YEAR = re.compile(r"[12]\d{3}")


def problems(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Check what a scenario says of policy, as far as its values are of their kinds: the others are faults already.

    Parameters
    ----------
    data
        The merged scenario.

    Yields
    ------
    problem
        A clause that nobody knows, an input of nothing, a checklist or a grant that asks for nothing or for two things.
    """
    yield from _clauses(data)
    yield from _documents(data)
    for i, entry in _entries(data, "input"):
        key = entry.get("key")
        if isinstance(key, str) and not names_something(key, data):
            near = near_words(key, [known for known, _ in leaves(values_of(data))])
            yield Problem("unknown_input", ["input", i, "key"], {"name": key, "near": near})
    yield from _checklists(data)
    yield from _grants(data)
    yield from _ledger_titles(data)


def _entries(data: Mapping[str, Any], section: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Entries of an array of tables that are tables, with their numbers."""
    for i, entry in enumerate(array_at(data, section)):
        if isinstance(entry, Mapping):
            yield i, entry


def of_pack(pack: Mapping[str, Any]) -> Iterator[Problem]:
    """Check what only a pack can have wrong, whatever the kinds of its values.

    Parameters
    ----------
    pack
        Its data as written.

    Yields
    ------
    problem
        No ``[pack]``; a key that nobody would inherit; a default that is not the pack's own value: every run would call
        that value the bureau's.
    """
    if "pack" not in pack:
        yield Problem("not_a_pack", ["pack"], {})
    for key in NOT_IN_PACKS:
        if key in pack:
            yield Problem("pack_key", [key], {"key": key})
    about = pack.get("pack")
    if isinstance(about, Mapping) and "own" in about:  # made where a scenario is merged; one that stands is believed
        yield Problem("pack_key", ["pack", "own"], {"key": "own"})
    values = dict(leaves(values_of(pack)))
    for i, entry in _entries(pack, "input"):
        if isinstance(entry.get("key"), str) and "default" in entry:
            default, value = entry["default"], value_at(values, entry["key"])
            if default != value and names_something(entry["key"], pack):
                quoted = {"name": entry["key"], "default": shown(default), "value": shown(value) or "—"}
                yield Problem("input_default", ["input", i, "default"], quoted)


def _clauses(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Check that every clause that is cited can be quoted."""
    known = [*library().clauses, *(entry["id"] for _, entry in _entries(data, "clause") if "id" in entry)]
    citing = [*((section, "clause") for section in CITING), ("grant", "quota_clause")]
    for section, key in citing:
        for i, entry in _entries(data, section):
            clause = entry.get(key)
            if clause and isinstance(clause, str) and clause not in known:
                values = {"name": clause, "near": near_words(clause, known), "known": _short()}
                yield Problem("unknown_clause", [section, i, key], values)


def _documents(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Check that a document is one that is known, or one whose state the bureau gives: nobody else can say it."""
    pack = data.get("pack")
    about = pack if isinstance(pack, Mapping) else {}
    naming: list[tuple[Where, Mapping[str, Any]]] = [(["pack"], about)]
    naming += [(["clause", i], entry) for i, entry in _entries(data, "clause")]
    first = {str(entry["document"]): where for where, entry in reversed(naming) if entry.get("document")}
    said = {str(entry.get("document")) for _, entry in naming if entry.get("state")}
    for name, where in first.items():
        meant = "" if name in library().documents else _document_meant(name)
        if meant:
            yield Problem("unknown_document", [*where, "document"], {"name": name, "meant": meant})
        elif name not in {*library().documents, *said}:
            yield Problem("document_state", [*where, "document"], {"name": name})


def _document_meant(name: str) -> str:
    """Return the id of a known document that a name was likely meant for: w, Ｗ, W1; empty for a title."""
    plain, clauses = unicodedata.normalize("NFKC", name).strip().upper(), library().clauses
    return clauses[plain].document if plain in clauses else nearest(plain, library().documents)


def _short() -> str:
    """Return the ids of the planner's own clauses as a reader takes them in: W1-W14."""
    ids = list(library().clauses)
    groups = {name: [one for one in ids if one.startswith(name)] for name in library().documents}
    return " ".join(f"{group[0]}-{group[-1]}" for group in groups.values() if group)


def _checklists(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Check that a checklist has columns to tick, or two to divide, and that its shares are by year."""
    for i, entry in _entries(data, "checklist"):
        halves = [bool(entry.get(key)) for key in ("part", "whole")]
        if bool(entry.get("items")) == any(halves) or any(halves) != all(halves):
            yield Problem("checklist_form", ["checklist", i, "items"], {"id": entry.get("id", i + 1)})
        shares = entry.get("shares")
        for year in shares if isinstance(shares, Mapping) else ():
            if not _YEAR.fullmatch(year):
                quoted = {"id": entry.get("id", i + 1), "text": year}
                yield Problem("checklist_year", ["checklist", i, "shares", year], quoted)


def _grants(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Check that a grant has an amount, by grade or the same for all, each grade once, and quotas that add up."""
    for i, entry in _entries(data, "grant"):
        if bool(entry.get("grades")) == (entry.get("yuan") is not None):
            yield Problem("grant_form", ["grant", i, "yuan"], {"id": entry.get("id", i + 1)})
        # as the cells of the ledger are read: A, a and A级 are one grade
        names = [plain(str(one.get("grade"))).casefold().removesuffix("级") for _, one in _entries(entry, "grades")]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield Problem("repeated_name", ["grant", i, "grades"], {"name": name})
        for where, asked, quotas in _sums(i, entry):
            if asked != sum(quotas):
                yield Problem("grant_sums", where, {"id": entry.get("id", i + 1), "count": asked, "sum": sum(quotas)})


def _ledger_titles(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Check that nothing is called as a column that the ledger of communities fills in itself."""
    lists = [str(entry.get("name")) for _, entry in _entries(data, "checklist")]
    asked: list[tuple[Where, object]] = []
    for i, entry in _entries(data, "checklist"):
        items = entry.get("items")
        asked += [(["checklist", i, "items"], item) for item in (items if isinstance(items, list | tuple) else ())]
        asked += [(["checklist", i, key], entry.get(key)) for key in ("part", "whole")]
    asked += [(["grant", i, "column"], entry.get("column")) for i, entry in _entries(data, "grant")]
    asked += [(["group", i, "name"], entry.get("name")) for i, entry in _entries(data, "group")]
    for where, name in asked:
        if isinstance(name, str) and is_own_title(name.strip(), lists):
            yield Problem("ledger_title", where, {"name": name})


def _sums(number: int, grant: Mapping[str, Any]) -> Iterator[tuple[Where, int, list[int]]]:
    """How many a grant is for, and the quotas that share them out: all grades (W4 against W5), and each by itself."""
    grades = [grade for _, grade in _entries(grant, "grades")]
    counts, quotas = _numbers([grade.get("count") for grade in grades]), _quotas(grant)
    if quotas and counts:
        yield ["grant", number, "quotas"], sum(counts), quotas
    for grade in grades:
        count, quotas = _numbers([grade.get("count")]), _quotas(grade)
        if quotas and count:
            yield ["grant", number, "grades"], sum(count), quotas


def _quotas(entry: Mapping[str, Any]) -> list[int]:
    quotas = entry.get("quotas")
    return _numbers([*quotas.values()]) if isinstance(quotas, Mapping) else []


def _numbers(values: Sequence[object]) -> list[int]:
    """Return values that are whole numbers, all of them; nothing where one is none: it is not given, or a fault."""
    found = [value for value in values if isinstance(value, int)]
    return found if len(found) == len(values) else []
