"""The scenario file: one TOML, or a workbook of the same content, that names roads, people, sites, standards and goals.

Unknown keys are faults with a suggestion: a rule is never dropped without a word.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from planner import policychecks
from planner.bookkeys import chinese_title, named
from planner.contractnames import settled
from planner.crosschecks import problems
from planner.errors import Fault, ScenarioError
from planner.fields import wrong_value
from planner.merging import array_at, identity_of, merge
from planner.namedfiles import with_files
from planner.packs import completed, near_words, read_pack, shipped, with_own, without_void_inputs
from planner.policychecks import of_pack
from planner.scenariobook import is_book, read_as_far, read_book
from planner.schema import IDENTITY, Scenario, known_keys
from planner.tomlfile import UNREAD, TomlFile, line_of, place_of, read_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Where = Sequence[str | int]

SNAPSHOTS, SNAPSHOT_ROADS = "snapshots", "roads.osm.pbf"
"""The folder, beside the scenario, of what `planner fetch` saved, one folder for each place; its roads."""

_NAMING = ("site", "id", "site_id", "type", "file", "year", "key")
"""What an entry of an array of tables goes by in a label, the first that it has."""

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
    own_pack = _own_pack(files)
    pack_faults = check_pack(own_pack).faults if own_pack else ()
    merged, faults = merge(files)
    merged = without_void_inputs(with_own(merged, files[-1]), files[1:])
    unread = tuple(fault for file in files for fault in file.faults)
    scenario, wrong = _validate(merged, files)
    scenario = None if unread else scenario
    faults = (*unread, *faults, *wrong, *_policy_faults(merged, files))
    if scenario is not None:
        faults = (*faults, *_cross_checks(scenario, files))
    told = [_where(fault) for fault in pack_faults]
    faults = (*pack_faults, *(fault for fault in faults if _where(fault) not in told))
    return Loaded(scenario, merged, path, path.resolve().parent, files, faults)


def _where(fault: Fault) -> tuple[object, ...]:
    """Return what tells that two faults are one: a pack is checked by itself and within the scenario."""
    return (fault.code, fault.file, fault.row, fault.column)


def check_pack(pack: TomlFile) -> Loaded:
    """Check a policy pack by itself: what it names must be in it.

    Parameters
    ----------
    pack
        The pack as read.

    Returns
    -------
    loaded
        The pack as a scenario, with made-up values for what only a scenario has (roads, tables), and its faults.
    """
    files = (pack,)
    known = completed(pack.data)
    scenario, wrong = _validate(known, files)
    if scenario is not None:
        wrong = (*wrong, *_cross_checks(scenario, files))
    alone = (_fault(problem.code, pack.data, problem.where, files, **problem.values) for problem in of_pack(pack.data))
    faults = (*alone, *wrong, *_policy_faults(known, files))
    return Loaded(scenario, known, pack.path, pack.path.resolve().parent, files, faults)


def _policy_faults(data: Mapping[str, Any], files: Sequence[TomlFile]) -> Iterator[Fault]:
    """Place what is wrong with clauses, inputs, checklists and grants."""
    for problem in policychecks.problems(data):
        yield _fault(problem.code, data, problem.where, files, **problem.values)


def read_written(path: Path) -> TomlFile:
    """Read a scenario file as it is written, a TOML file or a workbook."""
    return read_book(path) if is_book(path) else read_toml(path)


def _read(path: Path) -> TomlFile:
    """Read a scenario file, a workbook as far as its cells can be read, with absolute file paths."""
    return _absolute_files(read_as_far(path) if is_book(path) else read_toml(path))


def _chain(path: Path) -> tuple[TomlFile, ...]:
    """Read the file, the one that it extends, and the policy pack that the first of them names."""
    child = _read(path)
    parent = _parent(child)
    written = (child, parent) if parent else (child,)
    pack = _pack(written)
    return settled((*written, pack) if pack else written)


def _parent(child: TomlFile) -> TomlFile | None:
    """Read the file that a file extends."""
    name = _name_at(child, "extends")
    if name is None:
        return None
    parent = _read(child.path.parent / name)
    if "extends" in parent.data:
        raise ScenarioError(Fault("extends_twice", str(child.path), column="extends", values={"parent": name}))
    return parent


def _pack(written: Sequence[TomlFile]) -> TomlFile | None:
    """Read the policy pack of a scenario."""
    for file in written:
        name = _name_at(file, "policy")
        if name is not None:
            known = {"near": near_words(name, shipped()), "known": " ".join(shipped())}
            unknown = _fault("unknown_policy", file.data, ["policy"], [file], name=name, **known)
            return _absolute_files(read_pack(name, file.path.parent, unknown))
    return None


def _own_pack(files: Sequence[TomlFile]) -> TomlFile | None:
    """Return the pack among the files of a scenario where it is the bureau's own; those of the planner are right."""
    names = [file.data["policy"] for file in files[:-1] if "policy" in file.data]
    return files[-1] if names and names[0] not in shipped() else None


def _name_at(file: TomlFile, key: str) -> str | None:
    """Return the text of a key that names another file; None where it is not written."""
    name = file.data.get(key)
    if name is UNREAD:
        raise ScenarioError(*file.faults)
    if name is not None and not isinstance(name, str):
        raise ScenarioError(_fault("value_text", file.data, [key], [file], text=name, expected=""))
    return name


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


def _entry_numbers(data: Any, where: Where, files: Sequence[TomlFile]) -> list[int | None]:
    """Find the number of the entry that a key path runs through, in each file; 0 where it runs through none."""
    at = next((i for i, part in enumerate(where) if isinstance(part, int)), None)
    if at is None:
        return [0] * len(files)
    name, number = ".".join(str(part) for part in where[:at]), int(where[at])
    which = identity_of(name, array_at(data, name)[number])
    found: list[int | None] = []
    for file in files:
        same = [i for i, entry in enumerate(array_at(file.data, name)) if identity_of(name, entry) == which]
        # entries of one identity follow each other in the order of the file
        twins = [i for i, entry in enumerate(array_at(data, name)) if identity_of(name, entry) == which]
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
            name = next((at[key] for key in _NAMING if isinstance(at, dict) and key in at), part + 1)
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
    return Fault(code, str(path), column=label, values=values, called=chinese, **place_of(line))


def fault_at(loaded: Loaded, code: str, where: Where, **values: object) -> Fault:
    """Make a fault that stands at a key of a scenario, such as ``["goal", 0, "district"]``."""
    return _fault(code, loaded.merged, where, loaded.files, **values)


def in_pack(loaded: Loaded, fault: Fault) -> bool:
    """Whether a fault stands in the policy pack: there it is not mended, but replaced in the scenario."""
    lowest = loaded.files[-1]
    return len(loaded.files) > 1 and "pack" in lowest.data and fault.file == str(lowest.path)


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
        elif item["input"] is not UNREAD and not _emptied(item):  # what is wrong with a cell is told already
            code, quoted = wrong_value(item)
            faults.append(_fault(code, data, where, files, **quoted))
    only_unknown = all(item["type"] == "extra_forbidden" or _emptied(item) for item in found)
    return (_validate(rest, files)[0] if only_unknown else None), tuple(faults)


def _emptied(item: Mapping[str, Any]) -> bool:
    """Whether a list is too short only because of what is wrong with its entries: that is told already."""
    return item["type"] == "too_short" and bool(item["input"])


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
