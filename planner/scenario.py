"""The scenario file: one TOML, or a workbook of the same content, that names roads, people, sites, standards and goals.

Unknown keys are faults with a suggestion. A key of the contract that this version does not act on yet is a fault too:
a rule is never dropped without a word.
"""

from __future__ import annotations

import difflib
import os
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from planner.bookkeys import chinese_title, named
from planner.contractnames import settled
from planner.crosschecks import problems
from planner.errors import Fault, ScenarioError
from planner.fields import wrong_value
from planner.namedfiles import with_files
from planner.scenariobook import is_book, read_as_far, read_book
from planner.schema import IDENTITY, Scenario, known_keys
from planner.tomlfile import UNREAD, Line, TomlFile, line_of, read_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Where = Sequence[str | int]

# Keys of the contract that later versions act on. They are refused, not ignored.
NOT_YET = (
    "policy", "time", "clause", "input", "grant", "checklist",
)  # fmt: skip

_NOT_INHERITED = ("name", "title", "extends")

SNAPSHOTS, SNAPSHOT_ROADS = "snapshots", "roads.osm.pbf"
"""The folder, beside the scenario, of what `planner fetch` saved, one folder for each place; its roads."""

_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?|compare|.*\.new")
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
    files
        The file and the one that it extends, with their lines.
    faults
        All faults of the file itself.
    """

    scenario: Scenario | None
    merged: Mapping[str, Any]
    file: Path
    folder: Path
    files: tuple[TomlFile, ...]
    faults: tuple[Fault, ...]


def load(path: str | Path) -> Loaded:
    """Read a scenario file, with the one that it extends.

    Parameters
    ----------
    path
        The TOML file, in UTF-8 with or without a byte order mark, or the workbook (.xlsx).

    Returns
    -------
    loaded
        The scenario and its faults; the caller adds the faults of the tables, so that all are told at once.

    Raises
    ------
    ScenarioError
        If the file, or the one that it extends, is not there, is not TOML, or is a workbook with cells that cannot be
        read.
    """
    path = Path(path)
    files = _chain(path)
    merged, faults = _merged(files)
    unread = tuple(fault for file in files for fault in file.faults)
    known, more = _refuse_not_yet(merged, files)
    scenario, wrong = _validate(known, files)
    scenario = None if unread else scenario
    faults = (*unread, *faults, *more, *wrong)
    if scenario is not None:
        faults = (*faults, *_cross_checks(scenario, files))
    return Loaded(scenario, known, path, path.resolve().parent, files, faults)


def read_written(path: Path) -> TomlFile:
    """Read a scenario file as it is written, a TOML file or a workbook."""
    return read_book(path) if is_book(path) else read_toml(path)


def _read(path: Path) -> TomlFile:
    """Read a scenario file, a workbook as far as its cells can be read, with absolute file paths."""
    return _absolute_files(read_as_far(path) if is_book(path) else read_toml(path))


def _chain(path: Path) -> tuple[TomlFile, ...]:
    """Read the file and the one that it extends."""
    child = _read(path)
    parent_name = child.data.get("extends")
    if parent_name is None:
        return settled([child])
    if parent_name is UNREAD:
        raise ScenarioError(*child.faults)
    if not isinstance(parent_name, str):
        values = {"text": parent_name, "expected": ""}
        raise ScenarioError(_fault("value_text", child.data, ["extends"], [child], **values))
    parent = _read(path.parent / parent_name)
    if "extends" in parent.data:
        raise ScenarioError(Fault("extends_twice", str(path), column="extends", values={"parent": parent_name}))
    return settled([child, parent])


def _absolute_files(file: TomlFile) -> TomlFile:
    """Make the paths of files absolute: a path is relative to the file that wrote it.

    Roads that are given by a place alone are in its snapshot.
    """

    def absolute(name: str) -> str:
        path = os.path.abspath(file.path.parent / name)  # noqa: PTH100  (resolve() would follow links)
        return Path(path).as_posix()

    data = dict(file.data)
    if "roads" in data:
        data["roads"] = _with_snapshot(data["roads"])
    return replace(file, data=with_files(data, absolute))


def _with_snapshot(roads: Any) -> Any:
    """Let roads that are given by a place alone be read from its snapshot."""
    if isinstance(roads, dict) and isinstance(roads.get("place"), str) and "file" not in roads:
        return {**roads, "file": f"{SNAPSHOTS}/{roads['place']}/{SNAPSHOT_ROADS}"}
    return roads


def snapshot_of(roads: Any) -> Path | None:
    """Return the folder of the snapshot that a merged ``[roads]`` is read from; None where it has a file of its own."""
    place, file = (roads.get(key) if isinstance(roads, Mapping) else None for key in ("place", "file"))
    if not isinstance(place, str) or not isinstance(file, str):
        return None
    folder = Path(file).parent
    tail = (folder.parent.name, folder.name, Path(file).name)
    return folder if tail == (SNAPSHOTS, place, SNAPSHOT_ROADS) else None


def _merged(files: Sequence[TomlFile]) -> tuple[dict[str, Any], tuple[Fault, ...]]:
    """Merge a file into the one that it extends."""
    child = {key: value for key, value in files[0].data.items() if key != "extends"}
    if len(files) == 1:
        return child, ()
    inherited = {key: value for key, value in files[1].data.items() if key not in _NOT_INHERITED}
    return _merge(inherited, child, ""), tuple(_merge_faults(inherited, child, files))


def _merge(parent: Mapping[str, Any], child: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Merge tables by key, arrays of tables by identity; anything else is replaced."""
    merged = dict(parent)
    for key, value in child.items():
        name = prefix + key
        before = merged.get(key)
        if name in IDENTITY and isinstance(value, list) and isinstance(before, list):
            merged[key] = _merge_arrays(before, value, name)
        elif isinstance(value, dict) and isinstance(before, dict):
            merged[key] = _merge(before, value, f"{name}.")
        else:
            merged[key] = value
    return merged


def _identity(section: str, entry: Any) -> tuple[str, ...]:
    """Return what tells an entry of an array of tables apart from the others, as texts: a wrong value may be a list."""
    keys = IDENTITY.get(section, ())
    return tuple(str(entry.get(key)) for key in keys) if isinstance(entry, dict) else (str(entry),)


def _array(data: Any, section: str) -> list[Any]:
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
    old = Counter(_identity(section, entry) for entry in parent)
    new = Counter(_identity(section, entry) for entry in child)
    found = []
    for entry in child:
        which = _identity(section, entry)
        unclear = old[which] > 1 or (old[which] and new[which] > 1)
        found.append("ambiguous_entry" if unclear else "nothing_to_remove" * (_removes(entry) and not old[which]))
    return found


def _merge_faults(parent: Mapping[str, Any], child: Mapping[str, Any], files: Sequence[TomlFile]) -> Iterator[Fault]:
    """Place what stands in the way of merging at the entries of the child."""
    for section in IDENTITY:
        entries = _array(child, section)
        for number, code in enumerate(_merge_problems(_array(parent, section), entries, section)):
            if code:
                name = " ".join(_identity(section, entries[number]))
                key = "remove" if code == "nothing_to_remove" else ""
                path, line = line_of(files[:1], section, key, [number])
                yield Fault(code, str(path), column=section, values={"name": name}, **_place(line))


def _merge_arrays(parent: Sequence[Any], child: Sequence[Any], section: str) -> list[Any]:
    """Change the parent's entries by the child's of the same identity, and add the others."""
    merged = list(parent)
    for entry, problem in zip(child, _merge_problems(parent, child, section), strict=True):
        which = _identity(section, entry)
        at = next((i for i, old in enumerate(merged) if _identity(section, old) == which), None)
        if problem:
            continue
        if at is None or which not in [_identity(section, old) for old in parent]:
            merged.append(entry)
        else:
            changed = _merge(_without_rivals(merged[at], entry), entry, f"{section}[].")
            merged[at : at + 1] = [] if _removes(entry) else [changed]
    return merged


def _without_rivals(parent: Any, child: Any) -> Any:
    """Drop the parent's cutoff where the child gives one of the other kind."""
    rivals = {"minutes": "km", "km": "minutes"}
    return {key: value for key, value in parent.items() if rivals.get(key) not in child or key in child}


def _entry_numbers(data: Any, where: Where, files: Sequence[TomlFile]) -> list[int | None]:
    """Find the number of the entry that a key path runs through, in each file; 0 where it runs through none."""
    at = next((i for i, part in enumerate(where) if isinstance(part, int)), None)
    if at is None:
        return [0] * len(files)
    name, number = ".".join(str(part) for part in where[:at]), int(where[at])
    which = _identity(name, _array(data, name)[number])
    found: list[int | None] = []
    for file in files:
        same = [i for i, entry in enumerate(_array(file.data, name)) if _identity(name, entry) == which]
        # entries of one identity follow each other in the order of the file
        twins = [i for i, entry in enumerate(_array(data, name)) if _identity(name, entry) == which]
        rank = twins.index(number)
        found.append(same[min(rank, len(same) - 1)] if same else None)
    return found


def _label(data: Any, where: Where) -> str:
    """Name a key as the user knows it: ``standard[urban-walk-15].minutes``."""
    label, at = "", data
    for part in where:
        try:
            at = at[part]
        except (KeyError, IndexError, TypeError):
            at = None
        if isinstance(part, int):
            name = next((at[k] for k in ("id", "type", "file", "year") if isinstance(at, dict) and k in at), part + 1)
            label += f"[{Path(name).name if isinstance(name, str) and '/' in name else name}]"
        else:
            label += f".{part}" if label else part
    return label


def _fault(code: str, data: Any, where: Where, files: Sequence[TomlFile], **values: object) -> Fault:
    """Place a fault at the line of its key, or of the nearest key around it that has a line of its own.

    Where it quotes that key, it does so by its label, too.
    """
    path, line = files[0].path, None
    if values.get("key") == where[-1]:
        values["key"] = named([part for part in where if isinstance(part, str)]) or values["key"]
    for end in range(len(where), 0, -1):
        names = [part for part in where[:end] if isinstance(part, str)]
        section, key = ".".join(names[:-1]), names[-1]
        for table, written in ((section, key), (".".join(names), "")):
            if line is None and isinstance(where[end - 1], str):
                path, line = line_of(files, table, written, _entry_numbers(data, where[:end], files))
    label, names = _label(data, where), [part for part in where if isinstance(part, str)]
    chinese = chinese_title(names, of_book=is_book(path), in_cell=line is not None, toml=label)
    return Fault(code, str(path), column=label, values=values, called=chinese, **_place(line))


def _place(line: Line | None) -> dict[str, Any]:
    """Return a line as a fault names it: of a workbook by sheet and cell."""
    return {"sheet": line.sheet, "row": line.number, "cell": line.cell} if line else {}


def fault_at(loaded: Loaded, code: str, where: Where, **values: object) -> Fault:
    """Make a fault that stands at a key of a scenario, such as ``["goal", 0, "district"]``."""
    return _fault(code, loaded.merged, where, loaded.files, **values)


def _refuse_not_yet(data: dict[str, Any], files: Sequence[TomlFile]) -> tuple[dict[str, Any], tuple[Fault, ...]]:
    faults, known = [], dict(data)
    for name in NOT_YET:
        section, _, key = name.partition(".")
        holder = known.get(section)
        if not key and section in known:
            faults.append(_fault("not_yet", data, [section], files))
            del known[section]
        elif key and isinstance(holder, dict) and key in holder:
            faults.append(_fault("not_yet", data, [section, key], files))
            known[section] = {k: v for k, v in holder.items() if k != key}
    return known, tuple(faults)


def _without(data: Any, key_path: Sequence[str | int]) -> Any:
    head, *rest = key_path
    if isinstance(data, dict):
        if not rest:
            return {k: v for k, v in data.items() if k != head}
        return {k: _without(v, rest) if k == head else v for k, v in data.items()}
    return [_without(v, rest) if i == head and rest else v for i, v in enumerate(data)]


def _validate(data: dict[str, Any], files: Sequence[TomlFile]) -> tuple[Scenario | None, tuple[Fault, ...]]:
    """Check the data against the model; unknown keys are set aside so that the rest is checked as well."""
    try:
        return Scenario.model_validate(data), ()
    except ValidationError as error:
        found = error.errors(include_url=False)
    faults, rest = [], data
    partial = any(file.faults for file in files)  # what seems to be missing may stand in a cell that cannot be read
    for item in found:
        where: list[str | int] = list(item["loc"])
        if item["type"] == "extra_forbidden":
            known = known_keys(where[:-1])
            near = difflib.get_close_matches(str(where[-1]), known, n=1, cutoff=0.5)
            code = "unknown_key" if near else "foreign_key"
            values: dict[str, object] = {"key": where[-1], "near": "".join(near), "known": " ".join(known)}
            faults.append(_fault(code, data, where, files, **values))
            rest = _without(rest, where)
        elif item["type"] == "missing":
            if not partial:  # what a file extends may have it, as name and title, and not hand it down
                own = files[:1] if len(where) == 1 else files
                faults.append(_fault("key_missing", data, where, own, key=where[-1]))
        elif item["input"] is not UNREAD and not (item["type"] == "too_short" and item["input"]):
            # what is wrong with a cell, or with the entries of a list, is told already
            code, quoted = wrong_value(item)
            faults.append(_fault(code, data, where, files, **quoted))
    only_unknown = all(item["type"] == "extra_forbidden" for item in found)
    return (_validate(rest, files)[0] if only_unknown else None), tuple(faults)


def _cross_checks(scenario: Scenario, files: Sequence[TomlFile]) -> Iterator[Fault]:
    """Check what one section says of another."""
    data = scenario.model_dump()
    if not _FOLDER_NAME.fullmatch(scenario.name) or _RESERVED.fullmatch(scenario.name):
        yield _fault("bad_name", data, ["name"], files, name=scenario.name)
    place = scenario.roads.place
    if place is not None and (not _FOLDER_NAME.fullmatch(place) or _RESERVED.fullmatch(place)):
        yield _fault("bad_place", data, ["roads", "place"], files, name=place)
    for problem in problems(scenario):
        yield _fault(problem.code, data, problem.where, files, **problem.values)
    for name, keys in IDENTITY.items():
        if "." not in name:
            yield from _repeated(data, name, keys, files)


def _repeated(
    data: Mapping[str, Any], section: str, keys: tuple[str, ...], files: Sequence[TomlFile]
) -> Iterator[Fault]:
    seen = set()
    for i, entry in enumerate(data[section]):
        which = tuple(entry[key] for key in keys)
        if which in seen:
            yield _fault("repeated_name", data, [section, i, keys[0]], files, name=" ".join(map(str, which)))
        seen.add(which)
