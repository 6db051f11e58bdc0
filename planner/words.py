"""Every sentence that a user reads, in Chinese and in English.

The sentences stand in ``assets/words/*.toml``: each key holds a table with ``zh`` and ``en``, and braces name the
values that a sentence quotes.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from planner.errors import Fault
    from planner.terms import Language

LANGUAGES: tuple[Language, ...] = ("zh", "en")


def _leaves(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Mapping[str, str]]]:
    for key, value in table.items():
        if isinstance(value.get("zh"), str):
            yield prefix + key, value
        else:
            yield from _leaves(value, f"{prefix}{key}.")


@cache
def sentences() -> Mapping[str, Mapping[str, str]]:
    """All sentences: dotted key -> language -> text."""
    folder = files("planner") / "assets" / "words"
    found: dict[str, Mapping[str, str]] = {}
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".toml"):
            found.update(_leaves(tomllib.loads(file.read_text(encoding="utf-8"))))
    return found


def say(key: str, language: Language, /, **values: object) -> str:
    """Return the sentence `key` in `language` with `values` put in.

    Raises
    ------
    KeyError
        If no such sentence exists, or it quotes a value that is not given.
    """
    return sentences()[key][language].format(**values)


def listed(parts: Iterable[str], language: Language) -> str:
    """Return some names one after the other, as a sentence lists them."""
    return say("list.join", language).join(parts)


def place(fault: Fault, language: Language) -> str:
    """Return where a fault stands: file, sheet, row and column, as far as it has them."""
    parts = [fault.file] if fault.file else []
    if fault.sheet:
        parts.append(say("place.sheet", language, sheet=fault.sheet))
    if fault.cell:
        parts.append(say("place.cell", language, cell=fault.cell))
    elif fault.row is not None:
        parts.append(say("place.row", language, row=fault.row))
    if fault.column:
        parts.append(say("place.column", language, column=fault.column))
    return say("place.join", language).join(parts)


def tell(fault: Fault, language: Language) -> tuple[str, str, str]:
    """Return place, what is wrong and the cure of `fault`, in words."""
    return (
        place(fault, language),
        say(f"fault.{fault.code}.what", language, **fault.values),
        say(f"fault.{fault.code}.cure", language, **fault.values),
    )
