"""Chinese names in a scenario: of the columns of tables and of facility types, put into the contract's own names.

``defaults`` and ``columns`` may name a column by any header that is taken for it (``城乡``), lists of facility types a
type by its name; 行号 is the id ``row``. It is settled where the files of a scenario are read, so that one that extends
another changes the same entry by either name, and nothing below sees but the contract's names. A conversion between
the forms reads what is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from planner.columns import DEMAND_COLUMNS, PLACE_COLUMNS, SITE_COLUMNS, totals_columns
from planner.grammar import type_names
from planner.headings import ROW_IDS
from planner.matching import standing_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from planner.columns import Column
    from planner.tomlfile import TomlFile

_Contract: TypeAlias = "Callable[[Mapping[str, Any]], Sequence[Column]]"
_ROW_WORD = "行号"

_ONE_TYPE: Sequence[tuple[str, ...]] = (
    ("build_cost",), ("size",), ("rules", "spacing"), ("rules", "near_people"), ("build",),
)  # fmt: skip
"""Sections whose key ``type`` names one facility type."""

_SEVERAL_TYPES: Sequence[tuple[str, ...]] = (
    ("candidates", "type"), ("count", "type"), ("site", "type"), ("standard", "served_by"),
)  # fmt: skip
"""Keys that name several."""


def _of_totals(entry: Mapping[str, Any]) -> Sequence[Column]:
    return totals_columns("town" if entry.get("of") == "town" else "district")


_TABLES: Sequence[tuple[tuple[str, ...], _Contract]] = (
    (("demand", "table"), lambda _: DEMAND_COLUMNS),
    (("sites", "table"), lambda _: SITE_COLUMNS),
    (("demand", "places"), lambda _: PLACE_COLUMNS),
    (("demand", "totals"), _of_totals),
)
"""Tables whose columns a scenario names, and the contract that they are read by."""


def settled(files: Sequence[TomlFile]) -> tuple[TomlFile, ...]:
    """Return the files of a scenario with the names of the contract in place of others.

    What is not known, or may mean several, stays as it is written: it is a fault where it is used.
    """
    codes = facility_codes([entry for file in files for entry in _listed(file.data.get("facility"))])
    return tuple(replace(file, data=_settled(file.data, codes)) for file in files)


def facility_codes(facilities: Sequence[Any]) -> dict[str, str]:
    """Return facility types by their codes and names; empty for what may mean several of them."""
    types = dict[str, set[str]]()
    for entry in facilities:
        code, name = (entry.get(key) if isinstance(entry, Mapping) else None for key in ("type", "name"))
        if isinstance(code, str):
            for text in {code, name} if isinstance(name, str) and name else {code}:
                types.setdefault(text, set()).add(code)
    return {text: next(iter(codes)) if len(codes) == 1 else "" for text, codes in types.items()}


def _settled(data: Mapping[str, Any], codes: Mapping[str, str]) -> Mapping[str, Any]:
    for path, contract in _TABLES:
        data = _changed(data, path, partial(_table, contract=contract))
    for section in _ONE_TYPE:
        data = _changed(data, (*section, "type"), partial(_code, codes=codes))
    for path in _SEVERAL_TYPES:
        data = _changed(data, path, partial(_codes, codes=codes))
    return data


def _listed(data: Any) -> list[Any]:
    return data if isinstance(data, list) else []


def _changed(data: Any, path: Sequence[str], change: Callable[[Any], Any]) -> Any:
    """Return data with what stands at a path changed, in every entry that the path runs through."""
    if not path:
        return change(data)
    if isinstance(data, list):
        return [_changed(entry, path, change) for entry in data]
    if not isinstance(data, Mapping) or path[0] not in data:
        return data
    return {**data, path[0]: _changed(data[path[0]], path[1:], change)}


def _table(entry: Any, contract: _Contract) -> Any:
    """Settle the columns of a table, or of each of a list, and the id of its rows."""
    if isinstance(entry, list):
        return [_table(one, contract) for one in entry]
    if not isinstance(entry, Mapping):
        return entry
    done = {key: _columns(entry[key], contract(entry)) for key in ("columns", "defaults") if key in entry}
    row = {"id": ROW_IDS} if entry.get("id") == _ROW_WORD else {}
    return {**entry, **done, **row}


def _columns(named: Any, contract: Sequence[Column]) -> Any:
    """Put contract names in place of others, but for a column that is named twice: that is a fault."""
    if not isinstance(named, Mapping):
        return named
    meant = [standing_for(name, contract) or name for name in named]
    return {name if meant.count(to) > 1 else to: named[name] for name, to in zip(named, meant, strict=True)}


def _code(value: Any, codes: Mapping[str, str]) -> Any:
    """Return the code of the type that a text names; what may mean none or several of them stays."""
    return codes.get(value) or value if isinstance(value, str) else value


def _codes(value: Any, codes: Mapping[str, str]) -> Any:
    """Return the codes of the types that a text, with ``;`` between, or a list names."""
    if isinstance(value, list):
        names = [name for text in value for name in (type_names(text, codes) if isinstance(text, str) else [text])]
        return [_code(name, codes) for name in names]
    return ";".join(_code(name, codes) for name in type_names(value, codes)) if isinstance(value, str) else value
