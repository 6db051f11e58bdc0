"""The values of a scenario or a pack under the keys that a user knows them by: ``standard.urban-walk-15.minutes``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from planner.schema import IDENTITY, known_keys

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

_NAMED_BY: Mapping[str, tuple[str, ...]] = {**IDENTITY, "grant[].grades": ("grade",)}
"""What the entries of an array of tables go by in a key such as ``standard.urban-walk-15.minutes``."""


def leaves(data: Any, section: str = "", label: str = "", *, whole: Collection[str] = ()) -> Iterator[tuple[str, Any]]:
    """Every value of a merged scenario or a pack under the key that the user knows it by.

    Parameters
    ----------
    data, section, label
        The data; where they stand, and what that is called.
    whole
        Tables that count as one value, such as ``grant[].quotas``.

    Yields
    ------
    key, value
        ``standard.urban-walk-15.minutes``: entries of an array of tables go by their identity, else by their number.
    """
    if isinstance(data, Mapping) and section not in whole:
        for key, value in data.items():
            inner, name = (f"{section}.{key}" if section else key), (f"{label}.{key}" if label else key)
            yield from leaves(value, inner, name, whole=whole)
    elif isinstance(data, list | tuple) and any(isinstance(entry, Mapping) for entry in data):
        for number, entry in enumerate(data, start=1):
            yield from leaves(entry, f"{section}[]", f"{label}.{name_of(section, entry, number)}", whole=whole)
    else:
        yield label, data


def name_of(section: str, entry: Any, number: int) -> str:
    """Return what an entry of an array of tables goes by: its identity, else its number."""
    keys = _NAMED_BY.get(section, ())
    return " ".join(str(entry[key]) for key in keys if isinstance(entry, Mapping) and key in entry) or str(number)


def value_at(values: Mapping[str, Any], key: str) -> Any:
    """Return the value of a key among leaves, of a table its values by what is left of their keys; None without any."""
    if key in values:
        return values[key]
    within = f"{key}."
    return {name.removeprefix(within): value for name, value in values.items() if name.startswith(within)} or None


def names_something(key: str, data: Mapping[str, Any], section: str = "") -> bool:
    """Tell whether a key of an input names a value of a scenario or a pack, or one that it might have.

    Parameters
    ----------
    key
        As `leaves` writes it; a whole table or entry may be named, too.
    data, section
        The data, and where they stand.
    """
    for name in known_keys(_path(section)):
        inner, held = (f"{section}.{name}" if section else name), data.get(name)
        if key == name:
            return True
        if key.startswith(f"{name}."):
            rest = key.removeprefix(f"{name}.")
            if isinstance(held, list | tuple):
                found = _names_entry(rest, held, inner)
            elif held is None or isinstance(held, Mapping):  # the user makes the keys of a map
                found = not known_keys(_path(inner)) or names_something(rest, held or {}, inner)
            else:
                found = False
            if found:
                return True
    return False


def _path(section: str) -> list[str]:
    return section.replace("[]", "").split(".") if section else []


def _names_entry(key: str, entries: Iterable[Any], section: str) -> bool:
    """Tell whether a key names an entry of an array of tables, or something in one."""
    for number, entry in enumerate(entries, start=1):
        which = name_of(section, entry, number)
        inner = isinstance(entry, Mapping) and key.startswith(f"{which}.")
        if key == which or (inner and names_something(key.removeprefix(f"{which}."), entry, f"{section}[]")):
            return True
    return False


def shown(value: Any) -> str:
    """Return a value of a scenario as a reader sees it; nothing for one that is not there."""
    if isinstance(value, Mapping):
        return "、".join(f"{key} {shown(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return "、".join(shown(entry) for entry in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
