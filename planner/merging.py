"""Scenario files made one: what a file says goes before what it inherits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from planner.errors import Fault
from planner.schema import IDENTITY
from planner.tomlfile import line_of, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from planner.tomlfile import TomlFile

_MERGING = ("extends", "policy")
_NOT_INHERITED = ("name", "title")

REPLACED = ("grant[].quotas", "checklist[].shares")
"""Tables of the user's own keys that stand for one thing: who writes one gives all of it. The districts of a pack's
quotas (W4), or its years, are another city's; merged key by key they would stay beside the bureau's own."""


def merge(files: Sequence[TomlFile]) -> tuple[dict[str, Any], tuple[Fault, ...]]:
    """Merge files, the first of them over the second and so on.

    Parameters
    ----------
    files
        The scenario, the file that it extends and its policy pack, as far as there are any.

    Returns
    -------
    data, faults
        The data without ``extends`` and ``policy``, and the entries that cannot be merged.
    """
    data = _said(files[-1], inherited=len(files) > 1)
    faults: list[Fault] = []
    for number in range(len(files) - 2, -1, -1):
        said = _said(files[number], inherited=number > 0)
        faults += _merge_faults(data, said, files[number])
        data = _merge(data, said, "")
    return data, tuple(faults)


def _said(file: TomlFile, *, inherited: bool) -> dict[str, Any]:
    """Return what a file says without how it is merged, and without what nobody inherits."""
    left_out = (*_MERGING, *_NOT_INHERITED) if inherited else _MERGING
    return {key: value for key, value in file.data.items() if key not in left_out}


def _merge(parent: Mapping[str, Any], child: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Merge tables by key, arrays of tables by identity; anything else, and what is one thing, is replaced."""
    merged = dict(parent)
    for key, value in child.items():
        name = prefix + key
        before = merged.get(key)
        if name in IDENTITY and isinstance(value, list) and isinstance(before, list):
            merged[key] = _merge_arrays(before, value, name)
        elif isinstance(value, dict) and isinstance(before, dict) and name not in REPLACED:
            merged[key] = _merge(before, value, f"{name}.")
        else:
            merged[key] = value
    return merged


def identity_of(section: str, entry: Any) -> tuple[str, ...]:
    """Return what tells an entry of an array of tables apart from the others, as texts: a wrong value may be a list."""
    keys = IDENTITY.get(section, ())
    return tuple(str(entry.get(key)) for key in keys) if isinstance(entry, dict) else (str(entry),)


def array_at(data: Any, section: str) -> list[Any]:
    """Return the array of tables at a dotted name; empty where there is none."""
    for part in section.split("."):
        data = data.get(part) if isinstance(data, Mapping) else None
    return list(data) if isinstance(data, list | tuple) else []


def _removes(entry: Any) -> bool:
    return isinstance(entry, dict) and entry.get("remove") is True


def _merge_problems(parent: Sequence[Any], child: Sequence[Any], section: str) -> list[str]:
    """Tell for each of the child's entries what stands in its way; empty where nothing does.

    An identity that stands twice names no single entry, so it can be neither changed nor removed.
    """
    old = Counter(identity_of(section, entry) for entry in parent)
    new = Counter(identity_of(section, entry) for entry in child)
    found = []
    for entry in child:
        which = identity_of(section, entry)
        unclear = old[which] > 1 or (old[which] and new[which] > 1)
        found.append("ambiguous_entry" if unclear else "nothing_to_remove" * (_removes(entry) and not old[which]))
    return found


def _merge_faults(parent: Mapping[str, Any], child: Mapping[str, Any], file: TomlFile) -> Iterator[Fault]:
    """Place what stands in the way of merging at the entries of the child."""
    for section in IDENTITY:
        entries = array_at(child, section)
        for number, code in enumerate(_merge_problems(array_at(parent, section), entries, section)):
            if code:
                name = " ".join(identity_of(section, entries[number]))
                key = "remove" if code == "nothing_to_remove" else ""
                path, line = line_of([file], section, key, [number])
                yield Fault(code, str(path), column=section, values={"name": name}, **place_of(line))


def _merge_arrays(parent: Sequence[Any], child: Sequence[Any], section: str) -> list[Any]:
    """Change the parent's entries by the child's of the same identity, and add the others."""
    merged = list(parent)
    for entry, problem in zip(child, _merge_problems(parent, child, section), strict=True):
        which = identity_of(section, entry)
        at = next((i for i, old in enumerate(merged) if identity_of(section, old) == which), None)
        if problem:
            continue
        if at is None or which not in [identity_of(section, old) for old in parent]:
            merged.append(entry)
        else:
            changed = _merge(_without_rivals(merged[at], entry), entry, f"{section}[].")
            merged[at : at + 1] = [] if _removes(entry) else [changed]
    return merged


def _without_rivals(parent: Any, child: Any) -> Any:
    """Drop the parent's cutoff where the child gives one of the other kind."""
    rivals = {"minutes": "km", "km": "minutes"}
    return {key: value for key, value in parent.items() if rivals.get(key) not in child or key in child}
