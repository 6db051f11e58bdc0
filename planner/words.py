"""Every sentence that a user reads, in Chinese and in English.

The sentences stand in ``assets/words/*.toml``: each key holds a table with ``zh`` and ``en``, and braces name the
values that a sentence quotes. Angle brackets name a key, a sheet or a choice of the scenario, ``⟨areas.towns.file⟩``,
``⟨areas⟩``, ``⟨spread=streets⟩``: they are told by their labels in the workbook and their names in TOML, so that one
sentence is right for either form.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from planner.errors import Fault
    from planner.terms import Language

LANGUAGES: tuple[Language, ...] = ("zh", "en")

_NAMED = re.compile("⟨([^⟩=]+)(?:=([^⟩]+))?⟩")
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


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

    def named(text: str, language: str) -> str:
        return _NAMED.sub(lambda name: _named(name, language, found), text)

    return {key: {language: named(text, language) for language, text in both.items()} for key, both in found.items()}


def _named(name: re.Match[str], language: str, found: Mapping[str, Mapping[str, str]]) -> str:
    """Say what stands in angle brackets; of a key that several sheets have, its label alone.

    Raises
    ------
    KeyError
        If no sheet, key or choice of that name has a label.
    """
    toml, choice = name.groups()
    parts = toml.split(".")
    end = next((at for at in range(len(parts), 0, -1) if f"book.sheet.{'_'.join(parts[:at])}.label" in found), 0)
    page, key = "_".join(parts[:end]), "_".join(parts[end:])
    known = {
        "choice": [f"book.choice.{parts[-1]}.{choice}"] if choice else [],
        "sheet": [f"book.sheet.{page}.label"] if page else [],
        "key": [f"book.key.{page or 'scenario'}.{key}.label", f"book.any.{parts[-1]}.label"] if key else [],
    }
    labels = {part: next((found[label][language] for label in of if label in found), "") for part, of in known.items()}
    form = "choice" if choice else "_".join(part for part in ("sheet", "key") if known[part])
    if not all(labels[part] for part in form.split("_")):
        raise KeyError(name[0])
    return found[f"book.named.{form}"][language].format(**labels, name=choice or toml)


def say(key: str, language: Language, /, **values: object) -> str:
    """Return the sentence `key` in `language` with `values` put in.

    Raises
    ------
    KeyError
        If no such sentence exists, or it quotes a value that is not given.
    """
    return sentences()[key][language].format(**{name: _printable(value) for name, value in values.items()})


def _printable(value: object) -> object:
    """Drop from a text of data what steers a terminal or turns the direction of writing."""
    return _STEERING.sub("", value) if isinstance(value, str) and _STEERING.search(value) else value


def in_both(key: str, **values: object) -> dict[Language, str]:
    """Return a sentence in each language, for a fault to quote."""
    return {language: say(key, language, **values) for language in LANGUAGES}


def layer_name(layer: str, language: Language) -> str:
    """Return what a layer of people is called: its own name, but for those that the program names."""
    word = f"layer.{layer}"
    return say(word, language) if word in sentences() else layer


def listed(parts: Iterable[str], language: Language) -> str:
    """Return some names one after the other, as a sentence lists them."""
    return say("list.join", language).join(parts)


def column_name(fault: Fault, language: Language) -> str:
    """Return what the column, or the key, of a fault is called."""
    return fault.called.get(language, fault.column)


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
        parts.append(say("place.column", language, column=column_name(fault, language)))
    return say("place.join", language).join(parts)


def tell(fault: Fault, language: Language) -> tuple[str, str, str]:
    """Return place, what is wrong and the cure of `fault`, in words."""
    values = {name: value[language] if isinstance(value, Mapping) else value for name, value in fault.values.items()}
    what, cure = (say(f"fault.{fault.code}.{part}", language, **values) for part in ("what", "cure"))
    return place(fault, language), what, cure
