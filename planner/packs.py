"""Policy packs: what a policy asks for, as the lowest layer of a scenario, and what the scenario made of it.

A pack is a TOML file with ``[pack]``, sections of a scenario, and ``[[input]]``: the values that the text of a clause
leaves open. Packs of the planner stand in ``planner/policies``; a bureau names a file of its own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

from planner.columns import nearest
from planner.errors import Fault, ScenarioError
from planner.leaves import leaves, name_of, names_something, shown
from planner.merging import REPLACED, array_at
from planner.policyschema import ClauseSection, KnownClause, PolicyDocument
from planner.schema import IDENTITY
from planner.tomlfile import TomlFile, read_toml
from planner.words import LANGUAGES, in_both

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from planner.terms import Language

SUFFIX = ".toml"
CITING = ("standard", "goal", "count", "checklist", "grant", "input")
"""Sections whose entries may name a clause."""

_CLAUSES = "clauses"
_ASKING = tuple(f"{section}." for section in CITING if section != "input")

_ABOUT = ("pack", "input", "clause")
"""Sections of a pack that say what it is, and hold no value of the scenario."""


@cache
def shipped() -> Mapping[str, Traversable]:
    """Packs that come with the planner: id -> file, by id."""
    folder = files("planner") / "policies"
    found = {entry.name.removesuffix(SUFFIX): entry for entry in folder.iterdir() if entry.name.endswith(SUFFIX)}
    return {name: found[name] for name in sorted(found) if name != _CLAUSES}


@dataclass(frozen=True)
class Library:
    """Clauses, and the documents that they are of, by id."""

    clauses: Mapping[str, ClauseSection]
    documents: Mapping[str, PolicyDocument]

    def document(self, name: str) -> PolicyDocument:
        """Return the document of an id; a name that is none is the title of a document that the bureau answers for.

        Such a document is 现行 until the bureau says otherwise; `policychecks` sees to it that it says.
        """
        return self.documents.get(name) or PolicyDocument(id=name, title=name, state="现行")


@cache
def library() -> Library:
    """Return the clauses and documents that come with the planner."""
    with as_file(files("planner") / "policies" / (_CLAUSES + SUFFIX)) as path:
        data = read_toml(path).data
    documents = [PolicyDocument.model_validate(entry) for entry in data["document"]]
    clauses = [KnownClause.model_validate(entry) for entry in data["clause"]]
    return Library({clause.id: clause for clause in clauses}, {document.id: document for document in documents})


def near_words(name: str, known: Iterable[str]) -> Mapping[Language, str]:
    """Return what a fault of an unknown name suggests; nothing where nothing is near."""
    near = nearest(name, known)
    return in_both("policy.near", name=near) if near else dict.fromkeys(LANGUAGES, "")


def with_clauses(own: Iterable[ClauseSection]) -> Library:
    """Return the library with clauses that a bureau adds, or words otherwise."""
    known = library()
    return Library({**known.clauses, **{clause.id: clause for clause in own}}, known.documents)


def read_pack(name: str, folder: Path, unknown: Fault) -> TomlFile:
    """Read a pack.

    Parameters
    ----------
    name
        Id of a pack of the planner, or a file of the bureau's own (``.toml``).
    folder
        Folder that such a file is looked for in.
    unknown
        Fault of a name that no pack has.

    Raises
    ------
    ScenarioError
        If there is no such pack, or its file cannot be read.
    """
    if name.endswith(SUFFIX):
        return read_toml(folder / name)
    if name not in shipped():
        raise ScenarioError(unknown)
    with as_file(shipped()[name]) as path:
        return read_toml(path)


_ANY_TYPE = "any"


def completed(pack: Mapping[str, Any]) -> dict[str, Any]:
    """Return a pack with made-up values for what a scenario must have and a pack need not, so that it can be checked.

    A value that is there stays, wrong as it may be.
    """
    made: dict[str, Any] = {
        "name": "-",
        "title": "-",
        "data_date": dt.date(2000, 1, 1),
        "roads": {"file": "-"},
        "demand": {"table": [{"file": "-"}]},
        "facility": [{"type": _ANY_TYPE, "name": _ANY_TYPE}],
        "standard": [{"id": "-", "minutes": 15, "served_by": [_ANY_TYPE]}],
    }
    whole = {**made, **pack}
    for section in ("roads", "demand"):
        if isinstance(pack.get(section), Mapping):
            whole[section] = {**made[section], **pack[section]}
    return {key: value for key, value in whole.items() if key not in ("extends", "policy")}


def values_of(pack: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a pack that a scenario may replace."""
    return {key: value for key, value in pack.items() if key not in _ABOUT}


def replaced(pack: Mapping[str, Any], merged: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Say what a scenario has made of the values of its pack.

    Returns
    -------
    replaced
        Key, the pack's value, the scenario's; None where there is none. An entry that is dropped whole, and one of its
        own that asks for something, is told by its name alone.
    """
    packed, own = (dict(leaves(values, whole=REPLACED)) for values in (values_of(pack), merged))
    old, now = _entries(pack), _entries(merged)
    kept = tuple(f"{key}." for key in old if key in now)
    gone = tuple(f"{key}." for key in old if key not in now)
    found: list[tuple[str, Any, Any]] = [(key, which, None) for key, which in old.items() if key not in now]
    found += [(key, None, which) for key, which in now.items() if key not in old and key.startswith(_ASKING)]
    changed = [(key, value, own.get(key)) for key, value in packed.items() if own.get(key) != value]
    found += [one for one in changed if not one[0].startswith(gone)]
    found += [(key, None, value) for key, value in own.items() if key not in packed and key.startswith(kept)]
    return found


def _entries(data: Mapping[str, Any]) -> dict[str, str]:
    """Entries of the arrays of tables that have names: ``goal.urban-people`` -> ``urban-people``."""
    return {
        f"{section}.{(which := name_of(section, entry, number))}": which
        for section in IDENTITY
        if section not in _ABOUT
        for number, entry in enumerate(array_at(data, section), start=1)
    }


def with_own(merged: Mapping[str, Any], lowest: TomlFile) -> dict[str, Any]:
    """Note in ``pack.own`` what a scenario has made of the values of its pack.

    Parameters
    ----------
    merged
        The merged scenario.
    lowest
        The file that everything else was merged over. Where it is no pack, or one whose notes stand already (the copy
        of a scenario in its result), nothing changes.
    """
    pack = merged.get("pack")
    if not isinstance(pack, Mapping) or "pack" not in lowest.data or "own" in pack:
        return dict(merged)
    own = [{"key": key, "pack": shown(old), "own": shown(new)} for key, old, new in replaced(lowest.data, merged)]
    return {**merged, "pack": {**pack, "own": own}}


def without_void_inputs(merged: Mapping[str, Any], inherited: Sequence[TomlFile]) -> dict[str, Any]:
    """Leave out the inputs of what a scenario dropped: its kept copy, which names no pack, could not say of what.

    Parameters
    ----------
    merged
        The merged scenario.
    inherited
        The files that it was merged over. An input of nothing that any of them has stays, to be told as a fault.
    """

    def is_void(entry: Any) -> bool:
        key = entry.get("key") if isinstance(entry, Mapping) else None
        if not isinstance(key, str) or names_something(key, merged):
            return False
        return any(names_something(key, file.data) for file in inherited)

    inputs = array_at(merged, "input")
    return {**merged, "input": [entry for entry in inputs if not is_void(entry)]} if inputs else dict(merged)
