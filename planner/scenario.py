"""The scenario file: one TOML that names roads, people, sites, standards and goals.

Unknown keys are faults with a suggestion. A key of the contract that this version does not act on yet is a fault too:
a rule is never dropped without a word.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from planner.errors import Fault, ScenarioError
from planner.schema import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# Keys of the contract that later versions act on. They are refused, not ignored.
NOT_YET = (
    "policy", "areas", "group", "phase", "time", "clause", "input", "grant", "checklist",
    "roads.place", "roads.edits", "rules.spacing", "rules.near_people",
    "siting.budgets", "siting.capacity_standard", "siting.alternatives", "siting.standard", "goal.group",
)  # fmt: skip

# What tells the entries of an array of tables apart when a file extends another.
_IDENTITY: Mapping[str, tuple[str, ...]] = {
    "facility": ("type",),
    "build_cost": ("type", "method"),
    "standard": ("id",),
    "goal": ("id",),
    "count": ("id",),
    "demand.table": ("file",),
    "sites.table": ("file",),
}
_NOT_INHERITED = ("name", "title", "extends")
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
_FOLDER_NAME = re.compile(r'[^\\/:*?"<>|\x00-\x1f. ]([^\\/:*?"<>|\x00-\x1f]{0,78}[^\\/:*?"<>|\x00-\x1f. ])?')


@dataclass(frozen=True)
class Loaded:
    """A scenario as far as it could be read, and everything wrong with its file.

    Attributes
    ----------
    scenario
        The scenario without the keys that are faults; None when nothing could be made of it.
    merged
        The TOML data after `extends`, with absolute file paths.
    file, folder
        The scenario file, as the user wrote it, and the folder that holds it.
    faults
        All faults of the file itself.
    """

    scenario: Scenario | None
    merged: Mapping[str, Any]
    file: Path
    folder: Path
    faults: tuple[Fault, ...]


def load(path: str | Path) -> Loaded:
    """Read a scenario file, with the one that it extends.

    Parameters
    ----------
    path
        The TOML file, in UTF-8 with or without a byte order mark.

    Returns
    -------
    loaded
        The scenario and its faults; the caller adds the faults of the tables, so that all are told at once.

    Raises
    ------
    ScenarioError
        If the file, or the one that it extends, is not there or is not TOML.
    """
    path = Path(path)
    text, data = _read_toml(path)
    chain = [(path, text)]
    merged = _absolute_files(data, path.parent)
    parent_name = data.get("extends")
    if isinstance(parent_name, str):
        parent = path.parent / parent_name
        parent_text, parent_data = _read_toml(parent, asked_by=path)
        if "extends" in parent_data:
            raise ScenarioError(Fault("extends_twice", str(path), column="extends", values={"parent": parent_name}))
        chain.append((parent, parent_text))
        inherited = {k: v for k, v in _absolute_files(parent_data, parent.parent).items() if k not in _NOT_INHERITED}
        merged = _merge(inherited, merged, "")
    merged = {key: value for key, value in merged.items() if key != "extends"}
    known, faults = _refuse_not_yet(merged, chain)
    scenario, more = _validate(known, chain)
    faults = (*faults, *more)
    if scenario is not None:
        faults = (*faults, *_cross_checks(scenario, chain))
    return Loaded(scenario, known, path, path.resolve().parent, faults)


def _read_toml(path: Path, asked_by: Path | None = None) -> tuple[str, dict[str, Any]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ScenarioError(Fault("file_missing", str(path), values={"asked_by": asked_by or ""})) from error
    except UnicodeDecodeError as error:
        raise ScenarioError(Fault("scenario_encoding", str(path))) from error
    try:
        return text, tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        row = int(line[1]) if line else None
        raise ScenarioError(Fault("toml_syntax", str(path), row=row, values={"reason": error})) from error


def _absolute_files(data: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Make every ``file`` absolute: a path is relative to the file that wrote it."""

    def fix(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: Path(os.path.abspath(folder / inner)).as_posix()  # noqa: PTH100  (resolve() would follow links)
                if key == "file" and isinstance(inner, str)
                else fix(inner)
                for key, inner in value.items()
            }
        return [fix(item) for item in value] if isinstance(value, list) else value

    return {key: fix(value) for key, value in data.items()}


def _merge(parent: Mapping[str, Any], child: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Merge tables by key, arrays of tables by identity; anything else is replaced."""
    merged = dict(parent)
    for key, value in child.items():
        name = prefix + key
        before = merged.get(key)
        if name in _IDENTITY and isinstance(value, list) and isinstance(before, list):
            merged[key] = _merge_arrays(before, value, name)
        elif isinstance(value, dict) and isinstance(before, dict):
            merged[key] = _merge(before, value, f"{name}.")
        else:
            merged[key] = value
    return merged


def _merge_arrays(parent: Sequence[Any], child: Sequence[Any], name: str) -> list[Any]:
    def identity(entry: Any) -> tuple[Any, ...]:
        return tuple(entry.get(key) for key in _IDENTITY[name]) if isinstance(entry, dict) else (entry,)

    merged = {identity(entry): entry for entry in parent}
    for entry in child:
        which = identity(entry)
        if isinstance(entry, dict) and entry.get("remove") is True:
            merged.pop(which, None)
        elif isinstance(entry, dict) and isinstance(merged.get(which), dict):
            merged[which] = _merge(merged[which], entry, f"{name}[].")
        else:
            merged[which] = entry
    return list(merged.values())


def _written(key_path: Sequence[str | int], chain: Sequence[tuple[Path, str]]) -> Iterator[tuple[str, int, str]]:
    """Places where a key is written: file, line and the text of the table around it."""
    names = [part for part in key_path if isinstance(part, str)]
    dotted = ".".join(names)
    for path, text in chain:
        blocks = re.split(r"(?m)^(?=\s*\[\[?\s*[\w.\-]+\s*\]\]?)", text)
        line = 1
        for block in blocks:
            header = re.match(r"\s*\[\[?\s*([\w.\-]+)\s*\]\]?", block)
            at = f"{header[1]}." if header else ""
            for number, row in enumerate(block.splitlines(), start=line):
                own = re.match(r"\s*([\w\-]+)\s*=", row)
                inline = re.search(rf"[{{,]\s*{re.escape(names[-1])}\s*=", row) if own else None
                if own and (at + own[1] == dotted or (inline and f"{at}{own[1]}.{names[-1]}" == dotted)):
                    yield str(path), number, block
            line += block.count("\n")


def _line_of(data: Any, key_path: Sequence[str | int], chain: Sequence[tuple[Path, str]]) -> tuple[str, int | None]:
    """File and line where a key is written; no line where that is not certain."""
    places = list(_written(key_path, chain)) if any(isinstance(part, str) for part in key_path) else []
    if len(places) > 1 and (entry := _entry(data, key_path)):
        places = [place for place in places if f'"{entry}"' in place[2]]
    if len(places) == 1:
        return places[0][0], places[0][1]
    return (places[0][0] if places else str(chain[0][0])), None


def _entry(data: Any, key_path: Sequence[str | int]) -> str:
    """Name of the array entry that a key path runs through."""
    at, name = data, ""
    for part in key_path:
        try:
            at = at[part]
        except (KeyError, IndexError, TypeError):
            break
        if isinstance(part, int) and isinstance(at, dict):
            name = str(next((at[key] for key in ("id", "type", "file") if key in at), ""))
    return name


def _label(data: Any, key_path: Sequence[str | int]) -> str:
    """Name a key as the user knows it: ``standard[urban-walk-15].minutes``."""
    label, at = "", data
    for part in key_path:
        try:
            at = at[part]
        except (KeyError, IndexError, TypeError):
            at = None
        if isinstance(part, int):
            name = next((at[k] for k in ("id", "type", "file") if isinstance(at, dict) and k in at), part + 1)
            label += f"[{Path(name).name if isinstance(name, str) and '/' in name else name}]"
        else:
            label += f".{part}" if label else part
    return label


def _fault(code: str, data: Any, key_path: Sequence[str | int], chain: Any, **values: object) -> Fault:
    file, row = _line_of(data, key_path, chain)
    return Fault(code, file, row=row, column=_label(data, key_path), values=values)


def _refuse_not_yet(data: dict[str, Any], chain: Any) -> tuple[dict[str, Any], tuple[Fault, ...]]:
    faults, known = [], dict(data)
    for name in NOT_YET:
        section, _, key = name.partition(".")
        holder = known.get(section)
        if not key and section in known:
            faults.append(_fault("not_yet", data, [section], chain))
            del known[section]
        elif key and isinstance(holder, dict) and key in holder:
            faults.append(_fault("not_yet", data, [section, key], chain))
            known[section] = {k: v for k, v in holder.items() if k != key}
        elif key and isinstance(holder, list) and any(isinstance(e, dict) and key in e for e in holder):
            at = next(i for i, e in enumerate(holder) if isinstance(e, dict) and key in e)
            faults.append(_fault("not_yet", data, [section, at, key], chain))
            known[section] = [{k: v for k, v in e.items() if k != key} if isinstance(e, dict) else e for e in holder]
    return known, tuple(faults)


def _known_keys(key_path: Sequence[str | int]) -> list[str]:
    """Keys that the model knows at a place."""
    model: Any = Scenario
    for part in key_path:
        if isinstance(part, int) or model is None:
            continue
        field = model.model_fields.get(part)
        inner = [field.annotation, *_arguments(field.annotation)] if field else []
        model = next((t for t in inner if isinstance(t, type) and issubclass(t, BaseModel)), None)
    return sorted(model.model_fields) if model else []


def _arguments(annotation: Any) -> Iterator[Any]:
    for inner in getattr(annotation, "__args__", ()):
        yield inner
        yield from _arguments(inner)


def _without(data: Any, key_path: Sequence[str | int]) -> Any:
    head, *rest = key_path
    if isinstance(data, dict):
        if not rest:
            return {k: v for k, v in data.items() if k != head}
        return {k: _without(v, rest) if k == head else v for k, v in data.items()}
    return [_without(v, rest) if i == head and rest else v for i, v in enumerate(data)]


def _validate(data: dict[str, Any], chain: Any) -> tuple[Scenario | None, tuple[Fault, ...]]:
    """Check the data against the model; unknown keys are set aside so that the rest is checked as well."""
    try:
        return Scenario.model_validate(data), ()
    except ValidationError as error:
        found = error.errors(include_url=False)
    faults, rest = [], data
    for item in found:
        where: list[str | int] = list(item["loc"])
        if item["type"] == "extra_forbidden":
            near = difflib.get_close_matches(str(where[-1]), _known_keys(where[:-1]), n=1, cutoff=0.5)
            faults.append(_fault("unknown_key", data, where, chain, key=where[-1], near=near[0] if near else "-"))
            rest = _without(rest, where)
        elif item["type"] == "missing":
            faults.append(_fault("key_missing", data, where, chain, key=where[-1]))
        else:
            faults.append(_fault("bad_value", data, where, chain, text=item["input"], reason=item["msg"]))
    only_unknown = all(item["type"] == "extra_forbidden" for item in found)
    return (_validate(rest, chain)[0] if only_unknown else None), tuple(faults)


def _cross_checks(scenario: Scenario, chain: Any) -> Iterator[Fault]:
    """Check what one section says of another."""
    data = scenario.model_dump()
    if not _FOLDER_NAME.fullmatch(scenario.name) or _RESERVED.fullmatch(scenario.name):
        yield _fault("bad_name", data, ["name"], chain, name=scenario.name)
    types = [facility.type for facility in scenario.facility]
    standards = [standard.id for standard in scenario.standard]
    uses = [("standard", i, "served_by", name, types) for i, s in enumerate(scenario.standard) for name in s.served_by]
    uses += [("goal", i, "standard", goal.standard, standards) for i, goal in enumerate(scenario.goal)]
    uses += [("count", i, "type", count.type, types) for i, count in enumerate(scenario.count)]
    uses += [("build_cost", i, "type", cost.type, types) for i, cost in enumerate(scenario.build_cost)]
    for section, i, key, name, known in uses:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
            where: list[str | int] = [section, i, key]
            yield _fault("unknown_name", data, where, chain, name=name, known=" ".join(known), near=(near or ["-"])[0])
    for section, keys in _IDENTITY.items():
        if "." not in section:
            yield from _repeated(data, section, keys, chain)
    for i, standard in enumerate(scenario.standard):
        if (standard.minutes is None) == (standard.km is None):
            yield _fault("one_cutoff", data, ["standard", i, "minutes"], chain, id=standard.id)
    for i, count in enumerate(scenario.count):
        if count.max is not None and count.max < count.min:
            yield _fault("count_range", data, ["count", i, "max"], chain, min=count.min, max=count.max)


def _repeated(data: Mapping[str, Any], section: str, keys: tuple[str, ...], chain: Any) -> Iterator[Fault]:
    seen = set()
    for i, entry in enumerate(data[section]):
        which = tuple(entry[key] for key in keys)
        if which in seen:
            yield _fault("repeated_name", data, [section, i, keys[0]], chain, name=" ".join(which))
        seen.add(which)
