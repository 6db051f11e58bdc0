"""The sheets of a scenario workbook and the keys on them, as the models of the scenario have them.

A section that stands once is a sheet with a line for each key; a section of entries (``[[goal]]``) is a sheet with a
row for each entry. Tables within these (``applies_to``, ``class_kph``) are spread out: one line or column for each of
their keys. A new key of a model is here without a word of code; it needs its label and its note among the words.
"""

from __future__ import annotations

import datetime as dt
import types
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel

from planner.columns import known_as
from planner.grammar import plain
from planner.schema import IDENTITY, Scenario
from planner.words import LANGUAGES, say, sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydantic.fields import FieldInfo

    from planner.terms import Language

Kind: TypeAlias = Literal["text", "whole", "number", "flag", "date", "choice", "texts", "map", "toml"]

GUIDE, TOP, OTHER = "guide", "scenario", "other"
"""Sheets that are no section: how to fill the book in; the keys outside all sections; what the models do not know."""

# Which names a key takes from another sheet: sheet and key -> sheet and key.
_NAMES_FROM: Mapping[tuple[str, str], tuple[str, str]] = {
    **{
        (sheet, "type"): ("facility", "type")
        for sheet in ("build_cost", "size", "build", "count", "candidates", "site")
    },
    ("rules_spacing", "type"): ("facility", "type"),
    ("rules_near_people", "type"): ("facility", "type"),
    ("standard", "served_by"): ("facility", "type"),
    ("goal", "standard"): ("standard", "id"),
    ("goal", "group"): ("group", "id"),
    ("siting", "standard"): ("standard", "id"),
    ("audit", "decides"): ("standard", "id"),
    ("siting", "capacity_standard"): ("standard", "id"),
}

_PLAIN_KINDS: Mapping[Any, Kind] = {
    str: "text", int: "whole", Decimal: "number", bool: "flag", dt.date: "date", Any: "toml",
}  # fmt: skip


@dataclass(frozen=True)
class Key:
    """One key: a line of a sheet, or a column.

    Attributes
    ----------
    path
        Names from the section down to the key.
    kind
        Grammar of its cell.
    inner
        Of a map, the kind of its values.
    choices
        Values that a choice takes, or each of several texts.
    required
        Whether an entry of a section cannot do without it.
    default
        What holds where it is not written.
    """

    path: tuple[str, ...]
    kind: Kind
    inner: Kind = "text"
    choices: tuple[str, ...] = ()
    required: bool = False
    default: object = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """Its name in a TOML file."""
        return ".".join(self.path)


@dataclass(frozen=True)
class Page:
    """A sheet: its section, whether it has a row for each entry, its keys, and whether a scenario needs it."""

    section: tuple[str, ...]
    entries: bool
    keys: tuple[Key, ...]
    required: bool

    @property
    def name(self) -> str:
        """Its name among the words."""
        return "_".join(self.section) or TOP


def _bare(annotation: Any) -> Any:
    """Return a type without what is only said about it, and without None."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in {Union, types.UnionType}:
        inner = [part for part in get_args(annotation) if part is not type(None)]
        return _bare(inner[0]) if len(inner) == 1 else Any
    return annotation


def _model(annotation: Any) -> type[BaseModel] | None:
    bare = _bare(annotation)
    return bare if isinstance(bare, type) and issubclass(bare, BaseModel) else None


def _entry_model(annotation: Any) -> type[BaseModel] | None:
    """Model of the entries of an array of tables."""
    bare = _bare(annotation)
    return _model(get_args(bare)[0]) if get_origin(bare) is tuple else None


def _key(path: tuple[str, ...], info: FieldInfo, *, required: bool) -> Key:
    bare = _bare(info.annotation)
    origin, inner = get_origin(bare), get_args(bare)
    default = None if info.is_required() else info.get_default(call_default_factory=True)
    if origin is Literal:
        return Key(path, "choice", choices=inner, required=required, default=default)
    if origin is tuple and _bare(inner[0]) is str:
        return Key(path, "texts", required=required, default=default)
    if origin is tuple and get_origin(_bare(inner[0])) is Literal:
        return Key(path, "texts", choices=get_args(_bare(inner[0])), required=required, default=default)
    if origin is dict:
        return Key(path, "map", inner=_PLAIN_KINDS.get(_bare(inner[1]), "toml"), required=required, default=default)
    return Key(path, _PLAIN_KINDS.get(bare, "toml"), required=required, default=default)


def _keys(
    model: type[BaseModel], prefix: tuple[str, ...] = (), *, outer: bool = True, of_entry: bool = False
) -> Iterator[Key]:
    """Keys of a model, those of the tables within it spread out.

    Arrays of tables are pages of their own; within an entry of one (``grant.grades``) they are a cell as in TOML.
    """
    for name, info in model.model_fields.items():
        path = (*prefix, name)
        required = outer and info.is_required()
        if inner := _model(info.annotation):
            yield from _keys(inner, path, outer=required, of_entry=of_entry)
        elif of_entry or not _entry_model(info.annotation):
            yield _key(path, info, required=required)


def _entry_pages(model: type[BaseModel], section: tuple[str, ...] = (), *, required: bool = True) -> Iterator[Page]:
    for name, info in model.model_fields.items():
        if inner := _entry_model(info.annotation):
            where = (*section, name)
            removes = (Key(("remove",), "flag"),) if ".".join(where) in IDENTITY else ()
            keys = (*_keys(inner, of_entry=True), *removes)
            yield Page(where, entries=True, keys=keys, required=required and info.is_required())


@cache
def pages() -> tuple[Page, ...]:
    """All sheets in their order: the scenario's own keys first, then its sections as the model lists them."""
    own = [
        _key((name,), info, required=info.is_required())
        for name, info in Scenario.model_fields.items()
        if not _model(info.annotation) and not _entry_model(info.annotation)
    ]
    found = [Page((), entries=False, keys=(*own, Key(("extends",), "text")), required=True)]
    whole = {page.section[0]: page for page in _entry_pages(Scenario)}
    for name, info in Scenario.model_fields.items():
        if name in whole:
            found.append(whole[name])
        elif model := _model(info.annotation):
            keys, required = tuple(_keys(model)), info.is_required()
            found += [Page((name,), entries=False, keys=keys, required=required)] if keys else []
            found += _entry_pages(model, (name,), required=required)
    return tuple(found)


def names_from(page: Page, key: Key) -> tuple[str, str] | None:
    """Sheet and key from which a key takes its names; None where it takes none."""
    return _NAMES_FROM.get((page.name, key.name))


# --- words -----------------------------------------------------------------------------------------------------


def word_of(page: Page, key: Key, part: str) -> str | None:
    """Return the key of the words for a ``label`` or a ``note``: its own, else one of its name or group."""
    own = f"book.key.{page.name}.{'_'.join(key.path)}.{part}"
    words = (own, f"book.any.{key.path[-1]}.{part}", f"book.any.{key.path[0]}.{part}")
    return next((word for word in words if word in sentences()), None)


def label(page: Page, key: Key, language: Language) -> str:
    """Return what a key is called on its sheet; a key that has no words yet goes by its name."""
    word = word_of(page, key, "label")
    return say(word, language) if word else key.name


def sheet_name(name: str, language: Language) -> str:
    """Return what a sheet is called."""
    return say(f"book.sheet.{name}.label", language)


def choice_label(key: Key, choice: str, language: Language) -> str:
    """Return what a value of a choice is called; its own name where no words say otherwise."""
    word = f"book.choice.{key.path[-1]}.{choice}"
    return say(word, language) if word in sentences() else choice


def named(path: Sequence[str]) -> dict[Language, str] | None:
    """Return what a sheet or a key is called in each language, with its name in TOML; None where no sheet has it."""
    page = max((p for p in pages() if tuple(path[: len(p.section)]) == p.section), key=lambda p: len(p.section))
    rest, name = tuple(path[len(page.section) :]), path[-1]
    if not rest:
        return {lang: say("book.named.sheet", lang, sheet=sheet_name(page.name, lang), name=name) for lang in LANGUAGES}
    key = next((key for key in page.keys if key.path == rest), None)
    if key is None:
        return None
    return {lang: say("book.named.key", lang, key=label(page, key, lang), name=name) for lang in LANGUAGES}


def chinese_title(path: Sequence[str], *, of_book: bool, in_cell: bool, toml: str) -> dict[str, str]:
    """Return what a fault calls a key in Chinese, with what stands below it in a map; empty where no sheet has it.

    In a workbook it is the label beside the cell, with the sheet's name where there is no cell; in TOML its name there
    stands behind.
    """
    page = max((p for p in pages() if tuple(path[: len(p.section)]) == p.section), key=lambda p: len(p.section))
    rest = tuple(path[len(page.section) :])
    key = next((key for key in page.keys if rest and key.path == rest[: len(key.path)]), None)
    if key is None and rest:
        return {}
    below = [known_as(name).get("zh", name) for name in rest[len(key.path) :]] if key else []
    named = [label(page, key, "zh"), *below] if key else []
    if not of_book or not in_cell or not named:
        named = [sheet_name(page.name, "zh"), *named]
    return {"zh": "：".join(named) + ("" if of_book else f"（{toml}）")}


def folded(text: str) -> str:
    """Return a label as it is compared: half-width, without spaces, in lower case."""
    return plain(text).casefold()


@cache
def labels(page: Page) -> Mapping[str, Key]:
    """Every name under which the keys of a sheet are known, folded: labels in both languages, and names in TOML."""
    known = {folded(label(page, key, language)): key for language in LANGUAGES for key in page.keys}
    return {**known, **{folded(key.name): key for key in page.keys}}


@cache
def sheet_names() -> Mapping[str, str]:
    """Every name of every sheet, folded -> its name among the words."""
    names: Sequence[str] = (GUIDE, *(page.name for page in pages()), OTHER)
    return {folded(sheet_name(name, language)): name for language in LANGUAGES for name in names}
